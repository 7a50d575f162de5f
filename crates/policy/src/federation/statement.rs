//! What a member's home node says of one record of that member's.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stix::signature::{self, SecretKey, SignError};
use stix::{ObjectId, Timestamp, extension};

use super::Agreement;
use crate::circle::CircleId;
use crate::member::MemberId;
use crate::terms::Terms;

/// The extension in which a statement travels with its object. Its definition is in `docs/federation.md`.
pub const STATEMENT_EXTENSION: &str = "extension-definition--6f2a7c36-5d0e-4b7e-9d1f-8a4e0c1b7f52";
/// Longest statement that is read, in bytes: terms can name many recipients.
pub const STATEMENT_BYTES_MAX: usize = 512 * 1024;
/// Most versions that one withdrawal names.
pub const VERSIONS_MAX: usize = 1_000;

const STATEMENT: &str = "bongsu-statement";

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
        /// Whether it is a copy, out of which something was taken: the whole takes its place where it comes.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        copy: bool,
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
    /// When it came there under these terms, however often it was announced, in microseconds since 1970-01-01T00:00:00Z: by this
    /// time all nodes judge the key that has signed it.
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
