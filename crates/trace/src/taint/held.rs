//! What accounts held before taint came to them.
//!
//! Nothing of it depends on what is followed meanwhile. So it is counted some accounts together, that the processor waits for the memory of
//! all of them at once, and, where there are several processors, by a thread of its own, while the frontier goes on. What an account
//! held is not needed before it gives, and of most that are reached not before the end. Whoever needs it earlier counts himself what nobody
//! has begun with.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope};

use crate::{Account, Flows, Transfer};

use super::amount::Amount;
use super::case::Assets;
use super::run::Halt;

/// So many accounts are counted together.
const TOGETHER: usize = 64;

/// So many of an account's transfers are looked at together.
const AHEAD: usize = 32;

/// Whose holdings are asked for: an account's place among those watched, and the transfer before which.
#[derive(Debug, Clone, Copy)]
struct Asked {
    place: u32,
    account: Account,
    before: u64,
}

/// What an account held of an asset.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held<N> {
    /// The account's place among those watched.
    pub(super) place: u32,
    /// Index of the asset among those followed.
    pub(super) asset: usize,
    pub(super) balance: N,
    /// What it gave without having got it.
    pub(super) unexplained: N,
    /// The transfer from which on it does not fit.
    pub(super) too_large: Option<u64>,
}

impl<N: Amount> Held<N> {
    /// Counts a transfer to the account or from it.
    #[inline]
    fn count(&mut self, account: Account, number: u64, transfer: &Transfer) {
        let counted = N::narrow(transfer.amount).and_then(|amount| {
            if transfer.from != account {
                self.balance = self.balance.plus(amount)?;
                return Some(());
            }
            let had = self.balance.min(amount);
            self.balance = self.balance.less(had);
            self.unexplained = self.unexplained.plus(amount.less(had))?;
            Some(())
        });
        if counted.is_none() {
            self.too_large.get_or_insert(number);
        }
    }
}

/// What some accounts held.
pub(super) struct Answer<N> {
    /// Their places.
    pub(super) places: Range<u32>,
    /// Of an account and an asset at most one.
    pub(super) held: Vec<Held<N>>,
    /// How many transfers were read for it. Where these are more than may be, the rest is missing.
    pub(super) read: u64,
}

/// What waits to be counted.
#[derive(Default)]
pub(super) struct Bench {
    todo: Mutex<Todo>,
    comes: Condvar,
}

#[derive(Default)]
struct Todo {
    batches: VecDeque<Vec<Asked>>,
    is_closed: bool,
}

impl Bench {
    fn todo(&self) -> MutexGuard<'_, Todo> {
        self.todo.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, batch: Vec<Asked>) {
        self.todo().batches.push_back(batch);
        self.comes.notify_one();
    }

    /// Waits for one; `None` when no more come.
    fn wait(&self) -> Option<Vec<Asked>> {
        let mut todo = self.todo();
        loop {
            if todo.is_closed {
                return None;
            }
            if let Some(batch) = todo.batches.pop_front() {
                return Some(batch);
            }
            todo = self.comes.wait(todo).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn close(&self) {
        let mut todo = self.todo();
        todo.is_closed = true;
        todo.batches.clear();
        self.comes.notify_all();
    }
}

/// What is counted, for whom it is asked.
struct Source<'env, F> {
    flows: &'env F,
    assets: &'env Assets,
    /// How many transfers may be read.
    most: u64,
}

impl<F> Clone for Source<'_, F> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<F: Flows> Source<'_, F> {
    fn count<N: Amount>(&self, batch: &[Asked]) -> Result<Answer<N>, Halt> {
        let places = batch.first().map_or(0, |one| one.place)..batch.last().map_or(0, |one| one.place + 1);
        let mut answer = Answer { places, held: Vec::with_capacity(batch.len()), read: 0 };
        let accounts: Vec<_> = batch.iter().map(|one| (one.account, one.before)).collect();
        self.flows.glance_of(&accounts, AHEAD);
        let mut numbers = Vec::with_capacity(AHEAD);
        for Asked { place, account, before } in batch.iter().copied() {
            let first = answer.held.len();
            let mut earlier = self.flows.of(account).take_while(|number| *number < before);
            let mut is_first = true;
            loop {
                numbers.clear();
                numbers.extend(earlier.by_ref().take(AHEAD));
                if numbers.is_empty() {
                    break;
                }
                answer.read += numbers.len() as u64;
                if answer.read > self.most {
                    return Ok(answer);
                }
                // The first few have been looked at.
                if !std::mem::take(&mut is_first) {
                    self.flows.glance(&numbers);
                }
                for number in numbers.iter().copied() {
                    let transfer = self.flows.transfer(number).ok_or(Halt::Changed(number))?;
                    let Some(asset) = self.assets.moved(&transfer) else { continue };
                    let known = answer.held.get_mut(first..).unwrap_or_default();
                    if let Some(held) = known.iter_mut().find(|held| held.asset == asset) {
                        held.count(account, number, &transfer);
                        continue;
                    }
                    let (balance, unexplained) = (N::default(), N::default());
                    let mut held = Held { place, asset, balance, unexplained, too_large: None };
                    held.count(account, number, &transfer);
                    answer.held.push(held);
                }
            }
        }
        Ok(answer)
    }
}

