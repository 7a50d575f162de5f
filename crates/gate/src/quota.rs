//! How much a member may bring, and how much it has brought.
//!
//! Both follow from the lines: how much came today is counted from their records, which is read on from where it was read last; how
//! many bytes are kept, from their catalogues. So it holds over restarts, and on each of several nodes that append to the same lines.
//! What is on its way counts as well, so that two submissions at once are not both the last.

use std::collections::HashMap;
use std::sync::Arc;

use line::{Added, Catalogue, Entry, LineId, RecordKind, Seq};
use parking_lot::Mutex;
use policy::{CircleId, MemberId, Quota};
use stix::Timestamp;
use uuid::Uuid;

use crate::opening::Gate;
use crate::submit::{Submission, SubmitError};

const DAY_US: i64 = 86_400_000_000;

/// What a member has brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Used {
    /// Objects and versions today, in UTC.
    pub objects_today: u64,
    /// Bytes that are kept.
    pub bytes: u64,
}

/// A quota that would be exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OverQuota {
    /// Of objects in a day.
    #[error(
        "your quota is {limit} objects a day, {used} came today (UTC), and this would bring {more} more: nothing of it was taken; bring \
         less, or bring it again tomorrow"
    )]
    Objects {
        /// The quota.
        limit: u64,
        /// How many came.
        used: u64,
        /// How many would come.
        more: u64,
        /// Seconds until the next day begins.
        after_s: u64,
    },
    /// Of bytes.
    #[error(
        "your quota is {limit} bytes, {used} are kept, and this would bring {more} more: nothing of it was taken; ask the node's operator"
    )]
    Bytes {
        /// The quota.
        limit: u64,
        /// How many are kept.
        used: u64,
        /// How many would come.
        more: u64,
    },
}

impl OverQuota {
    /// After how many seconds it is worth asking again.
    #[must_use]
    pub const fn after_s(&self) -> u64 {
        match self {
            Self::Objects { after_s, .. } => *after_s,
            // Only a person can help.
            Self::Bytes { .. } => 3_600,
        }
    }
}

/// What came into a line on one day, as far as it was read.
#[derive(Debug, Default)]
struct Day {
    number: i64,
    upto: Seq,
    of: HashMap<Uuid, u64>,
}

/// What is known of members' use.
#[derive(Debug, Default)]
pub(crate) struct Quotas {
    /// That of members without one of their own.
    usual: Mutex<Quota>,
    days: Mutex<HashMap<LineId, Day>>,
    /// What is on its way: objects and bytes.
    coming: Arc<Mutex<HashMap<MemberId, (u64, u64)>>>,
}

/// What is on its way, counted as long as this lives.
pub(crate) struct Coming {
    all: Arc<Mutex<HashMap<MemberId, (u64, u64)>>>,
    member: MemberId,
    objects: u64,
    bytes: u64,
}

impl Drop for Coming {
    fn drop(&mut self) {
        let mut all = self.all.lock();
        if let Some((objects, bytes)) = all.get_mut(&self.member) {
            *objects = objects.saturating_sub(self.objects);
            *bytes = bytes.saturating_sub(self.bytes);
            if (*objects, *bytes) == (0, 0) {
                all.remove(&self.member);
            }
        }
    }
}

impl Quotas {
    /// Counts something as coming, and gives how much was before.
    fn reserve(&self, member: MemberId, objects: u64, bytes: u64) -> (Coming, (u64, u64)) {
        let mut all = self.coming.lock();
        let coming = all.entry(member).or_default();
        let before = *coming;
        *coming = (before.0 + objects, before.1 + bytes);
        drop(all);
        (Coming { all: Arc::clone(&self.coming), member, objects, bytes }, before)
    }
}

impl Gate {
    /// Sets the quota of members that have none of their own.
    pub fn set_usual_quota(&self, quota: Quota) {
        *self.inner.quotas.usual.lock() = quota;
    }

    /// A member's quota.
    #[must_use]
    pub fn quota(&self, member: MemberId) -> Quota {
        Quota::of(&self.book(), member).unwrap_or_else(|| *self.inner.quotas.usual.lock())
    }

    /// What a member has brought, over all circles.
    #[must_use]
    pub fn used(&self, member: MemberId, now: Timestamp) -> Used {
        let mut used = Used::default();
        for line in self.store().lines().into_iter().filter(|line| *line != LineId::NODE) {
            used.objects_today += self.came_today(line, member.uuid(), now);
            used.bytes += self.store().look(line, |catalogue| catalogue.bytes_of(member.uuid())).unwrap_or(0);
        }
        used
    }

