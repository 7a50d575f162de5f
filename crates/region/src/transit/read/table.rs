//! Sightings from a table.
//!
//! One thread cuts the source into blocks of whole rows, several read one block each, and this one takes what they read, in the order
//! of the source.

use std::io;
use std::sync::mpsc::{channel, sync_channel};

use super::blocks::{BLOCK_BYTES, Block, Blocks};
use super::reader::{Columns, Read, Reader};
use super::{ReadError, Report};
use crate::transit::geo::Locate;
use crate::transit::observed::{Observed, Renumbered};

/// The most threads that read.
const READERS_MAX: usize = 8;
/// Blocks that wait for a reader, and such that wait behind it.
const WAITING: usize = 2;

/// Reads a table into what is observed.
///
/// # Errors
/// [`ReadError`]; what was read before it is taken.
pub fn table(
    observed: &mut Observed,
    source: impl io::Read + Send,
    tables: &(impl Locate + Sync),
) -> Result<Report, ReadError> {
    let readers = std::thread::available_parallelism().map_or(1, usize::from).min(READERS_MAX);
    in_blocks(observed, source, tables, BLOCK_BYTES, readers)
}

fn in_blocks<R: io::Read + Send>(
    observed: &mut Observed,
    source: R,
    tables: &(impl Locate + Sync),
    size: usize,
    readers: usize,
) -> Result<Report, ReadError> {
    let mut blocks = Blocks::of(source, size);
    let (names, lines) = blocks.head()?;
    let columns = Columns::of(&names)?;
    let before = observed.before();
    let mut taker = Taker { observed, lines, report: Report::default() };
    let read = match readers {
        0 | 1 => alone(&mut taker, blocks, &columns, tables),
        _ if blocks.is_at_end() => alone(&mut taker, blocks, &columns, tables),
        readers => together(&mut taker, blocks, &columns, tables, readers),
    };
    let report = taker.report;
    observed.taken(&before, tables);
    read.map(|()| report)
}

/// One thread does it all.
fn alone<R: io::Read>(
    taker: &mut Taker<'_>,
    mut blocks: Blocks<R>,
    columns: &Columns,
    tables: &impl Locate,
) -> Result<(), ReadError> {
    let (mut reader, mut numbers) = (Reader::of(columns, tables), Renumbered::default());
    let (mut room, mut read) = (Vec::new(), Read::default());
    while let Some(block) = blocks.next(room)? {
        read = reader.read(&block, read)?;
        taker.take(&read, &mut numbers)?;
        room = block.into_room();
    }
    Ok(())
}

/// Readers get blocks by turns, and by turns what they read is taken.
fn together<R: io::Read + Send>(
    taker: &mut Taker<'_>,
    mut blocks: Blocks<R>,
    columns: &Columns,
    tables: &(impl Locate + Sync),
    readers: usize,
) -> Result<(), ReadError> {
    std::thread::scope(|scope| {
        let (rooms, free) = channel::<Vec<u8>>();
        let (mut to, mut from) = (Vec::new(), Vec::new());
        for _ in 0..readers {
            let (sender, waiting) = sync_channel::<Block>(WAITING);
            let (done, parts) = sync_channel(WAITING);
            let (spent, again) = channel::<Read>();
            let rooms = rooms.clone();
            scope.spawn(move || {
                let mut reader = Reader::of(columns, tables);
                for block in waiting {
                    let read = reader.read(&block, again.try_recv().unwrap_or_default());
                    // What can't be handed on is of no use any more: what was read is taken no further.
                    let _ = rooms.send(block.into_room());
                    if done.send(read).is_err() {
                        return;
                    }
                }
            });
            to.push(sender);
            from.push((parts, spent, Renumbered::default()));
        }
        let cutting = scope.spawn(move || {
            for to in to.iter().cycle() {
                let Some(block) = blocks.next(free.try_recv().unwrap_or_default())? else { break };
                if to.send(block).is_err() {
                    break;
                }
            }
            Ok(())
        });
        loop {
            for (parts, spent, numbers) in &mut from {
                let Ok(read) = parts.recv() else {
                    // The turn is nobody's: all blocks were read.
                    return cutting.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                };
                let read = read?;
                taker.take(&read, numbers)?;
                // A reader that has ended needs no room.
                let _ = spent.send(read);
            }
        }
    })
}

/// Takes what was read, block after block.
struct Taker<'o> {
    observed: &'o mut Observed,
    /// How many lines ended before the next block.
    lines: u64,
    report: Report,
}

