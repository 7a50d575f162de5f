//! One trace while it is made: the holdings, and what a transfer does to them.
//!
//! Both ways call [`Run::step`] with the same transfers that matter in the same order, and so come to the same result. They differ
//! in how they find the transfers and the holdings; where a holding has no slot, it is of no concern: nothing tainted ever comes into
//! it, or it is a service's.

use hashbrown::HashMap;

use crate::{Account, Transfer};

use super::amount::Amount;
use super::case::Case;
use super::held::Held;
use super::result::{Amounts, Ended, Entry, Limit, Reached, Total, Trace};
use super::slot::{Load, NONE, Rule, Slot};
use super::{Place, Way};

/// What ends a trace before the last transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Halt {
    /// A limit; the number is of the first transfer that was not followed.
    Limit(Limit, u64),
    /// A sum does not fit.
    Overflow(u64),
    /// What is read now contradicts what was read before.
    Changed(u64),
}

/// A transfer that matters.
pub(super) struct Step<'a> {
    pub(super) number: u64,
    pub(super) transfer: &'a Transfer,
    /// Index of the transfer's asset among those followed.
    pub(super) asset: usize,
    pub(super) from: Option<u32>,
    pub(super) to: Option<u32>,
}

struct Sums<N> {
    stolen: N,
    entered: N,
    burnt: N,
}

/// When taint first came to a slot.
#[derive(Debug, Clone, Copy)]
struct Reach {
    /// As an index among the reached; [`NONE`] if none ever did.
    index: u32,
    /// How many transfers it was from its theft.
    hop: u32,
}

const UNREACHED: Reach = Reach { index: NONE, hop: 0 };

pub(super) struct Run<'c, N, R, P> {
    pub(super) case: &'c Case<P>,
    rule: R,
    slots: Vec<Slot<N>>,
    /// By slot.
    reaches: Vec<Reach>,
    /// By slot.
    unexplained: Vec<N>,
    /// Slots that nothing tainted has come into yet and whose sum does not fit, with the transfer from which on.
    overflowed: HashMap<u32, u64>,
    thefts_past: usize,
    reached: Vec<Reached>,
    /// By index among the reached.
    reached_slots: Vec<u32>,
    entries: Vec<Entry>,
    moved: Vec<u64>,
    moved_amounts: Vec<N>,
    stolen: Vec<u64>,
    stolen_amounts: Vec<N>,
    /// By asset.
    sums: Vec<Sums<N>>,
}

impl<'c, N: Amount, R: Rule<N>, P: Fn(Account) -> Place> Run<'c, N, R, P> {
    pub(super) fn new(case: &'c Case<P>, rule: R) -> Self {
        let nothing = || Sums { stolen: N::default(), entered: N::default(), burnt: N::default() };
        Self {
            case,
            rule,
            slots: Vec::new(),
            reaches: Vec::new(),
            unexplained: Vec::new(),
            overflowed: HashMap::new(),
            thefts_past: 0,
            reached: Vec::new(),
            reached_slots: Vec::new(),
            entries: Vec::new(),
            moved: Vec::new(),
            moved_amounts: Vec::new(),
            stolen: Vec::new(),
            stolen_amounts: Vec::new(),
            sums: case.assets.iter().map(|_| nothing()).collect(),
        }
    }

    /// Makes so many empty slots, where there are none yet.
    pub(super) fn make(&mut self, count: usize) {
        self.slots = vec![Slot::default(); count];
        self.reaches = vec![UNREACHED; count];
        self.unexplained = vec![N::default(); count];
        self.rule.make(count);
    }

    /// Makes an empty slot.
    pub(super) fn slot(&mut self) -> u32 {
        self.slots.push(Slot::default());
        self.reaches.push(UNREACHED);
        self.unexplained.push(N::default());
        self.rule.make(self.slots.len());
        u32::try_from(self.slots.len() - 1).unwrap_or(NONE)
    }

    /// Looks at what a step will need of a slot, so that it is in the processor's cache by then.
    #[inline]
    pub(super) fn glance(&self, slot: u32) -> bool {
        let slot = slot as usize;
        self.slots.get(slot).is_some_and(|slot| slot.balance.is_nothing())
            ^ self.reaches.get(slot).is_some_and(|reach| reach.index == NONE)
    }

    /// The same of the first and the last of a slot's parcels.
    #[inline]
    pub(super) fn glance_parcels(&self, slot: u32) -> bool {
        self.rule.glance(slot)
    }

    /// Whether a step would carry taint.
    pub(super) fn would_taint(&self, step: &Step<'_>) -> bool {
        self.is_theft(step.number)
            || step.from.is_some_and(|slot| {
                let from = &self.slots[slot as usize];
                !from.tainted.is_nothing()
                    && N::narrow(step.transfer.amount)
                        .is_none_or(|amount| self.rule.would_taint(slot, from, amount.min(from.balance)))
            })
    }

