//! Asking another server: limits, waiting, trust.
//!
//! Redirections are followed on the same host alone, so that credentials go nowhere else and nobody outside can make the
//! node ask a third party. Bytes are counted after they are unpacked: a small answer that unpacks to a large one is cut off
//! like a large one.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Certificate, Client, ClientBuilder, Identity, Method, RequestBuilder, Response, Url};
use stix::Timestamp;

use super::error::PullError;
use super::reach::{Reach, Resolver};

/// Redirections that are followed in a row.
const REDIRECTS_MAX: usize = 5;
/// Bytes of an error's body that are read for its reason.
const REASON_BYTES_MAX: usize = 64 * 1024;
/// Characters of a reason that are passed on.
const REASON_CHARS_MAX: usize = 300;

/// How this node shows who it is.
#[derive(Clone, Default)]
pub enum Credentials {
    /// Not at all.
    #[default]
    Nothing,
    /// HTTP Basic (RFC 7617).
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
    /// A bearer token (RFC 6750).
    Bearer {
        /// The token.
        token: String,
    },
    /// A key alone, without a scheme, as MISP's REST API takes it.
    Key {
        /// The key.
        key: String,
    },
    /// A client certificate: the chain and the key, PEM in one text.
    Certificate {
        /// PEM of both.
        pem: Vec<u8>,
    },
}

impl Credentials {
    /// A text of the other side's without the secret: a server may say again what it was told.
    fn left_out_of(&self, text: &str) -> String {
        let (secret, encoded) = match self {
            Self::Nothing | Self::Certificate { .. } => return text.to_owned(),
            Self::Basic { user, password } => (password, STANDARD.encode(format!("{user}:{password}"))),
            Self::Bearer { token: secret } | Self::Key { key: secret } => (secret, STANDARD.encode(secret)),
        };
        let left_out = |text: String, secret: &str| match secret {
            "" => text,
            secret => text.replace(secret, "…"),
        };
        left_out(left_out(text.to_owned(), &encoded), secret)
    }
}

// Secrets stay out of logs.
impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Basic { .. } => "Basic",
            Self::Bearer { .. } => "Bearer",
            Self::Key { .. } => "Key",
            Self::Certificate { .. } => "Certificate",
        })
    }
}

/// What is put up with.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of an answer, unpacked.
    pub answer_bytes_max: usize,
    /// Time in which a connection must stand.
    pub connect_timeout: Duration,
    /// Time without a byte after which an answer is given up.
    pub read_timeout: Duration,
    /// Time after which an answer is given up, however much of it comes.
    pub answer_timeout: Duration,
    /// How often a request is made before it is given up.
    pub attempts: u32,
    /// The wait after the first failure; it doubles with each.
    pub wait_first: Duration,
    /// The longest wait. A server that asks for a longer one is left alone until later.
    pub wait_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            answer_bytes_max: 128 << 20,
            connect_timeout: Duration::from_secs(15),
            read_timeout: Duration::from_secs(60),
            answer_timeout: Duration::from_secs(30 * 60),
            attempts: 5,
            wait_first: Duration::from_secs(1),
            wait_max: Duration::from_secs(60),
        }
    }
}

/// A server that is asked.
#[derive(Debug, Clone, Default)]
pub struct Remote {
    /// How this node shows who it is.
    pub credentials: Credentials,
    /// Authorities that are trusted instead of the system's, PEM.
    pub authorities: Option<Vec<u8>>,
    /// What these authorities have taken back (CRL), PEM; looked at only with authorities of its own.
    pub revoked: Option<Vec<u8>>,
    /// What is put up with.
    pub limits: Limits,
    /// Where it may be.
    pub reach: Reach,
}

/// An answer, whole.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status, a success.
    pub status: StatusCode,
    /// Its header.
    pub headers: HeaderMap,
    /// Its body, unpacked.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header field, if it is there once and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Gives the time.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Asks one server.
#[derive(Clone)]
pub struct Http {
    client: Client,
    remote: Arc<Remote>,
    now: Now,
}

