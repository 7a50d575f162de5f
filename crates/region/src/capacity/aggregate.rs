//! How many of a circle's members fall short of what is called for, without saying which.
//!
//! The rule, for a circle that aggregates from `k` members on (`k` at least 3), towards one member that looks:
//!
//! 1. Those whom it sees anyway, itself and whoever opened something to it, are left out: otherwise the total less these would be
//!    the rest. Of the others at least `k` must be left, else nothing is said.
//! 2. Of several circles those are shown, from the largest on, whose others have none in common with those of one shown before; a
//!    circle of the very same others is shown as that one. So no difference of what is shown is about fewer than `k`.
//! 3. A count is told as a range: with `t = (k - 1) / 2`, from 0 to `t`, or all but `t` up to all, or `t + 1` wide between. So it is
//!    never said that none falls short, nor that all do.
//!
//! So whatever is shown at one time, whoever knows fewer than `t` of the others besides can't tell of any further one whether
//! it falls short: a test goes through all ways in which it could be. What this does not hold against is watching: if a range
//! changes at a time at which one of them alone can have changed, that one did.

use std::collections::BTreeSet;

use policy::{CircleId, MemberId};

/// The least `k` that a circle may set: below it a range would be a number.
pub const K_MIN: u8 = 3;
/// The `k` of a circle that sets none.
pub const K_DEFAULT: u8 = 5;

/// A circle, as it is aggregated for one that looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The circle.
    pub circle: CircleId,
    /// From how many members on.
    pub k: u8,
    /// Its members, without those whom the one who looks sees anyway.
    pub others: BTreeSet<MemberId>,
}

/// A range of a count, both ends in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// From.
    pub from: usize,
    /// To.
    pub to: usize,
}

/// What may be shown of a circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The circle.
    pub circle: CircleId,
    /// From how many members on it aggregates.
    pub k: u8,
    /// Of so many others.
    pub of: usize,
    /// For each capability, in order, how many fall short.
    pub short: Vec<Range>,
}

/// The range in which a count of `of` is told.
#[must_use]
pub fn range(count: usize, of: usize, k: u8) -> Range {
    let t = (usize::from(k.max(K_MIN)) - 1) / 2;
    let high = of.saturating_sub(t);
    match count {
        _ if count <= t => Range { from: 0, to: t },
        _ if count >= high => Range { from: high, to: of },
        _ => {
            // Between the two, in steps of t + 1 from t + 1 on; the last one ends where all but t begins.
            let from = count - count % (t + 1);
            Range { from, to: (from + t).min(high - 1) }
        }
    }
}

