//! Lists as Pi-hole takes them. Pi-hole itself is in no registry from which it could be installed here; so each line is held to the rules by
//! which it reads lists (`gravity.sh` cleans them, `gravity-parseList.c` of its FTL judges what is left), and dnsmasq, of which FTL is made,
//! serves the hosts form.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::node::{Node, Serving, bundle, indicator, port, wait};

const DOMAINS: [&str; 4] = ["evil-login-k3.top", "drop.bad-k3.xyz", "xn--bcher-kva.top", "a_b.under-k3.top"];

/// What is left of a list once Pi-hole has cleaned it: small letters, no comments, no address before a name.
fn cleaned(list: &str) -> Vec<String> {
    let line = |line: &str| {
        let line = line.to_lowercase();
        let line = line.split('#').next().unwrap().trim();
        let is_comment = line.starts_with('!') || line.starts_with('[');
        let name = match line.split_once(char::is_whitespace) {
            Some((address, name)) if address.parse::<std::net::IpAddr>().is_ok() => name.trim(),
            _ => line,
        };
        (!is_comment && !name.is_empty()).then(|| name.to_owned())
    };
    list.lines().filter_map(line).collect()
}

/// Whether FTL takes a name: letters, digits and `-._`, no empty or overlong label, a last one of two letters or more that no hyphen
/// begins or ends.
fn is_name(name: &str) -> bool {
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._".contains(c);
    let labels: Vec<&str> = name.split('.').collect();
    let top = labels.last().unwrap();
    name.len() <= 255
        && name.chars().all(known)
        && labels.iter().all(|label| (1..=63).contains(&label.len()))
        && top.len() >= 2
        && !top.starts_with('-')
        && !top.ends_with('-')
}

/// A filter's name, or that of a line of a hosts file, if Pi-hole takes the line: a filter means what lies below it too.
fn taken(line: &str) -> Option<(String, bool)> {
    match line.strip_prefix("||") {
        Some(filter) => {
            filter.strip_suffix('^').filter(|name| is_name(name)).map(|name| (name.to_owned(), true))
        }
        None => (line.contains('.') && is_name(line)).then(|| (line.to_owned(), false)),
    }
}

pub(crate) struct Dnsmasq {
    child: Child,
    pub(crate) port: u16,
}

impl Drop for Dnsmasq {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

impl Dnsmasq {
    /// One that knows nothing but what its arguments say.
    pub(crate) fn start(known: &str) -> Self {
        let port = port();
        let mut command = Command::new("/usr/sbin/dnsmasq");
        command.args([
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--no-resolv",
            "--no-hosts",
            "--user=root",
        ]);
        command.args(["--listen-address=127.0.0.1", "--bind-interfaces", "--pid-file="]);
        let child = command.arg(format!("--port={port}")).arg(known);
        let child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Self { child: child.unwrap_or_else(|error| panic!("dnsmasq: {error}; run scripts/setup")), port }
    }

    fn address(&self, name: &str) -> String {
        let port = self.port.to_string();
        let output = Command::new("dig")
            .args(["@127.0.0.1", "-p", &port, "+short", "+tries=1", "+time=2", name, "A"])
            .output()
            .unwrap_or_else(|error| panic!("dig: {error}; run scripts/setup"));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// That it answers a name so, some time.
    fn answers(&self, name: &str, address: &str) {
        let found = wait(Duration::from_secs(30), || (self.address(name) == address).then_some(()));
        assert!(found.is_some(), "{name}: {}", self.address(name));
    }
}

fn fetch(node: &Node, serving: &Serving, path: &str) -> String {
    // As a device that holds nothing but an address.
    let url = format!("{}/t/{}/d/{path}", serving.url, node.tokens["list"]);
    let answer = serving.client.get(url).send().unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.text().unwrap()
}

#[test]
fn every_line_of_a_list_is_one_that_pihole_takes_and_dnsmasq_refuses_by_it() {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "list"]);
    let share = |number: u128, name: &str| {
        let file = node.file("bundle.json", bundle(&[indicator(number, name)]));
        assert_eq!(node.json(&["import", &file, "--circle", "region", "--as", "exchange"])["added"], 1);
    };
    (1..).zip(DOMAINS).for_each(|(number, name)| share(number, name));
    let serving = node.serve();
    let mut listed = Vec::new();
    for (path, means_below) in
        [("list/domain.adblock.txt", true), ("list/domain.hosts.txt", false), ("list/domain.txt", false)]
    {
        let list = fetch(&node, &serving, path);
        let lines = cleaned(&list);
        let mut names: Vec<String> = Vec::new();
        for line in &lines {
            let (name, below) = taken(line).unwrap_or_else(|| panic!("{path}: Pi-hole takes no `{line}`"));
            assert_eq!(below, means_below, "{path}: {line}");
            names.push(name);
        }
        names.sort_unstable();
        listed.push(names);
    }
    let mut expected: Vec<String> = DOMAINS.map(str::to_owned).into();
    expected.sort_unstable();
    assert!(listed.iter().all(|names| *names == expected), "{listed:?}");

    let hosts = node.dir.path().join("bongsu.hosts");
    std::fs::write(&hosts, fetch(&node, &serving, "list/domain.hosts.txt")).unwrap();
    let dnsmasq = Dnsmasq::start(&format!("--addn-hosts={}", hosts.display()));
    DOMAINS.iter().for_each(|name| dnsmasq.answers(name, "0.0.0.0"));
    dnsmasq.answers("new-k3.top", "");
    share(9, "new-k3.top");
    let gone = indicator(1, "x")["id"].as_str().unwrap().to_owned();
    node.json(&["withdraw", &gone, "--circle", "region", "--as", "exchange", "--reason", "false alarm"]);
    std::fs::write(&hosts, fetch(&node, &serving, "list/domain.hosts.txt")).unwrap();
    // It reads the file anew when it is told to.
    let told = Command::new("kill").args(["-HUP", &dnsmasq.child.id().to_string()]).status().unwrap();
    assert!(told.success());
    dnsmasq.answers("new-k3.top", "0.0.0.0");
    dnsmasq.answers(DOMAINS[0], "");
}
