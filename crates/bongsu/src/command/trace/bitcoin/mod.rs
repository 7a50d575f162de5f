//! `bongsu trace bitcoin`: stolen coins, followed from output to output through a node's blocks, or what was fetched of them.

mod out;
mod show;

use std::collections::BTreeMap;

use trace::chain::bitcoin::{Ledger, Magic, UNSPENDABLE, read_id, written};
use trace::cluster::{Change, Clusters, Joined, join};
use trace::label::{Category, Labels};
use trace::taint::outputs::{
    Fate, Method, OutputId, OutputTheft, OutputTrace, Spends as _, TaintedOutput, Transaction, follow,
};
use trace::taint::{Limits, Place, TaintError, Way};
use trace::{Account, Payments, U256, whole};

use super::blocks::{self, Blocks};
use super::found::How;
use super::out::{Asked, Form};
use super::{electrum, labels, to_terminal};
use crate::answer::{Answer, Progress};
use crate::cli::{ChangeArg, TraceBitcoinArgs};
use crate::exit::{Exit, Failure};
use crate::terminal::{Terminal, visible};

/// A whole coin is ten to this power of satoshi.
const DECIMALS: u8 = 8;

/// What was followed, and what was found.
struct Found {
    blocks: Blocks,
    labels: Labels,
    method: Method,
    thefts: Vec<OutputTheft>,
    trace: OutputTrace,
    services: Vec<Service>,
    holders: Vec<Holder>,
    clusters: Option<(Clusters, Joined)>,
}

/// What came to a service.
struct Service {
    name: String,
    category: Category,
    tainted: u128,
    /// Which outputs, among those of the trace.
    outputs: Vec<usize>,
}

/// Who holds something: an address, or all of one holder's.
struct Holder {
    /// The addresses that hold something, in order.
    addresses: Vec<Account>,
    /// How many addresses the holder is known to have.
    known: usize,
    tainted: u128,
    /// The unspent outputs, among those of the trace.
    outputs: Vec<usize>,
    /// Whose a label says that one of its addresses is.
    label: Option<(String, Category)>,
}

pub(super) fn run(args: &TraceBitcoinArgs, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let outs = Asked::of(&args.out)?;
    let labels = labels::read(&args.labels, &mut |note| terminal.note(note))?;
    let magic = Magic::from(args.network);
    let blocks = match args.blocks.as_slice() {
        [folder] if electrum::is_at(folder) => electrum::blocks(folder, Some(magic))?,
        named => blocks::read(named, magic, &mut to_terminal(terminal))?,
    };
    let ledger = blocks.coins.ledger();
    let thefts = thefts(ledger, &args.theft)?;
    let method = args.method.into();
    let place = place(ledger, &labels);
    let _goes_on = terminal.progress(&Progress { what: "following".to_owned(), done: 0, total: 0 });
    let limits = Limits { reached_max: args.reach, ..Limits::default() };
    let trace = follow(ledger, &thefts, method, place, limits, Way::Choose)
        .map_err(|error| Failure::new(error.to_string()))?;
    if let Some(output) = blocks.coins.unasked(&trace) {
        return Err(Failure::new(TaintError::Unasked { output }.to_string()));
    }
    let clusters = args.clusters.then(|| {
        let mut clusters = Clusters::default();
        let changes: Vec<Change> = args.change.iter().map(|change| guess(*change)).collect();
        let joined = join(ledger, ledger.account(UNSPENDABLE), &changes, &mut clusters);
        (clusters, joined)
    });
    let services = services(&trace, ledger, &labels);
    let holders = holders(&trace, ledger, &labels, clusters.as_ref().map(|(clusters, _)| clusters));
    let found = Found { method, thefts, trace, services, holders, clusters, labels, blocks };
    let exit = if found.blocks.faults.is_empty() { Exit::Done } else { Exit::Findings };
    for fault in &found.blocks.faults {
        terminal.note(&visible(fault.as_bytes()));
    }
    let (json, text) = (out::json(&found), show::text(&found, args.most));
    for (path, form) in &outs.files {
        out::write(&found, path, *form)?;
    }
    as_payments(found, |founds| {
        for (path, form) in &outs.files {
            match form {
                Form::Svg => super::out::drawn(founds, path)?,
                Form::Stix => super::out::to_file(path, super::out::bundle(founds).as_bytes())?,
                Form::Json | Form::Csv | Form::GraphMl => {}
            }
        }
        outs.answer(founds, json, text, &mut |note| terminal.note(note))
    })
    .map(|answer| answer.ending(exit))
}

