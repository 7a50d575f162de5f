//! What a circle says of personal data: why it may be processed, of what kinds it is, who answers for it, and how long it is kept.
//!
//! Source: Regulation (EU) 2016/679 (GDPR), articles 5 (1)(e), 6 and 30 (1); the words fit other laws that ask the same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stix::Timestamp;

/// Most days that a retention may say.
pub const DAYS_MAX: u32 = 36_500;
/// Most characters of each text.
pub const TEXT_MAX: usize = 2_000;
/// Most kinds of data, and most types with a retention of their own.
pub const KINDS_MAX: usize = 100;

const DAY_US: i64 = 86_400_000_000;

/// What a circle says of personal data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Privacy {
    /// Why it may be processed, in words; empty as long as nobody has said.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub legal_basis: String,
    /// The same as a reference, such as `GDPR 6(1)(e)`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub basis_reference: String,
    /// Which kinds of personal data the circle carries, and of whom.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub data_kinds: Vec<String>,
    /// Who answers for the processing, with an address at which it is reached.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub controller: String,
    /// How long objects are kept.
    #[serde(skip_serializing_if = "Retention::is_endless")]
    pub retention: Retention,
}

impl Privacy {
    /// What it says, in sentences for people and for programs that show one text; empty if it says nothing.
    #[must_use]
    pub fn sentences(&self) -> String {
        if self.is_silent() {
            return String::new();
        }
        let basis = match (self.legal_basis.is_empty(), self.basis_reference.is_empty()) {
            (true, true) => String::new(),
            (true, false) => self.basis_reference.clone(),
            (false, true) => self.legal_basis.clone(),
            (false, false) => format!("{} ({})", self.legal_basis, self.basis_reference),
        };
        let said = [
            ("Legal basis", basis),
            ("Personal data", self.data_kinds.join(", ")),
            ("Controller", self.controller.clone()),
            ("Kept", self.retention.in_words()),
        ];
        let said = said.into_iter().filter(|(_, text)| !text.is_empty());
        said.map(|(name, text)| format!("{name}: {text}.")).collect::<Vec<_>>().join(" ")
    }

    /// Whether nothing was said.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        *self == Self::default()
    }
}

/// How long objects are kept, in days from the arrival of their last version; then they are withdrawn and erased.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Retention {
    /// All objects whose type is not named; `None` for as long as the circle is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// Objects of these STIX types; `None` for as long as the circle is there.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub by_type: BTreeMap<String, Option<u32>>,
}

impl Retention {
    /// Whether everything is kept.
    #[must_use]
    pub fn is_endless(&self) -> bool {
        self.days.is_none() && self.by_type.values().all(Option::is_none)
    }

    /// Such as `180 days, indicator as long as the circle is there`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let term = |days: Option<u32>| match days {
            None => "as long as the circle is there".to_owned(),
            Some(1) => "1 day".to_owned(),
            Some(days) => format!("{days} days"),
        };
        let types = self.by_type.iter().map(|(object_type, days)| format!("{object_type} {}", term(*days)));
        std::iter::once(term(self.days)).chain(types).collect::<Vec<_>>().join(", ")
    }

    /// How long objects of a type are kept; `None` for as long as the circle is there.
    #[must_use]
    pub fn days_of(&self, object_type: &str) -> Option<u32> {
        self.by_type.get(object_type).copied().unwrap_or(self.days)
    }

    /// Whether an object of a type, whose last version arrived at a time, has been kept long enough at `now`.
    #[must_use]
    pub fn is_over(&self, object_type: &str, arrived: Timestamp, now: Timestamp) -> bool {
        let kept_us = |days: u32| i64::from(days).saturating_mul(DAY_US);
        let ends = |days| arrived.micros().saturating_add(kept_us(days));
        self.days_of(object_type).is_some_and(|days| ends(days) <= now.micros())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_with_a_term_of_its_own_goes_by_that_and_others_by_the_circles() {
        let retention = Retention {
            days: Some(10),
            by_type: BTreeMap::from([("identity".to_owned(), Some(2)), ("indicator".to_owned(), None)]),
        };
        let day = |day: i64| Timestamp::from_micros(day * DAY_US);
        assert!(!retention.is_over("identity", day(1), Timestamp::from_micros(3 * DAY_US - 1)));
        assert!(retention.is_over("identity", day(1), day(3)));
        assert!(!retention.is_over("malware", day(1), day(10)));
        assert!(retention.is_over("malware", day(1), day(11)));
        assert!(!retention.is_over("indicator", day(1), day(36_500)));
        assert!(!Retention::default().is_over("identity", day(1), day(36_500)));
    }

    #[test]
    fn what_was_written_before_circles_said_anything_says_nothing() {
        let privacy: Privacy = serde_json::from_str("{}").unwrap();
        assert!(privacy.is_silent());
        assert_eq!(serde_json::to_string(&privacy).unwrap(), "{}");
    }
}
