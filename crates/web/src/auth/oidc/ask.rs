//! Asking a provider: few bytes, little time, no redirections.

use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, RequestBuilder, header};
use serde::de::DeserializeOwned;

use super::OidcError;

/// Bytes of an answer.
const ANSWER_BYTES_MAX: usize = 256 << 10;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// What needs no encoding in a form or query. Source: RFC 3986, section 2.3.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Pairs as a query or form.
pub(super) fn encoded(pairs: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| format!("{name}={}", utf8_percent_encode(value, ENCODED));
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

pub(super) struct Asker {
    client: Client,
}

impl Asker {
    pub(super) fn new(authorities: Option<&[u8]>) -> Result<Self, OidcError> {
        let unusable = |error: reqwest::Error| OidcError::Unusable(error.to_string());
        let mut builder = Client::builder()
            .user_agent(concat!("bongsu/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ANSWER_TIMEOUT)
            .redirect(Policy::none());
        if let Some(pem) = authorities {
            builder = builder.tls_certs_only(Certificate::from_pem_bundle(pem).map_err(unusable)?);
        }
        Ok(Self { client: builder.build().map_err(unusable)? })
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, url: &str) -> Result<T, OidcError> {
        read(url, self.client.get(url)).await
    }

    /// Sends a form; `basic` is the client's name and secret. Source: RFC 6749, 2.3.1 (both encoded as in a form).
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        url: &str,
        form: &[(&str, &str)],
        basic: Option<(&str, &str)>,
    ) -> Result<T, OidcError> {
        let request = self.client.post(url).body(encoded(form));
        let mut request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some((client, secret)) = basic {
            let text = |text| utf8_percent_encode(text, ENCODED).to_string();
            request = request.basic_auth(text(client), Some(text(secret)));
        }
        read(url, request).await
    }
}

async fn read<T: DeserializeOwned>(url: &str, request: RequestBuilder) -> Result<T, OidcError> {
    let wrong = |what: String| OidcError::Answer { url: url.to_owned(), what };
    // The error's own text has the address; its cause says what is wrong.
    let failed = |error: reqwest::Error| {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        wrong(cause.unwrap_or_else(|| error.to_string()))
    };
    let mut answer = request.header(header::ACCEPT, "application/json").send().await.map_err(failed)?;
    let status = answer.status();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(wrong(format!("the answer is longer than {ANSWER_BYTES_MAX} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    if !status.is_success() {
        // Source: RFC 6749, 5.2.
        let error = serde_json::from_slice::<serde_json::Value>(&body).ok();
        let error = error.as_ref().and_then(|body| body.get("error")?.as_str()).unwrap_or_default();
        let error: String = error.chars().filter(|c| !c.is_control()).take(80).collect();
        // The code is to blame, which a browser brought.
        if error == "invalid_grant" {
            return Err(OidcError::Refused(error));
        }
        return Err(wrong(format!("answered {status} {error}")));
    }
    serde_json::from_slice(&body).map_err(|error| wrong(format!("the answer can't be read: {error}")))
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn a_query_keeps_what_it_carries() {
        assert_eq!(encoded(&[("a", "x y&z=é"), ("b", "-._~")]), "a=x%20y%26z%3D%C3%A9&b=-._~");
    }
}
