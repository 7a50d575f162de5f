#![no_main]
//! What Electrum's servers answer, and what is kept of it: a document that is read proves itself and is written as it was read; headers that are
//! read are a chain, and a transaction is proven by its own branch alone.

use libfuzzer_sys::fuzz_target;
use trace::chain::bitcoin::Magic;
use trace::chain::bitcoin::electrum::{
    BRANCH_MAX, HEADER_BYTES, HEADERS_MAX, Headers, Proven, Raw, Reached, Turn, first_header, hash_of,
    headers, history, proof, raw, tip,
};

fuzz_target!(|data: &[u8]| {
    if let Ok(reached) = Reached::read(data) {
        let text = reached.written();
        assert_eq!(Reached::read(text.as_bytes()).as_ref(), Ok(&reached));
        let mut without = reached.clone();
        assert_eq!(without.keep_on(&Headers::around(reached.magic(), 0)), reached.len());
        assert!(without.is_empty());
        if let Ok(coins) = reached.coins() {
            assert!(coins.times().is_some() != reached.is_empty());
        }
    }
    if let Ok(read) = Headers::read(Magic::REGTEST, data) {
        assert_eq!(read.written(), data);
        let all: Vec<_> = (read.first()..read.next()).filter_map(|height| Some(read.at(height)?.0)).collect();
        assert!(
            all.windows(2).all(|two| AsRef::<[u8; 32]>::as_ref(&two[1].prev_blockhash) == &hash_of(&two[0]))
        );
        assert_eq!(read.clone().turn(read.first(), &all), Ok(Turn::Same));
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(read) = history(text) {
        let all = read.mentions;
        assert!(all.is_sorted() && all.iter().all(|one| one.height > 0));
    }
    if let Ok(all) = headers(text) {
        assert!(all.len() <= HEADERS_MAX);
        let mut chain = Headers::around(Magic::REGTEST, 1);
        let added = all.iter().take_while(|header| chain.push(**header).is_ok()).count();
        assert_eq!(chain.written().len(), 8 + added * HEADER_BYTES);
    }
    // Four answers that belong together: a transaction twice, its proof, the header.
    let mut parts = text.splitn(3, '\n');
    let (one, two, three) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let (bytes, told, header) =
        (raw(one), proof(two), first_header(three).or_else(|_| tip(three).map(|tip| tip.1)));
    let (Ok(bytes), Ok(told), Ok(header)) = (bytes, told, header) else { return };
    assert!(told.branch.len() <= BRANCH_MAX);
    let id = [7; 32];
    assert!(Raw::read(Magic::REGTEST, &id, bytes.clone()).is_err(), "no bytes have this id");
    let Ok(read) = Raw::any(Magic::REGTEST, bytes) else { return };
    let height = told.height;
    if Proven::check(read.clone(), height, told.clone(), header).is_ok() {
        assert!(Proven::check(read.clone(), height + 1, told.clone(), header).is_err());
        let mut other = told;
        other.position ^= 1;
        assert!(Proven::check(read, height, other, header).is_err(), "another place is another way");
    }
});
