//! The configuration: one file in TOML, overridden by `BONGSU__SECTION__KEY` in the environment.
//!
//! One struct per concern, each with a default that is safe: loopback only, nothing open, durability not
//! adjustable. Unknown keys are errors that show their line. It is read and checked once, here; the rooms
//! get the values that they need, never the file.

mod database;
mod exposure;
mod guard;
mod http;
mod mail;
mod monitor;
mod oidc;
mod overlay;
mod people;
mod privacy;
mod private;
mod push;
mod region;
mod source;
mod transparency;

pub(crate) use self::http::Http;
pub(crate) use database::Database;
pub(crate) use exposure::Exposure;
pub(crate) use guard::Guard;
pub(crate) use mail::{Mail, MailTls};
pub(crate) use monitor::{Monitor, Quota, Telemetry};
pub(crate) use oidc::Oidc;
pub(crate) use people::People;
pub(crate) use privacy::Privacy;
pub(crate) use private::Private;
pub(crate) use push::Push;
pub(crate) use region::{Region, Table as IndexTable};
pub(crate) use source::{Auth, Kind, Source};
pub(crate) use transparency::Transparency;

use crate::exit::Failure;
use deliver::mail::is_address as is_mail_address;
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// The commented configuration file that `bongsu init` writes; its values are the defaults.
pub(crate) const TEMPLATE: &str = include_str!("template.toml");

/// Everything that can be configured.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub node: Node,
    pub database: Database,
    pub http: Http,
    pub dns: Dns,
    pub web: Web,
    pub people: People,
    pub oidc: Oidc,
    pub pace: Pace,
    pub quota: Quota,
    pub guard: Guard,
    pub recall: Recall,
    pub test: Test,
    pub deliver: Deliver,
    pub advisory: Advisory,
    pub push: Push,
    pub mail: Mail,
    pub private: Private,
    pub exposure: Exposure,
    pub region: Region,
    pub transparency: Transparency,
    pub privacy: Privacy,
    pub monitor: Monitor,
    pub telemetry: Telemetry,
    pub log: Log,
    /// Whom the node pulls from.
    #[serde(rename = "source")]
    pub sources: Vec<Source>,
}

/// Who the node is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Node {
    /// Handle of the member that imports and shares when `--as` is not given.
    pub member: String,
}

/// The DNS server, which hands out response-policy zones.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Dns {
    /// Whether it runs.
    pub enabled: bool,
    /// Address and port (TCP and UDP); port 0 takes a free one.
    pub listen: SocketAddr,
    /// Address and port for DNS over TLS, with the certificate of the HTTP server; none unless it is set.
    pub tls_listen: Option<SocketAddr>,
    /// Name under which the zones stand: a member's zone is `HANDLE.ORIGIN`.
    pub origin: String,
}

impl Dns {
    /// The origin without a last dot.
    pub(crate) fn origin(&self) -> &str {
        self.origin.trim_end_matches('.')
    }
}

impl Default for Dns {
    fn default() -> Self {
        Self {
            enabled: true,
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8453),
            tls_listen: None,
            origin: "rpz.bongsu".to_owned(),
        }
    }
}

/// The pages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Web {
    /// Show the operator's pages without log-in to callers on this machine. For demos.
    pub open_on_loopback: bool,
}

/// How fast requests may come, also where all is right with them; 0 is no limit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Pace {
    /// Requests per second of one credential, or of one person's sessions.
    pub credential_per_s: u32,
    /// Requests per second from one address.
    pub address_per_s: u32,
}

impl Default for Pace {
    fn default() -> Self {
        let web::auth::Paces { credential_per_s, address_per_s } = web::auth::Paces::default();
        Self { credential_per_s, address_per_s }
    }
}

impl Pace {
    /// The same for the log-in.
    pub(crate) const fn paces(&self) -> web::auth::Paces {
        web::auth::Paces { credential_per_s: self.credential_per_s, address_per_s: self.address_per_s }
    }
}

/// How long a recall may take until it is overdue.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Recall {
    /// Hours for what people read.
    pub people_hours: u32,
    /// Hours for what systems fetch.
    pub systems_hours: u32,
}

