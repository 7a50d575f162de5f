//! What an operator's own tools see: figures, read by Prometheus' own program; readiness; traces, taken by a collector; the log.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::misp_client::PYTHON;
use crate::node::{Node, Serving, client, in_a_file, indicator, wait};
use crate::push::Peer;
use crate::server::Server;

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs");
const COLLECTOR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/journeys/trace_collector.py");

fn node() -> Node {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "list"]);
    node
}

/// Gives Prometheus' own tool something to judge, and says what it says.
fn promtool(args: &[&str], input: &str) -> (bool, String) {
    let mut command = Command::new("promtool");
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child =
        command.spawn().unwrap_or_else(|error| panic!("scripts/setup installs promtool: {error}"));
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    (output.status.success(), said)
}

fn figures(serving: &Serving) -> String {
    let at = serving.monitor.as_ref().unwrap();
    let answer = client().get(format!("http://{at}/metrics")).send().unwrap();
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    answer.text().unwrap()
}

/// Figures by name with labels.
fn read(text: &str) -> BTreeMap<String, f64> {
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        })
        .collect()
}

/// The sum of the figures whose names and labels hold all of this.
fn sum(figures: &BTreeMap<String, f64>, name: &str, labels: &[&str]) -> f64 {
    let is_it =
        |key: &str| key.split('{').next() == Some(name) && labels.iter().all(|label| key.contains(label));
    figures.iter().filter(|(key, _)| is_it(key)).map(|(_, value)| value).sum()
}

fn post(node: &Node, serving: &Serving, numbers: std::ops::Range<u128>) -> reqwest::blocking::Response {
    let objects: Vec<String> =
        numbers.map(|number| indicator(number, &format!("n{number}.k3.top")).to_string()).collect();
    node.post(serving, "exchange", "region", &objects.join(",")).send().unwrap()
}

#[test]
fn figures_say_what_happened_and_are_read_by_prometheus() {
    let node = node();
    let listen = ("BONGSU__MONITOR__LISTEN", "127.0.0.1:0");
    let serving = node.serve_with(&[listen, ("BONGSU__MONITOR__BY_CIRCLE", "true")]);
    assert_eq!(post(&node, &serving, 0..7).status(), 202);
    assert_eq!(post(&node, &serving, 0..3).status(), 202);
    let file = node.file("list.txt", "evil-login-k3.top\n");
    node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
    node.text(&serving, "list", "/d/list/all.csv");
    assert_eq!(serving.client.get(format!("{}/objects", serving.url)).send().unwrap().status(), 401);
    let text = figures(&serving);
    let (well, said) = promtool(&["check", "metrics"], &text);
    assert!(well && said.trim().is_empty(), "{said}\n{text}");
    let found = read(&text);
    let objects = |way: &str, outcome: &str| {
        let labels = [format!("way=\"{way}\""), format!("outcome=\"{outcome}\"")];
        sum(&found, "bongsu_objects_total", &[&labels[0], &labels[1]])
    };
    assert_eq!((objects("taxii", "taken"), objects("taxii", "present")), (7.0, 3.0));
    assert!(objects("import", "taken") >= 1.0);
    let requests = |labels: &[&str]| sum(&found, "bongsu_http_requests_total", labels);
    let posts = "route=\"/api/collections/{collection}/objects/\"";
    assert_eq!(requests(&[posts, "method=\"POST\"", "status=\"202\""]), 2.0, "{text}");
    assert_eq!(requests(&["status=\"401\""]), 1.0);
    assert_eq!(sum(&found, "bongsu_http_request_duration_seconds_count", &["/d/{*name}"]), 1.0);
    assert!(sum(&found, "bongsu_commit_groups_total", &["outcome=\"ok\""]) >= 3.0);
    assert!(sum(&found, "bongsu_commit_duration_seconds_count", &[]) >= 3.0);
    assert!(sum(&found, "bongsu_circle_records", &["circle=\"region\""]) >= 8.0);
    for name in ["bongsu_store_reachable", "bongsu_http_requests_in_flight"] {
        assert_eq!(found.get(name), Some(if name.contains("store") { &1.0 } else { &0.0 }), "{name}");
    }
    for name in ["bongsu_store_bytes", "bongsu_records", "process_resident_memory_bytes", "process_open_fds"]
    {
        assert!(found[name] > 0.0, "{name}");
    }
    // They follow within moments.
    let followed = wait(Duration::from_secs(30), || {
        let found = read(&figures(&serving));
        let lags = || found.iter().filter(|(key, _)| key.starts_with("bongsu_follower_lag_seconds{"));
        let names: BTreeSet<&str> = lags().map(|(key, _)| key.split('"').nth(1).unwrap()).collect();
        let all = BTreeSet::from(["search", "zones", "trees", "push", "private"]);
        (names == all && lags().all(|(_, lag)| *lag == 0.0) && found["bongsu_search_lag_records"] == 0.0)
            .then_some(())
    });
    assert!(followed.is_some(), "{}", figures(&serving));
}

