//! A sanctions list as a source: it is taken in, followed, and not believed when it is cut off.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::node::{Node, in_a_file, shared};
use crate::screenings::conforms;

/// A server of one file, which knows entity tags.
struct Server {
    url: String,
    file: Arc<Mutex<Vec<u8>>>,
    asked: Arc<Mutex<Vec<u16>>>,
}

impl Server {
    fn new(name: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/{name}", listener.local_addr().unwrap());
        let (file, asked) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
        let (served, told) = (Arc::clone(&file), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let head: Vec<String> = BufReader::new(&stream)
                    .lines()
                    .map_while(Result::ok)
                    .take_while(|line| !line.is_empty())
                    .collect();
                let body = served.lock().unwrap().clone();
                let tag = format!(
                    "\"{}\"",
                    body.iter().fold(7_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(*byte))
                );
                let is_known = head
                    .iter()
                    .any(|line| line.to_lowercase().starts_with("if-none-match") && line.contains(&tag));
                let (status, body) = if is_known { (304, Vec::new()) } else { (200, body) };
                told.lock().unwrap().push(status);
                let head = format!(
                    "HTTP/1.1 {status} X\r\netag: {tag}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                let _gone = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
            }
        });
        Self { url, file, asked }
    }

    fn serve(&self, file: impl AsRef<[u8]>) {
        *self.file.lock().unwrap() = file.as_ref().to_vec();
    }
}

fn following(server: &Server) -> Node {
    let mut node = Node::new();
    node.member("owner", "exchange", "amber");
    node.json(&["circle", "add", "region", "--ceiling", "green", "--member", "owner"]);
    let text = format!(
        "[[source]]\nname = \"sanctions\"\nkind = \"list\"\nurl = \"{}\"\ncircle = \"region\"\nas = \"owner\"\nevery = \"1d\"\n",
        server.url
    );
    std::fs::write(node.data().join("bongsu.toml"), text).unwrap();
    node
}

fn pull(node: &Node) -> Value {
    let output = node.command(&["source", "pull", "sanctions", "--json"]).output().unwrap();
    serde_json::from_slice::<Value>(&output.stdout)
        .map(|mut told| told["sources"][0].take())
        .unwrap_or_else(|_| json!({"error": String::from_utf8_lossy(&output.stderr)}))
}

fn counts(told: &Value) -> [u64; 3] {
    ["added", "withdrawn", "refused"].map(|name| told[name].as_u64().unwrap_or_else(|| panic!("{told}")))
}

fn person(number: u32, alias: &str) -> String {
    json!({"id": format!("NK-{number}"), "caption": format!("Person {number}"), "schema": "Person",
           "properties": {"name": [format!("Person {number}")], "alias": [alias], "topics": ["sanction"]}})
    .to_string()
}

#[test]
fn a_list_is_followed_and_a_cut_one_is_refused() {
    let server = Server::new("entities.ftm.json");
    let node = in_a_file(|| following(&server));
    let list = |numbers: std::ops::Range<u32>, changed: u32| -> String {
        numbers.map(|number| person(number, if number == changed { "Other" } else { "One" }) + "\n").collect()
    };
    server.serve(list(0..200, 999));
    let checked = node.json(&["source", "check", "sanctions"]);
    assert_eq!(
        (&checked["sources"][0]["format"], &checked["sources"][0]["reads"]),
        (&json!("opensanctions"), &json!(true))
    );
    // Two identities beside the two hundred: who made the extension, and its definition.
    assert_eq!(counts(&pull(&node)), [202, 0, 0]);
    assert_eq!(counts(&pull(&node)), [0, 0, 0]);
    assert_eq!(server.asked.lock().unwrap().last(), Some(&304));

    // One is gone, one is new, one changed.
    server.serve(list(1..201, 7));
    assert_eq!(counts(&pull(&node)), [2, 1, 0]);
    // And back again: who was taken off the list comes back.
    server.serve(list(0..200, 999));
    let told = pull(&node);
    assert_eq!(counts(&told), [2, 1, 0], "{told}");

    server.serve(list(0..60, 999));
    let told = pull(&node).to_string();
    assert!(told.contains("cut off"), "{told}");
    server.serve(
        "<html><body>Service temporarily unavailable, please try again in a few minutes.</body></html>",
    );
    let told = pull(&node).to_string();
    assert!(told.contains("not a list"), "{told}");
    server.serve(list(0..199, 999));
    assert_eq!(counts(&pull(&node)), [0, 1, 0]);

    // Someone says that it is right.
    server.serve(list(0..60, 999));
    let told = node.json(&["source", "pull", "sanctions", "--from-start"]);
    assert_eq!(counts(&told["sources"][0]), [0, 139, 0], "{told}");

    // Without the kept file nothing is withdrawn, and that is said.
    std::fs::remove_file(node.data().join("lists/sanctions.gz")).unwrap();
    server.serve(list(0..59, 999));
    let told = pull(&node);
    assert_eq!((counts(&told), told["warnings"].as_u64()), ([0, 0, 0], Some(1)), "{told}");
}

