//! The index answers as a slow and obvious search would, and comes back from a disk as it was.

use std::collections::{BTreeMap, BTreeSet};

use bongsu_watch::index::{Index, Match};
use bongsu_watch::{Kind, Value, normalise};
use proptest::prelude::*;

type Answers = BTreeSet<(Match, String, Vec<u64>)>;

fn value(kind: Kind, text: &str) -> Value {
    normalise(kind, text).unwrap()
}

fn answers(index: &Index, asked: &Value) -> Answers {
    let mut found = BTreeSet::new();
    index.look(asked, |one| {
        assert!(found.insert((one.by, one.text(), one.places().collect())), "{asked}: given twice");
    });
    found
}

/// One value after the other is held against the question.
fn slowly(all: &BTreeMap<Value, Vec<u64>>, asked: &Value) -> Answers {
    let host = asked.url_host().or_else(|| asked.mail_domain());
    let by = |known: &Value, asked: &Value| {
        if known == asked {
            return Some(Match::Exact);
        }
        let is_below = known.kind() == Kind::Domain
            && asked.kind() == Kind::Domain
            && asked.text().ends_with(&format!(".{}", known.text()));
        let is_inside = known.kind() == asked.kind()
            && known.network().zip(asked.network()).is_some_and(|(wide, network)| wide.contains(&network));
        match (is_below, is_inside) {
            (true, _) => Some(Match::Parent),
            (_, true) => Some(Match::Network),
            _ => None,
        }
    };
    let mut found = BTreeSet::new();
    for (known, places) in all {
        found.extend(by(known, asked).map(|by| (by, known.text().to_owned(), places.clone())));
        let by_host = host.as_ref().and_then(|host| by(known, host)).map(|by| match by {
            Match::Network => Match::HostNetwork,
            _ => Match::Host,
        });
        found.extend(by_host.map(|by| (by, known.text().to_owned(), places.clone())));
    }
    found
}

fn values() -> impl Strategy<Value = Value> {
    let name = "[ab](\\.[ab]){0,3}";
    prop_oneof![
        name.prop_map(|text| value(Kind::Domain, &text)),
        (0..4_u8, 0..4_u8, prop_oneof![Just(32_u8), Just(31), Just(24), Just(8)])
            .prop_map(|(c, d, length)| value(Kind::Ipv4, &format!("10.0.{c}.{d}/{length}"))),
        (0..4_u8, prop_oneof![Just(128_u8), Just(64), Just(126)])
            .prop_map(|(d, length)| value(Kind::Ipv6, &format!("2001:db8::{d}/{length}"))),
        name.prop_map(|host| value(Kind::Url, &format!("http://{host}/x"))),
        (0..4_u8).prop_map(|d| value(Kind::Url, &format!("http://10.0.0.{d}/"))),
        "[ab]\\.[ab](\\.[ab])?".prop_map(|host| value(Kind::Email, &format!("who@{host}"))),
        "[0a]{32}".prop_map(|text| value(Kind::Md5, &text)),
        "[0a]{32}".prop_map(|text| value(Kind::Ja3, &text)),
        "[ab]".prop_map(|text| value(Kind::Account, &text)),
    ]
}

proptest! {
    #[test]
    fn answers_are_those_of_an_obvious_search(
        known in proptest::collection::vec((values(), 0..5_u64), 0..60),
        asked in proptest::collection::vec(values(), 1..150),
    ) {
        let (mut index, mut all) = (Index::default(), BTreeMap::<Value, Vec<u64>>::new());
        for (value, place) in known {
            prop_assert!(index.add(&value, place, &[]));
            let places = all.entry(value).or_default();
            if !places.contains(&place) {
                places.push(place);
            }
        }
        prop_assert_eq!(index.len(), all.len());
        let mut written = Vec::new();
        index.frozen().write(b"until 7", &mut written).unwrap();
        let (again, about) = Index::read(&*written).unwrap();
        prop_assert_eq!(&about[..], b"until 7");
        for asked in all.keys().chain(&asked) {
            let expected = slowly(&all, asked);
            prop_assert_eq!(&answers(&index, asked), &expected, "{}", asked);
            prop_assert_eq!(&answers(&again, asked), &expected, "{}, after it was read", asked);
        }
        let mut each = vec![Answers::new(); asked.len()];
        index.look_each(&asked, |at, one| {
            each[at].insert((one.by, one.text(), one.places().collect()));
        });
        let expected: Vec<Answers> = asked.iter().map(|asked| slowly(&all, asked)).collect();
        prop_assert_eq!(each, expected);
        let listed: BTreeSet<String> = index.values().map(|found| found.text()).collect();
        prop_assert_eq!(listed, all.keys().map(|value| value.text().to_owned()).collect());
    }

    #[test]
    fn a_snapshot_that_was_changed_is_refused(at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let mut index = Index::default();
        for n in 0..20 {
            index.add(&value(Kind::Domain, &format!("a{n}.example")), n, &[]);
            index.add(&value(Kind::Domain, "b.example"), n, &[]);
        }
        let mut written = Vec::new();
        index.frozen().write(b"", &mut written).unwrap();
        let at = at.index(written.len());
        prop_assert!(Index::read(&written[..at]).is_err());
        written[at] ^= 1 << bit;
        prop_assert!(Index::read(&*written).is_err());
    }
}

#[test]
fn an_index_grows_past_its_first_room() {
    let mut index = Index::default();
    let name = |n: u64| value(Kind::Domain, &format!("k3-{n}.example"));
    for n in 0..20_000 {
        assert!(index.add(&name(n), n, &[]));
    }
    assert_eq!(index.len(), 20_000);
    for n in (0..20_000).step_by(97) {
        let below = value(Kind::Domain, &format!("www.k3-{n}.example"));
        assert_eq!(answers(&index, &name(n)), [(Match::Exact, format!("k3-{n}.example"), vec![n])].into());
        assert_eq!(answers(&index, &below), [(Match::Parent, format!("k3-{n}.example"), vec![n])].into());
    }
    assert!(answers(&index, &name(20_000)).is_empty());
}

#[test]
fn what_is_looked_up_by_chance_is_there() {
    let mut index = Index::default();
    let by_chance = |index: &Index, number: u64| {
        let mut found = Vec::new();
        index.look_by_chance(number, |one| found.push((one.text(), one.places().collect::<Vec<_>>())));
        found
    };
    assert!(by_chance(&index, 7).is_empty(), "nothing is there yet");
    let all: BTreeMap<String, Vec<u64>> =
        (0..100).map(|at| (format!("n{at}.example"), vec![at, at + 1_000])).collect();
    for (text, places) in &all {
        for place in places {
            assert!(index.add(&value(Kind::Domain, text), *place, &[]));
        }
    }
    let mut met = BTreeSet::new();
    for number in (0..100).chain([u64::MAX]) {
        let found = by_chance(&index, number);
        assert_eq!(found.len(), 1, "{number}");
        for (text, places) in found {
            assert_eq!(all.get(&text), Some(&places));
            met.insert(text);
        }
    }
    assert_eq!(met.len(), all.len(), "any of them may come");
}
