//! What was typed into the form for a new version, and the version that it makes; nothing is shared here.

use std::collections::BTreeMap;

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use stix::signature::EXTENSION as SIGNATURE;
use stix::{ObjectId, Severity, Timestamp, Tlp};

use super::super::share::draft::{TEXT_CHARS_MAX, VALUES_BYTES_MAX, confidence, fault, labels, seal};

/// A property that is a text: its name, how pages call it, and whether it is long.
pub(super) type Field = (&'static str, &'static str, &'static str, bool);

const NAME: Field = ("name", "Name", "이름", false);
const DESCRIPTION: Field = ("description", "Description", "설명", true);

/// The texts that a new version of an object of this type can say anew. Source: STIX 2.1, section 4.
pub(super) fn fields(object_type: &str) -> &'static [Field] {
    match object_type {
        "note" => &[("abstract", "Abstract", "요약", false), ("content", "Content", "내용", true)],
        "opinion" => &[("explanation", "Explanation", "설명", true)],
        "observed-data" | "malware-analysis" => &[],
        "relationship" | "sighting" => &[DESCRIPTION],
        _ => &[NAME, DESCRIPTION],
    }
}

/// Whether values can be added: those that are about a list of objects.
pub(super) fn is_list(object_type: &str) -> bool {
    matches!(object_type, "report" | "grouping")
}

/// The fields, as they were typed.
#[derive(Debug, Clone, Default)]
pub(super) struct Typed {
    /// Texts by property.
    pub(super) texts: BTreeMap<String, String>,
    pub(super) tlp: String,
    pub(super) confidence: String,
    pub(super) valid_until: String,
    pub(super) labels: String,
    /// Ids that are named no more.
    pub(super) drop: Vec<String>,
    /// Values that are named from now on.
    pub(super) values: String,
    pub(super) revoked: bool,
    /// The other circles in which it is to be said, too.
    pub(super) circles: Vec<String>,
    pub(super) act: String,
    /// The version that this one follows.
    pub(super) was: String,
    pub(super) at: String,
    /// What was shown, as [`Typed::seal`] says it.
    pub(super) shown: String,
}

impl Typed {
    /// From a form's fields; unknown ones are passed over.
    pub(super) fn of(fields: Vec<(String, String)>) -> Self {
        let mut typed = Self::default();
        for (name, value) in fields {
            let cut = |most: usize| value.chars().take(most).collect::<String>();
            match name.as_str() {
                "tlp" => typed.tlp = cut(20),
                "confidence" => typed.confidence = cut(5),
                "valid_until" => typed.valid_until = cut(40),
                "labels" => typed.labels = cut(2_000),
                "drop" => typed.drop.push(cut(150)),
                "values" => typed.values = cut(VALUES_BYTES_MAX),
                "revoked" => typed.revoked = !value.is_empty(),
                "circle" => typed.circles.push(cut(100)),
                "act" => typed.act = cut(10),
                "was" => typed.was = cut(40),
                "at" => typed.at = cut(40),
                "shown" => typed.shown = cut(64),
                "name" | "description" | "abstract" | "content" | "explanation" => {
                    // Browsers end lines as mail does.
                    let _ = typed.texts.insert(name, cut(TEXT_CHARS_MAX).replace("\r\n", "\n"));
                }
                _ => {}
            }
        }
        typed
    }

    /// As the form begins: what the object says now.
    pub(super) fn begin(object: &Value, object_type: &str, version: Timestamp) -> Self {
        let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let all = |key: &str| object.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        let labels: Vec<String> =
            all("labels").iter().filter_map(|one| one.as_str().map(str::to_owned)).collect();
        let number = object.get("confidence").and_then(Value::as_u64);
        Self {
            texts: fields(object_type).iter().map(|(key, ..)| ((*key).to_owned(), text(key))).collect(),
            tlp: mark(object).map(|tlp| tlp.to_string()).unwrap_or_default(),
            confidence: number.map(|number| number.to_string()).unwrap_or_default(),
            valid_until: text("valid_until"),
            labels: labels.join(", "),
            revoked: object.get("revoked").and_then(Value::as_bool).unwrap_or_default(),
            was: version.to_string(),
            ..Self::default()
        }
    }

    /// What says whether the same is sent that was shown: a hash of all that decides about it.
    pub(super) fn seal(&self) -> String {
        let Self { texts, tlp, confidence, valid_until, labels, drop, values, revoked, circles, .. } = self;
        let all = json!([
            texts,
            tlp,
            confidence,
            valid_until,
            labels,
            drop,
            values,
            revoked,
            circles,
            self.was,
            self.at
        ]);
        seal(&all)
    }
}

/// The strictest of an object's TLP marks.
pub(super) fn mark(object: &Value) -> Option<Tlp> {
    let refs = object.get("object_marking_refs").and_then(Value::as_array);
    let ids = refs.into_iter().flatten().filter_map(Value::as_str);
    ids.filter_map(|id| Tlp::of(&ObjectId::parse(id).ok()?)).max()
}

