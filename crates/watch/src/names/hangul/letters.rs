//! The Revised Romanisation of Korean.
//!
//! Runs of Hangul are pronounced and then written; all else stays as it is. A person's name has rules of its own: the family
//! name stands apart, and no sound changes another within the name.
//!
//! Source: Ministry of Culture and Tourism Notice 2000-8, chapters 2 and 3.

use super::sound::{Sort, pronounce};
use super::{Syllable, family};

/// What is romanised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Running text: every sound change.
    Plain,
    /// Nouns keep ㅎ behind ㄱ, ㄷ and ㅂ (chapter 3, article 1 (4)).
    Noun,
    /// Words made of two: ㄴ or ㄹ comes in between (article 1 (2)).
    Compound,
    /// [`Style::Plain`] with a hyphen where a reader could divide wrongly: Jung-ang (article 2).
    Hyphenated,
    /// A person: `Gim Suhyeon` (article 4).
    Person,
    /// A person with the customary spelling of the family name: `Kim Suhyeon` (article 7).
    PersonCustomary,
    /// An address: units stand behind a hyphen, `Dobong-gu` (article 5).
    Address,
}

/// Text with its Hangul in the Revised Romanisation, in lower case, with sound changes.
///
/// Source: Notice 2000-8.
pub fn revised(text: &str) -> String {
    revised_as(text, Style::Plain)
}

/// [`revised`] by the rules for what the text is.
pub fn revised_as(text: &str, style: Style) -> String {
    let mut written = String::with_capacity(text.len() * 2);
    let mut run = Vec::new();
    for c in text.chars() {
        if Syllable::of(c).is_some() {
            run.push(c);
        } else {
            write_run(&run, style, &mut written);
            run.clear();
            if style == Style::Address && c.is_ascii_digit() && written.ends_with(char::is_alphabetic) {
                written.push(' ');
            }
            written.push(c);
        }
    }
    write_run(&run, style, &mut written);
    written
}

fn write_run(run: &[char], style: Style, written: &mut String) {
    if run.is_empty() {
        return;
    }
    match style {
        Style::Plain => sounded(run, Sort::Plain, Mark::None, written),
        Style::Noun => sounded(run, Sort::Noun, Mark::None, written),
        Style::Compound => sounded(run, Sort::Compound, Mark::None, written),
        Style::Hyphenated => sounded(run, Sort::Plain, Mark::Hyphen, written),
        Style::Person | Style::PersonCustomary => person(run, style, written),
        Style::Address => address(run, written),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    None,
    Hyphen,
}

fn sounded(run: &[char], sort: Sort, mark: Mark, written: &mut String) {
    let mut syllables: Vec<_> = run.iter().filter_map(|c| Syllable::of(*c)).collect();
    pronounce(run, &mut syllables, sort);
    let mut before: Option<Syllable> = None;
    for this in syllables {
        let latin = latin(this, before);
        if mark == Mark::Hyphen && before.is_some() && divides_wrongly(written, &latin) {
            written.push('-');
        }
        written.push_str(&latin);
        before = Some(this);
    }
}

/// Whether letters before and after a border read as one sound: `n` and `g`, `e` and `u`.
fn divides_wrongly(before: &str, after: &str) -> bool {
    let begins = |letters: &str| after.starts_with(|c| letters.contains(c));
    if before.ends_with("ng") {
        return begins("aeiou");
    }
    match before.chars().last() {
        Some('n') => begins("g"),
        Some('a' | 'o') => begins("e"),
        Some('e') => begins("ou"),
        Some('u') => begins("i"),
        _ => false,
    }
}

/// Each syllable by itself, as in names.
fn apart(run: &[char], written: &mut String) {
    for c in run {
        sounded(&[*c], Sort::Plain, Mark::None, written);
    }
}

fn person(run: &[char], style: Style, written: &mut String) {
    let (family_name, given) = family::divided(run);
    match family::customary(family_name).filter(|_| style == Style::PersonCustomary) {
        Some(custom) => written.push_str(custom),
        None => apart(family_name, written),
    }
    if !given.is_empty() {
        written.push(' ');
        apart(given, written);
    }
}

fn address(run: &[char], written: &mut String) {
    let follows_digit = written.ends_with(|c: char| c.is_ascii_digit());
    match run.split_last() {
        Some((unit, name))
            if "도시군구읍면리동가".contains(*unit)
                && (name.len() > 1 || name.is_empty() && follows_digit) =>
        {
            sounded(name, Sort::Plain, Mark::None, written);
            written.push('-');
            sounded(&[*unit], Sort::Plain, Mark::None, written);
        }
        _ => sounded(run, Sort::Plain, Mark::None, written),
    }
}

/// One syllable as it is heard, in letters (chapter 2).
fn latin(this: Syllable, before: Option<Syllable>) -> String {
    let initial = match this.initial {
        'ㄱ' => "g",
        'ㄲ' => "kk",
        'ㄴ' => "n",
        'ㄷ' => "d",
        'ㄸ' => "tt",
        // ㄹㄹ is ll.
        'ㄹ' if before.and_then(|before| before.last) == Some('ㄹ') => "l",
        'ㄹ' => "r",
        'ㅁ' => "m",
        'ㅂ' => "b",
        'ㅃ' => "pp",
        'ㅅ' => "s",
        'ㅆ' => "ss",
        'ㅈ' => "j",
        'ㅉ' => "jj",
        'ㅊ' => "ch",
        'ㅋ' => "k",
        'ㅌ' => "t",
        'ㅍ' => "p",
        'ㅎ' => "h",
        _ => "",
    };
    let vowel = match this.vowel {
        'ㅏ' => "a",
        'ㅐ' => "ae",
        'ㅑ' => "ya",
        'ㅒ' => "yae",
        'ㅓ' => "eo",
        'ㅔ' => "e",
        'ㅕ' => "yeo",
        'ㅖ' => "ye",
        'ㅗ' => "o",
        'ㅘ' => "wa",
        'ㅙ' => "wae",
        'ㅚ' => "oe",
        'ㅛ' => "yo",
        'ㅜ' => "u",
        'ㅝ' => "wo",
        'ㅞ' => "we",
        'ㅟ' => "wi",
        'ㅠ' => "yu",
        'ㅡ' => "eu",
        'ㅢ' => "ui",
        _ => "i",
    };
    let last = match this.last {
        Some('ㄱ' | 'ㄲ') => "k",
        Some('ㄴ') => "n",
        Some('ㄷ' | 'ㅆ') => "t",
        Some('ㄹ') => "l",
        Some('ㅁ') => "m",
        Some('ㅂ') => "p",
        Some('ㅇ') => "ng",
        _ => "",
    };
    format!("{initial}{vowel}{last}")
}
