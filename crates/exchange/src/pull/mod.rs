//! What a node takes from others by itself: the client side of the protocols.
//!
//! [`Http`] asks other servers and trusts none of them: answers have a size, redirections stay where they are, a busy
//! server is waited for as it asks, and what can't be repeated is not. [`taxii`] walks a TAXII 2.1 collection with it, a
//! page at a time; after each page the caller gets a [`taxii::Cursor`] to keep beside what it took in, so that a walk that
//! breaks off is taken up there. Objects may come twice (whoever takes them in knows them by then), and none is left out.
//! [`rpc`] calls methods over JSON-RPC, one or many at once, as the nodes of chains have it; [`electrum`] does so over one connection, a
//! line a message, as Electrum's servers have it.
//!
//! The clock is handed in; nothing here writes to a line or decides what is taken.

pub mod electrum;
mod error;
mod http;
mod reach;
mod revoked;
pub mod rpc;
pub mod taxii;

pub use error::PullError;
pub(crate) use http::shown;
pub use http::{Answer, Credentials, Http, Limits, Now, Remote, retry_after};
pub use reach::Reach;
pub use reqwest::Url;
