//! A theft of Bitcoin is a case as any other: followed through a node's blocks as they come, alerted, asked to be frozen, shared; and through
//! a bridge to another chain.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::node::{Node, shared, wait};

const TIME: Duration = Duration::from_secs(60);
/// The coins of block 9, of which the first payment ever was made, in block 170: ten of them to Hal Finney.
const STOLEN: &str = "0437cd7f8525ceed2324359c2d0ba26006d92d856a9c20fa0241106ee5a597c9";
const FIRST: &str = "f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16";
const FINNEY: &str = "1Q2TWHE3GMdB6BZKafqwxXtWAWgFt5Jvm3";
/// Who had the coins of block 9, and got the change of that payment.
const MINER: &str = "12cbQLTFMXRnSzktFkuoG3eHoMeFtpTu3S";
const COIN: u64 = 100_000_000;

/// The blocks 1 to 255 in two files of a node: those before the first payment, and the others.
fn blocks() -> [Vec<u8>; 2] {
    let (file, mut bytes) =
        (std::fs::File::open(shared("assets/chain/bitcoin/blocks1-256.bz2")).unwrap(), Vec::new());
    bzip2::read::MultiBzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    let mut at = 0;
    for _ in 1..170 {
        at += 8 + u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
    }
    let later = bytes.split_off(at);
    [bytes, later]
}

fn put(folder: &Path, number: usize, bytes: &[u8]) {
    std::fs::create_dir_all(folder).unwrap();
    let beside = folder.join("new");
    std::fs::write(&beside, bytes).unwrap();
    std::fs::rename(beside, folder.join(format!("blk{number:05}.dat"))).unwrap();
}

fn folder(node: &Node) -> PathBuf {
    node.dir.path().join("blocks")
}

fn labels(node: &Node, category: &str) -> String {
    node.file("labels.csv", format!("address,name,category\n{FINNEY},Harbour Exchange,{category}\n"))
}

fn opened(node: &Node, store: &Path, more: &[&str]) -> Value {
    let labels = labels(node, "exchange");
    let theft = format!("{STOLEN}:0");
    let store = store.display().to_string();
    let new = ["case", "new", "first", "--title", "The first theft", "--store", &store, "--theft", &theft];
    node.json(&[&new[..], &["--labels", &labels, "--circle", "region"], more].concat())
}

fn case(node: &Node) -> Value {
    node.json(&["case", "show", "first"])
}

fn part(case: &Value, part: &str) -> u64 {
    let place = &case["where"][0];
    assert_eq!(
        (&place["chain"], &place["asset"], &place["decimals"]),
        (&"bitcoin".into(), &"BTC".into(), &8.into())
    );
    place[part].as_str().unwrap().parse().unwrap()
}

fn refused(node: &Node, args: &[&str], why: &str) {
    let output = node.command(args).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(matches!(output.status.code(), Some(1 | 2)) && told.contains(why), "{args:?}: {told}");
}

#[test]
fn a_theft_of_bitcoin_is_a_case_from_new_blocks_to_the_freeze() {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--ceiling", "amber", "--member", "exchange", "--member", "list"]);
    std::fs::write(node.data().join("bongsu.toml"), "[node]\nmember = \"exchange\"\n").unwrap();
    let [early, later] = blocks();
    put(&folder(&node), 0, &early);
    opened(&node, &folder(&node), &["--share-at-once"]);
    let serving = node.serve();
    let before = wait(TIME, || Some(case(&node)).filter(|case| !case["traced"].is_null())).unwrap();
    assert_eq!([part(&before, "stolen"), part(&before, "held")], [50 * COIN, 50 * COIN]);
    assert_eq!(before["alerts"], Value::Array(Vec::new()));
    let known = |address: &str| -> bool {
        let answer = node.text(&serving, "list", &format!("/screening/value?value={address}"));
        serde_json::from_str::<Value>(&answer).unwrap()["results"][0]["result"] == "match"
    };
    assert!(wait(TIME, || known(MINER).then_some(())).is_some(), "who holds it is known at once");
    // The node of Bitcoin begins another file.
    put(&folder(&node), 1, &later);
    let alerted = || Some(case(&node)).filter(|case| !case["alerts"].as_array().unwrap().is_empty());
    let after = wait(TIME, alerted).unwrap();
    let parts = ["stolen", "held", "at_services", "stoppable", "burnt"].map(|of| part(&after, of));
    assert_eq!(parts, [50 * COIN, 40 * COIN, 10 * COIN, 50 * COIN, 0]);
    let arrival = &after["alerts"][0]["arrivals"][0];
    assert_eq!(
        (&arrival["transaction"], &arrival["block"], &arrival["from"], &arrival["to"]),
        (&format!("{FIRST}:0").into(), &170.into(), &MINER.into(), &FINNEY.into()),
        "{arrival}"
    );
    // Whoever got of the change is known too, and customers of the exchange did nothing.
    let holder = holder(&node, &after);
    assert!(wait(TIME, || known(&holder).then_some(())).is_some(), "{holder}");
    assert!(!known(FINNEY));
    pages(&node, &serving);
    asked(&node);
    serving.kill();
    assert_eq!(part(&case(&node), "frozen"), 10 * COIN);
    let shared = node.json(&["case", "share", "first"]);
    assert_eq!(
        (&shared["circles"][0]["added"], &shared["circles"][0]["refused"]),
        (&0.into(), &0.into()),
        "{shared}"
    );
    let timeline = node.json(&["case", "timeline", "first"]).to_string();
    assert!(
        timeline.contains("50 BTC on bitcoin") && timeline.contains("10 BTC to Harbour Exchange"),
        "{timeline}"
    );
}

