//! What happens: ordinary life on both chains, and one theft that is laundered.

use super::sim::{CHAINS, Coin, Pay, Purse, Sim};

/// How many people live on each chain.
const PEOPLE: u64 = 120;
/// How many days it goes on.
const DAYS: i64 = 21;
const DAY: i64 = 86_400;
/// When it is stolen.
const THEFT: i64 = 5 * DAY + 4_000;
const EXCHANGES: [&str; 3] = ["kraal", "bourse", "change"];
const SHOPS: u64 = 8;

/// A person on a chain; whoever is on both has the same name, and so the same address.
fn person(number: u64) -> String {
    format!("person-{number}")
}

/// All of it, from one seed: about 7,000 transfers on each chain.
pub(crate) fn run(seed: u64) -> Sim {
    let mut sim = Sim::new(seed);
    for chain in 0..2 {
        for number in 0..PEOPLE {
            let ether = Coin::Ether.milli(chain, 1_000 * u128::from(sim.dice.within(5, 60)));
            let dollars = Coin::Dollar.milli(chain, 1_000 * u128::from(sim.dice.within(1_000, 30_000)));
            sim.give(chain, &person(number), Coin::Ether, ether);
            sim.give(chain, &person(number), Coin::Dollar, dollars);
        }
        for _ in 0..DAYS {
            for _ in 0..PEOPLE * 2 {
                let time = i64::try_from(sim.dice.below(u64::try_from(DAYS * DAY).unwrap_or(1))).unwrap_or(0);
                sim.at(time, move |sim| live(sim, chain));
            }
        }
    }
    sim.give(0, "treasury", Coin::Ether, Coin::Ether.milli(0, 5_000_000));
    sim.at(THEFT, theft);
    sim.run();
    sim
}

/// One thing that one person does.
fn live(sim: &mut Sim, chain: usize) {
    let who = person(sim.dice.below(PEOPLE));
    let coin = if sim.dice.below(3) == 0 { Coin::Dollar } else { Coin::Ether };
    let has = sim.purse(chain, &who, coin).all;
    let exchange = EXCHANGES[usize::try_from(sim.dice.below(3)).unwrap_or(0)];
    match sim.dice.below(100) {
        0..25 => {
            let wage = coin.milli(chain, u128::from(sim.dice.within(500, 3_000)));
            let wage = if coin == Coin::Dollar { wage * 2_000 } else { wage };
            let purse = Purse { all: wage, stolen: 0 };
            let from = format!("employer-{}", sim.dice.below(5));
            sim.pay(&Pay { chain, from, coin, purse }, &who);
        }
        25..60 => {
            let amount = sim.dice.part(has, 10, 100);
            let shop = format!("shop-{}", sim.dice.below(SHOPS));
            let pay = sim.ordinary(chain, &who, coin, amount);
            sim.pay(&pay, &shop);
        }
        60..65 => {
            let shop = format!("shop-{}", sim.dice.below(SHOPS));
            let pay = sim.all_of(chain, &shop, coin);
            sim.deposit(&pay, exchange);
        }
        65..72 => {
            let amount = sim.dice.part(has, 50, 500);
            let pay = sim.ordinary(chain, &who, coin, amount);
            sim.deposit(&pay, exchange);
        }
        72..80 => {
            let all = sim.dice.part(coin.milli(chain, 4_000), 100, 1_000);
            let all = if coin == Coin::Dollar { all * 2_000 } else { all };
            let from = format!("hot-{exchange}-{}", CHAINS[chain]);
            sim.pay(&Pay { chain, from, coin, purse: Purse { all, stolen: 0 } }, &who);
        }
        80..89 => {
            let amount = sim.dice.part(has, 50, 300);
            let pay = sim.ordinary(chain, &who, coin, amount);
            if pay.purse.all > 0 {
                sim.swap(&pay);
            }
        }
        89..97 => {
            // People like round amounts, which makes them look like each other.
            let round =
                coin.milli(chain, 1_000 * [1, 2, 5, 10, 10][usize::try_from(sim.dice.below(5)).unwrap_or(0)]);
            let amount = if coin == Coin::Ether { round } else { round * 500 };
            let pay = sim.ordinary(chain, &who, coin, amount);
            let bridge = if sim.dice.below(2) == 0 { "ferry" } else { "canal" };
            // One of four sends to somebody else.
            let to = if sim.dice.below(4) == 0 { person(sim.dice.below(PEOPLE)) } else { who };
            if pay.purse.all > 0 {
                sim.bridge(&pay, bridge, to);
            }
        }
        _ => {
            let one = Coin::Ether.milli(chain, 1_000);
            if sim.purse(chain, &who, Coin::Ether).all > one {
                let pay = sim.ordinary(chain, &who, Coin::Ether, one);
                sim.pay(&pay, &format!("mixer-{}", CHAINS[chain]));
            }
        }
    }
}

