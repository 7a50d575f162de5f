//! Places that attacks touch: countries by ISO 3166-1, networks by autonomous system number.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A country or territory, by its two letters of ISO 3166-1 (or `XK`, which many use for Kosovo).
///
/// What is a country is the source's word: nothing here takes a side in a dispute.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country([u8; 2]);

/// Why a text is no country.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no country: two letters of ISO 3166-1 stand for one, like KR")]
pub struct CountryError(String);

/// The codes of ISO 3166-1 that are assigned, and `XK`.
const ASSIGNED: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA \
    CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH \
    GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA \
    LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU \
    NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC \
    TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

/// Whether two capital letters are assigned, by their places in the alphabet: asked once for each row of a table.
const IS_ASSIGNED: [[bool; 26]; 26] = {
    let (mut table, letters, mut at) = ([[false; 26]; 26], ASSIGNED.as_bytes(), 0);
    while at + 1 < letters.len() {
        if letters[at] == b' ' {
            at += 1;
        } else {
            table[(letters[at] - b'A') as usize][(letters[at + 1] - b'A') as usize] = true;
            at += 2;
        }
    }
    table
};

impl Country {
    /// The country of two letters, of either case.
    ///
    /// # Errors
    /// [`CountryError`] if they are not assigned; `UK` is told apart from `GB` by nobody and taken for it.
    pub fn parse(text: &str) -> Result<Self, CountryError> {
        let letters = <[u8; 2]>::try_from(text.as_bytes()).ok();
        letters.and_then(Self::of_letters).ok_or_else(|| CountryError(text.chars().take(20).collect()))
    }

    /// The same without a word of what is wrong: asked for each row of a table.
    pub(super) fn of_letters(letters: [u8; 2]) -> Option<Self> {
        let [first, second] = letters;
        let code = match [first.to_ascii_uppercase(), second.to_ascii_uppercase()] {
            [b'U', b'K'] => *b"GB",
            code => code,
        };
        let place = |letter: u8| usize::from(letter.wrapping_sub(b'A'));
        let row = IS_ASSIGNED.get(place(code[0]));
        let is_assigned = row.and_then(|row| row.get(place(code[1]))).copied().unwrap_or(false);
        is_assigned.then_some(Self(code))
    }

    /// The country that a source names; `None` where it says that it knows none (nothing, `-`, `--`, `ZZ`, `XX`).
    ///
    /// # Errors
    /// [`CountryError`] for what is neither.
    pub fn known(text: &str) -> Result<Option<Self>, CountryError> {
        match text.trim() {
            "" | "-" | "--" | "ZZ" | "zz" | "XX" | "xx" => Ok(None),
            code => Self::parse(code).map(Some),
        }
    }

    /// All of them, by their letters.
    pub fn all() -> impl Iterator<Item = Self> {
        ASSIGNED.split_ascii_whitespace().filter_map(|code| Some(Self(code.as_bytes().try_into().ok()?)))
    }

    /// Its two letters.
    #[must_use]
    pub fn code(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for Country {
    type Err = CountryError;

    fn from_str(text: &str) -> Result<Self, CountryError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Country {
    type Error = CountryError;

    fn try_from(text: String) -> Result<Self, CountryError> {
        Self::parse(&text)
    }
}

impl From<Country> for String {
    fn from(country: Country) -> Self {
        country.code().to_owned()
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A network, by its number as an autonomous system (RFC 6793).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Network(pub u32);

impl Network {
    /// The network of a number, written with or without `AS`; 0 is none (RFC 7607).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text.strip_prefix("AS").or_else(|| text.strip_prefix("as")).unwrap_or(text);
        digits.parse().ok().filter(|number| *number != 0).map(Self)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AS{}", self.0)
    }
}

/// Where something is, as far as that is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// Its country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// Its network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
}

impl Place {
    /// All of it in one number; no two places have the same.
    pub(super) const fn key(self) -> u64 {
        let country = match self.country {
            Some(Country([first, second])) => (first as u64) << 8 | second as u64,
            None => 0,
        };
        let network = match self.network {
            Some(Network(number)) => 1 << 32 | number as u64,
            None => 0,
        };
        country << 33 | network
    }

    /// What is known of it, and else what `other` knows.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { country: self.country.or(other.country), network: self.network.or(other.network) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_those_of_the_standard() {
        assert_eq!(Country::all().count(), 250);
        assert!(Country::all().is_sorted());
        assert_eq!(Country::parse("kr").unwrap().code(), "KR");
        assert_eq!(Country::parse("UK").unwrap().code(), "GB");
        for bad in ["", "K", "KOR", "ZZ", "Kö", "  ", "EU", "A1"] {
            assert!(Country::parse(bad).is_err(), "{bad}");
        }
        for unknown in ["", " ", "ZZ", "--", "xx"] {
            assert_eq!(Country::known(unknown), Ok(None), "{unknown}");
        }
        assert_eq!(
            Country::known("QQ").unwrap_err().to_string(),
            "`QQ` is no country: two letters of ISO 3166-1 stand for one, like KR"
        );
    }

    #[test]
    fn networks_are_numbers_of_32_bits_but_not_none() {
        assert_eq!(Network::parse("AS13335"), Some(Network(13335)));
        assert_eq!(Network::parse(" 4294967295 "), Some(Network(u32::MAX)));
        for bad in ["", "AS", "0", "AS0", "-1", "4294967296", "ASAS1"] {
            assert_eq!(Network::parse(bad), None, "{bad}");
        }
    }
}
