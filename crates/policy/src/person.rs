//! People: who acts for a member or for the node, in which roles, and how each logs in.
//!
//! A [`Person`] and its [`Account`] are entries of their own in the node's line, so that a change of roles does not write
//! the secrets anew and a new password does not hide who changed a role. No secret lies there in a form that helps its
//! reader: a password as an argon2id hash; recovery codes and invitations under the node's key, which lies outside the
//! store; and of the secret for codes only the random part from which, with that key, the node makes it.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use stix::Timestamp;
use uuid::Uuid;

use crate::member::MemberId;
use crate::role::{Rights, Role};

/// Characters of a user name.
pub const USER_CHARS_MAX: usize = 64;
/// Characters of a person's name.
pub const NAME_CHARS_MAX: usize = 120;
/// Characters of what a provider of log-ins calls a person. Source: OpenID Connect Core 1.0, section 2 (`sub`).
pub const SUBJECT_CHARS_MAX: usize = 255;
/// Passkeys of a person.
pub const PASSKEYS_MAX: usize = 20;

/// A person's identity. Never changes, and is never given to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(Uuid);

impl PersonId {
    /// The person with this UUID.
    #[must_use]
    pub const fn new(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The UUID.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for PersonId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

/// Somebody who acts for a member, or for the node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Its identity.
    pub id: PersonId,
    /// For whom it acts; `None` is the node: its operator's staff.
    pub member: Option<MemberId>,
    /// What it types to log in; unique among people, in any case of letters.
    pub user: String,
    /// Its name.
    pub name: String,
    /// What it does.
    pub roles: BTreeSet<Role>,
    /// Whether it acts no more.
    #[serde(default)]
    pub ended: bool,
}

/// Why something can't be a user name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a user name is 1 to {USER_CHARS_MAX} of a-z, 0-9 and . _ - + @, begins with a letter or digit, and is not `operator`"
)]
pub struct BadUser;

impl Person {
    /// What all its roles together may do; nothing once it has ended.
    #[must_use]
    pub fn rights(&self) -> Rights {
        match self.ended {
            true => Rights::NONE,
            false => self.roles.iter().fold(Rights::NONE, |rights, role| rights.and(role.rights())),
        }
    }

    /// The one spelling of a user name: small letters, without space around it. An e-mail address can be one.
    ///
    /// # Errors
    /// [`BadUser`].
    pub fn user_of(typed: &str) -> Result<String, BadUser> {
        let user = typed.trim().to_ascii_lowercase();
        let fits = (1..=USER_CHARS_MAX).contains(&user.len())
            && user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-+@".contains(&byte))
            && user.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
            && user != "operator";
        if fits { Ok(user) } else { Err(BadUser) }
    }
}

/// How a person logs in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Whose it is.
    pub person: PersonId,
    /// Since when it is so; sessions from before have ended.
    #[serde(with = "crate::stored::time")]
    pub since: Timestamp,
    /// The hash of its password: argon2id in the PHC string format. `None`: no password is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// The random part of the secret for its codes (RFC 6238), if it shows codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codes: Option<Uuid>,
    /// Keyed hashes of the recovery codes that are left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recovery: Vec<Vec<u8>>,
    /// A link that is out, by which a new password can be set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<Invitation>,
    /// Whom a provider of log-ins must name, if the person may log in there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<Bound>,
    /// Its passkeys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passkeys: Vec<Passkey>,
}

/// Whom a provider of log-ins (OpenID Connect) names when this person logs in there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// The provider, as it names itself.
    pub issuer: String,
    /// What it says in the claim that names people; 1 to [`SUBJECT_CHARS_MAX`] characters.
    pub subject: String,
}

/// A key with which a person logs in (WebAuthn).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    /// What the authenticator calls it, in base64url; unique on the node.
    pub id: String,
    /// How it signs.
    pub kind: PasskeyKind,
    /// The public key, in base64url: the uncompressed point, or the 32 bytes of Ed25519.
    pub key: String,
    /// What its person calls it.
    pub name: String,
    /// Since when it is there.
    #[serde(with = "crate::stored::time")]
    pub added: Timestamp,
    /// How many signatures the authenticator said it had made; 0 from those that do not count.
    #[serde(default)]
    pub count: u32,
}

/// How a passkey signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PasskeyKind {
    /// ECDSA over P-256 with SHA-256.
    Es256,
    /// Ed25519.
    Ed25519,
}

/// A link by which a person sets its password, once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// The keyed hash of what stands in it.
    pub hash: Vec<u8>,
    /// From when it is not taken any more.
    #[serde(with = "crate::stored::time")]
    pub expires: Timestamp,
}

impl Account {
    /// An account by which nobody can log in yet.
    #[must_use]
    pub const fn new(person: PersonId, since: Timestamp) -> Self {
        Self {
            person,
            since,
            password: None,
            codes: None,
            recovery: Vec::new(),
            invitation: None,
            bound: None,
            passkeys: Vec::new(),
        }
    }

    /// Whether a password alone lets nobody in.
    #[must_use]
    pub fn has_second(&self) -> bool {
        self.codes.is_some() || !self.passkeys.is_empty()
    }
}

// Hashes are no secrets, but they have no place in a log.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("person", &self.person)
            .field("password", &self.password.is_some())
            .field("codes", &self.codes.is_some())
            .field("recovery", &self.recovery.len())
            .field("bound", &self.bound.is_some())
            .field("passkeys", &self.passkeys.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Passkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passkey")
            .field("name", &self.name)
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invitation").field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// Who does something: a member (or the node), and the person who acts for it, if one logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct By {
    /// For whom.
    pub member: MemberId,
    /// Who.
    pub person: Option<PersonId>,
}

impl From<MemberId> for By {
    fn from(member: MemberId) -> Self {
        Self { member, person: None }
    }
}

#[cfg(test)]
mod tests {
    use super::{Person, PersonId};
    use crate::role::{Right, Rights, Role};
    use uuid::Uuid;

    #[test]
    fn a_user_name_has_one_spelling() {
        assert_eq!(Person::user_of(" Kim.Lee@CERT.example "), Ok("kim.lee@cert.example".to_owned()));
        for bad in ["", " ", "Operator", "é", "a b", "a/b", "-a", "@a", &"x".repeat(65)] {
            assert!(Person::user_of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn roles_add_up_and_end_with_the_person() {
        let roles = [Role::Reader, Role::Auditor].into();
        let id = PersonId::new(Uuid::from_u128(1));
        let mut person =
            Person { id, member: None, user: "kim".into(), name: "Kim".into(), roles, ended: false };
        assert_eq!(person.rights(), Rights::of(&[Right::Read, Right::Audit]));
        person.ended = true;
        assert_eq!(person.rights(), Rights::NONE);
    }
}
