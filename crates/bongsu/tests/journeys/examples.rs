//! Every example of the folder `examples` does what it says, against a real node over TLS. A file there that is not run fails.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::certificates::{certificates, config};
use crate::misp_client::PYTHON;
use crate::node::{Node, Serving, bundle, id, indicator, port, wait};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");
/// What is read, or what others read; no example by itself.
const BESIDE: [&str; 3] = ["README.md", "curl/node.sh", "python/node.py"];
const TIME: Duration = Duration::from_secs(60);
/// A wallet with a letter that is wrong, so that its checksum does not hold.
const MISTYPED: &str = "149w62rY42aZBox8fGcmqNsXUzSStKeq8D";

struct Tower {
    node: Node,
    serving: Serving,
    ran: RefCell<BTreeSet<String>>,
}

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// What it wrote, if it ended so.
    fn ended(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        self.out
    }

    fn done(self) -> String {
        self.ended(0)
    }
}

impl Tower {
    fn new() -> Self {
        let node = Node::with_members();
        node.json(&["circle", "add", "region", "--member", "exchange", "--member", "detect"]);
        certificates(node.dir.path());
        let config = config(node.dir.path()) + "[push]\nallow_hosts = [\"127.0.0.1\"]\n";
        std::fs::write(node.data().join("bongsu.toml"), config).unwrap();
        let serving = node.serve();
        assert!(serving.url.starts_with("https://"), "{}", serving.url);
        Self { node, serving, ran: RefCell::default() }
    }

    fn path(&self, name: &str) -> String {
        self.node.dir.path().join(name).display().to_string()
    }

    fn command(&self, example: &str, args: &[&str]) -> Command {
        self.ran.borrow_mut().insert(example.to_owned());
        let file = format!("{EXAMPLES}/{example}");
        let mut command = Command::new(if example.ends_with(".py") { PYTHON } else { "sh" });
        command.env_clear().env("PATH", "/usr/bin:/bin").env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("BONGSU_URL", &self.serving.url).env("BONGSU_TOKEN", &self.node.tokens["exchange"]);
        command.env("BONGSU_CA", self.path("ca.pem")).arg(file).args(args).current_dir(self.node.dir.path());
        command
    }

    fn run(&self, example: &str, args: &[&str]) -> Ran {
        let output = self.command(example, args).stdin(Stdio::null()).output();
        Ran::of(output.unwrap_or_else(|error| panic!("{example}: {error}; run scripts/setup")))
    }

    /// Runs an example that must end well.
    fn done(&self, example: &str, args: &[&str]) -> String {
        self.run(example, args).done()
    }

    fn post(&self, numbers: &[u128]) {
        let all: Vec<Value> = numbers.iter().map(|number| shared(*number)).collect();
        let file = self.node.file("posted.json", bundle(&all));
        let told = self.done("python/post_objects.py", &["region", &file]);
        assert_eq!(
            told.lines().filter(|line| line.starts_with("successes ")).count(),
            numbers.len(),
            "{told}"
        );
    }
}

fn domain(number: u128) -> String {
    format!("x{number}.examples-k3.top")
}

fn shared(number: u128) -> Value {
    indicator(number, &domain(number))
}

fn ids(numbers: impl IntoIterator<Item = u128>) -> BTreeSet<String> {
    numbers.into_iter().map(|number| id("indicator", number)).collect()
}

/// Ids of objects, each of which must be there once.
fn ids_of<'v>(objects: impl IntoIterator<Item = &'v Value>) -> BTreeSet<String> {
    let all: Vec<String> = objects.into_iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    let once: BTreeSet<String> = all.iter().cloned().collect();
    assert_eq!(once.len(), all.len(), "nothing twice: {all:?}");
    once
}

/// Ids of objects that stand one on each line.
fn on_lines(told: &str) -> BTreeSet<String> {
    let all: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    ids_of(&all)
}

/// Ids of objects in envelopes, one on each line.
fn in_pages(told: &str) -> BTreeSet<String> {
    let pages: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    ids_of(pages.iter().flat_map(|page| page["objects"].as_array().unwrap()))
}

