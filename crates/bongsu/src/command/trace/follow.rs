//! `bongsu trace follow`: from a theft to where it is now.

use crate::answer::{Answer, Progress, counted, table};
use crate::cli::TraceFollowArgs;
use crate::exit::{Exit, Failure};
use crate::terminal::{Terminal, visible};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use trace::cross::{Short, Sum};
use trace::found::{Pattern, Shape};
use trace::taint::Ended;
use trace::{Account, U256};

use super::across::{Asked, Deposits, Followed, chains, followed};
use super::found::Found;
use super::{Said, address, amount, crossings, out, to_terminal, when};
use trace::units::{share, short};

/// Most thefts that are listed for people.
const THEFTS_SHOWN: usize = 10;

pub(super) fn run(args: &TraceFollowArgs, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let outs = out::Asked::of(&args.out)?;
    let chains = chains(&args.store, &args.also, &args.stolen)?;
    let asked = Asked {
        chains: &chains,
        method: args.method.into(),
        labels: &args.ways.labels,
        pairings: args.ways.pairings.as_ref(),
        worths: args.ways.worths.as_ref(),
        reach: args.reach,
        deposits: match (args.deposits, args.clusters) {
            (true, _) => Deposits::Entered,
            (false, true) => Deposits::Told,
            (false, false) => Deposits::Unasked,
        },
    };
    let mut say = to_terminal(terminal);
    say(Said::Progress(&Progress { what: "following".to_owned(), done: 0, total: 0 }));
    let (mut notes, mut is_read) = (Vec::new(), true);
    let mut listen = |said: Said<'_>| {
        is_read &= !matches!(said, Said::Unread(_));
        say(said);
    };
    let answer = followed(&asked, &mut listen, |found| {
        for (path, form) in &outs.files {
            out::write(found, path, *form)?;
        }
        let text = text(found, args)?;
        outs.answer(&found.founds, out::whole(found), text, &mut |note| notes.push(note.to_owned()))
    })?;
    notes.iter().for_each(|note| say(Said::Note(note)));
    Ok(if is_read { answer } else { answer.ending(Exit::Findings) })
}

/// What was found, for people.
fn text(followed: &Followed<'_>, args: &TraceFollowArgs) -> Result<String, Failure> {
    let mut text = String::new();
    for (at, found) in followed.founds.iter().enumerate() {
        let sums: Vec<&Sum> = followed.sums.iter().filter(|sum| sum.chain == at).collect();
        // A chain to which nothing came has nothing to show.
        if sums.is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        shown(found, &sums, args.most, &mut text);
        if let Some(deposits) = &found.deposits {
            text.push_str(&deposits.shown(found, args.most));
        }
    }
    crossings::shown(&crossings::json(followed), args.most, &mut text);
    if followed.across.short.iter().any(|short| !matches!(short, Short::Trace { .. })) {
        text.push_str("\nNot all crossings were looked for: a limit was met.\n");
    }
    if let Some(to) = &args.path {
        text.push_str(&path(followed, to)?);
    }
    Ok(text)
}

/// An address for people, with what is said of it.
pub(super) fn labelled(found: &Found<'_>, account: Account) -> String {
    let address = address(found.payments, account);
    match found.labels.best(&address) {
        Some(label) => format!("{address} ({}, {})", visible(label.name.as_bytes()), label.category.as_str()),
        None => match found.deposits.as_ref().and_then(|deposits| deposits.service(account)) {
            Some(label) => format!("{address} (deposit address of {})", visible(label.name.as_bytes())),
            None => address,
        },
    }
}

