//! What was stolen, as an analyst says it, and what a trace of it finds.

use crate::cli::MethodArg;
use crate::exit::Failure;
use crate::terminal::visible;
use std::collections::HashSet;
use trace::case::{Chain, Stolen};
use trace::found::{Bounds, Holding, Pattern, Service, holdings, patterns, services};
use trace::label::Labels;
use trace::taint::outputs::Method;
use trace::taint::{Place, Theft, Trace};
use trace::{Account, Asset, Flows as _, Payments, Store, Transfer};

use super::deposits::Customers;
use super::{account, bitcoin};

/// What is burnt goes to these. Source: EIP-20's convention for new and destroyed tokens, and the address of "dead" coins in wide use.
const NOBODY: [&str; 2] =
    ["0x0000000000000000000000000000000000000000", "0x000000000000000000000000000000000000dead"];

/// What was followed, and what was found.
pub(crate) struct Found<'a> {
    pub(crate) payments: &'a Payments,
    pub(crate) labels: &'a Labels,
    pub(crate) method: &'static str,
    pub(crate) thefts: Vec<u64>,
    pub(crate) trace: Trace,
    pub(crate) services: Vec<Service>,
    pub(crate) holdings: Vec<Holding>,
    pub(crate) patterns: Vec<Pattern>,
    pub(crate) deposits: Option<Customers<'a>>,
}

/// How thefts are followed.
pub(crate) struct How<'l> {
    pub(crate) method: Method,
    /// The deposit addresses of services, if they are to be told.
    pub(crate) deposits: Option<Customers<'l>>,
    /// Whether what comes to one of them has entered its service.
    pub(crate) stop_at_deposits: bool,
}

impl From<MethodArg> for Method {
    fn from(method: MethodArg) -> Self {
        match method {
            MethodArg::Poison => Self::Poison,
            MethodArg::Haircut => Self::Haircut,
            MethodArg::Fifo => Self::Fifo,
            MethodArg::Lifo => Self::Lifo,
            MethodArg::Tiho => Self::Tiho,
        }
    }
}

/// A method's name.
pub(crate) const fn method_name(method: Method) -> &'static str {
    match method {
        Method::Poison => "poison",
        Method::Haircut => "haircut",
        Method::Fifo => "fifo",
        Method::Lifo => "lifo",
        Method::Tiho => "tiho",
    }
}

/// The method with a name.
///
/// # Errors
/// When a newer program knew it.
pub(crate) fn method(named: &str) -> Result<Method, Failure> {
    let all = [Method::Poison, Method::Haircut, Method::Fifo, Method::Lifo, Method::Tiho];
    let found = all.into_iter().find(|method| method_name(*method) == named);
    found.ok_or_else(|| Failure::new(format!("this program knows no method `{named}`")))
}

impl<'a> Found<'a> {
    /// What a trace that was made says.
    pub(crate) fn told(
        payments: &'a Payments,
        labels: &'a Labels,
        thefts: Vec<u64>,
        how: How<'a>,
        trace: Trace,
    ) -> Self {
        let until = payments.times().map_or(0, |(_, last)| last);
        let entered = how.deposits.as_ref().filter(|_| how.stop_at_deposits);
        let label = |account: Account| {
            let own = payments.address(account).and_then(|address| labels.service(&address));
            own.or_else(|| entered?.service(account))
        };
        Self {
            services: services(&trace, label),
            holdings: holdings(&trace),
            patterns: patterns(&trace, payments, until, &Bounds::default()),
            payments,
            labels,
            method: method_name(how.method),
            thefts,
            trace,
            deposits: how.deposits,
        }
    }

    /// A payment as the trace sees it.
    pub(crate) fn transfer(&self, number: u64) -> Option<Transfer> {
        self.trace.transfer(self.payments, number)
    }
}

/// What an account is to a trace: by its labels, and whether it is one to which what is burnt goes.
pub(crate) fn places<'a>(
    payments: &'a Payments,
    labels: &'a Labels,
) -> impl Fn(Account) -> Place + Sync + use<'a> {
    let nobody: HashSet<Account> = NOBODY.iter().filter_map(|address| payments.account(address)).collect();
    let is_nobody = move |account: Account| match payments {
        Payments::Accounts(_) => nobody.contains(&account),
        Payments::Outputs(coins) => coins.is_nobody(account),
    };
    move |account: Account| match payments.address(account) {
        _ if is_nobody(account) => Place::Nobody,
        Some(address) if labels.service(&address).is_some() => Place::Service,
        _ => Place::Holder,
    }
}

