//! What a wallet is exposed to is part of the answer, if the operator has transfers and labels.

use std::process::Command;

use reqwest::blocking::RequestBuilder;
use serde_json::{Value, json};

use crate::node::{Node, Serving};
use crate::screenings::conforms;

/// Who they are.
const SANCTIONED: u8 = 1;
const MIXER: u8 = 2;
const EXCHANGE: u8 = 3;
const BETWEEN: u8 = 4;
const CUSTOMER: u8 = 5;
const BUSY: u8 = 6;

fn at(who: u8) -> String {
    format!("0x{who:040x}")
}

/// A token without a price.
const TOKEN: &str = "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee";

/// What the columns are; of the token it is not known how many decimals it has.
const MAPPING: &str = r#"
chain = "ethereum"
addresses = "hex20"
block = { column = "block" }
index = { column = "index" }
transaction = { column = "tx" }
from = { column = "from" }
to = { column = "to" }
time = { column = "time", form = "unix" }
amount = { column = "amount", unit = "smallest" }
asset = { column = "asset", decimals = { ETH = 18 } }
"#;

/// Rows of payments: from, to, asset, amount in hundredths of a coin of 18 decimals.
fn csv(first_block: usize, rows: &[(u8, u8, &str, u64)]) -> String {
    let mut text = "block,index,tx,time,from,to,asset,amount\n".to_owned();
    for (place, (from, to, asset, amount)) in rows.iter().enumerate() {
        let (block, time) = (first_block + place, 1_700_000_000 + (first_block + place) * 12);
        let (from, to) = (at(*from), at(*to));
        text.push_str(&format!(
            "{block},0,0x{block:064x},{time},{from},{to},{asset},{amount}0000000000000000\n"
        ));
    }
    text
}

/// 60 of a sanctioned and 40 of a mixer are mixed, and half of it goes to a customer, who pays an exchange.
fn rows() -> Vec<(u8, u8, &'static str, u64)> {
    let mut rows = vec![
        (SANCTIONED, BETWEEN, "ETH", 6_000),
        (MIXER, BETWEEN, "ETH", 4_000),
        (BETWEEN, CUSTOMER, "ETH", 5_000),
        (MIXER, CUSTOMER, TOKEN, 700),
        (CUSTOMER, EXCHANGE, "ETH", 3_000),
    ];
    rows.extend([(EXCHANGE, BUSY, "ETH", 10); 40]);
    rows
}

/// A node whose configuration tells exposure by a store that is not there yet.
fn node(more: &str) -> Node {
    let mut node = Node::new();
    node.member("desk", "list", "amber");
    let (a, b, c) = (at(SANCTIONED), at(MIXER), at(EXCHANGE));
    node.file(
        "labels.csv",
        format!("address,name,category\n{a},Listed,sanctioned\n{b},Whirl,mixer\n{c},Harbour,exchange\n"),
    );
    let path = node.data().join("bongsu.toml");
    let dir = node.dir.path().to_str().unwrap();
    let stores = format!("stores = [\"{dir}/store\"]");
    let labels = format!("labels = [\"{dir}/labels.csv\"]");
    let mut config = std::fs::read_to_string(&path).unwrap().replace("stores = []", &stores);
    config = config.replace("labels = []", &labels);
    for line in more.lines() {
        let key = line.split_once(" = ").unwrap().0;
        let start = config.find(&format!("\n{key} = ")).unwrap_or_else(|| panic!("{key}")) + 1;
        let end = start + config[start..].find('\n').unwrap();
        config.replace_range(start..end, line);
    }
    config.push_str("\n[exposure.usd]\nETH = \"2000.50\"\n");
    std::fs::write(path, config).unwrap();
    node
}

