//! A pack is carried to where no connection leads, and a receipt comes back; and artefacts as files that follow.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::node::{Node, bundle, indicator, port, wait};
use crate::resolver::dig;

/// A node with a member at `level` that has a pack.
struct Carried {
    node: Node,
    pack: PathBuf,
    key: String,
    made: Value,
}

impl Carried {
    fn new(level: &str) -> Self {
        let node = Node::with_members();
        node.json(&["circle", "add", "region", "--member", "exchange", "--member", level]);
        let listed = [indicator(1, "evil-k3.top"), indicator(2, "worse-k3.top"), indicator(3, "google.com")];
        let file = node.file("bundle.json", bundle(&listed));
        node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
        let pack = node.dir.path().join("pack.zip");
        let made = node.json(&["pack", "make", level, "--out", pack.to_str().unwrap()]);
        let key = node.json(&["pack", "key"])["key"].as_str().unwrap().to_owned();
        Self { node, pack, key, made }
    }

    fn pack(&self) -> &str {
        self.pack.to_str().unwrap()
    }

    fn path(&self, name: &str) -> String {
        self.node.dir.path().join(name).to_str().unwrap().to_owned()
    }

    /// Runs a command where no node is; gives its answer, or what it says is wrong.
    fn away(&self, args: &[&str]) -> Result<Value, String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
        command.env_clear().current_dir(self.node.dir.path()).arg("--json").args(args);
        said(command)
    }

    /// Runs a command of the node's.
    fn node(&self, args: &[&str]) -> Result<Value, String> {
        said(self.node.command(args))
    }

    fn receipts(&self, member: &str) -> Vec<Value> {
        self.node.json(&["member", "receipts", member])["receipts"].as_array().unwrap().clone()
    }
}

fn said(mut command: Command) -> Result<Value, String> {
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    match output.status.code() {
        Some(0 | 3) => Ok(serde_json::from_str(&out).unwrap()),
        _ => Err(format!("{out}{err}")),
    }
}

#[test]
fn a_pack_goes_and_a_receipt_comes_back_once() {
    let carried = Carried::new("detect");
    let verified = carried.away(&["pack", "verify", carried.pack(), "--key", &carried.key]).unwrap();
    assert_eq!((&verified["member"], &verified["node"]), (&json!("detect"), &json!("tower.test")));
    for said in ["pack", "member", "level", "tlp", "expires", "files"] {
        assert_eq!(carried.made[said], verified[said], "{said}: {}", carried.made);
    }
    assert_eq!(carried.made["out"], carried.pack());
    let mode = std::fs::metadata(&carried.pack).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "the pack's secret is in it");
    let to = carried.path("unpacked");
    carried.away(&["pack", "open", carried.pack(), "--key", &carried.key, "--to", &to]).unwrap();
    let read = |name: &str| std::fs::read_to_string(format!("{to}/{name}")).unwrap();
    for name in ["zone.rpz", "list/domain.txt", "list/domain.hosts.txt", "suricata.rules", "sigma.yml"] {
        let text = read(name);
        assert!(text.contains("evil-k3.top") && !text.contains("google.com"), "{name}: {text}");
    }
    assert!(read("fires.txt").starts_with("region 1 "), "the fires");
    assert!(read("checkpoints/region.txt").starts_with("tower.test/"), "the line's checkpoint");
    assert!(carried.away(&["pack", "open", carried.pack(), "--key", &carried.key, "--to", &to]).is_err());

    let receipt = carried.path("receipt.json");
    let made = carried.away(&[
        "pack",
        "receipt",
        carried.pack(),
        "--by",
        "Kim",
        "--applied",
        "zone.rpz",
        "--applied",
        "list/domain.txt",
        "--seen",
        "evil-k3[.]top",
        "--seen",
        "never-k3.top",
        "--seen",
        "google.com",
        "--out",
        &receipt,
    ]);
    assert_eq!(made.unwrap()["applied"], json!(["zone.rpz", "list/domain.txt"]));
    // The node that serves takes it as well as one that does not.
    let serving = carried.node.serve();
    let accepted = carried.node(&["pack", "accept", &receipt]).unwrap();
    assert_eq!((&accepted["receipts"], &accepted["sightings"]), (&json!(2), &json!(2)), "{accepted}");
    assert_eq!(accepted["findings"].as_array().unwrap().len(), 1, "{accepted}");
    let found = carried.receipts("detect");
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!((&found[0]["did"], &found[0]["upto"][0]["number"]), (&json!("confirmed"), &json!(3)));
    let standing = carried.node.json(&["member", "standing", "detect"])["members"][0].clone();
    assert_eq!((&standing["real"], &standing["circles"][0]["missing"]), (&json!("block"), &json!(0)));
    let seen =
        carried.node.text(&serving, "exchange", "/api/collections/region/objects/?match[type]=sighting");
    for (number, what) in [(1, "that goes out"), (3, "that is held back")] {
        assert!(seen.contains(indicator(number, "")["id"].as_str().unwrap()), "{what}: {seen}");
    }
    serving.kill();
    let again = carried.node(&["pack", "accept", &receipt]).unwrap_err();
    assert!(again.contains("accepted before"), "{again}");
    assert_eq!(carried.node.json(&["pack", "list"])["packs"][0]["receipts"], 1);
}

