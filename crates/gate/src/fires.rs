//! A circle's fires, from what its line holds.
//!
//! All members of a circle are shown the same fires, so only what every one of them may see lights them: what is kept from
//! one of them must not show through a number.

use std::collections::{BTreeSet, HashMap, HashSet};

use line::{Added, LineId, Seq, StorageError};
use policy::fires::{NEWS_HOURS, Sign, SignKind};
use policy::{CircleId, Entry, Fires, Level, MemberId, Reach, Request, Setting, Word};
use serde_json::Value;
use stix::{ObjectId, Timestamp};

use crate::audience::Audience;
use crate::opening::{Gate, GateError};
use crate::query::Query;
use crate::reader::Reader;

const HOUR_MICROS: i64 = 3_600_000_000;
/// Time for which fires are not worked out again although the line grows.
const REST_MICROS: i64 = 1_000_000;
/// Time for which they are not although it does not: what is old goes out.
const FRESH_MICROS: i64 = 30_000_000;
/// Records at the end of a line that are looked at.
const LOOKED_AT_MAX: u64 = 20_000;
/// Objects whose content is looked at.
const READ_MAX: usize = 500;
/// Types that light fires; of the first ones the content is looked at.
const TYPES: [&str; 6] = ["sighting", "incident", "report", "campaign", "vulnerability", "indicator"];

/// Fires as they were worked out.
pub(crate) struct Lit {
    at: Timestamp,
    head: Seq,
    book_version: u64,
    word: Option<Word>,
    fires: Fires,
}

impl Lit {
    fn holds(&self, head: Seq, book_version: u64, word: Option<&Word>, now: Timestamp) -> bool {
        let age = now.micros() - self.at.micros();
        let has_ended = self.word.as_ref().is_some_and(|word| self.at < word.until && word.until <= now);
        let is_same = self.book_version == book_version && self.word.as_ref() == word && !has_ended;
        is_same && age >= 0 && (age < REST_MICROS || (self.head == head && age < FRESH_MICROS))
    }
}

/// By circle.
pub(crate) type Burning = HashMap<CircleId, Lit>;

/// The name of the setting that keeps an analyst's word.
fn setting(circle: CircleId) -> String {
    format!("fires.{circle}")
}

impl Gate {
    /// A circle's fires at `now`, as all its members are shown them.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn fires(&self, circle: CircleId, now: Timestamp) -> Result<Fires, StorageError> {
        let line = LineId::new(circle.uuid());
        let (head, book_version) = (self.store().look(line, line::Catalogue::head)?, self.book_version());
        let word = self.word(circle);
        let mut burning = self.inner.burning.lock();
        if let Some(lit) =
            burning.get(&circle).filter(|lit| lit.holds(head, book_version, word.as_ref(), now))
        {
            return Ok(lit.fires.clone());
        }
        let fires = Fires::of(&self.signs(circle, now)?, word.as_ref(), now);
        burning.insert(circle, Lit { at: now, head, book_version, word, fires: fires.clone() });
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
        let after = self.store().look(line, |catalogue| {
            catalogue.until(from).max(Seq(catalogue.head().0.saturating_sub(LOOKED_AT_MAX)))
        })?;
        let types = TYPES.map(str::to_owned).to_vec();
        let query = Query { after, types, limit: usize::MAX, ..Query::default() };
        let (mut seen, mut audiences, mut first) = (None, HashSet::<Audience>::new(), None);
        for reader in self.readers_of(circle, now) {
            // Whoever brought something itself is an audience of its own, and is asked for itself.
            if reader.audience().is_some_and(|audience| !audiences.insert(audience)) {
                continue;
            }
            let rows = reader.manifest(&query)?.items;
            let rows: BTreeSet<(Seq, ObjectId)> =
                rows.into_iter().map(|row| (row.get().seq, row.get().id.clone())).collect();
            seen = Some(match seen {
                None => rows,
                Some(seen) => &seen & &rows,
            });
            first = Some(reader);
        }
        let (Some(seen), Some(reader)) = (seen, first) else { return Ok(Vec::new()) };
        read(&reader, &seen)
    }

    /// A reader for each member that reads in the circle.
    fn readers_of(&self, circle: CircleId, now: Timestamp) -> Vec<Reader> {
        let book = self.book();
        let Some(found) = book.circle(circle) else { return Vec::new() };
        let members = found.members.iter().filter(|member| found.access(**member).reads());
        let request = |member: &MemberId| Request {
            member: *member,
            circle,
            wanted: Level::Read,
            encrypted: true,
            now,
            reach: Reach::Member,
        };
        members.filter_map(|member| self.reader(request(member)).ok()).collect()
    }
}

/// The signs among what all see: the content of the newest is read, of indicators alone it is enough that they came.
fn read(reader: &Reader, seen: &BTreeSet<(Seq, ObjectId)>) -> Result<Vec<Sign>, StorageError> {
    let line = LineId::new(reader.request().circle.uuid());
    let mut signs = Vec::new();
    let mut telling: Vec<ObjectId> = Vec::new();
    let mut came: HashMap<ObjectId, (Timestamp, Timestamp, MemberId)> = HashMap::new();
    reader.inner.store.look(line, |catalogue| {
        for (seq, id) in seen.iter().rev() {
            let Some(entry) = catalogue.entry(*seq) else { continue };
            let (added, by) = (entry.added().timestamp(), entry.sender().map(MemberId::new));
            let at = entry.version().min(added);
            // What the node itself shares is for tests.
            let Some(by) = by.filter(|by| *by != MemberId::NODE) else { continue };
            match id.object_type() {
                "indicator" => signs.push(Sign { kind: SignKind::News, at, added, by }),
                _ if telling.len() < READ_MAX => {
                    telling.push(id.clone());
                    came.insert(id.clone(), (at, added, by));
                }
                _ => {}
            }
        }
    })?;
    if telling.is_empty() {
        return Ok(signs);
    }
    let query = Query { ids: telling, limit: READ_MAX, ..Query::default() };
    for object in reader.page(&query)?.items {
        let object = object.get();
        let Some((at, added, by)) = came.get(&object.id).copied() else { continue };
        let Ok(content) = serde_json::from_str::<Value>(&object.raw) else { continue };
        signs.extend(sign(object.id.object_type(), &content, at).map(|(kind, at)| Sign {
            kind,
            at: at.min(added),
            added,
            by,
        }));
    }
    Ok(signs)
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
