//! Sources: this node pulls from medallion, the reference server, and from another node of its kind.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::node::{Node, TAXII, bundle, id, indicator, port, shared, wait};

const COLLECTION: &str = "91a7b528-80eb-42ed-a74d-c6fbd5a26116";
/// Objects that medallion begins with.
const OBJECTS: usize = 250;

/// ATT&CK objects that refer to nothing, so that what is added here is what came.
fn attack(count: usize) -> Vec<Value> {
    let file = std::fs::File::open(shared("stix/attack/enterprise-attack-20.json.gz")).unwrap();
    let alone = ["attack-pattern", "malware", "tool", "course-of-action", "intrusion-set", "campaign"];
    let mut objects = Vec::new();
    let source = flate2::read::GzDecoder::new(file);
    stix::bundle::read(source, &stix::bundle::Limits::default(), |item| {
        if let stix::bundle::Item::Object { raw, .. } = item
            && stix::read_head(raw).is_ok_and(|head| alone.contains(&head.object_type()))
        {
            let mut object: Value = serde_json::from_str(raw).unwrap();
            // Marking definitions are not among them.
            object.as_object_mut().unwrap().remove("object_marking_refs");
            objects.push(object);
        }
        if objects.len() < count { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })
    .unwrap();
    assert_eq!(objects.len(), count);
    objects
}

struct Medallion {
    child: Child,
    url: String,
    _dir: tempfile::TempDir,
}

impl Drop for Medallion {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _ended_already = self.child.wait();
    }
}

