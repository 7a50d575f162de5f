//! Behind proxies that are trusted, clients have addresses of their own: for limits, for the log, and for where somebody is logged in.
//! What proxies that nobody named say is in `attacks::sessions`.

use std::collections::BTreeSet;

use reqwest::blocking::Client;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::redirect::Policy;

use crate::node::{Node, Serving};
use crate::people::{Browser, PASSWORD, person};

const TRUSTED: (&str, &str) = ("BONGSU__HTTP__TRUSTED_PROXIES", "[\"127.0.0.1\"]");

/// The answer to a guess of a token, with a header as a proxy would send it.
fn guess(serving: &Serving, header: &str, value: &str) -> u16 {
    let request = serving.client.get(format!("{}/objects", serving.url)).bearer_auth("x");
    request.header(header, value).send().unwrap().status().as_u16()
}

#[test]
fn guesses_count_for_the_client_that_a_trusted_proxy_names() {
    let node = Node::with_members();
    let log = node.dir.path().join("log");
    let serving = node.serve_logged(&log, &[TRUSTED]);
    // What the client has written itself stands before it, and changes nothing.
    let told: BTreeSet<u16> = (0..60)
        .map(|number| guess(&serving, "x-forwarded-for", &format!("192.0.2.{number}, 198.51.100.7")))
        .collect();
    assert_eq!(told, BTreeSet::from([401, 429]));
    assert_eq!(guess(&serving, "x-forwarded-for", "198.51.100.7"), 429);
    assert_eq!(
        guess(&serving, "x-forwarded-for", "198.51.100.7, 127.0.0.1"),
        429,
        "the proxy behind the proxy"
    );
    assert_eq!(guess(&serving, "x-forwarded-for", "198.51.100.7, 198.51.100.8"), 401, "another client");
    assert_eq!(guess(&serving, "forwarded", "for=198.51.100.7"), 401, "the other header is not read");
    serving.stop();
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(
        log.contains("a log-in from 198.51.100.7 failed") && log.contains("a log-in from 127.0.0.1 failed")
    );
    assert!(!log.contains("192.0.2."), "{log}");

    let serving = node.serve_with(&[TRUSTED, ("BONGSU__HTTP__PROXY_HEADER", "forwarded")]);
    let told: BTreeSet<u16> = (0..60)
        .map(|number| {
            guess(
                &serving,
                "forwarded",
                &format!("for=\"192.0.2.{number}, For=\"198.51.100.7:80\";proto=https"),
            )
        })
        .collect();
    assert_eq!(told, BTreeSet::from([401, 429]));
    assert_eq!(guess(&serving, "forwarded", "for=198.51.100.7"), 429);
    assert_eq!(guess(&serving, "x-forwarded-for", "198.51.100.7"), 401);
    serving.stop();

    // A proxy at another address than those that are named is believed nothing.
    let serving = node.serve_with(&[("BONGSU__HTTP__TRUSTED_PROXIES", "[\"192.0.2.0/24\", \"::1\"]")]);
    let told: BTreeSet<u16> =
        (0..60).map(|number| guess(&serving, "x-forwarded-for", &format!("198.51.100.{number}"))).collect();
    assert_eq!(told, BTreeSet::from([401, 429]));
    serving.stop();
}

#[test]
fn an_address_behind_a_proxy_asks_as_fast_as_one_may() {
    let node = Node::with_members();
    let serving = node.serve_with(&[TRUSTED, ("BONGSU__PACE__ADDRESS_PER_S", "1")]);
    let ask = |from: &str| {
        let request = serving.client.get(format!("{}/healthz", serving.url)).header("x-forwarded-for", from);
        request.send().unwrap().status().as_u16()
    };
    let told: BTreeSet<u16> = (0..200).map(|_| ask("198.51.100.7")).collect();
    assert_eq!(told, BTreeSet::from([200, 429]));
    assert_eq!(ask("198.51.100.8"), 200, "another address");
    let request = serving.client.get(format!("{}/healthz", serving.url));
    assert_eq!(request.send().unwrap().status(), 200, "the proxy itself is this machine, and is not counted");
    serving.stop();
}

/// A browser whose requests a proxy hands on.
fn behind<'s>(serving: &'s Serving, from: &'static str) -> Browser<'s> {
    let headers =
        HeaderMap::from_iter([("x-forwarded-for".parse().unwrap(), HeaderValue::from_static(from))]);
    let client = Client::builder().redirect(Policy::none()).default_headers(headers).build().unwrap();
    Browser { client, ..Browser::new(serving) }
}

#[test]
fn a_session_says_from_where_it_is_and_a_password_is_taken_over_tls_alone() {
    let node = Node::with_members();
    let link = person(&node, "kim", "exchange", &["reader"]);
    // A proxy that hands on what came without TLS: the client is not on this machine, and is not taken for it.
    let serving = node.serve_with(&[TRUSTED]);
    let page = behind(&serving, "198.51.100.20").get("/login");
    assert!(page.status == 403 && page.text.contains("over TLS alone"), "{}", page.text);
    assert_eq!(behind(&serving, "198.51.100.20, 127.0.0.1").get(&link).status, 403);
    assert_eq!(Browser::new(&serving).get("/login").status, 200, "whoever is on this machine");
    serving.stop();
    let serving = node.serve_with(&[TRUSTED, ("BONGSU__HTTP__TLS_ENDS_AT_PROXY", "true")]);
    let mut kim = behind(&serving, "2001:db8::20");
    assert_eq!(kim.welcome(&link).status, 303);
    assert_eq!(kim.log_in("kim", PASSWORD, "").status, 303);
    let page = kim.get("/account");
    assert!(page.text.contains("2001:db8::20") && !page.text.contains("127.0.0.1"), "{}", page.text);
    serving.stop();
}
