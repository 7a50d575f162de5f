//! Sightings from files: a table, or a JSON object on each line.
//!
//! A table has a line of names first; the columns, of which `time` and `hops` are needed:
//!
//! | column | what |
//! | --- | --- |
//! | `time` | RFC 3339 with a zone, or seconds since 1970-01-01 UTC |
//! | `source` | where it came from, if it was seen: written as a hop |
//! | `hops` | hops in order, with spaces or `;` between them |
//! | `victim` | written as a hop, mostly a country: `@KR` or `KR` |
//! | `count` | how often it was seen; 1 if nothing is said |
//!
//! A hop is an address, `@` and a place (`@DE`, `@AS64500`, `@DE:AS64500`), both together, or `?` where nobody knows; its
//! [role](super::Role) may follow after `/`. So `203.0.113.9/proxy ? 192.0.2.1@DE/c2` are three hops. A JSON object has the same
//! names; `hops` is a list there, whose members are written in the same way.
//!
//! A row that is wrong is told with its line and left out; the others count.

mod blocks;
mod json;
mod quick;
mod reader;
mod table;
mod words;
mod written;

use std::io;

pub use self::json::json_lines;
pub use self::table::table;
pub use self::written::Written;

use super::geo::Fault;
use super::observed::ObserveError;

/// The longest line, in bytes.
pub const LINE_BYTES_MAX: usize = 64 * 1024;
/// The faults that are kept; others are counted.
const FAULTS_MAX: usize = 100;

/// What a file was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Its rows.
    pub rows: u64,
    /// What is wrong with the first hundred that can't be taken.
    pub faults: Vec<Fault>,
    /// How many can't be taken.
    pub faulty: u64,
}

impl Report {
    /// Takes what a part of the file was, before which so many lines ended; lines of its faults are from 0.
    fn take(&mut self, part: &Self, lines: u64) {
        self.rows += part.rows;
        self.faulty += part.faulty;
        let room = FAULTS_MAX - self.faults.len().min(FAULTS_MAX);
        let faults = part.faults.iter().take(room);
        self.faults
            .extend(faults.map(|fault| Fault { line: lines + fault.line + 1, why: fault.why.clone() }));
    }

    /// Notes a row that can't be taken.
    pub(super) fn fault(&mut self, line: u64, why: String) {
        self.faulty += 1;
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Fault { line, why });
        }
    }
}

/// Why a file can't be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The source failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A column that is needed isn't there.
    #[error("it has no column `{0}`; the first line names the columns: time, source, hops, victim, count")]
    Column(&'static str),
    /// There are more than can be kept.
    #[error(transparent)]
    Full(#[from] ObserveError),
}

fn failed(error: csv::Error) -> ReadError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error.into(),
        kind => io::Error::other(format!("{kind:?}")).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transit::flow::{Options, flows};
    use crate::transit::geo::{NoTable, Ranges};
    use crate::transit::{By, Observed};

    const TABLE: &str = "time,source,hops,victim,count\n\
        2026-03-01T00:00:00Z,198.51.100.7@RU,203.0.113.9/proxy ? 192.0.2.1@DE:AS64500/c2,KR,3\n\
        1772323200,,@DE/hosting;@AS64500,203.0.113.1,\n\
        yesterday,,192.0.2.1,KR,1\n\
        1772323200,,192.0.2.1/king,KR,1\n\
        1772323200,,192.0.2,KR,1\n\
        1772323200,,192.0.2.1@QQ,KR,1\n\
        1772323200,,192.0.2.1,KR,-1\n\
        1772323200,,,@AS0,1\n\
        -1,,,KR\n\
        9999999999,,,KR,\n";

    #[test]
    fn rows_are_read_and_wrong_ones_named() {
        let mut observed = Observed::default();
        let ranges = Ranges::read("203.0.113.0/24,JP\n192.0.2.0/24,FR\n".as_bytes()).unwrap().ranges;
        let report = table(&mut observed, TABLE.as_bytes(), &ranges).unwrap();
        let faults: Vec<String> =
            report.faults.iter().map(|fault| format!("{}: {}", fault.line, fault.why)).collect();
        insta::assert_snapshot!(faults.join("\n"), @r"
        4: `yesterday` is no time: a timestamp is written 2026-01-31T12:00:00.000Z (RFC 3339, UTC with `Z`)
        5: `king` is no role
        6: `192.0.2` is no hop: an address, @ and a place, or ?; with a role after /
        7: `QQ` is no country: two letters of ISO 3166-1 stand for one, like KR
        8: `-1` is no count
        9: `AS0` is no country: two letters of ISO 3166-1 stand for one, like KR
        10: `-1` is no time: a timestamp is written 2026-01-31T12:00:00.000Z (RFC 3339, UTC with `Z`)
        11: its time, 9999999999 seconds since 1970, is before 1970 or after 2106
        ");
        assert_eq!((report.rows, report.faulty, observed.len()), (10, 8, 2));
        let places: Vec<String> = observed
            .infrastructure()
            .iter()
            .map(|one| format!("{:?} {:?}", one.place.country, one.place.network.map(|network| network.0)))
            .collect();
        assert_eq!(
            places,
            [
                "Some(RU) None",
                "Some(JP) None",
                "None None",
                "Some(DE) Some(64500)",
                "Some(DE) None",
                "None Some(64500)"
            ]
        );
        assert_eq!(observed.sighting(1).victim.country.unwrap().code(), "JP");
        let flows = flows(&observed, Options::by(By::Country));
        let most = flows.crossings.iter().max_by_key(|crossing| crossing.through).unwrap();
        assert_eq!((flows.total, most.spot.to_string()), (4, "DE".into()));
    }

    #[test]
    fn lines_of_json_say_the_same() {
        let lines = concat!(
            r#"{"time":"2026-03-01T00:00:00Z","source":"198.51.100.7@RU","hops":["203.0.113.9/proxy","?"],"victim":"KR","count":3}"#,
            "\n\n",
            r#"{"time":1772323200,"hops":[]}"#,
            "\n{\n",
            r#"{"hops":[]}"#,
        );
        let mut observed = Observed::default();
        let report = json_lines(&mut observed, lines.as_bytes(), &NoTable).unwrap();
        assert_eq!((report.rows, report.faulty, observed.len()), (4, 2, 2));
        assert_eq!(report.faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [4, 5]);
        assert_eq!(observed.sighting(0).hops.len(), 3);
        assert_eq!(observed.sighting(0).count, 3);
        let long = format!("{}\n{{\"time\":1}}\n", " ".repeat(LINE_BYTES_MAX) + "x");
        let report = json_lines(&mut observed, long.as_bytes(), &NoTable).unwrap();
        assert_eq!((report.rows, report.faulty), (2, 1));
    }

    #[test]
    fn a_table_without_times_is_refused() {
        let error = table(&mut Observed::default(), "when,hops\n1,\n".as_bytes(), &NoTable).unwrap_err();
        assert!(error.to_string().starts_with("it has no column `time`"), "{error}");
        let report = table(&mut Observed::default(), "time,hops\n".as_bytes(), &NoTable).unwrap();
        assert_eq!(report, Report::default());
    }
}
