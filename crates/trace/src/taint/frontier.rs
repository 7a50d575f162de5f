//! The frontier: the transfers of those reached, in order.
//!
//! Each account that taint comes to is watched from then on: its earlier transfers are read at once, for what it held. Of its later
//! ones, those in which it gives wait in a heap with those of all others who are watched. Those in which it gets from somebody who is
//! not watched are clean, and are only counted when somebody needs to know what it holds. Nothing else is read.
//!
//! What takes the time is memory. Of the transfers that are due next some are looked at together, and so are the accounts that get
//! them, most of whom will be watched, and what came in meanwhile to those who are: the processor waits for all of them at once, and
//! not for one after the other. What each transfer needs of those who are watched lies close together, and the rest apart.

use std::cmp::Reverse;
use std::collections::binary_heap::PeekMut;
use std::collections::{BinaryHeap, VecDeque};

use hashbrown::HashMap;

use crate::{Account, Flows, Transfer};

use super::Place;
use super::amount::Amount;
use super::result::Ended;
use super::run::{Halt, Run, Step};
use super::slot::{NONE, Rule};

/// How it went.
pub(super) enum Outcome {
    Done(Ended),
    /// More transfers would have to be read than allowed, or a limit or a sum that does not fit was met among those that are counted
    /// late, so that this way can't say at which transfer the trace ends.
    LeftOff,
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
        given: |account, first| flows.given_from(account, first),
        taken: |account, first| flows.taken_from(account, first),
        left: budget,
        places: HashMap::new(),
        slots: HashMap::new(),
        watched: Vec::new(),
        near: Vec::new(),
        due: run.case.thefts.iter().map(|theft| Reverse((theft.number, NONE))).collect(),
        soon: VecDeque::new(),
        numbers: Vec::new(),
        receivers: Vec::new(),
    };
    let mut ended = Ended::Complete;
    let mut end = u64::MAX;
    match frontier.all(run) {
        Ok(()) => {}
        Err(Stop::Halt(Halt::Limit(limit, next))) => {
            ended = Ended::AtLimit { limit, next };
            end = next;
        }
        // There may be an earlier one among what has not been counted yet.
        Err(Stop::LeftOff | Stop::Halt(Halt::Overflow(_))) => return Ok(Outcome::LeftOff),
        Err(Stop::Halt(halt)) => return Err(halt),
    }
    match frontier.catch_up_all(run, end) {
        Ok(()) => Ok(Outcome::Done(ended)),
        Err(Stop::LeftOff) => Ok(Outcome::LeftOff),
        Err(Stop::Halt(halt)) => Err(halt),
    }
}

/// What ends it early.
enum Stop {
    Halt(Halt),
    /// See [`Outcome::LeftOff`].
    LeftOff,
}

impl From<Halt> for Stop {
    fn from(halt: Halt) -> Self {
        Self::Halt(halt)
    }
}

/// So many of an account's transfers are looked at together.
const AHEAD: usize = 32;

/// So many of the transfers that are due next are looked at together.
const SOON: usize = 128;

/// So many of what came in to each of those who are concerned.
const COMING: usize = 8;

/// An account that is watched.
struct Watched<G, T>
where
    G: Iterator<Item = u64>,
    T: Iterator<Item = u64>,
{
    /// The transfers in which it gives, behind the one that is due.
    given: G,
    /// The transfers in which it gets that are not counted yet, behind the first of them.
    taken: T,
}

/// What each transfer needs of an account that is watched.
#[derive(Clone, Copy)]
struct Near {
    /// The first transfer in which it gets that is not counted yet; [`NEVER`] if there is none.
    coming: u64,
    /// The asset that was asked for last, and the slot of what it holds of it; [`NONE`] if none was.
    asset: u32,
    slot: u32,
}

/// In place of a transfer's number: none.
const NEVER: u64 = u64::MAX;

