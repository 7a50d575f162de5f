//! What a trace found, as far as a case keeps it.

use serde::{Deserialize, Serialize};

use crate::U256;
use crate::label::Category;

/// What became of one asset that was stolen on one chain, or came to it. For all methods but poison: stolen + came = held + entered + crossed +
/// burnt, to the unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Sums {
    /// The chain.
    pub chain: String,
    /// The asset's name, or its contract.
    pub asset: String,
    /// How many digits its smallest unit is below one, if that is known.
    pub decimals: Option<u8>,
    /// What was stolen, in the smallest unit.
    #[serde(with = "written")]
    pub stolen: U256,
    /// What came here by bridges and swaps.
    #[serde(with = "written", default)]
    pub came: U256,
    /// What holders without a label have.
    #[serde(with = "written")]
    pub held: U256,
    /// What entered services and is not seen to go on.
    #[serde(with = "written")]
    pub entered: U256,
    /// What went on from there, on this chain or another, where it is counted again.
    #[serde(with = "written", default)]
    pub crossed: U256,
    /// What was burnt.
    #[serde(with = "written")]
    pub burnt: U256,
    /// How many holders have something.
    pub holders: usize,
    /// The time of the first theft, in seconds since 1970-01-01 UTC.
    pub began: i64,
    /// The time of the last transfer that was looked at, in seconds since 1970-01-01 UTC.
    pub until: i64,
}

/// Stolen value that came to a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Arrival {
    /// The chain.
    pub chain: String,
    /// The transaction.
    pub transaction: String,
    /// Its block.
    pub block: u64,
    /// When, in seconds since 1970-01-01 UTC.
    pub time: i64,
    /// Who gave.
    pub from: String,
    /// The service's address.
    pub to: String,
    /// Who runs it, or what the label calls it.
    pub service: String,
    /// What it is.
    pub category: Category,
    /// What came.
    pub asset: String,
    /// How many digits its smallest unit is below one, if that is known.
    pub decimals: Option<u8>,
    /// How much, in the smallest unit.
    #[serde(with = "written")]
    pub amount: U256,
    /// How much of it was stolen.
    #[serde(with = "written")]
    pub tainted: U256,
    /// How many transfers that was from the theft.
    pub hop: u32,
}

impl Arrival {
    /// What tells it from all others: two payments of one transaction differ in who gets how much of what.
    #[must_use]
    pub fn key(&self) -> String {
        [&self.chain, &self.transaction, &self.from, &self.to, &self.asset, &self.amount.to_string()]
            .map(String::as_str)
            .join(" ")
    }
}

/// That something came to one service, in one asset: never without arrivals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Alert {
    /// What came, in order.
    pub arrivals: Vec<Arrival>,
}

impl Alert {
    /// Arrivals of one alert. What is more makes another.
    pub const ARRIVALS_MAX: usize = 1_000;

    /// Whether an arrival belongs to what this one tells of.
    #[must_use]
    pub fn is_of(&self, arrival: &Arrival) -> bool {
        self.arrivals.first().is_some_and(|first| {
            first.service.eq_ignore_ascii_case(&arrival.service)
                && (&first.chain, &first.asset) == (&arrival.chain, &arrival.asset)
        })
    }

    /// The service.
    #[must_use]
    pub fn service(&self) -> &str {
        self.arrivals.first().map_or("", |first| &first.service)
    }

    /// How much of what came was stolen, in the asset's smallest unit.
    #[must_use]
    pub fn tainted(&self) -> U256 {
        self.arrivals.iter().fold(U256::ZERO, |sum, arrival| sum.saturating_add(arrival.tainted))
    }
}

/// Amounts as texts: JSON's numbers are not exact.
mod written {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use crate::U256;

    pub(super) fn serialize<S: Serializer>(amount: &U256, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(amount)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<U256, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        U256::from_str_radix(&text, 10).map_err(|error| D::Error::custom(format!("`{text}`: {error}")))
    }
}
