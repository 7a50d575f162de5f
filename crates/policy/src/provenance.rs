//! Provenance: whose signature an object carries, and whether the key held when it arrived.
//!
//! A member's keys are entries of the node's line: public, with the time from which they hold, the time at which they end, and, if one
//! was taken back, since when and why. What is asked of a key is whether it held when the object *arrived* here, not when it says
//! that it was signed: whoever has stolen a key can write any time into a signature, but can't have brought the object before. So an
//! object that arrived under a key stays signed after the key has ended, and a revocation that names an earlier time reaches
//! what arrived since then. Nothing of this is stored with the object; it follows from its bytes, its time of arrival and the book.

use std::fmt;

use serde::{Deserialize, Serialize};
use stix::Timestamp;
use stix::signature::{self, Broken, PublicKey};

use crate::book::Book;
use crate::member::MemberId;

/// Most keys of one member, those that have ended too.
pub const KEYS_MAX: usize = 1_000;
/// Longest reason of a revocation, in characters.
pub const REASON_CHARS_MAX: usize = 500;

/// A member's public key for signatures, as it is from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningKey {
    /// The key; its thumbprint is its name.
    #[serde(rename = "x", with = "crate::stored::public_key")]
    pub key: PublicKey,
    /// Whose it is.
    pub member: MemberId,
    /// From when it holds.
    #[serde(with = "crate::stored::time")]
    pub from: Timestamp,
    /// Until when it holds, exclusive.
    #[serde(default, with = "crate::stored::time_option", skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// Since when and why it was taken back, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Revocation>,
}

/// Since when and why a key was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// Since when it does not hold.
    #[serde(with = "crate::stored::time")]
    pub since: Timestamp,
    /// Why, for all who know the key.
    pub reason: String,
}

/// Why a key did not hold at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lapse {
    /// It holds only from then on.
    NotYet(Timestamp),
    /// It had ended.
    Expired(Timestamp),
    /// It was taken back.
    Revoked(Revocation),
}

impl SigningKey {
    /// Whether it holds at a time.
    ///
    /// # Errors
    /// Why it does not.
    pub fn holds(&self, at: Timestamp) -> Result<(), Lapse> {
        match (&self.revoked, self.expires) {
            (Some(revoked), _) if revoked.since <= at => Err(Lapse::Revoked(revoked.clone())),
            (_, Some(expires)) if expires <= at => Err(Lapse::Expired(expires)),
            _ if at < self.from => Err(Lapse::NotYet(self.from)),
            _ => Ok(()),
        }
    }
}

/// Whose signature an object carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provenance {
    /// None.
    NotSigned,
    /// It fits, and the key held when the object arrived.
    Signed(Signer),
    /// It fits, but the key did not hold when the object arrived.
    Lapsed(Signer, Lapse),
    /// It was made with a key that is not known here, so that nothing can be said.
    KeyUnknown {
        /// The key's name.
        key: String,
    },
    /// It is said to be made with this key, and does not fit.
    Misfit(Signer),
    /// It fits nothing, whatever the key.
    Broken(Broken),
    /// It is a redacted copy, which the node has signed and which commits to the original.
    Copied,
}

/// Who signed, with which key, and when, as the signer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// Who; `None` for a member of the circle that is not to be named.
    pub member: Option<MemberId>,
    /// The key's name.
    pub key: String,
    /// When it was signed, as the signer says.
    pub at: Timestamp,
}

/// What a provenance comes to, for counts and filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignatureState {
    /// Signed, with a key that held.
    Signed,
    /// Not signed.
    NotSigned,
    /// Signed, with a key that was taken back before.
    KeyRevoked,
    /// Signed, with a key that had ended.
    KeyExpired,
    /// Signed, with a key that holds only from later on.
    KeyNotYet,
    /// Signed, with a key that is not known.
    KeyUnknown,
    /// The signature does not fit.
    Broken,
    /// A redacted copy, signed by the node.
    Copied,
}

impl SignatureState {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Signed,
        Self::NotSigned,
        Self::KeyRevoked,
        Self::KeyExpired,
        Self::KeyNotYet,
        Self::KeyUnknown,
        Self::Broken,
        Self::Copied,
    ];

    /// Its name, the same on every surface.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signed => "signed",
            Self::NotSigned => "not-signed",
            Self::KeyRevoked => "key-revoked",
            Self::KeyExpired => "key-expired",
            Self::KeyNotYet => "key-not-yet",
            Self::KeyUnknown => "key-unknown",
            Self::Broken => "broken",
            Self::Copied => "copied",
        }
    }
}