impl Http {
    /// Makes ready to ask `remote`.
    ///
    /// # Errors
    /// [`PullError::Unusable`]: the certificates can't be read.
    pub fn new(remote: Remote, now: Now) -> Result<Self, PullError> {
        let unusable = |what: &str, error: &dyn std::fmt::Display| PullError::Unusable {
            what: format!("{what} can't be used: {error}"),
        };
        let mut builder = client(&remote.limits);
        let own = match &remote.credentials {
            Credentials::Certificate { pem } => Some(pem),
            _ => None,
        };
        if let (Some(authorities), Some(lists)) = (&remote.authorities, &remote.revoked) {
            let config = super::revoked::config(authorities, lists, own.map(Vec::as_slice))?;
            builder = builder.tls_backend_preconfigured(config);
        } else if let Some(pem) = &remote.authorities {
            let authorities = Certificate::from_pem_bundle(pem);
            builder = builder.tls_certs_only(
                authorities.map_err(|error| unusable("the authority's certificate", &reason(&error)))?,
            );
        }
        if let Some(pem) = own.filter(|_| remote.authorities.is_none() || remote.revoked.is_none()) {
            let identity = Identity::from_pem(pem);
            builder = builder.identity(
                identity.map_err(|error| unusable("the client certificate with its key", &reason(&error)))?,
            );
        }
        builder = match &remote.reach {
            Reach::Anywhere => builder,
            Reach::Outside => builder.dns_resolver(Arc::new(Resolver::outside())),
            // A proxy would look names up by itself, and a redirection is another address.
            Reach::Public { except } => builder
                .no_proxy()
                .dns_resolver(Arc::new(Resolver::new(except.clone())))
                .redirect(Policy::none()),
        };
        let client = builder.build().map_err(|error| unusable("the TLS configuration", &reason(&error)))?;
        Ok(Self { client, remote: Arc::new(remote), now })
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// What is put up with.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.remote.limits
    }

    /// Gets `url`, again after failures that may pass.
    ///
    /// # Errors
    /// [`PullError`].
    pub async fn get(&self, url: &Url, accept: &str) -> Result<Answer, PullError> {
        let request = || self.client.request(Method::GET, url.clone()).header(header::ACCEPT, accept);
        self.ask(url, &request).await
    }

    /// Gets `url`, once.
    ///
    /// # Errors
    /// [`PullError`].
    pub async fn get_once(&self, url: &Url, accept: &str) -> Result<Answer, PullError> {
        self.once(url, self.client.request(Method::GET, url.clone()).header(header::ACCEPT, accept)).await
    }

    /// Gets `url` unless it is what it was under the entity tag `known`, again after failures that may pass; `None` if it is.
    ///
    /// Source: RFC 9110, section 13.1.2 (If-None-Match).
    ///
    /// # Errors
    /// [`PullError`].
    pub async fn get_newer(
        &self,
        url: &Url,
        accept: &str,
        known: Option<&str>,
    ) -> Result<Option<Answer>, PullError> {
        let request = || {
            let request = self.client.request(Method::GET, url.clone()).header(header::ACCEPT, accept);
            match known {
                Some(tag) => request.header(header::IF_NONE_MATCH, tag),
                None => request,
            }
        };
        match self.ask(url, &request).await {
            Err(PullError::Refused { status: 304, .. }) if known.is_some() => Ok(None),
            told => told.map(Some),
        }
    }

    /// Posts `body` to `url`, again after failures that may pass: only for what can be repeated.
    ///
    /// # Errors
    /// [`PullError`].
    pub async fn post(
        &self,
        url: &Url,
        accept: &str,
        content_type: &str,
        body: &str,
    ) -> Result<Answer, PullError> {
        let request = || {
            let request = self.client.request(Method::POST, url.clone()).header(header::ACCEPT, accept);
            request.header(header::CONTENT_TYPE, content_type).body(body.to_owned())
        };
        self.ask(url, &request).await
    }

    /// Posts `body` to `url`, once, with more header fields; of the answer, the status alone counts, and its body is not read
    /// if it is a success.
    ///
    /// # Errors
    /// [`PullError`].
    pub async fn notify(
        &self,
        url: &Url,
        content_type: &str,
        headers: HeaderMap,
        body: &str,
    ) -> Result<StatusCode, PullError> {
        let request = self.client.request(Method::POST, url.clone()).headers(headers);
        let request = request.header(header::CONTENT_TYPE, content_type).body(body.to_owned());
        self.sent(url, request).await.map(|response| response.status())
    }

