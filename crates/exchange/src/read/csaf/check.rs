//! The standard's mandatory tests, and those optional ones that cost nothing.
//!
//! A test that fails gives a finding with the test's number as its code, such as `csaf-6.1.6`, and the place. The tests
//! stand in the order of the standard; [`versions`](super::versions), [`profile`](super::profile) and
//! [`cvss`](super::cvss) have those that belong together. Everything is one walk over the document; products are looked
//! up by hash.
//!
//! Source: OASIS, Common Security Advisory Framework 2.0, section 6.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use stix::Finding;

use super::{cvss, optional, profile, terms, versions};

/// Findings of one document.
#[derive(Default)]
pub(super) struct Faults {
    pub(super) findings: Vec<Finding>,
}

impl Faults {
    /// A mandatory test fails: no valid document. `test` is the code, `csaf-` and the section.
    pub(super) fn mandatory(
        &mut self,
        test: &'static str,
        path: impl Into<String>,
        message: impl Into<String>,
    ) {
        self.findings.push(Finding::error(test, path, message));
    }

    /// An optional test fails.
    pub(super) fn optional(
        &mut self,
        test: &'static str,
        path: impl Into<String>,
        message: impl Into<String>,
    ) {
        self.findings.push(Finding::warning(test, path, message));
    }

    /// The document has not the form of its schema.
    pub(super) fn form(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.findings.push(Finding::error("csaf-form", path, message));
    }
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

pub(super) fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A product of the tree: its id, where it is defined, and what stands there.
pub(super) struct Product<'d> {
    pub(super) id: &'d str,
    pub(super) path: String,
    pub(super) full: &'d Value,
    /// Vendor, product and version, if the product stands in a branch that names them.
    pub(super) branch: [Option<&'d str>; 3],
}

/// The products and groups of a document.
#[derive(Default)]
pub(super) struct Tree<'d> {
    pub(super) products: Vec<Product<'d>>,
    groups: HashMap<&'d str, Vec<&'d str>>,
}

impl<'d> Tree<'d> {
    pub(super) fn of(document: &'d Value) -> Self {
        let mut tree = Self::default();
        let root = &document["product_tree"];
        for (at, full) in items(&root["full_product_names"]).iter().enumerate() {
            tree.add(full, format!("product_tree.full_product_names[{at}]"), [None; 3]);
        }
        tree.branches(&root["branches"], "product_tree", [None; 3]);
        for (at, relation) in items(&root["relationships"]).iter().enumerate() {
            let path = format!("product_tree.relationships[{at}].full_product_name");
            tree.add(&relation["full_product_name"], path, [None; 3]);
        }
        for group in items(&root["product_groups"]) {
            let ids = items(&group["product_ids"]).iter().map(text).collect();
            tree.groups.entry(text(&group["group_id"])).or_insert(ids);
        }
        tree
    }

    /// As deep as the JSON reader lets a document be.
    fn branches(&mut self, branches: &'d Value, path: &str, branch: [Option<&'d str>; 3]) {
        for (at, one) in items(branches).iter().enumerate() {
            let path = format!("{path}.branches[{at}]");
            let mut inner = branch;
            let name = one["name"].as_str();
            match text(&one["category"]) {
                "vendor" => inner[0] = name,
                "product_name" => inner[1] = name,
                "product_version" => inner[2] = name,
                _ => {}
            }
            if one.get("product").is_some() {
                self.add(&one["product"], format!("{path}.product"), inner);
            }
            self.branches(&one["branches"], &path, inner);
        }
    }

    fn add(&mut self, full: &'d Value, path: String, branch: [Option<&'d str>; 3]) {
        self.products.push(Product { id: text(&full["product_id"]), path, full, branch });
    }

    /// The products that an item names, by themselves or by groups.
    pub(super) fn named(&self, item: &'d Value) -> HashSet<&'d str> {
        let direct = items(&item["product_ids"]).iter().chain(items(&item["products"])).map(text);
        let grouped =
            items(&item["group_ids"]).iter().flat_map(|id| self.groups.get(text(id)).into_iter().flatten());
        direct.chain(grouped.copied()).collect()
    }
}

