//! One object: what it says in short, who said it, who got it, its versions side by side, what it hangs together with, when it was seen,
//! the techniques around it, and the proof that it stands in the circle's log.

mod graph;
mod matrix;
mod seen;
pub(super) mod sight;
pub(super) mod versions;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use gate::Object;
use line::{Added, LineId, RecordKind, Seq, StorageError};
use policy::{Book, Caller, Circle, Decision, Level, MemberId, Right, Rule};
use serde::Deserialize;
use serde_json::Value;
use stix::{ObjectId, Timestamp, Tlp};

use self::graph::Graph;
use self::matrix::Tactic;
use self::seen::Month;
use self::sight::{ABOUT_MAX, Seen, Sight};
use self::versions::Change;
use super::asks::Form;
use super::objects::{circles, provenance, reader};
use super::view::{At, View};
use super::{Frame, Pages, Shared, Viewer, Who, absent, broken, edit, making, name_of, render, words};

/// Characters of a value in the summary.
const CHARS_MAX: usize = 2_000;
/// Sightings that are listed, the latest.
const SIGHTINGS_MAX: usize = 20;

#[derive(Template)]
#[template(path = "object.html")]
struct ObjectPage {
    frame: Frame,
    circle: String,
    id: String,
    object_type: String,
    name: String,
    description: String,
    tlp: String,
    seq: u64,
    added: At,
    facts: Vec<(&'static str, String, bool)>,
    said: Vec<(String, At)>,
    /// What its signature comes to: the state's name, the word for it, and the sentence.
    signature: (&'static str, &'static str, String),
    /// Other objects that say the same.
    same: Vec<String>,
    members: Vec<GetsIt>,
    /// Why the guard keeps it out of lists, zones, rules and advisories, if it does.
    kept_out: Option<String>,
    /// Whether it says that it is a redacted copy.
    is_copy: bool,
    /// Whether whoever looks may bring a new version of it.
    is_own: bool,
    /// Whether it holds a playbook that whoever looks can follow.
    has_playbook: bool,
    /// What a member can ask the one who shared it for.
    ask: Option<Form>,
    versions: Vec<(String, bool)>,
    changes: Option<(String, String, Vec<Change>)>,
    graph: Graph,
    is_cut: bool,
    months: Vec<Month>,
    sightings: Vec<Sighted>,
    tactics: Vec<Tactic>,
    raw: String,
}

/// A sighting, as it is told.
struct Sighted {
    at: String,
    count: u64,
    href: String,
}

#[derive(Template, Default)]
#[template(path = "withdrawn.html")]
struct WithdrawnPage {
    frame: Frame,
    circle: String,
    id: String,
    /// The member that did; `None` is the node's operator.
    by: Option<String>,
    at: Option<Timestamp>,
    reason: String,
}

struct GetsIt {
    handle: String,
    name: String,
    level: &'static str,
    held: bool,
    decision: &'static str,
    code: &'static str,
    why: &'static str,
    /// When its receipts showed that it has it.
    had: Option<At>,
}

/// What of it is looked at.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// The objects that are open in the graph.
    open: String,
    /// The version beside the newest.
    beside: String,
}

/// An object as it is shown, and, for a member that did not share it itself, what it counts as.
type Found = (Object, Option<Tlp>);

