//! One condition of a search: alternatives, what must all be there, and what must not.
//!
//! MISP takes `"a"`, `"a&&!b"`, `["a", "!b"]` and `{"OR": […], "AND": […], "NOT": […]}`. A term that begins or ends with `%`
//! is a pattern in which `%` stands for any text and `_` for one character; any other is compared as it stands. Most searches
//! have one term, some have thousands: exact ones are looked up, patterns are tried one by one and so are few.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::Value as Json;

/// Most terms of one condition.
pub(crate) const TERMS_MAX: usize = 10_000;
/// Most patterns among them, and bytes of one.
pub(crate) const PATTERNS_MAX: usize = 100;
pub(crate) const PATTERN_BYTES_MAX: usize = 1_000;

/// Whether letters count as they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Case {
    #[default]
    Kept,
    /// Upper and lower case are the same, as in names of tags and organisations.
    Folded,
}

/// Terms of which one is enough.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Alternatives {
    exact: HashSet<String>,
    patterns: Vec<String>,
}

impl Alternatives {
    pub(crate) fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.patterns.is_empty()
    }

    fn has(&self, text: &str) -> bool {
        self.exact.contains(text) || self.patterns.iter().any(|pattern| is_like(pattern, text))
    }

    /// The terms, patterns last.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.exact.iter().chain(&self.patterns).map(String::as_str)
    }
}

/// A condition. One without terms holds for everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    /// One of these.
    pub(crate) any: Alternatives,
    /// Each of these.
    pub(crate) all: Vec<String>,
    /// None of these.
    pub(crate) none: Alternatives,
    case: Case,
}

/// Why a condition can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TermsError {
    #[error("has more than {TERMS_MAX} terms, or more than {PATTERNS_MAX} with `%`; split the search")]
    TooMany,
    #[error("has a pattern of more than {PATTERN_BYTES_MAX} bytes")]
    TooLong,
    #[error("is neither text nor a list of texts nor an object with OR, AND and NOT")]
    Shape,
}

/// Where a term goes.
#[derive(Debug, Clone, Copy)]
enum Role {
    Any,
    All,
    None,
    /// As its first character says.
    Told,
}

impl Terms {
    /// Reads a condition. What is null, empty or false is none.
    pub(crate) fn read(value: &Json, case: Case) -> Result<Self, TermsError> {
        let mut terms = Self { case, ..Self::default() };
        match value {
            Json::Object(parts) if parts.keys().any(|key| matches!(key.as_str(), "OR" | "AND" | "NOT")) => {
                for (key, role) in [("OR", Role::Any), ("AND", Role::All), ("NOT", Role::None)] {
                    if let Some(part) = parts.get(key) {
                        terms.take(part, role)?;
                    }
                }
            }
            // PHP writes lists with gaps as objects.
            Json::Object(parts) => {
                parts.values().try_for_each(|part| terms.take_one(part, Role::Told))?;
            }
            value => terms.take(value, Role::Told)?,
        }
        Ok(terms)
    }

    fn take(&mut self, value: &Json, role: Role) -> Result<(), TermsError> {
        match value {
            Json::Array(list) => list.iter().try_for_each(|one| self.take_one(one, role)),
            Json::String(text) if matches!(role, Role::Told) => {
                text.split("&&").try_for_each(|term| self.add(term, role))
            }
            Json::Object(parts) => parts.values().try_for_each(|one| self.take_one(one, role)),
            one => self.take_one(one, role),
        }
    }

    fn take_one(&mut self, value: &Json, role: Role) -> Result<(), TermsError> {
        match value {
            Json::Null | Json::Bool(false) => Ok(()),
            Json::Bool(true) => self.add("1", role),
            Json::Number(number) => self.add(&number.to_string(), role),
            Json::String(text) => self.add(text, role),
            Json::Array(_) | Json::Object(_) => Err(TermsError::Shape),
        }
    }

