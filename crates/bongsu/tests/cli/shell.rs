//! A fresh folder and the program, so that a test reads as what a person types.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A folder with a node in it (or none yet), and the program.
pub(crate) struct Shell {
    dir: TempDir,
}

/// How a command ended.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Shell {
    /// An empty folder.
    pub(crate) fn empty() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// A node without members.
    pub(crate) fn node() -> Self {
        let shell = Self::empty();
        shell.ok(&["init", "--name", "tower.test"]);
        shell
    }

    /// A node with the members `cert` (exchange), `isp` (block) and `ministry` (read) in the circle `peers`.
    pub(crate) fn peers() -> Self {
        let shell = Self::node();
        for (handle, level) in [("cert", "exchange"), ("isp", "block"), ("ministry", "read")] {
            shell.ok(&["member", "add", handle, "--level", level, "--clearance", "amber", "--no-token"]);
        }
        shell.ok(&["circle", "add", "peers", "--member", "cert", "--member", "isp", "--member", "ministry"]);
        shell
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("node")
    }

    /// Writes a file and gives its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The program on this folder, ready to be run.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = bare(self.dir.path());
        command.arg("--data").arg(self.data()).args(args);
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        ended(self.command(args).output().unwrap())
    }

    /// Runs what must end with 0, and gives standard output.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let ended = self.run(args);
        assert_eq!(ended.code, 0, "{args:?}: {}{}", ended.out, ended.err);
        ended.out
    }

    /// The same with `--json`.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let out = self.ok(&[&["--json"], args].concat());
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{args:?}: {error}: {out}"))
    }

    /// Runs what must fail, and gives code and standard error with the folder's path cut out.
    pub(crate) fn fails(&self, args: &[&str]) -> (i32, String) {
        let ended = self.run(args);
        assert_ne!(ended.code, 0, "{args:?}: {}", ended.out);
        (ended.code, ended.err.replace(self.dir.path().to_str().unwrap(), "DIR"))
    }
}

/// The program without a data folder, in `dir`, with an environment of its own.
pub(crate) fn bare(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
    command.current_dir(dir).env_clear().env("HOME", dir).env("PATH", "/usr/bin:/bin");
    command
}

pub(crate) fn ended(output: Output) -> Ended {
    Ended {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
