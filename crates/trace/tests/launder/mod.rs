//! A launderer whose truth is known: how much of it each method finds.

mod measure;
mod script;
mod sim;

use bongsu_trace::U256;
use bongsu_trace::taint::Method;
use measure::{Case, METHODS, Score, Through};

fn case(seed: u64) -> Case {
    let folder = tempfile::tempdir().unwrap();
    // Open files stay readable when their folder is gone.
    Case::new(script::run(seed), folder.path()).unwrap()
}

fn score(case: &Case, method: Method, through: Through) -> Score {
    case.score(&case.follow(method, through).unwrap())
}

/// The truth is whole: what was stolen is somewhere, but for fees of less than one in a hundred.
#[test]
fn everything_stolen_is_somewhere() {
    for seed in 1..4 {
        let case = case(seed);
        let all: u128 =
            case.truth().iter().map(|((chain, _, coin), amount)| coin.worth(*chain, *amount)).sum();
        let stolen = 1_000 * 10_u128.pow(18);
        assert!(all < stolen && all > stolen / 100 * 99, "{seed}: {all}");
        let services: u128 = case.sim.entered.values().sum();
        assert!(services > 0 && case.sim.crossed.len() > 20);
    }
}

/// To the last millionth: whoever changes a method or how crossings are paired, sees here what it does.
#[test]
fn each_method_finds_so_much_of_one_theft() {
    let case = case(1);
    let told: Vec<_> = METHODS
        .iter()
        .map(|(method, name)| {
            let Score { right, wrong, crossed, crossed_wrong } = score(&case, *method, Through::All);
            (*name, right, wrong, crossed, crossed_wrong)
        })
        .collect();
    assert_eq!(
        told,
        [
            ("poison", 999_954, 689_261, 948_936, 269_497),
            ("haircut", 918_643, 81_573, 850_920, 48_290),
            ("fifo", 888_663, 111_539, 826_590, 74_503),
            ("lifo", 892_242, 107_909, 855_500, 81_130),
        ]
    );
}

/// On other thefts: poison misses next to nothing and says much too much, and the others find most, and no more than was stolen.
#[test]
fn crossings_find_what_ends_at_services_without_them() {
    for seed in 2..6 {
        let case = case(seed);
        for (method, name) in METHODS {
            let [without, known, all] = Through::ALL.map(|(through, _)| score(&case, method, through));
            assert!(without.right < known.right && known.right < all.right, "{seed} {name}");
            assert!(all.right > without.right + 200_000, "{seed} {name}: {all:?} {without:?}");
            assert_eq!((without.crossed, without.crossed_wrong), (0, 0));
            if method == Method::Poison {
                assert!(all.right > 995_000 && all.wrong > 400_000, "{seed} {name}: {all:?}");
            } else {
                assert!(all.right > 800_000 && all.wrong < 200_000, "{seed} {name}: {all:?}");
                assert!(all.crossed > 750_000 && all.crossed_wrong < 150_000, "{seed} {name}: {all:?}");
            }
        }
    }
}

/// Nothing is lost on a chain, and the same is found each time.
#[test]
fn sums_hold_and_the_same_seed_says_the_same() {
    let (one, again) = (case(7), case(7));
    for (method, _) in METHODS {
        let across = one.follow(method, Through::All).unwrap();
        assert_eq!(across.crossings, again.follow(method, Through::All).unwrap().crossings);
        assert!(across.short.is_empty() && across.findings.is_empty());
        for sum in across.sums().iter().filter(|_| method != Method::Poison) {
            assert_eq!(sum.stolen + sum.came, sum.held + sum.entered + sum.continued + sum.burnt, "{sum:?}");
        }
        let stolen: U256 = across.sums().iter().map(|sum| sum.stolen).sum();
        assert_eq!(stolen, U256::from(1_000) * U256::from(10).pow(U256::from(18)));
    }
}
