//! Calls to contacts: the mail and the webhook's message that ask, and the link over which one answers.
//!
//! A drill and an emergency are the same but for their words. The question stands in both in the clear, as a mail does: what
//! may not be read on the way belongs into the talk that follows.

mod link;

pub use link::{Asked, CallKey};

use serde_json::{Value, json};
use stix::Timestamp;

use crate::mail::Content;
use crate::speech::{Language, Put, Speech};

/// Whether it is in earnest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Earnest {
    /// An exercise.
    Drill,
    /// An emergency.
    Emergency,
}

/// A question to one contact.
#[derive(Debug, Clone)]
pub struct Calling<'a> {
    /// Whether it is in earnest.
    pub earnest: Earnest,
    /// The call's number at this node.
    pub number: u64,
    /// The node's name.
    pub node: &'a str,
    /// Who asks: a member's name, or the node's.
    pub caller: &'a str,
    /// The circle's title.
    pub circle: &'a str,
    /// The contact's handle.
    pub contact: &'a str,
    /// Whether it stands in for one that did not answer.
    pub is_deputy: bool,
    /// The question.
    pub question: &'a str,
    /// Where it is answered.
    pub link: &'a str,
    /// Until when.
    pub until: Timestamp,
    /// The agreed time, in seconds.
    pub term_s: u32,
}

impl Calling<'_> {
    /// As a mail in the contact's language.
    #[must_use]
    pub fn mail(&self, language: Language) -> Content {
        let speech = language.speech();
        let subject = speech.say(match self.earnest {
            Earnest::Drill => "call-subject-drill",
            Earnest::Emergency => "call-subject-emergency",
        });
        let until = minute(self.until);
        let answer =
            speech.tell("call-link", &[("link", Put::Text(self.link)), ("until", Put::Text(&until))]);
        let said = said(speech, self.earnest, self.caller, self.circle);
        let term = speech.tell("call-term", &[("minutes", Put::Count(minutes(self.term_s)))]);
        let deputy = speech.say("call-deputy");
        let mut paragraphs = vec![said.as_str()];
        if self.is_deputy {
            paragraphs.push(&deputy);
        }
        paragraphs.extend([self.question, &answer, &term]);
        let subject = format!("{subject} ({}, {})", self.node, self.number);
        Content::of(language, subject, &paragraphs)
    }

    /// As the message of a webhook.
    #[must_use]
    pub fn json(&self, now: Timestamp) -> Value {
        let purpose = match self.earnest {
            Earnest::Drill => "drill",
            Earnest::Emergency => "emergency",
        };
        json!({
            "type": "call", "timestamp": now.to_string(),
            "data": {
                "purpose": purpose, "call": self.number, "node": self.node, "caller": self.caller, "circle": self.circle,
                "contact": self.contact, "deputy": self.is_deputy, "question": self.question, "link": self.link,
                "until": self.until.to_string(), "term_s": self.term_s,
            },
        })
    }
}

/// What it is about, in a sentence or two.
#[must_use]
pub fn said(speech: &Speech, earnest: Earnest, caller: &str, circle: &str) -> String {
    let put = [("caller", Put::Text(caller)), ("circle", Put::Text(circle))];
    match earnest {
        Earnest::Drill => speech.tell("call-drill", &put),
        Earnest::Emergency => speech.tell("call-emergency", &put),
    }
}

/// Minutes of a term, those that have begun.
#[must_use]
pub fn minutes(term_s: u32) -> usize {
    usize::try_from(term_s.div_ceil(60)).unwrap_or(usize::MAX)
}

/// A time to the minute.
#[must_use]
pub fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(..16).unwrap_or(&text).replace('T', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calling(earnest: Earnest, is_deputy: bool) -> Calling<'static> {
        Calling {
            earnest,
            number: 7,
            node: "tower.test",
            caller: "CERT <A>",
            circle: "Region",
            contact: "kr-duty",
            is_deputy,
            question: "Which ports are open?",
            link: "https://tower.example/call/abc",
            until: Timestamp::from_micros(0),
            term_s: 90,
        }
    }

    #[test]
    fn a_mail_says_in_each_language_whether_it_is_a_drill() {
        let mut subjects = std::collections::BTreeSet::new();
        for language in Language::all() {
            for (earnest, is_deputy) in [(Earnest::Drill, false), (Earnest::Emergency, true)] {
                let mail = calling(earnest, is_deputy).mail(language);
                let text = &mail.text;
                for told in [
                    "Which ports",
                    "https://tower.example/call/abc",
                    "1970-01-01 00:00",
                    "CERT <A>",
                    "Region",
                ] {
                    assert!(text.contains(told), "{told}: {text}");
                }
                assert!(text.contains('2') && !text.contains("call-"), "{text}");
                assert_eq!(text.contains(&language.speech().say("call-deputy")), is_deputy);
                assert!(mail.html.contains("CERT &lt;A>") && mail.subject.ends_with("(tower.test, 7)"));
                subjects.insert(mail.subject);
            }
        }
        assert_eq!(subjects.len(), 10);
    }

    #[test]
    fn a_webhook_is_told_the_same() {
        let json = calling(Earnest::Emergency, true).json(Timestamp::from_micros(0));
        assert_eq!((&json["type"], &json["data"]["purpose"]), (&json!("call"), &json!("emergency")));
        assert_eq!((&json["data"]["deputy"], &json["data"]["term_s"]), (&json!(true), &json!(90)));
    }
}
