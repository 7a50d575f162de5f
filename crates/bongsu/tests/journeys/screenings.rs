//! Values are screened: in each form, by whom may know, with a record that holds.

use std::path::Path;

use reqwest::blocking::{RequestBuilder, Response};
use serde_json::{Value, json};

use crate::node::{Node, Serving, indicator, shared};

/// On OFAC's list of November 2023.
const LISTED: &str = "149w62rY42aZBox8fGcmqNsXUzSStKeq8C";
/// The same with its last letter changed: its checksum does not fit.
const MISTYPED: &str = "149w62rY42aZBox8fGcmqNsXUzSStKeq8D";

/// A circle with OFAC's list, two domains and a network in it, of which one goes to some members only.
fn node() -> Node {
    let mut node = Node::with_members();
    node.member("cert", "exchange", "red");
    node.json(&["circle", "add", "region", "--member", "cert", "--member", "list"]);
    let ofac = |name: &str| shared(&format!("assets/ofac-sdn/{name}")).to_str().unwrap().to_owned();
    node.json(&[
        "import",
        &ofac("sdn-2023-11.csv.gz"),
        "--beside",
        &ofac("sdn_address-2023-11.csv.gz"),
        "--circle",
        "region",
        "--as",
        "cert",
    ]);
    let list = node.file("list.txt", "evil-k3.top\nhttp://bad-k3.top/in.php\n45.114.129.0/28\n");
    node.json(&["import", &list, "--circle", "region", "--as", "cert"]);
    let strict = node.file("strict.txt", "strict-k3.top\n");
    node.json(&["import", &strict, "--circle", "region", "--as", "cert", "--recipient", "cert"]);
    node
}

