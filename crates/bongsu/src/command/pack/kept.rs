//! What the node remembers of a pack: a setting of its book, so that a receipt that was taken is never taken again.

use crate::exit::Failure;
use crate::node::Node;
use deliver::pack::Manifest;
use policy::{Book, Entry, Setting};
use serde::{Deserialize, Serialize};
use stix::Timestamp;
use uuid::Uuid;

/// What the settings' names begin with.
const PREFIX: &str = "pack/";
/// Receipts that are taken for one pack.
const RECEIPTS_MAX: usize = 100;

/// What is remembered of a pack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    #[serde(skip)]
    id: Uuid,
    /// The member's short name.
    pub member: String,
    pub made: String,
    pub expires: String,
    /// What it held: names and levels of artefacts.
    pub artefacts: Vec<(String, String)>,
    /// Circles and numbers.
    pub upto: Vec<(Uuid, u64)>,
    /// Receipts that were taken.
    #[serde(default)]
    pub receipts: Vec<Uuid>,
    /// Whether the code was taken.
    #[serde(default)]
    pub code: bool,
}

impl Kept {
    pub(super) fn new(manifest: &Manifest) -> Self {
        let artefact = |file: &deliver::pack::File| {
            let level = file.level.clone().unwrap_or_default();
            (file.name.clone(), level)
        };
        Self {
            id: manifest.id,
            member: manifest.member.clone(),
            made: manifest.made.clone(),
            expires: manifest.expires.clone(),
            artefacts: manifest.artefacts().map(artefact).collect(),
            upto: manifest.circles.iter().map(|circle| (circle.id, circle.number)).collect(),
            receipts: Vec::new(),
            code: false,
        }
    }

    pub(super) const fn id(&self) -> Uuid {
        self.id
    }

    /// All packs; one that a newer program wrote is left out.
    pub(super) fn all(book: &Book) -> impl Iterator<Item = (Uuid, Self)> {
        book.settings(PREFIX).filter_map(|(id, value)| {
            let id = id.parse().ok()?;
            Some((id, Self { id, ..serde_json::from_str(value).ok()? }))
        })
    }

    /// The pack as it is remembered.
    pub(super) fn of(book: &Book, id: Uuid) -> Option<Self> {
        let value = book.setting(&format!("{PREFIX}{id}"))?;
        Some(Self { id, ..serde_json::from_str(value).ok()? })
    }

    /// Whether nothing is taken for it any more.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        Timestamp::parse(&self.expires).is_ok_and(|expires| expires <= now)
    }

    fn entry(&self) -> Entry {
        let value = serde_json::to_string(self).unwrap_or_default();
        Entry::Setting(Setting { name: format!("{PREFIX}{}", self.id), value: Some(value) })
    }

    /// Remembers a new pack, and forgets those for which nothing is taken any more.
    pub(super) fn record(&self, node: &Node) -> Result<(), Failure> {
        let (book, now) = (node.gate.book(), node.now());
        for (id, kept) in Self::all(&book) {
            if kept.is_over(now) {
                node.record(Entry::Setting(Setting { name: format!("{PREFIX}{id}"), value: None }))?;
            }
        }
        node.record(self.entry())
    }

    /// Notes that a receipt, or the code, was taken: once, whoever else tries at the same time.
    pub(super) fn take(&self, node: &Node, receipt: Option<Uuid>) -> Result<(), Failure> {
        node.change(|book| {
            let mut kept = Self::of(book, self.id).unwrap_or_else(|| self.clone());
            kept.refuse_again(receipt)?;
            match receipt {
                Some(receipt) => kept.receipts.push(receipt),
                None => kept.code = true,
            }
            Ok(kept.entry())
        })
    }

    /// Fails if the receipt, or the code, was taken before.
    pub(super) fn refuse_again(&self, receipt: Option<Uuid>) -> Result<(), Failure> {
        let was = receipt.map_or(self.code, |receipt| self.receipts.contains(&receipt));
        if was {
            let what = if receipt.is_some() { "this receipt" } else { "the code of this pack" };
            return Err(Failure::new(format!("{what} was accepted before: each is taken once"))
                .hint("what it says stands in `bongsu member receipts`"));
        }
        if self.receipts.len() >= RECEIPTS_MAX {
            return Err(Failure::new(format!("{RECEIPTS_MAX} receipts were accepted for this pack"))
                .hint("make a new pack"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_receipt_is_taken_once_and_none_after_the_last_day() {
        let text = r#"{"member":"isp","made":"2026-09-01T00:00:00Z","expires":"2026-12-01T00:00:00Z","artefacts":[],"upto":[]}"#;
        let mut kept: Kept = serde_json::from_str(text).unwrap();
        let at = |text: &str| Timestamp::parse(text).unwrap();
        assert!(!kept.is_over(at("2026-11-30T23:59:59Z")) && kept.is_over(at("2026-12-01T00:00:00Z")));
        let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
        kept.receipts.push(first);
        assert!(kept.refuse_again(Some(first)).is_err() && kept.refuse_again(Some(second)).is_ok());
        assert!(kept.refuse_again(None).is_ok());
        kept.code = true;
        assert!(kept.refuse_again(None).is_err());
        kept.receipts.resize(RECEIPTS_MAX, first);
        assert!(kept.refuse_again(Some(second)).is_err());
    }
}
