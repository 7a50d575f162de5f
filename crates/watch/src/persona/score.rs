//! Reasons, and the sum that they make.
//!
//! The points of all reasons are added up twice: by family of signs, each family up to its cap, and by source, each source up to
//! its own; the lower sum is the score, at most 100. Both sums only grow with more reasons, and each cap lies below the threshold, so
//! that neither one kind of sign nor one source crosses it alone (rule W-3). Whoever has the reasons and the weights gets the same score.

use std::collections::BTreeMap;
use std::fmt;

use stix::{ObjectId, Timestamp};

use super::contest::Contest;
use super::sign::{Family, Sign};
use super::weights::Weights;

/// The source of what an employer's own record shows.
pub(super) const EMPLOYER: &str = "the employer";
/// Most points of an outcome.
const SCORE_MAX: u32 = 100;

/// Who says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// A member, an identity, or the employer.
    pub who: String,
    /// The object that says it; none if the application itself shows it.
    pub object: Option<ObjectId>,
    /// Where this kind of sign was published.
    pub from: String,
}

/// What matched what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matched {
    /// What the application has.
    pub given: String,
    /// What is known.
    pub known: String,
    /// How they are alike.
    pub how: String,
}

/// One reason of an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The sign.
    pub sign: Sign,
    /// Points of the sign in the file of weights.
    pub weight: u32,
    /// How strong it is here, in percent.
    pub percent: u32,
    /// Points that it counts: weight by strength, rounded down; none while it is contested.
    pub points: u32,
    /// What matched what.
    pub matched: Matched,
    /// The persona and its name, if it is about one.
    pub persona: Option<(ObjectId, String)>,
    /// Who says it.
    pub source: Source,
    /// When it was said or seen.
    pub date: Timestamp,
    /// From when on it counts no more.
    pub expiry: Timestamp,
    /// The open contest because of which it counts nothing.
    pub contested: Option<Contest>,
}

/// The points that reasons make together, 0 to 100.
#[must_use]
pub fn score(reasons: &[Reason], weights: &Weights) -> u32 {
    let mut families: BTreeMap<Family, u32> = BTreeMap::new();
    let mut sources: BTreeMap<&str, u32> = BTreeMap::new();
    for reason in reasons {
        let family = families.entry(reason.sign.family()).or_default();
        *family = family.saturating_add(reason.points);
        let source = sources.entry(reason.source.who.as_str()).or_default();
        *source = source.saturating_add(reason.points);
    }
    let by_family: u32 = families.into_iter().map(|(family, points)| points.min(weights.cap(family))).sum();
    let by_source: u32 = sources.into_values().map(|points| points.min(weights.one_source_max)).sum();
    by_family.min(by_source).min(SCORE_MAX)
}

/// What a score says, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// Nothing to look at.
    Nothing,
    /// Something is worth a look.
    Look,
    /// Somebody should look again before a contract is signed.
    Review,
}

impl Word {
    /// The word for a score.
    #[must_use]
    pub const fn of(score: u32, weights: &Weights) -> Self {
        match score {
            score if score >= weights.threshold => Self::Review,
            score if score >= weights.look => Self::Look,
            _ => Self::Nothing,
        }
    }

    /// Its stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Look => "look",
            Self::Review => "review",
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Micros of a day.
const DAY_MICROS: i64 = 86_400_000_000;

/// What a reason is made from.
pub(super) struct Draft {
    pub(super) sign: Sign,
    pub(super) percent: u32,
    pub(super) matched: Matched,
    pub(super) persona: Option<(ObjectId, String)>,
    pub(super) who: String,
    pub(super) object: Option<ObjectId>,
    pub(super) date: Timestamp,
    /// When the one who said it says that it ends.
    pub(super) until: Option<Timestamp>,
    pub(super) contested: Option<Contest>,
}

impl Draft {
    /// The reason at `now`; `None` if it holds no more. A date in the future counts as now.
    pub(super) fn reason(self, weights: &Weights, now: Timestamp) -> Option<Reason> {
        let date = self.date.min(now);
        let lifetime = i64::from(weights.days(self.sign)) * DAY_MICROS;
        let expiry = Timestamp::from_micros(date.micros().saturating_add(lifetime));
        let expiry = self.until.map_or(expiry, |until| until.min(expiry));
        let weight = weights.points(self.sign);
        let points = if self.contested.is_some() { 0 } else { weight * self.percent.min(100) / 100 };
        (now < expiry && weight > 0).then(|| Reason {
            sign: self.sign,
            weight,
            percent: self.percent.min(100),
            points,
            matched: self.matched,
            persona: self.persona,
            source: Source { who: self.who, object: self.object, from: weights.from(self.sign).to_owned() },
            date,
            expiry,
            contested: self.contested,
        })
    }
}
