//! The fonts of a PDF document, as far as text needs them: which letters codes mean, and how wide they are.
//!
//! A font is read once, however many pages use it and under however many names. What is read of all fonts together is limited;
//! a font beyond that has no letters, like one that can't be read, and what the others show stays.
//!
//! Source: ISO 32000-1, 9.6 to 9.10.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use lopdf::{DecompressError, Dictionary, Document, Encoding, Object, ObjectId};
use memchr::memmem;

/// Longest table of letters of one font, decoded, in bytes: one that lists all codes of two bytes has one and a half megabytes.
const LETTERS_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Longest tables of letters of all fonts together, decoded, in bytes.
const ALL_LETTERS_BYTES_MAX: usize = 32 * 1024 * 1024;

/// What ranges of all tables of letters together cost, in bytes; see [`ranges_cost`].
const RANGES_COST_MAX: usize = 32 * 1024 * 1024;

/// The fonts of a document, each read when a page first has it.
pub(super) struct Fonts<'d> {
    document: &'d Document,
    /// By where a font's dictionary lies, since not all have a number.
    read: HashMap<*const Dictionary, Option<Rc<Font<'d>>>>,
    letters_bytes: usize,
    ranges_cost: usize,
    /// Fonts whose letters are left out because they are too many.
    pub(super) too_large: usize,
}

/// The fonts of a page, by the names that it gives them.
pub(super) type PageFonts<'d> = BTreeMap<Vec<u8>, Rc<Font<'d>>>;

impl<'d> Fonts<'d> {
    /// None is read yet.
    pub(super) fn of(document: &'d Document) -> Self {
        Self { document, read: HashMap::new(), letters_bytes: 0, ranges_cost: 0, too_large: 0 }
    }

    /// The fonts of a page that can be read.
    pub(super) fn of_page(&mut self, page: ObjectId) -> lopdf::Result<PageFonts<'d>> {
        let of_page = self.document.get_page_fonts(page)?.into_iter();
        Ok(of_page.filter_map(|(name, font)| Some((name, self.font(font)?))).collect())
    }

    fn font(&mut self, font: &'d Dictionary) -> Option<Rc<Font<'d>>> {
        if let Some(known) = self.read.get(&std::ptr::from_ref(font)) {
            return known.clone();
        }
        let within = self.letters_within(font);
        self.too_large += usize::from(!within);
        let encoding = Some(font).filter(|_| within);
        let encoding = encoding
            .and_then(|font| font.get_font_encoding_with_limit(self.document, LETTERS_BYTES_MAX).ok());
        let read =
            encoding.map(|encoding| Rc::new(Font { encoding, widths: Widths::of(font, self.document) }));
        self.read.insert(std::ptr::from_ref(font), read.clone());
        read
    }

    /// Whether a font's table of letters, if it has one, is within what is read of all together; counts it.
    fn letters_within(&mut self, font: &Dictionary) -> bool {
        let letters = font.get_deref(b"ToUnicode", self.document).and_then(Object::as_stream);
        let Ok(letters) = letters else { return true };
        let limit = LETTERS_BYTES_MAX.min(ALL_LETTERS_BYTES_MAX - self.letters_bytes);
        let content = match letters.get_plain_content_with_limit(limit) {
            Ok(content) => content,
            Err(lopdf::Error::Decompress(DecompressError::MemoryLimitExceeded { .. })) => {
                self.letters_bytes += limit;
                return false;
            }
            // What is in no packing that is known is no table either.
            Err(_) => return true,
        };
        self.letters_bytes += content.len();
        let cost = self.ranges_cost.saturating_add(ranges_cost(&content));
        let within = cost <= RANGES_COST_MAX;
        if within {
            self.ranges_cost = cost;
        }
        within
    }
}

/// What the ranges of a table of letters take in memory, about: the library lists each code of a range, and a list of letters
/// once for each part into which other ranges cut its range.
fn ranges_cost(content: &[u8]) -> usize {
    let starts: Vec<usize> = memmem::find_iter(content, b"beginbfrange").collect();
    let ends = starts.iter().skip(1).copied().chain([content.len()]);
    let sections = starts.iter().zip(ends).map(|(start, end)| {
        let section = content.get(*start..end).unwrap_or_default();
        section.get(..memmem::find(section, b"endbfrange").unwrap_or(section.len())).unwrap_or_default()
    });
    let texts = |section: &[u8]| memchr::memchr_iter(b'<', section).count();
    let ranges = sections.clone().map(texts).sum::<usize>();
    let mut cost = 0_usize;
    for section in sections {
        let mut rest = section;
        while let Some((low, after)) = code(rest) {
            let Some((high, after)) = code(after) else { break };
            let end = match after.trim_ascii_start().first() {
                Some(b'[') => b']',
                _ => b'>',
            };
            let length = memchr::memchr(end, after).map_or(after.len(), |at| at + 1);
            let codes = usize::try_from(u64::from(high.saturating_sub(low)) + 1).unwrap_or(usize::MAX);
            let parts = if end == b']' { codes.min(ranges) } else { codes };
            cost = cost.saturating_add(codes.saturating_mul(16)).saturating_add(parts.saturating_mul(length));
            rest = after.get(length..).unwrap_or_default();
        }
    }
    cost
}

