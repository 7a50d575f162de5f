//! What a mail says: how much is new, the newest reports and incidents with a line each, what was withdrawn, the fires.
//!
//! Made of objects released for a channel that anybody may read along, because that is what mail is once it leaves the first
//! server. Of what is TLP:RED, a mail says no more than that there is something: whoever it is for logs in.

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
use crate::push::{News, Position};

/// Objects of a circle that are counted.
const COUNTED_MAX: usize = 10_000;
/// Reports and incidents of a circle whose names are read, and those that are told.
const READ_MAX: usize = 1_000;
const TOLD_MAX: usize = 20;
/// Circles whose fires are told.
const FIRES_MAX: usize = 50;
/// What is told by its name, the most telling first.
const TELLING: [&str; 4] = ["incident", "report", "campaign", "vulnerability"];

/// A mail's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// The subject: mark, fires, what is new.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same as HTML, which loads nothing from elsewhere.
    pub html: String,
}

impl Digest {
    /// A mail of some paragraphs.
    #[must_use]
    pub fn of(subject: String, paragraphs: &[&str]) -> Self {
        let escaped = |text: &&str| text.replace('&', "&amp;").replace('<', "&lt;");
        let html: String = paragraphs.iter().map(|text| format!("<p>{}</p>\n", escaped(text))).collect();
        Self { subject, text: paragraphs.join("\n\n") + "\n", html: format!("<!doctype html>\n{html}") }
    }
}

#[derive(Template)]
#[template(path = "digest.html")]
struct Page<'a> {
    tlp: String,
    title: &'a str,
    subject: &'a str,
    urgent: bool,
    fires: &'a [String],
    counts: &'a [String],
    told: &'a [String],
    more: usize,
    withdrawn: Option<String>,
    has_red: bool,
    advisory: Option<String>,
}

struct Content {
    counts: BTreeMap<String, usize>,
    told: Vec<String>,
    more: usize,
    tlp: Tlp,
    has_red: bool,
}

impl Deliver {
    /// A mail about `news`, which came after `told`. `public_url` is where the member finds the node's pages.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn digest(
        &self,
        member: MemberId,
        told: &Position,
        news: &News,
        urgent: bool,
        public_url: Option<&str>,
    ) -> Result<Digest, DeliverError> {
        let mut content = self.content(member, told, &news.upto)?;
        let burning = self.fires(member)?;
        let highest = burning.iter().map(|one| one.fires.level).max().unwrap_or(1);
        let counts: Vec<String> =
            content.counts.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let withdrawn = (!news.recalled.is_empty()).then(|| format!("{} withdrawn", news.recalled.len()));
        let what = match (&counts[..], &withdrawn) {
            ([], None) if content.has_red => "there is something for you, log in".to_owned(),
            ([], None) => "fires have changed".to_owned(),
            (counts, withdrawn) => counts.iter().chain(withdrawn).cloned().collect::<Vec<_>>().join(", "),
        };
        let fire = if highest == 1 { "fire" } else { "fires" };
        let urgently = if urgent { "URGENT: " } else { "" };
        let of_fires = burning.iter().take(FIRES_MAX).map(|one| one.tlp).filter(|tlp| *tlp != Tlp::Red).max();
        content.tlp = content.tlp.max(of_fires.unwrap_or(Tlp::Clear));
        let subject = format!("[{}] [{highest} {fire}] {urgently}{what} ({})", content.tlp, self.title);
        // What an analyst says in a circle up to RED is not for mail.
        let fires = |one: &Burning| match one.tlp {
            Tlp::Red => format!("{}: {}", one.title, one.fires.level),
            _ => format!("{}: {} ({})", one.title, one.fires.level, one.fires.cause.sentence()),
        };
        let fires: Vec<String> = burning.iter().take(FIRES_MAX).map(fires).collect();
        let page = Page {
            tlp: content.tlp.to_string(),
            title: &self.title,
            subject: &subject,
            urgent,
            fires: &fires,
            counts: &counts,
            told: &content.told,
            more: content.more,
            withdrawn,
            has_red: content.has_red,
            advisory: public_url.map(|url| format!("{}/d/advisory.html", url.trim_end_matches('/'))),
        };
        let html = page.render().map_err(|error| DeliverError::Render(error.to_string()))?;
        let text = page.text();
        Ok(Digest { subject, text, html })
    }

    fn content(&self, member: MemberId, told: &Position, upto: &Position) -> Result<Content, DeliverError> {
        let (counts, told_lines) = (BTreeMap::new(), Vec::new());
        let mut content = Content { counts, told: told_lines, more: 0, tlp: Tlp::Clear, has_red: false };
        let mut named: Vec<(usize, Seq, String)> = Vec::new();
        for reader in self.gate.readers(member, Level::Read, false, (self.now)()) {
            let circle = reader.request().circle;
            let (after, upto) = (told.of(circle).seq, upto.of(circle).seq);
            let after = Seq(if after > upto { 0 } else { after });
            let query = Query { after, limit: COUNTED_MAX, ..Query::default() };
            let is_new = |row: &gate::ManifestRow| row.seq.0 <= upto && !row.revoked;
            for row in reader.manifest(&query)?.items.into_iter().filter(|row| is_new(row.get())) {
                if row.tlp() == Tlp::Red {
                    content.has_red = true;
                    continue;
                }
                content.tlp = content.tlp.max(row.tlp());
                *content.counts.entry(row.get().id.object_type().to_owned()).or_default() += 1;
            }
            let types = TELLING.map(str::to_owned).to_vec();
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
                content.tlp = content.tlp.max(object.tlp());
                let object_type = object.get().id.object_type();
                let rank = TELLING.iter().position(|known| *known == object_type).unwrap_or_default();
                let value: Value = serde_json::from_str(&object.get().raw).unwrap_or_default();
                let name = value.get("name").and_then(Value::as_str).unwrap_or("without a name");
                let name = story::name(name);
                named.push((rank, object.get().seq, format!("{object_type}: {name} [{}]", object.tlp())));
            }
        }
        named.sort_by_key(|(rank, seq, _)| (*rank, std::cmp::Reverse(*seq)));
        content.more = named.len().saturating_sub(TOLD_MAX);
        content.told = named.into_iter().take(TOLD_MAX).map(|(_, _, line)| line).collect();
        Ok(content)
    }
}

impl Page<'_> {
    fn text(&self) -> String {
        let mut text = format!("{}\n\n", self.tlp);
        // Writing to a string does not fail.
        let mut part = |title: &str, lines: &[String]| {
            if !lines.is_empty() {
                let _ = writeln!(text, "{title}");
                for line in lines {
                    let _ = writeln!(text, "  {line}");
                }
                text.push('\n');
            }
        };
        part("Fires", self.fires);
        part("New", self.counts);
        part("Reports and incidents", self.told);
        if self.more > 0 {
            part("And more", &[format!("{} more are left out here; the advisory has all", self.more)]);
        }
        if let Some(withdrawn) = &self.withdrawn {
            part(
                "Withdrawn",
                &[format!(
                    "{withdrawn}: what you were told of earlier holds no more; fetch your lists again"
                )],
            );
        }
        if self.has_red {
            part(
                "Not for mail",
                &["There is something for you that is not sent by mail. Log in.".to_owned()],
            );
        }
        if let Some(advisory) = &self.advisory {
            part("What to do", std::slice::from_ref(advisory));
        }
        let _ = write!(text, "-- \n{}\n{}\n", self.title, self.tlp);
        text
    }
}
