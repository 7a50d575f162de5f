//! A circle's fires, from what its line holds.
//!
//! All members of a circle are shown the same fires, over every channel, so only what every one of them may see in the clear
//! lights them, and each object counts as the one that sees least of it has it: what is kept from one of them must not show
//! through a number.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use line::{Added, Catalogue, LineId, ObjectIx, Seq, StorageError};
use parking_lot::Mutex;
use policy::fires::{NEWS_HOURS, Sign, SignKind};
use policy::{CircleId, Entry, Fires, Level, MemberId, Reach, Request, Setting, Word};
use serde_json::Value;
use stix::Timestamp;
use uuid::Uuid;

use crate::audience::Audience;
use crate::opening::{Gate, GateError};
use crate::reader::{Reader, Settled, settle};

const HOUR_MICROS: i64 = 3_600_000_000;
/// Time for which fires are not worked out again although the line grows, at least; and so many times as long as it took.
const REST_MICROS: i64 = 1_000_000;
const REST_TIMES: i64 = 20;
/// Time for which they are at most: what is old goes out.
const FRESH_MICROS: i64 = 30_000_000;
/// Records looked at before the line may grow again.
const LOOKED_AT_ONCE: u64 = 20_000;
/// Types that may light fires.
const TELLING: [&str; 6] = ["sighting", "indicator", "incident", "report", "campaign", "vulnerability"];
/// What is looked at of one type from one sender, the newest: nobody puts fires out by sending much.
const EACH_MAX: usize = 50;
/// Senders whose records are looked at, those that brought something last.
const SENDERS_MAX: usize = 500;

/// Fires as they were worked out.
pub(crate) struct Lit {
    at: Timestamp,
    head: Seq,
    book_version: u64,
    word: Option<Word>,
    rest_micros: i64,
    fires: Fires,
}

impl Lit {
    fn holds(&self, head: Seq, book_version: u64, word: Option<&Word>, now: Timestamp) -> bool {
        let age = now.micros() - self.at.micros();
        let has_ended = self.word.as_ref().is_some_and(|word| self.at < word.until && word.until <= now);
        let is_same = self.book_version == book_version && self.word.as_ref() == word && !has_ended;
        is_same && age >= 0 && (age < self.rest_micros || (self.head == head && age < FRESH_MICROS))
    }
}

/// By circle; each is worked out by one at a time.
pub(crate) type Burning = HashMap<CircleId, Arc<Mutex<Option<Lit>>>>;

/// The name of the setting that keeps an analyst's word.
fn setting(circle: CircleId) -> String {
    format!("fires.{circle}")
}

/// A record that may light fires.
struct Candidate {
    seq: Seq,
    object: ObjectIx,
    version: Timestamp,
    added: Timestamp,
    by: MemberId,
}

/// What one audience has of a record; it may be no sign of anything.
#[derive(Clone, Copy)]
struct Seen {
    kind: Option<SignKind>,
    at: Timestamp,
}

