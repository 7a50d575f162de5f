//! `bongsu circle`: agreements between members, each with a line of its own.

use crate::answer::{Answer, table};
use crate::cli::{CircleCommand, CircleProfile, FourEyesArg};
use crate::command::member::{check_handle, one_line};
use crate::command::terms::instant;
use crate::command::{equivalents, fires, signatures};
use crate::exit::Failure;
use crate::node::Node;
use line::LineId;
use policy::{Access, Book, Circle, CircleId, Entry, FourEyes, MemberId, Privacy, privacy};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use stix::ObjectId;
use uuid::Uuid;

/// Characters of a circle's title.
const TITLE_CHARS_MAX: usize = 200;
/// Characters of what a circle is for.
const PURPOSE_CHARS_MAX: usize = 1_000;

/// Runs `bongsu circle …`.
///
/// # Errors
/// When a handle is unknown, taken or malformed, or the line can't be written.
pub(crate) fn run(node: &Node, command: CircleCommand) -> Result<Answer, Failure> {
    match command {
        CircleCommand::Add { handle, profile, members } => add(node, handle, &profile, &members),
        CircleCommand::List => Ok(list(node)),
        CircleCommand::Show { handle } => show(node, &handle),
        CircleCommand::Join { handle, members, access } => change(node, &handle, |circle, ids| {
            for id in ids(&members)? {
                if !circle.members.contains(&id) {
                    circle.members.push(id);
                }
                match access.map(Access::from) {
                    Some(Access::Both) => drop(circle.access.remove(&id)),
                    Some(access) => drop(circle.access.insert(id, access)),
                    None => {}
                }
            }
            Ok(format!("{} joined circle {}.", members.join(", "), circle.handle))
        }),
        CircleCommand::Leave { handle, members } => change(node, &handle, |circle, ids| {
            let leaving = ids(&members)?;
            circle.members.retain(|member| !leaving.contains(member));
            circle.access.retain(|member, _| !leaving.contains(member));
            Ok(format!("{} left circle {}.", members.join(", "), circle.handle))
        }),
        CircleCommand::Set { handle, profile } => change(node, &handle, |circle, _| {
            apply(&profile, circle)?;
            Ok(format!("Circle {} changed.", circle.handle))
        }),
        CircleCommand::End { handle } => change(node, &handle, |circle, _| {
            circle.ends = Some(node.now());
            Ok(format!("Circle {} has ended: its line stays, nothing goes out any more.", circle.handle))
        }),
        CircleCommand::Fires(args) => fires::run(node, &args),
        CircleCommand::Signatures { handle, state, limit } => {
            signatures::run(node, &handle, state.map(Into::into), limit)
        }
        CircleCommand::Equivalents { handle, skip, limit } => equivalents::run(node, &handle, skip, limit),
    }
}

/// A circle as `--json` shows it.
#[derive(Serialize)]
struct View<'a> {
    id: String,
    handle: &'a str,
    title: &'a str,
    purpose: &'a str,
    ceiling: String,
    onward: &'static str,
    starts: Option<String>,
    ends: Option<String>,
    hidden_members: bool,
    signatures: &'static str,
    /// Days for which what is shared waits for a second person; null if one suffices.
    four_eyes: Option<u16>,
    /// From how many members on something is said of all together; not there if the circle sets nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    aggregate_from: Option<u8>,
    members: Vec<&'a str>,
    /// What members may do who may not do both.
    access: BTreeMap<&'a str, &'static str>,
    spec_versions: Vec<&'static str>,
    privacy: &'a Privacy,
    records: u64,
}

fn view<'a>(node: &Node, book: &'a Book, circle: &'a Circle) -> View<'a> {
    let mut members: Vec<&str> = circle
        .members
        .iter()
        .filter_map(|id| book.member(*id))
        .map(|member| member.handle.as_str())
        .collect();
    members.sort_unstable();
    let access = circle
        .access
        .iter()
        .filter_map(|(id, access)| book.member(*id).map(|member| (member.handle.as_str(), access.name())));
    let line = LineId::new(circle.id.uuid());
    View {
        id: circle.id.to_string(),
        handle: &circle.handle,
        title: &circle.title,
        purpose: &circle.purpose,
        ceiling: circle.ceiling.to_string(),
        onward: circle.onward.name(),
        starts: circle.starts.map(|at| at.to_string()),
        ends: circle.ends.map(|at| at.to_string()),
        hidden_members: circle.hidden_members,
        signatures: circle.signatures.name(),
        four_eyes: circle.four_eyes.map(|four_eyes| four_eyes.days),
        aggregate_from: circle.aggregate_from,
        members,
        access: access.collect(),
        spec_versions: circle.spec_versions.iter().map(|version| version.as_str()).collect(),
        privacy: &circle.privacy,
        records: node.gate.store().look(line, |catalogue| catalogue.head().0).unwrap_or_default(),
    }
}

