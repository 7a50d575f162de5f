//! `bongsu trace follow`: from a theft to where it is now.

use crate::answer::{Answer, Progress, table};
use crate::cli::TraceFollowArgs;
use crate::exit::Failure;
use crate::terminal::{Terminal, visible};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use trace::case::Stolen;
use trace::found::{Pattern, Shape};
use trace::taint::Ended;
use trace::{Account, Flows as _, U256};

use super::deposits::Customers;
use super::found::{self, Found, How};
use super::{account, address, amount, labels, opened, out, when};
use trace::units::{share, short};

/// Most thefts that are listed for people.
const THEFTS_SHOWN: usize = 10;

pub(super) fn run(args: &TraceFollowArgs, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let outs = out::forms(&args.out)?;
    let store = opened(&args.store)?;
    let labels = labels::read(&args.labels, &mut |note| terminal.note(note))?;
    let thefts = found::thefts(&store, &stolen(args))?;
    let _goes_on = terminal.progress(&Progress { what: "following".to_owned(), done: 0, total: 0 });
    let deposits = (args.clusters || args.deposits).then(|| Customers::of(&store, &labels));
    let how =
        How { method: args.method.into(), reach: args.reach, deposits, stop_at_deposits: args.deposits };
    let found = Found::of(&store, &labels, thefts, how)?;
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

/// What was stolen, as it was typed.
fn stolen(args: &TraceFollowArgs) -> Stolen {
    Stolen {
        victim: args.victim.clone(),
        thieves: args.thief.clone(),
        transactions: args.transaction.clone(),
        assets: args.asset.clone(),
        swapped: args.swapped.clone(),
    }
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
