//! Runs a page's commands, in the page's order, in a folder of their own.
//!
//! One bash runs them all, as a reader's would, so that what one command sets holds for the next. Paths of the system lead into the
//! world's folder, and `sudo` does not become another user. All processes are in one group, which is killed when the page is through.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use crate::page::{Page, root};
use crate::statement::{Statement, statements};
use crate::world::{Names, World};

/// How long all commands of a page may take.
const LONGEST: Duration = Duration::from_secs(400);

/// What worlds may use in `begin` and `before`.
const PRELUDE: &str = include_str!("prelude.sh");

/// `sudo`, but that nobody becomes another user.
const SUDO: &str = "#!/bin/sh\nwhile [ \"$1\" = -u ]; do shift 2; done\nexec \"$@\"\n";

/// A group of processes, killed when this value goes.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        let _gone_already = Command::new("kill")
            .args(["-KILL", "--", &format!("-{}", self.0.id())])
            .stderr(Stdio::null())
            .status();
        let _ended_already = self.0.wait();
    }
}

/// Runs all commands of a page.
///
/// # Panics
/// With all that went otherwise than the page and its world say.
pub(crate) fn run(name: &str) {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().to_str().unwrap().to_owned();
    let names = Names { folder: folder.clone(), http: port(), dns: port() };
    let page = Page::read(name);
    let world = World::read(name, &names);
    let mut faults: Vec<String> = world
        .stale(&page)
        .into_iter()
        .map(|what| format!("its world knows something that is not there: {what}"))
        .collect();
    make(dir.path(), &page, &world);
    let run: Vec<Statement> =
        statements(&page).into_iter().filter(|statement| world.left_out(statement).is_none()).collect();
    std::fs::write(dir.path().join("script"), script(&world, &run)).unwrap();
    let log = std::fs::File::create(dir.path().join("log")).unwrap();
    let mut command = Command::new("bash");
    command.arg(dir.path().join("script")).current_dir(dir.path().join("here")).env_clear();
    command.env("W", &folder).env("HOME", dir.path().join("home")).env("LANG", "C.UTF-8");
    command.env("PEERS", root().join(".peers")).env("TESTS", root().join("crates/bongsu/tests"));
    command.env("PATH", format!("{folder}/bin:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"));
    command.env("BONGSU_DATA", dir.path().join("node"));
    command.env("BONGSU__HTTP__LISTEN", format!("127.0.0.1:{}", names.http));
    command.env("BONGSU__DNS__LISTEN", format!("127.0.0.1:{}", names.dns));
    command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).process_group(0);
    let mut group = Group(command.spawn().unwrap());
    let until = Instant::now() + LONGEST;
    while group.0.try_wait().unwrap().is_none() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(group);
    faults.extend(ended(dir.path(), &world, &run));
    assert!(faults.is_empty(), "{name}:\n{}", faults.join("\n"));
}

/// What is in the folder before anything runs.
fn make(folder: &Path, page: &Page, world: &World) {
    for name in ["bin", "here", "home", "out", "var/lib", "var/backups", "var/log", "srv", "etc", "root"] {
        std::fs::create_dir_all(folder.join(name)).unwrap();
    }
    symlink(env!("CARGO_BIN_EXE_bongsu"), folder.join("bin/bongsu")).unwrap();
    let sudo = folder.join("bin/sudo");
    std::fs::write(&sudo, SUDO).unwrap();
    std::fs::set_permissions(&sudo, std::fs::Permissions::from_mode(0o755)).unwrap();
    let parts = page.parts();
    for file in &world.file {
        let Some(part) = world.part(file, &parts) else { continue };
        let path = folder.join("here").join(&file.to);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, format!("{}\n", world.swapped(&part.lines.join("\n")))).unwrap();
    }
}

/// One script of all commands, which writes down how each ended.
fn script(world: &World, statements: &[Statement]) -> String {
    let mut script =
        format!("{PRELUDE}\nset -e\n{{\n:\n{}\n}} > \"$W/out/begin\" 2>&1\nset +e\n", world.begin);
    let mut part = usize::MAX;
    for (number, statement) in statements.iter().enumerate() {
        if std::mem::replace(&mut part, statement.part) != statement.part {
            script.push_str("cd \"$W/here\"\n");
        }
        let known = world.about(statement);
        for line in &known {
            let before = &line.before;
            script.push_str(&format!(
                "set -e\n{{\n:\n{before}\n}} > \"$W/out/{number}.before\" 2>&1\nset +e\n"
            ));
        }
        let text = world.swapped(&statement.text);
        let text = match text.starts_with("#!") {
            true => format!("sh <<'END-OF-SCRIPT'\n{text}\nEND-OF-SCRIPT"),
            false => text,
        };
        let waits = known.iter().map(|line| &line.background).find(|text| !text.is_empty());
        let away = if waits.is_some() { " &" } else { "" };
        script.push_str(&format!("{{\n{text}\n}} > \"$W/out/{number}\" 2>&1 < /dev/null{away}\n"));
        if let Some(text) = waits {
            script.push_str(&format!("awaits \"$W/out/{number}\" '{text}'\n"));
        }
        script.push_str(&format!("echo {number} $? >> \"$W/ended\"\n"));
    }
    script
}

/// What went otherwise than it should.
fn ended(folder: &Path, world: &World, statements: &[Statement]) -> Vec<String> {
    let text = |name: &str| {
        std::fs::read(folder.join(name))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    };
    let ended = text("ended");
    let codes: BTreeMap<usize, i32> = ended
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(number, code)| Some((number.parse().ok()?, code.parse().ok()?)))
        .collect();
    let mut faults = Vec::new();
    for (number, statement) in statements.iter().enumerate() {
        let known = world.about(statement);
        let said = text(&format!("out/{number}"));
        let place = format!("line {}: `{}`", statement.line, statement.name());
        let Some(code) = codes.get(&number) else {
            let before = text(&format!("out/{number}.before"));
            faults.push(format!(
                "{place} was not reached, or did not end:\n{}{before}{said}{}",
                text("out/begin"),
                text("log")
            ));
            break;
        };
        let wanted = known.iter().map(|line| line.code).find(|code| *code != 0).unwrap_or(0);
        if *code != wanted {
            faults.push(format!("{place} ended with {code}, not {wanted}:\n{}", end(&said)));
        }
        let missing = known.iter().flat_map(|line| &line.says).filter(|text| !said.contains(text.as_str()));
        faults.extend(missing.map(|text| format!("{place} does not say `{text}`:\n{}", end(&said))));
    }
    faults
}

/// The last lines of what a command has printed.
fn end(said: &str) -> String {
    let lines: Vec<&str> = said.lines().collect();
    lines[lines.len().saturating_sub(15)..].iter().map(|line| format!("    {line}\n")).collect()
}

/// A port that nobody has, below those that the system gives to clients, and above those of the other tests.
fn port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let begin = u16::try_from(std::process::id() % 500).unwrap();
    let next = || 19_000 + (begin + NEXT.fetch_add(1, Ordering::Relaxed)) % 1_000;
    let is_free = |port: &u16| {
        let at = ("127.0.0.1", *port);
        std::net::TcpListener::bind(at).is_ok() && std::net::UdpSocket::bind(at).is_ok()
    };
    std::iter::repeat_with(next).take(1_000).find(is_free).unwrap()
}
