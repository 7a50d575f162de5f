//! Levels are proven by what has the test entry in it, and by nothing else.

use std::sync::Arc;

use bongsu_deliver::Deliver;
use bongsu_deliver::level_up::{Need, entry};
use gate::{Gate, NodeKey};
use line::Store;
use policy::{Circle, CircleId, Deed, Entry, Level, Member, MemberId, Receipt};
use stix::Timestamp;
use uuid::Uuid;
use watch::{Kind, Lists};

const GETS: MemberId = MemberId::new(Uuid::from_u128(1));
const OTHER: MemberId = MemberId::new(Uuid::from_u128(2));
const CIRCLE: CircleId = CircleId::new(Uuid::from_u128(3));
const DOMAIN: &str = "test-k3.top";

fn now() -> Timestamp {
    Timestamp::parse("2026-09-02T06:00:00Z").unwrap()
}

/// A member in a circle with another, and the test entry in the circle.
fn delivering(dir: &tempfile::TempDir) -> Deliver {
    let store = Store::open(dir.path(), &line::Options::default(), Arc::new(|| now().micros())).unwrap();
    let gate = Gate::open(store, NodeKey::new("tower.test", &[7; 32])).unwrap();
    for (id, handle) in [(GETS, "gets"), (OTHER, "other")] {
        let member = Member { level: Level::Exchange, ..Member::new(id, handle) };
        gate.record(MemberId::NODE, Entry::Member(member)).unwrap();
    }
    let circle = Circle { members: vec![GETS, OTHER], ..Circle::new(CIRCLE, "region") };
    gate.record(MemberId::NODE, Entry::Circle(circle)).unwrap();
    assert_eq!(entry::keep(&gate, Some(DOMAIN), now()).unwrap(), 1);
    Deliver::new(gate, Some(Lists::none()), "tower.test".to_owned(), Arc::new(now))
        .testing(Some(DOMAIN.to_owned()))
}

/// Whether a fetch of `what` by a member that has everything shows what is needed.
fn shows(what: &str, level: Level, need: Need) -> bool {
    let dir = tempfile::tempdir().unwrap();
    let deliver = delivering(&dir);
    let fetched = Receipt::new(GETS, what, level, Deed::Fetched, now()).upto(deliver.heads(GETS));
    deliver.gate.note(fetched);
    let rungs = deliver.rungs(GETS).unwrap();
    rungs.iter().flat_map(|rung| &rung.needs).any(|(found, is_seen)| *found == need && *is_seen)
}

#[test]
fn only_what_has_the_test_entry_in_it_shows_that_it_was_fetched() {
    for what in ["list/domain.txt", "list/domain.hosts.txt", "list/all.csv"] {
        assert!(shows(what, Level::List, Need::List), "{what}");
    }
    for what in ["list/wallet.txt", "list/ipv4.cidr.txt", "list/domain.txt, cut to limits"] {
        assert!(!shows(what, Level::List, Need::List), "{what}");
    }
    for (what, is_shown) in [("zone", true), ("zone.rpz", true), ("nftables.conf", false)] {
        assert_eq!(shows(what, Level::Block, Need::Zone), is_shown, "{what}");
    }
    for what in ["suricata.rules", "datasets/domain.lst", "zeek.intel", "sigma.yml", "patterns.jsonl"] {
        assert!(shows(what, Level::Detect, Need::Rules), "{what}");
    }
    for what in ["yara.yar", "suricata-files.rules", "datasets/md5.lst"] {
        assert!(!shows(what, Level::Detect, Need::Rules), "{what}");
    }
}

#[test]
fn what_holds_the_test_entry_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let deliver = delivering(&dir);
    let has_entry = || {
        let list = deliver.gather(GETS, Level::List, true).unwrap();
        list.count(Kind::Domain) > 0
    };
    assert!(has_entry() && deliver.test_hold(GETS).unwrap().is_none());
    for asset in ["test-k3.top", "www.refuse.test-k3.top"] {
        let other = Member {
            level: Level::Exchange,
            own_assets: vec![asset.to_owned()],
            ..Member::new(OTHER, "other")
        };
        deliver.gate.record(MemberId::NODE, Entry::Member(other)).unwrap();
        assert!(!has_entry(), "{asset}");
        assert_eq!(deliver.test_hold(GETS).unwrap().unwrap().rule, "own-asset", "{asset}");
    }
}
