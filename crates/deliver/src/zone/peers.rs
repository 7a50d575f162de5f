//! How many connections one address holds, so that a stranger can't take every place of a server.
//!
//! An IPv6 address counts by its first 64 bits, which is what one customer is given; an IPv4 address that comes mapped
//! into IPv6 counts as itself. An address that holds nothing is forgotten, so there are never more entries than places.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;

/// Bits of an IPv6 address that tell customers apart (RFC 6177, section 2).
const NETWORK_MASK: u128 = !(u64::MAX as u128);

type Held = Arc<Mutex<HashMap<IpAddr, usize>>>;

/// Counts connections by the address that they come from.
#[derive(Debug)]
pub struct Peers {
    held: Held,
    each_max: usize,
}

/// A connection that is counted, as long as this lives.
#[derive(Debug)]
pub struct Place {
    held: Held,
    address: IpAddr,
}

impl Peers {
    /// At most `each_max` connections from one address at a time.
    #[must_use]
    pub fn new(each_max: usize) -> Self {
        Self { held: Held::default(), each_max }
    }

    /// Counts one more from `address`; `None` if it holds its share already.
    #[must_use]
    pub fn enter(&self, address: IpAddr) -> Option<Place> {
        let address = customer(address);
        let mut held = self.held.lock();
        let count = held.entry(address).or_default();
        if *count >= self.each_max {
            return None;
        }
        *count += 1;
        Some(Place { held: Arc::clone(&self.held), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.held.lock();
        if let Some(count) = held.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                held.remove(&self.address);
            }
        }
    }
}

fn customer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & NETWORK_MASK)),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_share_and_no_more() {
        let peers = Peers::new(2);
        let enter = |address: &str| peers.enter(address.parse().unwrap());
        let first = enter("198.51.100.7");
        let second = enter("::ffff:198.51.100.7");
        assert!(first.is_some() && second.is_some());
        assert!(enter("198.51.100.7").is_none(), "one over");
        assert!(enter("198.51.100.8").is_some(), "others have theirs");
        drop(first);
        let third = enter("198.51.100.7");
        assert!(third.is_some() && enter("198.51.100.7").is_none());
        let network = [enter("2001:db8::1"), enter("2001:db8::ffff:2")];
        assert!(network.iter().all(Option::is_some) && enter("2001:db8::3").is_none());
        assert!(enter("2001:db8:0:1::1").is_some());
        drop((second, third, network));
        assert!(peers.held.lock().is_empty());
    }
}