    /// How many objects a sender brought into a line today.
    fn came_today(&self, line: LineId, sender: Uuid, now: Timestamp) -> u64 {
        let number = now.micros().div_euclid(DAY_US);
        let mut days = self.inner.quotas.days.lock();
        let day = days.entry(line).or_default();
        let read = self.store().look(line, |catalogue| {
            let head = catalogue.head();
            // After a fail-over a line may go another way.
            if day.number != number || day.upto > head {
                let begins = Added((number * DAY_US).saturating_sub(1));
                *day = Day { number, upto: catalogue.until(begins), of: HashMap::new() };
            }
            for entry in (day.upto.0 + 1..=head.0).filter_map(|seq| catalogue.entry(Seq(seq))) {
                if let (RecordKind::Object, Some(sender)) = (entry.kind(), entry.sender()) {
                    *day.of.entry(sender).or_default() += 1;
                }
            }
            day.upto = head;
        });
        match read {
            Ok(()) => day.of.get(&sender).copied().unwrap_or_default(),
            Err(_) => 0,
        }
    }

    /// Whether a member may bring this; counts it as coming, if it has a quota.
    pub(crate) fn within_quota(
        &self,
        member: MemberId,
        circle: CircleId,
        (objects, terms): (&[Submission], Option<&str>),
        now: Timestamp,
    ) -> Result<Option<Coming>, SubmitError> {
        let quota = self.quota(member);
        if quota.is_none() || member == MemberId::NODE {
            return Ok(None);
        }
        let fresh = self.fresh(member, LineId::new(circle.uuid()), objects.iter().collect(), terms);
        let (more, bytes) = (fresh.len() as u64, fresh.iter().map(|object| object.raw.len() as u64).sum());
        // Reserved before it is looked how much is there: what is written meanwhile counts twice rather than not at all.
        let (coming, before) = self.inner.quotas.reserve(member, more, bytes);
        let used = self.used(member, now);
        let came = (used.objects_today + before.0, used.bytes + before.1);
        let over = |limit: Option<u64>, used: u64, more: u64| {
            limit.filter(|limit| more > 0 && used.saturating_add(more) > *limit)
        };
        if let Some(limit) = over(quota.objects_a_day, came.0, more) {
            let left = DAY_US - now.micros().rem_euclid(DAY_US);
            let after_s = u64::try_from(left / 1_000_000).unwrap_or_default() + 1;
            return Err(OverQuota::Objects { limit, used: came.0, more, after_s }.into());
        }
        if let Some(limit) = over(quota.bytes, came.1, bytes) {
            return Err(OverQuota::Bytes { limit, used: came.1, more: bytes }.into());
        }
        Ok(Some(coming))
    }

    /// Those of the objects that the member has not brought in this version, to the circle or what waits beside it: who sends again what is
    /// there already brings nothing.
    fn fresh<'o>(
        &self,
        member: MemberId,
        line: LineId,
        mut objects: Vec<&'o Submission>,
        terms: Option<&str>,
    ) -> Vec<&'o Submission> {
        for line in [line, line.quarantine()] {
            // What can't be looked at counts as new.
            let _unknown = self.store().look(line, |catalogue| {
                objects.retain(|object| !is_there(catalogue, member, object, terms));
            });
        }
        objects
    }
}

/// Whether the writer would say of an object that it is there ([`line::Outcome::Present`]).
fn is_there(catalogue: &Catalogue, member: MemberId, object: &Submission, terms: Option<&str>) -> bool {
    let Some(known) = catalogue.object(&object.head.id) else { return false };
    let mut own = catalogue.all_versions(known).filter(|entry| entry.sender() == Some(member.uuid()));
    let has_terms = |entry: &Entry<'_>| {
        catalogue.class(entry.class()).is_some_and(|class| class.terms.as_deref() == terms)
    };
    match object.head.modified.or(object.head.created) {
        Some(version) => {
            own.any(|entry| entry.version() == version && (terms.is_none() || has_terms(&entry)))
        }
        // Without versions, the latest text is what is there.
        None => own.next().is_some_and(|newest| {
            !newest.withdrawn() && has_terms(&newest) && newest.says(object.raw.as_bytes())
        }),
    }
}
