//! The crates by themselves: their examples, each in a process of its own, which print what they measure as lines of JSON.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::child::measured;
use super::table::{Figure, Table};

/// Crates and their examples.
const EXAMPLES: [(&str, &str); 5] = [
    ("bongsu-stix", "signature_speed"),
    ("bongsu-line", "proofs"),
    ("bongsu-region", "iati_speed"),
    ("bongsu-region", "transit_speed"),
    ("bongsu-search", "search_speed"),
];
/// How often sightings are read; the shortest counts, as the first has a cold file.
const RUNS: usize = 3;

/// Measures.
pub(super) fn run(dir: Option<&Path>, table: &mut Table) -> Result<()> {
    let programs = build()?;
    let say = |name: &str, args: &[&str]| -> Result<Vec<Value>> {
        let took = measured(Command::new(programs.join(name)).args(args))?;
        took.said
            .lines()
            .map(|line| serde_json::from_str(line).with_context(|| format!("{name} said {line}")))
            .collect()
    };
    let mut add = |name: &str, value: f64, unit: &str, goal: &str| {
        table.add(&Figure { name, value, unit, goal, ratio: None });
    };
    let said = say("signature_speed", &[])?;
    add("objects signed", figure(&said, &[("what", "sign")], "per_s")?, "objects/s", "≥ 20,000");
    add("objects verified", figure(&said, &[("what", "verify")], "per_s")?, "objects/s", "≥ 20,000");
    let said = say("proofs", &["100000000"])?;
    add(
        "a proof in a log of 100 million",
        figure(&said, &[("what", "inclusion")], "median_ms")?,
        "ms",
        "≤ 1",
    );
    add("… the slowest of 2,000", figure(&said, &[("what", "inclusion")], "worst_ms")?, "ms", "≤ 1");
    let said = say("iati_speed", &["made", "100"])?;
    add("105 MB of IATI read", figure(&said, &[], "s")?, "s", "");
    add("… its most memory", figure(&said, &[], "mib_most")?, "MiB", "");
    let folder = match dir {
        Some(dir) => tempfile::tempdir_in(dir),
        None => tempfile::tempdir_in(&programs),
    }?;
    let file = folder.path().join("sightings.csv");
    let file = file.to_str().context("a path that is no text")?;
    say("transit_speed", &["generate", file, "10000000"])?;
    let mut best = f64::INFINITY;
    let mut chosen = Vec::new();
    for _ in 0..RUNS {
        chosen = say("transit_speed", &["read", file])?;
        best = best.min(figure(&chosen, &[("what", "into flows")], "s")?);
    }
    add("10 million sightings into flows", best, "s", "≤ 3");
    for by in ["country", "network"] {
        let ms = figure(&chosen, &[("what", "plan"), ("by", by)], "choose_ms")?;
        add(&format!("where help removes most, by {by}"), ms, "ms", "≤ 1,000");
    }
    let said = say("search_speed", &["1000000", "60"])?;
    add("words indexed", figure(&said, &[("what", "indexed")], "per_s")?, "objects/s", "");
    add(
        "objects that come in while is searched",
        figure(&said, &[("what", "meanwhile")], "per_s")?,
        "objects/s",
        "",
    );
    for by in ["member", "operator"] {
        let ms = figure(&said, &[("what", "asked"), ("asked", "all"), ("by", by)], "p95_ms")?;
        add(&format!("search by a {by}, 95 of 100"), ms, "ms", "≤ 50");
    }
    Ok(())
}

/// What the first line that has these texts says.
fn figure(said: &[Value], of: &[(&str, &str)], key: &str) -> Result<f64> {
    let line = said.iter().find(|line| of.iter().all(|(key, value)| line[*key] == *value));
    line.and_then(|line| line[key].as_f64()).with_context(|| format!("no {key} of {of:?} in {said:?}"))
}

/// Builds them; gives their folder.
fn build() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(&cargo);
    command.args(["build", "--release", "--locked"]);
    for (package, example) in EXAMPLES {
        command.args(["--package", package, "--example", example]);
    }
    if !command.status()?.success() {
        bail!("the release build of the examples failed");
    }
    let metadata = cargo_metadata::MetadataCommand::new().no_deps().exec()?;
    Ok(metadata.target_directory.join("release/examples").into_std_path_buf())
}
