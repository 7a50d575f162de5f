//! What a rule forbids shows on no surface: canaries are planted, and every surface is searched for them.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};

use crate::node::{Node, Serving, bundle, id, indicator};

/// A word that stands in everything that must not reach `list`, `block` or the others below.
const CANARY: &str = "canaryk3";

struct Planted {
    node: Node,
    serving: Serving,
}

fn named(number: u128, tlp: Option<&str>) -> Value {
    let mut object = indicator(number, &format!("{CANARY}{number}.top"));
    if let Some(tlp) = tlp {
        let tlp: stix::Tlp = tlp.parse().unwrap();
        object["object_marking_refs"] = json!([tlp.definition_id().to_string()]);
    }
    object
}

/// Members cleared for AMBER; `outsider` is in no circle of theirs. Without canaries there is the same circle with the same
/// open objects, so that counts and pages can be compared.
fn plant(canaries: bool) -> Planted {
    let mut node = Node::with_members();
    node.member("source", "exchange", "red");
    node.member("outsider", "exchange", "red");
    let members = ["source", "read", "list", "block", "detect", "exchange"];
    let joined: Vec<&str> = members.iter().flat_map(|member| ["--member", member]).collect();
    node.json(&[&["circle", "add", "region", "--ceiling", "amber+strict"][..], &joined].concat());
    node.json(&[
        "circle",
        "add",
        "foreign",
        "--ceiling",
        "red",
        "--member",
        "source",
        "--member",
        "outsider",
    ]);
    let open = node.file("open.json", {
        let clear = json!([stix::Tlp::Green.definition_id().to_string()]);
        let mut objects = [indicator(1, "open-one-k3.top"), indicator(2, "open-two-k3.top")];
        objects.iter_mut().for_each(|object| object["object_marking_refs"] = clear.clone());
        bundle(&objects)
    });
    node.json(&["import", &open, "--circle", "region", "--as", "source"]);
    if canaries {
        let share = |name: &str, objects: &[Value], circle: &str, more: &[&str]| {
            let file = node.file(name, bundle(objects));
            node.json(&[&["import", &file, "--circle", circle, "--as", "source"][..], more].concat())
        };
        share("strict.json", &[named(10, Some("amber+strict"))], "region", &[]);
        share("embargo.json", &[named(11, Some("green"))], "region", &["--embargo-until", "2099-01-01"]);
        share("named.json", &[named(12, Some("green"))], "region", &["--recipient", "source"]);
        share("expired.json", &[named(13, Some("green"))], "region", &["--expires", "2020-01-01"]);
        share("foreign.json", &[named(14, Some("green"))], "foreign", &[]);
        let over = share("over.json", &[named(15, Some("red"))], "region", &[]);
        assert_eq!(over["refused"], 1, "over the ceiling: {over}");
        let between = json!({
            "type": "relationship", "spec_version": "2.1", "id": id("relationship", 16),
            "created": "2026-09-01T00:00:00.000Z", "modified": "2026-09-01T00:00:00.000Z",
            "relationship_type": CANARY, "source_ref": id("indicator", 1), "target_ref": id("indicator", 10),
            "object_marking_refs": [stix::Tlp::Green.definition_id().to_string()],
        });
        share("between.json", &[between], "region", &[]);
        let mut withdrawn = named(17, Some("green"));
        withdrawn["description"] = json!(CANARY);
        share("withdrawn.json", &[withdrawn], "region", &[]);
        node.json(&[
            "withdraw",
            &id("indicator", 17),
            "--circle",
            "region",
            "--reason",
            CANARY,
            "--as",
            "source",
        ]);
        let encrypted = json!({
            "type": "marking-definition", "spec_version": "2.1", "id": id("marking-definition", 18),
            "created": "2026-09-01T00:00:00.000Z", "definition_type": "iep",
            "definition": {"name": "p", "tlp": "GREEN", "encrypt_in_transit": "MUST"},
        });
        let mut over_tls = named(18, None);
        over_tls["object_marking_refs"] = json!([id("marking-definition", 18)]);
        share("encrypted.json", &[encrypted, over_tls], "region", &[]);
        let mut granular = indicator(2, "open-two-k3.top");
        granular["modified"] = json!("2026-09-02T00:00:00.000Z");
        granular["description"] = json!(CANARY);
        granular["granular_markings"] = json!([{
            "marking_ref": stix::Tlp::AmberStrict.definition_id().to_string(), "selectors": ["description"],
        }]);
        granular["object_marking_refs"] = json!([stix::Tlp::Green.definition_id().to_string()]);
        share("granular.json", &[granular], "region", &[]);
        plant_words(&node);
    }
    let serving = node.serve();
    Planted { node, serving }
}

