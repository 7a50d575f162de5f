//! Packets of pcap and pcapng files, which come piece by piece.
//!
//! Source: the Internet drafts draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng.

use pcap_parser::nom::Err;
use pcap_parser::pcapng::{Block, InterfaceDescriptionBlock, OptionCode, parse_block_be, parse_block_le};
use pcap_parser::{LegacyPcapBlock, PcapError, PcapHeader, parse_pcap_frame, parse_pcap_frame_be};
use pcap_parser::{parse_pcap_frame_modified, parse_pcap_header};

/// Longest record or block that is read, in bytes: four times what `tcpdump` takes of a packet at most.
const BLOCK_BYTES_MAX: usize = 1 << 20;
/// Shortest block, in bytes: its kind, and its length before and behind.
const NG_BLOCK_BYTES_MIN: u32 = 12;
/// Interfaces of a section that are known.
const INTERFACES_MAX: usize = 4096;
/// Bytes of a pcap's head.
const HEAD_BYTES: usize = 24;

const SECTION: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
/// Blocks that are needed, whatever their length: section, interface, the old packet, simple packet, packet.
const NEEDED: [u32; 5] = [0x0a0d_0d0a, 1, 2, 3, 6];

/// Why a capture, or a part of it, can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It ends in the middle.
    #[error("the capture ends within what follows packet {packets}")]
    Cut {
        /// Packets before.
        packets: u64,
    },
    /// Something has a length that nothing of its kind has.
    #[error("what follows packet {packets} says it has {bytes} bytes; {BLOCK_BYTES_MAX} are read at most")]
    TooLong {
        /// Packets before.
        packets: u64,
        /// Its length, in bytes.
        bytes: u64,
    },
    /// What stands there is no packet and no block.
    #[error("what follows packet {packets} is no part of a capture")]
    Form {
        /// Packets before.
        packets: u64,
    },
    /// Packets of an interface that was not described before them, so that nothing is known of their link.
    #[error("{packets} packets are of an interface that the capture does not describe")]
    Interface {
        /// Packets, counted.
        packets: u64,
    },
    /// Packets of a link that is not known.
    #[error("{packets} packets are of link type {link}, which is not read")]
    Link {
        /// The link's number, as on the list of <https://www.tcpdump.org/linktypes.html>.
        link: u16,
        /// Packets, counted.
        packets: u64,
    },
}

impl Fault {
    /// Whether the capture ends in the middle.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        matches!(self, Self::Cut { .. })
    }
}

/// Which packet it is, and when it was seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Stamp {
    /// The packet's number in the file, from 1.
    pub(super) number: u64,
    /// Microseconds since 1970, as the file has it.
    pub(super) micros: i64,
}

/// A packet as the file has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packet<'a> {
    pub(super) stamp: Stamp,
    /// The kind of link.
    pub(super) link: u16,
    pub(super) bytes: &'a [u8],
}

/// Reads a file.
#[derive(Debug, Default)]
pub(super) struct Reader {
    form: Form,
    /// What came and is no whole record yet.
    rest: Vec<u8>,
    /// Bytes to pass over before what comes.
    skip: u64,
    packets: u64,
    /// Packets of interfaces that are not known.
    strays: u64,
    has_failed: bool,
}

#[derive(Debug, Default)]
enum Form {
    #[default]
    Unknown,
    Pcap(PcapHeader),
    Ng {
        is_big_endian: bool,
        interfaces: Vec<Interface>,
    },
}

/// What packets of an interface have in common.
#[derive(Debug, Clone, Copy)]
struct Interface {
    link: u16,
    /// Parts of a second in which times are counted.
    per_second: u128,
    /// Seconds that times lack.
    offset: i64,
    snap: u32,
}

/// How a step ended.
enum Step {
    /// So many bytes are done with.
    Used(usize),
    /// So many bytes are passed over, whether they are there or not.
    Skip(u64),
    /// More must come.
    Wait,
}

