//! What a question can mean.

use serde::Deserialize;
use watch::{Kind, Value, guess, normalise};

/// Bytes of a question that are given back, at most: what is longer is no value.
const SHOWN_BYTES_MAX: usize = 512;

/// A value to ask about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The value, in any spelling.
    pub value: String,
    /// What kind of value it is; all that it can be, if it is not said.
    #[serde(default)]
    pub kind: Option<String>,
}

impl Question {
    /// A question about a text of which it is not said what it is.
    #[must_use]
    pub fn of(value: impl Into<String>) -> Self {
        Self { value: value.into(), kind: None }
    }

    /// The text, cut where it is too long to be a value.
    pub(super) fn shown(&self) -> String {
        let mut end = self.value.len().min(SHOWN_BYTES_MAX);
        while !self.value.is_char_boundary(end) {
            end -= 1;
        }
        match self.value.get(..end) {
            Some(shown) if end < self.value.len() => format!("{shown}…"),
            _ => self.value.clone(),
        }
    }
}

/// What a question was read as.
#[derive(Debug, Clone)]
pub(crate) enum Reading {
    /// These values; at least one.
    Values(Vec<Value>),
    /// None, and why.
    Unread(String),
}

impl Reading {
    pub(super) fn of(question: &Question) -> Self {
        let text = question.value.trim();
        match question.kind.as_deref().filter(|kind| !kind.is_empty()) {
            Some(kind) => Self::as_kind(kind, text),
            None => Self::guessed(text),
        }
    }

    fn as_kind(kind: &str, text: &str) -> Self {
        let kind: Kind = match kind.parse() {
            Ok(kind) => kind,
            Err(error) => return Self::Unread(error.to_string()),
        };
        if !kind.screens() {
            return Self::Unread(format!("values of kind {kind} are not screened"));
        }
        match normalise(kind, text) {
            Ok(value) => Self::Values(vec![value]),
            Err(error) => Self::Unread(error.to_string()),
        }
    }

    fn guessed(text: &str) -> Self {
        let also =
            |kinds: &[Kind]| kinds.iter().filter_map(|kind| normalise(*kind, text).ok()).collect::<Vec<_>>();
        if text.is_empty() {
            return Self::Unread("nothing is asked".to_owned());
        }
        if text.starts_with('@') {
            return Self::some(also(&[Kind::Account]));
        }
        let values = match guess(text) {
            // What is a hash of a file may be one of other things.
            Some(value) => match value.kind() {
                Kind::Md5 => also(&[Kind::Md5, Kind::Ja3, Kind::Certificate]),
                Kind::Sha1 => also(&[Kind::Sha1, Kind::Certificate]),
                Kind::Sha256 => also(&[Kind::Sha256, Kind::Certificate]),
                kind if kind.screens() => vec![value],
                kind => return Self::Unread(format!("values of kind {kind} are not screened")),
            },
            None if text.contains('.') && !text.contains(['/', '\\', '@', ':']) => {
                also(&[Kind::Domain, Kind::FileName])
            }
            None => also(&[Kind::Wallet]),
        };
        Self::some(values)
    }

    fn some(values: Vec<Value>) -> Self {
        if values.is_empty() {
            let why = "it has the form of no value; say with `kind` what it is meant to be, and why it is none is told";
            return Self::Unread(why.to_owned());
        }
        Self::Values(values)
    }

    pub(super) fn values(&self) -> &[Value] {
        match self {
            Self::Values(values) => values,
            Self::Unread(_) => &[],
        }
    }
}
