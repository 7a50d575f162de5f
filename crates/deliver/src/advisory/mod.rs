//! The advisory: what happened, who is concerned, what to do today, what to keep and report back, whom to call.
//!
//! For people without special tools, in their language. Made of structured content: groups, campaigns and reports say what
//! happened, courses of action and playbooks what to do, guarded indicators what to look for, withdrawals and dates what to
//! stop looking for. [`Advisory`] is that content; [`Form`] says how it is dressed: as a page, as plain text, as a PDF, as a
//! mail with all three. The TLP label stands at the top and at the foot, in the colours that FIRST prescribes (TLP 2.0,
//! "Usage").

mod breaks;
mod content;
mod gone;
mod html;
mod mail;
pub(crate) mod page;
mod pdf;
mod plain;
pub(crate) mod playbook;
pub(crate) mod story;

use policy::{Level, MemberId};
use stix::{Timestamp, Tlp};
use watch::defang;

use crate::artefact::Artefact;
use crate::entry::Entry;
use crate::gather::{Deliver, DeliverError, Gathered};
use crate::speech::Language;
use crate::ticket::{self, Ticket};
pub use content::{Action, Advisory, Answer, Contact, Gone, Group, Happened, Part, Row, Signature, Why};
pub(crate) use pdf::{Fonts, paper};
pub(crate) use plain::text as plain_text;
pub use playbook::parts as playbook_parts;
use story::Story;

/// Most values in the table; the rest is counted.
pub const VALUES_MAX: usize = 300;

/// How an advisory is dressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A page.
    Html,
    /// Plain text.
    Text,
    /// A document to print.
    Pdf,
    /// A mail, with a page, plain text and the document.
    Mail,
}

impl Deliver {
    /// The member's advisory in a form: in this language, else in that of its profile.
    ///
    /// # Errors
    /// [`DeliverError`]; [`DeliverError::Unset`] if the node is not set up to make this form.
    pub fn advisory(
        &self,
        member: MemberId,
        form: Form,
        language: Option<Language>,
        encrypted: bool,
    ) -> Result<Artefact, DeliverError> {
        let advisory = self.advise(member, language, encrypted)?;
        let entries = advisory.values.len() + advisory.more_values;
        let artefact = |content_type, name, body: Vec<u8>| Artefact::new(content_type, name, body, entries);
        Ok(match form {
            Form::Html => {
                let page = html::render(&advisory)?;
                artefact("text/html; charset=utf-8", "advisory.html", page.into_bytes())
            }
            Form::Text => {
                let text = plain::render(&advisory);
                artefact("text/plain; charset=utf-8", "advisory.txt", text.into_bytes())
            }
            Form::Pdf => artefact("application/pdf", "advisory.pdf", self.pdf(&advisory)?),
            Form::Mail => {
                let book = self.gate.book();
                let contact = book.member(member).and_then(|member| member.contact.clone());
                let message = mail::message(&advisory, contact.as_deref(), self.pdf(&advisory)?)?;
                artefact("message/rfc822", "advisory.eml", message.formatted())
            }
        })
    }

    /// An advisory as a document to print.
    ///
    /// # Errors
    /// [`DeliverError::Unset`] if no font has the letters of its language; [`DeliverError::Render`].
    pub(crate) fn pdf(&self, advisory: &Advisory) -> Result<Vec<u8>, DeliverError> {
        pdf::render(advisory, self.letterhead.fonts())
    }

