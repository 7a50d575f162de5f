//! Asks for a wider release: what is filled in, how they are shown as JSON, and the interface for programs.
//!
//! The pages are `page::asks`, the form behind a signed link `answer::asked`. All of them hand the same to the gate, which decides.

mod api;

use gate::{AskError, AskSeen, Asking, Gate, Grant, Reply};
use policy::{Book, CircleId, MemberId, Wish};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use stix::{ObjectId, Tlp};
use uuid::Uuid;

pub use api::router;

/// An answer as it was filled in: a form's fields, or a program's JSON.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Given {
    /// `yes`, `less` or `no`.
    pub(crate) answer: String,
    /// With `less`: anything, if the circle that is asked for gets it.
    pub(crate) circle: Option<String>,
    /// With `less`: the mark; empty for as it is.
    pub(crate) tlp: String,
    /// With `less`: anything, if it goes without its source.
    pub(crate) without_source: Option<String>,
    /// What is said with it.
    pub(crate) said: String,
    /// The token of the form, at which the log-in has looked.
    #[serde(default, rename = "form")]
    _token: IgnoredAny,
}

/// A question as it was filled in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    /// The circle's handle in which it is seen.
    circle: String,
    object: String,
    why: String,
    /// The handle of the circle that it is to go to; empty for none.
    #[serde(default)]
    to: String,
    /// The mark that it is to have; empty for as it is.
    #[serde(default)]
    tlp: String,
    /// Anything, if it is to go without its source.
    #[serde(default, deserialize_with = "ticked")]
    without_source: bool,
    /// The token of the form, at which the log-in has looked.
    #[serde(default, rename = "form")]
    _token: IgnoredAny,
}

/// A box of a form, or a truth value of a program.
fn ticked<'de, D: serde::Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Bool(is_ticked) => is_ticked,
        Value::String(text) => is_ticked(Some(&text)),
        _ => false,
    })
}

/// What is meant by a question. What can't be a circle or an object is as what is not there, and is told in the same place: a
/// circle that there is and one that there is not must not be told apart by what is refused first.
pub(crate) fn asking(
    gate: &Gate,
    member: MemberId,
    encrypted: bool,
    question: &Question,
) -> Result<Asking, AskError> {
    let book = gate.book();
    let by_handle =
        |handle: &str| book.circle_by_handle(handle).map_or(CircleId::new(Uuid::nil()), |circle| circle.id);
    let object = ObjectId::parse(&question.object).map_err(|_| AskError::NotFound)?;
    let to = Some(question.to.as_str()).filter(|handle| !handle.is_empty()).map(by_handle);
    let tlp = mark(&question.tlp).map_err(|_| AskError::Nothing)?;
    let wish = Wish { circle: to, tlp, without_source: question.without_source };
    Ok(Asking {
        member,
        circle: by_handle(&question.circle),
        object,
        wish,
        why: question.why.clone(),
        encrypted,
    })
}

/// What was filled in makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoChoice;

impl Given {
    /// What is meant, of an ask for `wish`.
    pub(crate) fn reply(&self, wish: &Wish) -> Result<Reply, NoChoice> {
        let grant = match self.answer.as_str() {
            "yes" => Grant::Whole,
            "no" => Grant::Nothing,
            "less" => Grant::Less(Wish {
                circle: wish.circle.filter(|_| is_ticked(self.circle.as_ref())),
                tlp: mark(&self.tlp)?,
                without_source: is_ticked(self.without_source.as_ref()),
            }),
            _ => return Err(NoChoice),
        };
        Ok(Reply { grant, said: self.said.clone() })
    }
}

/// A mark by its word; none for nothing.
pub(crate) fn mark(text: &str) -> Result<Option<Tlp>, NoChoice> {
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| NoChoice),
    }
}

/// Whether a box is ticked.
pub(crate) fn is_ticked(field: Option<&String>) -> bool {
    field.is_some_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}

/// The marks that are milder than one and not milder than `least`, from the strictest.
pub(crate) fn milder(mark: Tlp, least: Tlp) -> Vec<Tlp> {
    let all = [Tlp::Red, Tlp::AmberStrict, Tlp::Amber, Tlp::Green, Tlp::Clear];
    all.into_iter().filter(|tlp| *tlp < mark && *tlp >= least).collect()
}

/// An ask as JSON. What whoever looks may not know is `null`.
#[must_use]
pub fn shown(book: &Book, seen: &AskSeen) -> Value {
    let circle = |circle: CircleId| book.circle(circle).map(|circle| circle.handle.clone());
    let member = |member: Option<MemberId>| {
        let member = member?;
        Some(book.member(member).map_or_else(|| "operator".to_owned(), |member| member.handle.clone()))
    };
    let wish = |wish: &Wish| {
        json!({
            "to": wish.circle.and_then(circle), "tlp": wish.tlp.map(|tlp| tlp.to_string()),
            "without_source": wish.without_source,
        })
    };
    let done: Vec<Value> = seen
        .done
        .iter()
        .map(|done| {
            let why = done.refused.as_ref().filter(|why| !why.is_empty());
            json!({"circle": circle(done.circle), "id": done.object.to_string(), "taken": done.refused.is_none(), "why": why})
        })
        .collect();
    let answer = seen.answer.as_ref().map(|answer| {
        json!({
            "at": answer.at.to_string(), "allowed": answer.grant.as_ref().map(wish), "said": answer.said,
            "by": answer.way.map(policy::ask::Way::name),
        })
    });
    let told: Vec<Value> = seen
        .told
        .iter()
        .map(|(at, whom, failed)| json!({"at": at.to_string(), "whom": whom, "failed": failed}))
        .collect();
    json!({
        "id": seen.id.to_string(), "state": seen.state.name(), "asked": seen.at.to_string(), "until": seen.until.to_string(),
        "asker": member(seen.asker), "originator": member(seen.originator), "circle": circle(seen.circle),
        "object": seen.object.to_string(), "wish": wish(&seen.wish), "why": seen.why, "answer": answer,
        "done": done, "done_at": seen.done_at.map(|at| at.to_string()), "told": told,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_is_what_was_ticked() {
        let circle = Some(CircleId::new(Uuid::from_u128(1)));
        let wish = Wish { circle, tlp: Some(Tlp::Clear), without_source: false };
        let given = |answer: &str, circle: Option<&str>, tlp: &str| Given {
            answer: answer.to_owned(),
            circle: circle.map(str::to_owned),
            tlp: tlp.to_owned(),
            ..Given::default()
        };
        let granted = |given: Given| given.reply(&wish).map(|reply| reply.grant);
        let less = |circle, tlp| Ok(Grant::Less(Wish { circle, tlp, without_source: false }));
        for (given, expected) in [
            (given("yes", None, ""), Ok(Grant::Whole)),
            (given("no", Some("1"), "red"), Ok(Grant::Nothing)),
            (given("less", Some("1"), ""), less(circle, None)),
            (given("less", None, "TLP:GREEN"), less(None, Some(Tlp::Green))),
            (given("less", Some("false"), "amber"), less(None, Some(Tlp::Amber))),
            (given("less", None, "pink"), Err(NoChoice)),
            (given("", None, ""), Err(NoChoice)),
        ] {
            assert_eq!(granted(given), expected);
        }
        assert_eq!(milder(Tlp::Amber, Tlp::Clear), [Tlp::Green, Tlp::Clear]);
        assert_eq!(milder(Tlp::Red, Tlp::Amber), [Tlp::AmberStrict, Tlp::Amber]);
    }
}
