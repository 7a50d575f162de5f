//! Rows of CSV: lines cut into fields.
//!
//! The quick way, for text without a quote, looks for delimiters and line ends in one pass. The careful way, for text with quotes,
//! takes a line end for the row's end only where the quotes before it are even (RFC 4180, section 2), so that nobody can put a
//! row of his own into the name of a token. A quote belongs at the beginning and the end of a field; elsewhere the row is
//! malformed.

use memchr::{memchr, memchr2};

/// A row.
#[derive(Debug)]
pub(super) struct Row<'r, 'p> {
    /// Its line in the piece, from 0 on.
    pub(super) line: u64,
    /// Its fields, without the quotes around them.
    pub(super) fields: &'r [&'p [u8]],
    /// The field whose quotes aren't right.
    pub(super) quote: Option<usize>,
}

/// The rows of a piece of a file.
#[derive(Debug)]
pub(super) struct Rows<'p> {
    rest: &'p [u8],
    delimiter: u8,
    quotes: bool,
    lines: u64,
    open: Option<u64>,
    fields: Vec<&'p [u8]>,
}

impl<'p> Rows<'p> {
    /// Of a piece that begins and ends with a row. `quotes` says whether there are any.
    pub(super) const fn new(piece: &'p [u8], delimiter: u8, quotes: bool) -> Self {
        Self { rest: piece, delimiter, quotes, lines: 0, open: None, fields: Vec::new() }
    }

    /// How many lines have been read.
    pub(super) const fn lines(&self) -> u64 {
        self.lines
    }

    /// The line of a row that ended with the piece while a quote was open: nobody knows which rows it has swallowed.
    pub(super) const fn open(&self) -> Option<u64> {
        self.open
    }

    /// The next row; empty lines are passed over.
    #[inline]
    pub(super) fn next_row(&mut self) -> Option<Row<'_, 'p>> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            let line = self.lines;
            self.fields.clear();
            let quote = if self.quotes { self.careful() } else { self.quick() };
            if self.fields.as_slice() != [b"".as_slice()] {
                return Some(Row { line, fields: &self.fields, quote });
            }
        }
    }

    /// Cuts a row without quotes.
    #[inline]
    fn quick(&mut self) -> Option<usize> {
        self.lines += 1;
        let (mut from, mut at) = (0, 0);
        while let Some(place) = self.rest.get(at..).and_then(|rest| memchr2(self.delimiter, b'\n', rest)) {
            let end = at + place;
            let (Some(field), Some(byte)) = (self.rest.get(from..end), self.rest.get(end)) else { break };
            (at, from) = (end + 1, end + 1);
            if *byte == b'\n' {
                self.fields.push(field.strip_suffix(b"\r").unwrap_or(field));
                self.rest = self.rest.get(at..).unwrap_or_default();
                return None;
            }
            self.fields.push(field);
        }
        let field = self.rest.get(from..).unwrap_or_default();
        self.fields.push(field.strip_suffix(b"\r").unwrap_or(field));
        self.rest = &[];
        None
    }

    /// Cuts a row that may have quotes; tells the field whose quotes are not where they should be.
    fn careful(&mut self) -> Option<usize> {
        let end = row_end(self.rest).unwrap_or(self.rest.len());
        let line = self.lines;
        let (row, rest) = self.rest.split_at(end);
        self.rest = rest.get(1..).unwrap_or_default();
        self.lines += 1 + memchr::memchr_iter(b'\n', row).count() as u64;
        let row = row.strip_suffix(b"\r").unwrap_or(row);
        let (mut from, mut odd, mut wrong) = (0, false, None);
        for place in 0..=row.len() {
            match row.get(place) {
                Some(b'"') => odd = !odd,
                Some(byte) if *byte != self.delimiter => {}
                Some(_) if odd => {}
                _ => {
                    let field = row.get(from..place).unwrap_or_default();
                    let bare = unquoted(field);
                    if bare.is_none() && wrong.is_none() {
                        wrong = Some(self.fields.len());
                    }
                    self.fields.push(bare.unwrap_or(field));
                    from = place + 1;
                }
            }
        }
        self.open = odd.then_some(line);
        wrong
    }
}

/// A field without the quotes around it; `None` if it has quotes elsewhere. Doubled quotes inside stay doubled: no value that is
/// read has any.
fn unquoted(field: &[u8]) -> Option<&[u8]> {
    let Some(inside) = field.strip_prefix(b"\"") else {
        return memchr(b'"', field).is_none().then_some(field);
    };
    let inside = inside.strip_suffix(b"\"")?;
    let mut rest = inside;
    while let Some(place) = memchr(b'"', rest) {
        rest = rest.get(place + 1..)?.strip_prefix(b"\"")?;
    }
    Some(inside)
}

