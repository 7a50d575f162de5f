//! Transfers in memory.

use bongsu_trace::{Account, Asset, Flows, Transfer, U256};

/// Transfers in their order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger(pub(crate) Vec<Transfer>);

impl Ledger {
    /// From giver, receiver, asset and amount of each; a second apart.
    pub(crate) fn new(rows: impl IntoIterator<Item = (u32, u32, u32, U256)>) -> Self {
        let transfer = |(time, (from, to, asset, amount))| Transfer {
            from: Account(from),
            to: Account(to),
            asset: Asset(asset),
            amount,
            time,
        };
        Self((0..).zip(rows).map(transfer).collect())
    }
}

impl Flows for Ledger {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn transfer(&self, number: u64) -> Option<Transfer> {
        self.0.get(usize::try_from(number).ok()?).copied()
    }

    fn of(&self, account: Account) -> impl Iterator<Item = u64> + Clone + '_ {
        let is_theirs = move |transfer: &Transfer| transfer.from == account || transfer.to == account;
        (0..).zip(&self.0).filter(move |(_, transfer)| is_theirs(transfer)).map(|(number, _)| number)
    }
}
