//! What the members of a circle that lies on several nodes agree on, and their signatures under it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stix::signature::{self, Broken, EXTENSION, Payload, PublicKey, SecretKey, SignError};
use stix::{Timestamp, Tlp};

use crate::circle::{Circle, CircleId, Onward, Signatures};
use crate::member::MemberId;
use crate::parcel::FourEyes;

/// Longest agreement that is read, in bytes, with its signatures.
pub const AGREEMENT_BYTES_MAX: usize = 4 << 20;
/// Most members of a circle that lies on several nodes.
pub const PARTIES_MAX: usize = 1_000;
/// Longest signature that is taken in, in bytes.
const SIGNATURE_BYTES_MAX: usize = 4 << 10;

const AGREEMENT: &str = "bongsu-agreement";

/// A member of a circle that lies on several nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// Who it is, on all nodes.
    pub member: MemberId,
    /// Its short name.
    pub handle: String,
    /// Its name, for people.
    pub name: String,
    /// The strictest mark that it may see, so that all nodes decide alike.
    #[serde(with = "crate::stored::tlp")]
    pub clearance: Tlp,
    /// The key of its home node.
    #[serde(with = "crate::stored::public_key")]
    pub home: PublicKey,
    /// The key with which it signs agreements and objects.
    #[serde(with = "crate::stored::public_key")]
    pub key: PublicKey,
    /// From when its home node takes what is signed with it; all that has come there, if nothing is said.
    #[serde(default, with = "crate::stored::time_option", skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
}

/// What the members of a circle that lies on several nodes agree on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    #[serde(rename = "type")]
    kind: String,
    /// The circle, on all nodes.
    pub circle: CircleId,
    /// Grows with every change; all sign each anew.
    pub version: u32,
    /// The circle's short name.
    pub handle: String,
    /// Its title, for people.
    pub title: String,
    /// What it is for.
    pub purpose: String,
    /// The strictest mark that travels in it.
    #[serde(with = "crate::stored::tlp")]
    pub ceiling: Tlp,
    /// How far receivers may pass on what they got in it.
    pub onward: Onward,
    /// From when it is in force.
    #[serde(default, with = "crate::stored::time_option", skip_serializing_if = "Option::is_none")]
    pub starts: Option<Timestamp>,
    /// Until when it is in force, exclusive.
    #[serde(default, with = "crate::stored::time_option", skip_serializing_if = "Option::is_none")]
    pub ends: Option<Timestamp>,
    /// Whether objects must be signed by their originators.
    pub signatures: Signatures,
    /// Whether what members share waits for a second of their people, at each of their homes; each node's own to say, if nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub four_eyes: Option<FourEyes>,
    /// Its members.
    pub parties: Vec<Party>,
}

/// Why an agreement does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AgreementError {
    /// Another form.
    #[error("it is no agreement: {0}")]
    Form(String),
    /// Not signed by all.
    #[error("it is not signed by {0} yet: it counts once all its members have signed this version")]
    Unsigned(String),
    /// A signature that does not fit.
    #[error("the signature of {handle} does not hold: {why}")]
    Broken {
        /// Whose.
        handle: String,
        /// Why.
        why: String,
    },
    /// Who signs is no member of it.
    #[error("the key {0} is no member's of this agreement")]
    NoParty(String),
    /// It can't be signed.
    #[error("it can't be signed: {0}")]
    Sign(#[from] SignError),
}

impl Agreement {
    /// A draft of version 1, as an existing circle is, between these.
    #[must_use]
    pub fn of(circle: &Circle, parties: Vec<Party>) -> Self {
        Self {
            kind: AGREEMENT.to_owned(),
            circle: circle.id,
            version: 1,
            handle: circle.handle.clone(),
            title: circle.title.clone(),
            purpose: circle.purpose.clone(),
            ceiling: circle.ceiling,
            onward: circle.onward,
            starts: circle.starts,
            ends: circle.ends,
            signatures: circle.signatures,
            four_eyes: circle.four_eyes,
            parties,
        }
    }

    /// The circle that it makes.
    #[must_use]
    pub fn to_circle(&self) -> Circle {
        Circle {
            title: self.title.clone(),
            purpose: self.purpose.clone(),
            ceiling: self.ceiling,
            onward: self.onward,
            starts: self.starts,
            ends: self.ends,
            signatures: self.signatures,
            four_eyes: self.four_eyes,
            members: self.parties.iter().map(|party| party.member).collect(),
            ..Circle::new(self.circle, self.handle.clone())
        }
    }

    /// A member, if it is in it.
    #[must_use]
    pub fn party(&self, member: MemberId) -> Option<&Party> {
        self.parties.iter().find(|party| party.member == member)
    }

    /// The members whose home is the node with this key.
    pub fn at_home<'a>(&'a self, node: &'a PublicKey) -> impl Iterator<Item = &'a Party> {
        self.parties.iter().filter(move |party| party.home == *node)
    }

