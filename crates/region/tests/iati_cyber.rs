//! How often the rules that find projects about cyber security are right, on what people labelled.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use bongsu_region::aid::activity::{Activity, Text};
use bongsu_region::aid::cyber::{Certainty, find};
use bongsu_region::aid::iati::{Item, read};

fn real() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/capacity/iati/real")
}

fn activities(path: &Path) -> Vec<Activity> {
    let mut bytes = Vec::new();
    if path.extension().is_some_and(|ending| ending == "gz") {
        bytes = Command::new("gzip").arg("-dc").arg(path).output().unwrap().stdout;
    } else {
        fs::File::open(path).unwrap().read_to_end(&mut bytes).unwrap();
    }
    let mut activities = Vec::new();
    read(bytes.as_slice(), &mut |item| {
        if let Item::Activity(activity) = item {
            activities.push(activity);
        }
    })
    .unwrap();
    activities
}

/// Activities that donors published. The titles of all were read, and the descriptions looked through for words of information
/// technology: roads, health, food, schools, shelter, budgets; nothing about cyber security. The nearest are hard ones: an emergency telecommunications cluster with Internet
/// cafés, a food security information system, computers for a tax office, a camp in "ZoneCyber".
#[test]
fn nothing_is_found_where_nothing_is() {
    let (mut seen, mut found) = (0, Vec::new());
    let mut files: Vec<PathBuf> = fs::read_dir(real()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for path in
        files.iter().filter(|path| path.extension().is_some_and(|ending| ending == "xml" || ending == "gz"))
    {
        for (at, activity) in activities(path).iter().enumerate() {
            seen += 1;
            if let Some(why) = find(activity) {
                found.push(format!("{} {at}: {:?}", path.display(), why.reasons));
            }
        }
    }
    assert_eq!(seen, 475);
    assert!(found.is_empty(), "{seen}: {found:#?}");
}

/// Titles with labels: see the file's head.
const LABELLED: &str = include_str!("cyber_labelled.tsv");

#[test]
fn the_rules_are_as_often_right_as_the_docs_say() {
    let (mut right, mut missed, mut wrong, mut passed) = (0, Vec::new(), Vec::new(), 0);
    for line in LABELLED.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let [label, code, title] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let activity = Activity {
            title: vec![Text { language: None, text: title.to_owned() }],
            sectors: vec![bongsu_region::aid::activity::Share {
                vocabulary: "1".into(),
                code: code.into(),
                percentage: None,
                names: Vec::new(),
            }],
            ..Activity::default()
        };
        match (label, find(&activity).map(|found| found.certainty)) {
            ("yes", Some(Certainty::Sure)) => right += 1,
            ("yes", _) => missed.push(title),
            ("no", Some(Certainty::Sure)) => wrong.push(title),
            ("no", _) => passed += 1,
            _ => panic!("{line}"),
        }
    }
    insta::assert_snapshot!(
        format!("right {right}\nmissed {missed:#?}\nwrong {wrong:#?}\npassed {passed}"),
        @r#"
    right 31
    missed [
        "Pacific network of CERTs",
        "Strengthening of CERT-LK",
        "Combating online threats to elections",
        "Trusted networks for government services",
    ]
    wrong [
        "Cyber pedagogy for distance learning",
        "Business hacking: a start-up contest",
    ]
    passed 22
    "#
    );
}
