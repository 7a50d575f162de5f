//! What is looked at of a region: attacks that were observed, tables of where addresses are and of public models, and how territories
//! are shown.

use std::collections::{BTreeMap, HashSet};

use region::capacity::country;
use region::transit::Country;
use region::world::Territories;
use serde::Deserialize;

use crate::exit::Failure;
use crate::transit::Source;
use std::path::PathBuf;

/// Most files and folders of each kind.
const FILES_MAX: usize = 256;
/// Most tables of public models.
const INDICES_MAX: usize = 100;
/// Longest name of a country, in characters.
const NAME_CHARS_MAX: usize = 100;

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
    /// Tables of public models, each with `=MODEL` or `=MODEL:YEAR` behind it or not.
    pub indices: Vec<String>,
    /// Aid projects: files by the IATI standard, or folders of them.
    pub projects: Vec<PathBuf>,
    /// How territories are shown.
    pub territories: Shown,
}

/// A table of a public model, and what is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    /// Where it lies.
    pub path: PathBuf,
    /// The model, if it is named.
    pub model: Option<String>,
    /// The year, if it is named.
    pub year: Option<u16>,
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
            indices: Vec::new(),
            projects: Vec::new(),
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
        shown.names.extend(self.naming()?);
        for (code, whose) in &self.territories.within {
            shown.within.insert(country("within", code)?, country("within", whose)?);
        }
        for (shape, code) in &self.territories.shapes {
            shown.shapes.insert(shape.clone(), country("shapes", code)?);
        }
        Ok(shown)
    }

    /// The tables of public models.
    ///
    /// # Errors
    /// When what stands behind a file is no model and year.
    pub(crate) fn tables(&self) -> Result<Vec<Table>, Failure> {
        self.indices.iter().map(|text| table(text)).collect()
    }

    /// The operator's names of countries.
    ///
    /// # Errors
    /// When a code is none, or a name too long.
    pub(crate) fn naming(&self) -> Result<BTreeMap<Country, String>, Failure> {
        let named = |(code, name): (&String, &String)| {
            let key = format!("territories.names.{code}");
            let country = country::of(code).map_err(|error| wrong(&key, &error.to_string()))?;
            let name = region::text::line("the name of a country", name, NAME_CHARS_MAX);
            Ok((country, name.map_err(|error| wrong(&key, &error.to_string()))?))
        };
        self.territories.names.iter().map(named).collect()
    }

    pub(super) fn check(&self) -> Result<(), Failure> {
        let named = [self.observed.len(), self.geo.len(), self.projects.len()];
        if named.into_iter().any(|named| named > FILES_MAX) {
            return Err(Failure::usage(format!(
                "region.observed, region.geo and region.projects: name at most {FILES_MAX} each"
            )));
        }
        let mut seen = HashSet::new();
        if let Some(twice) = self.projects.iter().find(|path| !seen.insert(*path)) {
            return Err(wrong("projects", &format!("`{}` is named twice", twice.display())));
        }
        if !(1..=3_650).contains(&self.period_days) {
            return Err(Failure::usage("region.period_days: name 1 to 3650"));
        }
        if self.members_min < 3 {
            return Err(Failure::usage(
                "region.members_min: name at least 3; of two, each knows the other's",
            ));
        }
        if self.indices.len() > INDICES_MAX {
            return Err(Failure::usage(format!("region.indices: name at most {INDICES_MAX} files")));
        }
        let mut seen = HashSet::new();
        if let Some(twice) = self.indices.iter().find(|text| !seen.insert(*text)) {
            return Err(wrong("indices", &format!("`{twice}` is named twice")));
        }
        self.sources()?;
        self.tables()?;
        self.naming()?;
        self.territories().map(drop)
    }
}

fn wrong(key: &str, why: &str) -> Failure {
    Failure::usage(format!("region.{key}: {why}"))
}

fn table(text: &str) -> Result<Table, Failure> {
    let wrong = || {
        Failure::usage(format!("region.indices: `{text}` is no file with a model behind it"))
            .hint("write \"table.csv\", \"table.csv=ncsi\" or \"gci-2024.csv=gci:2024\"")
    };
    let (path, said) = match text.rsplit_once('=') {
        Some((path, said)) => (path, Some(said)),
        None => (text, None),
    };
    let (model, year) = match said.map(|said| said.split_once(':').unwrap_or((said, ""))) {
        Some((model, year)) => (Some(model), Some(year).filter(|year| !year.is_empty())),
        None => (None, None),
    };
    let year = year.map(str::parse).transpose().map_err(|_| wrong())?;
    let is_model = |model: &str| region::text::handle(model).is_ok();
    if path.is_empty() || model.is_some_and(|model| !is_model(model)) {
        return Err(wrong());
    }
    Ok(Table { path: PathBuf::from(path), model: model.map(str::to_owned), year })
}

#[cfg(test)]
mod tests {
    use super::{Region, table};

    #[test]
    fn a_table_is_named_with_its_model_and_year_or_without() {
        let parts = |text| {
            let table = table(text).unwrap();
            (table.path.display().to_string(), table.model, table.year)
        };
        assert_eq!(parts("a.csv"), ("a.csv".to_owned(), None, None));
        assert_eq!(parts("a=b.csv=gci:2024"), ("a=b.csv".to_owned(), Some("gci".to_owned()), Some(2024)));
        assert_eq!(parts("a.csv=ncsi"), ("a.csv".to_owned(), Some("ncsi".to_owned()), None));
        for bad in ["", "=gci", "a.csv=GCI", "a.csv=gci:soon", "a.csv="] {
            assert!(table(bad).is_err(), "{bad}");
        }
    }

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
            ("members_min = 2", "region.members_min"),
            ("indices = [\"a.csv\", \"a.csv\"]", "twice"),
            ("projects = [\"aid\", \"aid\"]", "region.projects"),
            ("[territories]\nnames = { QQ = \"x\" }", "QQ"),
            ("[territories]\nnames = { KR = \"\" }", "region.territories.names.KR"),
            ("[territories]\nwithin = { HK = \"QQ\" }", "region.territories.within"),
        ] {
            let said = said(wrong).unwrap_or_else(|| panic!("{wrong}"));
            assert!(said.contains(place), "{said}");
        }
    }
}
