//! Rule sets: files of JSON that say what activities and organisations must be like.
//!
//! A file has, by the path of the elements that they are about, rules by their names, and of each rule cases. All of it is
//! read before anything is judged: what can't be read is an error that names where it stands.
//!
//! Source: IATI rule set specification, JavaScript and Python editions.

use std::io::{self, Read};

use regex::Regex;
use serde::Serialize;
use serde_json::{Map, Value};

use super::xpath::{Xpath, XpathError};

/// The longest file, in bytes.
const BYTES_MAX: u64 = 16 << 20;
/// The most cases of one file.
const CASES_MAX: usize = 10_000;
/// Memory that a regular expression may take, in bytes.
const REGEX_BYTES_MAX: usize = 1 << 20;

/// Why a rule set can't be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RulesetError {
    /// The source failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is no JSON.
    #[error("it is no JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It is too long.
    #[error("it is longer than {BYTES_MAX} bytes, or has more than {CASES_MAX} cases")]
    Long,
    /// Something in it is not as it should be.
    #[error("{at}: {why}")]
    Rule {
        /// Where: the path, the rule and the case.
        at: String,
        /// What is wrong.
        why: String,
    },
}

/// How bad it is to break a rule, as the rule's file has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Others can't read it.
    Critical,
    /// It is wrong.
    Error,
    /// It is not as it should be.
    Warning,
    /// It could be better.
    Advisory,
}

impl Severity {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Advisory => "advisory",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Critical, Self::Error, Self::Warning, Self::Advisory]
            .into_iter()
            .find(|one| one.name() == name)
    }
}

/// Rules about elements that one path finds.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) path: Xpath,
    pub(super) rules: Vec<Rule>,
}

/// One case of a rule.
#[derive(Debug)]
pub(super) struct Rule {
    /// The rule's number, or where it stands.
    pub(super) id: String,
    pub(super) severity: Severity,
    pub(super) message: String,
    /// Without it, the rule is not asked.
    pub(super) condition: Option<Xpath>,
    pub(super) paths: Vec<Xpath>,
    pub(super) kind: Kind,
}

/// What is asked.
#[derive(Debug)]
pub(super) enum Kind {
    NoMoreThanOne,
    AtLeastOne,
    OnlyOneOf {
        excluded: Vec<Xpath>,
    },
    OneOrAll {
        one: Xpath,
        all: All,
    },
    Dependent,
    Sum {
        of: f64,
        is_strict: bool,
    },
    DateOrder {
        less: When,
        more: When,
    },
    DateNow {
        date: When,
    },
    TimeLimit {
        start: When,
        end: When,
    },
    BetweenDates {
        date: When,
        start: When,
        end: When,
    },
    Regex {
        regex: Regex,
        is_wanted: bool,
    },
    StartsWith {
        prefixes: Vec<Xpath>,
        separator: String,
    },
    /// The text begins with the code of an agency that registers organisations.
    Registered,
    Unique,
    EvaluatesToTrue {
        what: Xpath,
    },
    IfThen {
        condition: Xpath,
        then: Xpath,
    },
    Range {
        least: Option<f64>,
        most: Option<f64>,
    },
    NoSpaces,
    NoPercent,
    Loop {
        groups: Xpath,
        rules: Vec<Rule>,
    },
}

/// What all must have, where the one thing is missing.
#[derive(Debug, Clone, Copy)]
pub(super) enum All {
    Language,
    Sector,
    Place,
    Currency,
}

/// A date that a rule is about.
#[derive(Debug)]
pub(super) enum When {
    Now,
    At(Xpath),
}

/// A rule set.
#[derive(Debug)]
pub struct Ruleset {
    pub(super) contexts: Vec<Context>,
}

impl Ruleset {
    /// Reads one.
    ///
    /// # Errors
    /// [`RulesetError`].
    pub fn read(source: impl Read) -> Result<Self, RulesetError> {
        let mut bytes = Vec::new();
        source.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > BYTES_MAX {
            return Err(RulesetError::Long);
        }
        let all: Map<String, Value> = serde_json::from_slice(&bytes)?;
        let mut left = CASES_MAX;
        let mut contexts = Vec::new();
        for (path, rules) in &all {
            let here = Here { at: format!("`{path}`") };
            let path = here.xpath(path)?;
            contexts.push(Context { path, rules: here.rules(rules, &mut left, None)? });
        }
        Ok(Self { contexts })
    }

