//! A chain is read from a node of its own: a real one (ganache), with ether and a token, that goes another way, stops and comes again.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::node::{client, port, wait};

const GANACHE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../.peers/node/node_modules/ganache/dist/node/cli.js");
/// The bytes of `token.sol`, compiled.
const TOKEN: &str = include_str!("token.hex");

/// A node of a chain; ended when this value goes.
struct Ganache {
    child: Child,
    url: String,
    accounts: Vec<String>,
}

impl Drop for Ganache {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _ended_already = self.child.wait();
    }
}

impl Ganache {
    /// Starts one that keeps its chain in a folder.
    fn start(folder: &Path, port: u16) -> Self {
        let child = Command::new("node")
            .args([GANACHE, "--wallet.deterministic", "--server.port", &port.to_string()])
            .args(["--chain.hardfork", "shanghai", "--database.dbPath"])
            .arg(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("node: {error}; run scripts/setup"));
        let mut node = Self { child, url: format!("http://127.0.0.1:{port}"), accounts: Vec::new() };
        let up = || {
            let asked = client()
                .post(&node.url)
                .json(&json!({"jsonrpc": "2.0", "id": 1, "method": "eth_accounts", "params": []}));
            asked.send().ok()?.json::<Value>().ok()
        };
        let told = wait(Duration::from_secs(120), up);
        let told = told.unwrap_or_else(|| panic!("{GANACHE} does not start; run scripts/setup"));
        node.accounts = serde_json::from_value(told["result"].clone()).unwrap();
        node
    }

    fn ask(&self, method: &str, params: Value) -> Value {
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let told: Value = client().post(&self.url).json(&call).send().unwrap().json().unwrap();
        assert!(told["error"].is_null(), "{method}: {told}");
        told["result"].clone()
    }

    /// Sends a transaction of the first account, which a block is made of; gives its receipt.
    fn send(&self, mut transaction: Value) -> Value {
        transaction["from"] = self.accounts[0].as_str().into();
        transaction["gas"] = "0x100000".into();
        let hash = self.ask("eth_sendTransaction", json!([transaction]));
        self.ask("eth_getTransactionReceipt", json!([hash]))
    }

    /// Pays coins.
    fn pay(&self, to: usize, amount: u64) {
        self.send(json!({"to": self.accounts[to], "value": format!("{amount:#x}")}));
    }

    /// Makes a token, and gives its contract.
    fn token(&self) -> String {
        let supply = format!("{:064x}", 1_000_000_000_u64);
        let code: String = TOKEN.split_whitespace().collect();
        let receipt = self.send(json!({"data": format!("0x{code}{supply}")}));
        assert_eq!(receipt["status"], "0x1");
        receipt["contractAddress"].as_str().unwrap().to_owned()
    }

    /// Pays tokens.
    fn pay_token(&self, token: &str, to: usize, amount: u64) {
        let to = self.accounts[to].trim_start_matches("0x");
        let receipt = self.send(json!({"to": token, "data": format!("0xa9059cbb{to:0>64}{amount:064x}")}));
        assert_eq!(receipt["status"], "0x1");
    }

    /// All that moved, as the node tells those who ask it in another way: (block, transaction, asset, from, to, amount), in order.
    fn moved(&self) -> Vec<[String; 6]> {
        let number = |value: &Value| u128::from_str_radix(&value.as_str().unwrap()[2..], 16).unwrap();
        let head = number(&self.ask("eth_blockNumber", json!([])));
        let mut moved = Vec::new();
        for block in 0..=head {
            let at = format!("{block:#x}");
            let told = self.ask("eth_getBlockByNumber", json!([at, true]));
            for transaction in told["transactions"].as_array().unwrap() {
                let text = |name: &str| transaction[name].as_str().unwrap().to_owned();
                if number(&transaction["value"]) > 0 {
                    let amount = number(&transaction["value"]).to_string();
                    moved.push([
                        block.to_string(),
                        text("hash"),
                        "COIN".to_owned(),
                        text("from"),
                        text("to"),
                        amount,
                    ]);
                }
            }
            for log in self.ask("eth_getLogs", json!([{"fromBlock": at, "toBlock": at}])).as_array().unwrap()
            {
                let address = |topic: usize| format!("0x{}", &log["topics"][topic].as_str().unwrap()[26..]);
                let text = |name: &str| log[name].as_str().unwrap().to_owned();
                let amount = number(&log["data"]).to_string();
                moved.push([
                    block.to_string(),
                    text("transactionHash"),
                    text("address"),
                    address(1),
                    address(2),
                    amount,
                ]);
            }
        }
        moved
    }

