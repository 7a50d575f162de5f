//! `bongsu contact`: whom to reach at members, for what, when and how.

use crate::answer::{Answer, table};
use crate::cli::{ContactAddArgs, ContactChangeArgs, ContactCommand, ParticularsArgs};
use crate::exit::Failure;
use crate::node::Node;
use policy::{Book, Caller, CircleId, MemberId, Opened};
use region::contact::{Channel, Contact, Hours, KEY_BYTES_MAX, Key, Looking, Shown, Way, json, vcard};
use region::{Event, Register, text};
use serde_json::json;
use std::path::{Path, PathBuf};
use stix::Timestamp;

/// Contacts of a node.
const CONTACTS_MAX: usize = 10_000;
const DAY_MICROS: i64 = 86_400_000_000;
/// Days of calls that `list` and `show` tell of: a quarter.
pub(crate) const QUARTER_DAYS: u16 = 91;

/// Runs `bongsu contact …`.
///
/// # Errors
/// When a handle is unknown or taken, something does not keep to its form, or the line can't be read or written.
pub(crate) fn run(node: &Node, command: ContactCommand) -> Result<Answer, Failure> {
    match command {
        ContactCommand::Add(args) => add(node, &args),
        ContactCommand::List { viewer, member } => list(node, viewer.as_deref(), member.as_deref()),
        ContactCommand::Show { handle, vcard } => show(node, &handle, vcard),
        ContactCommand::Change(args) => change(node, &args),
        ContactCommand::Verify { handle } => {
            told(node, &handle, Event::ContactVerified { handle: handle.clone() }, "was verified")
        }
        ContactCommand::Remove { handle } => remove(node, &handle),
    }
}

/// The paths in a command, which must not depend on where one stands.
pub(crate) fn paths(command: &mut ContactCommand) -> Option<&mut PathBuf> {
    match command {
        ContactCommand::Add(args) => args.particulars.key.as_mut(),
        ContactCommand::Change(args) => args.particulars.key.as_mut(),
        _ => None,
    }
}

/// Who looks at what: an operator, or a member whose view is asked for.
///
/// # Errors
/// When there is no such member.
pub(crate) fn looking<'b>(
    node: &Node,
    book: &'b Book,
    viewer: Option<&str>,
    days: u16,
) -> Result<Looking<'b>, Failure> {
    let caller = match viewer {
        Some(handle) => Caller::Member(node.active(book, handle)?.id),
        None => Caller::Operator,
    };
    let now = node.now();
    let since = Timestamp::from_micros(now.micros().saturating_sub(i64::from(days) * DAY_MICROS));
    Ok(Looking { book, caller, since, now })
}

fn wrong(error: impl std::fmt::Display) -> Failure {
    Failure::usage(error.to_string())
}

fn absent(register: &Register, handle: &str) -> Failure {
    let hint = match register.contacts().next() {
        None => "`bongsu contact add` adds one",
        Some(_) => "`bongsu contact list` shows all",
    };
    Failure::usage(format!("there is no contact `{handle}`")).hint(hint)
}

fn add(node: &Node, args: &ContactAddArgs) -> Result<Answer, Failure> {
    text::handle(&args.handle).map_err(wrong)?;
    let book = node.gate.book();
    let mut contact = Contact {
        member: node.active(&book, &args.member)?.id,
        function: args.function.into(),
        name: text::line("a name", &args.name, text::NAME_CHARS_MAX).map_err(wrong)?,
        role: None,
        languages: Vec::new(),
        hours: Hours::default(),
        zone: "UTC".to_owned(),
        channels: Vec::new(),
        key: None,
        deputy: None,
        circles: Vec::new(),
    };
    particulars(node, &book, &mut contact, &args.particulars)?;
    let handle = &args.handle;
    node.region.happens(|register| {
        if register.contact(handle).is_some() {
            let taken = Failure::new(format!("there is a contact `{handle}` already"));
            return Err(taken.hint(format!("`bongsu contact change {handle}` changes it")));
        }
        text::at_most("contacts", register.contacts().count() + 1, CONTACTS_MAX).map_err(wrong)?;
        check(register, handle, &contact)?;
        Ok((vec![Event::Contact { handle: handle.clone(), contact: contact.clone() }], ()))
    })?;
    let seen = match contact.circles.is_empty() {
        true => format!("No circle sees it yet. Next: bongsu contact change {handle} --circle CIRCLE\n"),
        false => format!("Next: bongsu drill start CIRCLE --member {}\n", args.member),
    };
    one(node, handle, format!("Contact {handle} of {} was added. {seen}", args.member))
}

