//! The observation expression in the shape that is solved: equal in meaning, with as few choices as possible.
//!
//! What is used (each holds because a binding is a set of different observations, and times are looked at one by one):
//! `REPEATS` of a repeated `[…]` asks for more of the same; it goes through `AND` and `START`/`STOP` into the parts;
//! several `[…]` joined by `OR` are one `[…]` that more observations satisfy; `WITHIN` says nothing about a
//! single observation, goes through `OR`, and of two on the same thing the shorter counts.
//!
//! Source: STIX 2.1, sections 9.5 (observation operators), 9.5.1 (qualifiers).

use super::super::{Observation, Qualifier};
use super::check::Check;
use super::observe::nanos;
use super::{CHOICES_MAX, CompileError};

/// What has to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Plan {
    /// So many different observations, each satisfying one of these tests.
    Some { tests: Vec<usize>, times: u64 },
    /// All, by different observations.
    All(Vec<Plan>),
    /// One of these.
    One(Vec<Plan>),
    /// The first, and the second no earlier.
    Follow(Box<Plan>, Box<Plan>),
    /// All of it in so many nanoseconds.
    Within(Box<Plan>, i128),
    /// All of it from an instant to before another.
    Between(Box<Plan>, i128, i128),
    /// So many times, by different observations.
    Repeat(Box<Plan>, u64),
}

/// The plan of an expression, and its `[…]` in the order in which the plan numbers them.
pub(super) fn plan(expression: &Observation) -> Result<(Plan, Vec<Check>), CompileError> {
    let mut planner = Planner { tests: Vec::new(), follows: 0 };
    let plan = planner.plan(expression)?;
    Ok((plan, planner.tests))
}

struct Planner {
    tests: Vec<Check>,
    /// How many `FOLLOWEDBY` there are: each is a choice of a time.
    follows: usize,
}

impl Planner {
    fn plan(&mut self, expression: &Observation) -> Result<Plan, CompileError> {
        Ok(match expression {
            Observation::Test(comparison) => {
                self.tests.push(Check::new(comparison)?);
                Plan::Some { tests: vec![self.tests.len() - 1], times: 1 }
            }
            Observation::And(parts) => Plan::All(self.plans(parts)?),
            Observation::Or(parts) => one(self.plans(parts)?),
            Observation::FollowedBy(parts) => {
                self.follows += parts.len().saturating_sub(1);
                if self.follows > CHOICES_MAX {
                    return Err(CompileError::TooManyFollow);
                }
                let mut parts = self.plans(parts)?.into_iter();
                let first = parts.next().unwrap_or(Plan::All(Vec::new()));
                parts.fold(first, |before, after| Plan::Follow(Box::new(before), Box::new(after)))
            }
            Observation::Qualified(inner, qualifier) => {
                let inner = self.plan(inner)?;
                match qualifier {
                    Qualifier::Repeats(times) => repeat(inner, *times),
                    Qualifier::StartStop(start, stop) => {
                        Plan::Between(Box::new(inner), nanos(*start), nanos(*stop))
                    }
                    Qualifier::Within(seconds) => within(inner, duration(seconds)?),
                }
            }
        })
    }

    fn plans(&mut self, parts: &[Observation]) -> Result<Vec<Plan>, CompileError> {
        parts.iter().map(|part| self.plan(part)).collect()
    }
}

/// Seconds as written, in nanoseconds; more than the longest span of time counts as that.
fn duration(seconds: &str) -> Result<i128, CompileError> {
    /// Twenty thousand years.
    const LONGEST: f64 = 630_720_000_000.0;
    let number = seconds.parse::<f64>().unwrap_or(0.0);
    if number <= 0.0 {
        return Err(CompileError::Within { seconds: seconds.to_owned() });
    }
    let nanos = (number.min(LONGEST) * 1e9).round() as i128;
    Ok(nanos)
}

fn one(parts: Vec<Plan>) -> Plan {
    let mut single = Vec::new();
    let mut others = Vec::new();
    for part in parts {
        match part {
            Plan::Some { tests, times: 1 } => single.extend(tests),
            Plan::One(inner) => others.extend(inner),
            other => others.push(other),
        }
    }
    if !single.is_empty() {
        others.insert(0, Plan::Some { tests: single, times: 1 });
    }
    match others.pop() {
        Some(only) if others.is_empty() => only,
        Some(last) => {
            others.push(last);
            Plan::One(others)
        }
        None => Plan::One(Vec::new()),
    }
}

fn repeat(inner: Plan, times: u64) -> Plan {
    match inner {
        inner if times == 1 => inner,
        Plan::Some { tests, times: once } => Plan::Some { tests, times: once.saturating_mul(times) },
        Plan::All(parts) => Plan::All(parts.into_iter().map(|part| repeat(part, times)).collect()),
        Plan::Between(inner, start, stop) => Plan::Between(Box::new(repeat(*inner, times)), start, stop),
        Plan::Repeat(inner, once) => Plan::Repeat(inner, once.saturating_mul(times)),
        inner @ (Plan::One(_) | Plan::Follow(..) | Plan::Within(..)) => Plan::Repeat(Box::new(inner), times),
    }
}

fn within(inner: Plan, nanos: i128) -> Plan {
    match inner {
        inner @ Plan::Some { times: 1, .. } => inner,
        Plan::One(parts) => one(parts.into_iter().map(|part| within(part, nanos)).collect()),
        Plan::Within(inner, shorter) => Plan::Within(inner, shorter.min(nanos)),
        Plan::Between(inner, start, stop) => Plan::Between(Box::new(within(*inner, nanos)), start, stop),
        inner => Plan::Within(Box::new(inner), nanos),
    }
}
