//! Four eyes: what waits is nobody's but its member's, goes out on two people's word alone, and as it came.

use std::collections::BTreeMap;

use bongsu_gate::{
    ActKind, ActsAsked, AnswerError, Answerer, Asking, Done, Grant, ReleaseError, Reply, Submission,
    Submitted,
};
use policy::{
    By, Circle, CircleId, Entry, FourEyes, Intake, Member, MemberId, NotReleased, ParcelState, Person,
    PersonId, Role, Rule, Terms, Wish,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use stix::{ObjectId, Timestamp, Tlp};
use uuid::Uuid;

use crate::node::{A, B, C, CIRCLE, Node, at, circle, id, indicator, marked, object};

const ANN: PersonId = PersonId::new(Uuid::from_u128(0x1));
const BEN: PersonId = PersonId::new(Uuid::from_u128(0x2));
const EVE: PersonId = PersonId::new(Uuid::from_u128(0xe));

fn set_person(node: &Node, id: PersonId, member: MemberId, roles: &[Role], ended: bool) {
    let roles = roles.iter().copied().collect();
    let user = format!("p{}", id.uuid().as_u128());
    let person = Person { id, member: Some(member), user: user.clone(), name: user, roles, ended };
    node.gate.record(MemberId::NODE, Entry::Person(person)).unwrap();
}

fn set_circle(node: &Node, days: Option<u16>) {
    let four_eyes = days.map(|days| FourEyes { days });
    node.gate.record(MemberId::NODE, Entry::Circle(Circle { four_eyes, ..circle() })).unwrap();
}

/// The circle asks for four eyes; Ann and Ben release for A, Eve for B.
fn place() -> Node {
    let node = Node::new();
    set_circle(&node, Some(14));
    set_person(&node, ANN, A, &[Role::Releaser], false);
    set_person(&node, BEN, A, &[Role::Releaser], false);
    set_person(&node, EVE, B, &[Role::Releaser], false);
    node
}

const fn by(member: MemberId, person: PersonId) -> By {
    By { member, person: Some(person) }
}

fn raw(value: &Value) -> Submission {
    let raw = value.to_string();
    Submission { head: stix::read_head(&raw).unwrap(), raw }
}

fn bring(node: &Node, by: By, value: &Value) -> Submitted {
    let told = node.gate.submit(by, CIRCLE, &Terms::default(), vec![raw(value)], node.now).unwrap();
    told.into_iter().next().unwrap()
}

fn waits(node: &Node, by: By, value: &Value) -> Uuid {
    match bring(node, by, value) {
        Submitted::Waiting(parcel) => parcel,
        told => panic!("{told:?}"),
    }
}

fn not(node: &Node, parcel: Uuid, by: By, now: Timestamp) -> NotReleased {
    match node.gate.release(parcel, by, now) {
        Err(ReleaseError::Not(why)) => why,
        told => panic!("{told:?}"),
    }
}

#[test]
fn nothing_of_what_waits_shows_to_anybody_else() {
    let (node, same) = (place(), place());
    let terms = Terms::default();
    waits(&node, by(A, ANN), &indicator(1));
    waits(&node, by(A, ANN), &object("identity", 2, json!({"name": "n"})));
    // Whatever others see, bring and are refused is as if nothing waited.
    let all = |node: &Node| {
        let checkpoint = node.gate.checkpoint(line::LineId::new(CIRCLE.uuid())).unwrap();
        (
            node.sees(B),
            node.sees(A),
            node.held(C),
            checkpoint.size,
            format!("{:?}", node.gate.lags(B, true, node.now).unwrap()),
            node.gate.parcels(Some(B)).len() + node.gate.parcels_waiting(B, node.now).parcels,
        )
    };
    assert_eq!(all(&node), all(&same));
    let other = marked(indicator(1), Tlp::Amber);
    let brought = |node: &Node| {
        set_circle(node, None);
        let told = node.try_share(B, &terms, std::slice::from_ref(&other));
        set_circle(node, Some(14));
        told.iter().map(Submitted::complaint).collect::<Vec<_>>()
    };
    assert_eq!(brought(&node), brought(&same));
    assert_eq!(not(&node, node.gate.parcels(Some(A))[0].id, by(B, EVE), node.now), NotReleased::NotFound);
    let refused = node.gate.refuse_release(node.gate.parcels(Some(A))[0].id, by(B, EVE), "", node.now);
    assert!(matches!(refused, Err(ReleaseError::Not(NotReleased::NotFound))));
}

#[test]
fn what_was_brought_goes_out_byte_for_byte_and_the_line_names_both() {
    let mut node = place();
    let text = format!(
        "{{ \"type\":\"tool\",  \"spec_version\":\"2.1\",\"id\":\"{}\", \"name\":\"\\u00e9\\t'\",\
          \"created\":\"2026-01-01T00:00:00.000Z\",\"modified\":\"2026-01-01T00:00:00.000Z\", \"x_n\":1.50e1}}",
        id("tool", 9)
    );
    let object = Submission { head: stix::read_head(&text).unwrap(), raw: text.clone() };
    let terms = Terms { recipients: vec![B], ..Terms::default() };
    let told = node.gate.submit(by(A, ANN), CIRCLE, &terms, vec![object.clone()], node.now).unwrap();
    let Submitted::Waiting(parcel) = told[0] else { panic!("{told:?}") };
    let again = node.gate.submit(by(A, BEN), CIRCLE, &terms, vec![object], node.now).unwrap();
    assert_eq!(again, [Submitted::Waiting(parcel)], "it waits once");
    let seen = node.gate.parcel(parcel, Some(A)).unwrap();
    let goes = node.gate.parcel_goes(&seen, node.now).unwrap();
    assert_eq!((goes.objects[0].raw.as_str(), &goes.terms), (text.as_str(), &terms));
    let to_b = goes.rows.iter().find(|row| row.member == B).unwrap();
    assert_eq!((to_b.fate, goes.rows.len()), (bongsu_gate::Fate::Release, 2));

    node = node.reopened();
    assert_eq!(node.gate.parcel(parcel, Some(A)).unwrap(), seen, "a restart changes nothing");
    assert_eq!(not(&node, parcel, by(A, ANN), node.now), NotReleased::Own);
    assert_eq!(not(&node, parcel, By::from(A), node.now), NotReleased::NoPerson);
    assert_eq!(not(&node, parcel, By::from(MemberId::NODE), node.now), NotReleased::NotFound);
    let done = node.gate.release(parcel, by(A, BEN), node.now).unwrap();
    assert_eq!(done.done.as_ref().unwrap().1.shared, 1);
    assert_eq!(node.text(B, "tool", 9), text);
    assert_eq!(node.sees(C), Vec::<u128>::new(), "the terms hold");
    let already = NotReleased::NotWaiting { state: ParcelState::Done };
    assert_eq!(not(&node, parcel, by(A, BEN), node.now), already);

    let node = node.reopened();
    assert_eq!(node.gate.parcel(parcel, None).unwrap(), done);
    let of = |member| ActsAsked { of: Some(member), ..ActsAsked::default() };
    let acts = node.gate.acts(&of(A), 10).unwrap().acts;
    let act = acts.iter().find(|act| matches!(act.what, Done::Release(_))).unwrap();
    let book = node.gate.book();
    let told = format!("{} {}", act.who(&book), act.sentence(&book));
    assert!(told.contains("p2 for a released") && told.contains("brought by p1"), "{told}");
    assert!(
        node.gate.acts(&of(B), 100).unwrap().acts.iter().all(|act| !act.sentence(&book).contains("release "))
    );
    let kind = Some(ActKind::Release);
    let releases = |asked: ActsAsked<'_>| {
        node.gate.acts(&ActsAsked { kind, ..asked }, 100).unwrap().acts.into_iter().map(|act| act.seq)
    };
    let all: Vec<_> = releases(ActsAsked::default()).collect();
    assert!(all.contains(&act.seq) && all.len() < node.gate.acts(&of(A), 100).unwrap().acts.len());
    let user = ActsAsked { by: Some("p2"), ..of(A) };
    assert!(releases(user).any(|seq| seq == act.seq));
    assert_eq!(releases(ActsAsked { by: Some("p1"), ..of(A) }).find(|seq| *seq == act.seq), None);
    let at = |micros: i64| Some(stix::Timestamp::from_micros(act.at.micros() + micros));
    let within = ActsAsked { from: at(0), until: at(1), ..ActsAsked::default() };
    assert_eq!(releases(within).collect::<Vec<_>>(), [act.seq]);
    assert_eq!(releases(ActsAsked { from: at(1), until: at(2), ..within }).count(), 0);
    assert_eq!(releases(ActsAsked { before: Some(act.seq), ..within }).count(), 0);
    assert!(node.gate.store().lines().len() > 2 && node.text(B, "tool", 9) == text);
}

