//! Private screening, the node's side: a filter of all that a member may know, and questions that are evaluated without being read.
//!
//! A member fetches its signed filter ([`Filter`]) and has blinded elements evaluated; [`watch::private`] says how the two
//! make an answer of which the node learns nothing. Keys last an epoch (`epoch`) and grow from one secret. What a key gives for a
//! value is computed once (`outputs`), so that a step costs only what is new: little of it while the member waits, much of it on a
//! thread ([`Private::follow`]), one core and some 70 µs a value. How much a member may ask is limited (`allowance`), since whoever
//! asks for everything learns everything that its filter has.
//!
//! What this must never do: log or keep what is asked, or let one member's filter hold what it may not know. What goes into a filter
//! is what the same member's watch file has.

mod allowance;
mod awaited;
mod epoch;
mod file;
mod http;
mod outputs;

pub use epoch::Epochs;
pub use file::{Filter, FilterError, Header};
pub use http::router;

use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gate::NoteKey;
use line::{Beside, StorageError};
use parking_lot::Mutex;
use policy::{Level, MemberId};
use serde_json::json;
use stix::Tlp;
use watch::private::{Answer, ELEMENTS_MAX, Key, PrivateError, Request, SUITE, Set, Shape};
use watch::{Acts as _, Kind, Value};

use crate::artefact::Artefact;
use crate::entry::Claimed as _;
use crate::gather::{Deliver, DeliverError, Gathered};
use crate::view::View;
use allowance::Allowance;
use awaited::Awaited;
use outputs::Outputs;

/// Values that are evaluated while a member waits for its filter: some 70 ms.
const AT_ONCE_MAX: usize = 1_000;
/// Values after which the thread looks whether it is to stop.
const STRETCH: usize = 1_000;
/// How often the thread looks for what has changed by itself: a key is rotated, an indicator ends.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// The name of the filter in receipts.
const WHAT: &str = "private/filter";

/// How a node screens privately.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The kinds of values that can be asked for.
    pub kinds: BTreeSet<Kind>,
    /// How long keys last.
    pub epochs: Epochs,
    /// Elements that a member may have evaluated at once, after a pause.
    pub burst: u32,
    /// Elements that a member may have evaluated in an hour, in the long run.
    pub per_hour: u32,
    /// Most values of a filter, and as many outputs are kept: some 50 MB a million.
    pub values_max: usize,
}

/// Gives 32 random bytes; `None` if the system has none.
pub type Seed = Arc<dyn Fn() -> Option<[u8; 32]> + Send + Sync>;

/// Private screening of one node.
pub struct Private {
    /// What makes artefacts.
    deliver: Arc<Deliver>,
    secret: [u8; 32],
    settings: Settings,
    seed: Seed,
    outputs: Mutex<Outputs>,
    allowance: Allowance,
    made: Mutex<HashMap<Whose, Made>>,
    /// Those whose filters the thread makes ready.
    awaited: Mutex<BTreeMap<Whose, Awaited>>,
}

/// A member, and whether it comes over an encrypted channel.
type Whose = (MemberId, bool);

/// A filter that was made, and of what.
struct Made {
    view: Weak<View>,
    epoch: u32,
    artefact: Arc<Artefact>,
}

/// A filter, or how far it is.
#[derive(Debug, Clone)]
pub enum Progress {
    /// It is ready.
    Ready(Arc<Artefact>),
    /// It is made in the background.
    Under {
        /// Values that have still to be evaluated.
        left: usize,
    },
}

