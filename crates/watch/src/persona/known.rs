//! The personas that are known, out of STIX.
//!
//! A persona is an identity that carries one of the agreed labels, or that a grouping or report with such a label names; nothing else
//! is one, so that a list of accounts that somebody likes or dislikes makes nobody suspect. What identifies it is in the identity, in
//! observables that relationships join to it, and in a grouping or report about it alone. Whoever said the object that joins them is the
//! source of what follows from it.
//!
//! Source: STIX 2.1, sections 4.4 (grouping), 4.6 (identity), 4.16 (report), 5.1 (relationship).

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};
use stix::{Head, ObjectId, Timestamp};

use super::alike::Stems;
use super::contest::{Contest, Verdict};
use super::group::groups;
use super::identifier::{Identifier, IdentifierKind as Kind};
use super::stix_objects::{OBSERVABLES, of_identity, of_observable};
use super::text::Signature;
use super::weights::Weights;
use crate::names;

/// Most objects that are looked at.
pub const OBJECTS_MAX: usize = 500_000;
/// The source of what nobody has signed, and of all that those say who are not named: one for them all.
pub const UNNAMED: &str = "unnamed";
/// Relationships that join a persona to what it uses. Others, such as `impersonates` or `targets`, name somebody else's.
const JOINS: [&str; 8] =
    ["uses", "related-to", "owns", "has", "controls", "operates", "belongs-to", "duplicate-of"];

/// More than [`OBJECTS_MAX`] objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {OBJECTS_MAX} objects that could be of personas")]
pub struct TooMany;

/// A persona.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Persona {
    /// Its identity, or the grouping that stands for one.
    pub id: ObjectId,
    /// Its name.
    pub name: String,
    /// What identifies it.
    pub evidence: Vec<Evidence>,
}

/// Something that identifies a persona, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// What.
    pub identifier: Identifier,
    /// The object that says so.
    pub object: ObjectId,
    /// Who says so.
    pub who: String,
    /// When it was said.
    pub date: Timestamp,
    /// Until when, if that was said.
    pub until: Option<Timestamp>,
}

/// An object as it is kept until all are there.
struct Kept {
    who: String,
    /// Its version: of two the later one counts.
    version: Timestamp,
    /// When it was said: no later than it came, whatever it says of itself.
    date: Timestamp,
    object: Map<String, Value>,
}

/// Takes objects in, in any order, and makes personas of them.
#[derive(Default)]
pub struct Builder {
    kept: BTreeMap<ObjectId, Kept>,
    revoked: HashMap<ObjectId, Timestamp>,
}

impl Builder {
    /// Whether an object of this type could say something of a persona. Others are wanted by id: [`Builder::wanted`].
    #[must_use]
    pub fn takes(object_type: &str) -> bool {
        matches!(object_type, "identity" | "grouping" | "report" | "relationship" | "opinion")
    }

