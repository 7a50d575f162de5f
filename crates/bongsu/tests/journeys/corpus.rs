//! Every STIX file of the shared corpus is taken in, or refused with a reason per object; what is valid beside is kept.

use std::path::{Path, PathBuf};

use crate::node::{Node, shared};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            files(&path, found);
        } else if name.ends_with(".json") || name.ends_with(".json.gz") {
            found.push(path);
        }
    }
}

/// How many objects a person counts in a file: the members of `objects`, or one.
fn count(path: &Path) -> Option<(usize, bool)> {
    let bytes = std::fs::read(path).unwrap();
    let mut text = Vec::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(bytes.as_slice()), &mut text).unwrap();
    } else {
        text = bytes;
    }
    let value: serde_json::Value = serde_json::from_slice(&text).ok()?;
    let is_bundle = value["type"] == "bundle";
    let objects = value["objects"].as_array().map(Vec::len);
    match (is_bundle, objects) {
        (true, objects) => Some((objects.unwrap_or(0), true)),
        (false, _) if value["type"].is_string() && value["id"].is_string() => Some((1, false)),
        _ => None,
    }
}

#[test]
fn every_bundle_is_taken_in_or_refused_object_by_object() {
    let node = Node::with_members();
    let mut found = Vec::new();
    files(&shared("stix"), &mut found);
    found.sort();
    let (mut added, mut refused, mut bundles) = (0, 0, 0);
    let mut jobs = Vec::new();
    for (number, path) in found.iter().enumerate() {
        if let Some((objects, _)) = count(path) {
            bundles += 1;
            let circle = format!("c{number}");
            node.json(&["circle", "add", &circle, "--ceiling", "red", "--member", "exchange"]);
            jobs.push((path, circle, objects as u64));
        }
    }
    let serving = node.serve();
    for (path, circle, objects) in jobs {
        let file = path.to_str().unwrap();
        let told = node.json(&[
            "import",
            file,
            "--circle",
            &circle,
            "--as",
            "exchange",
            "--format",
            "stix",
            "--recipient",
            "exchange",
        ]);
        let (new, present, bad) = (
            told["added"].as_u64().unwrap(),
            told["present"].as_u64().unwrap(),
            told["refused"].as_u64().unwrap(),
        );
        assert_eq!(new + present + bad, objects, "{file}: {told}");
        let reasons = told["findings"].as_array().unwrap().len() as u64;
        assert!(reasons >= bad, "{file}: a reason for each: {told}");
        added += new;
        refused += bad;
    }
    drop(serving);
    assert!(bundles >= 156 && added >= 32_703, "{bundles} files, {added} added, {refused} refused");
    assert_eq!(node.json(&["verify"])["sound"], true);
    println!("{bundles} files: {added} objects taken in, {refused} refused");
}
