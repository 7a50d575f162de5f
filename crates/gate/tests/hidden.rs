//! What is held only when its copy is made is not there either; and a copy says nothing of what was taken out of it.

use bongsu_gate::{NoteKey, Query, Submission, Submitted, commitment_of};
use line::LineId;
use line::merkle::verify_inclusion;
use policy::{Rule, Terms};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use stix::{ObjectId, Tlp};

use crate::node::{self, A, B, C, Node, indicator, marked, object};

/// The object with AMBER+STRICT on one of its parts, which C is not cleared for.
fn parted(mut object: Value, selector: &str) -> Value {
    let mark = Tlp::AmberStrict.definition_id().to_string();
    object["granular_markings"] = json!([{ "marking_ref": mark, "selectors": [selector] }]);
    object
}

/// A tool that nobody gets for whom the mark counts: it selects what is not there.
fn unplaced(number: u128) -> Value {
    parted(object("tool", number, json!({"name": "t"})), "$.description")
}

fn id_of(object: &Value) -> ObjectId {
    ObjectId::parse(object["id"].as_str().unwrap()).unwrap()
}

fn said(node: &Node, id: &ObjectId) -> Vec<Option<policy::MemberId>> {
    node.reader(C).said_by(id).unwrap().iter().map(|said| said.member).collect()
}

fn later(mut object: Value) -> Value {
    object["modified"] = json!("2026-01-02T00:00:00.000Z");
    object
}

#[test]
fn what_was_taken_out_of_a_copy_is_not_compared() {
    let node = Node::new();
    let mut unplaced = indicator(4);
    unplaced = parted(unplaced, "$.description");
    node.share(
        A,
        &Terms::default(),
        &[parted(indicator(1), "pattern"), indicator(2), indicator(3), unplaced],
    );
    assert!(node.gate.follow_equivalents(node::CIRCLE, 100).unwrap());
    assert!(!node.text(C, "indicator", 1).contains("a.example"));
    let same = |member, number| {
        let reader = node.reader(member);
        reader.equivalents(&node.gate, &id_of(&indicator(number))).unwrap()
    };
    assert!(same(C, 1).is_empty(), "the pattern was taken out: nothing tells what it was");
    assert_eq!(same(C, 2), [id_of(&indicator(3))], "of what goes whole alone");
    assert!(same(C, 4).is_empty());
    let to_operators = node.gate.equivalents(node::CIRCLE, &id_of(&indicator(2))).unwrap();
    assert_eq!(to_operators.len(), 3);
}

#[test]
fn the_bytes_of_a_hidden_version_are_not_confirmed() {
    let node = Node::new();
    let hidden = marked(later(indicator(1)), Tlp::AmberStrict);
    node.share(A, &Terms::default(), &[indicator(1), hidden.clone()]);
    let told = node.try_share(C, &Terms::default(), &[hidden]);
    assert_eq!(told, [Submitted::Forbidden(Rule::OwnedByAnother)]);
    let told = node.try_share(C, &Terms::default(), &[indicator(1)]);
    assert_eq!(told, [Submitted::Present], "what it sees may be said to be there");
}

#[test]
fn what_was_taken_out_of_a_copy_is_not_confirmed() {
    let node = Node::new();
    let original = parted(indicator(1), "pattern");
    node.share(A, &Terms::default(), &[original.clone(), indicator(2)]);
    let copy = node.text(C, "indicator", 1);
    assert!(!copy.contains("a.example"));
    let told = node.try_share(C, &Terms::default(), &[original.clone(), indicator(2)]);
    assert_eq!(told, [Submitted::Forbidden(Rule::OwnedByAnother), Submitted::Present]);
    let copy = Submission { head: stix::read_head(&copy).unwrap(), raw: copy };
    let told = node.gate.submit(C, node::CIRCLE, &Terms::default(), vec![copy], node.now).unwrap();
    assert_eq!(told, [Submitted::Present], "what it has itself may be said to be there");
    let told = node.try_share(B, &Terms::default(), &[original]);
    assert_eq!(told, [Submitted::Present], "B gets it with nothing taken out");
}

