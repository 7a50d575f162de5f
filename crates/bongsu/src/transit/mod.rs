//! What attacks pass through, as this node knows it: from files that its operator names, and from what members were sent.
//!
//! Files are read again when they change, tables of addresses too; what is summed up is kept until then. What is somebody's to see
//! alone is decided here: a row about a country is that country's members' own, and seen by those to whom it was opened.

mod circles;
mod files;
mod notices;

use crate::config;
use crate::exit::Failure;
use gate::Gate;
use parking_lot::Mutex;
use policy::{Book, Caller, CircleId, MemberId, Opening};
use region::notice::Notice;
use region::transit::flow::Options;
use region::transit::geo::Tables;
use region::transit::told::{Row, Told, told};
use region::transit::{By, Observed, Spot, stay};
use region::world::Territories;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use stix::Timestamp;

pub(crate) use files::{Source, Unread, geo, observed};
pub(crate) use notices::{NoticeBook, Notices, about, keepers};

/// What is kept of what was summed up: so many looks.
const KEPT_MAX: usize = 32;

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

/// What makes a sum another one: who looks, how, how far each of its circles has come, the files, and how many notices' events there were.
type Key = (Option<MemberId>, Option<CircleId>, By, bool, Vec<(CircleId, u64, u64)>, u64, u64);

/// What attacks pass through.
pub(crate) struct Transit {
    gate: Gate,
    config: config::Region,
    tables: Mutex<Option<(files::Print, Arc<Tables>)>>,
    ground: Mutex<Option<(files::Print, u64, Arc<Ground>)>>,
    told: Mutex<BTreeMap<Key, Arc<Told>>>,
    pub(crate) notices: NoticeBook,
}

impl Transit {
    /// That of the node behind this door. Nothing is read yet.
    pub(crate) fn new(gate: Gate, config: config::Region) -> Self {
        Self {
            notices: NoticeBook::new(gate.clone()),
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
        let heads = readers
            .iter()
            .map(|reader| (reader.request().circle, reader.head().0, reader.book_version()))
            .collect();
        let (events, stood) = self.notices.stays()?;
        let key = (member, looking.circle, looking.by, looking.encrypted, heads, files, events);
        if let Some(told) = self.told.lock().get(&key) {
            return Ok(Arc::clone(told));
        }
        let seen = self.sum(looking, &self.observed(looking)?.observed, &stood);
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
        Ok(self.sum(looking, observed, &stood))
    }

    fn sum(&self, looking: &Looking, observed: &Observed, stood: &notices::Stood) -> Told {
        let asked = |(address, told, gone): &(std::net::IpAddr, u32, Option<u32>)| {
            let infrastructure = observed.of_address(*address)?;
            Some(stay::Notice { infrastructure, told: *told, gone: *gone })
        };
        let asked: Vec<stay::Notice> = stood.iter().filter_map(asked).collect();
        let options = Options { by: looking.by, period_days: self.config.period_days };
        let book = self.gate.book();
        told(observed, &asked, options).seen(
            |row| sees(&book, looking, row),
            |row| owners(&book, row).len(),
            self.config.members_min,
        )
    }

    /// Whether whoever looks may see what is told of a place.
    pub(crate) fn sees(&self, looking: &Looking, spot: Spot, places: &Observed) -> bool {
        let countries = match spot {
            Spot::Country(country) => std::iter::once(country).collect(),
            Spot::Network(_) => {
                let there = places.infrastructure().iter().map(|one| one.place);
                there
                    .filter(|place| Spot::of(*place, By::Network) == Some(spot))
                    .filter_map(|place| place.country)
                    .collect()
            }
        };
        may_see(&self.gate.book(), looking, &countries)
    }
}

/// The members whose own a row is: those of the countries in which it is.
fn owners(book: &Book, row: &Row) -> Vec<MemberId> {
    members_of(book, &row.countries)
}

fn members_of(
    book: &Book,
    countries: &std::collections::BTreeSet<region::transit::Country>,
) -> Vec<MemberId> {
    let is_there = |country: &str| countries.iter().any(|one| one.code().eq_ignore_ascii_case(country));
    let members = book.members().filter(|member| !member.ended);
    members.filter(|member| member.country.as_deref().is_some_and(is_there)).map(|member| member.id).collect()
}

fn sees(book: &Book, looking: &Looking, row: &Row) -> bool {
    may_see(book, looking, &row.countries)
}

/// A country's own weakness is seen by its members; of a country without a member here, by all. A network in several countries is each
/// one's own, so that whoever looks must be of all that have members.
fn may_see(
    book: &Book,
    looking: &Looking,
    countries: &std::collections::BTreeSet<region::transit::Country>,
) -> bool {
    countries.iter().all(|country| {
        let owners = members_of(book, &std::iter::once(*country).collect());
        let opening = Opening { owners: &owners, circles: &[] };
        owners.is_empty() || book.opened(looking.caller, opening, looking.now, ()).is_some()
    })
}

impl web::page::Transit for Transit {
    fn told(&self, asked: &web::page::TransitAsked) -> Result<Arc<Told>, String> {
        let web::page::TransitAsked { caller, encrypted, circle, by, now } = *asked;
        Self::told(self, &Looking { caller, encrypted, circle, by, now })
            .map_err(|failure| failure.to_string())
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
