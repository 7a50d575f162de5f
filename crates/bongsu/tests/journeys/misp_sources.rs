//! MISP events as sources: one node publishes its circle, another pulls it as a feed or as a MISP.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::node::{Node, Serving, wait};

const QUIET: [(&str, &str); 1] = [("BONGSU__DNS__ENABLED", "false")];

fn event_uuid(number: u128) -> Uuid {
    Uuid::from_u128(0x5f3e_7f7c_1c5c_4d8b_9a53_0000_0000_0000 + number)
}

fn attribute_uuid(number: u128, which: u128) -> Uuid {
    Uuid::from_u128(0x5f3e_7f7c_1c5c_4d8b_9a53_1000_0000_0000 + number * 16 + which)
}

/// A published event with two attributes to look for.
fn event(number: u128) -> Value {
    let attribute = |which: u128| {
        json!({"uuid": attribute_uuid(number, which), "type": "domain", "category": "Network activity", "to_ids": true,
               "value": format!("e{number}-{which}.k3.top"), "timestamp": "1780000000"})
    };
    json!({"uuid": event_uuid(number), "info": format!("Event {number}"), "date": "2026-05-01", "distribution": "1",
           "published": true, "publish_timestamp": "1780000000", "timestamp": "1780000000", "analysis": "2",
           "threat_level_id": "2", "Orgc": {"name": "Maker", "uuid": Uuid::from_u128(0x55f6_ea5e_2c60_40e5_964f_47a8_950d_210f)},
           "Tag": [{"name": "tlp:green"}], "Attribute": [attribute(1), attribute(2)]})
}

fn with_circle() -> Node {
    let mut node = Node::new();
    node.member("owner", "exchange", "amber");
    node.member("reader", "exchange", "amber");
    node.json(&["circle", "add", "region", "--ceiling", "green", "--member", "owner", "--member", "reader"]);
    node
}

/// A node whose circle has so many events.
fn publisher(count: u128) -> (Node, Serving) {
    let node = with_circle();
    let events: Vec<Value> = (1..=count).map(|number| json!({"Event": event(number)})).collect();
    let file = node.file("events.json", json!({"response": events}).to_string());
    let told = node.json(&["import", &file, "--circle", "region", "--as", "owner"]);
    assert_eq!(told["refused"], 0, "{told}");
    let serving = node.serve_with(&QUIET);
    (node, serving)
}

/// Asks a node as a MISP.
fn misp(node: &Node, serving: &Serving, member: &str, path: &str, body: Option<Value>) -> Value {
    let url = format!("{}/{path}", serving.url);
    let request = match body {
        None => serving.client.get(url),
        Some(body) => {
            serving.client.post(url).header("content-type", "application/json").body(body.to_string())
        }
    };
    let response = request.header("authorization", &node.tokens[member]).send().unwrap();
    let (status, text) = (response.status(), response.text().unwrap());
    assert!(status.is_success(), "{path}: {status} {text}");
    serde_json::from_str(&text).unwrap()
}

/// The events that the reader of a node sees: titles and values by UUID.
fn seen(node: &Node, serving: &Serving) -> BTreeMap<String, (String, Vec<String>)> {
    let found = misp(node, serving, "reader", "events/restSearch", Some(json!({"returnFormat": "json"})));
    let event = |row: &Value| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let event = &row["Event"];
        let values = event["Attribute"].as_array().unwrap().iter().map(|one| text(&one["value"]));
        let mut values: Vec<String> = values.collect();
        values.sort();
        (text(&event["uuid"]), (text(&event["info"]), values))
    };
    found["response"].as_array().unwrap().iter().map(event).collect()
}

fn source(node: &Node, kind: &str, url: &str, key: &str, more: &str) {
    let key = node.file("key", format!("{key}\n"));
    let text = format!(
        "[[source]]\nname = \"partner\"\nkind = \"{kind}\"\nurl = \"{url}\"\ncircle = \"region\"\nas = \"owner\"\n\
         auth.key = {{ key_file = \"{key}\" }}\n{more}\n"
    );
    std::fs::write(node.data().join("bongsu.toml"), text).unwrap();
}

fn pull(node: &Node) -> Value {
    let mut told = node.json(&["source", "pull", "partner"]);
    told["sources"][0].take()
}

