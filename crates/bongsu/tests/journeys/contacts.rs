//! Partners reach each other: a directory that circles open, drills over a real mail server and a real webhook, deputies.

use std::time::Duration;

use serde_json::{Value, json};

use crate::certificates::certificates;
use crate::node::{Node, Serving, wait};
use crate::push::Peer;

const TIME: Duration = Duration::from_secs(60);
const MAIL_SERVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/journeys/mail_server.py");
const PUSH_PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/journeys/push_peers.py");
/// Where members of the test's node reach it, as it is configured; the test asks the socket instead.
const PUBLIC: &str = "https://tower.example";

/// A node with two circles, contacts of two members in one of them, and a mail server.
fn node() -> (Node, Peer) {
    let node = Node::with_members();
    node.json(&[
        "circle", "add", "region", "--title", "Region", "--member", "read", "--member", "block", "--member",
        "list",
    ]);
    node.json(&["circle", "add", "other", "--member", "exchange", "--member", "read"]);
    certificates(node.dir.path());
    let path = |name: &str| node.dir.path().join(name).display().to_string();
    let server =
        Peer::run(MAIL_SERVER, &[&path("server.pem"), &path("server.key"), &path("fails"), "starttls"]);
    let config = format!(
        "[http]\npublic_url = \"{PUBLIC}/\"\n[push]\nallow_hosts = [\"127.0.0.1\"]\n[mail]\nhost = \"127.0.0.1\"\nport = {}\n\
         ca_file = \"{}\"\nfrom = \"Tower <tower@tower.example>\"\n",
        server.next(),
        path("ca.pem")
    );
    std::fs::write(node.data().join("bongsu.toml"), config).unwrap();
    contact(&node, "read-second", "read", "second@read.example", &["--language", "fr"]);
    let first = [
        "--language",
        "ko",
        "--deputy",
        "read-second",
        "--channel",
        "phone:+82 2 555 0100",
        "--position",
        "Duty officer",
    ];
    contact(&node, "read-duty", "read", "duty@read.example", &first);
    contact(
        &node,
        "block-duty",
        "block",
        "duty@block.example",
        &["--hours", "mon-fri 09:00-18:00", "--zone", "Asia/Jakarta"],
    );
    (node, server)
}

fn contact(node: &Node, handle: &str, member: &str, mail: &str, more: &[&str]) {
    let (name, mail) = (format!("Person of {handle}"), format!("mail:{mail}"));
    let add = ["contact", "add", handle, "--member", member, "--function", "technical", "--name", &name];
    node.json(&[&add[..], &["--channel", &mail, "--circle", "region"], more].concat());
}

/// Handles of the contacts in an answer.
fn handles(answer: &Value) -> Vec<&str> {
    answer["contacts"].as_array().unwrap().iter().map(|one| one["contact"].as_str().unwrap()).collect()
}

/// The link in a mail, as a path.
fn link(mail: &Value) -> String {
    let text = mail["text"].as_str().unwrap();
    let from = text.find(&format!("{PUBLIC}/call/")).unwrap_or_else(|| panic!("no link: {text}"));
    text[from + PUBLIC.len()..].split_whitespace().next().unwrap().to_owned()
}

fn look(serving: &Serving, path: &str) -> (u16, String) {
    let response = serving.client.get(format!("{}{path}", serving.url)).send().unwrap();
    (response.status().as_u16(), response.text().unwrap())
}

fn answer(serving: &Serving, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
    let field = |(name, value): &(&str, &str)| {
        let letters = value.bytes().map(|byte| format!("%{byte:02x}"));
        format!("{name}={}", letters.collect::<String>())
    };
    let body = fields.iter().map(field).collect::<Vec<_>>().join("&");
    let request = serving.client.post(format!("{}{path}", serving.url)).body(body);
    let response = request.header("content-type", "application/x-www-form-urlencoded").send().unwrap();
    (response.status().as_u16(), response.text().unwrap())
}

/// The call, once it is as `is` wants it.
fn call(node: &Node, number: &str, is: impl Fn(&Value) -> bool) -> Value {
    let found = wait(TIME, || Some(node.json(&["drill", "show", number])).filter(|call| is(call)));
    found.unwrap_or_else(|| panic!("{}", node.json(&["drill", "show", number])))
}

