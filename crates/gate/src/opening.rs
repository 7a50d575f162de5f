//! The gate itself: a store, the book as it stands, and the key.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use line::{Draft, LineId, Outcome, RecordKind, Seq, StorageError, Store};
use parking_lot::Mutex;
use policy::{Book, By, CircleId, Entry, MemberId, Request};
use stix::Timestamp;

use crate::asks::Asks;
use crate::audience::Parties;
use crate::decisions::Decisions;
use crate::definitions::Definitions;
use crate::equivalents::Index;
use crate::federation::Statements;
use crate::key::NodeKey;
use crate::parcels::Parcels;
use crate::quota::Quotas;
use crate::reader::Reader;
use crate::receipts::Receipts;
use crate::since::Since;
use crate::tally::{Tally, Via};

/// Under what name the book is changed, by one node at a time.
pub(crate) const BOOK: &str = "book";

/// What stops the gate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GateError {
    /// The store.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// An entry of the node's own line can't be read: who may see what would be a guess.
    #[error("entry {seq} of the node's line can't be read: {source}", seq = seq.0)]
    Entry {
        /// Its number.
        seq: Seq,
        /// Why.
        source: policy::EntryError,
    },
    /// The line refused an entry.
    #[error("the entry was refused: {0}")]
    Refused(line::Refusal),
}

/// There is no such thing for the one who asks; whether it exists for others is not said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such circle")]
pub struct NotFound;

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) key: NodeKey,
    pub(crate) book: ArcSwap<Standing>,
    /// Held while an entry is made of the book and appended, so that nothing changes in between.
    pub(crate) recording: Mutex<()>,
    /// How far the node's line was taken in.
    pub(crate) upto: crate::following::Upto,
    pub(crate) decisions: Decisions,
    pub(crate) definitions: Definitions,
    pub(crate) announced: Mutex<crate::embargo::Announced>,
    pub(crate) equivalents: Mutex<HashMap<LineId, Index>>,
    pub(crate) parties: Mutex<HashMap<LineId, Parties>>,
    pub(crate) receipts: Receipts,
    pub(crate) asks: Asks,
    pub(crate) parcels: Arc<Parcels>,
    /// What other members' home nodes said.
    pub(crate) statements: Statements,
    pub(crate) burning: Mutex<crate::fires::Burning>,
    pub(crate) known: crate::known::Values,
    pub(crate) listed: crate::listed::Listed,
    /// The public trees that were needed so far.
    pub(crate) trees: Mutex<HashMap<LineId, Arc<crate::tree::Tree>>>,
    /// What was brought since the start.
    pub(crate) tally: Arc<Tally>,
    /// How much members may bring.
    pub(crate) quotas: Quotas,
}

/// The book with a number that grows with every change on which a release can depend.
pub(crate) struct Standing {
    pub(crate) book: Arc<Book>,
    pub(crate) version: u64,
    pub(crate) since: Arc<Since>,
}

/// The only way from lines to partners. Cheap to clone.
#[derive(Clone)]
pub struct Gate {
    pub(crate) inner: Arc<Inner>,
    /// Which way what comes through it comes.
    pub(crate) via: Via,
}

/// As what an entry is kept.
const fn kind_of(entry: &Entry) -> RecordKind {
    match entry {
        Entry::Member(_) => RecordKind::Member,
        Entry::Circle(_) => RecordKind::Circle,
        Entry::Credential(_) => RecordKind::Credential,
        Entry::Setting(_) => RecordKind::Setting,
        Entry::SigningKey(_) => RecordKind::SigningKey,
        Entry::Person(_) | Entry::Account(_) => RecordKind::Person,
        Entry::Peer(_) => RecordKind::Peer,
        Entry::Agreement(_) => RecordKind::Agreement,
        Entry::Proposal(_) => RecordKind::Proposal,
    }
}

/// How far the clock may be behind the newest entry of the node's line and yet be taken for set back, in microseconds: two days.
/// Where it is farther behind, it was the entry's time that was wrong.
pub(crate) const SET_BACK_MAX_US: i64 = 2 * 86_400_000_000;

