//! Tests that pages and worlds name are in the tree.

use std::path::{Path, PathBuf};

use crate::page::{pages, root};
use crate::world::{Names, World, described};

/// What a text names as tests: the end of a file's path, and the function.
fn tests(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter_map(|word| word.split_once("::")).filter(|(file, _)| file.ends_with(".rs"))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn tests_that_are_named_are_there() {
    let mut files = Vec::new();
    for folder in ["crates", "xtask"] {
        sources(&root().join(folder), &mut files);
    }
    let is_there = |file: &str, test: &str| {
        let mut found = files.iter().filter(|path| path.ends_with(file));
        found.any(|path| std::fs::read_to_string(path).unwrap().contains(&format!("fn {test}(")))
    };
    let mut faults = Vec::new();
    let mut looked_up = 0;
    for page in pages() {
        for (file, test) in tests(&page.text) {
            looked_up += 1;
            if !is_there(file, test) {
                faults.push(format!("{} names {file}::{test}", page.name));
            }
        }
        if described(&page.name).is_none() {
            continue;
        }
        let world = World::read(&page.name, &Names { folder: "W".to_owned(), http: 1, dns: 2 });
        for named in world.not_run.iter().filter_map(|one| one.test.as_ref()) {
            let (file, test) = named.split_once("::").unwrap_or((named, ""));
            if !is_there(file, test) {
                faults.push(format!("the world of {} names {named}", page.name));
            }
        }
    }
    assert!(faults.is_empty(), "tests that are not there:\n{}", faults.join("\n"));
    assert!(looked_up > 200, "pages name tests: {looked_up}");
}
