//! A theft of Bitcoin is fetched from an Electrum server (ElectrumX, over a node that is bcoin) and followed as through the blocks themselves; a chain
//! that goes another way is followed there; and a server that lies is found out.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::node::{Node, port, wait};

const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.peers");
const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/journeys");
const COIN: u64 = 100_000_000;
/// Before each block in a file of a node of a chain for tests.
const MARK: [u8; 4] = [0xfa, 0xbf, 0xb5, 0xda];

/// A program that ends when this value goes.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _ended_already = self.0.wait();
    }
}

/// A node of Bitcoin with a chain of its own, and an Electrum server over it.
struct Chain {
    _node: Running,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    server: Option<Running>,
    folder: PathBuf,
    rpc: u16,
    plain: u16,
    encrypted: u16,
}

impl Chain {
    fn start(folder: &Path) -> Self {
        let (rpc, plain, encrypted) = (port(), port(), port());
        let mut node = Command::new("node")
            .arg(format!("{HERE}/bitcoin_node.mjs"))
            .arg(format!("{PEERS}/bitcoin"))
            .arg(rpc.to_string())
            .env("NODE_BACKEND", "js")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(folder.join("bcoin.log")).unwrap())
            .spawn()
            .unwrap_or_else(|error| panic!("node: {error}; run scripts/setup"));
        let (to, mut from) = (node.stdin.take().unwrap(), BufReader::new(node.stdout.take().unwrap()));
        let mut line = String::new();
        from.read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "\"ready\"", "bcoin does not start; run scripts/setup");
        let key = rcgen::generate_simple_self_signed(["electrum.example".to_owned()]).unwrap();
        std::fs::write(folder.join("server.pem"), key.cert.pem()).unwrap();
        std::fs::write(folder.join("server.key"), key.signing_key.serialize_pem()).unwrap();
        let (node, folder) = (Running(node), folder.to_owned());
        Self { _node: node, to, from, server: None, folder, rpc, plain, encrypted }
    }

    fn ask(&mut self, what: &str, mut rest: Value) -> Value {
        rest["what"] = what.into();
        writeln!(self.to, "{rest}").unwrap();
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        let mut told: Value = serde_json::from_str(&line).unwrap();
        assert!(told["error"].is_null(), "{what}: {}", told["error"]);
        told["told"].take()
    }

    fn mine(&mut self, count: u64) {
        self.ask("mine", json!({"count": count, "to": 39}));
    }

    /// Pays from outputs to keys, each by its number with an amount in hundredths of a coin; in the order given.
    fn pay(&mut self, spend: &[(&str, u32)], to: &[(u64, u64)]) -> String {
        let to: Vec<Value> = to.iter().map(|(key, amount)| json!([key, amount * COIN / 100])).collect();
        self.ask("pay", json!({"spend": spend, "to": to})).as_str().unwrap().to_owned()
    }

    fn coinbase(&mut self, height: u64) -> String {
        self.ask("coinbase", json!({"height": height})).as_str().unwrap().to_owned()
    }

    /// Starts the server, or another one over what the last has kept.
    fn serves(&mut self) {
        self.server = None;
        let base = self.folder.join("electrumx");
        std::fs::create_dir_all(&base).unwrap();
        let services = format!("tcp://127.0.0.1:{},ssl://127.0.0.1:{}", self.plain, self.encrypted);
        let settings = [
            ("COIN", "BitcoinSegwit"),
            ("NET", "regtest"),
            ("DB_ENGINE", "leveldb"),
            ("PEER_DISCOVERY", "off"),
            ("ALLOW_ROOT", "true"),
            // Who asks often is not slowed down.
            ("COST_SOFT_LIMIT", "0"),
            ("COST_HARD_LIMIT", "0"),
            ("SERVICES", &services),
        ];
        let server = Command::new(format!("{PEERS}/venv/bin/python"))
            .arg(format!("{HERE}/electrum_server.py"))
            .arg(format!("{PEERS}/venv/bin/electrumx_server"))
            .envs(settings)
            .env("DB_DIRECTORY", &base)
            .env("DAEMON_URL", format!("http://any:key@127.0.0.1:{}/", self.rpc))
            .env("SSL_CERTFILE", self.folder.join("server.pem"))
            .env("SSL_KEYFILE", self.folder.join("server.key"))
            .stdout(Stdio::null())
            .stderr(File::create(self.folder.join("electrumx.log")).unwrap())
            .spawn()
            .unwrap_or_else(|error| panic!("python: {error}; run scripts/setup"));
        self.server = Some(Running(server));
        self.is_upto_date();
    }

    /// Waits until the server has the node's last block.
    fn is_upto_date(&mut self) {
        let best = self.ask("best", json!({}));
        let last = || {
            let told = asked(self.plain, "blockchain.headers.subscribe", &json!([]))?;
            (told["hex"] == best).then_some(())
        };
        assert!(
            wait(Duration::from_secs(60), last).is_some(),
            "ElectrumX does not have the last block; run scripts/setup. {}",
            std::fs::read_to_string(self.folder.join("electrumx.log")).unwrap()
        );
    }

    /// Writes the node's blocks as a file of one of the kind that most have.
    fn writes(&mut self) {
        let mut bytes = Vec::new();
        for block in self.ask("blocks", json!({})).as_array().unwrap() {
            let text = block.as_str().unwrap();
            let digits = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
            bytes.extend(MARK);
            bytes.extend(u32::try_from(text.len() / 2).unwrap().to_le_bytes());
            bytes.extend((0..text.len()).step_by(2).map(digits));
        }
        std::fs::write(self.folder.join("blk00000.dat"), bytes).unwrap();
    }

    fn fetch(&self, at: &str, args: &[&str]) -> Output {
        let mut command = self.fetching(at);
        let is_said = args.contains(&"--confirmations");
        command.args(if is_said { &["--once"][..] } else { &["--once", "--confirmations", "0"] });
        command.args(args).output().unwrap()
    }

    fn fetching(&self, at: &str) -> Command {
        self.fetching_on(at, "regtest")
    }

    fn fetching_on(&self, at: &str, network: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
        command.env_clear().current_dir(&self.folder).args(["--json", "trace", "electrum", "fetched"]);
        command.args(["--network", network, "--allow", "127.0.0.1", "--server", at]);
        command
    }

    fn at(&self) -> String {
        format!("tcp://127.0.0.1:{}", self.plain)
    }

    /// Fetches all that is there; gives the lines that were told.
    fn fetched(&self, args: &[&str]) -> Vec<Value> {
        let output = self.fetch(&self.at(), args);
        assert!(output.status.success(), "{output:?}");
        lines(&output)
    }

    fn bitcoin(&self, from: &str, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
        command.env_clear().current_dir(&self.folder).args(["--json", "trace", "bitcoin", from]);
        command.args(["--network", "regtest"]).args(args).output().unwrap()
    }

    /// What is found in the blocks is what is found in what was fetched; gives it.
    fn same(&mut self, args: &[&str]) -> Value {
        self.writes();
        let mut found = ["blk00000.dat", "fetched"].map(|from| {
            let output = self.bitcoin(from, args);
            assert!(output.status.success(), "{from} {args:?}: {output:?}");
            lines(&output).remove(0)
        });
        assert_eq!(found[1]["blocks"]["unknown_inputs"], 0);
        // There are more blocks than those in which something was reached; and two coinbases that were spent beside are known by their amounts.
        let unexplained = found.each_mut().map(|found| {
            let found = found.as_object_mut().unwrap();
            found.remove("blocks");
            found.remove("unexplained").unwrap()
        });
        assert_eq!(unexplained, ["0".to_owned(), (100 * COIN).to_string()], "{args:?}");
        assert_eq!(found[0], found[1], "{args:?}");
        found[1].take()
    }
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What a server answers who asks it without Bongsu.
fn asked(port: u16, method: &str, params: &Value) -> Option<Value> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "server.version", "params": ["test", "1.4"]});
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    write!(stream, "{hello}\n{call}\n").ok()?;
    BufReader::new(stream).lines().map_while(Result::ok).find_map(|line| {
        let told: Value = serde_json::from_str(&line).ok()?;
        (told["id"] == 1).then(|| told["result"].clone())
    })
}

