//! What accounts held before taint came to them.
//!
//! Nothing of it depends on what is followed meanwhile. So it is counted some accounts together, that the processor waits for the memory of
//! all of them at once, and, where there are several processors, by a thread of its own, while the frontier goes on. What an account
//! held is not needed before it gives, and of most that are reached not before the end. Of an account that gives before its turn has come, the
//! frontier counts this one alone: to count all that were asked for with it would hold up what waits for the frontier, and nobody else counts
//! meanwhile.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Scope};

use crate::{Account, Flows, Moved};

use super::amount::Amount;
use super::case::Assets;
use super::run::Halt;

/// So many accounts are counted together.
const TOGETHER: usize = 64;

/// How many processors there are. It is asked once: the answer is read from several files.
static PROCESSORS: OnceLock<usize> = OnceLock::new();

/// Whose holdings are asked for: an account's place among those watched, and the transfer before which.
#[derive(Debug, Clone, Copy)]
struct Asked {
    place: u32,
    account: Account,
    before: u64,
    /// Whether this was counted alone.
    is_told: bool,
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
    /// Counts what the account gave or got.
    #[inline]
    fn count(&mut self, moved: &Moved) {
        let counted = N::narrow(moved.amount).and_then(|amount| {
            if !moved.gives {
                self.balance = self.balance.plus(amount)?;
                return Some(());
            }
            let had = self.balance.min(amount);
            self.balance = self.balance.less(had);
            self.unexplained = self.unexplained.plus(amount.less(had))?;
            Some(())
        });
        if counted.is_none() {
            self.too_large.get_or_insert(moved.number);
        }
    }
}

/// What some accounts held.
pub(super) struct Answer<N> {
    /// Their places. What was held by those between them who are not among them was told before.
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
        // Whose turn it is, and where what it held of each asset begins.
        let (mut whose, mut first) = (usize::MAX, 0);
        let read = self.flows.earlier(&accounts, |at, moved| {
            answer.read += 1;
            if answer.read > self.most {
                return false;
            }
            let Some(asset) = self.assets.index_of(moved.asset).filter(|_| !moved.amount.is_zero()) else {
                return true;
            };
            if whose != at {
                (whose, first) = (at, answer.held.len());
            }
            let known = answer.held.get_mut(first..).unwrap_or_default();
            if let Some(held) = known.iter_mut().find(|held| held.asset == asset) {
                held.count(&moved);
                return true;
            }
            let Some(place) = batch.get(at).map(|one| one.place) else { return true };
            let (balance, unexplained) = (N::default(), N::default());
            let mut held = Held { place, asset, balance, unexplained, too_large: None };
            held.count(&moved);
            answer.held.push(held);
            true
        });
        read.map_err(Halt::Changed)?;
        Ok(answer)
    }
}

type Answers<N> = Receiver<Result<Answer<N>, Halt>>;

/// Who asks and who counts.
pub(super) struct Counting<'scope, 'env, N, F> {
    scope: &'scope Scope<'scope, 'env>,
    bench: &'env Bench,
    source: Source<'env, F>,
    /// By place.
    asked: Vec<Asked>,
    /// The first place that is not in a batch yet.
    next: usize,
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
        Self { scope, bench, source, asked: Vec::new(), next: 0, open: 0, answers: None, is_alone: false }
    }

    /// Asks what an account held before a transfer; its place is the one behind the last for which this was asked, the first is 0.
    pub(super) fn ask(&mut self, place: u32, account: Account, before: u64) {
        self.asked.push(Asked { place, account, before, is_told: false });
        if self.asked.len() - self.next < TOGETHER {
            return;
        }
        if self.answers.is_none() && !self.is_alone {
            self.hire();
        }
        if !self.is_alone {
            let batch = self.batch();
            self.open += 1;
            self.bench.put(batch);
        }
    }

    /// Begins a thread, if there is a processor for it.
    fn hire(&mut self) {
        let processors = || thread::available_parallelism().map_or(1, usize::from);
        self.is_alone = *PROCESSORS.get_or_init(processors) == 1;
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

    /// The next who are counted together.
    fn batch(&mut self) -> Vec<Asked> {
        let begins = self.next;
        self.next = self.asked.len().min(begins + TOGETHER);
        let asked = self.asked.get(begins..self.next).unwrap_or_default();
        asked.iter().filter(|one| !one.is_told).copied().collect()
    }

    /// An answer of the other thread, if there is one. It may say again what was told before.
    pub(super) fn heard(&mut self) -> Option<Result<Answer<N>, Halt>> {
        let answer = self.answers.as_ref()?.try_recv().ok()?;
        self.open -= 1;
        Some(answer)
    }

    /// An answer for which nobody is waited: the one for a place, or, where there is no other thread, one for others before it. `None` if
    /// nobody asked.
    pub(super) fn answer(&mut self, place: u32) -> Option<Result<Answer<N>, Halt>> {
        if self.is_alone {
            let batch = self.batch();
            return (!batch.is_empty()).then(|| self.source.count(&batch));
        }
        let asked = self.asked.get_mut(place as usize)?;
        asked.is_told = true;
        let alone = [*asked];
        Some(self.source.count(&alone))
    }

    /// An answer, whichever. `None` when all are given.
    pub(super) fn rest(&mut self) -> Option<Result<Answer<N>, Halt>> {
        if let Some(answer) = self.heard() {
            return Some(answer);
        }
        if self.next < self.asked.len() {
            let batch = self.batch();
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
