#![no_main]
//! Bundles as a stream: the same objects however the bytes arrive, the objects that `serde_json` finds where the whole is
//! one JSON value, and none longer than the limit. The first byte says how the bytes arrive and what the limit is.

use std::io::Read;
use std::ops::ControlFlow;

use bongsu_fuzz::plain::value;
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;
use stix::bundle::{Item, Limits, Summary, envelope, read};

/// Longest key at the top level that the reader takes, in bytes with its quotes.
const KEY_BYTES_MAX: usize = 1024;

fuzz_target!(|data: &[u8]| {
    let Some((&first, data)) = data.split_first() else { return };
    let (objects, outcome) = objects(data, &Limits::default());
    let slow = Slow { data, step: usize::from(first % 16) + 1 };
    let (again, slow_outcome) = self::objects(slow, &Limits::default());
    assert_eq!(objects, again, "what is read depends on how the bytes arrive");
    assert_eq!(outcome, slow_outcome, "how it ends depends on how the bytes arrive");
    if let Some(expected) = std::str::from_utf8(data).ok().and_then(plain) {
        let found: Vec<&str> = objects.iter().map(|object| object.as_deref().unwrap_or_default()).collect();
        assert_eq!(found, expected);
        assert!(outcome.is_some(), "the whole is JSON and was not read to the end");
    }
    // What stands before a list of objects may be an object's own, so the limit is not below that.
    let key = b"\"objects\"";
    let before = data.windows(key.len()).rposition(|part| part == key).map_or(0, |at| at + key.len());
    short(data, usize::from(first).max(before));
});

type Outcome = (Vec<Option<String>>, Option<Summary>);

fn objects(source: impl Read, limits: &Limits) -> Outcome {
    let mut objects = Vec::new();
    let outcome = read(source, limits, |item| {
        objects.push(match item {
            Item::Object { raw, .. } => Some(raw.to_owned()),
            Item::Bad { .. } => None,
        });
        ControlFlow::Continue(())
    });
    (objects, outcome.ok())
}

/// With a small limit the same objects are there, but for those that are too long, and each of these is told of.
fn short(data: &[u8], limit: usize) {
    let (all, _) = objects(data, &Limits::default());
    let limits = Limits { object_bytes_max: limit, ..Limits::default() };
    let (found, _) = objects(data, &limits);
    let fits = all.iter().flatten().filter(|object| object.len() <= limit);
    assert!(fits.eq(found.iter().flatten()), "limit {limit}: {found:?} of {all:?}");
    // What has too many bytes may be a bundle without objects, too.
    assert!(found.len() >= all.len(), "limit {limit}: {found:?} of {all:?}");
}

/// The objects of a text that is one JSON value of a known shape; `None` where the two readers may differ.
fn plain(text: &str) -> Option<Vec<&str>> {
    let value = value(text).filter(|_| !text.contains("\\u"))?;
    let Some(object) = value.as_object() else {
        let parts: Vec<&RawValue> = serde_json::from_str(text).ok()?;
        return Some(parts.into_iter().map(|raw| raw.get()).collect());
    };
    let whole: &RawValue = serde_json::from_str(text).ok()?;
    if object.keys().any(|key| key.len() + 2 > KEY_BYTES_MAX) {
        return None;
    }
    if object.get("objects").is_some_and(|objects| objects.is_array()) {
        let found = envelope(text).ok()?;
        return Some(found.into_iter().map(|raw| raw.get()).collect());
    }
    let empty = object.is_empty() || object.get("type").is_some_and(|name| name == "bundle");
    Some(if empty { Vec::new() } else { vec![whole.get()] })
}

/// Bytes that arrive a few at a time.
struct Slow<'a> {
    data: &'a [u8],
    step: usize,
}

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let step = self.step.min(buffer.len());
        self.data.by_ref().take(step as u64).read(buffer)
    }
}
