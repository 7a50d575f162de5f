//! What came back for a pack: receipts of the member's, and sightings in its name.

use super::kept::Kept;
use crate::answer::Answer;
use crate::cli::PackAcceptArgs;
use crate::exit::{Exit, Failure};
use crate::node::Node;
use deliver::pack::{Back, Manifest, PackError, code, read_back, same_code};
use gate::{NoteKey, Submission, Submitted};
use policy::{CircleId, Deed, Level, Receipt, Terms, Upto};
use serde_json::json;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use stix::Timestamp;
use uuid::Uuid;

/// Longest file that is looked at, in bytes.
const BYTES_MAX: u64 = 4 << 20;

/// Runs `bongsu pack accept`.
///
/// # Errors
/// When what came back was changed, is of another node, was taken before or is too old.
pub(super) fn run(node: &Node, args: &PackAcceptArgs) -> Result<Answer, Failure> {
    match (&args.receipt, &args.code, &args.member) {
        (Some(receipt), ..) => by_receipt(node, receipt),
        (None, Some(code), Some(member)) => by_code(node, code, member),
        _ => Err(Failure::usage("name a receipt, or --code and --member")),
    }
}

fn by_code(node: &Node, typed: &str, handle: &str) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let member = node.active(&book, handle)?;
    let mut of_member = Kept::all(&book).filter(|(_, kept)| kept.member == member.handle);
    let found = of_member.find(|(id, _)| same_code(typed, &code(&node.gate.key().pack_secret(*id))));
    let Some((_, kept)) = found else {
        return Err(Failure::new(format!("no pack that was made for `{handle}` has this code"))
            .hint("have it read again, sign by sign; `bongsu pack list` shows the packs"));
    };
    kept.refuse_again(None)?;
    let applied: Vec<String> = kept.artefacts.iter().map(|(name, _)| name.clone()).collect();
    let written = write_receipts(node, &kept, &applied, node.now())?;
    kept.take(node, None)?;
    let id = kept.id();
    let json = json!({"pack": id.to_string(), "member": handle, "receipts": written, "sightings": 0, "findings": []});
    Ok(Answer::done(json, format!("Pack {id}: {written} artefacts confirmed by {handle}.\n")))
}

fn by_receipt(node: &Node, path: &Path) -> Result<Answer, Failure> {
    let (back, kept) = read(node, path)?;
    let body = &back.body;
    kept.refuse_again(Some(body.id))?;
    let unknown =
        body.applied.iter().find(|name| !kept.artefacts.iter().any(|(artefact, _)| artefact == *name));
    if let Some(unknown) = unknown {
        return Err(Failure::new(format!("{}: the pack has no artefact `{unknown}`", path.display())));
    }
    let (made, now) = (Timestamp::parse(&kept.made).unwrap_or(node.now()), node.now());
    // Clocks of isolated networks are often wrong: not before the pack, not in the future.
    let at = Timestamp::parse(&body.at).unwrap_or(now).clamp(made.min(now), now);
    let written = write_receipts(node, &kept, &body.applied, at)?;
    // The same receipt makes the same sightings: if this ends before it is noted, it can be brought again.
    let (sightings, findings) = share_sightings(node, &kept, &back, at)?;
    kept.take(node, Some(body.id))?;
    let json = json!({
        "pack": kept.id().to_string(), "receipt": body.id.to_string(), "member": kept.member, "by": body.by,
        "receipts": written, "sightings": sightings, "findings": findings,
    });
    let mut text = format!(
        "Pack {}: {written} artefacts confirmed by {} of {}, {sightings} sightings shared.\n",
        kept.id(),
        body.by,
        kept.member
    );
    findings.iter().for_each(|finding| text.push_str(&format!("  {finding}\n")));
    let exit = if findings.is_empty() { Exit::Done } else { Exit::Findings };
    Ok(Answer::done(json, text).ending(exit))
}

