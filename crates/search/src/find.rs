//! Finding: candidates from the index, releases from the gate.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

use gate::{ClassSeen, Gate, Object, Query, Reader};
use line::{Added, Class, ClassIx, LineId, Seq};
use policy::{Book, Caller, Circle, CircleId, MemberId, Provenance, Reach, Request};
use stix::{ObjectId, Timestamp, Tlp};

use crate::asked::{Asked, Wanted, any_of};
use crate::following::{circle_word, class_word, in_chunks};
use crate::index::{Index, SearchError};
use crate::place::{Place, Slot};
use crate::words::Said;

/// Most objects in one answer.
pub const PAGE_MAX: usize = 1_000;
/// Candidates that are read at a time: first so many, then up to so many.
const CANDIDATES: (usize, usize) = (64, 512);
/// Bytes of objects that are read at a time.
const BYTES: usize = 16 * 1024 * 1024;
/// Classes that are named to the index; of more, it is asked for the circles, and the classes are looked at here.
const CLASSES_MAX: usize = 128;

/// Candidates that are looked at before their classes are named to the index.
const UNNAMED_MAX: usize = 4_096;

/// Search in a node's circles.
pub struct Search {
    pub(crate) gate: Gate,
    pub(crate) index: Index,
}

/// Who looks, over what channel, and when.
#[derive(Debug, Clone, Copy)]
pub struct Looking {
    /// Who.
    pub caller: Caller,
    /// Whether the channel is encrypted.
    pub encrypted: bool,
    /// When.
    pub now: Timestamp,
}

/// A place in an answer, which goes from the latest to the first: that of an object that was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// When it was added.
    pub added: Added,
    /// In which circle.
    pub circle: CircleId,
}

/// An object that was found, as whoever looks may see it.
pub struct Seen<'s> {
    /// Its text and its place.
    pub object: &'s Object,
    /// Its circle.
    pub circle: CircleId,
    /// What it counts as there.
    pub tlp: Tlp,
    /// Who brought it, if that may be known.
    pub source: Option<MemberId>,
    gate: &'s Gate,
    reader: Option<&'s Reader>,
}

impl Seen<'_> {
    /// Its confidence, from 0 to 100, if it says one.
    #[must_use]
    pub fn confidence(&self) -> Option<u8> {
        Said::of(&self.object.raw).confidence()
    }

    /// Whose signature it carries, as whoever looks may know it.
    #[must_use]
    pub fn provenance(&self) -> Provenance {
        match self.reader {
            Some(reader) => reader.provenance(self.object),
            None => {
                let found = self.gate.provenance_of(self.circle, self.object.seq);
                found.ok().flatten().unwrap_or(Provenance::NotSigned)
            }
        }
    }
}

/// An answer: what was made of each object, the latest first.
#[derive(Debug)]
pub struct Found<T> {
    /// At most as many as were asked for.
    pub items: Vec<T>,
    /// Where the next page begins, if there is more to be seen.
    pub next: Option<Cursor>,
    /// How many records of the circles of whoever looks are not searched yet.
    pub behind: u64,
}

impl<T> Default for Found<T> {
    fn default() -> Self {
        Self { items: Vec::new(), next: None, behind: 0 }
    }
}

/// A circle that is looked into.
struct Within<'b> {
    circle: &'b Circle,
    line: LineId,
    slot: Slot,
    /// How a member sees it; an operator looks at the line itself.
    reader: Option<Reader>,
    /// The classes that may hold something that is wanted.
    classes: HashMap<ClassIx, ClassSeen>,
}

/// A record that may be it.
struct Candidate {
    row: i64,
    seq: Seq,
    class: ClassSeen,
}

impl Search {
    /// Search with an index in the file `path`, which is opened once it is needed.
    #[must_use]
    pub fn new(gate: Gate, path: PathBuf) -> Self {
        Self { gate, index: Index::new(path) }
    }

    /// Forgets the index, in memory and on the disk: it is made anew from the lines, without what was erased.
    ///
    /// # Errors
    /// When the file is there and can't be removed.
    pub fn forget(&self) -> Result<(), SearchError> {
        self.index.forget()
    }

