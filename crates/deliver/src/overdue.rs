//! The mail about an overdue recall: what was withdrawn still lies with a member. No intelligence stands in it.

use policy::{Circle, Member};

use crate::mail::Content;
use crate::speech::{Language, Put};

/// A mail to a member's contact, in the member's language: so many objects were `withdrawn` in `circle`, and these artefacts
/// still have them.
#[must_use]
pub fn overdue(
    node: &str,
    member: &Member,
    circle: &Circle,
    withdrawn: usize,
    artefacts: &[&str],
) -> Content {
    let language = Language::of(&member.language);
    let (speech, artefacts) = (language.speech(), artefacts.join(", "));
    let put = [
        ("count", Put::Count(withdrawn)),
        ("circle", Put::Text(&circle.title)),
        ("member", Put::Text(&member.name)),
        ("artefacts", Put::Text(&artefacts)),
    ];
    let said = speech.tell("overdue-text", &put);
    let asked = speech.tell("overdue-please", &[("node", Put::Text(node))]);
    let subject = format!("[{}] {} ({node})", circle.ceiling, speech.say("overdue"));
    Content::of(language, subject, &[&said, &asked])
}
