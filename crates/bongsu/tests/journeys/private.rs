//! Private screening from the command line, with real nodes: found is what is known, and what is wrong is not taken.

use std::process::{Command, Output, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::StatusCode;
use serde_json::Value;

use crate::node::{Node, Serving, bundle, indicator};

/// What is known: in the first circle, which both are in, and in the second.
const REGION: &str = "snozberry-k3.top\n45.83.64.0/24\npay@invoice-k3.top\n9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n1BoatSLRHtKNngkdXEeobR76b53LETtpyT\nhttp://login-k3.top/a?b=c\n";
const PAIR: &str = "only-for-two-k3.top\n";
/// What is asked for, and by what of it something is known, and to whom not.
const ASKED: [(&str, Option<&str>); 9] = [
    ("hxxp://a7.snozberry-k3[.]top/x", Some("host")),
    ("A7.Snozberry-k3.top.", Some("parent-domain")),
    ("45.83.64.9", Some("cidr")),
    ("pay@invoice-k3.top", Some("exact")),
    ("9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08", Some("exact")),
    ("1BoatSLRHtKNngkdXEeobR76b53LETtpyT", Some("exact")),
    ("http://login-k3.top/a?b=c", Some("exact")),
    ("never-seen-k3.top", None),
    ("45.83.65.9", None),
];

fn node() -> Node {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "detect"]);
    node.json(&["circle", "add", "pair", "--member", "exchange"]);
    for (circle, list) in [("region", REGION), ("pair", PAIR)] {
        let list = node.file(&format!("{circle}.txt"), list);
        node.json(&["import", &list, "--circle", circle, "--as", "exchange"]);
    }
    let mut mac = indicator(7_777, "unused");
    mac["pattern"] = "[mac-addr:value = '00:11:22:33:44:55']".into();
    let file = node.file("mac.json", bundle(&[mac]));
    node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
    node
}

pub(crate) fn command(node: &Node, serving: &Serving, member: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
    command.env_clear().current_dir(node.dir.path()).env("BONGSU_TOKEN", &node.tokens[member]);
    command.args(["screen", "--private", "--node", &serving.url]).args(args).stdin(Stdio::null());
    command
}

fn screen(node: &Node, serving: &Serving, member: &str, args: &[&str]) -> Output {
    command(node, serving, member, args).output().unwrap()
}

fn json(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}{}", said(output)))
}

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn what_is_known_is_found_and_nothing_else() {
    let node = node();
    let log = node.dir.path().join("log.txt");
    let serving = node.serve_logged(&log, &[]);
    let asked: Vec<&str> = ASKED.iter().map(|(asked, _)| *asked).collect();
    let args = ["--json", "--filter", "kept.bongsu"].into_iter().chain(asked).collect::<Vec<_>>();
    for round in 0..2 {
        let output = screen(&node, &serving, "detect", &args);
        let told = json(&output);
        assert_eq!(output.status.code(), Some(3), "{told}");
        for ((asked, by), value) in ASKED.iter().zip(told["values"].as_array().unwrap()) {
            assert_eq!(value["asked"], *asked);
            assert_eq!(value["known"], by.is_some(), "{value}");
            assert_eq!(value["by"][0]["match"].as_str(), *by, "{value}");
        }
        assert_eq!((&told["known"], &told["filter"]["values"]), (&7.into(), &7.into()), "round {round}");
        assert!(told["openly"].is_null());
    }
    // A circle's value is there for its members alone.
    let two = |member| screen(&node, &serving, member, &["only-for-two-k3.top"]).status.code();
    assert_eq!((two("exchange"), two("detect")), (Some(3), Some(0)));
    let output = screen(&node, &serving, "detect", &["a.snozberry-k3.top", "CVE-2021-44228", "\u{1b}[31m"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(3), "one is known");
    assert!(text.contains("a.snozberry-k3.top: known (parent-domain snozberry-k3.top)"), "{text}");
    assert!(text.contains("cve are not screened") && !text.contains('\u{1b}'), "{text}");
    assert!(said(&output).contains("1 of 3 known to tower.test"), "{}", said(&output));
    // What no device refuses is asked for as well: it is in the watch file too.
    let output = screen(&node, &serving, "detect", &["--json", "--kind", "mac", "00-11-22-33-44-55"]);
    assert_eq!(
        (json(&output)["known"].as_u64(), output.status.code()),
        (Some(1), Some(3)),
        "{}",
        json(&output)
    );
    // Whoever agrees asks openly about what was found, and about nothing else.
    let output =
        screen(&node, &serving, "detect", &["--json", "--ask", "a.snozberry-k3.top", "never-seen-k3.top"]);
    let openly = json(&output)["openly"]["results"].clone();
    assert_eq!((openly.as_array().unwrap().len(), &openly[0]["result"]), (1, &"match".into()), "{openly}");
    assert_eq!(openly[0]["matches"][0]["value"], "snozberry-k3.top");
    // From standard input, a line each.
    let list = node.file("ask.txt", "never-seen-k3.top\n\n  45.83.64.77 \n");
    let mut command = command(&node, &serving, "detect", &["--json", "-"]);
    let output = command.stdin(std::fs::File::open(list).unwrap()).output().unwrap();
    assert_eq!((json(&output)["known"].as_u64(), output.status.code()), (Some(1), Some(3)));
    serving.stop();
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("blinded elements were evaluated"), "{log}");
    // A time may have 45.83 in it, and a folder's name k3.
    assert!(!log.contains("-k3") && !log.contains("45.83.6"), "nothing of what was asked is logged");
}

