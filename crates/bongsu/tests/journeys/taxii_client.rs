//! The OASIS taxii2-client pages through the whole of ATT&CK.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::process::Command;

use sha2::{Digest as _, Sha256};

use crate::node::{Node, shared};

const ATTACK: &str = "stix/attack/enterprise-attack-20.json.gz";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The hashes of the objects' own bytes in the source file.
fn hashes_of_source() -> HashSet<String> {
    let file = std::fs::File::open(shared(ATTACK)).unwrap();
    let mut hashes = HashSet::new();
    let source = flate2::read::GzDecoder::new(file);
    stix::bundle::read(source, &stix::bundle::Limits::default(), |item| {
        if let stix::bundle::Item::Object { raw, .. } = item {
            hashes.insert(hex(&Sha256::digest(raw)));
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    hashes
}

#[test]
fn a_client_pages_through_all_of_attack_and_gets_every_object_once_byte_for_byte() {
    let node = Node::with_members();
    node.json(&[
        "circle",
        "add",
        "region",
        "--ceiling",
        "green",
        "--member",
        "detect",
        "--member",
        "exchange",
    ]);
    let file = shared(ATTACK);
    let told = node.json(&["import", file.to_str().unwrap(), "--circle", "region", "--as", "detect"]);
    assert_eq!((told["added"].as_u64(), told["refused"].as_u64()), (Some(24_771), Some(0)), "{told}");
    let serving = node.serve();
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.peers/venv/bin/python");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/journeys/taxii_pages.py");
    let collections: serde_json::Value =
        serde_json::from_str(&node.text(&serving, "exchange", "/api/collections/")).unwrap();
    let id = collections["collections"][0]["id"].as_str().unwrap();
    let url = format!("{}/api/collections/{id}/", serving.url);
    let token = node.tokens.get("exchange").unwrap();
    let output = Command::new(python).arg(script).args([&url, "exchange", token, "1000"]).output();
    let output = output.unwrap_or_else(|error| panic!("{python}: {error}; run scripts/setup"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let got: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    let once: HashSet<String> = got.iter().cloned().collect();
    assert_eq!(got.len(), 24_771, "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(once.len(), got.len(), "nothing twice");
    assert_eq!(once, hashes_of_source(), "each as it came");
    serving.stop();
    assert_eq!(node.json(&["verify"])["sound"], true);
}
