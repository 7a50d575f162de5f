//! From a packet of some link to what IP carries: Ethernet with VLANs, PPP and PPPoE, MPLS, Linux's cooked captures, loopback and
//! bare IP; IP in IP; fragments put together.

use std::net::IpAddr;

use etherparse::defrag::IpDefragPool;
use etherparse::{
    EtherType, LaxNetSlice, LaxSlicedPacket, LinkSlice, SlicedPacket, TcpSlice, TransportSlice, UdpSlice,
};

use super::file::Packet;
use super::line::{TCP, UDP, Way};

/// IP within IP.
const TUNNELS_MAX: u8 = 4;
/// Fragments after which one is forgotten that was not completed by then.
const FRAGMENTS_MAX: u64 = 128;

const PPPOE: u16 = 0x8864;
const PPPOE_HEAD_BYTES: usize = 6;
const MPLS: u16 = 0x8847;

/// What a packet carries.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    pub(super) way: Way,
    /// Source and destination on an Ethernet.
    pub(super) macs: Option<[[u8; 6]; 2]>,
    pub(super) payload: Payload<'a>,
}

#[derive(Debug)]
pub(super) enum Payload<'a> {
    Udp(&'a [u8]),
    Tcp(Segment<'a>),
    Other,
}

/// A segment of TCP.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment<'a> {
    pub(super) sequence: u32,
    /// It opens the connection.
    pub(super) opens: bool,
    /// It closes or resets it.
    pub(super) closes: bool,
    pub(super) data: &'a [u8],
    /// Bytes behind `data` that were sent and not captured.
    pub(super) missing: u32,
}

/// Fragments that wait for others.
#[derive(Debug, Default)]
pub(super) struct Links {
    fragments: IpDefragPool<u64, ()>,
    /// Fragments so far.
    count: u64,
}

impl Links {
    /// Gives what a packet carries; one within another as well.
    ///
    /// # Errors
    /// The link's number, if it is none that can be read.
    pub(super) fn read(&mut self, packet: &Packet<'_>, mut each: impl FnMut(Seen<'_>)) -> Result<(), u16> {
        let mut macs = None;
        if let Some(ip) = ip_within(packet, &mut macs)? {
            self.ip(ip, macs, TUNNELS_MAX, &mut each);
        }
        Ok(())
    }

    fn ip(&mut self, bytes: &[u8], macs: Option<[[u8; 6]; 2]>, tunnels: u8, each: &mut impl FnMut(Seen<'_>)) {
        let Ok(sliced) = LaxSlicedPacket::from_ip(bytes) else { return };
        // What the header says that it carries, in bytes.
        let (from, to, length): (IpAddr, IpAddr, usize) = match &sliced.net {
            Some(LaxNetSlice::Ipv4(ip)) => {
                let header = ip.header();
                let length = usize::from(header.total_len()).saturating_sub(header.slice().len());
                (header.source_addr().into(), header.destination_addr().into(), length)
            }
            Some(LaxNetSlice::Ipv6(ip)) => {
                let header = ip.header();
                let length =
                    usize::from(header.payload_length()).saturating_sub(ip.extensions().slice().len());
                (header.source_addr().into(), header.destination_addr().into(), length)
            }
            Some(LaxNetSlice::Arp(_)) | None => return,
        };
        let Some(payload) = sliced.ip_payload() else { return };
        let protocol = payload.ip_number.0;
        let ends = [from, to];
        if payload.fragmented {
            if let Some(whole) = self.fragment(bytes) {
                each(carried(ends, protocol, macs, transport(protocol, &whole).as_ref(), 0));
            }
            return;
        }
        let missing = if payload.incomplete { length.saturating_sub(payload.payload.len()) } else { 0 };
        let missing = u32::try_from(missing).unwrap_or_default();
        each(carried(ends, protocol, macs, sliced.transport.as_ref(), missing));
        if matches!(protocol, 4 | 41)
            && let Some(tunnels) = tunnels.checked_sub(1)
        {
            self.ip(payload.payload, macs, tunnels, each);
        }
    }

    /// What a fragment carries together with those that came before it, if that is whole.
    fn fragment(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.count += 1;
        if self.count.is_multiple_of(FRAGMENTS_MAX) {
            let count = self.count;
            self.fragments.retain(|at| at + FRAGMENTS_MAX > count);
        }
        let sliced = SlicedPacket::from_ip(bytes).ok()?;
        let whole = self.fragments.process_sliced_packet(&sliced, self.count, ()).ok()??;
        Some(whole.payload)
    }
}

