//! `bongsu trace`: transfers loaded into a store, and followed from a theft on. Needs no node.

pub(crate) mod across;
mod bitcoin;
mod blocks;
pub(crate) mod crossings;
mod deposits;
mod electrum;
mod exposure;
mod follow;
pub(crate) mod found;
mod info;
pub(crate) mod kept;
pub(crate) mod labels;
mod live;
mod load;
pub(crate) mod out;
pub(crate) mod transfers;
mod until;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::answer::{Answer, Progress};
use crate::cli::TraceCommand;
use crate::exit::Failure;
use crate::terminal::{Terminal, visible};
use stix::Timestamp;
use trace::store::StoreError;
use trace::units::told;
use trace::{Account, Asset, Payments, Store, U256};

/// What stands for an address that is not known: of who spent what is not in the blocks that were read.
pub(crate) const UNKNOWN: &str = "unknown";

/// Runs one of the commands.
///
/// # Errors
/// When the store or a file can't be read, or what was typed makes no sense.
pub(crate) fn run(command: &TraceCommand, terminal: &mut Terminal) -> Result<Answer, Failure> {
    match command {
        TraceCommand::Load(args) => load::run(args, terminal),
        TraceCommand::Bitcoin(args) => bitcoin::run(args, terminal),
        TraceCommand::Live(args) => live::run(args, terminal),
        TraceCommand::Electrum(args) => electrum::run(args, terminal),
        TraceCommand::Info(args) => info::run(args),
        TraceCommand::Follow(args) => follow::run(args, terminal),
        TraceCommand::Exposure(args) => exposure::run(args, terminal),
        TraceCommand::Transfers(args) => transfers::run(args),
    }
}

/// What a long piece of work says meanwhile.
pub(crate) enum Said<'s> {
    /// How far it is.
    Progress(&'s Progress),
    /// Something that people should know.
    Note(&'s str),
    /// Something that could not be read, so that what is found may not be all.
    Unread(&'s str),
}

/// Says it to who sits at a terminal.
fn to_terminal(terminal: &mut Terminal) -> impl FnMut(Said<'_>) + '_ {
    |said| match said {
        Said::Progress(progress) => {
            let _goes_on = terminal.progress(progress);
        }
        Said::Note(note) | Said::Unread(note) => terminal.note(&visible(note.as_bytes())),
    }
}

/// Says in the log what people should know.
pub(crate) fn to_log(said: Said<'_>) {
    if let Said::Note(note) | Said::Unread(note) = said {
        tracing::warn!("{note}");
    }
}

pub(crate) fn opened(folder: &Path) -> Result<Store, Failure> {
    Store::open(folder).map_err(|error| refused(&error))
}

/// What a store says, and what to do about it.
fn refused(error: &StoreError) -> Failure {
    let failure = Failure::new(error.to_string());
    match error {
        StoreError::Absent { .. } => failure.hint("`bongsu trace load STORE FILE --mapping NAME` makes one"),
        StoreError::Damaged { .. } => failure.hint("load it anew from the files that it was made of"),
        _ => failure,
    }
}

/// The number of an address.
pub(crate) fn account(payments: &Payments, address: &str) -> Result<Account, Failure> {
    payments.account(address).ok_or_else(|| {
        Failure::usage(format!("no transfer has the address {}", visible(address.as_bytes()))).hint(format!(
            "is it written in full, and on this chain ({})?",
            visible(payments.chain().as_bytes())
        ))
    })
}

/// An address for people.
pub(crate) fn address(payments: &Payments, account: Account) -> String {
    visible(payments.address(account).unwrap_or_else(|| UNKNOWN.to_owned()).as_bytes())
}

/// An amount for people: in whole coins if it is known how many digits are below one.
pub(crate) fn amount(payments: &Payments, asset: Asset, amount: U256) -> String {
    let name = payments.asset_name(asset).unwrap_or_default();
    visible(told(amount, &name, payments.decimals(asset)).as_bytes())
}

pub(crate) fn time(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds.saturating_mul(1_000_000))
}

/// `2025-02-21 14:13:35`, in UTC.
pub(crate) fn when(seconds: i64) -> String {
    let text = time(seconds).to_string();
    text.get(..19).unwrap_or_default().replace('T', " ")
}

/// A file, or standard input for `-`.
fn file(path: &Path) -> Result<Box<dyn Read + Send>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(std::io::stdin()));
    }
    Ok(Box::new(file_at(path)?))
}

/// A file on the disk.
fn file_at(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
}
