#![no_main]
//! Hunting: whatever stands in a log, what is found is there, and is found as well when the log comes line by line.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use watch::hunt::{Candidate, How, Needles, confirm};
use watch::{Kind, Value, normalise};

fn wanted() -> &'static (Vec<Value>, Needles, Vec<u32>) {
    static WANTED: OnceLock<(Vec<Value>, Needles, Vec<u32>)> = OnceLock::new();
    WANTED.get_or_init(|| {
        let value = |(kind, text)| normalise(kind, text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let values: Vec<Value> = [
            (Kind::Domain, "a.co"),
            (Kind::Domain, "봉수.com"),
            (Kind::Domain, "top"),
            (Kind::Ipv4, "1.2.3.4"),
            (Kind::Ipv4, "1.2.0.0/16"),
            (Kind::Ipv6, "::1"),
            (Kind::Ipv6, "2001:db8::/32"),
            (Kind::Url, "http://a.co/x?y"),
            (Kind::Url, "http://1.2.3.4/"),
            (Kind::Email, "m@a.co"),
            (Kind::Mac, "00:11:22:33:44:55"),
            (Kind::RegistryKey, r"HKCU\Software\Run k"),
            (Kind::Md5, "d41d8cd98f00b204e9800998ecf8427e"),
        ]
        .map(value)
        .into();
        let (needles, order) = Needles::of(&values);
        (values, needles, order)
    })
}

fn hunt(text: &[u8], base: usize) -> BTreeSet<(usize, usize, u32, How)> {
    let (values, needles, order) = wanted();
    let mut candidates: Vec<Candidate> = Vec::new();
    needles.candidates(text, &mut candidates);
    let found = candidates.into_iter().filter_map(|candidate| {
        let number = order[candidate.needle as usize];
        let value = &values[number as usize];
        let (range, how) = confirm(text, candidate, value)?;
        let spelled = std::str::from_utf8(&text[range.clone()]);
        // A key of the registry is found by a word in it.
        if value.kind() != Kind::RegistryKey {
            let spelled = spelled.unwrap_or_else(|_| panic!("{range:?} is no text"));
            let is_it = match how {
                How::Exact => normalise(value.kind(), spelled).is_ok_and(|found| found == *value),
                How::Below => normalise(Kind::Domain, spelled)
                    .is_ok_and(|found| found.text().ends_with(&format!(".{}", value.text()))),
                How::Inside => {
                    let address = spelled.parse();
                    value.network().is_some_and(|network| {
                        address.is_ok_and(|at| network.contains::<&std::net::IpAddr>(&at))
                    })
                }
            };
            assert!(is_it, "{spelled:?} is not {value}");
        }
        Some((base + range.start, base + range.end, number, how))
    });
    found.collect()
}

fuzz_target!(|data: &[u8]| {
    let whole = hunt(data, 0);
    let (mut lines, mut base) = (BTreeSet::new(), 0);
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        lines.extend(hunt(line, base));
        base += line.len();
    }
    assert_eq!(whole, lines);
});
