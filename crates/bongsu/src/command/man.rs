//! `bongsu man`: a page of the manual for each command, as packages carry them.

use crate::answer::{Answer, counted};
use crate::cli::Cli;
use crate::exit::Failure;
use clap::CommandFactory as _;
use std::path::{Path, PathBuf};

/// Writes the pages into `folder`, which is made if it is not there: `bongsu.1`, `bongsu-member.1`, `bongsu-member-add.1`, …
///
/// # Errors
/// When the folder can't be made or written to.
pub(crate) fn run(folder: &Path) -> Result<Answer, Failure> {
    let failed =
        |error: std::io::Error| Failure::new(format!("{} can't be written to: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(Cli::command(), folder).map_err(failed)?;
    let pages = pages(folder).map_err(failed)?;
    let names: Vec<String> =
        pages.iter().filter_map(|page| Some(page.file_name()?.to_str()?.to_owned())).collect();
    let text = format!("{} written to {}.\n", counted(names.len() as u64, "page"), folder.display());
    Ok(Answer::done(serde_json::json!({"folder": folder, "pages": names}), text))
}

/// The program's pages in a folder, in the order of their names.
fn pages(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut pages = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .filter(|path| path.as_ref().map_or(true, |path| is_page(path)))
        .collect::<Result<Vec<_>, _>>()?;
    pages.sort();
    Ok(pages)
}

fn is_page(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with("bongsu") && name.ends_with(".1")
}
