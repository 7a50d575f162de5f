//! One value that a member may act on, and the indicator that says so.

use std::cmp::Ordering;
use std::sync::Arc;

use line::Seq;
use policy::{CircleId, Released};
use stix::{Timestamp, Tlp};
use uuid::Uuid;
use watch::{Acts, Guarded, Hold, Indicator, Value};

use crate::steps::Limited;

/// A circle, as artefacts name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) circle: CircleId,
    pub(crate) handle: Box<str>,
}

/// An indicator as it was shared in a circle.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) source: Arc<Source>,
    /// The record that says so.
    pub(crate) seq: Seq,
    /// Whether it was read from the bytes in which it came, which are the same for everyone, and not from a copy for a member.
    pub(crate) whole: bool,
    /// Whether it came beyond the limit of a step.
    pub(crate) limited: Option<Arc<Limited>>,
    pub(crate) indicator: Indicator,
}

/// What tells one indicator of a view from others.
pub(crate) type Key = (CircleId, Uuid);

impl Shared {
    pub(crate) fn key(&self) -> Key {
        (self.source.circle, self.indicator.object.uuid())
    }

    /// Its values, one by one.
    pub(crate) fn claims(self: &Arc<Self>) -> impl Iterator<Item = Claim> + use<> {
        let shared = Arc::clone(self);
        let count = u32::try_from(self.indicator.values.len()).unwrap_or(u32::MAX);
        (0..count).map(move |at| Claim { shared: Arc::clone(&shared), at })
    }
}

/// One value of an indicator.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    shared: Arc<Shared>,
    /// Which of the indicator's values; it has more than that many.
    at: u32,
}

impl Claim {
    pub(crate) fn key(&self) -> Key {
        self.shared.key()
    }

    /// The indicator as it was shared.
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The circle that it came from, by its handle.
    pub(crate) fn circle(&self) -> &str {
        &self.shared.source.handle
    }

    /// The record that says so: another version of the indicator is another.
    pub(crate) fn record(&self) -> (CircleId, Seq) {
        (self.shared.source.circle, self.shared.seq)
    }
}

impl Acts for Claim {
    fn value(&self) -> &Value {
        // Made by `Shared::claims` alone, one for each value.
        &self.shared.indicator.values[self.at as usize]
    }

    fn indicator(&self) -> &Indicator {
        &self.shared.indicator
    }
}

/// What a value was claimed by: values of several indicators are sorted by it, the most certain first.
pub(crate) trait Claimed: Clone {
    fn claim(&self) -> &Claim;

    /// The mark under which it was released.
    fn mark(&self) -> Tlp;

    fn rank(&self) -> impl Ord {
        let Claim { shared, .. } = self.claim();
        (std::cmp::Reverse(shared.indicator.confidence), shared.key())
    }
}

/// A value that a device may act on: released for the member, past the guard.
#[derive(Debug, Clone)]
pub struct Entry(pub(crate) Released<Guarded<Claim>>);

impl Claimed for Entry {
    fn claim(&self) -> &Claim {
        self.0.get().get()
    }

    fn mark(&self) -> Tlp {
        self.tlp()
    }
}

impl Entry {
    /// The value.
    #[must_use]
    pub fn value(&self) -> &Value {
        self.claim().value()
    }

    /// What its indicator says.
    #[must_use]
    pub fn indicator(&self) -> &Indicator {
        self.claim().indicator()
    }

    /// The mark that it counts as.
    #[must_use]
    pub fn tlp(&self) -> Tlp {
        self.0.tlp()
    }

    /// The circle that it came from, by its handle.
    #[must_use]
    pub fn circle(&self) -> &str {
        self.claim().circle()
    }
}

/// A value that the guard kept out. What held it is asked again when it is shown, so that it costs no memory.
#[derive(Debug, Clone)]
pub(crate) struct HeldEntry(pub(crate) Released<Claim>);

impl Claimed for HeldEntry {
    fn claim(&self) -> &Claim {
        self.0.get()
    }

    fn mark(&self) -> Tlp {
        self.0.tlp()
    }
}

/// A value that the guard kept out, and why.
#[derive(Debug, Clone)]
pub struct HeldValue {
    /// The value.
    pub value: Value,
    /// When its indicator was seen last, by the sightings that the member gets.
    pub seen_last: Option<Timestamp>,
    /// Why.
    pub hold: Hold,
}

/// A host that a URL names as a whole, which may be refused like a domain or an address.
#[derive(Debug, Clone)]
pub(crate) struct HostEntry {
    pub(crate) host: Arc<Guarded<Value>>,
    pub(crate) by: Entry,
}

impl HostEntry {
    /// How it compares with a host because of a URL of an indicator: hosts are sorted by that.
    pub(crate) fn compare(&self, host: &Value, url: &Value, key: Key) -> Ordering {
        (self.host.get(), self.by.value(), self.by.claim().key()).cmp(&(host, url, key))
    }
}
