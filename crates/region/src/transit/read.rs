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

use std::io::{self, BufRead, Read};
use std::sync::mpsc::sync_channel;

use serde::Deserialize;
use stix::Timestamp;

use super::geo::{Fault, Locate};
use super::observed::{HOPS_MAX, Observed};
use super::place::{Country, Network, Place};
use super::{Hop, Role, Sighting};
use crate::rows::Rows;

/// The longest line, in bytes.
pub const LINE_BYTES_MAX: usize = 64 * 1024;
/// The faults that are kept; others are counted.
const FAULTS_MAX: usize = 100;
/// Rows that are handed on together.
const TOGETHER: usize = 4096;

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
}

/// Rows that were read, on their way to those that were observed.
#[derive(Default)]
struct Batch {
    rows: Vec<Row>,
    hops: Vec<Hop>,
    faults: Vec<(u64, String)>,
}

struct Row {
    line: u64,
    time: i64,
    /// How many of the batch's hops are its own.
    hops: usize,
    victim: Hop,
    count: u32,
}

/// Reads a table into what is observed.
///
/// # Errors
/// [`ReadError`]; what was read before it is taken.
pub fn table(
    observed: &mut Observed,
    source: impl Read + Send,
    tables: &(impl Locate + Sync),
) -> Result<Report, ReadError> {
    piped(observed, tables, |give| {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(Rows::of(source));
        let names = reader.byte_headers().map_err(failed)?.clone();
        let column = |name: &str| names.iter().position(|one| one.trim_ascii() == name.as_bytes());
        let time = column("time").ok_or(ReadError::Column("time"))?;
        let hops = column("hops").ok_or(ReadError::Column("hops"))?;
        let (from, victim, count) = (column("source"), column("victim"), column("count"));
        let mut record = csv::ByteRecord::new();
        while reader.read_byte_record(&mut record).map_err(failed)? {
            reader.get_mut().ended();
            let line = record.position().map_or(0, csv::Position::line);
            give(line, &mut |batch| {
                let field = |at: usize| {
                    str::from_utf8(record.get(at).unwrap_or_default()).unwrap_or("\u{fffd}").trim()
                };
                let or_none = |at: Option<usize>| at.map(field).unwrap_or_default();
                let time = time_of(field(time))?;
                let count = count_of(or_none(count))?;
                let before = batch.hops.len();
                put_source(&mut batch.hops, or_none(from))?;
                for text in field(hops).split([' ', ';']).filter(|text| !text.is_empty()) {
                    put(&mut batch.hops, before, hop_of(text)?)?;
                }
                let victim = victim_of(or_none(victim))?;
                let hops = batch.hops.len() - before;
                Ok(Row { line, time, hops, victim, count })
            })?;
        }
        Ok(())
    })
}

/// A sighting as a JSON object.
#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    time: Time<'a>,
    #[serde(default)]
    source: Option<std::borrow::Cow<'a, str>>,
    #[serde(default)]
    hops: Vec<std::borrow::Cow<'a, str>>,
    #[serde(default)]
    victim: Option<std::borrow::Cow<'a, str>>,
    #[serde(default)]
    count: Option<u32>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Time<'a> {
    Seconds(i64),
    Text(std::borrow::Cow<'a, str>),
}

/// Reads lines of JSON into what is observed.
///
/// # Errors
/// [`ReadError`]; what was read before it is taken.
pub fn json_lines(
    observed: &mut Observed,
    mut source: impl BufRead + Send,
    tables: &(impl Locate + Sync),
) -> Result<Report, ReadError> {
    piped(observed, tables, |give| {
        let mut text = Vec::new();
        for line in 1.. {
            text.clear();
            if (&mut source).take(LINE_BYTES_MAX as u64 + 1).read_until(b'\n', &mut text)? == 0 {
                break;
            }
            let is_long = text.len() > LINE_BYTES_MAX && text.last() != Some(&b'\n');
            if is_long {
                source.skip_until(b'\n')?;
            }
            if text.trim_ascii().is_empty() {
                continue;
            }
            give(line, &mut |batch| {
                if is_long {
                    return Err(format!("it has more than {LINE_BYTES_MAX} bytes"));
                }
                let object: Object<'_> = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
                let time = match object.time {
                    Time::Seconds(time) => time,
                    Time::Text(text) => time_of(&text)?,
                };
                let before = batch.hops.len();
                put_source(&mut batch.hops, object.source.as_deref().unwrap_or_default())?;
                for text in &object.hops {
                    put(&mut batch.hops, before, hop_of(text)?)?;
                }
                let victim = victim_of(object.victim.as_deref().unwrap_or_default())?;
                let hops = batch.hops.len() - before;
                Ok(Row { line, time, hops, victim, count: object.count.unwrap_or(1) })
            })?;
        }
        Ok(())
    })
}

/// What reads one row: with its line, and what puts it into a batch or says what is wrong.
type Give<'g> =
    dyn FnMut(u64, &mut dyn FnMut(&mut Batch) -> Result<Row, String>) -> Result<(), ReadError> + 'g;

