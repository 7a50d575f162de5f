//! A node that lies, or breaks off, is found out in bounded time, and nothing of it comes into the store. The node is a small server with
//! a chain of its own making, which also knows what ganache does not: receipts by the block, and traces.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// What is wrong with the answers of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lie {
    Nothing,
    /// From this block on, parents are made up.
    Parent(u64),
    /// This block comes under the number behind it.
    Number(u64),
    /// The receipts of this block are of another one.
    Receipts(u64),
    /// A transaction of this block has no receipt.
    NoReceipt(u64),
    /// Traces of this block are of another one.
    Traces(u64),
    /// Answers with this block break off in the middle.
    Cut(u64),
    /// Answers are of another form.
    Form,
    /// The chain is said to be longer than any can be.
    Endless,
    /// Each block has another hash each time that it is asked for.
    Restless,
}

#[derive(Debug, Clone, Copy)]
struct Chain {
    height: u64,
    lie: Lie,
    /// How often it was asked.
    asked: u64,
}

fn hash(kind: u64, number: u64) -> String {
    format!("{:#066x}", u128::from(kind) << 64 | u128::from(number))
}

fn address(number: u64) -> String {
    format!("{number:#042x}")
}

impl Chain {
    fn block_hash(&self, number: u64) -> String {
        match self.lie {
            Lie::Restless => hash(1_000 + self.asked, number),
            _ => hash(1, number),
        }
    }

    /// A block with one payment of as much as its number.
    fn block(&self, number: u64) -> Value {
        let parent = match self.lie {
            Lie::Parent(from) if number >= from => hash(77, number),
            _ => self.block_hash(number.wrapping_sub(1)),
        };
        let shown = if self.lie == Lie::Number(number) { number + 1 } else { number };
        json!({
            "hash": self.block_hash(number), "parentHash": parent, "number": format!("{shown:#x}"), "timestamp": format!("{:#x}", 1_700_000_000 + number),
            "transactions": [{"hash": hash(2, number), "from": address(1), "to": address(2), "value": format!("{number:#x}")}],
        })
    }

    fn receipts(&self, number: u64) -> Value {
        let of = if self.lie == Lie::Receipts(number) { number - 1 } else { number };
        match self.lie {
            Lie::NoReceipt(at) if at == number => json!([]),
            _ => {
                json!([{"transactionHash": hash(2, number), "blockHash": self.block_hash(of), "status": "0x1", "logs": [], "contractAddress": null}])
            }
        }
    }

    /// The contract that was paid passes half on.
    fn traces(&self, number: u64) -> Value {
        let of = if self.lie == Lie::Traces(number) { number - 1 } else { number };
        let (block, transaction) = (self.block_hash(of), hash(2, number));
        let call = |from: u64, to: u64, value: u64, at: &[u64]| {
            json!({"type": "call", "blockHash": block, "transactionHash": transaction, "traceAddress": at,
                   "action": {"callType": "call", "from": address(from), "to": address(to), "value": format!("{value:#x}")}})
        };
        json!([call(1, 2, number, &[]), call(2, 3, number / 2, &[0])])
    }

    fn answer(&self, call: &Value) -> Value {
        let number = || u64::from_str_radix(&call["params"][0].as_str().unwrap()[2..], 16).unwrap();
        let result = match call["method"].as_str().unwrap() {
            "eth_chainId" => json!("0x1"),
            "eth_blockNumber" if self.lie == Lie::Endless => "0xffffffffffffffff".into(),
            "eth_getBlockByNumber" if number() > self.height => Value::Null,
            "eth_getBlockReceipts" if number() > self.height => Value::Null,
            "eth_blockNumber" => format!("{:#x}", self.height).into(),
            "eth_getBlockByNumber" => self.block(number()),
            "eth_getBlockReceipts" => self.receipts(number()),
            "trace_block" => self.traces(number()),
            other => panic!("{other}"),
        };
        match self.lie {
            Lie::Form => json!({"id": call["id"], "outcome": result}),
            _ => json!({"jsonrpc": "2.0", "id": call["id"], "result": result}),
        }
    }
}

/// Serves a chain; what it is can be changed.
fn serve() -> (String, Arc<Mutex<Chain>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let chain = Arc::new(Mutex::new(Chain { height: 40, lie: Lie::Nothing, asked: 0 }));
    let served = Arc::clone(&chain);
    std::thread::spawn(move || listener.incoming().flatten().for_each(|stream| answer(stream, &served)));
    (url, chain)
}

fn answer(mut stream: TcpStream, chain: &Mutex<Chain>) {
    let (mut request, mut part) = (Vec::new(), [0; 65_536]);
    let body = loop {
        let read = stream.read(&mut part).unwrap();
        request.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&request).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap();
        if body.len() == length.trim().parse::<usize>().unwrap() {
            break request[request.len() - body.len()..].to_vec();
        }
    };
    let calls: Value = serde_json::from_slice(&body).unwrap();
    let mut chain = chain.lock().unwrap();
    chain.asked += 1;
    let told = match &calls {
        Value::Array(calls) => calls.iter().map(|call| chain.answer(call)).collect(),
        call => chain.answer(call),
    };
    let is_cut = matches!(chain.lie, Lie::Cut(at) if calls.to_string().contains(&format!("\"{at:#x}\"")));
    drop(chain);
    let text = told.to_string();
    let sent = if is_cut { &text[..text.len() / 2] } else { &text[..] };
    // Who asked may be gone.
    let _is_gone = write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{sent}",
        text.len()
    );
}

