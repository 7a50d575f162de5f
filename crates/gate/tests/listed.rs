//! Whether a name is a listed party's, as the one who asks may know it, as things stand.

use policy::{Level, MemberId, Terms};
use serde_json::{Value as Json, json};
use stix::{ObjectId, Tlp};
use watch::names::{Kind, MATCH, PARTY_EXTENSION, Question};

use crate::node::{self, A, B, C, Node, marked, object};

fn party(number: u128, name: &str, aliases: &[&str]) -> Json {
    let aliases: Vec<Json> = aliases.iter().map(|text| json!({"text": text, "kind": "strong"})).collect();
    let said =
        json!({"extension_type": "property-extension", "aliases": aliases, "born": [{"date": "1971-02-03"}]});
    object(
        "identity",
        number,
        json!({"name": name, "identity_class": "individual", "extensions": {PARTY_EXTENSION: said}}),
    )
}

/// Who may be meant: number, name, and how many lists say so.
fn listed(node: &Node, member: MemberId, name: &str) -> Vec<(u128, String, usize)> {
    let question = Question { names: vec![name], kind: Kind::Person, ..Question::default() };
    let mut found = node.gate.listed(member, Level::List, true, node.now, &[question], (MATCH, 10)).unwrap();
    let told = |party: bongsu_gate::ListedParty| {
        let id = party.listings[0].object.get().id.clone();
        (node::number(&id), party.name, party.listings.len())
    };
    found.remove(0).into_iter().map(told).collect()
}

fn found(number: u128, name: &str) -> Vec<(u128, String, usize)> {
    vec![(number, name.to_owned(), 1)]
}

#[test]
fn a_party_is_told_to_whom_its_list_goes() {
    let node = Node::new();
    let strict = marked(party(2, "Zebulon Quartermain", &[]), Tlp::AmberStrict);
    let no_party =
        object("identity", 3, json!({"name": "Ministry of Bathymetry", "identity_class": "individual"}));
    node.share(
        A,
        &Terms::default(),
        &[party(1, "Oswaldine Fenwick", &["Ossie Marchbanks"]), strict, no_party],
    );
    assert_eq!(listed(&node, B, "FENWICK, Oswaldine"), found(1, "Oswaldine Fenwick"));
    assert_eq!(listed(&node, C, "Ossie Marchbanks"), found(1, "Ossie Marchbanks"));
    assert_eq!(listed(&node, B, "Zebulon Quartermain"), found(2, "Zebulon Quartermain"));
    assert!(listed(&node, C, "Zebulon Quartermain").is_empty(), "it may not know");
    assert!(listed(&node, B, "Ministry of Bathymetry").is_empty(), "who is no listed party is not asked for");
    assert!(listed(&node, MemberId::new(uuid::Uuid::from_u128(0xd)), "Oswaldine Fenwick").is_empty());
}

#[test]
fn what_is_newer_counts_and_who_was_taken_off_is_not_told() {
    let node = Node::new();
    node.share(A, &Terms::default(), &[party(1, "Oswaldine Fenwick", &["Ossie Marchbanks"])]);
    assert_eq!(listed(&node, B, "Ossie Marchbanks").len(), 1);
    let mut newer = party(1, "Oswaldine Fenwick", &["Wilhelmina Drax"]);
    newer["modified"] = json!("2026-02-01T00:00:00.000Z");
    node.share(A, &Terms::default(), &[newer]);
    assert!(listed(&node, B, "Ossie Marchbanks").is_empty());
    assert_eq!(listed(&node, B, "Wilhelmina Drax"), found(1, "Wilhelmina Drax"));
    let id = ObjectId::parse(&node::id("identity", 1)).unwrap();
    node.gate.withdraw(A, node::CIRCLE, &[id], "taken off the list").unwrap();
    assert!(listed(&node, B, "Wilhelmina Drax").is_empty());
    // And who is listed again is told again.
    let mut again = party(1, "Oswaldine Fenwick", &[]);
    again["modified"] = json!("2026-03-01T00:00:00.000Z");
    node.share(A, &Terms::default(), &[again]);
    assert_eq!(listed(&node, B, "Oswaldine Fenwick"), found(1, "Oswaldine Fenwick"));
}

/// Many, one after the other, so that indexes are joined and joined again.
#[test]
fn all_are_found_however_they_came() {
    let node = Node::new();
    const SYLLABLES: [&str; 16] = [
        "bar", "tol", "vex", "nim", "dor", "quil", "sap", "wen", "yot", "gril", "hask", "jem", "pod", "ruf",
        "zan", "lub",
    ];
    let word = |number: usize| format!("{}{}", SYLLABLES[number % 16], SYLLABLES[number / 16 % 16]);
    let name = |number: usize| format!("{}ov {}enko", word(number * 7 % 256), word(number * 11 % 256));
    let mut next = 0;
    for size in [1, 1, 2, 5, 40, 3, 90, 1] {
        let some: Vec<Json> =
            (next..next + size).map(|number| party(number as u128 + 1, &name(number), &[])).collect();
        node.share(A, &Terms::default(), &some);
        next += size;
        assert_eq!(listed(&node, B, &name(next - 1))[0].0, next as u128);
    }
    for number in 0..next {
        assert_eq!(listed(&node, B, &name(number))[0].0, number as u128 + 1, "{}", name(number));
    }
}
