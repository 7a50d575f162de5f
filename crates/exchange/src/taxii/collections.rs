//! What there is to read: discovery (4.1), the API root (4.2), collections (5.1, 5.2).

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use policy::{Access, Caller, Channel, Circle, CircleId, Level, Member, Reach, Request};
use serde::Serialize;
use stix::SpecVersion;

use super::error::TaxiiError;
use super::media::{STIX_20, STIX_21, TAXII};
use super::names::Names;
use super::{API_ROOT, Shared, Taxii};

#[derive(Serialize)]
struct Discovery<'a> {
    title: &'a str,
    description: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<&'a str>,
    default: &'static str,
    api_roots: [&'static str; 1],
}

#[derive(Serialize)]
struct ApiRoot<'a> {
    title: &'a str,
    description: &'static str,
    versions: [&'static str; 1],
    max_content_length: usize,
}

#[derive(Serialize)]
struct Collection<'a> {
    id: String,
    title: &'a str,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    alias: &'a str,
    can_read: bool,
    can_write: bool,
    media_types: Vec<&'static str>,
}

#[derive(Serialize)]
struct Collections<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    collections: Vec<Collection<'a>>,
}

/// An answer with the protocol's media type.
pub(super) fn json(value: &impl Serialize) -> Response {
    match serde_json::to_string(value) {
        Ok(body) => ([(header::CONTENT_TYPE, TAXII)], body).into_response(),
        Err(error) => TaxiiError::unavailable(&error).into_response(),
    }
}

pub(super) async fn discovery(State(state): Shared) -> Response {
    json(&Discovery {
        title: &state.taxii.title,
        description: "Threat intelligence, by circles of partners",
        contact: state.taxii.contact.as_deref(),
        default: API_ROOT,
        api_roots: [API_ROOT],
    })
}

pub(super) async fn api_root(State(state): Shared) -> Response {
    json(&ApiRoot {
        title: &state.taxii.title,
        description: "Each collection is a circle that you are in",
        versions: [TAXII],
        max_content_length: state.taxii.body_bytes_max,
    })
}

/// What a member may do in a circle over TAXII. At the level `detect` it gets no objects, and tells what it saw ([`super::seen`]).
fn access(member: &Member, circle: &Circle) -> Access {
    match (member.level, circle.access(member.id)) {
        (Level::Exchange, access) => access,
        (Level::Detect, access) if access.writes() => Access::Write,
        _ => Access::None,
    }
}

/// Whether the level has collections, and the circle is one for it.
fn is_offered(member: &Member, circle: &Circle) -> bool {
    member.level == Level::Exchange || access(member, circle) != Access::None
}

fn collection<'a>(circle: &'a Circle, member: &Member, taxii: &Taxii) -> Collection<'a> {
    let access = access(member, circle);
    let media_types = [(SpecVersion::V20, STIX_20), (SpecVersion::V21, STIX_21)];
    let taken = media_types.into_iter().filter(|(version, _)| circle.takes(*version));
    Collection {
        id: circle.id.to_string(),
        title: &circle.title,
        description: [circle.purpose.as_str(), &circle.privacy.sentences()].join(" ").trim().to_owned(),
        alias: &circle.handle,
        can_read: access.reads(),
        can_write: access.writes() && circle.in_force((taxii.now)()),
        media_types: taken.map(|(_, name)| name).collect(),
    }
}

pub(super) async fn list(
    State(state): Shared,
    Extension(caller): Extension<Caller>,
) -> Result<Response, TaxiiError> {
    let book = state.taxii.gate.book();
    let member = member(&caller)?;
    let circles = book.circles_of(member);
    let offered = book.member(member).into_iter().flat_map(|member| {
        let circles = circles.iter().filter(|circle| is_offered(member, circle));
        circles.map(|circle| collection(circle, member, &state.taxii))
    });
    Ok(json(&Collections { collections: offered.collect() }))
}

pub(super) async fn one(
    State(state): Shared,
    Extension(caller): Extension<Caller>,
    Names(name): Names<String>,
) -> Result<Response, TaxiiError> {
    let book = state.taxii.gate.book();
    let (member, circle) = find(&book, &caller, &name)?;
    Ok(json(&collection(circle, member, &state.taxii)))
}

/// The member that asks. An operator has no collections: it looks at a member's through `/as/HANDLE/`.
fn member(caller: &Caller) -> Result<policy::MemberId, TaxiiError> {
    match caller {
        Caller::Member(member) => Ok(*member),
        Caller::Operator => Err(TaxiiError::forbidden(
            "An operator is in no circle. Use a member's credential, or look at what a member gets under /as/HANDLE/api/.",
        )),
    }
}

/// The collection with this id or alias, if the caller's level has collections and it is in that circle.
pub(super) fn find<'b>(
    book: &'b policy::Book,
    caller: &Caller,
    name: &str,
) -> Result<(&'b Member, &'b Circle), TaxiiError> {
    let id = member(caller)?;
    let member = book.member(id).filter(|member| !member.ended);
    let by_id = name.parse::<CircleId>().ok().and_then(|id| book.circle(id));
    // An alias is looked for among the caller's own circles: others may have the same.
    let circle = by_id.or_else(|| book.circles_of(id).into_iter().find(|circle| circle.handle == name));
    let circle = circle.filter(|circle| circle.members.contains(&id));
    let found = member.zip(circle).filter(|(member, circle)| is_offered(member, circle));
    found.ok_or_else(TaxiiError::not_found)
}

/// The collection, if the caller may do there what it wants to do.
///
/// Source: TAXII 2.1, sections 5.3 to 5.8: 403 where `can_read` or `can_write` says no. Section 5.7 wants 404 of who may do
/// neither.
pub(super) fn find_for<'b>(
    book: &'b policy::Book,
    caller: &Caller,
    name: &str,
    needed: Access,
) -> Result<(&'b Member, &'b Circle), TaxiiError> {
    let (member, circle) = find(book, caller, name)?;
    let access = access(member, circle);
    match () {
        () if needed == Access::Both && access == Access::None => Err(TaxiiError::not_found()),
        () if needed.reads() && !access.reads() => {
            Err(TaxiiError::forbidden("You may not read in this collection (`can_read` is false)."))
        }
        () if needed.writes() && !access.writes() => {
            Err(TaxiiError::forbidden("You may not write in this collection (`can_write` is false)."))
        }
        () => Ok((member, circle)),
    }
}

/// The caller's view of the collection.
pub(super) fn reader(
    taxii: &Taxii,
    caller: &Caller,
    channel: Channel,
    name: &str,
) -> Result<gate::Reader, TaxiiError> {
    let book = taxii.gate.book();
    let (member, circle) = find_for(&book, caller, name, Access::Read)?;
    let request = Request {
        member: member.id,
        circle: circle.id,
        wanted: Level::Exchange,
        encrypted: channel.encrypted,
        now: (taxii.now)(),
        reach: Reach::Member,
    };
    taxii.gate.reader(request).map_err(|_| TaxiiError::not_found())
}
