#![no_main]
//! Watch files: reading one never takes more than it has, and what changes a byte of it is refused, or is in a part that nobody reads.
//! The first byte says what is read: the rest as it is, or a good file with some bytes changed.

use std::io::Cursor;
use std::sync::OnceLock;

use bongsu_fuzz::node::{ISP, node};
use deliver::watch_file::WatchFile;
use gate::NoteKey;
use libfuzzer_sys::fuzz_target;

/// A good file.
fn good() -> &'static [u8] {
    static GOOD: OnceLock<Vec<u8>> = OnceLock::new();
    GOOD.get_or_init(|| {
        let made = node().deliver.watch_file(ISP, true);
        made.unwrap_or_else(|error| panic!("{error}")).body.to_vec()
    })
}

fn all<R: std::io::Read + std::io::Seek>(file: &WatchFile<R>) -> Option<Vec<(String, String)>> {
    let numbers = 0..u32::try_from(file.needles.len()).unwrap_or(u32::MAX).min(1_000);
    let known = numbers
        .map(|number| file.known(number).ok().map(|known| (known.1.kind.clone(), known.1.value.clone())));
    known.collect()
}

fuzz_target!(|data: &[u8]| {
    let Some((&mode, data)) = data.split_first() else { return };
    let mut bytes = data.to_vec();
    if mode % 2 == 1 {
        bytes = good().to_vec();
        for change in data.chunks_exact(3) {
            let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % bytes.len();
            bytes[at] ^= change[2];
        }
    }
    if let Ok(file) = WatchFile::open(Cursor::new(&bytes), None) {
        let _known = all(&file);
    }
    let key = NoteKey::of(node().deliver.gate.key());
    let Ok(file) = WatchFile::open(Cursor::new(&bytes), Some(&key)) else { return };
    let Some(known) = all(&file) else { return };
    let expected = WatchFile::open(Cursor::new(good()), Some(&key)).ok().and_then(|file| all(&file));
    assert_eq!(Some(known), expected, "what was changed is taken");
});
