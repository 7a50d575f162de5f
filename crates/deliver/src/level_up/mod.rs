//! Level-up: a member climbs on proof. For each level there is a test with the member's own system, and what is missing for it.
//!
//! A harmless *test entry*, the domain `refuse.DOMAIN`, is shared by the node in every circle and goes the way of all
//! indicators, into lists, zones, rules and collections. Its sibling `allow.DOMAIN` is in none of them. Both resolve, because
//! the operator keeps a wildcard record at `*.DOMAIN`: a member whose resolver answers for the one and not for the other
//! refuses what it is told to refuse. Without a DOMAIN, levels whose test needs it can't be proven.

pub mod alert;
pub mod entry;
mod http;
pub mod probe;
pub mod seen;

pub use http::{router, shown};

use std::net::SocketAddr;

use policy::{Deed, Level, Member, MemberId, Receipt};
use stix::Timestamp;

use crate::artefact::Artefact;
use crate::ask::Ask;
use crate::gather::{Deliver, DeliverError};
use crate::hex::hex;
use crate::received::ZONE;
use probe::{Probe, Probed};
use seen::Seen;

const DAY_MICROS: i64 = 86_400_000_000;
/// Days for which what was seen of a member counts for its test.
const SEEN_DAYS: i64 = 30;
/// What receipts say that a list that was cut to a device's limits had the test entry all the same.
const IN_LIST: &str = "test entry in a list";
/// What receipts say that a resolver refused the test entry itself, or a name below it.
const REFUSED: &str = "test entry refused";
const REFUSED_BELOW: &str = "test entry refused with all below it";
/// What receipts say that a rule fired on the test entry.
const FIRED: &str = "rule fired on the test entry";

/// Something that must be seen for a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Somebody has read: an advisory was opened, or answered.
    Read,
    /// A list was fetched in which the test entry stands.
    List,
    /// The test entry is refused.
    Refused,
    /// The zone was fetched in which the test entry stands.
    Zone,
    /// Names below the test entry are refused.
    RefusedBelow,
    /// Detection rules were fetched in which the test entry stands.
    Rules,
    /// A rule fired on a harmless connection.
    Fired,
    /// Objects were read over TAXII or MISP.
    Fetched,
    /// Something was shared over TAXII or MISP.
    Shared,
}

impl Need {
    /// What is needed for a level.
    #[must_use]
    pub const fn of(level: Level) -> &'static [Self] {
        match level {
            Level::Read => &[Self::Read],
            Level::List => &[Self::List, Self::Refused],
            Level::Block => &[Self::Zone, Self::RefusedBelow],
            Level::Detect => &[Self::Rules, Self::Fired],
            Level::Exchange => &[Self::Fetched, Self::Shared],
        }
    }

    /// A stable name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Read => "advisory-read",
            Self::List => "list-fetched",
            Self::Refused => "entry-refused",
            Self::Zone => "zone-loaded",
            Self::RefusedBelow => "below-entry-refused",
            Self::Rules => "rules-fetched",
            Self::Fired => "rule-fired",
            Self::Fetched => "objects-read",
            Self::Shared => "objects-shared",
        }
    }

    /// What it is, in a sentence.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Read => "somebody has opened or answered an advisory",
            Self::List => "a list with the test entry was fetched",
            Self::Refused => "the resolver or firewall refuses the test entry",
            Self::Zone => "the zone with the test entry was loaded",
            Self::RefusedBelow => "the resolver refuses names below the test entry",
            Self::Rules => "rules with the test entry were fetched",
            Self::Fired => "a rule fired on a harmless connection to the test entry",
            Self::Fetched => "objects were read over TAXII or MISP",
            Self::Shared => "something was shared over TAXII or MISP",
        }
    }

    /// What to do for it.
    #[must_use]
    pub const fn how(self) -> &'static str {
        match self {
            Self::Read => {
                "open /d/advisory.html with the member's own log-in, or use the answer form of an advisory"
            }
            Self::List => "have the device fetch /d/list/domain.txt, or another form of it",
            Self::Refused | Self::RefusedBelow => {
                "run the script /d/test.sh on a machine that uses the resolver, or name the resolver's address: bongsu member set HANDLE --resolver ADDRESS"
            }
            Self::Zone => "have the resolver transfer the zone, or load /d/zone.rpz",
            Self::Rules => {
                "have the sensor fetch /d/suricata.rules, /d/zeek.intel or another rule set with domains"
            }
            Self::Fired => {
                "look the test name up behind the sensor, and send the alert: POST the line of eve.json or intel.log to /d/test/alert"
            }
            Self::Fetched => "read a collection with a TAXII client, or the events with MISP",
            Self::Shared => "add an object to a collection, or push an event",
        }
    }
}

