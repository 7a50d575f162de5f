//! Who takes part: the state that the node's line adds up to.
//!
//! Entries are applied in the line's order, the later one about a thing replacing the earlier, so that a book can be
//! rebuilt for any moment. An entry is stored as JSON `{"v":1,"member":{…}}`; a reader refuses a
//! version that it does not know, rather than guess who may see what.

use std::collections::BTreeMap;
use std::ops::Bound;

use serde::{Deserialize, Serialize};
use stix::Timestamp;
use uuid::Uuid;

use crate::circle::{Circle, CircleId, Signatures};
use crate::credential::{Credential, CredentialKind, Setting, read_used};
use crate::federation::{Agreed, Peer};
use crate::member::{Member, MemberId};
use crate::person::{self, Account, Passkey, Person, PersonId};
use crate::provenance::SigningKey;
use crate::role::Rights;

/// The newest version of the stored form.
const VERSION: u8 = 4;
/// The version of people, of what belongs to one, of scopes, and of circles that require signatures.
const VERSION_PEOPLE: u8 = 3;
/// The version of a circle in which not all members may do all.
const VERSION_ACCESS: u8 = 2;
/// The version of whatever needs nothing newer: an older program can go on with it.
const VERSION_COMMON: u8 = 1;

/// One entry of the node's line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// A member, as it is from now on.
    Member(Member),
    /// A circle, as it is from now on.
    Circle(Circle),
    /// A credential, as it is from now on.
    Credential(Credential),
    /// A setting.
    Setting(Setting),
    /// A member's key for signatures, as it is from now on.
    SigningKey(SigningKey),
    /// A person, as it is from now on.
    Person(Person),
    /// How a person logs in from now on.
    Account(Account),
    /// Another node, as it is from now on.
    Peer(Peer),
    /// What the members of a circle that lies on several nodes have agreed on.
    Agreement(Box<Agreed>),
    /// A draft of such, with the signatures that it has so far.
    Proposal(Box<Agreed>),
}

#[derive(Serialize, Deserialize)]
struct Stored<E> {
    v: u8,
    /// The person who did it, if one was logged in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<PersonId>,
    #[serde(flatten)]
    entry: E,
}

/// Why a text is no entry.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// It has another form.
    #[error("the entry can't be read: {0}")]
    Form(#[from] serde_json::Error),
    /// It was written by a newer program.
    #[error("the entry has version {found}, this program knows {VERSION}: use a newer program")]
    Version {
        /// The version that it says.
        found: u8,
    },
}

impl Entry {
    /// Reads the stored form.
    ///
    /// # Errors
    /// [`EntryError`].
    pub fn from_json(text: &str) -> Result<Self, EntryError> {
        Self::with_person(text).map(|(entry, _)| entry)
    }

    /// Reads the stored form, and which person did it.
    ///
    /// # Errors
    /// [`EntryError`].
    pub fn with_person(text: &str) -> Result<(Self, Option<PersonId>), EntryError> {
        #[derive(Deserialize)]
        struct Version {
            v: u8,
        }
        let Version { v } = serde_json::from_str(text)?;
        if !(VERSION_COMMON..=VERSION).contains(&v) {
            return Err(EntryError::Version { found: v });
        }
        let stored = serde_json::from_str::<Stored<Self>>(text)?;
        Ok((stored.entry, stored.by))
    }

    /// The stored form.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.to_json_by(None)
    }

    /// The stored form of what a person did.
    #[must_use]
    pub fn to_json_by(&self, by: Option<PersonId>) -> String {
        serde_json::to_string(&Stored { v: self.version(), by, entry: self }).unwrap_or_default()
    }

    /// A program that does not know of restricted access would let members read what they may not, one that does not know of scopes
    /// would let a token do what it may not, and one that does not know that signatures are required would take what has none; one
    /// that does not know of four eyes would let everything out on one's word, and one that does not know of passkeys would take a
    /// password without one.
    fn version(&self) -> u8 {
        match self {
            Self::Credential(credential) if credential.scopes.is_some() || credential.person.is_some() => {
                VERSION_PEOPLE
            }
            Self::Peer(_) | Self::Agreement(_) | Self::Proposal(_) => VERSION,
            Self::Circle(circle) if circle.four_eyes.is_some() => VERSION,
            Self::Account(account) if !account.passkeys.is_empty() => VERSION,
            Self::Person(_) | Self::Account(_) | Self::SigningKey(_) => VERSION_PEOPLE,
            Self::Circle(circle) if circle.signatures == Signatures::Required => VERSION_PEOPLE,
            Self::Circle(circle) if !circle.access.is_empty() => VERSION_ACCESS,
            _ => VERSION_COMMON,
        }
    }
}

