//! What a wallet is exposed to: from whom it got what it got, and to whom went what it gave.
//!
//! Who is listed is one question; from whom the assets of somebody unlisted came is another, which transfers answer and no list. They
//! are the operator's files and read by whoever implements [`Exposures`]; here stands what is said of them. It never changes
//! whether a value is known: what share is too much, is for the rules of who asks.
//!
//! Looking takes longer than asking the index: it is done only for wallets that may have transfers, off the threads that serve
//! connections, by a few requests at once, and within a number of transfers for each request ([`Bounds`]). What could not be
//! looked at is said.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use watch::{Kind, Value};

use super::answer::Answer;
use super::reading::{Question, Reading};

/// Looks for what wallets are exposed to.
pub trait Exposures: Send + Sync {
    /// Whether something may be said of a wallet, by its form; no file is read for it.
    fn covers(&self, wallet: &Value) -> bool;

    /// What it is exposed to, on each chain that it may be on. No more than `transfers_left` transfers are read, and what was read is
    /// taken off.
    fn look(&self, wallet: &Value, transfers_left: &mut u64) -> Vec<Exposure>;

    /// Whether some amounts are told in US dollars.
    fn has_prices(&self) -> bool;
}

/// How much is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Transfers that are read for all wallets of one request, at most.
    pub request_transfers_max: u64,
    /// Requests that are looked at side by side; more wait.
    pub at_once: usize,
}

/// Looks within bounds.
pub(super) struct Exposing {
    look: Arc<dyn Exposures>,
    bounds: Bounds,
    turns: Arc<Semaphore>,
}

/// What a wallet is exposed to on a chain.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Exposure {
    /// The chain, as the operator's transfers name it.
    pub chain: String,
    /// The wallet's address there.
    pub address: String,
    /// By what rule what was mixed is split.
    pub rule: &'static str,
    /// Up to where the chain is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upto: Option<Upto>,
    /// Whose the address itself is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Label>,
    /// In how many transfers it gives or gets; 0 if none is known.
    pub transfers: u64,
    /// Why it was not looked at, or not whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut_off: Option<String>,
    /// From whom it got what it got.
    pub sources: Side,
    /// To whom went what it gave.
    pub sinks: Side,
}

/// The last transfer that is known of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Upto {
    /// Its block; its time in seconds where the transfers have no blocks.
    pub block: u64,
    /// The latest time of a transfer.
    pub time: String,
}

/// Whose an address is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Label {
    /// What it is called.
    pub name: String,
    /// What it is.
    pub category: &'static str,
    /// Whether who is of this category did wrong, or is said to have.
    pub illicit: bool,
    /// Who says so.
    pub source: String,
}

/// One direction.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Side {
    /// By asset.
    pub assets: Vec<OfAsset>,
    /// Assets that are left off here, those in which nobody with a label was met first.
    #[serde(skip_serializing_if = "is_none")]
    pub assets_left_off: usize,
    /// Transfers that were read for it.
    pub read: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn is_none(count: &usize) -> bool {
    *count == 0
}

/// One direction in one asset. The rows' amounts add up to the amount, to the unit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OfAsset {
    /// The asset: its contract, or what the transfers call the chain's own coin.
    pub asset: String,
    /// How many decimals a whole coin has, if that is known.
    pub decimals: Option<u8>,
    /// All that was got (given), in the smallest unit, in digits.
    pub amount: String,
    /// By how many transfers.
    pub transfers: u64,
    /// Where it came from (went to), the largest amount first.
    pub rows: Vec<Row>,
}

/// What came from, or went to, addresses of one kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The category of their label; `held`; or `unknown: …` with why.
    pub kind: &'static str,
    /// Whether the way could be followed up to them.
    pub known: bool,
    /// Whether who is of this category did wrong, or is said to have.
    pub illicit: bool,
    /// One hop away, in the smallest unit, in digits.
    pub direct: String,
    /// Further away.
    pub indirect: String,
    /// The share of both in the amount, in parts per million.
    pub ppm: u32,
    /// The share of what is one hop away.
    pub direct_ppm: u32,
    /// Hops of the nearest.
    pub hops_least: u32,
    /// Hops on the average, weighted by amount.
    pub hops_mean: f64,
    /// How many addresses.
    pub addresses: usize,
    /// Those with most.
    pub largest: Vec<Party>,
    /// The same in US dollars, if the node has a price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usd: Option<InDollars>,
}

/// An address at which ways ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Party {
    /// The address.
    pub address: String,
    /// Whose it is.
    pub label: Option<String>,
    /// How much, in the smallest unit, in digits.
    pub amount: String,
    /// How many hops it is away at least.
    pub hops: u32,
}

/// A row's amounts in US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct InDollars {
    /// One hop away.
    pub direct: Cents,
    /// Further away.
    pub indirect: Cents,
}

/// Hundredths of a US dollar; written as dollars, `12.05`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cents(pub u128);

impl std::fmt::Display for Cents {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

impl Serialize for Cents {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Exposure {
    /// Something that can't be said of a wallet, and why.
    #[must_use]
    pub fn none(chain: impl Into<String>, wallet: &Value, why: impl Into<String>) -> Self {
        Self {
            chain: chain.into(),
            address: wallet.text().to_owned(),
            rule: "haircut",
            upto: None,
            label: None,
            transfers: 0,
            cut_off: Some(why.into()),
            sources: Side::default(),
            sinks: Side::default(),
        }
    }
}

impl Exposing {
    pub(super) fn new(look: Arc<dyn Exposures>, bounds: Bounds) -> Self {
        Self { look, bounds, turns: Arc::new(Semaphore::new(bounds.at_once.max(1))) }
    }

    pub(super) fn has_prices(&self) -> bool {
        self.look.has_prices()
    }

    /// Whether some of these are looked at.
    pub(super) fn looks_at(&self, questions: &[Question]) -> bool {
        questions.iter().any(|question| {
            question.may_be_wallet() && Reading::of(question).values().iter().any(|value| self.covers(value))
        })
    }

    fn covers(&self, value: &Value) -> bool {
        value.kind() == Kind::Wallet && self.look.covers(value)
    }

    /// Waits until one may look. `None` never comes: nobody closes what is waited for.
    pub(super) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.turns).acquire_owned().await.ok()
    }

    /// Says in each answer about a wallet what it is exposed to, in order, as far as the bounds go.
    pub(super) fn tell(&self, questions: &[Question], readings: &[Reading], answers: &mut [Answer]) {
        let mut left = self.bounds.request_transfers_max;
        let asked = questions.iter().zip(readings).zip(answers);
        for ((_, reading), answer) in asked.filter(|((question, _), _)| question.may_be_wallet()) {
            for wallet in reading.values().iter().filter(|value| self.covers(value)) {
                answer.exposure.extend(self.look.look(wallet, &mut left));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_written_with_their_cents() {
        for (cents, written) in [
            (0, "0.00"),
            (5, "0.05"),
            (1_205, "12.05"),
            (u128::MAX, "3402823669209384634633746074317682114.55"),
        ] {
            assert_eq!(serde_json::to_string(&Cents(cents)).unwrap(), format!("\"{written}\""));
        }
    }
}
