//! How many objects are signed and verified in a second, on all cores: `cargo run --release -p bongsu-stix --example signature_speed`.
//!
//! The objects are indicators of about a kilobyte, which is what partners mostly share. To beat: 20,000 a second on two cores.

#![allow(clippy::expect_used, reason = "a bench that fails says so by panicking")]

use std::hint::black_box;
use std::thread;
use std::time::Instant;

use stix::Timestamp;
use stix::signature::{SecretKey, read, sign};

const OBJECTS: usize = 40_000;

fn indicator(number: usize) -> String {
    let text =
        "seen in mails to ministries, opened by a macro, talks to its server every ten minutes; ".repeat(6);
    serde_json::json!({
        "type": "indicator", "spec_version": "2.1", "id": format!("indicator--00000000-0000-4000-8000-{number:012x}"),
        "created_by_ref": "identity--1a5e4e6c-5d3c-4d0b-8c0a-0d6a3d7a2c11",
        "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
        "name": format!("malware {number}"), "description": text, "indicator_types": ["malicious-activity"],
        "pattern": format!("[domain-name:value = 'host{number}.example']"), "pattern_type": "stix",
        "valid_from": "2026-01-01T00:00:00Z", "confidence": 85, "labels": ["botnet", "phishing"],
        "object_marking_refs": ["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"],
    })
    .to_string()
}

/// Does `work` to each, spread over all cores; gives the objects and how many a second.
fn measured(
    objects: Vec<String>,
    threads: usize,
    work: impl Fn(&str) -> String + Sync,
) -> (Vec<String>, f64) {
    let (begun, count) = (Instant::now(), objects.len());
    let share = count.div_ceil(threads);
    let done: Vec<String> = thread::scope(|scope| {
        let run = |some: &'_ [String]| some.iter().map(|object| work(object)).collect::<Vec<_>>();
        let threads: Vec<_> = objects.chunks(share).map(|some| scope.spawn(move || run(some))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("the work ends")).collect()
    });
    (done, count as f64 / begun.elapsed().as_secs_f64())
}

fn main() {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let key = SecretKey::new(&[7; 32]);
    let objects: Vec<String> = (0..OBJECTS).map(indicator).collect();
    let bytes = objects.iter().map(String::len).sum::<usize>() / OBJECTS;
    println!("{OBJECTS} objects of {bytes} bytes, {threads} threads");
    let at = Timestamp::from_micros(1_790_000_000_000_000);
    let (signed, rate) = measured(objects, threads, |raw| sign(raw, &key, at).expect("it can be signed"));
    println!("sign    {rate:.0} objects/s");
    let (_, rate) = measured(signed, threads, |raw| {
        let signature = read(raw).expect("a signature").expect("a signature");
        signature.verify(key.public()).expect("it fits");
        black_box(signature.key()).to_owned()
    });
    println!("verify  {rate:.0} objects/s");
}
