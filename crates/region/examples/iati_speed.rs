//! How fast long files by the IATI standard are read, and in how much memory. Every measurement is a line of JSON.
//!
//! ```text
//! iati_speed read FILE…     reads files and keeps their projects, as `bongsu region projects` does
//! iati_speed made MB        the same with a file of that length, which is made while it is read and lies nowhere
//! iati_speed through MB     goes through such a file and keeps nothing
//! ```

use std::error::Error;
use std::fs::File;
use std::io::{self, Read};
use std::time::Instant;

use bongsu_region::aid::iati::{self, Item};
use bongsu_region::aid::project::Projects;
use serde_json::json;

/// The program's own, so that what is measured is what it does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["made", megabytes] => measure("made", [Made::of(megabytes.parse::<u64>()? << 20)], true),
        ["through", megabytes] => measure("through", [Made::of(megabytes.parse::<u64>()? << 20)], false),
        ["read", files @ ..] if !files.is_empty() => {
            let files: io::Result<Vec<File>> = files.iter().map(File::open).collect();
            measure("read", files?, true)
        }
        _ => Err("usage: read FILE… | made MB | through MB".into()),
    }
}

fn measure<R: Read>(
    what: &str,
    sources: impl IntoIterator<Item = R>,
    keeps: bool,
) -> Result<(), Box<dyn Error>> {
    let before = peak_mib();
    let began = Instant::now();
    let mut projects = Projects::default();
    let (mut activities, mut bytes) = (0, 0);
    for source in sources {
        let mut source = Counted { source, bytes: 0 };
        let report = iati::read(&mut source, &mut |item| {
            if let Item::Activity(activity) = item
                && keeps
            {
                projects.take(&activity, |_| true);
            }
        })?;
        if let Some(why) = report.broken {
            return Err(why.into());
        }
        activities += report.activities;
        bytes += source.bytes;
    }
    let s = began.elapsed().as_secs_f64();
    println!(
        "{}",
        json!({"what": what, "mb": bytes as f64 / 1e6, "activities": activities, "kept": projects.all().len(), "s": s,
               "mb_per_s": bytes as f64 / 1e6 / s, "mib_before": before, "mib_most": peak_mib()})
    );
    Ok(())
}

/// The most memory that this process had, in MiB; 0 where the system does not say.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) / 1024
}

struct Counted<R> {
    source: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(into)?;
        self.bytes += count as u64;
        Ok(count)
    }
}

/// A file of activities, about as long as real ones, up to a length.
struct Made {
    left: u64,
    piece: Vec<u8>,
    at: usize,
    number: u64,
    is_over: bool,
}

impl Made {
    fn of(bytes: u64) -> Self {
        let piece = b"<?xml version=\"1.0\"?>\n<iati-activities version=\"2.03\">\n".to_vec();
        Self { left: bytes, piece, at: 0, number: 0, is_over: false }
    }

    fn more(&mut self) {
        self.at = 0;
        self.piece.clear();
        if self.left == 0 {
            if !self.is_over {
                self.piece.extend_from_slice(b"</iati-activities>\n");
            }
            self.is_over = true;
            return;
        }
        self.number += 1;
        let number = self.number;
        let description =
            "Support to district services for water, health and schools, with training of staff. ".repeat(12);
        let mut text = format!(
            "<iati-activity default-currency=\"USD\" last-updated-datetime=\"2026-01-01T00:00:00Z\" xml:lang=\"en\">\n\
             <iati-identifier>XM-DAC-1-{number}</iati-identifier><reporting-org ref=\"XM-DAC-1\" type=\"10\"><narrative>Donor</narrative></reporting-org>\n\
             <title><narrative>District services, part {number}</narrative></title><description type=\"1\"><narrative>{description}</narrative></description>\n\
             <participating-org role=\"1\" type=\"10\" ref=\"XM-DAC-1\"/><activity-status code=\"2\"/><activity-date type=\"1\" iso-date=\"2024-01-01\"/>\n\
             <recipient-country code=\"KH\"/><sector vocabulary=\"1\" code=\"14030\" percentage=\"100\"/>\n"
        );
        for year in 2024..2027 {
            text.push_str(&format!(
                "<budget type=\"1\"><period-start iso-date=\"{year}-01-01\"/><period-end iso-date=\"{year}-12-31\"/><value value-date=\"{year}-01-01\">{}</value></budget>\n",
                number * 10
            ));
        }
        for month in 1..=12 {
            text.push_str(&format!(
                "<transaction><transaction-type code=\"3\"/><transaction-date iso-date=\"2025-{month:02}-01\"/><value value-date=\"2025-{month:02}-01\">{}</value>\
                 <description><narrative>Payment {month} to the district</narrative></description><receiver-org ref=\"KH-1\"/></transaction>\n",
                number + month
            ));
        }
        text.push_str("</iati-activity>\n");
        self.left = self.left.saturating_sub(text.len() as u64);
        self.piece.extend_from_slice(text.as_bytes());
    }
}

impl Read for Made {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.piece.len() {
            self.more();
        }
        let rest = self.piece.get(self.at..).unwrap_or_default();
        let count = rest.len().min(into.len());
        if let (Some(to), Some(from)) = (into.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.at += count;
        Ok(count)
    }
}
