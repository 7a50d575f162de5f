//! Keys under which spellings of one word fall together.
//!
//! [`sound`] keeps vowels and joins what the Latin alphabets of Europe and the transliterations of Russian, Arabic and Persian
//! write differently (`kh` and `h`, `y`, `j` and `i`, `ou` and `u`). [`bones`] keeps consonants only, since Arabic, Hebrew and
//! the scripts of South Asia write few vowels. Both are for words in small letters of ASCII.

/// What is written differently for one sound, longest first. `$` is sh and `%` is ch.
const JOINED: [(&str, &str); 31] = [
    ("shch", "$"),
    ("tsch", "%"),
    ("tch", "%"),
    ("tsh", "%"),
    ("sch", "$"),
    ("dzh", "i"),
    ("cz", "%"),
    ("dj", "i"),
    ("kh", "h"),
    ("gh", "g"),
    ("ph", "f"),
    ("th", "t"),
    ("dh", "d"),
    ("zh", "z"),
    ("rh", "r"),
    ("ch", "%"),
    ("sh", "$"),
    ("ck", "k"),
    ("tz", "ts"),
    ("ou", "u"),
    ("oo", "u"),
    ("ee", "i"),
    ("ks", "ks"),
    ("qu", "kv"),
    ("x", "ks"),
    ("w", "v"),
    ("y", "i"),
    ("j", "i"),
    ("q", "k"),
    ("ce", "se"),
    ("ci", "si"),
];

/// Whether a letter that stands twice is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubled {
    /// As in Latin and Cyrillic letters: Mohammed.
    One,
    /// As in scripts without vowels, where something stood between.
    Two,
}

/// A word as it sounds, roughly.
pub(super) fn sound(word: &str, doubled: Doubled) -> String {
    let mut key = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(c) = rest.chars().next() {
        // Only these letters begin a row.
        let may_join = matches!(
            c,
            's' | 't' | 'd' | 'c' | 'k' | 'g' | 'p' | 'z' | 'r' | 'o' | 'e' | 'q' | 'x' | 'w' | 'y' | 'j'
        );
        let joined = if may_join { JOINED.iter().find(|(from, _)| rest.starts_with(from)) } else { None };
        let (from, to) = match joined {
            Some((from, to)) => (from.len(), *to),
            None => (c.len_utf8(), ""),
        };
        if to.is_empty() {
            push(&mut key, if c == 'c' { 'k' } else { c }, doubled);
        } else {
            to.chars().for_each(|c| push(&mut key, c, doubled));
        }
        rest = rest.get(from..).unwrap_or_default();
    }
    // A silent h at the end: Abdullah, Fatah.
    if key.len() > 3 && key.ends_with('h') {
        key.pop();
    }
    key
}

fn push(key: &mut String, c: char, doubled: Doubled) {
    if doubled == Doubled::Two || !key.ends_with(c) || c.is_ascii_digit() {
        key.push(c);
    }
}

/// The consonants of a [`sound`], with those joined that a script without them writes alike.
pub(super) fn bones(sound: &str) -> String {
    let consonant = |c: char| match c {
        'a' | 'e' | 'i' | 'o' | 'u' | 'v' => None,
        'p' => Some('b'),
        other => Some(other),
    };
    sound.trim_end_matches('h').chars().filter_map(consonant).collect()
}
