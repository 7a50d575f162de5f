#![no_main]
//! The stix reader: each object in the bytes in which it came; counted, and the same every time.

use bongsu_fuzz::reading;
use exchange::read::Format;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| reading::check(Format::Stix, data));