/// A theft of 30 coins, peeled, mixed with clean ones, paid to an exchange, and partly left. Gives the theft's output and the
/// last transaction.
fn laundered(chain: &mut Chain) -> (String, String) {
    chain.ask("mine", json!({"count": 8, "to": 0}));
    // Until signatures may stand beside transactions (BIP 141, by BIP 9).
    chain.mine(432);
    let own: Vec<String> = (1..=4).map(|height| chain.coinbase(height)).collect();
    let theft = chain.pay(&[(&own[0], 0)], &[(0, 1_999), (5, 3_000)]);
    chain.mine(1);
    // Twice in one block: the change is spent where it was made.
    let peel = chain.pay(&[(&theft, 1)], &[(10, 500), (6, 2_499)]);
    let again = chain.pay(&[(&peel, 1)], &[(7, 2_000), (10, 498)]);
    chain.mine(1);
    // Strangers pay to who holds it, before and after.
    chain.pay(&[(&own[1], 0)], &[(7, 100), (8, 4_800)]);
    chain.mine(1);
    // Clean coins go in first, whose transaction nothing else names; and some of it to nobody.
    let mixed = chain.pay(&[(&own[2], 0), (&again, 0)], &[(11, 4_000), (12, 2_000), (13, 900), (7, 90)]);
    chain.mine(2);
    let last = chain.pay(&[(&mixed, 1), (&mixed, 2)], &[(14, 1_500), (15, 1_399)]);
    chain.mine(1);
    (format!("{theft}:1"), last)
}

