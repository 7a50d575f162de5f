#![no_main]
//! The reader of lists in FollowTheMoney's form: what is made is good STIX, counted, and the same every time.

use bongsu_fuzz::reading;
use exchange::read::Format;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| reading::check(Format::OpenSanctions, data));
