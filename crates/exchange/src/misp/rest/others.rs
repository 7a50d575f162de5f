//! What others said of an event: shown in it, and left out of what its owner brings.
//!
//! A view has everybody's sightings, notes and opinions where they belong. An attribute, object or event that is shared anew
//! carries all that stands on it, as MISP's format has it. What another member brought as an object of its own must not get in
//! there: it would be the owner's word, and stay when the one who said it takes it back.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use gate::{Query, VersionMatch};
use policy::CircleId;
use stix::{Finding, ObjectId};
use uuid::Uuid;

use super::error::MispError;
use super::view::{seconds, uuid_of};
use super::{State, Who};
use crate::misp::wire::{Analyst, Event, Many, ObjectReference, Report, Sighting, Text};

/// UUIDs of what others said.
#[derive(Debug, Default)]
pub(super) struct Others(HashSet<Uuid>);

/// Something that is said, as it stands in an event.
#[derive(Clone, Copy)]
enum Said<'e> {
    Sighting(&'e Sighting),
    Note(&'e Analyst),
    Opinion(&'e Analyst),
    Relationship(&'e Analyst),
    Reference(&'e ObjectReference),
    Report(&'e Report),
}

impl<'e> Said<'e> {
    fn uuid(self) -> Option<Uuid> {
        uuid_of(match self {
            Self::Sighting(one) => &one.uuid,
            Self::Note(one) | Self::Opinion(one) | Self::Relationship(one) => &one.uuid,
            Self::Reference(one) => &one.uuid,
            Self::Report(one) => &one.uuid,
        })
    }

    /// What it is called in MISP, and what it can be in STIX.
    const fn names(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Sighting(_) => ("Sighting", &["sighting", "opinion"]),
            Self::Note(_) => ("Note", &["note"]),
            Self::Opinion(_) => ("Opinion", &["opinion"]),
            Self::Relationship(_) => ("Relationship", &["relationship"]),
            Self::Reference(_) => ("ObjectReference", &["relationship"]),
            Self::Report(_) => ("EventReport", &["note"]),
        }
    }

    /// What it says; the rest clients leave out or write otherwise.
    fn content(self) -> Vec<Cow<'e, str>> {
        let texts: Vec<&Text> = match self {
            Self::Sighting(one) => {
                let at = seconds(&one.date_sighting).to_string();
                return vec![one.kind.as_str().into(), one.source.as_str().into(), at.into()];
            }
            Self::Note(one) => vec![&one.note, &one.language],
            Self::Opinion(one) => vec![&one.opinion, &one.comment],
            Self::Relationship(one) => vec![&one.relationship_type, &one.related_object_uuid],
            Self::Reference(one) => vec![&one.relationship_type, &one.referenced_uuid, &one.comment],
            Self::Report(one) => vec![&one.name, &one.content],
        };
        texts.into_iter().map(|text| text.as_str().into()).collect()
    }
}

/// All that is said in an event.
fn said(event: &Event) -> Vec<Said<'_>> {
    let mut all: Vec<Said<'_>> = event.reports.iter().map(Said::Report).collect();
    let mut analysts = |notes, opinions, relationships| {
        let [notes, opinions, relationships]: [&Many<Analyst>; 3] = [notes, opinions, relationships];
        all.extend(notes.all.iter().map(Said::Note));
        all.extend(opinions.all.iter().map(Said::Opinion));
        all.extend(relationships.all.iter().map(Said::Relationship));
    };
    analysts(&event.notes, &event.opinions, &event.relationships);
    for object in &event.objects {
        analysts(&object.notes, &object.opinions, &object.relationships);
    }
    for (attribute, _) in super::view::all_attributes(event) {
        analysts(&attribute.notes, &attribute.opinions, &attribute.relationships);
    }
    let clusters = event.galaxies.iter().flat_map(|galaxy| &galaxy.clusters);
    all.extend(clusters.flat_map(|cluster| &cluster.relationships).map(Said::Relationship));
    all.extend(event.objects.iter().flat_map(|object| &object.references).map(Said::Reference));
    let attributes = super::view::all_attributes(event);
    all.extend(attributes.flat_map(|(attribute, _)| &attribute.sightings).map(Said::Sighting));
    all
}

impl Others {
    /// What of these events the member sees and others brought.
    pub(super) fn of(
        state: &State,
        who: &Who,
        circle: CircleId,
        events: [Option<&Event>; 2],
    ) -> Result<Self, MispError> {
        let ids: HashSet<ObjectId> = events.into_iter().flatten().flat_map(said).flat_map(ids).collect();
        let ids: Vec<ObjectId> = ids.into_iter().collect();
        let own = state.misp.gate.has_brought(who.member, circle, &ids);
        let ids: Vec<ObjectId> = ids.into_iter().zip(own).filter(|(_, own)| !own).map(|(id, _)| id).collect();
        if ids.is_empty() {
            return Ok(Self::default());
        }
        let query = Query { limit: ids.len(), ids, versions: vec![VersionMatch::Last], ..Query::default() };
        let rows = state.reader(who, circle)?.manifest(&query)?.items;
        Ok(Self(rows.iter().map(|row| row.get().id.uuid()).collect()))
    }

    fn has(&self, uuid: &Text) -> bool {
        uuid_of(uuid).is_some_and(|uuid| self.0.contains(&uuid))
    }

    /// An event without what others said.
    pub(super) fn left_out<'e>(&self, event: &'e Event) -> Cow<'e, Event> {
        if self.0.is_empty() {
            return Cow::Borrowed(event);
        }
        let mut event = event.clone();
        let strip = |lists: [&mut Many<Analyst>; 3]| {
            lists.into_iter().for_each(|list| list.all.retain(|one| !self.has(&one.uuid)));
        };
        event.reports.all.retain(|one| !self.has(&one.uuid));
        strip([&mut event.notes, &mut event.opinions, &mut event.relationships]);
        let clusters = event.galaxies.all.iter_mut().flat_map(|galaxy| &mut galaxy.clusters.all);
        clusters.for_each(|cluster| cluster.relationships.all.retain(|one| !self.has(&one.uuid)));
        let in_objects = event.objects.all.iter_mut().flat_map(|object| {
            strip([&mut object.notes, &mut object.opinions, &mut object.relationships]);
            object.references.all.retain(|one| !self.has(&one.uuid));
            &mut object.attributes.all
        });
        for attribute in event.attributes.all.iter_mut().chain(in_objects) {
            strip([&mut attribute.notes, &mut attribute.opinions, &mut attribute.relationships]);
            attribute.sightings.all.retain(|one| !self.has(&one.uuid));
        }
        Cow::Owned(event)
    }

    /// What of it a change would have said otherwise.
    pub(super) fn complaints(&self, before: Option<&Event>, after: Option<&Event>) -> Vec<Finding> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let before: HashMap<Uuid, Said<'_>> =
            before.into_iter().flat_map(said).filter_map(|one| Some((one.uuid()?, one))).collect();
        let theirs = after.into_iter().flat_map(said).filter_map(|one| Some((one.uuid()?, one)));
        let theirs = theirs.filter(|(uuid, one)| {
            let known = before.get(uuid);
            self.0.contains(uuid) && known.is_none_or(|known| known.content() != one.content())
        });
        let complaint = |(uuid, one): (Uuid, Said<'_>)| {
            let message = "another member said it, who alone can change it";
            Finding::error("misp-not-saved", format!("{} {uuid}", one.names().0), message)
        };
        theirs.map(complaint).collect()
    }
}

/// The ids that it can have in STIX.
fn ids(said: Said<'_>) -> impl Iterator<Item = ObjectId> {
    let types = said.names().1.iter();
    types.filter_map(move |name| ObjectId::new(name, said.uuid()?).ok())
}