impl Gate {
    /// A circle's fires at `now`, as all its members are shown them.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn fires(&self, circle: CircleId, now: Timestamp) -> Result<Fires, StorageError> {
        let place = Arc::clone(self.inner.burning.lock().entry(circle).or_default());
        let mut lit = place.lock();
        let line = LineId::new(circle.uuid());
        let (head, book_version) = (self.store().look(line, Catalogue::head)?, self.book_version());
        let word = self.word(circle);
        if let Some(lit) = lit.as_ref().filter(|lit| lit.holds(head, book_version, word.as_ref(), now)) {
            return Ok(lit.fires.clone());
        }
        let begun = Instant::now();
        let fires = Fires::of(&self.signs(circle, now)?, word.as_ref(), now);
        let took = i64::try_from(begun.elapsed().as_micros()).unwrap_or(FRESH_MICROS);
        let rest_micros = took.saturating_mul(REST_TIMES).clamp(REST_MICROS, FRESH_MICROS);
        *lit = Some(Lit { at: now, head, book_version, word, rest_micros, fires: fires.clone() });
        Ok(fires)
    }

    /// What an analyst has said of a circle's fires, whether it still holds or not.
    #[must_use]
    pub fn word(&self, circle: CircleId) -> Option<Word> {
        self.book().setting(&setting(circle)).and_then(Word::from_json)
    }

    /// Keeps an analyst's word about a circle's fires, or takes it back.
    ///
    /// # Errors
    /// [`GateError`]: then nothing has changed.
    pub fn say(&self, by: MemberId, circle: CircleId, word: Option<&Word>) -> Result<(), GateError> {
        let value = word.map(Word::to_json);
        self.record(by, Entry::Setting(Setting { name: setting(circle), value }))
    }

    /// What every member of the circle that reads in it may see, and what may light fires.
    fn signs(&self, circle: CircleId, now: Timestamp) -> Result<Vec<Sign>, StorageError> {
        let line = LineId::new(circle.uuid());
        let from = Added(now.micros().saturating_sub(NEWS_HOURS * HOUR_MICROS));
        let (after, mut head) =
            self.store().look(line, |catalogue| (catalogue.until(from), catalogue.head()))?;
        let mut candidates = Candidates::default();
        while head > after {
            let begin = after.max(Seq(head.0.saturating_sub(LOOKED_AT_ONCE)));
            self.store().look(line, |catalogue| candidates.take(catalogue, begin, head))?;
            head = begin;
        }
        let candidates = candidates.in_order();
        let (mut common, mut audiences): (Option<BTreeMap<Seq, Seen>>, _) =
            (None, HashSet::<Audience>::new());
        for reader in self.readers_of(circle, now) {
            // Whoever brought something itself is an audience of its own, and is asked for itself.
            if reader.audience().is_some_and(|audience| !audiences.insert(audience)) {
                continue;
            }
            let asked: Vec<&Candidate> = candidates
                .iter()
                .filter(|one| common.as_ref().is_none_or(|common| common.contains_key(&one.seq)))
                .collect();
            let seen = seen(&reader, &asked)?;
            common = Some(match common {
                None => seen,
                Some(common) => least(common, &seen),
            });
        }
        let mut common = common.unwrap_or_default();
        Ok(newest(&candidates, &mut common))
    }

    /// A reader for each member that reads in the circle, over a channel where others can read along.
    fn readers_of(&self, circle: CircleId, now: Timestamp) -> Vec<Reader> {
        let book = self.book();
        let Some(found) = book.circle(circle) else { return Vec::new() };
        let members = found.members.iter().filter(|member| found.access(**member).reads());
        let request = |member: &MemberId| Request {
            member: *member,
            circle,
            wanted: Level::Read,
            encrypted: false,
            now,
            reach: Reach::Member,
        };
        members.filter_map(|member| self.reader(request(member)).ok()).collect()
    }
}

/// What may light fires, the newest first: of each sender and type as many as are looked at.
#[derive(Default)]
struct Candidates {
    found: Vec<Candidate>,
    counts: HashMap<(Uuid, Box<str>), usize>,
    senders: HashSet<Uuid>,
}

impl Candidates {
    /// Takes the records after `after` and up to `head` in, which come before all that were taken in.
    fn take(&mut self, catalogue: &Catalogue, after: Seq, head: Seq) {
        for seq in (after.0 + 1..=head.0).rev().map(Seq) {
            let Some(entry) = catalogue.entry(seq).filter(|entry| entry.counts()) else { continue };
            let (Some(object), Some(sender)) = (entry.object(), entry.sender()) else { continue };
            let object_type = catalogue.object_type(object);
            // What the node itself shares is for tests.
            if !TELLING.contains(&object_type) || MemberId::new(sender) == MemberId::NODE {
                continue;
            }
            if !self.senders.contains(&sender) {
                if self.senders.len() >= SENDERS_MAX {
                    continue;
                }
                self.senders.insert(sender);
            }
            let count = self.counts.entry((sender, object_type.into())).or_default();
            *count += 1;
            if *count <= EACH_MAX {
                let (version, added, by) =
                    (entry.version(), entry.added().timestamp(), MemberId::new(sender));
                self.found.push(Candidate { seq, object, version, added, by });
            }
        }
    }

    /// All of them, in the line's order.
    fn in_order(mut self) -> Vec<Candidate> {
        self.found.reverse();
        self.found
    }
}

