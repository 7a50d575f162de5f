//! Files in: STIX bundles and what came in other formats become STIX objects to be submitted.
//!
//! Each reader hands on objects in their raw text with their heads, withdrawals, and findings, one by one; what is
//! wrong with one leaves the others alone, and nothing is dropped without a finding. STIX passes through byte for byte.
//! What is made here from other formats has ids that depend on the content alone, so that reading a file twice
//! gives the same objects. Gzip and UTF-16 are undone on the way. Nothing here decides who may see what.

mod cacao;
mod csaf;
mod csv;
mod detect;
mod indicator;
pub(crate) mod limit;
pub(crate) mod make;
mod mapping;
mod ofac;
mod openioc;
mod opensanctions;
mod party;
mod plain;
pub mod report;
mod stix_json;
mod text;
pub(crate) mod time;
mod unread;
mod update;
mod xml;

use std::io::{BufReader, Cursor, Read};
use std::ops::ControlFlow;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use stix::{Finding, Head, ObjectId, Timestamp, Tlp};
use uuid::Uuid;

use self::limit::{DOCUMENT_BYTES_MAX, LIST_BYTES_MAX};

pub use detect::detect;
pub use indicator::INDICATOR_NAMESPACE;
pub use make::MADE_NAMESPACE;
pub use mapping::{MAPPING_BYTES_MAX, Mapping, MappingError};
pub use update::difference;

/// Longest table, list or MISP file, in bytes after unpacking: they are held in memory. STIX is streamed.
pub const TEXT_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// How many bytes from the start [`detect`] wants to see.
pub const DETECT_BYTES: usize = 64 * 1024;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// STIX 2.0 or 2.1: a bundle, an envelope, objects, JSON Lines of these.
    Stix,
    /// MISP core format: an event, a list or a feed's response of events.
    Misp,
    /// A table of indicators.
    Csv,
    /// One value a line.
    Plain,
    /// CSAF 2.0: a security advisory.
    Csaf,
    /// A text, an HTML page or a PDF written for people; see [`report`].
    Report,
    /// Rows whose fields [`Options::mapping`] names.
    Mapped,
    /// CACAO 2.0: a security playbook.
    Cacao,
    /// OpenIOC 1.0 or 1.1.
    OpenIoc,
    /// The SDN list of OFAC: its table, its XML, or JSON Lines joined from its tables.
    Ofac,
    /// A list in FollowTheMoney's JSON form, such as those of OpenSanctions: an entity a line.
    OpenSanctions,
}

impl Format {
    /// The format's name on the command line: `stix`, `misp`, `csv`, ….
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stix => "stix",
            Self::Misp => "misp",
            Self::Csv => "csv",
            Self::Plain => "plain",
            Self::Csaf => "csaf",
            Self::Report => "report",
            Self::Mapped => "mapped",
            Self::Cacao => "cacao",
            Self::OpenIoc => "openioc",
            Self::Ofac => "ofac",
            Self::OpenSanctions => "opensanctions",
        }
    }
}

/// What the caller knows beside the file.
#[derive(Debug, Clone)]
pub struct Options {
    /// The date of what carries none, such as the file's own. See [`Object::dated`].
    pub as_of: Timestamp,
    /// Where the list is from, such as `maltrail/apt_lazarus`. Part of the ids that are made, so that the same value
    /// from two sources stays two indicators.
    pub source: Option<String>,
    /// Marks what is made from lists and has no mark of its own.
    pub tlp: Option<Tlp>,
    /// Confidence of what is made from lists and states none, 0 to 100.
    pub confidence: Option<u8>,
    /// Labels of what is made from lists, such as an actor's name.
    pub labels: Vec<String>,
    /// The circle that the file is for: a MISP sharing group of the same UUID may go there.
    pub circle: Option<Uuid>,
    /// The texts of files that belong to it: OFAC's tables of aliases, addresses and comments.
    pub beside: Vec<String>,
    /// What names the fields of [`Format::Mapped`].
    pub mapping: Option<Arc<Mapping>>,
    /// Whether the file is one of a row, each of which is read with a later `as_of`: then nothing is dated before that, so that
    /// two files of one day are told apart.
    pub follows: bool,
}