    /// How many cases it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.contexts.iter().map(|context| context.rules.len()).sum()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Where something stands in a file.
struct Here {
    at: String,
}

type Checked<T> = Result<T, RulesetError>;

impl Here {
    fn wrong(&self, why: impl Into<String>) -> RulesetError {
        RulesetError::Rule { at: self.at.clone(), why: why.into() }
    }

    fn xpath(&self, text: &str) -> Checked<Xpath> {
        Xpath::parse(text).map_err(|error: XpathError| self.wrong(error.to_string()))
    }

    /// The rules of an element; `subs` are the keys in which `$1` stands for the group, in a loop.
    fn rules(&self, rules: &Value, left: &mut usize, subs: Option<&[&str]>) -> Checked<Vec<Rule>> {
        let rules = rules.as_object().ok_or_else(|| self.wrong("here should stand rules by their names"))?;
        let mut all = Vec::new();
        for (name, rule) in rules {
            let cases = rule.get("cases").and_then(Value::as_array);
            let cases = cases.ok_or_else(|| self.wrong(format!("`{name}` has no `cases`")))?;
            for (number, case) in cases.iter().enumerate() {
                *left = left.checked_sub(1).ok_or(RulesetError::Long)?;
                let here = Self { at: format!("{}, {name} {}", self.at, number + 1) };
                let case = case.as_object().ok_or_else(|| here.wrong("it is no object"))?;
                all.push(here.rule(name, case, left, subs)?);
            }
        }
        Ok(all)
    }

    fn rule(
        &self,
        name: &str,
        case: &Map<String, Value>,
        left: &mut usize,
        subs: Option<&[&str]>,
    ) -> Checked<Rule> {
        let case = Case { here: self, case, subs };
        let about = case.case.get("ruleInfo");
        let text = |key: &str| about.and_then(|about| about.get(key)).and_then(Value::as_str);
        let severity = match text("severity") {
            Some(said) => Severity::named(said)
                .ok_or_else(|| self.wrong(format!("the severity `{said}` is not known")))?,
            None => Severity::Error,
        };
        let kind = case.kind(name, left)?;
        Ok(Rule {
            id: text("id").map_or_else(|| self.at.clone(), str::to_owned),
            severity,
            message: text("message").map_or_else(|| said(name).to_owned(), str::to_owned),
            condition: case.perhaps("condition")?,
            paths: if case.case.contains_key("paths") { case.paths("paths")? } else { Vec::new() },
            kind,
        })
    }
}

/// A case while it is read.
struct Case<'c> {
    here: &'c Here,
    case: &'c Map<String, Value>,
    subs: Option<&'c [&'c str]>,
}

