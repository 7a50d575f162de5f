//! Reading over TAXII, by a member that did not bring the objects: cold start, memory, first page, all pages.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use hyper::StatusCode;
use memchr::memmem;

use super::bare;
use super::client::Client;
use super::node::{Node, OBJECTS, READER};
use super::table::{Figure, Table};

/// Objects in a page.
const LIMIT: u64 = 1_000;
/// How long is waited for a node to make ready what is made aside after a start.
const SETTLES: Duration = Duration::from_secs(90);
/// First pages that are timed; the median counts.
const FIRST_PAGES: usize = 21;
/// Pages read in all; a line of millions is read from its start so far.
const PAGES_MAX: u64 = 2_000;

/// Starts the node anew over what is in its folder and reads.
pub(crate) fn run(node: &Node, count: u64, table: &mut Table) -> Result<()> {
    let started = Instant::now();
    let serving = node.serve()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut client = Client::connect(&serving.host, Some((READER, &node.reader_token))).await?;
        let path = format!("{OBJECTS}?limit={LIMIT}");
        let first = client.get(&path).await?;
        let cold = started.elapsed().as_secs_f64();
        table.add(&Figure {
            name: &format!("cold start with {count}, to first page"),
            value: cold,
            unit: "s",
            goal: "≤ 2 at 1 M",
            ratio: None,
        });
        let mut times = Vec::new();
        for _ in 0..FIRST_PAGES {
            let asked = Instant::now();
            client.get(&path).await?;
            times.push(asked.elapsed().as_secs_f64() * 1_000.0);
        }
        times.sort_by(f64::total_cmp);
        let median = times.get(FIRST_PAGES / 2).copied().unwrap_or_default();
        table.add(&Figure {
            name: &format!("first page of {LIMIT} among {count}"),
            value: median,
            unit: "ms",
            goal: "≤ 5",
            ratio: None,
        });
        // What is made ready aside after a start takes its time, in which the connection may be closed; with millions it goes on beside.
        let _goes_on = serving.settled(SETTLES);
        let mut client = Client::connect(&serving.host, Some((READER, &node.reader_token))).await?;
        let (rate, objects) = pages(&mut client, &path).await?;
        if objects != count.min(PAGES_MAX * LIMIT) {
            bail!("{objects} objects of {count} came");
        }
        let bare = bare::serve(StatusCode::OK, first).await?;
        let mut bare = Client::connect(&bare, Some((READER, &node.reader_token))).await?;
        let asked = Instant::now();
        for _ in 0..objects / LIMIT {
            bare.get(&path).await?;
        }
        let bare = objects as f64 / asked.elapsed().as_secs_f64();
        table.add(&Figure {
            name: &format!("paging, limit={LIMIT}"),
            value: rate,
            unit: "objects/s",
            goal: "≥ 300,000",
            ratio: Some(("a bare server, one page from memory", rate / bare)),
        });
        table.add(&Figure {
            name: &format!("memory of a node with {count}, after reading"),
            value: serving.memory_mib()?,
            unit: "MiB",
            goal: "≤ 300 at 1 M",
            ratio: None,
        });
        anyhow::Ok(())
    })
}

/// Follows `next` to the end; gives objects a second, and how many.
pub(super) async fn pages(client: &mut Client, path: &str) -> Result<(f64, u64)> {
    let (started, mut objects, mut next) = (Instant::now(), 0, String::new());
    for _ in 0..PAGES_MAX {
        let page = client.get(&format!("{path}{next}")).await?;
        objects += memmem::find_iter(&page, b"{\"type\":\"indicator\"").count() as u64;
        // `more` and `next` stand before the objects.
        let head = String::from_utf8_lossy(page.get(..page.len().min(80)).unwrap_or_default()).into_owned();
        match head.split_once("\"next\":\"") {
            Some((_, rest)) => {
                next = format!("&next={}", rest.split('"').next().context("`next` has an end")?)
            }
            None => break,
        }
    }
    Ok((objects as f64 / started.elapsed().as_secs_f64(), objects))
}
