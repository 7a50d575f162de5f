#![no_main]
//! Rows read by a mapping, which stands before a line of `---`: what is made is good STIX, counted, and the same every time.

use bongsu_fuzz::reading;
use exchange::read::Format;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| reading::check(Format::Mapped, data));
