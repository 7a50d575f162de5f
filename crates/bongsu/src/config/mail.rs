//! The mail server that takes what the node sends.

use crate::exit::Failure;
use serde::Deserialize;
use std::path::PathBuf;

/// Mail. Without a host, none is sent.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Mail {
    /// Name of the mail server.
    pub host: Option<String>,
    /// Its port.
    pub port: u16,
    /// How the way to it is kept from others.
    pub tls: MailTls,
    /// User, if it wants one.
    pub user: Option<String>,
    /// Password; better in a file, or in the environment.
    pub password: Option<String>,
    /// File with the password, which is read at the start.
    pub password_file: Option<PathBuf>,
    /// Address that mails come from.
    pub from: String,
    /// Address that answers go to.
    pub reply_to: Option<String>,
    /// Authority that is trusted for the server's certificate instead of the system's, PEM.
    pub ca_file: Option<PathBuf>,
    /// Seconds in which the server must take a mail.
    pub timeout_s: u64,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            host: None,
            port: 587,
            tls: MailTls::Starttls,
            user: None,
            password: None,
            password_file: None,
            from: String::new(),
            reply_to: None,
            ca_file: None,
            timeout_s: 60,
        }
    }
}

// The password stays out of logs.
impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail").field("host", &self.host).field("from", &self.from).finish_non_exhaustive()
    }
}

/// How the way to the mail server is kept from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MailTls {
    /// TLS begun after a greeting.
    Starttls,
    /// TLS from the first byte.
    Implicit,
    /// No TLS, on this machine alone.
    None,
}

impl Mail {
    /// The bare address that answers go to, if there is a mail server.
    pub(crate) fn answers_to(&self) -> Option<String> {
        self.host.as_ref()?;
        let text = self.reply_to.as_deref().unwrap_or(&self.from);
        deliver::mail::mailbox(text).ok().map(|mailbox| mailbox.email.to_string())
    }

    /// Checks what the form alone does not say.
    ///
    /// # Errors
    /// What makes no sense.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let Some(host) = &self.host else { return Ok(()) };
        let is_here = host == "localhost"
            || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        match () {
            () if self.tls == MailTls::None && !is_here => Err(Failure::usage(format!(
                "mail.tls is none, but mail.host is {host}: mails would go over the network for all to read"
            ))
            .hint("use starttls or implicit")),
            () if deliver::mail::mailbox(&self.from).is_err() => {
                Err(Failure::usage("mail.from is no address")
                    .hint("such as from = \"bongsu@tower.example.org\""))
            }
            () if self.reply_to.as_deref().is_some_and(|to| deliver::mail::mailbox(to).is_err()) => {
                Err(Failure::usage("mail.reply_to is no address"))
            }
            () if self.user.is_some() && self.password.is_none() && self.password_file.is_none() => {
                Err(Failure::usage("mail.user is set without a password")
                    .hint("set mail.password_file, or BONGSU__MAIL__PASSWORD in the environment"))
            }
            () if self.timeout_s == 0 => Err(Failure::usage("mail.timeout_s is 0: no mail would ever go")),
            () => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn mail_is_for_this_machine_or_encrypted() {
        let check = |text: &str| {
            let config =
                toml::from_str::<Config>(&format!("[mail]\n{text}")).map_err(|error| error.to_string())?;
            config.check().map_err(|failure| failure.message)
        };
        let from = "from = \"a@b.example\"";
        for good in ["", "host = \"mx.example\"", "host = \"127.0.0.1\"\ntls = \"none\""] {
            assert_eq!(check(&format!("{good}\n{from}")), Ok(()), "{good}");
        }
        for bad in ["tls = \"none\"", "user = \"u\"", "timeout_s = 0", "reply_to = \"x\"", "tls = \"ssl\""] {
            assert!(check(&format!("host = \"mx.example\"\n{bad}\n{from}")).is_err(), "{bad}");
        }
        assert!(check("host = \"mx.example\"").is_err(), "no from");
    }
}