/// Why a question is not answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// The member may not ask.
    #[error(transparent)]
    Deliver(#[from] DeliverError),
    /// The key of that epoch is not in use.
    #[error("the key of epoch {0} is not in use any more, or not yet: fetch the filter again")]
    Epoch(u32),
    /// Too much was asked in too short a time.
    #[error("that is more than your allowance: ask again in {} s", after.as_secs())]
    Allowance {
        /// When there will be enough.
        after: Duration,
    },
    /// What was asked is no question.
    #[error(transparent)]
    Elements(#[from] PrivateError),
    /// It can't be known how much the member has asked at other nodes.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The node is out of order.
    #[error("the system gives no random bytes")]
    Random,
}

impl Private {
    /// Private screening of what `deliver` gives out, with keys that grow from `secret`.
    #[must_use]
    pub fn new(deliver: Arc<Deliver>, secret: [u8; 32], settings: Settings, seed: Seed) -> Self {
        let (outputs, allowance) = (Mutex::default(), Allowance::new(settings.burst, settings.per_hour));
        Self {
            deliver,
            secret,
            settings,
            seed,
            outputs,
            allowance,
            made: Mutex::default(),
            awaited: Mutex::default(),
        }
    }

    /// The same, of which members have no more evaluated at all the nodes that serve beside a database than at one.
    #[must_use]
    pub fn beside(mut self, beside: &Beside) -> Self {
        self.allowance.share(beside);
        self
    }

    fn key(&self, epoch: u32) -> Result<Key, DeliverError> {
        Key::derive(&self.secret, epoch).map_err(|error| DeliverError::Render(error.to_string()))
    }

    /// The member's filter, if what it takes is evaluated, or is little; if not, the thread is told to make it.
    ///
    /// # Errors
    /// [`DeliverError`]; [`DeliverError::Unset`] for more values than are put up with.
    pub fn filter(&self, member: MemberId, encrypted: bool) -> Result<Progress, DeliverError> {
        let progress = self.make((member, encrypted), AT_ONCE_MAX, &AtomicBool::new(false))?;
        let (is_under, now) = (matches!(progress, Progress::Under { .. }), (self.deliver.now)());
        match self.awaited.lock().entry((member, encrypted)) {
            Slot::Occupied(mut one) => one.get_mut().ask(now),
            Slot::Vacant(slot) if is_under => drop(slot.insert(Awaited::since(now))),
            Slot::Vacant(_) => {}
        }
        if is_under {
            self.deliver.gate.store().wake();
        }
        Ok(progress)
    }

    /// Makes filters ready that members have asked for, and keeps them ready, until `stop` turns true.
    pub fn follow(&self, stop: &AtomicBool) {
        let mut grown = 0;
        while !stop.load(Ordering::Relaxed) {
            for whose in self.due() {
                match self.make(whose, usize::MAX, stop) {
                    Ok(_) => {}
                    // It may not have one any more.
                    Err(DeliverError::NoMember | DeliverError::LevelTooLow { .. }) => {
                        self.awaited.lock().remove(&whose);
                        self.made.lock().remove(&whose);
                    }
                    Err(error) => {
                        tracing::error!(member.id = %whose.0.uuid(), %error, "a private filter could not be made; tried again");
                    }
                }
            }
            grown = self.deliver.gate.store().wait_for_growth_as("private", grown, LOOK_EVERY);
        }
    }

    /// Those whose filters are to be looked at now. Who has not asked for long is forgotten.
    fn due(&self) -> Vec<Whose> {
        let now = (self.deliver.now)();
        let mut awaited = self.awaited.lock();
        for (whose, _) in awaited.extract_if(.., |_, one| one.is_forgotten(now)) {
            self.made.lock().remove(&whose);
        }
        let due = awaited.iter_mut().filter(|(_, one)| one.is_due(now));
        due.map(|(whose, one)| {
            one.look(now);
            *whose
        })
        .collect()
    }

    /// Makes a filter if at most `most` values have to be evaluated for it.
    fn make(&self, whose: Whose, most: usize, stop: &AtomicBool) -> Result<Progress, DeliverError> {
        let (member, encrypted) = whose;
        let deliver = &self.deliver;
        let handle = deliver.offered(&deliver.gate.book(), member, Level::Detect)?.handle.clone();
        // Before what is gathered: it holds that much at least.
        let upto = deliver.heads(member);
        let epoch = self.settings.epochs.of((deliver.now)());
        let gathered = deliver.gather(member, Level::Detect, encrypted)?;
        if let Some(made) = self.made.lock().get(&whose)
            && made.epoch == epoch
            && made.view.upgrade().is_some_and(|view| Arc::ptr_eq(&view, &gathered.view))
        {
            return Ok(Progress::Ready(Arc::clone(&made.artefact)));
        }
        // One may be refused for one member of a circle and only looked for by another's word: it is there once.
        let values: Vec<&Value> = self.values(&gathered).collect::<BTreeSet<_>>().into_iter().collect();
        if values.len() > self.settings.values_max {
            let why = format!("{} values would be in a private filter", values.len());
            return Err(DeliverError::Unset { key: "private.values_max", why });
        }
        let key = self.key(epoch)?;
        let left = self.evaluate_new(&key, &values, most, stop)?;
        if left > 0 {
            return Ok(Progress::Under { left });
        }
        let Some(outputs) = self.outputs.lock().all(epoch, &values) else {
            // Another member's values have taken their place.
            return Ok(Progress::Under { left: values.len() });
        };
        let set = Set::of(&outputs);
        let mut shape = Shape::default();
        values.iter().for_each(|value| shape.add(value));
        let book = deliver.gate.book();
        let circles =
            upto.iter().filter_map(|upto| Some((book.circle(upto.circle)?.handle.clone(), upto.seq)));
        let node = deliver.gate.key();
        let header = Header {
            node: node.name().to_owned(),
            key: NoteKey::of(node).to_string(),
            member: handle,
            tlp: gathered
                .only_looked_for()
                .map(|held| held.mark())
                .fold(gathered.tlp(), Tlp::max)
                .to_string(),
            made: (deliver.now)().to_string(),
            epoch,
            public: key.public(),
            until: self.settings.epochs.until(epoch).to_string(),
            values: set.len(),
            rate_bits: watch::private::RATE_BITS,
            kinds: self.settings.kinds.iter().map(|kind| kind.as_str().to_owned()).collect(),
            shape,
            circles: circles.collect::<BTreeMap<_, _>>(),
            set_sha256: String::new(),
        };
        let artefact = Arc::new(file::write(node, header, &set)?);
        let made = Made { view: Arc::downgrade(&gathered.view), epoch, artefact: Arc::clone(&artefact) };
        self.made.lock().insert(whose, made);
        Ok(Progress::Ready(artefact))
    }

    /// The values that a member's filter has: those of its watch file, of the kinds that can be asked for.
    fn values<'g>(&self, gathered: &'g Gathered) -> impl Iterator<Item = &'g Value> {
        let refused = gathered.entries().map(crate::entry::Entry::value);
        let values = refused.chain(gathered.only_looked_for().map(|held| held.claim().value()));
        values.filter(|value| self.settings.kinds.contains(&value.kind()))
    }

    /// Evaluates those that were not before, if they are at most `most`; gives how many are left.
    fn evaluate_new(
        &self,
        key: &Key,
        values: &[&Value],
        most: usize,
        stop: &AtomicBool,
    ) -> Result<usize, DeliverError> {
        let new = self.outputs.lock().missing(key.epoch(), values, self.settings.values_max);
        if new.len() > most {
            return Ok(new.len());
        }
        let mut left = new.len();
        for stretch in new.chunks(STRETCH) {
            if stop.load(Ordering::Relaxed) {
                return Ok(left);
            }
            let outputs = stretch.iter().map(|value| Ok((*value, key.output(value)?)));
            let outputs: Vec<_> = outputs
                .collect::<Result<_, PrivateError>>()
                .map_err(|error| DeliverError::Render(error.to_string()))?;
            self.outputs.lock().keep(key.epoch(), &outputs);
            left -= stretch.len();
        }
        Ok(left)
    }

    /// Evaluates what a member blinded. Nothing of it is kept but how much it was.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn evaluate(&self, member: MemberId, request: &Request) -> Result<Answer, AskError> {
        self.deliver.offered(&self.deliver.gate.book(), member, Level::Detect)?;
        let now = (self.deliver.now)();
        if !self.settings.epochs.holds(request.epoch, now) {
            return Err(AskError::Epoch(request.epoch));
        }
        let count = request.elements.len();
        self.allowance.take(member, count, now)?;
        let seed = (self.seed)().ok_or(AskError::Random)?;
        let answer = self.key(request.epoch)?.evaluate(&request.elements, seed)?;
        tracing::info!(member.id = %member.uuid(), count, "{count} blinded elements were evaluated");
        Ok(answer)
    }

    /// The public halves of the keys that answer now, as JSON, with a note that the node signs: members who hold the same note have
    /// the same keys.
    ///
    /// # Errors
    /// [`DeliverError::Render`].
    pub fn keys(&self) -> Result<serde_json::Value, DeliverError> {
        let (node, epochs, now) = (self.deliver.gate.key(), self.settings.epochs, (self.deliver.now)());
        let (mut keys, mut text) = (Vec::new(), format!("{}/private/key\n{SUITE}\n", node.name()));
        for epoch in epochs.all(now) {
            let public = STANDARD.encode(self.key(epoch)?.public().0);
            let (from, until) = (epochs.from(epoch).to_string(), epochs.until(epoch).to_string());
            text.push_str(&format!("{epoch} {public} {from} {until}\n"));
            keys.push(json!({"epoch": epoch, "public": public, "from": from, "until": until}));
        }
        Ok(json!({
            "node": node.name(), "suite": SUITE, "mode": "VOPRF", "elements_max": ELEMENTS_MAX, "keys": keys,
            "next": epochs.next(epochs.of(now)).to_string(), "note": node.note(&text),
        }))
    }
}
