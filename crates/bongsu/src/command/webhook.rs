//! `bongsu member webhook` and `bongsu webhook`: where members are told of changes, and what waits.

use crate::answer::{Answer, table};
use crate::cli::{WebhookArgs, WebhookCommand};
use crate::command::outbox::{self, dead};
use crate::exit::Failure;
use crate::node::Node;
use deliver::push::webhook::{URL_BYTES_MAX, Webhook};
use exchange::pull::Url;
use exchange::webhook::{SECRET_BYTES, written};
use policy::{Entry, Member, Setting};
use serde_json::json;
use uuid::Uuid;

/// Runs `bongsu member webhook …`.
///
/// # Errors
/// When the member is unknown, the address can't be posted to, or the line can't be written.
pub(crate) fn set(node: &Node, args: &WebhookArgs) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let member = node.active(&book, &args.handle)?;
    let name = Webhook::setting(member.id);
    if args.off {
        node.record(Entry::Setting(Setting { name, value: None }))?;
        let removed = node.outbox("webhook").remove(member.id);
        removed.map_err(|error| Failure::new(format!("what waits can't be dropped: {error}")))?;
        let text = format!("{} is posted nothing any more.", member.handle);
        return Ok(Answer::done(json!({"member": member.handle, "webhook": null}), text));
    }
    let Some(url) = &args.url else { return Ok(shown(node, member)) };
    check(url, &node.config.push.allow_hosts)?;
    let mut secret = [0; SECRET_BYTES];
    getrandom::fill(&mut secret).map_err(|error| Failure::new(format!("no random bytes: {error}")))?;
    let from = node.deliver()?.position(member.id, true);
    let from = from.map_err(|error| Failure::new(error.to_string()))?;
    let webhook = Webhook::new(Uuid::now_v7(), url.clone(), args.wanted.into(), secret.to_vec(), from);
    node.record(Entry::Setting(Setting { name, value: Some(webhook.to_json()) }))?;
    let text = format!(
        "{} is posted what changes from now on ({}), at {url}.\nSecret of the signatures, shown this once: {}\n",
        member.handle,
        webhook.wanted.name(),
        written(&secret)
    );
    let json = json!({"member": member.handle, "webhook": {"url": url, "for": webhook.wanted.name(), "secret": written(&secret)}});
    Ok(Answer::done(json, text))
}

fn shown(node: &Node, member: &Member) -> Answer {
    let webhook = Webhook::of(&node.gate.book(), member.id);
    let text = match &webhook {
        Some(webhook) => format!("{} is posted {} at {}.", member.handle, webhook.wanted.name(), webhook.url),
        None => format!(
            "{} has no webhook. Next: bongsu member webhook {} --url URL",
            member.handle, member.handle
        ),
    };
    let webhook = webhook.map(|webhook| json!({"url": webhook.url, "for": webhook.wanted.name()}));
    Answer::done(json!({"member": member.handle, "webhook": webhook}), text)
}

/// Whether an allowed host is the host of a URL, where an IPv6 address stands in brackets.
fn is_host(allowed: &str, host: &str) -> bool {
    let bare = |text: &str| text.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    bare(allowed) == bare(host)
}

/// Plain HTTP goes to hosts alone that are allowed by name: what is posted is signed and can be read on the way.
fn check(text: &str, allow_hosts: &[String]) -> Result<(), Failure> {
    let wrong = |why: String| Failure::usage(format!("`{text}` can't be posted to: {why}"));
    let url: Url = text.parse().map_err(|error| wrong(format!("it is no address: {error}")))?;
    let is_allowed = url.host_str().is_some_and(|host| allow_hosts.iter().any(|other| is_host(other, host)));
    match url.scheme() {
        _ if text.len() > URL_BYTES_MAX => Err(wrong(format!("it has more than {URL_BYTES_MAX} bytes"))),
        _ if !url.username().is_empty() || url.password().is_some() => {
            let wrong = Failure::usage(
                "an address with a user or password can't be posted to: they would be shown and kept",
            );
            Err(wrong.hint("the signature says who posts"))
        }
        "https" => Ok(()),
        "http" if is_allowed => Ok(()),
        "http" => Err(wrong("it begins with http://".to_owned())
            .hint("use https://; or name the host in push.allow_hosts if it is on a network of your own")),
        _ => Err(wrong("it does not begin with https://".to_owned())),
    }
}

/// Runs `bongsu webhook …`.
///
/// # Errors
/// When the member is unknown, or what waits can't be read or written.
pub(crate) fn run(node: &Node, command: &WebhookCommand) -> Result<Answer, Failure> {
    let post = node.webhooks()?;
    match command {
        WebhookCommand::Dead(args) => dead(node, &post, args),
        WebhookCommand::List => {
            let book = node.gate.book();
            let (mut rows, mut all) = (Vec::new(), Vec::new());
            for (member, waiting) in outbox::waiting(node, &post, None)? {
                let Some(webhook) = Webhook::of(&book, member.id) else { continue };
                let mut json = outbox::json(&member.handle, &waiting);
                json["url"] = json!(webhook.url);
                json["for"] = json!(webhook.wanted.name());
                all.push(json);
                let first = [member.handle.clone(), webhook.url, webhook.wanted.name().to_owned()];
                rows.push([&first[..], &outbox::row(&waiting)].concat());
            }
            let header = [&["MEMBER", "URL", "FOR"][..], &outbox::HEADER].concat();
            let text = match rows.is_empty() {
                true => "No webhooks yet. Next: bongsu member webhook HANDLE --url URL\n".to_owned(),
                false => table(&header, &rows),
            };
            Ok(Answer::done(json!({"webhooks": all}), text))
        }
    }
}
