#![no_main]
//! What chains' nodes keep and answer: blocks of Bitcoin, in files and added to a ledger; answers of Ethereum's nodes.

use libfuzzer_sys::fuzz_target;
use trace::chain::bitcoin::{BlockFile, Ledger, Magic};
use trace::chain::ethereum::Block;
use trace::taint::outputs::Spends as _;

fuzz_target!(|data: &[u8]| {
    let mut ledger = Ledger::default();
    for block in BlockFile::new(data, Magic::MAIN, [0; 8]).flatten() {
        let before = ledger.len();
        let count = block.transactions.len() as u64;
        let added = ledger.add(&block).map_or(0, |()| count);
        assert_eq!(ledger.len(), before + added);
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut parts = text.splitn(3, '\0');
    let (block, receipts) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if let Ok(mut block) = Block::read(block, receipts) {
        let _told = block.add_traces(parts.next().unwrap_or_default());
        assert!(block.moved.is_sorted_by_key(|moved| moved.place));
    }
});