#[test]
fn whoever_has_lost_the_right_in_between_is_refused_and_so_is_what_the_lost_brought() {
    let node = place();
    let parcel = waits(&node, by(A, ANN), &indicator(1));
    for (roles, ended) in
        [(&[Role::Analyst][..], false), (&[Role::Releaser][..], true), (&[Role::Auditor][..], false)]
    {
        set_person(&node, BEN, A, roles, ended);
        assert_eq!(not(&node, parcel, by(A, BEN), node.now), NotReleased::NoRight);
    }
    set_person(&node, BEN, A, &[Role::Releaser], false);
    for (roles, ended) in [(&[Role::Reader][..], false), (&[Role::Releaser][..], true)] {
        set_person(&node, ANN, A, roles, ended);
        assert_eq!(not(&node, parcel, by(A, BEN), node.now), NotReleased::BringerGone);
    }
    assert_eq!(node.sees(B), Vec::<u128>::new());
    // A system of the member's needs one person, whoever that is.
    let parcel = waits(&node, By::from(A), &indicator(2));
    node.gate.release(parcel, by(A, BEN), node.now).unwrap();
    assert_eq!(node.sees(B), [2]);
    // Whose membership has ended shares nothing more.
    let parcel = waits(&node, By::from(A), &indicator(3));
    let ended = Member { ended: true, ..node.gate.book().member(A).unwrap().clone() };
    node.gate.record(MemberId::NODE, Entry::Member(ended)).unwrap();
    assert_eq!(not(&node, parcel, by(A, BEN), node.now), NotReleased::NoRight);
}

