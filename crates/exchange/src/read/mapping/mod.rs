//! Tables and JSON Lines whose fields a mapping file names: for feeds that follow nobody's custom.
//!
//! The mapping, in TOML, says where in a row the values stand and what they are, where the dates, the mark and the rest,
//! and what counts where a row is silent. A row's values become indicators as those of a table with usual heads do, with
//! the same ids. What can't be read is a finding with the line, and the column or JSON path.

mod path;
mod rows;

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;
use stix::{Finding, Tlp};
use uuid::Uuid;
use watch::{Kind, guess, normalise};

use self::path::Path;
use super::indicator::{self, Said};
use super::time::lenient;
use super::unread::unread;
use super::{Options, Sink};

/// Longest mapping, in bytes.
pub const MAPPING_BYTES_MAX: usize = 1024 * 1024;
/// Most values that one row gives.
const VALUES_MAX: usize = 10_000;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Rows {
    Csv,
    Jsonl,
}

/// The mapping, as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    format: Rows,
    delimiter: Option<char>,
    comment: Option<char>,
    #[serde(default = "yes")]
    head: bool,
    #[serde(rename = "value")]
    values: Vec<WireValue>,
    #[serde(default)]
    fields: WireFields,
    #[serde(default)]
    types: BTreeMap<String, String>,
    #[serde(default)]
    defaults: WireDefaults,
}

const fn yes() -> bool {
    true
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireValue {
    from: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    type_from: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireFields {
    first_seen: Option<String>,
    valid_until: Option<String>,
    confidence: Option<String>,
    name: Option<String>,
    description: Option<String>,
    tlp: Option<String>,
    labels: Option<String>,
    reference: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireDefaults {
    confidence: Option<u8>,
    tlp: Option<String>,
    #[serde(default)]
    labels: Vec<String>,
    name: Option<String>,
    description: Option<String>,
    valid_days: Option<u32>,
}

/// Why a mapping can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MappingError {
    /// It is no TOML, or has keys that a mapping does not know; the message shows line and column.
    #[error("{0}")]
    Form(String),
    /// A value makes no sense.
    #[error("`{key}`: {message}")]
    Value {
        /// Where.
        key: String,
        /// What is wrong, and what would be right.
        message: String,
    },
    /// It is too long.
    #[error("longer than {MAPPING_BYTES_MAX} bytes")]
    TooLong,
}

/// Where a value stands, and what it is.
#[derive(Debug, Clone)]
struct Value {
    from: Path,
    kind: Option<Kind>,
    type_from: Option<Path>,
}

/// Which part of what a row says a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    FirstSeen,
    ValidUntil,
    Confidence,
    Name,
    Description,
    Tlp,
    Labels,
    Reference,
}

/// A mapping that was checked.
#[derive(Debug, Clone)]
pub struct Mapping {
    rows: Rows,
    delimiter: u8,
    comment: Option<u8>,
    head: bool,
    values: Vec<Value>,
    fields: Vec<(Field, Path)>,
    types: BTreeMap<String, Kind>,
    defaults: Said,
    valid_days: Option<u32>,
}

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// [`MappingError`], with line and column where there is one.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        if text.len() > MAPPING_BYTES_MAX {
            return Err(MappingError::TooLong);
        }
        let wire: Wire = toml::from_str(text).map_err(|error| MappingError::Form(error.to_string()))?;
        let bad = |key: String, message: String| MappingError::Value { key, message };
        let byte = |key: &str, letter: char| {
            u8::try_from(letter)
                .ok()
                .filter(u8::is_ascii)
                .ok_or_else(|| bad(key.to_owned(), format!("`{letter}` is no ASCII character")))
        };
        if wire.values.is_empty() {
            return Err(bad("value".to_owned(), "name at least one [[value]] with `from`".to_owned()));
        }
        let kind = |key: String, text: &str| {
            text.parse::<Kind>().map_err(|_| {
                let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
                bad(key, format!("`{text}` is no kind of value; use one of {}", known.join(", ")))
            })
        };
        let path = |key: String, text: &str| Path::parse(text).map_err(|message| bad(key, message));
        let mut values = Vec::new();
        for (at, value) in wire.values.iter().enumerate() {
            if value.kind.is_some() && value.type_from.is_some() {
                let message = "say either `type` or `type_from`".to_owned();
                return Err(bad(format!("value[{at}]"), message));
            }
            values.push(Value {
                from: path(format!("value[{at}].from"), &value.from)?,
                kind: value
                    .kind
                    .as_deref()
                    .map(|text| kind(format!("value[{at}].type"), text))
                    .transpose()?,
                type_from: value
                    .type_from
                    .as_deref()
                    .map(|text| path(format!("value[{at}].type_from"), text))
                    .transpose()?,
            });
        }
        let fields = &wire.fields;
        let named = [
            (Field::FirstSeen, "first_seen", &fields.first_seen),
            (Field::ValidUntil, "valid_until", &fields.valid_until),
            (Field::Confidence, "confidence", &fields.confidence),
            (Field::Name, "name", &fields.name),
            (Field::Description, "description", &fields.description),
            (Field::Tlp, "tlp", &fields.tlp),
            (Field::Labels, "labels", &fields.labels),
            (Field::Reference, "reference", &fields.reference),
        ];
        let mut found = Vec::new();
        for (field, name, text) in named {
            if let Some(text) = text {
                found.push((field, path(format!("fields.{name}"), text)?));
            }
        }
        let mut types = BTreeMap::new();
        for (word, text) in &wire.types {
            types.insert(word.to_lowercase(), kind(format!("types.{word}"), text)?);
        }
        let defaults = &wire.defaults;
        if let Some(confidence) = defaults.confidence.filter(|confidence| *confidence > 100) {
            return Err(bad("defaults.confidence".to_owned(), format!("{confidence} is over 100")));
        }
        let tlp = defaults.tlp.as_deref().map(|text| {
            text.parse::<Tlp>()
                .map_err(|_| bad("defaults.tlp".to_owned(), format!("`{text}` is no TLP label")))
        });
        Ok(Self {
            rows: wire.format,
            delimiter: wire.delimiter.map_or(Ok(b','), |letter| byte("delimiter", letter))?,
            comment: wire.comment.map(|letter| byte("comment", letter)).transpose()?,
            head: wire.head,
            values,
            fields: found,
            types,
            defaults: Said {
                confidence: defaults.confidence,
                tlp: tlp.transpose()?,
                labels: defaults.labels.clone(),
                name: defaults.name.clone(),
                description: defaults.description.clone(),
                ..Said::default()
            },
            valid_days: defaults.valid_days,
        })
    }
}

