//! Which chain a node is of, by the number that it gives itself.

use std::borrow::Cow;

/// A chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Its name, as stores have it.
    pub name: Cow<'static, str>,
    /// What its own coin is called. It has 18 decimals everywhere.
    pub coin: &'static str,
}

/// Chains with names of their own. Source: the register of chain ids that EIP-155 began (chainlist's `chains`), 2026.
const KNOWN: [(u64, &str, &str); 14] = [
    (1, "ethereum", "ETH"),
    (10, "optimism", "ETH"),
    (56, "bsc", "BNB"),
    (61, "ethereum-classic", "ETC"),
    (100, "gnosis", "XDAI"),
    (137, "polygon", "POL"),
    (250, "fantom", "FTM"),
    (8_453, "base", "ETH"),
    (42_161, "arbitrum", "ETH"),
    (43_114, "avalanche", "AVAX"),
    (59_144, "linea", "ETH"),
    (17_000, "holesky", "ETH"),
    (560_048, "hoodi", "ETH"),
    (11_155_111, "sepolia", "ETH"),
];

/// The chain with a number (`eth_chainId`). One that is not known is called by its number, and its coin `COIN`.
#[must_use]
pub fn network(id: u64) -> Network {
    let known = KNOWN.iter().find(|(number, ..)| *number == id);
    match known {
        Some((_, name, coin)) => Network { name: Cow::Borrowed(name), coin },
        None => Network { name: Cow::Owned(format!("evm-{id}")), coin: "COIN" },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_have_names_of_their_own() {
        assert_eq!(network(1), Network { name: "ethereum".into(), coin: "ETH" });
        assert_eq!(network(1_337), Network { name: "evm-1337".into(), coin: "COIN" });
        let names: std::collections::HashSet<&str> = KNOWN.iter().map(|(_, name, _)| *name).collect();
        assert_eq!(names.len(), KNOWN.len());
    }
}
