//! Screening by hand: a form, and what is known of the values in it.
//!
//! Values travel in the form's body and not in an address, which browsers and proxies remember.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use deliver::screening::{
    Answer, Answers, Known, Listed, NAME_KINDS, Outcome, Question, ScreeningError, VALUES_MAX,
};
use policy::{Caller, MemberId};
use serde::Deserialize;
use stix::Timestamp;
use watch::Kind;

use super::sent::Sent;
use super::view::At;
use super::{Frame, Pages, Shared, Viewer, Who, broken, making, render, words};

/// Values that are asked by hand at once.
const BY_HAND_MAX: usize = 200;

#[derive(Template)]
#[template(path = "screen.html")]
struct ScreenPage {
    frame: Frame,
    /// The members that an operator may ask as.
    members: Vec<String>,
    /// Names of kinds, and how they are called.
    kinds: Vec<(&'static str, &'static str)>,
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
        let each = [Outcome::Match, Outcome::Past, Outcome::Clear, Outcome::Unreadable];
        let told = each.into_iter().filter_map(|wanted| {
            let count = results().filter(|answer| answer.result == wanted).count();
            let word = words::screening::result(&self.frame.view, wanted);
            (count > 0).then(|| self.frame.view.tell("{} {}", "{1} {0}", &[&count, &word]))
        });
        told.collect::<Vec<_>>().join(", ")
    }

    /// The result of an answer as people read it.
    fn result(&self, answer: &Answer) -> &'static str {
        words::screening::answered(&self.frame.view, answer)
    }

    /// By what a known value answers.
    fn by<'t>(&self, by: &'t str) -> &'t str {
        words::screening::by(&self.frame.view, by)
    }

    /// What to do with a value of which nothing is known.
    fn otherwise(&self, answer: &Answer) -> &'static str {
        match answer.result {
            Outcome::Unreadable => self.frame.say(
                "Ask for it once more; do not take it for clean.",
                "값을 다시 확인하십시오. 문제없는 것으로 여기지 마십시오.",
            ),
            _ => self.frame.say(
                "On none of these lists, which does not prove it good: go on by your own rules.",
                "이 목록들에는 없습니다. 그렇다고 문제없다는 뜻은 아니므로 기관의 규칙에 따르십시오.",
            ),
        }
    }

    fn action(&self, known: &Known) -> &'static str {
        words::screening::action(&self.frame.view, &known.advice)
    }

    fn advice(&self, known: &Known) -> String {
        words::screening::advice(&self.frame.view, &known.advice)
    }

    fn reasons(&self, party: &Listed) -> String {
        words::screening::reasons(&self.frame.view, party)
    }

    fn schema(&self, party: &Listed) -> &'static str {
        words::screening::schema(&self.frame.view, party.schema)
    }

    /// A time that an answer has as a text.
    fn time(&self, text: &str) -> Option<At> {
        Timestamp::parse(text).ok().map(|at| self.frame.at(&at))
    }

    /// The class of its style: what is known is held, what is not is got.
    fn class(answer: &Answer) -> &'static str {
        match answer.result {
            Outcome::Clear => "got",
            Outcome::Past => "soft",
            Outcome::Match | Outcome::Unreadable => "held",
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
    let kinds = Kind::ALL.into_iter().filter(|kind| kind.screens());
    let kinds = kinds.map(|kind| (kind.as_str(), words::kind(&viewer.view, kind)));
    let names = NAME_KINDS.into_iter().zip([
        viewer.say("name", "이름"),
        viewer.say("person", "사람 이름"),
        viewer.say("organization", "조직 이름"),
    ]);
    let kinds = names.chain(kinds).collect();
    let frame = pages.frame(&book, viewer, viewer.say("Screen", "값 조회"));
    ScreenPage { frame, members, kinds, asked, fault: None, told: None }
}

pub(super) async fn form(State(pages): Shared, who: Who) -> Response {
    making(move || render(&page_of(&pages, &Viewer::of(who), Asked::default()))).await
}

pub(super) async fn ask(State(pages): Shared, who: Who, Sent(asked): Sent<Asked>) -> Response {
    making(move || {
        let viewer = Viewer::of(who);
        let mut page = page_of(&pages, &viewer, asked);
        let filled = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let said = (filled(&page.asked.kind), filled(&page.asked.birth), filled(&page.asked.country));
        let lines = page.asked.values.lines().flat_map(apart).map(str::trim).filter(|line| !line.is_empty());
        let questions: Vec<Question> =
            lines.map(|line| question(line, said.clone())).take(BY_HAND_MAX + 1).collect();
        let member = match viewer.caller {
            Caller::Member(member) => Some(member),
            Caller::Operator => named(&pages, &page.asked.member),
        };
        let fault = |english, korean| Some(viewer.view.tell(english, korean, &[&BY_HAND_MAX, &VALUES_MAX]));
        match member {
            None => {
                page.fault = fault("Say as which member you ask.", "어느 회원으로서 조회하는지 고르십시오.");
            }
            Some(_) if questions.is_empty() => {
                page.fault = fault(
                    "Nothing is asked: put a value on each line.",
                    "조회할 것이 없습니다. 한 줄에 하나씩 값을 적으십시오.",
                );
            }
            Some(_) if questions.len() > BY_HAND_MAX => {
                page.fault = fault(
                    "At most {} values are asked by hand; POST /screening/values takes {}.",
                    "손으로는 한 번에 {}개까지 조회합니다. POST /screening/values로는 {}개까지 됩니다.",
                );
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

/// The values of a line: several with commas between, where each looks like one; names may have commas in them.
fn apart(line: &str) -> Vec<&str> {
    let parts: Vec<&str> = line.split([',', ';']).map(str::trim).filter(|part| !part.is_empty()).collect();
    let is_value = |part: &&str| {
        !part.contains(char::is_whitespace)
            && part.chars().any(|sign| sign.is_ascii_digit() || matches!(sign, '.' | '@' | ':'))
    };
    // An address of a page can have such signs itself.
    let is_several = parts.iter().all(is_value) && !line.contains('/');
    if is_several { parts } else { vec![line] }
}

fn question(line: &str, said: (Option<String>, Option<String>, Option<String>)) -> Question {
    let mut question = Question::of(line);
    (question.kind, question.birth, question.country) = said;
    question
}

fn named(pages: &Pages, handle: &str) -> Option<MemberId> {
    pages.gate.book().member_by_handle(handle).filter(|member| !member.ended).map(|member| member.id)
}

#[cfg(test)]
mod tests {
    use super::apart;

    #[test]
    fn values_with_commas_between_are_several_and_names_are_one() {
        assert_eq!(apart("198.51.100.7, evil.top;x@y.top"), ["198.51.100.7", "evil.top", "x@y.top"]);
        assert_eq!(apart("Kim, Jong Un"), ["Kim, Jong Un"]);
        assert_eq!(apart("KIM,JONG"), ["KIM,JONG"]);
        assert_eq!(apart("evil.top"), ["evil.top"]);
        assert_eq!(apart("http://evil.top/a,b.html"), ["http://evil.top/a,b.html"]);
    }
}
