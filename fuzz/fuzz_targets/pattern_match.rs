#![no_main]
//! Patterns against observed data: the first line is a pattern, the rest is what was observed. Asked alone, in a set with
//! its index, and in canonical form, a pattern gets one answer; and what is named as satisfying it does so by itself.

use libfuzzer_sys::fuzz_target;
use stix::pattern::{Matcher, Observations, PatternSet, parse};

fuzz_target!(|text: &str| {
    let Some((pattern, observed)) = text.split_once('\n') else { return };
    let Ok(tree) = parse(pattern) else { return };
    let canonical = tree.canonical();
    assert_eq!(parse(&canonical.to_string()).as_ref(), Ok(&canonical), "printed as {canonical}");
    let (observations, _) = Observations::read([observed]);
    let (Ok(matcher), Ok(same)) = (Matcher::new(&tree), Matcher::new(&canonical)) else { return };
    // Past the limit there is no answer to compare.
    let Ok(answer) = matcher.matches(&observations) else { return };
    let alone = answer.matched;
    if let Some(found) = &alone {
        assert!(!found.observations.is_empty());
        assert!(found.observations.iter().all(|at| observations.get(*at).is_some()));
    }
    if let Ok(other) = same.matches(&observations) {
        assert_eq!(other.matched.is_some(), alone.is_some(), "{canonical}");
    }
    let mut hits = PatternSet::new(vec![matcher]).matches(&observations).hits.into_iter();
    assert_eq!(hits.next().map(|hit| hit.matched), alone.map(Ok));
});
