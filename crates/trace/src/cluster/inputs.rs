//! Who spends together holds together, unless it is a CoinJoin.

use std::collections::HashMap;

use super::Clusters;
use crate::Account;

/// What an input spends, or an output pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coin {
    /// The address; `None` if it has none, or is not known.
    pub owner: Option<Account>,
    /// How much, in satoshi.
    pub satoshi: u64,
}

/// A transaction, as far as clusters are concerned.
#[derive(Debug, Clone, Copy)]
pub struct Payment<'p> {
    /// What it spends; nothing if it makes coins.
    pub inputs: &'p [Coin],
    /// What it pays.
    pub outputs: &'p [Coin],
}

/// What joining inputs has come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Inputs {
    /// Transactions of which inputs were joined.
    pub joined: u64,
    /// Transactions that were left out as CoinJoins.
    pub coin_joins: u64,
}

impl Inputs {
    /// Joins the addresses of a transaction's inputs.
    pub fn add(&mut self, payment: &Payment<'_>, clusters: &mut Clusters) {
        let owners = owners(payment.inputs);
        if owners.len() < 2 {
            return;
        }
        if is_coin_join(payment) {
            self.coin_joins += 1;
        } else {
            self.joined += 1;
            clusters.join_all(owners);
        }
    }
}

/// Whether a transaction may be a CoinJoin: two outputs or more pay one amount, and as many addresses or more pay in.
///
/// That is wide on purpose: an ordinary payment that is left out costs a link; a CoinJoin that is taken for a payment makes strangers one.
/// Joins of unequal amounts (PayJoin) can't be told from payments.
#[must_use]
pub fn is_coin_join(payment: &Payment<'_>) -> bool {
    let mut counts: HashMap<u64, usize> = HashMap::new();
    for coin in payment.outputs.iter().filter(|coin| coin.satoshi > 0) {
        *counts.entry(coin.satoshi).or_default() += 1;
    }
    let equal = counts.into_values().max().unwrap_or_default();
    equal >= 2 && owners(payment.inputs).len() >= equal
}

/// The different addresses of coins, in order.
pub(super) fn owners(coins: &[Coin]) -> Vec<Account> {
    let mut owners: Vec<Account> = coins.iter().filter_map(|coin| coin.owner).collect();
    owners.sort_unstable();
    owners.dedup();
    owners
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn coins(coins: &[(u32, u64)]) -> Vec<Coin> {
        coins
            .iter()
            .map(|(owner, satoshi)| Coin { owner: Some(Account(*owner)), satoshi: *satoshi })
            .collect()
    }

    fn joined(inputs: &[(u32, u64)], outputs: &[(u32, u64)]) -> (Inputs, Vec<Vec<Account>>) {
        let (inputs, outputs) = (coins(inputs), coins(outputs));
        let (mut told, mut clusters) = (Inputs::default(), Clusters::default());
        told.add(&Payment { inputs: &inputs, outputs: &outputs }, &mut clusters);
        (told, clusters.all())
    }

    #[test]
    fn who_spends_together_is_one() {
        let (told, clusters) = joined(&[(1, 5), (2, 5), (1, 3)], &[(3, 12), (4, 1)]);
        assert_eq!((told.joined, told.coin_joins), (1, 0));
        assert_eq!(clusters, [[Account(1), Account(2)]]);
        // One address, however often, joins nothing.
        assert_eq!(joined(&[(1, 5), (1, 5)], &[(3, 5), (4, 5)]).0, Inputs::default());
        assert_eq!(joined(&[], &[(3, 50)]).0, Inputs::default());
    }

    #[test]
    fn a_coin_join_makes_nobody_one() {
        let inputs = [(1, 11), (2, 14), (3, 19)];
        let outputs = [(4, 10), (5, 10), (6, 10), (7, 1), (8, 4), (9, 9)];
        let (told, clusters) = joined(&inputs, &outputs);
        assert_eq!((told.joined, told.coin_joins), (0, 1));
        assert!(clusters.is_empty());
        // Wages: one payer with two addresses, and more equal payments than addresses.
        assert_eq!(joined(&[(1, 20), (2, 20)], &outputs).0.joined, 1);
    }

    #[test]
    fn what_has_no_address_joins_nothing() {
        let unknown = Coin { owner: None, satoshi: 7 };
        let (inputs, mut clusters) = ([unknown, unknown], Clusters::default());
        let mut told = Inputs::default();
        told.add(&Payment { inputs: &inputs, outputs: &[unknown] }, &mut clusters);
        assert_eq!(told, Inputs::default());
    }
}