impl Case<'_> {
    fn text(&self, key: &str) -> Checked<&str> {
        let found = self.case.get(key).and_then(Value::as_str);
        found.ok_or_else(|| self.here.wrong(format!("it has no text `{key}`")))
    }

    fn number(&self, key: &str) -> Checked<Option<f64>> {
        let read = |value: &Value| match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
            _ => None,
        };
        let wrong = || self.here.wrong(format!("`{key}` is no number"));
        self.case.get(key).map(|value| read(value).ok_or_else(wrong)).transpose()
    }

    /// An expression; in a loop, `$1` stands for the group where the case says so, and for itself elsewhere.
    fn expression(&self, key: &str, text: &str) -> Checked<Xpath> {
        match self.subs {
            Some(subs) if !subs.contains(&key) => self.here.xpath(text).map(|xpath| xpath.alone()),
            _ => self.here.xpath(text),
        }
    }

    fn xpath(&self, key: &str) -> Checked<Xpath> {
        self.expression(key, self.text(key)?)
    }

    fn perhaps(&self, key: &str) -> Checked<Option<Xpath>> {
        self.case.contains_key(key).then(|| self.xpath(key)).transpose()
    }

    fn texts(&self, key: &str) -> Checked<Vec<&str>> {
        let wrong = || self.here.wrong(format!("it has no list of texts `{key}`"));
        match self.case.get(key) {
            Some(Value::Array(all)) => all.iter().map(|one| one.as_str().ok_or_else(wrong)).collect(),
            Some(Value::String(one)) => Ok(vec![one]),
            _ => Err(wrong()),
        }
    }

    fn paths(&self, key: &str) -> Checked<Vec<Xpath>> {
        let read = |text: &str| {
            let path = self.expression(key, text)?;
            if path.is_path() { Ok(path) } else { Err(self.here.wrong(format!("`{text}` is no path"))) }
        };
        self.texts(key)?.into_iter().map(read).collect()
    }

    fn when(&self, key: &str) -> Checked<When> {
        Ok(match self.text(key)? {
            "NOW" | "TODAY" => When::Now,
            text => When::At(self.expression(key, text)?),
        })
    }

    fn kind(&self, name: &str, left: &mut usize) -> Checked<Kind> {
        let needs_paths = |kind: Kind| match self.case.contains_key("paths") {
            true => Ok(kind),
            false => Err(self.here.wrong("it has no `paths`")),
        };
        match name {
            "no_more_than_one" | "noMoreThanOne" => needs_paths(Kind::NoMoreThanOne),
            "atleast_one" | "atLeastOne" => needs_paths(Kind::AtLeastOne),
            "only_one_of" | "onlyOneOf" => needs_paths(Kind::OnlyOneOf { excluded: self.paths("excluded")? }),
            "one_or_all" | "oneOrAll" => self.one_or_all(),
            "dependent" => needs_paths(Kind::Dependent),
            "sum" => self.sum(false),
            "strict_sum" | "strictSum" => self.sum(true),
            "date_order" | "dateOrder" => {
                Ok(Kind::DateOrder { less: self.when("less")?, more: self.when("more")? })
            }
            "date_now" | "dateNow" => Ok(Kind::DateNow { date: self.when("date")? }),
            "time_limit" | "timeLimit" => {
                Ok(Kind::TimeLimit { start: self.when("start")?, end: self.when("end")? })
            }
            "between_dates" | "betweenDates" => Ok(Kind::BetweenDates {
                date: self.when("date")?,
                start: self.when("start")?,
                end: self.when("end")?,
            }),
            "regex_matches" | "regexMatches" => self.regex(true).and_then(needs_paths),
            "regex_no_matches" | "regexNoMatches" => self.regex(false).and_then(needs_paths),
            "startswith" | "startsWith" => self.starts_with().and_then(needs_paths),
            "unique" => needs_paths(Kind::Unique),
            "evaluates_to_true" | "evaluatesToTrue" => {
                Ok(Kind::EvaluatesToTrue { what: self.xpath("eval")? })
            }
            "if_then" | "ifThen" => {
                Ok(Kind::IfThen { condition: self.xpath("if")?, then: self.xpath("then")? })
            }
            "range" => needs_paths(Kind::Range { least: self.number("min")?, most: self.number("max")? }),
            "no_spaces" | "noSpaces" => needs_paths(Kind::NoSpaces),
            "no_percent" | "noPercent" => needs_paths(Kind::NoPercent),
            "loop" if self.subs.is_none() => self.looped(left),
            "loop" => Err(self.here.wrong("a loop within a loop")),
            other => Err(self.here.wrong(format!("the rule `{other}` is not known"))),
        }
    }

    fn one_or_all(&self) -> Checked<Kind> {
        let all = match self.text("all")? {
            "lang" => All::Language,
            "sector" => All::Sector,
            "recipient-country|recipient-region" => All::Place,
            "currency" => All::Currency,
            other => return Err(self.here.wrong(format!("`all` of `{other}` is not known"))),
        };
        Ok(Kind::OneOrAll { one: self.xpath("one")?, all })
    }

    fn sum(&self, is_strict: bool) -> Checked<Kind> {
        let of = self.number("sum")?.ok_or_else(|| self.here.wrong("it has no `sum`"))?;
        self.texts("paths")?;
        Ok(Kind::Sum { of, is_strict })
    }

    fn regex(&self, is_wanted: bool) -> Checked<Kind> {
        let regex = regex::RegexBuilder::new(self.text("regex")?).size_limit(REGEX_BYTES_MAX).build();
        let regex = regex.map_err(|error| self.here.wrong(error.to_string()))?;
        Ok(Kind::Regex { regex, is_wanted })
    }

    fn starts_with(&self) -> Checked<Kind> {
        let key = if self.case.contains_key("prefix") { "prefix" } else { "start" };
        if self.texts(key)? == ["ORG-ID-PREFIX"] {
            return Ok(Kind::Registered);
        }
        let separator = self.case.contains_key("separator").then(|| self.text("separator")).transpose()?;
        Ok(Kind::StartsWith {
            prefixes: self.paths(key)?,
            separator: separator.unwrap_or_default().to_owned(),
        })
    }

    fn looped(&self, left: &mut usize) -> Checked<Kind> {
        let groups = self.xpath("foreach")?;
        let subs = self.texts("subs")?;
        let rules = self.case.get("do").ok_or_else(|| self.here.wrong("it has no `do`"))?;
        Ok(Kind::Loop { groups, rules: self.here.rules(rules, left, Some(&subs))? })
    }
}

