//! Log-in at a provider that a node's operator names: OpenID Connect Core 1.0, the code flow (3.1), with PKCE (RFC 7636), and
//! the provider's name in its answer (RFC 9207).
//!
//! [`Oidc::begin`] gives the address to which a browser is sent, [`Oidc::end`] takes what it brings back, and says whom the
//! provider names. What is between them waits in memory, is bound to the browser that began, and counts once. The provider is
//! the operator's choice and may be at any address, but is not followed elsewhere: a redirection is an error.

mod ask;
mod flow;
mod token;

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use policy::Bound;
use policy::person::SUBJECT_CHARS_MAX;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use stix::Timestamp;

use super::shared::{Now, Spent};
use ask::{Asker, encoded};
pub(crate) use flow::Flow;
use flow::Flows;
use token::{Expected, Keys};

/// How long what a provider says of itself, and its keys, are taken to be so.
const KNOWN_FOR: Duration = Duration::from_secs(600);
/// Characters of a code, and of a state, that are looked at.
const CODE_CHARS_MAX: usize = 4_096;
/// Where the provider sends browsers back to.
pub(crate) const BACK: &str = "/login/oidc/callback";

/// What an operator says of the provider.
#[derive(Clone)]
pub struct Settings {
    /// Its name, as it names itself: an https URL without a query.
    pub issuer: String,
    /// This node's name there.
    pub client: String,
    /// What shows that it is this node that asks; `None` for a client without a secret.
    pub secret: Option<String>,
    /// What people call it.
    pub name: String,
    /// The claim that names people.
    pub claim: String,
    /// Classes of log-in (`acr`) that are asked for, of which the token must name one; any if there is none.
    pub acr: Vec<String>,
    /// Methods of log-in (`amr`), of which the token must name one; any if there is none.
    pub amr: Vec<String>,
    /// Where browsers reach this node.
    pub public_url: String,
    /// Authorities that are trusted instead of the system's, PEM.
    pub authorities: Option<Vec<u8>>,
}

// The secret stays out of logs.
impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("issuer", &self.issuer)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

