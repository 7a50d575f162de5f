//! OFAC's tables: SDN.CSV with ADD.CSV, ALT.CSV and SDN_COMMENTS.CSV beside it, and JSON Lines joined from them.
//!
//! The tables have no heads (copies of them sometimes do); which is which is told by the number of columns: 12, 6, 5 and 2.
//! `-0-` stands for nothing. Remarks that are longer than OFAC's column go on in SDN_COMMENTS.CSV in the middle of a word.
//!
//! Source: OFAC, "Specially Designated Nationals List, data formats and data schemas" (DAT_SPEC.TXT).

use std::collections::HashMap;

use csv::{ReaderBuilder, StringRecord};
use serde::Deserialize;
use stix::Finding;

use super::super::Sink;
use super::entry::{Entry, Item};

/// Where OFAC's column of remarks ends: a text of this length is cut off.
const REMARKS_CHARS: usize = 1_000;

/// Most entries of one list; OFAC's has some twenty thousand.
const ENTRIES_MAX: usize = 500_000;

/// A cell without OFAC's mark for nothing.
fn cell(row: &StringRecord, at: usize) -> &str {
    let text = row.get(at).unwrap_or_default().trim();
    if text == "-0-" { "" } else { text }
}

fn rows(text: &str, mut on: impl FnMut(StringRecord, &mut Sink<'_>), sink: &mut Sink<'_>) {
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    for row in reader.records() {
        match row {
            Ok(row) => on(row, sink),
            Err(error) => sink.finding(Finding::error("row-unread", "", error.to_string())),
        }
    }
}

/// Entries of the main table, with what the other tables say of them.
pub(super) fn read(text: &str, beside: &[String], sink: &mut Sink<'_>) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut beyond = 0;
    rows(
        text,
        |row, sink| match main_row(&row) {
            Row::Entry(entry) if entries.len() < ENTRIES_MAX => entries.push(*entry),
            Row::Entry(_) => beyond += 1,
            Row::Nothing => {}
            Row::Bad(finding) => sink.finding(finding),
        },
        sink,
    );
    told_of_rest(beyond, sink);
    let places: HashMap<String, usize> =
        entries.iter().enumerate().map(|(at, entry)| (entry.number.clone(), at)).collect();
    for (number, table) in beside.iter().enumerate() {
        let (mut unread, mut unknown) = (0_u64, 0_u64);
        let take = |row: StringRecord, _: &mut Sink<'_>| {
            if is_end(&row) || cell(&row, 0).parse::<u64>().is_err() {
                unread += u64::from(row.iter().any(|cell| cell.bytes().any(|b| b.is_ascii_digit())));
                return;
            }
            let Some(entry) = places.get(cell(&row, 0)).and_then(|at| entries.get_mut(*at)) else {
                unknown += 1;
                return;
            };
            unread += u64::from(!add(entry, &row));
        };
        rows(table, take, sink);
        for (count, what) in
            [(unread, "rows that could not be read"), (unknown, "rows for entries that the list lacks")]
        {
            if count > 0 {
                let path = format!("beside[{number}]");
                sink.finding(Finding::warning(
                    "row-unread",
                    path,
                    format!("{count} {what}; they were left out"),
                ));
            }
        }
    }
    for entry in &mut entries {
        entry.is_cut = entry.remarks.chars().count() == REMARKS_CHARS;
        entry.read_remarks();
    }
    entries
}

/// Says how many entries were left out.
fn told_of_rest(beyond: usize, sink: &mut Sink<'_>) {
    if beyond > 0 {
        let message = format!("the list has more than {ENTRIES_MAX} entries; {beyond} were left out");
        sink.finding(Finding::error("ofac-too-large", "", message));
    }
}

enum Row {
    Entry(Box<Entry>),
    Nothing,
    Bad(Finding),
}

/// The table ends with a row of one control character.
fn is_end(row: &StringRecord) -> bool {
    row.iter().all(|cell| cell.trim().is_empty() || cell == "\u{1a}")
}

