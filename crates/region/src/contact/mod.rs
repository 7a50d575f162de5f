//! Points of contact: whom to reach at a member for what, in which languages, when, how, and who stands in.
//!
//! A contact belongs to one member and is seen by that member, by operators, and by the circles that it is opened to
//! ([`policy::opened`]). A deputy is another contact of the same member; a chain of deputies may come back to its start, and
//! whoever follows it asks nobody twice. When its particulars were confirmed last is kept beside it, and is lost when they
//! change.
//!
//! Source: the fields are those that the directories of the UN (General Assembly resolution 78/237), the OSCE (PC.DEC/1202,
//! measure 8) and the ASEAN Regional Forum (work plan on ICT security, 2015) ask for.

mod channel;
mod hours;
mod key;
mod shown;
mod vcard;

pub use channel::{Channel, ChannelError, Way};
pub use hours::{Hours, HoursError};
pub use key::{KEY_BYTES_MAX, Key, KeyError};
pub use shown::{Looking, Shown, json};
pub use vcard::{MEDIA_TYPE, vcard};

use policy::{CircleId, MemberId, Opening};
use serde::{Deserialize, Serialize};
use stix::Timestamp;
use uuid::Uuid;

use crate::text::{self, NAME_CHARS_MAX, TextError};

/// Languages of a contact.
pub const LANGUAGES_MAX: usize = 10;
/// Channels of a contact.
pub const CHANNELS_MAX: usize = 12;
/// Circles that something can be opened to.
pub const CIRCLES_MAX: usize = 100;
/// Bytes of a language tag. Source: RFC 5646, section 4.4.1.
const LANGUAGE_BYTES_MAX: usize = 35;

/// What a contact is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Function {
    /// Incidents: a CERT, a SOC.
    Technical,
    /// Consultations between governments.
    Diplomatic,
    /// Investigations, evidence, freezing.
    LawEnforcement,
}

impl Function {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Technical, Self::Diplomatic, Self::LawEnforcement];

    /// Its name, as on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Technical => "technical",
            Self::Diplomatic => "diplomatic",
            Self::LawEnforcement => "law-enforcement",
        }
    }

    /// Its name, for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::LawEnforcement => "law enforcement",
            other => other.name(),
        }
    }
}

/// Whom to reach at a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Contact {
    /// Whose contact it is.
    pub member: MemberId,
    /// What it is for.
    pub function: Function,
    /// The name of the person or desk.
    pub name: String,
    /// The person's position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Languages that are spoken there (BCP 47), the best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// When somebody answers, in the zone's time.
    #[serde(default)]
    pub hours: Hours,
    /// The time zone, by its IANA name.
    pub zone: String,
    /// How to reach it, the best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Channel>,
    /// Its OpenPGP key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// The handle of the contact that stands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deputy: Option<String>,
    /// The circles that may see it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub circles: Vec<CircleId>,
}

/// Why a contact can't be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContactError {
    /// A text.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A language.
    #[error("`{0}` is no language tag: write it as ko, en or zh-Hant")]
    Language(String),
    /// The zone.
    #[error("`{0}` is no time zone: write it as Asia/Seoul or UTC")]
    Zone(String),
}

impl Contact {
    /// Whether it keeps to the limits, and its zone and languages are some.
    ///
    /// # Errors
    /// [`ContactError`].
    pub fn check(&self) -> Result<(), ContactError> {
        text::line("a name", &self.name, NAME_CHARS_MAX)?;
        if let Some(role) = &self.role {
            text::line("a position", role, NAME_CHARS_MAX)?;
        }
        text::at_most("languages", self.languages.len(), LANGUAGES_MAX)?;
        text::at_most("channels", self.channels.len(), CHANNELS_MAX)?;
        text::at_most("circles", self.circles.len(), CIRCLES_MAX)?;
        if let Some(bad) = self.languages.iter().find(|tag| !is_language(tag)) {
            return Err(ContactError::Language(bad.clone()));
        }
        jiff::tz::TimeZone::get(&self.zone).map_err(|_| ContactError::Zone(self.zone.clone()))?;
        Ok(())
    }

    /// Its first address for mail.
    #[must_use]
    pub fn mail(&self) -> Option<&str> {
        self.channels.iter().find(|channel| channel.way == Way::Mail).map(|channel| channel.value.as_str())
    }

