//! Small inputs that once broke a reader, each with its story. Found by fuzzing.

use std::io::Read;
use std::ops::ControlFlow;

use bongsu_stix::bundle::{self, Item, Limits, read};
use bongsu_stix::head::REFERENCES_MAX;
use bongsu_stix::{pattern, read_head};

/// A source that gives one byte at a time.
struct Dribble<'a>(&'a [u8]);

impl Read for Dribble<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let (Some((first, rest)), Some(place)) = (self.0.split_first(), into.first_mut()) else {
            return Ok(0);
        };
        (*place, self.0) = (*first, rest);
        Ok(1)
    }
}

/// How many objects were handed on, and how many were said to be bad.
fn taken(source: impl Read, limits: &Limits) -> (usize, usize) {
    let (mut good, mut bad) = (0, 0);
    let done = read(source, limits, |item| {
        match item {
            Item::Object { .. } => good += 1,
            Item::Bad { .. } => bad += 1,
        }
        ControlFlow::Continue(())
    });
    done.unwrap();
    (good, bad)
}

/// `..1` was taken for a number of no length, again and again, until memory was full: three bytes in an indicator that any
/// member could post stopped the node.
#[test]
fn points_before_a_number_end_the_pattern_and_not_the_node() {
    for bad in ["..1", "[a:b = ..1]", "[a:b = +..1]", "[a:b = -.]", "[a:b = +-1]", "[a:b = .+1]"] {
        assert!(pattern::parse(bad).is_err(), "{bad}");
    }
    for good in ["[a:b = .5]", "[a:b = +.5]", "[a:b = -1.5]", "[a:b = 1]"] {
        assert!(pattern::parse(good).is_ok(), "{good}");
    }
}

/// The mark was looked for in the first read alone, so a source that gave two bytes first made the file unreadable.
#[test]
fn a_byte_order_mark_is_taken_however_the_bytes_come() {
    let bundle = "\u{feff}{\"type\":\"bundle\",\"objects\":[{\"type\":\"x-a\"}]}";
    assert_eq!(taken(bundle.as_bytes(), &Limits::default()), (1, 0));
    assert_eq!(taken(Dribble(bundle.as_bytes()), &Limits::default()), (1, 0));
    assert!(read(&b"\xef\xbb{}"[..], &Limits::default(), |_| ControlFlow::Continue(())).is_err());
}

/// A bare object that was cut to the limit passed for an empty bundle and was gone; one a little over it was handed on.
#[test]
fn a_bare_object_over_the_limit_is_always_said_to_be() {
    let limited = |object_bytes_max| Limits { object_bytes_max, ..Limits::default() };
    for (limit, text) in [(1, "{\"a\":1}"), (8, "{\"a\":12 }"), (8, "{       \"a\":1}")] {
        assert_eq!(taken(text.as_bytes(), &limited(limit)), (0, 1), "{limit}: {text}");
    }
    assert_eq!(taken(&b"{\"a\":12}"[..], &limited(8)), (1, 0), "just at the limit");
}

#[test]
fn references_deep_inside_count_for_the_limit() {
    let with = |count: usize| {
        let id = "tool--11111111-1111-4111-8111-111111111111";
        let ids = vec![format!("\"{id}\""); count].join(",");
        read_head(&format!(
            r#"{{"type":"tool","id":"{id}","x_parts":[{{"a_refs":[{ids}],"b_ref":"{id}"}}]}}"#
        ))
    };
    let found = with(2).unwrap().references;
    assert!(found.len() == 3 && found.iter().all(|reference| !reference.role.essential()), "{found:?}");
    assert!(with(REFERENCES_MAX - 1).is_ok());
    assert_eq!(with(REFERENCES_MAX).unwrap_err().code, "references-too-many");
}

