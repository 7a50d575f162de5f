//! `LIKE` and `MATCHES`: text against a shape, in time that grows with the text and the shape, never faster;
//! what is too long for its shape is not compared, and said so.
//!
//! `MATCHES` takes Perl-compatible expressions as far as they can be run without backtracking: no look-around, no
//! back-references, no possessive groups; those are errors when the pattern is made ready. A match is searched for
//! anywhere, and `.` also stands for a line's end. Both operators compare texts in Unicode NFC; binary values are
//! compared as bytes, with expressions whose characters are all below U+0100.
//!
//! Source: STIX 2.1, section 9.6.1 (LIKE, MATCHES), 9.6.3 (string comparison).

use std::borrow::Cow;
use std::str::Chars;
use std::sync::OnceLock;

use regex::{Regex, RegexBuilder, bytes};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::{CompileError, REGEX_BYTES_MAX};

/// Deepest nesting of groups in a regular expression.
const REGEX_DEPTH_MAX: u32 = 100;

/// `text` in NFC.
pub(super) fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc(text) { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

/// The shape of `LIKE`: `%` is any text, `_` any one character; all of the value must fit.
#[derive(Debug)]
pub(super) struct Like {
    shape: Vec<char>,
    /// Whether it can be compared with bytes.
    latin: bool,
}

impl Like {
    pub(super) fn new(text: &str) -> Self {
        let shape: Vec<char> = nfc(text).chars().collect();
        let latin = shape.iter().all(|c| u32::from(*c) < 256);
        Self { shape, latin }
    }

    /// Characters of the shape: so often a character of a text may be looked at.
    pub(super) fn weight(&self) -> usize {
        self.shape.len()
    }

    pub(super) fn fits(&self, text: &str) -> bool {
        let text = nfc(text);
        let mut chars = text.chars();
        fits(&self.shape, &mut chars)
    }

    pub(super) fn fits_bytes(&self, value: &[u8]) -> bool {
        self.latin && fits(&self.shape, &mut value.iter().map(|byte| char::from(*byte)))
    }
}

/// After a `%`, the next piece is taken where it first fits: later places can't make the rest easier.
fn fits<I: Iterator<Item = char> + Clone>(shape: &[char], text: &mut I) -> bool {
    let mut at = 0;
    let mut retry: Option<(usize, I)> = None;
    loop {
        let before = text.clone();
        if shape.get(at) == Some(&'%') {
            at += 1;
            retry = Some((at, before));
            continue;
        }
        let fine = match (shape.get(at), text.next()) {
            (None, None) => return true,
            (Some('_'), Some(_)) => true,
            (Some(wanted), Some(found)) => *wanted == found,
            // More shape than text: a longer `%` would leave even less.
            (Some(_), None) => return false,
            (None, Some(_)) => false,
        };
        if fine {
            at += 1;
            continue;
        }
        let Some((from, rest)) = &mut retry else { return false };
        if rest.next().is_none() {
            return false;
        }
        at = *from;
        *text = rest.clone();
    }
}

/// A regular expression for texts, and for bytes once one is met.
#[derive(Debug)]
pub(super) struct Expression {
    texts: Regex,
    source: String,
    bytes: OnceLock<Option<bytes::Regex>>,
}

impl Expression {
    pub(super) fn new(text: &str) -> Result<Self, CompileError> {
        let source = translated(&nfc(text));
        let texts = RegexBuilder::new(&source)
            .dot_matches_new_line(true)
            .size_limit(REGEX_BYTES_MAX)
            .dfa_size_limit(REGEX_BYTES_MAX)
            .nest_limit(REGEX_DEPTH_MAX)
            .build()
            .map_err(|error| CompileError::Regex { text: text.to_owned(), reason: reason(&error) })?;
        Ok(Self { texts, source, bytes: OnceLock::new() })
    }

    /// Length of the expression, which stands for the states that a character of a text may pass.
    pub(super) fn weight(&self) -> usize {
        self.source.len()
    }

    pub(super) fn finds(&self, text: &str) -> bool {
        self.texts.is_match(&nfc(text))
    }

    pub(super) fn finds_bytes(&self, value: &[u8]) -> bool {
        let expression = self.bytes.get_or_init(|| byte_expression(&self.source));
        expression.as_ref().is_some_and(|expression| expression.is_match(value))
    }
}

/// The same expression over bytes; `None` if it has characters that are no byte.
fn byte_expression(source: &str) -> Option<bytes::Regex> {
    let mut text = String::with_capacity(source.len());
    for c in source.chars() {
        match u32::from(c) {
            0..=127 => text.push(c),
            code @ 128..=255 => text.push_str(&format!("\\x{code:02x}")),
            _ => return None,
        }
    }
    bytes::RegexBuilder::new(&text)
        .unicode(false)
        .dot_matches_new_line(true)
        .size_limit(REGEX_BYTES_MAX)
        .dfa_size_limit(REGEX_BYTES_MAX)
        .nest_limit(REGEX_DEPTH_MAX)
        .build()
        .ok()
}

/// The last line of the library's message; those before it draw the expression.
fn reason(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(limit) => format!("it is larger than {limit} bytes once compiled"),
        other => {
            let text = other.to_string();
            let line = text.lines().last().unwrap_or_default();
            line.trim_start_matches("error: ").to_owned()
        }
    }
}

