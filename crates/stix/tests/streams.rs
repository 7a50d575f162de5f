//! A bundle of 2 GB is read as a stream: in little memory, and past an object that is far too long.
//!
//! A test program of its own, because it looks at the memory that the whole process has taken.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so by panicking")]

use std::io::Read;
use std::ops::ControlFlow;

use bongsu_stix::bundle::{Item, Limits, read};
use bongsu_stix::read_head;

const OBJECTS: u64 = 1_300_000;
const GIB: u64 = 1 << 30;

/// Indicators, one after the other, made as they are read.
struct Indicators {
    next: u64,
    end: u64,
    left: Vec<u8>,
    at: usize,
}

impl Indicators {
    fn new(from: u64, count: u64) -> Self {
        Self { next: from, end: from + count, left: Vec::new(), at: 0 }
    }
}

impl Read for Indicators {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.left.len() {
            if self.next == self.end {
                return Ok(0);
            }
            let (number, filler) = (self.next, "Seen as a second stage. ".repeat(22));
            self.left = format!(
                r#"{{"type":"indicator","spec_version":"2.1","id":"indicator--00000000-0000-4000-8000-{number:012x}","created":"2026-09-01T00:00:00.000Z","modified":"2026-09-01T00:00:00.000Z","description":"{filler}","pattern":"[domain-name:value = 'n{number}.example']","pattern_type":"stix","valid_from":"2026-09-01T00:00:00Z"}},"#
            )
            .into_bytes();
            (self.at, self.next) = (0, number + 1);
        }
        let count = (self.left.len() - self.at).min(into.len());
        into[..count].copy_from_slice(&self.left[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

/// The most memory that the process has had, in MiB.
fn memory_most() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() / 1_024
}

#[test]
fn two_gigabytes_with_a_string_of_one_are_read_in_little_memory() {
    let head: &[u8] = br#"{"type":"bundle","id":"bundle--00000000-0000-4000-8000-000000000000","objects":["#;
    let long: &[u8] = br#"{"type":"note","id":"note--00000000-0000-4000-8000-000000000001","content":""#;
    let last: &[u8] = br#"{"type":"identity","id":"identity--00000000-0000-4000-8000-000000000002"}]}"#;
    let source = head
        .chain(Indicators::new(0, OBJECTS / 2))
        .chain(long)
        .chain(std::io::repeat(b'x').take(GIB))
        .chain(&b"\"},"[..])
        .chain(Indicators::new(OBJECTS / 2, OBJECTS / 2))
        .chain(last);
    let (mut good, mut bad) = (0, Vec::new());
    let summary = read(source, &Limits::default(), |item| {
        match item {
            Item::Object { raw, .. } => good += u64::from(read_head(raw).is_ok()),
            Item::Bad { finding, .. } => bad.push(finding.to_string()),
        }
        ControlFlow::Continue(())
    });
    let summary = summary.unwrap();
    assert!(summary.bytes > 2 * GIB, "{}", summary.bytes);
    assert_eq!(good, OBJECTS + 1, "all that is good beside the long one");
    assert!(bad.len() == 1 && bad[0].contains("object-too-large"), "{bad:?}");
    let memory = memory_most();
    assert!(memory < 100, "{memory} MiB");
}