fn change(node: &Node, args: &ContactChangeArgs) -> Result<Answer, Failure> {
    let (book, handle) = (node.gate.book(), &args.handle);
    let register = node.region.register()?;
    let before = register.contact(handle).ok_or_else(|| absent(&register, handle))?.contact.clone();
    let mut contact = before.clone();
    if let Some(function) = args.function {
        contact.function = function.into();
    }
    if let Some(name) = &args.name {
        contact.name = text::line("a name", name, text::NAME_CHARS_MAX).map_err(wrong)?;
    }
    if args.no_deputy {
        contact.deputy = None;
    }
    if args.no_key {
        contact.key = None;
    }
    let closed: Vec<CircleId> = args
        .close_circles
        .iter()
        .map(|circle| Ok(node.circle(&book, circle)?.id))
        .collect::<Result<_, Failure>>()?;
    contact.circles.retain(|circle| !closed.contains(circle));
    particulars(node, &book, &mut contact, &args.particulars)?;
    if contact == before {
        return Err(Failure::usage("nothing is to be changed")
            .hint("`bongsu contact change --help` lists what can be"));
    }
    node.region.happens(|register| {
        let now = register.contact(handle).ok_or_else(|| absent(register, handle))?;
        if now.contact != before {
            return Err(Failure::new("the contact was changed by somebody else meanwhile").hint("try again"));
        }
        check(register, handle, &contact)?;
        Ok((vec![Event::Contact { handle: handle.clone(), contact: contact.clone() }], ()))
    })?;
    one(node, handle, format!("Contact {handle} was changed.\n"))
}

/// Takes over what was typed; lists replace what was there, circles are opened beside those that are.
fn particulars(
    node: &Node,
    book: &Book,
    contact: &mut Contact,
    args: &ParticularsArgs,
) -> Result<(), Failure> {
    if let Some(position) = &args.position {
        contact.role = Some(text::line("a position", position, text::NAME_CHARS_MAX).map_err(wrong)?);
    }
    if !args.languages.is_empty() {
        contact.languages.clone_from(&args.languages);
    }
    if let Some(hours) = &args.hours {
        contact.hours = hours.parse().map_err(wrong)?;
    }
    if let Some(zone) = &args.zone {
        contact.zone.clone_from(zone);
    }
    if !args.channels.is_empty() {
        contact.channels =
            args.channels.iter().map(|channel| self::channel(channel)).collect::<Result<_, _>>()?;
    }
    if let Some(fingerprint) = &args.fingerprint {
        let armour = args.key.as_deref().map(armour).transpose()?;
        contact.key = Some(Key::new(fingerprint, armour.as_deref()).map_err(wrong)?);
    }
    if let Some(deputy) = &args.deputy {
        contact.deputy = Some(deputy.clone());
    }
    for circle in &args.circles {
        let circle = node.circle(book, circle)?;
        if circle.hidden_members {
            return Err(Failure::usage(format!(
                "the members of circle `{}` are hidden from each other, so no contact can be opened to it",
                circle.handle
            )));
        }
        if !book.opens(circle, &[contact.member]) {
            let why = format!(
                "the member is not in circle `{}`, so its contact can't be opened to it",
                circle.handle
            );
            return Err(Failure::usage(why).hint(format!("bongsu circle join {} MEMBER", circle.handle)));
        }
        if !contact.circles.contains(&circle.id) {
            contact.circles.push(circle.id);
        }
    }
    contact.check().map_err(wrong)
}

fn channel(typed: &str) -> Result<Channel, Failure> {
    let channel: Channel = typed.parse().map_err(wrong)?;
    match channel.way == Way::Mail && !deliver::mail::is_address(&channel.value) {
        true => Err(wrong(format!("`{}` is no mail address", channel.value))),
        false => Ok(channel),
    }
}

fn armour(path: &Path) -> Result<String, Failure> {
    let failed = |why: String| Failure::usage(format!("{} can't be used: {why}", path.display()));
    let size = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
    if size > KEY_BYTES_MAX as u64 {
        return Err(failed(format!("it has {size} bytes; a key has at most {KEY_BYTES_MAX}")));
    }
    std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))
}

/// Whether what a contact says of others is so.
fn check(register: &Register, handle: &str, contact: &Contact) -> Result<(), Failure> {
    let Some(deputy) = &contact.deputy else { return Ok(()) };
    let other: Option<MemberId> = register.contact(deputy).map(|listed| listed.contact.member);
    match other {
        None => Err(absent(register, deputy)),
        Some(_) if deputy == handle => Err(Failure::usage("a contact can't stand in for itself")),
        Some(member) if member != contact.member => {
            Err(Failure::usage(format!("`{deputy}` is another member's contact, and can't stand in")))
        }
        Some(_) => Ok(()),
    }
}

fn told(node: &Node, handle: &str, event: Event, what: &str) -> Result<Answer, Failure> {
    node.region.happens(|register| {
        register.contact(handle).ok_or_else(|| absent(register, handle))?;
        Ok((vec![event], ()))
    })?;
    one(node, handle, format!("Contact {handle} {what}.\n"))
}

