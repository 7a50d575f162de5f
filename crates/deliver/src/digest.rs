//! What a mail says: how much is new, the newest reports and incidents with a line each, what was withdrawn, the fires, and
//! where the advisory is: attached, if it may be.
//!
//! In the member's language. Made of objects released for a channel that anybody may read along, because that is what mail
//! is once it leaves the first server. Of what is TLP:RED, a mail says no more than that there is something: whoever it is for
//! logs in.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use askama::Template;
use gate::Query;
use line::Seq;
use policy::{Level, MemberId};
use serde_json::Value;
use stix::Tlp;

use crate::advisory::story;
use crate::fires::Burning;
use crate::gather::{Deliver, DeliverError};
use crate::mail::{Attached, Content};
use crate::push::{News, Position};
use crate::speech::{Language, Put, Speech};
use crate::telling;

/// Objects of a circle that are counted.
const COUNTED_MAX: usize = 10_000;
/// Reports and incidents of a circle whose names are read, and those that are told.
const READ_MAX: usize = 1_000;
const TOLD_MAX: usize = 20;
/// Circles whose fires are told.
const FIRES_MAX: usize = 50;
/// Types without a word of their own that are counted each by itself.
const OTHERS_MAX: usize = 30;

/// The advisory with which a mail goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Enclosure {
    /// It is attached, as this document with this mark.
    Attached(Vec<u8>, Tlp),
    /// The mail only says where it is.
    Linked,
    /// It was to be attached and could not be: the mail says so, and where it is.
    Missing,
    /// It is TLP:RED, which no mail carries.
    Red,
}

/// A part of a mail.
struct Section {
    title: String,
    lines: Vec<String>,
    link: Option<String>,
}

#[derive(Template)]
#[template(path = "digest.html")]
struct Page<'a> {
    lang: &'static str,
    tlp: String,
    heading: String,
    subject: &'a str,
    node: &'a str,
    sections: Vec<Section>,
}

struct Tidings {
    counts: BTreeMap<String, usize>,
    told: Vec<String>,
    more: usize,
    tlp: Tlp,
    has_red: bool,
}

impl Deliver {
    /// The member's advisory, to go with a mail: what may travel unencrypted, in the member's language. Costs about what the
    /// advisory's page and PDF cost.
    ///
    /// # Errors
    /// [`DeliverError`], unless it is the PDF alone that can't be made.
    pub fn enclosure(&self, member: MemberId) -> Result<Enclosure, DeliverError> {
        let advisory = self.advise(member, None, false)?;
        if advisory.tlp == Tlp::Red {
            return Ok(Enclosure::Red);
        }
        Ok(match self.pdf(&advisory) {
            Ok(document) => Enclosure::Attached(document, advisory.tlp),
            Err(error) => {
                tracing::warn!(member.id = %member.uuid(), "a mail goes without its advisory: {error}");
                Enclosure::Missing
            }
        })
    }

    /// A member's handle, for the log.
    pub(crate) fn handle(&self, member: MemberId) -> String {
        self.gate.book().member(member).map(|member| member.handle.clone()).unwrap_or_default()
    }