/// Whether records of this kind are entries of the book.
pub(crate) const fn is_entry(kind: RecordKind) -> bool {
    matches!(
        kind,
        RecordKind::Member
            | RecordKind::Circle
            | RecordKind::Credential
            | RecordKind::Setting
            | RecordKind::SigningKey
            | RecordKind::Person
            | RecordKind::Peer
            | RecordKind::Agreement
            | RecordKind::Proposal
    )
}

/// Whether a release can depend on an entry: not on a setting, and where sources stand changes with each page that is
/// pulled; nor on keys for signatures; nor on people, who see no more than their member.
pub(crate) const fn changes_releases(entry: &Entry) -> bool {
    matches!(entry, Entry::Member(_) | Entry::Circle(_) | Entry::Credential(_))
}

impl Gate {
    /// Opens the gate over `store`: reads the book from the node's own line.
    ///
    /// # Errors
    /// [`GateError`]: an entry that can't be read stops the node, because it may be the one that forbids something.
    pub fn open(store: Store, key: NodeKey) -> Result<Self, GateError> {
        let (mut book, mut since) = (Book::default(), Since::default());
        let (receipts, asks, mut after) = (Receipts::default(), Asks::default(), Seq(0));
        let (mut decided, mut version) = (Vec::new(), 0);
        let statements = Statements::default();
        loop {
            let records = store.records(LineId::NODE, after, line::store::RECORDS_MAX)?;
            let Some(last) = records.last() else { break };
            after = last.seq;
            for record in records.into_iter().filter(|record| record.erased.is_none()) {
                if is_entry(record.kind) {
                    let text = String::from_utf8_lossy(&record.body);
                    let entry = Entry::from_json(&text)
                        .map_err(|source| GateError::Entry { seq: record.seq, source })?;
                    since.note(&book, &entry, record.added);
                    if changes_releases(&entry) {
                        version = record.seq.0;
                    }
                    book.apply(entry);
                } else if record.kind == RecordKind::Statement {
                    statements.load(&record);
                } else if record.kind == RecordKind::Erasure {
                    statements.load_erasure(&record);
                } else if record.kind == RecordKind::TakenBack {
                    statements.load_taken_back(&record);
                } else if record.kind == RecordKind::Receipt {
                    receipts.load(&record);
                } else if record.kind == RecordKind::Ask {
                    asks.load(&record);
                } else if record.kind == RecordKind::Release {
                    decided.push(record);
                }
            }
        }
        for circle in book.circles() {
            store.ensure_line(LineId::new(circle.id.uuid()));
        }
        let parcels = Parcels::load(&store, book.circles().map(|circle| circle.id), &decided)?;
        let standing = Standing { book: Arc::new(book), version, since: Arc::new(since) };
        let inner = Inner {
            store,
            key,
            book: ArcSwap::from_pointee(standing),
            recording: Mutex::new(()),
            upto: Mutex::new(after),
            decisions: Decisions::default(),
            definitions: Definitions::default(),
            announced: Mutex::default(),
            equivalents: Mutex::default(),
            parties: Mutex::default(),
            receipts,
            asks,
            parcels: Arc::new(parcels),
            statements,
            burning: Mutex::default(),
            known: crate::known::Values::default(),
            listed: crate::listed::Listed::default(),
            trees: Mutex::default(),
            tally: Arc::default(),
            quotas: Quotas::default(),
        };
        Ok(Self { inner: Arc::new(inner), via: Via::Node })
    }

    /// The store, for what is no release: verifying, backup, an operator's view.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The node's key.
    #[must_use]
    pub fn key(&self) -> &NodeKey {
        &self.inner.key
    }

    /// A number that grows with every change of the book on which a release can depend.
    #[must_use]
    pub fn book_version(&self) -> u64 {
        self.inner.book.load().version
    }

