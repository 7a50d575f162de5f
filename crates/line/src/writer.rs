//! The one writer: judges drafts in order, gives numbers, commits many appends at once.
//!
//! Jobs of all lines wait in one queue; the writer takes what is there, stages it against the catalogues, writes one
//! transaction, and only after it is durable changes the catalogues and answers. So numbers are in commit order
//! without gaps, and nobody sees what might not survive. A failed commit changes nothing and is told to all
//! whose drafts were in it.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use stix::{Head, ObjectId, Timestamp};
use uuid::Uuid;

use crate::backend::{Batch, HeadRow, Place, RecordRow};
use crate::beside::Fence;
use crate::catalogue::{Catalogue, Entry, Fact, ObjectIx, VERSIONS_MAX, origin_of, version_of};
use crate::erasing::{Erased, Erasure};
use crate::failure::StorageError;
use crate::merkle::{self, Frontier};
use crate::record::{Added, Draft, LineId, Outcome, RecordKind, Refusal, Seq};
use crate::shared::LineState;

/// Most records that one transaction takes.
pub(crate) const GROUP_RECORDS_MAX: usize = 16_384;

/// Answers a job. Called on the writer's thread: it must not block.
pub(crate) type Answer = Box<dyn FnOnce(Result<Vec<Outcome>, StorageError>) + Send>;

/// A record whose bytes are to go, with their hash and what stands for them.
pub(crate) struct Erase {
    pub(crate) line: LineId,
    pub(crate) seq: Seq,
    pub(crate) body: merkle::Hash,
    pub(crate) stub: Vec<u8>,
}

/// What a job does beside appending.
pub(crate) enum Task {
    /// Nothing.
    Append,
    /// Erases records, in the transaction in which its drafts are written.
    Erase(Vec<Erase>),
    /// Has the file written anew without what was erased. Such a job has no drafts.
    Scrub,
}

/// Drafts for one line, and whom to tell.
pub(crate) struct Job {
    pub(crate) line: LineId,
    pub(crate) drafts: Vec<Draft>,
    pub(crate) task: Task,
    /// The leases under which it is to be done.
    pub(crate) fences: Vec<Fence>,
    pub(crate) answer: Answer,
}

impl Job {
    /// What the job holds in memory, in bytes.
    pub(crate) fn weight(&self) -> usize {
        self.drafts.iter().map(|draft| draft.body.len() + 256).sum()
    }
}

/// One line during one group.
pub(crate) struct Stage<'a, 'd> {
    state: &'a LineState,
    catalogue: &'a Catalogue,
    pub(crate) frontier: Frontier,
    next: u64,
    last_added: Added,
    pub(crate) staged: Vec<Staged<'d>>,
    /// What this group brings of each object, in order.
    versions: HashMap<ObjectId, Vec<Version>>,
    /// Objects that others referred to before they came with this group.
    arrived: HashSet<ObjectIx>,
    /// Objects that had been withdrawn and are brought again.
    returned: HashSet<ObjectIx>,
}

/// A draft that has its number.
pub(crate) struct Staged<'d> {
    pub(crate) seq: Seq,
    added: Added,
    draft: Cow<'d, Draft>,
}

impl Staged<'_> {
    /// What stands for the record in its line's tree.
    pub(crate) fn leaf(&self) -> merkle::Hash {
        let Self { added, draft, .. } = self;
        let terms = draft.terms.as_deref();
        merkle::leaf(&merkle::leaf_data(draft.kind, draft.sender, *added, draft.of, terms, &draft.body_hash))
    }
}

/// What is known of an object before a draft about it is judged: what the draft's own sender has brought of it. What others
/// have brought is judged apart from it and does not show in any answer.
struct Known {
    /// Its place in the catalogue, which it may have by being referred to alone.
    object: Option<ObjectIx>,
    /// The sender's newest version, of this group or of the catalogue.
    newest: Option<Version>,
    /// How many versions the sender has brought.
    count: usize,
}

/// One version of this group or of the catalogue.
#[derive(Clone)]
struct Version {
    version: Timestamp,
    fingerprint: u64,
    seq: Seq,
    revoked: bool,
    sender: Uuid,
    terms: Option<Arc<str>>,
    origin: u32,
    withdrawn: bool,
}