#[test]
fn what_nobody_decides_lapses_and_what_is_refused_stays() {
    let node = place();
    let parcel = waits(&node, by(A, ANN), &indicator(1));
    let until = node.gate.parcel(parcel, None).unwrap().until;
    assert_eq!(until.micros() - node.now.micros(), 14 * 86_400 * 1_000_000);
    let lapsed = NotReleased::NotWaiting { state: ParcelState::Lapsed };
    assert_eq!(not(&node, parcel, by(A, BEN), until), lapsed);
    assert_eq!(node.gate.parcels_waiting(A, until).parcels, 0);
    let refused = node.gate.refuse_release(parcel, by(A, ANN), " not yet ", node.now).unwrap();
    assert_eq!(refused.decided.unwrap().said, "not yet", "also by the one who brought it");
    assert_eq!(
        not(&node, parcel, by(A, BEN), node.now),
        NotReleased::NotWaiting { state: ParcelState::Refused }
    );
    let again = waits(&node, by(A, ANN), &indicator(1));
    assert_ne!(again, parcel, "the same can be brought anew");
    node.gate.refuse_release(again, By::from(MemberId::NODE), "", node.now).unwrap();
    assert_eq!((node.sees(A), node.sees(B)), (vec![], vec![]));
}

#[test]
fn a_withdrawal_goes_at_once_and_out_of_what_waits() {
    let node = place();
    let first = waits(&node, By::from(A), &indicator(1));
    node.gate.release(first, by(A, ANN), node.now).unwrap();
    assert_eq!(node.sees(B), [1]);
    let oid = |number| ObjectId::parse(&id("indicator", number)).unwrap();
    let both = vec![raw(&indicator(2)), raw(&indicator(3))];
    let told = node.gate.submit(by(A, ANN), CIRCLE, &Terms::default(), both, node.now).unwrap();
    let Submitted::Waiting(parcel) = told[0] else { panic!("{told:?}") };
    let gone = node.gate.withdraw(A, CIRCLE, &[oid(1), oid(2), oid(7)], "wrong").unwrap();
    let is_done = |told: &Submitted| matches!(told, Submitted::Appended { .. });
    assert_eq!(gone.iter().map(is_done).collect::<Vec<_>>(), [true, true, false], "{gone:?}");
    assert_eq!(node.sees(B), Vec::<u128>::new());
    let others = node.gate.withdraw(B, CIRCLE, &[oid(3)], "not mine").unwrap();
    assert!(!is_done(&others[0]), "{others:?}");
    let node = node.reopened();
    node.gate.release(parcel, by(A, BEN), node.now).unwrap();
    assert_eq!(node.sees(B), [3]);
    let last = waits(&node, by(A, ANN), &indicator(4));
    node.gate.withdraw(A, CIRCLE, &[oid(4)], "wrong").unwrap();
    let withdrawn = NotReleased::NotWaiting { state: ParcelState::Withdrawn };
    assert_eq!(not(&node, last, by(A, BEN), node.now), withdrawn);
}

