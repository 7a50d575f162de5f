//! Gaps: public models read as they are, what members say of themselves, who may see it, and what is said of many together.

use std::path::PathBuf;
use std::time::Instant;

use serde_json::Value;

use crate::node::{Node, Serving, bundle, indicator, shared};

pub(crate) fn with_models(node: &Node, tables: &[String]) {
    let config = node.data().join("bongsu.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let listed = format!("indices = {tables:?}");
    let changed = text.replace("indices = []", &listed);
    assert_ne!(text, changed);
    std::fs::write(config, changed).unwrap();
}

pub(crate) fn gci() -> String {
    format!("{}=gci:2024", shared("capacity/indices/gci-2024.csv").display())
}

fn gaps(node: &Node, serving: &Serving, member: &str) -> Value {
    serde_json::from_str(&node.text(serving, member, "/region/gaps.json")).unwrap()
}

fn row<'v>(gaps: &'v Value, member: &str) -> Option<&'v Value> {
    gaps["rows"].as_array().unwrap().iter().find(|row| row["member"] == member)
}

fn state(row: &Value, capability: &str) -> String {
    let cells = row["cells"].as_array().unwrap();
    cells.iter().find(|cell| cell["capability"] == capability).unwrap()["state"].as_str().unwrap().to_owned()
}

/// A node with members of all levels in one circle, a bad domain in it, and the GCI of 2024.
pub(crate) fn node() -> Node {
    let node = Node::with_members();
    let members = ["read", "list", "block", "detect", "exchange"];
    let joined: Vec<&str> = members.iter().flat_map(|member| ["--member", *member]).collect();
    node.json(&[&["circle", "add", "region", "--aggregate-from", "3"][..], &joined].concat());
    node.json(&["member", "set", "read", "--country", "KH"]);
    let file = node.file("bad.json", bundle(&[indicator(1, "bad.example.top")]));
    node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
    node
}

#[test]
fn all_countries_of_a_public_model_are_shown_with_year_and_file_in_time() {
    let node = node();
    with_models(&node, &[gci()]);
    let serving = node.serve();
    let found = gaps(&node, &serving, "read");
    let rows = found["rows"].as_array().unwrap();
    assert_eq!(rows.iter().filter(|row| row["member"].is_null()).count(), 194);
    let korea = rows.iter().find(|row| row["country"] == "KR").unwrap();
    let figure = &korea["cells"][0]["evidence"][0]["figure"];
    assert_eq!((figure["model"].as_str(), figure["year"].as_u64()), (Some("gci"), Some(2024)));
    assert_eq!(figure["source"], "gci-2024.csv");
    for path in
        ["/region/gaps", "/region/gaps?lang=ko", "/region/gaps.svg", "/region/gaps.csv", "/region/gaps/kr"]
    {
        let began = Instant::now();
        let text = node.text(&serving, "read", path);
        println!("{path}: {} bytes in {:?}", text.len(), began.elapsed());
        assert!(text.contains("Korea") || text.contains("대한민국"), "{path}");
    }
    assert!(node.text(&serving, "read", "/region/gaps?lang=ko").contains("DNS 차단"));
    assert!(node.text(&serving, "read", "/region/gaps/kr").contains("gci-2024.csv"));
    for absent in ["/region/gaps/qq", "/region/gaps/member-nobody", "/region/gaps/member-exchange"] {
        assert_eq!(node.get(&serving, "read", absent).send().unwrap().status(), 404, "{absent}");
    }
}

#[test]
fn a_weakness_is_seen_by_whom_it_was_opened_to_and_by_nobody_else() {
    let node = node();
    with_models(&node, &[gci()]);
    let serving = node.serve();
    let seen = |viewer: &str| row(&gaps(&node, &serving, viewer), "read").cloned();
    let own = seen("read").unwrap();
    assert_eq!(state(&own, "dns-filtering"), "missing", "it is called for, and no list was ever used");
    assert_eq!(state(&own, "virtual-asset-screening"), "not-called-for");
    assert!(seen("block").is_none() && seen("list").is_none());

    let opened = node.json(&["region", "open", "read", "--to", "block", "--what", "level", "--act", "MoU 7"]);
    assert_eq!(opened["opening"], 1);
    assert_eq!(state(&seen("block").unwrap(), "dns-filtering"), "missing");
    assert!(seen("list").is_none(), "it was opened to another");
    assert!(node.text(&serving, "block", "/region/opened").contains("MoU 7"));
    assert!(!node.text(&serving, "list", "/region/opened").contains("MoU 7"));

    let file = node.file("sim3.txt", "O-1 3\nP-9 1\nT-9 4\n");
    node.json(&["region", "assess", "read", "--file", &file, "--day", "2026-11-01"]);
    let basis = |row: &Value| row["cells"][1]["evidence"].to_string();
    assert!(basis(&seen("read").unwrap()).contains("SIM3 v1 T-9"));
    assert!(!basis(&seen("block").unwrap()).contains("SIM3"), "the level alone was opened");
    node.json(&["region", "open", "read", "--circle", "region", "--what", "sim3", "--act", "MoU 8"]);
    assert!(basis(&seen("list").unwrap()).contains("SIM3 v1 T-9"));
    assert!(!basis(&seen("list").unwrap()).contains("level in use"));

    node.json(&["region", "close", "1", "--act", "letter 9"]);
    node.json(&["region", "close", "2", "--act", "letter 9"]);
    assert!(seen("block").is_none() && seen("list").is_none() && seen("read").is_some());
    let states: Vec<Value> = node.json(&["region", "opened"])["openings"].as_array().unwrap().clone();
    assert!(states.iter().all(|one| one["state"] == "taken-back" && one["taken_back"]["act"] == "letter 9"));
    assert_eq!(node.json(&["region", "opened", "--as", "block"])["openings"].as_array().unwrap().len(), 0);
}

