//! Three nodes of three countries have one circle, over mutual TLS: in a chain on this machine, and in network namespaces between
//! which packets come late, get lost, or do not come at all.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::certificates::openssl;
use crate::node::{Node, bundle, indicator, port, wait};

const NAMES: [&str; 3] = ["a", "b", "c"];

/// Three nodes, and where each is reached.
pub(crate) struct Region {
    pub(crate) nodes: Vec<Node>,
    pub(crate) urls: Vec<String>,
    dir: tempfile::TempDir,
}

fn path(dir: &Path, name: &str) -> String {
    dir.join(name).display().to_string()
}

impl Region {
    /// Nodes with a member each, who have signed one agreement; nobody is anybody's peer yet.
    pub(crate) fn new(hosts: [&str; 3], ports: [u16; 3]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        openssl(dir.path(), &format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=ca"));
        let mut nodes = Vec::new();
        for (name, host) in NAMES.iter().zip(hosts) {
            std::fs::write(dir.path().join("ext"), format!("subjectAltName=IP:{host}\n")).unwrap();
            openssl(dir.path(), &format!("req {key} -keyout {name}.key -out {name}.csr -subj /CN={name}"));
            let sign = "-CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext";
            openssl(dir.path(), &format!("x509 -req -in {name}.csr {sign} -out {name}.pem"));
            let mut node = Node::new();
            node.member(&format!("m{name}"), "exchange", "amber");
            let config = format!(
                "[http]\ntls_cert = \"{}\"\ntls_key = \"{}\"\ntls_client_ca = \"{}\"\n[dns]\nenabled = false\n",
                path(dir.path(), &format!("{name}.pem")),
                path(dir.path(), &format!("{name}.key")),
                path(dir.path(), "ca.pem"),
            );
            std::fs::write(node.data().join("bongsu.toml"), config).unwrap();
            nodes.push(node);
        }
        let urls = hosts.iter().zip(ports).map(|(host, port)| format!("https://{host}:{port}")).collect();
        let region = Self { nodes, urls, dir };
        region.agree();
        region
    }

    pub(crate) fn path(&self, name: &str) -> String {
        path(self.dir.path(), name)
    }

    pub(crate) fn write(&self, name: &str, value: &Value) -> String {
        std::fs::write(self.dir.path().join(name), value.to_string()).unwrap();
        self.path(name)
    }

    /// All members sign one agreement, each where its key is; it counts only once all have.
    fn agree(&self) {
        let mut draft = vec!["agreement".to_owned(), "draft".to_owned(), "sea".to_owned()];
        for (name, node) in NAMES.iter().zip(&self.nodes) {
            let (member, secret) = (format!("m{name}"), self.path(&format!("m{name}.key")));
            let made = node.json(&["sign", "--new-key", &secret]);
            let public = self.write(&format!("m{name}.pub"), &made["public"]);
            node.json(&["member", "key", "add", &member, &public]);
            let party = node.json(&["agreement", "party", &member]);
            std::fs::write(self.path(&format!("{name}.node")), party["home"].as_str().unwrap()).unwrap();
            draft.extend(["--party".to_owned(), self.write(&format!("{name}.party"), &party)]);
        }
        draft.extend(["--ceiling", "green", "--title", "Sea"].map(str::to_owned));
        let draft: Vec<&str> = draft.iter().map(String::as_str).collect();
        let agreed = self.nodes[0].json(&draft);
        let copies: Vec<String> =
            NAMES.iter().map(|name| self.write(&format!("{name}.agreement"), &agreed)).collect();
        for ((name, node), copy) in NAMES.iter().zip(&self.nodes).zip(&copies) {
            let early = node.command(&["agreement", "add", copy]).output().unwrap();
            assert!(String::from_utf8_lossy(&early.stderr).contains("it is not signed by"), "{early:?}");
            node.json(&["agreement", "sign", copy, "--key", &self.path(&format!("m{name}.key"))]);
        }
        let told = self.nodes[0].json(&["agreement", "join", &copies[0], &copies[1], &copies[2]]);
        assert_eq!(told["missing"], serde_json::json!([]));
        for node in &self.nodes {
            assert_eq!(node.json(&["agreement", "add", &copies[0]])["version"], 1);
        }
    }

    pub(crate) fn peer(&self, at: usize, of: usize, with_url: bool, push: bool) {
        let (key, certificate) =
            (self.path(&format!("{}.node", NAMES[of])), self.path(&format!("{}.pem", NAMES[of])));
        let ca = self.path("ca.pem");
        let mut args =
            vec!["peer", "add", NAMES[of], "--key", &key, "--certificate", &certificate, "--ca", &ca];
        if with_url {
            args.extend(["--url", &self.urls[of]]);
        }
        args.extend(push.then_some("--push"));
        self.nodes[at].json(&args);
    }

    pub(crate) fn import(&self, at: usize, number: u128, domain: &str) {
        let file = self.nodes[at].file("in.json", bundle(&[indicator(number, domain)]));
        let member = format!("m{}", NAMES[at]);
        self.nodes[at].json(&["import", &file, "--circle", "sea", "--as", &member]);
    }

    pub(crate) fn records(&self, at: usize) -> u64 {
        self.nodes[at].json(&["circle", "show", "sea"])["circle"]["records"].as_u64().unwrap()
    }

    /// Waits until all nodes have so many records; how long it took.
    fn all_have(&self, records: u64, within: Duration) -> Duration {
        let began = Instant::now();
        let told = wait(within, || (0..3).all(|at| self.records(at) == records).then_some(()));
        let has: Vec<Value> = self.nodes.iter().map(|node| node.json(&["peer", "list"])).collect();
        assert!(told.is_some(), "not all have {records}: {:?} {has:?}", [0, 1, 2].map(|at| self.records(at)));
        began.elapsed()
    }
}

#[test]
fn what_one_node_gets_reaches_members_of_all_and_so_does_its_end() {
    let hosts = ["127.0.0.1"; 3];
    let ports = [port(), port(), port()];
    let region = Region::new(hosts, ports);
    // A chain: a and b, b and c; c can't be reached, so it pulls from b and pushes to it.
    region.peer(0, 1, true, false);
    region.peer(1, 0, true, false);
    region.peer(2, 1, true, true);
    region.peer(1, 2, false, false);
    let serve = |at: usize| {
        let listen = format!("127.0.0.1:{}", ports[at]);
        region.nodes[at].serve_with(&[("BONGSU__HTTP__LISTEN", &listen)])
    };
    let servings: Vec<_> = (0..3).map(serve).collect();
    region.import(0, 1, "a-k3.top");
    let began = Instant::now();
    region.all_have(1, Duration::from_secs(120));
    eprintln!("from a over b to c: {} ms", began.elapsed().as_millis());
    region.import(2, 2, "b-k3.top");
    region.all_have(2, Duration::from_secs(120));
    let at_home = |at: usize| {
        let pem = std::fs::read(region.path("ca.pem")).unwrap();
        let ca = reqwest::Certificate::from_pem(&pem).unwrap();
        let client = reqwest::blocking::Client::builder().tls_certs_only([ca]).build().unwrap();
        let member = format!("m{}", NAMES[at]);
        let request = client.get(format!("{}/d/list/domain.txt", servings[at].url));
        let answer = request.basic_auth(&member, region.nodes[at].tokens.get(&member)).send().unwrap();
        answer.error_for_status().unwrap().text().unwrap()
    };
    for at in 0..3 {
        let has = wait(Duration::from_secs(60), || {
            let list = at_home(at);
            (list.contains("a-k3.top") && list.contains("b-k3.top")).then_some(())
        });
        assert!(has.is_some(), "{at}");
    }
    // A node that is away misses nothing.
    let mut servings = servings;
    servings.remove(1).stop();
    region.import(0, 3, "c-k3.top");
    let id = crate::node::id("indicator", 1);
    region.nodes[0].json(&["withdraw", &id, "--circle", "sea", "--as", "ma", "--reason", "false alarm"]);
    let back = serve(1);
    region.all_have(4, Duration::from_secs(120));
    let gone = wait(Duration::from_secs(60), || {
        let client = |serving: &crate::node::Serving| {
            let ca = reqwest::Certificate::from_pem(&std::fs::read(region.path("ca.pem")).unwrap()).unwrap();
            let client = reqwest::blocking::Client::builder().tls_certs_only([ca]).build().unwrap();
            let request = client.get(format!("{}/d/list/domain.txt", serving.url));
            request.basic_auth("mc", region.nodes[2].tokens.get("mc")).send().unwrap().text().unwrap()
        };
        let list = client(&servings[1]);
        (!list.contains("a-k3.top") && list.contains("c-k3.top")).then_some(())
    });
    assert!(gone.is_some(), "the withdrawal reached the last");
    let peers = region.nodes[1].json(&["peer", "show", "a"]);
    assert_eq!(peers["peers"][0]["circles"][0]["refused"], 0, "{peers}");
    back.stop();
    servings.into_iter().for_each(crate::node::Serving::stop);
    for node in &region.nodes {
        node.json(&["verify"]);
    }
}

/// Network namespaces joined by a link that delays, loses and can be cut; gone with this value.
struct Net {
    names: [String; 3],
    link: Child,
    say: ChildStdin,
}

fn ip(args: &str) {
    let output = Command::new("ip").args(args.split(' ')).output().unwrap();
    assert!(output.status.success(), "ip {args}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Net {
    /// 200 ms each way and 5% loss.
    fn new() -> Self {
        let own = std::process::id();
        let names = NAMES.map(|name| format!("bongsu-{own}-{name}"));
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/journeys/late_link.py");
        let devices = NAMES.map(|name| format!("bg{own}{name}"));
        let mut link = Command::new("python3");
        link.args([script, "0.2", "0.05"]).args(&devices).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut link = link.spawn().unwrap();
        let say = link.stdin.take().unwrap();
        let mut line = String::new();
        BufReader::new(link.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "ready");
        for (at, (name, device)) in names.iter().zip(&devices).enumerate() {
            ip(&format!("netns add {name}"));
            ip(&format!("link set {device} netns {name}"));
            ip(&format!("-n {name} addr add 10.99.0.{}/24 dev {device}", at + 1));
            ip(&format!("-n {name} link set {device} up"));
            ip(&format!("-n {name} link set lo up"));
        }
        Self { names, link, say }
    }

    /// Nothing comes to the first node or from it, or it does again.
    fn cut(&mut self, cut: bool) {
        writeln!(self.say, "{}", if cut { "cut 0" } else { "heal" }).unwrap();
        self.say.flush().unwrap();
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for name in &self.names {
            let _gone_already = Command::new("ip").args(["netns", "del", name]).status();
        }
        let _ended_already = self.link.kill();
        let _ended_already = self.link.wait();
    }
}

/// Processes that end with this value.
struct Processes(Vec<Child>);

impl Drop for Processes {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ended_already = child.kill();
            let _ended_already = child.wait();
        }
    }
}

