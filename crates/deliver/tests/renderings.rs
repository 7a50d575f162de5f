//! What members get, as they get it: the same five objects in every form.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bongsu_deliver::list::Form;
use bongsu_deliver::{Artefact, Deliver, DeliverError};
use gate::{Gate, NodeKey, Submission, Submitted};
use line::{Options, Store};
use policy::{Circle, CircleId, Entry, Level, Member, MemberId, Terms};
use serde_json::{Value, json};
use stix::{Timestamp, Tlp};
use uuid::Uuid;
use watch::Kind;

const SENDER: MemberId = MemberId::new(Uuid::from_u128(1));
const GETS: MemberId = MemberId::new(Uuid::from_u128(2));
const CIRCLE: CircleId = CircleId::new(Uuid::from_u128(3));

fn now() -> Timestamp {
    Timestamp::parse("2026-09-02T06:00:00Z").unwrap()
}

fn member(id: MemberId, handle: &str, language: &str) -> Member {
    Member {
        name: format!("Office of {handle}"),
        language: language.to_owned(),
        level: Level::Exchange,
        own_assets: vec!["ours-k3.example".to_owned()],
        contact: (id == SENDER).then(|| "duty desk, cert@cert.example".to_owned()),
        ..Member::new(id, handle)
    }
}

fn indicator(number: u128, name: &str, pattern: &str) -> Value {
    json!({
        "type": "indicator", "spec_version": "2.1", "id": format!("indicator--{}", Uuid::from_u128(number)),
        "created": "2026-09-01T00:00:00.000Z", "modified": "2026-09-01T00:00:00.000Z", "name": name,
        "pattern": pattern, "pattern_type": "stix", "valid_from": "2026-09-01T00:00:00Z", "confidence": 80,
        "object_marking_refs": [Tlp::Green.definition_id().to_string()],
    })
}

fn intelligence() -> [Value; 5] {
    let page = "[url:value = 'http://files-k3.top/a;b/drop.php?x=1'] OR [ipv4-addr:value = '185.130.44.9']";
    [
        indicator(1, "=SUM(A1) log-in page", "[domain-name:value = 'evil-login-k3.top']"),
        indicator(2, "Second stage", page),
        indicator(3, "Loader", &format!("[file:hashes.'SHA-256' = '{}']", "ab".repeat(32))),
        indicator(4, "Not this one", "[domain-name:value = 'www.ours-k3.example']"),
        json!({
            "type": "campaign", "spec_version": "2.1", "id": format!("campaign--{}", Uuid::from_u128(5)),
            "created": "2026-09-01T00:00:00.000Z", "modified": "2026-09-01T00:00:00.000Z",
            "name": "Paper Lantern", "description": "Forged <b>log-in</b> pages for ministries.",
            "object_marking_refs": [Tlp::Green.definition_id().to_string()],
        }),
    ]
}

/// A node that has shared everything under `terms` with a member that reads `language`.
fn delivering(dir: &tempfile::TempDir, language: &str, terms: &Terms) -> Deliver {
    delivering_at(dir, language, terms, Arc::new(now))
}

fn delivering_at(
    dir: &tempfile::TempDir,
    language: &str,
    terms: &Terms,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
) -> Deliver {
    let store = Store::open(dir.path(), &Options::default(), Arc::new(|| now().micros())).unwrap();
    let gate = Gate::open(store, NodeKey::new("tower.test", &[7; 32])).unwrap();
    for member in [member(SENDER, "cert", "en"), member(GETS, "port", language)] {
        gate.record(MemberId::NODE, Entry::Member(member)).unwrap();
    }
    let circle =
        Circle { title: "Region".to_owned(), members: vec![SENDER, GETS], ..Circle::new(CIRCLE, "region") };
    gate.record(MemberId::NODE, Entry::Circle(circle)).unwrap();
    let objects = intelligence().map(|object| {
        let raw = object.to_string();
        Submission { head: stix::read_head(&raw).unwrap(), raw }
    });
    let told = gate.submit(SENDER, CIRCLE, terms, objects.to_vec(), now()).unwrap();
    assert!(told.iter().all(|told| matches!(told, Submitted::Appended { .. })), "{told:?}");
    Deliver::new(gate, None, "tower.test".to_owned(), clock)
}