/// One thread reads rows, while this one takes them.
fn piped(
    observed: &mut Observed,
    tables: &(impl Locate + Sync),
    read: impl FnOnce(&mut Give<'_>) -> Result<(), ReadError> + Send,
) -> Result<Report, ReadError> {
    let (sender, batches) = sync_channel::<Batch>(4);
    std::thread::scope(|scope| {
        let reading = scope.spawn(move || {
            let mut batch = Batch::default();
            let mut give = |line: u64, row: &mut dyn FnMut(&mut Batch) -> Result<Row, String>| {
                let before = batch.hops.len();
                match row(&mut batch) {
                    Ok(row) => batch.rows.push(row),
                    Err(why) => {
                        batch.hops.truncate(before);
                        batch.faults.push((line, why));
                    }
                }
                if batch.rows.len() + batch.faults.len() >= TOGETHER {
                    // Nobody takes them only when this function is being left.
                    let _ = sender.send(std::mem::take(&mut batch));
                }
                Ok(())
            };
            let read = read(&mut give);
            let _ = sender.send(batch);
            read
        });
        let mut report = Report::default();
        for batch in batches {
            take(observed, &batch, tables, &mut report);
        }
        match reading.join() {
            Ok(read) => read.map(|()| report),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

fn take(observed: &mut Observed, batch: &Batch, tables: &impl Locate, report: &mut Report) {
    report.rows += (batch.rows.len() + batch.faults.len()) as u64;
    for (line, why) in &batch.faults {
        report.fault(*line, why.clone());
    }
    let mut rest = batch.hops.as_slice();
    for row in &batch.rows {
        let (hops, more) = rest.split_at_checked(row.hops).unwrap_or((rest, &[]));
        rest = more;
        let found = row.victim.address.map(|address| tables.place(address)).unwrap_or_default();
        let sighting =
            Sighting { time: row.time, hops, victim: row.victim.place.or(found), count: row.count };
        if let Err(error) = observed.add(&sighting, tables) {
            report.fault(row.line, error.to_string());
        }
    }
}

fn failed(error: csv::Error) -> ReadError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error.into(),
        kind => io::Error::other(format!("{kind:?}")).into(),
    }
}

fn time_of(text: &str) -> Result<i64, String> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
        return text.parse().map_err(|_| format!("`{}` is no time", short(text)));
    }
    match Timestamp::parse(text) {
        Ok(time) => Ok(time.micros().div_euclid(1_000_000)),
        Err(error) => Err(format!("`{}` is no time: {error}", short(text))),
    }
}

fn count_of(text: &str) -> Result<u32, String> {
    match text {
        "" => Ok(1),
        text => text.parse().map_err(|_| format!("`{}` is no count", short(text))),
    }
}

fn put_source(hops: &mut Vec<Hop>, text: &str) -> Result<(), String> {
    if !matches!(text, "" | "?") {
        hops.push(Hop { role: Role::Source, ..hop_of(text)? });
    }
    Ok(())
}

fn put(hops: &mut Vec<Hop>, before: usize, hop: Hop) -> Result<(), String> {
    if hops.len() - before >= HOPS_MAX {
        return Err(format!("it has more than {HOPS_MAX} hops"));
    }
    hops.push(hop);
    Ok(())
}

/// A victim; a country's two letters may stand alone.
fn victim_of(text: &str) -> Result<Hop, String> {
    match Country::known(text) {
        Ok(country) => {
            Ok(Hop { address: None, place: Place { country, network: None }, role: Role::Unknown })
        }
        Err(_) => hop_of(text),
    }
}

/// A hop as it is written.
fn hop_of(text: &str) -> Result<Hop, String> {
    let (what, role) = match text.split_once('/') {
        Some((what, role)) => (what, Role::of(role).ok_or_else(|| format!("`{}` is no role", short(role)))?),
        None => (text, Role::Unknown),
    };
    if what == "?" {
        return Ok(Hop { address: None, place: Place::default(), role });
    }
    let (address, place) = match what.split_once('@') {
        Some((address, place)) => (address, place_of(place)?),
        None => (what, Place::default()),
    };
    let address = match address {
        "" if what.starts_with('@') => None,
        text => Some(text.parse().map_err(|_| {
            format!("`{}` is no hop: an address, @ and a place, or ?; with a role after /", short(text))
        })?),
    };
    Ok(Hop { address, place, role })
}

fn place_of(text: &str) -> Result<Place, String> {
    let mut place = Place::default();
    for part in text.split(':') {
        match (Country::parse(part), Network::parse(part)) {
            (Ok(country), _) => place.country = Some(country),
            (Err(_), Some(network)) => place.network = Some(network),
            (Err(error), None) => return Err(error.to_string()),
        }
    }
    Ok(place)
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transit::By;
    use crate::transit::flow::{Options, flows};
    use crate::transit::geo::{NoTable, Ranges};

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
        assert_eq!((flows.total, flows.most_crossed()[0].spot.to_string()), (4, "DE".into()));
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
