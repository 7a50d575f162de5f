//! `bongsu trace follow`: from a theft to where it is now.

use crate::answer::{Answer, Progress, table};
use crate::cli::{MethodArg, TraceFollowArgs};
use crate::exit::Failure;
use crate::terminal::{Terminal, visible};
use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;
use trace::found::{Bounds, Holding, Pattern, Service, Shape, holdings, patterns, services};
use trace::label::Labels;
use trace::taint::{Ended, Limits, Method, Place, Theft, Trace, Way, follow};
use trace::{Account, Asset, Flows as _, Store, U256};

use super::deposits::Customers;
use super::{account, address, amount, labels, opened, out, short, when};

/// What is burnt goes to these. Source: EIP-20's convention for new and destroyed tokens, and the address of "dead" coins in wide use.
const NOBODY: [&str; 2] =
    ["0x0000000000000000000000000000000000000000", "0x000000000000000000000000000000000000dead"];
/// Most thefts that are listed for people.
const THEFTS_SHOWN: usize = 10;

/// What was followed, and what was found.
pub(super) struct Found<'a> {
    pub(super) store: &'a Store,
    pub(super) labels: &'a Labels,
    pub(super) method: &'static str,
    pub(super) thefts: Vec<u64>,
    pub(super) trace: Trace,
    pub(super) services: Vec<Service>,
    pub(super) holdings: Vec<Holding>,
    pub(super) patterns: Vec<Pattern>,
    pub(super) deposits: Option<Customers<'a>>,
}

pub(super) fn run(args: &TraceFollowArgs, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let outs = out::forms(&args.out)?;
    let store = opened(&args.store)?;
    let labels = labels::read(&args.labels, terminal)?;
    let thefts = thefts(&store, args)?;
    let (method, name) = match args.method {
        MethodArg::Poison => (Method::Poison, "poison"),
        MethodArg::Haircut => (Method::Haircut, "haircut"),
        MethodArg::Fifo => (Method::Fifo, "fifo"),
        MethodArg::Lifo => (Method::Lifo, "lifo"),
    };
    let nobody: HashSet<Account> = NOBODY.iter().filter_map(|address| store.account(address)).collect();
    let deposits = (args.clusters || args.deposits).then(|| Customers::of(&store, &labels));
    let entered = deposits.as_ref().filter(|_| args.deposits);
    let is_deposit = |account: Account| entered.is_some_and(|deposits| deposits.service(account).is_some());
    let place = |account: Account| match store.address(account) {
        _ if nobody.contains(&account) => Place::Nobody,
        _ if is_deposit(account) => Place::Service,
        Some(address) if labels.service(&address).is_some() => Place::Service,
        _ => Place::Holder,
    };
    let starts: Vec<Theft> = thefts.iter().map(|number| Theft { number: *number, stolen: None }).collect();
    let limits = Limits { reached_max: args.reach, ..Limits::default() };
    let _goes_on = terminal.progress(&Progress { what: "following".to_owned(), done: 0, total: 0 });
    let trace = follow(&store, &starts, method, place, limits, Way::Choose)
        .map_err(|error| Failure::new(error.to_string()))?;
    let until = store.times().map_or(0, |(_, last)| last);
    let label = |account: Account| {
        let own = store.address(account).and_then(|address| labels.service(&address));
        own.or_else(|| entered?.service(account))
    };
    let found = Found {
        services: services(&trace, label),
        holdings: holdings(&trace),
        patterns: patterns(&trace, &store, until, &Bounds::default()),
        store: &store,
        labels: &labels,
        method: name,
        thefts,
        trace,
        deposits: deposits.clone(),
    };
    for (path, form) in outs {
        out::write(&found, path, form)?;
    }
    let mut text = shown(&found, args.most);
    if let Some(deposits) = &found.deposits {
        text.push_str(&deposits.shown(&found, args.most));
    }
    if let Some(to) = &args.path {
        text.push_str(&path(&found, account(&store, to)?));
    }
    Ok(Answer::done(out::json(&found), text))
}

