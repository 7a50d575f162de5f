//! Webhooks over HTTP, signed so that the receiver knows who posts and that nothing was changed or repeated late.
//!
//! Three header fields: `webhook-id`, the same whenever a message is posted again; `webhook-timestamp`, seconds since 1970, of
//! this attempt; `webhook-signature`, `v1,` and the base64 of an HMAC-SHA256 over `ID.TIMESTAMP.BODY`.
//!
//! Source: Standard Webhooks 1.0.0, "Webhook headers (sending metadata to consumers)" and "Signature scheme".

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderValue};
use sha2::Sha256;

use crate::pull::{Http, PullError, Url};

/// Bytes of a secret. Source: Standard Webhooks 1.0.0, "Signature scheme": between 24 and 64.
pub const SECRET_BYTES: usize = 32;
/// What a secret begins with in writing.
const SECRET_PREFIX: &str = "whsec_";
/// Time in which the receiver must answer. Source: the same, "Operational considerations": 15 to 30 s.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
/// The endpoint is gone for good. Source: the same, "Operational considerations".
const GONE: u16 = 410;

/// A secret as the receiver's library takes it: `whsec_` and base64.
#[must_use]
pub fn written(secret: &[u8]) -> String {
    format!("{SECRET_PREFIX}{}", STANDARD.encode(secret))
}

/// The value of `webhook-signature`.
#[must_use]
pub fn signature(secret: &[u8], id: &str, timestamp_s: i64, body: &str) -> String {
    // A key of any length will do for HMAC.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return String::new() };
    mac.update(format!("{id}.{timestamp_s}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// Posts a message once.
///
/// # Errors
/// [`PullError`]: whether trying again may help, [`is_final`] says.
pub async fn post(http: &Http, url: &Url, secret: &[u8], id: &str, body: &str) -> Result<(), PullError> {
    let timestamp_s = http.now().seconds();
    let mut headers = HeaderMap::new();
    let fields = [
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", timestamp_s.to_string()),
        ("webhook-signature", signature(secret, id, timestamp_s, body)),
    ];
    for (name, value) in fields {
        let value = HeaderValue::try_from(value)
            .map_err(|error| PullError::Unusable { what: format!("{name} can't be sent: {error}") })?;
        headers.insert(name, value);
    }
    http.notify(url, "application/json", headers, body).await.map(drop)
}

/// Whether posting the message again is of no use.
#[must_use]
pub fn is_final(error: &PullError) -> bool {
    error.status() == Some(GONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_signed_as_the_specification_does() {
        // The example of the specification's own libraries.
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!(written(&secret), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        assert_eq!(
            signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }
}
