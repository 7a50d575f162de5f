//! Strangers: connections that say nothing or take nothing, and requests made to break things. The node goes on for others.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::node::{Node, Serving, id, indicator, wait};

fn connect(serving: &Serving) -> TcpStream {
    let stream = TcpStream::connect(serving.url.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

fn healthy(serving: &Serving) -> bool {
    let asked = serving.client.get(format!("{}/healthz", serving.url)).timeout(Duration::from_secs(2)).send();
    asked.is_ok_and(|answer| answer.status().is_success())
}

/// The version of HTTP is found out from the first bytes, and nobody looked at the clock meanwhile.
#[test]
fn connections_that_ask_nothing_do_not_keep_their_places() {
    let node = Node::new();
    let few = ("BONGSU__HTTP__CONNECTIONS_MAX", "20");
    let serving = node.serve_with(&[("BONGSU__HTTP__HEADER_TIMEOUT_S", "1"), few]);
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let whole = [&preface[..], &settings].concat();
    for said in [&b""[..], &preface[..12], b"GET / HT", &whole] {
        let strangers: Vec<TcpStream> = (0..40).map(|_| connect(&serving)).collect();
        for mut stranger in &strangers {
            // One beyond the share of its address may be closed already.
            let _closed = stranger.write_all(said);
        }
        assert!(wait(Duration::from_secs(60), || healthy(&serving).then_some(())).is_some(), "{said:?}");
        for mut stranger in strangers {
            let ended = stranger.read_to_end(&mut Vec::new());
            let waits = ended.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
            assert!(!waits, "each is closed: {said:?}");
        }
    }
}

#[test]
fn one_address_does_not_get_every_place() {
    let node = Node::new();
    let serving = node.serve_with(&[("BONGSU__HTTP__CONNECTIONS_MAX", "20")]);
    let mut strangers: Vec<TcpStream> = (0..17).map(|_| connect(&serving)).collect();
    let mut last = strangers.pop().unwrap();
    assert!(matches!(last.read(&mut [0; 1]), Ok(0) | Err(_)), "one over is closed at once");
    assert!(!healthy(&serving));
    drop(strangers);
    assert!(wait(Duration::from_secs(60), || healthy(&serving).then_some(())).is_some());
}

/// A connection that is idle between requests is closed politely; a request that takes its time is not idle.
#[test]
fn a_slow_request_outlives_the_time_for_a_header() {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange"]);
    let serving = node.serve_with(&[("BONGSU__HTTP__HEADER_TIMEOUT_S", "1")]);
    let body = format!("{{\"objects\":[{}]}}", indicator(1, "a-k3.top"));
    let request = node.post(&serving, "exchange", "region", "").build().unwrap();
    let credential = request.headers()["authorization"].to_str().unwrap();
    let media = crate::node::TAXII;
    let mut stream = connect(&serving);
    write!(
        stream,
        "POST /api/collections/region/objects/ HTTP/1.1\r\nHost: a\r\nAuthorization: {credential}\r\nContent-Type: {media}\r\nAccept: {media}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .unwrap();
    let (first, rest) = body.split_at(body.len() / 2);
    for part in [first, rest] {
        std::thread::sleep(Duration::from_secs(2));
        stream.write_all(part.as_bytes()).unwrap();
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 202") && answer.contains("\"success_count\":1"), "{answer}");
}

#[test]
fn requests_made_to_break_things_get_taxiis_own_errors() {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange"]);
    let serving = node.serve();
    let posted = node.post(&serving, "exchange", "region", &indicator(1, "a-k3.top").to_string());
    assert_eq!(posted.send().unwrap().status(), 202);
    let check = |path: &str, expected: u16| {
        let response = node.get(&serving, "exchange", path).send().unwrap();
        let (status, kind) = (response.status(), response.headers()["content-type"].clone());
        let error: Value = response.json().unwrap_or_default();
        assert_eq!((status.as_u16(), kind.to_str().unwrap()), (expected, crate::node::TAXII), "{path}");
        assert_eq!(error["http_status"], expected.to_string(), "{path}: {error}");
    };
    for next in ["4294967296", "18446744073709551615", "-1"] {
        check(&format!("/api/collections/region/objects/?next={next}"), 400);
        check(&format!("/api/collections/region/manifest/?next={next}"), 400);
    }
    for path in [
        "/api/status/%ff/",
        "/api/collections/%ff/",
        "/api/collections/%ff/manifest/",
        "/api/collections/%ff/objects/",
        "/api/collections/region/objects/%ff/",
        "/api/collections/region/objects/%ff/versions/",
    ] {
        check(path, 404);
    }
    let last = node.get(&serving, "exchange", "/api/collections/region/objects/?next=4294967295");
    assert_eq!(last.send().unwrap().text().unwrap(), "{}");
    let page = node.get(&serving, "exchange", "/objects?circle=region&after=18446744073709551615");
    assert_ne!(page.send().unwrap().status(), 500);
}

/// What has no times of its own has the time of its adding for a version, in the status as in the manifest.
#[test]
fn the_status_and_the_manifest_name_the_same_version() {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange"]);
    let serving = node.serve();
    let address = json!({
        "type": "ipv4-addr", "spec_version": "2.1", "id": id("ipv4-addr", 1), "value": "185.130.44.9",
    });
    let status: Value =
        node.post(&serving, "exchange", "region", &address.to_string()).send().unwrap().json().unwrap();
    let manifest: Value =
        serde_json::from_str(&node.text(&serving, "exchange", "/api/collections/region/manifest/")).unwrap();
    assert!(status["successes"][0]["version"].is_string(), "{status}");
    assert_eq!(status["successes"][0]["version"], manifest["objects"][0]["version"], "{manifest}");
}

/// Its status was longer than all that was kept, so it was gone at once, and everybody else's with it.
#[test]
fn a_long_envelope_has_a_status_and_leaves_the_others() {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange"]);
    let serving = node.serve();
    let post = |objects: &[String]| -> Value {
        node.post(&serving, "exchange", "region", &objects.join(",")).send().unwrap().json().unwrap()
    };
    let kept = |status: &Value| -> Value {
        let path = format!("/api/status/{}/", status["id"].as_str().unwrap());
        serde_json::from_str(&node.text(&serving, "exchange", &path)).unwrap()
    };
    let short = post(&[indicator(1, "a-k3.top").to_string()]);
    let mut objects: Vec<String> =
        (10..5_010).map(|number| indicator(number, "a-k3.top").to_string()).collect();
    objects.push("7".to_owned());
    let long = post(&objects);
    assert_eq!(long["successes"].as_array().unwrap().len(), 5_000, "the answer tells all");
    let told = kept(&long);
    assert_eq!((&told["success_count"], &told["failure_count"]), (&json!(5_000), &json!(1)), "{told}");
    assert_eq!((&told["failures"], told.get("successes")), (&long["failures"], None));
    assert_eq!(kept(&short), short);
}