impl Taker<'_> {
    fn take(&mut self, read: &Read, numbers: &mut Renumbered) -> Result<(), ReadError> {
        self.observed.take(&read.part, numbers)?;
        self.report.take(&read.report, self.lines);
        self.lines += read.lines;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transit::geo::Ranges;
    use crate::transit::place::Place;
    use crate::transit::read::words::{count_of, hop_of, put, put_source, time_of, victim_of};
    use crate::transit::{Hop, Sighting};
    use proptest::prelude::*;

    /// The same one row after the other, by the library's reader and from the words of each field.
    fn row_by_row(observed: &mut Observed, text: &[u8], tables: &impl Locate) -> Result<Report, ReadError> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text);
        let names = reader.byte_headers().unwrap().clone();
        let column = |name: &str| names.iter().position(|one| one.trim_ascii() == name.as_bytes());
        let time = column("time").ok_or(ReadError::Column("time"))?;
        let hops = column("hops").ok_or(ReadError::Column("hops"))?;
        let (source, victim, count) = (column("source"), column("victim"), column("count"));
        let mut report = Report::default();
        for record in reader.into_byte_records() {
            let record = record.unwrap();
            let field = |at: Option<usize>| {
                let bytes = at.and_then(|at| record.get(at)).unwrap_or_default();
                str::from_utf8(bytes).unwrap_or("\u{fffd}").trim()
            };
            let mut all: Vec<Hop> = Vec::new();
            let mut add = || {
                let (time, count) = (time_of(field(Some(time)))?, count_of(field(count))?);
                put_source(&mut all, field(source))?;
                for hop in field(Some(hops)).split([' ', ';']).filter(|text| !text.is_empty()) {
                    put(&mut all, 0, hop_of(hop)?)?;
                }
                let victim = victim_of(field(victim))?;
                let found = victim.address.map(|address| tables.place(address)).unwrap_or_default();
                let sighting = Sighting { time, hops: &all, victim: victim.place.or(found), count };
                observed.add(&sighting, tables).map_err(|error| error.to_string())
            };
            report.rows += 1;
            if let Err(why) = add() {
                let begin = record.position().unwrap().byte() as usize;
                let blank = text[begin..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
                let before = text[..begin + blank].iter().filter(|byte| **byte == b'\n').count();
                report.fault(before as u64 + 1, why);
            }
        }
        Ok(report)
    }

    fn some_fields(all: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
        prop::sample::select(all)
    }

    const TIMES: &[&str] = &[
        "1772323200",
        "1772323201",
        "2026-03-01T00:00:00Z",
        "2026-03-01T00:00:00.5Z",
        "0",
        "4294967296",
        "12345678901234567890",
        "1999-02-29T00:00:00Z",
        "yesterday",
        "",
        " 7",
        "-1",
        "1969-12-31T23:59:59Z",
    ];
    const HOPS: &[&str] = &[
        "192.0.2.1",
        "192.0.2.1/c2",
        "203.0.113.9/proxy",
        "198.51.100.77/vpn-exit",
        "198.51.100.77/vpn",
        "::ffff:192.0.2.1/drop",
        "2001:db8::1",
        "2001:db8::1@KR/hosting",
        "?",
        "?/proxy",
        "@DE",
        "@AS64500",
        "@DE:AS64500/c2",
        "192.0.2.1@FR",
        "192.0.2.1@AS7",
        "203.0.113.9/command-and-control",
        "203.0.113.9/king",
        "192.0.2",
        "01.2.3.4",
        "256.1.1.1",
        "@QQ",
        "x",
        "203.0.113.10/devices",
        "\u{a0}",
        "192.0.2.1.",
    ];
    const VICTIMS: &[&str] = &[
        "KR",
        "kr",
        "@AS64501",
        "192.0.2.200",
        "203.0.113.77",
        "ZZ",
        "",
        "QQ",
        " KR ",
        "@KR",
        "-",
        "1.2.3.4/c2",
    ];
    const COUNTS: &[&str] = &["", "1", "17", "+5", "-1", "4294967295", "4294967296", " 2", "x"];

    /// What stands between the rows, and how fields are written: mostly as they mostly are.
    fn written() -> impl Strategy<Value = Vec<u8>> {
        let hops = prop::collection::vec(
            (some_fields(HOPS), prop::sample::select(vec![" ", ";", "  ", "\t"])),
            0..5,
        );
        let row =
            (some_fields(TIMES), 0..4_u8, hops, some_fields(VICTIMS), some_fields(COUNTS), some_fields(HOPS));
        let ends = prop::sample::select(vec!["\n", "\n", "\n", "\r\n", "\n\n", "\r", "\r\n\r\n"]);
        let marks = prop::sample::select(vec![0_u8, 0, 0, 0, 1, 2, 3, 4, 5, 6]);
        let rows = prop::collection::vec((row, ends, marks), 0..40);
        let heads = prop::sample::select(vec![
            "time,source,hops,victim,count",
            "\u{feff}time,source,hops,victim,count",
            "time, hops ,victim",
            "count,victim,hops,source,time,more",
            "more,time,more,hops",
            "\"time\",\"hops\",\"count\"",
            "time,hops,hops,time",
            "when,hops",
        ]);
        // Some tables are as they mostly are throughout.
        (heads, rows, any::<bool>(), any::<bool>()).prop_map(|(head, rows, is_plain, has_end)| {
            let mut text = format!("{head}\n").into_bytes();
            let rows_count = rows.len();
            for (number, ((time, source, hops, victim, count, other), end, marks)) in
                rows.into_iter().enumerate()
            {
                let hops: String = hops.iter().map(|(hop, between)| format!("{hop}{between}")).collect();
                let source =
                    if source == 0 { other } else { ["", "?", "192.0.2.9"][usize::from(source - 1)] };
                let mut fields: Vec<String> = head
                    .trim_start_matches('\u{feff}')
                    .split(',')
                    .map(|name| match name.trim().trim_matches('"') {
                        "time" => time.into(),
                        "source" => source.into(),
                        "hops" => hops.clone(),
                        "victim" => victim.into(),
                        "count" => count.into(),
                        _ => other.to_owned(),
                    })
                    .collect();
                let marks = if is_plain { 0 } else { marks };
                match marks {
                    1 => fields.iter_mut().for_each(|field| *field = format!("\"{field}\"")),
                    2 => fields.iter_mut().for_each(|field| *field = format!("\"{field}\n\"")),
                    3 => fields.iter_mut().for_each(|field| *field = format!("{field}\"\"")),
                    4 => fields.truncate(2),
                    5 => fields.push("\"a\"\",\r\n\"".into()),
                    6 => fields.insert(0, "\u{feff}".into()),
                    _ => {}
                }
                text.extend(fields.join(",").bytes());
                if marks == 4 {
                    text.push(0xff);
                }
                if has_end || number + 1 < rows_count {
                    text.extend(if is_plain && end.starts_with('\r') { "\r\n" } else { end }.bytes());
                }
            }
            text
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

        /// In blocks of any size and with any number of readers, onto what was there before.
        #[test]
        fn blocks_come_to_what_rows_come_to(first in written(), second in written(), size in 600..2_000_usize, readers in 1..4_usize) {
            let ranges = Ranges::read("203.0.113.0/24,JP\n192.0.2.0/24,FR\n198.51.0.0/16,64511\n203.0.113.8/29,64512\n".as_bytes()).unwrap().ranges;
            let (mut slow, mut quick) = (Observed::default(), Observed::default());
            for text in [first, second] {
                let told = row_by_row(&mut slow, &text, &ranges);
                let read = in_blocks(&mut quick, text.as_slice(), &ranges, size, readers);
                match (told, read) {
                    (Ok(told), Ok(read)) => prop_assert_eq!(told, read),
                    (Err(told), Err(read)) => prop_assert_eq!(told.to_string(), read.to_string()),
                    (told, read) => prop_assert!(false, "{told:?} is not {read:?}"),
                }
                prop_assert_eq!(slow.infrastructure(), quick.infrastructure());
                prop_assert!(slow.sightings().eq(quick.sightings()));
                prop_assert_eq!(slow.victims(), quick.victims());
            }
        }
    }

    #[test]
    fn many_rows_are_read_by_many() {
        let mut text = String::from("time,source,hops,victim,count\n");
        for row in 0..200_000_u32 {
            let hop = |number: u32| std::net::Ipv4Addr::from_bits(number.wrapping_mul(2_654_435_769) % 5_000);
            text += &format!(
                "{},{},{}/c2 {},KR,{}\r\n",
                1_772_323_200 + row,
                hop(row),
                hop(row + 7),
                hop(row / 3),
                row % 4
            );
        }
        text += "yesterday,,,,\n";
        let mut slow = Observed::default();
        let tables = crate::transit::geo::NoTable;
        let told = row_by_row(&mut slow, text.as_bytes(), &tables).unwrap();
        assert_eq!((told.faults[0].line, told.faulty), (200_002, 1));
        for readers in [1, 2, 5] {
            let mut quick = Observed::default();
            assert_eq!(in_blocks(&mut quick, text.as_bytes(), &tables, 1 << 16, readers).unwrap(), told);
            assert!(slow.sightings().eq(quick.sightings()));
            assert_eq!(slow.infrastructure(), quick.infrastructure());
        }
    }

    #[test]
    fn what_was_read_before_an_endless_row_is_taken() {
        let text = [
            b"time,hops\n".as_slice(),
            &b"1,@DE\n".repeat(200_000),
            b"1,\"@DE\n",
            &b"1,@DE\n".repeat(400_000),
        ]
        .concat();
        let mut observed = Observed::default();
        let error = table(&mut observed, text.as_slice(), &crate::transit::geo::NoTable).unwrap_err();
        assert!(error.to_string().contains("without its second"), "{error}");
        assert_eq!((observed.len(), observed.infrastructure()[0].count), (200_000, 200_000));
        assert_eq!(observed.infrastructure()[0].place, Place { country: "DE".parse().ok(), network: None });
    }
}