#[test]
fn every_example_does_what_it_says() {
    let tower = Tower::new();
    posts_and_pages(&tower);
    fetches_what_is_new(&tower);
    screens(&tower);
    finds_sees_and_proves(&tower);
    is_told(&tower);
    ends_as_it_says(&tower);
}

fn posts_and_pages(tower: &Tower) {
    tower.post(&[1, 2, 3, 4, 5]);
    let envelope = tower.node.file("envelope.json", json!({"objects": [shared(6), shared(7)]}).to_string());
    let told = tower.done("curl/post-objects.sh", &["region", &envelope]);
    let status: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&status["success_count"], &status["failure_count"]), (&json!(2), &json!(0)), "{status}");
    let wrong = tower.node.file("wrong.json", json!({"objects": [{"type": "x"}]}).to_string());
    let told = tower.run("python/post_objects.py", &["region", &wrong]).ended(1);
    assert!(told.starts_with("failures "), "{told}");

    let all = ids(1..=7);
    assert_eq!(on_lines(&tower.done("python/page_circle.py", &["region", "--limit", "2"])), all);
    let none = tower.done("python/page_circle.py", &["region", "--type", "malware"]);
    assert_eq!(none, "");
    let with_client = &["region", "--user", "exchange", "--limit", "2"];
    assert_eq!(on_lines(&tower.done("python/page_circle_taxii2.py", with_client)), all);
    let pages = tower.done("curl/page-circle.sh", &["region", "3"]);
    assert_eq!((in_pages(&pages), pages.lines().count()), (all, 3));
}

fn fetches_what_is_new(tower: &Tower) {
    let state = |name: &str| tower.path(name);
    let (of_python, of_curl) = (state("python.state"), state("curl.state"));
    let python = || on_lines(&tower.done("python/new_since.py", &["region", &of_python]));
    let curl = || in_pages(&tower.done("curl/new-since.sh", &["region", &of_curl]));
    assert_eq!((python(), curl()), (ids(1..=7), ids(1..=7)));
    assert_eq!((python(), curl()), (ids([]), ids([])));
    tower.post(&[8]);
    assert_eq!((python(), curl()), (ids([8]), ids([8])));

    for (example, next) in [("python/fetch_list.py", 9), ("curl/fetch-list.sh", 10)] {
        let file = tower.path(&format!("list-{next}.txt"));
        let fetch = || tower.done(example, &["list/domain.bare.txt", &file]);
        assert_eq!((fetch(), fetch()), ("new\n".to_owned(), "unchanged\n".to_owned()), "{example}");
        tower.post(&[next]);
        assert_eq!(fetch(), "new\n", "{example}");
        let list = std::fs::read_to_string(&file).unwrap();
        assert!(list.lines().any(|line| line == domain(next)), "{example}: {list}");
    }
}

fn screens(tower: &Tower) {
    for example in ["python/screen.py", "curl/screen.sh"] {
        let known = tower.run(example, &["x1[.]examples-k3[.]top"]).ended(3);
        assert!(known.contains("match") && known.contains("x1.examples-k3.top"), "{known}");
        tower.run(example, &["clean-k3.top"]).ended(0);
        let unreadable = tower.run(example, &[MISTYPED]).ended(1);
        assert!(unreadable.contains("unreadable"), "{unreadable}");
    }
    let values = tower.node.file("values.txt", format!("{}\nclean-k3.top\n{MISTYPED}\n", domain(2)));
    let clean = tower.node.file("clean.txt", "clean-k3.top\n");
    let python = tower.run("python/screen_many.py", &[&values]).ended(3);
    let results: Vec<&str> = python.lines().map(|line| line.split('\t').next().unwrap()).collect();
    assert_eq!(results, ["match", "clear", "unreadable"]);
    tower.run("python/screen_many.py", &[&clean]).ended(0);
    let curl = tower.run("curl/screen-many.sh", &[&values]).ended(3);
    let results: Vec<Value> =
        curl.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["result"].clone()).collect();
    assert_eq!(results, ["match", "clear", "unreadable"]);
    tower.run("curl/screen-many.sh", &[&clean]).ended(0);
}

