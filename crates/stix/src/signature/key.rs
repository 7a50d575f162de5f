//! Keys for signatures: Ed25519 as JSON web keys.
//!
//! A key is named by its thumbprint (RFC 7638), so that nobody gives names out and one key has one name everywhere. Read are JSON
//! web keys (RFC 7517 with RFC 8037: `OKP`, `Ed25519`) and the bare 32 bytes of the public key in base64, with either alphabet.
//! A key of small order, under which a signature fits more than one message, is none.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::head::check_json;

/// Longest text of a key, in bytes.
pub const KEY_BYTES_MAX: usize = 16 * 1024;

/// Why a text is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Neither a JSON web key nor 32 bytes in base64.
    #[error("it is neither a JSON web key nor 32 bytes in base64: {0}")]
    Form(String),
    /// Another kind of key.
    #[error("it is a key of kind `{0}`; signatures here are made with Ed25519 (`kty` OKP, `crv` Ed25519)")]
    Kind(String),
    /// A secret key where a public one is wanted.
    #[error(
        "it holds the secret part `d` of the key, which nobody but its owner should have: give the public key alone"
    )]
    Secret,
    /// A public key where a secret one is wanted.
    #[error("it has no `d`: it is a public key, and only a secret one signs")]
    Public,
    /// No point of the curve, or one of small order.
    #[error("its 32 bytes are no safe Ed25519 key")]
    Unsafe,
    /// `x` is not what follows from `d`.
    #[error("its `x` is not the public key of its `d`")]
    Parts,
}

/// A public key, and its name.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    key: VerifyingKey,
    id: String,
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id)
    }
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(default)]
    crv: String,
    #[serde(default)]
    x: String,
    d: Option<String>,
}

fn read_jwk(text: &str) -> Result<Jwk, KeyError> {
    if text.len() > KEY_BYTES_MAX {
        let what = format!("the text has {} bytes; the limit is {KEY_BYTES_MAX}", text.len());
        return Err(KeyError::Form(what));
    }
    check_json(text).map_err(|finding| KeyError::Form(finding.to_string()))?;
    let key: Jwk = serde_json::from_str(text).map_err(|error| KeyError::Form(error.to_string()))?;
    match (key.kty.as_str(), key.crv.as_str()) {
        ("OKP", "Ed25519") => Ok(key),
        ("OKP", curve) => Err(KeyError::Kind(curve.chars().take(40).collect())),
        (kind, _) => Err(KeyError::Kind(kind.chars().take(40).collect())),
    }
}

fn bytes_of(name: &str, text: &str) -> Result<[u8; 32], KeyError> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| KeyError::Form(format!("`{name}` is not 32 bytes in base64url without padding")))
}

impl PublicKey {
    /// The key with these 32 bytes (RFC 8032).
    ///
    /// # Errors
    /// [`KeyError::Unsafe`].
    pub fn new(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::Unsafe)?;
        if key.is_weak() { Err(KeyError::Unsafe) } else { Ok(Self::of(key)) }
    }

    fn of(key: VerifyingKey) -> Self {
        // RFC 7638, section 3: the required members in the order of their names.
        let x = URL_SAFE_NO_PAD.encode(key.as_bytes());
        let named = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
        Self { key, id: URL_SAFE_NO_PAD.encode(Sha256::digest(named)) }
    }

    /// Reads a JSON web key, or 32 bytes in base64.
    ///
    /// # Errors
    /// [`KeyError`]; a secret key is refused, so that it does not lie about where it has no business.
    pub fn read(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        if text.starts_with('{') {
            let key = read_jwk(text)?;
            return match key.d {
                Some(_) => Err(KeyError::Secret),
                None => Self::new(&bytes_of("x", &key.x)?),
            };
        }
        let bare = URL_SAFE_NO_PAD.decode(text).or_else(|_| STANDARD.decode(text)).ok();
        let bytes = bare.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        Self::new(&bytes.ok_or_else(|| KeyError::Form("the text is something else".to_owned()))?)
    }

    /// Its name: the thumbprint by SHA-256, in base64url (RFC 7638).
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its 32 bytes.
    #[must_use]
    pub fn bytes(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// Its 32 bytes in base64url without padding, as [`PublicKey::read`] takes them.
    #[must_use]
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes())
    }

    /// As a JSON web key (RFC 7517, RFC 8037), with its name and what it is for.
    #[must_use]
    pub fn jwk(&self) -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "x": self.text(), "kid": self.id, "use": "sig", "alg": "Ed25519"})
    }

    /// Whether the signature fits the bytes; strict, so that it fits no others.
    pub(super) fn fits(&self, bytes: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verify_strict(bytes, &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
    }
}

