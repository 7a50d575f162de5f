//! Addresses that partners write, and what they lead to: nothing on this machine or beside it is asked in their name.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::base::iana::Rtype;
use domain::base::{Message, MessageBuilder, Ttl};
use domain::rdata::{A, Aaaa};
use serde_json::Value;

use crate::node::{Node, bundle, indicator, wait};

/// A server on the loopback that counts who comes.
fn canary() -> (u16, Arc<AtomicUsize>) {
    let listening = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listening.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || listening.incoming().for_each(|_| _ = counted.fetch_add(1, Ordering::SeqCst)));
    (port, count)
}

#[test]
fn no_spelling_of_an_address_inside_is_posted_to() {
    let mut node = Node::with_members();
    let (port, came) = canary();
    let spellings = [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0x7f.1",
        "127.0.0.1.",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fd00::1]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "localhost",
        "LOCALHOST.",
        "\u{ff11}\u{ff12}\u{ff17}.0.0.1",
        "127\u{3002}0\u{3002}0\u{3002}1",
    ];
    let mut members = Vec::new();
    for (number, host) in spellings.iter().enumerate() {
        let handle = format!("m{number}");
        node.member(&handle, "exchange", "amber");
        let url = format!("https://{host}:{port}/");
        let output = node.command(&["member", "webhook", &handle, "--url", &url]).output().unwrap();
        match output.status.code() {
            Some(0) => members.push((handle, url)),
            code => assert_eq!(code, Some(2), "{url}: {}", String::from_utf8_lossy(&output.stderr)),
        }
    }
    for (number, url) in [
        "http://192.0.2.1/",
        "ftp://192.0.2.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "https://user:pass@192.0.2.1/",
        "//192.0.2.1/",
        "https://\r\nHost: a/",
    ]
    .iter()
    .enumerate()
    {
        let output = node.command(&["member", "webhook", "read", "--url", url]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{number} {url:?}");
    }
    let handles: Vec<&str> = members.iter().flat_map(|(handle, _)| ["--member", handle.as_str()]).collect();
    node.json(&[&["circle", "add", "region", "--member", "exchange"][..], &handles].concat());
    let serving = node.serve();
    let file = node.file("bundle.json", bundle(&[indicator(1, "a-k3.top")]));
    node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
    let all_failed = |list: &Value| {
        let error = |handle: &str| {
            let one =
                list["webhooks"].as_array().unwrap().iter().find(|one| one["member"] == handle).unwrap();
            one["queued"][0]["error"].as_str().map(str::to_owned)
        };
        members
            .iter()
            .map(|(handle, url)| error(handle).map(|why| (url.clone(), why)))
            .collect::<Option<Vec<_>>>()
    };
    let told = wait(Duration::from_secs(60), || all_failed(&node.json(&["webhook", "list"])));
    for (url, why) in told.unwrap_or_else(|| panic!("{}", node.json(&["webhook", "list"]))) {
        // Some systems know no such name at all.
        assert!(why.contains("public addresses alone") || why.contains("lookup"), "{url}: {why}");
    }
    assert_eq!(came.load(Ordering::SeqCst), 0, "nobody came");
    serving.stop();
}

/// A DNS server that answers each name as the test wants it, told the name and how often it was asked.
struct Lookups {
    asked: Arc<AtomicUsize>,
}

impl Lookups {
    /// Answers on port 53 of an address that is this test's own.
    fn start(at: Ipv4Addr, answer: fn(&str, usize) -> Ipv4Addr) -> Self {
        let socket =
            UdpSocket::bind(SocketAddr::from((at, 53))).unwrap_or_else(|error| panic!("{at}:53: {error}"));
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        std::thread::spawn(move || {
            let mut bytes = [0; 1_500];
            while let Ok((length, from)) = socket.recv_from(&mut bytes) {
                let Ok(query) = Message::from_octets(&bytes[..length]) else { continue };
                let Ok(question) = query.sole_question() else { continue };
                let mut reply = MessageBuilder::new_vec()
                    .start_answer(&query, domain::base::iana::Rcode::NOERROR)
                    .unwrap();
                if question.qtype() == Rtype::A {
                    let turn = count.fetch_add(1, Ordering::SeqCst);
                    let address = answer(&question.qname().to_string(), turn);
                    reply.push((question.qname(), Ttl::ZERO, A::new(address))).unwrap();
                }
                if question.qtype() == Rtype::AAAA && question.qname().to_string().starts_with("six") {
                    let inside = "::ffff:127.0.0.1".parse::<std::net::Ipv6Addr>().unwrap();
                    reply.push((question.qname(), Ttl::ZERO, Aaaa::new(inside))).unwrap();
                }
                let _gone = socket.send_to(reply.finish().as_slice(), from);
            }
        });
        Self { asked }
    }
}

