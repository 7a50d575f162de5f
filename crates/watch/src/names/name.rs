//! A name, taken apart.
//!
//! Text is folded (NFKC, case), cut into words at whatever is no letter, and each word put into Latin letters by its script.
//! Han characters say a different word to each reader, so a name in them has several readings.

use std::sync::OnceLock;

use deunicode::deunicode;
use unicode_normalization::UnicodeNormalization;

use super::asian::{self, Division};
use super::forms::{self, FORM_WORDS_MAX, Form};
use super::hangul::{self, Style};
use super::how::How;
use super::word::{Script, Word};
use super::{Kind, japanese};

/// Most characters of a name that are read; what is beyond is left out. The longest on OFAC's list has some 150.
pub const NAME_CHARS_MAX: usize = 512;
/// Most names that are read of one text, apart by strokes.
const PARTS_MAX: usize = 4;
/// Most words of a name that are compared.
pub(super) const WORDS_MAX: usize = 24;

/// A name that is ready to be compared.
#[derive(Debug, Clone)]
pub struct Name {
    pub(super) kind: Kind,
    /// Letters and digits as written, in small letters, words apart by one blank.
    pub(super) folded: String,
    /// The ways in which it can be read; the first is the usual one. At least one.
    pub(super) readings: Vec<Reading>,
    pub(super) form: Option<Form>,
    pub(super) script: Script,
    /// Whether all letters are of that script.
    pub(super) is_pure: bool,
}

/// Characters that are not seen and part no word. Source: Unicode, `Default_Ignorable_Code_Point`, those that texts hold.
const fn is_unseen(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// One way of reading a name.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub(super) words: Vec<Word>,
    /// By what it is read so, if not by its letters.
    pub(super) how: Option<How>,
    korean: OnceLock<Vec<Division>>,
    chinese: OnceLock<Vec<String>>,
}

impl Reading {
    fn new(words: Vec<Word>, how: Option<How>) -> Self {
        Self { words, how, korean: OnceLock::new(), chinese: OnceLock::new() }
    }

    /// The ways of dividing it as a Korean name.
    pub(super) fn korean(&self) -> &[Division] {
        self.korean.get_or_init(|| asian::divisions(&self.words))
    }

    /// What it is in Wade–Giles, if it can be Chinese.
    pub(super) fn chinese(&self) -> &[String] {
        self.chinese.get_or_init(|| asian::chinese_keys(&self.words))
    }
}

impl Name {
    /// Takes a name apart. A name of [`Kind::Unknown`] with a legal form is an organisation's.
    pub fn read(text: &str, kind: Kind) -> Self {
        let text: String = text
            .chars()
            .take(NAME_CHARS_MAX)
            .filter(|c| !is_unseen(*c))
            .nfkc()
            .take(NAME_CHARS_MAX)
            .collect();
        let mut pieces = pieces(&text);
        pieces.truncate(WORDS_MAX);
        let folded = pieces.iter().map(|piece| piece.to_lowercase()).collect::<Vec<_>>().join(" ");
        let script = text.chars().find_map(Script::of).unwrap_or(Script::Latin);
        let is_pure = text.chars().filter_map(Script::of).all(|other| other == script);
        // A point between Han characters parts the words of a foreign name.
        let is_foreign = text.contains(['·', '・', '‧']);
        let unparted = if kind == Kind::Person { None } else { forms::without_unparted(&text) };
        if let Some((rest, _)) = unparted {
            pieces = self::pieces(rest);
            pieces.truncate(WORDS_MAX);
        }
        let kind = if unparted.is_some() { Kind::Organization } else { kind };
        let (words, form) = words(&pieces, kind, is_foreign);
        let form = form.or(unparted.map(|(_, form)| form));
        let kind = if kind == Kind::Unknown && form.is_some() { Kind::Organization } else { kind };
        let mut readings = vec![Reading::new(words, None)];
        if kind == Kind::Organization && text.contains('/') {
            // Two names in one: `Al-Qa'ida/Islamic Army`.
            for part in text.split('/').filter(|part| part.chars().count() > 3).take(PARTS_MAX) {
                let words = self::words(&self::pieces(part), kind, is_foreign).0;
                readings.extend((!words.is_empty()).then_some(Reading::new(words, Some(How::PartMissing))));
            }
        }
        if script == Script::Han && kind != Kind::Organization && !is_foreign {
            readings.extend(other_readings(&pieces));
        }
        Self { kind, folded, readings, form, script, is_pure }
    }

