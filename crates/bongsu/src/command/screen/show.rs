//! What is shown of a private screening.

use super::asked::Asked;
use super::private::Outcome;
use crate::answer::Answer;
use crate::terminal::visible;
use deliver::private::Filter;
use serde_json::{Value, json};

/// A text that a terminal shows and does not obey.
pub(super) fn plain(text: &str) -> String {
    visible(text.as_bytes())
}

/// All outcomes, for a person and for a program.
pub(super) fn answer(asked: &[Asked], outcomes: &[Outcome], filter: &Filter) -> Answer {
    let (mut text, mut values, mut known) = (String::new(), Vec::new(), 0_usize);
    for (asked, outcome) in asked.iter().zip(outcomes) {
        let (said, mut view) = of(outcome);
        known += usize::from(view["known"] == true);
        text.push_str(&format!("{}: {said}\n", plain(&asked.text)));
        view["asked"] = asked.text.clone().into();
        if let Ok(values) = &asked.values {
            let read = |value: &watch::Value| json!({"kind": value.kind().as_str(), "value": value.text()});
            view["read_as"] = values.iter().map(read).collect();
        }
        values.push(view);
    }
    let header = &filter.header;
    let json = json!({
        "node": header.node, "known": known, "values": values,
        "filter": {
            "made": header.made, "until": header.until, "epoch": header.epoch, "values": header.values, "tlp": header.tlp,
            "kinds": header.kinds, "circles": header.circles, "set_sha256": header.set_sha256,
            "false_positives": rate(filter),
        },
    });
    Answer::done(json, text)
}

fn of(outcome: &Outcome) -> (String, Value) {
    match outcome {
        Outcome::Answered(by) if by.is_empty() => ("not known".to_owned(), json!({"known": false, "by": []})),
        Outcome::Answered(by) => {
            let views = by.iter().map(|(by, value)| {
                json!({"match": by.as_str(), "kind": value.kind().as_str(), "value": value.text()})
            });
            let texts = by.iter().map(|(by, value)| format!("{} {}", by.as_str(), plain(value.text())));
            let texts: Vec<String> = texts.collect();
            (format!("known ({})", texts.join(", ")), json!({"known": true, "by": views.collect::<Vec<_>>()}))
        }
        Outcome::NotCovered => (
            "not asked: the node's filter does not cover all that it can be".to_owned(),
            json!({"not_covered": true}),
        ),
        Outcome::Fault(why) => (format!("not asked: {why}"), json!({ "fault": why })),
    }
}

/// How often a value that is not there is found.
fn rate(filter: &Filter) -> f64 {
    2_f64.powi(-i32::try_from(filter.header.rate_bits).unwrap_or(i32::MAX))
}

/// What it came to, in one sentence.
pub(super) fn summary(asked: &[Asked], known: usize, filter: &Filter) -> String {
    let header = &filter.header;
    format!(
        "{known} of {} known to {}, whose filter of {} values was made at {}; of questions for what is not known, one in 2^{} says known",
        asked.len(),
        plain(&header.node),
        header.values,
        plain(&header.made),
        header.rate_bits
    )
}
