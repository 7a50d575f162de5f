//! Contests: that a persona, or what is said of one, is wrong.
//!
//! A contest is a STIX opinion, `strongly-disagree`, on the object that says it, with the objection as its explanation. While it is
//! open, what that object says counts nothing. It ends when the object's source brings a newer version of it, revokes or withdraws
//! it, or answers with an opinion `agree` or `strongly-agree` of a later date.
//!
//! Source: STIX 2.1, section 4.13 (opinion).

use serde_json::json;
use stix::{ObjectId, Timestamp};

/// Longest explanation of a contest, in bytes.
pub const EXPLANATION_BYTES_MAX: usize = 8 * 1024;

/// An open contest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contest {
    /// The opinion.
    pub id: ObjectId,
    /// What it is about: a persona's identity, or an object that says something of one.
    pub about: ObjectId,
    /// Who contests.
    pub who: String,
    /// Since when.
    pub at: Timestamp,
    /// Why.
    pub explanation: String,
}

/// What an opinion says of a persona.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is wrong: a contest.
    Contested,
    /// Its source has looked again, and it stands.
    Upheld,
}

impl Verdict {
    /// The verdict of a value of `opinion-enum`; `None` for a neutral one.
    pub(super) fn of(opinion: &str) -> Option<Self> {
        match opinion {
            "disagree" | "strongly-disagree" => Some(Self::Contested),
            "agree" | "strongly-agree" => Some(Self::Upheld),
            _ => None,
        }
    }
}

/// The opinion that says so, as STIX; its id is `id`, which must be new.
#[must_use]
pub fn opinion(
    id: &ObjectId,
    verdict: Verdict,
    about: &ObjectId,
    by: Option<&ObjectId>,
    explanation: &str,
    now: Timestamp,
) -> String {
    let at = Timestamp::from_micros(now.micros() / 1_000 * 1_000).to_string();
    let value = if verdict == Verdict::Contested { "strongly-disagree" } else { "strongly-agree" };
    let mut object = json!({
        "type": "opinion", "spec_version": "2.1", "id": id.to_string(), "created": at, "modified": at,
        "opinion": value, "explanation": explanation, "object_refs": [about.to_string()],
    });
    if let Some(by) = by {
        object["created_by_ref"] = json!(by.to_string());
    }
    object.to_string()
}
