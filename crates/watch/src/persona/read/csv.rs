//! Applications as a table with a header: one a row, several values of a cell separated by `;`.

use ::csv::{ReaderBuilder, StringRecord, Trim};

use super::field::{Field, field, take};
use super::{Read, ReadError};
use crate::persona::application::Application;

/// Most columns of a table.
const COLUMNS_MAX: usize = 1_000;

pub(super) fn read(text: &str, read: &mut Read) -> Result<(), ReadError> {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |separator: char| first.matches(separator).count();
    let delimiter = if count('\t') > count(',') { b'\t' } else { b',' };
    let mut rows =
        ReaderBuilder::new().delimiter(delimiter).flexible(true).trim(Trim::All).from_reader(text.as_bytes());
    let form = |error: ::csv::Error| ReadError::Form(format!("the table's header can't be read: {error}"));
    let header = rows.headers().map_err(form)?;
    if header.len() > COLUMNS_MAX {
        return Err(ReadError::Form(format!("a table of more than {COLUMNS_MAX} columns")));
    }
    // Which columns are known; cells of others are not looked at.
    let columns: Vec<(usize, String, Field)> = header
        .iter()
        .enumerate()
        .filter_map(|(at, name)| Some((at, name.to_owned(), field(name)?)))
        .collect();
    if columns.is_empty() {
        return Err(ReadError::Form(
            "neither JSON nor a vCard, and no column of a table has a known name (names, emails, accounts, phones, …)"
                .to_owned(),
        ));
    }
    let mut row = StringRecord::new();
    for number in 1_usize.. {
        match rows.read_record(&mut row) {
            Ok(false) => break,
            Ok(true) => read.keep_row(&columns, &row, number)?,
            Err(error) => {
                read.warn("row-malformed", format!("row {number}"), format!("can't be read: {error}"));
                // After a row that is not one, csv goes on with the next; only the end of the text ends.
                if rows.is_done() {
                    break;
                }
            }
        }
    }
    Ok(())
}

impl Read {
    fn keep_row(
        &mut self,
        columns: &[(usize, String, Field)],
        row: &StringRecord,
        number: usize,
    ) -> Result<(), ReadError> {
        let mut application = Application::new(format!("row {number}"));
        for (at, name, field) in columns {
            let cell = row.get(*at).unwrap_or_default();
            let path = format!("row {number}, {name}");
            match field {
                Field::FullText | Field::LivesAt | Field::ShipTo | Field::Id | Field::TimeZone => {
                    take(&mut application, *field, cell, &path, self);
                }
                _ => cell.split(';').for_each(|value| take(&mut application, *field, value, &path, self)),
            }
        }
        self.keep(application)
    }
}
