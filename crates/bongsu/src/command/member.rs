//! `bongsu member`: who takes part, at which level, with which credentials.

use crate::answer::{Answer, table};
use crate::cli::{MemberCommand, MemberProfile};
use crate::command::credential::Holder;
use crate::command::{credential, key, level_up, mail, quota, receipts, webhook, zone};
use crate::exit::Failure;
use crate::node::Node;
use policy::{Book, Circle, Credential, CredentialKind, Entry, Member, MemberId};
use serde::Serialize;
use serde_json::json;
use stix::Timestamp;
use uuid::Uuid;
use web::auth::OPERATOR;

/// Characters of a member's name.
const NAME_CHARS_MAX: usize = 200;
/// Characters of what is said of how to reach a member.
const CONTACT_CHARS_MAX: usize = 500;

/// Runs `bongsu member …`.
///
/// # Errors
/// When a handle is unknown, taken or malformed, or the line can't be written.
pub(crate) fn run(node: &Node, command: MemberCommand) -> Result<Answer, Failure> {
    match command {
        MemberCommand::Add { handle, profile, no_token } => add(node, handle, &profile, no_token),
        MemberCommand::List { all } => Ok(list(&node.gate.book(), all)),
        MemberCommand::Show { handle } => show(node, &handle),
        MemberCommand::Set { handle, profile } => set(node, &handle, &profile),
        MemberCommand::End { handle } => end(node, &handle),
        MemberCommand::Token { revoke: Some(id), .. } => credential::revoke(node, &id),
        MemberCommand::Token { handle, person, scopes, days, .. } => {
            credential::token(node, handle.as_deref(), person.as_deref(), &scopes, days)
        }
        MemberCommand::Tsig { handle } => credential::tsig(node, &handle),
        MemberCommand::Key(command) => key::run(node, command),
        MemberCommand::Receipts { handle, history } => {
            receipts::receipts(node, &handle, history.map(usize::from))
        }
        MemberCommand::Missing { handle, limit } => receipts::missing(node, &handle, limit.into()),
        MemberCommand::Standing { handle } => receipts::standing(node, handle.as_deref()),
        MemberCommand::Test { handle } => level_up::run(node, &handle),
        MemberCommand::Zone(args) => zone::run(node, &args),
        MemberCommand::Mail(args) => mail::set(node, &args),
        MemberCommand::Quota(args) => quota::run(node, &args),
        MemberCommand::Webhook(args) => webhook::set(node, &args),
    }
}

/// A member as `--json` shows it.
#[derive(Serialize)]
struct View<'a> {
    id: String,
    handle: &'a str,
    name: &'a str,
    level: &'static str,
    clearance: String,
    country: Option<&'a str>,
    language: &'a str,
    sectors: &'a [String],
    assets: &'a [String],
    confidence_min: u8,
    intake: &'static str,
    contact: Option<&'a str>,
    resolver: Option<String>,
    ended: bool,
    circles: Vec<&'a str>,
}

fn view<'a>(book: &'a Book, member: &'a Member) -> View<'a> {
    View {
        id: member.id.to_string(),
        handle: &member.handle,
        name: &member.name,
        level: member.level.name(),
        clearance: member.clearance.to_string(),
        country: member.country.as_deref(),
        language: &member.language,
        sectors: &member.sectors,
        assets: &member.own_assets,
        confidence_min: member.confidence_min,
        intake: member.intake.name(),
        contact: member.contact.as_deref(),
        resolver: member.resolver.map(|resolver| resolver.to_string()),
        ended: member.ended,
        circles: book
            .circles_of(member.id)
            .into_iter()
            .map(|circle: &Circle| circle.handle.as_str())
            .collect(),
    }
}

