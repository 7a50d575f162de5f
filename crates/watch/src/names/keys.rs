//! Keys under which names that can be one meet.
//!
//! Every name gives a few: the sound and the consonants of each word and of each two words joined, the given name of which a
//! word is a form, family name and consonants of what can be Korean, Wade–Giles of what can be Chinese, first letters of what
//! can be abbreviated. Names without a common key are never compared.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::name::Name;
use super::word::Word;
use super::{Kind, asian};

/// Most keys of one name.
const KEYS_MAX: usize = 96;

/// The keys of a name, each once.
pub(super) fn keys(name: &Name) -> Vec<u64> {
    let mut found = Vec::with_capacity(16);
    let mut add = |sort: &str, text: &str| {
        if found.len() < KEYS_MAX && !text.is_empty() {
            found.push(key(sort, text));
        }
    };
    for reading in &name.readings {
        let mut heavy: Vec<&Word> = reading.words.iter().filter(|word| word.is_heavy()).collect();
        // A name of a legal form and a letter is found by these.
        if heavy.is_empty() {
            heavy = reading.words.iter().collect();
        }
        for word in &heavy {
            add("sound", &word.sound);
            if word.bones.len() > 1 {
                add("bones", &word.bones.replace('r', "l"));
            }
            if let Some(given) = word.given {
                add("given", given);
            }
            if let Some(number) = word.number {
                add("number", &number.to_string());
            }
        }
        // Words joined otherwise; a particle may be one of them.
        for two in reading.words.windows(2) {
            if let [left, right] = two {
                let both = Word::new(&format!("{}{}", left.latin, right.latin), "", left.script);
                add("sound", &both.sound);
            }
        }
        if name.kind == Kind::Organization {
            if heavy.len() > 2 {
                add(
                    "letters",
                    &heavy.iter().filter_map(|word| word.latin.chars().next()).collect::<String>(),
                );
            } else if let [word] = heavy.as_slice() {
                add("letters", &word.latin);
            }
        } else {
            for text in asian::korean_keys(reading.korean()) {
                add("korean", &text);
            }
            for text in reading.chinese() {
                add("chinese", text);
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn key(sort: &str, text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    sort.hash(&mut hasher);
    text.hash(&mut hasher);
    hasher.finish()
}
