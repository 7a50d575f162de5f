//! Nothing is lost: a store that is killed, whose disk is full, or whose last writes are torn holds all that it acknowledged and
//! nothing else, is sound, and starts and goes on without help.
//!
//! `BONGSU_ROUNDS` says how many rounds of each kind there are, `BONGSU_SEED` with which seed they begin; each kind says its own,
//! with which it can be repeated. Arguments choose kinds by name.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so by panicking")]

mod check;
mod dice;
mod full;
mod killed;
mod synced;
mod torn;
mod work;

use dice::Dice;

/// A kind of fault: its name, how many rounds it has by default, and what makes some of them.
type Kind = (&'static str, u64, fn(&mut Dice, u64) -> u64);

const KINDS: [Kind; 5] = [
    ("synced", 100, synced::rounds),
    ("killed", 400, killed::rounds),
    ("limited", 100, killed::limited),
    ("full", 200, full::rounds),
    ("torn", 1_500, torn::rounds),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["child", folder, first, appends] => {
            let (first, appends) = (first.parse().unwrap(), appends.parse().unwrap());
            return work::append_and_tell(folder.as_ref(), first, appends);
        }
        ["full", folder, seed, rounds] => {
            return full::inside(folder.as_ref(), seed.parse().unwrap(), rounds.parse().unwrap());
        }
        _ => {}
    }
    let number = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let chosen: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    for (name, rounds, run) in KINDS {
        if !chosen.is_empty() && !chosen.iter().any(|part| name.contains(part.as_str())) {
            continue;
        }
        let rounds = number("BONGSU_ROUNDS").unwrap_or(rounds);
        let seed = number("BONGSU_SEED").unwrap_or(0x0b0f_a9d2);
        println!("{name}: {rounds} rounds, BONGSU_SEED={seed}");
        let began = std::time::Instant::now();
        let acknowledged = run(&mut Dice::new(seed), rounds);
        let took = began.elapsed().as_millis();
        println!("{name}: all of {acknowledged} acknowledged records were there after each, {took} ms");
        assert!(acknowledged > rounds, "{name}: work was done in between");
    }
}
