//! One object with who gets it. An operator looks at the line itself, a member through its reader.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use gate::Object;
use line::{Added, LineId, RecordKind, Seq, StorageError};
use policy::{Book, Caller, Circle, Decision, Level, MemberId, Provenance, Reach, Request, Rule};
use stix::{ObjectId, Tlp};

use super::asks::Form;
use super::{Frame, Pages, Shared, Viewer, Who, absent, broken, making, name_of, render};

/// Objects fetched at a time, and bytes.
const STRIDE: usize = 500;
const STRIDE_BYTES: usize = 16 * 1024 * 1024;

#[derive(Template)]
#[template(path = "object.html")]
struct ObjectPage {
    frame: Frame,
    circle: String,
    id: String,
    name: String,
    version: String,
    seq: u64,
    added: String,
    said: Vec<(String, String)>,
    /// What its signature comes to: the state's name, and the sentence.
    signature: (&'static str, String),
    /// Other objects that say the same.
    same: Vec<String>,
    members: Vec<GetsIt>,
    /// Whether it says that it is a redacted copy.
    is_copy: bool,
    /// Whether it holds a playbook that whoever looks can follow.
    has_playbook: bool,
    /// What a member can ask the one who shared it for.
    ask: Option<Form>,
    raw: String,
}

#[derive(Template, Default)]
#[template(path = "withdrawn.html")]
struct WithdrawnPage {
    frame: Frame,
    circle: String,
    id: String,
    by: String,
    at: String,
    reason: String,
}

struct GetsIt {
    handle: String,
    name: String,
    held: bool,
    decision: &'static str,
    code: &'static str,
    why: &'static str,
}

/// An object as it is shown, and, for a member that did not share it itself, what it counts as.
type Found = (Object, Option<Tlp>);

pub(super) fn circles<'b>(book: &'b Book, viewer: &Viewer) -> Vec<&'b Circle> {
    let mut circles: Vec<&Circle> = match viewer.caller {
        Caller::Operator => book.circles().collect(),
        Caller::Member(member) => book.circles_of(member),
    };
    circles.sort_by(|a, b| a.title.cmp(&b.title));
    circles
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

