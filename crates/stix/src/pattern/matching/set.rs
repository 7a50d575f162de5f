//! Many patterns at once.
//!
//! A `[…]` that can't hold without one of a few values being equal (`=`, `IN`, and what `AND` and `OR` make of them) is
//! filed under those values, by object type and path. An observable is asked for its value at each path that anything
//! is filed under, and only the tests filed under that value are evaluated. Tests that can't be filed are evaluated
//! for each observable of a type that they name. What a pattern gets from this is for each of its tests the
//! observations that satisfy it, exactly as when it is asked alone; from there on both go the same way.
//!
//! Findings about observed data come from tests that were evaluated, so there can be fewer of them here.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::check::{Check, Compare, Findings, Look, Want, forks};
use super::constant::{Constant, Seen};
use super::observe::{Observations, narrow};
use super::{Match, MatchError, Matcher};
use crate::finding::Finding;
use crate::pattern::{ObjectPath, Step};

/// Most values under which one test is filed; one with more is evaluated each time.
const KEYS_MAX: usize = 10_000;

/// Patterns with their index.
#[derive(Debug, Default)]
pub struct PatternSet {
    matchers: Vec<Matcher>,
    /// Which pattern a test belongs to, and which of its tests it is.
    tests: Vec<(usize, usize)>,
    by_type: HashMap<Box<str>, Filed>,
}

/// What is filed for observables of one type.
#[derive(Debug, Default)]
struct Filed {
    shelves: Vec<Shelf>,
    /// Evaluated for each observable.
    loose: Vec<u32>,
}

/// Tests filed under values of one path.
#[derive(Debug)]
struct Shelf {
    path: ObjectPath,
    texts: HashMap<Box<str>, Vec<u32>>,
    numbers: HashMap<u64, Vec<u32>>,
    booleans: [Vec<u32>; 2],
}

/// One pattern that matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Its position in the set.
    pub pattern: usize,
    /// What satisfies it, or why that could not be found out.
    pub matched: Result<Match, MatchError>,
}

/// The answer about all patterns.
#[derive(Debug, Clone, PartialEq)]
pub struct Hits {
    /// Those that match and those that were too expensive, in the order of the set.
    pub hits: Vec<Hit>,
    /// What was wrong with observed data that was looked at.
    pub findings: Vec<Finding>,
}

impl PatternSet {
    /// Files patterns.
    #[must_use]
    pub fn new(matchers: Vec<Matcher>) -> Self {
        let mut set = Self { matchers, ..Self::default() };
        for pattern in 0..set.matchers.len() {
            for test in 0..set.matchers[pattern].tests.len() {
                set.tests.push((pattern, test));
                set.file(narrow(set.tests.len() - 1), pattern, test);
            }
        }
        set
    }

    /// How many patterns there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.matchers.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.matchers.is_empty()
    }

    fn file(&mut self, number: u32, pattern: usize, test: usize) {
        let check = &self.matchers[pattern].tests[test];
        match keys(check).filter(|keys| keys.len() <= KEYS_MAX) {
            Some(keys) => {
                for (path, constant) in keys {
                    let filed = self.by_type.entry(path.object_type.as_str().into()).or_default();
                    filed.shelf(path).put(constant, number);
                }
            }
            None => {
                let mut types = HashSet::new();
                object_types(check, &mut types);
                for object_type in types {
                    self.by_type.entry(object_type.into()).or_default().loose.push(number);
                }
            }
        }
    }

    /// Which patterns all observations together satisfy.
    #[must_use]
    pub fn matches(&self, observations: &Observations) -> Hits {
        let mut findings = Findings::default();
        let mut found: HashMap<u32, Vec<u32>> = HashMap::new();
        let mut possible = Vec::new();
        for at in 0..observations.len() {
            self.possible(observations, at, &mut findings, &mut possible);
            possible.sort_unstable();
            possible.dedup();
            for number in possible.drain(..) {
                let check = self.test(number);
                if check.is_some_and(|check| check.holds(observations, at, &mut findings)) {
                    found.entry(number).or_default().push(narrow(at));
                }
            }
        }
        Hits { hits: self.combine(observations, found), findings: findings.into_vec() }
    }

    fn test(&self, number: u32) -> Option<&Check> {
        let (pattern, test) = self.tests.get(usize::try_from(number).ok()?)?;
        self.matchers.get(*pattern)?.tests.get(*test)
    }

    /// Adds the tests that an observation may satisfy.
    fn possible(
        &self,
        observations: &Observations,
        at: usize,
        findings: &mut Findings,
        possible: &mut Vec<u32>,
    ) {
        for (root, object) in observations.roots(at) {
            let object_type = object.get("type").and_then(Value::as_str).unwrap_or_default();
            let Some(filed) = self.by_type.get(object_type) else { continue };
            possible.extend(&filed.loose);
            for shelf in &filed.shelves {
                if let [Step::Key(key)] = shelf.path.steps.as_slice() {
                    if let Some(value) = object.get(key) {
                        shelf.pick(Seen::Json(value), possible);
                    }
                    continue;
                }
                let mut look = Look { observations, observation: at, findings: &mut *findings };
                look.any(&shelf.path, forks(&shelf.path), root, |seen, _| {
                    shelf.pick(seen, possible);
                    false
                });
            }
        }
    }

    /// From what satisfies the tests to what satisfies the patterns.
    fn combine(&self, observations: &Observations, mut found: HashMap<u32, Vec<u32>>) -> Vec<Hit> {
        let mut touched: Vec<u32> = found.keys().copied().collect();
        touched.sort_unstable();
        let mut hits = Vec::new();
        let mut done = None;
        for number in touched {
            let Some((pattern, test)) = usize::try_from(number).ok().and_then(|at| self.tests.get(at)) else {
                continue;
            };
            if done == Some(*pattern) {
                continue;
            }
            done = Some(*pattern);
            let matcher = &self.matchers[*pattern];
            let first = number - narrow(*test);
            let candidates: Vec<Vec<u32>> = (0..matcher.tests.len())
                .map(|test| found.remove(&(first + narrow(test))).unwrap_or_default())
                .collect();
            let matched = matcher.combine(observations, &candidates).transpose();
            hits.extend(matched.map(|matched| Hit { pattern: *pattern, matched }));
        }
        hits
    }
}