/// So much of somebody's ether, of which so much is stolen.
fn of(chain: usize, from: &str, coin: Coin, all: u128, stolen: u128) -> Pay {
    Pay { chain, from: from.to_owned(), coin, purse: Purse { all, stolen } }
}

/// The theft, and what becomes of it: eight parts, each laundered in its own way.
fn theft(sim: &mut Sim) {
    for (minutes, thousands) in [(0, 600), (3, 400)] {
        sim.at(sim.now + minutes * 60, move |sim| {
            sim.steal("treasury", "thief", Coin::Ether.milli(0, thousands * 1_000));
        });
    }
    sim.after((60, 300), |sim| {
        let ways: [fn(&mut Sim, String); 8] =
            [peel, swap, mix_in_mixer, ferry_over, canal_over, own_funds, sell, rest];
        let has = sim.purse(0, "thief", Coin::Ether).all;
        let parts = sim.dice.parts(has, ways.len());
        for (number, (way, part)) in ways.into_iter().zip(parts).enumerate() {
            let to = format!("split-{number}");
            sim.after((1, 300), move |sim| {
                sim.pay(&of(0, "thief", Coin::Ether, part, part), &to);
                sim.after((60, 2 * 1_440), move |sim| way(sim, to));
            });
        }
    });
}

/// A peel chain: each passes on most, and a little goes to an account at an exchange.
fn peel(sim: &mut Sim, from: String) {
    peel_link(sim, from, 0);
}

fn peel_link(sim: &mut Sim, from: String, link: u32) {
    let has = sim.purse(0, &from, Coin::Ether).all;
    let off = sim.dice.part(has, 40, 120);
    let exchange = if sim.dice.below(2) == 0 { "kraal" } else { "bourse" };
    sim.deposit(&of(0, &from, Coin::Ether, off, off), exchange);
    let next = format!("peel-{link}");
    sim.pay(&of(0, &from, Coin::Ether, has - off, has - off), &next);
    if link < 12 {
        sim.after((20, 200), move |sim| peel_link(sim, next, link + 1));
    }
}

/// Into dollars, of which a part goes to an exchange.
fn swap(sim: &mut Sim, from: String) {
    let has = sim.purse(0, &from, Coin::Ether).all;
    for part in sim.dice.parts(has, 3) {
        let from = from.clone();
        sim.after((1, 600), move |sim| sim.swap(&of(0, &from, Coin::Ether, part, part)));
    }
    sim.after((700, 900), move |sim| {
        let pay = sim.all_of(0, &from, Coin::Dollar);
        let off = sim.dice.part(pay.purse.all, 300, 700);
        sim.deposit(&of(0, &from, Coin::Dollar, off, off), "change");
        sim.pay(&sim.all_of(0, &from, Coin::Dollar), "dollars");
    });
}

/// Into the mixer, ten at a time; what comes out goes to an exchange.
fn mix_in_mixer(sim: &mut Sim, from: String) {
    let ten = Coin::Ether.milli(0, 10_000);
    let times = sim.purse(0, &from, Coin::Ether).all / ten;
    for number in 0..times {
        let from = from.clone();
        sim.after((1, 1_440), move |sim| {
            sim.pay(&of(0, &from, Coin::Ether, ten, ten), &format!("mixer-{}", CHAINS[0]));
            sim.after((600, 4_000), move |sim| {
                let to = format!("unmixed-{number}");
                sim.pay(&of(0, &format!("mixer-{}", CHAINS[0]), Coin::Ether, ten, 0), &to);
                sim.deposit(&of(0, &to, Coin::Ether, ten, 0), "kraal");
            });
        });
    }
}