impl Default for Recall {
    fn default() -> Self {
        let gate::Patience { people_hours, systems_hours } = gate::Patience::default();
        Self { people_hours, systems_hours }
    }
}

impl Recall {
    /// Hours for which a recall is looked at: thirty days. One that is not overdue by then would never be told.
    pub(crate) const LOOKED_AT_HOURS: u32 = 720;

    pub(crate) fn patience(&self) -> gate::Patience {
        gate::Patience { people_hours: self.people_hours, systems_hours: self.systems_hours }
    }

    fn check(&self) -> Result<(), Failure> {
        let hours = [("people_hours", self.people_hours), ("systems_hours", self.systems_hours)];
        match hours.into_iter().find(|(_, hours)| *hours >= Self::LOOKED_AT_HOURS) {
            Some((name, hours)) => Err(Failure::usage(format!(
                "recall.{name} is {hours}, but a recall is looked at for {} hours: nobody would be told of it",
                Self::LOOKED_AT_HOURS
            ))),
            None => Ok(()),
        }
    }
}

/// Tests of members' levels.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Test {
    /// A domain with a wildcard address record, under which test names stand.
    pub domain: Option<String>,
}

impl Test {
    /// Whether the guard would let the test entry pass; what it says if not.
    fn check(&self) -> Result<(), Failure> {
        let Some(domain) = &self.domain else { return Ok(()) };
        let unfit = |why: String| {
            Failure::usage(format!("test.domain is `{domain}`: {why}"))
                .hint("name a domain of yours with a wildcard address record, such as test.example.org with *.test.example.org")
        };
        let name = deliver::level_up::entry::name(domain);
        let value = watch::normalise(watch::Kind::Domain, &name).map_err(|error| unfit(error.to_string()))?;
        if value.text() != name {
            return Err(unfit(format!("write it as {}", value.text().replacen("refuse.", "", 1))));
        }
        let (guard, _) = watch::Guard::new::<&str>(watch::Lists::builtin(), &[]);
        let context = watch::Context::new(stix::Timestamp::MIN, 0);
        guard.check(&value, &context).map_err(|hold| unfit(hold.to_string()))
    }
}

/// What members get.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Deliver {
    /// File with more devices and what they hold, or other figures for known ones.
    pub devices: Option<PathBuf>,
}

/// Advisories for people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Advisory {
    /// Mail address for answers, from which mails come as well.
    pub reply_to: Option<String>,
    /// Font files for PDF; those of the system unless they are named.
    pub fonts: Vec<PathBuf>,
}

/// Logs, on standard error.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,bongsu_exchange=debug`.
    pub level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".to_owned() }
    }
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Text,
    Json,
}