impl Filed {
    fn shelf(&mut self, path: &ObjectPath) -> &mut Shelf {
        let at = self.shelves.iter().position(|shelf| shelf.path == *path).unwrap_or_else(|| {
            self.shelves.push(Shelf {
                path: path.clone(),
                texts: HashMap::new(),
                numbers: HashMap::new(),
                booleans: Default::default(),
            });
            self.shelves.len() - 1
        });
        &mut self.shelves[at]
    }
}

impl Shelf {
    fn put(&mut self, constant: &Constant, number: u32) {
        let place = match constant {
            Constant::Text(text) => self.texts.entry(text.clone()).or_default(),
            Constant::Integer(whole) => self.numbers.entry(near(*whole as f64)).or_default(),
            Constant::Float(float) => self.numbers.entry(near(*float)).or_default(),
            Constant::Boolean(truth) => &mut self.booleans[usize::from(*truth)],
            // `keys` gives none of these.
            Constant::Bytes(_) | Constant::Instant(_) => return,
        };
        place.push(number);
    }

    fn pick(&self, seen: Seen<'_>, possible: &mut Vec<u32>) {
        let place = match seen {
            Seen::Json(Value::String(text)) => self.texts.get(text.as_str()),
            Seen::Json(Value::Number(number)) => {
                number.as_f64().and_then(|number| self.numbers.get(&near(number)))
            }
            Seen::Json(Value::Bool(truth)) => self.booleans.get(usize::from(*truth)),
            _ => None,
        };
        possible.extend(place.into_iter().flatten());
    }
}

/// Where a number is filed: equal numbers at one place; different ones may share it.
fn near(number: f64) -> u64 {
    (number + 0.0).to_bits()
}

/// Values of which at least one must be there for the test to hold; `None` if there is no such list.
fn keys(check: &Check) -> Option<Vec<(&ObjectPath, &Constant)>> {
    match check {
        Check::And(parts) => parts.iter().filter_map(keys).min_by_key(Vec::len),
        Check::Or(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(keys(part)?);
            }
            Some(all)
        }
        Check::Compare(Compare { path, negated: false, wants, .. }) => {
            let constants = match wants {
                Want::Equal(constant) => std::slice::from_ref(constant),
                Want::In(constants) => constants,
                _ => return None,
            };
            let filed = |constant: &Constant| match constant {
                // What a binary property holds is not what is written.
                Constant::Text(_) => !is_binary(path),
                Constant::Integer(_) | Constant::Float(_) | Constant::Boolean(_) => true,
                Constant::Bytes(_) | Constant::Instant(_) => false,
            };
            constants.iter().all(filed).then(|| constants.iter().map(|constant| (path, constant)).collect())
        }
        Check::Compare(_) => None,
    }
}

fn is_binary(path: &ObjectPath) -> bool {
    matches!(path.steps.last(), Some(Step::Key(key)) if key.ends_with("_hex") || key.ends_with("_bin"))
}

fn object_types<'c>(check: &'c Check, types: &mut HashSet<&'c str>) {
    match check {
        Check::And(parts) | Check::Or(parts) => parts.iter().for_each(|part| object_types(part, types)),
        Check::Compare(compare) => {
            types.insert(&compare.path.object_type);
        }
    }
}
