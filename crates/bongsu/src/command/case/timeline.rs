//! `bongsu case timeline`: what happened when.

use crate::answer::{Answer, table};
use crate::command::trace::{time, when};
use crate::exit::Failure;
use crate::node::Node;
use crate::terminal::visible;
use serde_json::{Value, json};
use stix::Timestamp;
use trace::case::Case;

use super::retrace::amount;
use super::show::lasted;

/// Something that happened.
struct Happened {
    at: Timestamp,
    kind: &'static str,
    text: String,
}

pub(super) fn run(node: &Node, handle: &str) -> Result<Answer, Failure> {
    node.cases.look(|cases| {
        let all = happened(cases.get(handle)?);
        let rows: Vec<Vec<String>> = all
            .iter()
            .map(|one| vec![when(one.at.seconds()), one.kind.to_owned(), one.text.clone()])
            .collect();
        let shown: Vec<Value> = all
            .iter()
            .map(|one| json!({"at": one.at.to_string(), "kind": one.kind, "text": one.text}))
            .collect();
        Ok(Answer::done(json!({"case": handle, "timeline": shown}), table(&["TIME (UTC)", "", ""], &rows)))
    })
}

/// All that is known of a case's course, the earliest first. What came to a service in one alert is one line.
fn happened(case: &Case) -> Vec<Happened> {
    let mut all =
        vec![Happened { at: case.opened, kind: "opened", text: visible(case.definition.title.as_bytes()) }];
    for alert in &case.alerts {
        let (Some(first), Some(last)) = (alert.arrivals.first(), alert.arrivals.last()) else { continue };
        let transfers = crate::answer::counted(alert.arrivals.len() as u64, "transfer");
        let mut text = format!(
            "{} came to {} ({}) by {transfers}",
            amount(alert.tainted(), &first.asset, first.decimals),
            visible(alert.service().as_bytes()),
            first.category.as_str()
        );
        if last.time > first.time {
            text.push_str(&format!(", within {}", lasted(last.time - first.time)));
        }
        all.push(Happened { at: time(first.time), kind: "arrived", text });
    }
    for (at, request) in case.requests.iter().enumerate() {
        for step in &request.steps {
            let note = step.to.iter().chain(&step.note).map(|said| visible(said.as_bytes()));
            let said = note.fold(String::new(), |said, note| format!("{said}: {note}"));
            let text = format!("request {} to {}{said}", at + 1, visible(request.service.as_bytes()));
            all.push(Happened { at: step.at, kind: step.state.as_str(), text });
        }
    }
    for (at, circle, objects) in &case.shared {
        let objects = crate::answer::counted(*objects as u64, "object");
        all.push(Happened { at: *at, kind: "shared", text: format!("{objects} with {circle}") });
    }
    for (at, note) in &case.notes {
        all.push(Happened { at: *at, kind: "note", text: visible(note.as_bytes()) });
    }
    if let Some((at, why)) = &case.closed {
        all.push(Happened { at: *at, kind: "closed", text: visible(why.as_bytes()) });
    }
    all.sort_by_key(|one| one.at.micros());
    all
}
