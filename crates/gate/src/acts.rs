//! Who did what: the administrative acts in the node's line, the latest first.
//!
//! The node's line has the acts, in the order in which they held; nothing else is kept of them. What records
//! there are no acts (receipts, cases, when credentials were used) is passed over. A page of acts reads so much of the
//! line and no more, and says where the next one begins.

use line::{Added, LineId, Record, RecordKind, Seq, StorageError};
use policy::parcel::{Event, Noted};
use policy::{Book, By, CredentialKind, Entry, MemberId, Setting};
use stix::Timestamp;

use crate::opening::{Gate, is_entry};

/// Records that are looked at for one page.
const LOOKED_AT_MAX: u64 = 20_000;
/// Records that are read at once.
const WINDOW: u64 = 1_000;

/// Something that somebody changed.
#[derive(Debug, Clone)]
pub struct Act {
    /// Its number in the node's line.
    pub seq: Seq,
    /// When it was done.
    pub at: Timestamp,
    /// Who did it.
    pub by: By,
    /// What was done.
    pub what: Done,
}

/// What somebody did.
#[derive(Debug, Clone)]
pub enum Done {
    /// The book was changed: this holds from then on.
    Book(Entry),
    /// Something was decided of what waited for a second person.
    Release(Noted),
}

/// Acts, the latest first.
#[derive(Debug, Clone, Default)]
pub struct Acts {
    /// The acts.
    pub acts: Vec<Act>,
    /// Where to go on; `None` at the line's beginning.
    pub before: Option<Seq>,
}

impl Act {
    /// Of the record of an entry; `None` if it is no act, or can't be read.
    fn of(record: &Record) -> Option<Self> {
        let body = String::from_utf8_lossy(&record.body);
        let (what, person) = match record.kind {
            RecordKind::Release => {
                let noted = Noted::from_json(&body).ok()?;
                let person = noted.by;
                (Done::Release(noted), person)
            }
            kind if is_entry(kind) => {
                let (entry, person) = Entry::with_person(&body).ok()?;
                (Done::Book(entry), person)
            }
            _ => return None,
        };
        let by = By { member: MemberId::new(record.sender), person };
        let act = Self { seq: record.seq, at: record.added.timestamp(), by, what };
        (!act.is_made_by_the_node()).then_some(act)
    }

    /// Whether the node itself writes such entries as it works: they say what happened, not what somebody decided.
    fn is_made_by_the_node(&self) -> bool {
        const DECIDED: [&str; 5] = ["fires.", "mail.", "webhook.", "guard.step.", "refuse."];
        match &self.what {
            Done::Release(noted) => matches!(noted.event, Event::Done(_)),
            Done::Book(Entry::Setting(Setting { name, .. })) => {
                !DECIDED.iter().any(|prefix| name.starts_with(prefix))
            }
            Done::Book(_) => false,
        }
    }

    /// What it is of.
    #[must_use]
    pub const fn kind(&self) -> ActKind {
        let entry = match &self.what {
            Done::Release(_) => return ActKind::Release,
            Done::Book(entry) => entry,
        };
        match entry {
            Entry::Member(_) => ActKind::Member,
            Entry::Circle(_) => ActKind::Circle,
            Entry::Credential(_) => ActKind::Credential,
            Entry::SigningKey(_) => ActKind::SigningKey,
            Entry::Person(_) => ActKind::Person,
            Entry::Account(_) => ActKind::LogIn,
            Entry::Peer(_) => ActKind::Peer,
            Entry::Agreement(_) | Entry::Proposal(_) => ActKind::Agreement,
            Entry::Setting(_) => ActKind::Setting,
        }
    }

    /// Whether it was done by the user with this name, or for the member with this handle; `operator` is the node's operator.
    #[must_use]
    pub fn is_by(&self, name: &str, book: &Book) -> bool {
        let is_member = match self.by.member {
            MemberId::NODE => name == "operator",
            id => book.member(id).is_some_and(|member| member.handle == name),
        };
        is_member || self.by.person.and_then(|id| book.person(id)).is_some_and(|person| person.user == name)
    }

    /// The member that it is about, if it is about one.
    #[must_use]
    pub fn about(&self, book: &Book) -> Option<MemberId> {
        let entry = match &self.what {
            Done::Release(noted) => return Some(noted.member),
            Done::Book(entry) => entry,
        };
        match entry {
            Entry::Member(member) => Some(member.id),
            Entry::Credential(credential) => credential.member,
            Entry::SigningKey(key) => Some(key.member),
            Entry::Person(person) => person.member,
            Entry::Account(account) => book.person(account.person).and_then(|person| person.member),
            Entry::Circle(_)
            | Entry::Setting(_)
            | Entry::Peer(_)
            | Entry::Agreement(_)
            | Entry::Proposal(_) => None,
        }
    }

