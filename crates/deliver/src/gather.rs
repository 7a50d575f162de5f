//! What a member may act on: its circles' indicators, released for one form, past the guard.
//!
//! A member's view follows its circles record by record ([`gate::Reader::touched`]); it is made anew when the book changes.
//! Members that may have the same share one view, whatever they are: what was released for each is compared first.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};
use std::hash::RandomState;
use std::path::PathBuf;
use std::sync::{Arc, Weak};

use gate::{Audience, Gate, Reader};
use line::Seq;
use parking_lot::Mutex;
use policy::{Book, Circle, Member, MemberId, Use};
use stix::{Timestamp, Tlp};
use watch::{Acts as _, Context, Guard, Kind, Lists, Value};

use crate::basis::Basis;
use crate::device::Devices;
use crate::entry::{Claimed as _, Entry, HeldEntry, HeldValue};
pub(crate) use crate::error::DeliverError;
use crate::letterhead::Letterhead;
use crate::reading::{Changes, TYPES};
use crate::steps::{Steps, Verdicts};
use crate::view::{Cell, Judge, Print, View};

/// Views kept; all are dropped beyond it.
const SLOTS_MAX: usize = 4_096;

/// Everything that a member may act on in one form, at one instant.
#[derive(Debug, Clone)]
pub struct Gathered {
    pub(crate) view: Arc<View>,
    pub(crate) at: Timestamp,
}

