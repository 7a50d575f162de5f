//! What was measured of a country before, during and after a project: did it move?
//!
//! That a figure moved while a project ran is no proof that the project moved it: other projects, other attackers and the season move
//! figures too. [`NO_PROOF`] stands on everything that is made of this.
//!
//! A figure has moved if there are at least three values on each side and, of all pairs of one before and one after, those that rose
//! outnumber those that fell (or the other way round) by at least 47.4 % of all pairs. That is Cliff's delta, and what is usually
//! called a large effect; it needs no assumption about how values are spread, and one freak value can't bring it about.
//!
//! Source: Cliff, "Dominance statistics", 1993; Romano and others, 2006 (thresholds); REQUIREMENTS C-7.

use std::io::Read;

use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::project::Project;
use super::table::{Table, TableError, Wrong};
use crate::transit::Country;

/// What stands on everything that sets projects beside what was measured.
pub const NO_PROOF: &str = "A figure that moved while a project ran is no proof that the project moved it.";
/// How much of all pairs must have moved one way.
const DELTA: f64 = 0.474;
/// Values that are needed on each side.
const VALUES_MIN: usize = 3;
/// How long before a project's first day and after its last one is looked, in days.
const WINDOW_DAYS: i32 = 365;
/// The most values that are read.
const MEASURED_MAX: usize = 1_000_000;
/// The most values that are compared on one side: the newest before, the oldest after.
const SIDE_MAX: usize = 2_000;

/// A value that was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Of which country.
    pub country: Country,
    /// What: a name of [`FIGURES`], or another.
    pub figure: String,
    /// When.
    pub at: Date,
    /// How much.
    pub value: f64,
}

/// Figures that Bongsu measures: a name, what it is, and whether more of it is better.
pub const FIGURES: [(&str, &str, bool); 5] = [
    ("level", "the level really used: 0 none, 1 read, 2 list, 3 block, 4 detect, 5 exchange", true),
    ("lag", "records by which what the country uses is behind", false),
    ("takedown-days", "days until what attacks use is taken down", false),
    ("reached", "share of calls in drills that were answered, of a hundred", true),
    ("sightings", "sightings given back in a month", true),
];

/// Whether more of a figure is better; `None` for one that is not known.
#[must_use]
pub fn more_is_better(figure: &str) -> Option<bool> {
    FIGURES.iter().find(|(name, _, _)| *name == figure).map(|(_, _, better)| *better)
}

/// Reads values from a table with the columns `country`, `figure`, `at` and `value`.
///
/// # Errors
/// [`TableError`] if it is no such table. What is wrong in a row is told, and the row left out.
pub fn read(from: impl Read) -> Result<(Vec<Measured>, Vec<Wrong>), TableError> {
    let mut table = Table::open(from, &["country", "figure", "at", "value"], &[])?;
    let mut all = Vec::new();
    while let Some(row) = table.next_row()? {
        let country = match Country::parse(row.cell(0)) {
            Ok(country) => country,
            Err(error) => {
                table.wrong(error.to_string());
                continue;
            }
        };
        let Ok(at) = row.cell(2).parse::<Date>() else {
            table.wrong(format!("`{}` is no day (2026-01-31)", row.cell(2)));
            continue;
        };
        let Some(value) = row.cell(3).parse::<f64>().ok().filter(|value| value.is_finite()) else {
            table.wrong(format!("`{}` is no number", row.cell(3)));
            continue;
        };
        if row.cell(1).is_empty() {
            table.wrong("it names no figure".to_owned());
            continue;
        }
        if all.len() >= MEASURED_MAX {
            return Err(TableError::Long(MEASURED_MAX));
        }
        all.push(Measured { country, figure: row.cell(1).to_owned(), at, value });
    }
    Ok((all, table.wrongs()))
}

/// Values of one time, summed up.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// How many there are.
    pub count: usize,
    /// The least.
    pub least: f64,
    /// The one in the middle.
    pub median: f64,
    /// The largest.
    pub largest: f64,
}

