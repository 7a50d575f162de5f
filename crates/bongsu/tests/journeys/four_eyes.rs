//! Four eyes: whatever way something comes in, it goes out when a second person of the same member has said so, and nobody else
//! learns before that there is anything.

use reqwest::Method;
use serde_json::{Value, json};

use crate::node::{Node, Serving, TAXII, bundle, indicator};
use crate::people::{logged_in, person};

/// A circle that asks for four eyes; of `source`, ann brings and ben releases, each with a token.
fn node() -> Node {
    let mut node = Node::with_members();
    node.member("source", "exchange", "red");
    let members = ["--member", "source", "--member", "exchange", "--member", "list"];
    let mut args = vec!["circle", "add", "region", "--ceiling", "green", "--four-eyes"];
    args.extend(members);
    assert_eq!(node.json(&args)["circle"]["four_eyes"], 14);
    node
}

fn with_people(node: &mut Node) {
    for (user, member, roles) in [
        ("ann", "source", &["analyst", "releaser"][..]),
        ("ben", "source", &["releaser"]),
        ("eve", "exchange", &["releaser"]),
    ] {
        person(node, user, member, roles);
        let made = node.json(&["member", "token", "--person", user]);
        node.tokens.insert(user.to_owned(), made["token"]["token"].as_str().unwrap().to_owned());
    }
}

fn circle(node: &Node) -> String {
    node.json(&["circle", "show", "region"])["circle"]["id"].as_str().unwrap().to_owned()
}

fn ask(
    node: &Node,
    serving: &Serving,
    who: &str,
    (method, path): (Method, &str),
    body: &str,
) -> (u16, String) {
    let kind = match path.split('/').nth(1) {
        Some("api") => TAXII,
        Some("releases") => "application/x-www-form-urlencoded",
        _ => "application/json",
    };
    let request = serving.client.request(method, format!("{}{path}", serving.url));
    let request = request.bearer_auth(&node.tokens[who]).header("content-type", kind);
    let accept = if path.starts_with("/api") { kind } else { "*/*" };
    let response = request.header("accept", accept).body(body.to_owned()).send().unwrap();
    (response.status().as_u16(), response.text().unwrap())
}

fn get(node: &Node, serving: &Serving, who: &str, path: &str) -> (u16, String) {
    ask(node, serving, who, (Method::GET, path), "")
}

/// What waits or was decided, the newest first.
fn releases(node: &Node) -> Vec<Value> {
    node.json(&["release", "list", "--all"])["releases"].as_array().unwrap().clone()
}

/// Everything that another member can look at, as one text.
fn seen(node: &Node, serving: &Serving, circle: &str) -> String {
    let api = format!("/api/collections/{circle}");
    let mut seen = String::new();
    for (who, path) in [
        ("exchange", format!("{api}/objects/")),
        ("exchange", format!("{api}/manifest/")),
        ("exchange", "/objects".to_owned()),
        ("exchange", "/releases".to_owned()),
        ("exchange", format!("/log/{circle}/checkpoint")),
        ("list", "/d/list/all.txt".to_owned()),
    ] {
        let (status, text) = get(node, serving, who, &path);
        // Pages say when they were made, and a list's number begins with what each start of the node chooses anew.
        let text = text.lines().filter(|line| !line.contains("UTC"));
        let text: Vec<&str> = text
            .map(|line| match line.strip_prefix("# Number ") {
                Some(number) => number.split_once('-').unwrap().1,
                None => line,
            })
            .collect();
        seen.push_str(&format!("{who} {path} {status}\n{}\n", text.join("\n")));
    }
    let events = ask(node, serving, "exchange", (Method::POST, "/events/restSearch"), "{}");
    seen + &format!("{events:?}")
}

