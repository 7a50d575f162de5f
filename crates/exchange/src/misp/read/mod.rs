//! MISP events become STIX 2.1: a report, its indicators and observables, who made it, and how they hang together.
//!
//! Every UUID that MISP gave stays: attribute 5c06… is `indicator--5c06…`. `modified` is the element's own timestamp,
//! `created` the event's date, or the timestamp if that is earlier; where a circle has an earlier version, [`keep_created`](crate::keep_created)
//! gives it that one's, since the date can be corrected. What is `deleted` becomes a withdrawal. Each attribute
//! that STIX has no place for is a finding.
//!
//! Source: MISP core format (draft-dulaunoy-misp-core-format); rule X-9.

pub(super) use context::{MISP_NAMESPACE, NO_DATE, pap_word};
pub(super) use element::pattern_of_attribute;
pub(super) use event::{description_uuid, uuid};
pub(super) use object::pattern_of_object;
pub(super) use said::{ANALYST_LABEL, REPORT_LABEL, analyst_time, link_uuid, relation_uuid};

mod attribute;
mod context;
mod element;
mod event;
mod galaxy;
mod object;
mod said;
mod simple;

use std::ops::ControlFlow;

use serde::Deserialize;
use serde_json::value::RawValue;
use stix::Finding;

use crate::misp::wire::{Event, One};
use crate::read::{Item, Options, ReadError, Sink, Summary, limit};

/// The types that an attribute or object can become. One that was deleted says too little to tell which it was.
pub const ELEMENT_TYPES: [&str; 12] = [
    "indicator",
    "observed-data",
    "x-misp-attribute",
    "x-misp-object",
    "vulnerability",
    "campaign",
    "identity",
    "malware",
    "attack-pattern",
    "course-of-action",
    "intrusion-set",
    "location",
];

/// Most events in one file.
const EVENTS_MAX: usize = 1_000_000;
/// Most lists and envelopes around an event.
const HOLDERS_MAX: usize = 4;

/// Reads one event. `on` gets its objects, withdrawals and findings in order, and can stop the reading.
pub fn event(event: &Event, options: &Options, on: &mut dyn FnMut(Item) -> ControlFlow<()>) -> Summary {
    let mut sink = Sink::new(on);
    event::read(event.clone(), "", options, &mut sink);
    sink.summary
}

/// An event in its envelope.
#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "Event")]
    event: One<Event>,
}

/// An event in its envelope, or bare.
#[derive(Deserialize)]
struct Holder<'a> {
    #[serde(rename = "Event", borrow)]
    event: Option<&'a RawValue>,
    #[serde(borrow)]
    response: Option<&'a RawValue>,
}

pub(crate) fn text(text: &str, options: &Options, sink: &mut Sink<'_>) -> Result<(), ReadError> {
    if let Some(event) = limit::json(text.as_bytes()).ok().and_then(|()| single(text)) {
        event::read(event, "", options, sink);
        return Ok(());
    }
    let whole: &RawValue = serde_json::from_str(text).map_err(ReadError::Misp)?;
    let mut path = Vec::new();
    let mut count = 0;
    holder(whole.get(), &mut path, options, sink, &mut count);
    Ok(())
}

/// The event of a file that is one event in its envelope, as feeds have it, read in one pass; anything else takes the
/// longer way, which first looks what it has.
fn single(text: &str) -> Option<Event> {
    let inner = text.trim_start().strip_prefix('{')?.trim_start();
    if !inner.starts_with("\"Event\"") {
        return None;
    }
    let event = serde_json::from_str::<Envelope>(text).ok()?.event;
    event.0.map(|event| *event).filter(is_event)
}

/// Reads `{"Event": …}`, `{"response": …}`, lists of these, and bare events.
fn holder(text: &str, path: &mut Vec<String>, options: &Options, sink: &mut Sink<'_>, count: &mut usize) {
    if sink.stopped || *count > EVENTS_MAX {
        return;
    }
    let place =
        |path: &[String]| path.iter().filter(|part| *part != ".").map(String::as_str).collect::<String>();
    let too_many = *count == EVENTS_MAX;
    if too_many || path.len() > HOLDERS_MAX {
        *count += usize::from(too_many);
        let message = match too_many {
            true => format!("the file holds more than {EVENTS_MAX} events; those from here on were left out"),
            false => {
                format!("events stand more than {HOLDERS_MAX} lists or envelopes deep; these were left out")
            }
        };
        sink.finding(Finding::error("misp-too-large", place(path), message));
        return;
    }
    if let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(text) {
        for (at, one) in list.iter().enumerate() {
            path.push(format!("[{at}]"));
            holder(one.get(), path, options, sink, count);
            path.pop();
        }
        return;
    }
    let holder_of = serde_json::from_str::<Holder<'_>>(text).ok();
    if let Some(inner) = holder_of.and_then(|holder| holder.event.or(holder.response)) {
        path.push(".".to_owned());
        holder(inner.get(), path, options, sink, count);
        path.pop();
        return;
    }
    *count += 1;
    let place = place(path);
    if let Err(error) = limit::json(text.as_bytes()) {
        sink.finding(Finding::error("misp-too-large", place, error.to_string()));
        return;
    }
    match serde_json::from_str::<Event>(text) {
        Ok(event) if is_event(&event) => event::read(event, &place, options, sink),
        Ok(_) => sink.finding(Finding::error(
            "misp-no-event",
            place,
            "no event: neither title, attributes nor objects",
        )),
        Err(error) => {
            sink.finding(Finding::error("misp-malformed", place, format!("not a MISP event: {error}")))
        }
    }
}

fn is_event(event: &Event) -> bool {
    event.info.text().is_some() || !event.attributes.all.is_empty() || !event.objects.all.is_empty()
}
