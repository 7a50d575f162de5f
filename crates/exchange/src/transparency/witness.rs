//! A witness: cosigns the checkpoints of other nodes' lines, as long as each continues the last.
//!
//! `POST /witness/add-checkpoint` takes a checkpoint with the proof that it continues the one that was cosigned last. There is no
//! log-in: what is asked is signed by a log that the configuration names, and an answer tells nothing that the one who
//! asks does not know. What is kept is one file for each log, its last checkpoint, written before the answer; checking and writing
//! are done under one lock. Two checkpoints of one size with different roots are evidence, and kept with both signatures.
//!
//! Source: C2SP tlog-witness, "add-checkpoint"; tlog-cosignature.

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gate::{Checkpoint, Cosigner, NoteKey, line_of};
use http::{StatusCode, header};
use line::Room;
use line::merkle::{Hash, verify_consistency};
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use stix::Timestamp;

use super::cosign::write;

/// Bytes of a request.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// Lines of a proof. Source: C2SP tlog-witness.
const PROOF_LINES_MAX: usize = 63;
/// Bytes of a kept checkpoint that are read.
const KEPT_BYTES_MAX: u64 = BODY_BYTES_MAX as u64;
/// Lines of one node that are witnessed.
pub const LINES_MAX: usize = 10_000;
/// Pieces of evidence that are kept.
const EVIDENCE_MAX: usize = 1_000;

/// A witness.
pub struct Witness {
    /// What it signs with.
    pub cosigner: Cosigner,
    /// The nodes whose lines it witnesses.
    pub logs: Vec<NoteKey>,
    /// Where it keeps what it has seen.
    pub folder: PathBuf,
    /// Where several nodes are one witness: where all keep what they have seen last.
    pub shared: Option<Room>,
    /// The clock.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Held from the look at what was seen last until the new one is kept.
    pub in_order: Mutex<()>,
}

/// A request, taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Asked<'a> {
    old: u64,
    proof: Vec<Hash>,
    note: &'a str,
}

/// What a witness answers.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The signature line.
    Cosigned(String),
    /// 400.
    Malformed,
    /// 404: no log that it knows.
    Unknown,
    /// 403: not signed by that log.
    NotSigned,
    /// 409: it has seen this size last.
    Seen(u64),
    /// 409: of the same size, and another.
    Forked,
    /// 422: not shown to continue what it has seen.
    Inconsistent,
    /// 500: nothing could be kept.
    Failed,
}

/// Takes a request apart. Source: C2SP tlog-witness, "add-checkpoint".
fn take_apart(body: &str) -> Option<Asked<'_>> {
    let (head, note) = body.split_once("\n\n")?;
    let mut lines = head.split('\n');
    let size = lines.next()?.strip_prefix("old ")?;
    let old = size.parse::<u64>().ok().filter(|old| old.to_string() == size)?;
    let decode = |line: &str| STANDARD.decode(line).ok()?.try_into().ok();
    let proof = lines.map(decode).collect::<Option<Vec<Hash>>>()?;
    (proof.len() <= PROOF_LINES_MAX).then_some(Asked { old, proof, note })
}

