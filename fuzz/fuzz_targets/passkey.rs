#![no_main]
//! Passkeys: whatever a browser and a device say, the readers end, and a key that is taken has a name within bounds and as many bytes as
//! its kind has. The first line is what the browser says; the rest what the device does.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use policy::PasskeyKind;

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (client, rest) = bytes.split_at(end);
    let Some(key) = web::auth::passkey::read_any(client, rest.get(1..).unwrap_or_default()) else { return };
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap().len();
    assert!((1..=1_023).contains(&bytes(&key.id)));
    assert_eq!(bytes(&key.key), if key.kind == PasskeyKind::Es256 { 65 } else { 32 });
});
