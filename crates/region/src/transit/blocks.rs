//! A long table, cut into blocks at line breaks, which all cores read at once.
//!
//! Each block becomes small sums of its own, in which an address stands once; they are laid together in the table's order, so that what comes out is the same
//! as row by row. While one core lays blocks together, the others read the next. This holds as long as rows are lines: the first quotation mark, or a
//! line break of another kind, leaves the rest of the table to the reader that goes row by row.
//!
//! On paper: ten million rows are 700 MB and 30 million addresses, of which laying together asks a third again. On a machine of two
//! cores with much else to do this costs as much processor time as row by row, so that it is worth it where cores are idle.

use std::io::{self, Read};
use std::sync::mpsc::{SyncSender, sync_channel};

use rayon::prelude::*;

use super::geo::{Locate, NoTable};
use super::observed::Observed;
use super::read::{Columns, ReadError, Report, failed, placed};
use super::{Hop, Sighting};
use crate::rows::ROW_BYTES_MAX;

/// Bytes of a block: no row is longer.
const BLOCK_BYTES: usize = ROW_BYTES_MAX;
/// Blocks that are read together.
const TOGETHER: usize = 8;
/// Fields of a row that are looked at; columns beyond them are left to the other reader.
const FIELDS_MAX: usize = 32;

/// What was not read here.
pub(super) struct Left<R> {
    /// What was taken from the source and not used.
    pub(super) head: Vec<u8>,
    pub(super) source: R,
    /// The line with which `head` begins, from 1.
    pub(super) line: u64,
    /// Where columns stand, if their names were read already.
    pub(super) columns: Option<Columns>,
}

/// Whole lines of a table.
struct Block {
    bytes: Vec<u8>,
    /// The first one's number.
    line: u64,
}

/// Reads a table, up to where its rows are no lines.
///
/// # Errors
/// [`ReadError`]; what was read before it is taken.
pub(super) fn read<R: Read + Send>(
    observed: &mut Observed,
    source: R,
    tables: &(impl Locate + Sync),
    report: &mut Report,
) -> Result<Option<Left<R>>, ReadError> {
    let cutting = Cutting { source, most: BLOCK_BYTES, carry: Vec::new(), line: 1, is_over: false };
    read_cut(observed, cutting, tables, report)
}

