//! How much of the truth each method finds.
//!
//! A **place** is an address that holds something at the end, or an exchange or mixer that something entered, in one coin on one chain. With what
//! is *true* there and what is *found* there, in worth:
//!
//! - **right** = Σ min(true, found) ÷ Σ true: the part of what is there to be found that is found where it is.
//! - **wrong** = Σ max(0, found − true) ÷ Σ found: the part of what is said that is said of the wrong place.
//!
//! And of crossings, in worth of what was paid out: the part of stolen payouts that was followed as stolen, and the part of what was followed
//! that was not stolen.
//!
//! Σ true is what was stolen less the fees of bridges and pools. What is said to be in a bridge or a pool is wrong, since nothing is there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use bongsu_trace::cross::{Across, Bounds, Chain, doors, follow_across, worths};
use bongsu_trace::label::{Category, Label, Labels};
use bongsu_trace::store::{Incoming, Writer};
use bongsu_trace::taint::{Limits, Method, Place, Theft, Way};
use bongsu_trace::{Account, Asset, Flows as _, Store, U256};

use super::sim::{CHAINS, Coin, SERVICES, Sim};

/// All methods, each with its name.
pub(crate) const METHODS: [(Method, &str); 4] = [
    (Method::Poison, "poison"),
    (Method::Haircut, "haircut"),
    (Method::Fifo, "fifo"),
    (Method::Lifo, "lifo"),
];

/// Through what is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Through {
    /// Taint ends at each service.
    Nothing,
    /// The crossings that their bridge publishes.
    Known,
    /// All that are sure enough.
    All,
}

impl Through {
    pub(crate) const ALL: [(Self, &str); 3] =
        [(Self::Nothing, "nothing"), (Self::Known, "known pairings"), (Self::All, "all crossings")];
}

/// What a method found. Parts are in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Score {
    pub(crate) right: u64,
    pub(crate) wrong: u64,
    /// Of what crossed, what was followed.
    pub(crate) crossed: u64,
    /// Of what was followed through crossings, what was not stolen.
    pub(crate) crossed_wrong: u64,
}

type Places = BTreeMap<(usize, String, Coin), u128>;

/// The two chains in stores, and what is true of them.
pub(crate) struct Case {
    pub(crate) sim: Sim,
    stores: [Store; 2],
    labels: Labels,
    thefts: Vec<Theft>,
}

/// Somebody's address: the same on both chains.
fn address(who: &str) -> String {
    let number = who.bytes().fold(0xcbf2_9ce4_8422_2325_u128, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0100_0000_01b3_0000_0000_0000_013b)
    });
    format!("0x{number:040x}")
}

impl Case {
    /// Writes the chains to stores in a folder.
    pub(crate) fn new(sim: Sim, folder: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        let stores = [stored(&sim, 0, folder)?, stored(&sim, 1, folder)?];
        let mut labels = Labels::default();
        let names = sim.rows.iter().flatten().flat_map(|row| [row.from.as_str(), row.to.as_str()]);
        let services: BTreeSet<&str> = names.filter(|who| is_service(who)).collect();
        labels.add(services.iter().map(|who| (address(who), label(who))));
        let thefts = sim.thefts.iter().map(|row| Theft { number: *row as u64, stolen: None }).collect();
        Ok(Self { sim, stores, labels, thefts })
    }

    /// Follows by a method.
    pub(crate) fn follow(
        &self,
        method: Method,
        through: Through,
    ) -> Result<Across, Box<dyn std::error::Error>> {
        let bounds = match through {
            Through::All => Bounds::default(),
            // Only what a table says is as sure as that.
            Through::Nothing | Through::Known => Bounds { confidence_min: 100, ..Bounds::default() },
        };
        let pairings = if through == Through::Nothing { &[] } else { self.sim.published.as_slice() };
        let mut ready = Vec::new();
        for store in &self.stores {
            let coins = [Coin::Ether, Coin::Dollar].map(|coin| (coin.name(), coin.name()));
            ready.push((doors(store, &self.labels), worths(store, coins)?));
        }
        let places = self.stores.each_ref().map(|store| {
            let place = move |account: Account| match store.address(account) {
                Some(address) if self.labels.service(&address).is_some() => Place::Service,
                _ => Place::Holder,
            };
            Box::new(place) as Box<dyn Fn(Account) -> Place + '_>
        });
        let chains: Vec<Chain<'_, Store>> = (0..2)
            .map(|at| Chain {
                name: CHAINS[at],
                flows: &self.stores[at],
                thefts: if at == 0 { &self.thefts } else { &[] },
                place: &places[at],
                doors: &ready[at].0,
                worths: &ready[at].1,
            })
            .collect();
        Ok(follow_across(&chains, pairings, method, Limits::default(), Way::Choose, &bounds)?)
    }

