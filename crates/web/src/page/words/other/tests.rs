//! The tables hold what the pages of the level `read` say, and nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use policy::{Cause, Deed, Level, Right, Role, SignatureState};
use region::contact::{Function, Way};
use watch::Kind;

use super::super::templates::said;
use super::{FRENCH, INDONESIAN, Texts, VIETNAMESE, of};

const TABLES: [(&str, Texts); 3] = [("fr", FRENCH), ("id", INDONESIAN), ("vi", VIETNAMESE)];

/// The pages that a member of the level `read` opens, and what stands on them.
const TEMPLATES: &[&str] = &[
    "account", "base", "being", "circle", "circles", "codes", "contacts", "display", "error", "ladder",
    "log_in", "member", "morning", "objects", "recovery", "results", "screen", "welcome",
];
/// What makes them.
const SOURCES: &[&str] = &[
    "auth/refusal",
    "page/account",
    "page/circles",
    "page/contacts",
    "page/display",
    "page/find",
    "page/ladder/mod",
    "page/log_in",
    "page/member",
    "page/mod",
    "page/morning",
    "page/oidc",
    "page/passkeys",
    "page/rooms",
    "page/screen",
    "page/words",
    "page/words/circles",
    "page/words/contacts",
    "page/words/people",
    "page/words/screening",
];
/// Where other rooms have the English of what is said.
const ROOMS: &[&str] = &[
    "deliver/src/screening",
    "policy/src",
    "region/src/contact",
    "watch/src/index",
    "watch/src/index.rs",
    "watch/src/names",
    "watch/src/value.rs",
];

fn web() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn is_korean(text: &str) -> bool {
    text.contains(|c: char| ('가'..='힣').contains(&c))
}

/// The literals of Rust code, each with what stands before it since the last.
fn literals(code: &str) -> Vec<(String, String)> {
    let (mut found, mut between) = (Vec::new(), String::new());
    let mut rest = code.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '/' if rest.peek() == Some(&'/') => while rest.next().is_some_and(|c| c != '\n') {},
            '\'' => {
                let mut ahead = rest.clone();
                match (ahead.next(), ahead.next()) {
                    (Some('\\'), _) => {
                        rest.nth(1);
                        while rest.next().is_some_and(|c| c != '\'') {}
                    }
                    (_, Some('\'')) => {
                        rest.nth(1);
                    }
                    _ => {}
                }
            }
            '"' => {
                let mut text = String::new();
                while let Some(c) = rest.next().filter(|c| *c != '"') {
                    match (c, if c == '\\' { rest.next() } else { None }) {
                        ('\\', Some('\n')) => while rest.next_if(|c| c.is_whitespace()).is_some() {},
                        ('\\', Some('n')) => text.push('\n'),
                        ('\\', Some(c)) | (c, _) => text.push(c),
                    }
                }
                found.push((std::mem::take(&mut between), text));
            }
            c => between.push(c),
        }
    }
    found
}

/// The texts of Rust code that stand before their Korean: one, or one and several.
fn before_korean(code: &str) -> Vec<String> {
    let (mut all, mut row) = (Vec::new(), Vec::new());
    for (between, text) in literals(code) {
        let between = between.trim();
        if between != "," && !between.ends_with("let korean =") {
            row.clear();
        }
        match is_korean(&text) {
            true => all.append(&mut row),
            false if !text.is_empty() && !text.starts_with('/') => row.push(text),
            false => {}
        }
    }
    all
}

