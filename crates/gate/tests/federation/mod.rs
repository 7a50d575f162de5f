//! A circle over several nodes: in every topology, each member sees what it would see were all on one node, and nothing twice.

mod erased;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bongsu_gate::{FederationError, Gate, NodeKey, Query, Submission, Taken};
use line::{LineId, Options, RecordKind, Seq, Store};
use policy::{
    Agreed, Agreement, Circle, CircleId, Entry, FourEyes, Level, Member, MemberId, Onward, Party, Peer,
    Reach, Request, Signatures, SigningKey, Terms,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use stix::signature::SecretKey;
use stix::{ObjectId, Timestamp, Tlp};
use uuid::Uuid;

const CIRCLE: CircleId = CircleId::new(Uuid::from_u128(0xcc));

fn member(number: usize) -> MemberId {
    MemberId::new(Uuid::from_u128(0xa0 + number as u128))
}

fn member_key(number: usize) -> SecretKey {
    SecretKey::new(&[100 + u8::try_from(number).unwrap(); 32])
}

struct Node {
    gate: Gate,
    dir: tempfile::TempDir,
    seed: [u8; 32],
    /// The time at all nodes, in microseconds.
    clock: Arc<AtomicI64>,
    /// Where it stands with each other node.
    cursors: BTreeMap<usize, Seq>,
}

fn open(dir: &tempfile::TempDir, seed: &[u8; 32], clock: &Arc<AtomicI64>) -> Gate {
    let time = Arc::clone(clock);
    let clock = Arc::new(move || time.fetch_add(1, Ordering::SeqCst));
    let store = Store::open(dir.path(), &Options::default(), clock).unwrap();
    Gate::open(store, NodeKey::new("node.test", seed)).unwrap()
}

impl Node {
    fn reopened(self) -> Self {
        let Self { gate, dir, seed, clock, cursors } = self;
        drop(gate);
        Self { gate: open(&dir, &seed, &clock), dir, seed, clock, cursors }
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn node_seed(node: usize) -> [u8; 32] {
    [u8::try_from(node + 1).unwrap(); 32]
}

/// What two members of each node agree on, cleared as `clearance` says, without signatures yet.
fn draft(count: usize, version: u32, clearance: impl Fn(usize) -> Tlp) -> Agreement {
    let party = |number: usize| Party {
        member: member(number),
        handle: format!("m{number}"),
        name: format!("M{number}"),
        clearance: clearance(number),
        home: SecretKey::new(&node_seed(number / 2)).public().clone(),
        key: member_key(number).public().clone(),
        from: None,
    };
    let circle =
        Circle { ceiling: Tlp::AmberStrict, onward: Onward::WithinCircle, ..Circle::new(CIRCLE, "c") };
    let mut agreement = Agreement::of(&circle, (0..2 * count).map(party).collect());
    agreement.version = version;
    agreement
}

fn signed(agreement: Agreement) -> Agreed {
    let mut agreed = Agreed::draft(agreement);
    for number in 0..agreed.agreement.parties.len() {
        assert!(agreed.verify().is_err());
        agreed.sign(&member_key(number), at(1)).unwrap();
    }
    agreed.verify().unwrap();
    agreed
}

/// Lets an agreement count on a node.
fn settle(gate: &Gate, agreed: &Agreed) {
    for party in &agreed.agreement.parties {
        let member = Member {
            level: Level::Exchange,
            clearance: party.clearance,
            ..Member::new(party.member, party.handle.clone())
        };
        gate.record(MemberId::NODE, Entry::Member(member)).unwrap();
    }
    gate.record(MemberId::NODE, Entry::Circle(agreed.agreement.to_circle())).unwrap();
    gate.record(MemberId::NODE, Entry::Agreement(Box::new(agreed.clone()))).unwrap();
}

fn by_parity(number: usize) -> Tlp {
    if number.is_multiple_of(2) { Tlp::AmberStrict } else { Tlp::Green }
}

/// Nodes with two members each, cleared for AMBER+STRICT and for GREEN, who have agreed on one circle.
fn nodes(count: usize) -> Vec<Node> {
    nodes_under(count, &signed(draft(count, 1, by_parity)))
}

fn nodes_under(count: usize, agreed: &Agreed) -> Vec<Node> {
    let clock = Arc::new(AtomicI64::new(1_000_000_000));
    let made = (0..count).map(|node| {
        let dir = tempfile::tempdir().unwrap();
        let seed = node_seed(node);
        let gate = open(&dir, &seed, &clock);
        settle(&gate, agreed);
        assert_eq!(*gate.home(), agreed.agreement.parties[2 * node].home);
        Node { gate, dir, seed, clock: Arc::clone(&clock), cursors: BTreeMap::new() }
    });
    made.collect()
}

fn peer(of: &Node, name: usize) -> Peer {
    Peer {
        name: format!("p{name}"),
        url: String::new(),
        key: of.gate.home().clone(),
        certificate: vec![0; 32],
        authorities: None,
        push: false,
        ended: false,
    }
}

/// One page from one node to another; whether there was something.
fn pull(nodes: &mut [Node], from: usize, to: usize) -> bool {
    let after = nodes[to].cursors.get(&from).copied().unwrap_or_default();
    let asks = peer(&nodes[to], to);
    let given = nodes[from].gate.give(CIRCLE, &asks, after, 3, at(2_000)).unwrap();
    let texts: Vec<String> = given.texts.iter().map(|text| text.get().clone()).collect();
    let taken = nodes[to].gate.take(CIRCLE, &peer(&nodes[from], from), &texts, at(2_000)).unwrap();
    assert_eq!((taken.refused, taken.why), (0, vec![]));
    nodes[to].cursors.insert(from, given.until);
    given.until > after
}

/// Pulls along all links until nothing moves.
fn heal(nodes: &mut [Node], links: &[(usize, usize)]) {
    for _ in 0..1_000 {
        let mut moved = false;
        for (from, to) in links {
            moved |= pull(nodes, *from, *to);
            moved |= pull(nodes, *to, *from);
        }
        if !moved {
            return;
        }
    }
    panic!("it never comes to rest: something goes round");
}

fn links(topology: u8, count: usize) -> Vec<(usize, usize)> {
    match topology {
        0 => (0..count).map(|node| (node, (node + 1) % count)).collect(),
        1 => (1..count).map(|node| (0, node)).collect(),
        _ => (0..count).flat_map(|one| (one + 1..count).map(move |other| (one, other))).collect(),
    }
}

fn id(number: usize) -> String {
    format!("indicator--{}", Uuid::from_u128(0x4000_8000_0000_0000_0000 + number as u128))
}

fn object(number: usize, version: u32, tlp: Tlp) -> Value {
    json!({
        "type": "indicator", "spec_version": "2.1", "id": id(number), "created": "2026-01-01T00:00:00.000Z",
        "modified": format!("2026-01-01T00:00:{version:02}.000Z"), "pattern_type": "stix", "name": version,
        "pattern": "[domain-name:value = 'a-k3.top']", "valid_from": "2026-01-01T00:00:00Z",
        "object_marking_refs": [tlp.definition_id().to_string()],
    })
}

fn share(gate: &Gate, by: MemberId, terms: &Terms, object: &Value) {
    let raw = object.to_string();
    let submission = Submission { head: stix::read_head(&raw).unwrap(), raw };
    gate.submit(by, CIRCLE, terms, vec![submission], at(1_500)).unwrap();
}

/// What a member sees: texts in their order.
fn sees(gate: &Gate, member: MemberId) -> Vec<String> {
    let (wanted, reach) = (Level::Exchange, Reach::Member);
    let request = Request { member, circle: CIRCLE, wanted, encrypted: true, now: at(2_000), reach };
    let page = gate.reader(request).unwrap().page(&Query { limit: 1_000, ..Query::default() }).unwrap();
    let mut seen: Vec<String> = page.items.iter().map(|object| object.get().raw.clone()).collect();
    seen.sort_unstable();
    seen
}

#[derive(Debug, Clone)]
enum Step {
    /// Member, object of that member's, version, mark, named recipient.
    Share(usize, usize, u32, usize, Option<usize>),
    Withdraw(usize, usize),
    /// A link is used.
    Pull(usize, bool),
}

fn step(members: usize) -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..members, 0..3_usize, 1..5_u32, 0..3_usize, proptest::option::of(0..members))
            .prop_map(|(by, object, version, mark, named)| Step::Share(by, object, version, mark, named)),
        1 => (0..members, 0..3_usize).prop_map(|(by, object)| Step::Withdraw(by, object)),
        2 => (0..6_usize, any::<bool>()).prop_map(|(link, back)| Step::Pull(link, back)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn every_member_sees_what_it_would_see_on_one_node(
        topology in 0..3_u8,
        steps in proptest::collection::vec(step(6), 1..40),
    ) {
        let (mut nodes, one) = (nodes(3), nodes(3).swap_remove(0));
        let links = links(topology, 3);
        for step in &steps {
            match step {
                Step::Share(by, number, version, mark, named) => {
                    let tlp = [Tlp::Clear, Tlp::Green, Tlp::AmberStrict][*mark];
                    let object = object(by * 10 + number, *version, tlp);
                    let recipients = named.map(member).into_iter().collect();
                    // In a star, what the centre may not hold can't pass it.
                    let terms = if topology == 1 { Terms::default() } else { Terms { recipients, ..Terms::default() } };
                    share(&nodes[by / 2].gate, member(*by), &terms, &object);
                    share(&one.gate, member(*by), &terms, &object);
                }
                Step::Withdraw(by, number) => {
                    let ids = [ObjectId::parse(&id(by * 10 + number)).unwrap()];
                    nodes[by / 2].gate.withdraw(member(*by), CIRCLE, &ids, "wrong").unwrap();
                    one.gate.withdraw(member(*by), CIRCLE, &ids, "wrong").unwrap();
                }
                Step::Pull(link, back) => {
                    let (from, to) = links[link % links.len()];
                    let (from, to) = if *back { (to, from) } else { (from, to) };
                    pull(&mut nodes, from, to);
                }
            }
        }
        heal(&mut nodes, &links);
        for number in 0..6 {
            prop_assert_eq!(sees(&nodes[number / 2].gate, member(number)), sees(&one.gate, member(number)));
        }
        for node in &nodes {
            let records = node.gate.store().records(LineId::new(CIRCLE.uuid()), Seq(0), 10_000).unwrap();
            let mut last = BTreeMap::new();
            for record in records.into_iter().filter(|record| record.kind == RecordKind::Object) {
                let head = stix::read_head(std::str::from_utf8(&record.body).unwrap()).unwrap();
                let version = format!("{} {}", head.id, head.version());
                let now = (record.body, record.terms);
                prop_assert!(last.insert((record.sender, version), now.clone()) != Some(now), "twice in a line");
            }
        }
    }
}

#[test]
fn nobody_but_the_home_speaks_for_a_member() {
    let mut nodes = nodes(3);
    share(&nodes[0].gate, member(0), &Terms::default(), &object(1, 1, Tlp::Green));
    let given = nodes[0].gate.give(CIRCLE, &peer(&nodes[1], 1), Seq(0), 100, at(2_000)).unwrap();
    let text = given.texts[0].get().clone();
    let from_two = peer(&nodes[2], 2);
    let take = |texts: &[String]| nodes[1].gate.take(CIRCLE, &from_two, texts, at(2_000)).unwrap();
    let refused = |texts: &[String], what: &str| {
        let Taken { added, refused, why, .. } = take(texts);
        assert_eq!((added, refused), (0, 1), "{why:?}");
        assert!(why[0].contains(what), "{why:?}");
    };
    refused(&[text.replace("a-k3.top", "b-k3.top")], "not those that its home node signed for");
    refused(&[object(2, 1, Tlp::Green).to_string()], "no statement");
    // Node 2 says it in member 0's name, with its own key.
    let (_, raw) = policy::Statement::taken_out(&text).unwrap();
    let (signed, _) = policy::Statement::taken_out(&text).unwrap();
    let mut said: Value = serde_json::from_str(&stix::signature::unsigned(&signed).unwrap()).unwrap();
    said["seq"] = 99.into();
    let forged = stix::signature::sign(&said.to_string(), &SecretKey::new(&[3; 32]), at(1)).unwrap();
    refused(&[policy::Statement::put_in(&forged, &raw).unwrap()], "not signed by the home node");
    said["circle"] = Uuid::from_u128(7).to_string().into();
    let forged = stix::signature::sign(&said.to_string(), &SecretKey::new(&[1; 32]), at(1)).unwrap();
    refused(&[policy::Statement::put_in(&forged, &raw).unwrap()], "another circle");
    // The true one may come from anybody in the circle, once.
    assert_eq!(take(std::slice::from_ref(&text)).added, 1);
    assert_eq!(take(std::slice::from_ref(&text)).known, 1);
    let stranger = Peer { key: SecretKey::new(&[77; 32]).public().clone(), ..peer(&nodes[2], 9) };
    let told = nodes[1].gate.take(CIRCLE, &stranger, &[text], at(2_000));
    assert!(matches!(told, Err(FederationError::NotFound)));
    assert!(matches!(
        nodes[1].gate.give(CIRCLE, &stranger, Seq(0), 10, at(2_000)),
        Err(FederationError::NotFound)
    ));
    heal(&mut nodes, &links(2, 3));
    assert_eq!(sees(&nodes[2].gate, member(4)).len(), 1);
}

#[test]
fn what_no_member_there_may_see_does_not_go_there() {
    let nodes = nodes(2);
    let terms = |terms: Terms| terms;
    share(
        &nodes[0].gate,
        member(0),
        &terms(Terms { recipients: vec![member(1)], ..Terms::default() }),
        &object(1, 1, Tlp::Green),
    );
    share(
        &nodes[0].gate,
        member(0),
        &terms(Terms { onward: Some(Onward::Forbidden), ..Terms::default() }),
        &object(2, 1, Tlp::Green),
    );
    share(
        &nodes[0].gate,
        member(0),
        &terms(Terms { pseudonymise: true, ..Terms::default() }),
        &object(3, 1, Tlp::Green),
    );
    share(
        &nodes[0].gate,
        member(0),
        &terms(Terms { embargo_until: Some(at(3_000)), ..Terms::default() }),
        &object(4, 1, Tlp::Green),
    );
    let give = |now| nodes[0].gate.give(CIRCLE, &peer(&nodes[1], 1), Seq(0), 100, now).unwrap().texts;
    assert!(give(at(2_000)).is_empty());
    assert_eq!(give(at(3_000)).len(), 1, "the embargo is over");
}

/// An object whose description only members cleared for AMBER may see.
fn partly_amber(number: usize) -> Value {
    let mut object = object(number, 1, Tlp::Green);
    object["description"] = "canary".into();
    let marks =
        json!([{"marking_ref": Tlp::Amber.definition_id().to_string(), "selectors": ["description"]}]);
    object["granular_markings"] = marks;
    object
}

#[test]
fn a_copy_gives_way_to_the_whole_when_its_receivers_may_see_it() {
    let green = |number: usize| if number == 0 { Tlp::AmberStrict } else { Tlp::Green };
    let mut nodes = nodes_under(2, &signed(draft(2, 1, green)));
    share(&nodes[0].gate, member(0), &Terms::default(), &partly_amber(1));
    heal(&mut nodes, &links(2, 2));
    let seen = sees(&nodes[1].gate, member(2));
    assert!(seen.len() == 1 && !seen[0].contains("canary"), "{seen:?}");
    let old = nodes[0].gate.give(CIRCLE, &peer(&nodes[1], 1), Seq(0), 100, at(2_000)).unwrap();
    // They agree anew, and one there is cleared for more.
    let agreed = signed(draft(2, 2, by_parity));
    for node in &mut nodes {
        settle(&node.gate, &agreed);
        node.cursors.clear();
    }
    heal(&mut nodes, &links(2, 2));
    let whole = vec![partly_amber(1).to_string()];
    assert_eq!(sees(&nodes[1].gate, member(2)), whole);
    assert!(!sees(&nodes[1].gate, member(3))[0].contains("canary"), "the other is cleared for no more");
    // A copy that comes by another way, and later, takes nothing back.
    let texts: Vec<String> = old.texts.iter().map(|text| text.get().clone()).collect();
    let taken = nodes[1].gate.take(CIRCLE, &peer(&nodes[0], 0), &texts, at(2_000)).unwrap();
    assert_eq!((taken.added, taken.known, taken.refused), (0, 1, 0), "{:?}", taken.why);
    assert_eq!(sees(&nodes[1].gate, member(2)), whole);
}

#[test]
fn nodes_that_have_the_whole_and_nodes_that_have_copies_agree() {
    let amber_at_one = |number: usize| if number < 4 { Tlp::AmberStrict } else { Tlp::Green };
    let mut nodes = nodes_under(3, &signed(draft(3, 1, amber_at_one)));
    share(&nodes[0].gate, member(0), &Terms::default(), &partly_amber(1));
    // The copy of one comes to the other before the whole does.
    pull(&mut nodes, 0, 2);
    pull(&mut nodes, 2, 1);
    heal(&mut nodes, &links(2, 3));
    assert!(sees(&nodes[1].gate, member(2))[0].contains("canary"));
    assert!(!sees(&nodes[2].gate, member(4))[0].contains("canary"));
}

#[test]
fn what_went_without_a_name_goes_with_it_once_that_is_seen() {
    let mut nodes = nodes(2);
    let identity = |version: u32| {
        json!({
            "type": "identity", "spec_version": "2.1", "id": "identity--00000000-0000-4000-8000-0000000000aa",
            "created": "2026-01-01T00:00:00.000Z", "modified": format!("2026-01-01T00:00:{version:02}.000Z"),
            "name": "who", "object_marking_refs": [Tlp::Green.definition_id().to_string()],
        })
    };
    let own = Terms { recipients: vec![member(1)], ..Terms::default() };
    share(&nodes[0].gate, member(0), &own, &identity(1));
    let named = json!({
        "type": "report", "spec_version": "2.1", "id": id(1).replace("indicator", "report"), "name": "r",
        "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:01.000Z",
        "published": "2026-01-01T00:00:00Z", "object_refs": [identity(1)["id"], id(9)],
        "object_marking_refs": [Tlp::Green.definition_id().to_string()],
    });
    share(&nodes[0].gate, member(0), &Terms::default(), &named);
    heal(&mut nodes, &links(2, 2));
    let seen = sees(&nodes[1].gate, member(2));
    let hidden = identity(1)["id"].as_str().unwrap().to_owned();
    assert!(seen.len() == 1 && !seen[0].contains(&hidden), "{seen:?}");
    share(&nodes[0].gate, member(0), &Terms::default(), &identity(2));
    heal(&mut nodes, &links(2, 2));
    let seen = sees(&nodes[1].gate, member(2));
    assert!(seen.len() == 2 && seen.contains(&named.to_string()), "{seen:?}");
}

#[test]
fn a_withdrawal_names_to_each_node_what_went_there() {
    let mut nodes = nodes(3);
    let only = |number: usize| Terms { recipients: vec![member(number)], ..Terms::default() };
    share(&nodes[0].gate, member(0), &only(1), &object(1, 1, Tlp::Green));
    share(&nodes[0].gate, member(0), &only(2), &object(1, 2, Tlp::Green));
    share(&nodes[0].gate, member(0), &Terms::default(), &object(1, 3, Tlp::Green));
    heal(&mut nodes, &links(2, 3));
    let id = ObjectId::parse(&id(1)).unwrap();
    nodes[0].gate.withdraw(member(0), CIRCLE, &[id], "wrong").unwrap();
    pull(&mut nodes, 0, 1);
    let named = |nodes: &[Node], from: usize, to: usize| -> Vec<String> {
        let given = nodes[from].gate.give(CIRCLE, &peer(&nodes[to], to), Seq(0), 100, at(2_000)).unwrap();
        let withdrawals = given.texts.iter().filter(|text| text.get().contains("x-bongsu-withdrawal"));
        let versions = withdrawals.flat_map(|text| {
            let (signed, _) = policy::Statement::taken_out(text.get()).unwrap();
            match policy::Statement::read(&signed).unwrap().deed {
                policy::federation::Deed::Withdrawal { versions, .. } => versions,
                policy::federation::Deed::Object { .. } => panic!("{signed}"),
            }
        });
        versions.map(|version| version[17..19].to_owned()).collect()
    };
    assert_eq!(named(&nodes, 0, 1), ["02", "03"]);
    assert_eq!(named(&nodes, 0, 2), ["03"]);
    assert_eq!(named(&nodes, 1, 2), ["03"], "nor does one in the middle tell more");
    heal(&mut nodes, &links(2, 3));
    for (node, number) in [(0, 0), (1, 2), (2, 4)] {
        assert!(sees(&nodes[node].gate, member(number)).is_empty(), "{node}");
    }
    let records =
        |node: usize| nodes[node].gate.store().records(LineId::new(CIRCLE.uuid()), Seq(0), 100).unwrap();
    let withdrawals =
        |node: usize| records(node).iter().filter(|record| record.kind == RecordKind::Withdrawal).count();
    assert_eq!([0, 1, 2].map(withdrawals), [1; 3], "it is one withdrawal everywhere");
}

#[test]
fn a_key_is_judged_by_when_the_object_came_to_its_home() {
    let mut agreement = draft(2, 1, by_parity);
    agreement.signatures = Signatures::Required;
    let mut nodes = nodes_under(2, &signed(agreement));
    let key = |expires: Option<Timestamp>| {
        let (key, member, from) = (member_key(0).public().clone(), member(0), at(0));
        Entry::SigningKey(SigningKey { key, member, from, expires, revoked: None })
    };
    let share_signed = |gate: &Gate, number: usize| {
        let raw =
            stix::signature::sign(&object(number, 1, Tlp::Green).to_string(), &member_key(0), at(1)).unwrap();
        let submission = Submission { head: stix::read_head(&raw).unwrap(), raw };
        let now = gate.store().look(LineId::NODE, |catalogue| catalogue.head_added().timestamp()).unwrap();
        gate.submit(member(0), CIRCLE, &Terms::default(), vec![submission], now).unwrap();
    };
    for node in &nodes {
        node.gate.record(MemberId::NODE, key(None)).unwrap();
    }
    share_signed(&nodes[0].gate, 1);
    // It ends before the other node hears of it, at both.
    nodes[0].clock.store(at(1_800).micros(), Ordering::SeqCst);
    for node in &nodes {
        node.gate.record(MemberId::NODE, key(Some(at(1_600)))).unwrap();
    }
    heal(&mut nodes, &links(2, 2));
    assert_eq!(sees(&nodes[1].gate, member(2)).len(), 1);
    let states = |node: &Node| node.gate.signatures(CIRCLE, None, 10).unwrap().states;
    assert_eq!(states(&nodes[0]), states(&nodes[1]), "both say the same of it");
    // Where it had ended before the object came to its home, no node takes it.
    nodes[1].gate.record(MemberId::NODE, key(Some(at(900)))).unwrap();
    nodes[1].cursors.clear();
    nodes[0].gate.record(MemberId::NODE, key(None)).unwrap();
    share_signed(&nodes[0].gate, 2);
    let given = nodes[0].gate.give(CIRCLE, &peer(&nodes[1], 1), Seq(0), 100, at(2_000)).unwrap();
    let texts: Vec<String> = given.texts.iter().map(|text| text.get().clone()).collect();
    let taken = nodes[1].gate.take(CIRCLE, &peer(&nodes[0], 0), &texts, at(2_000)).unwrap();
    assert_eq!((taken.known, taken.refused), (1, 1), "{:?}", taken.why);
    assert!(taken.why[0].contains("the key had ended"), "{:?}", taken.why);
}

#[test]
fn signatures_of_a_draft_come_together_between_the_nodes_that_it_names() {
    let nodes = nodes(3);
    let agreement = draft(2, 2, by_parity);
    let digest = bongsu_gate::digest(&agreement);
    let propose = |node: usize, signers: [usize; 2]| {
        let mut agreed = Agreed::draft(agreement.clone());
        for signer in signers {
            agreed.sign(&member_key(signer), at(1)).unwrap();
        }
        nodes[node].gate.record(MemberId::NODE, Entry::Proposal(Box::new(agreed.clone()))).unwrap();
        agreed.signatures
    };
    let (zero, one) = (propose(0, [0, 1]), propose(1, [2, 3]));
    let bring = |to: usize, from: usize, signatures| {
        nodes[to].gate.exchange_signatures(CIRCLE, &peer(&nodes[from], from), &digest, signatures)
    };
    // Who is not named in it learns nothing of it, and brings nothing.
    assert!(bring(0, 2, one.clone()).is_err());
    // What does not hold, and what is nobody's, is passed over.
    let wrong = one.values().zip([member(3), member(9)]).map(|(jws, by)| (by, jws.clone())).collect();
    assert_eq!(bring(0, 1, wrong).unwrap(), zero);
    let both = bring(0, 1, one).unwrap();
    assert_eq!(both.len(), 4);
    bring(1, 0, both).unwrap();
    for node in &nodes[..2] {
        node.gate.book().proposal(CIRCLE).unwrap().verify().unwrap();
    }
    let has = nodes[0].gate.book().proposal(CIRCLE).unwrap().clone();
    settle(&nodes[0].gate, &has);
    assert!(nodes[0].gate.book().proposal(CIRCLE).is_none(), "it counts, and is no draft any more");
    assert_eq!(bring(0, 1, BTreeMap::new()).unwrap().len(), 4, "who still lacks some gets them");
}

#[test]
fn an_agreement_without_what_is_newer_is_written_as_before() {
    let old = draft(1, 1, by_parity).text();
    assert!(!old.contains("four_eyes") && !old.contains("from"), "{old}");
    let mut eyes = draft(1, 1, by_parity);
    eyes.four_eyes = Some(FourEyes { days: 3 });
    let text = serde_json::to_string(&signed(eyes)).unwrap();
    let read = Agreed::read(&text).unwrap();
    assert_eq!((read.agreement.to_circle().four_eyes, read.verify()), (Some(FourEyes { days: 3 }), Ok(())));
    let lifted = text.replace("{\"days\":3}", "{\"days\":4}");
    assert!(Agreed::read(&lifted).unwrap().verify().is_err(), "it is signed");
    let none = text.replace("{\"days\":3}", "{\"days\":0}");
    assert!(Agreed::read(&none).is_err());
}
