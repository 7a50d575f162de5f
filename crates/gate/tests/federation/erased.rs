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

/// An observable without dates, so that the line itself can't tell the old from the new.
fn address(number: u8) -> Value {
    let uuid = Uuid::from_u128(0x4000_8000_0000_0000_0000 + u128::from(number));
    json!({
        "type": "ipv4-addr", "spec_version": "2.1", "id": format!("ipv4-addr--{uuid}"), "value": format!("198.51.100.{number}"),
        "object_marking_refs": [Tlp::Green.definition_id().to_string()],
    })
}

fn id_of(object: &Value) -> ObjectId {
    ObjectId::parse(object["id"].as_str().unwrap()).unwrap()
}

fn given_to(nodes: &[Node], from: usize, to: usize) -> Vec<String> {
    let given = nodes[from].gate.give(CIRCLE, &peer(&nodes[to], to), Seq(0), 5_000, at(2_000)).unwrap();
    given.texts.iter().map(|text| text.get().clone()).collect()
}

fn reopen_last(nodes: &mut Vec<Node>) {
    let node = nodes.pop().unwrap().reopened();
    nodes.push(node);
}

#[test]
fn what_operators_took_back_of_another_node_stays_taken_back_until_it_is_said_anew() {
    let mut nodes = nodes(2);
    let (first, other) = (address(1), address(2));
    share(&nodes[0].gate, member(0), &Terms::default(), &first);
    share(&nodes[0].gate, member(0), &Terms::default(), &other);
    let before = given_to(&nodes, 0, 1);
    let take = |nodes: &[Node], texts: &[String]| {
        let taken = nodes[1].gate.take(CIRCLE, &peer(&nodes[0], 0), texts, at(2_000)).unwrap();
        (taken.added, taken.known, taken.refused)
    };
    assert_eq!(take(&nodes, &before), (2, 0, 0));
    let take_back = |nodes: &[Node]| {
        nodes[1].gate.withdraw(MemberId::NODE, CIRCLE, &[id_of(&first)], "a false alarm").unwrap();
        assert_eq!(sees(&nodes[1].gate, member(2)), [other.to_string()]);
    };
    take_back(&nodes);
    for _ in 0..2 {
        // A start, and all is exchanged again from its beginning.
        reopen_last(&mut nodes);
        assert_eq!(take(&nodes, &before), (0, 2, 0));
        assert_eq!(sees(&nodes[1].gate, member(2)), [other.to_string()]);
    }
    // Its originator withdraws it and says it anew: that it may.
    nodes[0].gate.withdraw(member(0), CIRCLE, &[id_of(&first)], "wrong").unwrap();
    share(&nodes[0].gate, member(0), &Terms::default(), &first);
    let anew = given_to(&nodes, 0, 1);
    take(&nodes, &anew);
    assert_eq!(sees(&nodes[1].gate, member(2)).len(), 2);
    // And once more taken back, it is gone again, by whichever way it comes.
    take_back(&nodes);
    reopen_last(&mut nodes);
    for texts in [&before, &anew] {
        assert_eq!(take(&nodes, texts).0, 0);
    }
    assert_eq!(sees(&nodes[1].gate, member(2)), [other.to_string()]);
}

#[test]
fn a_copy_that_operators_took_back_does_not_come_back_as_the_whole() {
    let green = |number: usize| if number == 0 { Tlp::AmberStrict } else { Tlp::Green };
    let mut nodes = nodes_under(2, &signed(draft(2, 1, green)));
    let mut object = address(1);
    object["x_note"] = "canary".into();
    object["granular_markings"] =
        json!([{"marking_ref": Tlp::Amber.definition_id().to_string(), "selectors": ["x_note"]}]);
    share(&nodes[0].gate, member(0), &Terms::default(), &object);
    heal(&mut nodes, &links(2, 2));
    assert_eq!(sees(&nodes[1].gate, member(2)).len(), 1, "the copy is there");
    nodes[1].gate.withdraw(MemberId::NODE, CIRCLE, &[id_of(&object)], "a false alarm").unwrap();
    let agreed = signed(draft(2, 2, by_parity));
    for node in &nodes {
        settle(&node.gate, &agreed);
    }
    let whole = given_to(&nodes, 0, 1);
    assert!(whole.iter().any(|text| text.contains("canary")), "{whole:?}");
    for _ in 0..2 {
        let taken = nodes[1].gate.take(CIRCLE, &peer(&nodes[0], 0), &whole, at(2_000)).unwrap();
        assert_eq!((taken.added, sees(&nodes[1].gate, member(2))), (0, Vec::<String>::new()));
        reopen_last(&mut nodes);
    }
}

