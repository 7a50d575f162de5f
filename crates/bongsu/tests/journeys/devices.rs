//! What firewalls, sensors and SIEMs take: nftables drops a packet, Suricata finds a file, pySigma converts the rules.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::json;

use crate::capture;
use crate::node::{Node, Serving, bundle, indicator};

fn run(command: &mut Command) -> Output {
    let program = command.get_program().to_string_lossy().into_owned();
    command.output().unwrap_or_else(|error| panic!("{program}: {error}; run scripts/setup"))
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

/// A node that has shared a value of each kind with a member at level `detect`.
fn serving(hash: &str) -> (Node, Serving) {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "detect"]);
    let with = |number, pattern: String| {
        let mut indicator = indicator(number, "x");
        indicator["pattern"] = json!(pattern);
        indicator
    };
    let objects = [
        indicator(1, "evil-login-k3.top"),
        with(2, "[url:value = 'http://files-k3.top/a/drop.php?x=*']".to_owned()),
        with(3, "[ipv4-addr:value IN ('185.130.44.8', '185.130.44.9', '45.10.20.0/24')]".to_owned()),
        with(4, "[ipv6-addr:value = '2a0b:1234::9']".to_owned()),
        with(5, format!("[file:hashes.'SHA-256' = '{hash}']")),
    ];
    let file = node.file("bundle.json", bundle(&objects));
    assert_eq!(node.json(&["import", &file, "--circle", "region", "--as", "exchange"])["added"], 5);
    let serving = node.serve();
    (node, serving)
}

/// Runs a script in a network of its own, with addresses on its loopback interface.
fn in_a_network(dir: &Path, script: &str) -> Output {
    let set_up = "set -e; ip link set lo up; \
                  for address in 185.130.44.9 185.130.44.10 45.10.20.7; do ip addr add $address/32 dev lo; done; \
                  ip addr add 2a0b:1234::9/128 dev lo nodad; ip addr add 2a0b:1234::a/128 dev lo nodad";
    run(Command::new("unshare").args(["-Urn", "sh", "-c", &format!("{set_up}; {script}")]).current_dir(dir))
}

/// Which of the addresses a datagram from this machine reaches.
const REACHED: &str = r#"
import socket, sys
for address in sys.argv[1:]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    server, client = socket.socket(family, socket.SOCK_DGRAM), socket.socket(family, socket.SOCK_DGRAM)
    server.bind((address, 9))
    server.settimeout(1)
    try:
        client.sendto(b"x", (address, 9))
        server.recv(1)
        print(address)
    except OSError:
        pass
"#;

#[test]
fn nftables_takes_the_table_in_one_step_and_drops_what_goes_to_listed_addresses() {
    let (node, serving) = serving(&"ab".repeat(32));
    let dir = node.dir.path();
    node.file("nftables.conf", node.text(&serving, "detect", "/d/nftables.conf"));
    node.file("reached.py", REACHED);
    let sets = node.text(&serving, "detect", "/d/nftables.sets");
    assert!(sets.contains("185.130.44.8/31"), "neighbours are one network: {sets}");
    node.file(
        "own.conf",
        "table inet own {\n include \"./bongsu.sets\"\n chain c { ip daddr @blocked4 drop; }\n}\n",
    );
    node.file("bongsu.sets", sets);
    let all = "185.130.44.9 185.130.44.10 45.10.20.7 2a0b:1234::9 2a0b:1234::a";
    let script = format!(
        "python3 reached.py {all} | tr '\\n' ' '; echo before; nft -c -f nftables.conf; nft -f nftables.conf; nft -f nftables.conf; \
         python3 reached.py {all} | tr '\\n' ' '; echo after; nft -c -f own.conf; echo own"
    );
    let told = in_a_network(dir, &script);
    assert!(told.status.success(), "{}", said(&told));
    let lines = String::from_utf8(told.stdout).unwrap();
    let before = format!("{all} before\n");
    assert_eq!(lines, before + "185.130.44.10 2a0b:1234::a after\nown\n");
}

#[test]
fn a_real_suricata_finds_a_listed_file_and_a_real_converter_takes_the_sigma_rules() {
    let body = "a file that was listed\n";
    let hash = sha256(body);
    let (node, serving) = serving(&hash);
    let dir = node.dir.path();
    node.file("bongsu-files.rules", node.text(&serving, "detect", "/d/suricata-files.rules"));
    node.file("sha256.txt", node.text(&serving, "detect", "/d/list/sha256.bare.txt"));
    for (name, sent, expected) in [("listed", body, 1), ("other", "a file that was not\n", 0)] {
        let logs = dir.join(name);
        std::fs::create_dir(&logs).unwrap();
        let pcap = logs.join("download.pcap");
        std::fs::write(&pcap, capture::download("files-k3.top", sent)).unwrap();
        let rules = dir.join("bongsu-files.rules");
        let alerts = suricata(dir, &rules, &pcap, &logs);
        assert_eq!(alerts.matches("BONGSU file by sha256 in http ").count(), expected, "{alerts}");
    }

    let sigma = node.file("sigma.yml", node.text(&serving, "detect", "/d/sigma.yml"));
    let script = "import sys\nfrom sigma.collection import SigmaCollection\nfrom sigma.backends.test import TextQueryTestBackend\n\
                  rules = SigmaCollection.from_yaml(open(sys.argv[1]).read())\nassert not rules.errors, rules.errors\n\
                  print('\\n'.join(TextQueryTestBackend().convert(rules)))\n";
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.peers/venv/bin/python");
    let told = run(Command::new(python).args(["-c", script, &sigma]));
    assert!(told.status.success(), "{}", said(&told));
    let queries = said(&told);
    for part in ["evil-login-k3.top", "2a0b:1234::9/128", "45.10.20.0/24", &hash] {
        assert!(queries.contains(part), "{part}: {queries}");
    }
    assert!(queries.contains(r"drop.php\?x=\*"), "nothing in a value stands for something else: {queries}");

    let zeek = node.text(&serving, "detect", "/d/zeek.intel");
    let kinds = zeek_kinds(&zeek);
    assert_eq!(kinds.iter().filter(|kind| **kind == "Intel::SUBNET").count(), 1, "{zeek}");
    assert!(kinds.contains(&"Intel::FILE_HASH") && kinds.contains(&"Intel::DOMAIN"), "{zeek}");
}

