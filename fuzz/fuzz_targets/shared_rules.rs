#![no_main]
//! Rules that partners wrote: what may stand in one file with others may do so under other names, behind comments, and twice.

use std::collections::BTreeMap;

use deliver::rules::{sigma, signature, yara::Yara};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(rules) = Yara::read(text) {
        let names: BTreeMap<&str, String> =
            rules.names.iter().map(|name| (*name, format!("{name}_2"))).collect();
        // Names that are as long as they may be can't become longer; one may be called as another becomes.
        let renamed = rules.renamed(&names);
        let is_free = names.values().all(|name| name.len() <= 128 && !names.contains_key(name.as_str()));
        if is_free {
            let again = Yara::read(&renamed).unwrap_or_else(|why| panic!("{renamed}: {why}"));
            assert!(again.names.iter().eq(rules.names.iter().map(|name| &names[name])));
        }
        let both = format!("{text}\n// another\n{renamed}");
        assert!(
            !is_free || Yara::read(&both).is_ok_and(|both| both.names.len() == 2 * rules.names.len()),
            "{both}"
        );
    }
    if let Ok(sids) = signature::read(text) {
        let commented = format!("# another\n{text}\n");
        assert_eq!(signature::read(&commented), Ok(sids), "{commented}");
        assert!(signature::read(&format!("{text}\n{text}")).is_err(), "an id twice: {text}");
    }
    if let Ok(count) = sigma::read(text) {
        assert!(count > 0);
    }
});
