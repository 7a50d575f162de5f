//! What one account holds of one asset, what a transfer carries, and what a method has to say of both.

use super::amount::Amount;

/// In place of an index: none.
pub(super) const NONE: u32 = u32::MAX;

/// What an account holds of an asset.
///
/// Only what each transfer needs lies here, and in one line of the processor's cache: it is for this memory that a sweep waits.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(32))]
pub(super) struct Slot<N> {
    /// All that is there.
    pub(super) balance: N,
    /// How much of it is tainted.
    pub(super) tainted: N,
}

/// Parcels, one after another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chain {
    pub(super) head: u32,
    pub(super) tail: u32,
    pub(super) count: u32,
}

impl Default for Chain {
    fn default() -> Self {
        Self { head: NONE, tail: NONE, count: 0 }
    }
}

/// What is on its way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load<N> {
    pub(super) amount: N,
    pub(super) tainted: N,
    /// In the order in which they left. A clean load has none written down.
    pub(super) parcels: Chain,
}

impl<N: Amount> Load<N> {
    pub(super) fn clean(amount: N) -> Self {
        Self { amount, tainted: N::default(), parcels: Chain::default() }
    }
}

/// How taint moves.
pub(super) trait Rule<N: Amount> {
    /// Makes ready for so many slots.
    fn make(&mut self, _slots: usize) {}

    /// Takes an amount, at most all, out of a holding in which something is tainted. `slot` is the holding's index.
    fn leave(&mut self, slot: u32, from: &mut Slot<N>, amount: N) -> Load<N>;

    /// Adds to a load with taint what its giver is not known to have had: clean, and there before all else.
    fn pad(&mut self, load: &mut Load<N>, missing: N);

    /// Taints so much of a load's clean part, from what left first on, that `stolen` of it is tainted.
    fn taint(&mut self, load: &mut Load<N>, stolen: N);

    /// Lays a load into a holding; either may be clean. That the sum fits has been seen to.
    fn arrive(&mut self, slot: u32, to: &mut Slot<N>, load: Load<N>);

    /// Lays something clean into a holding that was there before all else that is in it. That the sum fits has been seen to.
    fn precede(&mut self, slot: u32, holding: &mut Slot<N>, amount: N);

    /// Forgets a load that is followed no further.
    fn lose(&mut self, load: Load<N>);

    /// Whether something tainted would leave with an amount, from a holding in which something is tainted.
    fn would_taint(&self, slot: u32, from: &Slot<N>, amount: N) -> bool;

    /// Looks at the first and the last parcel of a holding, so that they are in the processor's cache when they are needed.
    fn glance(&self, _slot: u32) -> bool {
        false
    }

    /// Of how many parcels a holding in which something is tainted consists.
    fn parcels(&self, _slot: u32) -> u32 {
        1
    }

    /// How many parcels have been passed over so far, in all.
    fn passed(&self) -> u64 {
        0
    }

    /// Whether no more parcels can be told apart.
    fn is_full(&self) -> bool {
        false
    }
}
