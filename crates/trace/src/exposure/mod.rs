//! Exposure: from whom an address has got what it got, and to whom went what it gave, for screening.
//!
//! [`exposure`] looks from one address to one [side](Side). Its **sources**: all that it got before a given transfer, split by who gave
//! it. What a labelled address gave is *direct*, one hop away, and counts to its category. What an unlabelled one gave is looked at
//! further: it came out of a mixture of all that it had got before, and so on backwards, until labels are met (*indirect*) or a limit
//! is. The **sinks** are the same forwards: what went to a labelled address, and what an unlabelled one passed on of it later. (Labels of any
//! category end the way, thieves' as well as services'.)
//!
//! **The rule** is haircut (rule V-2) in both directions. An account's holding of an asset is what came less what went, from the
//! first transfer on, and is mixed evenly: whatever goes out of it consists of all that is in it by its parts. Let *w* be how much of a
//! holding *B* is wanted, that is, went on to the address that is asked about. Backwards over a receipt of *a* that made the
//! holding *B*, *w·a/B* of it is wanted of who gave; backwards over a payment, what is wanted of it comes to *w*. Forwards, of a payment of
//! *a* out of *B*, *w·a/B* goes with it. So each transfer is looked at once, when all that comes after it (before it, for sinks)
//! is done; since a giver's receipts are earlier than its payment, circles end by themselves. Where more goes out than is known
//! to have come in, the missing part is [unexplained](End::Unexplained), as in [taint](crate::taint).
//!
//! **To the unit.** Amounts are whole numbers. *w·a/B* is taken to the nearest unit, a half upwards, and what is not taken stays; what is
//! wanted is kept apart by hop, and the unit that is taken is divided among the hops by the largest remainder, of equals the
//! nearest hop first. Hence, for each asset, the rows' amounts add up to all that the address got (gave), exactly. In sum the
//! rounding moves at most one unit for each transfer and hop that is looked at.
//!
//! **What is not known is told**, with why ([`End`]): an unlabelled account with very many transfers is a service whose label is missing
//! and is not gone through; nor is what is too far, too small or beyond the number of transfers that may be read ([`Limits`]). The address
//! itself is one as any other where value comes back to it: it is gone through again, a hop further each time.
//!
//! **Time and memory** grow with the transfers of those gone through, and are bounded by [`Limits`]. Only the address's own are read
//! whatever their number; if that is above [`Limits::transfers_max`], they are looked at one by one and nobody is gone through.
//!
//! Sources: Möser, Böhme, Breuker: Towards Risk Scoring of Bitcoin Transactions (2014), on scoring by where value comes from and on
//! haircut. FATF: Updated Guidance for a Risk-Based Approach to Virtual Assets and Virtual Asset Service Providers (2021), for why
//! services look further than to the last payer. What they leave open is settled above, by us.

mod holding;
mod parts;
mod result;
mod sound;
mod walk;

use crate::label::Category;
use crate::{Account, Flows, U256};

pub use result::{Exposure, Party, Row, Total, parts_per_million};
pub use sound::{ASSETS_LEFT_OUT_MAX, sound_exposure};

/// In which direction one looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Backwards: who gave what the address got.
    Sources,
    /// Forwards: who got what the address gave.
    Sinks,
}

/// Where a way ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// At a labelled address.
    Label(Category),
    /// Sinks: at an unlabelled address that still holds it.
    Held,
    /// Sources: at an unlabelled address that gave more than it is known to have got.
    Unexplained,
    /// At an unlabelled address with more than [`Limits::hub_transfers_max`] transfers.
    Hub,
    /// At an unlabelled address so many hops away that its other side is beyond [`Limits::hops_max`].
    Far,
    /// At a transfer whose part is below [`Limits::ppm_min`].
    Small,
    /// At an unlabelled address that could not be gone through within [`Limits::transfers_max`].
    Budget,
    /// At all unlabelled addresses, since the address that is asked about has more than [`Limits::transfers_max`] transfers itself.
    Large,
}

