//! Recalls: whether what was withdrawn is out everywhere that it went.
//!
//! A withdrawal takes effect at once in all that is made from then on. What was fetched before lies with members' systems and
//! people until they come again: their receipts say up to which number they are, so they say who still has it. An operator's
//! view; it names members and what they had.

use std::collections::{BTreeMap, HashSet};

use line::{Added, Catalogue, LineId, ObjectIx, RecordKind, Seq, StorageError};
use policy::{CircleId, Deed, Level, MemberId, Reach, Receipt, Request};
use stix::{ObjectId, Timestamp};

use crate::opening::Gate;
use crate::view::View;

const HOUR_MICROS: i64 = 3_600_000_000;
/// Days after which what was fetched, and never asked for again, counts as thrown away.
const KEPT_DAYS: i64 = 30;
/// How the names of receipts begin that are about advisories, which say what is no longer valid.
const ADVISORY: &str = "advisory.";
/// Most recalls that are given.
pub const RECALLS_MAX: usize = 1_000;

/// How long a recall may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Hours for what people read.
    pub people_hours: u32,
    /// Hours for what systems fetch.
    pub systems_hours: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self { people_hours: 72, systems_hours: 24 }
    }
}

impl Patience {
    /// Hours for what belongs to a level.
    #[must_use]
    pub const fn of(self, level: Level) -> u32 {
        match level {
            Level::Read => self.people_hours,
            _ => self.systems_hours,
        }
    }
}

/// Whether a recall has reached a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whether {
    /// Its receipts show that it never had the object.
    NeverHad,
    /// Everything that it fetched before, it has fetched again since, or it has said that the object is out.
    Confirmed,
    /// It has not come again yet.
    Waiting,
    /// It has not come again, and the time for it is over.
    Overdue,
}

impl Whether {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NeverHad => "never-had",
            Self::Confirmed => "confirmed",
            Self::Waiting => "waiting",
            Self::Overdue => "overdue",
        }
    }
}

/// An artefact in which a member may still have what was recalled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outstanding {
    /// The artefact's name.
    pub what: String,
    /// The level whose form it is.
    pub level: Level,
    /// When the member fetched it last.
    pub at: Timestamp,
    /// When its time is over.
    pub due: Timestamp,
}

/// A member that could see what was recalled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The member.
    pub member: MemberId,
    /// Whether it still has it.
    pub whether: Whether,
    /// Where.
    pub outstanding: Vec<Outstanding>,
}

/// An object that was withdrawn, or revoked by a newer version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recall {
    /// The circle.
    pub circle: CircleId,
    /// The object.
    pub id: ObjectId,
    /// The number from which on it could be had.
    pub from: Seq,
    /// The number of the withdrawal.
    pub seq: Seq,
    /// When it was withdrawn.
    pub at: Timestamp,
    /// Whether it was withdrawn, and not revoked by a newer version.
    pub is_withdrawal: bool,
    /// Why, as the one who withdrew it said; empty if it was revoked, or no reason was given.
    pub reason: String,
    /// Those who had it from somebody else and have nothing of it that still holds, in the order of their identities.
    pub recipients: Vec<Recipient>,
}

impl Recall {
    /// The members that have come to `whether`.
    #[must_use]
    pub fn count(&self, whether: Whether) -> usize {
        self.recipients.iter().filter(|recipient| recipient.whether == whether).count()
    }
}

/// A withdrawal as the catalogue has it.
struct Found {
    object: ObjectIx,
    id: ObjectId,
    /// The first version, and when it came.
    from: (Seq, Added),
    seq: Seq,
    at: Added,
    is_withdrawal: bool,
}

/// The name of receipts by which somebody says that what was withdrawn in a circle is out of use.
#[must_use]
pub fn cleared(circle: CircleId) -> String {
    format!("recall {circle}")
}

