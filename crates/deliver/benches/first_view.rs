//! A member's first view of a circle with many indicators: read, judged, sorted, and its zone written.
//!
//! Prints one JSON object: the seconds of each of some first readings, each by parts that were made anew, on the clock
//! and of all processors; the seconds of the zone file after the last; memory in MiB, at most meanwhile and what the view keeps. Run by
//! `cargo bench -p bongsu-deliver --bench first_view`. Arguments: how many indicators, how many readings, and a folder, in which
//! the circle is kept for the next run; without one it is made each time.

#![allow(clippy::unwrap_used, reason = "a measurement that fails says so by panicking")]

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use bongsu_deliver::Deliver;
use gate::{Gate, NodeKey, Submission};
use line::{Options, Store};
use policy::{Circle, CircleId, Entry, Level, Member, MemberId, Terms};
use stix::{Timestamp, Tlp};
use uuid::Uuid;

/// As in the node.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SENDER: MemberId = MemberId::new(Uuid::from_u128(1));
const MEMBER: MemberId = MemberId::new(Uuid::from_u128(2));
const CIRCLE: CircleId = CircleId::new(Uuid::from_u128(3));
/// 2026-09-21.
const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);
const TOGETHER: u64 = 10_000;
const DESCRIPTION: &str = "Seen as second stage of a loader that was sent as a coding test to developers; answers to a \
    fixed path over TLS and changes its address every few days. Reported by two members of the circle.";

/// Scatters a number over 64 bits (splitmix64).
fn scattered(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// An indicator as they are published, some 800 bytes.
fn indicator(number: u64) -> String {
    let bits = u128::from(scattered(number)) << 64 | u128::from(scattered(!number));
    let id = uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid();
    format!(
        r#"{{"type":"indicator","spec_version":"2.1","id":"indicator--{id}","created_by_ref":"identity--7ed3d2f1-5a0c-4a1c-9b44-0d5a3a1e5b11","created":"2026-09-01T08:30:00.000Z","modified":"2026-09-01T08:30:00.000Z","name":"Command and control host","description":"{DESCRIPTION}","indicator_types":["malicious-activity"],"pattern":"[domain-name:value = 'n{:x}.top']","pattern_type":"stix","pattern_version":"2.1","valid_from":"2026-09-01T08:30:00Z","confidence":85,"kill_chain_phases":[{{"kill_chain_name":"mitre-attack","phase_name":"command-and-control"}}],"labels":["loader"],"object_marking_refs":["{}"]}}"#,
        scattered(!number),
        Tlp::Green.definition_id(),
    )
}

/// The node's parts below the one that is measured, with a circle of so many indicators.
fn gate(folder: &Path, count: u64) -> Gate {
    let store = Store::open(folder, &Options::default(), Arc::new(|| NOW.micros())).unwrap();
    let gate = Gate::open(store, NodeKey::new("bench.test", &[7; 32])).unwrap();
    if gate.book().circle(CIRCLE).is_some() {
        return gate;
    }
    for (id, handle) in [(SENDER, "sender"), (MEMBER, "member")] {
        let member = Member { level: Level::Exchange, ..Member::new(id, handle) };
        gate.record(MemberId::NODE, Entry::Member(member)).unwrap();
    }
    for from in (0..count).step_by(usize::try_from(TOGETHER).unwrap()) {
        if from == 0 {
            let circle = Circle { members: vec![SENDER, MEMBER], ..Circle::new(CIRCLE, "region") };
            gate.record(MemberId::NODE, Entry::Circle(circle)).unwrap();
        }
        let objects = (from..count.min(from + TOGETHER)).map(|number| {
            let raw = indicator(number);
            Submission { head: stix::read_head(&raw).unwrap(), raw }
        });
        gate.submit(SENDER, CIRCLE, &Terms::default(), objects.collect(), NOW).unwrap();
    }
    gate
}

/// This process's memory in MiB: now, and at most since it was last reset; nothing where the system does not tell.
fn memory_mib() -> Option<(u64, u64)> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let of = |name: &str| -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.trim_start_matches(':').trim().strip_suffix(" kB")?.parse::<u64>().ok()? / 1_024)
    };
    Some((of("VmRSS")?, of("VmHWM")?))
}

/// The seconds that this process has had of all processors; nothing where the system does not tell.
fn processor_s() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    Some(ticks.sum::<f64>() / 100.0)
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let count: u64 = arguments.next().map_or(100_000, |count| count.parse().unwrap());
    let readings: usize = arguments.next().map_or(3, |count| count.parse().unwrap());
    let kept = arguments.next();
    let temporary = tempfile::tempdir().unwrap();
    let gate = gate(kept.as_deref().map_or(temporary.path(), Path::new), count);
    let deliver = || Deliver::new(gate.clone(), None, "bench.test".to_owned(), Arc::new(|| NOW));
    let (mut seconds, mut processor, mut most, mut kept) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut zone_file_s = 0.0;
    for _ in 0..readings {
        let deliver = deliver();
        let before = memory_mib();
        // Where it can't be reset, the most is that of the whole run.
        let _not_everywhere = std::fs::write("/proc/self/clear_refs", "5");
        let had_s = processor_s();
        let started = Instant::now();
        let gathered = deliver.gather(MEMBER, Level::Block, true).unwrap();
        seconds.push(started.elapsed().as_secs_f64());
        processor.extend(processor_s().zip(had_s).map(|(now, before)| now - before));
        assert_eq!(gathered.len() as u64, count, "all of them may be acted on");
        if let Some(((before, _), (now, at_most))) = before.zip(memory_mib()) {
            most.push(at_most.saturating_sub(before));
            kept.push(now.saturating_sub(before));
        }
        let started = Instant::now();
        let zone = deliver.zone_file(MEMBER, true).unwrap();
        zone_file_s = started.elapsed().as_secs_f64();
        assert_eq!(zone.entries as u64, count);
    }
    println!(
        "{}",
        serde_json::json!({ "indicators": count, "first_view_s": seconds, "processor_s": processor, "most_mib": most, "kept_mib": kept, "zone_file_s": zone_file_s })
    );
}
