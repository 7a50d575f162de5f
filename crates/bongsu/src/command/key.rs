//! `bongsu member key`: the keys with which members sign what they share. The node knows public keys alone.

use crate::answer::{Answer, table};
use crate::cli::{MemberKeyCommand, PublicKeyArgs};
use crate::command::terms::instant;
use crate::exit::Failure;
use crate::node::Node;
use policy::provenance::{KEYS_MAX, REASON_CHARS_MAX};
use policy::{Book, Entry, Lapse, MemberId, Revocation, SigningKey};
use serde::Serialize;
use serde_json::json;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use stix::Timestamp;
use stix::signature::{KEY_BYTES_MAX, PublicKey};

const DAY_MICROS: i64 = 86_400_000_000;

/// Runs `bongsu member key …`.
///
/// # Errors
/// When a member or key is unknown, a file holds no public key, a time is malformed, or the line can't be written.
pub(crate) fn run(node: &Node, command: MemberKeyCommand) -> Result<Answer, Failure> {
    match command {
        MemberKeyCommand::Add { handle, key, from, expires } => {
            let time =
                |option: &str, text: Option<String>| text.map(|text| instant(option, &text)).transpose();
            let from = time("--from", from)?.unwrap_or_else(|| node.now());
            add(node, &handle, &public(node, &key)?, from, time("--expires", expires)?)
        }
        MemberKeyCommand::List { handle } => list(node, handle.as_deref()),
        MemberKeyCommand::Rotate { handle, key, overlap_days } => {
            rotate(node, &handle, &public(node, &key)?, overlap_days)
        }
        MemberKeyCommand::Revoke { id, reason, since } => revoke(node, &id, &reason, since.as_deref()),
    }
}

fn public(node: &Node, args: &PublicKeyArgs) -> Result<PublicKey, Failure> {
    match &args.file {
        Some(path) => {
            let text = read(path)?;
            PublicKey::read(&text).map_err(|error| {
                Failure::new(format!("{}: {error}", path.display()))
                    .hint("`bongsu sign --new-key FILE` prints the public key of a new one")
            })
        }
        None => Ok(node.gate.key().object_key().public().clone()),
    }
}

/// The text of a key's file.
///
/// # Errors
/// When it can't be read, or is longer than any key.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let opened =
        File::open(path).and_then(|file| file.take(KEY_BYTES_MAX as u64 + 1).read_to_string(&mut text));
    opened.map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    Ok(text)
}

fn add(
    node: &Node,
    handle: &str,
    key: &PublicKey,
    from: Timestamp,
    expires: Option<Timestamp>,
) -> Result<Answer, Failure> {
    if let Some(expires) = expires.filter(|expires| *expires <= from) {
        return Err(Failure::usage(format!("the key would end ({expires}) before it holds ({from})")));
    }
    node.change(|book| {
        let member = node.active(book, handle)?.id;
        if let Some(known) = book.signing_key(key.id()) {
            let failure = match known.revoked {
                Some(_) => Failure::new("this key was revoked, for good").hint("make a new one"),
                // To say whose would tell one member's operator nothing new: it is the node's own.
                None => Failure::new(format!("this key is known already, as {}'s", name(book, known.member)))
                    .hint("a key is one member's, and is added once"),
            };
            return Err(failure);
        }
        if keys_of(book, member).count() >= KEYS_MAX {
            return Err(Failure::new(format!("{handle} has {KEYS_MAX} keys, which is the most")));
        }
        Ok(Entry::SigningKey(SigningKey { key: key.clone(), member, from, expires, revoked: None }))
    })?;
    let text = format!("{handle} signs with the key {} from {from}.\n", key.id());
    Ok(Answer::done(json!({"member": handle, "key": key.id()}), text))
}

fn rotate(node: &Node, handle: &str, key: &PublicKey, overlap_days: u16) -> Result<Answer, Failure> {
    let now = node.now();
    let known = node.gate.book().signing_key(key.id()).cloned();
    let member = node.active(&node.gate.book(), handle)?.id;
    // Stopped in between and called again, it goes on: the new key is there, and the others have still to end.
    if !known.is_some_and(|known| known.member == member && known.holds(now).is_ok()) {
        add(node, handle, key, now, None)?;
    }
    let end = Timestamp::from_micros(now.micros() + i64::from(overlap_days) * DAY_MICROS);
    let book = node.gate.book();
    let others: Vec<String> = keys_of(&book, member)
        .filter(|other| {
            other.key != *key && other.revoked.is_none() && other.expires.is_none_or(|at| end < at)
        })
        .map(|other| other.key.id().to_owned())
        .collect();
    for id in &others {
        node.change(|book| {
            let other = book.signing_key(id).cloned().ok_or_else(|| unknown(id))?;
            Ok(Entry::SigningKey(SigningKey { expires: Some(end), ..other }))
        })?;
    }
    let text = match others.len() {
        0 => format!("{handle} signs with the key {} from now on.\n", key.id()),
        count => format!(
            "{handle} signs with the key {} from now on; {count} other(s) hold until {end}.\n",
            key.id()
        ),
    };
    let json = json!({"member": handle, "key": key.id(), "ending": others, "end": end.to_string()});
    Ok(Answer::done(json, text))
}

