//! Words of the pattern language. Source: STIX 2.1, section 9, lexer rules of the ANTLR grammar.

use super::PatternError;

/// One word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// An identifier or keyword.
    Word(String),
    /// `'…'`, unescaped.
    Text(String),
    /// `b'…'`
    Binary(String),
    /// `h'…'`
    Hex(String),
    /// `t'…'`
    Time(String),
    /// An integer, as written.
    Integer(String),
    /// A float, as written.
    Float(String),
    /// Punctuation and operators.
    Sign(&'static str),
}

impl Token {
    /// The token as a person would point at it.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Word(text) | Self::Integer(text) | Self::Float(text) => format!("`{}`", cut(text)),
            Self::Text(text) => format!("the string '{}'", cut(text)),
            Self::Binary(_) => "a binary literal".to_owned(),
            Self::Hex(_) => "a hexadecimal literal".to_owned(),
            Self::Time(_) => "a timestamp literal".to_owned(),
            Self::Sign(sign) => format!("`{sign}`"),
        }
    }
}

fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Two-character signs stand first.
const SIGNS: [&str; 17] =
    ["!=", "<>", "==", "<=", ">=", "=", "<", ">", "[", "]", "(", ")", ",", ":", ".", "*", "-"];

/// Splits a pattern into words with their byte offsets.
///
/// # Errors
/// [`PatternError`] at the first byte that begins no word.
pub(super) fn lex(text: &str) -> Result<Vec<(usize, Token)>, PatternError> {
    let mut tokens = Vec::with_capacity(text.len() / 8 + 8);
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        if first.is_whitespace() {
            at += first.len_utf8();
        } else if text[at..].starts_with("//") {
            at += text[at..].find(['\n', '\r']).unwrap_or(text.len() - at);
        } else if text[at..].starts_with("/*") {
            let end =
                text[at..].find("*/").ok_or_else(|| error(at, "`*/` that ends the comment", "the end"))?;
            at += end + 2;
        } else {
            let (token, length) = word(text, at, first)?;
            tokens.push((at, token));
            at += length;
        }
    }
    Ok(tokens)
}

fn word(text: &str, at: usize, first: char) -> Result<(Token, usize), PatternError> {
    let rest = &text[at..];
    if first == '\'' {
        let (value, length) = quoted(text, at)?;
        return Ok((Token::Text(value), length));
    }
    if matches!(first, 'b' | 'h' | 't') && rest[1..].starts_with('\'') {
        let (value, length) = quoted(text, at + 1)?;
        let fine = match first {
            'h' => value.len().is_multiple_of(2) && value.bytes().all(|b| b.is_ascii_hexdigit()),
            'b' => is_base64(&value),
            _ => true,
        };
        if !fine {
            let expected = if first == 'h' { "pairs of hexadecimal digits" } else { "base64" };
            return Err(error(at, expected, &cut(&value)));
        }
        let token = match first {
            'b' => Token::Binary(value),
            'h' => Token::Hex(value),
            _ => Token::Time(value),
        };
        return Ok((token, length + 1));
    }
    if begins_number(rest) {
        return number(rest, at);
    }
    if first.is_ascii_alphabetic() || first == '_' {
        let end = rest.bytes().position(|b| !(b.is_ascii_alphanumeric() || b == b'_' || b == b'-'));
        let length = end.unwrap_or(rest.len());
        return Ok((Token::Word(rest[..length].to_owned()), length));
    }
    match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
        Some(sign) => Ok((Token::Sign(sign), sign.len())),
        None => Err(error(at, "a word of the pattern language", &first.to_string())),
    }
}

/// A sign or none, a point or none, a digit: in that order, or `..1` would be a number of no length.
fn begins_number(rest: &str) -> bool {
    let rest = rest.strip_prefix(['+', '-']).unwrap_or(rest);
    let rest = rest.strip_prefix('.').unwrap_or(rest);
    rest.starts_with(|c: char| c.is_ascii_digit())
}

/// `[+-]? ('0' | [1-9][0-9]*)` or `[+-]? [0-9]* '.' [0-9]+`
fn number(rest: &str, at: usize) -> Result<(Token, usize), PatternError> {
    let sign = usize::from(rest.starts_with(['+', '-']));
    let digits = |from: usize| rest[from..].bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(sign);
    let point = sign + whole;
    if rest[point..].starts_with('.') {
        let part = digits(point + 1);
        if part > 0 {
            let length = point + 1 + part;
            return Ok((Token::Float(rest[..length].to_owned()), length));
        }
    }
    if whole > 1 && rest[sign..].starts_with('0') {
        return Err(error(at, "a number without leading zeros", &cut(rest)));
    }
    Ok((Token::Integer(rest[..point].to_owned()), point))
}

/// Reads `'…'` at `at`; a backslash takes the next character as it is. Gives the value and the length read.
fn quoted(text: &str, at: usize) -> Result<(String, usize), PatternError> {
    let mut value = String::new();
    let mut from = at + 1;
    loop {
        let Some(run) = memchr::memchr2(b'\'', b'\\', &text.as_bytes()[from..]) else {
            return Err(error(at, "a closing `'`", "the end of the pattern"));
        };
        value.push_str(&text[from..from + run]);
        from += run;
        if text[from..].starts_with('\'') {
            return Ok((value, from + 1 - at));
        }
        match text[from + 1..].chars().next() {
            Some(escaped @ ('\'' | '\\')) => {
                value.push(escaped);
                from += 2;
            }
            Some(other) => return Err(error(from, "`\\'` or `\\\\`", &format!("\\{other}"))),
            None => return Err(error(at, "a closing `'`", "the end of the pattern")),
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