impl fmt::Display for SignatureState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Provenance {
    /// What it comes to.
    #[must_use]
    pub const fn state(&self) -> SignatureState {
        match self {
            Self::NotSigned => SignatureState::NotSigned,
            Self::Signed(_) => SignatureState::Signed,
            Self::Lapsed(_, Lapse::NotYet(_)) => SignatureState::KeyNotYet,
            Self::Lapsed(_, Lapse::Expired(_)) => SignatureState::KeyExpired,
            Self::Lapsed(_, Lapse::Revoked(_)) => SignatureState::KeyRevoked,
            Self::KeyUnknown { .. } => SignatureState::KeyUnknown,
            Self::Misfit(_) | Self::Broken(_) => SignatureState::Broken,
            Self::Copied => SignatureState::Copied,
        }
    }

    /// Whether it proves that `member` says so.
    #[must_use]
    pub fn proves(&self, member: MemberId) -> bool {
        matches!(self, Self::Signed(signer) if signer.member == Some(member))
    }

    /// Whose key it is or is said to be, if the key is known here.
    #[must_use]
    pub const fn signer(&self) -> Option<&Signer> {
        match self {
            Self::Signed(signer) | Self::Lapsed(signer, _) | Self::Misfit(signer) => Some(signer),
            _ => None,
        }
    }

    /// The same for one who may know of the signer, or of a member that it is not named as, or of neither: for that one, the key
    /// is not known.
    #[must_use]
    pub fn known_as(self, as_what: impl FnOnce(MemberId) -> Known) -> Self {
        let Some(member) = self.signer().and_then(|signer| signer.member) else { return self };
        let unnamed = |signer: Signer| Signer { member: None, ..signer };
        match (as_what(member), self) {
            (Known::ByName, known) => known,
            (Known::AsMember, Self::Signed(signer)) => Self::Signed(unnamed(signer)),
            (Known::AsMember, Self::Lapsed(signer, lapse)) => Self::Lapsed(unnamed(signer), lapse),
            (Known::AsMember, Self::Misfit(signer)) => Self::Misfit(unnamed(signer)),
            // That it does not fit would tell that the key is known.
            (Known::Not, Self::Signed(signer) | Self::Lapsed(signer, _) | Self::Misfit(signer)) => {
                Self::KeyUnknown { key: signer.key }
            }
            (_, other) => other,
        }
    }

    /// The provenance as a sentence without its full stop. `name` gives a member's name; one that is not to be named is "a member".
    #[must_use]
    pub fn sentence(&self, name: impl Fn(MemberId) -> String) -> String {
        let by = |signer: &Signer| {
            let who = signer.member.map_or_else(|| "a member".to_owned(), &name);
            // A signature counts whole seconds.
            let at = signer.at.to_string();
            format!("{who}, key {}, at {}Z by its own word", signer.key, at.get(..19).unwrap_or(&at))
        };
        match self {
            Self::NotSigned => "not signed".to_owned(),
            Self::Signed(signer) => format!("signed by {}", by(signer)),
            Self::Lapsed(signer, lapse) => {
                let why = match lapse {
                    Lapse::NotYet(from) => format!("the key holds only from {from}"),
                    Lapse::Expired(at) => format!("the key had ended at {at}"),
                    Lapse::Revoked(revoked) => {
                        format!("the key was revoked as of {}: {}", revoked.since, revoked.reason)
                    }
                };
                format!("not proven: signed by {}, but when it arrived {why}", by(signer))
            }
            Self::KeyUnknown { key } => {
                format!("not proven: signed with the key {key}, which is not known here")
            }
            Self::Misfit(_) => format!("broken: {}", Broken::Mismatch),
            Self::Broken(broken) => format!("broken: {broken}"),
            Self::Copied => "a redacted copy, signed by the node, which commits to the original".to_owned(),
        }
    }
}

/// As what somebody may know a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// By its name.
    ByName,
    /// As a member that is not named.
    AsMember,
    /// Not at all.
    Not,
}

