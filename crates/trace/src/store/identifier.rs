//! Transactions' identifiers, as short as they can be kept.
//!
//! Nearly all rows of a source have identifiers of one form and length (32 bytes after `0x`, say). They are a plain column of that
//! width. The few that are different are kept aside, with their rows.

use super::NAME_BYTES_MAX;
use super::error::NameError;

/// How an identifier is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub(crate) enum Form {
    /// There is none.
    #[default]
    None = 0,
    /// `0x` and an even number of hexadecimal digits, kept as bytes.
    Prefixed = 1,
    /// 64 hexadecimal digits, kept as bytes.
    Bare = 2,
    /// Anything else, kept as it is.
    Text = 3,
}

impl Form {
    /// The form with this number.
    pub(crate) const fn of(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::None),
            1 => Some(Self::Prefixed),
            2 => Some(Self::Bare),
            3 => Some(Self::Text),
            _ => None,
        }
    }
}

/// An identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Identifier<'a> {
    pub(crate) form: Form,
    pub(crate) bytes: &'a [u8],
}

impl Identifier<'_> {
    /// As people write it; `None` if there is none.
    pub(crate) fn text(&self) -> Option<String> {
        match self.form {
            Form::None => None,
            Form::Prefixed => Some(const_hex::encode_prefixed(self.bytes)),
            Form::Bare => Some(const_hex::encode(self.bytes)),
            Form::Text => Some(String::from_utf8_lossy(self.bytes).into_owned()),
        }
    }
}

/// Digits of an identifier that is kept as bytes without a prefix.
const BARE_DIGITS: usize = 64;

/// What form a text has, and how many bytes it is kept in.
fn form_of(text: &[u8]) -> (Form, usize) {
    match text {
        [] => (Form::None, 0),
        [b'0', b'x' | b'X', digits @ ..] if !digits.is_empty() && digits.len() % 2 == 0 => {
            (Form::Prefixed, digits.len() / 2)
        }
        _ if text.len() == BARE_DIGITS => (Form::Bare, text.len() / 2),
        _ => (Form::Text, text.len()),
    }
}

/// Identifiers of rows, in order.
#[derive(Debug, Default)]
pub(crate) struct Identifiers {
    rows: u32,
    form: Form,
    width: usize,
    bytes: Vec<u8>,
    odd: Vec<(u32, Form, Box<[u8]>)>,
}

impl Identifiers {
    /// Form and width of all that aren't odd.
    pub(crate) const fn shape(&self) -> (Form, usize) {
        (self.form, self.width)
    }

    /// The column: `width` bytes for each row, zeros for the odd ones.
    pub(crate) fn column(&self) -> &[u8] {
        &self.bytes
    }

    /// Those of another form or width, by row.
    pub(crate) fn odd(&self) -> impl Iterator<Item = (u32, Identifier<'_>)> {
        self.odd.iter().map(|(row, form, bytes)| (*row, Identifier { form: *form, bytes }))
    }

    /// Adds what a text says. Empty means that there is none.
    ///
    /// # Errors
    /// [`NameError`]; then nothing is added.
    #[inline]
    pub(crate) fn push_text(&mut self, text: &[u8]) -> Result<(), NameError> {
        let (form, width) = form_of(text);
        if form == Form::Prefixed && self.rows > 0 && form == self.form && width == self.width {
            let from = self.bytes.len();
            self.bytes.resize(from + width, 0);
            let whole = self.bytes.get_mut(from..).zip(text.get(2..));
            if whole.is_some_and(|(place, digits)| const_hex::decode_to_slice(digits, place).is_ok()) {
                self.rows += 1;
                return Ok(());
            }
            self.bytes.truncate(from);
        }
        self.push_any(text, form, width)
    }

