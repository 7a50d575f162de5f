//! What stands in a sighting's fields: times, counts, hops and victims.

use stix::Timestamp;

use crate::transit::observed::HOPS_MAX;
use crate::transit::place::{Country, Network, Place};
use crate::transit::{Hop, Role};

pub(super) fn time_of(text: &str) -> Result<i64, String> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
        return text.parse().map_err(|_| format!("`{}` is no time", short(text)));
    }
    match Timestamp::parse(text) {
        Ok(time) => Ok(time.micros().div_euclid(1_000_000)),
        Err(error) => Err(format!("`{}` is no time: {error}", short(text))),
    }
}

pub(super) fn count_of(text: &str) -> Result<u32, String> {
    match text {
        "" => Ok(1),
        text => text.parse().map_err(|_| format!("`{}` is no count", short(text))),
    }
}

pub(super) fn put_source(hops: &mut Vec<Hop>, text: &str) -> Result<(), String> {
    if !matches!(text, "" | "?") {
        hops.push(Hop { role: Role::Source, ..hop_of(text)? });
    }
    Ok(())
}

pub(super) fn put(hops: &mut Vec<Hop>, before: usize, hop: Hop) -> Result<(), String> {
    if hops.len() - before >= HOPS_MAX {
        return Err(format!("it has more than {HOPS_MAX} hops"));
    }
    hops.push(hop);
    Ok(())
}

/// A victim; a country's two letters may stand alone.
pub(super) fn victim_of(text: &str) -> Result<Hop, String> {
    let country = match text.trim().len() {
        0..=2 => Country::known(text).ok(),
        _ => None,
    };
    match country {
        Some(country) => {
            Ok(Hop { address: None, place: Place { country, network: None }, role: Role::Unknown })
        }
        None => hop_of(text),
    }
}

/// A hop as it is written.
pub(super) fn hop_of(text: &str) -> Result<Hop, String> {
    let (what, role) = match text.split_once('/') {
        Some((what, role)) => (what, Role::of(role).ok_or_else(|| format!("`{}` is no role", short(role)))?),
        None => (text, Role::Unknown),
    };
    if what == "?" {
        return Ok(Hop { address: None, place: Place::default(), role });
    }
    let (address, place) = match what.split_once('@') {
        Some((address, place)) => (address, place_of(place)?),
        None => (what, Place::default()),
    };
    let address = match address {
        "" if what.starts_with('@') => None,
        text => Some(text.parse().map_err(|_| {
            format!("`{}` is no hop: an address, @ and a place, or ?; with a role after /", short(text))
        })?),
    };
    Ok(Hop { address, place, role })
}

fn place_of(text: &str) -> Result<Place, String> {
    let mut place = Place::default();
    for part in text.split(':') {
        let letters = <[u8; 2]>::try_from(part.as_bytes()).ok();
        match letters.and_then(Country::of_letters) {
            Some(country) => place.country = Some(country),
            None => match Network::parse(part) {
                Some(network) => place.network = Some(network),
                None => {
                    return Err(Country::parse(part)
                        .err()
                        .map_or_else(String::new, |error| error.to_string()));
                }
            },
        }
    }
    Ok(place)
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}
