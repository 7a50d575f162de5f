//! The description of what programs can ask: another's validator reads it, and a real node answers as it says.

use std::process::Command;
use std::time::Duration;

use reqwest::blocking::Response;
use serde_json::{Value, json};

use crate::misp_client::PYTHON;
use crate::node::{Node, Serving, TAXII, bundle, id, indicator, wait};

const EVENT: &str = "5f3e7f7c-1c5c-4d8b-9a53-4b8f950d2199";
const ATTRIBUTE: &str = "5f3e7f7c-1c5c-4d8b-9a53-4b8f950d219a";
const OBJECT: &str = "5f3e7f7c-1c5c-4d8b-9a53-4b8f950d219b";
const WALLET: &str = "149w62rY42aZBox8fGcmqNsXUzSStKeq8C";
/// The generator of ristretto255 in base64: an element that anybody may have evaluated. Source: RFC 9496, appendix A.
const ELEMENT: &str = "4vKuCmq8TnGohKlhxQBRX1jjC2qlgt2NtqZZReCNLXY=";

/// What is looked at and not here, with the test that does.
const ELSEWHERE: [(&str, &str); 2] = [
    ("/d/events", "push: a stream that does not end by itself"),
    ("/federation/collections/{circle}/objects/", "federation: peers show certificates"),
];

/// What answers otherwise on this node, as the description says that it may.
const OTHERWISE: [(&str, u16, &str); 5] = [
    ("/d/advisory.eml", 501, "the node has no sender of mails"),
    ("/api/risk/v2/entities/{address}", 404, "the node has no transfers and no prices; exposures.rs has"),
    ("/galaxy_clusters/view/{cluster}", 404, "no cluster stands in an event"),
    ("/shadow_attributes/view/{proposal}", 404, "nothing is proposed"),
    ("/region/timeline.svg", 404, "the node knows no aid projects; aid.rs has"),
];

/// A node with something of everything, and a member that may have all of it.
fn node() -> Node {
    let node = Node::with_members();
    let members = ["--member", "exchange", "--member", "detect", "--member", "read"];
    node.json(&[&["circle", "add", "region"][..], &members].concat());
    let file = node.file("bundle.json", bundle(&[indicator(1, "evil-k1.top")]));
    node.json(&["import", &file, "--circle", "region", "--as", "detect"]);
    let add = ["contact", "add", "desk", "--member", "read", "--function", "technical", "--name", "Desk"];
    node.json(&[&add[..], &["--channel", "mail:desk@read.example", "--circle", "region"]].concat());
    node
}

struct Described {
    whole: Value,
    checked: usize,
}

impl Described {
    /// That an answer is one of those that the description has of this way to ask; its content, if it is JSON.
    fn holds(&mut self, (path, method): (&str, &str), response: Response) -> Value {
        let status = response.status().as_u16();
        let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        let body = response.bytes().unwrap();
        let said = || format!("{method} {path}: {status} {kind:?}: {}", String::from_utf8_lossy(&body));
        let responses = &self.whole["paths"][path][method]["responses"];
        let mut told = responses.get(status.to_string()).unwrap_or_else(|| panic!("{}", said()));
        if let Some(to) = told["$ref"].as_str() {
            told = self.whole.pointer(to.strip_prefix('#').unwrap()).unwrap();
        }
        self.checked += 1;
        let Some(content) = told["content"].as_object() else { return Value::Null };
        let kind = kind.as_deref().unwrap_or_default();
        let plain = kind.split(';').next().unwrap();
        let form = content.get(kind).or_else(|| content.get(plain)).unwrap_or_else(|| panic!("{}", said()));
        if !plain.ends_with("json") {
            return Value::Null;
        }
        let value: Value =
            serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{error}: {}", said()));
        if let Some(schema) = form.get("schema") {
            let mut schema = schema.clone();
            schema["components"] = self.whole["components"].clone();
            let validator = jsonschema::validator_for(&schema).unwrap();
            let faults: Vec<String> = validator
                .iter_errors(&value)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(faults.is_empty(), "{faults:?}: {}", said());
        }
        value
    }
}

fn described(node: &Node, serving: &Serving) -> Described {
    let whole = serde_json::from_str(&node.text(serving, "read", "/openapi.json")).unwrap();
    Described { whole, checked: 0 }
}

