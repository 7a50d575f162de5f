//! Pages that are open learn at once that a line of theirs has grown, and ask for themselves anew: `GET /live`, server-sent events.
//!
//! An event says which circles' lines grew and how long they are, which their members may know, and nothing of what came. A browser that
//! is not told looks no worse: pages are made anew whenever they are asked for.
//!
//! Source: WHATWG HTML, section 9.2 (Server-sent events).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use deliver::push::events::streamed;
use http::StatusCode;
use line::LineId;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::Instant;

use super::{Pages, Shared, Viewer, Who, objects};

/// Pages that are told at a time.
const OPEN_MAX: usize = 256;
/// Changes that come within this time are told together.
const GATHERED: Duration = Duration::from_millis(100);
/// How often a page hears something, so that neither side takes the connection for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Time in which a page must take what is sent.
const TAKEN_WITHIN: Duration = Duration::from_secs(30);
/// How long a connection lasts; the page comes back, and who it is is looked at again.
const LASTS: Duration = Duration::from_secs(10 * 60);
/// How long a page is asked to wait before it comes back, in milliseconds.
const RETRY_MS: u32 = 2_000;

/// What open pages share.
pub struct Live {
    pulse: watch::Receiver<u64>,
    stopped: watch::Receiver<bool>,
    places: Arc<Semaphore>,
}

impl Live {
    /// Follows `pulse`, which counts up when lines may have grown, until `stopped` turns true.
    #[must_use]
    pub fn new(pulse: watch::Receiver<u64>, stopped: watch::Receiver<bool>) -> Self {
        Self { pulse, stopped, places: Arc::new(Semaphore::new(OPEN_MAX)) }
    }
}

pub(super) async fn events(State(pages): Shared, who: Who) -> Response {
    let Ok(place) = Arc::clone(&pages.live.places).try_acquire_owned() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    // One piece waits at most: the next is made when it was taken.
    let (to, from) = mpsc::channel(1);
    let (pulse, stopped) = (pages.live.pulse.clone(), pages.live.stopped.clone());
    tokio::spawn(tell(pages, Viewer::of(who), to, (pulse, stopped), place));
    streamed(from)
}

/// How long the lines of the viewer's circles are, by their handles.
fn heads(pages: &Pages, viewer: &Viewer) -> BTreeMap<String, u64> {
    let book = pages.gate.book();
    let head = |circle: &policy::Circle| {
        let head = pages.gate.store().look(LineId::new(circle.id.uuid()), |catalogue| catalogue.head().0);
        (circle.handle.clone(), head.unwrap_or_default())
    };
    objects::circles(&book, viewer).into_iter().map(head).collect()
}

async fn tell(
    pages: Arc<Pages>,
    viewer: Viewer,
    to: mpsc::Sender<bytes::Bytes>,
    (mut pulse, mut stopped): (watch::Receiver<u64>, watch::Receiver<bool>),
    _place: OwnedSemaphorePermit,
) {
    let ends = Instant::now() + LASTS;
    let mut told = heads(&pages, &viewer);
    let send = async |text: String| to.send_timeout(text.into(), TAKEN_WITHIN).await.is_ok();
    if !send(format!("retry: {RETRY_MS}\n\n")).await {
        return;
    }
    while !*stopped.borrow_and_update() && Instant::now() < ends {
        tokio::select! {
            changed = pulse.changed() => {
                if changed.is_err() { return }
                tokio::time::sleep(GATHERED).await;
                let now = heads(&pages, &viewer);
                let grown: BTreeMap<&String, &u64> =
                    now.iter().filter(|(circle, head)| told.get(*circle) != Some(head)).collect();
                if grown.is_empty() { continue }
                let text = format!("event: grown\ndata: {}\n\n", json!(grown));
                if !send(text).await { return }
                told = now;
            }
            () = tokio::time::sleep(HEARTBEAT) => {
                if !send(":\n\n".to_owned()).await { return }
            }
            () = to.closed() => return,
            _ = stopped.changed() => return,
        }
    }
}
