//! A member's audit of a node: what it received is in the log, the log only grew, and it is the one that witnesses saw.
//!
//! For each circle: the checkpoint's signature is checked, and that it continues the last one seen; enough witnesses must have
//! cosigned it; then all objects that came since the last audit are read over TAXII, as they come to the member's own systems, and
//! each is looked for in the tree. What does not hold is a finding; two checkpoints that can't both be true are evidence, which is
//! kept, and then the last checkpoint that held stays the one that later ones are held against. An audit that breaks off goes on
//! where it was. Nothing here trusts the node but for answering at all.

mod compare;
mod objects;
mod state;
mod tiles;

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gate::{Checkpoint, NoteKey, WitnessKey};
use line::merkle::verify_consistency;
use reqwest::Url;
use serde::Serialize;
use stix::Timestamp;

pub use compare::{CompareError, Compared, compare};
use state::State;
pub use state::StateError;
pub use tiles::{Tiles, TilesError};

use super::{Logs, ROOT, Told};
use crate::pull::{Http, PullError, shown};

/// Findings that are told of one line; the rest is counted.
const FINDINGS_MAX: usize = 100;

/// What is to be audited.
pub struct Asked {
    /// The node's address.
    pub url: Url,
    /// The node's key, which its operator gave some other way.
    pub key: NoteKey,
    /// Only the circle with this handle or UUID; all that the member is in if none is named.
    pub circle: Option<String>,
    /// Witnesses that are believed.
    pub witnesses: Vec<WitnessKey>,
    /// How many of them must have cosigned.
    pub needed: usize,
    /// Where audits are kept.
    pub folder: PathBuf,
}

/// Why an audit could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The node could not be asked.
    #[error(transparent)]
    Pull(#[from] PullError),
    /// What is kept can't be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// There is no such circle.
    #[error("the node knows no circle `{circle}` that you are in")]
    NoCircle {
        /// Which.
        circle: String,
    },
    /// It was told to stop.
    #[error("the audit was stopped; it goes on from there the next time")]
    Stopped,
}

/// A witness's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// The witness.
    pub witness: String,
    /// When it cosigned.
    pub at: String,
}

/// What the audit of one line found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct LineReport {
    /// The circle's handle.
    pub circle: String,
    /// What its checkpoints are of.
    pub origin: String,
    /// Records by the checkpoint.
    pub records: u64,
    /// Records by the checkpoint of the audit before.
    pub before: Option<u64>,
    /// Who has cosigned.
    pub witnesses: Vec<Seen>,
    /// Objects that came and are in the log.
    pub objects: u64,
    /// How many of them are redacted copies.
    pub redacted: u64,
    /// Objects that the node has erased since they were read: their records are in the log, and can't be opened any more.
    #[serde(default)]
    pub erased: u64,
    /// Objects that came after the checkpoint was made: they are looked for the next time.
    pub later: u64,
    /// What does not hold, the first of it.
    pub findings: Vec<String>,
    /// How many findings there are.
    pub findings_count: u64,
    /// Files with evidence.
    pub evidence: Vec<PathBuf>,
}

impl LineReport {
    fn find(&mut self, finding: String) {
        self.findings_count += 1;
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }
}

/// Told how far an audit is (the circle, objects so far); says whether to go on.
pub type Watch<'w> = dyn FnMut(&str, u64) -> bool + 'w;

fn under(url: &Url, parts: &[&str]) -> Url {
    let mut url = url.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(parts);
    }
    url
}

/// Audits a node's lines; gives a report for each.
///
/// # Errors
/// [`AuditError`]: what was found before is kept, and the next audit goes on there.
pub async fn audit(http: &Http, asked: &Asked, watch: &mut Watch<'_>) -> Result<Vec<LineReport>, AuditError> {
    let url = under(&asked.url, &[ROOT.trim_start_matches('/')]);
    let answer = http.get(&url, "application/json").await?;
    let logs: Logs = serde_json::from_slice(&answer.body)
        .map_err(|error| PullError::Malformed { url: shown(&url), what: error.to_string() })?;
    let is_meant = |told: &Told| {
        asked.circle.as_ref().is_none_or(|circle| *circle == told.handle || *circle == told.circle)
    };
    let logs: Vec<Told> = logs.logs.into_iter().filter(is_meant).collect();
    if let Some(circle) = asked.circle.clone().filter(|_| logs.is_empty()) {
        return Err(AuditError::NoCircle { circle });
    }
    let mut reports = Vec::with_capacity(logs.len());
    for told in logs {
        reports.push(line(http, asked, &told, watch).await?);
    }
    Ok(reports)
}

