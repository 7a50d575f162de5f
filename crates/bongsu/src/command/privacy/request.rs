//! `bongsu privacy request`: requests of people about their data, each event a record of the node's line.
//!
//! Source: Regulation (EU) 2016/679 (GDPR), article 12 (3): without undue delay, within one month of receipt.

use crate::answer::{Answer, table};
use crate::cli::{RequestCommand, RequestedArg};
use crate::exit::{Exit, Failure};
use crate::node::Node;
use line::{Draft, LineId, Outcome, RecordKind};
use policy::MemberId;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use stix::Timestamp;

/// One month, by the shortest way to count it that is never too long.
const MONTH_US: i64 = 28 * 86_400_000_000;
/// Characters of a subject, and of what was done.
const TEXT_CHARS_MAX: usize = 500;

/// What happened to a request.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Event {
    Received { number: u64, what: RequestedArg, subject: String },
    Answered { number: u64, done: String },
}

/// A request as it stands.
#[derive(Serialize)]
struct Request {
    number: u64,
    what: RequestedArg,
    subject: String,
    received: String,
    /// By when it must be answered.
    due: String,
    overdue: bool,
    answered: Option<String>,
    done: Option<String>,
}

/// Runs `bongsu privacy request …`.
///
/// # Errors
/// When a text is too long, a number unknown, or the line can't be read or written.
pub(super) fn run(node: &Node, command: &RequestCommand) -> Result<Answer, Failure> {
    match command {
        RequestCommand::Open { what, subject } => {
            let number = requests(node)?.len() as u64 + 1;
            write(node, &Event::Received { number, what: *what, subject: limited(subject)? })?;
            one(node, number)
        }
        RequestCommand::Answer { number, done } => {
            if !requests(node)?.contains_key(number) {
                return Err(Failure::new(format!("there is no request {number}"))
                    .hint("`bongsu privacy request list` shows all"));
            }
            write(node, &Event::Answered { number: *number, done: limited(done)? })?;
            one(node, *number)
        }
        RequestCommand::List => list(node),
    }
}

fn limited(text: &str) -> Result<String, Failure> {
    match text.chars().count() <= TEXT_CHARS_MAX && !text.chars().any(char::is_control) {
        true => Ok(text.to_owned()),
        false => Err(Failure::usage(format!(
            "more than {TEXT_CHARS_MAX} characters, or some that are not printed"
        ))),
    }
}

fn write(node: &Node, event: &Event) -> Result<(), Failure> {
    let failed = |why: String| Failure::new(format!("the request could not be written: {why}"));
    let text = serde_json::to_vec(event).map_err(|error| failed(error.to_string()))?;
    let draft = Draft::note(RecordKind::PrivacyRequest, MemberId::NODE.uuid(), text);
    let outcomes =
        node.gate.store().append(LineId::NODE, vec![draft]).map_err(|error| failed(error.to_string()))?;
    match outcomes.first() {
        Some(Outcome::Appended { .. }) => Ok(()),
        _ => Err(failed("the line refused it".to_owned())),
    }
}

fn requests(node: &Node) -> Result<BTreeMap<u64, Request>, Failure> {
    let mut requests: BTreeMap<u64, Request> = BTreeMap::new();
    let now = node.now();
    node.own(&mut |record, text| {
        let event = Some(text).filter(|_| record.kind == RecordKind::PrivacyRequest);
        match event.and_then(|text| serde_json::from_str(text).ok()) {
            Some(Event::Received { number, what, subject }) => {
                let due = Timestamp::from_micros(record.added.0.saturating_add(MONTH_US));
                let (received, overdue) = (record.added.timestamp().to_string(), due < now);
                let due = due.to_string();
                let request =
                    Request { number, what, subject, received, due, overdue, answered: None, done: None };
                requests.insert(number, request);
            }
            Some(Event::Answered { number, done }) => {
                if let Some(request) = requests.get_mut(&number) {
                    request.overdue = false;
                    request.answered = Some(record.added.timestamp().to_string());
                    request.done = Some(done);
                }
            }
            None => {}
        }
    })?;
    Ok(requests)
}

fn one(node: &Node, number: u64) -> Result<Answer, Failure> {
    let requests = requests(node)?;
    let request = requests.get(&number);
    let text = request.map_or_else(String::new, |request| match &request.done {
        None => format!("Request {number} received; answer it by {}.\n", request.due),
        Some(done) => format!("Request {number} answered: {done}\n"),
    });
    Ok(Answer::done(json!({"request": request}), text))
}

fn list(node: &Node) -> Result<Answer, Failure> {
    let requests: Vec<Request> = requests(node)?.into_values().collect();
    let is_overdue = requests.iter().any(|request| request.overdue);
    let row = |request: &Request| {
        let answered = match (&request.answered, request.overdue) {
            (Some(at), _) => at.clone(),
            (None, true) => "OVERDUE".to_owned(),
            (None, false) => format!("by {}", request.due),
        };
        let what = serde_json::to_value(request.what).ok();
        let what = what.as_ref().and_then(|what| what.as_str()).unwrap_or_default().to_owned();
        let done = request.done.clone().unwrap_or_default();
        vec![
            request.number.to_string(),
            what,
            request.received.clone(),
            answered,
            request.subject.clone(),
            done,
        ]
    };
    let rows: Vec<Vec<String>> = requests.iter().map(row).collect();
    let text = table(&["REQUEST", "WHAT", "RECEIVED", "ANSWERED", "WHO", "DONE"], &rows);
    let exit = if is_overdue { Exit::Findings } else { Exit::Done };
    Ok(Answer::done(json!({"requests": requests}), text).ending(exit))
}
