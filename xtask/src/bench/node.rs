//! The node that is measured: a release build, set up by its own command line.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::limit::Limit;
use super::resolver::Key;

/// The member that posts and reads.
pub(crate) const MEMBER: &str = "cert";
/// The collection's objects.
pub(crate) const OBJECTS: &str = "/api/collections/region/objects/";
/// Clock ticks in a second, as `/proc` counts processor time on Linux.
const TICKS: f64 = 100.0;
/// Time for a first file to be written.
const FIRST_FILE: Duration = Duration::from_secs(30);

/// Builds the program for release and says where it lies.
pub(crate) fn build() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let done =
        Command::new(&cargo).args(["build", "--release", "--locked", "--package", "bongsu"]).status()?;
    if !done.success() {
        bail!("the release build failed");
    }
    let metadata = cargo_metadata::MetadataCommand::new().no_deps().exec()?;
    Ok(metadata.target_directory.join("release/bongsu").into_std_path_buf())
}

/// A data folder with one member and one circle.
pub(crate) struct Node {
    program: PathBuf,
    dir: PathBuf,
    /// The member's token.
    pub(crate) token: String,
    /// A second member of the circle, which reads what the first has brought.
    pub(crate) reader_token: String,
    /// Where its lines are kept, if in no file.
    database: Option<String>,
}

/// The second member's handle.
pub(crate) const READER: &str = "partner";

impl Node {
    pub(crate) fn new(program: &Path, dir: &Path) -> Result<Self> {
        Self::new_at(program, dir, None)
    }

    /// As [`new`](Self::new), with its lines in a database if one is named.
    pub(crate) fn new_at(program: &Path, dir: &Path, database: Option<String>) -> Result<Self> {
        let mut node = Self::bare_at(program, dir, database)?;
        let add =
            |handle| node.json(&["member", "add", handle, "--level", "exchange", "--clearance", "amber"]);
        let (first, second) = (add(MEMBER)?, add(READER)?);
        let token =
            |added: Value| added["token"]["token"].as_str().map(str::to_owned).context("no token was shown");
        (node.token, node.reader_token) = (token(first)?, token(second)?);
        node.json(&[
            "circle",
            "add",
            "region",
            "--ceiling",
            "amber",
            "--member",
            MEMBER,
            "--member",
            READER,
        ])?;
        Ok(node)
    }

    /// A data folder without members.
    pub(crate) fn bare(program: &Path, dir: &Path) -> Result<Self> {
        Self::bare_at(program, dir, None)
    }

    fn bare_at(program: &Path, dir: &Path, database: Option<String>) -> Result<Self> {
        let (program, dir) = (program.to_owned(), dir.to_owned());
        let node = Self { program, dir, token: String::new(), reader_token: String::new(), database };
        node.json(&["init"])?;
        Ok(node)
    }

    /// A further member of the circle that has a zone; gives its key for transfers.
    pub(crate) fn block_member(&self, handle: &str) -> Result<Key> {
        self.json(&["member", "add", handle, "--level", "block", "--clearance", "amber"])?;
        self.json(&["circle", "join", "region", handle])?;
        let key = self.json(&["member", "tsig", handle])?;
        let text = |name: &str| key["tsig"][name].as_str().map(str::to_owned).context("no key was shown");
        Ok(Key { name: text("name")?, secret: text("secret")? })
    }