/// Who is on two lists is withdrawn when the second one has it no more, and what can't be read is not gone.
#[test]
fn who_is_still_on_another_list_stays() {
    let (server, second) = (Server::new("entities.ftm.json"), Server::new("entities.ftm.json"));
    let node = following(&server);
    let mut text = std::fs::read_to_string(node.data().join("bongsu.toml")).unwrap();
    text.push_str(&format!(
        "[[source]]\nname = \"other\"\nkind = \"list\"\nurl = \"{}\"\ncircle = \"region\"\nas = \"owner\"\nevery = \"1d\"\n",
        second.url
    ));
    std::fs::write(node.data().join("bongsu.toml"), text).unwrap();
    let list = |numbers: std::ops::Range<u32>| -> String {
        numbers.map(|number| person(number, "One") + "\n").collect()
    };
    let other = || {
        let told = node.json(&["source", "pull", "other"]);
        counts(&told["sources"][0])
    };
    server.serve(list(0..10));
    second.serve(list(5..15));
    assert_eq!((counts(&pull(&node)), other()), ([12, 0, 0], [5, 0, 0]));
    server.serve(list(0..4));
    assert_eq!(counts(&pull(&node)), [0, 1, 0], "five to nine stand on the other list");
    second.serve(list(7..15));
    assert_eq!(other(), [0, 2, 0]);

    // Half an entry at the end says that there was more.
    let whole = list(7..15);
    second.serve(&whole[..whole.len() - 40]);
    let told = node.json(&["source", "pull", "other"]);
    assert_eq!(
        (counts(&told["sources"][0]), told["sources"][0]["warnings"].as_u64()),
        ([0, 0, 1], Some(1)),
        "{told}"
    );
    second.serve(list(8..15));
    assert_eq!(other(), [0, 1, 0]);
}

/// The list of OFAC of 2022 or so, and that of November 2023.
#[test]
fn ofacs_list_of_another_year_adds_changes_and_withdraws() {
    let server = Server::new("sdn.csv");
    let node = following(&server);
    let text = |name: &str| {
        let file = std::fs::File::open(shared("assets/ofac-sdn").join(name)).unwrap();
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(file).read_to_end(&mut text).unwrap();
        text
    };
    let rows = |list: &[u8]| -> std::collections::BTreeSet<String> {
        let text = String::from_utf8_lossy(list);
        let numbers = text.lines().filter_map(|line| line.split(',').next());
        numbers.filter(|number| number.parse::<u64>().is_ok()).map(str::to_owned).collect()
    };
    let (earlier, later) = (text("sdn-earlier.csv.gz"), text("sdn-2023-11.csv.gz"));
    let (before, after) = (rows(&earlier), rows(&later));
    server.serve(&earlier);
    let told = pull(&node);
    assert!(counts(&told)[0] as usize >= before.len(), "{told}");
    names_are_asked_for(&node);
    let off = delisted(&earlier, &later);
    assert_eq!(screened(&node, &[&off, "--kind", "person"])["results"][0]["result"], "match", "{off}");
    server.serve(&later);
    let told = pull(&node);
    let [added, withdrawn, _] = counts(&told).map(|count| usize::try_from(count).unwrap());
    let (new, gone) = (after.difference(&before).count(), before.difference(&after).count());
    assert!(new > 100 && gone > 100 && added >= new && withdrawn >= gone, "{new} new, {gone} gone: {told}");
    let now = screened(&node, &[&off, "--kind", "person"]);
    let names = now["results"][0]["matches"].as_array().unwrap();
    assert!(names.iter().all(|found| found["value"] != *off), "{off} was taken off the list: {now}");
}

/// What is answered of names and values, whatever comes of it.
fn screened(node: &Node, args: &[&str]) -> Value {
    let args = [&["screen", "--json", "--as", "owner"][..], args].concat();
    let output = node.command(&args).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}{output:?}"))
}

/// A person with an uncommon name on the earlier list alone.
fn delisted(earlier: &[u8], later: &[u8]) -> String {
    let names = |list: &[u8]| -> std::collections::BTreeMap<String, String> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(list);
        let rows = reader.byte_records().map_while(Result::ok);
        let text = |row: &csv::ByteRecord, at: usize| {
            String::from_utf8_lossy(row.get(at).unwrap_or_default()).trim().to_owned()
        };
        let people = rows.filter(|row| text(row, 2) == "individual");
        people.map(|row| (text(&row, 0), text(&row, 1))).collect()
    };
    let (before, after) = (names(earlier), names(later));
    let gone = before.iter().filter(|(number, _)| !after.contains_key(*number));
    gone.map(|(_, name)| name.clone()).max_by_key(String::len).unwrap()
}

