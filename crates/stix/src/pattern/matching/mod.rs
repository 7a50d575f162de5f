//! Patterns against what was observed.
//!
//! A [`Matcher`] is a pattern made ready: constants decoded, regular expressions compiled, and what can't be
//! honoured refused before anything is looked at. [`Observations`] are observed-data objects with the observables
//! they refer to. A match names the observations that satisfy the pattern together, because a sighting needs them.
//! [`PatternSet`] asks thousands of patterns at once, through an index over the values that they want equal.
//!
//! Matching has two halves. `check` decides for each `[…]` which observations satisfy it: cost is patterns times
//! observables. `solve` decides whether different observations can be given to all `[…]` at once, with the times
//! that `FOLLOWEDBY`, `WITHIN` and `START`/`STOP` want. The second half can encode any set packing, so no algorithm is
//! fast on all input; this one is polynomial for what people write, counts its steps, and stops with
//! [`MatchError::TooExpensive`] past [`STEPS_MAX`] instead of going on.
//!
//! Bad observed data (a value that should be a timestamp and is none) is a [`Finding`] beside the answer.
//!
//! Source: STIX 2.1, section 9.

mod check;
mod constant;
mod flow;
mod observe;
mod plan;
mod regular;
mod set;
mod solve;

pub use observe::{Builder, OBSERVED_OBJECTS_MAX, Observation, Observations};
pub use set::{Hit, Hits, PatternSet};

use super::{Pattern, PatternError, parse};
use crate::finding::Finding;
use check::{Check, Findings};
use plan::Plan;

/// Most steps that one question may take: edges looked at while observations are given to `[…]`. About a second.
pub const STEPS_MAX: u64 = 20_000_000;
/// Most choices (a time, an alternative) that may depend on one another in one question.
pub const CHOICES_MAX: usize = 1_000;
/// Longest value times longest shape that `LIKE` and `MATCHES` compare, in bytes by bytes.
pub const SCAN_STEPS_MAX: usize = 1_000_000_000;
/// Largest compiled form of one regular expression, in bytes.
pub const REGEX_BYTES_MAX: usize = 1024 * 1024;
/// Most findings about observed data that one question collects.
pub const FINDINGS_MAX: usize = 100;

/// Why a pattern can't be asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// It is no pattern.
    #[error(transparent)]
    Grammar(#[from] PatternError),
    /// A regular expression that this matcher does not run.
    #[error("the regular expression '{text}' can't be used: {reason}")]
    Regex {
        /// The expression.
        text: String,
        /// What it holds that can't be run in bounded time, or is no expression.
        reason: String,
    },
    /// `IN` with constants of several kinds.
    #[error("the set of `{path} IN (…)` mixes kinds of constants; all must be of one kind (STIX 2.1, 9.6.1)")]
    MixedSet {
        /// What is compared.
        path: String,
    },
    /// `ISSUBSET` or `ISSUPERSET` with something else than an address or a CIDR block.
    #[error("'{text}' is neither an IPv4 or IPv6 address nor a block such as 198.51.100.0/24")]
    Network {
        /// What stands there.
        text: String,
    },
    /// More than [`CHOICES_MAX`] times `FOLLOWEDBY`.
    #[error(
        "more than {CHOICES_MAX} times FOLLOWEDBY: nothing could be found in bounded time; split the pattern"
    )]
    TooManyFollow,
    /// `WITHIN 0 SECONDS` and the like.
    #[error(
        "WITHIN {seconds} SECONDS holds for nothing; the number must be greater than 0 (STIX 2.1, 9.5.1)"
    )]
    Within {
        /// The number as written.
        seconds: String,
    },
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MatchError {
    /// It would take longer than is allowed.
    #[error(
        "too expensive: the pattern leaves so many ways to combine these observations that the answer takes more than \
         {steps} steps; narrow it with START and STOP, or ask about fewer observations"
    )]
    TooExpensive {
        /// After how many steps it was given up.
        steps: u64,
    },
}

/// Observations that satisfy a pattern together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Their positions in the [`Observations`], ascending, each once. One way to satisfy the pattern; there may be others.
    pub observations: Vec<usize>,
}

/// The answer about one pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What satisfies it, if something does.
    pub matched: Option<Match>,
    /// What was wrong with observed data that the pattern looked at. Such values satisfy nothing.
    pub findings: Vec<Finding>,
}

/// A pattern made ready to be asked.
#[derive(Debug)]
pub struct Matcher {
    tests: Vec<Check>,
    plan: Plan,
}

impl Matcher {
    /// Makes `pattern` ready.
    ///
    /// # Errors
    /// [`CompileError`] for what the grammar allows and a matcher can't honour.
    pub fn new(pattern: &Pattern) -> Result<Self, CompileError> {
        let (plan, tests) = plan::plan(&pattern.root)?;
        Ok(Self { tests, plan })
    }

    /// Reads a pattern and makes it ready.
    ///
    /// # Errors
    /// [`CompileError`]
    pub fn parse(text: &str) -> Result<Self, CompileError> {
        Self::new(&parse(text)?)
    }

    /// Whether `observations` satisfy the pattern, and which of them do.
    ///
    /// # Errors
    /// [`MatchError::TooExpensive`]: the same question will fail again.
    pub fn matches(&self, observations: &Observations) -> Result<Answer, MatchError> {
        let mut findings = Findings::default();
        let all = 0..observations.len();
        let candidates: Vec<Vec<u32>> = self
            .tests
            .iter()
            .map(|test| {
                let holds = |at: &usize| test.holds(observations, *at, &mut findings);
                all.clone().filter(holds).map(observe::narrow).collect()
            })
            .collect();
        let matched = self.combine(observations, &candidates)?;
        Ok(Answer { matched, findings: findings.into_vec() })
    }

    /// The second half: from the observations that satisfy each test to those that satisfy the pattern.
    fn combine(
        &self,
        observations: &Observations,
        candidates: &[Vec<u32>],
    ) -> Result<Option<Match>, MatchError> {
        let found = solve::solve(&self.plan, observations, candidates)?;
        Ok(found.map(|observations| Match { observations }))
    }
}

#[cfg(test)]
mod tests;
