//! Whether files by the IATI standard keep to its rules and its code lists.
//!
//! A file is gone through an activity or an organisation at a time: each is a small tree, about which [`Ruleset`]s ask and whose values
//! [`Codelists`] have. Both are read from the files of the standard, and nothing of them is built in but where each list is used.
//! What a rule needs beside the file and is not there makes it unjudged, which is told, never kept. The schema is not judged here: an engine for schemas is, beside
//! what is certain without one (what stands in the outermost element, and that something does).
//!
//! Source: IATI standard 2.03, rule sets and code lists.

mod codelist;
mod judge;
mod ruleset;
mod uses;
mod view;
mod xpath;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::io::{BufRead, Read};

use hashbrown::HashSet;
use jiff::Timestamp;
use serde::Serialize;

pub use codelist::{CodelistError, Codelists};
pub use ruleset::{Ruleset, RulesetError, Severity};
pub use xpath::XpathError;

use self::codelist::Uses;
use self::judge::{Ground, Verdict, judge};
use self::view::{Node, View};
use super::iati::{IatiError, in_utf8};
use super::tree::{Document, Next, Tree};

/// The findings of a file that are kept; others are counted.
const FINDINGS_MAX: usize = 1_000;
/// What a finding shows of the values that it is about.
const SAW_MAX: usize = 5;
/// Letters of a value that are shown.
const VALUE_LETTERS_MAX: usize = 60;
/// Nodes of one activity that are looked at, for all rules together: a second or two.
const WORK_MAX: u64 = 100_000_000;
/// Identifiers that are remembered, to find those that stand twice.
const IDENTIFIERS_MAX: usize = 5_000_000;

/// By what files are judged.
#[derive(Debug)]
pub struct Checker {
    /// The rules.
    pub rulesets: Vec<Ruleset>,
    /// The code lists.
    pub codelists: Codelists,
    /// The time at which it is judged.
    pub now: Timestamp,
}

/// Something in a file that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// In which activity or organisation, by its identifier; empty where it has none.
    pub of: String,
    /// Where that ends in the file, in bytes from its beginning, as UTF-8.
    pub at: u64,
    /// The rule: its number in the rule set or else where it stands there, the name of a code list, or what was found without
    /// either (`outermost`, `empty`, `twice`, `too-much`).
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// What should be.
    pub message: String,
    /// The element that the rule is about.
    pub path: String,
    /// What is wrong in it: up to five places with their values.
    pub saw: Vec<Saw>,
}

/// A value at a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Saw {
    /// Its path.
    pub path: String,
    /// The value, shortened.
    pub value: String,
}

/// What a file was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The version that it says it is of.
    pub version: String,
    /// How many activities it has.
    pub activities: u64,
    /// How many organisations.
    pub organisations: u64,
    /// How many findings there are, by severity and rule.
    pub counts: BTreeMap<Severity, BTreeMap<String, u64>>,
    /// The first thousand.
    pub findings: Vec<Finding>,
    /// Rules that could not be judged, and why.
    pub unjudged: BTreeMap<String, &'static str>,
    /// Why it could not be read to its end, if it couldn't.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
}

impl Checked {
    /// Whether nothing is wrong, as far as it was judged.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.counts.is_empty() && self.broken.is_none()
    }

    /// How many findings there are of a severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> u64 {
        self.counts.get(&severity).map_or(0, |rules| rules.values().sum())
    }

    fn add(&mut self, finding: Finding) {
        let counts = self.counts.entry(finding.severity).or_default();
        *counts.entry(finding.rule.clone()).or_default() += 1;
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }
}

impl Checker {
    /// Goes through a file; `each` is told after each activity or organisation. What comes before a place that can't be read is judged.
    ///
    /// # Errors
    /// [`IatiError`] where nothing can be read.
    pub fn check(&self, source: impl Read, each: &mut dyn FnMut()) -> Result<Checked, IatiError> {
        let mut document = Document::new(in_utf8(source)?);
        let (mut root, mut tree) = (Tree::default(), Tree::default());
        match document.next(&mut root)? {
            Next::Root => {}
            Next::Element | Next::End => return Err(IatiError::Empty),
        }
        let outermost = root.root().ok_or(IatiError::Empty)?;
        let mut going = Going {
            checker: self,
            uses: self.codelists.uses(),
            checked: Checked { version: outermost.attribute("version").to_owned(), ..Checked::default() },
            identifiers: HashSet::new(),
            hasher: BuildHasherDefault::default(),
        };
        let inside = match outermost.name() {
            "iati-activities" => "iati-activity",
            "iati-organisations" => "iati-organisation",
            // A single one, as examples have it: as if it stood in what it should stand in.
            name @ ("iati-activity" | "iati-organisation") => {
                let around =
                    if name == "iati-activity" { "<iati-activities/>" } else { "<iati-organisations/>" };
                let mut wrapped = Tree::default();
                Document::new(around.as_bytes()).next(&mut wrapped)?;
                match document.rest(&mut root) {
                    Ok(()) => going.take(&wrapped, &root, document.at()),
                    Err(error) => going.checked.broken = Some(error.to_string()),
                }
                each();
                return Ok(going.checked);
            }
            other => return Err(IatiError::Other(other.chars().take(60).collect())),
        };
        going.all(&mut document, &root, &mut tree, inside, each);
        Ok(going.checked)
    }
}

