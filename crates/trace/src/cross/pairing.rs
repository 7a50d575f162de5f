//! Known pairings: which transaction on one chain was paid out by which on another, as bridges' own pages and investigators say.

use std::collections::BTreeMap;

use csv::StringRecord;
use stix::Finding;

use crate::store::NAME_BYTES_MAX;

/// Most rows of a table of pairings.
pub const PAIRINGS_MAX: usize = 1_000_000;
/// Most rows that are told of those that can't be read.
const FINDINGS_MAX: usize = 100;
/// The confidence of a pairing of which nothing else is said.
const SURE: u8 = 100;
/// The columns that there have to be.
const COLUMNS: [&str; 4] = ["from_chain", "from_transaction", "to_chain", "to_transaction"];
/// The column that there may be.
const CONFIDENCE: &str = "confidence";

/// What entered a service by one transaction left one by another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pairing {
    /// The chain of the transaction by which it entered, as its store names it.
    pub from_chain: String,
    /// That transaction.
    pub from_transaction: String,
    /// The chain of the transaction by which it left; may be the same.
    pub to_chain: String,
    /// That transaction.
    pub to_transaction: String,
    /// How sure that is, 0 to 100, on the scale of STIX 2.1 (appendix A).
    pub confidence: u8,
}

/// Reads a table of pairings: CSV with a header that has the columns `from_chain`, `from_transaction`, `to_chain` and
/// `to_transaction` in any order, and may have `confidence` (0 to 100; 100 where it is empty) and others, which are passed over.
///
/// Rows that can't be read are left out, and the first hundred of them are told with their line and column. Of a pairing that comes twice,
/// the one that is surest counts. What was read is in order of the chains and transactions, whatever the order of the rows.
///
/// # Errors
/// A [`Finding`] when it has no header, or a column is not there.
pub fn pairings(text: &[u8]) -> Result<(Vec<Pairing>, Vec<Finding>), Finding> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text);
    let header =
        reader.headers().map_err(|error| Finding::error("pairing-table", "line 1", error.to_string()))?;
    let header: Vec<String> =
        header.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_owned()).collect();
    let place = |name: &str| header.iter().position(|other| other == name);
    let mut places = [0; COLUMNS.len()];
    for (at, name) in places.iter_mut().zip(COLUMNS) {
        *at = place(name).ok_or_else(|| {
            let message = format!("there is no column `{name}`; there are: {}", shown(&header.join(", ")));
            Finding::error("pairing-column", "line 1", message)
        })?;
    }
    let columns = Columns { places, confidence: place(CONFIDENCE) };
    let mut read = Rows::default();
    let mut row = StringRecord::new();
    loop {
        let line = reader.position().line();
        match reader.read_record(&mut row) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                read.leave_out(line, None, error.to_string());
                if error.is_io_error() {
                    break;
                }
                continue;
            }
        }
        let line = row.position().map_or(line, csv::Position::line);
        if read.count >= PAIRINGS_MAX {
            read.leave_out(
                line,
                None,
                format!("there are more than {PAIRINGS_MAX} rows; the rest is not read"),
            );
            break;
        }
        read.count += 1;
        match columns.pairing(&row) {
            Ok(pairing) => read.take(pairing),
            Err((column, why)) => read.leave_out(line, Some(column), why),
        }
    }
    Ok(read.done())
}

/// Where a row has what.
struct Columns {
    places: [usize; COLUMNS.len()],
    confidence: Option<usize>,
}

impl Columns {
    /// What a row says, or which column is wrong and why.
    fn pairing(&self, row: &StringRecord) -> Result<Pairing, (&'static str, String)> {
        let [from_chain, from_transaction, to_chain, to_transaction] = [0, 1, 2, 3].map(|column| {
            let cell = row.get(self.places[column]).unwrap_or_default();
            name(cell).map_err(|why| (COLUMNS[column], why))
        });
        let confidence = self.confidence.and_then(|column| row.get(column)).map_or("", str::trim);
        let confidence =
            match confidence {
                "" => SURE,
                text => text.parse().ok().filter(|confidence| *confidence <= SURE).ok_or_else(|| {
                    (CONFIDENCE, format!("`{}` is no whole number from 0 to 100", shown(text)))
                })?,
            };
        let pairing = Pairing {
            from_chain: from_chain?,
            from_transaction: transaction(&from_transaction?),
            to_chain: to_chain?,
            to_transaction: transaction(&to_transaction?),
            confidence,
        };
        match pairing.from_chain == pairing.to_chain && pairing.from_transaction == pairing.to_transaction {
            true => Err(("to_transaction", "a transaction can't be the payout of itself".to_owned())),
            false => Ok(pairing),
        }
    }
}

/// A name of a chain or a transaction, as a store may have it.
fn name(cell: &str) -> Result<String, String> {
    let cell = cell.trim();
    match cell.len() {
        0 => Err("it is empty".to_owned()),
        length if length > NAME_BYTES_MAX => {
            Err(format!("it has {length} bytes, and {NAME_BYTES_MAX} are allowed"))
        }
        _ if cell.chars().any(|sign| sign.is_control() || sign.is_whitespace()) => {
            Err("it has a space or a control character".to_owned())
        }
        _ => Ok(cell.to_owned()),
    }
}

/// A transaction as a store writes it: hexadecimal digits in small letters.
fn transaction(text: &str) -> String {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let is_hex = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    match digits.is_some_and(is_hex) || (text.len() == 64 && is_hex(text)) {
        true => text.to_ascii_lowercase(),
        false => text.to_owned(),
    }
}

/// A cell as it may stand in a message.
fn shown(text: &str) -> String {
    text.chars().take(80).map(|sign| if sign.is_control() { '?' } else { sign }).collect()
}

