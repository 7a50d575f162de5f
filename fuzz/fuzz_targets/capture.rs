#![no_main]
//! Captures: whatever their bytes are, lines are text with a packet each, and the same lines come however the bytes are cut. The first byte
//! says in what pieces they come; with the second, packets are made of the rest instead, so that what is within them is met as well.

use libfuzzer_sys::fuzz_target;
use watch::hunt::capture::{Capture, Fault, Observed};

fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Observed, Vec<Fault>) {
    let (mut capture, mut seen, mut faults) = (Capture::default(), Observed::default(), Vec::new());
    for piece in pieces {
        if let Err(fault) = capture.take(piece, &mut seen) {
            faults.push(fault);
            break;
        }
    }
    faults.extend(capture.end(&mut seen));
    (seen, faults)
}

/// A pcap of packets of a link, each behind its length in one byte.
fn made(link: u8, mut bytes: &[u8]) -> Vec<u8> {
    let link = [1_u32, 101, 113, 276, 0, 9][usize::from(link) % 6];
    let head: [u32; 6] = [0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, link];
    let mut file: Vec<u8> = head.iter().flat_map(|word| word.to_le_bytes()).collect();
    while let [length, rest @ ..] = bytes {
        let (packet, rest) = rest.split_at(usize::from(*length).min(rest.len()));
        let length = packet.len() as u32;
        file.extend([0, 0, length, length].iter().flat_map(|word| word.to_le_bytes()));
        file.extend_from_slice(packet);
        bytes = rest;
    }
    file
}

fuzz_target!(|data: &[u8]| {
    let [size, kind, bytes @ ..] = data else { return };
    let made = if kind % 2 == 0 { bytes.to_vec() } else { made(kind / 2, bytes) };
    let (whole, faults) = read(std::iter::once(&made[..]));
    let text = std::str::from_utf8(&whole.text).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(text.lines().count(), whole.of_packets.len());
    assert!(text.is_empty() || text.ends_with('\n'));
    assert!(!text.bytes().any(|byte| byte.is_ascii_control() && byte != b'\n'), "{text:?}");
    assert!(whole.of_packets.iter().all(|packet| (1..=whole.packets).contains(packet)));
    let (pieces, others) = read(made.chunks(usize::from(*size) + 1));
    assert_eq!(
        (&whole.text, &whole.of_packets, whole.packets, faults),
        (&pieces.text, &pieces.of_packets, pieces.packets, others)
    );
});
