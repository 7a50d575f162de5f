//! Another mark, or a copy without its source: what of an object's text changes when its originator lets it go wider.
//!
//! Only the values that change are cut out and replaced; every other byte of the text stays, spaces between included. A version with
//! another mark keeps the object's id, `created` and `created_by_ref` and gets a later `modified`. A copy without its source is
//! another object: it has an id of its own, and no `created_by_ref`.
//!
//! Source: STIX 2.1, sections 3.2 (`modified`, `object_marking_refs`), 3.6 (versioning) and 7.2 (markings); rules X-1, X-4, P-5.

use std::ops::Range;

use serde_json::value::RawValue;
use stix::{ObjectId, Timestamp, Tlp};

use crate::redact::{RedactError, entries};

const MARKS: &str = "object_marking_refs";
const CREATOR: &str = "created_by_ref";
const GRANULAR: &str = "granular_markings";

/// What changes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Remark<'r> {
    /// The object's TLP mark from now on, in the place of all those that it has; `None` leaves them.
    pub tlp: Option<Tlp>,
    /// The new version's `modified`; what has no `modified` (an observable) gets none.
    pub modified: Option<Timestamp>,
    /// Of a copy without its source: its id. Such a copy begins when it is made: `created` is its `modified`.
    pub copy_id: Option<&'r ObjectId>,
}

/// Why a text can't be changed so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RemarkError {
    /// It is no JSON object.
    #[error(transparent)]
    Json(#[from] RedactError),
    /// Its marks are no list of ids.
    #[error("`object_marking_refs` is no list of ids")]
    Marks,
    /// A mark of one of its parts names the property that would be gone from the copy.
    #[error("its creator is marked by a mark of its own, which would point at nothing in a copy without it")]
    CreatorMarked,
}

/// A text with other bytes in some places.
struct Splices<'t> {
    raw: &'t str,
    all: Vec<(Range<usize>, String)>,
}

impl Splices<'_> {
    /// Where a value that was borrowed from the text stands in it.
    fn place(&self, value: &RawValue) -> Range<usize> {
        let from = (value.get().as_ptr() as usize).saturating_sub(self.raw.as_ptr() as usize);
        from..from + value.get().len()
    }

    fn text(mut self) -> String {
        self.all.sort_by_key(|(range, _)| range.start);
        let (mut text, mut upto) = (String::with_capacity(self.raw.len() + 80), 0);
        for (range, new) in &self.all {
            text.push_str(self.raw.get(upto..range.start).unwrap_or_default());
            text.push_str(new);
            upto = range.end;
        }
        text.push_str(self.raw.get(upto..).unwrap_or_default());
        text
    }
}

/// Makes the text of `raw`, a JSON object, with `change`. About linear in the text.
///
/// # Errors
/// [`RemarkError`]: then nothing of it can go wider in this way.
pub fn remark(raw: &str, change: &Remark<'_>) -> Result<String, RemarkError> {
    let entries = entries(raw)?;
    let value = |name: &str| entries.iter().find(|(key, _)| key == name).map(|(_, value)| *value);
    let mut splices = Splices { raw, all: Vec::new() };
    let quoted = |at: Timestamp| format!("\"{}\"", in_milliseconds(at));
    if let (Some(at), Some(modified)) = (change.modified, value("modified")) {
        splices.all.push((splices.place(modified), quoted(at)));
    }
    if let Some(id) = change.copy_id {
        let is_marked = |list: &RawValue| list.get().contains(CREATOR) || list.get().contains('\\');
        if value(GRANULAR).is_some_and(is_marked) {
            return Err(RemarkError::CreatorMarked);
        }
        if let Some(own) = value("id") {
            splices.all.push((splices.place(own), format!("\"{id}\"")));
        }
        if let (Some(at), Some(created)) = (change.modified, value("created")) {
            splices.all.push((splices.place(created), quoted(at)));
        }
        if value(CREATOR).is_some() {
            let gone = without(raw, &splices, &entries, CREATOR);
            splices.all.extend(gone.map(|range| (range, String::new())));
        }
    }
    if let Some(tlp) = change.tlp {
        let mark = format!("\"{}\"", tlp.definition_id());
        match value(MARKS) {
            Some(list) => splices.all.push((splices.place(list), marks(list, &mark)?)),
            None => {
                // Behind the last property: what stands there is the closing brace.
                let end = entries.last().map(|(_, last)| splices.place(last).end).unwrap_or_default();
                splices.all.push((end..end, format!(",\"{MARKS}\":[{mark}]")));
            }
        }
    }
    Ok(splices.text())
}

/// The list of marks with `mark` in the place of the first TLP mark and without the others.
fn marks(list: &RawValue, mark: &str) -> Result<String, RemarkError> {
    let ids: Vec<&RawValue> = serde_json::from_str(list.get()).map_err(|_| RemarkError::Marks)?;
    let mut left: Vec<&str> = Vec::with_capacity(ids.len() + 1);
    let mut is_set = false;
    for id in ids {
        let text: String = serde_json::from_str(id.get()).map_err(|_| RemarkError::Marks)?;
        let is_tlp = ObjectId::parse(&text).is_ok_and(|id| Tlp::of(&id).is_some());
        match is_tlp {
            true if is_set => {}
            true => {
                left.push(mark);
                is_set = true;
            }
            false => left.push(id.get()),
        }
    }
    if !is_set {
        left.push(mark);
    }
    Ok(format!("[{}]", left.join(",")))
}

