//! Rules that partners wrote, passed on whole: indicators whose pattern is in YARA, Sigma, or a signature language.
//!
//! A member gets those that were released to it, with who wrote them as far as it may know, their mark, their circle and the terms
//! that their author states (STIX statement markings), as comments. One that would break the file for the others is held, and why
//! is said; that it compiles is for the sensor to say. A rule that ends, is withdrawn or revoked is out at once.
//!
//! Source: STIX 2.1, sections 4.7 and 10.19 (pattern types).

mod follow;
pub mod patterns;
pub mod sigma;
pub mod signature;
pub mod yara;
mod yara_grammar;
mod yara_literals;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use policy::{CircleId, Level, MemberId, Released};
use serde::Deserialize;
use stix::{ObjectId, Tlp};

use crate::artefact::{Artefact, HeldRule};
use crate::gather::{Asked, Deliver, DeliverError};
pub(crate) use follow::RuleViews;
use follow::{Rule, each_of};

/// Longest comment, in characters: a name, or what terms say.
const COMMENT_CHARS_MAX: usize = 500;

/// A language in which partners write rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// YARA.
    Yara,
    /// Sigma.
    Sigma,
    /// Suricata.
    Suricata,
    /// Snort.
    Snort,
}

impl Language {
    /// The language of a pattern type (STIX 2.1, 10.19).
    #[must_use]
    pub fn of(pattern_type: &str) -> Option<Self> {
        match pattern_type {
            "yara" => Some(Self::Yara),
            "sigma" => Some(Self::Sigma),
            "suricata" => Some(Self::Suricata),
            "snort" => Some(Self::Snort),
            _ => None,
        }
    }

    const fn file_name(self) -> &'static str {
        match self {
            Self::Yara => "yara.yar",
            Self::Sigma => "shared.sigma.yml",
            Self::Suricata => "shared-suricata.rules",
            Self::Snort => "shared-snort.rules",
        }
    }

    const fn comment(self) -> &'static str {
        if matches!(self, Self::Yara) { "//" } else { "#" }
    }
}

/// A file of rules, while it is put together.
struct File {
    language: Language,
    text: String,
    count: usize,
    tlp: Tlp,
    /// Names and numbers that are taken.
    names: BTreeSet<String>,
    /// The number that the next of each name is given.
    numbers: BTreeMap<String, u32>,
    sids: BTreeSet<u32>,
    texts: BTreeSet<String>,
}

impl File {
    fn new(language: Language) -> Self {
        let (names, numbers, sids, texts) = Default::default();
        Self { language, text: String::new(), count: 0, tlp: Tlp::Clear, names, numbers, sids, texts }
    }

    /// Adds a rule behind its comments, or says why not.
    fn add(&mut self, rule: &str, comments: &str, tlp: Tlp) -> Result<(), String> {
        let rule = rule.trim();
        if rule.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return Err("there is a control character in it".to_owned());
        }
        if self.texts.contains(rule) {
            return Err("the same rule is there already".to_owned());
        }
        let text = match self.language {
            Language::Yara => self.yara(rule)?,
            Language::Sigma => {
                // Each begins a document of its own. What is read is what goes, so without the mark of its own.
                let rule = rule.strip_prefix("---").unwrap_or(rule).trim_start_matches(['\r', '\n']);
                sigma::read(rule)?;
                self.text.push_str("---\n");
                rule.to_owned()
            }
            Language::Suricata | Language::Snort => {
                let sids = signature::read(rule)?;
                if let Some(taken) = sids.iter().find(|sid| self.sids.contains(sid)) {
                    return Err(format!("another rule has the sid {taken}"));
                }
                self.sids.extend(sids);
                rule.to_owned()
            }
        };
        self.texts.insert(rule.to_owned());
        self.text.push_str(&format!("{comments}{text}\n\n"));
        self.count += 1;
        self.tlp = self.tlp.max(tlp);
        Ok(())
    }

    /// A text of YARA rules, those whose names are taken under others.
    fn yara(&mut self, text: &str) -> Result<String, String> {
        let rules = yara::Yara::read(text)?;
        let own: BTreeSet<&str> = rules.names.iter().copied().collect();
        let mut others = BTreeMap::new();
        for name in own.iter().filter(|name| self.names.contains(**name)) {
            let next = self.numbers.entry((*name).to_owned()).or_insert(2);
            let mut numbered = (*next..).map(|number| (number, format!("{name}_{number}")));
            let free =
                numbered.find(|(_, other)| !self.names.contains(other) && !own.contains(other.as_str()));
            if let Some((number, free)) = free {
                *next = number + 1;
                others.insert(*name, free);
            }
        }
        let text = rules.renamed(&others);
        self.names
            .extend(own.iter().map(|name| others.get(name).cloned().unwrap_or_else(|| (*name).to_owned())));
        Ok(text)
    }
}

