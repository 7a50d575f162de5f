//! Unbound, Knot DNS, NSD and PowerDNS Recursor have a member's zone, each in its own way, and follow it.
//!
//! Unbound 1.17 signs no transfers, so it fetches without a key, over TLS; Knot picks the zone up from the catalog; NSD is
//! told in its configuration; PowerDNS Recursor hears of nothing and asks every second.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::json;

use crate::certificates::{certificates, config as with_tls};
use crate::node::{Node, indicator, port, wait};

const ZONE: &str = "block.rpz.bongsu";
const TIME: Duration = Duration::from_secs(40);

/// A DNS server that runs as long as this lives.
struct Peer {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

impl Peer {
    fn start(dir: &Path, port: u16, program: &str, args: &[&str]) -> Self {
        let log = dir.join(format!("{program}.log"));
        let to = std::fs::File::create(&log).unwrap();
        let child = Command::new(format!("/usr/sbin/{program}"))
            .args(args)
            .current_dir(dir)
            .stdin(Stdio::null())
            .stdout(to.try_clone().unwrap())
            .stderr(to)
            .spawn();
        Self {
            child: child.unwrap_or_else(|error| panic!("{program}: {error}; run scripts/setup")),
            port,
            log,
        }
    }

    /// What `dig` says of a name here.
    fn dig(&self, name: &str, kind: &str) -> String {
        let port = self.port.to_string();
        let output = Command::new("dig")
            .args(["@127.0.0.1", "-p", &port, "+tries=1", "+time=2", name, kind])
            .output()
            .unwrap_or_else(|error| panic!("dig: {error}; run scripts/setup"));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Waits until the answer has `part` in it.
    fn answers(&self, name: &str, kind: &str, part: &str) {
        if wait(TIME, || self.dig(name, kind).contains(part).then_some(())).is_none() {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            panic!("{name} {kind} has no {part}: {}\n{log}", self.dig(name, kind));
        }
    }
}

/// Where the node is, and the member's key.
struct Primary {
    port: String,
    tls_port: String,
    key: String,
    secret: String,
}

/// Knot has the rest of the world too: every name in `top` that no policy refuses.
fn knot(dir: &Path, port: u16, primary: &Primary) -> Peer {
    let Primary { port: primary_port, key, secret, .. } = primary;
    let world = "$TTL 1\n@ SOA localhost. root.localhost. 1 60 60 60 1\n@ NS localhost.\n* A 192.0.2.1\n";
    std::fs::write(dir.join("top.zone"), world).unwrap();
    let dir_name = dir.display();
    let config = format!(
        r#"
server:
  listen: 127.0.0.1@{port}
  rundir: "{dir_name}"
database:
  storage: "{dir_name}/knot"
log:
  - target: stderr
    any: info
key:
  - id: {key}
    algorithm: hmac-sha256
    secret: {secret}
remote:
  - id: node
    address: 127.0.0.1@{primary_port}
    key: {key}
acl:
  - id: notify
    address: 127.0.0.1
    key: {key}
    action: notify
template:
  - id: default
    storage: "{dir_name}"
  - id: policy
    storage: "{dir_name}/knot"
    master: node
    acl: notify
zone:
  - domain: top
    file: top.zone
  - domain: block._catalog.rpz.bongsu
    storage: "{dir_name}/knot"
    master: node
    acl: notify
    catalog-role: interpret
    catalog-template: policy
"#
    );
    std::fs::write(dir.join("knot.conf"), config).unwrap();
    std::fs::create_dir(dir.join("knot")).unwrap();
    Peer::start(dir, port, "knotd", &["-c", "knot.conf"])
}

fn unbound(dir: &Path, port: u16, world: u16, primary: &Primary) -> Peer {
    let (dir_name, tls_port) = (dir.display(), &primary.tls_port);
    let config = format!(
        r#"
server:
  directory: "{dir_name}"
  chroot: ""
  username: ""
  pidfile: "{dir_name}/unbound.pid"
  interface: 127.0.0.1@{port}
  do-daemonize: no
  use-syslog: no
  verbosity: 2
  module-config: "respip iterator"
  do-not-query-localhost: no
  tls-cert-bundle: "{dir_name}/ca.pem"
  cache-max-negative-ttl: 1
rpz:
  name: "{ZONE}"
  primary: 127.0.0.1@{tls_port}#node.test
  allow-notify: 127.0.0.1
stub-zone:
  name: "top"
  stub-addr: 127.0.0.1@{world}
"#
    );
    std::fs::write(dir.join("unbound.conf"), config).unwrap();
    Peer::start(dir, port, "unbound", &["-d", "-c", "unbound.conf"])
}

fn nsd(dir: &Path, port: u16, primary: &Primary) -> Peer {
    let Primary { port: primary_port, key, secret, .. } = primary;
    let dir_name = dir.display();
    let config = format!(
        r#"
server:
  ip-address: 127.0.0.1@{port}
  zonesdir: "{dir_name}"
  pidfile: "{dir_name}/nsd.pid"
  xfrdfile: "{dir_name}/xfrd.state"
  xfrdir: "{dir_name}"
  zonelistfile: "{dir_name}/zone.list"
  database: ""
  username: ""
  server-count: 1
remote-control:
  control-enable: no
key:
  name: "{key}"
  algorithm: hmac-sha256
  secret: "{secret}"
zone:
  name: "{ZONE}"
  request-xfr: 127.0.0.1@{primary_port} {key}
  allow-notify: 127.0.0.1 {key}
"#
    );
    std::fs::write(dir.join("nsd.conf"), config).unwrap();
    Peer::start(dir, port, "nsd", &["-d", "-c", "nsd.conf"])
}

fn recursor(dir: &Path, port: u16, world: u16, primary: &Primary) -> Peer {
    let Primary { port: primary_port, key, secret, .. } = primary;
    let policy = format!(
        "rpzPrimary({{\"127.0.0.1:{primary_port}\"}}, \"{ZONE}\", {{tsigname=\"{key}\", tsigalgo=\"hmac-sha256\", tsigsecret=\"{secret}\", refresh=1}})\n"
    );
    std::fs::write(dir.join("policy.lua"), policy).unwrap();
    let config = format!("--config-dir={}", dir.display());
    let lua = format!("--lua-config-file={}", dir.join("policy.lua").display());
    let (port_option, forward) =
        (format!("--local-port={port}"), format!("--forward-zones=top=127.0.0.1:{world}"));
    let sockets = format!("--socket-dir={}", dir.display());
    let args = [
        config.as_str(),
        &lua,
        &port_option,
        &forward,
        &sockets,
        "--local-address=127.0.0.1",
        "--daemon=no",
        "--dnssec=off",
        "--setuid=",
        "--setgid=",
        "--dont-query=",
        "--max-negative-ttl=1",
        "--max-cache-ttl=1",
        "--packetcache-ttl=1",
        "--threads=1",
    ];
    Peer::start(dir, port, "pdns_recursor", &args)
}

#[test]
fn every_common_server_has_the_zone_and_follows_it() {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "block"]);
    node.brings(1, "first-k3.top");
    let key = node.json(&["member", "tsig", "block"])["tsig"].clone();
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    certificates(dir);
    let tls_port = port();
    let config = with_tls(dir).replace("enabled = false", &format!("tls_listen = \"127.0.0.1:{tls_port}\""));
    std::fs::write(node.data().join("bongsu.toml"), config).unwrap();
    let ports = [port(), port(), port(), port()];
    let at = |port: u16| format!("127.0.0.1:{port}");
    let mut zone = vec!["member", "zone", "block", "--from", "127.0.0.1"];
    let notified = [at(ports[0]), at(ports[1]), at(ports[2])];
    notified.iter().for_each(|address| zone.extend(["--notify", address]));
    assert_eq!(node.json(&zone)["catalog"], json!("block._catalog.rpz.bongsu"));
    let serving = node.serve();
    let text = |name: &str| key[name].as_str().unwrap().to_owned();
    let primary = Primary {
        port: serving.dns.clone().unwrap().rsplit_once(':').unwrap().1.to_owned(),
        tls_port: tls_port.to_string(),
        key: text("name"),
        secret: text("secret"),
    };
    let knot = knot(dir, ports[0], &primary);
    let unbound = unbound(dir, ports[1], ports[0], &primary);
    let nsd = nsd(dir, ports[2], &primary);
    let recursor = recursor(dir, ports[3], ports[0], &primary);

