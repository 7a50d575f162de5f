//! The 11 norms of responsible state behaviour, and what members say of how they keep them.
//!
//! A report is a member's own word about one norm: how far it is, since when, with evidence. A later one replaces it for
//! readers; all of them stay, so that progress can be seen. The short names are this project's own words.
//!
//! Source: UN A/70/174 (report of the Group of Governmental Experts, 2015), paragraph 13 a to k; REQUIREMENTS B-5.

use policy::{CircleId, MemberId, Opening};
use serde::{Deserialize, Serialize};
use stix::Timestamp;

use crate::contact::CIRCLES_MAX;
use crate::text::{self, TEXT_CHARS_MAX, TextError};

/// Pieces of evidence of a report.
pub const EVIDENCE_MAX: usize = 20;
/// Longest piece of evidence, in characters.
pub const EVIDENCE_CHARS_MAX: usize = 500;

/// One of the 11 norms, by its letter from `a` to `k`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Norm {
    /// 13 a.
    A,
    /// 13 b.
    B,
    /// 13 c.
    C,
    /// 13 d.
    D,
    /// 13 e.
    E,
    /// 13 f.
    F,
    /// 13 g.
    G,
    /// 13 h.
    H,
    /// 13 i.
    I,
    /// 13 j.
    J,
    /// 13 k.
    K,
}

impl Norm {
    /// All of them, in order.
    pub const ALL: [Self; 11] =
        [Self::A, Self::B, Self::C, Self::D, Self::E, Self::F, Self::G, Self::H, Self::I, Self::J, Self::K];

    /// Its letter.
    #[must_use]
    pub const fn letter(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
            Self::C => "c",
            Self::D => "d",
            Self::E => "e",
            Self::F => "f",
            Self::G => "g",
            Self::H => "h",
            Self::I => "i",
            Self::J => "j",
            Self::K => "k",
        }
    }

    /// What it is about, in short.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::A => "Work together for security and stability",
            Self::B => "Weigh all that is known of an incident before blaming anybody",
            Self::C => "Let nobody use one's territory to wrong others",
            Self::D => "Help each other against crime and terrorism",
            Self::E => "Respect human rights and privacy",
            Self::F => "Do not damage critical infrastructure",
            Self::G => "Protect one's own critical infrastructure",
            Self::H => "Answer requests for help",
            Self::I => "Keep the supply chain sound, and hidden harmful functions out of it",
            Self::J => "Report vulnerabilities and share the remedies",
            Self::K => "Do not harm emergency response teams, nor attack with them",
        }
    }

    /// The norm with this letter.
    #[must_use]
    pub fn of(letter: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|norm| norm.letter() == letter)
    }
}

/// How far a member is, by its own word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Nothing is done yet.
    NotBegun,
    /// It is planned.
    Planned,
    /// Some of it is done.
    Partly,
    /// It is kept.
    Kept,
}

impl Stage {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::NotBegun => "not begun",
            Self::Planned => "planned",
            Self::Partly => "partly",
            Self::Kept => "kept",
        }
    }
}

/// What a member says of how it keeps a norm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// Whose word it is.
    pub member: MemberId,
    /// The norm.
    pub norm: Norm,
    /// How far it is.
    pub stage: Stage,
    /// What it does.
    pub text: String,
    /// What shows it: addresses of pages, names of laws.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// The day as of which it is so, `YYYY-MM-DD`.
    pub day: String,
    /// The circles that may see it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub circles: Vec<CircleId>,
}

/// A report, and when it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// What was said.
    pub report: Report,
    /// When it was entered.
    pub at: Timestamp,
}

/// Why a report can't be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A text.
    #[error(transparent)]
    Text(#[from] TextError),
    /// The day.
    #[error("`{0}` is no day: write it as 2026-11-29")]
    Day(String),
}

impl Report {
    /// Whether it keeps to the limits.
    ///
    /// # Errors
    /// [`ReportError`].
    pub fn check(&self) -> Result<(), ReportError> {
        text::line("a report", &self.text, TEXT_CHARS_MAX)?;
        text::at_most("pieces of evidence", self.evidence.len(), EVIDENCE_MAX)?;
        text::at_most("circles", self.circles.len(), CIRCLES_MAX)?;
        for piece in &self.evidence {
            text::line("evidence", piece, EVIDENCE_CHARS_MAX)?;
        }
        match is_day(&self.day) {
            true => Ok(()),
            false => Err(ReportError::Day(self.day.chars().take(20).collect())),
        }
    }

    /// Whose it is, and who may see it.
    #[must_use]
    pub fn opening(&self) -> Opening<'_> {
        Opening { owners: std::slice::from_ref(&self.member), circles: &self.circles }
    }
}

/// Whether a text is a day of the calendar, `YYYY-MM-DD`.
#[must_use]
pub fn is_day(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok_and(|day| day.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn there_are_eleven_norms_from_a_to_k() {
        let letters: String = Norm::ALL.iter().map(|norm| norm.letter()).collect();
        assert_eq!(letters, "abcdefghijk");
        assert!(Norm::ALL.iter().all(|norm| Norm::of(norm.letter()) == Some(*norm)));
        assert_eq!((Norm::of("l"), Norm::of("A"), Norm::of("")), (None, None, None));
        let titles: std::collections::BTreeSet<_> = Norm::ALL.iter().map(|norm| norm.title()).collect();
        assert_eq!(titles.len(), 11);
    }

    #[test]
    fn a_report_keeps_to_its_limits() {
        let good = Report {
            member: MemberId::new(Uuid::from_u128(1)),
            norm: Norm::J,
            stage: Stage::Partly,
            text: "A law on disclosure is before parliament".to_owned(),
            evidence: vec!["https://law.example/42".to_owned()],
            day: "2026-02-28".to_owned(),
            circles: Vec::new(),
        };
        assert_eq!(good.check(), Ok(()));
        let changes: [fn(&mut Report); 4] = [
            |report| report.text.clear(),
            |report| report.day = "2026-02-29".to_owned(),
            |report| report.evidence = vec!["x".to_owned(); EVIDENCE_MAX + 1],
            |report| report.evidence = vec!["x".repeat(EVIDENCE_CHARS_MAX + 1)],
        ];
        for (turn, change) in changes.into_iter().enumerate() {
            let mut bad = good.clone();
            change(&mut bad);
            assert!(bad.check().is_err(), "{turn}");
        }
        assert!(
            !is_day("2026-2-3")
                && !is_day("20260203")
                && !is_day("2026-02-03T00:00:00Z")
                && is_day("2024-02-29")
        );
    }
}
