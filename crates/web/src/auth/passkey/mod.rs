//! Passkeys: keys of people, in their devices, that sign for this node's address alone. Source: W3C Web Authentication, Level 3.
//!
//! Taken are keys for ES256 and Ed25519. Who made a device is not asked (attestation `none`), so that any will do and nobody's is
//! recognised. `registered` reads a new key (section 7.1), `Shown` is what a device signed and says whether it holds (7.2).
//! A challenge counts once, for five minutes, and for the browser to which it was shown.

mod cbor;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Uri;
use line::Beside;
use parking_lot::Mutex;
use policy::{Passkey, PasskeyKind};
use ring::signature::{ECDSA_P256_SHA256_ASN1, ED25519, UnparsedPublicKey};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::shared::{Now, Spent, hex};
use super::token::TokenKey;
use cbor::Value;

/// Bytes of what a browser says of a ceremony.
const CLIENT_BYTES_MAX: usize = 4 << 10;
/// Bytes of what a device says.
const DATA_BYTES_MAX: usize = 8 << 10;
/// Bytes of a key's name. Source: section 4 (credential ID).
const ID_BYTES_MAX: usize = 1_023;
/// How long a challenge is good.
const CHALLENGE: Duration = Duration::from_secs(300);
/// Challenges that are out; one more, and the oldest is forgotten.
const CHALLENGES_MAX: usize = 50_000;

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const KEY_INCLUDED: u8 = 0x40;
const EXTENDED: u8 = 0x80;

/// For whom keys sign: the address under which browsers reach this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relying {
    /// The host's name, to which keys are bound.
    pub(crate) id: String,
    origin: String,
}

impl Relying {
    /// Of the node's public address; `None` where browsers offer no passkeys: without TLS but for `localhost`, or without a name.
    #[must_use]
    pub fn of(public_url: &str) -> Option<Self> {
        let uri: Uri = public_url.parse().ok()?;
        let (scheme, host) = (uri.scheme_str()?, uri.host()?.to_ascii_lowercase());
        let is_address = host.starts_with('[') || host.parse::<std::net::IpAddr>().is_ok();
        if is_address || !(scheme == "https" || scheme == "http" && host == "localhost") {
            return None;
        }
        let port = uri.port_u16().filter(|port| *port != if scheme == "https" { 443 } else { 80 });
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        Some(Self { origin: format!("{scheme}://{host}{port}"), id: host })
    }
}

/// Why something was not taken. The text is for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// It has another form.
    #[error("it has another form")]
    Form,
    /// It was made for another page, or another purpose.
    #[error("it was made for another page, or for something else")]
    Client,
    /// Nobody touched the device, or it does not know who did.
    #[error("the device does not say that its user was there")]
    User,
    /// The key is of another kind.
    #[error("the key is neither for ES256 nor for Ed25519")]
    Kind,
    /// The signature is wrong.
    #[error("the signature is wrong")]
    Signature,
    /// The device's count went back: there may be two of it.
    #[error("the device's count of signatures went back: there may be a copy of it")]
    Count,
}

/// What a browser says of a ceremony. Source: section 5.8.1.
#[derive(Deserialize)]
struct Client {
    #[serde(rename = "type")]
    purpose: String,
    challenge: String,
    origin: String,
    #[serde(default, rename = "crossOrigin")]
    crosses: bool,
}

impl Client {
    fn read(json: &[u8]) -> Result<Self, Wrong> {
        if json.len() > CLIENT_BYTES_MAX {
            return Err(Wrong::Form);
        }
        serde_json::from_slice(json).map_err(|_| Wrong::Form)
    }

    fn check(&self, purpose: &str, challenge: &str, relying: &Relying) -> Result<(), Wrong> {
        let is_ours: bool = self.challenge.as_bytes().ct_eq(challenge.as_bytes()).into();
        let fits = is_ours && self.purpose == purpose && self.origin == relying.origin && !self.crosses;
        fits.then_some(()).ok_or(Wrong::Client)
    }
}

/// The challenge that stands in what a browser says, to be looked up.
pub(crate) fn challenge_of(client: &[u8]) -> Option<String> {
    Client::read(client).ok().map(|client| client.challenge)
}

/// What a device says of itself. Source: section 6.1.
struct Data<'b> {
    flags: u8,
    count: u32,
    rest: &'b [u8],
}

impl<'b> Data<'b> {
    fn read(bytes: &'b [u8], relying: &Relying, verified: bool) -> Result<Self, Wrong> {
        if bytes.len() > DATA_BYTES_MAX {
            return Err(Wrong::Form);
        }
        let (hash, rest) = bytes.split_first_chunk::<32>().ok_or(Wrong::Form)?;
        let (flags, rest) = rest.split_first().ok_or(Wrong::Form)?;
        let (count, rest) = rest.split_first_chunk::<4>().ok_or(Wrong::Form)?;
        if hash.as_slice() != Sha256::digest(&relying.id).as_slice() {
            return Err(Wrong::Client);
        }
        let has = |flag: u8| flags & flag != 0;
        if !has(USER_PRESENT) || verified && !has(USER_VERIFIED) {
            return Err(Wrong::User);
        }
        if has(BACKED_UP) && !has(BACKUP_ELIGIBLE) {
            return Err(Wrong::Form);
        }
        Ok(Self { flags: *flags, count: u32::from_be_bytes(*count), rest })
    }

