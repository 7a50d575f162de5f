//! The weights: a readable file, built in and replaceable, checked so that its promises hold.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::sign::{Family, Sign};

/// The weights that are built in, with the reasons for them.
pub const WEIGHTS: &str = include_str!("weights.toml");
/// Most bytes of a file of weights.
pub const WEIGHTS_BYTES_MAX: usize = 256 * 1024;
/// Most labels or names of programs.
const WORDS_MAX: usize = 1_000;
/// Most days for which a sign holds.
const DAYS_MAX: u32 = 36_500;

/// What one sign counts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weight {
    /// Points, 0 to 100.
    pub points: u32,
    /// Days for which it holds after it was said.
    pub days: u32,
    /// Where it was published.
    pub from: String,
}

/// All that a score depends on beside the application and the personas.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// From so many points on, a person should look again.
    pub threshold: u32,
    /// From so many points on, something is worth a look.
    pub look: u32,
    /// Most points that one source can count.
    pub one_source_max: u32,
    /// How alike two names must be, in percent.
    pub name_percent: u32,
    /// How alike two texts must be, in percent.
    pub text_percent: u32,
    /// In how many of 64 bits two perceptual hashes may differ.
    pub picture_bits: u32,
    /// How many countries of log-ins count.
    pub log_in_countries: usize,
    /// Within how many hours.
    pub log_in_hours: u32,
    /// How many hours a time zone may be off.
    pub time_zone_hours: u32,
    /// Labels of objects that describe personas.
    pub labels: Vec<String>,
    /// Programs for remote control, in lower case.
    pub remote_desktop: Vec<String>,
    /// Devices for keyboard and screen over the network, in lower case.
    pub kvm_over_ip: Vec<String>,
    /// Most points that a family counts.
    pub families: BTreeMap<Family, u32>,
    /// What each sign counts.
    pub signs: BTreeMap<Sign, Weight>,
}

/// Why a file of weights can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// It is longer than [`WEIGHTS_BYTES_MAX`].
    #[error("the file of weights has {size_bytes} bytes; {WEIGHTS_BYTES_MAX} are read")]
    TooLarge {
        /// Its size.
        size_bytes: usize,
    },
    /// It is no TOML, or a key is missing, unknown or no number.
    #[error("not a file of weights: {0}")]
    Form(String),
    /// A number breaks what the file promises.
    #[error("{name} is {value}; it must be {must}")]
    OutOfRange {
        /// The key.
        name: String,
        /// What it says.
        value: u64,
        /// What it may be.
        must: String,
    },
}

impl Default for Weights {
    fn default() -> Self {
        #[expect(clippy::expect_used, reason = "a test reads what is built in")]
        Self::parse(WEIGHTS).expect("the weights that are built in are well formed")
    }
}

impl Weights {
    /// Reads a file of weights (TOML).
    ///
    /// # Errors
    /// [`WeightsError`]; also when one source or one family alone could cross the threshold (rule W-3).
    pub fn parse(text: &str) -> Result<Self, WeightsError> {
        if text.len() > WEIGHTS_BYTES_MAX {
            return Err(WeightsError::TooLarge { size_bytes: text.len() });
        }
        let weights: Self =
            toml::from_str(text).map_err(|error| WeightsError::Form(error.to_string().trim().to_owned()))?;
        weights.checked()
    }

    fn checked(self) -> Result<Self, WeightsError> {
        let below = |name: &str, value: u32, least: u32, most: u32| match (least..=most).contains(&value) {
            true => Ok(()),
            false => Err(WeightsError::OutOfRange {
                name: name.to_owned(),
                value: value.into(),
                must: format!("{least} to {most}"),
            }),
        };
        below("threshold", self.threshold, 2, 100)?;
        let under = self.threshold - 1;
        below("look", self.look, 1, under)?;
        below("one_source_max", self.one_source_max, 0, under)?;
        below("name_percent", self.name_percent, 1, 100)?;
        below("text_percent", self.text_percent, 1, 100)?;
        below("picture_bits", self.picture_bits, 0, 32)?;
        below("log_in_hours", self.log_in_hours, 1, 8_760)?;
        below("time_zone_hours", self.time_zone_hours, 0, 24)?;
        below("log_in_countries", u32::try_from(self.log_in_countries).unwrap_or(u32::MAX), 2, 100)?;
        for (name, words) in [
            ("labels", &self.labels),
            ("remote_desktop", &self.remote_desktop),
            ("kvm_over_ip", &self.kvm_over_ip),
        ] {
            let count = u32::try_from(words.len()).unwrap_or(u32::MAX);
            below(&format!("the number of {name}"), count, 0, WORDS_MAX as u32)?;
        }
        for family in Family::ALL {
            let name = format!("families.{}", family.code());
            let cap = self.families.get(&family);
            below(&name, *cap.ok_or_else(|| WeightsError::Form(format!("{name} is missing")))?, 0, under)?;
        }
        for sign in Sign::ALL {
            let name = format!("signs.{}", sign.code());
            let weight = self.signs.get(sign);
            let weight = weight.ok_or_else(|| WeightsError::Form(format!("{name} is missing")))?;
            below(&format!("{name}.points"), weight.points, 0, 100)?;
            below(&format!("{name}.days"), weight.days, 0, DAYS_MAX)?;
        }
        Ok(self)
    }

    /// Points of a sign.
    pub(super) fn points(&self, sign: Sign) -> u32 {
        self.signs.get(&sign).map_or(0, |weight| weight.points)
    }

    /// Days for which a sign holds.
    pub(super) fn days(&self, sign: Sign) -> u32 {
        self.signs.get(&sign).map_or(0, |weight| weight.days)
    }

    /// Where a sign was published.
    pub(super) fn from(&self, sign: Sign) -> &str {
        self.signs.get(&sign).map_or("", |weight| weight.from.as_str())
    }

    /// Most points of a family.
    pub(super) fn cap(&self, family: Family) -> u32 {
        self.families.get(&family).copied().unwrap_or(0)
    }
}
