//! What an account's transfers say of its holdings.

use hashbrown::HashMap;

use super::{ExposureError, Side};
use crate::{Account, Asset, Flows, U256};

/// A transfer over which a way goes on: of what is wanted of the holding, `part` ÷ `whole` is wanted of `other`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) number: u64,
    pub(super) other: Account,
    pub(super) part: U256,
    pub(super) whole: U256,
}

/// A payment of more than is known to have come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Short {
    pub(super) number: u64,
    pub(super) missing: U256,
    pub(super) amount: U256,
}

/// An account's transfers in one asset.
#[derive(Debug, Default)]
pub(super) struct Holding {
    /// In the order in which one looks at them: for sources, receipts, the last first; for sinks, payments, the first first.
    pub(super) steps: Vec<Step>,
    /// For sources, ascending.
    pub(super) shorts: Vec<Short>,
    balance: U256,
}

/// Reads the transfers of an account with numbers below `before`, for each asset that is `looked_at`.
pub(super) fn read(
    flows: &impl Flows,
    account: Account,
    side: Side,
    before: u64,
    looked_at: impl Fn(Asset) -> bool,
) -> Result<HashMap<Asset, Holding>, ExposureError> {
    let mut holdings: HashMap<Asset, Holding> = HashMap::new();
    for number in flows.of(account).take_while(|number| *number < before) {
        let transfer = flows.transfer(number).ok_or(ExposureError::Unreadable { number })?;
        let amount = transfer.amount;
        if amount.is_zero() || transfer.from == transfer.to || !looked_at(transfer.asset) {
            continue;
        }
        let holding = holdings.entry(transfer.asset).or_default();
        if transfer.to == account {
            let overflow = ExposureError::Overflow { account, number };
            holding.balance = holding.balance.checked_add(amount).ok_or(overflow)?;
            if side == Side::Sources {
                let step = Step { number, other: transfer.from, part: amount, whole: holding.balance };
                holding.steps.push(step);
            }
            continue;
        }
        let part = amount.min(holding.balance);
        let whole = holding.balance;
        holding.balance -= part;
        match side {
            Side::Sources if part < amount => {
                holding.shorts.push(Short { number, missing: amount - part, amount });
            }
            Side::Sinks if !whole.is_zero() => {
                holding.steps.push(Step { number, other: transfer.to, part, whole });
            }
            _ => {}
        }
    }
    if side == Side::Sources {
        for holding in holdings.values_mut() {
            holding.steps.reverse();
        }
    }
    Ok(holdings)
}
