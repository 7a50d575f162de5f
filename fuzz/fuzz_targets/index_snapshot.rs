#![no_main]
//! The index's snapshot: whatever its records are, with a check that fits, it is read or refused; one that is read is written as it
//! was and has all that it had.

use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};
use watch::index::Index;

fuzz_target!(|bytes: &[u8]| {
    // The check is over all but what the file begins with, and itself.
    let check = Sha256::digest(bytes.get(16..).unwrap_or_default());
    let file = [bytes, &check].concat();
    let Ok((index, about)) = Index::read(&*file) else { return };
    let mut written = Vec::new();
    index.frozen().write(&about, &mut written).unwrap();
    let (again, told) = Index::read(&*written).unwrap();
    assert_eq!((again.len(), &told), (index.len(), &about));
    let texts = |index: &Index| index.values().map(|found| (found.kind(), found.text())).collect::<Vec<_>>();
    assert_eq!(texts(&again), texts(&index));
});
