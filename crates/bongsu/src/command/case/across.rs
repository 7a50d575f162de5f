//! A case followed on all its chains, and through bridges and swaps from one to the other.

use crate::command::trace::found::{Found, How, places, thefts};
use crate::command::trace::{labels, opened};
use crate::exit::Failure;
use std::collections::HashMap;
use std::path::Path;
use trace::case::Definition;
use trace::cross::{Across, Bounds, Chain, Pairing, Sum, Worth, doors, follow_across};
use trace::taint::{Limits, Place, Theft, Way};
use trace::{Account, Asset, Store};

use super::retrace::method;

/// How many pairs of account and asset a case reaches on a chain, at most.
const REACH: usize = 10_000_000;
/// Longest table, in bytes.
const TABLE_BYTES_MAX: u64 = 64 << 20;

/// What following a case found.
pub(super) struct Followed<'a> {
    /// On each chain, in the order in which the case has them.
    pub(super) founds: Vec<Found<'a>>,
    /// The sums of each, with what crossed.
    pub(super) sums: Vec<Sum>,
    /// What crossed. The traces are in `founds`.
    pub(super) across: Across,
}

/// Follows what a case is about and hands on what was found.
///
/// # Errors
/// When a file can't be read, a theft is not there, or `done` fails.
pub(super) fn followed<T>(
    definition: &Definition,
    done: impl FnOnce(&Followed<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let labels = labels::read(&definition.labels, &mut |note| tracing::warn!("{note}"))?;
    let stores: Vec<Store> =
        definition.chains.iter().map(|chain| opened(&chain.store)).collect::<Result<_, _>>()?;
    let mut starts: Vec<Vec<Theft>> = Vec::new();
    for (chain, store) in definition.chains.iter().zip(&stores) {
        let mut numbers = Vec::new();
        for stolen in &chain.thefts {
            numbers.extend(thefts(store, stolen)?);
        }
        numbers.sort_unstable();
        numbers.dedup();
        starts.push(numbers.into_iter().map(|number| Theft { number, stolen: None }).collect());
    }
    let worths = worths(definition, &stores)?;
    let pairings = pairings(definition)?;
    let doors: Vec<_> = stores.iter().map(|store| doors(store, &labels)).collect();
    let places: Vec<_> = stores.iter().map(|store| places(store, &labels)).collect();
    let chains: Vec<Chain<'_, Store>> = (0..stores.len())
        .map(|at| Chain {
            name: stores[at].chain(),
            flows: &stores[at],
            thefts: &starts[at],
            place: &places[at] as &dyn Fn(Account) -> Place,
            doors: &doors[at],
            worths: &worths[at],
        })
        .collect();
    let (method, limits) = (method(&definition.method)?, Limits { reached_max: REACH, ..Limits::default() });
    let mut across = follow_across(&chains, &pairings, method, limits, Way::Choose, &Bounds::default())
        .map_err(|error| Failure::new(error.to_string()))?;
    for finding in &across.findings {
        tracing::warn!("{}: {}", finding.path, finding.message);
    }
    let sums = across.sums();
    let traces = std::mem::take(&mut across.traces);
    let founds = traces
        .into_iter()
        .zip(&stores)
        .zip(&starts)
        .enumerate()
        .map(|(at, ((trace, store), starts))| {
            let how = How { method, reach: REACH, deposits: None, stop_at_deposits: false };
            let came = across.crossings.iter().map(|crossing| crossing.left);
            let came = came.filter(|left| left.chain == at).map(|left| left.number);
            let mut numbers: Vec<u64> = starts.iter().map(|theft| theft.number).chain(came).collect();
            numbers.sort_unstable();
            numbers.dedup();
            Found::told(store, &labels, numbers, how, trace)
        })
        .collect();
    done(&Followed { founds, sums, across })
}

/// The case's table of payments that belong together. Rows that can't be read are told and left out.
///
/// # Errors
/// When it can't be read at all.
pub(super) fn pairings(definition: &Definition) -> Result<Vec<Pairing>, Failure> {
    let Some(path) = &definition.pairings else { return Ok(Vec::new()) };
    let (pairings, findings) = trace::cross::pairings(&table(path)?).map_err(|finding| {
        Failure::usage(format!("{}, {}: {}", path.display(), finding.path, finding.message))
    })?;
    for finding in findings {
        tracing::warn!("{}, {}: {}", path.display(), finding.path, finding.message);
    }
    Ok(pairings)
}

/// What the assets of each chain are worth: by the case's table, or else by their names, where these are no contracts. A name alone is a
/// chain's own coin, or was given by who loaded the transfers.
///
/// # Errors
/// When the table can't be read, or an asset in it has no decimals.
pub(super) fn worths(
    definition: &Definition,
    stores: &[Store],
) -> Result<Vec<HashMap<Asset, Worth>>, Failure> {
    let said = |error: trace::cross::CrossError| Failure::usage(error.to_string());
    let Some(path) = &definition.worths else {
        let named = |store: &Store| {
            let assets = (0..store.assets()).map(Asset).filter(|asset| store.decimals(*asset).is_some());
            let names = assets.filter_map(|asset| store.asset_name(asset));
            names.filter(|name| !name.starts_with("0x")).collect::<Vec<String>>()
        };
        let of = |store: &Store| {
            let names = named(store);
            trace::cross::worths(store, names.iter().map(|name| (name.as_str(), name.as_str()))).map_err(said)
        };
        return stores.iter().map(of).collect();
    };
    let wrong = |why: String| Failure::usage(format!("{}: {why}", path.display()));
    let bytes = table(path)?;
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let mut rows: Vec<(String, String, String)> = Vec::new();
    for row in reader.deserialize::<HashMap<String, String>>() {
        let mut row = row.map_err(|error| wrong(error.to_string()))?;
        let mut cell = |name: &str| {
            row.remove(name)
                .ok_or_else(|| wrong(format!("there is no column `{name}`; it needs chain, asset and name")))
        };
        rows.push((cell("chain")?, cell("asset")?, cell("name")?));
    }
    let of = |store: &Store| {
        let own = rows.iter().filter(|(chain, ..)| chain == store.chain());
        trace::cross::worths(store, own.map(|(_, asset, name)| (asset.as_str(), name.as_str()))).map_err(said)
    };
    stores.iter().map(of).collect()
}

fn table(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::usage(format!("{}: {error}", path.display()));
    let length = std::fs::metadata(path).map_err(failed)?.len();
    match length > TABLE_BYTES_MAX {
        true => Err(Failure::usage(format!("{} is longer than {TABLE_BYTES_MAX} bytes", path.display()))),
        false => std::fs::read(path).map_err(failed),
    }
}
