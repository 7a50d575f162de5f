//! Notices as the node's line has them, and whom what was observed concerns.

use crate::exit::Failure;
use crate::kept::{Kept, Sum};
use gate::Gate;
use ipnet::IpNet;
use line::RecordKind;
use parking_lot::Mutex;
use policy::{Book, Member, MemberId};
use region::notice::{About, Because, Event, Notice, State};
use region::transit::Role;
use region::transit::observed::Infrastructure;
use std::collections::BTreeSet;
use std::net::IpAddr;
use stix::Timestamp;

pub(crate) use region::notice::Notices;

/// The sum of events.
#[derive(Default)]
struct Sums(Notices);

impl Sum for Sums {
    const KIND: RecordKind = RecordKind::Notice;
    const WHAT: &'static str = "the notice";

    fn take(&mut self, text: &str, at: Timestamp) -> Result<(), impl std::fmt::Display> {
        Event::from_json(text).map(|event| self.0.apply(event, at))
    }
}

/// Which member was told of an address and when, and since when it is gone.
pub(super) type Stood = Vec<(MemberId, IpAddr, u32, Option<u32>)>;

/// Notices, kept up with the node's line.
pub(crate) struct NoticeBook {
    kept: Kept<Sums>,
    mails: Mutex<Mails>,
}

/// What this process knows of mails beside the line.
#[derive(Default)]
struct Mails {
    /// Notices that are being sent.
    going: BTreeSet<u64>,
    /// Mails that the server took, by id, and of which that is not written yet.
    taken: BTreeSet<String>,
}

/// A notice that nobody else sends meanwhile.
pub(crate) struct Going<'b> {
    book: &'b NoticeBook,
    number: u64,
}

impl Drop for Going<'_> {
    fn drop(&mut self) {
        self.book.mails.lock().going.remove(&self.number);
    }
}

impl Going<'_> {
    /// Whether the server took this mail, as far as this process knows.
    pub(crate) fn is_taken(&self, id: &str) -> bool {
        self.book.mails.lock().taken.contains(id)
    }

    /// The server took it.
    pub(crate) fn taken(&self, id: &str) {
        self.book.mails.lock().taken.insert(id.to_owned());
    }

    /// That it was taken is written.
    pub(crate) fn noted(&self, id: &str) {
        self.book.mails.lock().taken.remove(id);
    }
}

impl NoticeBook {
    /// Those of the node behind this door. Nothing is read yet.
    pub(crate) fn new(gate: Gate) -> Self {
        Self { kept: Kept::new(gate), mails: Mutex::default() }
    }

    /// Has a notice for oneself, to send it.
    ///
    /// # Errors
    /// When it is being sent.
    pub(crate) fn going(&self, number: u64) -> Result<Going<'_>, Failure> {
        match self.mails.lock().going.insert(number) {
            true => Ok(Going { book: self, number }),
            false => Err(Failure::new(format!("notice {number} is being sent already"))),
        }
    }

    /// Looks at them as they stand.
    ///
    /// # Errors
    /// When the line can't be read, or what `look` fails with.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Notices) -> Result<T, Failure>) -> Result<T, Failure> {
        self.kept.look(|sums| look(&sums.0))
    }

    /// Has happen what `make` makes of them as they stand, as [`Kept::happens`].
    ///
    /// # Errors
    /// What `make` fails with, or when the line can't be written; then nothing has happened.
    pub(crate) fn happens<T>(
        &self,
        make: impl FnOnce(&Notices) -> Result<(Vec<Event>, T), Failure>,
    ) -> Result<T, Failure> {
        let text = |event: &Event| (MemberId::NODE, event.to_json());
        self.kept
            .happens(|sums| make(&sums.0).map(|(events, told)| (events.iter().map(text).collect(), told)))
    }

    /// How many events there were, and what was asked to be taken down.
    ///
    /// # Errors
    /// When the line can't be read.
    pub(super) fn stays(&self) -> Result<(u64, Stood), Failure> {
        self.look(|notices| {
            let asked = notices.all().iter().flat_map(|notice| {
                let About { member, address, .. } = notice.about;
                notice.asked().into_iter().map(move |(told, gone)| (member, address, told, gone))
            });
            Ok((notices.events(), asked.collect()))
        })
    }
}

/// A member, and the networks that it says are its own.
pub(crate) struct Keeper<'b> {
    pub(crate) member: &'b Member,
    networks: Vec<IpNet>,
}

impl Keeper<'_> {
    /// Whether it names networks.
    pub(super) const fn has_networks(&self) -> bool {
        !self.networks.is_empty()
    }

    /// Whether an address is in one of its networks.
    pub(super) fn keeps(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }
}

/// All that take part, by handle.
pub(crate) fn keepers(book: &Book) -> Vec<Keeper<'_>> {
    let mut members: Vec<&Member> = book.members().filter(|member| !member.ended).collect();
    members.sort_by(|a, b| a.handle.cmp(&b.handle));
    let networks = |member: &Member| {
        let values = member.own_assets.iter().filter_map(|text| ::watch::guess(text));
        values.filter_map(|value| value.network()).collect()
    };
    members.into_iter().map(|member| Keeper { member, networks: networks(member) }).collect()
}

/// The member to which an address belongs: by the networks that it says are its own, else by its country; of several the first.
pub(crate) fn keeper<'b>(keepers: &[Keeper<'b>], one: &Infrastructure) -> Option<(&'b Member, Because)> {
    let address = one.address?;
    if let Some(keeper) = keepers.iter().find(|keeper| keeper.keeps(address)) {
        return Some((keeper.member, Because::Network));
    }
    let country = one.place.country?;
    let is_there = |keeper: &&Keeper<'_>| {
        keeper.member.country.as_deref().is_some_and(|code| code.eq_ignore_ascii_case(country.code()))
    };
    keepers.iter().find(is_there).map(|keeper| (keeper.member, Because::Country))
}

/// What a new notice would be about; `None` if there is nobody to tell, it was seen last before `since`, or one is open.
pub(crate) fn about(
    keepers: &[Keeper<'_>],
    notices: &Notices,
    one: &Infrastructure,
    since: u32,
) -> Option<About> {
    let address = one.address?;
    // What was seen since its notice came to an end is told anew.
    let bars = |notice: &Notice| {
        let ended =
            notice.steps.last().filter(|step| matches!(step.state, State::TakenDown | State::Refused));
        ended.is_none_or(|step| i64::from(one.seen.1) <= step.at.seconds())
    };
    if one.seen.1 < since || notices.about(address).any(bars) {
        return None;
    }
    let (member, because) = keeper(keepers, one)?;
    Some(About {
        member: member.id,
        address,
        place: one.place,
        roles: one.roles().filter(|role| *role != Role::Unknown).collect(),
        seen: one.seen,
        count: one.count,
        because,
    })
}
