//! Handing work over to `bongsu-cluster`, which is a program of its own: what it is made of is many times as large as this one.

use crate::exit::{Exit, Failure};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the other program is called.
const NAME: &str = "bongsu-cluster";

/// Runs a command of `bongsu-cluster` with the scheduler's address and these arguments, its output being this program's.
///
/// # Errors
/// When it is not installed or can't be started.
pub(crate) fn hand_over(command: &str, scheduler: &str, args: &[OsString]) -> Result<Exit, Failure> {
    let beside = std::env::current_exe().ok().and_then(|own| own.parent().map(Path::to_owned));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let program = found(beside.as_deref(), &path).ok_or_else(|| {
        Failure::usage(format!("{NAME} is neither beside this program nor on the PATH")).hint(
            "build it with `cargo build --release -p bongsu-cluster`; docs/cluster.md says what it is for",
        )
    })?;
    let status = Command::new(&program).args([command, "--scheduler", scheduler]).args(args).status();
    let status =
        status.map_err(|error| Failure::usage(format!("{} can't be started: {error}", program.display())))?;
    Ok(match status.code() {
        Some(0) => Exit::Done,
        Some(1) => Exit::Failed,
        Some(3) => Exit::Findings,
        _ => Exit::Usage,
    })
}

/// The program: beside this one, or else on the path.
fn found(beside: Option<&Path>, path: &std::ffi::OsStr) -> Option<PathBuf> {
    let name = format!("{NAME}{}", std::env::consts::EXE_SUFFIX);
    let folders = beside.map(Path::to_owned).into_iter().chain(std::env::split_paths(path));
    folders
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(&name))
        .find(|program| program.is_file())
}

#[cfg(test)]
mod tests {
    use super::found;

    #[test]
    fn it_is_found_beside_this_program_first_and_never_in_a_relative_folder() {
        let [beside, other] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let path = std::env::join_paths([std::path::Path::new("."), other.path()]).unwrap();
        assert_eq!(found(Some(beside.path()), &path), None);
        std::fs::write(other.path().join("bongsu-cluster"), "").unwrap();
        assert_eq!(found(Some(beside.path()), &path), Some(other.path().join("bongsu-cluster")));
        std::fs::write(beside.path().join("bongsu-cluster"), "").unwrap();
        assert_eq!(found(Some(beside.path()), &path), Some(beside.path().join("bongsu-cluster")));
    }
}
