//! Response-policy zones: what a member's resolver is to refuse.
//!
//! A member's zone is `HANDLE.ORIGIN`. For each domain, the name and everything below it answer that they do not exist
//! (`CNAME .`); for each address, answers that would lead there do the same (`rpz-ip`). The serial grows whenever the
//! zone's content changes (see `serial.rs`).
//!
//! Source: draft-vixie-dnsop-dns-rpz-00, sections 3 and 4.

pub mod peers;
mod serial;
pub mod server;
mod trigger;

use std::fmt::Write as _;

use gate::GateError;
use policy::{Level, MemberId};

use crate::artefact::Artefact;
use crate::gather::{Deliver, DeliverError, Gathered};
use serial::Way;

pub use serial::Serials;

/// Seconds for which a resolver may keep an answer made from the zone.
pub const TTL_S: u32 = 60;
/// Seconds after which a resolver that lost its primary asks again.
pub const REFRESH_S: u32 = 60;
/// Seconds after which a zone that could not be refreshed is dropped: a week.
pub const EXPIRE_S: u32 = 604_800;

/// A zone's content: the owner names of its rules, relative to the zone, sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Owner names such as `evil.example`, `*.evil.example`, `32.7.100.51.198.rpz-ip`.
    pub owners: Vec<String>,
    /// How many values they refuse.
    pub values: usize,
}

impl Rules {
    /// The rules for what was gathered, for a zone whose own name takes `origin_bytes` on the wire. What would make a name
    /// longer than DNS allows is left out.
    #[must_use]
    pub fn of(gathered: &Gathered, origin_bytes: usize) -> Self {
        let (mut owners, mut values) = (Vec::new(), 0);
        for value in gathered.refusable() {
            let triggers = trigger::of(value, origin_bytes);
            values += usize::from(!triggers.is_empty());
            owners.extend(triggers);
        }
        owners.sort_unstable();
        owners.dedup();
        Self { owners, values }
    }
}

impl Deliver {
    /// The member's zone as a master file (RFC 1035, section 5), its owner names relative to the zone.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn zone_file(&self, member: MemberId, encrypted: bool) -> Result<Artefact, DeliverError> {
        let gathered = self.gather(member, Level::Block, encrypted)?;
        // Room for the longest name under which anyone may load it: 80 bytes.
        let rules = Rules::of(&gathered, 80);
        let serial = self.serial(member, Way::File { encrypted }, &rules)?;
        let mut text = format!(
            "; {}\n; {}: response-policy zone, {} values\n$TTL {TTL_S}\n@ SOA localhost. hostmaster.localhost. {serial} {REFRESH_S} {REFRESH_S} {EXPIRE_S} {TTL_S}\n@ NS localhost.\n",
            gathered.tlp(),
            self.title,
            rules.values
        );
        for owner in &rules.owners {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{owner} CNAME .");
        }
        Ok(Artefact::new("text/dns; charset=utf-8", "zone.rpz", text, rules.values))
    }

    /// The serial of a member's zone with these rules.
    fn serial(&self, member: MemberId, way: Way, rules: &Rules) -> Result<u32, DeliverError> {
        self.serials.of(&self.gate, (member, way), rules, (self.now)()).map_err(|error| match error {
            GateError::Storage(error) => DeliverError::Storage(error),
            error => DeliverError::Render(error.to_string()),
        })
    }
}
