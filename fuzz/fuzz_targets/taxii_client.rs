#![no_main]
//! What other TAXII servers answer: an envelope's objects are the ones that a plain reader finds, each in bytes that stand in
//! the body; the other resources are read or refused, and a cursor that was read is kept as what reads back the same.

use exchange::pull::taxii::{Cursor, wire};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|body: &[u8]| {
    if let Ok(envelope) = wire::envelope(body) {
        let text = std::str::from_utf8(body).expect("what was read is UTF-8");
        assert!(envelope.objects.iter().all(|raw| text.contains(raw.as_str())), "in their own bytes");
        assert_ne!(envelope.next.as_deref(), Some(""), "an empty token is none");
        // The plain reader takes the last of several lists, and refuses numbers out of range; where both read, they agree.
        let plain: Option<Value> = serde_json::from_str(text.trim_start_matches('\u{feff}').trim()).ok();
        if let Some(list) = plain.as_ref().and_then(|plain| plain.get("objects")).and_then(Value::as_array) {
            let read: Vec<Value> = envelope
                .objects
                .iter()
                .map(|raw| serde_json::from_str(raw).expect("an object is JSON"))
                .collect();
            assert_eq!(&read, list);
        }
    }
    if let Ok(rows) = wire::manifest(body) {
        assert!(rows.len() <= wire::LISTED_MAX);
    }
    match wire::resource(body) {
        Ok(wire::Resource::Discovery { api_roots, .. }) => assert!(api_roots.len() <= wire::LISTED_MAX + 1),
        Ok(wire::Resource::Collection(collection)) => {
            assert_eq!(wire::resource(body), Ok(wire::Resource::Collection(collection)))
        }
        _ => {}
    }
    if let Ok(collections) = wire::collections(body) {
        assert!(collections.len() <= wire::LISTED_MAX);
    }
    if let Ok(status) = wire::status(body) {
        assert!(status.failures.len() <= wire::LISTED_MAX);
    }
    if let Ok(text) = std::str::from_utf8(body) {
        let cursor = Cursor::read(text);
        let kept = cursor.to_text();
        assert_eq!(Cursor::read(&kept).to_text(), kept);
    }
});
