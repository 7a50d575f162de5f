//! Bad input over the network: a clear error each, nothing valid beside it lost, and the node goes on.

use serde_json::{Value, json};

use crate::node::{Node, Serving, TAXII, id, indicator};

fn node() -> (Node, Serving) {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange"]);
    node.json(&["circle", "add", "other", "--member", "detect"]);
    let serving = node.serve_with(&[("BONGSU__HTTP__BODY_BYTES_MAX", "2000000")]);
    (node, serving)
}

/// Posts a body as it is, and gives status and answer.
fn post(node: &Node, serving: &Serving, body: impl Into<reqwest::blocking::Body>) -> (u16, Value) {
    let url = format!("{}/api/collections/region/objects/", serving.url);
    let request = serving.client.post(url).basic_auth("exchange", node.tokens.get("exchange"));
    let response = request.header("content-type", TAXII).header("accept", TAXII).body(body).send().unwrap();
    (response.status().as_u16(), response.json().unwrap())
}

#[test]
fn envelopes_that_are_none_are_refused_whole_with_a_reason() {
    let (node, serving) = node();
    let good = indicator(1, "a-k3.top").to_string();
    let check = |body: Vec<u8>, expected: &[u16]| {
        let (status, answer) = post(&node, &serving, body.clone());
        let shown = String::from_utf8_lossy(body.get(..body.len().min(80)).unwrap()).into_owned();
        assert!(expected.contains(&status), "{shown}: {status} {answer}");
        assert_eq!(answer["http_status"], status.to_string(), "{shown}: {answer}");
        assert!(answer["description"].as_str().unwrap().len() > 20, "{shown}: {answer}");
    };
    check(b"".to_vec(), &[400, 422]);
    check(format!("{{\"objects\":[{good}").into_bytes(), &[400, 422]);
    check(b"{\"objects\":\"none\"}".to_vec(), &[422]);
    check(b"[]".to_vec(), &[422]);
    check(b"{\"objects\":[{\"type\":\"\xff\xfe\"}]}".to_vec(), &[400]);
    check(vec![b' '; 2_000_001], &[413]);
    let manifest = node.text(&serving, "exchange", "/api/collections/region/manifest/");
    assert_eq!(manifest, "{}", "nothing was taken");
}

#[test]
fn bad_objects_fail_one_by_one_and_the_good_beside_them_are_kept() {
    let (node, serving) = node();
    let good = |number| indicator(number, "a-k3.top").to_string();
    let changed = |key: &str, value: Value| {
        let mut object = indicator(50, "a-k3.top");
        object[key] = value;
        object.to_string()
    };
    let bad = [
        changed("id", json!(id("malware", 50))),
        changed("id", json!("indicator--not-a-uuid")),
        changed("type", json!(7)),
        changed("modified", json!("2026-13-45T99:00:00Z")),
        changed("modified", json!("yesterday")),
        changed("created", json!("999999-01-01T00:00:00Z")),
        good(51).replacen("\"name\"", "\"name\":1,\"name\"", 1),
        format!(
            "{{\"type\":\"indicator\",\"id\":\"{}\",\"x\":{}1{}}}",
            id("indicator", 52),
            "[".repeat(500),
            "]".repeat(500)
        ),
        format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000)),
        "7".to_owned(),
        "null".to_owned(),
        "{}".to_owned(),
    ];
    let mut number = 100;
    for object in &bad {
        number += 3;
        let body = [good(number), object.clone(), good(number + 1), good(number + 2)].join(",");
        let (status, answer) = post(&node, &serving, format!("{{\"objects\":[{body}]}}"));
        assert_eq!(status, 202, "{object}: {answer}");
        assert_eq!(
            (&answer["success_count"], &answer["failure_count"]),
            (&json!(3), &json!(1)),
            "{object}: {answer}"
        );
        let message = answer["failures"][0]["message"].as_str().unwrap();
        assert!(message.starts_with("objects[1]"), "it says where: {message}");
        number += 10;
    }
    let three_and_two = [good(1), bad[0].clone(), good(2), bad[1].clone(), good(3)].join(",");
    let (_, answer) = post(&node, &serving, format!("{{\"objects\":[{three_and_two}]}}"));
    assert_eq!((&answer["success_count"], &answer["failure_count"]), (&json!(3), &json!(2)), "{answer}");
    let path = format!("/api/status/{}/", answer["id"].as_str().unwrap());
    let kept: Value = serde_json::from_str(&node.text(&serving, "exchange", &path)).unwrap();
    assert_eq!(kept, answer, "the status can be read again");
    assert_eq!(node.get(&serving, "detect", &path).send().unwrap().status(), 404, "by its owner alone");
}

