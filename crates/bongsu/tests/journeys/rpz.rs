//! Unbound's own replays of policy zones, with zones that a node serves in the place of theirs.
//!
//! The replays lie in `deliver/rpz` of the shared data (NLnet Labs, Unbound, BSD-3-Clause). What a zone of ours can say of them
//! is played against a real Unbound; for the others the reason stands here why it can't.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};

use crate::node::{Node, bundle, indicator, shared};

/// Replays that are played, with the steps that our zones can express.
const PLAYED: [(&str, [&str; 4]); 1] = [("rpz_nsdname_override.rpl", ["10", "20", "30", "60"])];

/// Why the others say nothing about a zone of ours.
const NOT_PLAYED: [(&str, &str); 15] = [
    (
        "rpz_clientip_override.rpl",
        "triggers are addresses of clients, of which a zone of threats knows nothing",
    ),
    ("rpz_clientip_passthru_cache.rpl", "triggers are addresses of clients"),
    ("rpz_clientip_passthru_dns64.rpl", "triggers are addresses of clients"),
    (
        "rpz_cname_handle.rpl",
        "actions are data of the zone's own; ours are NXDOMAIN, NODATA, a garden or passing",
    ),
    ("rpz_cname_wild.rpl", "the action sends names below one to a host of their own, ours all to one garden"),
    ("rpz_ixfr.rpl", "triggers are top-level names and addresses of private use, which the guard keeps out"),
    ("rpz_nsip.rpl", "triggers are addresses of name servers; ours are their names"),
    ("rpz_passthru.rpl", "it tests the order of zones with exceptions of their own; ours have none"),
    ("rpz_qname.rpl", "triggers are top-level names, which the guard keeps out as public suffixes"),
    ("rpz_qtype_cname.rpl", "the action is data of the zone's own"),
    (
        "rpz_respip.rpl",
        "triggers are addresses of private use and for documentation, which the guard keeps out",
    ),
    ("rpz_respip_override.rpl", "triggers are addresses of private use, which the guard keeps out"),
    ("rpz_respip_tcponly.rpl", "the action is to answer over TCP alone, which ours is not"),
    ("rpz_rootwc.rpl", "the trigger is every name there is"),
    ("serve_expired_rpz_drop.rpl", "the action is to drop the query, which ours is not"),
];

#[test]
fn unbounds_replays_hold_for_zones_that_a_node_serves() {
    let files = std::fs::read_dir(shared("deliver/rpz")).unwrap();
    let files: BTreeSet<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".rpl"))
        .collect();
    let known = PLAYED.iter().map(|(name, _)| *name).chain(NOT_PLAYED.iter().map(|(name, _)| *name));
    assert_eq!(
        known.map(str::to_owned).collect::<BTreeSet<_>>(),
        files,
        "each is played, or it is said why not"
    );

    // The replay's first zone answers NXDOMAIN and has ns1.gotham.a; its second NODATA and has ns1.gotham2.a.
    let node = Node::with_members();
    let zones = [("block", "one", "ns1.gotham.a", "nxdomain"), ("detect", "two", "ns1.gotham2.a", "nodata")];
    let mut arguments = Vec::new();
    for (number, (member, circle, name, action)) in (1..).zip(zones) {
        node.json(&["circle", "add", circle, "--member", "exchange", "--member", member]);
        let file = node.file("bundle.json", bundle(&[indicator(number, name)]));
        assert_eq!(node.json(&["import", &file, "--circle", circle, "--as", "exchange"])["added"], 1);
        node.json(&["member", "zone", member, "--action", action, "--name-servers", "true"]);
        let zone = node.json(&["deliver", "--to", member, "--what", "zone.rpz"]);
        let text = zone["text"].as_str().unwrap();
        assert!(text.contains(&format!("{name}.rpz-nsdname")), "{text}");
        arguments.push(format!("{member}.rpz.bongsu={}", node.file(&format!("{member}.rpz"), text)));
    }
    let folder = node.dir.path().join("unbound");
    std::fs::create_dir(&folder).unwrap();
    for (replay, steps) in PLAYED {
        let output = Command::new("unshare")
            .args(["-Urn", "python3"])
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/journeys/rpz_replay.py"))
            .arg(shared("deliver/rpz").join(replay))
            .arg(&folder)
            .args(&arguments)
            .arg("--")
            .args(steps)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let log = std::fs::read_to_string(folder.join("unbound.log")).unwrap_or_default();
        assert!(output.status.success(), "{}\n{log}", String::from_utf8_lossy(&output.stderr));
        let played: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(played.len(), steps.len(), "{said}");
        for step in &played {
            assert_eq!(step["came"], step["stated"], "{replay}: {step}\n{log}");
        }
        assert_eq!(played[0]["came"], json!(["NXDOMAIN", []]));
    }
}
