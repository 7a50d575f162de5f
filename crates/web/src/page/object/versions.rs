//! An object's versions side by side: which properties changed from one to the next.

use serde_json::Value;

/// Characters of a value that are shown.
const CHARS_MAX: usize = 600;

/// A property that differs.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Change {
    pub(in super::super) property: String,
    /// What it was; `None` if it was not there.
    pub(in super::super) before: Option<String>,
    /// What it is; `None` if it is not there any more.
    pub(in super::super) after: Option<String>,
}

fn told(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(CHARS_MAX) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

/// What differs between two versions, by property.
pub(in super::super) fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let none = serde_json::Map::new();
    let (old, new) = (before.as_object().unwrap_or(&none), after.as_object().unwrap_or(&none));
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let differs = names.into_iter().filter(|name| old.get(*name) != new.get(*name));
    let change = |name: &String| Change {
        property: name.clone(),
        before: old.get(name).map(told),
        after: new.get(name).map(told),
    };
    differs.map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_came_went_and_changed_is_named() {
        let (old, new) = (json!({"a": 1, "b": [1], "c": "x"}), json!({"a": 1, "b": [2], "d": "y"}));
        let found = changes(&old, &new);
        let of = |name: &str| found.iter().find(|change| change.property == name);
        assert_eq!(found.len(), 3);
        assert_eq!(
            of("b").map(|change| (change.before.as_deref(), change.after.as_deref())),
            Some((Some("[1]"), Some("[2]")))
        );
        assert_eq!(of("c").and_then(|change| change.after.as_deref()), None);
        assert_eq!(of("d").and_then(|change| change.before.as_deref()), None);
        assert!(changes(&json!([]), &json!(null)).is_empty());
    }
}
