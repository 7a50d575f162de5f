//! Thefts followed on all chains that are named, and through bridges and swaps from one to the other: for `bongsu trace follow`, and for cases.

use crate::cli::StolenArgs;
use crate::exit::Failure;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use trace::case;
use trace::cross::{Across, Bounds, Chain, Pairing, Sum, Worth, doors, follow_across};
use trace::label::Labels;
use trace::taint::outputs::Method;
use trace::taint::{Limits, Place, Theft, Way};
use trace::{Account, Asset, Payments};

use super::deposits::Customers;
use super::found::{Found, How, places, thefts};
use super::{Said, kept, labels};

/// How many pairs of account and asset a case reaches on a chain, at most.
pub(crate) const REACH: usize = 10_000_000;
/// Longest table, in bytes.
const TABLE_BYTES_MAX: u64 = 64 << 20;

/// What is followed, and how.
pub(crate) struct Asked<'a> {
    /// The chains, and what was stolen on them.
    pub(crate) chains: &'a [case::Chain],
    /// By which rule taint is passed on.
    pub(crate) method: Method,
    /// Files of labels, each with `=CATEGORY` behind it or not.
    pub(crate) labels: &'a [String],
    /// A table of payments of bridges that belong together.
    pub(crate) pairings: Option<&'a PathBuf>,
    /// A table of assets that are worth the same.
    pub(crate) worths: Option<&'a PathBuf>,
    /// How many pairs of account and asset are reached on a chain, at most.
    pub(crate) reach: usize,
    /// What is made of deposit addresses.
    pub(crate) deposits: Deposits,
}

/// What is made of the deposit addresses of services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deposits {
    /// They are not looked for.
    Unasked,
    /// They are told.
    Told,
    /// What came to them has entered their service.
    Entered,
}

/// What following found.
pub(crate) struct Followed<'a> {
    /// On each chain, in the order in which they were named.
    pub(crate) founds: Vec<Found<'a>>,
    /// The sums of each, with what crossed.
    pub(crate) sums: Vec<Sum>,
    /// What crossed. The traces are in `founds`.
    pub(crate) across: Across,
}

