//! How a node grows with its objects, from 10,000 to millions: on a file of SQLite, and on PostgreSQL beside it.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::client::Client;
use super::node::{MEMBER, Node, OBJECTS, READER};
use super::objects;
use super::plot::{self, Line, Panel, Scale};
use super::postgres::Server;
use super::table::{Figure, Table};

/// Objects in an envelope and in a page.
const ENVELOPE: u64 = 1_000;
/// Pages that are read in all.
const PAGES: u64 = 2_000;
/// How long is waited for a node to make ready what is made aside after a start.
const SETTLES: Duration = Duration::from_secs(600);
/// First pages that are timed; the median counts.
const FIRST_PAGES: usize = 21;
/// How many objects there are at first; ten times as many each time, up to what is asked for.
const FIRST: u64 = 10_000;

/// What so many objects took.
#[derive(Debug, Clone, Copy)]
struct Point {
    objects: u64,
    /// Objects a second, durable.
    ingest: f64,
    memory_mib: f64,
    /// From the start of the process to its first page.
    start_s: f64,
    first_page_ms: f64,
    /// Objects a second.
    paging: f64,
    /// Bytes on the disk for each byte that came.
    stored: f64,
}

/// A kind of store, and how it grew.
struct Grown {
    name: &'static str,
    points: Vec<Point>,
}

/// Measures up to `most` objects on both kinds of store; `keep` writes docs/growth.md and its plot.
pub(crate) fn run(program: &Path, dir: &Path, most: u64, keep: bool, table: &mut Table) -> Result<()> {
    let server = Server::start(&dir.join("pg"))?;
    let mut grown = [("SQLite", false), ("PostgreSQL", true)]
        .map(|(name, is_shared)| (Grown { name, points: Vec::new() }, is_shared));
    for (grown, is_shared) in &mut grown {
        let mut objects = FIRST;
        while objects <= most {
            let name = format!("n{objects}");
            let database = is_shared.then(|| server.database(&name)).transpose()?;
            let folder = dir.join(format!("{}-{objects}", grown.name));
            let node = Node::new_at(program, &folder, database)?;
            let point = point(&node, objects, || match is_shared {
                true => server.bytes(&name),
                false => Ok(std::fs::metadata(folder.join("bongsu.sqlite"))?.len()),
            })?;
            tell(grown.name, &point, table);
            grown.points.push(point);
            drop(node);
            std::fs::remove_dir_all(&folder)?;
            objects *= 10;
        }
    }
    let grown = grown.map(|(grown, _)| grown);
    if keep {
        std::fs::write("docs/growth.svg", picture(&grown))?;
        std::fs::write("docs/growth.md", page(&grown))?;
    }
    Ok(())
}

fn point(node: &Node, objects: u64, stored: impl Fn() -> Result<u64>) -> Result<Point> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let serving = node.serve()?;
    let (ingest, came) = runtime.block_on(async {
        let mut client = Client::connect(&serving.host, Some((MEMBER, &node.token))).await?;
        let (started, mut came) = (Instant::now(), 0);
        for number in 0..objects / ENVELOPE {
            let envelope = objects::envelope(number * ENVELOPE, ENVELOPE);
            came += envelope.len();
            client.post(OBJECTS, envelope).await?;
        }
        anyhow::Ok((objects as f64 / started.elapsed().as_secs_f64(), came))
    })?;
    drop(serving);
    let stored = stored()? as f64 / came as f64;
    let started = Instant::now();
    let serving = node.serve()?;
    let (start_s, first_page_ms, paging) = runtime.block_on(async {
        let mut client = Client::connect(&serving.host, Some((READER, &node.reader_token))).await?;
        let path = format!("{OBJECTS}?limit={ENVELOPE}");
        client.get(&path).await?;
        let start_s = started.elapsed().as_secs_f64();
        // What is made ready aside after a start takes its time, in which the connection may be closed; with many millions it goes on beside.
        let _goes_on = serving.settled(SETTLES);
        let mut client = Client::connect(&serving.host, Some((READER, &node.reader_token))).await?;
        let mut first = Vec::new();
        for _ in 0..FIRST_PAGES {
            let asked = Instant::now();
            client.get(&path).await?;
            first.push(asked.elapsed().as_secs_f64() * 1e3);
        }
        first.sort_by(f64::total_cmp);
        let (asked, mut next, mut pages) = (Instant::now(), String::new(), 0_u64);
        while pages < PAGES {
            let page = client.get(&format!("{path}{next}")).await?;
            pages += 1;
            let head =
                String::from_utf8_lossy(page.get(..page.len().min(80)).unwrap_or_default()).into_owned();
            let Some((_, rest)) = head.split_once("\"next\":\"") else { break };
            next = format!("&next={}", rest.split('"').next().context("`next` has an end")?);
        }
        let read = objects.min(pages * ENVELOPE) as f64;
        let first = first.get(FIRST_PAGES / 2).copied().unwrap_or_default();
        anyhow::Ok((start_s, first, read / asked.elapsed().as_secs_f64()))
    })?;
    let memory_mib = serving.memory_mib()?;
    Ok(Point { objects, ingest, memory_mib, start_s, first_page_ms, paging, stored })
}