    /// Who did it, as people say it.
    #[must_use]
    pub fn who(&self, book: &Book) -> String {
        let handle =
            |id| book.member(id).map_or_else(|| "unknown".to_owned(), |member| member.handle.clone());
        let member = match self.by.member {
            MemberId::NODE => "the node's operator".to_owned(),
            id => handle(id),
        };
        match self.by.person.and_then(|id| book.person(id)) {
            Some(person) => format!("{} for {member}", person.user),
            None => member,
        }
    }

    /// What was done, in a sentence without secrets.
    #[must_use]
    pub fn sentence(&self, book: &Book) -> String {
        let user = |id| book.person(id).map_or_else(|| "unknown".to_owned(), |person| person.user.clone());
        let entry = match &self.what {
            Done::Release(noted) => return sentence_of(noted, book),
            Done::Book(entry) => entry,
        };
        match entry {
            Entry::Member(member) if member.ended => format!("ended the membership of {}", member.handle),
            Entry::Member(member) => format!(
                "set the profile of member {}: level {}, clearance {}",
                member.handle, member.level, member.clearance
            ),
            Entry::Circle(circle) => format!(
                "set the circle {}: {} {}, ceiling {}",
                circle.handle,
                circle.members.len(),
                if circle.members.len() == 1 { "member" } else { "members" },
                circle.ceiling
            ),
            Entry::Credential(credential) => {
                let what = match credential.kind {
                    CredentialKind::Token { .. } => "token",
                    CredentialKind::Tsig { .. } => "TSIG key",
                    CredentialKind::Certificate { .. } => "certificate",
                };
                let verb = if credential.revoked { "revoked" } else { "made" };
                let whose = match (credential.person, credential.member) {
                    (Some(person), _) => user(person),
                    (None, Some(id)) => {
                        book.member(id).map_or_else(String::new, |member| member.handle.clone())
                    }
                    (None, None) => "the node's operator".to_owned(),
                };
                let scopes = credential.scopes.map_or_else(String::new, |scopes| format!(", for: {scopes}"));
                format!("{verb} the {what} {} of {whose}{scopes}", credential.id.simple())
            }
            Entry::SigningKey(key) => {
                let whose = book
                    .member(key.member)
                    .map_or_else(|| "the node".to_owned(), |member| member.handle.clone());
                let verb = match (&key.revoked, &key.expires) {
                    (Some(_), _) => "revoked",
                    (None, Some(_)) => "limited",
                    (None, None) => "registered",
                };
                format!("{verb} the key {} for signatures of {whose}", key.key.id())
            }
            Entry::Person(person) if person.ended => format!("ended the person {}", person.user),
            Entry::Person(person) => {
                let roles: Vec<&str> = person.roles.iter().map(|role| role.name()).collect();
                format!("set the person {}: {}", person.user, roles.join(", "))
            }
            Entry::Account(account) => {
                let has = |has: bool, what: &'static str| if has { what } else { "" };
                let parts = [
                    has(account.password.is_some(), "a password"),
                    has(account.codes.is_some(), "codes"),
                    has(account.bound.is_some(), "a log-in elsewhere"),
                    has(!account.passkeys.is_empty(), "passkeys"),
                    has(account.invitation.is_some(), "an invitation that is out"),
                ];
                let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
                let with = if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") };
                format!("set the log-in of {}: it has {with}", user(account.person))
            }
            Entry::Peer(peer) if peer.ended => format!("ended the peer {}", peer.name),
            Entry::Peer(peer) => format!("set the peer {}: {}, key {}", peer.name, peer.url, peer.key.id()),
            Entry::Agreement(agreed) => format!(
                "added version {} of the agreement of circle {}",
                agreed.agreement.version, agreed.agreement.handle
            ),
            Entry::Proposal(agreed) => format!(
                "noted a draft of version {} of the agreement of circle {}, with {} signatures",
                agreed.agreement.version,
                agreed.agreement.handle,
                agreed.signatures.len()
            ),
            Entry::Setting(Setting { name, value: Some(_) }) => format!("set {name}"),
            Entry::Setting(Setting { name, value: None }) => format!("took {name} back"),
        }
    }
}

