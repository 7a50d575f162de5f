//! A watch file, written in the form that `docs/hunting.md` and `deliver::watch_file` describe, and what is found with it.

use deliver::watch_file::WatchFile;
use gate::{NodeKey, NoteKey};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use std::io::Cursor;
use watch::hunt::{Needles, SHOWN_BYTES, dated, finds, within};
use watch::{Kind, Value, normalise};

/// What is looked for.
pub(crate) const VALUES: [(Kind, &str); 5] = [
    (Kind::Domain, "evil-k3.top"),
    (Kind::Ipv4, "45.83.64.0/24"),
    (Kind::Email, "pay@invoice-k3.top"),
    (Kind::Url, "http://bad-k3.top/in.php"),
    (Kind::Domain, "never-k3.top"),
];

/// A signed watch file, and the key that it is signed with.
pub(crate) fn watch_file() -> (Vec<u8>, String) {
    let key = NodeKey::new("tower.test", &[7; 32]);
    let note_key = NoteKey::of(&key).to_string();
    let values: Vec<Value> = VALUES.iter().map(|(kind, text)| normalise(*kind, text).unwrap()).collect();
    let (needles, order) = Needles::of(&values);
    let mut lines = Vec::new();
    for at in &order {
        let value = &values[*at as usize];
        let by = json!([{"indicator": format!("indicator--{at}"), "circle": "region", "tlp": "TLP:AMBER", "confidence": 90}]);
        let known = json!({"kind": value.kind().as_str(), "value": value.text(), "by": by});
        lines.extend_from_slice(known.to_string().as_bytes());
        lines.push(b'\n');
    }
    let block = zstd::bulk::compress(&lines, 3).unwrap();
    let keys: Vec<u8> = needles.keys().iter().flat_map(|key| key.to_le_bytes()).collect();
    let hash = |bytes: &[u8]| const_hex::encode(Sha256::digest(bytes));
    let header = json!({
        "node": "tower.test", "key": note_key, "member": "cert", "tlp": "TLP:AMBER", "made": "2026-11-01T00:00:00.000000Z",
        "back": {"identity": "identity--x", "name": "cert", "secret": "00", "circles": []},
        "values": order.len(), "expect": needles.expect(), "keys_sha256": hash(&keys),
        "blocks": [{"lines": order.len(), "bytes": block.len(), "sha256": hash(&block)}],
    });
    let header = header.to_string();
    let note = key.note(&format!("tower.test/watch\n{}\n", hash(header.as_bytes())));
    let first = format!("bongsu-watch 1 {} {}\n", header.len(), note.len());
    ([first.as_bytes(), header.as_bytes(), note.as_bytes(), &keys, &block].concat(), note_key)
}

/// What `bongsu hunt --json` finds in a log, by the code that it is made of, over the whole log at once.
pub(crate) fn expected(file: &str, text: &str) -> Vec<Json> {
    let (watch, key) = watch_file();
    let watched = WatchFile::open(Cursor::new(watch), Some(&key.parse().unwrap())).unwrap();
    let (mut candidates, mut all) = (Vec::new(), Vec::new());
    watched.needles.candidates(text.as_bytes(), &mut candidates);
    let is_whole = finds(
        text.as_bytes(),
        None,
        &mut candidates,
        |needle| watched.known(needle),
        |found| {
            let around = within(text.as_bytes(), &found.range, SHOWN_BYTES);
            let (value, known) = &*found.known;
            all.push(json!({
            "file": file, "line": found.lines_before + 1, "found": found.text, "how": found.how.as_str(), "value": value.text(),
            "kind": known.kind, "by": known.by, "text": &text[around],
            "at": dated(text.as_bytes(), &found.range).map(|at| at.to_string()),
        }));
            true
        },
    );
    assert!(is_whole.unwrap());
    all
}

/// A log in which something stands in every so manieth line.
pub(crate) fn log(lines: u64, every: u64) -> Vec<String> {
    let mut log = vec!["#separator \\x09".to_owned(), "#fields\tts\thost\turi".to_owned()];
    for line in 0..lines {
        let seconds = 1_790_000_000 + line;
        let what = match (line % every == 0, line / every % 5) {
            (true, 0) => format!("www.evil-k3.top\t/{line}"),
            (true, 1) => "45.83.64.9\t/x".to_owned(),
            (true, 2) => "mail.example\t/?to=pay@invoice-k3.top".to_owned(),
            // An address in parts: only the table's head tells that they belong together.
            (true, 3) => "bad-k3.top\t/in.php".to_owned(),
            (true, _) => "EVIL-K3.top\tevil-k3.top".to_owned(),
            (false, _) => format!("host-{line}.example\t/index-{}.html", line * 7),
        };
        log.push(format!("{seconds}.5\t{what}"));
    }
    log
}
