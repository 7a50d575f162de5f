//! Transparency: who witnesses this node's lines, and whose lines this node witnesses.

use crate::exit::Failure;
use crate::pull;
use exchange::pull::{Http, Limits, Reach, Remote, Url};
use exchange::transparency::cosign::WitnessAt;
use gate::{NoteKey, WitnessKey};
use serde::Deserialize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Most witnesses, and most nodes that are witnessed.
const WITNESSES_MAX: usize = 100;

/// Transparency.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Transparency {
    /// Seconds between two times at which witnesses are asked to cosign what has grown.
    pub every_s: u64,
    /// The witnesses that are asked.
    #[serde(rename = "witness")]
    pub witnesses: Vec<Witness>,
    /// The nodes whose lines are witnessed here.
    #[serde(rename = "witness_for")]
    pub witnessed: Vec<Witnessed>,
}

/// A witness.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Witness {
    /// Its address, under which `add-checkpoint` stands.
    pub url: String,
    /// Its key.
    pub key: String,
    /// Authorities that are trusted for its certificate instead of the system's, PEM.
    pub ca_file: Option<PathBuf>,
    /// Its name may lead to an address that is not public.
    #[serde(default)]
    pub inside: bool,
}

/// A node whose lines are witnessed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Witnessed {
    /// Its key.
    pub key: String,
}

impl Default for Transparency {
    fn default() -> Self {
        Self { every_s: 10, witnesses: Vec::new(), witnessed: Vec::new() }
    }
}

/// Asking a witness must not hold the others up.
const LIMITS: Limits = Limits {
    answer_bytes_max: 64 * 1024,
    connect_timeout: Duration::from_secs(5),
    read_timeout: Duration::from_secs(10),
    answer_timeout: Duration::from_secs(20),
    attempts: 2,
    wait_first: Duration::from_millis(500),
    wait_max: Duration::from_secs(2),
};

impl Witness {
    fn parts(&self) -> Result<(Url, WitnessKey), Failure> {
        let wrong = |what: &str| Failure::usage(format!("transparency.witness `{}`: {what}", self.url));
        let url = self.url.parse::<Url>().ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let url =
            url.ok_or_else(|| wrong("that is no address").hint("such as https://watch.example/witness"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("its url has a user or password in it; witnesses take none"));
        }
        let key = self.key.parse().map_err(|_| {
            wrong("its key is none").hint("`bongsu audit key` on the witness shows it, as the second of two")
        })?;
        Ok((url, key))
    }
}

impl Transparency {
    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.every_s == 0 {
            return Err(Failure::usage(
                "transparency.every_s is 0: witnesses would be asked without a pause",
            ));
        }
        if self.witnesses.len().max(self.witnessed.len()) > WITNESSES_MAX {
            return Err(Failure::usage(format!(
                "transparency: more than {WITNESSES_MAX} witnesses, or nodes to witness"
            )));
        }
        self.witnesses.iter().try_for_each(|witness| witness.parts().map(drop))?;
        self.logs().map(drop)
    }

    /// The keys of the nodes whose lines are witnessed.
    ///
    /// # Errors
    /// When one is none.
    pub(crate) fn logs(&self) -> Result<Vec<NoteKey>, Failure> {
        let keys = self.witnessed.iter().map(|witnessed| {
            witnessed.key.parse::<NoteKey>().map_err(|_| {
                Failure::usage(format!("transparency.witness_for: `{}` is no key of a node", witnessed.key))
                    .hint("`bongsu audit key` on that node shows it, as the first of two")
            })
        });
        keys.collect()
    }

    /// The witnesses, ready to be asked.
    ///
    /// # Errors
    /// When the authorities of one can't be read.
    pub(crate) fn ask(&self) -> Result<Vec<WitnessAt>, Failure> {
        let ready = |witness: &Witness| {
            let (url, key) = witness.parts()?;
            let authorities = witness.ca_file.as_deref().map(pull::file).transpose()?;
            let reach = if witness.inside { Reach::Anywhere } else { Reach::Outside };
            let remote = Remote { authorities, limits: LIMITS, reach, ..Remote::default() };
            let http = Http::new(remote, Arc::new(crate::node::now));
            let http = http.map_err(|error| Failure::new(format!("witness {}: {error}", key.name())))?;
            Ok(WitnessAt { url, key, http })
        };
        self.witnesses.iter().map(ready).collect()
    }
}
