//! Asks: who may ask what, what each side learns, and what an answer does.

use bongsu_gate::{AnswerError, Answerer, AskError, AskRole, Asking, Gate, Grant, OPEN_MAX, Query, Reply};
use line::{Draft, LineId, RecordKind};
use policy::ask::{Answered, Ask, Event, Way};
use policy::{
    AskState, Caller, Circle, CircleId, Entry, Level, MemberId, Reach, Request, Signatures, Terms, Wish,
};
use serde_json::{Value, json};
use stix::{ObjectId, SpecVersion, Timestamp, Tlp};
use uuid::Uuid;

use crate::node::{A, B, C, CIRCLE, Node, at, circle, id, marked, object};

const WIDE: CircleId = CircleId::new(Uuid::from_u128(0xdd));

fn wide(members: &[MemberId]) -> Circle {
    Circle {
        title: "Wide".to_owned(),
        ceiling: Tlp::Amber,
        members: members.to_vec(),
        ..Circle::new(WIDE, "wide")
    }
}

fn with_wide(members: &[MemberId]) -> Node {
    let node = Node::new();
    node.gate.record(MemberId::NODE, Entry::Circle(wide(members))).unwrap();
    node
}

fn oid(object_type: &str, number: u128) -> ObjectId {
    ObjectId::parse(&id(object_type, number)).unwrap()
}

fn wish(circle: Option<CircleId>, tlp: Option<Tlp>, without_source: bool) -> Wish {
    Wish { circle, tlp, without_source }
}

fn asking(member: MemberId, object: ObjectId, wish: Wish) -> Asking {
    Asking { member, circle: CIRCLE, object, wish, why: "for the banks".to_owned(), encrypted: true }
}

fn ask(node: &Node, member: MemberId, object: ObjectId, wish: Wish) -> Result<Ask, AskError> {
    node.gate.ask(asking(member, object, wish), node.now)
}

fn answer(node: &Node, ask: &Ask, by: Answerer, grant: Grant) -> Result<Ask, AnswerError> {
    let reply = Reply { grant, said: "with pleasure".to_owned() };
    node.gate.answer_ask(ask.id, by, reply, later(node))
}

/// A minute later, so that new versions are newer by the clock as well.
fn later(node: &Node) -> Timestamp {
    Timestamp::from_micros(node.now.micros() + 60_000_000)
}