/// Somebody who holds some of it, and is not who mined it.
fn holder(node: &Node, case: &Value) -> String {
    assert!(case["crossings"]["followed"].as_array().unwrap().is_empty());
    let found = std::fs::read(node.data().join("cases/first/found.json")).unwrap();
    let found: Value = serde_json::from_slice(&found).unwrap();
    let holders = found[0]["holders"].as_array().unwrap();
    let mut addresses = holders.iter().map(|holder| holder["address"].as_str().unwrap());
    addresses.find(|address| ![MINER, FINNEY].contains(address)).unwrap().to_owned()
}

fn pages(node: &Node, serving: &crate::node::Serving) {
    let page = node.as_operator(serving, "/cases/first");
    for told in ["Harbour Exchange", "10 BTC", "<svg", "can still be stopped", "arrived"] {
        assert!(page.contains(told), "{told}: {page}");
    }
    let graph = node.as_operator(serving, &format!("/cases/first/graph?open=unknown:0,{MINER}:0"));
    assert!(graph.contains("Harbour Exchange") && graph.contains(MINER), "{graph}");
}

/// The exchange is asked, with the way from coin to coin, and freezes.
fn asked(node: &Node) {
    let drafted = node.json(&["case", "request", "first", "Harbour Exchange"]);
    let document = &drafted["document"];
    assert_eq!((&document["totals"][0]["amount"], &document["outputs"]), (&"10 BTC".into(), &true.into()));
    let path = document["arrivals"][0]["path"].as_array().unwrap();
    let way: Vec<&str> = path
        .iter()
        .map(|at| {
            let at = usize::try_from(at.as_u64().unwrap()).unwrap();
            document["transfers"][at]["transaction"].as_str().unwrap()
        })
        .collect();
    assert_eq!(way, [format!("{STOLEN}:0"), format!("{FIRST}:0")]);
    assert_eq!(document["transfers"][0]["block"], 9);
    let out = node.dir.path().join("request");
    node.json(&["case", "document", "first", "1", "--out", out.to_str().unwrap()]);
    let text = std::process::Command::new("pdftotext")
        .arg(out.join("first-request-1.pdf"))
        .arg("-")
        .output()
        .unwrap();
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("10 BTC") && text.contains("from output to output"), "{text}");
    node.json(&["case", "send", "first", "1", "--by-hand", "liaison officer"]);
    node.json(&["case", "answer", "first", "1", "frozen"]);
}

