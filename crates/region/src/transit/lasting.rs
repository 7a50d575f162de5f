//! How long something takes, when some of it is still waited for.
//!
//! What waits counts as having taken at least so long: left out, it would make slow look quick, since what takes longest waits longest.
//! The median is where the part that is still waited for falls to one half, by the estimate of Kaplan and Meier; if it does not fall so far,
//! the median is longer than all that was seen, and said as *at least*.
//!
//! Source: Kaplan and Meier, "Nonparametric estimation from incomplete observations", 1958.

use serde::Serialize;

/// Half of all take at most this long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Median {
    /// In seconds.
    pub seconds: u32,
    /// Whether it is longer: more than half are still waited for.
    pub at_least: bool,
}

/// The median of times in seconds, each with whether it came to its end; `None` of none.
#[must_use]
pub fn median(mut times: Vec<(u32, bool)>) -> Option<Median> {
    // What ended counts before what was waited for as long.
    times.sort_unstable_by_key(|(seconds, ended)| (*seconds, !ended));
    let mut left = 1.0;
    for (at, (seconds, ended)) in times.iter().enumerate() {
        if *ended {
            left *= 1.0 - 1.0 / (times.len() - at) as f64;
            // A half, but for rounding.
            if left <= 0.5 + 1e-9 {
                return Some(Median { seconds: *seconds, at_least: false });
            }
        }
    }
    times.last().map(|(seconds, _)| Median { seconds: *seconds, at_least: true })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(times: &[(u32, bool)]) -> (u32, bool) {
        let median = median(times.to_vec()).unwrap();
        (median.seconds, median.at_least)
    }

    #[test]
    fn what_waits_counts_as_at_least_so_long() {
        assert_eq!(of(&[(4, true), (1, true), (2, true), (9, true)]), (2, false));
        assert_eq!(of(&[(1, true), (90, false), (90, false)]), (90, true));
        assert_eq!(of(&[(5, false)]), (5, true));
        // The textbook's way: of three left after the first two, one ends.
        assert_eq!(of(&[(1, true), (2, false), (3, true), (4, false), (5, true)]), (5, false));
        // What waits but shortly takes nothing away from the others.
        assert_eq!(of(&[(0, false), (10, true), (20, true), (30, true)]), (20, false));
        assert_eq!(median(Vec::new()), None);
    }

    proptest! {
        #[test]
        fn without_any_that_wait_it_is_the_lower_median_and_waiting_never_shortens_it(
            ended in prop::collection::vec(0..1_000_u32, 1..40), waits in prop::collection::vec(0..1_000_u32, 0..40),
        ) {
            let mut sorted = ended.clone();
            sorted.sort_unstable();
            let all: Vec<(u32, bool)> = ended.iter().map(|seconds| (*seconds, true)).collect();
            let alone = median(all.clone()).unwrap();
            prop_assert_eq!((alone.seconds, alone.at_least), (sorted[(sorted.len() - 1) / 2], false));
            let more = all.into_iter().chain(waits.iter().map(|seconds| (*seconds, false))).collect();
            prop_assert!(median(more).unwrap().seconds >= alone.seconds);
        }
    }
}
