//! OFAC's list: every name and every wallet, from each of its forms, and what a newer list changes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::Path;

use bongsu_exchange::read::{Batch, DETECT_BYTES, Format, Options, detect, difference, read_all};
use serde_json::Value;
use stix::Timestamp;

fn text(path: &str) -> String {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(path);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut text = String::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
    } else {
        text = String::from_utf8(bytes).unwrap();
    }
    text
}

fn options(date: &str) -> Options {
    Options::new(Timestamp::parse(date).unwrap())
}

fn import(name: &str, text: &str, options: &Options) -> Batch {
    assert_eq!(detect(name, &text.as_bytes()[..text.len().min(DETECT_BYTES)]), Format::Ofac, "{name}");
    read_all(text.as_bytes(), Format::Ofac, options).unwrap()
}

fn objects(batch: &Batch, kind: &str) -> Vec<Value> {
    let of_kind = batch.objects.iter().filter(|object| object.head.object_type() == kind);
    of_kind.map(|object| serde_json::from_str(&object.raw).unwrap()).collect()
}

fn party(identity: &Value) -> &Value {
    &identity["extensions"]["extension-definition--c0a7d3e2-5b64-4f0a-8e7d-2f9b1a6c4d58"]
}

/// What a person finds in the file, by searching for OFAC's words. OFAC's column ends after a thousand letters: what is cut
/// there is half an address.
fn wallets_in(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    for remarks in reader.records().filter_map(|row| row.unwrap().get(11).map(str::to_owned)) {
        let cut = remarks.chars().count() == 1_000;
        let parts: Vec<&str> = remarks.split("; ").collect();
        for part in &parts[..parts.len() - usize::from(cut)] {
            if let Some((_, rest)) = part.split_once("Digital Currency Address - ") {
                found.insert(rest.split_whitespace().nth(1).unwrap().trim_end_matches(['.', ';']).to_owned());
            }
        }
    }
    found
}

