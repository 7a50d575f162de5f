//! Lists: one value a line for devices with an import button, or a table with what is known of each.

use std::fmt;
use std::str::FromStr;

use policy::{Level, MemberId};
use serde::Serialize;
use watch::{Kind, Value};

use crate::artefact::Artefact;
use crate::entry::Entry;
use crate::gather::{Deliver, DeliverError, Gathered};
use crate::networks::Networks;

/// The kinds that there are lists of.
pub const KINDS: [Kind; 10] = [
    Kind::Domain,
    Kind::Url,
    Kind::Ipv4,
    Kind::Ipv6,
    Kind::Md5,
    Kind::Sha1,
    Kind::Sha256,
    Kind::Sha512,
    Kind::Email,
    Kind::Wallet,
];

/// The form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One value a line, after comment lines that begin with `#`.
    Plain,
    /// One value a line and nothing else, for devices that choke on comments.
    Bare,
    /// Comma-separated values (RFC 4180) with a head.
    Csv,
    /// For firewalls with external dynamic lists: as bare, URLs without their scheme.
    Edl,
    /// Domains for a hosts file, which knows no subdomains.
    Hosts,
    /// Domains as filters of ad blockers, which mean subdomains too.
    Adblock,
    /// Addresses as networks, joined where they lie side by side.
    Cidr,
}

impl Form {
    /// Whether a list of a kind (of all kinds, for none) is made in this form.
    #[must_use]
    pub fn is_for(self, kind: Option<Kind>) -> bool {
        match self {
            Self::Plain | Self::Bare | Self::Csv => true,
            Self::Edl => kind.is_some(),
            Self::Hosts | Self::Adblock => kind == Some(Kind::Domain),
            Self::Cidr => matches!(kind, Some(Kind::Ipv4 | Kind::Ipv6)),
        }
    }
}

const FORMS: [(&str, Form); 5] = [
    ("bare", Form::Bare),
    ("edl", Form::Edl),
    ("hosts", Form::Hosts),
    ("adblock", Form::Adblock),
    ("cidr", Form::Cidr),
];

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = FORMS.iter().find(|(_, form)| form == self).map(|(name, _)| *name);
        f.write_str(name.unwrap_or(if *self == Self::Csv { "csv" } else { "plain" }))
    }
}

impl FromStr for Form {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        FORMS.iter().find(|(name, _)| *name == text).map(|(_, form)| *form).ok_or(())
    }
}

#[derive(Serialize)]
struct Row<'a> {
    value: &'a str,
    kind: &'static str,
    confidence: Option<u8>,
    valid_from: Option<String>,
    valid_until: Option<String>,
    name: Option<&'a str>,
    tlp: String,
    circle: &'a str,
    indicator: String,
}

impl Row<'_> {
    const HEAD: [&'static str; 9] =
        ["value", "kind", "confidence", "valid_from", "valid_until", "name", "tlp", "circle", "indicator"];
}

impl Deliver {
    /// The member's list of one kind, or of all kinds as a table.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn list(
        &self,
        member: MemberId,
        kind: Option<Kind>,
        form: Form,
        encrypted: bool,
    ) -> Result<Artefact, DeliverError> {
        let gathered = self.gather(member, Level::List, encrypted)?;
        let entries: Vec<&Entry> = match kind {
            Some(kind) => gathered.of_kind(kind).collect(),
            None => gathered.entries().filter(|entry| KINDS.contains(&entry.value().kind())).collect(),
        };
        let name = kind.map_or("all", Kind::as_str);
        match form {
            Form::Csv => {
                let body = table(&entries)?;
                Ok(Artefact::new("text/csv; charset=utf-8", format!("{name}.csv"), body, entries.len()))
            }
            form => {
                let lines: Vec<String> = match form {
                    Form::Cidr => networks(&gathered, kind),
                    form => entries.iter().map(|entry| line(entry.value(), form)).collect(),
                };
                let head = match form {
                    Form::Bare | Form::Edl => String::new(),
                    Form::Adblock => head("!", &self.title, name, &gathered),
                    _ => head("#", &self.title, name, &gathered),
                };
                let body = lines.iter().fold(head, |text, line| text + line + "\n");
                Ok(Artefact::new("text/plain; charset=utf-8", format!("{name}.txt"), body, lines.len()))
            }
        }
    }
}

/// A value's line.
fn line(value: &Value, form: Form) -> String {
    let text = value.text();
    match form {
        Form::Edl if value.kind() == Kind::Url => {
            text.split_once("://").map_or(text, |(_, rest)| rest).to_owned()
        }
        Form::Hosts => format!("0.0.0.0 {text}"),
        Form::Adblock => format!("||{text}^"),
        _ => text.to_owned(),
    }
}

fn networks(gathered: &Gathered, kind: Option<Kind>) -> Vec<String> {
    let Networks { ipv4, ipv6 } = Networks::of(gathered);
    match kind {
        Some(Kind::Ipv4) => ipv4.iter().map(ToString::to_string).collect(),
        _ => ipv6.iter().map(ToString::to_string).collect(),
    }
}

fn head(comment: &str, title: &str, name: &str, gathered: &Gathered) -> String {
    format!("{comment} {}\n{comment} {title}: {name}, guarded\n", gathered.tlp())
}

fn table(entries: &[&Entry]) -> Result<String, DeliverError> {
    let render = |error: &dyn std::fmt::Display| DeliverError::Render(error.to_string());
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.write_record(Row::HEAD).map_err(|error| render(&error))?;
    for entry in entries {
        let found = entry.indicator();
        let row = Row {
            value: entry.value().text(),
            kind: entry.value().kind().as_str(),
            confidence: found.confidence,
            valid_from: found.valid_from.map(|at| at.to_string()),
            valid_until: found.valid_until.map(|at| at.to_string()),
            name: found.name.as_deref().map(harmless),
            tlp: entry.tlp().to_string(),
            circle: entry.circle(),
            indicator: found.object.to_string(),
        };
        writer.serialize(row).map_err(|error| render(&error))?;
    }
    let bytes = writer.into_inner().map_err(|error| render(&error))?;
    String::from_utf8(bytes).map_err(|error| render(&error))
}

/// A text that a spreadsheet will not take for a formula.
fn harmless(text: &str) -> &str {
    text.trim_start_matches(['=', '+', '-', '@', '\t', '\r'])
}
