//! The checkpoints of two members, held side by side: whether a node has shown them one history.
//!
//! Two of one size are compared as they are. Of two sizes, the node's own tiles must show that the larger continues the smaller;
//! a node that showed two histories can do so for neither.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gate::{Checkpoint, NoteError, NoteKey};
use line::merkle::{Hash, verify_consistency};
use reqwest::Url;
use serde::Serialize;

use super::tiles::{Tiles, TilesError};
use crate::pull::{Http, PullError};

/// Why two checkpoints can't be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// One is not what the node signed.
    #[error("the {which} checkpoint does not hold: {source}")]
    Note {
        /// Which.
        which: &'static str,
        /// Why.
        source: NoteError,
    },
    /// They are of two lines.
    #[error("they are of two lines: {first} and {second}")]
    Lines {
        /// The first one's.
        first: String,
        /// The second one's.
        second: String,
    },
    /// The node has to be asked, and nobody said where it is.
    #[error(
        "they are of {first} and {second} records: only the node's log shows whether one continues the other"
    )]
    Sizes {
        /// Records of the first.
        first: u64,
        /// Records of the second.
        second: u64,
    },
    /// The node could not be asked.
    #[error(transparent)]
    Pull(#[from] PullError),
}

/// What comparing gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Compared {
    /// They are of one history.
    One,
    /// They are of two: both are signed, so together they are evidence.
    Two {
        /// What shows it.
        what: String,
        /// The root of the smaller size by the larger one's log, and the proof, in base64; empty where both are of one size.
        proof: Vec<String>,
    },
    /// The node's log does not lead to the larger one: it shows another history than it signed.
    NotShown {
        /// What is wrong.
        what: String,
    },
}

/// Compares two checkpoints of a node. For two sizes, `node` says how to ask it and where.
///
/// # Errors
/// [`CompareError`].
pub async fn compare(
    first: &str,
    second: &str,
    key: &NoteKey,
    node: Option<(&Http, &Url)>,
) -> Result<Compared, CompareError> {
    let read =
        |note, which| Checkpoint::read(note, key).map_err(|source| CompareError::Note { which, source });
    let (first, second) = (read(first, "first")?, read(second, "second")?);
    if first.origin != second.origin {
        return Err(CompareError::Lines { first: first.origin, second: second.origin });
    }
    if first.size == second.size {
        return Ok(match first.root == second.root {
            true => Compared::One,
            false => Compared::Two {
                what: format!("two checkpoints of {} records with different roots", first.size),
                proof: Vec::new(),
            },
        });
    }
    let (http, url) = node.ok_or(CompareError::Sizes { first: first.size, second: second.size })?;
    let (old, new) = if first.size < second.size { (first, second) } else { (second, first) };
    let circle = new.origin.rsplit('/').next().unwrap_or_default();
    let log = super::under(url, &["log", circle]);
    let shown: Result<(Vec<Hash>, Hash), TilesError> = async {
        let mut tiles = Tiles::new(http, &log, new.size, &new.root).await?;
        tiles.consistency(old.size).await
    }
    .await;
    match shown {
        Ok((proof, _)) if verify_consistency(old.size, new.size, &old.root, &new.root, &proof) => {
            Ok(Compared::One)
        }
        Ok((proof, root)) => {
            let what = format!("the log of {} records has another root for its first {}", new.size, old.size);
            let proof = std::iter::once(root).chain(proof).map(|hash| STANDARD.encode(hash)).collect();
            Ok(Compared::Two { what, proof })
        }
        // A log that is shorter than what it signed has no such tiles.
        Err(TilesError::Pull(PullError::Refused { status: 404, .. })) => {
            Ok(Compared::NotShown { what: "the node's log is shorter than what it signed".to_owned() })
        }
        Err(TilesError::Pull(error)) => Err(error.into()),
        Err(error @ TilesError::Foreign { .. }) => Ok(Compared::NotShown { what: error.to_string() }),
    }
}