pub(super) const fn is_magic(start: [u8; 4]) -> bool {
    let number = u32::from_le_bytes(start);
    matches!(number, 0x0a0d_0d0a | 0xa1b2_c3d4 | 0xd4c3_b2a1 | 0xa1b2_3c4d | 0x4d3c_b2a1 | 0xa1b2_cd34)
}

impl Reader {
    /// Gives each packet that is whole by now.
    pub(super) fn take(&mut self, bytes: &[u8], mut each: impl FnMut(Packet<'_>)) -> Result<(), Fault> {
        if self.has_failed {
            return Err(Fault::Form { packets: self.packets });
        }
        let mut rest = std::mem::take(&mut self.rest);
        rest.extend_from_slice(bytes);
        let mut at = 0;
        let outcome = loop {
            let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(rest.len() - at);
            at += skipped;
            self.skip -= skipped as u64;
            if at == rest.len() {
                break Ok(());
            }
            match self.step(&rest[at..], &mut each) {
                Ok(Step::Used(length)) => at += length,
                Ok(Step::Skip(length)) => self.skip = length,
                Ok(Step::Wait) => break Ok(()),
                Err(fault) => break Err(fault),
            }
        };
        self.has_failed = outcome.is_err();
        rest.drain(..at);
        self.rest = if self.has_failed { Vec::new() } else { rest };
        outcome
    }

    /// How many packets came.
    pub(super) const fn packets(&self) -> u64 {
        self.packets
    }

    /// What is wrong with its packets, and with where it ends.
    pub(super) fn end(&mut self) -> impl Iterator<Item = Fault> {
        let packets = std::mem::take(&mut self.strays);
        let strays = (packets > 0).then_some(Fault::Interface { packets });
        let is_cut = !self.rest.is_empty() || self.skip > 0;
        let cut = (is_cut && !self.has_failed).then_some(Fault::Cut { packets: self.packets });
        strays.into_iter().chain(cut)
    }

    fn step(&mut self, bytes: &[u8], each: &mut impl FnMut(Packet<'_>)) -> Result<Step, Fault> {
        let packets = self.packets;
        match &mut self.form {
            Form::Unknown => {
                let Some(start) = bytes.first_chunk::<4>() else { return Ok(Step::Wait) };
                if *start == SECTION {
                    self.form = Form::Ng { is_big_endian: false, interfaces: Vec::new() };
                    return Ok(Step::Used(0));
                }
                if bytes.len() < HEAD_BYTES {
                    return Ok(Step::Wait);
                }
                let (_, head) = parse_pcap_header(bytes).map_err(|_| Fault::Form { packets })?;
                self.form = Form::Pcap(head);
                Ok(Step::Used(HEAD_BYTES))
            }
            Form::Pcap(head) => {
                let parse = match (head.is_modified_format(), head.is_bigendian()) {
                    (true, _) => parse_pcap_frame_modified,
                    (false, true) => parse_pcap_frame_be,
                    (false, false) => parse_pcap_frame,
                };
                let (length, record) = match parse(bytes) {
                    Ok((rest, record)) => (bytes.len() - rest.len(), record),
                    Err(error) => return waits(&error, record_bytes(bytes, head), packets),
                };
                self.packets += 1;
                let stamp =
                    Stamp { number: self.packets, micros: micros(&record, head.is_nanosecond_precision()) };
                each(Packet { stamp, link: head.network.0 as u16, bytes: record.data });
                Ok(Step::Used(length))
            }
            Form::Ng { is_big_endian, interfaces } => {
                let (Some(kind), Some(length)) = (word(bytes, 0), word(bytes, 4)) else {
                    return Ok(Step::Wait);
                };
                if bytes.starts_with(&SECTION) {
                    let Some(order) = bytes.get(8..12) else { return Ok(Step::Wait) };
                    *is_big_endian = order == [0x1a, 0x2b, 0x3c, 0x4d];
                    interfaces.clear();
                }
                let in_order = |number: u32| if *is_big_endian { number.swap_bytes() } else { number };
                let (kind, length) = (in_order(kind), in_order(length));
                // The crate takes the head and the length behind it from less than they are.
                if length < NG_BLOCK_BYTES_MIN {
                    return Err(Fault::Form { packets });
                }
                if length as usize > BLOCK_BYTES_MAX && !NEEDED.contains(&kind) {
                    return Ok(Step::Skip(u64::from(length)));
                }
                let parse = if *is_big_endian { parse_block_be } else { parse_block_le };
                let (used, block) = match parse(bytes) {
                    Ok((rest, block)) => (bytes.len() - rest.len(), block),
                    Err(error) => return waits(&error, u64::from(length), packets),
                };
                let (interface, ticks, data) = match &block {
                    Block::InterfaceDescription(block) => {
                        if interfaces.len() < INTERFACES_MAX {
                            interfaces.push(Interface::of(block, *is_big_endian));
                        }
                        return Ok(Step::Used(used));
                    }
                    Block::EnhancedPacket(block) => {
                        let ticks = u64::from(block.ts_high) << 32 | u64::from(block.ts_low);
                        (block.if_id as usize, ticks, up_to(block.data, block.caplen))
                    }
                    Block::SimplePacket(block) => {
                        let snap = interfaces.first().map_or(0, |first| first.snap);
                        let length = if snap == 0 { block.origlen } else { block.origlen.min(snap) };
                        (0, 0, up_to(block.data, length))
                    }
                    _ => return Ok(Step::Used(used)),
                };
                self.packets += 1;
                match interfaces.get(interface) {
                    Some(interface) => {
                        let stamp = Stamp { number: self.packets, micros: interface.micros(ticks) };
                        each(Packet { stamp, link: interface.link, bytes: data });
                    }
                    None => self.strays += 1,
                }
                Ok(Step::Used(used))
            }
        }
    }
}

impl Interface {
    fn of(block: &InterfaceDescriptionBlock<'_>, is_big_endian: bool) -> Self {
        let power = u32::from(block.if_tsresol & 0x7f);
        let base = if block.if_tsresol & 0x80 == 0 { 10_u128 } else { 2 };
        let offset = block.options.iter().find(|option| option.code == OptionCode::IfTsoffset);
        let offset = offset.and_then(|option| option.value.first_chunk::<8>());
        let read = if is_big_endian { i64::from_be_bytes } else { i64::from_le_bytes };
        Self {
            link: block.linktype.0 as u16,
            per_second: base.checked_pow(power).unwrap_or(u128::MAX),
            offset: offset.map_or(0, |bytes| read(*bytes)),
            snap: block.snaplen,
        }
    }

    fn micros(&self, ticks: u64) -> i64 {
        let micros = u128::from(ticks).saturating_mul(1_000_000) / self.per_second;
        i64::try_from(micros).unwrap_or(i64::MAX).saturating_add(self.offset.saturating_mul(1_000_000))
    }
}

/// What to do about something that could not be read: wait for more of it, unless it is too long or no more would help.
fn waits(error: &Err<PcapError<&[u8]>>, length: u64, packets: u64) -> Result<Step, Fault> {
    match error {
        Err::Incomplete(_) if length > BLOCK_BYTES_MAX as u64 => {
            Err(Fault::TooLong { packets, bytes: length })
        }
        Err::Incomplete(_) => Ok(Step::Wait),
        Err::Error(_) | Err::Failure(_) => Err(Fault::Form { packets }),
    }
}

/// The length that a pcap's record says it has.
fn record_bytes(bytes: &[u8], head: &PcapHeader) -> u64 {
    let length = word(bytes, 8).unwrap_or_default();
    u64::from(if head.is_bigendian() { length.swap_bytes() } else { length })
}

fn micros(record: &LegacyPcapBlock<'_>, is_nanos: bool) -> i64 {
    let part = i64::from(record.ts_usec);
    i64::from(record.ts_sec) * 1_000_000 + if is_nanos { part / 1_000 } else { part }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.first_chunk().map(|word| u32::from_le_bytes(*word))
}

/// The first bytes, as many as there are.
fn up_to(bytes: &[u8], length: u32) -> &[u8] {
    bytes.get(..length as usize).unwrap_or(bytes)
}