/// A new version.
pub(super) struct Change {
    /// It, as STIX.
    pub(super) raw: String,
    /// The mark, if it is another than before.
    pub(super) tlp: Option<Tlp>,
    /// Whether the old one was signed, which the new one is not.
    pub(super) was_signed: bool,
}

/// Makes the version of `raw` that says what was typed, with `added` named as well. What is not typed stays byte for byte as it was.
///
/// # Errors
/// What must be mended, in English and Korean.
pub(super) fn change(
    raw: &str,
    typed: &Typed,
    added: &[String],
    at: Timestamp,
) -> Result<Change, Vec<(String, String)>> {
    let unread = |error: serde_json::Error| vec![fault(&error.to_string(), &error.to_string())];
    let mut object: BTreeMap<String, Box<RawValue>> = serde_json::from_str(raw).map_err(unread)?;
    let before: Value = serde_json::from_str(raw).map_err(unread)?;
    let object_type = before.get("type").and_then(Value::as_str).unwrap_or_default();
    let mut faults = Vec::new();
    let mut put = |key: &str, value: Option<Value>| match value {
        // What says the same stays as it was written.
        Some(value) if before.get(key) == Some(&value) => {}
        Some(value) => match to_raw_value(&value) {
            Ok(value) => drop(object.insert(key.to_owned(), value)),
            Err(error) => tracing::error!(%error, key, "a property could not be written"),
        },
        None => drop(object.remove(key)),
    };
    for (key, ..) in fields(object_type) {
        let text = typed.texts.get(*key).map(|text| text.trim()).filter(|text| !text.is_empty());
        // A text that only begins or ends with blanks is the same.
        let same = before.get(*key).and_then(Value::as_str).is_some_and(|old| Some(old.trim()) == text);
        if !same {
            put(key, text.map(Value::from));
        }
    }
    put("confidence", confidence(&typed.confidence, &mut faults).map(Value::from));
    if object_type == "indicator" {
        match typed.valid_until.trim() {
            "" => put("valid_until", None),
            text if before.get("valid_until").and_then(Value::as_str) == Some(text) => {}
            text => match Timestamp::parse(text) {
                Ok(until) => put("valid_until", Some(until.to_string().into())),
                Err(_) => faults.push(fault(
                    "The end of its validity is no time: 2026-12-31T12:00:00Z.",
                    "유효 종료 시각이 올바르지 않습니다: 2026-12-31T12:00:00Z.",
                )),
            },
        }
    }
    let labels = labels(&typed.labels);
    put("labels", (!labels.is_empty()).then(|| json!(labels)));
    let (was, is) = (mark(&before), typed.tlp.parse::<Tlp>().ok());
    if was != is {
        let refs = before.get("object_marking_refs").and_then(Value::as_array).cloned().unwrap_or_default();
        let is_tlp = |one: &Value| {
            one.as_str().and_then(|id| ObjectId::parse(id).ok()).is_some_and(|id| Tlp::of(&id).is_some())
        };
        let others = refs.into_iter().filter(|one| !is_tlp(one));
        let all: Vec<Value> =
            others.chain(is.map(|tlp| Value::from(tlp.definition_id().to_string()))).collect();
        put("object_marking_refs", (!all.is_empty()).then(|| all.into()));
    }
    if is_list(object_type) && (!typed.drop.is_empty() || !added.is_empty()) {
        let refs = before.get("object_refs").and_then(Value::as_array).cloned().unwrap_or_default();
        let is_kept = |one: &Value| !one.as_str().is_some_and(|id| typed.drop.iter().any(|gone| gone == id));
        let mut all: Vec<Value> = refs.into_iter().filter(is_kept).collect();
        let fresh = added.iter().map(|id| Value::from(id.as_str()));
        let fresh: Vec<Value> = fresh.filter(|id| !all.contains(id)).collect();
        all.extend(fresh);
        if all.is_empty() {
            faults.push(fault(
                "It would be about nothing: keep one value, or revoke it.",
                "남는 값이 없습니다. 값을 하나 남기거나 취소하십시오.",
            ));
        }
        put("object_refs", Some(all.into()));
    }
    put("revoked", typed.revoked.then(|| true.into()));
    let extensions = before.get("extensions").and_then(Value::as_object);
    let was_signed = extensions.is_some_and(|all| all.contains_key(SIGNATURE));
    if let Some(all) = extensions.filter(|_| was_signed) {
        let mut others = all.clone();
        let _ = others.remove(SIGNATURE);
        put("extensions", (!others.is_empty()).then(|| others.into()));
    }
    put("modified", Some(at.to_string().into()));
    let raw = serde_json::to_string(&object).map_err(unread)?;
    faults.extend(new_errors(&before.to_string(), &raw));
    let tlp = is.filter(|_| was != is);
    if faults.is_empty() { Ok(Change { raw, tlp, was_signed }) } else { Err(faults) }
}

