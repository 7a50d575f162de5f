//! CSAF 2.0: security advisories, validated by the standard's own tests and made into STIX.
//!
//! A document that fails a mandatory test is refused, with a finding for each test that fails; optional tests give
//! warnings. What passes becomes a report that refers to the publisher's identity, a vulnerability for each entry, a
//! `software` observable for each product, and a course of action for each remediation. The whole document stays in
//! an extension of the report, so that scores, acknowledgements and the product tree's shape are not lost.
//!
//! Source: OASIS, Common Security Advisory Framework Version 2.0, sections 3 and 6.

mod check;
mod cvss;
mod optional;
mod profile;
mod terms;
mod versions;

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use stix::{Finding, Tlp};

use self::check::{Product, Tree, items, text};
use super::make::{Dates, Maker, cve_reference};
use super::time::lenient;
use super::{Options, ReadError, Sink, limit};

/// Most objects that one document makes.
const OBJECTS_MAX: usize = 1_000_000;
/// Most objects that the report is made to name: a few fewer than an object may refer to.
const MEMBERS_MAX: usize = stix::head::REFERENCES_MAX - 1_000;
/// The extension that holds a document whole.
const EXTENSION: &str = "extension-definition--5b1f8f6e-6f0c-4a39-9c51-1d3e50c1b7c4";
/// Since when the extension is defined.
const EXTENSION_DATE: &str = "2026-11-24T00:00:00.000Z";

pub(super) fn read(source: &str, options: &Options, sink: &mut Sink<'_>) -> Result<(), ReadError> {
    limit::json(source.as_bytes())?;
    let document: Value =
        serde_json::from_str(source).map_err(|error| ReadError::Json { format: "CSAF", error })?;
    let faults = check::check(&document);
    let valid = faults.findings.iter().all(|finding| finding.severity < stix::Severity::Error);
    for finding in faults.findings {
        sink.finding(finding);
    }
    if !valid {
        let message = "the document fails mandatory tests and is no valid CSAF; nothing was made of it";
        sink.finding(Finding::error("csaf-invalid", "", message));
        return Ok(());
    }
    let tree = Tree::of(&document);
    let Some(mut making) = Making::new(&document, options, sink) else { return Ok(()) };
    making.publisher();
    making.products(&tree);
    for at in 0..items(&document["vulnerabilities"]).len() {
        if making.make.sink.stopped {
            break;
        }
        making.vulnerability(at, &tree);
    }
    making.beyond();
    making.report();
    Ok(())
}

struct Making<'d, 'm, 's, 'o> {
    document: &'d Value,
    make: Maker<'m, 's, 'o>,
    namespace: &'d str,
    tracking_id: &'d str,
    /// Observables by product id.
    software: HashMap<&'d str, String>,
    refs: Vec<String>,
    known: HashSet<String>,
    /// How many vulnerabilities there are of one name and the same ids, by the id of the first.
    of_one_name: HashMap<String, usize>,
    /// How many objects were not made because they are too many, and for which vulnerability first.
    left_out: usize,
    left_out_from: Option<String>,
}

impl<'d, 'm, 's, 'o> Making<'d, 'm, 's, 'o> {
    fn new(document: &'d Value, options: &'o Options, sink: &'m mut Sink<'s>) -> Option<Self> {
        let head = &document["document"];
        let date = |name: &str| lenient(text(&head["tracking"][name]));
        let dates = Dates::own(date("initial_release_date")?, date("current_release_date")?);
        let label = head["distribution"]["tlp"]["label"].as_str();
        let tlp = label.map(|label| label.parse::<Tlp>().unwrap_or(Tlp::Red));
        let make = Maker { sink, options, format: "csaf", dates, tlp, by: None };
        Some(Self {
            document,
            make,
            namespace: text(&head["publisher"]["namespace"]),
            tracking_id: text(&head["tracking"]["id"]),
            software: HashMap::new(),
            refs: Vec::new(),
            known: HashSet::new(),
            of_one_name: HashMap::new(),
            left_out: 0,
            left_out_from: None,
        })
    }

    /// Whether an object is to be made: it is new in this document, and there are not too many yet.
    fn note(&mut self, id: &str, path: &str) -> bool {
        if self.known.contains(id) {
            return false;
        }
        if self.known.len() >= OBJECTS_MAX {
            self.left_out += 1;
            self.left_out_from.get_or_insert_with(|| path.to_owned());
            return false;
        }
        self.known.insert(id.to_owned());
        self.refs.push(id.to_owned());
        true
    }

    /// Says what is left out of the objects, and of what the report names.
    fn beyond(&mut self) {
        if let Some(path) = self.left_out_from.take() {
            let message = format!(
                "one document makes {OBJECTS_MAX} objects at most; {} from here on were not made",
                self.left_out
            );
            self.make.sink.finding(Finding::error("csaf-objects", path, message));
        }
        if self.refs.len() > MEMBERS_MAX {
            let message = format!(
                "a report can name {MEMBERS_MAX} objects; it does not name the other {}, which are there all the same",
                self.refs.len() - MEMBERS_MAX
            );
            self.make.sink.finding(Finding::warning("csaf-members", "document", message));
            self.refs.truncate(MEMBERS_MAX);
        }
    }

