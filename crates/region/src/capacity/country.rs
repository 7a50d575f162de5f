//! Codes and names of countries, as files and people write them.
//!
//! `names.tsv` has the two letters, three letters and digits of ISO 3166-1 with short names in English and Korean, and `XK` for
//! Kosovo (with the World Bank's `XKX`), which the standard does not have. It was made from the npm package i18n-iso-countries 7.14.0 (MIT). How a territory is
//! called there is that source's word: an operator names it otherwise with [`Naming`].

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::words::Language;
use crate::transit::Country;

const TABLE: &str = include_str!("names.tsv");

/// Why a text names no country.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodeError {
    /// Nothing stands there.
    #[error("no country is named; write two or three letters of ISO 3166-1, such as KR or KOR")]
    Missing,
    /// It is no code.
    #[error(
        "`{0}` is no country's code: two or three letters or three digits of ISO 3166-1, such as KR, KOR or 410"
    )]
    Unknown(String),
}

/// One row of the table.
struct Entry {
    country: Country,
    alpha3: &'static str,
    digits: &'static str,
    names: [&'static str; 2],
}

fn entries() -> &'static [Entry] {
    static ALL: OnceLock<Vec<Entry>> = OnceLock::new();
    ALL.get_or_init(|| {
        let entry = |line: &'static str| {
            let mut fields = line.split('\t');
            let country = Country::parse(fields.next()?).ok()?;
            let (alpha3, digits) = (fields.next()?, fields.next()?);
            Some(Entry { country, alpha3, digits, names: [fields.next()?, fields.next()?] })
        };
        TABLE.lines().filter_map(entry).collect()
    })
}

fn entry(country: Country) -> Option<&'static Entry> {
    let all = entries();
    all.binary_search_by_key(&country, |entry| entry.country).ok().and_then(|at| all.get(at))
}

/// The country that a code stands for: two letters, three letters or three digits, of either case.
///
/// # Errors
/// [`CodeError`].
pub fn of(text: &str) -> Result<Country, CodeError> {
    let text = text.trim();
    let unknown = || CodeError::Unknown(text.chars().take(20).collect());
    match text.len() {
        0 => Err(CodeError::Missing),
        2 => Country::parse(text).map_err(|_| unknown()),
        3 => {
            let is = |entry: &&Entry| entry.alpha3.eq_ignore_ascii_case(text) || entry.digits == text;
            entries().iter().find(is).map(|entry| entry.country).ok_or_else(unknown)
        }
        _ => Err(unknown()),
    }
}

/// Its three letters.
#[must_use]
pub fn alpha3(country: Country) -> &'static str {
    entry(country).map_or("", |entry| entry.alpha3)
}

/// How countries are called: by the operator's word, else the source's, else the table's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Naming(BTreeMap<Country, String>);

impl Naming {
    /// With the operator's own names.
    #[must_use]
    pub const fn new(own: BTreeMap<Country, String>) -> Self {
        Self(own)
    }

    /// What a country is called, in a language; `sourced` is the name that the source of what is shown gives it.
    #[must_use]
    pub fn name<'n>(&'n self, country: Country, sourced: Option<&'n str>, language: Language) -> &'n str {
        let own = self.0.get(&country).map(String::as_str);
        let table = || entry(country).map_or("", |entry| entry.names[language as usize]);
        own.or(sourced).unwrap_or_else(table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_country_once_with_all_its_names() {
        assert_eq!(entries().len(), 250);
        assert!(entries().iter().map(|entry| entry.country).eq(Country::all()));
        for entry in entries() {
            assert_eq!((entry.alpha3.len(), entry.digits.len()), (3, 3), "{:?}", entry.country);
            assert!(entry.names.iter().all(|name| !name.is_empty()), "{:?}", entry.country);
            for code in [entry.country.code(), entry.alpha3, entry.digits] {
                assert_eq!(of(code), Ok(entry.country), "{code}");
            }
        }
    }

    #[test]
    fn a_code_that_is_none_is_told() {
        for bad in ["K", "QQ", "QQQ", "999", "KORE", "한국", "한"] {
            assert_eq!(of(bad), Err(CodeError::Unknown(bad.to_owned())), "{bad}");
        }
        assert_eq!(of("  "), Err(CodeError::Missing));
        assert_eq!(of(" kor ").unwrap().code(), "KR");
    }

    #[test]
    fn the_operator_has_the_last_word_on_a_name() {
        let (korea, own) = (of("KR").unwrap(), BTreeMap::from([(of("XK").unwrap(), "Kosovo*".to_owned())]));
        let naming = Naming::new(own);
        assert_eq!(naming.name(korea, None, Language::Korean), "대한민국");
        assert_eq!(naming.name(korea, Some("Korea, Rep."), Language::Korean), "Korea, Rep.");
        assert_eq!(naming.name(of("XKX").unwrap(), Some("Kosovo"), Language::English), "Kosovo*");
    }
}
