//! The whole numbers in which a trace is counted.
//!
//! Most assets' amounts fit 128 bits, their sums and products included, and are counted in them, which is several times as fast.
//! Where one does not fit, the trace begins anew in 256 bits; only what does not fit these is an error.

use std::fmt::Debug;

use crate::U256;
use ruint::aliases::U512;

/// An exact whole number of an asset's smallest units.
pub(super) trait Amount: Copy + Ord + Default + Debug + Send + Sync {
    /// The same in fewer bits; `None` if it does not fit.
    fn narrow(wide: U256) -> Option<Self>;

    fn wide(self) -> U256;

    fn plus(self, other: Self) -> Option<Self>;

    /// What is left; nothing, if more is taken than is there.
    fn less(self, other: Self) -> Self;

    /// `self` × `part` ÷ `whole`, to the nearest whole number, halves upwards.
    ///
    /// `self` or `part` is at most `whole`, which is not 0, so that it fits. This is the method of the largest remainder for two
    /// shares: of the one who goes and the one who stays, the one whose fraction is larger gets the unit that is left.
    fn share(self, part: Self, whole: Self) -> Self;

    fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

impl Amount for u128 {
    fn narrow(wide: U256) -> Option<Self> {
        let [a, b, c, d] = *wide.as_limbs();
        (c | d == 0).then_some(Self::from(b) << 64 | Self::from(a))
    }

    fn wide(self) -> U256 {
        U256::from(self)
    }

    fn plus(self, other: Self) -> Option<Self> {
        self.checked_add(other)
    }

    fn less(self, other: Self) -> Self {
        self.saturating_sub(other)
    }

    fn share(self, part: Self, whole: Self) -> Self {
        if part == whole {
            return self;
        }
        if self == whole {
            return part;
        }
        if self.leading_zeros() + part.leading_zeros() >= Self::BITS {
            let product = self * part;
            let (share, rest) = (product / whole, product % whole);
            return share + Self::from(rest >= whole - rest);
        }
        let product = U256::from(self).wrapping_mul(U256::from(part));
        let (share, rest) = product.div_rem(U256::from(whole));
        let (share, rest) = (share.wrapping_to::<Self>(), rest.wrapping_to::<Self>());
        share + Self::from(rest >= whole - rest)
    }
}

impl Amount for U256 {
    fn narrow(wide: U256) -> Option<Self> {
        Some(wide)
    }

    fn wide(self) -> U256 {
        self
    }

    fn plus(self, other: Self) -> Option<Self> {
        self.checked_add(other)
    }

    fn less(self, other: Self) -> Self {
        self.saturating_sub(other)
    }

    fn share(self, part: Self, whole: Self) -> Self {
        if part == whole {
            return self;
        }
        if self == whole {
            return part;
        }
        let product: U512 = self.widening_mul(part);
        let (share, rest) = product.div_rem(U512::from(whole));
        let (share, rest) = (share.wrapping_to::<Self>(), rest.wrapping_to::<Self>());
        share.wrapping_add(Self::from(rest >= whole.wrapping_sub(rest)))
    }
}

/// Many amounts, in as few bits as all of them fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Amounts {
    Narrow(Vec<u128>),
    Wide(Vec<U256>),
}

impl Amounts {
    pub(super) fn get(&self, index: usize) -> Option<U256> {
        match self {
            Self::Narrow(amounts) => amounts.get(index).map(|amount| amount.wide()),
            Self::Wide(amounts) => amounts.get(index).copied(),
        }
    }
}

impl From<Vec<u128>> for Amounts {
    fn from(amounts: Vec<u128>) -> Self {
        Self::Narrow(amounts)
    }
}

impl From<Vec<U256>> for Amounts {
    fn from(amounts: Vec<U256>) -> Self {
        Self::Wide(amounts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_half_goes_up_and_less_than_a_half_down() {
        for (amount, part, whole, share) in
            [(1, 1, 3, 0), (1, 1, 2, 1), (2, 1, 3, 1), (5, 4, 10, 2), (7, 7, 7, 7)]
        {
            assert_eq!(Amount::share(amount, part, whole), share);
            assert_eq!(
                U256::from(amount).share(U256::from(part), U256::from(whole)),
                U256::from(share),
                "{amount} × {part} ÷ {whole}"
            );
        }
    }

    #[test]
    fn the_largest_amounts_have_their_share() {
        let most = U256::MAX;
        assert_eq!(most.share(most - U256::from(1), most), most - U256::from(1));
        assert_eq!((most - U256::from(1)).share(U256::from(1), most), U256::from(1));
        assert_eq!(u128::MAX.share(u128::MAX - 1, u128::MAX), u128::MAX - 1);
    }

    proptest! {
        #[test]
        fn few_bits_and_many_agree(amount: u128, part: u128, whole in 1..=u128::MAX, down in 0..120_u32) {
            let whole = (whole >> down).max(1);
            let part = part % whole;
            let share = amount.share(part, whole);
            prop_assert_eq!(share.wide(), amount.wide().share(part.wide(), whole.wide()));
            let product = U512::from(amount) * U512::from(part);
            let twice = U512::from(share) * U512::from(whole) * U512::from(2);
            prop_assert!(twice <= product * U512::from(2) + U512::from(whole));
            prop_assert!(twice + U512::from(whole) > product * U512::from(2));
        }
    }
}
