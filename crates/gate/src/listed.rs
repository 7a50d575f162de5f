//! Whether a name is that of a party on a list, for one member: answers from memory, past releases.
//!
//! Each circle has an index of its own of the parties that its lists name: what one circle holds neither crowds out nor shows what
//! another does. The indexes follow the lines, and only say whom to compare: what answers a member is read through that member's
//! own [`Reader`] and compared anew, so that who was taken off a list, or what the member may not see, answers nothing.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use line::{LineId, Seq, StorageError, Store};
use parking_lot::Mutex;
use policy::{CircleId, MemberId, Released, Use};
use rayon::prelude::*;
use stix::{ObjectId, Timestamp};
use watch::names::{Agreement, How, Index, PARTY_EXTENSION, Party, Question};

use crate::opening::Gate;
use crate::query::{Object, Query};
use crate::reader::Reader;

/// Records looked at before what they hold is taken in.
const STRIDE: u64 = 4_096;
/// Parties of one circle that are read and compared for one name: more than are answered, for some may not be seen.
const CANDIDATES_MAX: usize = 32;
/// The type of what can be a listed party.
const IDENTITY: &str = "identity";

/// Who lists a party.
#[derive(Debug, Clone)]
pub struct Listing {
    /// The circle that it is in.
    pub circle: CircleId,
    /// Its text as the member may see it.
    pub object: Released<Object>,
}

/// A party that may be meant.
#[derive(Debug, Clone)]
pub struct ListedParty {
    /// Who.
    pub party: Party,
    /// Which of its names matched.
    pub name: String,
    /// How likely it is that this party is meant, 0 to 1.
    pub score: f32,
    /// What the names differ by, the gravest first.
    pub reasons: Vec<How>,
    /// Whether the dates of birth agree.
    pub birth: Agreement,
    /// Whether a country is common.
    pub country: Agreement,
    /// Who lists it; at least one.
    pub listings: Vec<Listing>,
}

/// The listed parties of all circles.
#[derive(Default)]
pub(crate) struct Listed(Mutex<HashMap<LineId, Arc<Mutex<Followed>>>>);

/// The parties of one line, in indexes that each are at least twice as large as the next: so what is new costs little, and no
/// name is read more often than the line doubles.
#[derive(Default)]
struct Followed {
    until: Seq,
    indexes: Vec<Arc<Index>>,
}

impl Listed {
    /// The indexes of a line, up to its end.
    fn indexes(&self, store: &Store, line: LineId) -> Result<Vec<Arc<Index>>, StorageError> {
        let followed = Arc::clone(self.0.lock().entry(line).or_default());
        let mut followed = followed.lock();
        let mut new = Vec::new();
        while let Some(until) = next(store, line, followed.until, &mut new)? {
            followed.until = until;
        }
        if !new.is_empty() {
            followed.take_in(new);
        }
        Ok(followed.indexes.clone())
    }
}

impl Followed {
    fn take_in(&mut self, mut new: Vec<Party>) {
        while let Some(last) = self.indexes.pop_if(|last| last.len() < 2 * new.len()) {
            new.splice(..0, last.parties().iter().cloned());
        }
        // Of a party's versions the newest is compared.
        let mut seen = HashSet::new();
        new.reverse();
        new.retain(|party| seen.insert(party.id.clone()));
        self.indexes.push(Arc::new(Index::new(new)));
    }
}

/// Reads what stands next in a line, and gives up to where; nothing at its end.
fn next(store: &Store, line: LineId, after: Seq, new: &mut Vec<Party>) -> Result<Option<Seq>, StorageError> {
    let (until, rows) = store.look(line, |catalogue| {
        let until = Seq(catalogue.head().0.min(after.0 + STRIDE));
        let entries = (after.0 + 1..=until.0).filter_map(|seq| catalogue.entry(Seq(seq)));
        let rows = entries.filter(|entry| {
            // What counts is an object, or one that was announced again when its embargo passed.
            entry.counts() && entry.object().is_some_and(|object| catalogue.object_type(object) == IDENTITY)
        });
        (until, rows.map(|entry| entry.seq).collect::<Vec<Seq>>())
    })?;
    if until <= after {
        return Ok(None);
    }
    let mut texts = Vec::with_capacity(rows.len());
    store.bodies(line, &rows, &mut |_, _, body| texts.push(body.to_vec()))?;
    let parties = texts.par_iter().filter_map(|body| party(std::str::from_utf8(body).ok()?));
    new.extend(parties.collect::<Vec<Party>>());
    Ok(Some(until))
}

