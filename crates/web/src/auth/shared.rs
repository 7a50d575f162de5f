//! What nodes that serve beside one database must know of each other's log-ins: open sessions, failed passwords, used codes, spent
//! challenges.
//!
//! It is kept in the database under hashes, as it is in memory where a node is alone. A session that was looked up is taken to be
//! open for a moment, so that a page costs the database little; one that was ended at another node ends here after that.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use line::Beside;
use parking_lot::Mutex;
use policy::PersonId;
use serde::{Deserialize, Serialize};
use stix::Timestamp;
use uuid::Uuid;

use super::room::Room;
use super::session::{Session, SessionId};
use super::{Auth, Challenges, Codes, Lockout, Sessions};

/// The rooms in which it is kept.
pub const SESSIONS: &str = "session";
/// Names under which log-ins failed.
pub const LOCKOUTS: &str = "lockout";
/// The latest code of each app.
pub const CODES: &str = "code";
/// Challenges to passkeys that are spent.
pub const CHALLENGES: &str = "challenge";
/// Log-ins under way at a provider. Anybody may begin one: in a room of their own, they push out none of what is spent.
pub const LOG_INS: &str = "login";

/// For how long a session that was looked up is taken to be open.
const TRUSTED: Duration = Duration::from_secs(2);
/// How often it is written down that a session was used.
const USED_AGAIN_US: i64 = 60 * 1_000_000;
/// Sessions that are looked through for those of one person.
const SESSIONS_MAX: u32 = 100_000;
/// How often a count is tried to be written.
const TRIES: usize = 5;

impl Auth {
    /// The same, knowing what the other nodes know that serve beside a database.
    #[must_use]
    pub fn beside(mut self, beside: &Beside) -> Self {
        self.sessions = Sessions::beside(beside, Arc::clone(&self.now));
        self.lockout = Lockout::beside(beside, Arc::clone(&self.now));
        self.codes = Codes::beside(beside);
        self.challenges = Challenges::beside(beside, self.tokens.clone(), Arc::clone(&self.now));
        if let Some(oidc) = &mut self.oidc {
            oidc.share(Spent::log_ins(beside), Arc::clone(&self.now));
        }
        self
    }
}

/// The clock.
pub(crate) type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

pub(crate) fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// How long ago something was, by the clock.
fn ago(at_us: i64, now_us: i64) -> Duration {
    Duration::from_micros(u64::try_from(now_us.saturating_sub(at_us)).unwrap_or_default())
}

/// A session, as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    person: Uuid,
    number: u64,
    begun_us: i64,
    used_us: i64,
    from: std::net::IpAddr,
    agent: String,
    account_us: i64,
    /// Not there in what earlier programs kept.
    #[serde(default)]
    elsewhere: bool,
}

/// Sessions in the database.
pub(crate) struct SharedSessions {
    room: Room,
    now: Now,
    /// Those that were looked up, and when.
    known: Mutex<HashMap<SessionId, (Session, Instant)>>,
}

impl SharedSessions {
    pub(crate) fn new(beside: &Beside, now: Now) -> Self {
        Self { room: Room::of(beside, SESSIONS), now, known: Mutex::default() }
    }

    fn now_us(&self) -> i64 {
        (self.now)().micros()
    }

    fn read(&self, value: &[u8], now: Instant) -> Option<(Session, i64)> {
        let Kept { person, number, begun_us, used_us, from, agent, account_us, elsewhere } =
            serde_json::from_slice(value).ok()?;
        let now_us = self.now_us();
        let session = Session {
            person: PersonId::new(person),
            number,
            begun: Timestamp::from_micros(begun_us),
            from,
            agent,
            elsewhere,
            account: Timestamp::from_micros(account_us),
            started: now.checked_sub(ago(begun_us, now_us))?,
            used: now.checked_sub(ago(used_us, now_us))?,
        };
        session.holds(now).then_some((session, used_us))
    }

