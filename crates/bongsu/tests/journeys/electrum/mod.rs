//! A theft of Bitcoin is fetched from an Electrum server (ElectrumX, over a node that is bcoin) and followed as through the blocks themselves; a chain
//! that goes another way is followed there; and a server that lies is found out.

mod asked;
mod chain;

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::node::Node;
use chain::{COIN, Chain, Lie, Running, between, labels, laundered, lines};

#[test]
fn what_is_fetched_is_followed_as_the_blocks_themselves() {
    let dir = tempfile::tempdir().unwrap();
    let mut chain = Chain::start(dir.path());
    let (theft, last) = laundered(&mut chain);
    labels(&mut chain, &theft);
    chain.serves();
    let base = ["--theft", &theft, "--labels", "labels.csv"];
    let told = chain.fetched(&base);
    let ended = told.last().unwrap();
    assert_eq!((&ended["event"], &ended["chain"]), (&"ended".into(), &"bitcoin-regtest".into()), "{told:?}");
    // By FIFO nothing came to the last transaction but from one of its inputs: the theft, two peels, the mix, and it.
    assert_eq!((&ended["transactions"], &ended["left"]), (&5.into(), &json!([])), "{told:?}");
    let found = chain.same(&base);
    let total = |found: &Value, of: &str| found["total"][of].as_str().unwrap().parse::<u64>().unwrap();
    assert_eq!((total(&found, "stolen"), total(&found, "entered")), (30 * COIN, 998 * COIN / 100));
    assert_eq!(found["services"][0]["name"], "Harbour");
    let fates: Vec<&str> =
        found["outputs"].as_array().unwrap().iter().map(|one| one["fate"].as_str().unwrap()).collect();
    assert!(fates.contains(&"spent") && fates.contains(&"unspent"), "{fates:?}");

    // Clean coins went first into the mix, so that its first output is clean by FIFO alone: other rules reach further, and so do other labels. What
    // nobody was asked for is no finding.
    let mixed = found["outputs"].as_array().unwrap().iter().find(|one| one["spent_by"] == last.as_str());
    let mixed = mixed.unwrap()["output"].as_str().unwrap().split(':').next().unwrap().to_owned();
    for method in ["poison", "haircut", "lifo", "tiho"] {
        let output = chain.bitcoin("fetched", &[&base[..], &["--method", method]].concat());
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        let is_told = why.contains(&format!("nobody was asked who spends {mixed}:0"));
        assert!(
            output.status.code() == Some(1) && output.stdout.is_empty() && is_told,
            "{method}: {output:?}"
        );
    }
    let output = chain.bitcoin("fetched", &base[..2]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("nobody was asked who spends"), "{output:?}");
    // What poison reaches is enough for all; what was there is not fetched again.
    let told = chain.fetched(&[&base[..], &["--method", "poison"]].concat());
    assert_eq!(told.last().unwrap()["added"], 0, "{told:?}");
    for method in ["poison", "haircut", "fifo", "lifo", "tiho"] {
        chain.same(&[&base[..], &["--method", method]].concat());
    }
    follows(&mut chain, &base);

    // The last payment is taken back, and made in another way, on a longer chain; the server notices.
    let height = chain.ask("height", json!({})).as_u64().unwrap();
    chain.ask("leave", json!({"height": height}));
    let other = chain.pay(&[(&mixed, 2)], &[(16, 700)]);
    chain.mine(3);
    chain.is_upto_date();
    let told = chain.fetched(&base);
    let turned =
        told.iter().find(|line| line["event"] == "reorganised").unwrap_or_else(|| panic!("{told:?}"));
    assert_eq!((&turned["from"], &turned["dropped"]), (&height.into(), &1.into()), "{turned}");
    let found = chain.same(&base);
    assert!(found.to_string().contains(&other) && !found.to_string().contains(&last));
    waits(&mut chain, &base, &other);
    encrypted(&chain, &base);
    limits(&chain, &base);
}

