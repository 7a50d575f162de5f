//! Requests of HTTP/1, read as leniently as servers of all kinds read them: a strict parser would miss those of malware.
//!
//! Source: RFC 9112, sections 3 (request line), 3.3 (the target's URL), 6 (what follows the head) and 7.1 (chunks).

use std::net::SocketAddr;

use super::file::Stamp;
use super::line::{Observed, Way, shown};

/// Longest method that is one.
const METHOD_BYTES_MAX: usize = 24;
/// Longest part of a request that is told, in bytes.
const TOLD_BYTES_MAX: usize = 8 << 10;
const PORT: u16 = 80;

/// What follows a request's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// So many bytes.
    Bytes(u64),
    Chunks,
    /// Another protocol.
    Other,
}

/// What bytes are of a request.
#[derive(Debug)]
pub(super) enum Read<'a> {
    /// They may be its beginning.
    Part,
    None,
    /// They begin with one, whose head has so many bytes.
    Whole(Request<'a>, usize),
}

/// A request.
#[derive(Debug)]
pub(super) struct Request<'a> {
    method: &'a [u8],
    target: &'a [u8],
    host: Option<&'a [u8]>,
    pub(super) body: Body,
}

/// Whether what follows the first `before` bytes may make a head whole, or show that there is none. So a head that comes byte by byte
/// is not read again with each.
pub(super) fn may_tell(bytes: &[u8], before: usize) -> bool {
    let fresh = &bytes[before.saturating_sub(2)..];
    memchr::memchr(b'\n', bytes).is_none_or(|first| first >= before)
        || memchr::memchr_iter(b'\n', fresh)
            .any(|at| matches!(fresh[at + 1..], [b'\n', ..] | [b'\r', b'\n', ..]))
}

/// Reads the head of a request. `is_all` says that nothing more comes: then what is there is taken for the head, if the request
/// line at least is whole.
pub(super) fn read(bytes: &[u8], is_all: bool) -> Read<'_> {
    let method = bytes.iter().take(METHOD_BYTES_MAX + 1).take_while(|byte| is_token(**byte)).count();
    match bytes.get(method) {
        Some(b' ' | b'\t') if method > 0 => {}
        None if method <= METHOD_BYTES_MAX => return Read::Part,
        _ => return Read::None,
    }
    let Some(end) = memchr::memchr(b'\n', bytes) else {
        return if memchr::memchr(0, bytes).is_none() { Read::Part } else { Read::None };
    };
    let line = bytes[..end].trim_ascii();
    let Some(target) = target(&bytes[..method], line[method..].trim_ascii_start()) else { return Read::None };
    let mut request = Request { method: &bytes[..method], target, host: None, body: Body::Bytes(0) };
    let (mut at, mut length, mut upgrades) = (end + 1, None, request.method == b"CONNECT");
    let mut chunks = false;
    // What follows this speaks HTTP/2, whose heads are packed. Source: RFC 9113, section 3.4.
    if request.method == b"PRI" && request.target == b"*" {
        return Read::None;
    }
    loop {
        let Some(end) = memchr::memchr(b'\n', &bytes[at..]) else {
            if is_all {
                break;
            }
            return Read::Part;
        };
        let line = &bytes[at..at + end];
        at += end + 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        let (name, value) = (line[..colon].trim_ascii(), line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"host") {
            request.host = request.host.or(Some(value));
        } else if name.eq_ignore_ascii_case(b"content-length") {
            length = length.or_else(|| std::str::from_utf8(value).ok()?.parse().ok());
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            chunks |= value.to_ascii_lowercase().ends_with(b"chunked");
        } else if name.eq_ignore_ascii_case(b"upgrade") {
            upgrades = true;
        }
    }
    request.body = match length {
        _ if upgrades => Body::Other,
        _ if chunks => Body::Chunks,
        length => Body::Bytes(length.unwrap_or(0)),
    };
    Read::Whole(request, at)
}

/// The target in what follows the method on its line. It may have spaces in it; of the usual methods, the version may be missing.
fn target<'a>(method: &[u8], rest: &'a [u8]) -> Option<&'a [u8]> {
    let space = rest.iter().rposition(|byte| matches!(byte, b' ' | b'\t'));
    let (target, version) = rest.split_at(space.unwrap_or(0));
    let version = version.trim_ascii_start();
    let is_version = version.get(..5).is_some_and(|name| name.eq_ignore_ascii_case(b"HTTP/"))
        && version.get(5).is_some_and(u8::is_ascii_digit);
    if is_version {
        return Some(target.trim_ascii_end()).filter(|target| !target.is_empty());
    }
    (matches!(method, b"GET" | b"HEAD" | b"POST") && rest.starts_with(b"/")).then_some(rest)
}

impl Request<'_> {
    /// Tells it, with its whole address where it has one.
    pub(super) fn tell(&self, stamp: Stamp, way: Way, to: &mut Observed) {
        let part = |bytes: &[u8]| shown(&bytes[..bytes.len().min(TOLD_BYTES_MAX)]);
        let method = part(self.method);
        let host = self.host.filter(|host| !host.is_empty()).map(part);
        let target = part(self.target);
        let is_whole = self.target.windows(3).take(12).any(|three| three == b"://");
        if is_whole || !self.target.starts_with(b"/") {
            let told = host.filter(|host| !target.contains(host.as_str()));
            let host = told.map(|host| format!(" host {host}")).unwrap_or_default();
            return to.tell(stamp, way, format_args!("http {method} {target}{host}"));
        }
        let host = host.unwrap_or_else(|| {
            let address = SocketAddr::new(way.to.0, way.to.1).to_string();
            address.strip_suffix(&format!(":{PORT}")).map_or(address.clone(), str::to_owned)
        });
        to.tell(stamp, way, format_args!("http {method} http://{host}{target}"));
    }
}

const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'_' | b'.' | b'!' | b'#' | b'$' | b'*' | b'+' | b'~')
}
