//! Names, compared across scripts, orders and spellings.
//!
//! Two names of one person seldom are the same text: 김정은 is Kim Jong Un, Gim Jeong-eun, KIM, Cho'ng-u'n. [`compare`] says how
//! alike two names are and, in words that a person can contest, by what. Each name is folded to plain words in Latin letters,
//! words are aligned in any order, and Korean and Chinese names are also compared by their syllables. Pure: tables and
//! arithmetic, nothing else; what a name says of its bearer's origin is never part of an answer.

mod align;
mod asian;
mod chinese;
mod countries;
mod forms;
mod given;
pub mod hangul;
mod how;
mod index;
mod japanese;
mod keys;
mod name;
mod party;
mod sound;
mod word;

pub use how::{How, Likeness};
pub use index::{ASKED_MAX, Agreement, Index, Match, Question};
pub use name::{NAME_CHARS_MAX, Name};
pub use party::{PARTY_EXTENSION, Party, Strength};

use self::name::Reading;

/// The score from which two names may well be one party's.
///
/// It is where recall and precision meet on the cases of OpenSanctions' name bench.
pub const MATCH: f32 = 0.7;

/// Whose name it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Kind {
    /// A person.
    Person,
    /// A firm, an authority, a ship.
    Organization,
    /// Not known: a name with a legal form is an organisation's, another is compared as a person's.
    #[default]
    Unknown,
}

/// How alike two names are, whoever bears them.
///
/// Never fails: of a name longer than [`NAME_CHARS_MAX`] characters the rest is left out, and a name without letters is like
/// none. Symmetric. Some microseconds.
pub fn compare(left: &str, right: &str) -> Likeness {
    compare_as(Kind::Unknown, left, right)
}

/// [`compare`], where it is known whose names they are.
pub fn compare_as(kind: Kind, left: &str, right: &str) -> Likeness {
    Name::read(left, kind).compare(&Name::read(right, kind))
}

impl Name {
    /// How alike this name and another are.
    pub fn compare(&self, other: &Self) -> Likeness {
        if self.is_empty() || other.is_empty() {
            return Likeness::different(0.0);
        }
        if self.folded == other.folded {
            return Likeness::of(1.0, vec![How::Same]);
        }
        // Whoever asks first: of two alignments that are as good, the same one must be taken.
        if self.folded > other.folded {
            return other.compare(self);
        }
        let organisation = self.kind == Kind::Organization || other.kind == Kind::Organization;
        // A firm's legal form, or a name in another script beside it, moves every character.
        let in_one =
            asian::same_script(self, other).filter(|_| !organisation && self.is_pure && other.is_pure);
        if let Some(likeness) = in_one {
            return likeness;
        }
        let kind = if organisation { Kind::Organization } else { Kind::Person };
        let mut best = Likeness::different(0.0);
        for left in &self.readings {
            for right in &other.readings {
                let found = read_alike(left, right, kind);
                if found.score > best.score || best.reasons.is_empty() {
                    best = found;
                }
            }
        }
        if organisation {
            best = self
                .abbreviates(other)
                .or_else(|| other.abbreviates(self))
                .filter(|found| found.score > best.score)
                .unwrap_or(best);
            best = best.with_forms(self.form, other.form);
        }
        best
    }

    /// `PLA` for People's Liberation Army.
    fn abbreviates(&self, other: &Self) -> Option<Likeness> {
        let [short] = self.words() else { return None };
        let whole: Vec<_> = other.words().iter().filter(|word| word.is_heavy()).collect();
        let letters = whole.iter().filter_map(|word| word.latin.chars().next());
        (whole.len() > 2 && letters.eq(short.latin.chars()))
            .then(|| Likeness::of(0.72, vec![How::Abbreviation]))
    }
}

fn read_alike(left: &Reading, right: &Reading, kind: Kind) -> Likeness {
    let mut best = align::align(&left.words, &right.words, kind);
    if kind == Kind::Person && best.score < 0.97 {
        // Most names are neither, and then the other one need not be taken apart.
        let korean =
            if left.korean().is_empty() { None } else { asian::korean(left.korean(), right.korean()) };
        let chinese =
            if left.chinese().is_empty() { None } else { asian::chinese(left.chinese(), right.chinese()) };
        for found in [korean, chinese] {
            best = found.filter(|found| found.score > best.score).unwrap_or(best);
        }
    }
    for how in [left.how, right.how].into_iter().flatten() {
        best = best.because(how);
    }
    best
}
