//! `bongsu release`: what waits for a second person of a member's, and what that person decides.
//!
//! Whoever has the data folder sees what waits in it, and can keep it. To let it out takes a person of the member's, and the command
//! line knows one by its token alone.

use crate::answer::{Answer, table};
use crate::cli::{ReleaseApproveArgs, ReleaseCommand, ReleaseRefuseArgs};
use crate::exit::{Exit, Failure};
use crate::node::Node;
use gate::{Fate, ReleaseError};
use policy::{Book, By, CredentialKind, MemberId, Parcel, ParcelState, PersonId, Right};
use serde_json::{Value, json};
use std::path::Path;
use stix::Timestamp;
use uuid::Uuid;
use web::auth::Token;

/// Bytes of a file with a token.
const TOKEN_BYTES_MAX: u64 = 4096;

/// Runs `bongsu release …`.
///
/// # Errors
/// When a name or an id is unknown, the token is not a person's that may, or the store fails.
pub(crate) fn run(node: &Node, command: &ReleaseCommand) -> Result<Answer, Failure> {
    match command {
        ReleaseCommand::List { member, all } => list(node, member.as_deref(), *all),
        ReleaseCommand::Show { id } => show(node, id),
        ReleaseCommand::Approve(args) => approve(node, args),
        ReleaseCommand::Refuse(args) => refuse(node, args),
    }
}

fn parsed(id: &str) -> Result<Uuid, Failure> {
    id.parse().map_err(|error| Failure::usage(format!("`{id}` is no release's id: {error}")))
}

fn absent(id: &str) -> Failure {
    Failure::new(format!("there is no release {id}")).hint("`bongsu release list --all` shows all")
}

fn named(book: &Book, person: Option<PersonId>, nobody: &str) -> String {
    match person {
        None => nobody.to_owned(),
        Some(id) => book.person(id).map_or_else(|| "unknown".to_owned(), |person| person.user.clone()),
    }
}

fn view(book: &Book, parcel: &Parcel, now: Timestamp) -> Value {
    let mut view = json!({
        "id": parcel.id.to_string(),
        "member": book.member(parcel.by.member).map(|member| member.handle.clone()),
        "circle": book.circle(parcel.circle).map(|circle| circle.handle.clone()),
        "brought_by": parcel.by.person.map(|id| named(book, Some(id), "")),
        "brought": parcel.at.to_string(), "until": parcel.until.to_string(),
        "objects": parcel.objects, "withdrawn": parcel.withdrawn.len(),
        "ask": parcel.ask.map(|ask| ask.to_string()),
        "state": parcel.state(now).name(),
    });
    if let Some(decided) = &parcel.decided {
        view["decided_by"] = json!(decided.by.map(|id| named(book, Some(id), "")));
        view["decided"] = json!(decided.at.to_string());
        view["said"] = json!(decided.said);
    }
    if let Some((_, outcome)) = &parcel.done {
        view["outcome"] = json!(outcome);
    }
    view
}

fn list(node: &Node, member: Option<&str>, all: bool) -> Result<Answer, Failure> {
    let (book, now) = (node.gate.book(), node.now());
    let member = member.map(|handle| node.member(&book, handle).map(|member| member.id)).transpose()?;
    let mut parcels = node.gate.parcels(member);
    parcels.retain(|parcel| {
        all || matches!(parcel.state(now), ParcelState::Waiting | ParcelState::Released | ParcelState::Lapsed)
    });
    let views: Vec<Value> = parcels.iter().map(|parcel| view(&book, parcel, now)).collect();
    let text = |view: &Value, name: &str| view[name].as_str().unwrap_or_default().to_owned();
    let rows: Vec<Vec<String>> = views
        .iter()
        .zip(&parcels)
        .map(|(view, parcel)| {
            vec![
                text(view, "id"),
                text(view, "member"),
                text(view, "circle"),
                parcel.objects.to_string(),
                named(&book, parcel.by.person, "a system"),
                text(view, "until"),
                text(view, "state"),
            ]
        })
        .collect();
    let text = match rows.is_empty() {
        true => "Nothing waits for a second person.\n".to_owned(),
        false => table(&["ID", "MEMBER", "CIRCLE", "OBJECTS", "BROUGHT BY", "LAPSES", "STATE"], &rows),
    };
    Ok(Answer::done(json!({"releases": views}), text))
}

