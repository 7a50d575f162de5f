//! Tables of indicators: whatever the delimiter, the columns' order and their names.
//!
//! The head names the columns in any of the words that feeds use; without a head, the columns are told by what stands
//! in them. One row can hold several values (an MD5 and a SHA-256), each its own indicator. A row that can't be
//! read is a finding with its line number; columns that say nothing here are named once.
//!
//! Source: RFC 4180, and the exports of ThreatFox, Feodo Tracker and MISP.

use std::collections::HashSet;

use csv::{ReaderBuilder, StringRecord, Trim};
use stix::{Finding, Tlp};
use watch::{Kind, Value, guess, normalise};

use super::indicator::{self, Said};
use super::time::lenient;
use super::unread::unread;
use super::{Options, ReadError, Sink};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Value(Option<Kind>),
    Type,
    FirstSeen,
    ValidUntil,
    Confidence,
    Name,
    Description,
    Tlp,
    Labels,
    Reference,
    /// Known and not carried: it would not change what a device does.
    Known,
    Unknown,
}

/// How a table is laid out.
#[derive(Debug)]
pub(super) struct Layout {
    delimiter: u8,
    head: Vec<String>,
    kinds: Vec<Column>,
    pub(super) columns: usize,
    pub(super) has_header: bool,
    /// The head stands in a comment (ThreatFox), so the first row is data.
    head_in_comment: bool,
}

pub(super) fn read(text: &str, options: &Options, sink: &mut Sink<'_>) -> Result<(), ReadError> {
    let layout = Layout::of(text).ok_or(ReadError::NoValueColumn)?;
    for (name, kind) in layout.head.iter().zip(&layout.kinds) {
        if layout.has_header && *kind == Column::Unknown {
            let message = format!("the column `{name}` is not carried over");
            sink.finding(Finding::warning("column-unknown", "head", message));
        }
    }
    let mut rows = reader(layout.delimiter).from_reader(text.as_bytes());
    let mut table = Table { layout: &layout, options, seen: HashSet::new() };
    let mut row = StringRecord::new();
    let mut skip_head = layout.has_header && !layout.head_in_comment;
    while !sink.stopped {
        match rows.read_record(&mut row) {
            Ok(false) => break,
            Ok(true) if std::mem::take(&mut skip_head) => {}
            Ok(true) if row.iter().all(str::is_empty) => {}
            Ok(true) => {
                let line = row.position().map_or(0, csv::Position::line);
                table.row(&row, &format!("line {line}"), sink);
            }
            Err(error) => sink.finding(Finding::error("row-unread", "", error.to_string())),
        }
    }
    Ok(())
}

fn reader(delimiter: u8) -> ReaderBuilder {
    let mut builder = ReaderBuilder::new();
    builder.delimiter(delimiter).has_headers(false).flexible(true).comment(Some(b'#')).trim(Trim::All);
    builder
}

/// The delimiter that stands in most lines equally often; `None` if there is but one column.
pub(super) fn delimiter(text: &str) -> Option<u8> {
    let lines: Vec<&str> =
        text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')).take(20).collect();
    let score = |delimiter: u8| {
        let counts: Vec<usize> = lines.iter().map(|line| outside_quotes(line, delimiter)).collect();
        let first = counts.first().copied().unwrap_or(0);
        let same = counts.iter().filter(|count| **count == first).count();
        if first == 0 { 0 } else { same * 100 + first.min(99) }
    };
    b",;\t|"
        .iter()
        .copied()
        .map(|delimiter| (score(delimiter), delimiter))
        .max_by_key(|(score, _)| *score)
        .filter(|(score, _)| *score > 0)
        .map(|(_, delimiter)| delimiter)
}

fn outside_quotes(line: &str, delimiter: u8) -> usize {
    let mut quoted = false;
    line.bytes()
        .filter(|b| {
            quoted ^= *b == b'"';
            !quoted && *b == delimiter
        })
        .count()
}

impl Layout {
    /// The layout of a table; `None` if no column holds values.
    pub(super) fn of(text: &str) -> Option<Self> {
        let delimiter = delimiter(text).unwrap_or(b',');
        let mut rows = reader(delimiter).from_reader(text.as_bytes());
        let mut first = StringRecord::new();
        rows.read_record(&mut first).ok().filter(|found| *found)?;
        let named = |head: &[String]| head.iter().map(|name| column(name)).collect::<Vec<_>>();
        let head: Vec<String> = first.iter().map(str::to_owned).collect();
        let in_comment = comment_head(text, delimiter, head.len());
        let heads = [Some((head, false)), in_comment.map(|head| (head, true))];
        for (head, head_in_comment) in heads.into_iter().flatten() {
            let kinds = named(&head);
            if kinds.iter().any(|kind| matches!(kind, Column::Value(_))) {
                let columns = head.len();
                return Some(Self { delimiter, head, kinds, columns, has_header: true, head_in_comment });
            }
        }
        Self::without_head(delimiter, &first)
    }

