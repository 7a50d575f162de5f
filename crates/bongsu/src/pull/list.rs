//! Sources that are one file: a sanctions list, or any other list that a server keeps up to date under one address.
//!
//! The file is asked for with the entity tag of the one that was taken last, and told from it by its content. What is new in
//! it is added, what changed is a new version, and what is gone is withdrawn: as `bongsu import FILE --replaces OLDER` does
//! it. So the file that was taken last is kept, packed, in the folder `lists`. A file that lost most of its entries is refused: a
//! transfer that broke off would withdraw a list.
//!
//! The order makes a pull that breaks off harmless: the circle first, then the kept file, then the cursor. The next pull
//! compares with the older file again, and what was done is known by then.

use super::{Pulled, Stopped, Watch, http_with, standing, target, url};
use crate::answer::Progress;
use crate::command::import::{Target, batch};
use crate::config::Source;
use crate::exit::Failure;
use crate::node::Node;
use exchange::pull::{Answer, Http, Limits};
use exchange::read::{self, Batch, Format, Options};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::io::Write as _;
use std::path::PathBuf;
use stix::{ObjectId, Severity, Timestamp};

/// A list with fewer objects may lose any number of them.
const FEW_OBJECTS: usize = 100;

/// What is known of the file that was taken last.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Cursor {
    /// Its entity tag, if the server has them.
    tag: Option<String>,
    /// The date under which it was read, in microseconds since 1970.
    as_of: i64,
}

/// As [`super::pull`].
///
/// # Errors
/// As [`super::pull`].
pub(super) async fn pull(
    node: &Node,
    source: &Source,
    pulled: &mut Pulled,
    watch: &mut Watch<'_>,
) -> Result<(), Stopped> {
    let target = target(node, source)?;
    let known: Option<Cursor> =
        standing::since(node, source).and_then(|text| serde_json::from_str(&text).ok());
    let kept = kept(node, source)?;
    // Without the older file, the newer one is wanted whole.
    let tag = known.as_ref().filter(|_| kept.is_some()).and_then(|known| known.tag.as_deref());
    let Some(answer) = client(source)?.get_newer(&url(source)?, "*/*", tag).await? else { return Ok(()) };
    pulled.pages += 1;
    pulled.bytes += answer.body.len() as u64;
    let mut as_of = node.now();
    let mut older = Batch::default();
    if let Some((kept, written)) = &kept {
        let before = known.as_ref().map_or(*written, |known| Timestamp::from_micros(known.as_of));
        older = read(source, &target, kept, before)?;
        // The versions of what changed must be later than those that are here, however the clock went.
        let ids: Vec<ObjectId> = older.objects.iter().map(|object| object.head.id.clone()).collect();
        let held = node.gate.latest_version(target.member, target.circle, &ids);
        let least = before.max(held.unwrap_or(before)).micros().saturating_add(1_000_000);
        as_of = as_of.max(Timestamp::from_micros(least));
    } else if known.is_some() {
        pulled.report.warn(format!(
            "{}: the file that was taken last is not in the folder `lists` any more: what is new is added, but what \
             changed or is gone can't be told until the next change",
            source.name
        ));
    }
    let newer = read(source, &target, &answer.body, as_of)?;
    let (had, has) = (older.objects.len(), newer.objects.len());
    let unread = newer.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let mut change = read::difference(&older, newer);
    // From the start, someone has asked for it.
    if known.is_some() && had > FEW_OBJECTS && change.withdrawals.len() * 2 > had {
        let message = format!(
            "the list has {has} objects, and {} of {had} are gone: it looks cut off, so nothing of it was taken",
            change.withdrawals.len()
        );
        let hint = format!(
            "if it is right, `bongsu source pull {} --from-start` takes it, and withdraws what is gone",
            source.name
        );
        return Err(Stopped::Node(Failure::new(message).hint(hint)));
    }
    let done = change.objects.len() as u64;
    if unread > 0 && !older.objects.is_empty() {
        // What can't be read is not gone: a transfer that broke off ends in the middle of an entry.
        pulled.report.warn(format!(
            "{}: {unread} entries can't be read, so nothing is withdrawn; what is new and what changed is taken, and the next \
             pull compares with the older file again",
            source.name
        ));
        change.withdrawals.clear();
        return Ok(batch(node, &target, &source.name, change, &mut pulled.report)?);
    }
    let still = on_other_lists(node, source, &change)?;
    change.withdrawals.retain(|withdrawal| !still.contains(&withdrawal.id));
    batch(node, &target, &source.name, change, &mut pulled.report)?;
    keep(node, source, &answer.body)?;
    let cursor = Cursor { tag: tag_of(&answer), as_of: as_of.micros() };
    let text = serde_json::to_string(&cursor).map_err(|error| Failure::new(error.to_string()))?;
    standing::keep(node, source, text)?;
    // One file is one step: there is nothing left to stop.
    let _stop = watch(Progress { what: source.name.clone(), done, total: done });
    Ok(())
}

