//! One object's proof as one file: what a member got, and all that is needed to see, without the node and for ever, that the node
//! has it in its log.
//!
//! The file holds the object's bytes as they went to whoever asked, the opening of its record ([`gate::Opening`]), the path from the
//! record's leaf to the root of a checkpoint, and that checkpoint with its signatures. Whoever checks it needs the node's key by
//! another way; the key in the file only says which one is meant. Nothing in the file is unproven: what is not covered by a
//! hash or a signature, such as the object's id or the circle's handle, does not stand in it. docs/transparency.md has the form.
//!
//! Source: RFC 9162, section 2.1.3 (inclusion proofs); C2SP tlog-checkpoint.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gate::commitment::{Commitment, Salt, to_content, to_time};
use gate::{Checkpoint, Gate, NoteKey, REDACTION, WitnessKey, commitment_of, line_of};
use line::merkle::{Hash, verify_inclusion};
use line::{Added, LineId, Seq, StorageError};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use stix::Timestamp;

use super::audit::{Seen, witnessed};
use super::cosign::Cosigned;
use super::{LAG_MAX, bytes32};

/// What a proof calls itself; the number is that of the form.
pub const FORM: &str = "bongsu-proof/1";
/// Bytes of a proof that are read.
pub const PROOF_BYTES_MAX: u64 = 64 << 20;
/// Hashes of a path: a log has fewer than 2^64 records.
const PATH_MAX: usize = 64;

/// Why a file is no proof.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// It is no JSON, or lacks something, or has something more.
    #[error("it is no proof: {0}")]
    Json(#[from] serde_json::Error),
    /// It is another kind of file, or a later form.
    #[error("it calls itself `{found}`, and what can be read is `{FORM}`")]
    Form {
        /// What it calls itself.
        found: String,
    },
    /// A part can't be read.
    #[error("its `{part}` can't be read: {why}")]
    Part {
        /// Which.
        part: &'static str,
        /// Why.
        why: String,
    },
}

/// The proof that one version of an object stands in a node's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The key that it says it is to be checked with. To be compared with the one that came by another way, and believed in nothing.
    pub key: NoteKey,
    /// The object's text: as it came to the node, or as a redacted copy.
    pub object: String,
    /// The record's number; its leaf's index is one less.
    pub number: Seq,
    /// When it was added.
    pub added: Added,
    /// The salt of [`Commitment::when`].
    pub when_salt: Salt,
    /// As it stands in the leaf.
    pub about: Hash,
    /// As it stands in the leaf.
    pub content: Hash,
    /// The salt of the content, where the object's bytes are those that came; a redacted copy has none.
    pub content_salt: Option<Salt>,
    /// The siblings from the leaf to the root, from the bottom up. RFC 9162, section 2.1.3.
    pub inclusion: Vec<Hash>,
    /// The signed note, with cosignatures if it has some.
    pub checkpoint: String,
}

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    form: String,
    key: String,
    object: String,
    record: WrittenRecord,
    inclusion: Vec<String>,
    checkpoint: String,
}

/// A record's opening in the file; 32-byte values in base64.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRecord {
    number: u64,
    added_us: i64,
    when_salt: String,
    about: String,
    content: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content_salt: Option<String>,
}

/// What of a file says which kind it is.
#[derive(Deserialize)]
struct Formed {
    form: String,
}

/// One of the things that are checked, in the order in which one follows from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The file is meant for the key that it is checked with.
    Key,
    /// The object's bytes are those that the record commits to, or a copy that the node has signed as one of those.
    Object,
    /// The record's leaf leads to the checkpoint's root.
    Inclusion,
    /// The checkpoint is signed with the key.
    Checkpoint,
    /// Enough witnesses have cosigned it.
    Witnesses,
}

/// What does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// At which step.
    pub step: Step,
    /// What.
    pub what: String,
}

/// In which form the object stands in a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// The bytes in which it came to the node.
    Whole,
    /// A redacted copy.
    Copy,
}

/// What checking a proof gives. Figures are those of the file; they are proven if there are no findings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The object's id.
    pub id: String,
    /// In which form it stands there.
    pub shape: Shape,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// The record's number.
    pub number: u64,
    /// When it was added.
    pub added: String,
    /// The record's leaf, in base64.
    pub leaf: String,
    /// Which log the checkpoint is of; empty if it can't be read.
    pub origin: String,
    /// Records by the checkpoint.
    pub records: u64,
    /// The checkpoint's root, in base64; empty if it can't be read.
    pub root: String,
    /// Who has cosigned, of the witnesses that were named.
    pub witnesses: Vec<Seen>,
    /// What does not hold.
    pub findings: Vec<Finding>,
}

