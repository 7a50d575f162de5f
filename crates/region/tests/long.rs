//! Files of any length are read in the same memory: they are made while they are read, and lie nowhere.
//!
//! One test, in a process of its own: what is measured is the process. 2 GB are read by `examples/iati_speed.rs`.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so by panicking")]

use std::io::{Cursor, Read};

use bongsu_region::aid::check::{Checker, Codelists, Ruleset};
use bongsu_region::aid::iati;
use bongsu_region::transit::geo::NoTable;
use bongsu_region::transit::{Observed, read};

/// A piece of text for each number, up to a length.
struct Again {
    left: usize,
    piece: String,
    number: usize,
    make: fn(usize) -> String,
    at: usize,
}

impl Again {
    fn of(bytes: usize, make: fn(usize) -> String) -> Self {
        Self { left: bytes, piece: String::new(), number: 0, make, at: 0 }
    }
}

impl Read for Again {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.piece.len() && self.left > 0 {
            self.piece = (self.make)(self.number);
            self.number += 1;
            self.left = self.left.saturating_sub(self.piece.len());
            self.at = 0;
        }
        let count = (&self.piece.as_bytes()[self.at..]).read(into)?;
        self.at += count;
        Ok(count)
    }
}

/// The most memory that this process had so far, in MiB.
fn most_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

fn activity(number: usize) -> String {
    let transaction =
        r#"<transaction><transaction-type code="3"/><value value-date="2025-01-01">5</value></transaction>"#;
    format!(
        r#"<iati-activity default-currency="USD"><iati-identifier>A-{}</iati-identifier><title><narrative>Wells {number}</narrative></title>
        <description><narrative>{}</narrative></description><sector code="1"/>{}</iati-activity>"#,
        number % 100,
        "Wells and schools. ".repeat(100),
        transaction.repeat(60)
    )
}

fn activities(bytes: usize) -> impl Read {
    let (head, tail) = ("<iati-activities version=\"2.03\">", "</iati-activities>");
    Cursor::new(head).chain(Again::of(bytes, activity)).chain(Cursor::new(tail))
}

#[test]
fn long_files_take_no_more_memory_than_short_ones() {
    let rules = r#"{"//iati-activity": {"atleast_one": {"cases": [{"paths": ["activity-date"]}]}, "unique": {"cases": [{"paths": ["sector"]}]}}}"#;
    let checker = Checker {
        rulesets: vec![Ruleset::read(rules.as_bytes()).unwrap()],
        codelists: Codelists::default(),
        now: "2026-11-01T00:00:00Z".parse().unwrap(),
    };
    let all = |bytes: usize| {
        let mut count = 0;
        let report = iati::read(activities(bytes), &mut |_| count += 1).unwrap();
        assert_eq!((report.broken, report.activities), (None, count));
        let checked = checker.check(activities(bytes), &mut || {}).unwrap();
        assert_eq!((checked.broken.as_ref(), checked.activities), (None, count));
        assert_eq!(checked.counts.values().flat_map(|rules| rules.values()).max(), Some(&count));
        // Rows that are wrong are counted, and the first hundred of them kept; in quotation marks too.
        for wrong in [|_| "soon,192.0.2.1\n".to_owned(), |_| "\"soon\",192.0.2.1\n".to_owned()] {
            let mut observed = Observed::default();
            let table = Cursor::new("time,hops\n").chain(Again::of(bytes, wrong));
            let report = read::table(&mut observed, table, &NoTable).unwrap();
            assert_eq!((report.faults.len(), report.faulty, observed.len()), (100, report.rows, 0));
        }
        count
    };
    assert!(all(6 << 20) > 500);
    let before = most_mib();
    assert!(all(40 << 20) > 3_000);
    let after = most_mib();
    assert!(after <= before + 12, "{before} MiB, then {after} MiB");
}