/// What of the withdrawals another list still has that the same member shares in the same circle: it is not gone.
fn on_other_lists(node: &Node, source: &Source, change: &Batch) -> Result<HashSet<ObjectId>, Stopped> {
    let mut still = HashSet::new();
    if change.withdrawals.is_empty() {
        return Ok(still);
    }
    let is_other = |other: &&Source| {
        other.kind == source.kind
            && other.name != source.name
            && (&other.circle, &other.sender) == (&source.circle, &source.sender)
    };
    for other in node.config.sources.iter().filter(is_other) {
        let Some((body, written)) = kept(node, other)? else { continue };
        let objects = read(other, &target(node, other)?, &body, written)?.objects;
        still.extend(objects.into_iter().map(|object| object.head.id));
    }
    Ok(still)
}

fn client(source: &Source) -> Result<Http, Stopped> {
    let bytes = usize::try_from(read::TEXT_BYTES_MAX).unwrap_or(usize::MAX);
    http_with(source, Limits { answer_bytes_max: bytes, ..Limits::default() })
}

/// An entity tag that says that the content is the same, not only alike (RFC 9110, section 8.8.1).
fn tag_of(answer: &Answer) -> Option<String> {
    answer.header("etag").map(str::to_owned)
}

fn path(node: &Node, source: &Source) -> PathBuf {
    node.lists.join(format!("{}.gz", source.name))
}

/// Where the files of lists are kept, where several nodes may pull: the one that does next compares with what the last has taken.
fn room(node: &Node) -> Option<line::Room> {
    node.gate.store().beside().map(|beside| beside.room("list"))
}

/// The file that was taken last, and when it was written.
fn kept(node: &Node, source: &Source) -> Result<Option<(Vec<u8>, Timestamp)>, Failure> {
    if let Some(room) = room(node) {
        let kept = room.get(&source.name).map_err(|error| Failure::new(error.to_string()))?;
        if let Some(kept) = kept {
            return Ok(Some((kept.value, Timestamp::from_micros(kept.changed_us))));
        }
    }
    let read = || {
        let path = path(node, source);
        let written = std::fs::metadata(&path).ok()?.modified().ok()?;
        let since = written.duration_since(std::time::UNIX_EPOCH).ok()?;
        let micros = i64::try_from(since.as_micros()).ok()?;
        Some((std::fs::read(&path).ok()?, Timestamp::from_micros(micros)))
    };
    Ok(read())
}

fn format(source: &Source, body: &[u8]) -> Result<Format, Failure> {
    let name = source.url.rsplit('/').next().unwrap_or_default();
    match read::detect(name, body.get(..read::DETECT_BYTES).unwrap_or(body)) {
        Format::Report => Err(Failure::new("the file is a text for people or an error page, not a list")
            .hint("is `url` the address of the list itself?")),
        format => Ok(format),
    }
}

fn read(source: &Source, target: &Target, body: &[u8], as_of: Timestamp) -> Result<Batch, Failure> {
    let circle = Some(target.circle.uuid());
    let options = Options { source: Some(source.name.clone()), circle, follows: true, ..Options::new(as_of) };
    read::read_all(body, format(source, body)?, &options).map_err(|error| Failure::new(error.to_string()))
}

/// Keeps the file for the next pull, whole or not at all.
fn keep(node: &Node, source: &Source, body: &[u8]) -> Result<(), Failure> {
    let packed = || -> std::io::Result<Vec<u8>> {
        if body.starts_with(&[0x1f, 0x8b]) {
            return Ok(body.to_vec());
        }
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(body)?;
        packer.finish()
    };
    let write = |packed: &[u8]| -> std::io::Result<()> {
        std::fs::create_dir_all(&node.lists)?;
        let file = tempfile::Builder::new().prefix(".list-").tempfile_in(&node.lists)?;
        file.as_file().write_all(packed)?;
        file.as_file().sync_all()?;
        file.persist(path(node, source)).map_err(|error| error.error)?;
        Ok(())
    };
    let kept = packed().and_then(|packed| match room(node) {
        Some(room) => room.put(&source.name, &packed).map_err(std::io::Error::other),
        None => write(&packed),
    });
    kept.map_err(|error| Failure::new(format!("{} can't be written: {error}", path(node, source).display())))
}

/// As [`super::check`].
///
/// # Errors
/// As [`super::check`].
pub(super) async fn check(node: &Node, source: &Source) -> Result<(Value, String), Stopped> {
    let target = target(node, source)?;
    let answer = client(source)?.get(&url(source)?, "*/*").await?;
    let format = format(source, &answer.body)?;
    let found = read(source, &target, &answer.body, node.now())?;
    let (objects, findings) = (found.objects.len(), found.findings.len());
    let kind = source.kind.name();
    let text = format!(
        "{} ({kind})\n  address     {}\n  reading     works\n  format      {}\n  objects     {objects}, {findings} findings\n",
        source.name,
        source.url,
        format.as_str()
    );
    let json = json!({
        "source": source.name, "kind": kind, "url": source.url, "format": format.as_str(), "objects": objects,
        "findings": findings, "reads": true,
    });
    Ok((json, text))
}
