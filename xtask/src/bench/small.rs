//! A node on a small machine: 100,000 indicators in little memory on one core, all that it is asked for, and what happens when much more
//! comes than there is room for.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use hyper::StatusCode;

use super::client::Client;
use super::limit::Limit;
use super::node::{MEMBER, Node, OBJECTS, READER, Serving};
use super::table::{Figure, Table};
use super::{objects, page};

/// Indicators that it is to serve: half of them from a file, half over TAXII.
const INDICATORS: u64 = 100_000;
const PER_ENVELOPE: u64 = 1_000;
/// Indicators at which it is enough, if the limit does not come before.
const ENOUGH: u64 = 2_000_000;
/// How often it may be started again at the limit.
const STARTS_MAX: usize = 3;
/// How often in a row it may refuse before that counts as its limit, a second apart.
const REFUSED_MAX: usize = 20;
/// How long it may take over an envelope.
const PATIENCE: Duration = Duration::from_secs(120);
/// Values that are screened one after the other.
const SCREENED: u64 = 1_000;
const ZONE: &str = "small.rpz.bongsu";

/// `memory` is what the node may have, in MiB.
pub(crate) fn run(program: &Path, dir: &Path, memory: u64, table: &mut Table) -> Result<()> {
    let limit = Limit::new(memory << 20)?;
    eprintln!("{}", limit.words());
    let node = Node::new(program, &dir.join("node"))?;
    node.block_member("small")?;
    node.json(&["member", "zone", "small", "--from", "127.0.0.1"])?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;

    let mut serving = node.serve_within(&limit)?;
    let empty = serving.status_mib("VmHWM:")?;
    let done = bring(&node, &serving, dir, &runtime, table);
    let done = done.and_then(|()| read(&node, &serving, &runtime, table));
    if let Err(error) = done {
        // A node that the kernel has ended is what is looked for here, and no failure of the measurement.
        let how = serving.ended(Duration::from_secs(10))?.context(error)?;
        bail!("within {memory} MiB the node was ended ({how}) before it had and showed 100,000 indicators");
    }
    let mut add = |name: &str, value: f64, goal: &str| {
        table.add(&Figure { name, value, unit: "MiB", goal, ratio: None });
    };
    add("small: most memory of an empty node", empty, "");
    add("small: most memory with 100,000 indicators, all read", serving.status_mib("VmHWM:")?, "");
    add("small: … of which now held by itself, not by files", serving.status_mib("RssAnon:")?, "");
    if let Some(most) = limit.most_mib() {
        add("small: most in the group, with pages of files", most, "");
    }
    drop(serving);

    let (started, serving) = (Instant::now(), node.serve_within(&limit)?);
    runtime.block_on(first_page(&node, &serving))?;
    let seconds = started.elapsed().as_secs_f64();
    table.add(&Figure {
        name: "small: start with 100,000, killed before, to first page",
        value: seconds,
        unit: "s",
        goal: "",
        ratio: None,
    });
    if limit.is_there() {
        at_the_limit(&node, serving, &limit, &runtime, table)?;
    }
    Ok(())
}

/// 100,000 indicators, durable.
fn bring(
    node: &Node,
    serving: &Serving,
    dir: &Path,
    runtime: &tokio::runtime::Runtime,
    table: &mut Table,
) -> Result<()> {
    let half = INDICATORS / 2;
    let file = dir.join("half.json");
    let objects = objects::envelope_in("top", 0, half);
    let head = r#"{"type":"bundle","id":"bundle--0b7ab0a4-4a5b-4f0c-9a8e-6f0d3f1c2a11","#;
    std::fs::write(&file, objects.replacen('{', head, 1))?;
    let file = file.to_str().context("the folder's name is no text")?;
    let started = Instant::now();
    node.json(&["import", file, "--circle", "region", "--as", MEMBER])?;
    rate("small: imported from a file of 50,000", half, started, table);
    held("small: … memory after the import", serving, table)?;
    let started = Instant::now();
    runtime.block_on(async {
        let mut client = Client::connect(&serving.host, Some((MEMBER, &node.token))).await?;
        for first in (half..INDICATORS).step_by(usize::try_from(PER_ENVELOPE)?) {
            client.post(OBJECTS, objects::envelope_in("top", first, PER_ENVELOPE)).await?;
        }
        anyhow::Ok(())
    })?;
    rate("small: 50,000 more over TAXII", half, started, table);
    held("small: … memory after all that came", serving, table)
}

fn held(name: &str, serving: &Serving, table: &mut Table) -> Result<()> {
    table.add(&Figure { name, value: serving.memory_mib()?, unit: "MiB", goal: "", ratio: None });
    Ok(())
}

fn rate(name: &str, count: u64, started: Instant, table: &mut Table) {
    let value = count as f64 / started.elapsed().as_secs_f64();
    table.add(&Figure { name, value, unit: "objects/s", goal: "", ratio: None });
}

