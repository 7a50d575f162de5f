//! Circles that lie on several nodes: what goes to another node, and what is taken from one.
//!
//! To a node goes what at least one member whose home it is may see, decided by that member's own [`crate::Reader`]: the original
//! where one of them may have it whole, else the first one's copy. What is pseudonymised stays at home, and so does what its
//! receivers may not pass on within the circle. Each text carries what the originator's home node signed ([`policy::Statement`]);
//! a node in the middle keeps these statements in its own line and passes them on as they are.
//!
//! What goes as a copy, because nobody there may see the whole, is replaced there by what says more of the same record: the whole, or
//! a longer copy. It goes again when its receivers may see more: under a new version of the agreement, and when an object comes
//! that they see and whose name was taken out.
//!
//! Statements of one member carry numbers of its home's line. What has a lower number than the last that was heard of the
//! same version is passed over, so that it does not matter by which ways, how often and in which order records come. A
//! statement is kept before its record is shared: whoever is cut off between the two takes the page again.

mod giving;
mod proposals;
mod taken_back;
mod taking;

pub use giving::Given;
pub use proposals::{ExchangeError, digest};
pub use taking::Taken;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use line::{Added, Entry, Erased, Erasure, LineId, Record, Seq, StorageError};
use parking_lot::Mutex;
use policy::federation::Deed;
use policy::{Agreement, Book, CircleId, MemberId, Peer, Statement, Terms};
use sha2::{Digest as _, Sha256};
use stix::signature::PublicKey;
use stix::{ObjectId, Timestamp};

use crate::opening::{Gate, GateError, Inner};
use crate::submit::SubmitError;

/// Why nothing goes to another node, or nothing is taken from it.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum FederationError {
    /// No such circle between the two nodes; whether there is one otherwise is not said.
    #[error("there is no such circle between these nodes")]
    NotFound,
    /// The circle is not in force.
    #[error("the circle is not in force: it has not begun or has ended")]
    NotInForce,
    /// The other has heard more of the line than there is.
    #[error(
        "the line ends at {head}, and you have heard up to {after}: it was put back from a backup; `bongsu peer again` begins anew"
    )]
    Behind {
        /// Where the line ends.
        head: u64,
        /// Up to where it was heard.
        after: u64,
    },
    /// The two nodes go by different versions of the agreement.
    #[error(
        "version {own} of the agreement counts here, and you go by {other}: it goes on when both have the same"
    )]
    Version {
        /// The one that counts here.
        own: u32,
        /// The one that was asked by.
        other: u32,
    },
    /// The node's line takes no more.
    #[error("a statement could not be kept: {0}")]
    Refused(line::Refusal),
    /// What was taken could not be shared.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// The store. Safe to repeat.
    #[error("{0}; safe to repeat")]
    Storage(#[from] StorageError),
}

impl From<GateError> for FederationError {
    fn from(error: GateError) -> Self {
        Self::Storage(error.into())
    }
}

/// Under what name something of a circle is taken, by one node at a time.
pub(crate) fn in_circle(circle: CircleId) -> String {
    format!("circle {circle}")
}

/// The type of what carries new terms without an object.
const TERMS: &str = "x-bongsu-terms";

/// A version of a member's object; none for an object without versions.
type Version = (CircleId, MemberId, ObjectId, Option<Timestamp>);

/// What other members' home nodes said.
#[derive(Default)]
pub(crate) struct Statements {
    kept: Mutex<Kept>,
    /// Of each circle, what is held while a page of it is taken: what is said of one circle depends on no other.
    in_order: Mutex<HashMap<CircleId, Arc<Mutex<()>>>>,
}

/// Where a statement stands in the node's line, and what it says.
#[derive(Clone, Copy)]
struct Place {
    at: Seq,
    /// The number in the home's line, and the time there.
    home: (u64, i64),
    copy: bool,
}

/// Where a statement about a withdrawal stands, and the versions that it names.
type Named = (Seq, Vec<Timestamp>);

/// The highest number in its home's line that was heard of a version, and where the node's line says so first.
#[derive(Clone, Copy, Default)]
struct Latest {
    seq: u64,
    at: Seq,
}