#[test]
fn what_is_announced_again_is_opened_to_who_has_all_of_it_and_bound_for_who_has_a_copy() {
    let node = Node::new();
    let ends = json!({"relationship_type": "uses", "source_ref": node::id("tool", 1),
        "target_ref": node::id("tool", 1), "description": "canary"});
    let between = parted(object("relationship", 5, ends), "description");
    node.share(A, &Terms::default(), std::slice::from_ref(&between));
    node.clock.store(2_000_000_000, std::sync::atomic::Ordering::SeqCst);
    node.share(A, &Terms::default(), &[object("tool", 1, json!({"name": "t"}))]);
    let line = LineId::new(node::CIRCLE.uuid());
    let checkpoint = node.gate.checkpoint(line).unwrap();
    let opened = |member| {
        let (openings, _) = node.reader(member).openings(&[(id_of(&between), None)]).unwrap();
        let [opening] = <[_; 1]>::try_from(openings).unwrap_or_else(|_| panic!("one record holds"));
        let (opening, size) = (opening.into_inner(), checkpoint.size);
        assert!(opening.seq.0 > 1, "it was announced again");
        let path = node.gate.inclusion(line, opening.seq, size).unwrap().unwrap();
        assert!(verify_inclusion(&opening.leaf(), opening.seq.0 - 1, size, &path, &checkpoint.root));
        (opening, node.text(member, "relationship", 5))
    };
    // That it was decided to redact it took nothing out for B: it has the bytes in which it came.
    let (opening, text) = opened(B);
    assert!(text.contains("canary") && opening.is_of(&Sha256::digest(&text).into()));
    let (opening, text) = opened(C);
    assert!(!text.contains("canary") && opening.content_salt.is_none());
    assert_eq!(commitment_of(&text, &NoteKey::of(node.gate.key())), Some(opening.content));
}

#[test]
fn an_id_that_is_held_when_its_copy_is_made_is_free() {
    let node = Node::new();
    node.share(A, &Terms::default(), &[unplaced(1)]);
    assert!(node.sees(C).is_empty());
    assert!(said(&node, &id_of(&unplaced(1))).is_empty());
    node.share(C, &Terms::default(), &[object("tool", 1, json!({"name": "of C"}))]);
    assert!(node.text(C, "tool", 1).contains("of C"));
}

#[test]
fn nothing_is_overshadowed_by_what_does_not_come_out() {
    let node = Node::new();
    node.share(A, &Terms { recipients: vec![C], ..Terms::default() }, &[unplaced(1)]);
    node.share(B, &Terms::default(), &[object("tool", 1, json!({"name": "of B"}))]);
    assert_eq!(node.sees(C), [1]);
    assert!(node.text(C, "tool", 1).contains("of B"));
    assert_eq!(said(&node, &id_of(&unplaced(1))), [Some(B)]);
}

#[test]
fn a_version_that_does_not_come_out_is_not_the_newest() {
    let node = Node::new();
    node.share(A, &Terms::default(), &[object("tool", 1, json!({"name": "seen"})), later(unplaced(1))]);
    assert!(node.text(C, "tool", 1).contains("seen"));
    // Nor is it the one in the later specification.
    let mut older = object("tool", 2, json!({"name": "seen", "labels": ["x"]}));
    older.as_object_mut().unwrap().remove("spec_version");
    node.share(A, &Terms::default(), &[older, later(unplaced(2))]);
    assert_eq!(node.sees(C), [1, 2]);
}

#[test]
fn who_brought_the_same_id_unseen_is_not_named() {
    let node = Node::new();
    node.share(A, &Terms { recipients: vec![C], ..Terms::default() }, &[indicator(1)]);
    node.share(B, &Terms::default(), &[later(indicator(1))]);
    assert_eq!(said(&node, &id_of(&indicator(1))), [Some(A)], "C does not see what B said");
}

#[test]
fn what_is_announced_again_was_first_shared_when_it_came() {
    let node = Node::new();
    let ends = json!({"relationship_type": "uses", "source_ref": node::id("tool", 1),
        "target_ref": node::id("tool", 1)});
    let between = object("relationship", 5, ends);
    node.share(A, &Terms::default(), std::slice::from_ref(&between));
    node.clock.store(2_000_000_000, std::sync::atomic::Ordering::SeqCst);
    node.share(A, &Terms::default(), &[object("tool", 1, json!({"name": "t"}))]);
    let said = node.reader(B).said_by(&id_of(&between)).unwrap();
    assert!(said.len() == 1 && said[0].added.0 < 2_000_000_000, "{said:?}");
}

/// A GREEN observable with the id that follows from it.
fn observable(mut object: Value) -> Value {
    object["spec_version"] = json!("2.1");
    object["id"] = json!(stix::observable_id(object.as_object().unwrap()).unwrap().to_string());
    marked(object, Tlp::Green)
}

