//! The proof that an object stands in its circle's log: each step with its figures, the file to download, and a check in the browser.
//!
//! What is in a proof is what its viewer is opened: a member by the rule of `POST /log/CIRCLE/openings`, which is that it gets the
//! circle's objects over TAXII, in the form in which it does; an operator, who reads the line itself, what whoever gets the object
//! whole is opened. Nobody is opened who brought it. That the node finds its own proofs to hold proves little, and the page says so.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use exchange::transparency::proof::{Checked, Proof, Proven, Shape, Step, prove};
use exchange::transparency::reads;
use gate::{Checkpoint, NoteKey, Object, Opening, VersionMatch};
use http::{HeaderValue, StatusCode, header};
use line::{LineId, Seq, StorageError};
use policy::{Book, Caller, Circle, Level, MemberId, Released};
use serde::Deserialize;
use stix::{ObjectId, Timestamp};

use super::objects::{circles, provenance, reader};
use super::view::At;
use super::{Frame, Pages, Shared, Viewer, Who, absent, broken, error, making, name_of, render, say, words};

/// Versions that are looked through, and those that are listed, the newest.
const VERSIONS_MAX: usize = 1_000;
const LISTED_MAX: usize = 50;
/// Records of one version of an object: it is announced again where what waited for it comes.
const SAME_MAX: usize = 100;
/// Seconds after which it is asked again where no checkpoint has the record yet.
const LATER_S: &str = "60";

pub(super) fn router() -> Router<Arc<Pages>> {
    Router::new()
        .route("/objects/{circle}/{object}/proof", get(page))
        .route("/objects/{circle}/{object}/proof.json", get(file))
        .route("/proof.js", get(script))
}

async fn script() -> Response {
    let headers =
        [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "max-age=300")];
    (headers, include_str!("../proof.js")).into_response()
}

/// What is asked for.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    /// The number of a version's record; the newest version's if none is named.
    record: Option<u64>,
}

/// A version of the object.
#[derive(Clone, Copy)]
struct Version {
    seq: Seq,
    added: Timestamp,
    version: Timestamp,
}

/// What there is for the viewer.
enum Found {
    /// Nothing.
    Absent,
    /// It gets the object, and not over TAXII: nothing of the log is opened to it.
    Withheld,
    /// It gets the object, and is opened its record.
    Opened(Box<Opened>),
}

struct Opened {
    object: Object,
    opening: Opening,
    versions: Vec<Version>,
}

#[derive(Template)]
#[template(path = "proof.html")]
struct ProofPage {
    frame: Frame,
    circle: String,
    id: String,
    name: String,
    state: Shown,
    /// Number, when it came, and whether it is the one that is shown.
    versions: Vec<(u64, At, bool)>,
}

/// What a page shows.
enum Shown {
    /// Nothing is opened to the viewer.
    Withheld,
    /// The newest checkpoint has so many records, and this one came later; or the log is being made.
    Later(Option<u64>),
    Proof(Box<Figures>),
}

/// A proof's figures. Hashes are in base64, as in the file and in checkpoints.
struct Figures {
    added: At,
    content: String,
    path: Vec<String>,
    key: String,
    node: String,
    /// Who has cosigned, as the checkpoint says, and when.
    witnesses: Vec<(String, Option<At>)>,
    checkpoint: String,
    /// The state of the originator's signature: its name, the word for it, and the sentence.
    signature: (&'static str, &'static str, String),
    checked: Checked,
}

impl Figures {
    fn is_copy(&self) -> bool {
        self.checked.shape == Shape::Copy
    }

    /// What a step came to when the node checked it itself: whether it holds.
    fn holds(&self, step: &str) -> bool {
        self.checked.held(match step {
            "object" => Step::Object,
            "checkpoint" => Step::Checkpoint,
            _ => Step::Inclusion,
        })
    }
}

/// The name under which a proof is kept.
fn file_name(circle: &Circle, seq: Seq) -> String {
    let plain: String = circle.handle.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    format!("{plain}-{}.proof.json", seq.0)
}