impl Gate {
    /// What was recalled in a circle after `since` and not after `until`, the newest first, at most [`RECALLS_MAX`]. What nobody
    /// had, and what came back, is not among them.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn recalls(
        &self,
        circle: CircleId,
        (since, until): (Timestamp, Timestamp),
        patience: Patience,
        now: Timestamp,
    ) -> Result<Vec<Recall>, StorageError> {
        let line = LineId::new(circle.uuid());
        let found = self.store().look(line, |catalogue| found(catalogue, since, until))?;
        let mut reasons = BTreeMap::new();
        let mut withdrawals: Vec<Seq> =
            found.iter().filter(|one| one.is_withdrawal).map(|one| one.seq).collect();
        withdrawals.sort_unstable();
        self.store().bodies(line, &withdrawals, &mut |seq, _, body| {
            let reason = stix::head::property(&String::from_utf8_lossy(body), "reason");
            reasons.insert(seq, reason.unwrap_or_default());
        })?;
        let mut recalls: Vec<Recall> = found
            .iter()
            .map(|one| Recall {
                circle,
                id: one.id.clone(),
                from: one.from.0,
                seq: one.seq,
                at: one.at.timestamp(),
                is_withdrawal: one.is_withdrawal,
                reason: reasons.remove(&one.seq).unwrap_or_default(),
                recipients: Vec::new(),
            })
            .collect();
        let book = self.book();
        let members = book.circle(circle).map(|circle| circle.members.clone()).unwrap_or_default();
        for member in members {
            let request =
                Request { member, circle, wanted: Level::Read, encrypted: true, now, reach: Reach::Member };
            let Ok(reader) = self.reader(request) else { continue };
            let receipts = self.receipts(member);
            let had: Vec<bool> =
                reader.with_view(|view| found.iter().map(|one| had(view, one, member)).collect())?;
            for ((recall, one), _) in recalls.iter_mut().zip(&found).zip(had).filter(|(_, had)| *had) {
                let recipient = recipient(recall, one.from.1.timestamp(), member, &receipts, patience, now);
                recall.recipients.push(recipient);
            }
        }
        recalls.retain(|recall| !recall.recipients.is_empty());
        Ok(recalls)
    }
}

/// What was withdrawn or revoked in that time, each object once: of several words about it, the last says how it stands.
fn found(catalogue: &Catalogue, since: Timestamp, until: Timestamp) -> Vec<Found> {
    let within = |at: Timestamp| catalogue.until(Added(at.micros()));
    let (mut found, mut known) = (Vec::new(), HashSet::new());
    for entry in catalogue.takings(within(since), within(until)).rev() {
        if found.len() >= RECALLS_MAX {
            break;
        }
        let (seq, is_withdrawal) = (entry.seq, entry.kind() == RecordKind::Withdrawal);
        let Some(object) = entry.object() else { continue };
        // What was revoked holds no more from then on: that its versions were withdrawn too recalls nothing.
        let is_alone = is_withdrawal && !catalogue.is_of_several(object);
        let before = catalogue.all_versions(object).filter(|version| version.seq < seq);
        if is_alone && before.max_by_key(|version| version.seq).is_some_and(|last| last.revoked()) {
            continue;
        }
        let versions = catalogue.all_versions(object).filter(|version| version.seq < seq);
        let from = versions.map(|version| (version.seq, version.added())).min();
        if let (Some(from), Some(id), true) = (from, catalogue.id(object), known.insert(object)) {
            found.push(Found { object, id, from, seq, at: entry.added(), is_withdrawal });
        }
    }
    found
}

/// Whether a member had what was recalled, from somebody else, and has nothing of it that still holds.
fn had(view: &mut View<'_>, one: &Found, member: MemberId) -> bool {
    let catalogue = view.catalogue;
    let newest = view.newest_seen(one.object, None).and_then(|seq| catalogue.entry(seq));
    if newest.is_some_and(|newest| !newest.revoked()) {
        return false;
    }
    let mut versions = catalogue.all_versions(one.object).filter(|version| version.seq < one.seq);
    versions.any(|version| version.sender() != Some(member.uuid()) && view.had(&version, one.at))
}

/// What a member's receipts say of one artefact.
struct Given<'r> {
    receipt: &'r Receipt,
    /// How far it got in the circle, the farthest of its receipts; `None` if they do not say.
    upto: Option<Seq>,
    /// When it was had last.
    at: Timestamp,
}

