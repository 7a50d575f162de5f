//! The file of records: lines that are written before their answers go out, many at once if many are asked at once.
//!
//! A record is taken in and written in two steps. Between them others may be taken in; whoever writes first writes for all, so
//! that under load a write serves many answers.

use std::fs::File;
use std::io::{self, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use line::merkle::{Frontier, Hash, leaf};
use parking_lot::Mutex;
use serde::de::IgnoredAny;

use super::journal::{JournalError, RECORD_BYTES_MAX, Seal, each_line};

/// A file of lines, and the Merkle tree over them.
pub(super) struct Appending {
    path: PathBuf,
    waiting: Mutex<Batch>,
    /// Locked before `waiting`, where both are: what waits is written by one at a time.
    open: Mutex<Open>,
}

struct Open {
    file: File,
    /// Where the next record begins.
    end: u64,
    tree: Frontier,
    /// How many of the records were sealed; `None` if they are not those that were.
    sealed: Option<u64>,
}

/// Lines that are written together.
#[derive(Default)]
struct Batch {
    text: Vec<u8>,
    leaves: Vec<Hash>,
    /// What came of it, once it was written: the number of the record before it, or why it is not written.
    outcome: Arc<OnceLock<Result<u64, (io::ErrorKind, String)>>>,
}

/// A line that was taken in.
pub(super) struct Noted {
    outcome: Arc<OnceLock<Result<u64, (io::ErrorKind, String)>>>,
    /// Its place in its batch, from 1 on.
    place: u64,
}

impl Appending {
    /// Opens the file, or begins it; cuts off what stands behind its last line break, and from the first line behind the last seal
    /// that is no record: what was not synced when power failed can be anything.
    pub(super) fn open(path: &Path, last: Option<&Seal>) -> Result<Self, JournalError> {
        let open = || -> io::Result<Open> {
            let mut options = File::options();
            options.read(true).write(true).create(true).truncate(false);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(path)?;
            let (mut tree, mut end) = (Frontier::default(), 0_u64);
            let mut sealed = if last.is_none() { Some(0) } else { None };
            let mut is_torn = false;
            let read = each_line(&mut BufReader::with_capacity(1 << 20, &mut file), &mut |line| {
                is_torn |= sealed.is_some() && serde_json::from_slice::<IgnoredAny>(line).is_err();
                if is_torn {
                    return Ok(());
                }
                tree.push(leaf(line));
                end += line.len() as u64 + 1;
                if last.is_some_and(|seal| *seal == seal_of(&tree)) {
                    sealed = Some(tree.size());
                }
                Ok(())
            });
            match read {
                Err(why) if why.kind() == io::ErrorKind::InvalidData && sealed.is_some() => is_torn = true,
                read => read?,
            }
            if is_torn {
                tracing::warn!(path = %path.display(), "behind the last seal are lines that are no records: they are cut off");
            }
            file.set_len(end)?;
            file.seek(SeekFrom::Start(end))?;
            Ok(Open { file, end, tree, sealed })
        };
        let open = open().map_err(|why| JournalError::Io { path: path.to_owned(), why })?;
        Ok(Self { path: path.to_owned(), waiting: Mutex::default(), open: Mutex::new(open) })
    }

    /// Takes a line in, without its end. One that could not be read again is refused.
    pub(super) fn push(&self, line: &[u8]) -> Result<Noted, JournalError> {
        if line.len() >= RECORD_BYTES_MAX {
            return Err(self.failed(io::Error::other("a record is too long; ask for fewer values at once")));
        }
        let leaf = leaf(line);
        let mut waiting = self.waiting.lock();
        waiting.text.extend_from_slice(line);
        waiting.text.push(b'\n');
        waiting.leaves.push(leaf);
        Ok(Noted { outcome: Arc::clone(&waiting.outcome), place: waiting.leaves.len() as u64 })
    }

    /// Sees that a line is written, with all that wait, and gives its number, from 1 on.
    pub(super) fn settle(&self, noted: &Noted) -> Result<u64, JournalError> {
        if noted.outcome.get().is_none() {
            let mut open = self.open.lock();
            // Another may have written it by now.
            if noted.outcome.get().is_none() {
                self.write(&mut open);
            }
        }
        match noted.outcome.get() {
            Some(Ok(before)) => Ok(before + noted.place),
            Some(Err((kind, why))) => Err(self.failed(io::Error::new(*kind, why.clone()))),
            None => Err(self.failed(io::Error::other("a record was lost"))),
        }
    }

    /// Writes what waits.
    fn write(&self, open: &mut Open) {
        let batch = std::mem::take(&mut *self.waiting.lock());
        let before = open.tree.size();
        let written = open.append(&batch.text).map(|()| {
            batch.leaves.into_iter().for_each(|leaf| open.tree.push(leaf));
            before
        });
        // It is set here alone, once for each batch.
        let _first = batch.outcome.set(written.map_err(|why| (why.kind(), why.to_string())));
    }

    /// Sees that all lines are on the disk, and gives a seal over them if there are any that the last one did not cover.
    pub(super) fn seal(&self) -> Result<Option<Seal>, JournalError> {
        let (file, seal) = {
            let mut open = self.open.lock();
            // Who has gone away before its answer left a line here.
            self.write(&mut open);
            match open.sealed {
                None => return Err(JournalError::Changed { path: self.path.clone() }),
                Some(sealed) if sealed == open.tree.size() => return Ok(None),
                Some(_) => (open.file.try_clone().map_err(|why| self.failed(why))?, seal_of(&open.tree)),
            }
        };
        file.sync_data().map_err(|why| self.failed(why))?;
        Ok(Some(seal))
    }

    /// That a seal was made known.
    pub(super) fn sealed(&self, seal: &Seal) {
        self.open.lock().sealed = Some(seal.records);
    }

    fn failed(&self, why: io::Error) -> JournalError {
        JournalError::Io { path: self.path.clone(), why }
    }
}

impl Open {
    fn append(&mut self, text: &[u8]) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        if let Err(why) = self.file.write_all(text) {
            // What was written of it is taken back, so that the next record begins on a line of its own.
            let back = self.file.set_len(self.end).and_then(|()| self.file.seek(SeekFrom::Start(self.end)));
            return Err(back.err().unwrap_or(why));
        }
        self.end += text.len() as u64;
        Ok(())
    }
}

