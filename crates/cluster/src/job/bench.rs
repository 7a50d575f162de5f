//! `bongsu-cluster bench`: the same hunt and the same flows in one process and with 1, 2 and 4 executors on this machine, with the time and
//! the processor's time that each took.
//!
//! All executors share this machine's cores: what is shown is what a cluster costs, and not what it gains.

use anyhow::{Context as _, Result, bail};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use crate::cli::BenchArgs;

/// Ticks of a second, in which Linux counts the processor's time for others (`proc_pid_stat(5)`).
const TICKS: f64 = 100.0;
/// How long a part may take to listen.
const STARTS: Duration = Duration::from_secs(30);

/// Runs the bench.
///
/// # Errors
/// When a part can't be started, or two answers differ.
pub(super) async fn run(args: &BenchArgs) -> Result<ExitCode> {
    let program = std::env::current_exe().context("this program does not know where it is")?;
    let hunt: Vec<&str> =
        std::iter::once(args.watch.as_str()).chain(args.archives.iter().map(String::as_str)).collect();
    let hunt = [vec!["hunt", "--json"], hunt].concat();
    let flows = [vec!["flows", "--json"], args.sightings.iter().map(String::as_str).collect()].concat();
    println!("{:<8} {:>10} {:>10} {:>14}", "WORK", "EXECUTORS", "SECONDS", "CPU SECONDS");
    let mut expected = [None, None];
    for executors in [0, 1, 2, 4] {
        let cluster = (executors > 0).then(|| Cluster::start(&program, executors)).transpose()?;
        for ((name, work), expected) in [("hunt", &hunt), ("flows", &flows)].into_iter().zip(&mut expected) {
            let before = cluster.as_ref().map_or(0.0, Cluster::seconds);
            let begun = Instant::now();
            let mut command = Command::new(&program);
            command.args(work).env_remove("BONGSU_CLUSTER").stderr(Stdio::inherit());
            if let Some(cluster) = &cluster {
                command.args(["--scheduler", &cluster.address]);
            }
            let (answer, own) = answered(command)?;
            let seconds = begun.elapsed().as_secs_f64();
            let cpu = own + cluster.as_ref().map_or(0.0, Cluster::seconds) - before;
            println!("{name:<8} {executors:>10} {seconds:>10.2} {cpu:>14.2}");
            // The summary's time is another each time.
            let answer: Vec<String> =
                answer.lines().filter(|line| !line.starts_with("{\"summary\"")).map(str::to_owned).collect();
            if expected.get_or_insert_with(|| answer.clone()) != &answer {
                bail!("{name} with {executors} executors gives another answer");
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What a command says, and its processor's time.
fn answered(mut command: Command) -> Result<(String, f64)> {
    // Its time is known when it has ended, and only as that of all that have.
    let before = own_children();
    let output = command.stdout(Stdio::piped()).output().context("the work can't be started")?;
    if output.status.code().is_none_or(|code| code == 2 || code > 3) {
        bail!("the work failed: {}", output.status);
    }
    Ok((String::from_utf8(output.stdout)?, own_children() - before))
}

/// The processor's time of this process's children that have ended.
fn own_children() -> f64 {
    times(Path::new("/proc/self/stat")).map_or(0.0, |times| times[2] + times[3])
}

/// User and system time, its own and that of its ended children, in seconds.
fn times(path: &Path) -> Option<[f64; 4]> {
    let stat = std::fs::read_to_string(path).ok()?;
    // The name may have spaces in it; fields are counted behind it.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let field =
        |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).map(|ticks| ticks / TICKS);
    Some([field(11)?, field(12)?, field(13)?, field(14)?])
}

/// A scheduler and its executors, which end with it.
struct Cluster {
    address: String,
    parts: Vec<Child>,
}

impl Cluster {
    fn start(program: &Path, executors: usize) -> Result<Self> {
        let ports = free_ports(1 + 2 * executors)?;
        let Some((own, others)) = ports.split_first() else { bail!("no port is free") };
        let mut cluster = Self { address: format!("df://127.0.0.1:{own}"), parts: Vec::new() };
        let bind = format!("127.0.0.1:{own}");
        cluster.part(Command::new(program).args(["scheduler", "--bind", &bind]), *own)?;
        for pair in others.chunks(2) {
            if let [port, control] = pair {
                let address = cluster.address.clone();
                let (port_text, control_text) = (port.to_string(), control.to_string());
                let mut command = Command::new(program);
                command.args(["executor", "--scheduler", &address, "--cores", "2"]);
                command.args(["--port", &port_text, "--control-port", &control_text]);
                cluster.part(&mut command, *port)?;
            }
        }
        // An executor listens before the scheduler knows it.
        std::thread::sleep(Duration::from_secs(1));
        Ok(cluster)
    }

    fn part(&mut self, command: &mut Command, port: u16) -> Result<()> {
        self.parts.push(command.stdout(Stdio::null()).spawn().context("a part can't be started")?);
        let begun = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if begun.elapsed() > STARTS {
                bail!("a part does not listen at port {port}");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// The processor's time of all parts.
    fn seconds(&self) -> f64 {
        let of = |part: &Child| times(Path::new(&format!("/proc/{}/stat", part.id())));
        self.parts.iter().filter_map(of).map(|times| times[0] + times[1]).sum()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The scheduler, which was first, is the last: executors would miss it.
        for part in self.parts.iter_mut().rev() {
            // One that has ended needs no end.
            let _ = part.kill();
            let _ = part.wait();
        }
    }
}

/// Ports that nobody listens at now.
fn free_ports(count: usize) -> Result<Vec<u16>> {
    let all: Vec<TcpListener> =
        (0..count).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).collect::<Result<_, _>>()?;
    Ok(all.iter().map(|one| one.local_addr().map(|address| address.port())).collect::<Result<_, _>>()?)
}
