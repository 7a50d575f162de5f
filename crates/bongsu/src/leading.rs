//! What one node does at a time of those that share a database: who of them does it now.
//!
//! For each [`Work`] there is a lease in the database. A serving node asks for it again and again; who has it asks again well before
//! its term is over, and stops a while before it would be over, by its own clock that can't be set. What is written under it
//! is checked in the database besides ([`line::Fence`]). Where the lines are in a file, this node has all work, as long as it has
//! its folder.

mod under_way;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use line::{Beside, Fence, Taken};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use uuid::Uuid;

use self::under_way::{Doing, UnderWay};
use crate::exit::Failure;

/// How often a work is asked for that another has, where somebody waits for it.
const AGAIN: Duration = Duration::from_millis(50);
/// For how long what is under way is waited for when the node stops; no longer than half of a term, so that it has the lease until then.
const ENDING: Duration = Duration::from_secs(5);

/// The work that one node does at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Work {
    /// What is seen to again and again: embargoes, asks, calls, what is overdue, retention, cases.
    Chores,
    /// Pulling sources.
    Sources,
    /// Exchanging with other nodes.
    Peers,
    /// Webhooks and mails.
    Push,
    /// Members' zones: their serials are given out in one place.
    Zones,
}

impl Work {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Chores => "chores",
            Self::Sources => "sources",
            Self::Peers => "peers",
            Self::Push => "push",
            Self::Zones => "zones",
        }
    }
}

/// That this node has a work; where it has it for a while, under which lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lead(Option<Fence>);

impl Lead {
    /// Does something under it on this thread: what is written then counts as long as no other node has the work.
    pub(crate) fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        line::beside::within(self.0.as_slice(), work)
    }

    /// The leases, for what does its work on threads of its own.
    pub(crate) fn fences(&self) -> Vec<Fence> {
        self.0.iter().cloned().collect()
    }
}

/// That a work is had for something that was asked for by hand; until this goes, however that ends.
struct ByHand<'a>(&'a Shared, Work);

impl<'a> ByHand<'a> {
    fn begin(shared: &'a Shared, work: Work) -> Self {
        shared.by_hand.lock().push(work);
        Self(shared, work)
    }
}

impl Drop for ByHand<'_> {
    fn drop(&mut self) {
        self.0.by_hand.lock().retain(|other| *other != self.1);
    }
}

/// Which work this node has.
pub(crate) struct Leads {
    shared: Option<Shared>,
    /// What [`Work::Chores`] has begun.
    under_way: UnderWay,
}

struct Shared {
    beside: Beside,
    /// Drawn for this process.
    holder: Uuid,
    term: Duration,
    held: Held<Fence>,
    /// What is had for something that was asked for by hand.
    by_hand: Mutex<Vec<Work>>,
}

/// The works that are held, each under a lease of the kind `L` and until some time.
struct Held<L> {
    works: Mutex<BTreeMap<Work, (L, Instant)>>,
    /// Counts up when one was gained or lost.
    changed: watch::Sender<u64>,
}

impl<L: Clone + PartialEq> Held<L> {
    fn new() -> Self {
        Self { works: Mutex::default(), changed: watch::channel(0).0 }
    }

    fn get(&self, work: Work) -> Option<L> {
        let works = self.works.lock();
        let (lease, until) = works.get(&work)?;
        (Instant::now() < *until).then(|| lease.clone())
    }

    /// Holds a work until a time; whether it was gained by that. So it is under the same lease too if its time was over before it was taken
    /// again, as after a stall: who does the work has ended it then, and waits.
    fn take(&self, work: Work, lease: L, until: Instant) -> bool {
        let mut works = self.works.lock();
        let goes_on =
            works.get(&work).is_some_and(|(known, until)| *known == lease && Instant::now() < *until);
        works.insert(work, (lease, until));
        drop(works);
        if !goes_on {
            self.changed.send_modify(|count| *count += 1);
        }
        !goes_on
    }

    /// Lets a work go that another has; whether it was held.
    fn lose(&self, work: Work) -> bool {
        let was_held = self.works.lock().remove(&work).is_some();
        if was_held {
            self.changed.send_modify(|count| *count += 1);
        }
        was_held
    }

    fn take_all(&self) -> BTreeMap<Work, (L, Instant)> {
        std::mem::take(&mut *self.works.lock())
    }

    /// Waits until a work is held.
    async fn gained(&self, work: Work) -> L {
        let mut changed = self.changed.subscribe();
        loop {
            changed.mark_unchanged();
            if let Some(lease) = self.get(work) {
                return lease;
            }
            // The sender lives as long as this.
            drop(changed.changed().await);
        }
    }