#[test]
fn versions_that_go_back_in_time_or_contradict_are_said_so() {
    let (node, serving) = node();
    let version = |modified: &str, name: &str| {
        let mut object = indicator(1, "a-k3.top");
        object["modified"] = json!(modified);
        object["name"] = json!(name);
        object.to_string()
    };
    let one = |text: String| post(&node, &serving, format!("{{\"objects\":[{text}]}}")).1;
    assert_eq!(one(version("2026-09-05T00:00:00.000Z", "newer"))["success_count"], 1);
    assert_eq!(
        one(version("2026-09-02T00:00:00.000Z", "older"))["success_count"],
        1,
        "out of order is no fault"
    );
    let seen = node.text(&serving, "exchange", "/api/collections/region/objects/");
    assert!(seen.contains("newer") && !seen.contains("older"), "but never the last: {seen}");
    let contradicts = one(version("2026-09-05T00:00:00.000Z", "other"));
    assert_eq!(contradicts["failure_count"], 1, "{contradicts}");
    assert_eq!(
        one(version("2026-09-05T00:00:00.000Z", "newer"))["success_count"],
        1,
        "the same again is no fault"
    );
    let mut recreated = indicator(1, "a-k3.top");
    recreated["created"] = json!("2025-01-01T00:00:00.000Z");
    recreated["modified"] = json!("2026-10-01T00:00:00.000Z");
    assert_eq!(one(recreated.to_string())["failure_count"], 1);
}

#[test]
fn patterns_that_do_not_parse_are_kept_and_never_acted_on() {
    let (node, serving) = node();
    let mut object = indicator(1, "a-k3.top");
    object["pattern"] = json!("[domain-name:value = ");
    let answer = post(&node, &serving, format!("{{\"objects\":[{object}]}}")).1;
    assert_eq!(answer["success_count"], 1, "{answer}");
    assert_eq!(node.text(&serving, "exchange", "/d/list/domain.txt?bare"), "");
    // Points before a number once kept the parser going until memory was full; the good beside it still reaches the list.
    let mut hostile = indicator(2, "a-k3.top");
    hostile["pattern"] = json!("[a:b = ..1]");
    let both = format!("{{\"objects\":[{hostile},{}]}}", indicator(3, "beside-k3.top"));
    assert_eq!(post(&node, &serving, both).1["success_count"], 2);
    assert_eq!(node.text(&serving, "exchange", "/d/list/domain.txt?bare"), "beside-k3.top\n");
}

#[test]
fn media_types_methods_and_credentials_are_told_apart() {
    let (node, serving) = node();
    let status = |request: reqwest::blocking::RequestBuilder| {
        let response = request.send().unwrap();
        (response.status().as_u16(), response.json::<Value>().unwrap_or_default())
    };
    let token = node.tokens.get("exchange").unwrap().as_str();
    let objects = "/api/collections/region/objects/";
    let post = |content: &str| {
        let request =
            serving.client.post(format!("{}{objects}", serving.url)).basic_auth("exchange", Some(token));
        status(request.header("content-type", content).body("{}")).0
    };
    assert_eq!((post("application/json"), post("text/plain")), (415, 415));
    let get = |path: &str, accept: &str, user: &str, token: &str| {
        let request = serving.client.get(format!("{}{path}", serving.url));
        status(request.header("accept", accept).basic_auth(user, Some(token)))
    };
    assert_eq!(get(objects, "text/html", "exchange", token).0, 406);
    assert_eq!(get(objects, "application/taxii+json;version=2.0", "exchange", token).0, 406);
    let last = if token.ends_with('A') { 'E' } else { 'A' };
    let wrong = format!("{}{last}", token.get(..token.len() - 1).unwrap());
    for (user, token) in
        [("exchange", "x"), ("detect", token), ("exchange", &wrong), ("nobody", token), ("", "")]
    {
        let (code, answer) = get(objects, "*/*", user, token);
        assert_eq!((code, &answer["http_status"]), (401, &json!("401")), "{user}: {answer}");
    }
    let bare = serving.client.get(format!("{}{objects}", serving.url)).send().unwrap();
    assert_eq!(bare.status(), 401);
    assert!(bare.headers().contains_key("www-authenticate"));
    let unknown = "/api/collections/00000000-0000-4000-8000-000000000000/objects/";
    let (absent, foreign) = (
        get(unknown, "*/*", "exchange", token),
        get("/api/collections/other/objects/", "*/*", "exchange", token),
    );
    assert_eq!((absent.0, &absent), (404, &foreign), "a circle of others looks like none");
    assert_eq!(get("/api/nothing/", "*/*", "exchange", token).0, 404);
    for bad in ["limit=0", "limit=x", "added_after=yesterday", "next=x"] {
        assert_eq!(get(&format!("{objects}?{bad}"), "*/*", "exchange", token).0, 400, "{bad}");
    }
    let put = serving.client.put(format!("{}{objects}", serving.url)).basic_auth("exchange", Some(token));
    assert_eq!(status(put).0, 405);
}

#[test]
fn files_that_are_broken_are_said_to_be_and_what_is_good_in_them_is_kept() {
    let (node, _serving) = node();
    let good = indicator(1, "a-k3.top").to_string();
    let cut = node.file("cut.json", format!("{{\"type\":\"bundle\",\"objects\":[{good},{{\"type\":\"indi"));
    let output = node.command(&["import", &cut, "--circle", "region", "--as", "exchange"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && said.contains("cut.json"), "{said}");
    let again = node.file("good.json", good);
    assert_eq!(
        node.json(&["import", &again, "--circle", "region", "--as", "exchange"])["present"],
        1,
        "it is kept"
    );
    let long = format!(
        "{{\"type\":\"indicator\",\"id\":\"{}\",\"name\":\"{}\"}}",
        id("indicator", 9),
        "x".repeat(40_000_000)
    );
    let long = node.file("long.json", long);
    let told = node.json(&["import", &long, "--circle", "region", "--as", "exchange"]);
    assert_eq!((&told["added"], &told["refused"]), (&json!(0), &json!(1)), "{told}");
}
