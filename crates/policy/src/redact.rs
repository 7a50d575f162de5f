//! Redaction: a copy without what its reader may not see, its other bytes as they came.
//!
//! Removed properties are absent, not blanked (rule P-5), and a list or object that removal empties goes with them. The
//! text is taken apart only along the paths that change; every other value is copied in its own characters.
//! Source: STIX 2.1, section 7.2.3.1 (selectors).

use std::collections::HashSet;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use stix::ObjectId;

/// What a copy is to lack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removal {
    /// Properties, as selectors such as `description`, `labels.[1]`, `extensions.x.y`. One that finds nothing removes
    /// nothing.
    pub selectors: Vec<String>,
    /// Objects that top-level `*_ref` and `*_refs` properties must not name.
    pub references: HashSet<ObjectId>,
    /// A pseudonym: wherever a `*_ref` or `*_refs` property names the first, the second stands instead.
    pub pseudonym: Option<(ObjectId, ObjectId)>,
}

/// Why a copy can't be made; then nothing goes out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedactError {
    /// The object is no JSON object.
    #[error("the object can't be taken apart: {0}")]
    Json(String),
    /// A selector would remove what makes it an object.
    #[error("without `{0}` it is no object any more")]
    Essential(String),
}

/// Makes the copy of `raw`, a JSON object, without what `removal` names.
///
/// A removal that names nothing gives the text as it is. `None` if nothing that makes sense would be left: the list
/// `object_refs` would be empty.
///
/// # Errors
/// [`RedactError`]: `type` and `id` can't be removed.
pub fn redact(raw: &str, removal: &Removal) -> Result<Option<String>, RedactError> {
    let paths: Vec<Vec<&str>> =
        removal.selectors.iter().map(|selector| selector.split('.').collect()).collect();
    if let Some(path) = paths.iter().find(|path| matches!(path[..], ["type" | "id"] | [""])) {
        return Err(RedactError::Essential(path.concat()));
    }
    let paths: Vec<&[&str]> = paths.iter().map(Vec::as_slice).collect();
    let mut object = Members::new();
    for (key, value) in entries(raw.trim())? {
        let Some(below) = below(&paths, &key) else { continue };
        let Some(text) = without(value.get(), &below)? else { continue };
        let text = if key.ends_with("_ref") || key.ends_with("_refs") {
            renamed(&text, removal)?
        } else {
            Some(text)
        };
        match text {
            Some(text) => object.push(&key, &text)?,
            None if key == "object_refs" => return Ok(None),
            None => {}
        }
    }
    Ok(Some(object.end()))
}

/// The text of an object, member by member.
struct Members {
    text: String,
}

impl Members {
    fn new() -> Self {
        Self { text: "{".to_owned() }
    }

    fn push(&mut self, key: &str, value: &str) -> Result<(), RedactError> {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        self.text.push_str(&serde_json::to_string(key).map_err(json)?);
        self.text.push(':');
        self.text.push_str(value);
        Ok(())
    }

    fn end(mut self) -> String {
        self.text.push('}');
        self.text
    }
}

/// A value without what the paths name; `None` if removal leaves nothing of it.
fn without(raw: &str, paths: &[&[&str]]) -> Result<Option<String>, RedactError> {
    if paths.is_empty() {
        return Ok(Some(raw.to_owned()));
    }
    match raw.as_bytes().first() {
        Some(b'{') => {
            let mut object = Members::new();
            for (key, value) in entries(raw)? {
                let Some(below) = below(paths, &key) else { continue };
                if let Some(text) = without(value.get(), &below)? {
                    object.push(&key, &text)?;
                }
            }
            Ok(Some(object.end()).filter(|text| text != "{}"))
        }
        Some(b'[') => {
            let values: Vec<&RawValue> = serde_json::from_str(raw).map_err(json)?;
            let mut kept = Vec::with_capacity(values.len());
            for (at, value) in values.into_iter().enumerate() {
                let Some(below) = below(paths, &format!("[{at}]")) else { continue };
                kept.extend(without(value.get(), &below)?);
            }
            Ok(list(&kept))
        }
        _ => Ok(Some(raw.to_owned())),
    }
}

fn list(values: &[String]) -> Option<String> {
    (!values.is_empty()).then(|| format!("[{}]", values.join(",")))
}