    async fn ask(
        &self,
        url: &Url,
        request: &(dyn Fn() -> RequestBuilder + Sync),
    ) -> Result<Answer, PullError> {
        let limits = self.remote.limits;
        let mut wait = limits.wait_first;
        for attempt in 1.. {
            let error = match self.once(url, request()).await {
                Ok(answer) => return Ok(answer),
                Err(error) if !error.passes() || attempt >= limits.attempts => return Err(error),
                Err(error) => error,
            };
            let asked = match &error {
                PullError::Busy { after, .. } if *after > limits.wait_max => return Err(error),
                PullError::Busy { after, .. } => *after,
                _ => Duration::ZERO,
            };
            tracing::debug!(url.host = url.host_str(), %error, attempt, "asked again: {error}");
            tokio::time::sleep(asked.max(wait)).await;
            wait = (wait * 2).min(limits.wait_max);
        }
        Err(PullError::Unreachable { url: shown(url), why: "it was not asked".to_owned() })
    }

    async fn once(&self, url: &Url, request: RequestBuilder) -> Result<Answer, PullError> {
        let mut response = self.sent(url, request).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = body(url, &mut response, self.remote.limits.answer_bytes_max).await?;
        Ok(Answer { status, headers, body })
    }

    /// Sends a request; gives the answer if it is a success.
    async fn sent(&self, url: &Url, request: RequestBuilder) -> Result<Response, PullError> {
        self.remote.reach.check(url)?;
        let request = match &self.remote.credentials {
            Credentials::Basic { user, password } => request.basic_auth(user, Some(password)),
            Credentials::Bearer { token } => request.bearer_auth(token),
            Credentials::Key { key } => request.header(header::AUTHORIZATION, sensitive(key)?),
            Credentials::Nothing | Credentials::Certificate { .. } => request,
        };
        let mut response = request.send().await.map_err(|error| broken(url, &error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        if status.is_success() {
            return Ok(response);
        }
        if let Some(to) = headers.get(header::LOCATION).filter(|_| status.is_redirection()) {
            let to = self.remote.credentials.left_out_of(&String::from_utf8_lossy(to.as_bytes()));
            return Err(PullError::Redirected { url: shown(url), to });
        }
        let after = retry_after(&headers, self.now());
        match (status, after) {
            (StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE, after) => {
                Err(PullError::Busy {
                    url: shown(url),
                    status: status.as_u16(),
                    after: after.unwrap_or_default(),
                })
            }
            _ => {
                let text = body(url, &mut response, REASON_BYTES_MAX).await.unwrap_or_default();
                let (url, status) = (shown(url), status.as_u16());
                let text = self.remote.credentials.left_out_of(&String::from_utf8_lossy(&text));
                let reason = stated_reason(text.as_bytes());
                Err(PullError::Refused { url, status, reason })
            }
        }
    }
}

/// A header's value that is kept out of logs.
fn sensitive(key: &str) -> Result<HeaderValue, PullError> {
    let mut value = HeaderValue::from_str(key).map_err(|_| PullError::Unusable {
        what: "the key can't be used: it holds what no header can".to_owned(),
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// A URL without what may be secret in it.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // A URL that can't have a password has none.
    let _has_none = url.set_password(None);
    let _has_none = url.set_username("");
    url.to_string()
}

/// A client: one provider of TLS, waits that end, redirections on the same host alone.
fn client(limits: &Limits) -> ClientBuilder {
    // The binary has installed its provider; whoever asks without the binary gets the same.
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        let _another_thread_was_first = rustls::crypto::ring::default_provider().install_default();
    }
    Client::builder()
        .user_agent(concat!("bongsu/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(limits.connect_timeout)
        .read_timeout(limits.read_timeout)
        .timeout(limits.answer_timeout)
        .redirect(Policy::custom(redirect))
}

fn redirect(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let Some(from) = attempt.previous().first() else { return attempt.stop() };
    if attempt.previous().len() <= REDIRECTS_MAX && stays(from, attempt.url()) {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

/// Whether a redirection stays on the host and does not give encryption up.
fn stays(from: &Url, to: &Url) -> bool {
    let same_port = from.port_or_known_default() == to.port_or_known_default();
    let becomes_tls = from.scheme() == "http" && to.scheme() == "https";
    from.host() == to.host() && (from.scheme() == to.scheme() && same_port || becomes_tls)
}

async fn body(url: &Url, response: &mut Response, limit_bytes: usize) -> Result<Vec<u8>, PullError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| broken(url, &error))? {
        if chunk.len() > limit_bytes.saturating_sub(body.len()) {
            return Err(PullError::TooLarge { url: shown(url), limit_bytes });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn broken(url: &Url, error: &reqwest::Error) -> PullError {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(PullError::NotPublic { host, why }) = error.downcast_ref() {
            return PullError::NotPublic { host: host.clone(), why: why.clone() };
        }
        cause = error.source();
    }
    PullError::Unreachable { url: shown(url), why: reason(error) }
}

/// An error with what caused it, without the URL.
fn reason(error: &reqwest::Error) -> String {
    let mut causes = vec![];
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    match causes.last() {
        _ if error.is_timeout() => "it took too long".to_owned(),
        Some(cause) => cause.clone(),
        None => error.to_string(),
    }
}

/// What an error's body says: the specification's error object (TAXII 2.1, 3.6.1), or the beginning of a text.
fn stated_reason(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let object: Option<serde_json::Value> = serde_json::from_str(&text).ok();
    let stated = object.as_ref().and_then(|object| {
        let property = |name: &str| object.get(name)?.as_str().map(str::to_owned);
        let parts: Vec<String> = [property("title"), property("description")].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(": "))
    });
    let is_page = text.trim_start().starts_with('<');
    let reason = stated.unwrap_or_else(|| if is_page { String::new() } else { text.into_owned() });
    reason.chars().filter(|character| !character.is_control()).take(REASON_CHARS_MAX).collect()
}

/// For how long a server asks to be left alone, in either form. Source: RFC 9110, section 10.2.3.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(value).ok()?;
    let now = u64::try_from(now.micros()).ok().map(Duration::from_micros)?;
    Some(at.duration_since(SystemTime::UNIX_EPOCH + now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_says_how_long_to_wait_in_seconds_or_as_a_date() {
        let now = Timestamp::parse("2026-11-24T12:00:00Z").unwrap();
        let asked = |value: &str| {
            retry_after(&HeaderMap::from_iter([(header::RETRY_AFTER, value.parse().unwrap())]), now)
        };
        assert_eq!(asked("120"), Some(Duration::from_secs(120)));
        assert_eq!(asked("Tue, 24 Nov 2026 12:00:30 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(asked("Tue, 24 Nov 2026 11:00:30 GMT"), Some(Duration::ZERO), "it has passed");
        for bad in ["", "-1", "soon", "1e9"] {
            assert_eq!(asked(bad), None, "{bad}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn a_redirection_stays_on_its_host() {
        let stays = |from: &str, to: &str| stays(&from.parse().unwrap(), &to.parse().unwrap());
        assert!(stays("https://a.example/x", "https://a.example/x/"));
        assert!(stays("http://a.example/x", "https://a.example/x"));
        for to in ["https://b.example/", "http://a.example/", "https://a.example:8443/", "https://127.0.0.1/"]
        {
            assert!(!stays("https://a.example/", to), "{to}");
        }
    }

    #[test]
    fn a_reason_is_short_and_no_page() {
        assert_eq!(
            stated_reason(br#"{"title":"No","description":"Ask the operator"}"#),
            "No: Ask the operator"
        );
        assert_eq!(stated_reason(b"<!doctype html><title>No</title>"), "");
        assert_eq!(
            stated_reason("\u{1b}[31mno\n".repeat(1_000).as_bytes()).chars().count(),
            REASON_CHARS_MAX
        );
    }

    #[test]
    fn what_is_logged_holds_no_secret() {
        let credentials = Credentials::Basic { user: "u".to_owned(), password: "secret".to_owned() };
        assert_eq!(format!("{credentials:?}"), "Basic");
        assert_eq!(shown(&"https://u:secret@a.example/x".parse().unwrap()), "https://a.example/x");
    }
}