impl Spread {
    fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (middle, count) = (sorted.len() / 2, sorted.len());
        let median = match count % 2 {
            0 => f64::midpoint(*sorted.get(middle.checked_sub(1)?)?, *sorted.get(middle)?),
            _ => *sorted.get(middle)?,
        };
        Some(Self { count, least: *sorted.first()?, median, largest: *sorted.last()? })
    }
}

/// Whether a figure moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It moved to the better.
    Better,
    /// It moved to the worse.
    Worse,
    /// It rose, and nobody says whether that is better.
    Rose,
    /// It fell, likewise.
    Fell,
    /// It did not move, or not clearly.
    NotMoved,
    /// There are too few values to say.
    NotKnown,
}

impl Verdict {
    /// For people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Better => "moved to the better",
            Self::Worse => "moved to the worse",
            Self::Rose => "rose",
            Self::Fell => "fell",
            Self::NotMoved => "not moved",
            Self::NotKnown => "not known: too few values",
        }
    }
}

/// A figure of a country beside a project.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moved {
    /// The country.
    pub country: Country,
    /// The figure.
    pub figure: String,
    /// In the year before the project's first day.
    pub before: Option<Spread>,
    /// While it ran.
    pub during: Option<Spread>,
    /// In the year after its last day.
    pub after: Option<Spread>,
    /// What the time before is compared with: `after`, or `during` while there is no value after.
    pub against: &'static str,
    /// Cliff's delta, from −1 (all fell) to 1 (all rose).
    pub delta: Option<f64>,
    /// Whether it moved.
    pub verdict: Verdict,
}

/// What moved beside a project: each figure of each of its countries. Nothing for a project without a first day.
#[must_use]
pub fn moved(project: &Project, measured: &[Measured]) -> Vec<Moved> {
    let Some(begins) = project.begins else { return Vec::new() };
    let shifted = |day: Date, days: i32| day.checked_add(Span::new().days(days)).unwrap_or(day);
    let mut all = Vec::new();
    for country in &project.countries {
        let of_country = || measured.iter().filter(|one| one.country == *country);
        let mut figures: Vec<&str> = of_country().map(|one| one.figure.as_str()).collect();
        figures.sort_unstable();
        figures.dedup();
        for figure in figures {
            let values = |is_in: &dyn Fn(Date) -> bool| -> Vec<f64> {
                let mut found: Vec<&Measured> =
                    of_country().filter(|one| one.figure == figure && is_in(one.at)).collect();
                found.sort_by_key(|one| one.at);
                found.into_iter().map(|one| one.value).collect()
            };
            let first = shifted(begins, -WINDOW_DAYS);
            let before = values(&|at| at >= first && at < begins);
            let during = values(&|at| at >= begins && project.ends.is_none_or(|ends| at <= ends));
            let after = match project.ends {
                Some(ends) => values(&|at| at > ends && at <= shifted(ends, WINDOW_DAYS)),
                None => Vec::new(),
            };
            let (against, later) = if after.is_empty() { ("during", &during) } else { ("after", &after) };
            let delta = delta(&before, later);
            all.push(Moved {
                country: *country,
                figure: figure.to_owned(),
                before: Spread::of(&before),
                during: Spread::of(&during),
                after: Spread::of(&after),
                against,
                delta,
                verdict: verdict(delta, more_is_better(figure)),
            });
        }
    }
    all
}

/// How much more pairs rose than fell, as a part of all; `None` if there are too few values.
fn delta(before: &[f64], after: &[f64]) -> Option<f64> {
    if before.len() < VALUES_MIN || after.len() < VALUES_MIN {
        return None;
    }
    let before = before.get(before.len().saturating_sub(SIDE_MAX)..)?;
    let after = after.get(..after.len().min(SIDE_MAX))?;
    let rose = before.iter().map(|one| after.iter().filter(|two| *two > one).count()).sum::<usize>();
    let fell = before.iter().map(|one| after.iter().filter(|two| *two < one).count()).sum::<usize>();
    Some((rose as f64 - fell as f64) / (before.len() * after.len()) as f64)
}

