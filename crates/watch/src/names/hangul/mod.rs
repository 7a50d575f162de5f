//! Korean letters: how a syllable is built, how it sounds among others, and how it is written in Latin letters.
//!
//! A syllable of Unicode's block is arithmetic: (initial × 21 + vowel) × 28 + final. Here its parts are the letters
//! themselves, as they stand in the compatibility block, so that the rules read as the standards do. Pure tables and rules;
//! nothing here knows of names but [`family`] and the readings of Latin words.
//!
//! Source: The Unicode Standard, section 3.12 (Conjoining Jamo Behavior).

pub mod family;
mod hanja;
mod letters;
mod mccune;
pub(super) mod reading;
mod sound;

pub use hanja::sino_korean;
pub use letters::{Style, revised, revised_as};
pub use mccune::mccune_reischauer;

const FIRST: u32 = 0xAC00;
const COUNT: u32 = 11_172;
pub(super) const INITIALS: [char; 19] = [
    'ㄱ', 'ㄲ', 'ㄴ', 'ㄷ', 'ㄸ', 'ㄹ', 'ㅁ', 'ㅂ', 'ㅃ', 'ㅅ', 'ㅆ', 'ㅇ', 'ㅈ', 'ㅉ', 'ㅊ', 'ㅋ', 'ㅌ',
    'ㅍ', 'ㅎ',
];
pub(super) const VOWELS: [char; 21] = [
    'ㅏ', 'ㅐ', 'ㅑ', 'ㅒ', 'ㅓ', 'ㅔ', 'ㅕ', 'ㅖ', 'ㅗ', 'ㅘ', 'ㅙ', 'ㅚ', 'ㅛ', 'ㅜ', 'ㅝ', 'ㅞ', 'ㅟ',
    'ㅠ', 'ㅡ', 'ㅢ', 'ㅣ',
];
const FINALS: [char; 27] = [
    'ㄱ', 'ㄲ', 'ㄳ', 'ㄴ', 'ㄵ', 'ㄶ', 'ㄷ', 'ㄹ', 'ㄺ', 'ㄻ', 'ㄼ', 'ㄽ', 'ㄾ', 'ㄿ', 'ㅀ', 'ㅁ', 'ㅂ',
    'ㅄ', 'ㅅ', 'ㅆ', 'ㅇ', 'ㅈ', 'ㅊ', 'ㅋ', 'ㅌ', 'ㅍ', 'ㅎ',
];

/// One syllable by its letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Syllable {
    /// `ㅇ` where the syllable begins with its vowel.
    pub(super) initial: char,
    pub(super) vowel: char,
    pub(super) last: Option<char>,
}

impl Syllable {
    /// The letters of a syllable, or a vowel that stands alone.
    pub(super) fn of(c: char) -> Option<Self> {
        if VOWELS.contains(&c) {
            return Some(Self { initial: 'ㅇ', vowel: c, last: None });
        }
        let at = (c as u32).checked_sub(FIRST).filter(|at| *at < COUNT)?;
        let part = |list: &[char], at: u32| list.get(usize::try_from(at).ok()?).copied();
        Some(Self {
            initial: part(&INITIALS, at / 588)?,
            vowel: part(&VOWELS, at / 28 % 21)?,
            last: (at % 28).checked_sub(1).and_then(|at| part(&FINALS, at)),
        })
    }

    /// The syllable as one letter.
    fn letter(self) -> Option<char> {
        let place = |list: &[char], c: char| u32::try_from(list.iter().position(|known| *known == c)?).ok();
        let last = self.last.map_or(Some(0), |last| place(&FINALS, last).map(|at| at + 1))?;
        char::from_u32(
            FIRST + (place(&INITIALS, self.initial)? * 21 + place(&VOWELS, self.vowel)?) * 28 + last,
        )
    }
}

/// Whether the character is a syllable of Hangul.
pub fn is_hangul(c: char) -> bool {
    (FIRST..FIRST + COUNT).contains(&(c as u32))
}
