//! Members are told by mail, over a real mail server with STARTTLS: what is urgent at once, each once, and TLP:RED never.

use std::time::Duration;

use serde_json::{Value, json};
use stix::Tlp;

use crate::certificates::certificates;
use crate::node::{Node, bundle, id, now, wait};
use crate::push::Peer;

const TIME: Duration = Duration::from_secs(60);
const SERVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/journeys/mail_server.py");

/// A node with a circle up to RED, a member that is cleared for it, and a mail server.
fn node() -> (Node, Peer, String) {
    let mut node = Node::with_members();
    node.member("minister", "read", "red");
    let members = ["--member", "exchange", "--member", "minister", "--member", "read", "--member", "list"];
    node.json(
        &[&["circle", "add", "region", "--title", "Region", "--ceiling", "red"][..], &members].concat(),
    );
    certificates(node.dir.path());
    let path = |name: &str| node.dir.path().join(name).display().to_string();
    let fails = path("fails");
    let server = Peer::run(SERVER, &[&path("server.pem"), &path("server.key"), &fails]);
    let mail = format!(
        "[http]\npublic_url = \"https://tower.example\"\n[mail]\nhost = \"127.0.0.1\"\nport = {}\nca_file = \"{}\"\n\
         from = \"Tower <tower@tower.example>\"\nreply_to = \"soc@tower.example\"\ntimeout_s = 3\n",
        server.next(),
        path("ca.pem")
    );
    std::fs::write(node.data().join("bongsu.toml"), mail).unwrap();
    (node, server, fails)
}

fn incident(number: u128, name: &str, tlp: Tlp) -> Value {
    json!({
        "type": "incident", "spec_version": "2.1", "id": id("incident", number), "created": now(), "modified": now(),
        "name": name, "labels": ["severity:critical"], "object_marking_refs": [tlp.definition_id().to_string()],
    })
}

fn share(node: &Node, objects: &[Value]) {
    let file = node.file("incidents.json", bundle(objects));
    node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
}

fn list(node: &Node, member: &str) -> Value {
    let list = node.json(&["mail", "list"]);
    list["mails"].as_array().unwrap().iter().find(|one| one["member"] == member).unwrap().clone()
}

#[test]
fn what_is_urgent_is_mailed_at_once_and_red_is_not() {
    let (node, server, _) = node();
    let test = node.json(&["mail", "test", "--to", "admin@ministry.example"]);
    let mail = server.next();
    assert_eq!(
        (&mail["id"], &mail["tls"], &mail["to"]),
        (&test["id"], &json!(true), &json!(["admin@ministry.example"]))
    );

    let to = [
        "member",
        "mail",
        "minister",
        "--to",
        "soc@ministry.example",
        "--digest",
        "urgent",
        "--zone",
        "Asia/Seoul",
    ];
    assert_eq!(node.json(&to)["mail"]["digest"], "urgent");
    let names = ["Wallets of <Hangang> emptied", "Kept among few"];
    share(&node, &[incident(1, names[0], Tlp::Amber)]);
    let red = node.file("red.json", bundle(&[incident(2, names[1], Tlp::Red)]));
    node.json(&["import", &red, "--circle", "region", "--as", "exchange", "--recipient", "minister"]);
    let serving = node.serve();
    let mail = server.next();
    let subject = mail["subject"].as_str().unwrap();
    assert_eq!(subject, "[TLP:AMBER] [4 fires] URGENT: 1 incident (tower.test)");
    assert_eq!(
        (&mail["auto"], &mail["type"], &mail["reply_to"]),
        (&json!("auto-generated"), &json!("multipart/alternative"), &json!("soc@tower.example"))
    );
    assert_eq!((&mail["parts"], &mail["defects"]), (&json!(["text/plain", "text/html"]), &json!([])));
    let (text, html) = (mail["text"].as_str().unwrap(), mail["html"].as_str().unwrap());
    assert!(
        text.contains(names[0]) && html.contains("Wallets of &#60;Hangang&#62; emptied"),
        "{text}\n{html}"
    );
    assert!(text.contains("Log in.") && text.contains("https://tower.example/d/advisory.html"), "{text}");
    assert!(text.starts_with("TLP:AMBER") && text.contains("Region: 4"), "{text}");
    assert!(!mail.to_string().contains(names[1]) && !mail.to_string().contains(&id("incident", 2)));
    let taken = wait(TIME, || list(&node, "minister")["taken"][0]["id"].as_str().map(str::to_owned));
    assert_eq!(taken.as_deref(), mail["id"].as_str());
    let receipts = node.json(&["member", "receipts", "minister"]);
    let receipt = receipts["receipts"].as_array().unwrap().iter().find(|one| one["what"] == "mail").unwrap();
    assert_eq!(
        (&receipt["did"], &receipt["mark"], &receipt["upto"][0]["number"]),
        (&json!("delivered"), &mail["id"], &json!(2))
    );
    assert_eq!(
        node.json(&["member", "standing", "minister"])["members"][0]["real"],
        Value::Null,
        "nobody may have read it"
    );

    let withdrawn = id("incident", 1);
    node.json(&["withdraw", &withdrawn, "--circle", "region", "--as", "exchange", "--reason", "wrong"]);
    let recall = server.next();
    assert!(recall["subject"].as_str().unwrap().contains("URGENT: 1 withdrawn"), "{recall}");
    assert_ne!(recall["id"], mail["id"]);

    node.json(&["member", "mail", "minister", "--digest", "off"]);
    share(&node, &[incident(3, "another", Tlp::Green)]);
    std::thread::sleep(Duration::from_secs(2));
    assert!(server.lines.try_recv().is_err(), "it is told nothing any more");
    serving.stop();
}

