//! Search over the real program: as it is typed, by filters, page by page, past what may not be seen, and after an erasure.

use std::time::Duration;

use serde_json::{Value, json};

use crate::node::{Node, Serving, bundle, indicator, wait};

fn named(number: u128, name: &str, more: Value) -> Value {
    let mut object = indicator(number, &format!("x{number}.search-k3.top"));
    object["name"] = json!(name);
    for (key, value) in more.as_object().unwrap() {
        object[key] = value.clone();
    }
    object
}

fn found(node: &Node, serving: &Serving, member: &str, asked: &str) -> Vec<String> {
    let told: Value =
        serde_json::from_str(&node.text(serving, member, &format!("/objects.json?{asked}"))).unwrap();
    let name = |object: &Value| object["name"].as_str().unwrap().to_owned();
    told["objects"].as_array().unwrap().iter().map(name).collect()
}

#[test]
fn objects_are_found_while_they_are_typed_by_whoever_may_see_them() {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "list", "--ceiling", "red"]);
    node.json(&["circle", "add", "narrow", "--member", "exchange"]);
    node.json(&["member", "set", "list", "--clearance", "green"]);
    let amber = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421";
    let green = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
    let shared = bundle(&[
        named(1, "Harbour phishing", json!({"confidence": 80, "object_marking_refs": [green]})),
        named(2, "Harbour zugzwang", json!({"confidence": 20, "object_marking_refs": [green]})),
        named(3, "Harbour secret", json!({"object_marking_refs": [amber]})),
        named(4, "항만 공격 시도", json!({"confidence": 10, "object_marking_refs": [green]})),
    ]);
    let file = node.file("b.json", shared);
    node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
    let file = node.file("n.json", bundle(&[named(5, "Harbour narrow", json!({}))]));
    node.json(&["import", &file, "--circle", "narrow", "--as", "exchange"]);

    let serving = node.serve();
    let all = || {
        let all = found(&node, &serving, "exchange", "q=harb");
        (all.len() == 4).then_some(all)
    };
    let all = wait(Duration::from_secs(60), all).unwrap();
    assert_eq!(all[0], "Harbour narrow", "the newest first, over all circles");
    let list = |asked: &str| found(&node, &serving, "list", asked);
    assert_eq!(list("q=harb"), ["Harbour zugzwang", "Harbour phishing"]);
    assert_eq!(list("q=harbour%20secret"), Vec::<String>::new());
    assert_eq!(list("q=harbour&circle=narrow"), Vec::<String>::new());
    assert_eq!(list("q=%ED%95%AD%EB%A7%8C"), ["항만 공격 시도"]);
    assert_eq!(list("confidence=50"), ["Harbour phishing"]);
    assert_eq!(list("type=malware"), Vec::<String>::new());
    assert_eq!(list("source=exchange&q=zugz"), ["Harbour zugzwang"]);
    assert_eq!(list("source=list"), Vec::<String>::new());
    assert_eq!(list("value=x2%5B.%5Dsearch-k3%5B.%5Dtop"), ["Harbour zugzwang"]);
    assert_eq!(list("value=search-k3.to"), Vec::<String>::new());
    assert_eq!(list("tlp=amber"), Vec::<String>::new());
    assert_eq!(found(&node, &serving, "exchange", "tlp=amber,red&circle=region"), ["Harbour secret"]);

    // Page by page, over the links.
    let (mut path, mut names) = ("/objects.json?q=harbour&limit=1".to_owned(), Vec::new());
    loop {
        let told: Value = serde_json::from_str(&node.text(&serving, "list", &path)).unwrap();
        assert!(told["objects"].as_array().unwrap().len() <= 1);
        names.extend(
            told["objects"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()),
        );
        match told["next"].as_str() {
            Some(next) => path = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(names, ["Harbour zugzwang", "Harbour phishing"]);

    // The page, its part, and what makes no sense.
    let page = node.text(&serving, "list", "/objects?circle=region&type=indicator&q=harbour");
    assert!(
        page.contains("Harbour phishing") && page.contains("autofocus") && page.contains("/search.js"),
        "{page}"
    );
    assert!(!page.contains("secret"));
    let part = node.text(&serving, "list", "/objects?q=harbour&part=results&lang=ko");
    assert!(
        part.contains("Harbour phishing") && part.contains("최신순 2건") && !part.contains("<html"),
        "{part}"
    );
    assert!(node.text(&serving, "list", "/search.js").contains("part=results"));
    assert!(node.text(&serving, "list", "/objects?confidence=many").contains("role=\"alert\""));
    let refused = node.get(&serving, "list", "/objects.json?tlp=pink").send().unwrap();
    assert_eq!(refused.status(), 400);
    // Programs are refused in the form in which they ask.
    for path in ["/objects.json", "/acts.json"] {
        let request = serving.client.get(format!("{}{path}", serving.url)).basic_auth("list", Some("wrong"));
        let refused = request.send().unwrap();
        assert_eq!(refused.status(), 401, "{path}");
        let said = refused.json::<Value>().unwrap();
        assert!(said["error"].as_str().unwrap().starts_with("Log-in needed"), "{said}");
    }
    let described: Value =
        serde_json::from_str(&node.text(&serving, "list", "/objects/openapi.json")).unwrap();
    assert!(described["paths"]["/objects.json"]["get"].is_object());

    // Over the command line, as the operator and as a member.
    let told = node.json(&["search", "harbour", "secret"]);
    assert_eq!((&told["objects"][0]["source"], &told["more"]), (&json!("exchange"), &json!(false)), "{told}");
    assert_eq!(node.json(&["search", "harbour", "secret", "--as", "list"])["objects"], json!([]));

    // What is erased is in no file of the index, and the rest is found again.
    let wrong = indicator(2, "x")["id"].as_str().unwrap().to_owned();
    node.json(&["privacy", "erase", &wrong, "--reason", "a bakery"]);
    let rest = || (list("q=harbour") == ["Harbour phishing"]).then_some(());
    assert!(wait(Duration::from_secs(60), rest).is_some(), "{:?}", list("q=harbour"));
    for entry in std::fs::read_dir(node.data()).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("search.sqlite") {
            let bytes = std::fs::read(entry.path()).unwrap();
            assert!(!bytes.windows(7).any(|some| some == b"ugzwang"), "{:?}", entry.path());
        }
    }
}

