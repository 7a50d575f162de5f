//! What lines of logs mention, gathered by day until it is written.

use std::collections::BTreeMap;
use std::hash::BuildHasher as _;
use std::net::IpAddr;

use hashbrown::{DefaultHashBuilder, HashSet};
use stix::Timestamp;

use super::{Day, Key, Part, RUN_VALUES_MAX, Run};
use crate::domain;
use crate::guard::special_purpose;
use crate::hunt::{Mention, is_believable, mentions, written};

/// Names above one another that are recorded, counted from the one that was registered.
const LABELS_MAX: usize = 8;

#[derive(Debug, Default)]
struct OfDay {
    /// What was looked at already, by a hash of its spelling.
    words: HashSet<u64>,
    names: HashSet<u64>,
    ipv4: HashSet<u32>,
    ipv6: HashSet<u128>,
}

/// Gathers what lines mention.
#[derive(Debug)]
pub struct Gathering {
    key: Key,
    /// When the lines are read: what has no date that can be believed counts for that day.
    now: Timestamp,
    /// What is older is passed over.
    oldest: Day,
    days: BTreeMap<Day, OfDay>,
    hasher: DefaultHashBuilder,
    held: usize,
    undated: u64,
}

impl Gathering {
    /// Gathers under a key, at `now`, what is not older than `oldest`.
    #[must_use]
    pub fn new(key: Key, now: Timestamp, oldest: Day) -> Self {
        let (days, hasher) = Default::default();
        Self { key, now, oldest, days, hasher, held: 0, undated: 0 }
    }

    /// How many values are held in memory; each takes some twenty bytes.
    #[must_use]
    pub const fn held(&self) -> usize {
        self.held
    }

    /// How many lines had no date that can be believed.
    #[must_use]
    pub const fn undated(&self) -> u64 {
        self.undated
    }

    /// Takes in whole lines.
    pub fn take(&mut self, text: &[u8]) {
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let dated = written(line).filter(|at| is_believable(*at, self.now));
            self.undated += u64::from(dated.is_none());
            let day = Day::of(dated.unwrap_or(self.now));
            if day < self.oldest {
                continue;
            }
            let held = &mut self.held;
            let of_day = self.days.entry(day).or_insert_with(|| {
                *held += 1;
                OfDay::default()
            });
            let (key, hasher) = (&self.key, &self.hasher);
            mentions(line, |mention| match mention {
                Mention::Word(word) => *held += of_day.word(word, key, hasher),
                Mention::Address(address) => *held += of_day.address(address, key, hasher),
            });
        }
    }

    /// Gives all that was gathered as runs, and forgets it.
    pub fn runs(&mut self) -> Vec<Run> {
        self.held = 0;
        let mut runs = Vec::new();
        for (day, of_day) in std::mem::take(&mut self.days) {
            let parts = [
                (Part::Names, of_day.names.into_iter().map(u128::from).collect::<Vec<_>>()),
                (Part::Ipv4, of_day.ipv4.into_iter().map(u128::from).collect()),
                (Part::Ipv6, of_day.ipv6.into_iter().collect()),
            ];
            for (part, mut values) in parts {
                values.sort_unstable();
                let some = values.chunks(RUN_VALUES_MAX);
                runs.extend(some.map(|values| Run::of(day, part, values.iter().copied())));
            }
        }
        runs
    }
}

impl OfDay {
    /// Takes in a word, if it is a name; gives how much more is held.
    fn word(&mut self, word: &[u8], key: &Key, hasher: &DefaultHashBuilder) -> usize {
        if !self.words.insert(hasher.hash_one(word)) {
            return 0;
        }
        let Some(name) = std::str::from_utf8(word).ok().and_then(|word| domain::normal(word).ok()) else {
            return 1;
        };
        let is_known = psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.is_known());
        let Some(registered) = psl::domain_str(&name).filter(|_| is_known) else { return 1 };
        let mut added = 1;
        let mut start = name.len() - registered.len();
        for _ in 0..LABELS_MAX {
            added += usize::from(self.names.insert(key.name(&name.as_bytes()[start..])));
            // The label before, behind the dot before it.
            let Some(before) = start.checked_sub(1) else { break };
            start = name[..before].rfind('.').map_or(0, |dot| dot + 1);
        }
        added
    }

    /// Takes in an address, if it is a public one.
    fn address(&mut self, address: IpAddr, key: &Key, hasher: &DefaultHashBuilder) -> usize {
        if !self.words.insert(hasher.hash_one(address)) {
            return 0;
        }
        if special_purpose(address).is_some() {
            return 1;
        }
        let veiled = key.address(address);
        1 + match u32::try_from(veiled) {
            Ok(veiled) if address.is_ipv4() => usize::from(self.ipv4.insert(veiled)),
            _ => usize::from(self.ipv6.insert(veiled)),
        }
    }
}