/// The types in a file for Zeek's Intelligence Framework, which must be as its manual says: no Zeek is in a registry from which it could be
/// installed here. A head that names the fields; then a line for each item, with a tab between fields, a type that there is, and nothing that
/// the reader takes for a comment, an escape or an unset field where there must be a value.
fn zeek_kinds(file: &str) -> Vec<&str> {
    const KINDS: [&str; 7] = ["ADDR", "SUBNET", "URL", "EMAIL", "DOMAIN", "FILE_HASH", "CERT_HASH"];
    let (head, rest) = file.split_once('\n').unwrap();
    let fields: Vec<&str> = head.strip_prefix("#fields\t").unwrap().split('\t').collect();
    assert_eq!(fields[..3], ["indicator", "indicator_type", "meta.source"], "{head}");
    let row = |line| {
        let row: Vec<&str> = str::split(line, '\t').collect();
        assert_eq!(row.len(), fields.len(), "{line}");
        assert!(!line.starts_with('#') && !line.contains("\\x") && !line.contains('\r'), "{line}");
        assert!(row.iter().all(|field| !field.is_empty()) && !["-", "(empty)"].contains(&row[0]), "{line}");
        let is_known = row[1].strip_prefix("Intel::").is_some_and(|kind| KINDS.contains(&kind));
        assert!(is_known, "{line}");
        // Without its scheme, as Zeek has the URLs of its HTTP log.
        assert!(row[1] != "Intel::URL" || !row[0].contains("://"), "{line}");
        row[1]
    };
    rest.lines().map(row).collect()
}

/// What a real Suricata alerts of in a capture, with rules that lie in `dir`.
fn suricata(dir: &Path, rules: &Path, pcap: &Path, logs: &Path) -> String {
    let mut command = Command::new("suricata");
    command.arg("-r").arg(pcap).arg("-S").arg(rules).arg("-l").arg(logs).args(["-k", "none"]);
    command.args(["--set", &format!("default-rule-path={}", dir.display())]);
    let told = run(command.current_dir(dir));
    let said = said(&told);
    assert!(told.status.success() && !said.contains("E: "), "{said}");
    std::fs::read_to_string(logs.join("fast.log")).unwrap_or_default()
}

#[test]
fn a_real_suricata_finds_what_datasets_hold_and_nothing_else() {
    let body = "a file that was listed\n";
    let (node, serving) = serving(&sha256(body));
    let dir = node.dir.path();
    std::fs::create_dir(dir.join("datasets")).unwrap();
    for name in ["suricata-datasets.rules", "datasets/domain.lst", "datasets/sha256.lst"] {
        node.file(name, node.text(&serving, "detect", &format!("/d/{name}")));
    }
    let rules = dir.join("suricata-datasets.rules");
    let text = std::fs::read_to_string(&rules).unwrap();
    assert!(
        text.contains("metadata:tlp") && text.contains("circle region") && !text.contains("md5"),
        "{text}"
    );
    let (dns, tls) = ("BONGSU listed domain in dns ", "BONGSU listed domain in tls ");
    let (http, file) = ("BONGSU listed domain in http ", "BONGSU listed file by sha256 in http ");
    let listed = "evil-login-k3.top";
    let below = "x.WWW.Evil-Login-K3.top";
    for (number, (sent, expected)) in [
        (capture::dns(listed), Some(dns)),
        (capture::dns(below), Some(dns)),
        (capture::dns("login-k3.top"), None),
        (capture::dns("not-evil-login-k3.top"), None),
        (capture::dns("top"), None),
        (capture::tls(listed), Some(tls)),
        (capture::tls(below), Some(tls)),
        (capture::tls("harmless.example"), None),
        (capture::download(listed, "harmless"), Some(http)),
        (capture::download("harmless.example", body), Some(file)),
        (capture::download("harmless.example", "harmless"), None),
    ]
    .into_iter()
    .enumerate()
    {
        let logs = dir.join(format!("datasets-{number}"));
        std::fs::create_dir(&logs).unwrap();
        let pcap = logs.join("sent.pcap");
        std::fs::write(&pcap, sent).unwrap();
        let alerts = suricata(dir, &rules, &pcap, &logs);
        assert_eq!(alerts.matches("BONGSU").count(), expected.iter().count(), "{number}: {alerts}");
        assert!(expected.is_none_or(|expected| alerts.contains(expected)), "{number}: {alerts}");
    }
}

fn sha256(text: &str) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
