//! `bongsu pack`: what a member gets, carried to where no connection leads, and what comes back.

mod accept;
mod carried;
mod kept;

use crate::answer::{Answer, table};
use crate::cli::{PackCommand, PackMakeArgs};
use crate::command::deliver;
use crate::exit::Failure;
use crate::node::Node;
use ::deliver::pack::{Extra, PackError};
use gate::NoteKey;
use kept::Kept;
use policy::Level;
use serde_json::{Value, json};
use stix::Timestamp;
use uuid::Uuid;

pub(crate) use carried::carried;

const DAY_MICROS: i64 = 86_400_000_000;

impl PackCommand {
    /// Whether it is for where no node is.
    pub(crate) const fn needs_no_node(&self) -> bool {
        matches!(self, Self::Verify { .. } | Self::Open { .. } | Self::Receipt(_))
    }
}

/// Runs a command of the node's side.
///
/// # Errors
/// When the member is unknown, a receipt is not taken, or the store fails.
pub(crate) fn run(node: &Node, command: &PackCommand) -> Result<Answer, Failure> {
    match command {
        PackCommand::Make(args) => make(node, args),
        PackCommand::List => Ok(list(node)),
        PackCommand::Key => {
            let key = NoteKey::of(node.gate.key()).to_string();
            Ok(Answer::done(json!({"key": key}), format!("{key}\n")))
        }
        PackCommand::Accept(args) => accept::run(node, args),
        // What stands on files alone runs where they lie.
        command => carried(command),
    }
}

fn failed(error: &PackError) -> Failure {
    Failure::new(format!("the pack can't be made: {error}"))
}

fn make(node: &Node, args: &PackMakeArgs) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let member = node.active(&book, &args.member)?;
    let (id, now) = (Uuid::new_v4(), node.now());
    let expires = Timestamp::from_micros(now.micros() + i64::from(args.days) * DAY_MICROS);
    let mut extras = Vec::new();
    if member.level >= Level::Exchange {
        let bundle = deliver::bundle(node, member.id)?;
        let entries = bundle.json["entries"].as_u64().and_then(|count| usize::try_from(count).ok());
        extras.push(Extra {
            name: "bundle.json".to_owned(),
            level: Level::Exchange,
            entries: entries.unwrap_or_default(),
            bytes: bundle.document.unwrap_or_default(),
        });
    }
    let (manifest, bytes) =
        node.zoning(|maker| maker.pack(member.id, id, expires, extras).map_err(|error| failed(&error)))?;
    Kept::new(&manifest).record(node)?;
    let json = json!({
        "pack": id.to_string(), "member": manifest.member, "level": manifest.level, "tlp": manifest.tlp,
        "made": manifest.made, "expires": manifest.expires, "key": manifest.key,
        "files": manifest.files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(),
        "entries": manifest.artefacts().filter_map(|file| file.entries).sum::<usize>(),
    });
    Ok(Answer::document(json, bytes))
}

fn list(node: &Node) -> Answer {
    let book = node.gate.book();
    let (mut rows, mut all): (_, Vec<Value>) = (Vec::new(), Vec::new());
    let mut packs: Vec<_> = Kept::all(&book).collect();
    packs.sort_by(|(_, a), (_, b)| b.made.cmp(&a.made));
    for (id, kept) in packs {
        let came = match (kept.code, kept.receipts.len()) {
            (true, _) => "all applied".to_owned(),
            (false, 0) => "nothing yet".to_owned(),
            (false, count) => format!("{count} receipts"),
        };
        let to_the_minute = |text: &str| text.get(..16).unwrap_or(text).to_owned();
        rows.push(vec![
            id.to_string(),
            kept.member.clone(),
            to_the_minute(&kept.made),
            to_the_minute(&kept.expires),
            came,
        ]);
        all.push(json!({
            "pack": id.to_string(), "member": kept.member, "made": kept.made, "expires": kept.expires,
            "receipts": kept.receipts.len(), "code": kept.code,
        }));
    }
    let text = match rows.is_empty() {
        true => "No packs yet: make one with `bongsu pack make MEMBER --out FILE`.\n".to_owned(),
        false => table(&["PACK", "MEMBER", "MADE", "EXPIRES", "CAME BACK"], &rows),
    };
    Answer::done(json!({"packs": all}), text)
}
