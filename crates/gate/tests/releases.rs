//! What reaches whom through a real line, and that nothing shows of what does not.

use base64::Engine as _;
use bongsu_gate::{Query, REDACTION, Submitted, VersionMatch};
use policy::{Entry, Level, Rule, Terms};
use proptest::prelude::*;
use serde_json::{Value, json};
use stix::Tlp;

use crate::node::{self, A, B, C, Node, at, circle, indicator, marked, object};

#[test]
fn each_sees_what_it_may_and_the_end_of_it_is_the_end() {
    let node = Node::new();
    node.share(A, &Terms::default(), &[indicator(1), marked(indicator(2), Tlp::AmberStrict), indicator(3)]);
    node.share(A, &Terms { recipients: vec![B], ..Terms::default() }, &[indicator(4)]);
    assert_eq!(node.sees(A), [1, 2, 3, 4]);
    assert_eq!(node.sees(B), [1, 2, 3, 4]);
    assert_eq!(node.sees(C), [1, 3], "clearance AMBER");
    let page = node.reader(C).page(&Query { limit: 2, ..Query::default() }).unwrap();
    assert_eq!(page.next, None, "what C may not see is not `more`");
    let one = node.reader(C).page(&Query { limit: 1, ..Query::default() }).unwrap();
    let next = Query { limit: 1, after: one.next.unwrap(), ..Query::default() };
    assert_eq!(node.reader(C).page(&next).unwrap().items.len(), 1);
    assert_eq!(node.reader(C).manifest(&Query { limit: 9, ..Query::default() }).unwrap().items.len(), 2);
}

#[test]
fn a_page_ends_where_its_room_does_and_the_next_begins_there() {
    let node = Node::new();
    // Small ones, by which it is judged how many more fit, then large ones, then small ones again.
    let long = |number: u128| {
        let mut object = indicator(number);
        object["description"] = "long ".repeat(1_000).into();
        object
    };
    let objects: Vec<Value> = (0..600)
        .map(|number| if (200..300).contains(&number) { long(number) } else { indicator(number) })
        .collect();
    node.share(A, &Terms::default(), &objects);
    let lengths: Vec<usize> = objects.iter().map(|object| object.to_string().len()).collect();
    for room in [1, 1_000, 60_000, 100_000, 400_000, usize::MAX] {
        let mut query = Query { limit: 500, bytes_max: Some(room), ..Query::default() };
        let mut seen = 0;
        loop {
            let page = node.reader(C).page(&query).unwrap();
            let count = page.items.len();
            let bytes = |count: usize| lengths[seen..seen + count].iter().sum::<usize>();
            assert!(
                count == 500 || seen + count == 600 || bytes(count) >= room,
                "{room}: {count} of them fit"
            );
            assert!(count > 0 && (count == 1 || bytes(count - 1) < room), "{room}: {count} are too many");
            for item in page.items {
                assert_eq!(item.into_inner().raw, objects[seen].to_string());
                seen += 1;
            }
            match page.next {
                Some(next) => query.after = next,
                None => break,
            }
        }
        assert_eq!(seen, 600, "{room}");
    }
}

#[test]
fn over_the_ceiling_is_refused_at_once_and_held_when_the_ceiling_sinks() {
    let node = Node::new();
    let told = node.try_share(A, &Terms::default(), &[marked(indicator(1), Tlp::Red), indicator(2)]);
    assert_eq!(told[0], Submitted::Forbidden(Rule::TlpOverCeiling));
    assert!(matches!(told[1], Submitted::Appended { .. }));
    node.share(A, &Terms::default(), &[marked(indicator(3), Tlp::AmberStrict)]);
    assert_eq!(node.sees(B), [2, 3]);
    let mut lower = circle();
    lower.ceiling = Tlp::Green;
    node.gate.record(A, Entry::Circle(lower)).unwrap();
    assert_eq!(node.sees(B), [2], "unmarked counts as GREEN now");
}

