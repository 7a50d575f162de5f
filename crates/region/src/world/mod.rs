//! The world as it is drawn: countries' shapes, names and places, and pictures of them.
//!
//! Borders and names are the sources' (`data/SOURCE.md`). Whose a territory is, nothing here decides: [`Territories`] are an
//! operator's words for how it is shown.

pub mod chart;
mod colour;
pub mod picture;
mod project;
mod svg;
mod topology;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use hashbrown::HashMap;

use crate::capacity::words::Language;
use crate::transit::Country;

pub use colour::{BOUNDS, STEPS, ramp, step};
pub use picture::{Arc, Map, Shade};
pub use project::View;
pub use svg::escaped;

const SHAPES: &[u8] = include_bytes!("../../data/countries-110m.json");
const NAMES: &[u8] = include_bytes!("../../data/countries.csv");

/// What stands of a country in the table of names.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// In English.
    pub english: String,
    /// In Korean.
    pub korean: String,
    /// Where its circle stands: degrees east, degrees north.
    pub at: (f64, f64),
    /// Its number in ISO 3166-1, by which shapes are known; empty if it has none.
    number: String,
}

/// A shape: rings of degrees east and north, whose longitudes go on over the 180th meridian.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shape {
    /// What the source calls it.
    pub(crate) name: String,
    /// The country, if the source gives it a number that one has.
    pub(crate) country: Option<Country>,
    pub(crate) rings: Vec<Vec<(f64, f64)>>,
}

/// Names and places of all countries.
#[must_use]
pub fn names() -> &'static BTreeMap<Country, Named> {
    static ALL: OnceLock<BTreeMap<Country, Named>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut reader = csv::Reader::from_reader(NAMES);
        let rows = reader.records().filter_map(Result::ok);
        rows.filter_map(|row| {
            let field = |at: usize| row.get(at).unwrap_or_default();
            let at = (field(4).parse().ok()?, field(5).parse().ok()?);
            let named = Named {
                english: field(2).to_owned(),
                korean: field(3).to_owned(),
                at,
                number: field(1).to_owned(),
            };
            Some((Country::parse(field(0)).ok()?, named))
        })
        .collect()
    })
}

/// The shapes of Natural Earth.
pub(crate) fn shapes() -> &'static [Shape] {
    static ALL: OnceLock<Vec<Shape>> = OnceLock::new();
    ALL.get_or_init(|| {
        let by_number: HashMap<&str, Country> = names()
            .iter()
            .filter(|(_, named)| !named.number.is_empty())
            .map(|(country, named)| (named.number.as_str(), *country))
            .collect();
        topology::read(SHAPES, |number| by_number.get(number).copied())
    })
}

/// How territories are shown where a source's word is not to stand: an operator's choice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Territories {
    /// Other names, by country.
    pub names: BTreeMap<Country, String>,
    /// Countries that are counted with another and not alone.
    pub within: BTreeMap<Country, Country>,
    /// Shapes of the source that belong to a country there is no number for, by their names, such as `Kosovo`.
    pub shapes: BTreeMap<String, Country>,
    /// In which language pictures are labelled, and countries called that have no other name.
    pub language: Language,
}

impl Territories {
    /// The country with which a country is counted.
    #[must_use]
    pub fn counted(&self, country: Country) -> Country {
        self.within.get(&country).copied().unwrap_or(country)
    }

    /// What a country is called: as it was said, else by the table's name in the language.
    #[must_use]
    pub fn name(&self, country: Country) -> String {
        let other = self.names.get(&country).cloned();
        other
            .or_else(|| {
                let named = names().get(&country)?;
                Some(self.language.pick((named.english.as_str(), named.korean.as_str())).to_owned())
            })
            .unwrap_or_else(|| country.code().to_owned())
    }

    /// The country that a shape is drawn for.
    pub(crate) fn of_shape(&self, shape: &Shape) -> Option<Country> {
        let found = self.shapes.get(&shape.name).copied().or(shape.country);
        found.map(|country| self.counted(country))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_has_a_name_and_a_place() {
        let names = names();
        assert_eq!(names.len(), Country::all().count());
        for (country, named) in names {
            assert!(!named.english.is_empty() && !named.korean.is_empty(), "{country}");
            assert!(named.at.0.abs() <= 180.0 && named.at.1.abs() <= 90.0, "{country}");
        }
    }

    #[test]
    fn shapes_are_those_of_the_source() {
        let shapes = shapes();
        assert_eq!(shapes.len(), 177);
        let without: Vec<&str> =
            shapes.iter().filter(|shape| shape.country.is_none()).map(|shape| shape.name.as_str()).collect();
        assert_eq!(without, ["N. Cyprus", "Somaliland", "Kosovo"]);
        let korea = Country::parse("KR").unwrap();
        let korea = shapes.iter().find(|shape| shape.country == Some(korea)).unwrap();
        let seoul = |ring: &Vec<(f64, f64)>| {
            ring.iter().all(|(east, north)| (124.0..132.0).contains(east) && (33.0..40.0).contains(north))
        };
        assert!(korea.rings.iter().all(seoul));
        for shape in shapes {
            for pair in shape.rings.iter().flat_map(|ring| ring.windows(2)) {
                assert!((pair[0].0 - pair[1].0).abs() <= 180.0, "{} jumps", shape.name);
            }
        }
    }

    #[test]
    fn an_operator_says_how_territories_are_shown() {
        let country = |code| Country::parse(code).unwrap();
        let mut said = Territories::default();
        assert_eq!(said.name(country("KR")), "South Korea");
        said.names.insert(country("KR"), "Republic of Korea".into());
        said.within.insert(country("HK"), country("CN"));
        said.shapes.insert("Kosovo".into(), country("XK"));
        assert_eq!(said.name(country("KR")), "Republic of Korea");
        assert_eq!(
            (said.counted(country("HK")), said.counted(country("JP"))),
            (country("CN"), country("JP"))
        );
        let kosovo = shapes().iter().find(|shape| shape.name == "Kosovo").unwrap();
        assert_eq!(said.of_shape(kosovo), Some(country("XK")));
    }
}
