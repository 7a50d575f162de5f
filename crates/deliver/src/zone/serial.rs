//! Serials of zones: each grows when, and only when, its zone's content changes, and never goes back.
//!
//! A serial is the second in which the content came up, or one more than the last if that is later. The serials
//! themselves live in memory; what outlives a restart is one number, a setting in the node's line: up to where serials
//! may have been given out. It is written before a serial beyond it is given out, and a node that starts begins above it.
//! So a clock that was ahead, or that went back, costs nobody a change: a secondary that saw a later serial would keep its
//! old zone for as long as the clock was wrong. The number is set some minutes ahead, so that it is seldom written.
//!
//! Source: RFC 1982 (comparing serials); RFC 1035, 3.3.13.

use std::collections::HashMap;

use gate::{Gate, GateError};
use parking_lot::Mutex;
use policy::{Entry, MemberId, Setting};
use sha2::{Digest, Sha256};
use stix::Timestamp;

use super::Rules;

/// The setting with the number up to which serials may have been given out, on any way, in any zone.
const CEILING: &str = "zone.serial-ceiling";
/// Serials that are set aside at a time: ten minutes' worth, so that a change of content seldom writes.
const SET_ASIDE: u32 = 600;
/// Serials that are later than one (RFC 1982, 3.2): half of all.
const LATER_MAX: u32 = 1 << 31;

/// How a zone reaches a member: each way has other content, hence serials of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    /// Over DNS, which is not encrypted.
    Transfer,
    /// As a file; over an encrypted channel there can be more in it.
    File { encrypted: bool },
}

/// The hash of a zone's content, and its serial.
type Given = ([u8; 32], u32);

#[derive(Default)]
struct Known {
    /// Up to where serials were set aside before this node started; read on first use.
    before: Option<Option<u32>>,
    zones: HashMap<(MemberId, Way), Given>,
}

/// The serials of members' zones.
#[derive(Default)]
pub struct Serials {
    known: Mutex<Known>,
}

impl Serials {
    /// The serial of a zone with this content.
    ///
    /// # Errors
    /// When the number could not be written: then no serial is given out.
    pub(crate) fn of(
        &self,
        gate: &Gate,
        zone: (MemberId, Way),
        rules: &Rules,
        now: Timestamp,
    ) -> Result<u32, GateError> {
        let content = hash(rules);
        let mut known = self.known.lock();
        let ceiling = gate.book().setting(CEILING).and_then(|ceiling| ceiling.parse().ok());
        let before = *known.before.get_or_insert(ceiling);
        let last = match known.zones.get(&zone) {
            Some((same, serial)) if *same == content => return Ok(*serial),
            Some((_, serial)) => Some(*serial),
            None => before,
        };
        let second = u32::try_from(now.seconds().rem_euclid(1 << 32)).unwrap_or_default();
        let serial = last.map_or(second, |last| later(second, last.wrapping_add(1)));
        if ceiling.is_none_or(|ceiling| later(serial, ceiling) != ceiling) {
            let value = Some(serial.wrapping_add(SET_ASIDE).to_string());
            gate.record(MemberId::NODE, Entry::Setting(Setting { name: CEILING.to_owned(), value }))?;
        }
        known.zones.insert(zone, (content, serial));
        Ok(serial)
    }
}

fn hash(rules: &Rules) -> [u8; 32] {
    let mut hash = Sha256::new();
    rules.owners.iter().for_each(|owner| {
        hash.update(owner);
        hash.update([0]);
    });
    hash.finalize().into()
}

/// The later of two serials, which wrap around in the year 2106.
fn later(a: u32, b: u32) -> u32 {
    if a.wrapping_sub(b) < LATER_MAX { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_compare_around_the_end_of_their_numbers() {
        for (a, b, expected) in [(1, 2, 2), (2, 1, 2), (7, 7, 7), (u32::MAX, 0, 0), (3, u32::MAX - 3, 3)] {
            assert_eq!(later(a, b), expected, "{a} {b}");
        }
    }
}
