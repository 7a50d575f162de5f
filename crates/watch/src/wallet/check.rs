//! Whether a text is an address of the currency that somebody says it is of.

use super::currencies::{COINS, Coin};
use super::form::{Form, Reading};
use super::judge::{Text, bare, is_readable};
use super::tokens::{EVM, TOKENS};
use super::{Address, Network, Wrong};

/// Which nets' addresses are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Nets {
    /// Those of the net on which the currency has worth.
    #[default]
    Main,
    /// Those of test nets.
    Test,
    /// Any.
    Both,
}

impl Nets {
    const fn take(self, network: Network) -> bool {
        match (self, network) {
            (Self::Both, _)
            | (_, Network::Either)
            | (Self::Main, Network::Main)
            | (Self::Test, Network::Test) => true,
            (Self::Main, Network::Test) | (Self::Test, Network::Main) => false,
        }
    }
}

/// Why a text is no address of a currency.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// No such currency is known, so nothing is said about the address.
    #[error("`{0}` is no currency that is known here; name it by its ticker, or name its chain")]
    Currency(String),
    /// No such chain is known, so nothing is said about the address.
    #[error("`{0}` is no chain that is known here; name it by its ticker or in full")]
    Chain(String),
    /// It has none of the currency's forms.
    #[error("has no form of an address of {0}")]
    Form(&'static str),
    /// It is of the other net.
    #[error("is an address of {chain}, but of {}", if *.network == Network::Test { "a test net" } else { "the main net" })]
    Net {
        /// The chain.
        chain: &'static str,
        /// The net.
        network: Network,
    },
    /// It is nearly one.
    #[error(transparent)]
    Wrong(#[from] Wrong),
}

/// Longest name of a currency or chain that is looked up, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// The address that `text` is of `currency`, on one `chain` or on any on which the currency is.
///
/// Currencies and chains go by tickers and names in any case (`XBT`, `bitcoin`, `Binance Smart Chain`). A chain decides
/// alone: a token that is not known has the forms of its chain.
///
/// # Errors
/// [`Refused`]: what is not known, or what is wrong with the address.
pub fn check(text: &str, currency: &str, chain: Option<&str>, nets: Nets) -> Result<Address, Refused> {
    let forms = match chain {
        Some(chain) => forms(chain).ok_or_else(|| Refused::Chain(shown(chain)))?,
        None => forms(currency).ok_or_else(|| Refused::Currency(shown(currency)))?,
    };
    let first = forms.first().map_or("", |(chain, _)| chain);
    if !is_readable(text) {
        return Err(Refused::Form(first));
    }
    let text = Text::new(bare(text));
    let mut refused = Refused::Form(first);
    for (chain, form) in forms {
        match form.read(&text) {
            Reading::Is(found) if nets.take(found.network) => return Ok(found.of(chain)),
            Reading::Is(found) => refused = Refused::Net { chain, network: found.network },
            Reading::Wrong(why) if matches!(refused, Refused::Form(_)) => {
                refused = Wrong { chain, why }.into()
            }
            _ => {}
        }
    }
    Err(refused)
}

/// Every currency with a chain of its own that has `text` as an address on its main net, by tickers.
///
/// An address of Bitcoin's older forms is one of several chains; one of the EVM's is told as Ethereum's and the few others
/// that have a second form. Takes some microseconds.
#[must_use]
pub fn currencies(text: &str) -> Vec<&'static str> {
    if !is_readable(text) {
        return Vec::new();
    }
    let text = Text::new(bare(text));
    let is = |form: &Form| match form.read(&text) {
        Reading::Is(found) => found.network != Network::Test,
        _ => false,
    };
    COINS
        .iter()
        .filter(|coin| coin.forms.iter().filter(|form| form.is_told_by_itself()).any(is))
        .map(|coin| coin.id)
        .collect()
}

/// Small letters and digits alone.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).take(NAME_BYTES_MAX).collect()
}

fn shown(name: &str) -> String {
    name.chars().take(NAME_BYTES_MAX).collect()
}

/// The coin of this plain name.
pub(super) fn coin(name: &str) -> Option<&'static Coin> {
    COINS.iter().find(|coin| coin.id == name || coin.names.contains(&name))
}

/// The forms of a currency or chain, and the chains that they are of.
fn forms(name: &str) -> Option<Vec<(&'static str, Form)>> {
    if name.len() > 4 * NAME_BYTES_MAX {
        return None;
    }
    let name = plain(name);
    let of = |coin: &'static Coin| coin.forms.iter().map(|form| (coin.id, *form));
    if let Some(coin) = coin(&name) {
        return Some(of(coin).collect());
    }
    if let Some(id) = EVM.iter().find(|names| names.contains(&name.as_str())).and_then(|names| names.first())
    {
        return Some(vec![(id, Form::Evm)]);
    }
    let (_, chains) = TOKENS.iter().find(|(names, _)| names.contains(&name.as_str()))?;
    Some(chains.iter().filter_map(|chain| coin(chain)).flat_map(of).collect())
}