    /// A mail about `news`, which came after `told`, in the member's language.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn digest(
        &self,
        member: MemberId,
        told: &Position,
        news: &News,
        urgent: bool,
        enclosure: Enclosure,
    ) -> Result<Content, DeliverError> {
        let language = Language::of(&self.offered(&self.gate.book(), member, Level::Read)?.language);
        let speech = language.speech();
        let tidings = self.tidings(speech, member, told, &news.upto)?;
        let burning = self.fires(member)?;
        let counts = counts(speech, &tidings.counts);
        let withdrawn =
            (!news.recalled.is_empty()).then(|| speech.count("digest-withdrawn", news.recalled.len()));
        let what = match (&counts[..], &withdrawn) {
            ([], None) if tidings.has_red => speech.say("digest-look"),
            ([], None) => speech.say("digest-fires-changed"),
            (counts, withdrawn) => counts.iter().chain(withdrawn).cloned().collect::<Vec<_>>().join(", "),
        };
        let what = if urgent { speech.tell("digest-urgent", &[("what", Put::Text(&what))]) } else { what };
        let of_fires = burning.iter().take(FIRES_MAX).map(|one| one.tlp).filter(|tlp| *tlp != Tlp::Red);
        let of_enclosure = if let Enclosure::Attached(_, tlp) = &enclosure { *tlp } else { Tlp::Clear };
        let tlp = of_fires.fold(tidings.tlp.max(of_enclosure), Tlp::max);
        let highest = burning.iter().map(|one| one.fires.level).max().unwrap_or(1);
        let node = &self.title;
        let subject = format!("[{tlp}] [{highest}/5] {what} ({node})");
        let heading = match urgent {
            true => speech.tell("digest-heading-urgent", &[("node", Put::Text(node))]),
            false => node.clone(),
        };
        let mut sections = Vec::new();
        let mut part = |title: &str, lines: Vec<String>| {
            if !lines.is_empty() {
                sections.push(Section { title: speech.say(title), lines, link: None });
            }
        };
        part("digest-alert", burning.iter().take(FIRES_MAX).map(|one| fires_of(speech, one)).collect());
        part("digest-new", counts);
        let more = (tidings.more > 0).then(|| speech.count("digest-more", tidings.more));
        part("digest-told", tidings.told.into_iter().chain(more).collect());
        let gone = |what: String| speech.tell("digest-gone-text", &[("what", Put::Text(&what))]);
        part("digest-gone", withdrawn.map(gone).into_iter().collect());
        if tidings.has_red || enclosure == Enclosure::Red {
            part("digest-red", vec![speech.say("digest-red-text")]);
        }
        sections.extend(self.where_it_is(speech, &enclosure));
        let (lang, tlp) = (language.tag(), tlp.to_string());
        let page = Page { lang, tlp, heading, subject: &subject, node, sections };
        let html = page.render().map_err(|error| DeliverError::Render(error.to_string()))?;
        let text = page.text();
        let attached = match enclosure {
            Enclosure::Attached(document, _) => vec![Attached::advisory(document)],
            _ => Vec::new(),
        };
        Ok(Content { language, subject, text, html, attached })
    }

    /// Where the advisory is; `None` if there is nothing to say of it.
    fn where_it_is(&self, speech: &Speech, enclosure: &Enclosure) -> Option<Section> {
        let link = self.letterhead.public_url.as_ref().map(|url| format!("{url}/d/advisory.html"));
        let line = match (enclosure, &link) {
            (Enclosure::Attached(..), None) => "digest-attached",
            (Enclosure::Attached(..), Some(_)) => "digest-attached-and-there",
            (Enclosure::Missing, None) => "digest-missing",
            (Enclosure::Missing, Some(_)) => "digest-missing-but-there",
            (Enclosure::Linked | Enclosure::Red, None) => return None,
            (Enclosure::Linked | Enclosure::Red, Some(_)) => "digest-there",
        };
        Some(Section { title: speech.say("digest-do"), lines: vec![speech.say(line)], link })
    }

    fn tidings(
        &self,
        speech: &Speech,
        member: MemberId,
        told: &Position,
        upto: &Position,
    ) -> Result<Tidings, DeliverError> {
        let (counts, told_lines) = (BTreeMap::new(), Vec::new());
        let mut tidings = Tidings { counts, told: told_lines, more: 0, tlp: Tlp::Clear, has_red: false };
        let mut named: Vec<(usize, Seq, String)> = Vec::new();
        for reader in self.gate.readers(member, Level::Read, false, (self.now)()) {
            let circle = reader.request().circle;
            let (after, upto) = (told.of(circle).seq, upto.of(circle).seq);
            let after = Seq(if after > upto { 0 } else { after });
            let query = Query { after, limit: COUNTED_MAX, ..Query::default() };
            let is_new = |row: &gate::ManifestRow| row.seq.0 <= upto && !row.revoked;
            for row in reader.manifest(&query)?.items.into_iter().filter(|row| is_new(row.get())) {
                if row.tlp() == Tlp::Red {
                    tidings.has_red = true;
                    continue;
                }
                tidings.tlp = tidings.tlp.max(row.tlp());
                *tidings.counts.entry(row.get().id.object_type().to_owned()).or_default() += 1;
            }
            let types = telling::telling().map(str::to_owned).collect();
            let query = Query { after, types, limit: COUNTED_MAX, ..Query::default() };
            let rows = reader.manifest(&query)?.items;
            let newest = rows.iter().rev().map(|row| row.get()).filter(|row| is_new(row));
            let ids: Vec<_> = newest.take(READ_MAX).map(|row| row.id.clone()).collect();
            if ids.is_empty() {
                continue;
            }
            let query = Query { ids, limit: READ_MAX, ..Query::default() };
            for object in reader.page(&query)?.items {
                if object.tlp() == Tlp::Red || object.get().seq.0 > upto {
                    continue;
                }
                tidings.tlp = tidings.tlp.max(object.tlp());
                let object_type = object.get().id.object_type();
                let Some((rank, kind)) = telling::one(object_type) else { continue };
                let value: Value = serde_json::from_str(&object.get().raw).unwrap_or_default();
                let name = value.get("name").and_then(Value::as_str).map(story::name);
                let name = name.unwrap_or_else(|| speech.say("digest-nameless"));
                let line = format!("{}: {name} [{}]", speech.say(kind), object.tlp());
                named.push((rank, object.get().seq, line));
            }
        }
        named.sort_by_key(|(rank, seq, _)| (*rank, std::cmp::Reverse(*seq)));
        tidings.more = named.len().saturating_sub(TOLD_MAX);
        tidings.told = named.into_iter().take(TOLD_MAX).map(|(_, _, line)| line).collect();
        Ok(tidings)
    }
}

/// How much is new, by type.
fn counts(speech: &Speech, all: &BTreeMap<String, usize>) -> Vec<String> {
    let (mut lines, mut others, mut rest) = (Vec::new(), 0, 0);
    for (object_type, count) in all {
        match telling::counted(object_type) {
            Some(id) => lines.push(speech.count(id, *count)),
            None if others < OTHERS_MAX => {
                others += 1;
                let put = [("count", Put::Count(*count)), ("type", Put::Text(object_type))];
                lines.push(speech.tell("news-other", &put));
            }
            None => rest += count,
        }
    }
    lines.extend((rest > 0).then(|| speech.count("news-rest", rest)));
    lines
}

/// A circle's fires. What an analyst says in a circle up to RED is not for mail.
fn fires_of(speech: &Speech, one: &Burning) -> String {
    if one.tlp != Tlp::Red {
        return one.told(speech);
    }
    let fires = Put::Count(one.fires.level.into());
    speech.tell("digest-fires-of", &[("circle", Put::Text(&one.title)), ("fires", fires)])
}

impl Page<'_> {
    fn text(&self) -> String {
        let mut text = format!("{}\n\n", self.tlp);
        // Writing to a string does not fail.
        for section in &self.sections {
            let _ = writeln!(text, "{}", section.title);
            for line in section.lines.iter().chain(&section.link) {
                let _ = writeln!(text, "  {line}");
            }
            text.push('\n');
        }
        let _ = write!(text, "-- \n{}\n{}\n", self.node, self.tlp);
        text
    }
}