/// A file while it is gone through.
struct Going<'c> {
    checker: &'c Checker,
    uses: Uses<'c>,
    checked: Checked,
    /// Numbers that stand for the identifiers. Two have one number once in 10^6 files of a million.
    identifiers: HashSet<u64>,
    hasher: BuildHasherDefault<DefaultHasher>,
}

impl Going<'_> {
    fn all<R: BufRead>(
        &mut self,
        document: &mut Document<R>,
        root: &Tree,
        tree: &mut Tree,
        inside: &str,
        each: &mut dyn FnMut(),
    ) {
        loop {
            match document.next(tree) {
                Ok(Next::Element) => {}
                Ok(_) => break,
                Err(error) => {
                    self.checked.broken = Some(error.to_string());
                    return;
                }
            }
            let name = tree.name_of(0);
            if name == inside {
                self.take(root, tree, document.at());
                each();
            } else if !name.contains(':') {
                let view = View::new(root, tree);
                let finding = Finding {
                    of: String::new(),
                    at: document.at(),
                    rule: "outermost".into(),
                    severity: Severity::Error,
                    message: format!("Here stands <{inside}> alone."),
                    path: view.location(view.top()),
                    saw: Vec::new(),
                };
                self.checked.add(finding);
            }
        }
        if self.checked.activities + self.checked.organisations == 0 {
            let finding = Finding {
                of: String::new(),
                at: document.at(),
                rule: "empty".into(),
                severity: Severity::Error,
                message: format!("There must be an <{inside}>."),
                path: format!("/{}", root.name_of(0)),
                saw: Vec::new(),
            };
            self.checked.add(finding);
        }
    }

    /// Judges one activity or organisation.
    fn take(&mut self, root: &Tree, tree: &Tree, at: u64) {
        let view = View::new(root, tree);
        let Some(element) = tree.root() else { return };
        let (count, names): (_, &[&str]) = match element.name() {
            "iati-activity" => (&mut self.checked.activities, &["iati-identifier"]),
            // Version 1 called it as an activity's.
            _ => (&mut self.checked.organisations, &["organisation-identifier", "iati-identifier"]),
        };
        *count += 1;
        let identifier = names.iter().find_map(|name| element.child(name)).map_or("", |found| found.text());
        let about = About { view, of: identifier, at };
        self.once(&about);
        let left = Cell::new(WORK_MAX);
        let ground = Ground { now: self.checker.now, codelists: &self.checker.codelists };
        for ruleset in &self.checker.rulesets {
            for context in &ruleset.contexts {
                let look = xpath::Look { view, group: None, left: &left };
                let nodes = match look.nodes(&context.path, Node::DOCUMENT) {
                    Ok(nodes) => nodes,
                    Err(xpath::TooMuch) => return self.too_much(&about),
                };
                // What is about the outermost element is about all of the file, of which one activity is here.
                for node in nodes.into_iter().filter(|node| *node >= view.top()) {
                    for rule in &context.rules {
                        let checked = &mut self.checked;
                        let judged =
                            judge(rule, node, view, &left, &ground, &mut |rule, verdict| match verdict {
                                Verdict::Kept => {}
                                Verdict::Broken(nodes) => {
                                    let said = (rule.id.clone(), rule.severity, rule.message.clone());
                                    checked.add(about.finding(said, node, &nodes));
                                }
                                Verdict::Unjudged(why) => {
                                    checked.unjudged.insert(rule.id.clone(), why);
                                }
                            });
                        if judged.is_err() {
                            return self.too_much(&about);
                        }
                    }
                }
            }
        }
        let (uses, checked) = (&self.uses, &mut self.checked);
        uses.unlisted(view, view.top(), |unlisted| {
            let said = (
                unlisted.list.to_owned(),
                unlisted.severity,
                format!("The value must be on the code list {}.", unlisted.list),
            );
            let element = view.parent(unlisted.at).unwrap_or(unlisted.at);
            checked.add(about.finding(said, element, &[unlisted.at]));
        });
    }

    /// Whether its identifier stood there before.
    fn once(&mut self, about: &About<'_>) {
        if about.of.is_empty() || self.identifiers.len() >= IDENTIFIERS_MAX {
            return;
        }
        if !self.identifiers.insert(self.hasher.hash_one(about.of)) {
            let said = ("twice".into(), Severity::Error, "An identifier stands for one in a file.".into());
            self.checked.add(about.finding(said, about.view.top(), &[]));
        }
    }

    fn too_much(&mut self, about: &About<'_>) {
        let message = format!("It is too much to be judged: its rules look at more than {WORK_MAX} places.");
        let said = ("too-much".into(), Severity::Error, message);
        self.checked.add(about.finding(said, about.view.top(), &[]));
    }
}

/// The activity or organisation that is judged.
struct About<'a> {
    view: View<'a>,
    of: &'a str,
    at: u64,
}

impl About<'_> {
    fn finding(
        &self,
        (rule, severity, message): (String, Severity, String),
        at: Node,
        nodes: &[Node],
    ) -> Finding {
        let saw = nodes.iter().take(SAW_MAX).map(|node| {
            let text = self.view.string(*node);
            let mut value: String = text.trim().chars().take(VALUE_LETTERS_MAX).collect();
            if value.len() < text.trim().len() {
                value.push('…');
            }
            Saw { path: self.view.location(*node), value }
        });
        Finding {
            of: self.of.to_owned(),
            at: self.at,
            rule,
            severity,
            message,
            path: self.view.location(at),
            saw: saw.collect(),
        }
    }
}
