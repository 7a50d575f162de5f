//! What was typed into the form, as objects and terms; nothing is shared here.

use data_encoding::HEXLOWER;
use exchange::read::{self, Format, Options};
use gate::Submission;
use policy::{Circle, CircleId, Member, Terms};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use stix::{ObjectId, Severity, Timestamp, Tlp, read_head};
use uuid::Uuid;

/// Characters of all values together, and of a text.
pub(in super::super) const VALUES_BYTES_MAX: usize = 150_000;
pub(in super::super) const TEXT_CHARS_MAX: usize = 20_000;
/// Values of one form: more are imported from a file.
pub(super) const VALUES_MAX: usize = 2_000;
const TITLE_CHARS_MAX: usize = 200;
/// Seconds for which what was shown can be sent as it was shown.
const SHOWN_S_MAX: i64 = 86_400;

/// The fields, as they were typed.
#[derive(Debug, Clone, Default)]
pub(super) struct Typed {
    pub(super) sender: String,
    pub(super) kind: String,
    pub(super) title: String,
    pub(super) text: String,
    pub(super) values: String,
    pub(super) tlp: String,
    pub(super) confidence: String,
    pub(super) valid_days: String,
    pub(super) embargo: String,
    pub(super) labels: String,
    pub(super) pseudonymise: bool,
    pub(super) circles: Vec<String>,
    pub(super) act: String,
    /// Of what is shown and then sent: so that it keeps its ids and times.
    pub(super) id: String,
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
                "as" => typed.sender = cut(100),
                "kind" => typed.kind = cut(20),
                "title" => typed.title = cut(TITLE_CHARS_MAX).trim().to_owned(),
                "text" => typed.text = cut(TEXT_CHARS_MAX),
                "values" => typed.values = cut(VALUES_BYTES_MAX),
                "tlp" => typed.tlp = cut(20),
                "confidence" => typed.confidence = cut(5),
                "valid_days" => typed.valid_days = cut(6),
                "embargo" => typed.embargo = cut(30),
                "labels" => typed.labels = cut(500),
                "pseudonymise" => typed.pseudonymise = !value.is_empty(),
                "circle" => typed.circles.push(cut(100)),
                "act" => typed.act = cut(10),
                "id" => typed.id = cut(40),
                "at" => typed.at = cut(40),
                "shown" => typed.shown = cut(64),
                _ => {}
            }
        }
        typed
    }

    /// What says whether the same is sent that was shown: a hash of all that decides about it.
    pub(super) fn seal(&self) -> String {
        let Self { sender, kind, title, text, values, tlp, confidence, valid_days, embargo, labels, .. } =
            self;
        let fields = [
            sender, kind, title, text, values, tlp, confidence, valid_days, embargo, labels, &self.id,
            &self.at,
        ];
        seal(&json!([fields, self.pseudonymise, self.circles]))
    }

    pub(super) fn is_report(&self) -> bool {
        self.kind == "report"
    }

    pub(super) fn is_incident(&self) -> bool {
        self.kind == "incident"
    }

    pub(super) fn has_circle(&self, handle: &str) -> bool {
        self.circles.iter().any(|circle| circle == handle)
    }
}

/// One line of what was typed as values.
pub(in super::super) struct Line {
    /// The line's number, from 1.
    pub(in super::super) number: String,
    pub(in super::super) what: String,
    pub(in super::super) is_error: bool,
}

/// What would be shared.
pub(super) struct Draft {
    pub(super) objects: Vec<Submission>,
    pub(super) terms: Terms,
    pub(super) circles: Vec<CircleId>,
    /// What of the values can't be read, or stands there twice.
    pub(super) lines: Vec<Line>,
    /// What must be mended before anything can be shared, in English and Korean.
    pub(super) faults: Vec<(String, String)>,
}

/// What stands for all of this, in a form that shows first and sends then.
pub(in super::super) fn seal(all: &Value) -> String {
    HEXLOWER.encode(&Sha256::digest(all.to_string()))
}

/// When it was shown, which is the time that it keeps; nothing if that is no time, or longer ago than a form is good for.
pub(in super::super) fn shown_at(typed: &str, now: Timestamp) -> Option<Timestamp> {
    Timestamp::parse(typed).ok().filter(|at| (0..=SHOWN_S_MAX).contains(&(now.seconds() - at.seconds())))
}

