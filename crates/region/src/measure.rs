//! Measures and commitments: what states promised each other to build confidence, and how far they are.
//!
//! A measure can stand in a list that many have agreed on: the 16 of the OSCE, whose short names are given here in this
//! project's own words, or the work plan of the ASEAN Regional Forum. A commitment is what a member promised by itself.
//!
//! Source: OSCE PC.DEC/1202 (2016), measures 1 to 16; ASEAN Regional Forum, work plan on security of and in the use of
//! information and communications technologies (2015).

use policy::{CircleId, MemberId, Opening};
use serde::{Deserialize, Serialize};
use stix::Timestamp;

use crate::contact::CIRCLES_MAX;
use crate::norms::{EVIDENCE_CHARS_MAX, EVIDENCE_MAX, ReportError, Stage, is_day};
use crate::text::{self, NAME_CHARS_MAX, TEXT_CHARS_MAX};

/// Members that take part in a measure or a consultation.
pub const PARTIES_MAX: usize = 100;

/// The list in which a measure stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The OSCE's.
    Osce,
    /// The ASEAN Regional Forum's.
    Arf,
    /// None: what members promised by themselves.
    Own,
}

impl Source {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Osce => "OSCE",
            Self::Arf => "ARF",
            Self::Own => "own",
        }
    }
}

/// What the OSCE's measures are about, in short, from 1 to 16.
pub const OSCE: [&str; 16] = [
    "Tell each other how one sees threats",
    "Have national bodies work together",
    "Consult, to keep misunderstandings from growing",
    "Tell what is done for an open and safe Internet",
    "Use the OSCE for dialogue and good practice",
    "Have laws that let authorities cooperate against crime and terrorism",
    "Tell of one's organisation, strategies and programmes",
    "Name points of contact and keep them up to date",
    "Explain one's own terms",
    "Use the OSCE's own channels to exchange views",
    "Have experts meet three times a year",
    "Hold workshops, seminars and exercises together",
    "Keep channels that are safe to talk over",
    "Bring the private sector in",
    "Protect critical infrastructure together, across borders",
    "Report vulnerabilities and share the remedies",
];

/// A measure or a commitment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Measure {
    /// The list in which it stands.
    pub source: Source,
    /// Its number there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u16>,
    /// What it is about.
    pub title: String,
    /// Who promised it.
    pub members: Vec<MemberId>,
    /// How far it is.
    pub stage: Stage,
    /// What was done, or is to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What shows it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// The day by which it is to be done, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    /// The circles that may see it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub circles: Vec<CircleId>,
}

/// A measure as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// Its handle.
    pub handle: String,
    /// What is known of it.
    pub measure: Measure,
    /// When it was entered.
    pub added: Timestamp,
    /// When it was changed last.
    pub changed: Timestamp,
}

impl Measure {
    /// Whether it keeps to the limits.
    ///
    /// # Errors
    /// [`ReportError`].
    pub fn check(&self) -> Result<(), ReportError> {
        text::line("a title", &self.title, NAME_CHARS_MAX)?;
        if let Some(said) = &self.text {
            text::line("a remark", said, TEXT_CHARS_MAX)?;
        }
        text::at_most("members", self.members.len(), PARTIES_MAX)?;
        text::at_most("circles", self.circles.len(), CIRCLES_MAX)?;
        text::at_most("pieces of evidence", self.evidence.len(), EVIDENCE_MAX)?;
        for piece in &self.evidence {
            text::line("evidence", piece, EVIDENCE_CHARS_MAX)?;
        }
        match self.due.as_ref().filter(|day| !is_day(day)) {
            Some(day) => Err(ReportError::Day(day.chars().take(20).collect())),
            None => Ok(()),
        }
    }

    /// Whether it was to be done before `today` and is not.
    #[must_use]
    pub fn is_overdue(&self, today: &str) -> bool {
        // Days in this form are in the order of time.
        self.stage != Stage::Kept && self.due.as_deref().is_some_and(|due| due < today)
    }

    /// Whose it is, and who may see it.
    #[must_use]
    pub fn opening(&self) -> Opening<'_> {
        Opening { owners: &self.members, circles: &self.circles }
    }
}

/// The short name of a list's measure; `None` for one that is not known here.
#[must_use]
pub fn known(source: Source, number: u16) -> Option<&'static str> {
    match source {
        Source::Osce => OSCE.get(usize::from(number.checked_sub(1)?)).copied(),
        Source::Arf | Source::Own => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measure_is_overdue_after_its_day_and_not_on_it() {
        let mut measure = Measure {
            source: Source::Osce,
            number: Some(8),
            title: "Points of contact".to_owned(),
            members: Vec::new(),
            stage: Stage::Partly,
            text: None,
            evidence: Vec::new(),
            due: Some("2026-11-29".to_owned()),
            circles: Vec::new(),
        };
        assert_eq!(
            (measure.check(), measure.is_overdue("2026-11-29"), measure.is_overdue("2026-11-30")),
            (Ok(()), false, true)
        );
        measure.stage = Stage::Kept;
        assert!(!measure.is_overdue("2027-01-01"));
        measure.due = Some("soon".to_owned());
        assert!(matches!(measure.check(), Err(ReportError::Day(_))));
        measure.members = vec![MemberId::NODE; PARTIES_MAX + 1];
        assert!(matches!(measure.check(), Err(ReportError::Text(_))));
    }

    #[test]
    fn the_osce_has_sixteen() {
        assert!(known(Source::Osce, 1).is_some() && known(Source::Osce, 16).is_some());
        assert_eq!(
            (known(Source::Osce, 0), known(Source::Osce, 17), known(Source::Arf, 1)),
            (None, None, None)
        );
    }
}
