//! Objects: a circle's, with a filter by type and by text; and one object with who gets it.
//!
//! An operator looks at the line itself, a member through its reader.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use gate::Object;
use line::{Added, LineId, Seq, StorageError};
use policy::{Book, Caller, Circle, Level, MemberId, Provenance, Reach, Request};
use serde::Deserialize;

use super::{Frame, Pages, Shared, Viewer, Who, broken, making, name_of, render};

/// Rows on a page.
const ROWS: usize = 50;
/// Objects fetched at a time, and bytes.
const STRIDE: usize = 500;
const STRIDE_BYTES: usize = 16 * 1024 * 1024;
/// Objects looked at for one page; what is further on has a link.
const LOOKED_MAX: usize = 20_000;

#[derive(Template)]
#[template(path = "objects.html")]
struct ObjectsPage {
    frame: Frame,
    circles: Vec<Choice>,
    object_type: String,
    q: String,
    rows: Vec<Row>,
    next: Option<String>,
}

struct Choice {
    handle: String,
    title: String,
    chosen: bool,
}

struct Row {
    seq: u64,
    object_type: String,
    href: String,
    name: String,
    version: String,
    added: String,
    signature: &'static str,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    circle: String,
    #[serde(default, rename = "type")]
    object_type: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    after: u64,
}

/// Gives objects of a circle after a number, of one type if it is not empty, at most [`STRIDE`]; and where to go on.
type Fetch<'f> = dyn Fn(Seq) -> Result<(Vec<Object>, Option<Seq>), StorageError> + 'f;

pub(super) async fn list(State(pages): Shared, who: Who, Query(asked): Query<Asked>) -> Response {
    making(move || make_list(&pages, &Viewer::of(who), &asked).unwrap_or_else(|error| broken(&error))).await
}

pub(super) fn circles<'b>(book: &'b Book, viewer: &Viewer) -> Vec<&'b Circle> {
    let mut circles: Vec<&Circle> = match viewer.caller {
        Caller::Operator => book.circles().collect(),
        Caller::Member(member) => book.circles_of(member),
    };
    circles.sort_by(|a, b| a.title.cmp(&b.title));
    circles
}

fn make_list(pages: &Arc<Pages>, viewer: &Viewer, asked: &Asked) -> Result<Response, StorageError> {
    let book = pages.gate.book();
    let circles = circles(&book, viewer);
    let chosen = circles.iter().find(|circle| circle.handle == asked.circle).or(circles.first());
    let (mut rows, mut next) = (Vec::new(), None);
    if let Some(circle) = chosen {
        let fetch: Box<Fetch<'_>> = match viewer.caller {
            Caller::Operator => Box::new(|after| of_line(pages, circle, &asked.object_type, after)),
            Caller::Member(member) => {
                Box::new(move |after| of_member(pages, viewer, member, circle, &asked.object_type, after))
            }
        };
        let signature = |object: &Object| provenance(pages, viewer, &book, circle, object);
        (rows, next) = search(fetch.as_ref(), &signature, circle, asked)?;
    }
    Ok(render(&ObjectsPage {
        frame: pages.frame(&book, viewer, "Objects"),
        next: next.zip(chosen).map(|(after, circle)| {
            format!(
                "/objects?circle={}&type={}&q={}&after={}",
                circle.handle,
                encoded(&asked.object_type),
                encoded(&asked.q),
                after.0
            )
        }),
        circles: circles
            .iter()
            .map(|circle| Choice {
                handle: circle.handle.clone(),
                title: circle.title.clone(),
                chosen: chosen.is_some_and(|chosen| chosen.id == circle.id),
            })
            .collect(),
        object_type: asked.object_type.clone(),
        q: asked.q.clone(),
        rows,
    }))
}

