//! Secrets in the log, in answers and in addresses: at the loudest level there is none, whichever way it came.

use std::io::Write as _;
use std::net::TcpListener;
use std::time::Duration;

use crate::node::{Node, bundle, client, indicator, wait};
use crate::people::{Browser, PASSWORD, person};

/// A server that takes a request, keeps it, and breaks off.
fn listener() -> (u16, std::sync::mpsc::Receiver<String>) {
    let listening = TcpListener::bind("127.0.0.1:0").unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let port = listening.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listening.incoming().map_while(Result::ok) {
            let mut stream = stream;
            let mut bytes = [0; 4_096];
            let count = std::io::Read::read(&mut stream, &mut bytes).unwrap_or_default();
            let said = String::from_utf8_lossy(&bytes[..count]).into_owned();
            let answer = format!(
                "HTTP/1.1 403 Forbidden\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{said}",
                said.len()
            );
            let _gone = stream.write_all(answer.as_bytes());
            if tell.send(said).is_err() {
                return;
            }
        }
    });
    (port, told)
}

#[test]
fn no_secret_stands_in_a_log_an_answer_or_an_error() {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "detect"]);
    let (port, asked) = listener();
    let key = node.file("source.key", "source-secret-k3\n");
    std::fs::write(
        node.data().join("bongsu.toml"),
        format!(
            "[push]\nallow_hosts = [\"127.0.0.1\"]\n[[source]]\nname = \"partner\"\nkind = \"misp\"\nurl = \"http://127.0.0.1:{port}/\"\n\
             circle = \"region\"\nas = \"exchange\"\nevery = \"1s\"\nauth.key = {{ key_file = \"{key}\" }}\n"
        ),
    )
    .unwrap();
    let hook = node.json(&["member", "webhook", "detect", "--url", &format!("http://127.0.0.1:{port}/hook")]);
    let tsig = node.json(&["member", "tsig", "block"]);
    let link = person(&node, "kim", "exchange", &["analyst"]);
    let log = node.dir.path().join("log");
    let serving = node.serve_logged(&log, &[("BONGSU__LOG__LEVEL", "trace")]);
    let token = node.tokens["exchange"].clone();
    let wrong = format!("{}wrong-k3", &token[..token.len() - 8]);
    let mut seen = String::new();
    for secret in [&token, &wrong] {
        let requests = [
            client().get(format!("{}/objects", serving.url)).basic_auth("exchange", Some(secret)),
            client().get(format!("{}/d/list/all.txt", serving.url)).bearer_auth(secret),
            client().get(format!("{}/t/{secret}/d/list/all.txt", serving.url)),
            client().get(format!("{}/t/{secret}/objects", serving.url)),
            client().get(format!("{}/servers/getVersion", serving.url)).header("authorization", secret),
            client().get(format!("{}/events/index", serving.url)).header("x-misp-auth", secret),
            client().get(format!("{}/screening/value?value=a", serving.url)).header("x-api-key", secret),
            client()
                .post(format!("{}/api/collections/region/objects/", serving.url))
                .bearer_auth(secret)
                .header("content-type", "a\tb")
                .body("{"),
        ];
        for request in requests {
            let answer = request.send().unwrap();
            seen.push_str(&format!("{:?}", answer.headers()));
            seen.push_str(&answer.text().unwrap());
        }
    }
    let mut kim = Browser::new(&serving);
    assert_eq!(kim.welcome(&link).status, 303);
    seen.push_str(&kim.log_in("kim", "a wrong sentence k3", "123456").text);
    assert_eq!(kim.log_in("kim", PASSWORD, "").status, 303);
    seen.push_str(&kim.get("/account").text);
    assert_eq!(kim.get("/people").status, 403);
    let file = node.file("bundle.json", bundle(&[indicator(1, "a-k3.top")]));
    node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
    let mut both = (false, false);
    wait(Duration::from_secs(60), || {
        let said = asked.try_recv().ok()?;
        both.0 |= said.contains("source-secret-k3");
        both.1 |= said.starts_with("POST /hook");
        (both == (true, true)).then_some(())
    })
    .unwrap_or_else(|| panic!("the source and the webhook were asked: {both:?}"));
    let failures = wait(Duration::from_secs(30), || {
        let list = node.json(&["webhook", "list"]).to_string();
        list.contains("403").then_some(list)
    });
    seen.push_str(&failures.unwrap());
    let checked = node.command(&["source", "check", "partner"]).output().unwrap();
    seen.push_str(&String::from_utf8_lossy(&[checked.stdout, checked.stderr].concat()));
    let session = kim.cookies["bongsu"].clone();
    drop(kim);
    serving.stop();
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(
        log.contains("a log-in from 127.0.0.1 failed") && log.contains("TRACE"),
        "it was loud: {}",
        log.len()
    );
    assert!(log.contains("was refused something for want of a right"), "refusals are told");
    let part = |secret: &str| secret.rsplit('.').next().unwrap().to_owned();
    let secrets = [
        ("a token", part(&token)),
        ("a wrong token", part(&wrong)),
        ("a password", PASSWORD.to_owned()),
        ("a wrong password", "a wrong sentence k3".to_owned()),
        ("a session", session),
        ("an invitation", part(link.rsplit('/').next().unwrap())),
        ("a source's key", "source-secret-k3".to_owned()),
        (
            "a webhook's secret",
            hook["webhook"]["secret"].as_str().unwrap().trim_start_matches("whsec_").to_owned(),
        ),
        ("a TSIG secret", tsig["tsig"]["secret"].as_str().unwrap().to_owned()),
    ];
    for (what, secret) in secrets {
        assert!(secret.len() > 10, "{what}");
        for (place, text) in [("log", &log), ("answers", &seen)] {
            let line = text.lines().find(|line| line.contains(&secret));
            assert!(line.is_none(), "{what} stands in the {place}: {line:?}");
        }
    }
}
