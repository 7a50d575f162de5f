//! The register: what all events about contacts, calls and what builds confidence add up to, and how events are stored.
//!
//! An event is stored as JSON, `{"v":1,"event":{"contact":{…}}}`; a reader refuses a version that it does not know. Events are
//! judged when they are made: what can't be true when it is read back is left out, so that one line never stops a node.

use std::collections::BTreeMap;

use policy::{MemberId, Opened};
use serde::{Deserialize, Serialize};
use stix::Timestamp;

use crate::consultation::{Arranged, Consultation};
use crate::contact::{Contact, Listed, Looking};
use crate::drill::{self, Call};
use crate::measure::{Measure, Registered};
use crate::norms::{Norm, Report, Reported};
use crate::stored::{self, EventError};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// A contact, as it is from now on.
    Contact {
        /// Its handle.
        handle: String,
        /// What is known of it.
        contact: Contact,
    },
    /// A contact's particulars were confirmed.
    ContactVerified {
        /// Its handle.
        handle: String,
    },
    /// A contact is one no more.
    ContactRemoved {
        /// Its handle.
        handle: String,
    },
    /// Something happened to a call.
    Call {
        /// The call's number; one that begins has one more than the last.
        call: u64,
        /// What happened.
        event: drill::Event,
    },
    /// A member says how it keeps a norm.
    NormReported(Report),
    /// A measure, as it is from now on.
    Measure {
        /// Its handle.
        handle: String,
        /// What is known of it.
        measure: Measure,
    },
    /// A consultation, as it is from now on.
    Consultation {
        /// Its handle.
        handle: String,
        /// What is known of it.
        consultation: Consultation,
    },
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

/// Contacts, calls, reports, measures and consultations as they stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Register {
    contacts: BTreeMap<String, Listed>,
    calls: Vec<Call>,
    /// Each member's reports about each norm, the newest last.
    reports: BTreeMap<(Norm, MemberId), Vec<Reported>>,
    measures: BTreeMap<String, Registered>,
    consultations: BTreeMap<String, Arranged>,
}

impl Register {
    /// Takes an event in, which came at `at`.
    pub fn apply(&mut self, event: Event, at: Timestamp) {
        match event {
            Event::Contact { handle, contact } => match self.contacts.get_mut(&handle) {
                Some(listed) => listed.change(contact, at),
                None => drop(self.contacts.insert(handle.clone(), Listed::new(handle, contact, at))),
            },
            Event::ContactVerified { handle } => {
                if let Some(listed) = self.contacts.get_mut(&handle) {
                    listed.verified = Some(at);
                }
            }
            Event::ContactRemoved { handle } => drop(self.contacts.remove(&handle)),
            Event::Call { call, event: drill::Event::Began(definition) } => {
                if call == self.next_call() {
                    self.calls.push(Call::new(call, definition, at));
                }
            }
            Event::Call { call, event } => {
                let place = usize::try_from(call).ok().and_then(|number| number.checked_sub(1));
                if let Some(call) = place.and_then(|place| self.calls.get_mut(place)) {
                    call.apply(event, at);
                }
            }
            Event::NormReported(report) => {
                let all = self.reports.entry((report.norm, report.member)).or_default();
                all.push(Reported { report, at });
            }
            Event::Measure { handle, measure } => match self.measures.get_mut(&handle) {
                Some(registered) => (registered.measure, registered.changed) = (measure, at),
                None => {
                    let new = Registered { handle: handle.clone(), measure, added: at, changed: at };
                    self.measures.insert(handle, new);
                }
            },
            Event::Consultation { handle, consultation } => match self.consultations.get_mut(&handle) {
                Some(arranged) => arranged.change(consultation, at),
                None => {
                    self.consultations.insert(handle.clone(), Arranged::new(handle, consultation, at));
                }
            },
        }
    }