fn add(node: &Node, handle: String, profile: &CircleProfile, members: &[String]) -> Result<Answer, Failure> {
    let book = node.gate.book();
    check_handle(&handle)?;
    if book.circle_by_handle(&handle).is_some() {
        return Err(Failure::new(format!("there is a circle `{handle}` already"))
            .hint(format!("choose another handle, or change it with `bongsu circle set {handle}`")));
    }
    let ids =
        members.iter().map(|member| Ok(node.member(&book, member)?.id)).collect::<Result<_, Failure>>()?;
    let mut circle = Circle { members: ids, ..Circle::new(CircleId::new(Uuid::new_v4()), handle) };
    apply(profile, &mut circle)?;
    node.change(|book| match book.circle_by_handle(&circle.handle) {
        None => Ok(Entry::Circle(circle.clone())),
        Some(_) => Err(Failure::new(format!("there is a circle `{}` already", circle.handle))),
    })?;
    let book = node.gate.book();
    let text = format!(
        "Circle {} added, ceiling {}.\nNext: bongsu import FILE --circle {} --as MEMBER\n",
        circle.handle, circle.ceiling, circle.handle
    );
    Ok(Answer::done(json!({"circle": view(node, &book, &circle)}), text))
}

fn list(node: &Node) -> Answer {
    let book = node.gate.book();
    let mut circles: Vec<&Circle> = book.circles().collect();
    circles.sort_by(|a, b| a.handle.cmp(&b.handle));
    let views: Vec<View<'_>> = circles.iter().map(|circle| view(node, &book, circle)).collect();
    let rows: Vec<Vec<String>> = views
        .iter()
        .map(|view| {
            vec![
                view.handle.into(),
                view.ceiling.clone(),
                view.records.to_string(),
                view.members.join(" "),
                view.title.into(),
            ]
        })
        .collect();
    let text = if rows.is_empty() {
        "No circles yet. Next: bongsu circle add HANDLE --title TITLE --member MEMBER".to_owned()
    } else {
        table(&["CIRCLE", "CEILING", "RECORDS", "MEMBERS", "TITLE"], &rows)
    };
    Answer::done(json!({"circles": views}), text)
}

fn show(node: &Node, handle: &str) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let circle = node.circle(&book, handle)?;
    let checkpoint = node
        .gate
        .checkpoint(LineId::new(circle.id.uuid()))
        .map_err(|error| Failure::new(format!("the checkpoint of circle {handle} can't be made: {error}")))?;
    let view = view(node, &book, circle);
    let text = format!(
        "{} ({})\n  id       {}\n  purpose  {}\n  ceiling  {}\n  onward   {}\n  signed   {}\n  release  {}\n  in force {} to {}\n  members  {}\n  records  {}\n  privacy  {}\n\n{}",
        view.handle,
        view.title,
        view.id,
        view.purpose,
        view.ceiling,
        view.onward,
        view.signatures,
        view.four_eyes.map_or_else(|| "by one".to_owned(), |days| format!("by two, waits {days} days")),
        view.starts.as_deref().unwrap_or("always"),
        view.ends.as_deref().unwrap_or("further notice"),
        members_with_access(&view),
        view.records,
        Some(circle.privacy.sentences())
            .filter(|said| !said.is_empty())
            .unwrap_or_else(|| "nothing was said".to_owned()),
        checkpoint.note,
    );
    Ok(Answer::done(json!({"circle": view, "checkpoint": checkpoint.note}), text))
}

/// The members, each with what it may do if that is not both.
fn members_with_access(view: &View<'_>) -> String {
    let one = |handle: &&str| match view.access.get(handle) {
        Some(access) => format!("{handle} ({access})"),
        None => (*handle).to_owned(),
    };
    match view.members.is_empty() {
        true => "none".to_owned(),
        false => view.members.iter().map(one).collect::<Vec<_>>().join(" "),
    }
}

type Ids<'a> = dyn Fn(&[String]) -> Result<Vec<MemberId>, Failure> + 'a;