/// Whatever the source is: events come, then nothing, then an edit and what was taken back.
fn follows(kind: &str, path: &str) {
    let (remote, serving) = publisher(12);
    let node = with_circle();
    let url = format!("{}{path}", serving.url);
    source(&node, kind, &url, &remote.tokens["reader"], "every = \"1s\"");
    let mut told = node.json(&["source", "check", "partner"]);
    assert_eq!(told["sources"][0]["events"], 12, "{told}");
    let told_pull = pull(&node);
    assert_eq!((&told_pull["refused"], &told_pull["pages"]), (&json!(0), &json!(2)), "{told_pull}");
    let own = node.serve_with(&QUIET);
    assert_eq!(seen(&node, &own), seen(&remote, &serving));
    assert_eq!(seen(&node, &own).len(), 12);
    told = node.json(&["source", "check", "partner"]);
    assert_eq!(
        (&told["sources"][0]["events"], &told["sources"][0]["new"]),
        (&json!(12), &json!(0)),
        "{told}"
    );

    // The serving node finds by itself what is edited, added and taken back.
    let edit = json!({"Event": {"uuid": event_uuid(3), "info": "Event 3, second wave"}});
    misp(&remote, &serving, "owner", &format!("events/edit/{}", event_uuid(3)), Some(edit));
    let new = json!({"Event": event(77)});
    misp(&remote, &serving, "owner", "events/add", Some(new));
    let path = format!("attributes/delete/{}", attribute_uuid(5, 2));
    misp(&remote, &serving, "owner", &path, Some(json!({})));
    let path = format!("attributes/edit/{}", attribute_uuid(6, 1));
    misp(&remote, &serving, "owner", &path, Some(json!({"to_ids": false})));
    let looked_for =
        || node.text(&own, "reader", "/api/collections/region/objects/?match[type]=indicator&limit=1000");
    // That one is looked for no more changes no value.
    let gone = [attribute_uuid(5, 2), attribute_uuid(6, 1)].map(|gone| gone.to_string());
    let same = || {
        let ids = looked_for();
        let is_out = !gone.iter().any(|gone| ids.contains(gone));
        (is_out && seen(&node, &own) == seen(&remote, &serving)).then_some(())
    };
    assert!(
        wait(Duration::from_secs(60), same).is_some(),
        "{:#?}\n{}",
        seen(&node, &own),
        node.json(&["source", "list"])
    );
    let now = seen(&node, &own);
    assert_eq!(now[&event_uuid(3).to_string()].0, "Event 3, second wave");
    assert_eq!(now[&event_uuid(5).to_string()].1, ["e5-1.k3.top"], "the other was taken back");
    assert!(now.contains_key(&event_uuid(77).to_string()));
    own.stop();
    let told = node.json(&["source", "list"]);
    assert_eq!(told["sources"][0]["state"], "pulled before", "{told}");
    let nothing = pull(&node);
    assert_eq!((&nothing["added"], &nothing["bytes"]), (&json!(0), &json!(0)), "{nothing}");
    let mut all = node.json(&["source", "pull", "partner", "--from-start"]);
    let all = all["sources"][0].take();
    assert_eq!((&all["added"], &all["pages"], &all["refused"]), (&json!(0), &json!(2), &json!(0)), "{all}");
    serving.stop();
    assert_eq!(node.json(&["verify"])["sound"], true);
}

#[test]
fn a_node_follows_another_nodes_feed() {
    follows("misp-feed", "/misp/feed/region");
}

#[test]
fn a_node_follows_another_node_as_a_misp() {
    follows("misp", "/misp/");
}

#[test]
fn a_pull_that_was_killed_goes_on_at_the_event_where_it_was() {
    const EVENTS: u128 = 120;
    let (remote, serving) = publisher(EVENTS);
    let node = with_circle();
    let url = format!("{}/misp/feed/region/manifest.json", serving.url);
    source(&node, "misp-feed", &url, &remote.tokens["reader"], "");
    node.pull_interrupted(Duration::from_millis(150));
    pull(&node);
    let own = node.serve_with(&QUIET);
    let same = || (seen(&node, &own) == seen(&remote, &serving)).then_some(());
    assert!(wait(Duration::from_secs(60), same).is_some());
    own.stop();
    // Two indicators and a report for each event; what all have in common is there once.
    let records = node.json(&["circle", "show", "region"])["circle"]["records"].as_u64().unwrap();
    let whole = remote.json(&["circle", "show", "region"])["circle"]["records"].as_u64().unwrap();
    assert!(records <= whole + 1, "each once: {records}, of {whole}");
    assert_eq!(node.json(&["verify"])["sound"], true);
}

