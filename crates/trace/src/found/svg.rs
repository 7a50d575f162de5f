//! What all pictures have in common: escaping, colours, amounts and times as they are drawn, and text that fits its room.

use unicode_width::UnicodeWidthChar as _;

use crate::label::Category;
use crate::{U256, whole};

/// The colours of what is drawn, by class: `theft`, `holder`, `folded`, and each category by its name. They are told apart on light and on
/// dark ground; what they mean is always written too.
pub(super) const PALETTE: &str = ".holder{fill:#5b6b8c}.folded{fill:#a8adb8}.theft{fill:#b3261e}.ransomware{fill:#c2410c}\
.scam{fill:#c2507a}.terrorism{fill:#7f1d1d}.sanctioned{fill:#8e24aa}.exchange{fill:#1f7a4d}.pool{fill:#65a30d}.payment{fill:#0d9488}\
.gambling{fill:#a38b00}.market{fill:#8a6d3b}.mixer{fill:#d97706}.bridge{fill:#0b75b8}.blocked{fill:#78594a}.other{fill:#7a7a86}";

/// The class of what a label says, or does not say.
pub(super) const fn class(category: Option<Category>) -> &'static str {
    match category {
        Some(category) => category.as_str(),
        None => "holder",
    }
}

/// A text as it may stand in XML, between tags or in an attribute: signs that end something are escaped, and those that may not
/// stand there, or would turn the writing round, are replaced.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}' => {
                escaped.push('\u{fffd}');
            }
            letter if letter.is_control() => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// An amount with as many digits as can be told apart in a picture: from a thousand on whole coins, else four behind the point.
pub(super) fn brief(amount: U256, decimals: u8) -> String {
    let written = whole(amount, decimals);
    let Some((before, behind)) = written.split_once('.') else { return written };
    match (before.len() > 3, behind.get(..4)) {
        (true, _) => format!("{before}…"),
        (false, Some(start)) if behind.len() > 4 => format!("{before}.{start}…"),
        (false, _) => written.clone(),
    }
}

/// About how much that is, for drawing.
pub(super) fn about(amount: U256) -> f64 {
    amount.as_limbs().iter().rev().fold(0.0, |sum, limb| sum * 18_446_744_073_709_551_616.0 + *limb as f64)
}

/// `2025-02-21 14:13:35`, in UTC.
pub(super) fn when(seconds: i64) -> String {
    let text = stix::Timestamp::from_micros(seconds.saturating_mul(1_000_000)).to_string();
    text.get(..19).unwrap_or_default().replace('T', " ")
}

/// How many of something there are: `1 payment`, `4,312 payments`.
pub(super) fn counted(count: u64, of: &str) -> String {
    match count {
        1 => format!("1 {of}"),
        _ if of.ends_with('s') => format!("{} {of}es", whole(U256::from(count), 0)),
        _ => format!("{} {of}s", whole(U256::from(count), 0)),
    }
}

/// How wide a letter is drawn, at most, in parts of the letters' size. The fonts of systems differ: it is measured on wide ones.
fn width(letter: char) -> f64 {
    match letter {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' | '·' => 0.36,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' | '—' => 1.02,
        'A'..='Z' | '&' | '+' | '−' => 0.76,
        'a'..='z' | '0'..='9' => 0.62,
        letter => match letter.width() {
            Some(0) => 0.0,
            Some(1) => 0.8,
            _ => 1.1,
        },
    }
}

/// How wide a text is drawn, at most, with letters of this size.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    text.chars().map(width).sum::<f64>() * size
}

/// A text that fits a room: cut at its end, and an address in its middle, since addresses are told by both ends.
pub(super) fn cut(text: &str, room: f64, size: f64) -> String {
    if text_width(text, size) <= room {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    let is_address = letters.len() >= 20 && letters.iter().all(char::is_ascii_alphanumeric);
    let mut left = room - text_width("…", size);
    let (mut start, mut end) = (0, letters.len());
    while start < end {
        // An address' start has two letters for each one of its end.
        let from_start = !is_address || start <= 2 * (letters.len() - end);
        let letter = if from_start { letters[start] } else { letters[end - 1] };
        left -= width(letter) * size;
        if left < 0.0 {
            break;
        }
        if from_start {
            start += 1;
        } else {
            end -= 1;
        }
    }
    let end = if is_address { end } else { letters.len() };
    let [start, end]: [String; 2] = [&letters[..start], &letters[end..]].map(|part| part.iter().collect());
    format!("{}…{end}", start.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_would_end_something_is_escaped() {
        assert_eq!(escaped("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
        assert_eq!(escaped("a\u{0}\u{202e}b\u{ffff}"), "a\u{fffd}\u{fffd}b\u{fffd}");
    }

    #[test]
    fn a_text_is_cut_at_its_end_and_an_address_in_its_middle() {
        assert_eq!(cut("Kraken 4", 100.0, 12.0), "Kraken 4");
        assert_eq!(cut("Kraken, hot wallet number four", 100.0, 12.0), "Kraken, hot…");
        let address = "0xa4b2fd68593b6f34e51cb9edb66e71c1b4ab449e";
        assert_eq!(cut(address, 150.0, 12.0), "0xa4b2fd6859…ab449e");
        assert_eq!(cut("anything", 3.0, 12.0), "…");
    }

    #[test]
    fn things_are_counted_as_people_do() {
        assert_eq!(counted(1, "address"), "1 address");
        assert_eq!(counted(4_312, "address"), "4,312 addresses");
        assert_eq!(counted(0, "payment"), "0 payments");
        assert_eq!(when(1_740_148_187), "2025-02-21 14:29:47");
    }

    proptest! {
        #[test]
        fn what_is_cut_fits_its_room(text in "\\PC{0,60}", room in 15.0..400.0_f64) {
            prop_assert!(text_width(&cut(&text, room, 12.0), 12.0) <= room);
        }
    }
}
