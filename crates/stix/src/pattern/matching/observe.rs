//! What was observed: observed-data objects, the observables in them, and the times.
//!
//! STIX 2.1 names observables by id (`object_refs`); they may come before or after the observed-data that refers to them,
//! in another bundle, or not at all. STIX 2.0 carries them inside (`objects`, a dictionary whose keys are what
//! references name). Both may stand in one input. References are followed among everything that was added.
//!
//! Source: STIX 2.1, section 4.14 (Observed Data); STIX 2.0, part 2, section 2.8.

use std::collections::HashMap;
use std::io::Read;
use std::ops::ControlFlow;

use serde_json::{Map, Value};

use crate::bundle::{self, Item, Limits};
use crate::finding::Finding;
use crate::time::Timestamp;

/// Most observed-data objects and observables in one [`Observations`].
pub const OBSERVED_OBJECTS_MAX: usize = 10_000_000;

/// One observed-data object: so many sightings of the same observables in one span of time.
#[derive(Debug)]
pub struct Observation {
    id: Option<Box<str>>,
    first: Timestamp,
    last: Timestamp,
    count: u64,
    roots: Vec<u32>,
    /// Names of embedded observables (STIX 2.0); `None` where ids name them.
    local: Option<HashMap<Box<str>, u32>>,
}

impl Observation {
    /// The object's id; STIX 2.0 test data may lack it.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// `first_observed`
    #[must_use]
    pub fn first(&self) -> Timestamp {
        self.first
    }

    /// `last_observed`
    #[must_use]
    pub fn last(&self) -> Timestamp {
        self.last
    }

    /// `number_observed`: how many observations this one object stands for.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// `first_observed` to `last_observed`, in nanoseconds.
    pub(super) fn span(&self) -> (i128, i128) {
        (nanos(self.first), nanos(self.last))
    }
}

/// Nanoseconds since 1970; every year that can be written fits.
pub(super) fn nanos(at: Timestamp) -> i128 {
    i128::from(at.seconds()) * 1_000_000_000 + i128::from(at.nanos())
}

/// Positions are below [`OBSERVED_OBJECTS_MAX`].
pub(super) fn narrow(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Everything that patterns are matched against.
#[derive(Debug, Default)]
pub struct Observations {
    observations: Vec<Observation>,
    objects: Vec<Value>,
    by_id: HashMap<Box<str>, u32>,
}

impl Observations {
    /// Reads texts that hold bundles, lists of objects, or objects.
    ///
    /// Gives what could be used and what is wrong with the rest.
    pub fn read<'a>(texts: impl IntoIterator<Item = &'a str>) -> (Self, Vec<Finding>) {
        let mut builder = Builder::default();
        for text in texts {
            builder.add_text(text);
        }
        builder.finish()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.observations.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.observations.is_empty()
    }

    /// The observation at a position.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<&Observation> {
        self.observations.get(at)
    }

    /// The observables of an observation.
    pub(super) fn roots(&self, at: usize) -> impl Iterator<Item = (u32, &Map<String, Value>)> {
        let roots = self.observations.get(at).map(|observation| observation.roots.as_slice());
        roots.unwrap_or_default().iter().filter_map(|root| Some((*root, self.object(*root)?)))
    }

    pub(super) fn object(&self, at: u32) -> Option<&Map<String, Value>> {
        self.objects.get(usize::try_from(at).ok()?)?.as_object()
    }

    /// The observable that a reference inside an observation names.
    pub(super) fn resolve(&self, observation: usize, name: &str) -> Option<u32> {
        match &self.observations.get(observation)?.local {
            Some(local) => local.get(name).copied(),
            None => self.by_id.get(name).copied(),
        }
    }
}

/// Collects objects in any order.
#[derive(Debug, Default)]
pub struct Builder {
    observed: Vec<Map<String, Value>>,
    built: Observations,
    findings: Vec<Finding>,
}

impl Builder {
    /// Adds what a text holds: a bundle, an envelope, a list, one object, or several after one another.
    pub fn add_text(&mut self, text: &str) {
        self.add_source("", text.as_bytes());
    }

