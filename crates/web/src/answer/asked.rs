//! `/answer/ask/TICKET`: the page behind the signed link by which an originator answers an ask without an account.
//!
//! It shows what the mail said and nothing more of the object than its id, because a mail and its link may be read on their way.
//! Looking at it answers nothing. The link works until the ask is answered or its time is over; one that the node did not sign is
//! nothing.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Form, Path, State};
use axum::response::Response;
use deliver::Deliver;
use deliver::asks::asked;
use deliver::speech::{Language, Put, Speech};
use gate::{AnswerError, Answerer, AskSeen};
use http::StatusCode;
use policy::{AskState, Book};

use super::{Answers, nothing, pages};
use crate::asks::Given;
use crate::page::{self, asks::marks_from, render};

#[derive(Template)]
#[template(path = "asked.html")]
struct FormPage {
    speech: &'static Speech,
    said: Vec<String>,
    to: Option<String>,
    marks: Vec<String>,
    given: Given,
    fault: Option<String>,
}

/// An ask, for whoever has its link.
struct Opened {
    seen: AskSeen,
    speech: &'static Speech,
    book: Arc<Book>,
}

fn open(deliver: &Deliver, text: &str) -> Option<Opened> {
    let ask = deliver.letterhead().tickets.as_ref()?.read_ask(text)?;
    let (seen, book) = (deliver.gate.ask_by_link(ask, (deliver.now)())?, deliver.gate.book());
    let member = seen.originator.and_then(|originator| book.member(originator));
    let speech = member.map_or("en", |member| &member.language);
    let speech = Language::of(speech).speech();
    Some(Opened { seen, speech, book })
}

impl Opened {
    fn page(&self, given: Given, fault: Option<String>) -> Response {
        let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        let to = self.seen.wish.circle.and_then(|circle| self.book.circle(circle));
        let to = to.map(|circle| self.speech.tell("ask-to-circle", &[("circle", Put::Text(&circle.title))]));
        let mut response = render(&FormPage {
            speech: self.speech,
            said: asked(self.speech, &self.book, &self.seen),
            to,
            marks: self.seen.wish.tlp.map(marks_from).unwrap_or_default(),
            given,
            fault,
        });
        *response.status_mut() = status;
        response
    }

    /// What is said once it can't be answered any more.
    fn over(&self, state: AskState) -> Response {
        let (title, text) = match state {
            AskState::Lapsed => ("answer-over", "ask-over-text"),
            _ => ("answer-used", "ask-used-text"),
        };
        let mut response = pages::said(self.speech, title, vec![self.speech.say(text)]);
        *response.status_mut() = StatusCode::GONE;
        response
    }

    fn fault(&self, error: &AnswerError) -> String {
        match error {
            AnswerError::Gone => self.speech.say("ask-fault-gone"),
            AnswerError::NotInForce { .. } | AnswerError::NotThere { .. } => {
                self.speech.say("ask-fault-circle")
            }
            AnswerError::NotLess => self.speech.say("ask-fault-less"),
            error => self.speech.tell("ask-fault-other", &[("why", Put::Text(&error.to_string()))]),
        }
    }

    /// What became of an answer.
    fn thanks(&self, ask: &policy::Ask) -> Response {
        let is_no = ask.answered.as_ref().is_none_or(|(_, answered)| answered.grant.is_none());
        let done = ask.done.iter().flat_map(|(_, done)| done);
        let why = done.filter_map(|done| done.refused.as_deref()).next();
        let said = match why {
            _ if is_no => self.speech.say("ask-thanks-no"),
            None => self.speech.say("ask-thanks-yes"),
            Some(why) => self.speech.tell("ask-thanks-failed", &[("why", Put::Text(why))]),
        };
        pages::said(self.speech, "answer-thanks", vec![said])
    }
}

pub(super) async fn show(State(answers): State<Arc<Answers>>, Path(text): Path<String>) -> Response {
    page::making(move || match open(&answers.deliver, &text) {
        None => nothing(),
        Some(opened) => match opened.seen.state {
            AskState::Open => opened.page(Given::default(), None),
            state => opened.over(state),
        },
    })
    .await
}

pub(super) async fn take(
    State(answers): State<Arc<Answers>>,
    Path(text): Path<String>,
    Form(given): Form<Given>,
) -> Response {
    page::making(move || {
        let Some(opened) = open(&answers.deliver, &text) else { return nothing() };
        let Ok(reply) = given.reply(&opened.seen.wish) else {
            let fault = opened.speech.say("ask-fault-choice");
            return opened.page(given, Some(fault));
        };
        let (gate, now) = (&answers.deliver.gate, (answers.deliver.now)());
        match gate.answer_ask(opened.seen.id, Answerer::Link, reply, now) {
            Ok(ask) => opened.thanks(&ask),
            Err(AnswerError::NotFound) => nothing(),
            Err(AnswerError::Answered) => opened.over(AskState::Done),
            Err(AnswerError::Lapsed) => opened.over(AskState::Lapsed),
            Err(error @ (AnswerError::Storage(_) | AnswerError::Gate(_))) => page::broken(&error),
            Err(error) => opened.page(given, Some(opened.fault(&error))),
        }
    })
    .await
}
