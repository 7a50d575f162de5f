//! What of an object can be searched for: the words of its texts.
//!
//! One function makes words of what is indexed, of what is asked and of what is found, so that the three agree. A word is a run of
//! letters and digits, in small letters and without accents; each sign of Chinese and Japanese, which know no spaces, is one by itself.

use std::collections::BTreeSet;

use serde_json::Value;
use stix::{ObjectId, Timestamp};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::canonical_combining_class;

/// Bytes of a word; the rest of a longer one is not looked at.
pub const WORD_BYTES_MAX: usize = 64;
/// Different words of one object that are looked at, in the order of its text.
pub const WORDS_MAX: usize = 4_096;
/// Properties that say nothing that one would search for: ids and times are left out wherever they stand.
const SILENT: [&str; 6] =
    ["type", "spec_version", "granular_markings", "pattern_type", "pattern_version", "lang"];
/// Extensions that a node or a signer writes.
const WRITTEN: [&str; 2] = [gate::REDACTION, stix::signature::EXTENSION];

/// Whether a sign is a word by itself.
const fn stands_alone(sign: char) -> bool {
    matches!(sign, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Tells the words of a text, in order.
pub(crate) fn words(text: &str, on: &mut dyn FnMut(&str)) {
    if text.is_ascii() {
        return split(text.chars().map(|sign| sign.to_ascii_lowercase()), on);
    }
    let bare = text.nfkd().filter(|sign| canonical_combining_class(*sign) == 0);
    split(bare.flat_map(char::to_lowercase).nfc(), on);
}

fn split(signs: impl Iterator<Item = char>, on: &mut dyn FnMut(&str)) {
    let mut word = String::with_capacity(WORD_BYTES_MAX);
    for sign in signs {
        let is_part = sign.is_alphanumeric() && !stands_alone(sign);
        if !is_part && !word.is_empty() {
            on(&word);
            word.clear();
        }
        if is_part && word.len() + sign.len_utf8() <= WORD_BYTES_MAX {
            word.push(sign);
        } else if stands_alone(sign) {
            on(sign.encode_utf8(&mut [0; 4]));
        }
    }
    if !word.is_empty() {
        on(&word);
    }
}

/// An object, read for what it says.
pub(crate) struct Said(Value);

impl Said {
    /// What cannot be read says nothing.
    pub(crate) fn of(raw: &str) -> Self {
        Self(serde_json::from_str(raw).unwrap_or_default())
    }

    /// Tells each of its texts.
    pub(crate) fn texts<'s>(&'s self, on: &mut dyn FnMut(&'s str)) {
        texts(&self.0, on);
    }

    /// Its different words, at most [`WORDS_MAX`].
    pub(crate) fn words(&self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        self.texts(&mut |text| {
            if all.len() < WORDS_MAX {
                words(text, &mut |word| {
                    if all.len() < WORDS_MAX && !all.contains(word) {
                        all.insert(word.to_owned());
                    }
                });
            }
        });
        all
    }

    /// Its confidence, from 0 to 100. Source: STIX 2.1, section 3.2.
    pub(crate) fn confidence(&self) -> Option<u8> {
        let confidence = self.0.get("confidence")?.as_u64()?;
        u8::try_from(confidence).ok().filter(|confidence| *confidence <= 100)
    }

    /// Whether one of its texts holds these words one behind the other.
    pub(crate) fn holds_run(&self, run: &[String]) -> bool {
        let mut holds = false;
        self.texts(&mut |text| {
            if !holds && text.len() >= run.len() {
                let mut all = Vec::new();
                words(text, &mut |word| all.push(word.to_owned()));
                holds = !run.is_empty() && all.windows(run.len()).any(|some| some == run);
            }
        });
        holds
    }
}

fn texts<'s>(value: &'s Value, on: &mut dyn FnMut(&'s str)) {
    match value {
        Value::String(text) if !is_id(text) && !is_time(text) => on(text),
        Value::Array(values) => values.iter().for_each(|value| texts(value, on)),
        Value::Object(properties) => {
            let told = properties
                .iter()
                .filter(|(name, _)| !SILENT.contains(&name.as_str()) && !WRITTEN.contains(&name.as_str()));
            told.for_each(|(_, value)| texts(value, on));
        }
        _ => {}
    }
}

fn is_id(text: &str) -> bool {
    text.contains("--") && ObjectId::parse(text).is_ok()
}

fn is_time(text: &str) -> bool {
    text.len() >= 20
        && text.ends_with('Z')
        && text.as_bytes().get(10) == Some(&b'T')
        && Timestamp::parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        words(text, &mut |word| all.push(word.to_owned()));
        all
    }

    #[test]
    fn a_text_is_told_in_words() {
        assert_eq!(
            all("[domain-name:value = 'Evil-Login.example']"),
            ["domain", "name", "value", "evil", "login", "example"]
        );
        assert_eq!(all("Café ÉCOLE ﬁn"), ["cafe", "ecole", "fin"]);
        assert_eq!(all("봉수대에서 본 연기"), ["봉수대에서", "본", "연기"]);
        assert_eq!(all("北朝鮮のIT労働者"), ["北", "朝", "鮮", "の", "it", "労", "働", "者"]);
        assert_eq!(all("  --- "), Vec::<String>::new());
        assert_eq!(all(&"x".repeat(100)), ["x".repeat(WORD_BYTES_MAX)]);
        assert_eq!(all("İstanbul"), ["istanbul"]);
    }

    #[test]
    fn ids_times_and_signatures_are_no_words() {
        let raw = r#"{"type":"malware","id":"malware--7e0d2f0a-2222-4d5a-9a5e-0d8c0b7c1a01","spec_version":"2.1",
            "created":"2026-01-01T00:00:00.000Z","created_by_ref":"identity--7e0d2f0a-2222-4d5a-9a5e-0d8c0b7c1a01",
            "name":"Agent Smith","labels":["bank"],"confidence":80,"x":{"y":[{"z":"deep"}]},
            "extensions":{"extension-definition--beb520cd-41c7-478c-8041-05a831e26b54":{"jws":"eyJhbGciOi"}}}"#;
        let said = Said::of(raw);
        let words: Vec<String> = said.words().into_iter().collect();
        assert_eq!(words, ["agent", "bank", "deep", "smith"]);
        assert_eq!(said.confidence(), Some(80));
        let run = |text: &str| said.holds_run(&all(text));
        assert!(run("agent smith") && run("SMITH") && !run("smith agent") && !run("agent bank") && !run(""));
        assert!(Said::of("{").words().is_empty());
    }
}
