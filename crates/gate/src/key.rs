//! The node's key: what it signs with, and what it derives its pseudonyms from.

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use stix::signature::SecretKey;
use uuid::Uuid;

/// An ed25519 key with the name under which partners know it.
#[derive(Clone)]
pub struct NodeKey {
    name: String,
    key: SigningKey,
    object_key: SecretKey,
}

impl std::fmt::Debug for NodeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NodeKey({} {})", self.name, self.id())
    }
}

impl NodeKey {
    /// The key of the node `name` that grows from `seed`.
    #[must_use]
    pub fn new(name: &str, seed: &[u8; 32]) -> Self {
        let (key, object_key) = (SigningKey::from_bytes(seed), SecretKey::new(seed));
        Self { name: name.to_owned(), key, object_key }
    }

    /// The node's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public key, as of RFC 8032.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// The same key as one that signs objects. It is safe for both: what is signed in objects and what is signed in notes never have
    /// the same form.
    #[must_use]
    pub const fn object_key(&self) -> &SecretKey {
        &self.object_key
    }

    pub(crate) fn verifying(&self) -> VerifyingKey {
        self.key.verifying_key()
    }

    /// The secret of the offline pack with this id: who holds the pack has it, and the node needs not keep it.
    #[must_use]
    pub fn pack_secret(&self, pack: Uuid) -> [u8; 32] {
        self.derive("offline pack", &[pack.as_bytes()])
    }

    /// The four bytes by which a signed note names the key. Source: C2SP signed-note, "Signatures".
    #[must_use]
    pub fn note_id(&self) -> [u8; 4] {
        crate::note::id_of(&self.name, crate::note::ED25519, &self.public())
    }

    /// The same in hexadecimal.
    #[must_use]
    pub fn id(&self) -> String {
        self.note_id().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Signs.
    #[must_use]
    pub fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.key.sign(bytes).to_bytes()
    }

    /// A value that nobody without the key can compute, for one purpose.
    #[must_use]
    pub fn derive(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let seed = self.key.to_bytes();
        // HMAC takes keys of any length, so this can't fail.
        let Ok(mac) = Hmac::<Sha256>::new_from_slice(&seed) else { return [0; 32] };
        let mac = mac.chain_update(purpose).chain_update([0]);
        parts.iter().fold(mac, |mac, part| mac.chain_update(part)).finalize().into_bytes().into()
    }

    /// The name under which a member that is not to be named stands in one circle: always the same there, and
    /// without relation to its name elsewhere.
    #[must_use]
    pub fn pseudonym(&self, member: Uuid, circle: Uuid) -> Uuid {
        let derived = self.derive("pseudonym", &[member.as_bytes(), circle.as_bytes()]);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&derived[..16]);
        // Version 4, as STIX 2.1 (2.9) wants of an identity's id.
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}
