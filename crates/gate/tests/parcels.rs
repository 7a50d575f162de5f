//! What waits for a second person: erased like all else, taken back, told, and no more than may.

use bongsu_gate::{
    AnswerError, Answerer, Asking, Became, ErasePlan, Gate, Grant, Reply, Submission, Submitted, Verdict,
};
use line::LineId;
use policy::{
    By, Circle, CircleId, Entry, FourEyes, Intake, Member, MemberId, ParcelState, Person, PersonId, Role,
    Terms, Wish,
};
use serde_json::{Value, json};
use stix::{ObjectId, Tlp};
use uuid::Uuid;

use crate::node::{self, A, B, CIRCLE, Node, circle, id, indicator, object};

const ANN: PersonId = PersonId::new(Uuid::from_u128(0x1));
const BEN: PersonId = PersonId::new(Uuid::from_u128(0x2));

/// The circle asks for four eyes; Ann and Ben release for A.
fn place() -> Node {
    let node = Node::new();
    let four_eyes = Some(FourEyes { days: 14 });
    node.gate.record(MemberId::NODE, Entry::Circle(Circle { four_eyes, ..circle() })).unwrap();
    for person in [ANN, BEN] {
        let user = format!("p{}", person.uuid().as_u128());
        let roles = [Role::Releaser].into();
        let person =
            Person { id: person, member: Some(A), user: user.clone(), name: user, roles, ended: false };
        node.gate.record(MemberId::NODE, Entry::Person(person)).unwrap();
    }
    node
}

const fn by(person: PersonId) -> By {
    By { member: A, person: Some(person) }
}

fn bring(node: &Node, values: &[Value]) -> Vec<Submitted> {
    let raw = |value: &Value| {
        let raw = value.to_string();
        Submission { head: stix::read_head(&raw).unwrap(), raw }
    };
    let objects = values.iter().map(raw).collect();
    node.gate.submit(by(ANN), CIRCLE, &Terms::default(), objects, node.now).unwrap()
}

fn waits(node: &Node, values: &[Value]) -> Uuid {
    match bring(node, values).first() {
        Some(Submitted::Waiting(parcel)) => *parcel,
        told => panic!("{told:?}"),
    }
}

fn oid(number: u128) -> ObjectId {
    ObjectId::parse(&id("indicator", number)).unwrap()
}

/// The texts that lie in parcels.
fn lying(gate: &Gate) -> String {
    let mut all = String::new();
    gate.lying_in_parcels(CIRCLE, &mut |lies| all.push_str(&lies.text)).unwrap();
    all
}

fn erase(node: &Node, numbers: &[u128]) -> usize {
    let ids: Vec<ObjectId> = numbers.iter().map(|number| oid(*number)).collect();
    let plans: Vec<ErasePlan> = node.gate.all_erasable(CIRCLE, &ids).unwrap();
    node.gate.erase(MemberId::NODE, &json!({"why": "a test"}), &plans, "erased").unwrap().len()
}

#[test]
fn what_waits_is_erased_and_the_rest_of_its_parcel_goes_out_as_it_came() {
    let node = place();
    let parcel = waits(&node, &[indicator(1), indicator(2), indicator(3)]);
    let before = node.gate.parcel(parcel, None).unwrap();
    let plan = node.gate.erasable(CIRCLE, &oid(2)).unwrap().unwrap();
    assert_eq!((plan.records.len(), plan.in_parcels.len(), plan.waits, plan.is_live), (0, 1, true, false));
    assert_eq!(erase(&node, &[2]), 1);
    let check = |node: &Node| {
        assert!(
            !lying(&node.gate).contains(&id("indicator", 2))
                && lying(&node.gate).contains(&id("indicator", 3))
        );
        assert!(node.gate.erasable(CIRCLE, &oid(2)).unwrap().is_none(), "there is nothing left of it");
        let now = node.gate.parcel(parcel, None).unwrap();
        assert_eq!((now.at, now.until, now.objects), (before.at, before.until, 3));
        assert_eq!(now.withdrawn, [1].into());
        assert!(
            node.gate.store().records(LineId::new(CIRCLE.uuid()).parcels(), line::Seq(0), 9).unwrap()[0]
                .body
                .is_empty()
        );
    };
    check(&node);
    let node = node.reopened();
    check(&node);
    let done = node.gate.release(parcel, by(BEN), node.now).unwrap();
    assert_eq!((done.done.unwrap().1.shared, node.sees(B)), (2, vec![1, 3]));

    // What went out lies in its parcel too, and goes from both; also from one that was refused.
    let refused = waits(&node, &[indicator(4)]);
    node.gate.refuse_release(refused, by(BEN), "no", node.now).unwrap();
    assert_eq!(erase(&node, &[1, 4]), 3, "one record of the circle, and two parcels");
    let left = lying(&node.gate);
    assert!(
        !left.contains(&id("indicator", 1))
            && !left.contains(&id("indicator", 4))
            && left.contains(&id("indicator", 3))
    );
    let node = node.reopened();
    assert_eq!((node.sees(B), lying(&node.gate)), (vec![3], left));
    assert_eq!(node.gate.parcel(refused, None).unwrap().state(node.now), ParcelState::Refused);
    assert_eq!(erase(&node, &[1, 2, 4]), 0);
}

