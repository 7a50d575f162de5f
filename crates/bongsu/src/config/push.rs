//! What the node sends by itself: webhooks, and mails.

use serde::Deserialize;

/// Webhooks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Push {
    /// Hosts of webhooks that may be at an address that is not public: names or addresses, without ports.
    pub allow_hosts: Vec<String>,
    /// Authorities that are trusted for the certificates of webhooks instead of the system's, PEM.
    pub ca_file: Option<std::path::PathBuf>,
}
