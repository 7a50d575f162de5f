//! A capture of packets as lines of text, with the packet of each.

use std::io::Read;

use watch::hunt::capture::{Capture, Observed};

use super::source::{once, up_to};

/// Bytes that are read of a capture at a time, and bytes of text with which a piece ends.
const READ_BYTES: usize = 256 << 10;
const PIECE_BYTES: usize = 1 << 20;

/// A capture that is read.
pub(super) struct Packets {
    from: Box<dyn Read + Send>,
    capture: Capture,
    seen: Observed,
    buffer: Vec<u8>,
    has_ended: bool,
    /// Whether it comes bit by bit: what is there is looked at before more is waited for.
    is_stream: bool,
}

/// The packets of a piece.
#[derive(Debug)]
pub(super) struct PacketLines {
    /// How many packets.
    pub(super) count: u64,
    /// For each line of the piece, its packet in the file, from 1.
    of_lines: Vec<u64>,
}

impl PacketLines {
    /// The packet of the line before which there are so many.
    pub(super) fn of(&self, lines: u64) -> u64 {
        usize::try_from(lines).ok().and_then(|at| self.of_lines.get(at)).copied().unwrap_or_default()
    }
}

impl Packets {
    pub(super) fn new(from: Box<dyn Read + Send>, is_stream: bool) -> Self {
        let (capture, seen) = (Capture::default(), Observed::default());
        Self { from, capture, seen, buffer: Vec::new(), has_ended: false, is_stream }
    }

    /// Reads packets: lines for what they show, and what could not be read of them. At the end, no packets and no lines.
    pub(super) fn fill(&mut self, piece: &mut Vec<u8>) -> (PacketLines, Vec<String>) {
        let (before, mut faults) = (self.seen.packets, Vec::new());
        while !self.has_ended && self.seen.text.len() < PIECE_BYTES {
            self.buffer.resize(READ_BYTES, 0);
            let (read, failed) = match self.is_stream {
                true => once(&mut self.from, &mut self.buffer),
                false => up_to(&mut self.from, &mut self.buffer),
            };
            let taken = self.capture.take(&self.buffer[..read], &mut self.seen).err();
            self.has_ended = read == 0 || failed.is_some() || taken.is_some();
            faults.extend(failed.map(|error| error.to_string()));
            faults.extend(taken.map(|fault| fault.to_string()));
            if self.has_ended {
                let left = self.capture.end(&mut self.seen);
                // Where the file itself could not be read, it is no news that it ends there.
                let is_new = faults.is_empty();
                faults.extend(left.iter().filter(|fault| is_new || !fault.is_cut()).map(ToString::to_string));
            }
            if self.is_stream && !self.seen.text.is_empty() {
                break;
            }
        }
        piece.clear();
        piece.append(&mut self.seen.text);
        let of_lines = std::mem::take(&mut self.seen.of_packets);
        (PacketLines { count: self.seen.packets - before, of_lines }, faults)
    }
}