    /// What is signed.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    fn check(&self) -> Result<(), AgreementError> {
        let form = |what: &str| Err(AgreementError::Form(what.to_owned()));
        let is_handle = |text: &str| {
            (1..=63).contains(&text.len())
                && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        };
        let distinct = |count: usize| count == self.parties.len();
        match () {
            () if self.kind != AGREEMENT => form("its `type` is not `bongsu-agreement`"),
            () if self.version == 0 => form("versions begin at 1"),
            () if self.parties.is_empty() => form("it names no members"),
            () if self.parties.len() > PARTIES_MAX => form("it names more than 1000 members"),
            () if self.circle.uuid().is_nil() => form("its circle has no id"),
            () if self.four_eyes.is_some_and(|four_eyes| !(1..=365).contains(&four_eyes.days)) => {
                form("what waits for a second person waits 1 to 365 days")
            }
            () if self.parties.iter().any(|party| party.member == MemberId::NODE) => {
                form("a member has no id")
            }
            () if !is_handle(&self.handle) || !self.parties.iter().all(|party| is_handle(&party.handle)) => {
                form("short names are 1 to 63 of a-z, 0-9 and -")
            }
            () if !distinct(self.parties.iter().map(|party| party.member).collect::<BTreeSet<_>>().len()) => {
                form("it names a member twice")
            }
            () if !distinct(
                self.parties.iter().map(|party| party.key.id()).collect::<BTreeSet<_>>().len(),
            ) =>
            {
                form("two members have one key")
            }
            () => Ok(()),
        }
    }
}

/// An agreement with the signatures that it has so far, as partners exchange it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreed {
    /// What is agreed on.
    pub agreement: Agreement,
    /// Detached JWS by member.
    #[serde(default)]
    pub signatures: BTreeMap<MemberId, String>,
}

impl Agreed {
    /// An agreement that nobody has signed yet.
    #[must_use]
    pub const fn draft(agreement: Agreement) -> Self {
        Self { agreement, signatures: BTreeMap::new() }
    }

    /// Reads the form in which partners exchange it. Whether its signatures hold is not looked at.
    ///
    /// # Errors
    /// [`AgreementError::Form`].
    pub fn read(text: &str) -> Result<Self, AgreementError> {
        let form = |what: String| AgreementError::Form(what);
        if text.len() > AGREEMENT_BYTES_MAX {
            return Err(form(format!("it has {} bytes; the limit is {AGREEMENT_BYTES_MAX}", text.len())));
        }
        let agreed: Self = serde_json::from_str(text).map_err(|error| form(error.to_string()))?;
        agreed.agreement.check()?;
        Ok(agreed)
    }

    /// Signs it with the key of one of its members; who that is.
    ///
    /// # Errors
    /// [`AgreementError::NoParty`], [`AgreementError::Sign`].
    pub fn sign(&mut self, key: &SecretKey, at: Timestamp) -> Result<MemberId, AgreementError> {
        let public = key.public();
        let party = self.agreement.parties.iter().find(|party| party.key.id() == public.id());
        let member = party.ok_or_else(|| AgreementError::NoParty(public.id().to_owned()))?.member;
        let signed = signature::sign(&self.agreement.text(), key, at)?;
        let signed: Value = serde_json::from_str(&signed).unwrap_or_default();
        let jws = signed["extensions"][EXTENSION]["jws"].as_str().unwrap_or_default();
        self.signatures.insert(member, jws.to_owned());
        Ok(member)
    }

    /// Takes in the signatures that another copy of the same agreement has.
    ///
    /// # Errors
    /// [`AgreementError::Form`] if it is another agreement.
    pub fn join(&mut self, other: Self) -> Result<(), AgreementError> {
        if self.agreement != other.agreement {
            return Err(AgreementError::Form("the files hold different agreements".to_owned()));
        }
        self.signatures.extend(other.signatures);
        Ok(())
    }

    /// Takes in signatures that somebody brings: those of members that had none here, and that hold; gives these. The text that they
    /// are under is made once for all.
    pub fn take(&mut self, brought: BTreeMap<MemberId, String>) -> BTreeMap<MemberId, String> {
        let is_new = |(member, jws): &(MemberId, String)| {
            !self.signatures.contains_key(member) && jws.len() <= SIGNATURE_BYTES_MAX
        };
        let mut new: BTreeMap<MemberId, String> = brought.into_iter().filter(is_new).collect();
        if new.is_empty() {
            return new;
        }
        let text = Payload::of(&self.agreement.text());
        new.retain(|member, jws| {
            let party = self.agreement.party(*member);
            party.is_some_and(|party| holds(&text, party, jws).is_ok())
        });
        self.signatures.extend(new.iter().map(|(member, jws)| (*member, jws.clone())));
        new
    }

    /// Who has not signed it yet, by short name.
    #[must_use]
    pub fn missing(&self) -> Vec<&str> {
        let unsigned = |party: &&Party| !self.signatures.contains_key(&party.member);
        self.agreement.parties.iter().filter(unsigned).map(|party| party.handle.as_str()).collect()
    }

    /// Whether it counts: whether all its members have signed it, and every signature holds.
    ///
    /// # Errors
    /// [`AgreementError`].
    pub fn verify(&self) -> Result<(), AgreementError> {
        self.agreement.check()?;
        let missing = self.missing();
        if !missing.is_empty() {
            return Err(AgreementError::Unsigned(missing.join(", ")));
        }
        let text = Payload::of(&self.agreement.text());
        for party in &self.agreement.parties {
            let jws = self.signatures.get(&party.member).map_or("", String::as_str);
            holds(&text, party, jws)
                .map_err(|why| AgreementError::Broken { handle: party.handle.clone(), why })?;
        }
        Ok(())
    }
}

/// Whether a signature under an agreement's text is the party's.
///
/// # Errors
/// Why not.
fn holds(text: &Result<Payload, Broken>, party: &Party, jws: &str) -> Result<(), String> {
    let said = |error: Broken| error.to_string();
    let signature = text.as_ref().map_err(ToString::to_string)?.signature(jws).map_err(said)?;
    signature.verify(&party.key).map_err(said)
}
