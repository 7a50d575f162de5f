//! What the program is made of, held to `deny.toml` without a tool that would have to be installed: licences, crates that are not
//! taken, and where everything comes from.

use std::path::Path;

use anyhow::{Context as _, Result};
use cargo_metadata::Metadata;
use serde::Deserialize;

/// The one registry that things come from.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// What is read of `deny.toml`.
#[derive(Debug, Deserialize)]
struct Deny {
    licenses: Licences,
    bans: Bans,
    sources: Sources,
}

#[derive(Debug, Deserialize)]
struct Licences {
    allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Debug, Deserialize)]
struct Ban {
    name: String,
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    unknown_registry: String,
    unknown_git: String,
    allow_git: Vec<String>,
}

/// What is read of `Cargo.lock`.
#[derive(Debug, Deserialize)]
pub(crate) struct Lock {
    pub(crate) package: Vec<Locked>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Locked {
    pub(crate) name: String,
    pub(crate) version: String,
    source: Option<String>,
    pub(crate) checksum: Option<String>,
}

/// Checks `deny.toml` against `licences`, and both lock files against it.
pub(crate) fn check(
    metadata: &Metadata,
    root: &Path,
    licences: &[&str],
    faults: &mut Vec<String>,
) -> Result<()> {
    let text = std::fs::read_to_string(root.join("deny.toml")).context("deny.toml")?;
    let deny: Deny = toml::from_str(&text).context("deny.toml")?;
    if deny.licenses.allow != licences {
        faults.push("deny.toml allows other licences than `cargo xtask tidy`".to_owned());
    }
    let strict = deny.sources.unknown_registry == "deny" && deny.sources.unknown_git == "deny";
    if !strict || !deny.sources.allow_git.is_empty() {
        faults.push("deny.toml lets things come from anywhere".to_owned());
    }
    let ours: Vec<&str> = metadata.workspace_packages().iter().map(|package| package.name.as_str()).collect();
    for file in ["Cargo.lock", "fuzz/Cargo.lock"] {
        let text = std::fs::read_to_string(root.join(file)).context(file)?;
        let lock: Lock = toml::from_str(&text).context(file)?;
        faults.extend(
            of_lock(&lock, &deny.bans.deny, &ours).into_iter().map(|fault| format!("{file}: {fault}")),
        );
    }
    Ok(())
}

fn of_lock(lock: &Lock, bans: &[Ban], ours: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    for package in &lock.package {
        let name = format!("{} {}", package.name, package.version);
        if let Some(ban) = bans.iter().find(|ban| ban.name == package.name) {
            faults.push(format!("{name} is not taken: {}", ban.reason));
        }
        match (&package.source, &package.checksum) {
            (Some(source), Some(_)) if source == REGISTRY => {}
            (None, None) if ours.contains(&package.name.as_str()) || package.name == "bongsu-fuzz" => {}
            (source, _) => faults.push(format!("{name} comes from {source:?}, or has no checksum")),
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::{Ban, Lock, REGISTRY, of_lock};

    #[test]
    fn what_comes_from_elsewhere_or_is_not_taken_is_told() {
        let lock = |more: &str| -> Lock {
            let text = format!(
                "[[package]]\nname = \"ours\"\nversion = \"1.0.0\"\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"{REGISTRY}\"\nchecksum = \"00\"\n{more}"
            );
            toml::from_str(&text).unwrap()
        };
        let bans = [Ban { name: "cmake".into(), reason: "a compiler is enough".into() }];
        assert!(of_lock(&lock(""), &bans, &["ours"]).is_empty());
        assert_eq!(of_lock(&lock(""), &bans, &[]).len(), 1, "a path that is not ours");
        for more in [
            "[[package]]\nname = \"b\"\nversion = \"1.0.0\"\nsource = \"git+https://example.org/b\"\n",
            "[[package]]\nname = \"b\"\nversion = \"1.0.0\"\nsource = \"registry+https://example.org/index\"\nchecksum = \"00\"\n",
            &format!("[[package]]\nname = \"b\"\nversion = \"1.0.0\"\nsource = \"{REGISTRY}\"\n"),
            &format!(
                "[[package]]\nname = \"cmake\"\nversion = \"1.0.0\"\nsource = \"{REGISTRY}\"\nchecksum = \"00\"\n"
            ),
        ] {
            assert_eq!(of_lock(&lock(more), &bans, &["ours"]).len(), 1, "{more}");
        }
    }
}
