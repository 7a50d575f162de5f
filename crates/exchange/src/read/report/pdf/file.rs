//! The objects of a PDF file.
//!
//! The file is read once from its beginning to its end, and each object where it stands: of two with one number the later
//! holds. Its cross-reference table is not asked, so that a file whose table is broken is read like any other, and none can
//! have one stretch of bytes read many times over. No two objects share bytes, not in the file and not in an
//! object stream, and the values that they hold together are limited, so that what is held in memory is.
//! Pictures, remarks and the logical structure are passed over: there is no text of a page in them.
//!
//! Source: ISO 32000-1, 7.2 (lexical conventions), 7.3.10 (indirect objects), 7.5.5 (trailer), 7.5.7 (object streams),
//! 7.6 (encryption).

use std::collections::BTreeMap;

use lopdf::{Dictionary, Document, Object, ObjectId, ObjectStream, Stream, dictionary};
use memchr::memmem;
use stix::Finding;

use super::PAGE_BYTES_MAX;

/// Most values of all objects together, and of one page's content: numbers, names, texts, lists and dictionaries. In memory each
/// takes some hundred bytes.
pub(super) const VALUES_MAX: usize = 2_000_000;
/// Longest content of all object streams together, decoded, in bytes.
const PACKED_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Most white space between a stream and the word that ends it, in bytes.
const BLANKS_MAX: usize = 64;
/// How deep brackets may stand within a text. Fewer than the library reads, so that what is taken for a text here is one there.
const BRACKETS_MAX: usize = 64;

/// Reads the objects of a file, those of object streams among them, decrypted if no password is needed. Object streams that
/// can't be read are findings; `Err` says why nothing can be read.
pub(super) fn document(bytes: &[u8]) -> Result<(Document, Vec<Finding>), String> {
    let mut scan = Scan { bytes, ..Scan::default() };
    scan.run()?;
    let mut document = Document::new();
    document.trailer = scan.trailer;
    document.objects = scan.objects;
    if document.trailer.has(b"Encrypt") {
        decrypt(&mut document, &scan.packed)?;
    }
    let mut findings = Vec::new();
    let (mut unpacked_bytes, mut values) = (0, scan.values);
    for (at, id) in scan.packed {
        let current = scan.places.get(&id) == Some(&at);
        let Some(Object::Stream(stream)) = document.objects.get(&id).filter(|_| current) else { continue };
        let members = match unpack(stream, &mut unpacked_bytes, &mut values) {
            Ok(members) => members,
            Err(Unread::Whole(message)) => return Err(format!("object {}: {message}", id.0)),
            Err(Unread::Part(message)) => {
                findings.push(Finding::error("pdf-object-stream", format!("object {}", id.0), message));
                continue;
            }
        };
        document.objects.remove(&id);
        for (number, object) in members {
            if scan.places.get(&(number, 0)).is_none_or(|place| *place <= at) {
                scan.places.insert((number, 0), at);
                document.objects.insert((number, 0), object);
            }
        }
    }
    if !document.trailer.has(b"Root") {
        let catalog = document.objects.iter().rev().find(|(_, object)| has_type(object, b"Catalog"));
        let root = catalog.map(|(id, _)| *id).ok_or("not a PDF that can be read: it has no catalog")?;
        document.trailer.set("Root", root);
    }
    Ok((document, findings))
}

/// Undoes an encryption that asks for no password.
fn decrypt(document: &mut Document, packed: &[(usize, ObjectId)]) -> Result<(), String> {
    // The library would unpack object streams on its own, without limits.
    for (_, id) in packed {
        if let Some(Object::Stream(stream)) = document.objects.get_mut(id) {
            stream.dict.remove(b"Type");
        }
    }
    match document.decrypt("") {
        Err(_) if document.encryption_state.is_none() => {
            Err("the PDF is encrypted; save it without a password".to_owned())
        }
        // A part that can't be decrypted leaves the others alone.
        Err(_) | Ok(()) => Ok(()),
    }
}

/// Why an object stream is not read, and what that means for the document.
enum Unread {
    /// The document is made to be large.
    Whole(String),
    /// What the stream holds is missing.
    Part(String),
}

