//! What attacks pass through, as this node knows it: from files that its operator names, and from what members were sent.
//!
//! Files are read again when they change, tables of addresses too; what is summed up is kept until then. What is somebody's to see
//! alone is decided here: a row about a country is that country's members' own, and seen by those to whom it was opened.

mod circles;
mod files;
mod notices;

use crate::capacity::CapacityBook;
use crate::config;
use crate::exit::Failure;
use gate::Gate;
use parking_lot::Mutex;
use policy::{Book, Caller, CircleId, MemberId};
use region::capacity::opening::Kind;
use region::notice::Notice;
use region::transit::flow::Options;
use region::transit::geo::Tables;
use region::transit::told::{Told, told};
use region::transit::{By, Country, Observed, Spot, stay};
use region::world::Territories;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use stix::Timestamp;

pub(crate) use files::{Source, Unread, geo, observed};
pub(crate) use notices::{NoticeBook, Notices, about, keepers};

/// What is kept of what was summed up: so many looks.
const KEPT_MAX: usize = 8;

/// Who looks at what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Looking {
    pub caller: Caller,
    pub encrypted: bool,
    /// What a member was sent over this circle alone.
    pub circle: Option<CircleId>,
    pub by: By,
    pub now: Timestamp,
}

/// What was read from files.
pub(crate) struct Ground {
    pub observed: Observed,
    /// What could not be read of it.
    pub unread: Vec<Unread>,
}

/// What makes a sum another one: who looks, how, how far each of its circles has come, the files, how many notices' events and changes
/// of the book there were, and what members opened.
type Key = (Option<MemberId>, Option<CircleId>, By, bool, Vec<(CircleId, u64)>, u64, (u64, u64), Open);

/// The members of which whoever looks may see what passes through, and how fast they take down: itself, and those that opened it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Open {
    pass_through: BTreeSet<MemberId>,
    takedown: BTreeSet<MemberId>,
}

/// What attacks pass through.
pub(crate) struct Transit {
    gate: Gate,
    config: config::Region,
    tables: Mutex<Option<(files::Print, Arc<Tables>)>>,
    ground: Mutex<Option<(files::Print, u64, Arc<Ground>)>>,
    told: Mutex<BTreeMap<Key, Arc<Told>>>,
    pub(crate) notices: Arc<NoticeBook>,
    capacity: Arc<CapacityBook>,
}

impl Transit {
    /// That of the node behind this door. Nothing is read yet.
    pub(crate) fn new(
        gate: Gate,
        config: config::Region,
        notices: Arc<NoticeBook>,
        capacity: Arc<CapacityBook>,
    ) -> Self {
        Self {
            notices,
            capacity,
            gate,
            config,
            tables: Mutex::default(),
            ground: Mutex::default(),
            told: Mutex::default(),
        }
    }

    /// How territories are shown.
    pub(crate) fn territories(&self) -> Territories {
        self.config.territories().unwrap_or_default()
    }

    fn tables(&self) -> Result<(files::Print, Arc<Tables>), Failure> {
        let mut kept = self.tables.lock();
        let print = files::print(&self.config.geo);
        if let Some((before, tables)) = &*kept
            && *before == print
        {
            return Ok((print, Arc::clone(tables)));
        }
        let tables = Arc::new(geo(&self.config.geo)?);
        *kept = Some((print.clone(), Arc::clone(&tables)));
        Ok((print, tables))
    }

    /// What was observed by the configured files, and its number, which is another once they have changed.
    ///
    /// # Errors
    /// When a file can't be read at all.
    pub(crate) fn ground(&self) -> Result<(u64, Arc<Ground>), Failure> {
        let (mut print, tables) = self.tables()?;
        let sources = self.config.sources()?;
        let paths: Vec<PathBuf> = sources.iter().map(|source| source.path.clone()).collect();
        let mut kept = self.ground.lock();
        print.extend(files::print(&paths));
        if let Some((before, number, ground)) = &*kept
            && *before == print
        {
            return Ok((*number, Arc::clone(ground)));
        }
        let mut ground = Ground { observed: Observed::default(), unread: Vec::new() };
        for source in &sources {
            ground.unread.extend(observed(&mut ground.observed, source, &*tables)?);
        }
        for unread in &ground.unread {
            tracing::warn!(file = %unread.path.display(), rows = unread.faulty, "rows of {} are left out: {}", unread.path.display(), unread.first);
        }
        let number = kept.as_ref().map_or(1, |(_, number, _)| number + 1);
        let ground = Arc::new(ground);
        *kept = Some((print, number, Arc::clone(&ground)));
        Ok((number, ground))
    }

