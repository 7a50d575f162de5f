//! Signatures: made, read, bent and broken.

use proptest::prelude::{Strategy, any, prop, proptest};
use serde_json::{Value, json};

use super::*;

const AT: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);
const OBJECT: &str = r#"{"type":"indicator","spec_version":"2.1","id":"indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
 "created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z","name":"caf\u00e9 €","confidence":85.0,
 "pattern":"[domain-name:value = 'evil.example']","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z"}"#;

fn key() -> SecretKey {
    SecretKey::new(&[7; 32])
}

fn signed() -> String {
    sign(OBJECT, &key(), AT).unwrap()
}

fn verified(raw: &str) -> Result<(), Broken> {
    read(raw)?.expect("a signature").verify(key().public())
}

/// The signed object with its `jws` as `change` makes it.
fn with_jws(change: impl FnOnce(&str) -> Value) -> String {
    let mut object: Value = serde_json::from_str(&signed()).unwrap();
    let jws = &mut object["extensions"][EXTENSION]["jws"];
    *jws = change(jws.as_str().unwrap());
    object.to_string()
}

/// The signed object, its signature made anew over this header.
fn with_header(header: &str) -> String {
    let payload = canonical::parted(OBJECT).unwrap().0;
    let header = URL_SAFE_NO_PAD.encode(header);
    let value = URL_SAFE_NO_PAD.encode(key().sign(&input(&header, &payload)));
    with_jws(|_| json!(format!("{header}..{value}")))
}

#[test]
fn a_signature_goes_in_and_every_other_byte_stays() {
    let signed = signed();
    assert_eq!(unsigned(&signed).as_deref(), Some(OBJECT));
    let signature = read(&signed).unwrap().unwrap();
    assert_eq!((signature.key(), signature.at()), (key().public().id(), AT));
    signature.verify(key().public()).unwrap();
    assert_eq!(signature.verify(SecretKey::new(&[8; 32]).public()), Err(Broken::Mismatch));
    assert_eq!(sign(&signed, &key(), AT), Err(SignError::Signed));
    assert!(read(OBJECT).unwrap().is_none() && unsigned(OBJECT).is_none());
    assert!(crate::read_head(&signed).is_ok());
    let mut errors = Vec::new();
    crate::validate(&signed, &mut |finding| errors.push(finding));
    errors.retain(|finding| finding.severity == crate::Severity::Error);
    assert!(errors.is_empty(), "{errors:?}");
}

/// A member of the circle may sign with any library: this is the same signature, made by another.
#[test]
fn the_signature_is_that_of_the_rfcs() {
    let payload = r#"{"created":"2026-01-01T00:00:00.000Z","id":"x"}"#;
    let header = r#"{"alg":"EdDSA","iat":1790000000,"kid":"KID","typ":"stix+jws","x-more":1}"#;
    let header = URL_SAFE_NO_PAD.encode(header.replace("KID", key().public().id()));
    let secret = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let input = format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload));
    let value = ed25519_dalek::Signer::sign(&secret, input.as_bytes()).to_bytes();
    let jws = format!("{header}..{}", URL_SAFE_NO_PAD.encode(value));
    let object = json!({"id": "x", "created": "2026-01-01T00:00:00.000Z",
        "extensions": {EXTENSION: {"extension_type": "property-extension", "jws": jws}}});
    assert_eq!(verified(&object.to_string()), Ok(()));
}

#[test]
fn another_form_of_the_same_object_verifies_and_another_object_does_not() {
    let value: Value = serde_json::from_str(&signed()).unwrap();
    assert_eq!(verified(&serde_json::to_string_pretty(&value).unwrap()), Ok(()));
    let escaped: String =
        value.to_string().chars().map(|c| if c == '€' { "\\u20ac".into() } else { c.to_string() }).collect();
    assert_eq!(verified(&escaped), Ok(()));
    assert_eq!(verified(&signed().replace("85.0", "85")), Ok(()));
    for (from, to) in
        [("evil", "good"), ("85.0", "86"), ("\"name\"", "\"title\""), ("\"confidence\":85.0,", "")]
    {
        assert_eq!(verified(&signed().replace(from, to)), Err(Broken::Mismatch), "{from}");
    }
    let mut other = value.clone();
    other["extensions"]["x-more"] = json!({});
    assert_eq!(verified(&other.to_string()), Err(Broken::Mismatch));
    let escaped_key = signed().replace(EXTENSION, &EXTENSION.replacen('e', "\\u0065", 1));
    assert_eq!(verified(&escaped_key), Ok(()), "a name written with escapes is the same name");
}

