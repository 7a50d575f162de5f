#![no_main]
//! The plain reader: each line's indicator is good STIX, names one value and keeps the list's mark; counted, and the same every time.

use bongsu_fuzz::reading;
use exchange::read::Format;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| reading::check(Format::Plain, data));
