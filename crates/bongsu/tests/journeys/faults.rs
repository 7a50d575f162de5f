//! The disk is full, takes no writes, or comes back torn, and the clock is set back: nothing that was acknowledged is lost, what can't
//! be kept is said, and it goes on by itself.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::node::{Node, Serving, TAXII, id, in_a_file, indicator, wait};

const NO_DNS: &[(&str, &str)] = &[("BONGSU__DNS__ENABLED", "false")];
const OBJECTS: &str = "/api/collections/region/objects/?limit=5000";
/// How long it is waited for what must come; it does not decide what is right.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where a test finds the file system that is its own.
const DISK: &str = "BONGSU_TEST_DISK";

/// A small file system of a test's own.
struct Disk {
    place: PathBuf,
}

impl Disk {
    /// Runs the test of this name once more, in a view of all file systems in which it may mount one.
    fn run(name: &str, test: fn(&Self)) {
        if let Some(place) = std::env::var_os(DISK) {
            return test(&Self { place: place.into() });
        }
        let place = tempfile::tempdir().unwrap();
        let mut command = Command::new("unshare");
        let script = format!("mount -t tmpfs -o size=24m none \"${DISK}\" && exec \"$@\"");
        command.args(["-Urm", "sh", "-c", &script, "sh"]).arg(std::env::current_exe().unwrap());
        command.args(["--exact", &format!("faults::{name}"), "--nocapture"]).env(DISK, place.path());
        let output = command.output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && out.contains("1 passed"), "{out}{err}");
    }

    /// Mounts it for reading alone, or for both.
    fn mount(&self, how: &str) {
        let options = format!("remount,bind,{how}");
        assert!(Command::new("mount").args(["-o", &options]).arg(&self.place).status().unwrap().success());
    }

    /// Takes all room but some bytes.
    fn fill(&self, but: usize) {
        let mut file = std::fs::File::options().append(true).create(true).open(self.ballast()).unwrap();
        while file.write_all(&[7; 4_096]).is_ok() {}
        let long = file.metadata().unwrap().len();
        file.set_len(long.saturating_sub(but as u64)).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.place.join("ballast")
    }
}

/// What is acknowledged, by id.
type Acknowledged = BTreeMap<String, Value>;

/// Shares some indicators; what was acknowledged is noted, of what was not the answer is given.
fn share(
    node: &Node,
    serving: &Serving,
    numbers: std::ops::Range<u128>,
    acknowledged: &mut Acknowledged,
) -> Result<(), (u16, Value)> {
    let objects: Vec<Value> = numbers.map(|number| indicator(number, "evil-k9.top")).collect();
    let texts: Vec<String> = objects.iter().map(Value::to_string).collect();
    let answer = node.post(serving, "exchange", "region", &texts.join(",")).send().unwrap();
    let (status, told) = (answer.status().as_u16(), answer.json::<Value>().unwrap());
    if status != 202 {
        return Err((status, told));
    }
    assert_eq!(told["failure_count"], 0, "{told}");
    acknowledged
        .extend(objects.into_iter().map(|object| (object["id"].as_str().unwrap().to_owned(), object)));
    Ok(())
}

/// All that is there, as the member `reader` gets it.
fn there(node: &Node, serving: &Serving) -> Acknowledged {
    let page: Value = serde_json::from_str(&node.text(serving, "reader", OBJECTS)).unwrap();
    assert!(page.get("next").is_none(), "one page has them all");
    let objects = page["objects"].as_array().cloned().unwrap_or_default();
    objects.into_iter().map(|object| (object["id"].as_str().unwrap().to_owned(), object)).collect()
}

fn contains_all(there: &Acknowledged, acknowledged: &Acknowledged) {
    for (id, object) in acknowledged {
        assert_eq!(there.get(id), Some(object), "{id} was acknowledged");
    }
}

fn with_region(mut node: Node) -> Node {
    for member in ["reader", "exchange"] {
        node.member(member, "exchange", "amber");
    }
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "reader"]);
    node
}

