//! A plan as IATI 2.03 against the official schema, by another's validator.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bongsu_region::aid::coverage::coverage;
use bongsu_region::aid::export::iati;
use bongsu_region::aid::iati::{Item, read};
use bongsu_region::aid::measured::Measured;
use bongsu_region::aid::plan::{Drafter, From, Helped, Wish, draft};
use bongsu_region::aid::{capability, need};
use bongsu_region::capacity::words::Language;
use bongsu_region::transit::Country;

fn schema() -> PathBuf {
    let path = "../../../shared/data/capacity/iati/schemas";
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The part of the W3C's schema that the official one asks for: it can't be fetched here.
const XML_XSD: &str = r#"<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/XML/1998/namespace">
<xsd:attribute name="lang" type="xsd:language"/></xsd:schema>"#;

fn validated(folder: &Path, name: &str, text: &str) -> Result<(), String> {
    let file = folder.join(name);
    fs::write(&file, text).unwrap();
    let schema = folder.join("iati-activities-schema.xsd");
    let output = Command::new("xmllint")
        .args(["--nonet", "--noout", "--schema"])
        .arg(schema)
        .arg(file)
        .output()
        .unwrap();
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

#[test]
fn a_plan_is_valid_by_the_official_schema_and_is_read_back() {
    let folder = std::env::temp_dir().join(format!("bongsu-iati-plan-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    for name in ["iati-activities-schema.xsd", "iati-common.xsd"] {
        fs::copy(schema().join(name), folder.join(name)).unwrap();
    }
    fs::write(folder.join("xml.xsd"), XML_XSD).unwrap();
    let mut table = String::from("country,capability,reasons,weight\n");
    for (name, _) in capability::all() {
        table.push_str(&format!("KH,{name},\"<a> & \"\"b\"\"; 42 sightings\",2\n"));
    }
    table.push_str("VN,quantum networks,,1\n");
    let (needs, wrong) = need::read(table.as_bytes()).unwrap();
    assert!(wrong.is_empty(), "{wrong:?}");
    let country = Country::parse("KH").unwrap();
    let measured = ["level", "lag", "reached", "takedown-days"].map(|figure| Measured {
        country,
        figure: figure.to_owned(),
        at: "2026-05-01".parse().unwrap(),
        value: 3.5,
    });
    let coverage = coverage(&needs, &[], "2026-06-01".parse().unwrap());
    let wish = Wish {
        drafter: Drafter {
            reference: "KR-GOV-010".into(),
            name: "Office & \u{1}Co".into(),
            kind: "10".into(),
        },
        begins: "2027-01-01".parse().unwrap(),
        months: 24,
        most: 100,
        language: Language::English,
    };
    let helped = [Helped { country, share: 0.125 }];
    let plan =
        draft(From { coverage: &coverage, projects: &[], helped: &helped, measured: &measured }, &wish);
    assert_eq!(plan.parts.len(), needs.len());
    let text = iati(&plan, "2026-06-01T00:00:00Z".parse().unwrap());
    assert_eq!(validated(&folder, "plan.xml", &text), Ok(()));
    // The validator does look: the same without a status is refused.
    let broken = text.replacen("<activity-status code=\"1\"/>", "", 1);
    assert!(validated(&folder, "broken.xml", &broken).unwrap_err().contains("activity-date"));
    let mut identifiers = Vec::new();
    let report = read(text.as_bytes(), &mut |item| {
        let Item::Activity(activity) = item else { panic!("{item:?}") };
        assert!(activity.sectors.iter().all(|sector| sector.vocabulary == "1"));
        identifiers.push(activity.identifier);
    })
    .unwrap();
    assert_eq!((report.faulty, report.broken), (0, None));
    assert_eq!(identifiers, plan.parts.iter().map(|part| part.identifier.clone()).collect::<Vec<_>>());
    fs::remove_dir_all(&folder).unwrap();
}