/// The labels of an exchange that has the key of this number.
fn labels(chain: &mut Chain, theft: &str) {
    chain.writes();
    let output = chain.bitcoin("blk00000.dat", &["--theft", theft, "--method", "poison"]);
    let found = lines(&output).remove(0);
    let five = (5 * COIN).to_string();
    let paid = |one: &&Value| one["amount"] == five;
    let address = found["outputs"].as_array().unwrap().iter().find(paid).unwrap()["address"].clone();
    let text = format!("address,name,category\n{},Harbour,exchange\n", address.as_str().unwrap());
    std::fs::write(chain.folder.join("labels.csv"), text).unwrap();
}

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

/// What a server in between makes of the answer to a method.
type Lie = fn(&str, &mut Value);

/// A server between Bongsu and one that does not lie.
fn between(behind: u16) -> (String, Arc<Mutex<Lie>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = format!("tcp://{}", listener.local_addr().unwrap());
    let lie: Arc<Mutex<Lie>> = Arc::new(Mutex::new(|_, _| {}));
    let told = Arc::clone(&lie);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut answers = TcpStream::connect(("127.0.0.1", behind)).unwrap();
            let (mut back, from) = (stream.try_clone().unwrap(), answers.try_clone().unwrap());
            let methods: Arc<Mutex<HashMap<u64, String>>> = Arc::default();
            let (known, told) = (Arc::clone(&methods), Arc::clone(&told));
            std::thread::spawn(move || {
                for line in BufReader::new(from).lines().map_while(Result::ok) {
                    let mut answer: Value = serde_json::from_str(&line).unwrap();
                    let method = answer["id"].as_u64().and_then(|id| known.lock().unwrap().get(&id).cloned());
                    if let Some(method) = method {
                        (told.lock().unwrap())(&method, &mut answer["result"]);
                    }
                    // Who asked may be gone.
                    let _is_gone = writeln!(back, "{answer}");
                }
                let _is_gone = back.shutdown(std::net::Shutdown::Both);
            });
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let call: Value = serde_json::from_str(&line).unwrap();
                    let (id, method) = (call["id"].as_u64().unwrap(), call["method"].as_str().unwrap());
                    methods.lock().unwrap().insert(id, method.to_owned());
                    let _is_gone = writeln!(answers, "{line}");
                }
                let _is_gone = answers.shutdown(std::net::Shutdown::Both);
            });
        }
    });
    (at, lie)
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
