//! The places of a server for connections, and whose are taken when all are held.
//!
//! A connection gets its place when it comes. When none is free, the one that has waited longest without asking anything
//! loses its place; then the one that asked, but never as somebody who is known; where all are known, the one that has been
//! idle longest. One that is being answered never does. So however many strangers connect, whatever they say, who has
//! something to ask gets in: it asks before as many others come as there are places.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

/// A fixed number of places.
#[derive(Debug, Clone)]
pub struct Places(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    max: usize,
    state: Mutex<State>,
    /// A place was given back, or can be taken from who is idle.
    freed: Notify,
}

/// What is known of a connection that may lose its place; who goes first stands first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    /// It never asked anything.
    Silent,
    /// It asked, as nobody who is known.
    Stranger,
    /// It was answered as somebody.
    Known,
}

/// By standing, then by the order in which they fell idle.
type Idle = (Standing, u64);

#[derive(Debug, Default)]
struct State {
    held: usize,
    turn: u64,
    idle: BTreeMap<Idle, oneshot::Sender<()>>,
}

impl State {
    fn fall_idle(&mut self, standing: Standing) -> (Idle, oneshot::Receiver<()>) {
        self.turn += 1;
        let (tell, told) = oneshot::channel();
        let key = (standing, self.turn);
        self.idle.insert(key, tell);
        (key, told)
    }
}

/// A connection's place, as long as this lives.
#[derive(Debug)]
pub struct Place {
    inner: Arc<Inner>,
    /// Nothing while it is being answered.
    idle: Option<(Idle, oneshot::Receiver<()>)>,
    lost: bool,
}

/// A place was given to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("its place was given to another connection")]
pub struct Lost;

impl Places {
    /// So many places.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self(Arc::new(Inner { max, state: Mutex::default(), freed: Notify::new() }))
    }

    /// A place for a connection that has asked nothing yet; waits only while all others are being answered.
    pub async fn enter(&self) -> Place {
        loop {
            let freed = self.0.freed.notified();
            if let Some(place) = self.try_enter() {
                return place;
            }
            freed.await;
        }
    }

    fn try_enter(&self) -> Option<Place> {
        let mut state = self.0.state.lock();
        if state.held < self.0.max {
            state.held += 1;
        } else {
            // The place passes on, so that as many are held as before.
            let (_, tell) = state.idle.pop_first()?;
            let _it_is_going_by_itself = tell.send(());
        }
        let idle = Some(state.fall_idle(Standing::Silent));
        Some(Place { inner: Arc::clone(&self.0), idle, lost: false })
    }

    /// Waits until no place is held.
    pub async fn emptied(&self) {
        loop {
            let freed = self.0.freed.notified();
            if self.0.state.lock().held == 0 {
                return;
            }
            freed.await;
        }
    }
}

impl Place {
    /// Waits until the place is given to another; without end while the connection is being answered.
    pub async fn lost(&mut self) {
        match &mut self.idle {
            Some((_, told)) if !self.lost => {
                // The sender goes without a word only when the place is given back, and this has it.
                let _told = told.await;
                self.lost = true;
            }
            _ if self.lost => {}
            _ => std::future::pending().await,
        }
    }

    /// Keeps the place while the connection is being answered.
    ///
    /// # Errors
    /// [`Lost`].
    pub fn answering(&mut self) -> Result<(), Lost> {
        let Some((key, _)) = &self.idle else { return Ok(()) };
        if self.lost || self.inner.state.lock().idle.remove(key).is_none() {
            self.lost = true;
            return Err(Lost);
        }
        self.idle = None;
        Ok(())
    }

    /// The connection was answered and waits for what comes next: from now on it can lose its place to another.
    pub fn answered(&mut self) {
        if self.idle.is_none() {
            self.idle = Some(self.inner.state.lock().fall_idle(Standing::Known));
            self.inner.freed.notify_waiters();
        }
    }

    /// The connection asks something, but nobody knows yet as whom: it can still lose its place, after those that say nothing.
    ///
    /// # Errors
    /// [`Lost`].
    pub fn asked(&mut self) -> Result<(), Lost> {
        self.answering()?;
        self.idle = Some(self.inner.state.lock().fall_idle(Standing::Stranger));
        self.inner.freed.notify_waiters();
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.inner.state.lock();
        let was_passed_on = self.idle.take().is_some_and(|(key, _)| state.idle.remove(&key).is_none());
        if !was_passed_on {
            state.held -= 1;
        }
        drop(state);
        self.inner.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn in_time<T>(work: impl Future<Output = T>) -> Option<T> {
        tokio::time::timeout(Duration::from_millis(200), work).await.ok()
    }

    #[tokio::test]
    async fn the_oldest_that_never_asked_goes_first_and_who_is_answered_stays() {
        let places = Places::new(3);
        let (mut answering, mut known, mut stranger) =
            (places.enter().await, places.enter().await, places.enter().await);
        answering.answering().unwrap();
        known.answering().unwrap();
        known.answered();
        let mut next = places.enter().await;
        in_time(stranger.lost()).await.expect("it never asked anything");
        assert_eq!(stranger.answering(), Err(Lost));
        drop(stranger);
        next.answering().unwrap();
        let last = places.enter().await;
        in_time(known.lost()).await.expect("no stranger is left");
        assert!(in_time(answering.lost()).await.is_none() && in_time(next.lost()).await.is_none());
        drop((known, last));
        let mut third = in_time(places.enter()).await.expect("one was given back");
        third.answering().unwrap();
        assert!(in_time(places.enter()).await.is_none(), "all are being answered");
        let waiting = tokio::spawn(async move { places.enter().await.answering() });
        third.answered();
        assert_eq!(in_time(waiting).await.expect("one can be taken").unwrap(), Ok(()));
    }

    #[tokio::test]
    async fn who_only_asked_goes_after_the_silent_and_before_the_known() {
        let places = Places::new(3);
        let (mut known, mut asked, mut silent) =
            (places.enter().await, places.enter().await, places.enter().await);
        known.answering().unwrap();
        known.answered();
        asked.asked().unwrap();
        let mut first = places.enter().await;
        in_time(silent.lost()).await.expect("it said nothing");
        first.answering().unwrap();
        let mut second = places.enter().await;
        in_time(asked.lost()).await.expect("nobody knows it");
        assert_eq!(asked.asked(), Err(Lost));
        second.answering().unwrap();
        drop(places.enter().await);
        in_time(known.lost()).await.expect("all others are being answered");
    }

    #[tokio::test]
    async fn places_are_counted_to_the_last() {
        let places = Places::new(2);
        let mut held = Vec::new();
        for _ in 0..100 {
            held.push(places.enter().await);
        }
        assert_eq!(places.0.state.lock().held, 2);
        assert!(in_time(places.emptied()).await.is_none());
        drop(held);
        assert_eq!(places.0.state.lock().held, 0);
        in_time(places.emptied()).await.expect("all are free");
    }
}