#[test]
fn a_relationship_waits_for_its_ends_and_comes_once() {
    let node = Node::new();
    let between = object(
        "relationship",
        5,
        json!({"relationship_type": "indicates",
        "source_ref": node::id("indicator", 1), "target_ref": node::id("malware", 2)}),
    );
    node.share(A, &Terms::default(), &[between, indicator(1)]);
    assert_eq!(node.sees(B), [1]);
    assert_eq!(node.held(B), [(5, Rule::EndNotReleasable)]);
    let cursor = node.reader(B).head();
    node.share(A, &Terms::default(), &[object("malware", 2, json!({"name": "m", "is_family": true}))]);
    let later = node.reader(B).page(&Query { after: cursor, limit: 10, ..Query::default() }).unwrap();
    let mut new: Vec<u128> = later.items.iter().map(|item| node::number(&item.get().id)).collect();
    new.sort_unstable();
    assert_eq!(new, [2, 5], "a cursor that went by it comes to it");
    assert_eq!(node.sees(B), [1, 2, 5], "and nobody sees it twice");
}

#[test]
fn an_end_that_may_not_go_holds_the_relationship_back() {
    let node = Node::new();
    let secret = marked(object("malware", 2, json!({"name": "m", "is_family": true})), Tlp::AmberStrict);
    let between = object(
        "relationship",
        5,
        json!({"relationship_type": "indicates",
        "source_ref": node::id("indicator", 1), "target_ref": node::id("malware", 2)}),
    );
    node.share(A, &Terms::default(), &[indicator(1), secret, between]);
    assert_eq!((node.sees(B), node.sees(C)), (vec![1, 2, 5], vec![1]));
}

#[test]
fn a_report_loses_what_it_may_not_name_and_says_so_signed() {
    let node = Node::new();
    let report = |n, refs: &[String]| {
        // The sender's own word of a redaction does not stand beside the node's.
        object(
            "report",
            n,
            json!({"name": "r", "object_refs": refs, "extensions": {
                REDACTION: {"extension_type": "property-extension", "node": "forged"},
                "x-other-ext": {"kept": " as it came"},
            }}),
        )
    };
    let (open, secret) = (node::id("indicator", 1), node::id("indicator", 2));
    node.share(
        A,
        &Terms::default(),
        &[
            indicator(1),
            marked(indicator(2), Tlp::AmberStrict),
            report(3, &[open.clone(), secret.clone()]),
            report(4, std::slice::from_ref(&secret)),
        ],
    );
    assert_eq!(node.sees(C), [1, 3]);
    assert_eq!(node.held(C), [(2, Rule::TlpOverClearance), (4, Rule::NothingLeft)]);
    let copy = node.text(C, "report", 3);
    assert!(!copy.contains(&secret), "{copy}");
    let mut value: Value = serde_json::from_str(&copy).unwrap();
    assert_eq!(value["object_refs"], json!([open]));
    assert_eq!(value["extensions"][REDACTION]["node"], "tower.test");
    assert_eq!(value["extensions"]["x-other-ext"]["kept"], " as it came");
    let signature = value["extensions"][REDACTION].as_object_mut().unwrap().remove("signature").unwrap();
    let signature = base64::engine::general_purpose::STANDARD.decode(signature.as_str().unwrap()).unwrap();
    let key = ed25519_dalek::VerifyingKey::from_bytes(&node.gate.key().public()).unwrap();
    let canonical = serde_json_canonicalizer::to_vec(&value).unwrap();
    key.verify_strict(&canonical, &ed25519_dalek::Signature::from_slice(&signature).unwrap()).unwrap();
    assert!(!copy.contains("forged") && copy.matches(REDACTION).count() == 1, "{copy}");
    assert!(node.text(B, "report", 3).contains("forged"), "B gets it as it came");
}

#[test]
fn parts_under_a_stricter_mark_are_absent_and_unreadable_marks_hold() {
    let node = Node::new();
    let granular = |n, selector: Value| {
        let mark = Tlp::AmberStrict.definition_id().to_string();
        let mut object = indicator(n);
        object["description"] = json!("canary");
        object["granular_markings"] = json!([{"marking_ref": mark, "selectors": [selector]}]);
        object
    };
    node.share(A, &Terms::default(), &[granular(1, json!("description")), granular(2, json!(7))]);
    assert_eq!((node.sees(B), node.sees(C)), (vec![1], vec![1]));
    assert_eq!(node.held(C), [(2, Rule::MarkingMalformed)]);
    assert!(node.text(B, "indicator", 1).contains("canary"));
    let copy = node.text(C, "indicator", 1);
    assert!(!copy.contains("canary") && !copy.contains("granular"), "{copy}");
}