    /// The words as usually read.
    pub(super) fn words(&self) -> &[Word] {
        self.readings.first().map_or(&[], |reading| &reading.words)
    }

    /// Nothing in it can be compared.
    pub fn is_empty(&self) -> bool {
        self.words().is_empty()
    }
}

/// The words of pieces in Latin letters, and the legal form that was among them.
fn words(pieces: &[String], kind: Kind, is_foreign: bool) -> (Vec<Word>, Option<Form>) {
    let spelled = pieces.iter().flat_map(|piece| spelled(piece, kind, is_foreign));
    let mut words: Vec<Word> = spelled.take(WORDS_MAX).collect();
    let form = if kind == Kind::Person { None } else { take_forms(&mut words) };
    let kind = if kind == Kind::Unknown && form.is_some() { Kind::Organization } else { kind };
    dress(&mut words, kind);
    (words, form)
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | 'ʼ' | 'ʻ' | 'ʿ' | 'ʾ' | '`' | '´' | '′' | '״' | '׳')
}

/// Runs of letters and digits. Points within `S.A.` join, an apostrophe within `Ba'asyir` falls out, and `SiemensAG` is two.
fn pieces(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut piece = String::new();
    let chars: Vec<char> = text.chars().collect();
    for (at, &c) in chars.iter().enumerate() {
        let next = at.checked_add(1).and_then(|at| chars.get(at));
        if c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c) {
            if is_border(&piece, c, next) {
                found.push(std::mem::take(&mut piece));
            }
            piece.push(c);
        } else if c == '&' || c == '+' {
            found.push(std::mem::take(&mut piece));
            found.push("and".to_owned());
        } else if !(is_apostrophe(c) || c == '.' && is_initials(&piece, &chars, at)) {
            found.push(std::mem::take(&mut piece));
        }
    }
    found.push(piece);
    found.retain(|piece| !piece.is_empty());
    found
}

/// A capital after small letters, with more after it.
fn is_border(piece: &str, c: char, next: Option<&char>) -> bool {
    c.is_uppercase()
        && next.is_some_and(|next| next.is_alphabetic())
        && piece.chars().count() > 2
        && piece.chars().last().is_some_and(char::is_lowercase)
}

/// A point between single letters, as in `L.L.C.`
fn is_initials(piece: &str, chars: &[char], at: usize) -> bool {
    let single = |at: usize| {
        chars.get(at).is_some_and(|c| c.is_alphabetic())
            && !chars.get(at + 1).is_some_and(|c| c.is_alphanumeric())
    };
    let before = at.checked_sub(1).is_some_and(|at| chars.get(at).is_some_and(|c| c.is_alphabetic()));
    let alone = at < 2 || chars.get(at - 2).is_none_or(|c| !c.is_alphanumeric());
    !piece.is_empty() && before && alone && single(at + 1)
}

/// A piece in Latin letters.
fn spelled(piece: &str, kind: Kind, is_foreign: bool) -> Vec<Word> {
    let small = piece.to_lowercase();
    let script = match piece.chars().find_map(Script::of) {
        Some(Script::Han) if is_foreign => Script::HanSound,
        other => other.unwrap_or(Script::Latin),
    };
    match script {
        Script::Hangul if kind != Kind::Organization => hangul_words(&small),
        Script::Hangul => vec![Word::new(&ascii(&hangul::revised(&small)), &small, script)],
        Script::Han | Script::HanSound => han_words(&small, kind, script),
        Script::Abjad => vec![Word::new(&abjad(&small), &small, script)],
        Script::Latin if kind != Kind::Organization => vec![Word::new(&unmasked(&ascii(&small)), "", script)],
        Script::Latin => match forms::state(&ascii(&small)) {
            Some(words) => words.iter().map(|word| Word::new(word, "", script)).collect(),
            None => vec![Word::new(&ascii(&small), "", script)],
        },
        _ => vec![Word::new(&ascii(&small), &small, script)],
    }
    .into_iter()
    .filter(|word| !word.latin.is_empty())
    .collect()
}

fn ascii(text: &str) -> String {
    let plain = |c: char| match c {
        // Azerbaijani and Kazakh ə.
        '@' => Some('e'),
        c if c.is_ascii_alphanumeric() => Some(c.to_ascii_lowercase()),
        _ => None,
    };
    deunicode(text).chars().filter_map(plain).collect()
}

/// Digits that stand for letters: `Ig0r`.
fn unmasked(word: &str) -> String {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0 || digits * 2 >= word.len() {
        return word.to_owned();
    }
    let letter = |c| match c {
        '0' => 'o',
        '1' => 'i',
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        '7' => 't',
        '9' => 'g',
        other => other,
    };
    word.chars().map(letter).collect()
}

