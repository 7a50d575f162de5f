//! What the table of OWASP's ASVS in the documentation is held to: each requirement of levels 1 and 2 is there once, says how it
//! stands, and each test that it names is in the tree.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The requirements of level 1. Source: OWASP Application Security Verification Standard 5.0.0.
const FIRST: &str = "1.2.1 1.2.2 1.2.3 1.2.4 1.2.5 1.3.1 1.3.2 1.5.1 2.1.1 2.2.1 2.2.2 2.3.1 3.2.1 3.2.2 3.3.1 3.4.1 3.4.2 3.5.1 3.5.2 \
    3.5.3 4.1.1 4.4.1 5.2.1 5.2.2 5.3.1 5.3.2 6.1.1 6.2.1 6.2.2 6.2.3 6.2.4 6.2.5 6.2.6 6.2.7 6.2.8 6.3.1 6.3.2 6.4.1 \
    6.4.2 7.2.1 7.2.2 7.2.3 7.2.4 7.4.1 7.4.2 8.1.1 8.2.1 8.2.2 8.3.1 9.1.1 9.1.2 9.1.3 9.2.1 10.4.1 10.4.2 10.4.3 10.4.4 \
    10.4.5 11.3.1 11.3.2 11.4.1 12.1.1 12.2.1 12.2.2 13.4.1 14.2.1 14.3.1 15.1.1 15.2.1 15.3.1";
/// Those that level 2 adds.
const SECOND: &str = "1.1.1 1.1.2 1.2.6 1.2.7 1.2.8 1.2.9 1.3.3 1.3.4 1.3.5 1.3.6 1.3.7 1.3.8 1.3.9 1.3.10 1.3.11 1.4.1 1.4.2 1.4.3 1.5.2 \
    2.1.2 2.1.3 2.2.3 2.3.2 2.3.3 2.3.4 2.4.1 3.3.2 3.3.3 3.3.4 3.4.3 3.4.4 3.4.5 3.4.6 3.5.4 3.5.5 3.7.1 3.7.2 4.1.2 \
    4.1.3 4.2.1 4.3.1 4.3.2 4.4.2 4.4.3 4.4.4 5.1.1 5.2.3 5.4.1 5.4.2 5.4.3 6.1.2 6.1.3 6.2.9 6.2.10 6.2.11 6.2.12 6.3.3 \
    6.3.4 6.4.3 6.4.4 6.5.1 6.5.2 6.5.3 6.5.4 6.5.5 6.6.1 6.6.2 6.6.3 6.8.1 6.8.2 6.8.3 6.8.4 7.1.1 7.1.2 7.1.3 7.3.1 \
    7.3.2 7.4.3 7.4.4 7.4.5 7.5.1 7.5.2 7.6.1 7.6.2 8.1.2 8.2.3 8.4.1 9.2.2 9.2.3 9.2.4 10.1.1 10.1.2 10.2.1 10.2.2 10.3.1 \
    10.3.2 10.3.3 10.3.4 10.4.6 10.4.7 10.4.8 10.4.9 10.4.10 10.4.11 10.5.1 10.5.2 10.5.3 10.5.4 10.5.5 10.6.1 10.6.2 \
    10.7.1 10.7.2 10.7.3 11.1.1 11.1.2 11.2.1 11.2.2 11.2.3 11.3.3 11.4.2 11.4.3 11.4.4 11.5.1 11.6.1 12.1.2 12.1.3 12.3.1 \
    12.3.2 12.3.3 12.3.4 13.1.1 13.2.1 13.2.2 13.2.3 13.2.4 13.2.5 13.3.1 13.3.2 13.4.2 13.4.3 13.4.4 13.4.5 14.1.1 14.1.2 \
    14.2.2 14.2.3 14.2.4 14.3.2 14.3.3 15.1.2 15.1.3 15.2.2 15.2.3 15.3.2 15.3.3 15.3.4 15.3.5 15.3.6 15.3.7 16.1.1 16.2.1 \
    16.2.2 16.2.3 16.2.4 16.2.5 16.3.1 16.3.2 16.3.3 16.3.4 16.4.1 16.4.2 16.4.3 16.5.1 16.5.2 16.5.3 17.1.1 17.2.1 17.2.2 \
    17.2.3 17.2.4 17.3.1 17.3.2";

