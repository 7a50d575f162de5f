#![no_main]
//! The csv reader: each row's indicators are good STIX, name one value each and keep the table's mark; counted, and the same every time.

use bongsu_fuzz::reading;
use exchange::read::Format;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| reading::check(Format::Csv, data));