#[test]
fn what_was_refused_is_not_asked_for_again_and_again() {
    let (remote, serving) = publisher(3);
    let red = json!({"Event": {"uuid": event_uuid(9), "info": "Not for all", "date": "2026-05-01", "published": true,
        "timestamp": "1780000000", "distribution": "1", "Tag": [{"name": "tlp:amber"}],
        "Attribute": [{"type": "domain", "value": "amber.k3.top", "timestamp": "1780000000"}]}});
    remote.json(&["circle", "set", "region", "--ceiling", "amber"]);
    misp(&remote, &serving, "owner", "events/add", Some(red));
    let node = with_circle();
    let url = format!("{}/misp/feed/region", serving.url);
    source(&node, "misp-feed", &url, &remote.tokens["reader"], "");
    let first = pull(&node);
    assert!(first["refused"].as_u64().unwrap() > 0, "it is over the circle's ceiling: {first}");
    let second = pull(&node);
    assert_eq!((&second["refused"], &second["bytes"]), (&json!(0), &json!(0)), "{second}");
    node.file("key", "wrong");
    let output = node.command(&["source", "pull", "partner"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && text.contains("401"), "{text}");
    serving.stop();
}

/// Who posted an event without a maker was named as it by the node, to members who may not know of it.
#[test]
fn where_members_are_hidden_nobody_is_named_who_did_not_name_itself() {
    let node = with_circle();
    node.json(&["circle", "set", "region", "--hide-members"]);
    let serving = node.serve_with(&QUIET);
    let mut sent = event(1);
    sent.as_object_mut().unwrap().remove("Orgc");
    misp(&node, &serving, "owner", "events/add", Some(json!({"Event": sent})));
    let sighting = json!({"value": "e1-1.k3.top"});
    misp(&node, &serving, "owner", "sightings/add", Some(sighting));
    let path = format!("events/view/{}", event_uuid(1));
    let owner = node.json(&["member", "show", "owner"])["member"]["id"].as_str().unwrap().to_owned();
    let taxii = node.text(&serving, "reader", "/api/collections/region/objects/");
    for text in [misp(&node, &serving, "reader", &path, None).to_string(), taxii] {
        assert!(!text.contains(&owner), "{text}");
    }
    // It is the owner's all the same.
    let edit = json!({"Event": {"uuid": event_uuid(1), "info": "Paper Lantern", "timestamp": "1790000000"}});
    misp(&node, &serving, "owner", &format!("events/edit/{}", event_uuid(1)), Some(edit));
    assert_eq!(misp(&node, &serving, "reader", &path, None)["Event"]["info"], "Paper Lantern");
}

/// The date of an event is a day where it was made, and people correct it: neither keeps later versions out.
#[test]
fn an_events_date_may_be_tomorrows_and_may_be_corrected() {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange"]);
    let (event, attribute) = ("5c000000-0000-4000-8000-000000000001", "5c000000-0000-4000-8000-000000000002");
    let import = |date: &str, at: u64, comment: &str| {
        // Each time its organisation is called by another name, which makes it no other one.
        let org = json!({"uuid": "5c000000-0000-4000-8000-000000000003", "name": format!("CERT, {comment}")});
        let text = json!({"Event": {"uuid": event, "info": "Dated", "date": date, "Orgc": org, "timestamp": at.to_string(),
            "published": true, "publish_timestamp": at.to_string(), "Attribute": [{"uuid": attribute, "type": "domain",
            "category": "Network activity", "value": "dated.example", "to_ids": true, "comment": comment,
            "timestamp": at.to_string()}]}});
        let file = node.file("event.json", text.to_string());
        node.json(&["import", &file, "--circle", "region", "--as", "exchange"])
    };
    // 2026-09-01T20:00:00Z, which is the second in Korea.
    let evening = 1_788_292_800;
    let counts = |told: Value| (told["added"].clone(), told["present"].clone(), told["refused"].clone());
    let first = counts(import("2026-09-02", evening, "first"));
    assert!(first.0.as_u64().unwrap() >= 2 && first.2 == 0, "{first:?}");
    let (edited, corrected) =
        (import("2026-09-02", evening + 60, "second"), import("2026-08-01", evening + 120, "third"));
    assert_eq!(
        (&edited["added"], &edited["refused"]),
        (&json!(2), &json!(0)),
        "report and indicator: {edited:#}"
    );
    assert_eq!((&corrected["added"], &corrected["refused"]), (&json!(2), &json!(0)), "{corrected:#}");
    let again = import("2026-08-01", evening + 120, "third");
    assert_eq!((&again["added"], &again["refused"]), (&json!(0), &json!(0)), "{again:#}");
    // It is the first version's still, and MISP has the date that was corrected.
    let serving = node.serve();
    let page =
        node.text(&serving, "exchange", &format!("/api/collections/region/objects/indicator--{attribute}/"));
    let page: Value = serde_json::from_str(&page).unwrap();
    assert_eq!(page["objects"][0]["created"], "2026-09-01T20:00:00.000Z", "{page:#}");
    let shown: Value =
        serde_json::from_str(&node.text(&serving, "exchange", &format!("/events/view/{event}"))).unwrap();
    assert_eq!(
        (&shown["Event"]["date"], &shown["Event"]["Attribute"][0]["comment"]),
        (&json!("2026-08-01"), &json!("third"))
    );
}
