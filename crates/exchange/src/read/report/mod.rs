//! Reports written for people: what they name is found, shown, and counts only once someone has confirmed it.
//!
//! [`survey`] finds the values in a plain text, an HTML page or a PDF, each with its place, the words around it, how often it
//! stands there, and what the guard says: a report names the victim's mail server and the vendor's own site beside the
//! attacker's. [`review`] writes them as a list with `+` and `-` for a person to change, [`decisions`] reads such a
//! list back, and [`objects`] makes STIX of what was accepted: an indicator for each value, and a report that refers to them.
//! Nothing here accepts anything by itself.

mod html;
mod pdf;

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::ops::ControlFlow;

use serde_json::json;
use stix::{Finding, ObjectId, Tlp};
use uuid::Uuid;
use watch::{Context, Guard, Hold, Kind, Value, extract, mentions};

use super::indicator::{self, Said};
use super::make::{Dates, MADE_NAMESPACE, Maker, cve_reference};
use super::{Batch, Item, Options, ReadError, Sink, Summary, text, unpacked};

/// Longest report, in bytes after unpacking.
pub const REPORT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most different values of one report.
pub const CANDIDATES_MAX: usize = 100_000;
/// Words around a value that are shown, in characters.
const CONTEXT_CHARS: usize = 60;

/// One value that a report names.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The value.
    pub value: Value,
    /// Where it stands first: `line 12`, or `page 3`.
    pub place: String,
    /// The words around it there, on one line.
    pub context: String,
    /// How often it stands in the report.
    pub count: u32,
    /// Why it should not count as bad, if the guard says so.
    pub hold: Option<Hold>,
}

impl Candidate {
    /// Whether the guard holds it back as harmless. What is merely of a kind that nothing blocks (a CVE) is not harmless.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.hold.as_ref().is_some_and(|hold| hold.rule != "not-blockable")
    }
}

/// What a report holds.
#[derive(Debug, Clone)]
pub struct Survey {
    /// `text`, `html` or `pdf`.
    pub kind: &'static str,
    /// The report's own title.
    pub title: Option<String>,
    /// The strictest TLP mark that stands in it, `TLP:RED` and the like. What is made of it counts as marked so, unless the
    /// importer says a mark.
    pub tlp: Option<Tlp>,
    /// The values, in the order in which they stand there.
    pub candidates: Vec<Candidate>,
    /// What could not be read.
    pub findings: Vec<Finding>,
    /// Names the report: the same bytes, the same id.
    key: Uuid,
}

/// Finds what a report names.
///
/// # Errors
/// [`ReadError`] when nothing of it can be read.
pub fn survey<R: Read>(source: R, guard: &Guard, context: &Context) -> Result<Survey, ReadError> {
    let mut bytes = Vec::new();
    unpacked(source)?.take(REPORT_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > REPORT_BYTES_MAX {
        return Err(ReadError::TooLarge { limit_bytes: REPORT_BYTES_MAX as u64 });
    }
    let key = Uuid::new_v5(&MADE_NAMESPACE, &bytes);
    if is_pdf(&bytes) {
        let read = pdf::read(&bytes).map_err(ReadError::Report)?;
        let mut found = Found::default();
        for (at, page) in read.pages.iter().enumerate() {
            found.read(page, &|_| format!("page {}", at + 1));
        }
        return Ok(found.survey("pdf", read.title, read.findings, key, guard, context));
    }
    let plain = text::decode(bytes)?;
    let (kind, title, shown) = if is_html(&plain) {
        let (title, shown) = html::text(&plain);
        ("html", title, shown)
    } else {
        ("text", first_line(&plain), plain)
    };
    let mut found = Found::default();
    let mut counted = (0, 1_usize);
    let lines = std::cell::RefCell::new(&mut counted);
    found.read(&shown, &|at| {
        let mut lines = lines.borrow_mut();
        let part = shown.as_bytes().get(lines.0..at).unwrap_or_default();
        lines.1 += memchr::memchr_iter(b'\n', part).count();
        lines.0 = at;
        format!("line {}", lines.1)
    });
    Ok(found.survey(kind, title, Vec::new(), key, guard, context))
}

/// Whether bytes are a PDF: its mark stands within the first kilobyte.
pub(super) fn is_pdf(bytes: &[u8]) -> bool {
    let start = bytes.get(..bytes.len().min(1_024)).unwrap_or_default();
    memchr::memmem::find(start, b"%PDF-").is_some()
}

/// Whether a text is an HTML page.
pub(super) fn is_html(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(2_048).collect::<String>().to_ascii_lowercase();
    start.starts_with('<')
        && ["<!doctype html", "<html", "<head", "<body"].iter().any(|tag| start.contains(tag))
}

fn first_line(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().take(120).collect())
}

