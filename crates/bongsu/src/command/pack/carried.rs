//! The side without a node: check a pack, unpack it, write the receipt.

use crate::answer::Answer;
use crate::cli::{PackCommand, PackReceiptArgs};
use crate::exit::Failure;
use crate::node;
use deliver::pack::{Back, Body, Opened, PackError};
use gate::NoteKey;
use serde_json::json;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{BufReader, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use uuid::Uuid;

type Pack = Opened<BufReader<File>>;

/// Runs a command that stands on files alone.
///
/// # Errors
/// When the pack is none, is changed or not signed with the key, or files can't be written.
pub(crate) fn carried(command: &PackCommand) -> Result<Answer, Failure> {
    match command {
        PackCommand::Verify { file, key } => verify(file, key),
        PackCommand::Open { file, to, key } => unpack(file, to, key),
        PackCommand::Receipt(args) => receipt(args),
        PackCommand::Make(_) | PackCommand::List | PackCommand::Key | PackCommand::Accept(_) => {
            Err(Failure::usage("that needs a node"))
        }
    }
}

fn refused(file: &Path, error: &PackError) -> Failure {
    Failure::new(format!("{}: {error}", file.display()))
        .hint("use nothing of it; have it made and carried again")
}

/// Opens a pack and checks all of it.
fn checked(file: &Path, key: Option<&NoteKey>) -> Result<Pack, Failure> {
    let opened = File::open(file)
        .map_err(|error| Failure::new(format!("{} can't be read: {error}", file.display())))?;
    let mut pack = Opened::new(BufReader::new(opened), key).map_err(|error| refused(file, &error))?;
    pack.check().map_err(|error| refused(file, &error))?;
    Ok(pack)
}

fn key_of(text: &str) -> Result<NoteKey, Failure> {
    text.parse().map_err(|error: gate::NoteError| Failure::usage(format!("--key: {error}")))
}

fn shown(pack: &Pack) -> serde_json::Value {
    let manifest = &pack.manifest;
    json!({
        "pack": manifest.id.to_string(), "node": manifest.node, "member": manifest.member, "level": manifest.level,
        "tlp": manifest.tlp, "made": manifest.made, "expires": manifest.expires,
        "files": manifest.files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(),
    })
}

fn said(pack: &Pack) -> String {
    let manifest = &pack.manifest;
    format!(
        "Whole, and signed by {}: {} for {} at level {}, made {}, {} files.\n",
        manifest.node,
        manifest.tlp,
        manifest.member,
        manifest.level,
        manifest.made,
        manifest.files.len()
    )
}

fn verify(file: &Path, key: &str) -> Result<Answer, Failure> {
    let pack = checked(file, Some(&key_of(key)?))?;
    Ok(Answer::done(shown(&pack), said(&pack)))
}

fn unpack(file: &Path, to: &Path, key: &str) -> Result<Answer, Failure> {
    // All is checked before anything is written.
    let mut pack = checked(file, Some(&key_of(key)?))?;
    let unwritten =
        |error: std::io::Error| Failure::new(format!("{} can't be written: {error}", to.display()));
    DirBuilder::new().mode(0o700).create(to).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Failure::new(format!("{} is there already", to.display())).hint("name a folder that is not")
        }
        _ => unwritten(error),
    })?;
    let names: Vec<String> = pack.manifest.files.iter().map(|file| file.name.clone()).collect();
    for name in names {
        let path = to.join(&name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(unwritten)?;
        }
        let mut out = OpenOptions::new().write(true).create_new(true).open(&path).map_err(unwritten)?;
        pack.copy(&name, &mut out).map_err(|error| refused(file, &error))?;
        out.flush().map_err(unwritten)?;
    }
    Ok(Answer::done(shown(&pack), format!("{}Unpacked into {}.\n", said(&pack), to.display())))
}

fn receipt(args: &PackReceiptArgs) -> Result<Answer, Failure> {
    let mut pack = checked(&args.file, None)?;
    let all: Vec<String> = pack.manifest.artefacts().map(|file| file.name.clone()).collect();
    if let Some(unknown) = args.applied.iter().find(|name| !all.contains(name)) {
        return Err(Failure::usage(format!("the pack has no artefact `{unknown}`"))
            .hint(format!("it has {}", all.join(", "))));
    }
    let body = Body {
        id: Uuid::new_v4(),
        pack: pack.manifest.id,
        by: args.by.clone(),
        at: node::now().to_string(),
        applied: if args.applied.is_empty() { all } else { args.applied.clone() },
        seen: args.seen.clone(),
    };
    let secret = pack.secret().map_err(|error| refused(&args.file, &error))?;
    let back = Back::new(body, pack.written.clone(), pack.note.clone(), &secret);
    let text = back.written().map_err(|error| Failure::usage(error.to_string()))?;
    std::fs::write(&args.out, text)
        .map_err(|error| Failure::new(format!("{} can't be written: {error}", args.out.display())))?;
    let body = &back.body;
    let json = json!({
        "receipt": body.id.to_string(), "pack": body.pack.to_string(), "by": body.by, "applied": body.applied,
        "seen": body.seen, "out": args.out,
    });
    let text = format!(
        "{}: {} applied, {} seen. Carry it to the node of {}.\n",
        args.out.display(),
        body.applied.len(),
        body.seen.len(),
        pack.manifest.node
    );
    Ok(Answer::done(json, text))
}