/// The transfers by which something was stolen.
fn thefts(store: &Store, args: &TraceFollowArgs) -> Result<Vec<u64>, Failure> {
    let victim = account(store, &args.victim)?;
    let thieves: Vec<Account> =
        args.thief.iter().map(|thief| account(store, thief)).collect::<Result<_, _>>()?;
    let assets: Vec<Asset> = args.asset.iter().map(|named| asset(store, named)).collect::<Result<_, _>>()?;
    if thieves.is_empty() && args.transaction.is_empty() {
        return Err(Failure::usage("nothing says which of the victim's payments were thefts")
            .hint("name where they went with --thief ADDRESS, or the transactions with --transaction ID"));
    }
    let prefixes: Vec<String> = args.transaction.iter().map(|id| id.to_ascii_lowercase()).collect();
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
    for swap in &args.swapped {
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
        true => {
            Err(Failure::new(format!("the victim paid nothing of that kind in {}", args.store.display()))
                .hint(format!(
                    "`bongsu trace transfers {} {}` shows what it paid",
                    args.store.display(),
                    args.victim
                )))
        }
        false => Ok(thefts),
    }
}

fn asset(store: &Store, named: &str) -> Result<Asset, Failure> {
    store.asset(named).ok_or_else(|| {
        let known = (0..store.assets().min(20)).filter_map(|number| store.asset_name(Asset(number)));
        let known = known.map(|name| visible(name.as_bytes())).collect::<Vec<_>>().join(", ");
        Failure::usage(format!("there is no asset {}", visible(named.as_bytes())))
            .hint(format!("there are {known}{}", if store.assets() > 20 { " and more" } else { "" }))
    })
}

/// `12.3 %`; nothing of nothing.
pub(super) fn share(part: U256, whole: U256) -> String {
    let thousand = U256::from(1_000);
    let permille = match part.checked_mul(thousand) {
        Some(product) => product.checked_div(whole),
        None => part.checked_div(whole / thousand),
    };
    permille.map_or_else(String::new, |permille| {
        format!("{}.{} %", permille / U256::from(10), permille % U256::from(10))
    })
}

/// An address for people, with what is said of it.
pub(super) fn labelled(found: &Found<'_>, account: Account) -> String {
    let address = address(found.store, account);
    match found.labels.best(&address) {
        Some(label) => format!("{address} ({}, {})", visible(label.name.as_bytes()), label.category.as_str()),
        None => match found.deposits.as_ref().and_then(|deposits| deposits.service(account)) {
            Some(label) => format!("{address} (deposit address of {})", visible(label.name.as_bytes())),
            None => address,
        },
    }
}

fn shown(found: &Found<'_>, most: usize) -> String {
    let store = found.store;
    let mut text = String::new();
    // Writing to a string does not fail.
    let times =
        found.thefts.iter().filter_map(|number| store.transfer(*number)).map(|transfer| transfer.time);
    let (first, last) =
        times.fold((i64::MAX, i64::MIN), |(first, last), time| (first.min(time), last.max(time)));
    let _ = writeln!(
        text,
        "{} stolen from {} to {} UTC, followed by {}:",
        match found.thefts.len() {
            1 => "1 transfer".to_owned(),
            count => format!("{count} transfers"),
        },
        when(first),
        when(last),
        found.method
    );
    for number in found.thefts.iter().take(THEFTS_SHOWN) {
        let Some(transfer) = store.transfer(*number) else { continue };
        let id = short(&store.transaction(*number).unwrap_or_default());
        let _ = writeln!(
            text,
            "  {}  {} to {}, {}",
            when(transfer.time),
            amount(store, transfer.asset, transfer.amount),
            labelled(found, transfer.to),
            visible(id.as_bytes())
        );
    }
    if found.thefts.len() > THEFTS_SHOWN {
        let _ = writeln!(text, "  and {} more", found.thefts.len() - THEFTS_SHOWN);
    }
    if let Ended::AtLimit { next, .. } = found.trace.ended() {
        let at = store
            .transfer(next)
            .map_or_else(String::new, |transfer| format!(", at {} UTC", when(transfer.time)));
        let _ = writeln!(
            text,
            "\nIt was followed up to a limit{at}: what came later is not in what follows. --reach sets it."
        );
    }
    text.push_str("\nWhere it is\n");
    let mut rows = Vec::new();
    for total in found.trace.totals() {
        let line = |what: &str, part: U256| {
            vec![format!("  {what}"), amount(store, total.asset, part), share(part, total.stolen)]
        };
        rows.push(line("stolen", total.stolen));
        rows.push(line("held: can still be stopped", total.held));
        rows.push(line("entered services", total.entered));
        if !total.burnt.is_zero() {
            rows.push(line("burnt", total.burnt));
        }
    }
    text.push_str(
        &table(&["", "", ""], &rows).lines().skip(1).map(|line| format!("{line}\n")).collect::<String>(),
    );
    tables(found, most, &mut text);
    text
}