impl Config {
    /// Reads the configuration: `file` if given (it must exist), else `bongsu.toml` in `data` if it exists.
    ///
    /// # Errors
    /// When the file can't be read, is not TOML, has an unknown key, or a value that makes no sense; the
    /// message shows file and line, or the variable.
    pub(crate) fn read(
        file: Option<&Path>,
        data: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Failure> {
        let own = data.join("bongsu.toml");
        let path = match file {
            Some(file) => Some(file),
            None => own.exists().then_some(own.as_path()),
        };
        let text = match path {
            Some(path) => std::fs::read_to_string(path).map_err(|error| {
                Failure::usage(format!("the configuration file {} can't be read: {error}", path.display()))
            })?,
            None => String::new(),
        };
        let in_file = |failure: Failure| match path {
            Some(path) => Failure { message: format!("{}: {}", path.display(), failure.message), ..failure },
            None => failure,
        };
        let (file, table) = overlay::file(&text).map_err(in_file)?;
        let config = overlay::lay(file, table, environment)?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), Failure> {
        let http = &self.http;
        http.check()?;
        if self.dns.tls_listen.is_some() && http.tls_cert.is_none() {
            return Err(Failure::usage("dns.tls_listen is set without a certificate")
                .hint("set http.tls_cert and http.tls_key: DNS over TLS shows the same certificate"));
        }
        if let Some(address) = &self.advisory.reply_to
            && !is_mail_address(address)
        {
            return Err(Failure::usage(format!("advisory.reply_to is `{address}`: that is no mail address"))
                .hint("name it alone, without a person's name: cert@bongsu.example"));
        }
        self.mail.check()?;
        self.database.check()?;
        self.monitor.check()?;
        self.telemetry.check()?;
        self.people.check()?;
        self.oidc.check(http)?;
        self.private.check()?;
        self.exposure.check()?;
        self.region.check()?;
        self.transparency.check()?;
        self.privacy.check()?;
        self.recall.check()?;
        source::check(&self.sources)?;
        self.test.check()?;
        self.guard.check()?;
        if self.web.open_on_loopback && !http.listen.ip().is_loopback() {
            return Err(Failure::usage(format!(
                "web.open_on_loopback is set, but http.listen is {}: behind a proxy, everybody comes from this machine",
                http.listen
            ))
            .hint("listen on 127.0.0.1 or [::1], or turn web.open_on_loopback off"));
        }
        if self.web.open_on_loopback && http.tls_ends_at_proxy {
            return Err(Failure::usage(
                "web.open_on_loopback is set, and http.tls_ends_at_proxy too: behind the proxy, everybody comes from this machine",
            )
            .hint("turn one of them off"));
        }
        if self.web.open_on_loopback && !http.trusted_proxies.is_empty() {
            return Err(Failure::usage(
                "web.open_on_loopback is set, and http.trusted_proxies too: what a proxy hands on does not come from this machine",
            )
            .hint("turn one of them off"));
        }
        Ok(())
    }
}

/// Reads a part of a configuration, such as documentation shows.
#[cfg(test)]
pub(crate) fn read_text(text: &str) -> Result<Config, Failure> {
    overlay::file(text).map(|(config, _)| config)
}

#[cfg(test)]
mod tests {
    use super::{Config, TEMPLATE};
    use std::path::Path;

