//! One `[…]` against one observation: paths followed, operators applied.
//!
//! A `[…]` holds for an observation if one of its observables satisfies the whole of it: two comparisons joined by `AND`
//! look at the same observable, each reaching others through `_ref` and `_refs`. A path can lead to several values
//! (`[*]`, `_refs`); a comparison holds if it holds for one of them, and `NOT` turns the outcome for each value.
//! An observable is entered once per place in the path, so that references in circles cost no more than there
//! are observables.
//!
//! Source: STIX 2.1, sections 9.6 (comparison expressions), 9.7 (object paths).

use std::cmp::Ordering;
use std::collections::HashSet;

use ipnet::IpNet;
use serde_json::Value;

use super::super::{Comparison, Literal, ObjectPath, Operator, Step};
use super::constant::{Constant, Relation, Seen, base64, hex, relate};
use super::observe::Observations;
use super::regular::{Expression, Like};
use super::{CompileError, FINDINGS_MAX, SCAN_STEPS_MAX};
use crate::finding::Finding;

/// Complaints about observed data, up to a number.
#[derive(Debug, Default)]
pub(super) struct Findings {
    found: Vec<Finding>,
}

impl Findings {
    fn push(&mut self, finding: impl FnOnce() -> Finding) {
        if self.found.len() < FINDINGS_MAX {
            self.found.push(finding());
        }
    }

    pub(super) fn into_vec(self) -> Vec<Finding> {
        self.found
    }
}

/// A comparison expression made ready.
#[derive(Debug)]
pub(super) enum Check {
    And(Vec<Check>),
    Or(Vec<Check>),
    Compare(Compare),
}

/// One comparison made ready.
#[derive(Debug)]
pub(super) struct Compare {
    pub(super) path: ObjectPath,
    pub(super) negated: bool,
    pub(super) wants: Want,
    /// Whether the path can come to one observable in two ways.
    forks: bool,
}

/// What is asked of a value.
#[derive(Debug)]
pub(super) enum Want {
    Exists,
    Equal(Constant),
    NotEqual(Constant),
    Order(Operator, Constant),
    In(Vec<Constant>),
    Like(Like),
    Matches(Expression),
    Subset(IpNet),
    Superset(IpNet),
}

impl Check {
    pub(super) fn new(comparison: &Comparison) -> Result<Self, CompileError> {
        let all = |parts: &[Comparison]| parts.iter().map(Self::new).collect::<Result<Vec<_>, _>>();
        match comparison {
            Comparison::And(parts) => all(parts).map(Self::And),
            Comparison::Or(parts) => all(parts).map(Self::Or),
            Comparison::Exists { path, negated } => {
                Ok(Self::Compare(Compare::new(path, *negated, Want::Exists)))
            }
            Comparison::Test { path, negated, operator, values } => {
                let wants = want(path, *operator, values)?;
                Ok(Self::Compare(Compare::new(path, *negated, wants)))
            }
        }
    }

    /// Whether one observable of the observation satisfies all of it.
    pub(super) fn holds(&self, observations: &Observations, at: usize, findings: &mut Findings) -> bool {
        observations.roots(at).any(|(root, object)| {
            let object_type = object.get("type").and_then(Value::as_str).unwrap_or_default();
            if is_domain_object(object_type) {
                return false;
            }
            let mut look = Look { observations, observation: at, findings: &mut *findings };
            self.holds_for(&mut look, root, object_type)
        })
    }

    fn holds_for(&self, look: &mut Look<'_, '_>, root: u32, object_type: &str) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.holds_for(look, root, object_type)),
            Self::Or(parts) => parts.iter().any(|part| part.holds_for(look, root, object_type)),
            Self::Compare(compare) => {
                compare.path.object_type == object_type && compare.holds_for(look, root)
            }
        }
    }
}

impl Compare {
    fn new(path: &ObjectPath, negated: bool, wants: Want) -> Self {
        Self { path: path.clone(), negated, wants, forks: forks(path) }
    }

    fn holds_for(&self, look: &mut Look<'_, '_>, root: u32) -> bool {
        if matches!(self.wants, Want::Exists) {
            let found = look.any(&self.path, self.forks, root, |_, _| true);
            return found != self.negated;
        }
        let (wants, negated) = (&self.wants, self.negated);
        let path = &self.path;
        look.any(path, self.forks, root, |seen, findings| {
            wants.accepts(seen, negated, |complaint| findings.push(|| complaint.finding(path, seen)))
        })
    }
}

/// Whether a path can come to one observable in two ways: by several elements of a list, which may name the same.
pub(super) fn forks(path: &ObjectPath) -> bool {
    path.steps.contains(&Step::Any) && path.steps.iter().any(refers)
}

/// A property whose name says that it refers to another observable.
fn refers(step: &Step) -> bool {
    matches!(step, Step::Key(key) if key.ends_with("_ref") || key.ends_with("_refs"))
}

/// Why a value is not compared.
#[derive(Clone, Copy)]
enum Complaint {
    /// It should be a timestamp.
    NoInstant,
    /// It is too long for the shape or expression.
    TooLong,
}

