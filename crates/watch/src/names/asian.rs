//! Names that Korean or Chinese rules know to be one, where letters say less.

use super::how::{How, Likeness};
use super::name::Name;
use super::word::{Script, Word};
use super::{chinese, hangul};

/// Most words of a name for which the rules hold: a family name, and a given name in one, two or three.
const WORDS_MAX: usize = 4;

fn korean_text(word: &Word) -> &str {
    if word.script == Script::Hangul { &word.written } else { &word.latin }
}

/// A way of dividing a name into family and given name.
#[derive(Debug, Clone)]
pub(super) struct Division {
    /// The family names, in Hangul, that the family's word can be.
    families: &'static [&'static str],
    family: String,
    given: String,
    readings: Vec<Vec<hangul::reading::Reading>>,
}

/// The ways of dividing a name into family and given name, if it can be Korean.
pub(super) fn divisions(words: &[Word]) -> Vec<Division> {
    let texts: Vec<&str> = words.iter().map(korean_text).collect();
    let mut found = Vec::new();
    if !(2..=WORDS_MAX).contains(&texts.len()) {
        return found;
    }
    for (family, given) in [texts.split_first(), texts.split_last()].into_iter().flatten() {
        let families = hangul::family::families(family);
        if families.is_empty() {
            continue;
        }
        let readings = hangul::reading::joined(given);
        if !readings.is_empty() {
            found.push(Division { families, family: (*family).to_owned(), given: given.concat(), readings });
        }
    }
    found
}

/// What names that [`korean`] holds to be one have in common: the family name, and the consonants of the given name, by
/// every reading.
pub(super) fn korean_keys(divisions: &[Division]) -> Vec<String> {
    let mut found = Vec::new();
    for division in divisions {
        let consonants = hangul::reading::consonants(&division.readings);
        for family in division.families {
            found.extend(consonants.iter().map(|given| format!("{family} {given}")));
        }
    }
    found
}

/// Two names that can be one name in Hangul.
pub(super) fn korean(lefts: &[Division], rights: &[Division]) -> Option<Likeness> {
    for left in lefts {
        for right in rights {
            let shared = left.families.iter().any(|family| right.families.contains(family));
            if shared && hangul::reading::agree(&left.readings, &right.readings) {
                let by_rule = by_rule(&left.given, &right.given);
                let same_family = by_rule_or_same(&left.family, &right.family, by_rule);
                return Some(match (by_rule, same_family) {
                    (Some(how), true) => Likeness::of(0.98, vec![how]),
                    (Some(how), false) => Likeness::of(0.96, vec![how, How::FamilyVariant]),
                    (None, true) => Likeness::of(0.9, vec![How::KoreanVariant]),
                    (None, false) => Likeness::of(0.88, vec![How::KoreanVariant, How::FamilyVariant]),
                });
            }
        }
    }
    None
}

/// The romanisation by which one is the other; the same word counts as one.
fn by_rule(left: &str, right: &str) -> Option<How> {
    let is_hangul = |text: &str| text.chars().any(hangul::is_hangul);
    let (written, latin) = match (is_hangul(left), is_hangul(right)) {
        (true, false) => (left, right),
        (false, true) => (right, left),
        _ => return (left == right).then_some(How::Same),
    };
    let apart: String = written.chars().map(|c| hangul::revised(&c.to_string())).collect();
    if apart == latin || hangul::revised(written) == latin {
        return Some(How::Revised);
    }
    let mccune: String = hangul::reading::plain(&hangul::mccune_reischauer(written)).collect();
    // Without breves too, as passports of the North print it.
    let apart: String = written
        .chars()
        .flat_map(|c| hangul::reading::plain(&hangul::mccune_reischauer(&c.to_string())).collect::<Vec<_>>())
        .collect();
    (mccune == latin || apart == latin).then_some(How::McCuneReischauer)
}