fn revoke(node: &Node, id: &str, reason: &str, since: Option<&str>) -> Result<Answer, Failure> {
    let reason = reason.trim();
    let is_line = !reason.is_empty() && !reason.contains(char::is_control);
    if !is_line || reason.chars().count() > REASON_CHARS_MAX {
        return Err(Failure::usage(format!(
            "--reason is to be one line of at most {REASON_CHARS_MAX} characters"
        )));
    }
    let now = node.now();
    let since = since.map(|text| instant("--since", text)).transpose()?.unwrap_or(now);
    if since > now {
        return Err(Failure::usage(format!("--since {since} is yet to come"))
            .hint("to let a key end later, use `bongsu member key rotate`"));
    }
    node.change(|book| {
        let known = book.signing_key(id).cloned().ok_or_else(|| unknown(id))?;
        let earlier = known.revoked.as_ref().map(|revoked| revoked.since);
        if let Some(earlier) = earlier.filter(|earlier| *earlier <= since) {
            return Err(Failure::new(format!("the key is revoked already, since {earlier}"))
                .hint("name an earlier time with --since if it was lost before"));
        }
        let revoked = Some(Revocation { since, reason: reason.to_owned() });
        Ok(Entry::SigningKey(SigningKey { revoked, ..known }))
    })?;
    let text = format!("The key {id} is revoked: what arrived since {since} is not proven by it.\n");
    Ok(Answer::done(json!({"key": id, "since": since.to_string(), "reason": reason}), text))
}

fn unknown(id: &str) -> Failure {
    Failure::new(format!("there is no key `{id}`")).hint("`bongsu member key list` shows all")
}

/// A key as `--json` shows it.
#[derive(Serialize)]
struct View {
    id: String,
    member: String,
    state: &'static str,
    from: String,
    expires: Option<String>,
    revoked: Option<String>,
    reason: Option<String>,
    x: String,
}

fn list(node: &Node, handle: Option<&str>) -> Result<Answer, Failure> {
    let (book, now) = (node.gate.book(), node.now());
    let member = handle.map(|handle| Ok::<_, Failure>(node.member(&book, handle)?.id)).transpose()?;
    let keys = book.signing_keys().filter(|key| member.is_none_or(|member| key.member == member));
    let mut views: Vec<View> = keys
        .map(|key| View {
            id: key.key.id().to_owned(),
            member: name(&book, key.member),
            state: match key.holds(now) {
                Ok(()) => "holds",
                Err(Lapse::NotYet(_)) => "not yet",
                Err(Lapse::Expired(_)) => "ended",
                Err(Lapse::Revoked(_)) => "revoked",
            },
            from: key.from.to_string(),
            expires: key.expires.map(|at| at.to_string()),
            revoked: key.revoked.as_ref().map(|revoked| revoked.since.to_string()),
            reason: key.revoked.as_ref().map(|revoked| revoked.reason.clone()),
            x: key.key.text(),
        })
        .collect();
    views.sort_by(|a, b| (&a.member, &a.from).cmp(&(&b.member, &b.from)));
    let row = |view: &View| {
        let end = view.revoked.as_ref().or(view.expires.as_ref());
        let end = end.cloned().unwrap_or_else(|| "further notice".to_owned());
        vec![view.member.clone(), view.id.clone(), view.state.to_owned(), view.from.clone(), end]
    };
    let rows: Vec<Vec<String>> = views.iter().map(row).collect();
    let text = match rows.is_empty() {
        true => "No keys yet. Next: bongsu member key add MEMBER FILE".to_owned(),
        false => table(&["MEMBER", "KEY", "STATE", "FROM", "UNTIL"], &rows),
    };
    Ok(Answer::done(json!({"keys": views}), text))
}

fn keys_of(book: &Book, member: MemberId) -> impl Iterator<Item = &SigningKey> {
    book.signing_keys().filter(move |key| key.member == member)
}

fn name(book: &Book, member: MemberId) -> String {
    book.member(member).map(|member| member.handle.clone()).unwrap_or_default()
}
