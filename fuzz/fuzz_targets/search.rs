#![no_main]
//! Search, asked by a member: never an error of ours, never what the member may not see, and page by page the same as at once. Lines: text,
//! value, source, types, TLP, confidence.

use std::sync::OnceLock;

use bongsu_fuzz::node::{CERT, ISP, SECRET, node, now};
use libfuzzer_sys::fuzz_target;
use policy::Caller;
use search::{Asked, CONFIDENCE_MAX, Looking, Search};

fn search() -> &'static Search {
    static SEARCH: OnceLock<Search> = OnceLock::new();
    SEARCH.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}")).keep();
        let search = Search::new(node().gate.clone(), folder.join(search::FILE));
        search.follow().unwrap_or_else(|error| panic!("{error}"));
        search
    })
}

fuzz_target!(|text: &str| {
    let lines: Vec<&str> = text.split('\n').collect();
    let line = |at: usize| lines.get(at).copied().unwrap_or_default();
    let asked = Asked {
        text: line(0).to_owned(),
        value: line(1).to_owned(),
        source: match line(2) {
            "cert" => Some(CERT),
            "isp" => Some(ISP),
            _ => None,
        },
        types: line(3).split_whitespace().map(str::to_owned).collect(),
        tlp: line(4).split_whitespace().filter_map(|mark| mark.parse().ok()).collect(),
        confidence: line(5).parse().unwrap_or(0).min(CONFIDENCE_MAX),
        limit: 100,
        ..Asked::default()
    };
    let looking = Looking { caller: Caller::Member(ISP), encrypted: true, now: now() };
    let find = |asked: &Asked| {
        let found = search().find(&looking, asked, &|seen| (seen.object.id.to_string(), seen.object.raw.clone()));
        found.unwrap_or_else(|error| panic!("{error}"))
    };
    let whole = find(&asked);
    assert!(whole.next.is_none() && whole.items.iter().all(|(_, raw)| !raw.contains(SECRET)));
    let (mut paged, mut before) = (Vec::new(), None);
    loop {
        let page = find(&Asked { limit: 1, before, ..asked.clone() });
        paged.extend(page.items);
        let Some(next) = page.next else { break };
        before = Some(next);
    }
    assert_eq!(paged, whole.items);
});
