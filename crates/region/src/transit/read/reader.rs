//! One block of a table read: rows as they mostly are from the bytes ([`quick`]), others field by field.

use std::net::IpAddr;

use hashbrown::HashMap;
use memchr::{memchr, memchr_iter};

use super::blocks::{self, Block};
use super::quick::{self, Column, Row};
use super::words::{count_of, hop_of, put, put_source, time_of, victim_of};
use super::{ReadError, Report, failed};
use crate::transit::geo::Locate;
use crate::transit::observed::{Numbers, Part};
use crate::transit::place::Place;
use crate::transit::{Hop, Sighting};

/// Victims whose places are remembered.
const VICTIMS_MAX: usize = 1 << 16;

/// Which column is where.
pub(super) struct Columns {
    time: usize,
    hops: usize,
    source: Option<usize>,
    victim: Option<usize>,
    count: Option<usize>,
    /// The same in their order, up to the last that is read.
    in_order: Vec<Column>,
}

impl Columns {
    pub(super) fn of(names: &csv::ByteRecord) -> Result<Self, ReadError> {
        let at = |name: &str| names.iter().position(|one| one.trim_ascii() == name.as_bytes());
        let time = at("time").ok_or(ReadError::Column("time"))?;
        let hops = at("hops").ok_or(ReadError::Column("hops"))?;
        let (source, victim, count) = (at("source"), at("victim"), at("count"));
        let mut in_order = Vec::new();
        let places = [
            (Some(time), Column::Time),
            (source, Column::Source),
            (Some(hops), Column::Hops),
            (victim, Column::Victim),
            (count, Column::Count),
        ];
        for (at, column) in places.into_iter().filter_map(|(at, column)| Some((at?, column))) {
            in_order.resize(in_order.len().max(at + 1), Column::Other);
            if let Some(place) = in_order.get_mut(at) {
                *place = column;
            }
        }
        Ok(Self { time, hops, source, victim, count, in_order })
    }

    /// Reads a row field by field.
    fn row<'f>(&self, field: impl Fn(usize) -> Option<&'f [u8]>, hops: &mut Vec<Hop>) -> Result<Row, String> {
        let text = |at: usize| str::from_utf8(field(at).unwrap_or_default()).unwrap_or("\u{fffd}").trim();
        let or_none = |at: Option<usize>| at.map(text).unwrap_or_default();
        let time = time_of(text(self.time))?;
        let count = count_of(or_none(self.count))?;
        put_source(hops, or_none(self.source))?;
        for hop in text(self.hops).split([' ', ';']).filter(|text| !text.is_empty()) {
            put(hops, 0, hop_of(hop)?)?;
        }
        Ok(Row { time, victim: victim_of(or_none(self.victim))?, count })
    }
}

/// What a block says.
#[derive(Default)]
pub(super) struct Read {
    pub(super) part: Part,
    /// Its rows; lines of faults are counted from 0 and from where the block begins.
    pub(super) report: Report,
    /// How many line ends are in it.
    pub(super) lines: u64,
}

/// Reads one block after the other.
pub(super) struct Reader<'c, L> {
    columns: &'c Columns,
    tables: &'c L,
    numbers: Numbers,
    /// Where addresses of victims are.
    victims: HashMap<IpAddr, Place>,
    /// Those of the row that is being read.
    hops: Vec<Hop>,
}

impl<'c, L: Locate> Reader<'c, L> {
    pub(super) fn of(columns: &'c Columns, tables: &'c L) -> Self {
        let (numbers, victims, hops) = (Numbers::default(), HashMap::new(), Vec::new());
        Self { columns, tables, numbers, victims, hops }
    }

    /// Reads a block into the room of one that was read before.
    ///
    /// # Errors
    /// [`ReadError`] if the library's reader fails, or there are too many addresses.
    pub(super) fn read(&mut self, block: &Block, mut read: Read) -> Result<Read, ReadError> {
        read.part.clear();
        (read.report, read.lines) = (Report::default(), 0);
        let rows = block.rows();
        // A return without a new line ends a row too.
        let is_plain =
            !block.is_quoted && memchr_iter(b'\r', rows).all(|at| rows.get(at + 1) == Some(&b'\n'));
        match is_plain {
            true => self.plainly(rows, &mut read),
            false => self.slowly(rows, &mut read)?,
        }
        self.numbers.end(&mut read.part)?;
        Ok(read)
    }

    /// Each line is a row, but for empty ones.
    fn plainly(&mut self, rows: &[u8], read: &mut Read) {
        let mut rest = rows;
        while !rest.is_empty() {
            let line = read.lines;
            self.hops.clear();
            if let Some((row, after)) = quick::row(&self.columns.in_order, rest, &mut self.hops) {
                rest = after;
                read.lines += 1;
                self.note(read, line, Ok(row));
                continue;
            }
            let end = memchr(b'\n', rest);
            read.lines += u64::from(end.is_some());
            let (text, after) =
                rest.split_at_checked(end.map_or(rest.len(), |end| end + 1)).unwrap_or((rest, &[]));
            rest = after;
            let text = text.strip_suffix(b"\n").unwrap_or(text);
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            if !text.is_empty() {
                self.hops.clear();
                let row = self.columns.row(|at| text.split(|byte| *byte == b',').nth(at), &mut self.hops);
                self.note(read, line, row);
            }
        }
    }

    /// Rows as the library's reader tells them apart.
    fn slowly(&mut self, rows: &[u8], read: &mut Read) -> Result<(), ReadError> {
        let ends = |from: usize, to: usize| {
            memchr_iter(b'\n', rows.get(from..to).unwrap_or_default()).count() as u64
        };
        let mut reader = blocks::slowly(rows);
        let mut record = csv::ByteRecord::new();
        let mut counted = 0;
        while reader.read_byte_record(&mut record).map_err(failed)? {
            // What ends the row before, and empty lines, are passed over only now.
            let begin = blocks::begin(&record);
            let empty = rows.iter().skip(begin).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            read.lines += ends(counted, begin + empty);
            counted = begin + empty;
            self.hops.clear();
            let row = self.columns.row(|at| record.get(at), &mut self.hops);
            self.note(read, read.lines, row);
        }
        read.lines += ends(counted, rows.len());
        Ok(())
    }

    fn note(&mut self, read: &mut Read, line: u64, row: Result<Row, String>) {
        read.report.rows += 1;
        let noted = row.and_then(|row| {
            let found = row.victim.address.map(|address| self.place(address)).unwrap_or_default();
            let (hops, victim) = (self.hops.as_slice(), row.victim.place.or(found));
            let sighting = Sighting { time: row.time, hops, victim, count: row.count };
            self.numbers.add(&mut read.part, &sighting).map_err(|error| error.to_string())
        });
        if let Err(why) = noted {
            read.report.fault(line, why);
        }
    }

    /// Where a victim's address is.
    fn place(&mut self, address: IpAddr) -> Place {
        if self.victims.len() >= VICTIMS_MAX {
            self.victims.clear();
        }
        *self.victims.entry(address).or_insert_with(|| self.tables.place(address))
    }
}
