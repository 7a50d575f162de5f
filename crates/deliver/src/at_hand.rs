//! Whether what pages count of a member is at hand.
//!
//! To judge all values of a large circle for the first time takes seconds. Nobody waits for that at a page: it is made ready aside, and
//! the page says so. Whoever asks for an artefact waits.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;
use policy::{Level, MemberId, Use};

use crate::gather::{Deliver, DeliverError};

/// Records for which a page waits.
const READ_MAX: u64 = 10_000;
/// Members for whom it is made ready at a time: each takes a core.
const MAKING_MAX: usize = 2;

/// The members whose views are made ready.
#[derive(Default)]
pub(crate) struct Making(Mutex<HashSet<(MemberId, bool)>>);

impl Deliver {
    /// Whether what a member may act on in forms up to one is at hand, or is so little that it can be waited for. If not, it is made ready aside.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn is_at_hand(
        self: &Arc<Self>,
        member: MemberId,
        upto: Use,
        encrypted: bool,
    ) -> Result<bool, DeliverError> {
        let forms = [Level::Read, Level::List, Level::Block, Level::Detect];
        let forms: Vec<Use> = forms.into_iter().filter(|form| *form <= upto).collect();
        let mut unread = 0;
        for form in &forms {
            unread += self.unread(member, *form, encrypted)?;
        }
        if unread <= READ_MAX {
            return Ok(true);
        }
        if let Some(turn) = Turn::of(self, (member, encrypted)) {
            std::thread::spawn(move || {
                for form in forms {
                    if let Err(error) = turn.deliver.gather(member, form, encrypted) {
                        tracing::warn!(%error, "what a member may act on could not be made ready");
                    }
                }
            });
        }
        Ok(false)
    }
}

/// A turn at making one member's views ready. It ends however its work ends.
struct Turn {
    deliver: Arc<Deliver>,
    whose: (MemberId, bool),
}

impl Turn {
    /// None while they are made ready already, or too many others' are: whoever looks again asks again.
    fn of(deliver: &Arc<Deliver>, whose: (MemberId, bool)) -> Option<Self> {
        let mut making = deliver.making.0.lock();
        let is_free = making.len() < MAKING_MAX && making.insert(whose);
        is_free.then(|| Self { deliver: Arc::clone(deliver), whose })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.deliver.making.0.lock().remove(&self.whose);
    }
}
