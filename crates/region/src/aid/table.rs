//! Tables in CSV that people bring: columns by name, a limit for each thing, and what is wrong told by line.

use crate::rows::Rows;
use std::io::Read;

use csv::{Reader, ReaderBuilder, StringRecord};
use serde::Serialize;

/// The most rows that are read.
const ROWS_MAX: u64 = 10_000_000;
/// The longest cell, in bytes.
const CELL_BYTES_MAX: usize = 4_096;
/// What is told of a table; more is counted.
const WRONG_MAX: usize = 1_000;

/// What is wrong in a row that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wrong {
    /// Its line, from 1.
    pub line: u64,
    /// What is wrong.
    pub why: String,
}

/// Why a table can't be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The source failed, or it is no CSV.
    #[error("it can't be read: {0}")]
    Csv(#[from] csv::Error),
    /// A column is missing.
    #[error("there is no column `{name}`: it has {has}")]
    Column {
        /// The column.
        name: String,
        /// Those that there are.
        has: String,
    },
    /// It is too long.
    #[error("it has more than {0} rows")]
    Long(usize),
}

/// A table that is gone through.
pub(super) struct Table<R> {
    reader: Reader<Rows<R>>,
    columns: Vec<Option<usize>>,
    record: StringRecord,
    line: u64,
    rows: u64,
    wrong: Vec<Wrong>,
}

/// A row: cells by the place of their column among those that were asked for.
pub(super) struct Row {
    cells: Vec<String>,
}

impl Row {
    /// A cell; empty where the table has no such column.
    pub(super) fn cell(&self, at: usize) -> &str {
        self.cells.get(at).map_or("", String::as_str)
    }
}

impl<R: Read> Table<R> {
    /// A table with these columns, and perhaps those.
    pub(super) fn open(from: R, needed: &[&str], perhaps: &[&str]) -> Result<Self, TableError> {
        let mut reader = ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(Rows::of(from));
        let header = reader.headers()?.clone();
        let place = |name: &str| {
            header.iter().position(|has| has.trim_start_matches('\u{feff}').eq_ignore_ascii_case(name))
        };
        let mut columns = Vec::new();
        for name in needed {
            let missing = || TableError::Column {
                name: (*name).to_owned(),
                has: header.iter().take(40).collect::<Vec<_>>().join(", "),
            };
            columns.push(Some(place(name).ok_or_else(missing)?));
        }
        columns.extend(perhaps.iter().map(|name| place(name)));
        Ok(Self { reader, columns, record: StringRecord::new(), line: 1, rows: 0, wrong: Vec::new() })
    }

    /// The next row that has all its cells.
    pub(super) fn next_row(&mut self) -> Result<Option<Row>, TableError> {
        loop {
            let more = match self.reader.read_record(&mut self.record) {
                Ok(more) => more,
                Err(error) if matches!(error.kind(), csv::ErrorKind::Utf8 { .. }) => {
                    self.line = error.position().map_or(self.line, csv::Position::line);
                    self.wrong("it is not UTF-8".to_owned());
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            if !more {
                return Ok(None);
            }
            self.reader.get_mut().ended();
            self.line = self.record.position().map_or(self.line, csv::Position::line);
            self.rows += 1;
            if self.rows > ROWS_MAX {
                return Err(TableError::Long(ROWS_MAX as usize));
            }
            if self.record.iter().any(|cell| cell.len() > CELL_BYTES_MAX) {
                self.wrong(format!("a cell of more than {CELL_BYTES_MAX} bytes"));
                continue;
            }
            let cell = |column: &Option<usize>| match column {
                Some(at) => self.record.get(*at).map(str::to_owned),
                None => Some(String::new()),
            };
            match self.columns.iter().map(cell).collect::<Option<Vec<_>>>() {
                Some(cells) => return Ok(Some(Row { cells })),
                None => self.wrong("it has too few cells".to_owned()),
            }
        }
    }

    /// Tells what is wrong in the row that was read last.
    pub(super) fn wrong(&mut self, why: String) {
        if self.wrong.len() < WRONG_MAX {
            let why = why.chars().take(200).collect();
            self.wrong.push(Wrong { line: self.line, why });
        }
    }

    /// What was wrong; the first thousand.
    pub(super) fn wrongs(self) -> Vec<Wrong> {
        self.wrong
    }
}