/// The payments by which something was stolen on a chain, in order; none if nothing is said of it.
///
/// # Errors
/// When what is said is of another kind of chain, an address, an asset or an output is not there, or nothing was paid so.
pub(crate) fn thefts(payments: &Payments, chain: &Chain) -> Result<Vec<Theft>, Failure> {
    match payments {
        Payments::Accounts(_) if !chain.outputs.is_empty() => {
            let named = visible(payments.chain().as_bytes());
            Err(Failure::usage(format!("{named} has no outputs that can be stolen"))
                .hint("name the victim with --victim ADDRESS, and where it went with --thief ADDRESS"))
        }
        Payments::Accounts(store) => {
            let mut numbers = Vec::new();
            for stolen in &chain.thefts {
                numbers.extend(transfers(store, payments, stolen)?);
            }
            numbers.sort_unstable();
            numbers.dedup();
            Ok(numbers.into_iter().map(|number| Theft { number, stolen: None }).collect())
        }
        Payments::Outputs(_) if !chain.thefts.is_empty() => {
            Err(Failure::usage("what was stolen on Bitcoin are outputs, and no payments of an address")
                .hint("name each with --theft TXID:VOUT"))
        }
        Payments::Outputs(_) if chain.outputs.is_empty() => Ok(Vec::new()),
        Payments::Outputs(coins) => {
            let stolen = bitcoin::thefts(coins.ledger(), &chain.outputs)?;
            let theft = |theft: &trace::taint::outputs::OutputTheft| Theft {
                number: coins.number(theft.output.transaction, Some(theft.output.index)),
                stolen: theft.stolen.map(trace::U256::from),
            };
            let mut thefts: Vec<Theft> = stolen.iter().map(theft).collect();
            thefts.sort_unstable_by_key(|theft| theft.number);
            Ok(thefts)
        }
    }
}

/// The transfers of a victim that were thefts.
fn transfers(store: &Store, payments: &Payments, stolen: &Stolen) -> Result<Vec<u64>, Failure> {
    let victim = account(payments, &stolen.victim)?;
    let thieves: Vec<Account> =
        stolen.thieves.iter().map(|thief| account(payments, thief)).collect::<Result<_, _>>()?;
    let assets: Vec<Asset> =
        stolen.assets.iter().map(|named| asset(store, named)).collect::<Result<_, _>>()?;
    if thieves.is_empty() && stolen.transactions.is_empty() {
        return Err(Failure::usage("nothing says which of the victim's payments were thefts")
            .hint("name where they went with --thief ADDRESS, or the transactions with --transaction ID"));
    }
    let prefixes: Vec<String> = stolen.transactions.iter().map(|id| id.to_ascii_lowercase()).collect();
    let is_named = |number: u64| {
        let id = store.transaction(number).unwrap_or_default().to_ascii_lowercase();
        prefixes.is_empty() || prefixes.iter().any(|prefix| id.starts_with(prefix))
    };
    let given = store.given(victim).filter(|number| {
        store.transfer(*number).is_some_and(|transfer| {
            transfer.from != transfer.to
                && !transfer.amount.is_zero()
                && (thieves.is_empty() || thieves.contains(&transfer.to))
                && (assets.is_empty() || assets.contains(&transfer.asset))
        })
    });
    let mut thefts: Vec<u64> = given.filter(|number| is_named(*number)).collect();
    let begun = thefts.first().copied().unwrap_or(u64::MAX);
    for swap in &stolen.swapped {
        let (by, into) = swap.rsplit_once('=').ok_or_else(|| {
            Failure::usage(format!("`{swap}` names no asset")).hint("write ADDRESS=ASSET, as in 0xa4b2…=ETH")
        })?;
        let (by, into) = (account(payments, by)?, asset(store, into)?);
        let paid = store.given(by).filter(|number| {
            let transfer = store.transfer(*number).filter(|transfer| transfer.asset == into);
            *number > begun
                && transfer.is_some_and(|transfer| transfer.to != by && !transfer.amount.is_zero())
        });
        thefts.extend(paid);
    }
    thefts.sort_unstable();
    thefts.dedup();
    match thefts.is_empty() {
        true => Err(Failure::new(format!(
            "{} paid nothing of that kind in the transfers that are loaded",
            visible(stolen.victim.as_bytes())
        ))
        .hint(format!(
            "`bongsu trace transfers STORE {}` shows what it paid",
            visible(stolen.victim.as_bytes())
        ))),
        false => Ok(thefts),
    }
}

/// An asset by its name or contract.
fn asset(store: &Store, named: &str) -> Result<Asset, Failure> {
    store.asset(named).ok_or_else(|| {
        let known = (0..store.assets().min(20)).filter_map(|number| store.asset_name(Asset(number)));
        let known = known.map(|name| visible(name.as_bytes())).collect::<Vec<_>>().join(", ");
        Failure::usage(format!("there is no asset {}", visible(named.as_bytes())))
            .hint(format!("there are {known}{}", if store.assets() > 20 { " and more" } else { "" }))
    })
}