/// A command of the program that looks names up at `server` alone.
fn looking(node: &Node, server: Ipv4Addr, args: &[&str]) -> Command {
    let resolv = node.file("resolv.conf", format!("nameserver {server}\noptions timeout:2 attempts:1\n"));
    let inner = node.command(args);
    let mut command = Command::new("unshare");
    command.args(["-Urm", "sh", "-c", "mount --bind \"$0\" /etc/resolv.conf && exec \"$@\"", &resolv]);
    command.arg(inner.get_program()).args(inner.get_args());
    command.env_clear().envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

fn source(node: &Node, url: &str, more: &str) {
    let text = format!(
        "[[source]]\nname = \"partner\"\nkind = \"misp-feed\"\nurl = \"{url}\"\ncircle = \"region\"\nas = \"exchange\"\n{more}\n"
    );
    std::fs::write(node.data().join("bongsu.toml"), text).unwrap();
}

#[test]
fn a_partners_name_that_comes_to_lead_inside_is_followed_no_more() {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange"]);
    let (port, came) = canary();
    let server = Ipv4Addr::new(127, 0, 83, 1);
    // Whoever looks first and connects later would be led inside by the second answer.
    let lookups = Lookups::start(server, |name, turn| match name {
        "metadata.evil-k3.example" => Ipv4Addr::new(169, 254, 169, 254),
        "rebound.evil-k3.example" if turn.is_multiple_of(2) => Ipv4Addr::new(192, 0, 2, 77),
        _ => Ipv4Addr::LOCALHOST,
    });
    let pull = || {
        let output =
            looking(&node, server, &["source", "check", "partner"]).stdin(Stdio::null()).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    for host in [
        "inside.evil-k3.example",
        "metadata.evil-k3.example",
        "rebound.evil-k3.example",
        "six.evil-k3.example",
    ] {
        source(&node, &format!("http://{host}:{port}/feed/"), "");
        for _ in 0..2 {
            let said = pull();
            assert!(said.contains("public addresses alone"), "{host}: {said}");
        }
    }
    assert!(lookups.asked.load(Ordering::SeqCst) >= 8, "the names were looked up here");
    assert_eq!(came.load(Ordering::SeqCst), 0, "nobody came inside");
    // The operator's own word counts.
    source(&node, &format!("http://inside.evil-k3.example:{port}/feed/"), "inside = true");
    pull();
    assert!(came.load(Ordering::SeqCst) > 0, "it was asked, as it was told to");
}

/// A server that sends each request elsewhere; counts what comes to it.
fn redirecting(to: fn(u16) -> String) -> (u16, Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let (target, came) = canary();
    let listening = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listening.local_addr().unwrap().port();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for mut stream in listening.incoming().map_while(Result::ok) {
            count.fetch_add(1, Ordering::SeqCst);
            let _read = std::io::Read::read(&mut stream, &mut [0; 4_096]);
            let answer = format!(
                "HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                to(target)
            );
            let _gone = std::io::Write::write_all(&mut stream, answer.as_bytes());
        }
    });
    (port, asked, came)
}

#[test]
fn a_source_that_redirects_elsewhere_is_not_followed() {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange"]);
    let ways: [fn(u16) -> String; 6] = [
        |port| format!("http://127.0.0.1:{port}/"),
        |port| format!("http://localhost:{port}/"),
        |port| format!("http://[::ffff:127.0.0.1]:{port}/"),
        |port| format!("//127.0.0.1:{port}/"),
        |_| "http://169.254.169.254/latest/meta-data/".to_owned(),
        |_| "file:///etc/passwd".to_owned(),
    ];
    for way in ways {
        let (port, asked, came) = redirecting(way);
        source(&node, &format!("http://127.0.0.1:{port}/feed/"), "");
        let output = node.command(&["source", "check", "partner"]).output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(!output.status.success() && asked.load(Ordering::SeqCst) > 0, "{said}");
        assert_eq!(came.load(Ordering::SeqCst), 0, "{}: {said}", way(1));
        assert!(!said.contains("root:"), "{said}");
    }
}
