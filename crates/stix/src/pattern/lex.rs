//! Words of the pattern language, one at a time and borrowed from the text where nothing is escaped.
//!
//! Source: STIX 2.1, section 9, lexer rules of the ANTLR grammar.

use std::borrow::Cow;

use super::PatternError;

/// One word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// An identifier or keyword.
    Word(&'a str),
    /// `'…'`, unescaped.
    Text(Cow<'a, str>),
    /// `b'…'`
    Binary(Cow<'a, str>),
    /// `h'…'`
    Hex(Cow<'a, str>),
    /// `t'…'`
    Time(Cow<'a, str>),
    /// An integer, as written.
    Integer(&'a str),
    /// A float, as written.
    Float(&'a str),
    /// Punctuation and operators.
    Sign(&'static str),
    /// Nothing is left.
    End,
}

impl Token<'_> {
    /// The token as a person would point at it.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Word(text) | Self::Integer(text) | Self::Float(text) => format!("`{}`", cut(text)),
            Self::Text(text) => format!("the string '{}'", cut(text)),
            Self::Binary(_) => "a binary literal".to_owned(),
            Self::Hex(_) => "a hexadecimal literal".to_owned(),
            Self::Time(_) => "a timestamp literal".to_owned(),
            Self::Sign(sign) => format!("`{sign}`"),
            Self::End => "the end of the pattern".to_owned(),
        }
    }
}

fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Reads a pattern word by word.
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The next word with its byte offset; [`Token::End`] when nothing is left.
    ///
    /// # Errors
    /// [`PatternError`] at the first byte that begins no word.
    pub(super) fn next(&mut self) -> Result<(usize, Token<'a>), PatternError> {
        self.skip()?;
        let at = self.at;
        let (token, length) = word(self.text, at)?;
        self.at += length;
        Ok((at, token))
    }

    /// Goes over white space and comments.
    fn skip(&mut self) -> Result<(), PatternError> {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                Some(b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c) => self.at += 1,
                Some(b'/') if bytes.get(self.at + 1) == Some(&b'/') => {
                    let rest = &bytes[self.at..];
                    self.at += memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
                }
                Some(b'/') if bytes.get(self.at + 1) == Some(&b'*') => {
                    let end = self.text[self.at + 2..].find("*/").ok_or_else(|| {
                        error(self.at, "`*/` that ends the comment", "the end of the pattern")
                    })?;
                    self.at += end + 4;
                }
                Some(byte) if !byte.is_ascii() => match self.text[self.at..].chars().next() {
                    Some(space) if space.is_whitespace() => self.at += space.len_utf8(),
                    _ => return Ok(()),
                },
                _ => return Ok(()),
            }
        }
    }
}

fn word(text: &str, at: usize) -> Result<(Token<'_>, usize), PatternError> {
    let rest = &text[at..];
    let bytes = rest.as_bytes();
    let second = bytes.get(1).copied();
    match bytes.first() {
        None => Ok((Token::End, 0)),
        Some(b'\'') => {
            let (value, length) = quoted(text, at)?;
            Ok((Token::Text(value), length))
        }
        Some(kind @ (b'b' | b'h' | b't')) if second == Some(b'\'') => literal(text, at, *kind),
        Some(first) if first.is_ascii_alphabetic() || *first == b'_' => {
            let end = bytes.iter().position(|b| !(b.is_ascii_alphanumeric() || *b == b'_' || *b == b'-'));
            let length = end.unwrap_or(bytes.len());
            Ok((Token::Word(&rest[..length]), length))
        }
        Some(b'0'..=b'9' | b'+' | b'-' | b'.') if begins_number(rest) => number(rest, at),
        Some(first) => match sign(*first, second) {
            Some(sign) => Ok((Token::Sign(sign), sign.len())),
            None => {
                let found: String = rest.chars().take(1).collect();
                Err(error(at, "a word of the pattern language", &found))
            }
        },
    }
}

/// The longest sign that begins with these bytes.
fn sign(first: u8, second: Option<u8>) -> Option<&'static str> {
    Some(match (first, second) {
        (b'[', _) => "[",
        (b']', _) => "]",
        (b':', _) => ":",
        (b'.', _) => ".",
        (b'=', Some(b'=')) => "==",
        (b'=', _) => "=",
        (b'(', _) => "(",
        (b')', _) => ")",
        (b',', _) => ",",
        (b'*', _) => "*",
        (b'!', Some(b'=')) => "!=",
        (b'<', Some(b'>')) => "<>",
        (b'<', Some(b'=')) => "<=",
        (b'<', _) => "<",
        (b'>', Some(b'=')) => ">=",
        (b'>', _) => ">",
        (b'-', _) => "-",
        _ => return None,
    })
}

