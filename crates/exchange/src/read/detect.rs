//! Which format a file has, from its name and its first bytes.

use watch::guess;

use super::csv::{self, Layout};
use super::{Format, report, text};

/// How many lines are looked at.
const LINES_MAX: usize = 40;
/// So many words in a line make a sentence; a list's lines have a value, a host or two, a short note.
const SENTENCE_WORDS: usize = 6;

/// The format of a file whose first bytes (at best [`DETECT_BYTES`](super::DETECT_BYTES) of them, unpacked) are
/// `start`. The content decides; the name only between a table and a list. Never fails: what is nothing else
/// is a list, or a report if it is sentences or some other markup.
#[must_use]
pub fn detect(name: &str, start: &[u8]) -> Format {
    let start = unpacked(start);
    if report::is_pdf(&start) {
        return Format::Report;
    }
    let whole_chars = start.len() - start.len() % 2;
    let text = text::decode(start[..whole_chars].to_vec())
        .or_else(|_| text::decode(start.to_vec()))
        .unwrap_or_else(|_| String::from_utf8_lossy(&start).into_owned());
    let body = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    if body.starts_with('{') || body.starts_with("[{") || body.starts_with('[') && json_list(body) {
        return json(body);
    }
    if body.starts_with('<') && body.contains("<sdnList") || is_sdn_table(body) {
        return Format::Ofac;
    }
    if report::is_html(body) {
        return Format::Report;
    }
    let openioc = ["<OpenIOC", "<ioc ", "<ioc>", ":OpenIOC", ":ioc "];
    if body.starts_with('<') && openioc.iter().any(|start| body.contains(start)) {
        return Format::OpenIoc;
    }
    let lower = name.to_ascii_lowercase();
    let lower = lower.strip_suffix(".gz").unwrap_or(&lower);
    let table_name = lower.ends_with(".csv") || lower.ends_with(".tsv");
    let lines: Vec<&str> = body.lines().filter(|line| !line.trim().is_empty()).take(LINES_MAX).collect();
    let layout = Layout::of(body);
    let is_table =
        layout.as_ref().is_some_and(|layout| layout.has_header && (layout.columns > 1 || table_name));
    let first_values =
        lines.iter().filter(|line| guess(line.split('#').next().unwrap_or(line)).is_some()).count();
    if is_table || table_name && first_values * 2 <= lines.len() && csv::delimiter(body).is_some() {
        return Format::Csv;
    }
    match () {
        () if table_name => Format::Csv,
        () if body.starts_with('<') || is_prose(&lines) => Format::Report,
        () => Format::Plain,
    }
}

/// Whether most lines are sentences: of a report, nothing counts until someone has confirmed it. A value with a long remark
/// behind it is none.
fn is_prose(lines: &[&str]) -> bool {
    let is_remark = |line: &&&str| line.trim_start().starts_with(['#', ';', '!', '/']);
    let is_sentence = |line: &str| {
        let mut words = line.split_whitespace();
        words.clone().count() >= SENTENCE_WORDS && words.next().is_some_and(|first| guess(first).is_none())
    };
    let counts: Vec<bool> =
        lines.iter().filter(|line| !is_remark(line)).map(|line| is_sentence(line)).collect();
    counts.iter().filter(|is_sentence| **is_sentence).count() * 2 > counts.len()
}

/// The first bytes of what is packed.
fn unpacked(start: &[u8]) -> Vec<u8> {
    use std::io::Read;
    if !start.starts_with(&[0x1f, 0x8b]) {
        return start.to_vec();
    }
    let mut plain = vec![0; super::DETECT_BYTES];
    let mut filled = 0;
    let mut source = flate2::read::GzDecoder::new(start);
    // The packed bytes are cut off somewhere: what came out before that is what there is to see.
    while let Ok(count @ 1..) = source.read(&mut plain[filled..]) {
        filled += count;
    }
    plain.truncate(filled);
    plain
}

/// `[` begins a JSON list unless it begins a defanged word.
fn json_list(body: &str) -> bool {
    body[1..].trim_start().starts_with(['{', ']'])
}

/// OFAC's main table: twelve columns, a number first, `-0-` for nothing.
fn is_sdn_table(body: &str) -> bool {
    let rows: Vec<&str> = body.lines().take(LINES_MAX).collect();
    let is_row = |row: &&&str| {
        let number = row.split(',').next().unwrap_or_default();
        !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) && row.matches("-0-").count() >= 5
    };
    rows.len() > 1 && rows.iter().filter(is_row).count() * 2 > rows.len()
}

fn json(body: &str) -> Format {
    let has = |key: &str| body.contains(key);
    if has("\"ent_num\"") && has("\"program\"") {
        return Format::Ofac;
    }
    let first = body.lines().next().unwrap_or_default();
    if ["\"id\"", "\"schema\"", "\"properties\""].iter().all(|key| first.contains(key))
        && !has("\"spec_version\"")
    {
        return Format::OpenSanctions;
    }
    if has("\"cacao-2.0\"") || has("\"workflow_start\"") {
        return Format::Cacao;
    }
    if has("\"csaf_version\"") {
        return Format::Csaf;
    }
    let stix = has("\"spec_version\"") || has("\"bundle\"") || has("\"objects\"") && has("--");
    let misp = has("\"Event\"") || has("\"Attribute\"") || has("\"Object\"") || has("\"threat_level_id\"");
    if misp && !(stix && body.find("\"Event\"").is_none()) { Format::Misp } else { Format::Stix }
}
