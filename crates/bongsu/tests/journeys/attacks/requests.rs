//! Requests whose borders are told differently by two headers, or by bytes that a proxy may read otherwise: the node takes one
//! request or none out of them, and never the one that was smuggled in.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use super::{address, raw, serves, statuses};
use crate::node::{Node, Serving, indicator};

const TIME: Duration = Duration::from_secs(4);

/// A node with something to read, and the log-in of the member that reads it.
fn node() -> (Node, Serving, String) {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange"]);
    let serving = node.serve_with(&[("BONGSU__HTTP__HEADER_TIMEOUT_S", "2")]);
    let posted = node.post(&serving, "exchange", "region", &indicator(1, "a-k3.top").to_string());
    assert_eq!(posted.send().unwrap().status(), 202);
    let request = node.post(&serving, "exchange", "region", "").build().unwrap();
    let credential = request.headers()["authorization"].to_str().unwrap().to_owned();
    (node, serving, credential)
}

/// What a smuggled request would bring in, and does not.
fn smuggled(credential: &str) -> String {
    let body = format!("{{\"objects\":[{}]}}", indicator(66, "smuggled-k3.top"));
    let media = crate::node::TAXII;
    format!(
        "POST /api/collections/region/objects/ HTTP/1.1\r\nHost: a\r\nAuthorization: {credential}\r\nContent-Type: {media}\r\nAccept: {media}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn a_body_whose_length_is_told_twice_carries_no_second_request() {
    let (node, serving, credential) = node();
    let inner = smuggled(&credential);
    let length = inner.len();
    let begin = "POST /login HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let chunked = format!("{length:x}\r\n{inner}\r\n0\r\n\r\n");
    // Each is to be refused outright; none may be read as two requests.
    let refused = [
        ("CL.TE", format!("{begin}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}")),
        ("TE.CL", format!("{begin}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n{chunked}")),
        ("two lengths", format!("{begin}Content-Length: 0\r\nContent-Length: {length}\r\n\r\n{inner}")),
        ("a list of lengths", format!("{begin}Content-Length: 0, {length}\r\n\r\n{inner}")),
        ("a signed length", format!("{begin}Content-Length: +{length}\r\n\r\n{inner}")),
        ("a negative length", format!("{begin}Content-Length: -1\r\n\r\n{inner}")),
        ("a length in hexadecimal", format!("{begin}Content-Length: 0x0\r\n\r\n{inner}")),
        ("a length beyond numbers", format!("{begin}Content-Length: 99999999999999999999999\r\n\r\n{inner}")),
        ("a coding that is none", format!("{begin}Transfer-Encoding: xchunked\r\n\r\n{chunked}")),
        ("chunked not last", format!("{begin}Transfer-Encoding: chunked, identity\r\n\r\n{chunked}")),
        ("a space before the colon", format!("{begin}Content-Length : {length}\r\n\r\n{inner}")),
        ("a folded line", format!("{begin}X-A: b\r\n Content-Length: {length}\r\n\r\n{inner}")),
        ("a NUL in a field", format!("{begin}X-A: b\0c\r\nContent-Length: {length}\r\n\r\n{inner}")),
        ("a bare CR in a field", format!("{begin}X-A: b\rContent-Length: {length}\r\n\r\n{inner}")),
        (
            "a chunk's length that overflows",
            format!("{begin}Transfer-Encoding: chunked\r\n\r\n10000000000000001\r\n{inner}\r\n0\r\n\r\n"),
        ),
        (
            "a chunk's length that is none",
            format!("{begin}Transfer-Encoding: chunked\r\n\r\n-1\r\n{inner}\r\n0\r\n\r\n"),
        ),
    ];
    for (what, bytes) in refused {
        let answers = raw(&serving, bytes.as_bytes(), TIME);
        let seen = statuses(&answers);
        let shown = String::from_utf8_lossy(&answers).into_owned();
        assert!(seen.len() <= 1 && seen.iter().all(|status| (400..500).contains(status)), "{what}: {shown}");
    }
    // With HTTP/1.0 there is no chunked coding: what follows the header is nothing.
    let old = format!("POST /login HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n{chunked}");
    assert!(statuses(&raw(&serving, old.as_bytes(), TIME)).len() <= 1);
    // A chunk's extension and a trailer change nothing of the message.
    let odd = format!(
        "{begin}Transfer-Encoding: chunked\r\n\r\n{length:x};a=b\r\n{inner}\r\n0\r\nContent-Length: 1\r\n\r\n"
    );
    assert_eq!(statuses(&raw(&serving, odd.as_bytes(), TIME)).len(), 1);
    let all = node.text(&serving, "exchange", "/api/collections/region/objects/");
    assert!(all.contains("a-k3.top") && !all.contains("smuggled-k3"), "{all}");
    assert!(serves(&serving));
}

#[test]
fn heads_that_are_too_large_or_no_heads_are_refused_and_cost_nothing() {
    let (_node, serving, _) = node();
    let before = serving.resident_mib();
    let many: String = (0..5_000).map(|number| format!("X-{number}: y\r\n")).collect();
    let long = "x".repeat(4 << 20);
    for (what, bytes) in [
        ("a long field", format!("GET / HTTP/1.1\r\nHost: a\r\nX-A: {long}\r\n\r\n")),
        ("a long path", format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n")),
        ("a long method", format!("{long} / HTTP/1.1\r\nHost: a\r\n\r\n")),
        ("many fields", format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n")),
        ("a version of nobody", "GET / HTTP/7.3\r\nHost: a\r\n\r\n".to_owned()),
        ("no version", "GET /\r\n\r\n".to_owned()),
        ("TLS on a plain port", "\x16\x03\x01\x02\x00\x01\x00\x01\u{0}\x03\x03".to_owned()),
        ("noise", "\u{0}\u{1}\u{2}\r\n\r\n".repeat(100)),
    ] {
        let answers = raw(&serving, bytes.as_bytes(), TIME);
        let seen = statuses(&answers);
        assert!(
            seen.iter().all(|status| (400..=505).contains(status)) && seen.len() <= 1,
            "{what}: {seen:?}"
        );
    }
    for method in ["TRACE", "CONNECT", "TRACK", "DEBUG", "PROPFIND", "get"] {
        let target = if method == "CONNECT" { "a:443" } else { "/" };
        let answers = raw(
            &serving,
            format!("{method} {target} HTTP/1.1\r\nHost: a\r\nX-Canary: echo-k3\r\n\r\n").as_bytes(),
            TIME,
        );
        let seen = statuses(&answers);
        assert!(
            seen.len() <= 1 && seen.iter().all(|status| (400..600).contains(status)),
            "{method}: {seen:?}"
        );
        assert!(!String::from_utf8_lossy(&answers).contains("echo-k3"), "{method} gives nothing back");
    }
    assert!(serves(&serving));
    assert!(serving.resident_mib() < before + 100, "{before} MiB, then {}", serving.resident_mib());
}

/// Who sends what is not taken hears why, though the node does not read it to its end.
#[test]
fn a_body_that_is_refused_is_answered_before_the_connection_ends() {
    let (_node, serving, _) = node();
    let body = vec![b' '; 120 << 20];
    for (path, status) in [("/login", 415), ("/api/collections/region/objects/", 401)] {
        let mut stream = TcpStream::connect(address(&serving)).unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&body).unwrap();
        let mut answers = Vec::new();
        stream.read_to_end(&mut answers).unwrap();
        assert_eq!(statuses(&answers), [status], "{path}");
        assert!(String::from_utf8_lossy(&answers).contains("\r\nconnection: close\r\n"), "{path}");
    }
    assert!(serves(&serving));
}

/// Frames of HTTP/2 by hand (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A header block of literal fields without an index (RFC 7541, section 6.2.2).
fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend_from_slice(text.as_bytes());
        }
    }
    block
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Sends frames after the preface; gives the kinds of frames that come back, with their streams and payloads.
fn frames(serving: &Serving, sent: &[u8]) -> Vec<(u8, u32, Vec<u8>)> {
    let mut stream = TcpStream::connect(address(serving)).unwrap();
    stream.set_read_timeout(Some(TIME)).unwrap();
    let _closed = stream.write_all(&[PREFACE, &frame(4, 0, 0, &[]), sent].concat());
    let mut all = Vec::new();
    let _closed_or_late = stream.read_to_end(&mut all);
    let mut rest = all.as_slice();
    let mut found = Vec::new();
    while let Some((head, behind)) = rest.split_first_chunk::<9>() {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let Some((payload, behind)) = behind.split_at_checked(length) else { break };
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        found.push((head[3], stream, payload.to_vec()));
        rest = behind;
    }
    found
}

