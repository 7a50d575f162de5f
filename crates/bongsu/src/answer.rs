//! What a command gives back, before anyone decides how to show it.
//!
//! A command computes an [`Answer`]: the machine's form (`--json`), the person's form, and bytes when the
//! answer *is* a document (an artefact, a completion script). It prints nothing itself, so that the same
//! command can run in this process or inside a node that is serving (see [`crate::admin`]). Progress goes
//! through a [`Watcher`].

use crate::exit::Exit;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The result of one command.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// What `--json` prints: an object with a stable shape.
    pub json: Value,
    /// What a person reads; may be empty.
    pub text: String,
    /// A document to write out as it is (base64 on the way).
    #[serde(default, skip_serializing_if = "Option::is_none", with = "packed")]
    pub document: Option<Vec<u8>>,
    /// How the process ends.
    pub exit: Exit,
}

impl Answer {
    /// An answer of a command that did all that it was asked for.
    pub(crate) fn done(json: Value, text: impl Into<String>) -> Self {
        Self { json, text: text.into(), document: None, exit: Exit::Done }
    }

    /// An answer that is a document.
    pub(crate) fn document(json: Value, document: Vec<u8>) -> Self {
        Self { json, text: String::new(), document: Some(document), exit: Exit::Done }
    }

    /// The same answer with another ending.
    #[must_use]
    pub(crate) fn ending(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }
}

mod packed {
    use super::{Deserialize, Serialize};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &Option<Vec<u8>>, to: S) -> Result<S::Ok, S::Error> {
        bytes.as_ref().map(|bytes| STANDARD.encode(bytes)).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<u8>>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| STANDARD.decode(text).map_err(D::Error::custom)).transpose()
    }
}

/// How far a long piece of work is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// What is worked on, such as a file's name.
    pub what: String,
    /// Work done, in the unit of `total`.
    pub done: u64,
    /// All work, or 0 if it is not known.
    pub total: u64,
}

/// Takes progress and says whether to go on; called often, so it must be cheap.
pub(crate) type Watcher<'a> = dyn FnMut(Progress) -> ControlFlow<()> + 'a;

/// So many of something.
pub(crate) fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Counts the bytes that are read from a file, before they are unpacked: what progress is shown by.
pub(crate) struct Counted<R> {
    from: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Counted<R> {
    /// Adds to `count` what is read.
    pub(crate) const fn new(from: R, count: Arc<AtomicU64>) -> Self {
        Self { from, count }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(to)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

// Going to another place isn't counted: what is read there is.
impl<R: Seek> Seek for Counted<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.from.seek(to)
    }
}

/// A table for people: columns as wide as their widest cell, the last one ragged.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([header.get(column).map_or(0, |cell| cell.chars().count())]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let mut out = String::new();
    let mut push = |cells: Vec<&str>| {
        let from = out.len();
        for (cell, width) in cells.into_iter().zip(&widths) {
            out.push_str(cell);
            // Not by a format's width, which has 16 bits.
            out.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count()) + 2));
        }
        out.truncate(from + out[from..].trim_end().len());
        out.push('\n');
    };
    push(header.to_vec());
    for row in rows {
        push(row.iter().map(String::as_str).collect());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Answer, table};

    #[test]
    fn a_document_survives_the_way_through_the_socket() {
        let answer = Answer::document(serde_json::json!({"bytes": 3}), vec![0, 255, 10]);
        let text = serde_json::to_string(&answer).unwrap();
        let back: Answer = serde_json::from_str(&text).unwrap();
        assert_eq!(back.document, Some(vec![0, 255, 10]));
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = vec![vec!["a".into(), "long".into(), "x".into()]];
        insta::assert_snapshot!(table(&["ID", "B", "LAST"], &rows), @r"
        ID  B     LAST
        a   long  x
        ");
        let long = "x".repeat(70_000);
        assert!(
            table(&["A", "B"], &[vec![long, "b".to_owned()]]).ends_with("x  b\n"),
            "a format's width ends at 65,535"
        );
    }
}
