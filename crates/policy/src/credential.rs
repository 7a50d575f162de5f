//! What a member shows to be let in, as the node keeps it; and the node's settings.

use serde::{Deserialize, Serialize};
use stix::Timestamp;
use uuid::Uuid;

use crate::member::MemberId;
use crate::person::PersonId;
use crate::role::Rights;

/// A credential, without what would let a reader of the store use a token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// Its identity; the part of a token that is no secret.
    pub id: Uuid,
    /// Whose it is; `None` is the node's operator.
    pub member: Option<MemberId>,
    /// When it was made.
    #[serde(with = "crate::stored::time")]
    pub created: Timestamp,
    /// From when it is not taken any more.
    #[serde(default, with = "crate::stored::time_option", skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// Whether it was taken back.
    #[serde(default)]
    pub revoked: bool,
    /// Who made it for itself and answers for it: it does no more than that person may, and ends with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// What may be done with it; `None` is all that its holder may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Rights>,
    /// What it is.
    pub kind: CredentialKind,
}

/// What a credential is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialKind {
    /// A token, kept as a keyed hash.
    Token {
        /// The keyed hash.
        hash: Vec<u8>,
    },
    /// A key for DNS transactions (RFC 8945), which both ends must hold in the clear.
    Tsig {
        /// The key's name.
        name: String,
        /// The algorithm's name, such as `hmac-sha256`.
        algorithm: String,
        /// The secret.
        secret: Vec<u8>,
    },
    /// A certificate for TLS (RFC 8446, section 4.4.2), which the node's listener has verified before it counts.
    Certificate {
        /// SHA-256 of the certificate (DER), 32 bytes.
        sha256: Vec<u8>,
    },
}

/// The algorithm of the TSIG keys that are made here, which every server knows: RFC 8945, section 6.
pub const TSIG_ALGORITHM: &str = "hmac-sha256";

impl Credential {
    /// A TSIG key of a member, in force until it is taken back. Its name begins with the member's handle and ends with the last eight
    /// digits of `id`, which are to be random, so that a second key gets a name of its own.
    #[must_use]
    pub fn tsig(
        id: Uuid,
        member: MemberId,
        handle: &str,
        created: Timestamp,
        secret: &[u8],
    ) -> (String, Self) {
        let name = format!("{handle}-{}", id.simple().to_string().split_off(24));
        let (algorithm, secret) = (TSIG_ALGORITHM.to_owned(), secret.to_vec());
        let kind = CredentialKind::Tsig { name: name.clone(), algorithm, secret };
        let key = Self {
            id,
            member: Some(member),
            created,
            expires: None,
            revoked: false,
            person: None,
            scopes: None,
            kind,
        };
        (name, key)
    }

    /// Whether it is taken at `now`.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        !self.revoked && self.expires.is_none_or(|expires| now < expires)
    }

    /// What may be done with it, as far as it says itself.
    #[must_use]
    pub fn rights(&self) -> Rights {
        let holders = if self.member.is_some() { Rights::MEMBER } else { Rights::ALL };
        self.scopes.unwrap_or(holders)
    }
}

// Secrets stay out of logs: what is printed says what a credential is, not how to use it.
impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match &self.kind {
            CredentialKind::Token { .. } => "token",
            CredentialKind::Tsig { .. } => "tsig",
            CredentialKind::Certificate { .. } => "certificate",
        };
        f.debug_struct("Credential")
            .field("id", &self.id)
            .field("member", &self.member)
            .field("kind", &kind)
            .field("revoked", &self.revoked)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for CredentialKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Token { .. } => "Token",
            Self::Tsig { .. } => "Tsig",
            Self::Certificate { .. } => "Certificate",
        })
    }
}

/// What the name of the setting begins with that says when a credential was used last; its id follows. Settings are read by
/// programs, too, that do not know of last uses.
const USED: &str = "used.";

/// The setting that says that a credential was used last at `micros`, in microseconds since 1970-01-01T00:00:00Z.
#[must_use]
pub fn used(credential: Uuid, micros: i64) -> Setting {
    Setting { name: format!("{USED}{}", credential.simple()), value: Some(micros.to_string()) }
}

/// The credential and the time of such a setting.
pub(crate) fn read_used(setting: &Setting) -> Option<(Uuid, i64)> {
    let id = Uuid::try_parse(setting.name.strip_prefix(USED)?).ok()?;
    Some((id, setting.value.as_ref()?.parse().ok()?))
}

/// One of the node's settings that is kept in its line, such as its name.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// Which.
    pub name: String,
    /// What it is set to; `None` takes it back.
    pub value: Option<String>,
}

// Some hold a secret, such as a webhook's.
impl std::fmt::Debug for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setting").field("name", &self.name).finish_non_exhaustive()
    }
}
