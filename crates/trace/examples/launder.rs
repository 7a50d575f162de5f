//! How much of a theft whose truth is known each method finds: `launder [seeds]`, by default 20.
//!
//! For each seed, two chains with 7,000 transfers each and a theft that is laundered are simulated (`tests/launder`), and followed by each method,
//! through nothing, through known pairings, and through all crossings. Printed are means over the seeds, with the least and the most, in percent.

#[path = "../tests/launder/measure.rs"]
mod measure;
#[path = "../tests/launder/script.rs"]
mod script;
#[path = "../tests/launder/sim.rs"]
mod sim;

use std::error::Error;

use measure::{Case, METHODS, Score, Through};

fn main() -> Result<(), Box<dyn Error>> {
    let seeds: u64 = std::env::args().nth(1).map_or(Ok(20), |count| count.parse())?;
    let mut scores = vec![Vec::new(); METHODS.len() * Through::ALL.len()];
    for seed in 1..=seeds {
        let folder = tempfile::tempdir()?;
        let case = Case::new(script::run(seed), folder.path())?;
        for (at, (method, _)) in METHODS.iter().enumerate() {
            for (through, of) in Through::ALL.iter().zip(&mut scores[at * Through::ALL.len()..]) {
                of.push(case.score(&case.follow(*method, through.0)?));
            }
        }
    }
    println!("{seeds} seeds; mean (least to most), in percent");
    println!("| method | followed through | right | wrong | crossed | crossed, wrong |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for (at, of) in scores.iter().enumerate() {
        let (_, method) = METHODS[at / Through::ALL.len()];
        let (through, name) = Through::ALL[at % Through::ALL.len()];
        let crossings = match through {
            Through::Nothing => "– | –".to_owned(),
            _ => format!("{} | {}", spread(of, |one| one.crossed), spread(of, |one| one.crossed_wrong)),
        };
        let (right, wrong) = (spread(of, |one| one.right), spread(of, |one| one.wrong));
        println!("| {method} | {name} | {right} | {wrong} | {crossings} |");
    }
    Ok(())
}

/// `91.3 (87.0 to 94.2)`, of millionths.
fn spread(scores: &[Score], of: impl Fn(&Score) -> u64) -> String {
    let values = || scores.iter().map(&of);
    let mean = values().sum::<u64>() / (scores.len() as u64).max(1);
    let shown = |value: u64| format!("{}.{}", (value + 500) / 10_000, (value + 500) / 1_000 % 10);
    let (least, most) = (values().min().unwrap_or(0), values().max().unwrap_or(0));
    format!("{} ({} to {})", shown(mean), shown(least), shown(most))
}
