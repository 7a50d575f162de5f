//! OpenIOC documents of both versions: what a scanner looked for with them is what the pattern says.

use bongsu_exchange::read::{Batch, Format, Options, ReadError, detect, read_all};
use serde_json::Value;
use stix::Timestamp;

fn options() -> Options {
    Options::new(Timestamp::parse("2026-11-24T00:00:00Z").unwrap())
}

fn import(text: &str) -> Batch {
    assert_eq!(detect("a.ioc", text.as_bytes()), Format::OpenIoc);
    read_all(text.as_bytes(), Format::OpenIoc, &options()).unwrap()
}

/// A document of version 1.0 with these conditions.
fn ioc(conditions: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="us-ascii"?>
<ioc xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns="http://schemas.mandiant.com/2010/ioc"
     id="6d2a1b03-b216-4cd8-9a9e-8827af6ebf93" last-modified="2011-10-28T19:28:20">
  <short_description>Zeus</short_description><description>Finds Zeus variants, twexts, sdra64, ntos</description>
  <keywords>banker zeus</keywords><authored_by>Mandiant</authored_by><authored_date>2010-01-01T00:00:00</authored_date>
  <links><link rel="threatcategory">banker</link><link rel="report" href="http://reports.test/zeus">the report</link></links>
  <definition>{conditions}</definition>
</ioc>"#
    )
}

fn item(condition: &str, search: &str, content: &str) -> String {
    format!(
        r#"<IndicatorItem id="x" condition="{condition}"><Context document="D" search="{search}" type="mir"/><Content type="string">{content}</Content></IndicatorItem>"#
    )
}

