//! The node's own checkpoints, cosigned by witnesses: asking for cosignatures, and keeping the newest checkpoint that has some.
//!
//! A line's cosigned checkpoint lies in its tree's folder as the file `cosigned`. Members are given it as long as it is not much
//! older than the line: a log whose witnesses are away is shown without cosignatures rather than not at all, and who demands
//! cosignatures sees that they are missing. Where several nodes serve beside one database, the newest that any of them has got is kept
//! there too, so that who asks one node after another is not shown an older one.

use std::collections::HashMap;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gate::{Checkpoint, Gate, NoteKey, WitnessKey};
use line::{Beside, LineId, Room, Seq, StorageError};
use parking_lot::Mutex;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use stix::Timestamp;

use crate::pull::{Http, PullError};

/// The name of the file.
const FILE: &str = "cosigned";
/// Bytes of it that are read.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// How long a cosigned checkpoint is shown though the line has grown, in microseconds.
const AGE_MICROS_MAX: i64 = 300_000_000;
/// How often one witness is asked in a row: what it says of its size may be old when it is used.
const ROUNDS_MAX: usize = 3;
/// Where all nodes keep the newest ones, by line.
const ROOM: &str = "cosigned";
/// How often a newest one is tried to be kept.
const TRIES: usize = 5;

/// A witness that is asked.
#[derive(Clone)]
pub struct WitnessAt {
    /// Its submission prefix: `add-checkpoint` stands under it.
    pub url: Url,
    /// The key that it cosigns with.
    pub key: WitnessKey,
    /// How it is asked.
    pub http: Http,
}

/// Why a witness has not cosigned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CosignError {
    /// It could not be asked, or refused.
    #[error(transparent)]
    Pull(#[from] PullError),
    /// It has cosigned a larger log of this name than there is here.
    #[error(
        "the witness has cosigned {witnessed} records of this line, and here are {here}: was an old backup put back, or does another node use this key?"
    )]
    Ahead {
        /// Records that it has seen.
        witnessed: u64,
        /// Records that are here.
        here: u64,
    },
    /// Its answer has no cosignature of its key.
    #[error("the witness's answer has no cosignature of its key {key}")]
    NotSigned {
        /// The key.
        key: String,
    },
    /// It goes on naming other sizes.
    #[error("the witness names another size each time")]
    Unsteady,
    /// The log could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The cosigned checkpoints of a node's lines.
#[derive(Default)]
pub struct Cosigned {
    /// Each with when it was made.
    kept: Mutex<HashMap<LineId, Option<(Checkpoint, Timestamp)>>>,
    /// What witnesses have seen last, by line and witness.
    seen: Mutex<HashMap<(LineId, String), u64>>,
    /// Where several nodes serve: the newest that any has got.
    shared: Option<Room>,
}

/// A cosigned checkpoint, as it is kept for all nodes.
#[derive(Serialize, Deserialize)]
struct Kept {
    note: String,
    size: u64,
    made_us: i64,
}

fn file(gate: &Gate, line: LineId) -> PathBuf {
    gate.store().folder().join(gate::TREES).join(line.to_string()).join(FILE)
}

/// The one in the file, if it is there and of this node.
fn read(gate: &Gate, line: LineId) -> Option<Checkpoint> {
    use std::io::Read as _;
    let mut note = String::new();
    std::fs::File::open(file(gate, line)).ok()?.take(FILE_BYTES_MAX).read_to_string(&mut note).ok()?;
    own(gate, line, &note)
}

/// A checkpoint of a line that this node's key has signed.
fn own(gate: &Gate, line: LineId, note: &str) -> Option<Checkpoint> {
    let checkpoint = Checkpoint::read(note, &NoteKey::of(gate.key())).ok()?;
    (checkpoint.origin == gate.key().origin(line)).then_some(checkpoint)
}

/// Whether a line has as many records where they are kept, though this node may not have taken them in yet.
fn has(gate: &Gate, line: LineId, size: u64) -> bool {
    let last = gate.store().records(line, Seq(size.saturating_sub(1)), 1);
    last.is_ok_and(|records| !records.is_empty())
}

impl Cosigned {
    /// Those of all nodes that serve beside a database.
    #[must_use]
    pub fn beside(beside: &Beside) -> Self {
        Self { shared: Some(beside.room(ROOM)), ..Self::default() }
    }

    /// The newest that is known of a line, and when it was made.
    fn known(&self, gate: &Gate, line: LineId) -> Result<Option<(Checkpoint, Timestamp)>, StorageError> {
        // After a start it is not known when the one in the file was made; it is shown if it says all that there is.
        let long_ago = Timestamp::from_micros(0);
        let read = || read(gate, line).map(|checkpoint| (checkpoint, long_ago));
        let here = self.kept.lock().entry(line).or_insert_with(read).clone();
        let Some(room) = &self.shared else { return Ok(here) };
        let kept = room
            .get(&line.to_string())
            .inspect_err(|error| tracing::debug!(%error, "what other nodes had cosigned can't be looked up"));
        let theirs = kept.ok().flatten().and_then(|kept| {
            let Kept { note, made_us, .. } = serde_json::from_slice(&kept.value).ok()?;
            Some((own(gate, line, &note)?, Timestamp::from_micros(made_us)))
        });
        let least = here.as_ref().map_or(0, |(checkpoint, _)| checkpoint.size);
        let Some(theirs) = theirs.filter(|(checkpoint, _)| checkpoint.size >= least) else { return Ok(here) };
        // What is not here yet can't be proved here.
        let is_here = theirs.0.size <= gate.grow_tree(line)?;
        Ok(if is_here { Some(theirs) } else { here })
    }