/// Whether a request over HTTP/2 was refused: by its stream's end, by the connection's, or by an answer with a status of 400 (as
/// the static table has it: RFC 7541, appendix A).
fn is_refused(found: &[(u8, u32, Vec<u8>)]) -> bool {
    let is_400 = |payload: &[u8]| payload.first() == Some(&0x8c);
    found.iter().any(|(kind, _, payload)| matches!(kind, 3 | 7) || *kind == 1 && is_400(payload))
        && !found.iter().any(|(kind, _, payload)| *kind == 1 && payload.first() == Some(&0x88))
}

#[test]
fn requests_over_http_2_can_not_be_written_so_that_another_reads_two() {
    let (_node, serving, _) = node();
    let good = [(":method", "GET"), (":path", "/healthz"), (":scheme", "http"), (":authority", "a")];
    let ask = |fields: &[(&str, &str)], more: &[u8]| {
        let flags = if more.is_empty() { 5 } else { 4 };
        frames(&serving, &[&frame(1, flags, 1, &block(fields))[..], more].concat())
    };
    let answered = ask(&good, &[]);
    assert!(
        answered
            .iter()
            .any(|(kind, stream, payload)| (*kind, *stream) == (1, 1) && payload.first() == Some(&0x88)),
        "{answered:?}"
    );
    for (what, more) in [
        ("a line break in a value", ("x-a", "b\r\nContent-Length: 0")),
        ("a line break in a name", ("x-a\r\nb", "c")),
        ("a NUL in a value", ("x-a", "b\0c")),
        ("a name in capitals", ("X-A", "b")),
        ("a coding of HTTP/1", ("transfer-encoding", "chunked")),
        ("a connection's field", ("connection", "x-a")),
        ("a second path", (":path", "/")),
        ("a pseudo-field of an answer", (":status", "200")),
        ("a pseudo-field of nobody", (":unknown", "1")),
        ("an empty name", ("", "b")),
        ("a colon in a name", ("a:b", "c")),
        ("a length that does not fit", ("content-length", "5")),
    ] {
        let found = ask(&[&good[..], &[more]].concat(), &[]);
        assert!(is_refused(&found), "{what}: {found:?}");
    }
    let late = ask(&[("x-a", "b"), good[0], good[1], good[2], good[3]], &[]);
    assert!(is_refused(&late), "pseudo-fields come first: {late:?}");
    let without = ask(&good[1..], &[]);
    assert!(is_refused(&without), "a method is needed: {without:?}");
    for path in ["", "healthz", "/a b", "/a\r\nb"] {
        let found = ask(&[good[0], (":path", path), good[2], good[3]], &[]);
        assert!(is_refused(&found) || found.iter().any(|(kind, ..)| *kind == 1), "{path:?}: {found:?}");
        assert!(
            !found.iter().any(|(kind, _, payload)| *kind == 1 && payload.first() == Some(&0x88)),
            "{path:?}"
        );
    }
    assert!(serves(&serving));
}