fn text(artefact: Result<Artefact, DeliverError>) -> String {
    let artefact = artefact.unwrap();
    let text = String::from_utf8(artefact.body.to_vec()).unwrap();
    // Each node's numbers begin with something else.
    artefact.number.iter().fold(text, |text, number| text.replace(number, "NUMBER"))
}

#[test]
fn every_form_of_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let deliver = delivering(&dir, "en", &Terms::default());
    insta::assert_snapshot!("domain.txt", text(deliver.list(GETS, Some(Kind::Domain), Form::Plain, true)));
    insta::assert_snapshot!("all.csv", text(deliver.list(GETS, None, Form::Csv, true)));
    insta::assert_snapshot!("zone.rpz", text(deliver.zone_file(GETS, true)));
    insta::assert_snapshot!("suricata.rules", text(deliver.suricata(GETS, true)));
    for name in [
        "list/domain.hosts.txt",
        "list/domain.adblock.txt",
        "list/ipv4.cidr.txt",
        "list/url.edl.txt",
        "nftables.conf",
        "nftables.sets",
        "suricata-files.rules",
        "suricata-datasets.rules",
        "datasets/domain.lst",
        "datasets/sha256.lst",
        "zeek.intel",
        "sigma.yml",
    ] {
        let made = text(deliver.make(GETS, name.parse().unwrap(), true));
        insta::assert_snapshot!(name.replace('/', "-"), made);
    }
}

#[test]
fn what_the_sender_marks_higher_is_labelled_higher() {
    let dir = tempfile::tempdir().unwrap();
    let terms = Terms { ceiling: Some(Tlp::Amber), ..Terms::default() };
    let deliver = delivering(&dir, "en", &terms);
    for form in [
        text(deliver.list(GETS, Some(Kind::Domain), Form::Plain, true)),
        text(deliver.list(GETS, None, Form::Csv, true)),
        text(deliver.zone_file(GETS, true)),
        text(deliver.suricata(GETS, true)),
        text(deliver.make(GETS, "advisory.txt".parse().unwrap(), true)),
    ] {
        let form = form.to_uppercase();
        assert!(form.contains("AMBER") && !form.contains("GREEN"), "{form}");
    }
}

#[test]
fn a_look_over_one_channel_leaves_the_serial_of_another() {
    let dir = tempfile::tempdir().unwrap();
    let deliver = delivering(&dir, "en", &Terms::default());
    let serial = |encrypted| {
        let zone = text(deliver.zone_file(GETS, encrypted));
        zone.lines().find(|line| line.contains(" SOA ")).unwrap().to_owned()
    };
    let first = serial(false);
    serial(true);
    assert_eq!(serial(false), first);
}

#[test]
fn what_ends_leaves_every_form_at_that_instant() {
    let dir = tempfile::tempdir().unwrap();
    let second = Arc::new(AtomicI64::new(0));
    let time = Arc::clone(&second);
    let clock = move || Timestamp::from_micros(now().micros() + time.load(Ordering::SeqCst) * 1_000_000);
    let terms =
        Terms { expires: Some(Timestamp::parse("2026-09-02T06:00:04Z").unwrap()), ..Terms::default() };
    let deliver = delivering_at(&dir, "en", &terms, Arc::new(clock));
    let list = || text(deliver.list(GETS, Some(Kind::Domain), Form::Bare, true));
    assert!(list().contains("evil-login-k3.top"));
    second.store(3, Ordering::SeqCst);
    assert!(list().contains("evil-login-k3.top"), "up to then it is there");
    second.store(4, Ordering::SeqCst);
    assert_eq!(list(), "");
}

#[test]
fn a_lowered_clearance_holds_whatever_is_changed_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let deliver = delivering(&dir, "en", &Terms { ceiling: Some(Tlp::Amber), ..Terms::default() });
    let list = || text(deliver.list(GETS, Some(Kind::Domain), Form::Bare, true));
    assert!(list().contains("evil-login-k3.top"));
    let lowered = Member { clearance: Tlp::Green, ..member(GETS, "port", "en") };
    deliver.gate.record(MemberId::NODE, Entry::Member(lowered)).unwrap();
    for number in 0..50 {
        assert_eq!(list(), "", "after {number} changes");
        let other = Member { name: format!("{number}"), ..member(SENDER, "cert", "en") };
        deliver.gate.record(MemberId::NODE, Entry::Member(other)).unwrap();
    }
}
