#![no_main]
//! Transfers as CSV, by every mapping that comes with the program: each row is read or told, and counted either way; and mappings.

use libfuzzer_sys::fuzz_target;
use trace::read::{Mapping, OnMalformed, Options, check};

fuzz_target!(|data: &[u8]| {
    let options = Options { malformed: OnMalformed::Skip, ..Options::default() };
    for name in Mapping::ready_names() {
        let Some(Ok(mapping)) = Mapping::ready(name).map(Mapping::parse) else { panic!("{name}") };
        if let Ok(report) = check(data, &mapping, &options) {
            assert!(report.skipped + report.passed_over <= report.rows);
            assert!(report.malformed.len() as u64 <= report.skipped);
        }
    }
    if let Some((mapping, rows)) = std::str::from_utf8(data).ok().and_then(|text| text.split_once('\0'))
        && let Ok(mapping) = Mapping::parse(mapping)
    {
        let _told = check(rows.as_bytes(), &mapping, &options);
    }
});