    /// Where its data lies.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    fn command(&self, args: &[&str]) -> Command {
        self.command_by(Command::new(&self.program), args)
    }

    /// The program as `command` starts it.
    fn command_by(&self, mut command: Command, args: &[&str]) -> Command {
        command
            .env_clear()
            .env("BONGSU__HTTP__LISTEN", "127.0.0.1:0")
            // Counted, and never refused: one client asks as fast as it can.
            .env("BONGSU__PACE__CREDENTIAL_PER_S", "1000000000")
            .env("BONGSU__DNS__LISTEN", "127.0.0.1:0");
        if let Some(database) = &self.database {
            command.env("BONGSU__DATABASE__URL", database);
        }
        command.arg("--data").arg(&self.dir).arg("--json").args(args);
        command
    }

    /// Runs a command; gives what it says.
    pub(crate) fn json(&self, args: &[&str]) -> Result<Value> {
        let output = self.command(args).output()?;
        if !output.status.success() {
            bail!("bongsu {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr));
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Has an artefact of a member's written to `file` at each change; returns when it is there.
    pub(crate) fn follow(&self, member: &str, what: &str, file: &Path) -> Result<Following> {
        let out = file.to_str().context("the folder's name is no text")?;
        let mut command =
            self.command(&["--quiet", "deliver", "--to", member, "--what", what, "--out", out, "--follow"]);
        let following = Following(command.spawn()?);
        let until = Instant::now() + FIRST_FILE;
        while !file.exists() {
            if Instant::now() > until {
                bail!("{} is not written", file.display());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(following)
    }

    /// Starts serving; returns when it listens.
    pub(crate) fn serve(&self) -> Result<Serving> {
        self.serve_at(0)
    }

    /// As [`serve`](Self::serve), at a port, or at any if it is 0.
    pub(crate) fn serve_at(&self, port: u16) -> Result<Serving> {
        let mut command = self.command(&["--quiet", "serve"]);
        command.env("BONGSU__HTTP__LISTEN", format!("127.0.0.1:{port}"));
        Self::started(command)
    }

    /// As [`serve`](Self::serve), on a small machine, and without steps that would hold back most of what is brought at once.
    pub(super) fn serve_within(&self, limit: &Limit) -> Result<Serving> {
        let mut command = self.command_by(limit.command(&self.program), &["--quiet", "serve"]);
        command.env("PATH", "/usr/bin:/bin").env("BONGSU__GUARD__STEP_COUNT_MAX", "0");
        // As packaging/small.conf sets them.
        command.env("MIMALLOC_ALLOW_THP", "0").env("MIMALLOC_PURGE_DELAY", "0");
        command.env("MIMALLOC_PAGE_FULL_RETAIN", "0").env("BONGSU__DATABASE__CACHE_BYTES_MAX", "4194304");
        Self::started(command)
    }

    fn started(mut command: Command) -> Result<Serving> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let out = child.stdout.take().context("its output is piped")?;
        BufReader::new(out).read_line(&mut line)?;
        let said: Value = serde_json::from_str(&line).with_context(|| format!("it said `{line}`"))?;
        let url = said["url"].as_str().context("it named no address")?;
        let dns = said["dns"].as_str().and_then(|dns| dns.rsplit(':').next()?.parse().ok());
        Ok(Serving { child, host: url.trim_start_matches("http://").to_owned(), dns })
    }
}

/// What keeps a file as an artefact is; killed when this value goes.
pub(crate) struct Following(Child);

impl Drop for Following {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _ended_already = self.0.wait();
    }
}

/// A serving node; killed when this value goes.
pub(crate) struct Serving {
    child: Child,
    /// Address and port.
    pub(crate) host: String,
    /// The port of DNS.
    pub(crate) dns: Option<u16>,
}

impl Serving {
    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The processor time that it has taken since it was started, in seconds.
    pub(crate) fn processor_s(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id()))?;
        // Behind the program's name, which may have blanks in it, the state comes first; the 14th and 15th of all are what is wanted.
        let (_, rest) = stat.rsplit_once(')').context("a process has a name")?;
        let ticks: Vec<f64> =
            rest.split_whitespace().skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
        Ok(ticks.iter().sum::<f64>() / TICKS)
    }

    /// Waits until it does hardly anything for two seconds; the processor time that it has taken until then.
    ///
    /// # Errors
    /// When it works on after `patience`.
    pub(crate) fn settled(&self, patience: Duration) -> Result<f64> {
        let until = Instant::now() + patience;
        let mut before = self.processor_s()?;
        loop {
            std::thread::sleep(Duration::from_secs(2));
            let now = self.processor_s()?;
            if now - before < 0.1 {
                return Ok(before);
            }
            ensure!(Instant::now() < until, "the node works on and on");
            before = now;
        }
    }

    /// What the process holds in memory, in MiB (resident set).
    pub(crate) fn memory_mib(&self) -> Result<f64> {
        self.status_mib("VmRSS:")
    }

    /// A figure of the process's memory as the kernel has it, in MiB: `VmHWM:` is the most so far.
    pub(crate) fn status_mib(&self, name: &str) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let line = line.with_context(|| format!("no {name}"))?;
        let kib: f64 = line.trim().trim_end_matches(" kB").trim().parse()?;
        Ok(kib / 1024.0)
    }

    /// How the process ended, if it does within a time.
    pub(super) fn ended(&mut self, patience: Duration) -> Result<Option<ExitStatus>> {
        let until = Instant::now() + patience;
        loop {
            let ended = self.child.try_wait()?;
            if ended.is_some() || Instant::now() > until {
                return Ok(ended);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _ended_already = self.child.wait();
    }
}
