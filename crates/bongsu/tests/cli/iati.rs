//! `bongsu region check` on files by the IATI standard; no node is there.

use std::io::Write as _;

use crate::shell::Shell;
use serde_json::Value;

const RULES: &str = r#"{"/iati-activities/iati-activity": {
  "strict_sum": {"cases": [{"condition": "count(sector) > 1", "paths": ["sector/@percentage"], "sum": 100,
    "ruleInfo": {"id": "2.1.2", "severity": "error", "message": "Percentages of sectors must add up to 100."}}]},
  "startswith": {"cases": [{"prefix": ["ORG-ID-PREFIX"], "paths": ["reporting-org/@ref"], "ruleInfo": {"id": "1.14.8"}}]},
  "no_spaces": {"cases": [{"paths": ["iati-identifier"], "ruleInfo": {"id": "1.3.1", "severity": "warning"}}]}}}"#;
const STATUS: &str = r#"<codelist name="ActivityStatus" embedded="1"><codelist-items><codelist-item><code>2</code></codelist-item></codelist-items></codelist>"#;
const BAD: &str = r#"<iati-activities version="2.03"><iati-activity><iati-identifier> KR-1 </iati-identifier><activity-status code="9"/>
<sector code="1" percentage="50"/><sector code="2" percentage="60"/></iati-activity></iati-activities>"#;

#[test]
fn files_are_judged_by_rules_and_lists_that_are_named() {
    let shell = Shell::empty();
    let good = BAD.replace(" KR-1 ", "KR-1").replace("\"60\"", "\"50\"").replace("\"9\"", "\"2\"");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(good.as_bytes()).unwrap();
    let (rules, lists) = (shell.file("rules.json", RULES), shell.file("status.xml", STATUS));
    let (bad, good) = (shell.file("bad.xml", BAD), shell.file("good.xml.gz", packed.finish().unwrap()));
    let judged = ["region", "check", "--ruleset", &rules, "--codelists", &lists];
    let said = shell.ok(&[&judged[..], &[&good]].concat());
    assert!(said.contains("version 2.03, 1 part: right"), "{said}");
    let ended = shell.run(&[&judged[..], &[&bad, &good]].concat());
    assert_eq!(ended.code, 3, "{}{}", ended.out, ended.err);
    insta::assert_snapshot!(ended.out.replace(shell.path("").to_str().unwrap(), "DIR/"));
    let ended = shell.run(&[&["--json"], &judged[..], &[&bad]].concat());
    assert_eq!(ended.code, 3);
    let answer: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(answer["right"], false);
    assert_eq!(answer["files"][0]["checked"]["counts"]["error"]["2.1.2"], 1);
}

#[test]
fn rules_that_can_not_be_read_are_named() {
    let shell = Shell::empty();
    let rules = shell.file("rules.json", RULES.replace("count(sector)", "last(sector)"));
    let ended = shell.run(&["region", "check", "--ruleset", &rules, &shell.file("bad.xml", BAD)]);
    assert_eq!(ended.code, 2, "{}{}", ended.out, ended.err);
    assert!(ended.err.contains("strict_sum 1") && ended.err.contains("function `last`"), "{}", ended.err);
}
