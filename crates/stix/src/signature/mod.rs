//! Signatures of originators: who says so, provable by everyone who has the object and the originator's key.
//!
//! The signature travels inside the object, in a property extension ([`EXTENSION`]) that other tools pass on unharmed. It is a
//! detached JSON web signature in the compact form, over the RFC 8785 form of the object without that extension: so it holds
//! however a tool orders, spaces or escapes the object, and breaks with any change of what it says. [`sign`] puts it in and leaves
//! each other byte as it is; [`read`] takes it out, and [`Signature::verify`] checks it with the key that it names. Whose key
//! that is, and whether it held, is not known here.
//!
//! ```json
//! "extensions": { "extension-definition--…": { "extension_type": "property-extension", "jws": "HEADER..SIGNATURE" } }
//! ```
//!
//! The protected header says `alg` (`Ed25519`; `EdDSA` is read too), `typ` ([`TYPE`]), `kid` (the key's thumbprint) and `iat` (when
//! it was signed, in seconds since 1970, as the signer says). There is no other algorithm, so nothing can be talked down to a weaker one.
//!
//! Sources: RFC 7515 (sections 3.1, 7.1 and appendix F: detached content), RFC 8785, RFC 8037, RFC 9864, RFC 7638; STIX 2.1, section
//! 7.3. STIX has no signature of its own; JWS over the canonical form with the signature inside is what its authors point to
//! ("JWS/CT", draft-jordan-jws-ct), and the payload here is formed as there.

mod canonical;
mod key;

pub use canonical::INTEGER_MAX;
pub use key::{KEY_BYTES_MAX, KeyError, PublicKey, SecretKey};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::extension;
use crate::head::check_json;
use crate::time::Timestamp;

/// The extension that holds a signature. Its definition and schema are in `docs/signatures/`.
pub const EXTENSION: &str = "extension-definition--beb520cd-41c7-478c-8041-05a831e26b54";
/// The `typ` of the protected header: what is signed with the same key for another purpose is no signature of an object.
pub const TYPE: &str = "stix+jws";
/// Longest compact signature that is read, in bytes.
pub const JWS_BYTES_MAX: usize = 4 * 1024;

/// The last second that a timestamp can name.
const SECONDS_LAST: i64 = 253_402_300_799;

/// Why an object's signature does not hold, whatever the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Broken {
    /// The object is no strict JSON, so that two readers could see two objects.
    #[error("the object is no strict JSON: {0}")]
    Json(String),
    /// A whole number that not all readers hold to the digit.
    #[error("the object holds the number {0}, which is beyond 2^53 and not read alike by all")]
    Number(String),
    /// The extension has another form.
    #[error("the extension is not `extension_type` and `jws` alone: {0}")]
    Form(String),
    /// The compact form is something else.
    #[error("`jws` is no detached signature in the compact form: {0}")]
    Compact(&'static str),
    /// The protected header can't be read.
    #[error("the signature's header can't be read: {0}")]
    Header(String),
    /// Another algorithm.
    #[error("the algorithm `{0}` is not taken: signatures are made with Ed25519")]
    Algorithm(String),
    /// A header that must be understood, and is not.
    #[error("the signature asks for `{0}` to be understood (`crit`), which it is not here")]
    Critical(String),
    /// Signed for another purpose.
    #[error("the signature is of type `{0}`, not of an object (`{TYPE}`)")]
    Type(String),
    /// The signature does not fit the object.
    #[error("the signature does not fit: the object was changed, or another was signed")]
    Mismatch,
}

/// Why an object can't be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// It has a signature already.
    #[error("the object has a signature already; take that out first to sign it anew")]
    Signed,
    /// There is no form of it to sign.
    #[error(transparent)]
    Unfit(Broken),
    /// Its `extensions` are no object.
    #[error("the object's `extensions` are no JSON object, so a signature has no place in it")]
    Extensions,
    /// Another instant than a signature can say.
    #[error("a signature can't say {0}: it counts the seconds since 1970")]
    Time(Timestamp),
}

/// A signature that was read, with what it is over; not yet verified.
#[derive(Debug, Clone)]
pub struct Signature {
    key: String,
    at: Timestamp,
    /// What is signed: header, dot, payload (RFC 7515, section 5.1).
    input: Vec<u8>,
    value: [u8; 64],
}

impl Signature {
    /// The name of the key that it was made with, as it says itself.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// When it was made, as the signer says: a claim, to the second.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// Whether it was made with this key over this object.
    ///
    /// # Errors
    /// [`Broken::Mismatch`].
    pub fn verify(&self, key: &PublicKey) -> Result<(), Broken> {
        match key.id() == self.key && key.fits(&self.input, &self.value) {
            true => Ok(()),
            false => Err(Broken::Mismatch),
        }
    }
}

/// The object signed at `at` (to the second); every other byte is as it was.
///
/// # Errors
/// [`SignError`].
pub fn sign(raw: &str, key: &SecretKey, at: Timestamp) -> Result<String, SignError> {
    let (payload, note) = canonical::parted(raw).map_err(SignError::Unfit)?;
    if note.is_some() {
        return Err(SignError::Signed);
    }
    let seconds = at.seconds();
    if !(0..=SECONDS_LAST).contains(&seconds) {
        return Err(SignError::Time(at));
    }
    let header = json!({"alg": "Ed25519", "iat": seconds, "kid": key.public().id(), "typ": TYPE});
    let header = URL_SAFE_NO_PAD.encode(header.to_string());
    let value = key.sign(&input(&header, &payload));
    let jws = format!("{header}..{}", URL_SAFE_NO_PAD.encode(value));
    let note = json!({"extension_type": "property-extension", "jws": jws});
    extension::with(raw, EXTENSION, &note.to_string()).ok_or(SignError::Extensions)
}

