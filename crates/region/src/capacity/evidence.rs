//! What is there: from measurements, a member's own word and public models to capabilities, by stated rules.
//!
//! Three bases, of which the first that says anything of a capability counts: what was *measured* here, the member's *own word*
//! (SIM3), *public* models of its country. Within one basis the least counts. docs/capacity.md has the rules as a table.

use policy::Level;
use stix::Timestamp;

use super::capability::Capability;
use super::index::{self, Figure};
use super::opening::Kind;
use super::sim3::{Assessment, MODEL};
use super::words::Language;
use crate::drill::Reach;

/// Hours up to which a takedown counts as quick, and up to which as slow.
const TAKEDOWN_QUICK_H: u64 = 48;
const TAKEDOWN_SLOW_H: u64 = 14 * 24;
/// Level of SIM3 from which a parameter counts as there: approved.
const SIM3_THERE: u8 = 3;

/// How much of a capability is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Nothing that counts.
    Missing,
    /// Some of it.
    Partly,
    /// It is there.
    There,
}

/// Where evidence comes from, the most telling last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// A public model about the country.
    Public,
    /// The member's own assessment.
    OwnWord,
    /// Measured by this node.
    Measured,
}

impl Verdict {
    /// In words.
    #[must_use]
    pub const fn words(self, language: Language) -> &'static str {
        language.pick(match self {
            Self::Missing => ("missing", "없음"),
            Self::Partly => ("partly there", "일부 있음"),
            Self::There => ("there", "있음"),
        })
    }
}

impl Basis {
    /// Its name, for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public-model",
            Self::OwnWord => "own-word",
            Self::Measured => "measured",
        }
    }

    /// In words.
    #[must_use]
    pub const fn words(self, language: Language) -> &'static str {
        language.pick(match self {
            Self::Public => ("public model", "공개 지표"),
            Self::OwnWord => ("own word", "자체 평가"),
            Self::Measured => ("measured", "측정"),
        })
    }
}

/// What the evidence is, with its figures.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// The level in use, and the one offered.
    Level {
        /// In use by its receipts.
        real: Option<Level>,
        /// By its profile.
        offered: Level,
    },
    /// A list of wallets was fetched, or not.
    Wallets(bool),
    /// Records by which the member is behind, of so many.
    Lag {
        /// Behind.
        behind: u64,
        /// The line's length.
        of: u64,
    },
    /// How its contacts answered.
    Reach {
        /// Questions.
        asked: usize,
        /// Answered in time.
        in_term: usize,
        /// Answered later.
        late: usize,
    },
    /// Sightings returned.
    Sightings(usize),
    /// Median hours until something was taken down.
    Takedown {
        /// Hours.
        median_h: u64,
        /// Whether it is longer: so much is still waited for.
        at_least: bool,
        /// So many came to an end.
        settled: usize,
        /// So many are waited for, and count as long as they are.
        waiting: usize,
    },
    /// A parameter of SIM3 and its level.
    Sim3(&'static str, u8),
    /// A public figure.
    Public(Figure),
}

/// One piece of evidence about one capability.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Where it comes from.
    pub basis: Basis,
    /// How much it says is there.
    pub verdict: Verdict,
    /// What it is.
    pub what: What,
    /// The day or year that it is of; empty where nothing ever happened.
    pub day: String,
}

impl Evidence {
    /// In words, without its day.
    #[must_use]
    pub fn words(&self, language: Language) -> String {
        let korean = language == Language::Korean;
        let level = |level: &Option<Level>| level.map_or(if korean { "없음" } else { "none" }, Level::name);
        match &self.what {
            What::Level { real, offered } if korean => {
                format!("사용 단계 {}, 제공 단계 {}", level(real), offered.name())
            }
            What::Level { real, offered } => {
                format!("level in use {}, offered {}", level(real), offered.name())
            }
            What::Wallets(true) if korean => "지갑 목록을 가져갔음".to_owned(),
            What::Wallets(true) => "a list of wallets was fetched".to_owned(),
            What::Wallets(false) if korean => "지갑 목록을 가져가지 않음".to_owned(),
            What::Wallets(false) => "no list of wallets was fetched".to_owned(),
            What::Lag { behind, of } if korean => format!("기록 {of}건 중 {behind}건 뒤처짐"),
            What::Lag { behind, of } => format!("{behind} of {of} records behind"),
            What::Reach { asked, in_term, late } if korean => {
                format!("질문 {asked}번 중 제때 {in_term}번, 늦게 {late}번 응답")
            }
            What::Reach { asked, in_term, late } => {
                format!("asked {asked} times, answered {in_term} in time and {late} late")
            }
            What::Sightings(count) if korean => format!("발견 보고 {count}건"),
            What::Sightings(count) => format!("{count} sightings returned"),
            What::Takedown { median_h, at_least, settled, waiting } if korean => {
                let least = if *at_least { " 이상" } else { "" };
                format!("차단 조치 {settled}건, 대기 {waiting}건, 중앙값 {median_h}시간{least}")
            }
            What::Takedown { median_h, at_least, settled, waiting } => {
                let least = if *at_least { "at least " } else { "" };
                format!("{settled} takedowns, {waiting} waited for, {least}{median_h} hours in the median")
            }
            What::Sim3(number, level) if korean => format!("{MODEL} {number}: 수준 {level}"),
            What::Sim3(number, level) => format!("{MODEL} {number}: level {level}"),
            What::Public(figure) => {
                format!("{}: {} {}", index::title(&figure.model), figure.indicator, figure.said())
            }
        }
    }
}