fn show(node: &Node, id: &str) -> Result<Answer, Failure> {
    let (book, now) = (node.gate.book(), node.now());
    let parcel = node.gate.parcel(parsed(id)?, None).ok_or_else(|| absent(id))?;
    let goes = node.gate.parcel_goes(&parcel, now);
    let goes = goes.map_err(|error| Failure::new(format!("the release can't be read: {error}")))?;
    let mut shown = view(&book, &parcel, now);
    let mut text = format!(
        "{} of {} into {}, {} objects, brought by {} at {}: {}\n",
        parcel.id,
        shown["member"].as_str().unwrap_or_default(),
        shown["circle"].as_str().unwrap_or_default(),
        parcel.objects,
        named(&book, parcel.by.person, "a system of the member's"),
        parcel.at,
        parcel.state(now).name()
    );
    let mut rows = Vec::new();
    for row in &goes.rows {
        let fate = match row.fate {
            Fate::Release => "release",
            Fate::Redact => "redact",
            Fate::Hold => "hold",
        };
        let member = book.member(row.member).map(|member| member.handle.clone()).unwrap_or_default();
        rows.push(vec![member, row.object.to_string(), fate.to_owned(), row.rule.code().to_owned()]);
    }
    if !rows.is_empty() {
        text.push_str(&table(&["MEMBER", "OBJECT", "WOULD", "RULE"], &rows));
    }
    for object in &goes.objects {
        text.push_str(&object.raw);
        text.push('\n');
    }
    let row =
        |row: &Vec<String>| json!({"member": row[0], "object": row[1], "decision": row[2], "rule": row[3]});
    shown["goes"] = rows.iter().map(row).collect();
    shown["open"] = goes.open.iter().map(ToString::to_string).collect();
    shown["terms"] = serde_json::from_str(&goes.terms.to_json()).unwrap_or_default();
    // As texts, so that each byte is there.
    shown["texts"] = goes.objects.iter().map(|object| object.raw.as_str()).collect();
    Ok(Answer::done(json!({"release": shown}), text))
}

/// The person whose token is in a file, if it may release.
fn person(node: &Node, book: &Book, path: &Path) -> Result<By, Failure> {
    use std::io::Read as _;
    let unread = |why: String| Failure::usage(format!("{}: {why}", path.display()));
    let file = std::fs::File::open(path).map_err(|error| unread(error.to_string()))?;
    let mut text = String::new();
    file.take(TOKEN_BYTES_MAX).read_to_string(&mut text).map_err(|error| unread(error.to_string()))?;
    let token = Token::read(text.trim()).ok_or_else(|| unread("there is no token in it".to_owned()))?;
    let credential = book.credential(token.id).filter(|credential| match &credential.kind {
        CredentialKind::Token { hash } => node.tokens.matches(&token, hash),
        _ => false,
    });
    let credential = credential.ok_or_else(|| unread("no such token is known here".to_owned()))?;
    if !book.rights_of(credential, node.now()).has(Right::Release) {
        return Err(unread("the token does not hold, or has not the right to release".to_owned()).hint(
            "a person with the role releaser makes one: `bongsu member token --person USER --scope release`",
        ));
    }
    Ok(By { member: credential.member.unwrap_or(MemberId::NODE), person: credential.person })
}

fn failed(id: &str, error: &ReleaseError) -> Failure {
    match error {
        ReleaseError::Not(policy::NotReleased::NotFound) => absent(id),
        error => Failure::new(format!("{id}: {error}")),
    }
}

fn approve(node: &Node, args: &ReleaseApproveArgs) -> Result<Answer, Failure> {
    let by = person(node, &node.gate.book(), &args.token_file)?;
    let ids = args.ids.iter().map(|id| Ok((id, parsed(id)?))).collect::<Result<Vec<_>, Failure>>()?;
    let (mut views, mut text, mut exit) = (Vec::new(), String::new(), Exit::Done);
    for (id, parsed) in ids {
        let parcel = node.gate.release(parsed, by, node.now()).map_err(|error| {
            failed(id, &error).hint(format!("{} named before it are released", views.len()))
        })?;
        let outcome = parcel.done.as_ref().map(|(_, outcome)| outcome.clone()).unwrap_or_default();
        text.push_str(&format!(
            "{id}: {} shared, {} there already, {} quarantined, {} refused.\n",
            outcome.shared, outcome.present, outcome.quarantined, outcome.refused
        ));
        outcome.why.iter().for_each(|why| text.push_str(&format!("  {why}\n")));
        if outcome.refused + outcome.quarantined > 0 {
            exit = Exit::Findings;
        }
        views.push(view(&node.gate.book(), &parcel, node.now()));
    }
    Ok(Answer::done(json!({"releases": views}), text).ending(exit))
}

fn refuse(node: &Node, args: &ReleaseRefuseArgs) -> Result<Answer, Failure> {
    let by = match &args.token_file {
        Some(path) => person(node, &node.gate.book(), path)?,
        None => By::from(MemberId::NODE),
    };
    let parcel = node.gate.refuse_release(parsed(&args.id)?, by, &args.say, node.now());
    let parcel = parcel.map_err(|error| failed(&args.id, &error))?;
    let view = view(&node.gate.book(), &parcel, node.now());
    Ok(Answer::done(json!({"release": view}), format!("{} is refused: nothing of it goes out.\n", args.id)))
}
