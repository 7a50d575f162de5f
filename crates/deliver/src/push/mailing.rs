//! Mailings: whom a member has told by mail, and when.
//!
//! What is urgent goes at once: four fires or more where there were fewer, something of critical severity, a withdrawal of what
//! a mail may have told of. All else waits for the next digest, and whatever goes out tells everything since the last one.

use gate::{Query, severity};
use jiff::ToSpan as _;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use line::Seq;
use policy::{Book, Level, MemberId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stix::Timestamp;
use uuid::Uuid;

use super::news::{Before, News};
use super::outbox::Waiting;
use super::position::{Mark, Position};
use super::post::Draft;
use crate::digest::Enclosure;
use crate::gather::{Deliver, DeliverError};
use crate::mail::{Content, MAIL_BYTES_MAX};

const VERSION: u8 = 1;
const HOUR_MICROS: i64 = 3_600_000_000;
/// Fires from which on a mail goes at once.
const URGENT_FIRES: u8 = 4;
/// Objects of a circle whose severity is looked at in one go.
const LOOKED_AT_MAX: usize = 1_000;

/// When a digest goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rhythm {
    /// At each full hour.
    Hourly,
    /// At one hour of each day.
    Daily,
    /// Never: only what is urgent is sent.
    Urgent,
}

impl Rhythm {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hourly => "hourly",
            Self::Daily => "daily",
            Self::Urgent => "urgent",
        }
    }
}

/// How the member's advisory comes with a mail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AdvisoryBy {
    /// Attached as PDF, unless it is TLP:RED.
    #[default]
    Attached,
    /// By its address alone.
    Linked,
}

impl AdvisoryBy {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Attached => "attached",
            Self::Linked => "linked",
        }
    }
}

/// A member's mailing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailing {
    v: u8,
    /// Its identity: another address is another mailing.
    pub id: Uuid,
    /// The address.
    pub to: String,
    /// When digests go out.
    pub rhythm: Rhythm,
    /// The hour of daily ones, 0 to 23.
    pub hour: u8,
    /// The time zone of that hour, by its name in the IANA database.
    pub zone: String,
    /// How the advisory comes with it.
    #[serde(default)]
    pub advisory: AdvisoryBy,
    /// How far the member had been told when it began.
    pub from: Position,
}

impl Mailing {
    /// The name of the setting that keeps a member's mailing.
    #[must_use]
    pub fn setting(member: MemberId) -> String {
        format!("mail.{member}")
    }

    /// A mailing that tells what changes from `from` on, with the advisory attached; daily ones at seven in UTC.
    #[must_use]
    pub fn new(id: Uuid, to: String, rhythm: Rhythm, from: Position) -> Self {
        let (hour, zone, advisory) = (7, "UTC".to_owned(), AdvisoryBy::default());
        Self { v: VERSION, id, to, rhythm, hour, zone, advisory, from }
    }

    /// A member's mailing, as the book has it.
    #[must_use]
    pub fn of(book: &Book, member: MemberId) -> Option<Self> {
        let text = book.setting(&Self::setting(member))?;
        serde_json::from_str(text).ok().filter(|mailing: &Self| mailing.v == VERSION)
    }

    /// As it stands in the node's settings.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether there is a time zone of this name.
    #[must_use]
    pub fn is_zone(name: &str) -> bool {
        TimeZone::get(name).is_ok()
    }

    /// Whether a digest is due at `now`, if the last one was looked for at `looked`.
    #[must_use]
    pub fn is_due(&self, looked: Timestamp, now: Timestamp) -> bool {
        match self.rhythm {
            Rhythm::Hourly => looked.micros().div_euclid(HOUR_MICROS) < now.micros().div_euclid(HOUR_MICROS),
            Rhythm::Daily => self.hour_after(looked).is_some_and(|due| due <= now.micros()),
            Rhythm::Urgent => false,
        }
    }

    /// The first instant after `looked` at which it is the hour there.
    fn hour_after(&self, looked: Timestamp) -> Option<i64> {
        let zone = TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC);
        let local = zone.to_datetime(jiff::Timestamp::from_microsecond(looked.micros()).ok()?);
        let hour = Time::new(i8::try_from(self.hour).ok()?, 0, 0, 0).ok()?;
        let mut day = local.date();
        for _ in 0..3 {
            // An hour that the clock leaves out is the next one that there is.
            let due = zone.to_timestamp(day.to_datetime(hour)).ok()?.as_microsecond();
            if due > looked.micros() {
                return Some(due);
            }
            day = day.checked_add(1.day()).ok()?;
        }
        None
    }
}

