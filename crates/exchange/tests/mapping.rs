//! Feeds that follow nobody's custom, read by a mapping file.

use std::sync::Arc;

use bongsu_exchange::read::{Batch, Format, Mapping, MappingError, Options, read_all};
use serde_json::Value;
use stix::{Timestamp, Tlp};

fn import(mapping: &str, text: &str) -> Batch {
    let mapping = Some(Arc::new(Mapping::parse(mapping).unwrap_or_else(|error| panic!("{error}"))));
    let options = Options { mapping, ..Options::new(Timestamp::parse("2026-11-24T00:00:00Z").unwrap()) };
    read_all(text.as_bytes(), Format::Mapped, &options).unwrap()
}

fn indicators(batch: &Batch) -> Vec<Value> {
    batch.objects.iter().map(|object| serde_json::from_str(&object.raw).unwrap()).collect()
}

fn patterns(batch: &Batch) -> Vec<String> {
    indicators(batch).iter().map(|one| one["pattern"].as_str().unwrap().to_owned()).collect()
}

const TABLE: &str = r#"
format = "csv"
delimiter = ";"
[[value]]
from = "what"
type_from = "sort"
[[value]]
from = "digest"
type = "sha256"
[types]
"host" = "domain"
"addr" = "ipv4"
[fields]
first_seen = "since"
confidence = "sure"
tlp = "mark"
labels = "tags"
[defaults]
confidence = 40
tlp = "green"
labels = ["feed"]
valid_days = 30
"#;

#[test]
fn a_table_is_read_as_its_mapping_says() {
    let text = "sort;what;digest;since;sure;mark;tags\n\
        host;evil-k3[.]top;;2026-01-02;80;TLP:AMBER;a,b\n\
        addr;45.114.129.7;e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b856;;;;\n\
        addr;2001:db9::1;;;;;\n";
    let batch = import(TABLE, text);
    assert_eq!(batch.findings, []);
    let made = indicators(&batch);
    assert_eq!(
        patterns(&batch),
        [
            "[domain-name:value = 'evil-k3.top']",
            "[ipv4-addr:value = '45.114.129.7']",
            "[file:hashes.'SHA-256' = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b856']",
            "[ipv6-addr:value = '2001:db9::1']",
        ]
    );
    assert_eq!((made[0]["confidence"].as_u64(), made[1]["confidence"].as_u64()), (Some(80), Some(40)));
    assert_eq!(made[0]["labels"], serde_json::json!(["feed", "a", "b"]));
    assert_eq!(made[0]["valid_from"], "2026-01-02T00:00:00.000Z");
    assert_eq!(made[0]["valid_until"], "2026-02-01T00:00:00.000000Z");
    assert_eq!(batch.objects[0].head.markings, [Tlp::Amber.definition_id()]);
    assert_eq!(batch.objects[1].head.markings, [Tlp::Green.definition_id()]);
}

#[test]
fn json_lines_are_read_by_paths() {
    let mapping = r#"
format = "jsonl"
[[value]]
from = "ioc.values[*].v"
type_from = "ioc.values[*].t"
[[value]]
from = "extra"
[fields]
name = "actor.name"
reference = "refs"
"#;
    let text = r#"{"ioc":{"values":[{"t":"url","v":"hxxp://a-k3.top/x"},{"t":"md5","v":"d41d8cd98f00b204e9800998ecf8427f"}]},"actor":{"name":"Kim"},"refs":["http://r.test/1"]}
{"extra":["kim@b-k3.top","not a value"]}
{"ioc":
{}"#;
    let batch = import(mapping, text);
    assert_eq!(
        patterns(&batch),
        [
            "[url:value = 'http://a-k3.top/x']",
            "[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427f']",
            "[email-addr:value = 'kim@b-k3.top']",
        ]
    );
    assert_eq!(indicators(&batch)[0]["external_references"][0]["url"], "http://r.test/1");
    let told: Vec<String> =
        batch.findings.iter().map(|finding| format!("{} {}", finding.code, finding.path)).collect();
    assert_eq!(told, ["value-unread line 2, extra", "row-unread line 3, column 7", "value-missing line 4"]);
}

#[test]
fn what_a_row_says_wrongly_is_told_with_line_and_column() {
    let text = "sort;what;digest;since;sure;mark;tags\n\
        host;evil-k3.top;;yesterday;200;TLP:PINK;\n\
        ghost;other-k3.top;;;;;\n\
        addr;evil-k3.top;;;;;\n\
        host;evil-k3.top;;;;;\n";
    let batch = import(TABLE, text);
    let told: Vec<String> =
        batch.findings.iter().map(|finding| format!("{} {}", finding.code, finding.path)).collect();
    assert_eq!(
        told,
        [
            "cell-unread line 2, since",
            "cell-unread line 2, sure",
            "cell-unread line 2, mark",
            "type-unknown line 3, what",
            "value-unread line 4, what",
            "value-repeated line 5, what",
        ]
    );
    assert_eq!(batch.objects[0].head.markings, [Tlp::Red.definition_id()], "an unread mark does not widen");
    let batch = import(TABLE, "a;b\n1;2\n");
    assert!(batch.objects.is_empty());
    assert!(batch.findings.iter().all(|finding| finding.code == "column-missing"), "{:?}", batch.findings);
    assert!(batch.findings[0].message.contains("`what`") && batch.findings[0].message.contains("a, b"));
}

#[test]
fn a_table_without_a_head_has_numbers() {
    let mapping = "format = \"csv\"\nhead = false\n[[value]]\nfrom = \"2\"\n[fields]\nname = \"1\"\n";
    let batch = import(mapping, "Kim,evil-k3.top\nLee,other-k3.top\n");
    assert_eq!(patterns(&batch).len(), 2);
    assert_eq!(indicators(&batch)[0]["name"], "Kim: evil-k3.top");
}

#[test]
fn a_mapping_that_makes_no_sense_says_where() {
    let check = |text: &str, expected: &str| {
        let error = Mapping::parse(text).unwrap_err();
        assert!(error.to_string().contains(expected), "{text}: {error}");
        error
    };
    let error = check("format = \"csv\"\n[[value]]\nform = \"a\"\n", "line 3, column 1");
    assert!(matches!(error, MappingError::Form(_)));
    check("format = \"xml\"\n[[value]]\nfrom = \"a\"\n", "line 1, column 10");
    check("format = ", "line 1");
    check("format = \"csv\"\nvalue = []\n", "at least one [[value]]");
    check(
        "format = \"csv\"\n[[value]]\nfrom = \"a\"\ntype = \"colour\"\n",
        "`value[0].type`: `colour` is no kind",
    );
    check("format = \"csv\"\n[[value]]\nfrom = \"a[\"\n", "`value[0].from`: `a[` is no path");
    check(
        "format = \"csv\"\n[[value]]\nfrom = \"a\"\n[defaults]\ntlp = \"pink\"\n",
        "`defaults.tlp`: `pink` is no TLP",
    );
    check(
        "format = \"csv\"\n[[value]]\nfrom = \"a\"\n[defaults]\nconfidence = 101\n",
        "`defaults.confidence`: 101 is over",
    );
    check("format = \"csv\"\ndelimiter = \"é\"\n[[value]]\nfrom = \"a\"\n", "`delimiter`");
}
