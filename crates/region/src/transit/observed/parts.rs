//! Sightings that several readers take at once, and that become one afterwards.
//!
//! Each reader gives numbers of its own to the addresses and places that it meets ([`Numbers`]), and notes its sightings by them ([`Part`]). Parts are
//! then taken one after the other ([`Observed::take`]), which is quick: what is new in them is looked up, and all else is
//! numbers for numbers. What comes of it is what [`Observed::add`] makes of the same sightings.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;

use hashbrown::HashMap;
use rayon::iter::{IntoParallelIterator as _, IntoParallelRefMutIterator as _, ParallelIterator as _};

use super::{HOPS_MAX, Infrastructure, NONE, ObserveError, Observed, USES_MAX, Use, bit, key};
use crate::transit::geo::Locate;
use crate::transit::place::Place;
use crate::transit::{Hop, Role, Sighting};

/// Sightings of one reader, by its numbers.
#[derive(Default)]
pub(in crate::transit) struct Part {
    /// Hops that have no number yet; those that are more than an address of IPv4 and a role stand in `others`.
    unnumbered: Vec<Unnumbered>,
    others: Vec<Hop>,
    hops: Vec<Use>,
    /// For each sighting the end of its hops, its time, its victim and how often it was seen.
    ends: Vec<u32>,
    times: Vec<u32>,
    victim_of: Vec<u32>,
    counts: Vec<u32>,
    /// What the reader had not met before, in the order in which it met it.
    new: Vec<New>,
    new_victims: Vec<Place>,
    /// Where addresses are, as it is said here.
    said: Vec<(u32, Place)>,
}

#[derive(Clone, Copy)]
enum Unnumbered {
    V4(Ipv4Addr, Role),
    Other(u32),
}

enum New {
    Address(IpAddr),
    Place(Place, Role),
}

/// The numbers that a reader gives.
#[derive(Default)]
pub(in crate::transit) struct Numbers {
    v4: HashMap<u32, u32>,
    v6: HashMap<u128, u32>,
    by_place: HashMap<(Place, u8), u32>,
    /// By [`Place::key`].
    by_victim: HashMap<u64, u32>,
    /// The next.
    next: u32,
    /// Where what has a number is, as it was said last, and in which part.
    said: HashMap<u32, (Place, u64)>,
    /// How many parts got their numbers.
    parts: u64,
}

/// Where nobody says that something is.
const NOWHERE: Place = Place { country: None, network: None };

impl Part {
    /// Empties it, so that it can be used for other sightings.
    pub(in crate::transit) fn clear(&mut self) {
        self.unnumbered.clear();
        self.others.clear();
        self.hops.clear();
        self.ends.clear();
        self.times.clear();
        self.victim_of.clear();
        self.counts.clear();
        self.new.clear();
        self.new_victims.clear();
        self.said.clear();
    }
}

impl Numbers {
    /// Notes a sighting in a part.
    ///
    /// # Errors
    /// [`ObserveError`]; nothing of it is noted then.
    pub(in crate::transit) fn add(
        &mut self,
        part: &mut Part,
        sighting: &Sighting<'_>,
    ) -> Result<(), ObserveError> {
        let time = u32::try_from(sighting.time).map_err(|_| ObserveError::Time(sighting.time))?;
        if sighting.hops.len() > HOPS_MAX {
            return Err(ObserveError::Hops(sighting.hops.len()));
        }
        for hop in sighting.hops {
            part.unnumbered.push(match hop {
                Hop { address: Some(IpAddr::V4(address)), place: NOWHERE, role } => {
                    Unnumbered::V4(*address, *role)
                }
                hop => {
                    part.others.push(*hop);
                    Unnumbered::Other(part.others.len() as u32 - 1)
                }
            });
        }
        let next = self.by_victim.len() as u32;
        let victim = *self.by_victim.entry(sighting.victim.key()).or_insert(next);
        if victim == next {
            part.new_victims.push(sighting.victim);
        }
        // A part has at most as many hops as a block has bytes.
        part.ends.push(part.unnumbered.len() as u32);
        part.times.push(time);
        part.victim_of.push(victim);
        part.counts.push(sighting.count);
        Ok(())
    }

