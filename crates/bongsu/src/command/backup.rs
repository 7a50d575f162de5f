//! `bongsu backup`: a copy of the store, made while the node runs.

use crate::answer::Answer;
use crate::cli::BackupArgs;
use crate::exit::Failure;
use crate::node::Node;
use serde_json::json;

/// Copies the store to a file that does not exist yet.
///
/// # Errors
/// When the file exists or can't be written.
pub(crate) fn run(node: &Node, args: &BackupArgs) -> Result<Answer, Failure> {
    if args.to.exists() {
        return Err(Failure::new(format!("{} exists", args.to.display()))
            .hint("name a new file; nothing was changed"));
    }
    node.gate.store().backup(&args.to).map_err(|error| {
        Failure::new(format!("the backup to {} failed: {error}", args.to.display()))
            .hint("is there room on the disk? what was written of the file is of no use")
    })?;
    let bytes = std::fs::metadata(&args.to).map_or(0, |meta| meta.len());
    let text = format!(
        "Backup written: {} ({bytes} bytes), readable for you alone: TSIG keys are inside.\n\
         Keep node.key and token.secret too, apart from it: they are not inside.",
        args.to.display()
    );
    Ok(Answer::done(json!({"to": args.to, "bytes": bytes}), text))
}
