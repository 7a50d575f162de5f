//! `bongsu region open`, `close` and `opened`: who may see where a member is weak.

use crate::answer::{Answer, table};
use crate::cli::OpenArgs;
use crate::command::contact::{QUARTER_DAYS, looking};
use crate::command::terms::instant;
use crate::exit::Failure;
use crate::node::Node;
use policy::{Book, MemberId};
use region::capacity::opening::{ACT_CHARS_MAX, Kept, OPENINGS_MAX, Opening, Target};
use region::capacity::register::Event;
use region::capacity::words::Language;
use region::text;
use serde_json::{Value, json};
use stix::Timestamp;

fn wrong(error: impl std::fmt::Display) -> Failure {
    Failure::usage(error.to_string())
}

/// Enters that something is opened.
///
/// # Errors
/// When a handle is unknown, the circle can't have it opened to it, or the line can't be written.
pub(super) fn open(node: &Node, args: &OpenArgs) -> Result<Answer, Failure> {
    let (book, now) = (node.gate.book(), node.now());
    let owner = node.active(&book, &args.member)?.id;
    let to = match (&args.to, &args.circle) {
        (Some(handle), _) => Target::Member(node.active(&book, handle)?.id),
        (None, Some(handle)) => {
            let circle = node.circle(&book, handle)?;
            if !book.opens(circle, &[owner]) {
                return Err(Failure::usage(format!(
                    "nothing of {} can be opened to circle `{handle}`: it is not in it, or its members are hidden from each other",
                    args.member
                )));
            }
            Target::Circle(circle.id)
        }
        (None, None) => return Err(Failure::usage("name a member with --to, or a circle with --circle")),
    };
    let until = args.until.as_deref().map(|text| instant("--until", text)).transpose()?;
    if let Some(until) = until.filter(|until| *until <= now) {
        return Err(Failure::usage(format!("--until: {until} has passed")));
    }
    let act = text::line("an administrative act", &args.act, ACT_CHARS_MAX).map_err(wrong)?;
    let opening =
        Opening { owner, to, kinds: args.what.iter().map(|kind| (*kind).into()).collect(), until, act };
    opening.check().map_err(wrong)?;
    let number = node.capacity.happens(|register| {
        let holding =
            register.openings().iter().filter(|kept| kept.opening.owner == owner && kept.holds(now));
        if holding.count() >= OPENINGS_MAX {
            return Err(Failure::new(format!("{} has {OPENINGS_MAX} openings already", args.member))
                .hint("take some back: `bongsu region close NUMBER --act TEXT`"));
        }
        Ok((owner, Event::Opened(opening), register.openings().len() as u64 + 1))
    })?;
    let text = format!("Opening {number}: what is known of {} may be seen as said.\n", args.member);
    Ok(Answer::done(json!({"opening": number}), text))
}

/// Enters that an opening is taken back.
///
/// # Errors
/// When there is none that holds with this number, or the line can't be written.
pub(super) fn close(node: &Node, number: u64, act: &str) -> Result<Answer, Failure> {
    let act = text::line("an administrative act", act, ACT_CHARS_MAX).map_err(wrong)?;
    node.capacity.happens(|register| {
        let kept = register.openings().iter().find(|kept| kept.number == number);
        match kept {
            Some(kept) if kept.withdrawn.is_none() => {
                Ok((kept.opening.owner, Event::Withdrawn { opening: number, act }, ()))
            }
            Some(_) => Err(Failure::usage(format!("opening {number} was taken back before"))),
            None => Err(Failure::usage(format!("there is no opening {number}"))
                .hint("`bongsu region opened` lists all")),
        }
    })?;
    Ok(Answer::done(json!({"opening": number}), format!("Opening {number} is taken back.\n")))
}

/// Lists openings.
///
/// # Errors
/// When the member is unknown, or the line can't be read.
pub(super) fn opened(node: &Node, viewer: Option<&str>) -> Result<Answer, Failure> {
    let (book, register) = (node.gate.book(), node.capacity.register()?);
    let looking = looking(node, &book, viewer, QUARTER_DAYS)?;
    let openings = register.openings_for(&looking);
    let shown: Vec<Value> = openings.iter().map(|kept| shown(&book, kept.get(), looking.now)).collect();
    let rows: Vec<Vec<String>> = openings.iter().map(|kept| row(&book, kept.get(), looking.now)).collect();
    let text = match rows.is_empty() {
        true => "Nothing is opened. Next: bongsu region open MEMBER --circle CIRCLE --act TEXT\n".to_owned(),
        false => table(&["NUMBER", "WHOSE", "TO", "WHAT", "SINCE", "UNTIL", "STATE", "ACT"], &rows),
    };
    Ok(Answer::done(json!({"openings": shown}), text))
}

fn handle(book: &Book, id: MemberId) -> String {
    book.member(id).map(|member| member.handle.clone()).unwrap_or_default()
}

fn target(book: &Book, kept: &Kept) -> String {
    match kept.opening.to {
        Target::Member(member) => handle(book, member),
        Target::Circle(circle) => book.circle(circle).map(|circle| circle.handle.clone()).unwrap_or_default(),
    }
}

fn state(kept: &Kept, now: Timestamp) -> &'static str {
    match (kept.holds(now), &kept.withdrawn) {
        (true, _) => "holds",
        (false, Some(_)) => "taken-back",
        (false, None) => "over",
    }
}

fn row(book: &Book, kept: &Kept, now: Timestamp) -> Vec<String> {
    let kinds: Vec<&str> = kept.opening.kinds.iter().map(|kind| kind.words(Language::English)).collect();
    vec![
        kept.number.to_string(),
        handle(book, kept.opening.owner),
        target(book, kept),
        if kinds.is_empty() { "all".to_owned() } else { kinds.join(", ") },
        kept.at.date(),
        kept.opening.until.map(|until| until.to_string()).unwrap_or_default(),
        state(kept, now).to_owned(),
        kept.opening.act.clone(),
    ]
}

fn shown(book: &Book, kept: &Kept, now: Timestamp) -> Value {
    let Kept { number, opening, at, withdrawn } = kept;
    let is_member = matches!(opening.to, Target::Member(_));
    let to = target(book, kept);
    let (member, circle) = if is_member { (Some(to), None) } else { (None, Some(to)) };
    json!({
        "number": number, "member": handle(book, opening.owner), "to_member": member, "to_circle": circle,
        "what": opening.kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>(), "since": at.to_string(),
        "until": opening.until.map(|until| until.to_string()), "act": opening.act, "state": state(kept, now),
        "taken_back": withdrawn.as_ref().map(|(at, act)| json!({"at": at.to_string(), "act": act})),
    })
}