/// The artefacts that a member was given, each once: it fetched them, its mail server took them, or it said of a pack that they
/// are in use.
fn given<'r>(receipts: &'r [Receipt], circle: CircleId) -> BTreeMap<&'r str, Given<'r>> {
    let mut all: BTreeMap<&str, Given<'_>> = BTreeMap::new();
    let is_given =
        |receipt: &&Receipt| matches!(receipt.deed, Deed::Fetched | Deed::Delivered | Deed::Confirmed);
    for receipt in receipts.iter().filter(is_given) {
        let upto = receipt.upto.iter().find(|upto| upto.circle == circle).map(|upto| Seq(upto.seq));
        // What names other circles holds nothing of this one, and a notice that something is new holds nothing at all.
        if upto.is_none() && (!receipt.upto.is_empty() || receipt.deed != Deed::Fetched) {
            continue;
        }
        let one = all.entry(&receipt.what).or_insert(Given { receipt, upto: None, at: receipt.at });
        (one.upto, one.at) = (one.upto.max(upto), one.at.max(receipt.at));
    }
    all
}

fn recipient(
    recall: &Recall,
    came: Timestamp,
    member: MemberId,
    receipts: &[Receipt],
    patience: Patience,
    now: Timestamp,
) -> Recipient {
    let upto = |receipt: &Receipt| {
        receipt.upto.iter().find(|upto| upto.circle == recall.circle).map(|upto| upto.seq)
    };
    let is_said = |what: &str, deed: Deed| {
        let mut said = receipts.iter().filter(|receipt| receipt.what == what && receipt.deed == deed);
        said.any(|receipt| upto(receipt).is_some_and(|upto| upto >= recall.seq.0))
    };
    let is_cleared = is_said(&cleared(recall.circle), Deed::Cleared);
    // Whoever answered an advisory, or came for a newer one, has read what it says is no longer valid. A mail that a server took may
    // lie unread.
    let is_read = receipts.iter().any(|receipt| {
        let by_people = receipt.deed == Deed::Answered
            || (receipt.deed == Deed::Fetched && receipt.what.starts_with(ADVISORY));
        by_people && upto(receipt).is_some_and(|upto| upto >= recall.seq.0)
    });
    let kept_from = recall.at.micros().saturating_sub(KEPT_DAYS * 24 * HOUR_MICROS);
    let (mut had_it, mut outstanding) = (is_cleared || is_read, Vec::new());
    for (what, one) in given(receipts, recall.circle) {
        // Who asked for a part, or in a way that says no number, has what was there when it asked.
        let (has_come, is_new) = match one.upto.filter(|upto| upto.0 > 0) {
            Some(upto) => (upto >= recall.from, upto >= recall.seq),
            None => (one.at >= came, one.at >= recall.at),
        };
        // TAXII has no word for a withdrawal, and MISP's tools keep what is not there any more: who asks again has it still. And
        // nobody may have read a mail.
        let is_told = match one.receipt.level {
            Level::Exchange => !recall.is_withdrawal,
            _ => one.receipt.deed != Deed::Delivered,
        };
        let is_new = is_new && is_told;
        had_it |= has_come;
        let is_settled = is_cleared || (is_read && one.receipt.level == Level::Read);
        if has_come && !is_new && !is_settled && one.at.micros() > kept_from {
            let hours = i64::from(patience.of(one.receipt.level));
            let due = Timestamp::from_micros(recall.at.micros().saturating_add(hours * HOUR_MICROS));
            outstanding.push(Outstanding {
                what: what.to_owned(),
                level: one.receipt.level,
                at: one.at,
                due,
            });
        }
    }
    let whether = match &outstanding[..] {
        [] if had_it => Whether::Confirmed,
        [] => Whether::NeverHad,
        some if some.iter().any(|one| one.due <= now) => Whether::Overdue,
        _ => Whether::Waiting,
    };
    Recipient { member, whether, outstanding }
}
