//! The hunt's kernel: looks in lines for what a watch file names, with what `bongsu hunt` looks with.

use datafusion::arrow::array::{
    ArrayRef, BinaryBuilder, Int64Builder, StringBuilder, UInt32Builder, UInt64Builder,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::json::LineDelimitedWriter;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::{Result, internal_err};
use datafusion::execution::runtime_env::RuntimeEnv;
use deliver::watch_file::{Known, WatchFile, WatchFileError};
use gate::NoteKey;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::Arc;
use watch::Value;
use watch::hunt::{Candidate, Columns, SHOWN_BYTES, dated, finds, within};

use super::fields::{Bytes, Texts};
use super::{At, Kept, Worker};
use crate::archive::{FILE, FIRST, said};

/// A hunt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hunt {
    /// The watch file.
    pub(crate) watch: Kept,
    /// The node's key with which it must be signed.
    pub(crate) key: Option<String>,
    /// What a line is.
    pub(crate) lines: Lines,
    /// The heads of tables with which files begin, by the files' numbers: who reads a piece of the midst does not see them.
    pub(crate) heads: BTreeMap<u32, String>,
}

/// What of a row is the line that is looked through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Lines {
    /// What stands in this column.
    Column(String),
    /// The row as a JSON object, as a log would have it.
    Objects,
}

/// A watch file in memory.
pub(crate) type Watched = WatchFile<Cursor<Vec<u8>>>;

/// What is found: one row for each find, and one for each batch of lines, which has a number of lines and no value.
pub(super) fn schema() -> SchemaRef {
    let field = |name: &str, kind: DataType, may_lack: bool| Field::new(name, kind, may_lack);
    Arc::new(Schema::new(vec![
        field("file", DataType::UInt32, false),
        field("line", DataType::UInt64, false),
        field("place", DataType::UInt32, false),
        field("value", DataType::UInt32, true),
        field("found", DataType::Utf8, true),
        field("how", DataType::Utf8, true),
        field("text", DataType::Binary, true),
        field("at", DataType::Int64, true),
        field("lines", DataType::UInt64, true),
        field("bytes", DataType::UInt64, true),
    ]))
}

impl Hunt {
    /// Opens the watch file.
    ///
    /// # Errors
    /// When it can't be read, is another one, or is not signed with the key that is wanted.
    pub(crate) async fn watched(&self, runtime: &RuntimeEnv) -> Result<Arc<Watched>> {
        let what = format!("watch file {}", self.key.as_deref().unwrap_or_default());
        let key = self.key.as_deref().map(str::parse::<NoteKey>).transpose().map_err(said)?;
        let open = |bytes| WatchFile::open(Cursor::new(bytes), key.as_ref()).map_err(said);
        self.watch.made(runtime, &what, open).await
    }

    pub(super) async fn worker(&self, runtime: &RuntimeEnv) -> Result<Box<dyn Worker>> {
        let watched = self.watched(runtime).await?;
        Ok(Box::new(Hunting {
            hunt: self.clone(),
            watched,
            columns: None,
            text: Vec::new(),
            candidates: Vec::new(),
        }))
    }
}

struct Hunting {
    hunt: Hunt,
    watched: Arc<Watched>,
    /// Of a table, those that hold where the next lines begin.
    columns: Option<Arc<Columns>>,
    text: Vec<u8>,
    candidates: Vec<Candidate>,
}

impl Hunting {
    /// The rows as lines.
    fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        self.text.clear();
        match &self.hunt.lines {
            Lines::Column(name) => {
                let Some(column) = rows.column_by_name(name) else {
                    return internal_err!("the column {name} is not there");
                };
                let texts = Texts::of(column, name, Bytes::Text)?;
                for row in 0..rows.num_rows() {
                    let begin = self.text.len();
                    self.text.extend_from_slice(texts.bytes(row));
                    // A row is one line, and its end is not part of it.
                    let line = self.text.get_mut(begin..).unwrap_or_default();
                    line.iter_mut().filter(|byte| **byte == b'\n').for_each(|byte| *byte = b' ');
                    self.text.push(b'\n');
                }
            }
            Lines::Objects => {
                let own: Vec<usize> = (0..rows.num_columns())
                    .filter(|at| ![FILE, FIRST].contains(&rows.schema_ref().field(*at).name().as_str()))
                    .collect();
                let mut writer = LineDelimitedWriter::new(&mut self.text);
                writer.write(&rows.project(&own)?)?;
                writer.finish()?;
            }
        }
        Ok(())
    }
}

impl Worker for Hunting {
    fn take(&mut self, at: At, rows: &RecordBatch) -> Result<RecordBatch> {
        self.write(rows)?;
        if at.begins {
            let head = self.hunt.heads.get(&at.file).filter(|_| at.row > 0);
            self.columns = head.and_then(|head| Columns::after(head.as_bytes(), None));
        }
        self.candidates.clear();
        self.watched.needles.candidates(&self.text, &mut self.candidates);
        let (text, watched) = (self.text.as_slice(), &self.watched);
        let mut made = Made::default();
        // The number of a value is not in what is found: the last that was asked for is the one that is.
        let last = std::cell::Cell::new(0);
        let known = |needle: u32| -> Result<Arc<(Value, Known)>, WatchFileError> {
            last.set(needle);
            watched.known(needle)
        };
        let is_whole = finds(text, self.columns.clone(), &mut self.candidates, known, |found| {
            let around = within(text, &found.range, SHOWN_BYTES);
            let dated = dated(text, &found.range).map(|time| time.micros());
            made.file.append_value(at.file);
            made.line.append_value(at.row + found.lines_before + 1);
            made.place.append_value(made.count);
            made.value.append_value(last.get());
            made.found.append_value(&found.text);
            made.how.append_value(found.how.as_str());
            made.text.append_value(text.get(around).unwrap_or_default());
            made.at.append_option(dated);
            made.lines.append_null();
            made.bytes.append_null();
            made.count += 1;
            true
        });
        is_whole.map_err(said)?;
        made.file.append_value(at.file);
        made.line.append_value(at.row + rows.num_rows() as u64);
        made.place.append_value(u32::MAX);
        made.value.append_null();
        made.found.append_null();
        made.how.append_null();
        made.text.append_null();
        made.at.append_null();
        made.lines.append_value(rows.num_rows() as u64);
        made.bytes.append_value(text.len() as u64);
        self.columns = Columns::after(text, self.columns.take());
        made.finish()
    }
}

/// The columns of what is found.
#[derive(Default)]
struct Made {
    count: u32,
    file: UInt32Builder,
    line: UInt64Builder,
    place: UInt32Builder,
    value: UInt32Builder,
    found: StringBuilder,
    how: StringBuilder,
    text: BinaryBuilder,
    at: Int64Builder,
    lines: UInt64Builder,
    bytes: UInt64Builder,
}

impl Made {
    fn finish(mut self) -> Result<RecordBatch> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.file.finish()),
            Arc::new(self.line.finish()),
            Arc::new(self.place.finish()),
            Arc::new(self.value.finish()),
            Arc::new(self.found.finish()),
            Arc::new(self.how.finish()),
            Arc::new(self.text.finish()),
            Arc::new(self.at.finish()),
            Arc::new(self.lines.finish()),
            Arc::new(self.bytes.finish()),
        ];
        Ok(RecordBatch::try_new(schema(), columns)?)
    }
}
