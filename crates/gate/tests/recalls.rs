//! Recalls: who still has what was withdrawn.

use bongsu_gate::{Patience, Recall, Whether, cleared};
use policy::{Deed, Level, MemberId, Receipt, Terms, Upto};
use stix::{ObjectId, Timestamp, Tlp};

use crate::node::{self, A, B, C, CIRCLE, Node, at, id, indicator, marked};

const HOUR: i64 = 3_600;

fn fetched(node: &Node, member: MemberId, what: &str, level: Level, seq: u64) {
    let receipt = Receipt::new(member, what, level, Deed::Fetched, node.now);
    node.gate.note(receipt.upto(vec![Upto { circle: CIRCLE, seq }]));
}

fn recalls(node: &Node, now: Timestamp) -> Vec<Recall> {
    node.gate.recalls(CIRCLE, (at(0), at(2_000_000_000)), Patience::default(), now).unwrap()
}

fn withdraw(node: &Node, number: u128) {
    let id = ObjectId::parse(&id("indicator", number)).unwrap();
    node.gate.withdraw(A, CIRCLE, &[id], "false alarm").unwrap();
}

fn whether(recall: &Recall, member: MemberId) -> Option<Whether> {
    recall.recipients.iter().find(|recipient| recipient.member == member).map(|recipient| recipient.whether)
}

#[test]
fn a_recall_waits_for_each_artefact_that_had_it_and_is_overdue_after_its_time() {
    let node = Node::new();
    node.share(A, &Terms::default(), &[indicator(1)]);
    fetched(&node, B, "list/domain.txt", Level::List, 1);
    fetched(&node, B, "advisory.html", Level::Read, 1);
    withdraw(&node, 1);
    let now = |hours: i64| Timestamp::from_micros(node.now.micros() + hours * HOUR * 1_000_000);
    let [recall] = &recalls(&node, now(1))[..] else { panic!() };
    assert_eq!((recall.from.0, recall.seq.0, recall.reason.as_str()), (1, 2, "false alarm"));
    assert_eq!(whether(recall, A), None, "the one who brought it waits for nothing");
    assert_eq!(whether(recall, B), Some(Whether::Waiting));
    assert_eq!(whether(recall, C), Some(Whether::NeverHad), "it may have it, and never fetched it");
    fetched(&node, B, "list/domain.txt", Level::List, 2);
    let [recall] = &recalls(&node, now(30))[..] else { panic!() };
    let b = recall.recipients.iter().find(|recipient| recipient.member == B).unwrap();
    assert_eq!(b.whether, Whether::Waiting, "people have three days");
    assert_eq!(b.outstanding.iter().map(|one| one.what.as_str()).collect::<Vec<_>>(), ["advisory.html"]);
    assert_eq!(whether(&recalls(&node, now(73))[0], B), Some(Whether::Overdue));
    // An answer that was given before it says nothing of it; what is confirmed of one artefact says nothing of another.
    let seq = |seq| vec![Upto { circle: CIRCLE, seq }];
    let answered = Receipt::new(B, "answer", Level::Read, Deed::Answered, now(74));
    node.gate.receive(answered.clone().upto(seq(1))).unwrap();
    node.gate.receive(Receipt::new(B, "zone", Level::Block, Deed::Confirmed, now(74)).upto(seq(2))).unwrap();
    assert_eq!(whether(&recalls(&node, now(75))[0], B), Some(Whether::Overdue));
    node.gate.receive(answered.upto(seq(2))).unwrap();
    assert_eq!(
        whether(&recalls(&node, now(75))[0], B),
        Some(Whether::Confirmed),
        "it has read what is no longer valid"
    );
    fetched(&node, B, "taxii c", Level::Exchange, 1);
    let overdue =
        |why: &str| assert_eq!(whether(&recalls(&node, now(75))[0], B), Some(Whether::Overdue), "{why}");
    overdue("its client has not come again");
    fetched(&node, B, "taxii c", Level::Exchange, 2);
    overdue("it came again, and TAXII did not tell it");
    let said = Receipt::new(B, cleared(CIRCLE), Level::Read, Deed::Cleared, now(76));
    node.gate.receive(said.upto(seq(2))).unwrap();
    assert_eq!(node.gate.standing(B).real(now(76)), Some(Level::Exchange), "a word proves no use");
    assert_eq!(whether(&recalls(&node.reopened(), at(9)).remove(0), B), Some(Whether::Confirmed));
}

