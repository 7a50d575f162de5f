//! The TAXII 2.1 server: a circle is a collection, a member's view of it is what the collection holds.
//!
//! Who asks and over what channel comes with the request ([`policy::Caller`], [`policy::Channel`]), put there by the
//! log-in layer. Everything that goes out comes from a [`gate::Reader`]; this module knows the protocol and decides
//! nothing. A circle that is not there and one that the member is not in are answered alike.
//!
//! Source: OASIS TAXII 2.1; section numbers stand at each resource.

mod collections;
mod error;
mod lasting;
mod media;
mod names;
mod objects;
mod params;
mod post;
mod seen;
mod status;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{MethodRouter, get};
use gate::Gate;
use line::Beside;
use stix::Timestamp;

pub use error::TaxiiError;
pub use media::TAXII;
use status::Statuses;
pub use status::{STATUSES, STATUSES_WAITING};

/// Where the one API root stands.
pub const API_ROOT: &str = "/api/";
/// Most objects in a page; a client that asks for more gets so many.
pub const PAGE_OBJECTS_MAX: usize = 10_000;
/// Objects in a page when the client names no limit.
pub const PAGE_OBJECTS_DEFAULT: usize = 1_000;
/// Bytes of objects after which a page ends, whatever its limit; one object may be longer.
pub const PAGE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// How receipts of reading a collection begin.
const PROTOCOL: &str = "taxii";

/// What the server is made of.
pub struct Taxii {
    /// The door to the circles.
    pub gate: Gate,
    /// The clock.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Most bytes of a request's body.
    pub body_bytes_max: usize,
    /// The node's title in discovery.
    pub title: String,
    /// Whom to reach, in discovery.
    pub contact: Option<String>,
    /// Where statuses lie.
    pub statuses: StatusesIn,
}

/// Where statuses lie that are to be there when they are asked for.
#[derive(Clone, Default)]
pub enum StatusesIn {
    /// In memory alone: none outlives the process.
    #[default]
    Memory,
    /// Those in which something waits in files of this folder, so that they outlive the process.
    Folder(PathBuf),
    /// All in the database, where several nodes serve beside it; those that came before lie in the folder.
    Database(Beside, PathBuf),
}

struct State {
    taxii: Taxii,
    statuses: Statuses,
}

type Shared = axum::extract::State<Arc<State>>;

/// The routes of the server, with and without a slash at the end.
pub fn router(mut taxii: Taxii) -> Router {
    let body_bytes_max = taxii.body_bytes_max;
    let statuses = Statuses::new(std::mem::take(&mut taxii.statuses));
    let state = Arc::new(State { taxii, statuses });
    let routes: [(&str, MethodRouter<Arc<State>>); 9] = [
        ("/taxii2", get(collections::discovery)),
        ("/api", get(collections::api_root)),
        ("/api/status/{status}", get(status::read)),
        ("/api/collections", get(collections::list)),
        ("/api/collections/{collection}", get(collections::one)),
        ("/api/collections/{collection}/manifest", get(objects::manifest)),
        ("/api/collections/{collection}/objects", get(objects::page).post(post::objects)),
        ("/api/collections/{collection}/objects/{object}", get(objects::one).delete(post::withdraw)),
        ("/api/collections/{collection}/objects/{object}/versions", get(objects::versions)),
    ];
    let mut router = Router::new();
    for (path, methods) in routes {
        let methods = methods.fallback(error::method_not_allowed);
        router = router.route(path, methods.clone()).route(&format!("{path}/"), methods);
    }
    router
        .fallback(error::no_such_resource)
        .layer(DefaultBodyLimit::max(body_bytes_max))
        .layer(axum::middleware::from_fn(media::negotiate))
        .with_state(state)
}