/// The texts of what a member sees in a circle, in the line's order.
fn texts(gate: &Gate, member: MemberId, circle: CircleId, now: Timestamp) -> Vec<String> {
    let request =
        Request { member, circle, wanted: Level::Exchange, encrypted: true, now, reach: Reach::Member };
    let page = gate.reader(request).unwrap().page(&Query { limit: 100, ..Query::default() }).unwrap();
    page.items.into_iter().map(|object| object.into_inner().raw).collect()
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn report(number: u128) -> Value {
    let more = json!({"name": "R", "created_by_ref": id("identity", 77), "x_a": 1.5});
    marked(object("campaign", number, more), Tlp::Amber)
}

#[test]
fn whoever_does_not_see_it_is_answered_as_if_it_were_not_there() {
    let node = with_wide(&[A, B, C]);
    node.share(A, &Terms::default(), &[marked(report(1), Tlp::AmberStrict), report(2)]);
    let to_wide = wish(Some(WIDE), None, false);
    let told = |member, number| ask(&node, member, oid("campaign", number), to_wide).unwrap_err().to_string();
    assert_eq!(told(C, 1), told(C, 9), "C is cleared for AMBER alone");
    let nowhere = CircleId::new(Uuid::from_u128(0xee));
    let elsewhere = Asking { circle: nowhere, ..asking(C, oid("campaign", 2), to_wide) };
    assert_eq!(node.gate.ask(elsewhere, node.now).unwrap_err().to_string(), told(C, 1));
    // A circle that it is not in is as one that is not there.
    let ended = Circle { members: vec![A, B], ..wide(&[]) };
    node.gate.record(MemberId::NODE, Entry::Circle(ended)).unwrap();
    let other = ask(&node, C, oid("campaign", 2), wish(Some(nowhere), None, false)).unwrap_err();
    assert_eq!(told(C, 2), other.to_string());
    assert!(node.gate.asks(Caller::Operator, node.now).is_empty(), "nothing was asked");
}

#[test]
fn what_makes_no_sense_is_not_asked() {
    let node = with_wide(&[A, B]);
    let sco = json!({"type": "domain-name", "spec_version": "2.1", "id": id("domain-name", 3), "value": "a.example"});
    node.share(A, &Terms::default(), &[report(1), sco]);
    let campaign = || oid("campaign", 1);
    let check = |member, object, wish, expected: &str| {
        let told = ask(&node, member, object, wish).unwrap_err().to_string();
        assert!(told.contains(expected), "{expected}: {told}");
    };
    check(B, campaign(), Wish::default(), "nothing is asked for");
    check(A, campaign(), wish(None, Some(Tlp::Clear), false), "yourself");
    check(B, campaign(), wish(None, Some(Tlp::Amber), false), "counts as TLP:AMBER");
    check(B, campaign(), wish(Some(CIRCLE), None, false), "already");
    check(B, oid("domain-name", 3), wish(None, None, true), "names no source");
    check(C, campaign(), wish(Some(WIDE), None, false), "no such circle");
    let green = Circle { ceiling: Tlp::Green, ..wide(&[A, B]) };
    node.gate.record(MemberId::NODE, Entry::Circle(green)).unwrap();
    check(B, campaign(), wish(Some(WIDE), None, false), "nothing above TLP:GREEN");
    node.gate.record(MemberId::NODE, Entry::Circle(wide(&[B]))).unwrap();
    check(B, campaign(), wish(Some(WIDE), None, false), "does not share in that circle");
    let ended = Circle { ends: Some(at(1)), ..wide(&[A, B]) };
    node.gate.record(MemberId::NODE, Entry::Circle(ended)).unwrap();
    check(B, campaign(), wish(Some(WIDE), None, false), "not in force");
    let silent = Asking { why: " ".to_owned(), ..asking(B, campaign(), wish(None, Some(Tlp::Clear), false)) };
    assert!(matches!(node.gate.ask(silent, node.now), Err(AskError::Why { chars: 0, .. })));
    let first = ask(&node, B, campaign(), wish(None, Some(Tlp::Clear), false)).unwrap();
    let again = ask(&node, B, campaign(), wish(None, Some(Tlp::Green), false));
    assert!(matches!(again, Err(AskError::Again { ask }) if ask == first.id));
}

#[test]
fn a_milder_mark_is_a_new_version_and_all_else_stays() {
    let node = with_wide(&[A, B]);
    let terms = Terms { ceiling: Some(Tlp::Amber), ..Terms::default() };
    node.share(A, &terms, &[report(1)]);
    let before = node.text(B, "campaign", 1);
    let asked = ask(&node, B, oid("campaign", 1), wish(None, Some(Tlp::Green), false)).unwrap();
    let done = answer(&node, &asked, Answerer::Member(A), Grant::Whole).unwrap();
    assert_eq!(done.state(node.now), AskState::Done);
    let after = node.text(B, "campaign", 1);
    let (old, mut new) = (read(&before), read(&after));
    assert!(new["modified"].as_str().unwrap() > "1970-01-01T00:17", "{new}");
    let versions = |value: &Value| Timestamp::parse(value["modified"].as_str().unwrap()).unwrap();
    assert!(versions(&new) > versions(&old), "X-1: a later `modified`, whatever the clock says");
    assert_eq!(new["object_marking_refs"], json!([Tlp::Green.definition_id().to_string()]));
    new["modified"] = old["modified"].clone();
    new["object_marking_refs"] = old["object_marking_refs"].clone();
    assert_eq!(new, old);
    let ids = vec![oid("campaign", 1)];
    let page = node.reader(B).page(&Query { ids, limit: 1, ..Query::default() }).unwrap();
    assert_eq!(page.items[0].tlp(), Tlp::Green, "the sender's own ceiling went down with the mark");
    assert!(page.items[0].get().whole);
}

#[test]
fn a_new_version_is_without_the_signature_of_the_old_one() {
    let node = with_wide(&[A, B]);
    let secret = stix::signature::SecretKey::new(&[1; 32]);
    let raw = stix::signature::sign(&report(1).to_string(), &secret, at(900)).unwrap();
    node.share(A, &Terms::default(), &[read(&raw)]);
    assert!(stix::signature::is_signed(&node.text(B, "campaign", 1)));
    let asked = ask(&node, B, oid("campaign", 1), wish(None, Some(Tlp::Green), false)).unwrap();
    answer(&node, &asked, Answerer::Member(A), Grant::Whole).unwrap();
    let after = node.text(B, "campaign", 1);
    let marks = json!([Tlp::Green.definition_id().to_string()]);
    assert!(!stix::signature::is_signed(&after) && read(&after)["object_marking_refs"] == marks, "{after}");
}

#[test]
fn what_the_other_circle_would_refuse_is_not_allowed_and_the_ask_waits_on() {
    let node = with_wide(&[A, B]);
    node.share(A, &Terms::default(), &[report(1)]);
    let asked = ask(&node, B, oid("campaign", 1), wish(Some(WIDE), None, false)).unwrap();
    let signed = Circle { signatures: Signatures::Required, ..wide(&[A, B]) };
    let older = Circle { spec_versions: vec![SpecVersion::V20], ..wide(&[A, B]) };
    for circle in [signed, older] {
        node.gate.record(MemberId::NODE, Entry::Circle(circle)).unwrap();
        let told = answer(&node, &asked, Answerer::Link, Grant::Whole).unwrap_err();
        assert!(matches!(&told, AnswerError::NotThere { circle } if circle == "Wide"), "{told}");
    }
    node.gate.record(MemberId::NODE, Entry::Circle(wide(&[A, B]))).unwrap();
    let done = answer(&node, &asked, Answerer::Link, Grant::Whole).unwrap();
    assert_eq!(done.state(node.now), AskState::Done);
    assert_eq!(texts(&node.gate, B, WIDE, node.now).len(), 1);
}

#[test]
fn another_circle_gets_the_object_itself_and_its_markings() {
    let node = with_wide(&[A, B]);
    let marking = json!({
        "type": "marking-definition", "spec_version": "2.1", "id": id("marking-definition", 5),
        "created": "2026-01-01T00:00:00.000Z", "definition_type": "statement", "definition": {"statement": "S"},
    });
    let mut campaign = report(1);
    campaign["object_marking_refs"] =
        json!([Tlp::Amber.definition_id().to_string(), id("marking-definition", 5)]);
    node.share(A, &Terms::default(), &[marking.clone(), campaign.clone()]);
    let asked = ask(&node, B, oid("campaign", 1), wish(Some(WIDE), None, false)).unwrap();
    // The asker can't answer itself, nor can another member, and they are told as if it were not there.
    for other in [B, C] {
        let told = answer(&node, &asked, Answerer::Member(other), Grant::Whole);
        assert!(matches!(told, Err(AnswerError::NotFound)));
    }
    let more = Grant::Less(wish(Some(WIDE), Some(Tlp::Clear), false));
    assert!(matches!(answer(&node, &asked, Answerer::Member(A), more), Err(AnswerError::NotLess)));
    answer(&node, &asked, Answerer::Link, Grant::Whole).unwrap();
    assert_eq!(texts(&node.gate, B, WIDE, node.now), [marking.to_string(), campaign.to_string()]);
    let second = answer(&node, &asked, Answerer::Link, Grant::Nothing);
    assert!(matches!(second, Err(AnswerError::Answered)), "the first answer holds");
    // It stands in the line, whoever opens it next.
    let node = node.reopened();
    let seen = node.gate.asks(Caller::Operator, node.now);
    assert_eq!((seen.len(), seen[0].state, seen[0].role), (1, AskState::Done, AskRole::Operator));
    let answer = seen[0].answer.clone().unwrap();
    assert_eq!((answer.said.as_str(), answer.grant), ("with pleasure", Some(asked.asked.wish)));
}

#[test]
fn a_copy_without_its_source_names_nobody() {
    let node = with_wide(&[A, B, C]);
    let source = object("identity", 77, json!({"name": "Ministry A", "identity_class": "organization"}));
    node.share(A, &Terms::default(), &[source, report(1)]);
    let asked = ask(&node, B, oid("campaign", 1), wish(Some(WIDE), Some(Tlp::Green), true)).unwrap();
    let done = answer(&node, &asked, Answerer::Operator, Grant::Whole).unwrap();
    let copy = done.done.unwrap().1.remove(0);
    assert_ne!(copy.object, oid("campaign", 1), "it is another object");
    let seen = texts(&node.gate, C, WIDE, node.now);
    assert_eq!(seen.len(), 1);
    let made = read(&seen[0]);
    assert_eq!((made["id"].as_str().unwrap(), &made["x_a"]), (copy.object.to_string().as_str(), &json!(1.5)));
    assert!(made.get("created_by_ref").is_none() && !seen[0].contains(&id("identity", 77)), "{made}");
    let request = Request { circle: WIDE, ..node.request(C, Level::Exchange) };
    let said = node.gate.reader(request).unwrap().said_by(&copy.object).unwrap();
    assert_eq!((said.len(), said[0].member), (1, None));
    // Where it came from, it stays as it was.
    assert_eq!(read(&node.text(B, "campaign", 1))["object_marking_refs"], report(1)["object_marking_refs"]);
}

#[test]
fn a_copy_names_its_source_nowhere_else_either() {
    let node = with_wide(&[A, B, C]);
    let own =
        |number| object("identity", number, json!({"name": "Ministry A", "identity_class": "organization"}));
    let (creator, other) = (id("identity", 77), id("identity", 78));
    let refs = json!([creator, other, id("campaign", 1), id("identity", 5)]);
    let about = json!({"name": "R", "published": "2026-01-01T00:00:00.000Z", "created_by_ref": creator, "object_refs": refs});
    let by_it =
        json!({"relationship_type": "attributed-to", "source_ref": id("campaign", 1), "target_ref": other});
    let shared = [own(77), own(78), report(1), object("report", 2, about), object("relationship", 3, by_it)];
    node.share(A, &Terms::default(), &shared);
    let wished = wish(Some(WIDE), None, true);
    let asked = ask(&node, B, oid("report", 2), wished).unwrap();
    assert_eq!(answer(&node, &asked, Answerer::Link, Grant::Whole).unwrap().state(node.now), AskState::Done);
    let seen = texts(&node.gate, C, WIDE, node.now).concat();
    assert!(!seen.contains(&creator) && !seen.contains(&other), "{seen}");
    assert!(seen.contains(&id("campaign", 1)) && seen.contains(&id("identity", 5)), "{seen}");
    // Without that end it is no relationship.
    let asked = ask(&node, B, oid("relationship", 3), wished).unwrap();
    let told = answer(&node, &asked, Answerer::Link, Grant::Whole);
    assert!(matches!(told, Err(AnswerError::NamesSource)));
}

#[test]
fn less_can_be_allowed_and_no_said() {
    let node = with_wide(&[A, B]);
    node.share(A, &Terms::default(), &[marked(report(1), Tlp::AmberStrict), report(2)]);
    let asked = ask(&node, B, oid("campaign", 1), wish(Some(WIDE), Some(Tlp::Clear), false)).unwrap();
    let less = Grant::Less(wish(None, Some(Tlp::Green), true));
    let done = answer(&node, &asked, Answerer::Member(A), less).unwrap();
    let copy = &done.done.as_ref().unwrap().1[0];
    assert_eq!((copy.circle, copy.refused.clone()), (CIRCLE, None), "a copy beside the object");
    assert!(texts(&node.gate, B, WIDE, node.now).is_empty());
    let marks = |text: String| read(&text)["object_marking_refs"].clone();
    assert_eq!(marks(node.text(B, "campaign", 1)), json!([Tlp::AmberStrict.definition_id().to_string()]));
    let asked = ask(&node, B, oid("campaign", 2), wish(Some(WIDE), None, false)).unwrap();
    let no = answer(&node, &asked, Answerer::Member(A), Grant::Nothing).unwrap();
    assert_eq!((no.state(node.now), no.done), (AskState::Refused, None));
    assert!(texts(&node.gate, B, WIDE, node.now).is_empty());
}

#[test]
fn what_changed_meanwhile_is_told_and_the_ask_waits_on() {
    let node = with_wide(&[A, B]);
    node.share(A, &Terms::default(), &[report(1), report(2)]);
    let one = ask(&node, B, oid("campaign", 1), wish(Some(WIDE), None, false)).unwrap();
    let two = ask(&node, B, oid("campaign", 2), wish(Some(WIDE), Some(Tlp::Green), false)).unwrap();
    node.gate.withdraw(A, CIRCLE, &[oid("campaign", 1)], "wrong").unwrap();
    assert!(matches!(answer(&node, &one, Answerer::Link, Grant::Whole), Err(AnswerError::Gone)));
    answer(&node, &one, Answerer::Link, Grant::Nothing).unwrap();
    let ended = Circle { ends: Some(node.now), ..wide(&[A, B]) };
    node.gate.record(MemberId::NODE, Entry::Circle(ended)).unwrap();
    let told = answer(&node, &two, Answerer::Member(A), Grant::Whole).unwrap_err();
    assert!(matches!(&told, AnswerError::NotInForce { circle } if circle == "Wide"), "{told}");
    let less = Grant::Less(wish(None, Some(Tlp::Green), false));
    assert_eq!(answer(&node, &two, Answerer::Member(A), less).unwrap().state(node.now), AskState::Done);
    // In time, or not at all.
    node.share(A, &Terms::default(), &[report(3)]);
    let three = ask(&node, B, oid("campaign", 3), wish(None, Some(Tlp::Green), false)).unwrap();
    let reply = Reply { grant: Grant::Whole, said: String::new() };
    let late = node.gate.answer_ask(three.id, Answerer::Link, reply, three.until());
    assert!(matches!(late, Err(AnswerError::Lapsed)));
}

#[test]
fn the_originator_is_told_no_more_of_the_asker_than_the_circles_show() {
    for (hidden_here, hidden_there, to_wide, is_named) in [
        (false, false, true, true),
        (true, false, true, false),
        (false, true, true, false),
        (false, true, false, true),
    ] {
        let node = Node::new();
        let here = Circle { hidden_members: hidden_here, ..circle() };
        let there = Circle { hidden_members: hidden_there, ..wide(&[A, B]) };
        for circle in [here, there] {
            node.gate.record(MemberId::NODE, Entry::Circle(circle)).unwrap();
        }
        node.share(A, &Terms::default(), &[report(1)]);
        let wished =
            if to_wide { wish(Some(WIDE), None, false) } else { wish(None, Some(Tlp::Green), false) };
        let asked = ask(&node, B, oid("campaign", 1), wished).unwrap();
        let seen = node.gate.ask_seen(asked.id, Caller::Member(A), node.now).unwrap();
        assert_eq!(seen.asker, is_named.then_some(B), "{hidden_here} {hidden_there} {to_wide}");
        let own = node.gate.ask_seen(asked.id, Caller::Member(B), node.now).unwrap();
        assert_eq!((own.role, own.originator), (AskRole::Asker, None), "the asker is not told who decides");
        assert!(node.gate.ask_seen(asked.id, Caller::Member(C), node.now).is_none());
    }
}

#[test]
fn an_ask_for_a_hidden_circle_waits_like_one_that_nobody_answers() {
    let node = Node::new();
    let hidden = Circle { hidden_members: true, ..wide(&[B]) };
    node.gate.record(MemberId::NODE, Entry::Circle(hidden)).unwrap();
    node.share(A, &Terms::default(), &[report(1)]);
    // That A is not in it would tell who is in it, and to A that it is there.
    let asked = ask(&node, B, oid("campaign", 1), wish(Some(WIDE), None, false)).unwrap();
    assert!(node.gate.asks(Caller::Member(A), node.now).is_empty());
    assert!(node.gate.ask_by_link(asked.id, node.now).is_none());
    assert!(matches!(answer(&node, &asked, Answerer::Member(A), Grant::Nothing), Err(AnswerError::NotFound)));
    let own = node.gate.ask_seen(asked.id, Caller::Member(B), node.now).unwrap();
    assert_eq!(own.state, AskState::Open);
}

#[test]
fn so_many_wait_and_no_more() {
    let node = Node::new();
    let many = u128::try_from(OPEN_MAX).unwrap() + 1;
    let all: Vec<Value> = (1..=many).map(report).collect();
    node.share(A, &Terms::default(), &all);
    for number in 1..many {
        ask(&node, B, oid("campaign", number), wish(None, Some(Tlp::Green), false)).unwrap();
    }
    let over = ask(&node, B, oid("campaign", many), wish(None, Some(Tlp::Green), false));
    assert!(matches!(over, Err(AskError::TooMany { limit: OPEN_MAX })));
    assert_eq!(node.gate.finish_asks(node.now).unwrap(), 0);
}

#[test]
fn what_was_allowed_before_the_node_stopped_is_done_once() {
    let node = with_wide(&[A, B]);
    node.share(A, &Terms::default(), &[report(1)]);
    let asked = ask(&node, B, oid("campaign", 1), wish(Some(WIDE), Some(Tlp::Green), false)).unwrap();
    // The answer is on the disk, and then the power is gone.
    let modified = Timestamp::parse("2026-03-01T00:00:00.000Z").unwrap();
    let grant = Some(asked.asked.wish);
    let answered = Event::Answered(Answered { grant, said: String::new(), way: Way::Link, modified });
    let draft = Draft::note(RecordKind::Ask, A.uuid(), answered.to_json(asked.id).into_bytes());
    node.gate.store().append(LineId::NODE, vec![draft]).unwrap();
    let node = node.reopened();
    let state = |node: &Node| node.gate.ask_seen(asked.id, Caller::Operator, node.now).unwrap().state;
    assert_eq!(state(&node), AskState::Granted);
    assert_eq!(node.gate.finish_asks(node.now).unwrap(), 1);
    assert_eq!((state(&node), node.gate.finish_asks(node.now).unwrap()), (AskState::Done, 0));
    let there = texts(&node.gate, B, WIDE, node.now);
    assert_eq!(there, [node.text(B, "campaign", 1)]);
    assert_eq!(read(&there[0])["modified"], "2026-03-01T00:00:00.000Z");
}