#[derive(Default)]
struct Kept {
    /// The last that was heard of each version, and where that was heard first.
    latest: HashMap<Version, Latest>,
    /// The statement about a record.
    places: HashMap<[u8; 32], Place>,
    /// The statements about withdrawals of an object, with the versions that each names.
    withdrawals: HashMap<(CircleId, MemberId, ObjectId), Vec<Named>>,
    /// Records that are known to be in their line, or to have been there.
    settled: HashSet<[u8; 32]>,
    /// What was erased, and where the node's line says so last: whoever says again what was said before that, brings nothing back.
    erased: HashMap<(LineId, ObjectId), Seq>,
    /// What the node's operators took back of objects without versions, and where the node's line says so last.
    taken_back: HashMap<(CircleId, ObjectId), Seq>,
}

impl Statements {
    /// Takes in a record of the node's line.
    pub(crate) fn load(&self, record: &Record) {
        // It was verified before it was kept.
        if let Ok(statement) = Statement::read(&String::from_utf8_lossy(&record.body)) {
            self.kept.lock().note(&statement, record.seq);
        }
    }

    /// Takes in a record of the node's line that says what was erased.
    pub(crate) fn load_erasure(&self, record: &Record) {
        // The store has read it before.
        if let Some(erasure) = Erasure::from_json(&String::from_utf8_lossy(&record.body)) {
            self.erased(&erasure.erased, record.seq);
        }
    }

    /// Keeps in mind what the node's line says to be erased, up to the record `at`.
    pub(crate) fn erased(&self, erased: &[Erased], at: Seq) {
        let mut kept = self.kept.lock();
        for one in erased {
            kept.erased.extend(one.id.clone().map(|id| ((one.line, id), at)));
        }
    }

    /// What is held while a page of a circle is taken.
    pub(crate) fn in_order(&self, circle: CircleId) -> Arc<Mutex<()>> {
        Arc::clone(self.in_order.lock().entry(circle).or_default())
    }
}

impl Kept {
    /// Whether a record that a statement is about is in its line, or was there and was erased after the statement was heard.
    fn is_settled(&self, name: &[u8; 32], statement: &Statement) -> bool {
        self.settled.contains(name)
            || matches!(statement.deed, Deed::Object { .. }) && self.was_erased(statement)
    }

    /// Whether all that was heard of a version up to a statement was heard before its object was erased: in whatever form it comes
    /// again, a copy or the whole, it was erased.
    fn was_erased(&self, statement: &Statement) -> bool {
        let line = LineId::new(statement.circle.uuid());
        let erased = [line, line.quarantine()].map(|line| self.erased.get(&(line, statement.id.clone())));
        let Some(erased) = erased.into_iter().flatten().max() else { return false };
        versions_of(statement).iter().all(|version| self.was_heard_before(statement, version, *erased))
    }

    /// Whether all that was heard of a version up to a statement was heard before the record `at` of the node's line.
    fn was_heard_before(&self, statement: &Statement, version: &Version, at: Seq) -> bool {
        self.latest.get(version).is_some_and(|last| statement.seq <= last.seq && last.at < at)
    }

    fn note(&mut self, statement: &Statement, at: Seq) {
        for version in versions_of(statement) {
            let heard = Latest { seq: statement.seq, at };
            let latest = self.latest.entry(version).or_insert(heard);
            // Another form of the same record, such as the whole after a copy, is not said anew.
            if statement.seq > latest.seq {
                *latest = heard;
            }
        }
        let copy = matches!(statement.deed, Deed::Object { copy: true, .. });
        self.places.insert(name_of(statement), Place { at, home: (statement.seq, statement.added), copy });
        if let Deed::Withdrawal { versions, .. } = &statement.deed {
            let versions = versions.iter().filter_map(|text| Timestamp::parse(text).ok()).collect();
            let of = (statement.circle, statement.member, statement.id.clone());
            self.withdrawals.entry(of).or_default().push((at, versions));
        }
    }
}

/// What of a record tells when it came to its home.
pub(crate) struct Came {
    /// When it came here.
    here: Added,
    id: Option<ObjectId>,
    sender: MemberId,
    terms: Option<Arc<str>>,
}

impl Came {
    /// Of an entry. Looks at the versions of its object.
    pub(crate) fn of(entry: &Entry<'_>, catalogue: &line::Catalogue) -> Self {
        let class = catalogue.class(entry.class());
        Self {
            here: entry.first_added(),
            id: entry.id(),
            sender: MemberId::new(class.map(|class| class.sender).unwrap_or_default()),
            terms: class.and_then(|class| class.terms.clone()),
        }
    }

    pub(crate) const fn sender(&self) -> MemberId {
        self.sender
    }
}

