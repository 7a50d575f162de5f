//! Many runs of one day as one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;

/// Gives what is in any of the runs to `take`, in order, each once.
///
/// # Errors
/// When a run can't be read, or `take` fails.
pub fn merged<I: Iterator<Item = io::Result<u128>>>(
    mut runs: Vec<I>,
    mut take: impl FnMut(u128) -> io::Result<()>,
) -> io::Result<()> {
    let mut first = BinaryHeap::with_capacity(runs.len());
    for (at, run) in runs.iter_mut().enumerate() {
        if let Some(value) = run.next().transpose()? {
            first.push(Reverse((value, at)));
        }
    }
    let mut last = None;
    while let Some(Reverse((value, at))) = first.pop() {
        if last.replace(value) != Some(value) {
            take(value)?;
        }
        if let Some(value) = runs.get_mut(at).and_then(Iterator::next).transpose()? {
            first.push(Reverse((value, at)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn what_is_in_any_run_comes_once_and_in_order(
            sets in proptest::collection::vec(proptest::collection::btree_set(0_u128..50, 0..20), 0..6)
        ) {
            let runs = sets.iter().map(|set| set.iter().map(|value| Ok(*value))).collect();
            let mut all = Vec::new();
            merged(runs, |value| { all.push(value); Ok(()) }).unwrap();
            let expected: BTreeSet<u128> = sets.into_iter().flatten().collect();
            prop_assert_eq!(all, expected.into_iter().collect::<Vec<_>>());
        }
    }
}
