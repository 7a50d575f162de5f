//! The region: public models of maturity, and how countries are called.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use region::capacity::country;
use region::transit::Country;
use serde::Deserialize;

use crate::exit::Failure;

/// Most tables of public models.
const INDICES_MAX: usize = 100;
/// Longest name of a country, in characters.
const NAME_CHARS_MAX: usize = 100;

/// What is known of countries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Region {
    /// Tables of public models, each with `=MODEL` or `=MODEL:YEAR` behind it or not.
    pub indices: Vec<String>,
    /// What countries are called here, by their codes; others are called as the tables call them.
    pub names: BTreeMap<String, String>,
}

/// A table, and what is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    /// Where it lies.
    pub path: PathBuf,
    /// The model, if it is named.
    pub model: Option<String>,
    /// The year, if it is named.
    pub year: Option<u16>,
}

impl Region {
    /// The tables.
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
            let country =
                country::of(code).map_err(|error| Failure::usage(format!("region.names: {error}")))?;
            let name = region::text::line("the name of a country", name, NAME_CHARS_MAX);
            Ok((country, name.map_err(|error| Failure::usage(format!("region.names.{code}: {error}")))?))
        };
        self.names.iter().map(named).collect()
    }

    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.indices.len() > INDICES_MAX {
            return Err(Failure::usage(format!("region.indices: name at most {INDICES_MAX} files")));
        }
        let mut seen = HashSet::new();
        if let Some(twice) = self.indices.iter().find(|text| !seen.insert(*text)) {
            return Err(Failure::usage(format!("region.indices names `{twice}` twice")));
        }
        self.tables()?;
        self.naming().map(drop)
    }
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
    fn what_makes_no_sense_is_refused() {
        let said = |text: &str| toml::from_str::<Region>(text).unwrap().check().err().map(|one| one.message);
        assert_eq!(said("indices = [\"a.csv\"]\nnames = { XK = \"Kosovo*\" }"), None);
        assert!(said("indices = [\"a.csv\", \"a.csv\"]").unwrap().contains("twice"));
        assert!(said("names = { QQ = \"x\" }").unwrap().contains("QQ"));
        assert!(said("names = { KR = \"\" }").unwrap().contains("region.names.KR"));
    }
}
