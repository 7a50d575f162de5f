//! Several nodes beside one database, and people who are sent to another of them with each step of a log-in: what one node began
//! another ends, and what was used at one is used at all.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::chromium::Chromium;
use crate::node::{Serving, port, wait};
use crate::oidc::{Provider, SECRET, add_bound, at_provider};
use crate::passkeys::{add, authenticator, held, log_out, passkeys, send};
use crate::people::{Browser, PASSWORD, code, logged_in, person};
use crate::server::Server;
use crate::several_nodes::{TIME, WITHOUT_DNS, all, nodes};

/// A load balancer at its worst: what is asked goes to one of two nodes, and what is posted to the other.
struct Balancer {
    listener: TcpListener,
    url: String,
    is_swapped: Arc<AtomicBool>,
}

impl Balancer {
    /// It has its address, and serves nobody yet.
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        // By a name: browsers take passkeys of no address.
        let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        Self { listener, url, is_swapped: Arc::default() }
    }

    fn start(&self, serving: &[Serving]) {
        let nodes: Vec<String> =
            serving.iter().map(|one| one.url.strip_prefix("http://").unwrap().to_owned()).collect();
        let (listener, is_swapped) = (self.listener.try_clone().unwrap(), Arc::clone(&self.is_swapped));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (nodes, is_swapped) = (nodes.clone(), Arc::clone(&is_swapped));
                // A browser that goes away meanwhile has what it wanted.
                std::thread::spawn(move || drop(pass(client, &nodes, &is_swapped)));
            }
        });
    }

    fn swap(&self) {
        self.is_swapped.fetch_xor(true, Ordering::Relaxed);
    }
}

/// Passes one request on, and its answer back.
fn pass(mut client: TcpStream, nodes: &[String], is_swapped: &AtomicBool) -> io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if line == "\r\n" {
            break;
        }
        let name = line.to_ascii_lowercase();
        if let Some(text) = name.strip_prefix("content-length:") {
            length = text.trim().parse().map_err(io::Error::other)?;
        }
        if !name.starts_with("connection:") {
            head.push_str(&line);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let at = usize::from(head.starts_with("POST ") != is_swapped.load(Ordering::Relaxed));
    let mut node = TcpStream::connect(&nodes[at])?;
    node.write_all(format!("{head}connection: close\r\n\r\n").as_bytes())?;
    node.write_all(&body)?;
    io::copy(&mut node, &mut client)?;
    client.shutdown(Shutdown::Both)
}

/// The same browser, at another node.
fn at<'s>(serving: &'s Serving, browser: &Browser<'_>) -> Browser<'s> {
    Browser { cookies: browser.cookies.clone(), ..Browser::new(serving) }
}

/// Goes to the provider from one node, and comes back to the other: the answer of that, and what it was asked.
fn between<'s>(
    (from, to): (&Serving, &'s Serving),
    begin: &str,
    (issuer, back): (&str, &str),
    name: &str,
) -> (Browser<'s>, String, u16) {
    let mut browser = Browser::new(from);
    let begun = browser.get(begin);
    assert_eq!(begun.status, 303, "{begin}: {}", begun.text);
    let url = at_provider(&begun.to.unwrap(), issuer, back, name);
    let path = format!("/login/oidc/callback{}", url.strip_prefix(back).unwrap());
    let mut there = at(to, &browser);
    let status = there.get(&path).status;
    (there, path, status)
}