#[test]
fn every_wallet_and_every_name_of_the_list_is_found() {
    let table = text("assets/ofac-sdn/sdn-2023-11.csv.gz");
    let mut options = options("2023-11-09T00:00:00Z");
    options.beside = vec![text("assets/ofac-sdn/alt.csv.gz"), text("assets/ofac-sdn/add.csv.gz")];
    // The comments at hand are of another day; alone, the list says where it is cut.
    let alone = import("sdn.csv", &table, &options);
    assert_eq!(alone.findings.iter().filter(|finding| finding.code == "remarks-cut").count(), 14);
    let comments = "17018,\": 24 Feb 2022; Tax ID No. 1; Digital Currency Address - XBT 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h.\"\n";
    options.beside.push(comments.to_owned());
    let batch = import("sdn.csv", &table, &options);
    assert_eq!(batch.findings.iter().filter(|finding| finding.code == "remarks-cut").count(), 13);
    let mut expected = wallets_in(&table);
    expected.insert("12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h".to_owned());
    assert!(expected.len() > 100, "{}", expected.len());
    let wallets: BTreeSet<String> = objects(&batch, "cryptocurrency-wallet")
        .iter()
        .map(|wallet| wallet["value"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(wallets, expected);
    let identities = objects(&batch, "identity");
    let by_number: BTreeMap<&str, &Value> = identities
        .iter()
        .filter_map(|identity| Some((party(identity)["number"].as_str()?, identity)))
        .collect();
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let mut rows = 0;
    for row in reader.records() {
        let row = row.unwrap();
        if row[0].parse::<u64>().is_ok() {
            rows += 1;
            assert_eq!(by_number[&row[0]]["name"], row[1].trim());
        }
    }
    assert_eq!(rows, by_number.len());
    // Each alias of the other table is at its entry.
    let mut aliases = 0;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(options.beside[0].as_bytes());
    for row in reader.records().filter_map(Result::ok) {
        if let Some(identity) = by_number.get(&row[0]) {
            let list = party(identity)["aliases"].as_array().unwrap();
            assert!(list.iter().any(|alias| alias["text"] == row[3].trim()), "{row:?}");
            aliases += 1;
        }
    }
    assert!(aliases > 10_000, "{aliases}");
    // Indicators for all wallets of a form that is known; the others are said.
    let unknown = batch.findings.iter().filter(|finding| finding.code == "wallet-form").count();
    let indicators = objects(&batch, "indicator");
    assert!(
        indicators.len() >= wallets.len() - unknown - 2,
        "{} of {}, {unknown}",
        indicators.len(),
        wallets.len()
    );
    for indicator in &indicators {
        stix::pattern::parse(indicator["pattern"].as_str().unwrap()).unwrap();
    }
}

#[test]
fn persons_keep_what_is_published_of_them() {
    let batch =
        import("entries.jsonl", &text("personas/ofac-dprk/entries.jsonl"), &options("2023-11-09T00:00:00Z"));
    let identities = objects(&batch, "identity");
    assert_eq!(identities.iter().filter(|identity| !party(identity).is_null()).count(), 287);
    let find = |name: &str| {
        identities.iter().find(|identity| identity["name"] == name).unwrap_or_else(|| panic!("{name}"))
    };
    let kim = find("KIM, Yong Chol");
    assert_eq!(kim["identity_class"], "individual");
    assert_eq!(party(kim)["born"][0]["text"], "circa 1947");
    assert!(
        party(kim)["aliases"].as_array().unwrap().iter().any(|alias| alias["text"] == "KIM, Young-Cheol")
    );
    let bureau = find("RECONNAISSANCE GENERAL BUREAU");
    assert_eq!(party(bureau)["programmes"], serde_json::json!(["DPRK", "DPRK2"]));
    assert_eq!(bureau["identity_class"], "organization");
    assert!(party(bureau)["aliases"].as_array().unwrap().iter().any(|alias| alias["text"] == "RGB"));
}

#[test]
fn a_newer_list_gives_new_versions_and_withdrawals() {
    let earlier = text("assets/ofac-sdn/sdn-earlier.csv.gz");
    let later = text("assets/ofac-sdn/sdn-2023-11.csv.gz");
    let older = import("sdn.csv", &earlier, &options("2022-01-01T00:00:00Z"));
    let newer = import("sdn.csv", &later, &options("2023-11-09T00:00:00Z"));
    let row = |text: &str| -> BTreeMap<String, Vec<String>> {
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        let rows = reader.records().filter_map(Result::ok).filter(|row| row[0].parse::<u64>().is_ok());
        rows.map(|row| (row[0].to_owned(), row.iter().map(|cell| cell.trim().to_owned()).collect())).collect()
    };
    let (before, after) = (row(&earlier), row(&later));
    let added = after.keys().filter(|number| !before.contains_key(*number)).count();
    let removed = before.keys().filter(|number| !after.contains_key(*number)).count();
    let changed =
        after.iter().filter(|(number, row)| before.get(*number).is_some_and(|old| old != *row)).count();
    let update = difference(&older, newer);
    let of_kind = |dated: bool| {
        update
            .objects
            .iter()
            .filter(|object| object.head.object_type() == "identity" && object.dated == dated)
            .count()
    };
    assert!(added > 100 && removed > 100 && changed > 10, "{added} {removed} {changed}");
    assert_eq!(of_kind(false), added);
    assert_eq!(of_kind(true), changed, "new versions");
    assert_eq!(update.withdrawals.iter().filter(|one| one.id.object_type() == "identity").count(), removed);
    assert!(!update.findings.iter().any(|finding| finding.code == "version-not-newer"));
    for object in update.objects.iter().filter(|object| object.dated) {
        assert!(object.head.modified > object.head.created, "{}", object.raw);
    }
    // The same list again changes nothing.
    let same = difference(&older, import("sdn.csv", &earlier, &options("2024-01-01T00:00:00Z")));
    let raws: Vec<&String> = same.objects.iter().map(|object| &object.raw).collect();
    assert_eq!((raws, same.withdrawals.len()), (vec![], 0));
}

/// The XML of the same entries gives the same identities.
#[test]
fn the_xml_says_the_same_as_the_table() {
    let xml = r#"<?xml version="1.0" standalone="yes"?>
<sdnList xmlns="https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/XML">
  <publshInformation><Publish_Date>11/09/2023</Publish_Date><Record_Count>1</Record_Count></publshInformation>
  <sdnEntry><uid>25308</uid><firstName>Xiaobing</firstName><lastName>YAN</lastName><sdnType>Individual</sdnType>
    <programList><program>SDNTK</program></programList>
    <idList><id><uid>1</uid><idType>Digital Currency Address - XBT</idType><idNumber>12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h</idNumber></id>
      <id><uid>2</uid><idType>Citizen's Card Number</idType><idNumber>421002197703250019</idNumber><idCountry>China</idCountry></id></idList>
    <akaList><aka><uid>3</uid><type>a.k.a.</type><category>weak</category><lastName>ZHOU</lastName><firstName>William</firstName></aka></akaList>
    <dateOfBirthList><dateOfBirthItem><uid>4</uid><dateOfBirth>25 Mar 1977</dateOfBirth><mainEntry>true</mainEntry></dateOfBirthItem></dateOfBirthList>
  </sdnEntry>
</sdnList>"#;
    let batch = import("sdn.xml", xml, &options("2026-01-01T00:00:00Z"));
    assert_eq!(batch.findings, []);
    let identities = objects(&batch, "identity");
    let yan = identities.iter().find(|identity| identity["name"] == "YAN, Xiaobing").unwrap();
    assert_eq!(party(yan)["born"], serde_json::json!([{"text": "25 Mar 1977", "date": "1977-03-25"}]));
    assert_eq!(yan["modified"], "2023-11-09T00:00:00.000Z");
    let table =
        import("sdn.csv", &text("assets/ofac-sdn/sdn-2023-11.csv.gz"), &options("2023-11-09T00:00:00Z"));
    assert!(table.objects.iter().any(|object| object.head.id.to_string() == yan["id"]), "the same id");
    let wallet = &objects(&batch, "cryptocurrency-wallet")[0];
    assert!(table.objects.iter().any(|object| object.head.id.to_string() == wallet["id"]), "the same wallet");
}

/// Lists of another house, drawn from the same publications: what both have must be found.
#[test]
fn addresses_that_others_drew_from_the_list_are_found() {
    let table = text("assets/ofac-sdn/sdn-2023-11.csv.gz");
    let batch = import("sdn.csv", &table, &options("2023-11-09T00:00:00Z"));
    let ours: BTreeSet<String> = objects(&batch, "cryptocurrency-wallet")
        .iter()
        .map(|wallet| wallet["value"].as_str().unwrap().to_owned())
        .collect();
    let (mut both, mut missing) = (0, Vec::new());
    for currency in ["XBT", "ETH", "LTC", "XMR", "DASH", "ZEC", "BCH", "BTG", "ETC", "BSV", "XVG"] {
        for address in text(&format!("assets/ofac-addresses/sanctioned_addresses_{currency}.txt")).lines() {
            // The others' list is newer, and OFAC's column ends at a thousand letters.
            if ours.contains(address) {
                both += 1;
            } else if table.contains(address) {
                missing.push(address.to_owned());
            }
        }
    }
    assert!(both > 100, "{both}");
    assert_eq!(missing, Vec::<String>::new());
}
