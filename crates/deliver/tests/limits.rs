//! Lists for devices that do not hold everything: never more than they hold, and what matters most first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bongsu_deliver::list::Form;
use bongsu_deliver::{Artefact, Deliver, DeliverError, Devices, Options};
use gate::{Gate, NodeKey, Submission};
use line::Store;
use policy::{Circle, CircleId, Entry, Level, Member, MemberId, Terms};
use proptest::prelude::*;
use serde_json::{Value, json};
use stix::Timestamp;
use uuid::Uuid;
use watch::guard::Decay;
use watch::{Context, Kind, Lists};

const SENDER: MemberId = MemberId::new(Uuid::from_u128(1));
const GETS: MemberId = MemberId::new(Uuid::from_u128(2));
const CIRCLE: CircleId = CircleId::new(Uuid::from_u128(3));
const DEVICE: &str = "[[device]]\nname = \"small\"\ntitle = \"t\"\nsource = \"s\"\n";

fn now() -> Timestamp {
    Timestamp::parse("2026-09-02T06:00:00Z").unwrap()
}

fn id(object_type: &str, number: u128) -> String {
    format!("{object_type}--{}", Uuid::from_u128(0x4000_8000_0000_0000_0000 + number))
}

fn object(object_type: &str, number: u128, more: Value) -> Value {
    let date = "2026-01-01T00:00:00.000Z";
    let mut object = json!({"type": object_type, "spec_version": "2.1", "id": id(object_type, number), "created": date, "modified": date});
    object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    object
}

fn link(number: u128, kind: &str, from: &str, to: &str) -> Value {
    object("relationship", number, json!({"relationship_type": kind, "source_ref": from, "target_ref": to}))
}

fn indicator(number: u128, pattern: &str, confidence: u8, days: i64) -> Value {
    let from = Timestamp::from_micros(now().micros() - days * 86_400_000_000);
    object(
        "indicator",
        number,
        json!({"pattern": pattern, "pattern_type": "stix", "confidence": confidence, "valid_from": from.to_string()}),
    )
}

fn submissions(objects: &[Value]) -> Vec<Submission> {
    let raw = objects.iter().map(ToString::to_string);
    raw.map(|raw| Submission { head: stix::read_head(&raw).unwrap(), raw }).collect()
}

fn delivering(dir: &tempfile::TempDir, devices: &str, objects: &[Value]) -> Deliver {
    let store = Store::open(dir.path(), &line::Options::default(), Arc::new(|| now().micros())).unwrap();
    let gate = Gate::open(store, NodeKey::new("tower.test", &[7; 32])).unwrap();
    let member = |id, handle: &str| Member { level: Level::Exchange, ..Member::new(id, handle) };
    let gets =
        Member { sectors: vec!["energy".to_owned()], country: Some("kr".to_owned()), ..member(GETS, "gets") };
    for member in [member(SENDER, "sender"), gets] {
        gate.record(MemberId::NODE, Entry::Member(member)).unwrap();
    }
    let circle = Circle { members: vec![SENDER, GETS], ..Circle::new(CIRCLE, "region") };
    gate.record(MemberId::NODE, Entry::Circle(circle)).unwrap();
    gate.submit(SENDER, CIRCLE, &Terms::default(), submissions(objects), now()).unwrap();
    let deliver = Deliver::new(gate, Some(Lists::none()), "tower.test".to_owned(), Arc::new(now));
    deliver.knowing(Devices::with(devices).unwrap())
}

fn text(artefact: &Artefact) -> &str {
    std::str::from_utf8(&artefact.body).unwrap()
}

/// The values of a list, without comments and a table's head.
fn values(artefact: &Artefact) -> Vec<String> {
    let is_table = artefact.content_type.starts_with("text/csv");
    let lines = text(artefact).lines().skip(usize::from(is_table)).filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split(',').next().unwrap().to_owned()).collect()
}

#[derive(Debug, Clone)]
struct Limited {
    entries: Option<usize>,
    domains: Option<usize>,
    line: Option<usize>,
    bytes: Option<usize>,
    networks: bool,
    comments: bool,
}