/// The next code in angle brackets, and what follows it. One that is no number counts as the largest.
fn code(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let start = memchr::memchr(b'<', bytes)?;
    let rest = bytes.get(start + 1..)?;
    let end = memchr::memchr(b'>', rest)?;
    let digits: String =
        rest.get(..end)?.iter().filter(|byte| !byte.is_ascii_whitespace()).map(|b| char::from(*b)).collect();
    Some((u32::from_str_radix(&digits, 16).unwrap_or(u32::MAX), rest.get(end + 1..)?))
}

/// A font as far as its text needs it.
pub(super) struct Font<'d> {
    pub(super) encoding: Encoding<'d>,
    pub(super) widths: Widths,
}

/// Widths of glyphs, in thousandths of the font's size.
pub(super) struct Widths {
    /// Codes have two bytes.
    is_wide: bool,
    /// By the first code of each range, the last one and the width.
    by_code: BTreeMap<u32, (u32, f32)>,
    default: f32,
}

impl Widths {
    fn of(font: &Dictionary, document: &Document) -> Self {
        let number = |object: &Object| {
            document.dereference(object).ok().and_then(|(_, object)| object.as_float().ok())
        };
        let list = |font: &Dictionary, key: &[u8]| -> Vec<Object> {
            let found = font.get_deref(key, document).and_then(Object::as_array);
            found.cloned().unwrap_or_default()
        };
        let descendants = list(font, b"DescendantFonts");
        let inner =
            descendants.first().and_then(|object| document.dereference(object).ok()?.1.as_dict().ok());
        let Some(inner) = inner else {
            let first = font
                .get_deref(b"FirstChar", document)
                .ok()
                .and_then(|object| object.as_i64().ok())
                .unwrap_or(0);
            let first = u32::try_from(first).unwrap_or(0);
            let widths = list(font, b"Widths");
            let by_code = widths
                .iter()
                .take(256)
                .zip(first..)
                .filter_map(|(width, code)| Some((code, (code, number(width)?))));
            return Self { is_wide: false, by_code: by_code.collect(), default: 500.0 };
        };
        let default = inner.get(b"DW").ok().and_then(number).unwrap_or(1_000.0);
        let mut by_code = BTreeMap::new();
        let groups = list(inner, b"W");
        let mut at = 0;
        // `c [w1 w2 …]` or `first last w`.
        while let Some(first) = groups.get(at).and_then(number).and_then(whole) {
            match groups.get(at + 1).and_then(|object| document.dereference(object).ok()) {
                Some((_, Object::Array(widths))) => {
                    by_code.extend(
                        widths
                            .iter()
                            .take(65_536)
                            .zip(first..)
                            .filter_map(|(w, code)| Some((code, (code, number(w)?)))),
                    );
                    at += 2;
                }
                Some((_, last)) => {
                    let last = last.as_float().ok().and_then(whole).unwrap_or(first).min(65_535);
                    let Some(width) = groups.get(at + 2).and_then(number) else { break };
                    by_code.insert(first, (last, width));
                    at += 3;
                }
                None => break,
            }
            if by_code.len() > 65_536 {
                break;
            }
        }
        Self { is_wide: true, by_code, default }
    }

    /// How far a text goes, in thousandths, and how many glyphs and blanks of one byte it has.
    pub(super) fn advance(&self, bytes: &[u8]) -> (f32, usize, usize) {
        let width = |code: u32| {
            let range = self.by_code.range(..=code).next_back();
            range.filter(|(_, (last, _))| code <= *last).map_or(self.default, |(_, (_, width))| *width)
        };
        if self.is_wide {
            let codes =
                bytes.chunks(2).map(|pair| pair.iter().fold(0, |code, byte| code << 8 | u32::from(*byte)));
            return (codes.map(width).sum(), bytes.len().div_ceil(2), 0);
        }
        let blanks = memchr::memchr_iter(b' ', bytes).count();
        (bytes.iter().map(|byte| width(u32::from(*byte))).sum(), bytes.len(), blanks)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be within u16")]
fn whole(number: f32) -> Option<u32> {
    (0.0..=65_535.0).contains(&number).then_some(number as u32)
}
