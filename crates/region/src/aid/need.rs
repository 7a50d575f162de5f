//! What a country needs, and why that is said.

use std::io::Read;

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
    let mut needs: Vec<Need> = Vec::new();
    let mut known = hashbrown::HashMap::<(Country, String), usize>::new();
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
        let count = needs.len();
        let at = *known.entry((country, capability.clone())).or_insert(count);
        match needs.get_mut(at) {
            Some(need) => {
                need.weight = need.weight.max(weight);
                for reason in reasons {
                    if !need.reasons.iter().any(|has| has == reason) {
                        need.reasons.push(reason.to_owned());
                    }
                }
            }
            None if count >= NEEDS_MAX => return Err(TableError::Long(NEEDS_MAX)),
            None => needs.push(Need {
                country,
                capability,
                reasons: reasons.map(str::to_owned).collect(),
                weight,
            }),
        }
    }
    Ok((needs, table.wrongs()))
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
        let refused = read("a,b\n".as_bytes()).unwrap_err().to_string();
        assert_eq!(refused, "there is no column `country`: it has a, b");
    }
}
