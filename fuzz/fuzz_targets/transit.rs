#![no_main]
//! Sightings as a table and as lines of JSON: read in pieces of any length they say the same as whole, and what is told adds up.

use std::io::{BufReader, Read};

use libfuzzer_sys::fuzz_target;
use region::transit::geo::NoTable;
use region::transit::read::{Report, json_lines, table};
use region::transit::{Observed, Place};

/// Gives a few bytes at a time.
struct Drip<'a>(&'a [u8]);

impl Read for Drip<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let most = into.len().min(3);
        self.0.read(&mut into[..most])
    }
}

/// What a sighting says: when, how many hops, where the victim is, how often.
type Told = (u32, usize, Place, u32);

fn told(observed: &Observed) -> Vec<Told> {
    observed.sightings().map(|one| (one.time, one.hops.len(), one.victim, one.count)).collect()
}

type Outcome = (Result<Report, String>, Vec<Told>);

fn as_table(source: impl Read + Send) -> Outcome {
    let mut observed = Observed::default();
    let report = table(&mut observed, source, &NoTable).map_err(|error| error.to_string());
    (report, told(&observed))
}

fn as_json(source: impl Read + Send) -> Outcome {
    let mut observed = Observed::default();
    let report = json_lines(&mut observed, BufReader::with_capacity(5, source), &NoTable);
    (report.map_err(|error| error.to_string()), told(&observed))
}

fuzz_target!(|data: &[u8]| {
    for (whole, dripped) in [(as_table(data), as_table(Drip(data))), (as_json(data), as_json(Drip(data)))] {
        assert_eq!(whole, dripped);
        if let (Ok(report), told) = whole {
            assert_eq!(report.rows, report.faulty + told.len() as u64);
            assert!(report.faults.len() as u64 <= report.faulty && report.faults.len() <= 100);
        }
    }
});
