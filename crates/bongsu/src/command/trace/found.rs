//! What was stolen, as an analyst says it, and what a trace of it finds.

use crate::cli::MethodArg;
use crate::exit::Failure;
use crate::terminal::visible;
use std::collections::HashSet;
use trace::case::Stolen;
use trace::found::{Bounds, Holding, Pattern, Service, holdings, patterns, services};
use trace::label::Labels;
use trace::taint::{Limits, Method, Place, Theft, Trace, Way, follow};
use trace::{Account, Asset, Flows as _, Store};

use super::account;
use super::deposits::Customers;

/// What is burnt goes to these. Source: EIP-20's convention for new and destroyed tokens, and the address of "dead" coins in wide use.
const NOBODY: [&str; 2] =
    ["0x0000000000000000000000000000000000000000", "0x000000000000000000000000000000000000dead"];

/// What was followed, and what was found.
pub(crate) struct Found<'a> {
    pub(crate) store: &'a Store,
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
    /// How many pairs of account and asset are reached, at most.
    pub(crate) reach: usize,
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
    }
}

impl<'a> Found<'a> {
    /// Follows `thefts`, transfers by number, through a store.
    ///
    /// # Errors
    /// When they are no thefts, or the transfers can't be true.
    pub(crate) fn of(
        store: &'a Store,
        labels: &'a Labels,
        thefts: Vec<u64>,
        how: How<'a>,
    ) -> Result<Self, Failure> {
        let entered = how.deposits.as_ref().filter(|_| how.stop_at_deposits);
        let is_deposit =
            |account: Account| entered.is_some_and(|deposits| deposits.service(account).is_some());
        let place = places(store, labels);
        let place = |account: Account| match place(account) {
            Place::Holder if is_deposit(account) => Place::Service,
            place => place,
        };
        let starts: Vec<Theft> =
            thefts.iter().map(|number| Theft { number: *number, stolen: None }).collect();
        let limits = Limits { reached_max: how.reach, ..Limits::default() };
        let trace = follow(store, &starts, how.method, place, limits, Way::Choose)
            .map_err(|error| Failure::new(error.to_string()))?;
        Ok(Self::told(store, labels, thefts, how, trace))
    }

    /// What a trace that was made says.
    pub(crate) fn told(
        store: &'a Store,
        labels: &'a Labels,
        thefts: Vec<u64>,
        how: How<'a>,
        trace: Trace,
    ) -> Self {
        let until = store.times().map_or(0, |(_, last)| last);
        let entered = how.deposits.as_ref().filter(|_| how.stop_at_deposits);
        let label = |account: Account| {
            let own = store.address(account).and_then(|address| labels.service(&address));
            own.or_else(|| entered?.service(account))
        };
        Self {
            services: services(&trace, label),
            holdings: holdings(&trace),
            patterns: patterns(&trace, store, until, &Bounds::default()),
            store,
            labels,
            method: method_name(how.method),
            thefts,
            trace,
            deposits: how.deposits,
        }
    }
}

/// What an account is to a trace: by its labels, and whether it is one to which what is burnt goes.
pub(crate) fn places<'a>(store: &'a Store, labels: &'a Labels) -> impl Fn(Account) -> Place + Sync + use<'a> {
    let nobody: HashSet<Account> = NOBODY.iter().filter_map(|address| store.account(address)).collect();
    move |account: Account| match store.address(account) {
        _ if nobody.contains(&account) => Place::Nobody,
        Some(address) if labels.service(&address).is_some() => Place::Service,
        _ => Place::Holder,
    }
}

/// The transfers by which something was stolen.
///
/// # Errors
/// When an address or an asset is not in the store, or nothing was paid so.
pub(crate) fn thefts(store: &Store, stolen: &Stolen) -> Result<Vec<u64>, Failure> {
    let victim = account(store, &stolen.victim)?;
    let thieves: Vec<Account> =
        stolen.thieves.iter().map(|thief| account(store, thief)).collect::<Result<_, _>>()?;
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
        let (by, into) = (account(store, by)?, asset(store, into)?);
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
