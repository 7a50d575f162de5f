#![no_main]
//! Addresses of virtual assets: a normal form is one of the same chain and stays so, what is judged is checked alike, the
//! two spellings of Bitcoin Cash lead to each other, and a witness programme has a script of its length.

use libfuzzer_sys::fuzz_target;
use watch::wallet::{Judged, Nets, Network, Rules, check, currencies, judge, segwit, twin};
use watch::{Kind, normalise};

fuzz_target!(|text: &str| {
    if let Ok(found) = segwit(text, Rules::Bip350) {
        assert_eq!(found.script_pubkey().len(), found.program.len() + 2);
    }
    let value = normalise(Kind::Wallet, text);
    match judge(text) {
        Judged::Address(found) => {
            let again =
                check(&found.normal, found.chain, None, Nets::Both).expect("a normal form is an address");
            assert_eq!(again.normal, found.normal, "{text}");
            assert!(check(text, found.chain, None, Nets::Both).is_ok(), "{text}");
            assert_eq!(found.network != Network::Test, currencies(text).contains(&found.chain), "{text}");
            if let Some(other) = twin(&found.normal) {
                assert_eq!(twin(&other).as_deref(), Some(found.normal.as_str()));
            }
        }
        // What is wrong in a currency's form is no address of that currency either.
        Judged::Wrong(wrong) => assert!(check(text, wrong.chain, None, Nets::Both).is_err(), "{text}"),
        Judged::Unknown => assert_eq!(currencies(text), Vec::<&str>::new()),
    }
    if let Ok(value) = value {
        assert!(matches!(judge(value.text()), Judged::Address(found) if found.normal == value.text()));
    }
});