#[test]
fn each_way_in_waits_for_a_second_person_and_survives_a_kill() {
    let mut node = node();
    with_people(&mut node);
    let id = circle(&node);
    let api = format!("/api/collections/{id}");
    let serving = node.serve();
    let before = seen(&node, &serving, &id);

    // TAXII, MISP, an import, a file that is shared.
    let envelope = format!("{{\"objects\":[{}]}}", indicator(1, "taxii-k3.top"));
    let (code, text) = ask(&node, &serving, "ann", (Method::POST, &format!("{api}/objects/")), &envelope);
    let status: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (code, &status["status"], &status["pending_count"]),
        (202, &json!("pending"), &json!(1)),
        "{text}"
    );
    let event = json!({"Event": {"info": "misp", "distribution": "1", "Attribute": [
        {"type": "domain", "category": "Network activity", "value": "misp-k3.top", "to_ids": true}]}});
    let (code, text) = ask(&node, &serving, "ann", (Method::POST, "/events/add"), &event.to_string());
    assert!(code != 200 && text.contains("waits until another person"), "{code} {text}");
    let file = node.file("import.json", bundle(&[indicator(2, "import-k3.top")]));
    let told = node.json(&["import", &file, "--circle", "region", "--as", "source"]);
    assert_eq!((&told["waiting"], &told["added"]), (&json!(1), &json!(0)), "{told}");
    let file = node.file("share.json", bundle(&[indicator(3, "share-k3.top")]));
    let told = node.json(&["share", &file, "--circle", "region", "--as", "source"]);
    assert_eq!(told["circles"][0]["waiting"], 1, "{told}");

    assert_eq!(seen(&node, &serving, &id), before, "nobody else learns of any of it");
    serving.kill();
    let serving = node.serve();
    assert_eq!(seen(&node, &serving, &id), before);
    let waiting = releases(&node);
    assert!(waiting.iter().all(|release| release["state"] == "waiting"), "{waiting:?}");
    assert_eq!(waiting.len(), 4, "{waiting:?}");
    let first = waiting[3]["id"].as_str().unwrap().to_owned();
    assert_eq!(waiting[3]["brought_by"], "ann");
    let status_path = format!("/api/status/{}/", status["id"].as_str().unwrap());
    assert!(get(&node, &serving, "ann", &status_path).1.contains("\"status\":\"pending\""));
    for (who, path) in
        [("eve", first.as_str()), ("exchange", &first), ("eve", "00000000-0000-4000-8000-000000000000")]
    {
        assert_eq!(get(&node, &serving, who, &format!("/releases/{path}")).0, 404, "{who} {path}");
    }

    // Only another person of its own lets it out.
    let file = |who: &str| node.file(&format!("{who}.token"), format!("{}\n", node.tokens[who]));
    for (who, says) in [("ann", "another person"), ("source", "a person must"), ("eve", "no release")] {
        let output =
            node.command(&["release", "approve", &first, "--token-file", &file(who)]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(says), "{who}: {said}");
    }
    let shown = node.json(&["release", "show", &first]);
    assert!(shown["release"]["texts"][0].as_str().unwrap().contains("taxii-k3.top"), "{shown}");
    let goes = shown["release"]["goes"].as_array().unwrap();
    assert!(goes.iter().any(|row| row["member"] == "list" && row["decision"] == "release"), "{shown}");
    assert_eq!(seen(&node, &serving, &id), before);
    for release in &waiting {
        node.json(&["release", "approve", release["id"].as_str().unwrap(), "--token-file", &file("ben")]);
    }
    let after = seen(&node, &serving, &id);
    for domain in ["taxii-k3.top", "misp-k3.top", "import-k3.top", "share-k3.top"] {
        assert!(get(&node, &serving, "list", "/d/list/all.txt").1.contains(domain), "{domain}");
        assert!(after.contains(domain), "{domain}");
    }
    let told: Value = serde_json::from_str(&get(&node, &serving, "ann", &status_path).1).unwrap();
    assert_eq!((&told["status"], &told["success_count"]), (&json!("complete"), &json!(1)), "{told}");

    // A withdrawal goes at once; what it widens again waits.
    let object = indicator(1, "x")["id"].as_str().unwrap().to_owned();
    let path = format!("{api}/objects/{object}/");
    assert_eq!(ask(&node, &serving, "ben", (Method::DELETE, &path), "").0, 200);
    assert!(!get(&node, &serving, "list", "/d/list/all.txt").1.contains("taxii-k3.top"));
    let acts = node.json(&["person", "acts", "--member", "source"])["acts"].to_string();
    assert!(acts.contains("ben for source") && acts.contains("brought by ann"), "{acts}");
    serving.stop();
    node.json(&["verify"]);
}

