//! Forms that another page sends, names of hosts that a request makes up, and what browsers are told of every page.

use std::collections::BTreeSet;

use reqwest::blocking::{Client, Response};
use reqwest::redirect::Policy;

use crate::node::{Node, Serving, bundle, indicator, provide};
use crate::people::{Browser, PASSWORD, logged_in};

const ROLES: [&str; 5] = ["reader", "analyst", "releaser", "administrator", "auditor"];

fn node() -> (Node, Serving) {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "detect"]);
    let file = node.file("bundle.json", bundle(&[indicator(1, "a-k3.top")]));
    node.json(&["import", &file, "--circle", "region", "--as", "detect"]);
    let serving = node.serve();
    (node, serving)
}

/// The paths of pages that take a form, as the program's own table of routes has them, with something in each gap.
fn forms() -> Vec<String> {
    let table = include_str!("../../../../web/src/page/mod.rs");
    let routes = table.split(".route(\"").skip(1).filter_map(|rest| rest.split_once("\","));
    let takes = |(path, rest): (&str, &str)| {
        let own = rest.split(".route(").next().unwrap_or_default();
        own.contains("post(").then(|| path.to_owned())
    };
    let paths: Vec<String> = routes.filter_map(takes).collect();
    let filled = |path: &String| {
        path.split('/')
            .map(|part| if part.starts_with('{') { "x" } else { part })
            .collect::<Vec<_>>()
            .join("/")
    };
    paths.iter().map(filled).collect()
}

#[test]
fn no_form_counts_without_the_token_of_its_own_session() {
    let (node, serving) = node();
    let mut kim = logged_in(&node, &serving, "kim", "exchange", &ROLES);
    let mut lee = logged_in(&node, &serving, "lee", "detect", &ROLES);
    let foreign = lee.get("/account").token();
    let own = kim.get("/account").token();
    assert_ne!(own, foreign);
    let here = serving.url.clone();
    let paths = forms();
    assert!(paths.len() >= 17 && paths.iter().any(|path| path == "/asks/x"), "{paths:?}");
    for path in &paths {
        let fields = [
            ("user", "kim"),
            ("password", PASSWORD),
            ("new", PASSWORD),
            ("again", PASSWORD),
            ("role", "reader"),
        ];
        for (what, origin, token) in [
            ("without a token", here.as_str(), None),
            ("with another's", &here, Some(foreign.as_str())),
            ("with an empty one", &here, Some("")),
            ("from elsewhere", "https://evil-k3.example", Some(&own)),
            ("from nowhere", "null", Some(&own)),
            ("from the same host over another scheme's port", "http://127.0.0.1:1", Some(&own)),
        ] {
            let mut all: Vec<(&str, &str)> = fields.to_vec();
            all.extend(token.map(|token| ("form", token)));
            assert_eq!(kim.post_from(origin, path, &all).status, 403, "{path} {what}");
        }
    }
    // A body that is no form has no token either, and a token in the address is none.
    let client = Client::builder().redirect(Policy::none()).build().unwrap();
    for (kind, body) in
        [("application/json", format!("{{\"form\":\"{own}\"}}")), ("text/plain", format!("x\r\nform={own}"))]
    {
        let request = client.post(format!("{here}/logout?form={own}")).header("content-type", kind);
        let answer = request.header("cookie", kim.cookie()).body(body).send().unwrap();
        assert_eq!(answer.status(), 403, "{kind}");
    }
    assert_eq!(kim.get("/account").status, 200, "nothing of it logged it out");
    assert_eq!(kim.post("/account", "/logout", &[]).status, 303, "its own form counts");
}

/// Whoever is made to log in as another would give itself away to it: a form before log-in is bound to the browser too.
#[test]
fn nobody_is_logged_in_as_another_and_no_session_is_given_from_outside() {
    let (node, serving) = node();
    drop(logged_in(&node, &serving, "mallory", "detect", &["analyst"]));
    // Mallory's own token for the form does not count in Kim's browser.
    let foreign = Browser::new(&serving).get("/login").token();
    let mut kim = Browser::new(&serving);
    kim.get("/login");
    let here = serving.url.clone();
    let fields = [("user", "mallory"), ("password", PASSWORD), ("form", foreign.as_str())];
    let page = kim.post_from(&here, "/login", &fields);
    assert_eq!((page.status, kim.cookies.get("bongsu")), (403, None));
    // A cookie that somebody chose names no session, not even after a log-in.
    for chosen in ["", "A", &"A".repeat(43), "../../x", "%00", &"x".repeat(4_000)] {
        let mut browser = Browser::new(&serving);
        browser.cookies.insert("bongsu".to_owned(), chosen.to_owned());
        assert_eq!(browser.get("/account").status, 303, "{chosen}");
        assert_eq!(browser.log_in("mallory", PASSWORD, "").status, 303);
        let mut thief = Browser::new(&serving);
        thief.cookies.insert("bongsu".to_owned(), chosen.to_owned());
        assert_eq!(thief.get("/account").status, 303, "{chosen}");
    }
    for to in [
        "//evil-k3.example",
        "https://evil-k3.example/",
        "/\\evil-k3.example",
        "javascript:alert(1)",
        "/%0d%0aSet-Cookie:x=y",
        "\\/evil-k3.example",
        "/\u{9}/evil-k3.example",
    ] {
        let mut browser = Browser::new(&serving);
        let page =
            browser.post("/login", "/login", &[("user", "mallory"), ("password", PASSWORD), ("to", to)]);
        let leads = page.to.unwrap_or_default();
        assert!(page.status == 303 && (leads == "/" || leads == "/%0d%0aSet-Cookie:x=y"), "{to}: {leads}");
        assert!(!page.cookies.iter().any(|cookie| cookie.starts_with("x=")), "{to}");
    }
}