/// Everything that is wrong with a document.
pub(super) fn check(document: &Value) -> Faults {
    let mut faults = Faults::default();
    form(document, &mut faults);
    let tree = Tree::of(document);
    products(document, &tree, &mut faults);
    for (at, vulnerability) in items(&document["vulnerabilities"]).iter().enumerate() {
        let path = format!("vulnerabilities[{at}]");
        status(vulnerability, &path, &mut faults);
        scores(vulnerability, &path, &mut faults);
        parts(vulnerability, &path, &tree, &mut faults);
    }
    cves(document, &mut faults);
    languages(document, &mut faults);
    versions::check(document, &mut faults);
    profile::check(document, &tree, &mut faults);
    optional::check(document, &tree, &mut faults);
    faults
}

/// What every document must have: CSAF 2.0, 3.2.1.
fn form(document: &Value, faults: &mut Faults) {
    let needed = [
        "document/category",
        "document/csaf_version",
        "document/publisher/category",
        "document/publisher/name",
        "document/publisher/namespace",
        "document/title",
        "document/tracking/current_release_date",
        "document/tracking/id",
        "document/tracking/initial_release_date",
        "document/tracking/status",
        "document/tracking/version",
    ];
    for pointer in needed {
        let found = document.pointer(&format!("/{pointer}")).and_then(Value::as_str);
        if found.is_none_or(str::is_empty) {
            faults.form(pointer.replace('/', "."), "the property is missing or no text");
        }
    }
    let one_of = [
        ("document/csaf_version", &["2.0"][..]),
        ("document/tracking/status", &["draft", "final", "interim"]),
        (
            "document/publisher/category",
            &["coordinator", "discoverer", "other", "translator", "user", "vendor"],
        ),
        ("document/distribution/tlp/label", &["AMBER", "GREEN", "RED", "WHITE"]),
    ];
    for (pointer, known) in one_of {
        let said = document.pointer(&format!("/{pointer}")).map(text);
        if let Some(said) = said.filter(|said| !known.contains(said)) {
            let path = pointer.replace('/', ".");
            faults.form(path, format!("`{said}` is none of {}", known.join(", ")));
        }
    }
    if items(&document["document"]["tracking"]["revision_history"]).is_empty() {
        faults.form("document.tracking.revision_history", "there is no revision");
    }
    for pointer in ["initial_release_date", "current_release_date"] {
        let said = text(&document["document"]["tracking"][pointer]);
        if crate::read::time::lenient(said).is_none() {
            faults.form(format!("document.tracking.{pointer}"), format!("`{said}` is no date"));
        }
    }
}

/// Tests 6.1.1 to 6.1.5, 6.1.13, 6.1.25 and 6.1.31.
fn products(document: &Value, tree: &Tree<'_>, faults: &mut Faults) {
    let mut defined = HashSet::new();
    for product in &tree.products {
        if product.id.is_empty() || text(&product.full["name"]).is_empty() {
            faults.form(product.path.clone(), "a product has a name and a product_id");
        }
        if !defined.insert(product.id) {
            let message = format!("the product {} is defined twice", product.id);
            faults.mandatory("csaf-6.1.2", format!("{}.product_id", product.path), message);
        }
        helper(product, faults);
    }
    let mut groups = HashSet::new();
    for (at, group) in items(&document["product_tree"]["product_groups"]).iter().enumerate() {
        let id = text(&group["group_id"]);
        if !groups.insert(id) {
            let path = format!("product_tree.product_groups[{at}].group_id");
            faults.mandatory("csaf-6.1.5", path, format!("the group {id} is defined twice"));
        }
    }
    for (id, path) in references(document, "product_ids") {
        if !defined.contains(id) {
            faults.mandatory(
                "csaf-6.1.1",
                path,
                format!("the product {id} is defined nowhere in the product tree"),
            );
        }
    }
    for (id, path) in references(document, "group_ids") {
        if !groups.contains(id) {
            faults.mandatory(
                "csaf-6.1.4",
                path,
                format!("the group {id} is defined nowhere in the product tree"),
            );
        }
    }
    circles(document, faults);
    ranges(&document["product_tree"]["branches"], "product_tree", faults);
}

