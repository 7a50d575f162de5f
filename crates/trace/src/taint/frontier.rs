//! The frontier: the transfers of those reached, in order.
//!
//! Each account that taint comes to is watched from then on: its earlier transfers are read at once, for what it held, and its
//! later ones wait in a heap with those of all others who are watched. Nothing else is read.

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
        numbers: Vec::new(),
        before: Vec::new(),
    };
    match frontier.all(run) {
        Ok(true) => Ok(Outcome::Done(Ended::Complete)),
        Ok(false) => Ok(Outcome::TooMuch),
        Err(Halt::Limit(limit, next)) => Ok(Outcome::Done(Ended::AtLimit { limit, next })),
        Err(halt) => Err(halt),
    }
}

/// So many of an account's transfers are read at once, so that the processor waits for all of them together.
const AHEAD: usize = 16;

/// The later transfers of an account that is watched.
struct Later<I> {
    numbers: I,
    /// The next ones, read already, and which of them comes first.
    read: Vec<(u64, Transfer)>,
    at: usize,
}

impl<I> Later<I> {
    fn first(&self) -> Option<(u64, Transfer)> {
        self.read.get(self.at).copied()
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
    later: Vec<Later<I>>,
    /// The next transfer of each who is watched, and the place of the others in `later`; thefts come without one.
    due: BinaryHeap<Reverse<(u64, u32)>>,
    /// Scratch.
    numbers: Vec<u64>,
    before: Vec<(u64, Transfer)>,
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
        while let Some((number, transfer)) = self.next()? {
            // One between two who are watched comes twice, and so does a theft by one of them.
            if last.replace(number) == Some(number) {
                continue;
            }
            self.one(run, number, &transfer)?;
            if self.left == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The next transfer that is due.
    fn next(&mut self) -> Result<Option<(u64, Transfer)>, Halt> {
        let Some(Reverse((number, whose))) = self.due.peek().copied() else {
            return Ok(None);
        };
        let Some(later) = self.later.get_mut(whose as usize) else {
            self.due.pop();
            return Ok(Some((number, self.flows.transfer(number).ok_or(Halt::Changed(number))?)));
        };
        let found = later.first();
        later.at += 1;
        if later.at >= later.read.len() {
            later.at = 0;
            read(self.flows, &mut later.numbers, &mut self.numbers, &mut later.read)?;
            self.left = self.left.saturating_sub(later.read.len() as u64);
        }
        match (later.first(), self.due.peek_mut()) {
            (Some((next, _)), Some(mut top)) => top.0.0 = next,
            (_, Some(top)) => drop(PeekMut::pop(top)),
            (_, None) => {}
        }
        Ok(found)
    }

    fn one<N, R, P>(
        &mut self,
        run: &mut Run<'_, N, R, P>,
        number: u64,
        transfer: &Transfer,
    ) -> Result<(), Halt>
    where
        N: Amount,
        R: Rule<N>,
        P: Fn(Account) -> Place,
    {
        let Some(asset) = run.case.assets.moved(transfer) else {
            return Ok(());
        };
        let from = self.slot(run, transfer.from, asset);
        let to = self.slot(run, transfer.to, asset);
        let mut step = Step { number, transfer, asset, from, to };
        if to.is_none() && run.would_taint(&step) && run.case.place(transfer.to) == Place::Holder {
            self.watch(run, transfer.to, number)?;
            step.to = self.slot(run, transfer.to, asset);
        }
        run.step(&step)
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
        let mut numbers = (self.of)(account);
        // What comes before is read into one place for all accounts: a page of memory for each takes the system longer than the rest.
        let mut some = std::mem::take(&mut self.before);
        let mut known = None;
        while self.left > 0 {
            read(self.flows, &mut numbers, &mut self.numbers, &mut some)?;
            self.left = self.left.saturating_sub(some.len() as u64);
            let now = some.partition_point(|(earlier, _)| *earlier < number);
            for (earlier, transfer) in &some[..now] {
                let Some(asset) = run.case.assets.moved(transfer) else {
                    continue;
                };
                let slot = match known {
                    Some((of, slot)) if of == asset => slot,
                    _ => self.slot(run, account, asset),
                };
                known = Some((asset, slot));
                let (from, to) = if transfer.from == account { (slot, None) } else { (None, slot) };
                run.step_before(&Step { number: *earlier, transfer, asset, from, to })?;
            }
            let is_now = some.get(now).is_some_and(|(first, _)| *first == number);
            let after = &some[now + usize::from(is_now)..];
            if let Some((next, _)) = after.first() {
                self.due.push(Reverse((*next, u32::try_from(self.later.len()).unwrap_or(NONE))));
                self.later.push(Later { numbers, read: after.to_vec(), at: 0 });
                break;
            }
            if some.is_empty() {
                break;
            }
        }
        self.before = some;
        Ok(())
    }
}

/// Reads the next few of an account's transfers.
fn read(
    flows: &impl Flows,
    later: &mut impl Iterator<Item = u64>,
    numbers: &mut Vec<u64>,
    into: &mut Vec<(u64, Transfer)>,
) -> Result<(), Halt> {
    numbers.clear();
    numbers.extend(later.take(AHEAD));
    into.clear();
    into.reserve_exact(numbers.len());
    flows.glance(numbers);
    for number in numbers {
        into.push((*number, flows.transfer(*number).ok_or(Halt::Changed(*number))?));
    }
    Ok(())
}
