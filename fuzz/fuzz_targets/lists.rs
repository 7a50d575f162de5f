#![no_main]
//! Warning lists, one a line: a list is read or a finding says why not, and the guard then holds each value on it.

use libfuzzer_sys::fuzz_target;
use serde_json::Value as Json;
use std::sync::Arc;
use stix::Timestamp;
use watch::{Context, Guard, Kind, Lists, guess, normalise, refang};

fuzz_target!(|text: &str| {
    // Each reading takes the built-in lists too, which is slow: so several lists at once, and no reading for none.
    let texts: Vec<&str> =
        text.lines().filter(|line| serde_json::from_str::<Json>(line).is_ok()).take(4).collect();
    if texts.is_empty() {
        return;
    }
    let (lists, findings) = Lists::with(&texts);
    let refused = |at: usize| {
        let path = format!("lists[{at}]");
        findings.iter().any(|finding| finding.path == path && finding.code != "list-entry-unread")
    };
    let refusals = (0..texts.len()).filter(|at| refused(*at)).count();
    assert_eq!(lists.titles().count(), Lists::builtin().titles().count() + texts.len() - refusals);
    let (guard, _) = Guard::new::<&str>(Arc::new(lists), &[]);
    let context = Context::new(Timestamp::from_micros(0), 0);
    for (_, text) in texts.iter().enumerate().filter(|(at, _)| !refused(*at)) {
        let list: Json = serde_json::from_str(text).unwrap_or_default();
        for entry in list["list"].as_array().into_iter().flatten().filter_map(Json::as_str) {
            let entry = entry.trim();
            // Lists are written plainly, and hold names beyond the known suffixes.
            let value = guess(entry).or_else(|| normalise(Kind::Domain, entry).ok());
            let plain = refang(entry) == entry && !entry.contains([':', '/', '*']) || entry.contains("://");
            if let Some(value) = value.filter(|_| plain) {
                assert!(guard.check(&value, &context).is_err(), "{value} is on the list as `{entry}`");
            }
        }
    }
});