/// What members open to circles beside intelligence, opened to a circle of few, or to nobody.
fn plant_words(node: &Node) {
    let contact = format!("{CANARY}-duty");
    let (mail, name) = (format!("mail:{CANARY}@source.example"), format!("Person {CANARY}"));
    let of = ["--member", "source", "--function", "technical", "--name", &name, "--channel", &mail];
    node.json(&[&["contact", "add", &contact][..], &of, &["--circle", "foreign"]].concat());
    node.json(&["norms", "report", "source", "j", "--stage", "kept", "--text", CANARY]);
    let promised = ["--title", CANARY, "--member", "source", "--circle", "foreign"];
    node.json(&[&["measure", "add", CANARY][..], &promised].concat());
    let when = ["--begins", "2026-12-01T05:00:00Z", "--ends", "2026-12-01T06:00:00Z"];
    let who = ["--title", CANARY, "--member", "source", "--member", "outsider"];
    node.json(&[&["consultation", "add", CANARY][..], &who, &when].concat());
}

/// Every address that a member may try, with what it knows or guesses.
fn paths() -> Vec<String> {
    let mut paths: Vec<String> = [
        "/taxii2/",
        "/api/",
        "/api/collections/",
        "/api/collections/region/",
        "/api/collections/foreign/",
        "/api/collections/foreign/objects/",
        "/api/collections/region/manifest/",
        "/api/collections/region/manifest/?match[version]=all",
        "/api/collections/region/objects/",
        "/api/collections/region/objects/?limit=1",
        "/api/collections/region/objects/?match[version]=all",
        "/api/collections/region/objects/?match[type]=relationship",
        "/d/advisory.html",
        "/d/list/all.csv",
        "/d/list/domain.txt",
        "/d/zone.rpz",
        "/d/suricata.rules",
        "/",
        "/objects?circle=region",
        "/objects?circle=foreign",
        "/objects?circle=region&q=canaryk3",
        "/circles/region",
        "/circles/foreign",
        "/members/exchange",
        "/members/exchange/held",
        "/members/exchange/guard",
        "/members/source",
        "/ask",
        "/asks",
        "/playbooks",
        "/contacts",
        "/contacts.json",
        "/contacts.vcf",
        "/contacts/canaryk3-duty.vcf",
        "/drills",
        "/drills/1",
        "/confidence",
        "/calendar.ics",
    ]
    .map(str::to_owned)
    .to_vec();
    for number in [10, 11, 12, 13, 14, 15, 17, 18, 99] {
        let id = id("indicator", number);
        paths.push(format!("/api/collections/region/objects/{id}/"));
        paths.push(format!("/api/collections/region/objects/{id}/versions/"));
        paths.push(format!("/api/collections/region/objects/?match[id]={id}"));
        paths.push(format!("/objects/region/{id}"));
    }
    paths.push(format!("/api/collections/region/objects/{}/", id("relationship", 16)));
    paths
}

