//! One form for patterns that differ in order and brackets alone.
//!
//! Operands of `AND` and `OR` are put in the order of their printed form, nested ones of the same operator are joined, and
//! what stands twice in an `OR`, or in an `AND` between comparisons, stands once. An `AND` between observations keeps
//! both, since it wants two observations. `FOLLOWEDBY` keeps its order. A set is ordered, and a set of one
//! constant is an equality. Constants are left as they are: strings are compared by code points, so their letters count.
//!
//! Source: STIX 2.1, sections 9.5 (operators between observations) and 9.6 (between comparisons).

use super::{Comparison, Observation, Operator, Pattern};

impl Pattern {
    /// The pattern in the form that all patterns have that differ from it in order and brackets alone.
    ///
    /// It matches what this one matches.
    #[must_use]
    pub fn canonical(&self) -> Self {
        Self { root: observation(&self.root) }
    }
}

/// What may stand twice among the operands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Twice {
    Kept,
    Once,
}

fn ordered<T: ToString>(mut parts: Vec<T>, twice: Twice, many: fn(Vec<T>) -> T) -> T {
    parts.sort_by_cached_key(T::to_string);
    if twice == Twice::Once {
        parts.dedup_by(|one, two| one.to_string() == two.to_string());
    }
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            many(parts)
        }
    }
}

fn observation(expression: &Observation) -> Observation {
    match expression {
        Observation::Test(inner) => Observation::Test(comparison(inner)),
        Observation::And(parts) => {
            let parts = parts.iter().map(observation).flat_map(|part| match part {
                Observation::And(inner) => inner,
                other => vec![other],
            });
            ordered(parts.collect(), Twice::Kept, Observation::And)
        }
        Observation::Or(parts) => {
            let parts = parts.iter().map(observation).flat_map(|part| match part {
                Observation::Or(inner) => inner,
                other => vec![other],
            });
            ordered(parts.collect(), Twice::Once, Observation::Or)
        }
        Observation::FollowedBy(parts) => {
            let mut parts = parts.iter().map(observation);
            // `(a FOLLOWEDBY b) FOLLOWEDBY c` is what `a FOLLOWEDBY b FOLLOWEDBY c` means; the other bracket is not.
            let mut all = match parts.next() {
                Some(Observation::FollowedBy(inner)) => inner,
                other => other.into_iter().collect(),
            };
            all.extend(parts);
            Observation::FollowedBy(all)
        }
        Observation::Qualified(inner, qualifier) => {
            Observation::Qualified(Box::new(observation(inner)), qualifier.clone())
        }
    }
}

fn comparison(expression: &Comparison) -> Comparison {
    match expression {
        Comparison::And(parts) => {
            let parts = parts.iter().map(comparison).flat_map(|part| match part {
                Comparison::And(inner) => inner,
                other => vec![other],
            });
            ordered(parts.collect(), Twice::Once, Comparison::And)
        }
        Comparison::Or(parts) => {
            let parts = parts.iter().map(comparison).flat_map(|part| match part {
                Comparison::Or(inner) => inner,
                other => vec![other],
            });
            ordered(parts.collect(), Twice::Once, Comparison::Or)
        }
        Comparison::Test { path, negated, operator: Operator::In, values } => {
            let mut values = values.clone();
            values.sort_by_cached_key(ToString::to_string);
            values.dedup();
            let operator = if values.len() == 1 { Operator::Equal } else { Operator::In };
            Comparison::Test { path: path.clone(), negated: *negated, operator, values }
        }
        Comparison::Test { .. } | Comparison::Exists { .. } => expression.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    #[test]
    fn order_and_brackets_make_no_difference() {
        let canonical = |text: &str| parse(text).unwrap().canonical().to_string();
        let same = |one: &str, two: &str| assert_eq!(canonical(one), canonical(two), "{one} and {two}");
        same("[a:b = 1 AND a:c = 2]", "[a:c = 2 AND (a:b = 1)]");
        same("[a:b = 1 OR a:b = 1]", "[a:b=1]");
        same("[a:b = 1] OR ([a:b = 2] OR [a:b = 3])", "[a:b = 3] OR [a:b = 2] OR [a:b = 1]");
        same("[a:b IN (2, 1)]", "[a:b IN (1, 2)]");
        same("[a:b IN ('x')]", "[a:'b' == 'x']");
        same(
            "([a:b = 1] FOLLOWEDBY [a:b = 2]) FOLLOWEDBY [a:b = 3]",
            "[a:b = 1] FOLLOWEDBY [a:b = 2] FOLLOWEDBY [a:b = 3]",
        );
        same(
            "([a:b = 1 AND (a:d = 1 OR a:c = 1)] AND [a:b = 2]) WITHIN 5 SECONDS",
            "([a:b = 2] AND [(a:c = 1 OR a:d = 1) AND a:b = 1]) WITHIN 5 SECONDS",
        );
        let differ = |one: &str, two: &str| assert_ne!(canonical(one), canonical(two), "{one} and {two}");
        differ("[a:b = 1] AND [a:b = 1]", "[a:b = 1]");
        differ("[a:b = 1] FOLLOWEDBY [a:b = 2]", "[a:b = 2] FOLLOWEDBY [a:b = 1]");
        differ("[a:b = 1 AND a:c = 1]", "[a:b = 1] AND [a:c = 1]");
        differ("[a:b = 'X']", "[a:b = 'x']");
        differ("[a:b = 1 OR a:b = 2] REPEATS 2 TIMES", "[a:b = 1 OR a:b = 2]");
    }
}
