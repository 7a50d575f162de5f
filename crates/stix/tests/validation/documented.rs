//! The page for people and the rules in the code say the same.

use std::collections::BTreeSet;

use bongsu_stix::Severity;
use bongsu_stix::validate::CODES;

#[test]
fn the_page_has_each_rule_with_what_the_code_says_of_it() {
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/validation.md")).unwrap();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    let expected: Vec<String> = CODES
        .iter()
        .map(|code| {
            let severity = if code.severity == Severity::Error { "error" } else { "warning" };
            let reference = code.reference.map_or_else(String::new, |number| number.to_string());
            format!("| `{}` | {severity} | {} | {reference} | {} |", code.name, code.section, code.says)
        })
        .collect();
    assert_eq!(rows, expected, "docs/validation.md: the table should be\n{}", expected.join("\n"));
}

#[test]
fn codes_are_one_word_each_and_none_stands_twice() {
    let names: BTreeSet<&str> = CODES.iter().map(|code| code.name).collect();
    assert_eq!(names.len(), CODES.len());
    for code in CODES {
        assert!(
            code.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte)),
            "{}",
            code.name
        );
        assert!(code.says.ends_with('.') && !code.section.is_empty());
        assert!(
            code.severity == Severity::Warning || code.reference.is_none(),
            "{} has no number there",
            code.name
        );
    }
}
