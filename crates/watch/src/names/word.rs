//! One word of a name, in every form in which it is compared.

use rapidfuzz::distance::osa;

use super::how::How;
use super::sound::{self, Doubled};
use super::{forms, given};

/// Longest word that is compared, in letters; what is beyond is cut off.
pub(super) const LETTERS_MAX: usize = 48;

/// Where letters come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    Latin,
    Cyrillic,
    Greek,
    Hangul,
    Han,
    /// Han characters that write the sound of a foreign name.
    HanSound,
    Kana,
    /// Arabic and Hebrew.
    Abjad,
    Other,
}

impl Script {
    pub(super) fn of(c: char) -> Option<Self> {
        Some(match c as u32 {
            _ if !c.is_alphabetic() => return None,
            0..=0x24F | 0x1E00..=0x1EFF => Self::Latin,
            0x370..=0x3FF | 0x1F00..=0x1FFF => Self::Greek,
            0x400..=0x52F => Self::Cyrillic,
            0x590..=0x5FF | 0x600..=0x6FF | 0x750..=0x77F | 0xFB50..=0xFDFF | 0xFE70..=0xFEFC => Self::Abjad,
            0x1100..=0x11FF | 0x3130..=0x318F | 0xAC00..=0xD7AF => Self::Hangul,
            0x3040..=0x30FF | 0x31F0..=0x31FF => Self::Kana,
            0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x2FA1F => Self::Han,
            _ => Self::Other,
        })
    }

    /// Transliteration loses vowels.
    fn is_lossy(self) -> bool {
        matches!(self, Self::Abjad | Self::Other | Self::HanSound)
    }

    /// Each syllable is a name, so that one letter more is another name.
    fn is_syllabic(self) -> bool {
        matches!(self, Self::Han | Self::Hangul)
    }

    /// What a match with another script is by.
    pub(super) fn how(self) -> How {
        match self {
            Self::Latin => How::Same,
            Self::Cyrillic => How::Cyrillic,
            Self::Greek => How::Greek,
            Self::Hangul => How::Revised,
            Self::Han | Self::HanSound => How::Chinese,
            Self::Kana => How::Japanese,
            Self::Abjad => How::Arabic,
            Self::Other => How::OtherScript,
        }
    }
}

/// A word.
#[derive(Debug, Clone)]
pub(super) struct Word {
    /// Small letters of ASCII and digits.
    pub(super) latin: String,
    pub(super) sound: String,
    pub(super) bones: String,
    /// As written, in small letters, where the script is not Latin.
    pub(super) written: String,
    pub(super) script: Script,
    pub(super) given: Option<&'static str>,
    pub(super) number: Option<u32>,
    /// Says little: a particle, an article.
    pub(super) is_light: bool,
    pub(super) is_title: bool,
}

impl Word {
    /// A word from its letters.
    pub(super) fn new(latin: &str, written: &str, script: Script) -> Self {
        let latin: String = latin.chars().take(LETTERS_MAX).collect();
        let doubled = if script.is_lossy() { Doubled::Two } else { Doubled::One };
        let sound = sound::sound(&latin, doubled);
        let bones = sound::bones(&sound);
        Self {
            given: given::name_of(&latin),
            number: forms::number(&latin),
            is_light: false,
            is_title: false,
            written: written.to_owned(),
            latin,
            sound,
            bones,
            script,
        }
    }

    pub(super) fn is_lossy(&self) -> bool {
        self.script.is_lossy()
    }

    /// How much the word says of who bears it.
    pub(super) fn weight(&self) -> f32 {
        let letters = f32::from(u8::try_from(self.latin.len()).unwrap_or(u8::MAX));
        if self.is_light || self.is_title { letters * 0.2 } else { letters }
    }

    /// What its absence says: a father's name is left out more often than not.
    pub(super) fn weight_missing(&self) -> f32 {
        if forms::is_patronymic(&self.latin) { self.weight() * 0.4 } else { self.weight() }
    }

    /// Says something by itself: neither a particle nor a single letter.
    pub(super) fn is_heavy(&self) -> bool {
        !self.is_light && !self.is_title && self.latin.len() > 1
    }
}

/// Most letters that may differ in words of this length.
fn edits_max(letters: usize) -> usize {
    match letters {
        0..=2 => 0,
        3..=5 => 1,
        6..=12 => 2,
        _ => 3,
    }
}

/// How alike two words are, if they can be one, and by what.
pub(super) fn likeness(left: &Word, right: &Word) -> Option<(f32, How)> {
    let across = left.script != right.script;
    let script = if left.script == Script::Latin { right.script } else { left.script };
    let how = |how| if across { script.how() } else { how };
    if left.latin == right.latin {
        return Some((if across { 0.98 } else { 1.0 }, how(How::Same)));
    }
    if left.number.is_some() && left.number == right.number {
        return Some((0.97, How::Spelling));
    }
    let (short, long) = if left.latin.len() <= right.latin.len() { (left, right) } else { (right, left) };
    let is_lossy = across && script.is_lossy();
    if short.latin.len() == 1 && !is_lossy {
        return (long.latin.len() > 1
            && (long.latin.starts_with(&short.latin) || long.sound.starts_with(&short.latin)))
        .then_some((0.8, How::Initials));
    }
    if left.sound == right.sound {
        return Some((0.96, how(How::Sound)));
    }
    if left.given.is_some() && left.given == right.given {
        return Some((0.9, how(How::OtherForm)));
    }
    if is_lossy {
        return lossy(left, right).map(|score| (score, script.how()));
    }
    if across && (left.script.is_syllabic() || right.script.is_syllabic()) {
        return None;
    }
    spelled(left, right)
}

fn spelled(left: &Word, right: &Word) -> Option<(f32, How)> {
    if left.is_light != right.is_light || left.number.is_some() || right.number.is_some() {
        return None;
    }
    let latin = edits(&left.latin, &right.latin);
    let best = latin.into_iter().chain(edits(&left.sound, &right.sound)).min_by(f32::total_cmp)?;
    Some((1.0 - best, How::Spelling))
}

/// The part of the letters that differ, if they are few enough.
fn edits(left: &str, right: &str) -> Option<f32> {
    let letters = left.len().max(right.len());
    let most = edits_max(letters);
    if most == 0 || left.len().abs_diff(right.len()) > most {
        return None;
    }
    let args = osa::Args::default().score_cutoff(most);
    osa::distance_with_args(left.bytes(), right.bytes(), &args).map(|edits| ratio(edits, letters))
}

/// Letters of a script without vowels against letters with them.
fn lossy(left: &Word, right: &Word) -> Option<f32> {
    if left.is_light != right.is_light || left.bones.is_empty() {
        return None;
    }
    // Chinese writes r as l.
    let is_sound = left.script == Script::HanSound || right.script == Script::HanSound;
    let joined = |c: char| if is_sound && c == 'r' { 'l' } else { c };
    let same = left.bones.chars().map(joined).eq(right.bones.chars().map(joined));
    same.then_some(match left.bones.len() {
        1 => 0.87,
        2 => 0.91,
        _ => 0.93,
    })
}

fn ratio(part: usize, whole: usize) -> f32 {
    let small = |count: usize| f32::from(u16::try_from(count).unwrap_or(u16::MAX));
    small(part) / small(whole.max(1))
}
