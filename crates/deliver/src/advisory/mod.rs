//! The advisory: what happened, who is concerned, what to do today, what to report back, whom to call.
//!
//! For people without special tools, in their language. Made of structured content: groups, campaigns and reports say what
//! happened, courses of action what to do, guarded indicators what to look for. The TLP label stands at the top and at the
//! foot, in the colours that FIRST prescribes (TLP 2.0, "Usage").

mod story;
mod words;

use askama::Template;
use policy::{Level, MemberId};
use stix::Tlp;
use watch::defang;

use crate::artefact::Artefact;
use crate::entry::Entry;
use crate::gather::{Deliver, DeliverError, Gathered};
use story::{Actor, Step, Story};
use words::Words;

/// Most values in the table; the rest is counted.
const VALUES_MAX: usize = 300;

#[derive(Template)]
#[template(path = "advisory.html")]
struct Page<'a> {
    words: &'a Words,
    tlp: String,
    tlp_class: &'static str,
    title: &'a str,
    member: &'a str,
    date: String,
    actors: &'a [Actor],
    more_actors: usize,
    concerned: Vec<String>,
    steps: &'a [Step],
    counts: Vec<(String, usize)>,
    values: Vec<Row>,
    more_values: usize,
    contacts: Vec<Contact>,
}

struct Row {
    kind: &'static str,
    value: String,
    name: String,
    since: String,
}

struct Contact {
    name: String,
    contact: String,
}

impl Deliver {
    /// The member's advisory as an HTML page, in its language where there is one, else in English.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn advisory(&self, member: MemberId, encrypted: bool) -> Result<Artefact, DeliverError> {
        let book = self.gate.book();
        let profile = self.offered(&book, member, Level::Read)?;
        let gathered = self.gather(member, Level::Read, encrypted)?;
        let now = (self.now)();
        let readers = self.gate.readers(member, Level::Read, encrypted, now);
        let words = words::of(&profile.language);
        let story = Story::of(&readers)?;
        let circles = readers.iter().map(|reader| reader.request().circle);
        let known = circles.flat_map(|circle| book.visible_members(member, circle));
        let mut contacts: Vec<Contact> = known
            .filter(|other| other.id != member)
            .filter_map(|other| Some(Contact { name: other.name.clone(), contact: other.contact.clone()? }))
            .collect();
        contacts.sort_by(|a, b| a.name.cmp(&b.name));
        contacts.dedup_by(|a, b| a.name == b.name);
        let tlp = gathered.tlp().max(story.tlp);
        let rows = rows(&gathered);
        let page = Page {
            words,
            tlp: tlp.to_string(),
            tlp_class: class_of(tlp),
            title: &self.title,
            member: &profile.name,
            date: now.date(),
            more_actors: story.more_actors,
            actors: &story.actors,
            concerned: story.concerned,
            steps: &story.steps,
            counts: counts(&gathered, words),
            more_values: gathered.len() - rows.len(),
            values: rows,
            contacts,
        };
        let html = page.render().map_err(|error| DeliverError::Render(error.to_string()))?;
        Ok(Artefact::new("text/html; charset=utf-8", "advisory.html", html, gathered.len()))
    }
}

fn class_of(tlp: Tlp) -> &'static str {
    match tlp {
        Tlp::Clear => "clear",
        Tlp::Green => "green",
        Tlp::Amber | Tlp::AmberStrict => "amber",
        Tlp::Red => "red",
    }
}

/// The newest and most certain first, in their defanged form.
fn rows(gathered: &Gathered) -> Vec<Row> {
    let mut entries: Vec<&Entry> = gathered.entries().collect();
    entries
        .sort_by_key(|entry| std::cmp::Reverse((entry.indicator().valid_from, entry.indicator().confidence)));
    let row = |entry: &&Entry| {
        let (found, value) = (entry.indicator(), entry.value());
        Row {
            kind: value.kind().as_str(),
            value: defang(value),
            name: found.name.as_deref().map(|name| told(name, value.text())).unwrap_or_default(),
            since: found.valid_from.map(|at| at.date()).unwrap_or_default(),
        }
    };
    entries.iter().take(VALUES_MAX).map(row).collect()
}

/// A name without the value that stands in the next column anyway.
fn told(name: &str, value: &str) -> String {
    name.replace(value, "").trim_matches([':', ' ']).to_owned()
}

fn counts(gathered: &Gathered, words: &Words) -> Vec<(String, usize)> {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for entry in gathered.entries() {
        let kind = words.kind(entry.value().kind());
        match counts.iter_mut().find(|(known, _)| known == kind) {
            Some((_, count)) => *count += 1,
            None => counts.push((kind.to_owned(), 1)),
        }
    }
    counts
}
