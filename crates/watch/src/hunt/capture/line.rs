//! The lines in which a capture is told.

use std::fmt::{self, Write};
use std::net::{IpAddr, SocketAddr};

use super::file::Stamp;
use stix::Timestamp;

/// What was seen in a capture, as text.
#[derive(Debug, Default)]
pub struct Observed {
    /// Lines, each with its end.
    pub text: Vec<u8>,
    /// For each line, the number of the packet, from 1, with which what it says was whole.
    pub of_packets: Vec<u64>,
    /// How many packets were read of the file so far.
    pub packets: u64,
}

/// From where to where, and over what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) protocol: u8,
    pub(super) from: (IpAddr, u16),
    pub(super) to: (IpAddr, u16),
}

pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;
const SCTP: u8 = 132;

impl Way {
    pub(super) const fn back(self) -> Self {
        Self { protocol: self.protocol, from: self.to, to: self.from }
    }

    const fn has_ports(self) -> bool {
        matches!(self.protocol, TCP | UDP)
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (address, port) in [self.from, self.to] {
            match self.has_ports() {
                true => write!(f, "{} ", SocketAddr::new(address, port))?,
                false => write!(f, "{address} ")?,
            }
        }
        match self.protocol {
            TCP => f.write_str("tcp"),
            UDP => f.write_str("udp"),
            SCTP => f.write_str("sctp"),
            1 | 58 => f.write_str("icmp"),
            other => write!(f, "ip-{other}"),
        }
    }
}

impl Observed {
    /// Adds a line. What would end it, or steer a terminal, is left out.
    pub(super) fn tell(&mut self, stamp: Stamp, way: Way, what: fmt::Arguments<'_>) {
        let mut line = Line(&mut self.text);
        // Writing to memory does not fail.
        let _ = write!(line, "{} {way} {what}", Timestamp::from_micros(stamp.micros));
        self.text.push(b'\n');
        self.of_packets.push(stamp.number);
    }
}

struct Line<'a>(&'a mut Vec<u8>);

impl Write for Line<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend(text.bytes().filter(|byte| !byte.is_ascii_control()));
        Ok(())
    }
}

/// A text of a packet as a part of a line: what ends a word or an address of the web there is percent-encoded, as are bytes that
/// are no UTF-8.
pub(super) fn shown(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            let ends = letter.is_control()
                || letter.is_whitespace()
                || matches!(letter, '"' | '\'' | '<' | '>' | '`' | '|' | '\\');
            match ends {
                true => encode(letter.encode_utf8(&mut [0; 4]).as_bytes(), &mut shown),
                false => shown.push(letter),
            }
        }
        encode(chunk.invalid(), &mut shown);
    }
    shown
}

fn encode(bytes: &[u8], to: &mut String) {
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(to, "%{byte:02X}");
    }
}
