//! The terms under which a member shares something in a circle.
//!
//! Terms can only be stricter than the circle's own rules. They are kept beside each record as JSON in one canonical
//! form, so that equal terms are equal texts and records under them are one class.

use serde::{Deserialize, Serialize};
use stix::{Timestamp, Tlp};

use crate::circle::Onward;
use crate::member::MemberId;

/// Most recipients that terms may name.
pub const RECIPIENTS_MAX: usize = 10_000;

/// The terms of a submission to a circle. The default adds nothing to the circle's rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Terms {
    /// The object's ceiling in this circle: it counts as marked at least with this, so that nobody sees it who may not
    /// see such a mark.
    #[serde(with = "crate::stored::tlp_option", skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<Tlp>,
    /// Nobody but the originator gets it before this.
    #[serde(with = "crate::stored::time_option", skip_serializing_if = "Option::is_none")]
    pub embargo_until: Option<Timestamp>,
    /// Nobody gets it from this on.
    #[serde(with = "crate::stored::time_option", skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// How far receivers may pass it on, if that is less far than the circle's rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub onward: Option<Onward>,
    /// Whether the source is replaced by a pseudonym.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pseudonymise: bool,
    /// If not empty: only these members get it. What is marked TLP:RED goes to nobody who is not named here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<MemberId>,
}

/// Why a text is no terms.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TermsError {
    /// It has another form.
    #[error("the terms can't be read: {0}")]
    Form(#[from] serde_json::Error),
    /// They name too many recipients.
    #[error("the terms name {count} recipients; the limit is {RECIPIENTS_MAX}: make a circle for them")]
    TooManyRecipients {
        /// How many.
        count: usize,
    },
}

impl Terms {
    /// Reads the stored form.
    ///
    /// # Errors
    /// [`TermsError`]. A word that is not known is an error: terms that can't be kept must not be guessed.
    pub fn from_json(text: &str) -> Result<Self, TermsError> {
        // Serde would take a list for the fields in their order.
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text)?;
        let terms = Self::deserialize(serde_json::Value::Object(object))?;
        match terms.recipients.len() {
            count if count > RECIPIENTS_MAX => Err(TermsError::TooManyRecipients { count }),
            _ => Ok(terms),
        }
    }

    /// The stored form: keys sorted, defaults left out, recipients sorted and each once.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut canonical = self.clone();
        canonical.recipients.sort_unstable();
        canonical.recipients.dedup();
        // Fields stand in the order of their names.
        serde_json::to_string(&canonical).unwrap_or_default()
    }

    /// Whether they add nothing to the circle's rules.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn equal_terms_have_equal_texts() {
        let (a, b) = (MemberId::new(Uuid::from_u128(1)), MemberId::new(Uuid::from_u128(2)));
        let one = Terms { recipients: vec![b, a, b], ceiling: Some(Tlp::AmberStrict), ..Terms::default() };
        let two = Terms { recipients: vec![a, b], ceiling: Some(Tlp::AmberStrict), ..Terms::default() };
        assert_eq!(one.to_json(), two.to_json());
        assert_eq!(Terms::from_json(&two.to_json()).unwrap(), two);
        assert_eq!(Terms::default().to_json(), "{}");
        assert!(Terms::default().is_default() && !one.is_default());
    }

    #[test]
    fn terms_that_are_not_understood_are_refused() {
        for text in ["", "[]", r#"{"ceiling":"pink"}"#, r#"{"unknown":1}"#, r#"{"embargo_until":"soon"}"#] {
            assert!(Terms::from_json(text).is_err(), "{text}");
        }
        let many = Terms { recipients: vec![MemberId::NODE; RECIPIENTS_MAX + 1], ..Terms::default() };
        let text = serde_json::to_string(&many).unwrap();
        assert!(matches!(Terms::from_json(&text), Err(TermsError::TooManyRecipients { count: 10_001 })));
    }
}