    #[test]
    fn the_template_says_the_defaults() {
        assert_eq!(toml::from_str::<Config>(TEMPLATE).unwrap(), Config::default());
        let all: String = TEMPLATE
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(key) if key.contains(" = ") && !key.starts_with(char::is_uppercase) => {
                    format!("{key}\n")
                }
                Some(table) if table.starts_with('[') => format!("{table}\n"),
                _ => format!("{line}\n"),
            })
            .collect();
        let shown = toml::from_str::<Config>(&all);
        let shown = shown.unwrap_or_else(|error| panic!("a commented key is not a key: {error}"));
        assert_eq!(shown.sources.len(), 1);
    }

    fn message(text: &str) -> String {
        super::overlay::file(text).unwrap_err().message
    }

    #[test]
    fn an_unknown_key_is_shown_with_its_line() {
        let said = message("[http]\nlisten = \"127.0.0.1:1\"\nlissten = 3\n");
        assert!(said.contains("line 3") && said.contains("lissten"), "{said}");
        assert!(message("[htp]\n").contains("line 1"));
        assert!(message("[http]\nlisten = 80\n").contains("line 2"));
        assert!(message("[http\n").contains("line 1"));
    }

    #[test]
    fn the_environment_overrides_the_file() {
        let set = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            let (file, table) =
                super::overlay::file("[http]\nconnections_max = 5\n[log]\nlevel = \"warn\"\n").unwrap();
            super::overlay::lay(file, table, pairs)
        };
        let config = set(&[
            ("BONGSU__HTTP__CONNECTIONS_MAX", "7"),
            ("BONGSU__LOG__FORMAT", "json"),
            ("BONGSU__WEB__OPEN_ON_LOOPBACK", "true"),
            ("BONGSU__NODE__MEMBER", "7"),
            ("BONGSU_DATA", "elsewhere"),
            ("HOME", "/root"),
        ])
        .unwrap();
        assert_eq!(config.http.connections_max, 7);
        assert_eq!(config.log.format, super::LogFormat::Json);
        assert_eq!(config.log.level, "warn");
        assert!(config.web.open_on_loopback);
        assert_eq!(config.node.member, "7", "a handle may be all digits");
        let said = set(&[("BONGSU__HTTP__CONNECTIONS", "7")]).unwrap_err().message;
        assert!(said.contains("BONGSU__HTTP__CONNECTIONS"), "{said}");
        let said = set(&[("BONGSU__HTTP__CONNECTIONS_MAX", "many")]).unwrap_err().message;
        assert!(said.contains("BONGSU__HTTP__CONNECTIONS_MAX"), "{said}");
        assert!(set(&[("BONGSU__HTTP", "7")]).is_err());
        let several = set(&[
            ("BONGSU__PEOPLE__SECOND_FACTOR", "[\"administrator\", \"releaser\"]"),
            ("BONGSU__HTTP__LISTEN", "[::1]:8400"),
            ("BONGSU__NODE__MEMBER", "[x"),
        ])
        .unwrap();
        assert_eq!(several.people.second_factor.len(), 2, "a list is written as in the file");
        assert_eq!((several.http.listen.port(), several.node.member.as_str()), (8_400, "[x"));
    }

    #[test]
    fn a_missing_file_is_an_error_only_when_it_was_named() {
        let nowhere = Path::new("/nonexistent");
        assert_eq!(Config::read(None, nowhere, []).unwrap(), Config::default());
        let failure = Config::read(Some(&nowhere.join("x.toml")), nowhere, []).unwrap_err();
        assert_eq!(failure.exit, crate::exit::Exit::Usage);
    }

    #[test]
    fn values_that_contradict_each_other_are_refused() {
        let check = |text: &str| toml::from_str::<Config>(text).unwrap().check().is_err();
        assert!(check("[http]\ntls_cert = \"a.pem\""));
        assert!(check("[http]\ntls_client_ca = \"a.pem\""));
        assert!(check("[http]\ntls_cert = \"a\"\ntls_key = \"b\"\ntls_client_crl = \"c.pem\""));
        assert!(check("[http]\nlisten = \"0.0.0.0:80\"\n[web]\nopen_on_loopback = true"));
        assert!(check("[http]\ntls_ends_at_proxy = true\n[web]\nopen_on_loopback = true"));
        assert!(check("[dns]\ntls_listen = \"127.0.0.1:853\""));
        for url in ["tower.example", "ftp://tower.example", "https://tower.example/?a", "https://", "/d"] {
            assert!(check(&format!("[http]\npublic_url = \"{url}\"")), "{url}");
        }
        assert!(!check("[http]\npublic_url = \"https://tower.example:8443/bongsu/\""));
        assert!(check("[advisory]\nreply_to = \"Duty desk <cert@tower.example>\""));
        assert!(!check("[advisory]\nreply_to = \"cert@tower.example\""));
        assert!(check("[http]\nconnections_max = 0"));
        assert!(check("[http]\nheader_timeout_s = 0"));
        for domain in ["", "example.com", "Test.k3.top", "a b.top", "google.com"] {
            assert!(check(&format!("[test]\ndomain = \"{domain}\"")), "{domain}");
        }
        assert!(!check("[test]\ndomain = \"test.k3.top\""));
        assert!(check("[recall]\npeople_hours = 720") && !check("[recall]\npeople_hours = 719"));
        assert!(check("[guard]\nstep_window_s = 0"));
        for bad in
            ["kinds = [\"colour\"]", "rotate_days = 0", "overlap_days = 31", "burst = 1000", "per_hour = 0"]
        {
            assert!(check(&format!("[private]\n{bad}")), "{bad}");
        }
        assert!(!check("[private]\nkinds = [\"wallet\"]\noverlap_days = 30\nburst = 1024"));
        assert!(check("[guard.decay.ipv9]\ndecay = 1"));
        assert!(check("[transparency]\nevery_s = 0"));
        assert!(check("[privacy]\naccesses_days = 0"));
        assert!(check("[[transparency.witness]]\nurl = \"https://w.example\"\nkey = \"w\""));
        assert!(check("[[transparency.witness_for]]\nkey = \"tower.example\""));
        assert!(check("[guard.decay.ipv4]\ndecay = 0"));
        assert!(check("[guard.decay.ipv4]\nmodel = \"a.json\"\ndecay = 1"));
        assert!(check("[[guard.off]]\nlist = \"Top 10\"\nreason = \" \""));
    }
}
