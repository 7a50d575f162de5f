//! Whether an object is good STIX 2.1: every MUST as an error, every SHOULD as a warning.
//!
//! [`validate`] takes the text of one object that has passed [`crate::read_head`], and calls back with a
//! [`Finding`] for each rule that is broken: its code (all of them are in [`CODES`], and for people in
//! `docs/validation.md`), the JSON path, the value, and the section of the specification. [`Bundle`] adds what holds
//! between the objects of a bundle. Nothing here decides what becomes of an object.
//!
//! The specification's tables are tables here too (`domain`, `observable`, `predefined`, `meta`, `common`,
//! vocabularies in `vocab`); one reader walks the text along them (`check`, values in `value`, forms of strings
//! in `format`). What no table can say is in `special`, `custom`, `container`, `identity` and `selector`.
//! There is no tree and no regular expression; memory is taken for findings alone, but for a few rare rules.
//!
//! Source: STIX 2.1 with errata 01. STIX 2.0 objects are held to what both versions share.

mod bundle;
mod check;
mod code;
mod common;
mod container;
mod cursor;
mod custom;
mod domain;
mod format;
mod identity;
mod meta;
mod observable;
mod outline;
mod predefined;
mod relation;
mod selector;
mod special;
mod table;
mod value;
mod vocab;

pub use bundle::{Bundle, validate_bundle};
pub use code::{CODES, Code};

use crate::finding::Finding;

/// Checks one object and calls `on` for each rule of STIX 2.1 that it breaks.
///
/// `raw` is the text of an object that [`crate::read_head`] has taken: strict JSON, no key twice. (On any other text
/// the findings make no sense, but it ends.) Takes STIX 2.0 objects with one warning and holds them to what both
/// versions share. About half a microsecond for a kilobyte of text; a finding costs about as much again.
///
/// Source: STIX 2.1, sections 2 to 7, 10 and 11.
pub fn validate(raw: &str, on: &mut dyn FnMut(Finding)) {
    check::Check::new(raw, on).run();
}