/// The objects of an object stream by number. Each ends where the next begins.
fn unpack(stream: &Stream, bytes: &mut usize, values: &mut usize) -> Result<Vec<(u32, Object)>, Unread> {
    let part = |message: &str| Unread::Part(message.to_owned());
    let limit = PAGE_BYTES_MAX.min(PACKED_BYTES_MAX - *bytes);
    let content = stream.get_plain_content_with_limit(limit).map_err(|error| {
        *bytes += limit;
        if *bytes >= PACKED_BYTES_MAX {
            return Unread::Whole(format!("object streams hold more than {PACKED_BYTES_MAX} bytes"));
        }
        Unread::Part(format!("the object stream can't be read: {error}"))
    })?;
    *bytes += content.len();
    *values += values_at_most(&content);
    if *values > VALUES_MAX {
        return Err(Unread::Whole(too_many()));
    }
    let first = stream.dict.get(b"First").and_then(Object::as_i64).ok();
    let first = first.and_then(|first| usize::try_from(first).ok());
    let (Some(index), Some(first)) = (first.and_then(|first| content.get(..first)), first) else {
        return Err(part("the object stream does not say where its objects begin"));
    };
    let index = std::str::from_utf8(index).map_err(|_| part("the object stream's index is no text"))?;
    let numbers = index
        .split(['\r', '\n'])
        .flat_map(|line| line.split('%').next().unwrap_or_default().split_ascii_whitespace());
    let numbers: Option<Vec<u32>> = numbers.map(|number| number.parse().ok()).collect();
    let numbers = numbers.ok_or_else(|| part("the object stream's index is not made of numbers"))?;
    let mut places: Vec<(usize, u32)> = numbers
        .chunks_exact(2)
        .filter_map(|pair| Some((first.checked_add(usize::try_from(pair[1]).ok()?)?, pair[0])))
        .collect();
    places.sort_unstable();
    if places.array_windows().any(|[one, next]| one.0 == next.0) {
        return Err(Unread::Whole("several objects of an object stream share one place in it".to_owned()));
    }
    let ends = places.iter().skip(1).map(|next| next.0).chain([content.len()]);
    let members = places
        .iter()
        .zip(ends)
        .filter_map(|((start, number), end)| Some((*number, value(content.get(*start..end)?)?)))
        .filter(|(_, object)| !is_needless(object))
        .collect();
    Ok(members)
}

fn too_many() -> String {
    format!("the PDF's objects hold more than {VALUES_MAX} values; split it")
}

/// The value with which some bytes begin. The library has no other way to it than an object stream of one object.
fn value(bytes: &[u8]) -> Option<Object> {
    let content = [b"1 0 ", bytes].concat();
    let stream = Stream::new(dictionary! {"N" => 1, "First" => 4}, content);
    ObjectStream::new_with_limit(&stream, Some(stream.content.len())).ok()?.objects.into_values().next()
}

fn has_type(object: &Object, name: &[u8]) -> bool {
    let dictionary = match object {
        Object::Dictionary(dictionary) => dictionary,
        Object::Stream(stream) => &stream.dict,
        _ => return false,
    };
    dictionary.has_type(name)
}

/// Whether no text of a page depends on an object.
fn is_needless(object: &Object) -> bool {
    let picture = |stream: &Stream| {
        stream.dict.get(b"Subtype").and_then(Object::as_name).is_ok_and(|name| name == b"Image")
    };
    object.as_stream().is_ok_and(picture) || has_type(object, b"Annot") || has_type(object, b"StructElem")
}

/// What is found on the way through a file.
#[derive(Default)]
struct Scan<'b> {
    bytes: &'b [u8],
    objects: BTreeMap<ObjectId, Object>,
    /// Where the newest of each number stands.
    places: BTreeMap<ObjectId, usize>,
    /// Object streams and where they stand, in order.
    packed: Vec<(usize, ObjectId)>,
    trailer: Dictionary,
    values: usize,
}

