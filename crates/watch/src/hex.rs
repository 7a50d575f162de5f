//! Bytes in lower-case hexadecimal.

use std::fmt::Write as _;

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // A text can always be written to.
        let _always_fits = write!(text, "{byte:02x}");
        text
    })
}
