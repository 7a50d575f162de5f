//! The matcher against the slow, obvious one, and against input that is meant to be expensive.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::{Comparison, Literal, Observation as Expression, Qualifier, Step, parse};
use super::*;

/// An observation of `x` with some of the properties `t0` to `t3`, seconds after noon.
#[derive(Debug, Clone)]
struct Sample {
    truths: [bool; 4],
    first: u32,
    last: u32,
    count: u64,
}

fn observed(samples: &[Sample]) -> Observations {
    let text = |sample: &Sample| {
        let time = |second: u32| format!("2026-01-01T12:{:02}:{:02}Z", second / 60, second % 60);
        let property = |at: usize| format!(r#""t{at}":{}"#, sample.truths[at]);
        let properties: Vec<String> = (0..4).map(property).collect();
        format!(
            r#"{{"type":"observed-data","number_observed":{},"first_observed":"{}","last_observed":"{}","objects":{{"0":{{"type":"x",{}}}}}}}"#,
            sample.count,
            time(sample.first),
            time(sample.last),
            properties.join(",")
        )
    };
    let texts: Vec<String> = samples.iter().map(text).collect();
    let (observations, findings) = Observations::read(texts.iter().map(String::as_str));
    assert_eq!(findings, []);
    observations
}

/// Instances of observations that are given to the parts of a pattern.
type Binding = BTreeSet<(usize, u64)>;

/// Every way to satisfy an expression, by the definitions of STIX 2.1, section 9.5, word for word.
fn bindings(expression: &Expression, samples: &[Sample]) -> BTreeSet<Binding> {
    let disjoint = |one: &BTreeSet<Binding>, two: &BTreeSet<Binding>| -> Vec<(Binding, Binding)> {
        let pairs = one.iter().flat_map(|a| two.iter().map(move |b| (a.clone(), b.clone())));
        pairs.filter(|(a, b)| a.is_disjoint(b)).collect()
    };
    let joined = |(a, b): (Binding, Binding)| a.union(&b).copied().collect::<Binding>();
    let kept = |inner: &Expression, fits: &dyn Fn(&Binding) -> bool| -> BTreeSet<Binding> {
        bindings(inner, samples).into_iter().filter(fits).collect()
    };
    match expression {
        Expression::Test(comparison) => {
            let at = property(comparison);
            let holds = (0..samples.len()).filter(|sample| samples[*sample].truths[at]);
            holds
                .flat_map(|sample| (0..samples[sample].count).map(move |n| Binding::from([(sample, n)])))
                .collect()
        }
        Expression::Or(parts) => parts.iter().flat_map(|part| bindings(part, samples)).collect(),
        Expression::And(parts) => parts
            .iter()
            .map(|part| bindings(part, samples))
            .reduce(|one, two| disjoint(&one, &two).into_iter().map(joined).collect())
            .unwrap(),
        Expression::FollowedBy(parts) => parts
            .iter()
            .map(|part| bindings(part, samples))
            .reduce(|one, two| {
                let late = |binding: &Binding| binding.iter().map(|(at, _)| samples[*at].first).max();
                let early = |binding: &Binding| binding.iter().map(|(at, _)| samples[*at].last).min();
                let pairs = disjoint(&one, &two).into_iter();
                pairs.filter(|(a, b)| late(a) <= early(b)).map(joined).collect()
            })
            .unwrap(),
        Expression::Qualified(inner, Qualifier::Repeats(times)) => {
            let once = bindings(inner, samples);
            (1..*times).fold(once.clone(), |all, _| disjoint(&all, &once).into_iter().map(joined).collect())
        }
        Expression::Qualified(inner, Qualifier::Within(seconds)) => {
            let seconds: u32 = seconds.parse().unwrap();
            kept(inner, &|binding| {
                let begin = binding.iter().map(|(at, _)| samples[*at].last).min().unwrap();
                binding.iter().all(|(at, _)| samples[*at].first <= begin + seconds)
            })
        }
        Expression::Qualified(inner, Qualifier::StartStop(start, stop)) => {
            let second = |at: &crate::Timestamp| (at.seconds() % 3600) as u32;
            kept(inner, &|binding| {
                second(start) < second(stop)
                    && binding.iter().all(|(at, _)| {
                        samples[*at].first < second(stop) && samples[*at].last >= second(start)
                    })
            })
        }
    }
}

fn property(comparison: &Comparison) -> usize {
    let Comparison::Test { path, values, .. } = comparison else { panic!("{comparison:?}") };
    assert_eq!(values, &[Literal::Boolean(true)]);
    let Step::Key(key) = &path.steps[0] else { panic!("{path}") };
    key[1..].parse().unwrap()
}

fn sample() -> impl Strategy<Value = Sample> {
    (any::<[bool; 4]>(), 0_u32..8, 0_u32..3, 1_u64..3).prop_map(|(truths, first, long, count)| Sample {
        truths,
        first,
        last: first + long,
        count,
    })
}

fn expression() -> impl Strategy<Value = String> {
    let leaf = (0..4).prop_map(|at| format!("[x:t{at} = true]"));
    leaf.prop_recursive(4, 12, 3, |inner| {
        let joined = |word: &'static str| {
            proptest::collection::vec(inner.clone(), 2..4)
                .prop_map(move |parts| format!("({})", parts.join(&format!(" {word} "))))
        };
        prop_oneof![
            joined("AND"),
            joined("OR"),
            joined("FOLLOWEDBY"),
            (inner.clone(), 1..4).prop_map(|(part, times)| format!("({part}) REPEATS {times} TIMES")),
            (inner.clone(), 1..5).prop_map(|(part, seconds)| format!("({part}) WITHIN {seconds} SECONDS")),
            (inner.clone(), 0..8, 1..6).prop_map(|(part, start, long)| format!(
                "({part}) START t'2026-01-01T12:00:{start:02}Z' STOP t'2026-01-01T12:00:{:02}Z'",
                start + long
            )),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn it_agrees_with_the_definitions_word_for_word(
        text in expression(),
        samples in proptest::collection::vec(sample(), 0..5),
    ) {
        let pattern = parse(&text).unwrap();
        let all = bindings(&pattern.root, &samples);
        let answer = Matcher::new(&pattern).unwrap().matches(&observed(&samples)).unwrap();
        let found = answer.matched.map(|found| found.observations);
        prop_assert_eq!(found.is_some(), !all.is_empty(), "{} gave {:?}, of {:?}", text, found, all);
        if let Some(found) = found {
            let named = |binding: &Binding| binding.iter().map(|(at, _)| *at).collect::<BTreeSet<_>>();
            let found: BTreeSet<usize> = found.into_iter().collect();
            prop_assert!(all.iter().any(|binding| named(binding) == found), "{} by {:?}", text, found);
        }
    }

    #[test]
    fn the_canonical_form_matches_the_same(
        text in expression(),
        samples in proptest::collection::vec(sample(), 0..5),
    ) {
        let pattern = parse(&text).unwrap();
        let canonical = pattern.canonical();
        prop_assert_eq!(&canonical.canonical(), &canonical);
        let observations = observed(&samples);
        let matched = |pattern| Matcher::new(pattern).unwrap().matches(&observations).unwrap().matched.is_some();
        prop_assert_eq!(matched(&canonical), matched(&pattern), "{} and {}", text, canonical);
    }

    #[test]
    fn a_set_answers_as_each_pattern_alone(
        texts in proptest::collection::vec(expression(), 1..6),
        samples in proptest::collection::vec(sample(), 0..5),
    ) {
        let observations = observed(&samples);
        let matchers: Vec<Matcher> = texts.iter().map(|text| Matcher::parse(text).unwrap()).collect();
        let alone: Vec<(usize, Match)> = matchers
            .iter()
            .enumerate()
            .filter_map(|(at, matcher)| Some((at, matcher.matches(&observations).unwrap().matched?)))
            .collect();
        let hits = PatternSet::new(matchers).matches(&observations).hits;
        let together: Vec<(usize, Match)> =
            hits.into_iter().map(|hit| (hit.pattern, hit.matched.unwrap())).collect();
        prop_assert_eq!(together, alone);
    }
}

fn every_second(count: u32) -> Observations {
    let sample = |at: u32| Sample {
        truths: [true, at.is_multiple_of(2), at.is_multiple_of(3), at.is_multiple_of(50)],
        first: at,
        last: at,
        count: 1,
    };
    observed(&(0..count).map(sample).collect::<Vec<_>>())
}

fn matches(pattern: &str, observations: &Observations) -> Result<bool, MatchError> {
    Matcher::parse(pattern).unwrap().matches(observations).map(|answer| answer.matched.is_some())
}

#[test]
fn many_ways_to_combine_do_not_take_long() {
    let observations = every_second(3_000);
    let check = |pattern: &str, expected: bool| {
        assert_eq!(matches(pattern, &observations), Ok(expected), "{pattern}");
    };
    check("[x:t0 = true] REPEATS 3000 TIMES", true);
    check("[x:t0 = true] REPEATS 3001 TIMES", false);
    check("[x:t1 = true] REPEATS 1500 TIMES AND [x:t2 = true] REPEATS 500 TIMES", true);
    check("[x:t1 = true] REPEATS 1500 TIMES AND [x:t2 = true] REPEATS 501 TIMES", false);
    check("[x:t0 = true] REPEATS 100 TIMES WITHIN 99 SECONDS", true);
    check("[x:t0 = true] REPEATS 100 TIMES WITHIN 98 SECONDS", false);
    check("([x:t3 = true] AND [x:t3 = true]) WITHIN 49 SECONDS", false);
    check("([x:t0 = true] FOLLOWEDBY [x:t0 = true]) REPEATS 20 TIMES", true);
    check("([x:t1 = true] FOLLOWEDBY [x:t2 = true]) WITHIN 5 SECONDS", true);
    let all = |word: &str, count: usize| vec!["[x:t0 = true]"; count].join(word);
    check(&all(" AND ", 500), true);
    check(&all(" FOLLOWEDBY ", 12), true);
    check(&all(" OR ", 5_000), true);
}

#[test]
fn what_can_not_be_answered_in_time_is_said_to_be_too_expensive() {
    // Three observations of each of twelve values hold one pair each. Thirteen pairs can't be had, but counting does not
    // show it: 26 of 36 are enough. Every way to give twelve values to thirteen wishes would have to be tried.
    let text = |at: u32| {
        format!(
            r#"{{"type":"observed-data","number_observed":3,"first_observed":"2026-01-01T12:00:00Z","last_observed":"2026-01-01T12:00:00Z","objects":{{"0":{{"type":"x","n":{at}}}}}}}"#
        )
    };
    let texts: Vec<String> = (0..12).map(text).collect();
    let (observations, _) = Observations::read(texts.iter().map(String::as_str));
    let pair = |at: u32| format!("([x:n = {at}] AND [x:n = {at}])");
    let wish = format!("({})", (0..12).map(pair).collect::<Vec<_>>().join(" OR "));
    let wishes = |count: usize| vec![wish.as_str(); count].join(" AND ");
    assert_eq!(matches(&wishes(12), &observations), Ok(true));
    assert_eq!(matches(&wishes(13), &observations), Err(MatchError::TooExpensive { steps: STEPS_MAX }));
    // As repetitions of one wish, the order does not matter, and the answer is found.
    assert_eq!(matches(&format!("{wish} REPEATS 12 TIMES"), &observations), Ok(true));
    assert_eq!(matches(&format!("{wish} REPEATS 13 TIMES"), &observations), Ok(false));
}

#[test]
fn references_in_circles_are_followed_once() {
    let person = |at: usize| {
        let refs: Vec<String> =
            (0..40).map(|other| format!("\"p--00000000-0000-4000-8000-0000000000{other:02}\"")).collect();
        format!(
            r#"{{"type":"p","id":"p--00000000-0000-4000-8000-0000000000{at:02}","knows_refs":[{}]}}"#,
            refs.join(",")
        )
    };
    let people: Vec<String> = (0..40).map(person).collect();
    let observed = r#"{"type":"observed-data","number_observed":1,"first_observed":"2026-01-01T00:00:00Z","last_observed":"2026-01-01T00:00:00Z","object_refs":["p--00000000-0000-4000-8000-000000000000"]}"#;
    let (observations, findings) = Observations::read(people.iter().map(String::as_str).chain([observed]));
    assert_eq!(findings, []);
    let path = "knows_refs[*].".repeat(200);
    assert_eq!(matches(&format!("[p:{path}name = 'nobody']"), &observations), Ok(false));
    assert_eq!(matches(&format!("[p:{path}id LIKE 'p--%39']"), &observations), Ok(true));
}

/// One list of references alone does not fork, it was thought; but it may name one observable a hundred thousand times.
#[test]
fn what_is_named_over_and_over_is_entered_once() {
    let long = format!(
        r#"{{"type":"l","id":"l--00000000-0000-4000-8000-000000000000","l":[{}0]}}"#,
        "0,".repeat(20_000)
    );
    let names = vec![r#""l--00000000-0000-4000-8000-000000000000""#; 100_000].join(",");
    let root = format!(r#"{{"type":"a","id":"a--00000000-0000-4000-8000-000000000000","x_refs":[{names}]}}"#);
    let observed = r#"{"type":"observed-data","number_observed":1,"first_observed":"2026-01-01T00:00:00Z","last_observed":"2026-01-01T00:00:00Z","object_refs":["a--00000000-0000-4000-8000-000000000000"]}"#;
    let (observations, _) = Observations::read([long.as_str(), &root, observed]);
    assert_eq!(matches("[a:x_refs[*].l[*] = -1]", &observations), Ok(false));
    let set = PatternSet::new(vec![Matcher::parse("[a:x_refs[*].l[*] = -1]").unwrap()]);
    assert!(set.matches(&observations).hits.is_empty());
}

#[test]
fn a_chain_that_nobody_could_follow_is_refused_at_once() {
    let chain = |length: usize| Matcher::parse(&vec!["[a:b = 1]"; length].join(" FOLLOWEDBY "));
    assert!(chain(1_001).is_ok());
    assert!(matches!(chain(20_000), Err(CompileError::TooManyFollow)));
}

#[test]
fn a_span_of_a_part_of_a_second_is_exact() {
    let at = |fraction: &str| {
        format!(
            r#"{{"type":"observed-data","number_observed":1,"first_observed":"2026-01-01T00:00:0{fraction}Z","last_observed":"2026-01-01T00:00:0{fraction}Z","objects":{{"0":{{"type":"x","n":1}}}}}}"#
        )
    };
    let (observations, _) = Observations::read([at("0.000").as_str(), &at("1.001")]);
    let within =
        |span: &str| matches(&format!("([x:n = 1] AND [x:n = 1]) WITHIN {span} SECONDS"), &observations);
    assert_eq!(within("1.001"), Ok(true));
    assert_eq!(within("1.0009"), Ok(false));
}

/// One observation of an `x` with these properties.
fn one(properties: &str) -> Observations {
    let text = format!(
        r#"{{"type":"observed-data","number_observed":1,"first_observed":"2026-01-01T00:00:00Z","last_observed":"2026-01-01T00:00:00Z","objects":{{"0":{{"type":"x",{properties}}}}}}}"#
    );
    let (observations, findings) = Observations::read([text.as_str()]);
    assert_eq!(findings, []);
    observations
}

#[test]
fn operators_compare_what_the_specification_says() {
    let observations = one(
        r#""s":"Hällo wörld","l":["a","b",3],"n":12,"f":1.5,"big":9007199254740993,"ip":"2001:db8::7","v4":"10.1.2.3",
           "nl":"one\ntwo","e":{"x":null},"d":{"key with 'quotes'":1},"payload_bin":"AAEC","bad_hex":"xyz","t":"2026-01-01T00:00:00.5Z""#,
    );
    let check = |comparison: &str, expected: bool| {
        assert_eq!(matches(&format!("[{comparison}]"), &observations), Ok(expected), "{comparison}");
    };
    check("x:s LIKE 'H_llo%'", true);
    check("x:s LIKE 'llo'", false);
    check("x:s LIKE '%llo%w_rld'", true);
    check("x:s LIKE '%%%d'", true);
    check("x:s LIKE '%d_'", false);
    check("x:nl LIKE 'one%two'", true);
    check("x:nl MATCHES 'one.two'", true);
    check("x:nl MATCHES '^two'", false);
    check("x:s MATCHES 'w.rld$'", true);
    check("x:s MATCHES '[$]'", false);
    check("x:s MATCHES 'l{2}'", true);
    // Signs to Perl, word boundaries or operators on sets to the library.
    check("x:s MATCHES '\\\\<H'", false);
    check("x:s MATCHES '^[a&&H]'", true);
    check("x:s MATCHES '^[]H]'", true);
    check("x:s MATCHES '^[[:alpha:]$]'", true);
    check("x:s MATCHES '^[^[:digit:]]+$'", true);
    check("x:s MATCHES '[[]'", false);
    check("x:s MATCHES '{}'", false);
    check("x:d MATCHES 'a{,'", false);
    check("x:s MATCHES '^\\\\p{L}{5} '", true);
    check("x:s MATCHES '\\\\x{48}'", true);
    check("x:l[*] = 'b'", true);
    check("x:l[2] = 3", true);
    check("x:l[3] = 3", false);
    check("x:l[-1] = 3", false);
    check("x:l[*] NOT = 'b'", true);
    check("x:l = 'a'", false);
    check("EXISTS x:e", true);
    check("EXISTS x:e.x", true);
    check("EXISTS x:e.y", false);
    check("NOT EXISTS x:e.y", true);
    check("NOT EXISTS y:e", false);
    check("x:d.'key with \\'quotes\\'' = 1", true);
    check("x:n = 12.0", true);
    check("x:n > 11.99", true);
    check("x:f >= 1.5", true);
    check("x:f < 2", true);
    check("x:big = 9007199254740992.0", false);
    check("x:big > 9007199254740992.0", true);
    check("x:n NOT < 'a'", false);
    check("x:n NOT = 'a'", true);
    check("x:n IN ()", false);
    check("x:payload_bin = h'000102'", true);
    check("x:payload_bin = 'AAEC'", false);
    check("x:payload_bin < h'0002'", true);
    check("x:bad_hex != h'00'", false);
    check("x:ip ISSUBSET '2001:db8::/32'", true);
    check("x:ip ISSUBSET '10.0.0.0/8'", false);
    check("x:v4 ISSUBSET '10.1.2.9/24'", true);
    check("x:v4 ISSUPERSET '10.1.2.3/32'", true);
    check("x:s ISSUBSET '10.0.0.0/8'", false);
    check("x:t = t'2026-01-01T00:00:00.500Z'", true);
    check("x:t < t'2026-01-01T00:00:01Z'", true);
}

#[test]
fn what_can_not_be_asked_is_refused_with_the_reason() {
    let check = |pattern: &str, part: &str| {
        let error = Matcher::parse(pattern).unwrap_err().to_string();
        assert!(error.contains(part), "{pattern}: {error}");
    };
    check(r"[x:a MATCHES '(?=a)b']", "look-around");
    check(r"[x:a MATCHES '(a)\\1']", "backreferences");
    check("[x:a MATCHES '(a{1000}){1000}']", "larger than");
    check("[x:a MATCHES '(']", "unclosed group");
    check("[x:a IN (1, 'a')]", "mixes kinds");
    check("[x:a ISSUBSET '10.0.0.0/99']", "neither");
    check("[x:a = 1] WITHIN 0 SECONDS", "greater than 0");
    check("[x:a = 1] START '2026-01-01T00:00:00Z' STOP '2026-01-02T00:00:00Z'", "t'2026");
}

#[test]
fn observed_data_that_is_wrong_is_a_finding_beside_the_answer() {
    let observations = one(r#""a":"yesterday","b":1"#);
    let answer =
        Matcher::parse("[x:a > t'2026-01-01T00:00:00Z' OR x:b = 1]").unwrap().matches(&observations).unwrap();
    assert_eq!(answer.matched, Some(Match { observations: vec![0] }));
    assert_eq!(
        answer.findings.iter().map(|finding| finding.code).collect::<Vec<_>>(),
        ["observed-timestamp"]
    );
    let long = one(&format!(r#""a":"{}""#, "a".repeat(2_000_000)));
    let shape = format!("[x:a LIKE '%{}b']", "a".repeat(600));
    let answer = Matcher::parse(&shape).unwrap().matches(&long).unwrap();
    assert_eq!(answer.findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["observed-too-long"]);
    let bad = |text: &str, code: &str| {
        let (observations, findings) = Observations::read([text]);
        assert!(observations.is_empty());
        assert_eq!(findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), [code], "{text}");
    };
    let times = r#""first_observed":"2026-01-02T00:00:00Z","last_observed":"2026-01-01T00:00:00Z""#;
    bad(r#"{"type":"observed-data","number_observed":0}"#, "number-observed");
    bad(r#"{"type":"observed-data","number_observed":1}"#, "property-missing");
    bad(&format!(r#"{{"type":"observed-data","number_observed":1,{times}}}"#), "observed-backwards");
    bad(r#"{"type":"bundle","objects":[7]}"#, "not-an-object");
    bad(r#"{"type":"observed-data""#, "observed-unreadable");
}