impl Gathered {
    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.view.values.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.view.values.is_empty()
    }

    /// The values, sorted, each once: of several indicators the most certain.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.view.values.iter().map(|cell| &cell.best)
    }

    /// The entries of one kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Entry> {
        let from = self.view.values.rank(|cell| cell.best.value().kind().cmp(&kind));
        let cells = self.view.values.after(from).map(|cell| &cell.best);
        cells.take_while(move |entry| entry.value().kind() == kind)
    }

    /// How many entries of one kind there are.
    #[must_use]
    pub fn count(&self, kind: Kind) -> usize {
        let rank =
            |beyond: Ordering| self.view.values.rank(|cell| cell.best.value().kind().cmp(&kind).then(beyond));
        rank(Ordering::Less) - rank(Ordering::Greater)
    }

    /// What a resolver or a firewall may refuse, each once: domains, addresses and networks, and the hosts of URLs that name a
    /// whole host.
    pub fn refusable(&self) -> impl Iterator<Item = &Value> {
        let values = [Kind::Domain, Kind::Ipv4, Kind::Ipv6].into_iter().flat_map(|kind| self.of_kind(kind));
        let hosts = self.view.hosts.iter().map(|host| host.host.get()).scan(None, |last, host| {
            let is_new = last.replace(host) != Some(host) && !self.view.has(host);
            Some(is_new.then_some(host))
        });
        values.map(Entry::value).chain(hosts.flatten())
    }

    /// What of [`Gathered::refusable`] has gone and what has come since `earlier`, each once.
    #[must_use]
    pub fn refusable_since(&self, earlier: &Self) -> Difference {
        let mut candidates: BTreeSet<&Value> = BTreeSet::new();
        let (old, new) = (&*earlier.view, &*self.view);
        let value =
            |cell: &Cell<Entry>| matches!(cell.best.value().kind(), Kind::Domain | Kind::Ipv4 | Kind::Ipv6);
        old.values.differences(
            &new.values,
            |a, b| a.best.value().cmp(b.best.value()),
            |a, b| candidates.extend(a.or(b).filter(|cell| value(cell)).map(|cell| cell.best.value())),
        );
        old.hosts.differences(
            &new.hosts,
            |a, b| a.host.get().cmp(b.host.get()),
            |a, b| candidates.extend(a.or(b).map(|host| host.host.get())),
        );
        let mut difference = Difference::default();
        for value in candidates {
            match (old.refuses(value), new.refuses(value)) {
                (true, false) => difference.gone.push(value.clone()),
                (false, true) => difference.new.push(value.clone()),
                _ => {}
            }
        }
        difference
    }

    /// The entries that went since `earlier` and those that came, each in order; one of which `order` says that it became another
    /// is in both.
    pub(crate) fn entries_since(
        &self,
        earlier: &Self,
        order: impl Fn(&Entry, &Entry) -> Ordering,
    ) -> (Vec<Entry>, Vec<Entry>) {
        let (mut gone, mut new) = (Vec::new(), Vec::new());
        earlier.view.values.differences(
            &self.view.values,
            |a, b| order(&a.best, &b.best),
            |a, b| {
                gone.extend(a.map(|cell| cell.best.clone()));
                new.extend(b.map(|cell| cell.best.clone()));
            },
        );
        (gone, new)
    }

    /// What of [`Gathered::refusable`] is not in `values`, and what of these is not there any more.
    #[must_use]
    pub(crate) fn refusable_beyond(&self, values: &BTreeSet<Value>) -> Difference {
        let now: BTreeSet<&Value> = self.refusable().collect();
        Difference {
            gone: values.iter().filter(|value| !now.contains(value)).cloned().collect(),
            new: now.into_iter().filter(|value| !values.contains(*value)).cloned().collect(),
        }
    }

    /// When an entry's indicator was seen last, by the sightings that the member gets.
    pub(crate) fn seen_last(&self, entry: &Entry) -> Option<Timestamp> {
        self.view.sightings.last(entry.claim().key())
    }

    /// The confidence that is left in an entry, 0 to 100.
    pub(crate) fn confidence(&self, entry: &Entry) -> f64 {
        let judge = &self.view.judge;
        let seen_last = self.seen_last(entry);
        let context = Context { seen_last, ..judge.context(self.at).of(entry.indicator()) };
        judge.guard.decay(entry.value().kind()).faded(&context)
    }

    /// The kinds of values that have come, gone, or are held to be otherwise since `earlier`.
    #[must_use]
    pub(crate) fn kinds_since(&self, earlier: &Self) -> BTreeSet<Kind> {
        let mut kinds = BTreeSet::new();
        if self.is_same(earlier) {
            return kinds;
        }
        let record = |entry: &Entry| entry.claim().record();
        self.view.values.differences(
            &earlier.view.values,
            |a, b| (a.best.value(), record(&a.best)).cmp(&(b.best.value(), record(&b.best))),
            |a, b| kinds.extend(a.or(b).map(|cell| cell.best.value().kind())),
        );
        kinds
    }

    /// What nothing but its kind keeps out: no device refuses it, and it can be looked for all the same.
    pub(crate) fn only_looked_for(&self) -> impl Iterator<Item = &HeldEntry> {
        let context = self.view.judge.context(self.at);
        let can_be = |cell: &&Cell<HeldEntry>| {
            let kind = cell.best.claim().value().kind();
            kind.screens() && !kind.blockable()
        };
        self.view.held.iter().filter(can_be).map(|cell| &cell.best).filter(move |held| {
            let claim = held.claim();
            let seen_last = self.view.sightings.last(claim.key());
            let context = Context { seen_last, ..context.of(claim.indicator()) };
            self.view.judge.hold(claim, &context).is_some_and(|hold| hold.rule == Guard::ONLY_LOOKED_FOR)
        })
    }

    /// How many values the guard kept out.
    #[must_use]
    pub fn held_len(&self) -> usize {
        self.view.held.len()
    }

    /// What the guard kept out, sorted, each value once, from the `skip`th on. For operators.
    pub fn held(&self, skip: usize) -> impl Iterator<Item = HeldValue> {
        let context = self.view.judge.context(self.at);
        self.view.held.after(skip).filter_map(move |cell| {
            let claim = cell.best.claim();
            let seen_last = self.view.sightings.last(claim.key());
            let context = Context { seen_last, ..context.of(claim.indicator()) };
            let hold = self.view.judge.hold(claim, &context)?;
            Some(HeldValue { value: claim.value().clone(), seen_last, hold })
        })
    }

    /// The strictest mark in it.
    #[must_use]
    pub fn tlp(&self) -> Tlp {
        self.view.tlp()
    }

    /// Whether both are one and the same, kept once: then they hold the same.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.view, &other.view)
    }
}

/// What lies between two gatherings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// What was there and is not any more, sorted.
    pub gone: Vec<Value>,
    /// What was not there and is, sorted.
    pub new: Vec<Value>,
}

/// Whose view it is: one for all members whose rights are the same, as far as releases and the guard go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Whose {
    Audience(Vec<Audience>, u8),
    Member((MemberId, Use, bool)),
}