    /// Takes an object in: of two versions the newer, and a revoked one ends it. `who` is who brought it; without, `created_by_ref`
    /// counts. `came` is when.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn add(&mut self, raw: &str, head: &Head, who: Option<&str>, came: Timestamp) -> Result<(), TooMany> {
        let object_type = head.object_type();
        if !Self::takes(object_type) && !OBSERVABLES.contains(&object_type) {
            return Ok(());
        }
        let version = head.version();
        let is_newer = self.kept.get(&head.id).is_none_or(|kept| kept.version < version)
            && self.revoked.get(&head.id).is_none_or(|ended| *ended < version);
        if !is_newer {
            return Ok(());
        }
        if self.kept.len() + self.revoked.len() >= OBJECTS_MAX {
            return Err(TooMany);
        }
        if head.revoked {
            self.kept.remove(&head.id);
            self.revoked.insert(head.id.clone(), version);
            return Ok(());
        }
        // What has a head is an object.
        let Ok(object) = serde_json::from_str::<Map<String, Value>>(raw) else { return Ok(()) };
        if object_type == "relationship" && !is_join(&object) {
            return Ok(());
        }
        let who = who.map(str::to_owned).or_else(|| head.created_by.as_ref().map(ToString::to_string));
        let who = who.unwrap_or_else(|| UNNAMED.to_owned());
        let date = version.min(came);
        self.kept.insert(head.id.clone(), Kept { who, version, date, object });
        Ok(())
    }

    /// Whether an object is a party on a list that carries no label. There are thousands, for screening; one is a persona only if
    /// it is [`Builder::wanted`].
    #[must_use]
    pub fn is_only_listed(raw: &str) -> bool {
        let object = || serde_json::from_str::<Map<String, Value>>(raw).ok();
        raw.contains(names::PARTY_EXTENSION)
            && object().is_some_and(|object| is_listed(&object) && !object.contains_key("labels"))
    }

    /// The observables that what was taken in so far names, and the identities that groupings name, if they are not there yet.
    #[must_use]
    pub fn wanted(&self) -> Vec<ObjectId> {
        let mut wanted: Vec<ObjectId> = Vec::new();
        for kept in self.kept.values() {
            let refs = references(&kept.object, &["source_ref", "target_ref"], "object_refs");
            let is_wanted = |id: &ObjectId| is_observable(id) || id.object_type() == "identity";
            wanted.extend(refs.into_iter().filter(|id| is_wanted(id) && !self.kept.contains_key(id)));
        }
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }

    /// The personas of all that was taken in.
    #[must_use]
    pub fn build(self, weights: &Weights) -> Personas {
        Personas::of([self.part(weights)])
    }

    /// What was taken in, as a part of what is known: objects of one part say nothing of those of another, which may be others of
    /// the same id.
    #[must_use]
    pub fn part(self, weights: &Weights) -> Part {
        let labelled = |kept: &Kept| {
            let labels = kept.object.get("labels").and_then(Value::as_array).into_iter().flatten();
            labels
                .filter_map(Value::as_str)
                .any(|label| weights.labels.iter().any(|known| known.eq_ignore_ascii_case(label)))
        };
        let mut found: BTreeMap<ObjectId, Persona> = BTreeMap::new();
        for (id, kept) in &self.kept {
            match id.object_type() {
                "identity" if labelled(kept) => self.begin(&mut found, id, kept),
                "grouping" | "report" if labelled(kept) => self.of_grouping(&mut found, id, kept),
                _ => {}
            }
        }
        let mut joined = Vec::new();
        for (id, kept) in self.kept.iter().filter(|(id, _)| id.object_type() == "relationship") {
            let ends = references(&kept.object, &["source_ref", "target_ref"], "");
            let [source, target] = ends.as_slice() else { continue };
            for (persona, other) in [(source, target), (target, source)] {
                if let (Some(persona), Some(observed)) = (found.get_mut(persona), self.kept.get(other)) {
                    persona.observe(other, observed, id, kept);
                }
            }
            if kept.object.get("stop_time").is_none() {
                joined.push((id.clone(), source.clone(), target.clone()));
            }
        }
        let contests = self.contests();
        // What is contested, or has ended by its own word, joins nobody.
        joined.retain(|(relationship, source, target): &(ObjectId, ObjectId, ObjectId)| {
            [relationship, source, target].into_iter().all(|id| !contests.contains_key(id))
        });
        let joined = joined.into_iter().map(|(_, source, target)| (source, target)).collect();
        Part { personas: found, joined, contests }
    }

    fn begin(&self, found: &mut BTreeMap<ObjectId, Persona>, id: &ObjectId, kept: &Kept) {
        let name = kept.object.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let persona =
            found.entry(id.clone()).or_insert_with(|| Persona { id: id.clone(), name, evidence: Vec::new() });
        of_identity(&kept.object).into_iter().for_each(|identifier| persona.put(identifier, id, kept));
    }

    /// A grouping names people, or stands for one that has no identity. What it names beside several people belongs to nobody.
    fn of_grouping(&self, found: &mut BTreeMap<ObjectId, Persona>, id: &ObjectId, kept: &Kept) {
        let refs = references(&kept.object, &[], "object_refs");
        let is_person = |kept: &Kept| {
            let class = kept.object.get("identity_class").and_then(Value::as_str);
            class.is_none_or(|class| matches!(class, "individual" | "unknown"))
        };
        let people: Vec<(&ObjectId, &Kept)> = refs
            .iter()
            .filter(|one| one.object_type() == "identity")
            .filter_map(|one| Some((one, self.kept.get(one)?)))
            .filter(|(_, kept)| is_person(kept))
            .collect();
        people.iter().for_each(|(one, kept)| self.begin(found, one, kept));
        let bearer = match people.as_slice() {
            [] => {
                let name = kept.object.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
                found.insert(id.clone(), Persona { id: id.clone(), name, evidence: Vec::new() });
                id
            }
            [(one, _)] => *one,
            _ => return,
        };
        let Some(persona) = found.get_mut(bearer) else { return };
        for other in refs.iter().filter(|one| is_observable(one)) {
            if let Some(observed) = self.kept.get(other) {
                persona.observe(other, observed, id, kept);
            }
        }
        if persona.evidence.is_empty() {
            found.remove(id);
        }
    }

    /// The contests that are open, by what they are about.
    fn contests(&self) -> HashMap<ObjectId, Contest> {
        let mut open: HashMap<ObjectId, Contest> = HashMap::new();
        let opinions: Vec<(&ObjectId, &Kept, Verdict)> = self
            .kept
            .iter()
            .filter(|(id, _)| id.object_type() == "opinion")
            .filter_map(|(id, kept)| Some((id, kept, Verdict::of(kept.object.get("opinion")?.as_str()?)?)))
            .collect();
        let about = |kept: &Kept| references(&kept.object, &[], "object_refs");
        for (id, kept, _) in opinions.iter().filter(|(_, _, verdict)| *verdict == Verdict::Contested) {
            for about_id in about(kept) {
                let Some(target) = self.kept.get(&about_id).filter(|_| !is_observable(&about_id)) else {
                    continue;
                };
                let is_upheld = opinions.iter().any(|(_, answer, verdict)| {
                    // Of those who are not named nobody can tell that it is the same one.
                    *verdict == Verdict::Upheld
                        && target.who != UNNAMED
                        && answer.who == target.who
                        && answer.date >= kept.date
                        && about(answer).contains(&about_id)
                });
                let is_open = target.date <= kept.date && !is_upheld;
                let is_first = open.get(&about_id).is_none_or(|first| kept.date < first.at);
                if is_open && is_first {
                    let explanation =
                        kept.object.get("explanation").and_then(Value::as_str).unwrap_or_default();
                    let contest = Contest {
                        id: (*id).clone(),
                        about: about_id.clone(),
                        who: kept.who.clone(),
                        at: kept.date,
                        explanation: explanation.to_owned(),
                    };
                    open.insert(about_id, contest);
                }
            }
        }
        open
    }
}

