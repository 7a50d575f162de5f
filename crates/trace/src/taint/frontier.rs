//! The frontier: the transfers of those reached, in order.
//!
//! Each account that taint comes to is watched from then on. What it held before is counted [aside](super::held), by the time at which it
//! gives, or at the end. Of its later transfers, those in which it gives wait [for their turn](super::due) with those of all others
//! who are watched. Those in which it gets from somebody who is not watched are clean, and are only counted when somebody needs to know
//! what it holds. Nothing else is read.
//!
//! What takes the time is memory. Of the transfers that are due next some are looked at together, and so are the accounts that get
//! them, most of whom will be watched, and what came in meanwhile to those who are: the processor waits for all of them at once, and
//! not for one after the other. What each transfer needs of those who are watched lies close together, and the rest apart.

use std::collections::VecDeque;
use std::thread;

use hashbrown::HashMap;

use crate::{Account, Flows, Transfer};

use super::Place;
use super::amount::Amount;
use super::due::{self, Dues};
use super::held::{Answer, Bench, Counting};
use super::result::{Ended, Limit};
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
    F: Flows + Sync,
    R: Rule<N>,
    P: Fn(Account) -> Place,
{
    let (case, bench) = (run.case, Bench::default());
    thread::scope(|scope| {
        let mut frontier = Frontier {
            flows,
            given: |account, first| flows.given_from(account, first),
            taken: |account, first| flows.taken_from(account, first),
            left: budget,
            places: HashMap::new(),
            slots: HashMap::new(),
            watched: Vec::new(),
            near: Vec::new(),
            held: Counting::new(scope, &bench, (flows, &case.assets), budget),
            due: Dues::default(),
            next: Vec::new(),
            soon: VecDeque::new(),
            numbers: Vec::new(),
            receivers: Vec::new(),
        };
        for theft in &case.thefts {
            frontier.due.push((theft.number, NONE));
        }
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
    })
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
    /// Whether what it held before is counted.
    is_known: bool,
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

struct Frontier<'scope, 'env, N, F, Given, Taken, G, T>
where
    N: Amount,
    G: Iterator<Item = u64>,
    T: Iterator<Item = u64>,
{
    flows: &'env F,
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
    /// Of the same accounts, what they held before.
    held: Counting<'scope, 'env, N, F>,
    /// The next transfer in which each of those watched gives, and its place; thefts come without one, before or behind the same transfer
    /// as one of somebody who is watched.
    due: Dues,
    /// Scratch.
    next: Vec<due::Due>,
    /// Taken out of there, because they come next but for what is put there meanwhile; ascending.
    soon: VecDeque<Due>,
    /// Scratch.
    numbers: Vec<u64>,
    receivers: Vec<(Account, u64)>,
}

impl<'env, N, F, Given, Taken, G, T> Frontier<'_, 'env, N, F, Given, Taken, G, T>
where
    N: Amount + 'env,
    F: Flows + Sync,
    Given: Fn(Account, u64) -> G,
    Taken: Fn(Account, u64) -> T,
    G: Iterator<Item = u64>,
    T: Iterator<Item = u64> + Clone,
{
    fn all<R, P>(&mut self, run: &mut Run<'_, N, R, P>) -> Result<(), Stop>
    where
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
    fn next<R, P>(&mut self, run: &mut Run<'_, N, R, P>) -> Result<Option<Due>, Halt>
    where
        R: Rule<N>,
        P: Fn(Account) -> Place,
    {
        if self.soon.is_empty() && !self.due.has_late() {
            self.look_ahead(run)?;
        }
        let soon = self.soon.front().map_or(NEVER, |soon| soon.number);
        let Some((number, whose)) = self.due.pop_late(soon) else {
            return Ok(self.soon.pop_front());
        };
        if let Some(watched) = self.watched.get_mut(whose as usize)
            && let Some(next) = watched.given.next()
        {
            self.due.push((next, whose));
        }
        self.left = self.left.saturating_sub(1);
        let transfer = self.flows.transfer(number).ok_or(Halt::Changed(number))?;
        Ok(Some(Due { number, whose, transfer }))
    }

    /// Reads those that come next, and glances at what leads to the transfers of those who will be watched if nothing changes until
    /// then.
    fn look_ahead<R, P>(&mut self, run: &mut Run<'_, N, R, P>) -> Result<(), Halt>
    where
        R: Rule<N>,
        P: Fn(Account) -> Place,
    {
        let mut next = std::mem::take(&mut self.next);
        self.due.take(SOON, &mut next);
        self.left = self.left.saturating_sub(next.len() as u64);
        self.numbers.clear();
        self.numbers.extend(next.iter().map(|due| due.0));
        // Who gives in one of them gives the next time later.
        for (_, whose) in &next {
            if let Some(watched) = self.watched.get_mut(*whose as usize)
                && let Some(number) = watched.given.next()
            {
                self.due.push((number, *whose));
            }
        }
        for (number, whose) in &next {
            self.see_coming(*whose, *number);
        }
        self.flows.glance(&self.numbers);
        self.numbers.clear();
        self.receivers.clear();
        for (number, whose) in next.drain(..) {
            let transfer = self.flows.transfer(number).ok_or(Halt::Changed(number))?;
            self.soon.push_back(Due { number, whose, transfer });
            let Some(asset) = run.case.assets.moved(&transfer) else {
                continue;
            };
            if let Some(place) = self.places.get(&transfer.to).copied() {
                self.see_coming(place, number);
                continue;
            }
            let from = self.is_known(whose).then(|| self.slot(run, whose, asset)).flatten();
            let step = Step { number, transfer: &transfer, asset, from, to: None };
            if (from.is_none() || run.would_taint(&step)) && run.case.place(transfer.to) == Place::Holder {
                self.receivers.push((transfer.to, number));
            }
        }
        self.next = next;
        self.flows.glance(&self.numbers);
        // What they held before is looked at when it is counted.
        self.flows.glance_of(&self.receivers, 0);
        Ok(())
    }

    fn one<R, P>(&mut self, run: &mut Run<'_, N, R, P>, due: &Due) -> Result<(), Stop>
    where
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
            self.know(run, giver)?;
            self.catch_up(run, giver, *number)?;
            step.from = self.slot(run, giver, asset);
        }
        if receiver.is_none() && run.would_taint(&step) && run.case.place(transfer.to) == Place::Holder {
            receiver = Some(self.watch(transfer.to, *number));
        }
        if let Some(receiver) = receiver {
            self.catch_up(run, receiver, *number)?;
            step.to = self.slot(run, receiver, asset);
            // This one is counted here.
            if self.coming(receiver) == *number {
                self.come(receiver);
            }
        }
        run.step(&step)?;
        if let Some(receiver) = receiver
            && self.is_past(run, receiver, step.to)?
        {
            return Err(Halt::Limit(Limit::Parcels, *number + 1).into());
        }
        Ok(())
    }

    /// Whether a slot of an account, of which it was not known so far what was held in it, turns out to be past a limit with that.
    fn is_past<R, P>(
        &mut self,
        run: &mut Run<'_, N, R, P>,
        place: u32,
        slot: Option<u32>,
    ) -> Result<bool, Stop>
    where
        R: Rule<N>,
        P: Fn(Account) -> Place,
    {
        let Some(slot) = slot.filter(|slot| !self.is_known(place) && run.may_be_past(*slot)) else {
            return Ok(false);
        };
        self.know(run, place)?;
        Ok(run.is_past(slot))
    }

    fn is_known(&self, place: u32) -> bool {
        self.near.get(place as usize).is_some_and(|near| near.is_known)
    }

    /// Counts what an account held before it was watched, if that is not done yet.
    fn know<R, P>(&mut self, run: &mut Run<'_, N, R, P>, place: u32) -> Result<(), Stop>
    where
        R: Rule<N>,
        P: Fn(Account) -> Place,
    {
        while !self.is_known(place) {
            let Some(answer) = self.held.answer(place) else { return Err(Stop::LeftOff) };
            self.learn(run, answer?)?;
        }
        Ok(())
    }

    fn learn<R, P>(&mut self, run: &mut Run<'_, N, R, P>, answer: Answer<N>) -> Result<(), Stop>
    where
        R: Rule<N>,
        P: Fn(Account) -> Place,
    {
        self.left = self.left.saturating_sub(answer.read);
        if self.left == 0 {
            return Err(Stop::LeftOff);
        }
        for held in &answer.held {
            let slot = self.slot(run, held.place, held.asset).ok_or(Stop::LeftOff)?;
            if !run.had_before(slot, held) {
                return Err(Stop::LeftOff);
            }
        }
        for place in answer.places {
            if let Some(near) = self.near.get_mut(place as usize) {
                near.is_known = true;
            }
        }
        Ok(())
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
    fn slot<R, P>(&mut self, run: &mut Run<'_, N, R, P>, place: u32, asset: usize) -> Option<u32>
    where
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

    /// Watches an account from a transfer on. Its place.
    fn watch(&mut self, account: Account, number: u64) -> u32 {
        let place = u32::try_from(self.watched.len()).unwrap_or(NONE);
        let (mut given, mut taken) = ((self.given)(account, number + 1), (self.taken)(account, number + 1));
        if let Some(next) = given.next() {
            self.due.push((next, place));
        }
        let coming = taken.next().unwrap_or(NEVER);
        self.near.push(Near { coming, asset: NONE, slot: NONE, is_known: false });
        self.watched.push(Watched { given, taken });
        self.places.insert(account, place);
        self.held.ask(place, account, number);
        place
    }

    /// Counts what an account has got before a transfer from those who are not watched, all of which is clean.
    fn catch_up<R, P>(&mut self, run: &mut Run<'_, N, R, P>, place: u32, before: u64) -> Result<(), Stop>
    where
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
                if !run.get_clean(slot, amount) || self.is_past(run, place, Some(slot))? {
                    return Err(Stop::LeftOff);
                }
            }
        }
    }

    /// The same of all.
    fn catch_up_all<R, P>(&mut self, run: &mut Run<'_, N, R, P>, before: u64) -> Result<(), Stop>
    where
        R: Rule<N>,
        P: Fn(Account) -> Place,
    {
        while let Some(answer) = self.held.answer(NONE) {
            self.learn(run, answer?)?;
        }
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
