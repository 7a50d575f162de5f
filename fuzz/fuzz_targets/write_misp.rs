#![no_main]
//! STIX objects to MISP events and back: in whatever order they stand the events are the same, every indicator is in
//! one of them, and what was written once is read and written again with the same values.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use exchange::misp::wire::{Attribute, Event};
use exchange::misp::write::{Given, events};
use exchange::read::{Format, Options, read_all};
use libfuzzer_sys::fuzz_target;
use stix::Timestamp;
use stix::bundle::{Item, Limits};

fn written(objects: &[String]) -> Vec<Event> {
    let added = Timestamp::from_micros(1_700_000_000_000_000);
    let given: Vec<Given<'_>> = objects.iter().map(|raw| Given { raw, added, from: None }).collect();
    events(&given).0
}

/// The values by UUID, of those UUIDs that one attribute alone has.
fn values(events: &[Event]) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, Vec<&Attribute>> = BTreeMap::new();
    for event in events {
        let inner = event.objects.all.iter().flat_map(|object| &object.attributes.all);
        for attribute in event.attributes.all.iter().chain(inner) {
            found.entry(attribute.uuid.as_str().to_owned()).or_default().push(attribute);
        }
        for object in &event.objects.all {
            found.entry(object.uuid.as_str().to_owned()).or_default();
        }
    }
    let single = found.into_iter().filter_map(|(uuid, all)| match all.as_slice() {
        [one] if !one.deleted.is_true() => Some((uuid, one.value.as_str().to_owned())),
        _ => None,
    });
    single.collect()
}

fuzz_target!(|data: &[u8]| {
    let mut objects: Vec<String> = Vec::new();
    let _outcome = stix::bundle::read(data, &Limits::default(), |item| {
        if let Item::Object { raw, .. } = item
            && stix::read_head(raw).is_ok()
        {
            objects.push(raw.to_owned());
        }
        ControlFlow::Continue(())
    });
    let once = written(&objects);
    let mut ids: Vec<String> =
        objects.iter().filter_map(|raw| stix::read_head(raw).ok()).map(|head| head.id.to_string()).collect();
    let text = serde_json::to_string(&once).expect("events are JSON");
    for id in ids.iter().filter(|id| id.starts_with("indicator--")) {
        assert!(text.contains(&id["indicator--".len()..]), "{id} is in no event");
    }
    let count = ids.len();
    ids.sort();
    ids.dedup();
    if ids.len() == count {
        objects.reverse();
        let turned = serde_json::to_string(&written(&objects)).expect("events are JSON");
        assert_eq!(text, turned, "the order of the objects shows");
    }
    let options = Options::new(Timestamp::from_micros(1_700_000_000_000_000));
    let read = read_all(text.as_bytes(), Format::Misp, &options).expect("what was written is read");
    let raws: Vec<String> = read.objects.into_iter().map(|object| object.raw).collect();
    let again = values(&written(&raws));
    for (uuid, value) in values(&once) {
        // An attribute whose UUID another element has too is read under a new one.
        if let Some(known) = again.get(&uuid) {
            assert_eq!(*known, value, "{uuid} has another value");
        }
    }
});
