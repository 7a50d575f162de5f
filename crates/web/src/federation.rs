//! For other nodes: a TAXII 2.1 API root at `/federation/`, open to peers by the certificate that they show, and to nobody else.
//!
//! `GET …/collections/CIRCLE/objects/?next=NUMBER` gives what is new for the peer's members behind a number of this node's
//! line, as an envelope whose `next` is where to go on, also when there is no more yet. `POST` takes an envelope of the same
//! objects, for peers that can't be reached themselves. `POST …/agreements/CIRCLE/signatures/` brings the signatures that a peer
//! has of a draft, and gives those that are here. Whoever is no peer is told that there is nothing here.
//!
//! Source: TAXII 2.1, sections 3.7 (envelope), 5.4 and 5.5.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use gate::{ExchangeError, FederationError, Gate, Given};
use http::{StatusCode, header};
use line::Seq;
use policy::federation::AGREEMENT_BYTES_MAX;
use policy::{CircleId, MemberId, Peer};
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use stix::Timestamp;

use crate::auth::PeerCertificate;

/// TAXII's media type.
pub const MEDIA_TYPE: &str = "application/taxii+json;version=2.1";
/// Objects of a page.
pub const PAGE: usize = 500;
/// Most objects of what a peer brings or gives at once: withdrawals can be several for one record.
const OBJECTS_MAX: usize = 10_000;
/// Bytes of what a peer brings at once.
pub const BODY_BYTES_MAX: usize = 32 << 20;

/// What the server needs.
pub struct Federation {
    /// The door.
    pub gate: Gate,
    /// The clock.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

/// An envelope of objects as they stand.
#[derive(Deserialize)]
pub struct Envelope {
    /// Where to go on.
    #[serde(default)]
    pub next: Option<String>,
    /// Whether there is more now.
    #[serde(default)]
    pub more: bool,
    /// The objects.
    #[serde(default, deserialize_with = "some")]
    pub objects: Vec<Box<RawValue>>,
}

/// Signatures under a draft, on their way between two nodes.
#[derive(Debug, Serialize, Deserialize)]
pub struct Signatures {
    /// Which draft: [`gate::digest`].
    pub digest: String,
    /// Detached JWS by member.
    pub signatures: BTreeMap<MemberId, String>,
}

/// At most [`OBJECTS_MAX`] objects: what is beyond takes no memory.
fn some<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Box<RawValue>>, D::Error> {
    struct Some;
    impl<'de> Visitor<'de> for Some {
        type Value = Vec<Box<RawValue>>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "a list of at most {OBJECTS_MAX} objects")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut objects = Vec::new();
            while let std::option::Option::Some(object) = list.next_element()? {
                if objects.len() == OBJECTS_MAX {
                    return Err(A::Error::invalid_length(OBJECTS_MAX + 1, &self));
                }
                objects.push(object);
            }
            Ok(objects)
        }
    }
    from.deserialize_seq(Some)
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    next: Option<String>,
    /// The version of the agreement by which the peer goes.
    #[serde(default)]
    agreement: Option<u32>,
}

struct Refused(StatusCode, String);

impl From<FederationError> for Refused {
    fn from(error: FederationError) -> Self {
        let status = match &error {
            FederationError::NotFound => StatusCode::NOT_FOUND,
            FederationError::NotInForce => StatusCode::FORBIDDEN,
            FederationError::Behind { .. } | FederationError::Version { .. } => StatusCode::CONFLICT,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self(status, error.to_string())
    }
}

impl From<ExchangeError> for Refused {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::Federation(error) => error.into(),
            other => Self(StatusCode::SERVICE_UNAVAILABLE, other.to_string()),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = json!({"title": self.1, "http_status": self.0.as_u16().to_string()});
        (self.0, [(header::CONTENT_TYPE, MEDIA_TYPE)], Json(body)).into_response()
    }
}

type Shared = State<Arc<Federation>>;
type Shown = Option<Extension<PeerCertificate>>;

/// The server's routes.
pub fn router(federation: Federation) -> Router {
    Router::new()
        .route("/federation/collections/{circle}/objects/", get(objects).post(bring))
        .route("/federation/agreements/{circle}/signatures/", post(signatures))
        .fallback(async || absent())
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(Arc::new(federation))
}

