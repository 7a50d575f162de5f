//! Transparency from the command line, with real nodes: members audit what they got, and a node that shows two histories is
//! caught by two members, by one over time, and by a witness.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::node::{Node, Serving, bundle, id, in_a_file, indicator, wait};

/// More than a tile of leaves has.
const OBJECTS: u128 = 300;

const GREEN: &str = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";

/// A node with a circle of two, and one who is in no circle.
fn tower() -> Node {
    let mut node = Node::new();
    for handle in ["alpha", "beta", "gamma"] {
        node.member(handle, "exchange", "amber");
    }
    node.json(&[
        "circle",
        "add",
        "region",
        "--member",
        "alpha",
        "--member",
        "beta",
        "--ceiling",
        "amber+strict",
    ]);
    node.json(&["circle", "add", "other", "--member", "gamma"]);
    import(&node, 0..OBJECTS, &[]);
    let mut identity = json!({
        "type": "identity", "spec_version": "2.1", "id": id("identity", 1), "name": "alpha",
        "created": "2026-09-01T00:00:00.000Z", "modified": "2026-09-01T00:00:00.000Z",
    });
    let mut named = indicator(5_000, "named-k3.top");
    named["created_by_ref"] = id("identity", 1).into();
    for object in [&mut identity, &mut named] {
        object["object_marking_refs"] = json!([GREEN]);
    }
    let file = node.file("named.json", bundle(&[identity, named]));
    node.json(&["import", &file, "--circle", "region", "--as", "alpha", "--pseudonymise"]);
    import(&node, 6_000..6_001, &["--tlp", "amber+strict"]);
    node
}

fn import(node: &Node, numbers: std::ops::Range<u128>, args: &[&str]) {
    let green = |mut object: Value| {
        object["object_marking_refs"] = json!([GREEN]);
        object
    };
    let objects: Vec<Value> = numbers.map(|at| green(indicator(at, &format!("a{at}-k3.top")))).collect();
    let file = node.file("import.json", bundle(&objects));
    let import = ["import", &file, "--circle", "region", "--as", "alpha"];
    node.json(&[&import[..], args].concat());
}

/// The same node, that goes its own way from now on.
fn fork(node: &Node) -> Node {
    let copy = Node::of(tempfile::tempdir().unwrap(), node.tokens.clone());
    let copied = Command::new("cp").arg("-a").arg(node.data()).arg(copy.data()).status().unwrap();
    assert!(copied.success());
    copy
}

pub(crate) fn keys(node: &Node) -> (String, String) {
    let keys = node.json(&["audit", "key"]);
    (keys["key"].as_str().unwrap().to_owned(), keys["witness_key"].as_str().unwrap().to_owned())
}

/// What a member keeps of its audits.
pub(crate) struct Member<'n> {
    node: &'n Node,
    handle: &'static str,
    state: PathBuf,
    key: String,
}

impl<'n> Member<'n> {
    pub(crate) fn new(node: &'n Node, handle: &'static str) -> Self {
        let state = node.dir.path().join(format!("audits-{handle}"));
        Self { node, handle, state, key: keys(node).0 }
    }

    fn run(&self, args: &[&str]) -> (Option<i32>, Value) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
        command.env_clear().current_dir(self.node.dir.path()).stdin(Stdio::null());
        command.env("BONGSU_TOKEN", &self.node.tokens[self.handle]).args(["--json", "audit"]);
        let output: Output = command.args(args).args(["--key", &self.key]).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let told = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"));
        (output.status.code(), told)
    }

    pub(crate) fn audit(&self, serving: &Serving, args: &[&str]) -> (Option<i32>, Value) {
        let line = ["line", "--node", &serving.url, "--state", self.state.to_str().unwrap()];
        let (code, told) = self.run(&[&line[..], args].concat());
        assert_eq!(told["lines"].as_array().unwrap().len(), 1, "{told}");
        (code, told["lines"][0].clone())
    }

    fn holds(&self, serving: &Serving, args: &[&str]) -> Value {
        let (code, line) = self.audit(serving, args);
        assert_eq!((code, &line["findings"]), (Some(0), &json!([])), "{line}");
        line
    }

    /// The checkpoint that held last.
    fn checkpoint(&self) -> PathBuf {
        let mut folders = std::fs::read_dir(&self.state).unwrap();
        folders.next().unwrap().unwrap().path().join("checkpoint")
    }
}

