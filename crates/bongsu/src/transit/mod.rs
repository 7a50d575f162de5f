//! What attacks pass through, as this node knows it: from files that its operator names, and from what members were sent.
//!
//! Files are read again when they change, tables of addresses too; what is summed up is kept until then. What is somebody's to see
//! alone is decided here: a row about a country is that country's members' own, and seen by those to whom it was opened.

mod circles;
mod files;
mod ground;
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
use region::transit::plan::{Plan, Wish, plan};
use region::transit::told::{Told, told};
use region::transit::{By, Country, Observed, Spot, stay};
use region::world::Territories;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use circles::Followed;
pub(crate) use files::{Source, geo, observed};
pub(crate) use ground::Ground;
pub(crate) use notices::{NoticeBook, Notices, about, keepers};
pub(crate) use web::page::TransitAsked as Looking;

/// What is kept of what was summed up: so many looks.
const KEPT_MAX: usize = 8;
/// Circles that are followed, each for a member.
const FOLLOWED_MAX: usize = 64;

/// What was observed: the number of the files' ground, and of each circle what it was when it was added.
type Seen = (u64, Vec<(CircleId, u64)>);

/// What makes a sum another one: who looks, how, what was observed, how many notices' events and changes of the book there were, the day
/// (up to which notices wait), and what members opened.
type Key = (Option<MemberId>, By, Seen, (u64, u64, i64), Open);

/// What makes a choice of where to help another one: what was observed, how it is looked at, what it may cost, and what is not shown.
type HelpKey = (Seen, By, String, (usize, Option<u64>), BTreeMap<Spot, u64>, BTreeSet<Spot>);

/// A circle as a member follows it.
type Following = Arc<Mutex<Option<Followed>>>;

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
    files: ground::Files,
    following: Mutex<BTreeMap<(MemberId, CircleId, bool), Following>>,
    observed: Mutex<BTreeMap<Seen, Arc<Ground>>>,
    told: Mutex<BTreeMap<Key, Arc<Told>>>,
    helps: Mutex<BTreeMap<HelpKey, Arc<Plan>>>,
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
            files: ground::Files::default(),
            following: Mutex::default(),
            observed: Mutex::default(),
            told: Mutex::default(),
            helps: Mutex::default(),
        }
    }

    /// How territories are shown.
    pub(crate) fn territories(&self) -> Territories {
        self.config.territories().unwrap_or_default()
    }

    /// What was observed by the configured files, and its number, which is another once they or the tables of addresses have changed.
    ///
    /// # Errors
    /// When a file can't be read at all.
    pub(crate) fn ground(&self) -> Result<(u64, Arc<Ground>), Failure> {
        self.files.ground(&self.config).map(|(number, _, ground)| (number, ground))
    }

    /// What was observed, as far as somebody may add to it: the files', and what a member was sent over its circles.
    ///
    /// # Errors
    /// When a file or a line can't be read.
    pub(crate) fn observed(&self, looking: &Looking) -> Result<Arc<Ground>, Failure> {
        self.seen(looking).map(|(_, ground)| ground)
    }

    fn seen(&self, looking: &Looking) -> Result<(Seen, Arc<Ground>), Failure> {
        let (number, tables, ground) = self.files.ground(&self.config)?;
        let followed = self.follow(looking)?;
        let mut circles = Vec::new();
        for (circle, slot) in &followed {
            circles.push((*circle, slot.lock().as_ref().map_or(0, |followed| followed.version)));
        }
        let seen = (number, circles);
        if followed.is_empty() {
            return Ok((seen, ground));
        }
        if let Some(known) = self.observed.lock().get(&seen) {
            return Ok((seen, Arc::clone(known)));
        }
        let mut all = ground.observed.clone();
        for (_, slot) in &followed {
            if let Some(followed) = &*slot.lock() {
                followed.add(&mut all, &*tables);
            }
        }
        let all = Arc::new(Ground { observed: all, unread: Vec::new() });
        keep(&self.observed, seen.clone(), Arc::clone(&all));
        Ok((seen, all))
    }

    /// What a member was sent, brought up to now.
    fn follow(&self, looking: &Looking) -> Result<Vec<(CircleId, Following)>, Failure> {
        let Caller::Member(member) = looking.caller else { return Ok(Vec::new()) };
        let mut followed = Vec::new();
        for reader in self.readers(looking) {
            let circle = reader.request().circle;
            let slot = {
                let mut all = self.following.lock();
                let key = (member, circle, looking.encrypted);
                if all.len() >= FOLLOWED_MAX && !all.contains_key(&key) {
                    all.clear();
                }
                Arc::clone(all.entry(key).or_default())
            };
            let mut kept = slot.lock();
            let upto = Followed::upto(kept.take(), &reader)
                .map_err(|error| Failure::new(format!("a circle can't be read: {error}")))?;
            *kept = Some(upto);
            drop(kept);
            followed.push((circle, slot));
        }
        Ok(followed)
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
        let (seen, ground) = self.seen(looking)?;
        let member = match looking.caller {
            Caller::Member(member) => Some(member),
            Caller::Operator => None,
        };
        let (events, stood) = self.notices.stays()?;
        let open = self.open(looking)?;
        let day = looking.now.seconds().div_euclid(86_400);
        let key = (member, looking.by, seen, (events, self.gate.book_version(), day), open.clone());
        if let Some(told) = self.told.lock().get(&key) {
            return Ok(Arc::clone(told));
        }
        let told = Arc::new(self.sum(looking, &open, &ground.observed, &stood));
        keep(&self.told, key, Arc::clone(&told));
        Ok(told)
    }

    /// Where help removes most, as far as whoever looks may know.
    ///
    /// # Errors
    /// When a file or a line can't be read.
    pub(crate) fn help(&self, looking: &Looking, wish: &Wish) -> Result<Arc<Plan>, Failure> {
        let (seen, ground) = self.seen(looking)?;
        let hidden = self.hidden(looking, &ground.observed)?;
        let Wish { level, bounds, costs } = wish;
        let key = (seen, looking.by, level.to_string(), (bounds.most, bounds.budget), costs.clone(), hidden);
        if let Some(plan) = self.helps.lock().get(&key) {
            return Ok(Arc::clone(plan));
        }
        let (cost, may) =
            (|spot: Spot| costs.get(&spot).copied().unwrap_or(1), |spot: Spot| !key.5.contains(&spot));
        let made = Arc::new(plan(&ground.observed, looking.by, *level, *bounds, cost, may));
        keep(&self.helps, key, Arc::clone(&made));
        Ok(made)
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
        let upto = u32::try_from(looking.now.seconds()).unwrap_or(u32::MAX);
        let shown = stood.iter().filter(|(member, ..)| open.takedown.contains(member));
        let asked = shown.filter_map(|(_, address, told, gone)| {
            let infrastructure = observed.of_address(*address)?;
            Some(stay::Notice { infrastructure, told: *told, gone: *gone, upto })
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

/// Keeps a sum; when there are too many, the others go.
fn keep<K: Ord, V>(kept: &Mutex<BTreeMap<K, V>>, key: K, value: V) {
    let mut kept = kept.lock();
    if kept.len() >= KEPT_MAX {
        kept.clear();
    }
    kept.insert(key, value);
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
    fn told(&self, looking: &Looking) -> Result<Arc<Told>, String> {
        Self::told(self, looking).map_err(|failure| failure.to_string())
    }

    fn help(&self, looking: &Looking, wish: &Wish) -> Result<Arc<Plan>, String> {
        Self::help(self, looking, wish).map_err(|failure| failure.to_string())
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
