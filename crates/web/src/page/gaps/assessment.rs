//! The guided form by which a member assesses itself by SIM3: a short question for each parameter, and a level from 0 to 4.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::StatusCode;
use policy::{Book, Caller, Member};
use region::capacity::sim3::{ALL, Assessment, AssessmentError, LEVEL_MAX, MODEL, answer, level_words};
use region::capacity::words::Language;

use super::super::sent::Sent;
use super::super::{Frame, Pages, Shared, Viewer, Who, absent, broken, making, render, words};
use super::language;

#[derive(Template)]
#[template(path = "gaps_assessment.html")]
struct FormPage {
    frame: Frame,
    model: &'static str,
    fault: Option<String>,
    day: String,
    groups: Vec<(&'static str, Vec<Question>)>,
    levels: Vec<(u8, &'static str)>,
}

struct Question {
    number: &'static str,
    text: &'static str,
    /// The level that was given.
    level: Option<u8>,
}

impl Question {
    /// Whether this level was given.
    fn is(&self, level: &u8) -> bool {
        self.level == Some(*level)
    }
}

pub(super) async fn form(State(pages): Shared, who: Who) -> Response {
    making(move || {
        let (viewer, book) = (Viewer::of(who), pages.gate.book());
        let Some(member) = member(&viewer, &book) else { return absent() };
        let language = language(&viewer);
        let (levels, day) = match pages.capacity.register() {
            Ok(register) => {
                let known = register.assessment(member.id).map(|one| one.levels.clone());
                (known.unwrap_or_default(), (pages.now)().date())
            }
            Err(error) => return broken(&error),
        };
        render(&made(&pages, &viewer, &book, language, (&levels, day), None))
    })
    .await
}

fn member<'b>(viewer: &Viewer, book: &'b Book) -> Option<&'b Member> {
    match viewer.caller {
        Caller::Member(id) => book.member(id),
        Caller::Operator => None,
    }
}

fn made(
    pages: &Pages,
    viewer: &Viewer,
    book: &Book,
    language: Language,
    (levels, day): (&BTreeMap<String, u8>, String),
    fault: Option<String>,
) -> FormPage {
    let groups = [
        ("O-", ("Organisation", "조직")),
        ("H-", ("People", "인력")),
        ("T-", ("Tools", "도구")),
        ("P-", ("Processes", "절차")),
    ];
    let group = |(letter, title): (&str, (&'static str, &'static str))| {
        let of = ALL.iter().filter(|one| one.number.starts_with(letter)).map(|one| Question {
            number: one.number,
            text: one.question(language),
            level: levels.get(one.number).copied(),
        });
        (language.pick(title), of.collect())
    };
    FormPage {
        frame: pages.frame(book, viewer, language.pick(("Own assessment", "자체 평가"))),
        model: MODEL,
        fault,
        day,
        groups: groups.into_iter().map(group).collect(),
        levels: (0..=LEVEL_MAX).map(|level| (level, level_words(level, language))).collect(),
    }
}

pub(super) async fn take(
    State(pages): Shared,
    who: Who,
    Sent(fields): Sent<Vec<(String, String)>>,
) -> Response {
    making(move || {
        let (viewer, book) = (Viewer::of(who), pages.gate.book());
        let Some(member) = member(&viewer, &book) else { return absent() };
        let language = language(&viewer);
        let day = fields.iter().rev().find(|(name, _)| name == "day").map(|(_, day)| day.trim().to_owned());
        let day = day.unwrap_or_default();
        let (levels, fault) = match read(&fields) {
            Ok(levels) => (levels, None),
            Err(fault) => (BTreeMap::new(), Some(fault)),
        };
        let assessment = Assessment { member: member.id, day: day.clone(), levels: levels.clone() };
        let kept = match fault.or_else(|| assessment.check().err()) {
            Some(fault) => Err(words::assessment::fault(&viewer.view, &fault)),
            None => pages.capacity.assess(assessment),
        };
        match kept {
            Ok(()) => {
                let place = format!("/region/gaps/member-{}", member.handle);
                Redirect::to(&place).into_response()
            }
            Err(why) => {
                let page = made(&pages, &viewer, &book, language, (&levels, day), Some(why));
                let mut response = render(&page);
                *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
                response
            }
        }
    })
    .await
}

/// The levels that were given; of a field that comes twice the last counts.
fn read(fields: &[(String, String)]) -> Result<BTreeMap<String, u8>, AssessmentError> {
    let mut levels = BTreeMap::new();
    for (number, level) in fields.iter().filter(|(name, _)| name.contains('-')) {
        if let Some((number, level)) = answer("", number, level)? {
            levels.insert(number.to_owned(), level);
        }
    }
    Ok(levels)
}
