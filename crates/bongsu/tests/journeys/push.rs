//! Members' own systems are told of changes: webhooks checked by the specification's own library, and server-sent events.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::misp_client::PYTHON;
use crate::node::{Node, Serving, bundle, indicator, wait};

const TIME: Duration = Duration::from_secs(60);
const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/journeys/push_peers.py");

/// A Python process that prints lines of JSON; killed when this value goes.
pub(crate) struct Peer {
    child: Child,
    pub(crate) lines: Receiver<Value>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

impl Peer {
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::run(PEERS, args)
    }

    pub(crate) fn run(script: &str, args: &[&str]) -> Self {
        let mut child = Command::new(PYTHON).arg(script).args(args).stdout(Stdio::piped()).spawn();
        let child = child.as_mut().unwrap_or_else(|error| panic!("{error}; run scripts/setup"));
        let out: ChildStdout = child.stdout.take().unwrap();
        let (to, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if to.send(serde_json::from_str(&line).unwrap()).is_err() {
                    return;
                }
            }
        });
        let child = std::mem::replace(child, Command::new("true").spawn().unwrap());
        Self { child, lines }
    }

    pub(crate) fn next(&self) -> Value {
        self.lines.recv_timeout(TIME).unwrap_or_else(|error| panic!("the peer says nothing: {error}"))
    }
}

/// A node with a circle, which may post to this machine.
fn node() -> Node {
    let node = Node::with_members();
    let members = ["--member", "exchange", "--member", "block", "--member", "list", "--member", "read"];
    node.json(&[&["circle", "add", "region"][..], &members].concat());
    let config = node.data().join("bongsu.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let allowed = text.replace("# allow_hosts = [\"hooks.intern.example\"]", "allow_hosts = [\"127.0.0.1\"]");
    assert_ne!(text, allowed);
    std::fs::write(config, allowed).unwrap();
    node
}

fn share(node: &Node, numbers: &[u128]) {
    let indicators: Vec<Value> =
        numbers.iter().map(|number| indicator(*number, &format!("evil-k{number}.top"))).collect();
    let file = node.file(&format!("{numbers:?}.json"), bundle(&indicators));
    node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
}

fn of<'v>(webhooks: &'v Value, member: &str) -> &'v Value {
    webhooks["webhooks"].as_array().unwrap().iter().find(|one| one["member"] == member).unwrap()
}

#[test]
fn a_webhook_is_told_in_order_across_failures_and_a_kill() {
    let node = node();
    let secret = node.file("secret", "");
    let hook = Peer::start(&["hook", &secret]);
    let url = format!("http://127.0.0.1:{}/maybe", hook.next());
    let made = node.json(&["member", "webhook", "block", "--url", &url]);
    let written = made["webhook"]["secret"].as_str().unwrap();
    std::fs::write(&secret, written).unwrap();
    let serving = node.serve();
    share(&node, &[1, 2]);
    let told = hook.next();
    assert_eq!((&told["verified"], &told["body"]["type"]), (&json!(true), &json!("changed")), "{told}");
    let circle = &told["body"]["data"]["circles"][0];
    assert_eq!((&circle["circle"], &circle["objects"]["indicator"]), (&json!("region"), &json!(2)), "{told}");
    assert!(told["body"]["data"]["artefacts"].as_array().unwrap().contains(&json!("zone.rpz")));
    assert!(
        !told.to_string().contains("evil-k1"),
        "what it is about is fetched with the member's own credential"
    );

    std::fs::write(format!("{secret}.fails"), "").unwrap();
    share(&node, &[3]);
    let failed = hook.next();
    assert_eq!((&failed["status"], failed["id"] != told["id"]), (&json!(500), true));
    share(&node, &[4, 5]);
    serving.kill();
    std::fs::remove_file(format!("{secret}.fails")).unwrap();
    let serving = node.serve();
    let mut again = hook.next();
    while again["status"] == 500 {
        again = hook.next();
    }
    assert_eq!((&again["id"], &again["body"]), (&failed["id"], &failed["body"]), "the same message");
    let later = hook.next();
    assert_eq!(later["body"]["data"]["circles"][0]["objects"]["indicator"], 2, "{later}");
    assert_eq!(again["body"]["data"]["circles"][0]["upto"], later["body"]["data"]["circles"][0]["after"]);
    let all_taken = wait(TIME, || {
        let list = node.json(&["webhook", "list"]);
        (of(&list, "block")["taken"].as_array().unwrap().len() == 3).then_some(list)
    });
    let list = all_taken.unwrap();
    assert_eq!(of(&list, "block")["queued"], json!([]));
    // It is written down that it was taken, and then the receipt.
    let of_hook = wait(TIME, || {
        let receipts = node.json(&["member", "receipts", "block"]);
        let all = receipts["receipts"].as_array().unwrap();
        all.iter().find(|one| one["what"] == "webhook" && one["mark"] == later["id"]).cloned()
    });
    let of_hook = of_hook.unwrap();
    assert_eq!((&of_hook["did"], &of_hook["mark"]), (&json!("delivered"), &later["id"]));
    for args in [&["member", "webhook", "block"][..], &["webhook", "list"], &["member", "show", "block"]] {
        assert!(!node.json(args).to_string().contains(written.trim_start_matches("whsec_")), "{args:?}");
    }

    let withdrawn = crate::node::id("indicator", 3);
    node.json(&["withdraw", &withdrawn, "--circle", "region", "--as", "exchange", "--reason", "wrong"]);
    assert_eq!(hook.next()["body"]["data"]["withdrawn"], json!([withdrawn]));
    node.json(&["member", "webhook", "block", "--off"]);
    share(&node, &[6]);
    std::thread::sleep(Duration::from_secs(2));
    assert!(hook.lines.try_recv().is_err(), "it is told nothing any more");
    serving.stop();
}