/// How far a view has followed its circles.
struct Slot {
    book_version: u64,
    /// How often the basis had been changed.
    basis: u64,
    heads: Vec<Seq>,
    at: Timestamp,
    /// When a date next decides about a release.
    until: Option<Timestamp>,
    gathered: Gathered,
}

impl Slot {
    /// Whether it can be followed on: whether nothing but records has come since.
    fn is_of(&self, asked: &Asked, book_version: u64, basis: u64, verdicts: &Verdicts) -> bool {
        self.book_version == book_version
            && self.basis == basis
            && self.gathered.view.judge.verdicts == *verdicts
            && self.heads.len() == asked.readers.len()
            && self.at <= asked.now
    }
}

/// A member's question, and what it may read for an answer.
pub(crate) struct Asked {
    key: (MemberId, Use, bool),
    pub(crate) profile: Member,
    pub(crate) book: Arc<Book>,
    pub(crate) readers: Vec<Reader>,
    pub(crate) now: Timestamp,
}

/// The views that members have at the moment.
#[derive(Default)]
struct Views {
    slots: HashMap<Whose, Arc<Mutex<Option<Slot>>>>,
    /// Views by their content and by what they were judged by.
    known: HashMap<(Print, usize), Weak<View>>,
    judges: HashMap<(Vec<String>, u8, u64, Verdicts), Weak<Judge>>,
}

/// Makes artefacts. Cheap to share by [`Arc`].
pub struct Deliver {
    /// The door to the circles.
    pub gate: Gate,
    /// The clock.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// The node's title, as artefacts name it.
    pub title: String,
    /// By what values are judged, and how often that was changed.
    pub(crate) basis: Mutex<(u64, Basis)>,
    pub(crate) steps: Mutex<Steps>,
    views: Mutex<Views>,
    hasher: RandomState,
    pub(crate) changes: crate::changes::Changes,
    pub(crate) rule_views: crate::rules::RuleViews,
    pub(crate) relevance: crate::relevance::Relevance,
    pub(crate) making: crate::at_hand::Making,
    /// The devices whose limits are known.
    pub devices: Arc<Devices>,
    pub(crate) zones: crate::zone::Zones,
    /// The domain under which test names stand.
    pub(crate) test_domain: Option<String>,
    pub(crate) letterhead: Letterhead,
}

impl Deliver {
    /// Makes artefacts from what `gate` releases, guarded by `lists`, or by the lists that are compiled in.
    #[must_use]
    pub fn new(
        gate: Gate,
        lists: Option<Arc<Lists>>,
        title: String,
        now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    ) -> Self {
        let (views, hasher, changes, rule_views, relevance, making, devices, zones) = Default::default();
        let basis = Mutex::new((0, Basis { lists, ..Basis::default() }));
        let (steps, test_domain, letterhead) = (Mutex::default(), None, Letterhead::default());
        Self {
            gate,
            now,
            title,
            basis,
            steps,
            views,
            hasher,
            changes,
            rule_views,
            relevance,
            making,
            devices,
            zones,
            test_domain,
            letterhead,
        }
    }

    /// The same, with zones kept in `folder`, so that after a restart servers take what has changed and not all of it.
    #[must_use]
    pub fn keeping(self, folder: PathBuf) -> Self {
        Self { zones: crate::zone::Zones::keeping(folder), ..self }
    }

    /// The same, giving out zones only while this holds and between [`Deliver::begin_zones`] and [`Deliver::end_zones`]: where several
    /// nodes serve, serials are given out by one at a time.
    #[must_use]
    pub fn zoning_while(self, holds: Arc<dyn Fn() -> bool + Send + Sync>) -> Self {
        Self { zones: self.zones.only_while(holds), ..self }
    }

    /// The same, with a domain for tests ([`crate::level_up`]), under which every name has an address.
    #[must_use]
    pub fn testing(self, domain: Option<String>) -> Self {
        Self { test_domain: domain, ..self }
    }

    /// The same, with these devices beside, or instead of, those that are compiled in.
    #[must_use]
    pub fn knowing(self, devices: Devices) -> Self {
        Self { devices: Arc::new(devices), ..self }
    }