/// Where the first row ends: the first line end with an even number of quotes before it.
pub(super) fn row_end(bytes: &[u8]) -> Option<usize> {
    let (mut at, mut odd) = (0, false);
    while let Some(place) = bytes.get(at..).and_then(|rest| memchr2(b'"', b'\n', rest)) {
        let found = at + place;
        at = found + 1;
        if bytes.get(found) == Some(&b'"') {
            odd = !odd;
        } else if !odd {
            return Some(found);
        }
    }
    None
}

/// Where the last row that is whole ends; the bytes begin with a row.
pub(super) fn last_row_end(bytes: &[u8], quotes: bool) -> Option<usize> {
    if !quotes {
        return memchr::memrchr(b'\n', bytes);
    }
    let mut odd = memchr::memchr_iter(b'"', bytes).count() % 2 == 1;
    memchr::memrchr2_iter(b'"', b'\n', bytes).find(|place| {
        let quote = bytes.get(*place) == Some(&b'"');
        odd ^= quote;
        !quote && !odd
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str, quotes: bool) -> Vec<(u64, Vec<String>, Option<usize>)> {
        let mut rows = Rows::new(text.as_bytes(), b',', quotes);
        let mut all = Vec::new();
        while let Some(row) = rows.next_row() {
            let fields = row.fields.iter().map(|field| String::from_utf8_lossy(field).into_owned());
            all.push((row.line, fields.collect(), row.quote));
        }
        all
    }

    fn check(text: &str, expected: &[(u64, &[&str], Option<usize>)]) {
        let expected: Vec<_> = expected
            .iter()
            .map(|(line, fields, quote)| {
                (*line, fields.iter().map(|field| (*field).to_owned()).collect(), *quote)
            })
            .collect();
        assert_eq!(read(text, true), expected, "{text:?}");
        if !text.contains('"') {
            assert_eq!(read(text, false), expected, "{text:?}");
        }
    }

    #[test]
    fn rows_are_cut_into_fields() {
        check("a,b\nc,d\n", &[(0, &["a", "b"], None), (1, &["c", "d"], None)]);
        check("a,b\r\n\r\n\nc,d", &[(0, &["a", "b"], None), (3, &["c", "d"], None)]);
        check(",\n", &[(0, &["", ""], None)]);
        check("\"a\",\"b,c\"\n", &[(0, &["a", "b,c"], None)]);
        check("\"a\nb\",c\nd,e\n", &[(0, &["a\nb", "c"], None), (2, &["d", "e"], None)]);
        check("\"a\"\"b\",c\n", &[(0, &["a\"\"b", "c"], None)]);
        check("\"\",c\n", &[(0, &["", "c"], None)]);
        check("a\"b\",c\n", &[(0, &["a\"b\"", "c"], Some(0))]);
        check("x,\"a\"b\n", &[(0, &["x", "\"a\"b"], Some(1))]);
        check("x,\"a\n", &[(0, &["x", "\"a\n"], Some(1))]);
        check("\"a\" ,b\n", &[(0, &["\"a\" ", "b"], Some(0))]);
        check("\"\"\"\n", &[(0, &["\"\"\"\n"], Some(0))]);
    }

    proptest! {
        #[test]
        fn both_ways_agree_where_there_are_no_quotes(text in "[ab,\r\n]{0,40}") {
            prop_assert_eq!(read(&text, true), read(&text, false));
        }

        #[test]
        fn what_is_written_with_quotes_is_read_back(rows in prop::collection::vec(prop::collection::vec("[ab,\"\n ]{0,6}", 2), 0..6)) {
            let mut text = String::new();
            for row in &rows {
                let fields: Vec<_> = row.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\""))).collect();
                text += &(fields.join(",") + "\n");
            }
            let found: Vec<Vec<String>> =
                read(&text, true).into_iter().map(|(_, fields, _)| fields.iter().map(|field| field.replace("\"\"", "\"")).collect()).collect();
            prop_assert_eq!(found, rows);
        }

        #[test]
        fn the_last_row_end_is_the_last_of_all(text in "[a\"\n]{0,30}") {
            let bytes = text.as_bytes();
            let (mut ends, mut at) = (Vec::new(), 0);
            while let Some(end) = row_end(&bytes[at..]) {
                ends.push(at + end);
                at += end + 1;
            }
            prop_assert_eq!(last_row_end(bytes, true), ends.last().copied());
        }
    }
}
