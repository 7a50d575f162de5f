//! The guard over what is blocked: warning lists, and how confidence fades.

use std::collections::BTreeMap;
use std::path::PathBuf;

use deliver::StepLimit;
use serde::Deserialize;
use watch::Kind;
use watch::guard::{self, Models};

use crate::exit::Failure;

/// The guard over what is blocked.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Guard {
    /// Folder with more warning lists, in the MISP warning-list form, beside the built-in ones. Read again when it changes.
    pub lists: Option<PathBuf>,
    /// Values that one member may always add to one circle in one window; 0 switches the limit of a step off.
    pub step_count_max: u32,
    /// If that is more: this many per cent of the indicators that the circle had before.
    pub step_percent_max: u32,
    /// Seconds of a window.
    pub step_window_s: u32,
    /// Lists that do not count.
    pub off: Vec<Off>,
    /// How values fade, by their kind.
    pub decay: BTreeMap<String, Decay>,
}

impl Default for Guard {
    fn default() -> Self {
        let StepLimit { count_max, percent_max, window_s } = StepLimit::default();
        Self {
            lists: None,
            step_count_max: count_max,
            step_percent_max: percent_max,
            step_window_s: window_s,
            off: Vec::new(),
            decay: BTreeMap::new(),
        }
    }
}

/// A list that does not count.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Off {
    /// Its title.
    pub list: String,
    /// Why, for those who look at it later.
    pub reason: String,
}

/// How values of a kind fade: a model from a file, or parameters in place of the built-in ones.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Decay {
    /// One of MISP's decaying models, as MISP exports it.
    pub model: Option<PathBuf>,
    /// After how many days nothing is left.
    pub lifetime_days: Option<f64>,
    /// Under 1: slowly at first. 1: evenly. Above 1: fast at first.
    pub decay: Option<f64>,
    /// Under what confidence a value counts for nobody, 0 to 100.
    pub threshold: Option<u8>,
    /// The confidence of an indicator that states none, 0 to 100.
    pub unstated: Option<u8>,
}

impl Decay {
    /// What of it is set, over the built-in parameters of a kind.
    pub(crate) fn over(&self, kind: Kind) -> guard::Decay {
        let built_in = guard::Decay::of(kind);
        guard::Decay {
            lifetime_days: self.lifetime_days.unwrap_or(built_in.lifetime_days),
            decay: self.decay.unwrap_or(built_in.decay),
            threshold: self.threshold.unwrap_or(built_in.threshold),
            unstated: self.unstated.unwrap_or(built_in.unstated),
        }
    }
}

impl Guard {
    /// The kinds with a model or parameters of their own.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = (Kind, &Decay)> {
        self.decay.iter().filter_map(|(name, decay)| Some((name.parse().ok()?, decay)))
    }

    /// How much one member may add at once.
    pub(crate) const fn step_limit(&self) -> StepLimit {
        StepLimit {
            count_max: self.step_count_max,
            percent_max: self.step_percent_max,
            window_s: self.step_window_s,
        }
    }

    pub(super) fn check(&self) -> Result<(), Failure> {
        for (name, decay) in &self.decay {
            let kind: Kind =
                name.parse().map_err(|error| Failure::usage(format!("guard.decay.{name}: {error}")))?;
            let is_set =
                decay.lifetime_days.or(decay.decay).is_some() || decay.threshold.or(decay.unstated).is_some();
            if decay.model.is_some() && is_set {
                return Err(Failure::usage(format!(
                    "guard.decay.{name} names a model and parameters: one of them would not count"
                ))
                .hint("name the model's file, or the parameters"));
            }
            let set = Models::default().set(kind, "configured", decay.over(kind));
            set.map_err(|error| Failure::usage(format!("guard.decay.{name}: {error}")))?;
        }
        if self.step_window_s == 0 {
            return Err(Failure::usage("guard.step_window_s is 0: nothing would ever come at once")
                .hint("to switch the limit off, set guard.step_count_max to 0"));
        }
        match self.off.iter().find(|off| off.reason.trim().is_empty()) {
            None => Ok(()),
            Some(off) => Err(Failure::usage(format!(
                "guard.off switches the list `{}` off without a reason",
                off.list
            ))
            .hint("say why in `reason`: what the list held is blocked from now on")),
        }
    }
}
