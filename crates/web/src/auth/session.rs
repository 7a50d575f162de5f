//! Sessions: what a person who has logged in shows with each request.
//!
//! A session's secret is 256 random bits in a cookie; kept is its SHA-256, in memory alone, so that a restart ends all sessions
//! and a copy of the disk has none; where several nodes serve beside one database, there ([`super::shared`]). A session ends an hour after it was last used, twelve hours after it began, when its person
//! logs out or ends it, and when the person's log-in changes. Each log-in makes a new one, whatever was shown before, so
//! that nobody can be made to use a session that another knows.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use line::Beside;
use parking_lot::Mutex;
use policy::{Account, PersonId};
use sha2::{Digest as _, Sha256};
use stix::Timestamp;

use super::shared::{Now, SharedSessions};

/// After so long without a request, a session ends.
pub(crate) const IDLE: Duration = Duration::from_secs(3_600);
/// After so long it ends in any case.
pub(crate) const LONGEST: Duration = Duration::from_secs(12 * 3_600);
/// For how long a log-in stands for a proof of who asks, where there is no password.
const FRESH: Duration = Duration::from_secs(600);
/// Sessions of one person; one more ends the one that was used longest ago.
const PER_PERSON_MAX: usize = 20;
/// Characters of a cookie's value: 32 bytes.
const VALUE_CHARS: usize = 43;
/// Characters that are kept of what a browser calls itself.
const AGENT_CHARS_MAX: usize = 120;

/// A session's identity: the hash of its secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId([u8; 32]);

impl SessionId {
    pub(crate) const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// As its bytes are written.
    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok().map(Self)
    }
}

/// An open session.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// Whose it is.
    pub(crate) person: PersonId,
    /// By which it is named on pages; no secret.
    pub(crate) number: u64,
    /// When it began.
    pub(crate) begun: Timestamp,
    /// From where.
    pub(crate) from: IpAddr,
    /// What the browser calls itself.
    pub(crate) agent: String,
    /// Whether it began at the provider of log-ins, and not here.
    pub(crate) elsewhere: bool,
    /// Since when the account was as it was at log-in.
    pub(super) account: Timestamp,
    pub(super) started: Instant,
    pub(super) used: Instant,
}

impl Session {
    pub(super) fn holds(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.used) < IDLE
            && now.saturating_duration_since(self.started) < LONGEST
    }

    /// Whether its person's log-in is still as it was.
    pub(crate) fn is_of(&self, account: &Account) -> bool {
        self.account == account.since
    }
}

/// All open sessions.
#[derive(Debug, Default)]
pub struct Sessions {
    open: Mutex<Open>,
    /// Where several nodes serve: those of all.
    shared: Option<SharedSessions>,
}

#[derive(Debug, Default)]
struct Open {
    by_id: HashMap<SessionId, Session>,
    numbered: u64,
}

impl Sessions {
    /// Those of all nodes that serve beside a database.
    #[must_use]
    pub fn beside(beside: &Beside, now: Now) -> Self {
        Self { open: Mutex::default(), shared: Some(SharedSessions::new(beside, now)) }
    }

    /// Begins a session with a secret that was drawn at random, of an account and whether it logged in elsewhere. Gives the cookie's
    /// value.
    pub(crate) fn begin(
        &self,
        secret: &[u8; 32],
        (account, elsewhere): (&Account, bool),
        (from, agent): (IpAddr, &str),
        (begun, now): (Timestamp, Instant),
    ) -> String {
        let value = URL_SAFE_NO_PAD.encode(secret);
        let session = |number| Session {
            person: account.person,
            number,
            begun,
            from,
            agent: agent.chars().filter(|c| !c.is_control()).take(AGENT_CHARS_MAX).collect(),
            elsewhere,
            account: account.since,
            started: now,
            used: now,
        };
        if let Some(shared) = &self.shared {
            // No two of one person's begin at one time.
            let number = u64::try_from(begun.micros()).unwrap_or_default();
            shared.begin(id_of(&value), &session(number), PER_PERSON_MAX, now);
            return value;
        }
        let mut open = self.open.lock();
        open.by_id.retain(|_, session| session.holds(now));
        let own = |(id, session): (&SessionId, &Session)| {
            (session.person == account.person).then_some((session.used, *id))
        };
        let mut own: Vec<(Instant, SessionId)> = open.by_id.iter().filter_map(own).collect();
        own.sort_unstable_by_key(|(used, _)| *used);
        for (_, id) in own.iter().rev().skip(PER_PERSON_MAX - 1) {
            open.by_id.remove(id);
        }
        open.numbered += 1;
        let session = session(open.numbered);
        open.by_id.insert(id_of(&value), session);
        value
    }

