//! The documentation held to the program: each command on its pages is run in a world of the page's own, or says why it can't be;
//! JSON is JSON, links lead somewhere, tests that are named are there, and the table of keys is that of the configuration.
//!
//! That each call of `bongsu` can be typed, and each configuration read, is tested inside the program (`cli::handbook`).
//! `worlds/NAME.toml` beside this file has the world of a page; `world` says how it is written.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that fails says so by panicking"
)]

mod json;
mod links;
mod named;
mod page;
mod run;
mod statement;
mod world;

use std::collections::BTreeSet;

/// One test for each page with commands.
macro_rules! pages {
    ($($name:ident: $page:literal,)*) => {
        $(
            #[test]
            fn $name() {
                run::run($page);
            }
        )*
        const PAGES: &[&str] = &[$($page),*];
    };
}

pages! {
    readme: "README.md",
    administrator: "docs/administrator.md",
    aid: "docs/aid.md",
    analyst: "docs/analyst.md",
    cluster: "docs/cluster.md",
    compliance: "docs/compliance.md",
    confidence: "docs/confidence.md",
    contacts: "docs/contacts.md",
    federation: "docs/federation.md",
    fires: "docs/fires.md",
    formats: "docs/formats.md",
    four_eyes: "docs/four-eyes.md",
    fuzzing: "docs/fuzzing.md",
    hunting: "docs/hunting.md",
    install: "docs/install.md",
    levels: "docs/levels.md",
    no_leaks: "docs/no-leaks.md",
    offline: "docs/offline.md",
    operate: "docs/operate.md",
    patterns: "docs/patterns.md",
    people: "docs/people.md",
    personas: "docs/personas.md",
    privacy: "docs/privacy.md",
    private_screening: "docs/private-screening.md",
    programme: "docs/programme.md",
    push: "docs/push.md",
    receipts: "docs/receipts.md",
    region: "docs/region.md",
    screening: "docs/screening.md",
    search: "docs/search.md",
    signatures: "docs/signatures.md",
    sources: "docs/sources.md",
    taxii: "docs/taxii.md",
    tracing: "docs/tracing.md",
    transparency: "docs/transparency.md",
    validation: "docs/validation.md",
}

#[test]
fn every_page_with_commands_is_run() {
    let pages = page::pages();
    let with_commands = pages.iter().filter(|page| !statement::statements(page).is_empty());
    let with_commands: BTreeSet<&str> = with_commands.map(|page| page.name.as_str()).collect();
    assert_eq!(with_commands, PAGES.iter().copied().collect(), "the list of pages in tests/handbook/main.rs");
    let worlds = std::fs::read_dir(page::root().join("crates/bongsu/tests/handbook/worlds")).unwrap();
    assert_eq!(worlds.count(), PAGES.len(), "one world for each page");
}

/// Code that begins with the name of a program, and is not taken for commands, would never be run.
#[test]
fn no_command_is_taken_for_something_else() {
    let path = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"].map(std::path::Path::new);
    let mut faults = Vec::new();
    for page in page::pages() {
        for part in page.parts().iter().filter(|part| part.kind == page::Kind::Other) {
            let word = part.lines[0].split_whitespace().next().unwrap_or_default();
            let is_one = !word.is_empty()
                && !word.contains('/')
                && path.iter().any(|folder| folder.join(word).is_file());
            // Words of other languages that are programs somewhere.
            if is_one && !matches!(word, "import" | "from" | "server" | "time" | "key") {
                faults.push(format!("{}:{}: {}", page.name, part.line, part.lines[0]));
            }
        }
    }
    assert!(faults.is_empty(), "name these programs in page::PROGRAMS:\n{}", faults.join("\n"));
}

/// Each key of the table in docs/operate.md is in the file that `bongsu init` writes, and each section of that file is in the table
/// or has a page of its own.
#[test]
fn the_table_of_keys_is_that_of_the_configuration() {
    let template =
        std::fs::read_to_string(page::root().join("crates/bongsu/src/config/template.toml")).unwrap();
    let mut section = String::new();
    let mut keys = BTreeSet::new();
    for line in template.lines().map(|line| line.trim_start_matches("# ")) {
        if let Some(name) =
            line.strip_prefix('[').and_then(|line| line.trim_start_matches('[').split(']').next())
        {
            name.clone_into(&mut section);
        } else if let Some((key, _)) = line.split_once(" = ").filter(|(key, _)| !key.contains(' ')) {
            keys.insert(format!("{section}.{key}"));
        }
    }
    let operate = page::Page::read("docs/operate.md");
    let mut shown = BTreeSet::new();
    let prose = operate.prose();
    let section = prose.iter().skip_while(|(_, line)| *line != "## Configure").skip(1);
    for (_, line) in section.take_while(|(_, line)| !line.starts_with("## ")) {
        let Some(cell) = line.strip_prefix("| `").and_then(|line| line.split('|').next()) else { continue };
        let words = cell.split('`').filter(|word| word.contains('.') && !word.contains(' '));
        shown.extend(
            words
                .map(str::to_owned)
                .filter(|word| keys.iter().any(|key| key.split('.').next() == word.split('.').next())),
        );
    }
    let of_a_kind = |key: &String| key.starts_with("guard.decay.") || key == "guard.off";
    let unknown: Vec<_> = shown.iter().filter(|key| !keys.contains(*key) && !of_a_kind(key)).collect();
    assert!(unknown.is_empty(), "docs/operate.md has keys that are none: {unknown:?}");
    let elsewhere: String = page::pages().into_iter().map(|page| page.text).collect();
    let missing: Vec<_> = keys
        .iter()
        .filter(|key| !shown.contains(*key))
        .filter(|key| key.rsplit('.').next().is_none_or(|word| !elsewhere.contains(word)))
        .collect();
    assert!(missing.is_empty(), "keys of which no page speaks: {missing:?}");
}