    /// Waits until a work is not held any more, or under another lease.
    async fn lost(&self, work: Work, lease: Option<&L>) {
        let mut changed = self.changed.subscribe();
        loop {
            changed.mark_unchanged();
            let until = match self.works.lock().get(&work) {
                Some((known, until)) if Some(known) == lease => *until,
                _ => return,
            };
            if Instant::now() >= until {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                _ = changed.changed() => {}
            }
        }
    }
}

impl Leads {
    /// None held yet; all, where there is no database to share.
    pub(crate) fn new(beside: Option<&Beside>, term: Duration) -> Self {
        let shared = beside.map(|beside| Shared {
            beside: beside.clone(),
            holder: Uuid::new_v4(),
            term,
            held: Held::new(),
            by_hand: Mutex::default(),
        });
        Self { shared, under_way: UnderWay::default() }
    }

    /// Whether this node has a work now.
    pub(crate) fn has(&self, work: Work) -> Option<Lead> {
        let Some(shared) = &self.shared else { return Some(Lead(None)) };
        shared.held.get(work).map(|fence| Lead(Some(fence)))
    }

    /// Has a work for as long as something is done that was asked for by hand; `act` is told whether it was taken for that alone. Who
    /// was killed while it had the work is waited for.
    ///
    /// # Errors
    /// When another node has it.
    pub(crate) fn by_hand<T>(
        &self,
        work: Work,
        act: impl FnOnce(bool) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let Some(shared) = &self.shared else { return act(false) };
        let failed = |error: line::StorageError| Failure::new(error.to_string());
        let (holder, until) = (Uuid::new_v4(), Instant::now() + shared.term + AGAIN);
        let fence = loop {
            if let Some(lead) = self.has(work) {
                return lead.within(|| act(false));
            }
            match shared.beside.take(work.name(), holder, shared.term).map_err(failed)? {
                Taken::Held(fence) => break fence,
                Taken::Others(_) if Instant::now() < until => std::thread::sleep(AGAIN),
                Taken::Others(_) => {
                    return Err(Failure::new(format!("another node has the work `{}` now", work.name()))
                        .hint("run the command on that node: its log says that it has taken the work over; nothing was done here"));
                }
            }
        };
        let had = ByHand::begin(shared, work);
        let done = shared.beside.renewing(&fence, shared.term, || fence.within(|| act(true)));
        drop(had);
        if let Err(error) = shared.beside.let_go(&fence) {
            tracing::debug!(%error, "a lease goes when its term is over");
        }
        done
    }

    /// Begins something of [`Work::Chores`] that must not be cut off or done once more, such as a mail that is being sent: until what this
    /// gives goes, the node waits for it when it stops. Nothing, where the node is stopping.
    pub(crate) fn begin(&self) -> Option<Doing> {
        self.under_way.begin()
    }

    /// Whether the node is stopping, so that of what is done one by one nothing further is begun.
    pub(crate) fn is_stopping(&self) -> bool {
        self.under_way.is_closed()
    }

    /// Nothing of [`Work::Chores`] begins from now on. Gives until when what is under way is waited for.
    pub(crate) fn stop(&self) -> Instant {
        self.under_way.close();
        let patience = self.shared.as_ref().map_or(ENDING, |shared| ENDING.min(shared.term / 2));
        Instant::now() + patience
    }

    /// Waits for what [`begin`](Self::begin) began, until that time; whether it has ended.
    pub(crate) async fn ended(&self, until: Instant) -> bool {
        self.under_way.ended(until).await
    }

    /// Whether this node has a work now, be it by hand.
    pub(crate) fn has_somehow(&self, work: Work) -> bool {
        let by_hand = |shared: &Shared| shared.by_hand.lock().contains(&work);
        self.has(work).is_some() || self.shared.as_ref().is_some_and(by_hand)
    }

