//! Members climb on proof: each level is tested with real systems.

use std::net::UdpSocket;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::node::{Node, Serving, bundle, indicator, port, wait};
use crate::resolver::named;

/// A resolver that refuses nothing: whatever it is asked, it answers 192.0.2.1.
fn careless() -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((length, peer)) = socket.recv_from(&mut buffer) {
            let mut answer = buffer[..length].to_vec();
            answer[2..4].copy_from_slice(&[0x81, 0x80]);
            answer[6..8].copy_from_slice(&[0, 1]);
            answer.extend([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1]);
            socket.send_to(&answer, peer).unwrap();
        }
    });
    port
}

/// A capture with one DNS query for a name.
fn query_capture(name: &str) -> Vec<u8> {
    let labels = name.split('.').flat_map(|label| [&[label.len() as u8][..], label.as_bytes()].concat());
    let mut dns = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    dns.extend(labels.chain([0, 0, 1, 0, 1]));
    let udp = [&[0xd4, 0x31, 0, 53][..], &(dns.len() as u16 + 8).to_be_bytes(), &[0, 0], &dns].concat();
    let mut ip = vec![0x45, 0];
    ip.extend((udp.len() as u16 + 20).to_be_bytes());
    ip.extend([0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 2, 10, 0, 0, 53]);
    let frame = [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0][..], &ip, &udp].concat();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as u32;
    let length = (frame.len() as u32).to_le_bytes();
    let head = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0];
    [&head[..], &now.to_le_bytes(), &[0; 4], &length, &length, &frame].concat()
}

/// A level as `bongsu member test` sees it.
fn level(told: &Value, name: &str) -> Value {
    told["levels"].as_array().unwrap().iter().find(|level| level["level"] == name).unwrap().clone()
}

fn is_proven(told: &Value, name: &str) -> bool {
    level(told, name)["proven"].is_string()
}

fn send_alert(node: &Node, serving: &Serving, body: String) -> (u16, String) {
    let request = serving.client.post(format!("{}/d/test/alert", serving.url));
    let request = request.basic_auth("detect", node.tokens.get("detect"));
    let response = request.header("content-type", "application/json").body(body).send().unwrap();
    (response.status().as_u16(), response.text().unwrap())
}

