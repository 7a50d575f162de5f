//! Applications out of files: our JSON, JSON Resume, CSV, vCard. The content says which it is.
//!
//! Only the fields named here are taken; everything else is passed over where it is read, so that what says where somebody comes from
//! is never held. A value that can't be read is told and the rest of its application kept.

mod csv;
mod field;
mod json;
mod resume;
mod vcard;

use stix::Finding;

use super::application::Application;

pub(super) use json::fields;

/// Most bytes of a file.
pub const FILE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most applications of a file.
pub const APPLICATIONS_MAX: usize = 10_000;
/// Findings that are kept; what comes after is only counted.
const FINDINGS_MAX: usize = 1_000;

/// What a file held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Read {
    /// The applications, in the file's order.
    pub applications: Vec<Application>,
    /// What could not be read, by its place; values are not repeated, so that a log of findings names nobody.
    pub findings: Vec<Finding>,
    /// Findings beyond those.
    pub findings_more: usize,
}

/// Why nothing of a file can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It is longer than [`FILE_BYTES_MAX`].
    #[error("the file has {size_bytes} bytes; {FILE_BYTES_MAX} are read. Split it")]
    TooLarge {
        /// Its size.
        size_bytes: usize,
    },
    /// It is no text.
    #[error("the file is no text in UTF-8 from byte {at} on. Save it as UTF-8")]
    NotText {
        /// Where it stops to be one.
        at: usize,
    },
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It is of no known format.
    #[error("not an application: {0}")]
    Form(String),
    /// It has more than [`APPLICATIONS_MAX`] applications.
    #[error("more than {APPLICATIONS_MAX} applications. Split the file")]
    TooMany,
}

impl Read {
    fn note(&mut self, finding: Finding) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        } else {
            self.findings_more += 1;
        }
    }

    fn warn(&mut self, code: &'static str, path: impl Into<String>, message: impl Into<String>) {
        self.note(Finding::warning(code, path, message));
    }

    /// Keeps an application.
    fn keep(&mut self, application: Application) -> Result<(), ReadError> {
        if self.applications.len() >= APPLICATIONS_MAX {
            return Err(ReadError::TooMany);
        }
        self.applications.push(application);
        Ok(())
    }
}

/// Reads the applications of a file.
///
/// # Errors
/// [`ReadError`]; what is wrong with one application or value is a finding.
///
/// Source: RFC 4180 (CSV), RFC 6350 and 2426 (vCard 4.0, 3.0), the schema of JSON Resume 1.0.0, `docs/personas.md` for our own.
pub fn read(bytes: &[u8]) -> Result<Read, ReadError> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(ReadError::TooLarge { size_bytes: bytes.len() });
    }
    let text = str::from_utf8(bytes).map_err(|error| ReadError::NotText { at: error.valid_up_to() })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let start = text.trim_start();
    let mut read = Read::default();
    match start.as_bytes() {
        [] => return Err(ReadError::Empty),
        [b'{' | b'[', ..] => json::read(text, &mut read)?,
        begin if begin.get(..11).is_some_and(|begin| begin.eq_ignore_ascii_case(b"BEGIN:VCARD")) => {
            vcard::read(text, &mut read)?;
        }
        _ => csv::read(text, &mut read)?,
    }
    Ok(read)
}
