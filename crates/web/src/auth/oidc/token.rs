//! ID tokens: whose they are, for whom, and until when. Pure.
//!
//! Sources: OpenID Connect Core 1.0, 2 (`acr`, `amr`) and 3.1.3.7; RFC 7515 (JWS, compact form), RFC 7517 and 7518 (keys, RS256, ES256), RFC 8037
//! (Ed25519). Other algorithms are refused, `none` and those with shared keys first of all; a key serves the algorithm of its
//! own kind alone, whatever a token says.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;

/// Characters of a token.
const TOKEN_CHARS_MAX: usize = 32 << 10;
/// Keys of a provider that are looked at.
const KEYS_MAX: usize = 64;
/// Seconds by which a provider's clock may differ.
const SKEW_S: i64 = 60;

/// Why a token names nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It has another form.
    #[error("it is not a signed token as it should be")]
    Form,
    /// It is signed in a way that is not taken.
    #[error("its algorithm is none of RS256, ES256 and EdDSA")]
    Algorithm,
    /// No key of the provider's fits.
    #[error("none of the provider's keys fits it")]
    NoKey,
    /// The signature is wrong.
    #[error("its signature is wrong")]
    Signature,
    /// Another made it.
    #[error("it is another issuer's")]
    Issuer,
    /// It was made for another.
    #[error("it is for another client")]
    Audience,
    /// It is too old, or from the future.
    #[error("it has expired, or is not yet good")]
    Time,
    /// It belongs to another log-in.
    #[error("its nonce is another log-in's")]
    Nonce,
    /// It names nobody.
    #[error("the claim that names people is not there, or not verified")]
    Unnamed,
    /// It does not say that its person has logged in as well as is demanded.
    #[error("it names none of the classes (acr) or of the methods (amr) of log-in that are demanded")]
    Weak,
}

/// What a token must say.
pub(super) struct Expected<'e> {
    pub(super) issuer: &'e str,
    pub(super) client: &'e str,
    pub(super) nonce: &'e str,
    /// Classes of log-in, one of which it must name; any if there is none.
    pub(super) acr: &'e [String],
    /// Methods of log-in, one of which it must name; any if there is none.
    pub(super) amr: &'e [String],
    /// Seconds since 1970-01-01T00:00:00Z.
    pub(super) now_s: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Rs256,
    Es256,
    EdDsa,
}

impl Algorithm {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rs256,
            "ES256" => Self::Es256,
            "EdDSA" | "Ed25519" => Self::EdDsa,
            _ => return None,
        })
    }
}

/// A set of keys, as it is published. Source: RFC 7517, section 5.
#[derive(Deserialize)]
pub(super) struct Published {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

#[derive(Debug)]
enum Public {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Point(Vec<u8>),
    Ed25519(Vec<u8>),
}

#[derive(Debug)]
struct Key {
    id: Option<String>,
    public: Public,
}

impl Key {
    /// A key that signs in one of the ways that are taken; others are none of ours (RFC 7517, section 5).
    fn read(value: &Value) -> Option<Self> {
        let jwk = Jwk::deserialize(value).ok()?;
        if jwk.purpose.is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let bytes = |text: Option<String>| URL_SAFE_NO_PAD.decode(text?).ok();
        let public = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => Public::Rsa { n: bytes(jwk.n)?, e: bytes(jwk.e)? },
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes(jwk.x)?, bytes(jwk.y)?);
                let fits = x.len() == 32 && y.len() == 32;
                Public::Point(fits.then(|| [&[4], x.as_slice(), y.as_slice()].concat())?)
            }
            ("OKP", Some("Ed25519")) => Public::Ed25519(bytes(jwk.x)?),
            _ => return None,
        };
        let key = Self { id: jwk.kid, public };
        let fits = jwk.alg.is_none_or(|name| Algorithm::of(&name) == Some(key.algorithm()));
        fits.then_some(key)
    }

    const fn algorithm(&self) -> Algorithm {
        match self.public {
            Public::Rsa { .. } => Algorithm::Rs256,
            Public::Point(_) => Algorithm::Es256,
            Public::Ed25519(_) => Algorithm::EdDsa,
        }
    }

    fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        let verified = match &self.public {
            Public::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature)
            }
            Public::Point(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature)
            }
            Public::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(signed, signature),
        };
        verified.is_ok()
    }
}

