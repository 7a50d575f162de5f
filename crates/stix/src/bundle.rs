//! Bundles as a stream of objects, each in the bytes in which it came.
//!
//! A bundle may be larger than memory. The scanner below knows strings and brackets and nothing else: it finds
//! where each object ends, hands its text on, and forgets it. So memory is one object plus one read buffer,
//! and what is wrong inside an object is found by whoever reads that object. The same scanner takes a bundle, a
//! TAXII envelope, a list of objects, a bare object, and several of these one after the other (JSON Lines).
//!
//! Source: STIX 2.1, section 8 (bundle); TAXII 2.1, section 3.7 (envelope).

use std::fmt;
use std::io::{ErrorKind, Read};
use std::ops::ControlFlow;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::finding::Finding;
use crate::json::OBJECT_BYTES_MAX;

/// Size of the read buffer, in bytes.
const CHUNK_BYTES: usize = 256 * 1024;

/// How much one read may hold.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Longest object, in bytes; a longer one is reported and skipped.
    pub object_bytes_max: usize,
    /// Most objects in one input.
    pub objects_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { object_bytes_max: OBJECT_BYTES_MAX, objects_max: 1_000_000_000 }
    }
}

/// One object of the input, or why it could not be handed on.
#[derive(Debug)]
pub enum Item<'a> {
    /// The text of an object, as it came. It is UTF-8 and its brackets match; more is for its reader to say.
    Object {
        /// Its number in the input, from 0.
        index: u64,
        /// Its text.
        raw: &'a str,
    },
    /// An object that is lost, and why.
    Bad {
        /// Its number in the input, from 0.
        index: u64,
        /// What was wrong.
        finding: Finding,
    },
}

/// What was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Objects handed on.
    pub objects: u64,
    /// Objects lost.
    pub bad: u64,
    /// Bytes read.
    pub bytes: u64,
}

/// Why the rest of an input can't be read. What came before was handed on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// The source failed.
    #[error("reading failed after {offset} bytes: {source}")]
    Io {
        /// How far it was read.
        offset: u64,
        /// Why.
        source: std::io::Error,
    },
    /// The input ends in the middle.
    #[error(
        "the input ends at byte {offset} in the middle of {place}: it was cut off; {objects} objects before it were read"
    )]
    Truncated {
        /// Where it ends.
        offset: u64,
        /// What was not finished.
        place: &'static str,
        /// Objects handed on.
        objects: u64,
    },
    /// The input is no JSON of a known shape.
    #[error("byte {offset}: found {found}, expected {expected}; {objects} objects before it were read")]
    Malformed {
        /// Where.
        offset: u64,
        /// What stands there.
        found: String,
        /// What should.
        expected: &'static str,
        /// Objects handed on.
        objects: u64,
    },
    /// There are more objects than the limit.
    #[error("more than {limit} objects; split the input")]
    TooMany {
        /// The limit.
        limit: u64,
    },
}

/// Reads objects from a bundle, an envelope, a list, bare objects, or JSON Lines of these.
///
/// `on` is called once for each object, in order; it stops the reading with [`ControlFlow::Break`]. Memory is
/// bounded by `limits.object_bytes_max` and the read buffer, whatever the input.
///
/// # Errors
/// [`BundleError`] when the rest can't be read; objects before it were handed on.
pub fn read<R: Read>(
    source: R,
    limits: &Limits,
    on: impl FnMut(Item<'_>) -> ControlFlow<()>,
) -> Result<Summary, BundleError> {
    let mut reader =
        Reader { scan: Scan::new(source), limits, on, summary: Summary::default(), held: Vec::new() };
    let outcome = reader.input();
    reader.summary.bytes = reader.scan.offset();
    outcome.map(|_| reader.summary)
}

/// The shortest text that can be an object: `{"type":"a","id":"a--` and a UUID.
const OBJECT_BYTES_MIN: usize = 59;
/// Elements of an envelope that may be shorter, so that a few mistakes are still told one by one.
const SHORT_MAX: usize = 10_000;

/// The objects of a TAXII envelope, each in its own bytes.
///
/// To hold and to tell what is wrong with an element takes more memory than a short one had bytes, so an envelope with
/// more than ten thousand elements that are too short to be objects is none.
///
/// # Errors
/// A [`Finding`] when the text is no envelope: nothing of it can be told apart then.
///
/// Source: TAXII 2.1, section 3.7.
pub fn envelope(raw: &str) -> Result<Vec<&RawValue>, Finding> {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow, default, deserialize_with = "objects")]
        objects: Vec<&'a RawValue>,
    }
    serde_json::from_str::<Envelope<'_>>(raw)
        .map(|envelope| envelope.objects)
        .map_err(|error| Finding::error("envelope-malformed", "", format!("not a TAXII envelope: {error}")))
}

