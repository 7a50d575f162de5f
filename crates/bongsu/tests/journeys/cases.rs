//! A theft is a case: followed to services, alerted as transfers come, asked to be frozen, and shared so that members screen against it.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::certificates::certificates;
use crate::node::{Node, shared, wait};
use crate::push::Peer;

const TIME: Duration = Duration::from_secs(60);
const MAIL_SERVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/journeys/mail_server.py");
const VICTIM: &str = "0x47666fab8bd0ac7003bce3f5c3585383f09486e2";
const THIEF: &str = "0xa4b2fd68593b6f34e51cb9edb66e71c1b4ab449e";
/// Got 10,000 ether from the second address each.
const FIRST: &str = "0xf302572594a68aa8f951fae64ed3ae7da41c72be";
const SECOND: &str = "0x21032176b43d9f7e9410fb37290a78f4fed6044c";
const ETHER: u128 = 1_000_000_000_000_000_000;

/// The real trace of the theft from Bybit: all of it, or the rows up to a hop.
pub(crate) fn transfers(node: &Node, hops: &[&str]) -> String {
    let csv = std::fs::read_to_string(shared("assets/bybit-trace/transfers.csv")).unwrap();
    let mut lines = csv.lines();
    let header = lines.next().unwrap();
    let kept = lines.filter(|line| hops.iter().any(|hop| line.starts_with(&format!("{hop},"))));
    let rows: Vec<&str> = std::iter::once(header).chain(kept).collect();
    node.file(&format!("transfers-{}.csv", hops.len()), rows.join("\n") + "\n")
}

pub(crate) fn load(node: &Node, file: &str) {
    let store = node.dir.path().join("store");
    node.json(&["trace", "load", store.to_str().unwrap(), file, "--mapping", "bybit-sample"]);
}

/// A node with a circle of a team and an exchange, the transfers up to some hops, and the case, with more options.
pub(crate) fn opened(node: &Node, more: &[&str]) {
    let labels =
        format!("address,name,category\n{FIRST},Harbour Exchange,exchange\n{SECOND},Night Mixer,mixer\n");
    let labels = node.file("labels.csv", labels);
    let swapped = format!("{THIEF}=ETH");
    let store = node.dir.path().join("store").display().to_string();
    let new = [
        "case",
        "new",
        "bybit-2025",
        "--title",
        "Theft from a cold wallet",
        "--store",
        &store,
        "--victim",
        VICTIM,
        "--thief",
        THIEF,
        "--swapped",
        &swapped,
        "--labels",
        &labels,
        "--circle",
        "region",
        "--contact",
        "duty desk, desk@cert.example",
    ];
    node.json(&[&new[..], more].concat());
}

fn region(node: &Node) {
    node.json(&["circle", "add", "region", "--ceiling", "amber", "--member", "exchange", "--member", "list"]);
}

fn case(node: &Node) -> Value {
    node.json(&["case", "show", "bybit-2025"])
}

/// How the ether of a case stands, in its smallest unit.
fn ether(case: &Value, part: &str) -> u128 {
    let places = case["where"].as_array().unwrap();
    let ether = places.iter().find(|place| place["asset"] == "ETH").unwrap();
    ether[part].as_str().unwrap().parse().unwrap()
}

/// A node, and the server that takes its mails; it takes none as long as the file `fails` lies beside the node.
fn mailing() -> (Node, Peer) {
    let node = Node::with_members();
    region(&node);
    certificates(node.dir.path());
    let path = |name: &str| node.dir.path().join(name).display().to_string();
    let server =
        Peer::run(MAIL_SERVER, &[&path("server.pem"), &path("server.key"), &path("fails"), "starttls"]);
    let config = format!(
        "[mail]\nhost = \"127.0.0.1\"\nport = {}\nca_file = \"{}\"\nfrom = \"Tower <tower@tower.example>\"\n",
        server.next(),
        path("ca.pem")
    );
    std::fs::write(node.data().join("bongsu.toml"), config).unwrap();
    (node, server)
}