/// What stands between commas.
pub(in super::super) fn labels(typed: &str) -> Vec<String> {
    let all = typed.split(',').map(|label| label.trim().to_owned());
    all.filter(|label| !label.is_empty()).collect()
}

/// A whole number up to `most`, if anything was typed.
///
/// # Errors
/// What was typed is none.
fn number(typed: &str, most: u32) -> Result<Option<u32>, ()> {
    match typed.trim() {
        "" => Ok(None),
        text => text.parse().ok().filter(|number| *number <= most).map(Some).ok_or(()),
    }
}

/// The confidence; what is none becomes a fault.
pub(in super::super) fn confidence(typed: &str, faults: &mut Vec<(String, String)>) -> Option<u32> {
    number(typed, 100).unwrap_or_else(|()| {
        faults.push(fault("Confidence is a number from 0 to 100.", "신뢰도는 0에서 100까지의 수입니다."));
        None
    })
}

pub(in super::super) fn fault(english: &str, korean: &str) -> (String, String) {
    (english.to_owned(), korean.to_owned())
}

/// Makes it. `chance` is random, for the id of a report.
pub(super) fn of(
    typed: &Typed,
    sender: &Member,
    circles: &[&Circle],
    (now, chance): (Timestamp, Uuid),
) -> Draft {
    let mut faults = Vec::new();
    let chosen: Vec<CircleId> =
        circles.iter().filter(|circle| typed.has_circle(&circle.handle)).map(|circle| circle.id).collect();
    if chosen.is_empty() {
        faults.push(fault("Choose at least one circle.", "서클을 하나 이상 고르십시오."));
    }
    let tlp = match typed.tlp.parse::<Tlp>() {
        Ok(tlp) => Some(tlp),
        Err(_) if typed.tlp.is_empty() => None,
        Err(_) => {
            faults.push(fault("That is no TLP mark.", "TLP 등급이 아닙니다."));
            None
        }
    };
    for circle in circles.iter().filter(|circle| chosen.contains(&circle.id)) {
        if tlp.is_some_and(|tlp| tlp > circle.ceiling) {
            let (title, ceiling) = (&circle.title, circle.ceiling);
            faults.push((
                format!("In {title} nothing travels that is marked stricter than {ceiling}: choose that mark or a milder one."),
                format!("{title}에는 {ceiling}보다 엄격한 등급이 오가지 않습니다. 그 등급이나 더 낮은 등급을 고르십시오."),
            ));
        }
    }
    let confidence = confidence(&typed.confidence, &mut faults);
    let days = number(&typed.valid_days, 3_650).unwrap_or_else(|()| {
        faults.push(fault(
            "For how many days it holds is a number up to 3650.",
            "유효 일수는 3650 이하의 수입니다.",
        ));
        None
    });
    let embargo = match typed.embargo.trim() {
        "" => None,
        text => {
            // A browser's field for a time gives neither seconds nor a zone; the page says that it is UTC.
            let whole = if text.len() == 16 { format!("{text}:00Z") } else { text.to_owned() };
            let read = Timestamp::parse(&whole).ok();
            if read.is_none() {
                faults.push(fault(
                    "The embargo's end is no time: 2026-12-31T12:00.",
                    "엠바고 종료 시각이 올바르지 않습니다: 2026-12-31T12:00.",
                ));
            }
            read
        }
    };
    let labels = labels(&typed.labels);
    let options = Options {
        source: Some(sender.handle.clone()),
        tlp,
        confidence: confidence.map(|number| number as u8),
        labels: labels.clone(),
        ..Options::new(now)
    };
    let until = days.map(|days| now.micros().saturating_add(i64::from(days) * 86_400_000_000));
    let mut lines = Vec::new();
    let mut objects =
        values(&typed.values, &options, until.map(Timestamp::from_micros), &mut lines, &mut faults);
    if typed.is_report() || typed.is_incident() {
        if typed.title.is_empty() {
            faults.push(fault("Give it a title.", "제목을 적으십시오."));
        }
        if typed.is_report() && objects.is_empty() {
            faults.push(fault(
                "A report is about something: name a value, or write an incident.",
                "보고서에는 값이 하나 이상 있어야 합니다. 값이 없으면 사고로 쓰십시오.",
            ));
        }
        let about: Vec<String> = objects.iter().map(|object| object.head.id.to_string()).collect();
        objects.extend(
            told(typed, &about, &labels, (now, chance), (tlp, confidence)).into_iter().filter_map(submission),
        );
    } else if objects.is_empty() {
        faults.push(fault("Name at least one value.", "값을 하나 이상 적으십시오."));
    }
    let terms =
        Terms { ceiling: tlp, embargo_until: embargo, pseudonymise: typed.pseudonymise, ..Terms::default() };
    Draft { objects, terms, circles: chosen, lines, faults }
}

