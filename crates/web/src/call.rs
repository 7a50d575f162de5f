//! The page over which a contact answers a call, without an account and without a script.
//!
//! `/call/LINK` is open to whoever has the link ([`deliver::calling`]). Looking at it uses nothing up, so that a mail scanner
//! does no harm; what is posted answers, once, and is durable before it counts as taken. A link that the node did not sign is
//! nothing. No name, address or number of any contact stands on the page.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Form, Path, State};
use axum::response::Response;
use axum::routing::get;
use deliver::Deliver;
use deliver::calling::{Asked, CallKey, Earnest, said};
use deliver::speech::{Language, Put, Speech};
use http::StatusCode;
use region::Register;
use region::drill::{Ask, Call, Purpose};
use region::text::{self, NAME_CHARS_MAX, TEXT_CHARS_MAX};

use crate::answer;
use crate::page::{self, Region, render};

/// Bytes of an answer: the longest texts, each letter of them escaped.
const ANSWER_BYTES_MAX: usize = 32 * 1024;

/// What became of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is kept.
    Kept,
    /// There was one already.
    Used,
    /// Its time is over, or the call was ended.
    Over,
}

struct Calls {
    deliver: Arc<Deliver>,
    region: Arc<dyn Region>,
    key: CallKey,
}

/// The routes of the page.
pub fn router(deliver: Arc<Deliver>, region: Arc<dyn Region>, key: CallKey) -> Router {
    Router::new()
        .route("/call/{link}", get(show).post(take))
        .layer(DefaultBodyLimit::max(ANSWER_BYTES_MAX))
        .fallback(|| async { nothing() })
        .with_state(Arc::new(Calls { deliver, region, key }))
}

fn nothing() -> Response {
    page::absent()
}

#[derive(Template)]
#[template(path = "call.html")]
struct CallPage<'a> {
    speech: &'static Speech,
    node: String,
    title: String,
    said: String,
    question: &'a str,
    fault: Option<String>,
    name: &'a str,
    text: &'a str,
    name_chars_max: usize,
    text_chars_max: usize,
}

/// The fields as they came; of one that comes twice the last counts.
#[derive(Default)]
struct Given {
    name: String,
    text: String,
}

impl Given {
    fn read(fields: Vec<(String, String)>) -> Self {
        let mut given = Self::default();
        for (name, value) in fields {
            match name.as_str() {
                "name" => value.trim().clone_into(&mut given.name),
                // Lines become one: what is kept is shown in tables and mails.
                "text" => given.text = value.split_whitespace().collect::<Vec<_>>().join(" "),
                _ => {}
            }
        }
        given
    }

    /// # Errors
    /// What is wrong, in words.
    fn check(&self, speech: &Speech) -> Result<(String, Option<String>), String> {
        let name =
            text::line("a name", &self.name, NAME_CHARS_MAX).map_err(|_| speech.say("call-fault-name"))?;
        if self.text.is_empty() {
            return Ok((name, None));
        }
        let long = |_| speech.tell("answer-fault-long", &[("limit", Put::Count(TEXT_CHARS_MAX))]);
        let said = text::line("an answer", &self.text, TEXT_CHARS_MAX).map_err(long)?;
        Ok((name, Some(said)))
    }
}

