//! A chain of Bitcoin of one's own with an Electrum server over it, a theft on it that is laundered, and a server in between that lies.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::node::{port, wait};

const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.peers");
const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/journeys");
pub(super) const COIN: u64 = 100_000_000;
/// Before each block in a file of a node of a chain for tests.
const MARK: [u8; 4] = [0xfa, 0xbf, 0xb5, 0xda];

/// A program that ends when this value goes.
pub(super) struct Running(pub(super) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _ended_already = self.0.wait();
    }
}

/// A node of Bitcoin with a chain of its own, and an Electrum server over it.
pub(super) struct Chain {
    _node: Running,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    pub(super) server: Option<Running>,
    pub(super) folder: PathBuf,
    rpc: u16,
    pub(super) plain: u16,
    pub(super) encrypted: u16,
}

impl Chain {
    pub(super) fn start(folder: &Path) -> Self {
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

    pub(super) fn ask(&mut self, what: &str, mut rest: Value) -> Value {
        rest["what"] = what.into();
        writeln!(self.to, "{rest}").unwrap();
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        let mut told: Value = serde_json::from_str(&line).unwrap();
        assert!(told["error"].is_null(), "{what}: {}", told["error"]);
        told["told"].take()
    }

    pub(super) fn mine(&mut self, count: u64) {
        self.ask("mine", json!({"count": count, "to": 39}));
    }

    /// Pays from outputs to keys, each by its number with an amount in hundredths of a coin; in the order given.
    pub(super) fn pay(&mut self, spend: &[(&str, u32)], to: &[(u64, u64)]) -> String {
        let to: Vec<Value> = to.iter().map(|(key, amount)| json!([key, amount * COIN / 100])).collect();
        self.ask("pay", json!({"spend": spend, "to": to})).as_str().unwrap().to_owned()
    }

    fn coinbase(&mut self, height: u64) -> String {
        self.ask("coinbase", json!({"height": height})).as_str().unwrap().to_owned()
    }

    /// Starts the server, or another one over what the last has kept.
    pub(super) fn serves(&mut self) {
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
    pub(super) fn is_upto_date(&mut self) {
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
    pub(super) fn writes(&mut self) {
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

    pub(super) fn fetch(&self, at: &str, args: &[&str]) -> Output {
        let mut command = self.fetching(at);
        let is_said = args.contains(&"--confirmations");
        command.args(if is_said { &["--once"][..] } else { &["--once", "--confirmations", "0"] });
        command.args(args).output().unwrap()
    }

    pub(super) fn fetching(&self, at: &str) -> Command {
        self.fetching_on(at, "regtest")
    }

    pub(super) fn fetching_on(&self, at: &str, network: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
        command.env_clear().current_dir(&self.folder).args(["--json", "trace", "electrum", "fetched"]);
        command.args(["--network", network, "--allow", "127.0.0.1", "--server", at]);
        command
    }

    pub(super) fn at(&self) -> String {
        format!("tcp://127.0.0.1:{}", self.plain)
    }

    /// Fetches all that is there; gives the lines that were told.
    pub(super) fn fetched(&self, args: &[&str]) -> Vec<Value> {
        let output = self.fetch(&self.at(), args);
        assert!(output.status.success(), "{output:?}");
        lines(&output)
    }

    pub(super) fn bitcoin(&self, from: &str, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
        command.env_clear().current_dir(&self.folder).args(["--json", "trace", "bitcoin", from]);
        command.args(["--network", "regtest"]).args(args).output().unwrap()
    }

    /// What is found in the blocks is what is found in what was fetched; gives it.
    pub(super) fn same(&mut self, args: &[&str]) -> Value {
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

pub(super) fn lines(output: &Output) -> Vec<Value> {
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
pub(super) fn laundered(chain: &mut Chain) -> (String, String) {
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
pub(super) fn labels(chain: &mut Chain, theft: &str) {
    chain.writes();
    let output = chain.bitcoin("blk00000.dat", &["--theft", theft, "--method", "poison"]);
    let found = lines(&output).remove(0);
    let five = (5 * COIN).to_string();
    let paid = |one: &&Value| one["amount"] == five;
    let address = found["outputs"].as_array().unwrap().iter().find(paid).unwrap()["address"].clone();
    let text = format!("address,name,category\n{},Harbour,exchange\n", address.as_str().unwrap());
    std::fs::write(chain.folder.join("labels.csv"), text).unwrap();
}

/// What a server in between makes of the answer to a method.
pub(super) type Lie = fn(&str, &mut Value);

/// A server between Bongsu and one that does not lie.
pub(super) fn between(behind: u16) -> (String, Arc<Mutex<Lie>>) {
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
