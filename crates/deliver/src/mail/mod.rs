//! Mail: how what is said becomes a message, and how that is handed to a mail server.
//!
//! Source: RFC 5321 (SMTP), RFC 3207 (STARTTLS), RFC 8314 section 3 (implicit TLS), RFC 4954 (log-in).

pub(crate) mod message;

use std::time::Duration;

use lettre::address::{Address, Envelope};
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use stix::Timestamp;

use crate::push::NotTaken;
use message::Heads;
pub use message::{Attached, Content, address, is_address, mailbox};

/// Bytes of a message, with what is attached. An advisory has 40 to 200 KB; one with 300 values and all Hangul syllables of
/// its font has 1.4 MB, and a third more as it travels.
pub const MAIL_BYTES_MAX: usize = 2 << 20;

/// How the way to the mail server is kept from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS is begun after a greeting, or there is no mail.
    StartTls,
    /// TLS from the first byte.
    Implicit,
    /// Not at all: for a server on the same machine.
    Nothing,
}

/// The mail server that takes what is sent.
#[derive(Clone)]
pub struct Server {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way to it is kept from others.
    pub security: Security,
    /// User and password, if it wants them.
    pub user: Option<(String, String)>,
    /// Authorities that are trusted for its certificate instead of the system's, PEM of one.
    pub authority: Option<Vec<u8>>,
    /// Time in which it must take a mail.
    pub timeout: Duration,
}

/// Why mail can't be sent at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} can't be used: {why}")]
pub struct MailError {
    what: String,
    why: String,
}

impl MailError {
    fn new(what: &str, why: impl ToString) -> Self {
        Self { what: what.to_owned(), why: why.to_string() }
    }
}

/// Makes and sends messages.
pub struct Mailer {
    smtp: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    reply_to: Option<Mailbox>,
    timeout: Duration,
}

impl Mailer {
    /// Makes ready to send by `server`, from an address.
    ///
    /// # Errors
    /// [`MailError`].
    pub fn new(server: Server, from: &str, reply_to: Option<&str>) -> Result<Self, MailError> {
        let mut tls = TlsParameters::builder(server.host.clone());
        if let Some(pem) = &server.authority {
            let authority =
                Certificate::from_pem(pem).map_err(|error| MailError::new("mail.ca_file", error))?;
            tls = tls.certificate_store(CertificateStore::None).add_root_certificate(authority);
        }
        let tls = || tls.build_rustls().map_err(|error| MailError::new("TLS for mail", error));
        let tls = match server.security {
            Security::StartTls => Tls::Required(tls()?),
            Security::Implicit => Tls::Wrapper(tls()?),
            Security::Nothing => Tls::None,
        };
        let mut smtp = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.host)
            .port(server.port)
            .tls(tls)
            .timeout(Some(server.timeout));
        if let Some((user, password)) = server.user {
            smtp = smtp.credentials(Credentials::new(user, password));
        }
        let (from, reply_to) = (mailbox(from)?, reply_to.map(mailbox).transpose()?);
        Ok(Self { smtp: smtp.build(), from, reply_to, timeout: server.timeout })
    }

    /// What identifies a message: `name` at this node's address.
    #[must_use]
    pub fn id(&self, name: &str) -> String {
        message::id(name, &self.from.email)
    }

    /// What `content` says as a message that was made at `at`.
    ///
    /// # Errors
    /// [`MailError`].
    pub fn message(&self, to: &str, id: &str, at: Timestamp, content: Content) -> Result<String, MailError> {
        let (from, reply_to, to) = (self.from.clone(), self.reply_to.clone(), mailbox(to)?);
        let heads = Heads { from, reply_to, to, at, id: Some(id.to_owned()) };
        let bytes = message::message(heads, content)?.formatted();
        String::from_utf8(bytes).map_err(|error| MailError::new("the message", error))
    }

    /// Hands a message to the server, once.
    ///
    /// # Errors
    /// [`NotTaken`]: for good, if the server says so with a status from 500 on.
    pub async fn send(&self, to: &str, message: &str) -> Result<(), NotTaken> {
        let gone = |why: String| NotTaken { why, is_final: true, after: None };
        let to: Address = mailbox(to).map_err(|error| gone(error.to_string()))?.email;
        let envelope = Envelope::new(Some(self.from.email.clone()), vec![to]);
        let envelope = envelope.map_err(|error| gone(error.to_string()))?;
        // The transport's own limit is for the connection alone.
        let sent =
            tokio::time::timeout(self.timeout, self.smtp.send_raw(&envelope, message.as_bytes())).await;
        let late = |_| {
            let why = format!("the mail server has not taken it within {} s", self.timeout.as_secs());
            NotTaken { why, is_final: false, after: None }
        };
        sent.map_err(late)?.map(drop).map_err(|error| {
            // These speak of the node's log-in, not of the message or its reader (RFC 4954, section 6).
            let is_log_in = matches!(error.status().map(u16::from), Some(530 | 534 | 535 | 538));
            let why = match is_log_in {
                true => format!("the mail server refuses the log-in (mail.user and its password): {error}"),
                false => error.to_string(),
            };
            NotTaken { why, is_final: error.is_permanent() && !is_log_in, after: None }
        })
    }
}