fn remove(node: &Node, handle: &str) -> Result<Answer, Failure> {
    node.region.happens(|register| {
        register.contact(handle).ok_or_else(|| absent(register, handle))?;
        let of = register.contacts().find(|other| other.contact.deputy.as_deref() == Some(handle));
        match of {
            Some(other) => Err(Failure::new(format!("`{handle}` stands in for `{}`", other.handle))
                .hint(format!("bongsu contact change {} --deputy CONTACT, or --no-deputy", other.handle))),
            None => Ok((vec![Event::ContactRemoved { handle: handle.to_owned() }], ())),
        }
    })?;
    Ok(Answer::done(json!({"contact": handle, "removed": true}), format!("Contact {handle} was removed.\n")))
}

fn one(node: &Node, handle: &str, text: String) -> Result<Answer, Failure> {
    let (book, register) = (node.gate.book(), node.region.register()?);
    let contacts = register.contacts_for(&looking(node, &book, None, QUARTER_DAYS)?);
    let shown = contacts.iter().find(|shown| shown.get().listed.handle == handle);
    Ok(Answer::done(json!({"contact": shown.map(json)}), text))
}

fn list(node: &Node, viewer: Option<&str>, member: Option<&str>) -> Result<Answer, Failure> {
    let (book, register) = (node.gate.book(), node.region.register()?);
    let of = member.map(|handle| node.member(&book, handle)).transpose()?.map(|member| member.id);
    let mut contacts = register.contacts_for(&looking(node, &book, viewer, QUARTER_DAYS)?);
    contacts.retain(|shown| of.is_none_or(|of| shown.get().listed.contact.member == of));
    let rows: Vec<Vec<String>> = contacts.iter().map(row).collect();
    let text = match rows.is_empty() {
        true => "No contacts. Next: bongsu contact add CONTACT --member MEMBER --function technical --name NAME --channel mail:ADDRESS --circle CIRCLE\n".to_owned(),
        false => table(&["CONTACT", "MEMBER", "FOR", "NAME", "HOURS", "REACH BY", "DEPUTY", "VERIFIED", "LAST QUARTER"], &rows),
    };
    Ok(Answer::done(json!({"contacts": contacts.iter().map(json).collect::<Vec<_>>()}), text))
}

fn row(shown: &Opened<Shown<'_>>) -> Vec<String> {
    let shown = shown.get();
    let (listed, contact) = (shown.listed, &shown.listed.contact);
    vec![
        listed.handle.clone(),
        shown.member.clone(),
        contact.function.words().to_owned(),
        contact.name.clone(),
        format!("{} {}", contact.hours, contact.zone),
        contact.channels.first().map(ToString::to_string).unwrap_or_default(),
        shown.deputy.clone().unwrap_or_else(|| "-".to_owned()),
        listed.verified.map_or_else(|| "never".to_owned(), |at| at.date()),
        super::drill::reached(&shown.reach),
    ]
}

fn show(node: &Node, handle: &str, as_card: bool) -> Result<Answer, Failure> {
    let (book, register) = (node.gate.book(), node.region.register()?);
    let mut contacts = register.contacts_for(&looking(node, &book, None, QUARTER_DAYS)?);
    contacts.retain(|shown| shown.get().listed.handle == handle);
    let shown = contacts.first().ok_or_else(|| absent(&register, handle))?;
    if as_card {
        return Ok(Answer::document(json!({"contact": json(shown)}), vcard(&contacts).into_bytes()));
    }
    let (listed, contact) = (shown.get().listed, &shown.get().listed.contact);
    let mut lines = vec![
        format!(
            "{}: {}, {} contact of {}",
            listed.handle,
            contact.name,
            contact.function.words(),
            shown.get().member
        ),
        format!("Position: {}", contact.role.as_deref().unwrap_or("-")),
        format!("Languages: {}", contact.languages.join(", ")),
        format!("Hours: {} ({})", contact.hours, contact.zone),
    ];
    lines.extend(contact.channels.iter().map(|channel| format!("{}: {}", channel.way.name(), channel.value)));
    lines.extend(contact.key.iter().map(|key| format!("OpenPGP: {}", key.fingerprint)));
    lines.push(format!("Deputy: {}", shown.get().deputy.as_deref().unwrap_or("-")));
    lines.push(format!("Opened to: {}", shown.get().circles.join(" ")));
    lines.push(format!(
        "Verified: {}",
        listed.verified.map_or_else(|| "never".to_owned(), |at| at.to_string())
    ));
    lines.push(format!("Last quarter: {}", super::drill::reached(&shown.get().reach)));
    Ok(Answer::done(json!({"contact": json(shown)}), lines.join("\n") + "\n"))
}