#[test]
fn retention_reaches_what_was_refused_and_leaves_what_waits_until_it_is_over() {
    let node = place();
    let parcel = waits(&node, &[indicator(1)]);
    waits(&node, &[indicator(2)]);
    node.gate.refuse_release(parcel, by(BEN), "", node.now).unwrap();
    let of = |days: i64| {
        let limit = node.now.micros() + days * 86_400_000_000;
        let due = node
            .gate
            .due_for_erasure(CIRCLE, 10, |_, arrived| arrived.micros() + 5 * 86_400_000_000 <= limit);
        due.unwrap().iter().map(|plan| node::number(&plan.id)).collect::<Vec<_>>()
    };
    assert_eq!((of(4), of(6)), (vec![], vec![1, 2]));
}

#[test]
fn each_object_is_told_what_became_of_it() {
    let node = place();
    let state = |parcel| -> Vec<String> {
        let told = node.gate.became(A, parcel, node.now).unwrap().unwrap();
        told.into_iter()
            .map(|(_, _, became)| match became {
                Became::Waiting => "waits".to_owned(),
                Became::Shared => "shared".to_owned(),
                Became::Gone(why) => why,
            })
            .collect()
    };
    let parcel = waits(&node, &[indicator(1), indicator(2)]);
    assert_eq!(state(parcel), ["waits", "waits"]);
    assert!(node.gate.became(B, parcel, node.now).unwrap().is_none(), "another's is not there");
    node.gate.withdraw(A, CIRCLE, &[oid(2)], "wrong").unwrap();
    assert!(state(parcel)[1].contains("withdrawn while it waited"));
    node.gate.release(parcel, by(BEN), node.now).unwrap();
    assert_eq!(state(parcel)[0], "shared");
    let refused = waits(&node, &[indicator(3)]);
    node.gate.refuse_release(refused, by(BEN), "names the source", node.now).unwrap();
    assert_eq!(state(refused), ["a person of yours refused it: names the source"]);
    // Brought again, it waits in another parcel, and the first one's outcome stays what it was.
    let again = waits(&node, &[indicator(3)]);
    assert_eq!((state(again), state(refused).len()), (vec!["waits".to_owned()], 1));
    assert!(state(refused)[0].contains("refused"));
    // Let out by the second person, and dropped by the operators after.
    let member = Member { intake: Intake::Quarantine, ..node.gate.book().member(A).unwrap().clone() };
    node.gate.record(MemberId::NODE, Entry::Member(member)).unwrap();
    let mut broken = indicator(5);
    broken["pattern"] = json!("no pattern");
    let parcel = waits(&node, &[broken]);
    node.gate.release(parcel, by(BEN), node.now).unwrap();
    assert_eq!(state(parcel), ["waits"]);
    node.gate.settle(CIRCLE, &oid(5), Verdict::Drop, node.now).unwrap();
    assert!(state(parcel)[0].contains("dropped"), "{:?}", state(parcel));
}

