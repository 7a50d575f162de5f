//! Signatures of queries: what is said of one that does not hold, and which were used before.
//!
//! Source: RFC 8945, sections 5.2 and 5.3.2. What it leaves open: a signature may be used again within its time. Here one
//! signed query fetches a zone over a connection once, so that who recorded it gets nothing for it.

use std::collections::{BTreeSet, HashSet};

use domain::base::iana::{Class, Rcode, TsigRcode};
use domain::base::{Message, Ttl};
use domain::rdata::tsig::{Time48, Tsig};
use domain::tsig::ServerError;
use parking_lot::Mutex;

use super::query::Held;
use super::writer::{builder, octets};

/// Signatures remembered; beyond it, those that are the next to be too old.
const SEEN_MAX: usize = 65_536;

/// What identifies a signature, and until when it can be used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    /// In seconds since 1970.
    until: u64,
    mac: Vec<u8>,
}

impl Mark {
    /// That of a message whose last record is a signature; nothing if there is none.
    pub(super) fn of(message: &Message<Vec<u8>>) -> Option<Self> {
        let record = message.additional().ok()?.limit_to::<Tsig<_, _>>().last()?.ok()?;
        let signature = record.data();
        let signed = seconds(signature.time_signed());
        let until = signed.saturating_add(u64::from(signature.fudge()));
        Some(Self { until, mac: signature.mac_slice().to_vec() })
    }
}

fn seconds(time: Time48) -> u64 {
    let [a, b, c, d, e, f] = time.into_octets();
    u64::from_be_bytes([0, 0, a, b, c, d, e, f])
}

/// The signatures with which something was fetched, as long as they hold.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<(BTreeSet<Mark>, HashSet<Vec<u8>>)>);

impl Seen {
    /// Notes a signature; says whether it is new.
    pub(super) fn note(&self, mark: Mark, now: Time48) -> bool {
        let mut seen = self.0.lock();
        let (by_end, macs) = &mut *seen;
        let now = seconds(now);
        while by_end.first().is_some_and(|first| first.until < now || by_end.len() >= SEEN_MAX) {
            if let Some(first) = by_end.pop_first() {
                macs.remove(&first.mac);
            }
        }
        let is_new = macs.insert(mark.mac.clone());
        if is_new {
            by_end.insert(mark);
        }
        is_new
    }
}

/// The answer to a query whose signature does not hold.
pub(super) fn refusal(error: ServerError<Held>, message: &Message<Vec<u8>>) -> Option<(TsigRcode, Vec<u8>)> {
    let said = error.error();
    let answer = octets(error.build_message(message, builder()).ok()?);
    // The library says FORMERR inside the signature where it means that the MAC is another one (RFC 8945, 5.2.2).
    let is_mac = said == TsigRcode::FORMERR && answer.get(3).is_some_and(|flags| flags & 15 == NOTAUTH);
    if is_mac { Some((TsigRcode::BADSIG, bad_mac(message)?)) } else { Some((said, answer)) }
}

/// The number of [`Rcode::NOTAUTH`].
const NOTAUTH: u8 = 9;

/// Says, unsigned, that the MAC is not that of the key (RFC 8945, 5.3.2).
fn bad_mac(message: &Message<Vec<u8>>) -> Option<Vec<u8>> {
    let record = message.additional().ok()?.limit_to::<Tsig<_, _>>().last()?.ok()?;
    let sent = record.data();
    let (none, id): (&[u8], _) = (b"", message.header().id());
    let (algorithm, time) = (sent.algorithm(), sent.time_signed());
    let data = Tsig::new(algorithm, time, sent.fudge(), none, id, TsigRcode::BADSIG, none).ok()?;
    let mut answer = builder().start_answer(message, Rcode::NOTAUTH).ok()?.additional();
    answer.push((record.owner(), Class::ANY, Ttl::from_secs(0), data)).ok()?;
    Some(octets(answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_remembered_as_long_as_it_holds_and_no_longer() {
        let seen = Seen::default();
        let mark = |until, number: u32| Mark { until, mac: number.to_be_bytes().to_vec() };
        let at = Time48::from_u64;
        assert!(seen.note(mark(1_300, 1), at(1_000)));
        assert!(!seen.note(mark(1_300, 1), at(1_300)));
        assert!(seen.note(mark(1_700, 2), at(1_301)));
        assert_eq!(seen.0.lock().0.len(), 1, "the first can't be used any more");
        for number in 10..10 + u32::try_from(SEEN_MAX).unwrap() {
            assert!(seen.note(mark(2_000, number), at(1_400)));
        }
        let (marks, macs) = &*seen.0.lock();
        assert_eq!((marks.len(), macs.len()), (SEEN_MAX, SEEN_MAX));
    }
}