fn fingerprint(draft: &Draft) -> u64 {
    crate::record::fingerprint(&draft.body_hash)
}

impl<'a, 'd> Stage<'a, 'd> {
    pub(crate) fn new(state: &'a LineState, catalogue: &'a Catalogue, frontier: Frontier) -> Self {
        let (next, last_added) = (catalogue.head().0 + 1, catalogue.head_added());
        let (staged, versions) = (Vec::new(), HashMap::new());
        let (arrived, returned) = (HashSet::new(), HashSet::new());
        Self { state, catalogue, frontier, next, last_added, staged, versions, arrived, returned }
    }

    /// Judges a draft, and gives it its number if it may be appended.
    pub(crate) fn offer(&mut self, draft: Cow<'d, Draft>, now: i64) -> Outcome {
        if self.next >= u64::from(u32::MAX) {
            return Outcome::Refused(Refusal::Full);
        }
        let added = Added(now.max(self.last_added.0 + 1));
        let subject = draft.head.as_ref().map(|head| &head.id).or(draft.withdrawn.as_ref());
        let known = subject.map(|id| self.known(id, draft.sender));
        let judged = match (&draft.head, &known, draft.of) {
            (Some(head), Some(known), _) => self.judge(&draft, head, known, added),
            (None, Some(known), _) if draft.sender.is_nil() => self.judge_for_all(&draft, known),
            (None, Some(known), _) => self.judge_withdrawal(&draft, known),
            (None, None, Some(of)) => match self.catalogue.entry(of) {
                Some(entry) if entry.counts() => None,
                _ => Some(Outcome::Refused(Refusal::Unknown)),
            },
            _ => None,
        };
        if let Some(outcome) = judged {
            return outcome;
        }
        let seq = Seq(self.next);
        if let Some(known) = known {
            self.note(&draft, &known, seq, added);
        }
        let staged = Staged { seq, added, draft };
        self.frontier.push(staged.leaf());
        self.staged.push(staged);
        (self.next, self.last_added) = (seq.0 + 1, added);
        Outcome::Appended { seq, added }
    }

    fn known(&self, id: &ObjectId, sender: Uuid) -> Known {
        let object = self.catalogue.object(id);
        let own = || self.versions.get(id).into_iter().flatten().filter(|known| known.sender == sender);
        let here = own().max_by_key(|known| (known.version, known.seq));
        let brought = object.and_then(|object| self.catalogue.brought(object, sender));
        let count = own().count() + brought.map_or(0, |brought| brought.count);
        let there = brought.map(|brought| Version {
            version: brought.version,
            fingerprint: brought.fingerprint,
            seq: brought.seq,
            revoked: brought.revoked,
            sender,
            terms: self.catalogue.class(brought.class).and_then(|class| class.terms.clone()),
            origin: brought.origin,
            withdrawn: brought.withdrawn,
        });
        let newest = match (here, there) {
            (Some(here), there) if there.as_ref().is_none_or(|there| here.version >= there.version) => {
                Some(here.clone())
            }
            (_, there) => there,
        };
        Known { object, newest, count }
    }

    /// What the sender has brought of an object, version by version, as it stands with this group.
    fn own(&self, id: &ObjectId, object: Option<ObjectIx>, sender: Uuid) -> Vec<Version> {
        let there = object.into_iter().flat_map(|object| self.catalogue.of_sender(object, sender));
        let mut own: Vec<Version> = there.filter_map(|entry| self.version(&entry, sender)).collect();
        for here in self.versions.get(id).into_iter().flatten().filter(|here| here.sender == sender) {
            own.retain(|known| known.version != here.version && (known.origin != 0 || here.origin != 0));
            own.push(here.clone());
        }
        own
    }

    fn version(&self, entry: &Entry<'_>, sender: Uuid) -> Option<Version> {
        let class = self.catalogue.class(entry.class());
        Some(Version {
            version: entry.version(),
            fingerprint: self.catalogue.fingerprint(entry.seq)?,
            seq: entry.seq,
            revoked: entry.revoked(),
            sender,
            terms: class.and_then(|class| class.terms.clone()),
            origin: entry.origin(),
            withdrawn: entry.withdrawn(),
        })
    }