/// What the pages say in English.
fn texts() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for name in TEMPLATES {
        let template = fs::read_to_string(web().join(format!("templates/{name}.html"))).unwrap();
        all.extend(said(&template).into_iter().map(|(english, _)| english.to_owned()));
    }
    for name in SOURCES {
        let code = fs::read_to_string(web().join(format!("src/{name}.rs"))).unwrap();
        let found = before_korean(code.split("#[cfg(test)]\nmod tests").next().unwrap());
        assert!(!found.is_empty(), "{name} says something");
        all.extend(found);
    }
    // What other rooms call things, which stands with its Korean nowhere.
    all.extend(Role::ALL.map(Role::name).map(str::to_owned));
    all.extend(Right::ALL.map(Right::name).map(str::to_owned));
    all.extend(SignatureState::ALL.map(SignatureState::name).map(str::to_owned));
    all.extend(Deed::ALL.map(Deed::name).map(str::to_owned));
    all.extend(Way::ALL.map(Way::name).map(str::to_owned));
    all.extend(Function::ALL.map(Function::words).map(str::to_owned));
    all.extend(Kind::ALL.map(Kind::as_str).map(str::to_owned));
    let causes = [Cause::Calm, Cause::News, Cause::Incident, Cause::High, Cause::Critical, Cause::Seen(1)];
    all.extend(causes.map(|cause| cause.sentence()));
    all.remove("");
    all
}

/// All code and templates under a path, as one text without the ends of lines that literals pass over.
fn code(at: &Path) -> String {
    if at.ends_with("other") {
        return String::new();
    }
    if at.is_dir() {
        return fs::read_dir(at).unwrap().map(|entry| code(&entry.unwrap().path())).collect();
    }
    let mut parts = fs::read_to_string(at).unwrap_or_default();
    parts = parts.split("\\\n").map(str::trim_start).collect();
    parts
}

#[test]
fn every_text_of_these_pages_is_said_in_every_language() {
    let texts = texts();
    assert!(texts.len() > 400, "{} texts are found", texts.len());
    let mut faults = Vec::new();
    for (tag, table) in TABLES {
        let lacks = texts.iter().filter(|english| of(table, english).is_none());
        faults.extend(lacks.map(|english| format!("{tag}: {english:?} is not said")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_table_has_nothing_that_nobody_says() {
    let places = ["src", "templates"].map(|place| web().join(place)).into_iter();
    let rooms = ROOMS.iter().map(|room| web().join("..").join(room)).filter(|room| room.exists());
    let all: String = places.chain(rooms).map(|place| code(&place)).collect();
    let nobodys = FRENCH.iter().filter(|(english, _)| !all.contains(&format!("\"{english}\"")));
    let nobodys: Vec<&str> = nobodys.map(|(english, _)| *english).collect();
    assert!(nobodys.is_empty(), "nobody says: {nobodys:#?}");
}

#[test]
fn tables_say_the_same_in_order() {
    for (tag, table) in TABLES {
        assert!(table.is_sorted_by(|a, b| a.0 < b.0), "{tag} is in the order of its English");
        assert!(
            table.iter().map(|row| row.0).eq(FRENCH.iter().map(|row| row.0)),
            "{tag} lacks nothing of fr"
        );
        for (english, text) in table {
            assert!(!text.trim().is_empty() && !is_korean(text), "{tag}: {english}");
            let places = |text: &str| text.matches('{').count();
            assert_eq!(places(english), places(text), "{tag}: {english}: {text}");
        }
    }
    assert_eq!(of(FRENCH, "Today"), Some("Aujourd’hui"));
    assert_eq!(FRENCH.iter().filter(|(english, text)| of(FRENCH, english) != Some(*text)).count(), 0);
    assert_eq!(
        (of(FRENCH, ""), of(FRENCH, "Tod"), of(FRENCH, "zz"), of(&[], "Today")),
        (None, None, None, None)
    );
}

#[test]
fn texts_before_their_korean_are_found() {
    let code = r#"say("a\"b", "가"); ('"', '\''); let english = "one \
        line"; let korean = "나"; // "x", "다"
        counted(viewer, 2, "{} x", "{} xs", "{}개"); ("/path", "Door", "문", To::All); f("no", x, "라")"#;
    assert_eq!(before_korean(code), ["a\"b", "one line", "{} x", "{} xs", "Door"]);
}

#[test]
fn what_a_level_does_is_said_in_every_language() {
    use super::super::super::view::{Language, View};
    for language in [Language::French, Language::Indonesian, Language::Vietnamese] {
        let view = View { language, ..View::default() };
        for level in Level::ALL {
            let said = super::super::does(&view, level);
            assert_ne!(said, super::super::does(&View::default(), level));
        }
    }
}
