//! What members of a circle are given of its log: `GET /log`, and below `/log/CIRCLE/`: `checkpoint`, `tile/…`, `openings`.
//!
//! Tiles hold commitments, so all members of a circle may have all of them. Openings are of what the member gets over TAXII,
//! decided by the same [`gate::Reader`].

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use gate::{Gate, Reader};
use http::{HeaderValue, StatusCode, header};
use line::merkle::tile::Tile;
use line::{LineId, StorageError};
use policy::{Caller, Channel, CircleId, Level, MemberId, Reach, Request};
use stix::{ObjectId, Timestamp};

use super::cosign::Cosigned;
use super::{Erased, Logs, OBJECTS_MAX, Opened, Opening, Question, Told, reads};

/// Bytes of a question for openings.
const BODY_BYTES_MAX: usize = 512 * 1024;
/// Seconds after which it is asked again then.
const LATER_S: &str = "5";
/// What stands in the header of what never changes, and may be kept by the one who asked alone.
const FOREVER: &str = "private, max-age=31536000, immutable";
const NEVER: &str = "private, no-cache";

/// What the server needs.
pub struct Log {
    /// The door.
    pub gate: Gate,
    /// The clock.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// The checkpoints that witnesses have cosigned.
    pub cosigned: Arc<Cosigned>,
}

/// Why there is no answer.
enum Refused {
    Absent,
    Malformed(&'static str),
    Later,
    Failed(StorageError),
}

impl From<StorageError> for Refused {
    fn from(error: StorageError) -> Self {
        Self::Failed(error)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::Absent => (StatusCode::NOT_FOUND, "Not found. There is nothing here for you.\n"),
            Self::Malformed(what) => (StatusCode::BAD_REQUEST, what),
            Self::Later => {
                (StatusCode::SERVICE_UNAVAILABLE, "The log is being made; try again in some seconds.\n")
            }
            Self::Failed(error) => {
                tracing::error!(%error, "a log could not be read");
                (StatusCode::SERVICE_UNAVAILABLE, "The log could not be read; try again.\n")
            }
        };
        let mut answer = (status, text).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(LATER_S));
        }
        answer
    }
}

type Shared = State<Arc<Log>>;
type Who = (Extension<Caller>, Extension<Channel>);

/// The server's routes.
pub fn router(log: Log) -> Router {
    Router::new()
        .route("/log", get(logs))
        .route("/log/{circle}/checkpoint", get(checkpoint))
        .route("/log/{circle}/tile/{*tile}", get(tile))
        .route("/log/{circle}/openings", post(openings))
        .fallback(async || Refused::Absent)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(Arc::new(log))
}

/// Runs what reads from the disk off the threads that serve connections.
async fn reading<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, Refused> + Send + 'static,
) -> Result<T, Refused> {
    tokio::task::spawn_blocking(read).await.unwrap_or(Err(Refused::Later))
}

fn member(caller: &Caller) -> Result<MemberId, Refused> {
    match caller {
        Caller::Member(member) => Ok(*member),
        Caller::Operator => Err(Refused::Absent),
    }
}

impl Log {
    /// The member's view of a circle that it is in.
    fn reader(&self, (Extension(caller), Extension(channel)): Who, circle: &str) -> Result<Reader, Refused> {
        let member = member(&caller)?;
        let circle = circle.parse::<CircleId>().map_err(|_| Refused::Absent)?;
        let (wanted, encrypted) = (Level::Exchange, channel.encrypted);
        let request = Request { member, circle, wanted, encrypted, now: (self.now)(), reach: Reach::Member };
        self.gate.reader(request).map_err(|_| Refused::Absent)
    }

    /// The line of a circle that the member is in, whose tree is not far behind.
    fn line(&self, who: Who, circle: &str) -> Result<LineId, Refused> {
        let line = LineId::new(self.reader(who, circle)?.request().circle.uuid());
        match self.gate.tree_lag(line)? > super::LAG_MAX {
            true => Err(Refused::Later),
            false => Ok(line),
        }
    }
}

