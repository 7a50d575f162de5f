//! Asks for a wider release, as people are told of them: by mail, and on the page behind a signed link.
//!
//! A mail may be read on its way, and its link handed on: neither shows anything of the object but its id.

use gate::{AskRole, AskSeen};
use policy::{AskState, Book, CircleId, Member, MemberId, Wish};
use uuid::Uuid;

use crate::letterhead::Letterhead;
use crate::mail::Content;
use crate::speech::{Language, Put, Speech};

/// The path of the page behind a signed link, before the link itself.
pub const LINK_PATH: &str = "/answer/ask/";

/// What is asked, by whom and what for, in paragraphs, for the one who decides.
#[must_use]
pub fn asked(speech: &Speech, book: &Book, seen: &AskSeen) -> Vec<String> {
    let asker = seen.asker.and_then(|asker| name(book, asker));
    let asker = asker.unwrap_or_else(|| speech.say("ask-a-member"));
    let (object, circle) = (seen.object.to_string(), title(book, seen.circle));
    let put = [("asker", Put::Text(&asker)), ("object", Put::Text(&object)), ("circle", Put::Text(&circle))];
    let mut said = vec![speech.tell("ask-text", &put)];
    said.extend(wished(speech, book, &seen.wish));
    said.push(speech.tell("ask-why", &[("why", Put::Text(&seen.why))]));
    said
}

/// A wish, or what is allowed of it, in sentences.
#[must_use]
pub fn wished(speech: &Speech, book: &Book, wish: &Wish) -> Vec<String> {
    let circle = wish
        .circle
        .map(|circle| speech.tell("ask-to-circle", &[("circle", Put::Text(&title(book, circle)))]));
    let tlp = wish.tlp.map(|tlp| speech.tell("ask-tlp", &[("tlp", Put::Text(&tlp.to_string()))]));
    let source = wish.without_source.then(|| speech.say("ask-source"));
    [circle, tlp, source].into_iter().flatten().collect()
}

/// The mail to the originator. `None` if the node has no address under which links could stand, or no key to sign them.
#[must_use]
pub fn asking_mail(
    node: &str,
    letterhead: &Letterhead,
    book: &Book,
    to: &Member,
    seen: &AskSeen,
) -> Option<Content> {
    let (root, key) = (letterhead.public_url.as_deref()?, letterhead.tickets.as_ref()?);
    let language = Language::of(&to.language);
    let speech = language.speech();
    let mut said = asked(speech, book, seen);
    let (url, date) = (format!("{root}{LINK_PATH}{}", key.sign_ask(seen.id)), seen.until.date());
    said.push(speech.tell("ask-link", &[("date", Put::Text(&date)), ("url", Put::Text(&url))]));
    said.push(page(speech, "ask-page", root, seen.id));
    let subject = format!("{} ({node})", speech.say("ask"));
    Some(content(language, subject, &said))
}

/// The mail to the asker, once it was answered. `None` while it was not.
#[must_use]
pub fn answered_mail(
    node: &str,
    letterhead: &Letterhead,
    book: &Book,
    to: &Member,
    seen: &AskSeen,
) -> Option<Content> {
    let answer = seen.answer.as_ref().filter(|_| seen.role == AskRole::Asker)?;
    let language = Language::of(&to.language);
    let speech = language.speech();
    let title_id = match &answer.grant {
        None => "ask-told-no",
        Some(grant) if *grant == seen.wish => "ask-told-yes",
        Some(_) => "ask-told-less",
    };
    let (object, circle) = (seen.object.to_string(), title(book, seen.circle));
    let mut said =
        vec![speech.tell("ask-told-text", &[("object", Put::Text(&object)), ("circle", Put::Text(&circle))])];
    said.push(format!("{}.", speech.say(title_id)));
    said.extend(answer.grant.iter().flat_map(|grant| wished(speech, book, grant)));
    if seen.state == AskState::Failed {
        said.push(speech.say("ask-told-failed"));
    }
    if !answer.said.is_empty() {
        said.push(speech.tell("ask-told-said", &[("said", Put::Text(&answer.said))]));
    }
    if let Some(root) = letterhead.public_url.as_deref() {
        said.push(page(speech, "ask-told-page", root, seen.id));
    }
    let subject = format!("{} ({node})", speech.say(title_id));
    Some(content(language, subject, &said))
}

fn content(language: Language, subject: String, said: &[String]) -> Content {
    let said: Vec<&str> = said.iter().map(String::as_str).collect();
    Content::of(language, subject, &said)
}

fn page(speech: &Speech, message: &str, root: &str, ask: Uuid) -> String {
    speech.tell(message, &[("url", Put::Text(&format!("{root}/asks/{ask}")))])
}

/// A circle's title.
fn title(book: &Book, circle: CircleId) -> String {
    book.circle(circle).map(|circle| circle.title.clone()).unwrap_or_default()
}

/// A member's name.
fn name(book: &Book, member: MemberId) -> Option<String> {
    book.member(member).map(|member| member.name.clone())
}