#[derive(Default)]
struct Found {
    tlp: Option<Tlp>,
    candidates: Vec<Candidate>,
    places: HashMap<Value, usize>,
    is_full: bool,
}

impl Found {
    fn read(&mut self, text: &str, place: &dyn Fn(usize) -> String) {
        self.tlp = self.tlp.max(strictest_mark(text));
        for found in extract(text) {
            let place = place(found.range.start);
            if let Some(at) = self.places.get(&found.value) {
                if let Some(candidate) = self.candidates.get_mut(*at) {
                    candidate.count = candidate.count.saturating_add(1);
                    candidate.hold = None;
                }
                continue;
            }
            if self.candidates.len() >= CANDIDATES_MAX {
                self.is_full = true;
                return;
            }
            let context = around(text, found.range.start, found.range.end);
            let named = mentions(&found.value);
            self.add(Candidate { value: found.value, place: place.clone(), context, count: 1, hold: None });
            for value in named {
                if !self.places.contains_key(&value) && self.candidates.len() < CANDIDATES_MAX {
                    let context = around(text, found.range.start, found.range.end);
                    let hold = Some(inside_url(&value));
                    self.add(Candidate { value, place: place.clone(), context, count: 1, hold });
                }
            }
        }
    }

    fn add(&mut self, candidate: Candidate) {
        self.places.insert(candidate.value.clone(), self.candidates.len());
        self.candidates.push(candidate);
    }

    fn survey(
        mut self,
        kind: &'static str,
        title: Option<String>,
        mut findings: Vec<Finding>,
        key: Uuid,
        guard: &Guard,
        context: &Context,
    ) -> Survey {
        for candidate in &mut self.candidates {
            candidate.hold = candidate.hold.take().or_else(|| guard.check(&candidate.value, context).err());
        }
        if self.is_full {
            let message =
                format!("the report names more than {CANDIDATES_MAX} values; the rest was left out");
            findings.push(Finding::error("report-too-large", "", message));
        }
        Survey { kind, title, tlp: self.tlp, candidates: self.candidates, findings, key }
    }
}

/// The strictest of the marks in a text that are written as FIRST prescribes: `TLP:` and the level, in capitals.
fn strictest_mark(text: &str) -> Option<Tlp> {
    memchr::memmem::find_iter(text.as_bytes(), b"TLP:")
        .filter_map(|at| {
            let level = text.get(at + 4..)?.trim_start_matches(' ');
            let length = level.find(|c: char| !(c.is_ascii_uppercase() || c == '+')).unwrap_or(level.len());
            level.get(..length)?.parse::<Tlp>().ok()
        })
        .max()
}

/// Why what stands in a URL alone is not proposed: the page may imitate it, or send its visitors on to it.
fn inside_url(value: &Value) -> Hold {
    let message = format!("{value} stands inside a URL, which may be against it; add it if it is bad itself");
    Hold { rule: "inside-url", list: None, message }
}

