//! Where events lie: in a folder or behind an address with the files of a feed, or in a MISP.

use std::path::{Path, PathBuf};

use http::StatusCode;
use reqwest::Url;
use tokio::io::AsyncReadExt as _;
use uuid::Uuid;

use super::walk::{EVENTS_MAX, WalkError};
use crate::pull::{Http, PullError, shown};

/// Longest file of a folder, in bytes. What servers answer is bounded by their [`Limits`](crate::pull::Limits).
pub const FILE_BYTES_MAX: usize = 128 * 1024 * 1024;
/// What is asked for; static servers know no better than to call it a text.
const ACCEPT: &str = "application/json, */*;q=0.5";

/// Where events lie. Cheap to clone.
#[derive(Clone)]
pub enum Source {
    /// A folder of this machine, with the files of a feed.
    Folder(PathBuf),
    /// An address with the files of a feed, such as `https://feeds.example/osint/`.
    Feed(Remote),
    /// A MISP, or what answers as one: the address that its own pages have.
    Server(Remote),
}

/// What is behind an address.
#[derive(Clone)]
pub struct Remote {
    http: Http,
    base: Url,
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
    /// What is behind `base`, asked with `http`. The name of a manifest at the end of a feed's address does not matter.
    #[must_use]
    pub fn new(http: Http, mut base: Url) -> Self {
        let path = base.path().trim_end_matches("manifest.json").trim_end_matches('/');
        let folder = format!("{path}/");
        base.set_path(&folder);
        Self { http, base }
    }

    fn url(&self, name: &str) -> Result<Url, WalkError> {
        self.base.join(name).map_err(|error| WalkError::List {
            place: format!("{}{name}", self.base),
            why: error.to_string(),
        })
    }

    async fn get(&self, name: &str, tag: Option<&str>) -> Result<Got, WalkError> {
        let url = self.url(name)?;
        match self.http.get_newer(&url, ACCEPT, tag).await {
            Ok(None) => Ok(Got::Unchanged),
            Ok(Some(answer)) => {
                let tag = answer.header("etag").map(str::to_owned);
                Ok(Got::Here { text: text(&url, answer.body)?, tag })
            }
            Err(PullError::Refused { status, .. })
                if [StatusCode::NOT_FOUND, StatusCode::GONE].map(|one| one.as_u16()).contains(&status) =>
            {
                Ok(Got::Absent)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn index(&self) -> Result<String, WalkError> {
        let url = self.url("events/index")?;
        let body = r#"{"minimal":1,"published":1}"#;
        let answer = self.http.post(&url, "application/json", "application/json", body).await?;
        text(&url, answer.body)
    }
}

fn text(url: &Url, body: Vec<u8>) -> Result<String, WalkError> {
    let wrong = |_| PullError::Malformed { url: shown(url), what: "it is not UTF-8".to_owned() };
    Ok(String::from_utf8(body).map_err(wrong)?)
}

impl Source {
    /// Where a file lies, for people.
    pub(super) fn place(&self, name: &str) -> String {
        match self {
            Self::Folder(folder) => folder.join(name).display().to_string(),
            Self::Feed(remote) | Self::Server(remote) => {
                format!("{}{name}", shown(&remote.base))
            }
        }
    }

    /// One of a feed's files.
    pub(super) async fn file(&self, name: &str, tag: Option<&str>) -> Result<Got, WalkError> {
        match self {
            Self::Folder(folder) => read(folder, name).await,
            Self::Feed(remote) | Self::Server(remote) => remote.get(name, tag).await,
        }
    }

    /// One event. A MISP is asked for what was deleted as well, so that it is learnt of.
    pub(super) async fn event(&self, uuid: Uuid, tag: Option<&str>) -> Result<Got, WalkError> {
        match self {
            Self::Server(remote) => {
                remote.get(&format!("events/view/{uuid}/deleted[]:0/deleted[]:1"), tag).await
            }
            _ => self.file(&format!("{uuid}.json"), tag).await,
        }
    }

    /// A text in which the feed's files are named: the folder's page, or the names of the files in a folder.
    pub(super) async fn listing(&self) -> Result<String, WalkError> {
        let folder = match self {
            Self::Folder(folder) => folder,
            Self::Feed(remote) | Self::Server(remote) => {
                return Ok(match remote.get("", None).await? {
                    Got::Here { text, .. } => text,
                    Got::Unchanged | Got::Absent => String::new(),
                });
            }
        };
        let (mut names, mut count) = (String::new(), 0);
        let mut entries = tokio::fs::read_dir(folder).await.map_err(|error| failed(folder, &error))?;
        while let Some(entry) = entries.next_entry().await.map_err(|error| failed(folder, &error))? {
            names.push_str(&entry.file_name().to_string_lossy());
            names.push('\n');
            count += 1;
            if count > EVENTS_MAX {
                return Err(WalkError::TooMany);
            }
        }
        Ok(names)
    }

    /// The index of a MISP's published events, as JSON; `None` if this is no MISP.
    ///
    /// Source: MISP 2.5, `ServerSyncTool::eventIndex`.
    pub(super) async fn index(&self) -> Option<Result<String, WalkError>> {
        match self {
            Self::Server(remote) => Some(remote.index().await),
            Self::Folder(_) | Self::Feed(_) => None,
        }
    }
}

fn failed(place: &Path, why: &dyn std::fmt::Display) -> WalkError {
    WalkError::Folder { place: place.display().to_string(), why: why.to_string() }
}

async fn read(folder: &Path, name: &str) -> Result<Got, WalkError> {
    let path = folder.join(name);
    let file = match tokio::fs::File::open(&path).await {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Got::Absent),
        Err(error) => return Err(failed(&path, &error)),
    };
    let mut bytes = Vec::new();
    let limit = u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit).read_to_end(&mut bytes).await.map_err(|error| failed(&path, &error))?;
    if bytes.len() > FILE_BYTES_MAX {
        return Err(failed(&path, &format!("it is longer than {FILE_BYTES_MAX} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|_| failed(&path, &"it is not UTF-8"))?;
    Ok(Got::Here { text, tag: None })
}