    /// What the member's advisory says.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn advise(
        &self,
        member: MemberId,
        language: Option<Language>,
        encrypted: bool,
    ) -> Result<Advisory, DeliverError> {
        let book = self.gate.book();
        let profile = self.offered(&book, member, Level::Read)?;
        let gathered = self.gather(member, Level::Read, encrypted)?;
        let now = (self.now)();
        let readers = self.gate.readers(member, Level::Read, encrypted, now);
        let story = Story::of(&book, &readers)?;
        let (gone, gone_tlp) = gone::of(&readers, &gathered, now)?;
        let circles = readers.iter().map(|reader| reader.request().circle);
        let known = circles.flat_map(|circle| book.visible_members(member, circle));
        let contact = |other: &policy::Member| {
            let contact = story::visible(other.contact.as_deref()?);
            Some(Contact { name: story::name(&other.name), contact })
        };
        let mut contacts: Vec<Contact> =
            known.filter(|other| other.id != member).filter_map(contact).collect();
        contacts.sort_by(|a, b| (&a.name, &a.contact).cmp(&(&b.name, &b.contact)));
        contacts.dedup();
        let values = rows(&gathered);
        let fires = self.fires(member)?;
        let tlp = fires.iter().map(|burning| burning.tlp).max().unwrap_or(Tlp::Clear);
        let tlp = gathered.tlp().max(story.tlp).max(gone_tlp).max(tlp);
        let url = self.letterhead.public_url.as_deref();
        Ok(Advisory {
            language: language.unwrap_or_else(|| Language::of(&profile.language)),
            tlp,
            node: story::name(&self.title),
            member: story::name(&profile.name),
            date: now.date(),
            fires,
            happened: story.happened,
            more_happened: story.more_happened,
            concerned: story.concerned,
            actions: story.actions,
            contacts,
            counts: counts(&gathered),
            more_values: gathered.len() - values.len(),
            values,
            gone,
            page: url.map(|url| format!("{url}/d/advisory.html")),
            answer: self.answer(member, tlp, encrypted, now),
            reply_to: self.letterhead.reply_to.clone(),
        })
    }

    /// What partners recommend to a member, as its advisory says it.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn actions(&self, member: MemberId, encrypted: bool) -> Result<Vec<Action>, DeliverError> {
        self.offered(&self.gate.book(), member, Level::Read)?;
        let readers = self.gate.readers(member, Level::Read, encrypted, (self.now)());
        story::actions(&readers)
    }

    /// Where the member can answer today's advisory.
    fn answer(&self, member: MemberId, tlp: Tlp, encrypted: bool, now: Timestamp) -> Option<Answer> {
        let (url, key) = (self.letterhead.public_url.as_deref()?, self.letterhead.tickets.as_ref()?);
        let ticket = Ticket::next(&self.gate.book(), member, ticket::day_of(now), tlp)?;
        let ticket = Ticket { encrypted, ..ticket };
        Some(Answer {
            url: format!("{url}/answer/{}", key.sign(&ticket)),
            until: ticket::written(ticket.until()),
        })
    }
}

/// The colour of a label on black. Source: FIRST, TLP 2.0, "TLP in CMYK, RGB and Hex".
const fn colour(tlp: Tlp) -> [u8; 3] {
    match tlp {
        Tlp::Clear => [0xFF, 0xFF, 0xFF],
        Tlp::Green => [0x33, 0xFF, 0x00],
        Tlp::Amber | Tlp::AmberStrict => [0xFF, 0xC0, 0x00],
        Tlp::Red => [0xFF, 0x2B, 0x2B],
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
            group: Group::of(value.kind()),
            tlp: entry.tlp(),
            value: story::visible(&defang(value)),
            name: found.name.as_deref().map(|name| told(name, value.text())).unwrap_or_default(),
            since: found.valid_from.map(|at| at.date()).unwrap_or_default(),
            indicator: found.object.to_string(),
        }
    };
    entries.iter().take(VALUES_MAX).map(row).collect()
}

/// A name without the value that stands in the next column anyway.
fn told(name: &str, value: &str) -> String {
    story::name(name.replace(value, "").trim_matches([':', ' ']))
}

fn counts(gathered: &Gathered) -> Vec<(Group, usize)> {
    let mut counts: Vec<(Group, usize)> = Vec::new();
    for entry in gathered.entries() {
        let group = Group::of(entry.value().kind());
        match counts.iter_mut().find(|(known, _)| *known == group) {
            Some((_, count)) => *count += 1,
            None => counts.push((group, 1)),
        }
    }
    counts
}

/// The modules of a code to scan (QR, ISO/IEC 18004), row by row; `None` for an address too long for one.
fn code(url: &str) -> Option<Vec<Vec<bool>>> {
    let code = fast_qr::QRBuilder::new(url).ecl(fast_qr::ECL::M).build().ok()?;
    let row = |at: usize| (0..code.size).map(|x| code[at].get(x).is_some_and(|m| m.value())).collect();
    Some((0..code.size).map(row).collect())
}