fn load(node: &Node, name: &str, first_block: usize, rows: &[(u8, u8, &str, u64)]) {
    let file = node.file(name, csv(first_block, rows));
    node.file("mapping.toml", MAPPING);
    let mut load = Command::new(env!("CARGO_BIN_EXE_bongsu"));
    load.env_clear().current_dir(node.dir.path());
    let load = load.args(["trace", "load", "store", &file, "--mapping", "mapping.toml"]);
    let output = load.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn answer(request: RequestBuilder) -> Value {
    let response = request.send().unwrap();
    let (status, text) = (response.status(), response.text().unwrap());
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn screened(node: &Node, serving: &Serving, who: u8) -> Value {
    let told = answer(node.get(serving, "desk", &format!("/screening/value?value={}", at(who))));
    conforms(serving, node, "/screening/value", "get", &told);
    told["results"][0].clone()
}

/// Kind, direct and whole share in parts per million, hops of the nearest: of each row of an asset.
fn shares(side: &Value, asset: &str) -> Vec<(String, u64, u64, u64)> {
    let assets = side["assets"].as_array().unwrap();
    let of = assets.iter().find(|of| of["asset"] == asset).unwrap_or_else(|| panic!("{asset}: {side}"));
    let rows = of["rows"].as_array().unwrap().iter();
    rows.map(|row| {
        let number = |name: &str| row[name].as_u64().unwrap();
        let kind = row["kind"].as_str().unwrap().to_owned();
        (kind, number("direct_ppm"), number("ppm"), number("hops_least"))
    })
    .collect()
}

fn share(kind: &str, direct_ppm: u64, ppm: u64, hops: u64) -> (String, u64, u64, u64) {
    (kind.to_owned(), direct_ppm, ppm, hops)
}

#[test]
fn an_answer_about_a_wallet_says_from_whom_its_assets_came_and_to_whom_they_went() {
    let node = node("");
    // What is not there is told with what to do, before anything listens.
    let refused = node.command(&["serve"]).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("exposure.stores"), "{said}");
    assert!(said.contains("bongsu trace load"), "{said}");
    load(&node, "one.csv", 1, &rows());
    let serving = node.serve();

    let told = screened(&node, &serving, CUSTOMER);
    assert_eq!(told["result"], "clear", "exposure changes no result");
    let exposure = &told["exposure"][0];
    assert_eq!((&exposure["chain"], &exposure["transfers"]), (&json!("ethereum"), &json!(3)));
    assert_eq!(exposure["upto"]["block"], 45, "{exposure}");
    let sanctioned = share("sanctioned", 0, 600_000, 2);
    assert_eq!(shares(&exposure["sources"], "ETH"), [sanctioned, share("mixer", 0, 400_000, 2)]);
    assert_eq!(shares(&exposure["sources"], TOKEN), [share("mixer", 1_000_000, 1_000_000, 1)]);
    assert_eq!(shares(&exposure["sinks"], "ETH"), [share("exchange", 1_000_000, 1_000_000, 1)]);
    let first = &exposure["sources"]["assets"][0]["rows"][0];
    assert_eq!(
        (&first["indirect"], &first["usd"]["indirect"]),
        (&json!("30000000000000000000"), &json!("60015.00")),
        "{first}"
    );
    assert_eq!(first["largest"][0]["label"], "Listed");
    let own = screened(&node, &serving, MIXER);
    assert_eq!(own["exposure"][0]["label"]["category"], "mixer");
    let nobody = screened(&node, &serving, 77);
    assert_eq!((&nobody["exposure"][0]["transfers"], nobody["result"].as_str()), (&json!(0), Some("clear")));
    let other =
        answer(node.get(&serving, "desk", "/screening/value?value=149w62rY42aZBox8fGcmqNsXUzSStKeq8C"));
    assert!(other["results"][0]["exposure"].is_null(), "no transfers of its chain: {other}");

    in_the_forms_of_others(&node, &serving);
    on_the_command_line(&node);

    // What is loaded while the node serves, and what labels say now, is part of the next answer.
    load(&node, "two.csv", 100, &[(EXCHANGE, CUSTOMER, "ETH", 5_000)]);
    let told = screened(&node, &serving, CUSTOMER);
    assert_eq!(told["exposure"][0]["upto"]["block"], 100);
    let expected = [
        share("exchange", 500_000, 500_000, 1),
        share("sanctioned", 0, 300_000, 2),
        share("mixer", 0, 200_000, 2),
    ];
    assert_eq!(shares(&told["exposure"][0]["sources"], "ETH"), expected);
    let (a, b) = (at(BETWEEN), at(EXCHANGE));
    node.file("labels.csv", format!("address,name,category\n{a},Thief,theft\n{b},Harbour,exchange\n"));
    let told = screened(&node, &serving, CUSTOMER);
    let rows = shares(&told["exposure"][0]["sources"], "ETH");
    assert_eq!(rows, [share("exchange", 500_000, 500_000, 1), share("theft", 500_000, 500_000, 1)]);
    // What can't be read any more leaves all as it was.
    node.file("labels.csv", "nothing\n");
    assert_eq!(shares(&screened(&node, &serving, CUSTOMER)["exposure"][0]["sources"], "ETH"), rows);

    // The record holds what was asked with which result, as of any value.
    serving.stop();
    let audit = node.json(&["audit", "--value", &at(CUSTOMER)]);
    assert!(audit["records"].as_u64().unwrap() > 5, "{audit}");
    let record = std::fs::read_to_string(node.data().join("screenings.jsonl")).unwrap();
    assert!(!record.contains("sanctioned"), "{record}");
}

fn in_the_forms_of_others(node: &Node, serving: &Serving) {
    let token = node.tokens["desk"].as_str();
    let url = |path: &str| format!("{}{path}", serving.url);
    let entities = |who: u8| {
        let path = url(&format!("/api/risk/v2/entities/{}", at(who)));
        serving.client.get(path).header("token", token)
    };
    let told = answer(entities(CUSTOMER));
    let path = "/api/risk/v2/entities/{address}";
    conforms(serving, node, path, "get", &told);
    let one = |category: &str, value: f64, how: &str, way: &str| json!({"category": category, "value": value, "exposureType": how, "direction": way});
    assert_eq!(
        told["exposures"],
        json!([
            one("exchange", 60_015.0, "direct", "outgoing"),
            one("mixing", 40_010.0, "indirect", "incoming"),
            one("sanctions", 60_015.0, "indirect", "incoming"),
        ])
    );
    assert_eq!((&told["risk"], &told["status"]), (&json!("Medium"), &json!("COMPLETE")));
    assert!(told["riskReason"].as_str().unwrap().ends_with("left out of the exposures: 1"), "{told}");
    let own = answer(entities(SANCTIONED));
    assert_eq!((&own["risk"], &own["cluster"]["category"]), (&json!("Severe"), &json!("sanctions")));
    let named = json!({"address": at(CUSTOMER)});
    let known = serving.client.post(url("/api/risk/v2/entities")).header("token", token).json(&named);
    assert_eq!(answer(known), named);
    let wrong = serving.client.post(url("/api/risk/v2/entities")).header("token", token);
    assert_eq!(wrong.json(&json!({"address": "nobody"})).send().unwrap().status(), 400);
    assert_eq!(
        serving.client.get(url(&format!("/api/risk/v2/entities/{}", at(1)))).send().unwrap().status(),
        401
    );

    // The forms for sanctions alone have no place for it, and say what they said.
    let plain =
        serving.client.get(url(&format!("/api/v1/address/{}", at(CUSTOMER)))).header("x-api-key", token);
    assert_eq!(answer(plain), json!({"identifications": []}));
    let both = json!([{"address": at(CUSTOMER)}]);
    let plain = serving.client.post(url("/public/v1/sanctions/screening")).json(&both);
    assert_eq!(answer(plain.basic_auth(token, Some(token)))[0]["isSanctioned"], false);
}

fn on_the_command_line(node: &Node) {
    let told = node.json(&["screen", "--as", "desk", &at(CUSTOMER)]);
    assert_eq!(told["results"][0]["exposure"][0]["sources"]["assets"][0]["rows"][0]["ppm"], 600_000);
    let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
    command.env_clear().arg("--data").arg(node.data()).args(["screen", "--as", "desk", &at(CUSTOMER)]);
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    let line = text.lines().find(|line| line.contains("sanctioned")).unwrap_or_else(|| panic!("{text}"));
    let cells: Vec<&str> = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
    assert_eq!(cells, ["from", "ETH", "sanctioned", "0 ETH", "30 ETH", "60.00 %", "2", "Listed"], "{text}");
}

#[test]
fn one_request_reads_no_more_transfers_than_it_may_and_says_what_it_left_out() {
    let node = node("transfers_max = 30\nrequest_transfers_max = 34");
    load(&node, "one.csv", 1, &rows());
    let serving = node.serve();
    let asked =
        json!({"values": [at(BUSY), at(CUSTOMER), at(BETWEEN), at(CUSTOMER), "plain-k3.top", at(BETWEEN)]});
    let told = serving.client.post(format!("{}/screening/values", serving.url));
    let told = answer(told.bearer_auth(&node.tokens["desk"]).json(&asked));
    conforms(&serving, &node, "/screening/values", "post", &told);
    let results = told["results"].as_array().unwrap();
    let cut = |at: usize| results[at]["exposure"][0]["cut_off"].as_str().unwrap_or_default();
    assert!(cut(0).contains("40 transfers") && cut(0).contains("exposure.transfers_max"), "{told}");
    assert_eq!((cut(1), cut(2)), ("", ""), "{told}");
    let read = |at: usize| {
        let exposure = &results[at]["exposure"][0];
        ["sources", "sinks"].map(|side| exposure[side]["read"].as_u64().unwrap()).iter().sum::<u64>()
    };
    assert!((0..results.len()).filter(|at| *at != 4).map(read).sum::<u64>() <= 34, "{told}");
    let last = &results[5];
    let is_said = cut(5).contains("ask about it by itself") || last.to_string().contains("too much to read");
    assert!(is_said, "{told}");
    assert_eq!((&last["result"], &results[4]["result"]), (&json!("clear"), &json!("clear")));
    assert!(results[4]["exposure"].is_null());
    // In the form that has no word for it, it is refused: an empty list would say that it is exposed to nothing.
    let busy = format!("{}/api/risk/v2/entities/{}", serving.url, at(BUSY));
    let refused = serving.client.get(busy).header("token", &node.tokens["desk"]).send().unwrap();
    assert_eq!(refused.status(), 422);
}

#[test]
fn a_store_that_is_filled_while_the_node_serves_is_looked_at_from_then_on() {
    let node = node("");
    load(&node, "none.csv", 1, &[]);
    let serving = node.serve();
    assert!(screened(&node, &serving, CUSTOMER)["exposure"].is_null());
    load(&node, "one.csv", 1, &rows());
    assert_eq!(screened(&node, &serving, CUSTOMER)["exposure"][0]["transfers"], 3);
}
