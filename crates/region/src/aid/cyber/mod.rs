//! Which activities are about cyber security, and why that is said.
//!
//! No code of the standard means cyber security: the purpose codes of the DAC that hold it (22040, information and communication
//! technology; 15210, security system management; …) hold much else, and there is no policy marker for it. So words decide, and codes
//! only support them. The rules, each of which says its reasons:
//!
//! 1. a [strong](Weight::Strong) word in a title, or in the name of a sector or a tag: *sure*;
//! 2. strong words in other texts, twice or more, or once beside a [code](SUPPORTING) that supports it: *sure*;
//! 3. one strong word in other texts: *possible*;
//! 4. a [weak](Weight::Weak) word beside a code that supports it: *possible*;
//! 5. nothing else is.
//!
//! Words that only look like it (a cyber café, a cyber university) are taken out first. How often the rules are wrong, measured on
//! activities that people looked at, is in docs/aid.md.
//!
//! Source: OECD DAC purpose codes; UN SDG targets; REQUIREMENTS C-4.

mod terms;
mod words;

use std::sync::LazyLock;

use serde::Serialize;

pub use terms::{TERMS, Term, Weight};
pub use words::{Finder, folded};

use super::activity::{Activity, Text};
use super::sdg;

/// Purpose codes of the DAC that support a word, with what they are.
pub const SUPPORTING: &[(&str, &str)] = &[
    ("22010", "communications policy and administrative management"),
    ("22011", "communications policy, planning and administration"),
    ("22012", "postal services"),
    ("22013", "information services"),
    ("22020", "telecommunications"),
    ("22040", "information and communication technology"),
    ("15110", "public sector policy and administrative management"),
    ("15130", "legal and judicial development"),
    ("15131", "justice, law and order policy"),
    ("15132", "police"),
    ("15210", "security system management and reform"),
    ("15113", "anti-corruption organisations and institutions"),
    ("24010", "financial policy and administrative management"),
    ("43082", "research and scientific institutions"),
];

/// The most reasons that are kept of one activity.
const REASONS_MAX: usize = 20;

/// How sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// It may be about cyber security: somebody should look.
    Possible,
    /// It is about cyber security.
    Sure,
}

impl Certainty {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Sure => "sure",
        }
    }
}

/// Why something is said to be about cyber security.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Where it stands: `title`, `description`, `result`, `indicator`, `sector`, `tag`.
    pub place: &'static str,
    /// What stands there: a word as it is found, or a code.
    pub found: String,
    /// The language of the word's rule, or what the code means.
    pub rule: String,
}

/// An activity that is about cyber security, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// How sure.
    pub certainty: Certainty,
    /// Why; the first twenty.
    pub reasons: Vec<Reason>,
}

static FINDER: LazyLock<Option<Finder<(Weight, &'static str)>>> =
    LazyLock::new(|| Finder::new(TERMS.iter().map(|(weight, language, term)| (*term, (*weight, *language)))));

/// Says whether an activity is about cyber security.
#[must_use]
pub fn find(activity: &Activity) -> Option<Found> {
    let finder = FINDER.as_ref()?;
    let mut words = Words::default();
    for (place, text) in texts(activity) {
        words.look(finder, place, &text.text);
    }
    let codes = supporting(activity);
    let is_supported = !codes.is_empty();
    let certainty = if words.named > 0 || words.strong > 1 || words.strong == 1 && is_supported {
        Certainty::Sure
    } else if words.strong == 1 || !words.weak.is_empty() && is_supported {
        Certainty::Possible
    } else {
        return None;
    };
    let mut reasons = words.reasons;
    reasons.extend(words.weak);
    reasons.extend(codes);
    reasons.truncate(REASONS_MAX);
    Some(Found { certainty, reasons })
}

/// All texts of an activity in which words are looked for, with where they stand.
fn texts(activity: &Activity) -> impl Iterator<Item = (&'static str, &Text)> {
    let results = activity.results.iter().flat_map(|result| {
        let indicators = result.indicators.iter().flat_map(|indicator| at("indicator", &indicator.title));
        at("result", &result.title).chain(indicators)
    });
    at("title", &activity.title)
        .chain(at("description", &activity.description))
        .chain(results)
        .chain(activity.sectors.iter().flat_map(|sector| at("sector", &sector.names)))
        .chain(activity.tags.iter().flat_map(|tag| at("tag", &tag.names)))
}

fn at<'t>(place: &'static str, texts: &'t [Text]) -> impl Iterator<Item = (&'static str, &'t Text)> {
    texts.iter().map(move |text| (place, text))
}