/// Indicators for values that were typed, a line each.
pub(in super::super) fn values(
    typed: &str,
    options: &Options,
    until: Option<Timestamp>,
    lines: &mut Vec<Line>,
    faults: &mut Vec<(String, String)>,
) -> Vec<Submission> {
    let batch = match read::read_all(typed.as_bytes(), Format::Plain, options) {
        Ok(batch) => batch,
        Err(error) => {
            faults.push((error.to_string(), format!("값을 읽을 수 없습니다: {error}")));
            return Vec::new();
        }
    };
    lines.extend(batch.findings.into_iter().map(|finding| Line {
        number: finding.path,
        is_error: finding.severity == Severity::Error,
        what: finding.message,
    }));
    if batch.objects.len() > VALUES_MAX {
        faults.push((
            format!("More than {VALUES_MAX} values: import them from a file with bongsu import."),
            format!("값이 {VALUES_MAX}개를 넘습니다. 파일로 만들어 bongsu import로 가져오십시오."),
        ));
    }
    let until = until.map(|until| until.to_string());
    let held_until = |raw: String| match &until {
        Some(until) => with(&raw, "valid_until", until),
        None => raw,
    };
    let taken = batch.objects.into_iter().take(VALUES_MAX);
    taken.filter_map(|object| submission(held_until(object.raw))).collect()
}

/// A report about values, or an incident and what joins the values with it.
fn told(
    typed: &Typed,
    about: &[String],
    labels: &[String],
    (now, chance): (Timestamp, Uuid),
    (tlp, confidence): (Option<Tlp>, Option<u32>),
) -> Vec<String> {
    let object_type = if typed.is_report() { "report" } else { "incident" };
    let id = format!("{object_type}--{chance}");
    let mut object = json!({
        "type": object_type, "spec_version": "2.1", "id": id, "created": now.to_string(), "modified": now.to_string(),
        "name": typed.title,
    });
    let mut put = |key: &str, value: Value| object[key] = value;
    if !typed.text.trim().is_empty() {
        put("description", typed.text.trim().into());
    }
    if typed.is_report() {
        put("published", now.to_string().into());
        put("report_types", json!(["indicator"]));
        put("object_refs", json!(about));
    }
    if !labels.is_empty() {
        put("labels", json!(labels));
    }
    if let Some(confidence) = confidence {
        put("confidence", confidence.into());
    }
    let marks: Vec<String> = tlp.iter().map(|tlp| tlp.definition_id().to_string()).collect();
    if !marks.is_empty() {
        put("object_marking_refs", json!(marks));
    }
    let joined = about.iter().filter(|_| !typed.is_report()).map(|indicator| {
        let name = Uuid::new_v5(&chance, indicator.as_bytes());
        let mut relationship = json!({
            "type": "relationship", "spec_version": "2.1", "id": format!("relationship--{name}"),
            "created": now.to_string(), "modified": now.to_string(), "relationship_type": "related-to",
            "source_ref": indicator, "target_ref": id,
        });
        if !marks.is_empty() {
            relationship["object_marking_refs"] = json!(marks);
        }
        relationship.to_string()
    });
    let joined: Vec<String> = joined.collect();
    std::iter::once(object.to_string()).chain(joined).collect()
}

/// An object with a property set.
fn with(raw: &str, key: &str, text: &str) -> String {
    match serde_json::from_str::<Value>(raw) {
        Ok(Value::Object(mut object)) => {
            object.insert(key.to_owned(), text.into());
            Value::Object(object).to_string()
        }
        _ => raw.to_owned(),
    }
}

pub(in super::super) fn submission(raw: String) -> Option<Submission> {
    let head = read_head(&raw).ok()?;
    Some(Submission { raw, head })
}

/// The ids of what was made, for a test of what is already there.
pub(super) fn ids(objects: &[Submission]) -> Vec<ObjectId> {
    objects.iter().map(|object| object.head.id.clone()).collect()
}
