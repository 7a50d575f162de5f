//! Many sightings, kept small: columns of numbers, each address and place once.

mod parts;

use std::net::IpAddr;

use hashbrown::HashMap;

pub(super) use self::parts::{Numbers, Part, Renumbered};

use super::geo::{Locate, NoTable};
use super::place::Place;
use super::{Hop, Role, Sighting};

/// The most hops that a sighting may have.
pub const HOPS_MAX: usize = 32;
/// Stands where no number stands.
const NONE: u32 = u32::MAX;

/// So many pieces of infrastructure have numbers.
const USES_MAX: usize = 1 << (u32::BITS - Use::ROLE_BITS);

/// A hop as it is kept: the number of some infrastructure, and the role that it had there. In one number, since there are tens of millions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use(u32);

impl Use {
    const ROLE_BITS: u32 = 3;

    const fn of(number: u32, role: Role) -> Self {
        Self(number << Self::ROLE_BITS | role as u32)
    }

    /// The number of the infrastructure.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0 >> Self::ROLE_BITS
    }

    /// What it was.
    #[must_use]
    pub const fn role(self) -> Role {
        Role::ALL[(self.0 & ((1 << Self::ROLE_BITS) - 1)) as usize]
    }

    const fn renumbered(self, number: u32) -> Self {
        Self(number << Self::ROLE_BITS | self.0 & ((1 << Self::ROLE_BITS) - 1))
    }
}

const _: () = assert!(Role::ALL.len() == 1 << Use::ROLE_BITS);

/// Why a sighting can't be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ObserveError {
    /// It has too many hops.
    #[error("it has {0} hops; at most {HOPS_MAX} are followed")]
    Hops(usize),
    /// Its time is none that is kept.
    #[error("its time, {0} seconds since 1970, is before 1970 or after 2106")]
    Time(i64),
    /// There are too many of something.
    #[error("there are too many {0}; read them in parts")]
    Full(&'static str),
}

/// What attacks use: an address, or, where none is known, what is somewhere in some role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Infrastructure {
    /// Its address.
    pub address: Option<IpAddr>,
    /// Where it is: as it was said of it last.
    pub place: Place,
    /// Its roles: one bit each, by their order.
    roles: u8,
    /// When it was seen first and last, in seconds since 1970-01-01 UTC.
    pub seen: (u32, u32),
    /// How often.
    pub count: u64,
}

impl Infrastructure {
    /// Its roles.
    pub fn roles(&self) -> impl Iterator<Item = Role> + use<> {
        let roles = self.roles;
        Role::ALL.into_iter().filter(move |role| roles & bit(*role) != 0)
    }

    /// Whether a place can be in answer for it: whether it is more than a place and a role.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        self.address.is_some()
    }
}

const fn bit(role: Role) -> u8 {
    1 << role as u8
}

/// Sightings, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    infrastructure: Vec<Infrastructure>,
    by_address: HashMap<u128, u32>,
    by_place: HashMap<(Place, u8), u32>,
    victims: Vec<Place>,
    by_victim: HashMap<Place, u32>,
    /// The hops of all sightings, one after the other.
    hops: Vec<Use>,
    /// For each sighting the end of its hops, its time, its victim and how often it was seen.
    ends: Vec<u32>,
    times: Vec<u32>,
    victim_of: Vec<u32>,
    counts: Vec<u32>,
}

/// A sighting as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept<'a> {
    /// When, in seconds since 1970-01-01 UTC.
    pub time: u32,
    /// Its infrastructure, and what that was there.
    pub hops: &'a [Use],
    /// Where the victim is.
    pub victim: Place,
    /// How often it was seen.
    pub count: u32,
}