#[test]
fn what_a_member_could_not_see_is_not_recalled_from_it_and_what_comes_back_from_nobody() {
    let node = Node::new();
    node.share(A, &Terms::default(), &[marked(indicator(1), Tlp::AmberStrict), indicator(2)]);
    withdraw(&node, 1);
    withdraw(&node, 2);
    let all = recalls(&node, at(1_000));
    assert_eq!(all.iter().map(|recall| recall.seq.0).collect::<Vec<_>>(), [4, 3], "the newest first");
    assert_eq!((whether(&all[1], B), whether(&all[1], C)), (Some(Whether::NeverHad), None));
    let mut again = indicator(2);
    again["modified"] = "2026-02-01T00:00:00.000Z".into();
    node.share(A, &Terms::default(), &[again.clone()]);
    assert_eq!(recalls(&node, at(1_000)).len(), 1, "it is back");
    again["modified"] = "2026-03-01T00:00:00.000Z".into();
    again["revoked"] = true.into();
    node.share(A, &Terms::default(), &[again]);
    let all = recalls(&node, at(1_000));
    assert_eq!((all.len(), all[0].seq.0, all[0].reason.as_str()), (2, 6, ""), "revoking recalls too");
    withdraw(&node, 2);
    let again = recalls(&node, at(1_000));
    assert_eq!(again.iter().map(|recall| recall.seq.0).collect::<Vec<_>>(), [6, 3], "it held no more before");
    let later = (at(2_000_000_000), at(2_000_000_001));
    assert!(node.gate.recalls(CIRCLE, later, Patience::default(), at(1)).unwrap().is_empty());
}

#[test]
fn what_was_withdrawn_under_embargo_was_nobodys() {
    let node = Node::new();
    let embargoed = Terms { embargo_until: Some(at(10_000)), ..Terms::default() };
    node.share(A, &embargoed, &[indicator(1)]);
    node.share(A, &Terms::default(), &[indicator(2)]);
    withdraw(&node, 1);
    withdraw(&node, 2);
    let later = node.gate.recalls(CIRCLE, (at(0), at(30_000)), Patience::default(), at(20_000)).unwrap();
    assert_eq!(later.iter().map(|recall| recall.recipients.len()).collect::<Vec<_>>(), [2]);
}

#[test]
fn who_asks_in_a_way_that_says_no_number_has_what_was_there_when_it_asked() {
    let mut node = Node::new();
    node.share(A, &Terms::default(), &[indicator(1)]);
    node.now = at(1_001);
    node.clock.store(at(1_001).micros(), std::sync::atomic::Ordering::SeqCst);
    node.gate.note(Receipt::new(B, "misp", Level::Exchange, Deed::Fetched, at(1_001)));
    node.clock.store(at(1_002).micros(), std::sync::atomic::Ordering::SeqCst);
    withdraw(&node, 1);
    let whether = |at_s: i64| whether(&recalls(&node, at(at_s))[0], B);
    assert_eq!(whether(1_003), Some(Whether::Waiting));
    node.gate.note(Receipt::new(B, "misp", Level::Exchange, Deed::Fetched, at(1_004)));
    assert_eq!(whether(1_005), Some(Whether::Waiting), "MISP's tools keep what is not there any more");
    let said = Receipt::new(B, cleared(CIRCLE), Level::Read, Deed::Cleared, at(1_006));
    node.gate.receive(said.upto(vec![Upto { circle: CIRCLE, seq: 2 }])).unwrap();
    assert_eq!(whether(1_007), Some(Whether::Confirmed));
}

