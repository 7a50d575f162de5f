#![no_main]
//! Files by the IATI standard: read in pieces of any length they say the same as whole, and the checker counts as the reader does.

use std::io::Read;

use libfuzzer_sys::fuzz_target;
use region::aid::check::{Checker, Codelists};
use region::aid::iati::{Item, Report, read};
use region::aid::project::Project;

/// Gives a few bytes at a time.
struct Drip<'a>(&'a [u8]);

impl Read for Drip<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let most = into.len().min(3);
        self.0.read(&mut into[..most])
    }
}

fn all(source: impl Read) -> Result<(Vec<Item>, Report), String> {
    let mut items = Vec::new();
    let report = read(source, &mut |item| items.push(item)).map_err(|error| error.to_string())?;
    Ok((items, report))
}

fuzz_target!(|data: &[u8]| {
    let whole = all(data);
    // What begins the file is looked at in its first piece, so that a declaration must not be cut.
    if !data.starts_with(b"<?xml") && !data.starts_with(b"\xef") && !data.starts_with(b"\xfe") && !data.starts_with(b"\xff") {
        assert_eq!(all(Drip(data)), whole);
    }
    let checker = Checker { rulesets: Vec::new(), codelists: Codelists::default(), now: jiff::Timestamp::UNIX_EPOCH };
    let checked = checker.check(data, &mut || {});
    let Ok((items, report)) = whole else {
        assert!(checked.is_err());
        return;
    };
    let activities = items.iter().filter(|item| matches!(item, Item::Activity(_))).count() as u64;
    assert_eq!((activities, items.len() as u64), (report.activities, report.activities + report.organisations));
    assert!(report.faults.len() as u64 <= report.faulty);
    if let (Ok(checked), None) = (checked, &report.broken)
        && checked.broken.is_none()
    {
        // Names of other prefixes are passed over by the checker alone.
        assert!(checked.activities <= report.activities && checked.version == report.version);
    }
    for item in &items {
        if let Item::Activity(activity) = item {
            let project = Project::of(activity);
            assert_eq!(project.identifier, activity.identifier);
        }
    }
});
