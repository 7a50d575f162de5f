//! Values in the database, asked for without keeping others up.
//!
//! What asks for them stands in the way of a request, often on a thread that drives those of others. The runtime gives these
//! another thread meanwhile.

use line::beside::Kept;
use line::{Beside, StorageError};
use tokio::runtime::{Handle, RuntimeFlavor};

/// Does what waits, on a thread that others need no more.
pub(super) fn aside<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        // There is no other thread, or this one drives nothing.
        _ => work(),
    }
}

/// A room of the database ([`line::Room`]).
#[derive(Clone)]
pub(super) struct Room(line::Room);

impl Room {
    pub(super) fn of(beside: &Beside, name: &'static str) -> Self {
        Self(beside.room(name))
    }

    pub(super) fn get(&self, key: &str) -> Result<Option<Kept>, StorageError> {
        aside(|| self.0.get(key))
    }

    pub(super) fn page(&self, after: &str, limit: u32) -> Result<Vec<Kept>, StorageError> {
        aside(|| self.0.page(after, limit))
    }

    pub(super) fn put(&self, key: &str, value: &[u8]) -> Result<(), StorageError> {
        aside(|| self.0.put(key, value))
    }

    pub(super) fn swap(
        &self,
        key: &str,
        value: Option<&[u8]>,
        version: Option<i64>,
    ) -> Result<Option<i64>, StorageError> {
        aside(|| self.0.swap(key, value, version))
    }

    pub(super) fn remove(&self, key: &str) -> Result<bool, StorageError> {
        aside(|| self.0.remove(key))
    }
}