    /// What was observed, as far as somebody may add to it: the files', and what a member was sent over its circles.
    ///
    /// # Errors
    /// When a file or a line can't be read.
    pub(crate) fn observed(&self, looking: &Looking) -> Result<Arc<Ground>, Failure> {
        let (_, ground) = self.ground()?;
        let readers = self.readers(looking);
        if readers.is_empty() {
            return Ok(ground);
        }
        let (_, tables) = self.tables()?;
        let mut all = ground.observed.clone();
        for reader in &readers {
            circles::add(&mut all, reader, &*tables)
                .map_err(|error| Failure::new(format!("a circle can't be read: {error}")))?;
        }
        Ok(Arc::new(Ground { observed: all, unread: Vec::new() }))
    }

    fn readers(&self, looking: &Looking) -> Vec<gate::Reader> {
        let Caller::Member(member) = looking.caller else { return Vec::new() };
        let readers = self.gate.readers(member, policy::Level::Read, looking.encrypted, looking.now);
        readers
            .into_iter()
            .filter(|reader| looking.circle.is_none_or(|circle| reader.request().circle == circle))
            .collect()
    }

    /// What is told to whoever looks.
    ///
    /// # Errors
    /// When a file or a line can't be read.
    pub(crate) fn told(&self, looking: &Looking) -> Result<Arc<Told>, Failure> {
        let (files, _) = self.ground()?;
        let readers = self.readers(looking);
        let member = match looking.caller {
            Caller::Member(member) => Some(member),
            Caller::Operator => None,
        };
        let heads = readers.iter().map(|reader| (reader.request().circle, reader.head().0)).collect();
        let (events, stood) = self.notices.stays()?;
        let open = self.open(looking)?;
        let (circle, by, encrypted) = (looking.circle, looking.by, looking.encrypted);
        let version = self.gate.book_version();
        let key = (member, circle, by, encrypted, heads, files, (events, version), open.clone());
        if let Some(told) = self.told.lock().get(&key) {
            return Ok(Arc::clone(told));
        }
        let seen = self.sum(looking, &open, &self.observed(looking)?.observed, &stood);
        let seen = Arc::new(seen);
        let mut kept = self.told.lock();
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(key, Arc::clone(&seen));
        Ok(seen)
    }

    /// What is told to whoever looks of something that was observed.
    ///
    /// # Errors
    /// When a line can't be read.
    pub(crate) fn told_of(&self, looking: &Looking, observed: &Observed) -> Result<Told, Failure> {
        let (_, stood) = self.notices.stays()?;
        Ok(self.sum(looking, &self.open(looking)?, observed, &stood))
    }

    fn open(&self, looking: &Looking) -> Result<Open, Failure> {
        let (book, register) = (self.gate.book(), self.capacity.register()?);
        let Looking { caller, now, .. } = *looking;
        let looking = region::contact::Looking { book: &book, caller, since: now, now };
        let open = |kind: Kind| {
            let members = book.members().filter(|member| !member.ended).map(|member| member.id);
            members.filter(|member| register.shows(&looking, *member, kind, ()).is_some()).collect()
        };
        Ok(Open { pass_through: open(Kind::PassThrough), takedown: open(Kind::Takedown) })
    }

    fn sum(&self, looking: &Looking, open: &Open, observed: &Observed, stood: &notices::Stood) -> Told {
        let shown = stood.iter().filter(|(member, ..)| open.takedown.contains(member));
        let asked = shown.filter_map(|(_, address, told, gone)| {
            let infrastructure = observed.of_address(*address)?;
            Some(stay::Notice { infrastructure, told: *told, gone: *gone })
        });
        let asked: Vec<stay::Notice> = asked.collect();
        let options = Options { by: looking.by, period_days: self.config.period_days };
        let book = self.gate.book();
        let kept = kept_by(&book, observed, looking.by);
        let keepers = |spot: Spot| kept.get(&spot).cloned().unwrap_or_default();
        told(observed, &asked, options).seen(
            |row| may_see(&book, looking.caller, open, (&row.countries, &keepers(row.crossing.spot))),
            |row| {
                let of_countries = members_of(&book, &row.countries);
                of_countries.into_iter().chain(keepers(row.crossing.spot)).collect()
            },
            self.config.members_min,
        )
    }

