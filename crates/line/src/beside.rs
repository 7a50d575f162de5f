//! What nodes that share a database keep there beside the lines: leases, and small values.
//!
//! A *lease* is work that one node does at a time. [`Beside::take`] compares and sets, by the database's clock; whoever stops
//! taking it again loses it when its term is over. With each change of holder its number grows, and that number is a [`Fence`]:
//! what is appended or kept [`Fence::within`] it is checked against the lease in the transaction that writes it, so that a holder
//! that slept through its term writes nothing once another has begun. No lock of the engine is held between two statements, and
//! nothing is told by notifications.
//!
//! A [`Room`] has values by keys, each with a version for comparing and setting. It is for what all nodes must see and is no part
//! of a line: sessions, statuses, what waits to be sent.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use uuid::Uuid;

use crate::backend::postgres::{Postgres, SIGNS, Settings};
use crate::backend::{BackendError, Role};
use crate::failure::StorageError;
use crate::shared::apart;

/// How long it is tried to reach a database that does not answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(50);
/// Connections that are kept for it.
const IDLE_MAX: usize = 4;
/// How often it is asked for a lease that another has.
const AGAIN: Duration = Duration::from_millis(20);

/// A lease as it is held: its name, and the number that grows with each change of holder.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fence {
    pub(crate) name: Arc<str>,
    pub(crate) holder: Uuid,
    pub(crate) token: i64,
}

thread_local! {
    /// The leases under which this thread works.
    static UNDER: RefCell<Vec<Fence>> = const { RefCell::new(Vec::new()) };
}

/// Ends the work under a lease, however it ends.
struct Within(usize);

impl Drop for Within {
    fn drop(&mut self) {
        UNDER.with_borrow_mut(|under| under.truncate(self.0));
    }
}

impl Fence {
    /// The number.
    #[must_use]
    pub const fn token(&self) -> i64 {
        self.token
    }

    /// Does `work` under the lease: what this thread appends or keeps meanwhile is refused with [`StorageError::Fenced`] once
    /// another has it.
    pub fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        within(std::slice::from_ref(self), work)
    }
}

/// The leases under which this thread works, for work that it hands to another thread.
#[must_use]
pub fn under() -> Vec<Fence> {
    UNDER.with_borrow(Clone::clone)
}

/// As [`Fence::within`], under several.
pub fn within<T>(fences: &[Fence], work: impl FnOnce() -> T) -> T {
    let _until_done = UNDER.with_borrow_mut(|under| {
        let before = under.len();
        under.extend_from_slice(fences);
        Within(before)
    });
    work()
}

/// What came of asking for a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It is held, for the term that was asked for.
    Held(Fence),
    /// Another has it, and for how long if it does not take it again.
    Others(Duration),
}

/// A value that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its key.
    pub key: String,
    /// The value.
    pub value: Vec<u8>,
    /// Grows with each change.
    pub version: i64,
    /// When it was changed last, by the database's clock, in microseconds since 1970; to two seconds where it was compared and set.
    pub changed_us: i64,
}

/// What nodes keep in their database beside the lines. Cheap to clone.
#[derive(Clone)]
pub struct Beside {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    idle: Mutex<Vec<Postgres>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        let idle = std::mem::take(self.idle.get_mut());
        if !idle.is_empty() {
            // Without a thread they go with this one.
            drop(apart("line-closer", move || drop(idle)));
        }
    }
}

impl Beside {
    pub(crate) fn new(settings: Settings) -> Self {
        Self { inner: Arc::new(Inner { settings, idle: Mutex::default() }) }
    }

    /// Asks the database, again for a moment where it does not answer. On a thread of its own, because who asks may serve many.
    fn ask<T: Send>(
        &self,
        ask: &(dyn Fn(&mut Postgres) -> Result<T, BackendError> + Sync),
    ) -> Result<T, StorageError> {
        let until = Instant::now() + PATIENCE;
        let asked = apart("line-beside", || {
            let idle = self.inner.idle.lock().pop();
            let mut postgres = idle.unwrap_or_else(|| Postgres::idle(&self.inner.settings, Role::Beside));
            let asked = loop {
                match ask(&mut postgres) {
                    Err(error) if error.is_passing() && Instant::now() < until => std::thread::sleep(PAUSE),
                    outcome => break outcome,
                }
            };
            let mut idle = self.inner.idle.lock();
            if idle.len() < IDLE_MAX {
                idle.push(postgres);
            }
            asked
        });
        Ok(asked??)
    }

    /// Takes a lease for `term` from now on, or takes it again: each holder has a number of its own, drawn at random when it began.
    ///
    /// # Errors
    /// [`StorageError`]: then it may be held, and is to be asked for again.
    pub fn take(&self, name: &str, holder: Uuid, term: Duration) -> Result<Taken, StorageError> {
        self.ask(&|postgres| postgres.take_lease(name, holder, term))
    }

    /// Lets a lease go before its term is over.
    ///
    /// # Errors
    /// [`StorageError`]: then it goes when its term is over.
    pub fn let_go(&self, fence: &Fence) -> Result<(), StorageError> {
        self.ask(&|postgres| postgres.end_lease(fence))
    }