    /// What comes after the fixed part, and after a key, must be extensions where the flags say so, and nothing else.
    fn ends_with(&self, rest: &[u8]) -> Result<(), Wrong> {
        let whole = match self.flags & EXTENDED {
            0 => rest.is_empty(),
            _ => matches!(cbor::read(rest), Some((Value::Map(_), []))),
        };
        whole.then_some(()).ok_or(Wrong::Form)
    }
}

/// A new key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct New {
    pub(crate) id: String,
    pub(crate) kind: PasskeyKind,
    pub(crate) key: String,
    pub(crate) count: u32,
}

/// Reads the answer to a call for a new key.
///
/// # Errors
/// [`Wrong`].
pub(crate) fn registered(
    (client, attestation): (&[u8], &[u8]),
    challenge: &str,
    relying: &Relying,
) -> Result<New, Wrong> {
    Client::read(client)?.check("webauthn.create", challenge, relying)?;
    if attestation.len() > DATA_BYTES_MAX {
        return Err(Wrong::Form);
    }
    let Some((object, [])) = cbor::read(attestation) else { return Err(Wrong::Form) };
    let is_none = object.get(&Value::Text("fmt")) == Some(&Value::Text("none"))
        && object.get(&Value::Text("attStmt")) == Some(&Value::Map(Vec::new()));
    if !is_none {
        return Err(Wrong::Form);
    }
    let data = object.get(&Value::Text("authData")).and_then(Value::bytes).ok_or(Wrong::Form)?;
    let data = Data::read(data, relying, true)?;
    if data.flags & KEY_INCLUDED == 0 {
        return Err(Wrong::Form);
    }
    // Source: section 6.5.1 (attested credential data).
    let (_model, rest) = data.rest.split_first_chunk::<16>().ok_or(Wrong::Form)?;
    let (length, rest) = rest.split_first_chunk::<2>().ok_or(Wrong::Form)?;
    let length = usize::from(u16::from_be_bytes(*length));
    if !(1..=ID_BYTES_MAX).contains(&length) {
        return Err(Wrong::Form);
    }
    let (id, rest) = rest.split_at_checked(length).ok_or(Wrong::Form)?;
    let (key, rest) = cbor::read(rest).ok_or(Wrong::Form)?;
    data.ends_with(rest)?;
    let (kind, key) = public(&key).ok_or(Wrong::Kind)?;
    Ok(New { id: URL_SAFE_NO_PAD.encode(id), kind, key: URL_SAFE_NO_PAD.encode(key), count: data.count })
}

/// A public key. Source: RFC 9053, sections 2 and 7 (COSE).
fn public(key: &Value<'_>) -> Option<(PasskeyKind, Vec<u8>)> {
    let number = |name: i64, value: i64| key.get(&Value::Number(name)) == Some(&Value::Number(value));
    let part = |name: i64| key.get(&Value::Number(name))?.bytes().filter(|part| part.len() == 32);
    let (kind, algorithm, curve) = (1, 3, -1);
    if number(kind, 2) && number(algorithm, -7) && number(curve, 1) {
        return Some((PasskeyKind::Es256, [&[4], part(-2)?, part(-3)?].concat()));
    }
    if number(kind, 1) && number(algorithm, -8) && number(curve, 6) {
        return Some((PasskeyKind::Ed25519, part(-2)?.to_vec()));
    }
    None
}

/// What a device signed.
pub(crate) struct Shown {
    pub(crate) client: Vec<u8>,
    pub(crate) data: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

impl Shown {
    /// The device's new count, if the key made this for `challenge`. With `verified`, the device must know who touched it.
    ///
    /// # Errors
    /// [`Wrong`].
    pub(crate) fn check(
        &self,
        key: &Passkey,
        challenge: &str,
        relying: &Relying,
        verified: bool,
    ) -> Result<u32, Wrong> {
        Client::read(&self.client)?.check("webauthn.get", challenge, relying)?;
        let data = Data::read(&self.data, relying, verified)?;
        if data.flags & KEY_INCLUDED != 0 {
            return Err(Wrong::Form);
        }
        data.ends_with(data.rest)?;
        let signed = [self.data.as_slice(), &Sha256::digest(&self.client)].concat();
        let public = URL_SAFE_NO_PAD.decode(&key.key).map_err(|_| Wrong::Form)?;
        let verified = match key.kind {
            PasskeyKind::Es256 => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &public).verify(&signed, &self.signature)
            }
            PasskeyKind::Ed25519 => {
                UnparsedPublicKey::new(&ED25519, &public).verify(&signed, &self.signature)
            }
        };
        verified.map_err(|_| Wrong::Signature)?;
        // Devices that do not count always say 0.
        let counts = data.count != 0 || key.count != 0;
        if counts && data.count <= key.count {
            return Err(Wrong::Count);
        }
        Ok(data.count)
    }
}

