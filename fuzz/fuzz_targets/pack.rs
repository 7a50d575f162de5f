#![no_main]
//! Offline packs: reading one never takes more than its manifest says, and what changes a file, a name or the manifest is
//! refused. The first byte says what is read: the rest as it is, a good pack with some bytes changed, or the rest as a manifest.

use std::io::Cursor;
use std::sync::OnceLock;

use bongsu_fuzz::node::{ISP, node, now};
use deliver::pack::{Manifest, Opened};
use gate::NoteKey;
use libfuzzer_sys::fuzz_target;
use uuid::Uuid;

fuzz_target!(|data: &[u8]| {
    let Some((&mode, data)) = data.split_first() else { return };
    match mode % 3 {
        0 => read(data.to_vec(), None),
        1 => changed(data),
        _ => manifest(data),
    }
});

/// A good pack.
fn good() -> &'static [u8] {
    static GOOD: OnceLock<Vec<u8>> = OnceLock::new();
    GOOD.get_or_init(|| {
        let made = node().deliver.pack(ISP, Uuid::from_u128(1), now(), Vec::new());
        made.unwrap_or_else(|error| panic!("{error}")).1
    })
}

/// Reads what may be a pack; what is taken as signed by the node must be `as_good`.
fn read(bytes: Vec<u8>, as_good: Option<&Opened<Cursor<&'static [u8]>>>) {
    let key = NoteKey::of(node().deliver.gate.key());
    if let Ok(mut pack) = Opened::new(Cursor::new(&bytes), None) {
        let _whole = pack.check();
    }
    let Ok(mut pack) = Opened::new(Cursor::new(&bytes), Some(&key)) else { return };
    let good = as_good.unwrap_or_else(|| panic!("signed by nobody"));
    assert_eq!(pack.manifest, good.manifest);
    for file in good.manifest.files.clone() {
        let mut out = Vec::new();
        if pack.copy(&file.name, &mut out).is_ok() {
            assert_eq!(out.len() as u64, file.bytes);
        }
        assert!(out.len() as u64 <= file.bytes + 1, "more than the manifest says");
    }
}

/// Pairs of a place and a byte.
fn changed(data: &[u8]) {
    let mut bytes = good().to_vec();
    for change in data.chunks_exact(4).take(64) {
        let at = u32::from_be_bytes([0, change[0], change[1], change[2]]) as usize % bytes.len();
        bytes[at] = change[3];
    }
    let key = NoteKey::of(node().deliver.gate.key());
    let good = Opened::new(Cursor::new(good()), Some(&key)).unwrap_or_else(|error| panic!("{error}"));
    read(bytes, Some(&good));
}

fn manifest(data: &[u8]) {
    let Ok(manifest) = Manifest::read(&String::from_utf8_lossy(data)) else { return };
    for file in &manifest.files {
        let path = std::path::Path::new(&file.name);
        let plain = |part| matches!(part, std::path::Component::Normal(_));
        assert!(path.components().all(plain), "{} leads elsewhere", file.name);
    }
    let written = serde_json::to_string(&manifest).unwrap_or_default();
    assert_eq!(Manifest::read(&written).ok(), Some(manifest));
}
