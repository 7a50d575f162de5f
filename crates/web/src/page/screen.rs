//! Screening by hand: a form, and what is known of the values in it.
//!
//! Values travel in the form's body and not in an address, which browsers and proxies remember.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::response::Response;
use deliver::screening::{Answer, Answers, NAME_KINDS, Question, ScreeningError, VALUES_MAX};
use http::{HeaderMap, StatusCode, Uri};
use policy::{Caller, MemberId};
use serde::Deserialize;
use watch::Kind;

use super::{Frame, Pages, Shared, Viewer, Who, broken, error, making, render};
use crate::auth::form::is_from_here;

/// Values that are asked by hand at once.
const BY_HAND_MAX: usize = 200;

#[derive(Template)]
#[template(path = "screen.html")]
struct ScreenPage {
    frame: Frame,
    /// The members that an operator may ask as.
    members: Vec<String>,
    kinds: Vec<&'static str>,
    asked: Asked,
    fault: Option<String>,
    told: Option<Answers>,
}

/// What is filled in.
#[derive(Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    values: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    birth: String,
    #[serde(default)]
    country: String,
    #[serde(default)]
    member: String,
}

impl ScreenPage {
    /// Of a page with results, how many there are of each.
    fn counts(&self) -> String {
        let results = || self.told.iter().flat_map(|told| &told.results);
        let count = |wanted: &str| results().filter(|answer| answer.result.as_str() == wanted).count();
        let each = ["match", "past", "clear", "unreadable"].map(|name| (count(name), Self::word(name)));
        let told: Vec<String> = each
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        told.join(", ")
    }

    /// A result as people read it.
    fn word(result: &str) -> &'static str {
        match result {
            "match" => "known",
            "past" => "known once",
            "clear" => "not known",
            _ => "can't be read",
        }
    }

    /// The result of an answer as people read it.
    fn told(answer: &Answer) -> &'static str {
        match answer.result.as_str() {
            "match" if answer.is_of_name() => "may be listed",
            result => Self::word(result),
        }
    }

    /// The class of its style: what is known is held, what is not is got.
    fn class(answer: &Answer) -> &'static str {
        match answer.result.as_str() {
            "clear" => "got",
            "past" => "soft",
            _ => "held",
        }
    }

    /// The chain of what a value was read as, and its kinds.
    fn read_as(answer: &Answer) -> String {
        let told = answer.read_as.iter().map(|read| match &read.chain {
            Some(chain) => format!("{} ({chain})", read.kind),
            None => read.kind.to_owned(),
        });
        told.collect::<Vec<_>>().join(", ")
    }
}

fn page_of(pages: &Pages, viewer: &Viewer, asked: Asked) -> ScreenPage {
    let book = pages.gate.book();
    let members = match viewer.caller {
        Caller::Operator => {
            pages.members(&book, viewer).into_iter().map(|member| member.handle.clone()).collect()
        }
        Caller::Member(_) => Vec::new(),
    };
    let kinds = Kind::ALL.into_iter().filter(|kind| kind.screens()).map(Kind::as_str);
    let kinds = NAME_KINDS.into_iter().chain(kinds).collect();
    let frame = pages.frame(&book, viewer, "Screen");
    ScreenPage { frame, members, kinds, asked, fault: None, told: None }
}

pub(super) async fn form(State(pages): Shared, who: Who) -> Response {
    making(move || render(&page_of(&pages, &Viewer::of(who), Asked::default()))).await
}

pub(super) async fn ask(
    State(pages): Shared,
    who: Who,
    uri: Uri,
    headers: HeaderMap,
    asked: Result<Form<Asked>, FormRejection>,
) -> Response {
    if !is_from_here(&headers, &uri) {
        let what = "The form was not sent from a page of this node. Open the page and send it there.";
        return error(StatusCode::FORBIDDEN, "Not from here", what);
    }
    let asked = match asked {
        Ok(Form(asked)) => asked,
        Err(fault) => {
            let what = format!("The form can't be read: {}.", fault.body_text());
            return error(StatusCode::BAD_REQUEST, "Not read", &what);
        }
    };
    making(move || {
        let viewer = Viewer::of(who);
        let mut page = page_of(&pages, &viewer, asked);
        let filled = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let said = (filled(&page.asked.kind), filled(&page.asked.birth), filled(&page.asked.country));
        let lines = page.asked.values.lines().map(str::trim).filter(|line| !line.is_empty());
        let questions: Vec<Question> =
            lines.map(|line| question(line, said.clone())).take(BY_HAND_MAX + 1).collect();
        let member = match viewer.caller {
            Caller::Member(member) => Some(member),
            Caller::Operator => named(&pages, &page.asked.member),
        };
        match member {
            None => page.fault = Some("Say as which member you ask.".to_owned()),
            Some(_) if questions.is_empty() => page.fault = Some("Nothing is asked: put a value on each line.".to_owned()),
            Some(_) if questions.len() > BY_HAND_MAX => {
                page.fault = Some(format!(
                    "At most {BY_HAND_MAX} values are asked by hand; POST /screening/values takes {VALUES_MAX}."
                ));
            }
            Some(member) => {
                let by = if viewer.is_operator() { "operator" } else { "form" };
                match pages.screening.ask(member, viewer.encrypted, by, &questions) {
                    Ok(told) => page.told = Some(told),
                    Err(ScreeningError::Deliver(deliver::DeliverError::NoMember)) => return super::absent(),
                    Err(error) => return broken(&error),
                }
            }
        }
        render(&page)
    })
    .await
}

fn question(line: &str, said: (Option<String>, Option<String>, Option<String>)) -> Question {
    let mut question = Question::of(line);
    (question.kind, question.birth, question.country) = said;
    question
}

fn named(pages: &Pages, handle: &str) -> Option<MemberId> {
    pages.gate.book().member_by_handle(handle).filter(|member| !member.ended).map(|member| member.id)
}
