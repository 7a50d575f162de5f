//! `bongsu verify`: everything recomputed from the lines.

use crate::answer::{Answer, Progress};
use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::folder::Folder;
use serde_json::json;
use std::ops::ControlFlow;
use std::path::Path;

/// Reads every record in `dir`, or in the database that is configured, and says whether it holds; works beside a serving node.
///
/// # Errors
/// When the store can't be read at all.
pub(crate) fn run(
    dir: &Path,
    config: &Config,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Answer, Failure> {
    Folder::new(dir).require()?;
    let database = config.database.settings()?;
    let mut last = 0;
    let report = line::verify(dir, database.as_ref(), &mut |done, total| {
        if done >= last + 10_000 || done == total {
            last = done;
            let _goes_on = watch(Progress { what: "verify".to_owned(), done, total });
        }
    });
    let report = report.map_err(|error| Failure::new(error.to_string()))?;
    let hex = |root: &[u8; 32]| root.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let lines: Vec<_> = report
        .lines
        .iter()
        .map(|line| {
            json!({
                "id": line.line.to_string(), "records": line.records, "root": hex(&line.root), "faults": line.faults,
            })
        })
        .collect();
    let records: u64 = report.lines.iter().map(|line| line.records).sum();
    let sound = report.is_sound();
    let mut text = match sound {
        true => {
            format!("Everything holds: {records} records in {} lines give their stored roots.\n", lines.len())
        }
        false => "Something was changed or lost. Keep this folder for examination and restore a backup.\n"
            .to_owned(),
    };
    if let Some(fault) = &report.file_fault {
        text.push_str(&format!("  the file: {fault}\n"));
    }
    for line in &report.lines {
        line.faults
            .iter()
            .take(20)
            .for_each(|fault| text.push_str(&format!("  line {}: {fault}\n", line.line)));
    }
    let json = json!({"sound": sound, "records": records, "file_fault": report.file_fault, "lines": lines});
    Ok(Answer::done(json, text).ending(if sound { Exit::Done } else { Exit::Findings }))
}
