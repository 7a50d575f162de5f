//! How Korean sounds: what neighbouring letters do to each other.
//!
//! [`pronounce`] rewrites the letters of a run of syllables to what is heard: a final moves to a following vowel, ㅎ joins its
//! neighbour or falls, ㄷ and ㅌ become ㅈ and ㅊ before ㅣ, finals fall together into seven, stops become nasals before nasals,
//! ㄴ and ㄹ become alike. Tensing is left out, as the Revised Romanisation leaves it out. Two things no rule decides, and the
//! standard gives examples instead: they stand in the two lists.
//!
//! Source: Standard Pronunciation (Ministry of Education Notice 88-2), articles 8 to 20 and 29.

use super::Syllable;

/// What a run of syllables is, where the romanisation makes a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Plain,
    /// A noun keeps ㅎ after ㄱ, ㄷ and ㅂ: 묵호 is Mukho.
    Noun,
    /// A word of two words: ㄴ comes in between before ㅣ and the vowels with y.
    Compound,
}

/// Words of article 20 whose ㄴ stays before ㄹ, and 신문로, an example of the romanisation itself. The bar is before the ㄹ.
const N_STAYS: [&str; 12] = [
    "의견|란",
    "임진|란",
    "생산|량",
    "결단|력",
    "공권|력",
    "동원|령",
    "상견|례",
    "횡단|로",
    "이원|론",
    "입원|료",
    "구근|류",
    "신문|로",
];

/// Words of article 29 in which ㄴ comes in where the bar is.
const N_COMES: [&str; 27] = [
    "솜|이불",
    "홑|이불",
    "막|일",
    "삯|일",
    "맨|입",
    "꽃|잎",
    "내복|약",
    "한|여름",
    "남존|여비",
    "신|여성",
    "직행|열차",
    "늑막|염",
    "콩|엿",
    "담|요",
    "눈|요기",
    "영업|용",
    "식용|유",
    "밤|윷",
    "들|일",
    "솔|잎",
    "물|약",
    "불|여우",
    "서울|역",
    "물|엿",
    "휘발|유",
    "알|약",
    "학|여울",
];

/// The syllables as they are heard. `text` holds the same syllables as they are written.
pub(super) fn pronounce(text: &[char], syllables: &mut [Syllable], sort: Sort) {
    for at in 0..syllables.len() {
        let (head, tail) = syllables.split_at_mut(at + 1);
        let Some(this) = head.last_mut() else { continue };
        let Some(next) = tail.first_mut() else {
            this.last = this.last.map(heard);
            continue;
        };
        let comes = || sort == Sort::Compound || at_bar(text, at, &N_COMES);
        if this.last.is_some() && next.initial == 'ㅇ' && "ㅣㅑㅕㅛㅠㅒㅖ".contains(next.vowel) && comes()
        {
            next.initial = 'ㄴ';
        }
        let written = (this.last, text.get(at).copied(), text.get(at + 1).copied());
        join(this, next, sort);
        if let (Some(last), this_text, next_text) = (this.last, written.1, written.2)
            && next.initial != 'ㅇ'
        {
            this.last = Some(reduced(last, this_text, next_text));
            alike(this, next, at_bar(text, at, &N_STAYS));
        }
    }
}

/// Whether a word of the list stands in the text so that its bar is behind the syllable at `at`.
fn at_bar(text: &[char], at: usize, words: &[&str]) -> bool {
    words.iter().any(|word| {
        let (before, after) = word.split_once('|').unwrap_or((word, ""));
        let (head, tail) = text.split_at_checked(at + 1).unwrap_or((text, &[]));
        let ends = before.chars().rev().eq(head.iter().rev().copied().take(before.chars().count()));
        ends && after.chars().eq(tail.iter().copied().take(after.chars().count()))
    })
}