/// The level of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Levels {
    /// By its profile.
    pub offered: Level,
    /// By its receipts.
    pub real: Option<Level>,
    /// When something was used last.
    pub last: Option<Timestamp>,
    /// When a list of wallets was fetched last.
    pub wallets: Option<Timestamp>,
}

/// How far a member is behind, in the circle in which it is furthest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lag {
    /// Records behind.
    pub behind: u64,
    /// Records of the line.
    pub of: u64,
    /// When it fetched last.
    pub last: Timestamp,
}

/// Sightings that a member returned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Returned {
    /// How many.
    pub count: usize,
    /// When last.
    pub last: Option<Timestamp>,
}

/// How long a member took to take things down in its networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Takedown {
    /// Notices that came to an end.
    pub settled: usize,
    /// Notices that are waited for, and count as having taken as long as they are.
    pub waiting: usize,
    /// Hours until takedown, in the median.
    pub median_h: u64,
    /// Whether it is longer.
    pub at_least: bool,
    /// When the last one came to an end; when it was looked, if none did.
    pub last: Timestamp,
}

/// What was measured of a member, as far as the one who looks may see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Measured {
    /// Its level.
    pub levels: Option<Levels>,
    /// How far it is behind.
    pub lag: Option<Lag>,
    /// How it was reached.
    pub reach: Option<Reach>,
    /// What it returned.
    pub sightings: Option<Returned>,
    /// How long takedowns take.
    pub takedown: Option<Takedown>,
}

impl Measured {
    /// What it says of capabilities.
    #[must_use]
    pub fn evidence(&self) -> Vec<(Capability, Evidence)> {
        let mut found = Vec::new();
        let mut put = |capability, verdict, what: &What, at: Option<Timestamp>| {
            let day = at.map(|at| at.date()).unwrap_or_default();
            found.push((capability, Evidence { basis: Basis::Measured, verdict, what: what.clone(), day }));
        };
        if let Some(levels) = &self.levels {
            let what = What::Level { real: levels.real, offered: levels.offered };
            for (capability, there, partly) in LEVELS {
                put(capability, graded(levels.real, there, partly), &what, levels.last);
            }
            let wallets = if levels.wallets.is_some() { Verdict::There } else { Verdict::Missing };
            let what = What::Wallets(levels.wallets.is_some());
            put(Capability::VirtualAssetScreening, wallets, &what, levels.wallets);
        }
        if let Some(lag) = &self.lag {
            let verdict = match lag.behind {
                0 => Verdict::There,
                behind if behind.saturating_mul(10) <= lag.of => Verdict::Partly,
                _ => Verdict::Missing,
            };
            let what = What::Lag { behind: lag.behind, of: lag.of };
            for capability in [Capability::DnsFiltering, Capability::NetworkDetection] {
                put(capability, verdict, &what, Some(lag.last));
            }
        }
        if let Some(reach) = self.reach.as_ref().filter(|reach| reach.asked > 0) {
            let verdict = match reach.in_term + reach.late {
                0 => Verdict::Missing,
                _ if reach.in_term == reach.asked => Verdict::There,
                _ => Verdict::Partly,
            };
            let what = What::Reach { asked: reach.asked, in_term: reach.in_term, late: reach.late };
            put(Capability::PointOfContact, verdict, &what, reach.last);
        }
        if let Some(sightings) = &self.sightings {
            let verdict = if sightings.count > 0 { Verdict::There } else { Verdict::Partly };
            let what = What::Sightings(sightings.count);
            put(Capability::LogHunting, verdict, &what, sightings.last);
        }
        if let Some(takedown) = &self.takedown {
            let Takedown { settled, waiting, median_h, at_least, last } = *takedown;
            let verdict = match median_h {
                // What has waited shortly may still become anything.
                median_h if median_h <= TAKEDOWN_QUICK_H => (!at_least).then_some(Verdict::There),
                median_h if median_h <= TAKEDOWN_SLOW_H => Some(Verdict::Partly),
                _ => Some(Verdict::Missing),
            };
            if let Some(verdict) = verdict.filter(|_| settled + waiting > 0) {
                let what = What::Takedown { median_h, at_least, settled, waiting };
                put(Capability::TakedownHandling, verdict, &what, Some(last));
            }
        }
        found
    }

