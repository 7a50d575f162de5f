//! Where a walk over a collection stands, to be kept beside what was taken in.

use serde::{Deserialize, Serialize};

/// The version of the kept form.
const VERSION: u8 = 1;

/// Where a walk stands. The default stands before everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cursor {
    v: u8,
    /// Everything added up to here was handed over: the `added_after` of the walk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Where the server says the next page of an unfinished walk begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The newest date that an unfinished walk has seen: it begins again here if the server does not know `next` any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reached: Option<String>,
}

impl Cursor {
    /// Where a walk stands that is done up to `since`.
    #[must_use]
    pub fn at(since: Option<String>) -> Self {
        Self { v: VERSION, since, next: None, reached: None }
    }

    /// Reads the kept form. What can't be read stands before everything: objects that come again do no harm.
    #[must_use]
    pub fn read(text: &str) -> Self {
        serde_json::from_str(text).ok().filter(|cursor: &Self| cursor.v == VERSION).unwrap_or_default()
    }

    /// The form to keep: one line of JSON.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(&Self { v: VERSION, ..self.clone() }).unwrap_or_default()
    }

    /// Whether the walk was left before its end.
    #[must_use]
    pub const fn is_unfinished(&self) -> bool {
        self.next.is_some() || self.reached.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_and_what_is_none_begins_anew() {
        let cursor =
            Cursor { next: Some("n".to_owned()), ..Cursor::at(Some("2026-01-01T00:00:00Z".to_owned())) };
        assert_eq!(Cursor::read(&cursor.to_text()), cursor);
        assert_eq!(cursor.to_text(), r#"{"v":1,"since":"2026-01-01T00:00:00Z","next":"n"}"#);
        for bad in ["", "{}", "[1]", r#"{"v":2,"since":"x"}"#] {
            let read = Cursor::read(bad);
            assert!(read.since.is_none() && !read.is_unfinished(), "{bad}");
        }
    }
}