    let authoritative = [&knot, &nsd];
    let resolvers = [&unbound, &recursor];
    let refuse = |name: &str| {
        for server in authoritative {
            server.answers(&format!("{name}.{ZONE}"), "CNAME", "CNAME\t.");
        }
        for server in resolvers {
            server.answers(&format!("www.{name}"), "A", "status: NXDOMAIN");
        }
    };
    let allow = |name: &str| {
        for server in authoritative {
            server.answers(&format!("{name}.{ZONE}"), "CNAME", "status: NXDOMAIN");
        }
        for server in resolvers {
            server.answers(&format!("www.{name}"), "A", "192.0.2.1");
        }
    };
    refuse("first-k3.top");
    allow("second-k3.top");
    node.brings(2, "second-k3.top");
    refuse("second-k3.top");
    let first = indicator(1, "first-k3.top")["id"].as_str().unwrap().to_owned();
    node.json(&["withdraw", &first, "--circle", "region", "--as", "exchange", "--reason", "false alarm"]);
    allow("first-k3.top");

    // That it was transferred, stands in the member's receipts.
    let receipts = node.json(&["member", "receipts", "block"]);
    assert_eq!(receipts["receipts"].as_array().unwrap().len(), 1, "{receipts}");
    assert_eq!(receipts["receipts"][0]["what"], json!("zone"));
    let standing = node.json(&["member", "standing", "block"])["members"][0].clone();
    assert_eq!(
        (&standing["real"], &standing["circles"][0]["missing"]),
        (&json!("block"), &json!(0)),
        "{standing}"
    );