#[test]
fn what_is_no_signature_is_broken_and_says_why() {
    let broken = |raw: &str| read(raw).unwrap_err();
    let compact = |raw: &str| assert!(matches!(broken(raw), Broken::Compact(_)), "{raw}");
    compact(&with_jws(|_| json!("")));
    compact(&with_jws(|jws| json!(jws.replace("..", "."))));
    compact(&with_jws(|jws| json!(jws.replace("..", ".e30."))));
    compact(&with_jws(|jws| json!(format!("{jws}="))));
    compact(&with_jws(|jws| json!(format!("{jws}.{jws}"))));
    compact(&with_jws(|_| json!("a".repeat(JWS_BYTES_MAX + 1))));
    // 64 bytes leave four bits of the last letter unused: another letter with the same bytes is no other signature.
    compact(&with_jws(|jws| {
        let (start, last) = jws.split_at(jws.len() - 1);
        let next = char::from(last.as_bytes()[0] + 1);
        json!(format!("{start}{next}"))
    }));
    let form = |raw: &str| assert!(matches!(broken(raw), Broken::Form(_)), "{raw}");
    form(&with_jws(|jws| json!([jws, jws])));
    form(&with_jws(|_| Value::Null));
    form(&signed().replace("property-extension", "new-sdo"));
    form(&signed().replace("\"jws\":", "\"note\":1,\"jws\":"));
    let twice = signed().replace("\"jws\":", "\"jws\":\"\",\"jws\":");
    assert!(matches!(broken(&twice), Broken::Json(_)), "two signatures");
    let number = signed().replace("85.0", "9007199254740993");
    assert!(matches!(broken(&number), Broken::Number(_)));
    let unfit = OBJECT.replace("85.0", "9007199254740993");
    assert!(matches!(sign(&unfit, &key(), AT), Err(SignError::Unfit(Broken::Number(_)))));
    let list = OBJECT.replace("\"confidence\":85.0", "\"extensions\":[]");
    assert_eq!(sign(&list, &key(), AT), Err(SignError::Extensions));
    assert!(matches!(sign(OBJECT, &key(), Timestamp::from_micros(-1_000_000)), Err(SignError::Time(_))));
}

#[test]
fn no_header_talks_a_signature_down() {
    let kid = key().public().id().to_owned();
    let header = |alg: &str, more: &str| {
        with_header(&format!(r#"{{"alg":"{alg}","iat":1790000000,"kid":"{kid}","typ":"stix+jws"{more}}}"#))
    };
    assert_eq!(verified(&header("Ed25519", "")), Ok(()));
    assert_eq!(
        verified(&header("EdDSA", r#","jwk":{},"b64":false"#)),
        Ok(()),
        "what is not asked for is passed over"
    );
    for alg in ["none", "HS256", "ES256", "ed25519", "Ed448", ""] {
        assert_eq!(read(&header(alg, "")).unwrap_err(), Broken::Algorithm(alg.into()));
    }
    let critical = read(&header("Ed25519", r#","b64":false,"crit":["b64"]"#)).unwrap_err();
    assert_eq!(critical, Broken::Critical(r#"["b64"]"#.into()));
    assert!(matches!(read(&header("Ed25519", r#","crit":[]"#)).unwrap_err(), Broken::Critical(_)));
    let unread = |raw: &str| assert!(matches!(read(raw).unwrap_err(), Broken::Header(_)), "{raw}");
    unread(&header("Ed25519", r#","alg":"none""#));
    unread(&with_header("[]"));
    unread(&with_header(r#"{"alg":"Ed25519","iat":1.5,"kid":"x","typ":"stix+jws"}"#));
    unread(&with_header(r#"{"alg":"Ed25519","iat":1,"kid":"x","typ":"stix+jws"}"#));
    unread(&with_header(&format!(r#"{{"alg":"Ed25519","iat":-1,"kid":"{kid}","typ":"stix+jws"}}"#)));
    let jwt = with_header(&format!(r#"{{"alg":"Ed25519","iat":1,"kid":"{kid}","typ":"JWT"}}"#));
    assert_eq!(read(&jwt).unwrap_err(), Broken::Type("JWT".into()));
}

#[test]
fn the_id_of_an_observable_does_not_change_when_it_is_signed() {
    let file = r#"{"type":"file","id":"file--0aa1d0a5-6d0d-5e5c-9d4e-4d2ab1e6dd1f","name":"a.exe"}"#;
    let id = |raw: &str| crate::observable_id(&serde_json::from_str(raw).unwrap());
    assert_eq!(id(file), id(&sign(file, &key(), AT).unwrap()));
}

/// JSON objects without an `extensions` of their own, in which no number is too large.
fn objects() -> impl Strategy<Value = Value> {
    let leaf = proptest::prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<f64>()
            .prop_filter_map("finite", |number| serde_json::Number::from_f64(number).map(Value::from)),
        any::<i32>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(3, 24, 6, |inner| {
        proptest::prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..6).prop_map(|map| json!(map)),
        ]
    });
    prop::collection::hash_map("[a-z]{1,8}", value, 0..6).prop_map(|map| json!(map))
}

proptest! {
    #[test]
    fn whatever_is_signed_verifies_in_any_form_and_comes_back(object in objects(), seed: [u8; 32]) {
        let (key, raw) = (SecretKey::new(&seed), serde_json::to_string_pretty(&object).unwrap());
        let signed = sign(&raw, &key, AT).unwrap();
        let compact = serde_json::from_str::<Value>(&signed).unwrap().to_string();
        for form in [&signed, &compact] {
            assert_eq!(read(form).unwrap().unwrap().verify(key.public()), Ok(()));
        }
        assert_eq!(unsigned(&signed).as_deref(), Some(raw.as_str()));
    }

    #[test]
    fn a_bent_object_never_verifies_as_another(at in 0..600_usize, byte in 32..127_u8) {
        let signed = signed();
        let mut bent = signed.clone().into_bytes();
        let at = at % bent.len();
        bent[at] = byte;
        let Ok(bent) = String::from_utf8(bent) else { return Ok(()) };
        if let Ok(Some(signature)) = read(&bent) && signature.verify(key().public()).is_ok() {
            let value = |raw: &str| serde_json::from_str::<Value>(raw).unwrap().to_string().replace("85.0", "85");
            assert_eq!(value(&bent), value(&signed));
        }
    }
}
