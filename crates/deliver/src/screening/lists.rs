//! How long the lists were that were asked.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use gate::Gate;
use line::LineId;
use parking_lot::Mutex;
use policy::{Book, Circle, MemberId};
use serde::{Serialize, Serializer};
use stix::Timestamp;

/// How a circle's list was when it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct List {
    /// Its length: with it, what it held is settled for ever.
    pub size: u64,
    /// When it last grew.
    pub last_added: String,
}

/// The lists of a member's circles. A copy is the same ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lists(Arc<Told>);

#[derive(Debug, PartialEq, Eq)]
struct Told {
    circles: BTreeMap<String, List>,
    /// Their lengths in JSON, as records have them.
    sizes: String,
}

impl Lists {
    /// The lists as they are.
    fn of(gate: &Gate, book: &Book, member: MemberId) -> Self {
        let list = |circle: &Circle| {
            let line = LineId::new(circle.id.uuid());
            let look = gate.store().look(line, |catalogue| List {
                size: catalogue.head().0,
                last_added: Timestamp::from_micros(catalogue.head_added().0).to_string(),
            });
            Some((circle.handle.clone(), look.ok()?))
        };
        let circles: BTreeMap<String, List> = book.circles_of(member).into_iter().filter_map(list).collect();
        let sizes: serde_json::Map<String, serde_json::Value> =
            circles.iter().map(|(handle, list)| (handle.clone(), list.size.into())).collect();
        Self(Arc::new(Told { circles, sizes: serde_json::Value::from(sizes).to_string() }))
    }

    /// Each circle's, by its handle.
    #[must_use]
    pub fn circles(&self) -> &BTreeMap<String, List> {
        &self.0.circles
    }

    pub(super) fn sizes(&self) -> &str {
        &self.0.sizes
    }
}

impl Serialize for Lists {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.circles.serialize(serializer)
    }
}

/// The lists that were asked last, by member, so that they are looked up once each time that something grew.
#[derive(Default)]
pub(super) struct Recent(Mutex<HashMap<MemberId, (Grown, Lists)>>);

/// What the lists depend on: how often lines grew, and the book.
type Grown = (u64, u64);

impl Recent {
    pub(super) fn lists(&self, gate: &Gate, member: MemberId) -> Lists {
        // Before the lists are looked at: what grows meanwhile is seen the next time.
        let grown = (gate.store().growth(), gate.book_version());
        let mut recent = self.0.lock();
        if let Some((when, lists)) = recent.get(&member)
            && *when == grown
        {
            return lists.clone();
        }
        let lists = Lists::of(gate, &gate.book(), member);
        recent.insert(member, (grown, lists.clone()));
        lists
    }
}
