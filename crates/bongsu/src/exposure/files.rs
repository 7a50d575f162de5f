//! Files that grow while a node serves: stores of transfers and files of labels, read again when they have changed.

use std::collections::HashSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use trace::label::Labels;
use trace::store::MANIFEST;
use trace::{Account, Payments};
use watch::{Kind, normalise};

use crate::command::trace::{labels, opened};
use crate::config::Exposure;
use crate::exit::Failure;

/// Addresses of a store that are looked at for the form that its chain's addresses have.
const ADDRESSES_JUDGED: u32 = 256;

/// By what a changed file is known: a store's manifest is replaced with every change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: SystemTime,
    bytes: u64,
    inode: u64,
}

impl Stamp {
    fn of(path: &Path) -> Result<Self, Failure> {
        let read = || {
            let about = std::fs::metadata(path)?;
            Ok(Self { modified: about.modified()?, bytes: about.len(), inode: about.ino() })
        };
        read().map_err(|error: std::io::Error| Failure::usage(format!("{}: {error}", path.display())))
    }
}

/// A store, and the form of its addresses.
#[derive(Debug, Clone)]
pub(super) struct Opened {
    pub(super) store: Arc<Payments>,
    /// The chain whose form the addresses have, as wallets are told apart; `None` as long as no address is known.
    pub(super) form: Option<&'static str>,
}

/// All files as they are.
#[derive(Debug)]
pub(super) struct Files {
    stores: Vec<(PathBuf, Stamp, Opened)>,
    named: Vec<String>,
    label_stamps: Vec<Stamp>,
    labels: Arc<Labels>,
    /// What was last said to be wrong, so that it is said once.
    told: HashSet<String>,
}

/// What one looks at: nothing of it changes any more.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    pub(super) stores: Vec<Opened>,
    pub(super) labels: Arc<Labels>,
}

impl Files {
    /// Opens all.
    ///
    /// # Errors
    /// For the first that can't be, with what to do; for two stores of one chain.
    pub(super) fn open(config: &Exposure) -> Result<Self, Failure> {
        let mut stores: Vec<(PathBuf, Stamp, Opened)> = Vec::new();
        for path in &config.stores {
            let named = |failure: Failure| Failure {
                message: format!("exposure.stores: {}", failure.message),
                ..failure
            };
            let (stamp, store) = store(path).map_err(named)?;
            if let Some((other, ..)) =
                stores.iter().find(|(.., other)| other.store.chain() == store.store.chain())
            {
                let (chain, other, path) = (store.store.chain(), other.display(), path.display());
                return Err(Failure::usage(format!(
                    "exposure.stores: {other} and {path} are both of the chain {chain}"
                ))
                .hint("load both into one store: an address is known by all of its transfers or wrongly"));
            }
            stores.push((path.clone(), stamp, store));
        }
        let named = |failure: Failure| Failure {
            message: format!("exposure.labels: {}", failure.message),
            ..failure
        };
        let label_stamps = stamps(&config.labels).map_err(named)?;
        let labels = labels::read(&config.labels, &mut |note| tracing::warn!("exposure.labels: {note}"))
            .map_err(named)?;
        let (named, labels) = (config.labels.clone(), Arc::new(labels));
        Ok(Self { stores, named, label_stamps, labels, told: HashSet::new() })
    }

    /// All as they are now. What can't be read any more stays as it was, which is said in the log, and in the answers by how far a chain is
    /// known.
    pub(super) fn now(&mut self) -> Snapshot {
        for at in 0..self.stores.len() {
            let (path, stamp, _) = &self.stores[at];
            let path = path.clone();
            if Stamp::of(&path.join(MANIFEST)).is_ok_and(|now| now == *stamp) {
                continue;
            }
            match store(&path) {
                Ok((stamp, opened)) => self.stores[at] = (path, stamp, opened),
                Err(failure) => self.complain(&failure),
            }
        }
        match stamps(&self.named) {
            Ok(now) if now == self.label_stamps => {}
            Ok(now) => match labels::read(&self.named, &mut |_| {}) {
                Ok(labels) => (self.labels, self.label_stamps) = (Arc::new(labels), now),
                Err(failure) => self.complain(&failure),
            },
            Err(failure) => self.complain(&failure),
        }
        let stores = self.stores.iter().map(|(.., opened)| opened.clone()).collect();
        Snapshot { stores, labels: Arc::clone(&self.labels) }
    }

    fn complain(&mut self, failure: &Failure) {
        if self.told.insert(failure.message.clone()) {
            tracing::error!(
                error = failure.message,
                "exposure is told from older files: what changed can't be read"
            );
        }
    }
}

/// Opens a store as it is now.
fn store(path: &Path) -> Result<(Stamp, Opened), Failure> {
    // What changes after the stamp was taken is seen the next time.
    let stamp = Stamp::of(&path.join(MANIFEST));
    let store = opened(path)?;
    let form =
        (0..store.accounts().min(ADDRESSES_JUDGED)).find_map(|number| form(&store.address(Account(number))?));
    if form.is_none() && store.accounts() > 0 {
        return Err(Failure::usage(format!(
            "{}: no address there has the form of a chain's that wallets are known by",
            path.display()
        ))
        .hint("`bongsu trace info` shows what is there"));
    }
    Ok((stamp?, Opened { store: Arc::new(store.into()), form }))
}

/// The chain whose form an address has.
fn form(address: &str) -> Option<&'static str> {
    normalise(Kind::Wallet, address).ok()?.chain()
}

fn stamps(named: &[String]) -> Result<Vec<Stamp>, Failure> {
    named
        .iter()
        .map(|file| Stamp::of(Path::new(file.rsplit_once('=').map_or(file.as_str(), |(path, _)| path))))
        .collect()
}