#[test]
fn a_source_that_is_not_to_be_named_stands_under_a_pseudonym() {
    let node = Node::new();
    let source = node::id("identity", 9);
    let identity = object("identity", 9, json!({"name": "canary"}));
    let mut made = indicator(1);
    made["created_by_ref"] = json!(source);
    node.share(A, &Terms { pseudonymise: true, ..Terms::default() }, &[identity, made]);
    assert_eq!(node.sees(B), [1]);
    assert_eq!(node.held(B), [(9, Rule::SourceNamed)]);
    let copy = node.text(B, "indicator", 1);
    assert!(!copy.contains(&source) && copy.contains("identity--"), "{copy}");
    assert_eq!(node.text(C, "indicator", 1), copy, "the same pseudonym for all");
    assert!(node.text(A, "indicator", 1).contains(&source), "the source sees its own");
}

/// An import that ran each night without terms lifted the embargo of what it found there.
#[test]
fn terms_stay_until_others_are_said() {
    let node = Node::new();
    node.share(A, &Terms { embargo_until: Some(at(2_000)), ..Terms::default() }, &[indicator(1)]);
    assert_eq!(node.try_share(A, &Terms::default(), &[indicator(1)]), [Submitted::Present]);
    assert_eq!(node.sees(B), []);
    node.share(A, &Terms { recipients: vec![B], ..Terms::default() }, &[indicator(1)]);
    assert_eq!((node.sees(B), node.sees(C)), (vec![1], vec![]), "said in so many words, others hold");
}

