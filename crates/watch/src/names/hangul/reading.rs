//! What Hangul a Latin spelling can stand for.
//!
//! Koreans spell their names as they like: 정은 is Jeong-eun, Jung Un, Chŏngŭn, Jongun. So a Latin word is read as a row of
//! syllables, each of which is a set of initials, of vowels and of finals (one bit each), and two spellings agree when some
//! reading of one meets some reading of the other in every syllable. A name in Hangul is read as itself.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{INITIALS, Syllable, VOWELS};

/// One syllable that is known as sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::names) struct Reading {
    initials: u32,
    vowels: u32,
    finals: u32,
}

impl Reading {
    fn meets(self, other: Self) -> bool {
        self.initials & other.initials != 0
            && self.vowels & other.vowels != 0
            && self.finals & other.finals != 0
    }
}

/// Most readings that are kept of one word; a name has two or three.
const READINGS_MAX: usize = 16;
/// Longest word that is read, in letters: a given name of four syllables.
const LETTERS_MAX: usize = 24;

const ONSETS: [(&str, &str); 33] = [
    ("tch", "ㅉㅊ"),
    ("ch", "ㅈㅊ"),
    ("kk", "ㄲ"),
    ("gg", "ㄲ"),
    ("kh", "ㅋㄱ"),
    ("gh", "ㄱ"),
    ("tt", "ㄸ"),
    ("dd", "ㄸ"),
    ("th", "ㅌ"),
    ("rh", "ㄹ"),
    ("pp", "ㅃ"),
    ("bb", "ㅃ"),
    ("ph", "ㅍ"),
    ("ss", "ㅆ"),
    ("sh", "ㅅ"),
    ("jj", "ㅉ"),
    ("k", "ㄱㅋㄲ"),
    ("g", "ㄱㄲ"),
    ("n", "ㄴ"),
    ("t", "ㄷㅌㄸ"),
    ("d", "ㄷㄸ"),
    ("r", "ㄹ"),
    ("l", "ㄹ"),
    ("m", "ㅁ"),
    ("b", "ㅂㅃ"),
    ("p", "ㅂㅍㅃ"),
    ("f", "ㅍ"),
    ("s", "ㅅㅆ"),
    ("j", "ㅈㅉ"),
    ("z", "ㅈ"),
    ("c", "ㅈㅊ"),
    ("h", "ㅎ"),
    ("", "ㅇ"),
];

const NUCLEI: [(&str, &str); 45] = [
    ("yeo", "ㅕ"),
    ("yae", "ㅒ"),
    ("yoo", "ㅠ"),
    ("you", "ㅕㅠ"),
    ("yuh", "ㅕ"),
    ("wae", "ㅙ"),
    ("woo", "ㅜ"),
    ("weo", "ㅝ"),
    ("eui", "ㅢ"),
    ("wee", "ㅟ"),
    ("ah", "ㅏ"),
    ("ae", "ㅐ"),
    ("ai", "ㅐ"),
    ("ay", "ㅐ"),
    ("eh", "ㅔㅐ"),
    ("ey", "ㅔㅐ"),
    ("ei", "ㅔㅐ"),
    ("eo", "ㅓ"),
    ("uh", "ㅓ"),
    ("oh", "ㅗ"),
    ("oo", "ㅜ"),
    ("ou", "ㅜㅕ"),
    ("eu", "ㅡ"),
    ("ya", "ㅑ"),
    ("yo", "ㅛㅕ"),
    ("yu", "ㅠㅕ"),
    ("ye", "ㅖㅕ"),
    ("yi", "ㅣ"),
    ("wa", "ㅘ"),
    ("oa", "ㅘ"),
    ("oe", "ㅚ"),
    ("oi", "ㅚ"),
    ("we", "ㅞㅚㅙ"),
    ("wo", "ㅝ"),
    ("wu", "ㅜ"),
    ("wi", "ㅟ"),
    ("ui", "ㅢㅟ"),
    ("ee", "ㅣㅢ"),
    ("ie", "ㅣㅢ"),
    ("a", "ㅏ"),
    ("e", "ㅔㅐ"),
    ("o", "ㅗㅓ"),
    ("u", "ㅜㅓㅡ"),
    ("i", "ㅣㅢ"),
    ("y", "ㅣ"),
];

/// Finals by the seven sounds; the first bit says that there is none.
const CODAS: [(&str, u32); 14] = [
    ("ng", 1 << 7),
    ("ck", 1 << 1),
    ("k", 1 << 1),
    ("g", 1 << 1),
    ("c", 1 << 1),
    ("n", 1 << 2),
    ("t", 1 << 3),
    ("d", 1 << 3),
    ("l", 1 << 4),
    ("r", 1 << 4),
    ("m", 1 << 5),
    ("p", 1 << 6),
    ("b", 1 << 6),
    ("", 1),
];

/// A spelling without case, breves and apostrophes.
pub(in crate::names) fn plain(word: &str) -> impl Iterator<Item = char> {
    word.chars().filter(|c| !matches!(c, '\'' | '’' | '‘' | 'ʼ' | '-' | '`' | '\u{306}')).map(|c| match c {
        'ŏ' | 'Ŏ' => 'o',
        'ŭ' | 'Ŭ' => 'u',
        other => other.to_ascii_lowercase(),
    })
}

fn bits(all: &[char], chosen: &str) -> u32 {
    all.iter().enumerate().filter(|(_, c)| chosen.contains(**c)).fold(0, |bits, (at, _)| bits | 1 << at)
}

