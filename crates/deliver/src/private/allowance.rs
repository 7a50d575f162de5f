//! How much each member may have evaluated: so much at once, and so much in an hour in the long run.
//!
//! For each member one instant is kept, at which all that it was given is paid off (the generic cell rate algorithm). It is kept in
//! memory, for members alone, so the table is as long as the list of members at most; a restart forgives. Where several nodes serve
//! beside one database it is kept there, so that whoever asks each of them gets no more than from one.
//!
//! Source: ITU-T I.371, section 5.4.1 and appendix I (GCRA as a virtual scheduling algorithm).

use std::collections::HashMap;
use std::time::Duration;

use line::{Beside, Room, StorageError};
use parking_lot::Mutex;
use policy::MemberId;
use stix::Timestamp;

use super::AskError;

const HOUR_US: i64 = 3_600 * 1_000_000;
/// Where the instants are kept for all nodes.
const ROOM: &str = "private";
/// How often an instant is tried to be moved on that other questions of the same member move on too.
const TRIES: usize = 20;

pub(super) struct Allowance {
    /// How long one element takes to be paid off.
    each_us: i64,
    /// How far ahead of the clock a member may be.
    ahead_us: i64,
    paid_off: Mutex<HashMap<MemberId, i64>>,
    /// Where several nodes serve: the instants of all.
    shared: Option<Room>,
}

impl Allowance {
    pub(super) fn new(burst: u32, per_hour: u32) -> Self {
        let each_us = (HOUR_US / i64::from(per_hour.max(1))).max(1);
        let ahead_us = each_us.saturating_mul(i64::from(burst));
        Self { each_us, ahead_us, paid_off: Mutex::default(), shared: None }
    }

    /// Counts together with the nodes that serve beside a database.
    pub(super) fn share(&mut self, beside: &Beside) {
        self.shared = Some(beside.room(ROOM));
    }

    /// Takes so many elements for a member, all or none.
    ///
    /// # Errors
    /// [`AskError::Allowance`]; [`AskError::Storage`] where it can't be known how much is left.
    pub(super) fn take(&self, member: MemberId, count: usize, now: Timestamp) -> Result<(), AskError> {
        let over = |after| AskError::Allowance { after };
        let Some(room) = &self.shared else {
            let mut paid_off = self.paid_off.lock();
            let at = paid_off.entry(member).or_insert(0);
            *at = self.after(*at, count, now).map_err(over)?;
            return Ok(());
        };
        let key = member.uuid().simple().to_string();
        for _ in 0..TRIES {
            let kept = room.get(&key)?;
            let read = kept.as_ref().and_then(|kept| std::str::from_utf8(&kept.value).ok()?.parse().ok());
            let after = self.after(read.unwrap_or(0), count, now).map_err(over)?;
            let version = kept.map(|kept| kept.version);
            if room.swap(&key, Some(after.to_string().as_bytes()), version)?.is_some() {
                return Ok(());
            }
        }
        Err(StorageError::Contended.into())
    }

    /// When all is paid off after so many elements more, where what came before is at `paid_off`.
    fn after(&self, paid_off: i64, count: usize, now: Timestamp) -> Result<i64, Duration> {
        // A clock that was set back does not lock a member out for longer than a whole burst takes.
        let begin = paid_off.clamp(now.micros(), now.micros().saturating_add(self.ahead_us));
        let cost = self.each_us.saturating_mul(i64::try_from(count).unwrap_or(i64::MAX));
        let after = begin.saturating_add(cost);
        let over = after.saturating_sub(now.micros()).saturating_sub(self.ahead_us);
        match u64::try_from(over) {
            Ok(over) if over > 0 => Err(Duration::from_micros(over)),
            _ => Ok(after),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn what_is_taken_comes_back_with_time() {
        let allowance = Allowance::new(100, 3_600);
        let [a, b] = [1, 2].map(|number| MemberId::new(Uuid::from_u128(number)));
        let at = |second: i64| Timestamp::from_micros(1_800_000_000_000_000 + second * 1_000_000);
        let take = |member, count, now| {
            allowance.take(member, count, now).map_err(|error| match error {
                AskError::Allowance { after } => after,
                other => panic!("{other}"),
            })
        };
        assert_eq!(take(a, 101, at(0)), Err(Duration::from_secs(1)), "more than there ever is");
        assert_eq!(take(a, 100, at(0)), Ok(()));
        assert_eq!(take(a, 16, at(0)), Err(Duration::from_secs(16)));
        assert_eq!(take(b, 16, at(0)), Ok(()), "each member has its own");
        assert_eq!(take(a, 16, at(15)), Err(Duration::from_secs(1)));
        assert_eq!(take(a, 16, at(16)), Ok(()));
        assert_eq!(take(a, 100, at(10_000)), Ok(()), "it does not grow beyond a burst");
        assert_eq!(take(a, 1, at(10_000)), Err(Duration::from_secs(1)));
        assert_eq!(take(a, 1, at(-10_000)), Err(Duration::from_secs(1)), "the clock was set back");
    }
}