/// A row, of whatever format: what stands at a path, with the path's name for complaints.
trait Row {
    fn at(&self, path: &Path) -> Vec<String>;
}

pub(super) fn read(text: &str, mapping: &Mapping, options: &Options, sink: &mut Sink<'_>) {
    let mut reading = Reading { mapping, options, seen: HashSet::new() };
    match mapping.rows {
        Rows::Csv => rows::csv(text, mapping, &mut reading, sink),
        Rows::Jsonl => rows::jsonl(text, &mut reading, sink),
    }
}

struct Reading<'m> {
    mapping: &'m Mapping,
    options: &'m Options,
    seen: HashSet<Uuid>,
}

impl Reading<'_> {
    fn row(&mut self, row: &dyn Row, line: &str, sink: &mut Sink<'_>) {
        let mut said = self.mapping.defaults.clone();
        for (field, path) in &self.mapping.fields {
            for text in row.at(path) {
                take(&mut said, *field, &text, &format!("{line}, {path}"), sink);
            }
        }
        if let (None, Some(days)) = (said.valid_until, self.mapping.valid_days) {
            let from = said.first_seen.unwrap_or(self.options.as_of);
            let micros = from.micros().saturating_add(i64::from(days) * 86_400_000_000);
            said.valid_until = Some(stix::Timestamp::from_micros(micros));
        }
        let mut count = 0;
        for value in &self.mapping.values {
            let kinds: Vec<String> = value.type_from.as_ref().map(|path| row.at(path)).unwrap_or_default();
            for (at, text) in row.at(&value.from).iter().enumerate() {
                count += 1;
                if count > VALUES_MAX {
                    let message = format!("more than {VALUES_MAX} values in one row; the rest was left out");
                    sink.finding(Finding::error("row-too-large", line, message));
                    return;
                }
                let word = kinds.get(at).or_else(|| kinds.first());
                self.value(
                    value,
                    text,
                    word.map(String::as_str),
                    &said,
                    &format!("{line}, {}", value.from),
                    sink,
                );
            }
        }
        if count == 0 {
            let names: Vec<String> = self.mapping.values.iter().map(|value| value.from.to_string()).collect();
            let message = format!("the row has nothing at {}; it was skipped", names.join(", "));
            sink.finding(Finding::error("value-missing", line, message));
        }
    }

    fn value(
        &mut self,
        value: &Value,
        text: &str,
        word: Option<&str>,
        said: &Said,
        path: &str,
        sink: &mut Sink<'_>,
    ) {
        let shown: String = text.chars().take(80).collect();
        let named = word.map(|word| {
            let word = word.trim().to_lowercase();
            self.mapping.types.get(&word).copied().or_else(|| word.parse::<Kind>().ok()).ok_or(word)
        });
        let kind = match (value.kind, named) {
            (Some(kind), _) | (None, Some(Ok(kind))) => Some(kind),
            (None, None) => None,
            (None, Some(Err(word))) => {
                let message = format!("the type `{word}` is in no line of [types]; `{shown}` was skipped");
                sink.finding(Finding::error("type-unknown", path, message));
                return;
            }
        };
        let found = match kind {
            Some(Kind::Ipv4) => normalise(Kind::Ipv4, text).ok().or_else(|| normalise(Kind::Ipv6, text).ok()),
            Some(kind) => normalise(kind, text).ok(),
            None => guess(text),
        };
        let Some(found) = found else {
            let what = kind.map_or("value of a kind that is read", |kind| kind.as_str());
            sink.finding(Finding::error(
                "value-unread",
                path,
                format!("{}; it was skipped", unread(text, &format!("is no {what}"))),
            ));
            return;
        };
        if !self.seen.insert(indicator::id(self.options.source.as_deref(), &found)) {
            let message = format!("{found} stands in the file already; the first row counts");
            sink.finding(Finding::warning("value-repeated", path, message));
        } else if !indicator::hand_on(&found, said, self.options, path, sink) {
            let message = format!("{found} is of the kind {}, of which no indicator is made", found.kind());
            sink.finding(Finding::error("value-kind", path, message));
        }
    }
}