    /// Does `work` under the lease `name` and lets it go; waits for others that have it, at most for `patience`. Must not be called
    /// within itself for the same name.
    ///
    /// # Errors
    /// [`StorageError::Contended`] where others have it for too long; then nothing was done.
    pub fn alone<T>(
        &self,
        name: &str,
        (term, patience): (Duration, Duration),
        work: impl FnOnce() -> T,
    ) -> Result<T, StorageError> {
        let (holder, until) = (Uuid::new_v4(), Instant::now() + patience);
        let fence = loop {
            match self.take(name, holder, term)? {
                Taken::Held(fence) => break fence,
                Taken::Others(_) if Instant::now() < until => std::thread::sleep(AGAIN),
                Taken::Others(_) => return Err(StorageError::Contended),
            }
        };
        let done = fence.within(work);
        // What can't be let go now goes when its term is over.
        let _later = self.let_go(&fence);
        Ok(done)
    }

    /// Does `work` while a lease that is held is taken again and again, each time for `term`: who is killed in the midst of long work
    /// has it no longer than that. Once another has it, what is written [`Fence::within`] it is refused.
    pub fn renewing<T>(&self, fence: &Fence, term: Duration, work: impl FnOnce() -> T) -> T {
        let (working, ended) = mpsc::channel::<()>();
        std::thread::scope(|scope| {
            let renew = move || {
                while ended.recv_timeout(term / 4) == Err(mpsc::RecvTimeoutError::Timeout) {
                    // What can't be asked now is asked again well before the term is over.
                    let _later = self.take(&fence.name, fence.holder, term);
                }
            };
            // Without a thread it lasts for its term.
            let _renewed =
                std::thread::Builder::new().name("line-lease".to_owned()).spawn_scoped(scope, renew);
            let _until_done = working;
            work()
        })
    }

    /// The values of one kind.
    #[must_use]
    pub fn room(&self, name: &'static str) -> Room {
        Room { beside: self.clone(), name }
    }
}

/// A number at random that a change has of its own.
fn sign() -> i64 {
    let bits = Uuid::new_v4().as_u128() % SIGNS.unsigned_abs() as u128;
    i64::try_from(bits).unwrap_or_default()
}

/// Whether a value is what was kept under this sign.
fn is_of(kept: &Kept, value: &[u8], sign: i64) -> bool {
    kept.value == value && kept.changed_us % SIGNS == sign
}

/// Values by keys, in the database.
#[derive(Clone)]
pub struct Room {
    beside: Beside,
    name: &'static str,
}

impl Room {
    /// What is kept under a key.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn get(&self, key: &str) -> Result<Option<Kept>, StorageError> {
        self.beside.ask(&|postgres| postgres.kept(self.name, key))
    }

    /// What is kept under keys behind `after`, in the order of keys, at most `limit`.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn page(&self, after: &str, limit: u32) -> Result<Vec<Kept>, StorageError> {
        self.beside.ask(&|postgres| postgres.page(self.name, after, limit))
    }

    /// Keeps a value, whatever was there.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn put(&self, key: &str, value: &[u8]) -> Result<(), StorageError> {
        let fences = under();
        self.beside.ask(&|postgres| postgres.keep((self.name, key), value, &fences))
    }

    /// Keeps a value if what is there has this version, or if nothing is there and none is named; no value takes it away. Gives the
    /// new version (0 for one that went), or nothing where another was quicker. Where the connection was lost meanwhile, what is there
    /// says whether it was done.
    ///
    /// # Errors
    /// [`StorageError`]; [`StorageError::Unknown`] where a value is gone, and it is not known by whom it was taken away.
    pub fn swap(
        &self,
        key: &str,
        value: Option<&[u8]>,
        version: Option<i64>,
    ) -> Result<Option<i64>, StorageError> {
        let (fences, at) = (under(), (self.name, key));
        let (was_lost, sign) = (AtomicBool::new(false), sign());
        self.beside.ask(&|postgres| {
            let swapped = postgres.swap(at, value, (version, sign), &fences);
            match swapped {
                Err(BackendError::Lost(_)) => was_lost.store(true, Ordering::Relaxed),
                // Others may have changed it, or this did before the connection was lost.
                Ok(None) if was_lost.load(Ordering::Relaxed) => {
                    return match (postgres.kept(self.name, key)?, value) {
                        (Some(kept), Some(value)) => Ok(is_of(&kept, value, sign).then_some(kept.version)),
                        (None, None) if version.is_some() => Err(BackendError::Unknown),
                        (Some(_), None) | (None, _) => Ok(None),
                    };
                }
                _ => {}
            }
            swapped
        })
    }

    /// Takes a value away; whether it was there.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn remove(&self, key: &str) -> Result<bool, StorageError> {
        let fences = under();
        self.beside.ask(&|postgres| postgres.drop_kept((self.name, key), &fences))
    }

    /// Takes away what was not changed for so long; how many that were.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn sweep(&self, older: Duration) -> Result<u64, StorageError> {
        self.beside.ask(&|postgres| postgres.sweep(self.name, older))
    }

    /// Takes away the values that were changed longest ago, beyond so many; how many that were. Of some that were changed at one moment
    /// all stay.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn trim(&self, most: u32) -> Result<u64, StorageError> {
        self.beside.ask(&|postgres| postgres.trim(self.name, most))
    }
}
