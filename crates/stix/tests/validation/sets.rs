//! Data as they are published. What is an error in them was looked at by hand, one by one, and is listed here with the
//! section that makes it one; everything else has to pass.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use bongsu_stix as stix;
use stix::bundle::{self, Item, Limits};
use stix::validate::Bundle;
use stix::{Severity, read_head};

use super::{data, files, findings, open};

/// Errors of a folder: how often each code was found in each file.
fn errors_in(folder: &str, ends: &[&str], skip: &[&str]) -> (BTreeMap<(String, &'static str), usize>, u64) {
    let mut found: BTreeMap<(String, &'static str), usize> = BTreeMap::new();
    let mut objects = 0;
    for path in files(&data(folder), ends) {
        if skip.iter().any(|part| path.to_string_lossy().contains(part)) {
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut bundle = Bundle::new();
        let read = bundle::read(open(&path), &Limits::default(), |item| {
            let mut note = |finding: stix::Finding| {
                assert!(finding.message.len() < 1_000, "{finding}");
                if finding.severity == Severity::Error {
                    *found.entry((name.clone(), finding.code)).or_default() += 1;
                }
            };
            match item {
                Item::Object { raw, .. } => match read_head(raw) {
                    Ok(head) => bundle.object(raw, &head, &mut note),
                    Err(finding) => note(finding),
                },
                Item::Bad { finding, .. } => note(finding),
            }
            ControlFlow::Continue(())
        });
        objects += read.map_or(0, |summary| summary.objects);
    }
    (found, objects)
}

fn check(folder: &str, expected: &[(&str, &'static str, usize)], objects_min: u64) {
    let (found, objects) = errors_in(folder, &[".json", ".json.gz", ".stix2"], &[]);
    let expected: BTreeMap<(String, &'static str), usize> =
        expected.iter().map(|(file, code, count)| ((file.to_string(), *code), *count)).collect();
    assert_eq!(found, expected, "{folder}");
    assert!(objects >= objects_min, "{folder}: {objects} objects");
}

#[test]
fn examples_of_the_standard_body_pass() {
    check("stix/examples", &[], 200);
}

#[test]
fn examples_beside_the_schemas_pass() {
    check("stix/schemas/examples", &[], 90);
}

#[test]
fn attack_passes_but_for_its_empty_lists() {
    // `x_mitre_related_assets` with `related_asset_sectors: []`: empty lists are prohibited (2.12).
    check("stix/attack", &[("ics-attack.json.gz", "list-empty", 6)], 28_000);
}

#[test]
fn extensions_pass_but_for_two_ids_that_are_none() {
    // The schemas beside them are no STIX. The two vulnerabilities have `cve` with the id `CVE-XXX-XXXX` (4.19.1).
    let (found, objects) = errors_in("stix/extensions", &[".json"], &["/schemas/"]);
    let codes: Vec<_> = found.iter().map(|((_, code), count)| (*code, *count)).collect();
    assert_eq!(codes, [("cve-id", 1), ("cve-id", 1)], "{found:?}");
    assert!(objects > 40);
}

#[test]
fn converted_idioms_fail_where_they_break_the_specification() {
    check(
        "stix/elevator-2.1",
        &[
            // Relationships without `target_ref` (5.1.1).
            ("Appendix_G_IOCs_Full.json", "property-missing", 47),
            ("indicator-for-c2-ip-address.json", "property-missing", 1),
            // UUIDs without version or variant of RFC 4122 (2.9).
            ("command-and-control-ip-list.json", "identifier-malformed", 3),
            ("indicator-for-malicious-url.json", "identifier-malformed", 1),
            ("malware-characterization-using-maec.json", "identifier-malformed", 1),
            ("malware-indicator-for-file-hash.json", "identifier-malformed", 2),
            ("victim-targeting.json", "identifier-malformed", 4),
            // An IPv4 address that resolves to a domain name (6.8.1); traffic to itself, without `protocols` (6.12.1).
            ("command-and-control-ip-list.json", "reference-type", 1),
            ("issue62.json", "reference-type", 1),
            ("issue62.json", "property-missing", 1),
            // Traffic without either end (6.12); header fields that are no lists, and no `request_value` (6.12.2).
            ("network-socket-observable.json", "property-group", 1),
            ("observable-with-networkconnection-instance.json", "value-type", 9),
            ("observable-with-networkconnection-instance.json", "property-missing", 1),
        ],
        150,
    );
}

#[test]
fn reports_of_many_producers_fail_where_they_break_the_specification() {
    // Rows of tables and a configuration that are JSON and no STIX: no `type`, no `id` (3.2).
    let no_stix = [
        ("CES2020.json", 8),
        ("DTrack.json", 6),
        ("HAL.json", 4),
        ("IOC-Kimsuky-2020-03-20.json", 14),
        ("IOC-Konni_2020_04-23.json", 11),
        ("IOC-Lazarus_2020_05_05.json", 25),
        ("Mitre-Kimsuky-2020-03-20.json", 6),
        ("Mitre-Konni_2020_04-23.json", 9),
        ("Mitre-Lazarus_2020_05_05.json", 5),
        ("OSX-Powershell.json", 18),
        ("Others_Dtrack.json", 11),
        ("attack-flow-schema-2.0.0.json", 1),
        ("config.json", 1),
        ("default_data.json", 1),
        ("test_report.json", 1),
    ];
    let mut expected: Vec<(&str, &'static str, usize)> =
        no_stix.iter().map(|(file, count)| (*file, "property-missing", *count)).collect();
    expected.extend([
        // `identity_class` as a list (4.5.1).
        ("AstarothMalware.json", "value-type", 1),
        ("cve-2023-23397.json", "value-type", 1),
        ("qakbotmalware.json", "value-type", 3),
        // `last_seen` before `first_seen` (4.2.1); `stop_time` that is `start_time` (5.1.1).
        ("MatrixRansowmare_IOCs.json", "timestamp-order", 1),
        ("Zeppelin_TA.json", "timestamp-order", 1),
        ("cve-2023-23397.json", "timestamp-order", 1),
        ("cyclic-bundle.json", "timestamp-order", 1),
        // A custom object without `created` and `modified` (11.2.1), malware without `is_family` (4.11.1).
        ("cyclic-bundle.json", "property-missing", 3),
        // `created_by_ref` that is no identifier (2.9).
        ("bundle_with_internal_ids.json", "reference-malformed", 1),
        ("missing_refs.json", "reference-malformed", 2),
        ("mono-bundle-entity.json", "reference-malformed", 1),
        ("mono-bundle-relationship.json", "reference-malformed", 1),
        // Empty lists (2.12).
        ("matrix-flow.json", "list-empty", 2),
        // Processes with a UUIDv5 (2.9, 6.13.1).
        ("test_benign.json", "id-not-random", 1),
        ("test_converted.json", "id-not-random", 1),
    ]);
    check("stix/reports", &expected, 4_000);
}

#[test]
fn the_validators_own_examples() {
    let mut invalid = 0;
    for path in files(&data("stix/validator-examples"), &[".json"]) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap();
        let errors: Vec<String> = match std::str::from_utf8(&bytes) {
            Ok(raw) => findings(raw)
                .iter()
                .filter(|finding| finding.severity == Severity::Error)
                .map(ToString::to_string)
                .collect(),
            Err(error) => vec![error.to_string()],
        };
        assert_eq!(errors.is_empty(), !name.contains("invalid"), "{}: {errors:?}", path.display());
        invalid += usize::from(name.contains("invalid"));
    }
    assert!(invalid >= 5, "{invalid}");
}

#[test]
fn json_that_is_meant_to_hurt_does_not() {
    let mut seen = 0;
    for path in files(&data("robust/json"), &[".json"]) {
        let bytes = std::fs::read(&path).unwrap();
        let Ok(text) = std::str::from_utf8(&bytes) else { continue };
        // On what is no object the findings make no sense, but there has to be an end.
        stix::validate(text, &mut |_| {});
        let mut errors = 0;
        stix::validate::validate_bundle(text, &mut |finding| {
            errors += usize::from(finding.severity == Severity::Error);
        });
        assert!(errors > 0, "{} is no bundle", path.display());
        seen += 1;
    }
    assert!(seen > 100, "{seen} files");
}