impl Scan<'_> {
    fn run(&mut self) -> Result<(), String> {
        let bytes = self.bytes;
        let mut indirect = Vec::new();
        // Where the last object's value began, and where it ended.
        let (mut last, mut from) = (0, 0);
        while let Some((start, body, id)) = next_object(bytes, last, from) {
            self.trailers(from, start)?;
            let (end, keyword) = end_of_body(bytes, body);
            (last, from) = (body, end);
            let slice = bytes.get(body..end).unwrap_or_default();
            self.count(slice)?;
            match value(slice) {
                Some(Object::Dictionary(dictionary)) if keyword == b"stream" => {
                    let (content, after) = stream_content(bytes, end + keyword.len(), &dictionary);
                    if let Ok(length) = dictionary.get(b"Length").and_then(Object::as_reference) {
                        indirect.push((id, length));
                    }
                    from = after;
                    self.keep(start, id, Stream::new(dictionary, content.to_vec()).into());
                }
                Some(object) => self.keep(start, id, object),
                None => {}
            }
        }
        self.trailers(from, bytes.len())?;
        // What is said elsewhere to be shorter than the place up to the keyword is shorter.
        for (id, length) in indirect {
            let length = self.objects.get(&length).and_then(|object| object.as_i64().ok());
            let length = length.and_then(|length| usize::try_from(length).ok());
            if let (Some(Object::Stream(stream)), Some(length)) = (self.objects.get_mut(&id), length)
                && (length..length + 3).contains(&stream.content.len())
            {
                stream.content.truncate(length);
            }
        }
        Ok(())
    }

    fn count(&mut self, slice: &[u8]) -> Result<(), String> {
        self.values += 1 + values_at_most(slice);
        if self.values > VALUES_MAX { Err(too_many()) } else { Ok(()) }
    }

    fn keep(&mut self, start: usize, id: ObjectId, object: Object) {
        if has_type(&object, b"XRef") {
            // A cross-reference stream is also a trailer.
            if let Object::Stream(stream) = &object {
                self.trailer(&stream.dict);
            }
            return;
        }
        self.places.insert(id, start);
        if is_needless(&object) {
            self.objects.remove(&id);
            return;
        }
        if has_type(&object, b"ObjStm") {
            self.packed.push((start, id));
        }
        self.objects.insert(id, object);
    }

    /// Takes what stands in the trailers between two objects.
    fn trailers(&mut self, from: usize, to: usize) -> Result<(), String> {
        let between = self.bytes.get(..to).unwrap_or_default();
        let mut from = from;
        while let Some(at) = between.get(from..).and_then(|rest| memmem::find(rest, b"trailer")) {
            let start = from + at + b"trailer".len();
            // No byte is looked at twice, however many trailers there are.
            from = end_of_body(between, start).0;
            let slice = between.get(start..from).unwrap_or_default();
            self.count(slice)?;
            if let Some(Object::Dictionary(dictionary)) = value(slice.trim_ascii_start()) {
                self.trailer(&dictionary);
            }
        }
        Ok(())
    }

    fn trailer(&mut self, dictionary: &Dictionary) {
        for key in ["Root", "Info", "ID", "Encrypt"] {
            if let Ok(value) = dictionary.get(key.as_bytes()) {
                self.trailer.set(key, value.clone());
            }
        }
    }
}

/// The next object whose keyword stands at `from` or later: where its number stands, not before `lowest`, where its value
/// begins, and its number.
fn next_object(bytes: &[u8], lowest: usize, from: usize) -> Option<(usize, usize, ObjectId)> {
    memmem::find_iter(bytes.get(from..)?, b"obj").find_map(|at| {
        let at = from + at;
        let before = bytes.get(lowest..at)?;
        if bytes.get(at + 3).is_some_and(u8::is_ascii_alphanumeric) {
            return None;
        }
        let (before, generation) = last_number(before.trim_ascii_end())?;
        let (number_before, number) = last_number(before.trim_ascii_end())?;
        let apart = before.last().is_some_and(u8::is_ascii_whitespace);
        let id = (number.parse().ok()?, generation.parse().ok()?);
        apart.then_some((lowest + number_before.len(), at + 3, id))
    })
}