    /// Who takes part, as it stands.
    #[must_use]
    pub fn book(&self) -> Arc<Book> {
        Arc::clone(&self.inner.book.load().book)
    }

    /// Writes an entry to the node's line; when this returns, it is durable and holds.
    ///
    /// # Errors
    /// [`GateError`]: then nothing has changed.
    pub fn record(&self, by: impl Into<By>, entry: Entry) -> Result<(), GateError> {
        self.change(by, |_| Ok(entry))
    }

    /// By which time what ends is judged: `now`, or that of the newest entry of the node's line, if the clock was set back. So a
    /// credential that has expired does not hold again for a while.
    #[must_use]
    pub fn ends_by(&self, now: Timestamp) -> Timestamp {
        let newest = self.inner.store.look(LineId::NODE, |catalogue| catalogue.head_added().0);
        let newest = newest.unwrap_or_default();
        let is_set_back = newest.saturating_sub(now.micros()) <= SET_BACK_MAX_US;
        if is_set_back { now.max(Timestamp::from_micros(newest)) } else { now }
    }

    /// Writes the entry that `make` makes of the book as it stands; nothing changes in between, so that two changes to one
    /// member do not undo each other.
    ///
    /// # Errors
    /// What `make` fails with, or [`GateError`]: then nothing has changed.
    pub fn change<E: From<GateError>>(
        &self,
        by: impl Into<By>,
        make: impl FnOnce(&Book) -> Result<Entry, E>,
    ) -> Result<(), E> {
        self.change_all(by, |book| Ok(vec![make(book)?]))
    }

    /// As [`Gate::change`], but of several entries, which are written in one step: all of them or none.
    ///
    /// # Errors
    /// As [`Gate::change`].
    pub fn change_all<E: From<GateError>>(
        &self,
        by: impl Into<By>,
        make: impl FnOnce(&Book) -> Result<Vec<Entry>, E>,
    ) -> Result<(), E> {
        let _in_order = self.inner.recording.lock();
        self.alone(BOOK, || {
            let entries = make(&self.inner.book.load().book)?;
            Ok(self.write(by.into(), &entries)?)
        })
    }

    /// Appends entries and takes them in, while `recording` is held.
    fn write(&self, by: By, entries: &[Entry]) -> Result<(), GateError> {
        let draft = |entry: &Entry| {
            Draft::note(kind_of(entry), by.member.uuid(), entry.to_json_by(by.person).into_bytes())
        };
        let drafts = entries.iter().map(draft).collect();
        for outcome in self.inner.store.append(LineId::NODE, drafts)? {
            if let Outcome::Refused(refusal) = outcome {
                return Err(GateError::Refused(refusal));
            }
        }
        self.read_on()
    }

    /// One member's view of one circle in one form.
    ///
    /// # Errors
    /// [`NotFound`] if the circle is not there or the member is not in it: the two look the same.
    pub fn reader(&self, request: Request) -> Result<Reader, NotFound> {
        let standing = self.inner.book.load_full();
        let takes_part = standing.book.member(request.member).is_some_and(|member| !member.ended);
        let circle =
            standing.book.circle(request.circle).filter(|circle| circle.members.contains(&request.member));
        match circle {
            Some(_) if takes_part => Ok(Reader::new(Arc::clone(&self.inner), standing, request)),
            _ => Err(NotFound),
        }
    }

    /// The readers of all circles that a member is in, for artefacts that join them; circles not in force give nothing.
    #[must_use]
    pub fn readers(
        &self,
        member: MemberId,
        wanted: policy::Use,
        encrypted: bool,
        now: Timestamp,
    ) -> Vec<Reader> {
        let standing = self.inner.book.load_full();
        let circles: Vec<CircleId> =
            standing.book.circles_of(member).into_iter().map(|circle| circle.id).collect();
        let request = |circle| Request {
            member,
            circle,
            wanted,
            encrypted,
            now,
            reach: policy::release::Reach::Member,
        };
        circles.into_iter().filter_map(|circle| self.reader(request(circle)).ok()).collect()
    }
}
