//! What assets are worth in US dollars, by the operator's word.

use std::collections::BTreeMap;

use deliver::screening::exposure::Cents;
use trace::U256;

use crate::exit::Failure;

/// Most digits behind the point of a price.
const DIGITS_MAX: usize = 18;

/// Prices of whole coins, by the asset's name in the stores.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Prices(BTreeMap<String, Price>);

/// `units` ÷ 10^`digits` dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Price {
    units: u64,
    digits: u8,
}

impl Prices {
    /// Reads prices as they are configured: digits, with a point or without.
    ///
    /// # Errors
    /// For one that is none.
    pub(crate) fn read(prices: &BTreeMap<String, String>) -> Result<Self, Failure> {
        let read = |(asset, text): (&String, &String)| {
            let price = Price::read(text).ok_or_else(|| {
                Failure::usage(format!(
                    "exposure.usd.{asset} is `{text}`: that is no price of a whole coin in US dollars"
                ))
                .hint("write it in digits, with a point where it has cents: \"2512.40\"")
            })?;
            Ok((normal(asset), price))
        };
        Ok(Self(prices.iter().map(read).collect::<Result<_, Failure>>()?))
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What an amount of an asset is worth, to the nearest cent; `None` if there is no price, the asset's decimals are not known, or it
    /// is more than can be true.
    pub(crate) fn worth(&self, asset: &str, decimals: Option<u8>, amount: U256) -> Option<Cents> {
        let (price, decimals) = (self.0.get(&normal(asset))?, decimals?);
        let ten = |digits: u8| U256::from(10).checked_pow(U256::from(digits));
        let units = U256::from(price.units).checked_mul(U256::from(100))?;
        let whole = ten(decimals)?.checked_mul(ten(price.digits)?)?;
        let worth = amount.checked_mul(units)?.checked_add(whole / U256::from(2))? / whole;
        u128::try_from(worth).ok().map(Cents)
    }
}

impl Price {
    fn read(text: &str) -> Option<Self> {
        let (before, behind) = text.split_once('.').unwrap_or((text, ""));
        let is_number = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
        let is_read = !before.is_empty() && is_number(before) && is_number(behind) && !text.ends_with('.');
        if !is_read || behind.len() > DIGITS_MAX {
            return None;
        }
        let units = format!("{before}{behind}").parse().ok()?;
        Some(Self { units, digits: u8::try_from(behind.len()).ok()? })
    }
}

/// An asset's name as stores write it: contracts in small letters.
fn normal(asset: &str) -> String {
    trace::label::normal(asset)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prices(asset: &str, price: &str) -> Result<Prices, Failure> {
        Prices::read(&BTreeMap::from([(asset.to_owned(), price.to_owned())]))
    }

    #[test]
    fn amounts_are_worth_what_their_price_says_to_the_nearest_cent() {
        let ether = 10_u128.pow(18);
        for (price, amount, cents) in [
            ("2512.40", ether, 251_240),
            ("2512.4", ether / 1_000, 251),
            ("1", ether / 200, 1),
            ("1", ether / 200 - 1, 0),
            ("0.000000000000000001", ether, 0),
            ("0", ether, 0),
        ] {
            let prices = prices("ETH", price).unwrap();
            assert_eq!(prices.worth("ETH", Some(18), U256::from(amount)), Some(Cents(cents)), "{price}");
        }
        let prices = prices("0xDAC17F958D2ee523a2206206994597C13D831ec7", "1").unwrap();
        let tether = "0xdac17f958d2ee523a2206206994597c13d831ec7";
        assert_eq!(prices.worth(tether, Some(6), U256::from(1_500_000)), Some(Cents(150)));
        assert_eq!(prices.worth(tether, None, U256::from(1)), None);
        assert_eq!(prices.worth("ETH", Some(18), U256::from(1)), None);
        assert_eq!(prices.worth(tether, Some(6), U256::MAX), None);
        assert_eq!(prices.worth(tether, Some(255), U256::from(1)), None);
    }

    #[test]
    fn what_is_no_price_is_refused() {
        for wrong in
            ["", ".5", "5.", "-1", "1,5", "1e3", "1.5.0", "99999999999999999999", "0.1234567890123456789"]
        {
            assert!(prices("ETH", wrong).is_err(), "{wrong}");
        }
    }
}
