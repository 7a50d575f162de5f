//! What a member may act on: its circles' indicators, released for one form, past the guard.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use gate::{Gate, Object, Reader};
use line::{Seq, StorageError};
use parking_lot::Mutex;
use policy::{Book, Level, Member, MemberId, Released, Use};
use stix::{Timestamp, Tlp};
use watch::{Actionable, Context, Guard, Guarded, Hold, Kind, Lists, Value, actionable};

/// Gatherings kept; the whole cache is dropped beyond it.
const KEPT_MAX: usize = 256;
/// Seconds for which a gathering holds although nothing was added: validity and confidence change with time.
const FRESH_S: i64 = 60;

/// A value that a device may refuse.
#[derive(Debug, Clone)]
pub struct Refusable {
    /// The value, past the guard.
    pub guarded: Guarded<Actionable>,
    /// For a URL that names a whole host: the host.
    pub host: Option<Guarded<Value>>,
}

/// One value for a member.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The value, with the mark that it counts as.
    pub refusable: Released<Refusable>,
    /// The circle that it came from, by its handle.
    pub circle: Arc<str>,
}

impl Entry {
    /// What is to be looked for, with what its indicator says.
    #[must_use]
    pub fn actionable(&self) -> &Actionable {
        self.refusable.get().guarded.get()
    }

    /// The mark that it counts as.
    #[must_use]
    pub fn tlp(&self) -> Tlp {
        self.refusable.tlp()
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.actionable().value
    }
}

/// A value that the guard kept out.
#[derive(Debug, Clone)]
pub struct HeldValue {
    /// The value.
    pub value: Value,
    /// Why.
    pub hold: Hold,
}

/// Everything that a member may act on in one form.
#[derive(Debug, Clone, Default)]
pub struct Gathered {
    /// Values, sorted, each once: of several indicators the most certain.
    pub entries: Vec<Entry>,
    /// What the guard kept out, sorted, each once. For operators.
    pub held: Vec<HeldValue>,
    /// When the validity of one of the values begins or ends.
    turns: Option<Timestamp>,
}

impl Gathered {
    /// The strictest mark in it.
    #[must_use]
    pub fn tlp(&self) -> Tlp {
        self.entries.iter().map(Entry::tlp).max().unwrap_or(Tlp::Clear)
    }

    /// The entries of one kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.value().kind() == kind)
    }
}

/// Why there is no artefact.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeliverError {
    /// The member is not there or has left.
    #[error("there is no such member")]
    NoMember,
    /// The form is above the member's level.
    #[error(
        "level {wanted} is above your level, {offered}: you are offered {offered} and what stands below it"
    )]
    LevelTooLow {
        /// The member's level.
        offered: Level,
        /// What was asked for.
        wanted: Level,
    },
    /// The store.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A page could not be rendered.
    #[error("the artefact can't be rendered: {0}")]
    Render(String),
}

type Key = (MemberId, Use, bool);
/// What a gathering depends on beside time: the book, and how long each circle's line is.
type Basis = (u64, Vec<Seq>);

struct Kept {
    basis: Basis,
    at: Timestamp,
    /// When something in it begins or ends to hold.
    until: Option<Timestamp>,
    gathered: Arc<Gathered>,
}

/// Makes artefacts. Cheap to share by [`Arc`].
pub struct Deliver {
    /// The door to the circles.
    pub gate: Gate,
    /// The clock.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// The node's title, as artefacts name it.
    pub title: String,
    /// The guard's lists; `None` means those compiled in, which are read on first use.
    lists: Option<Arc<Lists>>,
    kept: Mutex<HashMap<Key, Kept>>,
    pub(crate) serials: crate::zone::Serials,
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
        Self { gate, now, title, lists, kept: Mutex::default(), serials: crate::zone::Serials::default() }
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
    pub fn gather(
        &self,
        member: MemberId,
        wanted: Use,
        encrypted: bool,
    ) -> Result<Arc<Gathered>, DeliverError> {
        // The number before the book: a change in between makes what is kept look older than it is, never newer.
        let (version, book, now) = (self.gate.book_version(), self.gate.book(), (self.now)());
        let profile = self.offered(&book, member, wanted)?;
        let readers = self.gate.readers(member, wanted, encrypted, now);
        let key = (member, wanted, encrypted);
        let basis = (version, readers.iter().map(Reader::head).collect());
        if let Some(kept) = self.kept.lock().get(&key)
            && kept.basis == basis
            && (0..FRESH_S).contains(&(now.seconds() - kept.at.seconds()))
            && kept.until.is_none_or(|until| now < until)
        {
            return Ok(Arc::clone(&kept.gathered));
        }
        let gathered = self.collect(&book, profile, &readers, now)?;
        let mut until = gathered.turns;
        for reader in &readers {
            until = earlier(until, reader.settled_until()?);
        }
        let gathered = Arc::new(gathered);
        let mut kept = self.kept.lock();
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(key, Kept { basis, at: now, until, gathered: Arc::clone(&gathered) });
        Ok(gathered)
    }