#[test]
fn below_its_level_or_without_a_token_nobody_asks() {
    let node = node();
    let serving = node.serve();
    let told = |member: &str| said(&screen(&node, &serving, member, &["a.top"]));
    assert!(
        told("list").contains("403") && told("list").contains("detect is above your level"),
        "{}",
        told("list")
    );
    let mut bare = command(&node, &serving, "detect", &["a.top"]);
    let output = bare.env_remove("BONGSU_TOKEN").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("--token-file"), "{}", said(&output));
    let mut wrong = command(&node, &serving, "detect", &["a.top"]);
    let file = node.file("token", "wrong\n");
    let output = wrong.args(["--token-file", &file]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("401"), "{}", said(&output));
    // A token in a path ends up in logs, and reads artefacts alone.
    let token = &node.tokens["detect"];
    let answer = serving.client.get(format!("{}/t/{token}/private/filter", serving.url)).send().unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    // An operator sees what a member's filter is, and asks nothing in its name.
    let off = node.serve_off();
    assert_eq!(off, StatusCode::NOT_FOUND, "where it is not offered there is nothing");
}

impl Node {
    /// What a node without private screening answers about it.
    fn serve_off(&self) -> StatusCode {
        let other = node();
        let serving = other.serve_with(&[("BONGSU__PRIVATE__ENABLED", "false")]);
        let request = serving.client.get(format!("{}/private/filter", serving.url));
        request.basic_auth("detect", Some(&other.tokens["detect"])).send().unwrap().status()
    }
}

#[test]
fn what_was_changed_or_comes_from_another_is_not_used() {
    let node = node();
    let key = node.json(&["pack", "key"])["key"].as_str().unwrap().to_owned();
    let serving = node.serve();
    let kept = ["--filter", "kept.bongsu", "--key", &key, "a.snozberry-k3.top"];
    assert_eq!(screen(&node, &serving, "detect", &kept).status.code(), Some(3));
    let whole = std::fs::read(node.dir.path().join("kept.bongsu")).unwrap();
    for at in [0, 30, whole.len() / 2, whole.len() - 3] {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        node.file("changed.bongsu", changed);
        let output = screen(
            &node,
            &serving,
            "detect",
            &["--filter", "changed.bongsu", "--as-is", "--key", &key, "a.top"],
        );
        assert_eq!(output.status.code(), Some(2), "{at}");
        assert!(
            said(&output).contains("changed.bongsu") && !said(&output).contains("panicked"),
            "{}",
            said(&output)
        );
    }
    // Another node of the same name, with other keys.
    let other = crate::private::node();
    let strange = other.serve();
    let file = node.dir.path().join("kept.bongsu");
    let file = file.to_str().unwrap();
    let output = screen(
        &other,
        &strange,
        "detect",
        &["--filter", file, "--as-is", "--key", &key, "a.snozberry-k3.top"],
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("the proof does not hold"), "{}", said(&output));
    let output = screen(&other, &strange, "detect", &["--key", &key, "a.top"]);
    assert!(said(&output).contains("another node made it"), "{}", said(&output));
}

#[test]
fn who_asks_too_much_waits() {
    let node = node();
    let serving = node.serve_with(&[("BONGSU__PRIVATE__BURST", "1024"), ("BONGSU__PRIVATE__PER_HOUR", "1")]);
    let list: String = (0..1_024).map(|at| format!("q{at}-k3.top\n")).collect();
    let list = node.file("many.txt", list);
    let many = || {
        let mut command = command(&node, &serving, "detect", &["--json", "-"]);
        command.stdin(std::fs::File::open(&list).unwrap()).output().unwrap()
    };
    assert_eq!(many().status.code(), Some(0));
    let output = many();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("429") && said(&output).contains("fewer values"), "{}", said(&output));
}

#[test]
fn a_filter_whose_key_is_gone_is_to_be_fetched_again() {
    let node = node();
    let today = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 86_400;
    // An epoch that did not begin today, so that one of a day is another.
    let days = (28..40).find(|days| !today.is_multiple_of(*days)).unwrap().to_string();
    let serving = node.serve_with(&[("BONGSU__PRIVATE__ROTATE_DAYS", &days)]);
    let known = ["--filter", "kept.bongsu", "a.snozberry-k3.top"];
    assert_eq!(screen(&node, &serving, "detect", &known).status.code(), Some(3));
    serving.stop();
    let daily = [("BONGSU__PRIVATE__ROTATE_DAYS", "1"), ("BONGSU__PRIVATE__OVERLAP_DAYS", "0")];
    let serving = node.serve_with(&daily);
    let as_is: Vec<&str> = known.iter().copied().chain(["--as-is"]).collect();
    let output = screen(&node, &serving, "detect", &as_is);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).contains("410") && said(&output).contains("fetch the filter again"),
        "{}",
        said(&output)
    );
    assert_eq!(screen(&node, &serving, "detect", &known).status.code(), Some(3), "it is fetched by itself");
}
