//! Several members and one id: whose versions count, and that nobody learns of what it does not see.

use std::sync::atomic::{AtomicBool, Ordering};

use bongsu_gate::{Query, Submitted, VersionMatch};
use policy::{Entry, Level, Member, Rule, Terms};
use serde_json::{Value, json};
use stix::{ObjectId, Tlp};

use crate::node::{self, A, B, C, Node, at, indicator, marked, object};

fn version(number: u128, day: u32, name: &str, tlp: Tlp) -> Value {
    let mut object = marked(indicator(number), tlp);
    object["modified"] = json!(format!("2026-01-{day:02}T00:00:00.000Z"));
    object["name"] = json!(name);
    object
}

fn withdraw(node: &Node, by: policy::MemberId, number: u128) -> Submitted {
    let id = [ObjectId::parse(&node::id("indicator", number)).unwrap()];
    node.gate.withdraw(by, node::CIRCLE, &id, "no").unwrap().remove(0)
}

#[test]
fn nobody_changes_ends_or_withdraws_what_another_has_brought() {
    let node = Node::new();
    node.share(A, &Terms::default(), &[version(1, 1, "of A", Tlp::Green)]);
    let told = node.try_share(B, &Terms::default(), &[version(1, 2, "of B", Tlp::Green)]);
    assert_eq!(told, [Submitted::Forbidden(Rule::OwnedByAnother)]);
    let told = node.try_share(B, &Terms::default(), &[version(1, 1, "of A", Tlp::Green)]);
    assert_eq!(told, [Submitted::Present], "the same is there already");
    assert!(matches!(withdraw(&node, B, 1), Submitted::Refused(_)));
    assert!(node.text(C, "indicator", 1).contains("of A"));
    node.share(A, &Terms::default(), &[version(1, 3, "newer", Tlp::Green)]);
    assert!(node.text(C, "indicator", 1).contains("newer"));
}

#[test]
fn an_id_that_one_does_not_see_is_free_for_it() {
    let node = Node::new();
    let secret = [
        version(1, 5, "secret", Tlp::AmberStrict),
        {
            let mut revoked = version(2, 5, "secret", Tlp::AmberStrict);
            revoked["revoked"] = json!(true);
            revoked
        },
        version(3, 5, "secret", Tlp::AmberStrict),
    ];
    node.share(A, &Terms::default(), &secret);
    withdraw(&node, A, 3);
    // C may not see them: whatever it does is answered as if they were not there.
    for number in [1, 2, 3, 4] {
        let told = node.try_share(C, &Terms::default(), &[version(number, 5, "guess", Tlp::Green)]);
        assert!(matches!(told[0], Submitted::Appended { .. }), "{number}: {told:?}");
        let mut other_origin = version(number, 4, "guess", Tlp::Green);
        other_origin["created_by_ref"] = json!(node::id("identity", 9));
        let told = node.try_share(C, &Terms::default(), &[other_origin]);
        assert!(matches!(told[0], Submitted::Refused(_)), "{number}: {told:?}");
        assert!(node.text(C, "indicator", number).contains("guess"));
        assert!(matches!(withdraw(&node, C, number), Submitted::Appended { .. }));
    }
    // Who sees the first one's sees that one's and no other.
    assert!(node.text(B, "indicator", 1).contains("secret"));
    node.share(C, &Terms::default(), &[version(1, 9, "over it", Tlp::Green)]);
    assert!(node.text(B, "indicator", 1).contains("secret"));
    assert_eq!(node.sees(B).iter().filter(|number| **number == 1).count(), 1);
    assert!(node.held(B).is_empty(), "{:?}", node.held(B));
}

#[test]
fn what_was_withdrawn_is_in_no_version_of_what_comes_after() {
    let node = Node::new();
    node.share(A, &Terms::default(), &[version(1, 1, "withdrawn secret", Tlp::Green)]);
    withdraw(&node, A, 1);
    node.share(A, &Terms::default(), &[version(1, 2, "corrected", Tlp::Green)]);
    let all = Query { versions: vec![VersionMatch::All], limit: 9, ..Query::default() };
    let texts: Vec<String> =
        node.reader(C).page(&all).unwrap().items.into_iter().map(|item| item.into_inner().raw).collect();
    assert!(texts.len() == 1 && texts[0].contains("corrected"), "{texts:?}");
}