    /// Which kinds are there.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> {
        let kinds = [
            (self.levels.is_some(), Kind::Level),
            (self.lag.is_some(), Kind::Lag),
            (self.reach.is_some(), Kind::Reach),
            (self.sightings.is_some(), Kind::Sightings),
            (self.takedown.is_some(), Kind::Takedown),
        ];
        kinds.into_iter().filter_map(|(is_there, kind)| is_there.then_some(kind))
    }
}

/// From which level on a capability is there, and from which on partly.
const LEVELS: [(Capability, Level, Option<Level>); 5] = [
    (Capability::DnsFiltering, Level::Block, Some(Level::List)),
    (Capability::NetworkDetection, Level::Detect, Some(Level::Block)),
    // Nothing that is delivered filters mail by itself: lists can be fed to what does.
    (Capability::MailFiltering, Level::Detect, Some(Level::List)),
    (Capability::LogHunting, Level::Detect, None),
    (Capability::IntelligenceSharing, Level::Exchange, Some(Level::Detect)),
];

fn graded(real: Option<Level>, there: Level, partly: Option<Level>) -> Verdict {
    match real {
        Some(level) if level >= there => Verdict::There,
        Some(level) if partly.is_some_and(|partly| level >= partly) => Verdict::Partly,
        _ => Verdict::Missing,
    }
}

/// Which parameters of SIM3 speak of which capability.
const SIM3: [(&str, Capability); 13] = [
    ("T-8", Capability::DnsFiltering),
    ("T-8", Capability::MailFiltering),
    ("T-9", Capability::NetworkDetection),
    ("P-5", Capability::LogHunting),
    ("P-6", Capability::TakedownHandling),
    ("P-7", Capability::TakedownHandling),
    ("P-9", Capability::PointOfContact),
    ("T-5", Capability::PointOfContact),
    ("P-4", Capability::VulnerabilityHandling),
    ("T-1", Capability::VulnerabilityHandling),
    ("H-7", Capability::IntelligenceSharing),
    ("P-11", Capability::IntelligenceSharing),
    ("P-17", Capability::IntelligenceSharing),
];

/// What a member's own assessment says of capabilities.
#[must_use]
pub fn of_assessment(assessment: &Assessment) -> Vec<(Capability, Evidence)> {
    let one = |(number, capability): (&'static str, Capability)| {
        let level = *assessment.levels.get(number)?;
        let verdict = match level {
            0 => Verdict::Missing,
            SIM3_THERE.. => Verdict::There,
            _ => Verdict::Partly,
        };
        let what = What::Sim3(number, level);
        Some((capability, Evidence { basis: Basis::OwnWord, verdict, what, day: assessment.day.clone() }))
    };
    SIM3.into_iter().filter_map(one).collect()
}

/// Which public indicators speak of which capability: model, indicator, what of its scale counts as there and as partly there.
const PUBLIC: [(&str, &str, f64, f64, &[Capability]); 8] = [
    ("gci", "technical", 2.0 / 3.0, 1.0 / 3.0, TECHNICAL),
    ("gci", "organizational", 2.0 / 3.0, 1.0 / 3.0, &[Capability::PointOfContact]),
    (
        "gci",
        "legal",
        2.0 / 3.0,
        1.0 / 3.0,
        &[Capability::TakedownHandling, Capability::VirtualAssetScreening],
    ),
    ("gci", "cooperation", 2.0 / 3.0, 1.0 / 3.0, &[Capability::IntelligenceSharing]),
    ("cmm", "d1", 3.0 / 5.0, 2.0 / 5.0, &[Capability::PointOfContact, Capability::IntelligenceSharing]),
    ("cmm", "d3", 3.0 / 5.0, 2.0 / 5.0, &[Capability::LogHunting]),
    ("cmm", "d4", 3.0 / 5.0, 2.0 / 5.0, &[Capability::TakedownHandling, Capability::VirtualAssetScreening]),
    ("cmm", "d5", 3.0 / 5.0, 2.0 / 5.0, TECHNICAL),
];

const TECHNICAL: &[Capability] = &[
    Capability::DnsFiltering,
    Capability::NetworkDetection,
    Capability::MailFiltering,
    Capability::LogHunting,
    Capability::VulnerabilityHandling,
];

