//! Poison and haircut: all that is known of a holding is how much of it is tainted.

use super::amount::Amount;
use super::slot::{Load, Rule, Slot};

/// Rule V-1: where anything is tainted, all is.
pub(super) struct Poison;

impl<N: Amount> Rule<N> for Poison {
    fn leave(&mut self, _: u32, from: &mut Slot<N>, amount: N) -> Load<N> {
        from.balance = from.balance.less(amount);
        from.tainted = from.balance;
        Load { tainted: amount, ..Load::clean(amount) }
    }

    fn pad(&mut self, load: &mut Load<N>, missing: N) {
        load.amount = load.amount.plus(missing).unwrap_or(load.amount);
        load.tainted = load.amount;
    }

    fn taint(&mut self, load: &mut Load<N>, stolen: N) {
        load.tainted = load.tainted.max(stolen);
    }

    fn arrive(&mut self, _: u32, to: &mut Slot<N>, load: Load<N>) {
        to.balance = to.balance.plus(load.amount).unwrap_or(to.balance);
        if !(to.tainted.is_nothing() && load.tainted.is_nothing()) {
            to.tainted = to.balance;
        }
    }

    fn precede(&mut self, slot: u32, holding: &mut Slot<N>, amount: N) {
        self.arrive(slot, holding, Load::clean(amount));
    }

    fn lose(&mut self, _: Load<N>) {}

    fn would_taint(&self, _: u32, _: &Slot<N>, _: N) -> bool {
        true
    }
}

/// Rule V-2: what leaves is as tainted as the holding.
pub(super) struct Haircut;

impl<N: Amount> Rule<N> for Haircut {
    fn leave(&mut self, _: u32, from: &mut Slot<N>, amount: N) -> Load<N> {
        let tainted = amount.share(from.tainted, from.balance);
        from.balance = from.balance.less(amount);
        from.tainted = from.tainted.less(tainted);
        Load { tainted, ..Load::clean(amount) }
    }

    fn pad(&mut self, load: &mut Load<N>, missing: N) {
        load.amount = load.amount.plus(missing).unwrap_or(load.amount);
    }

    fn taint(&mut self, load: &mut Load<N>, stolen: N) {
        load.tainted = load.tainted.max(stolen);
    }

    fn arrive(&mut self, _: u32, to: &mut Slot<N>, load: Load<N>) {
        to.balance = to.balance.plus(load.amount).unwrap_or(to.balance);
        to.tainted = to.tainted.plus(load.tainted).unwrap_or(to.tainted);
    }

    fn precede(&mut self, _: u32, holding: &mut Slot<N>, amount: N) {
        holding.balance = holding.balance.plus(amount).unwrap_or(holding.balance);
    }

    fn lose(&mut self, _: Load<N>) {}

    fn would_taint(&self, _: u32, from: &Slot<N>, amount: N) -> bool {
        !amount.share(from.tainted, from.balance).is_nothing()
    }
}
