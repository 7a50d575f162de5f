//! OpenIOC 1.0 and 1.1: each document becomes an indicator and a report.
//!
//! The tree of conditions becomes one STIX pattern; the metadata the indicator's name, description, labels, references and
//! dates; its author an identity. Ids depend on the document's id alone, so that a newer document gives a newer version. What
//! can't be said in STIX is a finding with its line.
//!
//! Source: Mandiant, OpenIOC 1.0 schema (ioc.xsd) and 1.1 (openioc.xsd).

mod pattern;
mod terms;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use stix::Finding;

use self::pattern::Reading;
use super::make::{Dates, Maker};
use super::time::lenient;
use super::xml::{self, Element};
use super::{Options, ReadError, Sink};

pub(super) fn read(text: &str, options: &Options, sink: &mut Sink<'_>) -> Result<(), ReadError> {
    let root = xml::parse(text.trim_start())?;
    match root.name.as_str() {
        "ioc" | "OpenIOC" => one(&root, options, sink),
        // Some tools write many documents into one file.
        _ if root.children.iter().any(|child| matches!(child.name.as_str(), "ioc" | "OpenIOC")) => {
            for child in &root.children {
                one(child, options, sink);
            }
        }
        other => {
            let message =
                format!("<{other}> is no OpenIOC document: those have <ioc> (1.0) or <OpenIOC> (1.1)");
            return Err(ReadError::Xml { line: root.line, column: 1, message });
        }
    }
    Ok(())
}

fn one(ioc: &Element, options: &Options, sink: &mut Sink<'_>) {
    if sink.stopped {
        return;
    }
    let path = format!("line {}", ioc.line);
    let is_new = ioc.name == "OpenIOC";
    let meta = if is_new { ioc.child("metadata") } else { Some(ioc) };
    let (Some(meta), Some(criteria)) = (meta, ioc.child(if is_new { "criteria" } else { "definition" }))
    else {
        let message = "the document has no metadata or no conditions; it was skipped";
        sink.finding(Finding::error("openioc-form", path, message));
        return;
    };
    let authored =
        lenient(meta.text_of("authored_date")).or_else(|| lenient(ioc.attribute("published-date")));
    let modified = lenient(ioc.attribute("last-modified")).or(authored);
    let dates = match (authored.or(modified), modified) {
        (Some(created), Some(modified)) => Dates::own(created, modified),
        _ => Dates::of_file(options),
    };
    let mut reading = Reading { findings: Vec::new(), items: 0, exact: Vec::new() };
    let parts: Vec<_> = criteria.all("Indicator").filter_map(|child| reading.indicator(child, 0)).collect();
    for finding in reading.findings {
        sink.finding(finding);
    }
    told_of_case(&reading.exact, sink);
    told_of_parameters(ioc, sink);
    let observations: Vec<String> = parts.iter().map(pattern::Part::observation).collect();
    let pattern = match observations.as_slice() {
        [one] => one.clone(),
        more => more.iter().map(|part| format!("({part})")).collect::<Vec<_>>().join(" OR "),
    };
    if let Err(error) = stix::pattern::parse(&pattern) {
        let message = format!(
            "nothing of the document can be said as a STIX pattern ({error}); nothing was made of it"
        );
        sink.finding(Finding::error("openioc-empty", path, message));
        return;
    }
    let mut make = Maker { sink, options, format: "openioc", dates, tlp: None, by: None };
    document(ioc, meta, &pattern, &path, &mut make);
}

/// Most places that one finding lists.
const PLACES_MAX: usize = 20;

/// Says which items mean their text in whatever case: what `=` compares in a pattern is exact (STIX 2.1, 9.6.1), and an
/// expression in its place would keep the value from those who look for it.
fn told_of_case(lines: &[usize], sink: &mut Sink<'_>) {
    let Some(first) = lines.first() else { return };
    let shown: Vec<String> = lines.iter().take(PLACES_MAX).map(usize::to_string).collect();
    let more = if lines.len() > PLACES_MAX { " …" } else { "" };
    let message = format!(
        "`preserve-case` is false for {} items compared by `is`, on lines {}{more}; the pattern compares them exactly",
        lines.len(),
        shown.join(", ")
    );
    sink.finding(Finding::warning("openioc-case", format!("line {first}"), message));
}

/// Says which parameters there are: what tools say of items beside the conditions has no place in a pattern.
fn told_of_parameters(ioc: &Element, sink: &mut Sink<'_>) {
    let Some(all) = ioc.child("parameters").filter(|all| !all.children.is_empty()) else { return };
    let names: BTreeSet<&str> = all.all("param").map(|param| param.attribute("name")).collect();
    let shown: Vec<&str> = names.iter().copied().take(PLACES_MAX).collect();
    let message = format!(
        "{} parameters of items ({}{}) have no counterpart in STIX; they were left out",
        all.children.len(),
        shown.join(", "),
        if names.len() > PLACES_MAX { " …" } else { "" }
    );
    sink.finding(Finding::warning("openioc-parameters", format!("line {}", all.line), message));
}

fn document(ioc: &Element, meta: &Element, pattern: &str, path: &str, make: &mut Maker<'_, '_, '_>) {
    let name = meta.text_of("short_description");
    let given = ioc.attribute("id");
    // Without an id, the content names the document.
    let key = if given.is_empty() { format!("{name}\n{pattern}") } else { given.to_ascii_lowercase() };
    let author = meta.text_of("authored_by");
    let mut refs = Vec::new();
    if !author.is_empty() {
        let id = make.id("identity", &[author]);
        make.constant(&id, json!({"name": author, "identity_class": "unspecified"}), path);
        refs.push(id.clone());
        make.by = Some(id);
    }
    let labels: Vec<&str> =
        meta.text_of("keywords").split([',', ';', ' ']).filter(|word| !word.is_empty()).collect();
    let references = references(given, meta);
    let indicator = make.id("indicator", &[&key]);
    let name = if name.is_empty() { "OpenIOC indicator" } else { name };
    let properties = json!({
        "name": name,
        "description": meta.text_of("description"),
        "indicator_types": ["malicious-activity"],
        "pattern": pattern,
        "pattern_type": "stix",
        "pattern_version": "2.1",
        "valid_from": make.dates.created.to_string(),
        "labels": labels,
        "external_references": references,
    });
    make.object(&indicator, properties, path);
    refs.push(indicator);
    let report = make.id("report", &[&key]);
    let properties = json!({
        "name": name,
        "description": meta.text_of("description"),
        "report_types": ["indicator"],
        "published": make.dates.created.to_string(),
        "object_refs": refs,
        "labels": labels,
        "external_references": references,
    });
    make.object(&report, properties, path);
}

/// The document's id and its links: `rel` says what a link is, `href` or its text where it leads.
fn references(id: &str, meta: &Element) -> Vec<Value> {
    let mut found = Vec::new();
    if !id.is_empty() {
        found.push(json!({"source_name": "openioc", "external_id": id}));
    }
    for link in meta.child("links").into_iter().flat_map(|links| links.all("link")) {
        let rel = if link.attribute("rel").is_empty() { "link" } else { link.attribute("rel") };
        let url =
            [link.attribute("href"), link.text.as_str()].into_iter().find(|text| text.starts_with("http"));
        let mut reference = json!({"source_name": rel});
        if let Some(url) = url {
            reference["url"] = json!(url);
        }
        if !link.text.is_empty() && url != Some(link.text.as_str()) {
            reference["description"] = json!(link.text);
        }
        if reference.as_object().is_some_and(|members| members.len() > 1) {
            found.push(reference);
        }
    }
    found
}