fn refused(node: &Node, args: &[&str]) -> String {
    let output = node.command(args).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_full_disk_is_told_reads_go_on_and_it_heals_by_itself() {
    Disk::run("a_full_disk_is_told_reads_go_on_and_it_heals_by_itself", full);
}

fn full(disk: &Disk) {
    let node = in_a_file(|| with_region(Node::within(&disk.place)));
    let mut acknowledged = Acknowledged::new();
    let mut serving = node.serve_with(NO_DNS);
    let mut number = 0;
    for round in 0..4 {
        number += 10;
        share(&node, &serving, number - 10..number, &mut acknowledged).unwrap();
        disk.fill(round * 50_000);
        let (status, told) = loop {
            number += 40;
            match share(&node, &serving, number - 40..number, &mut acknowledged) {
                Ok(()) => {}
                Err(refused) => break refused,
            }
        };
        assert_eq!((status, &told["http_status"]), (507, &json!("507")), "{told}");
        assert!(told["description"].as_str().unwrap().contains("make room"), "{told}");
        contains_all(&there(&node, &serving), &acknowledged);
        disk.fill(0);
        // What failed has left some room in the log that small entries still find.
        let title = |turn: usize| format!("{turn} {}", "t".repeat(150));
        let turns =
            (0..1_000).map(|turn| node.command(&["circle", "set", "region", "--title", &title(turn)]));
        let mut ended = turns.map(|mut command| command.output().unwrap());
        let output = ended.find(|output| !output.status.success()).unwrap();
        let failure = String::from_utf8(output.stderr).unwrap();
        assert!(failure.contains("the disk is full") && failure.contains("make room"), "{failure}");
        if round % 2 == 1 {
            // A start needs no room, either.
            serving.kill();
            serving = node.serve_with(NO_DNS);
            contains_all(&there(&node, &serving), &acknowledged);
        }
        std::fs::remove_file(disk.ballast()).unwrap();
        share(&node, &serving, number..number + 10, &mut acknowledged).unwrap();
        number += 10;
        let told = node.json(&["verify"]);
        assert_eq!(told["sound"], true, "{told}");
    }
    serving.kill();
    let serving = node.serve_with(NO_DNS);
    contains_all(&there(&node, &serving), &acknowledged);
}

#[test]
fn a_disk_that_takes_no_writes_is_told_and_what_it_holds_is_whole() {
    Disk::run("a_disk_that_takes_no_writes_is_told_and_what_it_holds_is_whole", read_only);
}

fn read_only(disk: &Disk) {
    let node = in_a_file(|| with_region(Node::within(&disk.place)));
    let mut acknowledged = Acknowledged::new();
    let serving = node.serve_with(NO_DNS);
    share(&node, &serving, 0..50, &mut acknowledged).unwrap();
    // Its log is left beside the file.
    serving.kill();
    disk.mount("ro");
    let failure = refused(&node, &["serve"]);
    assert!(failure.contains("Read-only file system") && failure.contains("mount it writable"), "{failure}");
    let told = node.json(&["verify"]);
    assert_eq!((&told["sound"], told["lines"].as_array().map(Vec::len)), (&json!(true), Some(2)), "{told}");
    disk.mount("rw");
    let serving = node.serve_with(NO_DNS);
    contains_all(&there(&node, &serving), &acknowledged);
    share(&node, &serving, 50..60, &mut acknowledged).unwrap();
    contains_all(&there(&node, &serving), &acknowledged);
}

/// A node's clock, which can be set.
struct Time {
    file: PathBuf,
    library: PathBuf,
}

impl Time {
    fn new(node: &Node) -> Self {
        let folders = std::fs::read_dir("/usr/lib").unwrap();
        let mut libraries = folders.map(|folder| folder.unwrap().path().join("faketime/libfaketimeMT.so.1"));
        let library =
            libraries.find(|library| library.exists()).unwrap_or_else(|| panic!("run scripts/setup"));
        let time = Self { file: node.dir.path().join("time"), library };
        time.set("+0");
        time
    }

    /// Sets it by so much from the true time.
    fn set(&self, by: &str) {
        std::fs::write(&self.file, format!("{by}\n")).unwrap();
    }

    fn serve(&self, node: &Node) -> Serving {
        node.serve_with(&[
            ("BONGSU__DNS__ENABLED", "false"),
            ("LD_PRELOAD", self.library.to_str().unwrap()),
            ("FAKETIME_TIMESTAMP_FILE", self.file.to_str().unwrap()),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ])
    }
}

/// When each object was added, in order.
fn added(node: &Node, serving: &Serving, after: &str) -> Vec<(String, String)> {
    let path = format!("/api/collections/region/manifest/?limit=5000{after}");
    let page: Value = serde_json::from_str(&node.text(serving, "reader", &path)).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let objects = page["objects"].as_array().cloned().unwrap_or_default();
    objects.iter().map(|object| (text(&object["id"]), text(&object["date_added"]))).collect()
}

#[test]
fn a_clock_that_is_set_back_by_a_day_takes_nothing_back() {
    let node = in_a_file(|| with_region(Node::new()));
    let time = Time::new(&node);
    let mut acknowledged = Acknowledged::new();
    let mut serving = time.serve(&node);
    let short = node.json(&["member", "token", "reader", "--days", "1"])["token"]["token"].clone();
    let status = |serving: &Serving| {
        let request = serving.client.get(format!("{}{OBJECTS}", serving.url)).header("accept", TAXII);
        request.basic_auth("reader", short.as_str()).send().unwrap().status().as_u16()
    };
    assert_eq!(status(&serving), 200);
    // An object is held back until tomorrow, and tomorrow comes.
    let embargoed = node.file("embargoed.json", crate::node::bundle(&[indicator(900, "held-k9.top")]));
    let share_held = ["import", &embargoed, "--circle", "region", "--as", "exchange", "--embargo-until"];
    let tomorrow = Command::new("date").args(["-u", "-d", "+1 day", "+%Y-%m-%dT%H:%M:%SZ"]).output().unwrap();
    let tomorrow = String::from_utf8(tomorrow.stdout).unwrap();
    node.json(&[&share_held[..], &[tomorrow.trim()]].concat());
    share(&node, &serving, 0..5, &mut acknowledged).unwrap();
    contains_all(&there(&node, &serving), &acknowledged);
    let held = id("indicator", 900);
    assert!(!there(&node, &serving).contains_key(&held));
    time.set("+30h");
    assert_eq!(status(&serving), 401, "it has expired");
    let comes = || there(&node, &serving).contains_key(&held).then_some(());
    wait(PATIENCE, comes).unwrap_or_else(|| panic!("the embargo passes"));
    node.json(&["member", "set", "reader", "--name", "Readers"]);
    share(&node, &serving, 5..10, &mut acknowledged).unwrap();
    let before = added(&node, &serving, "");
    // A day back: before the token expired, and before the embargo passed.
    for restart in [false, true] {
        time.set("+6h");
        if restart {
            serving.kill();
            serving = time.serve(&node);
        }
        assert_eq!(status(&serving), 401, "what has expired stays so");
        let first = 10 + u128::from(restart) * 5;
        share(&node, &serving, first..first + 5, &mut acknowledged).unwrap();
        contains_all(&there(&node, &serving), &acknowledged);
        let after = format!("&added_after={}", before.last().unwrap().1);
        let new: Vec<String> = added(&node, &serving, &after).into_iter().map(|(id, _)| id).collect();
        let numbers = 10..first + 5;
        assert_eq!(
            new,
            numbers.map(|number| id("indicator", number)).collect::<Vec<_>>(),
            "each once, in order"
        );
    }
    let seen = added(&node, &serving, "");
    assert!(seen.is_sorted_by(|one, two| one.1 < two.1), "{seen:?}");
    assert!(!seen.iter().any(|(id, _)| *id == held), "by this clock it is held");
    // The node looks once a second, and at its start.
    std::thread::sleep(Duration::from_secs(3));
    // Who went by it meanwhile gets it when the time comes again.
    time.set("+30h");
    let after = format!("&added_after={}", seen.last().unwrap().1);
    let comes = || added(&node, &serving, &after).iter().any(|(id, _)| *id == held).then_some(());
    wait(PATIENCE, comes).unwrap_or_else(|| panic!("it is announced again"));
    let told = node.json(&["verify"]);
    assert_eq!(told["sound"], true, "{told}");
}

/// All files below a folder but those that are synced before they count.
fn unsynced(folder: &Path, files: &mut Vec<PathBuf>) {
    const SYNCED: [&str; 9] = [
        "bongsu.sqlite",
        "bongsu.sqlite-wal",
        "bongsu.sqlite-shm",
        "bongsu.toml",
        "bongsu.lock",
        "node.key",
        "token.secret",
        "private.secret",
        "admin.sock",
    ];
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            unsynced(&path, files);
        } else if !SYNCED.contains(&name) {
            files.push(path);
        }
    }
}

