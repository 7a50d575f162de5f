//! Mail: how a digest becomes a message, and how that is handed to a mail server.
//!
//! Source: RFC 5322 (message), RFC 2046 section 5.1.4 (multipart/alternative), RFC 3834 (Auto-Submitted), RFC 5321 (SMTP),
//! RFC 3207 (STARTTLS), RFC 8314 section 3 (implicit TLS).

use std::time::{Duration, SystemTime};

use lettre::address::{Address, Envelope};
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use stix::Timestamp;

use crate::digest::Digest;
use crate::push::NotTaken;

/// Bytes of a message.
pub const MAIL_BYTES_MAX: usize = 256 * 1024;

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

/// Says that nobody wrote it, so that nobody's absence is answered to it. Source: RFC 3834, section 5.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// An address of a person or a list, with or without a name.
///
/// # Errors
/// [`MailError`]: it is none.
pub fn mailbox(text: &str) -> Result<Mailbox, MailError> {
    text.parse().map_err(|error: lettre::address::AddressError| MailError::new(text, error))
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
        format!("<{name}@{}>", self.from.email.domain())
    }

    /// A digest as a message that was made at `at`.
    ///
    /// # Errors
    /// [`MailError`].
    pub fn message(&self, to: &str, id: &str, at: Timestamp, digest: &Digest) -> Result<String, MailError> {
        let unmade = |error: &dyn std::fmt::Display| MailError::new("the message", error.to_string());
        let since = Duration::from_secs(u64::try_from(at.seconds()).unwrap_or_default());
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(mailbox(to)?)
            .subject(&digest.subject)
            .date(SystemTime::UNIX_EPOCH + since)
            .message_id(Some(id.to_owned()))
            .header(AutoSubmitted);
        if let Some(reply_to) = &self.reply_to {
            message = message.reply_to(reply_to.clone());
        }
        let parts = MultiPart::alternative_plain_html(digest.text.clone(), digest.html.clone());
        let bytes = message.multipart(parts).map_err(|error| unmade(&error))?.formatted();
        if bytes.len() > MAIL_BYTES_MAX {
            return Err(unmade(&format!("it has more than {MAIL_BYTES_MAX} bytes")));
        }
        String::from_utf8(bytes).map_err(|error| unmade(&error))
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
            let why = error.to_string();
            // These speak of the node's log-in, not of the message or its reader (RFC 4954, section 6).
            let is_log_in = matches!(error.status().map(u16::from), Some(530 | 534 | 535 | 538));
            NotTaken { why, is_final: error.is_permanent() && !is_log_in, after: None }
        })
    }
}