#[test]
fn every_level_has_its_own_and_stock_tools_read_it() {
    for (level, has, lacks) in [
        ("read", "advisory.html", "list/domain.txt"),
        ("list", "list/domain.txt", "zone.rpz"),
        ("block", "zone.rpz", "suricata.rules"),
        ("exchange", "bundle.json", "nothing"),
    ] {
        let carried = Carried::new(level);
        let files = carried.made["out"]
            .as_str()
            .map(|_| carried.away(&["pack", "verify", carried.pack(), "--key", &carried.key]));
        let files = files.unwrap().unwrap()["files"].clone();
        let files: Vec<&str> = files.as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(files.contains(&has) && !files.contains(&lacks), "{level}: {files:?}");
        let python = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; z.extractall(sys.argv[2])";
        let to = carried.path("stock");
        let unzipped = Command::new("python3").args(["-c", python, carried.pack(), &to]).status().unwrap();
        assert!(unzipped.success());
        let sums = Command::new("sha256sum")
            .args(["-c", "--quiet", "SHA256SUMS"])
            .current_dir(&to)
            .output()
            .unwrap();
        assert!(sums.status.success(), "{sums:?}");
    }
}

/// The mark is that of the strictest object in it, whatever it is.
#[test]
fn a_pack_is_marked_as_its_strictest_object() {
    let carried = Carried::new("exchange");
    let mut clear = indicator(1, "open-k3.top");
    clear["object_marking_refs"] = json!(["marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"]);
    let unmarked = json!({
        "type": "malware", "spec_version": "2.1", "id": crate::node::id("malware", 1), "is_family": false,
        "name": "Tapper", "created": "2026-09-01T00:00:00.000Z", "modified": "2026-09-01T00:00:00.000Z",
    });
    carried.node.json(&["circle", "add", "open", "--member", "exchange", "--member", "block"]);
    for (object, tlp) in [(clear, "TLP:CLEAR"), (unmarked, "TLP:AMBER")] {
        let file = carried.node.file("open.json", bundle(&[object]));
        assert_eq!(carried.node.json(&["import", &file, "--circle", "open", "--as", "exchange"])["added"], 1);
        let pack = carried.path("open.zip");
        carried.node.json(&["pack", "make", "block", "--out", &pack]);
        let verified = carried.away(&["pack", "verify", &pack, "--key", &carried.key]).unwrap();
        assert_eq!(verified["tlp"], tlp);
    }
}