#[test]
fn figures_need_their_token_and_name_no_circle_unless_asked() {
    let node = node();
    let token = node.file("monitor.token", "a-token-for-the-figures\n");
    let listen = ("BONGSU__MONITOR__LISTEN", "127.0.0.1:0");
    let serving = node.serve_with(&[listen, ("BONGSU__MONITOR__TOKEN_FILE", &token)]);
    let url = format!("http://{}/metrics", serving.monitor.as_ref().unwrap());
    assert_eq!(client().get(&url).send().unwrap().status(), 401);
    assert_eq!(client().get(&url).bearer_auth("a-token-for-the-figurez").send().unwrap().status(), 401);
    let text = client().get(&url).bearer_auth("a-token-for-the-figures").send().unwrap().text().unwrap();
    assert!(text.contains("bongsu_records ") && !text.contains("region"), "{text}");
    // Members' port has none of it.
    let there = serving.client.get(format!("{}/metrics", serving.url)).send().unwrap();
    assert_ne!(there.status(), 200);
}

#[test]
fn dashboard_and_rules_use_figures_that_there_are() {
    let node = node();
    let serving = node.serve_with(&[("BONGSU__MONITOR__LISTEN", "127.0.0.1:0")]);
    post(&node, &serving, 0..1);
    let text = figures(&serving);
    let kinds = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let mut known = BTreeSet::from(["up".to_owned()]);
    for (name, kind) in kinds.filter_map(|line| line.split_once(' ')) {
        known.insert(name.to_owned());
        if kind == "histogram" {
            known.extend(["_bucket", "_sum", "_count"].map(|end| format!("{name}{end}")));
        }
    }
    let docs = |name: &str| std::fs::read_to_string(Path::new(DOCS).join(name)).unwrap();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let named = |text: &str| -> BTreeSet<String> {
        let words = text.split(|c| !is_name(c));
        words
            .filter(|word| word.starts_with("bongsu_") || word.starts_with("process_"))
            .map(str::to_owned)
            .collect()
    };
    let board: Value = serde_json::from_str(&docs("grafana.json")).unwrap();
    let panels = board["panels"].as_array().unwrap();
    assert!(panels.len() > 15);
    let mut used = BTreeSet::new();
    for target in panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap()) {
        let names = named(target["expr"].as_str().unwrap());
        assert!(!names.is_empty(), "{target}");
        used.extend(names);
    }
    used.extend(named(&docs("alerts.yml")));
    assert!(used.len() > 20);
    let missing: Vec<_> = used.difference(&known).collect();
    assert!(missing.is_empty(), "these are not among the figures: {missing:?}");
    // What the manual lists is what there is.
    let manual = docs("operate.md");
    let listed = named(manual.split("## Monitor").nth(1).unwrap().split("\n## ").next().unwrap());
    let untold: Vec<_> =
        known.iter().filter(|name| named(name).len() == 1 && !listed.contains(*name)).collect();
    let untold: Vec<_> = untold
        .into_iter()
        .filter(|name| !["_bucket", "_sum", "_count"].iter().any(|end| name.ends_with(end)))
        .collect();
    assert!(untold.is_empty(), "docs/operate.md does not tell of {untold:?}");
    assert!(listed.is_subset(&known), "{:?}", listed.difference(&known).collect::<Vec<_>>());
    let rules = Path::new(DOCS).join("alerts.yml");
    let (well, said) = promtool(&["check", "rules", rules.to_str().unwrap()], "");
    assert!(well && said.contains("SUCCESS"), "{said}");
}

fn ready(serving: &Serving) -> (u16, String) {
    let answer = serving.client.get(format!("{}/ready", serving.url)).send().unwrap();
    (answer.status().as_u16(), answer.text().unwrap())
}

#[test]
fn a_node_is_ready_as_long_as_its_disk_takes_writes() {
    let node = node();
    let serving = node.serve();
    let is_ready = || Some(ready(&serving)).filter(|(status, _)| *status == 200);
    assert_eq!(wait(Duration::from_secs(20), is_ready), Some((200, "ready\n".to_owned())));
    // No more files fit into the folder: it is gone.
    let (data, away) = (node.data(), node.dir.path().join("away"));
    std::fs::rename(&data, &away).unwrap();
    let refused = (503, "not ready: the disk takes no writes\n".to_owned());
    let told = wait(Duration::from_secs(20), || (ready(&serving) == refused).then_some(()));
    assert!(told.is_some(), "{:?}", ready(&serving));
    std::fs::rename(&away, &data).unwrap();
    assert!(wait(Duration::from_secs(20), is_ready).is_some());
    let alive = serving.client.get(format!("{}/healthz", serving.url)).send().unwrap();
    assert_eq!(alive.text().unwrap(), "ok\n");
}

