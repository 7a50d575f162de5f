#![no_main]
//! Tables of known pairings: what is read, written out again, is read as the same and without a complaint.

use libfuzzer_sys::fuzz_target;
use trace::cross::{Pairing, pairings};

/// The same as a table.
fn written(read: &[Pairing]) -> String {
    let mut text = String::from("from_chain,from_transaction,to_chain,to_transaction,confidence\n");
    for one in read {
        for cell in [&one.from_chain, &one.from_transaction, &one.to_chain, &one.to_transaction] {
            text.push_str(&format!("\"{}\",", cell.replace('"', "\"\"")));
        }
        text.push_str(&format!("{}\n", one.confidence));
    }
    text
}

fuzz_target!(|data: &[u8]| {
    let Ok((read, findings)) = pairings(data) else { return };
    assert!(read.iter().all(|one| one.confidence <= 100));
    assert!(findings.len() <= 101);
    let again = pairings(written(&read).as_bytes());
    assert_eq!(again.ok(), Some((read, Vec::new())));
});
