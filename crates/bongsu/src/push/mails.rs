//! The channel to members' mailboxes.

use crate::config::{Config, MailTls};
use crate::exit::Failure;
use crate::monitor::Monitor;
use deliver::mail::{Mailer, Security, Server};
use deliver::push::mailing::Mailing;
use deliver::push::outbox::{Message, Waiting};
use deliver::push::{Before, Channel, Draft, NotTaken, Position};
use deliver::{Deliver, DeliverError};
use policy::{MemberId, Upto};
use std::sync::Arc;
use std::time::{Duration, Instant};
use stix::Timestamp;
use uuid::Uuid;

/// Sends mails to members.
pub(crate) struct Mails {
    deliver: Arc<Deliver>,
    mailer: Option<Mailer>,
    monitor: Arc<Monitor>,
}

impl Mails {
    /// Makes ready to send; without a configured server, nothing is sent and nothing waits.
    ///
    /// # Errors
    /// When the password or the authority can't be read, or what is configured can't be used.
    pub(crate) fn new(
        deliver: Arc<Deliver>,
        config: &Config,
        monitor: Arc<Monitor>,
    ) -> Result<Self, Failure> {
        Ok(Self { deliver, mailer: mailer(config)?, monitor })
    }

    /// What sends, if a server is configured.
    pub(crate) const fn mailer(&self) -> Option<&Mailer> {
        self.mailer.as_ref()
    }

    fn mailing(&self, member: MemberId) -> Option<Mailing> {
        Mailing::of(&self.deliver.gate.book(), member).filter(|_| self.mailer.is_some())
    }
}

fn mailer(config: &Config) -> Result<Option<Mailer>, Failure> {
    let mail = &config.mail;
    let Some(host) = &mail.host else { return Ok(None) };
    let in_file = || {
        let bytes = mail.password_file.as_deref().map(crate::pull::file).transpose()?;
        Ok::<_, Failure>(bytes.map(|bytes| String::from_utf8_lossy(&bytes).trim_end().to_owned()))
    };
    let user = match &mail.user {
        None => None,
        Some(user) => Some((user.clone(), mail.password.clone().or(in_file()?).unwrap_or_default())),
    };
    let server = Server {
        host: host.clone(),
        port: mail.port,
        security: match mail.tls {
            MailTls::Starttls => Security::StartTls,
            MailTls::Implicit => Security::Implicit,
            MailTls::None => Security::Nothing,
        },
        user,
        authority: mail.ca_file.as_deref().map(crate::pull::file).transpose()?,
        timeout: Duration::from_secs(mail.timeout_s),
    };
    let mailer = Mailer::new(server, &mail.from, mail.reply_to.as_deref());
    mailer.map(Some).map_err(|error| Failure::usage(error.to_string()))
}

impl Channel for Mails {
    const NAME: &'static str = "mail";

    fn subscription(&self, member: MemberId) -> Option<(Uuid, Position)> {
        self.mailing(member).map(|mailing| (mailing.id, mailing.from))
    }

    fn id(&self, member: MemberId, subscription: Uuid, number: u64, now: Timestamp) -> String {
        let tail = Uuid::new_v5(&subscription, format!("{member} {now}").as_bytes()).simple();
        let name = format!("{number}.{tail}");
        self.mailer.as_ref().map_or_else(|| name.clone(), |mailer| mailer.id(&name))
    }

    fn draft(
        &self,
        member: MemberId,
        id: &str,
        waiting: &mut Waiting,
        before: &mut Before,
    ) -> Result<Option<Draft>, DeliverError> {
        let (Some(mailing), Some(mailer)) = (self.mailing(member), &self.mailer) else { return Ok(None) };
        let make = |content, at| {
            let message = mailer.message(&mailing.to, id, at, content);
            message.map_err(|error| DeliverError::Render(error.to_string()))
        };
        mailing.draft(&self.deliver, member, waiting, before, make)
    }

    async fn send(&self, member: MemberId, message: &Message) -> Result<(), NotTaken> {
        match (self.mailing(member), &self.mailer) {
            (Some(mailing), Some(mailer)) => {
                let began = Instant::now();
                let sent = mailer.send(&mailing.to, &message.body).await;
                self.monitor.sent(Self::NAME, began, sent.is_ok());
                sent
            }
            _ => {
                Err(NotTaken { why: "nobody is to have it any more".to_owned(), is_final: true, after: None })
            }
        }
    }

    fn receipt_upto(&self, message: &Message) -> Vec<Upto> {
        message.upto.circles().map(|(circle, mark)| Upto { circle, seq: mark.seq }).collect()
    }
}
