//! Where a line may end.

use unicode_linebreak::{BreakOpportunity, linebreaks};

/// The pieces of a text between which a line may end, each with the spaces behind it, and whether one ends there in any case.
///
/// Source: Unicode Standard Annex 14; Korean words stay whole, as its section 5.4 lets them.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut begin = 0;
    linebreaks(text).filter_map(move |(at, kind)| {
        let is_forced = kind == BreakOpportunity::Mandatory;
        let before = text.get(..at)?.chars().next_back();
        let after = text.get(at..)?.chars().next();
        let is_within_word = [before, after].into_iter().flatten().filter(|c| is_hangul(*c)).count() == 2;
        if is_within_word && !is_forced {
            return None;
        }
        let piece = text.get(begin..at)?;
        begin = at;
        Some((piece, is_forced))
    })
}

const fn is_hangul(c: char) -> bool {
    matches!(c, '\u{ac00}'..='\u{d7a3}' | '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}')
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn words_stay_whole_and_nothing_is_lost() {
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(pieces(text).map(|(piece, _)| piece).collect::<Vec<_>>(), expected);
        };
        check("한국어 문장입니다.", &["한국어 ", "문장입니다."]);
        check("a b-c", &["a ", "b-", "c"]);
        check("漢字", &["漢", "字"]);
        check("", &[]);
    }
}
