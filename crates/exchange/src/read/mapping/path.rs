//! Where something stands in a row: a column's name or number, or a path into JSON.

use std::fmt;

use serde_json::Value;

/// Most steps of a path.
const STEPS_MAX: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
    Each,
}

/// `ioc.value`, `tags[0]`, `hashes[*].sha256`; for a table, a column's name, or its number from 1 if there is no head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    text: String,
    steps: Vec<Step>,
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Path {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let bad = |why: &str| format!("`{text}` is no path: {why}");
        let mut steps = Vec::new();
        for part in text.trim_start_matches("$.").split('.') {
            let (name, mut rest) = part.find('[').map_or((part, ""), |at| part.split_at(at));
            if name.is_empty() && rest.is_empty() {
                return Err(bad("a name is missing"));
            }
            if !name.is_empty() {
                steps.push(Step::Key(name.to_owned()));
            }
            while !rest.is_empty() {
                let inner = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
                let (index, more) = inner.ok_or_else(|| bad("a bracket is not closed"))?;
                steps.push(match index {
                    "*" => Step::Each,
                    number => {
                        Step::Index(number.parse().map_err(|_| bad("in brackets stands a number or `*`"))?)
                    }
                });
                rest = more;
            }
        }
        if steps.len() > STEPS_MAX {
            return Err(bad("it has too many steps"));
        }
        Ok(Self { text: text.to_owned(), steps })
    }

    /// The whole text: a column's name may hold dots and brackets.
    pub(super) fn column(&self) -> &str {
        &self.text
    }

    /// The texts at the path; a list of texts gives each of them.
    pub(super) fn texts(&self, value: &Value) -> Vec<String> {
        let mut here = vec![value];
        for step in &self.steps {
            let mut next = Vec::new();
            for value in here {
                match step {
                    Step::Key(name) => next.extend(value.get(name)),
                    Step::Index(at) => next.extend(value.get(*at)),
                    Step::Each => next.extend(value.as_array().into_iter().flatten()),
                }
            }
            here = next;
        }
        let flat = here.into_iter().flat_map(|value| match value {
            Value::Array(items) => items.iter().collect::<Vec<_>>(),
            other => vec![other],
        });
        let texts = flat.filter_map(|value| match value {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        });
        texts.filter(|text| !text.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_texts() {
        let row: Value =
            serde_json::from_str(r#"{"a":{"b":["x","y"]},"l":[{"v":"1"},{"v":2},{"w":true}]}"#).unwrap();
        let check = |path: &str, expected: &[&str]| {
            assert_eq!(Path::parse(path).unwrap().texts(&row), expected, "{path}")
        };
        check("a.b", &["x", "y"]);
        check("$.a.b[1]", &["y"]);
        check("l[*].v", &["1", "2"]);
        check("l[0].v", &["1"]);
        check("l[2].w", &[]);
        check("none.at.all", &[]);
        for path in ["", "a..b", "a[", "a[x]", "a[1"] {
            assert!(Path::parse(path).is_err(), "{path}");
        }
    }
}
