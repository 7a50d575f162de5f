//! `bongsu migrate`: the lines moved from the data folder's file into the database, or back.

use std::ops::ControlFlow;
use std::path::Path;

use line::moving::{Way, migrate};
use serde_json::json;

use crate::answer::{Answer, Progress};
use crate::cli::MigrateTo;
use crate::config::Config;
use crate::exit::Failure;
use crate::folder::Folder;

/// Moves all lines; the place that they come from stays as it is.
///
/// # Errors
/// When the node serves, no database is configured, something is in the new place already, or what was written is not what was read.
pub(crate) fn run(
    dir: &Path,
    config: &Config,
    to: MigrateTo,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Answer, Failure> {
    Folder::new(dir).require()?;
    let database = config.database.settings()?.ok_or_else(|| {
        Failure::usage("no database is configured")
            .hint("set database.url, or BONGSU__DATABASE__URL; docs/operate.md says how")
    })?;
    let way = match to {
        MigrateTo::Database => Way::IntoDatabase,
        MigrateTo::File => Way::IntoFile,
    };
    let mut last = 0;
    let report = migrate(dir, &database, way, &mut |done, total| {
        if done >= last + 10_000 || done == total {
            last = done;
            let _goes_on = watch(Progress { what: "migrate".to_owned(), done, total });
        }
    });
    let report = report.map_err(|error| Failure::new(error.to_string()))?;
    let records: u64 = report.lines.iter().map(|line| line.records).sum();
    let lines = report.lines.len();
    let next = match to {
        MigrateTo::Database => {
            "The file stays as it was, and is read no more as long as database.url is set."
        }
        MigrateTo::File => {
            "The database stays as it was. Leave database.url out of the configuration from now on."
        }
    };
    let text = format!(
        "{records} records in {lines} lines were moved; each line gives the root that it had. {next}\n"
    );
    Ok(Answer::done(json!({"records": records, "lines": lines}), text))
}
