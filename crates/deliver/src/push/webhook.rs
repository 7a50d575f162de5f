//! Webhooks: a member's own address, what it wants to be told there, and the secret that proves who tells it.
//!
//! A subscription is kept in the node's settings. What is posted is news ([`super::News`]) as JSON; how it goes over HTTP and
//! is signed, the sender knows.

use std::fmt;

use policy::{Book, MemberId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::news::Before;
use super::outbox::Waiting;
use super::position::Position;
use super::post::Draft;
use crate::gather::{Deliver, DeliverError};

const VERSION: u8 = 1;
/// Longest address, in bytes.
pub const URL_BYTES_MAX: usize = 2_000;

/// What a webhook is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wanted {
    /// Everything that changes.
    #[default]
    All,
    /// Indicators and what is made of them.
    Indicators,
    /// Fires alone.
    Fires,
}

impl Wanted {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Indicators => "indicators",
            Self::Fires => "fires",
        }
    }
}

/// A member's webhook.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    v: u8,
    /// Its identity: another address or secret is another webhook.
    pub id: Uuid,
    /// Where news are posted.
    pub url: String,
    /// What is told.
    pub wanted: Wanted,
    /// The key of the signature, which both ends must hold in the clear.
    pub secret: Vec<u8>,
    /// How far the member had been told when the webhook was made.
    pub from: Position,
}

// The secret stays out of logs.
impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("id", &self.id)
            .field("url", &self.url)
            .field("wanted", &self.wanted)
            .finish_non_exhaustive()
    }
}

impl Webhook {
    /// The name of the setting that keeps a member's webhook.
    #[must_use]
    pub fn setting(member: MemberId) -> String {
        format!("webhook.{member}")
    }

    /// A webhook that tells what changes from `from` on.
    #[must_use]
    pub const fn new(id: Uuid, url: String, wanted: Wanted, secret: Vec<u8>, from: Position) -> Self {
        Self { v: VERSION, id, url, wanted, secret, from }
    }

    /// A member's webhook, as the book has it.
    #[must_use]
    pub fn of(book: &Book, member: MemberId) -> Option<Self> {
        let text = book.setting(&Self::setting(member))?;
        serde_json::from_str(text).ok().filter(|webhook: &Self| webhook.v == VERSION)
    }

    /// As it stands in the node's settings.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What there is to tell, as JSON.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn draft(
        &self,
        deliver: &Deliver,
        member: MemberId,
        waiting: &Waiting,
        before: &mut Before,
    ) -> Result<Option<Draft>, DeliverError> {
        // Only what is fetched over the member's own way counts here, and that is encrypted where it has to be.
        let news = match self.wanted {
            Wanted::Fires => deliver.news_of_fires(member, &waiting.told)?,
            _ => deliver.news(member, &waiting.told, true, before)?,
        };
        let now = (deliver.now)();
        let is_wanted = match self.wanted {
            Wanted::All => news.has_changes() || !news.fires.is_empty(),
            Wanted::Indicators => news.has_indicators(),
            Wanted::Fires => !news.fires.is_empty(),
        };
        let json = match self.wanted {
            Wanted::Fires => news.fires_json(now),
            _ => news.changed_json(now),
        };
        Ok(is_wanted.then(|| Draft { body: json.to_string(), upto: news.upto }))
    }
}