/// Where products (or groups) are named.
pub(super) fn references<'d>(document: &'d Value, kind: &str) -> Vec<(&'d str, String)> {
    let mut found = Vec::new();
    let mut list = |ids: &'d Value, path: String| {
        for (at, id) in items(ids).iter().enumerate() {
            found.push((text(id), format!("{path}[{at}]")));
        }
    };
    let tree = &document["product_tree"];
    if kind == "product_ids" {
        for (at, group) in items(&tree["product_groups"]).iter().enumerate() {
            list(&group["product_ids"], format!("product_tree.product_groups[{at}].product_ids"));
        }
    }
    for (at, vulnerability) in items(&document["vulnerabilities"]).iter().enumerate() {
        let path = format!("vulnerabilities[{at}]");
        if kind == "product_ids" {
            for (name, ids) in vulnerability["product_status"].as_object().into_iter().flatten() {
                list(ids, format!("{path}.product_status.{name}"));
            }
            for (at, score) in items(&vulnerability["scores"]).iter().enumerate() {
                list(&score["products"], format!("{path}.scores[{at}].products"));
            }
        }
        for part in ["remediations", "threats", "flags"] {
            for (at, item) in items(&vulnerability[part]).iter().enumerate() {
                list(&item[kind], format!("{path}.{part}[{at}].{kind}"));
            }
        }
    }
    if kind == "product_ids" {
        for (at, relation) in items(&tree["relationships"]).iter().enumerate() {
            for name in ["product_reference", "relates_to_product_reference"] {
                found.push((text(&relation[name]), format!("product_tree.relationships[{at}].{name}")));
            }
        }
    }
    found
}

/// Test 6.1.3: no product is defined by itself. What is settled is taken away until nothing more settles; what is left then
/// stands in a circle or hangs on one.
fn circles(document: &Value, faults: &mut Faults) {
    let relations = items(&document["product_tree"]["relationships"]);
    let product = |relation: &'_ Value| text(&relation["full_product_name"]["product_id"]).to_owned();
    let mut waiting: HashMap<String, usize> = HashMap::new();
    let mut users: HashMap<&str, Vec<usize>> = HashMap::new();
    for relation in relations {
        *waiting.entry(product(relation)).or_default() += 2;
    }
    let mut settled: Vec<String> = Vec::new();
    for (at, relation) in relations.iter().enumerate() {
        for name in ["product_reference", "relates_to_product_reference"] {
            let id = text(&relation[name]);
            if waiting.contains_key(id) {
                users.entry(id).or_default().push(at);
            } else if let Some(left) = waiting.get_mut(&product(relation)) {
                *left -= 1;
                if *left == 0 {
                    settled.push(product(relation));
                }
            }
        }
    }
    while let Some(id) = settled.pop() {
        for at in users.remove(id.as_str()).into_iter().flatten() {
            let Some(relation) = relations.get(at) else { continue };
            if let Some(left) = waiting.get_mut(&product(relation)) {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    settled.push(product(relation));
                }
            }
        }
    }
    for (at, relation) in relations.iter().enumerate() {
        let id = product(relation);
        if waiting.get(&id).is_some_and(|left| *left > 0) {
            let path = format!("product_tree.relationships[{at}].full_product_name.product_id");
            faults.mandatory("csaf-6.1.3", path, format!("the product {id} is defined by itself"));
        }
    }
}

