//! Signatures on their way: what a circle that requires them takes, and what members learn of them.

use std::sync::atomic::Ordering;

use bongsu_gate::{Object, Query, Submission, Submitted};
use policy::{Entry, MemberId, Provenance, Revocation, SignatureState, Signatures, SigningKey, Terms};
use serde_json::{Value, json};
use stix::signature::{EXTENSION, SecretKey, sign};
use stix::{ObjectId, Tlp};

use crate::node::{A, B, C, CIRCLE, Node, at, circle, id, object};

fn secret(seed: u8) -> SecretKey {
    SecretKey::new(&[seed; 32])
}

fn key(member: MemberId, seed: u8) -> SigningKey {
    SigningKey { key: secret(seed).public().clone(), member, from: at(0), expires: None, revoked: None }
}

fn signed(number: u128, more: Value, seed: u8) -> Value {
    let raw = object("tool", number, more).to_string();
    serde_json::from_str(&sign(&raw, &secret(seed), at(900)).unwrap()).unwrap()
}

fn tool(number: u128, seed: u8) -> Value {
    signed(number, json!({"name": "t"}), seed)
}

/// A node that knows the keys 1 of A and 2 of B.
fn node(change: impl FnOnce(policy::Circle) -> policy::Circle) -> Node {
    let node = Node::new();
    node.gate.record(MemberId::NODE, Entry::Circle(change(circle()))).unwrap();
    for key in [key(A, 1), key(B, 2)] {
        node.gate.record(MemberId::NODE, Entry::SigningKey(key)).unwrap();
    }
    node
}

fn requiring() -> Node {
    node(|circle| policy::Circle { signatures: Signatures::Required, ..circle })
}

fn found(node: &Node, member: MemberId, number: u128) -> (Object, Provenance) {
    let reader = node.reader(member);
    let ids = vec![ObjectId::parse(&id("tool", number)).unwrap()];
    let page = reader.page(&Query { ids, limit: 1, ..Query::default() }).unwrap();
    let object = page.items.into_iter().next().unwrap().into_inner();
    let provenance = reader.provenance(&object);
    (object, provenance)
}

fn states(told: &[Submitted]) -> Vec<&'static str> {
    let state = |told: &Submitted| match told {
        Submitted::Appended { .. } => "taken",
        Submitted::Unproven(provenance) => provenance.state().name(),
        other => panic!("{other:?}"),
    };
    told.iter().map(state).collect()
}

#[test]
fn a_circle_that_requires_signatures_takes_what_its_sender_has_signed_and_nothing_else() {
    let node = requiring();
    let mut bent = tool(3, 1);
    bent["name"] = json!("u");
    let objects = [tool(1, 1), object("tool", 2, json!({})), bent, tool(4, 9), tool(5, 2)];
    let told = node.try_share(A, &Terms::default(), &objects);
    assert_eq!(states(&told), ["taken", "not-signed", "broken", "key-unknown", "key-unknown"]);
    assert_eq!(node.sees(B), [1], "what is wrong with some leaves the others alone");
    let complaints: Vec<String> = told.iter().filter_map(Submitted::complaint).collect();
    assert!(
        complaints[0].ends_with("it is not signed") && complaints[1].contains("does not fit"),
        "{complaints:?}"
    );
    // That another has the key is not to be told apart from nobody's having it.
    assert!(
        complaints[2..].iter().all(|told| told.ends_with("is not known here as yours")),
        "{complaints:?}"
    );
    let mut bent = tool(8, 2);
    bent["name"] = json!("u");
    assert_eq!(states(&node.try_share(A, &Terms::default(), &[bent])), ["key-unknown"]);
    // The key does not count before it holds, nor after it was revoked; what arrived under it stays.
    let late = SigningKey { from: at(2_000), ..key(C, 3) };
    node.gate.record(MemberId::NODE, Entry::SigningKey(late)).unwrap();
    assert_eq!(states(&node.try_share(C, &Terms::default(), &[tool(6, 3)])), ["key-not-yet"]);
    let revoked = Some(Revocation { since: at(1_000), reason: "lost".into() });
    node.gate.record(MemberId::NODE, Entry::SigningKey(SigningKey { revoked, ..key(A, 1) })).unwrap();
    assert_eq!(states(&node.try_share(A, &Terms::default(), &[tool(7, 1)])), ["key-revoked"]);
}

#[test]
fn a_tlp_marking_and_the_node_itself_need_no_member_s_key() {
    let node = requiring();
    let tlp = json!({"type": "marking-definition", "spec_version": "2.1", "id": Tlp::Amber.definition_id().to_string(),
        "created": "2022-10-01T00:00:00.000Z", "name": "TLP:AMBER", "extensions": {
            "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": {
                "extension_type": "property-extension", "tlp_2_0": "amber"}}});
    assert_eq!(states(&node.try_share(A, &Terms::default(), &[tlp])), ["taken"]);
    // 7 is the seed of this node's own key.
    assert_eq!(states(&node.try_share(MemberId::NODE, &Terms::default(), &[tool(1, 7)])), ["taken"]);
    assert_eq!(states(&node.try_share(A, &Terms::default(), &[tool(2, 7)])), ["key-unknown"]);
    assert_eq!(states(&node.try_share(MemberId::NODE, &Terms::default(), &[tool(3, 1)])), ["key-unknown"]);
}