/// The object without its signature, every other byte as it is; `None` if it has none.
#[must_use]
pub fn unsigned(raw: &str) -> Option<String> {
    extension::without(raw, EXTENSION)
}

/// Whether a text can hold a signature: a quick look that is never wrong when it says no.
#[must_use]
pub fn may_hold(raw: &str) -> bool {
    // A key may be written with escapes.
    memchr::memmem::find(raw.as_bytes(), EXTENSION.as_bytes()).is_some()
        || memchr::memmem::find(raw.as_bytes(), br"\u00").is_some()
}

/// Whether an object has something in the place of a signature, be it one or not.
#[must_use]
pub fn is_signed(raw: &str) -> bool {
    may_hold(raw) && unsigned(raw).is_some()
}

/// The signature that an object has; `None` if it has none.
///
/// # Errors
/// [`Broken`]: it has one that fits no object, whatever the key.
pub fn read(raw: &str) -> Result<Option<Signature>, Broken> {
    if !may_hold(raw) {
        return Ok(None);
    }
    match canonical::parted(raw)? {
        (_, None) => Ok(None),
        (payload, Some(note)) => taken(&note, &payload).map(Some),
    }
}

/// What signatures are over, made once for however many are under it.
#[derive(Debug, Clone)]
pub struct Payload(Vec<u8>);

impl Payload {
    /// The RFC 8785 form of an object, without a signature that it has.
    ///
    /// # Errors
    /// [`Broken`]: nothing can be over it.
    pub fn of(raw: &str) -> Result<Self, Broken> {
        canonical::parted(raw).map(|(payload, _)| Self(payload))
    }

    /// The signature that a detached JWS is over this.
    ///
    /// # Errors
    /// [`Broken`]: it is none, whatever the key.
    pub fn signature(&self, jws: &str) -> Result<Signature, Broken> {
        over(jws, &self.0)
    }
}

/// What the extension holds, over this payload.
fn taken(note: &Value, payload: &[u8]) -> Result<Signature, Broken> {
    over(jws_of(note)?, payload)
}

/// A detached JWS over this payload.
fn over(jws: &str, payload: &[u8]) -> Result<Signature, Broken> {
    if jws.len() > JWS_BYTES_MAX {
        return Err(Broken::Compact("it is longer than 4096 bytes"));
    }
    let parts: Vec<&str> = jws.split('.').collect();
    let [header, "", value] = parts[..] else {
        return Err(Broken::Compact("it is not HEADER..SIGNATURE"));
    };
    let value = URL_SAFE_NO_PAD.decode(value).ok().and_then(|value| value.try_into().ok());
    let value = value.ok_or(Broken::Compact("its signature is not 64 bytes in base64url without padding"))?;
    let (key, at) = header_of(header)?;
    Ok(Signature { key, at, input: input(header, payload), value })
}

fn jws_of(note: &Value) -> Result<&str, Broken> {
    let form = |what: &str| Broken::Form(what.chars().take(80).collect());
    let note: &Map<String, Value> = note.as_object().ok_or_else(|| form("it is no object"))?;
    // What the signature does not cover has no place beside it.
    let other = note.keys().find(|name| !["extension_type", "jws"].contains(&name.as_str()));
    if let Some(other) = other {
        return Err(form(&format!("it has `{other}` too")));
    }
    if note.get("extension_type").and_then(Value::as_str) != Some("property-extension") {
        return Err(form("`extension_type` is not `property-extension`"));
    }
    note.get("jws").and_then(Value::as_str).ok_or_else(|| form("`jws` is no text"))
}

/// The key's name and the time that a protected header says.
fn header_of(encoded: &str) -> Result<(String, Timestamp), Broken> {
    #[derive(Deserialize)]
    struct Header {
        alg: String,
        #[serde(default)]
        crit: Option<Value>,
        #[serde(default)]
        typ: String,
        kid: String,
        iat: i64,
    }
    let unread = |what: String| Broken::Header(what);
    let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|error| unread(error.to_string()))?;
    let text = std::str::from_utf8(&bytes).map_err(|error| unread(error.to_string()))?;
    check_json(text).map_err(|finding| unread(finding.message))?;
    let header: Header = serde_json::from_str(text).map_err(|error| unread(error.to_string()))?;
    let cut = |text: &str| text.chars().take(40).collect::<String>();
    if !["Ed25519", "EdDSA"].contains(&header.alg.as_str()) {
        return Err(Broken::Algorithm(cut(&header.alg)));
    }
    if let Some(critical) = &header.crit {
        return Err(Broken::Critical(cut(&critical.to_string())));
    }
    if header.typ != TYPE {
        return Err(Broken::Type(cut(&header.typ)));
    }
    // A thumbprint by SHA-256, so that a name from outside is a line wherever it is shown.
    let is_thumbprint = URL_SAFE_NO_PAD.decode(&header.kid).is_ok_and(|bytes| bytes.len() == 32);
    if !is_thumbprint {
        return Err(unread("`kid` is no thumbprint of a key (RFC 7638)".to_owned()));
    }
    if !(0..=SECONDS_LAST).contains(&header.iat) {
        return Err(unread("`iat` is no time".to_owned()));
    }
    Ok((header.kid, Timestamp::from_micros(header.iat * 1_000_000)))
}

/// What is signed. Source: RFC 7515, section 5.1, step 8.
fn input(header: &str, payload: &[u8]) -> Vec<u8> {
    let mut input = String::with_capacity(header.len() + 1 + payload.len().div_ceil(3) * 4);
    input.push_str(header);
    input.push('.');
    URL_SAFE_NO_PAD.encode_string(payload, &mut input);
    input.into_bytes()
}

#[cfg(test)]
mod tests;
