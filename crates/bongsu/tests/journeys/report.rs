//! A report, printed to PDF by a real browser, then read, reviewed and shared.

use std::process::Command;

use serde_json::Value;

use crate::node::Node;

const PAGE: &str = r#"<!doctype html><html><head><title>Operation Beacon</title>
<style>body{font-family:serif} code{font-family:monospace} td{border:1px solid}</style></head><body>
<h1>Operation Beacon: new infrastructure of the group</h1>
<p>The group reached victims from <code>lure-k3[.]top</code> and from the mailbox kim.chol[at]lure-k3[.]top, then sent
them to <b>hxxps://</b><i>files.lure-k3[.]top/a/loader.php?id=7</i>. The loader
(SHA-256 3f9a1c0e7b2d4f6880a1b2c3d4e5f60718293a4b5c6d7e8f9a0b1c2d3e4f5a6b) asks 45.114.129[.]7 for work, uses
CVE-2021-44228, and was searched for with www.google.com.</p>
<table><tr><th>Address</th><th>Seen</th></tr><tr><td>45.114.129.8</td><td>2026-01-02</td></tr>
<tr><td>2a0b:4880:1::7</td><td>2026-01-03</td></tr></table>
<p style="page-break-before:always">On the second page: wallet bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq.</p></body></html>"#;

/// Kind and value of everything that the page names.
const NAMED: [(&str, &str); 9] = [
    ("cve", "CVE-2021-44228"),
    ("domain", "lure-k3.top"),
    ("domain", "www.google.com"),
    ("email", "kim.chol@lure-k3.top"),
    ("ipv4", "45.114.129.7"),
    ("ipv4", "45.114.129.8"),
    ("ipv6", "2a0b:4880:1::7"),
    ("sha256", "3f9a1c0e7b2d4f6880a1b2c3d4e5f60718293a4b5c6d7e8f9a0b1c2d3e4f5a6b"),
    ("url", "https://files.lure-k3.top/a/loader.php?id=7"),
];

fn named(answer: &Value) -> Vec<(String, String)> {
    let values = answer["reports"][0]["values"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut found: Vec<_> = values.iter().map(|one| (text(&one["kind"]), text(&one["value"]))).collect();
    found.sort();
    found
}

#[test]
fn a_printed_report_is_shown_then_shared() {
    let mut node = Node::with_members();
    node.member("cert", "exchange", "amber");
    let html = node.file("report.html", PAGE);
    let pdf = node.dir.path().join("report.pdf");
    let printed = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"])
        .arg(format!("--user-data-dir={}", node.dir.path().join("chromium").display()))
        .arg(format!("--print-to-pdf={}", pdf.display()))
        .arg(format!("file://{html}"))
        .output()
        .unwrap_or_else(|error| panic!("chromium: {error}; run scripts/setup"));
    assert!(pdf.exists(), "{}", String::from_utf8_lossy(&printed.stderr));
    let pdf = pdf.to_str().unwrap();
    node.json(&["circle", "add", "region", "--member", "cert"]);
    let shared =
        |more: &[&str]| node.json(&[&["import", "--circle", "region", "--as", "cert"], more].concat());

    // Told by its content, and nothing of it counts yet.
    let shown = shared(&[pdf]);
    let mut expected: Vec<(String, String)> = NAMED.map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec();
    expected.push(("wallet".to_owned(), "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq".to_owned()));
    expected.sort();
    assert_eq!(named(&shown), expected);
    assert_eq!(named(&shared(&[&html])), expected, "the page says what its print says");
    let report = &shown["reports"][0];
    assert_eq!((report["kind"].as_str(), report["title"].as_str()), (Some("pdf"), Some("Operation Beacon")));
    assert_eq!(report["added"], 0);
    let of = |value: &str| {
        let values = report["values"].as_array().unwrap();
        values.iter().find(|one| one["value"] == value).unwrap().clone()
    };
    assert_eq!(of("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq")["place"], "page 2");
    assert_eq!(
        (of("www.google.com")["held"].as_bool(), of("lure-k3.top")["held"].as_bool()),
        (Some(true), Some(false))
    );
    assert!(of("45.114.129.7")["context"].as_str().unwrap().contains("asks 45.114.129[.]7 for work"));

    // A person strikes one line out and gives the list back.
    let list = node.dir.path().join("list.txt");
    shared(&[pdf, "--review", list.to_str().unwrap()]);
    let written = std::fs::read_to_string(&list).unwrap();
    assert!(written.contains("-\tdomain\twww.google.com\t# page 1"), "{written}");
    let changed = written.replace("+\tipv4\t45.114.129.8", "-\tipv4\t45.114.129.8");
    std::fs::write(&list, changed).unwrap();
    let taken = shared(&[pdf, "--accept", list.to_str().unwrap()]);
    // Seven indicators, the vulnerability, and the report.
    assert_eq!(taken["reports"][0]["added"], 9, "{taken}");
    let bundle = node.json(&["deliver", "--to", "cert", "--level", "exchange"]);
    let bundle: Value = serde_json::from_str(bundle["text"].as_str().unwrap()).unwrap();
    let objects = bundle["objects"].as_array().unwrap();
    let report = objects.iter().find(|object| object["type"] == "report").unwrap();
    assert_eq!(report["object_refs"].as_array().unwrap().len(), 8);
    assert_eq!(report["name"], "Operation Beacon");
    assert!(
        objects.iter().all(|object| object["pattern"] != "[ipv4-addr:value = '45.114.129.8']"),
        "struck out"
    );

    // The same again adds nothing; all that pass adds the one that was struck out, and no more than that.
    assert_eq!(shared(&[pdf, "--accept", list.to_str().unwrap()])["reports"][0]["added"], 0);
    assert_eq!(shared(&[pdf, "--yes"])["reports"][0]["added"], 1);
}