    fn text(&self, session: &Session) -> Vec<u8> {
        let kept = Kept {
            person: session.person.uuid(),
            number: session.number,
            begun_us: session.begun.micros(),
            used_us: self.now_us(),
            from: session.from,
            agent: session.agent.clone(),
            account_us: session.account.micros(),
            elsewhere: session.elsewhere,
        };
        serde_json::to_vec(&kept).unwrap_or_default()
    }

    /// Keeps a session that begins, and ends the oldest of its person's beyond `most`.
    pub(crate) fn begin(&self, id: SessionId, session: &Session, most: usize, now: Instant) {
        let mut own = self.of(session.person, now);
        own.sort_unstable_by_key(|(_, session)| session.used);
        for (id, _) in own.iter().rev().skip(most - 1) {
            self.end(*id);
        }
        match self.room.put(&hex(id.bytes()), &self.text(session)) {
            Ok(()) => drop(self.known.lock().insert(id, (session.clone(), now))),
            Err(error) => tracing::warn!(%error, "a session can't be kept: its person must log in again"),
        }
    }

    /// Whether a session was looked up a moment ago.
    pub(crate) fn is_at_hand(&self, id: SessionId, now: Instant) -> bool {
        let known = self.known.lock();
        known.get(&id).is_some_and(|(_, looked)| now.saturating_duration_since(*looked) < TRUSTED)
    }

    /// The session, if it is open; it is used now.
    pub(crate) fn find(&self, id: SessionId, now: Instant) -> Option<Session> {
        if let Some((session, looked)) = self.known.lock().get_mut(&id)
            && now.saturating_duration_since(*looked) < TRUSTED
            && session.holds(now)
        {
            session.used = now;
            return Some(session.clone());
        }
        let key = hex(id.bytes());
        let found = self.room.get(&key);
        let found = found.inspect_err(|error| tracing::warn!(%error, "a session can't be looked up")).ok()?;
        let mut known = self.known.lock();
        known.retain(|_, (session, _)| session.holds(now));
        let read = found.and_then(|kept| Some((self.read(&kept.value, now)?, kept.version)));
        let Some(((mut session, used_us), version)) = read else {
            known.remove(&id);
            return None;
        };
        session.used = now;
        known.insert(id, (session.clone(), now));
        drop(known);
        if self.now_us().saturating_sub(used_us) >= USED_AGAIN_US {
            // Another node may have written it, or ended it: then this is not needed.
            let _noted = self.room.swap(&key, Some(&self.text(&session)), Some(version));
        }
        Some(session)
    }

    pub(crate) fn end(&self, id: SessionId) {
        self.known.lock().remove(&id);
        if let Err(error) = self.room.remove(&hex(id.bytes())) {
            tracing::error!(%error, "a session can't be ended for all nodes; it ends when it is idle");
        }
    }

    /// The open sessions of a person.
    pub(crate) fn of(&self, person: PersonId, now: Instant) -> Vec<(SessionId, Session)> {
        let all = self.room.page("", SESSIONS_MAX);
        let all = all.inspect_err(|error| tracing::warn!(%error, "sessions can't be looked up"));
        let own = all.unwrap_or_default().into_iter().filter_map(|kept| {
            let (session, _) = self.read(&kept.value, now).filter(|(session, _)| session.person == person)?;
            Some((SessionId::from_hex(&kept.key)?, session))
        });
        own.collect()
    }
}

impl std::fmt::Debug for SharedSessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedSessions").finish_non_exhaustive()
    }
}

/// A number that several nodes count up, with when it was counted last.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Counted {
    count: u32,
    last_us: i64,
}

/// Counts by hashes of names.
pub(crate) struct SharedCounts {
    room: Room,
    now: Now,
}

impl SharedCounts {
    pub(crate) fn new(beside: &Beside, now: Now) -> Self {
        Self { room: Room::of(beside, LOCKOUTS), now }
    }