fn live(folder: &Path, url: &str, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
    command.env_clear().current_dir(folder).args([
        "--json",
        "trace",
        "live",
        "store",
        "--node",
        url,
        "--allow",
        "127.0.0.1",
    ]);
    command.args(["--confirmations", "0"]).args(args).output().unwrap()
}

fn stored(folder: &Path) -> Vec<(u64, String)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
    let command = command.env_clear().current_dir(folder).args([
        "--json",
        "trace",
        "transfers",
        "store",
        &address(2),
        "--most",
        "1000",
    ]);
    let output = command.output().unwrap();
    let told: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let transfers = told["transfers"].as_array().unwrap();
    transfers
        .iter()
        .map(|one| (one["block"].as_u64().unwrap(), one["amount"].as_str().unwrap().to_owned()))
        .collect()
}

fn paid(blocks: std::ops::RangeInclusive<u64>) -> Vec<(u64, String)> {
    blocks.map(|number| (number, number.to_string())).collect()
}

#[test]
fn a_node_that_lies_is_told_and_nothing_wrong_is_kept() {
    let (url, chain) = serve();
    for (lie, said) in [
        (Lie::Parent(45), "without growing beyond block 44"),
        (Lie::Number(45), "block 45 was asked for, and 46 came"),
        (Lie::Receipts(45), "another block came"),
        (Lie::NoReceipt(45), "has no receipt"),
        (Lie::Form, "JSON-RPC"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        *chain.lock().unwrap() = Chain { height: 40, lie: Lie::Nothing, asked: 0 };
        let good = live(dir.path(), &url, &["--once", "--from", "1"]);
        assert!(good.status.success(), "{good:?}");
        assert_eq!(stored(dir.path()), paid(1..=40));
        *chain.lock().unwrap() = Chain { height: 60, lie, asked: 0 };
        let begun = Instant::now();
        // Waiting would not help, so that it is not waited without --once either.
        for args in [&["--once"][..], &[]] {
            let told = live(dir.path(), &url, args);
            let error = String::from_utf8_lossy(&told.stderr).into_owned();
            assert_eq!(told.status.code(), Some(1), "{lie:?}: {told:?}");
            assert!(error.contains(said), "{lie:?}: {error}");
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{lie:?}");
        let kept = stored(dir.path());
        assert!(kept.len() <= 44 && kept == paid(1..=kept.len() as u64), "{lie:?}: {kept:?}");
        // With a node that tells the truth it goes on.
        *chain.lock().unwrap() = Chain { height: 60, lie: Lie::Nothing, asked: 0 };
        assert!(live(dir.path(), &url, &["--once"]).status.success());
        assert_eq!(stored(dir.path()), paid(1..=60), "{lie:?}");
    }
}

#[test]
fn answers_that_break_off_or_change_are_not_kept() {
    let (url, chain) = serve();
    let dir = tempfile::tempdir().unwrap();
    *chain.lock().unwrap() = Chain { height: 40, lie: Lie::Cut(30), asked: 0 };
    let told = live(dir.path(), &url, &["--once", "--from", "1"]);
    assert_eq!(told.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&told.stderr).contains("gives no answer"), "{told:?}");
    let read = stored(dir.path());
    assert_eq!(read, paid(1..=read.len() as u64));
    assert!(read.len() < 30);
    // A chain that is said to have no end is read as far as it goes.
    *chain.lock().unwrap() = Chain { height: 40, lie: Lie::Endless, asked: 0 };
    let told = live(dir.path(), &url, &["--once"]);
    assert_eq!(told.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&told.stderr).contains("has no block 41 yet"), "{told:?}");
    assert_eq!(stored(dir.path()), paid(1..=40));
    // A chain of which each block is another one each time: no end would come.
    let other = tempfile::tempdir().unwrap();
    *chain.lock().unwrap() = Chain { height: 40, lie: Lie::Restless, asked: 0 };
    let told = live(other.path(), &url, &["--from", "1"]);
    assert_eq!(told.status.code(), Some(1), "{told:?}");
    assert!(chain.lock().unwrap().asked < 2_000, "{:?}", chain.lock().unwrap());
}

#[test]
fn what_contracts_pay_is_read_from_traces() {
    let (url, chain) = serve();
    let dir = tempfile::tempdir().unwrap();
    let told = live(dir.path(), &url, &["--once", "--from", "1", "--until", "9", "--traces"]);
    assert!(told.status.success(), "{told:?}");
    // The second account got each block's number, and passed half of it on; a half of nothing is nothing.
    let expected: Vec<(u64, String)> = (1..=9_u64)
        .flat_map(|number| [number, number / 2].map(|amount| (number, amount.to_string())))
        .filter(|(_, amount)| amount != "0")
        .collect();
    assert_eq!(stored(dir.path()), expected);
    *chain.lock().unwrap() = Chain { height: 40, lie: Lie::Traces(20), asked: 0 };
    let told = live(dir.path(), &url, &["--once", "--traces"]);
    assert_eq!(told.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&told.stderr).contains("block 20"), "{told:?}");
    // What does not belong together is refused.
    let elsewhere = live(dir.path(), &url, &["--once", "--from", "3"]);
    assert_eq!(elsewhere.status.code(), Some(2), "{elsewhere:?}");
}