#[test]
fn a_log_in_at_a_provider_that_one_node_began_ends_at_another_and_counts_once() {
    let (nodes, _) = nodes(Server::shared(), 2);
    let (at_issuer, public) = (port(), "http://127.0.0.1:9");
    let (issuer, back) = (format!("http://127.0.0.1:{at_issuer}"), format!("{public}/login/oidc/callback"));
    assert_eq!(add_bound(&nodes[0], &issuer, "kim", "kim-at-id").0, Some(0));
    let secret = nodes[0].file("oidc.secret", format!("{SECRET}\n"));
    let environment = [
        ("BONGSU__DNS__ENABLED", "false"),
        ("BONGSU__HTTP__PUBLIC_URL", public),
        ("BONGSU__OIDC__ISSUER", &issuer),
        ("BONGSU__OIDC__CLIENT_ID", "tower"),
        ("BONGSU__OIDC__CLIENT_SECRET_FILE", &secret),
    ];
    let serving = all(&nodes, &environment);
    let (first, second) = (&serving[0], &serving[1]);
    let _provider = Provider::start(at_issuer, &back, "ES256");
    let provider = (issuer.as_str(), back.as_str());

    // What must be known where a browser comes back, the database has: its state, and what is secret between node and provider.
    let (mut kim, path, status) = between((first, second), "/login/oidc?to=/objects", provider, "kim-at-id");
    assert_eq!((status, kim.get("/objects").status), (303, 200));
    assert_eq!(at(first, &kim).get("/objects").status, 200, "and is logged in everywhere");
    for node in [first, second] {
        assert_eq!(at(node, &kim).get(&path).status, 401, "once");
    }
    // Another browser's is nobody's, and spent by that.
    let mut began = Browser::new(second);
    let begun = began.get("/login/oidc").to.unwrap();
    let url = at_provider(&begun, &issuer, &back, "kim-at-id");
    let path = format!("/login/oidc/callback{}", url.strip_prefix(&back).unwrap());
    assert_eq!(Browser::new(first).get(&path).status, 401);
    assert_eq!(began.get(&path).status, 401);

    // An invitation that was made at one node is answered over the other, and is not there any more at any.
    let link = person(&nodes[0], "lee", "exchange", &["reader"]);
    let path = link.strip_prefix(public).unwrap_or(&link);
    let shown = Browser::new(second).get(path);
    assert_eq!(shown.status, 200, "{}", shown.text);
    let begin = shown.between("href=\"/login/oidc?invitation=", "\"").to_owned();
    let begin = format!("/login/oidc?invitation={begin}");
    let (mut lee, _, status) = between((second, first), &begin, provider, "lee-at-id");
    assert_eq!((status, lee.get("/account").status), (303, 200));
    assert_eq!((Browser::new(second).get(path).status, at(second, &lee).get("/account").status), (404, 200));
    assert_eq!(between((first, second), "/login/oidc", provider, "lee-at-id").2, 303);

    // Log-out at one is log-out at all, a moment later.
    assert_eq!(at(second, &lee).post("/account", "/logout", &[]).status, 303);
    assert!(wait(TIME, || (lee.get("/account").status == 303).then_some(())).is_some());
    assert_eq!(kim.get("/objects").status, 200, "and nobody else's");
    nodes[1].json(&["person", "end", "kim"]);
    let ended = || [first, second].iter().all(|node| at(node, &kim).get("/objects").status == 303);
    assert!(wait(TIME, || ended().then_some(())).is_some());
    assert_eq!(between((first, second), "/login/oidc", provider, "kim-at-id").2, 403);
    serving.into_iter().for_each(Serving::stop);
}

#[test]
fn a_passkey_s_challenge_of_one_node_is_answered_at_the_other_and_at_none_twice() {
    let (nodes, _) = nodes(Server::shared(), 2);
    let balancer = Balancer::new();
    let url = balancer.url.as_str();
    let serving = all(&nodes, &[("BONGSU__DNS__ENABLED", "false"), ("BONGSU__HTTP__PUBLIC_URL", url)]);
    balancer.start(&serving);
    let link = person(&nodes[0], "kim", "exchange", &["reader"]);
    let path = link.strip_prefix(url).unwrap_or(&link);
    assert_eq!(Browser::new(&serving[0]).welcome(path).status, 303);
    let chromium = Chromium::start(nodes[0].dir.path());
    authenticator(&chromium);

    // The password that was set at one is known where it is sent; the passkey is asked for here, and taken there.
    chromium.log_in(url, "kim");
    chromium.says("Passkeys");
    add(&chromium, "Phone");
    chromium.says("the password alone lets nobody in.");
    for node in &nodes {
        assert_eq!(passkeys(node, "kim"), 1);
    }
    for serving in &serving {
        assert_eq!(Browser::new(serving).log_in("kim", PASSWORD, "").status, 401, "the password alone");
    }
    log_out(&chromium);
    for _ in 0..2 {
        chromium.go(&format!("{url}/login?to=/account"));
        chromium.click("[data-passkey=show] button");
        chromium.says("Where you are logged in");
        log_out(&chromium);
        balancer.swap();
    }
    // What was sent to one is worth nothing at the other, nor there a second time.
    for _ in 0..2 {
        let one = held(&chromium, url);
        assert_eq!(send(&chromium, url, &one, ("", None)), 303);
        balancer.swap();
        assert_eq!(send(&chromium, url, &one, ("", None)), 401);
        balancer.swap();
        assert_eq!(send(&chromium, url, &one, ("", None)), 401);
        balancer.swap();
    }
    // It is removed at one, and lets nobody in at the other from then on.
    chromium.go(&format!("{url}/login?to=/account"));
    chromium.click("[data-passkey=show] button");
    chromium.says("Where you are logged in");
    chromium.fill("form[action='/account/passkeys/remove'] [name=password]", PASSWORD);
    chromium.click("form[action='/account/passkeys/remove'] button");
    chromium.says("None yet.");
    for serving in &serving {
        assert_eq!(Browser::new(serving).log_in("kim", PASSWORD, "").status, 303, "the password is enough");
    }
    log_out(&chromium);
    for _ in 0..2 {
        chromium.go(&format!("{url}/login"));
        chromium.click("[data-passkey=show] button");
        chromium.says("The passkey, or the name or password beside it, is not right");
        balancer.swap();
    }
    serving.into_iter().for_each(Serving::stop);
}