    /// Whether a transfer is the next theft; steps come in ascending order.
    #[inline]
    pub(super) fn is_theft(&self, number: u64) -> bool {
        self.case.thefts.get(self.thefts_past).is_some_and(|theft| theft.number == number)
    }

    /// What was stolen by a transfer; steps come in ascending order.
    #[inline]
    fn theft(&self, number: u64) -> Option<N> {
        let theft = self.case.thefts.get(self.thefts_past).filter(|theft| theft.number == number)?;
        N::narrow(theft.amount)
    }

    /// Follows one transfer, of an amount that is not 0, between two accounts.
    #[inline]
    pub(super) fn step(&mut self, step: &Step<'_>) -> Result<(), Halt> {
        let Some(amount) = N::narrow(step.transfer.amount) else {
            return self.too_large(step);
        };
        let theft = self.theft(step.number);
        self.check_reached(step)?;
        let mut load = self.take(step.from, amount, step.number)?;
        if let Some(stolen) = theft {
            self.thefts_past += 1;
            let more = stolen.less(load.tainted);
            let sum = &mut self.sums[step.asset].stolen;
            *sum = sum.plus(more).ok_or(Halt::Overflow(step.number))?;
            self.stolen.push(step.number);
            self.stolen_amounts.push(more);
            self.rule.taint(&mut load, stolen);
        }
        if !load.tainted.is_nothing() {
            self.moved.push(step.number);
            self.moved_amounts.push(load.tainted);
        }
        match step.to {
            Some(to) => self.lay(to, load, step, theft.is_some()),
            None if load.tainted.is_nothing() => Ok(()),
            None => self.end(load, step, theft.is_some()),
        }
    }

    /// Counts what was held in a slot before all that has come into it so far, from which nothing has gone; false if it does not fit
    /// where taint has come.
    pub(super) fn had_before(&mut self, to: u32, held: &Held<N>) -> bool {
        let slot = &mut self.slots[to as usize];
        let sum = &mut self.unexplained[to as usize];
        let fits = held.too_large.is_none() && slot.balance.plus(held.balance).is_some();
        let Some(more) = sum.plus(held.unexplained).filter(|_| fits) else {
            return self.overflow(to, held.too_large.unwrap_or_default()).is_ok();
        };
        *sum = more;
        if !held.balance.is_nothing() {
            self.rule.precede(to, slot, held.balance);
        }
        true
    }

    /// Whether a slot may be past a limit if something was held in it before.
    pub(super) fn may_be_past(&self, slot: u32) -> bool {
        self.rule.parcels(slot) >= self.case.limits.parcels_max
    }

    /// Lays something clean into a slot, whenever it came; false if it does not fit, or the slot is past a limit with it.
    pub(super) fn get_clean(&mut self, to: u32, amount: N) -> bool {
        let slot = &mut self.slots[to as usize];
        if slot.balance.plus(amount).is_none() {
            return false;
        }
        let is_touched = !slot.tainted.is_nothing();
        self.rule.arrive(to, slot, Load::clean(amount));
        !(is_touched && self.is_past(to))
    }

    /// Whether a slot, or all that is followed, is past a limit.
    pub(super) fn is_past(&self, slot: u32) -> bool {
        let limits = &self.case.limits;
        self.rule.parcels(slot) > limits.parcels_max
            || self.rule.passed() > limits.passed_max
            || self.rule.is_full()
    }

    /// Takes an amount out of a slot.
    #[inline]
    fn take(&mut self, from: Option<u32>, amount: N, number: u64) -> Result<Load<N>, Halt> {
        let Some(from) = from else {
            return Ok(Load::clean(amount));
        };
        let slot = &mut self.slots[from as usize];
        let had = slot.balance.min(amount);
        let missing = amount.less(had);
        let mut load = if slot.tainted.is_nothing() {
            slot.balance = slot.balance.less(had);
            Load::clean(amount)
        } else {
            self.rule.leave(from, slot, had)
        };
        if !missing.is_nothing() {
            if !load.tainted.is_nothing() {
                self.rule.pad(&mut load, missing);
            }
            let sum = &mut self.unexplained[from as usize];
            match sum.plus(missing) {
                Some(more) => *sum = more,
                None => self.overflow(from, number)?,
            }
        }
        load.amount = amount;
        Ok(load)
    }

    /// Lays a load into a slot.
    #[inline]
    fn lay(&mut self, to: u32, load: Load<N>, step: &Step<'_>, is_theft: bool) -> Result<(), Halt> {
        let Slot { balance, tainted } = self.slots[to as usize];
        if balance.plus(load.amount).is_none() {
            self.overflow(to, step.number)?;
            if load.tainted.is_nothing() {
                return Ok(());
            }
        }
        let is_touched = !(tainted.is_nothing() && load.tainted.is_nothing());
        if tainted.is_nothing() && is_touched && self.reaches[to as usize].index == NONE {
            self.reach(to, step, is_theft)?;
        }
        self.rule.arrive(to, &mut self.slots[to as usize], load);
        if is_touched && self.is_past(to) {
            return Err(Halt::Limit(Limit::Parcels, step.number + 1));
        }
        Ok(())
    }