/// How a level stands with a member.
#[derive(Debug, Clone)]
pub struct Rung {
    /// The level.
    pub level: Level,
    /// When its test was last passed, if that counts still.
    pub proven: Option<Timestamp>,
    /// What is needed, and whether it has been seen.
    pub needs: Vec<(Need, bool)>,
    /// What stands against it: the resolver let the test entry through.
    pub against: Option<Timestamp>,
}

impl Rung {
    /// Whether all that is needed has been seen.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.against.is_none() && self.needs.iter().all(|(_, is_seen)| *is_seen)
    }
}

/// The names of a member's test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The test entry.
    pub refuse: String,
    /// A name below it that is this member's.
    pub below: String,
    /// Its sibling that nobody refuses, below a label that is this member's, so that no cache knows it.
    pub allow: String,
}

impl Deliver {
    /// The names of a member's test at an instant; `None` without a domain for tests. They change from day to day.
    #[must_use]
    pub fn test_names(&self, member: MemberId, now: Timestamp) -> Option<Names> {
        let domain = self.test_domain.as_ref()?;
        let day = now.micros().div_euclid(DAY_MICROS).to_be_bytes();
        let secret = self.gate.key().derive("test", &[member.uuid().as_bytes(), &day]);
        let label = hex(&secret[..6]);
        let refuse = entry::name(domain);
        Some(Names { below: format!("{label}.{refuse}"), allow: format!("{label}.allow.{domain}"), refuse })
    }

    /// How each level stands with a member, by what was seen of it, from the lowest.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn rungs(&self, member: MemberId) -> Result<Vec<Rung>, DeliverError> {
        let (now, receipts) = ((self.now)(), self.gate.receipts(member));
        let standing = self.gate.standing(member);
        let entry = entry::numbers(self, member)?;
        let recent = |receipt: &&Receipt| now.micros() - receipt.at.micros() < SEEN_DAYS * DAY_MICROS;
        let seen = |need: Need| receipts.iter().filter(recent).any(|receipt| meets(need, receipt, &entry));
        let rung = |level: Level| {
            let evidence = standing.evidence(level);
            Rung {
                level,
                proven: evidence.passed.filter(|_| evidence.is_proven(now)),
                needs: Need::of(level).iter().map(|need| (*need, seen(*need))).collect(),
                against: against(level, &receipts),
            }
        };
        Ok(Level::ALL.into_iter().map(rung).collect())
    }

    /// Takes note of what a resolver did with the test's names: asked from here, or told by a script behind it.
    ///
    /// # Errors
    /// [`DeliverError`]: then nothing was noted.
    pub fn probed(&self, member: &Member, probed: &Probed) -> Result<(), DeliverError> {
        let now = (self.now)();
        for (what, level, refused) in
            [(REFUSED, Level::List, probed.entry), (REFUSED_BELOW, Level::Block, probed.below)]
        {
            let deed = match refused {
                Probe::Refused => Deed::Confirmed,
                Probe::LetThrough => Deed::Failed,
                Probe::Unknown => continue,
            };
            self.gate.receive(Receipt::new(member.id, what, level, deed, now))?;
        }
        Ok(())
    }

    /// Takes note that a list was fetched that was cut to a device's limits, if the test entry has kept its place in it.
    pub(crate) fn cut_list_fetched(&self, member: MemberId, list: &Artefact) {
        let Some(name) = self.test_domain.as_deref().map(entry::name) else { return };
        if String::from_utf8_lossy(&list.body).contains(&name) {
            self.gate.note(Receipt::new(member, IN_LIST, Level::List, Deed::Confirmed, (self.now)()));
        }
    }

    /// Takes note of an alert that a sensor raised about the test entry.
    ///
    /// # Errors
    /// [`DeliverError`]: then nothing was noted.
    pub fn fired(&self, member: MemberId, seen: &Seen) -> Result<(), DeliverError> {
        let receipt = Receipt::new(member, FIRED, Level::Detect, Deed::Confirmed, (self.now)());
        Ok(self.gate.receive(receipt.marked(seen.to_string()))?)
    }

    /// Grades a member's levels by what was seen of it: a test that is complete and was not passed before, or whose last was
    /// failed, is passed; one that was passed, and against which something stands, is failed. Gives the rungs after that.
    ///
    /// # Errors
    /// [`DeliverError`]: what was graded before it stands.
    pub fn grade(&self, member: MemberId) -> Result<Vec<Rung>, DeliverError> {
        let now = (self.now)();
        let standing = self.gate.standing(member);
        for rung in self.rungs(member)? {
            let evidence = standing.evidence(rung.level);
            let is_old = evidence.passed.is_none_or(|at| now.micros() - at.micros() > SEEN_DAYS * DAY_MICROS);
            let deed = match rung.is_complete() {
                true if is_old || evidence.missed > evidence.passed => Deed::Passed,
                false if rung.against > evidence.passed.max(evidence.missed) => Deed::Missed,
                _ => continue,
            };
            self.gate.receive(Receipt::new(
                member,
                format!("test of {}", rung.level),
                rung.level,
                deed,
                now,
            ))?;
        }
        self.rungs(member)
    }
}

