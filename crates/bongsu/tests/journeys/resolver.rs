//! A real BIND 9 transfers a member's zone and refuses what is in it.

use serde_json::json;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::node::{Node, bundle, indicator, port, wait};

pub(crate) struct Named(Child);

impl Drop for Named {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

impl Named {
    /// BIND with this configuration, in a folder of its own.
    pub(crate) fn start(dir: &Path, config: &str) -> Self {
        let file = dir.join("named.conf");
        std::fs::write(&file, config).unwrap();
        let log = std::fs::File::create(dir.join("named.log")).unwrap();
        let mut command = Command::new("/usr/sbin/named");
        command.args(["-g", "-4", "-c"]).arg(&file).stdout(Stdio::null()).stderr(log);
        Self(command.spawn().unwrap_or_else(|error| panic!("named: {error}; run scripts/setup")))
    }
}

/// BIND as a ministry would set it up: a resolver with the zone as its policy. The names that it knows itself stand in for
/// the rest of the world.
pub(crate) fn named(dir: &Path, zone: &str, key: (&str, &str), primary: &str, port: u16) -> Named {
    let (address, primary_port) = primary.rsplit_once(':').unwrap();
    let (name, secret) = key;
    let world = "$TTL 60\n@ SOA localhost. root.localhost. 1 60 60 60 60\n@ NS localhost.\n* A 192.0.2.1\n";
    std::fs::write(dir.join("world.zone"), world).unwrap();
    let config = format!(
        r#"
options {{
    directory "{dir}"; pid-file "{dir}/named.pid"; session-keyfile none; managed-keys-directory "{dir}";
    listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
    recursion yes; allow-query {{ any; }}; dnssec-validation no; empty-zones-enable no;
    response-policy {{ zone "{zone}" min-update-interval 0; }} qname-wait-recurse no;
}};
controls {{ }};
key "{name}" {{ algorithm hmac-sha256; secret "{secret}"; }};
zone "{zone}" {{ type secondary; primaries {{ {address} port {primary_port} key "{name}"; }}; file "rpz.zone"; masterfile-format text; allow-query {{ none; }}; }};
zone "top" {{ type primary; file "world.zone"; }};
zone "org" {{ type primary; file "world.zone"; }};
"#,
        dir = dir.display()
    );
    Named::start(dir, &config)
}

/// What `dig` says: the status and the addresses.
pub(crate) fn dig(port: u16, name: &str) -> (String, String) {
    let output = Command::new("dig")
        .args(["@127.0.0.1", "-p", &port.to_string(), "+tries=3", "+time=5", name, "A"])
        .output()
        .unwrap_or_else(|error| panic!("dig: {error}; run scripts/setup"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let status = text.split("status: ").nth(1).and_then(|rest| rest.split(',').next()).unwrap_or("no answer");
    (status.to_owned(), text)
}

#[test]
fn bind_transfers_the_zone_and_refuses_the_listed_domain_and_all_below_it() {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "block", "--member", "read"]);
    let listed =
        bundle(&[indicator(1, "evil-login-k3.top"), indicator(2, "google.com"), indicator(3, "cdn-k3.org")]);
    let file = node.file("bundle.json", listed);
    assert_eq!(node.json(&["import", &file, "--circle", "region", "--as", "exchange"])["added"], 3);
    let key = node.json(&["member", "tsig", "block"])["tsig"].clone();
    let key = (key["name"].as_str().unwrap(), key["secret"].as_str().unwrap());
    let other = node.json(&["member", "tsig", "exchange"])["tsig"].clone();
    let serving = node.serve();
    let dns = serving.dns.clone().unwrap();
    let port = port();
    let dir = node.dir.path().join("bind");
    std::fs::create_dir(&dir).unwrap();
    // The node serves already: what is changed while it does holds at once.
    let notify = format!("127.0.0.1:{port}");
    assert_eq!(node.json(&["member", "zone", "block", "--notify", &notify])["notify"], json!([notify]));
    let _named = named(&dir, "block.rpz.bongsu", key, &dns, port);
    let log = || std::fs::read_to_string(dir.join("named.log")).unwrap_or_default();
    let refused =
        wait(Duration::from_secs(40), || (dig(port, "evil-login-k3.top").0 == "NXDOMAIN").then_some(()));
    assert!(refused.is_some(), "{}\n{}", dig(port, "evil-login-k3.top").1, log());
    assert_eq!(dig(port, "deep.www.evil-login-k3.top").0, "NXDOMAIN");
    assert_eq!(dig(port, "www.cdn-k3.org").0, "NXDOMAIN");
    let (status, text) = dig(port, "harmless-k3.top");
    assert!(status == "NOERROR" && text.contains("192.0.2.1"), "{text}");
    let zone = std::fs::read_to_string(dir.join("rpz.zone")).unwrap();
    assert!(
        zone.contains("evil-login-k3.top") && !zone.contains("google"),
        "the guard held google.com back: {zone}"
    );

    // What is new is fetched as a difference, long before BIND would ask by itself (60 s), because it is told.
    let file = node.file("soon.json", bundle(&[indicator(5, "soon-k3.top")]));
    node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
    let refused = wait(Duration::from_secs(30), || (dig(port, "soon-k3.top").0 == "NXDOMAIN").then_some(()));
    assert!(refused.is_some(), "{}\n{}", dig(port, "soon-k3.top").1, log());
    assert!(log().contains("received notify for zone 'block.rpz.bongsu'"), "{}", log());
    let file = node.file("gone.json", bundle(&[indicator(6, "brief-k3.top")]));
    node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
    let refused = wait(Duration::from_secs(30), || (dig(port, "brief-k3.top").0 == "NXDOMAIN").then_some(()));
    assert!(refused.is_some(), "{}", log());
    let withdrawn = indicator(6, "brief-k3.top")["id"].as_str().unwrap().to_owned();
    node.json(&["withdraw", &withdrawn, "--circle", "region", "--as", "exchange", "--reason", "false alarm"]);
    let allowed = wait(Duration::from_secs(30), || (dig(port, "brief-k3.top").0 == "NOERROR").then_some(()));
    assert!(allowed.is_some(), "{}", log());

    // Nobody else gets the zone: no key, another member's key, a wrong secret.
    let ask = |key: Option<(&str, &str)>, kind: &str| {
        let (address, port) = dns.rsplit_once(':').unwrap();
        let mut command = Command::new("dig");
        command.args([&format!("@{address}"), "-p", port, "block.rpz.bongsu", kind, "+tries=1"]);
        if let Some((name, secret)) = key {
            command.args(["-y", &format!("hmac-sha256:{name}:{secret}")]);
        }
        String::from_utf8_lossy(&command.output().unwrap().stdout).into_owned()
    };
    let transfer = |key| ask(key, "AXFR");
    let serial = |answer: &str| {
        let soa = answer.lines().find(|line| line.contains("SOA")).unwrap().to_owned();
        soa.split_whitespace().nth(6).unwrap().parse::<u32>().unwrap()
    };
    let before = transfer(Some(key));
    assert!(before.contains("evil-login-k3.top"), "{before}");
    let file = node.file("later.json", bundle(&[indicator(4, "later-k3.top")]));
    node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
    let after = transfer(Some(key));
    assert!(
        after.contains("later-k3.top") && serial(&after) > serial(&before),
        "what is new is in at once: {after}"
    );
    assert_eq!(serial(&transfer(Some(key))), serial(&after), "the serial stays while nothing changes");
    let difference = ask(Some(key), &format!("IXFR={}", serial(&before)));
    let lines = |name: &str| difference.lines().filter(|line| line.contains(name)).count();
    assert_eq!(
        (lines("later-k3.top"), lines("evil-login-k3.top")),
        (2, 0),
        "what is new alone: {difference}"
    );
    let nothing = ask(Some(key), &format!("IXFR={}", serial(&after)));
    assert!(nothing.contains("SOA") && !nothing.contains("CNAME"), "who has it all gets nothing: {nothing}");
    let stranger = (other["name"].as_str().unwrap(), other["secret"].as_str().unwrap());
    for key in [None, Some(stranger), Some((key.0, stranger.1))] {
        let answer = transfer(key);
        // A signature is random text: only a whole name says that a name was given.
        assert!(!answer.contains("-k3."), "{answer}");
    }
    assert_eq!(node.json(&["verify"])["sound"], true);
}
