//! The checker of IATI files against the standard's own tests of its rules, its validator's test files, and what donors published.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use bongsu_region::aid::check::{Checked, Checker, Codelists, Ruleset};
use bongsu_region::aid::iati::IatiError;

fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/capacity/iati").join(path)
}

fn files(folder: &str) -> Vec<PathBuf> {
    let all = fs::read_dir(data(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        all.filter(|path| path.extension().is_some_and(|end| end == "xml")).collect();
    files.sort();
    assert!(!files.is_empty(), "{folder}");
    files
}

fn ruleset(path: &str) -> Ruleset {
    Ruleset::read(File::open(data(path)).unwrap()).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn checker(rulesets: Vec<Ruleset>, codelists: Codelists) -> Checker {
    Checker { rulesets, codelists, now: "2026-11-01T00:00:00Z".parse().unwrap() }
}

fn all_codelists() -> Codelists {
    let mut lists = Codelists::default();
    for path in files("codelists").into_iter().chain(files("codelists-embedded")) {
        lists.add(File::open(&path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    lists
}

fn check(checker: &Checker, path: &Path) -> Result<Checked, IatiError> {
    checker.check(File::open(path).unwrap(), &mut || {})
}

/// What rules say of a file; what is found without any is left out.
fn by_rules(checked: &Checked) -> Vec<String> {
    let own = ["outermost", "empty", "twice"];
    checked
        .findings
        .iter()
        .filter(|one| !own.contains(&one.rule.as_str()))
        .map(|one| one.rule.clone())
        .collect()
}

#[test]
fn the_standards_own_tests_of_its_rules_come_out_as_they_should() {
    let check = |rules: &str, file: &str, is_kept: bool| {
        let checker = checker(vec![ruleset(&format!("rules/meta_tests/{rules}.json"))], Codelists::default());
        let checked = check(&checker, &data(&format!("rules/meta_tests/{file}.xml"))).unwrap();
        assert_eq!(by_rules(&checked).is_empty(), is_kept, "{rules} {file}: {:?}", checked.findings);
    };
    check("between_dates", "between_dates_bad", false);
    check("date_now", "date_now_bad", false);
    check("date_now", "empty_activity", true);
    check("date_order", "empty_activity", true);
    check("dependent_title_description", "title", false);
    check("dependent_title_description", "title_description", true);
    check("dependent_title_description", "empty_activity", true);
    check("empty", "empty", true);
    check("empty", "title", true);
    check("forloop", "forloop_bad", false);
    check("forloop", "empty_activity", true);
    check("no_paths", "empty_activity", false);
    check("no_paths", "empty", true);
    check("one_or_all", "one_or_all_currency_all_bad", false);
    check("one_or_all", "one_or_all_currency_bad", false);
    check("one_or_all", "one_or_all_currency_good", true);
    check("one_or_all", "one_or_all_lang_bad", false);
    check("one_or_all", "one_or_all_lang_bad_all", false);
    check("one_or_all", "one_or_all_lang_good", true);
    check("one_or_all", "one_or_all_sector_all_bad", false);
    check("one_or_all", "one_or_all_sector_all_good", true);
    check("only_one_of", "only_one_of_activity_good", true);
    check("only_one_of", "only_one_of_transaction_bad", false);
    check("only_one_of", "only_one_of_transaction_good", true);
    check("period_time", "period_time_bad", false);
    check("range", "range_good", true);
    check("recipient_country", "recipient_country_good", true);
    check("recipient_country", "empty_activity", false);
    check("regex_matches", "title_text", true);
    check("regex_no_matches", "title_text", false);
    check("results_references", "results_refs_bad", false);
    check("results_references", "results_refs_good", true);
    check("sector_percentage_sum", "sector_percentage_sum_bad", false);
    check("starts_with", "identifiers", true);
    check("starts_with", "identifiers_bad", false);
    check("sum", "sum_good", true);
    check("sum", "sum_bad", false);
    check("sum", "empty_activity", true);
    check("time_limit", "time_limit_good", true);
    check("time_limit", "time_limit_bad", false);
    check("title_exists", "title", true);
    check("title_exists", "empty_activity", false);
    check("unique", "title_twice", true);
    check("unique_title_description", "title_twice", false);
    check("unique_title_description", "title", true);
}

/// Those whose own rules are not here are judged by the rule of a whole rule set that they are about.
#[test]
fn what_the_standards_tests_are_about_is_found_by_its_rule_sets() {
    let check = |rules: &str, file: &str, about: &str, is_kept: bool| {
        let checker = checker(vec![ruleset(&format!("rules/rulesets/{rules}.json"))], Codelists::default());
        let checked = check(&checker, &data(&format!("rules/meta_tests/{file}.xml"))).unwrap();
        let found: Vec<String> = by_rules(&checked).into_iter().filter(|rule| rule.contains(about)).collect();
        assert_eq!(found.is_empty(), is_kept, "{rules} {file}: {found:?}");
    };
    check("standard_py", "at_least_one_narrative", "owner-org`, atleast_one", true);
    check("standard_py", "at_least_one_ref", "owner-org`, atleast_one", true);
    check("standard_py", "if_then_bad", "if_then", false);
    check("standard_py", "one_or_all_org_currency_bad", "iati-organisation`, one_or_all", false);
    check("standard_py", "recipient_region_budget_bad", "time_limit", false);
    check("standard_py", "total_expenditure_bad", "time_limit", false);
    for what in ["actual", "target"] {
        let file = |how: &str| format!("results_indicator_period_{what}_value_{how}");
        check("standard_py", &file("bad"), &format!("period/{what}`, atleast_one"), false);
        check("standard_py", &file("good"), &format!("period/{what}`, atleast_one"), true);
    }
    check("standard_py", "results_indicator_period_target_value_not_relevant", "period/target`", true);
    // An activity that is over must have a last day: the eighth case.
    check("dfid", "activity_status_3", "atleast_one 8", false);
    check("dfid", "activity_status_2", "atleast_one 8", true);
    // The sum of two other elements is nobody's rule here: they are no sum of `test`.
    check("standard_py", "sum_two_bad", "`//iati-activity`, sum", true);
}

/// The part of the W3C's schema that the official one asks for: it can't be fetched here.
const XML_XSD: &str = r#"<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/XML/1998/namespace">
<xsd:attribute name="lang" type="xsd:language"/></xsd:schema>"#;

/// Whether files keep to the official schema, by another's engine.
struct Schemas(PathBuf);

impl Schemas {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("bongsu-iati-check-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for name in ["iati-activities-schema.xsd", "iati-organisations-schema.xsd", "iati-common.xsd"] {
            fs::copy(data("schemas").join(name), folder.join(name)).unwrap();
        }
        fs::write(folder.join("xml.xsd"), XML_XSD).unwrap();
        Self(folder)
    }

    fn holds(&self, path: &Path) -> bool {
        let is_of = |name: &str| String::from_utf8_lossy(&fs::read(path).unwrap()).contains(name);
        let name = if is_of("<iati-organisations") { "organisations" } else { "activities" };
        let schema = self.0.join(format!("iati-{name}-schema.xsd"));
        let arguments = ["--nonet", "--noout", "--schema"];
        let output = Command::new("xmllint").args(arguments).arg(schema).arg(path).output().unwrap();
        output.status.success()
    }
}

impl Drop for Schemas {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn told(checked: &Checked) -> String {
    let mut told = Vec::new();
    for (severity, rules) in &checked.counts {
        let rules: Vec<String> = rules.iter().map(|(rule, count)| format!("{rule} ×{count}")).collect();
        told.push(format!("{} {}", severity.name(), rules.join(", ")));
    }
    told.extend(checked.broken.as_ref().map(|why| format!("broken {why}")));
    told.join("; ")
}

#[test]
fn the_validators_files_pass_or_fail_as_they_are_named() {
    let checker = checker(vec![ruleset("rules/rulesets/standard.json")], all_codelists());
    let schemas = Schemas::new();
    let mut lines = Vec::new();
    for path in files("validator") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let is_valid = schemas.holds(&path);
        let (is_right, is_read, told) = match check(&checker, &path) {
            Ok(checked) => (checked.is_right(), checked.broken.is_none(), told(&checked)),
            Err(error) => (false, false, format!("refused {error}")),
        };
        let is = |part: &str| name.contains(part);
        if is("no-errors") || is("identifier-exists") || is("line-endings") {
            // Whether references are found elsewhere is judged by the standard's datastore alone.
            assert!(is_right && is_valid, "{name}: {told}");
        } else if is("xml-errors") || is("not-xml") || is("xlsx") || is("xml-but-not-iati") {
            assert!(!is_read, "{name}: {told}");
        } else if is("-error") || is("codelist") || is("dup") || is("self-closed") || is("root-only") {
            assert!(!is_right && is_read, "{name}: {told}");
        } else if is("no-narrative") || is("no-ns") {
            assert!(!is_valid, "{name}: {told}");
        }
        let schema = if is_valid { "schema kept" } else { "schema broken" };
        lines.push(format!("{name}: {schema}; {told}").trim_end_matches("; ").to_owned());
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn what_donors_published_is_judged_whole() {
    let checker = checker(vec![ruleset("rules/rulesets/standard.json")], all_codelists());
    let mut lines = Vec::new();
    for path in files("real").into_iter().chain(files("examples")) {
        let checked = check(&checker, &path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        lines.push(format!(
            "{name}: version `{}`, {} activities, {} organisations; {}",
            checked.version,
            checked.activities,
            checked.organisations,
            told(&checked)
        ));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn every_rule_set_of_the_standard_is_read() {
    for name in ["standard", "standard_py", "dfid", "example", "ti-fallbacks"] {
        assert!(!ruleset(&format!("rules/rulesets/{name}.json")).is_empty(), "{name}");
    }
    let mut count = 0;
    for entry in fs::read_dir(data("rules/meta_tests")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".json") {
            ruleset(&format!("rules/meta_tests/{name}"));
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
    assert!(all_codelists().len() > 30);
}