fn seal_of(tree: &Frontier) -> Seal {
    Seal { records: tree.size(), root: crate::hex::hex(&tree.root()) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs::{self, File};

    use super::Appending;

    fn begun() -> (tempfile::TempDir, Appending) {
        let dir = tempfile::tempdir().unwrap();
        let file = Appending::open(&dir.path().join("records"), None).unwrap();
        (dir, file)
    }

    #[test]
    fn each_line_stands_at_the_number_that_was_told() {
        let (dir, file) = begun();
        let told: BTreeSet<(u64, String)> = std::thread::scope(|scope| {
            let note = |thread: u32| {
                let line = |at: u32| format!("{thread} {at}");
                let note = |at| (file.settle(&file.push(line(at).as_bytes()).unwrap()).unwrap(), line(at));
                (0..100).map(note).collect::<Vec<_>>()
            };
            let threads: Vec<_> = (0..8).map(|thread| scope.spawn(move || note(thread))).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        let text = fs::read_to_string(dir.path().join("records")).unwrap();
        let stands: BTreeSet<(u64, String)> = (1..).zip(text.lines().map(str::to_owned)).collect();
        assert_eq!(told, stands);
        assert_eq!(file.seal().unwrap().unwrap().records, 800);
    }

    #[test]
    fn what_waits_is_written_with_the_first_or_sealed() {
        let (dir, file) = begun();
        let (one, two) = (file.push(b"one").unwrap(), file.push(b"two").unwrap());
        assert_eq!(fs::read_to_string(dir.path().join("records")).unwrap(), "");
        assert_eq!(file.settle(&two).unwrap(), 2);
        assert_eq!(fs::read_to_string(dir.path().join("records")).unwrap(), "one\ntwo\n");
        assert_eq!(file.settle(&one).unwrap(), 1);
        let _its_asker_went_away = file.push(b"three").unwrap();
        let seal = file.seal().unwrap().unwrap();
        assert_eq!(seal.records, 3);
        assert_eq!(file.seal().unwrap().as_ref(), Some(&seal), "nobody knows of it yet");
        file.sealed(&seal);
        assert_eq!(file.seal().unwrap(), None);
        assert_eq!(fs::read_to_string(dir.path().join("records")).unwrap(), "one\ntwo\nthree\n");
    }

    #[test]
    fn what_a_disk_made_of_unsealed_records_is_cut_off_and_what_was_sealed_is_not() {
        let (dir, file) = begun();
        file.settle(&file.push(b"{\"n\":1}").unwrap()).unwrap();
        let seal = file.seal().unwrap().unwrap();
        file.settle(&file.push(b"{\"n\":2}").unwrap()).unwrap();
        drop(file);
        let path = dir.path().join("records");
        let whole = fs::read(&path).unwrap();
        let long = vec![0; super::RECORD_BYTES_MAX + 1];
        for torn in [&b"\0\0\0\0\n"[..], b"\xff{\n{\"n\":3}\n", b"{\"n\":3", &long] {
            fs::write(&path, [&whole[..], torn].concat()).unwrap();
            let file = Appending::open(&path, Some(&seal)).unwrap();
            assert_eq!(file.settle(&file.push(b"{\"n\":4}").unwrap()).unwrap(), 3);
            assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 3);
        }
        fs::write(&path, [b"\0".as_slice(), &whole[..]].concat()).unwrap();
        let file = Appending::open(&path, Some(&seal)).unwrap();
        assert!(file.seal().unwrap_err().to_string().contains("not as it was sealed"));
        assert_eq!(fs::metadata(&path).unwrap().len(), whole.len() as u64 + 1, "it is left as it is");
    }

    #[test]
    fn what_could_not_be_written_is_told_to_all_of_them_and_counts_for_none() {
        let (dir, file) = begun();
        let path = dir.path().join("records");
        let good = std::mem::replace(&mut file.open.lock().file, File::open(&path).unwrap());
        let (one, two) = (file.push(b"one").unwrap(), file.push(b"two").unwrap());
        for lost in [&one, &two] {
            assert!(file.settle(lost).unwrap_err().to_string().contains("can't be kept"));
        }
        file.open.lock().file = good;
        assert_eq!(file.settle(&file.push(b"three").unwrap()).unwrap(), 1);
        assert!(file.push(&vec![b'x'; crate::screening::journal::RECORD_BYTES_MAX]).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "three\n");
        assert_eq!(file.seal().unwrap().unwrap().records, 1);
    }
}