impl Calls {
    /// Works on what a link is for; nothing if the node did not sign it.
    fn with(
        &self,
        link: &str,
        work: impl FnOnce(Asked, &Call, &Ask, &'static Speech) -> Response,
    ) -> Response {
        let Some(asked) = self.key.read(link) else { return nothing() };
        let register = match self.region.register() {
            Ok(register) => register,
            Err(error) => return page::broken(&error),
        };
        let Some((call, ask)) = found(&register, asked) else { return nothing() };
        // The contact's languages, or what is left of them: it may have been removed.
        let contact = register.contact(&ask.contact);
        let languages = contact.map_or(&[][..], |listed| &listed.contact.languages);
        let book = self.deliver.gate.book();
        let member = book.member(ask.member).map_or("en", |member| &member.language);
        let language = languages.first().map_or(member, String::as_str);
        work(asked, call, ask, Language::of(language).speech())
    }

    fn form(&self, call: &Call, speech: &'static Speech, given: &Given, fault: Option<String>) -> Response {
        let book = self.deliver.gate.book();
        let node = self.deliver.gate.key().name().to_owned();
        let caller = call.definition.caller.and_then(|id| book.member(id));
        let caller = caller.map_or_else(|| node.clone(), |member| member.name.clone());
        let circle =
            book.circle(call.definition.circle).map(|circle| circle.title.clone()).unwrap_or_default();
        let (earnest, title) = match call.definition.purpose {
            Purpose::Drill => (Earnest::Drill, "call-title-drill"),
            Purpose::Emergency => (Earnest::Emergency, "call-title-emergency"),
        };
        let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        let mut response = render(&CallPage {
            speech,
            node,
            title: speech.say(title),
            said: said(speech, earnest, &caller, &circle),
            question: &call.definition.question,
            fault,
            name: &given.name,
            text: &given.text,
            name_chars_max: NAME_CHARS_MAX,
            text_chars_max: TEXT_CHARS_MAX,
        });
        *response.status_mut() = status;
        response
    }

    fn shown(&self, link: &str) -> Response {
        let now = (self.deliver.now)();
        self.with(link, |_, call, ask, speech| match standing(call, ask, now) {
            Taken::Kept => self.form(call, speech, &Given::default(), None),
            taken => ended(speech, taken),
        })
    }

    fn taken(&self, link: &str, given: &Given) -> Response {
        let now = (self.deliver.now)();
        self.with(link, |asked, call, ask, speech| {
            let before = standing(call, ask, now);
            if before != Taken::Kept {
                return ended(speech, before);
            }
            match given.check(speech) {
                Err(fault) => self.form(call, speech, given, Some(fault)),
                Ok((name, text)) => match self.region.answer(asked, name, text) {
                    Ok(taken) => ended(speech, taken),
                    Err(error) => page::broken(&error),
                },
            }
        })
    }
}

fn found(register: &Register, asked: Asked) -> Option<(&Call, &Ask)> {
    let call = register.call(asked.call)?;
    let ask = call.asks.get(usize::try_from(asked.ask).ok()?)?;
    (ask.asked.micros() == asked.at).then_some((call, ask))
}

/// What an answer that comes now would become.
#[must_use]
pub fn standing(call: &Call, ask: &Ask, now: stix::Timestamp) -> Taken {
    match (&ask.answer, &call.closed) {
        (Some(_), _) => Taken::Used,
        (None, Some(_)) => Taken::Over,
        (None, None) if !ask.is_valid(&call.definition, now) => Taken::Over,
        (None, None) => Taken::Kept,
    }
}

fn ended(speech: &'static Speech, taken: Taken) -> Response {
    let (title, text, status) = match taken {
        Taken::Kept => ("answer-thanks", "call-thanks-text", StatusCode::OK),
        Taken::Used => ("answer-used", "call-used-text", StatusCode::GONE),
        Taken::Over => ("answer-over", "call-over-text", StatusCode::GONE),
    };
    let mut response = answer::said(speech, title, vec![speech.say(text)]);
    *response.status_mut() = status;
    response
}

async fn show(State(calls): State<Arc<Calls>>, Path(link): Path<String>) -> Response {
    page::making(move || calls.shown(&link)).await
}

async fn take(
    State(calls): State<Arc<Calls>>,
    Path(link): Path<String>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let given = Given::read(fields);
    page::making(move || calls.taken(&link, &given)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, text: &str) -> Result<(String, Option<String>), String> {
        let fields = vec![("name".to_owned(), name.to_owned()), ("text".to_owned(), text.to_owned())];
        Given::read(fields).check(Language::of("en").speech())
    }

    #[test]
    fn an_answer_has_a_name_and_may_have_a_text() {
        assert_eq!(check(" Kim ", " \r\n"), Ok(("Kim".to_owned(), None)));
        assert_eq!(check("Kim", "we\r\nare  on it"), Ok(("Kim".to_owned(), Some("we are on it".to_owned()))));
        assert!(check("", "here").unwrap_err().contains("your name"));
        assert!(check(&"k".repeat(NAME_CHARS_MAX + 1), "").is_err());
        assert!(check("Kim", &"x".repeat(TEXT_CHARS_MAX + 1)).unwrap_err().contains("2000"));
    }
}
