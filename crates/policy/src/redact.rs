//! Redaction: a copy without what its reader may not see, its other bytes as they came.
//!
//! Removed properties are absent, not blanked (rule P-5). The object is taken apart only along the paths that
//! are removed; every other value is copied in its own text. Source: STIX 2.1, section 7.2.3.1 (selectors).

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A copy that redaction made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted {
    text: String,
}

impl Redacted {
    /// Its JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Why a copy can't be made; then nothing goes out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedactError {
    /// The object is no JSON.
    #[error("the object can't be taken apart: {0}")]
    Json(String),
    /// A selector would remove what makes it an object.
    #[error("without `{0}` it is no object any more")]
    Essential(String),
}

/// Removes what the selectors (such as `description`, `labels.[1]`, `extensions.x.y`) name.
///
/// A selector that finds nothing removes nothing.
///
/// # Errors
/// [`RedactError`]: `type` and `id` can't be removed.
pub fn redact(raw: &str, selectors: &[&str]) -> Result<Redacted, RedactError> {
    let paths: Vec<Vec<&str>> = selectors.iter().map(|selector| selector.split('.').collect()).collect();
    if let Some(path) = paths.iter().find(|path| matches!(path[..], ["type" | "id"] | [""])) {
        return Err(RedactError::Essential(path.concat()));
    }
    let paths: Vec<&[&str]> = paths.iter().map(Vec::as_slice).collect();
    let mut text = String::with_capacity(raw.len());
    without(raw.trim(), &paths, &mut text)?;
    Ok(Redacted { text })
}

fn without(raw: &str, paths: &[&[&str]], out: &mut String) -> Result<(), RedactError> {
    let json = |error: serde_json::Error| RedactError::Json(error.to_string());
    match raw.as_bytes().first() {
        _ if paths.is_empty() => out.push_str(raw),
        Some(b'{') => {
            let entries = serde_json::Deserializer::from_str(raw).deserialize_map(Entries).map_err(json)?;
            out.push('{');
            let mut first = true;
            for (key, value) in entries {
                let Some(inner) = inner(paths, &key) else { continue };
                if !std::mem::take(&mut first) {
                    out.push(',');
                }
                out.push_str(&serde_json::to_string(&key).map_err(json)?);
                out.push(':');
                without(value.get(), &inner, out)?;
            }
            out.push('}');
        }
        Some(b'[') => {
            let values: Vec<&RawValue> = serde_json::from_str(raw).map_err(json)?;
            out.push('[');
            let mut first = true;
            for (at, value) in values.into_iter().enumerate() {
                let Some(inner) = inner(paths, &format!("[{at}]")) else { continue };
                if !std::mem::take(&mut first) {
                    out.push(',');
                }
                without(value.get(), &inner, out)?;
            }
            out.push(']');
        }
        _ => out.push_str(raw),
    }
    Ok(())
}

/// What remains of the paths below `step`; `None` if one of them ends here.
fn inner<'p>(paths: &[&'p [&'p str]], step: &str) -> Option<Vec<&'p [&'p str]>> {
    let below: Vec<_> = paths
        .iter()
        .filter_map(|path| path.split_first())
        .filter(|(first, _)| **first == step)
        .map(|(_, rest)| rest)
        .collect();
    (!below.iter().any(|rest| rest.is_empty())).then_some(below)
}

/// The entries of an object in their order, the values in their own text.
struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_removed_is_absent_and_the_rest_keeps_its_text() {
        let raw = r#"{"type":"x-a","id":"x","n":1.50e3,"labels":["a","b","c"],"e":{"keep":{"z":1,"a":2},"go":"secret"},"s":"\u00e9"}"#;
        let check = |selectors: &[&str], expected: &str| {
            assert_eq!(redact(raw, selectors).unwrap().as_str(), expected, "{selectors:?}");
        };
        check(&[], raw);
        check(&["nothing"], raw);
        check(
            &["e.go", "labels.[1]", "s"],
            r#"{"type":"x-a","id":"x","n":1.50e3,"labels":["a","c"],"e":{"keep":{"z":1,"a":2}}}"#,
        );
        check(&["e", "labels", "n"], r#"{"type":"x-a","id":"x","s":"\u00e9"}"#);
        assert!(redact(raw, &["id"]).is_err() && redact("{", &["a"]).is_err());
    }
}
