//! Several nodes beside one database: what one erases no other gives any more, what is changed at one holds at all, what may be done
//! once or so often is done once or so often at all of them together, and to witnesses they are one log.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::advisories::{SETUP, answer, link};
use crate::authority::openssl;
use crate::node::{Node, Serving, id, indicator, wait};
use crate::privacy::holding;
use crate::private::{command, said};
use crate::server::Server;
use crate::several_nodes::{TIME, WITHOUT_DNS, all, becomes, nodes};
use crate::transparency::{Member, keys};

const OBJECTS: &str = "/api/collections/region/objects/";
/// What nobody else is called; the second word stands whole in indexes too.
const NAME: &str = "Quillon Vantreese-Zugzwang";
const WORD: &str = "ugzwang";
const DOMAIN: &str = "quillon-canary-k3.top";

fn post(node: &Node, serving: &Serving, objects: &[Value]) -> u16 {
    let objects: Vec<String> = objects.iter().map(Value::to_string).collect();
    node.post(serving, "exchange", "region", &objects.join(",")).send().unwrap().status().as_u16()
}

/// Waits until something holds.
fn comes(what: &str, mut holds: impl FnMut() -> bool) {
    assert!(wait(TIME, || holds().then_some(())).is_some(), "{what}");
}

fn indicators(numbers: std::ops::Range<u128>) -> Vec<Value> {
    numbers.map(|number| indicator(number, &format!("c{number}-k3.top"))).collect()
}

#[test]
fn what_one_node_erases_no_other_gives_any_more_nor_keeps() {
    let (nodes, _) = nodes(Server::shared(), 2);
    let serving = all(&nodes, WITHOUT_DNS);
    let identity = json!({
        "type": "identity", "spec_version": "2.1", "id": id("identity", 1), "name": NAME, "identity_class": "individual",
        "created": "2026-09-01T00:00:00.000Z", "modified": "2026-09-01T00:00:00.000Z",
    });
    let mut stays = indicators(1..20);
    stays.extend([identity, indicator(900, DOMAIN)]);
    assert_eq!(post(&nodes[0], &serving[0], &stays), 202);
    let gives = |at: usize, member: &str, path: &str, text: &str| {
        let answer = nodes[at].get(&serving[at], member, path).send().unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.text().unwrap().contains(text)
    };
    // Objects, a list, what is found by a word, and a look-up: each from something that a node derives and keeps.
    let surfaces = [
        ("reader", "/api/collections/region/objects/?limit=1000", NAME),
        ("block", "/d/list/domain.txt", DOMAIN),
        ("reader", "/objects.json?q=zugzwang", NAME),
        ("reader", "/screening/value?value=quillon-canary-k3.top", "\"match\""),
    ];
    for (at, node) in nodes.iter().enumerate() {
        for (member, path, text) in surfaces {
            comes(path, || gives(at, member, path, text));
        }
        comes("the other keeps something of it", || !holding(&node.data(), WORD).is_empty());
    }
    let done = nodes[0].json(&[
        "privacy",
        "erase",
        &id("identity", 1),
        &id("indicator", 900),
        "--reason",
        "on request",
    ]);
    assert_eq!(done["erased"].as_array().unwrap().len(), 2, "{done}");
    for (member, path, text) in surfaces {
        assert!(!gives(0, member, path, text), "{path}");
        comes(path, || !gives(1, member, path, text));
    }
    assert!(gives(1, "block", "/d/list/domain.txt", "c1-k3.top"), "the rest is there");
    for node in &nodes {
        for text in [WORD, DOMAIN] {
            comes(text, || holding(&node.data(), text).is_empty());
        }
    }
    // Not after what was derived was made anew either.
    for (member, path, text) in surfaces {
        assert!(!gives(1, member, path, text), "{path}");
    }
    serving.into_iter().for_each(Serving::stop);
    for node in &nodes {
        assert_eq!(node.json(&["verify"])["sound"], true);
    }
}