impl Deliver {
    /// The rules in a language that partners have shared with the member.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn shared_rules(
        &self,
        member: MemberId,
        language: Language,
        encrypted: bool,
    ) -> Result<Artefact, DeliverError> {
        let (rules, asked) = self.rules(member, encrypted)?;
        let in_force = |rule: &&Released<_>| -> bool {
            let rule: &Arc<Rule> = rule.get();
            rule.language == language && rule.stated.is_in_force(asked.now)
        };
        let rules: Vec<_> = rules.values().filter(in_force).collect();
        let said = Said::of(&asked, rules.iter().map(|rule| &**rule.get()))?;
        let judge = Arc::clone(&self.gather(member, Level::Detect, encrypted)?.view.judge);
        let (mut file, mut held) = (File::new(language), Vec::new());
        for released in rules {
            let (rule, tlp) = (released.get(), released.tlp());
            let comments = said.comments(&asked, rule, tlp, language.comment());
            let least = asked.profile.confidence_min;
            let limited = self.limited(rule.circle, &rule.object, rule.added)?;
            let handle = asked.book.circle(rule.circle).map_or("", |circle| &circle.handle);
            let stop = limited.and_then(|limited| judge.stop_of(&limited, handle));
            let added = match &rule.text {
                _ if stop.is_some() => Err(stop.map(|hold| hold.to_string()).unwrap_or_default()),
                Err(over) => Err(format!("its text is {over} bytes too long")),
                Ok(_) if rule.stated.confidence.is_some_and(|confidence| confidence < least) => {
                    Err(format!("its confidence is below the member's threshold, {least}"))
                }
                Ok(text) => file.add(text, &comments, tlp),
            };
            if let Err(why) = added {
                held.push(HeldRule { object: rule.object.to_string(), name: rule.stated.name.clone(), why });
            }
        }
        let comment = language.comment();
        let head = format!(
            "{comment} {}\n{comment} {}: rules that partners have shared, {} of them; {} held back\n\n",
            file.tlp,
            self.title,
            file.count,
            held.len()
        );
        let content_type = match language {
            Language::Sigma => "application/yaml; charset=utf-8",
            _ => "text/plain; charset=utf-8",
        };
        Ok(Artefact::new(content_type, language.file_name(), head + &file.text, file.count).holding(held))
    }
}

/// What other objects say of rules: who wrote them, and on which terms.
#[derive(Default)]
struct Said(HashMap<(CircleId, ObjectId), String>);

#[derive(Deserialize)]
struct Named {
    name: Option<String>,
    definition: Option<Definition>,
}

#[derive(Deserialize)]
struct Definition {
    statement: Option<String>,
}

impl Said {
    /// Asks each circle for what its rules refer to, as far as the member may see it.
    fn of<'r>(asked: &Asked, rules: impl Iterator<Item = &'r Rule>) -> Result<Self, DeliverError> {
        let mut wanted: HashMap<CircleId, BTreeSet<&ObjectId>> = HashMap::new();
        for rule in rules {
            wanted.entry(rule.circle).or_default().extend(rule.created_by.iter().chain(&rule.markings));
        }
        let mut said = Self::default();
        for reader in &asked.readers {
            let circle = reader.request().circle;
            let ids = wanted.remove(&circle).unwrap_or_default();
            for (object_type, is_name) in [("identity", true), ("marking-definition", false)] {
                let of_type = ids.iter().filter(|id| id.object_type() == object_type);
                let of_type: Vec<ObjectId> = of_type.map(|id| (*id).clone()).collect();
                for some in of_type.chunks(1_000) {
                    each_of(reader, some, object_type, &mut |object| {
                        let object = object.into_inner();
                        let Ok(read) = serde_json::from_str::<Named>(&object.raw) else { return };
                        let statement = read.definition.and_then(|definition| definition.statement);
                        let text = if is_name { read.name } else { statement };
                        said.0.extend(text.map(|text| ((circle, object.id), text)));
                    })?;
                }
            }
        }
        Ok(said)
    }

    fn comments(&self, asked: &Asked, rule: &Rule, tlp: Tlp, comment: &str) -> String {
        let said = |id: &ObjectId| self.0.get(&(rule.circle, id.clone())).map(|text| one_line(text));
        let handle = asked.book.circle(rule.circle).map_or_else(String::new, |circle| circle.handle.clone());
        let by =
            rule.created_by.as_ref().and_then(said).map_or_else(String::new, |name| format!(", by {name}"));
        let mut lines = format!("{comment} {tlp}, circle {handle}, {}{by}\n", rule.object);
        if let Some(name) = &rule.stated.name {
            lines.push_str(&format!("{comment} {}\n", one_line(name)));
        }
        for terms in rule.markings.iter().filter_map(said) {
            lines.push_str(&format!("{comment} Terms: {terms}\n"));
        }
        lines
    }
}

/// A text that stays in its comment: on one line, without what an escape could do on a terminal, or what no reader of YAML takes.
fn one_line(text: &str) -> String {
    let breaks = ['\u{2028}', '\u{2029}', '\u{feff}', '\u{fffe}', '\u{ffff}'];
    let plain = |c: char| if c.is_control() || breaks.contains(&c) { ' ' } else { c };
    let line: String = text.chars().map(plain).take(COMMENT_CHARS_MAX).collect();
    // A backslash at the end would join the next line to a signature's comment.
    line.trim().trim_end_matches('\\').to_owned()
}
