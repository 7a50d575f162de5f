//! What is handed out: bytes with their type and their tag.

use crate::hex::hex;
use bytes::Bytes;
use sha2::{Digest, Sha256};

/// An artefact, ready to go to the member that it was made for.
#[derive(Debug, Clone)]
pub struct Artefact {
    /// Its media type.
    pub content_type: &'static str,
    /// The name under which to save it.
    pub file_name: String,
    /// Its bytes.
    pub body: Bytes,
    /// How many values it holds.
    pub entries: usize,
    /// The number of the list's state, from which changes can be asked for; lists alone have one.
    pub number: Option<String>,
    /// Rules that are held back, and why: they would break the file for the others, or the guard holds them.
    pub held: Vec<HeldRule>,
    /// What a device's limits left out of a list, if there were limits.
    pub left_out: Option<LeftOut>,
    tag: String,
}

/// What a device's limits left out of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftOut {
    /// How many values of the list go.
    pub kept: usize,
    /// How many do not.
    pub left_out: usize,
}

/// A rule that a partner shared and that is held back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldRule {
    /// The indicator's id.
    pub object: String,
    /// The indicator's name.
    pub name: Option<String>,
    /// Why it is held.
    pub why: String,
}

impl Artefact {
    pub(crate) fn new(
        content_type: &'static str,
        file_name: impl Into<String>,
        body: impl Into<Bytes>,
        entries: usize,
    ) -> Self {
        let (file_name, body): (String, Bytes) = (file_name.into(), body.into());
        let tag = tag(&body);
        Self { content_type, file_name, body, entries, number: None, held: Vec::new(), left_out: None, tag }
    }

    pub(crate) fn holding(self, held: Vec<HeldRule>) -> Self {
        Self { held, ..self }
    }

    /// The same as the state `number` of a list, which is said in a line between `head` and the rest, if there is one: it is no part
    /// of the content, so that another number alone makes no new version.
    pub(crate) fn numbered(self, number: String, line: Option<(&str, &str)>) -> Self {
        let body = match line {
            Some((head, line)) => {
                let rest = self.body.get(head.len()..).unwrap_or_default();
                [head.as_bytes(), line.as_bytes(), rest].concat().into()
            }
            None => self.body,
        };
        Self { body, number: Some(number), ..self }
    }

    pub(crate) fn leaving_out(self, left_out: LeftOut) -> Self {
        Self { left_out: Some(left_out), ..self }
    }

    /// An entity tag (RFC 9110, 8.8.3): the same for the same content. It is a weak one, since the bytes that go over the wire
    /// depend on how they are compressed.
    #[must_use]
    pub fn etag(&self) -> String {
        format!("W/\"{}\"", self.tag)
    }
}

/// What tells one content from another.
pub(crate) fn tag(body: &[u8]) -> String {
    hex(&Sha256::digest(body)[..16])
}
