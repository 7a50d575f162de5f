//! A process on one core with little memory, as an old machine has: by a control group where the system lets us make one.
//!
//! What counts in such a group is all that the process has written to and the system can't take back, and pages of files as long as there
//! is room for them: the kernel drops these first. Without room the process is killed.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

/// Where control groups lie.
const GROUPS: &str = "/sys/fs/cgroup";

/// How the memory is limited.
enum How {
    /// systemd makes the group.
    Scope,
    /// A group of the second version, made here.
    Second(PathBuf),
    /// One of the first version.
    First(PathBuf),
    /// The system lets us make none.
    Not,
}

/// The limit; its group is removed with this value, which must outlive the process.
pub(super) struct Limit {
    how: How,
    bytes: u64,
    core: String,
}

impl Limit {
    /// A limit of so many bytes, made in the first way that this system allows.
    pub(super) fn new(bytes: u64) -> Result<Self> {
        let status = fs::read_to_string("/proc/self/status")?;
        let cores = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        let core =
            cores.and_then(|cores| cores.trim().split([',', '-']).next()).context("no core is allowed")?;
        let is_root = fs::metadata("/proc/self")?.uid() == 0;
        let how = if is_root && Path::new("/run/systemd/system").exists() {
            How::Scope
        } else if let Some(group) = second(bytes) {
            How::Second(group)
        } else if let Some(group) = first(bytes) {
            How::First(group)
        } else {
            How::Not
        };
        Ok(Self { how, bytes, core: core.to_owned() })
    }

    /// How it is done, for people.
    pub(super) const fn words(&self) -> &'static str {
        match self.how {
            How::Scope => "memory limited by a scope of systemd's, one core",
            How::Second(_) => "memory limited by a control group (version 2), one core",
            How::First(_) => "memory limited by a control group (version 1), one core",
            How::Not => "one core; memory NOT limited, as this system lets us make no control group",
        }
    }

    /// Whether there is a limit at all.
    pub(super) const fn is_there(&self) -> bool {
        !matches!(self.how, How::Not)
    }

    /// The program, within the limit. It keeps the process's number.
    pub(super) fn command(&self, program: &Path) -> Command {
        let on_core = ["taskset", "--cpu-list", &self.core];
        let mut command = match &self.how {
            How::Scope => {
                let mut command = Command::new("systemd-run");
                command.args(["--scope", "--quiet", "--property"]).arg(format!("MemoryMax={}", self.bytes));
                command.args(["--property", "MemorySwapMax=0"]).args(on_core);
                command
            }
            How::Second(group) | How::First(group) => {
                let mut command = Command::new("sh");
                command.args(["-c", r#"echo $$ >"$1" && shift && exec "$@""#, "sh"]);
                command.arg(group.join("cgroup.procs")).args(on_core);
                command
            }
            How::Not => {
                let mut command = Command::new(on_core[0]);
                command.args(&on_core[1..]);
                command
            }
        };
        command.arg(program);
        command
    }

    /// The most that the group has held so far, in MiB, if it says so: with pages of files, which fill it up in time.
    pub(super) fn most_mib(&self) -> Option<f64> {
        let file = match &self.how {
            How::Second(group) => group.join("memory.peak"),
            How::First(group) => group.join("memory.max_usage_in_bytes"),
            How::Scope | How::Not => return None,
        };
        let bytes: f64 = fs::read_to_string(file).ok()?.trim().parse().ok()?;
        Some(bytes / 1_048_576.0)
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        if let How::Second(group) | How::First(group) = &self.how {
            // Goes only when nobody is in it; an empty one harms nobody.
            let _still_used = fs::remove_dir(group);
        }
    }
}

/// The group of this process in a hierarchy: the line of `/proc/self/cgroup` whose controllers `is_it` says.
fn own(is_it: impl Fn(&str) -> bool) -> Option<String> {
    let text = fs::read_to_string("/proc/self/cgroup").ok()?;
    text.lines().find_map(|line| {
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        is_it(controllers).then(|| path.trim_start_matches('/').to_owned())
    })
}

/// A new group below another.
fn below(parent: &Path) -> Option<PathBuf> {
    let group = parent.join(format!("bongsu-small-{}", std::process::id()));
    fs::create_dir(&group).ok()?;
    Some(group)
}

/// Writes to a file that the kernel has made; where it has not, that is an error, and no file is made.
fn written(path: &Path, text: &str) -> std::io::Result<()> {
    fs::OpenOptions::new().write(true).open(path)?.write_all(text.as_bytes())
}

fn second(bytes: u64) -> Option<PathBuf> {
    let group = below(&Path::new(GROUPS).join(own(str::is_empty)?))?;
    // Only where the group above hands the controller down.
    let set = written(&group.join("memory.max"), &bytes.to_string());
    let swap = group.join("memory.swap.max");
    let no_swap = if swap.exists() { written(&swap, "0") } else { Ok(()) };
    kept(group, set.and(no_swap).is_ok())
}

fn first(bytes: u64) -> Option<PathBuf> {
    let own = own(|controllers| controllers.split(',').any(|one| one == "memory"))?;
    let group = below(&Path::new(GROUPS).join("memory").join(own))?;
    let set = written(&group.join("memory.limit_in_bytes"), &bytes.to_string());
    let swap = group.join("memory.memsw.limit_in_bytes");
    let no_swap = if swap.exists() { written(&swap, &bytes.to_string()) } else { Ok(()) };
    kept(group, set.and(no_swap).is_ok())
}

fn kept(group: PathBuf, is_limited: bool) -> Option<PathBuf> {
    if is_limited {
        return Some(group);
    }
    let _was_empty = fs::remove_dir(&group);
    None
}
