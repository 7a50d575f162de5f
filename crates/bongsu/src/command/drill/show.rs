//! `bongsu drill list`, `show` and `reach`.

use crate::answer::{Answer, table};
use crate::command::contact::looking;
use crate::exit::Failure;
use crate::node::Node;
use policy::{Book, MemberId};
use region::drill::{Ask, Call, Reach};
use serde_json::{Value, json};
use stix::Timestamp;

use super::absent;

pub(super) fn list(node: &Node) -> Result<Answer, Failure> {
    let (book, register) = (node.gate.book(), node.region.register()?);
    let calls = register.calls();
    let rows: Vec<Vec<String>> = calls.iter().rev().map(|call| row(&book, call)).collect();
    let text = match rows.is_empty() {
        true => "No drills yet. Next: bongsu drill start CIRCLE\n".to_owned(),
        false => table(&["NUMBER", "WHAT", "BEGAN", "CIRCLE", "REACHED", "STATE"], &rows),
    };
    let all: Vec<Value> = calls.iter().map(|call| summary(&book, call)).collect();
    Ok(Answer::done(json!({"calls": all}), text))
}

fn row(book: &Book, call: &Call) -> Vec<String> {
    let (reached, all) = call.score();
    vec![
        call.number.to_string(),
        call.definition.purpose.name().to_owned(),
        minute(call.began),
        circle(book, call),
        format!("{reached} of {all}"),
        call.state().name().to_owned(),
    ]
}

fn circle(book: &Book, call: &Call) -> String {
    book.circle(call.definition.circle).map(|circle| circle.handle.clone()).unwrap_or_default()
}

fn member(book: &Book, id: MemberId) -> String {
    book.member(id).map(|member| member.handle.clone()).unwrap_or_default()
}

/// A call without its asks.
fn summary(book: &Book, call: &Call) -> Value {
    let (reached, all) = call.score();
    let definition = &call.definition;
    json!({
        "call": call.number, "purpose": definition.purpose.name(), "began": call.began.to_string(),
        "circle": circle(book, call), "as": definition.caller.map(|id| member(book, id)), "question": definition.question,
        "term_s": definition.term_s, "valid_s": definition.valid_s, "reached": reached, "chains": all, "state": call.state().name(),
        "closed": call.closed.as_ref().map(|(at, why)| json!({"at": at.to_string(), "reason": why})),
    })
}

pub(super) fn one(node: &Node, number: u64) -> Result<Answer, Failure> {
    let (book, register) = (node.gate.book(), node.region.register()?);
    let call = register.call(number).ok_or_else(|| absent(&register, number))?;
    let rows: Vec<Vec<String>> =
        call.asks.iter().enumerate().map(|(at, ask)| ask_row(&book, call, at, ask)).collect();
    let mut text = format!(
        "Call {number}, {}, since {} in {}: {}\n{}\n\n",
        call.definition.purpose.name(),
        minute(call.began),
        circle(&book, call),
        call.state().name(),
        call.definition.question
    );
    let header =
        ["ASK", "CONTACT", "MEMBER", "FOR", "ASKED", "DELIVERED", "ANSWERED", "AFTER", "BY", "ANSWER"];
    text.push_str(&table(&header, &rows));
    for (at, ask) in call.asks.iter().enumerate() {
        for (wire, tried) in &ask.wires {
            if let Some(why) = tried.error.as_ref().filter(|_| tried.delivered.is_none()) {
                text.push_str(&format!("{} by {}: {why}\n", at + 1, wire.name()));
            }
        }
        if ask.wires.is_empty() {
            text.push_str(&format!(
                "{}: nothing brings a question to {}: no mail address (or mail.host is not set), no webhook of its member\n",
                at + 1,
                ask.contact
            ));
        }
    }
    let mut json = summary(&book, call);
    json["asks"] = call.asks.iter().map(|ask| ask_json(&book, ask)).collect();
    Ok(Answer::done(json, text))
}

