//! Response-policy zones: what a member's resolver is to refuse.
//!
//! A member's zone is `HANDLE.ORIGIN`. For each domain, the name and everything below it are refused; for each address,
//! answers that would lead there are (`rpz-ip`); where the member wants it, also names whose name servers are listed
//! (`rpz-nsdname`). What refusing means, NXDOMAIN, NODATA or a walled garden, is the member's choice, and during a trial
//! its resolver only logs. The serial grows whenever the zone's content changes (see `history.rs`).
//!
//! Source: draft-vixie-dnsop-dns-rpz-00, sections 3 and 4.

mod history;
mod lasting;
pub mod notify;
pub mod peers;
pub mod places;
pub mod server;
mod trigger;

use std::fmt::Write as _;

use policy::{Level, MemberId, ZoneAction, Zoning};
use stix::Timestamp;

use crate::artefact::Artefact;
use crate::gather::{Deliver, DeliverError};
use history::Zone;

pub(crate) use history::Zones;

/// Seconds for which a resolver may keep an answer made from the zone.
pub const TTL_S: u32 = 60;
/// Seconds after which a resolver that lost its primary asks again.
pub const REFRESH_S: u32 = 60;
/// Seconds after which a zone that could not be refreshed is dropped: a week.
pub const EXPIRE_S: u32 = 604_800;
/// Room for the longest name under which anyone may load a zone file, in bytes on the wire.
const FILE_ORIGIN_BYTES: usize = 80;

/// The name of a member's zone, without its last dot.
#[must_use]
pub fn name_of(handle: &str, origin: &str) -> String {
    format!("{handle}.{origin}")
}

/// The name of the catalog from which a member's servers pick its zone up. No handle has an underscore, so it is no member's zone.
#[must_use]
pub fn catalog_of(handle: &str, origin: &str) -> String {
    format!("{handle}._catalog.{origin}")
}

/// The name at which a member's server is told the fires of its circles, as TXT records.
#[must_use]
pub fn fires_of(handle: &str, origin: &str) -> String {
    format!("{handle}._fires.{origin}")
}

/// What a zone's rules look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rules {
    /// What each rule's CNAME leads to, with its last dot.
    target: String,
    /// Whether there are rules for name servers.
    name_servers: bool,
}

impl Rules {
    fn of(zoning: &Zoning, now: Timestamp) -> Self {
        let target = match &zoning.action {
            _ if zoning.trial_until.is_some_and(|until| now < until) => "rpz-passthru.".to_owned(),
            ZoneAction::NxDomain => ".".to_owned(),
            ZoneAction::NoData => "*.".to_owned(),
            ZoneAction::Garden(host) => format!("{host}."),
        };
        Self { target, name_servers: zoning.name_servers }
    }
}

impl Deliver {
    /// Gives out zones from now on, as another node may have done before: with later serials than that one gave.
    pub fn begin_zones(&self) {
        self.zones.begin();
    }

    /// Gives out no zones from now on.
    pub fn end_zones(&self) {
        self.zones.end();
    }

    /// Whether this node gives out zones now.
    #[must_use]
    pub fn gives_zones(&self) -> bool {
        self.zones.are_given()
    }

    /// The member's zone as it stands.
    pub(crate) fn zone(&self, member: MemberId, encrypted: bool) -> Result<Zone, DeliverError> {
        self.zones.of(&self.gate, (member, encrypted), || {
            let (book, now) = (self.gate.book(), (self.now)());
            let rules = Rules::of(&self.offered(&book, member, Level::Block)?.zone, now);
            Ok((self.gather(member, Level::Block, encrypted)?, rules, now))
        })
    }

    /// The member's zone as a master file (RFC 1035, section 5), its owner names relative to the zone.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn zone_file(&self, member: MemberId, encrypted: bool) -> Result<Artefact, DeliverError> {
        let Zone { serial, gathered, rules, .. } = self.zone(member, encrypted)?;
        let (mut lines, mut values) = (String::new(), 0);
        for value in gathered.refusable() {
            let owners = trigger::of(value, FILE_ORIGIN_BYTES, rules.name_servers);
            values += usize::from(!owners.is_empty());
            for owner in owners {
                // Writing to a string does not fail.
                let _ = writeln!(lines, "{owner} CNAME {}", rules.target);
            }
        }
        let head = format!(
            "; {}\n; {}: response-policy zone, {values} values\n$TTL {TTL_S}\n@ SOA localhost. hostmaster.localhost. {serial} {REFRESH_S} {REFRESH_S} {EXPIRE_S} {TTL_S}\n@ NS localhost.\n",
            gathered.tlp(),
            self.title,
        );
        Ok(Artefact::new("text/dns; charset=utf-8", "zone.rpz", head + &lines, values))
    }
}
