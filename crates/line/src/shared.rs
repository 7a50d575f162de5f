//! What the threads of a store have in common: its lines in memory, and the connections to where they are kept.

use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use crate::backend::{Backend, BackendError, Place, Storage};
use crate::beside::Beside;
use crate::catalogue::Catalogue;
use crate::growth::Growth;
use crate::merkle::Frontier;
use crate::queue::Queue;
use crate::record::LineId;
use crate::store::Clock;
use crate::watching::OnGroup;

/// One line in memory.
pub(crate) struct LineState {
    pub(crate) no: i64,
    pub(crate) id: LineId,
    pub(crate) catalogue: RwLock<Catalogue>,
    pub(crate) frontier: Mutex<Frontier>,
    /// Held while records that are stored already are taken in, or records are stored and published.
    pub(crate) following: Mutex<()>,
}

/// What all clones of a store, and its threads, have in common.
pub(crate) struct Shared {
    pub(crate) folder: PathBuf,
    pub(crate) storage: Storage,
    pub(crate) beside: Option<Beside>,
    /// Why what others appended can't be taken in.
    pub(crate) behind: Mutex<Option<String>>,
    pub(crate) lines: RwLock<HashMap<LineId, Arc<LineState>>>,
    pub(crate) queue: Queue,
    pub(crate) on_group: Option<OnGroup>,
    pub(crate) growth: Growth,
    pub(crate) clock: Clock,
    pub(crate) readers: Mutex<Vec<Box<dyn Backend>>>,
    pub(crate) readers_max: usize,
    pub(crate) _lock: File,
}

impl Shared {
    /// Whether the store is closing.
    pub(crate) fn is_closing(&self) -> bool {
        self.queue.is_closing()
    }

    /// Notes that what others appended can't be taken in, if that is what an error says. What an engine refuses for a moment is tried
    /// again; what it gives and can't be, stays so.
    pub(crate) fn note_behind(&self, error: &BackendError) {
        if let BackendError::Damaged { .. } | BackendError::Changed { .. } | BackendError::Schema { .. } =
            error
        {
            *self.behind.lock() = Some(error.to_string());
        }
    }

    /// A line, made if it is not there.
    pub(crate) fn line_of(&self, line: LineId) -> Arc<LineState> {
        if let Some(state) = self.lines.read().get(&line) {
            return Arc::clone(state);
        }
        let mut lines = self.lines.write();
        let no = lines.values().map(|state| state.no + 1).max().unwrap_or(1);
        Arc::clone(lines.entry(line).or_insert_with(|| Arc::new(LineState::empty(no, line))))
    }
}

impl LineState {
    pub(crate) fn empty(no: i64, id: LineId) -> Self {
        let (catalogue, frontier, following) = (RwLock::default(), Mutex::default(), Mutex::default());
        Self { no, id, catalogue, frontier, following }
    }

    pub(crate) const fn place(&self) -> Place {
        Place { id: self.id, no: self.no }
    }
}

/// Does something on a thread of its own: connections to a database must be neither used nor let go on a thread that drives others'
/// requests.
///
/// # Errors
/// When the system gives no thread, or the work met a fault.
pub(crate) fn apart<T: Send>(name: &str, work: impl FnOnce() -> T + Send) -> Result<T, BackendError> {
    apart_while(name, work, || ()).map(|(done, ())| done)
}

/// As [`apart`], and does something else on this thread meanwhile.
///
/// # Errors
/// As [`apart`].
pub(crate) fn apart_while<T: Send, U>(
    name: &str,
    work: impl FnOnce() -> T + Send,
    meanwhile: impl FnOnce() -> U,
) -> Result<(T, U), BackendError> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, work);
        let thread =
            thread.map_err(|error| BackendError::Sql(format!("no thread can be started: {error}")))?;
        let meanwhile = meanwhile();
        let done = thread.join().map_err(|_| BackendError::Sql("a thread that reads met a fault".to_owned()));
        Ok((done?, meanwhile))
    })
}
