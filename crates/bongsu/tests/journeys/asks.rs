//! A member asks the one who shared an object to let it go wider; it answers by the link of a mail, on a page, over JSON and at
//! the command line, and what it allows is there at once.

use reqwest::StatusCode;
use reqwest::blocking::Response;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use stix::Tlp;

use crate::certificates::certificates;
use crate::node::{Node, Serving, bundle, id, wait};
use crate::push::Peer;

const SERVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/journeys/mail_server.py");
const TIME: std::time::Duration = std::time::Duration::from_secs(60);

/// A node with two circles of `exchange`, who shares, and `bank`, who sees; `list` is in the second alone.
fn node() -> (Node, Peer) {
    let mut node = Node::with_members();
    node.member("bank", "exchange", "amber");
    node.json(&["circle", "add", "region", "--title", "Region", "--member", "exchange", "--member", "bank"]);
    let wide = ["--member", "exchange", "--member", "bank", "--member", "list"];
    node.json(&[&["circle", "add", "wide", "--title", "Wide", "--ceiling", "green"][..], &wide].concat());
    node.json(&["member", "set", "exchange", "--contact", "duty desk, desk@cert.example"]);
    node.json(&["member", "set", "bank", "--contact", "soc@ministry.example", "--language", "fr"]);
    certificates(node.dir.path());
    let path = |name: &str| node.dir.path().join(name).display().to_string();
    let server = Peer::run(SERVER, &[&path("server.pem"), &path("server.key"), &path("fails"), "starttls"]);
    let config = format!(
        "[http]\npublic_url = \"https://tower.example\"\n[mail]\nhost = \"127.0.0.1\"\nport = {}\nca_file = \"{}\"\n\
         from = \"Tower <tower@tower.example>\"\n",
        server.next(),
        path("ca.pem")
    );
    std::fs::write(node.data().join("bongsu.toml"), config).unwrap();
    let shared: Vec<Value> = (1..=4).map(campaign).collect();
    node.json(&["import", &node.file("c.json", bundle(&shared)), "--circle", "region", "--as", "exchange"]);
    (node, server)
}

fn campaign(number: u128) -> Value {
    json!({
        "type": "campaign", "spec_version": "2.1", "id": id("campaign", number), "created": "2026-09-01T00:00:00.000Z",
        "modified": "2026-09-01T00:00:00.000Z", "name": format!("Secret name {number}"), "created_by_ref": id("identity", 1),
        "object_marking_refs": [Tlp::Amber.definition_id().to_string()], "x_custom": 1.5,
    })
}

/// What a member has of campaigns in a circle.
fn has(node: &Node, serving: &Serving, member: &str, circle: &str) -> Vec<Value> {
    let text =
        node.text(serving, member, &format!("/api/collections/{circle}/objects/?match%5Btype%5D=campaign"));
    serde_json::from_str::<Value>(&text).unwrap()["objects"].as_array().cloned().unwrap_or_default()
}

fn post(node: &Node, serving: &Serving, member: &str, path: &str, body: &Value) -> (StatusCode, Value) {
    let request = serving.client.post(format!("{}{path}", serving.url));
    let request = request.basic_auth(member, node.tokens.get(member)).json(body);
    let response = request.send().unwrap();
    (response.status(), serde_json::from_str(&response.text().unwrap()).unwrap())
}

/// Sends a form, and does not follow where it leads.
pub(crate) fn fill(url: &str, who: Option<(&str, &str)>, origin: Option<&str>, body: &str) -> Response {
    crate::node::provide();
    let client = reqwest::blocking::Client::builder().redirect(Policy::none()).build().unwrap();
    let mut request = client.post(url).header("content-type", "application/x-www-form-urlencoded");
    if let Some((user, token)) = who {
        request = request.basic_auth(user, Some(token));
    }
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    request.body(body.to_owned()).send().unwrap()
}