/// The bytes of IP in a packet, and between which Ethernet addresses it went.
///
/// Source: <https://www.tcpdump.org/linktypes.html>.
fn ip_within<'a>(packet: &Packet<'a>, macs: &mut Option<[[u8; 6]; 2]>) -> Result<Option<&'a [u8]>, u16> {
    let bytes = packet.bytes;
    let cooked = |kind: usize, head: usize| {
        let kind = bytes.get(kind..)?.first_chunk().map(|kind| u16::from_be_bytes(*kind))?;
        Some(LaxSlicedPacket::from_ether_type(EtherType(kind), bytes.get(head..)?))
    };
    let sliced = match packet.link {
        1 => LaxSlicedPacket::from_ethernet(bytes).ok(),
        113 => cooked(14, 16),
        276 => cooked(0, 20),
        0 | 108 => return Ok(bytes.get(4..)),
        12 | 14 | 101 | 228 | 229 => return Ok(Some(bytes)),
        9 | 50 => return Ok(ppp(bytes)),
        other => return Err(other),
    };
    let Some(sliced) = sliced else { return Ok(None) };
    if let Some(LinkSlice::Ethernet2(link)) = &sliced.link {
        *macs = Some([link.source(), link.destination()]);
    }
    let Some(payload) = sliced.ether_payload() else { return Ok(None) };
    let (kind, bytes) = (payload.ether_type, payload.payload);
    Ok(match kind.0 {
        PPPOE => bytes.get(PPPOE_HEAD_BYTES..).and_then(ppp),
        MPLS => mpls(bytes),
        _ if kind == EtherType::IPV4 || kind == EtherType::IPV6 => Some(bytes),
        _ => None,
    })
}

/// IP in PPP, with or without address and control before. Source: RFC 1661, section 2; RFC 1662, section 3.1.
fn ppp(bytes: &[u8]) -> Option<&[u8]> {
    match bytes.strip_prefix(&[0xff, 0x03]).unwrap_or(bytes) {
        [0x00, 0x21 | 0x57, ip @ ..] => Some(ip),
        _ => None,
    }
}

/// IP below the last label of a stack. Source: RFC 3032, section 2.1.
fn mpls(mut bytes: &[u8]) -> Option<&[u8]> {
    loop {
        let (label, rest) = bytes.split_first_chunk::<4>()?;
        if label[2] & 1 == 1 {
            return Some(rest);
        }
        bytes = rest;
    }
}

/// What fragments carried together.
fn transport(protocol: u8, bytes: &[u8]) -> Option<TransportSlice<'_>> {
    match protocol {
        UDP => UdpSlice::from_slice_lax(bytes).ok().map(TransportSlice::Udp),
        TCP => TcpSlice::from_slice(bytes).ok().map(TransportSlice::Tcp),
        _ => None,
    }
}

fn carried<'a>(
    [from, to]: [IpAddr; 2],
    protocol: u8,
    macs: Option<[[u8; 6]; 2]>,
    transport: Option<&TransportSlice<'a>>,
    missing: u32,
) -> Seen<'a> {
    let (ports, payload) = match transport {
        Some(TransportSlice::Udp(udp)) => {
            ((udp.source_port(), udp.destination_port()), Payload::Udp(udp.payload()))
        }
        Some(TransportSlice::Tcp(tcp)) => {
            let segment = Segment {
                sequence: tcp.sequence_number(),
                opens: tcp.syn(),
                closes: tcp.fin() || tcp.rst(),
                data: tcp.payload(),
                missing,
            };
            ((tcp.source_port(), tcp.destination_port()), Payload::Tcp(segment))
        }
        _ => ((0, 0), Payload::Other),
    };
    let way = Way { protocol, from: (from, ports.0), to: (to, ports.1) };
    Seen { way, macs, payload }
}
