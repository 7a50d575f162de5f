//! One direction of a TCP connection: its bytes in order, and what is read of them.
//!
//! What a stream speaks is told by how a segment begins, on any port and at any time: so requests after a gap, and TLS that begins
//! after a greeting of another protocol, are read as well. What nobody reads is kept nowhere.

use super::file::Stamp;
use super::http::{self, Body};
use super::line::{Observed, Way};
use super::link::Segment;
use super::{dns, tls};

/// Bytes of a message that are kept until it is whole: the longest of DNS, with its length.
const MESSAGE_BYTES_MAX: usize = 2 + 0xffff;
/// Segments that wait for one before them, and their bytes.
const WAITING_MAX: usize = 64;
const WAITING_BYTES_MAX: usize = 64 << 10;
/// How far a sequence number may be from what is expected; beyond, it is another connection.
const WINDOW_BYTES: u32 = 1 << 24;
/// Longest line that says how long a chunk is, or follows the chunks.
const CHUNK_LINE_BYTES_MAX: usize = 4 << 10;

/// A direction.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// The sequence number that comes next.
    next: Option<u32>,
    /// Segments that came before their time: sequence number, data, bytes that are missing behind it.
    waiting: Vec<(u32, Vec<u8>, u32)>,
    reading: Reading,
    /// The beginning of a message.
    part: Vec<u8>,
    /// The last packet.
    stamp: Stamp,
}

/// What comes next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Reading {
    /// Anything, at the beginning of a segment or behind a message.
    #[default]
    Anything,
    Request,
    /// What follows a request: so many bytes.
    Body(u64),
    ChunkLength,
    Chunk(u64),
    /// Lines behind the last chunk.
    Trailer,
    Tls,
    Dns,
    /// Nothing that can be read.
    Secret,
}

impl Stream {
    /// How many bytes it keeps.
    pub(super) fn bytes(&self) -> usize {
        self.part.capacity() + self.waiting.iter().map(|(_, data, _)| data.capacity()).sum::<usize>()
    }

    /// The last packet.
    pub(super) const fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// Takes a segment.
    pub(super) fn take(&mut self, stamp: Stamp, way: Way, segment: Segment<'_>, to: &mut Observed) {
        self.stamp = stamp;
        let mut sequence = segment.sequence;
        if segment.opens {
            self.end(way, to);
            *self = Self { stamp, ..Self::default() };
            sequence = sequence.wrapping_add(1);
            self.next = Some(sequence);
        }
        if !segment.data.is_empty() || segment.missing > 0 {
            self.place(sequence, segment.data, segment.missing, way, to);
        }
        let length = u32::try_from(segment.data.len()).unwrap_or_default().wrapping_add(segment.missing);
        let last = sequence.wrapping_add(length);
        // What closes it may come before what it closes.
        if segment.closes && self.next.is_none_or(|next| next.wrapping_sub(last) <= WINDOW_BYTES) {
            self.end(way, to);
        }
    }

    /// Reads what is left when nothing more comes.
    pub(super) fn end(&mut self, way: Way, to: &mut Observed) {
        while !self.waiting.is_empty() {
            self.jump(way, to);
        }
        self.gap(0, way, to);
    }

    /// Reads a segment, or keeps it until what is before it comes.
    fn place(&mut self, sequence: u32, data: &[u8], missing: u32, way: Way, to: &mut Observed) {
        let next = *self.next.get_or_insert(sequence);
        let ahead = sequence.wrapping_sub(next);
        let behind = next.wrapping_sub(sequence);
        if ahead == 0 {
            self.read(data, missing, way, to);
        } else if behind <= WINDOW_BYTES {
            // What came before is not taken twice.
            let Some(rest) = data.get(behind as usize..) else { return };
            self.read(rest, missing, way, to);
        } else if ahead <= WINDOW_BYTES {
            self.waiting.push((sequence, data.to_vec(), missing));
            let bytes: usize = self.waiting.iter().map(|(_, data, _)| data.len()).sum();
            if self.waiting.len() > WAITING_MAX || bytes > WAITING_BYTES_MAX {
                self.jump(way, to);
            }
        } else {
            self.end(way, to);
            self.next = Some(sequence);
            self.read(data, missing, way, to);
        }
        self.go_on(way, to);
    }

    /// Reads those that waited and are next now.
    fn go_on(&mut self, way: Way, to: &mut Observed) {
        while let Some(next) = self.next {
            let is_due =
                |(sequence, _, _): &(u32, Vec<u8>, u32)| next.wrapping_sub(*sequence) <= WINDOW_BYTES;
            let Some(at) = self.waiting.iter().position(is_due) else { return };
            let (sequence, data, missing) = self.waiting.swap_remove(at);
            if let Some(rest) = data.get(next.wrapping_sub(sequence) as usize..) {
                self.read(rest, missing, way, to);
            }
        }
    }

    /// Gives up what is missing before the first that waits.
    fn jump(&mut self, way: Way, to: &mut Observed) {
        let Some(next) = self.next else { return self.waiting.clear() };
        let Some(ahead) = self.waiting.iter().map(|(sequence, _, _)| sequence.wrapping_sub(next)).min()
        else {
            return;
        };
        self.gap(ahead, way, to);
        self.next = Some(next.wrapping_add(ahead));
        self.go_on(way, to);
    }

    /// Reads what is next.
    fn read(&mut self, data: &[u8], missing: u32, way: Way, to: &mut Observed) {
        let length = u32::try_from(data.len()).unwrap_or_default().wrapping_add(missing);
        self.next = self.next.map(|next| next.wrapping_add(length));
        self.said(data, way, to);
        if missing > 0 {
            self.gap(missing, way, to);
        }
    }

