//! An advisory as blocks of text in its language: what all its forms have in common.
//!
//! A form decides how a block looks, and never what it says. Blocks hold text, no markup: each form escapes it as it must.

use stix::Tlp;

use super::content::{Action, Advisory, Signature, Why};
use crate::fires::Burning;
use crate::speech::{Put, Speech};

/// A part of an advisory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Block {
    /// A heading, with the name by which a link finds it.
    Heading(&'static str, String),
    /// What comes under a heading.
    Subheading(String),
    /// A paragraph.
    Text(String),
    /// What is said beside.
    Soft(String),
    /// Items without an order.
    Bullets(Vec<String>),
    /// What to do, one after the other.
    Steps(Vec<Step>),
    /// A table: a caption, a head and rows. The column in the middle has values.
    Table(Table),
    /// An address to open, with what it is.
    Link(String, String),
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) parts: Vec<String>,
}

/// A table whose second column has values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) head: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

/// The column that has values.
pub(crate) const VALUES: usize = 1;

/// An advisory in its language.
pub(crate) struct Page {
    pub(crate) speech: &'static Speech,
    pub(crate) tlp: Tlp,
    /// What may be done with it.
    pub(crate) handling: String,
    pub(crate) heading: String,
    /// Who says it, when, to whom.
    pub(crate) dateline: String,
    pub(crate) date: String,
    pub(crate) blocks: Vec<Block>,
}

impl Page {
    pub(crate) fn of(advisory: &Advisory) -> Self {
        let speech = advisory.language.speech();
        let put = [
            ("node", Put::Text(&advisory.node)),
            ("date", Put::Text(&advisory.date)),
            ("member", Put::Text(&advisory.member)),
        ];
        let mut blocks = Vec::new();
        alert(speech, advisory, &mut blocks);
        happened(speech, advisory, &mut blocks);
        to_do(speech, advisory, &mut blocks);
        to_report(speech, advisory, &mut blocks);
        to_look_for(speech, advisory, &mut blocks);
        no_longer(speech, advisory, &mut blocks);
        newest(speech, advisory, &mut blocks);
        Self {
            speech,
            tlp: advisory.tlp,
            handling: speech.say(handling(advisory.tlp)),
            heading: speech.say("heading"),
            dateline: speech.tell("dateline", &put),
            date: advisory.date.clone(),
            blocks,
        }
    }
}

impl Page {
    /// What a code to scan is, for who does not see it.
    pub(crate) fn code_alt(&self, url: &str) -> String {
        self.speech.tell("code-alt", &[("url", Put::Text(url))])
    }
}

/// The message that says what may be done with what is marked so. Source: FIRST, TLP 2.0, "Definitions".
pub(crate) const fn handling(tlp: Tlp) -> &'static str {
    match tlp {
        Tlp::Clear => "tlp-clear",
        Tlp::Green => "tlp-green",
        Tlp::Amber => "tlp-amber",
        Tlp::AmberStrict => "tlp-amber-strict",
        Tlp::Red => "tlp-red",
    }
}

fn heading(speech: &Speech, id: &'static str, blocks: &mut Vec<Block>) {
    blocks.push(Block::Heading(id, speech.say(id)));
}

fn alert(speech: &Speech, advisory: &Advisory, blocks: &mut Vec<Block>) {
    if advisory.fires.is_empty() {
        return;
    }
    heading(speech, "alert", blocks);
    let line = |burning: &Burning| burning.told(speech);
    blocks.push(Block::Bullets(advisory.fires.iter().map(line).collect()));
}

fn happened(speech: &Speech, advisory: &Advisory, blocks: &mut Vec<Block>) {
    heading(speech, "happened", blocks);
    if advisory.happened.is_empty() {
        blocks.push(Block::Text(speech.say("nothing-told")));
    }
    for told in &advisory.happened {
        blocks.push(Block::Subheading(format!("{}: {}", speech.say(told.kind), told.name)));
        if !told.names.is_empty() {
            let names = told.names.join(", ");
            blocks.push(Block::Soft(speech.tell("also-known", &[("names", Put::Text(&names))])));
        }
        if !told.text.is_empty() {
            blocks.push(Block::Text(told.text.clone()));
        }
        if let Some(signature) = &told.signature {
            blocks.push(Block::Soft(signed(speech, signature)));
        }
    }
    if advisory.more_happened > 0 {
        blocks.push(Block::Soft(speech.count("more-told", advisory.more_happened)));
    }
    heading(speech, "concerned", blocks);
    blocks.push(match advisory.concerned.is_empty() {
        true => Block::Text(speech.say("concerned-unknown")),
        false => Block::Bullets(advisory.concerned.clone()),
    });
}

