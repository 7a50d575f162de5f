//! Packets and captures, written byte by byte.

use std::net::Ipv4Addr;

use bongsu_watch::hunt::capture::{Capture, Fault, Observed};

pub(crate) const CLIENT: (Ipv4Addr, u16) = (Ipv4Addr::new(10, 0, 0, 17), 40_000);
pub(crate) const SERVER: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 7), 80);
pub(crate) const SECOND: u32 = 1_770_000_000;

/// The lines of a capture behind time, each with its packet; and what was wrong.
pub(crate) fn lines(capture: &[u8]) -> (Vec<(u64, String)>, Vec<Fault>) {
    lines_of([capture])
}

/// The same of a capture that comes in pieces.
pub(crate) fn lines_of<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<(u64, String)>, Vec<Fault>) {
    let (mut capture, mut seen) = (Capture::default(), Observed::default());
    let mut faults = Vec::new();
    for piece in pieces {
        if let Err(fault) = capture.take(piece, &mut seen) {
            faults.push(fault);
            break;
        }
    }
    faults.extend(capture.end(&mut seen));
    let text = String::from_utf8(seen.text).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), seen.of_packets.len());
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'));
    let lines = lines.into_iter().map(|line| line.split_once(' ').unwrap().1.to_owned());
    (seen.of_packets.into_iter().zip(lines).collect(), faults)
}

/// When the first packet was seen, to a hundredth of a second.
pub(crate) fn began(capture: &[u8]) -> String {
    let mut seen = Observed::default();
    Capture::default().take(capture, &mut seen).unwrap();
    String::from_utf8(seen.text[..22].to_vec()).unwrap()
}

/// What the lines say that are not of flows, without time and ends.
pub(crate) fn said(capture: &[u8]) -> Vec<String> {
    let (lines, faults) = lines(capture);
    assert_eq!(faults, []);
    let said = lines.into_iter().map(|(_, line)| line.splitn(4, ' ').nth(3).unwrap().to_owned());
    said.filter(|what| !what.starts_with("flow")).collect()
}

/// A pcap file of packets of a link.
pub(crate) fn pcap(link: u32, packets: &[Vec<u8>]) -> Vec<u8> {
    let head: [u32; 6] = [0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, link];
    let mut file: Vec<u8> = head.iter().flat_map(|word| word.to_le_bytes()).collect();
    for (packet, at) in packets.iter().zip(0..) {
        let length = packet.len() as u32;
        file.extend([SECOND + at, 120_000, length, length].iter().flat_map(|word| word.to_le_bytes()));
        file.extend(packet);
    }
    file
}

pub(crate) fn ethernet(kind: u16, payload: &[u8]) -> Vec<u8> {
    [&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1][..], &kind.to_be_bytes(), payload].concat()
}

pub(crate) fn ipv4(protocol: u8, from: Ipv4Addr, to: Ipv4Addr, payload: &[u8]) -> Vec<u8> {
    ipv4_part(protocol, from, to, 0, false, payload)
}

/// A fragment: where its payload stands, in bytes, and whether more follow.
pub(crate) fn ipv4_part(
    protocol: u8,
    from: Ipv4Addr,
    to: Ipv4Addr,
    at: u16,
    more: bool,
    payload: &[u8],
) -> Vec<u8> {
    let mut packet = vec![0x45, 0];
    packet.extend((20 + payload.len() as u16).to_be_bytes());
    packet.extend([0x12, 0x34]);
    packet.extend(((at / 8) | (u16::from(more) << 13)).to_be_bytes());
    packet.extend([64, protocol, 0, 0]);
    packet.extend(from.octets());
    packet.extend(to.octets());
    packet.extend(payload);
    packet
}