impl Observed {
    /// Takes one more. What it doesn't say of where an address is, is looked up when the address comes for the first time.
    ///
    /// # Errors
    /// [`ObserveError`]; nothing of it is taken then.
    pub fn add(&mut self, sighting: &Sighting<'_>, tables: &impl Locate) -> Result<(), ObserveError> {
        let time = u32::try_from(sighting.time).map_err(|_| ObserveError::Time(sighting.time))?;
        if sighting.hops.len() > HOPS_MAX {
            return Err(ObserveError::Hops(sighting.hops.len()));
        }
        let end = u32::try_from(self.hops.len() + sighting.hops.len())
            .map_err(|_| ObserveError::Full("hops of attacks"))?;
        if self.infrastructure.len() + HOPS_MAX >= USES_MAX {
            return Err(ObserveError::Full("addresses"));
        }
        for hop in sighting.hops {
            let number = self.number(hop, time, tables);
            if let Some(known) = self.infrastructure.get_mut(number as usize) {
                known.place = hop.place.or(known.place);
                known.roles |= bit(hop.role);
                known.seen = (known.seen.0.min(time), known.seen.1.max(time));
                known.count += u64::from(sighting.count);
            }
            self.hops.push(Use::of(number, hop.role));
        }
        let victim = self.victim(sighting.victim);
        self.ends.push(end);
        self.times.push(time);
        self.victim_of.push(victim);
        self.counts.push(sighting.count);
        Ok(())
    }

    fn victim(&mut self, victim: Place) -> u32 {
        *self.by_victim.entry(victim).or_insert_with(|| {
            self.victims.push(victim);
            self.victims.len() as u32 - 1
        })
    }

    /// The number of what a hop is; new infrastructure gets one.
    fn number(&mut self, hop: &Hop, time: u32, tables: &impl Locate) -> u32 {
        let next = self.infrastructure.len() as u32;
        let number = match hop.address {
            Some(address) => *self.by_address.entry(key(address)).or_insert(next),
            None => *self.by_place.entry((hop.place, bit(hop.role))).or_insert(next),
        };
        if number == next {
            self.infrastructure.push(Infrastructure {
                address: hop.address,
                place: located(hop.address, hop.place, tables),
                roles: 0,
                seen: (time, time),
                count: 0,
            });
        }
        number
    }

    /// Takes in all that others have, as if it had come one after the other. Where addresses are by tables is looked up for
    /// the sum ([`Self::locate`]) and not for its parts: what one part says of an address would else be hidden by what tables say in another.
    ///
    /// # Errors
    /// [`ObserveError::Full`]; nothing of it is taken then.
    pub fn join(&mut self, other: &Self) -> Result<(), ObserveError> {
        let hops = self.hops.len() + other.hops.len();
        if u32::try_from(hops).is_err() {
            return Err(ObserveError::Full("hops of attacks"));
        }
        if self.infrastructure.len() + other.infrastructure.len() >= USES_MAX {
            return Err(ObserveError::Full("addresses"));
        }
        let mut numbers: Vec<u32> = Vec::with_capacity(other.infrastructure.len());
        for one in &other.infrastructure {
            let next = self.infrastructure.len() as u32;
            let number = match one.address {
                Some(address) => *self.by_address.entry(key(address)).or_insert(next),
                None => *self.by_place.entry((one.place, one.roles)).or_insert(next),
            };
            match self.infrastructure.get_mut(number as usize) {
                Some(known) => {
                    known.place = one.place.or(known.place);
                    known.roles |= one.roles;
                    known.seen = (known.seen.0.min(one.seen.0), known.seen.1.max(one.seen.1));
                    known.count += one.count;
                }
                None => self.infrastructure.push(*one),
            }
            numbers.push(number);
        }
        let victims: Vec<u32> = other
            .victims
            .iter()
            .map(|victim| {
                *self.by_victim.entry(*victim).or_insert_with(|| {
                    self.victims.push(*victim);
                    self.victims.len() as u32 - 1
                })
            })
            .collect();
        let before = self.hops.len() as u32;
        let new = |numbers: &[u32], number: u32| numbers.get(number as usize).copied().unwrap_or(NONE);
        self.hops.extend(other.hops.iter().map(|one| one.renumbered(new(&numbers, one.number()))));
        self.ends.extend(other.ends.iter().map(|end| before + end));
        self.times.extend_from_slice(&other.times);
        self.victim_of.extend(other.victim_of.iter().map(|victim| new(&victims, *victim)));
        self.counts.extend_from_slice(&other.counts);
        Ok(())
    }

