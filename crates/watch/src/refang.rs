//! Defanged spellings, there and back: `hxxp[:]//evil[.]example` is `http://evil.example`.
//!
//! People disarm indicators so that nobody clicks on them, each in their own way. [`refang`] undoes the ways seen in
//! the field and leaves everything else as it was; [`defang`] writes the commonest one. For [`extract`](crate::extract())
//! each byte of the result knows where it came from.

use std::borrow::Cow;

use crate::value::{Kind, Value};

/// Most spellings within spellings, such as `[[.]]`.
const ROUNDS_MAX: usize = 8;

/// What is written for a character, longest first where one begins another.
const SPELLINGS: [(&str, &str); 34] = [
    ("[://]", "://"),
    ("[:]//", "://"),
    ("(://)", "://"),
    ("[:/]/", "://"),
    ("[:]", ":"),
    ("(:)", ":"),
    ("{:}", ":"),
    ("[/]", "/"),
    ("[www]", "www"),
    ("[.]", "."),
    ("(.)", "."),
    ("{.}", "."),
    ("<.>", "."),
    ("[dot]", "."),
    ("(dot)", "."),
    ("{dot}", "."),
    ("<dot>", "."),
    ("[d0t]", "."),
    ("[punkt]", "."),
    ("[point]", "."),
    ("[at]", "@"),
    ("(at)", "@"),
    ("{at}", "@"),
    ("<at>", "@"),
    ("[@]", "@"),
    ("(@)", "@"),
    ("{@}", "@"),
    ("[et]", "@"),
    ("[.", "."),
    (".]", "."),
    ("(.", "."),
    (".)", "."),
    ("{.", "."),
    (".}", "."),
];

/// Schemes as they are disarmed, and as they are.
const SCHEMES: [(&str, &str); 12] = [
    ("hxxps", "https"),
    ("hxxp", "http"),
    ("htxps", "https"),
    ("htxp", "http"),
    ("h**ps", "https"),
    ("h**p", "http"),
    ("httx", "http"),
    ("hxtps", "https"),
    ("hxtp", "http"),
    ("meows", "https"),
    ("meow", "http"),
    ("fxp", "ftp"),
];

/// `text` with every defanged spelling undone; borrowed when there is none. Refanging twice changes nothing more.
#[must_use]
pub fn refang(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(may_disarm) {
        return Cow::Borrowed(text);
    }
    let mut current = Cow::Borrowed(text);
    for _ in 0..ROUNDS_MAX {
        let mut armed = Armed::default();
        if !armed.read(&current) {
            return current;
        }
        current = Cow::Owned(armed.text);
    }
    // Deeper than anyone writes: left as it is, so that brackets in brackets cost no more than they are long.
    Cow::Borrowed(text)
}

/// A value as it can be printed without anyone following it.
#[must_use]
pub fn defang(value: &Value) -> String {
    let text = value.text();
    match value.kind() {
        Kind::Domain | Kind::Ipv4 => text.replace('.', "[.]"),
        Kind::Ipv6 => text.replace(':', "[:]"),
        Kind::Email => text.replace('@', "[@]").replace('.', "[.]"),
        Kind::Url => {
            let rest =
                text.strip_prefix("http").filter(|rest| rest.starts_with(':') || rest.starts_with("s:"));
            rest.map_or_else(|| text.to_owned(), |rest| format!("hxxp{rest}")).replace('.', "[.]")
        }
        _ => text.to_owned(),
    }
}

/// Text with its spellings undone, and where each byte of it began.
#[derive(Default)]
pub(crate) struct Armed {
    pub(crate) text: String,
    /// For each byte of `text`, its place in the original; one more for the end.
    pub(crate) places: Vec<usize>,
    /// For each byte of `text`, where its spelling ends in the original.
    pub(crate) ends: Vec<usize>,
    /// What stands in the word at the end of `text`.
    word: Word,
}

/// What the word that is being written holds, so that nobody has to look back over it for each bracket.
#[derive(Default)]
struct Word {
    round: bool,
    curly: bool,
    square: bool,
    backslash: bool,
    colon: bool,
    slashes: bool,
    slash_last: bool,
}

impl Word {
    fn read(&mut self, text: &str) {
        for letter in text.chars() {
            let slash_before = std::mem::take(&mut self.slash_last);
            match letter {
                ' ' | '\n' | '\t' => *self = Self::default(),
                '(' => self.round = true,
                '{' => self.curly = true,
                '[' => self.square = true,
                '\\' => self.backslash = true,
                ':' => self.colon = true,
                '/' => {
                    self.slashes |= slash_before;
                    self.slash_last = true;
                }
                _ => {}
            }
        }
    }
}

impl Armed {
    /// Reads `source`; false if nothing in it was defanged.
    pub(crate) fn read(&mut self, source: &str) -> bool {
        let bytes = source.as_bytes();
        let mut at = 0;
        let mut changed = false;
        while at < bytes.len() {
            if let Some((length, plain)) = self.spelling(source, at) {
                self.push(plain, at, at + length);
                at += length;
                changed = true;
                continue;
            }
            let width = source[at..].chars().next().map_or(1, char::len_utf8);
            for step in 0..width {
                self.places.push(at + step);
                self.ends.push(at + step + 1);
            }
            self.text.push_str(&source[at..at + width]);
            self.word.read(&source[at..at + width]);
            at += width;
        }
        self.places.push(at);
        changed
    }