#[test]
fn what_is_refused_anyhow_is_refused_at_once_and_what_is_there_does_not_wait() {
    let node = place();
    let told = bring(&node, by(A, ANN), &marked(indicator(1), Tlp::Red));
    assert_eq!(told, Submitted::Forbidden(Rule::TlpOverCeiling));
    let parcel = waits(&node, by(A, ANN), &indicator(2));
    node.gate.release(parcel, by(A, BEN), node.now).unwrap();
    assert_eq!(bring(&node, by(A, ANN), &indicator(2)), Submitted::Present);
    // A milder version of it is a release as well.
    let mut wider = marked(indicator(2), Tlp::Clear);
    wider["modified"] = json!("2026-02-01T00:00:00.000Z");
    waits(&node, by(A, ANN), &wider);
    // What breaks STIX waits for the people first and for the operators after, who let out no more than those did.
    let member = Member { intake: Intake::Quarantine, ..node.gate.book().member(A).unwrap().clone() };
    node.gate.record(MemberId::NODE, Entry::Member(member)).unwrap();
    let mut broken = indicator(5);
    broken["pattern"] = json!("no pattern");
    let parcel = waits(&node, by(A, ANN), &broken);
    assert_eq!(node.gate.quarantine_count(CIRCLE).unwrap(), 0);
    let done = node.gate.release(parcel, by(A, BEN), node.now).unwrap();
    assert_eq!(done.done.unwrap().1.quarantined, 1);
    let oid = ObjectId::parse(&id("indicator", 5)).unwrap();
    node.gate.settle(CIRCLE, &oid, bongsu_gate::Verdict::Release, node.now).unwrap();
    assert_eq!(node.sees(B), [2, 5]);
    // What came to quarantine before the circle asked for four eyes was let out by nobody.
    set_circle(&node, None);
    let mut broken = indicator(6);
    broken["pattern"] = json!("no pattern");
    assert!(matches!(bring(&node, by(A, ANN), &broken), Submitted::Quarantined(_)));
    set_circle(&node, Some(14));
    let oid = ObjectId::parse(&id("indicator", 6)).unwrap();
    let told = node.gate.settle(CIRCLE, &oid, bongsu_gate::Verdict::Release, node.now).unwrap();
    assert!(matches!(told[..], [Submitted::Waiting(_)]), "{told:?}");
    assert_eq!(node.sees(B), [2, 5]);
}