#[test]
fn what_is_no_theft_of_bitcoin_is_told() {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--ceiling", "amber", "--member", "exchange"]);
    let [early, later] = blocks();
    put(&folder(&node), 0, &early);
    put(&folder(&node), 1, &later);
    let path = folder(&node).display().to_string();
    let new = |store: &str, more: &[&str], why: &str| {
        refused(&node, &[&["case", "new", "other", "--title", "T", "--store", store], more].concat(), why);
    };
    new(&path, &[], "--theft TXID:VOUT");
    new(&path, &["--theft", "12"], "TXID");
    new(&path, &["--theft", &format!("{STOLEN}:3")], "has 1 outputs");
    new(&path, &["--victim", MINER, "--thief", FINNEY], "no payments of an address");
    std::fs::create_dir(node.dir.path().join("empty")).unwrap();
    new(&node.dir.path().join("empty").display().to_string(), &["--theft", STOLEN], "store");
    // Bitcoin has a method of its own, and a chain of accounts knows neither it nor outputs.
    let rows = format!(
        "block,index,tx,time,from,to,asset,amount\n1,0,0xaa,1793527200,0x{0},0x{1},ETH,5\n",
        "11".repeat(20),
        "22".repeat(20)
    );
    let rows = node.file("rows.csv", rows);
    let store = node.dir.path().join("store").display().to_string();
    node.json(&["trace", "load", &store, &rows, "--mapping", "bongsu", "--chain", "ethereum"]);
    new(&store, &["--theft", STOLEN], "has no outputs");
    let (victim, thief) = (format!("0x{}", "11".repeat(20)), format!("0x{}", "22".repeat(20)));
    new(&store, &["--victim", &victim, "--thief", &thief, "--method", "tiho"], "TIHO");
    opened(&node, &folder(&node), &["--method", "tiho"]);
    node.json(&["case", "trace", "first"]);
    assert_eq!(part(&case(&node), "stolen"), 50 * COIN);
    refused(&node, &["case", "change", "first", "--store", &store], "TIHO");
    // The first file that counts is named: what is before it is not read, and so the theft is not there.
    refused(
        &node,
        &[
            "case",
            "new",
            "late",
            "--title",
            "T",
            "--store",
            &format!("{path}/blk00001.dat"),
            "--theft",
            STOLEN,
        ],
        "no transaction",
    );
    node.json(&[
        "case",
        "new",
        "late",
        "--title",
        "T",
        "--store",
        &format!("{path}/blk00001.dat"),
        "--theft",
        FIRST,
    ]);
    node.json(&["case", "trace", "late"]);
    let late = node.json(&["case", "show", "late"]);
    assert_eq!(late["where"][0]["stolen"], (50 * COIN).to_string());
}

/// Ten coins enter a bridge, and come out on another chain, where an exchange gets most of them.
#[test]
fn what_leaves_bitcoin_by_a_bridge_is_followed_on_the_other_chain() {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--ceiling", "amber", "--member", "exchange"]);
    let [early, later] = blocks();
    put(&folder(&node), 0, &[early, later].concat());
    let [bridge, mule, exchange] = ["44", "55", "66"].map(|two| format!("0x{}", two.repeat(20)));
    // The first payment was on 2009-01-12 at 03:30:25 UTC.
    let rows = node.file(
        "rows.csv",
        format!(
            "block,index,tx,time,from,to,asset,amount\n\
             1,0,0xbb01,2009-01-12T03:50:00Z,{bridge},{mule},BTC,999000000\n\
             2,0,0xbb02,2009-01-12T05:00:00Z,{mule},{exchange},BTC,800000000\n"
        ),
    );
    let mapping = node.file(
        "mapping.toml",
        "block = { column = \"block\" }\nindex = { column = \"index\" }\ntransaction = { column = \"tx\" }\n\
         from = { column = \"from\" }\nto = { column = \"to\" }\ntime = { column = \"time\" }\n\
         amount = { column = \"amount\", unit = \"smallest\" }\nasset = { column = \"asset\", other-decimals = 8 }\n",
    );
    let store = node.dir.path().join("store").display().to_string();
    node.json(&["trace", "load", &store, &rows, "--mapping", &mapping, "--chain", "ethereum"]);
    let labels = node.file(
        "labels.csv",
        format!(
            "address,name,category\n{FINNEY},Span,bridge\n{bridge},Span,bridge\n{exchange},Harbour Exchange,exchange\n"
        ),
    );
    let path = folder(&node).display().to_string();
    node.json(&[
        "case",
        "new",
        "span",
        "--title",
        "Over the bridge",
        "--store",
        &path,
        "--also",
        &store,
        "--theft",
        STOLEN,
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
    let place = |chain: &str, part: &str| -> u64 {
        let places = shown["where"].as_array().unwrap();
        let place = places.iter().find(|place| place["chain"] == chain).unwrap();
        place[part].as_str().unwrap().parse().unwrap()
    };
    assert_eq!(
        ["stolen", "crossed", "held"].map(|part| place("bitcoin", part)),
        [50 * COIN, 10 * COIN, 40 * COIN]
    );
    assert_eq!(["stolen", "at_services"].map(|part| place("ethereum", part)), [999_000_000, 8 * COIN]);
    let document = node.json(&["case", "request", "span", "Harbour Exchange"]);
    let document = &document["document"];
    let path = document["arrivals"][0]["path"].as_array().unwrap();
    let way: Vec<&str> = path
        .iter()
        .map(|at| {
            let at = usize::try_from(at.as_u64().unwrap()).unwrap();
            document["transfers"][at]["transaction"].as_str().unwrap()
        })
        .collect();
    assert_eq!(way, [&format!("{STOLEN}:0"), &format!("{FIRST}:0"), "0xbb01", "0xbb02"]);
}
