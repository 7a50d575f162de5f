//! Validation: each rule by an example, the recorded answers of the reference, real data, the schemas as an oracle.

mod documented;
mod good;
mod laws;
mod musts;
mod rules;
mod schemas;
mod sets;
mod shoulds;
mod vectors;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use bongsu_stix as stix;
use stix::{Finding, Severity};

/// A file or folder of the shared data.
fn data(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(path)
}

/// All files under `folder` whose names end with one of `ends`, in order.
fn files(folder: &Path, ends: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if ends.iter().any(|end| path.to_string_lossy().ends_with(end)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn open(path: &Path) -> Box<dyn Read> {
    let file = fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    if path.extension().is_some_and(|extension| extension == "gz") {
        Box::new(flate2::read::GzDecoder::new(file))
    } else {
        Box::new(file)
    }
}

/// What is found in an object or bundle, as a node would find it: first the head is read, then the rules are asked.
fn findings(raw: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    if stix::head::property(raw, "type").as_deref() == Some("bundle") {
        stix::validate::validate_bundle(raw, &mut |finding| found.push(finding));
        return found;
    }
    match stix::read_head(raw) {
        Ok(_) => stix::validate(raw, &mut |finding| found.push(finding)),
        Err(finding) => found.push(finding),
    }
    found
}

fn errors(raw: &str) -> Vec<Finding> {
    findings(raw).into_iter().filter(|finding| finding.severity == Severity::Error).collect()
}
