//! How many objects are signed and verified in a second, on all cores: `cargo run --release -p bongsu-stix --example signature_speed`.
//!
//! The objects are indicators of about a kilobyte, which is what partners mostly share. To beat: 20,000 a second on two cores.

#![allow(clippy::expect_used, reason = "a bench that fails says so by panicking")]

use std::hint::black_box;
use std::thread;
use std::time::Instant;

use bongsu_stix::Timestamp;
use bongsu_stix::signature::{SecretKey, read, sign};

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

/// Seconds of processor time of this process so far, of all its threads (Linux: proc(5), /proc/PID/stat, fields 14 and 15).
fn processor_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Does `work` to each, spread over all cores; gives the objects, how many a second, and how many in a second of processor
/// time: the latter says what one core does on a machine that has other things to do.
fn measured(
    objects: &[String],
    threads: usize,
    work: impl Fn(&str) -> String + Sync,
) -> (Vec<String>, f64, f64) {
    let (begun, used, count) = (Instant::now(), processor_s(), objects.len());
    let share = count.div_ceil(threads);
    let run = |some: &[String]| some.iter().map(|object| work(object)).collect::<Vec<_>>();
    let run = &run;
    let done: Vec<String> = thread::scope(|scope| {
        let threads: Vec<_> = objects.chunks(share).map(|some| scope.spawn(move || run(some))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("the work ends")).collect()
    });
    let rate = |seconds: f64| count as f64 / seconds;
    (done, rate(begun.elapsed().as_secs_f64()), rate(processor_s() - used))
}

/// A line of JSON: objects a second, and in a second of one core.
fn told(what: &str, rate: f64, core: f64) {
    println!("{}", serde_json::json!({"what": what, "per_s": rate, "core_per_s": core}));
}

fn main() {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let key = SecretKey::new(&[7; 32]);
    let objects: Vec<String> = (0..OBJECTS).map(indicator).collect();
    let bytes = objects.iter().map(String::len).sum::<usize>() / OBJECTS;
    println!(
        "{}",
        serde_json::json!({"what": "made", "objects": OBJECTS, "bytes": bytes, "threads": threads})
    );
    let at = Timestamp::from_micros(1_790_000_000_000_000);
    let (signed, rate, core) =
        measured(&objects, threads, |raw| sign(raw, &key, at).expect("it can be signed"));
    told("sign", rate, core);
    let (_, rate, core) = measured(&signed, threads, |raw| {
        let signature = read(raw).expect("a signature").expect("a signature");
        signature.verify(key.public()).expect("it fits");
        black_box(signature.key()).to_owned()
    });
    told("verify", rate, core);
}
