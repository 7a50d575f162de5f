//! The unit: systemd's own judgement, and whether the node needs anything that the unit forbids.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::made::{Made, program, ran, root, said};

/// The most that the exposure may be, in tenths, of a hundred.
const EXPOSURE_MAX: &str = "15";

fn unit() -> String {
    std::fs::read_to_string(Made::get().tree().join("usr/lib/systemd/system/bongsu.service")).unwrap()
}

#[test]
fn systemd_reads_the_unit_without_a_word_and_finds_it_closed() {
    let dir = tempfile::tempdir().unwrap();
    // As it would stand on a system that has the program where the package puts it.
    let path = dir.path().join("bongsu.service");
    let installed = Made::get().tree().join("usr/bin/bongsu");
    let there = unit().replace("/usr/bin/bongsu", installed.to_str().unwrap());
    std::fs::write(&path, &there).unwrap();
    let verify = |path: &Path| ran(Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(path));
    let output = verify(&path);
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let secure = |path: &Path| {
        let mut command = Command::new("systemd-analyze");
        command.args(["security", "--offline=true", &format!("--threshold={EXPOSURE_MAX}")]);
        ran(command.arg(path))
    };
    let output = secure(&path);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    // With the drop-in, too, it is read; and what is wrong is seen.
    let drop_in = dir.path().join("bongsu.service.d");
    std::fs::create_dir(&drop_in).unwrap();
    std::fs::copy(root().join("packaging/dns-port.conf"), drop_in.join("dns-port.conf")).unwrap();
    let output = verify(&path);
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    std::fs::write(&path, there.replace("User=", "Usr=").replace("ProtectSystem=strict\n", "")).unwrap();
    assert!(!verify(&path).stderr.is_empty());
    std::fs::write(&path, "[Service]\nExecStart=/bin/true\n").unwrap();
    assert!(!secure(&path).status.success());
}

/// The names of system calls in a set of systemd's, with those of the sets within.
fn calls(set: &str) -> HashSet<String> {
    let said = said(Command::new("systemd-analyze").args(["syscall-filter", set]));
    let mut found = HashSet::new();
    for name in said.lines().skip(1).map(str::trim).filter(|name| !name.is_empty() && !name.starts_with('#'))
    {
        match name.starts_with('@') {
            true => found.extend(calls(name)),
            false => drop(found.insert(name.to_owned())),
        }
    }
    found
}

#[test]
fn the_node_makes_no_system_call_that_the_unit_forbids() {
    assert!(unit().contains("SystemCallFilter=@system-service\nSystemCallFilter=~@privileged\n"));
    let (mut allowed, forbidden) = (calls("@system-service"), calls("@privileged"));
    allowed.retain(|name| !forbidden.contains(name));
    // Run by root, SQLite gives its files to whom the folder belongs; the unit's user is another.
    if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
        allowed.insert("fchown".to_owned());
    }

    let dir = tempfile::tempdir().unwrap();
    let (trace, data) = (dir.path().join("trace"), dir.path().join("node"));
    let bongsu = |args: &[&str]| {
        let mut command = Command::new(program());
        command
            .env_clear()
            .env("BONGSU__HTTP__LISTEN", "127.0.0.1:0")
            .env("BONGSU__DNS__LISTEN", "127.0.0.1:0");
        command.arg("--data").arg(&data).arg("--json").args(args);
        command
    };
    said(&mut bongsu(&["init", "--name", "tower.test"]));
    said(&mut bongsu(&["member", "add", "cert", "--level", "exchange"]));
    said(&mut bongsu(&["circle", "add", "region", "--member", "cert"]));

    let mut strace = Command::new("strace");
    strace.args(["--follow-forks", "--quiet=all", "--signal=none", "--trace=all", "--output"]).arg(&trace);
    strace.arg(program()).arg("--data").arg(&data).args(["--json", "--quiet", "serve"]);
    strace.env_clear().env("BONGSU__HTTP__LISTEN", "127.0.0.1:0").env("BONGSU__DNS__LISTEN", "127.0.0.1:0");
    strace.env("BONGSU__MONITOR__LISTEN", "127.0.0.1:0").env("PATH", "/usr/bin:/bin");
    let mut node = strace.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(node.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let said_json: serde_json::Value = serde_json::from_str(&line).unwrap();
    let of = |name: &str| said_json[name].as_str().unwrap().trim_start_matches("http://").to_owned();
    for (host, path) in [("url", "/ready"), ("url", "/login"), ("monitor", "/metrics")] {
        let mut stream = TcpStream::connect(of(host)).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", of(host));
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }
    // The health check of the image says the same.
    let url = of("url");
    let (host, port) = url.split_once(':').unwrap();
    let check = root().join("packaging/ready");
    said(Command::new(&check).args([host, port]));
    let list = dir.path().join("list.txt");
    std::fs::write(&list, "evil-login-k3.top\n").unwrap();
    let import = ["import", list.to_str().unwrap(), "--circle", "region", "--as", "cert"];
    said(&mut bongsu(&import));
    said(&mut bongsu(&["backup", dir.path().join("copy.sqlite").to_str().unwrap()]));
    said(&mut bongsu(&["deliver", "--to", "cert", "--level", "block"]));
    // strace hands SIGTERM to nobody: the node is its child.
    let children = said(Command::new("pgrep").args(["--parent", &node.id().to_string()]));
    said(Command::new("kill").args(["-TERM", children.trim()]));
    assert!(node.wait().unwrap().success());
    assert!(!ran(Command::new(&check).args([host, port])).status.success(), "nobody is there any more");

    let trace = std::fs::read_to_string(&trace).unwrap();
    let made: HashSet<&str> = trace
        .lines()
        .filter_map(|line| line.split_once(' ').map_or(line, |(_, call)| call.trim_start()).split_once('('))
        .map(|(name, _)| name)
        .filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
        .collect();
    assert!(made.len() > 30 && made.contains("accept4") && made.contains("fdatasync"), "{made:?}");
    let mut wrong: Vec<&&str> = made.iter().filter(|name| !allowed.contains(**name)).collect();
    wrong.sort();
    assert!(wrong.is_empty(), "the unit forbids {wrong:?}");
    // Families of sockets: the unit names those that it may open.
    for line in trace.lines().filter(|line| line.contains(" socket(")) {
        let allowed = ["AF_INET,", "AF_INET6,", "AF_UNIX,"].iter().any(|family| line.contains(family));
        assert!(allowed, "{line}");
    }
    // Memory that can be written and run (MemoryDenyWriteExecute).
    let both = |line: &&str| line.contains("PROT_WRITE") && line.contains("PROT_EXEC");
    assert_eq!(trace.lines().find(both), None);
}
