//! Where the events and pairs are, and how they are converted.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use bongsu_exchange::misp::wire::{Event, Strip};
use bongsu_exchange::misp::write::{self, Given};
use bongsu_exchange::read::{Format, Options, read_all};
use serde_json::Value as Json;
use stix::{Finding, Timestamp};

pub(crate) fn path(of: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/misp")).join(of)
}

pub(crate) fn json(of: &Path) -> Json {
    serde_json::from_str(&text(of)).unwrap_or_else(|error| panic!("{}: {error}", of.display()))
}

fn text(of: &Path) -> String {
    let bytes = fs::read(of).unwrap_or_else(|error| panic!("{}: {error}", of.display()));
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut text = String::new();
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
        return text;
    }
    String::from_utf8(bytes).unwrap()
}

/// The recorded pairs of one direction.
pub(crate) fn pairs(direction: &str) -> Vec<Json> {
    let all: Vec<Json> = text(&path("stix-recorded/pairs.jsonl.gz"))
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    all.into_iter().filter(|pair| pair["direction"] == direction).collect()
}

fn at() -> Timestamp {
    Timestamp::parse("2026-08-23T00:00:00.000Z").unwrap()
}

pub(crate) fn to_stix(misp: &str) -> (Vec<String>, Vec<Finding>) {
    let batch = read_all(misp.as_bytes(), Format::Misp, &Options::new(at())).unwrap();
    (batch.objects.into_iter().map(|object| object.raw).collect(), batch.findings)
}

pub(crate) fn to_misp(stix: &[String]) -> (Vec<Event>, Vec<Finding>) {
    let given: Vec<Given<'_>> = stix.iter().map(|raw| Given { raw, added: at(), from: None }).collect();
    write::events(&given)
}

/// An event without what means something on one instance alone, as JSON in one form.
pub(crate) fn plain(mut event: Event) -> Json {
    event.strip();
    serde_json::to_value(event).unwrap()
}

/// Every event in a file: in an envelope, a list, a response, or bare.
pub(crate) fn events_in(json: &Json) -> Vec<Json> {
    match json {
        Json::Array(all) => all.iter().flat_map(events_in).collect(),
        Json::Object(map) if map.contains_key("Event") && !map.contains_key("info") => {
            events_in(&map["Event"])
        }
        Json::Object(map) if map.contains_key("response") => events_in(&map["response"]),
        Json::Object(map) if map.contains_key("info") => vec![json.clone()],
        _ => Vec::new(),
    }
}
