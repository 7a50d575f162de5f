//! A device of our own, which makes keys and signs as one does; and each thing that it may get wrong.

use super::{CHALLENGE, CHALLENGES_MAX, Challenges, New, Relying, Shown, Wrong, registered};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use policy::{Passkey, PasskeyKind};
use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::time::Instant;
use stix::Timestamp;

const ORIGIN: &str = "https://tower.example";

enum Device {
    Point(EcdsaKeyPair, SystemRandom),
    Edwards(Ed25519KeyPair),
}

impl Device {
    fn both() -> [Self; 2] {
        let chance = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &chance).unwrap();
        let point =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &chance).unwrap();
        [Self::Point(point, chance), Self::Edwards(Ed25519KeyPair::from_seed_unchecked(&[3; 32]).unwrap())]
    }

    /// The key as COSE has it.
    fn public(&self) -> Vec<u8> {
        match self {
            Self::Point(key, _) => {
                let point = key.public_key().as_ref();
                let parts: [&[u8]; 5] = [
                    &[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32],
                    &point[1..33],
                    &[0x22, 0x58, 32],
                    &point[33..],
                    &[],
                ];
                parts.concat()
            }
            Self::Edwards(key) => {
                [&[0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 32][..], key.public_key().as_ref()].concat()
            }
        }
    }

    fn sign(&self, text: &[u8]) -> Vec<u8> {
        match self {
            Self::Point(key, chance) => key.sign(chance, text).unwrap().as_ref().to_vec(),
            Self::Edwards(key) => key.sign(text).as_ref().to_vec(),
        }
    }
}

fn relying() -> Relying {
    Relying::of(ORIGIN).unwrap()
}

fn client(purpose: &str, challenge: &str, origin: &str, crosses: bool) -> Vec<u8> {
    json!({"type": purpose, "challenge": challenge, "origin": origin, "crossOrigin": crosses})
        .to_string()
        .into_bytes()
}

fn data(host: &str, flags: u8, count: u32, rest: &[u8]) -> Vec<u8> {
    [Sha256::digest(host).as_slice(), &[flags], &count.to_be_bytes(), rest].concat()
}

fn attested(device: &Device) -> Vec<u8> {
    [&[0; 16][..], &[0, 4], b"name", &device.public()].concat()
}

fn attestation(format: &str, data: &[u8]) -> Vec<u8> {
    let length = u8::try_from(data.len()).unwrap();
    let format = [&[0x60 + u8::try_from(format.len()).unwrap()], format.as_bytes()].concat();
    let parts: [&[u8]; 5] = [b"\xa3\x63fmt", &format, b"\x67attStmt\xa0\x68authData\x58", &[length], data];
    parts.concat()
}

fn register(device: &Device) -> New {
    let data = data("tower.example", 0x45, 1, &attested(device));
    let client = client("webauthn.create", "c", ORIGIN, false);
    registered((&client, &attestation("none", &data)), "c", &relying()).unwrap()
}

fn passkey(device: &Device) -> Passkey {
    let New { id, kind, key, count } = register(device);
    Passkey { id, kind, key, count, name: "n".into(), added: Timestamp::from_micros(0) }
}

fn shown(device: &Device, client: Vec<u8>, data: Vec<u8>) -> Shown {
    let signature = device.sign(&[data.as_slice(), &Sha256::digest(&client)].concat());
    Shown { client, data, signature }
}

#[test]
fn a_key_of_either_kind_is_registered_and_signs() {
    for (device, kind) in Device::both().iter().zip([PasskeyKind::Es256, PasskeyKind::Ed25519]) {
        let key = passkey(device);
        assert_eq!((key.kind, key.id.as_str(), key.count), (kind, B64.encode("name").as_str(), 1));
        let shown =
            shown(device, client("webauthn.get", "d", ORIGIN, false), data("tower.example", 0x05, 7, &[]));
        assert_eq!(shown.check(&key, "d", &relying(), true), Ok(7));
        let back = Passkey { count: 7, ..key.clone() };
        assert_eq!(shown.check(&back, "d", &relying(), true), Err(Wrong::Count));
        let other = passkey(&Device::both()[0]);
        assert_eq!(shown.check(&other, "d", &relying(), true), Err(Wrong::Signature), "another's key");
    }
}

