//! Hunting through real logs, with a watch file and nothing else: no node is asked.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Output, Stdio};

use flate2::read::MultiGzDecoder;
use serde_json::Value;

use crate::node::{Node, shared};

/// What is planted: a name below a domain, an address in a network, a hash, a mailbox; and a name that the guard holds.
const PLANTED: [(&str, &str); 4] = [
    ("a7.snozberry-k3.top", "snozberry-k3.top"),
    ("45.83.64.9", "45.83.64.0/24"),
    (
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ),
    ("pay@invoice-k3.top", "pay@invoice-k3.top"),
];

fn hunt(node: &Node, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
    command.env_clear().current_dir(node.dir.path()).arg("hunt").args(args).output().unwrap()
}

fn finds(output: &Output) -> (Vec<Value>, Value) {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let summary =
        lines.pop().unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)))["summary"]
            .clone();
    (lines, summary)
}

/// A node with what is planted, and its watch file, fetched as a member does.
fn node() -> (Node, String) {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "detect"]);
    let values: Vec<&str> =
        PLANTED.iter().map(|(_, value)| *value).chain(["google.com", "never-seen-k3.top"]).collect();
    let list = node.file("list.txt", values.join("\n"));
    assert_eq!(node.json(&["import", &list, "--circle", "region", "--as", "exchange"])["added"], 6);
    let serving = node.serve();
    let request = serving.client.get(format!("{}/d/watch.bongsu", serving.url));
    let answer = request.basic_auth("detect", Some(&node.tokens["detect"])).send().unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());
    let file = node.file("watch.bongsu", answer.bytes().unwrap());
    serving.stop();
    (node, file)
}

/// The real logs, unpacked into one text each.
fn logs() -> Vec<(String, Vec<u8>)> {
    let mut logs = Vec::new();
    for folder in ["logs/zeek/zeek-default", "logs/zeek/zeek-json"] {
        for entry in std::fs::read_dir(shared(folder)).unwrap_or_else(|error| panic!("{folder}: {error}")) {
            let path = entry.unwrap().path();
            let mut text = Vec::new();
            std::io::copy(&mut MultiGzDecoder::new(std::fs::File::open(&path).unwrap()), &mut text).unwrap();
            logs.push((path.file_name().unwrap().to_string_lossy().into_owned(), text));
        }
    }
    logs.sort();
    assert!(logs.len() > 10, "{}", logs.len());
    logs
}

#[test]
fn what_is_planted_in_real_logs_is_found_and_nothing_else() {
    let (node, file) = node();
    let folder = node.dir.path().join("logs");
    std::fs::create_dir_all(folder.join("below")).unwrap();
    let mut expected = Vec::new();
    for (at, (name, text)) in logs().into_iter().enumerate() {
        let (planted, _) = PLANTED[at % PLANTED.len()];
        let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
        let line = lines.len() / 2;
        let more = format!("1521911720.8\t10.0.0.1\t{planted}\tseen\n");
        let text = [lines[..line].concat(), more.into_bytes(), lines[line..].concat()].concat();
        // Each third as it is, packed with gzip, packed with zstd.
        let (path, text) = match at % 3 {
            0 => (folder.join(name.replace(".gz", "")), text),
            1 => {
                let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                packed.write_all(&text).unwrap();
                (folder.join("below").join(name), packed.finish().unwrap())
            }
            _ => (folder.join(name.replace(".gz", ".zst")), zstd::encode_all(&text[..], 1).unwrap()),
        };
        std::fs::write(&path, text).unwrap();
        expected.push((path.display().to_string(), line + 1, planted));
    }
    expected.sort();
    for jobs in ["1", "4"] {
        let output = hunt(&node, &["--watch", &file, "--json", "--jobs", jobs, folder.to_str().unwrap()]);
        let (finds, summary) = finds(&output);
        let mut found: Vec<(String, usize, &str)> = Vec::new();
        for find in &finds {
            let line = usize::try_from(find["line"].as_u64().unwrap()).unwrap();
            found.push((find["file"].as_str().unwrap().to_owned(), line, find["found"].as_str().unwrap()));
        }
        found.sort_unstable();
        assert_eq!(found, expected);
        assert_eq!((output.status.code(), &summary["finds"]), (Some(0), &Value::from(expected.len())));
        assert!(finds.iter().all(
            |find| find["by"][0]["circle"] == "region" && find["text"].as_str().unwrap().contains("seen")
        ));
    }
}

