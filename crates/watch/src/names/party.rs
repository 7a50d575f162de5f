//! Whom a list names: the names of one party, and what else tells it from others.
//!
//! Read from an identity in STIX, with the extension that the readers of sanctions lists write. The date of birth and the
//! countries of a listed party confirm or weaken a match with that list; nothing else may use them.

use serde_json::Value;

use super::{Kind, countries};

/// The extension in which the readers of sanctions lists keep what STIX has no property for.
pub const PARTY_EXTENSION: &str = "extension-definition--c0a7d3e2-5b64-4f0a-8e7d-2f9b1a6c4d58";

/// Most names of one party that are kept; the longest entry on OFAC's list has some sixty.
const NAMES_MAX: usize = 256;
/// Most dates of birth and most countries of one party that are kept.
const FACTS_MAX: usize = 32;

/// How sure a list is that the party bears the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strength {
    /// The name under which it is listed.
    Primary,
    /// A good alias.
    Strong,
    /// An alias that says little by itself, or of which the list is not sure: `weak a.k.a.`
    Weak,
}

/// A party on a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// The identity's id in STIX.
    pub id: String,
    /// Names, the listed one first.
    pub names: Vec<(String, Strength)>,
    /// Dates of birth: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    pub births: Vec<String>,
    /// Countries, by ISO 3166-1 alpha-2 in small letters.
    pub countries: Vec<String>,
    /// Whether it is a person.
    pub schema: Kind,
}

impl Party {
    /// The party that an identity in STIX is; `None` if the object is no identity or has no name.
    pub fn from_stix(object: &Value) -> Option<Self> {
        if object.get("type")?.as_str()? != "identity" {
            return None;
        }
        let extension = object.get("extensions").and_then(|all| all.get(PARTY_EXTENSION));
        let list = |name: &str| {
            let list = extension.and_then(|extension| extension.get(name)).and_then(Value::as_array);
            list.into_iter().flatten()
        };
        let mut names = vec![(object.get("name")?.as_str()?.to_owned(), Strength::Primary)];
        for alias in list("aliases").take(NAMES_MAX) {
            if let Some(name) = alias.get("text").and_then(Value::as_str).filter(|name| !name.is_empty()) {
                let kind = alias.get("kind").and_then(Value::as_str).unwrap_or_default();
                let strength = if kind.contains("weak") { Strength::Weak } else { Strength::Strong };
                names.push((name.to_owned(), strength));
            }
        }
        let births = list("born").map(|born| {
            let day = born.get("date").and_then(Value::as_str).map(str::to_owned);
            day.or_else(|| year(born.get("text")?.as_str()?))
        });
        // Where one of them is not exact, no date contradicts.
        let births: Option<Vec<String>> = births.take(FACTS_MAX).collect();
        let said = list("items").filter(|item| {
            item.get("kind")
                .and_then(Value::as_str)
                .is_some_and(|kind| matches!(kind, "nationality" | "citizen" | "country"))
        });
        let places = said.filter_map(|item| item.get("text").and_then(Value::as_str));
        let listed = list("countries").filter_map(Value::as_str);
        let mut countries: Vec<_> =
            places.chain(listed).filter_map(countries::code).take(FACTS_MAX).collect();
        countries.sort_unstable();
        countries.dedup();
        Some(Self {
            id: object.get("id")?.as_str()?.to_owned(),
            names,
            births: births.unwrap_or_default(),
            countries,
            schema: match object.get("identity_class").and_then(Value::as_str) {
                Some("individual") => Kind::Person,
                Some("organization" | "group" | "system" | "class") => Kind::Organization,
                _ if list("vessel").next().is_some() => Kind::Organization,
                _ => Kind::Unknown,
            },
        })
    }
}

/// The year in `1962` or `Spring 1962`. `circa 1962` and `1975 to 1979` name none.
fn year(text: &str) -> Option<String> {
    if text.to_ascii_lowercase().contains("circa") {
        return None;
    }
    let mut years = text
        .split(|c: char| !c.is_ascii_digit())
        .filter(|digits| digits.len() == 4 && matches!(digits.get(..2), Some("18" | "19" | "20")));
    let year = years.next()?;
    years.next().is_none().then(|| year.to_owned())
}