#[test]
fn what_is_changed_at_one_node_holds_at_all() {
    let (nodes, _) = nodes(Server::shared(), 2);
    // An authority that both have, as `init --beside` gives it.
    nodes[0].json(&["ca", "init"]);
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .arg(nodes[0].data().join("ca"))
        .arg(nodes[1].data().join("ca"))
        .status();
    assert!(copied.unwrap().success());
    let serving = all(&nodes, WITHOUT_DNS);

    // A quota counts what came over all nodes.
    nodes[0].json(&["member", "quota", "exchange", "--objects-a-day", "10"]);
    assert_eq!(post(&nodes[1], &serving[1], &indicators(0..6)), 202);
    let objects = |at: usize| nodes[at].text(&serving[at], "reader", OBJECTS).matches("\"id\"").count();
    comes("six are known here", || objects(0) >= 6);
    assert_eq!(post(&nodes[0], &serving[0], &indicators(10..15)), 429);
    assert_eq!(post(&nodes[0], &serving[0], &indicators(10..14)), 202);
    comes("ten are known there", || objects(1) >= 10);
    assert_eq!(post(&nodes[1], &serving[1], &indicators(20..21)), 429);
    nodes[1].json(&["member", "quota", "exchange", "--usual"]);
    comes("the quota is gone", || post(&nodes[0], &serving[0], &indicators(20..21)) == 202);

    // A member's clearance, its place in a circle, what it may do there, and its end.
    let mut amber = indicator(30, "amber-k3.top");
    amber["object_marking_refs"] = json!([stix::Tlp::Amber.definition_id().to_string()]);
    assert_eq!(post(&nodes[0], &serving[0], &[amber]), 202);
    let sees = || nodes[1].text(&serving[1], "reader", OBJECTS).contains("amber-k3.top");
    comes("it is seen there", sees);
    nodes[0].json(&["member", "set", "reader", "--clearance", "green"]);
    comes("it is not for the member any more", || !sees());
    nodes[0].json(&["circle", "set", "region", "--ceiling", "green"]);
    let mut late = indicator(31, "late-k3.top");
    late["object_marking_refs"] = json!([stix::Tlp::Amber.definition_id().to_string()]);
    comes("the circle takes nothing beyond its ceiling", || {
        let answer = nodes[1].post(&serving[1], "exchange", "region", &late.to_string()).send().unwrap();
        answer.json::<Value>().unwrap()["failure_count"] == 1
    });
    nodes[0].json(&["circle", "leave", "region", "reader"]);
    becomes(&nodes[1], &serving[1], "reader", OBJECTS, 404);
    nodes[0].json(&["circle", "join", "region", "reader"]);
    becomes(&nodes[1], &serving[1], "reader", OBJECTS, 200);
    nodes[0].json(&["member", "end", "reader"]);
    becomes(&nodes[1], &serving[1], "reader", OBJECTS, 401);

    // What one takes back, the other's list has, by which its listener refuses connections.
    let files = tempfile::tempdir().unwrap();
    let out = |name: &str| files.path().join(name).display().to_string();
    let issue = ["ca", "issue", "--peer", "north.test", "--out", &out("p.pem"), "--key-out", &out("p.key")];
    let issued = nodes[0].json(&issue);
    let serial = issued["certificate"]["serial"].as_str().unwrap();
    let lists = |node: &Node| {
        let crl = node.data().join("ca/crl.pem").display().to_string();
        let (is_read, text) = openssl(files.path(), &format!("crl -in {crl} -noout -text"));
        assert!(is_read, "{text}");
        text.to_ascii_lowercase().contains(serial)
    };
    assert!(nodes.iter().all(|node| !lists(node)));
    nodes[0].json(&["ca", "revoke", serial]);
    assert!(lists(&nodes[0]));
    comes("the other's list has it", || lists(&nodes[1]));
    serving.into_iter().for_each(Serving::stop);
}