fn shown(found: &Found<'_>, sums: &[&Sum], most: usize, text: &mut String) {
    let payments = found.payments;
    // Writing to a string does not fail.
    let times =
        found.thefts.iter().filter_map(|number| found.transfer(*number)).map(|transfer| transfer.time);
    let (first, last) =
        times.fold((i64::MAX, i64::MIN), |(first, last), time| (first.min(time), last.max(time)));
    let _ = writeln!(
        text,
        "{} {} on {} from {} to {} UTC, followed by {}:",
        counted(found.thefts.len() as u64, if payments.is_of_outputs() { "output" } else { "transfer" }),
        // On a chain without thefts of its own, all that is followed crossed to it.
        if sums.iter().all(|sum| sum.stolen.is_zero()) { "came" } else { "stolen" },
        visible(payments.chain().as_bytes()),
        when(first),
        when(last),
        found.method
    );
    for number in found.thefts.iter().take(THEFTS_SHOWN) {
        let Some(transfer) = found.transfer(*number) else { continue };
        let id = short(&payments.named(*number).unwrap_or_default());
        let _ = writeln!(
            text,
            "  {}  {} to {}, {}",
            when(transfer.time),
            amount(payments, transfer.asset, transfer.amount),
            labelled(found, transfer.to),
            visible(id.as_bytes())
        );
    }
    if found.thefts.len() > THEFTS_SHOWN {
        let _ = writeln!(text, "  and {} more", found.thefts.len() - THEFTS_SHOWN);
    }
    if let Ended::AtLimit { next, .. } = found.trace.ended() {
        let at = found
            .transfer(next)
            .map_or_else(String::new, |transfer| format!(", at {} UTC", when(transfer.time)));
        let _ = writeln!(
            text,
            "\nIt was followed up to a limit{at}: what came later is not in what follows. --reach sets it."
        );
    }
    text.push_str("\nWhere it is\n");
    let mut rows = Vec::new();
    for sum in sums {
        let all = sum.stolen.saturating_add(sum.came);
        let line = |what: &str, part: U256| {
            vec![format!("  {what}"), amount(payments, sum.asset, part), share(part, all)]
        };
        if !sum.stolen.is_zero() || sum.came.is_zero() {
            rows.push(line("stolen", sum.stolen));
        }
        if !sum.came.is_zero() {
            rows.push(line("came by a bridge or a swap", sum.came));
        }
        rows.push(line("held: can still be stopped", sum.held));
        rows.push(line("entered services", sum.entered));
        for (what, part) in [("gone on by a bridge or a swap", sum.continued), ("burnt", sum.burnt)] {
            if !part.is_zero() {
                rows.push(line(what, part));
            }
        }
    }
    text.push_str(
        &table(&["", "", ""], &rows).lines().skip(1).map(|line| format!("{line}\n")).collect::<String>(),
    );
    tables(found, most, text);
}

fn tables(found: &Found<'_>, most: usize, text: &mut String) {
    let payments = found.payments;
    let rows: Vec<Vec<String>> = found
        .services
        .iter()
        .take(most)
        .map(|service| {
            vec![
                visible(service.name.as_bytes()),
                service.category.as_str().to_owned(),
                amount(payments, service.asset, service.tainted),
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
            let since = found.transfer(holder.number).map(|transfer| when(transfer.time)).unwrap_or_default();
            Some(vec![
                amount(payments, holding.asset, holding.tainted),
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
            vec![
                when(pattern.first),
                when(pattern.last),
                described(pattern),
                address(payments, pattern.account),
            ]
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

/// How taint first came to an address, on the first chain on which it did.
fn path(followed: &Followed<'_>, to: &str) -> Result<String, Failure> {
    let known: Vec<(&Found<'_>, Account)> =
        followed.founds.iter().filter_map(|found| Some((found, found.payments.account(to)?))).collect();
    if known.is_empty() {
        let first = followed.founds.first();
        return first
            .map_or(Ok(String::new()), |found| super::account(found.payments, to).map(|_| String::new()));
    }
    let told = known.iter().find_map(|(found, account)| path_on(found, *account));
    Ok(told.unwrap_or_else(|| format!("\nNothing of it came to {}.\n", visible(to.as_bytes()))))
}

fn path_on(found: &Found<'_>, to: Account) -> Option<String> {
    let (payments, trace) = (found.payments, &found.trace);
    let holder = trace.holders().position(|holder| holder.account == to);
    let path = match holder {
        Some(holder) => trace.path(holder),
        None => trace.path_of(trace.entries().iter().find(|entry| entry.to == to)?),
    };
    let tainted: std::collections::HashMap<u64, U256> = {
        let wanted: BTreeSet<u64> = path.iter().copied().collect();
        trace.moves().filter(|(number, _)| wanted.contains(number)).collect()
    };
    let rows: Vec<Vec<String>> = path
        .iter()
        .filter_map(|number| {
            let transfer = found.transfer(*number)?;
            let of_it = tainted.get(number).copied().unwrap_or_default();
            Some(vec![
                when(transfer.time),
                amount(payments, transfer.asset, transfer.amount),
                share(of_it, transfer.amount),
                labelled(found, transfer.to),
                visible(payments.named(*number).unwrap_or_default().as_bytes()),
            ])
        })
        .collect();
    let header = ["TIME (UTC)", "AMOUNT", "OF IT", "TO", "TRANSACTION"];
    Some(format!("\nHow it came there\n{}", table(&header, &rows)))
}