/// Properties of custom types may end in `_refs` without holding ids; a number in one made the object unreadable.
#[test]
fn custom_references_may_hold_anything_and_are_checked_all_the_same() {
    let with = |value: &str| {
        let id = "x-a--11111111-1111-4111-8111-111111111111";
        read_head(&format!(r#"{{"type":"x-a","id":"{id}","x_refs":{value}}}"#))
    };
    for good in ["[1]", "[\"a\",null,true,{\"b\":[2.5]}]", "[]", "[[\"c\"]]"] {
        assert!(with(good).is_ok(), "{good}");
    }
    assert!(with("[{\"a\":1,\"a\":2}]").is_err(), "a key twice is a key twice, wherever it stands");
    assert!(with(&format!("{}1{}", "[".repeat(500), "]".repeat(500))).is_err(), "nor is depth free there");
}

/// Brackets and the qualifiers behind them were limited apart: a hundred of each in each other made a tree of 10,000 levels,
/// and whoever looked at an object beside it took the node down by the depth of its stack.
#[test]
fn qualifiers_are_limited_through_all_brackets() {
    let nested = |brackets: usize, qualifiers: usize| {
        let mut text = "[a:b = 1]".to_owned();
        for _ in 0..brackets {
            text = format!("({text}{})", " REPEATS 2 TIMES".repeat(qualifiers));
        }
        pattern::parse(&text)
    };
    assert!(nested(100, 100).is_err());
    assert!(nested(60, 2).is_err());
    let deepest = nested(100, 1).unwrap();
    assert_eq!(deepest.canonical().to_string(), deepest.to_string());
    let wide = vec!["[a:b = 1] REPEATS 2 TIMES"; 500].join(" OR ");
    assert!(pattern::parse(&wide).is_ok(), "those beside one another do not add up");
}

/// Each level of brackets printed all that is in it once more: a pattern of 950 KB kept a node busy for seconds.
#[test]
fn the_canonical_form_of_deep_patterns_is_made_level_by_level() {
    let operands: Vec<String> = (0..2_000).map(|n| format!("a:b = {n}")).collect();
    let mut text = operands.join(" OR ");
    for level in 0..90 {
        let (word, brackets) = if level % 2 == 0 { ("AND", "OR") } else { ("OR", "AND") };
        text = format!("({text}) {word} (a:c = {level} {brackets} a:d = {level})");
    }
    let one = pattern::parse(&format!("[{text}]")).unwrap().canonical();
    assert_eq!(one, one.canonical());
}

/// The scanner stopped counting at a million levels, so the first bracket that closed ended the value.
#[test]
fn what_stands_behind_a_very_deep_value_is_kept() {
    let deep = format!("{}{}", "[".repeat(1_000_010), "]".repeat(1_000_010));
    let bundle = format!(r#"{{"type":"bundle","objects":[{{"type":"x-a","x":{deep}}},{{"type":"x-b"}}]}}"#);
    assert_eq!(taken(bundle.as_bytes(), &Limits::default()), (2, 0));
}

/// A long key in one object ended the reading of all that came behind it.
#[test]
fn a_long_key_is_no_more_than_a_long_key() {
    let key = "k".repeat(5_000);
    let lines = format!("{{\"{key}\":1}}\n{{\"type\":\"x-b\"}}\n");
    assert_eq!(taken(lines.as_bytes(), &Limits::default()), (2, 0));
    let limits = Limits { object_bytes_max: 1_000, ..Limits::default() };
    assert_eq!(taken(lines.as_bytes(), &limits), (1, 1));
    let bundle = format!(r#"{{"type":"bundle","{key}":1,"objects":[{{"type":"x-a"}}]}}"#);
    assert_eq!(taken(bundle.as_bytes(), &limits), (1, 0));
}

/// Each finding printed its whole path: 185 KB of text made minutes of work and gigabytes of words.
#[test]
fn findings_without_end_are_cut_but_never_the_first_error() {
    let keys: String = (0..90).map(|_| format!("{{\"{}\":", "k".repeat(60))).collect();
    let id = "x-a--11111111-1111-4111-8111-111111111111";
    let raw = format!(
        r#"{{"type":"x-a","id":"{id}","spec_version":"2.1","created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z","x":{keys}[{}]{}}}"#,
        vec!["[]"; 60_000].join(","),
        "}".repeat(90)
    );
    let mut bytes = 0;
    bongsu_stix::validate(&raw, &mut |finding| bytes += finding.path.len() + finding.message.len());
    assert!((1_000..4_000_000).contains(&bytes), "{bytes} bytes");

    let warnings: String = (0..3_000).map(|n| format!("\"kkk{n}\":1,")).collect();
    let raw = format!(
        r#"{{"type":"tool","id":"tool--11111111-1111-4111-8111-111111111111","spec_version":"2.1","created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z","name":"x",{warnings}"x_z":[]}}"#
    );
    let mut last = None;
    bongsu_stix::validate(&raw, &mut |finding| last = Some(finding));
    assert_eq!(last.map(|finding| finding.code), Some("list-empty"));
}

/// Each `1` of an envelope was told with its place and time, in a hundred times its bytes and more: an envelope of 10 MB took 2 GiB.
#[test]
fn an_envelope_of_millions_of_nothings_is_none_and_one_of_a_few_is_told_one_by_one() {
    let envelope =
        |element: &str, count: usize| format!(r#"{{"objects":[{}]}}"#, vec![element; count].join(","));
    for element in ["1", "{}", "\"\""] {
        let few = envelope(element, 10_000);
        assert_eq!(bundle::envelope(&few).unwrap().len(), 10_000);
        let finding = bundle::envelope(&envelope(element, 10_001)).unwrap_err();
        assert!(finding.to_string().contains("too short to be objects"), "{finding}");
    }
    let shortest = r#"{"type":"a","id":"a--00000000-0000-4000-8000-000000000000"}"#;
    assert_eq!(bundle::envelope(&envelope(shortest, 50_000)).unwrap().len(), 50_000);
    for no_list in [r#"{"objects":1}"#, r#"{"objects":{}}"#, r#"{"objects":[1,]}"#] {
        bundle::envelope(no_list).unwrap_err();
    }
}