impl Book {
    /// Whose signature an object carries that arrived at a time; `node` is the node's own key, which signs for its operators.
    ///
    /// About 60 microseconds for an object with a signature, next to nothing for one without.
    #[must_use]
    pub fn provenance(&self, raw: &str, arrived: Timestamp, node: &PublicKey) -> Provenance {
        let signature = match signature::read(raw) {
            Ok(Some(signature)) => signature,
            Ok(None) => return Provenance::NotSigned,
            Err(broken) => return Provenance::Broken(broken),
        };
        let key = signature.key().to_owned();
        let known = self.signing_key(&key);
        let (public, member) = match known {
            Some(known) => (&known.key, known.member),
            None if node.id() == key => (node, MemberId::NODE),
            None => return Provenance::KeyUnknown { key },
        };
        let signer = Signer { member: Some(member), key, at: signature.at() };
        if signature.verify(public).is_err() {
            return Provenance::Misfit(signer);
        }
        match known.map_or(Ok(()), |known| known.holds(arrived)) {
            Ok(()) => Provenance::Signed(signer),
            Err(lapse) => Provenance::Lapsed(signer, lapse),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::Entry;
    use stix::signature::{SecretKey, sign};
    use uuid::Uuid;

    const A: MemberId = MemberId::new(Uuid::from_u128(1));
    const B: MemberId = MemberId::new(Uuid::from_u128(2));

    const fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn key(member: MemberId, seed: u8) -> SigningKey {
        let key = SecretKey::new(&[seed; 32]).public().clone();
        SigningKey { key, member, from: at(100), expires: None, revoked: None }
    }

    fn signed(seed: u8, signed_at: i64) -> String {
        sign(r#"{"type":"tool","name":"t"}"#, &SecretKey::new(&[seed; 32]), at(signed_at)).unwrap()
    }

    fn state(book: &Book, raw: &str, arrived: i64) -> SignatureState {
        book.provenance(raw, at(arrived), SecretKey::new(&[9; 32]).public()).state()
    }

    fn book(keys: &[SigningKey]) -> Book {
        let mut book = Book::default();
        for key in keys {
            let text = Entry::SigningKey(key.clone()).to_json();
            assert_eq!(Entry::from_json(&text).unwrap(), Entry::SigningKey(key.clone()));
            book.apply(Entry::from_json(&text).unwrap());
        }
        book
    }

    #[test]
    fn arrival_and_not_the_claimed_time_decides_whether_a_key_held() {
        use SignatureState::{KeyExpired, KeyNotYet, KeyRevoked, Signed};
        let ends = SigningKey { expires: Some(at(200)), ..key(A, 1) };
        let check = |keys: &[SigningKey], claimed, arrived, expected| {
            assert_eq!(state(&book(keys), &signed(1, claimed), arrived), expected, "{claimed} {arrived}");
        };
        let held = [ends.clone()];
        check(&held, 150, 99, KeyNotYet);
        check(&held, 50, 100, Signed);
        check(&held, 150, 199, Signed);
        check(&held, 150, 200, KeyExpired);
        let revocation = Revocation { since: at(160), reason: "lost".into() };
        let revoked = SigningKey { revoked: Some(revocation), ..ends.clone() };
        let taken_back = [ends, revoked];
        check(&taken_back, 150, 159, Signed);
        check(&taken_back, 150, 160, KeyRevoked);
        check(&taken_back, 150, 500, KeyRevoked);
    }

    #[test]
    fn what_is_not_proven_says_why() {
        let book = book(&[key(A, 1), key(B, 2)]);
        let of = |raw: &str| book.provenance(raw, at(150), SecretKey::new(&[9; 32]).public());
        assert!(of(&signed(1, 1)).proves(A) && !of(&signed(2, 1)).proves(A) && of(&signed(2, 1)).proves(B));
        assert!(of(&signed(9, 1)).proves(MemberId::NODE), "the node's own key");
        assert_eq!(of(&signed(3, 1)).state(), SignatureState::KeyUnknown);
        assert_eq!(of(&signed(1, 1).replace("\"t\"", "\"u\"")).state(), SignatureState::Broken);
        assert_eq!(of(r#"{"type":"tool"}"#), Provenance::NotSigned);
        let name = |_| "Alpha".to_owned();
        assert!(of(&signed(1, 1)).sentence(name).starts_with("signed by Alpha, key "));
        let hidden = of(&signed(1, 1)).known_as(|_| Known::AsMember);
        assert!(hidden.sentence(name).starts_with("signed by a member, key ") && !hidden.proves(A));
        let bent = signed(1, 1).replace("\"t\"", "\"u\"");
        for raw in [signed(1, 1), bent] {
            assert_eq!(of(&raw).known_as(|_| Known::Not).state(), SignatureState::KeyUnknown);
        }
        assert_eq!(of(&signed(1, 1)).known_as(|_| Known::ByName), of(&signed(1, 1)));
    }
}
