//! The public tree of a circle's line: a view of the line, kept in files, of which checkpoints and tiles are made.
//!
//! The line's own tree (`line::merkle`, over [`line::merkle::leaf_data`]) stays inside the node: it finds damage, and its leaves
//! could be tried out by who guesses a record. The public one has a leaf for each record too, under the same number, but of
//! commitments ([`crate::commitment`]). It grows from the line by a reader that remembers how far it has read, as all views do;
//! if its folder is removed it is made again, the same. Its folder is `trees/LINE` in the store's.

use std::io;
use std::sync::Arc;

use line::merkle::Hash;
use line::merkle::kept::Kept;
use line::merkle::tile::Tile;
use line::{LineId, Record, Seq, StorageError};
use parking_lot::{Mutex, MutexGuard};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use crate::commitment::{Committer, Opening, first_of};
use crate::opening::Gate;
use crate::query::{Query, VersionMatch};
use crate::reader::Reader;
use policy::Released;
use stix::{ObjectId, Timestamp};

/// Records that are read at a time.
const STRIDE: usize = 1_000;
/// Rows of one answer with openings.
pub const OPENINGS_MAX: usize = 5_000;
/// The folder of all trees, in the store's.
pub const FOLDER: &str = "trees";

/// A line's tree, opened when it is first needed.
#[derive(Default)]
pub(crate) struct Tree(Mutex<Option<Kept>>);

fn failed(line: LineId) -> impl Fn(io::Error) -> StorageError {
    move |error| StorageError::Backend(format!("the tree of line {line}: {error}"))
}

impl Gate {
    fn tree(&self, line: LineId) -> Arc<Tree> {
        Arc::clone(self.inner.trees.lock().entry(line).or_default())
    }

    /// The leaves of records, each under its number.
    fn leaves(&self, line: LineId, records: &[Record]) -> Result<Vec<Hash>, StorageError> {
        let committer = Committer::new(&self.inner.key, line);
        records
            .par_iter()
            .map(|record| {
                let (first, hash) = self.carried(line, record)?;
                Ok(committer.commitment(record, first, &hash).leaf())
            })
            .collect()
    }

    /// SHA-256 of a record's bytes, or of those of the one that it repeats; before it, which record was the first with them.
    fn carried(&self, line: LineId, record: &Record) -> Result<(Seq, Hash), StorageError> {
        let (mut first, mut hash) = (record.seq, record.body_hash());
        if record.of.is_some() {
            first = first_of(&self.inner.store, line, record.seq)?;
            let original = self.inner.store.records(line, Seq(first.0.saturating_sub(1)), 1)?;
            hash = original.first().map_or(hash, Record::body_hash);
        }
        Ok((first, hash))
    }

    /// Opens the tree as far as it was kept. One of a line that went another way, as after a backup was put back, begins anew.
    fn open_tree(&self, line: LineId) -> Result<Kept, StorageError> {
        let folder = self.inner.store.folder().join(FOLDER).join(line.to_string());
        let making = format!("commitments 3, key {}", self.inner.key.id());
        let mut kept = Kept::open(&folder, &making).map_err(failed(line))?;
        let Some(last) = kept.size().checked_sub(1) else { return Ok(kept) };
        let record = self.inner.store.records(line, Seq(last), 1)?;
        if self.leaves(line, &record)?.first() != kept.leaf(last).map_err(failed(line))?.as_ref() {
            kept.begin_anew().map_err(failed(line))?;
        }
        Ok(kept)
    }

    /// Adds what the line has and its tree has not. Gives the size that it has then. Others come in between strides.
    ///
    /// # Errors
    /// [`StorageError`]; safe to repeat.
    pub fn grow_tree(&self, line: LineId) -> Result<u64, StorageError> {
        let size = self.inner.store.root(line)?.0;
        let tree = self.tree(line);
        loop {
            let mut guard = tree.0.lock();
            let kept = match &mut *guard {
                Some(kept) => kept,
                none => none.insert(self.open_tree(line)?),
            };
            if kept.size() >= size {
                return Ok(kept.size());
            }
            let records = self.inner.store.records(line, Seq(kept.size()), STRIDE)?;
            if records.first().is_none_or(|first| first.seq.0 != kept.size() + 1) {
                return Err(StorageError::Backend(format!(
                    "record {} of line {line} is missing",
                    kept.size() + 1
                )));
            }
            for leaf in self.leaves(line, &records)? {
                kept.push(leaf).map_err(failed(line))?;
            }
            MutexGuard::unlock_fair(guard);
        }
    }