#[test]
fn what_members_received_is_in_the_log_and_the_log_tells_nothing_else() {
    let tower = tower();
    let (alpha, beta) = (Member::new(&tower, "alpha"), Member::new(&tower, "beta"));
    let serving = tower.serve();
    let line = alpha.holds(&serving, &[]);
    assert_eq!((&line["objects"], &line["redacted"]), (&json!(303), &json!(0)), "{line}");
    assert_eq!(line["records"], 303, "{line}");
    let line = beta.holds(&serving, &[]);
    // One is not for beta; the pseudonymised ones are copies, if they come at all.
    assert!(line["objects"].as_u64().unwrap() < 303 && line["redacted"].as_u64().unwrap() > 0, "{line}");
    assert_eq!(line["records"], 303);
    drop(serving);
    import(&tower, 7_000..7_010, &[]);
    let serving = tower.serve();
    for member in [&alpha, &beta] {
        let line = member.holds(&serving, &[]);
        assert_eq!((&line["before"], &line["records"]), (&json!(303), &json!(313)));
        assert!((10..20).contains(&line["objects"].as_u64().unwrap()), "only what is new: {line}");
    }
    let logs: Value = serde_json::from_str(&tower.text(&serving, "alpha", "/log")).unwrap();
    assert_eq!(logs["logs"][0]["handle"], "region");
    let log = format!("/log/{}", logs["logs"][0]["circle"].as_str().unwrap());
    // Absent and forbidden are the same.
    let status = |member: &str, path: &str| {
        let answer = tower.get(&serving, member, path).send().unwrap();
        (answer.status().as_u16(), answer.text().unwrap())
    };
    let absent = status("gamma", "/log/00000000-0000-4000-8000-00000000dead/checkpoint");
    assert_eq!(absent.0, 404);
    for path in ["checkpoint", "tile/0/000", "tile/0/001.p/3"] {
        assert_eq!(status("gamma", &format!("{log}/{path}")), absent, "{path}");
    }
    for path in ["tile/0/002", "tile/0/001.p/200", "tile/3/000.p/1", "tile/0/0", "tile/x", "entries/000"] {
        assert_eq!(status("alpha", &format!("{log}/{path}")), absent, "{path}");
    }
    let tile = tower.get(&serving, "beta", &format!("{log}/tile/0/000")).send().unwrap();
    assert!(tile.headers()["cache-control"].to_str().unwrap().contains("immutable"));
    assert_eq!(tile.bytes().unwrap().len(), 8_192);
    let hidden = json!({"objects": [{"id": id("indicator", 6_000)}, {"id": id("indicator", 9_999)}]});
    let ask = |member: &str| {
        let request = serving.client.post(format!("{}{log}/openings", serving.url));
        request.basic_auth(member, tower.tokens.get(member)).json(&hidden).send().unwrap()
    };
    assert_eq!(ask("beta").json::<Value>().unwrap()["openings"], json!([]));
    assert_eq!(ask("alpha").json::<Value>().unwrap()["openings"].as_array().unwrap().len(), 1);
    assert_eq!(ask("gamma").status(), 404);
    let nobody = serving.client.get(format!("{}{log}/checkpoint", serving.url)).send().unwrap();
    assert_eq!(nobody.status(), 401);
}

