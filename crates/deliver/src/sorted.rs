//! A sorted list of which a copy costs next to nothing.
//!
//! Items lie in chunks; a copy shares them, and a change makes the one chunk anew in which it lies. So a view of a million
//! values can be handed to whoever renders it while the next one is made beside it. A persistent tree of the crates at hand
//! (`rpds`) allocates a node for each item, some 80 bytes; here an item takes its own size.

use std::cmp::Ordering;
use std::sync::Arc;

/// Most items of a chunk; one that grows beyond is split.
const CHUNK_MAX: usize = 512;
/// Items of a chunk that is made in one go: some room, so that it isn't split at once.
const CHUNK: usize = 384;

/// A sorted list. What is asked for is said by a function that tells how an item compares with it, as for
/// [`slice::binary_search_by`].
#[derive(Debug, Clone)]
pub(crate) struct Sorted<T> {
    chunks: Arc<Vec<Arc<Vec<T>>>>,
    len: usize,
}

impl<T> Default for Sorted<T> {
    fn default() -> Self {
        Self { chunks: Arc::default(), len: 0 }
    }
}

impl<T> Sorted<T> {
    /// How many items there are.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All items, in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    /// The items from the `n`th on, counted from 0.
    pub(crate) fn after(&self, n: usize) -> impl Iterator<Item = &T> {
        let (mut chunk, mut left) = (0, n);
        while let Some(length) = self.chunks.get(chunk).map(|chunk| chunk.len()).filter(|len| *len <= left) {
            (chunk, left) = (chunk + 1, left - length);
        }
        self.chunks.iter().skip(chunk).flat_map(|chunk| chunk.iter()).skip(left)
    }

    /// The first item.
    pub(crate) fn first(&self) -> Option<&T> {
        self.chunks.first()?.first()
    }

    /// How many items stand before what is asked for.
    pub(crate) fn rank(&self, order: impl Fn(&T) -> Ordering) -> usize {
        let chunk = self.chunk_of(&order);
        let before: usize = self.chunks.iter().take(chunk).map(|chunk| chunk.len()).sum();
        before + self.chunks.get(chunk).map_or(0, |chunk| chunk.partition_point(|item| order(item).is_lt()))
    }

    /// The item asked for.
    pub(crate) fn get(&self, order: impl Fn(&T) -> Ordering) -> Option<&T> {
        let chunk = self.chunks.get(self.chunk_of(&order))?;
        chunk.binary_search_by(&order).ok().and_then(|at| chunk.get(at))
    }

    /// The first chunk that does not lie before what is asked for as a whole.
    fn chunk_of(&self, order: &impl Fn(&T) -> Ordering) -> usize {
        self.chunks.partition_point(|chunk| chunk.last().is_some_and(|last| order(last).is_lt()))
    }
}

impl<T> Sorted<T> {
    /// Tells `on` what only `self` has (as the first) and what only `other` has (as the second), in order. Chunks that both
    /// share are passed over, so that what changed little is compared quickly.
    pub(crate) fn differences<'a>(
        &'a self,
        other: &'a Self,
        order: impl Fn(&T, &T) -> Ordering,
        mut on: impl FnMut(Option<&'a T>, Option<&'a T>),
    ) {
        let (mut ours, mut theirs) = (Cursor::new(self), Cursor::new(other));
        loop {
            if let (Some(a), Some(b)) = (ours.at_chunk(), theirs.at_chunk())
                && Arc::ptr_eq(a, b)
            {
                ours.pass_chunk();
                theirs.pass_chunk();
                continue;
            }
            let order = match (ours.item(), theirs.item()) {
                (None, None) => return,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(a), Some(b)) => order(a, b),
            };
            match order {
                Ordering::Less => on(ours.item(), None),
                Ordering::Greater => on(None, theirs.item()),
                Ordering::Equal => {}
            }
            if order.is_le() {
                ours.pass();
            }
            if order.is_ge() {
                theirs.pass();
            }
        }
    }
}

/// Where a walk through a list has come to; never behind a chunk's last item.
struct Cursor<'a, T> {
    list: &'a Sorted<T>,
    chunk: usize,
    item: usize,
}

impl<'a, T> Cursor<'a, T> {
    const fn new(list: &'a Sorted<T>) -> Self {
        Self { list, chunk: 0, item: 0 }
    }