    /// Gives the hops of a part their numbers. All together: looking up so many in turn, the processor waits for several at once.
    ///
    /// # Errors
    /// [`ObserveError::Full`].
    pub(in crate::transit) fn end(&mut self, part: &mut Part) -> Result<(), ObserveError> {
        if self.next as usize + part.unnumbered.len() >= USES_MAX {
            return Err(ObserveError::Full("addresses"));
        }
        self.parts += 1;
        let unnumbered = std::mem::take(&mut part.unnumbered);
        part.hops.reserve(unnumbered.len());
        for hop in &unnumbered {
            let (number, role) = match *hop {
                Unnumbered::V4(address, role) => {
                    let number = *self.v4.entry(address.to_bits()).or_insert(self.next);
                    if number == self.next {
                        self.next += 1;
                        part.new.push(New::Address(IpAddr::V4(address)));
                    }
                    (number, role)
                }
                Unnumbered::Other(at) => match part.others.get(at as usize).copied() {
                    Some(hop) => (self.number(part, &hop), hop.role),
                    None => continue,
                },
            };
            part.hops.push(Use::of(number, role));
        }
        part.unnumbered = unnumbered;
        Ok(())
    }

    fn number(&mut self, part: &mut Part, hop: &Hop) -> u32 {
        let next = self.next;
        let number = match hop.address {
            Some(IpAddr::V4(address)) => *self.v4.entry(address.to_bits()).or_insert(next),
            // An address of IPv4 may be written as one of IPv6.
            Some(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
                Some(address) => *self.v4.entry(address.to_bits()).or_insert(next),
                None => *self.v6.entry(address.to_bits()).or_insert(next),
            },
            None => *self.by_place.entry((hop.place, bit(hop.role))).or_insert(next),
        };
        if number == next {
            self.next += 1;
            part.new.push(match hop.address {
                Some(address) => New::Address(address),
                None => New::Place(hop.place, hop.role),
            });
        }
        if hop.address.is_some() && hop.place != Place::default() {
            self.said(part, number, hop.place);
        }
        number
    }

    /// Notes where an address is said to be, once in a part for as long as nothing else is said.
    fn said(&mut self, part: &mut Part, number: u32, place: Place) {
        let (before, said_in) = self.said.entry(number).or_default();
        let known = if *said_in == self.parts { *before } else { Place::default() };
        let now = place.or(known);
        if now != known {
            part.said.push((number, place));
        }
        (*before, *said_in) = (now, self.parts);
    }
}

/// For each number of one reader the number of what is observed.
#[derive(Default)]
pub(in crate::transit) struct Renumbered {
    infrastructure: Vec<u32>,
    victims: Vec<u32>,
}

/// What was there before parts were taken.
pub(in crate::transit) struct Before {
    infrastructure: usize,
    sightings: usize,
}

impl Observed {
    /// To be said before parts are taken; [`Self::taken`] must follow them.
    pub(in crate::transit) fn before(&self) -> Before {
        Before { infrastructure: self.infrastructure.len(), sightings: self.len() }
    }

    /// Takes a reader's next part.
    ///
    /// # Errors
    /// [`ObserveError::Full`]; nothing of it is taken then.
    pub(in crate::transit) fn take(
        &mut self,
        part: &Part,
        numbers: &mut Renumbered,
    ) -> Result<(), ObserveError> {
        if u32::try_from(self.hops.len() + part.hops.len()).is_err() {
            return Err(ObserveError::Full("hops of attacks"));
        }
        if self.infrastructure.len() + part.new.len() >= USES_MAX {
            return Err(ObserveError::Full("addresses"));
        }
        numbers.infrastructure.extend(part.new.iter().map(|new| self.met(new)));
        numbers.victims.extend(part.new_victims.iter().map(|place| self.victim(*place)));
        let new = |numbers: &[u32], number: u32| numbers.get(number as usize).copied().unwrap_or(NONE);
        for (number, place) in &part.said {
            let number = new(&numbers.infrastructure, *number);
            if let Some(known) = self.infrastructure.get_mut(number as usize) {
                known.place = place.or(known.place);
            }
        }
        let before = self.hops.len() as u32;
        self.hops
            .extend(part.hops.iter().map(|one| one.renumbered(new(&numbers.infrastructure, one.number()))));
        self.ends.extend(part.ends.iter().map(|end| before + end));
        self.times.extend_from_slice(&part.times);
        self.victim_of.extend(part.victim_of.iter().map(|victim| new(&numbers.victims, *victim)));
        self.counts.extend_from_slice(&part.counts);
        Ok(())
    }