#[test]
fn so_much_waits_and_no_more_until_some_is_decided() {
    let node = place();
    let all: Vec<Value> = (0..100_001).map(|at| object("tool", at, json!({"name": "n"}))).collect();
    let told = bring(&node, &all);
    assert!(matches!(told[0], Submitted::Waiting(_)) && matches!(told[99_999], Submitted::Waiting(_)));
    assert_eq!(told[100_000], Submitted::Crowded);
    assert!(told[100_000].complaint().unwrap().contains("release or refuse some"));
    assert_eq!(node.gate.parcels_waiting(A, node.now).objects, 100_000);
    assert!(matches!(bring(&node, &all[..1])[0], Submitted::Waiting(_)), "it waits already");
    let first = node.gate.parcels(Some(A))[0].id;
    node.gate.refuse_release(first, by(BEN), "", node.now).unwrap();
    assert!(matches!(bring(&node, &all[100_000..])[0], Submitted::Waiting(_)));
}

#[test]
fn another_yes_takes_the_place_of_the_one_that_waits_and_a_no_takes_it_back() {
    let wide = CircleId::new(Uuid::from_u128(0xdd));
    for ends_with_no in [false, true] {
        let node = place();
        let circle = Circle { ceiling: Tlp::Amber, members: vec![A, B], ..Circle::new(wide, "wide") };
        node.gate.record(MemberId::NODE, Entry::Circle(circle)).unwrap();
        let parcel = waits(&node, &[indicator(1)]);
        node.gate.release(parcel, by(BEN), node.now).unwrap();
        let wish = Wish { circle: Some(wide), ..Wish::default() };
        let asking = Asking {
            member: B,
            circle: CIRCLE,
            object: oid(1),
            wish,
            why: "for the banks".to_owned(),
            encrypted: true,
        };
        let ask = node.gate.ask(asking, node.now).unwrap();
        let answer = |person, grant| {
            let reply = Reply { grant, said: "yes".to_owned() };
            node.gate.answer_ask(ask.id, Answerer::Person(by(person)), reply, node.now)
        };
        let waits = |told| match told {
            Err(AnswerError::Waits { parcel }) => parcel,
            told => panic!("{told:?}"),
        };
        let wider = waits(answer(ANN, Grant::Whole));
        let narrow = Grant::Less(Wish { circle: Some(wide), without_source: true, ..Wish::default() });
        let narrower = waits(answer(ANN, narrow));
        assert_ne!(wider, narrower);
        let state = |parcel| node.gate.parcel(parcel, None).unwrap().state(node.now);
        assert_eq!((state(wider), state(narrower)), (ParcelState::Withdrawn, ParcelState::Waiting));
        if ends_with_no {
            answer(ANN, Grant::Nothing).unwrap();
            assert_eq!(state(narrower), ParcelState::Withdrawn);
            continue;
        }
        let node = node.reopened();
        assert!(node.gate.release(wider, by(BEN), node.now).is_err(), "it does not wait any more");
        node.gate.release(narrower, by(BEN), node.now).unwrap();
        let seen = node.gate.ask_seen(ask.id, policy::Caller::Member(B), node.now).unwrap();
        assert_eq!((seen.state, seen.done.len()), (policy::AskState::Done, 1), "{seen:?}");
    }
}

#[test]
fn what_was_taken_out_of_a_parcel_and_not_erased_is_kept_in_mind_without_a_start() {
    let node = place();
    let parcel = waits(&node, &[indicator(1), indicator(2)]);
    let file = node.gate.store().folder().join(line::store::FILE);
    let fault = rusqlite::Connection::open(file).unwrap();
    let trigger = "CREATE TRIGGER fault BEFORE UPDATE ON record BEGIN SELECT RAISE(ABORT, 'a fault'); END";
    fault.execute_batch(trigger).unwrap();
    let plan = node.gate.erasable(CIRCLE, &oid(1)).unwrap().unwrap();
    let erase = |plans: &[ErasePlan]| node.gate.erase(MemberId::NODE, &json!({}), plans, "erased");
    assert!(erase(&[plan]).is_err());
    assert!(node.gate.has_old_parcels() && lying(&node.gate).contains(&id("indicator", 1)));
    assert!(erase(&[]).is_err());
    fault.execute_batch("DROP TRIGGER fault").unwrap();
    assert!(node.gate.has_old_parcels(), "however often it fails");
    assert_eq!(erase(&[]).unwrap().len(), 1);
    assert!(!node.gate.has_old_parcels() && !lying(&node.gate).contains(&id("indicator", 1)));
    let done = node.gate.release(parcel, by(BEN), node.now).unwrap();
    assert_eq!((done.done.unwrap().1.shared, node.sees(B)), (1, vec![2]));
}