fn signed(speech: &Speech, signature: &Signature) -> String {
    match signature {
        Signature::By(name) => speech.tell("signed-by", &[("name", Put::Text(name))]),
        Signature::ByMember => speech.say("signed-by-member"),
        Signature::Unproven => speech.say("signed-unproven"),
    }
}

fn to_do(speech: &Speech, advisory: &Advisory, blocks: &mut Vec<Block>) {
    heading(speech, "today", blocks);
    let step = |title: &str, text: &str| Step {
        title: speech.say(title),
        text: speech.say(text),
        parts: Vec::new(),
    };
    let mut steps = Vec::new();
    if !advisory.values.is_empty() {
        steps.extend([step("hand-on", "hand-on-text"), step("look", "look-text")]);
    }
    if !advisory.gone.is_empty() {
        steps.push(step("stop", "stop-text"));
    }
    steps.push(step("keep-first", "keep-first-text"));
    steps.extend(advisory.actions.iter().map(|action| recommended(speech, action)));
    blocks.push(Block::Steps(steps));
}

fn recommended(speech: &Speech, action: &Action) -> Step {
    let meets = (action.meets > 0).then(|| speech.count("meets", action.meets));
    let said = [Some(action.text.clone()), meets].into_iter().flatten().filter(|text| !text.is_empty());
    let parts = action.parts.iter().map(|part| match (part.needs_tool, part.text.as_str()) {
        (true, "") => speech.say("for-it-alone"),
        (true, what) => speech.tell("for-it", &[("what", Put::Text(what))]),
        (false, what) => what.to_owned(),
    });
    Step { title: action.name.clone(), text: said.collect::<Vec<_>>().join(" "), parts: parts.collect() }
}

fn to_report(speech: &Speech, advisory: &Advisory, blocks: &mut Vec<Block>) {
    heading(speech, "keep", blocks);
    let what = ["keep-which", "keep-when", "keep-nothing"];
    blocks.push(Block::Bullets(what.map(|id| speech.say(id)).to_vec()));
    if let Some(answer) = &advisory.answer {
        let text = speech.tell("answer-here", &[("until", Put::Text(&answer.until))]);
        blocks.push(Block::Link(text, answer.url.clone()));
    }
    match &advisory.reply_to {
        Some(address) => {
            blocks.push(Block::Text(speech.tell("answer-to", &[("address", Put::Text(address))])));
        }
        None if advisory.answer.is_none() => blocks.push(Block::Text(speech.say("answer-sender"))),
        None => {}
    }
    heading(speech, "call", blocks);
    let contacts = advisory.contacts.iter().map(|other| format!("{}: {}", other.name, other.contact));
    blocks.push(match advisory.contacts.is_empty() {
        true => Block::Text(speech.say("no-contact")),
        false => Block::Bullets(contacts.collect()),
    });
}

fn to_look_for(speech: &Speech, advisory: &Advisory, blocks: &mut Vec<Block>) {
    heading(speech, "values", blocks);
    if advisory.values.is_empty() {
        return blocks.push(Block::Text(speech.say("no-values")));
    }
    let counts = advisory.counts.iter().map(|(group, count)| speech.count(group.several(), *count));
    blocks.push(Block::Text(counts.collect::<Vec<_>>().join(" · ")));
    blocks.push(Block::Soft(speech.say("values-text")));
    let head = ["column-kind", "column-value", "column-name", "column-since"];
    let row = |row: &super::content::Row| {
        vec![speech.say(row.group.one()), row.value.clone(), row.name.clone(), row.since.clone()]
    };
    blocks.push(Block::Table(Table {
        head: head.map(|id| speech.say(id)).to_vec(),
        rows: advisory.values.iter().map(row).collect(),
    }));
    if advisory.more_values > 0 {
        blocks.push(Block::Soft(speech.count("more-values", advisory.more_values)));
    }
}

fn no_longer(speech: &Speech, advisory: &Advisory, blocks: &mut Vec<Block>) {
    if advisory.gone.is_empty() {
        return;
    }
    heading(speech, "gone", blocks);
    blocks.push(Block::Text(speech.say("gone-text")));
    let head = ["column-kind", "column-value", "column-why", "column-until"];
    let row = |gone: &super::content::Gone| {
        let why = match gone.why {
            Why::Withdrawn => "gone-withdrawn",
            Why::Expired => "gone-expired",
        };
        vec![speech.say(gone.group.one()), gone.value.clone(), speech.say(why), gone.at.date()]
    };
    blocks.push(Block::Table(Table {
        head: head.map(|id| speech.say(id)).to_vec(),
        rows: advisory.gone.iter().map(row).collect(),
    }));
}

fn newest(speech: &Speech, advisory: &Advisory, blocks: &mut Vec<Block>) {
    heading(speech, "page", blocks);
    blocks.push(match &advisory.page {
        Some(url) => Block::Link(speech.say("page-here"), url.clone()),
        None => Block::Text(speech.say("page-nowhere")),
    });
}