/// Tests 6.1.13 and 6.1.25, and 6.2.8 and 6.2.9.
fn helper(product: &Product<'_>, faults: &mut Faults) {
    let helper = &product.full["product_identification_helper"];
    let path = format!("{}.product_identification_helper", product.path);
    if let Some(purl) = helper["purl"].as_str()
        && let Err(message) = terms::purl(purl)
    {
        faults.mandatory(
            "csaf-6.1.13",
            format!("{path}.purl"),
            format!("`{purl}` is no package URL: {message}"),
        );
    }
    for (at, hashes) in items(&helper["hashes"]).iter().enumerate() {
        let mut seen = HashSet::new();
        let algorithms: Vec<&str> =
            items(&hashes["file_hashes"]).iter().map(|hash| text(&hash["algorithm"])).collect();
        for (place, algorithm) in algorithms.iter().enumerate() {
            let path = format!("{path}.hashes[{at}].file_hashes[{place}]");
            if !seen.insert(*algorithm) {
                faults.mandatory(
                    "csaf-6.1.25",
                    path,
                    format!("the algorithm {algorithm} stands there twice"),
                );
            }
        }
        let path = format!("{path}.hashes[{at}]");
        for (weak, test) in [("md5", "csaf-6.2.8"), ("sha1", "csaf-6.2.9")] {
            if seen.contains(weak) && seen.len() == 1 {
                faults.optional(test, path.clone(), format!("{weak} alone proves no file"));
            }
        }
    }
}

/// Test 6.1.31: a version names one version.
fn ranges(branches: &Value, path: &str, faults: &mut Faults) {
    for (at, branch) in items(branches).iter().enumerate() {
        let path = format!("{path}.branches[{at}]");
        let name = text(&branch["name"]);
        if text(&branch["category"]) == "product_version"
            && let Some(word) = terms::range_word(name)
        {
            let message = format!("`{name}` is a range (`{word}`): use the category product_version_range");
            faults.mandatory("csaf-6.1.31", format!("{path}.name"), message);
        }
        ranges(&branch["branches"], &path, faults);
    }
}

/// Test 6.1.6.
fn status(vulnerability: &Value, path: &str, faults: &mut Faults) {
    const GROUPS: [&[&str]; 4] = [
        &["first_affected", "known_affected", "last_affected"],
        &["known_not_affected"],
        &["first_fixed", "fixed"],
        &["under_investigation"],
    ];
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut told = HashSet::new();
    for (number, names) in GROUPS.iter().enumerate() {
        for name in *names {
            for (at, id) in items(&vulnerability["product_status"][*name]).iter().enumerate() {
                let id = text(id);
                let first = *seen.entry(id).or_insert(number);
                if first != number && told.insert(id) {
                    let message =
                        format!("the product {id} is both {} and {name}", GROUPS[first].join(" or "));
                    faults.mandatory("csaf-6.1.6", format!("{path}.product_status.{name}[{at}]"), message);
                }
            }
        }
    }
}

/// Tests 6.1.7 to 6.1.10.
fn scores(vulnerability: &Value, path: &str, faults: &mut Faults) {
    let mut seen = HashSet::new();
    for (at, score) in items(&vulnerability["scores"]).iter().enumerate() {
        for member in ["cvss_v2", "cvss_v3"] {
            let Some(cvss) = score.get(member) else { continue };
            let version = text(&cvss["version"]);
            for id in items(&score["products"]).iter().map(text) {
                if !seen.insert((id, version)) {
                    let message = format!("the product {id} has two scores of version {version}");
                    faults.mandatory("csaf-6.1.7", format!("{path}.scores[{at}]"), message);
                }
            }
            for fault in cvss::faults(member, cvss) {
                let test = match fault.test {
                    cvss::Test::Form => "csaf-6.1.8",
                    cvss::Test::Computed => "csaf-6.1.9",
                    cvss::Test::Agrees => "csaf-6.1.10",
                };
                faults.mandatory(
                    test,
                    format!("{path}.scores[{at}].{member}.{}", fault.property),
                    fault.message,
                );
            }
        }
    }
}