pub(super) async fn page(
    State(pages): Shared,
    who: Who,
    Path((circle, object)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Response {
    making(move || {
        make(&pages, &Viewer::of(who), (&circle, &object), &asked).unwrap_or_else(|error| broken(&error))
    })
    .await
}

fn make(
    pages: &Arc<Pages>,
    viewer: &Viewer,
    (circle, object): (&str, &str),
    asked: &Asked,
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
            let title = viewer.say("Withdrawn", "철회됨");
            render(&WithdrawnPage { frame: pages.frame(&book, viewer, title), ..page })
        }));
    };
    let members = if viewer.is_operator() {
        who_gets_it(pages, viewer, &book, circle, &id, found.seq)?
    } else {
        Vec::new()
    };
    let name = name_of(&found.raw, object);
    let signature = provenance(pages, viewer, &book, circle, &found)?;
    let ask = tlp.map(|tlp| Form::of(&circles(&book, viewer), circle, &id, tlp));
    let sight = Sight::of(pages, viewer, circle);
    let value: Value = serde_json::from_str(&found.raw).unwrap_or_default();
    let root = Seen { id: id.clone(), version: found.version, value, raw: found.raw.clone(), seq: found.seq };
    let about = sight.about(&id)?;
    let all = sight.versions(&id)?;
    let sightings: Vec<&Seen> = about
        .iter()
        .filter(|one| one.id.object_type() == "sighting" && one.ids("sighting_of_ref").any(|of| of == id))
        .collect();
    let patterns = techniques(&sight, &root, &about)?;
    let page = format!("/objects/{}/{id}", circle.handle);
    let asks = match viewer.caller {
        Caller::Member(member) => member,
        Caller::Operator => MemberId::NODE,
    };
    let head = stix::read_head(&found.raw).ok().filter(|_| id.object_type() == "indicator");
    let held =
        head.and_then(|head| pages.deliver.trial(&book, asks).of(&found.raw, &head).held.into_iter().next());
    let kept_out = held.map(|held| words::rules::hold(&viewer.view, &held.hold));
    let text = |key: &str| root.text(key).unwrap_or_default().chars().take(CHARS_MAX).collect::<String>();
    Ok(render(&ObjectPage {
        frame: pages.frame(&book, viewer, name.clone()),
        circle: circle.handle.clone(),
        id: object.to_owned(),
        object_type: id.object_type().to_owned(),
        name,
        description: text("description"),
        tlp: tlp.map(|tlp| tlp.to_string()).unwrap_or_default(),
        seq: found.seq.0,
        added: viewer.view.at(found.added.timestamp()),
        facts: facts(viewer, &root),
        same: who_says_the_same(pages, viewer, &book, circle, &id)?,
        said: who_said_it(pages, viewer, &book, circle, &id)?,
        members,
        signature: (
            signature.state().name(),
            words::signatures::state(&viewer.view, signature.state()),
            words::signatures::sentence(&viewer.view, &book, &signature),
        ),
        kept_out,
        is_copy: !viewer.is_operator() && is_copy(&found.raw),
        is_own: viewer.actor.rights.has(Right::Write) && edit::is_own(pages, &book, viewer, circle, &id),
        has_playbook: !viewer.is_operator() && deliver::playbook::read(&found.raw).is_some(),
        ask,
        changes: beside(&all, &asked.beside),
        versions: all.iter().map(|one| (one.version.to_string(), one.version == found.version)).collect(),
        graph: graph::draw(&sight, &root, &graph::opened(&asked.open), &page, &circle.handle)?,
        is_cut: about.len() >= ABOUT_MAX,
        months: seen::months(sightings.iter().copied()),
        sightings: sightings.iter().take(SIGHTINGS_MAX).map(|one| sighted(one, &circle.handle)).collect(),
        tactics: matrix::columns(patterns.iter(), &circle.handle),
        raw: found.raw,
    }))
}

fn sighted(sighting: &Seen, circle: &str) -> Sighted {
    let at = sighting.text("last_seen").or(sighting.text("first_seen")).or(sighting.text("created"));
    Sighted {
        at: at.unwrap_or_default().chars().take(16).collect::<String>().replace('T', " "),
        count: sighting.value.get("count").and_then(Value::as_u64).unwrap_or(1),
        href: format!("/objects/{circle}/{}", sighting.id),
    }
}

/// Two versions side by side: the newest, and the one that is named or the one before.
fn beside(all: &[Seen], wanted: &str) -> Option<(String, String, Vec<Change>)> {
    let newest = all.first()?;
    let named = all.iter().skip(1).find(|one| one.version.to_string() == wanted);
    let other = named.or(all.get(1))?;
    let changes = versions::changes(&other.value, &newest.value);
    Some((other.version.to_string(), newest.version.to_string(), changes))
}

/// The techniques that an object uses, names or is.
fn techniques(sight: &Sight<'_>, root: &Seen, about: &[Seen]) -> Result<Vec<Seen>, StorageError> {
    let is_technique = |id: &ObjectId| id.object_type() == "attack-pattern";
    let ends = about.iter().filter(|one| one.id.object_type() == "relationship");
    let ends = ends.flat_map(|one| one.ids("source_ref").chain(one.ids("target_ref")));
    let mut ids: Vec<ObjectId> = ends.chain(root.ids("object_refs")).filter(is_technique).collect();
    ids.sort_unstable_by_key(ObjectId::to_string);
    ids.dedup();
    sight.newest(ids)
}