#[test]
fn an_embargo_ends_for_cursors_that_went_by_too() {
    let mut node = Node::new();
    node.share(A, &Terms { embargo_until: Some(at(2_000)), ..Terms::default() }, &[indicator(1)]);
    node.share(A, &Terms::default(), &[indicator(2)]);
    assert_eq!((node.sees(A), node.sees(B)), (vec![1, 2], vec![2]));
    let cursor = node.reader(B).head();
    assert_eq!(node.gate.announce_due(node.now).unwrap(), 0);
    node.now = at(2_000);
    node.clock.store(2_000_000_000, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(node.gate.announce_due(node.now).unwrap(), 1);
    assert_eq!(node.gate.announce_due(node.now).unwrap(), 0);
    let later = node.reader(B).page(&Query { after: cursor, limit: 10, ..Query::default() }).unwrap();
    assert_eq!(later.items.len(), 1);
    assert_eq!(node.sees(B), [1, 2]);
    let node = node.reopened();
    assert_eq!(node.gate.announce_due(at(2_000)).unwrap(), 0, "nor after a restart");
}

/// A clock that is set back holds again what was announced: who came by meanwhile must get it when the date comes once more.
#[test]
fn a_clock_that_is_set_back_makes_no_cursor_miss_what_was_embargoed() {
    for restarts in [0, 1, 2] {
        let mut node = Node::new();
        let turn = |node: &mut Node, now: i64| {
            node.now = at(now);
            node.clock.store(now * 1_000_000, std::sync::atomic::Ordering::SeqCst);
            node.gate.announce_due(node.now).unwrap()
        };
        node.share(A, &Terms { embargo_until: Some(at(2_000)), ..Terms::default() }, &[indicator(1)]);
        assert_eq!(turn(&mut node, 2_000), 1);
        assert_eq!(node.sees(B), [1], "the date has come");
        if restarts > 0 {
            node = node.reopened();
        }
        assert_eq!(turn(&mut node, 1_500), 0, "set back");
        node.share(A, &Terms::default(), &[indicator(2)]);
        assert_eq!(node.sees(B), [2], "by this clock the date has not come, whatever was decided before");
        let cursor = node.reader(B).head();
        if restarts > 1 {
            node = node.reopened();
        }
        assert_eq!(turn(&mut node, 1_999), 0);
        assert_eq!(turn(&mut node, 2_001), 1, "{restarts} restarts");
        let later = node.reader(B).page(&Query { after: cursor, limit: 10, ..Query::default() }).unwrap();
        assert_eq!(later.items.len(), 1, "it comes to those who went by it");
        assert_eq!(turn(&mut node, 2_002), 0);
    }
}

/// Nodes beside one database have clocks that differ a little: who takes over may be behind the newest record, and announced all that had
/// been under embargo in two days once more.
#[test]
fn a_clock_that_is_a_little_behind_the_line_announces_only_what_has_just_ended_again() {
    let mut node = Node::new();
    let turn = |node: &mut Node, now: i64| {
        node.now = at(now);
        node.clock.store(now * 1_000_000, std::sync::atomic::Ordering::SeqCst);
        node.gate.announce_due(node.now).unwrap()
    };
    let until = |seconds| Terms { embargo_until: Some(at(seconds)), ..Terms::default() };
    node.share(A, &until(2_000), &[indicator(1)]);
    node.share(A, &until(3_000), &[indicator(2)]);
    assert_eq!((turn(&mut node, 2_000), turn(&mut node, 3_000)), (1, 1));
    node.share(A, &Terms::default(), &[indicator(3)]);
    // The other node takes over: its clock is behind, and nothing is known to it of what was announced.
    node = node.reopened();
    assert_eq!(turn(&mut node, 2_998), 0, "by this clock the second has not ended");
    node.share(A, &Terms::default(), &[indicator(4)]);
    assert_eq!(turn(&mut node, 3_000), 1, "it ends, for those who went by it here");
    // Another one, once it has ended by its clock too: a cursor may have gone by it there.
    node.clock.store(3_002_000_000, std::sync::atomic::Ordering::SeqCst);
    node.share(A, &Terms::default(), &[indicator(5)]);
    node = node.reopened();
    assert_eq!(turn(&mut node, 3_001), 1, "but not what ended long before");
    assert_eq!(turn(&mut node, 3_001), 0);
    // Long after that nothing is announced again, however little behind.
    node.clock.store(4_000_000_000, std::sync::atomic::Ordering::SeqCst);
    node.share(A, &Terms::default(), &[indicator(6)]);
    node = node.reopened();
    assert_eq!(turn(&mut node, 3_999), 0);
    // A clock that is farther behind was set back.
    node = node.reopened();
    assert_eq!(turn(&mut node, 3_980), 2);
}

/// Times of records grow whatever the clock does, and what ends is judged by them for as long as the clock may have been set back.
#[test]
fn what_has_ended_stays_so_when_the_clock_is_set_back_by_a_day() {
    let node = Node::new();
    let day = 86_400;
    let time = |seconds: i64| node.clock.store(seconds * 1_000_000, std::sync::atomic::Ordering::SeqCst);
    let say = || node.gate.record(policy::MemberId::NODE, policy::Entry::Circle(node::circle())).unwrap();
    time(10 * day);
    say();
    assert_eq!(node.gate.ends_by(at(9 * day)), at(10 * day));
    assert_eq!(node.gate.ends_by(at(11 * day)), at(11 * day));
    time(9 * day);
    say();
    assert!(node.gate.ends_by(at(9 * day)) > at(10 * day), "an entry's time is behind the one before it");
    assert_eq!(
        node.gate.ends_by(at(5 * day)),
        at(5 * day),
        "so far ahead were only entries of a wrong clock"
    );
}

#[test]
fn a_newer_version_that_may_not_go_does_not_take_the_older_one_away() {
    let node = Node::new();
    let version = |n: u32, tlp| {
        let mut object = marked(indicator(1), tlp);
        object["modified"] = json!(format!("2026-01-0{n}T00:00:00.000Z"));
        object["name"] = json!(format!("v{n}"));
        object
    };
    node.share(
        A,
        &Terms::default(),
        &[version(2, Tlp::Green), version(3, Tlp::AmberStrict), version(4, Tlp::Green)],
    );
    assert!(node.text(B, "indicator", 1).contains("v4"));
    node.share(A, &Terms::default(), &[version(5, Tlp::AmberStrict)]);
    assert!(node.text(B, "indicator", 1).contains("v5"));
    assert!(node.text(C, "indicator", 1).contains("v4"));
    let versions = |member, which| {
        let query = Query { versions: vec![which], limit: 10, ..Query::default() };
        node.reader(member).manifest(&query).unwrap().items.len()
    };
    assert_eq!((versions(B, VersionMatch::All), versions(C, VersionMatch::All)), (4, 2));
    assert_eq!((versions(B, VersionMatch::First), versions(C, VersionMatch::First)), (1, 1));
}

#[test]
fn what_is_withdrawn_is_gone_and_only_its_sender_withdraws() {
    let node = Node::new();
    node.share(A, &Terms::default(), &[indicator(1)]);
    let id = [stix::ObjectId::parse(&node::id("indicator", 1)).unwrap()];
    let told = node.gate.withdraw(B, node::CIRCLE, &id, "no").unwrap();
    assert!(matches!(told[0], Submitted::Refused(_)));
    assert_eq!(node.sees(B), [1]);
    node.gate.withdraw(A, node::CIRCLE, &id, "a mistake").unwrap();
    assert!(node.sees(B).is_empty() && node.sees(A).is_empty());
}

#[test]
fn strangers_and_unknown_circles_are_answered_alike_and_the_book_survives() {
    let node = Node::new();
    let mut alone = circle();
    alone.members = vec![A];
    node.gate.record(A, Entry::Circle(alone)).unwrap();
    let request = |member, circle| policy::Request { member, circle, ..node.request(B, Level::Exchange) };
    assert!(node.gate.reader(request(B, node::CIRCLE)).is_err());
    assert!(node.gate.reader(request(B, policy::CircleId::new(uuid::Uuid::from_u128(77)))).is_err());
    let node = node.reopened();
    assert!(node.gate.reader(node.request(B, Level::Exchange)).is_err(), "after a restart as well");
    assert!(node.gate.reader(node.request(A, Level::Exchange)).is_ok());
}

#[test]
fn a_dry_run_says_what_then_happens() {
    let node = Node::new();
    let between = object(
        "relationship",
        5,
        json!({"relationship_type": "indicates",
        "source_ref": node::id("indicator", 1), "target_ref": node::id("indicator", 2)}),
    );
    let objects = [indicator(1), marked(indicator(2), Tlp::AmberStrict), between];
    let rows = node.dry_run(&Terms::default(), &objects).rows;
    let told: Vec<_> = rows.iter().map(|row| (row.member, node::number(&row.object), row.rule)).collect();
    node.share(A, &Terms::default(), &objects);
    for member in [B, C] {
        let goes: Vec<u128> =
            told.iter().filter(|row| row.0 == member && row.2 == Rule::Circle).map(|row| row.1).collect();
        assert_eq!(goes, node.sees(member));
    }
    assert!(told.contains(&(C, 2, Rule::TlpOverClearance)) && told.contains(&(C, 5, Rule::EndNotReleasable)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn pages_of_any_size_give_everything_once_whoever_writes_meanwhile(
        marks in prop::collection::vec(0..4_usize, 1..40),
        limits in prop::collection::vec(1..7_usize, 1..8),
        batch in 1..10_usize,
    ) {
        let node = Node::new();
        let mut waiting: Vec<Value> =
            marks.iter().enumerate().map(|(n, mark)| marked(indicator(n as u128 + 1), Tlp::ALL[*mark])).collect();
        let expected: Vec<u128> =
            marks.iter().enumerate().filter(|(_, mark)| **mark < 3).map(|(n, _)| n as u128 + 1).collect();
        let mut query = Query::default();
        let (mut got, mut limits) = (Vec::new(), limits.into_iter().cycle());
        loop {
            let fresh: Vec<Value> = waiting.drain(..batch.min(waiting.len())).collect();
            node.share(A, &Terms::default(), &fresh);
            query.limit = limits.next().unwrap();
            let page = node.reader(C).page(&query).unwrap();
            got.extend(page.items.iter().map(|item| node::number(&item.get().id)));
            if let Some(last) = page.items.last() {
                query.after = last.get().seq;
            }
            if waiting.is_empty() && page.next.is_none() {
                break;
            }
        }
        prop_assert_eq!(got, expected);
    }
}

#[test]
fn what_was_hidden_and_has_expired_stays_taken_out_of_what_names_it() {
    let mut node = Node::new();
    let hidden = Terms { recipients: vec![B], expires: Some(at(2_000)), ..Terms::default() };
    node.share(A, &hidden, &[indicator(1)]);
    node.share(A, &Terms::default(), &[indicator(2)]);
    let refs = json!({"name": "n", "published": "2026-01-01T00:00:00.000Z", "object_refs": [node::id("indicator", 1), node::id("indicator", 2)]});
    node.share(A, &Terms::default(), &[object("report", 3, refs)]);
    for seconds in [1_000, 3_000] {
        node.now = at(seconds);
        let copy = node.text(C, "report", 3);
        let names = |number| copy.contains(&node::id("indicator", number));
        assert!(!names(1) && names(2), "at {seconds}: {copy}");
    }
}
