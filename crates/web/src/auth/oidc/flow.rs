//! Log-ins that are under way at a provider: in memory, bound to the browser that began, good once and for ten minutes.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::auth::shared::{Now, Spent, hex};

/// How long a person has at the provider.
const LONGEST: Duration = Duration::from_secs(600);
/// Log-ins under way at a time; one more, and the oldest is forgotten.
const FLOWS_MAX: usize = 20_000;

/// A log-in under way.
#[derive(Serialize, Deserialize)]
pub(crate) struct Flow {
    /// The hash of what its browser shows.
    bound: [u8; 32],
    nonce: String,
    verifier: String,
    /// Where it leads.
    pub(crate) to: String,
    /// The invitation that it answers, if it does.
    pub(crate) invitation: Option<String>,
}

impl Flow {
    pub(super) fn new(
        bound: &str,
        nonce: String,
        verifier: String,
        to: String,
        invitation: Option<String>,
    ) -> Self {
        Self { bound: Sha256::digest(bound).into(), nonce, verifier, to, invitation }
    }

    pub(super) fn nonce(&self) -> &str {
        &self.nonce
    }

    pub(super) fn verifier(&self) -> &str {
        &self.verifier
    }
}

/// All of them, by the hash of their state.
#[derive(Default)]
pub(super) struct Flows {
    open: Mutex<HashMap<[u8; 32], (Flow, Instant)>>,
    /// Where several nodes serve: those that were begun at any.
    shared: Option<(Spent, Now)>,
}

/// A log-in under way, as it is kept for all nodes.
#[derive(Serialize, Deserialize)]
struct Kept {
    flow: Flow,
    begun_us: i64,
}

impl Flows {
    /// Those that were begun at any of the nodes that serve beside a database.
    pub(super) fn share(&mut self, spent: Spent, now: Now) {
        self.shared = Some((spent, now));
    }

    pub(super) fn begin(&self, state: &str, flow: Flow, now: Instant) {
        if let Some((shared, now)) = &self.shared {
            let text = serde_json::to_vec(&Kept { flow, begun_us: now().micros() }).unwrap_or_default();
            return shared.keep(&hex(&Sha256::digest(state)), &text);
        }
        let mut open = self.open.lock();
        if open.len() >= FLOWS_MAX {
            open.retain(|_, (_, begun)| now.saturating_duration_since(*begun) < LONGEST);
        }
        if open.len() >= FLOWS_MAX
            && let Some(oldest) = open.iter().min_by_key(|(_, (_, begun))| *begun).map(|(key, _)| *key)
        {
            open.remove(&oldest);
        }
        open.insert(Sha256::digest(state).into(), (flow, now));
    }

    /// The log-in with this state, if it was begun by the browser that shows `bound`. It is not there any more after this.
    pub(super) fn take(&self, state: &str, bound: &str, now: Instant) -> Option<Flow> {
        if let Some((shared, now)) = &self.shared {
            let Kept { flow, begun_us } =
                serde_json::from_slice(&shared.take(&hex(&Sha256::digest(state)))?).ok()?;
            let is_own: bool = flow.bound.ct_eq(&Sha256::digest(bound)).into();
            let age_us = now().micros().saturating_sub(begun_us).unsigned_abs();
            return (is_own && u128::from(age_us) < LONGEST.as_micros()).then_some(flow);
        }
        let key: [u8; 32] = Sha256::digest(state).into();
        let (flow, begun) = self.open.lock().remove(&key)?;
        let is_own: bool = flow.bound.ct_eq(&Sha256::digest(bound)).into();
        (is_own && now.saturating_duration_since(begun) < LONGEST).then_some(flow)
    }
}

#[cfg(test)]
mod tests {
    use super::{FLOWS_MAX, Flow, Flows, LONGEST};
    use std::time::Instant;

    fn flow(bound: &str) -> Flow {
        Flow::new(bound, "n".into(), "v".into(), "/".into(), None)
    }

    #[test]
    fn a_state_counts_once_in_time_and_for_its_own_browser() {
        let (flows, now) = (Flows::default(), Instant::now());
        for state in ["a", "b", "c"] {
            flows.begin(state, flow("browser"), now);
        }
        assert!(flows.take("a", "browser", now).is_some());
        assert!(flows.take("a", "browser", now).is_none(), "once");
        assert!(flows.take("b", "another", now).is_none());
        assert!(flows.take("b", "browser", now).is_none(), "who shows another's state spends it");
        assert!(flows.take("c", "browser", now + LONGEST).is_none());
        assert!(flows.take("", "browser", now).is_none());
    }

    #[test]
    fn the_table_is_bounded() {
        let (flows, now) = (Flows::default(), Instant::now());
        for number in 0..FLOWS_MAX + 3 {
            flows.begin(
                &number.to_string(),
                flow("b"),
                now + std::time::Duration::from_micros(number as u64),
            );
        }
        assert_eq!(flows.open.lock().len(), FLOWS_MAX);
        assert!(flows.take("0", "b", now).is_none() && flows.take("5", "b", now).is_some());
    }
}