#[test]
fn a_yes_to_an_ask_is_a_release_and_the_asker_learns_of_it_when_it_is_one() {
    let wide = CircleId::new(Uuid::from_u128(0xdd));
    for four_eyes_there in [false, true] {
        let node = place();
        let four_eyes = four_eyes_there.then_some(FourEyes { days: 3 });
        let circle =
            Circle { ceiling: Tlp::Amber, members: vec![A, B], four_eyes, ..Circle::new(wide, "wide") };
        node.gate.record(MemberId::NODE, Entry::Circle(circle)).unwrap();
        set_circle(&node, (!four_eyes_there).then_some(14));
        node.try_share(A, &Terms::default(), &[indicator(1)]);
        if let Some(parcel) = node.gate.parcels(Some(A)).first() {
            node.gate.release(parcel.id, by(A, ANN), node.now).unwrap();
        }
        let wish = Wish { circle: Some(wide), ..Wish::default() };
        let object = ObjectId::parse(&id("indicator", 1)).unwrap();
        let why = "for the banks".to_owned();
        let asking = Asking { member: B, circle: CIRCLE, object, wish, why, encrypted: true };
        let ask = node.gate.ask(asking, node.now).unwrap();
        let before = node.gate.ask_seen(ask.id, policy::Caller::Member(B), node.now);
        let answer = |by| {
            let reply = Reply { grant: Grant::Whole, said: "yes".to_owned() };
            match node.gate.answer_ask(ask.id, by, reply, node.now) {
                Err(AnswerError::Waits { parcel }) => parcel,
                told => panic!("{told:?}"),
            }
        };
        let parcel = answer(Answerer::Person(by(A, ANN)));
        assert_eq!(answer(Answerer::Person(by(A, BEN))), parcel, "it waits once");
        let reply = Reply { grant: Grant::Whole, said: "yes".to_owned() };
        let over_a_link = node.gate.answer_ask(ask.id, Answerer::Link, reply, node.now);
        assert!(matches!(over_a_link, Err(AnswerError::NeedsLogIn)), "a link does not say whose word it is");
        assert_eq!(node.gate.ask_seen(ask.id, policy::Caller::Member(B), node.now), before);
        assert_eq!(not(&node, parcel, by(A, ANN), node.now), NotReleased::Own);
        let node = node.reopened();
        node.gate.release(parcel, by(A, BEN), node.now).unwrap();
        let seen = node.gate.ask_seen(ask.id, policy::Caller::Member(B), node.now).unwrap();
        assert_eq!((seen.state, seen.done.len()), (policy::AskState::Done, 1), "{seen:?}");
        let there = policy::Request { circle: wide, ..node.request(B, policy::Level::Exchange) };
        let page =
            node.gate.reader(there).unwrap().page(&bongsu_gate::Query { limit: 9, ..Default::default() });
        assert_eq!(page.unwrap().items.len(), 1);
    }
}

#[test]
fn of_two_approvals_at_once_one_wins() {
    let node = place();
    let cat = PersonId::new(Uuid::from_u128(3));
    set_person(&node, cat, A, &[Role::Releaser], false);
    for turn in 0..20 {
        let parcel = waits(&node, by(A, ANN), &indicator(turn));
        let tries: Vec<_> = std::thread::scope(|scope| {
            let one = |person| {
                scope.spawn({
                    let node = &node;
                    move || node.gate.release(parcel, by(A, person), node.now)
                })
            };
            let threads = [one(BEN), one(cat), one(BEN), one(cat)];
            threads.map(|thread| thread.join().unwrap()).into_iter().collect()
        });
        assert_eq!(tries.iter().filter(|told| told.is_ok()).count(), 1, "{tries:?}");
    }
    assert_eq!(node.sees(B).len(), 20);
}

/// What is done in a random run.
#[derive(Debug, Clone)]
enum Deed {
    Bring { who: usize, object: u128 },
    Release { who: usize, parcel: usize },
    Refuse { who: usize, parcel: usize },
    Withdraw { object: u128 },
    Roles { who: usize, role: usize },
    End { who: usize },
    Restart,
}

