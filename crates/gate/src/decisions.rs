//! Decisions that were made, kept per class: there are few classes, however many objects.
//!
//! A table belongs to one request shape (member, circle, form, channel, reach). It is dropped when the book changes,
//! when a date comes on which one of its decisions may turn, or when the clock was set back to before it was made.

use std::collections::HashMap;
use std::sync::Arc;

use line::ClassIx;
use parking_lot::Mutex;
use policy::{CircleId, MemberId, Permit, Reach, Request, Use};
use stix::Timestamp;

/// Tables kept; beyond it, all are dropped: they are quickly made.
const TABLES_MAX: usize = 4_096;

/// How much earlier a request may be than a table that it uses, in microseconds: requests wait for each other. A clock that was set
/// back by more makes tables anew: what an embargo holds again must not go by a decision that was made when it had passed.
const EARLIER_MAX_US: i64 = 10_000_000;

type Key = (MemberId, CircleId, Use, bool, Reach);

/// The decisions for one shape of request.
#[derive(Default)]
pub(crate) struct Table {
    book_version: u64,
    /// When it was begun, in microseconds since 1970.
    begun_us: i64,
    until: Option<Timestamp>,
    permits: Vec<Option<Permit>>,
}

impl Table {
    /// An empty table for decisions under this version of the book, from `now` on.
    pub(crate) fn new(book_version: u64, now: Timestamp) -> Self {
        Self { book_version, begun_us: now.micros(), ..Self::default() }
    }

    /// Whether what is kept here holds under this version of the book at `now`.
    pub(crate) fn holds(&self, book_version: u64, now: Timestamp) -> bool {
        let is_set_back = now.micros() < self.begun_us.saturating_sub(EARLIER_MAX_US);
        self.book_version == book_version && !is_set_back && self.until.is_none_or(|until| now < until)
    }

    pub(crate) fn get(&self, class: ClassIx) -> Option<Permit> {
        *self.permits.get(class.index())?
    }

    pub(crate) fn keep(&mut self, class: ClassIx, permit: Permit, until: Option<Timestamp>) {
        if self.permits.len() <= class.index() {
            self.permits.resize(class.index() + 1, None);
        }
        if let Some(place) = self.permits.get_mut(class.index()) {
            *place = Some(permit);
        }
        self.until = match (self.until, until) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
}

#[derive(Default)]
pub(crate) struct Decisions {
    tables: Mutex<HashMap<Key, Arc<Mutex<Table>>>>,
}

impl Decisions {
    /// The table for the request, emptied if its decisions no longer hold.
    pub(crate) fn table(&self, request: &Request, book_version: u64) -> Arc<Mutex<Table>> {
        let key = (request.member, request.circle, request.wanted, request.encrypted, request.reach);
        let table = {
            let mut tables = self.tables.lock();
            if tables.len() >= TABLES_MAX && !tables.contains_key(&key) {
                tables.clear();
            }
            Arc::clone(tables.entry(key).or_default())
        };
        let mut held = table.lock();
        // An older request must not take what a newer one has kept away from it.
        if !held.holds(book_version, request.now) && held.book_version <= book_version {
            *held = Table::new(book_version, request.now);
        }
        drop(held);
        table
    }
}
