//! What an operator's own tools see: figures, traces.

use crate::exit::Failure;
use axum::http::Uri;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Bytes of a token that say enough for nobody to guess it.
const TOKEN_CHARS_MIN: usize = 16;

/// Figures for Prometheus, on a listener of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Monitor {
    /// Address and port of `/metrics`; none unless it is set.
    pub listen: Option<SocketAddr>,
    /// File with the token that is to be shown there (`Authorization: Bearer`); needed on other addresses than loopback.
    pub token_file: Option<PathBuf>,
    /// Tell how many records each circle has.
    pub by_circle: bool,
}

impl Monitor {
    pub(super) fn check(&self) -> Result<(), Failure> {
        match self.listen {
            Some(listen) if !listen.ip().is_loopback() && self.token_file.is_none() => Err(Failure::usage(
                format!("monitor.listen is {listen}, and no token protects the figures there"),
            )
            .hint("listen on 127.0.0.1 or [::1], or name a file with a token: monitor.token_file")),
            None if self.token_file.is_some() => {
                Err(Failure::usage("monitor.token_file is set without monitor.listen"))
            }
            _ => Ok(()),
        }
    }

    /// The token, if one is to be shown.
    ///
    /// # Errors
    /// When its file can't be read, or holds none.
    pub(crate) fn token(&self) -> Result<Option<String>, Failure> {
        let Some(path) = &self.token_file else { return Ok(None) };
        let bytes = crate::pull::file(path)?;
        let token = String::from_utf8_lossy(&bytes).trim().to_owned();
        match token.len() < TOKEN_CHARS_MIN || !token.is_ascii() {
            true => Err(Failure::usage(format!(
                "monitor.token_file: {} holds no token of {TOKEN_CHARS_MIN} characters or more",
                path.display()
            ))
            .hint("openssl rand -hex 32 makes one")),
            false => Ok(Some(token)),
        }
    }
}

/// Traces for OpenTelemetry.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Telemetry {
    /// Where a collector takes them over OTLP (HTTP, protobuf); none are sent unless it is set.
    pub otlp: Option<String>,
    /// The part of all traces that is sent: 0 to 1.
    pub share: f64,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { otlp: None, share: 1.0 }
    }
}

impl Telemetry {
    pub(super) fn check(&self) -> Result<(), Failure> {
        if !(0.0..=1.0).contains(&self.share) {
            return Err(Failure::usage(format!("telemetry.share is {}: it goes from 0 to 1", self.share)));
        }
        let Some(otlp) = &self.otlp else { return Ok(()) };
        let uri = otlp.parse::<Uri>().ok();
        let is_address = uri.is_some_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.host().is_some_and(|host| !host.is_empty())
        });
        match is_address {
            true => Ok(()),
            false => {
                Err(Failure::usage(format!("telemetry.otlp is `{otlp}`: that is no address of a server"))
                    .hint("such as http://127.0.0.1:4318/v1/traces"))
            }
        }
    }
}

/// How much members may bring that have no quota of their own; 0 is no limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Quota {
    /// Objects and new versions in a day of UTC.
    pub objects_a_day: u64,
    /// Bytes that are kept of it.
    pub bytes: u64,
}

impl Quota {
    /// The same for the gate.
    pub(crate) fn quota(&self) -> policy::Quota {
        let limit = |most: u64| Some(most).filter(|most| *most > 0);
        policy::Quota { objects_a_day: limit(self.objects_a_day), bytes: limit(self.bytes) }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn refused(text: &str) -> bool {
        toml::from_str::<Config>(text).unwrap().check().is_err()
    }

    #[test]
    fn figures_are_open_on_this_machine_alone() {
        assert!(!refused("[monitor]\nlisten = \"127.0.0.1:9464\""));
        assert!(!refused("[monitor]\nlisten = \"[::1]:9464\""));
        assert!(refused("[monitor]\nlisten = \"0.0.0.0:9464\""));
        assert!(!refused("[monitor]\nlisten = \"0.0.0.0:9464\"\ntoken_file = \"t\""));
        assert!(refused("[monitor]\ntoken_file = \"t\""));
    }

    #[test]
    fn traces_go_to_an_address() {
        assert!(!refused("[telemetry]\notlp = \"http://127.0.0.1:4318/v1/traces\"\nshare = 0.1"));
        assert!(refused("[telemetry]\notlp = \"127.0.0.1:4318\""));
        assert!(refused("[telemetry]\nshare = 1.5"));
    }
}
