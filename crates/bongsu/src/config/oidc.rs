//! The provider at which people may log in (OpenID Connect).

use std::net::IpAddr;
use std::path::PathBuf;

use axum::http::Uri;
use serde::Deserialize;
use web::auth::{Oidc as Provider, OidcSettings};

use super::Http;
use crate::exit::Failure;

/// A secret's bytes.
const SECRET_BYTES_MAX: usize = 4_096;
/// Classes, and methods, of log-in that can be named.
const WAYS_MAX: usize = 20;
/// Characters of one.
const WAY_CHARS_MAX: usize = 255;

/// The provider. Without an issuer, there is none.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Oidc {
    /// Its name, as it names itself: an address under https, without a query.
    pub issuer: Option<String>,
    /// This node's name there.
    pub client_id: String,
    /// File with this node's secret there; none for a client without one.
    pub client_secret_file: Option<PathBuf>,
    /// What the log-in page calls it.
    pub name: String,
    /// The claim that names people.
    pub claim: String,
    /// Classes of log-in of which one is demanded (`acr`), the most wanted first; any if none is named.
    pub acr: Vec<String>,
    /// Methods of log-in of which one is demanded (`amr`); any if none is named.
    pub amr: Vec<String>,
    /// Authorities that are trusted for its certificate instead of the system's, PEM.
    pub ca_file: Option<PathBuf>,
}

impl Default for Oidc {
    fn default() -> Self {
        Self {
            issuer: None,
            client_id: String::new(),
            client_secret_file: None,
            name: "your organisation".to_owned(),
            claim: "sub".to_owned(),
            acr: Vec::new(),
            amr: Vec::new(),
            ca_file: None,
        }
    }
}

impl Oidc {
    pub(super) fn check(&self, http: &Http) -> Result<(), Failure> {
        let Some(issuer) = &self.issuer else { return Ok(()) };
        let uri = issuer.parse::<Uri>().ok().filter(|uri| uri.query().is_none() && !issuer.contains('#'));
        let host =
            uri.as_ref().and_then(Uri::host).map(|host| host.trim_start_matches('[').trim_end_matches(']'));
        let is_here = host.is_some_and(|host| {
            host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        });
        let scheme = uri.as_ref().and_then(Uri::scheme_str);
        match () {
            () if !(host.is_some() && (scheme == Some("https") || scheme == Some("http") && is_here)) => {
                Err(Failure::usage(format!("oidc.issuer is `{issuer}`: that is no address under https"))
                    .hint("name it as the provider does in its metadata, such as https://id.example/realms/cert; http is for this machine alone"))
            }
            () if self.client_id.is_empty() => Err(Failure::usage("oidc.issuer is set without oidc.client_id")
                .hint("register this node at the provider, and name it here as it is called there")),
            () if http.public_url.is_none() => Err(Failure::usage("oidc.issuer is set without http.public_url")
                .hint("the provider sends browsers back to http.public_url + /login/oidc/callback: set it, and register that address there")),
            () if self.name.trim().is_empty() || self.name.chars().count() > 60 || self.name.chars().any(char::is_control) => {
                Err(Failure::usage("oidc.name has 1 to 60 characters: the log-in page shows it"))
            }
            () if self.claim.is_empty() => Err(Failure::usage("oidc.claim is empty: nobody would be named")
                .hint("leave it out for `sub`, which never changes and is never given to another")),
            () => self.check_ways(),
        }
    }

    /// They are asked for in one text, with spaces between them.
    fn check_ways(&self) -> Result<(), Failure> {
        let is_way = |way: &String| {
            (1..=WAY_CHARS_MAX).contains(&way.len()) && way.bytes().all(|byte| byte.is_ascii_graphic())
        };
        for (name, ways) in [("acr", &self.acr), ("amr", &self.amr)] {
            if ways.len() > WAYS_MAX || !ways.iter().all(is_way) {
                return Err(Failure::usage(format!(
                    "oidc.{name} has at most {WAYS_MAX} texts of 1 to {WAY_CHARS_MAX} characters, without spaces"
                ))
                .hint("write them as the provider does in its ID tokens"));
            }
        }
        Ok(())
    }