/// Sends JSON, in the form that the description has of it.
fn sent(node: &Node, serving: &Serving, path: &str, body: &Value) -> Response {
    let request = serving.client.post(format!("{}{path}", serving.url));
    let request = request.basic_auth("exchange", node.tokens.get("exchange"));
    let kind = if path.starts_with("/api/collections") { TAXII } else { "application/json" };
    request.header("content-type", kind).header("accept", "*/*").body(body.to_string()).send().unwrap()
}

#[test]
fn anothers_validator_reads_the_description_and_nobody_else_does() {
    let node = node();
    let serving = node.serve();
    for member in ["read", "exchange"] {
        let file = node.file("openapi.json", node.text(&serving, member, "/openapi.json"));
        let script = "import json, sys\nfrom openapi_spec_validator import OpenAPIV31SpecValidator\n\
                      OpenAPIV31SpecValidator(json.load(open(sys.argv[1]))).validate()\n";
        let output = Command::new(PYTHON).args(["-c", script, &file]).output();
        let output = output.unwrap_or_else(|error| panic!("{PYTHON}: {error}; run scripts/setup"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    // The parts are documents by themselves too.
    let parts = ["/objects/openapi.json", "/region/openapi.json", "/region/gaps/openapi.json"];
    for path in parts.into_iter().chain(["/screening/openapi.json"]) {
        let part: Value = serde_json::from_str(&node.text(&serving, "exchange", path)).unwrap();
        let whole: Value = serde_json::from_str(&node.text(&serving, "exchange", "/openapi.json")).unwrap();
        let paths =
            |document: &Value| document["paths"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let all = paths(&whole);
        assert!(paths(&part).iter().all(|path| all.contains(path)), "{path}");
    }
    let stranger = serving.client.get(format!("{}/openapi.json", serving.url)).send().unwrap();
    assert_eq!(stranger.status(), 401);
}

#[test]
fn a_node_answers_as_its_description_says() {
    let node = node();
    let operator =
        node.json(&["member", "token", "--operator"])["token"]["token"].as_str().unwrap().to_owned();
    let serving = node.serve_with(&[("BONGSU__TEST__DOMAIN", "probe-k3.top")]);
    let mut described = described(&node, &serving);
    let collections: Value =
        serde_json::from_str(&node.text(&serving, "exchange", "/api/collections/")).unwrap();
    let circle = collections["collections"][0]["id"].as_str().unwrap().to_owned();
    let object = id("indicator", 1);

    // What is sent. An envelope with one good and one bad object has all parts of a status.
    let objects = json!({"objects": [indicator(2, "evil-k2.top"), {"type": "x"}]});
    let posted = sent(&node, &serving, &format!("/api/collections/{circle}/objects/"), &objects);
    let status = described.holds(("/api/collections/{collection}/objects/", "post"), posted);
    assert_eq!((&status["success_count"], &status["failure_count"]), (&json!(1), &json!(1)), "{status}");
    let file = json!({"uuid": OBJECT, "name": "file", "meta-category": "file", "template_version": "24",
        "template_uuid": "688c46fb-5edb-40a3-8273-1af7923e2215", "Attribute": [
            {"type": "md5", "object_relation": "md5", "value": "d41d8cd98f00b204e9800998ecf8427a", "to_ids": true}]});
    let event = json!({"Event": {"uuid": EVENT, "info": "x", "distribution": "1", "Object": [file], "Attribute": [
        {"uuid": ATTRIBUTE, "type": "domain", "category": "Network activity", "value": "misp-k3.top", "to_ids": true}]}});
    let ask = json!({"circle": "region", "object": object, "why": "the region should know", "tlp": "green"});
    let key: Value = serde_json::from_str(&node.text(&serving, "exchange", "/private/key")).unwrap();
    let blinded = json!({"epoch": key["keys"][0]["epoch"], "elements": [ELEMENT]});
    let person = json!({"queries": {"q": {"schema": "Person", "properties": {"name": ["Kim"]}}}});
    let mut asked = Value::Null;
    for (path, at, body) in [
        ("/events/add", "/events/add".to_owned(), event),
        // A feed has what is published.
        ("/events/publish/{event}", format!("/events/publish/{EVENT}"), json!({})),
        ("/ask", "/ask".to_owned(), ask),
        ("/screening/values", "/screening/values".to_owned(), json!({"values": ["evil-k1.top", "x y"]})),
        ("/match/{dataset}", "/match/default".to_owned(), person),
        (
            "/public/v1/sanctions/screening",
            "/public/v1/sanctions/screening".to_owned(),
            json!([{"address": WALLET}]),
        ),
        ("/log/{circle}/openings", format!("/log/{circle}/openings"), json!({"objects": [{"id": object}]})),
        ("/persona/check", "/persona/check".to_owned(), json!([{"id": "A", "names": ["Kim"]}])),
        ("/private/evaluate", "/private/evaluate".to_owned(), blinded),
        ("/events/restSearch", "/events/restSearch".to_owned(), json!({})),
        ("/attributes/restSearch", "/attributes/restSearch".to_owned(), json!({})),
        ("/objects/restSearch", "/objects/restSearch".to_owned(), json!({})),
        ("/sightings/add", "/sightings/add".to_owned(), json!({"value": "misp-k3.top"})),
        ("/events/index", "/events/index".to_owned(), json!({"minimal": 1})),
        ("/servers/postTest", "/servers/postTest".to_owned(), json!({})),
        ("/galaxies/pushCluster", "/galaxies/pushCluster".to_owned(), json!([])),
    ] {
        let told = described.holds((path, "post"), sent(&node, &serving, &at, &body));
        if path == "/ask" {
            asked = told;
        }
    }

    // What is looked at: all that the description has.
    let checkpoint = node.text(&serving, "exchange", &format!("/log/{circle}/checkpoint"));
    let size: usize = checkpoint.lines().nth(1).unwrap().parse().unwrap();
    let paths: Vec<String> = described.whole["paths"].as_object().unwrap().keys().cloned().collect();
    let mut looked = 0;
    for path in &paths {
        let is_elsewhere = ELSEWHERE.iter().any(|(elsewhere, _)| elsewhere == path);
        if !described.whole["paths"][path]["get"].is_object() || is_elsewhere {
            continue;
        }
        let is_misp = path.starts_with("/objects/view");
        let tile = format!("0/000.p/{size}");
        let fill: [(&str, &str); 17] = [
            ("{collection}", circle.as_str()),
            ("{circle}", if path.starts_with("/log") { &circle } else { "region" }),
            ("{status}", status["id"].as_str().unwrap()),
            ("{object}", if is_misp { OBJECT } else { &object }),
            ("{event}", EVENT),
            ("{attribute}", ATTRIBUTE),
            ("{proposal}", EVENT),
            ("{cluster}", EVENT),
            ("{group}", &circle),
            ("{organisation}", "exchange"),
            ("{kind}", "Note"),
            ("{word}", "tlp"),
            ("{file}", "domain.csv"),
            ("{tile}", &tile),
            ("{ask}", asked["id"].as_str().unwrap()),
            ("{contact}", "desk"),
            ("{address}", WALLET),
        ];
        let mut at = fill.iter().fold(path.clone(), |path, (name, value)| path.replace(name, value));
        assert!(!at.contains('{'), "say here what stands in {at}");
        at += match path.as_str() {
            "/screening/value" => "?value=evil-k1.top",
            "/region/timeline.svg" => "?country=KH",
            _ => "",
        };
        let ask = || match path.as_str() {
            "/acts.json" | "/acts.csv" | "/peers.json" => {
                let request = serving.client.get(format!("{}{at}", serving.url));
                request.bearer_auth(&operator).header("accept", "*/*").send().unwrap()
            }
            _ => node.get(&serving, "exchange", &at).send().unwrap(),
        };
        // What is still being made is asked for again.
        let answer = wait(Duration::from_secs(60), || Some(ask()).filter(|answer| answer.status() != 503));
        let answer = answer.unwrap_or_else(|| panic!("{at} is never ready"));
        let otherwise = OTHERWISE.iter().find(|(otherwise, ..)| otherwise == path);
        let expected = otherwise.map_or(200, |(_, status, _)| *status);
        assert_eq!(answer.status().as_u16(), expected, "{at}");
        described.holds((path, "get"), answer);
        looked += 1;
    }
    assert!(looked > 80, "{looked} ways to look");
    assert_eq!(described.checked, looked + 17);
    let all = ELSEWHERE.iter().map(|(path, _)| *path).chain(OTHERWISE.iter().map(|(path, ..)| *path));
    for path in all {
        assert!(paths.iter().any(|known| known == path), "{path} is not described");
    }
}