/// The words that were found.
#[derive(Default)]
struct Words {
    /// Strong ones where things are named.
    named: usize,
    /// All strong ones.
    strong: usize,
    reasons: Vec<Reason>,
    weak: Vec<Reason>,
}

impl Words {
    fn look(&mut self, finder: &Finder<(Weight, &'static str)>, place: &'static str, text: &str) {
        let text = folded(text);
        for ((weight, language), found) in finder.find(&text) {
            let reason = Reason { place, found, rule: (*language).to_owned() };
            match weight {
                Weight::Never => {}
                Weight::Strong => {
                    self.strong += 1;
                    self.named += usize::from(matches!(place, "title" | "sector" | "tag"));
                    keep(&mut self.reasons, reason);
                }
                Weight::Weak => keep(&mut self.weak, reason),
            }
        }
    }
}

fn keep(reasons: &mut Vec<Reason>, reason: Reason) {
    if reasons.len() < REASONS_MAX && !reasons.contains(&reason) {
        reasons.push(reason);
    }
}

/// The codes of an activity that support a word.
fn supporting(activity: &Activity) -> Vec<Reason> {
    let meaning =
        |code: &str| SUPPORTING.iter().find(|(known, _)| *known == code).map(|(_, meaning)| *meaning);
    let sectors = activity.sectors.iter().filter(|share| share.vocabulary == "1").filter_map(|share| {
        Some(Reason { place: "sector", found: share.code.clone(), rule: meaning(&share.code)?.to_owned() })
    });
    let targets = sdg::targets(activity).map(|target| Reason {
        place: "tag",
        found: target.code.to_owned(),
        rule: target.about.to_owned(),
    });
    let mut reasons = Vec::new();
    sectors.chain(targets).for_each(|reason| keep(&mut reasons, reason));
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aid::activity::Share;

    fn activity(title: &str, description: &str, codes: &[&str]) -> Activity {
        let text = |text: &str| vec![Text { language: None, text: text.to_owned() }];
        let share = |code: &&str| Share {
            vocabulary: "1".into(),
            code: (*code).to_owned(),
            percentage: None,
            names: Vec::new(),
        };
        Activity {
            title: text(title),
            description: text(description),
            sectors: codes.iter().map(share).collect(),
            ..Activity::default()
        }
    }

    #[test]
    fn each_rule_says_why() {
        let check = |title: &str, description: &str, codes: &[&str], expected: Option<(Certainty, &str)>| {
            let found = find(&activity(title, description, codes));
            let told = found.as_ref().map(|found| (found.certainty, found.reasons[0].found.as_str()));
            assert_eq!(told, expected, "{title} {description}");
        };
        check("Renforcement de la cyber-sécurité", "", &[], Some((Certainty::Sure, "cyber")));
        check("Rural roads", "The ministry's malware, and phishing", &[], Some((Certainty::Sure, "malware")));
        check("E-government", "With a CSIRT", &["22040"], Some((Certainty::Sure, "csirt")));
        check("E-government", "With a CSIRT", &["11110"], Some((Certainty::Possible, "csirt")));
        check("Data protection law", "", &["15130"], Some((Certainty::Possible, "data protection")));
        check("Data protection law", "", &["11110"], None);
        check("ICT for schools", "Computers and a cyber café", &["22040"], None);
        check("Food security information systems", "Network of security officers", &["22040"], None);
        check("베트남 사이버보안센터 구축", "", &[], Some((Certainty::Sure, "사이버")));
        check("사이버대학 설립", "", &["22040"], None);
        check("サイバーセキュリティ人材育成", "", &[], Some((Certainty::Sure, "サイバー")));
    }

    #[test]
    fn every_term_is_found_as_it_is_written() {
        for (weight, language, term) in TERMS {
            let written = term.replace('*', "");
            let text = folded(&written);
            let finder = FINDER.as_ref().unwrap();
            let found = finder.find(&text).next();
            let is_it = found.as_ref().is_some_and(|((said, _), _)| said == weight);
            assert!(is_it, "{language} {term}: {found:?}");
        }
    }
}