fn verdict(delta: Option<f64>, more_is_better: Option<bool>) -> Verdict {
    let Some(delta) = delta else { return Verdict::NotKnown };
    match more_is_better {
        _ if delta.abs() < DELTA => Verdict::NotMoved,
        None if delta > 0.0 => Verdict::Rose,
        None => Verdict::Fell,
        Some(more) if more == (delta > 0.0) => Verdict::Better,
        Some(_) => Verdict::Worse,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aid::activity::Activity;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn values(rows: &str) -> Vec<Measured> {
        read(format!("country,figure,at,value\n{rows}").as_bytes()).unwrap().0
    }

    fn project() -> Project {
        let mut project = Project::of(&Activity::default());
        project.countries = vec![Country::parse("KH").unwrap()];
        (project.begins, project.ends) = (Some(date(2025, 1, 1)), Some(date(2025, 12, 31)));
        project
    }

    #[test]
    fn a_figure_moves_or_not() {
        let check = |figure: &str, before: [f64; 3], after: &[f64], expected: Verdict| {
            let mut rows = String::new();
            for (month, value) in before.iter().enumerate() {
                rows.push_str(&format!("KH,{figure},2024-{:02}-01,{value}\n", month + 2));
            }
            for (month, value) in after.iter().enumerate() {
                rows.push_str(&format!("KH,{figure},2026-{:02}-01,{value}\n", month + 1));
            }
            let told = moved(&project(), &values(&rows));
            assert_eq!(told[0].verdict, expected, "{figure} {after:?}");
            assert_eq!(told[0].before.unwrap().count, 3);
        };
        check("takedown-days", [30.0, 28.0, 33.0], &[9.0, 12.0, 31.0], Verdict::Better);
        check("level", [3.0, 3.0, 2.0], &[1.0, 1.0, 2.0], Verdict::Worse);
        check("level", [1.0, 2.0, 3.0], &[1.0, 2.0, 3.0], Verdict::NotMoved);
        check("level", [1.0, 2.0, 3.0], &[5.0, 5.0], Verdict::NotKnown);
        check("weather", [1.0, 1.0, 1.0], &[5.0, 5.0, 5.0], Verdict::Rose);
    }

    #[test]
    fn while_nothing_came_after_the_time_during_is_compared() {
        let rows = "KH,level,2024-06-01,1\nKH,level,2024-07-01,1\nKH,level,2024-08-01,1\nKH,level,2025-03-01,3\nKH,level,2025-04-01,3\nKH,level,2025-05-01,3\n\
                    KH,level,2023-12-31,5\nVN,level,2024-06-01,5\n";
        let told = moved(&project(), &values(rows));
        assert_eq!((told.len(), told[0].against, told[0].verdict), (1, "during", Verdict::Better));
        assert_eq!(told[0].delta, Some(1.0));
        let mut endless = project();
        endless.begins = None;
        assert!(moved(&endless, &values(rows)).is_empty());
    }

    #[test]
    fn what_is_wrong_in_a_table_is_told_by_line() {
        let text = "country,figure,at,value\nKH,level,2024-06-01,1\nQQ,level,2024-06-01,1\nKH,level,June,1\nKH,level,2024-06-01,NaN\nKH,,2024-06-01,1\n";
        let (read, wrong) = read(text.as_bytes()).unwrap();
        assert_eq!((read.len(), wrong.iter().map(|one| one.line).collect::<Vec<_>>()), (1, vec![3, 4, 5, 6]));
    }

    proptest! {
        #[test]
        fn turning_time_round_turns_the_verdict_round(
            before in prop::collection::vec(-50..50_i32, 3..12), after in prop::collection::vec(-50..50_i32, 3..12),
        ) {
            let (before, after): (Vec<f64>, Vec<f64>) = (before.into_iter().map(f64::from).collect(), after.into_iter().map(f64::from).collect());
            let (there, back) = (delta(&before, &after).unwrap(), delta(&after, &before).unwrap());
            prop_assert!((there + back).abs() < 1e-12 && there.abs() <= 1.0);
        }
    }
}