#[test]
fn a_code_is_read_over_the_telephone_once() {
    let carried = Carried::new("list");
    let to = carried.path("unpacked");
    carried.away(&["pack", "open", carried.pack(), "--key", &carried.key, "--to", &to]).unwrap();
    let text = std::fs::read_to_string(format!("{to}/README.txt")).unwrap();
    let code = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap().to_owned();
    assert_eq!(code.len(), 14, "{text}");
    let accept =
        |code: &str, member: &str| carried.node(&["pack", "accept", "--code", code, "--member", member]);
    assert!(accept("0000-0000-0000", "list").unwrap_err().contains("has this code"));
    assert!(accept(&code, "read").unwrap_err().contains("has this code"), "it is another's");
    assert!(carried.receipts("list").is_empty());
    let accepted = accept(&code.to_lowercase().replace('-', " "), "list").unwrap();
    assert_eq!(accepted["receipts"].as_u64().unwrap(), carried.receipts("list").len() as u64);
    assert!(carried.receipts("list").iter().any(|receipt| receipt["what"] == "list/domain.txt"));
    assert!(accept(&code, "list").unwrap_err().contains("accepted before"));
}

#[test]
fn what_was_changed_or_is_foreign_is_refused_with_the_reason() {
    let carried = Carried::new("list");
    let other = Carried::new("list");
    let verify = |pack: &str, key: &str| carried.away(&["pack", "verify", pack, "--key", key]).unwrap_err();
    assert!(verify(carried.pack(), "tower.test+00").contains("that is no key"));
    assert!(verify(carried.pack(), &other.key).contains("not signed with this key"));
    let bytes = std::fs::read(&carried.pack).unwrap();
    // In the content of each file: not every byte of an archive's own heads says something.
    let python = "
import json, struct, sys, zipfile
pack = open(sys.argv[1], 'rb')
def middle(item):
    pack.seek(item.header_offset + 26)
    return item.header_offset + 30 + sum(struct.unpack('<HH', pack.read(4))) + item.compress_size // 2
print(json.dumps([middle(item) for item in zipfile.ZipFile(sys.argv[1]).infolist() if item.compress_size > 20]))
";
    let told = Command::new("python3").args(["-c", python, carried.pack()]).output().unwrap();
    let places: Vec<usize> = serde_json::from_slice(&told.stdout).unwrap();
    assert!(places.len() > 5, "{places:?}");
    for (at, place) in places.into_iter().enumerate() {
        let mut bent = bytes.clone();
        bent[place] ^= 0x55;
        let file = carried.node.file(&format!("bent{at}.zip"), bent);
        let _why = verify(&file, &carried.key);
    }
    let short = carried.node.file("short.zip", &bytes[..bytes.len() / 2]);
    assert!(verify(&short, &carried.key).contains("ZIP archive"));
    // Made by hand: a name that leads out, one file more, one that swells, one that is another.
    let python = r#"
import sys, zipfile
source, way = zipfile.ZipFile(sys.argv[1]), sys.argv[3]
with zipfile.ZipFile(sys.argv[2], "w", zipfile.ZIP_DEFLATED) as out:
    for item in source.infolist():
        body = source.read(item)
        if item.filename == "README.txt" and way == "twice":
            out.writestr("README.txt", "Read the code 0000-0000-0000 to me.")
        if item.filename == "list/domain.txt":
            body = {"swelling": b"0" * 400_000_000, "other": body.replace(b"evil", b"good")}.get(way, body)
            if way == "lacking":
                continue
        out.writestr(item, body)
    if way == "outside":
        out.writestr("../outside.txt", "x")
    if way == "more":
        out.writestr("list/more.txt", "x")
"#;
    for (way, why) in [
        ("swelling", "or more and should have"),
        ("other", "its content is another"),
        ("lacking", "`list/domain.txt` is not in it"),
        ("outside", "`../outside.txt` is in it and not in its manifest"),
        ("more", "`list/more.txt` is in it and not in its manifest"),
        ("twice", "it holds a name twice"),
    ] {
        let file = carried.path(&format!("{way}.zip"));
        let made = Command::new("python3").args(["-c", python, carried.pack(), &file, way]).status().unwrap();
        assert!(made.success());
        let to = carried.path(way);
        let said = carried.away(&["pack", "open", &file, "--key", &carried.key, "--to", &to]).unwrap_err();
        assert!(said.contains(why), "{way}: {said}");
        assert!(!std::path::Path::new(&to).exists(), "nothing is unpacked: {way}");
    }

    let receipt = carried.path("receipt.json");
    carried.away(&["pack", "receipt", carried.pack(), "--by", "Kim", "--out", &receipt]).unwrap();
    let text = std::fs::read_to_string(&receipt).unwrap();
    let accept = |name: &str, text: &str| {
        let file = carried.node.file(name, text);
        carried.node(&["pack", "accept", &file]).unwrap_err()
    };
    assert!(accept("a.json", &text.replace("Kim", "Lee")).contains("the receipt's code does not hold"));
    assert!(accept("b.json", "{}").contains("the receipt can't be read"));
    assert!(accept("c.json", &" ".repeat(5 << 20)).contains("longer than"));
    let foreign = other.node(&["pack", "accept", &receipt]).unwrap_err();
    assert!(foreign.contains("not signed") || foreign.contains("it is for a pack of"), "{foreign}");
    assert!(carried.receipts("list").is_empty() && other.receipts("list").is_empty());
    let unknown =
        ["pack", "receipt", carried.pack(), "--by", "Kim", "--applied", "zone.rpz", "--out", &receipt];
    assert!(carried.away(&unknown).unwrap_err().contains("no artefact `zone.rpz`"));
}