    /// Looks up where addresses are of which that was not said.
    pub fn locate(&mut self, tables: &impl Locate) {
        for one in &mut self.infrastructure {
            let is_whole = one.place.country.is_some() && one.place.network.is_some();
            if let Some(address) = one.address.filter(|_| !is_whole) {
                one.place = one.place.or(tables.place(address));
            }
        }
    }

    /// What of it was seen from `from` on and before `to`, as if nothing else had been.
    #[must_use]
    pub fn within(&self, from: u32, to: u32) -> Self {
        let mut within = Self::default();
        let mut hops = Vec::new();
        for kept in self.sightings().filter(|kept| (from..to).contains(&kept.time)) {
            self.hops_of(&kept, &mut hops);
            let sighting =
                Sighting { time: kept.time.into(), hops: &hops, victim: kept.victim, count: kept.count };
            // What was taken once is taken again.
            let _ = within.add(&sighting, &NoTable);
        }
        within
    }

    /// The hops of a sighting, as they would be said now.
    pub(super) fn hops_of(&self, kept: &Kept<'_>, hops: &mut Vec<Hop>) {
        hops.clear();
        hops.extend(kept.hops.iter().filter_map(|hop| {
            let one = self.infrastructure.get(hop.number() as usize)?;
            Some(Hop { address: one.address, place: one.place, role: hop.role() })
        }));
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All of them.
    pub fn sightings(&self) -> impl ExactSizeIterator<Item = Kept<'_>> {
        (0..self.len()).map(|at| self.sighting(at))
    }

    /// One of them; an empty one beyond the last.
    #[must_use]
    pub fn sighting(&self, at: usize) -> Kept<'_> {
        let end = self.ends.get(at).copied().unwrap_or(0) as usize;
        let start = self.sighting_begin(at);
        let victim = self.victim_of.get(at).and_then(|victim| self.victims.get(*victim as usize));
        Kept {
            time: self.times.get(at).copied().unwrap_or(0),
            hops: self.hops.get(start..end).unwrap_or_default(),
            victim: victim.copied().unwrap_or_default(),
            count: self.counts.get(at).copied().unwrap_or(0),
        }
    }

    fn sighting_begin(&self, at: usize) -> usize {
        at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0) as usize
    }

    /// The number of a sighting's victim among [`Self::victims`].
    pub(super) fn victim_number(&self, at: usize) -> usize {
        self.victim_of.get(at).map_or(usize::MAX, |victim| *victim as usize)
    }

    /// The victims' places, each once.
    #[must_use]
    pub fn victims(&self) -> &[Place] {
        &self.victims
    }

    /// What attacks used, by number.
    #[must_use]
    pub fn infrastructure(&self) -> &[Infrastructure] {
        &self.infrastructure
    }

    /// The number of the infrastructure with an address.
    #[must_use]
    pub fn of_address(&self, address: IpAddr) -> Option<u32> {
        self.by_address.get(&key(address)).copied()
    }

    /// The earliest and the latest time of a sighting, in seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn times(&self) -> Option<(u32, u32)> {
        Some((*self.times.iter().min()?, *self.times.iter().max()?))
    }
}

/// Where something is: as it is said, and else as tables know.
fn located(address: Option<IpAddr>, said: Place, tables: &impl Locate) -> Place {
    let is_whole = said.country.is_some() && said.network.is_some();
    let found = address.filter(|_| !is_whole).map(|address| tables.place(address));
    said.or(found.unwrap_or_default())
}