#[test]
fn what_an_erasure_reached_before_it_failed_is_kept_in_mind_at_once() {
    let mut nodes = nodes(2);
    let count = line::erasing::ERASED_AT_ONCE_MAX + 1;
    let observed = |at: usize| {
        let uuid = Uuid::from_u128(0x4000_8000_0000_0000_0000 + at as u128);
        json!({
            "type": "domain-name", "spec_version": "2.1", "id": format!("domain-name--{uuid}"), "value": format!("a{at}-k3.top"),
            "object_marking_refs": [Tlp::Green.definition_id().to_string()],
        })
    };
    let submission = |object: Value| {
        let raw = object.to_string();
        Submission { head: stix::read_head(&raw).unwrap(), raw }
    };
    let all: Vec<Submission> = (0..count).map(|at| submission(observed(at))).collect();
    nodes[0].gate.submit(member(0), CIRCLE, &Terms::default(), all, at(1_500)).unwrap();
    let before = given_to(&nodes, 0, 1);
    let from = peer(&nodes[0], 0);
    assert_eq!(nodes[1].gate.take(CIRCLE, &from, &before, at(2_000)).unwrap().added, count as u64);
    reopen_last(&mut nodes);
    let ids: Vec<ObjectId> = (0..count).map(|at| id_of(&observed(at))).collect();
    let plans = nodes[1].gate.all_erasable(CIRCLE, &ids).unwrap();
    // The disk takes the first part, and fails at the last record.
    let file = nodes[1].gate.store().folder().join(line::store::FILE);
    let fault = rusqlite::Connection::open(file).unwrap();
    let last = format!("OLD.pos & 1099511627775 = {count} AND OLD.kind = 0");
    fault
        .execute_batch(&format!(
            "CREATE TRIGGER fault BEFORE UPDATE ON record WHEN {last} BEGIN SELECT RAISE(ABORT, 'a fault'); END"
        ))
        .unwrap();
    let erase = |plans| nodes[1].gate.erase(MemberId::NODE, &json!({}), plans, "erased");
    assert!(erase(&plans).is_err());
    let taken = nodes[1].gate.take(CIRCLE, &from, &before, at(2_000)).unwrap();
    assert_eq!((taken.added, sees(&nodes[1].gate, member(2))), (0, Vec::<String>::new()));
    fault.execute_batch("DROP TRIGGER fault").unwrap();
    assert_eq!(erase(&plans).unwrap().len(), 1, "the rest, and nothing twice");
}

#[test]
fn a_withdrawal_names_to_who_joined_later_only_what_was_there_by_then() {
    let mut first = nodes_under(1, &signed(draft(1, 1, by_parity))).pop().unwrap();
    let gone = ObjectId::parse(&id(1)).unwrap();
    let withdraw = |node: &Node| {
        node.gate.withdraw(member(0), CIRCLE, std::slice::from_ref(&gone), "wrong").unwrap();
    };
    share(&first.gate, member(0), &Terms::default(), &object(1, 1, Tlp::Green));
    withdraw(&first);
    // The members of another node join, and what comes then is withdrawn as well.
    let both = signed(draft(2, 2, by_parity));
    settle(&first.gate, &both);
    share(&first.gate, member(0), &Terms::default(), &object(1, 2, Tlp::Green));
    withdraw(&first);
    let second = nodes_under(2, &both).pop().unwrap();
    for _ in 0..2 {
        let given = first.gate.give(CIRCLE, &peer(&second, 1), Seq(0), 100, at(2_000)).unwrap();
        let said: Vec<String> = given.texts.iter().map(|text| text.get().clone()).collect();
        assert_eq!(said.len(), 1, "{said:?}");
        let (signed, _) = policy::Statement::taken_out(&said[0]).unwrap();
        let deed = policy::Statement::read(&signed).unwrap().deed;
        let policy::federation::Deed::Withdrawal { versions, .. } = deed else { panic!("{signed}") };
        assert_eq!(versions, ["2026-01-01T00:00:02.000Z"], "the first was gone before they came");
        first = first.reopened();
    }
}

#[test]
fn what_operators_dropped_of_another_node_does_not_come_back_to_be_decided_again() {
    let mut nodes = nodes(2);
    let strict = policy::Member {
        intake: policy::Intake::Quarantine,
        ..nodes[1].gate.book().member(member(0)).unwrap().clone()
    };
    nodes[1].gate.record(MemberId::NODE, Entry::Member(strict)).unwrap();
    let mut bad = address(1);
    bad["value"] = json!(7);
    share(&nodes[0].gate, member(0), &Terms::default(), &bad);
    let said = given_to(&nodes, 0, 1);
    let from = peer(&nodes[0], 0);
    let waits = |nodes: &[Node]| {
        nodes[1].gate.take(CIRCLE, &from, &said, at(2_000)).unwrap();
        nodes[1].gate.quarantine_count(CIRCLE).unwrap()
    };
    assert_eq!(waits(&nodes), 1);
    let dropped = nodes[1].gate.settle(CIRCLE, &id_of(&bad), bongsu_gate::Verdict::Drop, at(2_000)).unwrap();
    assert_eq!(dropped.len(), 1);
    for _ in 0..2 {
        assert_eq!(waits(&nodes), 0);
        reopen_last(&mut nodes);
    }
}
