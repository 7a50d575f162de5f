//! The pages of the answer form, in the member's language. They need no script and load nothing but the style sheet.

use askama::Template;
use axum::response::Response;
use deliver::advisory::{Advisory, Row};
use deliver::speech::{Put, Speech};
use deliver::ticket::Standing;
use http::StatusCode;

use super::given::{Fault, Given, TEXT_CHARS_MAX};
use super::making::Outcome;
use crate::page::render;

#[derive(Template)]
#[template(path = "answer.html")]
struct FormPage<'a> {
    speech: &'static Speech,
    tlp: String,
    advisory: &'a Advisory,
    given: &'a Given,
    intro: String,
    fault: Option<String>,
    text_chars_max: usize,
    upto: String,
}

impl FormPage<'_> {
    fn is_seen(&self, row: &Row) -> bool {
        self.given.seen.contains(&row.indicator)
    }
}

#[derive(Template)]
#[template(path = "answered.html")]
struct SaidPage {
    speech: &'static Speech,
    title: String,
    said: Vec<String>,
}

/// The form, with what was put into it already and what is wrong with that.
pub(super) fn form(
    speech: &'static Speech,
    advisory: &Advisory,
    given: &Given,
    fault: Option<Fault>,
    upto: String,
) -> Response {
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let fault = fault.map(|fault| match fault {
        Fault::Empty => speech.say("answer-fault-empty"),
        Fault::Both => speech.say("answer-fault-both"),
        Fault::Date => speech.say("answer-fault-date"),
        Fault::Count => speech.say("answer-fault-count"),
        Fault::Long => speech.tell("answer-fault-long", &[("limit", Put::Count(TEXT_CHARS_MAX))]),
        Fault::Refused => speech.say("answer-fault-refused"),
    });
    let mut response = render(&FormPage {
        speech,
        tlp: advisory.tlp.to_string(),
        advisory,
        given,
        intro: speech.tell("answer-intro", &[("member", Put::Text(&advisory.member))]),
        fault,
        text_chars_max: TEXT_CHARS_MAX,
        upto,
    });
    *response.status_mut() = status;
    response
}

/// What became of an answer.
pub(super) fn thanks(speech: &'static Speech, nothing: bool, outcome: &Outcome) -> Response {
    let mut said = Vec::new();
    if nothing {
        said.push(speech.say("answer-thanks-nothing"));
    }
    if outcome.sightings > 0 {
        said.push(speech.count("answer-thanks-seen", outcome.sightings));
    }
    if outcome.note {
        said.push(speech.say("answer-thanks-note"));
    }
    if outcome.lost > 0 {
        said.push(speech.count("answer-lost", outcome.lost));
    }
    if outcome.untaken {
        said.push(speech.say("answer-untaken"));
    }
    render(&SaidPage { speech, title: speech.say("answer-thanks"), said })
}

/// A page that says something under a title, which is a message's id.
pub(crate) fn said(speech: &'static Speech, title: &str, said: Vec<String>) -> Response {
    render(&SaidPage { speech, title: speech.say(title), said })
}

/// A ticket that does not work any more.
pub(super) fn over(speech: &'static Speech, standing: Standing, reply_to: Option<&str>) -> Response {
    let (title, text) = match standing {
        Standing::Over => (speech.say("answer-over"), speech.say("answer-over-text")),
        Standing::Used | Standing::Good => (speech.say("answer-used"), speech.say("answer-used-text")),
    };
    let to = match reply_to {
        Some(address) => speech.tell("answer-to", &[("address", Put::Text(address))]),
        None => speech.say("answer-sender"),
    };
    let mut response = render(&SaidPage { speech, title, said: vec![text, to] });
    *response.status_mut() = StatusCode::GONE;
    response
}