#[test]
fn a_marking_means_what_the_one_who_marked_says() {
    let node = Node::new();
    let definition = |tlp: &str| {
        json!({"type": "marking-definition", "spec_version": "2.1", "id": node::id("marking-definition", 1),
            "definition_type": "statement", "definition": {"statement": "x"}, "name": format!("TLP:{tlp}")})
    };
    let mut secret = object("malware", 2, json!({"name": "secret", "is_family": true}));
    secret["object_marking_refs"] = json!([node::id("marking-definition", 1)]);
    node.share(A, &Terms::default(), &[definition("AMBER+STRICT"), secret]);
    assert!(!node.sees(C).contains(&2));
    node.try_share(C, &Terms::default(), &[definition("CLEAR")]);
    node.gate.record(A, Entry::Circle(node::circle())).unwrap();
    assert!(!node.sees(C).contains(&2), "no book change brings another's definition to bear");
}

#[test]
fn a_list_of_guesses_is_not_thinned_out_by_what_is_there() {
    let node = Node::new();
    node.share(A, &Terms::default(), &[version(2, 1, "secret", Tlp::AmberStrict)]);
    let refs = [node::id("indicator", 2), node::id("indicator", 77)];
    node.share(C, &Terms::default(), &[object("report", 5, json!({"name": "r", "object_refs": refs}))]);
    for member in [B, C] {
        let text = node.text(member, "report", 5);
        assert!(refs.iter().all(|id| text.contains(id.as_str())), "{text}");
    }
    // What its writer could know is left out for those who may not.
    node.share(A, &Terms::default(), &[object("report", 6, json!({"name": "r", "object_refs": refs}))]);
    assert!(!node.text(C, "report", 6).contains(&refs[0]));
}

#[test]
fn what_depends_on_an_embargoed_object_comes_with_it() {
    let mut node = Node::new();
    let between = object(
        "relationship",
        5,
        json!({"relationship_type": "indicates",
        "source_ref": node::id("indicator", 1), "target_ref": node::id("indicator", 2)}),
    );
    let embargoed = Terms { embargo_until: Some(at(2_000)), ..Terms::default() };
    node.share(A, &embargoed, &[indicator(1)]);
    node.share(A, &Terms::default(), &[indicator(2), between]);
    let cursor = node.reader(B).head();
    node.now = at(2_000);
    node.clock.store(2_000_000_000, Ordering::SeqCst);
    node.gate.announce_due(node.now).unwrap();
    let later = node.reader(B).page(&Query { after: cursor, limit: 10, ..Query::default() }).unwrap();
    let mut new: Vec<u128> = later.items.iter().map(|item| node::number(&item.get().id)).collect();
    new.sort_unstable();
    assert_eq!(new, [1, 5]);
}

#[test]
fn what_came_while_the_clock_was_ahead_is_announced_too() {
    let mut node = Node::new();
    node.clock.store(9_000_000_000, Ordering::SeqCst);
    node.share(A, &Terms { embargo_until: Some(at(2_000)), ..Terms::default() }, &[indicator(1)]);
    let cursor = node.reader(B).head();
    node.now = at(2_000);
    node.clock.store(2_000_000_000, Ordering::SeqCst);
    assert_eq!(node.gate.announce_due(node.now).unwrap(), 1);
    let later = node.reader(B).page(&Query { after: cursor, limit: 10, ..Query::default() }).unwrap();
    assert_eq!(later.items.len(), 1);
    assert_eq!(node.gate.announce_due(at(3_000)).unwrap(), 0);
    let node = node.reopened();
    assert_eq!(node.gate.announce_due(at(2 * 86_400 + 2_001)).unwrap(), 0, "nor after a restart");
    let node = node.reopened();
    let count = node.gate.announce_due(at(3_000)).unwrap();
    assert_eq!(
        count, 1,
        "a clock behind the line may have been set back while nobody looked, and it was held"
    );
    assert_eq!(node.gate.announce_due(at(3_000)).unwrap(), 0);
}