#[test]
fn each_level_is_proven_with_the_members_own_systems() {
    let node = Node::with_members();
    let members = ["read", "list", "block", "detect", "exchange"];
    let joined: Vec<&str> = members.iter().flat_map(|member| ["--member", member]).collect();
    node.json(&[&["circle", "add", "region"][..], &joined].concat());
    let key = node.json(&["member", "tsig", "block"])["tsig"].clone();
    let serving = node.serve_with(&[("BONGSU__TEST__DOMAIN", "test-k3.top")]);
    let test = |member: &str| node.json(&["member", "test", member]);
    let shared = || {
        let text = node.text(&serving, "exchange", "/api/collections/region/objects/");
        text.contains("refuse.test-k3.top").then_some(())
    };
    assert!(wait(Duration::from_secs(20), shared).is_some(), "the test entry goes the way of all");
    for member in members {
        assert!(!is_proven(&test(member), member), "{member}");
    }

    // read: somebody opens the advisory.
    assert!(node.text(&serving, "read", "/d/advisory.html").contains("Test entry"));
    assert!(is_proven(&test("read"), "read"));

    // list: what has no test entry in it shows nothing.
    let is_fetched = || level(&test("list"), "list")["needs"][0]["seen"].clone();
    for path in ["list/wallet.txt", "list/domain.txt?entries=0"] {
        node.text(&serving, "list", &format!("/d/{path}"));
        assert_eq!(is_fetched(), false, "{path}");
    }
    node.text(&serving, "list", "/d/list/domain.txt?entries=5");
    assert_eq!(is_fetched(), true, "it has its place in a list that is cut");
    node.text(&serving, "block", "/d/nftables.conf");
    assert_eq!(level(&test("block"), "block")["needs"][0]["seen"], false);

    // A machine whose hosts file is the list, and which resolves nothing else but the sibling.
    let hosts = node.text(&serving, "list", "/d/list/domain.hosts.txt");
    let names = test("list")["names"].clone();
    let allow = names["allowed"].as_str().unwrap().to_owned();
    let hosts = node.file("hosts", format!("127.0.0.1 localhost\n192.0.2.1 {allow}\n{hosts}"));
    let unlisted = node.file(
        "hosts.before",
        format!("127.0.0.1 localhost\n192.0.2.1 {allow} {}\n", names["refused"].as_str().unwrap()),
    );
    let nowhere = node.file("resolv.conf", "nameserver 127.0.0.1\n");
    let script = node.file("test.sh", node.text(&serving, "list", "/d/test.sh"));
    let run = |hosts: &str| {
        let mount = format!(
            "mount --bind {hosts} /etc/hosts; mount --bind {nowhere} /etc/resolv.conf; sh {script} {} list",
            serving.url
        );
        let token = node.file("token", &node.tokens["list"]);
        let mut command = Command::new("unshare");
        command.args(["-Urm", "sh", "-ec", &mount]).stdin(std::fs::File::open(token).unwrap());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        serde_json::from_slice::<Value>(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {said}{}", String::from_utf8_lossy(&output.stdout)))
    };
    let told = run(&unlisted);
    assert!(level(&told, "list")["let_through"].is_string() && !is_proven(&told, "list"), "{told}");
    let told = run(&hosts);
    assert!(is_proven(&told, "list"), "{told}");

    // block: a real BIND, which the node may ask.
    let port = port();
    let dir = node.dir.path().join("bind");
    std::fs::create_dir(&dir).unwrap();
    let at = format!("127.0.0.1:{port}");
    let key = (key["name"].as_str().unwrap(), key["secret"].as_str().unwrap());
    node.json(&["member", "zone", "block", "--notify", &at]);
    node.json(&["member", "set", "block", "--resolver", &at]);
    let _named = named(&dir, "block.rpz.bongsu", key, serving.dns.as_ref().unwrap(), port);
    let proven = wait(Duration::from_secs(40), || is_proven(&test("block"), "block").then_some(()));
    assert!(proven.is_some(), "{}", test("block"));
    let standing = node.json(&["member", "standing", "block"])["members"][0].clone();
    assert_eq!((&standing["real"], &standing["proven"]), (&json!("block"), &json!("block")));
    // Its people change the resolver, and it refuses nothing any more.
    node.json(&["member", "set", "block", "--resolver", &format!("127.0.0.1:{}", careless())]);
    let told = test("block");
    assert!(!is_proven(&told, "block") && level(&told, "block")["let_through"].is_string(), "{told}");
    let standing = node.json(&["member", "standing", "block"])["members"][0].clone();
    assert_eq!(
        (&standing["real"], &standing["proven"]),
        (&Value::Null, &Value::Null),
        "the zone is fetched, and not used"
    );

    // detect: a real Suricata fires on a query, and its alert is sent back.
    let rules = node.file("bongsu.rules", node.text(&serving, "detect", "/d/suricata.rules"));
    let below = test("detect")["names"]["below"].as_str().unwrap().to_owned();
    let eve = |name: &str| {
        let pcap = node.file("query.pcap", query_capture(name));
        let logs = tempfile::tempdir().unwrap();
        let mut command = Command::new("suricata");
        command.args(["-r", &pcap, "-S", &rules, "-k", "none", "-l"]).arg(logs.path());
        let output = command.output().unwrap_or_else(|error| panic!("suricata: {error}; run scripts/setup"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::read_to_string(logs.path().join("eve.json")).unwrap()
    };
    let (status, said) = send_alert(&node, &serving, eve("www.example.com"));
    assert!(status == 422 && said.contains("none of its lines is an alert"), "{status} {said}");
    let (status, said) = send_alert(&node, &serving, eve(&below.replacen(&below[..4], "zzzz", 1)));
    assert!(status == 422 && said.contains(&below), "a rule fired on another name: {status} {said}");
    let (status, said) = send_alert(&node, &serving, eve(&below));
    assert!(status == 200 && is_proven(&serde_json::from_str(&said).unwrap(), "detect"), "{status} {said}");

    // exchange: a round trip.
    let told = test("exchange");
    assert_eq!(level(&told, "exchange")["needs"][0]["seen"], json!(true), "it has read");
    assert!(!is_proven(&told, "exchange"));
    let posted =
        node.post(&serving, "exchange", "region", &indicator(7, "mine-k3.top").to_string()).send().unwrap();
    assert_eq!(posted.status(), 202);
    assert!(is_proven(&test("exchange"), "exchange"));

    // The page says what is missing; to a member, its own.
    let page = node.text(&serving, "block", "/members/block/test");
    assert!(page.contains("let through") && page.contains(">missing<") && page.contains(">seen<"), "{page}");
    assert_eq!(node.get(&serving, "block", "/members/read/test").send().unwrap().status(), 404);
    // Nobody reports for somebody else, and no form of a foreign page can.
    let report = serving
        .client
        .post(format!("{}/d/test/resolver", serving.url))
        .basic_auth("list", node.tokens.get("list"));
    let report = report.body(r#"{"allowed":"192.0.2.1","refused":"","below":""}"#).send().unwrap();
    assert_eq!(report.status(), 415);

    // Another domain takes the place of the first, everywhere.
    serving.stop();
    let serving = node.serve_with(&[("BONGSU__TEST__DOMAIN", "other-k3.top")]);
    let list = || {
        let list = node.text(&serving, "list", "/d/list/domain.txt");
        (list.contains("refuse.other-k3.top") && !list.contains("refuse.test-k3.top")).then_some(())
    };
    assert!(wait(Duration::from_secs(20), list).is_some());
    let file = node.file("b.json", bundle(&[indicator(8, "later-k3.top")]));
    node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
}