impl Mailing {
    /// A mail, if it is time for one: made into a message by `make`, from what it says and the time. What would be longer than
    /// [`MAIL_BYTES_MAX`] with its advisory goes without it.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn draft(
        &self,
        deliver: &Deliver,
        member: MemberId,
        waiting: &mut Waiting,
        before: &mut Before,
        make: impl Fn(Content, Timestamp) -> Result<String, DeliverError>,
    ) -> Result<Option<Draft>, DeliverError> {
        // Beyond the first server, mail goes as it likes.
        let news = deliver.news(member, &waiting.told, false, before)?;
        let now = (deliver.now)();
        let is_due = self.is_due(Timestamp::from_micros(waiting.looked_us), now);
        let is_urgent = deliver.is_urgent(member, &news, waiting, before)?;
        if is_due {
            waiting.looked_us = now.micros();
        }
        let has_objects = news.circles.iter().any(|circle| !circle.objects.is_empty());
        let has_news = has_objects || !news.recalled.is_empty() || !news.fires.is_empty();
        if !(is_urgent || is_due && has_news) {
            return Ok(None);
        }
        let of = |enclosure| make(deliver.digest(member, &waiting.told, &news, is_urgent, enclosure)?, now);
        let enclosure = match self.advisory {
            AdvisoryBy::Attached => deliver.enclosure(member)?,
            AdvisoryBy::Linked => Enclosure::Linked,
        };
        let is_attached = matches!(enclosure, Enclosure::Attached(..));
        let mut body = of(enclosure)?;
        if body.len() > MAIL_BYTES_MAX && is_attached {
            let (handle, size_bytes) = (deliver.handle(member), body.len());
            tracing::warn!(
                member.handle = handle,
                "a mail to {handle} goes without its advisory: with it, it has {size_bytes} bytes, the limit is {MAIL_BYTES_MAX}"
            );
            body = of(Enclosure::Missing)?;
        }
        if body.len() > MAIL_BYTES_MAX {
            return Err(DeliverError::Render(format!("a mail has more than {MAIL_BYTES_MAX} bytes")));
        }
        Ok(Some(Draft { body, upto: news.upto }))
    }
}

impl Deliver {
    /// Whether what came is urgent; `before` remembers up to where it was looked.
    pub(super) fn is_urgent(
        &self,
        member: MemberId,
        news: &News,
        waiting: &Waiting,
        before: &mut Before,
    ) -> Result<bool, DeliverError> {
        let rises = |fires: &super::FiresNews| {
            fires.now.fires.level >= URGENT_FIRES && fires.now.fires.level > fires.before
        };
        let mut is_urgent = !news.recalled.is_empty() || news.fires.iter().any(rises);
        for reader in self.gate.readers(member, Level::Read, false, (self.now)()) {
            let circle = reader.request().circle;
            let upto = news.upto.of(circle).seq;
            let looked = before.looked.of(circle).seq.max(waiting.told.of(circle).seq);
            let mut after = Seq(if looked > upto { 0 } else { looked });
            while after.0 < upto && !is_urgent {
                let types = vec!["indicator".to_owned(), "incident".to_owned()];
                let page = reader.page(&Query { after, types, limit: LOOKED_AT_MAX, ..Query::default() })?;
                is_urgent = page.items.iter().any(|object| is_critical(&object.get().raw));
                match page.next {
                    Some(next) => after = next,
                    None => break,
                }
            }
            before.looked.set(circle, Mark { seq: upto, fires: 0 });
        }
        Ok(is_urgent)
    }
}

fn is_critical(raw: &str) -> bool {
    let content: Value = serde_json::from_str(raw).unwrap_or_default();
    severity(&content).as_deref() == Some("critical")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As it was written before mails carried advisories.
    #[test]
    fn a_mailing_without_a_word_on_advisories_has_them_attached() {
        let mut mailing =
            Mailing::new(Uuid::nil(), "a@b.example".to_owned(), Rhythm::Daily, Position::default());
        let before = mailing.to_json().replace(r#","advisory":"attached""#, "");
        assert!(!before.contains("advisory"), "{before}");
        assert_eq!(serde_json::from_str::<Mailing>(&before).unwrap(), mailing);
        mailing.advisory = AdvisoryBy::Linked;
        assert_eq!(serde_json::from_str::<Mailing>(&mailing.to_json()).unwrap(), mailing);
    }

    #[test]
    fn a_daily_digest_is_due_at_its_hour_there() {
        let mut mailing =
            Mailing::new(Uuid::nil(), "a@b.example".to_owned(), Rhythm::Daily, Position::default());
        mailing.zone = "Asia/Seoul".to_owned();
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let is_due = |mailing: &Mailing, looked, now| mailing.is_due(at(looked), at(now));
        // Seven o'clock in Seoul is 22:00 UTC.
        assert!(!is_due(&mailing, "2026-11-27T22:00:00Z", "2026-11-28T21:59:59Z"));
        assert!(is_due(&mailing, "2026-11-27T22:00:00Z", "2026-11-28T22:00:00Z"));
        assert!(
            is_due(&mailing, "2026-11-20T22:00:00Z", "2026-11-28T12:00:00Z"),
            "a node that was off is late once"
        );
        // In Paris there was no half past two on 29 March 2026, and two of them on 25 October.
        (mailing.zone, mailing.hour) = ("Europe/Paris".to_owned(), 2);
        assert!(is_due(&mailing, "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"));
        assert!(!is_due(&mailing, "2026-10-25T00:00:00Z", "2026-10-25T23:00:00Z"), "not twice");
        mailing.rhythm = Rhythm::Hourly;
        assert!(!is_due(&mailing, "2026-11-28T12:01:00Z", "2026-11-28T12:59:59Z"));
        assert!(is_due(&mailing, "2026-11-28T12:59:59Z", "2026-11-28T13:00:00Z"));
        mailing.rhythm = Rhythm::Urgent;
        assert!(!is_due(&mailing, "2026-11-20T12:59:59Z", "2026-11-28T13:00:00Z"));
        assert!(Mailing::is_zone("Asia/Seoul") && !Mailing::is_zone("Asia/Atlantis"));
    }
}
