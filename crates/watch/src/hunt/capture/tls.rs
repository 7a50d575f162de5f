//! The first message of a TLS client: the server's name, and the fingerprints of the client.
//!
//! Source: RFC 8446, sections 4.1.2 (ClientHello), 4.2 (extensions) and 5.1 (records); RFC 6066, section 3 (server names).

use super::file::Stamp;
use super::fingerprint::{ja3, ja4};
use super::line::{Observed, Way, shown};

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
/// Longest record. Source: RFC 8446, section 5.2.
const RECORD_BYTES_MAX: usize = (1 << 14) + 256;

pub(super) const SERVER_NAME: u16 = 0;
pub(super) const ALPN: u16 = 16;
const GROUPS: u16 = 10;
const POINT_FORMATS: u16 = 11;
pub(super) const SIGNATURES: u16 = 13;
const VERSIONS: u16 = 43;

/// What bytes are of a client's first message.
#[derive(Debug)]
pub(super) enum Read {
    /// They may be its beginning.
    Part,
    None,
    Whole(ClientHello),
}

/// A client's first message, its lists in the order in which they stand there.
#[derive(Debug, Default)]
pub(super) struct ClientHello {
    pub(super) version: u16,
    pub(super) ciphers: Vec<u16>,
    pub(super) extensions: Vec<u16>,
    pub(super) groups: Vec<u16>,
    pub(super) point_formats: Vec<u8>,
    pub(super) signatures: Vec<u16>,
    /// Versions that the client supports, by the extension.
    pub(super) versions: Vec<u16>,
    /// The first protocol that it would speak then.
    pub(super) alpn: Option<Vec<u8>>,
    pub(super) server_name: Option<Vec<u8>>,
    /// Whether all of it is there.
    is_whole: bool,
}

/// Takes the message out of records. `is_all` says that nothing more comes: then what is there is read.
pub(super) fn read(mut bytes: &[u8], is_all: bool) -> Read {
    let mut message = Vec::new();
    loop {
        match bytes {
            [] | [HANDSHAKE] => break,
            [HANDSHAKE, 3, ..] => {}
            _ => return Read::None,
        }
        let Some([_, _, minor, high, low]) = bytes.first_chunk::<5>() else { break };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if *minor > 4 || length == 0 || length > RECORD_BYTES_MAX {
            return Read::None;
        }
        let (record, rest) = bytes[5..].split_at(length.min(bytes.len() - 5));
        message.extend_from_slice(record);
        if message.first().is_some_and(|kind| *kind != CLIENT_HELLO) {
            return Read::None;
        }
        if let [_, length @ .., _] = message.get(..5).unwrap_or_default()
            && let Some(body) = message.get(4..4 + number(length))
        {
            return Read::Whole(ClientHello::read(body));
        }
        bytes = rest;
    }
    match message.get(4..) {
        Some(body) if is_all => Read::Whole(ClientHello::read(body)),
        _ => Read::Part,
    }
}

impl ClientHello {
    /// Reads as much of it as there is.
    fn read(body: &[u8]) -> Self {
        let mut hello = Self::default();
        hello.is_whole = hello.fill(body).is_some();
        hello
    }

    fn fill(&mut self, mut body: &[u8]) -> Option<()> {
        let body = &mut body;
        self.version = u16::from_be_bytes(*take(body, 2)?.first_chunk()?);
        let _random = take(body, 32)?;
        let _session = vector(body, 1)?;
        self.ciphers = words(vector(body, 2)?);
        let _compression = vector(body, 1)?;
        if body.is_empty() {
            return Some(());
        }
        let length = number(take(body, 2)?);
        let is_cut = length > body.len();
        let mut rest = take(body, length.min(body.len()))?;
        while !rest.is_empty() {
            let kind = u16::from_be_bytes(*take(&mut rest, 2)?.first_chunk()?);
            let data = vector(&mut rest, 2)?;
            self.extensions.push(kind);
            self.extension(kind, data);
        }
        (!is_cut).then_some(())
    }

    /// Reads an extension; one that is malformed has no content.
    fn extension(&mut self, kind: u16, mut data: &[u8]) {
        let data = &mut data;
        match kind {
            SERVER_NAME => {
                let names = vector(data, 2).unwrap_or_default();
                if let [0, name @ ..] = names {
                    self.server_name = vector(&mut &*name, 2).map(<[u8]>::to_vec);
                }
            }
            ALPN => {
                let first = vector(data, 2).and_then(|mut names| vector(&mut names, 1));
                self.alpn = first.map(<[u8]>::to_vec);
            }
            GROUPS => self.groups = words(vector(data, 2).unwrap_or_default()),
            POINT_FORMATS => self.point_formats = vector(data, 1).unwrap_or_default().to_vec(),
            SIGNATURES => self.signatures = words(vector(data, 2).unwrap_or_default()),
            VERSIONS => self.versions = words(vector(data, 1).unwrap_or_default()),
            _ => {}
        }
    }

    /// Tells it. What is cut has no fingerprints.
    pub(super) fn tell(&self, stamp: Stamp, way: Way, to: &mut Observed) {
        let name = self.server_name.as_deref().map(|name| format!(" {}", shown(name))).unwrap_or_default();
        match self.is_whole {
            true => to.tell(stamp, way, format_args!("tls{name} ja3 {} ja4 {}", ja3(self), ja4(self))),
            false if name.is_empty() => {}
            false => to.tell(stamp, way, format_args!("tls{name}")),
        }
    }
}

fn take<'a>(from: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = from.split_at_checked(length)?;
    *from = rest;
    Some(taken)
}

/// What follows a length of one or two bytes.
fn vector<'a>(from: &mut &'a [u8], bytes: usize) -> Option<&'a [u8]> {
    let length = number(take(from, bytes)?);
    take(from, length)
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

fn words(bytes: &[u8]) -> Vec<u16> {
    let (pairs, _) = bytes.as_chunks::<2>();
    pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect()
}
