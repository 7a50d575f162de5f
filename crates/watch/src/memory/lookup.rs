//! Values looked up in a record.

use super::{Key, Part, Run};
use crate::value::{Kind, Value};

/// Values that are looked up under a record's key.
#[derive(Debug, Default)]
pub struct Lookup {
    /// First and last of what a value can have become, with the value's number; in order, and by part.
    sought: [Vec<(u128, u128, u32)>; 3],
    /// Values of kinds that a record does not hold.
    passed_over: usize,
}

/// A value that a run has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// The value's number.
    pub value: u32,
    /// The day, as [`super::Day`] counts.
    pub day: super::Day,
}

impl Lookup {
    /// Adds a value with its number. Before a run is looked through, [`Lookup::ready`].
    pub fn add(&mut self, key: &Key, value: &Value, number: u32) {
        let (part, first, last) = match (value.kind(), value.network()) {
            (Kind::Domain, _) => {
                let name = u128::from(key.name(value.text().as_bytes()));
                (Part::Names, name, name)
            }
            (kind @ (Kind::Ipv4 | Kind::Ipv6), Some(network)) => {
                let (first, last) = key.network(network.network(), u32::from(network.prefix_len()));
                (if kind == Kind::Ipv4 { Part::Ipv4 } else { Part::Ipv6 }, first, last)
            }
            _ => {
                self.passed_over += 1;
                return;
            }
        };
        self.sought[part as usize].push((first, last, number));
    }

    /// Puts the values in order.
    #[must_use]
    pub fn ready(mut self) -> Self {
        self.sought.iter_mut().for_each(|sought| sought.sort_unstable());
        self
    }

    /// How many values are of kinds that a record does not hold.
    #[must_use]
    pub const fn passed_over(&self) -> usize {
        self.passed_over
    }

    /// Gives each value that a run has.
    pub fn look(&self, run: &Run, mut take: impl FnMut(Hit)) {
        let sought = &self.sought[run.head.part as usize];
        let day = run.head.day;
        let values: Vec<u128> = run.values().collect();
        let mut at = 0;
        for (first, last, value) in sought {
            at += ahead(&values[at..], |value| value < first);
            match values.get(at) {
                Some(seen) if seen <= last => take(Hit { value: *value, day }),
                Some(_) => {}
                None => return,
            }
        }
    }
}

/// How many values from the start a condition holds for that holds for none behind these; near ones are found soonest.
fn ahead(values: &[u128], holds: impl Fn(&u128) -> bool) -> usize {
    let mut step = 1;
    while values.get(step - 1).is_some_and(&holds) {
        step *= 2;
    }
    let from = step / 2;
    from + values[from..values.len().min(step)].partition_point(&holds)
}

#[cfg(test)]
mod tests {
    use super::super::{Day, Gathering};
    use super::*;
    use crate::normalise;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use stix::Timestamp;

    fn looked_up(log: &str, values: &[(Kind, &str)]) -> Vec<(String, String)> {
        let now = Timestamp::parse("2026-11-28T12:00:00Z").unwrap();
        let key = Key::new([3; 16]);
        let mut gathering = Gathering::new(key.clone(), now, Day(0));
        gathering.take(log.as_bytes());
        let values: Vec<Value> = values.iter().map(|(kind, text)| normalise(*kind, text).unwrap()).collect();
        let mut lookup = Lookup::default();
        (0..).zip(&values).for_each(|(number, value)| lookup.add(&key, value, number));
        let lookup = lookup.ready();
        let mut hits = BTreeSet::new();
        for run in gathering.runs() {
            lookup.look(&run, |hit| {
                hits.insert((values[hit.value as usize].text().to_owned(), hit.day.to_string()));
            });
        }
        hits.into_iter().collect()
    }

    #[test]
    fn what_was_seen_is_known_by_its_day() {
        let log = "2026-11-02T10:00:00Z www.evil.top asked\n2026-11-05T10:00:00Z EVIL.top.\n45.83.64.9 without a date\n\
                   2026-11-05T10:00:00Z 10.0.0.9 [2a01:db8:1::5] deep.b.example.co.uk\n";
        let hits = looked_up(
            log,
            &[
                (Kind::Domain, "evil.top"),
                (Kind::Domain, "www.evil.top"),
                (Kind::Domain, "other.evil.top"),
                (Kind::Domain, "b.example.co.uk"),
                (Kind::Ipv4, "45.83.64.0/23"),
                (Kind::Ipv4, "45.83.64.9"),
                (Kind::Ipv4, "45.83.64.10"),
                (Kind::Ipv4, "10.0.0.0/8"),
                (Kind::Ipv6, "2a01:db8::/32"),
                (Kind::Ipv6, "2a01:db9::/32"),
                (Kind::Url, "http://evil.top/"),
            ],
        );
        let hits: Vec<(&str, &str)> =
            hits.iter().map(|(value, day)| (value.as_str(), day.as_str())).collect();
        assert_eq!(
            hits,
            [
                ("2a01:db8::/32", "2026-11-05"),
                ("45.83.64.0/23", "2026-11-28"),
                ("45.83.64.9", "2026-11-28"),
                ("b.example.co.uk", "2026-11-05"),
                ("evil.top", "2026-11-02"),
                ("evil.top", "2026-11-05"),
                ("www.evil.top", "2026-11-02"),
            ]
        );
    }

    proptest! {
        #[test]
        fn nothing_is_passed_by(
            values in proptest::collection::btree_set(0_u128..200, 0..60),
            sought in proptest::collection::vec((0_u128..200, 0_u128..20), 0..40),
        ) {
            let run = Run::of(Day(1), Part::Ipv4, values.iter().copied());
            let mut lookup = Lookup::default();
            lookup.sought[1] = (0..).zip(&sought).map(|(at, (first, more))| (*first, first + more, at)).collect();
            let lookup = lookup.ready();
            let mut hits = BTreeSet::new();
            lookup.look(&run, |hit| { hits.insert(hit.value); });
            let expected: BTreeSet<u32> = (0..).zip(&sought)
                .filter(|(_, (first, more))| values.range(*first..=first + more).next().is_some())
                .map(|(at, _)| at).collect();
            prop_assert_eq!(hits, expected);
        }
    }
}
