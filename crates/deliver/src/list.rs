//! Lists: one value a line for devices with an import button, or a table with what is known of each.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::str::FromStr;

use policy::{Level, MemberId};
use serde::Serialize;
use watch::{Kind, Value};

use crate::artefact::Artefact;
use crate::ask::Options;
use crate::changes::Change;
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

/// Whether an entry stands in lists.
pub(crate) fn is_listed(entry: &Entry) -> bool {
    KINDS.contains(&entry.value().kind())
}

/// How two entries compare by all that their rows show, the value first.
pub(crate) fn by_row(a: &Entry, b: &Entry) -> Ordering {
    let of_value = a.value().cmp(b.value());
    of_value.then_with(|| {
        let shown = |entry: &'_ Entry| {
            let found = entry.indicator();
            (found.confidence, found.valid_from, found.valid_until, entry.tlp() as u8)
        };
        let named = |a: &Entry, b: &Entry| {
            (&a.indicator().name, a.circle(), &a.indicator().object).cmp(&(
                &b.indicator().name,
                b.circle(),
                &b.indicator().object,
            ))
        };
        shown(a).cmp(&shown(b)).then_with(|| named(a, b))
    })
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

impl<'a> Row<'a> {
    const HEAD: [&'static str; 9] =
        ["value", "kind", "confidence", "valid_from", "valid_until", "name", "tlp", "circle", "indicator"];

    fn of(entry: &'a Entry) -> Self {
        let found = entry.indicator();
        Self {
            value: entry.value().text(),
            kind: entry.value().kind().as_str(),
            confidence: found.confidence,
            valid_from: found.valid_from.map(|at| at.to_string()),
            valid_until: found.valid_until.map(|at| at.to_string()),
            name: found.name.as_deref().map(harmless),
            tlp: entry.tlp().to_string(),
            circle: entry.circle(),
            indicator: found.object.to_string(),
        }
    }
}

/// The media type of a list in a form.
pub(crate) const fn content_type(form: Form) -> &'static str {
    match form {
        Form::Csv => "text/csv; charset=utf-8",
        _ => "text/plain; charset=utf-8",
    }
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
        self.list_with(member, (kind, form), &Options::default(), encrypted)
    }

    /// The same with options: what has changed since a state whose number the member was given, or what a device holds.
    ///
    /// # Errors
    /// [`DeliverError`]; [`DeliverError::NumberUnknown`] when the whole must be fetched.
    pub fn list_with(
        &self,
        member: MemberId,
        (kind, form): (Option<Kind>, Form),
        options: &Options,
        encrypted: bool,
    ) -> Result<Artefact, DeliverError> {
        let since = options.since.as_deref();
        let has_number = matches!(form, Form::Plain | Form::Bare | Form::Csv);
        if since.is_some() && !has_number {
            return Err(DeliverError::NotFor(
                "changes since a number are told for KIND.txt, KIND.bare.txt and KIND.csv alone",
            ));
        }
        if options.has_limits() {
            return self.limited_list(member, (kind, form), options, encrypted);
        }
        let (whose, gathered) = self.gather_as(member, Level::List, encrypted)?;
        if !has_number {
            let head = self.list_head(&gathered, (kind, form));
            let (body, count) = body(&head, &listed(&gathered, kind), (kind, form))?;
            return Ok(Artefact::new(content_type(form), file_name(kind, form), body, count));
        }
        let (number, changes) =
            self.changes.number((whose, &gathered), (member, encrypted), since, (self.now)());
        let of_kind = |value: &Value| kind.is_none_or(|kind| value.kind() == kind);
        let head = self.list_head(&gathered, (kind, form));
        let said = format!("# Number {number}\n");
        let line = (form == Form::Plain).then_some((head.as_str(), said.as_str()));
        let (body, count) = match (since, changes) {
            (Some(since), None) => return Err(DeliverError::NumberUnknown(since.to_owned())),
            (Some(_), Some(mut changes)) => {
                changes.retain(|value, _| of_kind(value));
                if form == Form::Csv { changed_rows(&changes)? } else { changed_lines(&changes, &head) }
            }
            (None, _) => body(&head, &listed(&gathered, kind), (kind, form))?,
        };
        Ok(Artefact::new(content_type(form), file_name(kind, form), body, count).numbered(number, line))
    }

    /// The comments at the head of a list, in forms that have some.
    pub(crate) fn list_head(&self, gathered: &Gathered, (kind, form): (Option<Kind>, Form)) -> String {
        let name = kind.map_or("all", Kind::as_str);
        comment_of(form).map_or_else(String::new, |comment| {
            format!("{comment} {}\n{comment} {}: {name}, guarded\n", gathered.tlp(), self.title)
        })
    }
}

/// How a comment begins in a form, if it has comments.
pub(crate) const fn comment_of(form: Form) -> Option<&'static str> {
    match form {
        Form::Bare | Form::Edl | Form::Csv => None,
        Form::Adblock => Some("!"),
        Form::Plain | Form::Hosts | Form::Cidr => Some("#"),
    }
}