    // Another answer is another zone: it is transferred as a whole.
    node.json(&["member", "zone", "block", "--action", "garden:stop.k3.example"]);
    for server in authoritative {
        server.answers(&format!("second-k3.top.{ZONE}"), "CNAME", "CNAME\tstop.k3.example.");
    }
    node.json(&["member", "zone", "block", "--trial-days", "7"]);
    for server in authoritative {
        server.answers(&format!("second-k3.top.{ZONE}"), "CNAME", "CNAME\trpz-passthru.");
    }
    unbound.answers("www.second-k3.top", "A", "192.0.2.1");

    // Whoever comes from elsewhere than agreed needs the key, over TLS as well.
    node.json(&["member", "zone", "block", "--from", "192.0.2.7"]);
    let transfer = |more: &[&str]| {
        let output = Command::new("kdig")
            .args(["@127.0.0.1", ZONE, "AXFR", "+retry=0"])
            .args(more)
            .output()
            .unwrap_or_else(|error| panic!("kdig: {error}; run scripts/setup"));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let ca = format!("+tls-ca={}", dir.join("ca.pem").display());
    let tls = ["-p", &primary.tls_port, "+tls", &ca, "+tls-hostname=node.test"];
    let signed = format!("hmac-sha256:{}:{}", primary.key, primary.secret);
    for way in [&["-p", primary.port.as_str()][..], &tls] {
        let (stranger, member) = (transfer(way), transfer(&[way, &["-y", &signed]].concat()));
        assert!(!stranger.contains("-k3."), "{stranger}");
        assert!(member.contains("second-k3.top"), "{way:?} {member}");
    }
}
