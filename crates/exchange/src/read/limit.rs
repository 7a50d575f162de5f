//! Limits of documents that are read as trees.
//!
//! A tree takes many times the memory of its text where the text has little in it: `{},` is three bytes, and an attribute of
//! MISP five hundred. So beside the bytes, what opens or parts values is counted before a tree is made, which costs next to
//! nothing. What stands in texts counts too: no real document comes near the limits.

use super::ReadError;

/// Longest document of a format whose documents are one tree, in bytes: CSAF, CACAO, OpenIOC. CSAF 2.0 (appendix C.1) has
/// documents end at 15 MB.
pub(super) const DOCUMENT_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Longest list of OFAC, in bytes; the longest one has some 30 MB.
pub(super) const LIST_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Most JSON objects of one document: an advisory, a playbook, an event, a line.
pub(crate) const OBJECTS_MAX: usize = 1_000_000;
/// Most JSON values of one document.
pub(crate) const VALUES_MAX: usize = 8_000_000;

/// Whether one JSON document has few enough objects and values to become a tree.
pub(crate) fn json(text: &[u8]) -> Result<(), ReadError> {
    let objects = memchr::memchr_iter(b'{', text).count();
    if objects > OBJECTS_MAX {
        return Err(ReadError::TooMany { what: "objects", limit: OBJECTS_MAX });
    }
    let others = memchr::memchr2_iter(b'[', b',', text).count();
    if objects + others > VALUES_MAX {
        return Err(ReadError::TooMany { what: "values", limit: VALUES_MAX });
    }
    Ok(())
}