fn absent() -> Refused {
    Refused(StatusCode::NOT_FOUND, "there is nothing here for you".to_owned())
}

/// Which peer asks, and for which circle.
fn asked(federation: &Federation, shown: Shown, circle: &str) -> Result<(Peer, CircleId), Refused> {
    let Extension(certificate) = shown.ok_or_else(absent)?;
    let peer = federation.gate.book().peer_with(&certificate.0).cloned().ok_or_else(absent)?;
    Ok((peer, circle.parse().map_err(|_| absent())?))
}

fn answer(body: &Value) -> Response {
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], body.to_string()).into_response()
}

/// Runs what reads or writes the disk off the threads that serve connections.
async fn off<T: Send + 'static, E: Into<Refused> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, Refused> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(Into::into),
        Err(_) => Err(Refused(StatusCode::SERVICE_UNAVAILABLE, "try again".to_owned())),
    }
}

async fn objects(
    State(federation): Shared,
    shown: Shown,
    Path(circle): Path<String>,
    Query(Asked { next, agreement }): Query<Asked>,
) -> Result<Response, Refused> {
    let (peer, circle) = asked(&federation, shown, &circle)?;
    federation.gate.goes_by(circle, &peer, agreement)?;
    let after = next.map_or(Ok(0), |next| next.parse::<u64>());
    let after = after.map_err(|_| Refused(StatusCode::BAD_REQUEST, "`next` is no number".to_owned()))?;
    let (gate, now) = (federation.gate.clone(), (federation.now)());
    let given = off(move || gate.give(circle, &peer, Seq(after), PAGE, now)).await?;
    Ok(([(header::CONTENT_TYPE, MEDIA_TYPE)], envelope(&given)).into_response())
}

/// A page as TAXII has it. Texts stay as they are, to the byte.
#[must_use]
pub fn envelope(given: &Given) -> String {
    let texts: Vec<&str> = given.texts.iter().map(|text| text.get().as_str()).collect();
    format!(r#"{{"more":{},"next":"{}","objects":[{}]}}"#, given.more, given.until.0, texts.join(","))
}

async fn bring(
    State(federation): Shared,
    shown: Shown,
    Path(circle): Path<String>,
    Query(Asked { agreement, .. }): Query<Asked>,
    request: Request,
) -> Result<Response, Refused> {
    // Before anything of the body is read: strangers bring none.
    let (peer, circle) = asked(&federation, shown, &circle)?;
    federation.gate.goes_by(circle, &peer, agreement)?;
    let body = axum::body::to_bytes(request.into_body(), BODY_BYTES_MAX).await;
    let body = body.map_err(|error| Refused(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()))?;
    let read = serde_json::from_slice::<Envelope>(&body);
    let envelope =
        read.map_err(|error| Refused(StatusCode::UNPROCESSABLE_ENTITY, format!("no envelope: {error}")))?;
    let texts: Vec<String> = envelope.objects.iter().map(|object| object.get().to_owned()).collect();
    let (gate, now) = (federation.gate.clone(), (federation.now)());
    let taken = off(move || gate.take(circle, &peer, &texts, now)).await?;
    Ok(answer(&json!({
        "status": "complete", "added": taken.added, "known": taken.known, "refused": taken.refused, "why": taken.why,
    })))
}

async fn signatures(
    State(federation): Shared,
    shown: Shown,
    Path(circle): Path<String>,
    request: Request,
) -> Result<Response, Refused> {
    let (peer, circle) = asked(&federation, shown, &circle)?;
    let body = axum::body::to_bytes(request.into_body(), AGREEMENT_BYTES_MAX).await;
    let body = body.map_err(|error| Refused(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()))?;
    let Signatures { digest, signatures } = serde_json::from_slice(&body)
        .map_err(|error| Refused(StatusCode::UNPROCESSABLE_ENTITY, format!("no signatures: {error}")))?;
    let (gate, named) = (federation.gate.clone(), digest.clone());
    let signatures = off(move || gate.exchange_signatures(circle, &peer, &named, signatures)).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], Json(Signatures { digest, signatures }))
        .into_response())
}
