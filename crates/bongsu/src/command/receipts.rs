//! `bongsu member receipts` and `bongsu member standing`: what was really used, and who is behind.

use crate::answer::{Answer, table};
use crate::exit::Failure;
use crate::node::Node;
use gate::{GateError, Lag, MISSING_MAX};
use policy::{Book, Level, Member, Receipt};
use serde_json::{Value, json};
use stix::Timestamp;

fn failed(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("the receipts could not be read: {error}"))
}

/// A member's receipts: the newest of each kind, or its history.
///
/// # Errors
/// When the member is unknown or the store fails.
pub(crate) fn receipts(node: &Node, handle: &str, history: Option<usize>) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let member = node.member(&book, handle)?;
    let receipts = match history {
        None => node.gate.receipts(member.id),
        Some(limit) => {
            node.gate.receipt_history(member.id, limit).map_err(|error: GateError| failed(&error))?
        }
    };
    let rows: Vec<Vec<String>> = receipts.iter().map(|receipt| row(&book, receipt)).collect();
    let text = match rows.is_empty() {
        true => format!("No receipt of `{handle}` yet: nothing it was given shows a use.\n"),
        false => table(&["AT", "WHAT", "DID", "LEVEL", "UP TO", "MARK"], &rows),
    };
    let json: Vec<Value> = receipts.iter().map(|receipt| shown(&book, receipt)).collect();
    Ok(Answer::done(json!({"member": member.handle, "receipts": json}), text))
}

fn circle_of(book: &Book, circle: policy::CircleId) -> String {
    book.circle(circle).map_or_else(|| circle.to_string(), |circle| circle.handle.clone())
}

fn row(book: &Book, receipt: &Receipt) -> Vec<String> {
    let upto: Vec<String> =
        receipt.upto.iter().map(|upto| format!("{}:{}", circle_of(book, upto.circle), upto.seq)).collect();
    vec![
        short(receipt.at),
        receipt.what.clone(),
        receipt.deed.to_string(),
        receipt.level.to_string(),
        upto.join(" "),
        receipt.mark.clone().unwrap_or_default(),
    ]
}

fn shown(book: &Book, receipt: &Receipt) -> Value {
    let upto: Vec<Value> = receipt
        .upto
        .iter()
        .map(|upto| json!({"circle": circle_of(book, upto.circle), "number": upto.seq}))
        .collect();
    json!({
        "at": receipt.at.to_string(), "what": receipt.what, "did": receipt.deed.name(),
        "level": receipt.level.name(), "upto": upto, "mark": receipt.mark,
    })
}

/// To the second, in UTC.
fn short(at: Timestamp) -> String {
    let text = at.to_string();
    format!("{}Z", text.get(..19).unwrap_or(&text))
}

/// Where members really stand: all of them, or one.
///
/// # Errors
/// When the member is unknown or the store fails.
pub(crate) fn standing(node: &Node, handle: Option<&str>) -> Result<Answer, Failure> {
    let (book, now) = (node.gate.book(), node.now());
    let mut members: Vec<&Member> = match handle {
        Some(handle) => vec![node.member(&book, handle)?],
        None => book.members().filter(|member| !member.ended).collect(),
    };
    members.sort_by(|a, b| a.handle.cmp(&b.handle));
    let (mut rows, mut all) = (Vec::new(), Vec::new());
    for member in members {
        let standing = node.gate.standing(member.id);
        let (real, proven) = (standing.real(now), standing.proven(now));
        let lags = node.gate.lags(member.id, true, now).map_err(|error| failed(&error))?;
        all.push(json!({
            "member": member.handle, "offered": member.level.name(), "real": real.map(Level::name),
            "proven": proven.map(Level::name), "gap": standing.gap(member.level, now),
            "circles": lags.iter().map(|lag| lag_shown(&book, lag)).collect::<Vec<_>>(),
        }));
        let first = [
            member.handle.clone(),
            member.level.to_string(),
            real.map_or("none", Level::name).to_owned(),
            proven.map_or("-", Level::name).to_owned(),
            standing.gap(member.level, now).to_string(),
        ];
        if lags.is_empty() {
            rows.push(first.to_vec());
        }
        for lag in &lags {
            rows.push([&first[..], &lag_row(&book, lag)].concat());
        }
    }
    let header = ["MEMBER", "OFFERED", "REAL", "PROVEN", "GAP", "CIRCLE", "UP TO", "OF", "MISSING", "LAST"];
    let text = match rows.is_empty() {
        true => "No members yet: add one with `bongsu member add HANDLE`.\n".to_owned(),
        false => table(&header, &rows),
    };
    Ok(Answer::done(json!({"members": all}), text))
}

fn lag_row(book: &Book, lag: &Lag) -> Vec<String> {
    let missing =
        if lag.missing >= MISSING_MAX { format!("{MISSING_MAX}+") } else { lag.missing.to_string() };
    vec![
        circle_of(book, lag.circle),
        lag.upto.map_or_else(|| "-".to_owned(), |upto| upto.to_string()),
        lag.head.to_string(),
        missing,
        lag.at.map_or_else(|| "never".to_owned(), short),
    ]
}

fn lag_shown(book: &Book, lag: &Lag) -> Value {
    json!({
        "circle": circle_of(book, lag.circle), "real": lag.real.map(Level::name), "upto": lag.upto, "head": lag.head,
        "missing": lag.missing, "missing_is_counted_up_to": MISSING_MAX, "last": lag.at.map(|at| at.to_string()),
    })
}

/// What a member may have in the form that it uses, and has not fetched.
///
/// # Errors
/// When the member is unknown or the store fails.
pub(crate) fn missing(node: &Node, handle: &str, limit: usize) -> Result<Answer, Failure> {
    let (book, now) = (node.gate.book(), node.now());
    let member = node.member(&book, handle)?;
    let lags = node.gate.lags(member.id, true, now).map_err(|error| failed(&error))?;
    let (mut rows, mut circles, mut all) = (Vec::new(), Vec::new(), 0);
    for lag in &lags {
        let objects = node.gate.missing(member.id, lag, true, now, limit).map_err(|error| failed(&error))?;
        all += lag.missing;
        let (mut listed, circle) = (Vec::new(), circle_of(&book, lag.circle));
        for object in objects {
            let object = object.into_inner();
            let (id, at) = (object.id.to_string(), object.added.timestamp());
            rows.push(vec![circle.clone(), object.seq.0.to_string(), short(at), id.clone()]);
            listed.push(json!({"id": id, "number": object.seq.0, "shared": at.to_string()}));
        }
        let mut shown = lag_shown(&book, lag);
        shown["objects"] = listed.into();
        circles.push(shown);
    }
    let text = match rows.is_empty() {
        true => format!("`{handle}` has everything.\n"),
        false => {
            let more = all.saturating_sub(rows.len());
            let more =
                if more > 0 { format!("and {more} more; list them with --limit\n") } else { String::new() };
            table(&["CIRCLE", "NUMBER", "SHARED", "OBJECT"], &rows) + &more
        }
    };
    Ok(Answer::done(json!({"member": member.handle, "missing": all, "circles": circles}), text))
}