fn by_rule_or_same(left: &str, right: &str, given: Option<How>) -> bool {
    left == right || by_rule(left, right).is_some() && given.is_some()
}

/// Two names that are one in Wade–Giles without apostrophes, by their [`chinese_keys`].
pub(super) fn chinese(left: &[String], right: &[String]) -> Option<Likeness> {
    left.iter().any(|key| right.contains(key)).then(|| Likeness::of(0.9, vec![How::WadeGiles]))
}

/// What a name that can be Chinese is in Wade–Giles, with the family name first and last.
pub(super) fn chinese_keys(words: &[Word]) -> Vec<String> {
    let is_chinese =
        (2..=WORDS_MAX).contains(&words.len()) && words.iter().all(|word| chinese::is_chinese(&word.latin));
    if !is_chinese {
        return Vec::new();
    }
    let texts: Vec<&str> = words.iter().map(|word| word.latin.as_str()).collect();
    let mut turned = texts.clone();
    turned.rotate_right(1);
    let mut found = joined(&texts);
    found.extend(joined(&turned));
    found
}

/// The family's key, a blank, and the given names' keys in one.
fn joined(words: &[&str]) -> Vec<String> {
    let mut all = vec![String::new()];
    for (at, word) in words.iter().enumerate() {
        let keys = chinese::keys(word);
        let blank = if at == 1 { " " } else { "" };
        all = all
            .iter()
            .flat_map(|before| keys.iter().map(move |key| format!("{before}{blank}{key}")))
            .take(32)
            .collect();
    }
    all
}

/// Two names in one East Asian script: characters are compared, since a syllable is a name.
pub(super) fn same_script(left: &Name, right: &Name) -> Option<Likeness> {
    if left.script != right.script || !matches!(left.script, Script::Han | Script::Hangul) {
        return None;
    }
    let letters = |name: &Name| name.folded.chars().filter(|c| !c.is_whitespace()).collect::<Vec<_>>();
    let (left, right) = (letters(left), letters(right));
    let mut reasons = vec![How::Same];
    let alike = left.iter().zip(&right).filter(|(l, r)| match is_same(**l, **r) {
        Some(how) => {
            reasons.push(how);
            true
        }
        None => false,
    });
    let alike = alike.count();
    if alike == left.len() && left.len() == right.len() {
        reasons.retain(|how| *how != How::Same);
        let score = if reasons.is_empty() { 1.0 } else { 0.95 };
        return Some(Likeness::of(score, reasons));
    }
    let turned = left.len() == right.len() && {
        let (mut l, mut r) = (left.clone(), right.clone());
        l.sort_unstable();
        r.sort_unstable();
        l == r && left.len() > 2
    };
    if turned
        && (left.iter().cycle().skip(1).take(left.len()).eq(&right)
            || right.iter().cycle().skip(1).take(right.len()).eq(&left))
    {
        return Some(Likeness::of(0.95, vec![How::OtherOrder]));
    }
    let small = |count: usize| f32::from(u16::try_from(count).unwrap_or(u16::MAX));
    Some(Likeness::different(0.6 * small(alike) / small(left.len().max(right.len()).max(1))))
}

/// One character written otherwise: by the South and the North, in full and simplified.
fn is_same(left: char, right: char) -> Option<How> {
    if left == right {
        return Some(How::Same);
    }
    let text = |c: char| c.to_string();
    if hangul::is_hangul(left) && hangul::is_hangul(right) {
        return hangul::reading::agree(
            &hangul::reading::joined(&[&text(left)]),
            &hangul::reading::joined(&[&text(right)]),
        )
        .then_some(How::FamilyVariant);
    }
    let korean = (hangul::sino_korean(&text(left))?, hangul::sino_korean(&text(right))?);
    let pinyin = deunicode::deunicode_char(left)? == deunicode::deunicode_char(right)?;
    (korean.0 == korean.1 && pinyin).then_some(How::Chinese)
}
