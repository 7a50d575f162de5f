//! Sorted ranges of addresses, each with the list that it came from.
//!
//! Built once, never changed: overlapping ranges are cut so that the ranges are disjoint and one binary search
//! answers. Where two lists hold an address, the range that begins first is named.

/// Disjoint ranges in ascending order, in three arrays: 9 bytes for a range of IPv4 addresses.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ranges<T> {
    firsts: Vec<T>,
    lasts: Vec<T>,
    lists: Vec<u8>,
}

/// An address as a number that has a next one.
pub(crate) trait Number: Copy + Ord {
    /// The next number, if there is one.
    fn next(self) -> Option<Self>;
}

impl Number for u32 {
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

impl Number for u128 {
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

impl<T: Number> Ranges<T> {
    /// Ranges from `(first, last, list)` in any order.
    pub(crate) fn build(mut raw: Vec<(T, T, u8)>) -> Self {
        raw.sort_unstable_by_key(|(first, _, list)| (*first, *list));
        let mut ranges = Self { firsts: Vec::new(), lasts: Vec::new(), lists: Vec::new() };
        for (first, last, list) in raw {
            let free = match ranges.lasts.last() {
                Some(end) if *end >= last => continue,
                Some(end) => end.next().map_or(first, |next| next.max(first)),
                None => first,
            };
            ranges.firsts.push(free);
            ranges.lasts.push(last);
            ranges.lists.push(list);
        }
        ranges.firsts.shrink_to_fit();
        ranges.lasts.shrink_to_fit();
        ranges.lists.shrink_to_fit();
        ranges
    }

    /// How many ranges there are.
    pub(crate) fn len(&self) -> usize {
        self.firsts.len()
    }

    /// The list of the first range that touches `first..=last`.
    pub(crate) fn touching(&self, first: T, last: T) -> Option<u8> {
        let at = self.lasts.partition_point(|end| *end < first);
        (*self.firsts.get(at)? <= last).then(|| self.lists.get(at).copied()).flatten()
    }
}
