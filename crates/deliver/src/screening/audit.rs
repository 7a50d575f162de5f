//! Looking through the record of screenings: whether it is as it was sealed, who asked for what, and proofs for others.

use std::fmt;
use std::io::{self, BufRead};

use gate::{NodeKey, NoteError, NoteKey};
use line::merkle::{Frontier, inclusion, leaf, verify_inclusion};
use serde::{Deserialize, Serialize};

use super::journal::{Record, Seal, each_line};
use crate::hex::hex;

/// Records that are shown at once, at most.
const SHOWN_MAX: usize = 1_000;
/// Records over which a proof is made, at most: each costs 32 bytes of memory.
const PROVEN_MAX: usize = 50_000_000;
/// How the signed text of a proof begins.
const ORIGIN: &str = "bongsu screenings";

/// What is looked for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Only records that have one of these keyed hashes, if any are named.
    pub hashes: Vec<String>,
    /// Only one member's.
    pub member: Option<String>,
    /// Only with this result.
    pub result: Option<String>,
}

/// What was found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Records that there are.
    pub records: u64,
    /// Records that the last seal covers.
    pub sealed: u64,
    /// Seals that the record was held against.
    pub seals: usize,
    /// What does not hold.
    pub findings: Vec<String>,
    /// The records that were looked for, with their numbers; the last ones, if there are many.
    pub shown: std::collections::VecDeque<(u64, Record)>,
    /// How many were looked for.
    pub matching: u64,
}

/// Holds a record against its seals, which are in the order in which they were made, and looks for records.
///
/// # Errors
/// As `from`; what can't be read of a whole line is a finding.
pub fn audit(from: &mut impl BufRead, seals: &[Seal], wanted: &Wanted) -> io::Result<Report> {
    let mut report = Report { seals: seals.len(), ..Report::default() };
    let (mut tree, mut next) = (Frontier::default(), seals.iter().peekable());
    each_line(from, &mut |line| {
        tree.push(leaf(line));
        report.records = tree.size();
        while let Some(seal) = next.next_if(|seal| seal.records <= tree.size()) {
            match seal.records == tree.size() && seal.root == hex(&tree.root()) {
                true => report.sealed = seal.records,
                false => report.findings.push(format!(
                    "the records up to number {} are not those that were sealed: one of them was changed, left out or put in",
                    seal.records
                )),
            }
        }
        match serde_json::from_slice::<Record>(line) {
            Ok(record) if is_wanted(&record, wanted) => {
                report.matching += 1;
                if report.shown.len() == SHOWN_MAX {
                    report.shown.pop_front();
                }
                report.shown.push_back((tree.size(), record));
            }
            Ok(_) => {}
            Err(error) => report.findings.push(format!("record {} can't be read: {error}", tree.size())),
        }
        Ok(())
    })?;
    if let Some(seal) = next.last() {
        report
            .findings
            .push(format!("{} records were sealed, and {} are there", seal.records, report.records));
    }
    Ok(report)
}

fn is_wanted(record: &Record, wanted: &Wanted) -> bool {
    let asked = || record.asked.iter();
    let is_of = wanted.member.as_ref().is_none_or(|member| record.member == *member);
    let has_hash = wanted.hashes.is_empty() || asked().any(|(hash, ..)| wanted.hashes.contains(hash));
    let has_result = wanted.result.as_ref().is_none_or(|result| asked().any(|(.., other)| other == result));
    is_of && has_hash && has_result
}

/// That a record is one of those that a node kept: for somebody who has the node's public key and nothing else of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The record, as it stands.
    pub record: String,
    /// Its number, from 1 on.
    pub number: u64,
    /// How many records the proof is over, and their tree's root, signed (C2SP signed-note).
    pub note: String,
    /// The hashes beside the record's way to the root, in hexadecimal. Source: RFC 6962, section 2.1.1.
    pub path: Vec<String>,
}

/// Why a proof does not hold.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The signature.
    #[error("the signature does not hold: {0}")]
    Note(#[from] NoteError),
    /// The form.
    #[error("it is no proof of a screening: {0}")]
    Form(&'static str),
    /// The path.
    #[error("the record is not one of those that the signature covers")]
    Path,
}

/// Makes the proof of a record; `None` if there is none of this number.
///
/// # Errors
/// As `from`.
pub fn prove(from: &mut impl BufRead, number: u64, key: &NodeKey) -> io::Result<Option<Proof>> {
    let (mut leaves, mut record) = (Vec::new(), None);
    each_line(from, &mut |line| {
        if leaves.len() == PROVEN_MAX {
            return Err(io::Error::other("there are more records than a proof can be made over"));
        }
        leaves.push(leaf(line));
        if leaves.len() as u64 == number {
            record = Some(String::from_utf8_lossy(line).into_owned());
        }
        Ok(())
    })?;
    let Some(record) = record else { return Ok(None) };
    let at = usize::try_from(number - 1).map_err(io::Error::other)?;
    let path = inclusion(&leaves, at).unwrap_or_default();
    let text = Signed { size: leaves.len() as u64, root: hex(&line::merkle::root(&leaves)) }.to_string();
    Ok(Some(Proof {
        record,
        number,
        note: key.note(&text),
        path: path.iter().map(|hash| hex(hash)).collect(),
    }))
}

/// The text that is signed.
struct Signed {
    size: u64,
    root: String,
}

impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{ORIGIN}\n{}\n{}", self.size, self.root)
    }
}

impl Proof {
    /// Whether it holds under a node's key; gives the record.
    ///
    /// # Errors
    /// [`ProofError`].
    pub fn check(&self, key: &NoteKey) -> Result<Record, ProofError> {
        let text = key.open(&self.note)?;
        let mut lines = text.lines();
        if lines.next() != Some(ORIGIN) {
            return Err(ProofError::Form("another text was signed"));
        }
        let size = lines.next().and_then(|line| line.parse().ok()).ok_or(ProofError::Form("no size"))?;
        let root = lines.next().and_then(unhex).ok_or(ProofError::Form("no root"))?;
        let path: Option<Vec<[u8; 32]>> = self.path.iter().map(|hash| unhex(hash)).collect();
        let path = path.ok_or(ProofError::Form("the path's hashes"))?;
        let at = self.number.checked_sub(1).ok_or(ProofError::Form("records are counted from 1"))?;
        if !verify_inclusion(&leaf(self.record.as_bytes()), at, size, &path, &root) {
            return Err(ProofError::Path);
        }
        serde_json::from_str(&self.record).map_err(|_| ProofError::Form("the record can't be read"))
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |letter: u8| char::from(letter).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes: Option<Vec<u8>> =
        pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    bytes.filter(|_| rest.is_empty())?.try_into().ok()
}
