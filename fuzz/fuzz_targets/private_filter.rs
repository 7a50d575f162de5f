#![no_main]
//! Filters of private screening: reading one never takes more than it has, what is read is written back byte for byte, and a filter
//! with any byte changed is refused. The first byte says what is read: the rest as a set, as a filter, or a good filter with some
//! bytes changed.

use std::sync::OnceLock;

use bongsu_fuzz::node::{ISP, node};
use deliver::private::{Epochs, Filter, Private, Progress, Settings};
use gate::NoteKey;
use libfuzzer_sys::fuzz_target;
use watch::Kind;
use watch::private::Set;

/// A good filter.
fn good() -> &'static [u8] {
    static GOOD: OnceLock<Vec<u8>> = OnceLock::new();
    GOOD.get_or_init(|| {
        let settings = Settings {
            kinds: Kind::ALL.into_iter().collect(),
            epochs: Epochs { rotate_days: 30, overlap_days: 7 },
            burst: 10_000,
            per_hour: 10_000,
            values_max: 1_000,
        };
        let deliver = std::sync::Arc::clone(&node().deliver);
        let private = Private::new(deliver, [7; 32], settings, std::sync::Arc::new(|| Some([1; 32])));
        match private.filter(ISP, true) {
            Ok(Progress::Ready(made)) => made.body.to_vec(),
            other => panic!("no filter: {other:?}"),
        }
    })
}

fuzz_target!(|data: &[u8]| {
    let Some((&mode, data)) = data.split_first() else { return };
    if mode % 3 == 0 {
        let Some((&count, bytes)) = data.split_first() else { return };
        if let Ok(set) = Set::read(bytes, usize::from(count)) {
            assert_eq!((set.len(), set.write()), (usize::from(count), bytes.to_vec()), "a set has one form");
        }
        return;
    }
    let mut bytes = data.to_vec();
    if mode % 3 == 2 {
        bytes = good().to_vec();
        for change in data.chunks_exact(3) {
            let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % bytes.len();
            bytes[at] ^= change[2];
        }
    }
    let _whole = Filter::read(&bytes, None);
    let key = NoteKey::of(node().deliver.gate.key());
    if Filter::read(&bytes, Some(&key)).is_ok() {
        assert_eq!(bytes, good(), "what was changed is taken");
    }
});