impl Persona {
    fn observe(&mut self, id: &ObjectId, observed: &Kept, object: &ObjectId, said: &Kept) {
        let found = of_observable(id.object_type(), &observed.object);
        found.into_iter().for_each(|identifier| self.put(identifier, object, said));
    }

    fn put(&mut self, identifier: Identifier, object: &ObjectId, said: &Kept) {
        let is_there = |held: &Evidence| held.identifier == identifier && held.object == *object;
        if self.evidence.iter().any(is_there) {
            return;
        }
        let until = said.object.get("stop_time").and_then(Value::as_str);
        let until = until.map(|until| Timestamp::parse(until).unwrap_or(Timestamp::MIN));
        let evidence =
            Evidence { identifier, object: object.clone(), who: said.who.clone(), date: said.date, until };
        self.evidence.push(evidence);
    }
}

/// Whether an identity is a party on a list.
fn is_listed(object: &Map<String, Value>) -> bool {
    object.get("extensions").is_some_and(|all| all.get(names::PARTY_EXTENSION).is_some())
}

/// Whether a relationship joins an identity to what it uses or to another.
fn is_join(object: &Map<String, Value>) -> bool {
    let named = object.get("relationship_type").and_then(Value::as_str);
    let ends = references(object, &["source_ref", "target_ref"], "");
    named.is_some_and(|named| JOINS.contains(&named)) && ends.iter().any(|id| id.object_type() == "identity")
}

fn is_observable(id: &ObjectId) -> bool {
    OBSERVABLES.contains(&id.object_type())
}

fn references(object: &Map<String, Value>, ones: &[&str], list: &str) -> Vec<ObjectId> {
    let single = ones.iter().filter_map(|name| object.get(*name));
    let many = object.get(list).and_then(Value::as_array).into_iter().flatten();
    single.chain(many).filter_map(Value::as_str).filter_map(|id| ObjectId::parse(id).ok()).collect()
}

/// What is known in one place, such as a circle.
#[derive(Default)]
pub struct Part {
    personas: BTreeMap<ObjectId, Persona>,
    joined: Vec<(ObjectId, ObjectId)>,
    contests: HashMap<ObjectId, Contest>,
}