/// What was decided of what waited, with the one who brought it.
fn sentence_of(noted: &Noted, book: &Book) -> String {
    let verb = match &noted.event {
        Event::Released => "released",
        Event::Refused { .. } => "refused",
        Event::Withdrawn { .. } => "withdrew from",
        Event::Done(_) => "carried out",
    };
    let brought = match noted.brought_by.map(|id| book.person(id)) {
        Some(Some(person)) => person.user.as_str(),
        Some(None) => "unknown",
        None => "a system of the member's",
    };
    let circle = book.circle(noted.circle).map_or("unknown", |circle| circle.handle.as_str());
    let (parcel, objects) = (noted.parcel, noted.objects);
    format!("{verb} the release {parcel} of {objects} objects into {circle}, brought by {brought}")
}

/// What an act is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActKind {
    /// A member's profile or end.
    Member,
    /// A circle's terms and members.
    Circle,
    /// A person's roles or end.
    Person,
    /// How a person logs in.
    LogIn,
    /// A token, TSIG key or certificate.
    Credential,
    /// A key for signatures.
    SigningKey,
    /// A setting.
    Setting,
    /// Another node.
    Peer,
    /// A circle's agreement, or a draft of one.
    Agreement,
    /// What waited for a second person.
    Release,
}

impl ActKind {
    /// All.
    pub const ALL: [Self; 10] = [
        Self::Member,
        Self::Circle,
        Self::Person,
        Self::LogIn,
        Self::Credential,
        Self::SigningKey,
        Self::Setting,
        Self::Peer,
        Self::Agreement,
        Self::Release,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Circle => "circle",
            Self::Person => "person",
            Self::LogIn => "log-in",
            Self::Credential => "credential",
            Self::SigningKey => "signing-key",
            Self::Setting => "setting",
            Self::Peer => "peer",
            Self::Agreement => "agreement",
            Self::Release => "release",
        }
    }

    /// The one with this name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Which acts are asked for. The default asks for all.
#[derive(Debug, Clone, Copy, Default)]
pub struct ActsAsked<'a> {
    /// Only those about this member, and by it.
    pub of: Option<MemberId>,
    /// Only those done by this user, or for the member with this handle; `operator` is the node's operator.
    pub by: Option<&'a str>,
    /// Only those of this kind.
    pub kind: Option<ActKind>,
    /// Only those done then or later.
    pub from: Option<Timestamp>,
    /// Only those done before.
    pub until: Option<Timestamp>,
    /// Only those with lower numbers.
    pub before: Option<Seq>,
}

impl ActsAsked<'_> {
    fn asks_for(&self, act: &Act, book: &Book) -> bool {
        let is_of = |member| act.about(book) == Some(member) || act.by.member == member;
        self.of.is_none_or(is_of)
            && self.by.is_none_or(|name| act.is_by(name, book))
            && self.kind.is_none_or(|kind| act.kind() == kind)
    }
}

impl Gate {
    /// The latest acts of those that are asked for, at most `limit`.
    ///
    /// Reads at most 20,000 records; there can be fewer acts than asked for where others come further down.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn acts(&self, asked: &ActsAsked<'_>, limit: usize) -> Result<Acts, StorageError> {
        let book = self.book();
        let (size, _) = self.store().root(LineId::NODE)?;
        // Times increase with numbers, so a time is a place in the line.
        let until = |time: Timestamp| {
            let before = Added(time.micros().saturating_sub(1));
            self.store().look(LineId::NODE, |catalogue| catalogue.until(before).0)
        };
        let begin = asked.from.map(until).transpose()?.unwrap_or_default();
        let mut end = asked.before.map_or(size, |before| before.0.saturating_sub(1).min(size));
        if let Some(time) = asked.until {
            end = end.min(until(time)?);
        }
        let floor = end.saturating_sub(LOOKED_AT_MAX).max(begin);
        let mut found = Vec::new();
        while end > floor {
            let first = end.saturating_sub(WINDOW).max(floor);
            let records = self.all_between(LineId::NODE, first, end)?;
            for record in records.iter().rev().filter(|record| record.kind != RecordKind::Receipt) {
                let Some(act) = Act::of(record).filter(|act| asked.asks_for(act, &book)) else { continue };
                if found.len() == limit {
                    return Ok(Acts { acts: found, before: Some(Seq(record.seq.0 + 1)) });
                }
                found.push(act);
            }
            end = first;
        }
        Ok(Acts { acts: found, before: (end > begin).then_some(Seq(end + 1)) })
    }

    /// All records of a line behind `first` up to `last`.
    fn all_between(&self, line: LineId, first: u64, last: u64) -> Result<Vec<Record>, StorageError> {
        let mut all = Vec::new();
        let mut after = Seq(first);
        while after.0 < last {
            let left = usize::try_from(last - after.0).unwrap_or(usize::MAX);
            let records = self.store().records(line, after, left)?;
            let Some(newest) = records.last() else { break };
            after = newest.seq;
            all.extend(records);
        }
        Ok(all)
    }
}