/// `follow` and cases take what was fetched as blocks.
fn follows(chain: &mut Chain, base: &[&str]) {
    let follow = |from: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
        command.env_clear().current_dir(&chain.folder).args(["--json", "trace", "follow", from]);
        let output = command.args(base).output().unwrap();
        assert!(output.status.success(), "{from}: {output:?}");
        lines(&output).remove(0)
    };
    let (blocks, fetched) = (follow("blk00000.dat"), follow("fetched"));
    assert_eq!(blocks["totals"], fetched["totals"]);
    // Numbers count payments among those that are there.
    let unnumbered = |mut services: Value| {
        let entered = services.as_array_mut().unwrap().iter_mut();
        for entry in entered.flat_map(|one| one["entries"].as_array_mut().unwrap()) {
            entry["transfer"].as_object_mut().unwrap().remove("number").unwrap();
        }
        services
    };
    assert_eq!(unnumbered(blocks["services"].clone()), unnumbered(fetched["services"].clone()));
    assert_eq!(fetched["totals"][0]["stolen"], (30 * COIN).to_string());
    let node = Node::new();
    let found = ["blk00000.dat", "fetched"].map(|from| {
        let name = from.split('.').next().unwrap();
        let [store, labels] =
            [from, "labels.csv"].map(|file| chain.folder.join(file).to_str().unwrap().to_owned());
        let new = ["case", "new", name, "--title", "Thirty coins", "--store", &store, "--theft", base[1]];
        node.json(&[&new[..], &["--labels", &labels]].concat());
        node.json(&["case", "trace", name]);
        let case = node.json(&["case", "show", name]);
        let parts = ["stolen", "held", "at_services", "burnt"].map(|part| case["where"][0][part].clone());
        let arrivals = &case["alerts"][0]["arrivals"];
        (parts, arrivals.as_array().unwrap().iter().map(|one| one["transaction"].clone()).collect::<Vec<_>>())
    });
    let parts = [3_000, 1_989, 998, 13].map(|part| Value::from((part * COIN / 100).to_string()));
    assert_eq!((&found[0], &found[1].0, found[1].1.len()), (&found[1], &parts, 2));
}

/// A run that goes on fetches what comes, also from a server that was gone meanwhile.
fn waits(chain: &mut Chain, base: &[&str], from: &str) {
    let mut command = chain.fetching(&chain.at());
    command.args(base).args(["--every", "1", "--confirmations", "0"]);
    let mut running = Running(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut told = BufReader::new(running.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    chain.server = None;
    let waiting = told.find(|line| line.contains("\"waiting\"")).unwrap();
    assert!(waiting.contains("127.0.0.1 gives no answer"), "{waiting}");
    let spent = chain.pay(&[(from, 0)], &[(17, 690)]);
    chain.mine(1);
    chain.serves();
    let read = told.find(|line| line.contains("\"read\"")).unwrap();
    assert!(read.contains("\"added\":1"), "{read}");
    let ended = Command::new("kill").args(["-TERM", &running.0.id().to_string()]).status().unwrap();
    assert!(ended.success() && running.0.wait().unwrap().success());
    assert!(told.last().unwrap().contains("\"ended\""));
    assert!(chain.same(base).to_string().contains(&spent));
}

/// Over TLS a server shows the certificate that was named, or none that counts.
fn encrypted(chain: &Chain, base: &[&str]) {
    let at = format!("ssl://127.0.0.1:{}", chain.encrypted);
    let output = chain.fetch(&at, &[base, &["--certificate", "server.pem"]].concat());
    assert!(output.status.success(), "{output:?}");
    let output = chain.fetch(&at, base);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && told.contains("TLS"), "{told}");
    let other = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(chain.folder.join("other.pem"), other.cert.pem()).unwrap();
    let output = chain.fetch(&at, &[base, &["--certificate", "other.pem"]].concat());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && told.contains("TLS"), "{told}");
}

/// What is not asked for because of a limit is told, wherever it is read.
fn limits(chain: &Chain, base: &[&str]) {
    for limit in [["--most", "2"], ["--history", "1"]] {
        let _not_there = std::fs::remove_dir_all(chain.folder.join("fetched"));
        let output = chain.fetch(&chain.at(), &[base, &limit].concat());
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let left = lines(&output).last().unwrap()["left"].to_string();
        assert!(left.contains("is not known") && left.contains(limit[0]), "{left}");
        let output = chain.bitcoin("fetched", base);
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        assert!(lines(&output)[0]["blocks"]["unread"].to_string().contains(limit[0]));
    }
    // The mix has five blocks behind it, and what came before it six and more.
    let _not_there = std::fs::remove_dir_all(chain.folder.join("fetched"));
    let output = chain.fetch(&chain.at(), &[base, &["--confirmations", "9"]].concat());
    let why = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && why.contains("fewer than 9 blocks behind it"), "{output:?}");
    let told = chain.fetched(&[base, &["--confirmations", "6"]].concat());
    assert_eq!(told.last().unwrap()["transactions"], 3, "{told:?}");
    // Who may choose the chain may make one at no cost: it is the one that is asked for, or none.
    let other = || {
        let output = chain.fetching_on(&chain.at(), "main").arg("--once").args(base).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(other().contains("another is asked for"));
    std::fs::remove_dir_all(chain.folder.join("fetched")).unwrap();
    assert!(other().contains("is not of"));
}

