//! A reader over the raw text of one object: no tree, no copy.
//!
//! The text has passed the strict reader before ([`crate::read_head`]), so grammar is not checked a second time:
//! strings are skipped by looking for their end, lists and objects by counting brackets. On a text that is no
//! JSON at all the cursor gives nonsense, but always moves on and never reads past the end. Its small steps are taken for
//! each byte or member, so they are inlined into the modules that take them.

use std::borrow::Cow;

use memchr::memchr2;

/// So many words of eight bytes are searched here before the wide search is started, which takes a while to set up.
const WORDS_NEAR: usize = 4;

/// A string as it stands in the text, without its quotes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quoted<'t> {
    /// What stands between the quotes.
    pub(super) raw: &'t str,
    escaped: bool,
}

impl<'t> Quoted<'t> {
    /// What the string means: borrowed, unless it has escapes.
    pub(super) fn text(self) -> Cow<'t, str> {
        if self.escaped { Cow::Owned(unescaped(self.raw)) } else { Cow::Borrowed(self.raw) }
    }
}

/// Where the first quote or backslash stands, if that is within the first [`WORDS_NEAR`] words.
#[inline]
fn near_end(rest: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const QUOTES: u64 = u64::from_ne_bytes([b'"'; 8]);
    const BACKSLASHES: u64 = u64::from_ne_bytes([b'\\'; 8]);
    // The high bit of each byte that is 0; bytes after the first such one may be marked wrongly.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & (ONES << 7);
    let (words, _) = rest.as_chunks::<8>();
    for (number, word) in words.iter().take(WORDS_NEAR).enumerate() {
        let word = u64::from_le_bytes(*word);
        let marks = zeros(word ^ QUOTES) | zeros(word ^ BACKSLASHES);
        if marks != 0 {
            return Some(number * 8 + marks.trailing_zeros() as usize / 8);
        }
    }
    None
}

#[cold]
fn unescaped(raw: &str) -> String {
    serde_json::from_str(&format!("\"{raw}\"")).unwrap_or_else(|_| raw.to_owned())
}

/// What kind of value begins where the cursor stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    Text,
    Number,
    Boolean,
    Null,
    List,
    Object,
    /// The text is over, or is no JSON.
    Nothing,
}

/// A place in the text of one object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// The same text from another place.
    #[inline]
    pub(super) fn moved(self, at: usize) -> Self {
        Self { at, ..self }
    }

    /// Where the next byte stands that is not white space.
    #[inline]
    pub(super) fn place(&mut self) -> usize {
        self.peek();
        self.at
    }

    /// The text from `from` to where the cursor stands.
    pub(super) fn since(&self, from: usize) -> &'t str {
        self.text.get(from..self.at).unwrap_or_default()
    }

    /// The next byte that is not white space; 0 at the end.
    #[inline]
    pub(super) fn peek(&mut self) -> u8 {
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                Some(byte) => return *byte,
                None => return 0,
            }
        }
    }

    /// What begins here.
    #[inline]
    pub(super) fn begin(&mut self) -> Begin {
        match self.peek() {
            b'"' => Begin::Text,
            b'{' => Begin::Object,
            b'[' => Begin::List,
            b'-' | b'0'..=b'9' => Begin::Number,
            b't' | b'f' => Begin::Boolean,
            b'n' => Begin::Null,
            _ => Begin::Nothing,
        }
    }

    /// Steps into the list or object that begins here.
    #[inline]
    pub(super) fn enter(&mut self) {
        self.peek();
        self.step();
    }

    /// The next key of the object that was entered; its value comes next. `None` leaves the object.
    #[inline]
    pub(super) fn key(&mut self) -> Option<Quoted<'t>> {
        let mut byte = self.peek();
        if byte == b',' {
            self.step();
            byte = self.peek();
        }
        if byte != b'"' {
            self.step();
            return None;
        }
        let key = self.quoted();
        if self.peek() == b':' {
            self.step();
        }
        Some(key)
    }

    /// Whether another element of the list that was entered comes next; false leaves the list.
    #[inline]
    pub(super) fn item(&mut self) -> bool {
        match self.peek() {
            b',' => {
                self.step();
                self.peek() != 0
            }
            b']' | b'}' => {
                self.step();
                false
            }
            byte => byte != 0,
        }
    }

    /// Reads the string that begins here.
    #[inline]
    pub(super) fn quoted(&mut self) -> Quoted<'t> {
        let bytes = self.text.as_bytes();
        let from = (self.at + 1).min(bytes.len());
        let mut escaped = false;
        let mut at = from;
        let end = loop {
            let rest = bytes.get(at..).unwrap_or_default();
            match near_end(rest).or_else(|| memchr2(b'"', b'\\', rest)) {
                Some(offset) if rest.get(offset) == Some(&b'"') => break at + offset,
                Some(offset) => {
                    escaped = true;
                    at += offset + 2;
                }
                None => break bytes.len(),
            }
        };
        self.at = (end + 1).min(bytes.len());
        Quoted { raw: self.text.get(from..end).unwrap_or_default(), escaped }
    }

    /// The string that begins here; `None`, and the value is skipped, if it is none.
    pub(super) fn string(&mut self) -> Option<Cow<'t, str>> {
        if self.peek() == b'"' {
            return Some(self.quoted().text());
        }
        self.skip();
        None
    }

    /// Reads a number or word as it stands.
    pub(super) fn scalar(&mut self) -> &'t str {
        self.peek();
        let from = self.at;
        self.step();
        while let Some(byte) = self.text.as_bytes().get(self.at) {
            if matches!(byte, b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t' | b'"') {
                break;
            }
            self.at += 1;
        }
        self.text.get(from..self.at).unwrap_or_default()
    }

    /// Passes over the value that begins here.
    pub(super) fn skip(&mut self) {
        match self.peek() {
            b'"' => {
                self.quoted();
            }
            b'{' | b'[' => self.skip_nested(),
            _ => {
                self.scalar();
            }
        }
    }

    fn skip_nested(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.text.as_bytes().get(self.at) {
            match byte {
                b'"' => {
                    self.quoted();
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }

    #[inline]
    fn step(&mut self) {
        self.at = (self.at + 1).min(self.text.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_elements_come_in_order() {
        let mut cursor = Cursor::new(r#" { "a" : [1, "x\"]", {"b": []}] , "c\u0041":"d" } "#);
        cursor.enter();
        assert_eq!(cursor.key().unwrap().raw, "a");
        cursor.enter();
        assert!(cursor.item());
        assert_eq!(cursor.scalar(), "1");
        assert!(cursor.item());
        assert_eq!(cursor.string().unwrap(), "x\"]");
        assert!(cursor.item());
        cursor.skip();
        assert!(!cursor.item());
        assert_eq!(cursor.key().unwrap().text(), "cA");
        assert_eq!(cursor.string().unwrap(), "d");
        assert!(cursor.key().is_none());
    }

    #[test]
    fn nonsense_comes_to_an_end() {
        for text in ["", "{", "[,,,", "{\"", "{\"a", "{\"a\":", "[[[", "\"\\", "]", "nul", "{\"a\":}", "é"] {
            let mut cursor = Cursor::new(text);
            cursor.enter();
            for _ in 0..20 {
                cursor.skip();
                cursor.key();
                cursor.item();
                cursor.quoted();
            }
            assert!(cursor.place() <= text.len());
        }
    }
}