impl Medallion {
    /// Starts medallion with `objects`, a third of which share one date.
    fn start(objects: &[Value]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let row = |(number, object): (usize, &Value)| {
            let added = if number < objects.len() / 3 { 0 } else { number };
            json!({"id": object["id"], "version": object["modified"],
                   "date_added": format!("2026-01-01T{:02}:{:02}:{:02}.000000Z", added / 3600, added / 60 % 60, added % 60),
                   "media_type": "application/stix+json;version=2.1"})
        };
        let manifest: Vec<Value> = objects.iter().enumerate().map(row).collect();
        let root = json!({"title": "R", "description": "", "versions": ["application/taxii+json;version=2.1"], "max_content_length": 9_765_625});
        let data = json!({
            "/discovery": {"title": "medallion", "default": "/trustgroup1/", "api_roots": ["/trustgroup1/"]},
            "trustgroup1": {"information": root, "status": [], "collections": [{
                "id": COLLECTION, "title": "ATT&CK", "can_read": true, "can_write": true,
                "media_types": ["application/stix+json;version=2.1"], "objects": objects, "manifest": manifest,
            }]},
        });
        let data_path = dir.path().join("data.json");
        std::fs::write(&data_path, data.to_string()).unwrap();
        let config = json!({
            "backend": {"module": "medallion.backends.memory_backend", "module_class": "MemoryBackend", "filename": data_path},
            "users": {"admin": "Password0"}, "taxii": {"max_page_size": 100},
        });
        let config_path = dir.path().join("config.json");
        std::fs::write(&config_path, config.to_string()).unwrap();
        let port = port();
        let python = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.peers/venv/bin/python");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/journeys/medallion_server.py");
        let child = Command::new(python)
            .args([script, config_path.to_str().unwrap(), &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{python}: {error}; run scripts/setup"));
        let url = format!("http://127.0.0.1:{port}");
        let server = Self { child, url, _dir: dir };
        let up = || std::net::TcpStream::connect(("127.0.0.1", port)).ok();
        assert!(wait(Duration::from_secs(60), up).is_some(), "medallion does not start; run scripts/setup");
        server
    }

    /// The ids of what it has.
    fn ids(&self) -> HashSet<String> {
        let client = reqwest::blocking::Client::new();
        let objects = format!("{}/trustgroup1/collections/{COLLECTION}/objects/?limit=100", self.url);
        let asked = client.get(objects).basic_auth("admin", Some("Password0")).header("accept", TAXII);
        let page: Value = asked.send().unwrap().json().unwrap();
        let objects = page["objects"].as_array().into_iter().flatten();
        objects.map(|object| object["id"].as_str().unwrap().to_owned()).collect()
    }
}

fn source(node: &Node, url: &str, auth: &str, more: &str) {
    let text = format!(
        "[[source]]\nname = \"partner\"\nkind = \"taxii\"\nurl = \"{url}\"\ncircle = \"region\"\nas = \"exchange\"\n{auth}\n{more}\n"
    );
    std::fs::write(node.data().join("bongsu.toml"), text).unwrap();
}

fn with_circle() -> Node {
    let mut node = Node::with_members();
    node.member("reader", "exchange", "amber");
    let members = ["--member", "exchange", "--member", "reader"];
    node.json(&[&["circle", "add", "region", "--ceiling", "green"][..], &members].concat());
    node
}

/// The ids that a member reads in the circle.
fn held(node: &Node) -> HashSet<String> {
    let serving = node.serve_with(&[("BONGSU__DNS__ENABLED", "false")]);
    let text = node.text(&serving, "reader", "/api/collections/region/objects/?limit=10000");
    serving.stop();
    let page: Value = serde_json::from_str(&text).unwrap();
    page["objects"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|object| object["id"].as_str().unwrap().to_owned())
        .collect()
}

fn ids(objects: &[Value]) -> HashSet<String> {
    objects.iter().map(|object| object["id"].as_str().unwrap().to_owned()).collect()
}

fn basic(node: &Node, password: &str) -> String {
    let file = node.file("password", format!("{password}\n"));
    format!("auth.basic = {{ user = \"admin\", password_file = \"{file}\" }}")
}

#[test]
fn a_node_pulls_all_that_medallion_has_and_then_what_is_new() {
    let objects = attack(OBJECTS + 50);
    let medallion = Medallion::start(&objects[..OBJECTS]);
    let node = with_circle();
    source(&node, &format!("{}/taxii2/", medallion.url), &basic(&node, "Password0"), "page = 70");
    let told = node.json(&["source", "check", "partner"]);
    assert_eq!(told["sources"][0]["reads"], true, "{told}");
    assert_eq!(told["sources"][0]["collection"]["id"], COLLECTION);
    let told = node.json(&["source", "pull", "partner"]);
    assert_eq!(
        (told["sources"][0]["added"].as_u64(), told["sources"][0]["refused"].as_u64()),
        (Some(250), Some(0)),
        "{told}"
    );
    assert_eq!(held(&node), ids(&objects[..OBJECTS]));
    let told = node.json(&["source", "pull"]);
    assert_eq!(told["sources"][0]["added"], 0, "nothing is new: {told}");
    assert!(told["sources"][0]["present"].as_u64().unwrap() <= 1, "{told}");
    // Others add to medallion; the serving node finds it by itself.
    source(&node, &format!("{}/trustgroup1/", medallion.url), &basic(&node, "Password0"), "every = \"1s\"");
    let serving = node.serve_with(&[("BONGSU__DNS__ENABLED", "false")]);
    let envelope = json!({"objects": objects[OBJECTS..]}).to_string();
    let posted = serving
        .client
        .post(format!("{}/trustgroup1/collections/{COLLECTION}/objects/", medallion.url))
        .basic_auth("admin", Some("Password0"))
        .header("content-type", crate::node::TAXII)
        .header("accept", crate::node::TAXII)
        .body(envelope)
        .send()
        .unwrap();
    assert_eq!(posted.status(), 202);
    let path = "/api/collections/region/manifest/?limit=10000";
    let all = || {
        let page: Value = serde_json::from_str(&node.text(&serving, "reader", path)).unwrap();
        (page["objects"].as_array()?.len() == OBJECTS + 50).then_some(())
    };
    assert!(wait(Duration::from_secs(60), all).is_some(), "the new ones came");
    // What a pull brought is there before it has ended.
    let ended =
        || Some(node.json(&["source", "list"])["sources"][0].take()).filter(|one| one["ended"].is_string());
    let told = wait(Duration::from_secs(60), ended).unwrap();
    assert_eq!(told["error"], Value::Null, "{told}");
    serving.stop();
    assert_eq!(held(&node), ids(&objects));
}

#[test]
fn an_interrupted_pull_goes_on_where_it_was() {
    let objects = attack(150);
    let medallion = Medallion::start(&objects);
    let node = with_circle();
    source(&node, &format!("{}/trustgroup1/", medallion.url), &basic(&node, "Password0"), "page = 5");
    node.pull_interrupted(Duration::from_millis(200));
    node.json(&["source", "pull", "partner"]);
    assert_eq!(held(&node), ids(&objects));
    let told = node.json(&["circle", "show", "region"]);
    assert_eq!(told["circle"]["records"].as_u64(), Some(150), "each once: {told}");
    assert_eq!(node.json(&["verify"])["sound"], true);
}

#[test]
fn a_wrong_log_in_and_a_wrong_name_are_told_apart() {
    let medallion = Medallion::start(&attack(1));
    let node = with_circle();
    let fails = |said: &str| {
        let output = node.command(&["source", "pull", "partner"]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && text.contains(said), "{text}");
    };
    source(&node, &format!("{}/trustgroup1/", medallion.url), &basic(&node, "wrong"), "");
    fails("401");
    source(
        &node,
        &format!("{}/trustgroup1/", medallion.url),
        &basic(&node, "Password0"),
        "collection = \"nope\"",
    );
    fails(COLLECTION);
    source(&node, &format!("{}/elsewhere/", medallion.url), &basic(&node, "Password0"), "");
    fails("404");
}

#[test]
fn a_node_pulls_from_another_node() {
    let objects = attack(120);
    let first = with_circle();
    let file = first.file("bundle.json", crate::node::bundle(&objects));
    assert_eq!(first.json(&["import", &file, "--circle", "region", "--as", "reader"])["added"], 120);
    let remote = first.serve_with(&[("BONGSU__DNS__ENABLED", "false")]);
    let second = with_circle();
    let token = second.file("token", first.tokens.get("exchange").unwrap());
    let auth = format!("auth.bearer = {{ token_file = \"{token}\" }}");
    source(
        &second,
        &format!("{}/taxii2/", remote.url),
        &auth,
        "collection = \"region\"\npage = 50\ntlp = \"green\"",
    );
    let told = second.json(&["source", "pull", "partner"]);
    assert_eq!(
        (told["sources"][0]["added"].as_u64(), told["sources"][0]["pages"].as_u64()),
        (Some(120), Some(3)),
        "{told}"
    );
    assert_eq!(held(&second), ids(&objects));
    // It may only write in a circle: the collection says so, and nothing comes out of it.
    first.json(&["circle", "join", "region", "exchange", "--access", "write"]);
    let output = second.command(&["source", "pull", "partner"]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("can_read"), "{output:?}");
    // Who may do neither is told that there is nothing to delete (5.7), and elsewhere that it may not (5.4).
    first.json(&["circle", "join", "region", "exchange", "--access", "none"]);
    let path = format!("/api/collections/region/objects/{}/", id("indicator", 1));
    let got = first.get(&remote, "exchange", &path).header("accept", TAXII).send().unwrap();
    assert_eq!(got.status(), 403);
    let url = format!("{}{path}", remote.url);
    let asked = remote.client.delete(url).basic_auth("exchange", first.tokens.get("exchange"));
    assert_eq!(asked.header("accept", TAXII).send().unwrap().status(), 404);
}

#[test]
fn a_node_sends_to_medallion_what_a_member_gets_and_nothing_else() {
    let mut node = Node::with_members();
    node.member("hub", "exchange", "green");
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "hub"]);
    let medallion = Medallion::start(&attack(3));
    let password = basic(&node, "Password0");
    source(&node, &format!("{}/taxii2/", medallion.url), &password, "");
    let with_tlp = |number, name: &str, tlp: &str| {
        let mut one = indicator(number, name);
        one["object_marking_refs"] = json!([tlp]);
        one
    };
    let green = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
    let amber = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421";
    let file = node.file(
        "mine.json",
        bundle(&[with_tlp(1, "goes.example", green), with_tlp(2, "stays.example", amber)]),
    );
    node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
    let own = node.file("own.json", bundle(&[indicator(3, "of-the-hub.example")]));
    node.json(&["import", &own, "--circle", "region", "--as", "hub"]);

    let told = node.json(&["source", "send", "partner", "--as", "hub"]);
    assert_eq!(
        (&told["refused"], &told["pending"], &told["own"]),
        (&json!(0), &json!(0), &json!(1)),
        "{told:#}"
    );
    let there = medallion.ids();
    assert!(there.contains(&id("indicator", 1)), "{there:?}");
    assert!(!there.contains(&id("indicator", 2)), "above the hub's clearance");
    assert!(!there.contains(&id("indicator", 3)), "what the hub has brought does not go back");
    // Nothing new: nothing goes. What is new goes alone, and all again when it is asked for.
    assert_eq!(node.json(&["source", "send", "partner", "--as", "hub"])["taken"], 0);
    let later = node.file("later.json", bundle(&[with_tlp(4, "later.example", green)]));
    node.json(&["import", &later, "--circle", "region", "--as", "exchange"]);
    assert_eq!(node.json(&["source", "send", "partner", "--as", "hub"])["taken"], 1);
    let again = node.json(&["source", "send", "partner", "--as", "hub", "--from-start"]);
    // Medallion calls an object that it has already a failure, which section 5.5 forbids; it says so of both.
    assert_eq!((&again["taken"], &again["refused"]), (&json!(0), &json!(2)), "{again:#}");
    // Who gets nothing in this form, or is not in the circle, has nothing sent for it.
    node.json(&["member", "set", "hub", "--level", "read"]);
    let output = node.command(&["source", "send", "partner", "--as", "hub"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("exchange"), "{output:?}");
}
