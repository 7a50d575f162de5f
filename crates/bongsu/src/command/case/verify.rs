//! `bongsu case verify`: whether a request's files are those that a node signed. For who got one.

use crate::answer::Answer;
use crate::cli::CaseVerifyArgs;
use crate::exit::Failure;
use deliver::freeze::{DOCUMENT_BYTES_MAX, digest};
use gate::NoteKey;
use serde_json::json;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// Runs the command.
///
/// # Errors
/// When the signature does not hold, a file is missing, or it was changed.
pub(crate) fn run(args: &CaseVerifyArgs) -> Result<Answer, Failure> {
    let key: NoteKey =
        args.key.parse().map_err(|error: gate::NoteError| Failure::usage(error.to_string()))?;
    let signature = String::from_utf8_lossy(&read(&args.signature)?).into_owned();
    let refused = |why: String| Failure::new(format!("{}: {why}", args.signature.display()));
    let text = key.open(&signature).map_err(|error| refused(error.to_string()))?;
    let mut lines = text.lines();
    if lines.next() != Some("Bongsu freeze request") {
        return Err(refused("it signs something else than a freeze request".to_owned()));
    }
    let about = lines.next().unwrap_or_default();
    let beside = args.signature.parent().unwrap_or(Path::new(""));
    let mut files = Vec::new();
    for line in lines {
        let named = line.strip_prefix("sha256 ").and_then(|line| line.split_once(' '));
        let (hash, name) = named.ok_or_else(|| refused(format!("`{line}` names no file")))?;
        if Path::new(name).file_name().is_none_or(|file| file != name) {
            return Err(refused(format!("`{name}` is no name of a file beside it")));
        }
        let found = digest(&read(&beside.join(name))?);
        if found != hash {
            return Err(Failure::new(format!("{name} is not what was signed: it was changed")));
        }
        files.push(name.to_owned());
    }
    if files.is_empty() {
        return Err(refused("it names no file".to_owned()));
    }
    let text = format!("Signed by {}: {about}; {} as they were signed.\n", key.name(), files.join(" and "));
    Ok(Answer::done(json!({"node": key.name(), "about": about, "files": files}), text))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    let most = DOCUMENT_BYTES_MAX as u64;
    File::open(path).map_err(failed)?.take(most + 1).read_to_end(&mut bytes).map_err(failed)?;
    match bytes.len() as u64 > most {
        true => Err(Failure::new(format!("{} is longer than {most} bytes", path.display()))),
        false => Ok(bytes),
    }
}