    /// Asks for these works until `stopped` turns true, then lets them go.
    pub(crate) fn keep(
        self: &Arc<Self>,
        works: Vec<Work>,
        mut stopped: watch::Receiver<bool>,
    ) -> JoinHandle<()> {
        let leads = Arc::clone(self);
        tokio::spawn(async move {
            let Some(shared) = &leads.shared else { return };
            let pause = shared.term / 4;
            while !*stopped.borrow_and_update() {
                for work in &works {
                    let (asking, work) = (Arc::clone(&leads), *work);
                    // One that panicked has said so in the log; the lease goes when its term is over.
                    let _asked = tokio::task::spawn_blocking(move || asking.ask(work)).await;
                }
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    _ = stopped.changed() => break,
                }
            }
        })
    }

    /// Lets all go, so that other nodes need not wait, but for what has not `ended`: that goes when its term is over. All else that is done
    /// under them must have ended.
    pub(crate) fn let_go(&self, ended: bool) {
        let Some(shared) = &self.shared else { return };
        let held = shared.held.take_all().into_iter().filter(|(work, _)| ended || *work != Work::Chores);
        for (_, (fence, _)) in held {
            if let Err(error) = shared.beside.let_go(&fence) {
                tracing::debug!(%error, "a lease goes when its term is over");
            }
        }
    }

    fn ask(&self, work: Work) {
        let Some(shared) = &self.shared else { return };
        let asked = Instant::now();
        match shared.beside.take(work.name(), shared.holder, shared.term) {
            Ok(Taken::Held(fence)) => {
                // A fifth before its end, whatever the clocks say.
                let until = asked + shared.term - shared.term / 5;
                let number = fence.token();
                if shared.held.take(work, fence, until) {
                    tracing::info!(work = work.name(), number, "this node has taken over: {}", work.name());
                }
            }
            Ok(Taken::Others(_)) => {
                if shared.held.lose(work) {
                    tracing::warn!(work = work.name(), "another node has taken over: {}", work.name());
                }
            }
            // What is held is held until its time, and is asked for again.
            Err(error) => {
                tracing::warn!(work = work.name(), %error, "a lease can't be asked for; tried again")
            }
        }
    }

    /// Waits until this node has a work.
    pub(crate) async fn gained(&self, work: Work) -> Lead {
        match &self.shared {
            Some(shared) => Lead(Some(shared.held.gained(work).await)),
            None => Lead(None),
        }
    }

    /// Waits until this node has not that work any more, or has it anew.
    async fn lost(&self, work: Work, lead: &Lead) {
        match &self.shared {
            Some(shared) => shared.held.lost(work, lead.0.as_ref()).await,
            None => std::future::pending().await,
        }
    }

    /// Does a work whenever this node has it, until `stopped` turns true: `begin` is given the lease and what turns true when it is to
    /// end, and what it gives is waited for before anything else is begun.
    pub(crate) fn run<F: Future<Output = ()> + Send + 'static>(
        self: &Arc<Self>,
        work: Work,
        stopped: &watch::Receiver<bool>,
        begin: impl Fn(Lead, watch::Receiver<bool>) -> F + Send + 'static,
    ) -> JoinHandle<()> {
        let (leads, mut stopped) = (Arc::clone(self), stopped.clone());
        tokio::spawn(async move {
            while !*stopped.borrow_and_update() {
                let lead = tokio::select! {
                    lead = leads.gained(work) => lead,
                    _ = stopped.changed() => return,
                };
                let (stop, ending) = watch::channel(false);
                let mut running = tokio::spawn(begin(lead.clone(), ending));
                let has_ended = tokio::select! {
                    () = leads.lost(work, &lead) => false,
                    _ = stopped.changed() => false,
                    // One that panicked has said so in the log.
                    _ended = &mut running => true,
                };
                // The receiver lives in what runs; where it is gone, there is nobody to tell.
                let _nobody = stop.send(true);
                if has_ended {
                    // By itself, as where nothing is to be done: not again until the lease comes anew.
                    tokio::select! {
                        () = leads.lost(work, &lead) => {}
                        _ = stopped.changed() => {}
                    }
                } else {
                    let _ended = running.await;
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Longer than anything here takes.
    const LONG: Duration = Duration::from_secs(60);

    /// A stall that is longer than what is held locally, and shorter than the term: the database gives the same lease again. Who
    /// waited was not told, and no node did the work any more.
    #[tokio::test]
    async fn a_work_is_gained_again_under_the_lease_that_ran_out_here_alone() {
        let held = Arc::new(Held::new());
        assert!(held.take(Work::Push, 7, Instant::now() + LONG));
        assert!(!held.take(Work::Push, 7, Instant::now() + LONG), "it goes on");
        // What was asked for so long ago that it is over when the answer comes.
        held.take(Work::Push, 7, Instant::now());
        assert_eq!(held.get(Work::Push), None);
        tokio::time::timeout(LONG, held.lost(Work::Push, Some(&7))).await.unwrap();
        let waits = Arc::clone(&held);
        let waiting = tokio::spawn(async move { waits.gained(Work::Push).await });
        // On the one thread that there is, it waits after that.
        tokio::task::yield_now().await;
        assert!(held.take(Work::Push, 7, Instant::now() + LONG));
        assert_eq!(tokio::time::timeout(LONG, waiting).await.unwrap().unwrap(), 7);
    }

    #[tokio::test]
    async fn a_work_that_another_has_taken_over_is_lost() {
        let held = Arc::new(Held::new());
        held.take(Work::Zones, 1, Instant::now() + LONG);
        let waits = Arc::clone(&held);
        let waiting = tokio::spawn(async move { waits.lost(Work::Zones, Some(&1)).await });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        assert!(held.lose(Work::Zones) && !held.lose(Work::Zones));
        tokio::time::timeout(LONG, waiting).await.unwrap().unwrap();
        held.take(Work::Zones, 2, Instant::now() + LONG);
        tokio::time::timeout(LONG, held.lost(Work::Zones, Some(&1))).await.unwrap();
        assert_eq!(held.gained(Work::Zones).await, 2);
    }
}
