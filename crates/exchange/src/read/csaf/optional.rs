//! Optional tests: what a good document has beyond what it must have. CSAF 2.0, tests 6.2.1 to 6.2.6, 6.2.10 and 6.2.11.

use std::collections::HashSet;

use serde_json::Value;

use super::check::{Faults, Tree, items, references, text};
use super::versions;

/// Tests 6.2.1 to 6.2.6, 6.2.10 and 6.2.11.
pub(super) fn check<'d>(document: &'d Value, tree: &Tree<'d>, faults: &mut Faults) {
    let used: HashSet<&str> = references(document, "product_ids").into_iter().map(|(id, _)| id).collect();
    for product in tree.products.iter().filter(|product| !used.contains(product.id)) {
        if text(&document["document"]["category"]) != "csaf_informational_advisory" {
            let message = format!("nothing is said of the product {}", product.id);
            faults.optional("csaf-6.2.1", product.path.clone(), message);
        }
    }
    for (at, vulnerability) in items(&document["vulnerabilities"]).iter().enumerate() {
        let path = format!("vulnerabilities[{at}].product_status");
        let all = |part: &str| -> HashSet<&str> {
            items(&vulnerability[part]).iter().flat_map(|item| tree.named(item)).collect()
        };
        let (mended, scored) = (all("remediations"), all("scores"));
        let affected = ["first_affected", "known_affected", "last_affected"];
        for name in affected.into_iter().chain(["under_investigation"]) {
            for id in items(&vulnerability["product_status"][name]).iter().map(text) {
                if !mended.contains(id) {
                    faults.optional(
                        "csaf-6.2.2",
                        format!("{path}.{name}"),
                        format!("no remediation for {id}"),
                    );
                }
                if affected.contains(&name) && !scored.contains(id) {
                    faults.optional("csaf-6.2.3", format!("{path}.{name}"), format!("no score for {id}"));
                }
            }
        }
    }
    tracking(document, faults);
    let distribution = &document["document"]["distribution"];
    if distribution["tlp"]["label"].as_str().is_none() {
        faults.optional(
            "csaf-6.2.10",
            "document.distribution.tlp",
            "no TLP label; the circle's ceiling counts",
        );
    }
    let file = file_name(text(&document["document"]["tracking"]["id"]));
    let is_canonical = |reference: &Value| {
        let url = text(&reference["url"]);
        text(&reference["category"]) == "self" && url.starts_with("https://") && url.ends_with(&file)
    };
    if !items(&document["document"]["references"]).iter().any(is_canonical) {
        let message = format!("no reference of the category `self` leads to {file}");
        faults.optional("csaf-6.2.11", "document.references", message);
    }
}

/// Tests 6.2.4 to 6.2.6.
fn tracking(document: &Value, faults: &mut Faults) {
    let tracking = &document["document"]["tracking"];
    let history = items(&tracking["revision_history"]);
    for (at, item) in history.iter().enumerate() {
        if versions::Version::parse(text(&item["number"])).is_some_and(|version| version.has_build()) {
            let path = format!("document.tracking.revision_history[{at}].number");
            faults.optional("csaf-6.2.4", path, "a revision's number holds build metadata");
        }
    }
    let date = |value: &Value| crate::read::time::lenient(text(value));
    let dates: Vec<_> = history.iter().filter_map(|item| date(&item["date"])).collect();
    let pairs = [
        ("csaf-6.2.5", "initial_release_date", dates.iter().min()),
        ("csaf-6.2.6", "current_release_date", dates.iter().max()),
    ];
    for (test, name, of_history) in pairs {
        if let (Some(said), Some(of_history)) = (date(&tracking[name]), of_history)
            && said < *of_history
        {
            faults.optional(test, format!("document.tracking.{name}"), "it lies before the history's date");
        }
    }
}

/// What a document's file is called. Source: CSAF 2.0, 5.1.
fn file_name(id: &str) -> String {
    let mut name = String::new();
    for letter in id.to_lowercase().chars() {
        match letter {
            'a'..='z' | '0'..='9' | '+' | '-' => name.push(letter),
            _ if name.ends_with('_') => {}
            _ => name.push('_'),
        }
    }
    format!("{name}.json")
}
