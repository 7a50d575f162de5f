//! `bongsu consultation`: when members meet, and the calendar.

use crate::answer::{Answer, table};
use crate::cli::{ConsultationAddArgs, ConsultationArgs, ConsultationChangeArgs, ConsultationCommand};
use crate::command::contact::{QUARTER_DAYS, looking};
use crate::exit::Failure;
use crate::node::Node;
use policy::Book;
use region::calendar::feed;
use region::consultation::{Arranged, Consultation};
use region::{Event, text};
use serde_json::{Value, json};
use stix::Timestamp;

use super::{circles, handles, line, members, wrong};

/// Consultations of a node.
const CONSULTATIONS_MAX: usize = 10_000;

/// Runs `bongsu consultation …`.
///
/// # Errors
/// When a handle is unknown or taken, something does not keep to its form, or the line can't be read or written.
pub(crate) fn run(node: &Node, command: ConsultationCommand) -> Result<Answer, Failure> {
    match command {
        ConsultationCommand::Add(args) => add(node, &args),
        ConsultationCommand::List(args) => list(node, args.viewer.as_deref()),
        ConsultationCommand::Change(args) => change(node, &args),
        ConsultationCommand::Cancel { handle } => cancel(node, &handle),
        ConsultationCommand::Calendar(args) => calendar(node, args.viewer.as_deref()),
    }
}

fn time(typed: &str) -> Result<Timestamp, Failure> {
    region::consultation::time(typed).ok_or_else(|| {
        Failure::usage(format!("`{typed}` is no time"))
            .hint("write it as 2026-12-01T05:00:00Z or 2026-12-01T14:00:00+09:00")
    })
}

fn add(node: &Node, args: &ConsultationAddArgs) -> Result<Answer, Failure> {
    let (book, handle) = (node.gate.book(), &args.handle);
    text::handle(handle).map_err(wrong)?;
    let mut consultation = Consultation {
        title: line("a title", &args.title)?,
        members: Vec::new(),
        begins: time(&args.begins)?,
        ends: time(&args.ends)?,
        place: None,
        agenda: None,
        outcome: None,
        circles: Vec::new(),
        cancelled: false,
    };
    take_over(node, &book, &mut consultation, &args.consultation)?;
    let kind = consultation.kind();
    node.region.happens(|register| {
        if register.consultation(handle).is_some() {
            let taken = Failure::new(format!("there is a consultation `{handle}` already"));
            return Err(taken.hint(format!("`bongsu consultation change {handle}` changes it")));
        }
        text::at_most("consultations", register.consultations().count() + 1, CONSULTATIONS_MAX)
            .map_err(wrong)?;
        Ok((vec![Event::Consultation { handle: handle.clone(), consultation }], ()))
    })?;
    Ok(Answer::done(
        json!({"consultation": handle, "kind": kind}),
        format!("The {kind} consultation {handle} was entered.\n"),
    ))
}

fn change(node: &Node, args: &ConsultationChangeArgs) -> Result<Answer, Failure> {
    let book = node.gate.book();
    changed(node, &args.handle, |consultation| {
        if let Some(title) = &args.title {
            consultation.title = line("a title", title)?;
        }
        if let Some(begins) = &args.begins {
            consultation.begins = time(begins)?;
        }
        if let Some(ends) = &args.ends {
            consultation.ends = time(ends)?;
        }
        take_over(node, &book, consultation, &args.consultation)
    })
}

fn cancel(node: &Node, handle: &str) -> Result<Answer, Failure> {
    changed(node, handle, |consultation| {
        consultation.cancelled = true;
        Ok(())
    })
}

fn changed(
    node: &Node,
    handle: &str,
    make: impl FnOnce(&mut Consultation) -> Result<(), Failure>,
) -> Result<Answer, Failure> {
    node.region.happens(|register| {
        let absent = || {
            let absent = Failure::usage(format!("there is no consultation `{handle}`"));
            absent.hint("`bongsu consultation list` shows all")
        };
        let before = &register.consultation(handle).ok_or_else(absent)?.consultation;
        let mut consultation = before.clone();
        make(&mut consultation)?;
        match consultation == *before {
            true => Err(Failure::usage("nothing is to be changed")),
            false => Ok((vec![Event::Consultation { handle: handle.to_owned(), consultation }], ())),
        }
    })?;
    Ok(Answer::done(json!({"consultation": handle}), format!("Consultation {handle} was changed.\n")))
}

/// Takes over what was typed; members replace those that were there, circles come beside.
fn take_over(
    node: &Node,
    book: &Book,
    consultation: &mut Consultation,
    args: &ConsultationArgs,
) -> Result<(), Failure> {
    if !args.members.is_empty() {
        consultation.members = members(node, book, &args.members)?;
    }
    let texts = [
        ("a place", &args.place, &mut consultation.place),
        ("an agenda", &args.agenda, &mut consultation.agenda),
        ("an outcome", &args.outcome, &mut consultation.outcome),
    ];
    for (what, typed, kept) in texts {
        if let Some(typed) = typed {
            *kept = Some(line(what, typed)?);
        }
    }
    for circle in circles(node, book, &args.circles, &consultation.members)? {
        if !consultation.circles.contains(&circle) {
            consultation.circles.push(circle);
        }
    }
    consultation.check().map_err(wrong)
}

fn list(node: &Node, viewer: Option<&str>) -> Result<Answer, Failure> {
    let (book, register) = (node.gate.book(), node.region.register()?);
    let all = register.consultations_for(&looking(node, &book, viewer, QUARTER_DAYS)?);
    let rows: Vec<Vec<String>> = all.iter().map(|opened| row(&book, opened.get())).collect();
    let text = match rows.is_empty() {
        true => "No consultations. Next: bongsu consultation add CONSULTATION --title TITLE --begins TIME --ends TIME --member MEMBER --member MEMBER\n".to_owned(),
        false => table(&["CONSULTATION", "BEGINS", "KIND", "ABOUT", "MEMBERS", "STATE"], &rows),
    };
    let json: Vec<Value> = all.iter().map(|opened| shown(&book, opened.get())).collect();
    Ok(Answer::done(json!({"consultations": json}), text))
}

fn row(book: &Book, arranged: &Arranged) -> Vec<String> {
    let consultation = &arranged.consultation;
    vec![
        arranged.handle.clone(),
        format!("{}Z", consultation.begins.to_string().get(..16).unwrap_or_default()),
        consultation.kind().to_owned(),
        consultation.title.clone(),
        handles(book, &consultation.members).join(" "),
        if consultation.cancelled { "called off" } else { "confirmed" }.to_owned(),
    ]
}

fn shown(book: &Book, arranged: &Arranged) -> Value {
    let consultation = &arranged.consultation;
    json!({
        "consultation": arranged.handle, "title": consultation.title, "kind": consultation.kind(),
        "begins": consultation.begins.to_string(), "ends": consultation.ends.to_string(),
        "members": handles(book, &consultation.members), "place": consultation.place, "agenda": consultation.agenda,
        "outcome": consultation.outcome, "cancelled": consultation.cancelled,
    })
}

fn calendar(node: &Node, viewer: Option<&str>) -> Result<Answer, Failure> {
    let (book, register) = (node.gate.book(), node.region.register()?);
    let all = register.consultations_for(&looking(node, &book, viewer, QUARTER_DAYS)?);
    let text = feed(node.gate.key().name(), &book, &all);
    Ok(Answer::document(json!({"calendar": text}), text.into_bytes()))
}