impl Inner {
    /// When an object with this text came to the home node of the member that brought it: the time by which all nodes judge its
    /// signature. For this node's members, when it came here.
    pub(crate) fn arrived(&self, circle: CircleId, came: &Came, raw: &str) -> Timestamp {
        let here = came.here.timestamp();
        let kept = self.statements.kept.lock();
        let (Some(id), false) = (&came.id, kept.places.is_empty()) else { return here };
        let terms = came.terms.as_deref().map_or(Ok(Terms::default()), Terms::from_json);
        let Ok(terms) = terms else { return here };
        let name = name_of_object(circle, came.sender, id, &hex(raw.as_bytes()), &terms);
        kept.places.get(&name).map_or(here, |place| Timestamp::from_micros(place.home.1))
    }
}

/// The versions that a statement is about.
fn versions_of(statement: &Statement) -> Vec<Version> {
    let of = |version| (statement.circle, statement.member, statement.id.clone(), version);
    match &statement.deed {
        Deed::Object { version, .. } => vec![of(*version)],
        Deed::Withdrawal { versions, .. } if versions.is_empty() => vec![of(None)],
        Deed::Withdrawal { versions, .. } => {
            versions.iter().filter_map(|text| Timestamp::parse(text).ok()).map(|at| of(Some(at))).collect()
        }
    }
}

/// Names what a statement says, however often it is said: an object under these terms, or one withdrawal.
fn name_of(statement: &Statement) -> [u8; 32] {
    let (circle, member, id) = (statement.circle, statement.member, &statement.id);
    match &statement.deed {
        Deed::Object { sha256, terms, .. } => name_of_object(circle, member, id, sha256, terms),
        Deed::Withdrawal { versions, .. } => named(&[
            circle.to_string().as_str(),
            &member.to_string(),
            &id.to_string(),
            "withdrawn",
            &statement.seq.to_string(),
            &versions.join(" "),
        ]),
    }
}

fn name_of_object(
    circle: CircleId,
    member: MemberId,
    id: &ObjectId,
    sha256: &str,
    terms: &Terms,
) -> [u8; 32] {
    // An embargo that is over is not kept where the object comes to.
    let terms = Terms { embargo_until: None, ..terms.clone() }.to_json();
    named(&[circle.to_string().as_str(), &member.to_string(), &id.to_string(), sha256, &terms])
}

fn named(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Gate {
    /// The node's key, as agreements name it.
    #[must_use]
    pub fn home(&self) -> &PublicKey {
        self.key().object_key().public()
    }

    /// The agreement of a circle in which this node has members.
    fn agreement<'b>(&self, book: &'b Book, circle: CircleId) -> Result<&'b Agreement, FederationError> {
        let agreed = book.agreed(circle).map(|agreed| &agreed.agreement);
        agreed
            .filter(|agreement| agreement.at_home(self.home()).next().is_some())
            .ok_or(FederationError::NotFound)
    }

    /// Whether a peer goes by the version of a circle's agreement that counts here; one that doesn't say is taken for one that does.
    ///
    /// # Errors
    /// [`FederationError::NotFound`], [`FederationError::Version`].
    pub fn goes_by(
        &self,
        circle: CircleId,
        peer: &Peer,
        version: Option<u32>,
    ) -> Result<(), FederationError> {
        let book = self.book();
        let agreement = self.agreement(&book, circle)?;
        if peer.ended || agreement.at_home(&peer.key).next().is_none() {
            return Err(FederationError::NotFound);
        }
        match version.filter(|other| *other != agreement.version) {
            Some(other) => Err(FederationError::Version { own: agreement.version, other }),
            None => Ok(()),
        }
    }

    /// The circles that lie on this node and on that one, with the versions of their agreements.
    #[must_use]
    pub fn circles_with(&self, peer: &PublicKey) -> Vec<(CircleId, u32)> {
        let book = self.book();
        let shared = |agreement: &&Agreement| {
            agreement.at_home(peer).next().is_some() && agreement.at_home(self.home()).next().is_some()
        };
        let all = book.all_agreed().map(|agreed| &agreed.agreement).filter(shared);
        all.map(|agreement| (agreement.circle, agreement.version)).collect()
    }

    /// The text of a statement that is kept in the node's line.
    fn statement_at(&self, at: Seq) -> Result<Option<String>, StorageError> {
        let mut text = None;
        self.store().bodies(LineId::NODE, &[at], &mut |_, _, body| {
            text = Some(String::from_utf8_lossy(body).into_owned());
        })?;
        Ok(text)
    }
}