#[test]
fn a_contact_is_seen_by_the_circles_that_it_is_opened_to_alone() {
    let (node, _server) = node();
    let serving = node.serve();
    let seen = |member: &str| {
        let text = node.text(&serving, member, "/contacts.json");
        let json: Value = serde_json::from_str(&text).unwrap();
        let all = handles(&json).into_iter().map(str::to_owned).collect::<Vec<_>>();
        (all, text, node.text(&serving, member, "/contacts"))
    };
    let (list, json, page) = seen("list");
    assert_eq!(list, ["block-duty", "read-duty", "read-second"]);
    assert!(json.contains("+82 2 555 0100") && page.contains("Person of read-duty, Duty officer"), "{page}");
    for stranger in ["exchange", "detect"] {
        let (list, json, page) = seen(stranger);
        assert!(list.is_empty() && !json.contains("duty") && !page.contains("duty"), "{page}");
        assert!(page.contains("Nobody has opened a contact"), "{page}");
        for path in ["/contacts/read-duty.vcf", "/contacts/nobody.vcf", "/drills/1"] {
            let response = node.get(&serving, stranger, path).send().unwrap();
            assert_eq!(
                (
                    response.status().as_u16(),
                    response.text().unwrap().contains("There is nothing here for you")
                ),
                (404, true)
            );
        }
    }
    let card = node.text(&serving, "list", "/contacts/read-duty.vcf");
    assert!(
        card.starts_with("BEGIN:VCARD\r\nVERSION:4.0\r\n")
            && card.contains("EMAIL;PREF=1:duty@read.example\r\n"),
        "{card}"
    );
    assert_eq!(node.text(&serving, "list", "/contacts.vcf").matches("BEGIN:VCARD").count(), 3);
    assert_eq!(handles(&node.json(&["contact", "list", "--as", "exchange"])), Vec::<&str>::new());

    node.json(&["contact", "verify", "read-duty"]);
    assert!(node.json(&["contact", "show", "read-duty"])["contact"]["verified"].is_string());
    node.json(&["contact", "change", "read-duty", "--channel", "mail:new@read.example"]);
    assert!(
        node.json(&["contact", "show", "read-duty"])["contact"]["verified"].is_null(),
        "it was not asked again"
    );
    node.json(&["contact", "change", "read-duty", "--close-circle", "region"]);
    assert_eq!(seen("list").0, ["block-duty", "read-second"]);
    assert_eq!(seen("read").0, ["block-duty", "read-duty", "read-second"], "its own it sees always");
    node.json(&["circle", "set", "region", "--hide-members", "true"]);
    assert!(seen("list").0.is_empty());
    let refused = node.command(&["contact", "remove", "read-second"]).output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("stands in for `read-duty`"));
    serving.stop();
}

#[test]
fn a_drill_goes_out_by_mail_is_answered_once_and_comes_to_the_deputy() {
    let (node, server) = node();
    let serving = node.serve();
    let begun = node.json(&[
        "drill",
        "start",
        "region",
        "--term-minutes",
        "1",
        "--question",
        "Who holds the <keys>?",
    ]);
    assert_eq!((&begun["call"], &begun["without_contact"]), (&json!(1), &json!(["list"])), "{begun}");
    let mut mails = [server.next(), server.next()];
    mails.sort_by_key(|mail| mail["to"].to_string());
    let [block, read] = &mails;
    assert_eq!((&block["to"], &read["to"]), (&json!(["duty@block.example"]), &json!(["duty@read.example"])));
    assert_eq!(
        (&block["language"], &read["language"], &block["defects"]),
        (&json!("en"), &json!("ko"), &json!([]))
    );
    assert_eq!(block["subject"], "Drill: please answer (tower.test, 1)");
    assert!(read["text"].as_str().unwrap().contains("훈련"), "{read}");
    let told = call(&node, "1", |call| {
        call["asks"].as_array().unwrap().iter().all(|ask| ask["delivered"].is_string())
    });
    assert_eq!((&told["state"], &told["reached"]), (&json!("waiting"), &json!(0)));

    // Looking uses nothing up; the page says nothing of who the contact is, and needs no script.
    let path = link(block);
    for _ in 0..2 {
        let (status, page) = look(&serving, &path);
        assert_eq!(status, 200);
        assert!(page.contains("Who holds the &#60;keys&#62;?") && page.contains("This is a drill"), "{page}");
        assert!(
            !page.contains("Person of") && !page.contains("duty@") && !page.contains("<script"),
            "{page}"
        );
    }
    assert_eq!(answer(&serving, &path, &[("name", " "), ("text", "x")]).0, 422);
    let (status, page) = answer(&serving, &path, &[("name", "Sari <b>"), ("text", "I do,\nsince noon")]);
    assert!(status == 200 && page.contains("Your answer was recorded"), "{page}");
    assert_eq!(answer(&serving, &path, &[("name", "Somebody else")]).0, 410);
    assert_eq!(look(&serving, &path).0, 410);
    let forged = path.replace("/call/", "/call/A");
    assert_eq!((look(&serving, &forged).0, answer(&serving, &forged, &[("name", "x")]).0), (404, 404));
    let told = node.json(&["drill", "show", "1"]);
    let ask =
        told["asks"].as_array().unwrap().iter().find(|ask| ask["contact"] == "block-duty").unwrap().clone();
    assert_eq!((&ask["by"], &ask["answer"]), (&json!("Sari <b>"), &json!("I do, since noon")), "{ask}");
    let after_s = ask["after_s"].as_u64().unwrap();
    assert!(after_s < 60, "{ask}");

    // A minute later the other one's deputy is asked, in its language.
    let deputy = server.lines.recv_timeout(Duration::from_secs(100)).unwrap();
    assert_eq!((&deputy["to"], &deputy["language"]), (&json!(["second@read.example"]), &json!("fr")));
    assert!(deputy["text"].as_str().unwrap().contains("suppléant"), "{deputy}");
    // A node that is killed asks nobody a second time, once it has noted that the mail server took the question.
    call(&node, "1", |call| call["asks"][2]["delivered"].is_string());
    serving.kill();
    let serving = node.serve();
    assert_eq!(answer(&serving, &link(&deputy), &[("name", "Camille")]).0, 200);
    let (status, _) = answer(&serving, &link(read), &[("name", "Kim")]);
    assert_eq!(status, 200, "a late answer is an answer");
    let told = node.json(&["drill", "show", "1"]);
    assert_eq!(
        (&told["state"], &told["reached"], &told["chains"]),
        (&json!("all reached"), &json!(2), &json!(2)),
        "{told}"
    );
    assert_eq!(
        told["asks"][2]["instead_of"]
            .as_u64()
            .map(|of| told["asks"][usize::try_from(of).unwrap() - 1]["contact"].clone()),
        Some(json!("read-duty"))
    );

    let reach = node.json(&["drill", "reach"]);
    let of = |member: &str| {
        reach["members"].as_array().unwrap().iter().find(|one| one["member"] == member).unwrap()["reach"]
            .clone()
    };
    assert_eq!(
        (&of("block")["answered_in_term"], &of("read")["answered_late"], &of("read")["asked"]),
        (&json!(1), &json!(1), &json!(1)),
        "{reach}"
    );
    for (member, is_told) in [("list", true), ("exchange", false)] {
        assert_eq!(
            !node.json(&["drill", "reach", "--as", member])["members"].as_array().unwrap().is_empty(),
            is_told,
            "{member}"
        );
        assert_eq!(node.text(&serving, member, "/drills").contains("answered 1 of 1"), is_told, "{member}");
    }
    assert!(node.text(&serving, "list", "/contacts").contains("answered 1 of 1"));
    let page = node.as_operator(&serving, "/drills/1");
    assert!(
        page.contains("Sari &#60;b&#62;") && page.contains("deputy") && page.contains("all reached"),
        "{page}"
    );
    assert!(server.lines.try_recv().is_err(), "nobody is asked twice");
    serving.stop();
    assert_eq!(node.json(&["verify"])["sound"], true);
}