/// What Perl writes and the library spells otherwise: `$` and `\Z` also stand before a last line's end, `\h` is a blank, `\<`
/// and `\>` are signs, a brace that begins no repetition is a brace.
fn translated(text: &str) -> String {
    let multi_line = text.contains("(?m") || text.contains("(?s-m") || text.contains("(?im");
    let mut out = String::with_capacity(text.len() + 8);
    let mut chars = text.chars();
    // A brace after one of these belongs to it: `\p{L}`, `\x{41}`.
    let mut named = false;
    while let Some(c) = chars.next() {
        let after_name = std::mem::take(&mut named);
        match c {
            '{' if !after_name && !repeats(chars.as_str()) => out.push_str("\\{"),
            '[' => class(&mut chars, &mut out),
            '\\' => match chars.next() {
                Some('Z') => out.push_str("(?:\\n?\\z)"),
                Some('h') => out.push_str("[ \\t]"),
                Some(other) => {
                    named = matches!(other, 'p' | 'P' | 'x' | 'u' | 'U' | 'b');
                    escaped(other, &mut out);
                }
                None => out.push('\\'),
            },
            '$' if !multi_line => out.push_str("(?:\\n?\\z)"),
            _ => out.push(c),
        }
    }
    out
}

/// A class in brackets, whose `[` was read, up to its end. There, a bracket that opens nothing and the library's operators
/// (`&&`, `--`, `~~`) are signs, and so is a `]` at its beginning.
fn class(chars: &mut Chars<'_>, out: &mut String) {
    out.push('[');
    let rest = chars.as_str();
    let negated = rest.strip_prefix('^');
    if negated.is_some() {
        out.push('^');
        chars.next();
    }
    if negated.unwrap_or(rest).starts_with(']') {
        out.push_str("\\]");
        chars.next();
    }
    let mut before = None;
    while let Some(c) = chars.next() {
        match c {
            ']' => {
                out.push(']');
                return;
            }
            '[' => match posix(chars.as_str()) {
                Some(name) => {
                    out.push_str(&format!("[{name}]"));
                    chars.nth(name.chars().count());
                }
                None => out.push_str("\\["),
            },
            '\\' => match chars.next() {
                Some('h') => out.push_str(" \\t"),
                Some(other) => escaped(other, out),
                None => out.push('\\'),
            },
            '&' | '~' | '-' if before == Some(c) => out.extend(['\\', c]),
            _ => out.push(c),
        }
        before = Some(c);
    }
}

/// `:alpha:` where `:alpha:]` follows a bracket.
fn posix(rest: &str) -> Option<&str> {
    let (name, _) = rest.strip_prefix(':')?.split_once(":]")?;
    let fits = name.strip_prefix('^').unwrap_or(name).bytes().all(|byte| byte.is_ascii_lowercase());
    (fits && !name.is_empty()).then(|| &rest[..name.len() + 2])
}

/// What follows a backslash.
fn escaped(c: char, out: &mut String) {
    match c {
        'e' => out.push_str("\\x1b"),
        '<' | '>' => out.push(c),
        other => out.extend(['\\', other]),
    }
}

/// Whether what follows a brace makes it a repetition: `2}`, `2,}`, `2,3}`.
fn repeats(rest: &str) -> bool {
    let Some((inside, _)) = rest.split_once('}') else { return false };
    let (from, to) = inside.split_once(',').unwrap_or((inside, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !from.is_empty() && digits(from) && digits(to)
}