fn deed() -> impl Strategy<Value = Deed> {
    let (who, object, parcel) = (0..6_usize, 0..8_u128, 0..10_usize);
    prop_oneof![
        4 => (who.clone(), object.clone()).prop_map(|(who, object)| Deed::Bring { who, object }),
        6 => (who.clone(), parcel.clone()).prop_map(|(who, parcel)| Deed::Release { who, parcel }),
        1 => (who.clone(), parcel).prop_map(|(who, parcel)| Deed::Refuse { who, parcel }),
        1 => object.prop_map(|object| Deed::Withdraw { object }),
        2 => (who.clone(), 0..5_usize).prop_map(|(who, role)| Deed::Roles { who, role }),
        1 => who.prop_map(|who| Deed::End { who }),
        1 => Just(Deed::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever A's and B's people and systems do: what another sees was brought by one of the member's and let out by another
    /// person of the same member who could release then. Three of A, two of B, and the systems of A.
    #[test]
    fn nothing_reaches_another_without_two(deeds in prop::collection::vec(deed(), 1..40)) {
        let mut node = Node::new();
        set_circle(&node, Some(14));
        let person = |who: usize| PersonId::new(Uuid::from_u128(who as u128 + 1));
        let member = |who: usize| if who < 3 || who == 5 { A } else { B };
        // The model: who may do what, what was brought by whom, and what two have let out.
        let mut roles: BTreeMap<usize, (Role, bool)> = (0..5).map(|who| (who, (Role::Releaser, false))).collect();
        (0..5).for_each(|who| set_person(&node, person(who), member(who), &[Role::Releaser], false));
        let mut parcels: Vec<(Uuid, usize, u128, bool)> = Vec::new();
        let mut out: BTreeMap<u128, ()> = BTreeMap::new();
        for deed in deeds {
            match deed {
                Deed::Bring { who, object } => {
                    // Each member has objects of its own, so that none is the other's.
                    let number = object + if member(who) == A { 0 } else { 100 };
                    let from = if who == 5 { By::from(A) } else { by(member(who), person(who)) };
                    let told = bring(&node, from, &indicator(number));
                    if let Submitted::Waiting(parcel) = told
                        && parcels.iter().all(|(known, ..)| *known != parcel)
                    {
                        parcels.push((parcel, who, number, true));
                    }
                }
                Deed::Release { who, parcel } if !parcels.is_empty() => {
                    let at = parcel % parcels.len();
                    let (id, first, number, waits) = parcels[at];
                    let second = if who == 5 { By::from(A) } else { by(member(who), person(who)) };
                    let may = |who: usize, roles: &BTreeMap<usize, (Role, bool)>, wanted: policy::Right| {
                        roles.get(&who).is_some_and(|(role, ended)| !ended && role.rights().has(wanted))
                    };
                    let expected = waits
                        && who != first
                        && member(who) == member(first)
                        && may(who, &roles, policy::Right::Release)
                        && (first == 5 || may(first, &roles, policy::Right::Write));
                    let told = node.gate.release(id, second, node.now);
                    prop_assert_eq!(told.is_ok(), expected, "{:?} by {} of {}", told, who, first);
                    if expected {
                        parcels[at].3 = false;
                        out.insert(number, ());
                    }
                }
                Deed::Refuse { who, parcel } if !parcels.is_empty() && who < 5 => {
                    let at = parcel % parcels.len();
                    if node.gate.refuse_release(parcels[at].0, by(member(who), person(who)), "", node.now).is_ok() {
                        parcels[at].3 = false;
                    }
                }
                Deed::Withdraw { object } => {
                    let oid = ObjectId::parse(&id("indicator", object)).unwrap();
                    node.gate.withdraw(A, CIRCLE, &[oid], "wrong").unwrap();
                    out.remove(&object);
                    parcels.iter_mut().filter(|(_, _, number, _)| *number == object).for_each(|parcel| parcel.3 = false);
                }
                Deed::Roles { who, role } if who < 5 => {
                    let role = Role::ALL[role];
                    roles.insert(who, (role, roles[&who].1));
                    set_person(&node, person(who), member(who), &[role], roles[&who].1);
                }
                Deed::End { who } if who < 5 => {
                    roles.insert(who, (roles[&who].0, true));
                    set_person(&node, person(who), member(who), &[roles[&who].0], true);
                }
                Deed::Restart => node = node.reopened(),
                _ => {}
            }
            let seen: Vec<u128> = node.sees(C);
            prop_assert!(seen.iter().all(|number| out.contains_key(number)), "{:?} of {:?}", seen, out);
        }
    }
}

#[test]
fn who_does_not_know_of_four_eyes_does_not_read_such_a_circle() {
    let asks = Entry::Circle(Circle { four_eyes: Some(FourEyes { days: 1 }), ..circle() }).to_json();
    assert!(asks.starts_with("{\"v\":4,"), "{asks}");
    let usual = Entry::Circle(circle()).to_json();
    assert!(usual.starts_with("{\"v\":1,") && !usual.contains("four_eyes"), "{usual}");
    assert!(Entry::from_json(&asks).is_ok() && at(1) < at(2));
}