    fn live(&self, folder: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
        command
            .env_clear()
            .current_dir(folder)
            .args(["--json", "trace", "live", "store", "--node", &self.url]);
        command.args(["--allow", "127.0.0.1"]).args(args);
        command
    }

    /// Reads all that is there; gives the lines that were told.
    fn once(&self, folder: &Path, args: &[&str]) -> Vec<Value> {
        let output =
            self.live(folder, &[&["--once", "--confirmations", "0"], args].concat()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        lines(&output)
    }

    /// All that is in the store; in all of it the first account takes part.
    fn stored(&self, folder: &Path) -> Vec<[String; 6]> {
        let verified = trace(folder, &["info", "store", "--verify"]);
        let told = trace(folder, &["transfers", "store", &self.accounts[0], "--most", "1000000"]);
        let transfers = told["transfers"].as_array().unwrap();
        assert_eq!(verified["transfers"], transfers.len());
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let row = |transfer: &Value| {
            ["block", "transaction", "asset", "from", "to", "amount"].map(|name| text(&transfer[name]))
        };
        transfers.iter().map(row).collect()
    }
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn trace(folder: &Path, args: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
    let output =
        command.env_clear().current_dir(folder).args(["--json", "trace"]).args(args).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    lines(&output).remove(0)
}

#[test]
fn coins_and_tokens_arrive_exactly_and_what_a_reorganisation_takes_back_is_taken_back() {
    let dir = tempfile::tempdir().unwrap();
    let chain = Ganache::start(&dir.path().join("chain"), port());
    let token = chain.token();
    for at in 1..20 {
        chain.pay(at % 9 + 1, 1_000_000_000 * at as u64);
        chain.pay_token(&token, at % 9 + 1, at as u64);
    }
    // A transaction that fails moves nothing.
    let dear = json!([{"from": chain.accounts[0], "to": token, "data": format!("0xa9059cbb{:064x}{:064x}", 1, 1_u64 << 60), "gas": "0x100000"}]);
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "eth_sendTransaction", "params": dear});
    let _it_fails = client().post(&chain.url).json(&call).send().unwrap();
    let told = chain.once(dir.path(), &["--from", "0"]);
    let ended = told.last().unwrap();
    assert_eq!((&ended["event"], &ended["added"]), (&"ended".into(), &39.into()), "{told:?}");
    assert_eq!(chain.stored(dir.path()), chain.moved());
    // Decimals are the token's own.
    let transfers = trace(dir.path(), &["transfers", "store", &chain.accounts[0]]);
    let of_token = transfers["transfers"]
        .as_array()
        .unwrap()
        .iter()
        .find(|transfer| transfer["asset"] == token.as_str());
    assert_eq!(of_token.unwrap()["decimals"], 6);
    // The same again changes nothing.
    assert_eq!(chain.once(dir.path(), &[]).last().unwrap()["added"], 0);

    // Twelve blocks that the chain leaves: for longer ones, and for shorter ones.
    for (turn, length) in [(1, 15), (2, 12), (3, 5)] {
        let before = chain.ask("evm_snapshot", json!([]));
        (1..=12).for_each(|at| chain.pay(at % 9 + 1, turn * 1_000 + at as u64));
        chain.once(dir.path(), &[]);
        assert_eq!(chain.stored(dir.path()), chain.moved());
        assert_eq!(chain.ask("evm_revert", json!([before])), true);
        (1..=length).for_each(|at| chain.pay_token(&token, at % 9 + 1, turn * 100 + at as u64));
        let told = chain.once(dir.path(), &[]);
        let turned: Vec<&Value> = told.iter().filter(|line| line["event"] == "reorganised").collect();
        assert_eq!(turned.iter().map(|line| line["dropped"].as_u64().unwrap()).sum::<u64>(), 12, "{told:?}");
        assert_eq!(chain.stored(dir.path()), chain.moved(), "{turn}");
    }
    // With confirmations, what may yet be left is not read.
    chain.pay(1, 77);
    let output = chain.live(dir.path(), &["--once"]).output().unwrap();
    assert_eq!(lines(&output).last().unwrap()["added"], 0);
    (0..12).for_each(|_| drop(chain.ask("evm_mine", json!([]))));
    let output = chain.live(dir.path(), &["--once"]).output().unwrap();
    assert_eq!(lines(&output).last().unwrap()["added"], 1);
    assert_eq!(chain.stored(dir.path()), chain.moved());
}

