//! What is looked at of a region: attacks that were observed, tables of where addresses are, and how territories are shown.

use std::collections::BTreeMap;

use region::transit::Country;
use region::world::Territories;
use serde::Deserialize;

use crate::exit::Failure;
use crate::transit::Source;
use std::path::PathBuf;

/// Most files and folders of each kind.
const FILES_MAX: usize = 256;

/// What a region is told from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Region {
    /// Files and folders with sightings: `FILE`, `FILE=FORM`, `FILE=FORM/ROLE@COUNTRY`.
    pub observed: Vec<String>,
    /// Tables of where addresses are: MaxMind's form (.mmdb), or ranges as CSV.
    pub geo: Vec<PathBuf>,
    /// Days of one period of a trend.
    pub period_days: u32,
    /// How many members must stand behind a sum over what is not shown.
    pub members_min: usize,
    /// How territories are shown.
    pub territories: Shown,
}

/// How territories are shown, where the sources' word is not to stand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Shown {
    /// Other names, by two letters of ISO 3166-1.
    pub names: BTreeMap<String, String>,
    /// Whose shade a country's shape has: `HK = "CN"`.
    pub within: BTreeMap<String, String>,
    /// Countries of shapes that have no number in the source, by the source's name: `Kosovo = "XK"`.
    pub shapes: BTreeMap<String, String>,
}

impl Default for Region {
    fn default() -> Self {
        Self {
            observed: Vec::new(),
            geo: Vec::new(),
            period_days: 28,
            members_min: 3,
            territories: Shown::default(),
        }
    }
}

impl Region {
    /// What is observed, as files with their forms.
    ///
    /// # Errors
    /// When a form, a role or a country is none.
    pub(crate) fn sources(&self) -> Result<Vec<Source>, Failure> {
        self.observed.iter().map(|text| text.parse().map_err(|why: String| wrong("observed", &why))).collect()
    }

    /// How territories are shown.
    ///
    /// # Errors
    /// When a country is none.
    pub(crate) fn territories(&self) -> Result<Territories, Failure> {
        let country = |what: &str, code: &str| {
            Country::parse(code).map_err(|error| wrong(&format!("territories.{what}"), &error.to_string()))
        };
        let mut shown = Territories::default();
        for (code, name) in &self.territories.names {
            shown.names.insert(country("names", code)?, name.clone());
        }
        for (code, whose) in &self.territories.within {
            shown.within.insert(country("within", code)?, country("within", whose)?);
        }
        for (shape, code) in &self.territories.shapes {
            shown.shapes.insert(shape.clone(), country("shapes", code)?);
        }
        Ok(shown)
    }

    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.observed.len() > FILES_MAX || self.geo.len() > FILES_MAX {
            return Err(Failure::usage(format!(
                "region.observed and region.geo: name at most {FILES_MAX} each"
            )));
        }
        if !(1..=3_650).contains(&self.period_days) {
            return Err(Failure::usage("region.period_days: name 1 to 3650"));
        }
        if self.members_min == 0 {
            return Err(Failure::usage("region.members_min: name at least 1"));
        }
        self.sources()?;
        self.territories().map(drop)
    }
}

fn wrong(key: &str, why: &str) -> Failure {
    Failure::usage(format!("region.{key}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::Region;

    #[test]
    fn what_makes_no_sense_is_refused_with_its_place() {
        let said =
            |text: &str| toml::from_str::<Region>(text).unwrap().check().err().map(|failure| failure.message);
        assert_eq!(said(""), None);
        assert_eq!(
            said(
                "observed = [\"a.csv\", \"ssh.log=sshd@KR\", \"c2.txt=list/proxy\"]\n[territories]\nnames = { KR = \"Korea\" }\nwithin = { HK = \"CN\" }\nshapes = { Kosovo = \"XK\" }"
            ),
            None
        );
        for (wrong, place) in [
            ("observed = [\"a=shsd/c2\"]", "region.observed"),
            ("observed = [\"a=sshd/king\"]", "king"),
            ("observed = [\"a=sshd@QQ\"]", "QQ"),
            ("period_days = 0", "region.period_days"),
            ("members_min = 0", "region.members_min"),
            ("[territories]\nwithin = { HK = \"QQ\" }", "region.territories.within"),
        ] {
            let said = said(wrong).unwrap_or_else(|| panic!("{wrong}"));
            assert!(said.contains(place), "{said}");
        }
    }
}