    /// Whether it can be said without asking others what a cookie's value stands for.
    pub(crate) fn is_at_hand(&self, value: &str, now: Instant) -> bool {
        let Some(shared) = self.shared.as_ref().filter(|_| value.len() == VALUE_CHARS) else { return true };
        shared.is_at_hand(id_of(value), now)
    }

    /// The session of a cookie's value, if it is open; it is used now.
    pub(crate) fn find(&self, value: &str, now: Instant) -> Option<(SessionId, Session)> {
        if value.len() != VALUE_CHARS {
            return None;
        }
        let id = id_of(value);
        if let Some(shared) = &self.shared {
            return Some((id, shared.find(id, now)?));
        }
        let mut open = self.open.lock();
        let session = open.by_id.get_mut(&id).filter(|session| session.holds(now))?;
        session.used = now;
        Some((id, session.clone()))
    }

    /// Whether a session began a short time ago: its person is still there, as far as one can tell.
    pub(crate) fn is_fresh(&self, id: SessionId, now: Instant) -> bool {
        let is_fresh = |session: &Session| now.saturating_duration_since(session.started) < FRESH;
        match &self.shared {
            Some(shared) => shared.find(id, now).is_some_and(|session| is_fresh(&session)),
            None => self.open.lock().by_id.get(&id).is_some_and(is_fresh),
        }
    }

    /// Whether a session began at the provider of log-ins.
    pub(crate) fn is_elsewhere(&self, id: SessionId, now: Instant) -> bool {
        match &self.shared {
            Some(shared) => shared.find(id, now).is_some_and(|session| session.elsewhere),
            None => self.open.lock().by_id.get(&id).is_some_and(|session| session.elsewhere),
        }
    }

    /// Ends a session.
    pub(crate) fn end(&self, id: SessionId) {
        match &self.shared {
            Some(shared) => shared.end(id),
            None => drop(self.open.lock().by_id.remove(&id)),
        }
    }

    /// Ends sessions of a person: the one with this number, or all but the one that is kept.
    pub(crate) fn end_of(&self, person: PersonId, number: Option<u64>, kept: Option<SessionId>) {
        let ends = |id: &SessionId, session: &Session| {
            session.person == person
                && match number {
                    Some(number) => session.number == number,
                    None => Some(*id) != kept,
                }
        };
        let Some(shared) = &self.shared else {
            return self.open.lock().by_id.retain(|id, session| !ends(id, session));
        };
        for (id, _) in shared.of(person, Instant::now()).iter().filter(|(id, session)| ends(id, session)) {
            shared.end(*id);
        }
    }

    /// The open sessions of a person, the latest first.
    pub(crate) fn of(&self, person: PersonId, now: Instant) -> Vec<(SessionId, Session)> {
        let mut own = match &self.shared {
            Some(shared) => shared.of(person, now),
            None => {
                let open = self.open.lock();
                let is_own = |session: &Session| session.person == person && session.holds(now);
                let own = open.by_id.iter().filter(|(_, session)| is_own(session));
                own.map(|(id, session)| (*id, session.clone())).collect()
            }
        };
        own.sort_by_key(|(_, session)| std::cmp::Reverse(session.number));
        own
    }
}

fn id_of(value: &str) -> SessionId {
    SessionId(Sha256::digest(value).into())
}

/// A cookie of the node: its name, and how it is set. Over an encrypted channel, its name binds it to this host and to TLS
/// (RFC 6265bis, section 4.1.3.2).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cookie {
    plain: &'static str,
    secure: &'static str,
}

impl Cookie {
    /// The session's.
    pub(crate) const SESSION: Self = Self { plain: "bongsu", secure: "__Host-bongsu" };
    /// That of a form before log-in.
    pub(crate) const FORM: Self = Self { plain: "bongsu-form", secure: "__Host-bongsu-form" };