fn name(origin: &str) -> String {
    Sha256::digest(origin).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Witness {
    /// Judges a request, and keeps the checkpoint if it cosigns it.
    pub fn add_checkpoint(&self, body: &str) -> Verdict {
        let Some(asked) = take_apart(body) else { return Verdict::Malformed };
        let Ok(told) = Checkpoint::read_unverified(asked.note) else { return Verdict::Malformed };
        let mut of_origin =
            self.logs.iter().filter(|key| line_of(&told.origin, key.name()).is_some()).peekable();
        if of_origin.peek().is_none() {
            return Verdict::Unknown;
        }
        let Some(new) = of_origin.find_map(|key| Checkpoint::read(asked.note, key).ok()) else {
            return Verdict::NotSigned;
        };
        if asked.old > new.size {
            return Verdict::Malformed;
        }
        let _in_order = self.in_order.lock();
        let (known, version) = match self.known(&new.origin) {
            Ok(known) => known,
            Err(error) => return failed(&error),
        };
        let (size, root) =
            known.as_ref().map_or((0, Sha256::digest([]).into()), |known| (known.size, known.root));
        if let Some(known) = known.filter(|known| known.size == new.size && known.root != new.root) {
            self.keep_evidence(&known, &new);
            return if asked.old == size { Verdict::Forked } else { Verdict::Seen(size) };
        }
        if asked.old != size {
            return Verdict::Seen(size);
        }
        if !verify_consistency(size, new.size, &root, &new.root, &asked.proof) {
            tracing::warn!(
                log.origin = new.origin,
                "a checkpoint of {} is not shown to continue the last",
                new.origin
            );
            return Verdict::Inconsistent;
        }
        if let Err(error) = self.keep(&new, version) {
            return failed(&error);
        }
        let time = u64::try_from((self.now)().micros() / 1_000_000).unwrap_or(0);
        Verdict::Cosigned(self.cosigner.cosign(&new, time))
    }

    /// The checkpoint of a log that was cosigned last.
    ///
    /// # Errors
    /// When what is kept can't be read: then nothing is cosigned, because it would be as if nothing had been seen.
    fn known(&self, origin: &str) -> std::io::Result<(Option<Checkpoint>, Option<i64>)> {
        let read = |note: &str| {
            let known = Checkpoint::read_unverified(note).ok().filter(|known| known.origin == origin);
            known
                .map(Some)
                .ok_or_else(|| std::io::Error::other(format!("what is kept of {origin} is damaged")))
        };
        if let Some(room) = &self.shared
            && let Some(kept) = room.get(&name(origin)).map_err(std::io::Error::other)?
        {
            return Ok((read(&String::from_utf8_lossy(&kept.value))?, Some(kept.version)));
        }
        let mut note = String::new();
        match std::fs::File::open(self.folder.join(name(origin))) {
            Ok(file) => file.take(KEPT_BYTES_MAX).read_to_string(&mut note)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((None, None)),
            Err(error) => return Err(error),
        };
        Ok((read(&note)?, None))
    }

    fn keep(&self, new: &Checkpoint, version: Option<i64>) -> std::io::Result<()> {
        let crowded = || Err(std::io::Error::other(format!("{LINES_MAX} lines are witnessed already")));
        if let Some(room) = &self.shared {
            let others = u32::try_from(LINES_MAX).unwrap_or(u32::MAX);
            if version.is_none() && room.page("", others).map_err(std::io::Error::other)?.len() >= LINES_MAX {
                return crowded();
            }
            let kept = room.swap(&name(&new.origin), Some(new.note.as_bytes()), version);
            return match kept.map_err(std::io::Error::other)? {
                Some(_) => Ok(()),
                None => Err(std::io::Error::other("another node has cosigned meanwhile")),
            };
        }
        let path = self.folder.join(name(&new.origin));
        if !path.exists() && std::fs::read_dir(&self.folder).is_ok_and(|files| files.count() > LINES_MAX) {
            return crowded();
        }
        write(&path, &new.note)
    }

    fn keep_evidence(&self, known: &Checkpoint, new: &Checkpoint) {
        let (origin, size) = (&new.origin, new.size);
        tracing::error!(
            log.origin = origin,
            "{origin} has signed two histories of {size} records; both are kept"
        );
        let folder = self.folder.join("evidence");
        if std::fs::read_dir(&folder).is_ok_and(|files| files.count() >= EVIDENCE_MAX) {
            return;
        }
        let evidence = serde_json::json!({
            "what": "two checkpoints of one size with different roots", "origin": origin, "size": size,
            "first": known.note, "second": new.note,
        });
        let of_root: String = new.root.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let file = folder.join(format!("{}-{size}-{of_root}.json", name(origin)));
        if let Err(error) = write(&file, &format!("{evidence:#}\n")) {
            tracing::error!(%error, "the evidence could not be kept");
        }
    }
}

fn failed(error: &std::io::Error) -> Verdict {
    tracing::error!(%error, "a checkpoint could not be witnessed");
    Verdict::Failed
}

impl IntoResponse for Verdict {
    fn into_response(self) -> Response {
        let said = |status: StatusCode, text: &'static str| (status, text).into_response();
        match self {
            Self::Cosigned(line) => (StatusCode::OK, line).into_response(),
            Self::Malformed => said(StatusCode::BAD_REQUEST, "That is no request of tlog-witness.\n"),
            Self::Unknown => said(StatusCode::NOT_FOUND, "This log is not witnessed here.\n"),
            Self::NotSigned => said(StatusCode::FORBIDDEN, "No signature of the log's key.\n"),
            Self::Seen(size) => {
                let headers = [(header::CONTENT_TYPE, "text/x.tlog.size")];
                (StatusCode::CONFLICT, headers, format!("{size}\n")).into_response()
            }
            Self::Forked => said(StatusCode::CONFLICT, "Another root of this size was cosigned.\n"),
            Self::Inconsistent => {
                said(StatusCode::UNPROCESSABLE_ENTITY, "The proof does not show that the log only grew.\n")
            }
            Self::Failed => {
                said(StatusCode::INTERNAL_SERVER_ERROR, "It could not be kept; try again later.\n")
            }
        }
    }
}

/// The witness's route: `POST /witness/add-checkpoint`.
pub fn router(witness: Witness) -> Router {
    Router::new()
        .route("/witness/add-checkpoint", post(answer))
        .fallback(async || Verdict::Unknown)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(Arc::new(witness))
}

async fn answer(State(witness): State<Arc<Witness>>, body: Bytes) -> Verdict {
    let work = tokio::task::spawn_blocking(move || match str::from_utf8(&body) {
        Ok(body) => witness.add_checkpoint(body),
        Err(_) => Verdict::Malformed,
    });
    work.await.unwrap_or(Verdict::Failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate::NodeKey;
    use line::merkle::{consistency, leaf, root};

    const LINE: &str = "/line/00000000-0000-0000-0000-000000000001";

    struct Place {
        log: NodeKey,
        witness: Witness,
        _folder: tempfile::TempDir,
    }

    impl Place {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let log = NodeKey::new("tower.test", &[1; 32]);
            let witness = Witness {
                shared: None,
                cosigner: Cosigner::of(&NodeKey::new("watch.test", &[2; 32])),
                logs: vec![NoteKey::of(&NodeKey::new("else.test", &[3; 32])), NoteKey::of(&log)],
                folder: folder.path().to_owned(),
                now: Arc::new(|| Timestamp::from_micros(1_700_000_000_000_000)),
                in_order: Mutex::new(()),
            };
            Self { log, witness, _folder: folder }
        }

        fn note(&self, leaves: &[Hash]) -> String {
            let text = format!("tower.test{LINE}\n{}\n{}\n", leaves.len(), STANDARD.encode(root(leaves)));
            self.log.note(&text)
        }

        fn ask(&self, old: usize, leaves: &[Hash]) -> Verdict {
            let proof = consistency(leaves, old).unwrap();
            let proof: String = proof.iter().map(|hash| format!("{}\n", STANDARD.encode(hash))).collect();
            self.witness.add_checkpoint(&format!("old {old}\n{proof}\n{}", self.note(leaves)))
        }
    }

    fn leaves(history: &str, count: usize) -> Vec<Hash> {
        (0..count).map(|at| leaf(format!("{history}{at}").as_bytes())).collect()
    }

    #[test]
    fn what_continues_is_cosigned_and_what_does_not_is_not() {
        let place = Place::new();
        let (history, mut fork) = (leaves("a", 30), leaves("a", 30));
        fork[20] = leaf(b"another");
        let Verdict::Cosigned(line) = place.ask(0, &history[..7]) else { panic!("the first one") };
        let signed = Checkpoint::read_unverified(&place.note(&history[..7])).unwrap().with(&line);
        assert_eq!(place.witness.cosigner.public().signed(&signed), Ok(1_700_000_000));
        assert_eq!(place.ask(0, &history[..20]), Verdict::Seen(7));
        assert!(matches!(place.ask(7, &history[..20]), Verdict::Cosigned(_)));
        assert!(matches!(place.ask(20, &history[..20]), Verdict::Cosigned(_)), "again");
        assert_eq!(place.ask(7, &history[..20]), Verdict::Seen(20));
        assert!(matches!(place.ask(20, &history[..25]), Verdict::Cosigned(_)));
        assert_eq!(place.ask(25, &fork), Verdict::Inconsistent);
        assert_eq!(place.ask(25, &fork[..25]), Verdict::Forked);
        assert_eq!(place.ask(7, &fork[..25]), Verdict::Seen(25), "seen, and kept, whatever size it names");
        assert_eq!(std::fs::read_dir(place.witness.folder.join("evidence")).unwrap().count(), 1);
        assert!(matches!(place.ask(25, &history), Verdict::Cosigned(_)), "the true one goes on");
    }

    #[test]
    fn what_is_not_a_request_is_told_how() {
        let place = Place::new();
        let note = place.note(&leaves("a", 3));
        let check =
            |body: &str, verdict: Verdict| assert_eq!(place.witness.add_checkpoint(body), verdict, "{body}");
        for bad in [
            String::new(),
            note.clone(),
            format!("old\n\n{note}"),
            format!("old 00\n\n{note}"),
            format!("old -1\n\n{note}"),
            format!("old 0\nAAAA\n\n{note}"),
            format!("old 0\n{}\n{note}", format!("{}\n", STANDARD.encode([0; 32])).repeat(64)),
            format!("old 4\n\n{note}"),
            "old 0\n\nno note".to_owned(),
        ] {
            check(&bad, Verdict::Malformed);
        }
        let other = NodeKey::new("other.test", &[1; 32]);
        let text = |node: &str| format!("{node}{LINE}\n0\n{}\n", STANDARD.encode(root(&[])));
        check(&format!("old 0\n\n{}", other.note(&text("other.test"))), Verdict::Unknown);
        let thief = NodeKey::new("tower.test", &[9; 32]);
        check(&format!("old 0\n\n{}", thief.note(&text("tower.test"))), Verdict::NotSigned);
        check(&format!("old 0\n{}\n\n{note}", STANDARD.encode([0; 32])), Verdict::Inconsistent);
        // What is damaged is not taken for nothing seen.
        std::fs::create_dir_all(&place.witness.folder).unwrap();
        std::fs::write(place.witness.folder.join(name(&format!("tower.test{LINE}"))), "x").unwrap();
        check(&format!("old 0\n\n{note}"), Verdict::Failed);
    }
}
