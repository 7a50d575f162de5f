//! What an indicator states of itself, whatever language its pattern is written in.
//!
//! Source: STIX 2.1, section 4.7.

use serde::Deserialize;
use stix::{Head, ObjectId, Timestamp};

/// The language of a pattern that names none: that of STIX 2.0, which had no other.
const STIX: &str = "stix";

/// An indicator that asks to be acted on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// Its pattern.
    pub pattern: String,
    /// The pattern's language, as in `pattern-type-ov`.
    pub pattern_type: String,
    /// Its name.
    pub name: Option<String>,
    /// Its confidence, 0 to 100, if it states one.
    pub confidence: Option<u8>,
    /// From when it holds.
    pub valid_from: Option<Timestamp>,
    /// Until when it holds; the instant itself is outside (rule L-3).
    pub valid_until: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Wire {
    pattern: Option<String>,
    pattern_type: Option<String>,
    valid_from: Option<String>,
    valid_until: Option<String>,
    confidence: Option<serde_json::Value>,
    name: Option<String>,
    #[serde(default)]
    revoked: bool,
    #[serde(default)]
    indicator_types: Vec<String>,
    #[serde(default)]
    labels: Vec<String>,
}

impl Stated {
    /// Reads an indicator. `None` for everything else, for revoked ones, for those without a pattern, and for those that say
    /// themselves that they are benign. A validity that can't be read counts as ended.
    #[must_use]
    pub fn read(raw: &str, head: &Head) -> Option<Self> {
        if head.revoked { None } else { Self::of(raw, &head.id) }
    }

    /// As [`Stated::read`], for an object whose head was read before: its text is read once.
    pub(crate) fn of(raw: &str, id: &ObjectId) -> Option<Self> {
        if id.object_type() != "indicator" {
            return None;
        }
        let wire = serde_json::from_str::<Wire>(raw).ok().filter(|wire| !wire.revoked)?;
        let benign = |words: &[String]| words.iter().any(|word| word == "benign");
        if benign(&wire.indicator_types) || benign(&wire.labels) {
            return None;
        }
        let time = |text: Option<String>| text.as_deref().map(Timestamp::parse).transpose().ok();
        let confidence =
            wire.confidence.and_then(|number| number.as_u64()).and_then(|number| u8::try_from(number).ok());
        Some(Self {
            pattern: wire.pattern?,
            pattern_type: wire.pattern_type.unwrap_or_else(|| STIX.to_owned()),
            name: wire.name,
            confidence: confidence.filter(|number| *number <= 100),
            valid_from: time(wire.valid_from)?,
            valid_until: time(wire.valid_until)?,
        })
    }

    /// Whether its pattern is one of STIX.
    #[must_use]
    pub fn is_stix(&self) -> bool {
        self.pattern_type == STIX
    }

    /// Whether it holds at `now`.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.valid_from.is_none_or(|from| from <= now) && self.valid_until.is_none_or(|until| now < until)
    }
}