/// The listed party that an object is: of all identities only one that a list has brought.
fn party(raw: &str) -> Option<Party> {
    let object: serde_json::Value =
        raw.contains(PARTY_EXTENSION).then(|| serde_json::from_str(raw).ok())??;
    let is_listed = object.get("extensions").is_some_and(|all| all.get(PARTY_EXTENSION).is_some());
    if is_listed { Party::from_stix(&object) } else { None }
}

impl Gate {
    /// The parties on the lists of a member's circles that each of some questions may mean, the likeliest first, at most `count`
    /// for each and with a score of at least `least`.
    ///
    /// What was acknowledged before the question is part of the answer. The first question reads the lines whole, in some seconds
    /// a million records.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn listed(
        &self,
        member: MemberId,
        wanted: Use,
        encrypted: bool,
        now: Timestamp,
        questions: &[Question<'_>],
        (least, count): (f32, usize),
    ) -> Result<Vec<Vec<ListedParty>>, StorageError> {
        let mut circles = Vec::new();
        for reader in self.readers(member, wanted, encrypted, now) {
            let line = LineId::new(reader.request().circle.uuid());
            circles.push((self.inner.listed.indexes(&self.inner.store, line)?, reader));
        }
        let ask = |question: &Question<'_>| -> Result<Vec<ListedParty>, StorageError> {
            let mut found: HashMap<String, ListedParty> = HashMap::new();
            for (indexes, reader) in &circles {
                for mut party in compared(indexes, reader, question, least)? {
                    if let Some(other) = found.remove(&party.party.id) {
                        // What matches better is told, with all who list the party.
                        let (better, other) =
                            if party.score > other.score { (party, other) } else { (other, party) };
                        let listings = better.listings.into_iter().chain(other.listings).collect();
                        party = ListedParty { listings, ..better };
                    }
                    found.insert(party.party.id.clone(), party);
                }
            }
            let mut found: Vec<ListedParty> = found.into_values().collect();
            found.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.party.id.cmp(&b.party.id)));
            found.truncate(count);
            Ok(found)
        };
        questions.par_iter().map(ask).collect()
    }
}

/// The parties of one circle that a question may mean, as the reader's member may see them.
fn compared(
    indexes: &[Arc<Index>],
    reader: &Reader,
    question: &Question<'_>,
    least: f32,
) -> Result<Vec<ListedParty>, StorageError> {
    let found = indexes.iter().flat_map(|index| index.ask(question, least, CANDIDATES_MAX));
    let mut ids: HashSet<ObjectId> = found.filter_map(|found| found.party.id.parse().ok()).collect();
    if ids.is_empty() {
        // Nobody: so that the answer takes as long as where somebody is held.
        ids.extend(ObjectId::new(IDENTITY, uuid::Uuid::nil()));
    }
    let (circle, limit) = (reader.request().circle, ids.len());
    let query = Query { ids: ids.into_iter().collect(), limit, ..Query::default() };
    let objects = reader.page(&query)?.items;
    let weighed = objects.into_iter().filter_map(|object| {
        let party = party(&object.get().raw)?;
        let found = question.weigh(&party).filter(|found| found.score >= least)?;
        let (name, score, reasons) = (found.name.to_owned(), found.score, found.likeness.reasons);
        let (birth, country) = (found.birth, found.country);
        let listings = vec![Listing { circle, object }];
        Some(ListedParty { party, name, score, reasons, birth, country, listings })
    });
    Ok(weighed.collect())
}
