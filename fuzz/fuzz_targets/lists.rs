#![no_main]
//! Warning lists, one a line: a list is read or a finding says why not, and the guard then holds each value on it.

use libfuzzer_sys::fuzz_target;
use serde_json::Value as Json;
use std::sync::Arc;
use stix::Timestamp;
use watch::{Context, Guard, Kind, Lists, Value, normalise, refang};

fuzz_target!(|text: &str| {
    // The built-in lists lie under them, read once.
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
            if let Some(value) = plain(entry) {
                assert!(guard.check(&value, &context).is_err(), "{value} is on the list as `{entry}`");
            }
        }
    }
});

/// The value of an entry that is written as lists are: no port, no URL without scheme, nothing around it.
fn plain(entry: &str) -> Option<Value> {
    let letters = entry.bytes().all(|b| b.is_ascii_alphanumeric() || b".-@:/".contains(&b));
    if !letters || refang(entry) != entry {
        return None;
    }
    if entry.contains("://") {
        return normalise(Kind::Url, entry).ok();
    }
    let kinds = [Kind::Ipv4, Kind::Ipv6, Kind::Md5, Kind::Sha1, Kind::Sha256, Kind::Sha512, Kind::Email];
    let value = kinds.into_iter().find_map(|kind| normalise(kind, entry).ok());
    value.or_else(|| normalise(Kind::Domain, entry).ok())
}