async fn line(
    http: &Http,
    asked: &Asked,
    told: &Told,
    watch: &mut Watch<'_>,
) -> Result<LineReport, AuditError> {
    let mut report = LineReport { circle: told.handle.clone(), ..LineReport::default() };
    // What the audit is of follows from the key and the circle, not from what the node says of it.
    report.origin = format!("{}/line/{}", asked.key.name(), told.circle);
    let state = State::of(&asked.folder, &report.origin);
    let log = under(&asked.url, &[ROOT.trim_start_matches('/'), &told.circle]);
    let note = http.get(&under(&log, &["checkpoint"]), "text/plain").await?.body;
    let note = String::from_utf8_lossy(&note).into_owned();
    let checkpoint = match Checkpoint::read(&note, &asked.key) {
        Ok(checkpoint) if checkpoint.origin == report.origin => checkpoint,
        Ok(other) => {
            report.find(format!("the checkpoint is of another line, {}", other.origin));
            return Ok(report);
        }
        Err(error) => {
            report.find(format!("the checkpoint does not hold: {error}"));
            return Ok(report);
        }
    };
    report.records = checkpoint.size;
    let (witnesses, lacking) = witnessed(&checkpoint, &asked.witnesses, asked.needed);
    report.witnesses = witnesses;
    lacking.into_iter().for_each(|what| report.find(what));
    let known = state.checkpoint()?;
    report.before = known.as_ref().map(|known| known.size);
    let mut tiles = match Tiles::new(http, &log, checkpoint.size, &checkpoint.root).await {
        Ok(tiles) => tiles,
        Err(TilesError::Pull(error)) => return Err(error.into()),
        Err(error) => {
            report.find(error.to_string());
            return Ok(report);
        }
    };
    if let Some(known) = known
        && !continues(&known, &checkpoint, &mut tiles, &state, &mut report).await?
    {
        return Ok(report);
    }
    state.keep_checkpoint(&checkpoint)?;
    if told.reads {
        objects::check(http, asked, told, (&mut tiles, checkpoint.size), &state, &mut report, watch).await?;
    }
    Ok(report)
}

/// Which of these witnesses have cosigned a checkpoint, and what does not hold: a signature, or that there are enough.
pub(super) fn witnessed(
    checkpoint: &Checkpoint,
    witnesses: &[WitnessKey],
    needed: usize,
) -> (Vec<Seen>, Vec<String>) {
    let (mut seen, mut findings) = (Vec::new(), Vec::new());
    for witness in witnesses {
        match witness.signed(checkpoint) {
            Ok(time) => {
                let micros = i64::try_from(time).unwrap_or(i64::MAX).saturating_mul(1_000_000);
                let at = Timestamp::from_micros(micros).to_string();
                seen.push(Seen { witness: witness.name().to_owned(), at });
            }
            Err(gate::NoteError::OtherKey) => {}
            Err(error) => {
                findings.push(format!("what stands as the cosignature of {}: {error}", witness.name()))
            }
        }
    }
    let count = seen.len();
    if count < needed {
        findings.push(format!("{count} of the witnesses have cosigned; {needed} are needed"));
    }
    (seen, findings)
}

/// Whether a checkpoint continues the last one that held. Where it does not, evidence is kept.
async fn continues(
    known: &Checkpoint,
    new: &Checkpoint,
    tiles: &mut Tiles,
    state: &State,
    report: &mut LineReport,
) -> Result<bool, AuditError> {
    if new.size < known.size {
        let what = "the log is shorter than it was: an old backup was put back, or another history is shown";
        report.find(format!("{what} ({} records, before {})", new.size, known.size));
        report.evidence.push(state.keep_evidence(what, known, new, &[])?);
        return Ok(false);
    }
    let (proof, root) = match tiles.consistency(known.size).await {
        Ok(shown) => shown,
        Err(TilesError::Pull(error)) => return Err(error.into()),
        Err(error) => {
            report.find(error.to_string());
            return Ok(false);
        }
    };
    if verify_consistency(known.size, new.size, &known.root, &new.root, &proof) {
        return Ok(true);
    }
    let what = match new.size == known.size {
        true => "two checkpoints of one size with different roots: the node has signed two histories",
        false => "the log does not continue what was signed before: the node has signed two histories",
    };
    report.find(format!("{what} (of the first {} records)", known.size));
    let mut shown: Vec<String> = proof.iter().map(|hash| STANDARD.encode(hash)).collect();
    shown.insert(0, STANDARD.encode(root));
    report.evidence.push(state.keep_evidence(what, known, new, &shown)?);
    Ok(false)
}
