//! A node that is asked over the network as a member does.

use crate::cli::NodeAsked;
use crate::exit::Failure;
use crate::{node, pull};
use exchange::pull::{Credentials, Http, Limits, PullError, Reach, Remote, Url};
use std::sync::Arc;
use std::time::Duration;

/// The variable with the token.
const TOKEN: &str = "BONGSU_TOKEN";

/// The longest wait for an allowance: a whole question costs some minutes of it.
const WAIT_MAX: Duration = Duration::from_secs(3_600);

/// Such a node.
pub(crate) struct Node {
    http: Http,
    root: Url,
    runtime: tokio::runtime::Runtime,
}

impl Node {
    /// Makes ready to ask.
    ///
    /// # Errors
    /// When the address is none, or the token or the authorities can't be read.
    pub(crate) fn new(asked: &NodeAsked) -> Result<Self, Failure> {
        Self::with(asked, Limits { attempts: 20, wait_max: WAIT_MAX, ..Limits::default() })
    }

    /// As [`Node::new`], with other limits.
    ///
    /// # Errors
    /// As [`Node::new`].
    pub(crate) fn with(asked: &NodeAsked, limits: Limits) -> Result<Self, Failure> {
        let named = asked.url.as_deref().unwrap_or_default();
        let root = named.parse::<Url>().ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let root = root.ok_or_else(|| {
            Failure::usage(format!("--node: `{named}` is no address"))
                .hint("name it as in a browser, such as https://tower.example.org")
        })?;
        let token = match (&asked.token_file, std::env::var(TOKEN)) {
            (Some(path), _) => String::from_utf8_lossy(&pull::file(path)?).trim().to_owned(),
            (None, Ok(token)) => token.trim().to_owned(),
            (None, Err(_)) => {
                return Err(Failure::usage("no token says who asks")
                    .hint("name a file with --token-file, or set BONGSU_TOKEN in the environment"));
            }
        };
        let authorities = asked.ca_file.as_deref().map(pull::file).transpose()?;
        let credentials = Credentials::Bearer { token };
        let remote = Remote { credentials, authorities, limits, reach: Reach::Anywhere, ..Remote::default() };
        let http = Http::new(remote, Arc::new(node::now)).map_err(|error| Failure::new(error.to_string()))?;
        Ok(Self { http, root, runtime: pull::runtime()? })
    }

    /// What asks it, and its address.
    pub(crate) const fn parts(&self) -> (&Http, &Url) {
        (&self.http, &self.root)
    }

    /// Waits for what asks it.
    pub(crate) fn wait<T>(&self, asked: impl Future<Output = T>) -> T {
        self.runtime.block_on(asked)
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.root.clone();
        url.set_path(&format!("{}/{path}", self.root.path().trim_end_matches('/')));
        url.set_query(None);
        url
    }

    /// Gets what stands under `path`, unless it has the tag `known` still.
    ///
    /// # Errors
    /// [`PullError`].
    pub(crate) fn get(&self, path: &str, known: Option<&str>) -> Result<Option<Vec<u8>>, PullError> {
        let url = self.url(path);
        let asked = self.http.get_newer(&url, "application/octet-stream", known);
        Ok(self.runtime.block_on(asked)?.map(|answer| answer.body))
    }

    /// Posts JSON to `path`, for what can be repeated.
    ///
    /// # Errors
    /// [`PullError`].
    pub(crate) fn post(&self, path: &str, body: &str) -> Result<Vec<u8>, PullError> {
        let form = "application/json";
        Ok(self.runtime.block_on(self.http.post(&self.url(path), form, form, body))?.body)
    }
}

/// A refusal as it is told, with what to do where that is known.
pub(crate) fn told(error: &PullError) -> Failure {
    let failure = Failure::new(error.to_string());
    match error.status() {
        Some(401) => {
            failure.hint("is the token right, and does it hold? the node's operator can issue another")
        }
        Some(410) => failure.hint("leave --as-is out, so that the filter is fetched again"),
        Some(429 | 503) => failure.hint("wait, or ask for fewer values at a time"),
        _ => failure,
    }
}