/// Takes what a field says; what can't be read is a finding.
fn take(said: &mut Said, field: Field, text: &str, path: &str, sink: &mut Sink<'_>) {
    let mut unread = |what: &str, then: &str| {
        let shown: String = text.chars().take(40).collect();
        sink.finding(Finding::warning("cell-unread", path, format!("`{shown}` is no {what}; {then}")));
    };
    const WITHOUT: &str = "the row is read without it";
    match field {
        Field::FirstSeen | Field::ValidUntil => match lenient(text) {
            Some(date) if field == Field::FirstSeen => said.first_seen = Some(date),
            Some(date) => said.valid_until = Some(date),
            None => unread("date", WITHOUT),
        },
        Field::Confidence => match super::csv::confidence(text) {
            Some(number) => said.confidence = Some(number),
            None => unread("confidence from 0 to 100", WITHOUT),
        },
        Field::Tlp => {
            said.tlp = Some(text.parse().unwrap_or_else(|_| {
                // An unread mark must not widen what it limits.
                unread("TLP mark", "the row counts as TLP:RED");
                Tlp::Red
            }));
        }
        Field::Name => said.name = Some(text.to_owned()),
        Field::Description => said.description = Some(text.to_owned()),
        Field::Labels => {
            let labels = text.split([',', ';']).map(str::trim).filter(|label| !label.is_empty());
            said.labels.extend(labels.map(str::to_owned));
        }
        Field::Reference => said.references.push(text.to_owned()),
    }
}