/// Members, people, circles, credentials and settings at one moment.
#[derive(Debug, Clone, Default)]
pub struct Book {
    members: BTreeMap<MemberId, Member>,
    circles: BTreeMap<CircleId, Circle>,
    credentials: BTreeMap<Uuid, Credential>,
    /// By fingerprint: the credential that was recorded last, of those with the same certificate.
    certificates: BTreeMap<Vec<u8>, Uuid>,
    /// When each credential was used last, to the hour, in microseconds since 1970-01-01T00:00:00Z.
    used: BTreeMap<Uuid, i64>,
    settings: BTreeMap<String, String>,
    /// By their names.
    signing_keys: BTreeMap<String, SigningKey>,
    people: BTreeMap<PersonId, Person>,
    /// By user name: who has it now. One that ended keeps it until another gets it.
    users: BTreeMap<String, PersonId>,
    accounts: BTreeMap<PersonId, Account>,
    /// By their names.
    peers: BTreeMap<String, Peer>,
    agreements: BTreeMap<CircleId, Agreed>,
    /// The last draft of each circle, until it or a later version counts.
    proposals: BTreeMap<CircleId, Agreed>,
}

impl Book {
    /// Takes an entry in; it replaces what was known of the same thing.
    pub fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Member(member) => drop(self.members.insert(member.id, member)),
            Entry::Circle(circle) => drop(self.circles.insert(circle.id, circle)),
            Entry::Credential(credential) => self.apply_credential(credential),
            Entry::SigningKey(key) => drop(self.signing_keys.insert(key.key.id().to_owned(), key)),
            Entry::Person(person) => self.apply_person(person),
            Entry::Account(account) => drop(self.accounts.insert(account.person, account)),
            Entry::Setting(setting) => self.apply_setting(setting),
            Entry::Peer(peer) => drop(self.peers.insert(peer.name.clone(), peer)),
            Entry::Agreement(agreed) => self.apply_agreement(*agreed),
            Entry::Proposal(agreed) => drop(self.proposals.insert(agreed.agreement.circle, *agreed)),
        }
    }

    fn apply_agreement(&mut self, agreed: Agreed) {
        let (circle, version) = (agreed.agreement.circle, agreed.agreement.version);
        self.proposals.retain(|of, draft| *of != circle || draft.agreement.version > version);
        self.agreements.insert(circle, agreed);
    }

    fn apply_setting(&mut self, setting: Setting) {
        if let Some((credential, at)) = read_used(&setting) {
            self.used.insert(credential, at);
            return;
        }
        match setting {
            Setting { name, value: Some(value) } => drop(self.settings.insert(name, value)),
            Setting { name, value: None } => drop(self.settings.remove(&name)),
        }
    }

    fn apply_credential(&mut self, credential: Credential) {
        if let CredentialKind::Certificate { sha256 } = &credential.kind {
            let known = self.certificates.get(sha256).and_then(|id| self.credentials.get(id));
            // What is taken back must not hide another that holds for the same certificate.
            if !credential.revoked || known.is_none_or(|known| known.revoked) {
                self.certificates.insert(sha256.clone(), credential.id);
            }
        }
        self.credentials.insert(credential.id, credential);
    }

    fn apply_person(&mut self, person: Person) {
        let held = self.users.get(&person.user).and_then(|id| self.people.get(id));
        if !person.ended || held.is_none_or(|held| held.ended) {
            self.users.insert(person.user.clone(), person.id);
        }
        self.people.insert(person.id, person);
    }

    /// The person with this id, ended ones too.
    #[must_use]
    pub fn person(&self, id: PersonId) -> Option<&Person> {
        self.people.get(&id)
    }

    /// The person with this user name, in its one spelling ([`Person::user_of`]); an ended one too.
    #[must_use]
    pub fn person_by_user(&self, user: &str) -> Option<&Person> {
        self.users.get(user).and_then(|id| self.people.get(id))
    }

    /// All people, ended ones too.
    pub fn people(&self) -> impl Iterator<Item = &Person> {
        self.people.values()
    }

    /// Whether the person acts: neither it nor its member has ended.
    #[must_use]
    pub fn acts(&self, person: &Person) -> bool {
        let takes_part = |id| self.member(id).is_some_and(|member| !member.ended);
        !person.ended && person.member.is_none_or(takes_part)
    }

    /// How a person logs in.
    #[must_use]
    pub fn account(&self, id: PersonId) -> Option<&Account> {
        self.accounts.get(&id)
    }

    /// The person that acts and is who a provider of log-ins names.
    #[must_use]
    pub fn person_by_bound(&self, bound: &person::Bound) -> Option<&Person> {
        let is_its = |account: &&Account| account.bound.as_ref() == Some(bound);
        let mut bound =
            self.accounts.values().filter(is_its).filter_map(|account| self.person(account.person));
        bound.find(|person| self.acts(person))
    }

    /// The person that acts and has the passkey of this name, and the passkey.
    #[must_use]
    pub fn person_by_passkey(&self, id: &str) -> Option<(&Person, &Passkey)> {
        let mut all =
            self.accounts.values().flat_map(|account| account.passkeys.iter().map(move |key| (account, key)));
        let (account, key) = all.find(|(_, key)| key.id == id)?;
        let person = self.person(account.person).filter(|person| self.acts(person))?;
        Some((person, key))
    }

    /// When a credential was used last, to the hour, in microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn used(&self, credential: Uuid) -> Option<i64> {
        self.used.get(&credential).copied()
    }

    /// What may be done with a credential at `now`, by what it says itself and by what its person may; nothing if it does
    /// not hold.
    #[must_use]
    pub fn rights_of(&self, credential: &Credential, now: Timestamp) -> Rights {
        if !credential.holds(now) {
            return Rights::NONE;
        }
        match credential.person {
            None => credential.rights(),
            Some(id) => {
                let person = self.person(id).filter(|person| self.acts(person));
                let may = person.map_or(Rights::NONE, Person::rights);
                credential.scopes.map_or(may, |scopes| scopes.within(may))
            }
        }
    }

    /// The credential for the certificate with this SHA-256 fingerprint (of its DER), revoked and expired ones too.
    #[must_use]
    pub fn certificate(&self, sha256: &[u8; 32]) -> Option<&Credential> {
        self.certificates.get(sha256.as_slice()).and_then(|id| self.credentials.get(id))
    }

    /// The member with this id, ended ones too.
    #[must_use]
    pub fn member(&self, id: MemberId) -> Option<&Member> {
        self.members.get(&id)
    }

    /// The member with this handle; one that takes part comes before one that has ended.
    #[must_use]
    pub fn member_by_handle(&self, handle: &str) -> Option<&Member> {
        let named = || self.members.values().filter(|member| member.handle == handle);
        named().find(|member| !member.ended).or_else(|| named().next())
    }

    /// All members, ended ones too.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    /// The circle with this id.
    #[must_use]
    pub fn circle(&self, id: CircleId) -> Option<&Circle> {
        self.circles.get(&id)
    }

    /// The circle with this handle.
    #[must_use]
    pub fn circle_by_handle(&self, handle: &str) -> Option<&Circle> {
        self.circles.values().find(|circle| circle.handle == handle)
    }

    /// All circles.
    pub fn circles(&self) -> impl Iterator<Item = &Circle> {
        self.circles.values()
    }

    /// The circles that a member is in, in force or not; none for a member that has ended.
    #[must_use]
    pub fn circles_of(&self, member: MemberId) -> Vec<&Circle> {
        if self.member(member).is_none_or(|member| member.ended) {
            return Vec::new();
        }
        self.circles.values().filter(|circle| circle.members.contains(&member)).collect()
    }

    /// The members of a circle that `caller` may know of: all of them, itself alone if they are hidden from each
    /// other, nobody if it is not in the circle (rule P-8).
    #[must_use]
    pub fn visible_members(&self, caller: MemberId, circle: CircleId) -> Vec<&Member> {
        let Some(circle) = self.circle(circle).filter(|circle| circle.members.contains(&caller)) else {
            return Vec::new();
        };
        let known = circle.members.iter().filter(|id| !circle.hidden_members || **id == caller);
        known.filter_map(|id| self.member(*id)).filter(|member| !member.ended).collect()
    }

    /// The credential with this id, revoked and expired ones too.
    #[must_use]
    pub fn credential(&self, id: Uuid) -> Option<&Credential> {
        self.credentials.get(&id)
    }

    /// A member's credentials.
    pub fn credentials_of(&self, member: MemberId) -> impl Iterator<Item = &Credential> {
        self.credentials.values().filter(move |credential| credential.member == Some(member))
    }

    /// The tokens of the node's operators, revoked and expired ones too.
    pub fn operator_credentials(&self) -> impl Iterator<Item = &Credential> {
        self.credentials.values().filter(|credential| credential.member.is_none())
    }

    /// The TSIG keys, revoked and expired ones too.
    pub fn tsig_keys(&self) -> impl Iterator<Item = &Credential> {
        self.credentials.values().filter(|credential| matches!(credential.kind, CredentialKind::Tsig { .. }))
    }

    /// The key for signatures with this name, whether it holds or not.
    #[must_use]
    pub fn signing_key(&self, id: &str) -> Option<&SigningKey> {
        self.signing_keys.get(id)
    }

    /// All members' keys for signatures, whether they hold or not, by their names.
    pub fn signing_keys(&self) -> impl Iterator<Item = &SigningKey> {
        self.signing_keys.values()
    }

    /// Whether `caller` may know of a member: itself, and those that it sees in one of its circles.
    #[must_use]
    pub fn may_know(&self, caller: MemberId, member: MemberId) -> bool {
        let sees =
            |circle: &&Circle| self.visible_members(caller, circle.id).iter().any(|seen| seen.id == member);
        caller == member || self.circles_of(caller).iter().any(sees)
    }

    /// The other node with this name, an ended one too.
    #[must_use]
    pub fn peer(&self, name: &str) -> Option<&Peer> {
        self.peers.get(name)
    }

    /// All other nodes, ended ones too, by name.
    pub fn peers(&self) -> impl Iterator<Item = &Peer> {
        self.peers.values()
    }

    /// The other node that shows the certificate with this SHA-256 fingerprint (of its DER), if it has not ended.
    #[must_use]
    pub fn peer_with(&self, certificate: &[u8; 32]) -> Option<&Peer> {
        self.peers.values().find(|peer| !peer.ended && peer.certificate == certificate)
    }

    /// What the members of a circle that lies on several nodes have agreed on; signed by all of them.
    #[must_use]
    pub fn agreed(&self, circle: CircleId) -> Option<&Agreed> {
        self.agreements.get(&circle)
    }

    /// All such agreements.
    pub fn all_agreed(&self) -> impl Iterator<Item = &Agreed> {
        self.agreements.values()
    }

    /// The last draft of an agreement about a circle, with the signatures that it has so far; none once it counts.
    #[must_use]
    pub fn proposal(&self, circle: CircleId) -> Option<&Agreed> {
        self.proposals.get(&circle)
    }

    /// All such drafts.
    pub fn proposals(&self) -> impl Iterator<Item = &Agreed> {
        self.proposals.values()
    }

    /// The settings whose names begin with `prefix`, without it, and their values, by name.
    pub fn settings<'b>(&'b self, prefix: &'b str) -> impl Iterator<Item = (&'b str, &'b str)> {
        let from = self.settings.range::<str, _>((Bound::Included(prefix), Bound::Unbounded));
        from.map_while(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
    }

    /// A setting.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }
}