/// The keys of a provider.
#[derive(Debug)]
pub(super) struct Keys(Vec<Key>);

impl Keys {
    pub(super) fn of(published: &Published) -> Self {
        Self(published.keys.iter().take(KEYS_MAX).filter_map(Key::read).collect())
    }

    /// The one key for a token: the one that it names, or the only one that fits.
    fn find(&self, algorithm: Algorithm, id: Option<&str>) -> Option<&Key> {
        let fits =
            |key: &&Key| key.algorithm() == algorithm && id.is_none_or(|id| key.id.as_deref() == Some(id));
        let mut found = self.0.iter().filter(fits);
        let key = found.next()?;
        found.next().is_none().then_some(key)
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

/// What a token says, if all of it holds.
pub(super) fn check(token: &str, keys: &Keys, expected: &Expected<'_>) -> Result<Map<String, Value>, Fault> {
    if token.len() > TOKEN_CHARS_MAX {
        return Err(Fault::Form);
    }
    let mut parts = token.split('.');
    let (Some(head), Some(body), Some(seal), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Fault::Form);
    };
    let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| Fault::Form);
    let header: Header = serde_json::from_slice(&decoded(head)?).map_err(|_| Fault::Form)?;
    let algorithm = Algorithm::of(&header.alg).ok_or(Fault::Algorithm)?;
    // What must be understood is not.
    if header.crit.is_some() {
        return Err(Fault::Form);
    }
    let key = keys.find(algorithm, header.kid.as_deref()).ok_or(Fault::NoKey)?;
    let signed = token.get(..head.len() + 1 + body.len()).ok_or(Fault::Form)?;
    if !key.verifies(signed.as_bytes(), &decoded(seal)?) {
        return Err(Fault::Signature);
    }
    let claims: Map<String, Value> = serde_json::from_slice(&decoded(body)?).map_err(|_| Fault::Form)?;
    holds(&claims, expected)?;
    Ok(claims)
}

fn holds(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), Fault> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(expected.issuer) {
        return Err(Fault::Issuer);
    }
    let party = match claims.get("azp") {
        None => None,
        Some(party) => Some(party.as_str().ok_or(Fault::Audience)?),
    };
    let is_ours = match claims.get("aud") {
        Some(Value::String(one)) => one == expected.client,
        // For several, the one that asked is named.
        Some(Value::Array(all)) => {
            all.iter().any(|one| one == expected.client) && (all.len() == 1 || party.is_some())
        }
        _ => false,
    };
    if !is_ours || party.is_some_and(|party| party != expected.client) {
        return Err(Fault::Audience);
    }
    let time = |name: &str| match claims.get(name) {
        None => Ok(None),
        #[expect(clippy::cast_possible_truncation, reason = "a time far off stays far off")]
        Some(value) => value.as_f64().map(|seconds| Some(seconds as i64)).ok_or(Fault::Time),
    };
    let (Some(expires), Some(made)) = (time("exp")?, time("iat")?) else { return Err(Fault::Time) };
    let from = time("nbf")?.map_or(made, |from| from.max(made));
    if expected.now_s >= expires.saturating_add(SKEW_S) || from > expected.now_s.saturating_add(SKEW_S) {
        return Err(Fault::Time);
    }
    let is_same = |nonce: &str| bool::from(nonce.as_bytes().ct_eq(expected.nonce.as_bytes()));
    if !text("nonce").is_some_and(is_same) {
        return Err(Fault::Nonce);
    }
    if text("sub").is_none_or(str::is_empty) {
        return Err(Fault::Unnamed);
    }
    if is_weak(claims, expected) { Err(Fault::Weak) } else { Ok(()) }
}

/// Whether a token leaves unsaid that its person has logged in as is demanded.
fn is_weak(claims: &Map<String, Value>, expected: &Expected<'_>) -> bool {
    let is_of = |wanted: &[String], said: &Value| {
        said.as_str().is_some_and(|said| wanted.iter().any(|one| one == said))
    };
    let class = claims.get("acr").is_some_and(|said| is_of(expected.acr, said));
    let methods = claims.get("amr").and_then(Value::as_array);
    let method = methods.is_some_and(|all| all.iter().any(|said| is_of(expected.amr, said)));
    !expected.acr.is_empty() && !class || !expected.amr.is_empty() && !method
}

