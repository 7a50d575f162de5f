//! Tables in MaxMind's binary form, by its own reader.
//!
//! Source: MaxMind DB File Format Specification 2.0. Publishers name the same thing differently; the paths that are looked at are
//! [`COUNTRY`] and [`NETWORK`].

use std::net::IpAddr;

use maxminddb::{PathElement, Reader};

use super::Locate;
use crate::transit::place::{Country, Network, Place};

/// Under which names a country's two letters stand.
const COUNTRY: [&[&str]; 3] = [&["country", "iso_code"], &["country_code"], &["country"]];
/// Under which names a network's number stands.
const NETWORK: [&[&str]; 3] = [&["autonomous_system_number"], &["asn"], &["as", "number"]];

/// A table, whole in memory.
pub struct Mmdb {
    reader: Reader<Vec<u8>>,
}

/// Why a table can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is no table in MaxMind's form (.mmdb), or it is damaged: {0}")]
pub struct MmdbError(String);

impl Mmdb {
    /// Takes what a file holds.
    ///
    /// # Errors
    /// [`MmdbError`].
    pub fn of(bytes: Vec<u8>) -> Result<Self, MmdbError> {
        let reader = Reader::from_source(bytes).map_err(|error| MmdbError(error.to_string()))?;
        Ok(Self { reader })
    }

    /// What its publisher calls it, and when it was made, in seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn made(&self) -> (&str, u64) {
        let metadata = self.reader.metadata();
        (&metadata.database_type, metadata.build_epoch)
    }
}

impl Locate for Mmdb {
    fn place(&self, address: IpAddr) -> Place {
        // A table of IPv4 alone knows IPv4 alone.
        let address = super::as_v4(address).map_or(address, |bits| IpAddr::V4(bits.into()));
        let Ok(found) = self.reader.lookup(address) else { return Place::default() };
        let at = |path: &[&'static str]| path.iter().map(|key| PathElement::Key(key)).collect::<Vec<_>>();
        let country = COUNTRY.iter().find_map(|path| {
            let code: Option<&str> = found.decode_path(&at(path)).ok()?;
            Country::parse(code?).ok()
        });
        let network = NETWORK.iter().find_map(|path| {
            let path = at(path);
            match found.decode_path::<u32>(&path) {
                Ok(number) => number.filter(|number| *number != 0).map(Network),
                Err(_) => Network::parse(found.decode_path::<&str>(&path).ok()??),
            }
        });
        Place { country, network }
    }
}

impl std::fmt::Debug for Mmdb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mmdb({})", self.made().0)
    }
}