    /// Makes ready to ask it, if there is one.
    ///
    /// # Errors
    /// When a file can't be read, or what is in it can't be used.
    pub(crate) fn provider(&self, http: &Http) -> Result<Option<Provider>, Failure> {
        let (Some(issuer), Some(public_url)) = (&self.issuer, &http.public_url) else { return Ok(None) };
        let read = |what: &str, path: &PathBuf| {
            std::fs::read(path)
                .map_err(|error| Failure::new(format!("{what}: {} can't be read: {error}", path.display())))
        };
        let secret = match &self.client_secret_file {
            None => None,
            Some(path) => {
                let text = String::from_utf8(read("oidc.client_secret_file", path)?).unwrap_or_default();
                let text = text.trim();
                if text.is_empty() || text.len() > SECRET_BYTES_MAX {
                    return Err(Failure::usage(format!(
                        "oidc.client_secret_file: {} is empty, too long, or no text",
                        path.display()
                    )));
                }
                Some(text.to_owned())
            }
        };
        let authorities = self.ca_file.as_ref().map(|path| read("oidc.ca_file", path)).transpose()?;
        let settings = OidcSettings {
            issuer: issuer.clone(),
            client: self.client_id.clone(),
            secret,
            name: self.name.clone(),
            claim: self.claim.clone(),
            acr: self.acr.clone(),
            amr: self.amr.clone(),
            public_url: public_url.clone(),
            authorities,
        };
        Provider::new(settings).map(Some).map_err(|error| Failure::usage(format!("oidc: {error}")))
    }

    /// Whom the provider names `subject`.
    ///
    /// # Errors
    /// When there is no provider, or nobody can be named so.
    pub(crate) fn bound(&self, subject: &str) -> Result<policy::Bound, Failure> {
        let issuer = self.issuer.clone().ok_or_else(|| {
            Failure::usage("no provider of log-ins is configured")
                .hint("set oidc.issuer first; docs/people.md says how")
        })?;
        if !web::auth::is_subject(subject) {
            return Err(Failure::usage("--oidc is 1 to 255 characters, as the provider names the person"));
        }
        Ok(policy::Bound { issuer, subject: subject.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn a_provider_is_named_in_full_or_not_at_all() {
        let said = |text: &str| {
            let config = toml::from_str::<Config>(text).unwrap();
            config.check().err().map(|failure| failure.message)
        };
        let with = |issuer: &str| {
            format!(
                "[http]\npublic_url = \"https://tower.example\"\n[oidc]\nclient_id = \"tower\"\nissuer = \"{issuer}\""
            )
        };
        for good in [
            "https://id.example",
            "https://id.example/realms/a",
            "http://127.0.0.1:9",
            "http://localhost:9",
            "http://[::1]:9",
        ] {
            assert_eq!(said(&with(good)), None, "{good}");
        }
        for bad in [
            "http://id.example",
            "id.example",
            "https://id.example?x=1",
            "https://id.example#x",
            "ftp://id.example",
            "",
        ] {
            assert!(said(&with(bad)).unwrap().contains("oidc.issuer"), "{bad}");
        }
        assert!(
            said("[oidc]\nissuer = \"https://id.example\"\nclient_id = \"a\"")
                .unwrap()
                .contains("http.public_url")
        );
        assert!(
            said(&with("https://id.example").replace("\"tower\"", "\"\"")).unwrap().contains("client_id")
        );
        assert_eq!(said("[oidc]\nclient_id = \"a\""), None);
        let asked = |more: &str| said(&format!("{}\n{more}", with("https://id.example")));
        assert_eq!(asked("acr = [\"urn:example:mfa\", \"2\"]\namr = [\"otp\"]"), None);
        for bad in ["acr = [\"a b\"]", "amr = [\"\"]", "acr = [\"é\"]"] {
            assert!(asked(bad).is_some_and(|told| told.contains("without spaces")), "{bad}");
        }
    }
}
