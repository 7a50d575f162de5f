//! What a store tells of its work, for whoever watches over it: counts and times, never what was written.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A group of appends that shared one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// Appends in it.
    pub appends: usize,
    /// Drafts that they brought; what was there already is among them.
    pub drafts: usize,
    /// What they held in memory, in bytes.
    pub bytes: usize,
    /// How long it took until it was durable, or given up.
    pub took: Duration,
    /// Whether it is durable.
    pub written: bool,
}

/// Is told of each group on the writer's thread, and so must not block. Cheap to clone.
#[derive(Clone)]
pub struct OnGroup(Arc<dyn Fn(&Group) + Send + Sync>);

impl OnGroup {
    /// Calls `told` with each group.
    pub fn new(told: impl Fn(&Group) + Send + Sync + 'static) -> Self {
        Self(Arc::new(told))
    }

    pub(crate) fn tell(&self, group: &Group) {
        (self.0)(group);
    }
}

impl fmt::Debug for OnGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnGroup")
    }
}

/// How much a store has to do and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    /// Appends that wait for the writer.
    pub appends: usize,
    /// What they hold in memory, in bytes.
    pub bytes: usize,
    /// Beyond so many bytes, nothing more is let in.
    pub bytes_max: usize,
    /// Who follows the lines, and for how long at most what came has not been worked in by it.
    pub lags: Vec<(&'static str, Duration)>,
}