fn finds_sees_and_proves(tower: &Tower) {
    let indicator = id("indicator", 1);
    let mut sent = BTreeSet::new();
    for example in ["python/send_sighting.py", "curl/send-sighting.sh"] {
        sent.insert(tower.done(example, &["region", &indicator]).trim().to_owned());
        tower.run(example, &["nowhere", &indicator]).ended(if example.ends_with(".py") { 1 } else { 22 });
    }
    let there = tower.done("python/page_circle.py", &["region", "--type", "sighting"]);
    assert_eq!(on_lines(&there), sent);
    assert!(there.lines().all(|line| line.contains(&indicator)), "{there}");

    for example in ["python/search.py", "curl/search.sh"] {
        // The index follows what comes.
        let found = wait(TIME, || {
            Some(tower.done(example, &["x3"])).filter(|told| told.contains(&id("indicator", 3)))
        });
        let found = found.unwrap_or_else(|| panic!("{example} finds nothing"));
        assert!(!found.contains(&id("indicator", 4)), "{example}: {found}");
    }
    let one = tower.done("python/search.py", &["--type", "indicator", "--most", "1"]);
    assert_eq!(one.lines().count(), 1, "{one}");

    for (example, file, language, begins) in [
        ("python/advisory.py", "advisory.html", &["--language", "fr"][..], "<!doctype html>"),
        ("curl/advisory.sh", "advisory.pdf", &["fr"][..], "%PDF-"),
    ] {
        let file = tower.path(file);
        assert_eq!(tower.done(example, &[&[file.as_str()][..], language].concat()), format!("{file}\n"));
        let content = std::fs::read(&file).unwrap();
        assert!(
            content.to_ascii_lowercase().starts_with(begins.to_ascii_lowercase().as_bytes()),
            "{example}"
        );
    }
    let page = std::fs::read_to_string(tower.path("advisory.html")).unwrap();
    assert!(page.contains("lang=\"fr\""), "in the language that was asked for");

    let key = tower.node.json(&["audit", "key"])["key"].as_str().unwrap().to_owned();
    for example in ["python/proof.py", "curl/proof.sh"] {
        let folder = tower.path(&format!("proof-{}", example.len()));
        std::fs::create_dir(&folder).unwrap();
        let told = tower.done(example, &["region", &indicator, &folder]);
        assert!(example.ends_with(".sh") || told.contains("is record 1 of"), "{told}");
        let checkpoint = std::fs::read_to_string(Path::new(&folder).join("checkpoint")).unwrap();
        assert!(checkpoint.starts_with("tower.test/line/"), "{checkpoint}");
        let proof = format!("{folder}/proof.json");
        let checked = tower.node.command(&["audit", "proof", &proof, "--key", &key]).output().unwrap();
        Ran::of(checked).done();
    }
}