fn tables(found: &Found<'_>, most: usize, text: &mut String) {
    let store = found.store;
    let rows: Vec<Vec<String>> = found
        .services
        .iter()
        .take(most)
        .map(|service| {
            vec![
                visible(service.name.as_bytes()),
                service.category.as_str().to_owned(),
                amount(store, service.asset, service.tainted),
                service.entries.len().to_string(),
                when(service.first),
                when(service.last),
            ]
        })
        .collect();
    if !rows.is_empty() {
        text.push_str("\nServices that it entered\n");
        text.push_str(&table(&["NAME", "KIND", "AMOUNT", "TRANSFERS", "FIRST (UTC)", "LAST (UTC)"], &rows));
        more(found.services.len(), most, text);
    }
    let rows: Vec<Vec<String>> = found
        .holdings
        .iter()
        .take(most)
        .filter_map(|holding| {
            let holder = found.trace.holder(holding.holder)?;
            let since = store.transfer(holder.number).map(|transfer| when(transfer.time)).unwrap_or_default();
            Some(vec![
                amount(store, holding.asset, holding.tainted),
                since,
                holder.hop.to_string(),
                labelled(found, holding.account),
            ])
        })
        .collect();
    if !rows.is_empty() {
        text.push_str("\nWho holds it\n");
        text.push_str(&table(&["AMOUNT", "SINCE (UTC)", "HOPS", "ADDRESS"], &rows));
        more(found.holdings.len(), most, text);
    }
    let rows: Vec<Vec<String>> = found
        .patterns
        .iter()
        .take(most)
        .map(|pattern| {
            vec![when(pattern.first), when(pattern.last), described(pattern), address(store, pattern.account)]
        })
        .collect();
    if !rows.is_empty() {
        text.push_str("\nHow it was moved\n");
        text.push_str(&table(&["FROM (UTC)", "TO (UTC)", "SHAPE", "ADDRESS"], &rows));
        more(found.patterns.len(), most, text);
    }
}

pub(super) fn more(all: usize, most: usize, text: &mut String) {
    if all > most {
        let _ = writeln!(text, "and {} more: --most N shows them, --out FILE.json has all", all - most);
    }
}

/// A shape in words.
fn described(pattern: &Pattern) -> String {
    match &pattern.shape {
        Shape::PeelChain(chain) => format!("peel chain of {}", chain.len()),
        Shape::FanOut(others) => format!("fan-out to {others}"),
        Shape::FanIn(others) => format!("fan-in from {others}"),
        Shape::Dormant { woke: true } => "dormant, then moved".to_owned(),
        Shape::Dormant { woke: false } => "dormant".to_owned(),
        Shape::EqualParts(count) => format!("{count} equal parts"),
    }
}

/// How taint first came to an account.
fn path(found: &Found<'_>, to: Account) -> String {
    let (store, trace) = (found.store, &found.trace);
    let holder = trace.holders().position(|holder| holder.account == to);
    let entry = trace.entries().iter().find(|entry| entry.to == to);
    let path = match (holder, entry) {
        (Some(holder), _) => trace.path(holder),
        (None, Some(entry)) => trace.path_of(entry),
        (None, None) => return format!("\nNothing of it came to {}.\n", address(store, to)),
    };
    let tainted: std::collections::HashMap<u64, U256> = {
        let wanted: BTreeSet<u64> = path.iter().copied().collect();
        trace.moves().filter(|(number, _)| wanted.contains(number)).collect()
    };
    let rows: Vec<Vec<String>> = path
        .iter()
        .filter_map(|number| {
            let transfer = store.transfer(*number)?;
            let of_it = tainted.get(number).copied().unwrap_or_default();
            Some(vec![
                when(transfer.time),
                amount(store, transfer.asset, transfer.amount),
                share(of_it, transfer.amount),
                labelled(found, transfer.to),
                visible(store.transaction(*number).unwrap_or_default().as_bytes()),
            ])
        })
        .collect();
    format!("\nHow it came there\n{}", table(&["TIME (UTC)", "AMOUNT", "OF IT", "TO", "TRANSACTION"], &rows))
}