async fn logs(State(log): Shared, Extension(caller): Extension<Caller>) -> Result<Response, Refused> {
    let member = member(&caller)?;
    let book = log.gate.book();
    let told = |circle: &policy::Circle| Told {
        circle: circle.id.to_string(),
        handle: circle.handle.clone(),
        origin: log.gate.key().origin(LineId::new(circle.id.uuid())),
        reads: reads(&book, member, circle),
    };
    let logs = book.circles_of(member).into_iter().map(told).collect();
    Ok(([(header::CACHE_CONTROL, NEVER)], Json(Logs { logs })).into_response())
}

async fn checkpoint(State(log): Shared, who: Who, Path(circle): Path<String>) -> Result<Response, Refused> {
    reading(move || {
        let line = log.line(who, &circle)?;
        let note = log.cosigned.newest(&log.gate, line, (log.now)())?.note;
        let media_type = HeaderValue::from_static("text/plain; charset=utf-8");
        let headers =
            [(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, HeaderValue::from_static(NEVER))];
        Ok((headers, note).into_response())
    })
    .await
}

async fn tile(
    State(log): Shared,
    who: Who,
    Path((circle, path)): Path<(String, String)>,
) -> Result<Response, Refused> {
    reading(move || {
        let line = log.line(who, &circle)?;
        let tile = Tile::parse(&path).ok_or(Refused::Absent)?;
        let hashes = log.gate.tile(line, &tile)?.ok_or(Refused::Absent)?;
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
            (header::CACHE_CONTROL, HeaderValue::from_static(FOREVER)),
        ];
        Ok((headers, hashes.as_flattened().to_vec()).into_response())
    })
    .await
}

/// The objects that a question names.
fn wanted(question: &Question) -> Result<Vec<(ObjectId, Option<Timestamp>)>, Refused> {
    const TOO_MANY: &str = "Openings of at most 1000 objects are asked for at once.\n";
    const NO_OBJECT: &str = "An object is named by its id, and by its version as a STIX timestamp.\n";
    if question.objects.len() > OBJECTS_MAX {
        return Err(Refused::Malformed(TOO_MANY));
    }
    let one = |wanted: &super::Wanted| {
        let id = ObjectId::parse(&wanted.id).ok()?;
        let version = wanted.version.as_deref().map(Timestamp::parse).transpose().ok()?;
        Some((id, version))
    };
    question.objects.iter().map(|wanted| one(wanted).ok_or(Refused::Malformed(NO_OBJECT))).collect()
}

async fn openings(
    State(log): Shared,
    who: Who,
    Path(circle): Path<String>,
    question: Result<Json<Question>, axum::extract::rejection::JsonRejection>,
) -> Result<Response, Refused> {
    reading(move || {
        let reader = log.reader(who, &circle)?;
        let request = reader.request();
        let book = log.gate.book();
        let circle = book.circle(request.circle).filter(|circle| reads(&book, request.member, circle));
        circle.ok_or(Refused::Absent)?;
        let Json(question) = question.map_err(|_| {
            Refused::Malformed("That is no question for openings; docs/transparency.md has the form.\n")
        })?;
        let wanted = wanted(&question)?;
        let (openings, more) = reader.openings(&wanted)?;
        let opened: HashSet<&ObjectId> = openings.iter().map(|opening| &opening.get().id).collect();
        let lacking: Vec<ObjectId> =
            wanted.iter().map(|(id, _)| id).filter(|id| !opened.contains(id)).cloned().collect();
        let erased = match lacking.is_empty() {
            true => Vec::new(),
            false => reader.erased(&lacking)?,
        };
        let erased =
            erased.into_iter().map(|(id, seq)| Erased { id: id.to_string(), number: seq.0 }).collect();
        let openings = openings.iter().map(|opening| Opening::from(opening.get())).collect();
        Ok(([(header::CACHE_CONTROL, "no-store")], Json(Opened { openings, more, erased })).into_response())
    })
    .await
}