    /// What members say of the norms now, as far as the caller may see it: of each member and norm the newest report that it may
    /// see, by norm and member.
    #[must_use]
    pub fn reports_for(&self, looking: &Looking<'_>) -> Vec<Opened<&Reported>> {
        let seen = |one: &&Reported| looking.sees(one.report.opening());
        let found = self.reports.values().filter_map(|all| all.iter().rev().find(seen));
        found.filter_map(|one| looking.opened(one.report.opening(), one)).collect()
    }

    /// All that a member said of the norms and that the caller may see, the newest first.
    #[must_use]
    pub fn reports_of(&self, looking: &Looking<'_>, member: MemberId) -> Vec<Opened<&Reported>> {
        let of = self.reports.iter().filter(|((_, of), _)| *of == member).flat_map(|(_, all)| all);
        let mut all: Vec<&Reported> = of.collect();
        all.sort_by_key(|one| std::cmp::Reverse(one.at.micros()));
        all.into_iter().filter_map(|one| looking.opened(one.report.opening(), one)).collect()
    }

    /// The measure with this handle.
    #[must_use]
    pub fn measure(&self, handle: &str) -> Option<&Registered> {
        self.measures.get(handle)
    }

    /// All measures, by handle.
    pub fn measures(&self) -> impl Iterator<Item = &Registered> {
        self.measures.values()
    }

    /// The measures that the caller may see, by list, number and handle.
    #[must_use]
    pub fn measures_for(&self, looking: &Looking<'_>) -> Vec<Opened<&Registered>> {
        let mut all: Vec<&Registered> = self.measures.values().collect();
        all.sort_by_key(|one| (one.measure.source, one.measure.number, one.handle.as_str()));
        all.into_iter().filter_map(|one| looking.opened(one.measure.opening(), one)).collect()
    }

    /// The consultation with this handle.
    #[must_use]
    pub fn consultation(&self, handle: &str) -> Option<&Arranged> {
        self.consultations.get(handle)
    }

    /// All consultations, by handle.
    pub fn consultations(&self) -> impl Iterator<Item = &Arranged> {
        self.consultations.values()
    }

    /// The consultations that the caller may see, in the order in which they begin.
    #[must_use]
    pub fn consultations_for(&self, looking: &Looking<'_>) -> Vec<Opened<&Arranged>> {
        let mut all: Vec<&Arranged> = self.consultations.values().collect();
        all.sort_by_key(|one| (one.consultation.begins.micros(), one.handle.as_str()));
        all.into_iter().filter_map(|one| looking.opened(one.consultation.opening(), one)).collect()
    }

    /// The contact with this handle.
    #[must_use]
    pub fn contact(&self, handle: &str) -> Option<&Listed> {
        self.contacts.get(handle)
    }

    /// All contacts, by handle.
    pub fn contacts(&self) -> impl Iterator<Item = &Listed> {
        self.contacts.values()
    }

    /// The call with this number.
    #[must_use]
    pub fn call(&self, number: u64) -> Option<&Call> {
        let place = usize::try_from(number).ok()?.checked_sub(1)?;
        self.calls.get(place)
    }

