//! What changed from an older file to a newer one of the same list.
//!
//! Both are read; objects of the same id are compared without their dates. What is as it was is not handed on again, what
//! changed is a new version, what is new is new, and what is gone is withdrawn.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use stix::{Finding, ObjectId};

use super::{Batch, Object, Withdrawal};

/// Properties that say when, not what.
const DATES: [&str; 3] = ["created", "modified", "valid_from"];

/// What a newer list changes of an older one.
///
/// Objects that changed take the older `created`; their `modified` is the newer file's, so that file must have the later
/// date. If it has not, they are findings. Ids must depend on the content alone, as those of this crate's readers do.
#[must_use]
pub fn difference(older: &Batch, newer: Batch) -> Batch {
    let before: HashMap<&ObjectId, &Object> =
        older.objects.iter().map(|object| (&object.head.id, object)).collect();
    let mut changed = Batch { findings: newer.findings, withdrawals: newer.withdrawals, ..Batch::default() };
    let mut still = HashSet::new();
    for object in newer.objects {
        match before.get(&object.head.id) {
            None => changed.objects.push(object),
            Some(earlier) => {
                still.insert(earlier.head.id.clone());
                next_version(earlier, &object, &mut changed);
            }
        }
    }
    for object in older.objects.iter().filter(|object| !still.contains(&object.head.id)) {
        if object.head.object_type() != "extension-definition" {
            let reason = "the newer list does not have it any more".to_owned();
            changed.withdrawals.push(Withdrawal { id: object.head.id.clone(), reason });
        }
    }
    changed
}

fn next_version(earlier: &Object, later: &Object, changed: &mut Batch) {
    let (Some(mut before), Some(mut after)) = (json(earlier), json(later)) else { return };
    let created = before["created"].clone();
    let valid_from = before["valid_from"].clone();
    for date in DATES {
        for object in [&mut before, &mut after] {
            object.as_object_mut().and_then(|object| object.remove(date));
        }
    }
    if before == after {
        return;
    }
    if later.head.modified.is_none() {
        let message =
            "an observable says something else than before, and has no versions; the older one stays";
        changed.findings.push(Finding::warning("observable-changed", later.head.id.to_string(), message));
        return;
    }
    if later.head.version() <= earlier.head.version() {
        let message = "it changed, but the newer file has no later date; touch the file, or give its date";
        changed.findings.push(Finding::error("version-not-newer", later.head.id.to_string(), message));
        return;
    }
    if let Some(object) = after.as_object_mut() {
        object.insert("created".to_owned(), created);
        object.insert("modified".to_owned(), Value::String(later.head.version().to_string()));
        if !valid_from.is_null() {
            object.insert("valid_from".to_owned(), valid_from);
        }
    }
    let raw = after.to_string();
    match stix::read_head(&raw) {
        Ok(head) => changed.objects.push(Object { raw, head, dated: true }),
        Err(finding) => changed.findings.push(finding.within(&later.head.id.to_string())),
    }
}

fn json(object: &Object) -> Option<Value> {
    serde_json::from_str(&object.raw).ok()
}