async fn page(
    State(pages): Shared,
    who: Who,
    Path((circle, object)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Response {
    making(move || {
        let viewer = Viewer::of(who);
        make(&pages, &viewer, (&circle, &object), &asked).unwrap_or_else(|error| broken(&error))
    })
    .await
}

fn make(
    pages: &Pages,
    viewer: &Viewer,
    (circle, object): (&str, &str),
    asked: &Asked,
) -> Result<Response, StorageError> {
    let book = pages.gate.book();
    let Some((circle, id)) = meant(&book, viewer, circle, object) else { return Ok(absent()) };
    let mut page = ProofPage {
        frame: pages.frame(&book, viewer, viewer.say("Proof", "증명")),
        circle: circle.handle.clone(),
        id: id.to_string(),
        name: id.to_string(),
        state: Shown::Withheld,
        versions: Vec::new(),
    };
    match look(pages, viewer, &book, (circle, &id), asked.record)? {
        Found::Absent => return Ok(absent()),
        Found::Withheld => {}
        Found::Opened(opened) => {
            let Opened { object, opening, versions } = &*opened;
            page.name = name_of(&object.raw, &page.id);
            let listed = versions.iter().rev().take(LISTED_MAX);
            let row = |one: &Version| (one.seq.0, viewer.view.at(one.added), one.seq == opening.seq);
            page.versions = listed.map(row).collect();
            page.state = match proven(pages, circle, &opened)? {
                Proven::Later(size) => Shown::Later(size),
                Proven::Proof(proof) => {
                    let signature = provenance(pages, viewer, &book, circle, object)?;
                    let state = signature.state();
                    let signature = (
                        state.name(),
                        words::signatures::state(&viewer.view, state),
                        words::signatures::sentence(&viewer.view, &book, &signature),
                    );
                    Shown::Proof(Box::new(figures(pages, viewer, *proof, signature)))
                }
            };
        }
    }
    Ok(render(&page))
}

fn figures(
    pages: &Pages,
    viewer: &Viewer,
    proof: Proof,
    signature: (&'static str, &'static str, String),
) -> Figures {
    let key = NoteKey::of(pages.gate.key());
    let signers = Checkpoint::read_unverified(&proof.checkpoint).map(|checkpoint| checkpoint.signed_by());
    let witnesses = signers.unwrap_or_default().into_iter().filter(|signer| signer.name != key.name());
    let at = |time: u64| {
        let micros = i64::try_from(time).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        viewer.view.at(Timestamp::from_micros(micros))
    };
    Figures {
        added: viewer.view.at(proof.added.timestamp()),
        content: STANDARD.encode(proof.content),
        path: proof.inclusion.iter().map(|hash| STANDARD.encode(hash)).collect(),
        key: key.to_string(),
        node: key.name().to_owned(),
        witnesses: witnesses.map(|signer| (signer.name, signer.time.map(at))).collect(),
        checked: proof.check(&key, &[], 0),
        checkpoint: proof.checkpoint,
        signature,
    }
}

async fn file(
    State(pages): Shared,
    who: Who,
    Path((circle, object)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Response {
    making(move || {
        let viewer = Viewer::of(who);
        handed(&pages, &viewer, (&circle, &object), &asked).unwrap_or_else(|error| broken(&error))
    })
    .await
}

fn handed(
    pages: &Pages,
    viewer: &Viewer,
    (circle, object): (&str, &str),
    asked: &Asked,
) -> Result<Response, StorageError> {
    let book = pages.gate.book();
    let Some((circle, id)) = meant(&book, viewer, circle, object) else { return Ok(absent()) };
    let opened = match look(pages, viewer, &book, (circle, &id), asked.record)? {
        Found::Absent => return Ok(absent()),
        Found::Withheld => return Ok(withheld()),
        Found::Opened(opened) => opened,
    };
    Ok(match proven(pages, circle, &opened)? {
        Proven::Later(_) => later(),
        Proven::Proof(proof) => {
            let kind = HeaderValue::from_static("application/json");
            let named = format!("attachment; filename=\"{}\"", file_name(circle, proof.number));
            let kept = HeaderValue::from_static("private, no-store");
            let mut response =
                ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, kept)], proof.to_text())
                    .into_response();
            if let Ok(named) = HeaderValue::from_str(&named) {
                response.headers_mut().insert(header::CONTENT_DISPOSITION, named);
            }
            response
        }
    })
}

fn withheld() -> Response {
    let what = say(
        "Records of the log are opened to members that get the circle's objects over TAXII.",
        "기록은 이 서클의 객체를 TAXII로 받는 회원에게만 열립니다.",
    );
    error(StatusCode::FORBIDDEN, say("Not opened to you", "열리지 않음"), what)
}

fn later() -> Response {
    let what = say(
        "It came after the newest checkpoint. Ask again in a minute.",
        "가장 최근 체크포인트보다 나중에 왔습니다. 1분 뒤에 다시 요청하십시오.",
    );
    let mut response = error(StatusCode::SERVICE_UNAVAILABLE, say("Not yet", "아직 아님"), what);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(LATER_S));
    response
}

/// The circle and the object of an address, if they are of the viewer's.
fn meant<'b>(book: &'b Book, viewer: &Viewer, circle: &str, object: &str) -> Option<(&'b Circle, ObjectId)> {
    let circle = circles(book, viewer).into_iter().find(|known| known.handle == circle)?;
    Some((circle, ObjectId::parse(object).ok()?))
}