/// The rules of STIX that a version breaks and the one before it did not.
fn new_errors(before: &str, after: &str) -> Vec<(String, String)> {
    let errors = |raw: &str| {
        let mut all = Vec::new();
        stix::validate::validate(raw, &mut |finding| {
            if finding.severity == Severity::Error {
                all.push(finding);
            }
        });
        all
    };
    let known = errors(before);
    let is_new = |finding: &stix::Finding| {
        !known.iter().any(|old| old.code == finding.code && old.path == finding.path)
    };
    errors(after)
        .iter()
        .filter(|finding| is_new(finding))
        .map(|finding| (finding.to_string(), finding.to_string()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "2026-11-02T08:00:00Z";

    fn report() -> String {
        json!({
            "type": "report", "spec_version": "2.1", "id": "report--5eedcafe-0000-4000-8000-000000000001",
            "created": "2026-11-01T08:00:00.000Z", "modified": "2026-11-01T08:00:00.000Z", "name": "Old",
            "published": "2026-11-01T08:00:00.000Z", "x_kept": [1, {"a": 2}],
            "object_marking_refs": [Tlp::Amber.definition_id().to_string()],
            "object_refs": ["indicator--5eedcafe-0000-4000-8000-000000000002", "indicator--5eedcafe-0000-4000-8000-000000000003"],
            "extensions": {SIGNATURE: {"extension_type": "property-extension"}},
        })
        .to_string()
    }

    fn typed(raw: &str) -> Typed {
        let value: Value = serde_json::from_str(raw).unwrap();
        Typed::begin(&value, value["type"].as_str().unwrap(), Timestamp::parse(AT).unwrap())
    }

    #[test]
    fn what_is_not_typed_stays_and_the_signature_goes() {
        let raw = report();
        let change = change(&raw, &typed(&raw), &[], Timestamp::parse(AT).unwrap()).ok().unwrap();
        let (old, new): (Value, Value) =
            (serde_json::from_str(&raw).unwrap(), serde_json::from_str(&change.raw).unwrap());
        for key in ["id", "created", "name", "x_kept", "object_refs", "object_marking_refs", "published"] {
            assert_eq!(old[key], new[key], "{key}");
        }
        assert!(change.was_signed && new.get("extensions").is_none() && change.tlp.is_none());
        assert!(change.raw.contains(r#""x_kept":[1,{"a":2}]"#), "{}", change.raw);
        assert_ne!(old["modified"], new["modified"]);
    }

    #[test]
    fn what_is_typed_is_said() {
        let raw = report();
        let mut typed = typed(&raw);
        typed.texts.insert("name".to_owned(), " New ".to_owned());
        typed.texts.insert("description".to_owned(), "more".to_owned());
        (typed.tlp, typed.confidence) = ("TLP:GREEN".to_owned(), "80".to_owned());
        typed.labels = "a, b".to_owned();
        typed.drop = vec!["indicator--5eedcafe-0000-4000-8000-000000000002".to_owned()];
        let added = ["indicator--5eedcafe-0000-4000-8000-000000000009".to_owned()];
        let change = change(&raw, &typed, &added, Timestamp::parse(AT).unwrap()).ok().unwrap();
        let new: Value = serde_json::from_str(&change.raw).unwrap();
        assert_eq!((&new["name"], &new["description"]), (&json!("New"), &json!("more")));
        assert_eq!(new["object_marking_refs"], json!([Tlp::Green.definition_id().to_string()]));
        assert_eq!((&new["confidence"], &new["labels"]), (&json!(80), &json!(["a", "b"])));
        assert_eq!(
            new["object_refs"],
            json!([
                "indicator--5eedcafe-0000-4000-8000-000000000003",
                "indicator--5eedcafe-0000-4000-8000-000000000009"
            ])
        );
        assert_eq!(change.tlp, Some(Tlp::Green));
        assert!(new.get("revoked").is_none());
    }

    #[test]
    fn what_stix_forbids_is_refused() {
        let raw = report();
        let at = Timestamp::parse(AT).unwrap();
        let refused = |mend: &dyn Fn(&mut Typed)| {
            let mut typed = typed(&raw);
            mend(&mut typed);
            change(&raw, &typed, &[], at).err().unwrap_or_default().len()
        };
        assert_eq!(refused(&|_| ()), 0);
        assert_eq!(refused(&|typed| drop(typed.texts.insert("name".to_owned(), String::new()))), 1);
        assert_eq!(refused(&|typed| typed.confidence = "101".to_owned()), 1);
        let both = [
            "indicator--5eedcafe-0000-4000-8000-000000000002",
            "indicator--5eedcafe-0000-4000-8000-000000000003",
        ];
        assert!(refused(&|typed| typed.drop = both.map(str::to_owned).to_vec()) >= 1);
    }
}
