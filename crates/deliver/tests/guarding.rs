//! What the guard and the limit of a step let into lists and zones.

#[path = "../../watch/tests/real/mod.rs"]
mod real;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bongsu_deliver::list::Form;
use bongsu_deliver::{Basis, Deliver, StepLimit};
use flate2::read::GzDecoder;
use gate::{Gate, NodeKey, Submission};
use ipnet::IpNet;
use line::Store;
use policy::{Circle, CircleId, Entry, Level, Member, MemberId, Terms};
use real::{real, unpacked, value};
use serde_json::json;
use stix::Timestamp;
use uuid::Uuid;
use watch::{Kind, Lists, Value, guess, normalise};

const SENDER: MemberId = MemberId::new(Uuid::from_u128(1));
const GETS: MemberId = MemberId::new(Uuid::from_u128(2));
const CIRCLE: CircleId = CircleId::new(Uuid::from_u128(3));
const REAL: usize = 100_000;
/// Values of one indicator: what may not be blocked is held, and what stands beside it is not.
const TOGETHER: usize = 100;
const OWN: [&str; 3] = ["cert.ministry-kr.kr", "198.41.0.0/24", "ops@partner-kr.kr"];
/// Lists whose entries nobody may block.
const LISTS: [&str; 4] = [
    "Top 1000 website from Alexa",
    "Top 1000 websites from Cisco Umbrella",
    "List of known IPv4 public DNS resolvers",
    "List of known IPv6 public DNS resolvers",
];
/// Source: RFC 6890, tables 1 to 26.
const SPECIAL: [&str; 26] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.0.0/29",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "240.0.0.0/4",
    "255.255.255.255/32",
    "::1/128",
    "::/128",
    "64:ff9b::/96",
    "100::/64",
    "2001::/23",
    "2001:2::/48",
    "2001:db8::/32",
    "2002::/16",
    "fc00::/7",
    "fe80::/10",
];

struct World {
    deliver: Deliver,
    clock: Arc<AtomicI64>,
    _dir: tempfile::TempDir,
}

/// A sender and a member with own assets, in a circle.
fn world(lists: Option<Arc<Lists>>) -> World {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(AtomicI64::new(Timestamp::parse("2026-11-24T00:00:00Z").unwrap().micros()));
    let time = Arc::clone(&clock);
    let time = move || time.load(Ordering::SeqCst);
    let store = Store::open(dir.path(), &line::Options::default(), Arc::new(time.clone())).unwrap();
    let gate = Gate::open(store, NodeKey::new("tower.test", &[7; 32])).unwrap();
    let member = |id, handle: &str| Member { level: Level::Exchange, ..Member::new(id, handle) };
    let gets = Member { own_assets: OWN.map(str::to_owned).to_vec(), ..member(GETS, "gets") };
    for member in [member(SENDER, "sender"), gets] {
        gate.record(MemberId::NODE, Entry::Member(member)).unwrap();
    }
    let circle = Circle { members: vec![SENDER, GETS], ..Circle::new(CIRCLE, "region") };
    gate.record(MemberId::NODE, Entry::Circle(circle)).unwrap();
    let now = Arc::new(move || Timestamp::from_micros(time()));
    World { deliver: Deliver::new(gate, lists, "tower.test".to_owned(), now), clock, _dir: dir }
}

fn share(Deliver { gate, now, .. }: &Deliver, patterns: impl IntoIterator<Item = (u128, String)>) {
    let objects = patterns.into_iter().map(|(number, pattern)| {
        let raw = json!({
            "type": "indicator", "spec_version": "2.1", "id": format!("indicator--{}", Uuid::from_u128(0x4000_8000_0000_0000_0000 + number)),
            "created": "2026-11-23T00:00:00.000Z", "modified": "2026-11-23T00:00:00.000Z",
            "pattern": pattern, "pattern_type": "stix", "valid_from": "2026-11-23T00:00:00Z", "confidence": 90,
        })
        .to_string();
        Submission { head: stix::read_head(&raw).unwrap(), raw }
    });
    let told = gate.submit(SENDER, CIRCLE, &Terms::default(), objects.collect(), now()).unwrap();
    assert!(told.iter().all(|told| told.complaint().is_none()), "{:?}", told.first());
}

/// A view that was made under one limit handed what it held on to those made under another.
#[test]
fn another_limit_of_a_step_counts_for_what_was_read_before() {
    let World { deliver, clock, .. } = &world(Some(Lists::none()));
    let domain = |number| (number, format!("[domain-name:value = 'd{number}.evil.top']"));
    share(deliver, (0..10).map(domain));
    clock.fetch_add(3_600_000_000, Ordering::SeqCst);
    share(deliver, (10..30).map(domain));
    let under = |count_max| {
        let step_limit = StepLimit { count_max, percent_max: 0, window_s: 600 };
        deliver.judge_by(Basis { lists: Some(Lists::none()), step_limit, ..Basis::default() });
        deliver.gather(GETS, Level::List, true).unwrap()
    };
    // Each is held on to, as zones and lists do.
    let views = [10, 0, 10].map(under);
    assert_eq!(views.map(|view| view.len()), [20, 30, 20]);
}

