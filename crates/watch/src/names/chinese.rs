//! Chinese names in Latin letters: Pinyin and Wade–Giles.
//!
//! Wade–Giles without its apostrophes, as newspapers and passports print it, says less than Pinyin: `chin` is jin and qin. So
//! both are compared in that form: a Pinyin word is rewritten, a word in Wade–Giles stands for itself.
//!
//! Source: ISO 7098:2015, table of syllables; Wade–Giles after Giles, "A Chinese-English Dictionary" (1912).

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// Initials of Pinyin, and what Wade–Giles writes without apostrophes.
const INITIALS: [(&str, &str); 22] = [
    ("zh", "ch"),
    ("ch", "ch"),
    ("sh", "sh"),
    ("b", "p"),
    ("p", "p"),
    ("m", "m"),
    ("f", "f"),
    ("d", "t"),
    ("t", "t"),
    ("n", "n"),
    ("l", "l"),
    ("g", "k"),
    ("k", "k"),
    ("h", "h"),
    ("j", "ch"),
    ("q", "ch"),
    ("x", "hs"),
    ("r", "j"),
    ("z", "ts"),
    ("c", "ts"),
    ("s", "s"),
    ("", ""),
];

/// Finals of Pinyin, and those of Wade–Giles.
const FINALS: [(&str, &str); 52] = [
    ("iang", "iang"),
    ("iong", "iung"),
    ("uang", "uang"),
    ("yang", "yang"),
    ("yong", "yung"),
    ("ying", "ying"),
    ("yuan", "yuan"),
    ("wang", "wang"),
    ("weng", "weng"),
    ("ang", "ang"),
    ("eng", "eng"),
    ("ing", "ing"),
    ("ong", "ung"),
    ("ian", "ien"),
    ("iao", "iao"),
    ("uai", "uai"),
    ("uan", "uan"),
    ("yan", "yen"),
    ("yao", "yao"),
    ("yin", "yin"),
    ("yue", "yueh"),
    ("yun", "yun"),
    ("you", "yu"),
    ("wai", "wai"),
    ("wan", "wan"),
    ("wei", "wei"),
    ("wen", "wen"),
    ("ai", "ai"),
    ("an", "an"),
    ("ao", "ao"),
    ("ei", "ei"),
    ("en", "en"),
    ("er", "erh"),
    ("ia", "ia"),
    ("ie", "ieh"),
    ("in", "in"),
    ("iu", "iu"),
    ("ou", "ou"),
    ("ua", "ua"),
    ("ue", "ueh"),
    ("ui", "ui"),
    ("un", "un"),
    ("uo", "o"),
    ("ya", "ya"),
    ("ye", "yeh"),
    ("yi", "i"),
    ("yu", "yu"),
    ("wa", "wa"),
    ("wo", "wo"),
    ("wu", "wu"),
    ("a", "a"),
    ("o", "o"),
];

/// Most ways of dividing one word that are kept.
const KEYS_MAX: usize = 8;
/// Longest word that is divided, in letters.
const LETTERS_MAX: usize = 24;

/// Longest syllable: `chuang`.
const SYLLABLE_MAX: usize = 6;

struct Syllables {
    /// Pinyin, and what it is in Wade–Giles.
    pinyin: HashMap<String, String>,
    /// Wade–Giles.
    giles: HashSet<String>,
}

static SYLLABLES: LazyLock<Syllables> = LazyLock::new(|| {
    let pinyin: HashMap<_, _> = INITIALS
        .into_iter()
        .flat_map(|initial| FINALS.into_iter().chain(SHORT).map(move |last| (initial, last)))
        // Finals with y and w begin a syllable; those with i and u need an initial.
        .filter(|(initial, last)| match last.0.chars().next() {
            Some('y' | 'w') => initial.0.is_empty(),
            Some('a' | 'o' | 'e') => !initial.0.is_empty() || last.0 != "ong",
            _ => !initial.0.is_empty(),
        })
        .map(|(initial, last)| (format!("{}{}", initial.0, last.0), syllable(initial, last)))
        .collect();
    let giles = pinyin.values().cloned().collect();
    Syllables { pinyin, giles }
});

/// What a word can be in Wade–Giles without apostrophes: itself, and its rewriting if it is Pinyin.
pub(super) fn keys(word: &str) -> Vec<String> {
    let mut found = vec![word.to_owned()];
    if word.len() <= LETTERS_MAX && word.bytes().all(|b| b.is_ascii_lowercase()) {
        rewrite(word, &mut String::new(), &mut found, &mut 0);
    }
    found
}

/// Whether a word can be divided into syllables of Pinyin or Wade–Giles.
pub(super) fn is_chinese(word: &str) -> bool {
    let is_short = word.len() <= LETTERS_MAX && word.bytes().all(|b| b.is_ascii_lowercase());
    is_short
        && (is_divided(word, &mut 0, |part| SYLLABLES.pinyin.contains_key(part))
            || is_divided(word, &mut 0, |part| SYLLABLES.giles.contains(part)))
}

fn syllable(initial: (&str, &str), last: (&str, &str)) -> String {
    match (initial.0, last.0) {
        ("z" | "c", "i") => "tzu".to_owned(),
        ("s", "i") => "ssu".to_owned(),
        ("zh" | "ch", "i") => "chih".to_owned(),
        ("sh", "i") => "shih".to_owned(),
        ("r", "i") => "jih".to_owned(),
        ("g" | "k" | "h", "e") => format!("{}o", initial.1),
        ("g" | "k", "uo") => format!("{}uo", initial.1),
        ("g" | "k", "ui") => format!("{}uei", initial.1),
        ("sh", "uo") => "shuo".to_owned(),
        _ => format!("{}{}", initial.1, last.1),
    }
}

const SHORT: [(&str, &str); 4] = [("e", "e"), ("i", "i"), ("u", "u"), ("v", "u")];

/// `dead` has a bit for each length of a rest that can not be divided, so that no rest is tried twice in vain.
fn rewrite(rest: &str, before: &mut String, found: &mut Vec<String>, dead: &mut u32) {
    if found.len() > KEYS_MAX || *dead & (1 << rest.len()) != 0 {
        return;
    }
    if rest.is_empty() {
        found.push(before.clone());
        return;
    }
    let count = found.len();
    for end in (1..=rest.len().min(SYLLABLE_MAX)).rev() {
        let (part, after) = rest.split_at(end);
        if let Some(giles) = SYLLABLES.pinyin.get(part) {
            let length = before.len();
            before.push_str(giles);
            rewrite(after, before, found, dead);
            before.truncate(length);
        }
    }
    if found.len() == count {
        *dead |= 1 << rest.len();
    }
}

fn is_divided(rest: &str, dead: &mut u32, is: impl Fn(&str) -> bool + Copy) -> bool {
    if rest.is_empty() {
        return true;
    }
    if *dead & (1 << rest.len()) != 0 {
        return false;
    }
    let divided = (1..=rest.len().min(SYLLABLE_MAX)).rev().any(|end| {
        let (part, after) = rest.split_at(end);
        is(part) && is_divided(after, dead, is)
    });
    if !divided {
        *dead |= 1 << rest.len();
    }
    divided
}