fn tell(name: &str, point: &Point, table: &mut Table) {
    let Point { objects, ingest, memory_mib, start_s, first_page_ms, paging, stored } = *point;
    let goals = if name == "SQLite" { ["≥ 100,000", "≥ 300,000"] } else { ["≥ 40,000", "≥ 200,000"] };
    let mut add = |what: &str, value: f64, unit: &str, goal: &str| {
        let name = format!("{name}, {objects} objects: {what}");
        table.add(&Figure { name: &name, value, unit, goal, ratio: None });
    };
    add("ingest", ingest, "objects/s", goals[0]);
    add("memory", memory_mib, "MiB", "");
    add("start to first page", start_s, "s", "");
    add("first page", first_page_ms, "ms", "≤ 10");
    add("paging", paging, "objects/s", goals[1]);
    add("on the disk for each byte", stored, "bytes", "≤ 1.3");
}

fn page(grown: &[Grown]) -> String {
    let mut page = "# How a node grows\n\n\
        Made by `cargo xtask bench growth --docs` with a release build: client, node and database on the same two cores, every answer durable, \
        envelopes and pages of 1,000 indicators of about 800 bytes with a domain each. \"Start\" is from the start of the process to its first page; \"on the disk\" is the file of \
        lines, or the database, for each byte that came. Pages are read when the node has made ready what it does aside after a start, or for ten minutes did so; \
        paging reads two million objects at most. Axes go by tens, so that what is linear rises one step for \
        each to the right.\n\n\
        ![Rates, memory and times by the number of objects](growth.svg)\n"
        .to_owned();
    for Grown { name, points } in grown {
        // A string takes all that is written to it.
        let _never = write!(
            page,
            "\n**{name}**\n\n| objects | ingest | memory | start | first page | paging | on the disk |\n| ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        );
        for Point { objects, ingest, memory_mib, start_s, first_page_ms, paging, stored } in points {
            let _never = writeln!(
                page,
                "| {objects} | {ingest:.0}/s | {memory_mib:.0} MiB | {start_s:.2} s | {first_page_ms:.1} ms | {paging:.0}/s | {stored:.2} |"
            );
        }
    }
    page
}

/// What a panel shows of a point.
type Of = fn(&Point) -> f64;

const PANELS: [(&str, Of); 4] = [
    ("Ingest, seconds for all", |point| point.objects as f64 / point.ingest),
    ("Memory, MiB", |point| point.memory_mib),
    ("Start to first page, seconds", |point| point.start_s),
    ("First page of 1,000, ms", |point| point.first_page_ms),
];

fn picture(grown: &[Grown]) -> String {
    let panel = |(title, of): &(&'static str, Of)| {
        let line = |grown: &Grown| Line {
            name: grown.name,
            points: grown.points.iter().map(|point| (point.objects as f64, of(point))).collect(),
        };
        Panel { title, lines: grown.iter().map(line).collect() }
    };
    let panels: Vec<Panel> = PANELS.iter().map(panel).collect();
    plot::draw("Rates, memory and times by the number of objects", "", Scale::Tens, &panels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_every_row_and_a_picture_every_point() {
        let point = |objects: u64| Point {
            objects,
            ingest: 50_000.0,
            memory_mib: 40.0 + objects as f64 / 4e3,
            start_s: 0.1,
            first_page_ms: 2.0,
            paging: 3e5,
            stored: 1.2,
        };
        let grown =
            ["SQLite", "PostgreSQL"].map(|name| Grown { name, points: [10_000, 100_000].map(point).into() });
        assert_eq!(page(&grown).matches("| 50000/s |").count(), 4);
        assert_eq!(picture(&grown).matches("<circle").count(), 4 * PANELS.len());
    }
}
