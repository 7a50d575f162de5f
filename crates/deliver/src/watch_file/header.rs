//! What a watch file says of itself.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use watch::hunt::Expect;

use super::{HEADER_BYTES_MAX, MAGIC, NOTE_BYTES_MAX, VALUES_MAX, WatchFileError};
use crate::hex::hex;

/// Who made a watch file, for whom, when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The node that made it.
    pub node: String,
    /// The key with which it is signed, as `bongsu pack key` shows it.
    pub key: String,
    /// The member's short name.
    pub member: String,
    /// The strictest mark of what is in it.
    pub tlp: String,
    /// When it was made, RFC 3339.
    pub made: String,
}

/// What it takes to tell the node what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Back {
    /// The address under which members reach the node, without a slash at its end, if it knows one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The id of the member's identity (STIX 2.1, section 4.5).
    pub identity: String,
    /// The member's name, for people.
    pub name: String,
    /// A secret of the node and the member, in hexadecimal, under which the ids of sightings are made: who is in a circle can't
    /// try out whose they are.
    pub secret: String,
    /// The circles that values come from.
    pub circles: Vec<Circle>,
}

/// A circle that values come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Circle {
    /// Its short name, as [`super::Said::circle`] has it.
    pub handle: String,
    /// The id of its collection.
    pub id: String,
    /// Whether its members are hidden from each other: a sighting there does not say whose it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hides_members: bool,
}

/// A watch file's header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Who made it.
    #[serde(flatten)]
    pub made: Made,
    /// How to answer it.
    pub back: Back,
    /// How many values are in it.
    pub values: usize,
    /// What finding them takes.
    pub expect: Expect,
    /// The SHA-256 of the keys, in hexadecimal.
    pub keys_sha256: String,
    /// The blocks, in their order.
    pub(super) blocks: Vec<Block>,
}

/// A block of lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Block {
    /// How many lines are in it.
    pub(super) lines: usize,
    /// Its size in the file.
    pub(super) bytes: usize,
    /// The SHA-256 of these bytes, in hexadecimal.
    pub(super) sha256: String,
}

impl Header {
    /// The text that is signed: the node, and the hash of the header as it is written.
    pub(super) fn signed_text(&self, written: &[u8]) -> String {
        format!("{}/watch\n{}\n", self.made.node, hex(&Sha256::digest(written)))
    }

    /// Reads a header.
    ///
    /// # Errors
    /// When it has another form, or its numbers do not agree.
    pub(super) fn read(written: &[u8]) -> Result<Self, WatchFileError> {
        let header: Self = serde_json::from_slice(written)
            .map_err(|error| WatchFileError::Form(format!("its header: {error}")))?;
        let lines = header.blocks.iter().fold(0_usize, |all, block| all.saturating_add(block.lines));
        if lines != header.values || lines > VALUES_MAX {
            return Err(WatchFileError::Form(format!(
                "its header names {} values in {lines} lines",
                header.values
            )));
        }
        Ok(header)
    }
}

/// The first line, with the sizes of the header and the note.
pub(super) fn first_line(header: usize, note: usize) -> String {
    format!("{MAGIC} {header} {note}\n")
}

/// The sizes of the header and the note.
///
/// # Errors
/// When it is no such line.
pub(super) fn sizes(line: &str) -> Result<(usize, usize), WatchFileError> {
    let sizes = line.strip_prefix(MAGIC).and_then(|rest| rest.trim().split_once(' '));
    let number = |text: &str, most: usize| text.parse().ok().filter(|size| *size <= most);
    let sizes = sizes
        .and_then(|(header, note)| Some((number(header, HEADER_BYTES_MAX)?, number(note, NOTE_BYTES_MAX)?)));
    sizes.ok_or_else(|| WatchFileError::Form("its first line is another".to_owned()))
}