/// An IPv4 address is the same as its form in IPv6 (RFC 4291, 2.5.5.2).
fn key(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transit::Country;
    use proptest::prelude::*;

    fn hop(address: &str, country: &str, role: Role) -> Hop {
        let country = Country::known(country).unwrap();
        Hop { address: address.parse().ok(), place: Place { country, network: None }, role }
    }

    #[test]
    fn addresses_are_kept_once_and_know_when_they_were_seen() {
        let mut observed = Observed::default();
        let hops = [hop("192.0.2.1", "DE", Role::Proxy), hop("", "", Role::Unknown)];
        let victim = Place { country: Country::known("KR").unwrap(), network: None };
        observed.add(&Sighting { time: 500, hops: &hops, victim, count: 2 }, &NoTable).unwrap();
        let again = [hop("::ffff:192.0.2.1", "DE", Role::CommandAndControl)];
        observed.add(&Sighting { time: 100, hops: &again, victim, count: 1 }, &NoTable).unwrap();
        observed.add(&Sighting { time: 900, hops: &[], victim, count: 1 }, &NoTable).unwrap();
        assert_eq!((observed.len(), observed.infrastructure().len()), (3, 2));
        let proxy = observed.infrastructure()[0];
        assert_eq!((proxy.seen, proxy.count), ((100, 500), 3));
        assert_eq!(proxy.roles().collect::<Vec<_>>(), [Role::CommandAndControl, Role::Proxy]);
        assert!(!observed.infrastructure()[1].is_known());
        assert_eq!(observed.times(), Some((100, 900)));
        assert_eq!(observed.sighting(1).hops, [Use::of(0, Role::CommandAndControl)]);
        assert_eq!(
            (observed.sighting(0).hops[1].number(), observed.sighting(0).hops[1].role()),
            (1, Role::Unknown)
        );
        assert_eq!(observed.sighting(2).hops, []);
        assert_eq!(observed.of_address("192.0.2.1".parse().unwrap()), Some(0));
        let within = observed.within(100, 500);
        assert_eq!((within.len(), within.infrastructure()[0].seen), (1, (100, 100)));
    }

    /// Everything is in one network.
    struct One;

    impl Locate for One {
        fn place(&self, _address: IpAddr) -> Place {
            Place { country: Country::parse("NL").ok(), network: None }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

        #[test]
        fn parts_come_to_what_the_whole_is(
            drawn in prop::collection::vec((0..2_i64, prop::collection::vec((0..4_usize, 0..3_usize, 0..2_usize), 0..4), 0..2_usize, 1..9_u32), 0..30),
        ) {
            const ADDRESSES: [&str; 4] = ["", "192.0.2.1", "192.0.2.2", "::ffff:192.0.2.1"];
            const COUNTRIES: [&str; 3] = ["", "DE", "KR"];
            const ROLES: [Role; 2] = [Role::Proxy, Role::Drop];
            let (mut whole, mut parts) = (Observed::default(), [Observed::default(), Observed::default()]);
            let mut drawn = drawn;
            drawn.sort_by_key(|(part, ..)| *part);
            for (time, (part, hops, victim, count)) in drawn.iter().enumerate() {
                let hops: Vec<Hop> =
                    hops.iter().map(|(address, country, role)| hop(ADDRESSES[*address], COUNTRIES[*country], ROLES[*role])).collect();
                let victim = Place { country: Country::known(COUNTRIES[*victim]).unwrap(), network: None };
                let sighting = Sighting { time: time as i64, hops: &hops, victim, count: *count };
                whole.add(&sighting, &One).unwrap();
                parts[*part as usize].add(&sighting, &NoTable).unwrap();
            }
            let mut joined = Observed::default();
            parts.iter().for_each(|part| joined.join(part).unwrap());
            joined.locate(&One);
            prop_assert_eq!(joined.infrastructure(), whole.infrastructure());
            prop_assert!(joined.sightings().eq(whole.sightings()));
            prop_assert_eq!(joined.victims(), whole.victims());
        }
    }

    #[test]
    fn what_is_beyond_the_limits_is_not_taken() {
        let mut observed = Observed::default();
        let hops = [hop("192.0.2.1", "DE", Role::Proxy); HOPS_MAX + 1];
        let victim = Place::default();
        let mut add = |time, hops| observed.add(&Sighting { time, hops, victim, count: 1 }, &NoTable);
        assert_eq!(add(1, &hops), Err(ObserveError::Hops(33)));
        assert_eq!(add(-1, &hops[..1]), Err(ObserveError::Time(-1)));
        assert_eq!(add(1 << 32, &hops[..1]), Err(ObserveError::Time(1 << 32)));
        assert!(observed.is_empty() && observed.infrastructure().is_empty());
    }
}