/// A run that is killed where it happens to be, while the chain grows and turns, goes on without a gap and without a double.
#[test]
fn kills_leave_no_gap_and_nothing_twice() {
    let dir = tempfile::tempdir().unwrap();
    let chain = Ganache::start(&dir.path().join("chain"), port());
    let token = chain.token();
    chain.once(dir.path(), &["--from", "0"]);
    let (mut killed, mut snapshot) = (0, chain.ask("evm_snapshot", json!([])));
    for turn in 0..24_u64 {
        let mut command = chain.live(dir.path(), &["--confirmations", "0", "--every", "1"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        for at in 0..turn % 7 + 1 {
            chain.pay((at % 9 + 1) as usize, turn * 100 + at + 1);
            chain.pay_token(&token, (at % 9 + 1) as usize, turn * 100 + at + 1);
        }
        if turn % 5 == 4 {
            // Back to where it was some turns ago, and on from there.
            assert_eq!(chain.ask("evm_revert", json!([snapshot])), true);
            snapshot = chain.ask("evm_snapshot", json!([]));
            (0..=turn).for_each(|at| chain.pay(1, turn * 1_000 + at + 1));
        }
        std::thread::sleep(Duration::from_millis(turn * 7 % 60));
        killed += u32::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        if turn % 6 == 5 {
            chain.once(dir.path(), &[]);
            assert_eq!(chain.stored(dir.path()), chain.moved(), "{turn}");
        }
    }
    chain.once(dir.path(), &[]);
    assert_eq!(chain.stored(dir.path()), chain.moved());
    assert_eq!(killed, 24, "each was killed while it ran");
}

#[test]
fn a_node_that_stops_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let (at, folder) = (port(), dir.path().join("chain"));
    let mut chain = Ganache::start(&folder, at);
    chain.pay(1, 5);
    chain.once(dir.path(), &["--from", "0"]);
    let mut command = chain.live(dir.path(), &["--confirmations", "0", "--every", "1"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Stopped without its chain being written to the end, it would begin anew: ended in order.
    let ended = Command::new("kill").args(["-INT", &chain.child.id().to_string()]).status().unwrap();
    assert!(ended.success());
    let _ended = wait(Duration::from_secs(60), || chain.child.try_wait().unwrap());
    std::thread::sleep(Duration::from_secs(3));
    drop(chain);
    let chain = Ganache::start(&folder, at);
    chain.pay(2, 6);
    let there = || (trace(dir.path(), &["info", "store"])["transfers"] == 2).then_some(());
    assert!(wait(Duration::from_secs(60), there).is_some(), "it goes on when the node is there again");
    assert_eq!(chain.stored(dir.path()), chain.moved());
    // Told to end, it says what it did.
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let told = lines(&output);
    let waited = told.iter().find(|line| line["event"] == "waiting").unwrap_or_else(|| panic!("{told:?}"));
    assert!(waited["why"].as_str().unwrap().contains("127.0.0.1 gives no answer"), "{waited}");
    assert_eq!(
        (&told.last().unwrap()["event"], &told.last().unwrap()["added"]),
        (&"ended".into(), &1.into())
    );
    let port = at;
    drop(chain);
    let mut gone = Command::new(env!("CARGO_BIN_EXE_bongsu"));
    let gone = gone.env_clear().current_dir(dir.path()).args([
        "trace",
        "live",
        "store",
        "--once",
        "--allow",
        "127.0.0.1",
    ]);
    let gone = gone.args(["--node", &format!("http://127.0.0.1:{port}")]).output().unwrap();
    assert_eq!(gone.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&gone.stderr).contains("gives no answer"), "{gone:?}");
}
