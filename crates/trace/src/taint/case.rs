//! What a trace starts from, checked: thefts in their order, the assets that they are of, where taint ends, and how far it is
//! followed.

use crate::{Account, Asset, Flows, Transfer, U256};

use super::{ASSETS_MAX, Limits, Place, THEFTS_MAX, TaintError, Theft};

/// So many thefts' transfers are looked at together.
const GLANCE: usize = 64;

/// A theft with its amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stolen {
    pub(super) number: u64,
    pub(super) amount: U256,
}

pub(super) struct Case<P> {
    /// Ascending by number.
    pub(super) thefts: Vec<Stolen>,
    pub(super) assets: Assets,
    pub(super) limits: Limits,
    place: P,
}

impl<P: Fn(Account) -> Place> Case<P> {
    pub(super) fn new(
        flows: &impl Flows,
        thefts: &[Theft],
        place: P,
        limits: Limits,
    ) -> Result<Self, TaintError> {
        if thefts.len() > THEFTS_MAX {
            return Err(TaintError::TooManyThefts { count: thefts.len(), limit: THEFTS_MAX });
        }
        let (mut stolen, mut assets) = (Vec::with_capacity(thefts.len()), Vec::new());
        let mut numbers = Vec::with_capacity(GLANCE);
        for (at, theft) in thefts.iter().enumerate() {
            if at.is_multiple_of(GLANCE) {
                numbers.clear();
                numbers.extend(thefts.iter().skip(at).take(GLANCE).map(|theft| theft.number));
                flows.glance(&numbers);
            }
            let number = theft.number;
            let transfer = flows
                .transfer(number)
                .ok_or_else(|| TaintError::NoSuchTransfer { number, count: flows.len() })?;
            if transfer.amount.is_zero() || transfer.from == transfer.to {
                return Err(TaintError::MovesNothing { number });
            }
            let amount = theft.stolen.unwrap_or(transfer.amount);
            if amount.is_zero() || amount > transfer.amount {
                return Err(TaintError::StolenAmount { number, stolen: amount, amount: transfer.amount });
            }
            stolen.push(Stolen { number, amount });
            assets.push(transfer.asset);
        }
        stolen.sort_unstable_by_key(|theft| theft.number);
        if let Some([theft, _]) = stolen.array_windows().find(|[theft, next]| theft.number == next.number) {
            return Err(TaintError::NamedTwice { number: theft.number });
        }
        assets.sort_unstable();
        assets.dedup();
        if assets.len() > ASSETS_MAX {
            return Err(TaintError::TooManyAssets { limit: ASSETS_MAX });
        }
        Ok(Self { thefts: stolen, assets: Assets(assets), limits, place })
    }

    pub(super) fn place(&self, account: Account) -> Place {
        (self.place)(account)
    }
}

/// The assets that are followed, ascending.
pub(super) struct Assets(Vec<Asset>);

impl Assets {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Asset> + '_ {
        self.0.iter().copied()
    }

    /// An asset's index among those that are followed.
    #[inline]
    pub(super) fn index_of(&self, asset: Asset) -> Option<usize> {
        match self.0.as_slice() {
            [only] => (*only == asset).then_some(0),
            many => many.binary_search(&asset).ok(),
        }
    }

    /// The index of a transfer's asset among those that are followed, if it moves anything of it from one account to another.
    #[inline]
    pub(super) fn moved(&self, transfer: &Transfer) -> Option<usize> {
        self.index_of(transfer.asset).filter(|_| !transfer.amount.is_zero() && transfer.from != transfer.to)
    }

    /// The key under which an account's holding of an asset is kept.
    #[inline]
    pub(super) fn key(&self, account: Account, asset: usize) -> u64 {
        u64::from(account.0) * self.0.len() as u64 + asset as u64
    }
}
