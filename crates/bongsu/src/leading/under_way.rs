//! What is being done and must not be cut off: counted, so that who stops lets it end.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

/// How much is under way, and whether something may begin.
#[derive(Default)]
pub(super) struct UnderWay(Arc<watch::Sender<State>>);

#[derive(Default)]
struct State {
    count: usize,
    is_closed: bool,
}

/// That something is under way, until this goes.
pub(crate) struct Doing(Arc<watch::Sender<State>>);

impl Drop for Doing {
    fn drop(&mut self) {
        self.0.send_modify(|state| state.count -= 1);
    }
}

impl UnderWay {
    /// Begins something, unless nothing may begin any more.
    pub(super) fn begin(&self) -> Option<Doing> {
        let may = self.0.send_if_modified(|state| {
            state.count += usize::from(!state.is_closed);
            !state.is_closed
        });
        may.then(|| Doing(Arc::clone(&self.0)))
    }

    /// From now on nothing begins.
    pub(super) fn close(&self) {
        self.0.send_modify(|state| state.is_closed = true);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.0.borrow().is_closed
    }

    /// Waits until all that was begun has ended, or for that time; whether it has.
    pub(super) async fn ended(&self, until: Instant) -> bool {
        let mut state = self.0.subscribe();
        let ended = state.wait_for(|state| state.count == 0);
        // The sender lives as long as this.
        tokio::time::timeout_at(until, ended).await.is_ok_and(|ended| ended.is_ok())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn who_stops_waits_for_what_was_begun_and_nothing_else_begins() {
        let (under_way, late) = (Arc::new(UnderWay::default()), Instant::now() + Duration::from_secs(60));
        assert!(under_way.ended(late).await, "nothing was begun");
        let (first, second) = (under_way.begin().unwrap(), under_way.begin().unwrap());
        under_way.close();
        assert!(under_way.is_closed() && under_way.begin().is_none());
        let waits = Arc::clone(&under_way);
        let waiting = tokio::spawn(async move { waits.ended(late).await });
        drop(first);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished(), "one is under way");
        drop(second);
        assert!(waiting.await.unwrap());
    }

    #[tokio::test]
    async fn who_stops_waits_for_no_longer_than_that() {
        let under_way = UnderWay::default();
        let doing = under_way.begin();
        assert!(!under_way.ended(Instant::now()).await);
        drop(doing);
        assert!(under_way.ended(Instant::now()).await, "what has ended has, however late it is looked");
    }
}
