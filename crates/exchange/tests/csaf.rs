//! CSAF documents of the standard's own test suite and of real publishers.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bongsu_exchange::read::{Batch, DETECT_BYTES, Format, Options, detect, read_all};
use stix::{Severity, Timestamp, Tlp};

/// Where the suite and the standard's text differ: at most 3% of the set.
const OTHERWISE: [(&str, &str); 0] = [];

fn data(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/detect/csaf")).join(path)
}

fn files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(data(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    files.sort();
    files
}

fn import(path: &Path) -> Batch {
    let bytes = fs::read(path).unwrap();
    let format = detect("a.json", &bytes[..bytes.len().min(DETECT_BYTES)]);
    assert_eq!(format, Format::Csaf, "{}", path.display());
    read_all(bytes.as_slice(), format, &Options::new(Timestamp::parse("2026-11-24T00:00:00Z").unwrap()))
        .unwrap()
}

/// `…-6-1-27-09-11.json` gives `6.1.27` and whether the document is a valid example: those count from 11 on.
fn of_name(path: &Path) -> (String, bool) {
    let name = path.file_stem().unwrap().to_str().unwrap();
    let numbers: Vec<u32> =
        name.split("2021-").nth(1).unwrap().split('-').map(|part| part.parse().unwrap()).collect();
    (format!("{}.{}.{}", numbers[0], numbers[1], numbers[2]), *numbers.last().unwrap() > 10)
}

#[test]
fn mandatory_tests_agree_with_the_standards_suite() {
    let mut wrong = Vec::new();
    let files = files("validator-2.0/data/mandatory");
    for path in &files {
        let (test, valid) = of_name(path);
        let name = path.file_stem().unwrap().to_str().unwrap();
        if OTHERWISE.iter().any(|(other, _)| name.ends_with(other)) {
            continue;
        }
        let batch = import(path);
        let code = format!("csaf-{test}");
        let errors: Vec<_> =
            batch.findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
        let agrees = if valid {
            errors.is_empty() && !batch.objects.is_empty()
        } else {
            errors.iter().any(|finding| finding.code == code) && batch.objects.is_empty()
        };
        if !agrees {
            wrong.push(format!("{name} (valid: {valid}): {errors:?}"));
        }
    }
    assert!(OTHERWISE.len() * 100 <= files.len() * 3);
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), files.len(), wrong.join("\n"));
}

/// The optional tests that are made: a failing document gives the warning, and still its objects.
#[test]
fn optional_tests_that_are_made_agree_with_the_standards_suite() {
    let made: BTreeSet<String> =
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 17].map(|number| format!("6.2.{number}")).into();
    let mut seen = 0;
    for path in files("validator-2.0/data/optional") {
        let (test, valid) = of_name(&path);
        if made.contains(&test) {
            seen += 1;
            let batch = import(&path);
            let code = format!("csaf-{test}");
            let told = batch.findings.iter().any(|finding| finding.code == code);
            assert_eq!(told, !valid, "{}: {:?}", path.display(), batch.findings);
            let refused = batch.findings.iter().any(|finding| finding.severity == Severity::Error);
            assert_eq!(batch.objects.is_empty(), refused, "{}", path.display());
        }
    }
    assert!(seen > 8, "{seen}");
}

/// A publisher's second advisory was refused: its identity had the date of the advisory, so `created` differed.
#[test]
fn a_publisher_is_the_same_in_all_its_advisories() {
    let mut seen = std::collections::BTreeMap::new();
    for path in files("cisa") {
        for object in import(&path).objects.iter().filter(|object| object.head.object_type() == "identity") {
            let known = seen.entry(object.head.id.clone()).or_insert_with(|| object.clone());
            assert_eq!(object.head.created, known.head.created, "{}", path.display());
            assert!(object.head.markings.is_empty() && !object.dated, "{}", path.display());
        }
    }
    assert!(!seen.is_empty());
}

