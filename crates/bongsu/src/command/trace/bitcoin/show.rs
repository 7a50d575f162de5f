//! What was found, for people.

use std::fmt::Write as _;

use trace::U256;
use trace::chain::bitcoin::written;
use trace::taint::Ended;
use trace::taint::outputs::Spends as _;

use super::super::found::method_name;
use super::super::when;
use super::{Found, coins};
use crate::answer::{counted, table};
use crate::terminal::visible;
use trace::units::share;

/// What was found, with so many of each.
pub(super) fn text(found: &Found, most: usize) -> String {
    let (ledger, chain, total) = (found.blocks.coins.ledger(), &found.blocks.chain, found.trace.total());
    let mut text = String::new();
    // Writing to a string does not fail.
    if let (Some((first, from)), Some((last, to))) = (chain.first(), chain.last()) {
        let _ = writeln!(
            text,
            "{} from {} ({} UTC) to {} ({} UTC), {}; {} are not of this chain.",
            counted(chain.len() as u64, "block"),
            ends(&written(first)),
            when((*from).into()),
            ends(&written(last)),
            when((*to).into()),
            counted(ledger.len(), "transaction"),
            found.blocks.beside
        );
    }
    let _ = writeln!(
        text,
        "{} stolen, followed by {} through {}.",
        counted(found.thefts.len() as u64, "output"),
        method_name(found.method),
        counted(found.trace.outputs().len() as u64, "output")
    );
    if let Ended::AtLimit { .. } = found.trace.ended() {
        text.push_str(
            "It was followed up to a limit: what came later is not in what follows. --reach sets it.\n",
        );
    }
    text.push_str("\nWhere it is\n");
    let stolen = U256::from(total.stolen);
    let line =
        |what: &str, part: u128| vec![format!("  {what}"), coins(part), share(U256::from(part), stolen)];
    let mut rows = vec![
        line("stolen", total.stolen),
        line("unspent: can still be stopped", total.held),
        line("entered services", total.entered),
    ];
    if total.burnt > 0 {
        rows.push(line("went into fees, or to nobody", total.burnt));
    }
    text.push_str(
        &table(&["", "", ""], &rows).lines().skip(1).map(|line| format!("{line}\n")).collect::<String>(),
    );
    if found.trace.unexplained() > 0 {
        let _ = writeln!(
            text,
            "  {} came into these transactions from outputs that are not in these blocks; they are taken as clean.",
            coins(found.trace.unexplained())
        );
    }
    services(found, most, &mut text);
    holders(found, most, &mut text);
    unspent(found, most, &mut text);
    text
}

fn services(found: &Found, most: usize, text: &mut String) {
    let rows: Vec<Vec<String>> = found
        .services
        .iter()
        .take(most)
        .map(|service| {
            let times = service.outputs.iter().filter_map(|at| Some(found.trace.outputs().get(*at)?.time));
            vec![
                visible(service.name.as_bytes()),
                service.category.as_str().to_owned(),
                coins(service.tainted),
                service.outputs.len().to_string(),
                times.clone().min().map(when).unwrap_or_default(),
                times.max().map(when).unwrap_or_default(),
            ]
        })
        .collect();
    if !rows.is_empty() {
        text.push_str("\nServices that it entered\n");
        text.push_str(&table(&["NAME", "KIND", "AMOUNT", "OUTPUTS", "FIRST (UTC)", "LAST (UTC)"], &rows));
        more(found.services.len(), most, text);
    }
}

/// Holders, where it was asked which addresses are one's.
fn holders(found: &Found, most: usize, text: &mut String) {
    let Some((_, joined)) = &found.clusters else { return };
    let rows: Vec<Vec<String>> = found
        .holders
        .iter()
        .take(most)
        .map(|holder| {
            let whose =
                holder.label.as_ref().map(|(name, category)| format!("{name} ({})", category.as_str()));
            let first = found.address(holder.addresses.first().copied());
            let others = match holder.addresses.len() {
                1 => String::new(),
                count => format!(" and {} more", count - 1),
            };
            vec![
                coins(holder.tainted),
                holder.outputs.len().to_string(),
                holder.known.to_string(),
                visible(whose.unwrap_or_default().as_bytes()),
                format!("{}{others}", visible(first.as_bytes())),
            ]
        })
        .collect();
    text.push_str("\nWho holds it, as far as addresses are one holder's\n");
    text.push_str(&table(&["AMOUNT", "OUTPUTS", "ADDRESSES", "LABEL", "HOLDS AT"], &rows));
    more(found.holders.len(), most, text);
    let mut by: Vec<String> = vec![format!(
        "{} whose inputs were spent together ({} left out as CoinJoins)",
        counted(joined.inputs.joined, "transaction"),
        joined.inputs.coin_joins
    )];
    by.extend(joined.changes.iter().map(|(change, count)| {
        format!("{} taken for change ({})", counted(*count, "output"), change.as_str())
    }));
    let _ = writeln!(text, "Addresses are joined by {}.", by.join(", and "));
}

fn unspent(found: &Found, most: usize, text: &mut String) {
    let mut outputs: Vec<usize> =
        found.holders.iter().flat_map(|holder| holder.outputs.iter().copied()).collect();
    let all = found.trace.outputs();
    outputs.sort_by_key(|at| (std::cmp::Reverse(all.get(*at).map(|output| output.tainted)), *at));
    let rows: Vec<Vec<String>> = outputs
        .iter()
        .take(most)
        .filter_map(|at| {
            let output = all.get(*at)?;
            let address = found.address(output.owner);
            let label = found
                .labels
                .best(address)
                .map(|label| format!(" ({}, {})", label.name, label.category.as_str()));
            Some(vec![
                coins(output.tainted.into()),
                share(U256::from(output.tainted), U256::from(output.amount)),
                when(output.time),
                output.hop.to_string(),
                visible(format!("{address}{}", label.unwrap_or_default()).as_bytes()),
                found.outpoint(output.output),
            ])
        })
        .collect();
    if !rows.is_empty() {
        text.push_str("\nUnspent\n");
        text.push_str(&table(&["AMOUNT", "OF IT", "SINCE (UTC)", "HOPS", "ADDRESS", "OUTPUT"], &rows));
        more(outputs.len(), most, text);
    }
}

/// The last digits of a block's hash: the first are zeros.
fn ends(hash: &str) -> String {
    format!("…{}", hash.get(hash.len().saturating_sub(12)..).unwrap_or_default())
}

fn more(all: usize, most: usize, text: &mut String) {
    if all > most {
        let _ = writeln!(text, "and {} more: --most N shows them, --out FILE.json has all", all - most);
    }
}