#[test]
fn what_a_mail_server_does_not_take_is_kept_tried_again_and_sent_once() {
    let (node, server, fails) = node();
    std::fs::write(&fails, "").unwrap();
    for (member, to) in [
        ("read", "later@ministry.example"),
        ("minister", "refused@ministry.example"),
        ("list", "silent@ministry.example"),
    ] {
        node.json(&["member", "mail", member, "--to", to, "--digest", "urgent"]);
    }
    let serving = node.serve();
    share(&node, &[incident(1, "Seen once", Tlp::Green)]);
    let told = wait(TIME, || {
        let (later, refused, silent) = (list(&node, "read"), list(&node, "minister"), list(&node, "list"));
        let error = |one: &Value, at: &str| one[at][0]["error"].as_str().map(str::to_owned);
        Some((error(&later, "queued")?, error(&refused, "dead")?, error(&silent, "queued")?))
    });
    let (later, refused, silent) = told.unwrap_or_else(|| panic!("{}", node.json(&["mail", "list"])));
    assert!(later.contains("come back later"), "{later}");
    assert!(refused.contains("no such person"), "{refused}");
    assert!(silent.contains("not taken it within 3 s"), "{silent}");
    let receipts = node.json(&["member", "receipts", "minister"]).to_string();
    assert!(receipts.contains("\"did\":\"failed\""), "{receipts}");
    assert!(node.text(&serving, "read", "/d/fires.txt").starts_with("region 4"), "it goes on serving");

    let waits = list(&node, "read")["queued"][0]["id"].clone();
    serving.kill();
    std::fs::remove_file(fails).unwrap();
    let serving = node.serve();
    let mail = server.next();
    assert_eq!((&mail["id"], &mail["to"]), (&waits, &json!(["later@ministry.example"])));
    assert!(wait(TIME, || list(&node, "read")["taken"][0].is_object().then_some(())).is_some());
    std::thread::sleep(Duration::from_secs(3));
    assert!(server.lines.try_recv().is_err(), "once");
    serving.stop();
}

/// Whoever still has what was withdrawn, and is late, is written to once; nobody waits for another's mailbox.
#[test]
fn an_overdue_recall_is_mailed_to_the_contact() {
    let (node, server, fails) = node();
    std::fs::write(&fails, "").unwrap();
    node.json(&["circle", "join", "region", "block"]);
    let mut members = ["list", "block"];
    members.sort_by_key(|member| node.json(&["member", "show", member])["member"]["id"].to_string());
    let [first, second] = members;
    node.json(&["member", "set", first, "--contact", "later@ministry.example"]);
    node.json(&["member", "set", second, "--contact", "Port desk, desk@port.example, +00 555 0100"]);
    let mut shared = crate::node::indicator(1, "wrong-k3.top");
    shared["object_marking_refs"] = json!([Tlp::Green.definition_id().to_string()]);
    share(&node, std::slice::from_ref(&shared));
    let serving = node.serve_with(&[("BONGSU__RECALL__SYSTEMS_HOURS", "0")]);
    members.iter().for_each(|member| drop(node.text(&serving, member, "/d/list/domain.txt")));
    node.json(&[
        "withdraw",
        &id("indicator", 1),
        "--circle",
        "region",
        "--as",
        "exchange",
        "--reason",
        "wrong",
    ]);
    let mail = server.next();
    assert_eq!(mail["to"], json!(["desk@port.example"]), "{mail}");
    let text = mail["text"].as_str().unwrap();
    assert!(text.contains("list/domain.txt") && !text.contains("wrong-k3"), "{mail}");
    let told = |member: &str| {
        let receipts = node.json(&["member", "receipts", member])["receipts"].as_array().unwrap().clone();
        receipts.into_iter().find(|receipt| receipt["did"] == "escalated")
    };
    assert!(wait(TIME, || told(second)).is_some());
    assert!(told(first).is_none(), "its mail waits");
}
