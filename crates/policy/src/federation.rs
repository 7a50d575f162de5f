//! Federation: other nodes, the agreement under which a circle lies on several of them, and what a node says of a record.
//!
//! A **peer** is another node. A circle that lies on several nodes has an [`Agreement`], which names each member, its home node
//! and its key; it counts once every member has signed it, and what a node adds to its book is a whole [`Agreed`] alone. A
//! [`Statement`] is what a member's home node signs about one record of that member's: who brought it, under which terms, and the
//! hash of its bytes. Nodes in the middle pass statements on as they are, so that nobody but the home can speak for a member.
//!
//! All signatures are those of [`stix::signature`]: a detached JWS over the RFC 8785 form of the JSON.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stix::signature::{self, EXTENSION, PublicKey, SecretKey, SignError};
use stix::{ObjectId, Timestamp, Tlp, extension};

use crate::circle::{Circle, CircleId, Onward, Signatures};
use crate::member::MemberId;
use crate::terms::Terms;

/// The extension in which a statement travels with its object. Its definition is in `docs/federation.md`.
pub const STATEMENT_EXTENSION: &str = "extension-definition--6f2a7c36-5d0e-4b7e-9d1f-8a4e0c1b7f52";
/// Longest agreement that is read, in bytes, with its signatures.
pub const AGREEMENT_BYTES_MAX: usize = 4 << 20;
/// Most members of a circle that lies on several nodes.
pub const PARTIES_MAX: usize = 1_000;
/// Longest statement that is read, in bytes: terms can name many recipients.
pub const STATEMENT_BYTES_MAX: usize = 512 * 1024;
/// Most versions that one withdrawal names.
pub const VERSIONS_MAX: usize = 1_000;

const AGREEMENT: &str = "bongsu-agreement";
const STATEMENT: &str = "bongsu-statement";

/// Another node, as this one knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// Its short name, `[a-z0-9-]{1,63}`, unique among peers.
    pub name: String,
    /// Where it is reached; empty if it can't be, and brings what it has itself.
    pub url: String,
    /// The key that it signs with.
    #[serde(with = "crate::stored::public_key")]
    pub key: PublicKey,
    /// SHA-256 of the certificate (DER) that it shows as a client, 32 bytes.
    pub certificate: Vec<u8>,
    /// The authorities that are trusted for its own certificate, PEM; the system's if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorities: Option<String>,
    /// Whether it is brought what is new, because it can't reach this node.
    #[serde(default)]
    pub push: bool,
    /// Whether nothing goes to it and comes from it any more.
    #[serde(default)]
    pub ended: bool,
}

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

    fn text(&self) -> String {
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
        let text = self.agreement.text();
        for party in &self.agreement.parties {
            let broken = |why: String| AgreementError::Broken { handle: party.handle.clone(), why };
            let jws = self.signatures.get(&party.member).map_or("", String::as_str);
            let note = json!({"extension_type": "property-extension", "jws": jws}).to_string();
            let signed = extension::with(&text, EXTENSION, &note).unwrap_or_default();
            let read = signature::read(&signed).map_err(|error| broken(error.to_string()))?;
            let read = read.ok_or_else(|| broken("there is none".to_owned()))?;
            read.verify(&party.key).map_err(|error| broken(error.to_string()))?;
        }
        Ok(())
    }
}

/// What a statement says happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Deed {
    /// The member brought an object.
    Object {
        /// SHA-256 of its bytes, in hexadecimal.
        sha256: String,
        /// Its version; none if it has no version of its own.
        #[serde(default, with = "crate::stored::time_option", skip_serializing_if = "Option::is_none")]
        version: Option<Timestamp>,
        /// The terms.
        terms: Terms,
    },
    /// The member withdrew versions of an object.
    Withdrawal {
        /// Which, as STIX timestamps; none if it has no versions.
        versions: Vec<String>,
        /// What those who had it are told.
        reason: String,
    },
}

/// What a member's home node says of one record of that member's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    #[serde(rename = "type")]
    kind: String,
    /// In which circle.
    pub circle: CircleId,
    /// Who brought it.
    pub member: MemberId,
    /// The object.
    #[serde(with = "crate::stored::id")]
    pub id: ObjectId,
    /// Its number in the home's line: what has a higher one came later.
    pub seq: u64,
    /// Its time there, in microseconds since 1970-01-01T00:00:00Z.
    pub added: i64,
    /// What happened.
    pub deed: Deed,
}