fn is_told(tower: &Tower) {
    // The first id says from where on news are news.
    let last = wait(TIME, || {
        let began = tower.done("curl/follow-events.sh", &["3"]);
        began.lines().find_map(|line| line.strip_prefix("id: ")).map(str::to_owned)
    });
    let last = last.unwrap();
    let state = tower.node.file("events.state", &last);
    tower.post(&[11]);
    let told = tower.done("python/follow_events.py", &["--count", "1", "--state", &state]);
    let event: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (&event["event"], &event["data"]["circles"][0]["objects"]),
        (&json!("changed"), &json!({"indicator": 1}))
    );
    let kept = std::fs::read_to_string(&state).unwrap();
    let again =
        || tower.done("curl/follow-events.sh", &["3", &last]).contains("event: changed").then_some(());
    assert!(wait(TIME, again).is_some(), "it is told again");
    let after = tower.done("curl/follow-events.sh", &["3", kept.trim()]);
    assert!(!after.contains("event: changed"), "what was told is not told again: {after}");

    let to = port().to_string();
    let url = format!("http://127.0.0.1:{to}/");
    let made = tower.node.json(&["member", "webhook", "exchange", "--url", &url]);
    let secret = made["webhook"]["secret"].as_str().unwrap();
    let mut receiver = tower.command("python/receive_webhook.py", &["--port", &to, "--count", "1"]);
    receiver.env("BONGSU_WEBHOOK_SECRET", secret).stdout(Stdio::piped()).stderr(Stdio::piped());
    let receiver = receiver.spawn().unwrap();
    let stranger = wait(TIME, || {
        // Whoever does not hold the secret is not believed, whatever it posts.
        tower.serving.client.post(&url).header("webhook-id", "x").body("{}").send().ok()
    });
    assert_eq!(stranger.unwrap().status(), 401);
    tower.post(&[12]);
    let told = Ran::of(receiver.wait_with_output().unwrap()).done();
    let message: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(message["type"], "changed", "{message}");
    tower.node.json(&["member", "webhook", "exchange", "--off"]);

    // What the library of the specification's authors signs, the shell script takes, and nothing else.
    let signing = "import datetime, sys\nfrom standardwebhooks import Webhook\n\
                   at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=int(sys.argv[2]))\n\
                   print(int(at.timestamp()), Webhook(sys.argv[1]).sign('msg-1', at, sys.argv[3]))\n";
    let body = r#"{"type": "changed", "data": "항만"}"#;
    let file = tower.node.file("body.json", body);
    let other = tower.node.file("other.json", format!("{body} "));
    let check = |age: &str, file: &str, identity: &str| {
        let signed = Command::new(PYTHON).args(["-c", signing, secret, age, body]).output().unwrap();
        let signed = Ran::of(signed).done();
        let (stamp, signature) = signed.trim().split_once(' ').unwrap();
        let mut command = tower.command("curl/check-webhook.sh", &[file, identity, stamp, signature]);
        Ran::of(command.env("BONGSU_WEBHOOK_SECRET", secret).output().unwrap())
    };
    assert_eq!(check("0", &file, "msg-1").done(), "it is the node's\n");
    for (age, file, identity) in [("0", &other, "msg-1"), ("0", &file, "msg-2"), ("600", &file, "msg-1")] {
        check(age, file, identity).ended(1);
    }
}

/// Exit codes, `--help`, and that every file was run.
fn ends_as_it_says(tower: &Tower) {
    let mut files = BTreeSet::new();
    for folder in ["", "python", "curl"] {
        for entry in std::fs::read_dir(Path::new(EXAMPLES).join(folder)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            match entry.file_type().unwrap().is_dir() {
                true => assert!(["python", "curl", "__pycache__"].contains(&name.as_str()), "{name}"),
                false => {
                    files.insert(if folder.is_empty() { name } else { format!("{folder}/{name}") });
                }
            }
        }
    }
    BESIDE.iter().for_each(|name| assert!(files.remove(*name), "{name}"));
    assert_eq!(*tower.ran.borrow(), files, "each is run by this test");
    let readme = std::fs::read_to_string(Path::new(EXAMPLES).join("README.md")).unwrap();
    for file in &files {
        assert!(readme.contains(&format!("({file})")), "README.md has no {file}");
        let told = tower.done(file, &["--help"]);
        assert!(told.lines().count() > 1, "{file}: {told}");
        let mut command = tower.command(file, &["region", "x", "x", "x"]);
        let told = Ran::of(command.env_remove("BONGSU_TOKEN").env_remove("BONGSU_URL").output().unwrap());
        assert!(!matches!(told.code, Some(0) | None), "{file} has no node to ask: {}", told.out);
    }
    let wrong = tower.command("python/search.py", &["x"]).env("BONGSU_TOKEN", "wrong").output().unwrap();
    let wrong = Ran::of(wrong);
    assert!(wrong.code == Some(1) && wrong.err.contains("401") && !wrong.err.contains('<'), "{}", wrong.err);
    let wrong = tower.command("curl/search.sh", &["x"]).env("BONGSU_CA", "/dev/null").output().unwrap();
    assert!(!wrong.status.success(), "a certificate of nobody's is not believed");
}