#[test]
fn on_the_page_one_brings_and_another_decides() {
    let mut node = node();
    let serving = node.serve();
    let mut ann = logged_in(&node, &serving, "ann", "source", &["releaser"]);
    let mut ben = logged_in(&node, &serving, "ben", "source", &["releaser"]);
    let mut eve = logged_in(&node, &serving, "eve", "exchange", &["releaser"]);
    let made = node.json(&["member", "token", "--person", "ann"]);
    node.tokens.insert("ann".into(), made["token"]["token"].as_str().unwrap().to_owned());
    let path = format!("/api/collections/{}/objects/", circle(&node));
    let bring = |number: u128| {
        // Not as a serialiser would write it.
        let text = indicator(number, "page-k3.top").to_string().replacen(':', " :  ", 1);
        ask(&node, &serving, "ann", (Method::POST, &path), &format!("{{\"objects\":[{text}]}}"));
        let release = releases(&node).first().unwrap()["id"].as_str().unwrap().to_owned();
        (format!("/releases/{release}"), text)
    };
    assert!(ben.get("/releases").text.contains("Nothing waits"));
    let (release, text) = bring(1);
    let page = ben.get("/");
    assert!(page.text.contains("<strong>1</strong> release waits</a> for a second person"), "{}", page.text);
    assert!(!eve.get("/").text.contains("second person"));
    let page = ben.get(&release);
    assert!(page.text.contains("page-k3.top") && page.text.contains("Release it"), "{}", page.text);
    let whole = ben.get(&format!("{release}/objects")).text;
    assert_eq!(whole, format!("{{\"objects\":[{text}]}}"), "each byte");

    // The one who brought it is not offered to release it, and can't; another member finds nothing; a form needs its token.
    assert!(!ann.get(&release).text.contains("Release it"));
    let own = ann.post(&release, &release, &[("verdict", "release")]);
    assert!(own.status == 422 && own.text.contains("another person of yours"), "{} {}", own.status, own.text);
    assert_eq!(eve.post("/screen", &release, &[("verdict", "release")]).status, 404);
    assert_eq!(eve.get(&release).status, 404);
    let (status, _) = ask(&node, &serving, "source", (Method::POST, &release), "verdict=release");
    assert_eq!(status, 422, "a system of the member's is no person");
    assert_eq!(get(&node, &serving, "list", "/d/list/all.txt").1.matches("page-k3.top").count(), 0);

    let page = ben.post(&release, &release, &[("verdict", "release")]);
    assert_eq!((page.status, page.to.as_deref()), (303, Some(release.as_str())), "{}", page.text);
    let page = ben.get(&release);
    assert!(page.text.contains("1 shared") && page.text.contains("ben (ben)"), "{}", page.text);
    assert!(get(&node, &serving, "list", "/d/list/all.txt").1.contains("page-k3.top"));

    // A refusal is seen by the one who brought it; whoever has lost the right decides nothing.
    let (release, _) = bring(2);
    assert_eq!(ben.post(&release, &release, &[("verdict", "refuse"), ("said", "not this one")]).status, 303);
    assert!(ann.get(&release).text.contains("not this one"));
    let (release, _) = bring(3);
    let token = ben.get(&release);
    assert!(token.text.contains("Release it"));
    node.json(&["person", "role", "ben", "--add", "reader", "--remove", "releaser"]);
    assert_eq!(ben.post(&release, &release, &[("verdict", "release")]).status, 403);
    node.json(&["circle", "set", "region", "--four-eyes=off"]);
    let told = node.json(&["circle", "show", "region"]);
    assert_eq!(told["circle"]["four_eyes"], Value::Null);
    assert_eq!(releases(&node)[0]["state"], "waiting", "what waits goes on waiting");
    serving.stop();
}
