//! A log that grows: what is written to it is read as it comes, over rotations too.

use std::fs::File;
use std::io::{self, Read, Seek as _};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How soon it is looked whether something was written.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Reads a file from its start, and what is written to it then; ends when `stop` is set.
#[derive(Debug)]
pub(super) struct Following {
    path: PathBuf,
    file: File,
    /// How far it was read.
    at: u64,
    stop: Arc<AtomicBool>,
    /// How often another file came under the name; counted when its first byte is next.
    turns: Arc<AtomicUsize>,
}

impl Following {
    /// # Errors
    /// When it can't be opened.
    pub(super) fn open(path: &Path, stop: Arc<AtomicBool>, turns: Arc<AtomicUsize>) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), file: File::open(path)?, at: 0, stop, turns })
    }

    /// Goes on with what is under the name now, if that is another file, or the file was cut; says whether so.
    fn goes_on(&mut self) -> io::Result<bool> {
        let here = self.file.metadata()?;
        // While a log is rotated, there may be nothing of its name.
        let Ok(there) = std::fs::metadata(&self.path) else { return Ok(false) };
        if (there.dev(), there.ino()) != (here.dev(), here.ino()) {
            // Who writes goes on in the old file until the new one is opened: that is so once something stands in it, and what
            // came to the old one meanwhile is read first.
            if there.len() == 0 || here.len() > self.at {
                return Ok(false);
            }
            let Ok(file) = File::open(&self.path) else { return Ok(false) };
            (self.file, self.at) = (file, 0);
            return Ok(true);
        }
        let is_cut = here.len() < self.at;
        if is_cut {
            self.file.rewind()?;
            self.at = 0;
        }
        Ok(is_cut)
    }
}

impl Read for Following {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while !self.stop.load(Ordering::Relaxed) {
            let read = self.file.read(to)?;
            self.at += read as u64;
            if read > 0 || to.is_empty() {
                return Ok(read);
            }
            if self.goes_on()? {
                self.turns.fetch_add(1, Ordering::Relaxed);
                // The last line of what was there ends, even if its end was never written.
                to[0] = b'\n';
                return Ok(1);
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(0)
    }
}

/// Reads what comes through a pipe until that ends or `stop` is set.
#[derive(Debug)]
pub(super) struct Coming {
    from: File,
    stop: Arc<AtomicBool>,
}

impl Coming {
    /// # Errors
    /// When there is nothing to read from.
    pub(super) fn through(from: impl AsFd, stop: Arc<AtomicBool>) -> io::Result<Self> {
        Ok(Self { from: from.as_fd().try_clone_to_owned()?.into(), stop })
    }
}

impl Read for Coming {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let wait = Timespec { tv_sec: 0, tv_nsec: LOOK_EVERY.subsec_nanos().into() };
        while !self.stop.load(Ordering::Relaxed) {
            let mut waited = [PollFd::new(&self.from, PollFlags::IN)];
            if poll(&mut waited, Some(&wait))? > 0 {
                return self.from.read(to);
            }
        }
        Ok(0)
    }
}
