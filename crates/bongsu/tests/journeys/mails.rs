//! Members are told by mail, over a real mail server: in their language, with their advisory, what is urgent at once, each once,
//! and TLP:RED never.

use std::time::Duration;

use serde_json::{Value, json};
use stix::Tlp;

use crate::certificates::certificates;
use crate::node::{Node, bundle, id, in_a_database, in_a_file, indicator, now, wait};
use crate::push::Peer;

const TIME: Duration = Duration::from_secs(60);
const SERVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/journeys/mail_server.py");

/// A node with a circle up to RED, a member that is cleared for it, and a mail server with STARTTLS.
pub(crate) fn node() -> (Node, Peer, String) {
    node_with("starttls", "")
}

/// The same, with a mail server of this kind and more of the configuration's section on mail.
fn node_with(mode: &str, more: &str) -> (Node, Peer, String) {
    let mut node = Node::with_members();
    node.member("minister", "read", "red");
    let members = ["--member", "exchange", "--member", "minister", "--member", "read", "--member", "list"];
    node.json(
        &[&["circle", "add", "region", "--title", "Region", "--ceiling", "red"][..], &members].concat(),
    );
    certificates(node.dir.path());
    let path = |name: &str| node.dir.path().join(name).display().to_string();
    let fails = path("fails");
    let server = Peer::run(SERVER, &[&path("server.pem"), &path("server.key"), &fails, mode]);
    let mail = format!(
        "[http]\npublic_url = \"https://tower.example\"\n[mail]\nhost = \"127.0.0.1\"\nport = {}\nca_file = \"{}\"\n\
         from = \"Tower <tower@tower.example>\"\nreply_to = \"soc@tower.example\"\ntimeout_s = 15\n{more}",
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
    assert_eq!(subject, "[TLP:AMBER] [4/5] URGENT: 1 incident (tower.test)");
    assert_eq!(
        (&mail["auto"], &mail["type"], &mail["reply_to"]),
        (&json!("auto-generated"), &json!("multipart/alternative"), &json!("soc@tower.example"))
    );
    assert_eq!((&mail["parts"], &mail["defects"]), (&json!(["text/plain", "text/html"]), &json!([])));
    assert_eq!((&mail["attached"], &mail["language"]), (&json!([]), &json!("en")), "its advisory is RED");
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
    // A receipt is written after its mail was noted as taken.
    let receipt = wait(TIME, || {
        let receipts = node.json(&["member", "receipts", "minister"]);
        receipts["receipts"].as_array().unwrap().iter().find(|one| one["what"] == "mail").cloned()
    });
    let receipt = receipt.expect("a receipt");
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
    assert!(silent.contains("not taken it within 15 s"), "{silent}");
    let receipts = || node.json(&["member", "receipts", "minister"]).to_string();
    let noted = wait(TIME, || receipts().contains("\"did\":\"failed\"").then_some(()));
    assert!(noted.is_some(), "{}", receipts());
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
    let mut shared = indicator(1, "wrong-k3.top");
    shared["object_marking_refs"] = json!([Tlp::Green.definition_id().to_string()]);
    share(&node, std::slice::from_ref(&shared));
    let serving = node.serve_with(&[("BONGSU__RECALL__SYSTEMS_HOURS", "0")]);
    members.iter().for_each(|member| drop(node.text(&serving, member, "/d/list/domain.txt")));
    node.withdraw(&id("indicator", 1));
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

/// What is written in a document that came with a mail.
fn document(mail: &Value) -> String {
    let path = mail["attached"][0]["path"].as_str().unwrap_or_else(|| panic!("nothing is attached: {mail}"));
    let output = std::process::Command::new("pdftotext").args(["-layout", path, "-"]).output();
    let output = output.unwrap_or_else(|error| panic!("pdftotext: {error}; run scripts/setup"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_korean_member_gets_a_korean_mail_with_its_advisory() {
    let (node, server, _) = node();
    node.json(&["member", "set", "read", "--language", "ko-KR"]);
    let to = ["member", "mail", "read", "--to", "soc@read.example", "--digest", "urgent"];
    assert_eq!(node.json(&to)["mail"]["advisory"], "attached");
    let custom = json!({
        "type": "x-kite", "spec_version": "2.1", "id": id("x-kite", 9), "created": now(), "modified": now(),
        "object_marking_refs": [Tlp::Green.definition_id().to_string()],
    });
    share(&node, &[incident(1, "Wallets of Hangang emptied", Tlp::Amber), custom]);
    let red = node.file("red.json", bundle(&[incident(2, "Kept among few", Tlp::Red)]));
    node.json(&["import", &red, "--circle", "region", "--as", "exchange"]);
    let serving = node.serve();
    let mail = server.next();
    assert_eq!(mail["subject"], "[TLP:AMBER] [4/5] 긴급: 사고 1건, x-kite 유형 객체 1개 (tower.test)");
    let attached = &mail["attached"][0];
    assert_eq!((&attached["name"], &attached["type"]), (&json!("advisory.pdf"), &json!("application/pdf")));
    assert_eq!((&mail["type"], &mail["language"]), (&json!("multipart/mixed"), &json!("ko")));
    assert_eq!(
        (&mail["parts"], &mail["defects"]),
        (&json!(["multipart/alternative", "application/pdf"]), &json!([]))
    );
    let (text, html) = (mail["text"].as_str().unwrap(), mail["html"].as_str().unwrap());
    for told in [text, html] {
        assert!(told.contains("Region: 봉화 5개 중 4개, 매우 심각한 것이 공유되었습니다"), "{told}");
        assert!(told.contains("사고: Wallets of Hangang emptied [TLP:AMBER]"), "{told}");
        assert!(told.contains("첨부된 권고문") && told.contains("/d/advisory.html"), "{told}");
        for english in ["fire", "incident", "New", "Report", "advisory is", "Log in"] {
            assert!(!told.contains(english), "{english}: {told}");
        }
    }
    assert!(html.contains("<html lang=\"ko\">"), "{html}");
    let written = document(&mail);
    for told in ["보안 권고", "오늘 할 일", "Wallets of Hangang emptied", "TLP:AMBER"] {
        assert!(written.contains(told), "{told}: {written}");
    }
    assert!(!written.contains("Kept among few") && !mail.to_string().contains("Kept among few"), "{written}");

    share(&node, &[incident(3, "Bridge lights out", Tlp::Green)]);
    let mail = server.next();
    let subject = mail["subject"].as_str().unwrap();
    assert!(subject.starts_with("[TLP:AMBER] "), "what is attached is AMBER: {subject}");
    assert!(mail["text"].as_str().unwrap().contains("Bridge lights out [TLP:GREEN]"), "{mail}");
    assert!(document(&mail).contains("Bridge lights out"), "{mail}");

    node.json(&["member", "mail", "read", "--advisory", "linked"]);
    share(&node, &[incident(4, "Ferry late", Tlp::Green)]);
    let mail = server.next();
    assert_eq!(mail["subject"], "[TLP:GREEN] [4/5] 긴급: 사고 1건 (tower.test)");
    assert_eq!((&mail["attached"], &mail["type"]), (&json!([]), &json!("multipart/alternative")));
    assert!(mail["text"].as_str().unwrap().contains("https://tower.example/d/advisory.html"), "{mail}");
    serving.stop();
}

#[test]
fn a_new_address_is_told_all_that_the_old_one_did_not_get() {
    tells_a_new_address(in_a_file(node));
}

#[test]
fn a_new_address_is_told_the_same_where_the_lines_are_in_a_database() {
    tells_a_new_address(in_a_database(node));
}

fn tells_a_new_address((node, server, fails): (Node, Peer, String)) {
    let to = |address: &str| {
        node.json(&["member", "mail", "read", "--to", address, "--digest", "urgent"]);
    };
    to("soc@read.example");
    let serving = node.serve();
    share(&node, &[incident(1, "Taken", Tlp::Green)]);
    assert_eq!(server.next()["to"], json!(["soc@read.example"]));
    assert!(wait(TIME, || list(&node, "read")["taken"][0].is_object().then_some(())).is_some());
    std::fs::write(&fails, "").unwrap();
    to("later@read.example");
    share(&node, &[incident(2, "Still waits", Tlp::Green)]);
    assert!(wait(TIME, || list(&node, "read")["queued"][0]["error"].as_str().map(str::to_owned)).is_some());
    to("new@read.example");
    let mail = server.next();
    assert_eq!(mail["to"], json!(["new@read.example"]), "{mail}");
    let text = mail["text"].as_str().unwrap();
    assert!(text.contains("Still waits") && !text.contains("Taken"), "{text}");
    serving.stop();
}

#[test]
fn a_mail_goes_by_tls_from_the_first_byte() {
    let (node, server, _) = node_with("implicit", "tls = \"implicit\"\n");
    let test = node.json(&["mail", "test", "--to", "admin@ministry.example"]);
    let mail = server.next();
    assert_eq!((&mail["id"], &mail["tls"], &mail["user"]), (&test["id"], &json!(true), &Value::Null));
}

/// What the mail server says of the node's own log-in is not the message's fault: it waits until the password is right.
#[test]
fn a_refused_log_in_is_said_and_the_mail_waits_for_the_right_password() {
    for mechanism in ["plain", "login"] {
        let (node, server, _) = node_with(mechanism, "user = \"bongsu\"\npassword_file = \"PASSWORD\"\n");
        let (config, password) = (node.data().join("bongsu.toml"), node.file("mail.password", "wrong\n"));
        let text = std::fs::read_to_string(&config).unwrap().replace("PASSWORD", &password);
        std::fs::write(&config, text).unwrap();
        let test = node.command(&["mail", "test", "--to", "admin@ministry.example"]).output().unwrap();
        let said = String::from_utf8_lossy(&test.stderr).into_owned();
        assert!(!test.status.success() && said.contains("refuses the log-in"), "{mechanism}: {said}");

        node.json(&["member", "mail", "read", "--to", "soc@read.example", "--digest", "urgent"]);
        share(&node, &[incident(1, "Waits for a password", Tlp::Green)]);
        let serving = node.serve();
        let waits = wait(TIME, || {
            let one = list(&node, "read")["queued"][0].clone();
            one["error"].is_string().then_some(one)
        });
        let waits = waits.unwrap_or_else(|| panic!("{mechanism}: {}", node.json(&["mail", "list"])));
        let error = waits["error"].as_str().unwrap();
        assert!(error.contains("refuses the log-in") && error.contains("535"), "{mechanism}: {error}");
        assert_eq!(list(&node, "read")["dead"], json!([]), "{mechanism}");
        serving.stop();
        std::fs::write(&password, "right\n").unwrap();
        let serving = node.serve();
        let mail = server.next();
        assert_eq!(
            (&mail["id"], &mail["user"], &mail["tls"]),
            (&waits["id"], &json!("bongsu"), &json!(true)),
            "{mechanism}"
        );
        serving.stop();
    }
}

/// Whoever reads a mail along may follow its link, so the link opens no more than the mail says.
#[test]
fn what_may_only_travel_encrypted_is_neither_in_the_mail_nor_behind_its_link() {
    let (node, server, _) = node();
    node.json(&["member", "mail", "read", "--to", "soc@read.example", "--digest", "urgent"]);
    let green = Tlp::Green.definition_id().to_string();
    let encrypted = json!({
        "type": "marking-definition", "spec_version": "2.1", "id": id("marking-definition", 18),
        "created": "2026-09-01T00:00:00.000Z", "object_marking_refs": [green], "definition_type": "iep",
        "definition": {"name": "p", "tlp": "GREEN", "encrypt_in_transit": "MUST"},
    });
    let (mut open, mut kept) = (indicator(1, "open-k3.top"), indicator(2, "kept-k3.top"));
    open["object_marking_refs"] = json!([green]);
    kept["object_marking_refs"] = json!([id("marking-definition", 18)]);
    share(&node, &[encrypted, open, kept, incident(1, "Wallets emptied", Tlp::Green)]);
    let serving = node.serve_with(&[("BONGSU__HTTP__TLS_ENDS_AT_PROXY", "true")]);
    let mail = server.next();
    let written = document(&mail);
    assert!(written.contains("open-k3[.]top") && !written.contains("kept-k3"), "{written}");
    let document = std::fs::read(mail["attached"][0]["path"].as_str().unwrap()).unwrap();
    let behind = |text: &str| {
        let (_, link) = text.split_once("https://tower.example/answer/").unwrap();
        let end = link.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').unwrap();
        node.text(&serving, "read", &format!("/answer/{}", &link[..end]))
    };
    let form = behind(&String::from_utf8_lossy(&document));
    assert!(form.contains("open-k3[.]top") && !form.contains("kept-k3"), "{form}");
    let form = behind(&node.text(&serving, "read", "/d/advisory.html"));
    assert!(form.contains("open-k3[.]top") && form.contains("kept-k3[.]top"), "{form}");
    serving.stop();
}
