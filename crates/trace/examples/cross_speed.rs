//! How fast crossings of a busy bridge are paired: `cross_speed [payouts] [entries]`, by default 2,000,000 and 1,000.
//!
//! For a year, strangers pay into a bridge on one chain and are paid on the other, half of them in round amounts. A thief pays in so many times
//! too, half in round amounts. Printed: how long it takes to follow all of it, in which rounds, and what was found.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::path::Path;
use std::time::Instant;

use bongsu_trace::cross::{Bounds, Chain, Door, Gate, follow_across, worths};
use bongsu_trace::store::{Incoming, Writer};
use bongsu_trace::taint::{Limits, Method, Place, Theft, Way};
use bongsu_trace::{Account, Flows as _, Store, U256};

const YEAR: u64 = 365 * 86_400;
const BRIDGE: &str = "0x00000000000000000000000000000000000b41d9";
const THIEF: &str = "0x0000000000000000000000000000000000074169";
const VICTIM: &str = "0x0000000000000000000000000000000000000bad";

/// Numbers that look random (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % count
    }

    fn amount(&mut self) -> u64 {
        let round = [1, 2, 5, 10, 20, 50, 100][usize::try_from(self.below(7)).unwrap_or(0)];
        let any = self.below(10_000_000_000) + 1;
        if self.below(2) == 0 { round * 100_000_000 } else { any }
    }
}

/// When, from whom, to whom, how much.
type Row = (u64, String, String, u64);

fn stored(folder: &Path, name: &str, mut rows: Vec<Row>) -> Result<Store, Box<dyn Error>> {
    rows.sort_unstable();
    let mut writer = Writer::create(folder, name)?;
    let mut append = writer.append();
    append.set_decimals("ETH", 8)?;
    for (number, (time, from, to, amount)) in (0_u32..).zip(&rows) {
        append.push(&Incoming {
            block: *time,
            index: number,
            transaction: &format!("0x{number:064x}"),
            time: i64::try_from(*time)?,
            from,
            to,
            asset: "ETH",
            amount: U256::from(*amount),
        })?;
    }
    append.finish()?;
    Ok(Store::open(folder)?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let payouts: u64 = args.next().map_or(Ok(2_000_000), |count| count.parse())?;
    let entries: u64 = args.next().map_or(Ok(1_000), |count| count.parse())?;
    let mut dice = Dice(1);
    let (mut one, mut other) = (Vec::new(), Vec::new());
    one.push((0, VICTIM.to_owned(), THIEF.to_owned(), u64::MAX / 2));
    for number in 0..payouts + entries {
        let (time, amount) = (1 + dice.below(YEAR), dice.amount());
        let who = format!("0x{:040x}", (1 << 40) + dice.below(payouts / 4 + 1));
        let from = if number < payouts { who.clone() } else { THIEF.to_owned() };
        one.push((time, from, BRIDGE.to_owned(), amount));
        let paid = amount - amount / 1_000_000 * (500 + dice.below(4_500));
        other.push((time + 60 + dice.below(3_600), BRIDGE.to_owned(), who, paid));
    }
    let folder = tempfile::tempdir()?;
    let stores = [
        stored(&folder.path().join("one"), "one", one)?,
        stored(&folder.path().join("other"), "other", other)?,
    ];
    let (mut doors, mut worth) = (Vec::new(), Vec::new());
    for store in &stores {
        let bridge = store.account(BRIDGE).ok_or("there is no bridge")?;
        doors.push(BTreeMap::from([(bridge, Door { gate: Gate::Bridge, actor: Some("bridge".into()) })]));
        worth.push(worths(store, [("ETH", "ETH")])?);
    }
    let place = |_: Account| Place::Holder;
    let thefts = [Theft { number: 0, stolen: None }];
    let chain = |at: usize| -> Chain<'_, Store> {
        let (doors, worths): (_, &HashMap<_, _>) = (&doors[at], &worth[at]);
        let thefts: &[Theft] = if at == 0 { &thefts } else { &[] };
        Chain { name: ["one", "other"][at], flows: &stores[at], thefts, place: &place, doors, worths }
    };
    let chains = [chain(0), chain(1)];
    println!("{} and {} transfers", stores[0].len(), stores[1].len());
    for (name, bounds) in [
        ("nothing", Bounds { confidence_min: 100, window: 0, ..Bounds::default() }),
        ("an hour", Bounds { window: 3_600, ..Bounds::default() }),
        ("six hours", Bounds::default()),
        ("a week", Bounds { window: 7 * 86_400, ..Bounds::default() }),
    ] {
        let begun = Instant::now();
        let across = follow_across(&chains, &[], Method::Fifo, Limits::default(), Way::Choose, &bounds)?;
        println!(
            "window {name}: {:.3} s, {} rounds, {} followed, {} listed, {:?}",
            begun.elapsed().as_secs_f64(),
            across.rounds,
            across.crossings.len(),
            across.unsure.len(),
            across.short
        );
    }
    Ok(())
}