fn of(operator: &str, items: &[String]) -> String {
    format!(r#"<Indicator operator="{operator}" id="i">{}</Indicator>"#, items.concat())
}

fn json(batch: &Batch, kind: &str) -> Value {
    let object = batch
        .objects
        .iter()
        .find(|object| object.head.object_type() == kind)
        .unwrap_or_else(|| panic!("{kind}"));
    serde_json::from_str(&object.raw).unwrap()
}

#[test]
fn a_document_becomes_an_indicator_and_a_report() {
    let batch = import(&ioc(&of("OR", &[item("is", "FileItem/Md5sum", "D41D8CD98F00B204E9800998ECF8427E")])));
    assert_eq!(batch.findings, []);
    let indicator = json(&batch, "indicator");
    assert_eq!(indicator["pattern"], "[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e']");
    assert_eq!(indicator["name"], "Zeus");
    assert_eq!(indicator["labels"], serde_json::json!(["banker", "zeus"]));
    assert_eq!(
        (indicator["created"].as_str(), indicator["modified"].as_str()),
        (Some("2010-01-01T00:00:00.000Z"), Some("2011-10-28T19:28:20.000Z"))
    );
    assert_eq!(indicator["external_references"][0]["external_id"], "6d2a1b03-b216-4cd8-9a9e-8827af6ebf93");
    assert_eq!(indicator["external_references"][2]["url"], "http://reports.test/zeus");
    let author = json(&batch, "identity");
    assert_eq!((author["name"].as_str(), &indicator["created_by_ref"]), (Some("Mandiant"), &author["id"]));
    let report = json(&batch, "report");
    assert!(report["object_refs"].as_array().unwrap().contains(&indicator["id"]));
}

#[test]
fn version_1_1_is_read_too() {
    let text = r#"<OpenIOC xmlns="http://openioc.org/schemas/OpenIOC_1.1" id="a1" last-modified="2013-10-28T00:00:00Z" published-date="0001-01-01T00:00:00">
  <metadata><short_description>S</short_description><authored_date>2013-01-01T00:00:00Z</authored_date></metadata>
  <criteria><Indicator id="1" operator="OR">
    <IndicatorItem id="2" condition="contains" preserve-case="false" negate="true"><Context document="ProcessItem" search="ProcessItem/name" type="mir"/><Content type="string">svchost</Content></IndicatorItem>
  </Indicator></criteria><parameters/></OpenIOC>"#;
    let batch = import(text);
    assert_eq!(batch.findings, []);
    assert_eq!(json(&batch, "indicator")["pattern"], "[process:image_ref.name NOT MATCHES '(?i)svchost']");
}

#[test]
fn trees_of_conditions_are_said_as_patterns() {
    let check = |conditions: String, expected: &str| {
        let batch = import(&ioc(&conditions));
        assert_eq!(batch.findings, [], "{conditions}");
        let pattern = json(&batch, "indicator")["pattern"].as_str().unwrap().to_owned();
        assert_eq!(pattern, expected);
        stix::pattern::parse(&pattern).unwrap();
    };
    let name = |text: &str| item("is", "FileItem/FileName", text);
    let size = |text: &str| item("greater-than", "FileItem/SizeInBytes", text);
    let host = |text: &str| item("is", "Network/DNS", text);
    check(of("AND", &[name("a.exe"), size("10")]), "[file:name = 'a.exe' AND file:size > 10]");
    check(of("OR", &[name("a"), name("b")]), "[file:name = 'a' OR file:name = 'b']");
    check(of("AND", &[name("a"), name("b")]), "[file:name = 'a'] AND [file:name = 'b']");
    check(
        of("OR", &[name("a"), host("Evil-K3.TOP")]),
        "[file:name = 'a'] OR [domain-name:value = 'evil-k3.top']",
    );
    check(
        of("OR", &[host("a.test-k3.top"), of("AND", &[name("a"), of("OR", &[size("1"), size("2")])])]),
        "[domain-name:value = 'a.test-k3.top'] OR [file:name = 'a' AND (file:size > 1 OR file:size > 2)]",
    );
    check(
        of("OR", &[of("AND", &[name("a"), host("b-k3.top")]), name("c")]),
        "([file:name = 'a'] AND [domain-name:value = 'b-k3.top']) OR [file:name = 'c']",
    );
    check(of("OR", &[item("is", "PortItem/remoteIP", "2001:DB8::1")]), "[ipv6-addr:value = '2001:db8::1']");
    check(of("OR", &[item("isnot", "FileItem/FileName", "a")]), "[file:name NOT = 'a']");
    check(
        of("OR", &[item("containsnot", "RegistryItem/Path", "Run")]),
        "[windows-registry-key:key NOT LIKE '%Run%']",
    );
    check(of("OR", &[item("contains", "FileItem/FileName", "a_b%")]), r"[file:name MATCHES 'a_b\\%']");
    check(
        of("OR", &[item("matches", "Email/Subject", "^a.*'")]),
        r"[email-message:subject MATCHES '^a.*\'']",
    );
    check(
        of("OR", &[item("is", "FileItem/FullPath", r"C:\Windows\a.exe")]),
        r"[file:parent_directory_ref.path = 'C:\\Windows' AND file:name = 'a.exe']",
    );
}

#[test]
fn what_cannot_be_said_is_told_and_never_widens_an_indicator() {
    let known = item("is", "FileItem/FileName", "a");
    let unknown = item("is", "FileItem/PEInfo/DigitalSignature/SignatureExists", "true");
    let batch = import(&ioc(&of("OR", &[known.clone(), unknown.clone()])));
    assert_eq!(json(&batch, "indicator")["pattern"], "[file:name = 'a']");
    assert_eq!(batch.findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["openioc-term"]);
    assert!(batch.findings[0].message.contains("SignatureExists"), "{:?}", batch.findings);
    let batch = import(&ioc(&of(
        "OR",
        &[of("AND", &[known.clone(), unknown.clone()]), item("is", "Network/DNS", "b-k3.top")],
    )));
    assert_eq!(json(&batch, "indicator")["pattern"], "[domain-name:value = 'b-k3.top']");
    assert_eq!(
        batch.findings.iter().map(|finding| finding.code).collect::<Vec<_>>(),
        ["openioc-term", "openioc-and"]
    );
    for (conditions, code) in [
        (of("XOR", std::slice::from_ref(&known)), "openioc-operator"),
        (of("OR", &[unknown]), "openioc-term"),
        (of("OR", &[item("is", "FileItem/Md5sum", "xyz")]), "openioc-value"),
        (of("OR", &[item("like", "FileItem/FileName", "a")]), "openioc-condition"),
        (of("OR", &[item("is", "FileItem/FileName", "")]), "openioc-item"),
        ("<Indicator operator='OR'>".repeat(40) + &known + &"</Indicator>".repeat(40), "openioc-depth"),
    ] {
        let batch = import(&ioc(&conditions));
        assert!(batch.objects.is_empty(), "{conditions}");
        let codes: Vec<_> = batch.findings.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, [code, "openioc-empty"], "{conditions}");
    }
}

