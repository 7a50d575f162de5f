//! Where a feed lies: in a folder, or behind an address.

use std::path::PathBuf;

use reqwest::header::{HeaderMap, IF_NONE_MATCH, RETRY_AFTER};
use reqwest::{Client, StatusCode, Url};
use std::time::Duration;
use tokio::io::AsyncReadExt as _;

use super::pull::{EVENTS_MAX, LIST_BYTES_MAX, PullError};

/// Time to connect, and time in which something must come.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
const READ_TIMEOUT: Duration = Duration::from_secs(60);
/// Longest wait that a source can ask for, in seconds.
const RETRY_AFTER_S_MAX: u64 = 24 * 60 * 60;

/// Where a feed lies. Cheap to clone.
#[derive(Debug, Clone)]
pub enum Source {
    /// A folder of this machine, with the files of a static feed.
    Folder(PathBuf),
    /// An address, such as `https://feeds.example/osint/`.
    Remote(Remote),
}

/// A feed behind an address.
#[derive(Debug, Clone)]
pub struct Remote {
    client: Client,
    base: Url,
    headers: HeaderMap,
}

/// What was got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Got {
    /// It is there.
    Here {
        text: String,
        /// Its entity tag, if it has one.
        tag: Option<String>,
    },
    /// It is what it was under the tag that was shown.
    Unchanged,
    /// There is no such file.
    Absent,
}

impl Remote {
    /// A feed behind `base`, asked with `client` and with `headers` in each request, such as `Authorization`.
    ///
    /// `base` is the feed's folder; the name of its manifest at the end does not matter.
    #[must_use]
    pub fn new(client: Client, mut base: Url, headers: HeaderMap) -> Self {
        let path = base.path().trim_end_matches("manifest.json").trim_end_matches('/');
        let folder = format!("{path}/");
        base.set_path(&folder);
        Self { client, base, headers }
    }

    /// A client with the limits of this module and with the one provider of TLS that this program has.
    ///
    /// # Errors
    /// The client can't be made, as when the machine's certificates can't be read.
    pub fn client() -> Result<Client, reqwest::Error> {
        crate::pull::http::client(CONNECT_TIMEOUT, READ_TIMEOUT).build()
    }

    async fn get(&self, name: &str, tag: Option<&str>, bytes_max: usize) -> Result<Got, PullError> {
        let url = self.base.join(name).map_err(|error| self.failed(name, &error.to_string(), None))?;
        let mut request = self.client.get(url).headers(self.headers.clone());
        if let Some(tag) = tag {
            request = request.header(IF_NONE_MATCH, tag);
        }
        let broken = |error: reqwest::Error| self.failed(name, &why(&error), None);
        let mut response = request.send().await.map_err(broken)?;
        match response.status() {
            StatusCode::NOT_MODIFIED if tag.is_some() => return Ok(Got::Unchanged),
            StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(Got::Absent),
            StatusCode::OK => {}
            status => {
                let told = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
                let retry = told.and_then(|told| told.parse::<u64>().ok()).map(|s| s.min(RETRY_AFTER_S_MAX));
                return Err(self.failed(name, &format!("the answer is {status}"), Some((status, retry))));
            }
        }
        let tag = response
            .headers()
            .get(reqwest::header::ETAG)
            .and_then(|tag| tag.to_str().ok())
            .map(str::to_owned);
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if bytes.len() + chunk.len() > bytes_max {
                return Err(self.failed(name, &format!("longer than {bytes_max} bytes"), None));
            }
            bytes.extend_from_slice(&chunk);
        }
        let text = String::from_utf8(bytes);
        text.map(|text| Got::Here { text, tag }).map_err(|_| self.failed(name, "not UTF-8", None))
    }

    fn failed(&self, name: &str, why: &str, told: Option<(StatusCode, Option<u64>)>) -> PullError {
        let (status, retry_after_s) = told.unzip();
        PullError::Source {
            place: format!("{}{name}", self.base),
            why: why.to_owned(),
            status: status.map(|status| status.as_u16()),
            retry_after_s: retry_after_s.flatten(),
        }
    }
}

/// An error with what lies behind it, which is what tells what to do.
fn why(error: &reqwest::Error) -> String {
    let (mut text, mut source) = (error.to_string(), std::error::Error::source(error));
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}

impl Source {
    /// Where a file of the feed lies, for people.
    pub(super) fn place(&self, name: &str) -> String {
        match self {
            Self::Folder(folder) => folder.join(name).display().to_string(),
            Self::Remote(remote) => format!("{}{name}", remote.base),
        }
    }

    pub(super) async fn get(
        &self,
        name: &str,
        tag: Option<&str>,
        bytes_max: usize,
    ) -> Result<Got, PullError> {
        let folder = match self {
            Self::Remote(remote) => return remote.get(name, tag, bytes_max).await,
            Self::Folder(folder) => folder,
        };
        let failed = |why: String| PullError::Source {
            place: folder.join(name).display().to_string(),
            why,
            status: None,
            retry_after_s: None,
        };
        let file = match tokio::fs::File::open(folder.join(name)).await {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Got::Absent),
            Err(error) => return Err(failed(error.to_string())),
        };
        let (mut bytes, limit) = (Vec::new(), u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1));
        file.take(limit).read_to_end(&mut bytes).await.map_err(|error| failed(error.to_string()))?;
        if bytes.len() > bytes_max {
            return Err(failed(format!("longer than {bytes_max} bytes")));
        }
        let text = String::from_utf8(bytes).map_err(|_| failed("not UTF-8".to_owned()))?;
        Ok(Got::Here { text, tag: None })
    }

    /// A text in which the feed's files are named: the folder's page, or the names of the files in a folder.
    pub(super) async fn listing(&self) -> Result<String, PullError> {
        let folder = match self {
            Self::Remote(remote) => {
                let page = remote.get("", None, LIST_BYTES_MAX).await?;
                return Ok(match page {
                    Got::Here { text, .. } => text,
                    Got::Unchanged | Got::Absent => String::new(),
                });
            }
            Self::Folder(folder) => folder,
        };
        let failed = |error: std::io::Error| PullError::Source {
            place: folder.display().to_string(),
            why: error.to_string(),
            status: None,
            retry_after_s: None,
        };
        let (mut names, mut count) = (String::new(), 0);
        let mut entries = tokio::fs::read_dir(folder).await.map_err(failed)?;
        while let Some(entry) = entries.next_entry().await.map_err(failed)? {
            names.push_str(&entry.file_name().to_string_lossy());
            names.push('\n');
            count += 1;
            if count > EVENTS_MAX {
                return Err(PullError::TooMany);
            }
        }
        Ok(names)
    }
}
