//! Two chains on which people live and work, and whose money each unit is.
//!
//! Things happen at times, in order, and all randomness comes from one seed. Of each holder it is known how much he has and how much of it is stolen:
//! that is the **truth**, and no method of tracing looks at it. It is settled thus:
//!
//! - Whoever launders says of each payment how much of it is stolen money: his own book is the truth.
//! - Anybody else pays without knowing; how much of it is stolen is drawn, evenly, between the least and the most that it can be.
//! - What is swapped or bridged is as stolen as what was paid in, to the nearest unit. Fees are lost.
//! - What enters an exchange or a mixer is there, and what comes out is not the thief's, though some of it goes to him (rule V-9).

use std::collections::BTreeMap;

use bongsu_trace::cross::Pairing;

/// Whose accounts end taint, by the beginning of their names: `hot`, `mixer`, `ferry`, `canal`, `pool`.
pub(crate) const SERVICES: [&str; 5] = ["hot", "mixer", "ferry", "canal", "pool"];
/// The chains' names.
pub(crate) const CHAINS: [&str; 2] = ["alpha", "beta"];
/// How many dollars a coin of ether is worth.
pub(crate) const PRICE: u128 = 2_500;

/// What is paid with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Coin {
    Ether,
    Dollar,
}

impl Coin {
    /// Its decimals on a chain: not the same on both.
    pub(crate) const fn decimals(self, chain: usize) -> u8 {
        match (self, chain) {
            (Self::Ether, 0) => 18,
            (Self::Ether, _) => 8,
            (Self::Dollar, _) => 6,
        }
    }

    /// What its asset is called on both chains.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ether => "ETH",
            Self::Dollar => "USD",
        }
    }

    /// So many thousandths of a coin.
    pub(crate) fn milli(self, chain: usize, milli: u128) -> u128 {
        milli * 10_u128.pow(u32::from(self.decimals(chain))) / 1_000
    }

    /// What an amount is worth, in 10^-18 ether.
    pub(crate) fn worth(self, chain: usize, amount: u128) -> u128 {
        let fine = amount * 10_u128.pow(u32::from(18 - self.decimals(chain)));
        match self {
            Self::Ether => fine,
            Self::Dollar => fine / PRICE,
        }
    }
}

/// Numbers that look random (`SplitMix64`).
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From the first to the last, both among them.
    pub(crate) fn within(&mut self, first: u64, last: u64) -> u64 {
        first + self.next() % (last - first + 1)
    }

    pub(crate) fn below(&mut self, count: u64) -> u64 {
        self.next() % count
    }

    /// An amount between two, in steps of a millionth of what is between.
    pub(crate) fn between(&mut self, least: u128, most: u128) -> u128 {
        least + (most - least) * u128::from(self.within(0, 1_000_000)) / 1_000_000
    }

    /// So many thousandths of an amount, from the first to the last.
    pub(crate) fn part(&mut self, of: u128, first: u64, last: u64) -> u128 {
        of * u128::from(self.within(first * 1_000, last * 1_000)) / 1_000_000
    }

    /// An amount in parts, none of them nothing.
    pub(crate) fn parts(&mut self, amount: u128, count: usize) -> Vec<u128> {
        let weights: Vec<u128> = (0..count).map(|_| u128::from(self.within(500, 2_000))).collect();
        let sum: u128 = weights.iter().sum();
        let mut parts: Vec<u128> = weights.iter().map(|weight| amount / sum * weight).collect();
        parts[0] += amount - parts.iter().sum::<u128>();
        parts
    }
}

/// What a holder has of a coin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Purse {
    pub(crate) all: u128,
    pub(crate) stolen: u128,
}

/// A transfer.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) time: i64,
    pub(crate) index: u32,
    pub(crate) transaction: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) coin: Coin,
    pub(crate) amount: u128,
}

/// A payment by somebody.
#[derive(Debug, Clone)]
pub(crate) struct Pay {
    pub(crate) chain: usize,
    pub(crate) from: String,
    pub(crate) coin: Coin,
    pub(crate) purse: Purse,
}

type What = Box<dyn FnOnce(&mut Sim)>;

/// The two chains.
pub(crate) struct Sim {
    pub(crate) dice: Dice,
    pub(crate) now: i64,
    /// By chain.
    pub(crate) rows: [Vec<Row>; 2],
    /// The indices of the thefts, among the rows of the first chain.
    pub(crate) thefts: Vec<usize>,
    /// By chain, holder and coin.
    pub(crate) purses: BTreeMap<(usize, String, Coin), Purse>,
    /// What of the stolen entered exchanges and mixers, by chain, service and coin.
    pub(crate) entered: BTreeMap<(usize, String, Coin), u128>,
    /// What of the stolen was paid out by bridges and pools, by chain and transaction.
    pub(crate) crossed: BTreeMap<(usize, String), (Coin, u128)>,
    /// Crossings that their bridge publishes.
    pub(crate) published: Vec<Pairing>,
    to_come: BTreeMap<(i64, u64), What>,
    count: u64,
}

