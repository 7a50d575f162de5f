//! Sigma, as far as it takes to tell whether a partner's rules may stand in one stream of documents with others.
//!
//! Source: Sigma specification 2.0, "Structure"; YAML 1.2, chapter 9 (streams of documents).

use jiff::civil::Date;
use saphyr_parser::{Event, Parser, ScalarStyle};

/// Most events of a text: each scalar, and each beginning and end of a list or mapping, is one.
const EVENTS_MAX: usize = 50_000;
/// How deep lists and mappings may lie in each other.
const DEPTH_MAX: usize = 24;
/// Longest key, in bytes. YAML takes 1,024 characters, and an escape has several.
const KEY_BYTES_MAX: usize = 100;
/// Longest number without quotes, in bytes. Python refuses those of more than 4,300 digits.
const NUMBER_BYTES_MAX: usize = 100;
/// What each rule must say at its top.
const NEEDED: [&str; 3] = ["title", "logsource", "detection"];
/// What no rule may say at its top: it would count for other rules of the stream.
const BEYOND: [&str; 3] = ["action", "correlation", "filter"];

/// A list or a mapping that is being read.
enum Level {
    /// Whether it stands in brackets.
    List(bool),
    /// Whether it stands in braces, whether a key comes next, and the keys that have come.
    Mapping(bool, bool, Vec<String>),
}

/// How many rules a text holds.
///
/// # Errors
/// Why they may not stand in one stream with others.
pub fn read(text: &str) -> Result<usize, String> {
    if text.lines().any(|line| line.starts_with('%')) {
        return Err("a directive would count for other rules as well".to_owned());
    }
    if let Some(c) = text.chars().find(|c| is_foreign(*c)) {
        return Err(format!(
            "the character U+{:04X} stands in it, which not every reader takes",
            u32::from(c)
        ));
    }
    let chars: Vec<char> = text.chars().collect();
    let (mut rules, mut events, mut levels) = (0, 0, Vec::<Level>::new());
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| error.to_string())?;
        let wrong = |why: &str| Err(format!("line {}: {why}", span.start.line()));
        events += 1;
        if events > EVENTS_MAX {
            return Err(format!("there are more than {EVENTS_MAX} values in it"));
        }
        let is_key = matches!(levels.last(), Some(Level::Mapping(_, true, _)));
        if let Event::Scalar(_, _, anchor, tag)
        | Event::SequenceStart(anchor, tag)
        | Event::MappingStart(anchor, tag) = &event
        {
            if *anchor > 0 {
                return wrong("an anchor, which only an alias needs");
            }
            if tag.is_some() {
                return wrong("a tag asks for what not every reader makes");
            }
            match &event {
                Event::Scalar(..) if levels.is_empty() => {
                    return wrong("a rule is a mapping, and this is a text");
                }
                Event::SequenceStart(..) if levels.is_empty() => {
                    return wrong("a rule is a mapping, and this is a list");
                }
                Event::SequenceStart(..) | Event::MappingStart(..) if is_key => {
                    return wrong("a list or a mapping stands where a key should");
                }
                _ => {}
            }
        }
        match event {
            Event::Alias(_) => return wrong("an alias repeats what stands elsewhere"),
            Event::Scalar(text, style, ..) => {
                if style == ScalarStyle::Plain {
                    let in_flow = levels
                        .last()
                        .is_some_and(|level| matches!(level, Level::List(true) | Level::Mapping(true, ..)));
                    if text.starts_with(['>', '|', ':'])
                        || in_flow && (text.is_empty() || text.contains(['?', ':']))
                    {
                        return wrong(&format!("`{text}` needs quotes where it stands"));
                    }
                    plain(&text).or_else(|why| wrong(&why).map(|_: usize| ()))?;
                }
                if is_key && (text.is_empty() || text.len() > KEY_BYTES_MAX) {
                    return wrong("a key is empty or too long");
                }
                if is_key && levels.len() == 1 && BEYOND.contains(&&*text) {
                    return wrong(&format!("`{text}` would count for other rules as well"));
                }
                match levels.last_mut() {
                    Some(Level::Mapping(_, is_key @ true, keys)) => {
                        *is_key = false;
                        keys.push(text.into_owned());
                    }
                    Some(Level::Mapping(_, is_key, _)) => *is_key = true,
                    _ => {}
                }
            }
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                if let Some(Level::Mapping(_, is_key, _)) = levels.last_mut() {
                    // Its value; the next is a key again.
                    *is_key = true;
                }
                let in_flow = matches!(chars.get(span.start.index()), Some('[' | '{'));
                levels.push(match event {
                    Event::SequenceStart(..) => Level::List(in_flow),
                    _ => Level::Mapping(in_flow, true, Vec::new()),
                });
                if levels.len() > DEPTH_MAX {
                    return wrong(&format!("it is more than {DEPTH_MAX} deep"));
                }
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let (Some(Level::Mapping(_, _, keys)), true) = (levels.pop(), levels.is_empty()) {
                    if let Some(lacks) = NEEDED.iter().find(|needed| !keys.iter().any(|key| key == *needed)) {
                        return wrong(&format!("the rule has no `{lacks}`"));
                    }
                    rules += 1;
                }
            }
            _ => {}
        }
    }
    if rules == 0 { Err("there is no rule in it".to_owned()) } else { Ok(rules) }
}

