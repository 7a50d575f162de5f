//! The walk from an address over transfers, the last first for sources, the first first for sinks.
//!
//! A slot is an account in one asset that is gone through. It knows how much of its holding is wanted, and at which of its
//! transfers it is. A queue has the next transfer of each slot of which something is wanted, so that all transfers are met in one order,
//! whoever's they are; by then, all that is wanted of a transfer's account is known.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use hashbrown::HashMap;

use super::holding::{Holding, Step, read};
use super::parts::Parts;
use super::result::{Exposure, Found, Total};
use super::{End, ExposureError, Limits, Side};
use crate::label::Category;
use crate::{Account, Asset, Flows, Transfer, U256};

/// What is known of an account that a way has come to.
#[derive(Debug, Clone, Copy)]
enum Mark {
    Label(Category),
    /// Not labelled, and not gone through so far.
    Holder,
    Open,
    Closed(End),
}

struct Slot {
    account: Account,
    asset: Asset,
    holding: Holding,
    /// The next of the steps.
    at: usize,
    wanted: Parts,
    /// Whether it is the address's own: each step gives all that it moved, and not a part of what is wanted.
    is_own: bool,
}

/// An asset's sums.
struct Sum {
    amount: U256,
    transfers: u64,
    /// Below this, a transfer is not looked at further.
    least: U256,
}

pub(super) struct Walk<'w, F, C> {
    flows: &'w F,
    category: C,
    limits: Limits,
    side: Side,
    until: u64,
    sums: BTreeMap<Asset, Sum>,
    marks: HashMap<Account, Mark>,
    slots: Vec<Slot>,
    slot_of: HashMap<(Account, Asset), usize>,
    queue: BinaryHeap<(u64, Reverse<usize>)>,
    found: Found,
    read: u64,
    passed: usize,
}

impl<'w, F: Flows, C: Fn(Account) -> Option<Category>> Walk<'w, F, C> {
    pub(super) fn new(flows: &'w F, category: C, limits: Limits, side: Side, until: u64) -> Self {
        Self {
            flows,
            category,
            limits,
            side,
            until,
            sums: BTreeMap::new(),
            marks: HashMap::new(),
            slots: Vec::new(),
            slot_of: HashMap::new(),
            queue: BinaryHeap::new(),
            found: Found::default(),
            read: 0,
            passed: 0,
        }
    }

    pub(super) fn from(mut self, account: Account) -> Result<Exposure, ExposureError> {
        self.read = self.flows.count_of(account, self.until);
        if self.read > self.limits.transfers_max {
            self.look_beside(account)?;
        } else {
            self.begin(account)?;
            self.run()?;
        }
        let total = |(asset, sum): (&Asset, &Sum)| Total {
            asset: *asset,
            amount: sum.amount,
            transfers: sum.transfers,
        };
        Ok(Exposure {
            account,
            side: self.side,
            until: self.until,
            totals: self.sums.iter().map(total).collect(),
            rows: self.found.rows(self.limits.parties_max),
            read: self.read,
            passed: self.passed,
        })
    }

    /// Counts the address's own transfers on this side, and hands each over with who is on the other side of it.
    fn own(
        &mut self,
        account: Account,
        mut each: impl FnMut(&mut Self, u64, Account, &Transfer),
    ) -> Result<(), ExposureError> {
        let (flows, until) = (self.flows, self.until);
        for number in flows.of(account).take_while(|number| *number < until) {
            let transfer = flows.transfer(number).ok_or(ExposureError::Unreadable { number })?;
            let (mine, other) = match self.side {
                Side::Sources => (transfer.to, transfer.from),
                Side::Sinks => (transfer.from, transfer.to),
            };
            if mine != account || other == account || transfer.amount.is_zero() {
                continue;
            }
            let nothing = Sum { amount: U256::ZERO, transfers: 0, least: U256::ZERO };
            let sum = self.sums.entry(transfer.asset).or_insert(nothing);
            let overflow = ExposureError::Overflow { account, number };
            sum.amount = sum.amount.checked_add(transfer.amount).ok_or(overflow)?;
            sum.transfers += 1;
            each(self, number, other, &transfer);
        }
        Ok(())
    }

    /// Looks at who is directly beside an address that has too many transfers to go further.
    fn look_beside(&mut self, account: Account) -> Result<(), ExposureError> {
        self.own(account, |walk, _, other, transfer| {
            let mut parts = Parts::default();
            parts.add(1, transfer.amount);
            match walk.mark(other) {
                Mark::Label(category) => {
                    walk.found.add(End::Label(category), transfer.asset, Some(other), &parts);
                }
                // Who they are is not kept: there may be millions.
                _ => walk.found.add(End::Large, transfer.asset, None, &parts),
            }
        })
    }

    fn begin(&mut self, account: Account) -> Result<(), ExposureError> {
        let mut own: BTreeMap<Asset, Holding> = BTreeMap::new();
        self.own(account, |_, number, other, transfer| {
            let step = Step { number, other, part: transfer.amount, whole: transfer.amount };
            own.entry(transfer.asset).or_default().steps.push(step);
        })?;
        for sum in self.sums.values_mut() {
            sum.least = part_of(sum.amount, self.limits.ppm_min);
        }
        for (asset, mut holding) in own {
            if self.side == Side::Sources {
                holding.steps.reverse();
            }
            self.slots.push(Slot { account, asset, holding, at: 0, wanted: Parts::default(), is_own: true });
            self.wait(self.slots.len() - 1);
        }
        Ok(())
    }