#[test]
fn an_id_that_tells_what_was_taken_out_does_not_go() {
    let node = Node::new();
    let address = |value: &str| observable(json!({"type": "ipv4-addr", "value": value, "x_note": "n"}));
    let (told, kept) = (parted(address("198.51.100.3"), "value"), parted(address("198.51.100.4"), "x_note"));
    let hidden = marked(address("198.51.100.5"), Tlp::AmberStrict);
    let traffic = observable(json!({"type": "network-traffic", "protocols": ["tcp"],
        "src_ref": hidden["id"], "dst_ref": kept["id"]}));
    node.share(A, &Terms::default(), &[told.clone(), kept.clone(), hidden, traffic.clone()]);
    let got = |object: &Value| {
        let query = Query { ids: vec![id_of(object)], limit: 1, ..Query::default() };
        node.reader(C).page(&query).unwrap().items.into_iter().next().map(|item| item.into_inner().raw)
    };
    assert_eq!(got(&told), None, "the id is made from the address alone");
    assert!(got(&kept).is_some_and(|copy| copy.contains("198.51.100.4") && !copy.contains("x_note")));
    assert_eq!(got(&traffic), None, "the id is made from its ends as well");
    let held = node.reader(C).explain(None, 0, 10).unwrap().items;
    assert!(held.iter().all(|item| matches!(item.rule, Rule::NothingLeft | Rule::TlpOverClearance)));
}

#[test]
fn what_is_named_deep_inside_is_taken_out_like_what_is_named_on_top() {
    let node = Node::new();
    let secret = marked(indicator(9), Tlp::AmberStrict);
    let named = node::id("indicator", 9);
    let objects = [
        secret,
        object("tool", 1, json!({"name": "t", "extensions": {"x-ext": {"seen_refs": [named], "kept": 1}}})),
        object("tool", 2, json!({"name": "t", "x_parts": [[{"body_raw_ref": named, "kept": 1}]]})),
        object("tool", 3, json!({"name": "t", "x_refs": [named, 5]})),
        object("tool", 4, json!({"name": "t", "x_ref": {"y_ref": named, "kept": 1}})),
        object("tool", 5, json!({"name": "t", "x_note": named})),
    ];
    node.share(A, &Terms::default(), &objects);
    for number in 1..=4 {
        let copy = node.text(C, "tool", number);
        assert!(!copy.contains(&named) && (number == 3 || copy.contains("kept")), "{copy}");
        assert!(node.text(B, "tool", number).contains(&named), "B sees what is named");
    }
    assert!(node.text(C, "tool", 5).contains(&named), "a text is no reference");
}

/// Its id stood in what named it as soon as it was withdrawn, because what is withdrawn was looked at no more.
#[test]
fn what_was_withdrawn_stays_as_hidden_as_it_was() {
    let node = Node::new();
    let hidden = marked(indicator(1), Tlp::AmberStrict);
    let refs = json!([hidden["id"], indicator(2)["id"]]);
    let report =
        object("report", 9, json!({"name": "r", "published": "2026-01-01T00:00:00Z", "object_refs": refs}));
    node.share(A, &Terms::default(), &[hidden.clone(), indicator(2), report.clone()]);
    let names =
        |member, thing: &Value| node.text(member, "report", 9).contains(thing["id"].as_str().unwrap());
    assert!(!names(C, &hidden) && names(C, &indicator(2)) && names(B, &hidden));
    node.gate.withdraw(A, node::CIRCLE, &[id_of(&hidden), id_of(&indicator(2))], "wrong").unwrap();
    assert!(!names(C, &hidden), "C never had it");
    assert!(names(C, &indicator(2)) && names(B, &hidden), "who had it may know its name");
    let node = node.reopened();
    assert!(!node.text(C, "report", 9).contains(hidden["id"].as_str().unwrap()));
}

/// A right guess of what was taken out of a copy must look as a wrong one: the member keeps its own version of either.
#[test]
fn a_guess_of_what_was_taken_out_of_an_observable_stays_as_it_is() {
    let observed = |said: &str| {
        let content = json!({"type": "domain-name", "value": "guess-k3.top"});
        let id = stix::observable_id(content.as_object().unwrap()).unwrap().to_string();
        let mark = Tlp::AmberStrict.definition_id().to_string();
        json!({
            "type": "domain-name", "spec_version": "2.1", "id": id, "value": "guess-k3.top", "x_said": said,
            "object_marking_refs": [Tlp::Green.definition_id().to_string()],
            "granular_markings": [{"marking_ref": mark, "selectors": ["x_said"]}],
        })
    };
    let shown = |guess: &str| {
        let node = Node::new();
        node.share(A, &Terms::default(), &[observed("the secret")]);
        node.share(C, &Terms::default(), &[observed(guess)]);
        let ids = vec![id_of(&observed(guess))];
        let page = node.reader(C).page(&Query { ids, limit: 9, ..Query::default() }).unwrap();
        page.items.into_iter().map(|item| item.into_inner().raw.replace(guess, "…")).collect::<Vec<_>>()
    };
    let right = shown("the secret");
    assert_eq!(right, shown("a nothing!"));
    assert!(right.iter().any(|text| text.contains("x_said")), "its own is there: {right:?}");
}