#[test]
fn what_is_not_for_this_page_is_refused() {
    let device = &Device::both()[1];
    let key = passkey(device);
    let good_data = || data("tower.example", 0x05, 2, &[]);
    let good = |origin: &str| client("webauthn.get", "d", origin, false);
    let said = |client: Vec<u8>, data: Vec<u8>, verified: bool| {
        shown(device, client, data).check(&key, "d", &relying(), verified)
    };
    assert_eq!(said(good(ORIGIN), good_data(), true), Ok(2));
    for bad in [
        good("https://evil.example"),
        good("http://tower.example"),
        good("https://tower.example:444"),
        good("https://tower.example.evil.example"),
        client("webauthn.create", "d", ORIGIN, false),
        client("webauthn.get", "e", ORIGIN, false),
        client("webauthn.get", "", ORIGIN, false),
        client("webauthn.get", "d", ORIGIN, true),
    ] {
        let text = String::from_utf8_lossy(&bad).into_owned();
        assert_eq!(said(bad, good_data(), true), Err(Wrong::Client), "{text}");
    }
    for (data, verified, wrong) in [
        (data("evil.example", 0x05, 2, &[]), true, Wrong::Client),
        (data("tower.example", 0x04, 2, &[]), true, Wrong::User),
        (data("tower.example", 0x01, 2, &[]), true, Wrong::User),
        (data("tower.example", 0x15, 2, &[]), true, Wrong::Form),
        (data("tower.example", 0x05, 2, &[0]), true, Wrong::Form),
        (data("tower.example", 0x85, 2, &[]), true, Wrong::Form),
        (data("tower.example", 0x85, 2, &[0xa0, 0]), true, Wrong::Form),
        (data("tower.example", 0x45, 2, &attested(device)), true, Wrong::Form),
        (data("tower.example", 0x05, 1, &[]), true, Wrong::Count),
        (data("tower.example", 0x05, 0, &[]), true, Wrong::Count),
        (vec![0; 36], true, Wrong::Form),
        (vec![0; 9_000], true, Wrong::Form),
    ] {
        assert_eq!(said(good(ORIGIN), data.clone(), verified), Err(wrong), "{data:?}");
    }
    assert_eq!(said(good(ORIGIN), data("tower.example", 0x01, 2, &[]), false), Ok(2), "beside a password");
    assert_eq!(said(good(ORIGIN), data("tower.example", 0x85, 2, &[0xa0]), true), Ok(2), "extensions");
    assert_eq!(said(b"{}".to_vec(), good_data(), true), Err(Wrong::Form));
    assert_eq!(said(vec![b' '; 5_000], good_data(), true), Err(Wrong::Form));
}

#[test]
fn what_is_no_new_key_is_refused() {
    let device = &Device::both()[0];
    let good = data("tower.example", 0x45, 0, &attested(device));
    let said = |attestation: &[u8]| {
        registered((&client("webauthn.create", "c", ORIGIN, false), attestation), "c", &relying()).map(drop)
    };
    assert_eq!(said(&attestation("none", &good)), Ok(()));
    let with = |flags: u8, rest: &[u8]| attestation("none", &data("tower.example", flags, 0, rest));
    let rsa = [&attested(device)[..22], &[0xa2, 1, 3, 3, 0x39, 1, 0]].concat();
    for (bytes, wrong) in [
        (attestation("packed", &good), Wrong::Form),
        ([attestation("none", &good), vec![0]].concat(), Wrong::Form),
        (with(0x05, &[]), Wrong::Form),
        (with(0x05, &attested(device)), Wrong::Form),
        (with(0x41, &attested(device)), Wrong::User),
        (with(0x45, &attested(device)[..40]), Wrong::Form),
        (with(0x45, &[&attested(device)[..], &[0]].concat()), Wrong::Form),
        (with(0x45, &[&[0; 16][..], &[0, 0], &device.public()].concat()), Wrong::Form),
        (with(0x45, &rsa), Wrong::Kind),
        (attestation("none", &data("evil.example", 0x45, 0, &attested(device))), Wrong::Client),
        (Vec::new(), Wrong::Form),
    ] {
        assert_eq!(said(&bytes), Err(wrong), "{bytes:x?}");
    }
}

#[test]
fn a_challenge_counts_once_in_time_and_for_its_own_browser() {
    let (challenges, now) = (Challenges::default(), Instant::now());
    let [a, b, c] = [1, 2, 3].map(|byte| challenges.draw(&[byte; 32], b"browser", now));
    assert!(challenges.take(&a, b"browser", now) && !challenges.take(&a, b"browser", now));
    assert!(!challenges.take(&b, b"another", now) && !challenges.take(&c, b"browser", now + CHALLENGE));
    for number in 0..CHALLENGES_MAX + 2 {
        let mut drawn = [9; 32];
        drawn[..8].copy_from_slice(&number.to_be_bytes());
        challenges.draw(&drawn, b"b", now);
    }
    assert_eq!(challenges.out.lock().len(), CHALLENGES_MAX);
}

#[test]
fn keys_sign_for_names_over_tls() {
    for (url, origin) in [
        ("https://Tower.example", "https://tower.example"),
        ("https://tower.example:443/", "https://tower.example"),
        ("https://tower.example:8443/x", "https://tower.example:8443"),
        ("http://localhost:8400", "http://localhost:8400"),
    ] {
        assert_eq!(Relying::of(url).unwrap().origin, origin, "{url}");
    }
    for bad in ["http://tower.example", "https://192.0.2.1", "https://[2001:db8::1]", "tower.example", ""] {
        assert_eq!(Relying::of(bad), None, "{bad}");
    }
}

proptest! {
    #[test]
    fn no_byte_of_what_was_signed_can_change(at in 0_usize..200, by in 1_u8..=255) {
        let device = &Device::both()[1];
        let key = passkey(device);
        let mut shown = shown(device, client("webauthn.get", "d", ORIGIN, false), data("tower.example", 0x05, 2, &[]));
        let (client, data) = (shown.client.len(), shown.data.len());
        match at % (client + data) {
            at if at < client => shown.client[at] ^= by,
            at => shown.data[at - client] ^= by,
        }
        prop_assert!(shown.check(&key, "d", &relying(), true).is_err());
    }

    #[test]
    fn no_bytes_end_the_readers(client in prop::collection::vec(any::<u8>(), 0..100), bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(super::read_any(&client, &bytes), None);
    }
}
