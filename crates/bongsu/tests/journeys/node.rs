//! A node that serves, as its own process, with members and credentials.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use reqwest::blocking::{Client, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{Server, dialect};

pub(crate) const TAXII: &str = "application/taxii+json;version=2.1";

/// A data folder, and the tokens of its members.
pub(crate) struct Node {
    pub(crate) dir: TempDir,
    pub(crate) tokens: HashMap<String, String>,
    /// Where its lines are, if they are in no file.
    database: Option<String>,
}

/// A process that serves a node's folder; killed when this value goes.
pub(crate) struct Serving {
    child: Mutex<Child>,
    _out: Mutex<BufReader<ChildStdout>>,
    pub(crate) url: String,
    pub(crate) dns: Option<String>,
    /// Where its figures are.
    pub(crate) monitor: Option<String>,
    pub(crate) client: Client,
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A client over HTTP, or TLS with the one provider of this project.
pub(crate) fn client() -> Client {
    provide();
    Client::builder().timeout(Duration::from_secs(120)).build().unwrap()
}

pub(crate) fn shared(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(path)
}

/// Where a node has its lines.
#[derive(Clone, Copy)]
enum Place {
    File,
    Database,
}

thread_local! {
    static PLACE: Cell<Option<Place>> = const { Cell::new(None) };
}

fn placed<T>(place: Place, make: impl FnOnce() -> T) -> T {
    PLACE.set(Some(place));
    let made = make();
    PLACE.set(None);
    made
}

/// Nodes that are made meanwhile have their lines in a file, whatever the tests are run on: for what is about that file.
pub(crate) fn in_a_file<T>(make: impl FnOnce() -> T) -> T {
    placed(Place::File, make)
}

/// Nodes that are made meanwhile have their lines in a database, whatever the tests are run on.
pub(crate) fn in_a_database<T>(make: impl FnOnce() -> T) -> T {
    placed(Place::Database, make)
}

/// A database for a node, if it is to have one: all have where the tests are run with `BONGSU_TEST_STORE=postgres`.
fn database() -> Option<String> {
    let place = PLACE.get().unwrap_or_else(|| match std::env::var("BONGSU_TEST_STORE").as_deref() {
        Ok("postgres") => Place::Database,
        Ok(other) => panic!("BONGSU_TEST_STORE is `{other}`: it can be `postgres`, or not be there"),
        Err(_) => Place::File,
    });
    match place {
        Place::File => None,
        Place::Database => Some(Server::shared().address(&Server::shared().database())),
    }
}

impl Node {
    pub(crate) fn new() -> Self {
        Self::within(&std::env::temp_dir())
    }

    /// As [`Node::new`], with its folder in another.
    pub(crate) fn within(place: &Path) -> Self {
        let node =
            Self { database: database(), ..Self::of(tempfile::tempdir_in(place).unwrap(), HashMap::new()) };
        node.json(&["init", "--name", "tower.test"]);
        node
    }

    /// What is in a folder, or will be.
    pub(crate) fn of(dir: TempDir, tokens: HashMap<String, String>) -> Self {
        Self { dir, tokens, database: None }
    }

    /// One member at each level, cleared for AMBER, with tokens.
    pub(crate) fn with_members() -> Self {
        let mut node = Self::new();
        for level in ["read", "list", "block", "detect", "exchange"] {
            node.member(level, level, "amber");
        }
        node
    }

    pub(crate) fn member(&mut self, handle: &str, level: &str, clearance: &str) {
        let added = self.json(&["member", "add", handle, "--level", level, "--clearance", clearance]);
        self.tokens.insert(handle.to_owned(), added["token"]["token"].as_str().unwrap().to_owned());
    }

    /// An indicator that `exchange` brings to the circle `region`.
    pub(crate) fn brings(&self, number: u128, domain: &str) {
        let file = self.file("bundle.json", bundle(&[indicator(number, domain)]));
        assert_eq!(self.json(&["import", &file, "--circle", "region", "--as", "exchange"])["added"], 1);
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("node")
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
        command.env_clear().env("HOME", self.dir.path()).env("PATH", "/usr/bin:/bin");
        command.env("BONGSU__HTTP__LISTEN", "127.0.0.1:0").env("BONGSU__DNS__LISTEN", "127.0.0.1:0");
        if let Some(database) = &self.database {
            command.env("BONGSU__DATABASE__URL", database).env("BONGSU__DATABASE__DIALECT", dialect());
        }
        command.arg("--data").arg(self.data()).arg("--json").args(args);
        command
    }

    /// Runs a command that must not fail, and gives its answer; refused objects are not a failure.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let output = self.command(args).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(matches!(output.status.code(), Some(0 | 3)), "{args:?}: {out}{err}");
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{args:?}: {error}: {out}{err}"))
    }

    /// Withdraws an object that `exchange` brought into `region`.
    pub(crate) fn withdraw(&self, object: &str) -> Value {
        self.json(&["withdraw", object, "--circle", "region", "--as", "exchange", "--reason", "wrong"])
    }

    /// Pulls the source `partner` and kills it again and again, later each time by `step`, until it comes to its end.
    pub(crate) fn pull_interrupted(&self, step: Duration) {
        let mut killed = 0;
        for turn in 1..40 {
            let mut command = self.command(&["source", "pull", "partner"]);
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(step * turn);
            if let Some(ended) = child.try_wait().unwrap() {
                assert!(ended.success(), "{ended}");
                break;
            }
            child.kill().unwrap();
            child.wait().unwrap();
            killed += 1;
        }
        assert!(killed > 0, "it was interrupted");
    }

