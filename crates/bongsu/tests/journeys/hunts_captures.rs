//! Hunting through captures of packets, beside a real Suricata that reads the same ones.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::node::{Node, shared};

/// Real captures: names in DNS, names in TLS, requests of HTTP.
const CAPTURES: [&str; 14] = [
    "dns/long-connection.pcap",
    "dns/mdns-no-assoc.pcap",
    "http/concurrent-range-requests.pcap",
    "http/content-range-gap.pcap",
    "http/docker-http-upgrade.pcap",
    "http/get.pcap",
    "http/http-body-match.pcap",
    "http/testmyids.pcap",
    "http/version-mismatch.pcap",
    "http/zero-length-bodies-with-drops.pcap",
    "tls/ocsp-request-response.pcap",
    "tls/signed_certificate_timestamp.pcap",
    "tls/tls-early-alert.pcap",
    "tls/tls13draft16-ff52.a01-aborted.pcap",
];
const NEVER_SEEN: &str = "never-seen-k3.top\nhttp://never-seen-k3.top/get\n45.83.64.9\n";

/// What Suricata saw in a capture.
struct Seen {
    /// Names of DNS, each with its packet.
    names: BTreeSet<(String, u64)>,
    servers: BTreeSet<String>,
    addresses: BTreeSet<String>,
    eve: PathBuf,
}

fn suricata(capture: &Path, logs: &Path) -> Seen {
    std::fs::create_dir_all(logs).unwrap();
    let mut command = Command::new("suricata");
    command.arg("-r").arg(capture).arg("-l").arg(logs).args([
        "-k",
        "none",
        "--runmode",
        "single",
        "-S",
        "/dev/null",
    ]);
    let told = command.output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let eve = logs.join("eve.json");
    let (mut names, mut servers, mut addresses) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for line in std::fs::read_to_string(&eve).unwrap().lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let text = |at: &str| event.pointer(at).and_then(Value::as_str).map(str::to_ascii_lowercase);
        if let (Some(name), Some(packet)) = (text("/dns/rrname"), event["pcap_cnt"].as_u64()) {
            names.insert((name, packet));
        }
        servers.extend(text("/tls/sni"));
        let part = |at: &str| event["http"][at].as_str();
        if let (Some("http"), Some(host), Some(url)) =
            (event["event_type"].as_str(), part("hostname"), part("url"))
        {
            let port = event["http"]["http_port"].as_u64().map(|port| format!(":{port}")).unwrap_or_default();
            addresses.insert(format!("http://{host}{port}{url}"));
        }
    }
    Seen { names, servers, addresses, eve }
}

fn hunt(node: &Node, file: &str, path: &str) -> (Vec<Value>, Value, Output) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
    let output = command
        .env_clear()
        .current_dir(node.dir.path())
        .args(["hunt", "--json", "--watch", file, path])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let summary = lines.pop().unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    (lines, summary["summary"].clone(), output)
}

/// A node with these values in a circle, and its watch file.
fn watched(values: &str) -> (Node, String) {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "detect"]);
    let list = node.file("list.txt", values);
    node.json(&["import", &list, "--circle", "region", "--as", "exchange"]);
    let file = node.dir.path().join("watch.bongsu").display().to_string();
    node.json(&["deliver", "--to", "detect", "--what", "watch.bongsu", "--out", &file]);
    (node, file)
}

