//! The other way: what a member gets of a circle, added to a collection of its own server.
//!
//! The partner is a member of the circle, and what goes to its server is that member's view: level, clearance, marks and
//! terms decide, as they do where it asks by itself. What it has brought itself does not go back. Where the sending stands
//! is a setting of the node, `sent.SOURCE.MEMBER`, written when the server has said what became of a page.

use super::{Stopped, http, runtime, url};
use crate::answer::{Progress, Watcher};
use crate::config::{Kind, Source};
use crate::exit::Failure;
use crate::node::Node;
use exchange::pull::taxii::{Added, Client, Use};
use gate::{Query, Reader};
use line::Seq;
use policy::{Entry, Level, MemberId, Reach, Request, Setting};
use serde::{Deserialize, Serialize};

/// Objects of a page; the client cuts it into envelopes that the server takes.
const PAGE_OBJECTS: usize = 1_000;
/// Bytes after which a page ends.
const PAGE_BYTES: usize = 8 * 1024 * 1024;

/// Up to where it was sent, and where to.
#[derive(Serialize, Deserialize)]
struct Sent {
    url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    collection: Option<String>,
    seq: u64,
}

fn name(source: &Source, handle: &str) -> String {
    format!("sent.{}.{handle}", source.name)
}

fn standing(node: &Node, source: &Source, handle: &str) -> Seq {
    let book = node.gate.book();
    let sent: Option<Sent> =
        book.setting(&name(source, handle)).and_then(|text| serde_json::from_str(text).ok());
    let same = sent.filter(|sent| sent.url == source.url && sent.collection == source.collection);
    same.map(|sent| Seq(sent.seq)).unwrap_or_default()
}

fn keep(node: &Node, source: &Source, handle: &str, seq: Seq) -> Result<(), Failure> {
    let sent = Sent { url: source.url.clone(), collection: source.collection.clone(), seq: seq.0 };
    let value = serde_json::to_string(&sent).map_err(|error| Failure::new(error.to_string()))?;
    node.record(Entry::Setting(Setting { name: name(source, handle), value: Some(value) }))
}

/// What was sent.
#[derive(Default)]
pub(crate) struct Report {
    /// What the server said of it.
    pub added: Added,
    /// Objects that the member has brought itself.
    pub own: u64,
}

/// Sends what is new in the source's circle for the member, to the source's collection. `report` says what was sent, also
/// when it fails.
///
/// # Errors
/// [`Stopped`]: what the server has said before is kept, and the next sending goes on behind it.
pub(crate) fn send(
    node: &Node,
    source: &Source,
    handle: &str,
    from_start: bool,
    report: &mut Report,
    watch: &mut Watcher<'_>,
) -> Result<(), Stopped> {
    if source.kind != Kind::Taxii {
        let message = format!("{} is a source of kind `{}`", source.name, source.kind.name());
        return Err(Failure::usage(message).hint("objects are added to TAXII collections alone").into());
    }
    let runtime = runtime()?;
    let (address, client) = (url(source)?, Client::new(http(source)?));
    let named = source.collection.as_deref();
    let place = runtime.block_on(client.find(&address, named, Use::Write))?;
    if !place.collection.can_write {
        let message = format!("can_write of {} is false for this log-in", place.url);
        return Err(Failure::new(message).hint("ask the server's operator for the right to write").into());
    }
    let mut after = if from_start { Seq(0) } else { standing(node, source, handle) };
    loop {
        // Made anew for each page: the book may have changed.
        let (member, reader) = reader(node, source, handle, address.scheme() == "https")?;
        let query = Query { after, limit: PAGE_OBJECTS, bytes_max: Some(PAGE_BYTES), ..Query::default() };
        let page = reader.page(&query).map_err(|error| Failure::new(error.to_string()))?;
        let Some(last) = page.items.last().map(|last| last.get().seq) else { return Ok(()) };
        let mut objects = Vec::with_capacity(page.items.len());
        for object in page.items {
            let said = reader.said_by(&object.get().id).map_err(|error| Failure::new(error.to_string()))?;
            match !said.is_empty() && said.iter().all(|said| said.member == Some(member)) {
                true => report.own += 1,
                false => objects.push(object.into_inner().raw),
            }
        }
        let added = runtime.block_on(client.add(&place, &objects))?;
        report.added.append(added);
        keep(node, source, handle, last)?;
        let progress = Progress { what: source.name.clone(), done: last.0, total: reader.head().0 };
        if watch(progress).is_break() {
            return Err(Stopped::Interrupted);
        }
        match page.next {
            Some(next) => after = next,
            None => return Ok(()),
        }
    }
}

/// The member's view of the source's circle.
fn reader(
    node: &Node,
    source: &Source,
    handle: &str,
    encrypted: bool,
) -> Result<(MemberId, Reader), Failure> {
    let book = node.gate.book();
    let member = node.active(&book, handle)?;
    if member.level != Level::Exchange {
        return Err(Failure::usage(format!("member {handle} is not at the level `exchange`")).hint(format!(
            "`bongsu member set {handle} --level exchange`, if its server is ready for STIX"
        )));
    }
    let request = Request {
        member: member.id,
        circle: node.circle(&book, &source.circle)?.id,
        wanted: Level::Exchange,
        encrypted,
        now: node.now(),
        reach: Reach::Member,
    };
    let reader = node.gate.reader(request).map_err(|_| {
        Failure::usage(format!("member {handle} is not in circle {}", source.circle))
            .hint(format!("`bongsu circle join {} {handle}`", source.circle))
    })?;
    Ok((member.id, reader))
}