/// Over a bridge that publishes nothing, ten at a time as others do, mostly to new addresses; there, with funds of his own, into dollars.
fn ferry_over(sim: &mut Sim, from: String) {
    let (has, ten) = (sim.purse(0, &from, Coin::Ether).all, Coin::Ether.milli(0, 10_000));
    let whole = has / ten;
    for number in 0..=whole {
        let from = from.clone();
        let part = if number < whole { ten } else { has % ten };
        sim.after((1, 2_000), move |sim| {
            let to = if number % 4 == 0 { from.clone() } else { format!("landed-{number}") };
            sim.bridge(&of(0, &from, Coin::Ether, part, part), "ferry", to.clone());
            sim.after((100, 400), move |sim| {
                sim.pay(&sim.all_of(1, &to, Coin::Ether), "gathered");
            });
        });
    }
    sim.give(1, "gathered", Coin::Ether, Coin::Ether.milli(1, 30_000));
    sim.after((2_600, 3_000), |sim| {
        let all = sim.all_of(1, "gathered", Coin::Ether);
        sim.swap(&all);
        let dollars = sim.purse(1, "gathered", Coin::Dollar);
        let off = dollars.all / 3;
        // The deposit is of stolen money alone, and what is kept has his own in it.
        sim.deposit(&of(1, "gathered", Coin::Dollar, off, off.min(dollars.stolen)), "change");
    });
}

/// Over a bridge that publishes its crossings, and of a part back by the other.
fn canal_over(sim: &mut Sim, from: String) {
    let has = sim.purse(0, &from, Coin::Ether).all;
    for (number, part) in sim.dice.parts(has, 3).into_iter().enumerate() {
        let from = from.clone();
        sim.after((1, 600), move |sim| {
            let to = format!("moored-{number}");
            sim.bridge(&of(0, &from, Coin::Ether, part, part), "canal", to.clone());
            if number == 0 {
                sim.after((70, 700), move |sim| {
                    let back = sim.all_of(1, &to, Coin::Ether);
                    sim.bridge(&back, "ferry", to);
                });
            } else if number == 1 {
                sim.after((70, 700), move |sim| sim.deposit(&sim.all_of(1, &to, Coin::Ether), "bourse"));
            }
        });
    }
}

/// Mixed with his own clean funds, of which there are about as many, some before and some after; then paid on in parts, each of one kind.
fn own_funds(sim: &mut Sim, from: String) {
    let stolen = sim.purse(0, &from, Coin::Ether).all;
    let hub = "hub";
    let own = sim.dice.part(stolen, 500, 1_500);
    let first = sim.dice.part(own, 200, 800);
    sim.give(0, hub, Coin::Ether, first);
    sim.pay(&of(0, &from, Coin::Ether, stolen, stolen), hub);
    sim.give(0, hub, Coin::Ether, own - first);
    let mut parts: Vec<(u128, bool)> =
        sim.dice.parts(stolen, 4).into_iter().map(|part| (part, true)).collect();
    parts.extend(sim.dice.parts(own, 3).into_iter().map(|part| (part, false)));
    for at in (1..parts.len()).rev() {
        let other = usize::try_from(sim.dice.below(at as u64 + 1)).unwrap_or(0);
        parts.swap(at, other);
    }
    for (number, (part, is_stolen)) in parts.into_iter().enumerate() {
        let minutes = 100 * (number as u64 + 1);
        sim.after((minutes, minutes + 50), move |sim| {
            let pay = of(0, hub, Coin::Ether, part, if is_stolen { part } else { 0 });
            match number % 3 {
                0 => sim.deposit(&pay, "bourse"),
                _ => sim.pay(&pay, &format!("mixed-{number}")),
            }
        });
    }
}

/// Sold to people for cash.
fn sell(sim: &mut Sim, from: String) {
    let has = sim.purse(0, &from, Coin::Ether).all;
    for part in sim.dice.parts(has, 6) {
        let from = from.clone();
        sim.after((1, 2_880), move |sim| {
            let buyer = person(sim.dice.below(PEOPLE));
            sim.pay(&of(0, &from, Coin::Ether, part, part), &buyer);
        });
    }
}

/// Not touched.
fn rest(_: &mut Sim, _: String) {}