    /// Adds an identifier.
    pub(crate) fn push(&mut self, identifier: Identifier<'_>) {
        let Identifier { form, bytes } = identifier;
        if self.rows == 0 {
            (self.form, self.width) = (form, bytes.len());
        }
        if (form, bytes.len()) == self.shape() {
            self.bytes.extend_from_slice(bytes);
        } else {
            self.bytes.resize(self.bytes.len() + self.width, 0);
            self.odd.push((self.rows, form, bytes.into()));
        }
        self.rows += 1;
    }

    /// The identifier of a row.
    pub(crate) fn get(&self, row: usize) -> Option<Identifier<'_>> {
        if row >= self.rows as usize {
            return None;
        }
        if let Ok(at) = self.odd.binary_search_by_key(&(row as u32), |odd| odd.0) {
            return self.odd.get(at).map(|(_, form, bytes)| Identifier { form: *form, bytes });
        }
        let bytes = self.bytes.get(row * self.width..(row + 1) * self.width)?;
        Some(Identifier { form: self.form, bytes })
    }

    fn push_any(&mut self, text: &[u8], form: Form, width: usize) -> Result<(), NameError> {
        if text.len() > NAME_BYTES_MAX {
            return Err(NameError::Long(text.len()));
        }
        let mut short = [0; NAME_BYTES_MAX];
        let digits = if form == Form::Prefixed { text.get(2..).unwrap_or_default() } else { text };
        let decoded = matches!(form, Form::Prefixed | Form::Bare)
            && short.get_mut(..width).is_some_and(|place| const_hex::decode_to_slice(digits, place).is_ok());
        if decoded {
            self.push(Identifier { form, bytes: short.get(..width).unwrap_or_default() });
            return Ok(());
        }
        let printable = std::str::from_utf8(text).is_ok_and(|text| {
            !text.chars().any(|character| character.is_control() || character.is_whitespace())
        });
        if !printable {
            return Err(NameError::Characters);
        }
        let form = if text.is_empty() { Form::None } else { Form::Text };
        self.push(Identifier { form, bytes: text });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_of_any_form_come_out_as_they_went_in() {
        let hash = "5cb4fc2e3d217f3c286358d6bc042259c8befb0dabe450567a987f5770043157";
        let texts = [
            format!("0x{hash}"),
            format!("0x{hash}"),
            hash.to_owned(),
            String::new(),
            "5VERv8NMvzbJMEkV8xnrLkEaWRtSz9CosKDYjCJjBRnbJLgp8uirBgmQpjKhoR4tjF3ZpRzrFmBV6UjKdiSZkQUW"
                .to_owned(),
            "0xabc".to_owned(),
            "0xzz".to_owned(),
            format!("0x{hash}"),
            format!("0xzz{}", &hash[2..]),
        ];
        for turn in 0..texts.len() {
            let mut column = Identifiers::default();
            let order: Vec<_> = texts.iter().cycle().skip(turn).take(texts.len()).collect();
            for text in &order {
                column.push_text(text.as_bytes()).unwrap();
            }
            for (row, text) in order.iter().enumerate() {
                assert_eq!(column.get(row).unwrap().text().unwrap_or_default(), **text);
            }
            assert_eq!(column.get(order.len()), None);
        }
    }

    #[test]
    fn digits_in_upper_case_are_the_same_and_what_is_no_name_is_refused() {
        let mut column = Identifiers::default();
        column.push_text(b"0xABCD").unwrap();
        column.push_text(b"0xabcd").unwrap();
        assert_eq!(column.get(0), column.get(1));
        assert_eq!(column.push_text(b"a b"), Err(NameError::Characters));
        assert_eq!(column.push_text(&[b'a'; 129]), Err(NameError::Long(129)));
        assert_eq!(column.push_text(&[b"0x".as_slice(), &[b'a'; 128]].concat()), Err(NameError::Long(130)));
        column.push_text(&[b'a'; 128]).unwrap();
        assert_eq!(column.get(2).unwrap().bytes.len(), 128);
        assert_eq!(column.get(3), None);
    }
}
