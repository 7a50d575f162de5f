#![no_main]
//! Rule sets and code lists, and files that they judge (behind the first byte 0): a rule set that is named twice finds all twice, what
//! is found names its rule and its place, and a code list that was read is there.

use libfuzzer_sys::fuzz_target;
use region::aid::check::{Checked, Checker, Codelists, Ruleset};

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let (rules, file) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let mut lists = Codelists::default();
    if let Ok(name) = lists.add(rules) {
        assert!(!name.is_empty() && lists.len() == 1);
        assert_eq!(lists.add(rules).ok(), Some(name));
        assert_eq!(lists.len(), 1);
    }
    let judged = |count: usize| -> Option<Checked> {
        let rulesets: Vec<Ruleset> = (0..count).map(|_| Ruleset::read(rules)).collect::<Result<_, _>>().ok()?;
        let now = jiff::Timestamp::UNIX_EPOCH;
        Checker { rulesets, codelists: Codelists::default(), now }.check(file, &mut || {}).ok()
    };
    let (Some(none), Some(once), Some(twice)) = (judged(0), judged(1), judged(2)) else { return };
    let sum = |checked: &Checked| checked.counts.values().flat_map(|rules| rules.values()).sum::<u64>();
    let is_too_much = |checked: &Checked| checked.findings.iter().any(|finding| finding.rule == "too-much");
    if !is_too_much(&once) && !is_too_much(&twice) {
        assert_eq!(sum(&twice) - sum(&none), 2 * (sum(&once) - sum(&none)));
    }
    assert_eq!((none.activities, none.organisations), (once.activities, once.organisations));
    for finding in &once.findings {
        assert!(!finding.rule.is_empty() && finding.path.starts_with('/') && finding.saw.len() <= 5, "{finding:?}");
    }
});