#[test]
fn the_index_is_whole_after_kills_in_the_midst_of_following() {
    const EACH: u128 = 1_500;
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange"]);
    let rounds = 6;
    for round in 0..rounds {
        let objects: Vec<Value> = (round * EACH..(round + 1) * EACH)
            .map(|number| named(number + 1, &format!("harbour n{number}"), json!({})))
            .collect();
        let file = node.file("b.json", bundle(&objects));
        node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
        let serving = node.serve();
        // The index is somewhere in what has come.
        std::thread::sleep(Duration::from_millis(15 * round as u64));
        serving.kill();
    }
    let serving = node.serve();
    let all = || {
        let (mut path, mut names) = ("/objects.json?q=harbour&limit=500".to_owned(), Vec::new());
        loop {
            let told: Value = serde_json::from_str(&node.text(&serving, "exchange", &path)).unwrap();
            let objects = told["objects"].as_array().unwrap();
            names.extend(objects.iter().map(|one| one["name"].as_str().unwrap().to_owned()));
            match told["next"].as_str() {
                Some(next) => path = next.to_owned(),
                None => break,
            }
        }
        names.sort_unstable();
        let many = names.len();
        names.dedup();
        assert_eq!(names.len(), many, "nothing is found twice");
        (many as u128 >= rounds * EACH).then_some(many)
    };
    assert_eq!(wait(Duration::from_secs(120), all), Some((rounds * EACH) as usize));
}