#[test]
fn a_partition_heals_without_loss_over_links_that_delay_and_lose() {
    let region = Region::new(["10.99.0.1", "10.99.0.2", "10.99.0.3"], [8443; 3]);
    for at in 0..3 {
        for of in (0..3).filter(|of| *of != at) {
            region.peer(at, of, true, false);
        }
    }
    let mut net = Net::new();
    let mut processes = Processes(Vec::new());
    for (name, node) in net.names.iter().zip(&region.nodes) {
        let data: PathBuf = node.data();
        let mut command = Command::new("ip");
        command.args(["netns", "exec", name, env!("CARGO_BIN_EXE_bongsu"), "--data"]).arg(data);
        // As it is started anywhere else, in that network.
        let started = node.command(&[]);
        let environment = started.get_envs().filter_map(|(name, value)| Some((name, value?)));
        command
            .envs(environment)
            .args(["--json", "--quiet", "serve"])
            .env("BONGSU__HTTP__LISTEN", "0.0.0.0:8443");
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        processes.0.push(child);
        assert!(line.contains("https://"), "{line}");
    }
    region.import(0, 1, "a-k3.top");
    let took = region.all_have(1, Duration::from_secs(180));
    eprintln!("to all nodes, 200 ms and 5% loss: {} ms", took.as_millis());
    net.cut(true);
    for number in 0..5 {
        for at in 0..3 {
            let number = 10 + number * 3 + at as u128;
            region.import(at, number, &format!("a{number}-k3.top"));
        }
    }
    let id = crate::node::id("indicator", 1);
    region.nodes[0].json(&["withdraw", &id, "--circle", "sea", "--as", "ma", "--reason", "false alarm"]);
    // What is said while it lasts goes round behind it, and stays on this side of it.
    let behind =
        wait(Duration::from_secs(120), || (region.records(1) == 11 && region.records(2) == 11).then_some(()));
    assert!(behind.is_some() && region.records(0) == 7, "{:?}", [0, 1, 2].map(|at| region.records(at)));
    std::thread::sleep(Duration::from_secs(20));
    net.cut(false);
    // 16 objects and one withdrawal, each once.
    let took = region.all_have(17, Duration::from_secs(180));
    eprintln!("after healing, all nodes have all: {} ms", took.as_millis());
    let rest = wait(Duration::from_secs(4), || (0..3).any(|at| region.records(at) != 17).then_some(()));
    assert!(rest.is_none(), "something comes twice");
}
