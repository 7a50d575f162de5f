//! What people write: handles and single lines, within limits.

/// Longest handle, in bytes.
pub const HANDLE_BYTES_MAX: usize = 64;
/// Longest name of a person or desk, title or place, in characters.
pub const NAME_CHARS_MAX: usize = 200;
/// Longest question, answer, statement or remark, in characters.
pub const TEXT_CHARS_MAX: usize = 2_000;

/// Why a text can't be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// It is no handle.
    #[error("`{0}` can't be a handle: small letters, digits and hyphens, at most {HANDLE_BYTES_MAX}")]
    Handle(String),
    /// It is no line within the limit.
    #[error("{what} is one line of 1 to {chars_max} characters")]
    Line {
        /// What it is for.
        what: &'static str,
        /// The limit.
        chars_max: usize,
    },
    /// There is too much of something.
    #[error("there are {count} {what}; at most {count_max} can be kept")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        count: usize,
        /// The limit.
        count_max: usize,
    },
}

/// A handle, if it is one: small letters, digits and hyphens.
///
/// # Errors
/// [`TextError::Handle`].
pub fn handle(text: &str) -> Result<(), TextError> {
    let fits = (1..=HANDLE_BYTES_MAX).contains(&text.len());
    let is_plain = text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    match fits && is_plain && !text.starts_with('-') && !text.ends_with('-') {
        true => Ok(()),
        false => Err(TextError::Handle(text.chars().take(HANDLE_BYTES_MAX).collect())),
    }
}

/// A text without space around it, if it is one line of at least one character.
///
/// # Errors
/// [`TextError::Line`], which names `what` it is for.
pub fn line(what: &'static str, text: &str, chars_max: usize) -> Result<String, TextError> {
    let text = text.trim();
    // Direction marks would let a name show what it is not.
    let steers = |c: char| {
        c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    match text.is_empty() || text.chars().count() > chars_max || text.chars().any(steers) {
        true => Err(TextError::Line { what, chars_max }),
        false => Ok(text.to_owned()),
    }
}

/// Whether there are at most so many.
///
/// # Errors
/// [`TextError::TooMany`].
pub fn at_most(what: &'static str, count: usize, count_max: usize) -> Result<(), TextError> {
    match count <= count_max {
        true => Ok(()),
        false => Err(TextError::TooMany { what, count, count_max }),
    }
}

/// A field of a table that no spreadsheet takes for a formula.
#[must_use]
pub fn harmless(text: String) -> String {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_small_letters_digits_and_hyphens() {
        for good in ["kr-duty", "a", "7", &"a".repeat(HANDLE_BYTES_MAX)] {
            assert_eq!(handle(good), Ok(()), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a b", "ä", "a/b", &"a".repeat(HANDLE_BYTES_MAX + 1)] {
            assert!(handle(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_line_has_one_character_at_least_and_no_more_than_its_limit() {
        assert_eq!(line("a name", "  Kim 봉수 ", 6), Ok("Kim 봉수".to_owned()));
        for bad in ["", "  ", "a\nb", "1234567", "a\u{202e}b"] {
            assert!(line("a name", bad, 6).is_err(), "{bad:?}");
        }
        assert!(at_most("circles", 2, 2).is_ok() && at_most("circles", 3, 2).is_err());
    }
}