    fn collect(
        &self,
        book: &Book,
        member: &Member,
        readers: &[Reader],
        now: Timestamp,
    ) -> Result<Gathered, DeliverError> {
        let (guard, unread) =
            Guard::new(self.lists.clone().unwrap_or_else(Lists::builtin), &assets(book, readers));
        for finding in unread {
            tracing::warn!(%finding, "an own asset of a member can't be read, so it is not spared");
        }
        let context = Context::new(now, member.confidence_min);
        let mut gathered = Gathered::default();
        for reader in readers {
            let Some(circle) = book.circle(reader.request().circle) else { continue };
            let handle: Arc<str> = circle.handle.as_str().into();
            reader.each(&["indicator"], &mut |object| {
                take(&mut gathered, object, &handle, &guard, &context);
                ControlFlow::Continue(())
            })?;
        }
        let certain = |entry: &Entry| std::cmp::Reverse(entry.actionable().confidence);
        gathered.entries.sort_by(|a, b| a.value().cmp(b.value()).then_with(|| certain(a).cmp(&certain(b))));
        gathered.entries.dedup_by(|b, a| a.value() == b.value());
        gathered.held.sort_by(|a, b| a.value.cmp(&b.value));
        gathered.held.dedup_by(|b, a| a.value == b.value);
        Ok(gathered)
    }
}

fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// What the guard would say of objects that are not shared yet, for one member.
pub struct Trial {
    guard: Guard,
    context: Context,
}

/// What came of a trial.
#[derive(Debug, Default)]
pub struct Tried {
    /// How many of the object's values would pass.
    pub admitted: usize,
    /// The values that would not.
    pub held: Vec<HeldValue>,
}

impl Deliver {
    /// Asks the guard as for what `member` gets.
    #[must_use]
    pub fn trial(&self, book: &Book, member: MemberId) -> Trial {
        let circles = book.circles_of(member);
        let members = circles.iter().flat_map(|circle| &circle.members).filter_map(|id| book.member(*id));
        let assets: Vec<String> = members.flat_map(|member| member.own_assets.iter().cloned()).collect();
        let (guard, _) = Guard::new(self.lists.clone().unwrap_or_else(Lists::builtin), &assets);
        let confidence_min = book.member(member).map_or(0, |member| member.confidence_min);
        Trial { guard, context: Context::new((self.now)(), confidence_min) }
    }
}

impl Trial {
    /// What the guard says of an object's values; nothing of an object that has none.
    #[must_use]
    pub fn of(&self, raw: &str, head: &stix::Head) -> Tried {
        let mut tried = Tried::default();
        if head.object_type() != "indicator" {
            return tried;
        }
        for found in actionable(raw, head) {
            let (value, context) = (found.value.clone(), self.context.of(&found));
            match self.guard.admit(found, &context) {
                Ok(_) => tried.admitted += 1,
                Err(hold) => tried.held.push(HeldValue { value, hold }),
            }
        }
        tried
    }
}

/// The assets of all members of the circles: what must not break is everyone's business.
fn assets(book: &Book, readers: &[Reader]) -> Vec<String> {
    let circles = readers.iter().filter_map(|reader| book.circle(reader.request().circle));
    let members = circles.flat_map(|circle| &circle.members).filter_map(|member| book.member(*member));
    members.flat_map(|member| member.own_assets.iter().cloned()).collect()
}

fn take(
    gathered: &mut Gathered,
    object: Released<Object>,
    handle: &Arc<str>,
    guard: &Guard,
    context: &Context,
) {
    let Ok(head) = stix::read_head(&object.get().raw) else { return };
    let (held, turns) = (&mut gathered.held, &mut gathered.turns);
    let refusables = object.map(|object| {
        let admitted = actionable(&object.raw, &head).into_iter().filter_map(|found| {
            let (value, context) = (found.value.clone(), context.of(&found));
            for date in [found.valid_from, found.valid_until].into_iter().flatten() {
                *turns = earlier(*turns, Some(date).filter(|date| context.now < *date));
            }
            match guard.admit(found, &context) {
                Ok(guarded) => {
                    let host = guard.host(&value, &context).ok().filter(|_| value.kind() == Kind::Url);
                    Some(Refusable { guarded, host })
                }
                Err(hold) => {
                    held.push(HeldValue { value, hold });
                    None
                }
            }
        });
        admitted.collect::<Vec<_>>()
    });
    let entry = |refusable| Entry { refusable, circle: Arc::clone(handle) };
    gathered.entries.extend(refusables.each().map(entry));
}