/// A reference or a list of them, without those that are forbidden and with the pseudonym in its place.
fn renamed(text: &str, removal: &Removal) -> Result<Option<String>, RedactError> {
    if removal.references.is_empty() && removal.pseudonym.is_none() {
        return Ok(Some(text.to_owned()));
    }
    let one = |raw: &str| {
        let id = serde_json::from_str::<&str>(raw).ok().and_then(|id| ObjectId::parse(id).ok());
        match (&id, &removal.pseudonym) {
            (Some(id), Some((named, pseudonym))) if id == named => Some(format!("\"{pseudonym}\"")),
            (Some(id), _) if removal.references.contains(id) => None,
            _ => Some(raw.to_owned()),
        }
    };
    if !text.starts_with('[') {
        return Ok(one(text));
    }
    let values: Vec<&RawValue> = serde_json::from_str(text).map_err(json)?;
    let kept: Vec<String> = values.iter().filter_map(|value| one(value.get())).collect();
    if kept.len() == values.len() && removal.pseudonym.is_none() {
        return Ok(Some(text.to_owned()));
    }
    Ok(list(&kept))
}

/// What remains of the paths below `step`; `None` if one of them ends here.
fn below<'p>(paths: &[&'p [&'p str]], step: &str) -> Option<Vec<&'p [&'p str]>> {
    let below: Vec<_> = paths
        .iter()
        .filter_map(|path| path.split_first())
        .filter(|(first, _)| **first == step)
        .map(|(_, rest)| rest)
        .collect();
    (!below.iter().any(|rest| rest.is_empty())).then_some(below)
}

fn json(error: serde_json::Error) -> RedactError {
    RedactError::Json(error.to_string())
}

/// The entries of an object in their order, the values in their own text.
fn entries(raw: &str) -> Result<Vec<(String, &RawValue)>, RedactError> {
    serde_json::Deserializer::from_str(raw).deserialize_map(Entries).map_err(json)
}

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

    fn id(number: u128) -> ObjectId {
        ObjectId::new("malware", uuid::Uuid::from_u128(number)).unwrap()
    }

    #[test]
    fn what_is_removed_is_absent_and_the_rest_keeps_its_text() {
        let raw = r#"{"type":"x-a","id":"x","n":1.50e3,"labels":["a","b","c"],"e":{"keep":{"z":1,"a":2},"go":"secret"},"s":"\u00e9"}"#;
        let check = |selectors: &[&str], expected: &str| {
            let selectors = selectors.iter().map(|selector| (*selector).to_owned()).collect();
            let removal = Removal { selectors, ..Removal::default() };
            assert_eq!(redact(raw, &removal).unwrap().as_deref(), Some(expected));
        };
        check(&[], raw);
        check(&["nothing"], raw);
        check(
            &["e.go", "labels.[1]", "s"],
            r#"{"type":"x-a","id":"x","n":1.50e3,"labels":["a","c"],"e":{"keep":{"z":1,"a":2}}}"#,
        );
        check(
            &["e", "labels.[0]", "labels.[1]", "labels.[2]", "n"],
            r#"{"type":"x-a","id":"x","s":"\u00e9"}"#,
        );
        let essential = Removal { selectors: vec!["id".to_owned()], ..Removal::default() };
        assert!(redact(raw, &essential).is_err() && redact("{", &Removal::default()).is_err());
    }

    #[test]
    fn forbidden_references_go_and_a_report_of_nothing_else_with_them() {
        let report = |refs: &[u128]| {
            let refs: Vec<_> = refs.iter().map(|n| format!("\"{}\"", id(*n))).collect();
            format!(r#"{{"type":"report","object_refs":[{}],"sample_ref":"{}"}}"#, refs.join(", "), id(9))
        };
        let removal = Removal { references: HashSet::from([id(1), id(9)]), ..Removal::default() };
        let left = redact(&report(&[1, 2]), &removal).unwrap().unwrap();
        assert_eq!(left, format!(r#"{{"type":"report","object_refs":["{}"]}}"#, id(2)));
        assert_eq!(redact(&report(&[1]), &removal).unwrap(), None);
    }

    #[test]
    fn a_pseudonym_stands_wherever_the_source_was_referred_to() {
        let raw =
            format!(r#"{{"created_by_ref":"{0}","object_refs":["{0}","{1}"],"name":"{0}"}}"#, id(1), id(2));
        let removal = Removal { pseudonym: Some((id(1), id(7))), ..Removal::default() };
        let expected = format!(
            r#"{{"created_by_ref":"{0}","object_refs":["{0}","{1}"],"name":"{2}"}}"#,
            id(7),
            id(2),
            id(1)
        );
        assert_eq!(redact(&raw, &removal).unwrap().unwrap(), expected);
    }
}