    const fn name(self, encrypted: bool) -> &'static str {
        if encrypted { self.secure } else { self.plain }
    }

    /// What is set; an empty value takes the cookie away.
    pub(crate) fn set(self, encrypted: bool, value: &str) -> String {
        let name = self.name(encrypted);
        let secure = if encrypted { "; Secure" } else { "" };
        let ended = if value.is_empty() { "; Max-Age=0" } else { "" };
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{ended}")
    }

    /// What a request shows.
    pub(crate) fn of(self, headers: &HeaderMap, encrypted: bool) -> Option<&str> {
        cookie(headers, self.name(encrypted))
    }
}

/// A request's cookie of this name, if it shows one that is not empty.
pub(crate) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(named, _)| *named == name).map(|(_, value)| value).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use std::net::Ipv4Addr;
    use uuid::Uuid;

    fn account(number: u128) -> Account {
        Account::new(PersonId::new(Uuid::from_u128(number)), Timestamp::from_micros(1))
    }

    fn begin(sessions: &Sessions, secret: u8, account: &Account, now: Instant) -> String {
        let from = (IpAddr::V4(Ipv4Addr::LOCALHOST), "Browser\n1");
        sessions.begin(&[secret; 32], (account, secret == 200), from, (Timestamp::from_micros(5), now))
    }

    #[test]
    fn a_session_ends_when_it_is_idle_and_after_twelve_hours() {
        let (sessions, start) = (Sessions::default(), Instant::now());
        let value = begin(&sessions, 1, &account(1), start);
        let (_, session) = sessions.find(&value, start).unwrap();
        assert_eq!(session.agent, "Browser1");
        assert!(session.is_of(&account(1)));
        assert!(!session.is_of(&Account::new(session.person, Timestamp::from_micros(2))));
        assert!(sessions.find(&value, start + IDLE).is_none());
        let mut now = start;
        while now + IDLE / 2 < start + LONGEST {
            now += IDLE / 2;
            assert!(sessions.find(&value, now).is_some());
        }
        assert!(sessions.find(&value, start + LONGEST).is_none(), "however often it is used");
        assert!(sessions.find("", start).is_none() && sessions.find("x", start).is_none());
    }

    #[test]
    fn a_person_ends_its_own_sessions_and_has_only_so_many() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let other = begin(&sessions, 200, &account(2), now);
        let mut values = Vec::new();
        for number in 0..=PER_PERSON_MAX {
            let number = u8::try_from(number).unwrap();
            values.push(begin(&sessions, number, &account(1), now + Duration::from_secs(number.into())));
        }
        let later = now + Duration::from_secs(60);
        assert_eq!(sessions.of(account(1).person, later).len(), PER_PERSON_MAX);
        assert!(sessions.find(&values[0], later).is_none());
        let (kept, session) = sessions.find(&values[3], later).unwrap();
        sessions.end_of(account(2).person, Some(session.number), None);
        assert!(sessions.find(&values[3], later).is_some(), "another's number ends nothing");
        sessions.end_of(account(1).person, None, Some(kept));
        assert_eq!(sessions.of(account(1).person, later).len(), 1);
        assert!(!sessions.is_elsewhere(kept, later));
        sessions.end(kept);
        assert!(sessions.find(&values[3], later).is_none() && !sessions.is_elsewhere(kept, later));
        let (other, session) = sessions.find(&other, later).unwrap();
        assert!(session.elsewhere && sessions.is_elsewhere(other, later));
    }

    #[test]
    fn cookies_are_found_by_their_whole_names() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("a=1; xbongsu=2; bongsu=3"));
        headers.append(header::COOKIE, HeaderValue::from_static("__Host-bongsu=4"));
        assert_eq!(Cookie::SESSION.of(&headers, false), Some("3"));
        assert_eq!(Cookie::SESSION.of(&headers, true), Some("4"), "one of an open channel does not count");
        assert_eq!(Cookie::FORM.of(&headers, true), None);
        assert_eq!(Cookie::SESSION.set(true, "v"), "__Host-bongsu=v; Path=/; HttpOnly; SameSite=Lax; Secure");
        assert!(Cookie::SESSION.set(false, "").ends_with("Max-Age=0"));
    }
}
