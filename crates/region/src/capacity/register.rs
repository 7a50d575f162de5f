//! What members opened and said of themselves: the sum of the events that the node's line has of it, and how these are stored.
//!
//! An event is stored as JSON, `{"v":1,"event":{"opened":{…}}}`; a reader refuses a version that it does not know. Events are
//! judged when they are made: what can't be true when it is read back is left out.

use std::collections::BTreeMap;

use policy::{CircleId, MemberId, Opened};
use serde::{Deserialize, Serialize};
use stix::Timestamp;

use super::opening::{Kept, Kind, Opening, Target};
use super::sim3::Assessment;
use crate::contact::Looking;
use crate::stored::{self, EventError};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// A member opened something.
    Opened(Opening),
    /// An opening was taken back.
    Withdrawn {
        /// Its number.
        opening: u64,
        /// The administrative act.
        act: String,
    },
    /// A member assessed itself.
    Assessed(Assessment),
}

impl Event {
    /// The stored form.
    #[must_use]
    pub fn to_json(&self) -> String {
        stored::written(self)
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// [`EventError`].
    pub fn from_json(text: &str) -> Result<Self, EventError> {
        stored::read(text)
    }
}

/// Openings and assessments as they stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capacity {
    openings: Vec<Kept>,
    /// Each member's newest assessment.
    assessments: BTreeMap<MemberId, Assessment>,
}

impl Capacity {
    /// Takes an event in, which came at `at`.
    pub fn apply(&mut self, event: Event, at: Timestamp) {
        match event {
            Event::Opened(opening) => {
                let number = self.openings.len() as u64 + 1;
                self.openings.push(Kept { number, opening, at, withdrawn: None });
            }
            Event::Withdrawn { opening, act } => {
                let place = usize::try_from(opening).ok().and_then(|number| number.checked_sub(1));
                if let Some(kept) = place.and_then(|place| self.openings.get_mut(place)) {
                    kept.withdrawn.get_or_insert((at, act));
                }
            }
            Event::Assessed(assessment) => {
                self.assessments.insert(assessment.member, assessment);
            }
        }
    }

    /// All openings, the oldest first.
    #[must_use]
    pub fn openings(&self) -> &[Kept] {
        &self.openings
    }

    /// A member's newest assessment.
    #[must_use]
    pub fn assessment(&self, member: MemberId) -> Option<&Assessment> {
        self.assessments.get(&member)
    }

    /// Whether the caller may see what is known of a member in this kind: then it has a value that says so.
    #[must_use]
    pub fn shows<T>(
        &self,
        looking: &Looking<'_>,
        owner: MemberId,
        kind: Kind,
        value: T,
    ) -> Option<Opened<T>> {
        let (mut members, mut circles): (Vec<MemberId>, Vec<CircleId>) = Default::default();
        let holding = self.openings.iter().filter(|kept| {
            kept.opening.owner == owner && kept.opening.is_about(kind) && kept.holds(looking.now)
        });
        for kept in holding {
            match kept.opening.to {
                Target::Member(member) => members.push(member),
                Target::Circle(circle) => circles.push(circle),
            }
        }
        looking.book.opened_to(looking.caller, (owner, &members), &circles, looking.now, value)
    }