/// A transfer that is due.
#[derive(Clone, Copy)]
struct Due {
    number: u64,
    /// The place of who gives among those watched; thefts have none.
    whose: u32,
    transfer: Transfer,
}

struct Frontier<'f, F, Given, Taken, G, T>
where
    G: Iterator<Item = u64>,
    T: Iterator<Item = u64>,
{
    flows: &'f F,
    given: Given,
    taken: Taken,
    /// How many transfers may still be read.
    left: u64,
    /// Of those watched.
    places: HashMap<Account, u32>,
    /// By place and asset, where there are several assets.
    slots: HashMap<(u32, usize), u32>,
    watched: Vec<Watched<G, T>>,
    /// Of the same accounts.
    near: Vec<Near>,
    /// The next transfer in which each of those watched gives, and its place; thefts come without one, and so behind the same transfer
    /// as one of somebody who is watched.
    due: BinaryHeap<Reverse<(u64, u32)>>,
    /// Taken out of there, because they come next but for what is put there meanwhile; ascending.
    soon: VecDeque<Due>,
    /// Scratch.
    numbers: Vec<u64>,
    receivers: Vec<(Account, u64)>,
}

impl<F, Given, Taken, G, T> Frontier<'_, F, Given, Taken, G, T>
where
    F: Flows,
    Given: Fn(Account, u64) -> G,
    Taken: Fn(Account, u64) -> T,
    G: Iterator<Item = u64>,
    T: Iterator<Item = u64> + Clone,
{
    fn all<N, R, P>(&mut self, run: &mut Run<'_, N, R, P>) -> Result<(), Stop>
    where
        N: Amount,
        R: Rule<N>,
        P: Fn(Account) -> Place,
    {
        let mut last = None;
        while let Some(due) = self.next(run)? {
            // A theft by somebody who is watched comes twice.
            if last.replace(due.number) == Some(due.number) {
                continue;
            }
            self.one(run, &due)?;
            if self.left == 0 {
                return Err(Stop::LeftOff);
            }
        }
        Ok(())
    }

    /// The next transfer that is due.
    fn next<N, R, P>(&mut self, run: &mut Run<'_, N, R, P>) -> Result<Option<Due>, Halt>
    where
        N: Amount,
        R: Rule<N>,
        P: Fn(Account) -> Place,
    {
        if self.soon.is_empty() {
            self.look_ahead(run)?;
        }
        let Some(soon) = self.soon.front().copied() else {
            return Ok(None);
        };
        let due = match self.due.peek_mut() {
            Some(top) if top.0 < (soon.number, soon.whose) => {
                let (number, whose) = top.0;
                let watched = self.watched.get_mut(whose as usize);
                match watched.and_then(|watched| watched.given.next()) {
                    Some(next) => {
                        let mut top = top;
                        top.0.0 = next;
                    }
                    None => drop(PeekMut::pop(top)),
                }
                self.left = self.left.saturating_sub(1);
                Due { number, whose, transfer: self.flows.transfer(number).ok_or(Halt::Changed(number))? }
            }
            top => {
                drop(top);
                self.soon.pop_front();
                soon
            }
        };
        Ok(Some(due))
    }

    /// Reads those that come next, and glances at what leads to the transfers of those who will be watched if nothing changes until
    /// then.
    fn look_ahead<N, R, P>(&mut self, run: &mut Run<'_, N, R, P>) -> Result<(), Halt>
    where
        N: Amount,
        R: Rule<N>,
        P: Fn(Account) -> Place,
    {
        let mut next = [(0, NONE); SOON];
        let mut count = 0;
        self.numbers.clear();
        while let Some(place) = next.get_mut(count)
            && let Some(Reverse(due)) = self.due.pop()
        {
            *place = due;
            count += 1;
            self.numbers.push(due.0);
        }
        self.left = self.left.saturating_sub(count as u64);
        let next = next.get(..count).unwrap_or_default();
        // Who gives in one of them gives the next time later.
        for (_, whose) in next {
            if let Some(watched) = self.watched.get_mut(*whose as usize)
                && let Some(number) = watched.given.next()
            {
                self.due.push(Reverse((number, *whose)));
            }
        }
        for (number, whose) in next {
            self.see_coming(*whose, *number);
        }
        self.flows.glance(&self.numbers);
        self.numbers.clear();
        self.receivers.clear();
        for (number, whose) in next.iter().copied() {
            let transfer = self.flows.transfer(number).ok_or(Halt::Changed(number))?;
            self.soon.push_back(Due { number, whose, transfer });
            let Some(asset) = run.case.assets.moved(&transfer) else {
                continue;
            };
            if let Some(place) = self.places.get(&transfer.to).copied() {
                self.see_coming(place, number);
                continue;
            }
            let from = (whose != NONE).then(|| self.slot(run, whose, asset)).flatten();
            let step = Step { number, transfer: &transfer, asset, from, to: None };
            if (whose == NONE || run.would_taint(&step)) && run.case.place(transfer.to) == Place::Holder {
                self.receivers.push((transfer.to, number));
            }
        }
        self.flows.glance(&self.numbers);
        self.flows.glance_of(&self.receivers);
        Ok(())
    }

    fn one<N, R, P>(&mut self, run: &mut Run<'_, N, R, P>, due: &Due) -> Result<(), Stop>
    where
        N: Amount,
        R: Rule<N>,
        P: Fn(Account) -> Place,
    {
        let Due { number, whose, transfer } = due;
        let Some(asset) = run.case.assets.moved(transfer) else {
            return Ok(());
        };
        let place = |account: &Account| self.places.get(account).copied();
        let giver = if *whose == NONE { place(&transfer.from) } else { Some(*whose) };
        let mut receiver = place(&transfer.to);
        let mut step = Step { number: *number, transfer, asset, from: None, to: None };
        if let Some(giver) = giver {
            self.catch_up(run, giver, *number)?;
            step.from = self.slot(run, giver, asset);
        }
        if receiver.is_none() && run.would_taint(&step) && run.case.place(transfer.to) == Place::Holder {
            receiver = Some(self.watch(run, transfer.to, *number)?);
        }
        if let Some(receiver) = receiver {
            self.catch_up(run, receiver, *number)?;
            step.to = self.slot(run, receiver, asset);
            // This one is counted here.
            if self.coming(receiver) == *number {
                self.come(receiver);
            }
        }
        Ok(run.step(&step)?)
    }

    /// The first transfer in which an account that is watched gets and that is not counted yet.
    fn coming(&self, place: u32) -> u64 {
        self.near.get(place as usize).map_or(NEVER, |near| near.coming)
    }

    /// Goes on to the next of them.
    fn come(&mut self, place: u32) {
        if let (Some(near), Some(watched)) =
            (self.near.get_mut(place as usize), self.watched.get_mut(place as usize))
        {
            near.coming = watched.taken.next().unwrap_or(NEVER);
        }
    }

    /// Adds the first few of them before a transfer to the numbers.
    fn see_coming(&mut self, place: u32, before: u64) {
        let first = self.coming(place);
        if first >= before {
            return;
        }
        self.numbers.push(first);
        if let Some(watched) = self.watched.get(place as usize) {
            let more = watched.taken.clone().take_while(|number| *number < before);
            self.numbers.extend(more.take(COMING - 1));
        }
    }

    /// The slot of what an account that is watched holds of an asset.
    fn slot<N, R, P>(&mut self, run: &mut Run<'_, N, R, P>, place: u32, asset: usize) -> Option<u32>
    where
        N: Amount,
        R: Rule<N>,
        P: Fn(Account) -> Place,
    {
        let near = self.near.get_mut(place as usize)?;
        let wanted = u32::try_from(asset).ok()?;
        if near.asset == wanted {
            return Some(near.slot);
        }
        let slot = match run.case.assets.len() {
            1 => run.slot(),
            _ => *self.slots.entry((place, asset)).or_insert_with(|| run.slot()),
        };
        (near.asset, near.slot) = (wanted, slot);
        Some(slot)
    }

    /// Counts what an account held before a transfer, and watches it from there on. Its place.
    fn watch<N, R, P>(
        &mut self,
        run: &mut Run<'_, N, R, P>,
        account: Account,
        number: u64,
    ) -> Result<u32, Stop>
    where
        N: Amount,
        R: Rule<N>,
        P: Fn(Account) -> Place,
    {
        let place = u32::try_from(self.watched.len()).unwrap_or(NONE);
        let (mut given, mut taken) = ((self.given)(account, number + 1), (self.taken)(account, number + 1));
        if let Some(next) = given.next() {
            self.due.push(Reverse((next, place)));
        }
        self.near.push(Near { coming: taken.next().unwrap_or(NEVER), asset: NONE, slot: NONE });
        self.watched.push(Watched { given, taken });
        self.places.insert(account, place);
        let mut before = self.flows.of(account).take_while(|earlier| *earlier < number);
        loop {
            self.numbers.clear();
            self.numbers.extend(before.by_ref().take(AHEAD));
            if self.numbers.is_empty() {
                return Ok(place);
            }
            self.left = self.left.saturating_sub(self.numbers.len() as u64);
            if self.left == 0 {
                return Err(Stop::LeftOff);
            }
            self.flows.glance(&self.numbers);
            for at in 0..self.numbers.len() {
                let earlier = self.numbers[at];
                let transfer = self.flows.transfer(earlier).ok_or(Halt::Changed(earlier))?;
                let Some(asset) = run.case.assets.moved(&transfer) else {
                    continue;
                };
                let slot = self.slot(run, place, asset);
                let (from, to) = if transfer.from == account { (slot, None) } else { (None, slot) };
                run.step_before(&Step { number: earlier, transfer: &transfer, asset, from, to })?;
            }
        }
    }

    /// Counts what an account has got before a transfer from those who are not watched, all of which is clean.
    fn catch_up<N, R, P>(&mut self, run: &mut Run<'_, N, R, P>, place: u32, before: u64) -> Result<(), Stop>
    where
        N: Amount,
        R: Rule<N>,
        P: Fn(Account) -> Place,
    {
        loop {
            if self.coming(place) >= before {
                return Ok(());
            }
            self.numbers.clear();
            while self.numbers.len() < AHEAD && self.coming(place) < before {
                self.numbers.push(self.coming(place));
                self.come(place);
            }
            self.left = self.left.saturating_sub(self.numbers.len() as u64);
            if self.left == 0 {
                return Err(Stop::LeftOff);
            }
            self.flows.glance(&self.numbers);
            for at in 0..self.numbers.len() {
                let number = self.numbers[at];
                let transfer = self.flows.transfer(number).ok_or(Halt::Changed(number))?;
                let Some(asset) = run.case.assets.moved(&transfer) else {
                    continue;
                };
                let slot = self.slot(run, place, asset).ok_or(Stop::LeftOff)?;
                let amount = N::narrow(transfer.amount).ok_or(Stop::LeftOff)?;
                if !run.get_clean(slot, amount) {
                    return Err(Stop::LeftOff);
                }
            }
        }
    }

    /// The same of all.
    fn catch_up_all<N, R, P>(&mut self, run: &mut Run<'_, N, R, P>, before: u64) -> Result<(), Stop>
    where
        N: Amount,
        R: Rule<N>,
        P: Fn(Account) -> Place,
    {
        for first in (0..self.watched.len()).step_by(SOON) {
            let some = first..self.watched.len().min(first + SOON);
            self.numbers.clear();
            for place in some.clone() {
                self.see_coming(u32::try_from(place).unwrap_or(NONE), before);
            }
            self.flows.glance(&self.numbers);
            for place in some {
                self.catch_up(run, u32::try_from(place).unwrap_or(NONE), before)?;
            }
        }
        Ok(())
    }
}