impl End {
    /// Its name: the category's, or why it is not known.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Label(category) => category.as_str(),
            Self::Held => "held",
            Self::Unexplained => "unknown: gave more than it is known to have got",
            Self::Hub => "unknown: too many transfers, and no label",
            Self::Far => "unknown: too far",
            Self::Small => "unknown: too small",
            Self::Budget => "unknown: too much to read",
            Self::Large => "unknown: not looked at further, since the address has too many transfers itself",
        }
    }

    /// Whether it ended at somebody who did wrong, or is said to have.
    #[must_use]
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::Label(category) if category.is_bad())
    }

    /// Whether the way could not be followed to who gave or has got the value.
    #[must_use]
    pub const fn is_unknown(self) -> bool {
        !matches!(self, Self::Label(_) | Self::Held)
    }
}

/// How far one looks. A way that comes to a limit ends there, and is told as unknown ([`End`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many hops a labelled address may be away: 1 for direct exposure alone.
    pub hops_max: u32,
    /// How often an unlabelled account gives or gets, at most, for it to be gone through.
    pub hub_transfers_max: u64,
    /// How large a part of all that was got (given) of an asset a transfer's part must be to be looked at further, in parts per million.
    pub ppm_min: u32,
    /// How often all who are gone through give or get, at most, the address itself included. Half a
    /// microsecond each, where they lie apart in a store.
    pub transfers_max: u64,
    /// How many addresses a row names, at most.
    pub parties_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { hops_max: 10, hub_transfers_max: 5_000, ppm_min: 10, transfers_max: 200_000, parties_max: 10 }
    }
}

/// Why there is no exposure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExposureError {
    /// A sum is too large to be true.
    #[error(
        "with transfer {number}, account {} has got or given more than 2^256 - 1 units of an asset; the asset's transfers can't be true",
        account.0
    )]
    Overflow {
        /// Whose sum it is.
        account: Account,
        /// The transfer with which it came to be too large.
        number: u64,
    },
    /// A transfer can't be read.
    #[error("transfer {number} can't be read: the store is damaged (see `verify`)")]
    Unreadable {
        /// Which.
        number: u64,
    },
}

/// Looks from whom an account has got what it got before transfer `until`, or who has got of what it gave before that; all transfers
/// count if `until` is `None`.
///
/// `category` says what an account is, if that is known, and must say the same each time.
///
/// # Errors
/// [`ExposureError`]: sums that overflow, transfers that can't be read. Limits are not errors.
///
/// Sources: rules V-2, V-9; see the [module's page](self).
pub fn exposure(
    flows: &impl Flows,
    account: Account,
    side: Side,
    until: Option<u64>,
    category: impl Fn(Account) -> Option<Category>,
    limits: Limits,
) -> Result<Exposure, ExposureError> {
    let until = until.map_or(flows.len(), |until| until.min(flows.len()));
    walk::Walk::new(flows, category, limits, side, until).from(account)
}

/// `amount` × `part` ÷ `whole` and what is left over the division; `part` is at most `whole`, which is not 0.
fn divided(amount: U256, part: U256, whole: U256) -> (U256, U256) {
    if part == whole {
        return (amount, U256::ZERO);
    }
    if amount == whole {
        return (part, U256::ZERO);
    }
    match (u128::try_from(amount), u128::try_from(part), u128::try_from(whole)) {
        (Ok(amount), Ok(part), Ok(whole)) if amount.leading_zeros() + part.leading_zeros() >= u128::BITS => {
            let product = amount * part;
            (U256::from(product / whole), U256::from(product % whole))
        }
        (Ok(_), Ok(_), _) => amount.wrapping_mul(part).div_rem(whole),
        _ => {
            let product: ruint::aliases::U512 = amount.widening_mul(part);
            let (share, rest) = product.div_rem(ruint::aliases::U512::from(whole));
            (share.wrapping_to(), rest.wrapping_to())
        }
    }
}