fn answer(request: RequestBuilder) -> Value {
    let response = request.send().unwrap();
    let status = response.status();
    let text = response.text().unwrap();
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn refused(request: RequestBuilder, status: u16) -> String {
    let response: Response = request.send().unwrap();
    assert_eq!(response.status(), status);
    let told: Value = response.json().unwrap();
    told["error"].as_str().unwrap().to_owned()
}

/// The results in order, each with what answers it.
fn results(answers: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let results = answers["results"].as_array().unwrap();
    results.iter().map(|one| (text(&one["result"]), text(&one["matches"][0]["by"]))).collect()
}

fn told(result: &str, by: &str) -> (String, String) {
    (result.to_owned(), by.to_owned())
}

/// Holds an answer against the description that the node gives of itself.
pub(crate) fn conforms(serving: &Serving, node: &Node, path: &str, method: &str, told: &Value) {
    conforms_to(serving, node, "/screening/openapi.json", (path, method), told);
}

/// The same, where another description has it.
pub(crate) fn conforms_to(
    serving: &Serving,
    node: &Node,
    description: &str,
    (path, method): (&str, &str),
    told: &Value,
) {
    let (_, token) = node.tokens.iter().next().unwrap();
    let described = format!("{}{description}", serving.url);
    let described = answer(serving.client.get(described).bearer_auth(token));
    let at =
        format!("/paths/{}/{method}/responses/200/content/application~1json/schema", path.replace('/', "~1"));
    let mut schema = described.pointer(&at).unwrap_or_else(|| panic!("{at}")).clone();
    schema["components"] = described["components"].clone();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<String> =
        validator.iter_errors(told).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(faults.is_empty(), "{path}: {faults:?}");
}

#[test]
fn values_are_screened_in_every_form() {
    let node = node();
    let serving = node.serve();
    let at = |path: &str| format!("{}{path}", serving.url);
    let token = node.tokens["list"].as_str();

    let one = answer(node.get(&serving, "list", "/screening/value?value=www.EVIL-k3[.]top"));
    assert_eq!(results(&one), [told("match", "parent-domain")], "{one}");
    assert_eq!(one["results"][0]["matches"][0]["value"], "evil-k3.top");
    assert_eq!(one["results"][0]["matches"][0]["tlp"], "TLP:AMBER");
    assert_eq!(one["results"][0]["matches"][0]["do"]["action"], "block");
    conforms(&serving, &node, "/screening/value", "get", &one);

    // One value is answered on a way of its own, and looks as what goes the other, which alone is compressed.
    let heads = |request: RequestBuilder| -> Vec<(String, String)> {
        let response = request.send().unwrap();
        let told = response.headers().iter().filter(|(name, _)| {
            // No two requests have one id.
            !matches!(
                name.as_str(),
                "date" | "content-length" | "transfer-encoding" | "vary" | "x-request-id"
            )
        });
        let mut told: Vec<_> =
            told.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        told.sort();
        told
    };
    let post =
        serving.client.post(at("/screening/values")).bearer_auth(token).json(&json!({"values": ["x.top"]}));
    let heads = [heads(node.get(&serving, "list", "/screening/value?value=x.top")), heads(post)];
    assert_eq!(heads[0], heads[1]);
    assert!(heads[0].iter().any(|(name, _)| name == "content-security-policy"), "{heads:?}");
    let operator = node.json(&["member", "token", "--operator"])["token"]["token"].clone();
    let operator =
        serving.client.get(at("/screening/value?value=x.top")).bearer_auth(operator.as_str().unwrap());
    refused(operator, 403);
    refused(node.get(&serving, "list", "/screening/value?other=x.top"), 400);

    let asked = json!({"values": [
        LISTED, "http://bad-k3.top/in.php", "http://evil-k3.top/x", "45.114.129.7", "strict-k3.top",
        {"value": MISTYPED, "kind": "wallet"}, {"value": "harmless-k3.org", "kind": "domain"}, "", "x".repeat(1 << 20),
    ]});
    let many = answer(serving.client.post(at("/screening/values")).bearer_auth(token).json(&asked));
    let expected = [
        told("match", "exact"),
        told("match", "exact"),
        told("match", "host"),
        told("match", "cidr"),
        told("clear", ""),
        told("unreadable", ""),
        told("clear", ""),
        told("unreadable", ""),
        told("unreadable", ""),
    ];
    assert_eq!(results(&many), expected, "what goes to others is not known here");
    assert_eq!(many["results"][0]["matches"][0]["do"]["action"], "hold-payment");
    assert!(many["results"][0]["matches"][0]["sources"][0]["name"].as_str().unwrap().contains("OFAC"));
    conforms(&serving, &node, "/screening/values", "post", &many);
    let strict = answer(
        serving.client.get(at("/screening/value?value=strict-k3.top")).bearer_auth(&node.tokens["cert"]),
    );
    assert_eq!(results(&strict), [told("match", "exact")]);

    // What can be several things is asked about as all of them.
    let kinds = |value: &str| -> Vec<String> {
        let asked = answer(
            serving.client.post(at("/screening/values")).bearer_auth(token).json(&json!({"values": [value]})),
        );
        let read = asked["results"][0]["read_as"].as_array().unwrap().clone();
        read.iter().map(|read| read["kind"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(kinds("payload.zip"), ["domain", "file-name"]);
    assert_eq!(kinds("0.0.1234"), ["wallet"]);
    assert_eq!(kinds("10.0.0.256"), [""; 0]);
    assert_eq!(kinds("::ffff:45.114.129.7"), ["ipv6", "ipv4"]);
    assert_eq!(kinds("evil.exe"), ["domain", "file-name"]);

    let lines = format!("{LISTED}\n\n evil-k3.top \n");
    let request =
        serving.client.post(at("/screening/values")).bearer_auth(token).header("content-type", "text/plain");
    let streamed =
        request.header("accept", "application/x-ndjson").body(lines).send().unwrap().text().unwrap();
    let streamed: Vec<Value> = streamed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(streamed.len(), 3, "{streamed:?}");
    assert_eq!((&streamed[0]["results"], &streamed[1]["result"]), (&json!(2), &json!("match")));

    // The forms of others, with keys as their clients show them.
    let identified =
        answer(serving.client.get(at(&format!("/api/v1/address/{LISTED}"))).header("x-api-key", token));
    assert_eq!(identified["identifications"][0]["category"], "sanctions", "{identified}");
    conforms(&serving, &node, "/api/v1/address/{address}", "get", &identified);
    let other = "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2";
    let none = answer(serving.client.get(at(&format!("/api/v1/address/{other}"))).header("x-api-key", token));
    assert_eq!(none, json!({"identifications": []}));
    refused(serving.client.get(at(&format!("/api/v1/address/{MISTYPED}"))).header("x-api-key", token), 400);

    let both = json!([{"address": LISTED}, {"address": other}]);
    let trm = serving.client.post(at("/public/v1/sanctions/screening")).json(&both);
    let sanctioned = answer(trm.basic_auth(token, Some(token)));
    assert_eq!(
        (&sanctioned[0]["isSanctioned"], &sanctioned[1]["isSanctioned"]),
        (&json!(true), &json!(false))
    );
    conforms(&serving, &node, "/public/v1/sanctions/screening", "post", &sanctioned);

    let queries = json!({"queries": {
        "a": {"schema": "CryptoWallet", "properties": {"publicKey": [LISTED]}},
        "b": {"schema": "CryptoWallet", "properties": {"publicKey": [other]}},
    }});
    let yente = serving.client.post(at("/match/default")).json(&queries);
    let matched = answer(yente.header("authorization", format!("ApiKey {token}")));
    assert_eq!(matched["responses"]["a"]["results"][0]["match"], true, "{matched}");
    assert_eq!(matched["responses"]["b"]["results"], json!([]));
    conforms(&serving, &node, "/match/{dataset}", "post", &matched);
    // Whoever leaves an entity out does not leave out what others say, and nothing unread is told to be clean.
    let ask = |query: Value, options: &str| {
        let body = json!({"queries": {"a": query}});
        serving.client.post(at(&format!("/match/default{options}"))).json(&body).bearer_auth(token)
    };
    let id = matched["responses"]["a"]["results"][0]["id"].as_str().unwrap();
    let wallet = |address: &str| json!({"schema": "CryptoWallet", "properties": {"publicKey": [address]}});
    let without = answer(ask(wallet(LISTED), &format!("?exclude_entity_ids={id}")));
    assert_eq!(without["responses"]["a"]["results"], json!([]));
    let without = answer(ask(wallet(LISTED), "?exclude_entity_ids=other"));
    assert_eq!(without["responses"]["a"]["results"][0]["match"], true);
    let website =
        json!({"schema": "Company", "properties": {"website": ["evil-k3.top"], "phone": ["call me"]}});
    let found = answer(ask(website, ""));
    assert_eq!(found["responses"]["a"]["results"][0]["match"], true, "{found}");
    assert_eq!(found["responses"]["a"]["unreadable"].as_array().unwrap().len(), 1, "{found}");
    for unread in [
        wallet(MISTYPED),
        json!({"schema": "CryptoWallet", "properties": {"publickey": [LISTED]}}),
        json!({"schema": "Person", "properties": {"name": [7]}}),
        json!({"schema": "Person", "properties": {"name": vec!["Some Body"; 17]}}),
    ] {
        refused(ask(unread, ""), 400);
    }

    // What is asked wrongly is told so.
    let ask = || serving.client.post(at("/screening/values")).bearer_auth(token);
    let too_many = json!({"values": vec!["a-k3.top"; 10_001]});
    assert!(refused(ask().json(&too_many), 413).contains("10000"));
    assert!(
        refused(ask().header("content-type", "text/plain").body("a-k3.top\n".repeat(10_001)), 413)
            .contains("10000")
    );
    // One byte too many: of more the connection may end before all was sent, and with it what was said.
    let too_long = vec![b'x'; (8 << 20) + 1];
    let too_long = ask().header("content-type", "text/plain").body(too_long).send().unwrap();
    assert_eq!(too_long.status(), 413);
    refused(ask().header("content-type", "application/json").body("{\"values\": [1"), 400);
    refused(ask().header("content-type", "image/png").body("x"), 415);
    refused(serving.client.get(at("/screening/value?value=x")), 401);
    refused(node.get(&serving, "list", "/screening/nothing"), 404);
    refused(serving.client.get(at("/screening/value?value=x")).header("x-api-key", "x"), 401);
}

/// Runs a command and gives its exit code and answer.
fn run(node: &Node, args: &[&str]) -> (Option<i32>, Value) {
    let output = node.command(args).output().unwrap();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default())
}

#[test]
fn each_screening_leaves_a_record_that_holds_and_can_be_shown() {
    let node = node();
    let (code, asked) = run(&node, &["screen", "--as", "list", "evil-k3.top", "harmless-k3.org"]);
    assert_eq!((code, asked["record"].is_string()), (Some(3), true), "{asked}");
    let (code, asked) = run(&node, &["screen", "--as", "list", "harmless-k3.org"]);
    assert_eq!((code, asked["record"].is_string()), (Some(0), true), "{asked}");

    // What was answered survives the process's end.
    let serving = node.serve();
    let over_http = answer(node.get(&serving, "list", "/screening/value?value=EVIL-k3.top"));
    let third = over_http["record"].as_str().unwrap().to_owned();
    // A command on a node that serves asks that node.
    let (_, asked) = run(&node, &["screen", "--as", "cert", "strict-k3.top"]);
    assert_eq!(asked["results"][0]["result"], "match");
    let (_, asked) = run(&node, &["screen", "--as", "cert", "--kind", "account", "evil-k3.top"]);
    assert_eq!(asked["results"][0]["result"], "clear");
    serving.kill();
    let (code, audit) = run(&node, &["audit", "--value", "evil-k3[.]top"]);
    assert_eq!((code, &audit["records"], &audit["sealed"]), (Some(0), &json!(5), &json!(5)), "{audit}");
    let numbers: Vec<&Value> = audit["shown"].as_array().unwrap().iter().map(|shown| &shown[0]).collect();
    assert_eq!(numbers, [&json!(1), &json!(3), &json!(5)], "under whatever kind it was asked for");
    let file = node.data().join("screenings.jsonl");
    let record = std::fs::read_to_string(&file).unwrap();
    assert!(!record.contains("evil-k3"), "no value stands in it");

    // Somebody else holds a record against the node's key.
    let (_, proof) = run(&node, &["audit", "--proof", &third]);
    assert_eq!((&proof["number"], proof["record"].as_str()), (&json!(3), record.lines().nth(2)));
    assert_eq!(run(&node, &["audit", "--proof", "6"]).0, Some(1));
    let key = node.json(&["pack", "key"])["key"].as_str().unwrap().to_owned();
    let written = node.file("proof.json", proof.to_string());
    let (code, checked) = run(&node, &["audit", "--check", &written, "--key", &key]);
    assert_eq!((code, &checked["record"]["member"]), (Some(0), &json!("list")), "{checked}");
    let changed = node.file("changed.json", proof.to_string().replace("match", "clear"));
    assert_eq!(run(&node, &["audit", "--check", &changed, "--key", &key]).0, Some(1));

    // Whoever changes, drops or puts in a record is found out.
    for damaged in [
        record.replacen("match", "clear", 1),
        record.lines().skip(1).map(|line| format!("{line}\n")).collect(),
        format!("{record}{}\n", record.lines().next().unwrap()).replacen("clear", "match", 1),
        String::new(),
    ] {
        std::fs::write(&file, damaged).unwrap();
        let (code, audit) = run(&node, &["audit"]);
        assert_eq!(code, Some(3), "{audit}");
        assert!(!audit["findings"].as_array().unwrap().is_empty());
        assert_eq!(run(&node, &["audit", "--proof", "1"]).0, Some(1), "nobody signs that");
    }
    // A line that a power cut left half written was never answered.
    std::fs::write(&file, format!("{record}{{\"at\":\"2026")).unwrap();
    let (code, audit) = run(&node, &["audit"]);
    assert_eq!((code, &audit["records"]), (Some(0), &json!(5)), "{audit}");
}

#[test]
fn what_was_just_shared_or_withdrawn_is_part_of_the_next_answer_also_after_a_start() {
    let node = node();
    let serving = node.serve();
    let result = |serving: &Serving, value: &str| {
        let asked = answer(node.get(serving, "list", &format!("/screening/value?value={value}")));
        asked["results"][0]["result"].as_str().unwrap().to_owned()
    };
    assert_eq!(result(&serving, "fresh-k3.top"), "clear");
    let fresh = indicator(7_001, "fresh-k3.top");
    let taken: Value =
        node.post(&serving, "cert", "region", &fresh.to_string()).send().unwrap().json().unwrap();
    assert_eq!(taken["success_count"], 1, "{taken}");
    assert_eq!(result(&serving, "fresh-k3.top"), "match");
    // The end writes the index to the disk, the start takes it from there.
    serving.stop();
    let index = node.data().join("values.index");
    assert!(index.exists());
    node.json(&[
        "withdraw",
        fresh["id"].as_str().unwrap(),
        "--circle",
        "region",
        "--as",
        "cert",
        "--reason",
        "mistaken",
    ]);
    let serving = node.serve();
    assert_eq!(result(&serving, "fresh-k3.top"), "clear");
    assert_eq!(result(&serving, "evil-k3.top"), "match");
    serving.stop();
    // A damaged one is made anew.
    damage(&index);
    let serving = node.serve();
    assert_eq!(result(&serving, "evil-k3.top"), "match");
}

fn damage(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn values_are_screened_by_hand_on_the_page() {
    let node = node();
    let serving = node.serve();
    let page = node.text(&serving, "list", "/screen");
    assert!(page.contains("Is it known to be bad?") && !page.contains("As member"), "{page}");
    let post = |user: &str, token: &str, form: &str, origin: &str| {
        let request = serving.client.post(format!("{}/screen", serving.url)).body(form.to_owned());
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.basic_auth(user, Some(token)).header("origin", origin).send().unwrap()
    };
    let token = node.tokens["list"].as_str();
    let form = "values=evil-k3.top%0A%3Cscript%3Ealert(1)%3C%2Fscript%3E%0A&kind=";
    let told = post("list", token, form, &serving.url).text().unwrap();
    assert!(
        told.contains("1 known, 1 can&#39;t be read") || told.contains("1 known, 1 can&#x27;t be read"),
        "{told}"
    );
    assert!(!told.contains("<script>"), "what was asked is text");
    assert_eq!(post("list", token, form, "https://evil-k3.example").status(), 403);
}