fn reader(
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

pub(super) async fn one(
    State(pages): Shared,
    who: Who,
    Path((circle, object)): Path<(String, String)>,
) -> Response {
    making(move || {
        make_one(&pages, &Viewer::of(who), &circle, &object).unwrap_or_else(|error| broken(&error))
    })
    .await
}

fn make_one(
    pages: &Arc<Pages>,
    viewer: &Viewer,
    circle: &str,
    object: &str,
) -> Result<Response, StorageError> {
    let book = pages.gate.book();
    let found = circles(&book, viewer).into_iter().find(|known| known.handle == circle);
    let (Some(circle), Ok(id)) = (found, ObjectId::parse(object)) else { return Ok(absent()) };
    let found = match viewer.caller {
        Caller::Operator => newest(pages, circle, &id)?.map(|object| (object, None)),
        Caller::Member(member) => as_member(pages, viewer, &book, member, circle, &id)?,
    };
    let Some((found, tlp)) = found else {
        let withdrawn = if viewer.is_operator() { withdrawal(pages, &book, circle, &id)? } else { None };
        return Ok(withdrawn.map_or_else(absent, |page| {
            render(&WithdrawnPage { frame: pages.frame(&book, viewer, "Withdrawn"), ..page })
        }));
    };
    let members =
        if viewer.is_operator() { who_gets_it(pages, viewer, &book, circle, &id)? } else { Vec::new() };
    let name = name_of(&found.raw, object);
    let signature = provenance(pages, viewer, &book, circle, &found)?;
    let ask = tlp.map(|tlp| Form::of(&circles(&book, viewer), circle, &id, tlp));
    Ok(render(&ObjectPage {
        frame: pages.frame(&book, viewer, name.clone()),
        circle: circle.handle.clone(),
        id: object.to_owned(),
        name,
        version: found.version.to_string(),
        seq: found.seq.0,
        added: found.added.timestamp().to_string(),
        same: who_says_the_same(pages, viewer, &book, circle, &id)?,
        said: who_said_it(pages, viewer, &book, circle, &id)?,
        members,
        signature: (signature.state().name(), signature.sentence(|member| name_in(&book, member))),
        is_copy: !viewer.is_operator() && is_copy(&found.raw),
        has_playbook: !viewer.is_operator() && deliver::playbook::read(&found.raw).is_some(),
        ask,
        raw: found.raw,
    }))
}

/// Whether an object says that it is a redacted copy.
fn is_copy(raw: &str) -> bool {
    let object = serde_json::from_str::<serde_json::Value>(raw).unwrap_or_default();
    object.pointer("/extensions").and_then(|extensions| extensions.get(gate::REDACTION)).is_some()
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

/// A member by the name that pages call it.
fn name_in(book: &Book, member: MemberId) -> String {
    match book.member(member) {
        Some(member) => member.name.clone(),
        None => "the node's operator".to_owned(),
    }
}

/// Records of a line in which a page looks for what says the same; a longer line is read on by the pages after it.
const READ_ON: usize = 5_000;

/// The objects that say the same under another id, of those that the viewer sees.
fn who_says_the_same(
    pages: &Pages,
    viewer: &Viewer,
    book: &Book,
    circle: &Circle,
    id: &ObjectId,
) -> Result<Vec<String>, StorageError> {
    pages.gate.follow_equivalents(circle.id, READ_ON)?;
    let same = match viewer.caller {
        Caller::Operator => pages.gate.equivalents(circle.id, id)?,
        Caller::Member(member) => {
            let level = book.member(member).map_or(Level::Read, |member| member.level);
            match reader(pages, viewer, member, circle, level) {
                Some(reader) => reader.equivalents(&pages.gate, id)?,
                None => Vec::new(),
            }
        }
    };
    Ok(same.iter().map(ObjectId::to_string).collect())
}

/// Who has shared the object, as the viewer may know it, with the time of the first.
fn who_said_it(
    pages: &Pages,
    viewer: &Viewer,
    book: &Book,
    circle: &Circle,
    id: &ObjectId,
) -> Result<Vec<(String, String)>, StorageError> {
    let name = |member: MemberId| name_in(book, member);
    if let Caller::Member(member) = viewer.caller {
        let level = book.member(member).map_or(Level::Read, |member| member.level);
        let Some(reader) = reader(pages, viewer, member, circle, level) else { return Ok(Vec::new()) };
        let said = reader.said_by(id)?.into_iter();
        let named = |said: gate::Said| said.member.map_or_else(|| "a member".to_owned(), name);
        return Ok(said.map(|said| (named(said), shown(said.added))).collect());
    }
    pages.gate.store().look(LineId::new(circle.id.uuid()), |catalogue| {
        let mut said: Vec<(MemberId, Added)> = Vec::new();
        for entry in catalogue.object(id).into_iter().flat_map(|object| catalogue.newest_first(object)) {
            let Some(sender) = entry.sender().map(MemberId::new) else { continue };
            match said.iter_mut().find(|(known, _)| *known == sender) {
                Some((_, added)) => *added = entry.added().min(*added),
                None => said.push((sender, entry.added())),
            }
        }
        said.sort_unstable_by_key(|(_, added)| *added);
        said.into_iter().map(|(member, added)| (name(member), shown(added))).collect()
    })
}

fn newest(pages: &Pages, circle: &Circle, id: &ObjectId) -> Result<Option<Object>, StorageError> {
    let line = LineId::new(circle.id.uuid());
    let entry = pages.gate.store().look(line, |catalogue| {
        let entry = catalogue.entry(catalogue.latest(catalogue.object(id)?)?)?;
        Some((entry.seq, entry.version(), entry.spec_version()))
    })?;
    let Some((seq, version, spec_version)) = entry else { return Ok(None) };
    let mut found = None;
    pages.gate.store().bodies(line, &[seq], &mut |seq, added, body| {
        let raw = String::from_utf8_lossy(body).into_owned();
        found = Some(Object { id: id.clone(), seq, added, version, spec_version, whole: true, raw });
    })?;
    Ok(found)
}

/// What the circle's line says of an object that was withdrawn.
fn withdrawal(
    pages: &Pages,
    book: &Book,
    circle: &Circle,
    id: &ObjectId,
) -> Result<Option<WithdrawnPage>, StorageError> {
    let line = LineId::new(circle.id.uuid());
    let found = pages.gate.store().look(line, |catalogue| {
        let object = catalogue.object(id)?;
        let seq = (1..=catalogue.head().0).rev().map(Seq).find(|seq| {
            let entry = catalogue.entry(*seq);
            entry
                .is_some_and(|entry| entry.kind() == RecordKind::Withdrawal && entry.object() == Some(object))
        })?;
        let entry = catalogue.entry(seq)?;
        Some((seq, entry.added(), catalogue.class(entry.class())?.sender))
    })?;
    let Some((seq, added, sender)) = found else { return Ok(None) };
    let mut reason = String::new();
    pages.gate.store().bodies(line, &[seq], &mut |_, _, body| {
        let text = String::from_utf8_lossy(body);
        reason = stix::head::property(&text, "reason").unwrap_or_default();
    })?;
    let by =
        book.member(MemberId::new(sender)).map_or("the node's operator", |member| &member.name).to_owned();
    let (circle, id, at) = (circle.handle.clone(), id.to_string(), shown(added));
    Ok(Some(WithdrawnPage { circle, id, by, at, reason, ..WithdrawnPage::default() }))
}

fn as_member(
    pages: &Pages,
    viewer: &Viewer,
    book: &Book,
    member: MemberId,
    circle: &Circle,
    id: &ObjectId,
) -> Result<Option<Found>, StorageError> {
    let level = book.member(member).map_or(Level::Read, |member| member.level);
    let Some(reader) = reader(pages, viewer, member, circle, level) else { return Ok(None) };
    let page = reader.page(&gate::Query { ids: vec![id.clone()], limit: 1, ..gate::Query::default() })?;
    Ok(page.items.into_iter().next().map(|object| {
        let tlp = (object.rule() != Rule::Originator).then(|| object.tlp());
        (object.into_inner(), tlp)
    }))
}

fn who_gets_it(
    pages: &Pages,
    viewer: &Viewer,
    book: &Book,
    circle: &Circle,
    id: &ObjectId,
) -> Result<Vec<GetsIt>, StorageError> {
    let mut rows = Vec::new();
    for member in circle.members.iter().filter_map(|member| book.member(*member)) {
        let Some(reader) = reader(pages, viewer, member.id, circle, member.level) else { continue };
        let Some(decision) = reader.decision(id)? else { continue };
        rows.push(GetsIt {
            handle: member.handle.clone(),
            name: member.name.clone(),
            held: decision.is_hold(),
            decision: match decision {
                Decision::Release(_) => "released",
                Decision::Redact(_) => "released, redacted",
                Decision::Hold(_) => "held back",
            },
            code: decision.rule().code(),
            why: decision.rule().sentence(),
        });
    }
    Ok(rows)
}