/// The names of OFAC's list, asked for on the command line and over HTTP, and the record of it.
fn names_are_asked_for(node: &Node) {
    let told = screened(
        node,
        &["김정은", "Kim Jong-un", "Ottoline Umberslade", "--birth", "1984", "--country", "KP"],
    );
    let outcome = |at: usize| told["results"][at]["result"].as_str().unwrap();
    assert_eq!([outcome(0), outcome(1), outcome(2)], ["match", "match", "clear"], "{told}");
    let found = &told["results"][0]["matches"][0];
    assert_eq!((&found["by"], &found["do"]["action"]), (&json!("name"), &json!("look")), "{found}");
    let party = &found["party"];
    assert!(party["names"].to_string().to_lowercase().contains("kim, jong un"), "{party}");
    assert!(
        party["score"].as_f64().unwrap() >= 0.7 && party["reasons"].as_array().unwrap().len() > 1,
        "{party}"
    );
    assert_eq!(found["sources"][0]["circle"], "region");
    let other = screened(node, &["김정은", "--birth", "1950"]);
    let score = |told: &Value| told["results"][0]["matches"][0]["party"]["score"].as_f64().unwrap_or(0.0);
    assert!(score(&other) < score(&told), "another date of birth speaks against it: {other}");
    let wrong = screened(node, &["evil-k3.top", "--birth", "1984"]);
    assert_eq!(wrong["results"][0]["result"], "unreadable", "{wrong}");

    let record = node.json(&["audit", "--value", "kim JONG-UN"]);
    assert_eq!((&record["matching"], &record["findings"]), (&json!(1), &json!([])), "{record}");
    assert_eq!(record["shown"][0][1]["asked"][1][1], "name", "{record}");
    assert_eq!(node.json(&["audit", "--value", "Somebody Else"])["matching"], 0);

    let serving = node.serve();
    let queries = json!({"queries": {
        "a": {"schema": "Person", "properties": {"firstName": ["Jong Un"], "lastName": ["KIM"], "birthDate": ["1984-01-08"], "country": ["kp"]}},
        "b": {"schema": "Organization", "properties": {"name": ["Lazarus Group"]}},
        "c": {"schema": "Person", "properties": {"name": ["Ottoline Umberslade"]}},
        "d": {"schema": "Person", "properties": {"name": ["Lazarus Group"]}},
    }});
    let asked = serving.client.post(format!("{}/match/sanctions?limit=3", serving.url)).json(&queries);
    let answer: Value = asked.bearer_auth(&node.tokens["owner"]).send().unwrap().json().unwrap();
    conforms(&serving, node, "/match/{dataset}", "post", &answer);
    let own = serving.client.get(format!("{}/screening/value?value=KIM%20Jong%20Un&birth=1984", serving.url));
    let own: Value = own.bearer_auth(&node.tokens["owner"]).send().unwrap().json().unwrap();
    assert_eq!(own["results"][0]["result"], "match");
    conforms(&serving, node, "/screening/value", "get", &own);
    let first = |name: &str| answer["responses"][name]["results"][0].clone();
    let kim = first("a");
    assert_eq!((&kim["match"], &kim["schema"]), (&json!(true), &json!("Person")), "{answer}");
    assert_eq!(kim["properties"]["birthDate"], json!(["1984-01-08"]), "{kim}");
    assert_eq!(kim["datasets"], json!(["region"]));
    let lazarus = first("b");
    assert_eq!((&lazarus["match"], &lazarus["schema"]), (&json!(true), &json!("Organization")), "{answer}");
    assert_eq!(first("c"), Value::Null, "{answer}");
    assert!(!first("d")["match"].as_bool().unwrap_or(false), "a group is no person: {answer}");
    let excluded =
        format!("{}/match/sanctions?exclude_entity_ids={}", serving.url, lazarus["id"].as_str().unwrap());
    let asked = serving.client.post(excluded).json(&queries).bearer_auth(&node.tokens["owner"]);
    let answer: Value = asked.send().unwrap().json().unwrap();
    assert_ne!(answer["responses"]["b"]["results"][0]["id"], lazarus["id"]);
    let page = serving.client.post(format!("{}/screen", serving.url)).header("origin", &serving.url);
    let form = "values=%EA%B9%80%EC%A0%95%EC%9D%80&kind=&birth=1984&country=";
    let page = page.header("content-type", "application/x-www-form-urlencoded").body(form);
    let page = page.basic_auth("owner", Some(&node.tokens["owner"])).send().unwrap().text().unwrap();
    assert!(page.contains("dates of birth agree") && page.contains("variant romanisation"), "{page}");
    serving.stop();
}