/// Sends to one node the form that the page of another has, as a browser does whose requests go here and there.
fn send_across(
    browser: &mut Browser<'_>,
    to: &Serving,
    path: &str,
    fields: &[(&str, &str)],
) -> (u16, String) {
    let token = browser.get(path).token();
    let mut there = at(to, browser);
    let origin = to.url.clone();
    let page = there.post_from(&origin, path, &[&[("form", token.as_str())][..], fields].concat());
    browser.cookies = there.cookies;
    (page.status, page.text)
}

#[test]
fn a_code_or_a_link_that_was_used_at_one_node_is_used_at_all_and_forms_of_one_are_taken_by_another() {
    let (nodes, _) = nodes(Server::shared(), 2);
    let serving = all(&nodes, WITHOUT_DNS);
    let (first, second) = (&serving[0], &serving[1]);
    let mut kim = logged_in(&nodes[0], first, "kim", "exchange", &["analyst"]);

    // The page of codes is shown by one, and its form taken by the other; the session that begins there holds here at once.
    let page = kim.get("/account/codes");
    let (key, part) = (
        page.between("id=\"key\">", "<").to_owned(),
        page.between("name=\"part\" value=\"", "\"").to_owned(),
    );
    let used = code(&key);
    let fields = [("part", part.as_str()), ("password", PASSWORD), ("code", used.as_str())];
    let (status, text) = send_across(&mut kim, second, "/account/codes", &fields);
    assert_eq!(status, 200, "{text}");
    let recovery: Vec<&str> = text
        .split_once("id=\"recovery\">")
        .and_then(|(_, rest)| rest.split_once("</pre>"))
        .unwrap()
        .0
        .lines()
        .collect();
    assert_eq!(recovery.len(), 10, "{text}");
    assert_eq!(kim.get("/account").status, 200);

    // No code counts at the other node a moment later, neither the app's nor one of those for recovery.
    let status = |serving: &Serving, code: &str| Browser::new(serving).log_in("kim", PASSWORD, code).status;
    for serving in [first, second] {
        assert_eq!(status(serving, &used), 401);
    }
    for (code, here, there) in [(recovery[0], first, second), (recovery[1], second, first)] {
        assert_eq!((status(here, code), status(there, code), status(here, code)), (303, 401, 401));
    }

    // A link sets one password, however many nodes are shown it.
    let link = person(&nodes[1], "lee", "exchange", &["reader"]);
    let mut here = Browser::new(first);
    let mut there = Browser::new(second);
    let token = there.get(&link).token();
    assert_eq!(here.welcome(&link).status, 303);
    let other = "another sentence of mine";
    let late = [("form", token.as_str()), ("new", other), ("again", other)];
    assert_eq!(there.post_from(&second.url, &link, &late).status, 404);
    assert_eq!(Browser::new(second).log_in("lee", other, "").status, 401);
    assert_eq!(Browser::new(second).log_in("lee", PASSWORD, "").status, 303, "at once");

    // Who was reset at one has no password at the other, at once.
    nodes[0].json(&["person", "reset", "lee"]);
    assert_eq!(Browser::new(second).log_in("lee", PASSWORD, "").status, 401);

    // What one node showed before it is shared, the other shares.
    let typed = [("values", "shown-k3.top"), ("circle", "region")];
    let shown = kim.post("/share", "/share", &[&typed[..], &[("act", "check")]].concat());
    let of = |name: &str| shown.between(&format!("name=\"{name}\" value=\""), "\"").to_owned();
    let (id, time, seal) = (of("id"), of("at"), of("shown"));
    let sent = [("id", id.as_str()), ("at", &time), ("shown", &seal), ("act", "send")];
    let (status, text) = send_across(&mut kim, second, "/share", &[&typed[..], &sent].concat());
    assert!(status == 200 && text.contains("new: 1"), "{text}");
    serving.into_iter().for_each(Serving::stop);
}

#[test]
fn guesses_at_all_nodes_together_lock_a_name() {
    let (nodes, _) = nodes(Server::shared(), 2);
    let serving = all(&nodes, WITHOUT_DNS);
    logged_in(&nodes[0], &serving[0], "kim", "exchange", &["reader"]);
    let guess = |at: usize, password: &str| Browser::new(&serving[at % 2]).log_in("kim", password, "").status;
    for at in 0..4 {
        assert_eq!(guess(at, "a wrong sentence of mine"), 401);
    }
    assert_eq!(guess(0, PASSWORD), 303, "four are not too many, and a right one ends the count");
    for at in 0..5 {
        assert_eq!(guess(at, "a wrong sentence of mine"), 401);
    }
    assert_eq!((guess(0, PASSWORD), guess(1, PASSWORD)), (401, 401));
}
