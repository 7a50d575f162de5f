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
use std::hint::black_box;
use std::thread;

use hashbrown::HashMap;

use crate::{Account, Flows, Later, Transfer};

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
            later: |account, first| flows.later(account, first),
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
    /// The place of who gets it, if that is watched since before this was read; else [`NONE`].
    receiver: u32,
    /// Whether who gets it is a holder, if that was asked.
    is_holder: Option<bool>,
    transfer: Transfer,
}

struct Frontier<'scope, 'env, N, F, Since, L> {
    flows: &'env F,
    later: Since,
    /// How many transfers may still be read.
    left: u64,
    /// Of those watched.
    places: HashMap<Account, u32>,
    /// By place and asset, where there are several assets.
    slots: HashMap<(u32, usize), u32>,
    /// Of each account that is watched, the transfers in which it gives behind the one that is due, and those in which it gets that are
    /// not counted yet, behind the first of them.
    watched: Vec<L>,
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

impl<'env, N, F, Since, L> Frontier<'_, 'env, N, F, Since, L>
where
    N: Amount + 'env,
    F: Flows + Sync,
    Since: Fn(Account, u64) -> L,
    L: Later,
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
    fn next<R, P>(&mut self, run: &mut Run<'_, N, R, P>) -> Result<Option<Due>, Stop>
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
            && let Some(next) = watched.given()
        {
            self.due.push((next, whose));
        }
        self.left = self.left.saturating_sub(1);
        let transfer = self.flows.transfer(number).ok_or(Halt::Changed(number))?;
        Ok(Some(Due { number, whose, receiver: NONE, is_holder: None, transfer }))
    }

    /// Reads those that come next, and glances at what leads to the transfers of those who will be watched if nothing changes until
    /// then.
    fn look_ahead<R, P>(&mut self, run: &mut Run<'_, N, R, P>) -> Result<(), Stop>
    where
        R: Rule<N>,
        P: Fn(Account) -> Place,
    {
        self.hear(run)?;
        let mut next = std::mem::take(&mut self.next);
        self.due.take(SOON, &mut next);
        self.left = self.left.saturating_sub(next.len() as u64);
        self.glance_at(run, next.iter().map(|due| due.1));
        self.numbers.clear();
        self.numbers.extend(next.iter().map(|due| due.0));
        for (number, whose) in &next {
            // Who gives in one of them gives the next time later.
            if let Some(watched) = self.watched.get_mut(*whose as usize)
                && let Some(number) = watched.given()
            {
                self.due.push((number, *whose));
            }
            self.see_coming(*whose, *number);
        }
        self.flows.glance(&self.numbers);
        let mut soon = std::mem::take(&mut self.soon);
        for (number, whose) in next.drain(..) {
            let transfer = self.flows.transfer(number).ok_or(Halt::Changed(number))?;
            let receiver = self.places.get(&transfer.to).copied().unwrap_or(NONE);
            soon.push_back(Due { number, whose, receiver, is_holder: None, transfer });
        }
        self.next = next;
        self.glance_at(run, soon.iter().map(|due| due.receiver));
        self.numbers.clear();
        self.receivers.clear();
        for due in &mut soon {
            let Some(asset) = run.case.assets.moved(&due.transfer) else {
                continue;
            };
            if due.receiver != NONE {
                self.see_coming(due.receiver, due.number);
                continue;
            }
            let from = self.is_known(due.whose).then(|| self.slot(run, due.whose, asset)).flatten();
            let step = Step { number: due.number, transfer: &due.transfer, asset, from, to: None };
            if from.is_none() || run.would_taint(&step) {
                let is_holder = run.case.place(due.transfer.to) == Place::Holder;
                due.is_holder = Some(is_holder);
                if is_holder {
                    self.receivers.push((due.transfer.to, due.number));
                }
            }
        }
        self.soon = soon;
        self.flows.glance(&self.numbers);
        // What they held before is looked at when it is counted.
        self.flows.glance_later(&self.receivers);
        Ok(())
    }

    /// Glances at what is known of accounts that are watched, and at where the numbers of their next transfers are: since it was last needed,
    /// the processor has forgotten it.
    fn glance_at<R, P>(&self, run: &Run<'_, N, R, P>, places: impl Iterator<Item = u32> + Clone)
    where
        R: Rule<N>,
        P: Fn(Account) -> Place,
    {
        // Nothing is done with the sums; without them, nothing would be read.
        let later = |place: u32| self.watched.get(place as usize).map_or(0, L::glance);
        black_box(places.clone().fold(0, |sum, place| sum ^ later(place)));
        let slot = |place: u32| self.near.get(place as usize).map_or(NONE, |near| near.slot);
        black_box(places.clone().fold(false, |sum, place| sum ^ run.glance(slot(place))));
        black_box(places.fold(false, |sum, place| sum ^ run.glance_parcels(slot(place))));
    }

    fn one<R, P>(&mut self, run: &mut Run<'_, N, R, P>, due: &Due) -> Result<(), Stop>
    where
        R: Rule<N>,
        P: Fn(Account) -> Place,
    {
        let Due { number, whose, receiver, is_holder, transfer } = due;
        let Some(asset) = run.case.assets.moved(transfer) else {
            return Ok(());
        };
        let place = |account: &Account| self.places.get(account).copied();
        let giver = if *whose == NONE { place(&transfer.from) } else { Some(*whose) };
        let mut receiver = if *receiver == NONE { place(&transfer.to) } else { Some(*receiver) };
        let mut step = Step { number: *number, transfer, asset, from: None, to: None };
        if let Some(giver) = giver {
            self.know(run, giver)?;
            self.catch_up(run, giver, *number)?;
            step.from = self.slot(run, giver, asset);
        }
        let is_holder = || is_holder.unwrap_or_else(|| run.case.place(transfer.to) == Place::Holder);
        if receiver.is_none() && run.would_taint(&step) && is_holder() {
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
        if self.is_known(place) {
            return Ok(());
        }
        self.hear(run)?;
        while !self.is_known(place) {
            let Some(answer) = self.held.answer(place) else { return Err(Stop::LeftOff) };
            self.learn(run, answer?)?;
        }
        Ok(())
    }

    /// Takes in what the other thread has counted.
    fn hear<R, P>(&mut self, run: &mut Run<'_, N, R, P>) -> Result<(), Stop>
    where
        R: Rule<N>,
        P: Fn(Account) -> Place,
    {
        while let Some(answer) = self.held.heard() {
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
            if self.is_known(held.place) {
                continue;
            }
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
            near.coming = watched.taken().unwrap_or(NEVER);
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
            watched.see_taken(before, COMING - 1, &mut self.numbers);
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
        let mut later = (self.later)(account, number + 1);
        if let Some(next) = later.given() {
            self.due.push((next, place));
        }
        let coming = later.taken().unwrap_or(NEVER);
        self.near.push(Near { coming, asset: NONE, slot: NONE, is_known: false });
        self.watched.push(later);
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
            // The first few have been looked at.
            if self.numbers.len() > COMING {
                self.flows.glance(&self.numbers);
            }
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
        while let Some(answer) = self.held.rest() {
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