/// What of the candidates a reader's audience may see, and how it has them.
fn seen(reader: &Reader, asked: &[&Candidate]) -> Result<BTreeMap<Seq, Seen>, StorageError> {
    let (mut seen, mut whole) = (BTreeMap::new(), Vec::new());
    let read = |one: &Candidate, raw: &str| {
        let content = serde_json::from_str::<Value>(raw).ok()?;
        let object_type = content.get("type").and_then(Value::as_str)?;
        let came = one.version.min(one.added);
        let told = sign(object_type, &content, came);
        let at = told.map_or(came, |(_, at)| at).min(one.added);
        Some((one.seq, Seen { kind: told.map(|(kind, _)| kind), at }))
    };
    reader.with_view(|view| {
        // That another member's version stands before this one for some, whoever brought this one must not learn from a fire.
        view.is_alone = true;
        for one in asked {
            let Some(entry) = view.catalogue.entry(one.seq).filter(|entry| entry.counts()) else { continue };
            match settle(view, &entry) {
                Settled::Held(_) => {}
                Settled::Copy(copy) => seen.extend(read(one, copy.text.get())),
                Settled::Whole(_) => whole.push(*one),
            }
        }
    })?;
    let line = LineId::new(reader.request().circle.uuid());
    let seqs: Vec<Seq> = whole.iter().map(|one| one.seq).collect();
    let mut at = whole.iter().peekable();
    reader.inner.store.bodies(line, &seqs, &mut |seq, _, body| {
        if let Some(one) = at.next_if(|one| one.seq == seq) {
            seen.extend(read(one, &String::from_utf8_lossy(body)));
        }
    })?;
    Ok(seen)
}

/// What both see, as the one that sees less of it has it.
fn least(mut common: BTreeMap<Seq, Seen>, other: &BTreeMap<Seq, Seen>) -> BTreeMap<Seq, Seen> {
    common.retain(|seq, seen| match other.get(seq) {
        Some(other) => {
            // What is no sign for one of them is none: `None` is the least.
            *seen = Seen { kind: seen.kind.min(other.kind), at: seen.at.min(other.at) };
            true
        }
        None => false,
    });
    common
}

/// Of each object that brings a sign, the newest version that all see.
fn newest(candidates: &[Candidate], common: &mut BTreeMap<Seq, Seen>) -> Vec<Sign> {
    let mut newest: HashMap<ObjectIx, (&Candidate, Seen)> = HashMap::new();
    for one in candidates {
        let Some(seen) = common.remove(&one.seq) else { continue };
        let known = newest.get(&one.object).map(|(known, _)| (known.version, known.seq));
        if known.is_none_or(|known| known < (one.version, one.seq)) {
            newest.insert(one.object, (one, seen));
        }
    }
    let sign = |(one, seen): (&Candidate, Seen)| {
        Some(Sign { kind: seen.kind?, at: seen.at, added: one.added, by: one.by })
    };
    newest.into_values().filter_map(sign).collect()
}

/// What an object is a sign of, and when that happened.
fn sign(object_type: &str, content: &Value, at: Timestamp) -> Option<(SignKind, Timestamp)> {
    if content.get("revoked").and_then(Value::as_bool) == Some(true) {
        return None;
    }
    if object_type == "sighting" {
        let is_seen = content.get("count").and_then(Value::as_u64) != Some(0);
        let last = content.get("last_seen").and_then(Value::as_str);
        return is_seen
            .then(|| (SignKind::Sighting, last.and_then(|at| Timestamp::parse(at).ok()).unwrap_or(at)));
    }
    let kind = match severity(content).as_deref() {
        Some("critical") => SignKind::Critical,
        Some("high") => SignKind::High,
        _ if object_type == "incident" => SignKind::Incident,
        // A vulnerability that is not severe is daily business.
        _ if object_type == "vulnerability" => return None,
        _ => SignKind::News,
    };
    Some((kind, at))
}

/// The severity that an object states, in lower case: as a property of its own or of an extension, or as a label
/// `severity:critical`.
#[must_use]
pub fn severity(content: &Value) -> Option<String> {
    let own = |object: &Value| object.get("severity").and_then(Value::as_str).map(str::to_lowercase);
    let extensions = content.get("extensions").and_then(Value::as_object);
    let labels = content.get("labels").and_then(Value::as_array).into_iter().flatten();
    own(content).or_else(|| extensions.into_iter().flat_map(|all| all.values()).find_map(own)).or_else(|| {
        let mut labels = labels.filter_map(Value::as_str);
        labels.find_map(|label| label.to_lowercase().strip_prefix("severity:").map(str::to_owned))
    })
}