#[test]
fn a_node_that_shows_two_histories_is_caught_by_two_members_and_by_one_over_time() {
    let one = in_a_file(tower);
    let (alpha, beta) = (Member::new(&one, "alpha"), Member::new(&one, "beta"));
    let two = fork(&one);
    import(&one, 8_000..8_001, &[]);
    import(&two, 8_100..8_101, &[]);
    let (first, second) = (one.serve(), two.serve());
    alpha.holds(&first, &[]);
    beta.holds(&second, &[]);
    let (mine, theirs) = (alpha.checkpoint(), beta.checkpoint());
    let compare = |member: &Member<'_>, one: &Path, two: &Path, args: &[&str]| {
        let files = ["compare", one.to_str().unwrap(), two.to_str().unwrap()];
        member.run(&[&files[..], args].concat())
    };
    assert_eq!(compare(&alpha, &mine, &mine, &[]), (Some(0), json!({"result": "one"})));
    let (code, told) = compare(&alpha, &mine, &theirs, &[]);
    assert_eq!((code, &told["result"]), (Some(3), &json!("two")), "{told}");
    assert!(told["first"].as_str().unwrap().contains("tower.test/line/"));
    // The same member is shown the other history later.
    let (code, line) = alpha.audit(&second, &[]);
    assert_eq!((code, &line["findings_count"]), (Some(3), &json!(1)), "{line}");
    let evidence = std::fs::read_to_string(line["evidence"][0].as_str().unwrap()).unwrap();
    let evidence: Value = serde_json::from_str(&evidence).unwrap();
    assert!(evidence["what"].as_str().unwrap().contains("two histories"), "{evidence}");
    assert_eq!(
        evidence["first"].as_str().unwrap(),
        std::fs::read_to_string(&mine).unwrap(),
        "the first is kept"
    );
    drop(second);
    import(&two, 8_200..8_205, &[]);
    let second = two.serve();
    let (code, line) = alpha.audit(&second, &[]);
    assert_eq!((code, &line["findings_count"]), (Some(3), &json!(1)), "it has grown: {line}");
    // Of two sizes, the node's own log shows it.
    beta.holds(&second, &[]);
    let (code, told) = compare(&beta, &mine, &beta.checkpoint(), &["--node", &second.url]);
    assert_eq!((code, &told["result"]), (Some(3), &json!("two")), "{told}");
    let (code, told) = compare(&beta, &mine, &beta.checkpoint(), &["--node", &first.url]);
    assert_eq!((code, &told["result"]), (Some(3), &json!("not_shown")), "{told}");
    // The first one goes on, and holds still.
    alpha.holds(&first, &[]);
    // What was there is there no more: an old backup, or another history.
    let (code, line) = beta.audit(&first, &[]);
    assert_eq!(code, Some(3));
    assert!(line["findings"][0].as_str().unwrap().contains("shorter"), "{line}");
}

fn configure(node: &Node, text: &str) {
    let path = node.data().join("bongsu.toml");
    std::fs::write(path, format!("[transparency]\nevery_s = 1\n{text}")).unwrap();
}

#[test]
fn a_witness_cosigns_one_history_and_members_demand_it() {
    let one = in_a_file(tower);
    let watch = Node::of(tempfile::tempdir().unwrap(), HashMap::new());
    watch.json(&["init", "--name", "watch.test"]);
    let (key, _) = keys(&one);
    let (_, witness) = keys(&watch);
    configure(&watch, &format!("[[transparency.witness_for]]\nkey = \"{key}\"\n"));
    let watching = watch.serve();
    configure(
        &one,
        &format!("[[transparency.witness]]\nurl = \"{}/witness\"\nkey = \"{witness}\"\n", watching.url),
    );
    let two = fork(&one);
    import(&one, 8_000..8_003, &[]);
    import(&two, 8_100..8_103, &[]);
    let alpha = Member::new(&one, "alpha");
    let demands = ["--witness", witness.as_str()];
    let first = one.serve();
    let cosigned =
        || alpha.audit(&first, &demands).1["witnesses"].as_array().is_some_and(|seen| !seen.is_empty());
    assert!(wait(Duration::from_secs(30), || cosigned().then_some(())).is_some(), "it is cosigned");
    let line = alpha.holds(&first, &demands);
    assert_eq!(line["witnesses"][0]["witness"], "watch.test/witness");
    // It goes on after both have been started anew.
    first.stop();
    import(&one, 8_010..8_013, &[]);
    let first = one.serve();
    let grown =
        || alpha.audit(&first, &demands).1["records"] == 309 && alpha.audit(&first, &demands).0 == Some(0);
    assert!(wait(Duration::from_secs(30), || grown().then_some(())).is_some(), "what came later is cosigned");
    first.stop();
    // The other history is cosigned by nobody, and who demands it sees that.
    let beta = Member::new(&one, "beta");
    let second = two.serve();
    std::thread::sleep(Duration::from_secs(3));
    let (code, line) = beta.audit(&second, &demands);
    assert_eq!((code, &line["witnesses"]), (Some(3), &json!([])), "{line}");
    assert!(line["findings"][0].as_str().unwrap().contains("1 are needed"), "{line}");
    // Where it has become as long, it is evidence at the witness.
    second.stop();
    import(&two, 8_110..8_113, &[]);
    let second = two.serve();
    let evidence = watch.data().join("witness/evidence");
    let caught = || std::fs::read_dir(&evidence).is_ok_and(|files| files.count() > 0);
    assert!(wait(Duration::from_secs(30), || caught().then_some(())).is_some(), "the witness has both");
    drop(second);
}