fn main_row(row: &StringRecord) -> Row {
    let line = row.position().map_or(0, csv::Position::line);
    let number = cell(row, 0);
    if is_end(row) || line == 1 && number.parse::<u64>().is_err() {
        return Row::Nothing;
    }
    if number.parse::<u64>().is_err() || cell(row, 1).is_empty() || row.len() < 4 {
        let message = "a row begins with a number and a name; it was skipped";
        return Row::Bad(Finding::error("row-unread", format!("line {line}"), message));
    }
    let vessel = [
        (5, "call sign"),
        (6, "type"),
        (7, "tonnage"),
        (8, "gross registered tonnage"),
        (9, "flag"),
        (10, "owner"),
    ];
    Row::Entry(Box::new(Entry {
        number: number.to_owned(),
        name: cell(row, 1).to_owned(),
        kind: cell(row, 2).to_owned(),
        programmes: programmes(cell(row, 3)),
        title: cell(row, 4).to_owned(),
        vessel: vessel
            .into_iter()
            .filter(|(at, _)| !cell(row, *at).is_empty())
            .map(|(at, kind)| Item { kind: kind.to_owned(), text: cell(row, at).to_owned() })
            .collect(),
        // A blank at the end counts for where the column is cut.
        remarks: if cell(row, 11).is_empty() {
            String::new()
        } else {
            row.get(11).unwrap_or_default().to_owned()
        },
        path: format!("line {line}"),
        ..Entry::default()
    }))
}

/// `NPWMD] [DPRK2` is two programmes.
fn programmes(text: &str) -> Vec<String> {
    let names = text.split([']', '[', ';']).map(str::trim).filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

/// Adds a row of another table; false if the row belongs to none.
fn add(entry: &mut Entry, row: &StringRecord) -> bool {
    match row.len() {
        6 => {
            let parts = [2, 3, 4, 5].map(|at| cell(row, at));
            let address = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
            if !address.is_empty() {
                entry.addresses.push(address);
            }
        }
        4 | 5 => {
            let remarks = cell(row, 4);
            let kind = if remarks.is_empty() {
                cell(row, 2).to_owned()
            } else {
                format!("{} ({remarks})", cell(row, 2))
            };
            entry.aliases.push(Item { kind, text: cell(row, 3).to_owned() });
        }
        2 => {
            if entry.remarks.chars().count() < REMARKS_CHARS {
                return false;
            }
            entry.remarks.push_str(row.get(1).unwrap_or_default());
        }
        _ => return false,
    }
    true
}

#[derive(Deserialize)]
struct Line {
    ent_num: String,
    name: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    program: String,
    #[serde(default)]
    aka: Vec<String>,
    #[serde(default)]
    remarks: String,
}

/// Entries of JSON Lines: `ent_num`, `name`, `type`, `program`, `aka`, `remarks`.
pub(super) fn read_lines(text: &str, sink: &mut Sink<'_>) -> Vec<Entry> {
    let (mut entries, mut beyond) = (Vec::new(), 0);
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let path = format!("line {}", at + 1);
        let line: Line = match serde_json::from_str(line) {
            Ok(line) => line,
            Err(error) => {
                sink.finding(Finding::error("row-unread", path, format!("{error}; the line was skipped")));
                continue;
            }
        };
        if entries.len() >= ENTRIES_MAX {
            beyond += 1;
            continue;
        }
        let mut entry = Entry {
            number: line.ent_num,
            name: line.name,
            kind: if line.kind == "entity" { String::new() } else { line.kind },
            programmes: programmes(&line.program),
            aliases: line.aka.into_iter().map(|text| Item { kind: "aka".to_owned(), text }).collect(),
            remarks: line.remarks,
            path,
            ..Entry::default()
        };
        entry.read_remarks();
        entries.push(entry);
    }
    told_of_rest(beyond, sink);
    entries
}
