//! Patterns: how many are read in a second, and how long many of them take over many observations.
//!
//! The patterns are those of published indicators under `shared/data`, again and again; for matching they are filled up
//! with equalities of the same kinds. Nothing else runs in the process, and nothing goes over a network. The set is
//! compared with the plain loop, each pattern over each observation, on a sample. Times are the core time of the thread
//! that works, where the system tells it (Linux), so that a busy machine gives the same figures; else the clock's.

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use stix::pattern::{Matcher, Observations, PatternSet, parse};

use super::objects::scattered;
use super::table::{Figure, Table};

/// Patterns that are read.
const READ: usize = 1_000_000;
/// Patterns that are asked.
const ASKED: usize = 10_000;
/// Observations that they are asked of.
const OBSERVED: usize = 100_000;
/// Patterns and observations of the sample that the plain loop goes through.
const SAMPLE: (usize, usize) = (1_000, 5_000);

/// Core time of this thread, or the clock's time.
struct Watch {
    clock: Instant,
    core: Option<Duration>,
}

impl Watch {
    fn start() -> Self {
        Self { clock: Instant::now(), core: core_time() }
    }

    fn elapsed(&self) -> Duration {
        match (self.core, core_time()) {
            (Some(before), Some(now)) => now.saturating_sub(before),
            _ => self.clock.elapsed(),
        }
    }
}

/// What this thread has run so far. The kernel counts it when the thread is put off, at the latest with each tick.
fn core_time() -> Option<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// Reads, makes ready, asks.
pub(super) fn run(table: &mut Table) -> Result<()> {
    let real = published()?;
    let one = reading(&real, 1);
    let two = reading(&real, 2);
    table.add(&Figure {
        name: "patterns read, one core",
        value: per_second(READ, one),
        unit: "patterns/s",
        goal: "≥ 1,000,000",
        ratio: None,
    });
    table.add(&Figure {
        name: "patterns read, two cores",
        value: per_second(READ, two),
        unit: "patterns/s",
        goal: "",
        ratio: Some(("one core", one.as_secs_f64() / two.as_secs_f64())),
    });

    let patterns = asked(&real);
    let started = Watch::start();
    let matchers = ready(&patterns)?;
    let set = PatternSet::new(matchers);
    seconds(table, "10,000 patterns made ready", "", started.elapsed(), None);
    let text = observed(&patterns, OBSERVED);
    let started = Watch::start();
    let (observations, findings) = Observations::read([text.as_str()]);
    seconds(table, "100,000 observations read", "", started.elapsed(), None);
    ensure!(findings.is_empty() && observations.len() == OBSERVED, "{findings:?}");

    let started = Watch::start();
    let hits = black_box(set.matches(&observations));
    let took = started.elapsed();
    ensure!(hits.hits.len() > ASKED / 100, "only {} patterns match", hits.hits.len());
    seconds(table, "10,000 patterns over 100,000 observations", "≤ 2", took, None);
    sample(&patterns, table)
}

/// The set and the plain loop over the same part, which must agree.
fn sample(patterns: &[String], table: &mut Table) -> Result<()> {
    let (asked, observed_max) = SAMPLE;
    // Every tenth pattern, so that all kinds are in it.
    let patterns: Vec<String> = patterns.iter().step_by(ASKED / asked).cloned().collect();
    let (observations, _) = Observations::read([observed(&patterns, observed_max).as_str()]);
    let alone = ready(&patterns)?;
    let set = PatternSet::new(ready(&patterns)?);
    let started = Watch::start();
    let together = black_box(set.matches(&observations));
    let fast = started.elapsed();
    let started = Watch::start();
    let mut found = Vec::new();
    for (at, matcher) in alone.iter().enumerate() {
        if matcher.matches(&observations)?.matched.is_some() {
            found.push(at);
        }
    }
    let slow = started.elapsed();
    let hits: Vec<usize> = together.hits.iter().map(|hit| hit.pattern).collect();
    ensure!(hits == found, "the set and the loop disagree");
    let ratio = slow.as_secs_f64() / fast.as_secs_f64();
    seconds(
        table,
        "1,000 patterns over 5,000 observations, a set",
        "",
        fast,
        Some(("the loop's speed", ratio)),
    );
    seconds(table, "the same, each pattern over each observation", "", slow, None);
    Ok(())
}

