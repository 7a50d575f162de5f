//! What was found, counted by indicator: memory grows with indicators, up to a limit, and not with finds.

use std::collections::{BTreeMap, BTreeSet};

use deliver::watch_file::Said;
use stix::{Timestamp, Tlp};
use watch::guard::special_purpose;
use watch::hunt::{How, is_believable};
use watch::{Kind, Value, normalise};

use super::super::search::Find;

/// Most sightings of one hunt, and most values that one names.
const SIGHTINGS_MAX: usize = 20_000;
const FOUND_MAX: usize = 10;
/// Longest part before a domain that is named: tunnels carry what they carry in longer ones.
const BELOW_BYTES_MAX: usize = 32;
/// Most finds that a sighting counts. Source: STIX 2.1, section 5.2 (`count`).
pub(super) const COUNT_MAX: u64 = 999_999_999;

/// Where an indicator came from: the circle's short name, and the indicator's id.
pub(super) type Whence = (String, String);

/// What was found of one indicator.
#[derive(Debug)]
pub(super) struct Sighted {
    /// The mark that it is reported under.
    pub(super) tlp: Tlp,
    /// How often it was found.
    pub(super) count: u64,
    first_last: Option<(Timestamp, Timestamp)>,
    /// Whether a line that holds it has a date that can't be right.
    is_misdated: bool,
    /// What stood in the logs.
    pub(super) found: BTreeSet<Value>,
    /// Whether there was more than is named.
    pub(super) has_more: bool,
}

impl Sighted {
    /// The earliest and the latest date of the lines that hold it; none if there is none, or one that can't be right.
    pub(super) fn times(&self) -> Option<(Timestamp, Timestamp)> {
        self.first_last.filter(|_| !self.is_misdated)
    }
}

/// What a hunt found, by indicator.
pub(in super::super) struct Tally {
    pub(super) sighted: BTreeMap<Whence, Sighted>,
    /// When the hunt began.
    pub(super) now: Timestamp,
    names_domains_alone: bool,
    /// Indicators beyond the limit.
    pub(super) has_more: bool,
    /// Finds in lines with dates that can't be right.
    pub(super) misdated: u64,
}

impl Tally {
    /// For a hunt at `now`. `names_domains_alone`: what stands before a domain that is looked for is not named.
    pub(in super::super) fn new(now: Timestamp, names_domains_alone: bool) -> Self {
        Self { sighted: BTreeMap::new(), now, names_domains_alone, has_more: false, misdated: 0 }
    }

    /// Counts a find.
    pub(in super::super) fn add(&mut self, find: &Find) {
        let is_misdated = find.at.is_some_and(|at| !is_believable(at, self.now));
        self.misdated += u64::from(is_misdated);
        let found = self.named(find);
        for said in &find.known.1.by {
            let whence = (said.circle.clone(), said.indicator.clone());
            if !self.sighted.contains_key(&whence) && self.sighted.len() >= SIGHTINGS_MAX {
                self.has_more = true;
                continue;
            }
            let sighted = self.sighted.entry(whence).or_insert_with(|| Sighted::new(said));
            sighted.count = (sighted.count + 1).min(COUNT_MAX);
            sighted.is_misdated |= is_misdated;
            if let Some(at) = find.at.filter(|_| !is_misdated) {
                let (first, last) = sighted.first_last.unwrap_or((at, at));
                sighted.first_last = Some((first.min(at), last.max(at)));
            }
            match sighted.found.len() < FOUND_MAX || sighted.found.contains(&found) {
                true => drop(sighted.found.insert(found.clone())),
                false => sighted.has_more = true,
            }
        }
    }

    /// The value that is named for a find: what stands there, unless that could say more than it should.
    fn named(&self, find: &Find) -> Value {
        let looked_for = &find.known.0;
        let stands_there = match find.how {
            How::Exact => None,
            How::Below => {
                let name = normalise(Kind::Domain, &find.found).ok();
                name.filter(|name| {
                    let before = name.text().len().saturating_sub(looked_for.text().len());
                    !self.names_domains_alone && before <= BELOW_BYTES_MAX
                })
            }
            How::Inside => {
                let address = find.found.parse().ok().filter(|address| special_purpose(*address).is_none());
                address.and_then(|_| normalise(looked_for.kind(), &find.found).ok())
            }
        };
        stands_there.unwrap_or_else(|| looked_for.clone())
    }
}

impl Sighted {
    fn new(said: &Said) -> Self {
        Self {
            // What can't be read is marked as strictly as can be.
            tlp: said.tlp.parse().unwrap_or(Tlp::Red),
            count: 0,
            first_last: None,
            is_misdated: false,
            found: BTreeSet::new(),
            has_more: false,
        }
    }
}
