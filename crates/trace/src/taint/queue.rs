//! FIFO and LIFO: a holding is a row of parcels, each wholly clean or wholly tainted.
//!
//! Two neighbours of one kind are one parcel, so that kinds alternate, and an account into which millions pay clean value has one
//! parcel. The parcels of all accounts lie in one pool, chained in the order in which they leave. What leaves is therefore cut off
//! the chain's front without a copy: a transfer costs as many steps as it cuts off parcels, and one that takes all costs one.
//! The two methods differ in one thing, at which end a load is laid down: FIFO lays it at the back, LIFO at the front, parcel by
//! parcel, so that what left last lies foremost.

use super::amount::Amount;
use super::slot::{Chain, Load, NONE, Rule, Slot};

#[derive(Debug, Clone, Copy)]
struct Parcel<N> {
    amount: N,
    next: u32,
    is_tainted: bool,
}

/// Rules V-3 (FIFO) and V-4 (LIFO).
pub(super) struct Queue<N, const NEWEST_FIRST: bool> {
    pool: Vec<Parcel<N>>,
    /// By slot: the parcels of a holding in which something is tainted. A clean one has none written down.
    holdings: Vec<Chain>,
    /// The parcels that are free, chained.
    free: u32,
    passed: u64,
}

impl<N, const NEWEST_FIRST: bool> Default for Queue<N, NEWEST_FIRST> {
    fn default() -> Self {
        Self { pool: Vec::new(), holdings: Vec::new(), free: NONE, passed: 0 }
    }
}

impl<N: Amount, const NEWEST_FIRST: bool> Queue<N, NEWEST_FIRST> {
    fn parcel(&mut self, amount: N, is_tainted: bool) -> u32 {
        let parcel = Parcel { amount, next: NONE, is_tainted };
        if let Some(place) = self.pool.get_mut(self.free as usize) {
            let index = self.free;
            self.free = place.next;
            *place = parcel;
            return index;
        }
        self.pool.push(parcel);
        u32::try_from(self.pool.len() - 1).unwrap_or(NONE)
    }

    fn release(&mut self, chain: Chain) {
        if chain.head != NONE {
            self.pool[chain.tail as usize].next = self.free;
            self.free = chain.head;
        }
    }

    /// Lays a parcel behind a chain, or makes it one with the chain's last.
    fn push_back(&mut self, chain: &mut Chain, amount: N, is_tainted: bool) {
        if chain.tail != NONE && self.pool[chain.tail as usize].is_tainted == is_tainted {
            self.grow(chain.tail, amount);
            return;
        }
        let parcel = self.parcel(amount, is_tainted);
        self.link_back(chain, Chain { head: parcel, tail: parcel, count: 1 });
    }

    /// Lays a parcel before a chain, or makes it one with the chain's first.
    fn push_front(&mut self, chain: &mut Chain, amount: N, is_tainted: bool) {
        if chain.head != NONE && self.pool[chain.head as usize].is_tainted == is_tainted {
            self.grow(chain.head, amount);
            return;
        }
        let parcel = self.parcel(amount, is_tainted);
        self.pool[parcel as usize].next = chain.head;
        chain.head = parcel;
        chain.tail = if chain.tail == NONE { parcel } else { chain.tail };
        chain.count += 1;
    }

    /// A sum of parcels is at most their holding's balance, which fits.
    fn grow(&mut self, parcel: u32, amount: N) {
        let parcel = &mut self.pool[parcel as usize];
        parcel.amount = parcel.amount.plus(amount).unwrap_or(parcel.amount);
    }

    fn link_back(&mut self, chain: &mut Chain, more: Chain) {
        if chain.tail == NONE {
            *chain = more;
            return;
        }
        self.pool[chain.tail as usize].next = more.head;
        chain.tail = more.tail;
        chain.count += more.count;
    }

    /// Lays a whole chain behind another.
    fn join(&mut self, chain: &mut Chain, more: Chain) {
        let Parcel { amount, next, is_tainted } = self.pool[more.head as usize];
        if chain.tail == NONE || self.pool[chain.tail as usize].is_tainted != is_tainted {
            return self.link_back(chain, more);
        }
        self.grow(chain.tail, amount);
        self.release(Chain { head: more.head, tail: more.head, count: 1 });
        if next != NONE {
            self.link_back(chain, Chain { head: next, count: more.count - 1, ..more });
        }
    }

    /// Lays the parcels of a chain before another, one by one, so that its last comes to lie foremost.
    fn turn_over(&mut self, chain: &mut Chain, more: Chain) {
        let mut at = more.head;
        while at != NONE {
            let Parcel { amount, next, is_tainted } = self.pool[at as usize];
            self.release(Chain { head: at, tail: at, count: 1 });
            self.push_front(chain, amount, is_tainted);
            self.passed += 1;
            at = next;
        }
    }

    /// Cuts parcels that are worth an amount off the front of a chain that is worth more, and says how much of them is tainted.
    fn cut(&mut self, chain: &mut Chain, amount: N) -> (Chain, N) {
        let (mut cut, mut left, mut tainted) = (Chain::default(), amount, N::default());
        let first = chain.head;
        while chain.head != NONE && !left.is_nothing() {
            let at = chain.head;
            let parcel = self.pool[at as usize];
            let part = parcel.amount.min(left);
            if parcel.is_tainted {
                tainted = tainted.plus(part).unwrap_or(tainted);
            }
            left = left.less(part);
            if part < parcel.amount {
                self.pool[at as usize].amount = parcel.amount.less(part);
                let piece = self.parcel(part, parcel.is_tainted);
                self.link_back(&mut cut, Chain { head: piece, tail: piece, count: 1 });
                break;
            }
            cut = Chain { head: first, tail: at, count: cut.count + 1 };
            chain.head = parcel.next;
            chain.count -= 1;
        }
        self.pool[cut.tail as usize].next = NONE;
        if chain.head == NONE {
            *chain = Chain::default();
        }
        self.passed += u64::from(cut.count);
        (cut, tainted)
    }