    /// The sender's own version with this date.
    fn same_version(
        &self,
        id: &ObjectId,
        known: &Known,
        sender: Uuid,
        version: Timestamp,
    ) -> Option<Version> {
        let own = self.versions.get(id).into_iter().flatten().filter(|known| known.sender == sender);
        let here = own.filter(|known| known.version == version).max_by_key(|known| known.seq);
        let there = || {
            let mut own = self.catalogue.of_sender(known.object?, sender);
            self.version(&own.find(|entry| entry.version() == version)?, sender)
        };
        here.cloned().or_else(there)
    }

    /// `None` if the object may be appended.
    fn judge(&self, draft: &Draft, head: &Head, known: &Known, added: Added) -> Option<Outcome> {
        let newest = known.newest.as_ref()?;
        let version = version_of(head, added);
        let fingerprint = fingerprint(draft);
        let is_definition = head.object_type() == "marking-definition";
        let full = (known.count >= VERSIONS_MAX).then_some(Outcome::Refused(Refusal::TooManyVersions));
        if head.created.is_none() && head.modified.is_none() {
            let same = newest.fingerprint == fingerprint && newest.terms == draft.terms && !newest.withdrawn;
            return match () {
                () if newest.origin != 0 => Some(Outcome::Refused(Refusal::OriginChanged)),
                () if same => Some(Outcome::Present { seq: newest.seq }),
                () if is_definition && newest.fingerprint != fingerprint && !draft.replaces => {
                    Some(Outcome::Refused(Refusal::VersionConflict))
                }
                () => full,
            };
        }
        let same = self.same_version(&head.id, known, draft.sender, version);
        let counts = same.as_ref().is_some_and(|same| !same.withdrawn);
        if !counts && (same.is_some() || newest.withdrawn && version <= newest.version) {
            return Some(Outcome::Refused(Refusal::Withdrawn));
        }
        if let Some(same) = same {
            return match () {
                () if same.fingerprint != fingerprint && draft.replaces => full,
                () if same.fingerprint != fingerprint => Some(Outcome::Refused(Refusal::VersionConflict)),
                // Who says no terms changes none: an import that runs each night must not lift an embargo.
                () if draft.terms.is_none() || same.terms == draft.terms => {
                    Some(Outcome::Present { seq: same.seq })
                }
                () => full,
            };
        }
        // STIX 2.1, 7.2.1: a marking definition has no versions, so that what it says stays.
        if is_definition {
            return Some(Outcome::Refused(Refusal::VersionConflict));
        }
        if newest.revoked && version > newest.version {
            return Some(Outcome::Refused(Refusal::Revoked));
        }
        let differs = newest.origin != origin_of(head);
        if differs { Some(Outcome::Refused(Refusal::OriginChanged)) } else { full }
    }

    /// The sender withdraws what it brought.
    fn judge_withdrawal(&self, draft: &Draft, known: &Known) -> Option<Outcome> {
        let id = draft.withdrawn.as_ref()?;
        let mut own = self.own(id, known.object, draft.sender);
        own.retain(|own| is_meant(&draft.versions, own));
        match own.iter().find(|own| !own.withdrawn).or(own.first()) {
            None => Some(Outcome::Refused(Refusal::Unknown)),
            Some(gone) if gone.withdrawn => Some(Outcome::Present { seq: gone.seq }),
            Some(_) => None,
        }
    }

    /// The node withdraws what anybody brought.
    fn judge_for_all(&self, draft: &Draft, known: &Known) -> Option<Outcome> {
        let id = draft.withdrawn.as_ref()?;
        let counting = known.object.and_then(|object| self.catalogue.latest(object));
        let here = self.versions.get(id).and_then(|versions| versions.last());
        match (here, counting) {
            (Some(here), _) if here.withdrawn => Some(Outcome::Present { seq: here.seq }),
            (Some(_), _) | (None, Some(_)) => None,
            (None, None) => {
                let withdrawn = known.object.filter(|object| !self.catalogue.senders(*object).is_empty());
                Some(
                    withdrawn
                        .map_or(Outcome::Refused(Refusal::Unknown), |_| Outcome::Present { seq: Seq(0) }),
                )
            }
        }
    }