/// The number with which some bytes end, and what stands before it.
fn last_number(bytes: &[u8]) -> Option<(&[u8], &str)> {
    let digits = bytes.iter().rev().take(11).take_while(|byte| byte.is_ascii_digit()).count();
    let (before, number) = bytes.split_at_checked(bytes.len() - digits)?;
    let fine = (1..=10).contains(&digits);
    std::str::from_utf8(number).ok().filter(|_| fine).map(|number| (before, number))
}

/// Where a value ends, and the keyword that stands there: `stream`, or what ends an object, even if it is another's.
fn end_of_body(bytes: &[u8], from: usize) -> (usize, &'static [u8]) {
    const KEYWORDS: [&[u8]; 6] = [b"endobj", b"stream", b"obj", b"endstream", b"startxref", b"trailer"];
    let mut at = from;
    while let Some(byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        at += match byte {
            b'(' => match text_length(rest) {
                Some(length) => length,
                // It has no end: so the object has none either, but the next may.
                None => memmem::find(rest, b"endobj").unwrap_or(rest.len()),
            },
            b'%' => memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len()),
            b'/' => 1 + rest.iter().skip(1).take_while(|byte| is_regular(**byte)).count(),
            byte if is_regular(*byte) => {
                let length = rest.iter().take_while(|byte| is_regular(**byte)).count();
                let word = rest.get(..length).unwrap_or_default();
                if let Some(keyword) = KEYWORDS.into_iter().find(|keyword| word.starts_with(keyword)) {
                    return (at, keyword);
                }
                length
            }
            _ => 1,
        };
    }
    (bytes.len(), b"")
}

/// How many values some bytes hold, or fewer: each begins with a word or a bracket.
pub(super) fn values_at_most(bytes: &[u8]) -> usize {
    let (mut values, mut inside) = (0, false);
    for byte in bytes {
        let regular = is_regular(*byte);
        values += usize::from(regular && !inside || matches!(byte, b'(' | b'<' | b'[' | b'/'));
        inside = regular;
    }
    values
}

/// Whether a byte is part of a word: neither white space nor a delimiter.
const fn is_regular(byte: u8) -> bool {
    let blank = matches!(byte, b'\0' | b'\t' | b'\n' | b'\x0c' | b'\r' | b' ');
    !blank && !matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

/// The length of a text in brackets, if it ends.
fn text_length(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        let next = at + bytes.get(at..)?.iter().position(|byte| matches!(byte, b'(' | b')' | b'\\'))?;
        at = next + 1;
        match bytes.get(next)? {
            b'(' if depth == BRACKETS_MAX => return None,
            b'(' => depth += 1,
            b')' if depth == 1 => return Some(at),
            b')' => depth -= 1,
            _ => at += 1,
        }
    }
}

/// The content of a stream whose keyword ends at a place, and where reading goes on.
fn stream_content<'b>(bytes: &'b [u8], from: usize, dictionary: &Dictionary) -> (&'b [u8], usize) {
    const END: &[u8] = b"endstream";
    let start = from
        + match bytes.get(from..).unwrap_or_default() {
            [b'\r', b'\n', ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            _ => 0,
        };
    let rest = bytes.get(start..).unwrap_or_default();
    let length = dictionary.get(b"Length").and_then(Object::as_i64).ok();
    let said = length.and_then(|length| rest.split_at_checked(usize::try_from(length).ok()?));
    if let Some((content, after)) = said {
        let blanks = after.iter().take(BLANKS_MAX).take_while(|byte| byte.is_ascii_whitespace()).count();
        if after.get(blanks..).is_some_and(|after| after.starts_with(END)) {
            return (content, start + content.len() + blanks + END.len());
        }
    }
    let Some(end) = memmem::find(rest, END) else { return (rest, bytes.len()) };
    let content = rest.get(..end).unwrap_or_default();
    let content = content.strip_suffix(b"\n").unwrap_or(content);
    (content.strip_suffix(b"\r").unwrap_or(content), start + end + END.len())
}
