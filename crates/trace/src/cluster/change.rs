//! Which output of a payment goes back to the payer: guesses, each by its name, none on unless asked for.

use super::inputs::{Payment, is_coin_join, owners};
use crate::Account;

/// A guess at which output is change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// It goes to an address that it was spent from.
    Reused,
    /// It alone goes to an address that was never seen before. Source: Meiklejohn and others, 2013, section 4.2.
    OneTime,
    /// Of two outputs it alone is no round amount: people pay round sums.
    NotRound,
    /// It alone is less than each input: had it not been change, an input would not have been needed.
    LessThanInputs,
}

/// A round amount, in satoshi: a thousandth of a coin.
const ROUND: u64 = 100_000;

impl Change {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Reused, Self::OneTime, Self::NotRound, Self::LessThanInputs];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reused => "reused",
            Self::OneTime => "one-time",
            Self::NotRound => "not-round",
            Self::LessThanInputs => "less-than-inputs",
        }
    }

    /// The output that it takes for change, by its number; `None` if it takes none, or more than one could be. What makes coins has no
    /// change, nor has a CoinJoin, nor a payment to one address. `was_seen` says whether an address
    /// was there before this transaction.
    #[must_use]
    pub fn output(self, payment: &Payment<'_>, was_seen: impl Fn(Account) -> bool) -> Option<usize> {
        let Payment { inputs, outputs } = *payment;
        if inputs.is_empty() || outputs.len() < 2 || is_coin_join(payment) {
            return None;
        }
        let payers = owners(inputs);
        let is_payer =
            |owner: Option<Account>| owner.is_some_and(|owner| payers.binary_search(&owner).is_ok());
        let only = |is: &dyn Fn(usize) -> bool| {
            let mut places = (0..outputs.len()).filter(|at| is(*at));
            places.next().filter(|_| places.next().is_none())
        };
        match self {
            Self::Reused => only(&|at| is_payer(outputs[at].owner)),
            // Where change goes back to the payer's address, no other output is it.
            _ if outputs.iter().any(|coin| is_payer(coin.owner)) => None,
            Self::OneTime => only(&|at| outputs[at].owner.is_some_and(|owner| !was_seen(owner))),
            Self::NotRound if outputs.len() == 2 => {
                let place = only(&|at| outputs[at].satoshi % ROUND != 0)?;
                outputs[place].owner.map(|_| place)
            }
            Self::NotRound => None,
            Self::LessThanInputs if inputs.len() > 1 => {
                let least = inputs.iter().map(|coin| coin.satoshi).min()?;
                let place = only(&|at| outputs[at].satoshi < least)?;
                outputs[place].owner.map(|_| place)
            }
            Self::LessThanInputs => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::inputs::tests::coins;
    use super::*;

    fn guessed(inputs: &[(u32, u64)], outputs: &[(u32, u64)]) -> [Option<usize>; 4] {
        let (inputs, outputs) = (coins(inputs), coins(outputs));
        let payment = Payment { inputs: &inputs, outputs: &outputs };
        Change::ALL.map(|change| change.output(&payment, |account| account.0 < 10))
    }

    #[test]
    fn each_guess_is_what_it_says() {
        // 10 and above were never seen.
        assert_eq!(guessed(&[(1, 900_000)], &[(2, 500_000), (1, 399_000)]), [Some(1), None, None, None]);
        assert_eq!(guessed(&[(1, 900_000)], &[(10, 399_001), (2, 500_000)]), [None, Some(0), Some(0), None]);
        assert_eq!(guessed(&[(1, 900_000)], &[(10, 399_001), (11, 500_000)]), [None, None, Some(0), None]);
        let two = [(1, 400_000), (2, 500_000)];
        assert_eq!(guessed(&two, &[(3, 800_000), (4, 99_000)]), [None, None, Some(1), Some(1)]);
        assert_eq!(guessed(&two, &[(3, 300_000), (4, 200_000)]), [None; 4], "both are less than each input");
    }

    #[test]
    fn where_it_can_not_be_told_nothing_is_guessed() {
        assert_eq!(guessed(&[], &[(10, 500), (1, 400)]), [None; 4], "new coins");
        assert_eq!(guessed(&[(1, 500)], &[(10, 400)]), [None; 4], "one output");
        let join = [(11, 100), (12, 100), (13, 7)];
        assert_eq!(guessed(&[(1, 150), (2, 150)], &join), [None; 4], "a CoinJoin");
        assert_eq!(guessed(&[(1, 150)], &[(1, 50), (1, 70), (10, 3)]), [None; 4], "two go back");
    }
}
