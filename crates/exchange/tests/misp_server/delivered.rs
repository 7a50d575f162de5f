//! How far in a circle's line a member is that reads over MISP, by its receipts.

use policy::{Level, MemberId};
use serde_json::{Value as Json, json};
use stix::Timestamp;

use super::node::{Node, OTHER, OWNER, REGION, mixed, uuid};

/// The number in `region` up to which the member's receipts bring it.
fn upto(node: &Node, member: MemberId) -> Option<u64> {
    let receipts = node.gate.receipts(member).into_iter().filter(|receipt| receipt.what == "misp region");
    receipts.flat_map(|receipt| receipt.upto).map(|upto| upto.seq).max()
}

fn head(node: &Node) -> u64 {
    let now = Timestamp::from_micros(0);
    let heads = node.gate.readers(OTHER, Level::Exchange, true, now);
    heads.into_iter().find(|reader| reader.request().circle == REGION).unwrap().head().0
}

fn event(number: u32) -> Json {
    json!({ "uuid": uuid(number), "info": "More", "distribution": "1", "published": true, "Attribute": [
        { "uuid": uuid(number + 1), "type": "domain", "value": format!("h{number}.example"), "to_ids": true }] })
}

#[test]
fn events_fetched_one_by_one_bring_a_member_as_far_as_the_line_goes_once_it_has_all() {
    let (node, uuids) = mixed();
    node.get(OTHER, "/events/index").fine();
    let view = |uuid: &str| node.post(OTHER, &format!("/events/view/{uuid}"), &json!({ "deleted": [0, 1] }));
    for uuid in &uuids[1..] {
        view(uuid).fine();
    }
    assert_eq!(upto(&node, OTHER), None, "the first is not there");
    node.event(OTHER, &uuids[0]);
    assert_eq!(
        upto(&node, OTHER),
        None,
        "it has something that was taken back, and the answer leaves that out"
    );
    view(&uuids[0]).fine();
    assert_eq!(upto(&node, OTHER), Some(head(&node)));
}

#[test]
fn pages_of_a_search_count_when_all_are_there_and_filters_count_for_nothing() {
    let (node, uuids) = mixed();
    let search = |body: Json| {
        node.search("events", &body).fine();
        upto(&node, OTHER)
    };
    let all = json!([0, 1]);
    assert_eq!(search(json!({ "deleted": all, "metadata": true })), None);
    assert_eq!(search(json!({ "deleted": all, "to_ids": 1 })), None);
    assert_eq!(search(json!({ "deleted": all, "tags": ["event:2"] })), None);
    node.search("attributes", &json!({ "deleted": all })).fine();
    for page in 1..uuids.len() {
        assert_eq!(search(json!({ "deleted": all, "limit": 1, "page": page })), None, "{page}");
    }
    assert_eq!(search(json!({ "deleted": all, "limit": 1, "page": uuids.len() })), Some(head(&node)));
}

#[test]
fn what_changed_since_goes_on_from_what_a_member_has_also_after_a_restart() {
    let (mut node, uuids) = mixed();
    node.search("events", &json!({ "deleted": [0, 1] })).fine();
    let first = head(&node);
    assert_eq!(upto(&node, OTHER), Some(first));
    let added = node.add(OWNER, &event(900));
    let since = json!({ "timestamp": added["timestamp"], "deleted": [0, 1] });
    node.search("events", &json!({ "timestamp": 1_999_999_999 })).fine();
    assert_eq!(upto(&node, OTHER), Some(first), "the new one is not in that answer");
    node.search("events", &since).fine();
    let second = head(&node);
    assert!(upto(&node, OTHER) == Some(second) && second > first);

    node.restart();
    let added = node.add(OWNER, &event(910));
    node.get(OTHER, "/events/index").fine();
    assert_eq!(upto(&node, OTHER), Some(second));
    let fetched =
        node.search("events", &json!({ "timestamp": added["timestamp"], "deleted": [0, 1] })).fine();
    assert!(fetched["response"].as_array().unwrap().len() < uuids.len(), "not all is fetched again");
    assert_eq!(upto(&node, OTHER), Some(head(&node)));
}

#[test]
fn a_feed_is_had_when_its_events_are() {
    let node = Node::new();
    for number in [900, 910] {
        node.add(OWNER, &event(number));
    }
    node.get(OTHER, "/misp/feed/region/manifest.json").fine();
    node.get(OTHER, &format!("/misp/feed/region/{}.json", uuid(900))).fine();
    assert_eq!(node.head(OTHER, &format!("/misp/feed/region/{}.json", uuid(910))).status, 200);
    assert_eq!(upto(&node, OTHER), None, "a head has nothing in it");
    node.get(OTHER, &format!("/misp/feed/region/{}.json", uuid(910))).fine();
    assert_eq!(upto(&node, OTHER), Some(head(&node)));
    // What changed is not had until it is fetched again.
    node.post(
        OWNER,
        &format!("/attributes/add/{}", uuid(900)),
        &json!({ "type": "domain", "value": "x.example" }),
    )
    .fine();
    node.get(OTHER, "/misp/feed/region/manifest.json").fine();
    assert!(upto(&node, OTHER) < Some(head(&node)));
    node.get(OTHER, &format!("/misp/feed/region/{}.json", uuid(900))).fine();
    assert_eq!(upto(&node, OTHER), Some(head(&node)));
}