    /// No head: the first column with a value is the value, the first with a date its date.
    fn without_head(delimiter: u8, first: &StringRecord) -> Option<Self> {
        let mut kinds: Vec<Column> = first.iter().map(|_| Column::Known).collect();
        let value = first.iter().position(|cell| guess(cell).is_some())?;
        kinds[value] = Column::Value(None);
        if let Some(date) = first.iter().position(|cell| cell.len() >= 10 && lenient(cell).is_some()) {
            kinds[date] = Column::FirstSeen;
        }
        if let Some(kind) = first.iter().position(|cell| named_kind(cell).is_some()) {
            kinds[kind] = Column::Type;
        }
        let columns = kinds.len();
        let head = vec![String::new(); columns];
        Some(Self { delimiter, head, kinds, columns, has_header: false, head_in_comment: false })
    }
}

/// The head in the last comment before the rows, as ThreatFox writes it.
fn comment_head(text: &str, delimiter: u8, columns: usize) -> Option<Vec<String>> {
    let line = text.lines().take_while(|line| line.starts_with('#')).filter(|line| line.len() > 2).last()?;
    let line = line.trim_start_matches('#').trim();
    let mut row = StringRecord::new();
    reader(delimiter).from_reader(line.as_bytes()).read_record(&mut row).ok().filter(|found| *found)?;
    (row.len() == columns).then(|| row.iter().map(str::to_owned).collect())
}

/// What a column of this name holds.
fn column(name: &str) -> Column {
    let word: String =
        name.trim().to_ascii_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    let word = word.trim_matches('_').trim_end_matches("_utc");
    match word {
        "value" | "indicator" | "indicators" | "ioc" | "iocs" | "ioc_value" | "indicator_value"
        | "observable" | "observable_value" | "artifact" | "address" | "hash" | "file_hash" | "host"
        | "dst" | "destination" | "지표" => Column::Value(None),
        "ip" | "ips" | "ip_address" | "ipv4" | "ipv6" | "dst_ip" | "src_ip" | "dest_ip"
        | "destination_ip" | "source_ip" | "ip_dst" | "ip_src" => Column::Value(Some(Kind::Ipv4)),
        "domain" | "domains" | "domain_name" | "hostname" | "fqdn" => Column::Value(Some(Kind::Domain)),
        "url" | "urls" | "uri" => Column::Value(Some(Kind::Url)),
        "md5" | "md5_hash" | "hash_md5" => Column::Value(Some(Kind::Md5)),
        "sha1" | "sha_1" | "sha1_hash" | "hash_sha1" => Column::Value(Some(Kind::Sha1)),
        "sha256" | "sha_256" | "sha256_hash" | "hash_sha256" => Column::Value(Some(Kind::Sha256)),
        "sha512" | "sha_512" | "sha512_hash" => Column::Value(Some(Kind::Sha512)),
        "email" | "e_mail" | "email_address" | "mail" => Column::Value(Some(Kind::Email)),
        "wallet" | "wallet_address" | "crypto_address" | "btc" | "xmr" | "eth" => {
            Column::Value(Some(Kind::Wallet))
        }
        "type" | "ioc_type" | "indicator_type" | "kind" | "attribute_type" | "observable_type" => {
            Column::Type
        }
        "first_seen" | "firstseen" | "valid_from" | "date" | "time" | "timestamp" | "date_added"
        | "dateadded" | "created" | "created_at" | "datetime" | "seen" => Column::FirstSeen,
        "valid_until" | "expires" | "expires_at" | "expiration" | "expiry" | "expire_date" => {
            Column::ValidUntil
        }
        "confidence" | "confidence_level" | "score" => Column::Confidence,
        "name" | "title" | "malware" | "malware_printable" | "family" | "malware_family" | "threat_name"
        | "signature" | "actor" | "threat_actor" | "app" | "campaign" => Column::Name,
        "description" | "comment" | "comments" | "note" | "notes" | "context" | "details" | "threat" => {
            Column::Description
        }
        "tlp" | "marking" | "tlp_marking" => Column::Tlp,
        "tags" | "tag" | "labels" | "label" => Column::Labels,
        "reference" | "references" | "link" | "source_url" => Column::Reference,
        "last_seen" | "lastseen" | "last_online" | "port" | "dst_port" | "src_port" | "c2_status"
        | "status" | "id" | "ioc_id" | "uuid" | "threat_type" | "fk_malware" | "malware_alias"
        | "anonymous" | "reporter" | "source" => Column::Known,
        _ => Column::Unknown,
    }
}

/// The kind that a cell of a `type` column names.
fn named_kind(cell: &str) -> Option<Kind> {
    let word: String = cell.trim().to_ascii_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    Some(match word.as_str() {
        "domain" | "hostname" | "fqdn" | "domainname" | "host" => Kind::Domain,
        "url" | "uri" => Kind::Url,
        "ip" | "ipv4" | "ipport" | "ipaddress" | "ipv4addr" | "ipdst" | "ipsrc" | "cidr" => Kind::Ipv4,
        "ipv6" | "ipv6addr" => Kind::Ipv6,
        "md5" | "md5hash" | "filehashmd5" => Kind::Md5,
        "sha1" | "sha1hash" | "filehashsha1" => Kind::Sha1,
        "sha256" | "sha256hash" | "filehashsha256" => Kind::Sha256,
        "sha512" | "sha512hash" => Kind::Sha512,
        "email" | "emailaddr" | "emailaddress" | "emailsrc" | "emaildst" => Kind::Email,
        "wallet" | "btc" | "xmr" | "eth" | "trx" | "cryptocurrencywallet" | "cryptocurrency" => Kind::Wallet,
        _ => return None,
    })
}

