//! Where an address is: its country and its network, by tables that an operator chooses.
//!
//! Two kinds of tables are read: [`Mmdb`], the binary form in which most are published, and [`Ranges`], a text of ranges. Any number
//! of them can be asked one after the other ([`Tables`]): most tables know either countries or networks.

mod mmdb;
mod ranges;

use std::net::IpAddr;

pub use self::mmdb::{Mmdb, MmdbError};
pub use self::ranges::{Fault, Ranges, RangesError, Read};

use super::place::Place;

/// Something that knows where addresses are.
pub trait Locate {
    /// Where an address is, as far as it is known. A table that is damaged there knows nothing.
    fn place(&self, address: IpAddr) -> Place;
}

/// No table: where an address is, stays unknown.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoTable;

impl Locate for NoTable {
    fn place(&self, _: IpAddr) -> Place {
        Place::default()
    }
}

/// Several tables: what the first doesn't know, the next is asked.
pub struct Tables(pub Vec<Box<dyn Locate + Send + Sync>>);

impl Locate for Tables {
    fn place(&self, address: IpAddr) -> Place {
        let mut place = Place::default();
        for table in &self.0 {
            if place.country.is_some() && place.network.is_some() {
                break;
            }
            let more = table.place(address);
            place =
                Place { country: place.country.or(more.country), network: place.network.or(more.network) };
        }
        place
    }
}

/// An IPv4 address, if it is one or is written as one in IPv6 (RFC 4291, 2.5.5.2).
fn as_v4(address: IpAddr) -> Option<u32> {
    match address {
        IpAddr::V4(address) => Some(address.to_bits()),
        IpAddr::V6(address) => address.to_ipv4_mapped().map(|address| address.to_bits()),
    }
}