fn seconds(table: &mut Table, name: &str, goal: &str, took: Duration, ratio: Option<(&str, f64)>) {
    table.add(&Figure { name, value: took.as_secs_f64(), unit: "s", goal, ratio });
}

#[expect(clippy::cast_precision_loss, reason = "counts here are small")]
fn per_second(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

/// The valid patterns of published indicators.
fn published() -> Result<Vec<String>> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/stix/patterns-real/patterns.jsonl");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let mut patterns = Vec::new();
    for line in text.lines() {
        let case: Value = serde_json::from_str(line)?;
        if case["valid"].as_bool() == Some(true)
            && let Some(pattern) = case["pattern"].as_str()
        {
            patterns.push(pattern.to_owned());
        }
    }
    Ok(patterns)
}

/// How long it takes to read them all with so many threads: the longest that one of them works.
fn reading(patterns: &[String], threads: usize) -> Duration {
    let work = || {
        let started = Watch::start();
        let good = patterns.iter().cycle().take(READ / threads).filter(|text| parse(text).is_ok());
        black_box(good.count());
        started.elapsed()
    };
    std::thread::scope(|scope| {
        let working: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        working.into_iter().filter_map(|thread| thread.join().ok()).max().unwrap_or_default()
    })
}

/// The published patterns that can be asked, filled up to [`ASKED`].
fn asked(real: &[String]) -> Vec<String> {
    let mut patterns: Vec<String> =
        real.iter().filter(|text| Matcher::parse(text).is_ok()).take(ASKED / 2).cloned().collect();
    for number in 0_u64.. {
        if patterns.len() >= ASKED {
            break;
        }
        let name = scattered(number);
        patterns.push(match number % 4 {
            0 => format!("[domain-name:value = 'n{name:x}.example']"),
            1 => format!("[file:hashes.'SHA-256' = '{name:064x}']"),
            2 => format!("[ipv4-addr:value = '{}']", address(name)),
            _ => format!("[url:value = 'https://n{name:x}.example/a']"),
        });
    }
    patterns
}

fn ready(patterns: &[String]) -> Result<Vec<Matcher>> {
    patterns.iter().map(|text| Matcher::parse(text).with_context(|| text.clone())).collect()
}

fn address(number: u64) -> String {
    let [a, b, c, d, ..] = number.to_le_bytes();
    format!("{a}.{b}.{c}.{d}")
}

/// Observations as a sensor makes them: a connection and the name asked before, a file, a page; one in a hundred holds
/// a value that a pattern wants.
fn observed(patterns: &[String], count: usize) -> String {
    let mut text = String::new();
    let mut wanted = patterns.iter().filter_map(|pattern| pattern.split('\'').nth(1)).cycle();
    for number in 0..count {
        let name = scattered(!(number as u64));
        let domain = match (number % 100, wanted.next()) {
            (0, Some(wanted)) => wanted.replace(['\\', '"'], ""),
            _ => format!("m{name:x}.example"),
        };
        let (from, to) = (address(name), address(name.rotate_left(32)));
        let objects = match number % 3 {
            0 => format!(
                r#""0":{{"type":"domain-name","value":"{domain}"}},"1":{{"type":"ipv4-addr","value":"{to}"}},"2":{{"type":"ipv4-addr","value":"{from}"}},"3":{{"type":"network-traffic","src_ref":"2","dst_ref":"1","src_port":{},"dst_port":443,"protocols":["ipv4","tcp"]}}"#,
                name % 65_536
            ),
            1 => format!(
                r#""0":{{"type":"file","name":"{domain}","size":{},"hashes":{{"SHA-256":"{name:064x}","MD5":"{name:032x}"}}}}"#,
                name % 100_000
            ),
            _ => format!(r#""0":{{"type":"url","value":"https://{domain}/a"}}"#),
        };
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            r#"{{"type":"observed-data","number_observed":1,"first_observed":"2026-09-01T08:{:02}:{:02}Z","last_observed":"2026-09-01T09:00:00Z","objects":{{{objects}}}}}"#,
            number / 60 % 60,
            number % 60
        );
    }
    text
}