impl Options {
    /// Nothing is known but a date.
    #[must_use]
    pub const fn new(as_of: Timestamp) -> Self {
        Self {
            as_of,
            source: None,
            tlp: None,
            confidence: None,
            labels: Vec::new(),
            circle: None,
            beside: Vec::new(),
            mapping: None,
            follows: false,
        }
    }
}

/// An object to be submitted.
#[derive(Debug, Clone)]
pub struct Object {
    /// Its text.
    pub raw: String,
    /// Its head.
    pub head: Head,
    /// Whether its dates are the data's own. If not, they are [`Options::as_of`]: when the line has the id already,
    /// there is nothing new in it and it need not be submitted.
    pub dated: bool,
}

/// An object that its originator has taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// What is taken back.
    pub id: ObjectId,
    /// Why, for the record.
    pub reason: String,
}

/// One thing that a reader found.
#[derive(Debug, Clone)]
pub enum Item {
    /// An object to be submitted.
    Object(Box<Object>),
    /// A withdrawal to be recorded.
    Withdrawal(Withdrawal),
    /// A complaint.
    Finding(Finding),
}

/// How much was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Objects handed on.
    pub objects: u64,
    /// Withdrawals handed on.
    pub withdrawals: u64,
    /// Findings that refuse something.
    pub errors: u64,
    /// Findings that refuse nothing.
    pub warnings: u64,
}

/// Everything that a small file held.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Objects, in the file's order.
    pub objects: Vec<Object>,
    /// Withdrawals, in the file's order.
    pub withdrawals: Vec<Withdrawal>,
    /// Findings, in the file's order.
    pub findings: Vec<Finding>,
}