    fn push(&mut self, plain: &str, at: usize, end: usize) {
        self.text.push_str(plain);
        self.word.read(plain);
        self.places.resize(self.text.len(), at);
        self.ends.resize(self.text.len(), end);
    }

    fn spelling(&self, source: &str, at: usize) -> Option<(usize, &'static str)> {
        let rest = &source[at..];
        let first = *rest.as_bytes().first()?;
        match first {
            b'[' | b'(' | b'{' | b'<' | b'.' | b' ' => self.bracketed(rest),
            b'\\' => self.escaped(rest),
            b'h' | b'H' | b'm' | b'M' | b'f' | b'F' => self.scheme(rest),
            0xe3 if rest.starts_with('。') => Some(("。".len(), ".")),
            0xef if rest.starts_with('．') => Some(("．".len(), ".")),
            _ => None,
        }
    }

    /// A dot, colon or at sign in brackets, blanks around it included.
    fn bracketed(&self, rest: &str) -> Option<(usize, &'static str)> {
        let inner = rest.strip_prefix(' ').unwrap_or(rest);
        let blanks = rest.len() - inner.len();
        if inner.starts_with(' ')
            || !self.text.ends_with(|c: char| c.is_alphanumeric() || ")]/:@.".contains(c)) && blanks > 0
        {
            return None;
        }
        let (spelling, plain) = SPELLINGS
            .iter()
            .find(|(spelling, _)| starts_with_ignoring_case(inner, spelling))
            .filter(|(spelling, _)| spelling.len() > 2 || self.is_half_bracket(inner, spelling))?;
        let mut length = blanks + spelling.len();
        let after = &rest[length..];
        let whole = spelling.len() > 2 && matches!(*plain, "." | "@");
        if blanks > 0 && !(whole && after.trim_start_matches(' ').starts_with(char::is_alphanumeric)) {
            return None;
        }
        if whole && after.starts_with(' ') && after[1..].starts_with(char::is_alphanumeric) && blanks > 0 {
            length += 1;
        }
        Some((length, plain))
    }

    /// `[.` or `.]` alone, with a name on both sides: somebody lost a bracket.
    fn is_half_bracket(&self, inner: &str, spelling: &str) -> bool {
        let after = inner[spelling.len()..].chars().next();
        let opened = spelling.starts_with('.');
        let is_open = if spelling.ends_with(')') {
            self.word.round
        } else if spelling.ends_with('}') {
            self.word.curly
        } else {
            self.word.square
        };
        self.text.ends_with(char::is_alphanumeric)
            && after.is_some_and(char::is_alphanumeric)
            && !(opened && is_open)
    }

    /// `\.` between two letters or digits.
    fn escaped(&self, rest: &str) -> Option<(usize, &'static str)> {
        let after = rest.strip_prefix("\\.")?.chars().next()?;
        let is_path = self.word.backslash || self.word.colon && !self.word.slashes;
        (self.text.ends_with(char::is_alphanumeric)
            && after.is_alphanumeric()
            && !is_path
            && !is_hive(&self.text))
        .then_some((2, "."))
    }

    fn scheme(&self, rest: &str) -> Option<(usize, &'static str)> {
        if self.text.ends_with(char::is_alphanumeric) {
            return None;
        }
        let (spelling, plain) =
            SCHEMES.into_iter().find(|(spelling, _)| starts_with_ignoring_case(rest, spelling))?;
        let after = rest[spelling.len()..].trim_start_matches([' ']);
        let follows = ["://", "[:", "[://", "(:", "{:", ":\\\\", ":/"];
        follows.iter().any(|start| after.starts_with(start)).then_some((spelling.len(), plain))
    }
}

/// Whether a byte stands in some spelling and not in plain names, numbers and hashes: each spelling has one of them.
const fn may_disarm(byte: u8) -> bool {
    matches!(byte, b'[' | b']' | b'(' | b')' | b'{' | b'}' | b'<' | b'>' | b'\\' | b':') || !byte.is_ascii()
}

fn is_hive(word: &str) -> bool {
    crate::value::HIVES.iter().any(|(short, long)| word.ends_with(short) || word.ends_with(long))
}

fn starts_with_ignoring_case(text: &str, start: &str) -> bool {
    text.as_bytes().get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_has_a_byte_that_tells_it_from_plain_text() {
        for (spelling, _) in SPELLINGS {
            assert!(spelling.bytes().any(may_disarm), "{spelling}");
        }
        for (disarmed, plain) in
            [("hxxp://a", "http://a"), ("a\\.b", "a.b"), ("a。b", "a.b"), ("a．b", "a.b")]
        {
            assert_eq!(refang(disarmed), plain);
        }
    }
}