impl Sim {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            dice: Dice::new(seed),
            now: 0,
            rows: [Vec::new(), Vec::new()],
            thefts: Vec::new(),
            purses: BTreeMap::new(),
            entered: BTreeMap::new(),
            crossed: BTreeMap::new(),
            published: Vec::new(),
            to_come: BTreeMap::new(),
            count: 0,
        }
    }

    /// Something happens at a time.
    pub(crate) fn at(&mut self, time: i64, what: impl FnOnce(&mut Sim) + 'static) {
        self.count += 1;
        self.to_come.insert((time.max(self.now), self.count), Box::new(what));
    }

    /// Something happens after so many minutes, from the first to the last.
    pub(crate) fn after(&mut self, minutes: (u64, u64), what: impl FnOnce(&mut Sim) + 'static) {
        let seconds = self.dice.within(minutes.0 * 60, minutes.1 * 60);
        self.at(self.now + i64::try_from(seconds).unwrap_or(0), what);
    }

    /// All that is to happen happens.
    pub(crate) fn run(&mut self) {
        while let Some(((time, _), what)) = self.to_come.pop_first() {
            self.now = time;
            what(self);
        }
    }

    pub(crate) fn purse(&self, chain: usize, who: &str, coin: Coin) -> Purse {
        self.purses.get(&(chain, who.to_owned(), coin)).copied().unwrap_or_default()
    }

    fn transaction(&mut self) -> String {
        self.count += 1;
        format!("0x{:064x}", self.count)
    }

    /// A payment of somebody who doesn't know what of it is stolen.
    pub(crate) fn ordinary(&mut self, chain: usize, from: &str, coin: Coin, amount: u128) -> Pay {
        let purse = self.purse(chain, from, coin);
        let all = amount.min(purse.all);
        let least = (all + purse.stolen).saturating_sub(purse.all);
        let stolen = self.dice.between(least, all.min(purse.stolen));
        Pay { chain, from: from.to_owned(), coin, purse: Purse { all, stolen } }
    }

    /// A payment of all that somebody has.
    pub(crate) fn all_of(&self, chain: usize, from: &str, coin: Coin) -> Pay {
        Pay { chain, from: from.to_owned(), coin, purse: self.purse(chain, from, coin) }
    }

    /// Pays.
    pub(crate) fn pay(&mut self, pay: &Pay, to: &str) {
        let transaction = self.transaction();
        self.pay_in(pay, to, &transaction);
    }

    /// Pays in a transaction of several transfers.
    fn pay_in(&mut self, pay: &Pay, to: &str, transaction: &str) {
        let Pay { chain, ref from, coin, purse } = *pay;
        if purse.all == 0 {
            return;
        }
        let is_service = |who: &str| SERVICES.iter().any(|service| who.starts_with(service));
        if !is_service(from) {
            // Those who pay wages have what they pay from nowhere.
            let has = self.purses.entry((chain, from.clone(), coin)).or_default();
            has.all = has.all.saturating_sub(purse.all);
            assert!(purse.stolen <= purse.all && purse.stolen <= has.stolen, "{from} has not as much");
            has.stolen -= purse.stolen;
            assert!(has.stolen <= has.all, "{from} keeps more stolen than all");
        }
        if is_service(to) {
            if to.starts_with("hot") || to.starts_with("mixer") {
                *self.entered.entry((chain, to.to_owned(), coin)).or_default() += purse.stolen;
            }
        } else {
            let has = self.purses.entry((chain, to.to_owned(), coin)).or_default();
            (has.all, has.stolen) = (has.all + purse.all, has.stolen + purse.stolen);
        }
        let rows = &mut self.rows[chain];
        let index = rows.last().filter(|last| last.time == self.now).map_or(0, |last| last.index + 1);
        let (from, to, transaction) = (from.clone(), to.to_owned(), transaction.to_owned());
        rows.push(Row { time: self.now, index, transaction, from, to, coin, amount: purse.all });
    }

    /// New money, out of nowhere: to begin with.
    pub(crate) fn give(&mut self, chain: usize, to: &str, coin: Coin, amount: u128) {
        let purse = Purse { all: amount, stolen: 0 };
        self.pay(&Pay { chain, from: format!("mint-{}", CHAINS[chain]), coin, purse }, to);
    }

    /// Steals all that somebody pays.
    pub(crate) fn steal(&mut self, from: &str, to: &str, amount: u128) {
        self.thefts.push(self.rows[0].len());
        let purse = Purse { all: amount, stolen: 0 };
        self.pay(&Pay { chain: 0, from: from.to_owned(), coin: Coin::Ether, purse }, to);
        if let Some(has) = self.purses.get_mut(&(0, to.to_owned(), Coin::Ether)) {
            has.stolen += amount;
        }
    }

    /// Swaps into the other coin, in one transaction, through one pool or two.
    pub(crate) fn swap(&mut self, pay: &Pay) {
        let (chain, transaction) = (pay.chain, self.transaction());
        let pool = |number: u64| format!("pool-{number}-{}", CHAINS[chain]);
        let (first, last) = (self.dice.below(3), self.dice.below(3));
        self.pay_in(pay, &pool(first), &transaction);
        let into = if pay.coin == Coin::Ether { Coin::Dollar } else { Coin::Ether };
        // Three thousandths are the pool's.
        let worth = pay.coin.worth(chain, pay.purse.all) / 1_000 * 997;
        let unit = into.worth(chain, Coin::milli(into, chain, 1_000));
        let all = mul_div(worth, Coin::milli(into, chain, 1_000), unit);
        let purse = Purse { all, stolen: share(all, pay.purse) };
        if first != last {
            let between = Purse { all: pay.purse.all, stolen: 0 };
            let hop = Pay { chain, from: pool(first), coin: pay.coin, purse: between };
            self.pay_in(&hop, &pool(last), &transaction);
        }
        self.pay_in(&Pay { chain, from: pool(last), coin: into, purse }, &pay.from, &transaction);
        if purse.stolen > 0 {
            self.crossed.insert((chain, transaction), (into, purse.stolen));
        }
    }

    /// Sends over a bridge to the other chain, where somebody gets it within the hour, less a fee of up to half a percent.
    pub(crate) fn bridge(&mut self, pay: &Pay, bridge: &'static str, to: String) {
        let (chain, other, coin) = (pay.chain, 1 - pay.chain, pay.coin);
        let entry = self.transaction();
        self.pay_in(pay, &format!("{bridge}-{}", CHAINS[chain]), &entry);
        let fee = u128::from(self.dice.within(500, 5_000));
        let purse = pay.purse;
        let kept = purse.all - purse.all / 1_000_000 * fee;
        let (from_one, to_one) = (coin.milli(chain, 1_000), coin.milli(other, 1_000));
        let all = mul_div(kept, to_one, from_one);
        let stolen = mul_div(share(kept, purse), to_one, from_one);
        self.after((2, 60), move |sim| {
            let payout = sim.transaction();
            let from = format!("{bridge}-{}", CHAINS[other]);
            let purse = Purse { all, stolen: stolen.min(all) };
            sim.pay_in(&Pay { chain: other, from, coin, purse }, &to, &payout);
            if stolen > 0 {
                sim.crossed.insert((other, payout.clone()), (coin, stolen));
            }
            if bridge == "canal" {
                sim.published.push(Pairing {
                    from_chain: CHAINS[chain].to_owned(),
                    from_transaction: entry,
                    to_chain: CHAINS[other].to_owned(),
                    to_transaction: payout,
                    confidence: 100,
                });
            }
        });
    }

    /// Pays into an account at an exchange: to an address of its own, from which all goes on to the exchange's within the hour.
    pub(crate) fn deposit(&mut self, pay: &Pay, exchange: &str) {
        let (chain, coin) = (pay.chain, pay.coin);
        let address = format!("deposit-{exchange}-{}-{}", pay.from, CHAINS[chain]);
        self.pay(pay, &address);
        let hot = format!("hot-{exchange}-{}", CHAINS[chain]);
        self.after((10, 60), move |sim| sim.pay(&sim.all_of(chain, &address, coin), &hot));
    }
}

/// How much of a payout is stolen.
fn share(payout: u128, paid_in: Purse) -> u128 {
    if paid_in.all == 0 { 0 } else { mul_div(payout, paid_in.stolen, paid_in.all) }
}

/// To the nearest whole number.
fn mul_div(amount: u128, part: u128, whole: u128) -> u128 {
    use bongsu_trace::U256;
    let product = U256::from(amount) * U256::from(part) + U256::from(whole / 2);
    (product / U256::from(whole)).to::<u128>()
}
