#![no_main]
//! The misp reader: each event's objects are good STIX with patterns that parse; counted, and the same every time.

use bongsu_fuzz::reading;
use exchange::read::Format;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| reading::check(Format::Misp, data));
