//! STIX 2.1 objects become MISP events.
//!
//! A report or grouping is an event with what it refers to; what stands in none is gathered in one event per creator
//! and day. What came from MISP goes out as the element that it carries ([`extension`](super::extension)), unless its
//! pattern was changed since. Of the rest, an indicator or observation of one property is an attribute, of several of
//! one thing an object, a pattern that neither can say a `stix2-pattern`; actors, malware, techniques and all other
//! things are clusters; relations, sightings, notes and opinions stand on what they are about. The same objects give the
//! same events, in whatever order they stand.

mod context;
mod element;
mod event;
mod gather;
mod observed;
mod restore;
mod said;
mod shelf;

use stix::{Finding, Timestamp};
use uuid::Uuid;

use crate::misp::wire::Event;

/// One STIX object as a member gets it.
#[derive(Debug, Clone)]
pub struct Given<'a> {
    /// Its text.
    pub raw: &'a str,
    /// When it was added to the circle. Objects that stand in no report are gathered by this day.
    pub added: Timestamp,
    /// Who brought it, unless the source is concealed: who makes the event of what names no creator itself.
    pub from: Option<&'a Source>,
}

/// Who brought something.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Source {
    /// The organisation's UUID.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
}

/// The events that hold `objects`, by UUID, and what could not be held.
///
/// Of several versions of an object the latest counts. Findings are of one object each, under its id.
#[must_use]
pub fn events(objects: &[Given<'_>]) -> (Vec<Event>, Vec<Finding>) {
    let mut findings = Vec::new();
    let shelf = shelf::Shelf::new(objects, &mut findings);
    let gathered = gather::gather(&shelf);
    let mut events: Vec<Event> =
        gathered.into_iter().map(|group| event::event(&shelf, group, &mut findings)).collect();
    events.sort_by(|a, b| a.uuid.as_str().cmp(b.uuid.as_str()));
    (events, findings)
}
