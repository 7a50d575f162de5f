//! Files that donors really published, read whole, and counted by another reader too.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bongsu_region::aid::iati::{Item, Report, read};

fn data(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/capacity/iati").join(folder)
}

fn files(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(data(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "xml"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{folder}");
    files
}

/// What a file tells, counted.
fn counted(path: &Path) -> (BTreeMap<&'static str, usize>, Report) {
    let mut counts = BTreeMap::new();
    let mut add = |what, count: usize| *counts.entry(what).or_insert(0) += count;
    let report = read(fs::File::open(path).unwrap(), &mut |item| match item {
        Item::Activity(activity) => {
            add("activities", 1);
            add("identifiers", usize::from(!activity.identifier.is_empty()));
            add("sectors", activity.sectors.len());
            add("countries", activity.countries.len());
            add("results", activity.results.len());
            add("indicators", activity.results.iter().map(|result| result.indicators.len()).sum());
            add("participants", activity.participants.len());
            add("markers", activity.markers.len());
            add("tags", activity.tags.len());
        }
        Item::Publisher(_) => add("organisations", 1),
    })
    .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    (counts, report)
}

/// The same by the paths of Python's own library.
const BY_XPATH: &str = r"
import sys, xml.etree.ElementTree as E
root = E.parse(sys.argv[1]).getroot()
at = [root] if root.tag == 'iati-activity' else root.findall('iati-activity')
def count(path): return sum(len(a.findall(path)) for a in at)
print('activities', len(at))
print('identifiers', sum(1 for a in at if (a.findtext('iati-identifier') or '').strip()))
print('sectors', count('sector'))
print('countries', count('recipient-country'))
print('results', count('result'))
print('indicators', count('result/indicator'))
print('participants', count('participating-org'))
print('markers', count('policy-marker'))
print('tags', count('tag'))
print('organisations', len(root.findall('iati-organisation')))
";

fn by_xpath(path: &Path) -> BTreeMap<String, usize> {
    let output = Command::new("python3").arg("-c").arg(BY_XPATH).arg(path).output().unwrap();
    assert!(output.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| {
            let (what, count) = line.split_once(' ').unwrap();
            (what.to_owned(), count.parse().unwrap())
        })
        .collect()
}

#[test]
fn counts_agree_with_another_reader() {
    let (mut activities, mut organisations) = (0, 0);
    for path in files("real").into_iter().chain(files("examples")) {
        let (counts, report) = counted(&path);
        assert_eq!(report.broken, None, "{}", path.display());
        for (what, count) in by_xpath(&path) {
            let counted = counts.get(what.as_str()).copied().unwrap_or(0);
            assert_eq!(counted, count, "{what} of {}", path.display());
        }
        activities += report.activities;
        organisations += report.organisations;
    }
    assert!(activities > 100 && organisations > 0, "{activities} {organisations}");
}

#[test]
fn the_real_activity_of_korea_is_told() {
    let mut told = Vec::new();
    let file = fs::File::open(data("real/koica-one-activity.xml")).unwrap();
    let report = read(file, &mut |item| told.push(item)).unwrap();
    let [Item::Activity(activity)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(activity.identifier, "KR-GOV-010-KR-GOV-051-2023010103248");
    assert_eq!(activity.reporting.reference, "KR-GOV-010");
    let budget = &activity.budgets[0].value;
    assert_eq!((budget.amount.to_string().as_str(), budget.currency.as_str()), ("5160000000", "KRW"));
    assert_eq!(budget.date.unwrap().to_string(), "2025-06-30");
    assert_eq!(activity.transactions[0].kind, "1");
    assert_eq!((report.version.as_str(), report.faulty), ("2.02", 0));
}

#[test]
fn the_validators_files_are_read_or_refused_with_a_reason() {
    let mut refused = Vec::new();
    for path in files("validator") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        match read(fs::File::open(&path).unwrap(), &mut |_| {}) {
            Ok(Report { broken: Some(why), .. }) => refused.push(format!("{name}: {why}")),
            Ok(_) => {}
            Err(error) => refused.push(format!("{name}: {error}")),
        }
    }
    insta::assert_snapshot!(refused.join("\n"), @r"
    iati-act-xml-errors.xml: at byte 222: ill-formed document: expected `</reporting-org>`, but `</not-reporting-org>` was found
    iati-org-xml-errors.xml: at byte 550: ill-formed document: expected `</reporting-org>`, but `</not-reporting-org>` was found
    not-xml.xml: it is no XML: there is no element in it
    xlsx-spreadsheet-with-extension.xml: at byte 0: cannot decode input using UTF-8: invalid utf-8 sequence of 1 bytes from index 11
    xml-but-not-iati.xml: it is no file by the IATI standard: its outermost element is <tag>, not <iati-activities> or <iati-organisations>
    ");
}