impl Complaint {
    fn finding(self, path: &ObjectPath, seen: Seen<'_>) -> Finding {
        let value: String = match seen {
            Seen::Json(Value::String(text)) => text.chars().take(80).collect(),
            _ => String::new(),
        };
        let (code, message) = match self {
            Self::NoInstant => (
                "observed-timestamp",
                format!(
                    "the pattern compares `{path}` with a timestamp, and the observed `{value}` is none; mend the \
                     observed data or compare with a string (STIX 2.1, 2.16 and 9.6.1)"
                ),
            ),
            Self::TooLong => (
                "observed-too-long",
                format!(
                    "what was observed at `{path}` is too long for this LIKE or MATCHES and was not compared"
                ),
            ),
        };
        Finding::error(code, path.to_string(), message)
    }
}

/// Types that no pattern is about: their objects describe, they are not observed.
///
/// Source: STIX 2.1, section 9.7: an object path begins with the type of a cyber-observable.
fn is_domain_object(object_type: &str) -> bool {
    matches!(
        object_type,
        "attack-pattern"
            | "bundle"
            | "campaign"
            | "course-of-action"
            | "extension-definition"
            | "grouping"
            | "identity"
            | "incident"
            | "indicator"
            | "infrastructure"
            | "intrusion-set"
            | "language-content"
            | "location"
            | "malware"
            | "malware-analysis"
            | "marking-definition"
            | "note"
            | "observed-data"
            | "opinion"
            | "relationship"
            | "report"
            | "sighting"
            | "threat-actor"
            | "tool"
            | "vulnerability"
    )
}

fn want(path: &ObjectPath, operator: Operator, values: &[Literal]) -> Result<Want, CompileError> {
    let mut constants: Vec<Constant> = values.iter().map(Constant::new).collect();
    if operator == Operator::In {
        if constants.windows(2).any(|pair| pair[0].kind() != pair[1].kind()) {
            return Err(CompileError::MixedSet { path: path.to_string() });
        }
        return Ok(Want::In(constants));
    }
    // The parser gives every other operator one constant.
    let constant = constants.pop().unwrap_or(Constant::Boolean(false));
    let text = match &constant {
        Constant::Text(text) => &**text,
        _ => "",
    };
    Ok(match operator {
        Operator::Equal | Operator::In => Want::Equal(constant),
        Operator::NotEqual => Want::NotEqual(constant),
        Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
            Want::Order(operator, constant)
        }
        Operator::Like => Want::Like(Like::new(text)),
        Operator::Matches => Want::Matches(Expression::new(text)?),
        Operator::IsSubset | Operator::IsSuperset => {
            let net = network(text).ok_or_else(|| CompileError::Network { text: text.to_owned() })?;
            if operator == Operator::IsSubset { Want::Subset(net) } else { Want::Superset(net) }
        }
    })
}

/// An address, or a block whose host bits may be set: they are cut off.
fn network(text: &str) -> Option<IpNet> {
    let net = text.parse::<IpNet>().ok();
    let net = net.or_else(|| text.parse::<std::net::IpAddr>().ok().map(IpNet::from))?;
    Some(net.trunc())
}

impl Want {
    /// How much a byte of text costs.
    fn weight(&self) -> usize {
        match self {
            Self::Like(like) => like.weight(),
            Self::Matches(expression) => expression.weight(),
            _ => 1,
        }
    }

    /// Whether a value is as wanted, or is not if `negated`.
    fn accepts(&self, seen: Seen<'_>, negated: bool, complain: impl FnOnce(Complaint)) -> bool {
        let text = match seen {
            Seen::Json(Value::String(text)) => Some(text.as_str()),
            _ => None,
        };
        let bytes = match seen {
            Seen::Json(Value::String(text)) => text.len(),
            Seen::Bytes(bytes) => bytes.len(),
            Seen::Json(_) => 0,
        };
        let holds = match self {
            Self::Exists => true,
            Self::Equal(constant) | Self::NotEqual(constant) => match relate(seen, constant) {
                Relation::NoInstant => {
                    complain(Complaint::NoInstant);
                    return false;
                }
                relation => relation.is_equal() != matches!(self, Self::NotEqual(_)),
            },
            Self::Order(operator, constant) => match relate(seen, constant) {
                Relation::Ordered(order) => in_order(*operator, order),
                // Neither `a < b` nor its negation holds between kinds that are not compared.
                Relation::Incomparable | Relation::Unordered(_) | Relation::NoBytes => return false,
                Relation::NoInstant => {
                    complain(Complaint::NoInstant);
                    return false;
                }
            },
            Self::In(constants) => {
                let mut relations = constants.iter().map(|constant| relate(seen, constant)).peekable();
                if relations.peek() == Some(&Relation::NoInstant) {
                    complain(Complaint::NoInstant);
                    return false;
                }
                relations.any(Relation::is_equal)
            }
            Self::Like(_) | Self::Matches(_) if bytes.saturating_mul(self.weight()) > SCAN_STEPS_MAX => {
                complain(Complaint::TooLong);
                return false;
            }
            Self::Like(like) => match (seen, text) {
                (_, Some(text)) => like.fits(text),
                (Seen::Bytes(bytes), None) => like.fits_bytes(bytes),
                _ => false,
            },
            Self::Matches(expression) => match (seen, text) {
                (_, Some(text)) => expression.finds(text),
                (Seen::Bytes(bytes), None) => expression.finds_bytes(bytes),
                _ => false,
            },
            Self::Subset(net) => text.and_then(network).is_some_and(|value| net.contains(&value)),
            Self::Superset(net) => text.and_then(network).is_some_and(|value| value.contains(net)),
        };
        holds != negated
    }
}

