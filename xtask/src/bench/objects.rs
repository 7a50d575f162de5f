//! Indicators as they are published: about 800 bytes each, every one different, the same in each run.

use uuid::Uuid;

const BEFORE: &str = r#"{"type":"indicator","spec_version":"2.1","id":"indicator--"#;
const MIDDLE: &str = r#"","created_by_ref":"identity--7ed3d2f1-5a0c-4a1c-9b44-0d5a3a1e5b11","created":"2026-09-01T08:30:00.000Z","modified":"2026-09-01T08:30:00.000Z","name":"Command and control host","description":"Seen as second stage of a loader that was sent as a coding test to developers; answers to a fixed path over TLS and changes its address every few days. Reported by two members of the circle.","indicator_types":["malicious-activity"],"pattern":"[domain-name:value = '"#;
const AFTER: &str = r#"']","pattern_type":"stix","pattern_version":"2.1","valid_from":"2026-09-01T08:30:00Z","confidence":85,"kill_chain_phases":[{"kill_chain_name":"mitre-attack","phase_name":"command-and-control"}],"labels":["loader"],"object_marking_refs":["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"]}"#;

/// Scatters a number over 64 bits (splitmix64).
pub(super) fn scattered(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The domain that indicator `number` names, under a top-level domain.
pub(crate) fn domain_in(top: &str, number: u64) -> String {
    format!("n{:x}.{top}", scattered(!number))
}

/// Appends indicator `number` to `text`.
pub(crate) fn push(text: &mut String, number: u64) {
    push_in("example", text, number);
}

fn push_in(top: &str, text: &mut String, number: u64) {
    let (high, low) = (scattered(number), scattered(!number));
    let id = uuid::Builder::from_random_bytes((u128::from(high) << 64 | u128::from(low)).to_be_bytes())
        .into_uuid();
    text.push_str(BEFORE);
    text.push_str(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
    text.push_str(MIDDLE);
    text.push_str(&domain_in(top, number));
    text.push_str(AFTER);
}

/// An envelope with the `count` indicators from `first` on.
pub(crate) fn envelope(first: u64, count: u64) -> String {
    envelope_in("example", first, count)
}

/// As [`envelope`], with domains under `top`: nothing under `example` is ever blocked.
pub(crate) fn envelope_in(top: &str, first: u64, count: u64) -> String {
    let mut text = String::with_capacity(32 + usize::try_from(count).unwrap_or(1) * 900);
    text.push_str("{\"objects\":[");
    for number in first..first + count {
        if number > first {
            text.push(',');
        }
        push_in(top, &mut text, number);
    }
    text.push_str("]}");
    text
}
