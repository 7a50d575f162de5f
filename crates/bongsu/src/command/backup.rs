//! `bongsu backup`: a copy of the store, made while the node runs, and of what lies beside it and can't be made anew.

use super::series;
use crate::answer::Answer;
use crate::cli::BackupArgs;
use crate::exit::Failure;
use crate::node::Node;
use serde_json::json;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// The folder of an authority for certificates, in the data folder and in the backup.
const AUTHORITY: &str = "ca";

/// Copies the store to a file that does not exist yet, and the record of screenings and the authority for certificates to a folder
/// beside it, if the node has them; or adds a copy to a series.
///
/// # Errors
/// When the file or the folder exists or can't be written.
pub(crate) fn run(node: &Node, args: &BackupArgs) -> Result<Answer, Failure> {
    if args.series {
        return in_series(node, args);
    }
    let beside = beside(&args.to);
    for path in [&args.to, &beside] {
        if path.exists() {
            return Err(Failure::new(format!("{} exists", path.display()))
                .hint("name a new file; nothing was changed"));
        }
    }
    let failed = |path: &Path, error: &dyn std::fmt::Display| {
        Failure::new(format!("the backup to {} failed: {error}", path.display()))
            .hint("is there room on the disk? what was written of it is of no use")
    };
    let store = node.gate.store();
    let since = match &args.since {
        None => store.backup(&args.to).map(|()| None),
        Some(earlier) => store.backup_since(earlier, &args.to).map(Some),
    };
    let since = since.map_err(|error| failed(&args.to, &error))?;
    let copied = copied(node, &beside).map_err(|error| failed(&beside, &error))?;
    Ok(answer(&args.to, since, (!copied.is_empty()).then_some(&beside), &copied))
}

fn in_series(node: &Node, args: &BackupArgs) -> Result<Answer, Failure> {
    // Until all is through, also what lies beside the store.
    let adding = series::open(&args.to)?;
    let added = series::add(node, &adding, args.full)?;
    let beside = args.to.join(series::BESIDE);
    let copied = copied(node, &beside).map_err(|error| {
        Failure::new(format!("{} could not be brought up to date: {error}", beside.display()))
            .hint("the copy of the store itself is whole")
    })?;
    Ok(answer(&added.path, added.since, (!copied.is_empty()).then_some(&beside), &copied))
}

fn answer(to: &Path, since: Option<line::Since>, beside: Option<&PathBuf>, copied: &[String]) -> Answer {
    let bytes = std::fs::metadata(to).map_or(0, |meta| meta.len());
    let more = match beside {
        None => String::new(),
        Some(beside) => format!("Beside it, in {}: {}.\n", beside.display(), copied.join(", ")),
    };
    let what = match since {
        None => String::new(),
        Some(since) => format!(
            "It has the {} records that came since the earlier copy, and is of use with it alone.\n",
            since.records
        ),
    };
    let text = format!(
        "Backup written: {} ({bytes} bytes), readable for you alone: TSIG keys are inside.\n{what}{more}\
         Keep node.key and token.secret too, apart from it: they are not inside.",
        to.display()
    );
    let (records, erased) = (since.map(|since| since.records), since.map(|since| since.erased));
    let json = json!({
        "to": to, "bytes": bytes, "beside": beside, "files": copied, "records": records, "erased": erased,
    });
    Answer::done(json, text)
}

/// The folder for what is no part of the store: the file's name with `.files`.
pub(super) fn beside(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(".files");
    PathBuf::from(name)
}

/// Puts back into a data folder what lies beside a copy, where it is not there. Gives the names.
pub(super) fn put_back(from: &Path, folder: &Path) -> io::Result<Vec<String>> {
    let mut put = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(within) = folders.pop() {
        for entry in std::fs::read_dir(from.join(&within))? {
            let entry = entry?;
            let name = within.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(name);
            } else if !folder.join(&name).exists() {
                copy(&entry.path(), &folder.join(&name))?;
                put.push(name.display().to_string());
            }
        }
    }
    put.sort();
    Ok(put)
}

/// Copies a file, whole or not at all.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let folder = to.parent().unwrap_or(Path::new("."));
    DirBuilder::new().mode(0o700).recursive(true).create(folder)?;
    let mut copy = tempfile::NamedTempFile::new_in(folder)?;
    io::copy(&mut std::fs::File::open(from)?, copy.as_file_mut())?;
    copy.as_file().sync_all()?;
    copy.persist(to)?;
    Ok(())
}

/// Copies what lies beside the store, and gives the names. The record of screenings only grows, so that a copy made after the store's
/// has all that is sealed there.
fn copied(node: &Node, beside: &Path) -> io::Result<Vec<String>> {
    let mut files: Vec<(PathBuf, PathBuf)> = Vec::new();
    if node.places.record.exists() {
        files.extend(
            node.places.record.file_name().map(|name| (node.places.record.clone(), PathBuf::from(name))),
        );
    }
    let authority = node.gate.store().folder().join(AUTHORITY);
    if authority.is_dir() {
        for entry in std::fs::read_dir(&authority)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                files.push((entry.path(), Path::new(AUTHORITY).join(entry.file_name())));
            }
        }
    }
    files.sort();
    for (from, name) in &files {
        let to = beside.join(name);
        // The record only grows, and the others are short: what has the same length is the same but for those.
        let length = |path: &Path| std::fs::metadata(path).map(|meta| meta.len()).ok();
        if *from != node.places.record || length(from) != length(&to) {
            copy(from, &to)?;
        }
    }
    Ok(files.into_iter().map(|(_, name)| name.display().to_string()).collect())
}