    /// The same from a source that is read to its end; what is wrong there is said to be in `name`.
    pub fn add_source(&mut self, name: &str, source: impl Read) {
        let before = self.findings.len();
        let outcome = bundle::read(source, &Limits::default(), |item| {
            match item {
                Item::Object { raw, .. } => self.add(raw),
                Item::Bad { finding, .. } => self.findings.push(finding),
            }
            ControlFlow::Continue(())
        });
        if let Err(error) = outcome {
            self.findings.push(Finding::error("observed-unreadable", "", error.to_string()));
        }
        let new = self.findings.split_off(before.min(self.findings.len()));
        self.findings.extend(new.into_iter().map(|finding| finding.within(name)));
    }

    /// Adds one object from its text: observed-data, an observable, or a bundle. Others can be referred to.
    pub fn add(&mut self, raw: &str) {
        match serde_json::from_str(raw) {
            Ok(value) => self.add_value(value),
            Err(error) => self.findings.push(Finding::error("json", "", error.to_string())),
        }
    }

    fn add_value(&mut self, value: Value) {
        let Value::Object(mut object) = value else {
            self.findings.push(Finding::error("not-an-object", "", "a STIX object is a JSON object"));
            return;
        };
        match object.get("type").and_then(Value::as_str) {
            Some("bundle") => {
                let inner = object.remove("objects");
                if let Some(Value::Array(objects)) = inner {
                    // A bundle in a bundle goes no deeper: the JSON reader has bounded the depth.
                    objects.into_iter().for_each(|object| self.add_value(object));
                }
            }
            Some("observed-data") => self.observed.push(object),
            _ => {
                let id = object.get("id").and_then(Value::as_str).map(Box::from);
                if let (Some(at), Some(id)) = (self.keep(object), id) {
                    self.built.by_id.insert(id, at);
                }
            }
        }
    }

    fn keep(&mut self, object: Map<String, Value>) -> Option<u32> {
        if self.built.objects.len() + self.observed.len() >= OBSERVED_OBJECTS_MAX {
            let message =
                format!("more than {OBSERVED_OBJECTS_MAX} objects; the rest was left out: ask in parts");
            if self.findings.last().is_none_or(|last| last.code != "observed-too-many") {
                self.findings.push(Finding::error("observed-too-many", "", message));
            }
            return None;
        }
        self.built.objects.push(Value::Object(object));
        Some(narrow(self.built.objects.len() - 1))
    }

    /// The observations, and what is wrong with what could not become one.
    #[must_use]
    pub fn finish(mut self) -> (Observations, Vec<Finding>) {
        for (at, object) in std::mem::take(&mut self.observed).into_iter().enumerate() {
            match self.observation(object) {
                Ok(observation) => self.built.observations.push(observation),
                Err(finding) => self.findings.push(finding.within(&format!("observed[{at}]"))),
            }
        }
        (self.built, self.findings)
    }

    fn observation(&mut self, mut object: Map<String, Value>) -> Result<Observation, Finding> {
        let count = object.get("number_observed").and_then(Value::as_u64).filter(|count| *count > 0);
        let count = count.ok_or_else(|| {
            let message = "how often it was observed, a whole number from 1, is required (STIX 2.1, 4.14)";
            Finding::error("number-observed", "number_observed", message)
        })?;
        let first = instant(&object, "first_observed")?;
        let last = instant(&object, "last_observed")?;
        if last < first {
            let message = "last_observed is before first_observed (STIX 2.1, 4.14)";
            return Err(Finding::error("observed-backwards", "last_observed", message));
        }
        let mut roots = Vec::new();
        let mut local = None;
        if let Some(Value::Object(embedded)) = object.remove("objects")
            && !embedded.is_empty()
        {
            let mut names = HashMap::new();
            for (name, value) in embedded {
                if let Value::Object(observable) = value
                    && let Some(at) = self.keep(observable)
                {
                    roots.push(at);
                    names.insert(name.into(), at);
                }
            }
            local = Some(names);
        }
        if let Some(Value::Array(refs)) = object.get("object_refs") {
            let named = refs.iter().filter_map(Value::as_str);
            roots.extend(named.filter_map(|id| self.built.by_id.get(id).copied()));
        }
        let id = object.get("id").and_then(Value::as_str).map(Box::from);
        Ok(Observation { id, first, last, count, roots, local })
    }
}

fn instant(object: &Map<String, Value>, name: &str) -> Result<Timestamp, Finding> {
    let text = object.get(name).and_then(Value::as_str);
    let text = text.ok_or_else(|| {
        Finding::error("property-missing", name, format!("`{name}` is required (STIX 2.1, 4.14)"))
    })?;
    Timestamp::parse(text).map_err(|error| Finding::error("timestamp-malformed", name, error.to_string()))
}
