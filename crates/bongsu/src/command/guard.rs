//! `bongsu guard`: what the guard judges by, and what it says of a value.

use deliver::{About, Step, StepVerdict};
use policy::{Level, MemberId};
use serde_json::{Value as Json, json};
use stix::Timestamp;
use watch::guard::Models;
use watch::{Guard, Hold, Kind, Value, guess, normalise};

use crate::answer::{Answer, table};
use crate::cli::GuardCommand;
use crate::exit::Failure;
use crate::node::Node;

/// Runs `bongsu guard …`.
///
/// # Errors
/// When a name or value is unknown, or the store fails.
pub(crate) fn run(node: &Node, command: GuardCommand) -> Result<Answer, Failure> {
    match command {
        GuardCommand::Lists => lists(node),
        GuardCommand::Models => Ok(models(&node.deliver()?.basis().models)),
        GuardCommand::Explain { value, member } => explain(node, &value, &member),
        GuardCommand::Steps => steps(node),
        GuardCommand::Confirm { id } => settle(node, &id, StepVerdict::Confirmed),
        GuardCommand::Refuse { id } => settle(node, &id, StepVerdict::Refused),
    }
}

fn lists(node: &Node) -> Result<Answer, Failure> {
    let basis = node.deliver()?.basis();
    let (mut rows, mut views) = (Vec::new(), Vec::new());
    for list in basis.lists().all() {
        let from = if list.is_own { "configured" } else { "built in" };
        rows.push(vec![list.title.clone(), list.entries.to_string(), from.to_owned()]);
        views.push(json!({"title": list.title, "entries": list.entries, "from": from}));
    }
    let mut text = table(&["LIST", "ENTRIES", "FROM"], &rows);
    let off = &node.config.guard.off;
    for off in off {
        text.push_str(&format!("Switched off: {} ({})\n", off.list, off.reason));
    }
    let off: Vec<Json> = off.iter().map(|off| json!({"title": off.list, "reason": off.reason})).collect();
    Ok(Answer::done(json!({"lists": views, "off": off}), text))
}

fn models(models: &Models) -> Answer {
    let (mut rows, mut views) = (Vec::new(), Vec::new());
    for kind in Kind::ALL {
        let (name, decay) = models.of(kind);
        rows.push(vec![
            kind.to_string(),
            name.to_owned(),
            decay.lifetime_days.to_string(),
            decay.decay.to_string(),
            decay.threshold.to_string(),
            decay.unstated.to_string(),
        ]);
        views.push(json!({
            "kind": kind.as_str(), "model": name, "lifetime_days": decay.lifetime_days, "decay": decay.decay,
            "threshold": decay.threshold, "unstated": decay.unstated,
        }));
    }
    let header = ["KIND", "MODEL", "LIFETIME (DAYS)", "DECAY", "THRESHOLD", "IF UNSTATED"];
    Answer::done(json!({"models": views}), table(&header, &rows))
}

fn explain(node: &Node, text: &str, handle: &str) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let member = node.active(&book, handle)?;
    let value = guess(text).or_else(|| normalise(Kind::Domain, text).ok()).ok_or_else(|| {
        Failure::usage(format!("`{text}` is no value that the guard knows"))
            .hint("name a domain, address, network, URL, hash, mail address or wallet")
    })?;
    let maker = node.deliver()?;
    let failed = |error: deliver::DeliverError| Failure::new(error.to_string());
    let form = member.level.min(Level::List);
    let about = maker.gather(member.id, form, true).map_err(failed)?.about(&value);
    let mut out = format!("{value} ({}), as {handle} gets it\n", value.kind());
    if about.is_empty() {
        let hold = maker.trial(&book, member.id).of_value(&value).err();
        out.push_str("No indicator that this member gets names it. If one did that states nothing else:\n");
        out.push_str(&rules(&value, hold.as_ref()));
        let json = json!({
            "value": value.text(), "kind": value.kind().as_str(), "indicators": [], "hold": hold.as_ref().map(held),
            "passes": hold.is_none(),
        });
        return Ok(Answer::done(json, out));
    }
    for about in &about {
        out.push_str(&said(&value, about));
    }
    let passes = about.iter().any(|about| about.hold.is_none());
    out.push_str(if passes { "It goes out.\n" } else { "It does not go out.\n" });
    let json = json!({
        "value": value.text(), "kind": value.kind().as_str(), "passes": passes,
        "indicators": about.iter().map(view).collect::<Vec<_>>(),
    });
    Ok(Answer::done(json, out))
}

