//! The demo: from its start to its first answer.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use super::client::Client;
use super::table::{Figure, Table};

/// Starts it, waits for the address that it prints, and asks for the first page.
pub(crate) fn run(program: &Path, table: &mut Table) -> Result<()> {
    let started = Instant::now();
    let mut child = Command::new(program)
        .arg("demo")
        .env("BONGSU__HTTP__LISTEN", "127.0.0.1:0")
        .env("BONGSU__DNS__LISTEN", "127.0.0.1:0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("its output is piped")?).lines();
    let host = loop {
        let Some(line) = lines.next() else { bail!("the demo ended before it served") };
        if let Some((_, rest)) = line?.split_once("Open http://") {
            break rest.split('/').next().context("an address")?.to_owned();
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let page = runtime.block_on(async { Client::connect(&host, None).await?.get("/").await })?;
    let seconds = started.elapsed().as_secs_f64();
    // Asked to end, it removes its folder.
    Command::new("kill").args(["-INT", &child.id().to_string()]).status()?;
    child.wait()?;
    if !page.windows(13).any(|part| part == b"National CERT") {
        bail!("the demo's first page does not show its members");
    }
    table.add(&Figure {
        name: "demo, start to first answer",
        value: seconds,
        unit: "s",
        goal: "≤ 5",
        ratio: None,
    });
    Ok(())
}