    pub(crate) fn add_any(&mut self, term: &str) -> Result<(), TermsError> {
        self.add(term, Role::Any)
    }

    fn add(&mut self, term: &str, role: Role) -> Result<(), TermsError> {
        let (role, term) = match (role, term.strip_prefix('!')) {
            (Role::Told, Some(rest)) => (Role::None, rest),
            (Role::Told, None) => (Role::Any, term),
            (role, _) => (role, term),
        };
        if term.is_empty() {
            return Ok(());
        }
        let term = match self.case {
            Case::Kept => term.to_owned(),
            Case::Folded => term.trim().to_lowercase(),
        };
        let is_pattern = is_pattern(&term);
        if is_pattern && term.len() > PATTERN_BYTES_MAX {
            return Err(TermsError::TooLong);
        }
        match role {
            Role::All => self.all.push(term),
            Role::Any | Role::Told if is_pattern => self.any.patterns.push(term),
            Role::Any | Role::Told => drop(self.any.exact.insert(term)),
            Role::None if is_pattern => self.none.patterns.push(term),
            Role::None => drop(self.none.exact.insert(term)),
        }
        // What must all be there is tried one by one, too.
        let tried = self.any.patterns.len() + self.none.patterns.len() + self.all.len();
        let count = self.any.exact.len() + self.none.exact.len() + tried;
        if tried > PATTERNS_MAX || count > TERMS_MAX { Err(TermsError::TooMany) } else { Ok(()) }
    }

    /// Whether it asks for nothing to be there.
    pub(crate) fn asks_for_nothing(&self) -> bool {
        self.any.is_empty() && self.all.is_empty()
    }

