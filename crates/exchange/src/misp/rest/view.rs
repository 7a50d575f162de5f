//! What a member sees of a circle, as MISP events: made once from what the gate releases, kept until something changes.
//!
//! A view holds for as long as the circle's line has not grown, the book is the same and no date has come on which a release
//! may turn. Views are bounded in number and in bytes; what was not asked for longest goes first. Of one view no two are made
//! at a time: who asks while it is being made waits for it.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use gate::{Gate, Reader};
use line::Seq;
use parking_lot::Mutex;
use policy::{Circle, CircleId, Level, MemberId, Onward};
use stix::{Timestamp, Tlp};
use uuid::Uuid;

use super::error::MispError;
use super::number;
use crate::misp::wire::{Attribute, Event, Object, Sighting, Text};
use crate::misp::write::{self, Given, Source};

/// Most bytes of a circle's objects that are turned into events; a longer circle is for TAXII, which is paged.
pub(crate) const VIEW_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Views that are kept, and bytes of the objects that they were made of.
const KEPT_MAX: usize = 128;
const KEPT_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Where something stands in a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Event(usize),
    /// An attribute of the event, or of the object with this place in it.
    Attribute(usize, Option<usize>, usize),
    Object(usize, usize),
}

impl Part {
    pub(crate) const fn event(self) -> usize {
        match self {
            Self::Event(event) | Self::Attribute(event, _, _) | Self::Object(event, _) => event,
        }
    }
}

/// What is known of an event beside its text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    pub(crate) uuid: Uuid,
    /// When it or anything in it was last changed, in seconds since 1970. Receivers compare this.
    pub(crate) changed: i64,
    /// When something in it was last sighted; 0 if never.
    pub(crate) sighted: i64,
    /// The mark that it counts as in its circle, whatever its tags say.
    pub(crate) tlp: Tlp,
}

/// A circle, as a member sees it.
pub(crate) struct View {
    pub(crate) circle: CircleId,
    pub(crate) onward: Onward,
    /// The number up to which it holds what there is for the member.
    pub(crate) head: Seq,
    pub(crate) events: Vec<Event>,
    pub(crate) facts: Vec<Facts>,
    /// The marks of attributes that count as something else than their event.
    marks: HashMap<Uuid, Tlp>,
    parts: HashMap<Uuid, Part>,
    numbers: HashMap<u64, Uuid>,
    bytes: usize,
    /// The feed's lists, made when they are first asked for.
    pub(crate) manifest: OnceLock<Bytes>,
    pub(crate) hashes: OnceLock<Bytes>,
    /// What each event is, made when it is first asked what a member was given.
    pub(crate) states: OnceLock<Vec<u64>>,
}

impl View {
    /// `marks` has what released objects count as, by their UUIDs.
    pub(crate) fn new(circle: &Circle, events: Vec<Event>, marks: &HashMap<Uuid, Tlp>, bytes: usize) -> Self {
        let (mut parts, mut numbers) = (HashMap::new(), HashMap::new());
        let mut put = |uuid: Option<Uuid>, part| {
            if let Some(uuid) = uuid {
                parts.entry(uuid).or_insert(part);
                numbers.entry(number::of(uuid)).or_insert(uuid);
            }
        };
        let mut own = HashMap::new();
        let facts: Vec<Facts> =
            events.iter().map(|event| facts(event, marks, circle.ceiling, &mut own)).collect();
        // Events first: where an event and an attribute share a UUID, the UUID means the event.
        facts.iter().enumerate().for_each(|(at, facts)| put(Some(facts.uuid), Part::Event(at)));
        for (at, event) in events.iter().enumerate() {
            let stays = |(_, attribute): &(usize, &Attribute)| !attribute.deleted.is_true();
            for (place, attribute) in event.attributes.iter().enumerate().filter(stays) {
                put(uuid_of(&attribute.uuid), Part::Attribute(at, None, place));
            }
            for (which, object) in
                event.objects.iter().enumerate().filter(|(_, object)| !object.deleted.is_true())
            {
                put(uuid_of(&object.uuid), Part::Object(at, which));
                for (place, attribute) in object.attributes.iter().enumerate().filter(stays) {
                    put(uuid_of(&attribute.uuid), Part::Attribute(at, Some(which), place));
                }
            }
        }
        Self {
            circle: circle.id,
            onward: circle.onward,
            head: Seq(0),
            events,
            facts,
            marks: own,
            parts,
            numbers,
            bytes,
            manifest: OnceLock::new(),
            hashes: OnceLock::new(),
            states: OnceLock::new(),
        }
    }

