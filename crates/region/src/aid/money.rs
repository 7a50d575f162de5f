//! Sums of money, each currency by itself; and their conversion, where somebody brings the rates.
//!
//! Amounts of different currencies are never added unless a table of rates says how, and an amount without a day is never converted:
//! nobody knows by which rate (rule C-6). What was not converted is counted and told.

use std::collections::BTreeMap;
use std::io::Read;

use jiff::civil::Date;
use serde::Serialize;

use super::activity::{Amount, Money};
use super::table::{Table, TableError, Wrong};

/// How many days old a rate may be.
pub const RATE_DAYS_MAX: i32 = 31;
/// The most rates in a table.
const RATES_MAX: usize = 1_000_000;

/// Sums by currency. What has no currency is under the empty name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Sums {
    /// The sum of each.
    pub by_currency: BTreeMap<String, Amount>,
    /// How many amounts were added.
    pub count: u64,
    /// How many of them are negative: what was taken back, or a mistake.
    #[serde(skip_serializing_if = "is_zero")]
    pub negative: u64,
    /// How many have no day.
    #[serde(skip_serializing_if = "is_zero")]
    pub undated: u64,
    /// How many did not fit: what no publisher means.
    #[serde(skip_serializing_if = "is_zero")]
    pub too_large: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Sums {
    /// Adds an amount to those of its currency.
    pub fn add(&mut self, money: &Money) {
        let sum = self.by_currency.entry(money.currency.clone()).or_insert(Amount(0));
        match sum.0.checked_add(money.amount.0) {
            Some(both) => sum.0 = both,
            None => self.too_large += 1,
        }
        self.count += 1;
        self.negative += u64::from(money.amount < Amount(0));
        self.undated += u64::from(money.date.is_none());
    }

    /// Adds other sums.
    pub fn add_all(&mut self, other: &Self) {
        for (currency, amount) in &other.by_currency {
            let sum = self.by_currency.entry(currency.clone()).or_insert(Amount(0));
            match sum.0.checked_add(amount.0) {
                Some(both) => sum.0 = both,
                None => self.too_large += 1,
            }
        }
        self.count += other.count;
        self.negative += other.negative;
        self.undated += other.undated;
        self.too_large += other.too_large;
    }

    /// For people: `5160000000 KRW, 12 USD`.
    #[must_use]
    pub fn told(&self) -> String {
        let one = |(currency, amount): (&String, &Amount)| {
            let currency = if currency.is_empty() { "of no currency" } else { currency.as_str() };
            format!("{amount} {currency}")
        };
        self.by_currency.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}

/// Rates of exchange, by currency and day: how many units of it are one of the base.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rates {
    base: String,
    rates: BTreeMap<(String, Date), f64>,
}

/// Money that was converted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Converted {
    /// The currency.
    pub currency: String,
    /// The sum, rounded to whole units: rates are no exact numbers.
    pub sum: Amount,
    /// How many amounts are in it.
    pub count: u64,
    /// How many are not: without a day, without a currency, or no rate was near.
    pub left_out: u64,
}

impl Rates {
    /// Reads a table with the columns `date`, `currency` and `rate`: units of the currency for one unit of the base.
    ///
    /// # Errors
    /// [`TableError`] if it is no such table. What is wrong in a row is told, and the row left out.
    pub fn read(base: &str, from: impl Read) -> Result<(Self, Vec<Wrong>), TableError> {
        let mut table = Table::open(from, &["date", "currency", "rate"], &[])?;
        let mut rates = Self { base: base.to_ascii_uppercase(), rates: BTreeMap::new() };
        while let Some(row) = table.next_row()? {
            let (date, currency, rate) = (row.cell(0), row.cell(1), row.cell(2));
            let Ok(day) = date.parse::<Date>() else {
                table.wrong(format!("`{date}` is no day (2026-01-31)"));
                continue;
            };
            let value = rate.parse::<f64>().ok().filter(|rate| rate.is_finite() && *rate > 0.0);
            let Some(value) = value else {
                table.wrong(format!("`{rate}` is no rate: a number above 0"));
                continue;
            };
            let code = super::reading::currency(currency);
            if code.is_empty() {
                table.wrong(format!("`{currency}` is no currency: three letters of ISO 4217, like KRW"));
                continue;
            }
            if rates.rates.len() >= RATES_MAX {
                return Err(TableError::Long(RATES_MAX));
            }
            rates.rates.insert((code, day), value);
        }
        Ok((rates, table.wrongs()))
    }