    /// Whether it says nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.asks_for_nothing() && self.none.is_empty()
    }

    /// Whether it holds for something that has these texts.
    pub(crate) fn hold_for<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> bool {
        self.is_empty() || {
            let texts = self.compared(texts);
            self.is_met(&texts) && self.has_none(&texts)
        }
    }

    /// Whether what it asks for is there, whatever else is.
    pub(crate) fn are_met_by<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> bool {
        self.asks_for_nothing() || self.is_met(&self.compared(texts))
    }

    /// Whether nothing is there that must not be.
    pub(crate) fn tolerate<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> bool {
        self.none.is_empty() || self.has_none(&self.compared(texts))
    }

    /// The texts as they are compared.
    fn compared<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> Vec<Cow<'t, str>> {
        let compared = |text: &'t str| match self.case {
            Case::Kept => Cow::Borrowed(text),
            Case::Folded => Cow::Owned(text.trim().to_lowercase()),
        };
        texts.into_iter().map(compared).collect()
    }

    fn is_met(&self, texts: &[Cow<'_, str>]) -> bool {
        let any = self.any.is_empty() || texts.iter().any(|text| self.any.has(text));
        let each = |term: &String| texts.iter().any(|text| is_one(term, text));
        any && self.all.iter().all(each)
    }

    fn has_none(&self, texts: &[Cow<'_, str>]) -> bool {
        !texts.iter().any(|text| self.none.has(text))
    }
}

pub(crate) fn is_pattern(term: &str) -> bool {
    term.starts_with('%') || term.ends_with('%')
}

/// Whether a term means a text.
pub(crate) fn is_one(term: &str, text: &str) -> bool {
    if is_pattern(term) { is_like(term, text) } else { term == text }
}

/// SQL's LIKE: `%` is any text, `_` one character, `\` takes the meaning of the next. At most as many steps as pattern and
/// text have characters, multiplied.
pub(crate) fn is_like(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (parts(pattern), text.chars().collect::<Vec<_>>());
    let (mut at, mut read) = (0, 0);
    // Where to go on when what follows the last `%` does not fit here.
    let mut again: Option<(usize, usize)> = None;
    while read < text.len() {
        match pattern.get(at) {
            Some(Part::Any) => {
                again = Some((at + 1, read));
                at += 1;
            }
            Some(part) if part.fits(text[read]) => (at, read) = (at + 1, read + 1),
            _ => match again {
                Some((behind, begun)) => {
                    again = Some((behind, begun + 1));
                    (at, read) = (behind, begun + 1);
                }
                None => return false,
            },
        }
    }
    pattern.get(at..).is_some_and(|rest| rest.iter().all(|part| matches!(part, Part::Any)))
}

#[derive(Debug, Clone, Copy)]
enum Part {
    Any,
    One,
    Char(char),
}

impl Part {
    fn fits(self, c: char) -> bool {
        match self {
            Self::Any => false,
            Self::One => true,
            Self::Char(wanted) => wanted == c,
        }
    }
}

fn parts(pattern: &str) -> Vec<Part> {
    let (mut parts, mut chars) = (Vec::with_capacity(pattern.len()), pattern.chars());
    while let Some(c) = chars.next() {
        parts.push(match c {
            '%' => Part::Any,
            '_' => Part::One,
            '\\' => Part::Char(chars.next().unwrap_or('\\')),
            c => Part::Char(c),
        });
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn conditions_are_read_in_all_their_forms() {
        let check = |value: Json, any: &[&str], all: &[&str], none: &[&str]| {
            let terms = Terms::read(&value, Case::Kept).unwrap_or_else(|error| panic!("{value}: {error}"));
            let sorted = |alternatives: &Alternatives| {
                let mut list: Vec<String> = alternatives.iter().map(str::to_owned).collect();
                list.sort();
                list
            };
            assert_eq!(sorted(&terms.any), any, "{value}");
            assert_eq!(terms.all, all, "{value}");
            assert_eq!(sorted(&terms.none), none, "{value}");
        };
        check(json!("a"), &["a"], &[], &[]);
        check(json!("!a"), &[], &[], &["a"]);
        check(json!("a&&!b&&c"), &["a", "c"], &[], &["b"]);
        check(json!(["a", "!b&&c", 7, true, null]), &["1", "7", "a"], &[], &["b&&c"]);
        check(json!({"OR": ["a", "b"], "AND": "c", "NOT": ["d"]}), &["a", "b"], &["c"], &["d"]);
        check(json!({"0": "a", "3": "!b"}), &["a"], &[], &["b"]);
        for nothing in [json!(null), json!(""), json!([]), json!(false), json!({}), json!([""]), json!("!")] {
            assert!(Terms::read(&nothing, Case::Kept).unwrap().is_empty(), "{nothing}");
        }
        assert_eq!(Terms::read(&json!([["a"]]), Case::Kept), Err(TermsError::Shape));
        let many: Vec<String> = (0..=TERMS_MAX).map(|n| n.to_string()).collect();
        assert_eq!(Terms::read(&json!(many), Case::Kept), Err(TermsError::TooMany));
        let patterns: Vec<String> = (0..=PATTERNS_MAX).map(|n| format!("%{n}")).collect();
        assert_eq!(Terms::read(&json!(patterns), Case::Kept), Err(TermsError::TooMany));
        assert_eq!(
            Terms::read(&json!("%".repeat(PATTERN_BYTES_MAX + 1)), Case::Kept),
            Err(TermsError::TooLong)
        );
    }

    #[test]
    fn a_pattern_of_many_parts_takes_no_time() {
        let pattern = format!("{}b", "%a".repeat(400));
        assert!(!is_like(&pattern, &"a".repeat(5_000)));
    }

    /// The same, slowly: by trying every way.
    fn slowly(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('%', rest)) => (0..=text.len()).any(|at| slowly(rest, &text[at..])),
            Some(('_', rest)) => !text.is_empty() && slowly(rest, &text[1..]),
            Some((c, rest)) => text.first() == Some(c) && slowly(rest, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn patterns_mean_what_the_slow_way_says(pattern in "[ab%_]{0,7}", text in "[abc]{0,7}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(is_like(&pattern, &text), slowly(&chars(&pattern), &chars(&text)));
        }
    }
}