impl Checked {
    /// Whether all holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.findings.is_empty()
    }

    /// Whether a step holds.
    #[must_use]
    pub fn held(&self, step: Step) -> bool {
        self.findings.iter().all(|finding| finding.step != step)
    }
}

/// What becomes of the wish for a proof.
#[derive(Debug)]
pub enum Proven {
    /// Here it is.
    Proof(Box<Proof>),
    /// The record came after the newest checkpoint that members are shown: of so many records, or the log is being made.
    Later(Option<u64>),
}

/// The proof of an object that was released, and opened, to whoever asks: up to the newest checkpoint that members are shown.
/// `opening` and `object` must be of one record.
///
/// # Errors
/// [`StorageError`].
pub fn prove(
    gate: &Gate,
    cosigned: &Cosigned,
    line: LineId,
    (opening, object): (&gate::Opening, &str),
    now: Timestamp,
) -> Result<Proven, StorageError> {
    if gate.tree_lag(line)? > LAG_MAX {
        return Ok(Proven::Later(None));
    }
    let checkpoint = cosigned.newest(gate, line, now)?;
    let inclusion = gate.inclusion(line, opening.seq, checkpoint.size)?;
    Ok(match inclusion {
        None => Proven::Later(Some(checkpoint.size)),
        Some(inclusion) => Proven::Proof(Box::new(Proof {
            key: NoteKey::of(gate.key()),
            object: object.to_owned(),
            number: opening.seq,
            added: opening.added,
            when_salt: opening.when_salt,
            about: opening.about,
            content: opening.content,
            content_salt: opening.content_salt,
            inclusion,
            checkpoint: checkpoint.note,
        })),
    })
}

fn hash(part: &'static str, text: &str) -> Result<Hash, ProofError> {
    bytes32(text).ok_or_else(|| ProofError::Part { part, why: "it is not 32 bytes in base64".to_owned() })
}