fn ask_row(book: &Book, call: &Call, at: usize, ask: &Ask) -> Vec<String> {
    let dash = || "-".to_owned();
    let instead = ask.instead_of.map(|before| format!(" for {}", before + 1)).unwrap_or_default();
    let answer = ask.answer.as_ref();
    let after_s = ask.answered_after_s();
    let late = after_s.is_some_and(|after_s| after_s > u64::from(call.definition.term_s));
    let none = if ask.exhausted.is_some() { "nobody left" } else { "-" };
    vec![
        format!("{}{instead}", at + 1),
        ask.contact.clone(),
        member(book, ask.member),
        ask.function.words().to_owned(),
        minute(ask.asked),
        ask.delivered().map_or_else(dash, minute),
        answer.map_or_else(|| none.to_owned(), |answer| minute(answer.at)),
        after_s
            .map_or_else(dash, |after_s| format!("{}{}", lasted(after_s), if late { " (late)" } else { "" })),
        answer.map_or_else(dash, |answer| answer.name.clone()),
        answer.and_then(|answer| answer.text.clone()).unwrap_or_default(),
    ]
}

fn ask_json(book: &Book, ask: &Ask) -> Value {
    let wires = ask.wires.iter().map(|(wire, tried)| {
        let delivered = tried.delivered.map(|at| at.to_string());
        json!({"by": wire.name(), "delivered": delivered, "error": tried.error, "given_up": tried.is_final})
    });
    let answer = ask.answer.as_ref();
    json!({
        "contact": ask.contact, "member": member(book, ask.member), "function": ask.function.name(),
        "instead_of": ask.instead_of.map(|before| before + 1), "sent": ask.asked.to_string(), "in_hours": ask.in_hours,
        "wires": wires.collect::<Vec<_>>(), "delivered": ask.delivered().map(|at| at.to_string()),
        "answered": answer.map(|answer| answer.at.to_string()), "by": answer.map(|answer| &answer.name),
        "answer": answer.and_then(|answer| answer.text.as_ref()), "after_s": ask.answered_after_s(),
        "nobody_left": ask.exhausted.map(|at| at.to_string()),
    })
}

pub(super) fn reach(node: &Node, days: u16, viewer: Option<&str>) -> Result<Answer, Failure> {
    let (book, register) = (node.gate.book(), node.region.register()?);
    let looking = looking(node, &book, viewer, days)?;
    let members = register.reached_members(&looking);
    let contacts = register.contacts_for(&looking);
    let whether = |reach: &Reach| if reach.is_reachable() { "yes" } else { "no" }.to_owned();
    let members_rows: Vec<Vec<String>> = members
        .iter()
        .map(|one| vec![member(&book, one.member), whether(&one.reach), reached(&one.reach)])
        .collect();
    let asked = contacts.iter().filter(|shown| shown.get().reach.asked > 0);
    let contact_rows: Vec<Vec<String>> = asked
        .map(|shown| {
            vec![shown.get().listed.handle.clone(), shown.get().member.clone(), reached(&shown.get().reach)]
        })
        .collect();
    let text = match members_rows.is_empty() {
        true => format!("Nobody was asked in the last {days} days. Next: bongsu drill start CIRCLE\n"),
        false => format!(
            "{}\n{}",
            table(&["MEMBER", "REACHABLE", "HOW"], &members_rows),
            table(&["CONTACT", "MEMBER", "HOW"], &contact_rows)
        ),
    };
    let members: Vec<Value> = members
        .iter()
        .map(|one| json!({"member": member(&book, one.member), "reach": one.reach.json()}))
        .collect();
    let contacts: Vec<Value> = contacts
        .iter()
        .map(|shown| json!({"contact": shown.get().listed.handle, "member": shown.get().member, "reach": shown.get().reach.json()}))
        .collect();
    Ok(Answer::done(json!({"days": days, "members": members, "contacts": contacts}), text))
}

/// How somebody answered, in words.
pub(crate) fn reached(reach: &Reach) -> String {
    if reach.asked == 0 {
        return "not asked".to_owned();
    }
    let late = if reach.late > 0 { format!(", {} late", reach.late) } else { String::new() };
    let median = reach.median_s.map(|median_s| format!(", median {}", lasted(median_s))).unwrap_or_default();
    format!("{} of {}{late}{median}", reach.in_term + reach.late, reach.asked)
}

fn lasted(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

fn minute(at: Timestamp) -> String {
    format!("{}Z", at.to_string().get(..16).unwrap_or_default())
}
