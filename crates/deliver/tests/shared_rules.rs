//! Real rules of the field, read as a partner would share them.

use std::path::{Path, PathBuf};

use bongsu_deliver::rules::{sigma, signature, yara::Yara};

fn shared(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/detect")).join(path)
}

/// All files below a folder whose names end so, in order.
fn files(folder: &Path, end: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, end));
        } else if path.to_str().unwrap().ends_with(end) {
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            found.push((path, text));
        }
    }
    found.sort();
    found
}

fn held<T>(files: &[(PathBuf, String)], read: impl Fn(&str) -> Result<T, String>) -> Vec<String> {
    let held =
        files.iter().filter_map(|(path, text)| Some(format!("{}: {}", path.display(), read(text).err()?)));
    held.collect()
}

#[test]
fn published_yara_rules_may_stand_in_one_file() {
    let files = files(&shared("yara"), ".yar");
    assert!(files.len() >= 10);
    let held = held(&files, |text| Yara::read(text).map(|_| ()));
    // It asks for a variable that a scanner of its authors sets.
    assert!(held.len() == 1 && held[0].contains("`extension` is nothing that YARA knows"), "{held:?}");
}

#[test]
fn published_sigma_rules_may_stand_in_one_stream() {
    let files = files(&shared("sigma"), ".yml");
    assert!(files.len() >= 30);
    assert_eq!(held(&files, sigma::read), Vec::<String>::new());
}

#[test]
fn published_signatures_are_taken_or_held_for_a_reason() {
    let files = files(&shared("suricata"), ".rules");
    let rules: Vec<(PathBuf, String)> = files
        .iter()
        .flat_map(|(path, text)| text.lines().map(|line| (path.clone(), line.to_owned())))
        .filter(|(_, line)| line.trim_start().starts_with("alert "))
        .collect();
    let held = held(&rules, signature::read);
    assert!(rules.len() >= 1_000);
    let (beside, acting): (Vec<&String>, _) =
        held.iter().partition(|why| why.ends_with("`dataset` needs what is not in the rule"));
    assert_eq!(beside.len(), 9, "{held:#?}");
    assert!(acting.len() == 1 && acting[0].ends_with("`filestore` does more than alert"), "{held:#?}");
}