impl Proof {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ProofError`]: it is no proof. Whether a proof holds says [`Proof::check`].
    pub fn read(text: &str) -> Result<Self, ProofError> {
        let Formed { form } = serde_json::from_str(text)?;
        if form != FORM {
            return Err(ProofError::Form { found: form.chars().take(40).collect() });
        }
        let written: Written = serde_json::from_str(text)?;
        let Written { key, object, record, inclusion, checkpoint, .. } = written;
        if inclusion.len() > PATH_MAX {
            let why = format!("a path has at most {PATH_MAX} hashes");
            return Err(ProofError::Part { part: "inclusion", why });
        }
        let key = key
            .parse()
            .map_err(|error: gate::NoteError| ProofError::Part { part: "key", why: error.to_string() })?;
        Ok(Self {
            key,
            object,
            number: Seq(record.number),
            added: Added(record.added_us),
            when_salt: hash("record.when_salt", &record.when_salt)?,
            about: hash("record.about", &record.about)?,
            content: hash("record.content", &record.content)?,
            content_salt: match &record.content_salt {
                Some(salt) => Some(hash("record.content_salt", salt)?),
                None => None,
            },
            inclusion: inclusion.iter().map(|text| hash("inclusion", text)).collect::<Result<_, _>>()?,
            checkpoint,
        })
    }

    /// The file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let encoded = |bytes: &[u8; 32]| STANDARD.encode(bytes);
        let written = Written {
            form: FORM.to_owned(),
            key: self.key.to_string(),
            object: self.object.clone(),
            record: WrittenRecord {
                number: self.number.0,
                added_us: self.added.0,
                when_salt: encoded(&self.when_salt),
                about: encoded(&self.about),
                content: encoded(&self.content),
                content_salt: self.content_salt.as_ref().map(encoded),
            },
            inclusion: self.inclusion.iter().map(encoded).collect(),
            checkpoint: self.checkpoint.clone(),
        };
        // Texts and numbers can always be written.
        serde_json::to_string_pretty(&written).unwrap_or_default() + "\n"
    }

    /// The record's leaf in the log.
    #[must_use]
    pub fn leaf(&self) -> Hash {
        let when = to_time(&self.when_salt, self.added);
        Commitment { when, about: self.about, content: self.content }.leaf()
    }

    /// In which form the object stands here.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        match self.content_salt {
            Some(_) => Shape::Whole,
            None => Shape::Copy,
        }
    }

    /// Checks all of it with a key that came by another way than the file: nothing but hashes and signatures is believed.
    #[must_use]
    pub fn check(&self, key: &NoteKey, witnesses: &[WitnessKey], needed: usize) -> Checked {
        let mut findings = Vec::new();
        let mut find = |step, what: String| findings.push(Finding { step, what });
        if self.key != *key {
            find(Step::Key, format!("the file is to be checked with another key, {}", self.key));
        }
        let sha256: Hash = Sha256::digest(&self.object).into();
        if let Some(what) = self.object_fault(key, &sha256) {
            find(Step::Object, what.to_owned());
        }
        let leaf = self.leaf();
        let checkpoint = Checkpoint::read_unverified(&self.checkpoint);
        if let Some(what) = self.checkpoint_fault(key) {
            find(Step::Checkpoint, what);
        }
        let mut seen = Vec::new();
        match &checkpoint {
            Ok(checkpoint) => {
                if let Some(what) = self.inclusion_fault(&leaf, checkpoint) {
                    find(Step::Inclusion, what);
                }
                let (cosigned, lacking) = witnessed(checkpoint, witnesses, needed);
                seen = cosigned;
                lacking.into_iter().for_each(|what| find(Step::Witnesses, what));
            }
            Err(_) => find(Step::Inclusion, "there is no checkpoint that it could lead to".to_owned()),
        }
        let checkpoint = checkpoint.ok();
        Checked {
            id: stix::head::property(&self.object, "id").unwrap_or_default(),
            shape: self.shape(),
            sha256: sha256.iter().map(|byte| format!("{byte:02x}")).collect(),
            number: self.number.0,
            added: self.added.timestamp().to_string(),
            leaf: STANDARD.encode(leaf),
            origin: checkpoint.as_ref().map(|one| one.origin.clone()).unwrap_or_default(),
            records: checkpoint.as_ref().map_or(0, |one| one.size),
            root: checkpoint.as_ref().map(|one| STANDARD.encode(one.root)).unwrap_or_default(),
            witnesses: seen,
            findings,
        }
    }

    fn object_fault(&self, key: &NoteKey, sha256: &Hash) -> Option<&'static str> {
        match self.content_salt {
            Some(salt) if to_content(&salt, sha256) == self.content => None,
            Some(_) => Some("its bytes are not those that the record commits to"),
            None if !self.object.contains(REDACTION) => {
                Some("it is not opened, and does not say that it is a redacted copy")
            }
            None => match commitment_of(&self.object, key) {
                Some(commitment) if commitment == self.content => None,
                Some(_) => Some("it is a redacted copy of another record"),
                None => Some("it says that it is a redacted copy, and the node has not signed it so"),
            },
        }
    }

    fn checkpoint_fault(&self, key: &NoteKey) -> Option<String> {
        match Checkpoint::read(&self.checkpoint, key) {
            Ok(checkpoint) if line_of(&checkpoint.origin, key.name()).is_some() => None,
            Ok(checkpoint) => Some(format!("the checkpoint is of no line: {}", checkpoint.origin)),
            Err(error) => Some(format!("the checkpoint does not hold: {error}")),
        }
    }

    fn inclusion_fault(&self, leaf: &Hash, checkpoint: &Checkpoint) -> Option<String> {
        let (number, size) = (self.number.0, checkpoint.size);
        let holds = number
            .checked_sub(1)
            .is_some_and(|index| verify_inclusion(leaf, index, size, &self.inclusion, &checkpoint.root));
        (!holds).then(|| {
            format!(
                "record {number} with this leaf does not lead to the root of the checkpoint of {size} records"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use gate::{Cosigner, NodeKey};
    use line::merkle;
    use uuid::Uuid;

    use super::*;

    const COPY: &str = r#"{"type":"tool","id":"tool--1"}"#;

    fn node() -> NodeKey {
        NodeKey::new("tower.test", &[7; 32])
    }

    /// A proof of the third of five records, made by hand.
    fn proof(object: &str) -> Proof {
        let (when_salt, about, salt) = ([1; 32], [2; 32], [3; 32]);
        let content = to_content(&salt, &Sha256::digest(object).into());
        let mut proof = Proof {
            key: NoteKey::of(&node()),
            object: object.to_owned(),
            number: Seq(3),
            added: Added(1_790_000_000_000_000),
            when_salt,
            about,
            content,
            content_salt: Some(salt),
            inclusion: Vec::new(),
            checkpoint: String::new(),
        };
        let mut leaves: Vec<Hash> = (0..5).map(|at| [at; 32]).collect();
        leaves[2] = proof.leaf();
        proof.inclusion = merkle::inclusion(&leaves, 2).unwrap();
        let origin = node().origin(LineId::new(Uuid::from_u128(5)));
        let note = node().note(&format!("{origin}\n5\n{}\n", STANDARD.encode(merkle::root(&leaves))));
        let witness = Cosigner::of(&NodeKey::new("watch.test", &[9; 32]));
        let checkpoint = Checkpoint::read_unverified(&note).unwrap();
        let line = witness.cosign(&checkpoint, 1_790_000_001);
        proof.checkpoint = checkpoint.with(&line).note;
        proof
    }

    #[test]
    fn a_proof_holds_with_its_key_and_witness_and_says_what_it_is_of() {
        let proof = proof(COPY);
        let read = Proof::read(&proof.to_text()).unwrap();
        assert_eq!(read, proof);
        let witness = Cosigner::of(&NodeKey::new("watch.test", &[9; 32])).public();
        let checked = read.check(&NoteKey::of(&node()), std::slice::from_ref(&witness), 1);
        assert!(checked.holds(), "{checked:?}");
        assert_eq!((checked.id.as_str(), checked.number, checked.records), ("tool--1", 3, 5));
        assert_eq!(checked.witnesses[0].at, "2026-09-21T14:13:21.000000Z");
        let other = Cosigner::of(&NodeKey::new("other.test", &[9; 32])).public();
        let lacking = read.check(&NoteKey::of(&node()), &[witness, other], 2);
        assert!(lacking.held(Step::Checkpoint) && !lacking.held(Step::Witnesses));
    }

    #[test]
    fn with_any_part_changed_it_does_not_hold_and_the_step_is_named() {
        let key = NoteKey::of(&node());
        let check = |step: Step, change: &dyn Fn(&mut Proof)| {
            let mut changed = proof(COPY);
            change(&mut changed);
            let checked = changed.check(&key, &[], 0);
            assert!(!checked.held(step), "{step:?}: {checked:?}");
        };
        let other = NodeKey::new("other.test", &[7; 32]);
        check(Step::Key, &|proof| proof.key = NoteKey::of(&other));
        check(Step::Object, &|proof| proof.object.push(' '));
        check(Step::Object, &|proof| proof.content_salt = Some([9; 32]));
        check(Step::Object, &|proof| proof.content_salt = None);
        check(Step::Object, &|proof| proof.content[0] ^= 1);
        check(Step::Inclusion, &|proof| proof.content[0] ^= 1);
        check(Step::Inclusion, &|proof| proof.about[31] ^= 1);
        check(Step::Inclusion, &|proof| proof.when_salt[7] ^= 1);
        check(Step::Inclusion, &|proof| proof.added.0 += 1);
        for number in [0, 2, 4, 6, u64::MAX] {
            check(Step::Inclusion, &|proof| proof.number = Seq(number));
        }
        check(Step::Inclusion, &|proof| proof.inclusion[1][3] ^= 1);
        check(Step::Inclusion, &|proof| proof.inclusion.truncate(1));
        check(Step::Inclusion, &|proof| proof.inclusion.push([0; 32]));
        check(Step::Checkpoint, &|proof| proof.checkpoint = proof.checkpoint.replace("\n5\n", "\n6\n"));
        check(Step::Inclusion, &|proof| proof.checkpoint.clear());
        check(Step::Checkpoint, &|proof| {
            let text = proof.checkpoint.split("\n\n").next().unwrap();
            proof.checkpoint = other.note(&format!("{text}\n"));
        });
        check(Step::Checkpoint, &|proof| {
            let text = proof.checkpoint.split("\n\n").next().unwrap().replace("/line/", "/line/x");
            proof.checkpoint = node().note(&format!("{text}\n"));
        });
    }

    #[test]
    fn what_is_no_proof_is_refused_with_the_reason() {
        let text = proof(COPY).to_text();
        let check = |text: &str, why: &str| {
            let error = Proof::read(text).unwrap_err().to_string();
            assert!(error.contains(why), "{error}: {text}");
        };
        check("", "it is no proof");
        check("{}", "missing field `form`");
        check(&text.replace(FORM, "bongsu-proof/2"), "calls itself `bongsu-proof/2`");
        check(&text.replacen("\"key\"", "\"note\": 1, \"key\"", 1), "unknown field `note`");
        check(&text.replacen("\"about\"", "\"sender\": 1, \"about\"", 1), "unknown field `sender`");
        check(&text.replacen("tower.test+", "tower.test", 1), "its `key` can't be read");
        check(&text.replacen("\"content\": \"", "\"content\": \"A", 1), "its `record.content` can't be read");
        let path = format!("\"inclusion\": [{}\"\",", "\"\",".repeat(PATH_MAX));
        check(&text.replacen("\"inclusion\": [", &path, 1), "at most 64");
    }
}