    fn note(&mut self, draft: &Draft, known: &Known, seq: Seq, added: Added) {
        if let Some(head) = &draft.head {
            let version = Version {
                version: version_of(head, added),
                fingerprint: fingerprint(draft),
                seq,
                revoked: head.revoked,
                sender: draft.sender,
                terms: draft.terms.clone(),
                origin: origin_of(head),
                withdrawn: false,
            };
            self.versions.entry(head.id.clone()).or_default().push(version);
            if let Some(object) = known.object.filter(|object| self.catalogue.latest(*object).is_none()) {
                let is_new = self.catalogue.senders(object).is_empty();
                if is_new {
                    self.arrived.insert(object)
                } else {
                    self.returned.insert(object)
                };
            } else if let Some(object) = known.object.filter(|_| known.newest.is_none())
                && head.object_type() == "marking-definition"
            {
                // Whoever has marked something with it waits for its own definition.
                self.returned.insert(object);
            }
        } else if let Some(id) = &draft.withdrawn {
            let senders = match draft.sender.is_nil() {
                false => vec![draft.sender],
                true => self.senders(id, known),
            };
            for sender in senders {
                let own = self.own(id, known.object, sender);
                let meant = own.into_iter().filter(|own| !own.withdrawn && is_meant(&draft.versions, own));
                let withdrawn = meant.map(|own| Version { withdrawn: true, seq, ..own });
                self.versions.entry(id.clone()).or_default().extend(withdrawn);
            }
        }
    }

    fn senders(&self, id: &ObjectId, known: &Known) -> Vec<Uuid> {
        let here = self.versions.get(id).into_iter().flatten().map(|version| version.sender);
        let there = known.object.map(|object| self.catalogue.senders(object)).unwrap_or_default();
        let mut senders: Vec<Uuid> = here.chain(there).collect();
        senders.sort_unstable();
        senders.dedup();
        senders
    }

    /// Announces again what earlier groups left waiting for an object that this one brings.
    pub(crate) fn announce(&mut self, now: i64) {
        let (arrived, returned) = (std::mem::take(&mut self.arrived), std::mem::take(&mut self.returned));
        let mut due: Vec<Seq> = arrived
            .iter()
            .flat_map(|object| self.catalogue.released_by(*object, |other| arrived.contains(&other)))
            .chain(returned.iter().flat_map(|object| self.catalogue.dependants(*object)))
            .collect();
        due.sort_unstable();
        due.dedup();
        for of in due {
            let sender = self.catalogue.entry(of).and_then(|entry| self.catalogue.class(entry.class()));
            let sender = sender.map_or(Uuid::nil(), |class| class.sender);
            self.offer(Cow::Owned(Draft::again(sender, of)), now);
        }
    }

    /// What is to be written.
    pub(crate) fn rows<'s>(&'s self, batch: &mut Batch<'s>) {
        let line = self.state.place();
        batch.records.extend(self.staged.iter().map(|staged| RecordRow {
            line,
            seq: staged.seq,
            added: staged.added,
            kind: staged.draft.kind,
            sender: staged.draft.sender,
            terms: staged.draft.terms.as_deref(),
            of: staged.draft.of,
            body: &staged.draft.body,
            erased: None,
        }));
        let (size, root) = (self.frontier.size(), self.frontier.root());
        batch.heads.push(HeadRow { no: line.no, id: line.id, size, root });
    }
}

/// Whether a withdrawal of these versions (all, if none is named) means this one.
fn is_meant(versions: &[Timestamp], version: &Version) -> bool {
    versions.is_empty() || versions.contains(&version.version)
}

/// Lets what was written be seen.
pub(crate) fn publish(state: &LineState, frontier: Frontier, staged: &[Staged<'_>]) {
    if staged.is_empty() {
        return;
    }
    let mut catalogue = state.catalogue.write();
    for record in staged {
        catalogue.apply(&fact(&record.draft, record.added));
    }
    *state.frontier.lock() = frontier;
}

/// A stored row that stands by itself.
pub(crate) struct Kept {
    pub(crate) seq: Seq,
    pub(crate) added: Added,
    pub(crate) kind: RecordKind,
    pub(crate) sender: Uuid,
    terms: Option<Arc<str>>,
    of: Option<Seq>,
    pub(crate) body: Vec<u8>,
    pub(crate) erased: Option<merkle::Hash>,
}

impl Kept {
    pub(crate) fn of(row: &RecordRow<'_>) -> Self {
        Self {
            seq: row.seq,
            added: row.added,
            kind: row.kind,
            sender: row.sender,
            terms: row.terms.map(Arc::from),
            of: row.of,
            body: row.body.to_vec(),
            erased: row.erased,
        }
    }

    /// The row again, for a line.
    pub(crate) fn row(&self, line: Place) -> RecordRow<'_> {
        let Self { seq, added, kind, sender, terms, of, body, erased } = self;
        let (seq, added, kind, sender, of) = (*seq, *added, *kind, *sender, *of);
        RecordRow { line, seq, added, kind, sender, terms: terms.as_deref(), of, body, erased: *erased }
    }
}

