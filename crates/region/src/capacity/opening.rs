//! Openings: a member lets others see where it is weak, and takes that back.
//!
//! A country's own weakness is seen by itself, and by those to whom it opened it: a member by name, or the members of a circle;
//! all of it, or some kinds of it; until a time, or until it is taken back. Each opening names the administrative act behind it. Two
//! kinds can't be opened: they follow from what the one who looks may not see.

use std::collections::BTreeSet;

use policy::{CircleId, MemberId};
use serde::{Deserialize, Serialize};
use stix::Timestamp;

use super::words::Language;
use crate::text::{self, TextError};

/// Longest name of an administrative act, in characters.
pub const ACT_CHARS_MAX: usize = 200;
/// Openings of one member that hold at a time.
pub const OPENINGS_MAX: usize = 1_000;

/// A kind of what is known of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The level that it uses, beside the one that it is offered.
    Level,
    /// How far its systems are behind.
    Lag,
    /// How it could be reached in drills and calls.
    Reach,
    /// Sightings that it returned. For itself alone: they may be of what others may not see.
    Sightings,
    /// How long it takes to take something down.
    Takedown,
    /// Its own assessment by SIM3.
    Sim3,
    /// What attacks pass through its country and networks.
    PassThrough,
}

impl Kind {
    /// Its name, for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Level => "level",
            Self::Lag => "lag",
            Self::Reach => "reach",
            Self::Sightings => "sightings",
            Self::Takedown => "takedown",
            Self::Sim3 => "sim3",
            Self::PassThrough => "pass-through",
        }
    }

    /// In words.
    #[must_use]
    pub const fn words(self, language: Language) -> &'static str {
        language.pick(match self {
            Self::Level => ("level in use", "실제 사용 단계"),
            Self::Lag => ("lag", "지연"),
            Self::Reach => ("reachability", "연락 가능성"),
            Self::Sightings => ("sightings returned", "발견 보고"),
            Self::Takedown => ("time to takedown", "차단 조치 시간"),
            Self::Sim3 => ("own assessment (SIM3 v1)", "자체 평가 (SIM3 v1)"),
            Self::PassThrough => ("what attacks pass through", "공격 경유"),
        })
    }
}

/// To whom something is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// A member.
    Member(MemberId),
    /// Whoever gets what is shared in a circle, as long as both are in it.
    Circle(CircleId),
}

/// What a member opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Opening {
    /// Whose it is.
    pub owner: MemberId,
    /// To whom.
    pub to: Target,
    /// What; all of it, if nothing is named.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub kinds: BTreeSet<Kind>,
    /// Until when, exclusive; without it until it is taken back.
    #[serde(default, with = "instant_option", skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The administrative act behind it, such as the number of a memorandum.
    pub act: String,
}

mod instant_option {
    use serde::{Deserialize, Deserializer, Serialize as _, Serializer};
    use stix::Timestamp;

    #[derive(serde::Serialize, Deserialize)]
    struct At(#[serde(with = "crate::instant")] Timestamp);

    #[expect(clippy::ref_option, reason = "serde hands the field over so")]
    pub(super) fn serialize<S: Serializer>(at: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
        at.map(At).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<At>::deserialize(from)?.map(|At(at)| at))
    }
}

/// Why something can't be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpeningError {
    /// The act.
    #[error(transparent)]
    Text(#[from] TextError),
    /// The owner itself.
    #[error("what is one's own need not be opened to oneself")]
    Oneself,
    /// A kind that follows from what others may not see.
    #[error("sightings can't be opened: they may be of what the one who looks may not see")]
    Sightings,
}

impl Opening {
    /// Whether it can be.
    ///
    /// # Errors
    /// [`OpeningError`].
    pub fn check(&self) -> Result<(), OpeningError> {
        text::line("an administrative act", &self.act, ACT_CHARS_MAX)?;
        match (self.to == Target::Member(self.owner), self.kinds.contains(&Kind::Sightings)) {
            (true, _) => Err(OpeningError::Oneself),
            (_, true) => Err(OpeningError::Sightings),
            _ => Ok(()),
        }
    }

    /// Whether it is about a kind.
    #[must_use]
    pub fn is_about(&self, kind: Kind) -> bool {
        kind != Kind::Sightings && (self.kinds.is_empty() || self.kinds.contains(&kind))
    }
}

/// An opening, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its number, from 1.
    pub number: u64,
    /// What was opened.
    pub opening: Opening,
    /// When.
    pub at: Timestamp,
    /// When it was taken back, and by which act.
    pub withdrawn: Option<(Timestamp, String)>,
}

impl Kept {
    /// Whether it holds at `now`.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.withdrawn.is_none() && self.opening.until.is_none_or(|until| now < until)
    }
}