/// What goes with a property: it, and the comma before or behind it.
fn without(
    raw: &str,
    splices: &Splices<'_>,
    entries: &[(String, &RawValue)],
    name: &str,
) -> Option<Range<usize>> {
    let at = entries.iter().position(|(key, _)| key == name)?;
    let (_, value) = entries.get(at)?;
    let end = splices.place(value).end;
    match at.checked_sub(1).and_then(|before| entries.get(before)) {
        // From the end of the one before: its comma and the key are in between.
        Some((_, before)) => Some(splices.place(before).end..end),
        None => {
            let open = raw.find('{')? + 1;
            let comma = raw.get(end..)?.find(',').filter(|_| entries.len() > 1);
            Some(open..comma.map_or(end, |comma| end + comma + 1))
        }
    }
}

/// An instant in milliseconds, as versions have it. Source: STIX 2.1, section 3.2 (`modified`).
fn in_milliseconds(at: Timestamp) -> String {
    let text = at.to_string();
    let (seconds, fraction) =
        text.trim_end_matches('Z').split_once('.').unwrap_or((text.trim_end_matches('Z'), ""));
    format!("{seconds}.{fraction:0<3.3}Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const AMBER: &str = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421";
    const OTHER: &str = "marking-definition--11111111-1111-4111-8111-111111111111";

    fn at() -> Timestamp {
        Timestamp::parse("2026-10-01T12:00:00.5Z").unwrap()
    }

    fn green() -> Remark<'static> {
        Remark { tlp: Some(Tlp::Green), modified: Some(at()), copy_id: None }
    }

    #[test]
    fn only_the_mark_and_the_version_change() {
        let green_id = Tlp::Green.definition_id();
        for (raw, expected) in [
            (
                format!(
                    r#"{{ "id":"x",  "modified" : "2026", "object_marking_refs": ["{OTHER}", "{AMBER}"], "n": 1.50 }}"#
                ),
                format!(
                    r#"{{ "id":"x",  "modified" : "2026-10-01T12:00:00.500Z", "object_marking_refs": ["{OTHER}","{green_id}"], "n": 1.50 }}"#
                ),
            ),
            (r#"{"id":"x"}"#.to_owned(), format!(r#"{{"id":"x","object_marking_refs":["{green_id}"]}}"#)),
            (
                format!(r#"{{"object_marking_refs":["{AMBER}","{AMBER}"]}}"#),
                format!(r#"{{"object_marking_refs":["{green_id}"]}}"#),
            ),
            (
                r#"{"object_marking_refs":[],"modified":""}"#.to_owned(),
                format!(r#"{{"object_marking_refs":["{green_id}"],"modified":"2026-10-01T12:00:00.500Z"}}"#),
            ),
        ] {
            assert_eq!(remark(&raw, &green()).unwrap(), expected);
        }
        assert_eq!(remark(r#"{"object_marking_refs":3}"#, &green()), Err(RemarkError::Marks));
        assert!(matches!(remark("[]", &green()), Err(RemarkError::Json(_))));
    }

    #[test]
    fn a_copy_has_an_id_of_its_own_and_no_source() {
        let id = ObjectId::parse("report--22222222-2222-4222-8222-222222222222").unwrap();
        let change = Remark { tlp: None, modified: Some(at()), copy_id: Some(&id) };
        let when = "2026-10-01T12:00:00.500Z";
        for (raw, expected) in [
            (
                r#"{"created_by_ref":"identity--1", "id":"a","created":"1","modified":"2"}"#,
                format!(r#"{{ "id":"{id}","created":"{when}","modified":"{when}"}}"#),
            ),
            (
                r#"{"id":"a","created_by_ref" : "identity--1" ,"created":"1"}"#,
                format!(r#"{{"id":"{id}" ,"created":"{when}"}}"#),
            ),
            (r#"{"id":"a","created_by_ref":"i"}"#, format!(r#"{{"id":"{id}"}}"#)),
            (r#"{"id":"a"}"#, format!(r#"{{"id":"{id}"}}"#)),
        ] {
            assert_eq!(remark(raw, &change).unwrap(), expected);
        }
        let marked = r#"{"id":"a","granular_markings":[{"selectors":["created_by_ref"]}]}"#;
        assert_eq!(remark(marked, &change), Err(RemarkError::CreatorMarked));
    }

    proptest! {
        /// What is not changed says the same as before, whatever stands in the object.
        #[test]
        fn everything_else_stays(texts in proptest::collection::vec(("[a-z]{1,8}", "\\PC{0,20}"), 0..8), first in 0usize..9) {
            let mut object = serde_json::Map::new();
            for (at, (key, text)) in texts.iter().enumerate() {
                if at == first {
                    object.insert("created_by_ref".to_owned(), "identity--x".into());
                }
                object.insert(format!("x_{key}"), text.as_str().into());
            }
            object.insert("id".to_owned(), "report--x".into());
            object.insert("modified".to_owned(), "2020".into());
            let raw = serde_json::to_string(&object).unwrap();
            let id = ObjectId::parse("report--22222222-2222-4222-8222-222222222222").unwrap();
            let change = Remark { tlp: Some(Tlp::Clear), modified: Some(at()), copy_id: Some(&id) };
            let mut made: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&remark(&raw, &change).unwrap()).unwrap();
            prop_assert!(made.remove("created_by_ref").is_none());
            prop_assert_eq!(made.remove("id").unwrap(), id.to_string());
            prop_assert!(made.remove("object_marking_refs").is_some() && made.remove("modified").is_some());
            object.retain(|key, _| key.starts_with("x_"));
            prop_assert_eq!(made, object);
        }
    }
}