#[test]
fn a_revoked_version_travels_over_taxii_and_is_had_by_who_comes_again() {
    let node = Node::new();
    node.share(A, &Terms::default(), &[indicator(1)]);
    fetched(&node, B, "taxii c", Level::Exchange, 1);
    let mut revoked = indicator(1);
    (revoked["modified"], revoked["revoked"]) = ("2026-03-01T00:00:00.000Z".into(), true.into());
    node.share(A, &Terms::default(), &[revoked]);
    assert_eq!(whether(&recalls(&node, at(1_010))[0], B), Some(Whether::Waiting));
    fetched(&node, B, "taxii c", Level::Exchange, 2);
    assert_eq!(whether(&recalls(&node, at(1_010))[0], B), Some(Whether::Confirmed));
}

#[test]
fn who_was_told_by_mail_has_it_until_a_person_comes_again() {
    let node = Node::new();
    let upto = |seq| vec![Upto { circle: CIRCLE, seq }];
    let mail = |seq| Receipt::new(B, "mail", Level::Read, Deed::Delivered, node.now).upto(upto(seq));
    node.share(A, &Terms::default(), &[indicator(1)]);
    node.gate.receive(mail(1)).unwrap();
    node.gate.receive(Receipt::new(C, "webhook", Level::List, Deed::Delivered, node.now)).unwrap();
    withdraw(&node, 1);
    node.gate.receive(mail(2)).unwrap();
    let all = recalls(&node, at(1_010));
    assert_eq!(
        whether(&all[0], B),
        Some(Whether::Waiting),
        "that a server took it says nothing of who reads"
    );
    assert_eq!(whether(&all[0], C), Some(Whether::NeverHad), "a notice holds nothing");
    fetched(&node, B, "advisory.html", Level::Read, 2);
    assert_eq!(whether(&recalls(&node, at(1_010))[0], B), Some(Whether::Confirmed));
}

#[test]
fn who_came_later_or_was_cleared_later_never_had_what_was_withdrawn_before() {
    let node = Node::new();
    let set = |clearance: Tlp| {
        let book = node.gate.book();
        let member = policy::Member { clearance, ..book.member(C).unwrap().clone() };
        node.gate.record(MemberId::NODE, policy::Entry::Member(member)).unwrap();
    };
    let join = |members: Vec<MemberId>| {
        let circle = policy::Circle { members, ..node::circle() };
        node.gate.record(MemberId::NODE, policy::Entry::Circle(circle)).unwrap();
    };
    let second = || node.clock.fetch_add(1_000_000, std::sync::atomic::Ordering::SeqCst);
    join(vec![A, B]);
    node.share(A, &Terms::default(), &[indicator(1), marked(indicator(2), Tlp::AmberStrict), indicator(3)]);
    second();
    withdraw(&node, 1);
    second();
    join(vec![A, B, C]);
    second();
    withdraw(&node, 2);
    second();
    set(Tlp::AmberStrict);
    second();
    withdraw(&node, 3);
    let had = |node: &Node| {
        let all = recalls(node, at(2_000));
        let had = all.iter().filter(|recall| whether(recall, C).is_some());
        let names: Vec<String> = had.map(|recall| recall.id.to_string()).collect();
        (all.len(), names)
    };
    assert_eq!(had(&node), (3, vec![id("indicator", 3)]));
    let gone = node.reader(C).withdrawals(line::Seq(0), &[]).unwrap();
    assert_eq!(gone.iter().map(|gone| gone.id.to_string()).collect::<Vec<_>>(), [id("indicator", 3)]);
    assert_eq!(had(&node.reopened()).1, [id("indicator", 3)]);
}