/// A receipt that this node's pack made, unchanged and in time.
fn read(node: &Node, path: &Path) -> Result<(Back, Kept), Failure> {
    let refused = |why: String| Failure::new(format!("{}: {why}", path.display()));
    let unread = |error: std::io::Error| refused(format!("it can't be read: {error}"));
    let mut text = String::new();
    File::open(path).map_err(unread)?.take(BYTES_MAX + 1).read_to_string(&mut text).map_err(unread)?;
    let wrong = |error: PackError| refused(error.to_string());
    let back = read_back(&text).map_err(wrong)?;
    let manifest = Manifest::read(&back.manifest).map_err(wrong)?;
    let key = node.gate.key();
    let foreign = |error: gate::NoteError| match error {
        gate::NoteError::OtherKey => refused(format!(
            "it is for a pack of {}, and this node is {}",
            manifest.node.escape_debug(),
            key.name()
        ))
        .hint("accept it where the pack was made"),
        error => refused(format!("the pack's manifest in it: {error}")),
    };
    let signed = NoteKey::of(key).open(&back.note).map_err(foreign)?;
    if signed != manifest.signed_text(&back.manifest) || back.body.pack != manifest.id {
        return Err(refused("the pack's manifest in it is another than the one that was signed".to_owned()));
    }
    back.check(&key.pack_secret(manifest.id)).map_err(|error| refused(error.to_string()))?;
    let kept = Kept::of(&node.gate.book(), manifest.id).unwrap_or_else(|| Kept::new(&manifest));
    if kept.is_over(node.now()) {
        return Err(refused(format!("receipts for this pack were taken until {}", kept.expires))
            .hint("make a new pack"));
    }
    Ok((back, kept))
}

/// Writes a receipt for each artefact; gives how many.
fn write_receipts(node: &Node, kept: &Kept, applied: &[String], at: Timestamp) -> Result<usize, Failure> {
    if kept.is_over(node.now()) {
        return Err(Failure::new(format!("receipts for this pack were taken until {}", kept.expires))
            .hint("make a new pack"));
    }
    let book = node.gate.book();
    let member = node.active(&book, &kept.member)?.id;
    let upto: Vec<Upto> =
        kept.upto.iter().map(|(id, seq)| Upto { circle: CircleId::new(*id), seq: *seq }).collect();
    let mut written = 0;
    for (name, level) in kept.artefacts.iter().filter(|(name, _)| applied.contains(name)) {
        let Some(level) = Level::ALL.into_iter().find(|known| known.name() == level) else { continue };
        let receipt = Receipt::new(member, name.as_str(), level, Deed::Confirmed, at);
        node.gate.receive(receipt.upto(upto.clone()).marked(kept.id().to_string()))?;
        written += 1;
    }
    Ok(written)
}

/// Shares a sighting, in the member's name, of each value that was seen, where its indicator is.
fn share_sightings(
    node: &Node,
    kept: &Kept,
    back: &Back,
    at: Timestamp,
) -> Result<(usize, Vec<String>), Failure> {
    if back.body.seen.is_empty() {
        return Ok((0, Vec::new()));
    }
    let book = node.gate.book();
    let member = node.active(&book, &kept.member)?.id;
    let gathered = node.deliver()?.gather(member, Level::Read, true);
    let gathered = gathered.map_err(|error| Failure::new(error.to_string()))?;
    let (mut shared, mut findings) = (0, Vec::new());
    for seen in &back.body.seen {
        let value = watch::guess(seen);
        // What has faded by now, or is held back, was met all the same.
        let about = value.and_then(|value| gathered.about(&value).into_iter().next());
        let circle = about.and_then(|about| Some((book.circle_by_handle(&about.circle)?, about.indicator)));
        let Some((circle, indicator)) = circle else {
            findings.push(format!("`{seen}` was seen, and no indicator that the member may have names it"));
            continue;
        };
        let submission = sighting(&back.body.id, &indicator.to_string(), at)?;
        let told = node.gate.submit(member, circle.id, &Terms::default(), vec![submission], node.now());
        match told.as_deref() {
            Ok([Submitted::Appended { .. } | Submitted::Present | Submitted::Waiting(_)]) => shared += 1,
            Ok(other) => {
                findings.push(format!("`{seen}` was seen, and the sighting was not taken: {other:?}"))
            }
            Err(error) => {
                findings.push(format!("`{seen}` was seen, and the sighting was not taken: {error}"))
            }
        }
    }
    Ok((shared, findings))
}

/// The sighting of an indicator that a receipt tells of: always the same one.
fn sighting(receipt: &Uuid, indicator: &str, at: Timestamp) -> Result<Submission, Failure> {
    let hash = Uuid::new_v5(receipt, indicator.as_bytes()).into_bytes();
    // Version 4, as STIX 2.1 (2.9) wants of a sighting's id.
    let id = uuid::Builder::from_random_bytes(hash).into_uuid();
    let at = Timestamp::from_micros(at.micros() / 1_000 * 1_000).to_string();
    let raw = json!({
        "type": "sighting", "spec_version": "2.1", "id": format!("sighting--{id}"), "created": at, "modified": at,
        "last_seen": at, "count": 1, "sighting_of_ref": indicator,
    })
    .to_string();
    let head = stix::read_head(&raw).map_err(|error| Failure::new(error.to_string()))?;
    Ok(Submission { raw, head })
}