#[test]
fn a_service_is_asked_by_mail_and_freezes_what_came_to_it() {
    let (node, server) = mailing();
    load(&node, &transfers(&node, &["1", "2", "3", "4"]));
    opened(&node, &["--alert-to", "duty@cert.example"]);
    let traced = node.json(&["case", "trace", "bybit-2025"]);
    assert_eq!(traced["cases"][0]["alerts"].as_array().unwrap().len(), 2, "{traced}");
    let alert = server.next();
    assert_eq!(alert["to"][0], "duty@cert.example");
    assert!(alert["text"].as_str().unwrap().contains("10,000 ETH to Harbour Exchange (exchange)"), "{alert}");
    // What was told is not told again.
    assert_eq!(node.json(&["case", "trace", "bybit-2025"])["cases"][0]["alerts"], Value::Array(Vec::new()));
    let before = case(&node);
    let parts =
        ["stolen", "held", "at_services", "frozen", "lost", "stoppable"].map(|part| ether(&before, part));
    let stolen = 980_488_948 * ETHER / 10_000;
    assert_eq!(
        parts,
        [stolen, stolen - 20_000 * ETHER, 10_000 * ETHER, 0, 10_000 * ETHER, stolen - 10_000 * ETHER]
    );

    let drafted = node.json(&["case", "request", "bybit-2025", "harbour exchange"]);
    assert_eq!(drafted["request"], 1);
    let document = &drafted["document"];
    assert_eq!(document["totals"][0]["units"], (10_000 * ETHER).to_string());
    let path_of = document["arrivals"][0]["path"].as_array().unwrap();
    let moved = |at: &Value| &document["transfers"][usize::try_from(at.as_u64().unwrap()).unwrap()];
    let way: Vec<&str> = path_of.iter().map(|at| moved(at)["to"].as_str().unwrap()).collect();
    assert_eq!(way, ["0xdd90071d52f20e85c89802e5dc1ec0a7b6475f92", FIRST]);
    // The same is not asked twice, and nothing is asked of who got nothing.
    refused(&node, &["case", "request", "bybit-2025", "Harbour Exchange"], "in a request already");
    refused(&node, &["case", "request", "bybit-2025", "Nobody"], "Harbour Exchange, Night Mixer");

    node.json(&["case", "send", "bybit-2025", "1", "--to", "compliance@harbour.example", "--language", "fr"]);
    let mail = server.next();
    assert!(mail["subject"].as_str().unwrap().contains("Demande de gel"), "{mail}");
    let attached = mail["attached"].as_array().unwrap();
    assert_eq!(attached.len(), 3, "{mail}");
    let got = node.dir.path().join("got");
    std::fs::create_dir(&got).unwrap();
    for file in attached {
        std::fs::copy(file["path"].as_str().unwrap(), got.join(file["name"].as_str().unwrap())).unwrap();
    }
    let key = node.json(&["pack", "key"])["key"].as_str().unwrap().to_owned();
    let signature = got.join("bybit-2025-request-1.sig").display().to_string();
    node.json(&["case", "verify", &signature, "--key", &key]);
    files_hold(&node);
    for wrong in ["released", "acknowledged"] {
        let at = if wrong == "released" { "2026-01-01T00:00:00Z" } else { "2020-01-01T00:00:00Z" };
        refused(&node, &["case", "answer", "bybit-2025", "1", wrong, "--at", at], "can't");
    }
    refused(
        &node,
        &["case", "answer", "bybit-2025", "1", "frozen", "--at", "2999-01-01T00:00:00Z"],
        "still to come",
    );
    node.json(&["case", "answer", "bybit-2025", "1", "acknowledged", "--note", "file 77"]);
    let frozen = node.json(&["case", "answer", "bybit-2025", "1", "frozen"]);
    assert!(frozen["to_freeze"].as_i64().unwrap() > 0);
    let after = case(&node);
    assert_eq!([ether(&after, "frozen"), ether(&after, "at_services")], [10_000 * ETHER, 0]);
    assert_eq!(after["seconds"]["to_freeze"], frozen["to_freeze"]);
    let timeline = node.json(&["case", "timeline", "bybit-2025"]);
    let kinds: Vec<&str> =
        timeline["timeline"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
    for kind in ["stolen", "arrived", "opened", "drafted", "sent", "acknowledged", "frozen"] {
        assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
    }
}

/// The files of request 1 verify, and do not once one is changed.
fn files_hold(node: &Node) {
    let out = node.dir.path().join("request");
    node.json(&["case", "document", "bybit-2025", "1", "--out", out.to_str().unwrap()]);
    let name = |end: &str| out.join(format!("bybit-2025-request-1.{end}"));
    let text = std::process::Command::new("pdftotext").arg(name("pdf")).arg("-").output().unwrap();
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(
        text.contains("Request to freeze")
            && text.contains("Harbour Exchange")
            && text.contains("10,000 ETH"),
        "{text}"
    );
    let key = node.json(&["pack", "key"])["key"].as_str().unwrap().to_owned();
    let signature = name("sig").display().to_string();
    let verified = node.json(&["case", "verify", &signature, "--key", &key]);
    assert_eq!(verified["files"].as_array().unwrap().len(), 2);
    let json = std::fs::read_to_string(name("json")).unwrap();
    std::fs::write(name("json"), json.replace("10,000", "90,000")).unwrap();
    refused(node, &["case", "verify", &signature, "--key", &key], "changed");
}

fn refused(node: &Node, args: &[&str], why: &str) {
    let output = node.command(args).output().unwrap();
    let told =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(matches!(output.status.code(), Some(1 | 2)) && told.contains(why), "{args:?}: {told}");
}

#[test]
fn what_comes_while_a_node_serves_is_alerted_shared_and_screened() {
    let node = Node::with_members();
    region(&node);
    std::fs::write(node.data().join("bongsu.toml"), "[node]\nmember = \"exchange\"\n").unwrap();
    load(&node, &transfers(&node, &["1", "2"]));
    opened(&node, &["--share-at-once"]);
    let serving = node.serve();
    let known = |address: &str| -> bool {
        let answer: Value =
            serde_json::from_str(&node.text(&serving, "list", &format!("/screening/value?value={address}")))
                .unwrap();
        answer["results"][0]["result"] == "match"
    };
    let second = "0xdd90071d52f20e85c89802e5dc1ec0a7b6475f92";
    assert!(wait(TIME, || known(second).then_some(())).is_some(), "what is there when it starts is shared");
    let later = "0xd5b58cf7813c1edc412367b97876bd400ea5c489";
    assert!(!known(later) && case(&node)["alerts"].as_array().unwrap().is_empty());
    // A day later, the next hops are loaded beside the node.
    load(&node, &transfers(&node, &["1", "2", "3", "4"]));
    assert!(wait(TIME, || known(later).then_some(())).is_some(), "what comes later too");
    let alerted = || Some(case(&node)).filter(|case| case["alerts"].as_array().unwrap().len() == 2);
    assert!(wait(TIME, alerted).is_some());
    // Customers of services did nothing; and the look-alike addresses that got worthless tokens are nobody's.
    assert!(!known(FIRST) && !known(VICTIM));
    let expected = std::fs::read_to_string(shared("assets/bybit-trace/expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&expected).unwrap();
    let csv = std::fs::read_to_string(shared("assets/bybit-trace/transfers.csv")).unwrap();
    let spoofs: Vec<&str> =
        expected["spoof_transfers"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let mut looked = 0;
    for line in csv.lines().filter(|line| spoofs.iter().any(|spoof| line.contains(spoof))) {
        let to = line.split(',').nth(4).unwrap();
        let is_real = csv.lines().any(|line| line.contains(&format!(",{to},")) && line.contains(",ETH,"));
        if !is_real {
            looked += 1;
            assert!(!known(to), "{to}");
        }
    }
    assert!(looked >= 5, "{looked}");
    pages(&node, &serving);
    // What happened is on the disk: it is there after the power fails.
    serving.kill();
    let after = case(&node);
    assert_eq!(after["alerts"].as_array().unwrap().len(), 2);
    // The same again brings nothing new to the circle.
    let shared = node.json(&["case", "share", "bybit-2025"]);
    assert_eq!(
        (&shared["circles"][0]["added"], &shared["circles"][0]["refused"]),
        (&0.into(), &0.into()),
        "{shared}"
    );
}

fn pages(node: &Node, serving: &crate::node::Serving) {
    let list = node.as_operator(serving, "/cases");
    assert!(list.contains("Theft from a cold wallet") && list.contains("98,048.8948 ETH"), "{list}");
    let page = node.as_operator(serving, "/cases/bybit-2025");
    for told in ["Harbour Exchange", "10,000 ETH", "<svg", "can still be stopped", "arrived"] {
        assert!(page.contains(told), "{told}: {page}");
    }
    // The way opens step by step: the victim and the thief first, then where the second address paid to, folded.
    let graph = node.as_operator(serving, "/cases/bybit-2025/graph");
    assert!(
        graph.contains("0xa4b2fd68593b6f34e51cb9edb66e71c1b4ab449e:0") && !graph.contains(FIRST),
        "{graph}"
    );
    let opened = format!(
        "/cases/bybit-2025/graph?flow=0&open={VICTIM}:0,{THIEF}:0,0xdd90071d52f20e85c89802e5dc1ec0a7b6475f92:0"
    );
    let graph = node.as_operator(serving, &opened);
    assert!(
        graph.contains("0xdd90071d52f20e85c89802e5dc1ec0a7b6475f92:1") && graph.contains(" more"),
        "{graph}"
    );
    // Cases are the operators' own.
    for path in ["/cases", "/cases/bybit-2025", "/cases/bybit-2025/graph"] {
        assert_eq!(node.get(serving, "list", path).send().unwrap().status(), 404);
        assert!(!node.text(serving, "list", "/").contains("/cases"));
    }
}

#[test]
fn a_case_that_makes_no_sense_is_refused_and_says_why() {
    let node = Node::with_members();
    region(&node);
    load(&node, &transfers(&node, &["1", "2"]));
    opened(&node, &[]);
    let store = node.dir.path().join("store").display().to_string();
    let new = |handle: &str, more: &[&str], why: &str| {
        let args = [&["case", "new", handle, "--title", "T", "--store", &store][..], more].concat();
        refused(&node, &args, why);
    };
    new("bybit-2025", &["--victim", VICTIM, "--thief", THIEF], "already");
    new("A b", &["--victim", VICTIM, "--thief", THIEF], "can't be a case's handle");
    new("other", &["--thief", THIEF], "--victim");
    new("other", &["--victim", VICTIM], "--thief");
    new("other", &["--victim", "0x00", "--thief", THIEF], "no transfer has the address");
    new("other", &["--victim", VICTIM, "--thief", THIEF, "--circle", "nowhere"], "no circle `nowhere`");
    new("other", &["--victim", VICTIM, "--thief", THIEF, "--alert-to", "nobody"], "no mail address");
    for (args, why) in [
        (&["show", "other"][..], "there is no case `other`"),
        (&["answer", "bybit-2025", "1", "frozen"], "no request 1"),
        (&["share", "bybit-2025"], "no member is named"),
        (&["reopen", "bybit-2025"], "is open"),
    ] {
        refused(&node, &[&["case"][..], args].concat(), why);
    }
    // A store that is gone is told as such, and the case stays.
    std::fs::rename(Path::new(&store), node.dir.path().join("elsewhere")).unwrap();
    refused(&node, &["case", "trace", "bybit-2025"], "store");
    node.json(&["case", "close", "bybit-2025", "moved to the police"]);
    assert_eq!(node.json(&["case", "trace", "--all"])["cases"], Value::Array(Vec::new()));
    assert!(case(&node)["closed"]["why"].as_str().unwrap().contains("police"));
}

/// A theft on one chain goes over a bridge to another, and there to an exchange.
#[test]
fn what_crosses_a_bridge_is_followed_to_the_other_chain_and_asked_for_there() {
    let node = Node::with_members();
    region(&node);
    let store = |name: &str| node.dir.path().join(name).display().to_string();
    let [victim, thief, bridge, other, mule, exchange] =
        ["11", "22", "33", "44", "55", "66"].map(|two| format!("0x{}", two.repeat(20)));
    let rows = |name: &str, rows: &[(u32, &str, &str, &str, &str, &str)]| {
        let header = "block,index,tx,time,from,to,asset,amount\n".to_owned();
        let row = |(block, time, tx, from, to, amount): &(u32, &str, &str, &str, &str, &str)| {
            format!("{block},0,{tx},2026-11-01T{time}Z,{from},{to},ETH,{amount}\n")
        };
        node.file(name, header + &rows.iter().map(row).collect::<String>())
    };
    let one = rows(
        "one.csv",
        &[
            (1, "10:00:00", "0xaa01", &victim, &thief, "9000"),
            (2, "10:05:00", "0xaa02", &thief, &bridge, "9000"),
        ],
    );
    let two = rows(
        "two.csv",
        &[
            (7, "10:09:00", "0xbb01", &other, &mule, "8991"),
            (8, "10:30:00", "0xbb02", &mule, &exchange, "8000"),
        ],
    );
    let mapping = node.file(
        "mapping.toml",
        "block = { column = \"block\" }\nindex = { column = \"index\" }\ntransaction = { column = \"tx\" }\n\
         from = { column = \"from\" }\nto = { column = \"to\" }\ntime = { column = \"time\" }\n\
         amount = { column = \"amount\", unit = \"smallest\" }\nasset = { column = \"asset\", other-decimals = 3 }\n",
    );
    for (file, chain) in [(&one, "ethereum"), (&two, "arbitrum")] {
        node.json(&["trace", "load", &store(chain), file, "--mapping", &mapping, "--chain", chain]);
    }
    let labels = format!(
        "address,name,category\n{bridge},Span,bridge\n{other},Span,bridge\n{exchange},Harbour Exchange,exchange\n"
    );
    let labels = node.file("labels.csv", labels);
    node.json(&[
        "case",
        "new",
        "span",
        "--title",
        "Over the bridge",
        "--store",
        &store("ethereum"),
        "--also",
        &store("arbitrum"),
        "--victim",
        &victim,
        "--thief",
        &thief,
        "--labels",
        &labels,
    ]);
    let traced = node.json(&["case", "trace", "span"]);
    let services: Vec<&str> = traced["cases"][0]["alerts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|alert| alert["arrivals"][0]["service"].as_str().unwrap())
        .collect();
    assert_eq!(services, ["Span", "Harbour Exchange"], "{traced}");
    let shown = node.json(&["case", "show", "span"]);
    let place = |chain: &str, part: &str| {
        let places = shown["where"].as_array().unwrap();
        places.iter().find(|place| place["chain"] == chain).unwrap()[part]
            .as_str()
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    assert_eq!(
        ["stolen", "crossed", "held", "lost"].map(|part| place("ethereum", part)),
        [9_000, 9_000, 0, 0]
    );
    assert_eq!(["stolen", "held", "at_services"].map(|part| place("arbitrum", part)), [8_991, 991, 8_000]);
    let crossing = &shown["crossings"]["followed"][0];
    assert_eq!((&crossing["carried"], &crossing["delay"]), (&"8991".into(), &240.into()), "{crossing}");
    assert!(crossing["confidence"].as_u64().unwrap() >= 50, "{crossing}");
    // The request tells the whole way, over both chains.
    let drafted = node.json(&["case", "request", "span", "Harbour Exchange"]);
    let document = &drafted["document"];
    let path = document["arrivals"][0]["path"].as_array().unwrap();
    let way: Vec<&str> = path
        .iter()
        .map(|at| {
            document["transfers"][usize::try_from(at.as_u64().unwrap()).unwrap()]["transaction"]
                .as_str()
                .unwrap()
        })
        .collect();
    assert_eq!(way, ["0xaa01", "0xaa02", "0xbb01", "0xbb02"]);
    assert_eq!((&document["thefts-count"], &document["totals"][0]["units"]), (&1.into(), &"8000".into()));
}

/// What a mail server does not take for now is told later, once; what it refuses for good is said to be.
#[test]
fn an_alert_that_a_mail_server_does_not_take_is_told_later() {
    let (node, server) = mailing();
    let path = |name: &str| node.dir.path().join(name).display().to_string();
    std::fs::write(path("fails"), "").unwrap();
    load(&node, &transfers(&node, &["1", "2", "3", "4"]));
    opened(&node, &["--alert-to", "later@cert.example", "--alert-to", "refused@cert.example"]);
    let traced = node.json(&["case", "trace", "bybit-2025"]);
    assert_eq!(traced["cases"][0]["alerts"].as_array().unwrap().len(), 2, "{traced}");
    assert_eq!(traced["cases"][0]["mails"].as_array().unwrap().len(), 2, "both are said: {traced}");
    let mail = |to: &str| {
        let mails = case(&node)["mails"].as_array().unwrap().clone();
        mails.into_iter().find(|one| one["to"] == to)
    };
    let (later, refused) = (mail("later@cert.example").unwrap(), mail("refused@cert.example").unwrap());
    assert_eq!((&later["given_up"], &later["alerts"]), (&Value::Bool(false), &Value::from(2)), "{later}");
    assert_eq!(refused["given_up"], Value::Bool(true), "{refused}");
    assert!(later["why"].as_str().unwrap().contains("come back later"), "{later}");
    assert!(refused["why"].as_str().unwrap().contains("no such person"), "{refused}");
    // A start does not forget it.
    let _serving = node.serve();
    std::fs::remove_file(path("fails")).unwrap();
    let alert = server.next();
    assert_eq!(alert["to"], serde_json::json!(["later@cert.example"]), "{alert}");
    assert!(alert["text"].as_str().unwrap().contains("10,000 ETH to Harbour Exchange (exchange)"), "{alert}");
    assert!(wait(TIME, || mail("later@cert.example").is_none().then_some(())).is_some(), "it waits no more");
    assert!(mail("refused@cert.example").is_some(), "what was refused stays said");
}