    /// Keeps a checkpoint for all nodes, where none of them has got a newer one.
    fn keep(&self, line: LineId, signed: &Checkpoint, now: Timestamp) -> Result<(), StorageError> {
        let Some(room) = &self.shared else { return Ok(()) };
        let kept = Kept { note: signed.note.clone(), size: signed.size, made_us: now.micros() };
        let text = serde_json::to_vec(&kept).unwrap_or_default();
        for _ in 0..TRIES {
            let before = room.get(&line.to_string())?;
            let size =
                before.as_ref().and_then(|kept| Some(serde_json::from_slice::<Kept>(&kept.value).ok()?.size));
            if size.is_some_and(|size| size > signed.size) {
                return Ok(());
            }
            let version = before.map(|kept| kept.version);
            if room.swap(&line.to_string(), Some(&text), version)?.is_some() {
                return Ok(());
            }
        }
        Err(StorageError::Contended)
    }

    /// The checkpoint to show: the cosigned one, if it says all that is in the line or is young; else one as the line stands.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn newest(&self, gate: &Gate, line: LineId, now: Timestamp) -> Result<Checkpoint, StorageError> {
        let known = self.known(gate, line)?;
        if let Some((checkpoint, made)) = &known
            && now.micros().saturating_sub(made.micros()).unsigned_abs() < AGE_MICROS_MAX.unsigned_abs()
        {
            return Ok(checkpoint.clone());
        }
        let fresh = gate.checkpoint(line)?;
        Ok(known
            .map(|(known, _)| known)
            .filter(|known| known.size == fresh.size && known.root == fresh.root)
            .unwrap_or(fresh))
    }

    /// Asks witnesses to cosign a line as it stands, if it has grown or one of them has not cosigned it yet. Gives what those say
    /// that have not.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn ask(
        &self,
        gate: &Gate,
        line: LineId,
        witnesses: &[WitnessAt],
        now: Timestamp,
    ) -> Result<Vec<(String, CosignError)>, StorageError> {
        let fresh = gate.checkpoint(line)?;
        let known = self.newest(gate, line, now)?;
        let has_all = |known: &Checkpoint| witnesses.iter().all(|witness| witness.key.signed(known).is_ok());
        if fresh.size == 0 || known.size == fresh.size && has_all(&known) {
            return Ok(Vec::new());
        }
        let (mut signed, mut failures, mut any) = (fresh.clone(), Vec::new(), false);
        for witness in witnesses {
            match self.one(gate, line, witness, &fresh).await {
                Ok(signature) => {
                    signed = signed.with(&signature);
                    any = true;
                }
                // Another node has had more of the line cosigned, and it is to come here.
                Err(CosignError::Ahead { witnessed, .. })
                    if gate.is_shared() && has(gate, line, witnessed) => {}
                Err(error) => failures.push((witness.key.name().to_owned(), error)),
            }
        }
        if any {
            let written = write(&file(gate, line), &signed.note);
            written.map_err(|error| StorageError::Backend(format!("a cosigned checkpoint: {error}")))?;
            if let Err(error) = self.keep(line, &signed, now) {
                tracing::warn!(%error, circle.id = %line, "a cosigned checkpoint can't be kept for other nodes");
            }
            self.kept.lock().insert(line, Some((signed, now)));
        }
        Ok(failures)
    }

    /// Asks one witness; gives its signature line.
    async fn one(
        &self,
        gate: &Gate,
        line: LineId,
        witness: &WitnessAt,
        checkpoint: &Checkpoint,
    ) -> Result<String, CosignError> {
        let key = (line, witness.key.to_string());
        for _ in 0..ROUNDS_MAX {
            let old = self.seen.lock().get(&key).copied().unwrap_or(0);
            let here = checkpoint.size;
            let proof =
                gate.consistency(line, old, here)?.ok_or(CosignError::Ahead { witnessed: old, here })?;
            let mut body = format!("old {old}\n");
            proof.iter().for_each(|hash| body.push_str(&format!("{}\n", STANDARD.encode(hash))));
            body.push('\n');
            body.push_str(&checkpoint.note);
            let mut url = witness.url.clone();
            if let Ok(mut path) = url.path_segments_mut() {
                path.pop_if_empty().push("add-checkpoint");
            }
            match witness.http.post(&url, "text/plain", "text/plain; charset=utf-8", &body).await {
                Ok(answer) => {
                    let lines = String::from_utf8_lossy(&answer.body).into_owned();
                    let (_, signature) = witness
                        .key
                        .line(&checkpoint.clone().with(&lines))
                        .map_err(|_| CosignError::NotSigned { key: witness.key.to_string() })?;
                    self.seen.lock().insert(key, here);
                    return Ok(signature);
                }
                // 409 with another size: it has seen another one last.
                Err(PullError::Refused { status: 409, reason, url }) => {
                    let told = reason.trim().parse::<u64>().ok().filter(|told| *told != old);
                    let told = told.ok_or(PullError::Refused { status: 409, reason, url })?;
                    self.seen.lock().insert(key.clone(), told);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(CosignError::Unsteady)
    }
}

/// Replaces a small file so that it is whole at any time.
///
/// # Errors
/// When it can't be written.
pub(super) fn write(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let folder = path.parent().unwrap_or(std::path::Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // So that the name is as durable as what it names.
    std::fs::File::open(folder)?.sync_all()
}