/// All that is asked of a node: pages of TAXII, the zone, a list, a page, screening.
fn read(node: &Node, serving: &Serving, runtime: &tokio::runtime::Runtime, table: &mut Table) -> Result<()> {
    let mut add = |name: &str, value: f64, unit: &str| {
        table.add(&Figure { name, value, unit, goal: "", ratio: None });
    };
    runtime.block_on(async {
        let mut client = Client::connect(&serving.host, Some((READER, &node.reader_token))).await?;
        let (rate, count) = page::pages(&mut client, &format!("{OBJECTS}?limit=1000")).await?;
        ensure!(count == INDICATORS, "{count} objects of {INDICATORS} came over TAXII");
        add("small: TAXII paging, limit=1000", rate, "objects/s");
        let asked = Instant::now();
        let list = client.get("/d/list/domain.txt").await?;
        let lines = memchr::memchr_iter(b'\n', &list).count() as u64;
        ensure!(lines >= INDICATORS, "{lines} lines in a list of {INDICATORS}");
        add("small: list of 100,000 names, the first time", asked.elapsed().as_secs_f64(), "s");
        let asked = Instant::now();
        client.get("/objects").await?;
        add("small: a page with the newest objects", asked.elapsed().as_secs_f64() * 1e3, "ms");
        let asked = Instant::now();
        for number in 0..SCREENED {
            let value = objects::domain_in("top", number * (INDICATORS / SCREENED));
            let answer = client.get(&format!("/screening/value?value={value}")).await?;
            ensure!(memchr::memmem::find(&answer, b"\"result\":\"match\"").is_some(), "{value} is not found");
        }
        add(
            "small: screened, one after the other",
            SCREENED as f64 / asked.elapsed().as_secs_f64(),
            "values/s",
        );
        anyhow::Ok(())
    })?;
    let port = serving.dns.context("the node serves no DNS")?.to_string();
    let asked = Instant::now();
    let output = Command::new("dig")
        .args(["@127.0.0.1", "-p", &port, "+noall", "+answer", "+time=300", ZONE, "AXFR"])
        .output()
        .context("dig does not run: scripts/setup")?;
    let records = memchr::memmem::find_iter(&output.stdout, b"CNAME").count() as u64;
    ensure!(records >= INDICATORS, "{records} rules in a zone of {INDICATORS} names");
    add(
        "small: zone of 100,000 names transferred (AXFR), the first time",
        asked.elapsed().as_secs_f64(),
        "s",
    );
    Ok(())
}

async fn first_page(node: &Node, serving: &Serving) -> Result<()> {
    let mut client = Client::connect(&serving.host, Some((READER, &node.reader_token))).await?;
    client.get(&format!("{OBJECTS}?limit=1000")).await?;
    Ok(())
}

/// Goes on bringing until the node says no or ends, and looks whether all that it took is there.
fn at_the_limit(
    node: &Node,
    mut serving: Serving,
    limit: &Limit,
    runtime: &tokio::runtime::Runtime,
    table: &mut Table,
) -> Result<()> {
    let (mut next, mut taken) = (INDICATORS, INDICATORS);
    // What was sent and not answered may be there or not.
    let (mut open, mut refused, mut in_a_row, mut ends) = (0_u64, 0_u64, 0, Vec::new());
    while next < ENOUGH && in_a_row < REFUSED_MAX {
        let answer = runtime.block_on(async {
            let mut client = Client::connect(&serving.host, Some((MEMBER, &node.token))).await?;
            let envelope = objects::envelope_in("top", next, PER_ENVELOPE);
            tokio::time::timeout(PATIENCE, client.post_and_look(OBJECTS, envelope)).await?
        });
        match answer {
            Ok(StatusCode::ACCEPTED) => {
                (next, taken, in_a_row) = (next + PER_ENVELOPE, taken + PER_ENVELOPE, 0);
            }
            Ok(StatusCode::SERVICE_UNAVAILABLE | StatusCode::INSUFFICIENT_STORAGE) => {
                (refused, in_a_row) = (refused + 1, in_a_row + 1);
                std::thread::sleep(Duration::from_secs(1));
            }
            Ok(other) => bail!("the node answers {other}"),
            Err(error) => {
                // As systemd would, after it was killed.
                ends.push((next, serving.ended(Duration::from_secs(10))?.context(error)?));
                (next, open) = (next + PER_ENVELOPE, open + PER_ENVELOPE);
                if ends.len() > STARTS_MAX {
                    break;
                }
                match node.serve_within(limit) {
                    Ok(again) => serving = again,
                    // It does not even start within the limit any more.
                    Err(_) => break,
                }
            }
        }
    }
    drop(serving);
    for (at, how) in &ends {
        eprintln!("at {at} indicators the node ended: {how}");
    }
    let mut add = |name: &str, value: f64, unit: &str| {
        table.add(&Figure { name, value, unit, goal: "", ratio: None });
    };
    add("small: at the limit, indicators taken", taken as f64, "");
    add("small: … requests refused with 503 or 507", refused as f64, "");
    add("small: … times the node was killed and started again", ends.len() as f64, "");
    // With as much memory as it wants: whether all is there that it said it had taken.
    let serving = node.serve()?;
    let found = runtime.block_on(async {
        let mut client = Client::connect(&serving.host, Some((READER, &node.reader_token))).await?;
        anyhow::Ok(page::pages(&mut client, &format!("{OBJECTS}?limit=1000")).await?.1)
    })?;
    ensure!((taken..=taken + open).contains(&found), "{found} are there of {taken} that were acknowledged");
    drop(serving);
    node.json(&["verify"])?;
    add("small: … of what was taken lost", (taken.saturating_sub(found)) as f64, "");
    Ok(())
}
