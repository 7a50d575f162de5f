//! Gaps: what the threats that were seen call for, against what is there; each with its reasons.
//!
//! A row is a country by public models alone, or a member by what may be seen of it. Each cell of a row is one capability: what
//! calls for it, the evidence, and the state that follows. There is no sum over cells and none over rows.

use super::capability::Capability;
use super::evidence::{Basis, Evidence, Verdict};
use super::threat::{Demand, Seen, Threat};
use super::words::Language;
use crate::aid::Need;
use crate::transit::Country;

/// How a cell stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Nothing that was seen calls for it.
    NotCalled,
    /// It is called for, and there.
    There,
    /// It is called for, and partly there: a gap.
    Partly,
    /// It is called for, and missing: a gap.
    Missing,
    /// It is called for, and nothing is known, or nothing is shown.
    Unknown,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::NotCalled, Self::There, Self::Partly, Self::Missing, Self::Unknown];

    /// Its name, for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotCalled => "not-called-for",
            Self::There => "there",
            Self::Partly => "partly",
            Self::Missing => "missing",
            Self::Unknown => "unknown",
        }
    }

    /// In words.
    #[must_use]
    pub const fn words(self, language: Language) -> &'static str {
        language.pick(match self {
            Self::NotCalled => ("not called for", "필요 없음"),
            Self::There => ("there", "있음"),
            Self::Partly => ("gap: partly there", "격차: 일부 있음"),
            Self::Missing => ("gap: missing", "격차: 없음"),
            Self::Unknown => ("not known", "알 수 없음"),
        })
    }

    /// A sign that stands for it where colours are not told apart.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::NotCalled => "·",
            Self::There => "●",
            Self::Partly => "◐",
            Self::Missing => "○",
            Self::Unknown => "?",
        }
    }

    /// Whether it is a gap.
    #[must_use]
    pub const fn is_gap(self) -> bool {
        matches!(self, Self::Partly | Self::Missing)
    }
}

/// One capability of one row.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The capability.
    pub capability: Capability,
    /// What follows from the rest.
    pub state: State,
    /// The basis by which it was decided, if there is evidence.
    pub basis: Option<Basis>,
    /// The threats that call for it.
    pub calls: Vec<(Threat, Seen)>,
    /// All evidence, the most telling first.
    pub evidence: Vec<Evidence>,
}

impl Cell {
    /// Decides: of the evidence of the most telling basis the least counts.
    #[must_use]
    pub fn of(capability: Capability, demand: &Demand, mut evidence: Vec<Evidence>) -> Self {
        evidence.sort_by(|a, b| (b.basis, a.verdict).cmp(&(a.basis, b.verdict)));
        let calls: Vec<(Threat, Seen)> = demand.calls(capability).collect();
        let deciding = evidence.first();
        let state = match (calls.is_empty(), deciding.map(|one| one.verdict)) {
            (true, _) => State::NotCalled,
            (_, None) => State::Unknown,
            (_, Some(Verdict::There)) => State::There,
            (_, Some(Verdict::Partly)) => State::Partly,
            (_, Some(Verdict::Missing)) => State::Missing,
        };
        Self { capability, state, basis: deciding.map(|one| one.basis), calls, evidence }
    }

    /// Why it is as it is, a sentence for each call and each piece of evidence.
    #[must_use]
    pub fn reasons(&self, language: Language) -> Vec<String> {
        let call = |(threat, seen): &(Threat, Seen)| match language {
            Language::English => {
                format!("{}: {} seen, last on {}", threat.words(language), seen.count, seen.last.date())
            }
            Language::Korean => {
                format!("{}: {}건, 최근 {}", threat.words(language), seen.count, seen.last.date())
            }
        };
        let known = |one: &Evidence| {
            let day = if one.day.is_empty() { String::new() } else { format!(" ({})", one.day) };
            format!(
                "{}: {}{day}: {}",
                one.basis.words(language),
                one.words(language),
                one.verdict.words(language)
            )
        };
        self.calls.iter().map(call).chain(self.evidence.iter().map(known)).collect()
    }
}

/// A member, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Its handle.
    pub handle: String,
    /// Its name.
    pub name: String,
}

/// A country by public models, or a member by what may be seen of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The country; a member may have none.
    pub country: Option<Country>,
    /// What the country is called.
    pub name: String,
    /// The member, if it is one's row.
    pub member: Option<Party>,
    /// The cells, in the order of [`Capability::ALL`].
    pub cells: Vec<Cell>,
}

impl Row {
    /// A row of all capabilities, by what was seen and what is there.
    #[must_use]
    pub fn of(
        (country, name): (Option<Country>, String),
        member: Option<Party>,
        demand: &Demand,
        evidence: &[(Capability, Evidence)],
    ) -> Self {
        let cell = |capability| {
            let about = evidence.iter().filter(|(of, _)| *of == capability).map(|(_, one)| one.clone());
            Cell::of(capability, demand, about.collect())
        };
        Self { country, name, member, cells: Capability::ALL.into_iter().map(cell).collect() }
    }