/// A secret key. Zeroed when it goes.
#[derive(Clone)]
pub struct SecretKey {
    key: SigningKey,
    public: PublicKey,
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({})", self.public.id)
    }
}

impl SecretKey {
    /// The key that grows from a seed of 32 random bytes (RFC 8032, section 5.1.5).
    #[must_use]
    pub fn new(seed: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(seed);
        let public = PublicKey::of(key.verifying_key());
        Self { key, public }
    }

    /// Reads a JSON web key with its secret part.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn read(text: &str) -> Result<Self, KeyError> {
        let jwk = read_jwk(text.trim())?;
        let key = Self::new(&bytes_of("d", jwk.d.as_deref().ok_or(KeyError::Public)?)?);
        match bytes_of("x", &jwk.x)? == key.public.bytes() {
            true => Ok(key),
            false => Err(KeyError::Parts),
        }
    }

    /// The public key.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// As a JSON web key, secret part and all.
    #[must_use]
    pub fn jwk(&self) -> Value {
        let mut jwk = self.public.jwk();
        jwk["d"] = URL_SAFE_NO_PAD.encode(self.key.to_bytes()).into();
        jwk
    }

    pub(super) fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.key.sign(bytes).to_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037, appendix A: the key of RFC 8032, section 7.1, and its thumbprint.
    const SECRET: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    const THUMBPRINT: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";

    #[test]
    fn a_key_has_the_thumbprint_of_the_rfc() {
        let secret = SecretKey::read(SECRET).unwrap();
        assert_eq!(secret.public().id(), THUMBPRINT);
        assert_eq!(SecretKey::read(&secret.jwk().to_string()).unwrap().public().id(), THUMBPRINT);
        for text in [
            secret.public().jwk().to_string(),
            URL_SAFE_NO_PAD.encode(secret.public().bytes()),
            format!("{}\n", STANDARD.encode(secret.public().bytes())),
        ] {
            assert_eq!(PublicKey::read(&text).unwrap().id(), THUMBPRINT, "{text}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused_with_its_reason() {
        let public = |text: &str| PublicKey::read(text).unwrap_err();
        assert_eq!(public(SECRET), KeyError::Secret);
        assert!(matches!(public(""), KeyError::Form(_)));
        assert!(matches!(public("AAAA"), KeyError::Form(_)));
        assert!(matches!(public("{}"), KeyError::Form(_)));
        assert!(matches!(public(&format!("{{{}", " ".repeat(KEY_BYTES_MAX))), KeyError::Form(_)));
        assert_eq!(public(r#"{"kty":"RSA","n":"x"}"#), KeyError::Kind("RSA".into()));
        assert_eq!(public(r#"{"kty":"OKP","crv":"X25519","x":""}"#), KeyError::Kind("X25519".into()));
        let twice = r#"{"kty":"OKP","crv":"Ed25519","x":"a","x":"b"}"#;
        assert!(matches!(public(twice), KeyError::Form(_)));
        // The neutral point: each signature with it fits every message.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        assert_eq!(PublicKey::new(&neutral), Err(KeyError::Unsafe));
        let open = SecretKey::new(&[7; 32]).public().jwk().to_string();
        assert_eq!(SecretKey::read(&open).unwrap_err(), KeyError::Public);
        let mixed = SECRET.replace("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", &"A".repeat(43));
        assert_eq!(SecretKey::read(&mixed).unwrap_err(), KeyError::Parts);
        assert_eq!(
            format!("{:?}", SecretKey::new(&[7; 32])).len(),
            "SecretKey()".len() + 43,
            "no secret shows"
        );
    }
}
