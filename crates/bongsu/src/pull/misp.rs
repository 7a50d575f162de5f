//! Sources that hold MISP events: a feed, or a MISP.
//!
//! What was taken of an event is told from the circle itself: its report or grouping, which is shared behind everything else
//! of the event, bears the time of the event's last change. The cursor has only what can't be told so, such as an event that
//! was refused, so that it stays small and a pull that breaks off is taken up at the very event.

use super::{Pulled, Stopped, Watch, http, standing, target, url};
use crate::answer::Progress;
use crate::command::import::{Report, Target, batch};
use crate::config::{Kind, Source};
use crate::exit::Failure;
use crate::node::Node;
use exchange::misp::pull::{Cursor, Raw, Remote, Walk, WalkError};
use exchange::misp::read::ELEMENT_TYPES;
use exchange::read::{self, Batch, Format, Object, Options, Withdrawal};
use line::LineId;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::time::{Duration, Instant};
use stix::{ObjectId, Timestamp};
use uuid::Uuid;

/// A cursor that grew is written at most so often.
const KEPT_EACH: Duration = Duration::from_secs(5);
/// What an event itself becomes.
const CONTAINERS: [&str; 2] = ["report", "grouping"];

impl From<WalkError> for Stopped {
    fn from(error: WalkError) -> Self {
        match error {
            WalkError::Server(error) => Self::Source(error),
            error => Self::Node(Failure::new(error.to_string()).hint("is `url` the right address?")),
        }
    }
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
    let held = |event: Uuid| held(node, &target, event);
    let cursor = standing::since(node, source).map(|text| cursor(&text));
    let mut walk = Walk::begin(remote(source)?, cursor, &held).await?;
    let total = walk.left() as u64;
    // From now on what stands in the circle counts, also when this pull breaks off.
    keep(node, source, &mut walk)?;
    let mut kept = Instant::now();
    while let Some(page) = walk.page().await? {
        pulled.pages += 1;
        for finding in &page.findings {
            pulled.report.finding(&source.name, finding);
        }
        for raw in page.events {
            pulled.bytes += raw.text.len() as u64;
            take_in(node, &target, source, &raw, &mut pulled.report)?;
        }
        if kept.elapsed() >= KEPT_EACH {
            keep(node, source, &mut walk)?;
            kept = Instant::now();
        }
        let done = total.saturating_sub(walk.left() as u64);
        if watch(Progress { what: source.name.clone(), done, total }).is_break() {
            return Err(Stopped::Interrupted);
        }
    }
    keep(node, source, &mut walk)?;
    Ok(())
}

fn cursor(text: &str) -> Cursor {
    // One that can't be read is of another kind of source; the circle still tells what is there.
    serde_json::from_str(text).unwrap_or_default()
}

fn keep(node: &Node, source: &Source, walk: &mut Walk<'_>) -> Result<(), Failure> {
    let text = serde_json::to_string(walk.cursor()).map_err(|error| Failure::new(error.to_string()))?;
    standing::keep(node, source, text)
}

fn remote(source: &Source) -> Result<exchange::misp::pull::Source, Stopped> {
    let remote = Remote::new(http(source)?, url(source)?);
    Ok(match source.kind {
        Kind::Misp => exchange::misp::pull::Source::Server(remote),
        Kind::MispFeed | Kind::Taxii | Kind::List => exchange::misp::pull::Source::Feed(remote),
    })
}

/// When the event was last changed, in seconds since 1970, as far as the member has brought it to the circle.
fn held(node: &Node, target: &Target, event: Uuid) -> Option<i64> {
    let ids: Vec<ObjectId> = CONTAINERS.iter().filter_map(|name| ObjectId::new(name, event).ok()).collect();
    let told = node.gate.store().look(LineId::new(target.circle.uuid()), |catalogue| {
        let known = ids.iter().filter_map(|id| catalogue.object(id));
        let versions = known.flat_map(|object| catalogue.newest_first(object));
        let own = versions.filter(|entry| entry.sender() == Some(target.member.uuid()));
        own.map(|entry| entry.version().seconds()).max()
    });
    told.ok().flatten()
}

/// Shares an event's objects; the event itself comes last.
fn take_in(
    node: &Node,
    target: &Target,
    source: &Source,
    raw: &Raw,
    report: &mut Report,
) -> Result<(), Failure> {
    let name = format!("{}: event {}", source.name, raw.uuid);
    // What has no date gets the event's, so that it is the same each time.
    let at = Timestamp::from_micros(raw.timestamp.saturating_mul(1_000_000));
    let options = Options { circle: Some(target.circle.uuid()), ..Options::new(at) };
    let read = match read::read_all(raw.text.as_bytes(), Format::Misp, &options) {
        Ok(read) => read,
        Err(error) => {
            report.refuse(format!("{name}: {error}"));
            return Ok(());
        }
    };
    let gone = Batch { withdrawals: withdrawals(node, target, &read), ..Batch::default() };
    batch(node, target, &name, gone, report)?;
    let is_itself = |object: &Object| {
        object.head.id.uuid() == raw.uuid && CONTAINERS.contains(&object.head.id.object_type())
    };
    let (itself, mut objects): (Vec<Object>, Vec<Object>) = read.objects.into_iter().partition(is_itself);
    objects.extend(itself);
    batch(node, target, &name, Batch { objects, findings: read.findings, ..Batch::default() }, report)
}

/// What the member brought of the event and the event has no longer: what it names as deleted, and the other forms of what it
/// names, such as the indicator of a value that is not to be looked for any more.
fn withdrawals(node: &Node, target: &Target, read: &Batch) -> Vec<Withdrawal> {
    let is_element = |id: &&ObjectId| ELEMENT_TYPES.contains(&id.object_type());
    let stays: HashSet<&ObjectId> = read.objects.iter().map(|object| &object.head.id).collect();
    let named = read.withdrawals.iter().map(|gone| (gone.id.uuid(), gone.reason.as_str()));
    let changed =
        stays.iter().copied().filter(is_element).map(|id| (id.uuid(), "became something else in MISP"));
    let forms = |(uuid, reason): (Uuid, &str)| {
        let reason = reason.to_owned();
        let ids = ELEMENT_TYPES.iter().filter_map(move |name| ObjectId::new(name, uuid).ok());
        ids.map(move |id| Withdrawal { id, reason: reason.clone() })
    };
    let all = named.chain(changed).flat_map(forms).filter(|gone| !stays.contains(&gone.id));
    let all: Vec<Withdrawal> = all.collect();
    let ids: Vec<ObjectId> = all.iter().map(|gone| gone.id.clone()).collect();
    let own = node.gate.has_brought(target.member, target.circle, &ids);
    all.into_iter().zip(own).filter_map(|(gone, own)| own.then_some(gone)).collect()
}

/// As [`super::check`].
///
/// # Errors
/// As [`super::check`].
pub(super) async fn check(node: &Node, source: &Source) -> Result<(Value, String), Stopped> {
    let target = target(node, source)?;
    let held = |event: Uuid| held(node, &target, event);
    let all = Walk::begin(remote(source)?, None, &held).await?.left();
    let known = standing::since(node, source).map(|text| Cursor { tag: None, ..cursor(&text) });
    let left = Walk::begin(remote(source)?, Some(known.unwrap_or_default()), &held).await?.left();
    let kind = source.kind.name();
    let text = format!(
        "{} ({kind})\n  address     {}\n  reading     works\n  events      {all}, {left} of them new or changed\n",
        source.name, source.url
    );
    let json = json!({
        "source": source.name, "kind": kind, "url": source.url, "events": all, "new": left, "reads": true,
    });
    Ok((json, text))
}