fn ask(serving: &Serving, path: &str, headers: &[(&str, &str)]) -> Response {
    provide();
    let client = Client::builder().redirect(Policy::none()).build().unwrap();
    let request = client.get(format!("{}{path}", serving.url)).header("accept", "text/html");
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).send().unwrap()
}

#[test]
fn a_host_that_a_request_makes_up_stands_nowhere_and_opens_nothing() {
    let (node, serving) = node();
    let kim = logged_in(&node, &serving, "kim", "exchange", &ROLES);
    let cookie = kim.cookie();
    for path in [
        "/",
        "/login",
        "/objects",
        "/account",
        "/people",
        "/nothing",
        "/d/advisory.html",
        "/taxii2/",
        "/contacts.vcf",
        "/calendar.ics",
    ] {
        for header in ["host", "x-forwarded-host", "forwarded", "x-original-url", "x-rewrite-url"] {
            let answer = ask(&serving, path, &[(header, "evil-k3.example"), ("cookie", &cookie)]);
            let head = format!("{:?}", answer.headers());
            let text = answer.text().unwrap();
            assert!(
                !head.contains("evil-k3") && !text.contains("evil-k3"),
                "{path} {header}: {head}\n{text}"
            );
        }
    }
    // A node that is open on its own machine is not open to a page whose name leads there.
    let open = node_open();
    let opened = open.serve();
    assert_eq!(ask(&opened, "/", &[]).status(), 200);
    for host in [
        "evil-k3.example",
        "127.0.0.1.evil-k3.example",
        "localhost.evil-k3.example",
        "evil-k3.example:8400",
        "localhost@evil-k3.example",
        "",
    ] {
        assert_ne!(ask(&opened, "/", &[("host", host)]).status(), 200, "{host}");
    }
    // What says that it comes from elsewhere is believed to nobody: guesses count against the connection's own address.
    let guess = |number: u32| {
        let from = format!("198.51.100.{}", number % 250);
        ask(
            &serving,
            "/objects",
            &[
                ("authorization", "Bearer x"),
                ("x-forwarded-for", &from),
                ("forwarded", &format!("for={from}")),
                ("x-real-ip", &from),
            ],
        )
        .status()
        .as_u16()
    };
    let told: BTreeSet<u16> = (0..200).map(guess).collect();
    assert_eq!(told, BTreeSet::from([401, 429]), "many guesses are told to wait");
}

fn node_open() -> Node {
    let node = Node::with_members();
    std::fs::write(node.data().join("bongsu.toml"), "[web]\nopen_on_loopback = true\n").unwrap();
    node
}

#[test]
fn every_page_says_that_it_is_not_framed_not_sniffed_and_not_kept() {
    let (node, serving) = node();
    let kim = logged_in(&node, &serving, "kim", "exchange", &ROLES);
    let cookie = kim.cookie();
    let pages = [
        "/",
        "/objects",
        "/account",
        "/account/codes",
        "/people",
        "/acts",
        "/peers",
        "/screen",
        "/contacts",
        "/drills",
        "/confidence",
        "/asks",
        "/playbooks",
        "/members/exchange",
        "/circles/region",
        "/login",
        "/nothing",
        "/welcome/x",
    ];
    for path in pages {
        let answer = ask(&serving, path, &[("cookie", &cookie)]);
        let head = |name: &str| {
            answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
        };
        let policy = head("content-security-policy");
        for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"]
        {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        // Scripts are files of the node's own.
        let others = policy.replace("script-src 'self'", "");
        assert_ne!(policy.len(), others.len(), "{path}: {policy}");
        assert!(
            !policy.contains("unsafe") && !policy.contains('*') && !others.contains("script-src"),
            "{path}: {policy}"
        );
        assert_eq!(head("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(head("referrer-policy"), "same-origin", "{path}");
        assert!(head("cache-control").contains("no-store"), "{path}: {}", head("cache-control"));
        assert!(
            head("content-type").starts_with("text/html; charset=utf-8"),
            "{path}: {}",
            head("content-type")
        );
        assert_eq!(head("access-control-allow-origin"), "", "{path}");
        assert_eq!(head("server"), "", "{path} does not say what serves it");
    }
    // Another page gets no leave to ask, or to read what it gets.
    for path in ["/objects", "/d/list/all.txt", "/api/collections/", "/screening/value?value=a"] {
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        let preflight = client.request(reqwest::Method::OPTIONS, format!("{}{path}", serving.url));
        let told = preflight
            .header("origin", "https://evil-k3.example")
            .header("access-control-request-method", "GET")
            .send()
            .unwrap();
        assert!(
            told.headers().iter().all(|(name, _)| !name.as_str().starts_with("access-control")),
            "{path}"
        );
    }
}