/// Moves finals to a vowel, and lets ㅎ do what it does (articles 12 to 14 and 17).
fn join(this: &mut Syllable, next: &mut Syllable, sort: Sort) {
    let Some(last) = this.last else { return };
    let (stays, goes) = split(last);
    if next.initial == 'ㅇ' {
        if last == 'ㅇ' {
            return;
        }
        this.last = stays;
        next.initial = match goes {
            'ㄷ' if "ㅣㅕ".contains(next.vowel) => 'ㅈ',
            'ㅌ' if "ㅣㅕ".contains(next.vowel) => 'ㅊ',
            // ㅎ falls, and what was before it moves instead.
            'ㅎ' => this.last.take().unwrap_or('ㅇ'),
            other => other,
        };
    } else if goes == 'ㅎ' {
        let joined = match next.initial {
            'ㄱ' => Some('ㅋ'),
            'ㄷ' => Some('ㅌ'),
            'ㅈ' => Some('ㅊ'),
            'ㅅ' | 'ㅎ' => Some(next.initial),
            _ => None,
        };
        if let Some(joined) = joined {
            next.initial = joined;
            this.last = stays;
        } else if stays.is_some() {
            this.last = stays;
        }
    } else if next.initial == 'ㅎ' && sort != Sort::Noun {
        let joined = match (goes, heard(goes)) {
            ('ㅈ', _) => 'ㅊ',
            ('ㄷ', _) if "ㅣㅕ".contains(next.vowel) => 'ㅊ',
            (_, 'ㄱ') => 'ㅋ',
            (_, 'ㄷ') => 'ㅌ',
            (_, 'ㅂ') => 'ㅍ',
            _ => return,
        };
        next.initial = joined;
        this.last = stays;
    }
}

/// What of a final stays and what goes over to a vowel.
fn split(last: char) -> (Option<char>, char) {
    match last {
        'ㄳ' => (Some('ㄱ'), 'ㅅ'),
        'ㄵ' => (Some('ㄴ'), 'ㅈ'),
        'ㄶ' => (Some('ㄴ'), 'ㅎ'),
        'ㄺ' => (Some('ㄹ'), 'ㄱ'),
        'ㄻ' => (Some('ㄹ'), 'ㅁ'),
        'ㄼ' => (Some('ㄹ'), 'ㅂ'),
        'ㄽ' => (Some('ㄹ'), 'ㅅ'),
        'ㄾ' => (Some('ㄹ'), 'ㅌ'),
        'ㄿ' => (Some('ㄹ'), 'ㅍ'),
        'ㅀ' => (Some('ㄹ'), 'ㅎ'),
        'ㅄ' => (Some('ㅂ'), 'ㅅ'),
        other => (None, other),
    }
}

/// The seven finals that are heard (articles 8 to 11).
pub(super) fn heard(last: char) -> char {
    match last {
        'ㄲ' | 'ㅋ' | 'ㄳ' | 'ㄺ' => 'ㄱ',
        'ㅅ' | 'ㅆ' | 'ㅈ' | 'ㅊ' | 'ㅌ' | 'ㅎ' => 'ㄷ',
        'ㅍ' | 'ㅄ' | 'ㄿ' => 'ㅂ',
        'ㄼ' | 'ㄽ' | 'ㄾ' | 'ㅀ' => 'ㄹ',
        'ㄻ' => 'ㅁ',
        'ㄵ' | 'ㄶ' => 'ㄴ',
        other => other,
    }
}

/// [`heard`] before a consonant, where stems of verbs differ: 밟다 is bapda, 맑게 is malge.
fn reduced(last: char, this: Option<char>, next: Option<char>) -> char {
    match (last, this, next) {
        ('ㄼ', Some('밟'), _) => 'ㅂ',
        (
            'ㄺ',
            Some('맑' | '묽' | '읽' | '늙' | '밝' | '붉' | '굵' | '긁' | '갉' | '얽' | '낡'),
            Some('고' | '게' | '거' | '기' | '겠'),
        ) => 'ㄹ',
        _ => heard(last),
    }
}

/// Nasals and liquids become alike (articles 18 to 20).
fn alike(this: &mut Syllable, next: &mut Syllable, n_stays: bool) {
    let nasal = |last| match last {
        'ㄱ' => 'ㅇ',
        'ㄷ' => 'ㄴ',
        'ㅂ' => 'ㅁ',
        other => other,
    };
    let Some(last) = this.last else { return };
    match (last, next.initial) {
        ('ㄱ' | 'ㄷ' | 'ㅂ', 'ㄴ' | 'ㅁ') => this.last = Some(nasal(last)),
        ('ㄱ' | 'ㄷ' | 'ㅂ' | 'ㅁ' | 'ㅇ', 'ㄹ') => {
            this.last = Some(nasal(last));
            next.initial = 'ㄴ';
        }
        ('ㄴ', 'ㄹ') if n_stays => next.initial = 'ㄴ',
        ('ㄴ', 'ㄹ') => this.last = Some('ㄹ'),
        ('ㄹ', 'ㄴ') => next.initial = 'ㄹ',
        _ => {}
    }
}
