//! The McCune–Reischauer romanisation, which libraries use and on which North Korean spellings rest.
//!
//! It writes sounds where the Revised Romanisation writes letters: a plain stop is voiced between voiced sounds, an
//! aspirated one has an apostrophe, and the vowels ㅓ and ㅡ have a breve.
//!
//! Source: McCune and Reischauer, "The Romanization of the Korean Language", Transactions of the Royal Asiatic Society,
//! Korea Branch 29 (1939); ALA-LC Romanization Tables, Korean.

use super::Syllable;
use super::sound::{Sort, pronounce};

/// Text with its Hangul in McCune–Reischauer, in lower case: 평양 is `p'yŏngyang`.
///
/// Source: ALA-LC Romanization Tables, Korean.
pub fn mccune_reischauer(text: &str) -> String {
    let mut written = String::with_capacity(text.len() * 2);
    let mut run = Vec::new();
    for c in text.chars() {
        if Syllable::of(c).is_some() {
            run.push(c);
        } else {
            write_run(&run, &mut written);
            run.clear();
            written.push(c);
        }
    }
    write_run(&run, &mut written);
    written
}

fn write_run(run: &[char], written: &mut String) {
    let mut syllables: Vec<_> = run.iter().filter_map(|c| Syllable::of(*c)).collect();
    // ㅎ stays behind a stop: 못하다 is mothada.
    pronounce(run, &mut syllables, Sort::Noun);
    let mut before: Option<Syllable> = None;
    for (at, this) in syllables.iter().enumerate() {
        let next = syllables.get(at + 1).map(|next| next.initial);
        // n'g is not ng.
        if before.and_then(|before| before.last) == Some('ㄴ') && this.initial == 'ㄱ' {
            written.push('\'');
        }
        written.push_str(initial(*this, before));
        written.push_str(vowel(this.vowel));
        written.push_str(last(this.last, next));
        before = Some(*this);
    }
}

fn initial(this: Syllable, before: Option<Syllable>) -> &'static str {
    // Between vowels, or behind ㄴ, ㄹ, ㅁ, ㅇ, a plain stop is voiced.
    let voiced = before.is_some_and(|before| matches!(before.last, None | Some('ㄴ' | 'ㄹ' | 'ㅁ' | 'ㅇ')));
    let behind_l = before.and_then(|before| before.last) == Some('ㄹ');
    match this.initial {
        'ㄱ' if voiced => "g",
        'ㄱ' => "k",
        'ㄲ' => "kk",
        'ㄴ' => "n",
        // ㄹㄷ and ㄹㅈ are lt and lch.
        'ㄷ' if voiced && !behind_l => "d",
        'ㄷ' => "t",
        'ㄸ' => "tt",
        'ㄹ' if behind_l => "l",
        'ㄹ' => "r",
        'ㅁ' => "m",
        'ㅂ' if voiced => "b",
        'ㅂ' => "p",
        'ㅃ' => "pp",
        'ㅅ' if this.vowel == 'ㅟ' => "sh",
        'ㅅ' => "s",
        'ㅆ' => "ss",
        'ㅈ' if voiced && !behind_l => "j",
        'ㅈ' => "ch",
        'ㅉ' => "tch",
        'ㅊ' => "ch'",
        'ㅋ' => "k'",
        'ㅌ' => "t'",
        'ㅍ' => "p'",
        'ㅎ' => "h",
        _ => "",
    }
}

fn vowel(vowel: char) -> &'static str {
    match vowel {
        'ㅏ' => "a",
        'ㅐ' => "ae",
        'ㅑ' => "ya",
        'ㅒ' => "yae",
        'ㅓ' => "ŏ",
        // Behind a vowel, 에 has a diaeresis in print; it says nothing and is left out.
        'ㅔ' => "e",
        'ㅕ' => "yŏ",
        'ㅖ' => "ye",
        'ㅗ' => "o",
        'ㅘ' => "wa",
        'ㅙ' => "wae",
        'ㅚ' => "oe",
        'ㅛ' => "yo",
        'ㅜ' => "u",
        'ㅝ' => "wŏ",
        'ㅞ' => "we",
        'ㅟ' => "wi",
        'ㅠ' => "yu",
        'ㅡ' => "ŭ",
        'ㅢ' => "ŭi",
        _ => "i",
    }
}

fn last(last: Option<char>, next: Option<char>) -> &'static str {
    match last {
        Some('ㄱ' | 'ㄲ') => "k",
        Some('ㄴ') => "n",
        Some('ㄷ' | 'ㅆ') => "t",
        // ㄹㅎ is rh.
        Some('ㄹ') if next == Some('ㅎ') => "r",
        Some('ㄹ') => "l",
        Some('ㅁ') => "m",
        Some('ㅂ') => "p",
        Some('ㅇ') => "ng",
        _ => "",
    }
}