/// Reads `b'…'`, `h'…'` or `t'…'`.
fn literal(text: &str, at: usize, kind: u8) -> Result<(Token<'_>, usize), PatternError> {
    let (value, length) = quoted(text, at + 1)?;
    let length = length + 1;
    match kind {
        b'h' if value.len().is_multiple_of(2) && value.bytes().all(|b| b.is_ascii_hexdigit()) => {
            Ok((Token::Hex(value), length))
        }
        b'h' => Err(error(at, "pairs of hexadecimal digits", &cut(&value))),
        b'b' if is_base64(&value) => Ok((Token::Binary(value), length)),
        b'b' => Err(error(at, "base64", &cut(&value))),
        _ => Ok((Token::Time(value), length)),
    }
}

/// A sign or none, a point or none, a digit: in that order, or `..1` would be a number of no length.
fn begins_number(rest: &str) -> bool {
    let rest = rest.strip_prefix(['+', '-']).unwrap_or(rest);
    let rest = rest.strip_prefix('.').unwrap_or(rest);
    rest.starts_with(|c: char| c.is_ascii_digit())
}

/// `[+-]? ('0' | [1-9][0-9]*)` or `[+-]? [0-9]* '.' [0-9]+`
fn number(rest: &str, at: usize) -> Result<(Token<'_>, usize), PatternError> {
    let sign = usize::from(rest.starts_with(['+', '-']));
    let digits = |from: usize| rest[from..].bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(sign);
    let point = sign + whole;
    if rest[point..].starts_with('.') {
        let part = digits(point + 1);
        if part > 0 {
            let length = point + 1 + part;
            return Ok((Token::Float(&rest[..length]), length));
        }
    }
    if whole > 1 && rest[sign..].starts_with('0') {
        return Err(error(at, "a number without leading zeros", &cut(rest)));
    }
    Ok((Token::Integer(&rest[..point]), point))
}

/// Reads `'…'` at `at`; a backslash takes the next character as it is. Gives the value and the length read.
fn quoted(text: &str, at: usize) -> Result<(Cow<'_, str>, usize), PatternError> {
    let unclosed = || error(at, "a closing `'`", "the end of the pattern");
    let bytes = text.as_bytes();
    let start = at + 1;
    let mut value = String::new();
    let mut from = start;
    loop {
        let run = bytes.get(from..).and_then(|rest| memchr::memchr2(b'\'', b'\\', rest));
        let end = from + run.ok_or_else(unclosed)?;
        if bytes[end] == b'\'' {
            let length = end + 1 - at;
            if from == start {
                return Ok((Cow::Borrowed(&text[start..end]), length));
            }
            value.push_str(&text[from..end]);
            return Ok((Cow::Owned(value), length));
        }
        value.push_str(&text[from..end]);
        match text[end + 1..].chars().next() {
            Some(escaped @ ('\'' | '\\')) => {
                value.push(escaped);
                from = end + 2;
            }
            Some(other) => return Err(error(end, "`\\'` or `\\\\`", &format!("\\{other}"))),
            None => return Err(unclosed()),
        }
    }
}

fn is_base64(value: &str) -> bool {
    let bytes = value.as_bytes();
    let padding = bytes.iter().rev().take_while(|b| **b == b'=').count();
    bytes.len().is_multiple_of(4)
        && padding <= 2
        && bytes[..bytes.len() - padding]
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
}

pub(super) fn error(offset: usize, expected: &'static str, found: &str) -> PatternError {
    PatternError { offset, expected, found: found.to_owned() }
}
