//! The values of real feeds, for tests of this crate and of those above it, which import the names that this needs.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::{GzDecoder, Kind, Value, guess, normalise};

pub(crate) fn shared(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(path)
}

/// A file's text, unpacked if it is packed with gzip.
pub(crate) fn unpacked(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    if path.extension().is_none_or(|end| end != "gz") {
        return String::from_utf8(bytes).unwrap();
    }
    let mut text = String::new();
    GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
    text
}

pub(crate) fn value(text: &str) -> Option<Value> {
    guess(text).or_else(|| normalise(Kind::Domain, text).ok())
}

/// Values of real feeds: one a line, a comment behind `#`, sometimes a port or a path behind an address.
pub(crate) fn real() -> BTreeSet<Value> {
    let files = std::fs::read_dir(shared("geo/c2/maltrail")).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|end| end == "txt")).collect();
    files.extend([shared("geo/c2/ipsum-3plus.txt.gz"), shared("geo/c2/c2-tracker/all.txt")]);
    let mut values = BTreeSet::new();
    for text in files.iter().map(|file| unpacked(file)) {
        let lines = text.lines().filter_map(|line| line.split('#').next()?.split_whitespace().next());
        values.extend(lines.filter_map(value));
    }
    values
}