fn limits() -> impl Strategy<Value = Limited> {
    let most = |most: usize| prop_oneof![1 => Just(None), 2 => (0..most).prop_map(Some)];
    (most(24), most(12), most(30), most(500), any::<bool>(), any::<bool>()).prop_map(
        |(entries, domains, line, bytes, networks, comments)| Limited {
            entries,
            domains,
            line,
            bytes,
            networks,
            comments,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn never_more_than_the_device_holds_and_never_less_of_what_matters(
        shared in prop::collection::vec((0_usize..3, 20_u8..=100, 0_i64..100, 1_usize..20), 1..24),
        limits in limits(),
        form in prop_oneof![Just(Form::Plain), Just(Form::Bare), Just(Form::Csv)],
        all_kinds in any::<bool>(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let (mut objects, mut points) = (Vec::new(), BTreeMap::new());
        for (number, (sort, confidence, days, length)) in shared.iter().enumerate() {
            let (kind, value) = match sort {
                0 => (Kind::Domain, format!("{}{number}.evil.top", "x".repeat(*length))),
                1 => (Kind::Ipv4, format!("45.10.20.{number}")),
                _ => (Kind::Ipv4, format!("45.11.{number}.0/24")),
            };
            let path = if kind == Kind::Domain { "domain-name" } else { "ipv4-addr" };
            objects.push(indicator(number as u128, &format!("[{path}:value = '{value}']"), *confidence, *days));
            let from = Timestamp::from_micros(now().micros() - days * 86_400_000_000);
            let context = Context { confidence: Some(*confidence), valid_from: Some(from), ..Context::new(now(), 0) };
            points.insert(value, (Decay::of(kind).faded(&context).round() as u32, from, kind));
        }
        let mut device = DEVICE.to_owned() + &format!("networks = {}\ncomments = {}\n", limits.networks, limits.comments);
        for (name, most) in [("entries", limits.entries), ("line_bytes", limits.line), ("bytes", limits.bytes)] {
            device += &most.map_or_else(String::new, |most| format!("{name} = {most}\n"));
        }
        device += &limits.domains.map_or_else(String::new, |most| format!("entries_of = {{ domain = {most} }}\n"));
        let deliver = delivering(&dir, &device, &objects);
        let kind = (!all_kinds).then_some(Kind::Domain);
        let list = |left_out| {
            let options = Options { device: Some("small".to_owned()), left_out, ..Options::default() };
            deliver.list_with(GETS, (kind, form), &options, true).unwrap()
        };
        let (kept_list, out_list) = (list(false), list(true));
        let (kept, out) = (values(&kept_list), values(&out_list));
        prop_assert_eq!(&list(false).body, &kept_list.body, "the same each time");

        let of = |value: &String| points[value];
        let whole: BTreeSet<&String> = points.keys().filter(|value| kind.is_none_or(|kind| of(value).2 == kind)).collect();
        prop_assert_eq!(kept.iter().chain(&out).collect::<BTreeSet<_>>(), whole.clone());
        prop_assert_eq!(kept.len() + out.len(), whole.len());
        let said = kept_list.left_out.unwrap();
        prop_assert_eq!((said.kept, said.left_out), (kept.len(), out.len()));

        let domains = kept.iter().filter(|value| of(value).2 == Kind::Domain).count();
        prop_assert!(domains <= limits.domains.unwrap_or(usize::MAX));
        let most = if all_kinds { limits.entries } else { limits.domains.or(limits.entries) };
        prop_assert!(kept.len() <= most.unwrap_or(usize::MAX));
        prop_assert!(kept.is_empty() || kept_list.body.len() <= limits.bytes.unwrap_or(usize::MAX));
        let is_head = |line: &&str| line.starts_with('#') || line.starts_with("value,");
        let lines = || text(&kept_list).lines().filter(|line| !is_head(line));
        prop_assert!(lines().all(|line| line.len() <= limits.line.unwrap_or(usize::MAX)));
        prop_assert!(limits.networks || kept.iter().all(|value| !value.contains('/')));
        prop_assert!(limits.comments || !text(&kept_list).contains('#'));

        // Whatever is out could not be taken, or ranks no higher than any that is in, of its kind at least.
        let lengths: BTreeMap<String, usize> = {
            let all = deliver.list_with(GETS, (kind, form), &Options { entries: Some(1_000), ..Options::default() }, true).unwrap();
            let lines: Vec<String> = text(&all).lines().filter(|line| !is_head(line)).map(str::to_owned).collect();
            values(&all).into_iter().zip(lines.iter().map(String::len)).collect()
        };
        for left in &out {
            let takes = (limits.networks || !left.contains('/')) && lengths[left] <= limits.line.unwrap_or(usize::MAX);
            let rivals = kept.iter().filter(|value| of(value).2 == of(left).2);
            for rival in rivals.filter(|_| takes) {
                let rank = |value: &String| (of(value).0, of(value).1);
                prop_assert!(rank(left) <= rank(rival), "{left} is out and {rival} in: {:?} {:?}", of(left), of(rival));
            }
        }
    }
}

#[test]
fn what_is_aimed_at_the_likes_of_the_member_goes_first() {
    let dir = tempfile::tempdir().unwrap();
    let domain = |number: u128, confidence| {
        indicator(number, &format!("[domain-name:value = 'd{number}.evil.top']"), confidence, 1)
    };
    let objects = [
        domain(1, 90),
        domain(2, 75),
        domain(3, 75),
        domain(4, 75),
        domain(5, 50),
        object("identity", 20, json!({"name": "Power", "identity_class": "class", "sectors": ["energy"]})),
        object("identity", 21, json!({"name": "Shops", "identity_class": "class", "sectors": ["retail"]})),
        object("location", 22, json!({"country": "KR"})),
        object("campaign", 23, json!({"name": "A"})),
        object("campaign", 24, json!({"name": "B"})),
        link(30, "targets", &id("campaign", 23), &id("identity", 20)),
        link(31, "targets", &id("campaign", 24), &id("identity", 21)),
        link(32, "indicates", &id("indicator", 2), &id("campaign", 23)),
        link(33, "indicates", &id("indicator", 3), &id("campaign", 24)),
        object(
            "report",
            40,
            json!({"name": "R", "published": "2026-01-01T00:00:00Z", "object_refs": [id("location", 22), id("indicator", 4)]}),
        ),
    ];
    let deliver = delivering(&dir, "", &objects);
    let first = |entries| {
        let options = Options { entries: Some(entries), ..Options::default() };
        values(&deliver.list_with(GETS, (Some(Kind::Domain), Form::Bare), &options, true).unwrap())
    };
    assert_eq!(first(2), ["d2.evil.top", "d4.evil.top"]);
    assert_eq!(first(3), ["d1.evil.top", "d2.evil.top", "d4.evil.top"]);
    assert_eq!(first(4), ["d1.evil.top", "d2.evil.top", "d3.evil.top", "d4.evil.top"]);
}

#[test]
fn what_was_left_out_is_said_and_what_makes_no_sense_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let objects: Vec<Value> = (1..=3)
        .map(|number| indicator(number, &format!("[ipv4-addr:value = '45.10.20.{number}']"), 80, 1))
        .collect();
    let deliver = delivering(&dir, DEVICE, &objects);
    let ask = |kind, form, options: Options| deliver.list_with(GETS, (Some(kind), form), &options, true);
    let cut = Options { entries: Some(2), ..Options::default() };
    let plain = ask(Kind::Ipv4, Form::Plain, cut.clone()).unwrap();
    assert!(
        text(&plain).contains("# 2 values that go, of 3, for these limits; 1 left out\n"),
        "{}",
        text(&plain)
    );
    let networks = ask(Kind::Ipv4, Form::Cidr, cut.clone()).unwrap();
    assert!(text(&networks).ends_with("\n45.10.20.1/32\n45.10.20.2/32\n"), "{}", text(&networks));
    let out = ask(Kind::Ipv4, Form::Bare, Options { left_out: true, ..cut.clone() }).unwrap();
    assert_eq!(text(&out), "45.10.20.3\n");
    let unknown = Options { device: Some("toaster".to_owned()), ..Options::default() };
    assert!(matches!(ask(Kind::Ipv4, Form::Bare, unknown), Err(DeliverError::DeviceUnknown(_))));
    let both = Options { since: Some("x-1".to_owned()), ..cut };
    assert!(matches!(ask(Kind::Ipv4, Form::Bare, both), Err(DeliverError::NotFor(_))));
}

/// A firewall's list shows URLs without their schemes, and would take the same line twice.
#[test]
fn two_urls_that_a_firewall_is_shown_as_one_take_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let urls = ["http://a.evil.top/x", "https://a.evil.top/x", "https://b.evil.top/y"];
    let url = |number: usize, confidence| {
        indicator(number as u128, &format!("[url:value = '{}']", urls[number]), confidence, 1)
    };
    let deliver = delivering(&dir, "", &[url(0, 50), url(1, 90), url(2, 70)]);
    let list = |form, options| deliver.list_with(GETS, (Some(Kind::Url), form), &options, true).unwrap();
    let lines = |made: &Artefact| text(made).lines().map(str::to_owned).collect::<Vec<_>>();
    let whole = list(Form::Edl, Options::default());
    assert_eq!(lines(&whole), ["a.evil.top/x", "b.evil.top/y"]);
    assert_eq!(whole.entries, 2);
    assert_eq!(lines(&list(Form::Bare, Options::default())), urls);
    let cut = |entries, left_out| {
        list(Form::Edl, Options { entries: Some(entries), left_out, ..Options::default() })
    };
    assert_eq!(lines(&cut(2, false)), ["a.evil.top/x", "b.evil.top/y"], "there is room for both lines");
    let (kept, out) = (cut(1, false), cut(1, true));
    assert_eq!(
        (lines(&kept), lines(&out)),
        (vec!["a.evil.top/x".to_owned()], vec!["b.evil.top/y".to_owned()])
    );
    let said = kept.left_out.unwrap();
    assert_eq!((said.kept, said.left_out), (2, 1), "values, not lines");
}

#[test]
fn what_is_relevant_follows_what_comes_and_goes() {
    let dir = tempfile::tempdir().unwrap();
    let domain = |number: u128, confidence| {
        indicator(number, &format!("[domain-name:value = 'd{number}.evil.top']"), confidence, 1)
    };
    let objects = [
        domain(1, 90),
        object("identity", 20, json!({"name": "Power", "identity_class": "class", "sectors": ["energy"]})),
        object("campaign", 23, json!({"name": "A"})),
        link(30, "targets", &id("campaign", 23), &id("identity", 20)),
    ];
    let deliver = delivering(&dir, "", &objects);
    let first = || {
        let options = Options { entries: Some(1), ..Options::default() };
        values(&deliver.list_with(GETS, (Some(Kind::Domain), Form::Bare), &options, true).unwrap()).concat()
    };
    let share = |objects: &[Value]| {
        let told =
            deliver.gate.submit(SENDER, CIRCLE, &Terms::default(), submissions(objects), now()).unwrap();
        assert!(told.iter().all(|told| told.complaint().is_none()));
    };
    assert_eq!(first(), "d1.evil.top");
    share(&[domain(2, 80)]);
    assert_eq!(first(), "d1.evil.top");
    share(&[link(31, "indicates", &id("indicator", 2), &id("campaign", 23))]);
    assert_eq!(first(), "d2.evil.top");
    share(&[domain(3, 70)]);
    assert_eq!(first(), "d2.evil.top", "what was relevant is so still");
    deliver.gate.withdraw(SENDER, CIRCLE, &[id("relationship", 31).parse().unwrap()], "test").unwrap();
    assert_eq!(first(), "d1.evil.top");
}