struct Table<'t> {
    layout: &'t Layout,
    options: &'t Options,
    seen: HashSet<uuid::Uuid>,
}

impl Table<'_> {
    fn row(&mut self, row: &StringRecord, path: &str, sink: &mut Sink<'_>) {
        let mut said = Said::default();
        let mut hint = None;
        let mut cells = Vec::new();
        for (cell, kind) in row.iter().zip(&self.layout.kinds) {
            match kind {
                _ if cell.is_empty() => {}
                Column::Value(kind) => cells.push((cell, *kind)),
                Column::Type => hint = named_kind(cell),
                other => said.take(*other, cell, path, sink),
            }
        }
        if cells.is_empty() {
            sink.finding(Finding::error("value-missing", path, "the row has no value; it was skipped"));
        }
        for (cell, column_kind) in cells {
            match read_value(cell, column_kind.or(hint)) {
                Some(value) => self.value(&value, &said, path, sink),
                None => {
                    let message =
                        format!("{}; it was skipped", unread(cell, "is no value of a kind that is read"));
                    sink.finding(Finding::error("value-unread", path, message));
                }
            }
        }
    }

    fn value(&mut self, value: &Value, said: &Said, path: &str, sink: &mut Sink<'_>) {
        if !self.seen.insert(indicator::id(self.options.source.as_deref(), value)) {
            let message = format!("{value} stands in the table already; the first row counts");
            sink.finding(Finding::warning("value-repeated", path, message));
        } else if !indicator::hand_on(value, said, self.options, path, sink) {
            let message = format!("{value} is of the kind {}, of which no indicator is made", value.kind());
            sink.finding(Finding::error("value-kind", path, message));
        }
    }
}

fn read_value(cell: &str, kind: Option<Kind>) -> Option<Value> {
    kind.and_then(|kind| normalise(kind, cell).ok()).or_else(|| guess(cell))
}

impl Said {
    /// Takes what a cell says; what can't be read is a finding and said to be missing.
    fn take(&mut self, column: Column, cell: &str, path: &str, sink: &mut Sink<'_>) {
        let mut note = |what: &str, then: &str| {
            let shown: String = cell.chars().take(40).collect();
            sink.finding(Finding::warning("cell-unread", path, format!("`{shown}` is no {what}; {then}")));
        };
        let mut unread = |what: &str| note(what, "the row is read without it");
        match column {
            Column::FirstSeen => set(&mut self.first_seen, lenient(cell), || unread("date")),
            Column::ValidUntil => set(&mut self.valid_until, lenient(cell), || unread("date")),
            Column::Confidence => {
                set(&mut self.confidence, confidence(cell), || unread("confidence from 0 to 100"))
            }
            Column::Tlp => match cell.parse::<Tlp>() {
                Ok(tlp) => self.tlp = Some(tlp),
                Err(_) => {
                    // An unread mark must not widen what it limits.
                    self.tlp = Some(Tlp::Red);
                    note("TLP mark", "the row counts as TLP:RED");
                }
            },
            Column::Name => {
                let name = self.name.take();
                self.name = Some(name.map_or_else(|| cell.to_owned(), |name| format!("{name}, {cell}")));
            }
            Column::Description => self.description = Some(cell.to_owned()),
            Column::Labels => {
                self.labels.extend(
                    cell.split([',', ';'])
                        .map(str::trim)
                        .filter(|label| !label.is_empty())
                        .map(str::to_owned),
                );
            }
            Column::Reference => self.references.push(cell.to_owned()),
            Column::Value(_) | Column::Type | Column::Known | Column::Unknown => {}
        }
    }
}

fn set<T>(place: &mut Option<T>, read: Option<T>, unread: impl FnOnce()) {
    match read {
        Some(value) => *place = Some(value),
        None => unread(),
    }
}

/// A number from 0 to 100, or a word of the None-Low-Med-High scale. Source: STIX 2.1, appendix A.
pub(super) fn confidence(cell: &str) -> Option<u8> {
    let word = cell.trim().trim_end_matches('%').trim().to_ascii_lowercase();
    match word.as_str() {
        "none" => Some(0),
        "low" => Some(15),
        "med" | "medium" | "moderate" => Some(50),
        "high" => Some(85),
        "confirmed" | "very high" => Some(95),
        number => number.parse::<f64>().ok().filter(|number| (0.0..=100.0).contains(number)).map(rounded),
    }
}

fn rounded(number: f64) -> u8 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be 0 to 100")]
    let whole = number.round() as u8;
    whole
}
