//! The release, made once for all tests from the program of this build, and what runs tools on it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;

/// A time that is not the commit's, so that it is seen to be taken.
pub(crate) const EPOCH: &str = "1790000000";

/// The folder with what was made.
pub(crate) struct Made {
    dir: TempDir,
}

impl Made {
    /// Makes it at the first call.
    pub(crate) fn get() -> &'static Self {
        static MADE: OnceLock<Made> = OnceLock::new();
        MADE.get_or_init(|| {
            let made = Self { dir: tempfile::tempdir().unwrap() };
            dist(&made.out());
            // Unpacked by Debian's own program.
            said(Command::new("dpkg-deb").arg("--extract").args([made.deb(), made.tree()]));
            made
        })
    }

    pub(crate) fn out(&self) -> PathBuf {
        self.dir.path().join("out")
    }

    /// What the package puts onto a system.
    pub(crate) fn tree(&self) -> PathBuf {
        self.dir.path().join("tree")
    }

    pub(crate) fn deb(&self) -> PathBuf {
        one(&self.out(), ".deb")
    }
}

/// Packs the program of this build into `out`.
pub(crate) fn dist(out: &Path) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.current_dir(root()).env("SOURCE_DATE_EPOCH", EPOCH).args(["dist", "--quick"]);
    command.args(["--maintainer", "Keeper <keeper@example.org>"]);
    said(command.arg("--program").arg(program()).arg("--out").arg(out));
}

/// The program, as this build made it.
pub(crate) fn program() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_xtask")).with_file_name("bongsu");
    assert!(program.exists(), "{} is not built: run this test with --workspace", program.display());
    program
}

/// The project's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The one file in a folder whose name ends so.
pub(crate) fn one(folder: &Path, end: &str) -> PathBuf {
    let mut found = files(folder).into_iter().filter(|path| path.to_str().unwrap().ends_with(end));
    let (Some(path), None) = (found.next(), found.next()) else { panic!("{end} in {}", folder.display()) };
    path
}

/// All files in a folder and below, by name.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

/// Runs what must end well, and gives its standard output.
pub(crate) fn said(command: &mut Command) -> String {
    let output = ran(command);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

pub(crate) fn ran(command: &mut Command) -> Output {
    command.env("LC_ALL", "C.UTF-8");
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; scripts/setup installs it"))
}
