//! Exposure, through its public face: worked examples, laws, and the slow plain version of itself.

mod examples;
mod laws;
mod plain;

use bongsu_trace::store::Memory;
use bongsu_trace::{Account, Asset, Transfer, U256};

/// Transfers of an asset: giver, receiver, asset, amount; a second apart.
fn ledger(rows: impl IntoIterator<Item = (u32, u32, u32, u64)>) -> (Memory, Vec<Transfer>) {
    let transfer = |(time, (from, to, asset, amount))| Transfer {
        from: Account(from),
        to: Account(to),
        asset: Asset(asset),
        amount: U256::from(amount),
        time,
    };
    let transfers: Vec<Transfer> = (0..).zip(rows).map(transfer).collect();
    (transfers.clone().into(), transfers)
}