#[test]
fn whatever_a_crash_makes_of_the_files_beside_the_lines_a_start_needs_no_help() {
    let node = in_a_file(|| with_region(Node::new()));
    node.json(&["member", "set", "exchange", "--intake", "quarantine"]);
    let mut acknowledged = Acknowledged::new();
    let mut kinds = std::collections::BTreeSet::new();
    let mut screened = 0;
    for round in 0_usize..24 {
        let serving = node.serve_with(NO_DNS);
        let first = round as u128 * 10;
        share(&node, &serving, first..first + 10, &mut acknowledged).unwrap();
        let asked = node.get(&serving, "reader", "/screening/value?value=evil-k9.top").send().unwrap();
        assert_eq!(asked.status(), 200, "{:?}", asked.text());
        screened += 1;
        let nameless = json!({"type": "identity", "spec_version": "2.1", "id": id("identity", first),
            "created": "2026-09-01T00:00:00Z", "modified": "2026-09-01T00:00:00Z", "identity_class": "group"});
        let told = node.post(&serving, "exchange", "region", &nameless.to_string()).send().unwrap();
        let told: Value = told.json().unwrap();
        assert_eq!(told["status"], "pending", "{told}");
        contains_all(&there(&node, &serving), &acknowledged);
        serving.kill();
        let mut files = Vec::new();
        unsynced(&node.data(), &mut files);
        for (at, path) in files.iter().enumerate() {
            kinds.insert(path.strip_prefix(node.data()).unwrap().iter().next().unwrap().to_owned());
            let whole = std::fs::read(path).unwrap();
            // Of the record of screenings all is synced but its end.
            let synced = if path.ends_with("screenings.jsonl") { whole.len() } else { 0 };
            let cut = synced + (whole.len() - synced) * (round * 7 % 10) / 10;
            let torn = match (round + at) % 4 {
                0 => whole[..cut].to_vec(),
                1 => [&whole[..cut], &vec![0; whole.len() - cut + 50][..]].concat(),
                2 => [&whole[..cut], b"\xff\0{\"torn\n".as_slice()].concat(),
                _ => whole,
            };
            std::fs::write(path, torn).unwrap();
        }
    }
    for kind in ["screenings.jsonl", "statuses", "values.index"] {
        assert!(kinds.iter().any(|known| known == kind), "{kind} was torn too: {kinds:?}");
    }
    let told = node.json(&["verify"]);
    assert_eq!(told["sound"], true, "{told}");
    let serving = node.serve_with(NO_DNS);
    contains_all(&there(&node, &serving), &acknowledged);
    let audit = node.json(&["audit"]);
    assert_eq!(audit["records"], screened, "{audit}");
}
