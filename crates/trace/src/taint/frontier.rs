//! The frontier: the transfers of those reached, in order.
//!
//! Each account that taint comes to is watched from then on: its earlier transfers are read at once, for what it held, and its later ones
//! wait in a heap with those of all others who are watched. Nothing else is read.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use hashbrown::{HashMap, HashSet};

use crate::{Account, Flows, Transfer};

use super::Place;
use super::amount::Amount;
use super::result::Ended;
use super::run::{Halt, Run, Step};
use super::slot::{NONE, Rule};

/// How it went.
pub(super) enum Outcome {
    Done(Ended),
    /// More transfers would have to be read than allowed.
    TooMuch,
}

pub(super) fn follow<N, F, R, P>(flows: &F, run: &mut Run<'_, N, R, P>, budget: u64) -> Result<Outcome, Halt>
where
    N: Amount,
    F: Flows,
    R: Rule<N>,
    P: Fn(Account) -> Place,
{
    let mut frontier = Frontier {
        flows,
        of: |account| flows.of(account),
        left: budget,
        slots: HashMap::new(),
        watched: HashSet::new(),
        later: Vec::new(),
        due: run.case.thefts.iter().map(|theft| Reverse((theft.number, NONE))).collect(),
    };
    match frontier.all(run) {
        Ok(true) => Ok(Outcome::Done(Ended::Complete)),
        Ok(false) => Ok(Outcome::TooMuch),
        Err(Halt::Limit(limit, next)) => Ok(Outcome::Done(Ended::AtLimit { limit, next })),
        Err(halt) => Err(halt),
    }
}

struct Frontier<'f, F, O, I> {
    flows: &'f F,
    of: O,
    /// How many transfers may still be read.
    left: u64,
    /// By key.
    slots: HashMap<u64, u32>,
    watched: HashSet<Account>,
    /// The later transfers of those who are watched.
    later: Vec<I>,
    /// The next transfer of each, and the place of the others in `later`; thefts come without one.
    due: BinaryHeap<Reverse<(u64, u32)>>,
}

impl<F, O, I> Frontier<'_, F, O, I>
where
    F: Flows,
    O: Fn(Account) -> I,
    I: Iterator<Item = u64>,
{
    /// Follows all; whether that was possible with the transfers that may be read.
    fn all<N, R, P>(&mut self, run: &mut Run<'_, N, R, P>) -> Result<bool, Halt>
    where
        N: Amount,
        R: Rule<N>,
        P: Fn(Account) -> Place,
    {
        let mut last = None;
        while let Some(number) = self.next() {
            if last.replace(number) == Some(number) {
                continue;
            }
            let transfer = self.read(number)?;
            if !self.one(run, number, &transfer)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The next transfer that is due; one between two who are watched comes twice.
    fn next(&mut self) -> Option<u64> {
        let mut top = self.due.peek_mut()?;
        let Reverse((number, whose)) = *top;
        match self.later.get_mut(whose as usize).and_then(Iterator::next) {
            Some(next) => top.0.0 = next,
            None => drop(PeekMut::pop(top)),
        }
        Some(number)
    }

    fn one<N, R, P>(
        &mut self,
        run: &mut Run<'_, N, R, P>,
        number: u64,
        transfer: &Transfer,
    ) -> Result<bool, Halt>
    where
        N: Amount,
        R: Rule<N>,
        P: Fn(Account) -> Place,
    {
        let Some(asset) = run.case.assets.moved(transfer) else {
            return Ok(self.left > 0);
        };
        let from = self.slot(run, transfer.from, asset);
        let to = self.slot(run, transfer.to, asset);
        let mut step = Step { number, transfer, asset, from, to };
        if to.is_none() && run.would_taint(&step) && run.case.place(transfer.to) == Place::Holder {
            self.watch(run, transfer.to, number)?;
            step.to = self.slot(run, transfer.to, asset);
        }
        if self.left == 0 {
            return Ok(false);
        }
        run.step(&step)?;
        Ok(true)
    }

    fn read(&mut self, number: u64) -> Result<Transfer, Halt> {
        self.left = self.left.saturating_sub(1);
        self.flows.transfer(number).ok_or(Halt::Changed(number))
    }

    /// The slot of an account's holding, if the account is watched.
    fn slot<N, R, P>(&mut self, run: &mut Run<'_, N, R, P>, account: Account, asset: usize) -> Option<u32>
    where
        N: Amount,
        R: Rule<N>,
        P: Fn(Account) -> Place,
    {
        let key = run.case.assets.key(account, asset);
        if let Some(slot) = self.slots.get(&key) {
            return Some(*slot);
        }
        self.watched.contains(&account).then(|| *self.slots.entry(key).or_insert(run.slot()))
    }

    /// Counts what an account held before a transfer, and watches it from there on.
    fn watch<N, R, P>(
        &mut self,
        run: &mut Run<'_, N, R, P>,
        account: Account,
        number: u64,
    ) -> Result<(), Halt>
    where
        N: Amount,
        R: Rule<N>,
        P: Fn(Account) -> Place,
    {
        self.watched.insert(account);
        let mut later = (self.of)(account);
        for earlier in &mut later {
            if earlier > number {
                let whose = u32::try_from(self.later.len()).unwrap_or(NONE);
                self.due.push(Reverse((earlier, whose)));
                self.later.push(later);
                return Ok(());
            }
            if earlier == number {
                continue;
            }
            if self.left == 0 {
                return Ok(());
            }
            let transfer = &self.read(earlier)?;
            let Some(asset) = run.case.assets.moved(transfer) else {
                continue;
            };
            let slot = self.slot(run, account, asset);
            let (from, to) = if transfer.from == account { (slot, None) } else { (None, slot) };
            run.step_before(&Step { number: earlier, transfer, asset, from, to })?;
        }
        Ok(())
    }
}
