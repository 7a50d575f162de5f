//! What is known of a value is what the one who asks may know, as things stand.

use policy::{Level, MemberId, Terms};
use serde_json::{Value as Json, json};
use stix::{ObjectId, Tlp};
use watch::index::Match;
use watch::{Kind, normalise};

use crate::node::{self, A, B, C, Node, at, indicator, marked};

/// By what, and by which indicators, a value is known to a member.
fn known(node: &Node, member: MemberId, kind: Kind, text: &str) -> Vec<(Match, String, Vec<u128>)> {
    let value = normalise(kind, text).unwrap();
    let mut answers = node.gate.known(member, Level::List, true, node.now, &[value]).unwrap();
    assert_eq!(answers.len(), 1);
    let told = |known: bongsu_gate::KnownValue| {
        let mut numbers: Vec<u128> =
            known.witnesses.iter().map(|witness| node::number(&witness.indicator.object)).collect();
        numbers.sort_unstable();
        (known.by, known.text, numbers)
    };
    answers.remove(0).into_iter().map(told).collect()
}

fn with_pattern(number: u128, pattern: &str) -> Json {
    let mut object = indicator(number);
    object["pattern"] = json!(pattern);
    object
}

fn exact(text: &str, numbers: &[u128]) -> Vec<(Match, String, Vec<u128>)> {
    vec![(Match::Exact, text.to_owned(), numbers.to_vec())]
}

#[test]
fn a_value_is_known_to_whom_its_indicators_go() {
    let node = Node::new();
    let domain = "[domain-name:value = 'evil-k3.example']";
    node.share(
        A,
        &Terms::default(),
        &[with_pattern(1, domain), marked(with_pattern(2, domain), Tlp::AmberStrict)],
    );
    node.share(B, &Terms::default(), &[with_pattern(3, "[ipv4-addr:value = '198.51.100.0/24']")]);
    assert_eq!(known(&node, B, Kind::Domain, "evil-k3.example"), exact("evil-k3.example", &[1, 2]));
    assert_eq!(known(&node, C, Kind::Domain, "evil-k3.example"), exact("evil-k3.example", &[1]));
    let below = vec![(Match::Parent, "evil-k3.example".to_owned(), vec![1])];
    assert_eq!(known(&node, C, Kind::Domain, "a.b.evil-k3.example"), below);
    let inside = vec![(Match::Network, "198.51.100.0/24".to_owned(), vec![3])];
    assert_eq!(known(&node, C, Kind::Ipv4, "198.51.100.7"), inside);
    assert!(known(&node, C, Kind::Ipv4, "198.51.101.7").is_empty());
    let stranger = MemberId::new(uuid::Uuid::from_u128(0xd));
    assert!(known(&node, stranger, Kind::Domain, "evil-k3.example").is_empty());
}

#[test]
fn what_a_newer_version_does_not_say_is_not_known() {
    let node = Node::new();
    node.share(A, &Terms::default(), &[with_pattern(1, "[url:value = 'http://evil-k3.example/a']")]);
    assert_eq!(known(&node, B, Kind::Url, "http://evil-k3.example/a").len(), 1);
    let mut newer = with_pattern(1, "[url:value = 'http://evil-k3.example/b']");
    newer["modified"] = json!("2026-02-01T00:00:00.000Z");
    node.share(A, &Terms::default(), &[newer.clone()]);
    assert!(known(&node, B, Kind::Url, "http://evil-k3.example/a").is_empty());
    assert_eq!(
        known(&node, B, Kind::Url, "http://evil-k3.example/b"),
        exact("http://evil-k3.example/b", &[1])
    );
    newer["modified"] = json!("2026-03-01T00:00:00.000Z");
    newer["revoked"] = json!(true);
    node.share(A, &Terms::default(), &[newer]);
    assert!(known(&node, B, Kind::Url, "http://evil-k3.example/b").is_empty());
}