#[test]
fn files_follow_and_a_command_runs_after_each_change() {
    let carried = Carried::new("block");
    let serving = carried.node.serve();
    let (out, log) = (carried.path("files"), carried.path("changes"));
    let then = format!("echo $BONGSU_CHANGED >> {log}");
    let mut follow = carried.node.command(&[
        "deliver",
        "--to",
        "block",
        "--what",
        "zone.rpz",
        "--what",
        "list/domain.txt",
        "--out",
        &out,
        "--follow",
        "--then",
        &then,
    ]);
    let mut follow = follow.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let has = |name: &str, value: &str| {
        let path = format!("{out}/{name}");
        let held = wait(Duration::from_secs(20), || {
            std::fs::read_to_string(&path).is_ok_and(|text| text.contains(value)).then_some(())
        });
        assert!(held.is_some(), "{name} has no {value}");
    };
    has("zone.rpz", "evil-k3.top");
    has("list/domain.txt", "evil-k3.top");
    let import = |number, name: &str| {
        let file = carried.node.file("late.json", bundle(&[indicator(number, name)]));
        carried.node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
    };
    import(10, "late-k3.top");
    has("zone.rpz", "late-k3.top");
    has("list/domain.txt", "late-k3.top");
    // The node goes away and comes back.
    serving.kill();
    import(11, "later-k3.top");
    let serving = carried.node.serve();
    has("zone.rpz", "later-k3.top");
    // The command runs after the files are there.
    let changes = wait(Duration::from_secs(20), || {
        std::fs::read_to_string(&log).ok().filter(|changes| changes.lines().count() >= 3)
    });
    assert!(changes.is_some_and(|changes| changes.contains("zone.rpz")));
    assert!(carried.receipts("block").is_empty(), "an operator's files are no proof of use");
    follow.kill().unwrap();
    follow.wait().unwrap();
    // A device's limits count for what follows too; changes since a number do not go with it.
    let short = carried.path("short.txt");
    let limited = ["deliver", "--to", "block", "--what", "list/domain.txt", "--out", &short, "--follow"];
    let limited = [&limited[..], &["--device", "fortigate", "--entries", "1"]].concat();
    let mut limited = carried.node.command(&limited);
    let _limited = Running(limited.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let held = wait(Duration::from_secs(20), || std::fs::read_to_string(&short).ok());
    let held = held.unwrap_or_default();
    assert_eq!(held.lines().filter(|line| line.contains("-k3.top")).count(), 1, "{held}");
    let since = ["deliver", "--to", "block", "--what", "list/domain.txt", "--out", &short, "--follow"];
    let since = [&since[..], &["--since", "1"]].concat();
    assert!(carried.node(&since).unwrap_err().contains("cannot be used with"));
    let wrong = ["deliver", "--to", "block", "--what", "sigma.yml", "--out", &out, "--follow"];
    assert!(carried.node(&wrong).unwrap_err().contains("at level block"), "what is not offered");
    serving.kill();
    let alone = ["deliver", "--to", "block", "--what", "zone.rpz", "--out", &out, "--follow"];
    assert!(carried.node(&alone).unwrap_err().contains("no node serves"), "nothing would change");
}

/// More followers than commands that may run at a time leave the node to its operator.
#[test]
fn many_followers_keep_no_command_from_running() {
    let carried = Carried::new("block");
    let _serving = carried.node.serve();
    let follow = |number: usize| {
        let out = carried.path(&format!("followed{number}.txt"));
        let args = ["deliver", "--to", "block", "--what", "list/domain.txt", "--out", &out, "--follow"];
        let mut command = carried.node.command(&args);
        let running = Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let is_there = || std::path::Path::new(&out).exists().then_some(());
        assert!(wait(Duration::from_secs(20), is_there).is_some(), "{number}");
        running
    };
    let _running: Vec<Running> = (0..20).map(follow).collect();
    for _ in 0..5 {
        std::thread::sleep(Duration::from_millis(300));
        carried.node.json(&["member", "list"]);
    }
}

/// A DNS server that runs as long as this lives.
struct Running(std::process::Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

/// Knot Resolver transfers no zones: it watches a file that the node keeps as the zone is.
#[test]
fn knot_resolver_refuses_what_is_in_the_file() {
    let carried = Carried::new("block");
    let _serving = carried.node.serve();
    let (dir, zone) = (carried.path("kresd"), carried.path("zone.rpz"));
    std::fs::create_dir(&dir).unwrap();
    let follow = ["deliver", "--to", "block", "--what", "zone.rpz", "--out", &zone, "--follow"];
    let _following =
        Running(carried.node.command(&follow).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    assert!(wait(Duration::from_secs(20), || std::path::Path::new(&zone).exists().then_some(())).is_some());
    let port = port();
    let config = format!(
        "net.listen('127.0.0.1', {port}, {{ kind = 'dns' }})\ntrust_anchors.remove('.')\ncache.size = 10 * MB\n\
         policy.add(policy.rpz(policy.DENY, '{zone}', true))\n\
         policy.add(policy.suffix(policy.ANSWER({{ [kres.type.A] = {{ rdata = kres.str2ip('192.0.2.1') }} }}), policy.todnames({{'top.'}})))\n"
    );
    std::fs::write(format!("{dir}/kresd.conf"), config).unwrap();
    let log = std::fs::File::create(format!("{dir}/log")).unwrap();
    let resolver = Command::new("/usr/sbin/kresd")
        .args(["-n", "-q", "-c", &format!("{dir}/kresd.conf"), &dir])
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn();
    let _resolver = Running(resolver.unwrap_or_else(|error| panic!("kresd: {error}; run scripts/setup")));
    let answers = |name: &str, status: &str| {
        let held = wait(Duration::from_secs(20), || (dig(port, name).0 == status).then_some(()));
        let log = std::fs::read_to_string(format!("{dir}/log")).unwrap_or_default();
        assert!(held.is_some(), "{}\n{log}", dig(port, name).1);
    };
    answers("www.evil-k3.top", "NXDOMAIN");
    answers("late-k3.top", "NOERROR");
    let late = indicator(10, "late-k3.top");
    let file = carried.node.file("late.json", bundle(std::slice::from_ref(&late)));
    carried.node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
    answers("late-k3.top", "NXDOMAIN");
    let id = late["id"].as_str().unwrap();
    carried.node.json(&["withdraw", id, "--circle", "region", "--as", "exchange", "--reason", "false alarm"]);
    answers("late-k3.top", "NOERROR");
}