    /// What a UUID or a number means here.
    pub(crate) fn find(&self, id: &str) -> Option<Part> {
        let uuid = match Uuid::try_parse(id) {
            Ok(uuid) => uuid,
            Err(_) => *self.numbers.get(&id.parse().ok()?)?,
        };
        self.parts.get(&uuid).copied()
    }

    /// The mark that an attribute counts as, if that is something else than its event's.
    pub(crate) fn own_mark(&self, attribute: &Attribute) -> Option<Tlp> {
        self.marks.get(&uuid_of(&attribute.uuid)?).copied()
    }

    pub(crate) fn event(&self, id: &str) -> Option<usize> {
        match self.find(id)? {
            Part::Event(event) => Some(event),
            _ => None,
        }
    }

    /// An attribute with the object that it stands in.
    pub(crate) fn attribute(&self, part: Part) -> Option<(&Attribute, Option<&Object>)> {
        attribute_at(self.events.get(part.event())?, part)
    }
}

/// The attribute at a place of its event, which may be the event as it is shown.
pub(crate) fn attribute_at(event: &Event, part: Part) -> Option<(&Attribute, Option<&Object>)> {
    let Part::Attribute(_, object, at) = part else { return None };
    match object {
        None => Some((event.attributes.all.get(at)?, None)),
        Some(which) => {
            let object = event.objects.all.get(which)?;
            Some((object.attributes.all.get(at)?, Some(object)))
        }
    }
}

/// Whether an attribute was taken back, by itself or with its object. The event still says that there was one, so that
/// partners who have it learn of it.
pub(crate) fn is_deleted(attribute: &Attribute, object: Option<&Object>) -> bool {
    attribute.deleted.is_true() || object.is_some_and(|object| object.deleted.is_true())
}

/// The attributes of an event that were not taken back, with the objects that they stand in.
pub(crate) fn attributes(event: &Event) -> impl Iterator<Item = (&Attribute, Option<&Object>)> {
    all_attributes(event).filter(|(attribute, object)| !is_deleted(attribute, *object))
}

/// All attributes of an event, also those that were taken back.
pub(crate) fn all_attributes(event: &Event) -> impl Iterator<Item = (&Attribute, Option<&Object>)> {
    let in_objects =
        event.objects.iter().flat_map(|object| object.attributes.iter().map(move |one| (one, Some(object))));
    event.attributes.iter().map(|attribute| (attribute, None)).chain(in_objects)
}

/// The sightings of an event's attributes, with these.
pub(crate) fn sightings(event: &Event) -> impl Iterator<Item = (&Sighting, &Attribute)> {
    attributes(event).flat_map(|(attribute, _)| attribute.sightings.iter().map(move |one| (one, attribute)))
}

/// `own` gets the marks of attributes that count as something else than their event.
fn facts(event: &Event, marks: &HashMap<Uuid, Tlp>, ceiling: Tlp, own: &mut HashMap<Uuid, Tlp>) -> Facts {
    let mark = |text: &Text| uuid_of(text).and_then(|uuid| marks.get(&uuid).copied());
    let of_part = |(attribute, object): (&Attribute, Option<&Object>)| {
        let found = mark(&attribute.uuid).or_else(|| object.and_then(|object| mark(&object.uuid)));
        Some((uuid_of(&attribute.uuid)?, found?))
    };
    let parts: Vec<(Uuid, Tlp)> = attributes(event).filter_map(of_part).collect();
    // What was gathered without a report counts as the strictest of what is in it.
    let tlp = mark(&event.uuid).or_else(|| parts.iter().map(|(_, tlp)| *tlp).max()).unwrap_or(ceiling);
    own.extend(parts.into_iter().filter(|(_, mark)| *mark != tlp));
    let objects = event.objects.iter().map(|object| seconds(&object.timestamp));
    let reports = event.reports.iter().map(|report| seconds(&report.timestamp));
    let changed = all_attributes(event).map(|(attribute, _)| seconds(&attribute.timestamp)).chain(objects);
    let sighted = sightings(event).map(|(sighting, _)| seconds(&sighting.date_sighting)).max();
    Facts {
        uuid: uuid_of(&event.uuid).unwrap_or_default(),
        changed: changed.chain(reports).fold(seconds(&event.timestamp), i64::max),
        sighted: sighted.unwrap_or(0),
        tlp,
    }
}

/// The UUID that a text is.
pub(crate) fn uuid_of(text: &Text) -> Option<Uuid> {
    text.text().and_then(|text| Uuid::try_parse(text).ok())
}