fn add(node: &Node, handle: String, profile: &MemberProfile, no_token: bool) -> Result<Answer, Failure> {
    let book = node.gate.book();
    check_handle(&handle)?;
    if book.member_by_handle(&handle).is_some() {
        let hint = match book.member_by_handle(&handle).is_some_and(|member| member.ended) {
            true => "its membership has ended, and records name it; choose another handle".to_owned(),
            false => format!("choose another handle, or change it with `bongsu member set {handle}`"),
        };
        return Err(Failure::new(format!("there is a member `{handle}` already")).hint(hint));
    }
    // Of version 4, because the identity of what it brings through MISP has it: strict readers of STIX take no others.
    let mut member = Member::new(MemberId::new(Uuid::new_v4()), handle);
    apply(profile, &mut member)?;
    node.change(|book| match book.member_by_handle(&member.handle) {
        None => Ok(Entry::Member(member.clone())),
        Some(_) => Err(Failure::new(format!("there is a member `{}` already", member.handle))),
    })?;
    let mut shown = json!({"member": view(&node.gate.book(), &member)});
    let mut text =
        format!("Member {} ({}) added at level {}.\n", member.handle, member.name, member.level.name());
    if !no_token {
        let made = credential::make_token(node, Holder::Member(member.id), None, None)?;
        shown["token"] = json!({"id": made.id, "token": made.token, "expires": made.expires});
        text.push_str(&format!("Token, shown this once: {}\n", made.token));
    }
    text.push_str(&format!("Next: bongsu circle join CIRCLE {}\n", member.handle));
    Ok(Answer::done(shown, text))
}

fn list(book: &Book, all: bool) -> Answer {
    let mut members: Vec<&Member> = book.members().filter(|member| all || !member.ended).collect();
    members.sort_by(|a, b| a.handle.cmp(&b.handle));
    let views: Vec<View<'_>> = members.iter().map(|member| view(book, member)).collect();
    let rows: Vec<Vec<String>> = views
        .iter()
        .map(|view| {
            let circles = if view.ended { "ended".to_owned() } else { view.circles.join(" ") };
            vec![view.handle.into(), view.level.into(), view.clearance.clone(), circles, view.name.into()]
        })
        .collect();
    let text = if rows.is_empty() {
        "No members yet. Next: bongsu member add HANDLE --name NAME --level LEVEL".to_owned()
    } else {
        table(&["MEMBER", "LEVEL", "CLEARANCE", "CIRCLES", "NAME"], &rows)
    };
    Answer::done(json!({"members": views}), text)
}

fn show(node: &Node, handle: &str) -> Result<Answer, Failure> {
    let book = node.gate.book();
    if handle == OPERATOR {
        let credentials: Vec<_> = book.operator_credentials().map(|one| shown(&book, one)).collect();
        let text =
            format!("The node's operator\n  credentials {}\n", credentials.len()) + &lines(&credentials);
        return Ok(Answer::done(json!({"member": null, "credentials": credentials}), text));
    }
    let member = node.member(&book, handle)?;
    let credentials: Vec<_> = book.credentials_of(member.id).map(|one| shown(&book, one)).collect();
    let view = view(&book, member);
    let list = |words: &[String]| if words.is_empty() { "none".to_owned() } else { words.join(" ") };
    let text = format!(
        "{} ({}){}\n  level       {}\n  clearance   {}\n  country     {}\n  language    {}\n  sectors     {}\n  \
         own assets  {}\n  confidence  from {}\n  intake      {}\n  contact     {}\n  circles     {}\n  credentials {}\n",
        view.handle,
        view.name,
        if view.ended { ", ended" } else { "" },
        view.level,
        view.clearance,
        view.country.unwrap_or("not stated"),
        view.language,
        list(view.sectors),
        list(view.assets),
        view.confidence_min,
        view.intake,
        view.contact.unwrap_or("not stated"),
        if view.circles.is_empty() { "none".to_owned() } else { view.circles.join(" ") },
        credentials.len(),
    );
    let lines = lines(&credentials);
    Ok(Answer::done(json!({"member": view, "credentials": credentials}), text + &lines))
}

/// A credential as it is shown: never its secret.
#[derive(Serialize)]
struct Shown {
    id: String,
    kind: &'static str,
    created: String,
    expires: Option<String>,
    revoked: bool,
    /// The person that it is of, if it is of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<String>,
    /// To the hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    used: Option<String>,
}

fn shown(book: &Book, credential: &Credential) -> Shown {
    Shown {
        id: credential.id.simple().to_string(),
        kind: match &credential.kind {
            CredentialKind::Token { .. } => "token",
            CredentialKind::Tsig { .. } => "tsig",
            CredentialKind::Certificate { .. } => "certificate",
        },
        created: credential.created.to_string(),
        expires: credential.expires.map(|at| at.to_string()),
        revoked: credential.revoked,
        person: credential.person.and_then(|id| book.person(id)).map(|person| person.user.clone()),
        scopes: credential.scopes.map(|scopes| scopes.to_string()),
        used: book.used(credential.id).map(|at| Timestamp::from_micros(at).to_string()),
    }
}