pub(crate) fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend((payload.len() as u16).to_be_bytes());
    packet.extend([next, 64]);
    for last in [0x17, 0x35] {
        packet.extend([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
    }
    packet.extend(payload);
    packet
}

pub(crate) fn udp(from: u16, to: u16, payload: &[u8]) -> Vec<u8> {
    let mut datagram = Vec::new();
    for number in [from, to, 8 + payload.len() as u16, 0] {
        datagram.extend(number.to_be_bytes());
    }
    datagram.extend(payload);
    datagram
}

pub(crate) fn tcp(from: u16, to: u16, sequence: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut segment = [from.to_be_bytes(), to.to_be_bytes()].concat();
    segment.extend(sequence.to_be_bytes());
    segment.extend([0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    segment.extend(payload);
    segment
}

/// A client's segment to a port, in Ethernet.
pub(crate) fn sent(port: u16, sequence: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    ethernet(0x0800, &ipv4(6, CLIENT.0, SERVER.0, &tcp(CLIENT.1, port, sequence, flags, payload)))
}

pub(crate) const SYN: u8 = 2;
pub(crate) const FIN: u8 = 1;
pub(crate) const ACK: u8 = 16;

/// A connection to a port in which the client sends these, one after the other.
pub(crate) fn connection(port: u16, parts: &[&[u8]]) -> Vec<u8> {
    let mut packets = vec![sent(port, 999, SYN, &[])];
    let mut sequence = 1_000;
    for part in parts {
        packets.push(sent(port, sequence, ACK, part));
        sequence += part.len() as u32;
    }
    packets.push(sent(port, sequence, FIN | ACK, &[]));
    pcap(1, &packets)
}

/// A question for a name's address.
pub(crate) fn question(name: &str) -> Vec<u8> {
    let mut message = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    message.extend(labels(name));
    message.extend([0, 1, 0, 1]);
    message
}

/// Its answer: an alias, and the alias's address.
pub(crate) fn answer(name: &str, alias: &str, address: Ipv4Addr) -> Vec<u8> {
    let mut message = question(name);
    (message[2], message[7]) = (0x81, 2);
    let alias = labels(alias);
    for (owner, kind, data) in [(vec![0xc0, 12], 5, &alias[..]), (alias.clone(), 1, &address.octets())] {
        message.extend(owner);
        message.extend([0, kind, 0, 1, 0, 0, 0, 60]);
        message.extend((data.len() as u16).to_be_bytes());
        message.extend(data);
    }
    message
}

fn labels(name: &str) -> Vec<u8> {
    let mut labels: Vec<u8> =
        name.split('.').flat_map(|label| [&[label.len() as u8][..], label.as_bytes()].concat()).collect();
    labels.push(0);
    labels
}

/// What a client's first message of TLS offers.
pub(crate) struct Offer<'a> {
    pub(crate) version: u16,
    pub(crate) ciphers: &'a [u16],
    /// Kinds, each with its content.
    pub(crate) extensions: Vec<(u16, Vec<u8>)>,
}

impl Offer<'_> {
    /// The message in one record.
    pub(crate) fn record(&self) -> Vec<u8> {
        let handshake = self.handshake();
        [&[22, 3, 1][..], &long(&handshake)].concat()
    }

    pub(crate) fn handshake(&self) -> Vec<u8> {
        let mut hello = self.version.to_be_bytes().to_vec();
        hello.extend([7; 32]);
        hello.push(0);
        hello.extend(long(&words(self.ciphers)));
        hello.extend([1, 0]);
        let extensions: Vec<u8> = self
            .extensions
            .iter()
            .flat_map(|(kind, content)| [&kind.to_be_bytes()[..], &long(content)].concat())
            .collect();
        hello.extend(long(&extensions));
        [&[1, 0][..], &long(&hello)].concat()
    }
}

/// Bytes behind their length.
pub(crate) fn long(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat()
}

pub(crate) fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// The extension that names the server.
pub(crate) fn server_name(name: &str) -> (u16, Vec<u8>) {
    (0, long(&[&[0][..], &long(name.as_bytes())].concat()))
}
