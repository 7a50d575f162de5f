//! STIX 2.1 objects become MISP events.

use std::collections::HashMap;

use serde_json::Value as Json;
use stix::{Finding, Timestamp};
use uuid::Uuid;

use crate::misp::wire::{Attribute, Event, Org, Text};

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
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Source {
    /// The organisation's UUID.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
}

/// The events that hold `objects`, in the order of their first objects, and what could not be held.
///
/// The same objects give the same events, with the same UUIDs, in whatever order they stand.
#[must_use]
pub fn events(objects: &[Given<'_>]) -> (Vec<Event>, Vec<Finding>) {
    let mut findings = Vec::new();
    let mut days: HashMap<(String, String), Event> = HashMap::new();
    for (at, given) in objects.iter().enumerate() {
        let Ok(object) = serde_json::from_str::<Json>(given.raw) else {
            findings.push(Finding::error("misp-malformed", format!("objects[{at}]"), "not JSON"));
            continue;
        };
        let Some(pattern) = object["pattern"].as_str() else { continue };
        let source = given.from.map_or("", |source| source.name.as_str());
        let event = days.entry((source.to_owned(), given.added.date())).or_insert_with(|| Event {
            uuid: Uuid::new_v5(&Uuid::NAMESPACE_URL, given.added.date().as_bytes()).to_string().into(),
            date: given.added.date().into(),
            info: format!("{source} {}", given.added.date()).into(),
            timestamp: given.added.seconds().to_string().into(),
            orgc: Org { name: source.into(), ..Org::default() }.into(),
            ..Event::default()
        });
        event.attributes.all.push(Attribute {
            kind: "stix2-pattern".into(),
            category: "Payload delivery".into(),
            value: pattern.into(),
            to_ids: true.into(),
            uuid: object["id"].as_str().and_then(|id| id.get(11..)).map_or_else(Text::default, Text::from),
            ..Attribute::default()
        });
    }
    (days.into_values().collect(), findings)
}
