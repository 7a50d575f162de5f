//! Aid projects and plans of a node: real files read whole, needs that each sees for itself, plans that are valid by the official schema.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use serde_json::{Value, json};

use crate::gaps::{gci, node, with_models};
use crate::node::{Node, Serving, shared};
use crate::screenings::conforms_to;

/// Projects about cyber security, as donors might write them; the last one is cut off.
const WRITTEN: &str = r#"<iati-activities version="2.03">
<iati-activity default-currency="KRW" last-updated-datetime="2026-01-01T00:00:00Z"><iati-identifier>KR-GOV-051-1</iati-identifier>
<reporting-org ref="KR-GOV-051" type="10"><narrative>KOICA</narrative></reporting-org>
<title><narrative>A CSIRT for Cambodia, with protective DNS filtering</narrative></title>
<participating-org role="1" ref="KR-GOV-051"><narrative>KOICA</narrative></participating-org>
<activity-status code="2"/><activity-date type="2" iso-date="2025-01-01"/><activity-date type="3" iso-date="2099-12-31"/>
<recipient-country code="KH"/><budget type="1"><period-start iso-date="2025-01-01"/><period-end iso-date="2026-01-01"/><value value-date="2025-01-01">5000000</value></budget></iati-activity>
<iati-activity default-currency="AUD"><iati-identifier>AU-5-2</iati-identifier><reporting-org ref="AU-5" type="10"><narrative>DFAT</narrative></reporting-org>
<title><narrative>Cyber security: DNS filtering &lt;for&gt; Cambodia</narrative></title><activity-status code="2"/>
<activity-date type="2" iso-date="2025-06-01"/><activity-date type="3" iso-date="2098-12-31"/><recipient-country code="KH"/>
<budget type="1"><period-start iso-date="2025-01-01"/><period-end iso-date="2026-01-01"/><value value-date="2025-01-01">70</value></budget></iati-activity>
<iati-activity><iati-identifier>CUT-"#;

