//! Numbers of transfers that wait for their turn, with whom they concern: a radix heap.
//!
//! What is put in is hardly ever before what was taken out last, and lies by the highest bit in which its number differs from that
//! one's. Taking out looks at the lowest pile alone: one that is small enough is sorted, one that is larger is dealt out to lower ones.
//! Each number moves down a few times and each time to a pile's end, which is a third of what sifting through a heap costs. The few
//! that come before what was taken out last wait in a small heap of their own.
//!
//! Source: Ahuja, Mehlhorn, Orlin, Tarjan: Faster Algorithms for the Shortest Path Problem (1990), one-level radix heap.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A transfer's number, and whom it concerns.
pub(super) type Due = (u64, u32);

/// A pile for each bit, and one for no difference.
const PILES: usize = u64::BITS as usize + 1;

pub(super) struct Dues {
    /// All in the piles have this number or a later one.
    last: u64,
    piles: [Vec<Due>; PILES],
    /// Those before `last`.
    late: BinaryHeap<Reverse<Due>>,
}

impl Default for Dues {
    fn default() -> Self {
        Self { last: 0, piles: [const { Vec::new() }; PILES], late: BinaryHeap::new() }
    }
}

impl Dues {
    #[inline]
    pub(super) fn push(&mut self, due: Due) {
        if due.0 < self.last {
            self.late.push(Reverse(due));
            return;
        }
        let pile = u64::BITS - (due.0 ^ self.last).leading_zeros();
        if let Some(pile) = self.piles.get_mut(pile as usize) {
            pile.push(due);
        }
    }

    /// Whether there is one before what was taken out last.
    pub(super) fn has_late(&self) -> bool {
        !self.late.is_empty()
    }

    /// Takes the first of those before what was taken out last, if it is before a number.
    #[inline]
    pub(super) fn pop_late(&mut self, before: u64) -> Option<Due> {
        self.late.peek().filter(|first| first.0.0 < before)?;
        self.late.pop().map(|first| first.0)
    }

    /// Takes out the first of the others, about so many, ascending by number; none only if there are none.
    pub(super) fn take(&mut self, most: usize, into: &mut Vec<Due>) {
        while into.len() < most
            && let Some(pile) = self.piles.iter().position(|pile| !pile.is_empty())
        {
            let Some(mut dues) = self.piles.get_mut(pile).map(std::mem::take) else { return };
            if pile == 0 || dues.len() <= most - into.len() {
                dues.sort_unstable();
                self.last = dues.last().map_or(self.last, |due| due.0);
                into.append(&mut dues);
            } else {
                self.last = dues.iter().map(|due| due.0).min().unwrap_or(self.last);
                dues.drain(..).for_each(|due| self.push(due));
            }
            // It keeps its room.
            if let Some(empty) = self.piles.get_mut(pile) {
                *empty = dues;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// What comes out of both parts together comes as out of a heap, whatever is put in meanwhile.
        #[test]
        fn it_gives_what_a_heap_gives(
            first in prop::collection::vec(0..4_000_u64, 0..300),
            more in prop::collection::vec(0..900_u64, 0..600),
            most in 1..60_usize,
            up in 0..40_u32,
        ) {
            let (mut dues, mut heap) = (Dues::default(), BinaryHeap::new());
            for (whose, number) in (0..).zip(first) {
                dues.push((number << up, whose));
                heap.push(Reverse((number << up, whose)));
            }
            let (mut more, mut soon, mut whose) = (more.into_iter(), Vec::new(), 1_000);
            loop {
                if soon.is_empty() && !dues.has_late() {
                    dues.take(most, &mut soon);
                    prop_assert!(soon.is_sorted_by_key(|due| due.0));
                    soon.reverse();
                }
                let due = dues.pop_late(soon.last().map_or(u64::MAX, |due| due.0)).or_else(|| soon.pop());
                let Some(due) = due else { break };
                let same = heap.pop().map(|first| first.0);
                prop_assert_eq!(Some(due.0), same.map(|first| first.0));
                // As one who gives does again later.
                if let Some(step) = more.next() {
                    let next = (due.0 + (step << up), whose);
                    whose += 1;
                    dues.push(next);
                    heap.push(Reverse(next));
                }
            }
            prop_assert!(heap.is_empty());
        }
    }
}
