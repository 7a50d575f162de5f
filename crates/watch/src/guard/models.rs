//! Which decay counts for which kind of value: ours, or one that an operator has chosen.
//!
//! A model can be one of MISP's decaying models, read from the JSON in which MISP exports it. Of that, `lifetime`,
//! `decay_speed`, `threshold` and `default_base_score` count. `base_score_config` weighs MISP's tags, which STIX does not
//! have: the confidence that an indicator states stands in its place.
//!
//! Source: MISP's decaying models (`app/files/misp-decaying-models`), and the paper named in `decay.rs`.

use std::ops::RangeInclusive;
use std::sync::Arc;

use serde::Deserialize;

use super::decay::{CONFIDENCE_UNSTATED, Decay};
use crate::value::Kind;

/// Days of a lifetime: an hour to a century.
pub const LIFETIME_DAYS: RangeInclusive<f64> = 0.04..=36_500.0;
/// Speeds of decay.
pub const DECAY: RangeInclusive<f64> = 0.01..=100.0;
/// Most bytes of a MISP model.
pub const MODEL_BYTES_MAX: usize = 1024 * 1024;

const OURS: &str = "built in";

/// Why a model can't be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// It is longer than [`MODEL_BYTES_MAX`].
    #[error("the model has {size_bytes} bytes; {MODEL_BYTES_MAX} are read")]
    TooLarge {
        /// Its size.
        size_bytes: usize,
    },
    /// It is no MISP decaying model.
    #[error("not a MISP decaying model: {0}")]
    Form(String),
    /// A formula that is not computed here.
    #[error("the formula `{0}` is not known; `polynomial` is")]
    Formula(String),
    /// A parameter that makes no sense.
    #[error("{name} is {value}; it must be {} to {}", range.start(), range.end())]
    OutOfRange {
        /// The parameter.
        name: &'static str,
        /// What it says.
        value: f64,
        /// What it may be.
        range: RangeInclusive<f64>,
    },
}

/// Named models, one for each kind of value.
#[derive(Debug, Clone, PartialEq)]
pub struct Models {
    of: [(Arc<str>, Decay); Kind::ALL.len()],
}

impl Default for Models {
    fn default() -> Self {
        let ours: Arc<str> = OURS.into();
        Self { of: Kind::ALL.map(|kind| (Arc::clone(&ours), Decay::of(kind))) }
    }
}

impl Models {
    /// The model of a kind, by name and parameters.
    #[must_use]
    pub fn of(&self, kind: Kind) -> (&str, Decay) {
        // Kinds are numbered in the order of `Kind::ALL`.
        let (name, decay) = &self.of[kind as usize];
        (name, *decay)
    }

    /// Sets the model of a kind.
    ///
    /// # Errors
    /// [`ModelError::OutOfRange`]; then the kind keeps its model.
    pub fn set(&mut self, kind: Kind, name: &str, decay: Decay) -> Result<(), ModelError> {
        let checks = [
            ("lifetime_days", decay.lifetime_days, LIFETIME_DAYS),
            ("decay", decay.decay, DECAY),
            ("threshold", f64::from(decay.threshold), 0.0..=100.0),
            ("unstated", f64::from(decay.unstated), 0.0..=100.0),
        ];
        for (name, value, range) in checks {
            if !range.contains(&value) {
                return Err(ModelError::OutOfRange { name, value, range });
            }
        }
        self.of[kind as usize] = (name.into(), decay);
        Ok(())
    }
}

#[derive(Deserialize)]
struct Wire {
    name: String,
    #[serde(default)]
    formula: Option<String>,
    parameters: Parameters,
}

/// MISP writes the parameters as an object, and its database's text of one in some exports.
#[derive(Deserialize)]
#[serde(untagged)]
enum Parameters {
    Object(Wanted),
    Text(String),
}

#[derive(Deserialize)]
struct Wanted {
    lifetime: Number,
    decay_speed: Number,
    #[serde(default)]
    threshold: Option<Number>,
    #[serde(default)]
    default_base_score: Option<Number>,
}

/// A number, or a text of one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Number(f64),
    Text(String),
}

impl Number {
    fn value(&self) -> Result<f64, ModelError> {
        match self {
            Self::Number(number) => Ok(*number),
            Self::Text(text) => {
                text.trim().parse().map_err(|_| ModelError::Form(format!("`{text}` is no number")))
            }
        }
    }
}

/// Reads a MISP decaying model: its name and what of it counts here.
///
/// # Errors
/// [`ModelError`].
pub fn from_misp(json: &str) -> Result<(String, Decay), ModelError> {
    if json.len() > MODEL_BYTES_MAX {
        return Err(ModelError::TooLarge { size_bytes: json.len() });
    }
    let form = |error: serde_json::Error| ModelError::Form(error.to_string());
    let wire: Wire = serde_json::from_str(json).map_err(form)?;
    let known = |formula: &&String| !formula.eq_ignore_ascii_case("polynomial") && !formula.is_empty();
    if let Some(formula) = wire.formula.as_ref().filter(known) {
        return Err(ModelError::Formula(formula.clone()));
    }
    let wanted = match wire.parameters {
        Parameters::Object(wanted) => wanted,
        Parameters::Text(text) => serde_json::from_str(&text).map_err(form)?,
    };
    let percent = |name, number: Option<&Number>, unset: u8| -> Result<u8, ModelError> {
        let Some(number) = number else { return Ok(unset) };
        let (value, range) = (number.value()?, 0.0..=100.0);
        if !range.contains(&value) {
            return Err(ModelError::OutOfRange { name, value, range });
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is 0 to 100")]
        Ok(value.round() as u8)
    };
    let decay = Decay {
        lifetime_days: wanted.lifetime.value()?,
        decay: wanted.decay_speed.value()?,
        threshold: percent("threshold", wanted.threshold.as_ref(), 0)?,
        unstated: percent("default_base_score", wanted.default_base_score.as_ref(), CONFIDENCE_UNSTATED)?,
    };
    Models::default().set(Kind::Domain, &wire.name, decay)?;
    Ok((wire.name, decay))
}
