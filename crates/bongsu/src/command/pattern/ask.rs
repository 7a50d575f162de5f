//! `bongsu pattern match`: which patterns observed data satisfies.

use super::{lines, open, plain};
use crate::answer::{Answer, table};
use crate::cli::PatternMatchArgs;
use crate::exit::{Exit, Failure};
use serde::Deserialize;
use serde_json::{Value, json};
use std::ops::ControlFlow;
use std::path::Path;
use stix::bundle::{self, Item, Limits};
use stix::pattern::matching::{Builder, CompileError, Match};
use stix::pattern::{Matcher, Observations, PatternSet, parse_either};

/// Observations that a row for people names before it only counts.
const NAMED: usize = 3;

/// A pattern and where it comes from.
struct Asked {
    /// The indicator's id, if it is one's.
    indicator: Option<String>,
    pattern: String,
}

/// Everything that is asked, and what could not be.
#[derive(Default)]
struct Questions {
    asked: Vec<Asked>,
    matchers: Vec<Matcher>,
    complaints: Vec<String>,
}

/// Asks all patterns of all observed data together.
///
/// # Errors
/// When a file can't be read, a typed pattern is none, or nothing is asked.
pub(super) fn run(args: &PatternMatchArgs) -> Result<Answer, Failure> {
    let mut questions = Questions::default();
    for pattern in &args.typed {
        let matcher = Matcher::parse(pattern).map_err(|error| {
            Failure::usage(format!("--pattern: {}", plain(&error.to_string())))
                .hint("`bongsu pattern check PATTERN` shows the place")
        })?;
        questions.add(None, pattern.clone(), Ok(matcher), "");
    }
    for path in &args.files {
        for (line, pattern) in lines(path)? {
            let matcher = Matcher::parse(&pattern);
            questions.add(None, pattern, matcher, &format!("{}, line {line}", path.display()));
        }
    }
    for path in &args.indicators {
        questions.add_indicators(path)?;
    }
    if args.typed.is_empty() && args.files.is_empty() && args.indicators.is_empty() {
        return Err(Failure::usage("nothing is asked")
            .hint("name patterns with --pattern, --patterns FILE or --indicators FILE"));
    }
    let mut builder = Builder::default();
    for path in &args.observed {
        builder.add_source(&path.display().to_string(), open(path)?);
    }
    let (observations, findings) = builder.finish();
    questions.complaints.extend(findings.iter().map(ToString::to_string));
    Ok(questions.answer(&observations))
}

impl Questions {
    fn add(
        &mut self,
        indicator: Option<String>,
        pattern: String,
        matcher: Result<Matcher, CompileError>,
        place: &str,
    ) {
        match matcher {
            Ok(matcher) => {
                self.asked.push(Asked { indicator, pattern });
                self.matchers.push(matcher);
            }
            Err(error) => self.complaints.push(format!("{place}: {error}")),
        }
    }

    fn add_indicators(&mut self, path: &Path) -> Result<(), Failure> {
        #[derive(Deserialize)]
        struct Indicator {
            #[serde(rename = "type")]
            object_type: String,
            #[serde(default)]
            id: String,
            pattern: Option<String>,
            pattern_type: Option<String>,
            #[serde(default)]
            revoked: bool,
        }
        let before = self.asked.len() + self.complaints.len();
        let outcome = bundle::read(open(path)?, &Limits::default(), |item| {
            let raw = match item {
                Item::Object { raw, .. } => raw,
                Item::Bad { finding, .. } => {
                    self.complaints.push(format!("{}: {finding}", path.display()));
                    return ControlFlow::Continue(());
                }
            };
            let Ok(indicator) = serde_json::from_str::<Indicator>(raw) else {
                return ControlFlow::Continue(());
            };
            let is_stix = indicator.pattern_type.as_deref().is_none_or(|kind| kind == "stix");
            if indicator.object_type == "indicator"
                && is_stix
                && !indicator.revoked
                && let Some(pattern) = indicator.pattern
            {
                let matcher =
                    parse_either(&pattern).map_err(CompileError::from).and_then(|tree| Matcher::new(&tree));
                let place = format!("{}: {}", path.display(), plain(&indicator.id));
                self.add(Some(indicator.id), pattern, matcher, &place);
            }
            ControlFlow::Continue(())
        });
        if let Err(error) = outcome {
            self.complaints.push(format!("{}: {error}", path.display()));
        }
        if before == self.asked.len() + self.complaints.len() {
            self.complaints.push(format!("{}: no indicator with a STIX pattern", path.display()));
        }
        Ok(())
    }

    fn answer(mut self, observations: &Observations) -> Answer {
        let set = PatternSet::new(self.matchers);
        let hits = set.matches(observations);
        self.complaints.extend(hits.findings.iter().map(ToString::to_string));
        let mut rows = Vec::new();
        let mut found = Vec::new();
        for hit in hits.hits {
            let Some(asked) = self.asked.get(hit.pattern) else { continue };
            let name = plain(asked.indicator.as_deref().unwrap_or(&asked.pattern));
            match hit.matched {
                Ok(matched) => {
                    rows.push(vec![name, named(&matched, observations)]);
                    found.push(json!({
                        "indicator": asked.indicator, "pattern": asked.pattern,
                        "observations": observed(&matched, observations),
                    }));
                }
                Err(error) => self.complaints.push(format!("{name}: {error}")),
            }
        }
        let mut text = match rows.is_empty() {
            true => String::new(),
            false => table(&["PATTERN", "SATISFIED BY"], &rows),
        };
        text.push_str(&format!(
            "{} of {} patterns match {} observations\n",
            rows.len(),
            set.len(),
            observations.len()
        ));
        for complaint in &self.complaints {
            text.push_str(&format!("finding: {}\n", plain(complaint)));
        }
        let exit = match (self.complaints.is_empty(), rows.is_empty()) {
            (false, _) => Exit::Findings,
            (true, true) => Exit::Failed,
            (true, false) => Exit::Done,
        };
        let json = json!({
            "matches": found, "patterns": set.len(), "observations": observations.len(), "findings": self.complaints,
        });
        Answer::done(json, text).ending(exit)
    }
}

/// The observations of a match, as a person reads them.
fn named(matched: &Match, observations: &Observations) -> String {
    let name = |at: &usize| {
        let id = observations.get(*at).and_then(|observation| observation.id());
        id.map_or_else(|| format!("observation {}", at + 1), plain)
    };
    let names: Vec<String> = matched.observations.iter().take(NAMED).map(name).collect();
    let more = matched.observations.len().saturating_sub(NAMED);
    match more {
        0 => names.join(", "),
        _ => format!("{} and {more} more", names.join(", ")),
    }
}

fn observed(matched: &Match, observations: &Observations) -> Vec<Value> {
    let row = |at: &usize| {
        let observation = observations.get(*at)?;
        Some(json!({
            "position": at, "id": observation.id(), "number_observed": observation.count(),
            "first_observed": observation.first().to_string(), "last_observed": observation.last().to_string(),
        }))
    };
    matched.observations.iter().filter_map(row).collect()
}
