//! A hunt: a million domains looked for in 303 MB of a DNS log, beside `grep -F` over the same.
//!
//! The log has the form of Zeek's `dns.log`; one line in five thousand asks for a name below one that is looked for. Each program
//! runs as its own process over a file that was read before. `grep` finds less: it knows no names below, and takes a part of a word for
//! a word. ripgrep is run as well if it is there. The same log packed with gzip is hunted as well, beside unpacking alone, in this
//! process and with the same library.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read as _, Write as _};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde_json::Value;

use super::child::{Took, measured};
use super::node::{MEMBER, Node, READER};
use super::objects::scattered;
use super::table::{Figure, Table};

const DOMAINS: u64 = 1_000_000;
const LOG_BYTES: usize = 303_000_000;
/// Lines of which one is planted.
const PLANTED_ONE_IN: u64 = 5_000;
const RUNS: usize = 5;

pub(super) fn run(program: &Path, dir: &Path, table: &mut Table) -> Result<()> {
    let node = Node::new(program, &dir.join("node"))?;
    let (list, log) = (dir.join("domains.txt"), dir.join("dns.log"));
    let domains: Vec<String> = (0..DOMAINS).map(domain).collect();
    fs::write(&list, domains.join("\n"))?;
    let planted = write_log(&log, &domains)?;
    node.json(&["import", path(&list)?, "--circle", "region", "--as", MEMBER])?;
    let watched = dir.join("watch.bongsu");
    node.json(&["deliver", "--to", READER, "--what", "watch.bongsu", "--out", path(&watched)?])?;
    let (took, memory) = hunted(program, &watched, &log, planted)?;
    let figure = |name: &str, value, unit, goal, table: &mut Table| {
        table.add(&Figure { name, value, unit, goal, ratio: None });
    };
    figure("hunt, 1 million domains in 303 MB", took.as_secs_f64(), "s", "≤ 0.4", table);
    figure("hunt, its memory", memory, "MiB", "≤ 150", table);
    for (name, program, more) in
        [("grep -F -f", "grep", &["-c", "-F"][..]), ("rg -F -f", "rg", &["-c", "-F"])]
    {
        let mut other = Command::new(program);
        other.env("LC_ALL", "C").args(more).arg("-f").arg(&list).arg(&log);
        // What is not installed is not compared.
        let Ok(Took { time: other, memory, .. }) = measured(&mut other) else { continue };
        let ratio = Some(("bongsu hunt", other.as_secs_f64() / took.as_secs_f64()));
        table.add(&Figure {
            name: &format!("{name} over the same"),
            value: other.as_secs_f64(),
            unit: "s",
            goal: "",
            ratio,
        });
        figure(&format!("{name}, its memory"), memory, "MiB", "", table);
    }
    let packed = dir.join("dns.log.gz");
    let mut to = GzEncoder::new(BufWriter::new(File::create(&packed)?), Compression::default());
    io::copy(&mut File::open(&log)?, &mut to)?;
    to.finish()?.flush()?;
    let (took, memory) = hunted(program, &watched, &packed, planted)?;
    let alone = (0..RUNS).map(|_| unpacked(&packed)).collect::<Result<Vec<_>>>()?;
    let alone = alone.into_iter().min().context("no run")?;
    table.add(&Figure {
        name: "hunt, the same packed with gzip",
        value: took.as_secs_f64(),
        unit: "s",
        goal: "",
        ratio: Some(("unpacking alone", took.as_secs_f64() / alone.as_secs_f64())),
    });
    figure("hunt of the packed log, its memory", memory, "MiB", "≤ 150", table);
    Ok(())
}

/// The shortest of some hunts that find what is planted, and its memory in MiB.
fn hunted(program: &Path, watched: &Path, log: &Path, planted: u64) -> Result<(Duration, f64)> {
    let mut best: Option<(Duration, f64)> = None;
    for _ in 0..RUNS {
        let mut hunt = Command::new(program);
        hunt.args(["hunt", "--json", "--watch", path(watched)?, path(log)?]);
        let Took { time: took, memory, said: out, .. } = measured(&mut hunt)?;
        let summary: Value = serde_json::from_str(out.lines().last().context("no summary")?)?;
        let found = summary["summary"]["finds"].as_u64().context("no finds")?;
        ensure!(found == planted, "{found} of {planted} were found");
        if best.is_none_or(|(best, _)| took < best) {
            best = Some((took, memory));
        }
    }
    best.context("no run")
}

/// How long unpacking a file takes, as the hunt does it, with nothing done to what comes of it.
fn unpacked(packed: &Path) -> Result<Duration> {
    let started = Instant::now();
    let mut from = MultiGzDecoder::new(BufReader::with_capacity(1 << 20, File::open(packed)?));
    let (mut buffer, mut bytes) = (vec![0; 1 << 20], 0);
    loop {
        match from.read(&mut buffer)? {
            0 => break,
            read => bytes += read,
        }
    }
    ensure!(bytes >= LOG_BYTES, "{bytes} bytes were unpacked");
    Ok(started.elapsed())
}

fn path(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is no text")
}

fn domain(number: u64) -> String {
    const WORDS: [&str; 8] = ["login", "mail", "cdn", "static", "update", "secure", "files", "news"];
    const ENDS: [&str; 5] = ["com", "net", "top", "org", "xyz"];
    let some = scattered(number);
    format!("{}-{some:x}.{}", WORDS[(some % 8) as usize], ENDS[(some / 8 % 5) as usize])
}

/// Writes the log and gives how many lines are planted.
fn write_log(path: &Path, domains: &[String]) -> Result<u64> {
    let (mut log, mut planted) = (String::with_capacity(LOG_BYTES + 512), 0);
    for line in 0_u64.. {
        if log.len() >= LOG_BYTES {
            break;
        }
        let some = scattered(line ^ 0x5eed_0000_0000);
        let name = if line % PLANTED_ONE_IN == 0 {
            planted += 1;
            format!("www.{}", domains[(some % DOMAINS) as usize])
        } else {
            format!(
                "host{}.site-{:x}.{}",
                some % 997,
                some >> 40,
                ["com", "net", "de", "kr"][(some % 4) as usize]
            )
        };
        writeln!(
            log,
            "13319{:05}.{:06}\tC{some:016x}\t192.168.{}.{}\t{}\t192.168.207.4\t53\tudp\t{}\t{name}\t1\tC_INTERNET\t1\tA\t0\tNOERROR\tF\tF\tT\tT\t0\t{}.{}.{}.{}\t{}.000000\tF",
            line % 100_000,
            some % 999_983,
            some & 255,
            some >> 8 & 255,
            some >> 48,
            some >> 32 & 0xffff,
            some >> 3 & 127,
            some >> 9 & 255,
            some >> 17 & 255,
            some >> 25 & 255,
            some >> 33 & 1023
        )?;
    }
    fs::write(path, log)?;
    Ok(planted)
}