/// Challenges that are out, by their hashes, with the hash of what their browser shows.
#[derive(Debug, Default)]
pub struct Challenges {
    out: Mutex<HashMap<Digest32, (Digest32, Instant)>>,
    /// Where several nodes serve, each knows a challenge of any by its seal, and all which are spent.
    shared: Option<Sealed>,
}

struct Sealed {
    spent: Spent,
    key: TokenKey,
    now: Now,
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealed").finish_non_exhaustive()
    }
}

/// Bytes of a sealed challenge: when it was drawn, chance, and the seal.
const SEALED_BYTES: usize = 8 + 16 + 32;

impl Sealed {
    fn seal(&self, head: &[u8], bound: &[u8]) -> Vec<u8> {
        self.key.bound(b"bongsu challenge 1", &[head, &Sha256::digest(bound)]).to_vec()
    }

    fn draw(&self, drawn: &[u8; 32], bound: &[u8]) -> String {
        let mut bytes = (self.now)().micros().to_be_bytes().to_vec();
        bytes.extend_from_slice(&drawn[..16]);
        bytes.extend(self.seal(&bytes, bound));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn take(&self, challenge: &str, bound: &[u8]) -> bool {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(challenge) else { return false };
        let Some((head, seal)) = bytes.split_at_checked(24).filter(|_| bytes.len() == SEALED_BYTES) else {
            return false;
        };
        let Some(drawn) = head.first_chunk().map(|at| i64::from_be_bytes(*at)) else { return false };
        let age_us = (self.now)().micros().saturating_sub(drawn);
        let is_in_time = u128::try_from(age_us.saturating_abs()).is_ok_and(|age| age < CHALLENGE.as_micros());
        let is_ours: bool = self.seal(head, bound).ct_eq(seal).into();
        // Spent is only what was drawn here: nobody fills the table with what is none.
        is_ours && is_in_time && self.spent.spend(&hex(&Sha256::digest(challenge)))
    }
}

/// A SHA-256.
type Digest32 = [u8; 32];

impl Challenges {
    /// Those of all nodes that serve beside a database.
    #[must_use]
    pub(crate) fn beside(beside: &Beside, key: TokenKey, now: Now) -> Self {
        let shared = Sealed { spent: Spent::challenges(beside), key, now };
        Self { out: Mutex::default(), shared: Some(shared) }
    }

    /// A challenge from random bytes, for whoever shows `bound`.
    pub(crate) fn draw(&self, drawn: &[u8; 32], bound: &[u8], now: Instant) -> String {
        if let Some(shared) = &self.shared {
            return shared.draw(drawn, bound);
        }
        let challenge = URL_SAFE_NO_PAD.encode(drawn);
        let mut out = self.out.lock();
        if out.len() >= CHALLENGES_MAX {
            out.retain(|_, (_, drawn)| now.saturating_duration_since(*drawn) < CHALLENGE);
        }
        if out.len() >= CHALLENGES_MAX
            && let Some(oldest) = out.iter().min_by_key(|(_, (_, drawn))| *drawn).map(|(key, _)| *key)
        {
            out.remove(&oldest);
        }
        out.insert(Sha256::digest(&challenge).into(), (Sha256::digest(bound).into(), now));
        challenge
    }

    /// Whether a challenge was drawn for whoever shows `bound`, a short time ago. It is spent.
    pub(crate) fn take(&self, challenge: &str, bound: &[u8], now: Instant) -> bool {
        if let Some(shared) = &self.shared {
            return shared.take(challenge, bound);
        }
        let key: [u8; 32] = Sha256::digest(challenge).into();
        let Some((owner, drawn)) = self.out.lock().remove(&key) else { return false };
        owner == <[u8; 32]>::from(Sha256::digest(bound)) && now.saturating_duration_since(drawn) < CHALLENGE
    }
}

/// Reads what a browser and a device said, whatever it is; for the fuzzer. Gives the key that was taken.
#[doc(hidden)]
pub fn read_any(client: &[u8], bytes: &[u8]) -> Option<Passkey> {
    let relying = Relying::of("https://tower.example")?;
    let challenge = challenge_of(client).unwrap_or_default();
    let new = registered((client, bytes), &challenge, &relying).ok();
    let name = String::new();
    let added = stix::Timestamp::from_micros(0);
    let taken =
        new.map(|New { id, kind, key, count }| Passkey { id, kind, key, count, name: name.clone(), added });
    let none = URL_SAFE_NO_PAD.encode([0; 32]);
    let key = Passkey { id: name.clone(), kind: PasskeyKind::Ed25519, key: none, count: 0, name, added };
    let shown = Shown { client: client.to_vec(), data: bytes.to_vec(), signature: vec![0; 64] };
    let _refused = shown.check(&key, &challenge, &relying, true);
    taken
}

#[cfg(test)]
mod tests;