#[test]
fn a_clearance_that_is_lowered_holds_for_every_request_from_then_on() {
    let node = Node::new();
    node.share(A, &Terms::default(), &[version(1, 1, "amber", Tlp::Amber)]);
    let gate = node.gate.clone();
    let member = gate.book().member(C).unwrap().clone();
    let (stop, request) = (AtomicBool::new(false), node.request(C, Level::Exchange));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let _seen =
                        gate.reader(request).unwrap().manifest(&Query { limit: 9, ..Query::default() });
                }
            });
        }
        for _ in 0..200 {
            for clearance in [Tlp::Amber, Tlp::Green] {
                gate.record(A, Entry::Member(Member { clearance, ..member.clone() })).unwrap();
            }
            let seen =
                gate.reader(request).unwrap().manifest(&Query { limit: 9, ..Query::default() }).unwrap();
            assert!(seen.items.is_empty(), "what an older request decided is not kept");
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn two_changes_at_once_do_not_undo_each_other() {
    let node = Node::new();
    let change = |with: &(dyn Fn(&mut Member) + Sync)| {
        node.gate.change::<bongsu_gate::GateError>(A, |book| {
            let mut member = book.member(C).unwrap().clone();
            with(&mut member);
            Ok(Entry::Member(member))
        })
    };
    std::thread::scope(|scope| {
        for name in ["x", "y"] {
            scope.spawn(move || {
                for number in 0..50 {
                    change(&|member| match name {
                        "x" => member.name = format!("x{number}"),
                        _ => member.confidence_min = number,
                    })
                    .unwrap();
                }
            });
        }
    });
    let member = node.gate.book().member(C).unwrap().clone();
    assert_eq!((member.name.as_str(), member.confidence_min), ("x49", 49));
}

/// An address as an observable, with what else is said of it.
fn address(more: Value) -> Value {
    let mut object = json!({"type": "ipv4-addr", "spec_version": "2.1", "value": "198.51.100.3"});
    object["id"] = json!(stix::observable_id(object.as_object().unwrap()).unwrap().to_string());
    object["object_marking_refs"] = json!([Tlp::Green.definition_id().to_string()]);
    for (key, value) in more.as_object().unwrap() {
        object[key] = value.clone();
    }
    object
}

#[test]
fn what_several_observe_is_one_object_and_what_each_says_of_it_is_kept() {
    let node = Node::new();
    node.share(A, &Terms::default(), &[address(json!({}))]);
    // The same words again: kept as B's, told to nobody who has them already.
    let head = node.reader(C).head();
    node.share(B, &Terms::default(), &[address(json!({}))]);
    assert_eq!(node.reader(C).head().0, head.0 + 1);
    let all = Query { versions: vec![VersionMatch::All], limit: 9, ..Query::default() };
    let texts = |member| -> Vec<String> {
        let page = node.reader(member).page(&all).unwrap();
        page.items.into_iter().map(|item| item.into_inner().raw).collect()
    };
    assert_eq!(texts(C).len(), 1);
    // Other words: a version more, and A's are not gone.
    node.share(B, &Terms::default(), &[address(json!({"x_seen_by": "B"}))]);
    assert!(texts(C).len() == 2 && texts(C)[1].contains("x_seen_by"), "{:?}", texts(C));
    let id = ObjectId::parse(address(json!({}))["id"].as_str().unwrap()).unwrap();
    let said: Vec<_> = node.reader(C).said_by(&id).unwrap().iter().map(|said| said.member).collect();
    assert_eq!(said, [Some(A), Some(B)]);
    // Withdrawn by A, it is still B's.
    node.gate.withdraw(A, node::CIRCLE, std::slice::from_ref(&id), "no").unwrap();
    assert!(texts(C).len() == 1 && texts(C)[0].contains("x_seen_by"), "{:?}", texts(C));
    node.gate.withdraw(B, node::CIRCLE, &[id], "no").unwrap();
    assert!(texts(C).is_empty());
}

#[test]
fn who_does_not_want_to_be_named_is_not_named_where_another_said_the_same() {
    let node = Node::new();
    node.share(A, &Terms::default(), &[address(json!({}))]);
    let hidden = Terms { pseudonymise: true, ..Terms::default() };
    node.share(B, &hidden, &[address(json!({}))]);
    let id = ObjectId::parse(address(json!({}))["id"].as_str().unwrap()).unwrap();
    let said = |member| -> Vec<_> {
        node.reader(member).said_by(&id).unwrap().iter().map(|said| said.member).collect()
    };
    assert_eq!(said(C), [Some(A), None]);
    assert_eq!(said(B), [Some(A), Some(B)]);
}

#[test]
fn an_observable_whose_id_does_not_follow_from_it_is_its_first_senders() {
    let node = Node::new();
    node.share(A, &Terms::default(), &[address(json!({}))]);
    let told = node.try_share(B, &Terms::default(), &[address(json!({"value": "203.0.113.9"}))]);
    assert_eq!(told, [Submitted::Forbidden(Rule::OwnedByAnother)]);
}

#[test]
fn what_says_the_same_is_told_to_those_who_see_both_and_to_nobody_else() {
    let node = Node::new();
    let secret = marked(indicator(3), Tlp::AmberStrict);
    node.share(A, &Terms::default(), &[indicator(1), indicator(2), secret]);
    assert!(node.gate.follow_equivalents(node::CIRCLE, 100).unwrap());
    let id = |number| ObjectId::parse(&node::id("indicator", number)).unwrap();
    let same = |member, number| node.reader(member).equivalents(&node.gate, &id(number)).unwrap();
    assert_eq!(same(B, 1), [id(2), id(3)]);
    assert_eq!(same(C, 1), [id(2)], "C does not see the third");
    assert!(same(C, 3).is_empty());
    assert_eq!(node.gate.equivalents(node::CIRCLE, &id(1)).unwrap(), [id(2), id(3)]);
    let groups = |skip, limit| node.gate.equivalent_groups(node::CIRCLE, skip, limit).unwrap();
    assert_eq!(groups(0, 9), (vec![vec![id(1), id(2), id(3)]], 1));
    assert_eq!(groups(1, 9), (Vec::new(), 1));
    assert_eq!(node.sees(B), [1, 2, 3], "none is dropped");
    // A version that C never saw is withdrawn with the object: what it said is nobody's to compare with.
    let hidden = version(2, 2, "hidden", Tlp::AmberStrict);
    node.share(A, &Terms::default(), &[hidden]);
    node.gate.follow_equivalents(node::CIRCLE, 100).unwrap();
    assert!(same(C, 1).is_empty() && same(C, 2).is_empty());
    withdraw(&node, A, 2);
    assert_eq!(node.gate.equivalents(node::CIRCLE, &id(1)).unwrap(), [id(3)]);
}

#[test]
fn a_right_guess_of_what_was_taken_out_of_a_copy_looks_as_a_wrong_one() {
    let secret = |said: &str| {
        let mark = Tlp::AmberStrict.definition_id().to_string();
        address(
            json!({"x_said": said, "granular_markings": [{"marking_ref": mark, "selectors": ["x_said"]}]}),
        )
    };
    let all = Query { versions: vec![VersionMatch::All], limit: 9, ..Query::default() };
    for guess in ["canary", "no canary"] {
        let node = Node::new();
        node.share(A, &Terms::default(), &[secret("canary")]);
        let texts = |member| -> Vec<String> {
            let page = node.reader(member).page(&all).unwrap();
            page.items.into_iter().map(|item| item.into_inner().raw).collect()
        };
        assert!(texts(C).len() == 1 && !texts(C)[0].contains("canary"), "{:?}", texts(C));
        node.share(C, &Terms::default(), &[secret(guess)]);
        let own = texts(C);
        assert!(own.len() == 2 && own[1].contains(guess), "{guess}: its own is there: {own:?}");
    }
}