    /// Writes what of all trees is in memory alone, so that the next start need not make it again.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn keep_trees(&self) -> Result<(), StorageError> {
        let trees: Vec<_> =
            self.inner.trees.lock().iter().map(|(line, tree)| (*line, Arc::clone(tree))).collect();
        for (line, tree) in trees {
            if let Some(kept) = &mut *tree.0.lock() {
                kept.write().map_err(failed(line))?;
            }
        }
        Ok(())
    }

    /// How many records of a line its tree does not have yet.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn tree_lag(&self, line: LineId) -> Result<u64, StorageError> {
        let size = self.inner.store.root(line)?.0;
        let tree = self.tree(line);
        let mut guard = tree.0.lock();
        let kept = match &mut *guard {
            Some(kept) => kept,
            none => none.insert(self.open_tree(line)?),
        };
        Ok(size.saturating_sub(kept.size()))
    }

    fn with_tree<T>(
        &self,
        line: LineId,
        look: impl FnOnce(&Kept) -> io::Result<T>,
    ) -> Result<T, StorageError> {
        let tree = self.tree(line);
        let mut guard = tree.0.lock();
        let kept = match &mut *guard {
            Some(kept) => kept,
            none => none.insert(self.open_tree(line)?),
        };
        look(kept).map_err(failed(line))
    }

    /// The size and root of the tree, with all that is in the line.
    pub(crate) fn grown(&self, line: LineId) -> Result<(u64, Hash), StorageError> {
        self.grow_tree(line)?;
        self.with_tree(line, |kept| Ok((kept.size(), kept.root())))
    }

    /// A tile of a line's tree; `None` if it has none such.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn tile(&self, line: LineId, tile: &Tile) -> Result<Option<Vec<Hash>>, StorageError> {
        let found = self.with_tree(line, |kept| kept.tile(tile))?;
        if found.is_some() || !self.is_shared() {
            return Ok(found);
        }
        // The checkpoint by which it is asked for may be another node's, whose tree was taken up before this one's.
        self.grow_tree(line)?;
        self.with_tree(line, |kept| kept.tile(tile))
    }

    /// The proof that a line's tree of `size` leaves continues that of `old`; `None` if there are not so many.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn consistency(&self, line: LineId, old: u64, size: u64) -> Result<Option<Vec<Hash>>, StorageError> {
        self.with_tree(line, |kept| kept.consistency(old, size))
    }

    /// The root of a line's tree of its first `size` leaves; `None` if there are not so many.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn root_of(&self, line: LineId, size: u64) -> Result<Option<Hash>, StorageError> {
        self.with_tree(line, |kept| kept.root_of(size))
    }

    /// What whoever gets the object in this record whole is opened, for operators, who read the line itself; `None` if it holds no
    /// object that counts, or its bytes were erased.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn opening(&self, line: LineId, seq: Seq) -> Result<Option<Opening>, StorageError> {
        let named = self.inner.store.look(line, |catalogue| {
            let entry = catalogue.entry(seq).filter(|entry| entry.counts() && !entry.erased())?;
            Some((entry.id()?, entry.version()))
        })?;
        let Some((id, version)) = named else { return Ok(None) };
        let record = self.inner.store.records(line, Seq(seq.0.saturating_sub(1)), 1)?.into_iter().next();
        let Some(record) = record.filter(|record| record.seq == seq) else { return Ok(None) };
        let (first, hash) = self.carried(line, &record)?;
        let committer = Committer::new(&self.inner.key, line);
        Ok(Some(opening(&committer, (id, version), &record, (first, &hash), true)))
    }

    /// The proof that record `seq` is in a line's tree of `size` leaves; `None` if it is not.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn inclusion(&self, line: LineId, seq: Seq, size: u64) -> Result<Option<Vec<Hash>>, StorageError> {
        match seq.0.checked_sub(1) {
            Some(index) => self.with_tree(line, |kept| kept.inclusion(index, size)),
            None => Ok(None),
        }
    }
}

/// Openings, and whether there are more than fit.
pub type Openings = (Vec<Released<Opening>>, bool);

impl Reader {
    /// The openings of these objects, of those versions that are named (all that the member sees, of an object without one): only
    /// of what goes to the member, and with the salt of the content only where it goes whole.
    ///
    /// At most [`OPENINGS_MAX`]; the second value says whether there are more.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn openings(&self, wanted: &[(ObjectId, Option<Timestamp>)]) -> Result<Openings, StorageError> {
        let query = |ids, versions| Query { ids, versions, limit: OPENINGS_MAX, ..Query::default() };
        let named: Vec<_> =
            wanted.iter().filter_map(|(id, version)| Some((id.clone(), (*version)?))).collect();
        let unnamed: Vec<_> =
            wanted.iter().filter(|(_, version)| version.is_none()).map(|(id, _)| id.clone()).collect();
        let mut versions: Vec<Timestamp> = named.iter().map(|(_, version)| *version).collect();
        versions.sort_unstable();
        versions.dedup();
        let versions = versions.into_iter().map(VersionMatch::At).collect();
        let (mut rows, mut is_more) = (Vec::new(), false);
        for query in [
            query(named.into_iter().map(|(id, _)| id).collect(), versions),
            query(unnamed, vec![VersionMatch::All]),
        ] {
            if !query.ids.is_empty() {
                // An object is given in the newest specification that it is here in; who holds it in another asks too.
                let page = self.manifest(&query)?;
                is_more |= page.next.is_some();
                rows.extend(page.items);
            }
        }
        rows.sort_unstable_by_key(|row| row.get().seq);
        is_more |= rows.len() > OPENINGS_MAX;
        rows.truncate(OPENINGS_MAX);
        let gate = Gate { inner: Arc::clone(&self.inner), via: crate::tally::Via::Node };
        let line = LineId::new(self.request().circle.uuid());
        let committer = Committer::new(&self.inner.key, line);
        let mut openings = Vec::with_capacity(rows.len());
        for row in rows {
            let seq = row.get().seq;
            let Some(record) = gate.inner.store.records(line, Seq(seq.0 - 1), 1)?.into_iter().next() else {
                continue;
            };
            let (first, hash) = gate.carried(line, &record)?;
            openings.push(
                row.map(|row| opening(&committer, (row.id, row.version), &record, (first, &hash), row.whole)),
            );
        }
        Ok((openings, is_more))
    }
}

fn opening(
    committer: &Committer,
    (id, version): (ObjectId, Timestamp),
    record: &Record,
    (first, hash): (Seq, &Hash),
    is_whole: bool,
) -> Opening {
    let commitment = committer.commitment(record, first, hash);
    Opening {
        id,
        version,
        seq: record.seq,
        added: record.added,
        when_salt: committer.when_salt(record.seq),
        about: commitment.about,
        content: commitment.content,
        content_salt: is_whole.then(|| committer.content_salt(first, hash)),
    }
}