#[test]
fn real_advisories_become_reports_that_hold_together() {
    let mut refused = Vec::new();
    let all: Vec<PathBuf> = ["cisa", "examples"].iter().flat_map(|folder| files(folder)).collect();
    for path in &all {
        let batch = import(path);
        let errors: Vec<_> =
            batch.findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
        if !errors.is_empty() {
            refused.push(format!("{}: {errors:?}", path.file_name().unwrap().to_str().unwrap()));
            continue;
        }
        let ids: BTreeSet<String> = batch.objects.iter().map(|object| object.head.id.to_string()).collect();
        assert_eq!(ids.len(), batch.objects.len(), "{}", path.display());
        let source: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let report = batch.objects.iter().find(|object| object.head.object_type() == "report").unwrap();
        let report: serde_json::Value = serde_json::from_str(&report.raw).unwrap();
        for id in report["object_refs"].as_array().unwrap() {
            assert!(ids.contains(id.as_str().unwrap()), "{}: {id}", path.display());
        }
        let kept = report["extensions"].as_object().unwrap().values().next().unwrap();
        assert_eq!(kept["csaf"], source, "{}", path.display());
        let count =
            |kind: &str| batch.objects.iter().filter(|object| object.head.object_type() == kind).count();
        assert_eq!(count("vulnerability"), source["vulnerabilities"].as_array().map_or(0, Vec::len));
        let label = source["document"]["distribution"]["tlp"]["label"].as_str();
        let expected = label.map(|label| vec![label.parse::<Tlp>().unwrap().definition_id()]);
        let marks = batch.objects.iter().filter(|object| object.head.object_type() == "vulnerability");
        for object in marks {
            assert_eq!(Some(&object.head.markings).filter(|marks| !marks.is_empty()), expected.as_ref());
        }
        let again = import(path);
        assert!(
            again.objects.iter().map(|object| &object.raw).eq(batch.objects.iter().map(|object| &object.raw))
        );
    }
    assert!(refused.len() * 10 < all.len(), "{} of {}: {}", refused.len(), all.len(), refused.join("\n"));
}

fn example() -> serde_json::Value {
    let path = data("examples/cisco-sa-20180328-smi2.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn read(document: &serde_json::Value) -> Batch {
    let options = Options::new(Timestamp::parse("2026-11-24T00:00:00Z").unwrap());
    read_all(document.to_string().as_bytes(), Format::Csaf, &options).unwrap()
}

/// Vulnerabilities without a CVE that have one title, or one id among others, were taken for one and the same.
#[test]
fn vulnerabilities_of_one_name_stay_apart() {
    let mut document = example();
    let id = |system: &str, text: &str| serde_json::json!({"system_name": system, "text": text});
    let note = serde_json::json!([{"category": "summary", "text": "s"}]);
    document["vulnerabilities"] = serde_json::json!([
        {"title": "XSS", "notes": note}, {"title": "XSS", "notes": note}, {"title": "XSS", "notes": note},
        {"ids": [id("a", "1"), id("b", "1")], "notes": note},
        {"ids": [id("a", "1"), id("b", "2")], "notes": note},
        {"ids": [id("a", "1"), id("b", "2")], "notes": note},
    ]);
    let batch = read(&document);
    let errors: Vec<_> = batch.findings.iter().filter(|f| f.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let ids = |batch: &Batch| -> Vec<String> {
        let all = batch.objects.iter().map(|object| &object.head);
        all.filter(|head| head.object_type() == "vulnerability").map(|head| head.id.to_string()).collect()
    };
    let found = ids(&batch);
    assert_eq!((found.len(), found.iter().collect::<BTreeSet<_>>().len()), (6, 6));
    assert_eq!(found, ids(&read(&document)));
    // What comes first keeps its id, whatever comes after.
    document["vulnerabilities"].as_array_mut().unwrap().truncate(1);
    assert_eq!(ids(&read(&document)), found[..1]);
}

/// A report that would name more objects than an object may was refused, and the advisory with it.
#[test]
fn a_report_names_as_many_objects_as_it_may() {
    let mut document = example();
    let products: Vec<_> = (0..100_000)
        .map(|at| serde_json::json!({"product_id": format!("P{at}"), "name": format!("Product {at}")}))
        .collect();
    document["product_tree"] = serde_json::json!({"full_product_names": products});
    document["vulnerabilities"] = serde_json::json!([]);
    let batch = read(&document);
    let codes: Vec<_> = batch.findings.iter().map(|finding| finding.code).collect();
    assert!(codes.contains(&"csaf-members") && !codes.contains(&"references-too-many"), "{:?}", codes.last());
    let count = |kind| batch.objects.iter().filter(|object| object.head.object_type() == kind).count();
    assert_eq!((count("software"), count("report")), (100_000, 1));
}

/// Each revision was compared with all before it.
#[test]
fn a_long_history_is_read_in_one_pass() {
    let mut document = example();
    let revisions: Vec<_> = (0..300_000)
        .map(|at| serde_json::json!({"date": "2020-01-01T00:00:00Z", "number": format!("{}", at % 299_999 + 1)}))
        .collect();
    document["document"]["tracking"]["revision_history"] = revisions.into();
    let before = std::time::Instant::now();
    let batch = read(&document);
    assert!(batch.findings.iter().any(|finding| finding.code == "csaf-6.1.22"));
    assert!(before.elapsed().as_secs() < 60, "{:?}", before.elapsed());
}
