//! The page for hunting: what a watch file holds, a look into a real log that is pasted, and what hunts reported.

use std::process::Command;

use flate2::read::MultiGzDecoder;
use serde_json::{Value, json};

use crate::node::{Node, Serving, bundle, id, indicator, now, shared};
use crate::people::logged_in;
use crate::persona_pages::{holds, sent};

/// Domains that are looked for, a network, a URL, and one that the guard holds.
const LIST: &str =
    "snozberry-k3.top\n45.83.64.0/24\nhttp://bad-k3.top/in.php\nnever-seen-k3.top\ngoogle.com\n";

fn node() -> Node {
    let mut node = Node::with_members();
    node.member("lone", "detect", "amber");
    let members = ["--member", "exchange", "--member", "detect", "--member", "list"];
    node.json(&[&["circle", "add", "region"][..], &members].concat());
    let list = node.file("list.txt", LIST);
    assert_eq!(node.json(&["import", &list, "--circle", "region", "--as", "exchange"])["added"], 5);
    // A real domain of the log, and one more.
    let file = node.file("bundle.json", bundle(&[indicator(1, "wrccdc.org"), indicator(2, "other-k3.top")]));
    node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
    node
}

/// The beginning of a real log, with planted lines behind its head.
fn log() -> String {
    let path = shared("logs/zeek/zeek-default/dns.log.gz");
    let mut text = Vec::new();
    std::io::copy(&mut MultiGzDecoder::new(std::fs::File::open(path).unwrap()), &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    let lines: Vec<&str> = text.lines().take(4_000).collect();
    assert!(lines.len() > 1_000, "{}", lines.len());
    let planted = [
        "1521911720.8\t10.9.8.7\ta7.snozberry-k3.top\tsecret-line-k3",
        "{\"hostname\":\"bad-k3.top\",\"http_port\":80,\"url\":\"/in.php\"}",
        "<script>alert(1)</script> 45.83.64.9 not-snozberry-k3.top",
    ];
    let text = [&lines[..12], &planted, &lines[12..]].concat().join("\n");
    text[..text.floor_char_boundary(1 << 20)].to_owned()
}

/// What a page says that was found: the line, what stands there, and what was looked for.
fn rows(page: &str) -> Vec<(u64, String, String)> {
    let found = page.split_once("id=\"found\"").unwrap().1.split_once("</table>").unwrap().0;
    let code = |part: &str| part.split_once("<code>").unwrap().1.split_once("</code>").unwrap().0.to_owned();
    let row = |row: &str| {
        let (line, rest) = row.split_once("</th>").unwrap();
        let (there, value) = rest.split_once("</td>").unwrap();
        (line.parse().unwrap(), code(there), code(value))
    };
    found.split("<tr><th scope=\"row\" class=\"num\">").skip(1).map(row).collect()
}

fn hunt(node: &Node, args: &[&str]) -> Vec<Value> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
    let output = command.env_clear().current_dir(node.dir.path()).arg("hunt").args(args).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn watch_file(node: &Node, serving: &Serving) -> String {
    let answer = node.get(serving, "detect", "/d/watch.bongsu").send().unwrap();
    node.file("watch.bongsu", answer.bytes().unwrap())
}

#[test]
fn a_pasted_log_is_looked_through_as_a_hunt_would_and_forgotten() {
    let node = node();
    let logged = node.dir.path().join("node.log");
    let serving = node.serve_logged(&logged, &[]);
    let mut jin = logged_in(&node, &serving, "jin", "detect", &["reader"]);
    let (log, watch) = (log(), watch_file(&node, &serving));
    let file = node.file("dns.log", &log);
    let mut finds = hunt(&node, &["--watch", &watch, "--json", &file]);
    let summary = finds.pop().unwrap()["summary"].clone();

    // What the file holds, as the file itself says, and how it is taken; with nothing secret.
    let page = jin.get("/hunt").text;
    assert!(page.contains(&format!("<strong>{}</strong> values", summary["watched"])), "{summary}: {page}");
    for what in [
        "TLP:AMBER",
        "-u detect:TOKEN -O http://127.0.0.1:",
        "href=\"/d/watch.bongsu\"",
        "--key &#39;tower.test+",
    ] {
        assert!(page.contains(what), "{what}: {page}");
    }
    assert!(page.contains("<th scope=\"row\">domain</th><td class=\"num\">4</td>"), "{page}");
    assert!(!page.contains(&node.tokens["detect"]) && !page.contains("google.com"));
    let key = node.json(&["pack", "key"])["key"].as_str().unwrap().to_owned();
    let told = page.split_once("--key &#39;").unwrap().1.split_once("&#39;").unwrap().0;
    assert_eq!(told, key);

    let page = jin.post("/hunt", "/hunt", &[("log", &log)]);
    assert_eq!(page.status, 200, "{}", page.text);
    let text = |find: &Value, name: &str| find[name].as_str().unwrap().to_owned();
    let expected: Vec<(u64, String, String)> = finds
        .iter()
        .map(|find| (find["line"].as_u64().unwrap(), text(find, "found"), text(find, "value")))
        .collect();
    assert!(finds.len() > 3, "{}", finds.len());
    assert!(
        page.text.contains(&format!("{} found in {} lines.", finds.len(), log.lines().count())),
        "{}",
        page.text
    );
    assert_eq!(rows(&page.text), expected[..expected.len().min(300)], "the first of them are shown");
    for what in ["a7.snozberry-k3.top", "http://bad-k3.top/in.php", "&#60;script&#62;", "TLP:AMBER"] {
        assert!(page.text.contains(what), "{what}");
    }

    // In Korean; too much; nothing; nothing for whoever does not get the file, or not these values.
    let page = jin.post("/hunt", "/hunt?lang=ko", &[("log", "a7.snozberry-k3.top")]);
    assert!(
        page.text.contains("1줄에서 1건을 찾았습니다.") && page.text.contains("상위 도메인"),
        "{}",
        page.text
    );
    for (log, says) in
        [(" \n".to_owned(), "Paste the lines of a log."), ("x".repeat((1 << 20) + 1), "At most 1 MiB")]
    {
        let page = jin.post("/hunt", "/hunt", &[("log", &log)]);
        assert!(page.status == 422 && page.text.contains(says), "{says}: {}", page.status);
    }
    for (member, says) in [("list", "Hunting takes the level"), ("lone", "0 found in 1 line.")] {
        let (status, text) = sent(&serving, &node.tokens[member], "/hunt", &[("log", "a7.snozberry-k3.top")]);
        assert!(status == 200 && text.contains(says), "{member}: {text}");
        assert!(!text.contains("snozberry-k3.top</code>"), "{text}");
    }
    let operator = node.json(&["member", "token", "--operator"])["token"]["token"].clone();
    let fields = [("log", "a7.snozberry-k3.top"), ("member", "detect")];
    let (_, text) = sent(&serving, operator.as_str().unwrap(), "/hunt", &fields);
    assert!(
        text.contains("1 found in 1 line.") && text.contains("href=\"/as/detect/d/watch.bongsu\""),
        "{text}"
    );

    serving.stop();
    assert_eq!(holds(&node.data(), "secret-line-k3"), None, "nothing of a log is kept");
    assert_eq!(holds(&node.data(), "10.9.8.7"), None);
    assert!(holds(&node.data(), "snozberry-k3.top").is_some(), "what was shared is");
    let logged = std::fs::read_to_string(logged).unwrap();
    assert!(!logged.contains("snozberry"), "{logged}");
}

#[test]
fn what_hunts_reported_is_told_by_indicator_and_nothing_else() {
    let node = node();
    let serving = node.serve();
    assert!(node.text(&serving, "detect", "/hunt").contains("No hunt of this member has reported anything"));
    let watch = watch_file(&node, &serving);
    // A hunt's report, and a sighting that the member brought in another way.
    let log = node.file("a.log", "2026-11-02T10:00:00Z wrccdc.org\n2026-11-03T11:00:00Z www.wrccdc.org\n");
    let out = node.dir.path().join("sightings.json").display().to_string();
    hunt(&node, &["--watch", &watch, "--json", "--stix", &out, &log]);
    node.json(&["import", &out, "--circle", "region", "--as", "detect"]);
    let by_hand = json!({
        "type": "sighting", "spec_version": "2.1", "id": id("sighting", 7), "created": now(), "modified": now(),
        "sighting_of_ref": id("indicator", 2), "count": 41,
    });
    node.json(&["import", &node.file("s.json", bundle(&[by_hand])), "--circle", "region", "--as", "detect"]);

    let page = node.text(&serving, "detect", "/hunt");
    let reported = page.split_once("id=\"reported\"").unwrap().1;
    assert_eq!(reported.matches("<tr><th scope=\"row\">").count(), 1, "{reported}");
    let row = format!(
        "<a href=\"/objects/region/{}\">wrccdc.org</a></th><td><code>region</code></td>",
        id("indicator", 1)
    );
    assert!(reported.contains(&row), "{reported}");
    assert!(reported.contains("<td class=\"num\">2</td><td class=\"num\">1</td>"), "{reported}");
    assert!(reported.contains(">2026-11-03 11:00</time>"), "{reported}");
    // Nobody else's page tells it.
    for member in ["lone", "exchange"] {
        assert!(node.text(&serving, member, "/hunt").contains("No hunt of this member"), "{member}");
    }
    let page = node.as_operator(&serving, "/hunt?member=detect&lang=ko");
    assert!(page.contains(">wrccdc.org</a>") && page.contains("마지막으로 본 때"), "{page}");
}
