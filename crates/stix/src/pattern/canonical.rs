//! One form for patterns that differ in order and brackets alone.
//!
//! Operands of `AND` and `OR` are put in the order of a key, much like their printed form, nested ones of the same operator are joined, and
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
        Self { root: built(observation(&self.root)) }
    }
}

/// The operators that make no difference between their operands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joined {
    And,
    Or,
}

/// A part in canonical form, and the key by which it is ordered: equal for equal parts, different for others. Keys are made
/// from those of the operands, so that nothing is printed once for each bracket around it.
struct Keyed<T> {
    key: String,
    form: Form<T>,
}

enum Form<T> {
    One(T),
    Many(Joined, Vec<Keyed<T>>),
}

impl<T: ToString> Keyed<T> {
    fn one(part: T) -> Self {
        Self { key: part.to_string(), form: Form::One(part) }
    }

    /// The operands joined, in their order; with `once`, equal ones count once.
    fn many(operator: Joined, operands: impl Iterator<Item = Self>, once: bool) -> Self {
        let mut parts = Vec::new();
        for operand in operands {
            match operand.form {
                Form::Many(inner, of) if inner == operator => parts.extend(of),
                form => parts.push(Self { key: operand.key, form }),
            }
        }
        parts.sort_by(|one, other| one.key.cmp(&other.key));
        if once {
            parts.dedup_by(|one, other| one.key == other.key);
        }
        match parts.pop() {
            Some(only) if parts.is_empty() => only,
            last => {
                parts.extend(last);
                let word = if operator == Joined::And { " AND " } else { " OR " };
                let keys: Vec<&str> = parts.iter().map(|part| part.key.as_str()).collect();
                Self { key: format!("({})", keys.join(word)), form: Form::Many(operator, parts) }
            }
        }
    }

    fn built(self, and: fn(Vec<T>) -> T, or: fn(Vec<T>) -> T) -> T {
        match self.form {
            Form::One(part) => part,
            Form::Many(operator, parts) => {
                let parts = parts.into_iter().map(|part| part.built(and, or)).collect();
                if operator == Joined::And { and(parts) } else { or(parts) }
            }
        }
    }
}

fn built(keyed: Keyed<Observation>) -> Observation {
    keyed.built(Observation::And, Observation::Or)
}

fn observation(expression: &Observation) -> Keyed<Observation> {
    match expression {
        Observation::Test(inner) => {
            let inner = comparison(inner);
            let key = format!("[{}]", inner.key);
            let test = Observation::Test(inner.built(Comparison::And, Comparison::Or));
            Keyed { key, form: Form::One(test) }
        }
        Observation::And(parts) => Keyed::many(Joined::And, parts.iter().map(observation), false),
        Observation::Or(parts) => Keyed::many(Joined::Or, parts.iter().map(observation), true),
        Observation::FollowedBy(parts) => {
            let (mut keys, mut all) = (Vec::new(), Vec::new());
            for part in parts.iter().map(observation) {
                // `(a FOLLOWEDBY b) FOLLOWEDBY c` is what `a FOLLOWEDBY b FOLLOWEDBY c` means; the other bracket is not.
                match part.form {
                    Form::One(Observation::FollowedBy(first)) if all.is_empty() => {
                        let inside = part.key.strip_prefix('<').and_then(|key| key.strip_suffix('>'));
                        keys.push(inside.unwrap_or(&part.key).to_owned());
                        all = first;
                    }
                    form => {
                        all.push(built(Keyed { key: String::new(), form }));
                        keys.push(part.key);
                    }
                }
            }
            Keyed {
                key: format!("<{}>", keys.join(" FOLLOWEDBY ")),
                form: Form::One(Observation::FollowedBy(all)),
            }
        }
        Observation::Qualified(inner, qualifier) => {
            let inner = observation(inner);
            let key = format!("({}) {qualifier}", inner.key);
            let qualified = Observation::Qualified(Box::new(built(inner)), qualifier.clone());
            Keyed { key, form: Form::One(qualified) }
        }
    }
}

fn comparison(expression: &Comparison) -> Keyed<Comparison> {
    match expression {
        Comparison::And(parts) => Keyed::many(Joined::And, parts.iter().map(comparison), true),
        Comparison::Or(parts) => Keyed::many(Joined::Or, parts.iter().map(comparison), true),
        Comparison::Test { path, negated, operator: Operator::In, values } => {
            let mut values = values.clone();
            values.sort_by_cached_key(ToString::to_string);
            values.dedup();
            let operator = if values.len() == 1 { Operator::Equal } else { Operator::In };
            Keyed::one(Comparison::Test { path: path.clone(), negated: *negated, operator, values })
        }
        Comparison::Test { .. } | Comparison::Exists { .. } => Keyed::one(expression.clone()),
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
            "([a:b = 1] OR [a:b = 1]) AND ([a:b = 2] AND [a:b = 3])",
            "[a:b = 3] AND [a:b = 1] AND [a:b = 2]",
        );
        same(
            "[a:b = 1 AND ((a:c = 1 AND a:d = 1) OR (a:d = 1 AND a:c = 1))]",
            "[a:d = 1 AND a:c = 1 AND a:b = 1]",
        );
        same(
            "([a:b = 1 AND (a:d = 1 OR a:c = 1)] AND [a:b = 2]) WITHIN 5 SECONDS",
            "([a:b = 2] AND [(a:c = 1 OR a:d = 1) AND a:b = 1]) WITHIN 5 SECONDS",
        );
        let differ = |one: &str, two: &str| assert_ne!(canonical(one), canonical(two), "{one} and {two}");
        differ("[a:b = 1] AND [a:b = 1]", "[a:b = 1]");
        differ("[a:b = 1] FOLLOWEDBY [a:b = 2]", "[a:b = 2] FOLLOWEDBY [a:b = 1]");
        differ("[a:b = 1 AND a:c = 1]", "[a:b = 1] AND [a:c = 1]");
        differ(
            "[a:b = 1] FOLLOWEDBY ([a:b = 2] FOLLOWEDBY [a:b = 3])",
            "[a:b = 1] FOLLOWEDBY [a:b = 2] FOLLOWEDBY [a:b = 3]",
        );
        differ("[a:b = 'X']", "[a:b = 'x']");
        differ("[a:b = 1 OR a:b = 2] REPEATS 2 TIMES", "[a:b = 1 OR a:b = 2]");
    }
}