#[test]
fn a_node_whose_database_is_away_is_not_ready_and_says_so_in_time() {
    let mut server = Server::start();
    let mut node = in_a_file(Node::new);
    let path = node.data().join("bongsu.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let url = format!("[database]\nurl = \"{}\"", server.address(&server.database()));
    std::fs::write(&path, text.replace("[database]", &url)).unwrap();
    node.json(&["migrate", "database"]);
    node.member("exchange", "exchange", "amber");
    let serving = node.serve_with(&[("BONGSU__MONITOR__LISTEN", "127.0.0.1:0")]);
    let reachable = || read(&figures(&serving))["bongsu_store_reachable"];
    let is_there = || (ready(&serving).0 == 200 && reachable() == 1.0).then_some(());
    assert!(wait(Duration::from_secs(20), is_there).is_some());
    assert!(read(&figures(&serving))["bongsu_store_bytes"] > 0.0);
    server.order("stop");
    let (status, said) =
        wait(Duration::from_secs(30), || Some(ready(&serving)).filter(|told| told.0 == 503)).unwrap();
    assert_eq!(status, 503);
    assert!(said.contains("the store does not answer") || said.contains("the lines can't be read"), "{said}");
    // Well within the time that Prometheus waits.
    let began = std::time::Instant::now();
    assert_eq!(reachable(), 0.0);
    assert!(began.elapsed() < Duration::from_secs(8));
    let alive = serving.client.get(format!("{}/healthz", serving.url)).send().unwrap();
    assert_eq!(alive.status(), 200);
    server.order("start");
    server.wait();
    let back = wait(Duration::from_secs(60), || {
        Some(()).filter(|()| ready(&serving).0 == 200 && reachable() == 1.0)
    });
    assert!(back.is_some());
}

/// The lines of a log, each of which is one JSON object.
fn log(path: &PathBuf) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

#[test]
fn each_line_of_the_log_is_whole_and_a_request_can_be_found_in_it() {
    let node = node();
    let path = node.dir.path().join("log");
    let serving =
        node.serve_logged(&path, &[("BONGSU__LOG__FORMAT", "json"), ("BONGSU__LOG__LEVEL", "debug")]);
    let answer = post(&node, &serving, 0..2);
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let url = format!("{}/d/list/all.csv", serving.url);
    let refused = serving
        .client
        .get(&url)
        .bearer_auth("x.y")
        .header("traceparent", format!("00-{trace}-b7ad6b7169203331-01"));
    let refused = refused.send().unwrap();
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["x-request-id"]),
        (401, &trace.parse().unwrap())
    );
    serving.stop();
    let lines = log(&path);
    assert!(lines.len() > 4);
    for line in &lines {
        for name in ["timestamp", "level", "target", "message"] {
            assert!(line[name].as_str().is_some_and(|text| !text.is_empty()), "{name}: {line}");
        }
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'), "{line}");
    }
    let of =
        |id: &str| -> Vec<&Value> { lines.iter().filter(|line| line["span"]["request_id"] == id).collect() };
    let told = of(&id);
    let last = told.last().unwrap_or_else(|| panic!("{id}: {lines:?}"));
    assert_eq!((&last["status"], &last["method"]), (&202.into(), &"POST".into()));
    assert_eq!(last["route"], "/api/collections/{collection}/objects/");
    // What was said on the way says whose request it was.
    assert!(
        of(trace).iter().any(|line| line["message"].as_str().unwrap().contains("a log-in from")),
        "{lines:?}"
    );
}

#[test]
fn traces_reach_a_collector_and_name_nobody() {
    assert!(Path::new(PYTHON).exists(), "scripts/setup installs what the collector needs");
    let node = node();
    let collector = Peer::run(COLLECTOR, &[]);
    let otlp = format!("http://127.0.0.1:{}/v1/traces", collector.next());
    let serving = node.serve_with(&[("BONGSU__TELEMETRY__OTLP", &otlp)]);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let objects = indicator(1, "evil-login-k3.top").to_string();
    let sent = node.post(&serving, "exchange", "region", &objects);
    let answer = sent.header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01")).send().unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["x-request-id"]), (202, &trace.parse().unwrap()));
    node.text(&serving, "list", "/d/list/all.csv");
    serving.stop();
    // What was not sent yet is sent when it stops.
    let spans: Vec<Value> =
        std::iter::from_fn(|| collector.lines.recv_timeout(Duration::from_secs(5)).ok()).collect();
    let all = serde_json::to_string(&spans).unwrap();
    let request = spans.iter().find(|span| span["trace"] == trace).unwrap_or_else(|| panic!("{all}"));
    let route = "/api/collections/{collection}/objects/";
    assert_eq!(request["name"], format!("POST {route}"));
    assert_eq!((&request["parent"], &request["kind"]), (&"00f067aa0ba902b7".into(), &2.into()));
    assert_eq!(request["attributes"]["http.response.status_code"], 202);
    assert_eq!(request["attributes"]["http.route"], route);
    assert_eq!(request["resource"]["service.name"], "bongsu");
    assert!(request["took_ns"].as_i64().unwrap() > 0);
    assert!(
        spans.iter().any(|span| span["name"] == "commit" && span["attributes"]["bongsu.drafts"] == 1),
        "{all}"
    );
    for hidden in ["exchange", "evil-login", "region", "indicator--", "127.0.0.1"] {
        assert!(!all.contains(hidden), "{hidden}: {all}");
    }
}
