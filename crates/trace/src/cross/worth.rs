//! What assets are worth the same, and exact conversion between their units.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{Chain, CrossError};
use crate::{Asset, Payments, Store, U256};

/// What an asset is worth: another that has the same name here, on any chain, is worth as much, coin for coin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worth {
    /// Of what it is, as people call it: `ETH` for the coin of Ethereum, and for what stands for it on another chain.
    pub name: Arc<str>,
    /// How many decimals the asset has: a coin is ten to this power of smallest units.
    pub decimals: u8,
}

/// What a chain knows of its assets.
pub trait Assets {
    /// The chain's name.
    fn chain(&self) -> &str;

    /// The asset with this name, or this contract.
    fn asset(&self, name: &str) -> Option<Asset>;

    /// How many decimals it has, if that is known.
    fn decimals(&self, asset: Asset) -> Option<u8>;
}

impl Assets for Store {
    fn chain(&self) -> &str {
        self.chain()
    }

    fn asset(&self, name: &str) -> Option<Asset> {
        self.asset(name)
    }

    fn decimals(&self, asset: Asset) -> Option<u8> {
        self.decimals(asset)
    }
}

impl Assets for Payments {
    fn chain(&self) -> &str {
        self.chain()
    }

    fn asset(&self, name: &str) -> Option<Asset> {
        self.asset(name)
    }

    fn decimals(&self, asset: Asset) -> Option<u8> {
        self.decimals(asset)
    }
}

/// What is said of a chain's assets: the asset's name there, and what it is worth. An asset that is not there is passed over.
///
/// # Errors
/// [`CrossError::Decimals`] if nobody has told how many decimals an asset has: without them there is no exact conversion.
pub fn worths<'t>(
    payments: &impl Assets,
    table: impl IntoIterator<Item = (&'t str, &'t str)>,
) -> Result<HashMap<Asset, Worth>, CrossError> {
    let mut worths = HashMap::new();
    for (asset, name) in table {
        let Some(number) = payments.asset(asset) else { continue };
        let decimals = payments.decimals(number).ok_or_else(|| CrossError::Decimals {
            chain: payments.chain().to_owned(),
            asset: asset.to_owned(),
        })?;
        worths.insert(number, Worth { name: name.into(), decimals });
    }
    Ok(worths)
}

/// For each worth, the most decimals that an asset of it has: in these, all its amounts are whole numbers.
pub(super) struct Scales(BTreeMap<Arc<str>, u8>);

impl Scales {
    pub(super) fn new<F>(chains: &[Chain<'_, F>]) -> Self {
        let mut scales = BTreeMap::new();
        for worth in chains.iter().flat_map(|chain| chain.worths.values()) {
            let most: &mut u8 = scales.entry(Arc::clone(&worth.name)).or_default();
            *most = worth.decimals.max(*most);
        }
        Self(scales)
    }

    /// How many smallest units of its worth an asset's smallest unit is; `None` if that is more than can be.
    fn unit(&self, worth: &Worth) -> Option<U256> {
        let most = self.0.get(&worth.name)?;
        U256::from(10).checked_pow(U256::from(most.checked_sub(worth.decimals)?))
    }

    /// An amount in the smallest units of its worth; `None` if there are too many of them to be true.
    pub(super) fn fine(&self, amount: U256, worth: &Worth) -> Option<U256> {
        amount.checked_mul(self.unit(worth)?)
    }

    /// The amount that is worth so much, rounded down to the asset's unit.
    pub(super) fn coarse(&self, fine: U256, worth: &Worth) -> Option<U256> {
        fine.checked_div(self.unit(worth)?)
    }
}