    /// The places of which whoever looks may not see what is told.
    ///
    /// # Errors
    /// When a line can't be read.
    pub(crate) fn hidden(&self, looking: &Looking, places: &Observed) -> Result<BTreeSet<Spot>, Failure> {
        let mut countries: BTreeMap<Spot, BTreeSet<Country>> = BTreeMap::new();
        for one in places.infrastructure() {
            if let Some(spot) = Spot::of(one.place, looking.by) {
                countries.entry(spot).or_default().extend(one.place.country);
            }
        }
        let (book, open) = (self.gate.book(), self.open(looking)?);
        let kept = kept_by(&book, places, looking.by);
        let nobodys = BTreeSet::new();
        countries.retain(|spot, countries| {
            let keepers = kept.get(spot).unwrap_or(&nobodys);
            !may_see(&book, looking.caller, &open, (countries, keepers))
        });
        Ok(countries.into_keys().collect())
    }
}

fn members_of(book: &Book, countries: &BTreeSet<Country>) -> Vec<MemberId> {
    let is_there = |country: &str| countries.iter().any(|one| one.code().eq_ignore_ascii_case(country));
    let members = book.members().filter(|member| !member.ended);
    members.filter(|member| member.country.as_deref().is_some_and(is_there)).map(|member| member.id).collect()
}

/// Which networks have addresses that members named as their own.
fn kept_by(book: &Book, observed: &Observed, by: By) -> BTreeMap<Spot, BTreeSet<MemberId>> {
    let mut kept: BTreeMap<Spot, BTreeSet<MemberId>> = BTreeMap::new();
    let keepers: Vec<_> = keepers(book).into_iter().filter(notices::Keeper::has_networks).collect();
    if by == By::Country || keepers.is_empty() {
        return kept;
    }
    for one in observed.infrastructure() {
        let (Some(spot), Some(address)) = (Spot::of(one.place, by), one.address) else { continue };
        for keeper in keepers.iter().filter(|keeper| keeper.keeps(address)) {
            kept.entry(spot).or_default().insert(keeper.member.id);
        }
    }
    kept
}

/// A country's own weakness is seen by its members, and by those to whom all of them opened it; of a country without a member here, by
/// all. A network in several countries is each one's own, and of those who named addresses in it, so that whoever looks must see all
/// of these; one of which nobody knows where it is, is the operator's to see.
fn may_see(
    book: &Book,
    caller: Caller,
    open: &Open,
    (countries, keepers): (&BTreeSet<Country>, &BTreeSet<MemberId>),
) -> bool {
    let Caller::Member(viewer) = caller else { return true };
    let sees = |owners: &[MemberId]| {
        owners.contains(&viewer) || owners.iter().all(|owner| open.pass_through.contains(owner))
    };
    let keepers: Vec<MemberId> = keepers.iter().copied().collect();
    !countries.is_empty()
        && sees(&keepers)
        && countries.iter().all(|country| sees(&members_of(book, &BTreeSet::from([*country]))))
}

impl web::page::Transit for Transit {
    fn told(&self, asked: &web::page::TransitAsked) -> Result<Arc<Told>, String> {
        let web::page::TransitAsked { caller, encrypted, circle, by, now } = *asked;
        Self::told(self, &Looking { caller, encrypted, circle, by, now })
            .map_err(|failure| failure.to_string())
    }

    fn counts(&self, member: Option<MemberId>) -> Result<(usize, usize), String> {
        let look = |notices: &Notices| {
            let all = notices.all().iter();
            let concerning = all.filter(|notice| member.is_none_or(|member| notice.about.member == member));
            Ok(concerning.fold((0, 0), |(all, open), notice| {
                let waits = notice.asked().last().is_some_and(|(_, gone)| gone.is_none());
                (all + 1, open + usize::from(waits))
            }))
        };
        self.notices.look(look).map_err(|failure| failure.to_string())
    }

    fn notices(&self, member: Option<MemberId>, most: usize) -> Result<Vec<Notice>, String> {
        let concerns = |notice: &&Notice| member.is_none_or(|member| notice.about.member == member);
        let look =
            |notices: &Notices| Ok(notices.all().iter().rev().filter(concerns).take(most).cloned().collect());
        self.notices.look(look).map_err(|failure| failure.to_string())
    }

    fn territories(&self) -> Territories {
        Self::territories(self)
    }
}