    fn item(&self) -> Option<&'a T> {
        self.list.chunks.get(self.chunk)?.get(self.item)
    }

    /// The chunk, if none of it is passed yet.
    fn at_chunk(&self) -> Option<&'a Arc<Vec<T>>> {
        self.list.chunks.get(self.chunk).filter(|_| self.item == 0)
    }

    const fn pass_chunk(&mut self) {
        (self.chunk, self.item) = (self.chunk + 1, 0);
    }

    fn pass(&mut self) {
        self.item += 1;
        if self.list.chunks.get(self.chunk).is_some_and(|chunk| self.item >= chunk.len()) {
            self.pass_chunk();
        }
    }
}

impl<T: Clone> Sorted<T> {
    /// The list of items that come in order.
    pub(crate) fn of(items: impl IntoIterator<Item = T>) -> Self {
        let mut items = items.into_iter();
        let (mut chunks, mut len) = (Vec::new(), 0);
        loop {
            let mut chunk = Vec::with_capacity(CHUNK);
            chunk.extend(items.by_ref().take(CHUNK));
            len += chunk.len();
            let is_last = chunk.len() < CHUNK;
            if is_last {
                chunk.shrink_to_fit();
            }
            if !chunk.is_empty() {
                chunks.push(Arc::new(chunk));
            }
            if is_last {
                return Self { chunks: Arc::new(chunks), len };
            }
        }
    }

    /// Puts in the place of what is asked for what `make` makes of what is there; nothing stands for nothing. It must compare
    /// as what was asked for.
    pub(crate) fn change(
        &mut self,
        order: impl Fn(&T) -> Ordering,
        make: impl FnOnce(Option<T>) -> Option<T>,
    ) {
        let at = self.chunk_of(&order).min(self.chunks.len().saturating_sub(1));
        let chunks = Arc::make_mut(&mut self.chunks);
        if chunks.is_empty() {
            chunks.push(Arc::default());
        }
        let Some(chunk) = chunks.get_mut(at).map(Arc::make_mut) else { return };
        let (place, old) = match chunk.binary_search_by(&order) {
            Ok(place) => (place, Some(chunk.remove(place))),
            Err(place) => (place, None),
        };
        self.len -= usize::from(old.is_some());
        if let Some(new) = make(old) {
            chunk.insert(place, new);
            self.len += 1;
        }
        if chunk.len() > CHUNK_MAX {
            let rest = chunk.split_off(chunk.len() / 2);
            chunks.insert(at + 1, Arc::new(rest));
        } else if chunk.is_empty() {
            chunks.remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// As a plain sorted vector, and a copy that was taken before a change stays as it was.
        #[test]
        fn a_list_is_its_sorted_items(start in 0_u32..2_000, changes in prop::collection::vec((any::<bool>(), 0_u32..4_000), 0..3_000)) {
            let mut plain: Vec<u32> = (0..start).map(|number| number * 2).collect();
            let mut list = Sorted::of(plain.iter().copied());
            let (first, firsts) = (list.clone(), plain.clone());
            for (put, number) in changes {
                let (copy, before) = (list.clone(), plain.len());
                let place = plain.binary_search(&number);
                list.change(|item| item.cmp(&number), |old| {
                    assert_eq!(old.is_some(), place.is_ok());
                    put.then_some(number)
                });
                match (place, put) {
                    (Err(place), true) => plain.insert(place, number),
                    (Ok(place), false) => drop(plain.remove(place)),
                    _ => {}
                }
                assert_eq!((copy.len(), list.len(), list.is_empty()), (before, plain.len(), plain.is_empty()));
                assert_eq!(list.rank(|item| item.cmp(&number)), plain.partition_point(|item| *item < number));
                assert_eq!(list.get(|item| item.cmp(&number)).copied(), put.then_some(number));
            }
            assert!(list.iter().eq(&plain));
            assert_eq!(list.first(), plain.first());
            let (mut gone, mut new) = (Vec::<&u32>::new(), Vec::<&u32>::new());
            first.differences(&list, Ord::cmp, |a, b| {
                gone.extend(a);
                new.extend(b);
            });
            assert!(gone.iter().copied().eq(firsts.iter().filter(|item| plain.binary_search(item).is_err())));
            assert!(new.iter().copied().eq(plain.iter().filter(|item| firsts.binary_search(item).is_err())));
            for skipped in [0, 1, plain.len() / 2, plain.len(), plain.len() + 7] {
                assert!(list.after(skipped).eq(plain.iter().skip(skipped)), "{skipped}");
            }
        }
    }
}
