//! How long proofs take in a large tree that is kept in files: `cargo run --release -p bongsu-line --example proofs -- 100000000`.
//!
//! Makes a tree of so many leaves in a folder of its own (32 bytes a leaf), proves leaves that lie all over it and growth from all
//! kinds of sizes, checks each proof, and prints the median and the worst time as lines of JSON. The folder is removed at the end.

use std::time::{Duration, Instant};

use bongsu_line::merkle::kept::Kept;
use bongsu_line::merkle::{Hash, leaf, verify_consistency, verify_inclusion};

/// Proofs of each kind.
const PROOFS: u64 = 2_000;

fn nth(at: u64) -> Hash {
    leaf(&at.to_be_bytes())
}

fn shown(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at =
        |share: usize| times.get(times.len() * share / 1_000).or(times.last()).copied().unwrap_or_default();
    let ms = |share| at(share).as_secs_f64() * 1e3;
    println!(
        "{}",
        serde_json::json!({"what": what, "median_ms": ms(500), "p999_ms": ms(999), "worst_ms": ms(1_000)})
    );
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let size: u64 = std::env::args().nth(1).map_or(Ok(100_000_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let mut kept = Kept::open(folder.path(), "example")?;
    let begun = Instant::now();
    for at in 0..size {
        kept.push(nth(at))?;
    }
    kept.write()?;
    println!("{}", serde_json::json!({"what": "made", "leaves": size, "s": begun.elapsed().as_secs_f64()}));
    let begun = Instant::now();
    drop(kept);
    let kept = Kept::open(folder.path(), "example")?;
    println!("{}", serde_json::json!({"what": "taken up", "s": begun.elapsed().as_secs_f64()}));
    let root = kept.root();
    let (mut included, mut continued) = (Vec::new(), Vec::new());
    for turn in 0..PROOFS {
        // A step that is odd and large, so that no two proofs are near each other.
        let at = turn.wrapping_mul(0x9e37_79b9_7f4a_7c15) % size;
        let begun = Instant::now();
        let path = kept.inclusion(at, size)?.ok_or("no such leaf")?;
        included.push(begun.elapsed());
        assert!(verify_inclusion(&nth(at), at, size, &path, &root), "leaf {at}");
        let begun = Instant::now();
        let path = kept.consistency(at, size)?.ok_or("no such size")?;
        continued.push(begun.elapsed());
        let mut root_then = |level, index| -> std::io::Result<Hash> { kept.subtree(level, index) };
        let then = bongsu_line::merkle::prove::root(at, &mut root_then)?;
        assert!(verify_consistency(at, size, &then, &root, &path), "size {at}");
    }
    shown("inclusion", included);
    shown("consistency", continued);
    Ok(())
}