#[test]
fn arrival_decides_and_a_revocation_shows_at_once_and_after_a_restart() {
    let node = node(|circle| circle);
    node.share(A, &Terms::default(), &[tool(1, 1)]);
    node.clock.store(2_000_000_000, Ordering::SeqCst);
    node.share(A, &Terms::default(), &[tool(2, 1), object("tool", 3, json!({}))]);
    let state = |node: &Node, number| found(node, B, number).1.state();
    assert_eq!(
        [1, 2, 3].map(|number| state(&node, number)),
        [SignatureState::Signed, SignatureState::Signed, SignatureState::NotSigned]
    );
    let version = node.gate.book_version();
    let revoked = Some(Revocation { since: at(1_500), reason: "the laptop is gone".into() });
    node.gate.record(MemberId::NODE, Entry::SigningKey(SigningKey { revoked, ..key(A, 1) })).unwrap();
    assert_eq!(node.gate.book_version(), version, "no release depends on a key");
    let after = [SignatureState::Signed, SignatureState::KeyRevoked];
    assert_eq!([1, 2].map(|number| state(&node, number)), after);
    let node = node.reopened();
    assert_eq!([1, 2].map(|number| state(&node, number)), after);
    let told = found(&node, B, 2).1.sentence(|_| "A".to_owned());
    assert!(told.contains("the laptop is gone") && told.starts_with("not proven"), "{told}");
    let count = node.gate.signatures(CIRCLE, Some(SignatureState::KeyRevoked), 10).unwrap();
    let counts: Vec<u64> = count.states.values().copied().collect();
    assert_eq!((counts, count.items.len()), (vec![1, 1, 1], 1));
    assert_eq!(count.items[0].0.to_string(), id("tool", 2));
}

#[test]
fn a_redacted_copy_is_without_the_originator_s_signature() {
    let node = node(|circle| circle);
    let marks =
        json!([{"marking_ref": Tlp::AmberStrict.definition_id().to_string(), "selectors": ["description"]}]);
    let more = json!({"name": "t", "description": "canary", "granular_markings": marks});
    node.share(A, &Terms::default(), &[signed(1, more, 1)]);
    let (whole, proven) = found(&node, B, 1);
    assert!(whole.raw.contains("canary") && proven.proves(A));
    let (copy, provenance) = found(&node, C, 1);
    assert_eq!(provenance, Provenance::Copied);
    assert!(!copy.raw.contains("canary") && !copy.raw.contains(EXTENSION), "{}", copy.raw);
    assert!(copy.raw.contains(bongsu_gate::REDACTION));
}

/// An object that names nobody went out whole under a pseudonym: with the key by which its source can be looked up.
#[test]
fn a_source_that_is_not_to_be_named_is_not_named_by_its_key() {
    let node = node(|circle| circle);
    let hidden = Terms { pseudonymise: true, ..Terms::default() };
    node.share(A, &hidden, &[tool(1, 1), object("tool", 2, json!({}))]);
    let (object, provenance) = found(&node, B, 1);
    assert!(
        !object.raw.contains(EXTENSION) && !object.raw.contains(secret(1).public().id()),
        "{}",
        object.raw
    );
    assert_eq!(provenance, Provenance::Copied);
    assert_eq!(found(&node, B, 2).1, Provenance::NotSigned, "nothing is to be taken out of it");
    assert!(found(&node, A, 1).1.proves(A), "its source sees its own");
}

#[test]
fn a_hidden_member_is_a_member_and_one_of_elsewhere_is_not_known() {
    let node = node(|circle| policy::Circle { hidden_members: true, ..circle });
    let other = MemberId::new(uuid::Uuid::from_u128(0xd));
    node.gate.record(MemberId::NODE, Entry::SigningKey(key(other, 4))).unwrap();
    node.share(A, &Terms::default(), &[tool(1, 1), tool(2, 4)]);
    let name = |_| "Alpha".to_owned();
    assert!(found(&node, A, 1).1.sentence(name).starts_with("signed by Alpha"));
    assert!(found(&node, B, 1).1.sentence(name).starts_with("signed by a member"));
    assert_eq!(found(&node, B, 2).1.state(), SignatureState::KeyUnknown);
    let seq = found(&node, B, 2).0.seq;
    assert!(node.gate.provenance_of(CIRCLE, seq).unwrap().unwrap().proves(other), "the node knows");
}

#[test]
fn what_the_node_signs_for_a_member_stays_the_same_when_it_is_shared_again() {
    let node = requiring();
    node.gate.record(MemberId::NODE, Entry::SigningKey(key(A, 7))).unwrap();
    let share = |now| {
        let raw = object("tool", 1, json!({})).to_string();
        let mut objects = vec![Submission { head: stix::read_head(&raw).unwrap(), raw }];
        node.gate.sign_for(A, CIRCLE, &mut objects, now).unwrap();
        node.gate.submit(A, CIRCLE, &Terms::default(), objects, node.now).unwrap()
    };
    assert_eq!(states(&share(node.now)), ["taken"]);
    assert_eq!(share(at(5_000)), [Submitted::Present]);
    assert!(found(&node, B, 1).1.proves(A));
}

/// Whose file it is, its id does not say: two observers of one file name it alike, signed or not.
#[test]
fn a_signed_observable_is_still_told_by_its_content() {
    let node = node(|circle| circle);
    let raw = |seed: Option<u8>| {
        let mut file = json!({"type": "file", "spec_version": "2.1", "name": "a.exe",
            "object_marking_refs": [Tlp::Green.definition_id().to_string()]});
        file["id"] = stix::observable_id(file.as_object().unwrap()).unwrap().to_string().into();
        match seed {
            Some(seed) => {
                serde_json::from_str(&sign(&file.to_string(), &secret(seed), at(900)).unwrap()).unwrap()
            }
            None => file,
        }
    };
    node.share(A, &Terms::default(), &[raw(Some(1))]);
    node.share(B, &Terms::default(), &[raw(Some(2))]);
    node.share(C, &Terms::default(), &[raw(None)]);
}