type Answers<N> = Receiver<Result<Answer<N>, Halt>>;

/// Who asks and who counts.
pub(super) struct Counting<'scope, 'env, N, F> {
    scope: &'scope Scope<'scope, 'env>,
    bench: &'env Bench,
    source: Source<'env, F>,
    /// What is not worth a batch yet; places ascend.
    asked: Vec<Asked>,
    /// Batches that are asked for and not answered.
    open: usize,
    /// From the other thread; `None` while there is none.
    answers: Option<Answers<N>>,
    is_alone: bool,
}

impl<'scope, 'env, N, F> Counting<'scope, 'env, N, F>
where
    N: Amount + 'env,
    F: Flows + Sync,
{
    pub(super) fn new(
        scope: &'scope Scope<'scope, 'env>,
        bench: &'env Bench,
        (flows, assets): (&'env F, &'env Assets),
        most: u64,
    ) -> Self {
        let source = Source { flows, assets, most };
        Self { scope, bench, source, asked: Vec::new(), open: 0, answers: None, is_alone: false }
    }

    /// Asks what an account held before a transfer; its place is behind all for which this was asked.
    pub(super) fn ask(&mut self, place: u32, account: Account, before: u64) {
        self.asked.push(Asked { place, account, before });
        if self.asked.len() == TOGETHER {
            self.open += 1;
            self.bench.put(std::mem::replace(&mut self.asked, Vec::with_capacity(TOGETHER)));
            if self.answers.is_none() && !self.is_alone {
                self.hire();
            }
        }
    }

    /// Begins a thread, if there is a processor for it.
    fn hire(&mut self) {
        self.is_alone = thread::available_parallelism().map_or(1, usize::from) == 1;
        if self.is_alone {
            return;
        }
        let (answers_in, answers) = channel();
        let (bench, source) = (self.bench, self.source.clone());
        let work = move || work(bench, &source, &answers_in);
        match thread::Builder::new().spawn_scoped(self.scope, work) {
            Ok(_) => self.answers = Some(answers),
            Err(_) => self.is_alone = true,
        }
    }

    /// An answer, whichever; sooner or later the one for a place is among them. `None` when all are given.
    pub(super) fn answer(&mut self, place: u32) -> Option<Result<Answer<N>, Halt>> {
        if let Some(Ok(answer)) = self.answers.as_ref().map(Receiver::try_recv) {
            self.open -= 1;
            return Some(answer);
        }
        if self.asked.first().is_some_and(|first| first.place <= place) {
            let batch = std::mem::take(&mut self.asked);
            return Some(self.source.count(&batch));
        }
        if self.open == 0 {
            return None;
        }
        let batch = self.bench.todo().batches.pop_front();
        self.open -= 1;
        match (batch, &self.answers) {
            (Some(batch), _) => Some(self.source.count(&batch)),
            // If the other thread is gone it has panicked, which the scope passes on.
            (None, Some(answers)) => Some(answers.recv().unwrap_or(Err(Halt::Changed(0)))),
            (None, None) => None,
        }
    }
}

impl<N, F> Drop for Counting<'_, '_, N, F> {
    fn drop(&mut self) {
        self.bench.close();
    }
}

fn work<N: Amount>(
    bench: &Bench,
    source: &Source<'_, impl Flows>,
    answers: &Sender<Result<Answer<N>, Halt>>,
) {
    while let Some(batch) = bench.wait() {
        if answers.send(source.count(&batch)).is_err() {
            return;
        }
    }
}