#[test]
fn two_answers_by_one_link_at_two_nodes_are_one_and_the_allowance_of_private_questions_is_one() {
    let (nodes, _) = nodes(Server::shared(), 2);
    nodes[0].json(&["circle", "join", "region", "read"]);
    let more = [
        ("BONGSU__DNS__ENABLED", "false"),
        ("BONGSU__PRIVATE__BURST", "1024"),
        ("BONGSU__PRIVATE__PER_HOUR", "1"),
    ];
    let serving = all(&nodes, &[&SETUP[..], &more].concat());
    assert_eq!(post(&nodes[0], &serving[0], &indicators(1..3)), 202);
    for (node, serving) in nodes.iter().zip(&serving) {
        comes("it is in the advisory", || {
            node.text(serving, "read", "/d/advisory.txt").contains("c2-k3[.]top")
        });
    }
    let seen = id("indicator", 1);
    for _ in 0..4 {
        let here = link(&nodes[0], &serving[0]);
        let there = here.replace(&serving[0].url, &serving[1].url);
        let send = |at: usize, link: &str| {
            let fields = [("seen", seen.as_str()), ("other", "a caller who asked")];
            answer(&serving[at], link, &fields).status().as_u16()
        };
        let mut both = std::thread::scope(|scope| {
            let other = scope.spawn(|| send(1, &there));
            [send(0, &here), other.join().unwrap()]
        });
        both.sort_unstable();
        assert_eq!(both, [200, 410], "one is taken, and the other is told so");
        comes("the link is used up at both", || {
            [(0, &here), (1, &there)]
                .iter()
                .all(|(at, link)| serving[*at].client.get(*link).send().unwrap().status() == 410)
        });
    }

    // So many blinded questions in an hour, wherever they are asked: else all of a filter could be asked for at some node.
    let list: String = (0..1_024).map(|at| format!("q{at}-k3.top\n")).collect();
    let list = nodes[0].file("many.txt", list);
    let many = |at: usize| {
        let mut command = command(&nodes[0], &serving[at], "exchange", &["--json", "-"]);
        command.stdin(std::fs::File::open(&list).unwrap()).output().unwrap()
    };
    let output = many(0);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    for at in [1, 0] {
        let output = many(at);
        assert_eq!(output.status.code(), Some(2));
        assert!(said(&output).contains("429"), "{}", said(&output));
    }
    serving.into_iter().for_each(Serving::stop);
}

#[test]
fn a_witness_sees_one_log_and_what_one_node_had_cosigned_all_show() {
    let (nodes, _) = nodes(Server::shared(), 3);
    let watch = Node::of(tempfile::tempdir().unwrap(), HashMap::new());
    watch.json(&["init", "--name", "watch.test"]);
    let ((key, _), (_, witness)) = (keys(&nodes[0]), keys(&watch));
    let config = format!("[transparency]\n[[transparency.witness_for]]\nkey = \"{key}\"\n");
    std::fs::write(watch.data().join("bongsu.toml"), config).unwrap();
    let watching = watch.serve_with(WITHOUT_DNS);
    // Two of them ask; the third shows what they got.
    for node in &nodes[..2] {
        let path = node.data().join("bongsu.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        let asked = format!(
            "every_s = 1\n[[transparency.witness]]\nurl = \"{}/witness\"\nkey = \"{witness}\"\n",
            watching.url
        );
        assert_eq!(text.matches("every_s = 10\n# Witnesses").count(), 1, "{text}");
        let text = text.replace("every_s = 10\n# Witnesses", &format!("{asked}# Witnesses"));
        std::fs::write(path, text).unwrap();
    }
    let logs: Vec<_> = nodes.iter().map(|node| node.dir.path().join("serve.log")).collect();
    let serving: Vec<Serving> =
        nodes.iter().zip(&logs).map(|(node, log)| node.serve_logged(log, WITHOUT_DNS)).collect();
    let member = Member::new(&nodes[0], "reader");
    let shown = nodes[0].json(&["circle", "show", "region"]);
    let circle = shown["circle"]["id"].as_str().unwrap();
    let demands = ["--witness", witness.as_str()];
    for round in 0..6_u128 {
        let at = usize::try_from(round % 3).unwrap();
        assert_eq!(post(&nodes[at], &serving[at], &indicators(round * 100..round * 100 + 7)), 202);
        // Who has a checkpoint of one asks another for what it commits to, and gets it as soon as the objects are there.
        let other = (at + 1) % 3;
        let (last, tile) = (id("indicator", round * 100 + 6), format!("tile/0/000.p/{}", (round + 1) * 7));
        comes("the objects are there", || {
            nodes[other].text(&serving[other], "reader", OBJECTS).contains(&last)
        });
        let tile = nodes[other].get(&serving[other], "reader", &format!("/log/{circle}/{tile}")).send();
        assert_eq!(tile.unwrap().status(), 200);
        // Each in turn, from the one that does not ask on: all the same member, who keeps what it was shown last.
        for serving in [&serving[2], &serving[0], &serving[1]] {
            let records = json!((round + 1) * 7);
            comes("it is cosigned, and all there", || {
                let (code, line) = member.audit(serving, &demands);
                let findings = line["findings"].to_string();
                assert!(!findings.contains("two histories"), "{line}");
                code == Some(0) && line["records"] == records
            });
        }
    }
    let evidence = watch.data().join("witness/evidence");
    assert!(!evidence.exists(), "no fork was seen");
    serving.into_iter().for_each(Serving::stop);
    for log in logs {
        let log = std::fs::read_to_string(log).unwrap();
        assert!(!log.contains("does not cosign"), "{log}");
    }
}
