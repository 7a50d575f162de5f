//! Outcomes and contests in one shape for programs.

use serde_json::{Value, json};
use watch::persona::{Contest, Outcome, Reason};

/// An outcome for programs.
#[must_use]
pub fn outcome(outcome: &Outcome) -> Value {
    let also: Vec<Value> = outcome
        .also
        .iter()
        .map(|also| json!({"persona": also.persona.to_string(), "name": also.name, "score": also.score}))
        .collect();
    json!({
        "application": outcome.application, "score": outcome.score, "crosses": outcome.crosses, "word": outcome.word.as_str(),
        "reasons": outcome.reasons.iter().map(reason).collect::<Vec<_>>(), "also": also,
    })
}

fn reason(reason: &Reason) -> Value {
    let persona = reason.persona.as_ref().map(|(id, name)| json!({"id": id.to_string(), "name": name}));
    json!({
        "sign": reason.sign.code(), "family": reason.sign.family().code(), "says": reason.sign.sentence(),
        "weight": reason.weight, "percent": reason.percent, "points": reason.points,
        "given": reason.matched.given, "known": reason.matched.known, "how": reason.matched.how, "persona": persona,
        "source": {
            "who": reason.source.who, "object": reason.source.object.as_ref().map(ToString::to_string),
            "published": reason.source.from,
        },
        "date": reason.date.to_string(), "expiry": reason.expiry.to_string(),
        "contested": reason.contested.as_ref().map(contest),
    })
}

/// An open contest for programs.
#[must_use]
pub fn contest(contest: &Contest) -> Value {
    json!({
        "id": contest.id.to_string(), "about": contest.about.to_string(), "who": contest.who, "at": contest.at.to_string(),
        "explanation": contest.explanation,
    })
}