/// What may be shown of circles; `short` says of a member which of the capabilities it falls short of, in order.
#[must_use]
pub fn aggregates(
    mut groups: Vec<Group>,
    capabilities: usize,
    short: impl Fn(MemberId) -> Vec<bool>,
) -> Vec<Shown> {
    groups.sort_by_key(|group| (std::cmp::Reverse(group.others.len()), group.circle));
    // Circles of the same others tell the same, by the most careful of them.
    let careful: Vec<u8> = groups
        .iter()
        .map(|group| {
            let same = groups.iter().filter(|other| other.others == group.others);
            same.map(|other| other.k.max(K_MIN)).max().unwrap_or(K_MIN)
        })
        .collect();
    let mut told: Vec<&BTreeSet<MemberId>> = Vec::new();
    let mut shown = Vec::new();
    for (group, k) in groups.iter().zip(careful) {
        let is_apart = told.iter().all(|other| **other == group.others || other.is_disjoint(&group.others));
        if group.others.len() < usize::from(k) || !is_apart {
            continue;
        }
        told.push(&group.others);
        let mut counts = vec![0; capabilities];
        for member in &group.others {
            for (count, is_short) in counts.iter_mut().zip(short(*member)) {
                *count += usize::from(is_short);
            }
        }
        let of = group.others.len();
        let short = counts.into_iter().map(|count| range(count, of, k)).collect();
        shown.push(Shown { circle: group.circle, k, of, short });
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn member(at: usize) -> MemberId {
        MemberId::new(Uuid::from_u128(at as u128 + 1))
    }

    fn groups(all: &[(u8, Vec<usize>)]) -> Vec<Group> {
        let group = |(at, (k, others)): (usize, &(u8, Vec<usize>))| Group {
            circle: CircleId::new(Uuid::from_u128(at as u128)),
            k: *k,
            others: others.iter().map(|at| member(*at)).collect(),
        };
        all.iter().enumerate().map(group).collect()
    }

    /// What is shown if of these members those fall short whose bit is set.
    fn shown(groups: &[Group], world: u32) -> Vec<Shown> {
        aggregates(groups.to_vec(), 1, |id| {
            let at = id.uuid().as_u128() - 1;
            vec![world >> at & 1 == 1]
        })
    }

    #[test]
    fn fewer_than_k_others_are_never_aggregated() {
        let few = groups(&[(5, (0..4).collect())]);
        assert_eq!(shown(&few, 0b1), []);
        let enough = groups(&[(5, (0..5).collect())]);
        assert_eq!(shown(&enough, 0b1)[0].short, [Range { from: 0, to: 2 }]);
        assert_eq!(shown(&enough, 0b11111)[0].short, [Range { from: 3, to: 5 }]);
    }

    #[test]
    fn a_difference_of_two_circles_is_not_shown() {
        // The second has one member less: what the first has beyond it would be that one.
        let two = groups(&[(3, (0..6).collect()), (3, (0..5).collect())]);
        let shown_all = shown(&two, 0b10_0000);
        assert_eq!(shown_all.iter().map(|one| one.of).collect::<Vec<_>>(), [6]);
        let apart = groups(&[(3, (0..4).collect()), (3, (4..8).collect()), (4, (0..4).collect())]);
        let of: Vec<_> = shown(&apart, 0).iter().map(|one| (one.of, one.k)).collect();
        assert_eq!(of, [(4, 4), (4, 3), (4, 4)], "the same others by the most careful of both");
    }

    #[test]
    fn ranges_cover_every_count_once() {
        for k in 3..=9 {
            for of in usize::from(k)..40 {
                let mut last = None;
                for count in 0..=of {
                    let range = range(count, of, k);
                    assert!(range.from <= count && count <= range.to && range.from < range.to.max(1) + 1);
                    if last != Some(range) {
                        assert_eq!(
                            last.map_or(0, |last: Range| last.to + 1),
                            range.from,
                            "{count} of {of}, {k}"
                        );
                    }
                    last = Some(range);
                }
                assert_eq!(last.unwrap().to, of);
                assert!(range(0, of, k).to > 0 && range(of, of, k).from < of, "neither none nor all");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        /// In every way that the others could be which shows the same, each of them once falls short and once does not, even for
        /// whoever knows as many of the others as the rule allows.
        #[test]
        fn nobody_is_worked_out(
            all in prop::collection::vec((3_u8..6, prop::collection::vec(0_usize..9, 0..9)), 1..4),
            world in 0_u32..512,
            knows in 0_usize..9,
        ) {
            let groups = groups(&all);
            let told = shown(&groups, world);
            let k = told.iter().map(|one| one.k).min().unwrap_or(K_MIN);
            let t = (u32::from(k) - 1) / 2;
            // Whom the one who looks knows besides: t - 1 of them, beginning anywhere.
            let known: u32 = (0..t.saturating_sub(1)).map(|at| 1 << ((knows as u32 + at) % 9)).sum();
            let same: Vec<u32> = (0_u32..512)
                .filter(|other| other & known == world & known && shown(&groups, *other) == told)
                .collect();
            let all: BTreeSet<MemberId> = groups.iter().flat_map(|group| group.others.clone()).collect();
            for at in (0..9).filter(|at| all.contains(&member(*at)) && known >> at & 1 == 0) {
                let is_short = |other: &&u32| *other >> at & 1 == 1;
                prop_assert!(same.iter().any(|other| is_short(&other)), "{} is told not to fall short", at);
                prop_assert!(!same.iter().all(|other| is_short(&other)), "{} is told to fall short", at);
            }
        }
    }
}
