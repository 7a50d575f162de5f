//! Sigma, as far as it takes to tell whether a partner's rules may stand in one stream of documents with others.
//!
//! Source: Sigma specification 2.0, "Structure"; YAML 1.2, chapter 9 (streams of documents).

use saphyr_parser::{Event, Parser};

/// Most events of a text: each scalar, and each beginning and end of a list or mapping, is one.
const EVENTS_MAX: usize = 50_000;
/// How deep lists and mappings may lie in each other.
const DEPTH_MAX: usize = 24;
/// What each rule must say at its top.
const NEEDED: [&str; 3] = ["title", "logsource", "detection"];

/// How many rules a text holds.
///
/// # Errors
/// Why they may not stand in one stream with others.
pub fn read(text: &str) -> Result<usize, String> {
    if text.lines().any(|line| line.starts_with('%')) {
        return Err("a directive would count for other rules as well".to_owned());
    }
    let (mut rules, mut depth, mut events) = (0, 0_usize, 0);
    // At the top of a mapping, keys and values take turns.
    let (mut is_key, mut keys): (bool, Vec<String>) = (true, Vec::new());
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| error.to_string())?;
        let line = span.start.line();
        events += 1;
        if events > EVENTS_MAX {
            return Err(format!("there are more than {EVENTS_MAX} values in it"));
        }
        match event {
            Event::DocumentStart(_) => (is_key, keys) = (true, Vec::new()),
            Event::Alias(_) => return Err(format!("line {line}: an alias repeats what stands elsewhere")),
            Event::Scalar(key, ..) => {
                if depth == 0 {
                    return Err(format!("line {line}: a rule is a mapping, and this is a text"));
                }
                if depth == 1 {
                    if is_key {
                        keys.push(key.into_owned());
                    }
                    is_key = !is_key;
                }
            }
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                if depth == 0 && matches!(event, Event::SequenceStart(..)) {
                    return Err(format!("line {line}: a rule is a mapping, and this is a list"));
                }
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(format!("line {line}: it is more than {DEPTH_MAX} deep"));
                }
            }
            Event::SequenceEnd | Event::MappingEnd => {
                depth = depth.saturating_sub(1);
                match depth {
                    0 => {
                        let lacks = NEEDED.iter().find(|needed| !keys.iter().any(|key| key == *needed));
                        if let Some(lacks) = lacks {
                            return Err(format!("line {line}: the rule has no `{lacks}`"));
                        }
                        rules += 1;
                    }
                    1 => is_key = true,
                    _ => {}
                }
            }
            _ => {}
        }
    }
    if rules == 0 { Err("there is no rule in it".to_owned()) } else { Ok(rules) }
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
        check(&format!("%YAML 1.2\n---\n{good}"), "directive");
        check(&format!("title: {}", "[".repeat(40)), "deep");
    }
}
