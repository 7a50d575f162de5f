//! Between two nodes: how long it takes from an object that is posted at one to a resolver that refuses it by the other's zone; and
//! connections, which end with the certificates that were shown on them.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};

use crate::federation::Region;
use crate::node::{Node, port, wait};
use crate::resolver::{dig, named};

#[test]
fn what_one_node_gets_a_resolver_of_the_other_refuses() {
    let ports = [port(), port(), port()];
    let region = Region::new(["127.0.0.1"; 3], ports);
    region.peer(0, 1, true, false);
    region.peer(1, 0, true, false);
    let key = region.nodes[1].json(&["member", "tsig", "mb"])["tsig"].clone();
    let key = (key["name"].as_str().unwrap(), key["secret"].as_str().unwrap());
    let serve = |at: usize| {
        let listen = format!("127.0.0.1:{}", ports[at]);
        region.nodes[at].serve_with(&[("BONGSU__HTTP__LISTEN", &listen), ("BONGSU__DNS__ENABLED", "true")])
    };
    let (home, other) = (serve(0), serve(1));
    let (resolver, dir) = (port(), region.nodes[1].dir.path().join("bind"));
    std::fs::create_dir(&dir).unwrap();
    let notify = format!("127.0.0.1:{resolver}");
    region.nodes[1].json(&["member", "zone", "mb", "--notify", &notify]);
    let dns = other.dns.clone().unwrap();
    let _named = named(&dir, "mb.rpz.bongsu", key, &dns, resolver);
    let refuses = |name: &str| dig(resolver, name).0 == "NXDOMAIN";
    region.import(0, 1, "first-k3.top");
    let first = wait(Duration::from_secs(90), || refuses("first-k3.top").then_some(()));
    assert!(first.is_some(), "{:?}", region.nodes[1].json(&["peer", "list"]));
    let mut took = Vec::new();
    for number in 2..7 {
        let name = format!("next{number}-k3.top");
        let file =
            region.nodes[0].file("in.json", crate::node::bundle(&[crate::node::indicator(number, &name)]));
        region.nodes[0].json(&["import", &file, "--circle", "sea", "--as", "ma"]);
        let began = Instant::now();
        let refused = loop {
            if refuses(&name) {
                break true;
            }
            if began.elapsed() > Duration::from_secs(90) {
                break false;
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        assert!(refused, "{name}");
        took.push(began.elapsed().as_millis());
    }
    eprintln!("posted at one node, refused by a resolver of the other's: {took:?} ms");
    home.stop();
    other.stop();
}

/// A connection on which a certificate was shown.
struct Connection(rustls::StreamOwned<rustls::ClientConnection, TcpStream>);

impl Connection {
    fn to(url: &str, ca: &str, certificate: &str, key: &str) -> Self {
        crate::node::provide();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
        let chain = CertificateDer::pem_file_iter(certificate).unwrap().map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(key).unwrap();
        let config = rustls::ClientConfig::builder().with_root_certificates(roots);
        let config = Arc::new(config.with_client_auth_cert(chain, key).unwrap());
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let stream = TcpStream::connect(url.trim_start_matches("https://")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let connection = rustls::ClientConnection::new(config, name).unwrap();
        Self(rustls::StreamOwned::new(connection, stream))
    }

    /// The status of an answer; `None` if the connection has ended.
    fn ask(&mut self, path: &str) -> Option<u16> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
        self.0.write_all(request.as_bytes()).ok()?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if self.0.read(&mut byte).ok()? == 0 {
                return None;
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let length = head.split("content-length: ").nth(1)?.split("\r\n").next()?.parse().ok()?;
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).ok()?;
        head.split(' ').nth(1)?.parse().ok()
    }

    /// Whether it ends with this request: nothing is served, and nothing more is read.
    fn ends_with(&mut self, path: &str) -> bool {
        let told = self.ask(path);
        let mut rest = Vec::new();
        told.is_none_or(|status| status == 401) && (self.0.read_to_end(&mut rest).is_err() || rest.is_empty())
    }
}

#[test]
fn a_connection_ends_with_its_certificate() {
    let node = Node::with_members();
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let made = node.json(&["ca", "init"]);
    let (ca, crl) = (made["certificate"].as_str().unwrap(), made["crl"].as_str().unwrap());
    let issue = |name: &str, args: &[&str]| {
        let (out, key) = (at(&format!("{name}.pem")), at(&format!("{name}.key")));
        let issue = [&["ca", "issue"], args, &["--out", &out, "--key-out", &key]].concat();
        node.json(&issue)["certificate"].clone()
    };
    issue("server", &["--server", "--name", "127.0.0.1"]);
    let credential = issue("member", &["--member", "exchange"])["credential"].clone();
    issue("removed", &["--peer", "south.test"]);
    let taken_back = issue("peer", &["--peer", "north.test"])["serial"].clone();
    let config = format!(
        "[http]\ntls_cert = \"{}\"\ntls_key = \"{}\"\ntls_client_ca = \"{ca}\"\ntls_client_crl = \"{crl}\"\n[dns]\nenabled = false\n",
        at("server.pem"),
        at("server.key")
    );
    std::fs::write(node.data().join("bongsu.toml"), config).unwrap();
    let key = Node::new().json(&["sign", "--new-key", &at("node.key")]);
    std::fs::write(at("node.pub"), key["public"].to_string()).unwrap();
    let other = Node::new().json(&["sign", "--new-key", &at("other.key")]);
    std::fs::write(at("other.pub"), other["public"].to_string()).unwrap();
    node.json(&["peer", "add", "south", "--key", &at("node.pub"), "--certificate", &at("removed.pem")]);
    node.json(&["peer", "add", "north", "--key", &at("other.pub"), "--certificate", &at("peer.pem")]);
    let serving = node.serve();
    let open = |name: &str| {
        Connection::to(&serving.url, ca, &at(&format!("{name}.pem")), &at(&format!("{name}.key")))
    };
    let (api, peers) = ("/api/collections/", "/federation/collections/x/objects/");
    let (mut member, mut removed, mut peer, mut listed) =
        (open("member"), open("removed"), open("peer"), open("peer"));
    // There is no circle between them, which a peer is told on a connection that stays.
    for _ in 0..2 {
        assert_eq!(member.ask(api), Some(200));
        assert_eq!(
            (removed.ask(peers), peer.ask(peers), listed.ask(peers)),
            (Some(404), Some(404), Some(404))
        );
    }
    // Certificates that the list names end at once, whoever they are.
    node.json(&["ca", "revoke", taken_back.as_str().unwrap()]);
    assert!(peer.ends_with(peers), "its next request is served nothing");
    assert!(listed.ends_with(peers), "nor is that of another connection");
    // A peer that is removed: its certificate is still good, and nobody's.
    node.json(&["peer", "remove", "south"]);
    assert!(removed.ends_with(peers));
    assert_eq!(member.ask(api), Some(200), "the others go on");
    // A credential that is taken back, whatever the list says.
    node.json(&["credential", "revoke", credential.as_str().unwrap()]);
    assert!(member.ends_with(api));
    serving.stop();
}