    /// How often it was counted, and when last. `Err` where that can't be known.
    pub(crate) fn of(&self, key: &[u8; 32], now: Instant) -> Result<Option<(u32, Instant)>, ()> {
        let kept = self.room.get(&hex(key));
        let kept = kept.map_err(|error| tracing::warn!(%error, "failed log-ins can't be looked up"))?;
        Ok(kept.and_then(|kept| self.read(&kept.value, now)))
    }

    fn read(&self, value: &[u8], now: Instant) -> Option<(u32, Instant)> {
        let Counted { count, last_us } = serde_json::from_slice(value).ok()?;
        Some((count, now.checked_sub(ago(last_us, (self.now)().micros()))?))
    }

    /// Keeps what `next` makes of the count; nothing of it is kept where it gives nothing.
    pub(crate) fn count(
        &self,
        key: &[u8; 32],
        now: Instant,
        next: impl Fn(Option<(u32, Instant)>) -> Option<u32>,
    ) {
        let key = hex(key);
        for _ in 0..TRIES {
            let Ok(kept) = self.room.get(&key) else { return };
            let before = kept.as_ref().and_then(|kept| self.read(&kept.value, now));
            let Some(count) = next(before) else { return };
            let counted = Counted { count, last_us: (self.now)().micros() };
            let text = serde_json::to_vec(&counted).unwrap_or_default();
            match self.room.swap(&key, Some(&text), kept.map(|kept| kept.version)) {
                Ok(None) => {}
                Ok(Some(_)) => return,
                Err(error) => return tracing::warn!(%error, "a failed log-in can't be counted"),
            }
        }
    }

    pub(crate) fn clear(&self, key: &[u8; 32]) {
        if let Err(error) = self.room.remove(&hex(key)) {
            tracing::warn!(%error, "failed log-ins can't be forgotten");
        }
    }
}

impl std::fmt::Debug for SharedCounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedCounts").finish_non_exhaustive()
    }
}

/// What was used once and is used no more.
#[derive(Clone)]
pub(crate) struct Spent(Room);

impl Spent {
    /// The steps of codes.
    pub(crate) fn codes(beside: &Beside) -> Self {
        Self(Room::of(beside, CODES))
    }

    /// Challenges.
    pub(crate) fn challenges(beside: &Beside) -> Self {
        Self(Room::of(beside, CHALLENGES))
    }

    /// Log-ins under way at a provider.
    pub(crate) fn log_ins(beside: &Beside) -> Self {
        Self(Room::of(beside, LOG_INS))
    }

    /// Whether this is the first use of it.
    pub(crate) fn spend(&self, key: &str) -> bool {
        match self.0.swap(key, Some(b"spent"), None) {
            Ok(spent) => spent.is_some(),
            Err(error) => {
                tracing::warn!(%error, "it can't be noted what was used: it does not count");
                false
            }
        }
    }

    /// Whether a number is later than the one under the key, which it becomes then.
    pub(crate) fn advance(&self, key: &str, to: i64) -> bool {
        let advanced = self.0.get(key).and_then(|kept| {
            let known =
                kept.as_ref().and_then(|kept| std::str::from_utf8(&kept.value).ok()?.parse::<i64>().ok());
            match known.is_none_or(|known| to > known) {
                true => self.0.swap(key, Some(to.to_string().as_bytes()), kept.map(|kept| kept.version)),
                false => Ok(None),
            }
        });
        advanced
            .inspect_err(
                |error| tracing::warn!(%error, "it can't be noted which code was used: it does not count"),
            )
            .is_ok_and(|version| version.is_some())
    }

    /// Keeps something that is to be taken once.
    pub(crate) fn keep(&self, key: &str, value: &[u8]) {
        if let Err(error) = self.0.put(key, value) {
            tracing::warn!(%error, "a log-in can't be begun");
        }
    }

    /// Takes it.
    pub(crate) fn take(&self, key: &str) -> Option<Vec<u8>> {
        let kept = self.0.get(key).ok()??;
        self.0.swap(key, None, Some(kept.version)).ok()??;
        Some(kept.value)
    }
}

impl std::fmt::Debug for Spent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spent").finish_non_exhaustive()
    }
}
