//! How fast the guard answers and how much memory its lists take: `cargo run --release -p bongsu-watch --example guard_speed`.

use std::time::Instant;

use bongsu_watch::{Context, Guard, Kind, Lists, Value, normalise};
use stix::Timestamp;

const ROUNDS: usize = 50;

fn main() {
    let start = Instant::now();
    let (lists, _) = Lists::with::<&str>(&[]);
    println!("lists read in {:?}, {} KiB", start.elapsed(), lists.bytes() / 1024);
    let (guard, _) = Guard::new(lists.into(), &["cert.example-kr.kr", "198.41.0.0/24"]);
    let context = Context::new(Timestamp::from_micros(1_795_000_000_000_000), 0);
    let some = |kind, make: fn(u32) -> String| -> Vec<Value> {
        (0..20_000).filter_map(|at| normalise(kind, &make(at)).ok()).collect()
    };
    let sets = [
        ("domains", some(Kind::Domain, |at| format!("host{}.bad-{at}.co.kr", at % 7))),
        (
            "addresses",
            some(Kind::Ipv4, |at| std::net::Ipv4Addr::from(at.wrapping_mul(2_654_435_761)).to_string()),
        ),
        ("hashes", some(Kind::Sha256, |at| format!("{at:064x}"))),
        ("URLs", some(Kind::Url, |at| format!("http://bad-{at}.com/gate.php?id={at}"))),
    ];
    for (name, values) in sets {
        let start = Instant::now();
        let mut passed = 0;
        for _ in 0..ROUNDS {
            passed += values.iter().filter(|value| guard.check(value, &context).is_ok()).count();
        }
        let rate = (values.len() * ROUNDS) as f64 / start.elapsed().as_secs_f64();
        println!(
            "{name}: {:.1} million/s, {:.0}% pass",
            rate / 1e6,
            passed as f64 * 100.0 / (values.len() * ROUNDS) as f64
        );
    }
}
