//! What is handed out: bytes with their type and their tag.

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
}

impl Artefact {
    pub(crate) fn new(
        content_type: &'static str,
        file_name: impl Into<String>,
        body: impl Into<Bytes>,
        entries: usize,
    ) -> Self {
        Self { content_type, file_name: file_name.into(), body: body.into(), entries }
    }

    /// An entity tag (RFC 9110, 8.8.3): the same for the same bytes.
    #[must_use]
    pub fn etag(&self) -> String {
        let hash = Sha256::digest(&self.body);
        let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("\"{hex}\"")
    }
}