/// Tests 6.1.11, 6.1.24, 6.1.29, 6.1.32 and 6.1.33, and 6.2.7 and 6.2.17.
fn parts<'d>(vulnerability: &'d Value, path: &str, tree: &Tree<'d>, faults: &mut Faults) {
    if let Some(cwe) = vulnerability.get("cwe")
        && let Err(message) = terms::cwe(text(&cwe["id"]), text(&cwe["name"]))
    {
        faults.mandatory("csaf-6.1.11", format!("{path}.cwe"), message);
    }
    let mut involved = HashSet::new();
    for (at, one) in items(&vulnerability["involvements"]).iter().enumerate() {
        let (party, path) = (text(&one["party"]), format!("{path}.involvements[{at}]"));
        let date =
            one["date"].as_str().map(|date| crate::read::time::lenient(date).map(|date| date.micros()));
        if !involved.insert((party, date)) {
            faults.mandatory(
                "csaf-6.1.24",
                path.clone(),
                format!("{party} is there twice with the same date"),
            );
        }
        if date.is_none() {
            faults.optional("csaf-6.2.7", path, "the involvement has no date");
        }
    }
    for (part, test) in [("remediations", "csaf-6.1.29"), ("flags", "csaf-6.1.32")] {
        for (at, item) in items(&vulnerability[part]).iter().enumerate() {
            if item.get("product_ids").is_none() && item.get("group_ids").is_none() {
                faults.mandatory(test, format!("{path}.{part}[{at}]"), "it names no product and no group");
            }
        }
    }
    const JUSTIFICATIONS: [&str; 5] = [
        "component_not_present",
        "inline_mitigations_already_exist",
        "vulnerable_code_cannot_be_controlled_by_adversary",
        "vulnerable_code_not_in_execute_path",
        "vulnerable_code_not_present",
    ];
    let mut justified = HashSet::new();
    for (at, flag) in items(&vulnerability["flags"]).iter().enumerate() {
        if JUSTIFICATIONS.contains(&text(&flag["label"])) {
            let mut named: Vec<&str> = tree.named(flag).into_iter().collect();
            named.sort_unstable();
            for id in named {
                if !justified.insert(id) {
                    let message = format!("the product {id} has two justifications");
                    faults.mandatory("csaf-6.1.33", format!("{path}.flags[{at}]"), message);
                }
            }
        }
    }
    for (at, id) in items(&vulnerability["ids"]).iter().enumerate() {
        if watch::normalise(watch::Kind::Cve, text(&id["text"])).is_ok() {
            faults.optional("csaf-6.2.17", format!("{path}.ids[{at}]"), "a CVE belongs into `cve`");
        }
    }
}

/// Test 6.1.23.
fn cves(document: &Value, faults: &mut Faults) {
    let mut seen = HashSet::new();
    for (at, vulnerability) in items(&document["vulnerabilities"]).iter().enumerate() {
        if let Some(cve) = vulnerability["cve"].as_str() {
            let path = format!("vulnerabilities[{at}].cve");
            if watch::normalise(watch::Kind::Cve, cve).is_err() {
                faults.form(path, format!("`{cve}` is no CVE"));
            } else if !seen.insert(cve) {
                faults.mandatory("csaf-6.1.23", path, format!("{cve} is described twice"));
            }
        }
    }
}

/// Tests 6.1.12, 6.1.15 and 6.1.28, and 6.2.12, 6.2.14 and 6.2.15.
fn languages(document: &Value, faults: &mut Faults) {
    let document = &document["document"];
    for name in ["lang", "source_lang"] {
        if let Some(tag) = document[name].as_str()
            && let Err(message) = terms::language(tag)
        {
            faults.mandatory(
                "csaf-6.1.12",
                format!("document.{name}"),
                format!("`{tag}` is no language: {message}"),
            );
        }
        if let Some(tag) = document[name].as_str().filter(|tag| terms::is_private_use(tag)) {
            let message = format!("`{tag}` has a part for private use, which says nothing to others");
            faults.optional("csaf-6.2.14", format!("document.{name}"), message);
        }
        if document[name] == "i-default" {
            faults.optional("csaf-6.2.15", format!("document.{name}"), "`i-default` names no language");
        }
    }
    if document.get("lang").is_none() {
        faults.optional("csaf-6.2.12", "document.lang", "the document does not say in which language it is");
    }
    if text(&document["publisher"]["category"]) == "translator" && document.get("source_lang").is_none() {
        let message = "a translator says from which language";
        faults.mandatory("csaf-6.1.15", "document.source_lang", message);
    }
    let same = document["lang"].as_str().zip(document["source_lang"].as_str());
    if same.is_some_and(|(to, from)| to.eq_ignore_ascii_case(from)) {
        faults.mandatory("csaf-6.1.28", "document.source_lang", "a translation is from another language");
    }
}