#[test]
fn whatever_a_webhook_answers_the_node_goes_on() {
    let node = node();
    let secret = node.file("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let hook = Peer::start(&["hook", &secret]);
    let port = hook.next().to_string();
    for (member, path) in [("block", "silent"), ("list", "elsewhere"), ("read", "much"), ("exchange", "gone")]
    {
        node.json(&["member", "webhook", member, "--url", &format!("http://127.0.0.1:{port}/{path}")]);
    }
    // An address inside is no business of a member's, whatever it is written as.
    node.json(&["member", "webhook", "detect", "--url", &format!("https://127.0.0.2:{port}/")]);
    node.json(&["circle", "join", "region", "detect"]);
    let plain =
        node.command(&["member", "webhook", "detect", "--url", "http://192.0.2.1/"]).output().unwrap();
    assert_eq!(plain.status.code(), Some(2));
    let serving = node.serve();
    share(&node, &[1]);
    let list = wait(TIME, || {
        let list = node.json(&["webhook", "list"]);
        let is_done = !of(&list, "list")["queued"][0]["error"].is_null()
            && !of(&list, "detect")["queued"][0]["error"].is_null()
            && of(&list, "read")["taken"][0].is_object()
            && of(&list, "exchange")["dead"][0].is_object();
        is_done.then_some(list)
    });
    let list = list.unwrap_or_else(|| panic!("{}", node.json(&["webhook", "list"])));
    let error = |member: &str| of(&list, member)["queued"][0]["error"].as_str().unwrap().to_owned();
    assert!(error("list").contains("redirects"), "{list}");
    assert!(error("detect").contains("127.0.0.2 is loopback"), "{list}");
    assert_eq!(of(&list, "block")["taken"], json!([]), "it has not answered");
    let asked: Vec<Value> = hook.lines.try_iter().collect();
    assert!(asked.iter().all(|one| one["verified"] != true), "they hold another secret: {asked:?}");
    assert!(asked.iter().all(|one| one["status"] != 405), "a redirection is not followed: {asked:?}");
    assert!(node.text(&serving, "block", "/d/list/domain.txt").contains("evil-k1.top"), "it goes on serving");
    let dead = node.json(&["webhook", "dead", "--member", "exchange"]);
    assert_eq!(dead["dead"].as_array().unwrap().len(), 1);
    assert_eq!(node.json(&["webhook", "dead", "--retry"])["retried"], 1);
    let began = Instant::now();
    serving.stop();
    assert!(began.elapsed() < Duration::from_secs(15), "nobody's silence holds the node");
}

fn reader(node: &Node, serving: &Serving, member: &str, count: &str, last: Option<&str>) -> Peer {
    let url = format!("{}/d/events", serving.url);
    let args = ["events", &url, member, &node.tokens[member], count];
    Peer::start(&[&args[..], &last.map(|last| vec![last]).unwrap_or_default()].concat())
}

#[test]
fn events_are_taken_up_where_they_were_left() {
    let node = node();
    let serving = node.serve();
    let open = reader(&node, &serving, "block", "0", None);
    assert_eq!(open.next()["status"], 200);
    share(&node, &[1]);
    let event = open.next();
    assert_eq!(
        (&event["event"], &event["data"]["data"]["circles"][0]["objects"]["indicator"]),
        (&json!("changed"), &json!(1))
    );
    let id = event["id"].as_str().filter(|id| !id.is_empty()).map(str::to_owned);
    drop(open);
    // What came while nobody read is told once it is asked for.
    share(&node, &[2, 3]);
    node.json(&["circle", "fires", "region", "--set", "4", "--reason", "phishing since noon"]);
    let withdrawn = crate::node::id("indicator", 1);
    node.json(&["withdraw", &withdrawn, "--circle", "region", "--as", "exchange", "--reason", "wrong"]);
    std::thread::sleep(Duration::from_millis(1_500));
    let again = reader(&node, &serving, "block", "3", id.as_deref());
    let events = [again.next(), again.next(), again.next()];
    let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["changed", "withdrawn", "fires"], "{events:?}");
    assert_eq!(events[0]["data"]["data"]["circles"][0]["objects"]["indicator"], 2);
    assert_eq!(events[1]["data"]["data"]["withdrawn"], json!([withdrawn]));
    let fires = &events[2]["data"]["data"]["fires"][0];
    assert_eq!((&fires["fires"], &fires["why"]), (&json!(4), &json!("phishing since noon")));

    let told =
        |last: &str| node.get(&serving, "block", "/d/events").header("last-event-id", last).send().unwrap();
    assert_eq!(told("yesterday").status(), 400);
    assert_eq!(serving.client.get(format!("{}/d/events", serving.url)).send().unwrap().status(), 401);
    let mut open: Vec<Peer> = (0..4).map(|_| reader(&node, &serving, "block", "0", None)).collect();
    assert!(open.iter().all(|peer| peer.next()["status"] == 200));
    assert_eq!(reader(&node, &serving, "block", "0", None).next()["status"], 429, "four are enough");
    let other = reader(&node, &serving, "list", "0", None);
    assert_eq!(other.next()["status"], 200, "each member has its own");
    drop(open.pop());
    let free =
        wait(TIME, || (reader(&node, &serving, "block", "0", None).next()["status"] == 200).then_some(()));
    assert!(free.is_some(), "a place is free again");

    // What a shell sees: a first id, a heartbeat, and a clean end when the node stops.
    let curl = Command::new("curl")
        .args(["-sN", "-m", "90", "-u", &format!("read:{}", node.tokens["read"])])
        .arg(format!("{}/d/events", serving.url))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_secs(30));
    let began = Instant::now();
    serving.stop();
    assert!(began.elapsed() < Duration::from_secs(15), "streams end when the node does");
    let said = curl.wait_with_output().unwrap();
    assert!(said.status.success(), "{}", said.status);
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.starts_with("retry: 2000\nid: 1;") && said.contains("\n:\n\n"), "{said}");
}

