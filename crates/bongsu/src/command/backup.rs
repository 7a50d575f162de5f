//! `bongsu backup`: a copy of the store, made while the node runs, and of what lies beside it and can't be made anew.

use crate::answer::Answer;
use crate::cli::BackupArgs;
use crate::exit::Failure;
use crate::node::Node;
use serde_json::json;
use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The folder of an authority for certificates, in the data folder and in the backup.
const AUTHORITY: &str = "ca";

/// Copies the store to a file that does not exist yet, and the record of screenings and the authority for certificates to a folder
/// beside it, if the node has them.
///
/// # Errors
/// When the file or the folder exists or can't be written.
pub(crate) fn run(node: &Node, args: &BackupArgs) -> Result<Answer, Failure> {
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
    node.gate.store().backup(&args.to).map_err(|error| failed(&args.to, &error))?;
    let copied = copied(node, &beside).map_err(|error| failed(&beside, &error))?;
    let bytes = std::fs::metadata(&args.to).map_or(0, |meta| meta.len());
    let more = match copied.is_empty() {
        true => String::new(),
        false => format!("Beside it, in {}: {}.\n", beside.display(), copied.join(", ")),
    };
    let text = format!(
        "Backup written: {} ({bytes} bytes), readable for you alone: TSIG keys are inside.\n{more}\
         Keep node.key and token.secret too, apart from it: they are not inside.",
        args.to.display()
    );
    let folder = (!copied.is_empty()).then_some(&beside);
    Ok(Answer::done(json!({"to": args.to, "bytes": bytes, "beside": folder, "files": copied}), text))
}

/// The folder for what is no part of the store: the file's name with `.files`.
fn beside(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(".files");
    PathBuf::from(name)
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
    let private = |path: &Path| DirBuilder::new().mode(0o700).recursive(true).create(path);
    for (from, name) in &files {
        let to = beside.join(name);
        to.parent().map_or(Ok(()), private)?;
        let mut copy = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&to)?;
        io::copy(&mut std::fs::File::open(from)?, &mut copy)?;
        copy.sync_all()?;
    }
    Ok(files.into_iter().map(|(_, name)| name.display().to_string()).collect())
}
