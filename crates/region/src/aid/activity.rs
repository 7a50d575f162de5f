//! An aid activity, as far as it is needed here.
//!
//! Source: IATI standard 2.03, activity elements; REQUIREMENTS C-3.

use std::fmt;

use jiff::civil::Date;
use serde::Serialize;

/// A text in a language, where that is said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Text {
    /// The language (BCP 47), in small letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The text.
    pub text: String,
}

/// An organisation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Organisation {
    /// Its identifier.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reference: String,
    /// Its type's code (`OrganisationType`).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Its names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<Text>,
}

/// An amount in millionths of a unit of its currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(pub i128);

impl Amount {
    /// Reads digits with a sign and a point; commas and spaces between digits are passed over. `None` for what is none, has more
    /// than six digits behind its point that matter, or does not fit.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (sign, text) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let part = part.trim_end_matches('0');
        if part.len() > 6 || whole.len() > 40 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let mut digits = 0_i128;
        let mut has_digit = !part.is_empty();
        for byte in whole.bytes() {
            match byte {
                b'0'..=b'9' => digits = digits.checked_mul(10)?.checked_add(i128::from(byte - b'0'))?,
                b',' | b' ' if has_digit => {}
                _ => return None,
            }
            has_digit = true;
        }
        let part: i128 = format!("{part:0<6}").parse().ok()?;
        let amount = digits.checked_mul(1_000_000)?.checked_add(part)?;
        has_digit.then_some(Self(sign * amount))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 1_000_000, (self.0 % 1_000_000).unsigned_abs());
        let sign = if self.0 < 0 && whole == 0 { "-" } else { "" };
        match format!("{part:06}").trim_end_matches('0') {
            "" => write!(f, "{sign}{whole}"),
            part => write!(f, "{sign}{whole}.{part}"),
        }
    }
}

impl Serialize for Amount {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// An amount of money at a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Money {
    /// How much.
    pub amount: Amount,
    /// Its currency (ISO 4217), the activity's own if nothing else is said; empty if nobody says.
    pub currency: String,
    /// The day whose rate holds; without one it can't be converted (C-6).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
}

/// A share of something that an activity is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Share {
    /// The vocabulary of the code.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub vocabulary: String,
    /// The code.
    pub code: String,
    /// Of a hundred; the whole if nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percentage: Option<Amount>,
    /// What it means, where it is said.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<Text>,
}

/// A policy marker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Marker {
    /// The vocabulary of the code; OECD DAC's if nothing is said.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub vocabulary: String,
    /// The code.
    pub code: String,
    /// Its significance's code (`PolicySignificance`).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub significance: String,
}

/// A budget, or what was disbursed as planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Budget {
    /// `1` original, `2` revised.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Its first and its last day.
    pub period: (Option<Date>, Option<Date>),
    /// How much.
    pub value: Money,
}

/// A transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Transaction {
    /// Its type's code (`TransactionType` of version 2; the letters of version 1 are told as those).
    pub kind: String,
    /// Its day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
    /// How much.
    pub value: Money,
}

/// An indicator of a result, with what it was to be and what it became.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Indicator {
    /// What is measured.
    pub title: Vec<Text>,
    /// The baseline, as it is written.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub baseline: String,
    /// For each period its last day, the target and the actual value, as they are written.
    pub periods: Vec<(Option<Date>, String, String)>,
}

/// What an activity was to bring about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Its type's code (`ResultType`).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// What it is.
    pub title: Vec<Text>,
    /// How it is measured.
    pub indicators: Vec<Indicator>,
}

/// When an activity begins and ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Dates {
    /// Its planned first day.
    pub planned_start: Option<Date>,
    /// Its first day.
    pub actual_start: Option<Date>,
    /// Its planned last day.
    pub planned_end: Option<Date>,
    /// Its last day.
    pub actual_end: Option<Date>,
}

/// An aid activity.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Activity {
    /// Its identifier, which is its own in the whole world.
    pub identifier: String,
    /// Its place in its publisher's hierarchy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hierarchy: Option<u32>,
    /// When it was changed last, as it is written.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub updated: String,
    /// Who reports it.
    pub reporting: Organisation,
    /// What it is called.
    pub title: Vec<Text>,
    /// What it is.
    pub description: Vec<Text>,
    /// Its status's code (`ActivityStatus`).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// When it begins and ends.
    pub dates: Dates,
    /// Who takes part: the role's code (`OrganisationRole`; the words of version 1 are told as those), and who.
    pub participants: Vec<(String, Organisation)>,
    /// The countries that it is for, by ISO 3166-1.
    pub countries: Vec<Share>,
    /// The regions that it is for.
    pub regions: Vec<Share>,
    /// Its sectors.
    pub sectors: Vec<Share>,
    /// Its tags: vocabulary 2 are the goals for sustainable development, 3 their targets.
    pub tags: Vec<Share>,
    /// Its policy markers.
    pub markers: Vec<Marker>,
    /// Its budgets.
    pub budgets: Vec<Budget>,
    /// Its transactions.
    pub transactions: Vec<Transaction>,
    /// What it is to bring about.
    pub results: Vec<Outcome>,
    /// Other activities: how they are related (`RelatedActivityType`), and their identifiers.
    pub related: Vec<(String, String)>,
}

impl Activity {
    /// From when to when it is, as it was or, where that isn't known, as it was planned.
    #[must_use]
    pub fn period(&self) -> (Option<Date>, Option<Date>) {
        let Dates { planned_start, actual_start, planned_end, actual_end } = self.dates;
        (actual_start.or(planned_start), actual_end.or(planned_end))
    }

    /// Its title in a language, else in English, else in any.
    #[must_use]
    pub fn title_in(&self, language: &str) -> &str {
        best(&self.title, language)
    }
}

/// The text in a language, else in English, else the first.
#[must_use]
pub fn best<'t>(texts: &'t [Text], language: &str) -> &'t str {
    let is = |wanted: &str| {
        let is_it =
            |text: &&Text| text.language.as_deref().is_some_and(|said| primary(said) == primary(wanted));
        texts.iter().find(is_it)
    };
    is(language).or_else(|| is("en")).or_else(|| texts.first()).map_or("", |text| text.text.as_str())
}

fn primary(language: &str) -> &str {
    language.split('-').next().unwrap_or(language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(Amount::parse(text).map(|amount| amount.to_string()).as_deref(), expected, "{text}");
        };
        check("5160000000", Some("5160000000"));
        check("-0.50", Some("-0.5"));
        check("+1,234,567.890000", Some("1234567.89"));
        check("1 000", Some("1000"));
        check(".5", Some("0.5"));
        check("12.", Some("12"));
        check("0", Some("0"));
        for bad in ["", "-", ".", "1.2.3", "1e6", "USD 5", "12.1234567", ",1", "--1", "9".repeat(41).as_str()]
        {
            check(bad, None);
        }
        check(&"9".repeat(39), None);
    }
}