/// Hands on what was found as payments: pictures and STIX are made from these on every chain.
fn as_payments<T>(
    found: Found,
    done: impl FnOnce(&[super::found::Found<'_>]) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let Found { blocks: Blocks { coins, .. }, labels, method, thefts, trace, .. } = found;
    let number = |theft: &OutputTheft| coins.number(theft.output.transaction, Some(theft.output.index));
    let numbers = thefts.iter().map(number).collect();
    let told = coins.told(&trace);
    let payments = Payments::from(coins);
    let how = How { method, deposits: None, stop_at_deposits: false };
    done(&[super::found::Found::told(&payments, &labels, numbers, how, told)])
}

const fn guess(change: ChangeArg) -> Change {
    match change {
        ChangeArg::Reused => Change::Reused,
        ChangeArg::OneTime => Change::OneTime,
        ChangeArg::NotRound => Change::NotRound,
        ChangeArg::LessThanInputs => Change::LessThanInputs,
    }
}

/// What becomes of taint at an account.
pub(super) fn place(ledger: &Ledger, labels: &Labels) -> impl Fn(Account) -> Place {
    |account: Account| ledger.address(account).map_or(Place::Holder, |address| place_of(address, labels))
}

/// What who owns an output is to a trace, by the name of the owner.
pub(super) fn place_of(owner: &str, labels: &Labels) -> Place {
    match owner {
        UNSPENDABLE => Place::Nobody,
        address if labels.service(address).is_some() => Place::Service,
        _ => Place::Holder,
    }
}

/// The outputs that were stolen.
pub(super) fn thefts(ledger: &Ledger, named: &[String]) -> Result<Vec<OutputTheft>, Failure> {
    let mut thefts = Vec::new();
    for text in named {
        let unread = || {
            Failure::usage(format!("--theft: `{}` names no output", visible(text.as_bytes())))
                .hint("write TXID, TXID:VOUT or TXID:VOUT=SATOSHI: 64 hexadecimal digits, and whole numbers")
        };
        let (output, stolen) = match text.split_once('=') {
            Some((output, stolen)) => (output, Some(stolen.parse::<u64>().map_err(|_| unread())?)),
            None => (text.as_str(), None),
        };
        let (id, index) = match output.split_once(':') {
            Some((id, index)) => (id, Some(index.parse::<u32>().map_err(|_| unread())?)),
            None => (output, None),
        };
        let transaction = ledger.number(&read_id(id).ok_or_else(unread)?).ok_or_else(|| {
            Failure::usage(format!("no transaction {id} is in these blocks"))
                .hint("name more blocks: the theft's, and those that came after it")
        })?;
        let mut made = Transaction::default();
        let _is_there = ledger.read(transaction, &mut made);
        let count = made.outputs.len();
        let all = match index {
            Some(index) if index as usize >= count => {
                return Err(Failure::usage(format!(
                    "transaction {id} has {count} outputs, and no output {index}"
                )));
            }
            Some(index) => index..index + 1,
            None if stolen.is_some() => return Err(unread()),
            None => 0..count as u32,
        };
        let paid =
            all.filter(|index| made.outputs.get(*index as usize).is_some_and(|output| output.amount > 0));
        thefts.extend(paid.map(|index| OutputTheft { output: OutputId { transaction, index }, stolen }));
    }
    match thefts.is_empty() {
        true => Err(Failure::usage("the outputs that were named have nothing")),
        false => Ok(thefts),
    }
}

/// What came to services, that which got most first.
fn services(trace: &OutputTrace, ledger: &Ledger, labels: &Labels) -> Vec<Service> {
    let mut sums: BTreeMap<(String, Category), Service> = BTreeMap::new();
    for (at, output) in trace.outputs().iter().enumerate().filter(|(_, output)| output.fate == Fate::Entered)
    {
        let label = output.owner.and_then(|owner| labels.service(ledger.address(owner)?));
        let Some(label) = label else { continue };
        let name = label.actor.as_deref().unwrap_or(&label.name).to_owned();
        let category = label.category;
        let sum = sums.entry((name.clone(), category)).or_insert_with(|| Service {
            name,
            category,
            tainted: 0,
            outputs: Vec::new(),
        });
        sum.tainted = sum.tainted.saturating_add(output.tainted.into());
        sum.outputs.push(at);
    }
    let mut services: Vec<Service> = sums.into_values().collect();
    services.sort_by(|one, other| (other.tainted, &one.name).cmp(&(one.tainted, &other.name)));
    services
}

/// Who holds what is unspent, the one with most first. Without clusters, each address is a holder of its own.
fn holders(
    trace: &OutputTrace,
    ledger: &Ledger,
    labels: &Labels,
    clusters: Option<&Clusters>,
) -> Vec<Holder> {
    let root = |account: Account| clusters.map_or(account, |clusters| clusters.of(account));
    let held = |output: &TaintedOutput| output.fate == Fate::Held && output.tainted > 0;
    let mut by_root: BTreeMap<Account, Holder> = BTreeMap::new();
    for (at, output) in trace.outputs().iter().enumerate().filter(|(_, output)| held(output)) {
        let Some(owner) = output.owner else { continue };
        let holder = by_root.entry(root(owner)).or_insert_with(|| Holder {
            addresses: Vec::new(),
            known: 1,
            tainted: 0,
            outputs: Vec::new(),
            label: None,
        });
        holder.tainted = holder.tainted.saturating_add(output.tainted.into());
        holder.outputs.push(at);
        if let Err(place) = holder.addresses.binary_search(&owner) {
            holder.addresses.insert(place, owner);
        }
    }
    let label = |account: Account| {
        let label = labels.best(ledger.address(account)?)?;
        Some((label.name.clone(), label.category))
    };
    for holder in by_root.values_mut() {
        holder.label = holder.addresses.iter().find_map(|address| label(*address));
    }
    for cluster in clusters.map(Clusters::all).unwrap_or_default() {
        let holder = cluster.first().and_then(|first| by_root.get_mut(&root(*first)));
        if let Some(holder) = holder {
            holder.known = cluster.len();
            // Another address of the same holder may be labelled.
            holder.label = holder.label.take().or_else(|| cluster.iter().find_map(|address| label(*address)));
        }
    }
    let mut holders: Vec<Holder> = by_root.into_values().collect();
    holders.sort_by(|one, other| (other.tainted, &one.addresses).cmp(&(one.tainted, &other.addresses)));
    holders
}

impl Found {
    /// An address, or what stands for one.
    fn address(&self, account: Option<Account>) -> &str {
        account.and_then(|account| self.blocks.coins.ledger().address(account)).unwrap_or("unknown")
    }

    /// An output as people name it: its transaction and its place.
    fn outpoint(&self, output: OutputId) -> String {
        let id = self.blocks.coins.ledger().id(output.transaction).unwrap_or_default();
        format!("{}:{}", written(&id), output.index)
    }
}

/// An amount for people.
fn coins(satoshi: u128) -> String {
    format!("{} BTC", whole(U256::from(satoshi), DECIMALS))
}
