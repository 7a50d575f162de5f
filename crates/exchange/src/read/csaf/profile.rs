//! Document categories and what each demands: CSAF 2.0, tests 6.1.26 and 6.1.27.1 to 6.1.27.11.

use std::collections::HashSet;

use serde_json::Value;

use super::check::{Faults, Tree, items, text};

/// Categories that the standard defines, beside `csaf_base`.
const DEFINED: [&str; 4] =
    ["csaf_security_incident_response", "csaf_informational_advisory", "csaf_security_advisory", "csaf_vex"];

pub(super) fn check<'d>(document: &'d Value, tree: &Tree<'d>, faults: &mut Faults) {
    let category = text(&document["document"]["category"]);
    match category {
        "csaf_base" => {}
        "csaf_security_incident_response" | "csaf_informational_advisory" => {
            information(document, category, faults);
        }
        "csaf_security_advisory" | "csaf_vex" => advisory(document, tree, category == "csaf_vex", faults),
        other => name(other, faults),
    }
}

/// 6.1.26: a name of one's own is not nearly one of the standard's.
fn name(category: &str, faults: &mut Faults) {
    let plain = |text: &str| -> String {
        text.chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '_'))
            .flat_map(char::to_lowercase)
            .collect()
    };
    let ours = plain(category);
    let near = DEFINED.into_iter().find(|known| {
        let known = plain(known);
        ours == known || known.strip_prefix("csaf") == Some(&ours)
    });
    if let Some(near) = near {
        faults.mandatory(
            "csaf-6.1.26",
            "document.category",
            format!("`{category}` is nearly `{near}`, but is not"),
        );
    } else if category.to_lowercase().starts_with("csaf_") {
        let message = format!("`{category}` begins with csaf_, which the standard keeps for itself");
        faults.mandatory("csaf-6.1.26", "document.category", message);
    }
}

fn information(document: &Value, category: &str, faults: &mut Faults) {
    let has = |list: &Value, known: &[&str]| {
        items(list).iter().any(|item| known.contains(&text(&item["category"])))
    };
    let head = &document["document"];
    if !has(&head["notes"], &["description", "details", "general", "summary"]) {
        let message = "6.1.27.1: a note of the category description, details, general or summary is missing";
        faults.mandatory("csaf-6.1.27", "document.notes", message);
    }
    // An absent category is `external` (3.1.10.2).
    let external = |item: &Value| item.get("category").is_none_or(|category| category == "external");
    if !items(&head["references"]).iter().any(external) {
        faults.mandatory("csaf-6.1.27", "document.references", "6.1.27.2: an external reference is missing");
    }
    if category == "csaf_informational_advisory" && document.get("vulnerabilities").is_some() {
        let message = "6.1.27.3: an informational advisory describes no vulnerabilities";
        faults.mandatory("csaf-6.1.27", "vulnerabilities", message);
    }
}

fn advisory<'d>(document: &'d Value, tree: &Tree<'d>, is_vex: bool, faults: &mut Faults) {
    if document.get("product_tree").is_none() {
        faults.mandatory("csaf-6.1.27", "product_tree", "6.1.27.4: the product tree is missing");
    }
    if document.get("vulnerabilities").is_none() {
        faults.mandatory("csaf-6.1.27", "vulnerabilities", "6.1.27.11: the vulnerabilities are missing");
    }
    for (at, vulnerability) in items(&document["vulnerabilities"]).iter().enumerate() {
        let path = format!("vulnerabilities[{at}]");
        if vulnerability.get("notes").is_none() {
            faults.mandatory("csaf-6.1.27", format!("{path}.notes"), "6.1.27.5: the notes are missing");
        }
        if is_vex {
            vex(vulnerability, tree, &path, faults);
        } else if vulnerability.get("product_status").is_none() {
            let message = "6.1.27.6: the product status is missing";
            faults.mandatory("csaf-6.1.27", format!("{path}.product_status"), message);
        }
    }
}

fn vex<'d>(vulnerability: &'d Value, tree: &Tree<'d>, path: &str, faults: &mut Faults) {
    let status = &vulnerability["product_status"];
    let known = ["fixed", "known_affected", "known_not_affected", "under_investigation"];
    if known.iter().all(|name| status.get(*name).is_none()) {
        let message = format!("6.1.27.7: one of {} is needed", known.join(", "));
        faults.mandatory("csaf-6.1.27", format!("{path}.product_status"), message);
    }
    if vulnerability.get("cve").is_none() && vulnerability.get("ids").is_none() {
        faults.mandatory("csaf-6.1.27", path, "6.1.27.8: a CVE or another id is missing");
    }
    let all = |list: &'d Value, is: &dyn Fn(&Value) -> bool| -> HashSet<&str> {
        items(list).iter().filter(|item| is(item)).flat_map(|item| tree.named(item)).collect()
    };
    let mut explained = all(&vulnerability["threats"], &|threat| text(&threat["category"]) == "impact");
    explained.extend(all(&vulnerability["flags"], &|_| true));
    let mended = all(&vulnerability["remediations"], &|_| true);
    let needs = [
        ("known_not_affected", &explained, "6.1.27.9: nothing says why it is not affected"),
        ("known_affected", &mended, "6.1.27.10: nothing says what to do"),
    ];
    for (name, said, message) in needs {
        for (at, id) in items(&status[name]).iter().enumerate() {
            if !said.contains(text(id)) {
                let path = format!("{path}.product_status.{name}[{at}]");
                faults.mandatory("csaf-6.1.27", path, format!("{message}: {}", text(id)));
            }
        }
    }
}
