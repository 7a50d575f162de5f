//! `bongsu audit proof`: whether one object is in a node's log, from one file and a key.

use crate::answer::{Answer, counted};
use crate::cli::AuditProofArgs;
use crate::exit::{Exit, Failure};
use crate::terminal::visible;
use exchange::transparency::proof::{Checked, PROOF_BYTES_MAX, Proof, Shape};
use gate::NoteKey;
use serde_json::json;
use std::io::Read as _;
use std::path::Path;

fn read(path: &Path) -> Result<String, Failure> {
    let unread =
        |error: &dyn std::fmt::Display| Failure::new(format!("{} can't be read: {error}", path.display()));
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| unread(&error))?;
    let bytes = file.take(PROOF_BYTES_MAX + 1).read_to_string(&mut text).map_err(|error| unread(&error))?;
    match bytes as u64 > PROOF_BYTES_MAX {
        true => Err(unread(&format!("it is longer than {PROOF_BYTES_MAX} bytes"))),
        false => Ok(text),
    }
}

/// Checks a proof, with nothing but the file and the keys.
///
/// # Errors
/// When the file can't be read or is no proof, or a key is none.
pub(crate) fn run(args: &AuditProofArgs) -> Result<Answer, Failure> {
    let key: NoteKey = args.key.parse().map_err(|error| Failure::usage(format!("--key: {error}")))?;
    let (witnesses, needed) = super::witnesses(&args.witness, args.need)?;
    let proof = Proof::read(&read(&args.file)?).map_err(|error| {
        Failure::new(format!("{}: {error}", args.file.display()))
            .hint("the object's page on the node hands proofs out, as proof.json")
    })?;
    let checked = proof.check(&key, &witnesses, needed);
    let mut json = json!(checked);
    json["holds"] = checked.holds().into();
    json["node"] = key.name().into();
    let answer = Answer::done(json, text(&checked, key.name()));
    Ok(if checked.holds() { answer } else { answer.ending(Exit::Findings) })
}

fn text(checked: &Checked, node: &str) -> String {
    let shown = |text: &str| visible(text.as_bytes());
    let shape = match checked.shape {
        Shape::Whole => "as it came to the node",
        Shape::Copy => "a redacted copy, made and signed by the node",
    };
    let mut text = format!(
        "Object:      {}, {shape}\nSHA-256:     {}\nRecord:      {}, added {}\nLeaf:        {}\n\
         Checkpoint:  {}, of {}\nRoot:        {}\n",
        shown(&checked.id),
        checked.sha256,
        checked.number,
        checked.added,
        checked.leaf,
        shown(&checked.origin),
        counted(checked.records, "record"),
        checked.root,
    );
    for seen in &checked.witnesses {
        text.push_str(&format!("Witness:     {}, {}\n", shown(&seen.witness), seen.at));
    }
    for finding in &checked.findings {
        text.push_str(&format!("DOES NOT HOLD: {}\n", shown(&finding.what)));
    }
    if checked.holds() {
        let what = match checked.shape {
            Shape::Whole => "this object",
            Shape::Copy => "the object of which this is a copy",
        };
        text.push_str(&format!("It holds: {} has {what} in its log.\n", shown(node)));
    }
    text
}
