//! Captures of packets, read as text: a line for each thing that was seen, so that a hunt finds in them what it finds in logs.
//!
//! A line has the packet's time, where it came from and went to, and one of these:
//!
//! ```text
//! 2026-02-02T02:40:00.120000Z 10.0.0.17:53112 10.0.0.1:53 udp flow mac 02:00:00:00:00:01 02:00:00:00:00:02
//! 2026-02-02T02:40:00.120000Z 10.0.0.17:53112 10.0.0.1:53 udp dns query www.example.com A
//! 2026-02-02T02:40:00.140000Z 10.0.0.1:53 10.0.0.17:53112 udp dns answer www.example.com A: CNAME cdn.example.net; A 192.0.2.7
//! 2026-02-02T02:40:00.180000Z 10.0.0.17:40000 192.0.2.7:443 tcp tls www.example.com ja3 … ja4 …
//! 2026-02-02T02:40:00.180000Z 10.0.0.17:40001 192.0.2.7:80 tcp http GET http://www.example.com/path
//! ```
//!
//! `file` takes packets out of pcap and pcapng, `link` what is below and in IP, `flow` knows who spoke with whom, `stream` puts
//! TCP in order, and `dns`, `http` and `tls` read what is said. Bytes come in whatever pieces; memory is bounded whatever they say.
//! Nothing of a packet is believed: a length that lies ends the file, a packet that is none is passed over.

mod dns;
mod file;
mod fingerprint;
mod flow;
mod http;
mod line;
mod link;
mod stream;
mod tls;

pub use file::Fault;
pub use line::Observed;

use flow::Flows;
use link::Links;
use std::collections::BTreeMap;

/// Kinds of links that are counted, if they can't be read.
const LINKS_UNREAD_MAX: usize = 64;

/// A capture that is read.
#[derive(Debug, Default)]
pub struct Capture {
    file: file::Reader,
    links: Links,
    flows: Flows,
    /// Packets of links that can't be read, by the link's number.
    unread: BTreeMap<u16, u64>,
}

impl Capture {
    /// Whether a file that begins with these four bytes is a capture.
    ///
    /// Source: the Internet drafts on the PCAP file format, section 4, and the PCAPNG file format, section 4.1.
    #[must_use]
    pub const fn begins_with(start: [u8; 4]) -> bool {
        file::is_magic(start)
    }

    /// Takes what comes next of the file, and adds what its packets show. Memory is bounded whatever comes, if pieces are: 256 KiB
    /// are enough.
    ///
    /// # Errors
    /// [`Fault`]: the rest can't be read. What came before is told, and [`Capture::end`] tells what is left.
    pub fn take(&mut self, bytes: &[u8], to: &mut Observed) -> Result<(), Fault> {
        let Self { file, links, flows, unread } = self;
        let outcome = file.take(bytes, |packet| {
            if let Err(link) = links.read(&packet, |seen| flows.take(packet.stamp, &seen, to)) {
                let has_room = unread.len() < LINKS_UNREAD_MAX;
                if let Some(count) = unread.get_mut(&link) {
                    *count += 1;
                } else if has_room {
                    unread.insert(link, 1);
                }
            }
        });
        to.packets = file.packets();
        outcome
    }

    /// Tells what is left when nothing more comes, and gives what could not be read.
    pub fn end(&mut self, to: &mut Observed) -> Vec<Fault> {
        self.flows.end(to);
        let unread = std::mem::take(&mut self.unread);
        let links = unread.into_iter().map(|(link, packets)| Fault::Link { link, packets });
        links.chain(self.file.end()).collect()
    }
}
