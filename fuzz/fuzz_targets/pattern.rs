#![no_main]
//! Patterns: what is printed reads back as the same tree, and each value that is said to satisfy a pattern alone does, by
//! a matcher that knows nothing but that value.

use libfuzzer_sys::fuzz_target;
use stix::pattern::{Comparison, Equality, Literal, Observation, Operator, parse};

fuzz_target!(|text: &str| {
    let Ok(pattern) = parse(text) else { return };
    let printed = pattern.to_string();
    let again = parse(&printed);
    assert_eq!(again.as_ref(), Ok(&pattern), "printed as {printed}");
    let equalities = pattern.equalities();
    for alternative in pattern.alternatives().unwrap_or_default() {
        assert!(equalities.contains(&alternative));
        assert!(observed(&pattern.root, &alternative), "{alternative:?} is not enough for {printed}");
    }
});

/// Whether one observation of the value, and nothing else, satisfies the expression.
fn observed(observation: &Observation, seen: &Equality<'_>) -> bool {
    match observation {
        Observation::Test(comparison) => holds(comparison, seen),
        Observation::Or(parts) => parts.iter().any(|part| observed(part, seen)),
        // These take several observations, or times.
        Observation::And(_) | Observation::FollowedBy(_) | Observation::Qualified(..) => false,
    }
}

fn holds(comparison: &Comparison, seen: &Equality<'_>) -> bool {
    match comparison {
        Comparison::And(parts) => parts.iter().all(|part| holds(part, seen)),
        Comparison::Or(parts) => parts.iter().any(|part| holds(part, seen)),
        Comparison::Test { path, negated: false, operator: Operator::Equal | Operator::In, values } => {
            let is = |literal: &Literal| matches!(literal, Literal::Text(text) if text == seen.value);
            path == seen.path && values.iter().any(is)
        }
        Comparison::Test { .. } | Comparison::Exists { .. } => false,
    }
}
