//! Tables of labelled addresses: CSV with a header, as Etherscan's lists and those of research are.

use std::sync::Arc;

use stix::Finding;

use super::{Category, Label, Read, is_address, short};

/// Most rows of a table, and most that are told of those that can't be read.
const ROWS_MAX: usize = 5_000_000;
const FINDINGS_MAX: usize = 100;

/// What a table's columns are called, and what holds for all its rows.
#[derive(Debug, Clone)]
pub struct Columns {
    /// The column with the address.
    pub address: String,
    /// The column with the name, if there is one.
    pub name: Option<String>,
    /// The column with what it is, if there is one. A cell may hold several words, apart by commas.
    pub category: Option<String>,
    /// What an address is of which the row does not say it.
    pub otherwise: Category,
    /// Who says so.
    pub source: Arc<str>,
    /// Since when, `2023-10-02`.
    pub date: Option<Arc<str>>,
    /// How sure that is, 0 to 100.
    pub confidence: u8,
}

/// Reads a table. Rows without an address are left out, and the first hundred of them are told with their line.
///
/// # Errors
/// A [`Finding`] when it has no header, or a column that is named is not there.
pub fn table(text: &[u8], columns: &Columns) -> Result<Read, Finding> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text);
    let header =
        reader.headers().map_err(|error| Finding::error("label-table", "line 1", error.to_string()))?;
    let header: Vec<String> =
        header.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_owned()).collect();
    let place = |name: &str| {
        header.iter().position(|other| other == name).ok_or_else(|| {
            let message = format!("there is no column `{name}`; there are: {}", header.join(", "));
            Finding::error("label-column", "line 1", message)
        })
    };
    let address = place(&columns.address)?;
    let name = columns.name.as_deref().map(place).transpose()?;
    let category = columns.category.as_deref().map(place).transpose()?;
    let (mut labels, mut findings, mut left_out) = (Vec::new(), Vec::new(), 0_usize);
    let mut leave_out = |line: u64, why: String| {
        left_out += 1;
        if left_out <= FINDINGS_MAX {
            findings.push(Finding::error("label-row", format!("line {line}"), why));
        }
    };
    let mut row = csv::StringRecord::new();
    loop {
        let line = reader.position().line();
        match reader.read_record(&mut row) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                leave_out(line, error.to_string());
                if error.is_io_error() {
                    break;
                }
                continue;
            }
        }
        if labels.len() >= ROWS_MAX {
            leave_out(line, format!("there are more than {ROWS_MAX} rows; the rest is not read"));
            break;
        }
        let line = row.position().map_or(line, csv::Position::line);
        let Some(address) = row.get(address).map(str::trim).filter(|address| is_address(address)) else {
            leave_out(line, "no address, or something that can be none".to_owned());
            continue;
        };
        let words = category.and_then(|category| row.get(category)).unwrap_or_default();
        let known = words.split([',', '|', ';']).filter_map(Category::of_word);
        let known = known.into_iter().find(|category| *category != Category::Other);
        let label = Label {
            name: name.and_then(|name| row.get(name)).map(short).unwrap_or_default(),
            category: known.unwrap_or(columns.otherwise),
            actor: None,
            source: Arc::clone(&columns.source),
            date: columns.date.clone(),
            confidence: columns.confidence,
        };
        labels.push((address.to_owned(), label));
    }
    if left_out > FINDINGS_MAX {
        let message = format!("{left_out} rows were left out; the first {FINDINGS_MAX} are told");
        findings.push(Finding::warning("label-rows", "", message));
    }
    Ok((labels, findings))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Columns {
        Columns {
            address: "Address".to_owned(),
            name: Some("Name Tag".to_owned()),
            category: None,
            otherwise: Category::Exchange,
            source: "etherscan".into(),
            date: None,
            confidence: 40,
        }
    }

    #[test]
    fn rows_are_labels_and_what_is_none_is_told_with_its_line() {
        let text = "\u{feff},Address,Name Tag,Balance\n0,0x3f5ce5fbfe3e9af3971dd833d26ba9b5c936f0be,Binance,\"1,2 ETH\"\n1,,x,\n2,0x85b931a32a0725be14285b66f1a22178c672d69b,,\n3\n";
        let (labels, findings) = table(text.as_bytes(), &columns()).unwrap();
        let names: Vec<&str> = labels.iter().map(|(_, label)| label.name.as_str()).collect();
        assert_eq!(names, ["Binance", ""]);
        let places: Vec<&str> = findings.iter().map(|finding| finding.path.as_str()).collect();
        assert_eq!(places, ["line 3", "line 5"]);
    }

    #[test]
    fn a_column_that_is_not_there_is_named_with_those_that_are() {
        let told = table(b"a,b\n1,2\n", &columns()).unwrap_err();
        assert!(told.message.contains("`Address`") && told.message.contains("a, b"), "{told:?}");
    }

    #[test]
    fn of_many_bad_rows_the_first_are_told_and_all_are_counted() {
        let text = format!("Address,Name Tag\n{}", "x,y\n".repeat(1_000));
        let (labels, findings) = table(text.as_bytes(), &columns()).unwrap();
        assert!(labels.is_empty() && findings.len() == FINDINGS_MAX + 1);
        assert!(findings.last().unwrap().message.starts_with("1000 rows"));
    }
}
