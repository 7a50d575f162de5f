//! The index on a disk, so that a start need not read all lines again.
//!
//! It is believed only as far as it fits the lines: each of its lines must have been that long, with that record at its end.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write as _};
use std::path::Path;

use line::{LineId, Seq};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use watch::index::{Index, SnapshotError};

use super::following::Followed;
use crate::opening::Gate;

/// How far a line had been followed.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    line: Uuid,
    size: u64,
    /// A hash of its last record: times never repeat in a line, so that with it all before it are as they were.
    last: Vec<u8>,
}

impl Gate {
    /// Writes the index to a file, through one beside it, so that a crash leaves the old one. Where the file is up to date, it is
    /// left.
    ///
    /// # Errors
    /// As the files'.
    pub fn keep_values(&self, to: &Path) -> io::Result<()> {
        let now = self.inner.known.look(|followed| followed.lines.clone());
        if *self.inner.known.kept.lock() == now {
            return Ok(());
        }
        let beside = to.with_extension("new");
        let file = private(&beside)?;
        // Only what is cheap is done while questions may wait for it.
        let (frozen, kept) =
            self.inner.known.look(|followed| (followed.index.frozen(), followed.lines.clone()));
        let lines: Vec<Line> = kept.iter().filter_map(|(line, seq)| self.line_as_of(*line, *seq)).collect();
        if lines.len() != kept.len() {
            return Err(io::Error::other("a line could not be read"));
        }
        let about = serde_json::to_vec(&lines).map_err(io::Error::other)?;
        let mut out = BufWriter::with_capacity(1 << 20, &file);
        frozen.write(&about, &mut out)?;
        out.flush()?;
        drop(out);
        file.sync_all()?;
        std::fs::rename(&beside, to)?;
        *self.inner.known.kept.lock() = kept;
        Ok(())
    }

    /// Begins with an index that was written before. Gives how many values it held; none if there is no such file. Where the lines
    /// were followed already, it does nothing.
    ///
    /// # Errors
    /// [`SnapshotError`] if it can't be read or does not fit the lines: all lines are read instead.
    pub fn begin_values(&self, from: &Path) -> Result<usize, SnapshotError> {
        if self.inner.known.has_begun() {
            return Ok(self.values_known().0);
        }
        let file = match File::open(from) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            file => file?,
        };
        let (index, about) = Index::read(BufReader::with_capacity(1 << 20, file))?;
        let lines: Vec<Line> =
            serde_json::from_slice(&about).map_err(|_| SnapshotError::Form("its lines"))?;
        let fits = |line: &Line| {
            let now = self.line_as_of(LineId::new(line.line), Seq(line.size));
            now.is_some_and(|now| now.last == line.last)
        };
        if !lines.iter().all(fits) {
            return Err(SnapshotError::Form("it is of other lines than these"));
        }
        let values = index.len();
        let lines: Vec<(LineId, Seq)> =
            lines.into_iter().map(|line| (LineId::new(line.line), Seq(line.size))).collect();
        self.inner.known.kept.lock().clone_from(&lines);
        self.inner.known.begin(Followed { index, lines });
        Ok(values)
    }

    /// Forgets the index of values, in memory and as it was written to `file`: it is made anew from the lines, without what was
    /// erased.
    ///
    /// # Errors
    /// When the file is there and can't be removed.
    pub fn forget_values(&self, file: &Path) -> io::Result<()> {
        self.inner.known.forget();
        match std::fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// How a line was when it was `seq` long; `None` if it is shorter, or can't be read.
    fn line_as_of(&self, line: LineId, seq: Seq) -> Option<Line> {
        let last = match seq {
            Seq(0) => Vec::new(),
            seq => {
                let record = self.inner.store.records(line, Seq(seq.0 - 1), 1).ok()?.pop()?;
                let is_meant = record.seq == seq;
                let told = [&record.added.0.to_le_bytes()[..], record.sender.as_bytes(), &record.body_hash()]
                    .concat();
                is_meant.then(|| line::merkle::leaf(&told).to_vec())?
            }
        };
        Some(Line { line: line.uuid(), size: seq.0, last })
    }
}

/// A new file that its owner alone can read.
fn private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