    /// The openings that the caller may know of: its own, and those through which it sees something, as long as they hold.
    #[must_use]
    pub fn openings_for(&self, looking: &Looking<'_>) -> Vec<Opened<&Kept>> {
        let shown = |kept| {
            let Kept { opening, .. }: &Kept = kept;
            let (members, circles): (&[MemberId], &[CircleId]) = match &opening.to {
                _ if !kept.holds(looking.now) => (&[], &[]),
                Target::Member(member) => (std::slice::from_ref(member), &[]),
                Target::Circle(circle) => (&[], std::slice::from_ref(circle)),
            };
            looking.book.opened_to(looking.caller, (opening.owner, members), circles, looking.now, kept)
        };
        self.openings.iter().filter_map(shown).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::{Book, Caller, Circle, Entry, Member};
    use std::collections::BTreeSet;
    use uuid::Uuid;

    const OWNER: MemberId = MemberId::new(Uuid::from_u128(1));
    const PARTNER: MemberId = MemberId::new(Uuid::from_u128(2));
    const STRANGER: MemberId = MemberId::new(Uuid::from_u128(3));
    const CIRCLE: CircleId = CircleId::new(Uuid::from_u128(9));

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    fn opening(to: Target) -> Opening {
        Opening { owner: OWNER, to, kinds: BTreeSet::new(), until: Some(at(100)), act: "MoU 1".to_owned() }
    }

    fn book() -> Book {
        let mut book = Book::default();
        for (id, handle) in [(OWNER, "owner"), (PARTNER, "partner"), (STRANGER, "stranger")] {
            book.apply(Entry::Member(Member::new(id, handle)));
        }
        let mut circle = Circle::new(CIRCLE, "region");
        circle.members = vec![OWNER, PARTNER];
        book.apply(Entry::Circle(circle));
        book
    }

    fn seen(capacity: &Capacity, second: i64, kind: Kind) -> [bool; 3] {
        let book = book();
        [OWNER, PARTNER, STRANGER].map(|member| {
            let looking =
                Looking { book: &book, caller: Caller::Member(member), since: at(0), now: at(second) };
            capacity.shows(&looking, OWNER, kind, ()).is_some()
        })
    }

    #[test]
    fn events_come_back_as_they_were() {
        let assessed = Assessment {
            member: OWNER,
            day: "2026-11-29".to_owned(),
            levels: BTreeMap::from([("O-1".to_owned(), 3)]),
        };
        let some =
            Opening { kinds: BTreeSet::from([Kind::Sim3]), until: None, ..opening(Target::Member(PARTNER)) };
        for event in [
            Event::Opened(opening(Target::Circle(CIRCLE))),
            Event::Opened(some),
            Event::Withdrawn { opening: 1, act: "letter 7".to_owned() },
            Event::Assessed(assessed),
        ] {
            assert_eq!(Event::from_json(&event.to_json()).unwrap(), event);
        }
        assert!(matches!(Event::from_json(r#"{"v":2,"event":{}}"#), Err(EventError::Version(2))));
        assert!(Event::from_json(r#"{"v":1,"event":{"tea":{}}}"#).is_err() && Event::from_json("").is_err());
    }

    #[test]
    fn what_is_opened_is_seen_until_its_end_or_until_it_is_taken_back() {
        let mut capacity = Capacity::default();
        assert_eq!(seen(&capacity, 1, Kind::Level), [true, false, false], "one's own alone");
        capacity.apply(Event::Opened(opening(Target::Circle(CIRCLE))), at(1));
        assert_eq!(seen(&capacity, 2, Kind::Level), [true, true, false]);
        assert_eq!(seen(&capacity, 2, Kind::Sightings), [true, false, false], "never opened");
        assert_eq!(seen(&capacity, 100, Kind::Level), [true, false, false], "its end");
        capacity.apply(Event::Opened(opening(Target::Member(STRANGER))), at(3));
        assert_eq!(seen(&capacity, 4, Kind::Reach), [true, true, true]);
        capacity.apply(Event::Withdrawn { opening: 1, act: "letter 7".to_owned() }, at(5));
        capacity.apply(Event::Withdrawn { opening: 0, act: "x".to_owned() }, at(5));
        capacity.apply(Event::Withdrawn { opening: 9, act: "x".to_owned() }, at(5));
        assert_eq!(seen(&capacity, 6, Kind::Reach), [true, false, true]);
    }

    #[test]
    fn an_opening_of_some_kinds_opens_no_others() {
        let mut capacity = Capacity::default();
        let some = Opening { kinds: BTreeSet::from([Kind::Sim3]), ..opening(Target::Member(PARTNER)) };
        capacity.apply(Event::Opened(some), at(1));
        assert_eq!(seen(&capacity, 2, Kind::Sim3), [true, true, false]);
        assert_eq!(seen(&capacity, 2, Kind::Level), [true, false, false]);
    }

    #[test]
    fn who_may_know_of_an_opening() {
        let mut capacity = Capacity::default();
        capacity.apply(Event::Opened(opening(Target::Circle(CIRCLE))), at(1));
        let (book, known) = (book(), |book: &Book, member, second| {
            let looking = Looking { book, caller: Caller::Member(member), since: at(0), now: at(second) };
            capacity.openings_for(&looking).len()
        });
        assert_eq!([OWNER, PARTNER, STRANGER].map(|member| known(&book, member, 2)), [1, 1, 0]);
        assert_eq!(
            [OWNER, PARTNER].map(|member| known(&book, member, 100)),
            [1, 0],
            "what is over is the owner's own"
        );
    }

    #[test]
    fn an_opening_keeps_to_its_limits() {
        assert!(opening(Target::Circle(CIRCLE)).check().is_ok());
        assert!(opening(Target::Member(OWNER)).check().is_err());
        assert!(Opening { act: " ".to_owned(), ..opening(Target::Circle(CIRCLE)) }.check().is_err());
        let sightings = BTreeSet::from([Kind::Sightings]);
        assert!(Opening { kinds: sightings, ..opening(Target::Circle(CIRCLE)) }.check().is_err());
    }
}