/// An emergency takes the same path: also by webhook, checked by the library of the specification, and at once to the deputy of
/// whoever has no address that works.
#[test]
fn an_emergency_goes_by_webhook_too_and_at_once_past_what_can_not_be_reached() {
    let (node, server) = node();
    node.json(&["contact", "change", "read-duty", "--channel", "mail:refused@read.example"]);
    let secret = node.file("secret", "");
    let hook = Peer::run(PUSH_PEERS, &["hook", &secret]);
    let url = format!("http://127.0.0.1:{}/maybe", hook.next());
    let made = node.json(&["member", "webhook", "block", "--url", &url, "--for", "fires"]);
    std::fs::write(&secret, made["webhook"]["secret"].as_str().unwrap()).unwrap();
    std::fs::write(format!("{secret}.fails"), "").unwrap();
    let serving = node.serve();
    let text = "Ransomware in the grid: call +82 2 555 0199";
    node.json(&["call", "start", "region", "--text", text, "--as", "list", "--valid-hours", "1"]);
    let mut to = [server.next(), server.next()].map(|mail| {
        assert!(mail["text"].as_str().unwrap().contains(text), "{mail}");
        mail["to"][0].as_str().unwrap().to_owned()
    });
    to.sort();
    assert_eq!(to, ["duty@block.example", "second@read.example"], "a minute has not passed");
    let failed = hook.next();
    assert_eq!((&failed["verified"], &failed["status"]), (&json!(true), &json!(500)));
    std::fs::remove_file(format!("{secret}.fails")).unwrap();
    // It may have been tried again before that.
    let mut told = hook.next();
    while told["status"] == 500 {
        told = hook.next();
    }
    assert_eq!(
        (&told["id"], &told["body"], &told["status"]),
        (&failed["id"], &failed["body"], &json!(200)),
        "the same"
    );
    let data = &told["body"]["data"];
    assert_eq!(
        (&told["body"]["type"], &data["purpose"], &data["caller"]),
        (&json!("call"), &json!("emergency"), &json!("list"))
    );
    let link = data["link"].as_str().unwrap().strip_prefix(PUBLIC).unwrap();
    assert!(look(&serving, link).1.contains("This is not a drill"));
    assert_eq!(answer(&serving, link, &[("name", "Duty desk")]).0, 200);
    let told = call(&node, "1", |call| call["reached"] == 1);
    let refused = told["asks"].as_array().unwrap().iter().find(|ask| ask["contact"] == "read-duty").unwrap();
    assert!(refused["wires"][0]["error"].as_str().unwrap().contains("no such person"), "{told}");
    assert_eq!(node.json(&["call", "close", "1", "all clear"])["closed"], true);
    let pages = node.as_operator(&serving, "/drills");
    assert!(pages.contains("emergency") && pages.contains("closed"), "{pages}");
    serving.stop();
}
