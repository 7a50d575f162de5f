//! Who speaks with whom: each flow is told once, and what is said in it goes to who can read it.
//!
//! Flows are kept in two tables. A flow that speaks is moved to the young one; when that is full, the flows of the old one end and
//! the young becomes the old. So the ones that were silent longest go first, and none of it takes more than a constant time.

use std::net::IpAddr;

use hashbrown::HashMap;

use super::dns;
use super::file::Stamp;
use super::line::{Observed, Way};
use super::link::{Payload, Seen, Segment};
use super::stream::Stream;

/// Flows in each of the two tables.
const FLOWS_MAX: usize = 16 * 1024;
/// Bytes of streams that are kept over all flows.
const STREAM_BYTES_MAX: usize = 16 << 20;

/// The ends of a flow, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    protocol: u8,
    ends: [(IpAddr, u16); 2],
}

#[derive(Debug, Default)]
struct Flow {
    /// What goes from the first of the key's ends to the second, and back. Nothing if it is not TCP.
    streams: Option<Box<[Stream; 2]>>,
}

/// All flows.
#[derive(Debug, Default)]
pub(super) struct Flows {
    young: HashMap<Key, Flow>,
    old: HashMap<Key, Flow>,
    /// Bytes that streams keep.
    kept: usize,
}

impl Flows {
    /// Takes what a packet carries.
    pub(super) fn take(&mut self, stamp: Stamp, seen: &Seen<'_>, to: &mut Observed) {
        let way = seen.way;
        let is_back = way.to < way.from;
        let ends = if is_back { [way.to, way.from] } else { [way.from, way.to] };
        let key = Key { protocol: way.protocol, ends };
        let known = self.young.contains_key(&key);
        if !known {
            let before = self.old.remove(&key);
            if before.is_none() {
                flow(stamp, seen, to);
            }
            if self.young.len() >= FLOWS_MAX {
                self.turn(to);
            }
            self.young.insert(key, before.unwrap_or_default());
        }
        match seen.payload {
            Payload::Udp(data) if dns::is_port(way.from.1) || dns::is_port(way.to.1) => {
                dns::message(data, stamp, way, to);
            }
            Payload::Tcp(segment) => self.segment(key, is_back, stamp, way, segment, to),
            Payload::Udp(_) | Payload::Other => {}
        }
    }

    fn segment(
        &mut self,
        key: Key,
        is_back: bool,
        stamp: Stamp,
        way: Way,
        segment: Segment<'_>,
        to: &mut Observed,
    ) {
        let Some(flow) = self.young.get_mut(&key) else { return };
        let stream = &mut flow.streams.get_or_insert_default()[usize::from(is_back)];
        let before = stream.bytes();
        stream.take(stamp, way, segment, to);
        self.kept = self.kept + stream.bytes() - before;
        // The second time, only what this packet's flow has is left.
        for _ in 0..2 {
            if self.kept > STREAM_BYTES_MAX {
                self.turn(to);
            }
        }
    }

    /// Ends the old flows.
    fn turn(&mut self, to: &mut Observed) {
        let mut ended: Vec<(Key, Flow)> = self.old.drain().collect();
        ended.sort_unstable_by_key(|(key, flow)| {
            (flow.streams.as_ref().map(|streams| streams[0].stamp().number), key.ends)
        });
        for (key, flow) in ended {
            let Some(streams) = flow.streams else { continue };
            let [first, second] = key.ends;
            let way = Way { protocol: key.protocol, from: first, to: second };
            for (mut stream, way) in (*streams).into_iter().zip([way, way.back()]) {
                self.kept -= stream.bytes();
                stream.end(way, to);
            }
        }
        std::mem::swap(&mut self.young, &mut self.old);
    }

    /// Ends all flows.
    pub(super) fn end(&mut self, to: &mut Observed) {
        self.turn(to);
        self.turn(to);
    }
}

/// Tells that a flow began.
fn flow(stamp: Stamp, seen: &Seen<'_>, to: &mut Observed) {
    match seen.macs {
        None => to.tell(stamp, seen.way, format_args!("flow")),
        Some(macs) => {
            let [from, at] = macs.map(|mac| mac.map(|byte| format!("{byte:02x}")).join(":"));
            to.tell(stamp, seen.way, format_args!("flow mac {from} {at}"));
        }
    }
}