fn configured(node: &Node, key: &str, value: &str) {
    let config = node.data().join("bongsu.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let changed = text.replace(&format!("\n{key} = []"), &format!("\n{key} = {value}"));
    assert_ne!(text, changed, "{key}");
    std::fs::write(config, changed).unwrap();
}

fn told(node: &Node, serving: &Serving, member: &str, path: &str) -> Value {
    let began = Instant::now();
    let text = node.text(serving, member, path);
    println!("{path}: {} bytes in {:?}", text.len(), began.elapsed());
    serde_json::from_str(&text).unwrap()
}

/// Waits until the files of projects were read, which a program can see.
fn all_read(node: &Node, serving: &Serving) {
    while told(node, serving, "read", "/region/projects.json")["read"]["reading"] != Value::Null {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

/// The text of a document to print, by another's reader.
fn printed(file: &Path) -> String {
    let output = Command::new("pdftotext").arg(file).arg("-").output();
    let output = output.unwrap_or_else(|error| panic!("pdftotext: {error}; run scripts/setup"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The part of the W3C's schema that the official one asks for: it can't be fetched here.
const XML_XSD: &str = r#"<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/XML/1998/namespace">
<xsd:attribute name="lang" type="xsd:language"/></xsd:schema>"#;

/// Holds activities against the official schema, by another's validator.
fn is_valid(folder: &Path, text: &str) {
    for name in ["iati-activities-schema.xsd", "iati-common.xsd"] {
        std::fs::copy(shared("capacity/iati/schemas").join(name), folder.join(name)).unwrap();
    }
    std::fs::write(folder.join("xml.xsd"), XML_XSD).unwrap();
    let file = folder.join("plan.xml");
    std::fs::write(&file, text).unwrap();
    let schema = folder.join("iati-activities-schema.xsd");
    let output = Command::new("xmllint")
        .args(["--nonet", "--noout", "--schema"])
        .arg(schema)
        .arg(file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn projects_and_plans_are_told_on_pages_as_by_the_command_line() {
    let node = node();
    with_models(&node, &[gci()]);
    let real = shared("capacity/iati/real").display().to_string();
    let written = node.file("written.xml", WRITTEN);
    configured(&node, "projects", &format!("{:?}", [&real, &written, "/nowhere"]));
    let needs = node.dir.path().join("needs.csv").display().to_string();
    node.json(&["region", "gaps", "--as", "read", "--needs", &needs]);
    let serving = node.serve();
    all_read(&node, &serving);

    let page = told(&node, &serving, "read", "/region/projects.json?country=KH");
    conforms_to(&serving, &node, "/region/openapi.json", ("/region/projects.json", "get"), &page);
    let typed =
        node.json(&["region", "projects", &real, &written, "--needs", &needs, "--country", "KH", "--cyber"]);
    assert_eq!(page["read"]["activities"], typed["read"]["activities"], "{}", page["read"]);
    assert!(page["read"]["activities"].as_u64().unwrap() > 100, "{}", page["read"]);
    assert_eq!(page["projects"], typed["projects"]);
    assert_eq!(page["projects"].as_array().unwrap().len(), 2);
    assert_eq!(page["budget"]["by_currency"], json!({"AUD": "70", "KRW": "5000000"}));
    // What breaks is told, by name to the operator alone; what came before it counts.
    assert!(
        page["read"]["faulty_files"].as_u64().unwrap() >= 2 && page["read"]["faults"] == json!([]),
        "{}",
        page["read"]
    );
    let operator = node.as_operator(&serving, "/region/projects");
    assert!(operator.contains("/nowhere") && operator.contains("read up to where it breaks"), "{operator}");
    // Who needs what is what the member sees, and both donors serve it at one time.
    let cells = |told: &Value| told["coverage"]["cells"].as_array().unwrap().clone();
    let dns =
        |told: &Value| cells(told).into_iter().find(|cell| cell["capability"] == "dns-filtering").unwrap();
    assert_eq!(
        (dns(&page)["state"].as_str(), dns(&page)["overlapping"].as_u64()),
        (Some("covered"), Some(1)),
        "{page}"
    );
    assert_eq!(dns(&page)["projects"], dns(&typed)["projects"]);
    assert_eq!(cells(&page).len(), cells(&typed).len());

    let html = node.text(&serving, "read", "/region/projects?country=KH");
    assert!(html.contains("&#60;for&#62; Cambodia") && html.contains("Several donors at one time"), "{html}");
    assert!(
        html.contains("5,000,000 KRW")
            && html.contains("id=\"coverage\"")
            && html.contains("Projects about cyber security in Cambodia")
    );
    let drawn = node.text(&serving, "read", "/region/projects?country=KH&lang=ko");
    assert!(drawn.contains("캄보디아 사이버보안 사업과 그곳에서 측정된 지표</title>"), "{drawn}");
    let korean = node.text(&serving, "read", "/region/projects?lang=ko&about=all&page=2&sort=title");
    assert!(korean.contains("원조 사업") && korean.contains("rel=\"prev\""), "{korean}");
    let csv = node.text(&serving, "read", "/region/projects.csv?donor=koica");
    assert!(csv.lines().count() == 2 && csv.contains("KR-GOV-051-1"), "{csv}");
    assert!(
        node.text(&serving, "read", "/region/coverage.csv?country=KH").contains("KH,dns-filtering,covered,")
    );
    for path in ["/region/coverage.svg", "/region/timeline.svg?country=KH"] {
        let response = node.get(&serving, "read", path).send().unwrap();
        assert!(
            response.headers()["content-security-policy"].to_str().unwrap().contains("'sha256-"),
            "{path}"
        );
        assert!(response.text().unwrap().starts_with("<svg"), "{path}");
    }
    for wrong in [
        "/region/projects?country=QQ",
        "/region/plan?months=1000",
        "/region/timeline.svg",
        "/region/where?level=fast",
    ] {
        assert_eq!(node.get(&serving, "read", wrong).send().unwrap().status(), 400, "{wrong}");
    }

    let query = "by=KR-GOV-010&name=Korea%20%3CMinistry%3E&begins=2027-01-01&most=30&country=KH";
    let plan = told(&node, &serving, "read", &format!("/region/plan.json?{query}"));
    conforms_to(&serving, &node, "/region/openapi.json", ("/region/plan.json", "get"), &plan);
    let parts = plan["plan"]["parts"].as_array().unwrap();
    assert!(
        !parts.is_empty()
            && parts
                .iter()
                .all(|part| part["country"] == "KH" && !part["why"].as_array().unwrap().is_empty())
    );
    let needs_there: usize = cells(&page).len();
    assert_eq!(parts.len(), needs_there);
    is_valid(node.dir.path(), &node.text(&serving, "read", &format!("/region/plan.xml?{query}")));
    let text = node.text(&serving, "read", &format!("/region/plan.txt?{query}"));
    assert!(text.contains("Drafted for Korea \\<Ministry\\>") && text.contains("### Why"), "{text}");
    let html = node.text(&serving, "read", &format!("/region/plan?{query}&lang=ko"));
    assert!(html.contains("Korea &#60;Ministry&#62;") && html.contains("성과 지표"), "{html}");
    assert!(
        node.text(&serving, "read", &format!("/region/plan.csv?{query}")).contains("KR-GOV-010-BONGSU-KH-")
    );

    for (language, says) in [
        (
            "en",
            [
                "Plan for cyber security",
                "Drafted for Korea <Ministry>",
                "Cambodia:",
                "How one will see",
                "TLP:AMBER",
            ],
        ),
        (
            "ko",
            ["사이버보안 지원 계획", "작성 기관: Korea <Ministry>", "캄보디아:", "성과 지표", "TLP:AMBER"],
        ),
    ] {
        let paper =
            node.get(&serving, "read", &format!("/region/plan.pdf?{query}&lang={language}")).send().unwrap();
        assert_eq!(paper.headers()["content-type"], "application/pdf");
        let file = node.dir.path().join("plan.pdf");
        std::fs::write(&file, paper.bytes().unwrap()).unwrap();
        let text = printed(&file);
        assert!(says.iter().all(|part| text.contains(part)), "{text}");
        // What the page gives as reasons stands on paper too, in its language.
        let told = told(&node, &serving, "read", &format!("/region/plan.json?{query}&lang={language}"));
        let whole: String = text.split_whitespace().collect();
        for why in
            told["plan"]["parts"].as_array().unwrap().iter().flat_map(|part| part["why"].as_array().unwrap())
        {
            let why: String = why.as_str().unwrap().split_whitespace().collect();
            assert!(whole.contains(&why), "{why}: {text}");
        }
    }
    let (file, typed) = (node.dir.path().join("typed.pdf"), node.dir.path().join("typed.md"));
    node.json(&[
        "region",
        "plan",
        &written,
        "--needs",
        &needs,
        "--by",
        "KR-GOV-010",
        "--name",
        "Korea",
        "--most",
        "200",
        "--pdf",
        file.to_str().unwrap(),
        "--text",
        typed.to_str().unwrap(),
        "--tlp",
        "green",
        "--language",
        "ko",
    ]);
    let text = printed(&file);
    assert!(
        text.contains("작성 기관: Korea") && text.contains("캄보디아:") && text.contains("TLP:GREEN"),
        "{text}"
    );
    assert!(std::fs::read_to_string(typed).unwrap().contains("### 성과 지표"));

    // All that is described is there.
    let described = told(&node, &serving, "read", "/region/openapi.json");
    for path in described["paths"].as_object().unwrap().keys() {
        let response = node.get(&serving, "read", &format!("{path}?country=KH")).send().unwrap();
        let kind = response.headers()["content-type"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let at = format!("/paths/{}/get/responses/200/content", path.replace('/', "~1"));
        let content = described.pointer(&at).unwrap().as_object().unwrap();
        assert!(
            response.status() == 200 && content.contains_key(&kind),
            "{path}: {} {kind}",
            response.status()
        );
    }

    // A file that changes is read again, and the rest is as it was.
    std::fs::write(&written, WRITTEN.replace("protective DNS", "no")).unwrap();
    let changed = told(&node, &serving, "read", "/region/projects.json?country=KH");
    assert_eq!(dns(&changed)["overlapping"], 0, "{changed}");
    assert_eq!(changed["read"]["activities"], page["read"]["activities"]);
    serving.stop();
}

#[test]
fn a_need_is_told_to_those_who_see_the_gap() {
    let node = node();
    node.json(&["region", "assess", "read", "--file", &node.file("sim3.txt", "T-8 0\nT-9 3\n")]);
    let serving = node.serve();
    let needs = |member: &str| {
        let told = told(&node, &serving, member, "/region/projects.json");
        let cells = told["coverage"]["cells"].as_array().unwrap().clone();
        let plan = node.text(&serving, member, "/region/plan.json");
        assert_eq!(plan.contains("\"KH\""), !cells.is_empty(), "{plan}");
        cells.len()
    };
    assert!(needs("read") > 0);
    assert_eq!(needs("list"), 0, "another's weakness");
    node.json(&["region", "open", "read", "--to", "list", "--what", "level", "--act", "MoU 1"]);
    assert!(needs("list") > 0);
    serving.stop();
}

const SEEN: &str = "time,source,hops,victim,count\n\
    2026-03-01T00:00:00Z,,192.0.2.1@SG 192.0.2.2@NL 192.0.2.3@DE,KR,1\n\
    2026-04-10T00:00:00Z,,192.0.2.1@SG 192.0.2.2@NL,KR,10\n\
    2026-04-10T00:00:00Z,,192.0.2.3@DE,KR,6\n";

#[test]
fn where_help_removes_most_is_told_on_the_page_as_by_the_command_line() {
    let node = node();
    node.json(&["member", "set", "list", "--country", "NL"]);
    let seen = node.file("seen.csv", SEEN);
    configured(&node, "observed", &format!("[{seen:?}]"));
    let serving = node.serve();
    let query = "level=takedown=7&most=2&budget=9&costs=DE%3D3";
    let names = |told: &Value, side: &str| {
        let chosen = told[side]["chosen"].as_array().unwrap().iter();
        chosen.map(|one| one["spot"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let operator: Value =
        serde_json::from_str(&node.as_operator(&serving, &format!("/region/where.json?{query}"))).unwrap();
    let typed = node.json(&[
        "region",
        "where",
        "--level",
        "takedown=7",
        "--most",
        "2",
        "--budget",
        "9",
        "--cost",
        "DE=3",
    ]);
    for side in ["greedy", "by_volume"] {
        assert_eq!(operator[side], typed[side]);
    }
    assert_eq!(names(&operator, "greedy"), ["NL", "DE"]);
    // The Netherlands have a member, whose own they are.
    let member = told(&node, &serving, "read", &format!("/region/where.json?{query}"));
    conforms_to(&serving, &node, "/region/openapi.json", ("/region/where.json", "get"), &member);
    assert_eq!(names(&member, "greedy"), ["SG", "DE"]);
    let html = node.text(&serving, "read", &format!("/region/where?{query}"));
    for part in ["id=\"beside\"", "id=\"map-world\"", "Location is not attribution", "value=\"DE=3\""] {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert!(!html.contains("Netherlands</th>"), "{html}");
    assert!(node.text(&serving, "read", &format!("/region/where.csv?{query}")).contains("by-volume,1,SG"));
    let flows = told(&node, &serving, "read", "/region/flows.json");
    conforms_to(&serving, &node, "/region/openapi.json", ("/region/flows.json", "get"), &flows);
    let plan = told(&node, &serving, "read", "/region/plan.json");
    assert!(plan["plan"]["parts"].as_array().is_some(), "{plan}");
    serving.stop();
}
