//! Private screening answers as the index does, and a node that cheats is seen.

use std::collections::BTreeSet;

use bongsu_watch::index::{Index, Match};
use bongsu_watch::private::{
    ELEMENTS_MAX, ELEMENTS_STEP, Element, Key, Output, PrivateError, Question, Request, RequestError, Set,
    SetError, Shape, probes,
};
use bongsu_watch::{Kind, Value, normalise};
use proptest::prelude::*;

fn value(kind: Kind, text: &str) -> Value {
    normalise(kind, text).unwrap()
}

fn key() -> Key {
    Key::derive(&[7; 32], 20_789).unwrap()
}

fn values() -> impl Strategy<Value = Value> {
    let name = || "[ab](\\.[ab]){0,3}";
    prop_oneof![
        name().prop_map(|text| value(Kind::Domain, &text)),
        (0..4_u8, 0..4_u8, prop_oneof![Just(32_u8), Just(31), Just(24), Just(8)])
            .prop_map(|(c, d, length)| value(Kind::Ipv4, &format!("10.0.{c}.{d}/{length}"))),
        (0..3_u8, prop_oneof![Just(128_u8), Just(64), Just(32)])
            .prop_map(|(d, length)| value(Kind::Ipv6, &format!("2001:db8::{d}/{length}"))),
        name().prop_map(|text| value(Kind::Email, &format!("x@{text}.a"))),
        name().prop_map(|text| value(Kind::Url, &format!("http://{text}/x"))),
        (0..4_u8).prop_map(|d| value(Kind::Url, &format!("http://10.0.0.{d}/x"))),
        (0..3_u8).prop_map(|digit| value(Kind::Md5, &digit.to_string().repeat(32))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// The law of the whole: what the index says of a value, private screening says, by the same ways. Of some thousand questions none
    /// is a false positive but with a chance of one in a million.
    #[test]
    fn a_private_answer_is_the_plain_one(
        known in prop::collection::btree_set(values(), 0..30),
        asked in prop::collection::vec(values(), 1..12),
        seed in any::<[u8; 32]>(),
    ) {
        let key = key();
        let (mut index, mut shape) = (Index::default(), Shape::default());
        for (value, place) in known.iter().zip(0..) {
            index.add(value, place, &[]);
            shape.add(value);
        }
        let outputs: Vec<Output> = known.iter().map(|value| key.output(value).unwrap()).collect();
        let bytes = Set::of(&outputs).write();
        let set = Set::read(&bytes, outputs.len()).unwrap();
        let probes: Vec<Vec<(Match, Value)>> = asked.iter().map(|value| probes(value, &shape)).collect();
        let question = Question::new(probes.iter().flatten().map(|(_, value)| value), seed).unwrap();
        prop_assert_eq!(question.elements().len() % ELEMENTS_STEP, 0);
        let request = Request { epoch: key.epoch(), elements: question.elements().to_vec() };
        let request = Request::read(&serde_json::to_vec(&request).unwrap()).unwrap();
        let answer = key.evaluate(&request.elements, [3; 32]).unwrap();
        let answer = serde_json::from_slice(&serde_json::to_vec(&answer).unwrap()).unwrap();
        let mut outputs = question.outputs(&answer, &key.public()).unwrap().into_iter();
        for (value, probes) in asked.iter().zip(&probes) {
            let private: BTreeSet<(Match, String)> = probes
                .iter()
                .zip(outputs.by_ref())
                .filter(|(_, output)| set.has(*output))
                .map(|((by, probe), _)| (*by, probe.text().to_owned()))
                .collect();
            let mut plain = BTreeSet::new();
            index.look(value, |found| {
                plain.insert((found.by, found.text()));
            });
            prop_assert_eq!(private, plain, "{}", value);
        }
    }

    #[test]
    fn a_set_comes_back_and_has_what_is_in_it(
        outputs in prop::collection::vec(any::<u64>().prop_map(Output), 0..400),
        others in prop::collection::vec(any::<u64>().prop_map(Output), 0..400),
    ) {
        let set = Set::of(&outputs);
        let bytes = set.write();
        prop_assert_eq!(&Set::read(&bytes, outputs.len()), &Ok(set.clone()));
        prop_assert!(outputs.iter().all(|output| set.has(*output)));
        prop_assert!(others.iter().all(|other| outputs.contains(other) || !set.has(*other)));
        prop_assert!(bytes.len() <= outputs.len() * 9 / 2 + 8, "{} bytes", bytes.len());
        let mut reversed = outputs.clone();
        reversed.reverse();
        prop_assert_eq!(Set::of(&reversed).write(), bytes.clone(), "the order says nothing");
        prop_assert_eq!(Set::read(&[bytes.as_slice(), &[0]].concat(), outputs.len()), Err(SetError::Long));
        if !outputs.is_empty() {
            prop_assert_eq!(Set::read(&bytes[..bytes.len() - 1], outputs.len()), Err(SetError::Short));
            prop_assert!(Set::read(&bytes, outputs.len() - 1).is_err());
        }
    }

    /// What reads as a set is the one way to write it.
    #[test]
    fn bytes_are_one_set_or_none(bytes in prop::collection::vec(any::<u8>(), 0..40), count in 0..8_usize) {
        if let Ok(set) = Set::read(&bytes, count) {
            prop_assert_eq!(set.len(), count);
            prop_assert_eq!(set.write(), bytes);
        }
    }
}

#[test]
fn a_set_takes_no_memory_for_what_is_not_there() {
    assert_eq!(Set::read(&[], 50_000_001), Err(SetError::TooMany));
    assert_eq!(Set::read(&[0; 40], 49_000_000), Err(SetError::Short));
    assert_eq!(Set::read(&[0xff; 4_000], 900), Err(SetError::Short));
    let beyond = [&[0xff; 8][..], &[0; 5]].concat();
    assert_eq!(Set::read(&beyond, 1), Err(SetError::Range));
    assert!(Set::default().is_empty() && !Set::default().has(Output(0)));
}

#[test]
fn a_node_that_cheats_is_seen() {
    let (key, other) = (key(), Key::derive(&[8; 32], 20_789).unwrap());
    let values = [value(Kind::Domain, "a.example"), value(Kind::Domain, "b.example")];
    let question = Question::new(&values, [1; 32]).unwrap();
    let answer = key.evaluate(question.elements(), [2; 32]).unwrap();
    let told = |answer: &_| question.outputs(answer, &key.public());
    let outputs = told(&answer).unwrap();
    assert_eq!(outputs, values.each_ref().map(|value| key.output(value).unwrap()));

    let tagged = other.evaluate(question.elements(), [2; 32]).unwrap();
    assert_eq!(told(&tagged), Err(PrivateError::Proof), "another key for this member alone");
    let mut swapped = answer.clone();
    swapped.elements.swap(0, 1);
    assert_eq!(told(&swapped), Err(PrivateError::Proof));
    for at in 0..64 {
        let mut changed = answer.clone();
        changed.proof[at] ^= 1;
        assert_eq!(told(&changed), Err(PrivateError::Proof), "byte {at} of the proof");
    }
    let mut short = answer.clone();
    short.elements.pop();
    assert_eq!(told(&short), Err(PrivateError::Count { asked: 16, answered: 15 }));
    let mut none = answer.clone();
    none.elements[3] = Element([0; 32]);
    assert_eq!(told(&none), Err(PrivateError::Element(3)));
    assert_eq!(question.outputs(&answer, &Element([0xff; 32])), Err(PrivateError::PublicKey));
}

#[test]
fn two_questions_for_one_value_have_nothing_in_common() {
    let values = [value(Kind::Domain, "a.example")];
    let ask = |seed| Question::new(&values, [seed; 32]).unwrap();
    let (one, other) = (ask(1), ask(2));
    assert!(one.elements().iter().all(|element| !other.elements().contains(element)));
    assert!(!format!("{one:?}").contains("a.example"));
}

#[test]
fn the_kind_is_a_part_of_what_is_asked() {
    let text = "a".repeat(32);
    let outputs = [Kind::Md5, Kind::Ja3].map(|kind| key().output(&value(kind, &text)).unwrap());
    assert_ne!(outputs[0], outputs[1]);
}

#[test]
fn elements_that_are_none_are_refused_by_their_number() {
    let good = Question::new(&[value(Kind::Domain, "a.example")], [1; 32]).unwrap().elements()[0];
    let refused = |bad: Element| key().evaluate(&[good, bad], [2; 32]).unwrap_err();
    // The identity, a number that is not canonical, a negative one, and one that is no square. RFC 9496, appendix A.2 and A.3.
    let mut negative = [0; 32];
    negative[0] = 1;
    for bad in [[0; 32], [0xff; 32], negative] {
        assert_eq!(refused(Element(bad)), PrivateError::Element(1));
    }
    assert!(key().evaluate(&[good], [2; 32]).is_ok());
}

#[test]
fn questions_have_limits_and_say_what_is_wrong_with_them() {
    let element = format!("\"{}\"", "A".repeat(43) + "=");
    let body =
        |count: usize| format!("{{\"epoch\":1,\"elements\":[{}]}}", vec![element.clone(); count].join(","));
    assert_eq!(Request::read(body(ELEMENTS_MAX).as_bytes()).unwrap().elements.len(), ELEMENTS_MAX);
    for (bad, why) in [
        (body(ELEMENTS_MAX + 1), "ask in several parts"),
        (" ".repeat(Request::BYTES_MAX + 1), "ask in several parts"),
        (body(0), "no elements"),
        ("{\"epoch\":1,\"elements\":[\"AAAA\"]}".to_owned(), "not 32 bytes in base64"),
        ("{\"epoch\":-1,\"elements\":[]}".to_owned(), "epoch"),
        ("{\"epoch\":1,\"elements\":[],\"value\":\"x\"}".to_owned(), "unknown field"),
        (String::new(), "it is not {\"epoch\""),
    ] {
        let error: RequestError = Request::read(bad.as_bytes()).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
    let many = vec![value(Kind::Domain, "a.example"); ELEMENTS_MAX + 1];
    assert_eq!(Question::new(&many, [1; 32]).err(), Some(PrivateError::TooMany));
}

#[test]
fn a_key_says_nothing_and_an_epoch_has_its_own() {
    let (one, next) = (key(), Key::derive(&[7; 32], 20_819).unwrap());
    assert_ne!(one.public(), next.public());
    assert_eq!(one.public(), key().public());
    assert_eq!(format!("{one:?}"), "Key(ristretto255-SHA512, epoch 20789)");
}
