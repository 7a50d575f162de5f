//! Receipts: what a member was given, fetched, applied or answered, and up to which number of each circle.
//!
//! A receipt proves use; it never widens what a member may have. A member's *real* level is computed from its receipts
//! ([`crate::standing`]).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use stix::Timestamp;

use crate::circle::CircleId;
use crate::member::{Level, MemberId};

/// The version of the stored form.
const VERSION: u8 = 1;
/// Longest name of what a receipt is about, and longest mark, in bytes.
pub const TEXT_BYTES_MAX: usize = 200;

/// What a member did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// Its system fetched the artefact, or asked and had it all.
    Fetched,
    /// Its mail server or its system took what was sent.
    Delivered,
    /// Its mail server or its system refused what was sent, or could not be reached.
    Failed,
    /// A person answered.
    Answered,
    /// A person or a system confirmed.
    Confirmed,
    /// A test with its own system was passed.
    Passed,
    /// A test with its own system failed.
    Missed,
    /// It shared something itself.
    Shared,
    /// What it has not done in time was brought before its contact.
    Escalated,
    /// Somebody says for it that what was withdrawn is out of use. A word, and no proof.
    Cleared,
}

impl Deed {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Fetched,
        Self::Delivered,
        Self::Failed,
        Self::Answered,
        Self::Confirmed,
        Self::Passed,
        Self::Missed,
        Self::Shared,
        Self::Escalated,
        Self::Cleared,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fetched => "fetched",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Answered => "answered",
            Self::Confirmed => "confirmed",
            Self::Passed => "passed",
            Self::Missed => "missed",
            Self::Shared => "shared",
            Self::Escalated => "escalated",
            Self::Cleared => "cleared",
        }
    }

    /// Whether it shows that the member's people or systems use what they get. That a server took a mail does not: nobody may
    /// have read it.
    #[must_use]
    pub const fn is_use(self) -> bool {
        matches!(self, Self::Fetched | Self::Answered | Self::Confirmed | Self::Passed | Self::Shared)
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Deed {
    type Err = ReceiptError;

    fn from_str(text: &str) -> Result<Self, ReceiptError> {
        Self::ALL.into_iter().find(|deed| deed.name() == text).ok_or(ReceiptError::NoDeed)
    }
}

/// How far a member got in a circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Upto {
    /// The circle.
    pub circle: CircleId,
    /// The number of its line up to which the member has what it may have.
    pub seq: u64,
}

/// One receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Whose.
    pub member: MemberId,
    /// The artefact's name, such as `list/domain.txt`, `zone`, `taxii` or `mail`.
    pub what: String,
    /// The level whose form it is.
    pub level: Level,
    /// What the member did.
    pub deed: Deed,
    /// How far that brought it, in each circle that the artefact joins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub upto: Vec<Upto>,
    /// What identifies the content: a serial, an entity tag, a message's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// When.
    #[serde(with = "crate::stored::time")]
    pub at: Timestamp,
}

/// Why a text is no receipt.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// It has another form.
    #[error("the receipt can't be read: {0}")]
    Form(#[from] serde_json::Error),
    /// It was written by a newer program.
    #[error("the receipt has version {found}, this program knows {VERSION}: use a newer program")]
    Version {
        /// The version that it says.
        found: u8,
    },
    /// A word that names no deed.
    #[error(
        "that is no deed; there are fetched, delivered, failed, answered, confirmed, passed, missed, shared, escalated and cleared"
    )]
    NoDeed,
}

#[derive(Serialize, Deserialize)]
struct Stored<R> {
    v: u8,
    receipt: R,
}

impl Receipt {
    /// A receipt without circles and without a mark.
    pub fn new(member: MemberId, what: impl Into<String>, level: Level, deed: Deed, at: Timestamp) -> Self {
        let mut what = what.into();
        what.truncate(what.floor_char_boundary(TEXT_BYTES_MAX));
        Self { member, what, level, deed, upto: Vec::new(), mark: None, at }
    }

    /// The same, with how far it brought the member.
    #[must_use]
    pub fn upto(self, upto: Vec<Upto>) -> Self {
        Self { upto, ..self }
    }

    /// The same, with what identifies the content.
    #[must_use]
    pub fn marked(self, mark: impl Into<String>) -> Self {
        let mut mark = mark.into();
        mark.truncate(mark.floor_char_boundary(TEXT_BYTES_MAX));
        Self { mark: Some(mark), ..self }
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// [`ReceiptError`].
    pub fn from_json(text: &str) -> Result<Self, ReceiptError> {
        #[derive(Deserialize)]
        struct Version {
            v: u8,
        }
        let Version { v } = serde_json::from_str(text)?;
        if v != VERSION {
            return Err(ReceiptError::Version { found: v });
        }
        Ok(serde_json::from_str::<Stored<Self>>(text)?.receipt)
    }

    /// The stored form.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(&Stored { v: VERSION, receipt: self }).unwrap_or_default()
    }
}
