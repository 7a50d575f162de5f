//! `bongsu privacy register`: the record of processing activities, one activity for each circle.
//!
//! Source: Regulation (EU) 2016/679 (GDPR), article 30 (1), points (a) to (g).

use crate::answer::Answer;
use crate::cli::RegisterForm;
use crate::exit::Failure;
use crate::node::Node;
use policy::{Book, Circle};
use serde_json::{Value, json};

/// The fields of an activity, in the article's order, with what they are called in CSV and JSON.
const FIELDS: [(&str, &str); 9] = [
    ("activity", "Processing activity"),
    ("controller", "30(1)(a) Controller and contact"),
    ("purposes", "30(1)(b) Purposes"),
    ("legal_basis", "6(1) Legal basis"),
    ("data_categories", "30(1)(c) Categories of data subjects and of personal data"),
    ("recipient_categories", "30(1)(d) Categories of recipients"),
    ("transfers", "30(1)(e) Transfers to third countries"),
    ("erasure_time_limits", "30(1)(f) Time limits for erasure"),
    ("security_measures", "30(1)(g) Technical and organisational measures"),
];
const MEASURES: &str = "releases by rule, marking and clearance; roles and second factors; TLS; append-only line with proofs; \
                        access log; erasure that overwrites";

/// Writes the record in a form.
///
/// # Errors
/// When CSV can't be made.
pub(super) fn run(node: &Node, form: RegisterForm) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let mut circles: Vec<&Circle> = book.circles().collect();
    circles.sort_by(|a, b| a.handle.cmp(&b.handle));
    let activities: Vec<Value> = circles.iter().map(|circle| activity(&book, circle)).collect();
    let document =
        json!({"node": node.gate.key().name(), "made": node.now().to_string(), "activities": activities});
    match form {
        RegisterForm::Json => {
            let bytes =
                serde_json::to_vec_pretty(&document).map_err(|error| Failure::new(error.to_string()))?;
            Ok(Answer::document(document, bytes))
        }
        RegisterForm::Csv => {
            let bytes = csv(&activities)?;
            Ok(Answer::document(document, bytes))
        }
        RegisterForm::Text => Ok(Answer::done(document, text(&activities))),
    }
}

fn activity(book: &Book, circle: &Circle) -> Value {
    let said = &circle.privacy;
    let basis = [said.legal_basis.as_str(), said.basis_reference.as_str()];
    let mut recipients: Vec<&str> = circle
        .members
        .iter()
        .filter(|member| circle.access(**member).reads())
        .filter_map(|member| book.member(*member))
        .map(|member| member.name.as_str())
        .collect();
    recipients.sort_unstable();
    let controller = match said.controller.is_empty() {
        true => "not said",
        false => said.controller.as_str(),
    };
    json!({
        "activity": format!("{} ({})", circle.title, circle.handle),
        "controller": controller,
        "purposes": circle.purpose,
        "legal_basis": basis.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; "),
        "data_categories": said.data_kinds.join("; "),
        "recipient_categories": recipients.join("; "),
        "transfers": "to the recipients named, where they are abroad",
        "erasure_time_limits": said.retention.in_words(),
        "security_measures": MEASURES,
    })
}

fn field<'a>(activity: &'a Value, name: &str) -> &'a str {
    activity[name].as_str().unwrap_or_default()
}

fn text(activities: &[Value]) -> String {
    let mut text = String::from("Record of processing activities (GDPR, article 30)\n");
    for activity in activities {
        text.push('\n');
        for (name, title) in FIELDS {
            let said = Some(field(activity, name)).filter(|said| !said.is_empty()).unwrap_or("not said");
            text.push_str(&format!("{title}: {said}\n"));
        }
    }
    if activities.is_empty() {
        text.push_str("\nNo circles yet.\n");
    }
    text
}

fn csv(activities: &[Value]) -> Result<Vec<u8>, Failure> {
    let failed = |error: csv::Error| Failure::new(format!("the register can't be written: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(FIELDS.map(|(_, title)| title)).map_err(failed)?;
    for activity in activities {
        // A field that begins as a formula would be worked out by whoever opens the table.
        let cells = FIELDS.map(|(name, _)| match field(activity, name) {
            said if said.starts_with(['=', '+', '-', '@']) => format!("'{said}"),
            said => said.to_owned(),
        });
        writer.write_record(cells).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| Failure::new(error.to_string()))
}