/// What an object says in short: its most telling properties, as people call them, and whether what they hold is written for programs.
fn facts(viewer: &Viewer, object: &Seen) -> Vec<(&'static str, String, bool)> {
    const KNOWN: [(&str, &str, &str); 26] = [
        ("pattern", "Pattern", "패턴"),
        ("value", "Value", "값"),
        ("aliases", "Also called", "다른 이름"),
        ("confidence", "Confidence (0 to 100)", "신뢰도(0~100)"),
        ("valid_from", "Valid from", "유효 시작"),
        ("valid_until", "Valid until", "유효 종료"),
        ("indicator_types", "Kind", "종류"),
        ("malware_types", "Kind", "종류"),
        ("threat_actor_types", "Kind", "종류"),
        ("tool_types", "Kind", "종류"),
        ("report_types", "Kind", "종류"),
        ("infrastructure_types", "Kind", "종류"),
        ("is_family", "A family of malware", "악성코드 계열"),
        ("goals", "Goals", "목표"),
        ("primary_motivation", "Motivation", "동기"),
        ("resource_level", "Resources", "자원 수준"),
        ("sectors", "Sectors", "분야"),
        ("first_seen", "First seen", "처음 관측"),
        ("last_seen", "Last seen", "마지막 관측"),
        ("published", "Published", "발행"),
        ("relationship_type", "Relationship", "관계"),
        ("labels", "Labels", "표지"),
        ("abstract", "Abstract", "요약"),
        ("content", "Content", "내용"),
        ("created", "Created", "생성"),
        ("modified", "This version", "이 판"),
    ];
    let told = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(all) => {
            let each = |one: &Value| one.as_str().map_or_else(|| one.to_string(), str::to_owned);
            all.iter().map(each).collect::<Vec<_>>().join(", ")
        }
        Value::Bool(is) => {
            viewer.say(if *is { "yes" } else { "no" }, if *is { "예" } else { "아니요" }).to_owned()
        }
        other => other.to_string(),
    };
    let fact = |(key, english, korean): &(&str, &'static str, &'static str)| {
        let value = object.value.get(*key)?;
        let is_code = value.is_array() || !matches!(*key, "abstract" | "content" | "goals");
        Some((viewer.say(english, korean), told(value).chars().take(CHARS_MAX).collect(), is_code))
    };
    KNOWN.iter().filter_map(fact).collect()
}

/// Whether an object says that it is a redacted copy.
fn is_copy(raw: &str) -> bool {
    let object = serde_json::from_str::<Value>(raw).unwrap_or_default();
    object.pointer("/extensions").and_then(|extensions| extensions.get(gate::REDACTION)).is_some()
}

/// A member by the name that pages call it.
fn name_in(view: &View, book: &Book, member: MemberId) -> String {
    match book.member(member) {
        Some(member) => member.name.clone(),
        None => view.say("the node's operator", "노드 운영자").to_owned(),
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
) -> Result<Vec<(String, At)>, StorageError> {
    let name = |member: MemberId| name_in(&viewer.view, book, member);
    if let Caller::Member(member) = viewer.caller {
        let level = book.member(member).map_or(Level::Read, |member| member.level);
        let Some(reader) = reader(pages, viewer, member, circle, level) else { return Ok(Vec::new()) };
        let said = reader.said_by(id)?.into_iter();
        let named = |said: gate::Said| {
            said.member.map_or_else(|| viewer.say("a member", "어느 회원").to_owned(), name)
        };
        return Ok(said.map(|said| (named(said), viewer.view.at(said.added.timestamp()))).collect());
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
        said.into_iter().map(|(member, added)| (name(member), viewer.view.at(added.timestamp()))).collect()
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
    let by = book.member(MemberId::new(sender)).map(|member| member.name.clone());
    let (circle, id, at) = (circle.handle.clone(), id.to_string(), Some(added.timestamp()));
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
    seq: Seq,
) -> Result<Vec<GetsIt>, StorageError> {
    let mut rows = Vec::new();
    for member in circle.members.iter().filter_map(|member| book.member(*member)) {
        let Some(reader) = reader(pages, viewer, member.id, circle, member.level) else { continue };
        let Some(decision) = reader.decision(id)? else { continue };
        let lags = pages.gate.lags(member.id, viewer.encrypted, (pages.now)())?;
        let lag = lags
            .into_iter()
            .find(|lag| lag.circle == circle.id && lag.upto.is_some_and(|upto| upto >= seq.0));
        rows.push(GetsIt {
            handle: member.handle.clone(),
            name: member.name.clone(),
            level: lag.as_ref().and_then(|lag| lag.real).unwrap_or(member.level).name(),
            held: decision.is_hold(),
            decision: match decision {
                Decision::Release(_) => viewer.say("released", "전달"),
                Decision::Redact(_) => viewer.say("released, redacted", "가려서 전달"),
                Decision::Hold(_) => viewer.say("held back", "보류"),
            },
            code: decision.rule().code(),
            why: words::rules::rule(&viewer.view, decision.rule()),
            had: lag.and_then(|lag| lag.at).filter(|_| !decision.is_hold()).map(|at| viewer.view.at(at)),
        });
    }
    Ok(rows)
}