/// What nobody may block: entries of lists, special ranges with their first and last addresses, and what belongs to a member.
fn planted() -> BTreeSet<Value> {
    let packed = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../watch/data/warninglists.jsonl.gz"));
    let mut planted = BTreeSet::new();
    for line in unpacked(packed).lines() {
        let list: serde_json::Value = serde_json::from_str(line).unwrap();
        if LISTS.contains(&list["name"].as_str().unwrap().trim()) {
            planted
                .extend(list["list"].as_array().unwrap().iter().filter_map(|entry| value(entry.as_str()?)));
        }
    }
    for network in SPECIAL.map(|text| text.parse::<IpNet>().unwrap()) {
        let texts = [network.to_string(), network.network().to_string(), network.broadcast().to_string()];
        planted.extend(texts.map(|text| value(&text).unwrap()));
    }
    let own = [
        "cert.ministry-kr.kr",
        "www.cert.ministry-kr.kr",
        "ministry-kr.kr",
        "198.41.0.4",
        "ops@partner-kr.kr",
    ];
    planted.extend(own.map(|text| value(text).unwrap()));
    planted
}

/// A pattern for several values of a kind.
fn pattern(kind: Kind, values: &[&Value]) -> String {
    let path = match kind {
        Kind::Domain => "domain-name",
        Kind::Ipv4 => "ipv4-addr",
        Kind::Ipv6 => "ipv6-addr",
        Kind::Url => "url",
        Kind::Email => "email-addr",
        other => panic!("{other}"),
    };
    let quoted = |value: &&Value| format!("'{}'", value.text().replace('\\', "\\\\").replace('\'', "\\'"));
    format!("[{path}:value IN ({})]", values.iter().map(quoted).collect::<Vec<_>>().join(", "))
}

/// What a line of a zone refuses: a name with what lies below it, or a network.
fn refused(owner: &str) -> Value {
    let Some(labels) = owner.strip_suffix(".rpz-ip") else {
        return normalise(Kind::Domain, owner.trim_start_matches("*.")).unwrap();
    };
    let mut labels = labels.split('.');
    let prefix = labels.next().unwrap();
    let labels: Vec<&str> = labels.rev().collect();
    let address = match labels.iter().position(|label| *label == "zz") {
        Some(at) => format!("{}::{}", labels[..at].join(":"), labels[at + 1..].join(":")),
        None => labels.join(if labels.len() == 4 { "." } else { ":" }),
    };
    value(&format!("{address}/{prefix}")).unwrap()
}

#[test]
fn of_a_hundred_thousand_real_indicators_lists_and_zones_take_all_but_what_is_held_by_name() {
    let World { deliver, .. } = &world(None);
    let (planted, all_real) = (planted(), real());
    let real: BTreeSet<&Value> = all_real.difference(&planted).collect();
    assert!(planted.len() > 60_000 && real.len() >= REAL, "{} and {}", planted.len(), real.len());
    // Sorted, what is planted stands among what is real.
    let mut of_kind: BTreeMap<Kind, Vec<&Value>> = BTreeMap::new();
    for value in planted.union(&all_real) {
        of_kind.entry(value.kind()).or_default().push(value);
    }
    let patterns = of_kind.iter().flat_map(|(kind, values)| {
        values.chunks(TOGETHER).map(|values| pattern(*kind, values)).collect::<Vec<_>>()
    });
    share(deliver, (0..).zip(patterns));

    let list = deliver.list(GETS, None, Form::Bare, true).unwrap();
    let listed: BTreeSet<&str> = std::str::from_utf8(&list.body).unwrap().lines().collect();
    let zone = deliver.zone_file(GETS, true).unwrap();
    let zone = std::str::from_utf8(&zone.body).unwrap();
    let owners = zone.lines().filter_map(|line| line.split_once(" CNAME ")).map(|(owner, _)| owner);
    let refused: BTreeSet<Value> =
        owners.filter(|owner| !owner.ends_with(".rpz-nsdname")).map(refused).collect();
    let gathered = deliver.gather(GETS, Level::Block, true).unwrap();
    let held: BTreeMap<Value, &str> = gathered.held(0).map(|held| (held.value, held.hold.rule)).collect();

    for value in &planted {
        assert!(!listed.contains(value.text()) && !refused.contains(value), "{value}");
        assert!(held.contains_key(value), "{value} is not explained");
    }
    let mut passed = 0;
    for value in &real {
        let is_listed = listed.contains(value.text());
        passed += usize::from(is_listed);
        assert_ne!(is_listed, held.contains_key(value), "{value}: {:?}", held.get(value));
        if matches!(value.kind(), Kind::Domain | Kind::Ipv4 | Kind::Ipv6) {
            assert_eq!(is_listed, refused.contains(value), "{value}");
        }
    }
    assert!(passed * 100 > real.len() * 95, "{passed} of {}", real.len());
}