fn lines(credentials: &[Shown]) -> String {
    let line = |shown: &Shown| {
        let ends = match (&shown.expires, shown.revoked) {
            (_, true) => ", revoked".to_owned(),
            (Some(expires), false) => format!(", expires {expires}"),
            (None, false) => String::new(),
        };
        let said = |what: &str, said: &Option<String>| {
            said.as_ref().map_or_else(String::new, |said| format!(", {what} {said}"))
        };
        let (of, scopes) = (said("of", &shown.person), said("for", &shown.scopes));
        let used = said("last used", &shown.used);
        format!("    {} {}{of}{scopes}, made {}{ends}{used}\n", shown.kind, shown.id, shown.created)
    };
    credentials.iter().map(line).collect()
}

fn set(node: &Node, handle: &str, profile: &MemberProfile) -> Result<Answer, Failure> {
    change(node, handle, |member| apply(profile, member))?;
    let book = node.gate.book();
    let member = node.member(&book, handle)?;
    Ok(Answer::done(json!({"member": view(&book, member)}), format!("Member {handle} changed.")))
}

fn end(node: &Node, handle: &str) -> Result<Answer, Failure> {
    change(node, handle, |member| {
        member.ended = true;
        Ok(())
    })?;
    let book = node.gate.book();
    let text =
        format!("The membership of {handle} has ended: its credentials stop, nothing goes out any more.");
    Ok(Answer::done(json!({"member": view(&book, node.member(&book, handle)?)}), text))
}

fn change(
    node: &Node,
    handle: &str,
    how: impl FnOnce(&mut Member) -> Result<(), Failure>,
) -> Result<(), Failure> {
    node.change(|book| {
        let mut member = node.member(book, handle)?.clone();
        how(&mut member)?;
        Ok(Entry::Member(member))
    })
}

/// A text that stands in pages, mails and on terminals, if it is one line and steers none of them.
///
/// # Errors
/// When it is empty, too long, or has line breaks, control characters or direction marks.
pub(crate) fn one_line(what: &'static str, text: &str, chars_max: usize) -> Result<String, Failure> {
    region::text::line(what, text, chars_max).map_err(|error| Failure::usage(error.to_string()))
}

fn apply(profile: &MemberProfile, member: &mut Member) -> Result<(), Failure> {
    if let Some(name) = &profile.name {
        member.name = one_line("the member's name", name, NAME_CHARS_MAX)?;
    }
    if let Some(level) = profile.level {
        member.level = level.into();
    }
    if let Some(clearance) = profile.clearance {
        member.clearance = clearance.into();
    }
    if let Some(country) = &profile.country {
        if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return Err(Failure::usage(format!("`{country}` is no country code"))
                .hint("ISO 3166-1 alpha-2, such as KR or DE"));
        }
        member.country = Some(country.to_ascii_uppercase());
    }
    if let Some(language) = &profile.language {
        member.language.clone_from(language);
    }
    if !profile.sectors.is_empty() {
        member.sectors.clone_from(&profile.sectors);
    }
    if !profile.assets.is_empty() {
        member.own_assets.clone_from(&profile.assets);
    }
    if let Some(confidence_min) = profile.confidence_min {
        member.confidence_min = confidence_min;
    }
    if let Some(intake) = profile.intake {
        member.intake = intake.into();
    }
    if let Some(contact) = &profile.contact {
        member.contact = Some(one_line("the contact", contact, CONTACT_CHARS_MAX)?);
    }
    match profile.resolver.as_deref() {
        None => {}
        Some("none") => member.resolver = None,
        Some(text) => member.resolver = Some(zone::address(text)?),
    }
    Ok(())
}

/// Checks the form of a handle, which stands in URLs, log-ins and DNS names.
///
/// # Errors
/// When it has another form.
pub(crate) fn check_handle(handle: &str) -> Result<(), Failure> {
    if web::people::is_handle(handle) {
        return Ok(());
    }
    Err(Failure::usage(format!("`{handle}` can't be a handle"))
        .hint("1 to 63 of a-z, 0-9 and -, not at an end; `operator` is taken by the node's operator"))
}

#[cfg(test)]
mod tests {
    use super::check_handle;

    #[test]
    fn handles_fit_urls_log_ins_and_names() {
        for good in ["a", "cert-kr", "7", &"x".repeat(63)] {
            assert!(check_handle(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a b", "a.b", "é", "operator", &"x".repeat(64)] {
            assert!(check_handle(bad).is_err(), "{bad}");
        }
    }
}