#[test]
fn a_hunt_ends_as_grep_does_and_says_what_it_could_not_read() {
    let (node, file) = node();
    let log = node.file("a.log", "\u{1b}[31ma7.snozberry-k3.top\u{1b}[0m \u{202e}<b>\n");
    let output = hunt(&node, &["--watch", &file, &log]);
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(
        text.contains("a.log:1: a7.snozberry-k3.top (below snozberry-k3.top)")
            && text.contains("region, TLP:"),
        "{text}"
    );
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");

    let empty = node.file("empty.log", "");
    assert_eq!(hunt(&node, &["--watch", &file, &empty]).status.code(), Some(1));

    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all("a7.snozberry-k3.top\n".repeat(100_000).as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let cut = node.file("cut.gz", &packed[..packed.len() / 2]);
    let output = hunt(&node, &["--watch", &file, "--json", &cut, "not-there.log"]);
    let errors = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(
        errors.contains("cut.gz can't be read to its end") && errors.contains("not-there.log"),
        "{errors}"
    );
    assert!(finds(&output).0.len() > 1_000, "what came before the cut counts");

    let output = hunt(&node, &["--watch", &file, "--json", "--most", "7", &cut]);
    assert_eq!((finds(&output).0.len(), output.status.code()), (7, Some(0)), "it stops before the cut");
}

#[test]
fn a_line_without_an_end_is_hunted_in_little_memory() {
    let (node, file) = node();
    let filler = "x".repeat(99) + " ";
    let mut log = filler.repeat(200_000);
    log.push_str("a7.snozberry-k3.top ");
    log.push_str(&filler.repeat(1_000));
    log.push_str(&"a".repeat(1 << 20));
    let log = node.file("line.log", log);
    let (found, summary) = finds(&hunt(&node, &["--watch", &file, "--json", "--jobs", "1", &log]));
    assert_eq!(
        (found.len(), &found[0]["line"], &summary["lines"]),
        (1, &Value::from(1), &Value::from(1)),
        "{found:?}"
    );
}

#[test]
fn a_watch_file_that_was_changed_is_not_used() {
    let (node, file) = node();
    let log = node.file("a.log", "a7.snozberry-k3.top\n");
    let key = node.json(&["pack", "key"])["key"].as_str().unwrap().to_owned();
    assert_eq!(hunt(&node, &["--watch", &file, "--key", &key, &log]).status.code(), Some(0));
    let other = Node::new().json(&["pack", "key"])["key"].as_str().unwrap().to_owned();
    let told = |args: &[&str]| {
        let output = hunt(&node, args);
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(told(&["--watch", &file, "--key", &other, &log]).contains("another node made it"));
    let whole = std::fs::read(&file).unwrap();
    for at in [0, 20, 60, whole.len() / 2, whole.len() - 600, whole.len() - 5] {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        let changed = node.file("changed.bongsu", changed);
        let said = told(&["--watch", &changed, "--key", &key, &log]);
        assert!(said.contains("changed.bongsu") && !said.contains("panicked"), "{at}: {said}");
    }
    for length in [0, 10, 100, whole.len() - 1] {
        let cut = node.file("cut.bongsu", &whole[..length]);
        assert!(told(&["--watch", &cut, &log]).contains("cut.bongsu"));
    }
    assert!(told(&["--watch", "none.bongsu", &log]).contains("/d/watch.bongsu"));
}

#[test]
fn a_log_that_grows_is_followed_over_its_rotation() {
    let (node, file) = node();
    let folder = node.dir.path().join("growing");
    std::fs::create_dir(&folder).unwrap();
    let log = folder.join("a.log");
    let write = |text: &str| {
        let mut to = std::fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        to.write_all(text.as_bytes()).unwrap();
    };
    write("nothing here\na1.snozberry-k3.top\n");
    let mut hunt = Command::new(env!("CARGO_BIN_EXE_bongsu"));
    let hunt = hunt
        .env_clear()
        .args(["hunt", "--json", "--follow", "--most", "5", "--watch", &file])
        .arg(&folder)
        .arg("-");
    let mut running = hunt.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = running.stdin.take().unwrap();
    let mut lines = BufReader::new(running.stdout.take().unwrap()).lines();
    let mut next = || {
        let find: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        (find["found"].as_str().unwrap_or_default().to_owned(), find["line"].as_u64())
    };
    assert_eq!(next(), ("a1.snozberry-k3.top".to_owned(), Some(2)));
    write("more\na2.snozberry-k3.t");
    write("op\n");
    assert_eq!(next(), ("a2.snozberry-k3.top".to_owned(), Some(4)));
    input.write_all(b"by a pipe: pay@invoice-k3.top\n").unwrap();
    assert_eq!(next(), ("pay@invoice-k3.top".to_owned(), Some(1)));
    write("its end was never written a3.snozberry-k3.top");
    std::fs::rename(&log, folder.join("a.log.1")).unwrap();
    write("a4.snozberry-k3.top\n");
    assert_eq!(next().0, "a3.snozberry-k3.top");
    assert_eq!(next(), ("a4.snozberry-k3.top".to_owned(), Some(1)));
    drop(input);
    assert!(running.wait().unwrap().success());
}

/// Tells a program to end, as Ctrl-C does.
fn interrupt(running: &Child) {
    let id = i32::try_from(running.id()).ok().and_then(rustix::process::Pid::from_raw).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
}

#[test]
fn what_was_found_while_following_is_written_when_it_is_interrupted() {
    let (node, file) = node();
    let log = node.file("grows.log", "a1.snozberry-k3.top\n");
    let [bundle, record] = ["sightings.json", "seen.bongsu"].map(|name| node.dir.path().join(name));
    let mut hunt = Command::new(env!("CARGO_BIN_EXE_bongsu"));
    let hunt = hunt.env_clear().args(["hunt", "--json", "--follow", "--watch", &file, &log, "-"]);
    let hunt = hunt.arg("--stix").arg(&bundle).arg("--remember").arg(&record);
    let mut running = hunt.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(running.stdout.take().unwrap()).lines();
    let find: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(find["found"], "a1.snozberry-k3.top");
    // Standard input is still open.
    interrupt(&running);
    assert!(running.wait().unwrap().success());
    let summary: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(summary["summary"]["finds"], 1);
    let bundle: Value = serde_json::from_slice(&std::fs::read(bundle).unwrap()).unwrap();
    let types: Vec<&str> =
        bundle["objects"].as_array().unwrap().iter().map(|object| object["type"].as_str().unwrap()).collect();
    assert!(types.contains(&"sighting"), "{types:?}");
    let [record, watch] = [record.to_str().unwrap(), &file];
    let looked_up = hunt_in(&node, &["--watch", watch, "--in", record]);
    assert!(looked_up.contains("snozberry-k3.top"), "{looked_up}");
}

fn hunt_in(node: &Node, args: &[&str]) -> String {
    String::from_utf8(hunt(node, args).stdout).unwrap()
}

/// Whoever reads finds slowly does not make the hunt hold them.
#[test]
fn finds_that_nobody_takes_are_not_piled_up() {
    const FINDS: usize = 300_000;
    let (node, file) = node();
    let log = node.file("many.log", "x.snozberry-k3.top ".repeat(10).trim_end().to_owned() + "\n");
    let line = std::fs::read(&log).unwrap();
    std::fs::write(&log, line.repeat(FINDS / 10)).unwrap();
    let mut hunt = Command::new(env!("CARGO_BIN_EXE_bongsu"));
    let hunt = hunt.env_clear().args(["hunt", "--json", "--jobs", "4", "--watch", &file, &log]);
    let mut running = hunt.stdout(Stdio::piped()).spawn().unwrap();
    let about = |what: &str| std::fs::read_to_string(format!("/proc/{}/{what}", running.id())).unwrap();
    // It works no more once it waits for its finds to be taken.
    let worked = || about("stat").rsplit_once(')').unwrap().1.split(' ').skip(12).take(2).collect::<String>();
    let mut before = String::new();
    while before != worked() {
        before = worked();
        std::thread::sleep(std::time::Duration::from_millis(500));
    }
    let peak = about("status");
    let peak = peak.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap().trim();
    let peak: u64 = peak.trim_end_matches(" kB").parse().unwrap();
    let found = BufReader::new(running.stdout.take().unwrap()).lines().count() - 1;
    assert!(running.wait().unwrap().success());
    assert_eq!(found, FINDS);
    // Piled up, they took 1.7 GB; a debug build's own code takes some tens of MiB.
    assert!(peak < 200 << 10, "{peak} KiB");
}
