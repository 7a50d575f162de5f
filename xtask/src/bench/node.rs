//! The node that is measured: a release build, set up by its own command line.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::resolver::Key;

/// The member that posts and reads.
pub(crate) const MEMBER: &str = "cert";
/// The collection's objects.
pub(crate) const OBJECTS: &str = "/api/collections/region/objects/";
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
}

/// The second member's handle.
pub(crate) const READER: &str = "partner";

impl Node {
    pub(crate) fn new(program: &Path, dir: &Path) -> Result<Self> {
        let (program, dir) = (program.to_owned(), dir.to_owned());
        let mut node = Self { program, dir, token: String::new(), reader_token: String::new() };
        node.json(&["init"])?;
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
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .env("BONGSU__HTTP__LISTEN", "127.0.0.1:0")
            // Counted, and never refused: one client asks as fast as it can.
            .env("BONGSU__PACE__CREDENTIAL_PER_S", "1000000000")
            .env("BONGSU__DNS__LISTEN", "127.0.0.1:0");
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
        let mut child = self.command(&["--quiet", "serve"]).stdout(Stdio::piped()).spawn()?;
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
    /// What the process holds in memory, in MiB (resident set).
    pub(crate) fn memory_mib(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").trim().parse()?;
        Ok(kib / 1024.0)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _ended_already = self.child.wait();
    }
}