/// Arabic and Hebrew: the article is left out where it stands before a word, vowels are as written.
fn abjad(word: &str) -> String {
    // God's name is written with an l that is not heard apart.
    let word = &word.replace("الله", "له");
    let bare = word.strip_prefix("ال").filter(|rest| rest.chars().count() > 2).unwrap_or(word);
    ascii(bare)
}

fn hangul_words(piece: &str) -> Vec<Word> {
    let chars: Vec<char> = piece.chars().collect();
    if !(2..=5).contains(&chars.len()) || !chars.iter().all(|c| hangul::is_hangul(*c)) {
        return vec![Word::new(&ascii(&hangul::revised(piece)), piece, Script::Hangul)];
    }
    let (family, given) = hangul::family::divided(&chars);
    let word = |chars: &[char]| {
        let written: String = chars.iter().collect();
        let latin: String = chars.iter().map(|c| hangul::revised_as(&c.to_string(), Style::Plain)).collect();
        Word::new(&ascii(&latin), &written, Script::Hangul)
    };
    vec![word(family), word(given)]
}

/// Chinese family names of two characters.
const DOUBLE: &str =
    "歐陽 欧阳 司馬 司马 諸葛 诸葛 上官 夏侯 皇甫 尉遲 尉迟 公孫 公孙 慕容 令狐 司徒 東方 东方";

fn han_words(piece: &str, kind: Kind, script: Script) -> Vec<Word> {
    let chars: Vec<char> = piece.chars().collect();
    let word = |chars: &[char]| {
        let written: String = chars.iter().collect();
        Word::new(&ascii(&written), &written, script)
    };
    if script == Script::HanSound {
        return vec![word(&chars)];
    }
    if kind == Kind::Organization || !(2..=4).contains(&chars.len()) {
        return vec![word(&chars)];
    }
    let double: String = chars.iter().take(2).collect();
    let family = if chars.len() > 2 && DOUBLE.split(' ').any(|held| held == double) { 2 } else { 1 };
    let (family, given) = chars.split_at(family);
    vec![word(family), word(given)]
}

/// How a Korean and a Japanese read a name in Han characters.
fn other_readings(pieces: &[String]) -> Vec<Reading> {
    let joined: String = pieces.concat();
    let korean = hangul::sino_korean(&joined).filter(|read| (2..=5).contains(&read.chars().count()));
    let korean = korean.map(|read| Reading::new(hangul_words(&read), Some(How::SinoKorean)));
    let japanese = japanese::read(&joined).map(|words| {
        Reading::new(
            words.iter().map(|word| Word::new(word, "", Script::Kana)).collect(),
            Some(How::Japanese),
        )
    });
    korean.into_iter().chain(japanese).collect()
}

/// Takes the legal forms out of the words, unless nothing would be left.
fn take_forms(words: &mut Vec<Word>) -> Option<Form> {
    let mut found = None;
    let mut at = 0;
    while at < words.len() {
        let taken = (1..=FORM_WORDS_MAX.min(words.len() - at)).rev().find_map(|count| {
            let run: Vec<&str> = words.get(at..at + count)?.iter().map(|word| word.latin.as_str()).collect();
            forms::form(&run.join(" ")).map(|form| (count, form))
        });
        match taken {
            // The first word of a name that goes on is seldom a form without a country's habit behind it.
            Some((count, form)) if words.len() > count => {
                words.drain(at..at + count);
                if found.is_none_or(|found| found == Form::Firm) {
                    found = Some(form);
                }
            }
            _ => at += 1,
        }
    }
    found
}

/// Marks light words, and gives words of firms the form under which they are compared.
fn dress(words: &mut [Word], kind: Kind) {
    let is_firm = kind == Kind::Organization;
    for (at, word) in words.iter_mut().enumerate() {
        if is_firm {
            let same = forms::synonym(&word.latin);
            if same != word.latin {
                *word = Word::new(same, &word.written, word.script);
            }
            word.number = word.number.or_else(|| forms::roman(&word.latin).filter(|_| at > 0));
            word.given = None;
            word.is_light = forms::is_article(&word.latin);
        } else {
            word.is_title = word.script == Script::Latin && forms::is_title(&word.latin);
            word.is_light = forms::is_particle(&word.latin);
        }
    }
    if !words.iter().any(Word::is_heavy) {
        for word in words {
            (word.is_light, word.is_title) = (false, false);
        }
    }
}