/// Whether a receipt shows what is needed. `entry` has, for each circle, the number of the test entry.
fn meets(need: Need, receipt: &Receipt, entry: &entry::Numbers) -> bool {
    let fetched = receipt.deed == Deed::Fetched;
    let has_entry = |what: &str| what == ZONE || what.parse::<Ask>().is_ok_and(Ask::has_domains);
    let with_entry = fetched && has_entry(&receipt.what) && entry.is_within(&receipt.upto);
    let confirmed = |what: &str| receipt.what == what && receipt.deed == Deed::Confirmed;
    match need {
        Need::Read => {
            receipt.level == Level::Read
                && (fetched || matches!(receipt.deed, Deed::Answered | Deed::Confirmed))
        }
        Need::List => (with_entry && receipt.level == Level::List) || confirmed(IN_LIST),
        Need::Zone => with_entry && receipt.level == Level::Block,
        Need::Rules => with_entry && receipt.level == Level::Detect,
        Need::Refused => confirmed(REFUSED),
        Need::RefusedBelow => confirmed(REFUSED_BELOW),
        Need::Fired => confirmed(FIRED),
        Need::Fetched => fetched && receipt.level == Level::Exchange,
        Need::Shared => receipt.deed == Deed::Shared,
    }
}

/// When the test entry was let through, if that is the last that is known.
fn against(level: Level, receipts: &[Receipt]) -> Option<Timestamp> {
    let what = match level {
        Level::List => REFUSED,
        Level::Block => REFUSED_BELOW,
        _ => return None,
    };
    let last = |deed: Deed| {
        let about = receipts.iter().filter(|receipt| receipt.what == what && receipt.deed == deed);
        about.map(|receipt| receipt.at).max()
    };
    last(Deed::Failed).filter(|failed| last(Deed::Confirmed).is_none_or(|confirmed| confirmed < *failed))
}

/// Asks a member's resolver about the test's names, if it may be asked.
pub async fn ask(deliver: &Deliver, member: &Member) -> Option<Probed> {
    let resolver: SocketAddr = member.resolver?;
    let names = deliver.test_names(member.id, (deliver.now)())?;
    Some(probe::ask(resolver, &names).await)
}
