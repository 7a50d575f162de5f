//! Protocols in and out: a TAXII 2.1 server and client, MISP both ways, and readers for files of other formats.

mod created;
pub mod misp;
pub mod persona;
pub mod pull;
pub mod read;
mod receipt;
pub mod taxii;
pub mod transparency;
pub mod webhook;

pub use created::keep_created;

/// What programs can ask these protocols' servers, each with its name. Source: OpenAPI Specification 3.1.0.
pub const OPENAPI: [(&str, &str); 4] = [
    ("taxii", include_str!("taxii/openapi.json")),
    ("misp", include_str!("misp/rest/openapi.json")),
    ("persona", include_str!("persona/openapi.json")),
    ("log", include_str!("transparency/openapi.json")),
];

/// After how many seconds it is worth sending again what came while more waited to be written than may.
const BUSY_S: u64 = 5;
/// What a partner is told where nothing can be kept.
const FULL: &str = "This node's disk is full: nothing of this was kept. Its operators must make room; then send it again, which is safe.";
