//! The machine that measures, and the versions of what runs on it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use serde::{Deserialize, Serialize};

/// What figures depend on beside the program.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// As the processor calls itself.
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) memory_gib: f64,
    /// The distribution and the kernel.
    pub(crate) system: String,
    /// The last commit of what was measured.
    pub(crate) commit: String,
    /// Versions by name: the compiler, and the peers that are there.
    pub(crate) versions: BTreeMap<String, String>,
}

/// A program that says its version: what it is called here, the command, the word before the version if it is not the first
/// that begins with a digit.
const PEERS: &[(&str, &[&str])] = &[
    ("rustc", &["rustc", "--version"]),
    ("BIND", &["named", "-v"]),
    ("Unbound", &["unbound", "-V"]),
    ("Knot Resolver", &["kresd", "--version"]),
    ("PowerDNS Recursor", &["pdns_recursor", "--version"]),
    ("grep", &["grep", "--version"]),
    ("Python", &["python3", "--version"]),
];

impl Machine {
    /// This one, and the project under `root`.
    pub(crate) fn this(root: &Path) -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let cpu = read("/proc/cpuinfo");
        let processor = cpu.lines().find(|line| line.starts_with("model name")).and_then(after_colon);
        let memory = read("/proc/meminfo");
        let kib = memory.lines().find_map(|line| line.strip_prefix("MemTotal:"));
        let kib =
            kib.and_then(|kib| kib.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or_default();
        let release = read("/etc/os-release");
        let name = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).unwrap_or("Linux");
        let kernel = read("/proc/sys/kernel/osrelease");
        let commit = said(Command::new("git").arg("-C").arg(root).args(["rev-parse", "--short", "HEAD"]));
        let mut versions: BTreeMap<String, String> = PEERS
            .iter()
            .filter_map(|(name, command)| {
                let (program, args) = command.split_first()?;
                Some(((*name).to_owned(), version(&said(Command::new(program).args(args)))?))
            })
            .collect();
        if let Some(postgres) = super::postgres::version() {
            versions.insert("PostgreSQL".to_owned(), postgres);
        }
        Self {
            processor: processor.unwrap_or_default().to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_gib: (kib / 1024.0 / 1024.0 * 10.0).round() / 10.0,
            system: format!("{}, Linux {}", name.trim_matches('"'), kernel.trim()),
            commit: commit.trim().to_owned(),
            versions,
        }
    }
}

/// Today by this machine's clock, as `2026-11-30`, in UTC.
pub(super) fn today() -> Result<String> {
    let output = Command::new("date").args(["-u", "+%F"]).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn after_colon(line: &str) -> Option<&str> {
    line.split_once(':').map(|(_, rest)| rest.trim())
}

/// What a program says, on either of its outputs; nothing if it is not there.
fn said(command: &mut Command) -> String {
    // The servers lie where only root looks.
    let path = std::env::var("PATH").unwrap_or_default();
    let Ok(output) = command.env("PATH", format!("{path}:/usr/sbin:/sbin")).output() else {
        return String::new();
    };
    [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat()
}

/// The first word that looks like a version.
pub(super) fn version(said: &str) -> Option<String> {
    let is_version = |word: &&str| word.starts_with(|sign: char| sign.is_ascii_digit()) && word.contains('.');
    said.split([' ', '\n', '\t', ',', '(']).find(is_version).map(|word| word.trim_end_matches(')').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_what_programs_say() {
        assert_eq!(
            version("BIND 9.18.33-1~deb12u2-Debian (Extended Support)"),
            Some("9.18.33-1~deb12u2-Debian".into())
        );
        assert_eq!(version("rustc 1.95.0 (f2d3ce0bd 2026-03-21)"), Some("1.95.0".into()));
        assert_eq!(version("grep (GNU grep) 3.8\nCopyright"), Some("3.8".into()));
        assert_eq!(version("no version here 7"), None);
    }

    #[test]
    fn this_machine_has_a_processor_and_memory() {
        let machine = Machine::this(Path::new(env!("CARGO_MANIFEST_DIR")));
        assert!(machine.cores > 0 && machine.memory_gib > 0.0, "{machine:?}");
        assert!(machine.versions.contains_key("rustc"), "{machine:?}");
    }
}
