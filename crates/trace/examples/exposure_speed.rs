//! How fast exposure is told, from a store that `flows_speed` has made:
//!
//! ```text
//! flows_speed generate transfers.csv 10000000
//! flows_speed load transfers.csv FOLDER
//! exposure_speed FOLDER [ADDRESSES]      as many addresses, at random; 1,000 if it isn't said
//! ```
//!
//! One address of a hundred has a label. The transfers are of people who give as often as they get, and of hubs that have up to a
//! fourteenth of all; what is asked is also asked without any limit of hops and size, so that the limit of transfers read is met.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use bongsu_trace::exposure::{End, Limits, Side, exposure};
use bongsu_trace::label::Category;
use bongsu_trace::{Account, Store};

/// One address of so many has a label.
const LABELLED: u32 = 100;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (folder, count) = match arguments.as_slice() {
        [folder] => (folder, 1_000),
        [folder, count] => (folder, count.parse()?),
        _ => return Err("usage: exposure_speed FOLDER [ADDRESSES]".into()),
    };
    let store = Store::open(Path::new(folder))?;
    println!("{store:?}");
    let limits = Limits::default();
    for side in [Side::Sources, Side::Sinks] {
        measure(&store, side, count, "direct", Limits { hops_max: 1, ..limits })?;
        measure(&store, side, count, "as usual", limits)?;
        measure(&store, side, count, "to the end", Limits { hops_max: 64, ppm_min: 0, ..limits })?;
    }
    println!("peak {} MB", peak().unwrap_or(0));
    Ok(())
}

fn measure(
    store: &Store,
    side: Side,
    count: usize,
    name: &str,
    limits: Limits,
) -> Result<(), Box<dyn Error>> {
    let labelled = |account: Account| account.0.is_multiple_of(LABELLED).then_some(Category::Exchange);
    let (mut times, mut read, mut passed, mut budget) = (Vec::new(), 0, 0, 0);
    // A step that has no divisor in common with the number of accounts: all are different, and it is the same each time.
    let step = (u64::from(store.accounts()) / 1_618 * 1_000) | 1;
    for at in 0..count as u64 {
        let account = Account(u32::try_from(at * step % u64::from(store.accounts()))?);
        let began = Instant::now();
        let found = exposure(store, account, side, None, labelled, limits)?;
        times.push(began.elapsed());
        read += found.read;
        passed += found.passed;
        budget += usize::from(found.rows.iter().any(|row| matches!(row.end, End::Budget | End::Large)));
    }
    times.sort_unstable();
    let ms = |part: usize| {
        times
            .get((times.len() * part / 1_000).min(times.len() - 1))
            .map_or(0.0, |time| time.as_secs_f64() * 1e3)
    };
    let all: f64 = times.iter().map(std::time::Duration::as_secs_f64).sum();
    println!(
        "{side:?}, {name}: median {:.3} ms, 95 % within {:.2} ms, 99 % within {:.2} ms, slowest {:.1} ms; {:.1} addresses gone through and \
         {:.0} transfers read on the average, {:.0} ns each; {budget} of {count} met the limit",
        ms(500),
        ms(950),
        ms(990),
        ms(1_000),
        passed as f64 / count as f64,
        read as f64 / count as f64,
        all * 1e9 / read.max(1) as f64,
    );
    Ok(())
}

/// The most memory that this process had, in MB.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? / 1_000)
}
