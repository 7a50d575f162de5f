//! Words looked for in texts of any language.
//!
//! A text is folded first: small letters, no accents on Latin letters, and nothing between words but their borders, so that
//! `cyber-sécurité`, `Cyber Sécurité` and `cyber securite` are one. A term is found at the borders of words; one that ends in `*` is
//! the beginning of a word. Scripts that write without borders (Chinese, Japanese, Korean with its endings, Thai) are found anywhere.

use std::borrow::Cow;

use hashbrown::HashMap;
use regex::Regex;
use unicode_normalization::UnicodeNormalization as _;

/// Begins and ends a word of a folded text.
const BEGIN: char = '|';
const END: char = ' ';

/// A text as it is compared: `|word |word `.
#[must_use]
pub fn folded(text: &str) -> String {
    let text: Cow<'_, str> = if text.is_ascii() {
        text.into()
    } else {
        let is_accent = |letter: &char| ('\u{300}'..='\u{36f}').contains(letter);
        text.nfkc().nfd().filter(|letter| !is_accent(letter)).nfc().collect::<String>().into()
    };
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    let mut is_within = false;
    for letter in text.chars() {
        if is_part(letter) {
            if !is_within {
                out.push(BEGIN);
                is_within = true;
            }
            match letter {
                'đ' | 'Đ' => out.push('d'),
                letter if letter.is_ascii() => out.push(letter.to_ascii_lowercase()),
                letter => out.extend(letter.to_lowercase()),
            }
        } else if is_within {
            // Also what stands before an apostrophe is a word of its own: d'information.
            out.push(END);
            is_within = false;
        }
    }
    if is_within {
        out.push(END);
    }
    out
}

/// Whether a letter belongs to a word. Marks of Thai and Indic scripts do, though they are no letters.
fn is_part(letter: char) -> bool {
    letter.is_alphanumeric() || ('\u{0900}'..='\u{0eff}').contains(&letter)
}

/// Whether a script writes its words without borders, or with endings that grow onto them.
fn is_unbounded(letter: char) -> bool {
    matches!(u32::from(letter),
        0x0600..=0x06ff | 0x0e00..=0x0e7f | 0x1100..=0x11ff | 0x3040..=0x30ff | 0x3400..=0x9fff | 0xac00..=0xd7af | 0xf900..=0xfaff)
}

/// Many terms, looked for at once; where two begin at one place, the one that was given first is found.
#[derive(Debug)]
pub struct Finder<T> {
    all: Regex,
    /// Terms that are whole, as they stand in folded texts; and beginnings.
    whole: HashMap<String, usize>,
    beginnings: Vec<(String, usize)>,
    what: Vec<T>,
}

impl<T> Finder<T> {
    /// A finder of these; `None` if they are too many for one.
    pub fn new<'t>(terms: impl IntoIterator<Item = (&'t str, T)>) -> Option<Self> {
        let (mut all, mut whole) = (String::new(), HashMap::new());
        let (mut beginnings, mut what) = (Vec::new(), Vec::new());
        for (term, is) in terms {
            let at = what.len();
            what.push(is);
            let (term, is_beginning) = term.strip_suffix('*').map_or((term, false), |term| (term, true));
            let told = folded(term);
            if told.is_empty() {
                continue;
            }
            if !all.is_empty() {
                all.push('|');
            }
            let escaped = regex::escape(&told);
            if told.chars().any(is_unbounded) {
                let inner = told.trim_start_matches(BEGIN).trim_end_matches(END);
                all.push_str(&regex::escape(inner).replace(r" \|", r"(?: \|)?"));
                beginnings.push((inner.replace(" |", ""), at));
            } else if is_beginning {
                all.push_str(escaped.trim_end_matches(END));
                all.push_str("[^ ]* ");
                beginnings.push((told.trim_end_matches(END).to_owned(), at));
            } else {
                all.push_str(&escaped);
                whole.insert(told, at);
            }
        }
        Some(Self { all: Regex::new(&all).ok()?, whole, beginnings, what })
    }

    /// What is found in a folded text, in its order: what the term is, and the words as they stand there.
    pub fn find<'s>(&'s self, text: &'s str) -> impl Iterator<Item = (&'s T, String)> + 's {
        self.all.find_iter(text).filter_map(|found| {
            let found = found.as_str();
            let at = self.whole.get(found).copied().or_else(|| {
                let joined = found.replace(" |", "");
                let begins =
                    |(term, _): &&(String, usize)| found.starts_with(term.as_str()) || joined == *term;
                self.beginnings.iter().find(begins).map(|(_, at)| *at)
            })?;
            let words = found.replace(BEGIN, "");
            Some((self.what.get(at)?, words.trim_end().to_owned()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_folded() {
        assert_eq!(folded("La Cyber-sécurité, d’État!"), "|la |cyber |securite |d |etat ");
        assert_eq!(folded("An toàn thông tin; Đào tạo"), "|an |toan |thong |tin |dao |tao ");
        assert_eq!(folded("사이버 보안"), "|사이버 |보안 ");
        assert_eq!(folded("サイバー攻撃"), "|サイバー攻撃 ");
        assert_eq!(folded("  "), "");
    }

    #[test]
    fn terms_end_where_words_end() {
        let terms = ["cyber cafe", "cyber*", "information security", "정보 보호", "csirt"];
        let finder = Finder::new(terms.into_iter().map(|term| (term, term))).unwrap();
        let found = |text: &str| -> Vec<(&str, String)> {
            let text = folded(text);
            finder.find(&text).map(|(term, words)| (*term, words)).collect()
        };
        assert_eq!(
            found("A Cyber Café and cyberattacks"),
            [("cyber cafe", "cyber cafe".to_owned()), ("cyber*", "cyberattacks".to_owned())]
        );
        assert_eq!(found("food security information systems; ZoneCyber; CSIRTs"), []);
        assert_eq!(found("information-security CSIRT").len(), 2);
        assert_eq!(found("국가정보보호센터의 정보 보호를")[0].0, "정보 보호");
        assert_eq!(found("국가정보보호센터의 정보 보호를").len(), 2);
    }
}