    /// By which it is found on pages: the country's letters in small, or `member-` and the handle.
    #[must_use]
    pub fn place(&self) -> String {
        match (&self.member, self.country) {
            (Some(party), _) => format!("member-{}", party.handle),
            (None, Some(country)) => country.code().to_ascii_lowercase(),
            (None, None) => String::new(),
        }
    }

    /// What stands before its cells.
    #[must_use]
    pub fn title(&self) -> String {
        match &self.member {
            Some(party) if self.name.is_empty() => party.name.clone(),
            Some(party) => format!("{} · {}", self.name, party.name),
            None => self.name.clone(),
        }
    }
}

/// The needs that follow from rows: a gap each, by half where it is partly there. Of several rows about one country each counts for
/// itself. The weight is how many of the objects that were seen call for it, and no measure of how bad anything is.
#[must_use]
pub fn needs(rows: &[Row], language: Language) -> Vec<Need> {
    let mut needs = Vec::new();
    for row in rows {
        let Some(country) = row.country else { continue };
        for cell in row.cells.iter().filter(|cell| cell.state.is_gap()) {
            let calls: usize = cell.calls.iter().map(|(_, seen)| seen.count).sum();
            let calls = f64::from(u32::try_from(calls).unwrap_or(u32::MAX));
            let weight = if cell.state == State::Missing { calls } else { calls / 2.0 };
            needs.push(Need {
                country,
                capability: cell.capability.name().to_owned(),
                reasons: cell.reasons(language),
                weight,
            });
        }
    }
    needs
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::evidence::What;
    use super::*;
    use stix::Timestamp;

    pub(crate) fn demand() -> Demand {
        let mut demand = Demand::default();
        let at = Timestamp::parse("2026-11-20T00:00:00Z").unwrap();
        for _ in 0..3 {
            demand.take(
                r#"{"type":"indicator","pattern":"[domain-name:value = 'x']","pattern_type":"stix"}"#,
                at,
            );
        }
        demand
    }

    pub(crate) fn evidence(basis: Basis, verdict: Verdict) -> Evidence {
        Evidence { basis, verdict, what: What::Sightings(2), day: "2026-11-01".to_owned() }
    }

    #[test]
    fn the_most_telling_basis_decides_and_in_it_the_least() {
        let state = |all: &[(Basis, Verdict)]| {
            let evidence = all.iter().map(|(basis, verdict)| evidence(*basis, *verdict)).collect();
            let cell = Cell::of(Capability::DnsFiltering, &demand(), evidence);
            (cell.state, cell.basis)
        };
        use Basis::{Measured, OwnWord, Public};
        use Verdict::{Missing, Partly, There};
        assert_eq!(state(&[]), (State::Unknown, None));
        assert_eq!(state(&[(Public, Missing)]), (State::Missing, Some(Public)));
        assert_eq!(state(&[(Public, Missing), (OwnWord, There)]), (State::There, Some(OwnWord)));
        assert_eq!(
            state(&[(OwnWord, There), (Measured, There), (Measured, Partly)]),
            (State::Partly, Some(Measured))
        );
    }

    #[test]
    fn what_nothing_calls_for_is_no_gap_but_its_evidence_stays() {
        let cell =
            Cell::of(Capability::MailFiltering, &demand(), vec![evidence(Basis::Public, Verdict::Missing)]);
        assert_eq!((cell.state, cell.evidence.len(), cell.state.is_gap()), (State::NotCalled, 1, false));
    }

    #[test]
    fn reasons_have_figures_and_days_in_both_languages() {
        let cell =
            Cell::of(Capability::DnsFiltering, &demand(), vec![evidence(Basis::Measured, Verdict::Partly)]);
        assert_eq!(
            cell.reasons(Language::English),
            [
                "bad domains: 3 seen, last on 2026-11-20",
                "measured: 2 sightings returned (2026-11-01): partly there"
            ]
        );
        assert_eq!(
            cell.reasons(Language::Korean),
            ["악성 도메인: 3건, 최근 2026-11-20", "측정: 발견 보고 2건 (2026-11-01): 일부 있음"]
        );
    }

    #[test]
    fn needs_are_the_gaps_of_countries() {
        let country = super::super::country::of("KH").unwrap();
        let there = [(Capability::DnsFiltering, evidence(Basis::Public, Verdict::Partly))];
        let row = Row::of((Some(country), "Cambodia".to_owned()), None, &demand(), &there);
        let needs = needs(&[row.clone(), Row { country: None, ..row }], Language::English);
        assert_eq!(needs.len(), 1);
        assert_eq!((needs[0].capability.as_str(), needs[0].weight), ("dns-filtering", 1.5));
    }
}