/// Why the rest of a file can't be read. What was handed on before stays good.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file can't be read.
    #[error("while reading: {0}; safe to repeat")]
    Io(#[from] std::io::Error),
    /// STIX: the rest can't be told apart.
    #[error(transparent)]
    Bundle(#[from] stix::bundle::BundleError),
    /// The file is longer than what is held in memory.
    #[error("longer than {limit_bytes} bytes; split the file, or send STIX, which is streamed")]
    TooLarge {
        /// The limit.
        limit_bytes: u64,
    },
    /// A document has more in it than a tree in memory may have.
    #[error("more than {limit} {what} in one document; split it")]
    TooMany {
        /// What there is too much of: `objects`, `values`, `playbooks`.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The text is in no encoding that is read.
    #[error("not UTF-8 or UTF-16 at byte {offset}; convert the file to UTF-8")]
    Encoding {
        /// Where.
        offset: usize,
    },
    /// MISP: the text is no JSON.
    #[error("not a MISP file: {0}")]
    Misp(serde_json::Error),
    /// The text is no XML, or not of its format.
    #[error("line {line}, column {column}: {message}")]
    Xml {
        /// The line, from 1.
        line: usize,
        /// The column, in bytes from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// The text is no JSON.
    #[error("not a {format} document: {error}")]
    Json {
        /// The format.
        format: &'static str,
        /// Where and why.
        error: serde_json::Error,
    },
    /// A report's values are not confirmed.
    #[error("what a report names counts only once it is confirmed: survey it first")]
    Unconfirmed,
    /// A report can't be read.
    #[error("{0}")]
    Report(String),
    /// Nothing says what the fields are.
    #[error("the file's fields are named by a mapping, and there is none")]
    NoMapping,
    /// CSV: no column holds values.
    #[error("no column holds values; name one `value`, `indicator`, `domain`, `ip`, `url`, `sha256` …")]
    NoValueColumn,
}

/// Reads a file of a known format. `on` gets what is found, in order, and can stop the reading.
///
/// # Errors
/// [`ReadError`] when the rest can't be read.
pub fn read<R: Read>(
    source: R,
    format: Format,
    options: &Options,
    on: &mut dyn FnMut(Item) -> ControlFlow<()>,
) -> Result<Summary, ReadError> {
    let mut sink = Sink::new(on);
    let source = unpacked(source)?;
    match format {
        Format::Stix => stix_json::read(source, &mut sink)?,
        Format::Misp => crate::misp::read::text(&text::whole(source, TEXT_BYTES_MAX)?, options, &mut sink)?,
        Format::Csv => csv::read(&text::whole(source, TEXT_BYTES_MAX)?, options, &mut sink)?,
        Format::Plain => plain::read(&text::whole(source, TEXT_BYTES_MAX)?, options, &mut sink),
        Format::Csaf => csaf::read(&text::whole(source, DOCUMENT_BYTES_MAX)?, options, &mut sink)?,
        // What a report names counts only once it is confirmed.
        Format::Report => return Err(ReadError::Unconfirmed),
        Format::Mapped => {
            let mapping = options.mapping.as_deref().ok_or(ReadError::NoMapping)?;
            mapping::read(&text::whole(source, TEXT_BYTES_MAX)?, mapping, options, &mut sink);
        }
        Format::Cacao => cacao::read(&text::whole(source, DOCUMENT_BYTES_MAX)?, options, &mut sink)?,
        Format::OpenIoc => openioc::read(&text::whole(source, DOCUMENT_BYTES_MAX)?, options, &mut sink)?,
        Format::Ofac => ofac::read(&text::whole(source, LIST_BYTES_MAX)?, options, &mut sink)?,
        Format::OpenSanctions => {
            opensanctions::read(&text::whole(source, TEXT_BYTES_MAX)?, options, &mut sink)
        }
    }
    Ok(sink.summary)
}

/// The text of a file, unpacked and in whatever of the usual encodings: for [`Options::beside`].
///
/// # Errors
/// [`ReadError`] when it can't be read, is too long or is no text.
pub fn text_of<R: Read>(source: R) -> Result<String, ReadError> {
    text::whole(unpacked(source)?, TEXT_BYTES_MAX)
}

/// As [`read`], but everything at once: for files that fit into memory.
///
/// # Errors
/// [`ReadError`] when the rest can't be read.
pub fn read_all<R: Read>(source: R, format: Format, options: &Options) -> Result<Batch, ReadError> {
    let mut batch = Batch::default();
    read(source, format, options, &mut |item| {
        match item {
            Item::Object(object) => batch.objects.push(*object),
            Item::Withdrawal(withdrawal) => batch.withdrawals.push(withdrawal),
            Item::Finding(finding) => batch.findings.push(finding),
        }
        ControlFlow::Continue(())
    })?;
    Ok(batch)
}

/// `source` without gzip, if it was packed.
///
/// # Errors
/// When its beginning can't be read.
pub fn unpacked<'r, R: Read + 'r>(mut source: R) -> std::io::Result<Box<dyn Read + 'r>> {
    let mut start = Vec::with_capacity(2);
    source.by_ref().take(2).read_to_end(&mut start)?;
    let packed = start == [0x1f, 0x8b];
    let whole = Cursor::new(start).chain(source);
    Ok(if packed { Box::new(MultiGzDecoder::new(BufReader::new(whole))) } else { Box::new(whole) })
}

/// Where readers put what they find.
pub(crate) struct Sink<'o> {
    on: &'o mut dyn FnMut(Item) -> ControlFlow<()>,
    pub(crate) summary: Summary,
    pub(crate) stopped: bool,
}

impl<'o> Sink<'o> {
    pub(crate) fn new(on: &'o mut dyn FnMut(Item) -> ControlFlow<()>) -> Self {
        Self { on, summary: Summary::default(), stopped: false }
    }

    /// Checks an object as any other sender's and hands it on.
    pub(crate) fn object(&mut self, raw: String, path: &str, dated: bool) {
        match stix::read_head(&raw) {
            Ok(head) => self.checked(raw, head, dated),
            Err(finding) => self.finding(finding.within(path)),
        }
    }

    /// Hands on an object that was checked already.
    pub(crate) fn checked(&mut self, raw: String, head: Head, dated: bool) {
        self.summary.objects += 1;
        self.hand_on(Item::Object(Box::new(Object { raw, head, dated })));
    }

    pub(crate) fn withdrawal(&mut self, id: ObjectId, reason: String) {
        self.summary.withdrawals += 1;
        self.hand_on(Item::Withdrawal(Withdrawal { id, reason }));
    }

    pub(crate) fn finding(&mut self, finding: Finding) {
        match finding.severity {
            stix::Severity::Error => self.summary.errors += 1,
            stix::Severity::Warning => self.summary.warnings += 1,
        }
        self.hand_on(Item::Finding(finding));
    }

    fn hand_on(&mut self, item: Item) {
        if !self.stopped {
            self.stopped = (self.on)(item).is_break();
        }
    }
}