    /// Notes that taint has come into a slot for the first time.
    fn reach(&mut self, to: u32, step: &Step<'_>, is_theft: bool) -> Result<(), Halt> {
        if let Some(number) = self.overflowed.get(&to) {
            return Err(Halt::Overflow(*number));
        }
        let (source, hop) = self.source(step, is_theft);
        self.reaches[to as usize] = Reach { index: u32::try_from(self.reached.len()).unwrap_or(NONE), hop };
        self.reached_slots.push(to);
        let Transfer { to: account, asset, .. } = *step.transfer;
        self.reached.push(Reached { account, asset, number: step.number, source, hop });
        Ok(())
    }

    /// From whom among the reached the taint of a step comes, and how many transfers it is from its theft.
    fn source(&self, step: &Step<'_>, is_theft: bool) -> (u32, u32) {
        let giver = step.from.filter(|_| !is_theft).map_or(UNREACHED, |from| self.reaches[from as usize]);
        (giver.index, giver.hop.saturating_add(1))
    }

    /// Notes that taint has come to where it ends.
    fn end(&mut self, load: Load<N>, step: &Step<'_>, is_theft: bool) -> Result<(), Halt> {
        let place = self.case.place(step.transfer.to);
        let sums = &mut self.sums[step.asset];
        let sum = match place {
            Place::Holder => return Err(Halt::Changed(step.number)),
            Place::Service => &mut sums.entered,
            Place::Nobody => &mut sums.burnt,
        };
        *sum = sum.plus(load.tainted).ok_or(Halt::Overflow(step.number))?;
        let (source, hop) = self.source(step, is_theft);
        self.rule.lose(load);
        let Transfer { from, to, asset, amount, time } = *step.transfer;
        let tainted = load.tainted.wide();
        let number = step.number;
        self.entries.push(Entry { number, time, from, to, place, asset, amount, tainted, hop, source });
        Ok(())
    }

    /// Ends the trace before one more is reached than may be.
    #[inline]
    fn check_reached(&self, step: &Step<'_>) -> Result<(), Halt> {
        let is_full = self.reached.len() >= self.case.limits.reached_max.min(NONE as usize);
        let is_new = || step.to.is_some_and(|to| self.reaches[to as usize].index == NONE);
        if is_full && is_new() && self.would_taint(step) {
            return Err(Halt::Limit(Limit::Reached, step.number));
        }
        Ok(())
    }

    /// An amount that does not fit: what gives it and what gets it can't be counted any more.
    fn too_large(&mut self, step: &Step<'_>) -> Result<(), Halt> {
        if self.is_theft(step.number) {
            return Err(Halt::Overflow(step.number));
        }
        for slot in [step.from, step.to].into_iter().flatten() {
            self.overflow(slot, step.number)?;
        }
        Ok(())
    }

    /// A slot's sum does not fit. This is of no concern before taint comes into it.
    fn overflow(&mut self, slot: u32, number: u64) -> Result<(), Halt> {
        if self.reaches[slot as usize].index != NONE {
            return Err(Halt::Overflow(number));
        }
        self.overflowed.entry(slot).or_insert(number);
        Ok(())
    }

    /// The result.
    pub(super) fn finish(self, ended: Ended, way: Way) -> Result<Trace, Halt>
    where
        Amounts: From<Vec<N>>,
    {
        let mut held = vec![N::default(); self.sums.len()];
        for (reached, slot) in self.reached.iter().zip(&self.reached_slots) {
            let asset = self.case.assets.index_of(reached.asset).ok_or(Halt::Changed(reached.number))?;
            let more = self.slots[*slot as usize].tainted;
            held[asset] = held[asset].plus(more).ok_or(Halt::Overflow(reached.number))?;
        }
        let totals = self.case.assets.iter().zip(&self.sums).zip(held);
        let totals = totals.map(|((asset, sums), held)| Total {
            asset,
            stolen: sums.stolen.wide(),
            held: held.wide(),
            entered: sums.entered.wide(),
            burnt: sums.burnt.wide(),
        });
        let of = |what: fn(&Slot<N>) -> N| -> Amounts {
            self.reached_slots.iter().map(|slot| what(&self.slots[*slot as usize])).collect::<Vec<N>>().into()
        };
        let unexplained = self.reached_slots.iter().map(|slot| self.unexplained[*slot as usize]);
        Ok(Trace {
            ended,
            way,
            totals: totals.collect(),
            balances: of(|slot| slot.balance),
            tainted: of(|slot| slot.tainted),
            unexplained: unexplained.collect::<Vec<N>>().into(),
            reached: self.reached,
            entries: self.entries,
            moved: self.moved,
            moved_amounts: self.moved_amounts.into(),
            stolen: self.stolen,
            stolen_amounts: self.stolen_amounts.into(),
            givers: std::collections::HashMap::new(),
        })
    }
}
