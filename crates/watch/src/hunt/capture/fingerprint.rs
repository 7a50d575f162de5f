//! JA3 and JA4: fingerprints of TLS clients, by what their first message offers.
//!
//! Source: JA3, <https://github.com/salesforce/ja3>; JA4, <https://github.com/FoxIO-LLC/ja4>, `technical_details/JA4.md`.

use std::fmt::Write as _;

use md5::{Digest as _, Md5};
use sha2::Sha256;

use super::tls::{ALPN, ClientHello, SERVER_NAME};
use crate::hex::hex;

/// Hexadecimal digits of a hash in JA4, and how many things it counts up to.
const HASH_DIGITS: usize = 12;
const COUNT_MAX: usize = 99;

/// JA3: the MD5 hash of version, ciphers, extensions, groups and point formats, in decimal and in the client's order.
pub(super) fn ja3(hello: &ClientHello) -> String {
    let list = |numbers: &[u16]| {
        let told = numbers.iter().filter(|number| !is_grease(**number)).map(u16::to_string);
        told.collect::<Vec<_>>().join("-")
    };
    let formats: Vec<u16> = hello.point_formats.iter().map(|format| u16::from(*format)).collect();
    let text = format!(
        "{},{},{},{},{}",
        hello.version,
        list(&hello.ciphers),
        list(&hello.extensions),
        list(&hello.groups),
        list(&formats)
    );
    hex(&Md5::digest(text))
}

/// JA4 of a client over TCP.
pub(super) fn ja4(hello: &ClientHello) -> String {
    let mut ciphers = told(&hello.ciphers);
    let mut extensions = told(&hello.extensions);
    let newest = hello.versions.iter().copied().filter(|version| !is_grease(*version)).max();
    let version = match newest.unwrap_or(hello.version) {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        _ => "00",
    };
    let name = if extensions.contains(&SERVER_NAME) { 'd' } else { 'i' };
    let counts = [ciphers.len().min(COUNT_MAX), extensions.len().min(COUNT_MAX)];
    ciphers.sort_unstable();
    extensions.retain(|extension| !matches!(*extension, SERVER_NAME | ALPN));
    extensions.sort_unstable();
    let mut offered = listed(&extensions);
    let signatures = told(&hello.signatures);
    if !signatures.is_empty() {
        // Writing to a string does not fail.
        let _ = write!(offered, "_{}", listed(&signatures));
    }
    format!(
        "t{version}{name}{:02}{:02}{}_{}_{}",
        counts[0],
        counts[1],
        protocol(hello.alpn.as_deref().unwrap_or_default()),
        hash(&listed(&ciphers)),
        if extensions.is_empty() { hash("") } else { hash(&offered) },
    )
}

/// Values that mean nothing and are there to keep servers tolerant. Source: RFC 8701, section 2.
const fn is_grease(number: u16) -> bool {
    let [high, low] = number.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

fn told(numbers: &[u16]) -> Vec<u16> {
    numbers.iter().copied().filter(|number| !is_grease(*number)).collect()
}

fn listed(numbers: &[u16]) -> String {
    numbers.iter().map(|number| format!("{number:04x}")).collect::<Vec<_>>().join(",")
}

/// The first and the last letter of a protocol's name, or of its hexadecimal form.
fn protocol(name: &[u8]) -> String {
    let (Some(first), Some(last)) = (name.first(), name.last()) else { return "00".to_owned() };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [char::from(*first), char::from(*last)].iter().collect();
    }
    format!("{:x}{:x}", first >> 4, last & 0x0f)
}

/// The first digits of the SHA-256 hash; zeros of nothing.
fn hash(text: &str) -> String {
    match text {
        "" => "0".repeat(HASH_DIGITS),
        text => hex(&Sha256::digest(text)).chars().take(HASH_DIGITS).collect(),
    }
}