    /// The member, if the form is offered to it.
    ///
    /// # Errors
    /// [`DeliverError::NoMember`], [`DeliverError::LevelTooLow`].
    pub fn offered<'b>(
        &self,
        book: &'b Book,
        member: MemberId,
        wanted: Use,
    ) -> Result<&'b Member, DeliverError> {
        let member = book.member(member).filter(|member| !member.ended).ok_or(DeliverError::NoMember)?;
        match member.level {
            offered if wanted > offered => Err(DeliverError::LevelTooLow { offered, wanted }),
            _ => Ok(member),
        }
    }

    /// What the member may act on in one form.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn gather(&self, member: MemberId, wanted: Use, encrypted: bool) -> Result<Gathered, DeliverError> {
        Ok(self.gather_as(member, wanted, encrypted)?.1)
    }

    /// The same, with whose view it is.
    pub(crate) fn gather_as(
        &self,
        member: MemberId,
        wanted: Use,
        encrypted: bool,
    ) -> Result<(Whose, Gathered), DeliverError> {
        loop {
            let meant = self.whose(&self.readers(member, wanted, encrypted)?);
            let slot = self.slot(meant.clone());
            let mut slot = slot.lock();
            // The number before the book: a change in between makes what is kept look older than it is, never newer.
            let version = self.gate.book_version();
            let basis = self.basis.lock().clone();
            let asked = self.readers(member, wanted, encrypted)?;
            let verdicts = Verdicts::of(&asked.book);
            let kept = slot.take().filter(|kept| kept.is_of(&asked, version, basis.0, &verdicts));
            let made = match kept {
                Some(kept) => self.follow(kept, &asked)?,
                None => self.begin(&asked, version, &basis, verdicts)?,
            };
            // What it brings itself while this goes on, it sees as nobody else does: that must not get into the others' view. And
            // what another basis came in between of is judged by both.
            if self.whose(&asked) == meant && self.basis.lock().0 == basis.0 {
                let gathered = made.gathered.clone();
                *slot = Some(made);
                return Ok((meant, gathered));
            }
        }
    }

    /// How many records have to be read before it is gathered.
    pub(crate) fn unread(&self, member: MemberId, wanted: Use, encrypted: bool) -> Result<u64, DeliverError> {
        let asked = self.readers(member, wanted, encrypted)?;
        let heads: Vec<u64> = asked.readers.iter().map(|reader| reader.head().0).collect();
        let all: u64 = heads.iter().sum();
        let slot = self.slot(self.whose(&asked));
        // Somebody reads them now.
        let Some(slot) = slot.try_lock() else { return Ok(all) };
        let (version, basis) = (self.gate.book_version(), self.basis.lock().0);
        let verdicts = Verdicts::of(&asked.book);
        Ok(match &*slot {
            Some(kept) if kept.is_of(&asked, version, basis, &verdicts) => {
                heads.iter().zip(&kept.heads).map(|(head, read)| head.saturating_sub(read.0)).sum()
            }
            _ => all,
        })
    }

    pub(crate) fn readers(
        &self,
        member: MemberId,
        wanted: Use,
        encrypted: bool,
    ) -> Result<Asked, DeliverError> {
        let (book, now) = (self.gate.book(), (self.now)());
        let profile = self.offered(&book, member, wanted)?.clone();
        let readers = self.gate.readers(member, wanted, encrypted, now);
        Ok(Asked { key: (member, wanted, encrypted), profile, book, readers, now })
    }

    pub(crate) fn whose(&self, asked: &Asked) -> Whose {
        match asked.readers.iter().map(Reader::audience).collect::<Option<Vec<Audience>>>() {
            Some(audiences) if !audiences.is_empty() => {
                Whose::Audience(audiences, asked.profile.confidence_min)
            }
            _ => Whose::Member(asked.key),
        }
    }

    fn slot(&self, whose: Whose) -> Arc<Mutex<Option<Slot>>> {
        let mut views = self.views.lock();
        if views.slots.len() >= SLOTS_MAX && !views.slots.contains_key(&whose) {
            views.slots.clear();
        }
        Arc::clone(views.slots.entry(whose).or_default())
    }

    /// Brings a view up to date.
    fn follow(&self, mut slot: Slot, asked: &Asked) -> Result<Slot, DeliverError> {
        let now = asked.now;
        let dated = slot.until.is_some_and(|until| until <= now);
        let (mut changes, mut until) = (Changes::default(), slot.until.filter(|_| !dated));
        for (reader, head) in asked.readers.iter().zip(&mut slot.heads) {
            if !dated && reader.head() == *head {
                continue;
            }
            let touched = reader.touched(&TYPES, *head, slot.at)?;
            *head = touched.head;
            self.changes(reader, &touched.ids, Some(&slot.gathered.view), &mut changes)?;
            // Only now has all been looked at that dates may decide about.
            until = earlier(until, reader.settled_until()?);
        }
        slot.until = until;
        slot.at = now;
        slot.gathered.at = now;
        if !changes.is_empty() || !slot.gathered.view.holds(now) {
            slot.gathered.view = self.step(&slot.gathered.view, changes, now);
        }
        Ok(slot)
    }

    /// Makes a view anew, from what other views know already.
    fn begin(
        &self,
        asked: &Asked,
        book_version: u64,
        basis: &(u64, Basis),
        verdicts: Verdicts,
    ) -> Result<Slot, DeliverError> {
        let (now, readers) = (asked.now, &asked.readers);
        let circles = readers.iter().filter_map(|reader| asked.book.circle(reader.request().circle));
        let judge = self.judge(assets(&asked.book, circles), asked.profile.confidence_min, basis, verdicts);
        let mut donors: Vec<Arc<View>> = self.views.lock().known.values().filter_map(Weak::upgrade).collect();
        // What came beyond a limit was found by that limit.
        donors.retain(|donor| donor.judge.step_limit == judge.step_limit);
        let (mut changes, mut heads, mut until) = (Changes::default(), Vec::new(), None);
        for reader in readers {
            // What comes after this is touched again.
            heads.push(reader.head());
            let circle = reader.request().circle;
            let donor = donors.iter().filter(|donor| donor.knows(circle)).max_by_key(|donor| donor.len());
            match donor {
                Some(donor) => self.adopt(reader, donor, &mut changes)?,
                None => self.read_all(reader, &mut changes)?,
            }
            until = earlier(until, reader.settled_until()?);
        }
        let view = self.step(&View::empty(judge, now), changes, now);
        let gathered = Gathered { view, at: now };
        Ok(Slot { book_version, basis: basis.0, heads, at: now, until, gathered })
    }

    /// The view after `changes` and what time has turned: one that another member has already, if it has the same content.
    fn step(&self, view: &View, changes: Changes, now: Timestamp) -> Arc<View> {
        let changes = changes.last_of_each();
        let print = view.print_after(&changes, &self.hasher);
        let key = (print, Arc::as_ptr(&view.judge) as usize);
        let known = self.views.lock().known.get(&key).and_then(Weak::upgrade);
        // A view holds its judge, so that the address is of no other.
        if let Some(known) = known.filter(|known| known.holds(now)) {
            return known;
        }
        let next = Arc::new(view.step(changes, print, now));
        let mut views = self.views.lock();
        views.known.retain(|_, view| view.strong_count() > 0);
        views.known.insert(key, Arc::downgrade(&next));
        next
    }

    /// The one judge for these assets, this threshold, this basis and these verdicts.
    fn judge(
        &self,
        mut assets: Vec<String>,
        confidence_min: u8,
        basis: &(u64, Basis),
        verdicts: Verdicts,
    ) -> Arc<Judge> {
        assets.sort_unstable();
        assets.dedup();
        let mut views = self.views.lock();
        let key = (assets, confidence_min, basis.0, verdicts);
        if let Some(judge) = views.judges.get(&key).and_then(Weak::upgrade) {
            return judge;
        }
        let (guard, unread) = Guard::new(basis.1.lists(), &key.0);
        let guard = guard.fading(Arc::clone(&basis.1.models));
        for finding in unread {
            tracing::warn!(%finding, "an own asset of a member can't be read, so it is not spared");
        }
        let (verdicts, step_limit) = (key.3.clone(), basis.1.step_limit);
        let judge = Arc::new(Judge { guard, confidence_min, verdicts, step_limit });
        views.judges.retain(|_, judge| judge.strong_count() > 0);
        views.judges.insert(key, Arc::downgrade(&judge));
        judge
    }
}

fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    [a, b].into_iter().flatten().min()
}

/// The assets of all members of circles: what must not break is everyone's business.
pub(crate) fn assets<'b>(book: &'b Book, circles: impl IntoIterator<Item = &'b Circle>) -> Vec<String> {
    let members = circles.into_iter().flat_map(|circle| &circle.members).filter_map(|id| book.member(*id));
    members.flat_map(|member| member.own_assets.iter().cloned()).collect()
}
