//! What is asked, and whether something holds it.

use line::Seq;
use policy::{CircleId, MemberId};
use stix::{ObjectId, Timestamp, Tlp};

use crate::find::Cursor;
use crate::following::{confidence_word, type_word};
use crate::words::{Said, words};

/// Bytes of a text that are looked at.
pub const TEXT_BYTES_MAX: usize = 1_000;
/// Words of a text, and of a value, that are looked for; more are left out.
pub const WORDS_ASKED_MAX: usize = 16;
/// The end of the scale of confidence. Source: STIX 2.1, section 3.2.
pub const CONFIDENCE_MAX: u8 = 100;
/// Types that are asked for at once.
const TYPES_MAX: usize = 32;

/// A question. The default asks for everything.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Words that must all be there; the last one may have been typed in part, if no space follows it. An object's id asks for that
    /// object.
    pub text: String,
    /// Only in this circle.
    pub circle: Option<CircleId>,
    /// Only of these types, if any are named.
    pub types: Vec<String>,
    /// Only what counts as one of these, if any are named.
    pub tlp: Vec<Tlp>,
    /// Only what this member brought, as far as that may be known.
    pub source: Option<MemberId>,
    /// Only what was added at this time or later.
    pub from: Option<Timestamp>,
    /// Only what was added before this time.
    pub until: Option<Timestamp>,
    /// Only what says that it is at least so confident, from 0 to 100; what says nothing is left out from 1 on.
    pub confidence: u8,
    /// Only what names this value, whole.
    pub value: String,
    /// Only what stands behind this number in the line of `circle`.
    pub after: Option<Seq>,
    /// Only what comes after this place in the answer.
    pub before: Option<Cursor>,
    /// Most objects in the answer, at least 1.
    pub limit: usize,
}

/// A word that is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    text: String,
    /// Whether words that begin with it will do.
    begins: bool,
}

/// A question, read.
pub(crate) struct Wanted<'a> {
    pub(crate) asked: &'a Asked,
    /// The object that is asked for by its id.
    pub(crate) id: Option<ObjectId>,
    words: Vec<Word>,
    value: Vec<String>,
}

impl<'a> Wanted<'a> {
    pub(crate) fn of(asked: &'a Asked) -> Self {
        let text = asked.text.trim_start();
        let text = &text[..text.floor_char_boundary(TEXT_BYTES_MAX)];
        let id = ObjectId::parse(text.trim_end()).ok();
        let words = if id.is_some() { Vec::new() } else { looked_for(text) };
        let value = &asked.value[..asked.value.floor_char_boundary(TEXT_BYTES_MAX)];
        Self { asked, id, words, value: run(value) }
    }

    /// The index's words for all that is asked but the circle and the class.
    pub(crate) fn terms(&self) -> Vec<String> {
        let mut terms: Vec<String> = self.words.iter().map(term).collect();
        terms.extend(self.value.iter().map(|word| format!("\"{word}\"")));
        let types = self.asked.types.iter().take(TYPES_MAX).filter(|name| is_type(name));
        terms.extend(any_of(types.map(|name| type_word(name))));
        if !self.asked.types.is_empty() && !self.asked.types.iter().any(|name| is_type(name)) {
            // No object is of a type that can't be.
            terms.push("\"t=\"".to_owned());
        }
        if self.asked.confidence > 0 {
            let tenths =
                (self.asked.confidence / 10..=CONFIDENCE_MAX / 10).map(|tenth| confidence_word(tenth * 10));
            terms.extend(any_of(tenths));
        }
        terms
    }

    /// Whether what is there to read holds all that is asked of it.
    pub(crate) fn holds(&self, id: &ObjectId, raw: &str) -> bool {
        let is_of_type =
            self.asked.types.is_empty() || self.asked.types.iter().any(|name| name == id.object_type());
        if !is_of_type || self.id.as_ref().is_some_and(|wanted| wanted != id) {
            return false;
        }
        if self.words.is_empty()
            && self.value.is_empty()
            && self.asked.value.is_empty()
            && self.asked.confidence == 0
        {
            return true;
        }
        let said = Said::of(raw);
        let is_sure = self.asked.confidence == 0 || said.confidence() >= Some(self.asked.confidence);
        let holds_value = self.asked.value.is_empty() || said.holds_run(&self.value);
        if !is_sure || !holds_value {
            return false;
        }
        if self.words.is_empty() {
            return true;
        }
        let all = said.words();
        self.words.iter().all(|word| match word.begins {
            true => all.range(word.text.clone()..).next().is_some_and(|first| first.starts_with(&word.text)),
            false => all.contains(&word.text),
        })
    }
}

