//! A circle's fires are the same wherever they are shown: page, list for shells, JSON, DNS, terminal.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::node::{Node, bundle, client, id, indicator, wait};

const TIME: Duration = Duration::from_secs(60);

/// What `dig` prints for the member's TXT records, one line each, without quotes.
fn dig(port: &str, more: &[&str]) -> Vec<String> {
    let output = Command::new("dig")
        .args(["@127.0.0.1", "-p", port, "block._fires.rpz.bongsu", "TXT", "+short", "+tries=1"])
        .args(more)
        .output()
        .unwrap_or_else(|error| panic!("dig: {error}; run scripts/setup"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().map(|line| line.trim_matches('"').to_owned()).collect()
}

#[test]
fn fires_are_the_same_everywhere() {
    let node = Node::with_members();
    let members = ["--member", "exchange", "--member", "block", "--member", "read"];
    node.json(&[&["circle", "add", "region", "--title", "Region"][..], &members].concat());
    node.json(&["circle", "add", "others", "--member", "exchange"]);
    node.json(&["member", "zone", "block", "--from", "127.0.0.2"]);
    let tsig = node.json(&["member", "tsig", "block"])["tsig"].clone();
    let key = format!("hmac-sha256:{}:{}", tsig["name"].as_str().unwrap(), tsig["secret"].as_str().unwrap());
    let serving = node.serve();
    let port = serving.dns.clone().unwrap().rsplit_once(':').unwrap().1.to_owned();
    let everywhere = |fires: u64, cause: &str, why: &str| {
        let told = node.json(&["circle", "fires", "region"])["circles"][0].clone();
        assert_eq!(
            (&told["fires"], &told["cause"], &told["why"]),
            (&json!(fires), &json!(cause), &json!(why))
        );
        let since = told["since"].as_str().unwrap_or("-");
        let words = format!("region {fires} {since} {cause}");
        for member in ["read", "block"] {
            assert_eq!(node.text(&serving, member, "/d/fires.txt"), format!("{words} {why}\n"));
            let json: Value = serde_json::from_str(&node.text(&serving, member, "/d/fires.json")).unwrap();
            assert_eq!(json, json!({ "circles": [told] }), "one circle, and no other's");
        }
        assert_eq!(dig(&port, &["-y", &key]), std::slice::from_ref(&words));
        assert_eq!(dig(&port, &["-b", "127.0.0.2"]), [words]);
        assert!(dig(&port, &[]).is_empty(), "a stranger is told nothing");
        for path in ["/", "/circles", "/circles/region"] {
            let page = node.text(&serving, "read", path);
            let burn = ["of", "/"].map(|of| format!("{fires} {of} 5"));
            assert!(page.contains(why) && burn.iter().any(|burn| page.contains(burn)), "{path}: {page}");
        }
    };
    // They are worked out again at most a second after a change, and later on a slow machine.
    let burns = |words: &str| {
        let told = wait(TIME, || {
            Some(node.text(&serving, "read", "/d/fires.txt")).filter(|told| told.starts_with(words))
        });
        assert!(told.is_some(), "{words}: {}", node.text(&serving, "read", "/d/fires.txt"));
    };
    everywhere(1, "calm", "nothing calls for attention");
    let mut new = indicator(1, "evil-k3.top");
    new["modified"] = json!(crate::node::now());
    node.json(&["import", &node.file("b.json", bundle(&[new])), "--circle", "region", "--as", "exchange"]);
    burns("region 2");
    everywhere(2, "news", "something new to act on has come");
    let seen = json!({
        "type": "sighting", "spec_version": "2.1", "id": id("sighting", 2), "created": crate::node::now(),
        "modified": crate::node::now(), "sighting_of_ref": id("indicator", 1),
    });
    node.json(&["import", &node.file("s.json", bundle(&[seen])), "--circle", "region", "--as", "block"]);
    burns("region 3");
    everywhere(3, "seen", "a member saw what is shared here");
    node.json(&[
        "circle",
        "fires",
        "region",
        "--set",
        "5",
        "--reason",
        "mass phishing since noon",
        "--hours",
        "2",
    ]);
    everywhere(5, "word", "mass phishing since noon");
    node.json(&["circle", "fires", "region", "--clear"]);
    everywhere(3, "seen", "a member saw what is shared here");

    // A shell script reads a number; fires are no advisory that somebody read.
    let script = format!(
        "curl -sf -u read:{} {}/d/fires.txt | while read circle fires rest; do echo $((fires * 2)); done",
        node.tokens["read"], serving.url
    );
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "6\n");
    assert_eq!(node.json(&["member", "standing", "read"])["members"][0]["real"], Value::Null);
    let stranger = client().get(format!("{}/d/fires.txt", serving.url)).send().unwrap();
    assert_eq!(stranger.status(), 401);

    // What does not fit into a datagram comes over TCP.
    for number in 0..40 {
        node.json(&[
            "circle",
            "add",
            &format!("agreement-between-neighbours-{number:02}"),
            "--member",
            "block",
        ]);
    }
    assert_eq!(dig(&port, &["-y", &key]).len(), 41);
    assert!(dig(&port, &["-y", &key, "+notcp", "+ignore"]).is_empty());
}
