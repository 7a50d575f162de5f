//! What an answer says: how alike, and by what.

use std::fmt;

use super::forms::Form;

/// How alike two names are.
#[derive(Debug, Clone, PartialEq)]
pub struct Likeness {
    /// 0 (nothing in common) to 1 (the same name). From [`super::MATCH`] on, the names may well be one party's.
    pub score: f32,
    /// What the names differ by most, or that they are the same.
    pub how: How,
    /// All that they differ by, the gravest first. Never empty.
    pub reasons: Vec<How>,
}

impl Likeness {
    /// The gravest reason is the chief one; without any, the names are the same.
    pub(super) fn of(score: f32, mut reasons: Vec<How>) -> Self {
        reasons.sort_unstable_by(|a, b| b.cmp(a));
        reasons.dedup();
        if reasons.is_empty() {
            reasons.push(How::Same);
        }
        let how = reasons.first().copied().unwrap_or(How::Same);
        Self { score: score.clamp(0.0, 1.0), how, reasons }
    }

    pub(super) fn different(score: f32) -> Self {
        Self::of(score, vec![How::Different])
    }

    /// The same with one more reason.
    pub(super) fn because(mut self, how: How) -> Self {
        self.reasons.retain(|held| !matches!(held, How::Same));
        self.reasons.push(how);
        Self::of(self.score, self.reasons)
    }

    /// Legal forms as one more difference: a foundation is no company, a company of one sort hardly one of another.
    pub(super) fn with_forms(self, left: Option<Form>, right: Option<Form>) -> Self {
        let score = self.score;
        match (left, right) {
            (Some(left), Some(right)) if left == right => self,
            (None, None) => self,
            (Some(left), Some(right)) if (left == Form::NonProfit) != (right == Form::NonProfit) => {
                Self { score: score * 0.65, ..self }.because(How::LegalForm)
            }
            _ => Self { score: score * 0.98, ..self }.because(How::LegalForm),
        }
    }
}

/// What two names differ by. The order is that of gravity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum How {
    /// Equal but for case, accents and punctuation.
    Same,
    /// The same words in another order.
    OtherOrder,
    /// A title or an article stands before one of them.
    Title,
    /// The same firm with its legal form written otherwise or left out.
    LegalForm,
    /// Words joined or divided otherwise.
    Joined,
    /// Hangul and its Revised Romanisation.
    Revised,
    /// Hangul and its McCune–Reischauer romanisation.
    McCuneReischauer,
    /// A Korean family name by another custom: Lee, Yi, Ri, Rhee.
    FamilyVariant,
    /// Two spellings that can be one name in Hangul.
    KoreanVariant,
    /// Chinese characters as a Korean reads them.
    SinoKorean,
    /// Chinese characters as a Chinese reads them, in Pinyin.
    Chinese,
    /// Pinyin and Wade–Giles, or other spellings of one Chinese syllable.
    WadeGiles,
    /// A Japanese name and its reading.
    Japanese,
    /// Cyrillic letters and one of their transliterations.
    Cyrillic,
    /// Greek letters and their transliteration.
    Greek,
    /// Arabic or Hebrew letters, which leave vowels out.
    Arabic,
    /// Letters of another script, transliterated.
    OtherScript,
    /// Spellings that sound alike.
    Sound,
    /// A customary other form of a given name: Alexander, Iskandar.
    OtherForm,
    /// Letters differ as by an error of typing.
    Spelling,
    /// An initial stands for a name.
    Initials,
    /// The first letters of the words stand for the whole.
    Abbreviation,
    /// Numbers differ.
    Number,
    /// One has parts that the other lacks.
    PartMissing,
    /// Different names.
    Different,
}

impl How {
    /// All of them, the lightest first.
    pub const ALL: [Self; 25] = [
        Self::Same,
        Self::OtherOrder,
        Self::Title,
        Self::LegalForm,
        Self::Joined,
        Self::Revised,
        Self::McCuneReischauer,
        Self::FamilyVariant,
        Self::KoreanVariant,
        Self::SinoKorean,
        Self::Chinese,
        Self::WadeGiles,
        Self::Japanese,
        Self::Cyrillic,
        Self::Greek,
        Self::Arabic,
        Self::OtherScript,
        Self::Sound,
        Self::OtherForm,
        Self::Spelling,
        Self::Initials,
        Self::Abbreviation,
        Self::Number,
        Self::PartMissing,
        Self::Different,
    ];
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Same => "same name",
            Self::OtherOrder => "same words in another order",
            Self::Title => "a title more or less",
            Self::LegalForm => "legal form written otherwise",
            Self::Joined => "words joined or divided otherwise",
            Self::Revised => "Revised Romanisation",
            Self::McCuneReischauer => "McCune–Reischauer romanisation",
            Self::FamilyVariant => "variant of a Korean family name",
            Self::KoreanVariant => "variant romanisation of a Korean name",
            Self::SinoKorean => "Korean reading of Chinese characters",
            Self::Chinese => "Chinese reading (Pinyin)",
            Self::WadeGiles => "variant romanisation of a Chinese name (Wade–Giles)",
            Self::Japanese => "Japanese reading",
            Self::Cyrillic => "transliteration of Cyrillic",
            Self::Greek => "transliteration of Greek",
            Self::Arabic => "transliteration of Arabic or Hebrew",
            Self::OtherScript => "transliteration",
            Self::Sound => "spelled otherwise, sounds alike",
            Self::OtherForm => "other form of a given name",
            Self::Spelling => "differs in few letters",
            Self::Initials => "initial for a name",
            Self::Abbreviation => "abbreviation",
            Self::Number => "other number",
            Self::PartMissing => "a part is missing",
            Self::Different => "different names",
        })
    }
}