    /// The parcels of a chain from its front on.
    fn each(&self, chain: Chain) -> impl Iterator<Item = Parcel<N>> + '_ {
        let first = self.pool.get(chain.head as usize).copied();
        std::iter::successors(first, |parcel| self.pool.get(parcel.next as usize).copied())
    }
}

impl<N: Amount, const NEWEST_FIRST: bool> Rule<N> for Queue<N, NEWEST_FIRST> {
    fn make(&mut self, slots: usize) {
        self.holdings.resize(slots, Chain::default());
    }

    fn leave(&mut self, slot: u32, from: &mut Slot<N>, amount: N) -> Load<N> {
        let mut left = std::mem::take(&mut self.holdings[slot as usize]);
        if amount == from.balance {
            let load = Load { amount, tainted: from.tainted, parcels: left };
            *from = Slot::default();
            return load;
        }
        let (parcels, tainted) = self.cut(&mut left, amount);
        from.balance = from.balance.less(amount);
        from.tainted = from.tainted.less(tainted);
        if from.tainted.is_nothing() {
            self.release(left);
        } else {
            self.holdings[slot as usize] = left;
        }
        if tainted.is_nothing() {
            self.release(parcels);
            return Load::clean(amount);
        }
        Load { amount, tainted, parcels }
    }

    fn pad(&mut self, load: &mut Load<N>, missing: N) {
        if NEWEST_FIRST {
            self.push_back(&mut load.parcels, missing, false);
        } else {
            self.push_front(&mut load.parcels, missing, false);
        }
        load.amount = load.amount.plus(missing).unwrap_or(load.amount);
    }

    fn taint(&mut self, load: &mut Load<N>, stolen: N) {
        let mut more = stolen.less(load.tainted);
        if more.is_nothing() {
            return;
        }
        if load.parcels.head == NONE {
            self.push_back(&mut load.parcels, load.amount, false);
        }
        let before: Vec<_> = self.each(load.parcels).collect();
        self.release(std::mem::take(&mut load.parcels));
        for Parcel { amount, is_tainted, .. } in before {
            let part = if is_tainted { amount } else { amount.min(more) };
            if !is_tainted {
                more = more.less(part);
            }
            for (amount, is_tainted) in [(part, true), (amount.less(part), false)] {
                if !amount.is_nothing() {
                    self.push_back(&mut load.parcels, amount, is_tainted);
                }
            }
        }
        load.tainted = stolen;
    }

    fn arrive(&mut self, slot: u32, to: &mut Slot<N>, load: Load<N>) {
        if !(to.tainted.is_nothing() && load.tainted.is_nothing()) {
            let mut parcels = self.holdings[slot as usize];
            if to.tainted.is_nothing() && !to.balance.is_nothing() {
                self.push_back(&mut parcels, to.balance, false);
            }
            match (load.tainted.is_nothing(), NEWEST_FIRST) {
                (true, true) => self.push_front(&mut parcels, load.amount, false),
                (true, false) => self.push_back(&mut parcels, load.amount, false),
                (false, true) => self.turn_over(&mut parcels, load.parcels),
                (false, false) => self.join(&mut parcels, load.parcels),
            }
            self.holdings[slot as usize] = parcels;
        }
        to.balance = to.balance.plus(load.amount).unwrap_or(to.balance);
        to.tainted = to.tainted.plus(load.tainted).unwrap_or(to.tainted);
    }

    fn precede(&mut self, slot: u32, holding: &mut Slot<N>, amount: N) {
        if !holding.tainted.is_nothing() {
            let mut parcels = self.holdings[slot as usize];
            if NEWEST_FIRST {
                self.push_back(&mut parcels, amount, false);
            } else {
                self.push_front(&mut parcels, amount, false);
            }
            self.holdings[slot as usize] = parcels;
        }
        holding.balance = holding.balance.plus(amount).unwrap_or(holding.balance);
    }

    fn lose(&mut self, load: Load<N>) {
        self.release(load.parcels);
    }

    /// Kinds alternate, so that the second parcel is tainted if the first is not.
    fn would_taint(&self, slot: u32, _: &Slot<N>, amount: N) -> bool {
        let first = self.pool.get(self.holdings[slot as usize].head as usize);
        first.is_some_and(|first| first.is_tainted || amount > first.amount)
    }

    fn glance(&self, slot: u32) -> bool {
        let chain = self.holdings.get(slot as usize).copied().unwrap_or_default();
        let is_tainted = |parcel: u32| self.pool.get(parcel as usize).is_some_and(|parcel| parcel.is_tainted);
        is_tainted(chain.head) ^ is_tainted(chain.tail)
    }

    fn parcels(&self, slot: u32) -> u32 {
        self.holdings[slot as usize].count
    }

    fn passed(&self) -> u64 {
        self.passed
    }

    fn is_full(&self) -> bool {
        self.pool.len() >= (NONE / 2) as usize
    }
}