/// Follows what is asked for and hands on what was found.
///
/// # Errors
/// When a file can't be read, a theft is not there, or `done` fails.
pub(crate) fn followed<T>(
    asked: &Asked<'_>,
    say: &mut dyn FnMut(Said<'_>),
    done: impl FnOnce(&Followed<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let labels = labels::read(asked.labels, &mut |note| say(Said::Note(note)))?;
    let (mut all, mut starts) = (Vec::new(), Vec::new());
    for chain in asked.chains {
        let payments = kept::open(&chain.store, say)?;
        starts.push(thefts(&payments, chain)?);
        all.push(payments);
    }
    if starts.iter().all(Vec::is_empty) {
        return Err(nothing_stolen());
    }
    let worths = worths(asked.worths, &all)?;
    let pairings = pairings(asked.pairings, &mut |note| say(Said::Note(note)))?;
    let across = crossed(asked, (&all, &starts, &labels), &pairings, &worths)?;
    for finding in &across.0.findings {
        say(Said::Note(&format!("{}: {}", finding.path, finding.message)));
    }
    done(&told(asked, (&all, &starts, &labels), across))
}

/// A chain on which nothing is said to be stolen.
pub(crate) fn chain_at(store: &Path) -> case::Chain {
    case::Chain { store: store.to_owned(), thefts: Vec::new(), outputs: Vec::new() }
}

/// The chains that are named, with what was stolen on the first.
///
/// # Errors
/// When nothing says what was.
pub(crate) fn chains(
    store: &Path,
    also: &[PathBuf],
    stolen: &StolenArgs,
) -> Result<Vec<case::Chain>, Failure> {
    let mut first = chain_at(store);
    match stolen.put(&mut first) {
        true => Ok(std::iter::once(first).chain(also.iter().map(|store| chain_at(store))).collect()),
        false => Err(nothing_stolen()),
    }
}

/// What to say where nothing says what was stolen.
fn nothing_stolen() -> Failure {
    Failure::usage("nothing says what was stolen")
        .hint("name the victim with --victim ADDRESS and where it went with --thief ADDRESS, or outputs of Bitcoin with --theft TXID:VOUT")
}

/// The chains as they were read, what their traces start from, and labels.
type Read<'a, 'r> = (&'a [Payments], &'r [Vec<Theft>], &'a Labels);

/// What was found across, and the deposit addresses on each chain.
fn crossed<'a>(
    asked: &Asked<'_>,
    (all, starts, labels): Read<'a, '_>,
    pairings: &[Pairing],
    worths: &[HashMap<Asset, Worth>],
) -> Result<(Across, Vec<Option<Customers<'a>>>), Failure> {
    let customers: Vec<Option<Customers<'a>>> = all
        .iter()
        .map(|payments| match payments {
            Payments::Accounts(store) if asked.deposits != Deposits::Unasked => {
                Some(Customers::of(store, labels))
            }
            _ => None,
        })
        .collect();
    let doors: Vec<_> = all.iter().map(|payments| doors(payments, labels)).collect();
    let places: Vec<_> = all
        .iter()
        .zip(&customers)
        .map(|(payments, customers)| {
            let place = places(payments, labels);
            let entered = customers.as_ref().filter(|_| asked.deposits == Deposits::Entered);
            move |account: Account| match place(account) {
                Place::Holder if entered.is_some_and(|entered| entered.service(account).is_some()) => {
                    Place::Service
                }
                place => place,
            }
        })
        .collect();
    let chains: Vec<Chain<'_, Payments>> = (0..all.len())
        .map(|at| Chain {
            name: all[at].chain(),
            flows: &all[at],
            thefts: &starts[at],
            place: &places[at] as &dyn Fn(Account) -> Place,
            doors: &doors[at],
            worths: &worths[at],
        })
        .collect();
    let limits = Limits { reached_max: asked.reach, ..Limits::default() };
    let across = follow_across(&chains, pairings, asked.method, limits, Way::Choose, &Bounds::default())
        .map_err(|error| Failure::new(error.to_string()))?;
    drop(chains);
    drop(places);
    Ok((across, customers))
}

fn told<'a>(
    asked: &Asked<'_>,
    (all, starts, labels): Read<'a, '_>,
    (mut across, customers): (Across, Vec<Option<Customers<'a>>>),
) -> Followed<'a> {
    let sums = across.sums();
    let traces = std::mem::take(&mut across.traces);
    let chains = traces.into_iter().zip(customers).zip(all.iter().zip(starts)).enumerate();
    let founds = chains
        .map(|(at, ((trace, deposits), (payments, starts)))| {
            let how =
                How { method: asked.method, deposits, stop_at_deposits: asked.deposits == Deposits::Entered };
            let came = across.crossings.iter().map(|crossing| crossing.left);
            let came = came.filter(|left| left.chain == at).map(|left| left.number);
            let mut numbers: Vec<u64> = starts.iter().map(|theft| theft.number).chain(came).collect();
            numbers.sort_unstable();
            numbers.dedup();
            Found::told(payments, labels, numbers, how, trace)
        })
        .collect();
    Followed { founds, sums, across }
}

/// A table of payments that belong together. Rows that can't be read are told and left out.
///
/// # Errors
/// When it can't be read at all.
pub(crate) fn pairings(path: Option<&PathBuf>, note: &mut dyn FnMut(&str)) -> Result<Vec<Pairing>, Failure> {
    let Some(path) = path else { return Ok(Vec::new()) };
    let (pairings, findings) = trace::cross::pairings(&table(path)?).map_err(|finding| {
        Failure::usage(format!("{}, {}: {}", path.display(), finding.path, finding.message))
    })?;
    for finding in findings {
        note(&format!("{}, {}: {}", path.display(), finding.path, finding.message));
    }
    Ok(pairings)
}

/// What the assets of each chain are worth: by a table, or else by their names, where these are no contracts. A name alone is a
/// chain's own coin, or was given by who loaded the transfers.
///
/// # Errors
/// When the table can't be read, or an asset in it has no decimals.
pub(crate) fn worths(
    path: Option<&PathBuf>,
    all: &[Payments],
) -> Result<Vec<HashMap<Asset, Worth>>, Failure> {
    let said = |error: trace::cross::CrossError| Failure::usage(error.to_string());
    let Some(path) = path else {
        let named = |payments: &Payments| {
            let assets =
                (0..payments.assets()).map(Asset).filter(|asset| payments.decimals(*asset).is_some());
            let names = assets.filter_map(|asset| payments.asset_name(asset));
            names.filter(|name| !name.starts_with("0x")).collect::<Vec<String>>()
        };
        let of = |payments: &Payments| {
            let names = named(payments);
            trace::cross::worths(payments, names.iter().map(|name| (name.as_str(), name.as_str())))
                .map_err(said)
        };
        return all.iter().map(of).collect();
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
    let of = |payments: &Payments| {
        let own = rows.iter().filter(|(chain, ..)| chain == payments.chain());
        trace::cross::worths(payments, own.map(|(_, asset, name)| (asset.as_str(), name.as_str())))
            .map_err(said)
    };
    all.iter().map(of).collect()
}

fn table(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::usage(format!("{}: {error}", path.display()));
    let length = std::fs::metadata(path).map_err(failed)?.len();
    match length > TABLE_BYTES_MAX {
        true => Err(Failure::usage(format!("{} is longer than {TABLE_BYTES_MAX} bytes", path.display()))),
        false => std::fs::read(path).map_err(failed),
    }
}