/// What a rule asks, where its file has no words for it.
fn said(name: &str) -> &'static str {
    match name {
        "no_more_than_one" | "noMoreThanOne" => "There must be no more than one.",
        "atleast_one" | "atLeastOne" => "There must be at least one.",
        "only_one_of" | "onlyOneOf" => "There must be one, or none where the others are.",
        "one_or_all" | "oneOrAll" => "It must be said once for all, or for each.",
        "dependent" => "There must be all of them, or none.",
        "sum" | "strict_sum" | "strictSum" => "The sum must be right.",
        "date_order" | "dateOrder" => "The first date must not be after the second.",
        "date_now" | "dateNow" => "The date must not be in the future.",
        "time_limit" | "timeLimit" => "The time must be no longer than a year.",
        "between_dates" | "betweenDates" => "The date must be within the time.",
        "regex_matches" | "regexMatches" => "The text must be of the form.",
        "regex_no_matches" | "regexNoMatches" => "The text must not be of the form.",
        "startswith" | "startsWith" => "The text must begin with the other.",
        "unique" => "No two may be the same.",
        "if_then" | "ifThen" => "If the one holds, the other must.",
        "range" => "The number must be within its bounds.",
        "no_spaces" | "noSpaces" => "The text must not begin or end with white space.",
        "no_percent" | "noPercent" => "There must be no per cent sign.",
        _ => "It must hold.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_read_is_named_with_its_place() {
        let check = |text: &str, expected: &str| {
            let error = Ruleset::read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check("[]", "it is no JSON");
        check("{\"//a[\": {}}", "`//a[`: `//a[`, at character 5");
        check("{\"//a\": 5}", "`//a`: here should stand rules");
        check("{\"//a\": {\"sum\": {}}}", "`sum` has no `cases`");
        check("{\"//a\": {\"guess\": {\"cases\": [{}]}}}", "`//a`, guess 1: the rule `guess` is not known");
        check(
            "{\"//a\": {\"sum\": {\"cases\": [{\"sum\": 1, \"paths\": []}, {\"paths\": []}]}}}",
            "sum 2: it has no `sum`",
        );
        check("{\"//a\": {\"unique\": {\"cases\": [{\"paths\": [\"count(a)\"]}]}}}", "`count(a)` is no path");
        check("{\"//a\": {\"unique\": {\"cases\": [{}]}}}", "it has no `paths`");
        check(
            "{\"//a\": {\"regex_matches\": {\"cases\": [{\"paths\": [], \"regex\": \"(\"}]}}}",
            "regex parse error",
        );
        check(
            "{\"//a\": {\"regex_matches\": {\"cases\": [{\"paths\": [], \"regex\": \"(a{1000}){1000}\"}]}}}",
            "size limit",
        );
        check(
            "{\"//a\": {\"one_or_all\": {\"cases\": [{\"one\": \"b\", \"all\": \"c\"}]}}}",
            "`all` of `c` is not known",
        );
        check(
            "{\"//a\": {\"if_then\": {\"cases\": [{\"if\": \"b\", \"then\": \"max(b)\"}]}}}",
            "the function `max` is not read",
        );
        check(
            "{\"//a\": {\"unique\": {\"cases\": [{\"paths\": [], \"ruleInfo\": {\"severity\": \"bad\"}}]}}}",
            "severity `bad`",
        );
        let inner = "{\"loop\": {\"cases\": [{\"foreach\": \"b\", \"subs\": [], \"do\": {}}]}}";
        check(
            &format!(
                "{{\"//a\": {{\"loop\": {{\"cases\": [{{\"foreach\": \"b\", \"subs\": [], \"do\": {inner}}}]}}}}}}"
            ),
            "a loop within a loop",
        );
        let many = format!(
            "{{\"//a\": {{\"unique\": {{\"cases\": [{}]}}}}}}",
            vec!["{\"paths\":[]}"; CASES_MAX + 1].join(",")
        );
        check(&many, "more than 10000 cases");
        let long = std::io::repeat(b' ').take(BYTES_MAX + 1);
        assert!(matches!(Ruleset::read(long), Err(RulesetError::Long)));
        assert!(Ruleset::read("{}".as_bytes()).unwrap().is_empty());
    }
}