/// What public figures about a country say of capabilities. Indicators that stand in no rule say nothing of any.
pub fn of_figures<'f>(figures: impl Iterator<Item = &'f Figure>) -> Vec<(Capability, Evidence)> {
    let mut found = Vec::new();
    for figure in figures {
        let rules = PUBLIC
            .iter()
            .filter(|(model, indicator, ..)| figure.model == *model && figure.indicator == *indicator);
        for (_, _, there, partly, capabilities) in rules {
            let share = figure.share();
            // A share is a quotient of decimals: what is meant to be equal may be off by its last digit.
            let reaches = |limit: &f64| share >= limit - 1e-9;
            let verdict = match (reaches(there), reaches(partly)) {
                (true, _) => Verdict::There,
                (_, true) => Verdict::Partly,
                _ => Verdict::Missing,
            };
            let (what, day) = (What::Public(figure.clone()), figure.year.to_string());
            let evidence = Evidence { basis: Basis::Public, verdict, what, day };
            found.extend(capabilities.iter().map(|capability| (*capability, evidence.clone())));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(measured: &Measured, capability: Capability) -> Vec<Verdict> {
        let all = measured.evidence();
        all.into_iter().filter(|(of, _)| *of == capability).map(|(_, one)| one.verdict).collect()
    }

    #[test]
    fn a_level_in_use_says_what_is_there() {
        let at = |real| {
            let levels = Levels { offered: Level::Exchange, real, last: None, wallets: None };
            let measured = Measured { levels: Some(levels), ..Measured::default() };
            [Capability::DnsFiltering, Capability::NetworkDetection, Capability::IntelligenceSharing]
                .map(|capability| of(&measured, capability)[0])
        };
        use Verdict::{Missing, Partly, There};
        assert_eq!(at(None), [Missing; 3]);
        assert_eq!(at(Some(Level::List)), [Partly, Missing, Missing]);
        assert_eq!(at(Some(Level::Block)), [There, Partly, Missing]);
        assert_eq!(at(Some(Level::Detect)), [There, There, Partly]);
        assert_eq!(at(Some(Level::Exchange)), [There; 3]);
    }

    #[test]
    fn what_was_measured_is_graded_by_its_limits() {
        let now = Timestamp::from_micros(1_800_000_000_000_000);
        let lag = |behind| {
            let lag = Lag { behind, of: 100, last: now };
            of(&Measured { lag: Some(lag), ..Measured::default() }, Capability::DnsFiltering)[0]
        };
        assert_eq!([0, 10, 11].map(lag), [Verdict::There, Verdict::Partly, Verdict::Missing]);
        let takedown = |median_h, at_least| {
            let takedown = Takedown { settled: 3, waiting: 1, median_h, at_least, last: now };
            let measured = Measured { takedown: Some(takedown), ..Measured::default() };
            of(&measured, Capability::TakedownHandling).first().copied()
        };
        let verdicts = [Some(Verdict::There), Some(Verdict::Partly), Some(Verdict::Missing)];
        assert_eq!([48, 336, 337].map(|hours| takedown(hours, false)), verdicts);
        assert_eq!([48, 336, 337].map(|hours| takedown(hours, true)), [None, verdicts[1], verdicts[2]]);
        let reach = |asked, in_term, late| {
            let reach = Reach { asked, in_term, late, ..Reach::default() };
            of(&Measured { reach: Some(reach), ..Measured::default() }, Capability::PointOfContact)
        };
        assert_eq!(reach(0, 0, 0), [], "who was not asked is not known");
        assert_eq!(
            [reach(2, 2, 0), reach(2, 1, 1), reach(2, 0, 0)].map(|all| all[0]),
            [Verdict::There, Verdict::Partly, Verdict::Missing]
        );
    }

    #[test]
    fn public_figures_are_graded_by_their_share_and_keep_their_year() {
        let figure = |model: &str, indicator: &str, value, max| Figure {
            model: model.to_owned(),
            year: 2024,
            indicator: indicator.to_owned(),
            value,
            max,
            source: "x.csv".to_owned(),
        };
        let said = |figure: Figure| {
            let all = of_figures(std::iter::once(&figure));
            all.into_iter().map(|(capability, one)| (capability, one.verdict, one.day)).collect::<Vec<_>>()
        };
        let year = || "2024".to_owned();
        let sharing = Capability::IntelligenceSharing;
        assert_eq!(said(figure("gci", "cooperation", 14.0, 20.0)), [(sharing, Verdict::There, year())]);
        assert_eq!(said(figure("gci", "cooperation", 13.0, 20.0)), [(sharing, Verdict::Partly, year())]);
        assert_eq!(said(figure("gci", "cooperation", 3.0, 20.0)), [(sharing, Verdict::Missing, year())]);
        assert_eq!(said(figure("cmm", "d3", 3.0, 5.0)), [(Capability::LogHunting, Verdict::There, year())]);
        assert_eq!(said(figure("ncsi", "policy", 3.0, 5.0)), [], "no rule speaks of it");
    }
}
