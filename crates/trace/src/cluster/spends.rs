//! Clusters of all transactions of a chain, in one go.

use super::Clusters;
use super::change::Change;
use super::inputs::{Coin, Inputs, Payment, is_coin_join};
use crate::Account;
use crate::taint::outputs::{Input, Output, Spends, Transaction};

/// What joining a chain's addresses has come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Joined {
    /// By inputs that were spent together.
    pub inputs: Inputs,
    /// By each heuristic of change that was asked for, in that order: how many outputs were taken for change, and joined something.
    pub changes: Vec<(Change, u64)>,
}

/// Joins addresses by inputs that were spent together, CoinJoins left out (V-6), and by the heuristics of change that are named (V-7).
///
/// `nobody` is the account of outputs that nobody can spend. Reads all transactions, in order.
pub fn join(
    spends: &impl Spends,
    nobody: Option<Account>,
    changes: &[Change],
    clusters: &mut Clusters,
) -> Joined {
    let mut joined =
        Joined { changes: changes.iter().map(|change| (*change, 0)).collect(), ..Joined::default() };
    let mut seen: Vec<bool> = Vec::new();
    let (mut transaction, mut inputs, mut outputs) = (Transaction::default(), Vec::new(), Vec::new());
    let coin = |output: Output| Coin {
        owner: output.owner.filter(|owner| Some(*owner) != nobody),
        satoshi: output.amount,
    };
    for number in 0..spends.len() {
        if !spends.read(number, &mut transaction) {
            continue;
        }
        inputs.clear();
        inputs.extend(transaction.inputs.iter().filter_map(|input| match input {
            Input::Coinbase => None,
            Input::Output(id) => spends.output(*id).map(coin),
            Input::Unknown(amount) => Some(Coin { owner: None, satoshi: amount.unwrap_or_default() }),
        }));
        outputs.clear();
        outputs.extend(transaction.outputs.iter().map(|output| coin(*output)));
        let payment = Payment { inputs: &inputs, outputs: &outputs };
        joined.inputs.add(&payment, clusters);
        // Of what is spent some may not be known: then amounts say nothing, and who pays is not all.
        let is_known = !transaction.inputs.iter().any(|input| matches!(input, Input::Unknown(_)));
        let payer = inputs.iter().find_map(|coin| coin.owner).filter(|_| is_known && !is_coin_join(&payment));
        for (change, count) in &mut joined.changes {
            let was_seen = |account: Account| seen.get(account.0 as usize).copied().unwrap_or(false);
            let guessed = change.output(&payment, was_seen).and_then(|at| outputs.get(at)?.owner);
            if let (Some(payer), Some(owner)) = (payer, guessed) {
                *count += u64::from(clusters.join(payer, owner));
            }
        }
        for owner in outputs.iter().filter_map(|coin| coin.owner) {
            let place = owner.0 as usize;
            if seen.len() <= place {
                seen.resize(place + 1, false);
            }
            seen[place] = true;
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::taint::outputs::OutputId;

    struct Chain(Vec<Transaction>);

    impl Spends for Chain {
        fn len(&self) -> u64 {
            self.0.len() as u64
        }

        fn read(&self, number: u64, into: &mut Transaction) -> bool {
            self.0.get(number as usize).inspect(|found| into.clone_from(found)).is_some()
        }

        fn spender(&self, _: OutputId) -> Option<u64> {
            None
        }
    }

    fn transaction(inputs: &[(u64, u32)], outputs: &[(u32, u64)]) -> Transaction {
        let inputs = inputs
            .iter()
            .map(|(transaction, index)| Input::Output(OutputId { transaction: *transaction, index: *index }));
        let outputs =
            outputs.iter().map(|(owner, amount)| Output { owner: Some(Account(*owner)), amount: *amount });
        Transaction { time: 0, inputs: inputs.collect(), outputs: outputs.collect() }
    }

    fn chain() -> Chain {
        let mut minted = transaction(&[], &[(1, 1_000_000), (2, 500_000), (3, 700_000), (4, 5)]);
        minted.inputs = vec![Input::Coinbase];
        Chain(vec![
            minted,
            // 1 and 2 pay 4, and get the rest at 5, which is new; 0 is nobody's.
            transaction(&[(0, 0), (0, 1)], &[(4, 1_200_000), (5, 299_999), (0, 1)]),
            // A CoinJoin of 3 and 5.
            transaction(&[(0, 2), (1, 1)], &[(6, 200_000), (7, 200_000), (8, 599_000)]),
        ])
    }

    #[test]
    fn who_spends_together_is_joined_and_change_only_if_it_is_asked_for() {
        let mut clusters = Clusters::default();
        let joined = join(&chain(), Some(Account(0)), &[], &mut clusters);
        assert_eq!(joined.inputs, Inputs { joined: 1, coin_joins: 1 });
        assert_eq!(clusters.all(), [[Account(1), Account(2)]]);
        let mut clusters = Clusters::default();
        let joined = join(&chain(), Some(Account(0)), &[Change::OneTime, Change::Reused], &mut clusters);
        assert_eq!(joined.changes, [(Change::OneTime, 1), (Change::Reused, 0)]);
        assert_eq!(clusters.all(), [[Account(1), Account(2), Account(5)]]);
    }

    #[test]
    fn nothing_is_guessed_where_it_is_not_known_what_is_spent() {
        let mut all = chain();
        all.0[1].inputs.push(Input::Unknown(None));
        let mut clusters = Clusters::default();
        let joined = join(&all, Some(Account(0)), &Change::ALL, &mut clusters);
        assert!(joined.changes.iter().all(|(_, count)| *count == 0), "{joined:?}");
        assert_eq!(clusters.all(), [[Account(1), Account(2)]]);
    }
}
