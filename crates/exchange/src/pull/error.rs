//! Why another server gave nothing, whatever the protocol.

use std::time::Duration;

/// Why another server gave nothing.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum PullError {
    /// What was configured can't be used. Trying again is of no use.
    #[error("{what}")]
    Unusable {
        /// What, and why.
        what: String,
    },
    /// No answer came, or it broke off. Trying again is safe.
    #[error("{url} gives no answer: {why}")]
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        why: String,
    },
    /// The server asks to come back later.
    #[error("{url} is busy ({status}) and asks to come back in {} s", after.as_secs())]
    Busy {
        /// Where.
        url: String,
        /// What it answered.
        status: u16,
        /// After how long.
        after: Duration,
    },
    /// The server refuses.
    #[error("{url} refuses: {status} {reason}")]
    Refused {
        /// Where.
        url: String,
        /// What it answered.
        status: u16,
        /// Its reason.
        reason: String,
    },
    /// It redirects to another host, where credentials don't go.
    #[error(
        "{url} redirects to {to}, another host, where this node's credentials do not go: configure that address if it is meant"
    )]
    Redirected {
        /// Where.
        url: String,
        /// Where to.
        to: String,
    },
    /// The address is not a public one, and not allowed by name.
    #[error(
        "{host} is {why}: requests go to public addresses alone, unless the host is allowed by name (`push.allow_hosts`; `inside` of a source)"
    )]
    NotPublic {
        /// The host.
        host: String,
        /// What it is.
        why: String,
    },
    /// The answer is longer than what is put up with.
    #[error("the answer of {url} is longer than {limit_bytes} bytes")]
    TooLarge {
        /// Where.
        url: String,
        /// The limit.
        limit_bytes: usize,
    },
    /// The server speaks TAXII 2.0.
    #[error(
        "{url} speaks TAXII 2.0; this node speaks 2.1: ask its operator for the address of a TAXII 2.1 API root"
    )]
    OldTaxii {
        /// Where.
        url: String,
    },
    /// The answer is not what the protocol says.
    #[error("{url} answers what the protocol does not know: {what}")]
    Malformed {
        /// Where.
        url: String,
        /// What is wrong.
        what: String,
    },
}

impl PullError {
    /// Whether the same request may do better later.
    #[must_use]
    pub const fn passes(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Busy { .. })
            || matches!(self, Self::Refused { status, .. } if *status >= 500)
    }

    /// The status with which the server refused.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } | Self::Busy { status, .. } => Some(*status),
            _ => None,
        }
    }
}