#[test]
fn what_its_source_revokes_is_withdrawn_for_whoever_was_told_of_it() {
    let node = node();
    let secret = node.file("secret", "");
    let hook = Peer::start(&["hook", &secret]);
    let url = format!("http://127.0.0.1:{}/maybe", hook.next());
    let made = node.json(&["member", "webhook", "list", "--url", &url]);
    std::fs::write(&secret, made["webhook"]["secret"].as_str().unwrap()).unwrap();
    let serving = node.serve();
    let post = |object: &Value| {
        let answer = node.post(&serving, "exchange", "region", &object.to_string()).send().unwrap();
        let status: Value = answer.error_for_status().unwrap().json().unwrap();
        assert_eq!(status["success_count"], 1, "{status}");
    };
    let mut wrong = indicator(1, "wrong-k3.top");
    post(&wrong);
    let told = hook.next();
    assert_eq!(told["body"]["data"]["circles"][0]["objects"]["indicator"], 1, "{told}");
    assert!(node.text(&serving, "list", "/d/list/domain.txt").contains("wrong-k3.top"));

    (wrong["modified"], wrong["revoked"]) = (json!("2026-10-01T00:00:00.000Z"), json!(true));
    post(&wrong);
    let told = hook.next();
    let data = &told["body"]["data"];
    assert_eq!(
        (&data["withdrawn"], &data["circles"][0]["objects"]),
        (&json!([wrong["id"]]), &json!({})),
        "{told}"
    );
    let recalled = || {
        let recalls = node.json(&["recall", "list", "--all"]);
        let members = recalls["recalls"][0]["members"].as_array().unwrap().clone();
        assert_eq!(recalls["recalls"][0]["id"], wrong["id"], "{recalls}");
        members.into_iter().find(|one| one["member"] == "list").map(|one| one["state"].clone())
    };
    assert_eq!(recalled(), Some(json!("waiting")), "what it fetched has the name in it");
    assert!(!node.text(&serving, "list", "/d/list/domain.txt").contains("wrong-k3.top"));
    assert_eq!(recalled(), Some(json!("confirmed")));
    let advisory = node.text(&serving, "read", "/d/advisory.txt");
    assert!(advisory.contains("wrong-k3[.]top"), "{advisory}");
    std::thread::sleep(Duration::from_secs(2));
    assert!(hook.lines.try_recv().is_err(), "it is told once");
    serving.stop();
}
