//! Sightings as lines of JSON.

use std::io::{BufRead, Read as _};
use std::sync::mpsc::sync_channel;

use serde::Deserialize;

use super::words::{hop_of, put, put_source, time_of, victim_of};
use super::{LINE_BYTES_MAX, ReadError, Report};
use crate::transit::geo::Locate;
use crate::transit::observed::Observed;
use crate::transit::{Hop, Sighting};

/// Rows that are handed on together.
const TOGETHER: usize = 4096;

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