    /// What is true: where everything stolen is.
    pub(crate) fn truth(&self) -> Places {
        let held = self.sim.purses.iter().filter(|(_, purse)| purse.stolen > 0);
        let held = held.map(|((chain, who, coin), purse)| ((*chain, address(who), *coin), purse.stolen));
        let entered = self.sim.entered.iter().filter(|(_, stolen)| **stolen > 0);
        held.chain(entered.map(|((chain, who, coin), stolen)| ((*chain, address(who), *coin), *stolen)))
            .collect()
    }

    /// What is said: where everything stolen is.
    pub(crate) fn found(&self, across: &Across) -> Places {
        let mut found = Places::new();
        for (at, trace) in across.traces.iter().enumerate() {
            let mut take = |account: Account, asset: Asset, tainted: U256| {
                let address = self.stores[at].address(account).unwrap_or_default();
                let place = (at, address, self.coin(at, asset));
                *found.entry(place).or_default() += tainted.to::<u128>();
            };
            for holder in trace.holders() {
                take(holder.account, holder.asset, holder.tainted);
            }
            for entry in trace.entries().iter().filter(|entry| !across.is_continued(at, entry.number)) {
                take(entry.to, entry.asset, entry.tainted);
            }
        }
        found
    }

    fn coin(&self, chain: usize, asset: Asset) -> Coin {
        let name = self.stores[chain].asset_name(asset);
        if name.as_deref() == Some(Coin::Ether.name()) { Coin::Ether } else { Coin::Dollar }
    }

    /// How much of the truth was found.
    pub(crate) fn score(&self, across: &Across) -> Score {
        let (truth, found) = (self.truth(), self.found(across));
        let worth = |places: &Places, place: &(usize, String, Coin)| {
            place.2.worth(place.0, places.get(place).copied().unwrap_or_default())
        };
        let places: BTreeSet<_> = truth.keys().chain(found.keys()).collect();
        let (mut all, mut said, mut right) = (0, 0, 0);
        for place in places {
            let (is, told) = (worth(&truth, place), worth(&found, place));
            all += is;
            said += told;
            right += is.min(told);
        }
        let (mut carried, mut crossed) = (0, 0);
        for one in &across.crossings {
            let chain = one.left.chain;
            let transaction = self.stores[chain].transaction(one.left.number).unwrap_or_default();
            let told = self.coin(chain, one.left.asset).worth(chain, one.carried.to::<u128>());
            let is = self.sim.crossed.get(&(chain, transaction));
            carried += told;
            crossed += told.min(is.map_or(0, |(coin, stolen)| coin.worth(chain, *stolen)));
        }
        let stolen =
            self.sim.crossed.iter().map(|((chain, _), (coin, stolen))| coin.worth(*chain, *stolen)).sum();
        Score {
            right: part(right, all),
            wrong: part(said - right, said),
            crossed: part(crossed, stolen),
            crossed_wrong: part(carried - crossed, carried),
        }
    }
}

/// In millionths.
fn part(part: u128, whole: u128) -> u64 {
    if whole == 0 {
        return 0;
    }
    let part = U256::from(part) * U256::from(1_000_000) / U256::from(whole);
    part.to::<u64>()
}

fn is_service(who: &str) -> bool {
    SERVICES.iter().any(|service| who.starts_with(service))
}

/// What is known of a service.
fn label(who: &str) -> Label {
    let category = match who.split('-').next() {
        Some("hot") => Category::Exchange,
        Some("mixer") => Category::Mixer,
        Some("pool") => Category::Pool,
        _ => Category::Bridge,
    };
    // The two ends of a bridge are known as one.
    let actor = (category == Category::Bridge).then(|| Arc::from(who.split('-').next().unwrap_or_default()));
    Label { name: who.to_owned(), category, actor, source: "simulator".into(), date: None, confidence: 90 }
}

/// A chain in a store.
fn stored(sim: &Sim, at: usize, folder: &Path) -> Result<Store, Box<dyn std::error::Error>> {
    let folder = folder.join(CHAINS[at]);
    let mut writer = Writer::create(&folder, CHAINS[at])?;
    let mut append = writer.append();
    for coin in [Coin::Ether, Coin::Dollar] {
        append.set_decimals(coin.name(), coin.decimals(at))?;
    }
    for row in &sim.rows[at] {
        append.push(&Incoming {
            block: u64::try_from(row.time)?,
            index: row.index,
            transaction: &row.transaction,
            time: row.time,
            from: &address(&row.from),
            to: &address(&row.to),
            asset: row.coin.name(),
            amount: U256::from(row.amount),
        })?;
    }
    append.finish()?;
    let store = Store::open(&folder)?;
    assert_eq!(store.len(), sim.rows[at].len() as u64, "each is another transfer");
    Ok(store)
}