fn proven(pages: &Pages, circle: &Circle, opened: &Opened) -> Result<Proven, StorageError> {
    let of = (&opened.opening, opened.object.raw.as_str());
    prove(&pages.gate, &pages.cosigned, LineId::new(circle.id.uuid()), of, (pages.now)())
}

/// The version that is meant: the one of this record, or the newest.
fn chosen(versions: &[Version], record: Option<u64>) -> Option<Version> {
    match record {
        Some(record) => versions.iter().copied().find(|version| version.seq.0 == record),
        None => versions.last().copied(),
    }
}

fn look(
    pages: &Pages,
    viewer: &Viewer,
    book: &Book,
    (circle, id): (&Circle, &ObjectId),
    record: Option<u64>,
) -> Result<Found, StorageError> {
    match viewer.caller {
        Caller::Operator => of_line(pages, circle, id, record),
        Caller::Member(member) => of_member(pages, viewer, (book, member), (circle, id), record),
    }
}

/// What a member gets, by the rule of what it is opened of the log.
fn of_member(
    pages: &Pages,
    viewer: &Viewer,
    (book, member): (&Book, MemberId),
    (circle, id): (&Circle, &ObjectId),
    record: Option<u64>,
) -> Result<Found, StorageError> {
    let level = book.member(member).map_or(Level::Read, |member| member.level);
    let Some(reader) = reader(pages, viewer, member, circle, level) else { return Ok(Found::Absent) };
    let query = |version, limit| gate::Query {
        ids: vec![id.clone()],
        versions: vec![version],
        limit,
        ..gate::Query::default()
    };
    let rows = reader.manifest(&query(VersionMatch::All, VERSIONS_MAX))?.items;
    let version = |row: &Released<gate::ManifestRow>| {
        let row = row.get();
        Version { seq: row.seq, added: row.added.timestamp(), version: row.version }
    };
    let mut versions: Vec<Version> = rows.iter().map(version).collect();
    versions.sort_by_key(|one| (one.version, one.seq));
    let Some(chosen) = chosen(&versions, record) else { return Ok(Found::Absent) };
    if !reads(book, member, circle) {
        return Ok(Found::Withheld);
    }
    let objects = reader.page(&query(VersionMatch::At(chosen.version), SAME_MAX))?.items;
    let object = objects.into_iter().map(Released::into_inner).find(|one| one.seq == chosen.seq);
    let (openings, _) = reader.openings(&[(id.clone(), Some(chosen.version))])?;
    let opening = openings.into_iter().map(Released::into_inner).find(|one| one.seq == chosen.seq);
    // The line may have gone on in between.
    Ok(match (object, opening) {
        (Some(object), Some(opening)) => Found::Opened(Box::new(Opened { object, opening, versions })),
        _ => Found::Absent,
    })
}

/// What the line itself has, for operators.
fn of_line(
    pages: &Pages,
    circle: &Circle,
    id: &ObjectId,
    record: Option<u64>,
) -> Result<Found, StorageError> {
    let (line, store) = (LineId::new(circle.id.uuid()), pages.gate.store());
    let entries = store.look(line, |catalogue| {
        let object = catalogue.object(id)?;
        let entries = catalogue.versions(object).into_iter().filter_map(|seq| catalogue.entry(seq));
        let entries = entries.filter(|entry| !entry.erased());
        let entry = |entry: line::Entry<'_>| {
            let (added, version) = (entry.added().timestamp(), entry.version());
            (Version { seq: entry.seq, added, version }, entry.spec_version())
        };
        Some(entries.map(entry).collect::<Vec<_>>())
    })?;
    let entries = entries.unwrap_or_default();
    let versions: Vec<Version> = entries.iter().map(|(version, _)| *version).collect();
    let Some(chosen) = chosen(&versions, record) else { return Ok(Found::Absent) };
    let Some(opening) = pages.gate.opening(line, chosen.seq)? else { return Ok(Found::Absent) };
    let spec_version =
        entries.into_iter().find(|(version, _)| version.seq == chosen.seq).map(|(_, spec)| spec);
    let mut found = None;
    store.bodies(line, &[chosen.seq], &mut |seq, added, body| {
        let raw = String::from_utf8_lossy(body).into_owned();
        found = spec_version.map(|spec_version| Object {
            id: id.clone(),
            seq,
            added,
            version: chosen.version,
            spec_version,
            whole: true,
            raw,
        });
    })?;
    Ok(found.map_or(Found::Absent, |object| Found::Opened(Box::new(Opened { object, opening, versions }))))
}