fn change(
    node: &Node,
    handle: &str,
    how: impl FnOnce(&mut Circle, &Ids<'_>) -> Result<String, Failure>,
) -> Result<Answer, Failure> {
    let mut text = String::new();
    node.change(|book| {
        let mut circle = node.circle(book, handle)?.clone();
        let ids =
            |handles: &[String]| handles.iter().map(|handle| Ok(node.member(book, handle)?.id)).collect();
        text = how(&mut circle, &ids)?;
        keeps_to_agreement(book, &circle)?;
        Ok(Entry::Circle(circle))
    })?;
    let book = node.gate.book();
    Ok(Answer::done(json!({"circle": view(node, &book, node.circle(&book, handle)?)}), text))
}

/// Whether a circle that several nodes agreed on stays within what its members signed.
fn keeps_to_agreement(book: &Book, circle: &Circle) -> Result<(), Failure> {
    let Some(agreed) = book.agreed(circle.id).map(|agreed| agreed.agreement.to_circle()) else {
        return Ok(());
    };
    let ends_later = match (circle.ends, agreed.ends) {
        (ends, Some(agreed)) => ends.is_none_or(|ends| ends > agreed),
        (_, None) => false,
    };
    let is_more = circle.members.iter().any(|member| !agreed.members.contains(member))
        || circle.ceiling != agreed.ceiling
        || circle.onward != agreed.onward
        || circle.signatures != agreed.signatures
        || agreed.four_eyes.is_some() && circle.four_eyes != agreed.four_eyes
        || circle.starts != agreed.starts
        || ends_later;
    if is_more {
        return Err(Failure::new(format!("circle {} is agreed on with other nodes", circle.handle)).hint(
            "its members, ceiling, onward rule, signatures, four eyes and dates change by a new version that all members sign: `bongsu agreement draft`",
        ));
    }
    Ok(())
}

pub(crate) fn apply(profile: &CircleProfile, circle: &mut Circle) -> Result<(), Failure> {
    if let Some(title) = &profile.title {
        circle.title = one_line("the circle's title", title, TITLE_CHARS_MAX)?;
    }
    if let Some(purpose) = &profile.purpose {
        circle.purpose = one_line("the circle's purpose", purpose, PURPOSE_CHARS_MAX)?;
    }
    if let Some(ceiling) = profile.ceiling {
        circle.ceiling = ceiling.into();
    }
    if let Some(onward) = profile.onward {
        circle.onward = onward.into();
    }
    if let Some(starts) = &profile.starts {
        circle.starts = Some(instant("--starts", starts)?);
    }
    if let Some(ends) = &profile.ends {
        circle.ends = Some(instant("--ends", ends)?);
    }
    if let (Some(starts), Some(ends)) = (circle.starts, circle.ends)
        && ends <= starts
    {
        return Err(Failure::usage(format!("the circle would end ({ends}) before it starts ({starts})")));
    }
    if let Some(hidden) = profile.hide_members {
        circle.hidden_members = hidden;
    }
    if let Some(signatures) = profile.signatures {
        circle.signatures = signatures.into();
    }
    match profile.four_eyes {
        Some(FourEyesArg::Off) => circle.four_eyes = None,
        Some(FourEyesArg::Days(days)) => circle.four_eyes = Some(FourEyes { days }),
        None => {}
    }
    if let Some(k) = profile.aggregate_from {
        circle.aggregate_from = Some(k);
    }
    if !profile.spec_versions.is_empty() {
        circle.spec_versions = profile.spec_versions.iter().copied().map(Into::into).collect();
        circle.spec_versions.sort_unstable();
        circle.spec_versions.dedup();
    }
    apply_privacy(profile, &mut circle.privacy)
}

/// Changes what a circle says of personal data.
fn apply_privacy(profile: &CircleProfile, said: &mut Privacy) -> Result<(), Failure> {
    let texts = [
        ("--legal-basis", &profile.legal_basis, &mut said.legal_basis),
        ("--basis-reference", &profile.basis_reference, &mut said.basis_reference),
        ("--controller", &profile.controller, &mut said.controller),
    ];
    for (name, typed, text) in texts {
        if let Some(typed) = typed {
            text.clone_from(limited(name, typed)?);
        }
    }
    if profile.data_kinds.len() > privacy::KINDS_MAX || profile.keep_types.len() > privacy::KINDS_MAX {
        return Err(Failure::usage(format!("more than {} kinds or types", privacy::KINDS_MAX)));
    }
    if !profile.data_kinds.is_empty() {
        let kinds = profile.data_kinds.iter().map(|kind| limited("--data-kind", kind).cloned());
        said.data_kinds = kinds.collect::<Result<_, _>>()?;
        // One empty kind takes all back.
        said.data_kinds.retain(|kind| !kind.is_empty());
    }
    if let Some(keep) = &profile.keep {
        said.retention.days = days("--keep", keep)?;
    }
    for typed in &profile.keep_types {
        let Some((object_type, keep)) =
            typed.split_once('=').filter(|(name, _)| ObjectId::new(name, Uuid::nil()).is_ok())
        else {
            return Err(Failure::usage(format!("`--keep-type {typed}`: write it as identity=180")));
        };
        match keep {
            "" => drop(said.retention.by_type.remove(object_type)),
            keep => drop(said.retention.by_type.insert(object_type.to_owned(), days("--keep-type", keep)?)),
        }
    }
    Ok(())
}

fn limited<'t>(name: &str, text: &'t String) -> Result<&'t String, Failure> {
    match text.chars().count() <= privacy::TEXT_MAX && !text.chars().any(char::is_control) {
        true => Ok(text),
        false => Err(Failure::usage(format!(
            "{name} has more than {} characters, or some that are not printed",
            privacy::TEXT_MAX
        ))),
    }
}

/// Days, or `never`.
fn days(name: &str, typed: &str) -> Result<Option<u32>, Failure> {
    if typed == "never" {
        return Ok(None);
    }
    let days = typed.parse().ok().filter(|days| (1..=privacy::DAYS_MAX).contains(days));
    days.map(Some).ok_or_else(|| {
        Failure::usage(format!("`{name} {typed}`: write 1 to {} days, or `never`", privacy::DAYS_MAX))
    })
}
