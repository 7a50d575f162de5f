//! Federation: other nodes, the agreement under which a circle lies on several of them, and what a node says of a record.
//!
//! A **peer** is another node. A circle that lies on several nodes has an [`Agreement`], which names each member, its home node
//! and its key; it counts once every member has signed it, and what a node adds to its book is a whole [`Agreed`] alone. A
//! [`Statement`] is what a member's home node signs about one record of that member's: who brought it, under which terms, and the
//! hash of its bytes. Nodes in the middle pass statements on as they are, so that nobody but the home can speak for a member.
//!
//! All signatures are those of [`stix::signature`]: a detached JWS over the RFC 8785 form of the JSON.

mod agreement;
mod statement;

pub use agreement::{AGREEMENT_BYTES_MAX, Agreed, Agreement, AgreementError, PARTIES_MAX, Party};
pub use statement::{
    Deed, STATEMENT_BYTES_MAX, STATEMENT_EXTENSION, Statement, StatementError, VERSIONS_MAX,
};

use serde::{Deserialize, Serialize};
use stix::signature::PublicKey;

/// Another node, as this one knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// Its short name, `[a-z0-9-]{1,63}`, unique among peers.
    pub name: String,
    /// Where it is reached; empty if it can't be, and brings what it has itself.
    pub url: String,
    /// The key that it signs with.
    #[serde(with = "crate::stored::public_key")]
    pub key: PublicKey,
    /// SHA-256 of the certificate (DER) that it shows as a client, 32 bytes.
    pub certificate: Vec<u8>,
    /// The authorities that are trusted for its own certificate, PEM; the system's if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorities: Option<String>,
    /// Whether it is brought what is new, because it can't reach this node.
    #[serde(default)]
    pub push: bool,
    /// Whether nothing goes to it and comes from it any more.
    #[serde(default)]
    pub ended: bool,
}
