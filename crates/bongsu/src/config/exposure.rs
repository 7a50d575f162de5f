//! Exposure in screening's answers: by which transfers and labels it is told, and how much is looked at.

use std::collections::BTreeMap;
use std::path::PathBuf;

use deliver::screening::exposure::Bounds;
use serde::Deserialize;
use trace::exposure::Limits;

use crate::exit::Failure;
use crate::exposure::Prices;

/// Most hops: what is further away says little of who is asked about.
const HOPS_MAX: u32 = 100;
/// Most transfers of one request: a minute's work.
const REQUEST_TRANSFERS_MAX: u64 = 100_000_000;
/// Most stores.
const STORES_MAX: usize = 64;
/// Most requests side by side.
const AT_ONCE_MAX: usize = 64;

/// What wallets are exposed to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Exposure {
    /// Stores of transfers, one of each chain. Without any, nothing is said of exposure.
    pub stores: Vec<PathBuf>,
    /// Files of labels, each with `=CATEGORY` behind it or not.
    pub labels: Vec<String>,
    /// How many payments away one looks.
    pub hops: u32,
    /// Transfers that are read for one wallet on one chain, in each direction.
    pub transfers_max: u64,
    /// Transfers that are read for all wallets of one request.
    pub request_transfers_max: u64,
    /// Requests that are looked at side by side; more wait.
    pub at_once: usize,
    /// What a whole coin of an asset is worth in US dollars, by the asset's name in the stores; in digits, as text.
    pub usd: BTreeMap<String, String>,
}

impl Default for Exposure {
    fn default() -> Self {
        let Limits { hops_max, transfers_max, .. } = Limits::default();
        Self {
            stores: Vec::new(),
            labels: Vec::new(),
            hops: hops_max,
            transfers_max,
            request_transfers_max: 2_000_000,
            at_once: 1,
            usd: BTreeMap::new(),
        }
    }
}

impl Exposure {
    /// Whether it is told.
    pub(crate) fn is_on(&self) -> bool {
        !self.stores.is_empty()
    }

    /// How far one looks from a wallet.
    pub(crate) fn limits(&self) -> Limits {
        Limits { hops_max: self.hops, transfers_max: self.transfers_max, parties_max: 3, ..Limits::default() }
    }

    /// How much one looks at for a request.
    pub(crate) const fn bounds(&self) -> Bounds {
        Bounds { request_transfers_max: self.request_transfers_max, at_once: self.at_once }
    }

    pub(super) fn check(&self) -> Result<(), Failure> {
        let is_set = !self.labels.is_empty() || !self.usd.is_empty();
        let within = |what: &str, is_within: bool, range: String| match is_within {
            true => Ok(()),
            false => Err(Failure::usage(format!("exposure.{what}: name {range}"))),
        };
        match () {
            () if self.stores.is_empty() && is_set => {
                return Err(Failure::usage("exposure.labels or exposure.usd is set, and exposure.stores is not: there are no transfers to look at")
                    .hint("name a store in exposure.stores; `bongsu trace load STORE FILE --mapping NAME` makes one"));
            }
            () if self.is_on() && self.labels.is_empty() => {
                return Err(Failure::usage(
                    "exposure.stores is set, and exposure.labels is not: nobody would be known, and all exposure unknown",
                )
                .hint("name files of labels in exposure.labels, such as \"ofac.yaml=sanctioned\"; docs/tracing.md says which forms are read"));
            }
            () => {}
        }
        within("stores", self.stores.len() <= STORES_MAX, format!("at most {STORES_MAX}"))?;
        within("hops", (1..=HOPS_MAX).contains(&self.hops), format!("1 to {HOPS_MAX}"))?;
        within("at_once", (1..=AT_ONCE_MAX).contains(&self.at_once), format!("1 to {AT_ONCE_MAX}"))?;
        let most = REQUEST_TRANSFERS_MAX;
        within("transfers_max", (1..=most).contains(&self.transfers_max), format!("1 to {most}"))?;
        let is_within = (self.transfers_max..=most).contains(&self.request_transfers_max);
        let range = format!("exposure.transfers_max, which is {}, to {most}", self.transfers_max);
        within("request_transfers_max", is_within, range)?;
        Prices::read(&self.usd).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::Exposure;

    #[test]
    fn what_makes_no_sense_is_refused_with_what_to_do() {
        let said = |text: &str| {
            let checked = toml::from_str::<Exposure>(text).unwrap().check();
            checked.err().map(|failure| format!("{} {}", failure.message, failure.hint.unwrap_or_default()))
        };
        assert_eq!(said(""), None);
        let on = "stores = [\"a\"]\nlabels = [\"b.csv\"]\n";
        assert_eq!(said(&format!("{on}usd = {{ ETH = \"2512.40\" }}")), None);
        assert!(said("stores = [\"a\"]").unwrap().contains("ofac.yaml=sanctioned"));
        assert!(said("labels = [\"a\"]").unwrap().contains("bongsu trace load"));
        for (wrong, told) in [
            ("hops = 0", "exposure.hops"),
            ("hops = 101", "1 to 100"),
            ("transfers_max = 0", "exposure.transfers_max"),
            ("request_transfers_max = 7", "200000"),
            ("at_once = 0", "exposure.at_once"),
            ("usd = { ETH = \"many\" }", "exposure.usd.ETH"),
        ] {
            let said = said(&format!("{on}{wrong}")).unwrap_or_else(|| panic!("{wrong}"));
            assert!(said.contains(told), "{said}");
        }
    }
}