    /// The currency into which it converts.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// One amount in the base's currency: by the rate of its day, or the last one of the 31 days before.
    #[must_use]
    pub fn convert(&self, money: &Money) -> Option<Amount> {
        let day = money.date?;
        if money.currency == self.base {
            return Some(money.amount);
        }
        if money.currency.is_empty() {
            return None;
        }
        let first = day.checked_sub(jiff::Span::new().days(RATE_DAYS_MAX)).ok()?;
        let range = (money.currency.clone(), first)..=(money.currency.clone(), day);
        let (_, rate) = self.rates.range(range).next_back()?;
        let units = (money.amount.0 as f64 / 1e6 / rate).round();
        (units.abs() < 1e24).then_some(Amount(units as i128 * 1_000_000))
    }

    /// The sum of many.
    #[must_use]
    pub fn sum<'m>(&self, all: impl IntoIterator<Item = &'m Money>) -> Converted {
        let mut converted = Converted { currency: self.base.clone(), ..Converted::default() };
        for money in all {
            match self.convert(money).and_then(|one| converted.sum.0.checked_add(one.0)) {
                Some(sum) => {
                    converted.sum = Amount(sum);
                    converted.count += 1;
                }
                None => converted.left_out += 1,
            }
        }
        converted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(amount: &str, currency: &str, date: Option<&str>) -> Money {
        Money {
            amount: Amount::parse(amount).unwrap(),
            currency: currency.into(),
            date: date.map(|date| date.parse().unwrap()),
        }
    }

    #[test]
    fn currencies_stay_apart() {
        let mut sums = Sums::default();
        for one in [
            money("100", "USD", Some("2026-01-01")),
            money("5", "KRW", None),
            money("-20", "USD", None),
            money("1", "", None),
        ] {
            sums.add(&one);
        }
        assert_eq!(sums.told(), "1 of no currency, 5 KRW, 80 USD");
        assert_eq!((sums.count, sums.negative, sums.undated), (4, 1, 3));
    }

    #[test]
    fn rates_convert_what_has_a_day() {
        let text = "date,currency,rate\n2026-01-01,KRW,1000\n2026-02-30,KRW,1\n2026-01-20,KRW,2000\n2026-01-01,EUR,0\nx,y\n";
        let (rates, wrong) = Rates::read("usd", text.as_bytes()).unwrap();
        assert_eq!(wrong.iter().map(|one| one.line).collect::<Vec<_>>(), [3, 5, 6]);
        let check = |one: Money, expected: Option<&str>| {
            assert_eq!(rates.convert(&one).map(|amount| amount.to_string()).as_deref(), expected, "{one:?}");
        };
        check(money("5000", "KRW", Some("2026-01-19")), Some("5"));
        check(money("5000", "KRW", Some("2026-01-20")), Some("3"));
        check(money("5000", "KRW", Some("2025-12-31")), None);
        check(money("5000", "KRW", Some("2026-02-21")), None);
        check(money("5000", "KRW", None), None);
        check(money("5000", "EUR", Some("2026-01-01")), None);
        check(money("-7.5", "USD", Some("2020-01-01")), Some("-7.5"));
        let sum = rates.sum(&[money("5000", "KRW", Some("2026-01-01")), money("1", "USD", None)]);
        assert_eq!((sum.sum.to_string().as_str(), sum.count, sum.left_out), ("5", 1, 1));
    }
}
