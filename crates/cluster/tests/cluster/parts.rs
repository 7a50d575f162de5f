//! A scheduler and executors, started from the program that was built, on loopback.

use std::collections::BTreeSet;
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a part may take to listen, on a busy machine.
const STARTS: Duration = Duration::from_secs(60);

/// The program, with nothing of this test's surroundings.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu-cluster"));
    command.env_remove("BONGSU_CLUSTER").env_remove("BONGSU_WATCH_KEY").env_remove("RUST_LOG");
    command
}

/// What a command says, which must end with one of these codes.
pub(crate) fn said(command: &mut Command, codes: &[i32]) -> String {
    let output = command.output().unwrap();
    checked(&output, codes)
}

pub(crate) fn checked(output: &Output, codes: &[i32]) -> String {
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code().is_some_and(|code| codes.contains(&code)), "{}: {err}", output.status);
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A cluster that ends with the test.
pub(crate) struct Cluster {
    pub(crate) address: String,
    scheduler: Child,
    pub(crate) executors: Vec<Executor>,
    _work: TempDir,
}

pub(crate) struct Executor {
    pub(crate) process: Child,
    /// Where it says what it does.
    log: PathBuf,
}

impl Cluster {
    /// With so many executors, each of which works on one task at a time.
    pub(crate) fn of(executors: usize) -> Self {
        let work = tempfile::tempdir().unwrap();
        let ports = free_ports(1 + 2 * executors);
        let bind = format!("127.0.0.1:{}", ports[0]);
        let scheduler = started(program().args(["scheduler", "--silence", "4", "--bind", &bind]));
        listens(ports[0]);
        let mut cluster =
            Self { address: format!("df://{bind}"), scheduler, executors: Vec::new(), _work: work };
        for (at, pair) in ports[1..].chunks(2).enumerate() {
            let work = cluster._work.path().join(at.to_string());
            std::fs::create_dir(&work).unwrap();
            let mut command = program();
            command.args(["executor", "--cores", "1", "--beat", "1", "--scheduler", &cluster.address]);
            command.args(["--port", &pair[0].to_string(), "--control-port", &pair[1].to_string()]);
            let log = cluster._work.path().join(format!("{at}.log"));
            command.env("RUST_LOG", "warn,bongsu_cluster=info").stderr(File::create(&log).unwrap());
            let process = started(command.arg("--work").arg(&work));
            cluster.executors.push(Executor { process, log });
            listens(pair[0]);
        }
        cluster
    }

    /// The program with this cluster to work on.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = program();
        command.args(args).args(["--scheduler", &self.address]);
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let executors = self.executors.iter_mut().map(|executor| &mut executor.process);
        for process in executors.chain([&mut self.scheduler]) {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl Executor {
    /// How many parts of archives it has begun to work on.
    pub(crate) fn begun(&self) -> usize {
        std::fs::read_to_string(&self.log).unwrap().matches("a part begins").count()
    }
}

fn started(command: &mut Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap()
}

fn listens(port: u16) {
    let begun = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(begun.elapsed() < STARTS, "nobody listens at port {port}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

pub(crate) fn free_ports(count: usize) -> Vec<u16> {
    // What was given to another test may not be listened at yet.
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut given = GIVEN.lock().unwrap();
    let (mut held, mut ports) = (Vec::new(), Vec::new());
    while ports.len() < count {
        let one = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = one.local_addr().unwrap().port();
        if given.insert(port) {
            ports.push(port);
        }
        held.push(one);
    }
    ports
}