/// Why nobody was named. The text is for the log; people are told less.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OidcError {
    /// The settings can't be used.
    #[error("the provider can't be asked: {0}")]
    Unusable(String),
    /// It can't be reached, or does not answer as it should.
    #[error("{url}: {what}")]
    Answer {
        /// What was asked.
        url: String,
        /// What is wrong with the answer.
        what: String,
    },
    /// What it says of itself does not fit.
    #[error("the provider's metadata: {0}")]
    Metadata(&'static str),
    /// What a browser brought back belongs to nothing that it began, or not any more.
    #[error("the state is unknown, used, too old, or another browser's")]
    State,
    /// The answer is another provider's.
    #[error("the answer names another issuer, or none where this one always does")]
    Issuer,
    /// The provider refused.
    #[error("the provider refused: {0}")]
    Refused(String),
    /// The token does not hold.
    #[error("the ID token: {0}")]
    Token(#[from] token::Fault),
    /// There are no random bytes.
    #[error("the system gives no random bytes")]
    NoChance,
}

impl OidcError {
    /// Whether the provider is to blame, and not what a browser brought.
    pub(crate) const fn is_provider(&self) -> bool {
        matches!(self, Self::Unusable(_) | Self::Answer { .. } | Self::Metadata(_))
    }

    /// Whether somebody has logged in there, but not as well as is demanded.
    pub(crate) const fn is_weak(&self) -> bool {
        matches!(self, Self::Token(token::Fault::Weak))
    }
}

/// What a provider says of itself. Source: OpenID Connect Discovery 1.0, section 3; RFC 9207, section 3.
#[derive(Debug, Deserialize)]
struct Provider {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// What a browser brought back.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Brought {
    pub(crate) state: String,
    pub(crate) code: String,
    pub(crate) iss: Option<String>,
    pub(crate) error: Option<String>,
}

/// One provider, and the log-ins that are under way there.
pub struct Oidc {
    settings: Settings,
    asker: Asker,
    provider: Mutex<Option<(Arc<Provider>, Instant)>>,
    keys: Mutex<Option<(Arc<Keys>, Instant)>>,
    flows: Flows,
}

impl Oidc {
    /// Makes ready to ask; nothing is asked yet.
    ///
    /// # Errors
    /// [`OidcError::Unusable`].
    pub fn new(settings: Settings) -> Result<Self, OidcError> {
        let asker = Asker::new(settings.authorities.as_deref())?;
        let (provider, keys) = (Mutex::default(), Mutex::default());
        Ok(Self { settings, asker, provider, keys, flows: Flows::default() })
    }

    /// The same, with the log-ins that were begun at any of the nodes that serve beside a database.
    pub(crate) fn share(&mut self, spent: Spent, now: Now) {
        self.flows.share(spent, now);
    }

    /// What people call the provider.
    pub(crate) fn name(&self) -> &str {
        &self.settings.name
    }

    fn back(&self) -> String {
        format!("{}{BACK}", self.settings.public_url.trim_end_matches('/'))
    }

    /// Begins a log-in of the browser that shows `bound`. Gives the address to which it is sent.
    ///
    /// # Errors
    /// [`OidcError`]: the provider can't be reached, or there is no chance.
    pub(crate) async fn begin(
        &self,
        chance: super::Chance,
        bound: &str,
        to: String,
        invitation: Option<String>,
    ) -> Result<String, OidcError> {
        let provider = self.provider().await?;
        let draw = || chance().map(|drawn| URL_SAFE_NO_PAD.encode(drawn)).ok_or(OidcError::NoChance);
        let (state, nonce, verifier) = (draw()?, draw()?, draw()?);
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        let scope = match self.settings.claim.as_str() {
            "email" => "openid email",
            "sub" => "openid",
            _ => "openid profile",
        };
        let (back, classes) = (self.back(), self.settings.acr.join(" "));
        let mut asked = vec![
            ("response_type", "code"),
            ("client_id", self.settings.client.as_str()),
            ("redirect_uri", back.as_str()),
            ("scope", scope),
            ("state", state.as_str()),
            ("nonce", nonce.as_str()),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        if !classes.is_empty() {
            asked.push(("acr_values", classes.as_str()));
        }
        let at = &provider.authorization_endpoint;
        let url = format!("{at}{}{}", if at.contains('?') { '&' } else { '?' }, encoded(&asked));
        self.flows.begin(&state, Flow::new(bound, nonce, verifier, to, invitation), Instant::now());
        Ok(url)
    }

    /// Ends a log-in with what the browser that shows `bound` brought back: whom the provider names, and for what it was begun.
    ///
    /// # Errors
    /// [`OidcError`]: nobody is named.
    pub(crate) async fn end(
        &self,
        bound: &str,
        brought: &Brought,
        now: Timestamp,
    ) -> Result<(Bound, Flow), OidcError> {
        if brought.state.len() > CODE_CHARS_MAX || brought.code.len() > CODE_CHARS_MAX {
            return Err(OidcError::State);
        }
        let flow = self.flows.take(&brought.state, bound, Instant::now()).ok_or(OidcError::State)?;
        let provider = self.provider().await?;
        match &brought.iss {
            Some(iss) if *iss != provider.issuer => return Err(OidcError::Issuer),
            None if provider.authorization_response_iss_parameter_supported => return Err(OidcError::Issuer),
            _ => {}
        }
        if let Some(error) = &brought.error {
            return Err(OidcError::Refused(error.chars().filter(|c| !c.is_control()).take(80).collect()));
        }
        let token = self.exchange(&provider, &brought.code, flow.verifier()).await?;
        let expected = Expected {
            issuer: &provider.issuer,
            client: &self.settings.client,
            nonce: flow.nonce(),
            acr: &self.settings.acr,
            amr: &self.settings.amr,
            now_s: now.micros().div_euclid(1_000_000),
        };
        let keys = self.keys(&provider, false).await?;
        let claims = match token::check(&token, &keys, &expected) {
            // Providers change their keys; whoever made this flow end got the token from the provider itself.
            Err(token::Fault::NoKey) => {
                let keys = self.keys(&provider, true).await?;
                token::check(&token, &keys, &expected)?
            }
            checked => checked?,
        };
        Ok((Bound { issuer: provider.issuer.clone(), subject: self.subject(&claims)? }, flow))
    }

    /// Whom the claims name.
    fn subject(&self, claims: &serde_json::Map<String, Value>) -> Result<String, OidcError> {
        let claim = self.settings.claim.as_str();
        // An address that anybody may claim names nobody.
        if claim == "email" && claims.get("email_verified") != Some(&Value::Bool(true)) {
            return Err(token::Fault::Unnamed.into());
        }
        let named = claims.get(claim).and_then(Value::as_str);
        let named = named.filter(|named| is_subject(named)).ok_or(token::Fault::Unnamed)?;
        Ok(named.to_owned())
    }

    async fn provider(&self) -> Result<Arc<Provider>, OidcError> {
        if let Some((provider, at)) = &*self.provider.lock()
            && at.elapsed() < KNOWN_FOR
        {
            return Ok(Arc::clone(provider));
        }
        let issuer = &self.settings.issuer;
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let provider: Provider = self.asker.get(&url).await?;
        if provider.issuer != *issuer {
            return Err(OidcError::Metadata("it names another issuer than the configuration"));
        }
        let open = |url: &String| !url.starts_with("https://");
        let urls = [&provider.authorization_endpoint, &provider.token_endpoint, &provider.jwks_uri];
        if issuer.starts_with("https://") && urls.into_iter().any(open) {
            return Err(OidcError::Metadata("an endpoint is not under https"));
        }
        let provider = Arc::new(provider);
        *self.provider.lock() = Some((Arc::clone(&provider), Instant::now()));
        Ok(provider)
    }

    async fn keys(&self, provider: &Provider, anew: bool) -> Result<Arc<Keys>, OidcError> {
        if let Some((keys, at)) = &*self.keys.lock()
            && !anew
            && at.elapsed() < KNOWN_FOR
        {
            return Ok(Arc::clone(keys));
        }
        let keys = Arc::new(Keys::of(&self.asker.get(&provider.jwks_uri).await?));
        *self.keys.lock() = Some((Arc::clone(&keys), Instant::now()));
        Ok(keys)
    }

    /// The ID token for a code. Source: OpenID Connect Core 1.0, 3.1.3; RFC 6749, 2.3.1 and 4.1.3.
    async fn exchange(&self, provider: &Provider, code: &str, verifier: &str) -> Result<String, OidcError> {
        #[derive(Deserialize)]
        struct Given {
            id_token: String,
        }
        let (back, client) = (self.back(), self.settings.client.as_str());
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", back.as_str()),
            ("code_verifier", verifier),
        ];
        let methods = provider.token_endpoint_auth_methods_supported.as_deref();
        let takes = |method: &str| methods.is_some_and(|methods| methods.iter().any(|known| known == method));
        let mut basic = None;
        match self.settings.secret.as_deref() {
            None => form.push(("client_id", client)),
            // The default is Basic, where a provider names no methods.
            Some(secret) if takes("client_secret_post") && !takes("client_secret_basic") => {
                form.extend([("client_id", client), ("client_secret", secret)]);
            }
            Some(secret) => basic = Some((client, secret)),
        }
        let given: Given = self.asker.post(&provider.token_endpoint, &form, basic).await?;
        Ok(given.id_token)
    }
}

/// Whether a provider can name somebody so.
#[must_use]
pub fn is_subject(text: &str) -> bool {
    (1..=SUBJECT_CHARS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}
