//! Response-policy zones: what a member's resolver is to refuse.
//!
//! A member's zone is `HANDLE.ORIGIN`. For each domain, the name and everything below it answer that they do not exist
//! (`CNAME .`); for each address, answers that would lead there do the same (`rpz-ip`). The serial grows whenever the
//! zone's content changes, and depends on what is in the zone alone.
//!
//! Source: draft-vixie-dnsop-dns-rpz-00, sections 3 and 4.

pub mod server;
mod trigger;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use parking_lot::Mutex;
use policy::{Level, MemberId};
use sha2::{Digest, Sha256};
use stix::Timestamp;

use crate::artefact::Artefact;
use crate::gather::{Deliver, DeliverError, Gathered};

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
        for entry in &gathered.entries {
            let host = entry.refusable.get().host.as_ref();
            let triggers = trigger::of(host.map_or(entry.value(), watch::Guarded::get), origin_bytes);
            values += usize::from(!triggers.is_empty());
            owners.extend(triggers);
        }
        owners.sort_unstable();
        owners.dedup();
        Self { owners, values }
    }
}

/// The serials of members' zones: each grows when, and only when, its zone's content changes. What a member gets over an
/// encrypted channel can be more than over a plain one, and is a zone of its own.
///
/// A serial is the second in which the content came up, or one more than the last if that is later; so it also
/// grows over a restart.
#[derive(Default)]
pub struct Serials {
    known: Mutex<HashMap<(MemberId, bool), ([u8; 32], u32)>>,
}

impl Serials {
    pub(crate) fn of(&self, member: MemberId, encrypted: bool, rules: &Rules, now: Timestamp) -> u32 {
        let mut hash = Sha256::new();
        rules.owners.iter().for_each(|owner| {
            hash.update(owner);
            hash.update([0]);
        });
        let content: [u8; 32] = hash.finalize().into();
        // RFC 1982 arithmetic wraps in the year 2106.
        let second = now.seconds().rem_euclid(1 << 32);
        let second = u32::try_from(second).unwrap_or_default();
        let mut known = self.known.lock();
        match known.get_mut(&(member, encrypted)) {
            Some((last, serial)) if *last == content => *serial,
            Some((last, serial)) => {
                *last = content;
                *serial = second.max(serial.wrapping_add(1));
                *serial
            }
            None => {
                known.insert((member, encrypted), (content, second));
                second
            }
        }
    }
}

impl Deliver {
    /// The member's zone as a master file (RFC 1035, section 5), its owner names relative to the zone.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn zone_file(&self, member: MemberId, encrypted: bool) -> Result<Artefact, DeliverError> {
        let gathered: Arc<Gathered> = self.gather(member, Level::Block, encrypted)?;
        // Room for the longest name under which anyone may load it: 80 bytes.
        let rules = Rules::of(&gathered, 80);
        let serial = self.serials.of(member, encrypted, &rules, (self.now)());
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
}