    /// Finds what is asked for, and gives what `make` makes of each object.
    ///
    /// A circle that whoever looks is not in holds nothing for it. What was acknowledged a moment before may be missing, which the
    /// answer says.
    ///
    /// # Errors
    /// [`SearchError`].
    pub fn find<T>(
        &self,
        looking: &Looking,
        asked: &Asked,
        make: &dyn Fn(&Seen<'_>) -> T,
    ) -> Result<Found<T>, SearchError> {
        self.read_on()?;
        let (book, wanted) = (self.gate.book(), Wanted::of(asked));
        let circles = circles(&book, looking, asked);
        let within = self.within(&book, &circles, looking, asked)?;
        let lines: Vec<LineId> = circles.iter().map(|circle| LineId::new(circle.id.uuid())).collect();
        let behind = self.behind(&lines);
        let limit = asked.limit.clamp(1, PAGE_MAX);
        let mut hits: Vec<(i64, T)> = Vec::new();
        if let Some(id) = &wanted.id {
            for within in &within {
                self.by_id(within, id, &wanted, make, &mut hits)?;
            }
            let (from, below) = self.range(asked);
            hits.retain(|(row, _)| (from..below).contains(row));
            hits.sort_unstable_by_key(|(row, _)| std::cmp::Reverse(*row));
        } else if !within.is_empty() {
            let (from, mut below) = self.range(asked);
            let (words, mut looked, mut is_over) = (wanted.terms(), 0, false);
            if !words.is_empty() {
                // Most that hold the words may be seen, and looking at a class is cheaper than naming it to the index.
                let terms = words.join(" AND ");
                let (mut last, mut is_broken) = (below, false);
                in_chunks(
                    CANDIDATES,
                    |on| self.index.each(&terms, (from, below), on),
                    &mut |rows: Vec<i64>| {
                        looked += rows.len();
                        last = rows.last().copied().unwrap_or(last);
                        self.look_at(&within, &rows, &wanted, make, &mut hits)?;
                        is_broken = hits.len() > limit || looked >= UNNAMED_MAX;
                        Ok::<_, SearchError>(go_on_unless(is_broken))
                    },
                )?;
                is_over = !is_broken || hits.len() > limit;
                below = last;
            }
            let named = if is_over { None } else { self.terms(&within, &wanted)? };
            if let Some(terms) = named {
                in_chunks(
                    CANDIDATES,
                    |on| self.index.each(&terms, (from, below), on),
                    &mut |rows: Vec<i64>| {
                        self.look_at(&within, &rows, &wanted, make, &mut hits)?;
                        Ok::<_, SearchError>(go_on_unless(hits.len() > limit))
                    },
                )?;
            }
        }
        let next = (hits.len() > limit).then(|| hits.get(limit - 1).map(|(row, _)| *row)).flatten();
        let next = next.and_then(|row| cursor(&within, row));
        hits.truncate(limit);
        Ok(Found { items: hits.into_iter().map(|(_, made)| made).collect(), next, behind })
    }

    /// The circles that are looked into.
    fn within<'b>(
        &self,
        book: &Book,
        circles: &[&'b Circle],
        looking: &Looking,
        asked: &Asked,
    ) -> Result<Vec<Within<'b>>, SearchError> {
        let mut all = Vec::new();
        for circle in circles.iter().copied() {
            let reader = match looking.caller {
                Caller::Operator => None,
                Caller::Member(member) => {
                    let Some(wanted) = book.member(member).map(|member| member.level) else { continue };
                    let Looking { encrypted, now, .. } = *looking;
                    let request =
                        Request { member, circle: circle.id, wanted, encrypted, now, reach: Reach::Member };
                    let Ok(reader) = self.gate.reader(request) else { continue };
                    Some(reader)
                }
            };
            let line = LineId::new(circle.id.uuid());
            let Some(followed) = self.index.followed(line) else { continue };
            let seen = match &reader {
                Some(reader) => reader.classes()?,
                None => self.gate.classes(circle.id, looking.now)?,
            };
            let is_wanted = |class: &ClassSeen| {
                let is_marked = asked.tlp.is_empty() || class.in_parts || asked.tlp.contains(&class.tlp);
                is_marked && asked.source.is_none_or(|source| class.source == Some(source))
            };
            let classes: HashMap<_, _> =
                seen.into_iter().filter(is_wanted).map(|class| (class.class, class)).collect();
            if !classes.is_empty() {
                all.push(Within { circle, line, slot: followed.slot, reader, classes });
            }
        }
        Ok(all)
    }