/// At the start of a word, ㄹ and ㄴ fall before ㅣ and the vowels with y in the South: Ryong and Yong are one name.
fn lenient(mut initials: u32, vowels: u32) -> u32 {
    if vowels & bits(&VOWELS, "ㅣㅑㅕㅛㅠㅒㅖ") != 0 && initials & bits(&INITIALS, "ㄹㄴㅇ") != 0 {
        initials |= bits(&INITIALS, "ㅇㄹ");
    }
    initials
}

/// The ways in which a word can be read as Korean syllables; none if it can not. The word is in small letters without
/// breves and apostrophes, or in Hangul.
pub(in crate::names) fn readings(word: &str) -> Vec<Vec<Reading>> {
    let written: Option<Vec<_>> = word.chars().map(Syllable::of).collect();
    if let Some(syllables) =
        written.filter(|syllables| !syllables.is_empty() && syllables.len() <= LETTERS_MAX)
    {
        return vec![syllables.into_iter().map(exact).collect()];
    }
    let mut found = Vec::new();
    if word.len() <= LETTERS_MAX && word.bytes().all(|b| b.is_ascii_lowercase()) {
        read(word, &mut Vec::new(), &mut found, &mut 0);
    }
    found
}

fn exact(syllable: Syllable) -> Reading {
    let heard = syllable.last.map(super::sound::heard);
    let finals = match heard {
        Some('ㄱ') => 1 << 1,
        Some('ㄴ') => 1 << 2,
        Some('ㄷ') => 1 << 3,
        Some('ㄹ') => 1 << 4,
        Some('ㅁ') => 1 << 5,
        Some('ㅂ') => 1 << 6,
        Some('ㅇ') => 1 << 7,
        _ => 1,
    };
    let vowels = bits(&VOWELS, &syllable.vowel.to_string());
    let initials = lenient(bits(&INITIALS, &syllable.initial.to_string()), vowels);
    Reading { initials, vowels, finals }
}

/// Longest syllable in letters: `kkyaeng` and some spare.
const SYLLABLE_MAX: usize = 8;

/// Every spelling of one syllable, and what it can be.
static SYLLABLES: LazyLock<HashMap<String, Vec<Reading>>> = LazyLock::new(|| {
    let mut all: HashMap<String, Vec<Reading>> = HashMap::new();
    for (onset, initials) in ONSETS {
        for (nucleus, vowels) in NUCLEI {
            let vowels = bits(&VOWELS, vowels);
            let initials = lenient(bits(&INITIALS, initials), vowels);
            for (coda, finals) in CODAS {
                let reading = Reading { initials, vowels, finals };
                all.entry(format!("{onset}{nucleus}{coda}")).or_default().push(reading);
            }
        }
    }
    all
});

/// `dead` has a bit for each length of a rest that can not be read, so that no rest is tried twice in vain.
fn read(rest: &str, before: &mut Vec<Reading>, found: &mut Vec<Vec<Reading>>, dead: &mut u32) {
    if found.len() >= READINGS_MAX || *dead & (1 << rest.len()) != 0 {
        return;
    }
    if rest.is_empty() {
        if !before.is_empty() {
            found.push(before.clone());
        }
        return;
    }
    let count = found.len();
    for end in (1..=rest.len().min(SYLLABLE_MAX)).rev() {
        let (part, after) = rest.split_at(end);
        for reading in SYLLABLES.get(part).into_iter().flatten() {
            before.push(*reading);
            read(after, before, found, dead);
            before.pop();
        }
    }
    if found.len() == count {
        *dead |= 1 << rest.len();
    }
}

/// Whether some reading of one row of words meets some reading of another in every syllable.
pub(in crate::names) fn agree(left: &[Vec<Reading>], right: &[Vec<Reading>]) -> bool {
    left.iter().any(|left| {
        right
            .iter()
            .any(|right| left.len() == right.len() && left.iter().zip(right).all(|(l, r)| l.meets(*r)))
    })
}

/// The consonants of each reading, those that romanisations confuse as one: two rows that [`agree`] have one in common.
pub(in crate::names) fn consonants(readings: &[Vec<Reading>]) -> Vec<String> {
    const CLASSES: [&str; 8] = ["ㄱㄲㅋ", "ㄷㄸㅌ", "ㅂㅃㅍ", "ㅅㅆ", "ㅈㅉㅊ", "ㅇㄹㄴ", "ㅁ", "ㅎ"];
    let class = |initials: u32| {
        CLASSES.iter().position(|class| bits(&INITIALS, class) & initials != 0).unwrap_or(CLASSES.len())
    };
    let row = |row: &Vec<Reading>| {
        row.iter().map(|one| format!("{}{}", class(one.initials), one.finals.trailing_zeros())).collect()
    };
    let mut found: Vec<String> = readings.iter().map(row).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The ways of reading a row of words that are one name: none if one of them can not be Korean.
pub(in crate::names) fn joined(words: &[&str]) -> Vec<Vec<Reading>> {
    let mut all = vec![Vec::new()];
    for word in words {
        let next = readings(word);
        all = all
            .iter()
            .flat_map(|before| next.iter().map(move |after| [before.as_slice(), after.as_slice()].concat()))
            .take(READINGS_MAX * 2)
            .collect();
    }
    all.retain(|row| !row.is_empty());
    all
}
