//! Validation: objects a second on one core, their texts in memory, beside what reading their heads takes.
//!
//! Each round goes over all objects once; the best of several counts, since whatever else runs only adds time.

use std::fs::File;
use std::io::{BufReader, Read};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use flate2::bufread::GzDecoder;
use stix::bundle::{Item, Limits};

use super::objects;
use super::table::{Figure, Table};

/// The bundle that is read when none is named, if it lies there.
const BUNDLE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/stix/attack/enterprise-attack-20.json.gz");
/// Indicators that are made up when there is no bundle.
const INDICATORS: u64 = 25_000;
const ROUNDS: u32 = 15;

/// Measures and adds the rows.
pub(crate) fn run(bundle: Option<&Path>, table: &mut Table) -> Result<()> {
    let usual = Path::new(BUNDLE);
    let objects = match bundle.or_else(|| usual.exists().then_some(usual)) {
        Some(path) => read(path).with_context(|| path.display().to_string())?,
        None => (0..INDICATORS).map(made_up).collect(),
    };
    if objects.is_empty() {
        bail!("the bundle has no objects");
    }
    let heads = per_second(&objects, |raw| usize::from(stix::read_head(raw).is_ok()));
    let validated = per_second(&objects, |raw| {
        let mut findings = 0;
        stix::validate(raw, &mut |_| findings += 1);
        findings
    });
    let bytes: usize = objects.iter().map(String::len).sum();
    table.add(&Figure {
        name: "heads read, one core",
        value: heads,
        unit: "objects/s",
        goal: "",
        ratio: None,
    });
    table.add(&Figure {
        name: "objects validated, one core",
        value: validated,
        unit: "objects/s",
        goal: "≥ 400,000",
        ratio: Some(("reading heads", validated / heads)),
    });
    table.add(&Figure {
        name: "the same in text",
        value: validated * bytes as f64 / objects.len() as f64 / 1e6,
        unit: "MB/s",
        goal: "",
        ratio: None,
    });
    Ok(())
}

fn read(path: &Path) -> Result<Vec<String>> {
    let mut start = [0; 2];
    let packed = File::open(path)?.read_exact(&mut start).is_ok() && start == [0x1f, 0x8b];
    let file = BufReader::new(File::open(path)?);
    let source: Box<dyn Read> = if packed { Box::new(GzDecoder::new(file)) } else { Box::new(file) };
    let mut objects = Vec::new();
    stix::bundle::read(source, &Limits::default(), |item| {
        if let Item::Object { raw, .. } = item
            && stix::read_head(raw).is_ok()
        {
            objects.push(raw.to_owned());
        }
        ControlFlow::Continue(())
    })?;
    Ok(objects)
}

fn made_up(number: u64) -> String {
    let mut text = String::new();
    objects::push(&mut text, number);
    text
}

/// Objects a second in the best of the rounds. What `work` gives is added up, so that it is not optimised away.
fn per_second(objects: &[String], work: impl Fn(&str) -> usize) -> f64 {
    let mut best = Duration::MAX;
    let mut sum = 0;
    for _ in 0..ROUNDS {
        let started = Instant::now();
        sum += objects.iter().map(|raw| work(raw)).sum::<usize>();
        best = best.min(started.elapsed());
    }
    std::hint::black_box(sum);
    objects.len() as f64 / best.as_secs_f64()
}
