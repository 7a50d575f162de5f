//! What a country needs, and why that is said.

use std::io::Read;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::table::{Table, TableError, Wrong};
use crate::transit::Country;

/// The most needs that are read.
const NEEDS_MAX: usize = 100_000;

/// What a country needs: the threats that it sees call for it, and it isn't there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Need {
    /// The country.
    pub country: Country,
    /// The capability, by a name of [`super::capability::all`] or another.
    pub capability: String,
    /// Why that is said, one reason each.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// How much it weighs among the needs of all, at least 0; 1 if nobody says. It orders a plan, and is no score of the country.
    #[serde(default = "one")]
    pub weight: f64,
}

const fn one() -> f64 {
    1.0
}

/// Reads needs from a table with the columns `country` and `capability`, and perhaps `reasons` (several with `;` between them) and
/// `weight`. A need that stands there twice is one, with the reasons of both and the larger weight.
///
/// # Errors
/// [`TableError`] if it is no such table. What is wrong in a row is told, and the row left out.
pub fn read(from: impl Read) -> Result<(Vec<Need>, Vec<Wrong>), TableError> {
    let mut table = Table::open(from, &["country", "capability"], &["reasons", "weight"])?;
    let mut needs = Joining::default();
    while let Some(row) = table.next_row()? {
        let (country, capability, weight) = (row.cell(0), row.cell(1), row.cell(3));
        let country = match Country::parse(country) {
            Ok(country) => country,
            Err(error) => {
                table.wrong(error.to_string());
                continue;
            }
        };
        if capability.is_empty() {
            table.wrong("it names no capability".to_owned());
            continue;
        }
        let weight = match weight {
            "" => 1.0,
            said => match said.parse::<f64>().ok().filter(|weight| weight.is_finite() && *weight >= 0.0) {
                Some(weight) => weight,
                None => {
                    table.wrong(format!("`{said}` is no weight: a number from 0 on"));
                    continue;
                }
            },
        };
        let reasons = row.cell(2).split(';').map(str::trim).filter(|reason| !reason.is_empty());
        let capability = capability.to_lowercase().replace([' ', '_'], "-");
        let reasons = reasons.map(str::to_owned).collect();
        if !needs.take(Need { country, capability, reasons, weight }) {
            return Err(TableError::Long(NEEDS_MAX));
        }
    }
    Ok((needs.all, table.wrongs()))
}

/// Needs in which no capability of a country stands twice: of those that do, the reasons of all count and the largest weight. What is
/// beyond the most that are read is left out.
#[must_use]
pub fn joined(needs: impl IntoIterator<Item = Need>) -> Vec<Need> {
    let mut joining = Joining::default();
    for need in needs {
        joining.take(need);
    }
    joining.all
}

/// Needs, each once.
#[derive(Default)]
struct Joining {
    all: Vec<Need>,
    known: HashMap<(Country, String), usize>,
}

impl Joining {
    /// Takes one in; not if there are too many.
    fn take(&mut self, need: Need) -> bool {
        let count = self.all.len();
        let at = *self.known.entry((need.country, need.capability.clone())).or_insert(count);
        match self.all.get_mut(at) {
            Some(has) => {
                has.weight = has.weight.max(need.weight);
                for reason in need.reasons {
                    if !has.reasons.contains(&reason) {
                        has.reasons.push(reason);
                    }
                }
            }
            None if count >= NEEDS_MAX => return false,
            None => self.all.push(need),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_are_read_and_what_is_wrong_is_told() {
        let text = "\u{feff}Country,capability,reasons,weight\nkh,DNS filtering,42 sightings; no zone fetched,2\nQQ,skills,,\nVN,,x,\nVN,skills,x,-1\n\
                    KH,dns-filtering,42 sightings;late,1\nVN,skills\n";
        let (needs, wrong) = read(text.as_bytes()).unwrap();
        assert_eq!(needs.len(), 1);
        assert_eq!((needs[0].capability.as_str(), needs[0].weight), ("dns-filtering", 2.0));
        assert_eq!(needs[0].reasons, ["42 sightings", "no zone fetched", "late"]);
        assert_eq!(wrong.iter().map(|one| one.line).collect::<Vec<_>>(), [3, 4, 5, 7]);
        let twice = joined(needs.iter().cloned().chain([Need {
            weight: 5.0,
            reasons: vec!["worse".into()],
            ..needs[0].clone()
        }]));
        assert_eq!((twice.len(), twice[0].weight, twice[0].reasons.len()), (1, 5.0, 4));
        let refused = read("a,b\n".as_bytes()).unwrap_err().to_string();
        assert_eq!(refused, "there is no column `country`: it has a, b");
    }
}
