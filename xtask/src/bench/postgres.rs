//! A server of PostgreSQL to measure beside, set up as Debian's packages do, durable, and gone with this value.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server.
pub(crate) struct Server {
    programs: PathBuf,
    folder: PathBuf,
    server: Child,
}

impl Server {
    /// Makes a cluster in `folder` and serves it over a socket there.
    pub(crate) fn start(folder: &Path) -> Result<Self> {
        std::fs::create_dir(folder)?;
        // The server runs as another user, who must reach it.
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o777))?;
        let folder = folder.canonicalize()?;
        ensure!(
            folder.as_os_str().len() < 80,
            "{} is too long for a socket's name: give --dir",
            folder.display()
        );
        let programs = programs()?;
        let data = folder.join("data");
        let made = as_postgres(&programs.join("initdb"))?
            .args(["-U", "bongsu", "-A", "trust", "-D"])
            .arg(&data)
            .current_dir(&folder)
            .stdout(Stdio::null())
            .status()?;
        ensure!(made.success(), "initdb failed; is every folder above {} open to others?", folder.display());
        let server = as_postgres(&programs.join("postgres"))?
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(&folder)
            .args(["-c", "listen_addresses=", "-c", "log_min_messages=fatal"])
            .current_dir(&folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let server = Self { programs, folder, server };
        let until = Instant::now() + PATIENCE;
        while !server.run("psql", &["-d", "postgres", "-c", "SELECT 1"])? {
            ensure!(Instant::now() < until, "PostgreSQL does not answer");
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(server)
    }

    /// A new database: its address.
    pub(crate) fn database(&self, name: &str) -> Result<String> {
        ensure!(self.run("createdb", &[name])?, "the database {name} can't be made");
        Ok(format!("host={} user=bongsu dbname={name}", self.folder.display()))
    }

    /// The bytes that a database takes on the disk.
    pub(crate) fn bytes(&self, name: &str) -> Result<u64> {
        let mut command = self.command("psql");
        let output = command
            .args(["-At", "-d", name, "-c", "SELECT pg_database_size(current_database())"])
            .output()?;
        String::from_utf8_lossy(&output.stdout).trim().parse().context("a database has a size")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.env("PGHOST", &self.folder).env("PGUSER", "bongsu");
        command
    }

    fn run(&self, program: &str, args: &[&str]) -> Result<bool> {
        let done = self.command(program).args(args).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        Ok(done.success())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _stopped = as_postgres(&self.programs.join("pg_ctl")).and_then(|mut command| {
            Ok(command
                .args(["stop", "-m", "fast", "-D"])
                .arg(self.folder.join("data"))
                .stdout(Stdio::null())
                .status()?)
        });
        let _ended_already = self.server.kill();
        let _ended_already = self.server.wait();
    }
}

/// The newest version that is installed, if one is.
pub(super) fn version() -> Option<String> {
    let output = Command::new(programs().ok()?.join("postgres")).arg("--version").output().ok()?;
    super::machine::version(&String::from_utf8_lossy(&output.stdout))
}

/// The folder of the programs of the newest version.
fn programs() -> Result<PathBuf> {
    let versions =
        std::fs::read_dir("/usr/lib/postgresql").context("PostgreSQL is not installed: run scripts/setup")?;
    let of = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.ok()?.path();
        Some((path.file_name()?.to_str()?.parse::<u32>().ok()?, path.join("bin")))
    };
    versions
        .filter_map(of)
        .max()
        .map(|(_, programs)| programs)
        .context("PostgreSQL is not installed: run scripts/setup")
}

/// Runs a program as the user postgres, if this one is root: PostgreSQL refuses root.
fn as_postgres(program: &Path) -> Result<Command> {
    let id = Command::new("id").arg("-u").output()?;
    if id.stdout.trim_ascii() != b"0" {
        return Ok(Command::new(program));
    }
    if !Path::new("/usr/bin/setpriv").exists() {
        bail!("setpriv is not there: run scripts/setup");
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    Ok(command)
}
