//! Addresses that an exchange gives to one customer each: who pays into one of them is that customer.
//!
//! Such an address passes on what it gets to the exchange, nearly whole and soon. Source: Victor, "Address Clustering Heuristics for
//! Ethereum", 2020, section 4.1 (its bounds: 3,200 blocks, some twelve hours, and 0.01 ether for the fee).

use std::collections::BTreeMap;

use super::Clusters;
use crate::{Account, Asset, Flows, U256};

/// How a deposit address is told from others.
#[derive(Debug, Clone)]
pub struct Deposits {
    /// How long it keeps what it gets, at most, in seconds.
    pub keeps_max: i64,
    /// What it keeps of each sum for fees, at most, in the asset's smallest unit.
    pub fee_max: U256,
    /// The chain's coin: fees are paid in it, so that nothing is kept of other assets. `None`: `fee_max` holds for all.
    pub coin: Option<Asset>,
    /// Transfers of an account that are looked at: one with more is a service's own.
    pub transfers_max: usize,
}

impl Default for Deposits {
    /// The bounds of the paper, for ether.
    fn default() -> Self {
        Self {
            keeps_max: 12 * 3_600,
            fee_max: U256::from(10_000_000_000_000_000_u64),
            coin: None,
            transfers_max: 1_000,
        }
    }
}

/// The deposit addresses of exchanges, and whose each is. `exchange` gives the number of the exchange whose own address an account is.
/// Joins those who paid into one of them in `clusters`, unless they are an exchange's own.
pub fn deposits(
    flows: &impl Flows,
    bounds: &Deposits,
    own: &[Account],
    exchange: impl Fn(Account) -> Option<u32>,
    clusters: &mut Clusters,
) -> BTreeMap<Account, u32> {
    let mut found = BTreeMap::new();
    let mut looked_at = std::collections::HashSet::new();
    for at in own {
        for number in flows.of(*at) {
            let Some(transfer) = flows.transfer(number).filter(|transfer| transfer.to == *at) else {
                continue;
            };
            let candidate = transfer.from;
            if exchange(candidate).is_some() || !looked_at.insert(candidate) {
                continue;
            }
            if let Some((service, payers)) = bounds.judge(flows, candidate, &exchange) {
                found.insert(candidate, service);
                clusters.join_all(payers.into_iter().filter(|payer| exchange(*payer).is_none()));
            }
        }
    }
    found
}

impl Deposits {
    /// Whether an account only passes on to one exchange what it gets: which, and who paid in.
    fn judge(
        &self,
        flows: &impl Flows,
        account: Account,
        exchange: &impl Fn(Account) -> Option<u32>,
    ) -> Option<(u32, Vec<Account>)> {
        let (mut service, mut payers) = (None, Vec::new());
        // What came and was not passed on yet, by asset.
        let mut waiting: BTreeMap<_, (U256, i64)> = BTreeMap::new();
        for (count, number) in flows.of(account).enumerate() {
            let transfer = flows.transfer(number)?;
            if count >= self.transfers_max || transfer.from == transfer.to {
                return None;
            }
            if transfer.amount.is_zero() {
                continue;
            }
            if transfer.to == account {
                payers.push(transfer.from);
                let (sum, since) = waiting.entry(transfer.asset).or_insert((U256::ZERO, transfer.time));
                if sum.is_zero() {
                    *since = transfer.time;
                }
                *sum = sum.checked_add(transfer.amount)?;
                continue;
            }
            let to = exchange(transfer.to)?;
            if service.is_some_and(|service| service != to) {
                return None;
            }
            service = Some(to);
            let (sum, since) = waiting.remove(&transfer.asset)?;
            let kept = sum.checked_sub(transfer.amount)?;
            let fee_max = match self.coin.is_none_or(|coin| coin == transfer.asset) {
                true => self.fee_max,
                false => U256::ZERO,
            };
            if kept > fee_max || transfer.time - since > self.keeps_max {
                return None;
            }
        }
        payers.sort_unstable();
        payers.dedup();
        service.map(|service| (service, payers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Transfer;
    use crate::store::Memory;

    /// 100 and 101 are the exchange's own.
    fn found(transfers: &[(u32, u32, u64, i64)]) -> (Vec<u32>, Vec<Vec<Account>>) {
        let transfers = transfers.iter().map(|(from, to, amount, hours)| Transfer {
            from: Account(*from),
            to: Account(*to),
            asset: Asset(0),
            amount: U256::from(*amount),
            time: hours * 3_600,
        });
        let flows = Memory::from(transfers.collect::<Vec<_>>());
        let bounds = Deposits { fee_max: U256::from(2), ..Deposits::default() };
        let exchange = |account: Account| (account.0 >= 100).then_some(1 + u32::from(account.0 >= 200));
        let mut clusters = Clusters::default();
        let own = [Account(100), Account(101), Account(200)];
        let found = deposits(&flows, &bounds, &own, exchange, &mut clusters);
        (found.keys().map(|account| account.0).collect(), clusters.all())
    }

    #[test]
    fn who_pays_into_one_deposit_address_is_one_customer() {
        let (addresses, clusters) = found(&[
            (1, 9, 50, 0),
            (9, 100, 49, 1),
            (2, 9, 30, 20),
            (9, 101, 30, 21),
            (3, 8, 5, 0),
            (8, 100, 5, 1),
        ]);
        assert_eq!(addresses, [8, 9]);
        assert_eq!(clusters, [[Account(1), Account(2)]]);
        // What the exchange itself pays in, for fees, joins nobody to it.
        assert_eq!(found(&[(100, 9, 1, 0), (1, 9, 50, 0), (9, 100, 51, 1)]).1.len(), 0);
    }

    #[test]
    fn of_what_fees_are_not_paid_in_nothing_is_kept() {
        let judged = |coin: u32, asset: u32| {
            let transfer = |from, to, amount: u64, time| Transfer {
                from: Account(from),
                to: Account(to),
                asset: Asset(asset),
                amount: U256::from(amount),
                time,
            };
            let flows = Memory::from(vec![transfer(1, 9, 50, 0), transfer(9, 100, 49, 5)]);
            let bounds = Deposits { coin: Some(Asset(coin)), ..Deposits::default() };
            let exchange = |account: Account| (account.0 == 100).then_some(1);
            deposits(&flows, &bounds, &[Account(100)], exchange, &mut Clusters::default()).len()
        };
        assert_eq!((judged(0, 0), judged(0, 1)), (1, 0));
    }

    #[test]
    fn who_keeps_or_pays_others_is_no_deposit_address() {
        for transfers in [
            &[(1, 9, 50, 0), (9, 100, 40, 1)][..],
            &[(1, 9, 50, 0), (9, 100, 50, 13)],
            &[(1, 9, 50, 0), (9, 100, 50, 1), (2, 9, 7, 2), (9, 5, 7, 3)],
            &[(1, 9, 50, 0), (9, 100, 50, 1), (2, 9, 7, 2), (9, 200, 7, 3)],
            &[(9, 100, 50, 1)],
            &[(1, 9, 50, 0), (9, 9, 50, 0), (9, 100, 50, 1)],
        ] {
            assert_eq!(found(transfers), (vec![], vec![]), "{transfers:?}");
        }
    }
}
