#![no_main]
//! Formats: a file is of the same format packed and unpacked, and the reader of that format takes it or refuses it. The first
//! line is the file's name.

use std::io::Write;
use std::ops::ControlFlow;

use exchange::read::{DETECT_BYTES, Options, detect, read};
use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;
use stix::Timestamp;

fuzz_target!(|data: &[u8]| {
    let Some(end) = data.iter().position(|byte| *byte == b'\n') else { return };
    let (name, data) = (String::from_utf8_lossy(&data[..end]), &data[end + 1..]);
    let format = detect(&name, data);
    if !name.ends_with(".gz") && !data.starts_with(&[0x1f, 0x8b]) && data.len() <= DETECT_BYTES {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(data).unwrap_or_else(|error| panic!("{error}"));
        let packed = packed.finish().unwrap_or_default();
        assert_eq!(detect(&format!("{name}.gz"), &packed), format, "packed");
    }
    let options = Options::new(Timestamp::from_micros(0));
    // Whether it can be read is not the question.
    let _outcome = read(data, format, &options, &mut |_| ControlFlow::Continue(()));
});