/// Seconds since 1970, as MISP writes them; 0 for what is none.
pub(crate) fn seconds(text: &Text) -> i64 {
    text.text().and_then(|text| text.parse().ok()).unwrap_or(0)
}

type Key = (MemberId, CircleId, bool);
/// What a view depends on beside time.
type Basis = (u64, Seq);

struct Kept {
    basis: Basis,
    until: Option<Timestamp>,
    view: Arc<View>,
}

#[derive(Default)]
struct Slot {
    used: AtomicU64,
    bytes: AtomicU64,
    kept: Mutex<Option<Kept>>,
}

/// The views that are kept.
pub(crate) struct Views {
    gate: Gate,
    slots: Mutex<HashMap<Key, Arc<Slot>>>,
    turn: AtomicU64,
}

impl Views {
    pub(crate) fn new(gate: Gate) -> Self {
        Self { gate, slots: Mutex::default(), turn: AtomicU64::new(1) }
    }

    /// What the member sees of all its circles, by their ids.
    pub(crate) fn all(
        &self,
        member: MemberId,
        encrypted: bool,
        now: Timestamp,
    ) -> Result<Vec<Arc<View>>, MispError> {
        let readers = self.gate.readers(member, Level::Exchange, encrypted, now);
        readers.iter().map(|reader| self.of(reader)).collect()
    }

    /// What a reader sees.
    pub(crate) fn of(&self, reader: &Reader) -> Result<Arc<View>, MispError> {
        let request = reader.request();
        let key = (request.member, request.circle, request.encrypted);
        let slot = Arc::clone(self.slots.lock().entry(key).or_default());
        slot.used.store(self.turn.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        let mut kept = slot.kept.lock();
        let basis = (reader.book_version(), reader.head());
        if let Some(kept) = kept.as_ref()
            && kept.basis == basis
            && kept.until.is_none_or(|until| request.now < until)
        {
            return Ok(Arc::clone(&kept.view));
        }
        let view = Arc::new(View { head: basis.1, ..self.make(reader)? });
        let until = reader.settled_until()?;
        slot.bytes.store(view.bytes as u64, Ordering::Relaxed);
        *kept = Some(Kept { basis, until, view: Arc::clone(&view) });
        drop(kept);
        self.shorten(&key);
        Ok(view)
    }

    fn make(&self, reader: &Reader) -> Result<View, MispError> {
        let book = self.gate.book();
        let circle = book.circle(reader.request().circle).ok_or_else(|| MispError::not_found("circle"))?;
        let (mut objects, mut marks, mut bytes) = (Vec::new(), HashMap::new(), 0_usize);
        reader.each(&[], &mut |object| {
            let tlp = object.tlp();
            let object = object.into_inner();
            let mark = marks.entry(object.id.uuid()).or_insert(tlp);
            *mark = tlp.max(*mark);
            bytes += object.raw.len();
            objects.push((object.raw, object.added.timestamp()));
            if bytes > VIEW_BYTES_MAX { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if bytes > VIEW_BYTES_MAX {
            let message = format!(
                "The circle `{}` holds more than {VIEW_BYTES_MAX} bytes, which is too much for MISP's formats. Use TAXII.",
                circle.handle
            );
            return Err(MispError::new(http::StatusCode::INSUFFICIENT_STORAGE, message));
        }
        // Who brought something is not said to everyone; what names no creator is the circle's.
        let title = if circle.title.is_empty() { &circle.handle } else { &circle.title };
        let source = Source { uuid: circle.id.uuid(), name: title.clone() };
        let given: Vec<Given<'_>> =
            objects.iter().map(|(raw, added)| Given { raw, added: *added, from: Some(&source) }).collect();
        let (events, findings) = write::events(&given);
        if !findings.is_empty() {
            tracing::debug!(circle.id = %circle.id, count = findings.len(), "not everything has a place in MISP's format");
        }
        Ok(View::new(circle, events, &marks, bytes))
    }

    /// Lets views go, those first that were not asked for longest; never the one under `keep`.
    fn shorten(&self, keep: &Key) {
        let mut slots = self.slots.lock();
        loop {
            let bytes: u64 = slots.values().map(|slot| slot.bytes.load(Ordering::Relaxed)).sum();
            if slots.len() <= KEPT_MAX && bytes <= KEPT_BYTES_MAX as u64 {
                return;
            }
            let oldest = slots.iter().filter(|(key, _)| *key != keep);
            let oldest = oldest.min_by_key(|(_, slot)| slot.used.load(Ordering::Relaxed));
            let Some(key) = oldest.map(|(key, _)| *key) else { return };
            slots.remove(&key);
        }
    }
}
