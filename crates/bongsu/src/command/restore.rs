//! `bongsu restore`: the lines made anew from copies, also as they stood at an earlier time.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use line::restoring::restore;
use serde_json::json;

use super::backup::{beside, put_back};
use super::series;
use crate::answer::{Answer, Progress};
use crate::cli::RestoreArgs;
use crate::config::Config;
use crate::exit::Failure;
use crate::folder::Folder;

/// Makes the lines anew in the data folder, or in the database that is configured.
///
/// # Errors
/// When the node serves, there are lines already, or the copies do not belong together or are damaged.
pub(crate) fn run(
    dir: &Path,
    config: &Config,
    args: &RestoreArgs,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Answer, Failure> {
    let folder = Folder::new(dir);
    folder.require()?;
    let _held = folder.hold()?;
    let copies = copies(&args.from)?;
    let until = args.until.as_deref().map(|text| super::terms::instant("--until", text)).transpose()?;
    let database = config.database.settings()?;
    let now = crate::node::now();
    let mut last = 0;
    let restored = restore(
        &copies,
        (dir, database.as_ref()),
        until.map(|until| until.micros()),
        now.micros(),
        &mut |done, total| {
            if done >= last + 10_000 || done == total {
                last = done;
                let _goes_on = watch(Progress { what: "restore".to_owned(), done, total });
            }
        },
    )
    .map_err(|error| {
        Failure::new(error.to_string())
            .hint("into a new folder with node.key and token.secret; docs/operate.md says how")
    })?;
    let newest = copies.last().map(|path| beside(path));
    let in_series = args.from.first().filter(|from| from.is_dir()).map(|from| from.join(series::BESIDE));
    let files = in_series.or(newest).filter(|files| files.is_dir());
    let put = files.map_or(Ok(Vec::new()), |files| put_back(&files, dir));
    let put = put.map_err(|error| {
        Failure::new(format!("the lines are restored, but not what lies beside them: {error}"))
    })?;
    let sum = |of: fn(&line::restoring::RestoredLine) -> u64| restored.lines.iter().map(of).sum::<u64>();
    let (records, left_out) = (sum(|line| line.records), sum(|line| line.left_out));
    let lines = restored.lines.len();
    let mut text =
        format!("{records} records in {lines} lines were restored; each copy gave the roots that it had.\n");
    if let Some(until) = until {
        text += &format!("{left_out} records that came after {until} were left out.\n");
    }
    if restored.erased_later > 0 {
        text += &format!(
            "{} records that were erased after that stay erased; the node's line says so again.\n",
            restored.erased_later
        );
    }
    if !put.is_empty() {
        text += &format!("Put back beside them: {}.\n", put.join(", "));
    }
    text += "What was erased after the last copy is back: `bongsu privacy replay` erases it again.\n";
    let json = json!({
        "records": records, "lines": lines, "left_out": left_out, "erased_later": restored.erased_later, "files": put,
        "until": until.map(|until| until.to_string()),
    });
    Ok(Answer::done(json, text))
}

/// The copies that are named, or those of a series.
fn copies(named: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let [folder] = named else { return Ok(named.to_vec()) };
    if !folder.is_dir() {
        return Ok(named.to_vec());
    }
    let copies = series::chain(folder)?;
    match copies.is_empty() {
        true => Err(Failure::new(format!("there is no whole copy in {}", folder.display()))
            .hint("name the folder of `bongsu backup --series`, or a file of `bongsu backup`")),
        false => Ok(copies),
    }
}