/// Streams that are opened and reset at once (CVE-2023-44487), header blocks without end (CVE-2024-27316), settings and pings without
/// end: the connection is ended, and nobody else notices.
#[test]
fn floods_over_http_2_end_their_own_connection_alone() {
    let (_node, serving, _) = node();
    let before = serving.resident_mib();
    let good = block(&[(":method", "GET"), (":path", "/"), (":scheme", "http"), (":authority", "a")]);
    let resets: Vec<u8> = (0..20_000_u32)
        .flat_map(|number| {
            [frame(1, 5, 2 * number + 1, &good), frame(3, 0, 2 * number + 1, &[0, 0, 0, 8])].concat()
        })
        .collect();
    let long = block(&[("x-a", &"y".repeat(120))]).repeat(100);
    let mut continued = frame(1, 1, 1, &good);
    for _ in 0..3_000 {
        continued.extend(frame(9, 0, 1, &long));
    }
    let settings = frame(4, 0, 0, &[0, 4, 0, 0, 255, 255]).repeat(200_000);
    let pings = frame(6, 0, 0, &[7; 8]).repeat(200_000);
    for (what, flood) in
        [("resets", resets), ("continuations", continued), ("settings", settings), ("pings", pings)]
    {
        let mut stream = TcpStream::connect(address(&serving)).unwrap();
        stream.set_read_timeout(Some(TIME)).unwrap();
        stream.set_write_timeout(Some(TIME)).unwrap();
        // Nothing of what comes back is read while it is sent.
        let _closed = stream.write_all(&[PREFACE, &frame(4, 0, 0, &[]), &flood].concat());
        assert!(serves(&serving), "{what}");
        assert!(
            serving.resident_mib() < before + 150,
            "{what}: {before} MiB, then {}",
            serving.resident_mib()
        );
    }
}

#[test]
fn strangers_get_nothing_packed_and_log_in_in_few_bytes() {
    let (node, serving, _) = node();
    // The usual client would unpack it by itself, and not say so.
    let client = reqwest::blocking::Client::builder().no_gzip().build().unwrap();
    let packed = |path: &str, credential: Option<&String>| {
        let request = client.get(format!("{}{path}", serving.url)).header("accept-encoding", "gzip");
        let request = match credential {
            Some(token) => request.basic_auth("exchange", Some(token)),
            None => request,
        };
        let answer = request.send().unwrap();
        (answer.status().as_u16(), answer.headers().contains_key("content-encoding"))
    };
    for (path, status) in [("/style.css", 200), ("/login", 200), ("/d/list/all.txt", 401)] {
        assert_eq!(packed(path, None), (status, false), "{path}");
    }
    let token = node.tokens.get("exchange");
    assert_eq!(packed("/d/advisory.html", token), (200, true));
    let at = |path: &str| format!("{}{path}", serving.url);
    for path in ["/login", "/welcome/a"] {
        let form = format!("user={}", "a".repeat(20_000));
        // A connection of its own: one that was idle is closed after two seconds.
        let posted = crate::node::client().post(at(path)).body(form);
        let posted = posted.header("content-type", "application/x-www-form-urlencoded");
        assert_eq!(posted.send().unwrap().status(), 413, "{path}");
    }
    // The head of a request is not held for ever, however long it is to be.
    let long = format!("GET / HTTP/1.1\r\nHost: a\r\nX-A: {}\r\n\r\n", "b".repeat(300_000));
    assert_eq!(statuses(&raw(&serving, long.as_bytes(), TIME)), [431]);
    assert!(serves(&serving));
}