fn search(
    fetch: &Fetch<'_>,
    signature: &dyn Fn(&Object) -> Result<Provenance, StorageError>,
    circle: &Circle,
    asked: &Asked,
) -> Result<(Vec<Row>, Option<Seq>), StorageError> {
    let wanted = asked.q.to_lowercase();
    let (mut rows, mut after, mut looked) = (Vec::new(), Seq(asked.after.min(u32::MAX.into())), 0);
    loop {
        let (found, next) = fetch(after)?;
        looked += found.len().max(1);
        for object in found {
            if !wanted.is_empty() && !object.raw.to_lowercase().contains(&wanted) {
                continue;
            }
            if rows.len() == ROWS {
                return Ok((rows, Some(after)));
            }
            after = object.seq;
            let id = object.id.to_string();
            rows.push(Row {
                seq: object.seq.0,
                object_type: object.id.object_type().to_owned(),
                href: format!("/objects/{}/{id}", circle.handle),
                name: name_of(&object.raw, &id),
                version: object.version.date(),
                added: shown(object.added),
                signature: signature(&object)?.state().name(),
            });
        }
        match next {
            None => return Ok((rows, None)),
            Some(next) if looked >= LOOKED_MAX => return Ok((rows, Some(next))),
            Some(next) => after = next,
        }
    }
}

fn shown(added: Added) -> String {
    let text = added.timestamp().to_string();
    text.get(..19).unwrap_or(&text).replace('T', " ")
}

pub(super) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

pub(super) fn of_line(
    pages: &Pages,
    circle: &Circle,
    object_type: &str,
    after: Seq,
) -> Result<(Vec<Object>, Option<Seq>), StorageError> {
    let line = LineId::new(circle.id.uuid());
    let store = pages.gate.store();
    let (entries, head) = store.look(line, |catalogue| {
        let last = (after.0 + 1..=catalogue.head().0).filter_map(|seq| {
            let entry = catalogue.entry(Seq(seq)).filter(line::Entry::last)?;
            let named = catalogue.object_type(entry.object()?);
            (object_type.is_empty() || named == object_type).then_some((
                Seq(seq),
                entry.version(),
                entry.spec_version(),
                entry.id()?,
            ))
        });
        (last.take(STRIDE).collect::<Vec<_>>(), catalogue.head())
    })?;
    let seqs: Vec<Seq> = entries.iter().map(|(seq, ..)| *seq).collect();
    let mut found = Vec::with_capacity(entries.len());
    let mut known = entries.into_iter().peekable();
    store.bodies(line, &seqs, &mut |seq, added, body| {
        if let Some((_, version, spec_version, id)) = known.next_if(|(known, ..)| *known == seq) {
            let raw = String::from_utf8_lossy(body).into_owned();
            found.push(Object { id, seq, added, version, spec_version, whole: true, raw });
        }
    })?;
    let next = seqs.last().copied().filter(|last| seqs.len() == STRIDE && *last < head);
    Ok((found, next))
}

pub(super) fn reader(
    pages: &Pages,
    viewer: &Viewer,
    member: MemberId,
    circle: &Circle,
    wanted: Level,
) -> Option<gate::Reader> {
    let (now, reach, encrypted) = ((pages.now)(), Reach::Member, viewer.encrypted);
    let request = Request { member, circle: circle.id, wanted, encrypted, now, reach };
    pages.gate.reader(request).ok()
}

pub(super) fn of_member(
    pages: &Pages,
    viewer: &Viewer,
    member: MemberId,
    circle: &Circle,
    object_type: &str,
    after: Seq,
) -> Result<(Vec<Object>, Option<Seq>), StorageError> {
    let level = pages.gate.book().member(member).map_or(Level::Read, |member| member.level);
    let Some(reader) = reader(pages, viewer, member, circle, level) else { return Ok((Vec::new(), None)) };
    let types = if object_type.is_empty() { Vec::new() } else { vec![object_type.to_owned()] };
    let page = reader.page(&gate::Query {
        after,
        types,
        limit: STRIDE,
        bytes_max: Some(STRIDE_BYTES),
        ..gate::Query::default()
    })?;
    Ok((page.items.into_iter().map(policy::Released::into_inner).collect(), page.next))
}

/// Whose signature an object carries, as the viewer may know it.
pub(super) fn provenance(
    pages: &Pages,
    viewer: &Viewer,
    book: &Book,
    circle: &Circle,
    object: &Object,
) -> Result<Provenance, StorageError> {
    let Caller::Member(member) = viewer.caller else {
        return Ok(pages.gate.provenance_of(circle.id, object.seq)?.unwrap_or(Provenance::NotSigned));
    };
    let level = book.member(member).map_or(Level::Read, |member| member.level);
    let reader = reader(pages, viewer, member, circle, level);
    Ok(reader.map_or(Provenance::NotSigned, |reader| reader.provenance(object)))
}
