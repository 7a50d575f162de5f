//! Rows in order become segments, one after the other, each of a limited size.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use super::batch::{At, Batch};
use super::error::StoreError;
use super::files::{NewFolder, Syncer};
use super::segment::{SegmentMeta, SegmentWriter};

/// Where new folders are made.
#[derive(Debug)]
pub(crate) struct Site {
    /// The store's folder.
    pub(crate) path: PathBuf,
    /// The number of the next new folder.
    next: AtomicU64,
    /// Who asks the disk.
    pub(crate) syncer: Syncer,
}

impl Site {
    /// New folders have numbers from `next` on.
    pub(crate) fn new(path: PathBuf, next: u64) -> Self {
        Self { path, next: AtomicU64::new(next), syncer: Syncer::new() }
    }

    /// The number of the next new folder.
    pub(crate) fn next(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }

    /// Makes a folder with a name of its own.
    pub(crate) fn folder(&self, what: &str) -> Result<(String, NewFolder), StoreError> {
        let name = format!("{what}-{:010}", self.next.fetch_add(1, Ordering::Relaxed));
        let folder = NewFolder::create(self.path.join(&name))?;
        Ok((name, folder))
    }
}

/// Segments that follow each other.
#[derive(Debug)]
pub(crate) struct Chain {
    rows_max: u32,
    current: Option<SegmentWriter>,
    /// Those that are done.
    pub(crate) done: Vec<(SegmentMeta, NewFolder)>,
}

impl Chain {
    /// An empty one. A segment is ended when it has `rows_max` rows; it may have a few more.
    pub(crate) const fn new(rows_max: u32) -> Self {
        Self { rows_max, current: None, done: Vec::new() }
    }

    /// Places of the first and the last row.
    pub(crate) fn ends(&self) -> Option<(At, At)> {
        let current = self.current.as_ref().and_then(SegmentWriter::ends);
        let first = self.done.first().map(|(meta, _)| meta.first).or(current.map(|ends| ends.0))?;
        let last = current.map(|ends| ends.1).or(self.done.last().map(|(meta, _)| meta.last))?;
        Some((first, last))
    }

    /// Adds rows, which are in order and not before those that are there. Their accounts have numbers below `accounts`.
    pub(crate) fn append(&mut self, site: &Site, batch: Batch, accounts: u32) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        let mut current = match self.current.take() {
            Some(current) => current,
            None => {
                let (name, folder) = site.folder("segment")?;
                SegmentWriter::create(name, folder)?
            }
        };
        current.append(batch, &site.syncer)?;
        if current.rows() >= self.rows_max {
            self.done.push(current.finish(accounts, &site.syncer)?);
        } else {
            self.current = Some(current);
        }
        Ok(())
    }

    /// Ends the last segment.
    pub(crate) fn finish(&mut self, site: &Site, accounts: u32) -> Result<(), StoreError> {
        if let Some(current) = self.current.take() {
            self.done.push(current.finish(accounts, &site.syncer)?);
        }
        Ok(())
    }
}