/// A stored record with its head read again from its bytes, and its leaf.
pub(crate) struct Prepared {
    pub(crate) seq: Seq,
    pub(crate) added: Added,
    leaf: merkle::Hash,
    draft: Result<Draft, String>,
    /// If it is erased: the hash of its bytes, and of what stands for them.
    pub(crate) erased: Option<(merkle::Hash, merkle::Hash)>,
    /// What it says was erased.
    pub(crate) said: Vec<Erased>,
}

/// Reads a row's head and hashes it. Needs nothing else, so that many can be prepared at once.
pub(crate) fn prepare(row: Kept) -> Prepared {
    let Kept { seq, added, kind, sender, terms, of, body, erased } = row;
    let mut draft = Draft { terms, of, ..Draft::note(kind, sender, body) };
    let stub = draft.body_hash;
    draft.body_hash = erased.unwrap_or(stub);
    let mut said = Vec::new();
    let data = merkle::leaf_data(kind, sender, added, of, draft.terms.as_deref(), &draft.body_hash);
    let mut read = || {
        let text = std::str::from_utf8(&draft.body).map_err(|error| error.to_string())?;
        match kind {
            RecordKind::Object => {
                draft.head = Some(stix::read_head(text).map_err(|finding| finding.to_string())?);
            }
            RecordKind::Withdrawal => {
                let id = stix::head::property(text, "id").ok_or("a withdrawal without id")?;
                draft.withdrawn = Some(ObjectId::parse(&id).map_err(|error| error.to_string())?);
                draft.versions = withdrawn_versions(text)?;
            }
            RecordKind::Erasure => {
                said = Erasure::from_json(text).ok_or("it does not say what was erased")?.erased;
            }
            _ => {}
        }
        // The bytes are hashed and read; nobody needs them any more.
        draft.body = Vec::new();
        Ok(())
    };
    let outcome = read();
    let erased = erased.map(|body| (body, stub));
    Prepared { seq, added, leaf: merkle::leaf(&data), draft: outcome.map(|()| draft), erased, said }
}

/// The versions that a withdrawal names.
fn withdrawn_versions(text: &str) -> Result<Vec<Timestamp>, String> {
    let body: serde_json::Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let named = body.get("versions").and_then(serde_json::Value::as_array);
    let read = |version: &serde_json::Value| {
        let text = version.as_str().ok_or("a withdrawn version that is no text")?;
        Timestamp::parse(text).map_err(|error| error.to_string())
    };
    named.into_iter().flatten().map(read).collect()
}

impl Prepared {
    /// Adds the record to tree and catalogue.
    pub(crate) fn apply(&self, catalogue: &mut Catalogue, frontier: &mut Frontier) -> Result<(), String> {
        frontier.push(self.leaf);
        let draft = self.draft.as_ref().map_err(Clone::clone)?;
        catalogue.apply(&fact(draft, self.added));
        if self.erased.is_some() {
            catalogue.note_erased(self.seq);
        }
        Ok(())
    }
}

/// What a record brings to the catalogue.
fn fact(draft: &Draft, added: Added) -> Fact<'_> {
    Fact {
        added,
        kind: draft.kind,
        sender: draft.sender,
        terms: draft.terms.as_ref(),
        of: draft.of,
        fingerprint: fingerprint(draft),
        quotes: draft.quotes,
        bytes: draft.bytes,
        head: draft.head.as_ref(),
        withdrawn: draft.withdrawn.as_ref(),
        versions: &draft.versions,
    }
}