#[test]
fn what_is_under_embargo_or_withdrawn_is_not_known() {
    let mut node = Node::new();
    let terms = Terms { embargo_until: Some(at(2_000)), ..Terms::default() };
    node.share(A, &terms, &[with_pattern(1, "[domain-name:value = 'evil-k3.example']")]);
    assert!(known(&node, B, Kind::Domain, "evil-k3.example").is_empty());
    node.now = at(2_000);
    assert_eq!(known(&node, B, Kind::Domain, "evil-k3.example").len(), 1);
    let id = ObjectId::parse(&node::id("indicator", 1)).unwrap();
    node.gate.withdraw(A, node::CIRCLE, &[id], "mistaken").unwrap();
    assert!(known(&node, B, Kind::Domain, "evil-k3.example").is_empty());
}

#[test]
fn a_start_takes_the_snapshot_and_what_came_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("values.index");
    let node = Node::new();
    assert_eq!(node.gate.begin_values(&file).unwrap(), 0);
    let name = |n: u128| with_pattern(n, &format!("[domain-name:value = 'evil-k{n}.example']"));
    node.share(A, &Terms::default(), &[name(1), name(2)]);
    assert_eq!(known(&node, B, Kind::Domain, "evil-k2.example").len(), 1);
    node.gate.keep_values(&file).unwrap();
    node.share(A, &Terms::default(), &[name(3)]);
    let node = node.reopened();
    assert_eq!(node.gate.begin_values(&file).unwrap(), 2);
    assert_eq!(node.gate.values_known().0, 2);
    for n in 1..=3 {
        let text = format!("evil-k{n}.example");
        assert_eq!(known(&node, B, Kind::Domain, &text), exact(&text, &[n]));
    }
    let other = Node::new();
    other.share(A, &Terms::default(), &[name(7), name(8)]);
    assert!(other.gate.begin_values(&file).is_err());
    assert_eq!(known(&other, B, Kind::Domain, "evil-k7.example").len(), 1);
    std::fs::write(&file, b"bongsu").unwrap();
    assert!(node.reopened().gate.begin_values(&file).is_err());
}

#[test]
fn what_was_under_embargo_is_known_when_it_passed_however_the_index_was_made() {
    let mut node = Node::new();
    let terms = Terms { embargo_until: Some(at(2_000)), ..Terms::default() };
    node.share(A, &terms, &[with_pattern(1, "[domain-name:value = 'evil-k3.example']")]);
    node.now = at(2_001);
    assert_eq!(node.gate.announce_due(node.now).unwrap(), 1);
    assert_eq!(known(&node, B, Kind::Domain, "evil-k3.example"), exact("evil-k3.example", &[1]));
    let now = node.now;
    let mut node = node.reopened();
    node.now = now;
    assert_eq!(known(&node, B, Kind::Domain, "evil-k3.example"), exact("evil-k3.example", &[1]));
}

/// However many say so to others, or said so once, who says so to the one who asks is found.
#[test]
fn nobody_is_crowded_out() {
    let node = Node::new();
    let domain = |number| with_pattern(number, "[domain-name:value = 'evil-k3.example']");
    let strict: Vec<Json> = (1..=100).map(|number| marked(domain(number), Tlp::AmberStrict)).collect();
    node.share(A, &Terms::default(), &[domain(500)]);
    node.share(A, &Terms::default(), &strict);
    assert_eq!(known(&node, C, Kind::Domain, "evil-k3.example"), exact("evil-k3.example", &[500]));
    let many: Vec<Json> = (1_001..=1_200).map(domain).collect();
    node.share(A, &Terms::default(), &many);
    let told = known(&node, C, Kind::Domain, "evil-k3.example");
    assert_eq!(told[0].2.len(), bongsu_gate::WITNESSES_MAX);
    let ids: Vec<ObjectId> =
        (1_001..=1_200).map(|number| ObjectId::parse(&node::id("indicator", number)).unwrap()).collect();
    node.gate.withdraw(A, node::CIRCLE, &ids, "mistaken").unwrap();
    assert_eq!(known(&node, C, Kind::Domain, "evil-k3.example"), exact("evil-k3.example", &[500]));
}