/// An answer without what differs from run to run: dates, and the question's own words.
fn steady(text: &str, path: &str) -> String {
    let asked = path.rsplit_once("q=").map_or("", |(_, q)| q);
    let text = if asked.is_empty() { text.to_owned() } else { text.replace(asked, "") };
    without_digits(&text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Digits become one sign, so that times, serials and numbers of the node's own do not count; the number of objects does,
/// because each is there by name.
fn without_digits(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect()
}

#[test]
fn asking_for_what_is_forbidden_tells_no_more_than_asking_for_nothing() {
    let (with, without) = (plant(true), plant(false));
    let mut refused = 0;
    for member in ["read", "block", "exchange", "outsider"] {
        for number in [10, 11, 12, 13, 14, 15, 17, 18, 99] {
            let object = id("indicator", number);
            let page = format!("/objects/region/{object}");
            if with.node.get(&with.serving, member, &page).send().unwrap().status() != 404 {
                continue;
            }
            let ask = |planted: &Planted, to: &str| {
                let request = planted.serving.client.post(format!("{}/ask", planted.serving.url));
                let request = request.basic_auth(member, planted.node.tokens.get(member));
                let question =
                    json!({"circle": "region", "object": object, "to": to, "tlp": "clear", "why": "x"});
                let response = request.json(&question).send().unwrap();
                (response.status().as_u16(), response.text().unwrap())
            };
            let told = ask(&with, "");
            assert_eq!(told.0, 404, "{member} {number}: {told:?}");
            for to in ["", "region", "foreign", "nowhere"] {
                assert_eq!(
                    (ask(&with, to), ask(&without, to)),
                    (told.clone(), told.clone()),
                    "{member} {number} {to}"
                );
            }
            refused += 1;
        }
    }
    assert!(refused > 10, "{refused}");
    let asks = with.node.json(&["ask", "list"]);
    assert_eq!(asks["asks"], json!([]));
}

#[test]
fn what_is_forbidden_shows_nowhere() {
    let (with, without) = (plant(true), plant(false));
    let mut searched = 0;
    for member in ["read", "list", "block", "detect", "exchange"] {
        for path in paths() {
            let ask = |planted: &Planted| {
                let response = planted.node.get(&planted.serving, member, &path).send().unwrap();
                let status = response.status().as_u16();
                let headers: String =
                    response.headers().iter().map(|(name, value)| format!("{name}: {value:?}\n")).collect();
                (status, headers, response.text().unwrap())
            };
            let ((status, headers, text), (plain_status, _, plain)) = (ask(&with), ask(&without));
            searched += 1;
            // Who could have had what was withdrawn is told to stop acting on it.
            let told = path.contains("advisory").then(|| text.replace("canaryk317[.]top", ""));
            let text = told.unwrap_or(text);
            let asked = path.contains("q=") && text.matches(CANARY).count() == plain.matches(CANARY).count();
            assert!(asked || !text.contains(CANARY), "{member} {path}: {text}");
            assert!(!headers.contains(CANARY), "{member} {path}: {headers}");
            assert_eq!(status, plain_status, "{member} {path}: a status tells");
            // What was redacted is meant to differ; everything else is as if the canaries had never been.
            let is_line_length = path.starts_with("/circles/") || path == "/";
            let has_copy = text.contains(gate::REDACTION) || text.contains("granular");
            if !is_line_length && !has_copy && !path.contains("version") {
                assert_eq!(objects(&text), objects(&plain), "{member} {path}: a count tells");
                if status >= 400 {
                    assert_eq!(
                        steady(&text, &path),
                        steady(&plain, &path),
                        "{member} {path}: an error tells"
                    );
                }
            }
        }
    }
    assert!(searched > 250, "{searched}");
    let outsider = with.node.text(&with.serving, "outsider", "/api/collections/");
    assert!(outsider.contains("foreign") && !outsider.contains("region"), "{outsider}");
    let source = with.node.text(&with.serving, "source", "/api/collections/region/objects/");
    assert!(source.contains(CANARY), "they are there: the source sees its own");
    for path in ["/contacts", "/contacts.json", "/contacts.vcf", "/confidence", "/calendar.ics"] {
        let told = with.node.text(&with.serving, "outsider", path);
        assert!(told.contains(CANARY), "{path}: it is there for who may see it");
    }
    transfers_tell_nothing(&with);
}

/// What a member may ask a MISP for, by what it knows or guesses: method, path, body.
fn misp_requests() -> Vec<(&'static str, String, Value)> {
    let get = |path: &str| ("GET", path.to_owned(), Value::Null);
    let post = |path: &str, body: Value| ("POST", path.to_owned(), body);
    let mut requests = vec![
        get("/misp/feed/region/manifest.json"),
        get("/misp/feed/region/hashes.csv"),
        get("/misp/feed/foreign/manifest.json"),
        get("/events/index"),
        get("/events/index?circle=foreign"),
        get("/misp/attributes/index"),
        get("/tags/index"),
        get("/organisations/index/scope:all"),
        get("/sharing_groups/index"),
        get("/shadow_attributes/index"),
        get("/servers/getAvailableSyncFilteringRules"),
        get("/attributes/restSearch/csv/includeContext:1"),
        post("/events/index", json!({"minimal": 1})),
        post("/events/index", json!({"all": CANARY})),
        post("/events/restSearch", json!({})),
        post("/events/restSearch", json!({"value": format!("%{CANARY}%")})),
        post("/events/restSearch", json!({"tags": "tlp:amber+strict"})),
        post("/events/restSearch", json!({"returnFormat": "stix2"})),
        post("/attributes/restSearch", json!({"deleted": [0, 1], "includeContext": 1})),
        post("/attributes/restSearch", json!({"returnFormat": "text"})),
        post("/attributes/restSearch", json!({"returnFormat": "cache"})),
        post("/attributes/restSearch", json!({"searchall": format!("%{CANARY}%")})),
        post("/attributes/restSearch", json!({"returnFormat": "count"})),
        post("/objects/restSearch", json!({})),
        post("/sightings/restSearch", json!({"last": 0})),
        post("/sightings/add", json!({"value": format!("{CANARY}10.top")})),
        post("/analyst_data/indexMinimal", json!({})),
    ];
    for number in [10, 11, 12, 13, 14, 15, 17, 18, 99] {
        let id = id("indicator", number);
        let uuid = id.trim_start_matches("indicator--");
        requests.push(get(&format!("/attributes/view/{uuid}")));
        requests.push(get(&format!("/events/view/{uuid}")));
        requests.push(get(&format!("/misp/feed/region/{uuid}.json")));
        requests.push(post(&format!("/sightings/add/{uuid}"), json!({})));
        requests.push(post("/tags/attachTagToObject", json!({"uuid": uuid, "tag": "x"})));
        requests.push(post(&format!("/attributes/delete/{uuid}"), json!({})));
        requests.push(post("/attributes/restSearch", json!({"uuid": uuid})));
    }
    requests
}

#[test]
fn no_misp_surface_shows_what_is_forbidden() {
    let (with, without) = (plant(true), plant(false));
    let ask = |planted: &Planted, member: &str, (method, path, body): &(&str, String, Value)| {
        let (url, token) = (format!("{}{path}", planted.serving.url), &planted.node.tokens[member]);
        let client = &planted.serving.client;
        let request = if *method == "GET" { client.get(url) } else { client.post(url).json(body) };
        let response = request.header("authorization", token.as_str()).send().unwrap();
        let count = response.headers().get("x-result-count").map(|count| count.to_str().unwrap().to_owned());
        (response.status().as_u16(), count, response.text().unwrap())
    };
    let mut searched = 0;
    for member in ["exchange", "detect"] {
        for asked in misp_requests() {
            let ((status, count, text), (plain_status, plain_count, plain)) =
                (ask(&with, member, &asked), ask(&without, member, &asked));
            searched += 1;
            assert!(!text.contains(CANARY), "{member} {asked:?}: {text}");
            assert_eq!((status, &count), (plain_status, &plain_count), "{member} {asked:?}: {text} {plain}");
            let values = |text: &str| ["open-one-k3", "open-two-k3"].map(|value| text.matches(value).count());
            assert_eq!(values(&text), values(&plain), "{member} {asked:?}: {text} {plain}");
            if status >= 400 {
                assert_eq!(
                    without_digits(&text),
                    without_digits(&plain),
                    "{member} {asked:?}: an error tells"
                );
            }
        }
    }
    assert!(searched > 150, "{searched}");
    let (_, _, own) = ask(&with, "source", &("POST", "/attributes/restSearch".to_owned(), json!({})));
    assert!(own.contains(CANARY), "they are there: the source sees its own: {own}");
    let (_, _, open) = ask(&with, "exchange", &("POST", "/attributes/restSearch".to_owned(), json!({})));
    assert!(open.contains("open-one-k3.top"), "{open}");
}

/// The ids that a text names.
fn objects(text: &str) -> BTreeSet<String> {
    text.match_indices("indicator--").filter_map(|(at, _)| text.get(at..at + 47)).map(str::to_owned).collect()
}

fn transfers_tell_nothing(planted: &Planted) {
    for member in ["block", "detect", "exchange"] {
        let key = planted.node.json(&["member", "tsig", member])["tsig"].clone();
        let dns = planted.serving.dns.clone().unwrap();
        let (address, port) = dns.rsplit_once(':').unwrap();
        let signed =
            format!("hmac-sha256:{}:{}", key["name"].as_str().unwrap(), key["secret"].as_str().unwrap());
        let zone = key["zone"].as_str().unwrap();
        let output = Command::new("dig")
            .args([&format!("@{address}"), "-p", port, "-y", &signed, zone, "AXFR"])
            .output();
        let text = String::from_utf8_lossy(&output.unwrap().stdout).into_owned();
        assert!(text.contains("open-one-k3.top"), "{member}: {text}");
        assert!(!text.contains(CANARY), "{member}: {text}");
    }
}

#[test]
fn a_copy_is_not_shown_as_what_came() {
    let Planted { node, serving } = plant(true);
    let path = format!("/objects/region/{}", id("indicator", 2));
    let headed = |member: &str| {
        let page = node.text(&serving, member, &path);
        (page.contains("A redacted copy"), page.contains("The object, as it came"), page.contains(CANARY))
    };
    assert_eq!(headed("exchange"), (true, false, false));
    assert_eq!(headed("source"), (false, true, true));
    serving.stop();
}
