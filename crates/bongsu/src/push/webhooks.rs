//! The channel to members' webhooks.

use crate::config::Config;
use crate::exit::Failure;
use crate::monitor::Monitor;
use deliver::push::outbox::{Message, Waiting};
use deliver::push::webhook::Webhook;
use deliver::push::{Before, Channel, Draft, NotTaken, Position};
use deliver::{Deliver, DeliverError};
use exchange::pull::{Credentials, Http, Limits, PullError, Reach, Remote, Url};
use exchange::webhook;
use policy::MemberId;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stix::Timestamp;
use uuid::Uuid;

/// Posts news to members' webhooks.
pub(crate) struct Webhooks {
    deliver: Arc<Deliver>,
    http: Http,
    monitor: Arc<Monitor>,
}

impl Webhooks {
    /// Makes ready to post.
    ///
    /// # Errors
    /// When the configured authorities can't be used.
    pub(crate) fn new(
        deliver: Arc<Deliver>,
        config: &Config,
        monitor: Arc<Monitor>,
    ) -> Result<Self, Failure> {
        let except = config
            .push
            .allow_hosts
            .iter()
            .map(|host| host.trim_matches(['[', ']']).to_ascii_lowercase())
            .collect();
        let limits = Limits {
            connect_timeout: Duration::from_secs(10),
            read_timeout: webhook::ANSWER_TIMEOUT,
            answer_timeout: webhook::ANSWER_TIMEOUT,
            ..Limits::default()
        };
        let authorities = config.push.ca_file.as_deref().map(crate::pull::file).transpose()?;
        let reach = Reach::Public { except };
        let remote =
            Remote { credentials: Credentials::Nothing, authorities, limits, reach, ..Remote::default() };
        let now = Arc::clone(&deliver.now);
        let http = Http::new(remote, now).map_err(|error| Failure::usage(error.to_string()))?;
        Ok(Self { deliver, http, monitor })
    }

    fn webhook(&self, member: MemberId) -> Option<Webhook> {
        Webhook::of(&self.deliver.gate.book(), member)
    }
}

impl Channel for Webhooks {
    const NAME: &'static str = "webhook";

    fn subscription(&self, member: MemberId) -> Option<(Uuid, Position)> {
        self.webhook(member).map(|webhook| (webhook.id, webhook.from))
    }

    fn id(&self, _member: MemberId, subscription: Uuid, number: u64, now: Timestamp) -> String {
        Uuid::new_v5(&subscription, format!("{number} {now}").as_bytes()).simple().to_string()
    }

    fn draft(
        &self,
        member: MemberId,
        _id: &str,
        waiting: &mut Waiting,
        before: &mut Before,
    ) -> Result<Option<Draft>, DeliverError> {
        match self.webhook(member) {
            Some(webhook) => webhook.draft(&self.deliver, member, waiting, before),
            None => Ok(None),
        }
    }

    async fn send(&self, member: MemberId, message: &Message) -> Result<(), NotTaken> {
        let gone = |why: String| NotTaken { why, is_final: true, after: None };
        let webhook = self.webhook(member).ok_or_else(|| gone("there is no webhook any more".to_owned()))?;
        let url: Url = webhook.url.parse().map_err(|error| gone(format!("its address is none: {error}")))?;
        let began = Instant::now();
        let posted = webhook::post(&self.http, &url, &webhook.secret, &message.id, &message.body).await;
        self.monitor.sent(Self::NAME, began, posted.is_ok());
        posted.map_err(|error| NotTaken {
            why: error.to_string(),
            is_final: webhook::is_final(&error),
            after: match error {
                PullError::Busy { after, .. } => Some(after),
                _ => None,
            },
        })
    }
}
