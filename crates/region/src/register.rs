//! The register: what all events about contacts and calls add up to, and how events are stored.
//!
//! An event is stored as JSON, `{"v":1,"event":{"contact":{…}}}`; a reader refuses a version that it does not know. Events are
//! judged when they are made: what can't be true when it is read back is left out, so that one line never stops a node.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stix::Timestamp;

use crate::contact::{Contact, Listed};
use crate::drill::{self, Call};

/// The version of the stored form.
const VERSION: u8 = 1;

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
}

#[derive(Serialize, Deserialize)]
struct Stored<E> {
    v: u8,
    event: E,
}

/// Why a text is no event.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// It has another form.
    #[error("the event can't be read: {0}")]
    Form(#[from] serde_json::Error),
    /// It was written by a newer program.
    #[error("the event has version {0}, this program knows {VERSION}: use a newer program")]
    Version(u8),
}

impl Event {
    /// The stored form.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(&Stored { v: VERSION, event: self }).unwrap_or_default()
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// [`EventError`].
    pub fn from_json(text: &str) -> Result<Self, EventError> {
        #[derive(Deserialize)]
        struct Version {
            v: u8,
        }
        let Version { v } = serde_json::from_str(text)?;
        if v != VERSION {
            return Err(EventError::Version(v));
        }
        Ok(serde_json::from_str::<Stored<Self>>(text)?.event)
    }
}

/// Contacts and calls as they stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Register {
    contacts: BTreeMap<String, Listed>,
    calls: Vec<Call>,
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
        }
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
}