/// The words around a place, on one line.
fn around(text: &str, start: usize, end: usize) -> String {
    let before: Vec<char> = text.get(..start).unwrap_or_default().chars().rev().take(CONTEXT_CHARS).collect();
    let after = text.get(end..).unwrap_or_default().chars().take(CONTEXT_CHARS);
    let inside = text.get(start..end).unwrap_or_default().chars();
    let all: String = before
        .into_iter()
        .rev()
        .chain(inside)
        .chain(after)
        .filter(|c| !c.is_control() || c.is_whitespace())
        .collect();
    all.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The survey as a list for a person to change: `+` or `-`, kind and value with tabs between, and a comment. What the guard
/// lets through begins with `+`.
#[must_use]
pub fn review(survey: &Survey) -> String {
    let title = survey.title.as_deref().unwrap_or("a report").replace(['\n', '\r'], " ");
    let mut out = format!(
        "# {title}\n# Lines with + are shared, lines with - are not: change them, then give this file with --accept.\n"
    );
    for candidate in &survey.candidates {
        let mark = if candidate.is_held() { '-' } else { '+' };
        let why = candidate.hold.as_ref().map_or_else(String::new, |hold| format!(" [{}]", hold.rule));
        out.push_str(&format!(
            "{mark}\t{}\t{}\t# {}{why}: {}\n",
            candidate.value.kind(),
            candidate.value,
            candidate.place,
            candidate.context
        ));
    }
    out
}

/// What a person decided, read from a list such as [`review`] writes; with a finding for each line that can't be read or
/// whose value the report does not name.
#[must_use]
pub fn decisions(survey: &Survey, list: &str) -> (HashSet<Value>, Vec<Finding>) {
    let known: HashSet<&Value> = survey.candidates.iter().map(|candidate| &candidate.value).collect();
    let (mut accepted, mut decided, mut findings) = (HashSet::new(), HashSet::new(), Vec::new());
    for (at, line) in
        list.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
    {
        let path = format!("line {}", at + 1);
        let mut parts = line.split('\t').map(str::trim);
        let (mark, kind, value) = (parts.next(), parts.next(), parts.next());
        let kind = kind.and_then(|kind| kind.parse::<Kind>().ok());
        let value = kind.zip(value).and_then(|(kind, value)| watch::normalise(kind, value).ok());
        let (Some(mark @ ("+" | "-")), Some(value)) = (mark, value) else {
            let message = "a line is `+` or `-`, a kind and a value, with tabs between; it was passed over";
            findings.push(Finding::error("review-line", path, message));
            continue;
        };
        if !known.contains(&value) {
            let message = format!("the report does not name {value}; it was passed over");
            findings.push(Finding::error("review-unknown", path, message));
        } else if !decided.insert(value.clone()) {
            let message = format!("{value} stands in the list twice; the first line counts");
            findings.push(Finding::warning("review-repeated", path, message));
        } else if mark == "+" {
            accepted.insert(value);
        }
    }
    (accepted, findings)
}

/// STIX of what was accepted: indicators, vulnerabilities, autonomous systems, and a report that refers to them. Empty if
/// nothing was.
#[must_use]
pub fn objects(survey: &Survey, accepted: &HashSet<Value>, options: &Options) -> Batch {
    let mut batch = Batch::default();
    let mut on = |item| {
        match item {
            Item::Object(object) => batch.objects.push(*object),
            Item::Withdrawal(withdrawal) => batch.withdrawals.push(withdrawal),
            Item::Finding(finding) => batch.findings.push(finding),
        }
        ControlFlow::Continue(())
    };
    let mut sink = Sink { on: &mut on, summary: Summary::default(), stopped: false };
    let dates = Dates::of_file(options);
    let options = &Options { tlp: options.tlp.or(survey.tlp), ..options.clone() };
    let mut make = Maker { sink: &mut sink, options, format: "report", dates, tlp: None, by: None };
    let title = survey.title.as_deref().unwrap_or("Report");
    let (mut refs, mut references) = (Vec::new(), Vec::new());
    let chosen = survey.candidates.iter().filter(|candidate| accepted.contains(&candidate.value));
    for candidate in chosen {
        one(candidate, title, &mut make, &mut refs, &mut references);
    }
    if !refs.is_empty() {
        let id = make.id("report", &[&survey.key.to_string()]);
        if let Some(source) = &options.source {
            references.insert(0, json!({"source_name": source, "description": title}));
        }
        let properties = json!({
            "name": title,
            "report_types": ["threat-report"],
            "published": make.dates.created.to_string(),
            "object_refs": refs,
            "external_references": references,
        });
        make.object(&id, properties, "");
    }
    batch
}

fn one(
    candidate: &Candidate,
    title: &str,
    make: &mut Maker<'_, '_, '_>,
    refs: &mut Vec<String>,
    references: &mut Vec<serde_json::Value>,
) {
    let (value, path) = (&candidate.value, candidate.place.as_str());
    match value.kind() {
        Kind::Cve => {
            let id = make.id("vulnerability", &[value.text()]);
            let references: Vec<_> = cve_reference(value.text()).into_iter().collect();
            make.object(&id, json!({"name": value.text(), "external_references": references}), path);
            refs.push(id);
        }
        Kind::Asn => {
            let number: u32 = value.text().trim_start_matches("AS").parse().unwrap_or_default();
            refs.extend(make.observable("autonomous-system", json!({"number": number}), path));
        }
        Kind::Attack => {
            references.push(json!({"source_name": "mitre-attack", "external_id": value.text()}));
        }
        _ => {
            let said = Said {
                name: Some(title.to_owned()),
                description: Some(candidate.context.clone()),
                ..Said::default()
            };
            if indicator::hand_on(value, &said, make.options, path, make.sink) {
                let uuid = indicator::id(make.options.source.as_deref(), value);
                refs.extend(ObjectId::new("indicator", uuid).ok().map(|id| id.to_string()));
            }
        }
    }
}
