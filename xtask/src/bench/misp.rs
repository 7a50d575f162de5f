//! A MISP feed taken in: pulled from a folder, converted to STIX and durable in a circle's line.
//!
//! The work is `crates/exchange/benches/misp_feed.rs`, built for release; what it makes beforehand is not measured.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::table::{Figure, Table};

/// Attributes in the feed.
const ATTRIBUTES: u64 = 100_000;

/// Builds, runs and reads what it says.
pub(crate) fn run(dir: &Path, table: &mut Table) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    std::fs::create_dir_all(dir)?;
    let output = Command::new(cargo)
        .args(["bench", "--locked", "--package", "bongsu-exchange", "--bench", "misp_feed", "--"])
        .arg(ATTRIBUTES.to_string())
        .arg(dir)
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        bail!("the measurement of feeds failed");
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let told = text.lines().find(|line| line.starts_with('{')).context("it said nothing")?;
    let told: Value = serde_json::from_str(told)?;
    let figure = |name: &str| told[name].as_f64().with_context(|| format!("it did not say `{name}`"));
    let seconds = figure("seconds")?;
    table.add(&Figure {
        name: "MISP feed of 100,000 attributes taken in",
        value: seconds,
        unit: "s",
        goal: "≤ 2",
        ratio: None,
    });
    table.add(&Figure {
        name: "the same",
        value: figure("attributes")? / seconds,
        unit: "attributes/s",
        goal: "≥ 50,000",
        ratio: None,
    });
    table.add(&Figure {
        name: "the same again, nothing new",
        value: figure("again_s")?,
        unit: "s",
        goal: "",
        ratio: None,
    });
    table.add(&Figure {
        name: "the circle as a MISP feed, from nothing",
        value: figure("view_s")?,
        unit: "s",
        goal: "",
        ratio: None,
    });
    Ok(())
}
