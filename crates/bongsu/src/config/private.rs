//! Private screening: what can be asked for, how much of it, and how long keys last.

use crate::exit::Failure;
use deliver::private::{Epochs, Settings};
use serde::Deserialize;
use std::collections::BTreeSet;
use watch::Kind;
use watch::private::ELEMENTS_MAX;

/// Private screening.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Private {
    /// Whether it is offered.
    pub enabled: bool,
    /// The kinds of values that can be asked for, by their names; all that can be screened if none is named.
    pub kinds: Vec<String>,
    /// Days after which a new key is taken.
    pub rotate_days: u32,
    /// Days for which the old key answers still.
    pub overlap_days: u32,
    /// Elements that a member may have evaluated at once, after a pause.
    pub burst: u32,
    /// Elements that a member may have evaluated in an hour, in the long run.
    pub per_hour: u32,
    /// Most values of one member's filter.
    pub values_max: usize,
}

impl Default for Private {
    fn default() -> Self {
        Self {
            enabled: true,
            kinds: Vec::new(),
            rotate_days: 30,
            overlap_days: 7,
            burst: 10_000,
            per_hour: 10_000,
            values_max: 2_000_000,
        }
    }
}

impl Private {
    fn kinds(&self) -> Result<BTreeSet<Kind>, Failure> {
        if self.kinds.is_empty() {
            return Ok(Kind::ALL.into_iter().filter(|kind| kind.screens()).collect());
        }
        let kinds = self.kinds.iter().map(|name| name.parse::<Kind>());
        kinds.collect::<Result<_, _>>().map_err(|error| Failure::usage(format!("private.kinds: {error}")))
    }

    /// What it means.
    ///
    /// # Errors
    /// When a kind is none.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        Ok(Settings {
            kinds: self.kinds()?,
            epochs: Epochs { rotate_days: self.rotate_days, overlap_days: self.overlap_days },
            burst: self.burst,
            per_hour: self.per_hour,
            values_max: self.values_max,
        })
    }

    pub(super) fn check(&self) -> Result<(), Failure> {
        self.kinds()?;
        let least = ELEMENTS_MAX as u64;
        match () {
            () if !(1..=365).contains(&self.rotate_days) => Err(Failure::usage(format!(
                "private.rotate_days is {}: name 1 to 365 days",
                self.rotate_days
            ))),
            () if self.overlap_days > self.rotate_days => Err(Failure::usage(format!(
                "private.overlap_days is {}, more than private.rotate_days: one key answers beside the newest",
                self.overlap_days
            ))),
            () if u64::from(self.burst) < least => Err(Failure::usage(format!(
                "private.burst is {}, but one question has up to {least} elements: it would never be answered",
                self.burst
            ))),
            () if self.per_hour == 0 => {
                Err(Failure::usage("private.per_hour is 0: nothing would ever be answered")
                    .hint("set private.enabled = false if nobody is to ask"))
            }
            () => Ok(()),
        }
    }
}