const TABLE: &str = "docs/asvs.md";
const STATES: [&str; 3] = ["held", "open", "n/a"];

/// Checks the table, and the tests that it and the list of attacks name, among `files`.
pub(crate) fn check(root: &Path, files: &[PathBuf], faults: &mut Vec<String>) -> Result<()> {
    let text = std::fs::read_to_string(root.join(TABLE)).context(TABLE)?;
    faults.extend(rows(&text));
    for page in [TABLE, "docs/attacks.md"] {
        let text = std::fs::read_to_string(root.join(page)).context(page)?;
        for (file, test) in tests(&text) {
            let is_it = |path: &&PathBuf| path.ends_with(file);
            let found = files.iter().find(is_it).map(std::fs::read_to_string).transpose()?;
            if !found.is_some_and(|source| source.contains(&format!("fn {test}("))) {
                faults.push(format!("{page} names the test {file}::{test}, which is not there"));
            }
        }
    }
    Ok(())
}

/// What is wrong with the rows of the table.
fn rows(text: &str) -> Vec<String> {
    let levels = [(FIRST, "1"), (SECOND, "2")];
    let named = levels.iter().flat_map(|(ids, level)| ids.split_whitespace().map(|id| (id, *level)));
    let mut wanted: BTreeMap<&str, &str> = named.collect();
    let mut faults = Vec::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, id, level, _, state, how, tests, _] = cells[..] else { continue };
        if !id.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        if wanted.remove(id) != Some(level) {
            faults.push(format!("{TABLE}: {id} is there twice, or is no requirement of level {level}"));
        }
        if !STATES.contains(&state) || how.is_empty() {
            faults.push(format!("{TABLE}: {id} does not say how it stands"));
        }
        if state == "n/a" && !tests.is_empty() {
            faults.push(format!("{TABLE}: {id} has a test and does not apply"));
        }
    }
    faults.extend(wanted.keys().map(|id| format!("{TABLE}: {id} is not there")));
    faults
}

/// The tests that a page names: the end of a file's path, and the function.
fn tests(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter_map(|word| word.split_once("::")).filter(|(file, _)| file.ends_with(".rs"))
}

#[cfg(test)]
mod tests {
    use super::{FIRST, SECOND, rows, tests};

    #[test]
    fn a_table_has_each_requirement_once_with_its_state() {
        let row = |level: &str, id: &str, state: &str| {
            format!("| {id} | {level} | short | {state} | because | `a/b.rs::c` |\n")
        };
        let all = |ids: &str, level: &str| {
            ids.split_whitespace().map(|id| row(level, id, "held")).collect::<String>()
        };
        let whole = all(FIRST, "1") + &all(SECOND, "2");
        assert_eq!(rows(&whole), Vec::<String>::new());
        assert_eq!(FIRST.split_whitespace().count() + SECOND.split_whitespace().count(), 253);
        for (change, count) in [
            (whole.replacen("| 1.1.1 | 2", "| 1.1.1 | 1", 1), 1),
            (whole.replacen("| 1.2.1 ", "| 1.2.2 ", 1), 2),
            (whole.replacen("held", "perhaps", 1), 1),
            (whole.replacen("held", "n/a", 1), 1),
            (whole.replacen("because", "", 1), 1),
            (format!("{whole}{}", row("1", "9.9.9", "held")), 1),
        ] {
            assert_eq!(rows(&change).len(), count, "{:?}", rows(&change));
        }
    }

    #[test]
    fn tests_are_what_stands_between_backticks() {
        let found: Vec<_> = tests("see `a/b.rs::c`, `d`, `e::f` and `g.rs::h`.").collect();
        assert_eq!(found, [("a/b.rs", "c"), ("g.rs", "h")]);
    }
}