    pub(crate) fn serve(&self) -> Serving {
        self.serve_with(&[])
    }

    pub(crate) fn serve_with(&self, environment: &[(&str, &str)]) -> Serving {
        self.start(&["--quiet", "serve"], environment, Stdio::inherit())
    }

    /// As [`Node::serve_with`], with its log in a file.
    pub(crate) fn serve_logged(&self, log: &Path, environment: &[(&str, &str)]) -> Serving {
        self.start(&["serve"], environment, std::fs::File::create(log).unwrap().into())
    }

    fn start(&self, args: &[&str], environment: &[(&str, &str)], log: Stdio) -> Serving {
        let mut command = self.command(args);
        command.envs(environment.iter().copied());
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let client = client();
        Serving {
            child: Mutex::new(child),
            _out: Mutex::new(out),
            url: said["url"].as_str().unwrap().to_owned(),
            dns: said["dns"].as_str().map(str::to_owned),
            monitor: said["monitor"].as_str().map(str::to_owned),
            client,
        }
    }

    pub(crate) fn get(&self, serving: &Serving, member: &str, path: &str) -> RequestBuilder {
        let request = serving.client.get(format!("{}{path}", serving.url));
        request.basic_auth(member, self.tokens.get(member)).header("accept", "*/*")
    }

    pub(crate) fn text(&self, serving: &Serving, member: &str, path: &str) -> String {
        let response = self.get(serving, member, path).send().unwrap();
        assert!(response.status().is_success(), "{member} {path}: {}", response.status());
        response.text().unwrap()
    }

    /// A page as an operator sees it.
    pub(crate) fn as_operator(&self, serving: &Serving, path: &str) -> String {
        let token = self.json(&["member", "token", "--operator"])["token"]["token"].clone();
        let request = client().get(format!("{}{path}", serving.url)).bearer_auth(token.as_str().unwrap());
        request.send().unwrap().error_for_status().unwrap().text().unwrap()
    }

    pub(crate) fn post(
        &self,
        serving: &Serving,
        member: &str,
        circle: &str,
        objects: &str,
    ) -> RequestBuilder {
        let path = format!("{}/api/collections/{circle}/objects/", serving.url);
        let request = serving.client.post(path).basic_auth(member, self.tokens.get(member));
        request
            .header("content-type", TAXII)
            .header("accept", TAXII)
            .body(format!("{{\"objects\":[{objects}]}}"))
    }
}

impl Serving {
    /// Memory that the process holds, in MiB.
    pub(crate) fn resident_mib(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.lock().unwrap().id());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1_024
    }

    /// Ends the process at once, with SIGKILL.
    pub(crate) fn kill(&self) {
        let mut child = self.child.lock().unwrap();
        let _ended_already = child.kill();
        let _ended_already = child.wait();
    }

    /// Sends the process a signal, such as `STOP`.
    pub(crate) fn signal(&self, name: &str) {
        let child = self.child.lock().unwrap();
        let told = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status().unwrap();
        assert!(told.success());
    }

    /// Asks the process to end, and waits for it.
    pub(crate) fn stop(self) {
        let mut child = self.child.lock().unwrap();
        let told = Command::new("kill").arg("-INT").arg(child.id().to_string()).status().unwrap();
        assert!(told.success());
        assert!(wait(Duration::from_secs(30), || child.try_wait().unwrap()).unwrap().success());
    }
}

/// A port that nobody has, neither for TCP nor for UDP, below those that the system gives to clients: what is asked of the system
/// for one of the two can be taken for the other by then.
pub(crate) fn port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let begin = u16::try_from(std::process::id() % 4_000).unwrap();
    let next = || 20_000 + (begin + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
    let is_free = |port: &u16| {
        let at = ("127.0.0.1", *port);
        std::net::TcpListener::bind(at).is_ok() && std::net::UdpSocket::bind(at).is_ok()
    };
    std::iter::repeat_with(next).take(1_000).find(is_free).unwrap()
}

/// The tests' own clients have the provider that the node has.
pub(crate) fn provide() {
    let _another_thread_was_first = rustls::crypto::ring::default_provider().install_default();
}

/// Asks again and again until there is something, at most for `time`.
pub(crate) fn wait<T>(time: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let until = Instant::now() + time;
    loop {
        if let Some(found) = ask() {
            return Some(found);
        }
        if Instant::now() > until {
            return None;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The time, as objects have it.
pub(crate) fn now() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    stix::Timestamp::from_micros(i64::try_from(since.as_millis()).unwrap() * 1_000).to_string()
}

/// An indicator for a domain.
pub(crate) fn indicator(number: u128, domain: &str) -> Value {
    json!({
        "type": "indicator", "spec_version": "2.1", "id": id("indicator", number),
        "created": "2026-09-01T00:00:00.000Z", "modified": "2026-09-01T00:00:00.000Z",
        "name": domain, "pattern": format!("[domain-name:value = '{domain}']"), "pattern_type": "stix",
        "valid_from": "2026-09-01T00:00:00Z", "confidence": 90,
    })
}

pub(crate) fn id(object_type: &str, number: u128) -> String {
    format!("{object_type}--{}", uuid::Uuid::from_u128(0x4000_8000_0000_0000_0000 + number))
}

pub(crate) fn bundle(objects: &[Value]) -> String {
    json!({"type": "bundle", "id": id("bundle", 1), "objects": objects}).to_string()
}