    /// Puts a slot's next transfer in the queue.
    fn wait(&mut self, slot: usize) {
        if let Some(step) = self.slots[slot].holding.steps.get(self.slots[slot].at) {
            self.queue.push((turned(self.side, step.number), Reverse(slot)));
        }
    }

    fn run(&mut self) -> Result<(), ExposureError> {
        let mut parts = Parts::default();
        while let Some((_, Reverse(at))) = self.queue.pop() {
            let slot = &mut self.slots[at];
            let step = slot.holding.steps[slot.at];
            slot.at += 1;
            parts.clear();
            if slot.is_own {
                parts.add(0, step.part);
            } else {
                slot.wanted.take(step.part, step.whole, &mut parts);
            }
            let asset = slot.asset;
            if slot.is_own || !slot.wanted.is_empty() {
                self.wait(at);
            }
            parts.step();
            self.reach(step.number, step.other, asset, &mut parts)?;
        }
        for slot in self.slots.iter().filter(|slot| !slot.wanted.is_empty()) {
            self.found.add(End::Held, slot.asset, Some(slot.account), &slot.wanted);
        }
        Ok(())
    }

    /// Comes to an account by a transfer: there a way ends, or the account is gone through.
    fn reach(
        &mut self,
        number: u64,
        other: Account,
        asset: Asset,
        parts: &mut Parts,
    ) -> Result<(), ExposureError> {
        if parts.is_empty() {
            return Ok(());
        }
        if let Mark::Label(category) = self.mark(other) {
            self.found.add(End::Label(category), asset, Some(other), parts);
            return Ok(());
        }
        let far = parts.split_from(self.limits.hops_max);
        self.found.add(End::Far, asset, Some(other), &far);
        if parts.is_empty() {
            return Ok(());
        }
        if self.sums.get(&asset).is_some_and(|sum| parts.sum() < sum.least) {
            self.found.add(End::Small, asset, Some(other), parts);
            return Ok(());
        }
        if let Mark::Closed(end) = self.open(other, number)? {
            self.found.add(end, asset, Some(other), parts);
            return Ok(());
        }
        let Some(&at) = self.slot_of.get(&(other, asset)) else {
            // The transfer itself is among those that were read.
            return Err(ExposureError::Unreadable { number });
        };
        let slot = &mut self.slots[at];
        if let Ok(short) = slot.holding.shorts.binary_search_by_key(&number, |short| short.number) {
            let (short, mut missing) = (slot.holding.shorts[short], Parts::default());
            parts.take(short.missing, short.amount, &mut missing);
            self.found.add(End::Unexplained, asset, Some(other), &missing);
        }
        if parts.is_empty() {
            return Ok(());
        }
        let was_waiting = !slot.wanted.is_empty();
        slot.wanted.add_all(parts);
        if !was_waiting {
            // What lies between has nothing to do with what is wanted.
            let here = turned(self.side, number);
            slot.at +=
                slot.holding.steps[slot.at..].partition_point(|step| turned(self.side, step.number) >= here);
            self.wait(at);
        }
        Ok(())
    }

    fn mark(&mut self, account: Account) -> Mark {
        *self
            .marks
            .entry(account)
            .or_insert_with(|| (self.category)(account).map_or(Mark::Holder, Mark::Label))
    }

    /// Reads the transfers of an account that has no label, if it may be gone through.
    fn open(&mut self, account: Account, number: u64) -> Result<Mark, ExposureError> {
        let mark = self.mark(account);
        if !matches!(mark, Mark::Holder) {
            return Ok(mark);
        }
        // For sources, later transfers don't matter: all that is wanted later on is wanted of earlier ones.
        let before = match self.side {
            Side::Sources => number + 1,
            Side::Sinks => self.until,
        };
        let mark = if self.flows.count_of(account, self.until) > self.limits.hub_transfers_max {
            Mark::Closed(End::Hub)
        } else {
            let read = self.read.saturating_add(self.flows.count_of(account, before));
            if read > self.limits.transfers_max {
                Mark::Closed(End::Budget)
            } else {
                self.read = read;
                Mark::Open
            }
        };
        if matches!(mark, Mark::Open) {
            self.passed += 1;
            let sums = &self.sums;
            let looked_at = |asset: Asset| sums.contains_key(&asset);
            for (asset, holding) in read(self.flows, account, self.side, before, looked_at)? {
                let wanted = Parts::default();
                self.slots.push(Slot { account, asset, holding, at: 0, wanted, is_own: false });
                self.slot_of.insert((account, asset), self.slots.len() - 1);
            }
        }
        self.marks.insert(account, mark);
        Ok(mark)
    }
}

/// The place of a transfer in the order of the walk: the greatest comes first.
const fn turned(side: Side, number: u64) -> u64 {
    match side {
        Side::Sources => number,
        Side::Sinks => u64::MAX - number,
    }
}

/// The least amount that is at least so many parts per million of another.
fn part_of(amount: U256, ppm: u32) -> U256 {
    let million = U256::from(1_000_000);
    let (part, rest) = super::divided(amount, U256::from(ppm).min(million), million);
    part.saturating_add(U256::from(u8::from(!rest.is_zero())))
}
