#![no_main]
//! Transfers as Parquet: each row is read or told, and counted either way; the library behind never panics, since that would end the fuzzer
//! here. The changed bytes are taken as they are: a compressed page that was changed is seldom one, so plain pages are among the seeds.

use std::io::Cursor;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use trace::read::{Mapping, OnMalformed, Options, check_file};

const PLAIN: &str = r#"
block = { column = 1 }
index = { column = 2 }
transaction = { column = 3 }
from = { column = 5 }
to = { column = 6, empty = "created" }
time = { column = 4, form = "unix" }
amount = { column = 7, unit = "smallest" }
asset = { column = 8, empty = "ETH" }
"#;

static MAPPINGS: LazyLock<[Option<Mapping>; 2]> = LazyLock::new(|| {
    let text = format!("binary = \"text\"\n{PLAIN}\n[[only]]\ncolumn = 9\nis = [\"true\"]");
    [Mapping::parse(PLAIN).ok(), Mapping::parse(&text).ok()]
});

fuzz_target!(|data: &[u8]| {
    let options = Options { malformed: OnMalformed::Skip, ..Options::default() };
    // The form is told by the first bytes, which the fuzzer needs not find.
    let bytes = [b"PAR1", data.strip_prefix(b"PAR1").unwrap_or(data)].concat();
    for mapping in MAPPINGS.iter() {
        let Some(mapping) = mapping else { panic!("a mapping can't be read") };
        if let Ok(report) = check_file(Cursor::new(bytes.clone()), mapping, &options) {
            assert!(report.skipped + report.passed_over <= report.rows);
            assert!(report.malformed.len() as u64 <= report.skipped);
        }
    }
});
