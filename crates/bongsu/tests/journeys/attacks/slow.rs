//! Thousands of connections that say little, slowly, or do not take what they are told: whoever has something to ask gets in.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpSocket;

use super::{address, serves};
use crate::node::{Node, Serving, wait};

const STRANGERS: usize = 5_000;

/// Room for the connections of the attack in this process.
fn room() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = Rlimit { current: Some(16_384), maximum: limit.maximum };
    assert!(limit.maximum.is_none_or(|maximum| maximum >= 16_384), "open files are limited to {limit:?}");
    setrlimit(Resource::Nofile, wanted).unwrap();
}

/// A connection from one of many addresses of this machine, so that no share of one address ends the attack.
async fn from(number: usize, to: SocketAddr) -> Option<TcpStream> {
    let part = u8::try_from(2 + number % 40).unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 7, part), 0))).unwrap();
    let stream = socket.connect(to).await.ok()?.into_std().ok()?;
    stream.set_nonblocking(false).unwrap();
    stream.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    Some(stream)
}

/// HTTP/2 without a window for what is answered (SETTINGS_INITIAL_WINDOW_SIZE 0; RFC 9113, section 6.5.2), then so many times
/// GET /style.css, packed if it can be (RFC 7541, appendix A: 16 is `accept-encoding: gzip, deflate`).
fn without_window(requests: u8) -> Vec<u8> {
    let fields = [&[0x82, 0x86, 0x90, 0x04, 10][..], b"/style.css", &[0x41, 1, b'a']].concat();
    let length = u8::try_from(fields.len()).unwrap();
    let request = |number: u8| [&[0, 0, length, 1, 5, 0, 0, 0, 2 * number + 1], &fields[..]].concat();
    let begin =
        [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0]].concat();
    [begin, (0..requests).flat_map(request).collect()].concat()
}

/// Connects them all, and has each say how it begins.
fn attack(serving: &Serving, begin: &[u8]) -> Vec<TcpStream> {
    let to: SocketAddr = address(serving).parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let connect = |number| {
        let mut stream = runtime.block_on(from(number, to))?;
        // Those that were put out meanwhile say nothing any more.
        let _closed = stream.write_all(begin);
        Some(stream)
    };
    (0..STRANGERS).filter_map(connect).collect()
}

/// Whether members are served while the attack goes on, each on a connection of its own.
fn members_are_served(node: &Node, serving: &Serving, what: &str) {
    for turn in 0..5 {
        let asked = crate::node::client()
            .get(format!("{}/d/list/all.txt", serving.url))
            .basic_auth("exchange", node.tokens.get("exchange"))
            .timeout(Duration::from_secs(30));
        let status = asked.send().map(|answer| answer.status().as_u16());
        assert_eq!(status.ok(), Some(200), "{what}, turn {turn}");
    }
}

#[test]
fn five_thousand_slow_strangers_keep_nobody_out() {
    room();
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange"]);
    let serving = node.serve();
    let before = serving.resident_mib();
    let form = "POST /login HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 200000\r\n\r\nuser=";
    let witness =
        "POST /witness/add-checkpoint HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n";
    let long = format!("GET / HTTP/1.1\r\nHost: a\r\nX-A: {}", "b".repeat(100_000));
    let style = "GET /style.css HTTP/1.1\r\nHost: a\r\n\r\n".repeat(20);
    let (window, windows) = (without_window(1), without_window(32));
    let attacks: [(&str, &[u8], &[u8]); 8] = [
        ("headers drip", b"GET / HTTP/1.1\r\nHost: a\r\nX-A: ", b"b"),
        ("a form drips", form.as_bytes(), b"a"),
        ("a chunked body drips", witness.as_bytes(), b"1\r\na\r\n"),
        ("answers are not read", style.as_bytes(), b"GET /style.css HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("answers have no window", &window, b"\0\0\x08\x06\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        ("many packed answers have no window", &windows, b"\0\0\x08\x06\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        ("a header is long", long.as_bytes(), b"b"),
        (
            "each asks again and again",
            b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
        ),
    ];
    for (what, begin, more) in attacks {
        let mut strangers = attack(&serving, begin);
        assert!(strangers.len() > STRANGERS * 9 / 10, "{what}: {} came", strangers.len());
        members_are_served(&node, &serving, what);
        let dripped = strangers.iter_mut().filter_map(|stranger| stranger.write_all(more).ok()).count();
        assert!(dripped > 0, "{what}: the attack goes on");
        members_are_served(&node, &serving, what);
        assert!(serves(&serving), "{what}: and so is a stranger with a plain question");
        let grown = serving.resident_mib().saturating_sub(before);
        assert!(grown < 400, "{what}: {grown} MiB more");
    }
    serving.stop();
}

/// A stranger that never stops talking is put out by the clock, wherever it stopped.
#[test]
fn a_header_that_drips_is_given_up() {
    let node = Node::new();
    let serving = node.serve_with(&[("BONGSU__HTTP__HEADER_TIMEOUT_S", "2")]);
    let mut stranger = TcpStream::connect(address(&serving)).unwrap();
    stranger.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nX-A: ").unwrap();
    let began = Instant::now();
    let ended = wait(Duration::from_secs(60), || stranger.write_all(b"b").is_err().then(|| began.elapsed()));
    assert!(ended.is_some(), "its bytes do not keep it alive");
    assert!(serves(&serving));
}
