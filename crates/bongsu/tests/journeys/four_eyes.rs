//! Four eyes: whatever way something comes in, it goes out when a second person of the same member has said so, and nobody else
//! learns before that there is anything.

use reqwest::Method;
use serde_json::{Value, json};

use crate::node::{Node, Serving, TAXII, bundle, in_a_file, indicator};
use crate::people::{logged_in, person};
use crate::privacy::holding;

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
    assert!(page.text.contains("1 release waits for a second person"), "{}", page.text);
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

#[test]
fn what_waits_is_found_exported_and_erased_like_all_else() {
    const CANARY: &str = "Quillon Vantreese";
    let mut node = in_a_file(node);
    with_people(&mut node);
    let api = format!("/api/collections/{}/objects/", circle(&node));
    let serving = node.serve();
    let person = json!({
        "type": "identity", "spec_version": "2.1", "id": crate::node::id("identity", 1), "name": CANARY,
        "identity_class": "individual", "created": "2026-09-01T00:00:00.000Z", "modified": "2026-09-01T00:00:00.000Z",
    });
    let identity = person["id"].as_str().unwrap().to_owned();
    let envelope = json!({"objects": [person, indicator(1, "stays-k3.top")]}).to_string();
    ask(&node, &serving, "ann", (Method::POST, &api), &envelope);
    let release = releases(&node)[0]["id"].as_str().unwrap().to_owned();

    let found = node.json(&["privacy", "find", "quillon vantreese"]);
    assert_eq!(
        (&found["count"], &found["found"][0]["place"]),
        (&json!(1), &json!("region (four eyes)")),
        "{found}"
    );
    let export = node.json(&["privacy", "export", CANARY]);
    assert_eq!(
        (&export["held"][0]["source"], &export["held"][0]["content"]["name"]),
        (&json!("source"), &json!(CANARY))
    );
    let dry = node.json(&["privacy", "erase", &identity, "--dry-run"]);
    assert_eq!(
        (&dry["would_erase"][0]["waits"], &dry["would_erase"][0]["in_releases"]),
        (&json!(true), &json!(1)),
        "{dry}"
    );

    let copy = node.dir.path().join("copy.sqlite");
    node.json(&["backup", copy.to_str().unwrap()]);
    let done = node.json(&["privacy", "erase", &identity, "--reason", "on request"]);
    assert_eq!((done["erased"].as_array().unwrap().len(), &done["left"]), (1, &json!([])), "{done}");
    assert_eq!(holding(&node.data(), CANARY), Vec::<String>::new());
    assert_eq!(node.json(&["privacy", "find", CANARY])["count"], 0);
    let list = node.json(&["privacy", "erasures"]);
    assert!(!list.to_string().contains("Quillon") && list.to_string().contains(&identity), "{list}");

    // The rest of its release goes out, and nothing else.
    let token = node.file("ben.token", format!("{}\n", node.tokens["ben"]));
    let approved = node.json(&["release", "approve", &release, "--token-file", &token]);
    assert_eq!(approved["releases"][0]["outcome"]["shared"], 1, "{approved}");
    let seen = get(&node, &serving, "exchange", &api).1;
    assert!(seen.contains("stays-k3.top") && !seen.contains(&identity), "{seen}");
    serving.stop();
    node.json(&["verify"]);

    // A backup from before has it, and the list of erasures takes it out again.
    let list = node.file("erasures.json", list.to_string());
    for name in ["bongsu.sqlite-wal", "bongsu.sqlite-shm"] {
        // What was written after the backup would be applied to it.
        drop(std::fs::remove_file(node.data().join(name)));
    }
    std::fs::copy(&copy, node.data().join("bongsu.sqlite")).unwrap();
    assert!(!holding(&node.data(), CANARY).is_empty());
    std::fs::remove_file(copy).unwrap();
    let again = node.json(&["privacy", "replay", &list]);
    assert_eq!(again["erased"].as_array().unwrap().len(), 1, "{again}");
    assert_eq!(holding(&node.data(), CANARY), Vec::<String>::new());
    node.json(&["verify"]);
}

#[test]
fn what_only_waits_is_deleted_by_its_sender_over_each_way_and_a_refusal_is_told() {
    let mut node = node();
    with_people(&mut node);
    let api = format!("/api/collections/{}/objects/", circle(&node));
    let serving = node.serve();
    let post = |number: u128, domain: &str| -> (String, String) {
        let envelope = json!({"objects": [indicator(number, domain)]}).to_string();
        let told: Value =
            serde_json::from_str(&ask(&node, &serving, "ann", (Method::POST, &api), &envelope).1).unwrap();
        let release = releases(&node)[0]["id"].as_str().unwrap().to_owned();
        (format!("/api/status/{}/", told["id"].as_str().unwrap()), release)
    };
    let status =
        |path: &str| -> Value { serde_json::from_str(&get(&node, &serving, "ann", path).1).unwrap() };
    let delete = |who: &str, path: &str| ask(&node, &serving, who, (Method::DELETE, path), "").0;
    let state = |release: &str| node.json(&["release", "show", release])["release"]["state"].clone();

    let (told, release) = post(1, "deleted-k3.top");
    let path = format!("{api}{}/", indicator(1, "x")["id"].as_str().unwrap());
    assert_eq!(delete("exchange", &path), 404, "another's is not there");
    assert_eq!(state(&release), "waiting");
    assert_eq!(delete("ann", &path), 200);
    assert_eq!(state(&release), "withdrawn");
    assert_eq!(delete("ann", &path), 404, "nothing waits any more");
    let told = status(&told);
    assert_eq!((&told["status"], &told["failure_count"]), (&json!("complete"), &json!(1)), "{told}");
    assert!(told["failures"][0]["message"].as_str().unwrap().contains("withdrawn while it waited"), "{told}");

    // A refusal is told, with what was said, and stays told when the same is brought again.
    let (told, release) = post(2, "refused-k3.top");
    let token = node.file("ben.token", format!("{}\n", node.tokens["ben"]));
    node.json(&["release", "refuse", &release, "--say", "names the source", "--token-file", &token]);
    let check = || {
        let told = status(&told);
        assert_eq!((&told["status"], &told["pending_count"]), (&json!("complete"), &json!(0)), "{told}");
        let why = told["failures"][0]["message"].as_str().unwrap();
        assert!(why.contains("refused it: names the source"), "{told}");
    };
    check();
    let (again, second) = post(2, "refused-k3.top");
    check();
    assert_eq!((&status(&again)["status"], state(&second)), (&json!("pending"), json!("waiting")));

    // MISP: an event, and what is in it.
    let uuid = "5f0b4a4e-0000-4000-8000-00000000abcd";
    let event = json!({"Event": {"uuid": uuid, "info": "misp", "distribution": "1", "Attribute": [
        {"type": "domain", "category": "Network activity", "value": "event-k3.top", "to_ids": true}]}});
    ask(&node, &serving, "ann", (Method::POST, "/events/add"), &event.to_string());
    let release = releases(&node)[0]["id"].as_str().unwrap().to_owned();
    let texts = || node.json(&["release", "show", &release])["release"]["texts"].to_string();
    assert!(texts().contains("event-k3.top"));
    assert_ne!(delete("exchange", &format!("/events/delete/{uuid}")), 200);
    assert!(texts().contains("event-k3.top"));
    assert_eq!(delete("ann", &format!("/events/delete/{uuid}")), 200);
    assert!(!texts().contains("event-k3.top") && !texts().contains(uuid), "{}", texts());
    assert_ne!(delete("ann", &format!("/events/delete/{uuid}")), 200, "nothing waits any more");
    serving.stop();
}