    /// All calls, the oldest first.
    #[must_use]
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// The number that the next call gets.
    #[must_use]
    pub fn next_call(&self) -> u64 {
        self.calls.len() as u64 + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contact::tests::contact;

    #[test]
    fn events_come_back_as_they_were() {
        let began = drill::Event::Began(drill::tests::definition());
        for event in [
            Event::Contact { handle: "kr-duty".to_owned(), contact: contact("봉수") },
            Event::ContactVerified { handle: "kr-duty".to_owned() },
            Event::Call { call: 1, event: began },
            Event::Call { call: 1, event: drill::tests::asked("kr-duty", Some(3)) },
            Event::Call { call: 1, event: drill::tests::answered(0) },
        ] {
            assert_eq!(Event::from_json(&event.to_json()).unwrap(), event);
        }
    }

    #[test]
    fn what_a_newer_program_wrote_is_not_guessed_at() {
        assert!(matches!(Event::from_json(r#"{"v":2,"event":{}}"#), Err(EventError::Version(2))));
        assert!(Event::from_json(r#"{"v":1,"event":{"tea":{}}}"#).is_err() && Event::from_json("").is_err());
    }

    #[test]
    fn what_can_not_be_true_is_left_out() {
        let mut register = Register::default();
        let at = Timestamp::from_micros(1);
        let event = |call, event| Event::Call { call, event };
        register.apply(event(2, drill::Event::Began(drill::tests::definition())), at);
        register.apply(event(0, drill::tests::answered(0)), at);
        register.apply(event(u64::MAX, drill::tests::answered(0)), at);
        register.apply(Event::ContactVerified { handle: "nobody".to_owned() }, at);
        assert_eq!((&register, register.next_call()), (&Register::default(), 1));
        register.apply(event(1, drill::Event::Began(drill::tests::definition())), at);
        assert_eq!(register.call(1).map(|call| call.number), Some(1));
        assert_eq!((register.call(0), register.call(2)), (None, None));
    }

    /// A report that its member opened to others is not hidden by a later one that it keeps to itself.
    #[test]
    fn each_caller_sees_the_newest_report_that_it_may_see() {
        use policy::{Book, Caller, Circle, CircleId, Entry, Member};
        let ids = [1, 2, 3].map(|number| MemberId::new(uuid::Uuid::from_u128(number)));
        let mut circle = Circle::new(CircleId::new(uuid::Uuid::from_u128(9)), "region");
        circle.members = ids[..2].to_vec();
        let mut book = Book::default();
        for (id, handle) in ids.into_iter().zip(["own", "partner", "stranger"]) {
            book.apply(Entry::Member(Member::new(id, handle)));
        }
        let circles = vec![circle.id];
        book.apply(Entry::Circle(circle));
        let mut register = Register::default();
        for (second, text, circles) in [(1, "open", circles), (2, "own", Vec::new())] {
            let report = Report {
                member: ids[0],
                norm: Norm::J,
                stage: crate::norms::Stage::Partly,
                text: text.to_owned(),
                evidence: Vec::new(),
                day: "2026-11-29".to_owned(),
                circles,
            };
            register.apply(Event::NormReported(report), drill::tests::at(second));
        }
        let seen = ids.map(|id| {
            let now = drill::tests::at(9);
            let looking = Looking { book: &book, caller: Caller::Member(id), since: now, now };
            let newest = register.reports_for(&looking).first().map(|one| one.get().report.text.clone());
            (newest, register.reports_of(&looking, ids[0]).len())
        });
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(seen, [(some("own"), 2), (some("open"), 1), (None, 0)]);
    }

    #[test]
    fn a_consultation_keeps_its_identity_and_comes_in_the_order_of_time() {
        use policy::{Book, Caller};
        let consultation = crate::consultation::tests::consultation();
        let later = Consultation {
            begins: drill::tests::at(4_000_000_000),
            ends: drill::tests::at(4_000_000_600),
            ..consultation.clone()
        };
        let mut register = Register::default();
        let event = |handle: &str, consultation: &Consultation| Event::Consultation {
            handle: handle.to_owned(),
            consultation: consultation.clone(),
        };
        for (second, event) in [(1, event("a", &later)), (2, event("b", &consultation))] {
            assert_eq!(Event::from_json(&event.to_json()).unwrap(), event);
            register.apply(event, drill::tests::at(second));
        }
        let id = register.consultation("a").unwrap().id;
        register.apply(event("a", &Consultation { cancelled: true, ..later }), drill::tests::at(3));
        let arranged = register.consultation("a").unwrap();
        assert_eq!((arranged.id, arranged.changes, arranged.changed), (id, 1, drill::tests::at(3)));
        let now = drill::tests::at(9);
        let looking = Looking { book: &Book::default(), caller: Caller::Operator, since: now, now };
        let handles: Vec<String> =
            register.consultations_for(&looking).iter().map(|one| one.get().handle.clone()).collect();
        assert_eq!(handles, ["b", "a"]);
    }
}