    /// The number of what a reader met.
    fn met(&mut self, new: &New) -> u32 {
        let next = self.infrastructure.len() as u32;
        let (address, place, number) = match *new {
            New::Address(address) => {
                (Some(address), Place::default(), *self.by_address.entry(key(address)).or_insert(next))
            }
            New::Place(place, role) => {
                (None, place, *self.by_place.entry((place, bit(role))).or_insert(next))
            }
        };
        if number == next {
            self.infrastructure.push(Infrastructure {
                address,
                place,
                roles: 0,
                seen: (u32::MAX, 0),
                count: 0,
            });
        }
        number
    }

    /// Sums up what was taken, and looks up where addresses are that are new, as far as that was not said.
    pub(in crate::transit) fn taken(&mut self, before: &Before, tables: &(impl Locate + Sync)) {
        let new = before.sightings..self.len();
        let hops = self.hops.len() - self.sighting_begin(new.start);
        let threads = rayon::current_num_threads();
        // Sums of its own for each thread pay where what is summed up is much more than the sums.
        if threads > 1 && hops / threads / 8 > self.infrastructure.len() {
            let length = new.len().div_ceil(threads).max(1);
            let pieces = new.clone().step_by(length).map(|from| from..(from + length).min(new.end));
            let pieces: Vec<Range<usize>> = pieces.collect();
            let sums: Vec<Vec<Sum>> = pieces.into_par_iter().map(|piece| self.sums(piece)).collect();
            for sums in sums {
                self.infrastructure.iter_mut().zip(sums).for_each(|(known, sum)| sum.into(known));
            }
        } else {
            for at in new {
                let time = self.times.get(at).copied().unwrap_or(0);
                let count = u64::from(self.counts.get(at).copied().unwrap_or(0));
                let hops = self.sighting_begin(at)..self.sighting_begin(at + 1);
                for one in self.hops.get(hops).unwrap_or_default() {
                    if let Some(known) = self.infrastructure.get_mut(one.number() as usize) {
                        Sum { count, first: time, last: time, roles: bit(one.role()) }.into(known);
                    }
                }
            }
        }
        if let Some(new) = self.infrastructure.get_mut(before.infrastructure..) {
            new.par_iter_mut().for_each(|one| one.place = super::located(one.address, one.place, tables));
        }
    }

    fn sums(&self, sightings: Range<usize>) -> Vec<Sum> {
        let mut sums = vec![Sum::default(); self.infrastructure.len()];
        for at in sightings {
            let kept = self.sighting(at);
            for one in kept.hops {
                if let Some(sum) = sums.get_mut(one.number() as usize) {
                    sum.roles |= bit(one.role());
                    sum.first = sum.first.min(kept.time);
                    sum.last = sum.last.max(kept.time);
                    sum.count += u64::from(kept.count);
                }
            }
        }
        sums
    }
}

/// What sightings come to for one piece of infrastructure.
#[derive(Clone, Copy)]
struct Sum {
    count: u64,
    first: u32,
    last: u32,
    roles: u8,
}

impl Sum {
    fn into(self, known: &mut Infrastructure) {
        known.roles |= self.roles;
        known.seen = (known.seen.0.min(self.first), known.seen.1.max(self.last));
        known.count += self.count;
    }
}

impl Default for Sum {
    fn default() -> Self {
        Self { count: 0, first: u32::MAX, last: 0, roles: 0 }
    }
}