fn all_steps(node: &Node) -> Result<Vec<Step>, Failure> {
    let steps = node.deliver()?.steps();
    steps.map_err(|error| Failure::new(format!("what came in can't be read: {error}")))
}

fn steps(node: &Node) -> Result<Answer, Failure> {
    let (book, mut rows, mut views) = (node.gate.book(), Vec::new(), Vec::new());
    for step in all_steps(node)? {
        let circle = book.circle(step.circle).map_or("", |circle| &circle.handle);
        let sender = book.member(step.sender).map_or("operator", |member| &member.handle);
        let verdict = step.verdict.map_or("none", StepVerdict::as_str);
        rows.push(vec![
            step.id.clone(),
            circle.to_owned(),
            sender.to_owned(),
            step.first.to_string(),
            step.count.to_string(),
            step.waiting.to_string(),
            verdict.to_owned(),
        ]);
        views.push(json!({
            "id": step.id, "circle": circle, "from": sender, "first": step.first.to_string(),
            "last": step.last.to_string(), "count": step.count, "waiting": step.waiting,
            "verdict": step.verdict.map(StepVerdict::as_str),
        }));
    }
    let text = match rows.is_empty() {
        true => "Nothing came beyond the limit.\n".to_owned(),
        false => table(&["STEP", "CIRCLE", "FROM", "SINCE", "INDICATORS", "WAITING", "VERDICT"], &rows),
    };
    Ok(Answer::done(json!({"steps": views}), text))
}

fn settle(node: &Node, id: &str, verdict: StepVerdict) -> Result<Answer, Failure> {
    let step = all_steps(node)?.into_iter().find(|step| step.id == id).ok_or_else(|| {
        Failure::new(format!("there is no step `{id}`")).hint("`bongsu guard steps` lists them")
    })?;
    step.settle(&node.gate, MemberId::NODE, verdict)?;
    let (count, what) = (step.count, verdict.as_str());
    let text = format!("{id}: {count} indicators {what}. What comes to it later waits again.");
    Ok(Answer::done(json!({"id": id, "count": count, "verdict": what}), text))
}

fn held(hold: &Hold) -> Json {
    json!({"rule": hold.rule, "list": hold.list, "why": hold.message})
}

fn view(about: &About) -> Json {
    let date = |date: Option<Timestamp>| date.map(|date| date.to_string());
    json!({
        "circle": about.circle, "indicator": about.indicator.to_string(), "confidence": about.confidence,
        "score": (about.score * 10.0).round() / 10.0, "valid_from": date(about.valid_from),
        "valid_until": date(about.valid_until), "seen_last": date(about.seen_last), "fades_at": date(about.fades_at),
        "hold": about.hold.as_ref().map(held),
    })
}

fn said(value: &Value, about: &About) -> String {
    let confidence = about.confidence.map_or_else(|| "none".to_owned(), |confidence| confidence.to_string());
    let mut out = format!("\n{} in {}\n", about.indicator, about.circle);
    out.push_str(&format!("  confidence stated: {confidence}, now: {:.1}\n", about.score));
    for (what, date) in [
        ("valid from", about.valid_from),
        ("valid until", about.valid_until),
        ("seen last", about.seen_last),
        ("fades at", about.fades_at),
    ] {
        if let Some(date) = date {
            out.push_str(&format!("  {what}: {date}\n"));
        }
    }
    out.push_str(&rules(value, about.hold.as_ref()));
    out
}

/// The rules in their order, up to the one that holds the value.
fn rules(value: &Value, hold: Option<&Hold>) -> String {
    let mut out = String::new();
    for rule in Guard::rules(value.kind()) {
        match hold.filter(|hold| hold.rule == *rule) {
            None => out.push_str(&format!("  {rule}: passes\n")),
            Some(hold) => {
                out.push_str(&format!("  {rule}: HELD, {}\n", hold.message));
                return out;
            }
        }
    }
    if let Some(hold) = hold {
        out.push_str(&format!("  {}: HELD, {}\n", hold.rule, hold.message));
    }
    out
}