/// What has been read so far.
#[derive(Default)]
struct Rows {
    count: usize,
    sure: BTreeMap<(String, String, String, String), u8>,
    findings: Vec<Finding>,
    left_out: usize,
}

impl Rows {
    fn take(&mut self, pairing: Pairing) {
        let Pairing { from_chain, from_transaction, to_chain, to_transaction, confidence } = pairing;
        let known = self.sure.entry((from_chain, from_transaction, to_chain, to_transaction)).or_default();
        *known = confidence.max(*known);
    }

    fn leave_out(&mut self, line: u64, column: Option<&str>, why: String) {
        self.left_out += 1;
        if self.left_out <= FINDINGS_MAX {
            let column = column.map(|name| format!(", column {name}")).unwrap_or_default();
            self.findings.push(Finding::error("pairing-row", format!("line {line}{column}"), why));
        }
    }

    fn done(mut self) -> (Vec<Pairing>, Vec<Finding>) {
        if self.left_out > FINDINGS_MAX {
            let message = format!("{} rows were left out; the first {FINDINGS_MAX} are told", self.left_out);
            self.findings.push(Finding::warning("pairing-rows", "", message));
        }
        let pairing = |((from_chain, from_transaction, to_chain, to_transaction), confidence)| Pairing {
            from_chain,
            from_transaction,
            to_chain,
            to_transaction,
            confidence,
        };
        (self.sure.into_iter().map(pairing).collect(), self.findings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADER: &str = "to_chain,to_transaction,from_chain,from_transaction,confidence,note\n";

    #[test]
    fn rows_are_pairings_in_one_order_and_spelling() {
        let text = format!(
            "\u{feff}{HEADER}tron,ab,ethereum,0xAB,,x\nbitcoin,{},ethereum,0xAA,70\n",
            "AB".repeat(32)
        );
        let (read, findings) = pairings(text.as_bytes()).unwrap();
        assert_eq!(findings, []);
        let told: Vec<_> = read.iter().map(|one| (one.from_transaction.as_str(), one.confidence)).collect();
        assert_eq!(told, [("0xaa", 70), ("0xab", 100)]);
        assert_eq!(read[0].to_transaction, "ab".repeat(32));
    }

    #[test]
    fn a_pairing_that_comes_twice_is_one_and_the_surest_counts() {
        let text = format!("{HEADER}b,2,a,1,40\nb,2,a,1,60\nb,2,a,1,50\n");
        let (read, findings) = pairings(text.as_bytes()).unwrap();
        assert_eq!((read.len(), read[0].confidence, findings.len()), (1, 60, 0));
    }

    #[test]
    fn what_is_none_is_told_with_line_and_column() {
        let long = "x".repeat(NAME_BYTES_MAX + 1);
        for (row, place, word) in [
            ("b,2,,1", "line 2, column from_chain", "empty"),
            ("b", "line 2, column from_chain", "empty"),
            (&format!("b,{long},a,1"), "line 2, column to_transaction", "129 bytes"),
            ("b,2 3,a,1", "line 2, column to_transaction", "space"),
            ("b,2,a,1,101", "line 2, column confidence", "0 to 100"),
            ("b,2,a,1,-1", "line 2, column confidence", "0 to 100"),
            ("a,1,a,1", "line 2, column to_transaction", "itself"),
        ] {
            let (read, findings) = pairings(format!("{HEADER}{row}\nb,2,a,1\n").as_bytes()).unwrap();
            assert_eq!((read.len(), findings.len()), (1, 1), "{row}");
            assert_eq!(findings[0].path, place, "{row}");
            assert!(findings[0].message.contains(word), "{row}: {}", findings[0].message);
        }
    }

    #[test]
    fn a_column_that_is_not_there_is_named() {
        let told = pairings(b"from_chain,from_transaction,to_chain\na,1,b\n").unwrap_err();
        assert!(told.message.contains("`to_transaction`"), "{told}");
        assert!(pairings(b"").is_err());
    }

    #[test]
    fn of_many_bad_rows_the_first_are_told_and_all_are_counted() {
        let (read, findings) = pairings(format!("{HEADER}{}", "b,,a,1\n".repeat(1_000)).as_bytes()).unwrap();
        assert!(read.is_empty() && findings.len() == FINDINGS_MAX + 1);
        assert!(findings.last().unwrap().message.starts_with("1000 rows"));
    }

    proptest! {
        /// Whatever a table is, what is read of it, written out, is read as the same.
        #[test]
        fn what_is_read_is_read_again(rows in "([ab\",\n\r \u{e9}0x7A]{0,9},){0,40}") {
            let (read, findings) = pairings(format!("{HEADER}{rows}").as_bytes()).unwrap();
            prop_assert!(findings.len() <= FINDINGS_MAX + 1);
            let quoted = |cell: &str| format!("\"{}\"", cell.replace('"', "\"\""));
            let mut text = HEADER.to_owned();
            for one in &read {
                let cells = [&one.to_chain, &one.to_transaction, &one.from_chain, &one.from_transaction];
                let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
                text.push_str(&format!("{},{},\n", cells.join(","), one.confidence));
            }
            prop_assert_eq!(pairings(text.as_bytes()).unwrap(), (read, Vec::new()));
        }
    }

    #[test]
    fn one_row_more_than_there_may_be_is_not_read() {
        let mut text = String::from("from_chain,from_transaction,to_chain,to_transaction\n");
        text.push_str(&"a,1,b,2\n".repeat(PAIRINGS_MAX));
        assert_eq!(pairings(text.as_bytes()).unwrap().1, []);
        text.push_str("a,3,b,4\n");
        let (read, findings) = pairings(text.as_bytes()).unwrap();
        assert_eq!((read.len(), findings.len()), (1, 1));
    }
}