#[cfg(test)]
mod tests {
    use super::{Expected, Fault, Keys, check};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
    use proptest::prelude::*;
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
    use serde_json::{Value, json};

    struct Signer {
        one: Ed25519KeyPair,
        other: EcdsaKeyPair,
        chance: SystemRandom,
    }

    impl Signer {
        fn new() -> Self {
            let chance = SystemRandom::new();
            let one = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
            let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &chance).unwrap();
            let other = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &chance);
            Self { one, other: other.unwrap(), chance }
        }

        fn published(&self) -> Value {
            let point = self.other.public_key().as_ref();
            json!({"keys": [
                {"kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": B64.encode(self.one.public_key())},
                {"kty": "EC", "crv": "P-256", "kid": "ec", "use": "sig", "alg": "ES256",
                    "x": B64.encode(&point[1..33]), "y": B64.encode(&point[33..])},
                {"kty": "oct", "kid": "shared", "k": "c2VjcmV0"}, {"kty": "RSA"}, 7,
            ]})
        }

        fn keys(&self) -> Keys {
            Keys::of(&serde_json::from_value(self.published()).unwrap())
        }

        fn token(&self, header: &Value, claims: &Value) -> String {
            let text = format!("{}.{}", B64.encode(header.to_string()), B64.encode(claims.to_string()));
            let seal = match header["alg"].as_str() {
                Some("ES256") => self.other.sign(&self.chance, text.as_bytes()).unwrap().as_ref().to_vec(),
                Some("none") => Vec::new(),
                _ => self.one.sign(text.as_bytes()).as_ref().to_vec(),
            };
            format!("{text}.{}", B64.encode(seal))
        }
    }

    fn claims() -> Value {
        json!({"iss": "https://id.test", "sub": "kim", "aud": "node", "exp": 1_000, "iat": 900, "nonce": "n"})
    }

    fn expected() -> Expected<'static> {
        Expected { issuer: "https://id.test", client: "node", nonce: "n", acr: &[], amr: &[], now_s: 950 }
    }

    fn said(token: &str, signer: &Signer) -> Result<(), Fault> {
        check(token, &signer.keys(), &expected()).map(drop)
    }

    #[test]
    fn a_token_is_taken_by_each_algorithm_and_by_no_other() {
        let signer = Signer::new();
        for header in [
            json!({"alg": "EdDSA", "kid": "ed"}),
            json!({"alg": "ES256", "kid": "ec"}),
            json!({"alg": "EdDSA"}),
        ] {
            assert_eq!(said(&signer.token(&header, &claims()), &signer), Ok(()), "{header}");
        }
        for (header, fault) in [
            (json!({"alg": "none"}), Fault::Algorithm),
            (json!({"alg": "None", "kid": "ed"}), Fault::Algorithm),
            (json!({"alg": "HS256", "kid": "ed"}), Fault::Algorithm),
            (json!({"alg": "RS512", "kid": "ed"}), Fault::Algorithm),
            (json!({"alg": "EdDSA", "kid": "ec"}), Fault::NoKey),
            (json!({"alg": "EdDSA", "kid": "shared"}), Fault::NoKey),
            (json!({"alg": "RS256", "kid": "ed"}), Fault::NoKey),
            (json!({"alg": "EdDSA", "kid": "ed", "crit": ["b64"]}), Fault::Form),
            (json!({"kid": "ed"}), Fault::Form),
        ] {
            assert_eq!(said(&signer.token(&header, &claims()), &signer), Err(fault), "{header}");
        }
        let another = Signer::new();
        let foreign = another.token(&json!({"alg": "ES256", "kid": "ec"}), &claims());
        assert_eq!(said(&foreign, &signer), Err(Fault::Signature));
        for bad in ["", "a", "a.b", "a.b.c", "a.b.c.d", "..", &"x".repeat(40_000)] {
            assert_eq!(said(bad, &signer), Err(Fault::Form));
        }
    }

    #[test]
    fn what_a_token_says_must_be_for_this_log_in() {
        let signer = Signer::new();
        let header = json!({"alg": "EdDSA", "kid": "ed"});
        let with = |name: &str, value: Value| {
            let mut claims = claims();
            claims[name] = value;
            said(&signer.token(&header, &claims), &signer)
        };
        for (name, value) in [
            ("aud", json!(["node"])),
            ("azp", json!("node")),
            ("exp", json!(951)),
            ("exp", json!(891)),
            ("iat", json!(1_010)),
            ("exp", json!(1e30)),
        ] {
            assert_eq!(with(name, value.clone()), Ok(()), "{name} {value}");
        }
        for (name, value, fault) in [
            ("iss", json!("https://id.test/"), Fault::Issuer),
            ("iss", json!(["https://id.test"]), Fault::Issuer),
            ("aud", json!("other"), Fault::Audience),
            ("aud", json!(["node", "other"]), Fault::Audience),
            ("aud", json!([]), Fault::Audience),
            ("aud", Value::Null, Fault::Audience),
            ("azp", json!("other"), Fault::Audience),
            ("azp", json!(7), Fault::Audience),
            ("exp", json!(890), Fault::Time),
            ("exp", json!("1000"), Fault::Time),
            ("exp", Value::Null, Fault::Time),
            ("iat", json!(1_011), Fault::Time),
            ("nbf", json!(1_011), Fault::Time),
            ("nonce", json!("m"), Fault::Nonce),
            ("nonce", json!(""), Fault::Nonce),
            ("nonce", Value::Null, Fault::Nonce),
            ("sub", json!(""), Fault::Unnamed),
        ] {
            assert_eq!(with(name, value.clone()), Err(fault), "{name} {value}");
        }
    }

    #[test]
    fn a_token_must_say_how_its_person_has_logged_in_where_that_is_demanded() {
        let signer = Signer::new();
        let of = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
        let said = |acr: &[&str], amr: &[&str], more: Value| {
            let mut claims = claims();
            claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let token = signer.token(&json!({"alg": "EdDSA", "kid": "ed"}), &claims);
            let (acr, amr) = (of(acr), of(amr));
            check(&token, &signer.keys(), &Expected { acr: &acr, amr: &amr, ..expected() }).map(drop)
        };
        for (acr, amr, more) in [
            (&[][..], &[][..], json!({})),
            (&["mfa", "gold"], &[], json!({"acr": "gold"})),
            (&[], &["otp", "hwk"], json!({"amr": ["pwd", "otp"]})),
            (&["mfa"], &["otp"], json!({"acr": "mfa", "amr": ["otp"]})),
        ] {
            assert_eq!(said(acr, amr, more.clone()), Ok(()), "{acr:?} {amr:?} {more}");
        }
        for (acr, amr, more) in [
            (&["mfa"][..], &[][..], json!({})),
            (&["mfa"], &[], json!({"acr": "mf"})),
            (&["mfa"], &[], json!({"acr": "mfa pwd"})),
            (&["mfa"], &[], json!({"acr": ["mfa"]})),
            (&["1"], &[], json!({"acr": 1})),
            (&[], &["otp"], json!({"amr": []})),
            (&[], &["otp"], json!({"amr": ["pwd"]})),
            (&[], &["otp"], json!({"amr": "otp"})),
            (&[], &["otp"], json!({"amr": [["otp"]]})),
            (&["mfa"], &["otp"], json!({"acr": "mfa", "amr": ["pwd"]})),
            (&["mfa"], &["otp"], json!({"acr": "pwd", "amr": ["otp"]})),
        ] {
            assert_eq!(said(acr, amr, more.clone()), Err(Fault::Weak), "{acr:?} {amr:?} {more}");
        }
    }

    proptest! {
        #[test]
        fn a_token_with_any_character_changed_names_nobody(at in 0_usize..400, to in "[A-Za-z0-9_.-]") {
            let signer = Signer::new();
            let mut token = signer.token(&json!({"alg": "EdDSA", "kid": "ed"}), &claims());
            let at = at % token.len();
            prop_assume!(token[at..=at] != *to);
            token.replace_range(at..=at, &to);
            prop_assert!(said(&token, &signer).is_err());
        }

        #[test]
        fn no_text_ends_the_reader(text in "\\PC{0,200}") {
            let _refused = said(&text, &Signer::new());
        }
    }
}