pub(crate) fn file_name(kind: Option<Kind>, form: Form) -> String {
    format!("{}.{}", kind.map_or("all", Kind::as_str), if form == Form::Csv { "csv" } else { "txt" })
}

/// A list of entries in a form, behind its head, and how many lines of values it has.
pub(crate) fn body(
    head: &str,
    entries: &[&Entry],
    (kind, form): (Option<Kind>, Form),
) -> Result<(String, usize), DeliverError> {
    let all: Vec<String> = match form {
        Form::Csv => return Ok((table(entries)?, entries.len())),
        Form::Cidr => networks(entries, kind),
        form => {
            // Other forms show each value as itself.
            let mut seen = HashSet::new();
            let values = entries.iter().map(|entry| entry.value());
            let new = values.filter(|value| form != Form::Edl || seen.insert(shown(value, form)));
            new.map(|value| line_of(value, form)).collect()
        }
    };
    let count = all.len();
    Ok((lines(head, all), count))
}

/// How many bytes an entry's line has in a form, without its end.
pub(crate) fn line_bytes(entry: &Entry, form: Form) -> usize {
    match form {
        Form::Csv => table(&[entry]).map_or(usize::MAX, |table| table.len() - table_head_bytes() - 1),
        Form::Cidr => networks(&[entry], Some(entry.value().kind())).iter().map(String::len).sum(),
        form => line_of(entry.value(), form).len(),
    }
}

/// How many bytes the head of a table has, with its end.
pub(crate) fn table_head_bytes() -> usize {
    Row::HEAD.iter().map(|column| column.len() + 1).sum()
}

/// The entries of a list, in their order.
pub(crate) fn listed(gathered: &Gathered, kind: Option<Kind>) -> Vec<&Entry> {
    match kind {
        Some(kind) => gathered.of_kind(kind).collect(),
        None => gathered.entries().filter(|entry| is_listed(entry)).collect(),
    }
}

fn lines(head: &str, lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().fold(head.to_owned(), |text, line| text + &line + "\n")
}

/// Values that came, after a plus, and values that went, after a minus.
fn changed_lines(changes: &BTreeMap<Value, Change>, head: &str) -> (String, usize) {
    let lines: Vec<String> = changes
        .iter()
        .filter_map(|(value, change)| match (&change.was, &change.is) {
            (Some(_), None) => Some(format!("-{value}", value = value.text())),
            (None, Some(_)) => Some(format!("+{value}", value = value.text())),
            _ => None,
        })
        .collect();
    let count = lines.len();
    (self::lines(head, lines), count)
}

/// Rows that went, after a minus, and rows that came, after a plus: a row that became another is both.
fn changed_rows(changes: &BTreeMap<Value, Change>) -> Result<(String, usize), DeliverError> {
    let rows: Vec<(&str, &Entry)> = changes
        .values()
        .flat_map(|change| [("-", change.was.as_ref()), ("+", change.is.as_ref())])
        .filter_map(|(sign, entry)| Some((sign, entry?)))
        .collect();
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    let head = ["change"].into_iter().chain(Row::HEAD);
    writer.write_record(head).map_err(|error| unrendered(&error))?;
    for (sign, entry) in &rows {
        writer.serialize((sign, Row::of(entry))).map_err(|error| unrendered(&error))?;
    }
    Ok((written(writer)?, rows.len()))
}

/// What a form shows of a value: of two URLs that differ in their schemes alone, a firewall is shown the same.
pub(crate) fn shown(value: &Value, form: Form) -> &str {
    let text = value.text();
    match form {
        Form::Edl if value.kind() == Kind::Url => text.split_once("://").map_or(text, |(_, rest)| rest),
        _ => text,
    }
}

/// A value's line.
fn line_of(value: &Value, form: Form) -> String {
    let text = shown(value, form);
    match form {
        Form::Hosts => format!("0.0.0.0 {text}"),
        Form::Adblock => format!("||{text}^"),
        _ => text.to_owned(),
    }
}

fn networks(entries: &[&Entry], kind: Option<Kind>) -> Vec<String> {
    let Networks { ipv4, ipv6 } = Networks::of_entries(entries);
    match kind {
        Some(Kind::Ipv4) => ipv4.iter().map(ToString::to_string).collect(),
        _ => ipv6.iter().map(ToString::to_string).collect(),
    }
}

fn table(entries: &[&Entry]) -> Result<String, DeliverError> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.write_record(Row::HEAD).map_err(|error| unrendered(&error))?;
    for entry in entries {
        writer.serialize(Row::of(entry)).map_err(|error| unrendered(&error))?;
    }
    written(writer)
}

fn written(writer: csv::Writer<Vec<u8>>) -> Result<String, DeliverError> {
    let bytes = writer.into_inner().map_err(|error| unrendered(&error))?;
    String::from_utf8(bytes).map_err(|error| unrendered(&error))
}

fn unrendered(error: &dyn fmt::Display) -> DeliverError {
    DeliverError::Render(error.to_string())
}

/// A text that a spreadsheet will not take for a formula.
fn harmless(text: &str) -> &str {
    text.trim_start_matches(['=', '+', '-', '@', '\t', '\r'])
}
