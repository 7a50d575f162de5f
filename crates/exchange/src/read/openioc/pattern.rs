//! OpenIOC's trees of indicators as STIX patterns.
//!
//! Comparisons with parts of one observable are joined within its brackets; what speaks of different observables is joined
//! between them. An item that can't be said is left out of an OR, whose other parts still hold; an AND without one of its
//! parts would say more than its author did, so the whole AND is left out. Each is a finding.

use stix::Finding;
use watch::normalise;

use super::super::xml::Element;
use super::terms::{self, Right, Term};

/// Most items of one indicator.
pub(super) const ITEMS_MAX: usize = 100_000;
/// How deep a pattern's brackets may stand: less than what the pattern reader takes.
const DEPTH_MAX: usize = 24;

/// Part of a pattern.
pub(super) enum Part {
    /// Comparisons with one observable, and its type; `is_exact` if a text is compared as it stands, in no normal form.
    Within { object_type: String, text: String, is_single: bool, is_exact: bool },
    /// Observations.
    Between { text: String, is_single: bool },
}

impl Part {
    pub(super) fn observation(&self) -> String {
        match self {
            Self::Within { text, .. } => format!("[{text}]"),
            Self::Between { text, .. } => text.clone(),
        }
    }

    /// Whether an item's part compares a text that another case would make another one: `=` and no normal form.
    fn compares_letters(&self) -> bool {
        let Self::Within { text, is_exact: true, .. } = self else { return false };
        text.split_once(" = '").is_some_and(|(_, text)| text.chars().any(char::is_alphabetic))
    }
}

/// Reads trees; keeps what could not be said.
pub(super) struct Reading {
    pub(super) findings: Vec<Finding>,
    pub(super) items: usize,
    /// Lines of items that are meant in whatever case, and compared exactly all the same.
    pub(super) exact: Vec<usize>,
}

/// Whether an item means its text in whatever case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    /// The item does not say so.
    Kept,
    /// `preserve-case="false"`.
    Ignored,
}

impl Reading {
    /// The part for an `Indicator` element.
    pub(super) fn indicator(&mut self, element: &Element, depth: usize) -> Option<Part> {
        let path = format!("line {}", element.line);
        let operator = element.attribute("operator").to_ascii_uppercase();
        if depth > DEPTH_MAX {
            let message = format!("indicators stand more than {DEPTH_MAX} deep; this one was left out");
            self.findings.push(Finding::error("openioc-depth", path, message));
            return None;
        }
        let is_and = match operator.as_str() {
            "AND" => true,
            "OR" | "" => false,
            other => {
                let message = format!("`{other}` is no operator; the indicator was left out");
                self.findings.push(Finding::error("openioc-operator", path, message));
                return None;
            }
        };
        let (mut parts, mut missing) = (Vec::new(), 0_usize);
        for child in &element.children {
            let part = match child.name.as_str() {
                "Indicator" => self.indicator(child, depth + 1),
                "IndicatorItem" => self.item(child),
                _ => continue,
            };
            match part {
                Some(part) => parts.push(part),
                None => missing += 1,
            }
        }
        if is_and && missing > 0 && !parts.is_empty() {
            let message = format!(
                "{missing} of the conditions that must all hold can't be said in STIX, so the others are left out too: \
                 without it they would match more than the author meant"
            );
            self.findings.push(Finding::error("openioc-and", path, message));
            return None;
        }
        join(parts, is_and)
    }

    fn item(&mut self, element: &Element) -> Option<Part> {
        self.items += 1;
        let path = format!("line {}", element.line);
        let search = element.child("Context").map_or("", |context| context.attribute("search"));
        let content = element.text_of("Content");
        let condition = element.attribute("condition");
        let case = match element.attribute("preserve-case") {
            "false" | "0" => Case::Ignored,
            _ => Case::Kept,
        };
        let made = match (self.items <= ITEMS_MAX, content.is_empty()) {
            (false, _) => {
                Err(("openioc-items", format!("more than {ITEMS_MAX} items; this one was left out")))
            }
            (_, true) => {
                Err(("openioc-item", format!("the item for {search} has no content; it was left out")))
            }
            _ => comparison(search, condition, element.attribute("negate"), content, case),
        };
        match made {
            Ok(part) => {
                if case == Case::Ignored && part.compares_letters() {
                    self.exact.push(element.line);
                }
                Some(part)
            }
            Err((code, message)) => {
                self.findings.push(Finding::error(code, path, message));
                None
            }
        }
    }
}

fn join(mut parts: Vec<Part>, is_and: bool) -> Option<Part> {
    if parts.len() < 2 {
        return parts.pop();
    }
    let word = if is_and { " AND " } else { " OR " };
    let first = match &parts[0] {
        Part::Within { object_type, .. } => Some(object_type.clone()),
        Part::Between { .. } => None,
    };
    let same = |part: &Part| match part {
        Part::Within { object_type, .. } => Some(object_type) == first.as_ref(),
        Part::Between { .. } => false,
    };
    // Two hashes of the same kind are never one file's, and two names may be two files: such an AND is between observables.
    if first.is_some() && parts.iter().all(same) && !(is_and && repeats(&parts)) {
        let texts: Vec<String> = parts
            .iter()
            .map(|part| match part {
                Part::Within { text, is_single: false, .. } => format!("({text})"),
                Part::Within { text, .. } | Part::Between { text, .. } => text.clone(),
            })
            .collect();
        return Some(Part::Within {
            object_type: first?,
            text: texts.join(word),
            is_single: false,
            is_exact: false,
        });
    }
    let texts: Vec<String> = parts
        .iter()
        .map(|part| match part {
            Part::Between { text, is_single: false } => format!("({text})"),
            other => other.observation(),
        })
        .collect();
    Some(Part::Between { text: texts.join(word), is_single: false })
}