    /// Whether somebody answers at that time; `None` if the zone is not known here.
    #[must_use]
    pub fn answers_at(&self, at: Timestamp) -> Option<bool> {
        self.hours.hold_at(&self.zone, at)
    }

    /// Whose it is, and who may see it.
    #[must_use]
    pub fn opening(&self) -> Opening<'_> {
        Opening { owners: std::slice::from_ref(&self.member), circles: &self.circles }
    }

    /// Whether what was confirmed of `self` holds for `other` as well: who stands in and who sees it was not asked.
    fn is_confirmed_as(&self, other: &Self) -> bool {
        let bare = |contact: &Self| Self { deputy: None, circles: Vec::new(), ..contact.clone() };
        bare(self) == bare(other)
    }
}

/// A contact of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its handle.
    pub handle: String,
    /// What is known of it.
    pub contact: Contact,
    /// When it was added.
    pub added: Timestamp,
    /// When it was changed last.
    pub changed: Timestamp,
    /// When its particulars were confirmed last.
    pub verified: Option<Timestamp>,
}

impl Listed {
    pub(crate) const fn new(handle: String, contact: Contact, at: Timestamp) -> Self {
        Self { handle, contact, added: at, changed: at, verified: None }
    }

    pub(crate) fn change(&mut self, contact: Contact, at: Timestamp) {
        if !self.contact.is_confirmed_as(&contact) {
            self.verified = None;
        }
        (self.contact, self.changed) = (contact, at);
    }

    /// An identity that stays when its particulars change.
    #[must_use]
    pub fn id(&self) -> Uuid {
        Uuid::new_v5(&self.contact.member.uuid(), format!("contact {}", self.handle).as_bytes())
    }
}

fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let first = parts.next().unwrap_or_default();
    let is_first = (2..=8).contains(&first.len()) && first.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_part =
        |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    tag.len() <= LANGUAGE_BYTES_MAX && is_first && parts.all(is_part)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn contact(name: &str) -> Contact {
        Contact {
            member: MemberId::new(Uuid::from_u128(1)),
            function: Function::Technical,
            name: name.to_owned(),
            role: Some("Duty officer".to_owned()),
            languages: vec!["ko".to_owned(), "en".to_owned()],
            hours: Hours::default(),
            zone: "Asia/Seoul".to_owned(),
            channels: vec![
                "phone:+82 2 555 0100".parse().unwrap(),
                "mail:duty@cert.example".parse().unwrap(),
            ],
            key: None,
            deputy: None,
            circles: vec![CircleId::new(Uuid::from_u128(9))],
        }
    }

    #[test]
    fn a_contact_keeps_to_its_limits() {
        let good = contact("Kim");
        assert_eq!((good.check(), good.mail()), (Ok(()), Some("duty@cert.example")));
        let changes: [fn(&mut Contact); 6] = [
            |contact| contact.name.clear(),
            |contact| contact.role = Some("a\nb".to_owned()),
            |contact| contact.zone = "Asia/Atlantis".to_owned(),
            |contact| contact.languages.push("k".to_owned()),
            |contact| contact.languages = vec!["ko".to_owned(); LANGUAGES_MAX + 1],
            |contact| contact.channels = vec![contact.channels[0].clone(); CHANNELS_MAX + 1],
        ];
        for (turn, change) in changes.into_iter().enumerate() {
            let mut bad = good.clone();
            change(&mut bad);
            assert!(bad.check().is_err(), "{turn}");
        }
    }

    #[test]
    fn what_was_confirmed_is_lost_when_it_changes() {
        let at = Timestamp::from_micros;
        let mut listed = Listed::new("kr-duty".to_owned(), contact("Kim"), at(1));
        listed.verified = Some(at(2));
        let wider = Contact { circles: Vec::new(), deputy: Some("kr-second".to_owned()), ..contact("Kim") };
        listed.change(wider, at(3));
        assert_eq!((listed.verified, listed.changed, listed.added), (Some(at(2)), at(3), at(1)));
        let id = listed.id();
        listed.change(contact("Lee"), at(4));
        assert_eq!((listed.verified, listed.id()), (None, id));
    }
}
