#![no_main]
//! Comparing names: any two texts have a likeness between 0 and 1 with a reason, whoever asks first, and a name is itself. The
//! index finds a party by each of its names.

use libfuzzer_sys::fuzz_target;
use watch::names::{Index, Kind, MATCH, Name, Party, Question, Strength, compare_as, hangul};

fuzz_target!(|data: &str| {
    let (left, right) = data.split_once('\n').unwrap_or((data, "Kim Jong Un"));
    let kind = [Kind::Person, Kind::Organization, Kind::Unknown][data.len() % 3];
    let (there, back) = (compare_as(kind, left, right), compare_as(kind, right, left));
    for likeness in [&there, &back] {
        assert!((0.0..=1.0).contains(&likeness.score), "{likeness:?}");
        assert_eq!(likeness.reasons.first(), Some(&likeness.how));
    }
    assert_eq!(there, back, "{left} {right}");
    let is_empty = Name::read(left, kind).is_empty();
    assert_eq!(compare_as(kind, left, left).score, if is_empty { 0.0 } else { 1.0 });
    hangul::revised(left);
    hangul::mccune_reischauer(left);

    let names = vec![(left.to_owned(), Strength::Primary), (right.to_owned(), Strength::Weak)];
    let party = Party { id: "a".to_owned(), names, births: Vec::new(), countries: Vec::new(), schema: kind };
    let index = Index::new([party]);
    let found = index.matches(&Question { names: vec![left], kind, ..Question::default() }, 5);
    assert!(found.len() <= 1 && found.iter().all(|found| found.score >= MATCH));
    // What has a word of two letters is found by it.
    if left.split_whitespace().any(|word| word.len() > 2 && word.bytes().all(|b| b.is_ascii_lowercase()))
        && found.is_empty()
    {
        panic!("{left} is not found");
    }
});