#[test]
fn what_suricata_sees_in_captures_is_found_in_them_and_in_its_own_log() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = shared("detect/pcap/zeek");
    let seen: Vec<(String, Seen)> = CAPTURES
        .iter()
        .map(|name| ((*name).to_owned(), suricata(&folder.join(name), &scratch.path().join(name))))
        .collect();
    let (names, servers, addresses) = seen.iter().fold((0, 0, 0), |all, (_, seen)| {
        (all.0 + seen.names.len(), all.1 + seen.servers.len(), all.2 + seen.addresses.len())
    });
    assert!(names >= 20 && servers >= 3 && addresses >= 4, "{names} {servers} {addresses}");
    let all = seen.iter().flat_map(|(_, seen)| {
        let names = seen.names.iter().map(|(name, _)| name);
        names.chain(&seen.servers).chain(&seen.addresses).cloned()
    });
    let values: BTreeSet<String> = all.collect();
    let (node, file) = watched(&(values.into_iter().collect::<Vec<_>>().join("\n") + "\n" + NEVER_SEEN));
    let mut different = BTreeSet::new();
    for (name, seen) in &seen {
        let (finds, summary, output) = hunt(&node, &file, folder.join(name).to_str().unwrap());
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.is_empty() && summary["lines"].as_u64() > Some(3), "{name}: {errors}");
        let text = |find: &Value, at: &str| find[at].as_str().unwrap().to_owned();
        for find in &finds {
            let (found, value, kind) =
                (text(find, "found").to_ascii_lowercase(), text(find, "value"), text(find, "kind"));
            different.insert(value.clone());
            let is_seen = match kind.as_str() {
                "url" => seen.addresses.iter().any(|address| found == address.to_ascii_lowercase()),
                _ if text(find, "text").contains(" dns ") => {
                    let packet = find["line"].as_u64().unwrap();
                    // What an answer leads to stands in its packet as well.
                    seen.names.iter().any(|(_, at)| *at == packet)
                }
                _ => {
                    seen.servers.contains(&found)
                        || seen.addresses.iter().any(|address| address.contains(&value))
                }
            };
            assert!(is_seen, "{name}: {find}");
        }
        // The guard holds some of these values: what is in the watch file at all is what was found anywhere.
        let found: BTreeSet<(String, u64)> = finds
            .iter()
            .filter(|find| text(find, "how") == "exact" && text(find, "text").contains(" dns "))
            .map(|find| (text(find, "found").to_ascii_lowercase(), find["line"].as_u64().unwrap()))
            .collect();
        let missing: Vec<_> = seen
            .names
            .iter()
            .filter(|(name, _)| different.contains(name))
            .filter(|seen| !found.contains(seen))
            .collect();
        assert!(missing.is_empty(), "{name}: {missing:?}");

        // Suricata's log has the addresses in parts.
        let (in_log, _, _) = hunt(&node, &file, seen.eve.to_str().unwrap());
        let urls = |finds: &[Value]| -> BTreeSet<String> {
            finds.iter().filter(|find| text(find, "kind") == "url").map(|find| text(find, "value")).collect()
        };
        assert_eq!(urls(&in_log), urls(&finds), "{name}");
    }
    assert!(!different.iter().any(|value| NEVER_SEEN.contains(value.as_str())), "{different:?}");
    let count = |of: &BTreeSet<String>| of.iter().filter(|value| different.contains(*value)).count();
    let told: Vec<usize> =
        seen.iter().map(|(_, seen)| count(&seen.servers) + count(&seen.addresses)).collect();
    assert!(different.len() >= 12, "{different:?} {told:?}");
}

#[test]
fn a_capture_that_is_packed_is_read_and_one_that_is_cut_is_told() {
    let (node, file) = watched("jeffbryner.com\n67.207.128.99\n");
    let whole = std::fs::read(shared("detect/pcap/zeek/tls/tls-early-alert.pcap")).unwrap();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&whole).unwrap();
    let plain = node.file("a.pcap", &whole);
    let (finds, summary, output) = hunt(&node, &file, &plain);
    let lines = |finds: &[Value]| -> Vec<(String, u64)> {
        finds
            .iter()
            .map(|find| (find["found"].as_str().unwrap().to_owned(), find["line"].as_u64().unwrap()))
            .collect()
    };
    let expected =
        [("67.207.128.99".to_owned(), 1), ("67.207.128.99".to_owned(), 4), ("jeffbryner.com".to_owned(), 4)];
    assert_eq!((lines(&finds), output.status.code()), (expected.to_vec(), Some(0)), "{finds:?}");
    for packed in [
        node.file("a.gz", gzip.finish().unwrap()),
        node.file("a.zst", zstd::encode_all(&whole[..], 1).unwrap()),
    ] {
        let (found, about, _) = hunt(&node, &file, &packed);
        assert_eq!((lines(&found), &about["lines"]), (lines(&finds), &summary["lines"]));
    }
    let cut = node.file("cut.pcap", &whole[..whole.len() / 2]);
    let (found, _, output) = hunt(&node, &file, &cut);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((lines(&found), output.status.code()), (lines(&finds), Some(2)), "{said}");
    assert!(said.contains("cut.pcap") && said.contains("ends within what follows packet"), "{said}");
}
