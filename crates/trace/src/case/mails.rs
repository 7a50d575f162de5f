//! Mails about alerts: what is still to be told, to whom, and why it was not taken yet.

use std::collections::BTreeMap;

use stix::Timestamp;

use super::{Alert, Case};

/// What one address is still to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToTell {
    /// Of the alerts that there were, in order, how many it was told of before.
    from: usize,
    /// Since when.
    pub since: Timestamp,
    /// Why it was not taken the last time.
    pub why: Option<String>,
    /// Whether it is not tried any more.
    pub is_over: bool,
}

/// All that is still to be told, by address.
#[derive(Debug, Clone, Default)]
pub(super) struct Mails(BTreeMap<String, ToTell>);

impl Mails {
    /// What comes behind the first `from` alerts is to be told to an address, with what waits for it already.
    pub(super) fn begin(&mut self, to: String, from: usize, since: Timestamp) {
        let waits = self.0.get(&to).is_some_and(|waiting| !waiting.is_over);
        if !waits {
            self.0.insert(to, ToTell { from, since, why: None, is_over: false });
        }
    }

    pub(super) fn told(&mut self, to: &str) {
        self.0.remove(to);
    }

    pub(super) fn untold(&mut self, to: &str, why: String, is_final: bool) {
        if let Some(waiting) = self.0.get_mut(to) {
            (waiting.why, waiting.is_over) = (Some(why), waiting.is_over || is_final);
        }
    }

    /// The alert at this place is not there any more.
    pub(super) fn gone(&mut self, at: usize) {
        for waiting in self.0.values_mut().filter(|waiting| waiting.from > at) {
            waiting.from -= 1;
        }
    }
}

impl Case {
    /// What is still to be told of alerts, by address: what waits, and what was given up last.
    pub fn mails(&self) -> impl Iterator<Item = (&str, &ToTell)> {
        self.mails.0.iter().map(|(to, waiting)| (to.as_str(), waiting))
    }

    /// The alerts that an address is still to be told of.
    #[must_use]
    pub fn untold(&self, waiting: &ToTell) -> &[Alert] {
        self.alerts.get(waiting.from..).unwrap_or_default()
    }
}