fn in_order(operator: Operator, order: Ordering) -> bool {
    match operator {
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        _ => order.is_ge(),
    }
}

/// One observation, looked at.
pub(super) struct Look<'o, 'f> {
    pub(super) observations: &'o Observations,
    pub(super) observation: usize,
    pub(super) findings: &'f mut Findings,
}

impl Look<'_, '_> {
    /// Whether `accepts` takes one of the values that `path` leads to from `root`.
    pub(super) fn any(
        &mut self,
        path: &ObjectPath,
        forks: bool,
        root: u32,
        accepts: impl FnMut(Seen<'_>, &mut Findings) -> bool,
    ) -> bool {
        let mut walk = Walk { path, look: self, seen: forks.then(HashSet::new), accepts };
        walk.object(root, 0)
    }
}

/// How a binary property is written.
type Decode = fn(&str) -> Option<Vec<u8>>;

struct Walk<'p, 'w, 'o, 'f, A> {
    path: &'p ObjectPath,
    look: &'w mut Look<'o, 'f>,
    /// The observables that were entered, each with the step at which.
    seen: Option<HashSet<(u32, usize)>>,
    accepts: A,
}

impl<A: FnMut(Seen<'_>, &mut Findings) -> bool> Walk<'_, '_, '_, '_, A> {
    fn object(&mut self, at: u32, step: usize) -> bool {
        if self.seen.as_mut().is_some_and(|seen| !seen.insert((at, step))) {
            return false;
        }
        // The observations outlive the walk, so what they lend does not hold on to it.
        let observations = self.look.observations;
        let Some(object) = observations.object(at) else { return false };
        match self.path.steps.get(step) {
            Some(Step::Key(key)) => object.get(key).is_some_and(|value| self.value(value, step + 1)),
            _ => false,
        }
    }

    /// Goes on from `value`, which the steps before `step` have led to.
    fn value(&mut self, value: &Value, step: usize) -> bool {
        let Some(next) = self.path.steps.get(step) else { return self.arrived(value, step) };
        match (next, value) {
            (_, Value::String(name)) if self.through_reference(step) => {
                match self.look.observations.resolve(self.look.observation, name) {
                    Some(at) => self.object(at, step),
                    None => false,
                }
            }
            (Step::Key(key), Value::Object(object)) => {
                object.get(key).is_some_and(|value| self.value(value, step + 1))
            }
            (Step::Index(index), Value::Array(list)) => usize::try_from(*index)
                .ok()
                .and_then(|index| list.get(index))
                .is_some_and(|value| self.value(value, step + 1)),
            (Step::Any, Value::Array(list)) => list.iter().any(|value| self.value(value, step + 1)),
            _ => false,
        }
    }

    /// Whether the step before is a reference (`x_ref`) or an element of a list of them (`x_refs[…]`).
    fn through_reference(&self, step: usize) -> bool {
        let steps = &self.path.steps;
        let key = |at: usize, ending: &str| {
            at.checked_sub(1)
                .and_then(|at| steps.get(at))
                .is_some_and(|step| matches!(step, Step::Key(key) if key.ends_with(ending)))
        };
        key(step, "_ref")
            || matches!(steps.get(step.wrapping_sub(1)), Some(Step::Any | Step::Index(_)))
                && key(step - 1, "_refs")
    }

    /// The end of the path. Names that end in `_hex` and `_bin` hold binary values.
    fn arrived(&mut self, value: &Value, step: usize) -> bool {
        let decode: Option<Decode> = match self.path.steps.get(step - 1) {
            Some(Step::Key(key)) if key.ends_with("_hex") => Some(hex),
            Some(Step::Key(key)) if key.ends_with("_bin") => Some(base64),
            _ => None,
        };
        let (Some(decode), Value::String(text)) = (decode, value) else {
            return (self.accepts)(Seen::Json(value), self.look.findings);
        };
        match decode(text) {
            Some(bytes) => (self.accepts)(Seen::Bytes(&bytes), self.look.findings),
            None => {
                let path = self.path;
                self.look.findings.push(|| {
                    let message = format!(
                        "`{path}` holds a binary value by its name, and what was observed can't be decoded"
                    );
                    Finding::error("observed-binary", path.to_string(), message)
                });
                false
            }
        }
    }
}