/// Whether a character may end the stream for a reader of YAML 1.1, or a line: noncharacters, byte order marks, tabs, and the
/// line ends that YAML 1.2 does not have.
const fn is_foreign(c: char) -> bool {
    matches!(c, '\t' | '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Whether readers of YAML 1.1 can make something of a scalar without quotes. What looks like a number or a date is one to them.
///
/// Source: YAML 1.1 types, "Merge", "Value", "Integer", "Float", "Timestamp".
fn plain(text: &str) -> Result<(), String> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0b"));
    if matches!(text, "=" | "<<") || digits.is_some_and(|rest| rest.chars().all(|c| c == '_')) {
        return Err(format!("`{text}` without quotes means something else in YAML 1.1"));
    }
    let is_of_number = |byte: u8| byte.is_ascii_hexdigit() || b"xoX_.:+-".contains(&byte);
    if text.len() > NUMBER_BYTES_MAX && text.bytes().all(is_of_number) {
        return Err(format!("a number of more than {NUMBER_BYTES_MAX} characters needs quotes"));
    }
    let mut parts = text.splitn(3, '-');
    let (Some(year), Some(month), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return Ok(());
    };
    let number = |text: &str, lengths: std::ops::RangeInclusive<usize>| {
        let is_one = lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i16>().ok().filter(|_| is_one)
    };
    let day_length = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (day, time) = rest.split_at(day_length);
    let (Some(year), Some(month), Some(day)) =
        (number(year, 4..=4), number(month, 1..=2), number(day, 1..=2))
    else {
        return Ok(());
    };
    if time.contains(':') && time.starts_with(['T', 't', ' ']) {
        return Err(format!("the time `{text}` needs quotes"));
    }
    let date = i8::try_from(month).and_then(|month| Ok((month, i8::try_from(day)?)));
    let is_date = date.is_ok_and(|(month, day)| Date::new(year, month, day).is_ok()) && year > 0;
    if time.is_empty() && !is_date { Err(format!("`{text}` is no date")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_a_mapping_with_what_a_rule_needs() {
        let good = "title: a\nlogsource:\n    product: windows\ndetection:\n    sel:\n        A|contains:\n            - 'x'\n    condition: sel\nlevel: high\n";
        assert_eq!(read(good), Ok(1));
        assert_eq!(read(&format!("---\n{good}---\n{good}")), Ok(2));
        let check = |text: &str, part: &str| {
            let why = read(text).unwrap_err();
            assert!(why.contains(part), "{text}: {why}");
        };
        check("", "no rule");
        check("just a text", "text");
        check("- a\n- b", "list");
        check(&good.replace("title", "tilte"), "`title`");
        check(&good.replace("'x'", "'x"), "");
        check(&good.replace("'x'", "*x"), "");
        check(&good.replace("'x'", "&x a\n            - *x"), "alias");
        for (line, part) in [
            ("x: !foo a", "tag"),
            ("x: !!int abc", "tag"),
            ("x: ! a", "tag"),
            ("x: !foo [a]", "tag"),
            ("x: =", "`=`"),
            ("x: <<", "`<<`"),
            ("<<: a", "`<<`"),
            ("x: 0x_", "`0x_`"),
            ("x: -0b_", "`-0b_`"),
            ("? [a]", "where a key"),
            ("? {a: b}\n: c", "where a key"),
            ("x: {[a]: b}", "where a key"),
            ("date: 2024-02-30", "no date"),
            ("date: 0000-01-01", "no date"),
            ("x: 2024-01-01T25:00:00", "needs quotes"),
            ("x: 2024-1-1 10:00:00 +24:00", "needs quotes"),
            ("# \u{fffe}", "U+FFFE"),
            ("x: a\u{ffff}", "U+FFFF"),
            ("# \u{2028}[", "U+2028"),
            ("x:\tb", "U+0009"),
            ("x: &a 1", "anchor"),
            (": a", "empty"),
            ("x: [>a]", "needs quotes"),
            ("x: [:a]", "needs quotes"),
            ("x: {a: b? }", "needs quotes"),
            ("x: {a:, c: b}", "needs quotes"),
            ("action: global", "`action`"),
            ("\"\\x66ilter\": {}", "`filter`"),
        ] {
            check(&format!("{good}{line}\n"), part);
        }
        check(&format!("{good}x: {}", "1".repeat(5_000)), "100 characters");
        check(&format!("{good}{}: x", "a".repeat(1_100)), "");
        let harmless = "date: 2024-02-29\nx: 0x1f\ny: '=' \nz: \"2024-02-30\"\nu: 2024-01-01 to 2024-02-30\n? v\n: [w, {x: y}]\n";
        assert_eq!(read(&format!("{good}{harmless}")), Ok(1));
        check(&format!("%YAML 1.2\n---\n{good}"), "directive");
        check(&format!("title: {}", "[".repeat(40)), "deep");
    }
}