    /// Some bytes will never come: what is there of a message is all of it.
    fn gap(&mut self, length: u32, way: Way, to: &mut Observed) {
        let part = std::mem::take(&mut self.part);
        self.reading = match self.reading {
            Reading::Request => {
                if let http::Read::Whole(request, _) = http::read(&part, true) {
                    request.tell(self.stamp, way, to);
                }
                Reading::Anything
            }
            Reading::Tls => {
                if let tls::Read::Whole(hello) = tls::read(&part, true) {
                    hello.tell(self.stamp, way, to);
                }
                Reading::Anything
            }
            Reading::Dns => {
                dns::message(part.get(2..).unwrap_or_default(), self.stamp, way, to);
                Reading::Anything
            }
            Reading::Body(left) => Reading::Body(left.saturating_sub(u64::from(length))),
            Reading::Secret => Reading::Secret,
            Reading::Anything | Reading::ChunkLength | Reading::Chunk(_) | Reading::Trailer => {
                Reading::Anything
            }
        };
    }

    /// Reads bytes that follow those before.
    fn said(&mut self, mut data: &[u8], way: Way, to: &mut Observed) {
        while !data.is_empty() {
            match self.reading {
                Reading::Secret => return,
                Reading::Anything => {
                    // Lines without anything in them may stand before a request. Source: RFC 9112, section 2.2.
                    while let [b'\r' | b'\n', rest @ ..] = data {
                        data = rest;
                    }
                    self.reading = match data {
                        [] => return,
                        _ if dns::is_port(way.from.1) || dns::is_port(way.to.1) => Reading::Dns,
                        data if !matches!(tls::read(data, false), tls::Read::None) => Reading::Tls,
                        data if !matches!(http::read(data, false), http::Read::None) => Reading::Request,
                        _ => return,
                    };
                }
                Reading::Body(left) | Reading::Chunk(left) => {
                    let length = usize::try_from(left).unwrap_or(usize::MAX).min(data.len());
                    data = &data[length..];
                    let left = left - length as u64;
                    self.reading = match self.reading {
                        Reading::Body(_) if left == 0 => Reading::Anything,
                        Reading::Body(_) => Reading::Body(left),
                        _ if left == 0 => Reading::ChunkLength,
                        _ => Reading::Chunk(left),
                    };
                }
                Reading::Request | Reading::Tls | Reading::Dns | Reading::ChunkLength | Reading::Trailer => {
                    let room = MESSAGE_BYTES_MAX.saturating_sub(self.part.len());
                    let (taken, rest) = data.split_at(room.min(data.len()));
                    let before = self.part.len();
                    self.part.extend_from_slice(taken);
                    let is_full = self.part.len() == MESSAGE_BYTES_MAX;
                    let Some(used) = self.message(before, is_full, way, to) else {
                        // More must come.
                        data = rest;
                        continue;
                    };
                    self.part = Vec::new();
                    // A message ends behind what was there before, or there is none and nothing of the segment is read.
                    let Some(used) = used.checked_sub(before).filter(|used| *used > 0) else { return };
                    data = &data[used..];
                }
            }
        }
    }

    /// Tells the message that `part` begins with, of which `before` bytes were looked at before, and gives how many bytes it has;
    /// none if more must come, and 0 if it is none.
    fn message(&mut self, before: usize, is_full: bool, way: Way, to: &mut Observed) -> Option<usize> {
        let (reading, used) = match self.reading {
            Reading::Request if !is_full && !http::may_tell(&self.part, before) => return None,
            Reading::Request => match http::read(&self.part, is_full) {
                http::Read::Part if !is_full => return None,
                http::Read::Part | http::Read::None => (Reading::Anything, 0),
                http::Read::Whole(request, used) => {
                    request.tell(self.stamp, way, to);
                    let reading = match request.body {
                        Body::Bytes(0) | Body::Other => Reading::Anything,
                        Body::Bytes(left) => Reading::Body(left),
                        Body::Chunks => Reading::ChunkLength,
                    };
                    (reading, used)
                }
            },
            Reading::Tls => match tls::read(&self.part, is_full) {
                tls::Read::Part => return None,
                tls::Read::None => (Reading::Anything, 0),
                tls::Read::Whole(hello) => {
                    hello.tell(self.stamp, way, to);
                    (Reading::Secret, self.part.len())
                }
            },
            Reading::Dns => {
                let length = 2 + usize::from(u16::from_be_bytes(*self.part.first_chunk()?));
                dns::message(self.part.get(2..length)?, self.stamp, way, to);
                (Reading::Anything, length)
            }
            Reading::ChunkLength | Reading::Trailer => {
                let Some(end) = memchr::memchr(b'\n', &self.part) else {
                    let is_long = self.part.len() > CHUNK_LINE_BYTES_MAX;
                    self.reading = if is_long { Reading::Anything } else { self.reading };
                    return is_long.then_some(0);
                };
                let line = self.part[..end].trim_ascii();
                let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
                let length = std::str::from_utf8(&line[..digits])
                    .ok()
                    .and_then(|text| u64::from_str_radix(text, 16).ok());
                let reading = match (self.reading, length) {
                    (Reading::Trailer, _) if line.is_empty() => Reading::Anything,
                    (Reading::Trailer, _) | (_, Some(0)) => Reading::Trailer,
                    // The line's end follows the chunk.
                    (_, Some(length)) => Reading::Chunk(length.saturating_add(2)),
                    (_, None) => Reading::Anything,
                };
                (reading, end + 1)
            }
            Reading::Anything | Reading::Body(_) | Reading::Chunk(_) | Reading::Secret => return Some(0),
        };
        self.reading = reading;
        Some(used)
    }
}