/// Puts another digit at a place of a text; from the end if the place is below zero.
fn turned(value: &mut Value, at: isize) {
    let mut text = value.as_str().unwrap().as_bytes().to_vec();
    let at = if at < 0 { text.len() - at.unsigned_abs() } else { at.unsigned_abs() };
    text[at] = if text[at] == b'0' { b'1' } else { b'0' };
    *value = String::from_utf8(text).unwrap().into();
}

#[test]
fn a_server_that_lies_is_found_out_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut chain = Chain::start(dir.path());
    let (theft, _) = laundered(&mut chain);
    chain.serves();
    let base = ["--theft", theft.as_str(), "--method", "poison"];
    let (at, lie) = between(chain.plain);
    let lies: [(&str, Lie); 8] = [
        // A transaction that is another one, by one bit of what it pays.
        ("was asked for, and", |method, told| {
            if method == "blockchain.transaction.get" {
                turned(told, -30);
            }
        }),
        ("does not lead to the root", |method, told| {
            if method == "blockchain.transaction.get_merkle" {
                turned(&mut told["merkle"][0], 5);
            }
        }),
        ("does not lead to the root", |method, told| {
            if method == "blockchain.transaction.get_merkle" {
                told["pos"] = (told["pos"].as_u64().unwrap() + 2).into();
            }
        }),
        ("is for block", |method, told| {
            if method == "blockchain.transaction.get_merkle" {
                told["block_height"] = (told["block_height"].as_u64().unwrap() + 1).into();
            }
        }),
        // Headers: another time, so that it was not worked for, or the next one names another.
        ("header of block", |method, told| {
            if method == "blockchain.block.headers" {
                turned(&mut told["hex"], 140);
            }
        }),
        ("another target", |method, told| {
            if method == "blockchain.block.headers" && told["count"].as_u64() > Some(1) {
                let text = told["hex"]
                    .as_str()
                    .unwrap()
                    .replacen("ffff7f20", "ffff7f1f", 2)
                    .replacen("ffff7f1f", "ffff7f20", 1);
                told["hex"] = text.into();
            }
        }),
        // A history that puts a transaction into another block, which the server behind can't prove.
        ("not in block at height", |method, told| {
            if method == "blockchain.scripthash.get_history" {
                for one in told.as_array_mut().unwrap() {
                    one["height"] = (one["height"].as_u64().unwrap() - 1).into();
                }
            }
        }),
        ("does not fit", |method, told| {
            if method == "blockchain.scripthash.get_history" {
                *told = json!({"history": told});
            }
        }),
    ];
    for (why, told) in lies {
        *lie.lock().unwrap() = told;
        let output = chain.fetch(&at, &base);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.code() == Some(1) && error.contains(why) && error.contains("127.0.0.1"),
            "{why}: {output:?}"
        );
        assert!(!chain.folder.join("fetched/electrum.json").exists(), "{why}");
    }
    // The truth in between is as good as the truth.
    *lie.lock().unwrap() = |_, _| {};
    let output = chain.fetch(&at, &base);
    assert!(output.status.success(), "{output:?}");
    chain.same(&base);
    // A block that is known from elsewhere is the chain's, or it is told.
    let genesis = "0:0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206";
    assert!(chain.fetch(&at, &[&base[..], &["--checkpoint", genesis]].concat()).status.success());
    let output = chain.fetch(&at, &[&base[..], &["--checkpoint", &genesis.replace("0:", "1:")]].concat());
    assert!(String::from_utf8_lossy(&output.stderr).contains("is to be 0f9188"), "{output:?}");
    // What lies on the disk is held to its proofs as well.
    let path = chain.folder.join("fetched/electrum.json");
    let kept = std::fs::read_to_string(&path).unwrap();
    let at = kept.find("\"raw\":\"").unwrap() + 7 + 120;
    let mut other = kept.into_bytes();
    other[at] = if other[at] == b'0' { b'1' } else { b'0' };
    std::fs::write(&path, other).unwrap();
    let output = chain.bitcoin("fetched", &base);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && error.contains("is damaged"), "{error}");
}