#[test]
fn of_many_it_is_said_how_many_fall_short_and_not_who() {
    let node = node();
    let serving = node.serve();
    let told = |viewer: &str| gaps(&node, &serving, viewer)["aggregates"].clone();
    // Four others, and nobody has used anything yet but who brought something.
    let dns = &told("read")[0]["fall_short"][0];
    assert_eq!(
        (told("read")[0]["of"].as_u64(), dns["from"].as_u64(), dns["to"].as_u64()),
        (Some(4), Some(3), Some(4))
    );
    node.json(&["region", "open", "list", "--to", "read", "--act", "MoU"]);
    node.json(&["region", "open", "block", "--to", "read", "--act", "MoU"]);
    assert_eq!(told("read"), serde_json::json!([]), "two others are left: too few");
    assert_eq!(told("detect")[0]["of"], 4);
    node.json(&["circle", "set", "region", "--aggregate-from", "5"]);
    assert_eq!(told("detect"), serde_json::json!([]));
}

#[test]
fn a_member_assesses_itself_by_the_form() {
    let node = node();
    let serving = node.serve();
    let page = node.text(&serving, "list", "/region/assessment?lang=ko");
    assert!(page.contains("팀에 임무를 부여한 곳이 있습니까?") && page.matches("<select").count() == 44);
    let send = |fields: &[(&str, &str)]| {
        let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = serving.client.post(format!("{}/region/assessment", serving.url));
        let request = request.basic_auth("list", node.tokens.get("list")).body(fields.join("&"));
        request.header("content-type", "application/x-www-form-urlencoded").send().unwrap()
    };
    let wrong = send(&[("day", "2026-11-01"), ("O-1", "5")]);
    assert_eq!(wrong.status(), 422);
    assert!(wrong.text().unwrap().contains("levels go from 0 to 4"));
    assert_eq!(send(&[("day", "soon"), ("O-1", "3")]).status(), 422);
    let kept = send(&[("day", "2026-11-01"), ("O-1", "3"), ("P-9", "2"), ("T-1", "")]);
    assert!(kept.status().is_success() || kept.status().is_redirection(), "{}", kept.status());
    let own = gaps(&node, &serving, "list");
    assert!(row(&own, "list").unwrap().to_string().contains("SIM3 v1 P-9"));
    assert!(node.text(&serving, "list", "/region/assessment").contains("<option value=\"2\" selected>"));
}

#[test]
fn what_is_wrong_in_a_table_is_told_with_its_line_and_the_rest_is_shown() {
    let node = node();
    let bad = node.file("bad.csv", "iso3,gci,legal\nKOR,99.8,20\nXXX,1,1\nKHM,30,25\nKOR,98,19\n");
    let aid = shared("capacity/indices/past-results.csv").display().to_string();
    with_models(&node, &[format!("{bad}=gci:2024"), format!("{aid}=ncsi"), "/nowhere.csv".to_owned()]);
    let output = node.command(&["region", "gaps"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let lines: Vec<u64> = told["tables"][0]["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [3, 4, 5, 5]);
    assert!(told["tables"][1]["error"].as_str().unwrap().contains("no column with countries' codes"));
    assert!(told["tables"][2]["error"].as_str().unwrap().contains("can't be opened"));
    let countries = told["rows"].as_array().unwrap().iter().filter(|row| row["member"].is_null()).count();
    assert_eq!(countries, 2, "the rest is kept");

    let picture: PathBuf = node.data().join("gaps.svg");
    let to = picture.display().to_string();
    let out = node.command(&["region", "gaps", "--svg", &to, "--language", "ko"]).output().unwrap();
    assert_eq!(out.status.code(), Some(3), "{}", String::from_utf8_lossy(&out.stderr));
    let drawn = std::fs::read_to_string(picture).unwrap();
    assert!(drawn.starts_with("<svg") && drawn.contains("네트워크 탐지"));
}