/// Whether a text can be the name of a type. Source: STIX 2.1, section 3.1.
fn is_type(name: &str) -> bool {
    (1..=250).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// One of some words, as the index is asked; nothing for none.
pub(crate) fn any_of(words: impl Iterator<Item = String>) -> Option<String> {
    let all: Vec<String> = words.map(|word| format!("\"{word}\"")).collect();
    (!all.is_empty()).then(|| format!("({})", all.join(" OR ")))
}

fn term(word: &Word) -> String {
    format!("\"{}\"{}", word.text, if word.begins { " *" } else { "" })
}

fn run(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    words(text, &mut |word| {
        if all.len() < WORDS_ASKED_MAX {
            all.push(word.to_owned());
        }
    });
    all
}

/// The words of a text that is being typed. A word in Korean is looked for by its beginning wherever it stands: particles hang on
/// its end. One letter alone is no beginning.
fn looked_for(text: &str) -> Vec<Word> {
    let all = run(text);
    let is_typed = text.chars().next_back().is_some_and(char::is_alphanumeric);
    let last = all.len().saturating_sub(1);
    let mut found: Vec<Word> = Vec::with_capacity(all.len());
    for (at, word) in all.into_iter().enumerate() {
        let is_korean = word.chars().any(|sign| matches!(sign, '\u{ac00}'..='\u{d7a3}'));
        let begins = is_korean || is_typed && at == last && word.len() > 1;
        let word = Word { text: word, begins };
        if !found.contains(&word) {
            found.push(word);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Vec<String> {
        Wanted::of(&Asked { text: text.to_owned(), ..Asked::default() }).terms()
    }

    #[test]
    fn what_is_typed_becomes_words() {
        assert_eq!(terms("Evil log"), ["\"evil\"", "\"log\" *"]);
        assert_eq!(terms("evil log "), ["\"evil\"", "\"log\""]);
        assert_eq!(terms("a"), ["\"a\""]);
        assert_eq!(terms("서버 공격 x"), ["\"서버\" *", "\"공격\" *", "\"x\""]);
        assert_eq!(terms("198.51.100.7"), ["\"198\"", "\"51\"", "\"100\"", "\"7\""]);
        assert_eq!(terms("\" OR found:x*"), ["\"or\"", "\"found\"", "\"x\""]);
        assert_eq!(terms("--- "), Vec::<String>::new());
        assert!(terms(&"word ".repeat(10_000)).len() <= WORDS_ASKED_MAX);
        assert_eq!(terms("malware--7e0d2f0a-2222-4d5a-9a5e-0d8c0b7c1a01"), Vec::<String>::new());
    }

    #[test]
    fn filters_become_words_too() {
        let asked = Asked {
            types: vec!["malware".to_owned(), "x\" OR y".to_owned()],
            confidence: 85,
            value: "198.51.100.7".to_owned(),
            ..Asked::default()
        };
        let terms = Wanted::of(&asked).terms();
        assert_eq!(terms[4..], ["(\"t=malware\")", "(\"n=8\" OR \"n=9\" OR \"n=10\")"]);
        let asked = Asked { types: vec!["\"".to_owned()], ..Asked::default() };
        assert_eq!(Wanted::of(&asked).terms(), ["\"t=\""]);
    }

    #[test]
    fn what_is_found_must_hold_it_all() {
        let id = ObjectId::parse("malware--7e0d2f0a-2222-4d5a-9a5e-0d8c0b7c1a01").unwrap();
        let raw = r#"{"name":"Evil login at 198.51.100.70","confidence":80}"#;
        let holds = |asked: Asked| Wanted::of(&asked).holds(&id, raw);
        let text = |text: &str| holds(Asked { text: text.to_owned(), ..Asked::default() });
        assert!(text("evil lo") && text("LOGIN evil ") && text("") && text("198.51.100.70"));
        // One sign alone is no beginning.
        assert!(!text("evil lo ") && !text("evil x") && !text("198.51.100.7"));
        let value = |value: &str| holds(Asked { value: value.to_owned(), ..Asked::default() });
        assert!(value("198.51.100.70") && !value("198.51.100.7") && !value("51.198") && !value("--"));
        let confidence = |confidence| holds(Asked { confidence, ..Asked::default() });
        assert!(confidence(0) && confidence(80) && !confidence(81));
        let object_type = |name: &str| holds(Asked { types: vec![name.to_owned()], ..Asked::default() });
        assert!(object_type("malware") && !object_type("tool"));
    }
}