fn objects<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<&'de RawValue>, D::Error> {
    struct Elements;
    impl<'de> Visitor<'de> for Elements {
        type Value = Vec<&'de RawValue>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a list of objects")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let (mut objects, mut short) = (Vec::new(), 0);
            while let Some(object) = list.next_element::<&RawValue>()? {
                short += usize::from(object.get().len() < OBJECT_BYTES_MIN);
                if short > SHORT_MAX {
                    let told =
                        format!("more than {SHORT_MAX} elements of `objects` are too short to be objects");
                    return Err(A::Error::custom(told));
                }
                objects.push(object);
            }
            Ok(objects)
        }
    }
    deserializer.deserialize_seq(Elements)
}

struct Reader<'l, R, F> {
    scan: Scan<R>,
    limits: &'l Limits,
    on: F,
    summary: Summary,
    held: Vec<u8>,
}

impl<R: Read, F: FnMut(Item<'_>) -> ControlFlow<()>> Reader<'_, R, F> {
    fn input(&mut self) -> Result<ControlFlow<()>, BundleError> {
        self.scan.byte_order_mark()?;
        let mut any = false;
        while let Some(byte) = self.scan.skip_space()? {
            any = true;
            let flow = match byte {
                b'{' => self.holder()?,
                b'[' => self.list()?,
                _ => return Err(self.malformed(byte, "`{` of a bundle or `[` of a list")),
            };
            if flow.is_break() {
                return Ok(flow);
            }
        }
        if any { Ok(ControlFlow::Continue(())) } else { Err(self.truncated("an empty input")) }
    }

    /// A top-level `{`: a bundle or envelope if it has a list `objects`, else itself an object.
    fn holder(&mut self) -> Result<ControlFlow<()>, BundleError> {
        self.held.clear();
        let mut held = std::mem::take(&mut self.held);
        let outcome = self.holder_into(&mut held);
        self.held = held;
        outcome
    }

    fn holder_into(&mut self, held: &mut Vec<u8>) -> Result<ControlFlow<()>, BundleError> {
        let mut is_bundle = false;
        let mut over = false;
        let limit = self.limits.object_bytes_max;
        self.take(b'{', held)?;
        let mut expect_pair = true;
        loop {
            let byte = self.scan.skip_space_into(held)?.ok_or_else(|| self.truncated("an object"))?;
            match byte {
                b'}' => {
                    self.take(b'}', held)?;
                    break;
                }
                b',' if !expect_pair => {
                    self.take(b',', held)?;
                    expect_pair = true;
                }
                b'"' if expect_pair => {
                    let from = held.len();
                    over |= !self.scan.value_into(held, limit).map_err(|stop| self.stopped(stop))?;
                    let is_objects = held.get(from..) == Some(br#""objects""#);
                    match self.scan.skip_space_into(held)? {
                        Some(b':') => self.take(b':', held)?,
                        Some(other) => return Err(self.malformed(other, "`:`")),
                        None => return Err(self.truncated("an object")),
                    }
                    let next = self.scan.skip_space_into(held)?.ok_or_else(|| self.truncated("an object"))?;
                    if is_objects && next == b'[' {
                        is_bundle = true;
                        held.clear();
                        if self.list()?.is_break() {
                            return Ok(ControlFlow::Break(()));
                        }
                    } else {
                        over |= !self.scan.value_into(held, limit).map_err(|stop| self.stopped(stop))?;
                    }
                    if is_bundle {
                        held.clear();
                    } else if held.len() > limit {
                        over = true;
                        held.truncate(limit);
                    }
                    expect_pair = false;
                }
                other => return Err(self.malformed(other, "a key in quotes, `,` or `}`")),
            }
        }
        let over = over || held.len() > limit;
        if is_bundle || !over && is_empty_bundle(held) {
            return Ok(ControlFlow::Continue(()));
        }
        self.hand_on(held, over)
    }

    fn list(&mut self) -> Result<ControlFlow<()>, BundleError> {
        let mut sink = Vec::new();
        self.take(b'[', &mut sink)?;
        let mut held = Vec::new();
        loop {
            let byte = self.scan.skip_space()?.ok_or_else(|| self.truncated("a list of objects"))?;
            match byte {
                b']' => {
                    self.scan.advance();
                    return Ok(ControlFlow::Continue(()));
                }
                b',' => self.scan.advance(),
                _ => {
                    held.clear();
                    let limit = self.limits.object_bytes_max;
                    let whole = self.scan.value_into(&mut held, limit).map_err(|stop| self.stopped(stop))?;
                    if self.hand_on(&held, !whole)?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
            }
        }
    }

    fn hand_on(&mut self, held: &[u8], over: bool) -> Result<ControlFlow<()>, BundleError> {
        let index = self.summary.objects + self.summary.bad;
        if index >= self.limits.objects_max {
            return Err(BundleError::TooMany { limit: self.limits.objects_max });
        }
        let item = if over {
            let message =
                format!("longer than {} bytes; the object was skipped", self.limits.object_bytes_max);
            Err(Finding::error("object-too-large", format!("objects[{index}]"), message))
        } else {
            std::str::from_utf8(held).map_err(|error| {
                let message = format!("not UTF-8 at byte {} of the object", error.valid_up_to());
                Finding::error("utf-8", format!("objects[{index}]"), message)
            })
        };
        match item {
            Ok(raw) => {
                self.summary.objects += 1;
                Ok((self.on)(Item::Object { index, raw }))
            }
            Err(finding) => {
                self.summary.bad += 1;
                Ok((self.on)(Item::Bad { index, finding }))
            }
        }
    }

    fn take(&mut self, byte: u8, held: &mut Vec<u8>) -> Result<(), BundleError> {
        debug_assert_eq!(self.scan.peek_buffered(), Some(byte), "the caller has seen this byte");
        held.push(byte);
        self.scan.advance();
        Ok(())
    }

    fn stopped(&self, stop: Stop) -> BundleError {
        match stop {
            Stop::Io(source) => BundleError::Io { offset: self.scan.offset(), source },
            Stop::End => self.truncated("a value"),
            Stop::Unexpected(byte) => self.malformed(byte, "a JSON value"),
        }
    }

    fn truncated(&self, place: &'static str) -> BundleError {
        BundleError::Truncated { offset: self.scan.offset(), place, objects: self.summary.objects }
    }

    fn malformed(&self, byte: u8, expected: &'static str) -> BundleError {
        let found = if byte.is_ascii_graphic() {
            format!("`{}`", char::from(byte))
        } else {
            format!("byte 0x{byte:02x}")
        };
        BundleError::Malformed { offset: self.scan.offset(), found, expected, objects: self.summary.objects }
    }
}

/// A bundle may have no `objects`, an envelope may be `{}`.
fn is_empty_bundle(held: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Kind {
        #[serde(rename = "type")]
        object_type: Option<String>,
        id: Option<serde_json::Value>,
    }
    match serde_json::from_slice::<Kind>(held) {
        Ok(Kind { object_type: Some(name), .. }) => name == "bundle",
        Ok(Kind { object_type: None, id: None }) => held.iter().all(|b| b"{} \t\r\n".contains(b)),
        _ => false,
    }
}

enum Stop {
    Io(std::io::Error),
    End,
    Unexpected(u8),
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

/// Bytes with a look ahead of one.
struct Scan<R> {
    source: R,
    buffer: Box<[u8]>,
    at: usize,
    filled: usize,
    before: u64,
}

impl<R: Read> Scan<R> {
    fn new(source: R) -> Self {
        Self { source, buffer: vec![0; CHUNK_BYTES].into_boxed_slice(), at: 0, filled: 0, before: 0 }
    }

    fn offset(&self) -> u64 {
        self.before + self.at as u64
    }

    fn fill(&mut self) -> std::io::Result<bool> {
        if self.at < self.filled {
            return Ok(true);
        }
        self.before += self.filled as u64;
        (self.at, self.filled) = (0, 0);
        loop {
            match self.source.read(&mut self.buffer) {
                Ok(count) => {
                    self.filled = count;
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn peek_buffered(&self) -> Option<u8> {
        (self.at < self.filled).then(|| self.buffer[self.at])
    }

    fn advance(&mut self) {
        self.at += 1;
    }

    fn peek(&mut self) -> Result<Option<u8>, BundleError> {
        match self.fill() {
            Ok(true) => Ok(Some(self.buffer[self.at])),
            Ok(false) => Ok(None),
            Err(source) => Err(BundleError::Io { offset: self.offset(), source }),
        }
    }

    fn byte_order_mark(&mut self) -> Result<(), BundleError> {
        // Byte by byte: a source may give as few at a time as it likes.
        if self.peek()? == Some(0xef) {
            self.advance();
            for expected in [0xbb, 0xbf] {
                match self.peek()? {
                    Some(byte) if byte == expected => self.advance(),
                    _ => {
                        return Err(BundleError::Malformed {
                            offset: 0,
                            found: "byte 0xef".to_owned(),
                            expected: "`{` of a bundle or `[` of a list",
                            objects: 0,
                        });
                    }
                }
            }
        }
        Ok(())
    }

    fn skip_space(&mut self) -> Result<Option<u8>, BundleError> {
        loop {
            match self.peek()? {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.advance(),
                other => return Ok(other),
            }
        }
    }

    /// As [`Scan::skip_space`], but keeps the white space: it belongs to a bare object's bytes. Runs of it are
    /// cut to what a person would write, so that a gigabyte of blanks stays out of memory.
    fn skip_space_into(&mut self, held: &mut Vec<u8>) -> Result<Option<u8>, BundleError> {
        loop {
            match self.peek()? {
                Some(space @ (b' ' | b'\t' | b'\r' | b'\n')) => {
                    if held.len() <= OBJECT_BYTES_MAX {
                        held.push(space);
                    }
                    self.advance();
                }
                other => return Ok(other),
            }
        }
    }

    /// Copies one value to `held` until it has `limit` bytes; false if the value was longer.
    fn value_into(&mut self, held: &mut Vec<u8>, limit: usize) -> Result<bool, Stop> {
        if !self.fill()? {
            return Err(Stop::End);
        }
        match self.buffer[self.at] {
            b'{' | b'[' => self.nested_into(held, limit),
            b'"' => self.string_into(held, limit),
            byte if byte == b'-' || byte.is_ascii_alphanumeric() => self.word_into(held, limit),
            byte => Err(Stop::Unexpected(byte)),
        }
    }

    fn nested_into(&mut self, held: &mut Vec<u8>, limit: usize) -> Result<bool, Stop> {
        let mut depth = 0_usize;
        let mut whole = true;
        loop {
            if !self.fill()? {
                return Err(Stop::End);
            }
            let rest = &self.buffer[self.at..self.filled];
            let run =
                rest.iter().position(|b| matches!(b, b'"' | b'{' | b'}' | b'[' | b']')).unwrap_or(rest.len());
            whole &= keep(held, &rest[..run], limit);
            self.at += run;
            let Some(byte) = self.peek_buffered() else {
                continue;
            };
            if byte == b'"' {
                whole &= self.string_into(held, limit)?;
                continue;
            }
            whole &= keep(held, &[byte], limit);
            self.advance();
            if matches!(byte, b'{' | b'[') {
                depth += 1;
            } else {
                depth -= 1;
            }
            if depth == 0 {
                return Ok(whole);
            }
        }
    }

    fn string_into(&mut self, held: &mut Vec<u8>, limit: usize) -> Result<bool, Stop> {
        let mut whole = keep(held, b"\"", limit);
        self.advance();
        loop {
            if !self.fill()? {
                return Err(Stop::End);
            }
            let rest = &self.buffer[self.at..self.filled];
            let run = memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
            whole &= keep(held, &rest[..run], limit);
            self.at += run;
            let Some(byte) = self.peek_buffered() else {
                continue;
            };
            whole &= keep(held, &[byte], limit);
            self.advance();
            if byte == b'"' {
                return Ok(whole);
            }
            if !self.fill()? {
                return Err(Stop::End);
            }
            whole &= keep(held, &[self.buffer[self.at]], limit);
            self.advance();
        }
    }

    fn word_into(&mut self, held: &mut Vec<u8>, limit: usize) -> Result<bool, Stop> {
        let mut whole = true;
        while self.fill()? {
            let byte = self.buffer[self.at];
            if matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n') {
                break;
            }
            whole &= keep(held, &[byte], limit);
            self.advance();
        }
        Ok(whole)
    }
}

/// Appends `part` unless `held` would outgrow `limit`; false if it would.
fn keep(held: &mut Vec<u8>, part: &[u8], limit: usize) -> bool {
    let fits = held.len() + part.len() <= limit;
    if fits {
        held.extend_from_slice(part);
    }
    fits
}