/// Whether two of the parts compare the same property for equality.
fn repeats(parts: &[Part]) -> bool {
    let mut seen = std::collections::HashSet::new();
    parts.iter().any(|part| match part {
        Part::Within { text, is_single: true, .. } => {
            text.split_once(" = ").is_some_and(|(left, _)| !seen.insert(left.to_owned()))
        }
        _ => false,
    })
}

type Unsaid = (&'static str, String);

fn comparison(
    search: &str,
    condition: &str,
    negate: &str,
    content: &str,
    case: Case,
) -> Result<Part, Unsaid> {
    let lower = condition.to_ascii_lowercase();
    let (condition, opposite) = match lower.as_str() {
        "isnot" => ("is", true),
        "containsnot" => ("contains", true),
        other => (other, false),
    };
    let negated = opposite != negate.eq_ignore_ascii_case("true");
    if search.eq_ignore_ascii_case("FileItem/FullPath") {
        return full_path(condition, negated, content);
    }
    let unknown = || {
        let shown: String = content.chars().take(80).collect();
        (
            "openioc-term",
            format!("the search term `{search}` has no counterpart in STIX; `{shown}` was left out"),
        )
    };
    let Term { path, right } = terms::term(search).ok_or_else(unknown)?;
    let (path, value) = match right {
        Right::Address => match terms::address(content) {
            Some((path, value)) => (path, value),
            None => return Err(("openioc-value", format!("`{content}` is no address; it was left out"))),
        },
        Right::Value(kind) if condition == "is" => match normalise(kind, content) {
            Ok(value) => (path, value.text().to_owned()),
            Err(_) => return Err(("openioc-value", format!("`{content}` is no {kind}; it was left out"))),
        },
        _ => (path, content.to_owned()),
    };
    compare(path, condition, negated, &value, right, case)
}

/// A whole path is a directory and a name.
fn full_path(condition: &str, negated: bool, content: &str) -> Result<Part, Unsaid> {
    let split = content
        .rsplit_once(['\\', '/'])
        .filter(|(directory, name)| !directory.is_empty() && !name.is_empty());
    let Some((directory, name)) = split.filter(|_| condition == "is" && !negated) else {
        let message = "a path that is not given whole can't be told into directory and name; it was left out";
        return Err(("openioc-term", format!("`{content}`: {message}")));
    };
    let text =
        format!("file:parent_directory_ref.path = {} AND file:name = {}", literal(directory), literal(name));
    Ok(Part::Within { object_type: "file".to_owned(), text, is_single: false, is_exact: true })
}

fn compare(
    path: &str,
    condition: &str,
    negated: bool,
    value: &str,
    right: Right,
    case: Case,
) -> Result<Part, Unsaid> {
    let is_number = right == Right::Number;
    let unsaid = |why: String| Err(("openioc-condition", why));
    let is_exact = condition == "is" && right == Right::Text;
    let (operator, right) = match condition {
        "is" | "greater-than" | "less-than" => {
            let right = match (is_number, value.trim().parse::<i64>()) {
                (true, Ok(number)) => number.to_string(),
                (true, Err(_)) => return unsaid(format!("`{value}` is no whole number; it was left out")),
                (false, _) => literal(value),
            };
            let operator = match condition {
                "is" => "=",
                "greater-than" => ">",
                _ => "<",
            };
            (operator, right)
        }
        _ if is_number => return unsaid(format!("`{condition}` does not compare numbers; it was left out")),
        "contains" | "starts-with" | "ends-with" => like(condition, value, case),
        "matches" if case == Case::Ignored => ("MATCHES", literal(&format!("(?i){value}"))),
        "matches" => ("MATCHES", literal(value)),
        other => return unsaid(format!("`{other}` is no condition; the item was left out")),
    };
    let not = if negated { "NOT " } else { "" };
    let object_type = path.split(':').next().unwrap_or_default().to_owned();
    Ok(Part::Within {
        object_type,
        text: format!("{path} {not}{operator} {right}"),
        is_single: true,
        is_exact,
    })
}

/// LIKE knows no way to mean `%` and `_` themselves, nor letters in whatever case: such a text is matched as an expression.
fn like(condition: &str, value: &str, case: Case) -> (&'static str, String) {
    let any_case = case == Case::Ignored && value.contains(char::is_alphabetic);
    if !any_case && !value.contains(['%', '_']) {
        let text = match condition {
            "contains" => format!("%{value}%"),
            "starts-with" => format!("{value}%"),
            _ => format!("%{value}"),
        };
        return ("LIKE", literal(&text));
    }
    let mut plain = String::new();
    for letter in value.chars() {
        if !letter.is_alphanumeric() && letter.is_ascii() && !letter.is_ascii_whitespace() && letter != '_' {
            plain.push('\\');
        }
        plain.push(letter);
    }
    let text = match condition {
        "contains" => plain,
        "starts-with" => format!("^{plain}"),
        _ => format!("{plain}$"),
    };
    let flag = if any_case { "(?i)" } else { "" };
    ("MATCHES", literal(&format!("{flag}{text}")))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
