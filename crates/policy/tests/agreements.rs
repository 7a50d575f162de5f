//! Agreements of circles over several nodes: whose signatures are taken in, and which count.

use bongsu_policy::{Agreed, Agreement, AgreementError, Circle, CircleId, MemberId, Party};
use stix::signature::SecretKey;
use stix::{Timestamp, Tlp};
use uuid::Uuid;

const PARTIES: u8 = 60;

fn member(number: u8) -> MemberId {
    MemberId::new(Uuid::from_u128(0xa0 + u128::from(number)))
}

fn key(number: u8) -> SecretKey {
    SecretKey::new(&[number + 1; 32])
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn draft() -> Agreed {
    let home = SecretKey::new(&[200; 32]).public().clone();
    let party = |number: u8| Party {
        member: member(number),
        handle: format!("m{number}"),
        name: format!("M {number}"),
        clearance: Tlp::Amber,
        home: home.clone(),
        key: key(number).public().clone(),
        from: None,
    };
    let circle = Circle::new(CircleId::new(Uuid::from_u128(7)), "sea");
    Agreed::draft(Agreement::of(&circle, (0..PARTIES).map(party).collect()))
}

#[test]
fn of_what_is_brought_the_signatures_that_hold_are_taken_in_and_no_others() {
    let mut signed = draft();
    for number in 0..PARTIES {
        signed.sign(&key(number), at(1)).unwrap();
    }
    assert_eq!(signed.verify(), Ok(()));
    let (mut brought, mut has) = (signed.signatures.clone(), draft());
    has.sign(&key(0), at(2)).unwrap();
    let own = has.signatures[&member(0)].clone();
    // One member's under another's name, one that was cut, one of nobody's, and one of another agreement.
    brought.insert(member(1), signed.signatures[&member(2)].clone());
    brought.get_mut(&member(3)).unwrap().pop();
    brought.insert(member(PARTIES), signed.signatures[&member(4)].clone());
    let mut other = draft();
    other.agreement.version = 2;
    other.sign(&key(5), at(1)).unwrap();
    brought.insert(member(5), other.signatures[&member(5)].clone());
    let taken = has.take(brought);
    let is_bad = |number: &u8| [1, 3, 5].contains(number);
    let good: Vec<MemberId> = (1..PARTIES).filter(|number| !is_bad(number)).map(member).collect();
    assert_eq!(taken.keys().copied().collect::<Vec<_>>(), good);
    assert_eq!(has.missing(), ["m1", "m3", "m5"]);
    assert_eq!(has.signatures[&member(0)], own, "what was there stays");
    assert!(has.take(signed.signatures.clone()).len() == 3 && has.verify() == Ok(()));
    assert!(has.take(signed.signatures).is_empty(), "nothing is new");
    has.agreement.title = "another".to_owned();
    assert!(matches!(has.verify(), Err(AgreementError::Broken { .. })), "it is signed");
}