/// The personas, ready to be compared with.
#[derive(Default)]
pub struct Personas {
    pub(super) personas: Vec<Persona>,
    pub(super) groups: Vec<usize>,
    /// Persona and evidence by identifier.
    pub(super) index: HashMap<Identifier, Vec<(usize, usize)>>,
    pub(super) stems: HashMap<String, Vec<(usize, usize)>>,
    pub(super) names: Vec<(usize, usize, names::Name)>,
    pub(super) looks: Vec<(usize, usize, u64)>,
    pub(super) texts: Vec<(usize, usize, Signature)>,
    contests: HashMap<ObjectId, Contest>,
}

impl Personas {
    /// All that is known in some places. What several say of one persona is added up; what is contested in one of them is.
    #[must_use]
    pub fn of(parts: impl IntoIterator<Item = Part>) -> Self {
        let (mut all, mut joined, mut contests) = (BTreeMap::new(), Vec::new(), HashMap::new());
        for part in parts {
            for (id, persona) in part.personas {
                match all.entry(id) {
                    Entry::Vacant(entry) => {
                        entry.insert(persona);
                    }
                    Entry::Occupied(mut entry) => {
                        let held: &mut Persona = entry.get_mut();
                        let more = persona.evidence.into_iter().filter(|one| !held.evidence.contains(one));
                        let more: Vec<Evidence> = more.collect();
                        held.evidence.extend(more);
                    }
                }
            }
            joined.extend(part.joined);
            contests.extend(part.contests);
        }
        Self::new(all.into_values().collect(), &joined, contests)
    }

    fn new(
        personas: Vec<Persona>,
        joined: &[(ObjectId, ObjectId)],
        contests: HashMap<ObjectId, Contest>,
    ) -> Self {
        let mut known = Self { contests, ..Self::default() };
        for (at, persona) in personas.iter().enumerate() {
            for (which, evidence) in persona.evidence.iter().enumerate() {
                known.enter((at, which), &evidence.identifier);
            }
        }
        let place: HashMap<&ObjectId, usize> =
            personas.iter().enumerate().map(|(at, persona)| (&persona.id, at)).collect();
        let joined: Vec<(usize, usize)> =
            joined.iter().filter_map(|(one, other)| Some((*place.get(one)?, *place.get(other)?))).collect();
        // What is contested joins nobody.
        let mut joining = known.index.clone();
        for held in joining.values_mut() {
            held.retain(|(at, which)| {
                known.contest_of(&personas[*at], &personas[*at].evidence[*which]).is_none()
            });
        }
        known.groups = groups(personas.len(), &joining, &joined);
        drop(place);
        known.personas = personas;
        known
    }

    fn enter(&mut self, place: (usize, usize), identifier: &Identifier) {
        match identifier.kind() {
            Kind::Name => {
                let name = names::Name::read(identifier.text(), names::Kind::Person);
                self.names.push((place.0, place.1, name));
            }
            Kind::PictureLook => {
                let bits = u64::from_str_radix(identifier.text(), 16).unwrap_or_default();
                self.looks.push((place.0, place.1, bits));
            }
            Kind::Text => {
                self.texts.extend(Signature::parse(identifier.text()).map(|text| (place.0, place.1, text)));
            }
            _ => self.index.entry(identifier.clone()).or_default().push(place),
        }
        let stems = identifier.handle().map(Stems::of);
        for stem in stems.into_iter().flat_map(|stems| [stems.whole, stems.letters]).flatten() {
            let held = self.stems.entry(stem).or_default();
            if held.last() != Some(&place) {
                held.push(place);
            }
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.personas.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.personas.is_empty()
    }

    /// All of them, by id.
    #[must_use]
    pub fn all(&self) -> &[Persona] {
        &self.personas
    }

    /// The open contests of personas and of what is said of them, the oldest first.
    #[must_use]
    pub fn contests(&self) -> Vec<&Contest> {
        let is_about = |contest: &Contest| {
            self.personas.iter().any(|persona| {
                persona.id == contest.about
                    || persona.evidence.iter().any(|evidence| evidence.object == contest.about)
            })
        };
        let mut open: Vec<&Contest> = self.contests.values().filter(|contest| is_about(contest)).collect();
        open.sort_by(|one, other| (one.at, &one.id).cmp(&(other.at, &other.id)));
        open
    }

    pub(super) fn contest_of(&self, persona: &Persona, evidence: &Evidence) -> Option<&Contest> {
        self.contests.get(&evidence.object).or_else(|| self.contests.get(&persona.id))
    }
}