    /// The document's language, unless the tag says nothing to those who have not agreed on it.
    fn language(&self) -> Option<&'d str> {
        let tag = self.document["document"]["lang"].as_str()?;
        (tag != "i-default" && !terms::is_private_use(tag)).then_some(tag)
    }

    fn publisher(&mut self) {
        let publisher = &self.document["document"]["publisher"];
        let name = text(&publisher["name"]);
        let id = self.make.id("identity", &[self.namespace, name]);
        // The same publisher stands in each of its documents, whatever their dates and marks.
        let properties = json!({
            "name": name,
            "identity_class": "organization",
            "roles": [publisher["category"]],
            "contact_information": publisher["contact_details"],
            "external_references": [{"source_name": "csaf", "url": self.namespace}],
        });
        self.make.constant(&id, properties, "document.publisher");
        self.refs.push(id.clone());
        self.make.by = Some(id);
    }

    fn products(&mut self, tree: &Tree<'d>) {
        for product in &tree.products {
            let Some(id) = self.product(product) else {
                let message = format!("of the product {} no software was made", product.id);
                self.make.sink.finding(Finding::error("csaf-product", product.path.clone(), message));
                continue;
            };
            self.software.insert(product.id, id);
        }
    }

    fn product(&mut self, product: &Product<'d>) -> Option<String> {
        let helper = &product.full["product_identification_helper"];
        let [vendor, _, version] = product.branch;
        let cpe = helper["cpe"].as_str().filter(|cpe| cpe.starts_with("cpe:2.3:"));
        let properties = json!({
            "name": product.full["name"], "cpe": cpe, "vendor": vendor, "version": version,
        });
        let mut named = properties.as_object()?.clone();
        named.insert("type".to_owned(), json!("software"));
        named.retain(|_, value| value.as_str().is_some_and(|text| !text.is_empty()));
        let id = stix::observable_id(&named)?.to_string();
        if self.note(&id, &product.path) {
            self.make.observable_as(&id, properties, &product.path);
        }
        Some(id)
    }

    fn vulnerability(&mut self, at: usize, tree: &Tree<'d>) {
        let document = self.document;
        let vulnerability = &document["vulnerabilities"][at];
        let path = format!("vulnerabilities[{at}]");
        let cve = vulnerability["cve"].as_str();
        let first_id = items(&vulnerability["ids"]).first().map(|id| text(&id["text"]));
        let title = vulnerability["title"].as_str();
        let place = format!("{at}");
        let key = cve.or(first_id).or(title).unwrap_or(&place);
        let id = self.vulnerability_id(key, items(&vulnerability["ids"]));
        let mut references: Vec<Value> = cve.and_then(cve_reference).into_iter().collect();
        for other in items(&vulnerability["ids"]) {
            // A CVE ID has one source name, whatever the system that gave it is called (STIX 2.1, 4.19.1).
            references.push(cve_reference(text(&other["text"])).unwrap_or_else(
                || json!({"source_name": other["system_name"], "external_id": other["text"]}),
            ));
        }
        if let Some(cwe) = vulnerability["cwe"]["id"].as_str() {
            references.push(json!({
                "source_name": "cwe", "external_id": cwe, "description": vulnerability["cwe"]["name"],
            }));
        }
        references.extend(links(&vulnerability["references"]));
        let properties = json!({
            "name": cve.or(title).or(first_id).unwrap_or(self.tracking_id),
            "description": notes(&vulnerability["notes"], title.filter(|_| cve.is_some())),
            "external_references": references,
            "lang": self.language(),
        });
        if self.note(&id, &path) {
            self.make.object(&id, properties, &path);
        }
        self.status(vulnerability, &id, &path);
        self.remediations(vulnerability, &id, tree, &path);
    }

    /// The id of a vulnerability with a name. Where others have the name too, all its ids tell them apart, or how many there
    /// were before it.
    fn vulnerability_id(&mut self, key: &str, ids: &[Value]) -> String {
        let mut names = vec![self.namespace, self.tracking_id, key];
        let first = self.make.id("vulnerability", &names);
        if !self.known.contains(&first) {
            return first;
        }
        names.extend(ids.iter().map(|id| text(&id["text"])));
        let by_ids = self.make.id("vulnerability", &names);
        if !self.known.contains(&by_ids) {
            return by_ids;
        }
        let count = self.of_one_name.entry(by_ids).or_insert(1);
        loop {
            *count += 1;
            let number = count.to_string();
            let id = self.make.id("vulnerability", &[&names[..], &[&number]].concat());
            if !self.known.contains(&id) {
                return id;
            }
        }
    }

    /// What the document says of each product: a relationship from the software to the vulnerability.
    fn status(&mut self, vulnerability: &'d Value, id: &str, path: &str) {
        let mut said: Vec<(&str, Vec<&str>)> = Vec::new();
        let mut place: HashMap<&str, usize> = HashMap::new();
        for (status, products) in vulnerability["product_status"].as_object().into_iter().flatten() {
            for product in items(products).iter().map(text) {
                let Some(software) = self.software.get(product) else { continue };
                let at = *place.entry(software.as_str()).or_insert_with(|| {
                    said.push((product, Vec::new()));
                    said.len() - 1
                });
                if let Some((_, list)) =
                    said.get_mut(at).filter(|(_, list)| list.last() != Some(&status.as_str()))
                {
                    list.push(status);
                }
            }
        }
        for (product, statuses) in said {
            let Some(software) = self.software.get(product).cloned() else { continue };
            let statuses = statuses.join(", ").replace('_', " ");
            self.link(&software, "related-to", id, Some(&statuses), &format!("{path}.product_status"));
        }
    }

    fn remediations(&mut self, vulnerability: &'d Value, id: &str, tree: &Tree<'d>, path: &str) {
        for (at, remedy) in items(&vulnerability["remediations"]).iter().enumerate() {
            let (category, details) = (text(&remedy["category"]), text(&remedy["details"]));
            let (path, url) = (format!("{path}.remediations[{at}]"), text(&remedy["url"]));
            let action =
                self.make.id("course-of-action", &[self.namespace, self.tracking_id, category, details, url]);
            if self.note(&action, &path) {
                let first = details.lines().next().unwrap_or_default();
                let name: String = first.chars().take(120).collect();
                let reference = json!({"source_name": "csaf", "url": remedy["url"]});
                let properties = json!({
                    "name": format!("{}: {name}", category.replace('_', " ")),
                    "description": details,
                    "external_references": if url.is_empty() { json!([]) } else { json!([reference]) },
                });
                self.make.object(&action, properties, &path);
            }
            self.link(&action, "mitigates", id, None, &path);
            let mut products: Vec<&str> = tree.named(remedy).into_iter().collect();
            products.sort_unstable();
            for software in products
                .into_iter()
                .filter_map(|product| self.software.get(product).cloned())
                .collect::<Vec<_>>()
            {
                self.link(&action, "related-to", &software, Some("for this product"), &path);
            }
        }
    }

    fn link(&mut self, source: &str, kind: &str, target: &str, said: Option<&str>, path: &str) {
        let id = self.make.id("relationship", &[source, kind, target]);
        if self.note(&id, path) {
            self.make.relate(source, kind, target, said, path);
        }
    }

    fn report(&mut self) {
        let head = &self.document["document"];
        let mut references = vec![json!({"source_name": "csaf", "external_id": self.tracking_id})];
        references.extend(links(&head["references"]));
        let labels = [text(&head["category"]), text(&head["tracking"]["status"])];
        let labels: Vec<&str> = labels.into_iter().filter(|label| !label.is_empty()).collect();
        let id = self.make.id("report", &[self.namespace, self.tracking_id]);
        let mut properties = json!({
            "name": head["title"],
            "description": notes(&head["notes"], head["distribution"]["text"].as_str()),
            "report_types": ["vulnerability"],
            "published": self.make.dates.created.to_string(),
            "object_refs": self.refs,
            "labels": labels,
            "lang": self.language(),
            "external_references": references,
        });
        let whole = self.document.to_string();
        if whole.len() + properties.to_string().len() > stix::json::OBJECT_BYTES_MAX / 2 {
            let message =
                "the document is too long to be kept whole; scores and the product tree's shape are not kept";
            self.make.sink.finding(Finding::warning("csaf-not-whole", "", message));
        } else if let Some(properties) = properties.as_object_mut() {
            self.definition();
            let extension = json!({"extension_type": "property-extension", "csaf": self.document});
            properties.insert("extensions".to_owned(), json!({EXTENSION: extension}));
        }
        self.make.object(&id, properties, "document");
    }

    /// The definition of the extension that holds the document: the same every time.
    fn definition(&mut self) {
        let (by, tlp) = (self.make.by.take(), self.make.tlp.replace(Tlp::Clear));
        let dates = self.make.dates;
        if let Ok(at) = stix::Timestamp::parse(EXTENSION_DATE) {
            self.make.dates = Dates { created: at, modified: at, own: false };
        }
        self.make.definition(
            EXTENSION,
            "CSAF document",
            "Holds the CSAF 2.0 document that a report was made from.",
            "The property `csaf` is a JSON object: a CSAF 2.0 document, \
             https://docs.oasis-open.org/csaf/csaf/v2.0/csaf_json_schema.json",
        );
        self.make.dates = dates;
        (self.make.by, self.make.tlp) = (by, tlp);
    }
}

/// Notes as one text, each under its title.
fn notes(list: &Value, first: Option<&str>) -> String {
    let mut said: Vec<String> = first.map(str::to_owned).into_iter().collect();
    for note in items(list) {
        let title = note["title"].as_str().unwrap_or_else(|| text(&note["category"]));
        said.push(format!("{title}: {}", text(&note["text"])));
    }
    said.join("\n\n")
}

fn links(list: &Value) -> Vec<Value> {
    items(list)
        .iter()
        .filter(|reference| !text(&reference["url"]).is_empty())
        .map(|reference| {
            json!({"source_name": "csaf", "description": reference["summary"], "url": reference["url"]})
        })
        .collect()
}