    /// What the index is asked; nothing if nothing of it can be there.
    fn terms(&self, within: &[Within<'_>], wanted: &Wanted<'_>) -> Result<Option<String>, SearchError> {
        let classes: usize = within.iter().map(|within| within.classes.len()).sum();
        let places = if classes > CLASSES_MAX {
            any_of(within.iter().map(|within| circle_word(within.slot)))
        } else {
            let mut words = Vec::with_capacity(classes);
            for Within { line, slot, classes, .. } in within {
                let named = self.gate.store().look(*line, |catalogue| {
                    let known = |ix: &ClassIx| catalogue.class(*ix);
                    classes
                        .keys()
                        .filter_map(known)
                        .map(|class: &Class| class_word(*slot, class))
                        .collect::<Vec<_>>()
                })?;
                words.extend(named);
            }
            any_of(words.into_iter())
        };
        let Some(places) = places else { return Ok(None) };
        let mut terms = wanted.terms();
        terms.push(places);
        Ok(Some(terms.join(" AND ")))
    }

    /// From which row on, and below which.
    fn range(&self, asked: &Asked) -> (i64, i64) {
        let first = |time: Timestamp| Place { added: Added(time.micros()), slot: 0 }.row();
        let mut from = asked.from.map_or(i64::MIN, first);
        let mut below = asked.until.map_or(i64::MAX, first);
        if let (Some(after), Some(circle)) = (asked.after, asked.circle) {
            let line = LineId::new(circle.uuid());
            let added = self.gate.store().look(line, |catalogue| {
                let last = after.min(catalogue.head());
                catalogue.entry(last).map(|entry| entry.added())
            });
            if let Ok(Some(added)) = added {
                from = from.max(Place { added: Added(added.0.saturating_add(1)), slot: 0 }.row());
            }
        }
        if let Some(Cursor { added, circle }) = asked.before {
            let slot = self.index.followed(LineId::new(circle.uuid())).map_or(0, |followed| followed.slot);
            below = below.min(Place { added, slot }.row());
        }
        (from, below)
    }

    /// Looks at candidates, the latest first, and adds those that may be seen and hold what is asked.
    fn look_at<T>(
        &self,
        within: &[Within<'_>],
        rows: &[i64],
        wanted: &Wanted<'_>,
        make: &dyn Fn(&Seen<'_>) -> T,
        hits: &mut Vec<(i64, T)>,
    ) -> Result<(), SearchError> {
        let begun = hits.len();
        for within in within {
            let mut candidates: Vec<Candidate> = self.gate.store().look(within.line, |catalogue| {
                let ours =
                    rows.iter().map(|row| (*row, Place::of(*row))).filter(|(_, at)| at.slot == within.slot);
                let of = |(row, at): (i64, Place)| {
                    let entry = catalogue.entry(catalogue.until(at.added))?;
                    let is_it = entry.added() == at.added && entry.counts();
                    // Whoever sees all sees the newest version of each.
                    let is_meant = is_it && (within.reader.is_some() || entry.last());
                    let class = within.classes.get(&entry.class()).filter(|_| is_meant)?;
                    Some(Candidate { row, seq: entry.seq, class: *class })
                };
                ours.filter_map(of).collect()
            })?;
            candidates.sort_unstable_by_key(|candidate| candidate.seq);
            let by_seq: HashMap<Seq, &Candidate> = candidates.iter().map(|one| (one.seq, one)).collect();
            let seqs: Vec<Seq> = candidates.iter().map(|candidate| candidate.seq).collect();
            self.objects(within, &seqs, &mut |object, tlp| {
                let Some(candidate) = by_seq.get(&object.seq) else { return };
                let tlp = tlp.unwrap_or(candidate.class.tlp);
                let is_marked = wanted.asked.tlp.is_empty() || wanted.asked.tlp.contains(&tlp);
                if is_marked && wanted.holds(&object.id, &object.raw) {
                    hits.push((
                        candidate.row,
                        make(&self.seen(within, &object, tlp, candidate.class.source)),
                    ));
                }
            })?;
        }
        if let Some(new) = hits.get_mut(begun..) {
            new.sort_unstable_by_key(|(row, _)| std::cmp::Reverse(*row));
        }
        Ok(())
    }

    fn seen<'s>(
        &'s self,
        within: &'s Within<'_>,
        object: &'s Object,
        tlp: Tlp,
        source: Option<MemberId>,
    ) -> Seen<'s> {
        let (circle, reader) = (within.circle.id, within.reader.as_ref());
        Seen { object, circle, tlp, source, gate: &self.gate, reader }
    }

    /// Tells what may be seen of the records with these numbers, which ascend, with what it counts as if a release says so.
    fn objects(
        &self,
        within: &Within<'_>,
        seqs: &[Seq],
        on: &mut dyn FnMut(Object, Option<Tlp>),
    ) -> Result<(), SearchError> {
        let Some(reader) = &within.reader else { return self.of_line(within, seqs, on) };
        let mut rest = seqs;
        while !rest.is_empty() {
            let numbers = rest.to_vec();
            let page = reader.page(&Query {
                limit: numbers.len(),
                numbers,
                bytes_max: Some(BYTES),
                ..Query::default()
            })?;
            for released in page.items {
                let tlp = released.tlp();
                on(released.into_inner(), Some(tlp));
            }
            let Some(next) = page.next else { break };
            rest = &rest[rest.partition_point(|seq| *seq <= next)..];
        }
        Ok(())
    }

    fn of_line(
        &self,
        within: &Within<'_>,
        seqs: &[Seq],
        on: &mut dyn FnMut(Object, Option<Tlp>),
    ) -> Result<(), SearchError> {
        let store = self.gate.store();
        let heads = store.look(within.line, |catalogue| {
            let head = |seq: &Seq| {
                let entry = catalogue.entry(*seq)?;
                Some((*seq, (entry.id()?, entry.version(), entry.spec_version())))
            };
            seqs.iter().filter_map(head).collect::<HashMap<_, _>>()
        })?;
        store.bodies(within.line, seqs, &mut |seq, added, body| {
            if let Some((id, version, spec_version)) = heads.get(&seq) {
                let raw = String::from_utf8_lossy(body).into_owned();
                let (id, version, spec_version) = (id.clone(), *version, *spec_version);
                on(Object { id, seq, added, version, spec_version, whole: true, raw }, None);
            }
        })?;
        Ok(())
    }

    /// Looks for an object by its id, as it is seen.
    fn by_id<T>(
        &self,
        within: &Within<'_>,
        id: &ObjectId,
        wanted: &Wanted<'_>,
        make: &dyn Fn(&Seen<'_>) -> T,
        hits: &mut Vec<(i64, T)>,
    ) -> Result<(), SearchError> {
        let store = self.gate.store();
        let mut add = |object: Object, tlp: Option<Tlp>| {
            let class = store.look(within.line, |catalogue| {
                catalogue.entry(object.seq).and_then(|entry| within.classes.get(&entry.class()).copied())
            });
            let Ok(Some(class)) = class else { return };
            let tlp = tlp.unwrap_or(class.tlp);
            let is_marked = wanted.asked.tlp.is_empty() || wanted.asked.tlp.contains(&tlp);
            if is_marked && wanted.holds(&object.id, &object.raw) {
                let row = Place { added: object.added, slot: within.slot }.row();
                hits.push((row, make(&self.seen(within, &object, tlp, class.source))));
            }
        };
        if let Some(reader) = &within.reader {
            let page = reader.page(&Query { ids: vec![id.clone()], limit: 1, ..Query::default() })?;
            for released in page.items {
                let tlp = released.tlp();
                add(released.into_inner(), Some(tlp));
            }
            return Ok(());
        }
        let latest = store.look(within.line, |catalogue| catalogue.latest(catalogue.object(id)?))?;
        self.of_line(within, latest.as_slice(), &mut add)
    }
}

/// The circles that whoever looks may look into, of those that are asked for.
fn circles<'b>(book: &'b Book, looking: &Looking, asked: &Asked) -> Vec<&'b Circle> {
    let all = match looking.caller {
        Caller::Operator => book.circles().collect(),
        Caller::Member(member) => book.circles_of(member),
    };
    all.into_iter().filter(|circle| asked.circle.is_none_or(|asked| circle.id == asked)).collect()
}

const fn go_on_unless(is_enough: bool) -> ControlFlow<()> {
    if is_enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

fn cursor(within: &[Within<'_>], row: i64) -> Option<Cursor> {
    let place = Place::of(row);
    let within = within.iter().find(|within| within.slot == place.slot)?;
    Some(Cursor { added: place.added, circle: within.circle.id })
}