fn read_cut<R: Read + Send>(
    observed: &mut Observed,
    mut cutting: Cutting<R>,
    tables: &(impl Locate + Sync),
    report: &mut Report,
) -> Result<Option<Left<R>>, ReadError> {
    let Some(mut first) = cutting.next()? else { return Ok(Some(cutting.left(None))) };
    // The names of the columns stand in the first line that is not empty, as for the other reader.
    let mut names = csv::ReaderBuilder::new().flexible(true).from_reader(first.bytes.as_slice());
    let columns = Columns::of(names.byte_headers().map_err(failed)?)?;
    let begins = usize::try_from(names.position().byte()).unwrap_or(usize::MAX).min(first.bytes.len());
    if columns.len() > FIELDS_MAX {
        cutting.put_back(first);
        return Ok(Some(cutting.left(None)));
    }
    first.line += memchr::memchr_iter(b'\n', first.bytes.get(..begins).unwrap_or_default()).count() as u64;
    first.bytes.drain(..begins);
    let (sender, groups) = sync_channel::<Vec<Block>>(1);
    std::thread::scope(|scope| {
        let cutting = scope.spawn(move || {
            let cut = cutting.all(first, &sender);
            drop(sender);
            (cut, cutting)
        });
        let mut before: Vec<Known> = Vec::new();
        for group in groups {
            let (_, after) = rayon::join(
                || lay(observed, &before, tables, report),
                || group.par_iter().map(|block| block.read(columns, tables)).collect(),
            );
            before = after;
        }
        lay(observed, &before, tables, report);
        match cutting.join() {
            Ok((cut, cutting)) => {
                cut?;
                Ok((!cutting.is_over).then(|| cutting.left(Some(columns))))
            }
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// A source that is cut into blocks.
struct Cutting<R> {
    source: R,
    /// Bytes of a block.
    most: usize,
    /// What was taken and is of no block yet.
    carry: Vec<u8>,
    /// The line with which that begins.
    line: u64,
    is_over: bool,
}

impl<R: Read> Cutting<R> {
    /// The next block; none at the end, and none where rows may be no lines.
    fn next(&mut self) -> io::Result<Option<Block>> {
        let mut bytes = Vec::with_capacity(self.most);
        bytes.append(&mut self.carry);
        let missing = self.most.saturating_sub(bytes.len()) as u64;
        self.source.by_ref().take(missing).read_to_end(&mut bytes)?;
        let is_last = bytes.len() < self.most;
        // What follows the last byte is seen with the next block.
        let is_break = |at: usize| bytes.get(at + 1).map_or(!is_last, |next| *next == b'\n');
        let is_plain =
            memchr::memchr(b'"', &bytes).is_none() && memchr::memchr_iter(b'\r', &bytes).all(is_break);
        let end = if is_last { Some(bytes.len()) } else { memchr::memrchr(b'\n', &bytes).map(|at| at + 1) };
        let Some(end) = end.filter(|_| is_plain) else {
            // Also a line longer than a block, which the other reader refuses.
            self.carry = bytes;
            return Ok(None);
        };
        self.carry.extend_from_slice(bytes.get(end..).unwrap_or_default());
        bytes.truncate(end);
        self.is_over = is_last && bytes.is_empty();
        if self.is_over {
            return Ok(None);
        }
        let line = self.line;
        self.line += memchr::memchr_iter(b'\n', &bytes).count() as u64;
        Ok(Some(Block { bytes, line }))
    }

    /// All blocks from the first one on, some together.
    fn all(&mut self, first: Block, to: &SyncSender<Vec<Block>>) -> io::Result<()> {
        let mut group = vec![first];
        let read = loop {
            match self.next() {
                Ok(Some(block)) => group.push(block),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
            if group.len() >= TOGETHER && to.send(std::mem::take(&mut group)).is_err() {
                // Nobody takes them only when the other thread is being left.
                return Ok(());
            }
        };
        let _ = to.send(group);
        read
    }

    fn put_back(&mut self, block: Block) {
        self.line = block.line;
        let mut bytes = block.bytes;
        bytes.append(&mut self.carry);
        self.carry = bytes;
    }

    fn left(self, columns: Option<Columns>) -> Left<R> {
        Left { head: self.carry, source: self.source, line: self.line, columns }
    }
}

/// What a block says.
struct Known {
    observed: Observed,
    /// The line of each sighting.
    lines: Vec<u64>,
    faults: Vec<(u64, String)>,
}

impl Block {
    fn read(&self, columns: Columns, tables: &impl Locate) -> Known {
        let mut read = Known { observed: Observed::default(), lines: Vec::new(), faults: Vec::new() };
        let mut hops: Vec<Hop> = Vec::new();
        let whole = str::from_utf8(&self.bytes).ok();
        let mut from = 0;
        for (line, end) in
            (self.line..).zip(memchr::memchr_iter(b'\n', &self.bytes).chain([self.bytes.len()]))
        {
            let range = from..end;
            from = end + 1;
            // Letters of one byte separate fields and lines, so that what lies between is text where all of it is.
            let taken = match whole {
                Some(text) => {
                    let text = text.get(range).unwrap_or_default();
                    let text = text.strip_suffix('\r').unwrap_or(text);
                    (!text.is_empty())
                        .then(|| read.take(line, &fields(text, columns), columns, &mut hops, tables))
                }
                None => {
                    let bytes = self.bytes.get(range).unwrap_or_default();
                    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
                    let of = |field| str::from_utf8(field).unwrap_or("\u{fffd}");
                    let mut texts = [""; FIELDS_MAX];
                    let fields = bytes.split(|byte| *byte == b',').take(columns.len());
                    texts.iter_mut().zip(fields).for_each(|(text, field)| *text = of(field));
                    (!bytes.is_empty()).then(|| read.take(line, &texts, columns, &mut hops, tables))
                }
            };
            if let Some(Err(why)) = taken {
                read.faults.push((line, why));
            }
        }
        read
    }
}

fn fields(text: &str, columns: Columns) -> [&str; FIELDS_MAX] {
    let mut fields = [""; FIELDS_MAX];
    for (place, field) in fields.iter_mut().zip(text.split(',').take(columns.len())) {
        *place = field;
    }
    fields
}

impl Known {
    fn take(
        &mut self,
        line: u64,
        fields: &[&str; FIELDS_MAX],
        columns: Columns,
        hops: &mut Vec<Hop>,
        tables: &impl Locate,
    ) -> Result<(), String> {
        hops.clear();
        let field = |at: usize| fields.get(at).map_or("", |field| field.trim());
        let (time, victim, count) = columns.row(field, hops)?;
        let sighting = Sighting { time, hops, victim: placed(victim, tables), count };
        self.observed.add(&sighting, &NoTable).map_err(|error| error.to_string())?;
        self.lines.push(line);
        Ok(())
    }
}

/// Lays blocks behind what there is.
fn lay(observed: &mut Observed, blocks: &[Known], tables: &impl Locate, report: &mut Report) {
    for block in blocks {
        report.rows += (block.lines.len() + block.faults.len()) as u64;
        for (line, why) in &block.faults {
            report.fault(*line, why.clone());
        }
        if observed.append(&block.observed, tables) {
            continue;
        }
        // There is no room for all: those that fit are taken, and the others told.
        let mut hops = Vec::new();
        for (line, kept) in block.lines.iter().zip(block.observed.sightings()) {
            block.observed.hops_of(&kept, &mut hops);
            let sighting =
                Sighting { time: kept.time.into(), hops: &hops, victim: kept.victim, count: kept.count };
            if let Err(error) = observed.add(&sighting, tables) {
                report.fault(*line, error.to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transit::geo::Ranges;
    use crate::transit::read::quoted;
    use proptest::prelude::*;

    /// All that was taken of a table, in words.
    fn told(observed: &Observed, report: &Report) -> String {
        let sightings: Vec<_> = observed.sightings().collect();
        format!("{report:?} {:?} {sightings:?}", observed.infrastructure())
    }

    fn both(text: &[u8], most: usize) -> (String, String) {
        let ranges = Ranges::read("203.0.113.0/24,JP\n192.0.2.0/24,FR\n".as_bytes()).unwrap().ranges;
        let (mut observed, mut report) = (Observed::default(), Report::default());
        let cutting = Cutting { source: text, most, carry: Vec::new(), line: 1, is_over: false };
        let left = read_cut(&mut observed, cutting, &ranges, &mut report);
        let left = left
            .and_then(|left| left.map(|left| quoted(&mut observed, left, &ranges, &mut report)).transpose());
        let in_blocks = format!("{} {:?}", told(&observed, &report), left.err());
        let (mut observed, mut report) = (Observed::default(), Report::default());
        let all = Left { head: Vec::new(), source: text, line: 1, columns: None };
        let plain = quoted(&mut observed, all, &ranges, &mut report);
        (in_blocks, format!("{} {:?}", told(&observed, &report), plain.err()))
    }

    #[test]
    fn what_is_no_line_is_left_to_the_other_reader() {
        let check = |text: &str| {
            for most in [48, 64, 200, 4096] {
                let (in_blocks, plain) = both(text.as_bytes(), most);
                assert_eq!(in_blocks, plain, "{most}: {text}");
            }
        };
        let head = "time,source,hops,victim,count\n";
        check("");
        check("when,hops\n1,\n");
        check(head);
        check(&format!("{head}1,,192.0.2.1/c2,KR,1\r\n2,203.0.113.9,192.0.2.1,JP,2\r\n3,,?,KR"));
        check(&format!(
            "{head}1,,192.0.2.1/c2,KR,1\n2,\"203.0.113.9\",192.0.2.1@DE,JP,2\n3,,?,\"K\nR\",\nx,,,,\n"
        ));
        check(&format!("{head}1,,192.0.2.1/c2,KR,1\r2,,?,KR,\r3,,x,KR,"));
    }

    #[test]
    fn what_does_not_fit_is_told_by_its_line() {
        let text = "time,hops\n1,192.0.2.1\nnever,?\n99999999999,?\n\n3,zz\n";
        let (mut observed, mut report) = (Observed::default(), Report::default());
        let left = read(&mut observed, text.as_bytes(), &NoTable, &mut report).unwrap();
        assert!(left.is_none());
        let lines: Vec<u64> = report.faults.iter().map(|fault| fault.line).collect();
        assert_eq!((lines, report.rows, observed.len()), (vec![3, 4, 6], 4, 1));
    }

    proptest! {
        #[test]
        fn blocks_say_the_same_as_rows(rows in proptest::collection::vec(
            ("[0-9]{1,11}|yesterday|2026-0[1-9]-01T00:00:00Z", "(192.0.2.[1-3]|203.0.113.[1-3]|@DE|)",
             "((192.0.2.[1-3]|2001:db8::1|@AS[0-3]|@KR:AS5|\\?)(/c2|/proxy|/king|)[ ;]){0,4}", "KR|@JP|203.0.113.9|ZZ|Q|", "[0-9]{0,2}|x"), 0..40),
            bytes in proptest::collection::vec((any::<prop::sample::Index>(), "[\",\r\n]|\u{e9}|\u{fffd}"), 0..2), most in 48_usize..400) {
            let mut text = String::from("time,source,hops,victim,count\n");
            for (time, source, hops, victim, count) in rows {
                text.push_str(&format!("{time},{source},{hops},{victim},{count}\n"));
            }
            let mut text = text.into_bytes();
            for (at, with) in bytes {
                let at = 30 + at.index(text.len() - 29);
                // A sign that stands for bytes that are no text.
                let with = if with == "\u{fffd}" { b"\xff".to_vec() } else { with.into_bytes() };
                text.splice(at..at, with);
            }
            // Blank lines are not counted alike: the other reader names the blank one.
            prop_assume!(!text.windows(2).any(|pair| pair == b"\n\n" || pair == b"\n\r"));
            let (in_blocks, plain) = both(&text, most.max(200));
            prop_assert_eq!(in_blocks, plain);
        }
    }
}
