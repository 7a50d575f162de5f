//! What was erased at a node, and is said again.

use super::*;

#[test]
fn what_was_erased_does_not_come_back_with_what_was_said_before_and_does_with_what_is_said_anew() {
    let mut nodes = nodes(2);
    // Without dates, so that nothing but what was kept of the erasure tells the old from the new.
    let oid = "ipv4-addr--ff26c055-6336-5bc5-b98d-13d6226742dd";
    let address = json!({"type": "ipv4-addr", "spec_version": "2.1", "id": oid, "value": "198.51.100.3"});
    share(&nodes[0].gate, member(0), &Terms::default(), &address);
    let from = peer(&nodes[0], 0);
    let given = |nodes: &[Node]| -> Vec<String> {
        let given = nodes[0].gate.give(CIRCLE, &peer(&nodes[1], 1), Seq(0), 100, at(2_000)).unwrap();
        given.texts.iter().map(|text| text.get().clone()).collect()
    };
    let before = given(&nodes);
    assert_eq!(before.len(), 1);
    let take = |nodes: &[Node], texts: &[String]| {
        let taken = nodes[1].gate.take(CIRCLE, &from, texts, at(2_000)).unwrap();
        (taken.added, taken.known, taken.refused)
    };
    let reopened = |nodes: &mut Vec<Node>| {
        let node = nodes.pop().unwrap().reopened();
        nodes.push(node);
    };
    assert_eq!(take(&nodes, &before), (1, 0, 0));
    let oid = ObjectId::parse(oid).unwrap();
    let erase = |nodes: &[Node]| {
        let plan = nodes[1].gate.erasable(CIRCLE, &oid).unwrap().unwrap();
        let note = json!({"why": "a test"});
        assert_eq!(nodes[1].gate.erase(MemberId::NODE, &note, &[plan], "erased").unwrap().len(), 1);
        assert_eq!(sees(&nodes[1].gate, member(2)), Vec::<String>::new());
    };
    // A start between the two, so that what was taken is known from the line alone.
    reopened(&mut nodes);
    erase(&nodes);
    assert_eq!(take(&nodes, &before), (0, 1, 0));
    reopened(&mut nodes);
    assert_eq!(take(&nodes, &before), (0, 1, 0));
    assert_eq!(sees(&nodes[1].gate, member(2)), Vec::<String>::new());
    // Erasure is no ban: its originator shares it again.
    nodes[0].gate.withdraw(member(0), CIRCLE, std::slice::from_ref(&oid), "wrong").unwrap();
    share(&nodes[0].gate, member(0), &Terms::default(), &address);
    assert_eq!(take(&nodes, &given(&nodes)).2, 0);
    assert_eq!(sees(&nodes[1].gate, member(2)), [address.to_string()]);
    reopened(&mut nodes);
    assert_eq!(take(&nodes, &before), (0, 1, 0));
    assert_eq!(sees(&nodes[1].gate, member(2)), [address.to_string()]);
}

#[test]
fn what_was_erased_as_a_copy_does_not_come_back_as_the_whole() {
    let green = |number: usize| if number == 0 { Tlp::AmberStrict } else { Tlp::Green };
    let mut nodes = nodes_under(2, &signed(draft(2, 1, green)));
    // Without dates: with them the line itself knows that it was taken away.
    let oid = "ipv4-addr--ff26c055-6336-5bc5-b98d-13d6226742dd";
    let amber = Tlp::Amber.definition_id().to_string();
    let address = json!({
        "type": "ipv4-addr", "spec_version": "2.1", "id": oid, "value": "198.51.100.3", "x_note": "canary",
        "object_marking_refs": [Tlp::Green.definition_id().to_string()],
        "granular_markings": [{"marking_ref": amber, "selectors": ["x_note"]}],
    });
    share(&nodes[0].gate, member(0), &Terms::default(), &address);
    heal(&mut nodes, &links(2, 2));
    assert_eq!(sees(&nodes[1].gate, member(2)).len(), 1, "the copy is there");
    let id = ObjectId::parse(oid).unwrap();
    let plan = nodes[1].gate.erasable(CIRCLE, &id).unwrap().unwrap();
    assert_eq!(nodes[1].gate.erase(MemberId::NODE, &json!({}), &[plan], "erased").unwrap().len(), 1);
    // They agree anew, and one there is cleared for more: the whole is said of the same record.
    let agreed = signed(draft(2, 2, by_parity));
    for node in &mut nodes {
        settle(&node.gate, &agreed);
        node.cursors.clear();
    }
    let given = nodes[0].gate.give(CIRCLE, &peer(&nodes[1], 1), Seq(0), 100, at(2_000)).unwrap();
    let texts: Vec<String> = given.texts.iter().map(|text| text.get().clone()).collect();
    assert!(texts.iter().any(|text| text.contains("canary")), "{texts:?}");
    let last = nodes.pop().unwrap().reopened();
    let taken = last.gate.take(CIRCLE, &peer(&nodes[0], 0), &texts, at(2_000)).unwrap();
    assert_eq!((taken.added, sees(&last.gate, member(2))), (0, Vec::<String>::new()));
}

#[test]
fn who_had_a_copy_hears_that_it_was_erased_at_home() {
    let green = |number: usize| if number == 0 { Tlp::AmberStrict } else { Tlp::Green };
    let mut nodes = nodes_under(2, &signed(draft(2, 1, green)));
    share(&nodes[0].gate, member(0), &Terms::default(), &partly_amber(1));
    heal(&mut nodes, &links(2, 2));
    assert_eq!(sees(&nodes[1].gate, member(2)).len(), 1, "the copy is there");
    // It is withdrawn and erased in one step: nothing of it is left to make a copy of.
    let id = ObjectId::parse(partly_amber(1)["id"].as_str().unwrap()).unwrap();
    let plan = nodes[0].gate.erasable(CIRCLE, &id).unwrap().unwrap();
    assert_eq!(nodes[0].gate.erase(MemberId::NODE, &json!({}), &[plan], "erased").unwrap().len(), 1);
    heal(&mut nodes, &links(2, 2));
    assert_eq!(sees(&nodes[1].gate, member(2)), Vec::<String>::new());
}