#[test]
fn an_ask_is_answered_by_the_link_of_a_mail() {
    let (node, server) = node();
    let serving = node.serve();
    let (object, green) = (id("campaign", 1), Tlp::Green.definition_id().to_string());
    let asked = node.json(&[
        "ask",
        "release",
        &object,
        "--circle",
        "region",
        "--to",
        "wide",
        "--tlp",
        "green",
        "--why",
        "banks need it",
        "--as",
        "bank",
    ]);
    assert_eq!((&asked["state"], &asked["originator"]), (&json!("open"), &Value::Null), "{asked}");

    let mail = server.next();
    let text = mail["text"].as_str().unwrap();
    assert_eq!(mail["to"], json!(["desk@cert.example"]));
    assert!(
        text.contains("bank asks") && text.contains("banks need it") && text.contains("TLP:GREEN"),
        "{text}"
    );
    assert!(
        text.contains(&object) && !mail.to_string().contains("Secret name"),
        "nothing of it but its id: {mail}"
    );
    let link =
        text.split_whitespace().find(|word| word.starts_with("https://tower.example/answer/ask/")).unwrap();
    let link = link.replace("https://tower.example", &serving.url);
    let page = || serving.client.get(&link).send().unwrap();
    for _ in 0..2 {
        let shown = page();
        assert_eq!(shown.status(), StatusCode::OK, "looking at it answers nothing");
        let shown = shown.text().unwrap();
        assert!(shown.contains("banks need it") && !shown.contains("Secret name"), "{shown}");
    }
    assert_eq!(fill(&link, None, None, "answer=perhaps").status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(has(&node, &serving, "bank", "wide").is_empty());

    let answered = fill(&link, None, None, "answer=yes&said=for+banks+alone");
    assert_eq!(answered.status(), StatusCode::OK);
    let there = has(&node, &serving, "bank", "wide");
    let here = has(&node, &serving, "bank", "region");
    let newer = here.iter().find(|one| one["id"] == object.as_str()).unwrap();
    assert_eq!(there, std::slice::from_ref(newer), "the new version is in both circles");
    assert_eq!(newer["object_marking_refs"], json!([green]));
    assert!(newer["modified"].as_str().unwrap() > "2026-09-01T00:00:00.000Z");
    assert_eq!((&newer["x_custom"], &newer["created_by_ref"]), (&json!(1.5), &json!(id("identity", 1))));

    // The link works once, and a forged one is nothing.
    assert_eq!(page().status(), StatusCode::GONE);
    assert_eq!(fill(&link, None, None, "answer=no").status(), StatusCode::GONE);
    let forged = format!("{}A", link.trim_end_matches(|c: char| c != '/'));
    assert_eq!(serving.client.get(forged).send().unwrap().status(), StatusCode::NOT_FOUND);

    // The asker is told, in its language; the line has all of it.
    let mail = server.next();
    assert_eq!((&mail["to"], &mail["language"]), (&json!(["soc@ministry.example"]), &json!("fr")));
    assert!(mail["text"].as_str().unwrap().contains("for banks alone"), "{mail}");
    let ask = asked["id"].as_str().unwrap();
    let shown = wait(TIME, || {
        let shown = node.json(&["ask", "show", ask]);
        (shown["told"].as_array().unwrap().len() == 2).then_some(shown)
    });
    let shown = shown.unwrap();
    assert_eq!((&shown["state"], &shown["answer"]["by"]), (&json!("done"), &json!("link")), "{shown}");
    assert_eq!((&shown["asker"], &shown["originator"]), (&json!("bank"), &json!("exchange")));
    serving.stop();
    assert_eq!(node.json(&["ask", "list"])["asks"], json!([shown]), "also after a restart");
}

#[test]
fn an_ask_is_answered_over_json_and_on_a_page_and_nobody_learns_by_asking() {
    let (node, _server) = node();
    let serving = node.serve();
    let question = |object: &str, to: &str| json!({"circle": "region", "object": object, "to": to, "tlp": "green", "why": "x"});
    let first = id("campaign", 1);

    // Who does not see it is answered as if it were not there, whatever is asked.
    let absent = post(&node, &serving, "list", "/ask", &question(&first, "wide"));
    assert_eq!(absent.0, StatusCode::NOT_FOUND);
    for (object, to) in
        [(id("campaign", 9), "wide"), (first.clone(), "nowhere"), ("no id".to_owned(), "wide")]
    {
        assert_eq!(post(&node, &serving, "list", "/ask", &question(&object, to)), absent, "{object} {to}");
    }
    assert_eq!(post(&node, &serving, "bank", "/ask", &question(&id("campaign", 9), "wide")), absent);
    assert_eq!(
        post(&node, &serving, "bank", "/ask", &question(&first, "nowhere")).0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let body = serving.client.post(format!("{}/ask", serving.url)).json(&question(&first, "wide"));
    assert_eq!(body.send().unwrap().status(), StatusCode::UNAUTHORIZED);

    // Over JSON: no, and then nothing happens.
    let (status, asked) = post(&node, &serving, "bank", "/ask", &question(&first, "wide"));
    assert_eq!((status, &asked["state"]), (StatusCode::CREATED, &json!("open")), "{asked}");
    let path = format!("/ask/{}", asked["id"].as_str().unwrap());
    let no = json!({"answer": "no", "said": "not now"});
    for other in ["bank", "list"] {
        assert_eq!(post(&node, &serving, other, &path, &no).0, StatusCode::NOT_FOUND, "{other}");
    }
    assert_eq!(node.get(&serving, "list", &path).send().unwrap().status(), StatusCode::NOT_FOUND);
    let (status, told) = post(&node, &serving, "exchange", &path, &no);
    assert_eq!((status, &told["state"], &told["asker"]), (StatusCode::OK, &json!("refused"), &json!("bank")));
    assert_eq!(
        post(&node, &serving, "exchange", &path, &no).0,
        StatusCode::CONFLICT,
        "the first answer holds"
    );
    assert!(has(&node, &serving, "bank", "wide").is_empty());

    // On pages: a copy without its source, in the other circle.
    let second = id("campaign", 2);
    let object = node.text(&serving, "bank", &format!("/objects/region/{second}"));
    assert!(object.contains("action=\"/asks\"") && object.contains("Wide"), "{object}");
    assert!(
        !node.text(&serving, "exchange", &format!("/objects/region/{second}")).contains("action=\"/asks\"")
    );
    let user = |member: &'static str| Some((member, node.tokens[member].as_str()));
    let form = format!("circle=region&object={second}&to=wide&tlp=TLP%3AGREEN&without_source=1&why=%3Cb%3E");
    let url = format!("{}/asks", serving.url);
    let evil = fill(&url, user("bank"), Some("https://evil.example"), &form);
    assert_eq!(evil.status(), StatusCode::FORBIDDEN);
    let asked = fill(&url, user("bank"), Some(&serving.url), &form);
    assert_eq!(asked.status(), StatusCode::SEE_OTHER, "{}", asked.text().unwrap());
    let page = asked.headers()["location"].to_str().unwrap().to_owned();
    let to_answer = node.text(&serving, "exchange", &page);
    assert!(to_answer.contains("&#60;b&#62;") && to_answer.contains("name=\"answer\""), "{to_answer}");
    assert!(!node.text(&serving, "bank", &page).contains("name=\"answer\""), "the asker can't answer");
    assert_eq!(node.get(&serving, "list", &page).send().unwrap().status(), StatusCode::NOT_FOUND);
    let url = format!("{}{page}", serving.url);
    let more = fill(&url, user("exchange"), Some(&serving.url), "answer=less&circle=1&tlp=clear");
    assert_eq!(more.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let evil = fill(&url, user("exchange"), Some("https://evil.example"), "answer=yes");
    assert_eq!(evil.status(), StatusCode::FORBIDDEN);
    let yes = fill(&url, user("exchange"), Some(&serving.url), "answer=yes");
    assert_eq!(yes.status(), StatusCode::SEE_OTHER);
    let copies = has(&node, &serving, "bank", "wide");
    assert_eq!(copies.len(), 1);
    assert_ne!(copies[0]["id"], second.as_str());
    assert!(copies[0].get("created_by_ref").is_none(), "{copies:?}");
    assert!(node.text(&serving, "bank", &page).contains("yes, as asked"));
    assert!(node.text(&serving, "bank", "/asks").contains(&second));

    // At the command line: less, by an operator; and what is gone is told.
    let ask = |number: u128| {
        let asked = node.json(&[
            "ask",
            "release",
            &id("campaign", number),
            "--circle",
            "region",
            "--tlp",
            "clear",
            "--why",
            "x",
            "--as",
            "bank",
        ]);
        asked["id"].as_str().unwrap().to_owned()
    };
    let less = node.json(&["ask", "answer", &ask(3), "less", "--tlp", "green", "--say", "no further"]);
    assert_eq!((&less["state"], &less["answer"]["by"]), (&json!("done"), &json!("operator")), "{less}");
    let gone = ask(4);
    node.withdraw(&id("campaign", 4));
    let output = node.command(&["ask", "answer", &gone, "yes", "--as", "exchange"]).output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success() && said.contains("withdrawn"), "{said}");
    assert_eq!(node.json(&["ask", "answer", &gone, "no", "--as", "exchange"])["state"], "refused");
    serving.stop();
    assert_eq!(node.json(&["verify"])["sound"], json!(true));
}
