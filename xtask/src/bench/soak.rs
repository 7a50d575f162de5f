//! A node under constant load: whether memory and open files stay as they are, and nothing fails.
//!
//! New indicators that end two minutes later, new versions, revocations, withdrawals, lists, pages, screening, and credentials that are
//! made and taken back, again and again. What is kept for each record is meant to grow; what is left of the growth beside that is the figure.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, ensure};
use stix::Timestamp;

use super::client::Client;
use super::costs::{Costs, FILE};
use super::node::{MEMBER, Node, OBJECTS, READER, Serving};
use super::objects;
use super::table::{Figure, Table};

/// Objects that come in each second: new, as a newer version of what is there, and revoked.
const NEW: u64 = 80;
const NEWER: u64 = 10;
const REVOKED: u64 = 10;
/// How long an indicator holds.
const HOLDS: Duration = Duration::from_secs(120);
/// Every so many seconds lists and pages are read, something is withdrawn, a credential is changed, and memory is looked at.
const READ_S: u64 = 2;
const WITHDRAWN_S: u64 = 10;
const ROTATED_S: u64 = 30;
const LOOKED_S: u64 = 5;

/// What the process had at a moment.
#[derive(Debug, Clone, Copy)]
struct Sample {
    records: u64,
    memory_mib: f64,
    files: usize,
}

/// Runs the load for so many minutes.
pub(crate) fn run(node: &Node, minutes: u64, table: &mut Table) -> Result<()> {
    let serving = node.serve()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let seconds = minutes * 60;
    let samples = runtime.block_on(load(node, &serving, seconds))?;
    // The first quarter warms up: pools and tables take their size.
    let warm = samples.get(samples.len() / 4).copied().context("the load was too short")?;
    let last = samples.last().copied().context("the load was too short")?;
    let records = (last.records - warm.records).max(1);
    let grown = last.memory_mib - warm.memory_mib;
    let costs = std::fs::read_to_string(Path::new(FILE))
        .ok()
        .and_then(|text| serde_json::from_str::<Costs>(&text).ok());
    let kept = costs.map(|costs| records as f64 * costs.memory_bytes / 1_048_576.0);
    let mut add = |name: &str, value: f64, unit: &str, goal: &str| {
        table.add(&Figure { name, value, unit, goal, ratio: None });
    };
    add(&format!("soak, {minutes} minutes: records"), last.records as f64, "", "");
    add("soak: memory after the first quarter", warm.memory_mib, "MiB", "");
    add("soak: memory at the end", last.memory_mib, "MiB", "");
    if let Some(kept) = kept {
        add("soak: growth beside what records take", grown - kept, "MiB", "flat");
    }
    add("soak: open files after the first quarter", warm.files as f64, "", "");
    add("soak: open files at the end", last.files as f64, "", "flat");
    Ok(())
}

async fn load(node: &Node, serving: &Serving, seconds: u64) -> Result<Vec<Sample>> {
    let mut writer = Client::connect(&serving.host, Some((MEMBER, &node.token))).await?;
    let mut reader = Client::connect(&serving.host, Some((READER, &node.reader_token))).await?;
    let mut turning: Option<String> = None;
    let (mut samples, mut records) = (Vec::new(), 0);
    let started = Instant::now();
    for second in 0..seconds {
        let now = SystemTime::now();
        let mut texts: Vec<String> = (0..NEW).map(|one| indicator(second * NEW + one, now, false)).collect();
        if second > 0 {
            // Of what came in the second before: some in a newer version, others no more.
            let before = (second - 1) * NEW;
            texts.extend((0..NEWER).map(|one| indicator(before + one, now, false)));
            texts.extend((0..REVOKED).map(|one| indicator(before + NEWER + one, now, true)));
        }
        records += texts.len() as u64;
        writer.post(OBJECTS, format!("{{\"objects\":[{}]}}", texts.join(","))).await?;
        if second % READ_S == 0 {
            reader.get("/d/list/domain.txt").await?;
            reader.get(&format!("{OBJECTS}?limit=100")).await?;
            reader
                .get(&format!("/screening/value?value={}", objects::domain_in("top", second * NEW)))
                .await?;
        }
        if second % WITHDRAWN_S == WITHDRAWN_S - 1 {
            let id = id(second * NEW + NEW - 1);
            node.json(&["withdraw", &id, "--circle", "region", "--as", MEMBER, "--reason", "soak"])?;
            records += 1;
        }
        if second % ROTATED_S == ROTATED_S - 1 {
            let made = node.json(&["member", "token", READER, "--days", "1"])?;
            let token = made["token"]["token"].as_str().context("no token was shown")?.to_owned();
            let mut client = Client::connect(&serving.host, Some((READER, &token))).await?;
            client.get("/d/list/domain.txt").await?;
            if let Some(old) = turning.replace(token) {
                let id = old.split('.').next().unwrap_or_default();
                node.json(&["member", "token", "--revoke", id])?;
                // A connection of its own: one that was idle for half a minute is closed.
                let mut client = Client::connect(&serving.host, Some((READER, &old))).await?;
                let status = client.look("/d/list/domain.txt").await?;
                ensure!(status.as_u16() == 401, "a token that was taken back still gets {status}");
            }
        }
        if second % LOOKED_S == LOOKED_S - 1 {
            let files = std::fs::read_dir(format!("/proc/{}/fd", serving.id()))?.count();
            samples.push(Sample { records, memory_mib: serving.memory_mib()?, files });
        }
        let next = started + Duration::from_secs(second + 1);
        tokio::time::sleep_until(next.into()).await;
    }
    Ok(samples)
}

fn id(number: u64) -> String {
    let (high, low) = (objects::scattered(number ^ 0x50a4), objects::scattered(!number));
    let bytes = (u128::from(high) << 64 | u128::from(low)).to_be_bytes();
    format!("indicator--{}", uuid::Builder::from_random_bytes(bytes).into_uuid())
}

/// An indicator that holds for two minutes from now on.
fn indicator(number: u64, now: SystemTime, revoked: bool) -> String {
    let at = |time: SystemTime| {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_millis() * 1_000).unwrap_or_default()).to_string()
    };
    let (id, domain, from, until) = (id(number), objects::domain_in("top", number), at(now), at(now + HOLDS));
    format!(
        r#"{{"type":"indicator","spec_version":"2.1","id":"{id}","created":"2026-09-01T08:30:00.000Z","modified":"{from}","name":"Soak","indicator_types":["malicious-activity"],"pattern":"[domain-name:value = '{domain}']","pattern_type":"stix","valid_from":"{from}","valid_until":"{until}","revoked":{revoked}}}"#
    )
}
