//! The STIX pattern language: text to tree and back.
//!
//! The tree keeps what was written (parentheses that matter, literals in their kinds), so that printing and
//! reading again gives the same tree. Depth and length are bounded. [`matching`] asks observed data.
//!
//! Source: STIX 2.1, section 9 and its ANTLR grammar.

mod canonical;
mod lex;
pub mod matching;
mod parse;
mod print;

pub use matching::{Matcher, Observations, PatternSet};
pub use parse::{parse, parse_either};

use crate::time::Timestamp;

/// Longest pattern, in bytes.
pub const PATTERN_BYTES_MAX: usize = 1024 * 1024;
/// Deepest nesting of parentheses.
pub const PATTERN_DEPTH_MAX: usize = 100;

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at byte {offset}: found {found}, expected {expected}")]
pub struct PatternError {
    /// Where, in bytes from the start.
    pub offset: usize,
    /// What the grammar wants there.
    pub expected: &'static str,
    /// What stands there.
    pub found: String,
}

/// A pattern. Source: STIX 2.1, section 9.2.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// The whole expression.
    pub root: Observation,
}

/// An observation expression. Source: STIX 2.1, section 9.5.
#[derive(Debug, Clone, PartialEq)]
pub enum Observation {
    /// `[…]`: one observation satisfies the comparison.
    Test(Comparison),
    /// All, by different observations.
    And(Vec<Observation>),
    /// Any.
    Or(Vec<Observation>),
    /// One after the other.
    FollowedBy(Vec<Observation>),
    /// With a condition on times or repetitions.
    Qualified(Box<Observation>, Qualifier),
}

/// A condition on an observation expression. Source: STIX 2.1, section 9.5.1.
#[derive(Debug, Clone, PartialEq)]
pub enum Qualifier {
    /// `WITHIN x SECONDS`, the number as written.
    Within(String),
    /// `REPEATS x TIMES`.
    Repeats(u64),
    /// `START t'…' STOP t'…'`.
    StartStop(Timestamp, Timestamp),
}

/// A comparison expression. Source: STIX 2.1, section 9.6.
#[derive(Debug, Clone, PartialEq)]
pub enum Comparison {
    /// All hold of one observation.
    And(Vec<Comparison>),
    /// One holds.
    Or(Vec<Comparison>),
    /// One property compared.
    Test {
        /// What is looked at.
        path: ObjectPath,
        /// Whether `NOT` stands before the operator.
        negated: bool,
        /// How it is compared.
        operator: Operator,
        /// With what; several for `IN` alone.
        values: Vec<Literal>,
    },
    /// `EXISTS path`.
    Exists {
        /// What is looked at.
        path: ObjectPath,
        /// Whether `NOT` stands before it.
        negated: bool,
    },
}

/// A comparison operator. Source: STIX 2.1, section 9.6.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `IN`
    In,
    /// `LIKE`
    Like,
    /// `MATCHES`
    Matches,
    /// `ISSUBSET`
    IsSubset,
    /// `ISSUPERSET`
    IsSuperset,
}

/// `type:property.property[index]`. Source: STIX 2.1, section 9.7.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectPath {
    /// The observable's type.
    pub object_type: String,
    /// From the outermost property inwards; never empty.
    pub steps: Vec<Step>,
}

/// One step of an object path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A property or dictionary key.
    Key(String),
    /// An element of a list.
    Index(i64),
    /// Any element of a list.
    Any,
}

/// A constant. Source: STIX 2.1, section 9.2.1.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// A string, unescaped.
    Text(String),
    /// An integer.
    Integer(i64),
    /// A float, as written.
    Float(String),
    /// `true` or `false`.
    Boolean(bool),
    /// `b'…'`, in base64 as written.
    Binary(String),
    /// `h'…'`, in hexadecimal as written.
    Hex(String),
    /// `t'…'`
    Timestamp(Timestamp),
}

/// An equality that by itself satisfies the pattern it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Equality<'a> {
    /// What is compared.
    pub path: &'a ObjectPath,
    /// The string that it must equal.
    pub value: &'a str,
}

impl Pattern {
    /// The values each of which alone makes the pattern true; `None` if some way to satisfy it takes more.
    ///
    /// `[domain-name:value = 'a'] OR [ipv4-addr:value IN ('b', 'c')]` gives three. A pattern with `AND`,
    /// `FOLLOWEDBY`, a negation, a qualifier that counts, or another operator gives `None`: none of its values
    /// may be blocked by itself.
    #[must_use]
    pub fn alternatives(&self) -> Option<Vec<Equality<'_>>> {
        let mut found = Vec::new();
        observation_alternatives(&self.root, &mut found).then_some(found)
    }

    /// Every equality in the pattern that is not negated, whatever stands around it.
    #[must_use]
    pub fn equalities(&self) -> Vec<Equality<'_>> {
        let mut found = Vec::new();
        observation_equalities(&self.root, &mut found);
        found
    }
}

fn observation_alternatives<'a>(observation: &'a Observation, found: &mut Vec<Equality<'a>>) -> bool {
    match observation {
        Observation::Test(comparison) => comparison_alternatives(comparison, found),
        Observation::Or(parts) => parts.iter().all(|part| observation_alternatives(part, found)),
        Observation::And(_) | Observation::FollowedBy(_) | Observation::Qualified(..) => false,
    }
}

fn comparison_alternatives<'a>(comparison: &'a Comparison, found: &mut Vec<Equality<'a>>) -> bool {
    match comparison {
        Comparison::Or(parts) => parts.iter().all(|part| comparison_alternatives(part, found)),
        Comparison::Test { path, negated: false, operator: Operator::Equal | Operator::In, values } => {
            values.iter().all(|literal| {
                let Literal::Text(value) = literal else {
                    return false;
                };
                found.push(Equality { path, value });
                true
            })
        }
        Comparison::And(_) | Comparison::Test { .. } | Comparison::Exists { .. } => false,
    }
}

fn observation_equalities<'a>(observation: &'a Observation, found: &mut Vec<Equality<'a>>) {
    match observation {
        Observation::Test(comparison) => comparison_equalities(comparison, found),
        Observation::And(parts) | Observation::Or(parts) | Observation::FollowedBy(parts) => {
            for part in parts {
                observation_equalities(part, found);
            }
        }
        Observation::Qualified(inner, _) => observation_equalities(inner, found),
    }
}

fn comparison_equalities<'a>(comparison: &'a Comparison, found: &mut Vec<Equality<'a>>) {
    match comparison {
        Comparison::And(parts) | Comparison::Or(parts) => {
            for part in parts {
                comparison_equalities(part, found);
            }
        }
        Comparison::Test { path, negated: false, operator: Operator::Equal | Operator::In, values } => {
            found.extend(values.iter().filter_map(|literal| match literal {
                Literal::Text(value) => Some(Equality { path, value }),
                _ => None,
            }));
        }
        Comparison::Test { .. } | Comparison::Exists { .. } => {}
    }
}