/// Why a statement does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatementError {
    /// Another form.
    #[error("it carries no statement of a home node that can be read: {0}")]
    Form(String),
    /// Another circle.
    #[error("its statement is about another circle")]
    OtherCircle,
    /// The member is not in the agreement.
    #[error("its member {0} is not in the circle's agreement")]
    NoParty(MemberId),
    /// It is not signed by the member's home.
    #[error("its statement is not signed by the home node of member {0}")]
    NotHome(MemberId),
    /// The bytes are others.
    #[error("its bytes are not those that its home node signed for")]
    Hash,
}

impl Statement {
    /// What the home node says.
    #[must_use]
    pub fn new(
        circle: CircleId,
        member: MemberId,
        id: ObjectId,
        (seq, added): (u64, i64),
        deed: Deed,
    ) -> Self {
        Self { kind: STATEMENT.to_owned(), circle, member, id, seq, added, deed }
    }

    /// The same, signed by the home node.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn sign(&self, key: &SecretKey, at: Timestamp) -> Result<String, SignError> {
        signature::sign(&serde_json::to_string(self).unwrap_or_default(), key, at)
    }

    /// Reads what it says. Who signed it is not looked at: for what was verified when it came.
    ///
    /// # Errors
    /// [`StatementError::Form`].
    pub fn read(text: &str) -> Result<Self, StatementError> {
        let form = |what: String| StatementError::Form(what);
        if text.len() > STATEMENT_BYTES_MAX {
            return Err(form(format!("it has {} bytes; the limit is {STATEMENT_BYTES_MAX}", text.len())));
        }
        let unsigned = signature::unsigned(text).ok_or_else(|| form("it is not signed".to_owned()))?;
        let statement: Self = serde_json::from_str(&unsigned).map_err(|error| form(error.to_string()))?;
        if statement.kind != STATEMENT {
            return Err(form("its `type` is not `bongsu-statement`".to_owned()));
        }
        if let Deed::Withdrawal { versions, .. } = &statement.deed
            && versions.len() > VERSIONS_MAX
        {
            return Err(form(format!("it names more than {VERSIONS_MAX} versions")));
        }
        Ok(statement)
    }

    /// Reads what the home of one of the agreement's members says in its circle.
    ///
    /// # Errors
    /// [`StatementError`].
    pub fn verified(text: &str, agreement: &Agreement) -> Result<Self, StatementError> {
        let statement = Self::read(text)?;
        if statement.circle != agreement.circle {
            return Err(StatementError::OtherCircle);
        }
        let member = statement.member;
        let party = agreement.party(member).ok_or(StatementError::NoParty(member))?;
        let signature = signature::read(text).map_err(|error| StatementError::Form(error.to_string()))?;
        let signature = signature.ok_or(StatementError::NotHome(member))?;
        signature.verify(&party.home).map_err(|_| StatementError::NotHome(member))?;
        Ok(statement)
    }

    /// Puts a signed statement into an object's text; no other byte of it changes. `None` if it has one already, or no place.
    #[must_use]
    pub fn put_in(signed: &str, object: &str) -> Option<String> {
        if extension::without(object, STATEMENT_EXTENSION).is_some() {
            return None;
        }
        let note = json!({"extension_type": "property-extension", "statement": signed});
        extension::with(object, STATEMENT_EXTENSION, &note.to_string())
    }

    /// The signed statement of an object's text, and the text without it.
    ///
    /// # Errors
    /// [`StatementError::Form`].
    pub fn taken_out(text: &str) -> Result<(String, String), StatementError> {
        let form = |what: &str| StatementError::Form(what.to_owned());
        let object = extension::without(text, STATEMENT_EXTENSION).ok_or_else(|| form("there is none"))?;
        #[derive(Deserialize)]
        struct Note {
            statement: String,
        }
        let value: Value = serde_json::from_str(text).map_err(|error| form(&error.to_string()))?;
        let note = &value["extensions"][STATEMENT_EXTENSION];
        let note = Note::deserialize(note).map_err(|error| form(&error.to_string()))?;
        Ok((note.statement, object))
    }
}
