//! Consultations: when two, three or more members meet, about what, and what came of it.

use policy::{CircleId, MemberId, Opening};
use serde::{Deserialize, Serialize};
use stix::Timestamp;
use uuid::Uuid;

use crate::contact::CIRCLES_MAX;
use crate::instant;
use crate::measure::PARTIES_MAX;
use crate::text::{self, NAME_CHARS_MAX, TEXT_CHARS_MAX, TextError};

/// Longest consultation, in days.
pub const DAYS_MAX: i64 = 31;
const DAY_MICROS: i64 = 86_400_000_000;

/// A meeting of members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Consultation {
    /// What it is about.
    pub title: String,
    /// Who meets.
    pub members: Vec<MemberId>,
    /// When it begins.
    #[serde(with = "instant")]
    pub begins: Timestamp,
    /// When it ends.
    #[serde(with = "instant")]
    pub ends: Timestamp,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What is to be talked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agenda: Option<String>,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// The circles that may see it, beside those who meet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub circles: Vec<CircleId>,
    /// Whether it was called off.
    #[serde(default)]
    pub cancelled: bool,
}

/// Why a consultation can't be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConsultationError {
    /// A text.
    #[error(transparent)]
    Text(#[from] TextError),
    /// Nobody to consult with.
    #[error("a consultation has two members at least")]
    Alone,
    /// The time.
    #[error("a consultation ends after it begins, and within {DAYS_MAX} days")]
    Time,
}

impl Consultation {
    /// Whether it keeps to the limits.
    ///
    /// # Errors
    /// [`ConsultationError`].
    pub fn check(&self) -> Result<(), ConsultationError> {
        text::line("a title", &self.title, NAME_CHARS_MAX)?;
        for said in [&self.agenda, &self.outcome].into_iter().flatten() {
            text::line("a text", said, TEXT_CHARS_MAX)?;
        }
        if let Some(place) = &self.place {
            text::line("a place", place, NAME_CHARS_MAX)?;
        }
        text::at_most("members", self.members.len(), PARTIES_MAX)?;
        text::at_most("circles", self.circles.len(), CIRCLES_MAX)?;
        if self.members.len() < 2 {
            return Err(ConsultationError::Alone);
        }
        let span = self.ends.micros().saturating_sub(self.begins.micros());
        match 0 < span && span <= DAYS_MAX * DAY_MICROS {
            true => Ok(()),
            false => Err(ConsultationError::Time),
        }
    }

    /// Between how many, in a word.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.members.len() {
            0..=2 => "bilateral",
            3 => "trilateral",
            _ => "multilateral",
        }
    }

    /// Whose it is, and who may see it.
    #[must_use]
    pub fn opening(&self) -> Opening<'_> {
        Opening { owners: &self.members, circles: &self.circles }
    }
}

/// A time as people write it: RFC 3339, in UTC or with an offset; `None` if it is none.
#[must_use]
pub fn time(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>().ok().map(|at| Timestamp::from_micros(at.as_microsecond()))
}

/// A consultation as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arranged {
    /// Its handle.
    pub handle: String,
    /// What is known of it.
    pub consultation: Consultation,
    /// An identity that stays: of its handle, and of when it was entered, so that a handle that is used again is another.
    pub id: Uuid,
    /// When it was entered.
    pub added: Timestamp,
    /// When it was changed last.
    pub changed: Timestamp,
    /// How often it was changed.
    pub changes: u32,
}

impl Arranged {
    pub(crate) fn new(handle: String, consultation: Consultation, at: Timestamp) -> Self {
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("consultation {handle} {at}").as_bytes());
        Self { handle, consultation, id, added: at, changed: at, changes: 0 }
    }

    pub(crate) fn change(&mut self, consultation: Consultation, at: Timestamp) {
        (self.consultation, self.changed) = (consultation, at);
        self.changes = self.changes.saturating_add(1);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn consultation() -> Consultation {
        let at = |text| Timestamp::parse(text).unwrap();
        Consultation {
            title: "Grid; the second, and last".to_owned(),
            members: vec![MemberId::new(Uuid::from_u128(1)), MemberId::new(Uuid::from_u128(2))],
            begins: at("2026-12-01T05:00:00Z"),
            ends: at("2026-12-01T06:30:00Z"),
            place: Some("Seoul".to_owned()),
            agenda: Some(
                "What was seen, 봉수 봉수 봉수 봉수 봉수 봉수 봉수, and who calls whom when it happens again"
                    .to_owned(),
            ),
            outcome: None,
            circles: Vec::new(),
            cancelled: false,
        }
    }

    #[test]
    fn times_have_offsets() {
        let utc = Timestamp::parse("2026-12-01T20:00:00Z").unwrap();
        assert_eq!(time("2026-12-02T05:00:00+09:00").map(|at| at.micros()), Some(utc.micros()));
        assert_eq!(time("2026-12-01T20:00:00Z").map(|at| at.micros()), Some(utc.micros()));
        for bad in ["", "2026-12-01", "2026-12-01T20:00:00", "tomorrow"] {
            assert_eq!(time(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_consultation_has_two_members_and_an_end() {
        let good = consultation();
        assert_eq!((good.check(), good.kind()), (Ok(()), "bilateral"));
        let three = Consultation { members: vec![MemberId::NODE; 3], ..good.clone() };
        assert_eq!(three.kind(), "trilateral");
        let backwards = Consultation { ends: good.begins, ..good.clone() };
        assert_eq!(backwards.check(), Err(ConsultationError::Time));
        let long = Timestamp::from_micros(good.begins.micros() + (DAYS_MAX + 1) * DAY_MICROS);
        assert_eq!(Consultation { ends: long, ..good.clone() }.check(), Err(ConsultationError::Time));
        let alone = Consultation { members: vec![MemberId::NODE], ..good };
        assert_eq!(alone.check(), Err(ConsultationError::Alone));
    }
}
