//! The targets of the sustainable development goals that security in networks serves.
//!
//! The wording is our own, short; the numbers are the United Nations'. An activity says them as tags of vocabulary 3; a tag of
//! vocabulary 2 says a goal only, which says too little here.
//!
//! Source: United Nations, A/RES/71/313, annex; IATI code list `TagVocabulary`.

use serde::Serialize;

use super::activity::Activity;

/// A target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Target {
    /// Its number.
    pub code: &'static str,
    /// What it is about, in our words.
    pub about: &'static str,
}

/// The targets that count here, by number.
pub const TARGETS: [Target; 9] = [
    Target { code: "4.4", about: "skills for work, also technical ones" },
    Target { code: "9.1", about: "reliable and resilient infrastructure" },
    Target { code: "9.c", about: "access to information and communication technology" },
    Target { code: "16.4", about: "less illicit money, assets found and given back, organised crime fought" },
    Target { code: "16.6", about: "institutions that work and answer for it" },
    Target {
        code: "16.a",
        about: "institutions that prevent violence, terrorism and crime, built with others",
    },
    Target { code: "17.6", about: "cooperation in science, technology and what is known" },
    Target { code: "17.8", about: "capacity in technology, above all information technology" },
    Target { code: "17.9", about: "capacity building that countries' own plans steer" },
];

/// The target of a number.
#[must_use]
pub fn target(code: &str) -> Option<Target> {
    TARGETS.into_iter().find(|target| target.code.eq_ignore_ascii_case(code.trim()))
}

/// The targets that an activity says it serves, among those that count here.
pub fn targets(activity: &Activity) -> impl Iterator<Item = Target> + '_ {
    activity.tags.iter().filter(|tag| tag.vocabulary == "3").filter_map(|tag| target(&tag.code))
}
