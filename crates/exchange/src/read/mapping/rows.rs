//! Rows of a table, and of JSON Lines.

use std::collections::HashMap;

use csv::{ReaderBuilder, StringRecord, Trim};
use serde_json::Value;
use stix::Finding;

use super::super::{Sink, limit};
use super::path::Path;
use super::{Mapping, Reading, Row};

struct TableRow<'r> {
    record: &'r StringRecord,
    columns: &'r HashMap<String, usize>,
}

impl Row for TableRow<'_> {
    fn at(&self, path: &Path) -> Vec<String> {
        let cell = self.columns.get(path.column()).and_then(|at| self.record.get(*at));
        cell.filter(|text| !text.is_empty()).map(str::to_owned).into_iter().collect()
    }
}

struct JsonRow(Value);

impl Row for JsonRow {
    fn at(&self, path: &Path) -> Vec<String> {
        path.texts(&self.0)
    }
}

pub(super) fn csv(text: &str, mapping: &Mapping, reading: &mut Reading<'_>, sink: &mut Sink<'_>) {
    let mut builder = ReaderBuilder::new();
    builder
        .delimiter(mapping.delimiter)
        .has_headers(false)
        .flexible(true)
        .comment(mapping.comment)
        .trim(Trim::All);
    let mut reader = builder.from_reader(text.as_bytes());
    let mut columns: Option<HashMap<String, usize>> = None;
    let mut record = StringRecord::new();
    while !sink.stopped {
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => {
                sink.finding(Finding::error("row-unread", "", error.to_string()));
                continue;
            }
        }
        let line = format!("line {}", record.position().map_or(0, csv::Position::line));
        let Some(known) = &columns else {
            let names: HashMap<String, usize> = if mapping.head {
                record.iter().enumerate().map(|(at, name)| (name.to_owned(), at)).collect()
            } else {
                // Columns are numbers then, as many as anybody names.
                (0..MAPPED_COLUMNS_MAX).map(|at| ((at + 1).to_string(), at)).collect()
            };
            let complete = told(mapping, &names, &line, sink);
            if !mapping.head && complete {
                reading.row(&TableRow { record: &record, columns: &names }, &line, sink);
            }
            if !complete {
                return;
            }
            columns = Some(names);
            continue;
        };
        if record.iter().any(|cell| !cell.is_empty()) {
            reading.row(&TableRow { record: &record, columns: known }, &line, sink);
        }
    }
}

/// Most columns of a table without a head.
const MAPPED_COLUMNS_MAX: usize = 1_000;

/// Whether every column that the mapping names is there.
fn told(mapping: &Mapping, names: &HashMap<String, usize>, line: &str, sink: &mut Sink<'_>) -> bool {
    let values =
        mapping.values.iter().flat_map(|value| [Some(&value.from), value.type_from.as_ref()]).flatten();
    let fields = mapping.fields.iter().map(|(_, path)| path);
    let mut complete = true;
    for path in values.chain(fields).filter(|path| !names.contains_key(path.column())) {
        complete = false;
        let mut known: Vec<&str> = names.keys().map(String::as_str).collect();
        known.sort_unstable();
        known.truncate(50);
        let known = if mapping.head { known.join(", ") } else { "1, 2, 3 … (there is no head)".to_owned() };
        let message =
            format!("the mapping names the column `{path}`; the table has {known}; nothing was read");
        sink.finding(Finding::error("column-missing", line, message));
    }
    complete
}

pub(super) fn jsonl(text: &str, reading: &mut Reading<'_>, sink: &mut Sink<'_>) {
    for (at, line) in text.lines().enumerate() {
        if sink.stopped {
            return;
        }
        if line.trim().is_empty() {
            continue;
        }
        if let Err(error) = limit::json(line.as_bytes()) {
            let path = format!("line {}", at + 1);
            sink.finding(Finding::error("row-too-large", path, format!("{error}; the line was skipped")));
            continue;
        }
        match serde_json::from_str::<Value>(line) {
            Ok(value) => reading.row(&JsonRow(value), &format!("line {}", at + 1), sink),
            Err(error) => {
                let path = format!("line {}, column {}", at + 1, error.column());
                sink.finding(Finding::error("row-unread", path, format!("{error}; the line was skipped")));
            }
        }
    }
}
