//! The law of file readers: what is handed on is sound, counted, the same every time, and nothing after a stop.

use std::ops::ControlFlow;
use std::sync::Arc;

use exchange::read::{Format, Item, Mapping, Options, ReadError, Summary, read};
use serde_json::Value;
use stix::{Severity, Timestamp, Tlp, pattern};
use uuid::Uuid;

/// The circle that the file is for.
pub const CIRCLE: Uuid = Uuid::from_u128(0xcc);

/// How packed data begins.
const PACKED: [u8; 2] = [0x1f, 0x8b];

/// Reads `data` in a format and panics where the law is broken.
pub fn check(format: Format, data: &[u8]) {
    let (mapping, data) = if format == Format::Mapped { mapped(data) } else { (None, data) };
    let mut items = Vec::new();
    let outcome = collect(format, data, &mapping, usize::MAX, &mut items);
    for item in &items {
        let Item::Object(object) = item else { continue };
        assert_eq!(stix::read_head(&object.raw).as_ref(), Ok(&object.head), "{}", object.raw);
        match format {
            Format::Stix => as_it_came(data, &object.raw),
            Format::Misp
            | Format::Csaf
            | Format::Cacao
            | Format::OpenIoc
            | Format::Ofac
            | Format::OpenSanctions
            | Format::Mapped
            | Format::Report => made(&object.raw, object.head.object_type()),
            Format::Csv | Format::Plain => {
                made(&object.raw, object.head.object_type());
                assert!(!object.head.markings.is_empty(), "the list's mark is lost: {}", object.raw);
                let found = watch::actionable(&object.raw, &object.head);
                let count = found.map_or(0, |found| found.values.len());
                assert_eq!(count, 1, "an indicator of a list names one value: {}", object.raw);
            }
        }
    }
    if let Ok(summary) = outcome {
        assert_eq!(summary, counted(&items));
    }
    if format == Format::Stix && !data.starts_with(&PACKED) {
        assert_eq!(items.len(), in_bundle(data), "the objects are not those of the bundle");
    }
    let stop = data.len() % 4 + 1;
    let mut first = Vec::new();
    // How the reading ends may differ: it was stopped.
    let _stopped = collect(format, data, &mapping, stop, &mut first);
    assert_eq!(first.len(), stop.min(items.len()), "reading goes on after a stop, or differs");
    for (one, other) in first.iter().zip(&items) {
        assert_eq!(shown(one), shown(other), "the same file gives something else");
    }
}

fn collect(
    format: Format,
    data: &[u8],
    mapping: &Option<Arc<Mapping>>,
    stop: usize,
    items: &mut Vec<Item>,
) -> Result<Summary, ReadError> {
    let options = Options {
        source: Some("fuzz".to_owned()),
        tlp: Some(Tlp::Amber),
        confidence: Some(60),
        labels: vec!["label".to_owned()],
        circle: Some(CIRCLE),
        mapping: mapping.clone(),
        ..Options::new(Timestamp::from_micros(1_700_000_000_000_000))
    };
    read(data, format, &options, &mut |item| {
        items.push(item);
        if items.len() < stop { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })
}

/// The mapping before a line of `---`, and the rows after it.
fn mapped(data: &[u8]) -> (Option<Arc<Mapping>>, &[u8]) {
    const LINE: &[u8] = b"\n---\n";
    let Some(at) = data.windows(LINE.len()).position(|part| part == LINE) else { return (None, data) };
    let mapping = std::str::from_utf8(&data[..at]).ok().and_then(|text| Mapping::parse(text).ok());
    (mapping.map(Arc::new), &data[at + LINE.len()..])
}

fn counted(items: &[Item]) -> Summary {
    let mut summary = Summary::default();
    for item in items {
        match item {
            Item::Object(_) => summary.objects += 1,
            Item::Withdrawal(_) => summary.withdrawals += 1,
            Item::Finding(finding) if finding.severity == Severity::Error => summary.errors += 1,
            Item::Finding(_) => summary.warnings += 1,
        }
    }
    summary
}

fn shown(item: &Item) -> String {
    match item {
        Item::Object(object) => object.raw.clone(),
        Item::Withdrawal(withdrawal) => withdrawal.id.to_string(),
        Item::Finding(finding) => finding.to_string(),
    }
}

/// How many objects the bundle reader itself finds, good and bad.
fn in_bundle(data: &[u8]) -> usize {
    let mut count = 0;
    // How it ends is not the question.
    let _outcome = stix::bundle::read(data, &stix::bundle::Limits::default(), |_| {
        count += 1;
        ControlFlow::Continue(())
    });
    count
}

/// STIX passes through byte for byte.
fn as_it_came(data: &[u8], raw: &str) {
    let packed = data.starts_with(&PACKED);
    assert!(packed || data.windows(raw.len()).any(|part| part == raw.as_bytes()), "changed: {raw}");
}

/// What a reader made itself is good STIX where it says that it is.
fn made(raw: &str, object_type: &str) {
    let object: Value = serde_json::from_str(raw).unwrap_or_else(|error| panic!("{error}: {raw}"));
    if object_type == "indicator" && object["pattern_type"] == "stix" {
        let text = object["pattern"].as_str().unwrap_or_default();
        assert!(pattern::parse(text).is_ok(), "no pattern: {raw}");
    }
    let time = |name: &str| object[name].as_str().and_then(|text| Timestamp::parse(text).ok());
    if let Some(until) = time("valid_until") {
        assert!(time("valid_from").is_some_and(|from| from < until), "never valid: {raw}");
    }
    let refs = object["object_refs"].as_array();
    assert!(refs.is_none_or(|refs| !refs.is_empty()), "refers to nothing: {raw}");
}