#[test]
fn nothing_expands_and_nothing_is_fetched() {
    let bomb = r#"<!DOCTYPE ioc [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><ioc id="1"><definition>&b;</definition></ioc>"#;
    let error = read_all(bomb.as_bytes(), Format::OpenIoc, &options()).unwrap_err();
    assert!(matches!(error, ReadError::Xml { line: 1, column: 1, .. }), "{error}");
    let error = read_all(&b"<rss/>"[..], Format::OpenIoc, &options()).unwrap_err();
    assert!(error.to_string().contains("no OpenIOC document"), "{error}");
}

/// A document of version 1.1 whose items are `(condition, preserve-case, search, content)`.
fn ioc_1_1(items: &[(&str, &str, &str, &str)], parameters: &str) -> String {
    let items: String = items
        .iter()
        .map(|(condition, case, search, content)| {
            item(condition, search, content).replacen(
                "condition=",
                &format!("preserve-case='{case}' condition="),
                1,
            )
        })
        .collect();
    format!(
        "<OpenIOC id='a1' last-modified='2013-10-28T00:00:00Z'>\n<metadata><short_description>S</short_description>\
         </metadata><criteria><Indicator id='1' operator='OR'>{items}</Indicator></criteria>{parameters}</OpenIOC>"
    )
}

#[test]
fn case_is_ignored_where_a_document_says_so_or_it_is_told() {
    let check = |condition: &str, case: &str, search: &str, content: &str, pattern: &str, codes: &[&str]| {
        let batch = import(&ioc_1_1(&[(condition, case, search, content)], ""));
        assert_eq!(json(&batch, "indicator")["pattern"], pattern);
        assert_eq!(batch.findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), codes);
        stix::pattern::parse(pattern).unwrap();
    };
    let name = "FileItem/FileName";
    check("contains", "true", name, "Evil", "[file:name LIKE '%Evil%']", &[]);
    check("contains", "false", name, "Evil.", r"[file:name MATCHES '(?i)Evil\\.']", &[]);
    check("contains", "false", name, "12", "[file:name LIKE '%12%']", &[]);
    check("matches", "false", name, "^a.*z$", "[file:name MATCHES '(?i)^a.*z$']", &[]);
    check("is", "true", name, "Evil", "[file:name = 'Evil']", &[]);
    check("is", "false", name, "Evil", "[file:name = 'Evil']", &["openioc-case"]);
    check("is", "false", name, "12", "[file:name = '12']", &[]);
    check("is", "false", "Network/DNS", "Evil-K3.TOP", "[domain-name:value = 'evil-k3.top']", &[]);
    check("is", "false", "FileItem/SizeInBytes", "12", "[file:size = 12]", &[]);
    let two = [("is", "false", name, "a"), ("is", "false", "FileItem/FullPath", r"C:\W\b")];
    let told = import(&ioc_1_1(&two, "")).findings;
    assert_eq!(told.len(), 1);
    assert!(told[0].message.contains("false for 2 items compared by `is`, on lines 2, 2;"), "{}", told[0]);
}

#[test]
fn parameters_are_told() {
    let parameters =
        "<parameters><param id='p' ref-id='x' name='score'><value>90</value></param></parameters>";
    let batch = import(&ioc_1_1(&[("is", "true", "FileItem/FileName", "a")], parameters));
    let told: Vec<_> = batch.findings.iter().map(|finding| (finding.code, finding.path.as_str())).collect();
    assert_eq!(told, [("openioc-parameters", "line 2")]);
    assert!(batch.findings[0].message.contains("(score)"), "{}", batch.findings[0]);
}
