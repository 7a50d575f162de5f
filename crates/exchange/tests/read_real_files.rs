//! Real files of every format, read whole: what comes out is sound, and what does not come out is accounted for.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use bongsu_exchange::read::{Batch, DETECT_BYTES, Format, Options, detect, read_all};
use stix::Timestamp;

fn data(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(path)
}

fn options() -> Options {
    Options::new(Timestamp::parse("2026-08-23T00:00:00.000Z").unwrap())
}

fn import(path: &Path) -> (Format, Batch) {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let format = detect(&path.to_string_lossy(), &bytes[..bytes.len().min(DETECT_BYTES)]);
    let batch = read_all(bytes.as_slice(), format, &options());
    (format, batch.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// Every indicator made parses as a pattern and gives values to act on.
fn assert_sound(batch: &Batch, path: &Path) {
    for object in &batch.objects {
        let json: serde_json::Value = serde_json::from_str(&object.raw).unwrap();
        if json["pattern_type"] == "stix" {
            let pattern = json["pattern"].as_str().unwrap();
            stix::pattern::parse(pattern)
                .unwrap_or_else(|error| panic!("{}: {pattern}: {error}", path.display()));
        }
    }
}

/// What a person finds in the file: its lines that are no comment and not empty.
fn lines(bytes: &[u8], heading: usize) -> usize {
    let mut text = String::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(bytes), &mut text).unwrap();
    } else {
        text = String::from_utf8(bytes.to_vec()).unwrap();
    }
    let told = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    told.skip(heading).count()
}

/// Every line gives an object of its own, or a finding says why not.
fn check(path: &str, heading: usize) {
    let path = data(path);
    let (_, batch) = import(&path);
    let ids: HashSet<_> = batch.objects.iter().map(|object| &object.head.id).collect();
    assert_eq!(ids.len(), batch.objects.len(), "{}", path.display());
    let of_lines = batch.findings.iter().filter(|finding| finding.path.starts_with("line")).count();
    assert_eq!(ids.len() + of_lines, lines(&fs::read(&path).unwrap(), heading), "{}", path.display());
    assert!(ids.len() > of_lines * 5, "{}: {of_lines} findings", path.display());
    assert_sound(&batch, &path);
}

/// Every event of PyMISP's own test files gives objects, and every attribute is accounted for.
#[test]
fn misp_events_become_objects() {
    let mut objects = 0;
    let folders = [
        "misp/events/pymisp",
        "misp/events/pymisp/mispevent_testfiles",
        "misp/events/pymisp/reportlab_testfiles",
    ];
    for entry in folders.iter().flat_map(|folder| fs::read_dir(data(folder)).unwrap()) {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let (format, batch) = import(&path);
            if format == Format::Misp {
                objects += batch.objects.len();
                assert!(batch.objects.len() + batch.findings.len() > 0, "{}", path.display());
                assert_sound(&batch, &path);
            }
        }
    }
    assert!(objects > 100, "{objects}");
}

#[test]
fn lists_and_tables_of_real_feeds_are_read_whole() {
    check("geo/c2/threatfox-dprk/iocs.csv", 1);
    check("geo/c2/ipblocklist.csv", 1);
    check("geo/c2/ipsum-3plus.txt.gz", 0);
    check("geo/c2/maltrail/apt_lazarus.txt", 0);
    check("geo/c2/maltrail/apt_kimsuky.txt", 0);
    check("geo/c2/c2-tracker/all.txt", 0);
    check("misp/events/stalkerware/network.csv.gz", 1);
    check("misp/events/stalkerware/hosts.gz", 0);
}
